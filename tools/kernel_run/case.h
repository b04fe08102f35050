// One case of tests/run: a .ptx file whose head says how its kernel is launched and what must come out.
//
//     // run: kernel=add grid=2 block=64 shared=0          block=8x4x2 for more dimensions; several lines: several launches
//     // buffer a: s32[128] = iota                         an argument: a pointer to 128 elements, filled as said
//     // buffer d: s32[128] = fill 0
//     // value n: u32 = 128                                an argument by value
//     // expect d: 1, 2, 3...                              known answers; `...` repeats what came before to the end
//     // compare d: ulp=2                                  between engines; also abs=1e-6, or `unordered` (sets), or `off`
//     // expect d: ulp=1 1.5, 2.5                          known answers with a tolerance
//     // engines: scalar                                   only these; default: scalar and vector at each width
//     // error: ILLEGAL_ADDRESS                            the launch ends with this error
//
// Arguments stand in the order of the kernel's parameters. Fillings: `iota` (0, 1, ...), `iota A*i+B`, `fill X`, `random SEED`
// (all bit patterns), `random SEED LOW HIGH`, `special` (the type's interesting values, repeated), or a list of values.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace anywarp::kernel_run {

enum class Kind : uint8_t { Signed, Unsigned, Float };

/// Of an element: s8 to s64, u8 to u64 (b8 to b64), f16, bf16, f32, f64.
struct Element {
  Kind kind = Kind::Unsigned;
  uint8_t bytes = 4;
  bool brain = false;
};

struct Tolerance {
  double ulp = 0, absolute = 0;
  bool unordered = false, off = false;
};

struct Argument {
  std::string name;
  Element element;
  bool is_buffer = true;
  size_t count = 1;
  std::vector<uint8_t> bytes;             // what it is filled with
  bool has_expectation = false;
  std::vector<uint8_t> expected;          // of as many elements as are known
  Tolerance expect_tolerance, compare;
  unsigned line = 0;
};

struct LaunchLine {
  std::string kernel;
  uint32_t grid[3] = {1, 1, 1}, block[3] = {1, 1, 1};
  uint32_t shared = 0;
  bool cooperative = false;
};

struct Case {
  std::vector<LaunchLine> launches;
  std::vector<Argument> arguments;
  std::vector<std::string> engines;       // "scalar", "8", "16", "32"
  std::string error;                      // without CUDA_ERROR_
};

/// Errors: INVALID_VALUE with the place "file:line".
Result<Case> parse_case(std::string_view text, const std::string& file_name);

/// The element's value as a number, for messages and tolerances.
double number(const Element& element, const uint8_t* bytes);
std::string show(const Element& element, const uint8_t* bytes);
/// Whether the two values agree. NaNs agree with NaNs, and with ulp or absolute tolerances zeros of either sign.
bool agree(const Element& element, const uint8_t* a, const uint8_t* b, const Tolerance& tolerance);

}  // namespace anywarp::kernel_run
