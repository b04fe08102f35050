// The frame of the block function. Before, a kernel for one thread; after, for kernels that never wait,
//
//   define void @k.block(ptr %block, i32 %blocks) {
//   entry:      ... launch, parameters, shared memory ...
//   block:      for each of `blocks` blocks that lie beside each other
//   slice:        for each slice, which is `width` threads
//                   ... the linearised blocks of the kernel, each once ...
//
// (the loops the other way round where rows go first, walking.cpp). With barriers that the whole block reaches together there is a loop
// over the slices for each region between them (widen_regions.cpp); with others, and with loops that let their neighbours go on, it is an
// LLVM coroutine that runs one slice and suspends where it waits. The blocks of the kernel follow the plan of
// linearise.cpp. A block that no lane may take has a guard before it, which skips it.
#include "spmd/widen.h"

#include "exec/abi.h"
#include "spmd/copies.h"
#include "spmd/cost.h"

#include <llvm/Analysis/LoopInfo.h>
#include <llvm/Analysis/ValueTracking.h>
#include <llvm/IR/CFG.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/Intrinsics.h>
#include <llvm/IR/Module.h>
#include <llvm/Support/raw_ostream.h>
#include <llvm/Transforms/Utils/PromoteMemToReg.h>

#include <algorithm>
#include <cstddef>

