// PTX text of any kind: parse never fails otherwise than with an error that has a place, and what it accepts prints to text
// that parses to the same module.
#include "ptx/module.h"
#include "ptx/ptx.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

using namespace anywarp;

[[noreturn]] void report(const char* what, const std::string& detail) {
  fprintf(stderr, "%s\n%s\n", what, detail.c_str());
  abort();
}

void check_error(const Error& error) {
  const bool known = error.code == CUDA_ERROR_INVALID_PTX || error.code == CUDA_ERROR_UNSUPPORTED_PTX_VERSION;
  if (!known || error.message.empty() || !error.place.starts_with("input:"))
    report("an error without code, message or place", error.text());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto module = ptx::parse({reinterpret_cast<const char*>(data), size}, "input");
  if (!module) {
    check_error(module.error());
    return 0;
  }
  const auto verified = ptx::verify(**module);
  if (!verified) check_error(verified.error());
  const std::string text = ptx::print(**module);
  auto again = ptx::parse(text, "input");
  if (!again) report("what was printed does not parse", again.error().text() + "\n" + text);
  if (static_cast<bool>(ptx::verify(**again)) != static_cast<bool>(verified))
    report("verify says something else of what was printed", text);
  if (const std::string second = ptx::print(**again); second != text) report("printing is not a fixpoint", text + "\n---\n" + second);
  return 0;
}
