// The warp's own operations. The 32 lanes of a warp are the lanes of one slice here, so each is a vector operation on all of
// them (PTX ISA, "shfl.sync", "vote.sync", "match.sync", "redux.sync", "elect.sync", "activemask").
//
// Which lanes take part: those that are active and that the member mask names. As a rule the member mask is uniform, and the
// result with it. Where groups of lanes name masks of their own (a tiled partition of a warp), each group gets its own result:
// votes are plain arithmetic on the ballot; the others run group after group.
//
// A lane may read what an inactive lane has left, which CUDA calls undefined and LLVM must not call poison: data is frozen first.
#include "spmd/widen.h"

#include "exec/abi.h"
#include "spmd/intrinsics.h"

#include <llvm/Analysis/VectorUtils.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/IntrinsicsAArch64.h>
#include <llvm/IR/IntrinsicsNVPTX.h>
#include <llvm/IR/IntrinsicsX86.h>

namespace anywarp::spmd {

using namespace llvm;

bool Widener::write_warp_call(CallInst& call) {
  StringRef name = call.getCalledFunction()->getName();
  if (width_ != exec::kWarpSize) return false;
  if (name.starts_with("llvm.nvvm.bar.warp.sync")) return true;  // the lanes run in step
  if (kir::is_matrix_operation(name)) return write_matrix_operation(call);
  if (name.starts_with("llvm.nvvm.activemask")) {
    define_scalar(&call, active_bits());
    return true;
  }
  if (name.consume_front("llvm.nvvm.shfl.sync.")) return write_shuffle(call, name);
  if (name.starts_with("llvm.nvvm.vote.")) return write_vote(call);
  if (name.starts_with("llvm.nvvm.match.")) return write_match(call);
  if (name.consume_front("llvm.nvvm.redux.sync.")) return write_redux(call, name);
  if (name.starts_with("llvm.nvvm.elect.sync")) {
    write_elect(call);
    return true;
  }
  return false;
}

Value* Widener::active_bits() { return mask_ ? masks_.bits(mask_) : b_.getInt32(~0u); }

namespace {

/// AVX2, elements of four registers of 8: each register in the order of the lowest three bits; the next two choose the register.
Value* permuted_and_blended(IRBuilder<>& b, ArrayRef<Value*> registers, Value* places) {
  SmallVector<Value*, 4> row;
  for (Value* one : registers) row.push_back(b.CreateIntrinsic(Intrinsic::x86_avx2_permd, {}, {one, places}));
  for (unsigned bit = 3; row.size() > 1; ++bit) {
    Value* sign = b.CreateShl(places, ConstantInt::get(places->getType(), 31 - bit));  // blends look at no other
    Value* second = b.CreateICmpSLT(sign, Constant::getNullValue(places->getType()));
    for (size_t i = 0; i < row.size() / 2; ++i) row[i] = b.CreateSelect(second, row[2 * i + 1], row[2 * i]);
    row.resize(row.size() / 2);
  }
  return row[0];
}

/// NEON, elements of eight registers of 4: it looks bytes up in four registers; where a number is too great, tbl gives zero and tbx what
/// was there before.
Value* looked_up(IRBuilder<>& b, ArrayRef<Value*> registers, Value* places) {
  auto* bytes = FixedVectorType::get(b.getInt8Ty(), 16);
  SmallVector<Value*> operands[2];
  for (size_t i = 0; i < registers.size(); ++i) operands[i / 4].push_back(b.CreateBitCast(registers[i], bytes));
  Value* first = b.CreateMul(places, ConstantInt::get(places->getType(), 0x04040404));
  Value* each = b.CreateBitCast(b.CreateAdd(first, ConstantInt::get(places->getType(), 0x03020100)), bytes);
  operands[0].push_back(each);
  Value* low = b.CreateIntrinsic(Intrinsic::aarch64_neon_tbl4, {bytes}, operands[0]);
  operands[1].insert(operands[1].begin(), low);
  operands[1].push_back(b.CreateSub(each, ConstantInt::get(bytes, 64)));
  return b.CreateBitCast(b.CreateIntrinsic(Intrinsic::aarch64_neon_tbx4, {bytes}, operands[1]), places->getType());
}

}  // namespace

/// data[indices[lane]] for each lane; indices are below 32.
Value* Widener::permute(Value* data, Value* indices) {
  if (auto* constants = dyn_cast<Constant>(indices)) {
    SmallVector<int> mask;
    for (unsigned lane = 0; lane < width_; ++lane) {
      const auto* index = dyn_cast_or_null<ConstantInt>(constants->getAggregateElement(lane));
      mask.push_back(index ? int(index->getZExtValue()) : int(lane));
    }
    return b_.CreateShuffleVector(data, mask);
  }
  if (Value* same = getSplatValue(indices)) return splat(b_.CreateExtractElement(data, same));
  if (target_.permute_bits == 512 && width_ == 32 && data->getType()->getScalarSizeInBits() == 32) {
    const SmallVector<Value*> halves = in_lines(b_.CreateBitCast(data, wide(b_.getInt32Ty())), 16);
    SmallVector<Value*> results;
    for (Value* places : in_lines(indices, 16))
      results.push_back(b_.CreateIntrinsic(Intrinsic::x86_avx512_vpermi2var_d_512, {}, {halves[0], places, halves[1]}));
    return b_.CreateBitCast(concatenate(results), data->getType());
  }
  const bool by_blends = target_.permute_bits == 256, by_tables = !target_.is_x86 && target_.vector_bits == 128;
  if ((by_blends || by_tables) && width_ == 32 && data->getType()->getScalarSizeInBits() == 32) {
    const unsigned lanes = by_blends ? 8 : 4;
    const SmallVector<Value*> registers = in_lines(b_.CreateBitCast(data, wide(b_.getInt32Ty())), lanes);
    SmallVector<Value*> results;
    for (Value* places : in_lines(indices, lanes))
      results.push_back(by_blends ? permuted_and_blended(b_, registers, places) : looked_up(b_, registers, places));
    return b_.CreateBitCast(concatenate(results), data->getType());
  }
  AllocaInst* memory = temporary(data->getType(), "permuted");
  b_.CreateStore(data, memory);
  Type* type = cast<FixedVectorType>(data->getType())->getElementType();
  Value* places = b_.CreateInBoundsGEP(type, memory, b_.CreateZExt(indices, wide(b_.getInt64Ty())));
  return b_.CreateMaskedGather(data->getType(), places, Align(4));
}

// shfl.sync.mode: PTX gives the source lane and the predicate as pseudo code, which this is, for 32 lanes at a time.
bool Widener::write_shuffle(CallInst& call, StringRef mode) {
  Type* ints = wide(b_.getInt32Ty());
  auto number = [&](uint32_t value) { return ConstantInt::get(ints, value); };
  const Value* b_operand = call.getArgOperand(2);
  const Value* c_operand = call.getArgOperand(3);
  Value* data = b_.CreateFreeze(vector(call.getArgOperand(1)));
  if (shapes_.uniform(&call) && !call.getType()->isStructTy()) {
    // All lanes read one lane of the warp.
    Value* lane = b_.CreateAnd(scalar(b_operand), b_.getInt32(31));
    define_scalar(&call, b_.CreateExtractElement(data, lane));
    return true;
  }

  Value* lane = lane_numbers(width_, b_.getInt32Ty());
  Value* b = b_.CreateAnd(vector(b_operand), number(31));
  Value* c = vector(c_operand);
  Value* clamp = b_.CreateAnd(c, number(31));
  Value* segment = b_.CreateAnd(b_.CreateLShr(c, number(8)), number(31));
  Value* not_segment = b_.CreateXor(segment, number(31));
  Value* least = b_.CreateAnd(lane, segment);
  Value* most = b_.CreateOr(least, b_.CreateAnd(clamp, not_segment));

  Value *source, *in_range;
  if (mode.starts_with("up")) {
    source = b_.CreateSub(lane, b);
    in_range = b_.CreateICmpSGE(source, most);
  } else {
    source = mode.starts_with("down")   ? b_.CreateAdd(lane, b)
             : mode.starts_with("bfly") ? b_.CreateXor(lane, b)
                                        : b_.CreateOr(least, b_.CreateAnd(b, not_segment));
    in_range = b_.CreateICmpSLE(source, most);
  }
  source = b_.CreateAnd(b_.CreateSelect(in_range, source, lane), number(31));
  Value* result = permute(data, source);
  if (mask_) {
    // What an absent lane holds is undefined. A lane's own value is what hardware tends to give, and the scalar engine gives.
    Value* present = b_.CreateAnd(b_.CreateLShr(splat(active_bits()), source), number(1));
    result = b_.CreateSelect(b_.CreateICmpNE(present, number(0)), result, data);
  }
  if (!call.getType()->isStructTy()) {
    define(&call, result);
  } else if (shapes_.uniform(&call)) {
    Value* both = b_.CreateInsertValue(PoisonValue::get(call.getType()), b_.CreateExtractElement(result, uint64_t{0}), 0);
    define_scalar(&call, b_.CreateInsertValue(both, b_.CreateExtractElement(in_range, uint64_t{0}), 1));
  } else {
    define_lanes(&call, Lanes{result, in_range});
  }
  return true;
}

bool Widener::write_vote(CallInst& call) {
  const StringRef name = call.getCalledFunction()->getName();
  Value* active = active_bits();
  Value* votes = masks_.bits(masks_.where(mask_, vector(call.getArgOperand(1))));
  const bool is_uniform = shapes_.uniform(&call);
  Value* members = is_uniform ? scalar(call.getArgOperand(0)) : vector(call.getArgOperand(0));
  if (!is_uniform) {
    active = splat(active);
    votes = splat(votes);
  }
  Value* zero = Constant::getNullValue(active->getType());
  Value* yes = b_.CreateAnd(votes, members);
  Value* no = b_.CreateAnd(b_.CreateAnd(active, b_.CreateNot(votes)), members);
  Value* result = nullptr;
  if (name.contains(".ballot"))
    result = yes;
  else if (name.contains(".any"))
    result = b_.CreateICmpNE(yes, zero);
  else if (name.contains(".all"))
    result = b_.CreateICmpEQ(no, zero);
  else if (name.contains(".uni"))
    result = b_.CreateOr(b_.CreateICmpEQ(no, zero), b_.CreateICmpEQ(yes, zero));
  else
    return false;
  if (is_uniform)
    define_scalar(&call, result);
  else
    define(&call, result);
  return true;
}

Widener::Lanes Widener::for_each_group(Value* key, ArrayRef<Type*> types, const std::function<Lanes(Value* group)>& body) {
  const auto before = local_;
  Value* pending = active_bits();
  key = b_.CreateFreeze(key);
  BasicBlock* from = b_.GetInsertBlock();
  BasicBlock* loop = BasicBlock::Create(context_, "group", out_);
  BasicBlock* after = BasicBlock::Create(context_, "groups_done", out_);
  b_.CreateBr(loop);
  b_.SetInsertPoint(loop);
  PHINode* rest = b_.CreatePHI(b_.getInt32Ty(), 2, "rest");
  rest->addIncoming(pending, from);
  SmallVector<PHINode*> so_far;
  for (Type* type : types) {
    so_far.push_back(b_.CreatePHI(wide(type), 2));
    so_far.back()->addIncoming(Constant::getNullValue(wide(type)), from);
  }
  Value* leader = b_.CreateAnd(b_.CreateBinaryIntrinsic(Intrinsic::cttz, rest, b_.getFalse()), b_.getInt32(31));
  Value* same = b_.CreateICmpEQ(key, splat(b_.CreateExtractElement(key, leader)));
  Value* group = masks_.where(mask_, same);
  const Lanes results = body(group);
  Lanes merged;
  for (size_t i = 0; i < results.size(); ++i) merged.push_back(masks_.blend(group, results[i], so_far[i]));
  Value* next = b_.CreateAnd(rest, b_.CreateNot(masks_.bits(group)));
  rest->addIncoming(next, b_.GetInsertBlock());
  for (size_t i = 0; i < results.size(); ++i) so_far[i]->addIncoming(merged[i], b_.GetInsertBlock());
  b_.CreateCondBr(b_.CreateICmpNE(next, b_.getInt32(0)), loop, after);
  b_.SetInsertPoint(after);
  local_ = before;
  return merged;
}

// match.any: the lanes that hold my value. match.all: the member mask and true if all hold one value, else 0 and false.
bool Widener::write_match(CallInst& call) {
  const bool any = call.getCalledFunction()->getName().contains(".any.");
  Value* members = vector(call.getArgOperand(0));
  Value* data = b_.CreateFreeze(vector(call.getArgOperand(1)));
  Type* i32 = b_.getInt32Ty();
  if (any) {
    Lanes same = for_each_group(data, {i32}, [&](Value* group) { return Lanes{splat(masks_.bits(group))}; });
    define(&call, b_.CreateAnd(same[0], members));
    return true;
  }
  auto one_group = [&](Value* group, Value* named) {
    Value* bits = b_.CreateAnd(masks_.bits(group), named);
    Value* first = b_.CreateAnd(b_.CreateBinaryIntrinsic(Intrinsic::cttz, bits, b_.getFalse()), b_.getInt32(31));
    Value* same = masks_.bits(masks_.from_bools(b_.CreateICmpEQ(data, splat(b_.CreateExtractElement(data, first)))));
    Value* equal = b_.CreateICmpEQ(b_.CreateAnd(bits, b_.CreateNot(same)), b_.getInt32(0));
    return std::pair(b_.CreateSelect(equal, bits, b_.getInt32(0)), equal);
  };
  if (shapes_.uniform(&call)) {
    const auto [mask, equal] = one_group(mask_, scalar(call.getArgOperand(0)));
    Value* both = b_.CreateInsertValue(PoisonValue::get(call.getType()), mask, 0);
    define_scalar(&call, b_.CreateInsertValue(both, equal, 1));
    return true;
  }
  define_lanes(&call, for_each_group(members, {i32, b_.getInt1Ty()}, [&](Value* group) {
    const auto [mask, equal] = one_group(group, masks_.bits(group));
    return Lanes{splat(mask), splat(equal)};
  }));
  return true;
}

bool Widener::write_redux(CallInst& call, StringRef operation) {
  const Intrinsic::ID reduction = StringSwitch<Intrinsic::ID>(operation)
                                      .Case("add", Intrinsic::vector_reduce_add)
                                      .Case("and", Intrinsic::vector_reduce_and)
                                      .Case("or", Intrinsic::vector_reduce_or)
                                      .Case("xor", Intrinsic::vector_reduce_xor)
                                      .Case("min", Intrinsic::vector_reduce_smin)
                                      .Case("max", Intrinsic::vector_reduce_smax)
                                      .Case("umin", Intrinsic::vector_reduce_umin)
                                      .Case("umax", Intrinsic::vector_reduce_umax)
                                      .Default(Intrinsic::not_intrinsic);
  Value* data = b_.CreateFreeze(vector(call.getArgOperand(0)));
  const bool is_float = operation.starts_with("f");
  if (reduction == Intrinsic::not_intrinsic && !is_float) return false;
  // redux.f32: NaN loses unless .NaN is given; .abs takes magnitudes.
  const bool least = operation.starts_with("fmin"), keeps_nan = operation.contains(".NaN");
  if (operation.contains(".abs")) data = b_.CreateUnaryIntrinsic(Intrinsic::fabs, data);
  auto over = [&](Value* group) -> Value* {
    if (!is_float) return reduce(reduction, data, group);
    Value* neutral = keeps_nan ? ConstantFP::getInfinity(data->getType(), !least) : ConstantFP::getNaN(data->getType());
    Value* given = group ? b_.CreateSelect(masks_.to_bools(group), data, neutral) : data;
    return b_.CreateUnaryIntrinsic(keeps_nan ? (least ? Intrinsic::vector_reduce_fminimum : Intrinsic::vector_reduce_fmaximum)
                                             : (least ? Intrinsic::vector_reduce_fmin : Intrinsic::vector_reduce_fmax),
                                   given);
  };
  if (shapes_.uniform(&call)) {
    Value* members = scalar(call.getArgOperand(1));
    Value* group = mask_;
    const auto* all = dyn_cast<ConstantInt>(members);
    if (!all || !all->isMinusOne()) group = masks_.where(mask_, b_.CreateBitCast(members, wide(b_.getInt1Ty())));
    define_scalar(&call, over(group));
    return true;
  }
  Type* type = host_type(call.getType());
  define(&call, for_each_group(vector(call.getArgOperand(1)), {type}, [&](Value* group) { return Lanes{splat(over(group))}; })[0]);
  return true;
}

/// The lowest lane of the group is elected.
void Widener::write_elect(CallInst& call) {
  Value* members = b_.CreateAnd(splat(active_bits()), vector(call.getArgOperand(0)));
  Value* leader = b_.CreateBinaryIntrinsic(Intrinsic::cttz, members, b_.getFalse());
  define_lanes(&call, Lanes{leader, b_.CreateICmpEQ(leader, lane_numbers(width_, b_.getInt32Ty()))});
}

}  // namespace anywarp::spmd
