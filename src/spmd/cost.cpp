// Wider slices share more: uniform loads, branches, address arithmetic and barriers are paid once a slice. Narrower ones need fewer
// registers and lose less where lanes diverge. The rules, in this order:
//
//   1. Cross-lane operations: 32, for the lanes of a warp must be in one slice.
//   2. With 256-bit registers, rows of 8 or 16 threads in a two-dimensional block: one row a slice. tid.y is uniform then, and every access
//      by row contiguous. Two rows that use the same data (those of a matrix product) are better with 512 bits.
//   3. Shared-memory tiles: 32. They broadcast one operand to all lanes, and barriers cost by slice.
//   4. Values of most of the arithmetic fill two registers, whose chains hide each other's latency: with 512-bit registers 32 lanes of 32
//      bits or 16 of 64, with 256-bit ones 16 or 8.
#include "spmd/cost.h"

#include "spmd/intrinsics.h"

#include <llvm/Analysis/ScalarEvolutionExpressions.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/IntrinsicInst.h>

namespace anywarp::spmd {

using namespace llvm;

namespace {

struct Census {
  bool cross_lane = false;
  bool shared = false;
  unsigned arithmetic = 0, wide_arithmetic = 0;
};

Census count(const Function& kernel) {
  Census census;
  for (const Instruction& instruction : instructions(kernel)) {
    if (const auto* call = dyn_cast<CallBase>(&instruction)) {
      census.cross_lane |= is_cross_lane(*call);
      census.shared |= call->getCalledFunction() && call->getCalledFunction()->getName() == kSharedBase;
    }
    const Type* type = instruction.getType();
    const bool computes = isa<BinaryOperator, CastInst>(instruction) ? type->isFloatingPointTy()
                                                                     : isa<IntrinsicInst>(instruction) && type->isFloatingPointTy();
    census.arithmetic += computes;
    census.wide_arithmetic += computes && type->isDoubleTy();
  }
  return census;
}

}  // namespace

Result<uint32_t> choose_width(const Function& kernel, const LaunchShape& launch, const Target& target) {
  if (target.width != 0 && target.width != 8 && target.width != 16 && target.width != 32)
    return Error{CUDA_ERROR_INVALID_VALUE, "A slice has 8, 16 or 32 lanes, not " + std::to_string(target.width) + ".",
                 kernel.getName().str()};
  const Census census = count(kernel);
  if (census.cross_lane) return 32u;
  if (target.width) return target.width;
  const bool rows = launch.block[1] > 1 || launch.block[2] > 1;
  const bool long_registers = target.vector_bits >= 512;
  if (rows && !long_registers && (launch.block[0] == 8 || launch.block[0] == 16)) return launch.block[0];
  if (census.shared) return 32u;
  const bool wide = census.wide_arithmetic * 2 > census.arithmetic;
  return long_registers ? (wide ? 16u : 32u) : (wide ? 8u : 16u);
}

bool is_cheaper_by_lane(const Loop& loop, ScalarEvolution& evolution, const Shapes& shapes) {
  constexpr int64_t kLongestStep = 16;  // bytes
  constexpr unsigned kArithmeticOfGather = 4;  // operations on vectors that cost as much as a gather
  unsigned in_order = 0, scattered = 0, arithmetic = 0;
  for (const BasicBlock* block : loop.blocks())
    for (const Instruction& instruction : *block) {
      arithmetic += instruction.getType()->isFloatingPointTy() && !isa<LoadInst, PHINode>(instruction);
      const Value* pointer = getLoadStorePointerOperand(&instruction);
      if (!pointer || shapes.uniform(pointer) || shapes.shape(pointer)) continue;
      ++scattered;
      const auto* steps = dyn_cast<SCEVAddRecExpr>(evolution.getSCEV(const_cast<Value*>(pointer)));
      const auto* step = steps && steps->getLoop() == &loop ? dyn_cast<SCEVConstant>(steps->getStepRecurrence(evolution)) : nullptr;
      in_order += step && !step->isZero() && step->getAPInt().abs().ule(kLongestStep);
    }
  return in_order && arithmetic <= kArithmeticOfGather * scattered;
}

bool is_computed_address(const Value& pointer, const Shapes& shapes) {
  constexpr size_t kMost = 64;
  SmallPtrSet<const Value*, 32> seen;
  SmallVector<const Value*, 32> left{&pointer};
  while (!left.empty()) {
    const auto* instruction = dyn_cast<Instruction>(left.pop_back_val());
    if (!instruction || shapes.uniform(instruction) || !seen.insert(instruction).second) continue;
    if (seen.size() > kMost || isa<LoadInst, AtomicRMWInst, AtomicCmpXchgInst>(instruction)) return false;
    if (const auto* call = dyn_cast<CallBase>(instruction); call && is_cross_lane(*call)) return false;
    for (const Value* operand : instruction->operands()) left.push_back(operand);
  }
  return true;
}

bool is_worth_two_lines(const Function& kernel, const Shapes& shapes) {
  // Each access has up to three forms then, and a kernel with dozens of them takes twice as long to compile.
  constexpr unsigned kMostAccesses = 12;
  unsigned accesses = 0;
  for (const Instruction& instruction : instructions(kernel)) {
    const Value* pointer = getLoadStorePointerOperand(&instruction);
    accesses += pointer && !shapes.uniform(pointer) && !shapes.shape(pointer) && is_computed_address(*pointer, shapes);
  }
  return accesses <= kMostAccesses;
}

}  // namespace anywarp::spmd
