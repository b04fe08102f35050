// Signals that a kernel's own mistakes raise.
#pragma once

namespace anywarp::exec {

/// Installs the handlers of SIGSEGV, SIGBUS, SIGFPE and SIGILL, once a process.
void install_fault_handlers();

/// Gives this thread a stack for signal handlers unless it has one. The stack, for release_signal_stack, or null.
void* ensure_signal_stack();
void release_signal_stack(void* stack);

}  // namespace anywarp::exec
