#include "lower/inst.h"

#include "ptx/module.h"

#include <llvm/ADT/STLExtras.h>

namespace anywarp::lower {

Scalar scalar_of(ptx::Type type) {
  const ptx::TypeInfo& info = ptx::info(type);
  Scalar::Kind kind = Scalar::Other;
  switch (info.kind) {
    case ptx::TypeKind::Predicate: kind = Scalar::Predicate; break;
    case ptx::TypeKind::Bits: kind = Scalar::Bits; break;
    case ptx::TypeKind::Unsigned: kind = Scalar::Unsigned; break;
    case ptx::TypeKind::Signed: kind = Scalar::Signed; break;
    case ptx::TypeKind::Float: kind = Scalar::Float; break;
    case ptx::TypeKind::Brain: kind = Scalar::Brain; break;
    case ptx::TypeKind::Other:
    case ptx::TypeKind::Opaque: kind = Scalar::Other; break;
  }
  return {kind, info.lane_bits, info.lanes};
}

Inst::Inst(const ptx::Instruction& ast) : ast(ast), opcode(ptx::word(ast.opcode)) {
  for (ptx::Mod mod : ast.mods) words.push_back(ptx::word(mod));
  for (ptx::Type type : ast.types) types.push_back(scalar_of(type));
}

bool Inst::has(std::string_view word) const { return llvm::is_contained(words, word); }

std::string_view Inst::one_of(std::initializer_list<std::string_view> candidates) const {
  for (std::string_view word : words) {
    if (llvm::is_contained(candidates, word)) return word;
  }
  return {};
}

Scalar Inst::type(unsigned i) const {
  if (types.empty()) return kB32;
  return types[std::min<size_t>(i, types.size() - 1)];
}

std::string_view Inst::rounding() const { return one_of({"rn", "rz", "rm", "rp", "rna", "rs"}); }

unsigned Inst::operand_count() const { return ast.operands.size(); }

}  // namespace anywarp::lower
