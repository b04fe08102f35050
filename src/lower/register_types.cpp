// LLVM writes .b32 for every register of 32 bits, floats and pairs of halves too. What a register is can only be seen from
// what computes with it:
//
//     ld.global.b32 %r1, [%rd1];      says nothing
//     mov.b32       %r2, %r1;         %r1 and %r2 are the same thing
//     add.f32       %r3, %r2, %r2;    so all three are floats
//
// Registers that copies connect form a class. Every use as a float of some type is a vote for it, every use as an integer
// one against; the class becomes the float type with the most votes if these are no fewer than the integers'. A wrong guess
// costs bitcasts, never correctness.
#include "lower/register_types.h"

#include "lower/inst.h"
#include "ptx/module.h"

#include <llvm/ADT/ArrayRef.h>
#include <llvm/ADT/StringSwitch.h>

#include <algorithm>
#include <numeric>

namespace anywarp::lower {
namespace {

using ptx::Operand;
using ptx::OperandKind;

constexpr Scalar kCandidates[] = {
    kF16, {Scalar::Brain, 16, 1}, kF32, {Scalar::Float, 16, 2}, {Scalar::Brain, 16, 2}, kF64, {Scalar::Float, 32, 2},
};
constexpr unsigned kCandidateCount = std::size(kCandidates);

struct Votes {
  unsigned floats[kCandidateCount] = {};
  unsigned integer = 0;
};

class Inference {
 public:
  explicit Inference(const ptx::Function& function) : function_(function), parents_(function.registers.size()), votes_(parents_.size()) {
    std::iota(parents_.begin(), parents_.end(), 0);
  }

  std::vector<llvm::Type*> run(llvm::LLVMContext& context) {
    for (const ptx::Instruction& instruction : function_.instructions) visit(Inst(instruction));
    std::vector<Votes> sums(parents_.size());
    for (unsigned reg = 0; reg < parents_.size(); ++reg) {
      Votes& sum = sums[find(reg)];
      sum.integer += votes_[reg].integer;
      for (unsigned i = 0; i < kCandidateCount; ++i) sum.floats[i] += votes_[reg].floats[i];
    }
    std::vector<llvm::Type*> types;
    for (unsigned reg = 0; reg < parents_.size(); ++reg) {
      const Scalar declared = scalar_of(function_.registers[reg].type);
      types.push_back(llvm_type(context, declared.kind == Scalar::Bits ? elect(sums[find(reg)], declared) : declared));
    }
    return types;
  }

 private:
  unsigned find(unsigned reg) {
    while (parents_[reg] != reg) reg = parents_[reg] = parents_[parents_[reg]];
    return reg;
  }

  static Scalar elect(const Votes& votes, Scalar declared) {
    const unsigned* most = std::max_element(std::begin(votes.floats), std::end(votes.floats));
    const Scalar winner = kCandidates[most - votes.floats];
    return *most > 0 && *most >= votes.integer && winner.bits() == declared.bits() ? winner : declared;
  }

  void vote(const Operand& operand, Scalar scalar) {
    if (operand.kind == OperandKind::Vector || operand.kind == OperandKind::Pair) {
      for (const Operand& element : operand.elements) vote(element, scalar);
      return;
    }
    if (operand.kind != OperandKind::Register) return;
    Votes& votes = votes_[operand.index];
    const auto* candidate = std::find(std::begin(kCandidates), std::end(kCandidates), scalar);
    if (candidate != std::end(kCandidates) && candidate->bits() == ptx::info(function_.registers[operand.index].type).bits())
      ++votes.floats[candidate - kCandidates];
    else if (scalar.kind != Scalar::Predicate)
      ++votes.integer;
  }

  /// The two are copies of each other.
  void same(const Operand& a, const Operand& b) {
    if (a.kind == OperandKind::Vector && b.kind == OperandKind::Vector && a.elements.size() == b.elements.size()) {
      for (size_t i = 0; i < a.elements.size(); ++i) same(a.elements[i], b.elements[i]);
      return;
    }
    if (a.kind == OperandKind::Pair) return same(a.elements[0], b);
    if (a.kind != OperandKind::Register || b.kind != OperandKind::Register) {
      if (b.kind == OperandKind::Float) vote(a, scalar_of(b.type));
      return;
    }
    if (ptx::info(function_.registers[a.index].type).bits() == ptx::info(function_.registers[b.index].type).bits())
      parents_[find(a.index)] = find(b.index);
  }

  void visit(const Inst& inst) {
    llvm::ArrayRef<Operand> operands(inst.ast.operands.data(), inst.ast.operands.size());
    for (const Operand& operand : operands) {
      // Addresses are integers.
      if (operand.kind == OperandKind::Address && operand.base == OperandKind::Register) ++votes_[operand.index].integer;
    }
    const bool neutral = !inst.types.empty() && inst.type().kind == Scalar::Bits;
    switch (inst.ast.opcode) {
      case ptx::Opcode::Mov:
        if (operands.size() == 2) same(operands[0], operands[1]);
        break;
      case ptx::Opcode::Selp:
        if (operands.size() == 4) {
          same(operands[0], operands[1]);
          same(operands[0], operands[2]);
        }
        break;
      case ptx::Opcode::Shfl:
        if (operands.size() >= 2) same(operands[0], operands[1]);
        for (const Operand& operand : operands.drop_front(std::min<size_t>(2, operands.size()))) vote(operand, kU32);
        return;
      case ptx::Opcode::Ld:
      case ptx::Opcode::Ldu:
      case ptx::Opcode::St: break;
      case ptx::Opcode::Call:
      case ptx::Opcode::Bra:
      case ptx::Opcode::Brx: return;
      case ptx::Opcode::Setp:
      case ptx::Opcode::Testp:
        for (const Operand& operand : operands.drop_front(std::min<size_t>(1, operands.size()))) vote(operand, inst.type());
        return;
      case ptx::Opcode::Slct:
        for (unsigned i = 0; i < operands.size(); ++i) vote(operands[i], inst.type(i == 3));
        return;
      default:
        // The result has the first type. Of the sources, the last of a mixed-precision operation has it as well.
        for (unsigned i = 0; i < operands.size(); ++i) {
          const bool accumulates = i + 1 == operands.size() && i >= 2 && inst.types.size() == 2 && inst.type(0).is_float() &&
                                   inst.ast.opcode != ptx::Opcode::Cvt;
          vote(operands[i], i == 0 || accumulates ? inst.type(0) : inst.type(1));
        }
        return;
    }
    if (neutral || inst.types.empty()) return;
    for (const Operand& operand : operands) vote(operand, inst.type());
  }

  const ptx::Function& function_;
  std::vector<unsigned> parents_;
  std::vector<Votes> votes_;
};

}  // namespace

std::vector<llvm::Type*> infer_register_types(llvm::LLVMContext& context, const ptx::Function& function) {
  return Inference(function).run(context);
}

}  // namespace anywarp::lower
