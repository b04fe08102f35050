// A thread that owns a row, or a vertex,
//
//     for (int i = starts[row]; i < starts[row + 1]; i++) sum += values[i] * x[columns[i]];
//
// reads memory from front to back, as a loop on a CPU does. The threads of a slice read at places that have nothing to do with each
// other: all lanes at once are three gathers a round, each from as many cache lines as there are lanes, for as many rounds as the
// longest row has. One lane after the other makes plain loads from lines that are there, no round is wasted, and the processor
// overlaps the end of one row with the start of the next. So where lanes leave a loop at different times, and it reads in order what no
// other lane reads, the loop becomes a function of one thread. A loop with much arithmetic stays: there the lanes gain more than
// the gathers cost. So does one that waits for others, or in which lanes speak to each other.
#include "spmd/lane_loops.h"

#include "spmd/cost.h"
#include "spmd/intrinsics.h"

#include <llvm/ADT/SetVector.h>
#include <llvm/Analysis/LoopInfo.h>
#include <llvm/Analysis/ScalarEvolution.h>
#include <llvm/Analysis/ScalarEvolutionExpressions.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/Module.h>
#include <llvm/Transforms/Utils/BasicBlockUtils.h>
#include <llvm/Transforms/Utils/Cloning.h>

namespace anywarp::spmd {

using namespace llvm;

namespace {

/// One thread can run it without the others, and it can be moved as it stands.
bool is_movable(const Loop& loop) {
  const BasicBlock* exit = loop.getUniqueExitBlock();
  if (!exit || !loop.isInnermost() || !loop.getLoopPreheader()) return false;
  for (const BasicBlock* before : predecessors(exit))
    if (!loop.contains(before)) return false;
  for (const BasicBlock* block : loop.blocks())
    for (const Instruction& instruction : *block) {
      if (isa<AtomicRMWInst, AtomicCmpXchgInst, FenceInst, AllocaInst>(instruction) || instruction.isVolatile() || instruction.isAtomic())
        return false;
      const auto* call = dyn_cast<CallBase>(&instruction);
      if (call && !is_ignored(*call) && (!isa<IntrinsicInst>(call) || lane_behaviour(*call) != LaneBehaviour::ByOperands)) return false;
    }
  return true;
}

bool lanes_part(const Loop& loop, const Shapes& shapes) {
  SmallVector<BasicBlock*> exiting;
  loop.getExitingBlocks(exiting);
  return any_of(exiting, [&](const BasicBlock* block) { return !shapes.uniform_branch(*block); });
}

/// What the loop takes and gives. Its results are the phis of its exit (LCSSA).
Function* outline(Loop& loop) {
  BasicBlock *before = loop.getLoopPreheader(), *exit = loop.getUniqueExitBlock();
  Function& kernel = *before->getParent();
  LLVMContext& context = kernel.getContext();

  SetVector<Value*> inputs;
  for (BasicBlock* block : loop.blocks())
    for (Instruction& instruction : *block)
      for (Value* operand : instruction.operands())
        if (isa<Argument>(operand) || (isa<Instruction>(operand) && !loop.contains(cast<Instruction>(operand)))) inputs.insert(operand);
  SmallVector<PHINode*> results;
  SmallVector<Type*> result_types, input_types;
  for (PHINode& phi : exit->phis()) {
    results.push_back(&phi);
    result_types.push_back(phi.getType());
    for (Value* value : phi.incoming_values())
      if (isa<Argument>(value) || (isa<Instruction>(value) && !loop.contains(cast<Instruction>(value)))) inputs.insert(value);
  }
  for (const Value* input : inputs) input_types.push_back(input->getType());
  Type* result_type = results.empty()       ? Type::getVoidTy(context)
                      : results.size() == 1 ? result_types[0]
                                            : cast<Type>(StructType::get(context, result_types));
  Function* function = Function::Create(FunctionType::get(result_type, input_types, false), GlobalValue::InternalLinkage,
                                        kernel.getName() + ".loop", kernel.getParent());
  function->addFnAttr(Attribute::NoUnwind);
  function->addFnAttr(Attribute::AlwaysInline);  // by opt::vector, once both are simplified

  // The blocks move; a head and an end are new.
  IRBuilder<> b(BasicBlock::Create(context, "entry", function));
  BasicBlock* head = b.GetInsertBlock();
  BasicBlock* end = BasicBlock::Create(context, "end", function);
  ValueToValueMapTy map;
  for (auto [input, argument] : zip(inputs, function->args())) {
    argument.setName(input->getName());
    map[input] = &argument;
  }
  map[before] = head;
  map[exit] = end;
  SmallVector<BasicBlock*> copies;
  for (BasicBlock* block : loop.blocks()) {
    BasicBlock* copy = CloneBasicBlock(block, map, "", function);
    map[block] = copy;
    copies.push_back(copy);
  }
  remapInstructionsInBlocks(copies, map);
  b.CreateBr(cast<BasicBlock>(map[loop.getHeader()]));
  b.SetInsertPoint(end);
  SmallVector<Value*> values;
  for (PHINode* phi : results) {
    PHINode* copy = b.CreatePHI(phi->getType(), phi->getNumIncomingValues());
    for (unsigned i = 0; i < phi->getNumIncomingValues(); ++i) {
      Value* value = phi->getIncomingValue(i);
      const auto mapped = map.find(value);
      copy->addIncoming(mapped == map.end() ? value : &*mapped->second, cast<BasicBlock>(map[phi->getIncomingBlock(i)]));
    }
    values.push_back(copy);
  }
  if (values.empty())
    b.CreateRetVoid();
  else if (values.size() == 1)
    b.CreateRet(values[0]);
  else
    b.CreateAggregateRet(values.data(), unsigned(values.size()));

  // In the kernel a call takes the loop's place.
  before->getTerminator()->eraseFromParent();
  b.SetInsertPoint(before);
  CallInst* call = b.CreateCall(function, inputs.getArrayRef());
  for (size_t i = 0; i < results.size(); ++i) {
    results[i]->replaceAllUsesWith(results.size() == 1 ? call : b.CreateExtractValue(call, unsigned(i)));
    results[i]->eraseFromParent();
  }
  b.CreateBr(exit);
  SmallVector<BasicBlock*> gone(loop.blocks());
  DeleteDeadBlocks(gone);
  return function;
}

}  // namespace

unsigned outline_lane_loops(Function& kernel, FunctionAnalysisManager& analyses, const Shapes& shapes) {
  SmallVector<Loop*> chosen;
  auto& evolution = analyses.getResult<ScalarEvolutionAnalysis>(kernel);
  for (Loop* loop : analyses.getResult<LoopAnalysis>(kernel).getLoopsInPreorder())
    if (is_movable(*loop) && lanes_part(*loop, shapes) && is_cheaper_by_lane(*loop, evolution, shapes)) chosen.push_back(loop);
  for (Loop* loop : chosen) outline(*loop);
  if (!chosen.empty()) analyses.invalidate(kernel, PreservedAnalyses::none());
  return unsigned(chosen.size());
}

}  // namespace anywarp::spmd
