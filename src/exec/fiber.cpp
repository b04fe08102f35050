#include "exec/fiber.h"

#include <boost/context/detail/fcontext.hpp>

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define AW_ASAN 1
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#if __has_feature(thread_sanitizer)
#define AW_TSAN 1
#include <sanitizer/tsan_interface.h>
#endif
#endif

namespace anywarp::exec {
namespace {

using boost::context::detail::fcontext_t;
using boost::context::detail::jump_fcontext;
using boost::context::detail::make_fcontext;
using boost::context::detail::transfer_t;

constexpr size_t kStacksPerSlab = 32;

size_t page_bytes() {
  static const size_t bytes = size_t(sysconf(_SC_PAGESIZE));
  return bytes;
}

}  // namespace

// --- stacks ---------------------------------------------------------------------------------------------------------

StackPool::~StackPool() {
#ifdef AW_TSAN
  for (Stack& stack : unused_)
    if (stack.tsan_fiber) __tsan_destroy_fiber(stack.tsan_fiber);
#endif
  for (const Slab& slab : slabs_) munmap(slab.base, slab.bytes);
}

bool StackPool::grow() {
  const size_t page = page_bytes(), step = stack_bytes_ + page;
  void* base = mmap(nullptr, step * kStacksPerSlab, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (base == MAP_FAILED) return false;
  slabs_.push_back({static_cast<char*>(base), step * kStacksPerSlab});
  for (size_t i = kStacksPerSlab; i-- > 0;) {
    char* guard = static_cast<char*>(base) + i * step;
    // Without a guard, when the process has too many mappings, the stack still serves.
    (void)mprotect(guard, page, PROT_NONE);
    unused_.push_back({guard + page, stack_bytes_, nullptr});
  }
  return true;
}

Stack StackPool::take(size_t bytes) {
  const size_t wanted = (bytes + page_bytes() - 1) / page_bytes() * page_bytes();
  if (wanted > stack_bytes_) {
    // Slabs of the old size stay mapped until the worker ends: some of their stacks may be in use.
    stack_bytes_ = wanted;
    unused_.clear();
  }
  if (unused_.empty() && !grow()) return {};
  Stack stack = unused_.back();
  unused_.pop_back();
#ifdef AW_TSAN
  if (!stack.tsan_fiber) stack.tsan_fiber = __tsan_create_fiber(0);
#endif
  return stack;
}

void StackPool::give(Stack stack) {
  if (stack.bytes == stack_bytes_) unused_.push_back(stack);
}

bool StackPool::is_guard(const void* address) const {
  const auto at = reinterpret_cast<uintptr_t>(address);
  for (const Slab& slab : slabs_) {
    const auto base = reinterpret_cast<uintptr_t>(slab.base);
    if (at >= base && at < base + slab.bytes) return (at - base) % (slab.bytes / kStacksPerSlab) < page_bytes();
  }
  return false;
}

// --- switching ------------------------------------------------------------------------------------------------------

struct Fiber::Entry {
  // Not instrumented: TSan counts the calls on a fiber, which is used again, and this one never returns.
  [[noreturn]] __attribute__((disable_sanitizer_instrumentation)) static void run(transfer_t from) {
    Fiber* self = static_cast<Fiber*>(from.data);
    self->resumer_ = from.fctx;
#ifdef AW_ASAN
    __sanitizer_finish_switch_fiber(nullptr, &self->resumer_bottom_, &self->resumer_bytes_);
#endif
    self->body_(self->argument_);
#ifdef AW_ASAN
    __sanitizer_start_switch_fiber(nullptr, self->resumer_bottom_, self->resumer_bytes_);
#endif
#ifdef AW_TSAN
    __tsan_switch_to_fiber(self->resumer_tsan_, 0);
#endif
    jump_fcontext(self->resumer_, nullptr);
    __builtin_unreachable();
  }
};

void Fiber::start(Stack new_stack, Body body, void* argument) {
  stack = new_stack;
  body_ = body;
  argument_ = argument;
#ifdef AW_ASAN
  // What a fiber that was abandoned has left poisoned on this stack is nobody's now.
  ASAN_UNPOISON_MEMORY_REGION(stack.base, stack.bytes);
#endif
  context_ = make_fcontext(stack.base + stack.bytes, stack.bytes, &Entry::run);
}

void Fiber::resume() {
#ifdef AW_ASAN
  __sanitizer_start_switch_fiber(&resumer_fake_stack_, stack.base, stack.bytes);
#endif
#ifdef AW_TSAN
  resumer_tsan_ = __tsan_get_current_fiber();
  __tsan_switch_to_fiber(stack.tsan_fiber, 0);
#endif
  context_ = jump_fcontext(context_, this).fctx;
#ifdef AW_ASAN
  __sanitizer_finish_switch_fiber(resumer_fake_stack_, nullptr, nullptr);
#endif
}

void Fiber::suspend() {
#ifdef AW_ASAN
  __sanitizer_start_switch_fiber(&fake_stack_, resumer_bottom_, resumer_bytes_);
#endif
#ifdef AW_TSAN
  __tsan_switch_to_fiber(resumer_tsan_, 0);
#endif
  resumer_ = jump_fcontext(resumer_, nullptr).fctx;
#ifdef AW_ASAN
  __sanitizer_finish_switch_fiber(fake_stack_, &resumer_bottom_, &resumer_bytes_);
#endif
}

void Fiber::abandon() {
#ifdef AW_TSAN
  // Calls that never return have used up some of its room for calls, which has an end that TSan does not look at.
  __tsan_destroy_fiber(stack.tsan_fiber);
  stack.tsan_fiber = nullptr;
#endif
}

void Fiber::announce_jump_out() {
#ifdef AW_ASAN
  __sanitizer_start_switch_fiber(nullptr, resumer_bottom_, resumer_bytes_);
  __sanitizer_finish_switch_fiber(resumer_fake_stack_, nullptr, nullptr);
#endif
#ifdef AW_TSAN
  __tsan_switch_to_fiber(resumer_tsan_, 0);
#endif
}

}  // namespace anywarp::exec
