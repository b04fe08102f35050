// Calls: special registers, barriers, LLVM's intrinsics, the device runtime, and functions that could not be inlined.
//
// A call is written in the first form of these that exists: one scalar call (uniform), LLVM's vector intrinsic, a vector variant
// that the call's attribute "vector-function-abi-variant" names, one call for each active lane.
//
// A barrier suspends the slice: it says in its AwSlice what it waits for and leaves by llvm.coro.suspend. If the block is one slice
// there is nobody to wait for.
#include "spmd/widen.h"

#include "devicelib/texture.h"
#include "exec/abi.h"
#include "spmd/copies.h"
#include "spmd/estimates.h"
#include "spmd/intrinsics.h"

#include <llvm/ADT/StringSwitch.h>
#include <llvm/Analysis/VectorUtils.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/IntrinsicsNVPTX.h>
#include <llvm/IR/Module.h>

#include <cstddef>
#include <iterator>

namespace anywarp::spmd {

using namespace llvm;

namespace {

constexpr StringRef kRegisters = "llvm.nvvm.read.ptx.sreg.";

}  // namespace

Value* Widener::field(Value* base, size_t offset, Type* type, const Twine& name) {
  LoadInst* load = b_.CreateLoad(type, b_.CreateConstInBoundsGEP1_64(b_.getInt8Ty(), base, offset), name);
  load->setMetadata(LLVMContext::MD_invariant_load, MDNode::get(context_, {}));
  return load;
}

FunctionCallee Widener::runtime_function(StringRef name, Type* result, ArrayRef<Type*> parameters) {
  return kernel_.getParent()->getOrInsertFunction(name, FunctionType::get(result, parameters, false));
}

bool Widener::write_call(CallInst& call) {
  if (is_ignored(call)) return true;
  const Function* callee = call.getCalledFunction();
  if (!callee || call.isInlineAsm()) return false;
  const StringRef name = callee->getName();
  if (name == kSharedBase) {
    define_scalar(&call, shared_);
    return true;
  }
  if (is_cross_lane(call)) return write_warp_call(call);
  if (name.starts_with("llvm.nvvm.barrier.")) return write_barrier(call);
  if (name.starts_with(kRegisters)) return write_register(call);
  if (name.starts_with("llvm.nvvm.isspacep.")) return write_space_test(call);
  if (name.starts_with("llvm.nvvm.membar.")) {
    b_.CreateFence(AtomicOrdering::SequentiallyConsistent, name.ends_with(".cta") ? SyncScope::SingleThread : SyncScope::System);
    return true;
  }
  if (name == kRootEstimate) {
    if (shapes_.uniform(&call))
      define_scalar(&call, root_estimate(b_, scalar(call.getArgOperand(0)), target_.mask_registers));
    else
      define_lanes(&call, {root_estimate(b_, vector(call.getArgOperand(0)), target_.mask_registers)});
    return true;
  }
  if (const unsigned bytes = bytes_of_copy(name)) {
    write_copy(call, bytes);
    return true;
  }
  if (name.starts_with("aw.")) return write_runtime_call(call, name);
  if (name.starts_with("llvm.nvvm.")) return false;
  if (call.doesNotAccessMemory() && shapes_.uniform(&call)) {
    write_uniform(call);
    return true;
  }
  if (call.doesNotAccessMemory() && (write_vector_intrinsic(call) || write_vector_variant(call))) return true;
  write_lane_calls(call, FunctionCallee(call.getFunctionType(), call.getCalledOperand()), {});
  return true;
}

// ---------------------------------------------------------------------------------------------------- registers

Value* Widener::linear_thread_index() { return b_.CreateAdd(splat(first_thread_), lane_numbers(width_, b_.getInt32Ty())); }

/// tid of lane 0, or where the lanes' tid has no shape of each of them: they are numbered x first.
Value* Widener::thread_index(unsigned axis) {
  const uint32_t nx = launch_.block[0], ny = launch_.block[1], nz = launch_.block[2];
  auto index = [&](Value* linear) {
    auto number = [&](uint32_t value) { return ConstantInt::get(linear->getType(), value); };
    if (axis == 2) return b_.CreateUDiv(linear, number(nx * ny));
    Value* across = axis == 0 ? linear : b_.CreateUDiv(linear, number(nx));
    const bool is_last = axis == 0 ? ny == 1 && nz == 1 : nz == 1;
    return is_last ? across : b_.CreateURem(across, number(axis == 0 ? nx : ny));
  };
  return index(first_thread_);
}

bool Widener::write_thread_register(CallInst& call) {
  unsigned axis = 0;
  switch (call.getIntrinsicID()) {
    case Intrinsic::nvvm_read_ptx_sreg_tid_x: break;
    case Intrinsic::nvvm_read_ptx_sreg_tid_y: axis = 1; break;
    case Intrinsic::nvvm_read_ptx_sreg_tid_z: axis = 2; break;
    case Intrinsic::nvvm_read_ptx_sreg_laneid:
      define_affine(&call, b_.CreateAnd(first_thread_, b_.getInt32(exec::kWarpSize - 1), "laneid"), nullptr);
      return true;
    default: return false;
  }
  if (shapes_.uniform(&call)) {
    define_scalar(&call, thread_index(axis));
    return true;
  }
  if (shapes_.affine(&call)) {
    define_affine(&call, thread_index(axis), nullptr);
    return true;
  }
  const uint32_t nx = launch_.block[0], ny = launch_.block[1];
  Value* linear = linear_thread_index();
  auto number = [&](uint32_t value) { return ConstantInt::get(linear->getType(), value); };
  if (axis == 2)
    define(&call, b_.CreateUDiv(linear, number(nx * ny)));
  else if (axis == 1)
    define(&call, b_.CreateURem(b_.CreateUDiv(linear, number(nx)), number(ny)));
  else
    define(&call, b_.CreateURem(linear, number(nx)));
  return true;
}

bool Widener::write_register(CallInst& call) {
  if (write_thread_register(call)) return true;
  Type* i32 = b_.getInt32Ty();
  Type* i64 = b_.getInt64Ty();
  const StringRef name = call.getCalledFunction()->getName().drop_front(kRegisters.size());
  auto number = [&](uint64_t value) -> Value* { return ConstantInt::get(call.getType(), value); };
  auto of_launch = [&](size_t offset) { return field(launch_pointer_, offset, i32, name); };
  const char last = name.empty() ? ' ' : name.back();
  const unsigned axis = last >= 'x' && last <= 'z' ? unsigned(last - 'x') : 0;
  const size_t step = axis * sizeof(uint32_t);
  auto cluster = [&](unsigned dimension) { return field(launch_pointer_, offsetof(AwLaunch, cluster) + 4 * dimension, i32, "cluster"); };
  auto ctaid = [&](unsigned dimension) {
    return dimension == 0 ? ctaid_x_ : field(block_, offsetof(AwBlock, ctaid) + 4 * dimension, i32, "ctaid");
  };
  auto in_cluster = [&](unsigned dimension) { return b_.CreateURem(ctaid(dimension), cluster(dimension)); };

  Value* result = nullptr;
  if (name.starts_with("lanemask.")) {
    Value* lane = b_.CreateAnd(linear_thread_index(), splat(b_.getInt32(31)));
    Value* bit = b_.CreateShl(splat(b_.getInt32(1)), lane);
    Value* below = b_.CreateSub(bit, splat(b_.getInt32(1)));
    const StringRef which = name.drop_front(9);
    Value* up_to = b_.CreateOr(below, bit);
    define(&call, which == "eq"   ? bit
                  : which == "lt" ? below
                  : which == "ge" ? b_.CreateNot(below)
                  : which == "le" ? up_to
                                  : b_.CreateNot(up_to));
    return true;
  }
  if (name.starts_with("ctaid."))
    result = last == 'w' ? number(0) : ctaid(axis);
  else if (name.starts_with("nctaid."))
    result = last == 'w' ? number(1) : of_launch(offsetof(AwLaunch, grid) + step);
  else if (name.starts_with("ntid."))
    result = last == 'w' ? number(1) : number(launch_.block[axis]);
  else if (name.starts_with("tid."))
    result = number(0);
  else if (name.starts_with("clusterid."))
    result = last == 'w' ? number(0) : b_.CreateUDiv(ctaid(axis), cluster(axis));
  else if (name.starts_with("nclusterid."))
    result = last == 'w' ? number(1) : b_.CreateUDiv(of_launch(offsetof(AwLaunch, grid) + step), cluster(axis));
  else if (name.starts_with("cluster.ctaid."))
    result = last == 'w' ? number(0) : in_cluster(axis);
  else if (name.starts_with("cluster.nctaid."))
    result = last == 'w' ? number(1) : cluster(axis);
  else if (name == "cluster.ctarank")
    result = b_.CreateAdd(in_cluster(0), b_.CreateMul(cluster(0), b_.CreateAdd(in_cluster(1), b_.CreateMul(cluster(1), in_cluster(2)))));
  else if (name == "cluster.nctarank")
    result = b_.CreateMul(cluster(0), b_.CreateMul(cluster(1), cluster(2)));
  else if (name == "warpsize" || name == "nwarpid")
    result = number(32);
  else if (name == "warpid")
    result = b_.CreateLShr(first_thread_, 5);
  else if (name == "smid")
    result = number(0);
  else if (name == "nsmid")
    result = number(1);
  else if (name == "gridid")
    result = b_.CreateTrunc(field(launch_pointer_, offsetof(AwLaunch, grid_id), i64, name), i32);
  else if (name == "dynamic.smem.size" || name == "dynamic_smem_size")
    result = of_launch(offsetof(AwLaunch, dynamic_shared));
  else if (name == "total.smem.size" || name == "total_smem_size" || name == "aggr.smem.size" || name == "aggr_smem_size")
    result = of_launch(offsetof(AwLaunch, shared_bytes));
  else if (name == "envreg1" || name == "envreg2") {
    // The workspace of grid synchronisation; register 1 is the high word.
    Value* workspace = field(launch_pointer_, offsetof(AwLaunch, cooperative), i64, "cooperative");
    result = b_.CreateTrunc(name == "envreg1" ? b_.CreateLShr(workspace, 32) : workspace, i32);
  } else if (name.starts_with("envreg"))
    result = number(0);
  else if (name == "clock" || name == "clock64")
    result = b_.CreateCall(runtime_function("aw_clock64", i64, {}));
  else if (name == "globaltimer" || name == "globaltimer.lo")
    result = b_.CreateCall(runtime_function("aw_globaltimer", i64, {}));
  if (!result) return false;
  if (auto* load = dyn_cast<LoadInst>(result); load && load != ctaid_x_)
    if (MDNode* range = call.getMetadata(LLVMContext::MD_range)) load->setMetadata(LLVMContext::MD_range, range);
  define_scalar(&call, b_.CreateZExtOrTrunc(result, call.getType()));
  return true;
}

/// isspacep: shared memory is the block's buffer, local memory the arrays of the slice, everything else is global.
bool Widener::write_space_test(CallInst& call) {
  const StringRef which = call.getCalledFunction()->getName().drop_front(strlen("llvm.nvvm.isspacep."));
  const bool is_uniform = shapes_.uniform(&call);
  Value* pointer = is_uniform ? scalar(call.getArgOperand(0)) : vector(call.getArgOperand(0));
  Type* type = is_uniform ? b_.getInt64Ty() : wide(b_.getInt64Ty());
  Value* address = b_.CreatePtrToInt(pointer, type);
  auto everywhere = [&](Value* value) { return is_uniform ? value : splat(value); };
  auto within = [&](Value* base, Value* bytes) {
    Value* distance = b_.CreateSub(address, everywhere(b_.CreatePtrToInt(base, b_.getInt64Ty())));
    return b_.CreateICmpULT(distance, everywhere(bytes));
  };
  Value* shared = within(
      shared_, b_.CreateZExt(field(launch_pointer_, offsetof(AwLaunch, shared_bytes), b_.getInt32Ty(), "shared_bytes"), b_.getInt64Ty()));
  Value* local = everywhere(b_.getFalse());
  for (const auto& [base, bytes] : local_arrays_) local = b_.CreateOr(local, within(base, b_.getInt64(bytes)));
  Value* result = which.starts_with("shared")   ? shared
                  : which.starts_with("local")  ? local
                  : which.starts_with("global") ? b_.CreateNot(b_.CreateOr(shared, local))
                                                : everywhere(b_.getFalse());
  if (is_uniform)
    define_scalar(&call, result);
  else
    define(&call, result);
  return true;
}

// ---------------------------------------------------------------------------------------------------- pure calls

bool Widener::write_vector_intrinsic(CallInst& call) {
  const Intrinsic::ID id = call.getIntrinsicID();
  switch (id) {
    case Intrinsic::uadd_with_overflow:
    case Intrinsic::sadd_with_overflow:
    case Intrinsic::usub_with_overflow:
    case Intrinsic::ssub_with_overflow:
    case Intrinsic::umul_with_overflow:
    case Intrinsic::smul_with_overflow: {
      if (call.getArgOperand(0)->getType()->isVectorTy()) return false;
      Value* both = b_.CreateBinaryIntrinsic(id, vector(call.getArgOperand(0)), vector(call.getArgOperand(1)));
      define_lanes(&call, Lanes{b_.CreateExtractValue(both, 0), b_.CreateExtractValue(both, 1)});
      return true;
    }
    default: break;
  }
  if (id == Intrinsic::not_intrinsic || !isTriviallyVectorizable(id) || call.getType()->isStructTy()) return false;
  SmallVector<Lanes> arguments;
  SmallVector<Value*> scalars;
  for (unsigned i = 0; i < call.arg_size(); ++i) {
    const Value* argument = call.getArgOperand(i);
    const bool stays = isVectorIntrinsicWithScalarOpAtArg(id, i, nullptr);
    if (stays && !shapes_.uniform(argument)) return false;
    scalars.push_back(stays ? scalar(argument) : nullptr);
    arguments.push_back(stays ? Lanes{} : lanes(argument));
  }
  SmallVector<Type*> results;
  component_types(call.getType(), results);
  Lanes result;
  for (unsigned component = 0; component < results.size(); ++component) {
    SmallVector<Type*> overloads;
    SmallVector<Value*> operands;
    if (isVectorIntrinsicWithOverloadTypeAtArg(id, -1, nullptr)) overloads.push_back(wide(results[component]));
    for (unsigned i = 0; i < call.arg_size(); ++i) {
      if (!scalars[i] && arguments[i].size() != results.size()) return false;
      operands.push_back(scalars[i] ? scalars[i] : arguments[i][component]);
      if (isVectorIntrinsicWithOverloadTypeAtArg(id, int(i), nullptr)) overloads.push_back(operands.back()->getType());
    }
    CallInst* wide_call = b_.CreateIntrinsic(id, overloads, operands);
    wide_call->copyIRFlags(&call);
    result.push_back(wide_call);
  }
  define_lanes(&call, std::move(result));
  return true;
}

/// The vector variant with the most lanes that the machine has registers for, in pieces.
bool Widener::write_vector_variant(CallInst& call) {
  if (call.getIntrinsicID() != Intrinsic::not_intrinsic || call.getType()->isVoidTy() || !call.hasFnAttr("vector-function-abi-variant"))
    return false;
  SmallVector<Type*> results;
  component_types(call.getType(), results);
  if (results.size() != 1 || call.getType()->isVectorTy()) return false;
  const unsigned bits = results[0]->getPrimitiveSizeInBits();
  std::optional<VFInfo> best;
  // LLVM's own reader would only see variants that the module declares already, which passes drop while nothing calls them.
  SmallVector<StringRef> mappings;
  call.getFnAttr(VFABI::MappingsAttrName).getValueAsString().split(mappings, ',', -1, /*KeepEmpty=*/false);
  for (StringRef mapping : mappings) {
    const std::optional<VFInfo> parsed = VFABI::tryDemangleForVFABI(mapping, call.getFunctionType());
    if (!parsed) continue;
    const VFInfo& variant = *parsed;
    const ElementCount lanes_of = variant.Shape.VF;
    if (lanes_of.isScalable() || lanes_of.getFixedValue() > width_ || !isPowerOf2_32(lanes_of.getFixedValue()) ||
        bits * lanes_of.getFixedValue() > target_.vector_bits)
      continue;
    const bool all_vectors = all_of(variant.Shape.Parameters, [](const VFParameter& parameter) {
      return parameter.ParamKind == VFParamKind::Vector || parameter.ParamKind == VFParamKind::GlobalPredicate;
    });
    if (!all_vectors) continue;
    const bool better = !best || lanes_of.getFixedValue() > best->Shape.VF.getFixedValue() ||
                        (lanes_of == best->Shape.VF && best->isMasked() && !variant.isMasked());
    if (better) best = variant;
  }
  if (!best) return false;
  const unsigned pieces = best->Shape.VF.getFixedValue();
  Module& module = *kernel_.getParent();
  Function* variant = module.getFunction(best->VectorName);
  if (!variant) {
    FunctionType* type = VFABI::createFunctionType(*best, call.getFunctionType());
    variant = Function::Create(type, GlobalValue::ExternalLinkage, best->VectorName, module);
    variant->setDoesNotThrow();
    variant->setDoesNotAccessMemory();
    variant->setWillReturn();
  }
  SmallVector<Value*> arguments;
  for (Value* argument : call.args()) arguments.push_back(vector(argument));
  SmallVector<Value*> parts;
  for (unsigned first = 0; first < width_; first += pieces) {
    SmallVector<int> mask(pieces);
    for (unsigned i = 0; i < pieces; ++i) mask[i] = int(first + i);
    auto piece = [&](Value* whole) { return pieces == width_ ? whole : b_.CreateShuffleVector(whole, mask); };
    SmallVector<Value*> operands;
    unsigned next = 0;
    for (const VFParameter& parameter : best->Shape.Parameters)
      operands.push_back(parameter.ParamKind == VFParamKind::GlobalPredicate ? piece(masks_.to_bools(mask_)) : piece(arguments[next++]));
    CallInst* made = b_.CreateCall(variant, operands);
    made->setCallingConv(variant->getCallingConv());
    parts.push_back(made);
  }
  define(&call, concatenate(parts));
  return true;
}

/// One call for each active lane; `before` are arguments that come first and are the same for all.
void Widener::write_lane_calls(CallInst& call, FunctionCallee callee, ArrayRef<Value*> before) {
  SmallVector<std::function<Value*(Value*)>> readers;
  for (Value* argument : call.args()) readers.push_back(lane_reader(argument));
  Type* type = call.getType();
  LaneResult result(*this, call.use_empty() ? nullptr : host_type(type));
  for_each_lane([&](Value* lane) {
    SmallVector<Value*> arguments(before);
    for (auto& reader : readers) {
      Value* argument = reader(lane);
      Type* wanted = callee.getFunctionType()->getParamType(unsigned(arguments.size()));
      // Functions still have the address spaces of kernel IR; the casts go with those.
      arguments.push_back(argument->getType()->isPointerTy() && wanted != argument->getType() ? b_.CreateAddrSpaceCast(argument, wanted)
                                                                                              : argument);
    }
    CallInst* made = b_.CreateCall(callee, arguments);
    made->setCallingConv(call.getCallingConv());
    Value* value = made;
    if (type->isPointerTy() && type != host_type(type)) value = b_.CreateAddrSpaceCast(value, host_type(type));
    if (!call.use_empty()) result.set(lane, value);
  });
  if (!call.use_empty()) define_lanes(&call, result.get());
}

// ---------------------------------------------------------------------------------------------------- the device runtime

bool Widener::write_runtime_call(CallInst& call, StringRef name) {
  PointerType* pointer = b_.getPtrTy();
  Type* i32 = b_.getInt32Ty();
  if (name == "aw.trap") {
    b_.CreateCall(runtime_function("aw_trap", b_.getVoidTy(), {pointer}), {block_});
    return true;
  }
  if (name == "aw.nanosleep") {
    // All lanes sleep at once.
    Value* time = shapes_.uniform(call.getArgOperand(0)) ? scalar(call.getArgOperand(0)) : last_lane(call.getArgOperand(0));
    b_.CreateCall(runtime_function("aw_nanosleep", b_.getVoidTy(), {pointer, i32}), {block_, time});
    return true;
  }
  if (name == "aw.vprintf") {
    write_lane_calls(call, runtime_function("aw_vprintf", i32, {pointer, pointer, pointer}), {block_});
    return true;
  }
  if (name == "aw.malloc") {
    write_lane_calls(call, runtime_function("aw_malloc", pointer, {pointer, b_.getInt64Ty()}), {block_});
    return true;
  }
  if (name == "aw.free") {
    write_lane_calls(call, runtime_function("aw_free", b_.getVoidTy(), {pointer, pointer}), {block_});
    return true;
  }
  if (name == "aw.texture") {
    write_texture_fetch(call);
    return true;
  }
  if (name == "aw.assertfail") {
    auto message = lane_reader(call.getArgOperand(0)), file = lane_reader(call.getArgOperand(1)), line = lane_reader(call.getArgOperand(2)),
         function = lane_reader(call.getArgOperand(3));
    FunctionCallee callee = runtime_function("aw_assertfail", b_.getVoidTy(), {pointer, pointer, pointer, pointer, i32, pointer});
    AllocaInst* thread = temporary(ArrayType::get(i32, 3), "tid");
    const uint32_t nx = launch_.block[0], ny = launch_.block[1];
    for_each_lane([&](Value* lane) {
      Value* linear = b_.CreateAdd(first_thread_, lane);
      Value* row = b_.CreateUDiv(linear, b_.getInt32(nx));
      Value* index[3] = {b_.CreateURem(linear, b_.getInt32(nx)), b_.CreateURem(row, b_.getInt32(ny)), b_.CreateUDiv(row, b_.getInt32(ny))};
      for (unsigned i = 0; i < 3; ++i) b_.CreateStore(index[i], b_.CreateConstInBoundsGEP1_64(i32, thread, i));
      b_.CreateCall(callee, {block_, thread, message(lane), file(lane), line(lane), function(lane)});
    });
    return true;
  }
  return false;
}

/// The lanes' arguments go through memory, what is not asked for is left out: {i32, i32, i32, i32} aw.texture(handle, how, layer, x, y, z,
/// lod).
void Widener::write_texture_fetch(CallInst& call) {
  Type* i32 = b_.getInt32Ty();
  AllocaInst* fetch = temporary(ArrayType::get(b_.getInt64Ty(), sizeof(AwFetch) / 8), "fetch");
  const auto at = [&](size_t offset) { return b_.CreateConstInBoundsGEP1_64(b_.getInt8Ty(), fetch, offset); };
  constexpr size_t kFields[] = {
      offsetof(AwFetch, handle), 0, offsetof(AwFetch, layer), offsetof(AwFetch, x), offsetof(AwFetch, y), offsetof(AwFetch, z),
      offsetof(AwFetch, lod)};
  const uint64_t how = cast<ConstantInt>(call.getArgOperand(1))->getZExtValue();
  const uint64_t dimensions = how & AW_FETCH_DIMENSIONS;
  const bool is_asked_for[] = {
      true, false, (how & AW_FETCH_LAYER) != 0, true, dimensions >= 2, dimensions == 3, (how & AW_FETCH_LEVEL) != 0};
  for (unsigned i = 0; i < std::size(kFields); ++i) {
    if (!is_asked_for[i]) continue;
    b_.CreateAlignedStore(vector(call.getArgOperand(i)), at(kFields[i]), Align(8));
  }
  Value* mask = mask_ ? b_.CreateZExtOrTrunc(masks_.bits(mask_), i32) : b_.getInt32(width_ == 32 ? ~0u : (1u << width_) - 1);
  b_.CreateCall(runtime_function("aw_texture", b_.getVoidTy(), {b_.getPtrTy(), i32, i32}), {fetch, mask, call.getArgOperand(1)});
  Lanes result;
  for (unsigned c = 0; c < 4; ++c)
    result.push_back(b_.CreateAlignedLoad(wide(i32), at(offsetof(AwFetch, result) + c * sizeof(AwFetch::result[0])), Align(8)));
  define_lanes(&call, std::move(result));
}

// ---------------------------------------------------------------------------------------------------- barriers

Value* Widener::active_count() {
  if (!mask_) return b_.getInt32(width_);
  Value* bits = masks_.bits(mask_);
  return b_.CreateZExtOrTrunc(b_.CreateUnaryIntrinsic(Intrinsic::ctpop, bits), b_.getInt32Ty());
}

bool Widener::write_barrier(CallInst& call) {
  StringRef name = call.getCalledFunction()->getName();
  if (!name.consume_front("llvm.nvvm.barrier.cta.")) return false;
  const bool has_count = name.ends_with(".count");
  const bool reduces = name.starts_with("red.");
  for (unsigned i = 0; i < 1u + has_count; ++i)
    if (!shapes_.uniform(call.getArgOperand(i))) {
      unsupported(call, "its barrier or count differs between the threads of a warp");
      return true;
    }
  Value* barrier = scalar(call.getArgOperand(0));
  Value* count = has_count ? scalar(call.getArgOperand(1)) : b_.getInt32(0);
  if (name.starts_with("arrive.")) {
    FunctionCallee callee =
        runtime_function("aw_barrier_arrive", b_.getVoidTy(), {b_.getPtrTy(), b_.getInt32Ty(), b_.getInt32Ty(), b_.getInt32Ty()});
    b_.CreateCall(callee, {block_, barrier, count, active_count()});
    return true;
  }
  Value* votes = b_.getInt32(0);
  if (reduces) {
    const Value* predicate = call.getArgOperand(has_count ? 2 : 1);
    Value* lanes_of = masks_.where(mask_, vector(predicate));
    votes = b_.CreateZExtOrTrunc(b_.CreateUnaryIntrinsic(Intrinsic::ctpop, masks_.bits(lanes_of)), b_.getInt32Ty());
  }
  const bool popc = name.starts_with("red.popc"), all = name.starts_with("red.and");
  Value* result = nullptr;
  if (suspends_) {
    suspend(!reduces ? AW_WAIT_BARRIER
            : popc   ? AW_WAIT_BARRIER_POPC
            : all    ? AW_WAIT_BARRIER_AND
                     : AW_WAIT_BARRIER_OR,
            barrier, count, votes);
    if (reduces) result = b_.CreateLoad(b_.getInt32Ty(), slice_field(offsetof(AwSlice, result)));
    if (reduces && !popc) result = b_.CreateICmpNE(result, b_.getInt32(0));
  } else if (reduces) {
    result = popc ? votes : all ? b_.CreateICmpEQ(votes, active_count()) : b_.CreateICmpNE(votes, b_.getInt32(0));
  }
  if (reduces) define_scalar(&call, result);
  return true;
}

Value* Widener::slice_field(size_t offset) { return b_.CreateConstInBoundsGEP1_64(b_.getInt8Ty(), slice_pointer_, offset); }

void Widener::suspend(uint32_t kind, Value* barrier, Value* count, Value* value) {
  b_.CreateStore(b_.getInt32(kind), slice_field(offsetof(AwSlice, wait)));
  if (barrier) {
    b_.CreateStore(barrier, slice_field(offsetof(AwSlice, barrier)));
    b_.CreateStore(count, slice_field(offsetof(AwSlice, count)));
    b_.CreateStore(active_count(), slice_field(offsetof(AwSlice, lanes)));
    b_.CreateStore(value, slice_field(offsetof(AwSlice, value)));
  }
  Value* how = b_.CreateIntrinsic(Intrinsic::coro_suspend, {}, {ConstantTokenNone::get(context_), b_.getFalse()});
  BasicBlock* resumed = BasicBlock::Create(context_, "resumed", out_);
  SwitchInst* choice = b_.CreateSwitch(how, coroutine_end_, 2);
  choice->addCase(b_.getInt8(0), resumed);
  choice->addCase(b_.getInt8(1), coroutine_cleanup_);
  b_.SetInsertPoint(resumed);
}

}  // namespace anywarp::spmd
