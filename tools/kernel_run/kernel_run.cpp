// kernel-run FILE.ptx...: runs test cases (case.h) on the scalar engine and on the vector engine at every width, checks
// known answers, and the engines against each other. Exit code 0 when all agree.
//
// kernel-run --check TARGET: exit code 0 when this machine executes code for TARGET, else 77 and a line that says why tests are skipped.
//
// kernel-run --assembly TARGET [--engine ENGINE] FILE.ptx...: shows the code of the kernels instead, for any processor.
#include "jit/jit.h"
#include "kernel_run/runner.h"
#include "ptx/module.h"
#include "ptx/ptx.h"

#include <cstdio>
#include <fstream>
#include <iterator>

using namespace anywarp;
using namespace anywarp::kernel_run;

namespace {

/// What is done with each file.
struct Wish {
  std::string target;              // of the assembly; empty: run the kernels
  std::string engine = "vector";
};

bool run_file(const std::string& file, const Wish& wish) {
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
  if (wish.target.empty()) return run_all(file, *parsed, *module);
  Result<std::string> code = assembly(*parsed, **module, wish.engine, wish.target);
  if (code)
    fputs(code->c_str(), stdout);
  else
    fprintf(stderr, "%s: %s\n", file.c_str(), code.error().text().c_str());
  return bool(code);
}

int check_target(const char* name) {
  constexpr int kSkipped = 77;
  const auto processor = jit::find_processor(name);
  const Result<> executable = processor ? jit::check_executable(**processor) : Result<>(processor.error());
  if (executable) return 0;
  printf("skipped: %s\n", executable.error().text().c_str());
  return processor ? kSkipped : 2;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2 || std::string_view(argv[1]) == "--help") {
    printf(
        "usage: kernel-run FILE.ptx...\nRuns test cases on the scalar and the vector engine; tools/kernel_run/case.h says how they are "
        "written.\n\n"
        "       kernel-run --assembly TARGET [--engine scalar|vector|8|16|32] FILE.ptx...\nShows the code of their kernels for TARGET, as "
        "ANYWARP_TARGET takes it: native, avx2, neon, ...\n\n"
        "       kernel-run --check TARGET\nSays whether this machine executes code for TARGET: 0, or 77 if tests of it are to be "
        "skipped.\n");
    return argc < 2 ? 2 : 0;
  }
  if (argc == 3 && std::string_view(argv[1]) == "--check") return check_target(argv[2]);
  Wish wish;
  int first = 1;
  for (; first + 1 < argc && argv[first][0] == '-'; first += 2) {
    const std::string_view option = argv[first];
    if (option != "--assembly" && option != "--engine") {
      fprintf(stderr, "kernel-run: unknown option '%s'\n", argv[first]);
      return 2;
    }
    (option == "--assembly" ? wish.target : wish.engine) = argv[first + 1];
  }
  int failed = 0;
  for (int i = first; i < argc; ++i) failed += !run_file(argv[i], wish);
  if (argc - first > 1 && wish.target.empty()) printf("%d passed, %d failed\n", argc - first - failed, failed);
  return failed ? 1 : 0;
}
