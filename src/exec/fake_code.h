// Hand-written code in the forms of abi.h, for tests: functions, and C++ coroutines in place of LLVM's.
#pragma once

#include "exec/exec.h"

#include <coroutine>
#include <cstdlib>

namespace anywarp::exec::fake {

/// A slice: `static SliceCoroutine body(AwBlock*, AwSlice*, Frame)`. C++ coroutines have the layout of LLVM's switched-resume
/// form, so their address is the handle that abi.h asks for; the frame goes into the executor's memory.
struct Frame {
  void* memory;
};

struct SliceCoroutine {
  struct promise_type {
    static void* operator new(size_t bytes, AwBlock*, AwSlice*, Frame frame) {
      if (bytes > 1024) std::abort();
      return frame.memory;
    }
    static void operator delete(void*) {}
    SliceCoroutine get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this).address()}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::abort(); }
  };
  void* handle;
};

inline std::suspend_always wait(AwSlice* slice, uint32_t kind, uint32_t lanes, uint32_t barrier = 0, uint32_t count = 0,
                                uint32_t value = 0) {
  slice->wait = kind;
  slice->barrier = barrier;
  slice->count = count;
  slice->lanes = lanes;
  slice->value = value;
  return {};
}

template <SliceCoroutine (*Body)(AwBlock*, AwSlice*, Frame)>
void* ramp(AwBlock* block, AwSlice* slice, void* frame) {
  return Body(block, slice, Frame{frame}).handle;
}

template <SliceCoroutine (*Body)(AwBlock*, AwSlice*, Frame)>
Code slices(uint32_t width = 32) {
  Code code;
  code.form = Form::Slices;
  code.entry = reinterpret_cast<void*>(&ramp<Body>);
  code.width = width;
  code.frame_bytes = 1024;
  return code;
}

/// `body` is a lambda without captures, called for each block.
template <class Body>
Code blocks(Body) {
  void (*entry)(AwBlock*, uint32_t) = [](AwBlock* block, uint32_t blocks) {
    for (uint32_t i = 0; i < blocks; ++i, ++block->ctaid[0], ++block->index) Body{}(block);
  };
  Code code;
  code.entry = reinterpret_cast<void*>(entry);
  return code;
}

inline Code fibers(void (*body)(AwThread*)) {
  Code code;
  code.form = Form::FiberThreads;
  code.entry = reinterpret_cast<void*>(body);
  return code;
}

template <class Params>
Grid grid(const Code& code, uint32_t blocks, uint32_t threads, const Params* params) {
  Grid grid;
  grid.code = &code;
  grid.kernel = "fake";
  grid.grid[0] = blocks;
  grid.block[0] = threads;
  grid.params = params;
  return grid;
}

template <class Params>
const Params& params(const AwBlock* block) {
  return *static_cast<const Params*>(block->launch->params);
}

}  // namespace anywarp::exec::fake
