// A hash table from addresses to records that hold the address as their first member. It is written in plain C++ without the
// library, which the static runtime must not need.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

namespace anywarp::runtime {

/// `Record` is plain data, and `Record::*key` is the address that it is found by; null marks an empty place.
template <class Record, const void* Record::* key>
class PointerTable {
 public:
  /// The record of `address`, or null. It is valid until the next insert() or erase().
  Record* find(const void* address) const {
    if (capacity_ == 0 || !address) return nullptr;
    for (size_t at = place(address);; at = (at + 1) & (capacity_ - 1)) {
      if (places_[at].*key == address) return &places_[at];
      if (!(places_[at].*key)) return nullptr;
    }
  }

  /// Adds a record, or replaces the one of the same address. False when there is no memory.
  bool insert(const Record& record) {
    if ((size_ + 1) * 2 > capacity_ && !grow()) return false;
    size_t at = place(record.*key);
    while (places_[at].*key && places_[at].*key != record.*key) at = (at + 1) & (capacity_ - 1);
    size_ += !(places_[at].*key);
    places_[at] = record;
    return true;
  }

  template <class Predicate>
  void erase_if(const Predicate& unwanted) {
    Record* const old = places_;
    const size_t old_capacity = capacity_;
    if (!old) return;
    auto* const fresh = static_cast<Record*>(calloc(old_capacity, sizeof(Record)));
    if (!fresh) return;  // stale records do no harm
    places_ = fresh;
    size_ = 0;
    for (size_t i = 0; i < old_capacity; ++i) {
      if (old[i].*key && !unwanted(old[i])) insert(old[i]);
    }
    free(old);
  }

  template <class Visitor>
  void for_each(const Visitor& visit) const {
    for (size_t i = 0; i < capacity_; ++i) {
      if (places_[i].*key) visit(places_[i]);
    }
  }

 private:
  size_t place(const void* address) const {
    const auto bits = reinterpret_cast<uintptr_t>(address);
    return (bits * 0x9E3779B97F4A7C15u >> 20) & (capacity_ - 1);
  }

  bool grow() {
    const size_t old_capacity = capacity_, capacity = old_capacity ? old_capacity * 2 : 64;
    auto* const fresh = static_cast<Record*>(calloc(capacity, sizeof(Record)));
    if (!fresh) return false;
    Record* const old = places_;
    places_ = fresh;
    capacity_ = capacity;
    size_ = 0;
    for (size_t i = 0; i < old_capacity; ++i) {
      if (old[i].*key) insert(old[i]);
    }
    free(old);
    return true;
  }

  Record* places_ = nullptr;
  size_t capacity_ = 0;
  size_t size_ = 0;
};

}  // namespace anywarp::runtime
