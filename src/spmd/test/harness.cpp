#include "spmd/test/harness.h"

#include "exec/exec.h"
#include "exec/runtime_symbols.h"
#include "jit/jit.h"
#include "opt/opt.h"
#include "spmd/specialise.h"

#include <gtest/gtest.h>
#include <llvm/AsmParser/Parser.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/Verifier.h>
#include <llvm/Support/SourceMgr.h>
#include <llvm/Support/raw_ostream.h>
#include <llvm/Target/TargetMachine.h>
#include <llvm/TargetParser/Triple.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace anywarp::spmd::test {
namespace {

using namespace llvm;

std::string text_of(const Module& module) {
  std::string text;
  raw_string_ostream stream(text);
  module.print(stream, nullptr);
  return text;
}

/// clang passes parameters one by one; kernel IR has them in a buffer.
void take_params_from_buffer(kir::KernelModule& kernel) {
  Function* old = kernel.kernel;
  Module& module = *kernel.module;
  const std::string name = old->getName().str();
  old->setName("");
  auto* type = FunctionType::get(Type::getVoidTy(*kernel.context), {PointerType::get(*kernel.context, 0)}, false);
  Function* fresh = Function::Create(type, GlobalValue::ExternalLinkage, name, module);
  fresh->setCallingConv(CallingConv::PTX_Kernel);
  fresh->addParamAttr(0, Attribute::NoAlias);
  fresh->addParamAttr(0, Attribute::ReadOnly);
  fresh->addParamAttr(0, Attribute::getWithAlignment(*kernel.context, Align(16)));
  fresh->splice(fresh->begin(), old);
  IRBuilder<> b(&*fresh->getEntryBlock().getFirstInsertionPt());
  uint64_t offset = 0;
  for (Argument& argument : old->args()) {
    const DataLayout& layout = module.getDataLayout();
    const Align align = layout.getABITypeAlign(argument.getType());
    offset = alignTo(offset, align);
    LoadInst* load = b.CreateAlignedLoad(argument.getType(), b.CreateConstGEP1_64(b.getInt8Ty(), fresh->getArg(0), offset), align);
    load->setMetadata(LLVMContext::MD_invariant_load, MDNode::get(*kernel.context, {}));
    Value* value = load;
    if (load->getType()->isPointerTy())  // pointers that a launch passes are global
      value = b.CreateAddrSpaceCast(b.CreateAddrSpaceCast(load, b.getPtrTy(1)), load->getType());
    argument.replaceAllUsesWith(value);
    offset += layout.getTypeAllocSize(argument.getType());
  }
  kernel.param_bytes = uint32_t(offset);
  old->eraseFromParent();
  kernel.kernel = fresh;
}

kir::KernelModule parse(const std::string& text) {
  kir::KernelModule kernel;
  kernel.context = std::make_unique<LLVMContext>();
  SMDiagnostic diagnostic;
  kernel.module = parseAssemblyString(text, diagnostic, *kernel.context);
  if (!kernel.module) {
    ADD_FAILURE() << diagnostic.getMessage().str() << " in " << diagnostic.getLineContents().str();
    std::abort();
  }
  const Triple triple("nvptx64-nvidia-cuda");
  kernel.module->setTargetTriple(triple);
  kernel.module->setDataLayout(triple.computeDataLayout());
  return kernel;
}

class CompiledKernel final : public Compiled {
 public:
  std::unique_ptr<jit::Image> image;
  exec::Code code;
  BlockFunction function;

  Result<> run(const Shape& shape, const Params& params) override {
    static auto* pool = new exec::Pool(getenv("SPMD_TEST_WORKERS") ? unsigned(atoi(getenv("SPMD_TEST_WORKERS"))) : 2);
    exec::Grid grid;
    grid.code = &code;
    grid.kernel = function.entry;
    for (int i = 0; i < 3; ++i) {
      grid.grid[i] = shape.grid[i];
      grid.block[i] = shape.block[i];
    }
    grid.static_shared = function.static_shared;
    grid.dynamic_shared = shape.dynamic_shared;
    grid.params = params.data();
    return pool->run(grid);
  }
};

}  // namespace

kir::KernelModule parse_kernel(const std::string& text) {
  kir::KernelModule kernel = parse(text);
  kernel.kernel = kernel.module->getFunction("k");
  return kernel;
}

