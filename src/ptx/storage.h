// What a Module's spans and string_views point into.
#pragma once

#include "ptx/module.h"

#include <memory_resource>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

namespace anywarp::ptx {

struct Module::Storage {
  std::string text;
  std::pmr::monotonic_buffer_resource arena{16384};
  std::unordered_map<std::string_view, uint32_t> functions, variables;

  template <class T>
  std::span<const T> copy(std::span<const T> items) {
    if (items.empty()) return {};
    T* to = static_cast<T*>(arena.allocate(items.size_bytes(), alignof(T)));
    for (size_t i = 0; i < items.size(); ++i) new (to + i) T(items[i]);
    return {to, items.size()};
  }
  std::string_view copy(std::string_view text) {
    std::span<const char> copied = copy(std::span<const char>(text.data(), text.size()));
    return {copied.data(), copied.size()};
  }
};

}  // namespace anywarp::ptx
