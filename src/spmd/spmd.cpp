#include "spmd/spmd.h"

#include "spmd/copies.h"
#include "spmd/cost.h"
#include "spmd/explain.h"
#include "spmd/intrinsics.h"
#include "spmd/lane_loops.h"
#include "spmd/linearise.h"
#include "spmd/prepare.h"
#include "spmd/products.h"
#include "spmd/regions.h"
#include "spmd/retarget.h"
#include "spmd/shapes.h"
#include "spmd/waiting.h"
#include "spmd/walking.h"
#include "spmd/widen.h"

#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Module.h>
#include <llvm/Passes/PassBuilder.h>

namespace anywarp::spmd {
namespace {

using namespace llvm;

/// LLVM's analyses of one function.
struct Analyses {
  Analyses() {
    PassBuilder builder;
    builder.registerModuleAnalyses(module);
    builder.registerCGSCCAnalyses(graph);
    builder.registerFunctionAnalyses(function);
    builder.registerLoopAnalyses(loop);
    builder.crossRegisterProxies(loop, function, graph, module);
  }
  LoopAnalysisManager loop;
  FunctionAnalysisManager function;
  CGSCCAnalysisManager graph;
  ModuleAnalysisManager module;
};

bool returns(const Function& kernel) {
  return any_of(kernel, [](const BasicBlock& block) { return isa<ReturnInst>(block.getTerminator()); });
}

/// `i64 @name()`: a ramp without a frame tells the size of one.
void write_frame_size(Function& entry, StringRef name) {
  LLVMContext& context = entry.getContext();
  IRBuilder<> b(context);
  Function* function = Function::Create(FunctionType::get(b.getInt64Ty(), false), GlobalValue::ExternalLinkage, name, entry.getParent());
  b.SetInsertPoint(BasicBlock::Create(context, "entry", function));
  Value* null = ConstantPointerNull::get(b.getPtrTy());
  b.CreateRet(b.CreatePtrToInt(b.CreateCall(&entry, {null, null, null}), b.getInt64Ty()));
}

/// Functions that the kernel has left behind: what nothing calls any more.
void drop_unused(Module& module, const Function* keep, const Function* keep_too) {
  for (bool again = true; again;) {
    again = false;
    for (Function& function : make_early_inc_range(module)) {
      function.removeDeadConstantUsers();
      if (&function == keep || &function == keep_too || !function.use_empty()) continue;
      function.eraseFromParent();
      again = true;
    }
  }
}

}  // namespace

Result<BlockFunction> run(kir::KernelModule& module, const LaunchShape& launch, const Target& target, std::string* why) {
  const uint64_t threads = uint64_t(launch.block[0]) * launch.block[1] * launch.block[2];
  if (threads == 0 || threads > 1024)
    return Error{CUDA_ERROR_INVALID_VALUE, "A block has 1 to 1024 threads, not " + std::to_string(threads) + ".", {}};
  const std::string name = module.kernel->getName().str();
  BlockFunction result;
  result.entry = name + ".block";

  // Shared variables become offsets from one base, which is uniform.
  AW_ASSIGN(const SharedLayout shared, layout_shared(module));
  result.static_shared = shared.static_bytes;
  result.shared_align = shared.align;

  Function& kernel = *module.kernel;
  Analyses analyses;
  if (join_copies(kernel, analyses.function) + join_products(kernel)) analyses.function.invalidate(kernel, PreservedAnalyses::none());
  AW_TRY(prepare(kernel, analyses.function));
  if (!returns(kernel)) return Error{CUDA_ERROR_NOT_SUPPORTED, "The vector engine does not take a kernel that never returns.", name};

  AW_ASSIGN(result.width, choose_width(kernel, launch, target));
  auto shapes_of_now = std::make_unique<Shapes>(kernel, analyses.function, launch, result.width);
  if (outline_lane_loops(kernel, analyses.function, *shapes_of_now))
    shapes_of_now = std::make_unique<Shapes>(kernel, analyses.function, launch, result.width);
  Shapes& shapes = *shapes_of_now;
  Linearisation plan(kernel, analyses.function, shapes);
  // Phis where no lanes are blended keep the shape of what comes in; that changes no branch, so the plan stands.
  shapes.refine([&plan](const BasicBlock* block) { return plan.blends(block); });

  AW_ASSIGN(const Waiting waiting, find_waiting(kernel, shapes, plan));
  const Walking walking = find_walking(kernel, plan.loops(), shapes, launch);
  result.walks = !walking.loops.empty();
  result.most_blocks = walking.most_blocks;
  const bool waits = waiting.barriers && threads > result.width;
  std::optional<Regions> regions;
  if (waits && waiting.spinning.empty() && !result.walks) regions = Regions::find(kernel, analyses.function, launch, plan);
  if (regions) result.regions = regions->count();
  result.suspends = (waits && !regions) || !waiting.spinning.empty() || result.walks;

  if (why) *why = explain(kernel, shapes, plan, waiting, walking, regions ? &*regions : nullptr);

  Function* entry = nullptr;
  {
    Widener widener(kernel, shapes, plan, waiting, walking, regions ? &*regions : nullptr, launch, target, result.width, result.suspends);
    AW_ASSIGN(entry, widener.run(result.entry));
  }
  analyses.function.clear();

  Function* frame_size = nullptr;
  if (result.suspends) {
    result.frame_size = name + ".frame_size";
    write_frame_size(*entry, result.frame_size);
    frame_size = module.module->getFunction(result.frame_size);
  }
  module.kernel->eraseFromParent();
  module.kernel = entry;
  drop_unused(*module.module, entry, frame_size);
  drop_address_spaces(module);
  return result;
}

}  // namespace anywarp::spmd
