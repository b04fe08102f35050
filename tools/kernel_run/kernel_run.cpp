// kernel-run FILE.ptx...: runs test cases (case.h) on the scalar engine and on the vector engine at every width, checks
// known answers, and the engines against each other. Exit code 0 when all agree.
#include "kernel_run/runner.h"
#include "ptx/module.h"
#include "ptx/ptx.h"

#include <cstdio>
#include <fstream>
#include <iterator>

using namespace anywarp;
using namespace anywarp::kernel_run;

namespace {

bool run_file(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) {
    fprintf(stderr, "kernel-run: cannot read '%s'\n", file.c_str());
    return false;
  }
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  Result<Case> parsed = parse_case(text, file);
  if (!parsed) {
    fprintf(stderr, "%s\n", parsed.error().text().c_str());
    return false;
  }
  auto module = ptx::parse(text, file);
  Result<> verified = module ? ptx::verify(**module) : Result<>(module.error());
  if (!verified) {
    fprintf(stderr, "%s\n", verified.error().text().c_str());
    return false;
  }
  return run_all(file, *parsed, *module);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2 || std::string_view(argv[1]) == "--help") {
    printf(
        "usage: kernel-run FILE.ptx...\nRuns test cases on the scalar and the vector engine; tools/kernel_run/case.h says how they are "
        "written.\n");
    return argc < 2 ? 2 : 0;
  }
  int failed = 0;
  for (int i = 1; i < argc; ++i) failed += !run_file(argv[i]);
  if (argc > 2) printf("%d passed, %d failed\n", argc - 1 - failed, failed);
  return failed ? 1 : 0;
}
