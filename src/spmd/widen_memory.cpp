// Memory. The address decides what a load becomes:
//
//   uniform       one scalar load; the block does not run without a lane, so the access is one that the program makes
//   contiguous    one vector load; under a mask a masked one, or, where the machine is slow at those, a test for the full mask
//                 and a plain load behind it
//   small stride  vector loads that cover it, and a shuffle; the full mask only. The bytes between two lanes' elements lie in the
//                 page of one of them, so they can be read, but never written: stores are masked, where the machine has masks for it
//   runs          rows of a two-dimensional block: a vector for each run of lanes
//   one line      known at run time, of addresses without a shape: a vector of the line, permuted (widen_lines.cpp)
//   other         gather and scatter
//
// What a thread copies by 8 or 16 bytes to shared memory or from it moves as a whole (copies.h).
//
// An address whose shape may not hold (Affine::conditional) is tested, with the gather as the other way.
//
// Volatile and atomic accesses are made exactly once a lane. Their vectors are plain vector accesses, which x86 and Arm make
// element by element as far as anybody can observe; order comes from fences beside them.
//
// Shared memory belongs to the worker that runs the block, so its atomics are plain operations.
#include "spmd/widen.h"

#include <llvm/IR/IntrinsicInst.h>
#include <llvm/Support/MathExtras.h>
#include <llvm/Transforms/Utils/LowerAtomic.h>

#include <algorithm>

