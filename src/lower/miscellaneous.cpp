// PTX ISA, "Miscellaneous Instructions" and those that only wait or hint: nanosleep, pmevent, setmaxnreg, griddepcontrol.
#include "lower/chapters.h"
#include "lower/lowering.h"

namespace anywarp::lower {

using llvm::Value;

void lower_nanosleep(Lowering& lower, const Inst& inst) {
  lower.runtime("aw.nanosleep", lower.b.getVoidTy(), {lower.read(inst, 0, kU32)});
}

// A trap ends the launch; the thread does not go on. A breakpoint with no debugger is one as well.
void lower_trap(Lowering& lower, const Inst&) {
  llvm::CallInst* call = lower.runtime("aw.trap", lower.b.getVoidTy(), {});
  call->getCalledFunction()->setDoesNotReturn();
  call->setDoesNotReturn();
  lower.b.CreateUnreachable();
  lower.start(lower.new_block());
}

}  // namespace anywarp::lower
