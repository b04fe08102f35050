// nvcc's command line, parsed: what is asked for, nothing about how it is done.
#pragma once

#include "base/result.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace anywarp::toolchain {

/// Where the work stops, and what comes out.
enum class Phase { Link, Object, Ptx, Cubin, Fatbin, Preprocess, Dependencies, UserDependencies, Library, DeviceLink };

enum class Language { Cuda, Cxx, C, Ptx, Object, Archive };

struct Input {
  std::string path;
  Language language;
};

/// One device compilation: `arch` is the virtual architecture that the source sees, `codes` what is embedded for it.
struct Target {
  std::string arch;                // "90", "90a": after compute_
  std::vector<std::string> codes;  // "sm_90", "compute_90"
};

enum class CudaRuntime { None, Shared, Static };

struct NvccOptions {
  Phase phase = Phase::Link;
  std::vector<Input> inputs;
  std::string output;            // empty: the default of the phase
  std::string output_directory;  // -odir
  std::vector<Target> targets;   // never empty after parsing
  CudaRuntime runtime = CudaRuntime::Static;
  std::string std;               // "c++17", empty: the compiler's default
  std::string host_optimize;     // after -O; empty: none given
  bool device_debug = false;     // -G
  bool host_debug = false;       // -g
  bool line_info = false;
  bool profile = false;          // -pg
  bool ftz = false, prec_div = true, prec_sqrt = true, fmad = true, fast_math = false;
  bool relocatable = false;      // -rdc=true, -dc
  bool shared = false;
  bool per_thread_stream = false;
  bool extended_lambda = false, relaxed_constexpr = false;
  bool no_warnings = false, warnings_are_errors = false;
  bool no_exceptions = false;
  bool restrict_pointers = false;
  bool verbose = false, dry_run = false, keep = false, run = false;
  bool no_device_link = false;
  bool forward_unknown_compiler = false, forward_unknown_linker = false;
  std::string keep_directory;
  // -MD, -MMD, -MP, -MF f, -MT t, -MQ t as clang takes them.
  std::vector<std::string> dependency_flags;
  // -D, -U, -I, -isystem, -include, in order, one argument each or two.
  std::vector<std::string> preprocessor_flags;
  std::vector<std::string> host_flags;      // -Xcompiler and what is forwarded to the host compiler
  std::vector<std::string> link_flags;      // -L, -l, -Xlinker, in order
  std::vector<std::string> archive_flags;   // -Xarchive
  std::vector<std::string> run_arguments;
  std::string overlay;  // of changed sources (dialect.h); nvcc sets it, no option does
};

enum class Query { None, Help, Version, ListCodes, ListArchitectures };

struct ParsedCommand {
  Query query = Query::None;
  NvccOptions options;
};

/// Parses nvcc's arguments, without the program's name. @file and -optf are read.
/// Errors: INVALID_VALUE with the sentence that nvcc prints after "fatal   : ".
Result<ParsedCommand> parse_nvcc(const std::vector<std::string>& arguments);

/// What `nvcc --help` prints.
std::string nvcc_help();

/// The language that nvcc takes a file for by its name's ending; false when it knows none.
bool language_of(std::string_view path, Language& language);

}  // namespace anywarp::toolchain
