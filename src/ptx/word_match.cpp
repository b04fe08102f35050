#include "ptx/word_match.h"

#include <algorithm>
#include <bit>

namespace anywarp::ptx {
namespace {

/// Slots may be left out, so a word that fits is tried both ways.
bool match_in_order(std::span<const Mod> words, std::span<const Slot> slots, size_t& farthest, const Mod* begin) {
  farthest = std::max(farthest, static_cast<size_t>(words.data() - begin));
  if (slots.empty()) return words.empty();
  const Slot& slot = slots.front();
  if (!words.empty()) {
    const std::span<const Mod> allowed = words_of(slot);
    if (std::find(allowed.begin(), allowed.end(), words.front()) != allowed.end() &&
        match_in_order(words.subspan(1), slots.subspan(1), farthest, begin))
      return true;
  }
  return slot.optional && match_in_order(words, slots.subspan(1), farthest, begin);
}

/// ptxas takes words in any order as long as types and spaces keep theirs, and programs make use of it: lg2.approx.f32.ftz.
class UnorderedMatch {
 public:
  explicit UnorderedMatch(std::span<const Mod> words) : words_(words) {}
  bool match(std::span<const Slot> slots) {
    steps_ = 0;
    return match(slots, 0);
  }

 private:
  static constexpr unsigned kMaxSteps = 10000;
  enum class Class { Free, Type, Space };

  static Class class_of(Mod mod) {
    switch (mod) {
      case Mod::global:
      case Mod::shared:
      case Mod::shared_cta:
      case Mod::shared_cluster:
      case Mod::local:
      case Mod::const_:
      case Mod::param:
      case Mod::param_entry:
      case Mod::param_func: return Class::Space;
      default: return type_of(mod) == Type::None ? Class::Free : Class::Type;
    }
  }

  /// Types and spaces are taken first to last, and of two equal words the first.
  bool is_next(size_t i, uint32_t used) const {
    const Class own = class_of(words_[i]);
    for (size_t j = 0; j < i; ++j)
      if (!(used >> j & 1) && (words_[j] == words_[i] || (own != Class::Free && class_of(words_[j]) == own))) return false;
    return true;
  }

  bool match(std::span<const Slot> slots, uint32_t used) {
    const size_t left = words_.size() - static_cast<size_t>(std::popcount(used));
    if (left > slots.size() || ++steps_ > kMaxSteps) return false;
    if (slots.empty()) return true;
    const std::span<const Mod> allowed = words_of(slots.front());
    for (size_t i = 0; i < words_.size(); ++i) {
      if (used >> i & 1 || std::find(allowed.begin(), allowed.end(), words_[i]) == allowed.end() || !is_next(i, used)) continue;
      if (match(slots.subspan(1), used | uint32_t{1} << i)) return true;
    }
    return slots.front().optional && match(slots.subspan(1), used);
  }

  std::span<const Mod> words_;
  unsigned steps_ = 0;
};

}  // namespace

std::vector<const Form*> match_words(Opcode opcode, std::span<const Mod> words, size_t& farthest) {
  std::vector<const Form*> forms;
  farthest = 0;
  for (const Form& form : forms_of(opcode))
    if (match_in_order(words, slots_of(form), farthest, words.data())) forms.push_back(&form);
  if (!forms.empty()) return forms;
  UnorderedMatch unordered(words);
  for (const Form& form : forms_of(opcode))
    if (unordered.match(slots_of(form))) forms.push_back(&form);
  return forms;
}

}  // namespace anywarp::ptx
