// One PTX instruction as lowering sees it: its words and the types among them.
#pragma once

#include "lower/scalar.h"

#include <llvm/ADT/SmallVector.h>

#include <initializer_list>
#include <string_view>

namespace anywarp::ptx {
struct Instruction;
enum class Type : uint8_t;
}  // namespace anywarp::ptx

namespace anywarp::lower {

Scalar scalar_of(ptx::Type type);

struct Inst {
  explicit Inst(const ptx::Instruction& ast);

  const ptx::Instruction& ast;
  std::string_view opcode;
  llvm::SmallVector<std::string_view, 8> words;  // the modifiers, without dots
  llvm::SmallVector<Scalar, 4> types;            // those of them that are types

  bool has(std::string_view word) const;
  /// The first of the candidates that is among the words, else "".
  std::string_view one_of(std::initializer_list<std::string_view> candidates) const;
  /// The i-th type, the last one beyond that.
  Scalar type(unsigned i = 0) const;
  /// ".rn", ".rz", ... of a floating-point operation, without the dot; "" when there is none.
  std::string_view rounding() const;
  unsigned operand_count() const;
};

}  // namespace anywarp::lower