namespace anywarp::spmd {

using namespace llvm;

namespace {

constexpr unsigned kSharedSpace = 3;
// Local arrays of all lanes lie on the worker's stack, or in the coroutine's frame.
constexpr uint64_t kMostLocalBytes = uint64_t{1} << 20;
constexpr unsigned kNearButOne = 2;  // of llvm.prefetch: the second-level cache

/// The scalar parts of a type in memory, with their offsets.
void memory_parts(Type* type, uint64_t offset, const DataLayout& layout, SmallVectorImpl<std::pair<Type*, uint64_t>>& parts) {
  if (auto* structure = dyn_cast<StructType>(type)) {
    const StructLayout* fields = layout.getStructLayout(structure);
    for (unsigned i = 0; i < structure->getNumElements(); ++i)
      memory_parts(structure->getElementType(i), offset + fields->getElementOffset(i), layout, parts);
  } else if (auto* array = dyn_cast<ArrayType>(type)) {
    const uint64_t step = layout.getTypeAllocSize(array->getElementType());
    for (uint64_t i = 0; i < array->getNumElements(); ++i) memory_parts(array->getElementType(), offset + i * step, layout, parts);
  } else if (auto* small = dyn_cast<FixedVectorType>(type)) {
    const uint64_t step = layout.getTypeStoreSize(small->getElementType());
    for (unsigned i = 0; i < small->getNumElements(); ++i) parts.push_back({small->getElementType(), offset + i * step});
  } else {
    parts.push_back({type, offset});
  }
}

}  // namespace

bool Widener::native_masked(Type* type) const {
  const unsigned bits = type->isPointerTy() ? 64 : unsigned(type->getPrimitiveSizeInBits().getFixedValue());
  return bits == 32 || bits == 64 || (target_.mask_registers && (bits == 8 || bits == 16) && type->isIntegerTy());
}

/// i1: no lane is off. The careful version of a block is there for when some are.
Value* Widener::all_active() { return is_careful_ ? b_.getFalse() : facts_of_mask().full; }

Value* Widener::either_way(Value* condition, const std::function<Value*()>& yes, const std::function<Value*()>& no) {
  if (auto* known = dyn_cast<ConstantInt>(condition)) return known->isOne() ? yes() : no();
  BasicBlock* ways[2] = {BasicBlock::Create(context_, "yes", out_), BasicBlock::Create(context_, "no", out_)};
  BasicBlock* after = BasicBlock::Create(context_, "after", out_);
  b_.CreateCondBr(condition, ways[0], ways[1]);
  Value* results[2];
  BasicBlock* ends[2];
  for (int way = 0; way < 2; ++way) {
    const auto before = local_;
    b_.SetInsertPoint(ways[way]);
    results[way] = way == 0 ? yes() : no();
    ends[way] = b_.GetInsertBlock();
    b_.CreateBr(after);
    local_ = before;
  }
  b_.SetInsertPoint(after);
  if (!results[0]) return nullptr;
  PHINode* result = b_.CreatePHI(results[0]->getType(), 2);
  result->addIncoming(results[0], ends[0]);
  result->addIncoming(results[1], ends[1]);
  return result;
}

Value* Widener::offset_pointer(Value* pointer, int64_t offset) {
  return offset == 0 ? pointer : b_.CreateGEP(b_.getInt8Ty(), pointer, b_.getInt64(uint64_t(offset)));
}

/// Vectors of other lengths than the width, put side by side.
Value* Widener::concatenate(ArrayRef<Value*> parts) {
  SmallVector<Value*> row(parts);
  while (row.size() > 1) {
    SmallVector<Value*> next;
    for (size_t i = 0; i < row.size(); i += 2) {
      const unsigned length = cast<FixedVectorType>(row[i]->getType())->getNumElements();
      SmallVector<int> mask(2 * length);
      for (unsigned k = 0; k < 2 * length; ++k) mask[k] = int(k);
      next.push_back(b_.CreateShuffleVector(row[i], row[i + 1], mask));
    }
    row = std::move(next);
  }
  return row[0];
}

// ---------------------------------------------------------------------------------------------------- loads

void Widener::write_load(LoadInst& load) {
  if (shapes_.uniform(&load)) {
    write_uniform(load);
    return;
  }
  SmallVector<std::pair<Type*, uint64_t>> parts;
  memory_parts(load.getType(), 0, kernel_.getDataLayout(), parts);
  const bool ordered = load.isVolatile() || load.isAtomic();
  if (load.isAtomic() && load.getOrdering() == AtomicOrdering::SequentiallyConsistent)
    b_.CreateFence(AtomicOrdering::SequentiallyConsistent);
  Lanes result;
  for (const auto& [type, offset] : parts)
    result.push_back(load_lanes(load.getPointerOperand(), int64_t(offset), type, commonAlignment(load.getAlign(), offset), ordered,
                                load.hasMetadata(LLVMContext::MD_invariant_load)));
  if (load.isAtomic() && isAcquireOrStronger(load.getOrdering())) b_.CreateFence(AtomicOrdering::Acquire);
  define_lanes(&load, std::move(result));
}

Value* Widener::load_lanes(const Value* pointer, int64_t offset, Type* type, Align align, bool ordered, bool invariant) {
  if (type->isIntegerTy(1))
    return b_.CreateTrunc(load_lanes(pointer, offset, b_.getInt8Ty(), align, ordered, invariant), wide(b_.getInt1Ty()));
  type = host_type(type);
  const bool odd = kernel_.getDataLayout().getTypeStoreSizeInBits(type) != kernel_.getDataLayout().getTypeSizeInBits(type);
  auto one_by_one = [&] { return load_one_by_one(pointer, offset, type, align, ordered); };
  const Affine* shape = shapes_.affine(pointer);
  if (!ordered && !odd)
    if (const std::optional<Lines> lines = crossed_lines(pointer, offset, type, align)) return load_lines(*lines, type);
  auto anyhow = [&] {
    if (ordered || odd) return one_by_one();
    Value* pointers = offset_pointer(vector(pointer), offset);
    auto gather = [&] { return load_gather(pointers, type, align); };
    return shape ? gather() : load_line_or(pointer, pointers, type, align, gather);
  };
  if (!shape || odd) return anyhow();
  Value* holds = valid(pointer);
  auto by_shape = [&] {
    return load_affine(offset_pointer(scalar(pointer), offset), shape->offsets, type, align, ordered, invariant, anyhow);
  };
  // Indices that wrap within a slice are rare: the code for them had better be small.
  return !holds || assume(holds) ? by_shape() : either_way(holds, by_shape, one_by_one);
}

Value* Widener::load_affine(Value* base, ArrayRef<int64_t> offsets, Type* type, Align align, bool is_volatile, bool invariant,
                            const std::function<Value*()>& anyhow) {
  const int64_t bytes = int64_t(kernel_.getDataLayout().getTypeStoreSize(type));
  auto plain = [&](Value* at, unsigned lanes) -> Value* {
    LoadInst* load = b_.CreateAlignedLoad(FixedVectorType::get(type, lanes), at, align, is_volatile);
    if (invariant) load->setMetadata(LLVMContext::MD_invariant_load, MDNode::get(context_, {}));
    return load;
  };
  base = offset_pointer(base, offsets[0]);
  if (run_length(offsets, bytes) == width_) {
    if (!mask_) return plain(base, width_);
    if (target_.mask_registers && native_masked(type) && !is_volatile)
      return b_.CreateMaskedLoad(wide(type), base, align, masks_.to_bools(mask_));
    return either_way(
        all_active(), [&] { return plain(base, width_); },
        [&]() -> Value* {
          if (is_volatile || !native_masked(type)) return anyhow();
          return b_.CreateMaskedLoad(wide(type), base, align, masks_.to_bools(mask_));
        });
  }

  // What follows reads all lanes' elements.
  std::function<Value*()> shuffled;
  const int64_t stride = stride_of(offsets, bytes);
  if (!is_volatile && stride != 0) {
    shuffled = [&, stride] { return load_strided(base, stride, type, align); };
  } else if (const unsigned run = run_length(offsets, bytes); run >= 4) {
    shuffled = [&, run] {
      SmallVector<Value*> rows;
      for (unsigned lane = 0; lane < width_; lane += run) rows.push_back(plain(offset_pointer(base, offsets[lane] - offsets[0]), run));
      return concatenate(rows);
    };
  } else if (const unsigned same = run_length(offsets, 0); same >= 4 && !is_volatile) {
    shuffled = [&, same] {
      SmallVector<Value*> rows;
      for (unsigned lane = 0; lane < width_; lane += same)
        rows.push_back(b_.CreateVectorSplat(same, b_.CreateAlignedLoad(type, offset_pointer(base, offsets[lane] - offsets[0]), align)));
      return concatenate(rows);
    };
  } else {
    return anyhow();
  }
  return mask_ ? either_way(all_active(), shuffled, anyhow) : shuffled();
}

/// Element lane * stride of `base`, by loads of whole vectors that begin and end with elements of lanes.
Value* Widener::load_strided(Value* base, int64_t stride, Type* type, Align align) {
  const int64_t bytes = int64_t(kernel_.getDataLayout().getTypeStoreSize(type));
  const unsigned count = unsigned(std::abs(stride));
  const int64_t last = int64_t(width_ - 1) * int64_t(count);  // in elements, from the lowest address
  Value* low = stride > 0 ? base : offset_pointer(base, -last * bytes);
  // Vector k covers the elements from k * width; the last one is drawn back to end with the last element.
  SmallVector<Value*> vectors;
  SmallVector<int64_t> starts;
  for (unsigned k = 0; k < count; ++k) {
    const int64_t start = std::min<int64_t>(int64_t(k) * width_, last + 1 - int64_t(width_));
    const Align here = commonAlignment(align, uint64_t(start * bytes));  // elements between those of lanes are aligned to less
    vectors.push_back(b_.CreateAlignedLoad(wide(type), offset_pointer(low, start * bytes), here));
    starts.push_back(start);
  }
  Value* result = nullptr;
  for (unsigned k = 0; k < count; ++k) {
    SmallVector<int> mask(width_);
    for (unsigned lane = 0; lane < width_; ++lane) {
      const int64_t element = stride > 0 ? int64_t(lane) * count : last - int64_t(lane) * count;
      const unsigned from = std::min<unsigned>(unsigned(element / int64_t(width_)), count - 1);
      if (from == k)
        mask[lane] = int(element - starts[k]) + (k == 0 ? 0 : int(width_));
      else
        mask[lane] = from < k ? int(lane) : -1;
    }
    result = k == 0 ? b_.CreateShuffleVector(vectors[0], mask) : b_.CreateShuffleVector(result, vectors[k], mask);
  }
  return result;
}

Value* Widener::load_gather(Value* pointers, Type* type, Align align) {
  auto gather = [&](Value* bools) -> Value* { return b_.CreateMaskedGather(wide(type), pointers, align, bools); };
  if (!mask_) return gather(nullptr);
  const unsigned bits = type->isPointerTy() ? 64 : unsigned(type->getPrimitiveSizeInBits().getFixedValue());
  if (bits == 32 || bits == 64) return gather(masks_.to_bools(mask_));
  // No machine gathers these: with the full mask it is at least free of branches.
  return either_way(all_active(), [&] { return gather(nullptr); }, [&] { return gather(masks_.to_bools(mask_)); });
}

Value* Widener::load_one_by_one(const Value* pointer, int64_t offset, Type* type, Align align, bool is_volatile) {
  auto address = lane_reader(pointer);
  LaneResult result(*this, type);
  for_each_lane(
      [&](Value* lane) { result.set(lane, b_.CreateAlignedLoad(type, offset_pointer(address(lane), offset), align, is_volatile)); });
  return result.get()[0];
}

// ---------------------------------------------------------------------------------------------------- stores

void Widener::write_store(StoreInst& store) {
  const Value* pointer = store.getPointerOperand();
  const Value* data = store.getValueOperand();
  if (store.isAtomic() && isReleaseOrStronger(store.getOrdering()))
    b_.CreateFence(store.getOrdering() == AtomicOrdering::SequentiallyConsistent ? AtomicOrdering::SequentiallyConsistent
                                                                                 : AtomicOrdering::Release);
  if (shapes_.uniform(pointer)) {
    // All lanes write to one place: the last one wins.
    Value* what = shapes_.uniform(data) ? scalar(data) : last_lane(data);
    StoreInst* copy = b_.CreateAlignedStore(what, scalar(pointer), store.getAlign(), store.isVolatile());
    if (store.isAtomic()) copy->setAtomic(AtomicOrdering::Monotonic);
  } else {
    SmallVector<std::pair<Type*, uint64_t>> parts;
    memory_parts(data->getType(), 0, kernel_.getDataLayout(), parts);
    const Lanes values = lanes(data);
    for (size_t i = 0; i < parts.size(); ++i)
      store_lanes(pointer, int64_t(parts[i].second), values[i], commonAlignment(store.getAlign(), parts[i].second),
                  store.isVolatile() || store.isAtomic());
  }
  if (store.isAtomic() && store.getOrdering() == AtomicOrdering::SequentiallyConsistent)
    b_.CreateFence(AtomicOrdering::SequentiallyConsistent);
}

/// The value of the last active lane.
Value* Widener::last_lane(const Value* value) {
  Value* lane = b_.getInt32(width_ - 1);
  if (mask_) {
    Value* bits = masks_.bits(mask_);
    Value* zeros = b_.CreateBinaryIntrinsic(Intrinsic::ctlz, bits, b_.getFalse());
    lane = b_.CreateAnd(b_.CreateSub(lane, b_.CreateZExtOrTrunc(zeros, b_.getInt32Ty())), b_.getInt32(width_ - 1));
  }
  return compose(value->getType(), [&, parts = lanes(value)](unsigned i) { return b_.CreateExtractElement(parts[i], lane); });
}

void Widener::store_lanes(const Value* pointer, int64_t offset, Value* data, Align align, bool ordered) {
  Type* type = cast<FixedVectorType>(data->getType())->getElementType();
  if (type->isIntegerTy(1)) {
    store_lanes(pointer, offset, b_.CreateZExt(data, wide(b_.getInt8Ty())), align, ordered);
    return;
  }
  const bool odd = kernel_.getDataLayout().getTypeStoreSizeInBits(type) != kernel_.getDataLayout().getTypeSizeInBits(type);
  auto one_by_one = [&]() -> Value* {
    store_one_by_one(pointer, offset, data, align, ordered);
    return nullptr;
  };
  const Affine* shape = shapes_.affine(pointer);
  if (!ordered && !odd)
    if (const std::optional<Lines> lines = crossed_lines(pointer, offset, type, align)) return store_lines(*lines, data);
  auto anyhow = [&]() -> Value* {
    if (ordered || odd) return one_by_one();
    Value* pointers = offset_pointer(vector(pointer), offset);
    auto scatter = [&]() -> Value* {
      store_scatter(pointers, data, align);
      return nullptr;
    };
    if (shape) return scatter();
    store_line_or(pointer, pointers, data, align, scatter);
    return nullptr;
  };
  if (!shape || odd) {
    anyhow();
    return;
  }
  auto by_shape = [&]() -> Value* {
    store_affine(offset_pointer(scalar(pointer), offset), shape->offsets, data, align, ordered, anyhow);
    return nullptr;
  };
  Value* holds = valid(pointer);
  if (!holds || assume(holds))
    by_shape();
  else
    either_way(holds, by_shape, one_by_one);
}

void Widener::store_affine(Value* base, ArrayRef<int64_t> offsets, Value* data, Align align, bool is_volatile,
                           const std::function<Value*()>& anyhow) {
  Type* type = cast<FixedVectorType>(data->getType())->getElementType();
  const int64_t bytes = int64_t(kernel_.getDataLayout().getTypeStoreSize(type));
  base = offset_pointer(base, offsets[0]);
  const unsigned run = run_length(offsets, bytes);
  const int64_t stride = stride_of(offsets, bytes);
  const bool strided = stride > 1 && !is_volatile && target_.mask_registers && native_masked(type);
  if (run < 4 && !strided) {
    anyhow();
    return;
  }
  auto plain = [&]() -> Value* {
    if (strided) return store_strided(base, stride, data, align);
    for (unsigned lane = 0; lane < width_; lane += run) {
      SmallVector<int> mask(run);
      for (unsigned i = 0; i < run; ++i) mask[i] = int(lane + i);
      Value* part = run == width_ ? data : b_.CreateShuffleVector(data, mask);
      b_.CreateAlignedStore(part, offset_pointer(base, offsets[lane] - offsets[0]), align, is_volatile);
    }
    return nullptr;
  };
  if (!mask_) {
    plain();
    return;
  }
  either_way(all_active(), plain, [&]() -> Value* {
    if (is_volatile || run != width_ || !native_masked(type)) return anyhow();
    b_.CreateMaskedStore(data, base, align, masks_.to_bools(mask_));
    return nullptr;
  });
}

/// To element lane * stride of `base`, by masked stores of the vectors that cover it.
Value* Widener::store_strided(Value* base, int64_t stride, Value* data, Align align) {
  const int64_t bytes = int64_t(kernel_.getDataLayout().getTypeStoreSize(cast<FixedVectorType>(data->getType())->getElementType()));
  for (unsigned first = 0; first < width_ * unsigned(stride); first += width_) {
    SmallVector<int> lanes(width_, -1);
    SmallVector<Constant*> on(width_, b_.getFalse());
    for (unsigned i = 0; i < width_; ++i)
      if ((first + i) % unsigned(stride) == 0) {
        lanes[i] = int((first + i) / unsigned(stride));
        on[i] = b_.getTrue();
      }
    b_.CreateMaskedStore(b_.CreateShuffleVector(data, lanes), offset_pointer(base, int64_t(first) * bytes), align, ConstantVector::get(on));
  }
  return nullptr;
}

void Widener::store_scatter(Value* pointers, Value* data, Align align) {
  b_.CreateMaskedScatter(data, pointers, align, mask_ ? masks_.to_bools(mask_) : nullptr);
}

void Widener::store_one_by_one(const Value* pointer, int64_t offset, Value* data, Align align, bool is_volatile) {
  auto address = lane_reader(pointer);
  Value* memory = in_memory(data);
  Type* type = cast<FixedVectorType>(data->getType())->getElementType();
  for_each_lane(
      [&](Value* lane) { b_.CreateAlignedStore(element(memory, type, lane), offset_pointer(address(lane), offset), align, is_volatile); });
}

// ---------------------------------------------------------------------------------------------------- the rest

namespace {

/// The reduction that many lanes' updates of one place amount to, if nobody wants the values between.
Intrinsic::ID reduction_of(AtomicRMWInst::BinOp op) {
  switch (op) {
    case AtomicRMWInst::Add: return Intrinsic::vector_reduce_add;
    case AtomicRMWInst::And: return Intrinsic::vector_reduce_and;
    case AtomicRMWInst::Or: return Intrinsic::vector_reduce_or;
    case AtomicRMWInst::Xor: return Intrinsic::vector_reduce_xor;
    case AtomicRMWInst::Max: return Intrinsic::vector_reduce_smax;
    case AtomicRMWInst::Min: return Intrinsic::vector_reduce_smin;
    case AtomicRMWInst::UMax: return Intrinsic::vector_reduce_umax;
    case AtomicRMWInst::UMin: return Intrinsic::vector_reduce_umin;
    default: return Intrinsic::not_intrinsic;
  }
}

}  // namespace

/// `update` on one address, by one thread.
Value* Widener::atomic_of(Instruction& update, Value* pointer, ArrayRef<Value*> operands) {
  if (auto* rmw = dyn_cast<AtomicRMWInst>(&update)) {
    if (rmw->getPointerAddressSpace() == kSharedSpace && !rmw->isVolatile()) {
      Value* before = b_.CreateAlignedLoad(operands[0]->getType(), pointer, rmw->getAlign());
      b_.CreateAlignedStore(buildAtomicRMWValue(rmw->getOperation(), b_, before, operands[0]), pointer, rmw->getAlign());
      return before;
    }
    AtomicRMWInst* copy = b_.CreateAtomicRMW(rmw->getOperation(), pointer, operands[0], rmw->getAlign(), rmw->getOrdering());
    copy->setVolatile(rmw->isVolatile());
    return copy;
  }
  auto& exchange = cast<AtomicCmpXchgInst>(update);
  if (exchange.getPointerAddressSpace() == kSharedSpace && !exchange.isVolatile()) {
    Value* before = b_.CreateAlignedLoad(operands[0]->getType(), pointer, exchange.getAlign());
    Value* equal = b_.CreateICmpEQ(before, operands[0]);
    b_.CreateAlignedStore(b_.CreateSelect(equal, operands[1], before), pointer, exchange.getAlign());
    Value* both = PoisonValue::get(exchange.getType());
    return b_.CreateInsertValue(b_.CreateInsertValue(both, before, 0), equal, 1);
  }
  AtomicCmpXchgInst* copy = b_.CreateAtomicCmpXchg(pointer, operands[0], operands[1], exchange.getAlign(), exchange.getSuccessOrdering(),
                                                   exchange.getFailureOrdering());
  copy->setVolatile(exchange.isVolatile());
  return copy;
}

void Widener::write_atomic(Instruction& instruction) {
  auto* rmw = dyn_cast<AtomicRMWInst>(&instruction);
  const Value* pointer = rmw ? rmw->getPointerOperand() : cast<AtomicCmpXchgInst>(instruction).getPointerOperand();
  if (rmw && instruction.use_empty() && shapes_.uniform(pointer))
    if (const Intrinsic::ID reduction = reduction_of(rmw->getOperation()); reduction != Intrinsic::not_intrinsic) {
      Value* all = reduce(reduction, vector(rmw->getValOperand()), mask_);
      atomic_of(instruction, scalar(pointer), {all});
      return;
    }
  auto address = lane_reader(pointer);
  SmallVector<std::function<Value*(Value*)>, 2> readers;
  for (unsigned i = 1; i < instruction.getNumOperands(); ++i) readers.push_back(lane_reader(instruction.getOperand(i)));
  LaneResult result(*this, instruction.use_empty() ? nullptr : host_type(instruction.getType()));
  for_each_lane([&](Value* lane) {
    SmallVector<Value*, 2> operands;
    for (auto& reader : readers) operands.push_back(reader(lane));
    result.set(lane, atomic_of(instruction, address(lane), operands));
  });
  if (!instruction.use_empty()) define_lanes(&instruction, result.get());
}

/// vector.reduce over the lanes of `mask` (null: all); the others count as the operation's neutral element.
Value* Widener::reduce(Intrinsic::ID reduction, Value* data, Value* mask) {
  if (mask) {
    const unsigned bits = data->getType()->getScalarSizeInBits();
    APInt neutral = APInt::getZero(bits);
    switch (reduction) {
      case Intrinsic::vector_reduce_and:
      case Intrinsic::vector_reduce_umin: neutral = APInt::getAllOnes(bits); break;
      case Intrinsic::vector_reduce_smax: neutral = APInt::getSignedMinValue(bits); break;
      case Intrinsic::vector_reduce_smin: neutral = APInt::getSignedMaxValue(bits); break;
      default: break;
    }
    data = b_.CreateSelect(masks_.to_bools(mask), data, ConstantInt::get(data->getType(), neutral));
  }
  return b_.CreateUnaryIntrinsic(reduction, data);
}

void Widener::write_alloca(AllocaInst& alloca) {
  const std::optional<uint64_t> step = local_array_bytes(alloca);
  if (!step) {
    unsupported(alloca, "its size is not a constant");
    return;
  }
  const uint64_t of_slice = *step * width_, bytes = of_slice * (regions_ ? slices() : 1);
  AllocaInst*& arrays = arrays_[&alloca];
  if (!arrays) {
    local_bytes_ += bytes;
    if (local_bytes_ > kMostLocalBytes) {
      unsupported(alloca, "the local arrays of the threads that run together need more than 1 MiB");
      return;
    }
    arrays = temporary(ArrayType::get(b_.getInt8Ty(), bytes), alloca.getName());
    arrays->setAlignment(std::max(alloca.getAlign(), Align(16)));
    local_arrays_.push_back({arrays, bytes});
  }
  Value* first = arrays;
  if (regions_)
    first = b_.CreateInBoundsGEP(b_.getInt8Ty(), arrays, b_.CreateMul(b_.CreateZExt(slice_, b_.getInt64Ty()), b_.getInt64(of_slice)));
  define_affine(&alloca, first, nullptr);
}

/// A copy from argument 1 to argument 0 (copies.h): the lanes in a row whose places are neighbours on both sides at once.
void Widener::write_copy(CallInst& call, unsigned bytes) {
  const Value *to = call.getArgOperand(0), *from = call.getArgOperand(1);
  const Align align = std::min(call.getParamAlign(0).valueOrOne(), call.getParamAlign(1).valueOrOne());
  auto piece = [&](unsigned lanes) { return FixedVectorType::get(b_.getInt64Ty(), lanes * bytes / 8); };
  auto one_by_one = [&]() -> Value* {
    auto to_address = lane_reader(to), from_address = lane_reader(from);
    for_each_lane(
        [&](Value* lane) { b_.CreateAlignedStore(b_.CreateAlignedLoad(piece(1), from_address(lane), align), to_address(lane), align); });
    return nullptr;
  };
  Value* holds = nullptr;
  auto shape_of = [&](const Value* pointer) -> const Affine* {
    const Affine* shape = shapes_.uniform(pointer) ? nullptr : shapes_.affine(pointer);
    if (!shape || !shape->conditional) return shape;
    Value* condition = valid(pointer);
    if (!assume(condition)) holds = holds ? b_.CreateAnd(holds, condition) : condition;
    return shape;
  };
  const Affine *to_shape = shape_of(to), *from_shape = shape_of(from);
  auto all = [&]() -> Value* {
    unsigned run = 1;
    if (to_shape && from_shape) run = std::min(run_length(to_shape->offsets, bytes), run_length(from_shape->offsets, bytes));
    run = std::min(run, std::max(1u, target_.vector_bits / (8 * bytes)));
    auto addresses = [&](const Value* pointer, const Affine* shape) -> std::function<Value*(unsigned)> {
      if (!shape) return scalars_of_lanes(pointer);
      return [this, shape, base = scalar(pointer)](unsigned lane) { return offset_pointer(base, shape->offsets[lane]); };
    };
    const auto target = addresses(to, to_shape), source = addresses(from, from_shape);
    const auto* no_step = dyn_cast<ConstantInt>(call.getArgOperand(2));
    const bool foresees = shapes_.uniform(call.getArgOperand(2)) && !(no_step && no_step->isZero());
    for (unsigned lane = 0; lane < width_; lane += run) {
      Value* at = source(lane);
      if (foresees) {
        Value* next = b_.CreateGEP(b_.getInt8Ty(), at, scalar(call.getArgOperand(2)));
        b_.CreateIntrinsic(Intrinsic::prefetch, {b_.getPtrTy()}, {next, b_.getInt32(0), b_.getInt32(kNearButOne), b_.getInt32(1)});
      }
      Value* data = b_.CreateAlignedLoad(piece(run), at, align);
      b_.CreateAlignedStore(data, target(lane), align);
    }
    return nullptr;
  };
  auto by_shape = [&]() -> Value* {
    if (mask_) return either_way(all_active(), all, one_by_one);
    return all();
  };
  if (holds)
    either_way(holds, by_shape, one_by_one);
  else
    by_shape();
}

/// Threads of one block run on one worker: between them a fence only keeps the compiler in order.
void Widener::write_fence(FenceInst& fence) {
  SmallVector<StringRef> scopes;
  context_.getSyncScopeNames(scopes);
  const bool within_block = scopes[fence.getSyncScopeID()] == "block";
  b_.CreateFence(fence.getOrdering(), within_block ? SyncScope::SingleThread : SyncScope::System);
}

}  // namespace anywarp::spmd
