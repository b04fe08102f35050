#include "frontend/target.h"

#include <llvm/Support/TargetSelect.h>

#include <mutex>

namespace anywarp::frontend {

void initialise_target() {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeNVPTXTargetInfo();
    LLVMInitializeNVPTXTarget();
    LLVMInitializeNVPTXTargetMC();
    LLVMInitializeNVPTXAsmPrinter();
  });
}

}  // namespace anywarp::frontend
