#include "lower/run_ptx.h"

#include "devicelib/bitcode.h"
#include "lower/lower.h"
#include "opt/opt.h"
#include "ptx/module.h"
#include "ptx/ptx.h"
#include "spmd/retarget.h"

#include <gtest/gtest.h>
#include <llvm/Bitcode/BitcodeReader.h>
#include <llvm/ExecutionEngine/Orc/LLJIT.h>
#include <llvm/IR/Module.h>
#include <llvm/Linker/Linker.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/Support/raw_ostream.h>

namespace anywarp::lower {

struct Machine::State {
  std::unique_ptr<llvm::orc::LLJIT> jit;
  unsigned next = 0;
};

namespace {

template <class T>
T must(llvm::Expected<T> value) {
  if (!value) {
    ADD_FAILURE() << llvm::toString(value.takeError());
    abort();  // a test program cannot go on without its JIT
  }
  return std::move(*value);
}

/// The operations of devicelib that the kernel calls.
void link_operations(kir::KernelModule& kernel) {
  const std::string_view bitcode = devicelib::bitcode();
  auto library = must(llvm::parseBitcodeFile(llvm::MemoryBufferRef({bitcode.data(), bitcode.size()}, "operations"), *kernel.context));
  library->setTargetTriple(kernel.module->getTargetTriple());
  library->setDataLayout(kernel.module->getDataLayout());
  if (llvm::Linker::linkModules(*kernel.module, std::move(library), llvm::Linker::LinkOnlyNeeded)) ADD_FAILURE() << "the operations do not link";
  for (llvm::Function& function : *kernel.module)
    if (!function.isDeclaration() && &function != kernel.kernel) function.setLinkage(llvm::GlobalValue::InternalLinkage);
}

}  // namespace

Machine::Machine() : state_(std::make_unique<State>()) {
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  auto target = must(llvm::orc::JITTargetMachineBuilder::detectHost());
  // Their conversions to bfloat16 take denormals for zero.
  target.addFeatures({"-avx512bf16", "-avxneconvert"});
  state_->jit = must(llvm::orc::LLJITBuilder().setJITTargetMachineBuilder(std::move(target)).create());
}

Machine::~Machine() = default;

Machine::Kernel Machine::compile(const std::string& text, const char* name, bool optimised) {
  auto module = ptx::parse(text, "test.ptx");
  if (!module) {
    ADD_FAILURE() << module.error().text() << "\n" << text;
    return nullptr;
  }
  auto kernel = run(**module, name);
  if (!kernel) {
    ADD_FAILURE() << kernel.error().text() << "\n" << text;
    return nullptr;
  }
  if (auto form = kir::verify(*kernel); !form) {
    ADD_FAILURE() << form.error().text() << "\n" << text;
    return nullptr;
  }
  link_operations(*kernel);
  if (optimised) {
    if (auto done = opt::scalar(*kernel); !done) ADD_FAILURE() << done.error().text();
  }
  if (auto layout = spmd::layout_shared(*kernel); !layout) ADD_FAILURE() << layout.error().text();
  spmd::drop_address_spaces(*kernel);
  const std::string unique = "kernel" + std::to_string(state_->next++);
  kernel->kernel->setName(unique);
  kernel->module->setTargetTriple(state_->jit->getTargetTriple());
  llvm::Error error = state_->jit->addIRModule(llvm::orc::ThreadSafeModule(std::move(kernel->module), std::move(kernel->context)));
  if (error) {
    ADD_FAILURE() << llvm::toString(std::move(error));
    return nullptr;
  }
  auto address = state_->jit->lookup(unique);
  if (!address) {
    ADD_FAILURE() << llvm::toString(address.takeError()) << "\n" << text;
    return nullptr;
  }
  return address->toPtr<Kernel>();
}

std::string module_text(const std::string& text) { return ".version 8.8\n.target sm_100\n.address_size 64\n" + text; }

}  // namespace anywarp::lower
