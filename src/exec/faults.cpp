// A kernel that reads a wild pointer raises SIGSEGV on the thread that runs its block. CUDA's answer is an error code, and
// a process that lives on:
//
//   worker: sigsetjmp ... entry(&block) -> SIGSEGV -> on_fault -> Worker::leave_by_signal -> siglongjmp to the worker's grid loop
//
// Only a thread that is inside a kernel is treated so. Any other fault goes to the handler that was there before us, or
// to the default action, as if we had never been loaded.
#include "exec/faults.h"

#include "exec/worker.h"

#include <pthread.h>
#include <sys/mman.h>

#include <mutex>

namespace anywarp::exec {
namespace {

constexpr int kSignals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};
constexpr size_t kSignalStackBytes = 128 * 1024;
struct sigaction previous[NSIG];

void pass_on(int signo, siginfo_t* info, void* context) {
  const struct sigaction& before = previous[signo];
  if (before.sa_flags & SA_SIGINFO) return before.sa_sigaction(signo, info, context);
  if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) return before.sa_handler(signo);
  const bool sent = info->si_code <= 0;  // by kill() and the like, not by an instruction
  if (sent && before.sa_handler == SIG_IGN) return;
  // The instruction runs again, or the signal comes again, and meets the default action.
  signal(signo, SIG_DFL);
  if (sent) raise(signo);
}

void on_fault(int signo, siginfo_t* info, void* context) {
  Worker* worker = Worker::existing();
  if (worker && worker->in_kernel() && info->si_code > 0) worker->leave_by_signal(signo, info, context);
  pass_on(signo, info, context);
}

}  // namespace

void install_fault_handlers() {
  static std::once_flag once;
  std::call_once(once, [] {
    struct sigaction action{};
    action.sa_sigaction = on_fault;
    // SA_NODEFER: the handler is left by a jump, which does not restore the signal mask.
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    sigemptyset(&action.sa_mask);
    for (int signo : kSignals) sigaction(signo, &action, &previous[signo]);
  });
}

void* ensure_signal_stack() {
  stack_t now{};
  if (sigaltstack(nullptr, &now) == 0 && !(now.ss_flags & SS_DISABLE) && now.ss_size >= 16 * 1024) return nullptr;
  void* memory = mmap(nullptr, kSignalStackBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return nullptr;
  stack_t stack{};
  stack.ss_sp = memory;
  stack.ss_size = kSignalStackBytes;
  if (sigaltstack(&stack, nullptr) != 0) {
    munmap(memory, kSignalStackBytes);
    return nullptr;
  }
  return memory;
}

void release_signal_stack(void* stack) {
  if (!stack) return;
  stack_t now{};
  if (sigaltstack(nullptr, &now) == 0 && now.ss_sp == stack) {
    stack_t none{};
    none.ss_flags = SS_DISABLE;
    sigaltstack(&none, nullptr);
  }
  munmap(stack, kSignalStackBytes);
}

}  // namespace anywarp::exec