kir::KernelModule load_kernel(const std::string& name) {
  static const auto* text = [] {
    std::ifstream file(SPMD_TEST_KERNELS);
    std::stringstream all;
    all << file.rdbuf();
    return new std::string(all.str());
  }();
  kir::KernelModule kernel = parse(*text);
  kernel.kernel = kernel.module->getFunction(name);
  if (!kernel.kernel) {
    ADD_FAILURE() << "no kernel " << name;
    std::abort();
  }
  // One module a kernel, and all calls inlined by clang already.
  SmallVector<GlobalVariable*> unused;
  for (const char* list : {"llvm.used", "llvm.compiler.used"})
    if (GlobalVariable* variable = kernel.module->getGlobalVariable(list)) variable->eraseFromParent();
  for (Function& function : make_early_inc_range(*kernel.module))
    if (&function != kernel.kernel && !function.isDeclaration()) function.eraseFromParent();
  for (Function& function : make_early_inc_range(*kernel.module))
    if (function.use_empty() && function.isDeclaration()) function.eraseFromParent();
  for (GlobalVariable& variable : make_early_inc_range(kernel.module->globals())) {
    variable.removeDeadConstantUsers();
    if (variable.use_empty()) variable.eraseFromParent();
  }
  for (Instruction& instruction : instructions(*kernel.kernel)) instruction.setDebugLoc(DebugLoc());
  take_params_from_buffer(kernel);
  return kernel;
}

bool has_mask_registers() { return jit::host().mask_registers; }

Result<std::unique_ptr<Compiled>> compile(kir::KernelModule kernel, const Shape& shape, uint32_t width, bool mask_registers,
                                          const jit::Symbols& symbols) {
  static const bool once = [] {
    jit::Symbols runtime;
    for (const auto& symbol : exec::runtime_symbols()) runtime.push_back({std::string(symbol.name), symbol.address});
    jit::provide(runtime);
    return true;
  }();
  (void)once;

  auto result = std::make_unique<CompiledKernel>();
  LaunchShape launch;
  for (int i = 0; i < 3; ++i) launch.block[i] = shape.block[i];
  specialise(kernel, launch);
  AW_TRY(opt::scalar(kernel));
  if (const char* folder = getenv("SPMD_TEST_DUMP")) std::ofstream(std::string(folder) + "/scalar.ll") << text_of(*kernel.module);
  Target target;
  target.width = width;
  target.is_x86 = jit::host().is_x86;
  target.mask_registers = mask_registers;
  target.vector_bits = mask_registers ? 512 : 256;
  target.permute_bits = std::min(jit::host().permute_bits, target.vector_bits);
  AW_ASSIGN(result->function, spmd::run(kernel, launch, target));
  Module& module = *kernel.module;
  result->before = text_of(module);
  if (const char* folder = getenv("SPMD_TEST_DUMP")) std::ofstream(std::string(folder) + "/block.ll") << result->before;
  std::string complaint;
  raw_string_ostream stream(complaint);
  if (verifyModule(module, &stream)) return Error{CUDA_ERROR_UNKNOWN, "Broken code: " + complaint + "\n" + result->before, {}};

  AW_ASSIGN(auto machine, jit::target(module, jit::host()));
  AW_TRY(opt::vector(module, *machine));
  result->after = text_of(module);
  if (const char* folder = getenv("SPMD_TEST_DUMP")) std::ofstream(std::string(folder) + "/vector.ll") << result->after;
  AW_ASSIGN(std::string object, jit::emit(module, *machine));
  if (const char* folder = getenv("SPMD_TEST_DUMP")) std::ofstream(std::string(folder) + "/object.o") << object;
  std::vector<std::string> wanted{result->function.entry};
  if (result->function.suspends) wanted.push_back(result->function.frame_size);
  AW_ASSIGN(result->image, jit::link(std::move(object), symbols, wanted));
  result->width = result->function.width;
  result->suspends = result->function.suspends;
  result->code.form = result->suspends ? exec::Form::Slices : exec::Form::Block;
  result->code.entry = result->image->find(result->function.entry);
  result->code.width = result->width;
  if (result->suspends) {
    result->code.frame_bytes = reinterpret_cast<uint64_t (*)()>(result->image->find(result->function.frame_size))();
    result->code.frame_align = result->function.frame_align;
  }
  return std::unique_ptr<Compiled>(std::move(result));
}

}  // namespace anywarp::spmd::test
