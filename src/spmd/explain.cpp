// Each line answers one question of somebody who wonders where the time goes: do the lanes of a slice go through this loop together, and
// how do they reach memory? The forms are those of widen_memory.cpp, dearest first.
#include "spmd/explain.h"

#include "spmd/cost.h"
#include "spmd/intrinsics.h"

#include <llvm/IR/DataLayout.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/IntrinsicInst.h>

#include <map>

namespace anywarp::spmd {

using namespace llvm;

namespace {

constexpr unsigned kSharedSpace = 3, kLocalSpace = 5;

std::string space_of(const Value& pointer) {
  const unsigned space = pointer.getType()->getPointerAddressSpace();
  return space == kSharedSpace ? "shared memory" : space == kLocalSpace ? "local memory" : "memory";
}

/// How the lanes' addresses lie, and how dear that is.
std::pair<int, std::string> form_of(const Value& pointer, uint64_t bytes, const Shapes& shapes) {
  if (shapes.uniform(&pointer)) return {8, "of one address"};
  const Affine* shape = shapes.shape(&pointer);
  if (!shape)
    return is_computed_address(pointer, shapes) ? std::pair{1,
                                                            "at computed indices: permuted where they lie in one line, else each lane"
                                                            " by itself"}
                                                : std::pair{0, "at loaded or random indices: each lane by itself"};
  if (shape->crossing) return {5, "of neighbours in another order"};
  const std::string if_fits = shape->conditional ? ", unless an index wraps around" : "";
  if (run_length(shape->offsets, int64_t(bytes)) == shape->offsets.size()) return {7, "side by side" + if_fits};
  if (const int64_t stride = stride_of(shape->offsets, int64_t(bytes))) return {4, "with a stride of " + std::to_string(stride) + if_fits};
  if (const unsigned run = run_length(shape->offsets, int64_t(bytes)); run >= 4) return {6, "in runs of " + std::to_string(run) + if_fits};
  return {2, "with a long stride: each lane by itself"};
}

/// What happens in some blocks, counted: dearest first. A bar in the text is where its noun ends.
class Counts {
 public:
  void add(int order, const std::string& what) { ++counts_[{order, what}]; }
  std::string text() const {
    std::string result;
    for (const auto& [what, count] : counts_) {
      std::string words = what.second;
      const size_t end = words.find('|');
      words.replace(end, 1, count == 1 ? "" : words[end - 1] == 'h' ? "es" : "s");
      result += "; " + std::to_string(count) + " " + words;
    }
    return result;
  }

 private:
  std::map<std::pair<int, std::string>, unsigned> counts_;
};

void count(const Instruction& instruction, const Shapes& shapes, Counts& counts) {
  if (const Value* pointer = getLoadStorePointerOperand(&instruction)) {
    const bool is_load = isa<LoadInst>(instruction);
    if (is_load && instruction.hasMetadata(LLVMContext::MD_invariant_load) && shapes.uniform(pointer)) return;  // a parameter
    const auto [order, form] = form_of(*pointer, instruction.getDataLayout().getTypeStoreSize(getLoadStoreType(&instruction)), shapes);
    counts.add(order, (is_load ? "load| from " : "store| to ") + space_of(*pointer) + " " + form);
  } else if (isa<AtomicRMWInst, AtomicCmpXchgInst>(instruction)) {
    const Value* pointer = instruction.getOperand(0);
    const bool at_once = isa<AtomicRMWInst>(instruction) && instruction.use_empty() && shapes.uniform(pointer);
    counts.add(at_once ? 8 : 0, "atomic update| of " + space_of(*pointer) + (at_once ? ", once for all lanes" : ": each lane by itself"));
  } else if (const auto* call = dyn_cast<CallBase>(&instruction)) {
    if (is_waiting_barrier(*call)) counts.add(9, "barrier|");
    if (call->getCalledFunction() && !call->getCalledFunction()->isDeclaration()) counts.add(0, "loop| that each lane runs by itself");
    if (is_shuffle(*call)) counts.add(9, "shuffle|");
  } else if (const auto* branch = dyn_cast<BranchInst>(&instruction)) {
    if (branch->isConditional() && !shapes.uniform_branch(*instruction.getParent()))
      counts.add(3, "branch| that lanes may take differently");
  }
}

}  // namespace

std::string explain(const Function& kernel, const Shapes& shapes, const Linearisation& plan, const Waiting& waiting, const Walking& walking,
                    const Regions* regions) {
  std::string result = kernel.getName().str() + ": " + std::to_string(shapes.width()) + " lanes";
  if (regions) result += "; barriers cut it into " + std::to_string(regions->count()) + " regions, each a loop over the slices of a block";
  if (waiting.barriers && !regions) result += "; slices are suspended at barriers";
  if (walking.rows_first) result += "; neighbouring blocks go row by row";
  auto line = [&](const Loop* loop, const std::string& head) {
    Counts counts;
    for (const BasicBlock* block : plan.order())
      if (plan.loops().getLoopFor(block) == loop)
        for (const Instruction& instruction : *block) count(instruction, shapes, counts);
    result += "\n" + std::string(loop ? 2 * loop->getLoopDepth() : 2, ' ') + head + counts.text();
  };
  line(nullptr, "outside of loops");
  for (const Loop* loop : plan.loops().getLoopsInPreorder()) {
    std::string head = "loop " + loop->getHeader()->getName().str();
    head += plan.divergent_loop(loop) ? ": rounds until the last lane has left" : ": as many rounds for all lanes";
    if (waiting.spinning.contains(loop)) head += "; waits for other threads";
    if (const auto walk = walking.loops.find(loop); walk != walking.loops.end())
      head += "; lets the next slices go on after every " + std::to_string(walk->second) + " rounds, so that they walk side by side";
    line(loop, head);
  }
  return result + "\n";
}

}  // namespace anywarp::spmd
