// The instruction table: which words go together, with which operands. Generated from api/ptx/instructions.txt, whose head
// says what its lines mean.
#pragma once

#include "ptx/module.h"

#include <cstdint>
#include <span>
#include <string_view>

namespace anywarp::ptx {

/// Kinds of operands, as bits: the letters of api/ptx/instructions.txt.
enum OperandMask : uint16_t {
  kD = 1,      // d: a register that is written, or _
  kA = 2,      // a: a value: register, immediate, special register, address of a variable
  kB = 2,
  kC = 2,
  kP = 4,      // p: a predicate register or, as a source, !p
  kQ = 8,      // q: d|p or p|q
  kM = 16,     // m: an address in []
  kV = 32,     // v: a vector {}
  kI = 64,     // i: an integer constant
  kL = 128,    // l: a label
  kX = 256,    // x: whatever
  kN = 512,    // n: the name of a variable
  kF = 1024,   // f: the name of a function
  kS = 2048,   // s: _ alone
};

/// Where the type that a register must have comes from.
enum class TypeSource : uint8_t { Unchecked, Word0, Word1, Word2, Word3, Fixed, Wide, Narrow };

struct Slot {
  uint16_t first_word, words;
  bool optional;
};

struct OperandForm {
  uint16_t kinds;
  TypeSource source;
  Type type;      // of Fixed
  bool at_least;  // the register may be wider
  uint8_t length; // of a vector, or the value of a constant; 0: any
};

/// The words say how many elements a vector has: .v4, .x8, .m64n128k16.
inline constexpr uint8_t kLengthOfWords = 255;

struct Form {
  uint16_t first_slot, slots;
  uint16_t first_operand, operands;
  uint16_t line;  // of instructions.txt
};

std::span<const Form> forms_of(Opcode opcode);
std::span<const Slot> slots_of(const Form& form);
std::span<const OperandForm> operands_of(const Form& form);
std::span<const Mod> words_of(const Slot& slot);

/// None when there is no such word.
Opcode find_opcode(std::string_view word);
Mod find_mod(std::string_view word);
Type type_of(Mod mod);

}  // namespace anywarp::ptx
