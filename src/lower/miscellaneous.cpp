// PTX ISA, "Miscellaneous Instructions" and those that only wait or hint: nanosleep, pmevent, setmaxnreg, griddepcontrol.
#include "lower/chapters.h"
#include "lower/lowering.h"

namespace anywarp::lower {

using llvm::Value;

void lower_nanosleep(Lowering& lower, const Inst& inst) { lower.runtime("aw.nanosleep", lower.b.getVoidTy(), {lower.read(inst, 0, kU32)}); }

// A breakpoint with no debugger is a trap as well.
void lower_trap(Lowering& lower, const Inst&) { lower.trap(); }

}  // namespace anywarp::lower
