#include "toolchain/nvcc.h"

#include "toolchain/arch.h"
#include "toolchain/dialect.h"
#include "toolchain/fatbinary.h"
#include "toolchain/nvcc_options.h"
#include "toolchain/plan.h"
#include "toolchain/process.h"
#include "toolchain/toolkit.h"

#include <unistd.h>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>

namespace anywarp::toolchain {

namespace {

int fatal(const std::string& name, const std::string& message) {
  fprintf(stderr, "%s fatal   : %s\n", name.c_str(), message.c_str());
  return 1;
}

void print_version() {
  printf(
      "nvcc: NVIDIA (R) Cuda compiler driver\n"
      "This is Anywarp's compiler driver, compatible with the one named above; it is no product of NVIDIA.\n"
      "Cuda compilation tools, release %d.%d, V%d.%d.%d\n"
      "Build anywarp_%s\n",
      cuda_major, cuda_minor, cuda_major, cuda_minor, cuda_build, ANYWARP_VERSION);
}

/// Compilers and linkers end in many ways on a full disk, some in a crash; this says why. Returns whether it was that.
bool explain_full_disk(const std::string& name, std::filesystem::path folder) {
  if (folder.empty()) folder = ".";
  std::error_code error;
  std::filesystem::space_info space = std::filesystem::space(folder, error);
  constexpr uintmax_t hardly_any = 64 << 10;
  if (error || space.available >= hardly_any) return false;
  fprintf(stderr, "%s: the disk that holds '%s' is full; TMPDIR names the folder for temporary files\n", name.c_str(), folder.c_str());
  return true;
}

/// Runs the steps in order; the first failure ends it.
int run_steps(const std::string& name, const NvccOptions& options, const Plan& plan) {
  for (const Step& step : plan.steps) {
    if (options.verbose || options.dry_run) fprintf(stderr, "#$ %s\n", shown(step).c_str());
    if (options.dry_run) continue;
    if (step.argv[0].ends_with("/fatbinary")) {
      if (int status = fatbinary_main({step.argv.begin() + 1, step.argv.end()})) return status;
      continue;
    }
    Step command = step;
    bool compiler = step.argv[0].find("clang") != std::string::npos;
    // clang calls itself what it was called as; its diagnostics then carry our name, and the mode has to be said.
    if (compiler) command.argv.insert(command.argv.begin() + 1, "--driver-mode=g++");
    Result<int> status = run_program(command.argv, compiler ? name : std::string());
    if (interrupted_by()) return 1;
    if (!status) return fatal(name, status.error().text());
    if (*status != 0) return *status > 128 ? fatal(name, "'" + step.argv[0] + "' died of signal " + std::to_string(*status - 128)) : 1;
  }
  return 0;
}

int run_linked(const std::string& name, const NvccOptions& options, const Plan& plan, const Toolkit& toolkit) {
  std::string old = getenv("LD_LIBRARY_PATH") ? getenv("LD_LIBRARY_PATH") : "";
  setenv("LD_LIBRARY_PATH", (toolkit.lib64() + (old.empty() ? "" : ":" + old)).c_str(), 1);
  std::vector<std::string> argv{plan.program.find('/') == std::string::npos ? "./" + plan.program : plan.program};
  argv.insert(argv.end(), options.run_arguments.begin(), options.run_arguments.end());
  Result<int> status = run_program(argv);
  return status ? *status : fatal(name, status.error().text());
}

}  // namespace

int nvcc_within(const std::vector<std::string>& arguments, const std::string& name) {
  Result<ParsedCommand> parsed = parse_nvcc(arguments);
  if (parsed) {
    switch (parsed->query) {
      case Query::Help: fputs(nvcc_help().c_str(), stdout); return 0;
      case Query::Version: print_version(); return 0;
      case Query::ListCodes:
        for (const std::string& arch : architectures()) printf("sm_%s\n", arch.c_str());
        return 0;
      case Query::ListArchitectures:
        for (const std::string& arch : architectures()) printf("compute_%s\n", arch.c_str());
        return 0;
      case Query::None: break;
    }
  }
  Result<Toolkit> toolkit = find_toolkit_and_compiler();
  // CMake asks with -v and a file that does not exist, and reads the settings only.
  bool verbose = false;
  for (const std::string& a : arguments) verbose |= a == "-v" || a == "--verbose" || a == "-dryrun" || a == "--dryrun";
  if (verbose && toolkit) fputs(settings(*toolkit).c_str(), stderr);
  if (!parsed) return fatal(name, parsed.error().text());
  if (!toolkit) return fatal(name, toolkit.error().text());
  NvccOptions& options = parsed->options;
  if (options.verbose || options.dry_run)
    for (const Target& target : options.targets) fprintf(stderr, "#$ _TARGET_=-arch compute_%s\n", target.arch.c_str());
  for (const Input& input : options.inputs)
    if (!options.dry_run && access(input.path.c_str(), R_OK) != 0) return fatal(name, "Could not open input file '" + input.path + "'");

  std::optional<TemporaryFolder> folder;
  std::string scratch = "$TMPDIR";
  if (options.keep) {
    scratch = options.keep_directory.empty() ? "." : options.keep_directory;
    std::error_code error;
    std::filesystem::create_directories(scratch, error);
    if (error) return fatal(name, "the folder '" + scratch + "' cannot be made: " + error.message());
  } else if (!options.dry_run) {
    Result<TemporaryFolder> made = TemporaryFolder::make("anywarp-nvcc");
    if (!made) return fatal(name, made.error().text());
    folder.emplace(std::move(*made));
    scratch = folder->path();
  }
  if (!options.dry_run) {
    Result<std::string> overlay = write_overlay(options, scratch);
    if (!overlay) return fatal(name, overlay.error().text());
    options.overlay = *overlay;
  }
  Result<Plan> plan = make_plan(options, *toolkit, scratch);
  if (!plan) return fatal(name, plan.error().text());
  // lld would leave files of its own behind when it crashes.
  setenv("LLVM_DISABLE_SYMBOLIZATION", "1", 0);
  if (int status = run_steps(name, options, *plan)) {
    namespace fs = std::filesystem;
    if (!options.dry_run && !interrupted_by() && !explain_full_disk(name, fs::path(scratch).parent_path()) && !plan->program.empty())
      explain_full_disk(name, fs::path(plan->program).parent_path());
    return status;
  }
  if (options.run && !options.dry_run && !plan->program.empty()) return run_linked(name, options, *plan, *toolkit);
  return 0;
}

int nvcc_main(const std::vector<std::string>& arguments, const std::string& shown_name) {
  catch_interrupts();
  int status = nvcc_within(arguments, shown_name);
  fflush(stdout);
  die_if_interrupted();
  return status;
}

}  // namespace anywarp::toolchain
