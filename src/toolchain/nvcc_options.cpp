// nvcc's options are one table: long name, short name, what value they take, and what they set. The grammar around it:
//
//   -name, --name      a flag                          -name=value, -name value    a value
//   -Ifoo, -I foo      the value may be joined for -I -D -U -L -l -O -isystem -std -x -t
//   -Xcompiler a,b     a list: split at commas outside quotes; the option may be repeated
//   @file, -optf file  more arguments, from a file
//
// The names are those of nvcc 13.0; long and short ones may be written with one dash or two. An unknown option is an error
// that names it, unless -forward-unknown-to-host-compiler or -forward-unknown-to-host-linker sends it on.
#include "toolchain/nvcc_options.h"

#include "base/spelling.h"
#include "toolchain/arch.h"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <functional>
#include <iterator>

namespace anywarp::toolchain {

namespace {

enum class Takes { Nothing, Value, List, TrueFalse };

struct State {
  NvccOptions options;
  TargetList targets;
  Query query = Query::None;
  std::string forced_language;  // -x
};

struct Option {
  const char* name;
  const char* short_name;  // or null
  Takes takes;
  std::function<Result<>(State&, const std::string&)> set;
  const char* help = nullptr;  // shown by --help; null: taken, and without effect on a CPU
  const char* value_name = nullptr;
};

Error fatal(std::string message) { return {CUDA_ERROR_INVALID_VALUE, std::move(message), {}}; }

/// Splits at commas, and with `spaces` at blanks too, outside quotes; a backslash keeps the next character.
std::vector<std::string> split_list(std::string_view text, bool spaces) {
  std::vector<std::string> words;
  std::string word;
  char quote = 0;
  bool any = false;
  for (size_t i = 0; i < text.size(); i++) {
    char c = text[i];
    if (c == '\\' && i + 1 < text.size() && (text[i + 1] == ',' || text[i + 1] == '"' || text[i + 1] == '\\' || text[i + 1] == ' ')) {
      word += text[++i];
      any = true;
    } else if (quote) {
      if (c == quote)
        quote = 0;
      else
        word += c;
    } else if (c == '"' || c == '\'') {
      quote = c;
      any = true;
    } else if (c == ',' || (spaces && std::isspace(static_cast<unsigned char>(c)))) {
      if (any || !word.empty()) words.push_back(std::move(word));
      word.clear();
      any = false;
    } else {
      word += c;
    }
  }
  if (any || !word.empty()) words.push_back(std::move(word));
  return words;
}

auto flag(bool NvccOptions::* member) {
  return [member](State& s, const std::string&) -> Result<> {
    s.options.*member = true;
    return {};
  };
}

auto boolean(bool NvccOptions::* member) {
  return [member](State& s, const std::string& value) -> Result<> {
    s.options.*member = value == "true";
    return {};
  };
}

auto phase(Phase value) {
  return [value](State& s, const std::string&) -> Result<> {
    s.options.phase = value;
    return {};
  };
}

auto query(Query value) {
  return [value](State& s, const std::string&) -> Result<> {
    s.query = value;
    return {};
  };
}

auto text(std::string NvccOptions::* member) {
  return [member](State& s, const std::string& value) -> Result<> {
    s.options.*member = value;
    return {};
  };
}

/// Each value goes to `member`, behind `prefix` ("-I"), or as a second argument when the prefix ends in a blank ("-isystem ").
auto collect(std::vector<std::string> NvccOptions::* member, std::string prefix) {
  return [member, prefix](State& s, const std::string& value) -> Result<> {
    auto& list = s.options.*member;
    if (prefix.ends_with(' ')) {
      list.push_back(prefix.substr(0, prefix.size() - 1));
      list.push_back(value);
    } else {
      list.push_back(prefix + value);
    }
    return {};
  };
}

Result<> nothing(State&, const std::string&) { return {}; }

Result<> set_std(State& s, const std::string& value) {
  static const std::vector<std::string> known{"c++03",   "c++11",   "c++14",   "c++17",   "c++20",  "c++23",
                                              "gnu++11", "gnu++14", "gnu++17", "gnu++20", "gnu++23"};
  if (std::find(known.begin(), known.end(), value) == known.end()) return fatal("Value '" + value + "' is not defined for option 'std'");
  s.options.std = value;
  return {};
}

Result<> set_optimize(State& s, const std::string& value) {
  static const std::vector<std::string> known{"0", "1", "2", "3", "s", "fast"};
  if (std::find(known.begin(), known.end(), value) == known.end())
    return fatal("Value '" + value + "' is not defined for option 'optimize'; there are 0, 1, 2, 3, s and fast");
  s.options.host_optimize = value;
  return {};
}

Result<> set_runtime(State& s, const std::string& value) {
  if (value == "none")
    s.options.runtime = CudaRuntime::None;
  else if (value == "shared")
    s.options.runtime = CudaRuntime::Shared;
  else if (value == "static")
    s.options.runtime = CudaRuntime::Static;
  else
    return fatal("Value '" + value + "' is not defined for option 'cudart'; there are none, shared and static");
  return {};
}

Result<> set_default_stream(State& s, const std::string& value) {
  if (value != "legacy" && value != "null" && value != "per-thread")
    return fatal("Value '" + value + "' is not defined for option 'default-stream'; there are legacy, null and per-thread");
  s.options.per_thread_stream = value == "per-thread";
  return {};
}

Result<> set_language(State& s, const std::string& value) {
  if (value != "cu" && value != "c++" && value != "c" && value != "none")
    return fatal("Value '" + value + "' is not defined for option 'x'; there are c, c++ and cu");
  s.forced_language = value == "none" ? "" : value;
  return {};
}

Result<> set_machine(State&, const std::string& value) {
  if (value != "64") return fatal("Unsupported machine size '" + value + "'; there is 64");
  return {};
}

/// -Xcompiler: where a host option is one that both compilations must see, clang's device compilation gets it from the plan.
Result<> add_host_flags(State& s, const std::string& value) {
  s.options.host_flags.push_back(value);
  return {};
}

Result<> add_linker_flag(State& s, const std::string& value) {
  if (value.starts_with("-Wl,")) {
    s.options.link_flags.push_back(value);
  } else {
    s.options.link_flags.emplace_back("-Xlinker");
    s.options.link_flags.push_back(value);
  }
  return {};
}

const std::vector<Option>& table() {
  using O = NvccOptions;
  using enum Takes;
  static const std::vector<Option> rows = {
      {"help", "h", Nothing, query(Query::Help), "show this text"},
      {"version", "V", Nothing, query(Query::Version), "show the version of the toolkit that this is compatible with"},
      {"list-gpu-code", "code-ls", Nothing, query(Query::ListCodes), "list the sm_NN that are known"},
      {"list-gpu-arch", "arch-ls", Nothing, query(Query::ListArchitectures), "list the compute_NN that are known"},

      {"compile", "c", Nothing, phase(Phase::Object), "compile every input to an object file"},
      {"device-c", "dc", Nothing,
       [](State& s, const std::string&) -> Result<> {
         s.options.phase = Phase::Object;
         s.options.relocatable = true;
         return {};
       },
       "the same with relocatable device code"},
      {"device-w", "dw", Nothing, phase(Phase::Object), "the same with whole-program device code"},
      {"ptx", nullptr, Nothing, phase(Phase::Ptx), "compile the device code to PTX"},
      {"cubin", nullptr, Nothing, phase(Phase::Cubin),
       "compile the device code to what cuModuleLoad takes; it holds PTX, there being no machine code here"},
      {"fatbin", nullptr, Nothing, phase(Phase::Fatbin), "compile the device code to a fat binary that holds PTX"},
      {"preprocess", "E", Nothing, phase(Phase::Preprocess), "preprocess only"},
      {"generate-dependencies", "M", Nothing, phase(Phase::Dependencies), "print a make rule for the input"},
      {"generate-nonsystem-dependencies", "MM", Nothing, phase(Phase::UserDependencies), "the same without system headers"},
      {"generate-dependencies-with-compile", "MD", Nothing,
       [](State& s, const std::string&) -> Result<> { return s.options.dependency_flags.emplace_back("-MD"), Result<>(); },
       "write a make rule while compiling"},
      {"generate-nonsystem-dependencies-with-compile", "MMD", Nothing,
       [](State& s, const std::string&) -> Result<> { return s.options.dependency_flags.emplace_back("-MMD"), Result<>(); },
       "the same without system headers"},
      {"generate-dependency-targets", "MP", Nothing,
       [](State& s, const std::string&) -> Result<> { return s.options.dependency_flags.emplace_back("-MP"), Result<>(); },
       "add an empty rule for every header"},
      {"dependency-output", "MF", Value, collect(&O::dependency_flags, "-MF "), "file for the make rule", "FILE"},
      {"dependency-target-name", "MT", Value, collect(&O::dependency_flags, "-MT "), "target of the make rule", "NAME"},
      {"MQ", nullptr, Value, collect(&O::dependency_flags, "-MQ ")},
      {"device-link", "dlink", Nothing, phase(Phase::DeviceLink), "link the relocatable device code of the inputs into one object"},
      {"link", nullptr, Nothing, phase(Phase::Link)},
      {"lib", nullptr, Nothing, phase(Phase::Library), "put the objects into a static library"},
      {"run", nullptr, Nothing, flag(&O::run), "run the program that was linked"},
      {"run-args", nullptr, List, collect(&O::run_arguments, ""), "arguments for -run", "ARGS"},
      {"output-file", "o", Value, text(&O::output), "name of the output", "FILE"},
      {"output-directory", "odir", Value, text(&O::output_directory), "folder of the outputs", "DIR"},
      {"shared", nullptr, Nothing, flag(&O::shared), "link a shared library"},

      {"gpu-architecture", "arch", Value, [](State& s, const std::string& v) { return s.targets.set_arch(v); },
       "architecture that the source sees: sm_NN, compute_NN, native, all, all-major", "ARCH"},
      {"gpu-code", "code", List, [](State& s, const std::string& v) { return s.targets.add_code(v); }, "what is embedded for it", "CODE"},
      {"generate-code", "gencode", Value, [](State& s, const std::string& v) { return s.targets.add_gencode(v); },
       "both in one: arch=compute_NN,code=sm_NN", "SPEC"},
      {"relocatable-device-code", "rdc", TrueFalse, boolean(&O::relocatable), "device code may refer to other files", "true|false"},
      {"std", nullptr, Value, set_std, "language standard: c++03 to c++23", "STD"},
      {"x", nullptr, Value, set_language, "language of the inputs that follow: c, c++, cu", "LANG"},
      {"optimize", "O", Value, set_optimize, "optimisation of host code; device code is always optimised unless -G is given", "LEVEL"},
      {"debug", "g", Nothing, flag(&O::host_debug), "debug information for host code"},
      {"device-debug", "G", Nothing, flag(&O::device_debug), "device code unoptimised, with line information"},
      {"generate-line-info", "lineinfo", Nothing, flag(&O::line_info), "line information for device code"},
      {"profile", "pg", Nothing, flag(&O::profile), "instrument host code for gprof"},
      {"use_fast_math", nullptr, Nothing, flag(&O::fast_math),
       "-ftz=true -prec-div=false -prec-sqrt=false -fmad=true, and approximate functions"},
      {"ftz", nullptr, TrueFalse, boolean(&O::ftz), "flush single-precision denormals to zero", "true|false"},
      {"prec-div", nullptr, TrueFalse, boolean(&O::prec_div), "IEEE division", "true|false"},
      {"prec-sqrt", nullptr, TrueFalse, boolean(&O::prec_sqrt), "IEEE square root", "true|false"},
      {"fmad", nullptr, TrueFalse, boolean(&O::fmad), "contract a*b+c", "true|false"},
      {"default-stream", nullptr, Value, set_default_stream, "stream of <<<>>> and of the runtime: legacy, per-thread", "WHICH"},
      {"extended-lambda", "expt-extended-lambda", Nothing, flag(&O::extended_lambda), "lambdas with __device__"},
      {"expt-relaxed-constexpr", nullptr, Nothing, flag(&O::relaxed_constexpr), "constexpr functions on host and device"},
      {"no-exceptions", "noeh", Nothing, flag(&O::no_exceptions), "host code without exceptions"},
      {"restrict", nullptr, Nothing, flag(&O::restrict_pointers)},

      {"define-macro", "D", List, collect(&O::preprocessor_flags, "-D"), "define a macro", "NAME[=VALUE]"},
      {"undefine-macro", "U", List, collect(&O::preprocessor_flags, "-U"), "undefine it", "NAME"},
      {"include-path", "I", List, collect(&O::preprocessor_flags, "-I"), "folder of headers", "DIR"},
      {"system-include", "isystem", List, collect(&O::preprocessor_flags, "-isystem "), "folder of system headers", "DIR"},
      {"pre-include", "include", List, collect(&O::preprocessor_flags, "-include "), "header to include first", "FILE"},
      {"library-path", "L", List, collect(&O::link_flags, "-L"), "folder of libraries", "DIR"},
      {"library", "l", List, collect(&O::link_flags, "-l"), "library to link", "NAME"},
      {"cudart", nullptr, Value, set_runtime, "CUDA runtime to link: none, shared, static", "WHICH"},
      {"cudadevrt", nullptr, Value, nothing},
      {"compiler-options", "Xcompiler", List, add_host_flags, "options for the host compilation", "OPTIONS"},
      {"linker-options", "Xlinker", List, add_linker_flag, "options for the host linker", "OPTIONS"},
      {"archive-options", "Xarchive", List, collect(&O::archive_flags, ""), "options for ar", "OPTIONS"},
      {"forward-unknown-to-host-compiler", nullptr, Nothing, flag(&O::forward_unknown_compiler),
       "an unknown option goes to the host compilation"},
      {"forward-unknown-to-host-linker", nullptr, Nothing, flag(&O::forward_unknown_linker), "an unknown option goes to the host linker"},
      {"forward-unknown-opts", nullptr, Nothing,
       [](State& s, const std::string&) -> Result<> {
         s.options.forward_unknown_compiler = s.options.forward_unknown_linker = true;
         return {};
       },
       "both"},
      {"verbose", "v", Nothing, flag(&O::verbose), "show the commands that are run"},
      {"dryrun", nullptr, Nothing, flag(&O::dry_run), "show them and run none"},
      {"keep", "save-temps", Nothing, flag(&O::keep), "keep the intermediate files"},
      {"keep-dir", nullptr, Value, text(&O::keep_directory), "folder to keep them in", "DIR"},
      {"disable-warnings", "w", Nothing, flag(&O::no_warnings), "no warnings"},
      {"Werror", nullptr, List,
       [](State& s, const std::string& v) -> Result<> {
         s.options.warnings_are_errors |= v == "all-warnings";
         return {};
       },
       "with all-warnings: a warning is an error", "KIND"},
      {"options-file", "optf", List, nothing, "more arguments, from a file", "FILE"},
      {"no-device-link", "nodlink", Nothing, flag(&O::no_device_link), "do not link relocatable device code"},

      // These steer NVIDIA's machine-code compiler, its diagnostics or its environment.
      {"compiler-bindir", "ccbin", Value, nothing},
      {"allow-unsupported-compiler", nullptr, Nothing, nothing},
      {"archiver-binary", "arbin", Value, nothing},
      {"libdevice-directory", "ldir", Value, nothing},
      {"target-directory", "target-dir", Value, nothing},
      {"use-local-env", nullptr, Nothing, nothing},
      {"objdir-as-tempdir", "objtemp", Nothing, nothing},
      {"ptxas-options", "Xptxas", List, nothing},
      {"nvlink-options", "Xnvlink", List, nothing},
      {"maxrregcount", nullptr, Value, nothing},
      {"optimization-info", "opt-info", List, nothing},
      {"Ofast-compile", "Ofc", Value, nothing},
      {"dopt", nullptr, Value, nothing},
      {"dlink-time-opt", "dlto", Nothing, nothing},
      {"lto", nullptr, Nothing, nothing},
      {"ftemplate-backtrace-limit", nullptr, Value, collect(&O::host_flags, "-ftemplate-backtrace-limit=")},
      {"ftemplate-depth", nullptr, Value, collect(&O::preprocessor_flags, "-ftemplate-depth=")},
      {"no-host-device-initializer-list", "nohdinitlist", Nothing, nothing},
      {"no-host-device-move-forward", "nohdmoveforward", Nothing, nothing},
      {"machine", "m", Value, set_machine},
      {"m64", nullptr, Nothing, nothing},
      {"static-global-template-stub", nullptr, TrueFalse, nothing},
      {"device-entity-has-hidden-visibility", nullptr, TrueFalse, nothing},
      {"dont-use-profile", "noprof", Nothing, nothing},
      {"threads", "t", Value, nothing},
      {"split-compile", nullptr, Value, nothing},
      {"split-compile-extended", nullptr, Value, nothing},
      {"entries", "e", List, nothing},
      {"extra-device-vectorization", nullptr, Nothing, nothing},
      {"keep-device-functions", nullptr, Nothing, nothing},
      {"source-in-ptx", "src-in-ptx", Nothing, nothing},
      {"Wreorder", nullptr, Nothing, nothing},
      {"Wdefault-stream-launch", nullptr, Nothing, nothing},
      {"Wmissing-launch-bounds", nullptr, Nothing, nothing},
      {"Wext-lambda-captures-this", nullptr, Nothing, nothing},
      {"Wno-deprecated-declarations", nullptr, Nothing, collect(&O::host_flags, "-Wno-deprecated-declarations")},
      {"Wno-deprecated-gpu-targets", nullptr, Nothing, nothing},
      {"resource-usage", "res-usage", Nothing, nothing},
      {"extensible-whole-program", "ewp", Nothing, nothing},
      {"no-compress", nullptr, Nothing, nothing},
      {"compress-mode", nullptr, Value, nothing},
      {"display-error-number", "err-no", Nothing, nothing},
      {"no-display-error-number", "no-err-no", Nothing, nothing},
      {"diag-error", nullptr, List, nothing},
      {"diag-suppress", nullptr, List, nothing},
      {"diag-warn", nullptr, List, nothing},
      {"brief-diagnostics", "brief-diag", TrueFalse, nothing},
      {"jump-table-density", "jtd", Value, nothing},
      {"frandom-seed", nullptr, Value, nothing},
      {"jobserver", nullptr, Nothing, nothing},
  };
  return rows;
}

const Option* find_option(std::string_view name) {
  for (const Option& option : table())
    if (name == option.name || (option.short_name && name == option.short_name)) return &option;
  return nullptr;
}

Result<> apply(State& state, const Option& option, const std::string& value) {
  if (option.takes == Takes::TrueFalse && value != "true" && value != "false") return fatal("'" + value + "': expected true or false");
  if (option.takes != Takes::List) return option.set(state, value);
  bool host = std::string_view(option.name).ends_with("-options");
  for (const std::string& word : split_list(value, host)) AW_TRY(option.set(state, word));
  return {};
}

/// The words of a response file: blanks separate, quotes keep together, # does not comment.
Result<std::vector<std::string>> read_arguments(const std::string& path) {
  std::ifstream file(path);
  if (!file) return fatal("Could not open options file '" + path + "'");
  std::string all((std::istreambuf_iterator<char>(file)), {});
  std::vector<std::string> words;
  std::string word;
  char quote = 0;
  bool any = false;
  for (char c : all) {
    if (quote) {
      if (c == quote)
        quote = 0;
      else
        word += c;
    } else if (c == '"' || c == '\'') {
      quote = c;
      any = true;
    } else if (std::isspace(static_cast<unsigned char>(c))) {
      if (any || !word.empty()) words.push_back(std::move(word));
      word.clear();
      any = false;
    } else {
      word += c;
    }
  }
  if (any || !word.empty()) words.push_back(std::move(word));
  return words;
}

Result<std::vector<std::string>> expand_files(const std::vector<std::string>& arguments, int depth = 0) {
  if (depth > 16) return fatal("Options files include each other more than 16 deep");
  std::vector<std::string> all;
  for (size_t i = 0; i < arguments.size(); i++) {
    const std::string& a = arguments[i];
    std::string list;
    if (a.size() > 1 && a[0] == '@')
      list = a.substr(1);
    else if ((a == "-optf" || a == "--options-file" || a == "-options-file") && i + 1 < arguments.size())
      list = arguments[++i];
    else if (a.starts_with("-optf=") || a.starts_with("--options-file="))
      list = a.substr(a.find('=') + 1);
    else {
      all.push_back(a);
      continue;
    }
    for (const std::string& path : split_list(list, false)) {
      AW_ASSIGN(auto words, read_arguments(path));
      AW_ASSIGN(auto inner, expand_files(words, depth + 1));
      std::move(inner.begin(), inner.end(), std::back_inserter(all));
    }
  }
  return all;
}

Error unknown_option(const std::string& argument) {
  std::vector<std::string> names;
  for (const Option& option : table()) {
    names.emplace_back(option.name);
    if (option.short_name) names.emplace_back(option.short_name);
  }
  std::string_view bare = argument;
  bare.remove_prefix(std::min(bare.find_first_not_of('-'), bare.size()));
  bare = bare.substr(0, bare.find('='));
  std::string close = nearest(bare, names);
  std::string message = "Unknown option '" + argument + "'";
  if (!close.empty())
    message += "; did you mean '" + std::string(close.size() > 2 && !argument.starts_with("--") ? "-" : "--") + close + "'?";
  return fatal(message + (close.empty() ? "; options for the host compiler go through -Xcompiler" : ""));
}

/// A host compiler's option that CMake and make files hand to nvcc without -Xcompiler is passed on by nvcc as well.
bool joined_option(const std::string& argument, const Option*& option, std::string& value) {
  for (const char* name : {"isystem", "std", "include", "I", "D", "U", "L", "l", "O", "x", "t", "m", "o"}) {
    std::string prefix = std::string("-") + name;
    if (argument.size() <= prefix.size() || !argument.starts_with(prefix)) continue;
    option = find_option(name);
    value = argument.substr(prefix.size());
    if (value.starts_with('=')) value.erase(0, 1);
    // -t4 and -m64 are numbers; -threads, -machine and the like are names.
    if ((*name == 't' || *name == 'm') && value.find_first_not_of("0123456789") != value.npos) continue;
    if (*name == 'O' && value.size() > 4) continue;
    if ((*name == 'o' || (*name == 'x' && value != "cu" && value != "c++" && value != "c"))) continue;
    return true;
  }
  return false;
}

bool source_language(const std::string& forced, Language& language) {
  if (forced == "cu")
    language = Language::Cuda;
  else if (forced == "c++")
    language = Language::Cxx;
  else if (forced == "c")
    language = Language::C;
  else
    return false;
  return true;
}

Result<> add_input(State& state, const std::string& path) {
  Input input{path, Language::Object};
  bool by_name = language_of(path, input.language);
  bool linkable = by_name && (input.language == Language::Object || input.language == Language::Archive);
  if (!linkable) {
    bool forced = source_language(state.forced_language, input.language);
    if (!forced && !by_name) return fatal("Don't know what to do with '" + path + "'");
  }
  state.options.inputs.push_back(std::move(input));
  return {};
}

Result<> check(const NvccOptions& o) {
  if (o.inputs.empty()) return fatal("No input files specified; use option --help for more information");
  bool joins = o.phase == Phase::Link || o.phase == Phase::Library || o.phase == Phase::DeviceLink;
  size_t sources = 0;
  for (const Input& input : o.inputs) sources += input.language != Language::Object && input.language != Language::Archive;
  if (!joins && sources > 1 && !o.output.empty())
    return fatal("A single input file is required for a non-link phase when an outputfile is specified");
  if (!joins && sources == 0) return fatal("Don't know what to do with '" + o.inputs[0].path + "' in a phase that compiles");
  if ((o.phase == Phase::Ptx || o.phase == Phase::Cubin) && o.targets.size() > 1)
    return fatal("Option '--" + std::string(o.phase == Phase::Ptx ? "ptx" : "cubin") +
                 "' is not allowed when compiling for multiple GPU architectures");
  return {};
}

}  // namespace

bool language_of(std::string_view path, Language& language) {
  size_t slash = path.rfind('/');
  std::string_view name = slash == path.npos ? path : path.substr(slash + 1);
  size_t dot = name.rfind('.');
  if (dot == name.npos) return false;
  std::string_view ending = name.substr(dot + 1);
  auto is = [&](std::initializer_list<std::string_view> endings) {
    return std::find(endings.begin(), endings.end(), ending) != endings.end();
  };
  if (is({"cu", "cuh"}))
    language = Language::Cuda;
  else if (is({"cpp", "cc", "cxx", "C", "c++", "ii"}))
    language = Language::Cxx;
  else if (is({"c", "i"}))
    language = Language::C;
  else if (is({"ptx"}))
    language = Language::Ptx;
  else if (is({"o", "obj", "so", "lo"}) || name.find(".so.") != name.npos)
    language = Language::Object;
  else if (is({"a", "lib"}))
    language = Language::Archive;
  else
    return false;
  return true;
}

Result<ParsedCommand> parse_nvcc(const std::vector<std::string>& given) {
  AW_ASSIGN(std::vector<std::string> arguments, expand_files(given));
  State state;
  // Whether unknown options are forwarded may be said after them.
  for (const std::string& a : arguments) {
    if (a.ends_with("-forward-unknown-to-host-compiler") || a.ends_with("-forward-unknown-opts"))
      state.options.forward_unknown_compiler = true;
    if (a.ends_with("-forward-unknown-to-host-linker") || a.ends_with("-forward-unknown-opts")) state.options.forward_unknown_linker = true;
  }
  for (size_t i = 0; i < arguments.size(); i++) {
    const std::string& argument = arguments[i];
    if (argument.empty()) continue;
    if (argument[0] != '-' || argument == "-") {
      AW_TRY(add_input(state, argument));
      continue;
    }
    std::string name = argument.substr(argument.starts_with("--") ? 2 : 1), value;
    size_t equals = name.find('=');
    bool has_value = equals != name.npos;
    if (has_value) {
      value = name.substr(equals + 1);
      name.resize(equals);
    }
    const Option* option = find_option(name);
    if (!option && joined_option(argument, option, value)) has_value = true;
    if (option && option->takes == Takes::Nothing && has_value && value != "true" && value != "false") option = nullptr;
    if (!option) {
      // -Wl,... and -pthread mean the same to every host compiler, and build systems write them bare.
      bool to_linker = argument.starts_with("-Wl,") || (state.options.forward_unknown_linker && !state.options.forward_unknown_compiler);
      if (to_linker && (state.options.forward_unknown_linker || state.options.forward_unknown_compiler))
        state.options.link_flags.push_back(argument);
      else if (state.options.forward_unknown_compiler)
        state.options.host_flags.push_back(argument);
      else
        return unknown_option(argument);
      continue;
    }
    if (option->takes == Takes::Nothing) {
      if (has_value && value == "false") continue;
    } else if (!has_value) {
      bool boolean_next = i + 1 < arguments.size() && (arguments[i + 1] == "true" || arguments[i + 1] == "false");
      if (option->takes == Takes::TrueFalse && !boolean_next)
        value = "true";
      else if (i + 1 < arguments.size())
        value = arguments[++i];
      else
        return fatal("Argument expected after option '" + argument + "'");
    }
    AW_TRY(apply(state, *option, value));
  }
  ParsedCommand command;
  command.query = state.query;
  AW_ASSIGN(state.options.targets, state.targets.finish());
  if (command.query == Query::None) AW_TRY(check(state.options));
  command.options = std::move(state.options);
  return command;
}

std::string nvcc_help() {
  std::string out =
      "usage: nvcc [options] FILE...\n\n"
      "Compiles CUDA C++ for CPUs. A .cu file's device code becomes PTX, embedded in the object file; Anywarp's libcuda compiles it\n"
      "for the machine that it runs on. The options are those of NVIDIA's nvcc 13.0.\n\n"
      "  nvcc -O2 -o saxpy saxpy.cu && ./saxpy\n"
      "  nvcc -arch=sm_90 -ptx kernel.cu\n"
      "  nvcc -dc a.cu b.cu && nvcc a.o b.o -o program\n\n";
  std::vector<std::string> quiet;
  for (const Option& option : table()) {
    if (!option.help) {
      quiet.push_back((std::char_traits<char>::length(option.name) > 1 ? "--" : "-") + std::string(option.name));
      continue;
    }
    std::string left = "  --" + std::string(option.name);
    if (option.short_name) left += ", -" + std::string(option.short_name);
    if (option.value_name) left += " " + std::string(option.value_name);
    out += left + (left.size() < 46 ? std::string(46 - left.size(), ' ') : "\n" + std::string(46, ' ')) + option.help + "\n";
  }
  out += "\nTaken, and without effect here, since there is no GPU machine code and the host compiler is clang 22:\n";
  std::string line = " ";
  for (const std::string& name : quiet) {
    if (line.size() + name.size() > 118) {
      out += line + "\n";
      line = " ";
    }
    line += " " + name;
  }
  return out + line + "\n";
}

}  // namespace anywarp::toolchain
