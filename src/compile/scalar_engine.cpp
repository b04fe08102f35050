// One thread is one call, so a kernel in kernel IR is nearly what is wanted already. What is left: special registers are
// read from AwThread, barriers and warp operations become calls of the executor, which suspend the thread's fiber, and a
// loop that may wait for another thread lets that one run.
//
//   before   %t = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()        call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
//   after    %t = load i32, ptr %thread + offsetof(tid)            call void @aw_scalar_barrier(ptr %thread, i32 0, i32 0)
//
// Functions that were not inlined (recursion, calls through pointers) ask the executor for the thread they run in.
// Nothing here is optimised for speed: this engine is the oracle.
#include "compile/scalar_engine.h"

#include "exec/abi.h"
#include "kir/matrix.h"
#include "spmd/estimates.h"
#include "spmd/intrinsics.h"
#include "spmd/retarget.h"

#include <llvm/ADT/StringSwitch.h>
#include <llvm/Analysis/AssumptionCache.h>
#include <llvm/Analysis/LoopInfo.h>
#include <llvm/Analysis/ScalarEvolution.h>
#include <llvm/Analysis/TargetLibraryInfo.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/IntrinsicsNVPTX.h>
#include <llvm/IR/Module.h>
#include <llvm/Support/raw_ostream.h>

#include <cstddef>
#include <iterator>

namespace anywarp::compile {
namespace {

using namespace llvm;

/// Rewrites the calls of one function.
class Rewriter {
 public:
  Rewriter(Function& function, Value* thread, const jit::Processor& processor)
      : function_(function), module_(*function.getParent()), b_(function.getContext()), thread_(thread), processor_(processor) {}

  Result<> run();
  bool suspends() const { return suspends_; }

 private:
  Result<> rewrite(CallInst& call);
  Value* value_of(CallInst& call, StringRef name);
  Value* special_register(StringRef name, Type* type);
  Value* warp_operation(CallInst& call, StringRef name);
  Value* barrier(CallInst& call, StringRef name);
  Value* device_runtime(CallInst& call, StringRef name);
  Value* texture_fetch(CallInst& call);

  Value* at(Value* base, size_t offset) { return b_.CreateConstInBoundsGEP1_64(b_.getInt8Ty(), base, offset); }
  Value* load(Value* base, size_t offset, Type* type = nullptr) { return b_.CreateLoad(type ? type : b_.getInt32Ty(), at(base, offset)); }
  Value* block() { return load(thread_, offsetof(AwThread, block), b_.getPtrTy()); }
  Value* launch() { return load(block(), offsetof(AwBlock, launch), b_.getPtrTy()); }
  Value* launch_field(size_t offset, unsigned axis = 0) { return load(launch(), offset + 4 * axis); }
  Value* lane() { return b_.CreateAnd(load(thread_, offsetof(AwThread, index)), 31); }
  CallInst* external(StringRef name, Type* result, ArrayRef<Value*> arguments) {
    SmallVector<Type*, 8> types;
    for (Value* argument : arguments) types.push_back(argument->getType());
    return b_.CreateCall(module_.getOrInsertFunction(name, FunctionType::get(result, types, false)), arguments);
  }
  /// The executor suspends the fiber: the call must stay where it is, and happens once for each time it is reached.
  CallInst* waits(StringRef name, Type* result, ArrayRef<Value*> arguments) {
    suspends_ = true;
    CallInst* call = external(name, result, arguments);
    call->addFnAttr(Attribute::NoDuplicate);
    call->addFnAttr(Attribute::NoMerge);
    call->addFnAttr(Attribute::Convergent);
    return call;
  }
  AllocaInst* temporary(Type* type) {
    IRBuilder<> builder(&*function_.getEntryBlock().begin());
    return builder.CreateAlloca(type);
  }
  void yield_in_spinning_loops();

