#include "jit/jit.h"
#include "jit/llvm_errors.h"

#include <llvm/ADT/SmallString.h>
#include <llvm/IR/LegacyPassManager.h>
#include <llvm/IR/Module.h>
#include <llvm/Support/raw_ostream.h>
#include <llvm/Target/TargetMachine.h>

namespace anywarp::jit {

Result<std::string> emit(llvm::Module& module, llvm::TargetMachine& machine, Form form) {
  avoid_llvm_errors(module, machine);
  llvm::SmallString<0> object;
  llvm::raw_svector_ostream stream(object);
  llvm::legacy::PassManager passes;
  const auto type = form == Form::Object ? llvm::CodeGenFileType::ObjectFile : llvm::CodeGenFileType::AssemblyFile;
  if (machine.addPassesToEmitFile(passes, stream, nullptr, type))
    return Error{CUDA_ERROR_NOT_SUPPORTED, "LLVM writes no files for '" + module.getTargetTriple().str() + "'.", {}};
  passes.run(module);
  return std::string(object);
}

}  // namespace anywarp::jit
