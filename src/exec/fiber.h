// Fibers over Boost.Context's machine-code switch, with stacks that are pooled and sanitizers that are told.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace anywarp::exec {

/// A stack with a guard page below it.
struct Stack {
  char* base = nullptr;
  size_t bytes = 0;
  void* tsan_fiber = nullptr;
  explicit operator bool() const { return base != nullptr; }
};

/// Stacks of one size at a time; asking for more than that throws the old ones away. Belongs to one thread.
class StackPool {
 public:
  StackPool() = default;
  ~StackPool();
  StackPool(const StackPool&) = delete;
  StackPool& operator=(const StackPool&) = delete;

  /// At least `bytes`; an empty one when memory or mappings run out.
  Stack take(size_t bytes);
  void give(Stack stack);
  /// Whether `address` lies in the guard below one of our stacks.
  bool is_guard(const void* address) const;

 private:
  bool grow();
  struct Slab {
    char* base;
    size_t bytes;
  };
  size_t stack_bytes_ = 64 * 1024;
  std::vector<Stack> unused_;
  std::vector<Slab> slabs_;
};

class Fiber {
 public:
  using Body = void (*)(void* argument);

  /// Prepares to run body(argument) at the first resume().
  void start(Stack stack, Body body, void* argument);
  /// Runs the fiber until it suspends or its body returns. To be called on the worker's own stack.
  void resume();
  /// Back to the caller of resume(). To be called on the fiber.
  void suspend();
  /// Tells the sanitizers that the fiber will not be resumed, though its body has not returned.
  void abandon();
  /// Tells the sanitizers that a jump out of this fiber to the resumer's stack is about to happen.
  void announce_jump_out();

  Stack stack;

 private:
  struct Entry;
  friend struct Entry;
  void* context_ = nullptr;   // of the fiber while it is suspended
  void* resumer_ = nullptr;   // of the worker's stack while the fiber runs
  Body body_ = nullptr;
  void* argument_ = nullptr;
  // What the sanitizers want to know of the resumer's stack.
  [[maybe_unused]] void* fake_stack_ = nullptr;
  [[maybe_unused]] void* resumer_fake_stack_ = nullptr;
  [[maybe_unused]] const void* resumer_bottom_ = nullptr;
  [[maybe_unused]] size_t resumer_bytes_ = 0;
  [[maybe_unused]] void* resumer_tsan_ = nullptr;
};

}  // namespace anywarp::exec
