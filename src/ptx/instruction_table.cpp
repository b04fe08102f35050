#include "ptx/instruction_table.h"

#include <unordered_map>

namespace anywarp::ptx {
namespace {

struct FormRange {
  uint32_t first, count;
};

#include "ptx/instruction_table.inc"

template <class Enum>
std::unordered_map<std::string_view, Enum> index_of(std::span<const std::string_view> words) {
  std::unordered_map<std::string_view, Enum> index;
  for (size_t i = 1; i < words.size(); ++i) index.emplace(words[i], static_cast<Enum>(i));
  return index;
}

template <class Enum>
Enum find(const std::unordered_map<std::string_view, Enum>& index, std::string_view word) {
  auto it = index.find(word);
  return it == index.end() ? Enum::None : it->second;
}

}  // namespace

std::span<const Form> forms_of(Opcode opcode) {
  const FormRange& range = kFormRanges[static_cast<size_t>(opcode)];
  return {kForms + range.first, range.count};
}

std::span<const Slot> slots_of(const Form& form) { return {kSlots + form.first_slot, form.slots}; }
std::span<const OperandForm> operands_of(const Form& form) { return {kOperandForms + form.first_operand, form.operands}; }
std::span<const Mod> words_of(const Slot& slot) { return {kSlotWords + slot.first_word, slot.words}; }

std::string_view word(Opcode opcode) { return kOpcodeWords[static_cast<size_t>(opcode)]; }
std::string_view word(Mod mod) { return kModWords[static_cast<size_t>(mod)]; }
Type type_of(Mod mod) { return kModTypes[static_cast<size_t>(mod)]; }

Opcode find_opcode(std::string_view word) {
  static const auto index = index_of<Opcode>(kOpcodeWords);
  return find(index, word);
}

Mod find_mod(std::string_view word) {
  static const auto index = index_of<Mod>(kModWords);
  return find(index, word);
}

}  // namespace anywarp::ptx
