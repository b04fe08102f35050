// Everything happens in one context, under a guard: LLVM ends the process when it cannot select an instruction, and here that becomes
// an error.
#include "frontend/link.h"

#include "frontend/nvvm_dialect.h"
#include "frontend/precision.h"
#include "frontend/target.h"
#include "jit/guard.h"
#include "toolchain/arch.h"

#include <llvm/ADT/SmallString.h>
#include <llvm/Bitcode/BitcodeReader.h>
#include <llvm/Bitcode/BitcodeWriter.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/LegacyPassManager.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/Verifier.h>
#include <llvm/IRReader/IRReader.h>
#include <llvm/Linker/Linker.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Support/MemoryBuffer.h>
#include <llvm/Support/SourceMgr.h>
#include <llvm/Support/raw_ostream.h>
#include <llvm/Target/TargetMachine.h>
#include <llvm/Transforms/IPO/Internalize.h>

#include <memory>

namespace anywarp::frontend {

namespace {

bool is_bitcode(llvm::StringRef bytes) { return bytes.starts_with("BC\xc0\xde"); }

Result<std::unique_ptr<llvm::Module>> read(const Bitcode& input, llvm::LLVMContext& context) {
  llvm::SMDiagnostic error;
  llvm::StringRef bytes = input.bytes;
  if (is_bitcode(bytes)) bytes = bytes.take_front(bytes.size() & ~size_t{3});  // libnvvm's results are one byte longer: a zero
  std::unique_ptr<llvm::Module> module = llvm::parseIR(llvm::MemoryBufferRef(bytes, input.name), error, context);
  if (!module)
    return Error{CUDA_ERROR_INVALID_IMAGE, error.getMessage().str(),
                 input.name + (error.getLineNo() > 0 ? ":" + std::to_string(error.getLineNo()) : std::string())};
  return module;
}

Result<std::unique_ptr<llvm::Module>> link(const std::vector<Bitcode>& modules, bool nvvm_ir, llvm::LLVMContext& context) {
  auto linked = std::make_unique<llvm::Module>("device code", context);
  llvm::Linker linker(*linked);
  for (bool lazy : {false, true}) {
    for (const Bitcode& input : modules) {
      if (input.lazy != lazy) continue;
      AW_ASSIGN(std::unique_ptr<llvm::Module> module, read(input, context));
      // NVVM IR says nvptx64-nvidia-cuda with or without more words, and its layout may be an older LLVM's.
      module->setTargetTriple(llvm::Triple("nvptx64-nvidia-cuda"));
      module->setDataLayout("");
      if (linker.linkInModule(std::move(module), lazy ? llvm::Linker::LinkOnlyNeeded : llvm::Linker::None))
        return Error{CUDA_ERROR_INVALID_VALUE, "the modules do not fit together", input.name};
    }
  }
  std::string what;
  llvm::raw_string_ostream stream(what);
  if (llvm::verifyModule(*linked, &stream)) return Error{CUDA_ERROR_INVALID_IMAGE, what, {}};
  if (nvvm_ir) AW_TRY(translate_nvvm_ir(*linked));
  return linked;
}

void optimise(llvm::Module& module, llvm::TargetMachine& machine, llvm::OptimizationLevel level) {
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  llvm::PipelineTuningOptions tuning;
  tuning.LoopUnrolling = false;  // our own compiler sees more when loops are whole
  llvm::PassBuilder builder(&machine, tuning);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  builder.buildPerModuleDefaultPipeline(level).run(module, modules);
}

/// What the options say about arithmetic becomes part of the module. Requires: it is linked, libdevice too, and nothing was optimised.
void set_arithmetic(llvm::Module& module, const toolchain::DeviceOptions& options, bool nvvm_ir) {
  if (options.ftz || options.fast_math) {
    module.addModuleFlag(llvm::Module::Max, "nvvm-reflect-ftz", 1);
    for (llvm::Function& function : module) function.addFnAttr("denormal-fp-math-f32", "preserve-sign,preserve-sign");
  }
  set_precision(module, options);
  if (nvvm_ir && options.fmad) allow_contraction(module);
}

Result<std::unique_ptr<llvm::Module>> link_with_libdevice(const std::vector<Bitcode>& modules, const LinkOptions& how,
                                                          llvm::LLVMContext& context) {
  std::vector<Bitcode> all = modules;
  if (!how.libdevice.empty()) {
    auto buffer = llvm::MemoryBuffer::getFile(how.libdevice);
    if (!buffer) return Error{CUDA_ERROR_FILE_NOT_FOUND, how.libdevice + " cannot be read: " + buffer.getError().message(), {}};
    all.push_back({"libdevice", (*buffer)->getBuffer().str(), true});
  }
  return link(all, how.nvvm_ir, context);
}

Result<std::unique_ptr<llvm::TargetMachine>> machine_of(const toolchain::DeviceOptions& options) {
  const llvm::Triple triple("nvptx64-nvidia-cuda");
  std::string why;
  const llvm::Target* target = llvm::TargetRegistry::lookupTarget(triple, why);
  if (!target) return Error{CUDA_ERROR_UNKNOWN, why, {}};
  return std::unique_ptr<llvm::TargetMachine>(target->createTargetMachine(triple, "sm_" + toolchain::clang_name(options.arch),
                                                                          toolchain::needs_newest_ptx(options.arch) ? "+ptx90" : "+ptx87",
                                                                          {}, llvm::Reloc::PIC_));
}

llvm::OptimizationLevel level_of(const toolchain::DeviceOptions& options, const LinkOptions& how) {
  if (!how.optimise) return llvm::OptimizationLevel::O0;
  return options.debug ? llvm::OptimizationLevel::O1 : llvm::OptimizationLevel::O3;
}

Result<std::string> compile(const std::vector<Bitcode>& modules, const toolchain::DeviceOptions& options, const LinkOptions& how,
                            llvm::LLVMContext& context) {
  AW_ASSIGN(std::unique_ptr<llvm::Module> module, link_with_libdevice(modules, how, context));
  AW_ASSIGN(std::unique_ptr<llvm::TargetMachine> machine, machine_of(options));
  module->setDataLayout(machine->createDataLayout());
  set_arithmetic(*module, options, how.nvvm_ir);
  llvm::internalizeModule(*module, [&](const llvm::GlobalValue& value) {
    const auto* function = llvm::dyn_cast<llvm::Function>(&value);
    if (!function) return true;
    return function->getCallingConv() == llvm::CallingConv::PTX_Kernel || (!how.kernels_only && !value.getName().starts_with("__nv_"));
  });
  optimise(*module, *machine, level_of(options, how));
  if (!how.optimise) machine->setOptLevel(llvm::CodeGenOptLevel::None);
  llvm::SmallString<0> text;
  llvm::raw_svector_ostream stream(text);
  llvm::legacy::PassManager passes;
  if (machine->addPassesToEmitFile(passes, stream, nullptr, llvm::CodeGenFileType::AssemblyFile))
    return Error{CUDA_ERROR_UNKNOWN, "LLVM writes no PTX", {}};
  passes.run(*module);
  return std::string(text);
}

Result<std::string> write_bitcode(const std::vector<Bitcode>& modules, const toolchain::DeviceOptions& options, const LinkOptions& how,
                                  llvm::LLVMContext& context) {
  AW_ASSIGN(std::unique_ptr<llvm::Module> module, link_with_libdevice(modules, how, context));
  AW_ASSIGN(std::unique_ptr<llvm::TargetMachine> machine, machine_of(options));
  module->setDataLayout(machine->createDataLayout());
  set_arithmetic(*module, options, how.nvvm_ir);
  // Each program brings its own copy of what it takes from libdevice, and two of them must not clash.
  llvm::internalizeModule(*module, [](const llvm::GlobalValue& value) { return !value.getName().starts_with("__nv_"); });
  llvm::SmallString<0> bytes;
  llvm::raw_svector_ostream stream(bytes);
  llvm::WriteBitcodeToFile(*module, stream);
  return std::string(bytes);
}

template <class Work>
Result<> in_context(const Work& work) {
  initialise_target();
  auto* context = new llvm::LLVMContext;
  bool lost = false;
  Result<> done = jit::guarded(*context, lost, [&] { return work(*context); });
  if (!lost) delete context;
  return done;
}

}  // namespace

Result<std::string> link_to_ptx(const std::vector<Bitcode>& modules, const toolchain::DeviceOptions& options, const LinkOptions& how) {
  std::string ptx;
  AW_TRY(in_context([&](llvm::LLVMContext& context) -> Result<> {
    AW_ASSIGN(ptx, compile(modules, options, how, context));
    return {};
  }));
  return ptx;
}

Result<std::string> link_to_bitcode(const std::vector<Bitcode>& modules, const toolchain::DeviceOptions& options, const LinkOptions& how) {
  std::string bytes;
  AW_TRY(in_context([&](llvm::LLVMContext& context) -> Result<> {
    AW_ASSIGN(bytes, write_bitcode(modules, options, how, context));
    return {};
  }));
  return bytes;
}

Result<> verify_modules(const std::vector<Bitcode>& modules) {
  return in_context([&](llvm::LLVMContext& context) -> Result<> {
    AW_TRY(link(modules, true, context));
    return {};
  });
}

}  // namespace anywarp::frontend