namespace anywarp::spmd {

using namespace llvm;

// Code of at most this many instructions runs under an empty mask rather than behind a branch.
constexpr unsigned kCheapInstructions = 6;
// Blocks of more instructions than this have one version.
constexpr unsigned kMostInTwoVersions = 400;
// Coroutine frames hold vectors; their alignment is that of the widest one, 32 lanes of 64 bits.
constexpr unsigned kFrameAlign = 256;

Widener::Widener(Function& kernel, const Shapes& shapes, Linearisation& plan, const Waiting& waiting, const Walking& walking,
                 const Regions* regions, const LaunchShape& launch, const Target& target, uint32_t width, bool suspends)
    : kernel_(kernel),
      shapes_(shapes),
      plan_(plan),
      waiting_(waiting),
      walking_(walking),
      regions_(regions),
      launch_(launch),
      target_(target),
      width_(width),
      suspends_(suspends),
      two_lines_(target.permute_bits == 512 && is_worth_two_lines(kernel, shapes)),
      context_(kernel.getContext()),
      b_(kernel.getContext()),
      masks_(b_, width, target.mask_registers) {}

Result<Function*> Widener::run(StringRef name) {
  begin_function(name);
  create_slots();
  create_blocks();
  create_walks();
  if (!regions_) reset_masks(nullptr);
  BasicBlock* first = plan_.order().front();
  jump(first);
  for (BasicBlock* block : plan_.order()) {
    write_block(block);
    if (failed_) return error_;
  }
  if (regions_) connect_regions();
  entry_end_->eraseFromParent();
  DominatorTree dominators(*out_);
  PromoteMemToReg(promotable_, dominators);
  return out_;
}

void Widener::unsupported(const Instruction& instruction, StringRef why) {
  if (failed_) return;
  std::string text;
  raw_string_ostream(text) << instruction;
  failed_ = true;
  error_ = Error{CUDA_ERROR_NOT_SUPPORTED, "The vector engine does not take" + text + ": " + why.str() + ".", kernel_.getName().str()};
}

// ---------------------------------------------------------------------------------------------------- the function

void Widener::begin_function(StringRef name) {
  PointerType* pointer = b_.getPtrTy();
  FunctionType* type = suspends_ ? FunctionType::get(pointer, {pointer, pointer, pointer}, false)
                                 : FunctionType::get(b_.getVoidTy(), {pointer, b_.getInt32Ty()}, false);
  out_ = Function::Create(type, GlobalValue::ExternalLinkage, name, kernel_.getParent());
  out_->addFnAttr(Attribute::NoUnwind);
  block_ = out_->getArg(0);
  b_.SetInsertPoint(BasicBlock::Create(context_, "entry", out_));
  // A marker that allocas are put before; it goes when the function is complete.
  entry_end_ = b_.Insert(new FreezeInst(b_.getFalse()), "allocas");
  if (suspends_) begin_coroutine();

  launch_pointer_ = field(block_, offsetof(AwBlock, launch), pointer, "launch");
  shared_ = field(block_, offsetof(AwBlock, shared), pointer, "shared");
  params_ = field(launch_pointer_, offsetof(AwLaunch, params), pointer, "params");
  ctaid_x_ = field(block_, offsetof(AwBlock, ctaid), b_.getInt32Ty(), "ctaid.x");
  if (suspends_) {
    slice_ = field(slice_pointer_, offsetof(AwSlice, index), b_.getInt32Ty(), "slice");
    begin_slice();
    return;
  }
  if (!walking_.rows_first) begin_block_loop();
  if (regions_) return;
  begin_slice_loop();
  begin_slice();
  if (walking_.rows_first) begin_block_loop();
}

/// Without suspensions the function runs several blocks that lie beside each other.
void Widener::begin_block_loop() {
  block_phi_ = begin_counting("block");
  ctaid_x_ = b_.CreateAdd(ctaid_x_, block_phi_, "ctaid.x", true, true);
  // What the runtime reports of a fault or a failed assertion.
  b_.CreateStore(ctaid_x_, b_.CreateConstInBoundsGEP1_64(b_.getInt8Ty(), block_, offsetof(AwBlock, ctaid)));
}

/// On to the next block; the code that follows is where all are done.
void Widener::end_block() { end_counting(block_phi_, out_->getArg(1)); }

/// A loop that counts up from 0, once at least.
PHINode* Widener::begin_counting(const Twine& name) {
  BasicBlock* before = b_.GetInsertBlock();
  BasicBlock* loop = BasicBlock::Create(context_, name, out_);
  b_.CreateBr(loop);
  b_.SetInsertPoint(loop);
  PHINode* count = b_.CreatePHI(b_.getInt32Ty(), 2, name);
  count->addIncoming(b_.getInt32(0), before);
  return count;
}

/// The back edge, taken until the count reaches `end`; the code that follows is behind the loop.
void Widener::end_counting(PHINode* count, Value* end, const char* property) {
  Value* following = b_.CreateAdd(count, b_.getInt32(1), "next", true, true);
  count->addIncoming(following, b_.GetInsertBlock());
  BasicBlock* done = BasicBlock::Create(context_, "done", out_);
  BranchInst* back = b_.CreateCondBr(b_.CreateICmpEQ(following, end), done, count->getParent());
  if (property) set_loop_property(back, property);
  b_.SetInsertPoint(done);
}

/// What is known of a slice by its index.
void Widener::begin_slice() {
  first_thread_ = b_.CreateMul(slice_, b_.getInt32(width_), "thread", true, true);
  const uint64_t threads = uint64_t(launch_.block[0]) * launch_.block[1] * launch_.block[2];
  if (threads % width_ != 0) {
    Value* in_block = b_.CreateICmpULT(linear_thread_index(), splat(b_.getInt32(uint32_t(threads))), "in_block");
    entry_mask_ = masks_.from_bools(in_block);
  }
}

void Widener::begin_slice_loop() {
  if (slices() == 1) {
    slice_ = b_.getInt32(0);
    return;
  }
  slice_phi_ = begin_counting("slice");
  slice_ = slice_phi_;
}

void Widener::begin_coroutine() {
  out_->setPresplitCoroutine();
  slice_pointer_ = out_->getArg(1);
  Value* frame = out_->getArg(2);
  Value* null = ConstantPointerNull::get(b_.getPtrTy());
  Value* id = b_.CreateIntrinsic(Intrinsic::coro_id, {}, {b_.getInt32(kFrameAlign), null, null, null});
  // Called without a frame it only tells the size of one.
  Value* size = b_.CreateIntrinsic(Intrinsic::coro_size, {b_.getInt64Ty()}, {});
  BasicBlock* tell = BasicBlock::Create(context_, "tell_size", out_);
  BasicBlock* start = BasicBlock::Create(context_, "start", out_);
  b_.CreateCondBr(b_.CreateIsNull(frame), tell, start);
  b_.SetInsertPoint(tell);
  b_.CreateRet(b_.CreateIntToPtr(size, b_.getPtrTy()));
  b_.SetInsertPoint(start);
  Value* handle = b_.CreateIntrinsic(Intrinsic::coro_begin, {}, {id, frame});

  coroutine_cleanup_ = BasicBlock::Create(context_, "cleanup", out_);
  coroutine_end_ = BasicBlock::Create(context_, "suspended", out_);
  IRBuilder<> builder(coroutine_cleanup_);
  builder.CreateBr(coroutine_end_);
  builder.SetInsertPoint(coroutine_end_);
  builder.CreateIntrinsic(Intrinsic::coro_end, {}, {handle, builder.getFalse(), ConstantTokenNone::get(context_)});
  builder.CreateRet(handle);
}

/// At the kernel's return: on to the next slice, or the end.
void Widener::end_slice() {
  if (suspends_) {
    Value* result = b_.CreateIntrinsic(Intrinsic::coro_suspend, {}, {ConstantTokenNone::get(context_), b_.getTrue()});
    BasicBlock* never = BasicBlock::Create(context_, "resumed_after_end", out_);
    SwitchInst* choice = b_.CreateSwitch(result, coroutine_end_, 2);
    choice->addCase(b_.getInt8(0), never);
    choice->addCase(b_.getInt8(1), coroutine_cleanup_);
    b_.SetInsertPoint(never);
    b_.CreateUnreachable();
    return;
  }
  if (walking_.rows_first) end_block();
  // Side by side, the slices would no longer go row by row.
  if (slice_phi_) end_counting(slice_phi_, b_.getInt32(slices()), walking_.rows_first ? nullptr : kir::kSliceLoop);
  if (!walking_.rows_first) end_block();
  b_.CreateRetVoid();
}

// ---------------------------------------------------------------------------------------------------- blocks

bool Widener::cheap(const BasicBlock* block) const {
  const auto* end = dyn_cast<BranchInst>(block->getTerminator());
  if (!end || end->isConditional() || block->size() > kCheapInstructions + 1) return false;
  // A loop is not to be entered by no lane.
  if (const Loop* loop = plan_.loops().getLoopFor(end->getSuccessor(0)); loop && loop->getHeader() == end->getSuccessor(0)) return false;
  for (const BasicBlock* other : plan_.order())
    if (other != block && plan_.mask_root(other) == block) return false;
  return all_of(*block, [](const Instruction& instruction) {
    return instruction.isTerminator() || isa<PHINode>(instruction) ||
           (!instruction.mayReadOrWriteMemory() && isSafeToSpeculativelyExecute(&instruction));
  });
}

void Widener::create_blocks() {
  const BasicBlock* entry = plan_.order().front();
  for (BasicBlock* block : plan_.order()) {
    body_[block] = BasicBlock::Create(context_, block->getName(), out_);
    if (block == entry || plan_.mask_root(block) != block) continue;
    mask_slots_[block] = slot(masks_.type(), block->getName() + ".mask");
    const Loop* loop = plan_.loops().getLoopFor(block);
    const bool is_header = loop && loop->getHeader() == block;
    const bool is_latch = loop && loop->getLoopLatch() == block;
    const BasicBlock* before = block->getSinglePredecessor();
    if (is_header || (before && !plan_.parks(before, block)))
      facts_[block] = {slot(b_.getInt1Ty(), block->getName() + ".any"), slot(b_.getInt1Ty(), block->getName() + ".full")};
    if (!is_header && !is_latch && !cheap(block) && !isa<ReturnInst>(block->getTerminator()))
      guard_[block] = BasicBlock::Create(context_, block->getName() + ".guard", out_);
  }
}

/// Masks of the blocks that belong to `loop` itself (null: to no loop, or in a region to none within it) start empty in each of its
/// rounds, and so do their phis: nothing that an earlier round has left there is read, and saying so saves a register for each.
void Widener::reset_masks(const Loop* loop) {
  auto is_here = [&](const BasicBlock* block) { return !regions_ || &region(regions_->start_of(block)) == current_region_; };
  auto within = [&](const Loop* own) { return own && regions_ && !regions_->holds(own) ? nullptr : own; };
  for (BasicBlock* block : plan_.order()) {
    const Loop* own = plan_.loops().getLoopFor(block);
    if (!is_here(block) || within(own) != loop || !plan_.blends(block) || (own && own->getHeader() == block)) continue;
    for (PHINode& phi : block->phis())
      for (const Slot& lane_slot : slots_.find(&phi)->second.lanes) store(PoisonValue::get(lane_slot.type), lane_slot);
  }
  for (BasicBlock* block : plan_.order()) {
    auto found = mask_slots_.find(block);
    if (found == mask_slots_.end() || !is_here(block)) continue;
    const Loop* own = plan_.loops().getLoopFor(block);
    const bool is_header = own && own->getHeader() == block;
    if (within(is_header ? own->getParentLoop() : own) != loop) continue;
    b_.CreateStore(masks_.none(), found->second);
    if (auto facts = facts_.find(block); facts != facts_.end()) {
      b_.CreateStore(b_.getFalse(), facts->second.first);
      b_.CreateStore(b_.getFalse(), facts->second.second);
    }
  }
}

void Widener::jump(BasicBlock* target) {
  if (regions_ && regions_->is_start(target)) {
    if (current_region_)
      leave_region(target);
    else
      b_.CreateBr(region(target).first);
    return;
  }
  if (auto walk = walks_.find(target); walk != walks_.end()) {
    b_.CreateBr(walk->second.start);
    return;
  }
  auto guarded = guard_.find(target);
  b_.CreateBr(guarded != guard_.end() ? guarded->second : body_.lookup(target));
}

void Widener::write_block(BasicBlock* block) {
  if (regions_) enter_region(block);
  if (BasicBlock* guard = guard_.lookup(block)) {
    b_.SetInsertPoint(guard);
    if (BasicBlock* past = plan_.skip(block)) {
      mask_ = b_.CreateLoad(masks_.type(), mask_slots_.lookup(block));
      mask_root_ = block;
      Value* some = facts_of_mask().any;
      BasicBlock* around = BasicBlock::Create(context_, block->getName() + ".none", out_);
      b_.CreateCondBr(some, body_.lookup(block), around);
      b_.SetInsertPoint(around);
      jump(past);
    } else {
      b_.CreateBr(body_.lookup(block));
    }
  }
  local_.clear();
  b_.SetInsertPoint(body_.lookup(block));
  const BasicBlock* root = plan_.mask_root(block);
  AllocaInst* mask_slot = mask_slots_.lookup(root);
  mask_ = mask_slot ? b_.CreateLoad(masks_.type(), mask_slot, "mask") : entry_mask_;
  mask_root_ = root;
  if (const Loop* loop = plan_.loops().getLoopFor(block); loop && loop->getHeader() == block) reset_masks(loop);

  careful_ = nullptr;
  assumed_.clear();
  if (!has_two_versions(block)) {
    write_instructions(block);
    return;
  }
  Value* mask = mask_;
  BasicBlock* careful = BasicBlock::Create(context_, block->getName() + ".careful", out_);
  if (mask) {
    BasicBlock* all = BasicBlock::Create(context_, block->getName() + ".all", out_);
    b_.CreateCondBr(facts_of_mask().full, all, careful);
    b_.SetInsertPoint(all);
    mask_ = nullptr;
  }
  careful_ = careful;
  write_instructions(block);
  careful_ = nullptr;
  assumed_.clear();
  if (failed_ || careful->use_empty()) {
    careful->eraseFromParent();
    return;
  }
  local_.clear();
  mask_ = mask;
  b_.SetInsertPoint(careful);
  is_careful_ = true;
  write_instructions(block);
  is_careful_ = false;
}

void Widener::write_instructions(BasicBlock* block) {
  forget_prepared();
  for (Instruction& instruction : *block) {
    if (instruction.isTerminator()) break;
    if (!write_instruction(instruction)) unsupported(instruction, "there is no vector form of it");
    if (failed_) return;
    // From the first effect on there is no way back to the beginning of the block.
    if (instruction.mayHaveSideEffects()) careful_ = nullptr;
  }
  write_terminator(block);
}

/// Whether it pays to write the block for the usual case, in which all lanes are active and no index wraps within a slice,
/// and once more for all others.
bool Widener::has_two_versions(const BasicBlock* block) const {
  if (block->size() > kMostInTwoVersions) return false;
  auto depends = [&](const Value* pointer) {
    if (!pointer || shapes_.uniform(pointer)) return false;
    const Affine* shape = shapes_.affine(pointer);
    return shape && (mask_ || shape->conditional);
  };
  for (const Instruction& instruction : *block) {
    if (depends(getLoadStorePointerOperand(&instruction))) return true;
    const auto* call = dyn_cast<CallInst>(&instruction);
    if (call && call->getCalledFunction() && bytes_of_copy(call->getCalledFunction()->getName()) &&
        (depends(call->getArgOperand(0)) || depends(call->getArgOperand(1))))
      return true;
  }
  return false;
}

/// True when code that follows may take the condition for granted: because the careful version goes on where it does not hold.
bool Widener::assume(Value* condition) {
  if (assumed_.contains(condition)) return true;
  if (!careful_) return false;
  assumed_.insert(condition);
  BasicBlock* holds = BasicBlock::Create(context_, "holds", out_);
  b_.CreateCondBr(condition, holds, careful_);
  b_.SetInsertPoint(holds);
  return true;
}

void Widener::write_terminator(BasicBlock* block) {
  Instruction* end = block->getTerminator();
  if (isa<ReturnInst>(end) && regions_) {
    leave_region(nullptr);
    return;
  }
  if (isa<ReturnInst>(end)) {
    BasicBlock* from = b_.GetInsertBlock();
    if (!slice_end_) {
      slice_end_ = BasicBlock::Create(context_, "end", out_);
      b_.SetInsertPoint(slice_end_);
      end_slice();
    }
    b_.SetInsertPoint(from);
    b_.CreateBr(slice_end_);
    return;
  }
  const Loop* loop = plan_.loops().getLoopFor(block);
  auto* branch = dyn_cast<BranchInst>(end);
  if (!branch) {
    unsupported(*end, "it is not a branch");
    return;
  }
  if (loop && loop->getLoopLatch() == block) {
    write_latch(block, loop);
    return;
  }
  if (branch->isUnconditional()) {
    BasicBlock* target = branch->getSuccessor(0);
    write_edge(block, target, mask_, {});
    jump(plan_.parks(block, target) ? plan_.next(block, {loop->getLoopLatch()}) : plan_.next(block, {target}));
    return;
  }
  BasicBlock* taken = branch->getSuccessor(0);
  BasicBlock* other = branch->getSuccessor(1);
  if (taken == other) {
    write_edge(block, taken, mask_, {});
    jump(plan_.next(block, {taken}));
    return;
  }
  if (plan_.keeps_branch(block)) {
    Value* condition = scalar(branch->getCondition());
    BasicBlock* ways[2] = {BasicBlock::Create(context_, block->getName() + ".to." + taken->getName(), out_),
                           BasicBlock::Create(context_, block->getName() + ".to." + other->getName(), out_)};
    b_.CreateCondBr(condition, ways[0], ways[1]);
    auto before = local_;
    for (int way = 0; way < 2; ++way) {
      local_ = before;
      b_.SetInsertPoint(ways[way]);
      write_edge(block, branch->getSuccessor(way), mask_, {});
      jump(plan_.next(block, {branch->getSuccessor(way)}));
    }
    return;
  }
  Value* taken_mask;
  Value* other_mask;
  const Facts taken_facts = facts_of(block, branch->getCondition(), true), other_facts = facts_of(block, branch->getCondition(), false);
  if (shapes_.uniform(branch->getCondition())) {
    Value* condition = scalar(branch->getCondition());
    taken_mask = masks_.when(mask_, condition);
    other_mask = masks_.when(mask_, b_.CreateNot(condition));
  } else {
    Value* condition = vector(branch->getCondition());
    taken_mask = masks_.where(mask_, condition);
    other_mask = masks_.where_not(mask_, condition);
  }
  write_edge(block, taken, taken_mask, taken_facts);
  write_edge(block, other, other_mask, other_facts);
  SmallVector<BasicBlock*, 2> wanted;
  for (BasicBlock* target : {taken, other})
    if (!plan_.parks(block, target)) wanted.push_back(target);
  if (wanted.empty()) wanted.push_back(loop->getLoopLatch());
  jump(plan_.next(block, wanted));
}

/// A walking loop becomes two: the inner one makes a few rounds, the outer one stops and lets the slices beside this one go on. So what
/// crosses the stop is saved there and not in every round.
void Widener::create_walks() {
  for (const auto& [loop, rounds] : walking_.loops) {
    Walk& walk = walks_[loop->getHeader()];
    walk.left = slot(b_.getInt32Ty(), "rounds");
    walk.start = BasicBlock::Create(context_, loop->getHeader()->getName() + ".walk", out_);
    IRBuilder<> builder(walk.start);
    builder.CreateStore(builder.getInt32(rounds), walk.left);
    builder.CreateBr(body_.lookup(loop->getHeader()));
  }
}

/// The back edge of a walking loop.
void Widener::walk_on(BasicBlock* header) {
  const Walk& walk = walks_.find(header)->second;
  BasicBlock* stop = BasicBlock::Create(context_, header->getName() + ".stop", out_);
  Value* rounds = b_.CreateSub(b_.CreateLoad(b_.getInt32Ty(), walk.left), b_.getInt32(1));
  b_.CreateStore(rounds, walk.left);
  b_.CreateCondBr(b_.CreateICmpEQ(rounds, b_.getInt32(0)), stop, body_.lookup(header));
  b_.SetInsertPoint(stop);
  suspend(AW_WAIT_WALK);
  b_.CreateBr(walk.start);
}

void Widener::set_loop_property(BranchInst* back, StringRef name) {
  MDNode* properties = MDNode::getDistinct(context_, {nullptr, MDNode::get(context_, MDString::get(context_, name))});
  properties->replaceOperandWith(0, properties);
  back->setMetadata(LLVMContext::MD_loop, properties);
}

/// The loop that ends here is not unrolled, as loops over the slices are.
void Widener::keep_rolled(BranchInst* back) { set_loop_property(back, "llvm.loop.unroll.disable"); }

void Widener::write_latch(BasicBlock* block, const Loop* loop) {
  BasicBlock* header = loop->getHeader();
  write_edge(block, header, mask_, {});
  auto again = [&] {
    if (suspends_ && waiting_.spinning.contains(loop)) suspend(AW_WAIT_YIELD);
    if (walks_.contains(header))
      walk_on(header);
    else if (regions_ && regions_->is_start(header))
      leave_region(header);
    else
      // nvcc has unrolled what it wanted to; the registers that more would need are the lanes'.
      keep_rolled(b_.CreateBr(body_.lookup(header)));
  };
  if (!plan_.divergent_loop(loop)) {
    again();
    return;
  }
  SmallVector<Loop::Edge> exits;
  loop->getExitEdges(exits);
  SmallVector<BasicBlock*> targets;
  for (const Loop::Edge& exit : exits) {
    // An exit that leaves outer divergent loops, too, waits for the end of the outermost of them.
    const Loop* outer = loop->getParentLoop();
    if (outer && !outer->contains(exit.second) && plan_.parks(outer->getLoopLatch(), exit.second))
      targets.push_back(outer->getLoopLatch());
    else
      targets.push_back(exit.second);
  }
  BasicBlock* on = plan_.next(block, targets);
  BasicBlock* left = BasicBlock::Create(context_, block->getName() + ".left", out_);
  BasicBlock* stay = BasicBlock::Create(context_, block->getName() + ".stay", out_);
  b_.CreateCondBr(facts_of_mask().any, stay, left);
  b_.SetInsertPoint(stay);
  again();
  b_.SetInsertPoint(left);
  if (on)
    jump(on);
  else
    b_.CreateUnreachable();  // a loop that no lane ever leaves
}

Widener::Facts Widener::facts_of_mask() {
  if (!mask_) return {b_.getTrue(), b_.getTrue()};
  if (auto known = facts_.find(mask_root_); known != facts_.end())
    return {b_.CreateLoad(b_.getInt1Ty(), known->second.first), b_.CreateLoad(b_.getInt1Ty(), known->second.second)};
  return {masks_.any(mask_), masks_.full(mask_)};
}

/// Of the lanes for which a condition holds (or does not), if all lanes come here: compares of values that rise by lanes are decided by the
/// first and the last, and one lane at most has a given value. Null where that is not known.
Widener::Facts Widener::facts_of(const BasicBlock* block, const Value* condition, bool holds) {
  const auto* compare = dyn_cast<ICmpInst>(condition);
  // Of a compare in another block the operands are not at hand.
  if (mask_ || !compare || compare->getParent() != block) return {};
  CmpInst::Predicate predicate = holds ? compare->getPredicate() : compare->getInversePredicate();
  const Value *rising = compare->getOperand(0), *fixed = compare->getOperand(1);
  if (shapes_.uniform(rising)) {
    std::swap(rising, fixed);
    predicate = CmpInst::getSwappedPredicate(predicate);
  }
  const Affine* shape = shapes_.affine(rising);
  if (!shapes_.uniform(fixed) || !shape || shape->conditional || !rising->getType()->isIntegerTy()) return {};
  const auto [low, high] = std::minmax_element(shape->offsets.begin(), shape->offsets.end());
  Value* base = scalar(rising);
  if (ICmpInst::isEquality(predicate)) {
    if (width_ == 1 || !shape->contiguous(1)) return {};
    Value* lane = b_.CreateSub(b_.CreateSub(scalar(fixed), base), ConstantInt::getSigned(base->getType(), *low));
    Value* some = b_.CreateICmpULT(lane, ConstantInt::get(base->getType(), width_));
    return predicate == ICmpInst::ICMP_EQ ? Facts{some, b_.getFalse()} : Facts{b_.getTrue(), b_.CreateNot(some)};
  }
  if (!shapes_.rises(rising, *compare)) return {};
  Value* ends[2] = {b_.CreateAdd(base, ConstantInt::getSigned(base->getType(), *low)),
                    b_.CreateAdd(base, ConstantInt::getSigned(base->getType(), *high))};
  const bool is_less = ICmpInst::isLT(predicate) || ICmpInst::isLE(predicate);
  return {b_.CreateICmp(predicate, ends[is_less ? 0 : 1], scalar(fixed)), b_.CreateICmp(predicate, ends[is_less ? 1 : 0], scalar(fixed))};
}

/// The lanes of `edge_mask` go from `from` to `to`: the target's mask and phis learn of it.
void Widener::write_edge(BasicBlock* from, BasicBlock* to, Value* edge_mask, Facts facts) {
  if (auto known = facts_.find(to); known != facts_.end()) {
    if (!facts.any) facts = edge_mask == mask_ ? facts_of_mask() : Facts{masks_.any(edge_mask), masks_.full(edge_mask)};
    b_.CreateStore(facts.any, known->second.first);
    b_.CreateStore(facts.full, known->second.second);
  }
  if (AllocaInst* target = mask_slots_.lookup(to)) {
    const Loop* loop = plan_.loops().getLoopFor(to);
    if (loop && loop->getHeader() == to)
      b_.CreateStore(edge_mask ? edge_mask : masks_.all(), target);
    else
      b_.CreateStore(edge_mask ? masks_.either(b_.CreateLoad(masks_.type(), target), edge_mask) : masks_.all(), target);
  }
  // All incoming values are read before any phi is written: phis of one block may feed each other.
  struct Incoming {
    const PHINode* phi;
    Forms forms;
  };
  SmallVector<Incoming> incoming;
  for (PHINode& phi : to->phis()) {
    Use& use = phi.getOperandUse(unsigned(phi.getBasicBlockIndex(from)));
    const Value* value = use.get();
    if (isa<UndefValue>(value)) continue;
    const Slots& slots = slots_.find(&phi)->second;
    // It is there already (share_slots).
    if (auto own = slots_.find(value); own != slots_.end() && value != &phi && !slots.lanes.empty() && slots.lanes[0].of_slice &&
                                       !own->second.lanes.empty() && own->second.lanes[0].memory == slots.lanes[0].memory)
      continue;
    Incoming entry{&phi, {}};
    if (slots.scalar) entry.forms.scalar = scalar(value);
    if (slots.valid) {
      Value* holds = valid(value);
      entry.forms.valid = holds ? holds : b_.getTrue();
    }
    if (slots.crossing) entry.forms.crossing = crossing(value);
    if (!slots.lanes.empty()) entry.forms.lanes = lanes(value);
    incoming.push_back(std::move(entry));
  }
  const bool blend = plan_.blends(to);
  for (Incoming& entry : incoming) {
    const Slots& slots = slots_.find(entry.phi)->second;
    if (slots.scalar) {
      // All lanes agree, but perhaps none comes this way.
      Value* now = entry.forms.scalar;
      if (blend && edge_mask) now = b_.CreateSelect(masks_.any(edge_mask), now, load(slots.scalar));
      store(now, slots.incoming ? slots.incoming : slots.scalar);
    }
    if (slots.valid) store(entry.forms.valid, slots.valid);
    if (slots.crossing) store(entry.forms.crossing, slots.crossing);
    for (size_t i = 0; i < slots.lanes.size(); ++i) {
      Value* now = entry.forms.lanes[i];
      if (slots.lanes[i].type != now->getType()) now = masks_.from_bools(now);
      if (blend && edge_mask) now = masks_.blend(edge_mask, now, load(slots.lanes[i]));
      store(now, slots.lanes[i]);
    }
  }
}

}  // namespace anywarp::spmd