  Function& function_;
  Module& module_;
  IRBuilder<> b_;
  Value* thread_;
  const jit::Processor& processor_;
  bool suspends_ = false;
};

unsigned axis_of(StringRef name) { return name.ends_with(".y") ? 1 : name.ends_with(".z") ? 2 : 0; }

Value* Rewriter::special_register(StringRef name, Type* type) {
  const unsigned axis = axis_of(name);
  auto block_axis = [&] { return load(block(), offsetof(AwBlock, ctaid) + 4 * axis); };
  if (name.starts_with("tid.")) return load(thread_, offsetof(AwThread, tid) + 4 * axis);
  if (name.starts_with("ntid.")) return launch_field(offsetof(AwLaunch, block), axis);
  if (name.starts_with("ctaid.")) return block_axis();
  if (name.starts_with("nctaid.")) return launch_field(offsetof(AwLaunch, grid), axis);
  if (name == "laneid") return lane();
  if (name == "warpsize") return b_.getInt32(32);
  // Every worker is as good as another: the device looks like one multiprocessor here.
  if (name == "smid") return b_.getInt32(0);
  if (name == "nsmid") return b_.getInt32(1);
  if (name == "dynamic.smem.size") return launch_field(offsetof(AwLaunch, dynamic_shared));
  if (name == "total.smem.size" || name == "aggr.smem.size") return launch_field(offsetof(AwLaunch, shared_bytes));
  if (name == "gridid") return b_.CreateZExtOrTrunc(load(launch(), offsetof(AwLaunch, grid_id), b_.getInt64Ty()), type);
  if (name == "envreg1" || name == "envreg2") {
    Value* workspace = b_.CreatePtrToInt(load(launch(), offsetof(AwLaunch, cooperative), b_.getPtrTy()), b_.getInt64Ty());
    return b_.CreateTrunc(name == "envreg1" ? b_.CreateLShr(workspace, 32) : workspace, b_.getInt32Ty());
  }
  if (name == "clock64") return external("aw_clock64", b_.getInt64Ty(), {});
  if (name == "clock") return b_.CreateTrunc(external("aw_clock64", b_.getInt64Ty(), {}), b_.getInt32Ty());
  if (name == "globaltimer") return external("aw_globaltimer", b_.getInt64Ty(), {});
  auto cluster = [&](unsigned a) { return launch_field(offsetof(AwLaunch, cluster), a); };
  if (name.starts_with("clusterid.")) return b_.CreateUDiv(block_axis(), cluster(axis));
  if (name.starts_with("nclusterid.")) return b_.CreateUDiv(launch_field(offsetof(AwLaunch, grid), axis), cluster(axis));
  if (name.starts_with("cluster.ctaid.")) return b_.CreateURem(block_axis(), cluster(axis));
  if (name.starts_with("cluster.nctaid.")) return cluster(axis);
  if (name == "cluster.nctarank") return b_.CreateMul(b_.CreateMul(cluster(0), cluster(1)), cluster(2));
  if (name == "cluster.ctarank") {
    auto place = [&](unsigned a) { return b_.CreateURem(load(block(), offsetof(AwBlock, ctaid) + 4 * a), cluster(a)); };
    Value* plane = b_.CreateAdd(b_.CreateMul(place(2), cluster(1)), place(1));
    return b_.CreateAdd(b_.CreateMul(plane, cluster(0)), place(0));
  }
  return nullptr;
}

Value* Rewriter::barrier(CallInst& call, StringRef name) {
  const bool counted = name.contains(".count");
  Value* id = call.getArgOperand(0);
  Value* count = counted ? call.getArgOperand(1) : b_.getInt32(0);
  if (name.starts_with("sync.")) return waits("aw_scalar_barrier", b_.getVoidTy(), {thread_, id, count});
  if (name.starts_with("arrive.")) return external("aw_barrier_arrive", b_.getVoidTy(), {block(), id, count, b_.getInt32(1)});
  const AwWaitKind kind = name.starts_with("red.popc")  ? AW_WAIT_BARRIER_POPC
                          : name.starts_with("red.and") ? AW_WAIT_BARRIER_AND
                                                        : AW_WAIT_BARRIER_OR;
  Value* predicate = b_.CreateZExt(call.getArgOperand(counted ? 2 : 1), b_.getInt32Ty());
  Value* result = waits("aw_scalar_barrier_red", b_.getInt32Ty(), {thread_, b_.getInt32(kind), id, count, predicate});
  return call.getType()->isIntegerTy(1) ? b_.CreateICmpNE(result, b_.getInt32(0)) : result;
}

Value* Rewriter::warp_operation(CallInst& call, StringRef name) {
  IntegerType* i32 = b_.getInt32Ty();
  auto argument = [&](unsigned i) { return call.getArgOperand(i); };
  auto pair = [&](Value* first, Value* second) {
    Value* both = b_.CreateInsertValue(PoisonValue::get(call.getType()), first, 0);
    return b_.CreateInsertValue(both, b_.CreateICmpNE(second, b_.getInt32(0)), 1);
  };
  if (name == "bar.warp.sync") return waits("aw_scalar_syncwarp", b_.getVoidTy(), {thread_, argument(0)});
  if (name == "activemask") return waits("aw_scalar_activemask", i32, {thread_});
  if (name.consume_front("shfl.sync.")) {
    const uint32_t mode = name.starts_with("up") ? 0 : name.starts_with("down") ? 1 : name.starts_with("bfly") ? 2 : 3;
    AllocaInst* in_range = temporary(i32);
    Value* value = b_.CreateBitCast(argument(1), i32);
    Value* result = waits("aw_scalar_shfl", i32, {thread_, b_.getInt32(mode), argument(0), value, argument(2), argument(3), in_range});
    if (name.contains("f32")) result = b_.CreateBitCast(result, b_.getFloatTy());
    return call.getType()->isStructTy() ? pair(result, b_.CreateLoad(i32, in_range)) : result;
  }
  if (name.consume_front("vote.")) {
    Value* mask = argument(0);
    Value* holds = waits("aw_scalar_ballot", i32, {thread_, mask, b_.CreateZExt(argument(1), i32)});
    if (name.starts_with("ballot")) return holds;
    // Lanes of the mask that have exited, or never were, do not vote.
    Value* voters = waits("aw_scalar_ballot", i32, {thread_, mask, b_.getInt32(1)});
    Value* none = b_.CreateICmpEQ(holds, b_.getInt32(0));
    Value* every = b_.CreateICmpEQ(holds, voters);
    if (name.starts_with("all")) return every;
    if (name.starts_with("any")) return b_.CreateNot(none);
    return b_.CreateOr(none, every);
  }
  if (name.consume_front("match.")) {
    Value* value = b_.CreateZExt(argument(1), b_.getInt64Ty());
    if (name.starts_with("any")) return waits("aw_scalar_match_any", i32, {thread_, argument(0), value});
    AllocaInst* equal = temporary(i32);
    Value* mask = waits("aw_scalar_match_all", i32, {thread_, argument(0), value, equal});
    return pair(mask, b_.CreateLoad(i32, equal));
  }
  if (name.consume_front("redux.sync.")) {
    const int op = StringSwitch<int>(name)
                       .Case("add", 0)
                       .Case("min", 1)
                       .Case("max", 2)
                       .Case("umin", 3)
                       .Case("umax", 4)
                       .Case("and", 5)
                       .Case("or", 6)
                       .Case("xor", 7)
                       .Default(-1);
    if (op < 0) return nullptr;
    return waits("aw_scalar_redux", i32, {thread_, argument(1), b_.getInt32(op), argument(0)});
  }
  if (name == "elect.sync") {
    Value* active = waits("aw_scalar_ballot", i32, {thread_, argument(0), b_.getInt32(1)});
    Value* leader = b_.CreateBinaryIntrinsic(Intrinsic::cttz, active, b_.getFalse());
    return pair(leader, b_.CreateZExt(b_.CreateICmpEQ(leader, lane()), i32));
  }
  return nullptr;
}

Value* Rewriter::device_runtime(CallInst& call, StringRef name) {
  auto argument = [&](unsigned i) { return call.getArgOperand(i); };
  if (name == spmd::kSharedBase) return load(block(), offsetof(AwBlock, shared), b_.getPtrTy());
  if (name == spmd::kRootEstimate) return spmd::root_estimate(b_, argument(0), processor_.mask_registers);
  if (name == "aw.vprintf") return external("aw_vprintf", b_.getInt32Ty(), {block(), argument(0), argument(1)});
  if (name == "aw.assertfail")
    return external("aw_assertfail", b_.getVoidTy(),
                    {block(), at(thread_, offsetof(AwThread, tid)), argument(0), argument(1), argument(2), argument(3)});
  if (name == "aw.trap") return external("aw_trap", b_.getVoidTy(), {block()});
  if (name == "aw.malloc") return external("aw_malloc", b_.getPtrTy(), {block(), argument(0)});
  if (name == "aw.free") return external("aw_free", b_.getVoidTy(), {block(), argument(0)});
  if (name == "aw.texture") return texture_fetch(call);
  if (name == "aw.nanosleep") return waits("aw_nanosleep", b_.getVoidTy(), {block(), argument(0)});
  return nullptr;
}

/// {i32, i32, i32, i32} aw.texture(handle, how, layer, x, y, z, lod): lane 0 of an AwFetch.
Value* Rewriter::texture_fetch(CallInst& call) {
  AllocaInst* fetch = temporary(ArrayType::get(b_.getInt64Ty(), sizeof(AwFetch) / 8));
  constexpr size_t kFields[] = {
      offsetof(AwFetch, handle), 0, offsetof(AwFetch, layer), offsetof(AwFetch, x), offsetof(AwFetch, y), offsetof(AwFetch, z),
      offsetof(AwFetch, lod)};
  for (unsigned i = 0; i < std::size(kFields); ++i)
    if (i != 1) b_.CreateStore(call.getArgOperand(i), at(fetch, kFields[i]));
  external("aw_texture", b_.getVoidTy(), {fetch, b_.getInt32(1), call.getArgOperand(1)});
  Value* result = PoisonValue::get(call.getType());
  for (unsigned c = 0; c < 4; ++c)
    result = b_.CreateInsertValue(result, load(fetch, offsetof(AwFetch, result) + c * sizeof(AwFetch::result[0])), c);
  return result;
}

Value* Rewriter::value_of(CallInst& call, StringRef name) {
  if (name.starts_with("aw.")) return device_runtime(call, name);
  if (!name.consume_front("llvm.nvvm.")) return nullptr;
  if (name.consume_front("read.ptx.sreg.")) return special_register(name, call.getType());
  if (name.consume_front("barrier.cta.")) return barrier(call, name);
  return warp_operation(call, name);
}

Result<> Rewriter::rewrite(CallInst& call) {
  const Function* callee = call.getCalledFunction();
  if (!callee || !callee->isDeclaration()) return {};
  const StringRef name = callee->getName();
  if (!name.starts_with("aw.") && !name.starts_with("llvm.nvvm.")) return {};
  b_.SetInsertPoint(&call);
  Value* value = value_of(call, name);
  if (!value) {
    std::string text;
    raw_string_ostream(text) << call;
    return Error{CUDA_ERROR_NOT_SUPPORTED, "The scalar engine does not know" + text + ".", function_.getName().str()};
  }
  if (!call.getType()->isVoidTy()) call.replaceAllUsesWith(value);
  call.eraseFromParent();
  return {};
}

bool touches_what_others_write(const Instruction& instruction) {
  if (isa<AtomicRMWInst, AtomicCmpXchgInst>(instruction)) return true;
  const auto* load = dyn_cast<LoadInst>(&instruction);
  return load && (load->isAtomic() || load->isVolatile());
}

/// A loop whose end depends on memory that other threads write may wait for them.
void Rewriter::yield_in_spinning_loops() {
  if (none_of(instructions(function_), touches_what_others_write)) return;
  DominatorTree dominators(function_);
  LoopInfo loops(dominators);
  AssumptionCache assumptions(function_);
  TargetLibraryInfoImpl library_impl(module_.getTargetTriple());
  TargetLibraryInfo library(library_impl);
  ScalarEvolution evolution(function_, library, assumptions, dominators, loops);
  SmallVector<BasicBlock*> latches;
  for (Loop* loop : loops.getLoopsInPreorder()) {
    const bool shares = any_of(loop->blocks(), [](BasicBlock* block) { return any_of(*block, touches_what_others_write); });
    if (!shares || evolution.hasLoopInvariantBackedgeTakenCount(loop)) continue;
    loop->getLoopLatches(latches);
  }
  SmallPtrSet<BasicBlock*, 8> done;
  for (BasicBlock* latch : latches) {
    if (!done.insert(latch).second) continue;
    b_.SetInsertPoint(latch->getTerminator());
    waits("aw_scalar_yield", b_.getVoidTy(), {thread_});
  }
}

Result<> Rewriter::run() {
  kir::expand_matrix_operations(function_);
  yield_in_spinning_loops();
  SmallVector<CallInst*> calls;
  for (Instruction& instruction : instructions(function_))
    if (auto* call = dyn_cast<CallInst>(&instruction)) calls.push_back(call);
  for (CallInst* call : calls) AW_TRY(rewrite(*call));
  return {};
}

/// `void @kernel.thread(ptr %thread)` with the kernel's body; its parameter buffer is the launch's.
Function* make_entry(kir::KernelModule& kernel) {
  Function* old = kernel.kernel;
  LLVMContext& context = old->getContext();
  IRBuilder<> b(context);
  auto* entry = Function::Create(FunctionType::get(b.getVoidTy(), {b.getPtrTy()}, false), GlobalValue::ExternalLinkage,
                                 old->getName() + ".thread", old->getParent());
  entry->addFnAttr(Attribute::NoUnwind);
  entry->splice(entry->begin(), old);
  b.SetInsertPoint(&*entry->getEntryBlock().begin());
  auto load = [&](Value* base, size_t offset) {
    return b.CreateLoad(b.getPtrTy(), b.CreateConstInBoundsGEP1_64(b.getInt8Ty(), base, offset));
  };
  Value* launch = load(load(entry->getArg(0), offsetof(AwThread, block)), offsetof(AwBlock, launch));
  Value* params = load(launch, offsetof(AwLaunch, params));
  old->getArg(0)->replaceAllUsesWith(params);
  old->eraseFromParent();
  kernel.kernel = entry;
  return entry;
}

uint64_t local_bytes(const Function& function) {
  uint64_t bytes = 0;
  for (const Instruction& instruction : instructions(function))
    if (const auto* alloca = dyn_cast<AllocaInst>(&instruction))
      if (auto size = alloca->getAllocationSize(function.getDataLayout())) bytes += size->getKnownMinValue();
  return bytes;
}

}  // namespace

Result<ThreadFunction> run_scalar(kir::KernelModule& kernel, const jit::Processor& processor) {
  ThreadFunction result;
  AW_ASSIGN(const spmd::SharedLayout layout, spmd::layout_shared(kernel));
  result.static_shared = layout.static_bytes;
  spmd::drop_address_spaces(kernel);
  Function* entry = make_entry(kernel);
  result.entry = entry->getName().str();
  SmallVector<Function*> functions;
  for (Function& function : *kernel.module)
    if (!function.isDeclaration()) functions.push_back(&function);
  for (Function* function : functions) {
    Value* thread = entry->getArg(0);
    if (function != entry) {
      result.calls = true;
      IRBuilder<> b(&*function->getEntryBlock().begin());
      thread = b.CreateCall(kernel.module->getOrInsertFunction("aw_scalar_this_thread", FunctionType::get(b.getPtrTy(), false)));
    }
    Rewriter rewriter(*function, thread, processor);
    AW_TRY(rewriter.run());
    result.suspends |= rewriter.suspends();
    result.stack_bytes += local_bytes(*function);
  }
  return result;
}

}  // namespace anywarp::compile
