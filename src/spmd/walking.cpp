// A grid-stride loop
//
//     for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) sum += a[i];
//
// reads memory from front to back, if all threads of the grid make their first round, then all their second. A slice that
// runs its loop to the end instead jumps from page to page with 128 bytes from each, and memory gives a third of what it
// can (a triad's pieces of 128 bytes with 512 KiB between: 13 GB/s; of 1 KiB 26, of 64 KiB 42, without gaps 47).
//
// So a slice stops every few rounds, and the executor goes on with the slices of this block and of the next ones, which
// read what lies beside. Stopping costs some nanoseconds: there are as many rounds between as read kBytesBetweenStops; each
// round then goes on with a piece of memory of its own, which processors prefetch well while there are not many.
//
// Blocks of several rows have the same trouble: a block of 32 x 8 threads touches 8 pieces of 128 bytes, and the next one what lies
// beside. Where a kernel only streams, some neighbouring blocks run row by row: as many as make a piece of memory that is worth going to.
// Longer rows have left the first-level cache when the next one, whose stencil reads them again, comes (4096 threads a row: 1.2 of the time
// that rows of 256 take).
#include "spmd/walking.h"

#include "spmd/intrinsics.h"

#include <llvm/IR/DataLayout.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/IntrinsicsNVPTX.h>
#include <llvm/Support/MathExtras.h>

#include <algorithm>

namespace anywarp::spmd {

using namespace llvm;

namespace {

constexpr uint64_t kBytesBetweenStops = 1024;
constexpr unsigned kMostRounds = 8;
constexpr unsigned kThreadsOfRow = 256;
constexpr unsigned kSharedSpace = 3, kLocalSpace = 5;

/// Whether the value hangs on the size of the grid.
bool counts_blocks(const Value* value, unsigned depth = 0) {
  const auto* instruction = dyn_cast<Instruction>(value);
  if (!instruction || depth > 8) return false;
  if (const auto* call = dyn_cast<CallBase>(instruction)) {
    switch (call->getIntrinsicID()) {
      case Intrinsic::nvvm_read_ptx_sreg_nctaid_x:
      case Intrinsic::nvvm_read_ptx_sreg_nctaid_y:
      case Intrinsic::nvvm_read_ptx_sreg_nctaid_z: return true;
      default: return false;
    }
  }
  if (!isa<BinaryOperator, CastInst, GetElementPtrInst>(instruction)) return false;
  return any_of(instruction->operands(), [&](const Use& use) { return counts_blocks(use.get(), depth + 1); });
}

/// A variable of the loop goes on by a step that hangs on the size of the grid.
bool strides_over_grid(const Loop& loop) {
  for (const PHINode& phi : loop.getHeader()->phis()) {
    const auto* next = dyn_cast<Instruction>(phi.getIncomingValueForBlock(loop.getLoopLatch()));
    if (!next || !isa<BinaryOperator, GetElementPtrInst>(next) || !is_contained(next->operands(), &phi)) continue;
    for (const Use& use : next->operands())
      if (use.get() != &phi && loop.isLoopInvariant(use.get()) && counts_blocks(use.get())) return true;
  }
  return false;
}

/// Bytes of global memory that a slice reads and writes side by side in a round, inner loops aside.
uint64_t bytes_of_round(const Loop& loop, const LoopInfo& loops, const Shapes& shapes) {
  uint64_t bytes = 0;
  for (const BasicBlock* block : loop.blocks()) {
    if (loops.getLoopFor(block) != &loop) continue;
    for (const Instruction& instruction : *block) {
      const Value* pointer = getLoadStorePointerOperand(&instruction);
      const Affine* shape = pointer ? shapes.affine(pointer) : nullptr;
      if (!shape || loop.isLoopInvariant(pointer)) continue;
      const unsigned space = pointer->getType()->getPointerAddressSpace();
      if (space == kSharedSpace || space == kLocalSpace) continue;
      const uint64_t size = instruction.getDataLayout().getTypeStoreSize(getLoadStoreType(&instruction));
      if (shape->contiguous(int64_t(size))) bytes += size * shape->offsets.size();
    }
  }
  return bytes;
}

/// The kernel does nothing but read and write global memory, each access by neighbouring lanes side by side.
bool streams(const Function& kernel, const Shapes& shapes) {
  return all_of(instructions(kernel), [&](const Instruction& instruction) {
    if (isa<AtomicRMWInst, AtomicCmpXchgInst, AllocaInst, FenceInst>(instruction)) return false;
    if (const auto* call = dyn_cast<CallBase>(&instruction))
      return is_ignored(*call) ||
             (call->doesNotAccessMemory() && call->getCalledFunction() && call->getCalledFunction()->getName() != kSharedBase);
    const Value* pointer = getLoadStorePointerOperand(&instruction);
    if (!pointer || shapes.uniform(pointer)) return true;
    const Affine* shape = shapes.affine(pointer);
    return shape && shape->contiguous(int64_t(instruction.getDataLayout().getTypeStoreSize(getLoadStoreType(&instruction))));
  });
}

}  // namespace

Walking find_walking(const Function& kernel, const LoopInfo& loops, const Shapes& shapes, const LaunchShape& launch) {
  Walking walking;
  walking.rows_first = launch.block[1] * launch.block[2] > 1 && loops.empty() && streams(kernel, shapes);
  if (walking.rows_first) walking.most_blocks = std::max(1u, kThreadsOfRow / launch.block[0]);
  for (const Loop* loop : loops.getLoopsInPreorder()) {
    if (has_waiting_barrier(*loop) || !strides_over_grid(*loop)) continue;
    if (const uint64_t bytes = bytes_of_round(*loop, loops, shapes))
      walking.loops[loop] = unsigned(std::clamp<uint64_t>(PowerOf2Ceil(divideCeil(kBytesBetweenStops, bytes)), 1, kMostRounds));
  }
  return walking;
}

}  // namespace anywarp::spmd
