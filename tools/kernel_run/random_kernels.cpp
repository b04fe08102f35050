// random-kernels FIRST COUNT: generates kernels, runs each on all engines and compares. A kernel that fails is written to
// random-SEED.ptx in the working folder, as a case for kernel-run.
#include "kernel_run/random_kernel.h"
#include "kernel_run/runner.h"
#include "ptx/module.h"
#include "ptx/ptx.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>

using namespace anywarp;
using namespace anywarp::kernel_run;

namespace {

bool run_seed(uint64_t seed) {
  const std::string text = random_kernel(seed), name = "random-" + std::to_string(seed) + ".ptx";
  Result<Case> parsed = parse_case(text, name);
  auto module = ptx::parse(text, name);
  Result<> verified = module ? ptx::verify(**module) : Result<>(module.error());
  bool good = false;
  if (!parsed)
    fprintf(stderr, "%s\n", parsed.error().text().c_str());
  else if (!verified)
    fprintf(stderr, "%s\n", verified.error().text().c_str());
  else
    good = run_all(name, *parsed, *module);
  if (!good) std::ofstream(name) << text;
  return good;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: random-kernels FIRST_SEED COUNT\n");
    return 2;
  }
  const uint64_t first = strtoull(argv[1], nullptr, 10), count = strtoull(argv[2], nullptr, 10);
  uint64_t failed = 0;
  for (uint64_t i = 0; i < count; ++i) {
    failed += !run_seed(first + i);
    if ((i + 1) % 1000 == 0) {
      printf("%llu kernels, %llu failed\n", static_cast<unsigned long long>(i + 1), static_cast<unsigned long long>(failed));
      fflush(stdout);
    }
  }
  printf("%llu passed, %llu failed\n", static_cast<unsigned long long>(count - failed), static_cast<unsigned long long>(failed));
  return failed != 0;
}
