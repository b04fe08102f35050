#include "jit/jit.h"
#include "jit/targets.h"

#include <llvm/IR/Function.h>
#include <llvm/IR/Module.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/Target/TargetMachine.h>

#include <mutex>

namespace anywarp::jit {

const llvm::Target* find_target(const llvm::Triple& triple, std::string& error) {
  static std::once_flag x86, arm;
  if (triple.isX86())
    std::call_once(x86, [] {
      LLVMInitializeX86TargetInfo();
      LLVMInitializeX86Target();
      LLVMInitializeX86TargetMC();
      LLVMInitializeX86AsmPrinter();
    });
  else if (triple.isAArch64())
    std::call_once(arm, [] {
      LLVMInitializeAArch64TargetInfo();
      LLVMInitializeAArch64Target();
      LLVMInitializeAArch64TargetMC();
      LLVMInitializeAArch64AsmPrinter();
    });
  return llvm::TargetRegistry::lookupTarget(triple, error);
}

Result<std::unique_ptr<llvm::TargetMachine>> target(llvm::Module& module, const Processor& processor) {
  const llvm::Triple triple(processor.triple);
  std::string error;
  const llvm::Target* description = find_target(triple, error);
  if (!description) return Error{CUDA_ERROR_NOT_SUPPORTED, "LLVM has no code generator for '" + processor.triple + "': " + error + ".", {}};

  // Code and data lie where mmap puts them, farther than 2 GiB from the program: PIC makes LLVM go through tables for
  // everything external, and JITLink builds those next to the code.
  llvm::TargetOptions options;
  options.AllowFPOpFusion = llvm::FPOpFusion::Strict;
  options.UseInitArray = true;
  std::unique_ptr<llvm::TargetMachine> machine(description->createTargetMachine(
      triple, processor.cpu, processor.features, options, llvm::Reloc::PIC_, llvm::CodeModel::Small, llvm::CodeGenOptLevel::Default,
      /*JIT=*/true));
  if (!machine) return Error{CUDA_ERROR_NOT_SUPPORTED, "LLVM makes no code for the processor '" + processor.cpu + "'.", {}};

  module.setTargetTriple(triple);
  module.setDataLayout(machine->createDataLayout());
  for (llvm::Function& function : module) {
    if (function.isDeclaration()) continue;
    function.addFnAttr("target-cpu", processor.cpu);
    const llvm::StringRef more = function.getFnAttribute("anywarp-features").getValueAsString();
    function.addFnAttr("target-features", more.empty() ? processor.features : processor.features + "," + more.str());
    // LLVM prefers 256 bits on many processors with AVX-512, which would split each vector that we made for 512.
    function.addFnAttr("prefer-vector-width", std::to_string(processor.vector_bits));
    function.addFnAttr("min-legal-vector-width", std::to_string(processor.vector_bits));
    if (processor.scalable_bits) {
      constexpr unsigned kUnit = 128, kLongest = 2048;  // of SVE's registers
      function.addFnAttr(llvm::Attribute::getWithVScaleRangeArgs(module.getContext(), processor.vector_bits / kUnit, kLongest / kUnit));
    }
    // A fault leaves the block by a jump, never by unwinding.
    function.setDoesNotThrow();
    function.removeFnAttr(llvm::Attribute::UWTable);
  }
  return machine;
}

}  // namespace anywarp::jit
