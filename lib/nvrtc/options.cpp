// NVRTC's options are nvcc's with a stricter grammar: a long name has two dashes and a short one has one, a value follows `=` or is the
// next argument, and blanks at either end are dropped. What steers the making of machine code is taken and has no effect.
#include "options.h"

#include "toolchain/arch.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <cstring>
#include <functional>

namespace anywarp::nvrtc {

namespace {

enum class Takes { Nothing, Text, Bool, Integer };

struct State {
  Options options;
  bool ewp = false, optix = false;
};

using Set = std::function<Result<>(State&, const std::string&)>;

struct Option {
  const char* long_name;
  const char* short_name;  // or null
  Takes takes;
  Set set;
  bool next_argument = true;  // whether the value may be the next argument
};

Error fatal(std::string message) { return {CUDA_ERROR_INVALID_VALUE, std::move(message), {}}; }

Result<> nothing(State&, const std::string&) { return {}; }

template <class Target>
Set flag(Target target, bool value = true) {
  return [target, value](State& state, const std::string&) -> Result<> {
    target(state) = value;
    return {};
  };
}

template <class Target>
Set boolean(Target target) {
  return [target](State& state, const std::string& text) -> Result<> {
    target(state) = text == "true";
    return {};
  };
}

Set preprocessor(const char* prefix) {
  return [prefix](State& state, const std::string& text) -> Result<> {
    size_t begin = text.find_first_not_of(' ');
    state.options.request.preprocessor_flags.push_back(prefix + (begin == text.npos ? std::string() : text.substr(begin)));
    return {};
  };
}

Result<> set_arch(State& state, const std::string& value) {
  const auto& all = toolchain::accepted_architectures();
  const bool real = value.starts_with("sm_"), virtual_one = value.starts_with("compute_");
  const std::string arch = real ? value.substr(3) : virtual_one ? value.substr(8) : std::string();
  if (std::find(all.begin(), all.end(), arch) == all.end()) return fatal("invalid value for --gpu-architecture (-arch)");
  state.options.request.device.arch = arch;
  state.options.cubin = real;
  return {};
}

Result<> set_std(State& state, const std::string& value) {
  for (const char* known : {"c++03", "c++11", "c++14", "c++17", "c++20"})
    if (value == known) return state.options.request.std = value, Result<>();
  return fatal("invalid value for --std(-std)");
}

Result<> set_positive(State&, const std::string& value) {
  for (size_t at = 0; at <= value.size();) {
    size_t comma = std::min(value.find(',', at), value.size());
    std::string number = value.substr(at, comma - at);
    if (number.empty() || number.find_first_not_of("0123456789") != number.npos || number.find_first_not_of('0') == number.npos)
      return fatal("--diag-suppress expects a non-zero positive integer value");
    at = comma + 1;
  }
  return {};
}

const std::vector<Option>& table() {
  using enum Takes;
  auto device = [](auto member) { return [member](State& s) -> bool& { return s.options.request.device.*member; }; };
  auto request = [](auto member) { return [member](State& s) -> bool& { return s.options.request.*member; }; };
  using D = toolchain::DeviceOptions;
  using R = frontend::Request;
  static const std::vector<Option> rows = {
      {"gpu-architecture", "arch", Text, set_arch},
      {"device-c", "dc", Nothing, flag(device(&D::relocatable))},
      {"device-w", "dw", Nothing, flag(device(&D::relocatable), false)},
      {"relocatable-device-code", "rdc", Bool, boolean(device(&D::relocatable))},
      {"extensible-whole-program", "ewp", Nothing, nothing},
      {"device-debug", "G", Nothing, flag(device(&D::debug))},
      {"generate-line-info", "lineinfo", Nothing, flag(device(&D::line_info))},
      {"dopt", "dopt", Text,
       [](State&, const std::string& value) -> Result<> {
         if (value != "on") return fatal("invalid argument for option --dopt (-dopt): " + value);
         return {};
       }},
      {"Ofast-compile", "Ofc", Text, nothing},
      {"ptxas-options", "Xptxas", Text, nothing},
      {"maxrregcount", "maxrregcount", Integer,
       [](State& s, const std::string& value) -> Result<> {
         s.options.request.max_registers = std::atoi(value.c_str());
         return {};
       }},
      {"ftz", "ftz", Bool, boolean(device(&D::ftz))},
      {"prec-sqrt", "prec-sqrt", Bool, boolean(device(&D::prec_sqrt))},
      {"prec-div", "prec-div", Bool, boolean(device(&D::prec_div))},
      {"fmad", "fmad", Bool, boolean(device(&D::fmad))},
      {"use_fast_math", "use_fast_math", Nothing, flag(device(&D::fast_math))},
      {"extra-device-vectorization", "extra-device-vectorization", Nothing, nothing},
      {"modify-stack-limit", "modify-stack-limit", Bool, nothing},
      {"dlink-time-opt", "dlto", Nothing, flag([](State& s) -> bool& { return s.options.lto; })},
      {"gen-opt-lto", "gen-opt-lto", Nothing, nothing},
      {"optix-ir", "optix-ir", Nothing, flag([](State& s) -> bool& { return s.optix; })},
      {"jump-table-density", "jtd", Integer, nothing},
      {"device-stack-protector", "device-stack-protector", Bool, nothing},
      {"no-cache", "no-cache", Nothing, nothing},
      {"frandom-seed", "frandom-seed", Text, nothing},
      {"define-macro", "D", Text,
       [](State& s, const std::string& value) -> Result<> {
         if (value.find_first_not_of(' ') == value.npos) return fatal("invalid macro definition: ");
         return preprocessor("-D")(s, value);
       }},
      {"undefine-macro", "U", Text, preprocessor("-U")},
      {"include-path", "I", Text,
       [](State& s, const std::string& value) -> Result<> {
         if (value.find_first_not_of(' ') == value.npos) return {};
         return preprocessor("-I")(s, value);
       }},
      {"pre-include", "include", Text,
       [](State& s, const std::string& value) -> Result<> {
         s.options.request.preprocessor_flags.insert(s.options.request.preprocessor_flags.end(), {"-include", value});
         return {};
       }},
      {"no-source-include", "no-source-include", Nothing, flag(request(&R::source_folder), false)},
      {"std", "std", Text, set_std, false},
      {"builtin-move-forward", "builtin-move-forward", Bool, nothing},
      {"builtin-initializer-list", "builtin-initializer-list", Bool, nothing},
      {"pch", "pch", Nothing, flag([](State& s) -> bool& { return s.options.pch; })},
      {"create-pch", "create-pch", Text, flag([](State& s) -> bool& { return s.options.pch; })},
      {"use-pch", "use-pch", Text, nothing},
      {"pch-dir", "pch-dir", Text, nothing},
      {"pch-verbose", "pch-verbose", Bool, nothing},
      {"pch-messages", "pch-messages", Bool, nothing},
      {"instantiate-templates-in-pch", "instantiate-templates-in-pch", Bool, nothing},
      {"disable-warnings", "w", Nothing, flag(request(&R::no_warnings))},
      {"restrict", "restrict", Nothing, nothing},
      {"device-as-default-execution-space", "default-device", Nothing, flag(request(&R::default_device))},
      {"device-int128", "device-int128", Nothing, nothing},
      {"device-float128", "device-float128", Nothing,
       [](State&, const std::string&) -> Result<> { return fatal("option --device-float128 is not supported"); }},
      {"optimization-info", "opt-info", Text, nothing, false},
      {"version-ident", nullptr, Bool, nothing},
      {"display-error-number", "err-no", Nothing, nothing},
      {"no-display-error-number", "no-err-no", Nothing, nothing},
      {"diag-error", "diag-error", Text, set_positive},
      {"diag-suppress", "diag-suppress", Text, set_positive},
      {"diag-warn", "diag-warn", Text, set_positive},
      {"brief-diagnostics", "brief-diag", Bool, nothing},
      {"time", "time", Text, [](State& s, const std::string& v) -> Result<> { return s.options.time_file = v, Result<>(); }, false},
      {"split-compile", "split-compile", Text, nothing},
      {"fdevice-syntax-only", "fdevice-syntax-only", Nothing, flag([](State& s) -> bool& { return s.options.syntax_only; })},
      {"minimal", "minimal", Nothing, nothing},
      {"fdevice-time-trace", "fdevice-time-trace", Text,
       [](State& s, const std::string& v) -> Result<> { return s.options.request.time_trace = v, Result<>(); }, false},
      {"fassociative-math", "fassociative-math", Nothing, nothing},
      {"uumn", "uumn", Nothing, nothing},
  };
  return rows;
}

const Option* find(const std::string& dashed) {
  for (const Option& option : table())
    if (dashed == "--" + std::string(option.long_name) || (option.short_name && dashed == "-" + std::string(option.short_name)))
      return &option;
  return nullptr;
}

/// -DX, -UX, -Idir.
const Option* find_joined(const std::string& argument) {
  if (argument.size() < 3 || argument[0] != '-' || !std::strchr("DUI", argument[1])) return nullptr;
  return find(argument.substr(0, 2));
}

std::string shown(const Option& option) {
  return "--" + std::string(option.long_name) + (option.short_name ? " (-" + std::string(option.short_name) + ")" : "");
}

std::string trimmed(const std::string& text) {
  size_t begin = text.find_first_not_of(" \t\n"), end = text.find_last_not_of(" \t\n");
  return begin == text.npos ? std::string() : text.substr(begin, end - begin + 1);
}

}  // namespace

Result<Options> parse_options(const std::vector<std::string>& arguments, const std::string& default_arch) {
  State state;
  state.options.request.device.arch = default_arch;
  for (size_t i = 0; i < arguments.size(); i++) {
    const std::string argument = trimmed(arguments[i]);
    const size_t equals = argument.find('=');
    std::string value;
    bool has_value = false;
    const Option* option = find(argument.substr(0, equals));
    if (option) {
      has_value = equals != argument.npos;
      if (has_value) value = argument.substr(equals + 1);
    } else if ((option = find_joined(argument))) {
      has_value = true;
      value = argument.substr(2);
    }
    if (!option || (option->takes != Takes::Nothing && !has_value && !option->next_argument))
      return fatal("unrecognized option " + argument + " found");
    if (option->takes == Takes::Nothing && has_value) return fatal(shown(*option) + " does not accept any argument");
    if (option->takes != Takes::Nothing && !has_value && i + 1 < arguments.size()) value = trimmed(arguments[++i]);
    if (option->takes == Takes::Bool && value != "true" && value != "false") return fatal(shown(*option) + " expects true or false");
    if (option->takes == Takes::Integer && (value.empty() || value.find_first_not_of("0123456789") != value.npos))
      return fatal(shown(*option) + " expects an integer value");
    AW_TRY(option->set(state, value));
  }
  if (state.optix && state.options.lto) return fatal("-dlto is not compatible with -optix-ir");
  if (state.optix) return fatal("-optix-ir is not supported: OptiX needs a GPU, and there is none");
  Options& options = state.options;
  options.request.output = options.syntax_only ? frontend::Output::Nothing
                           : options.lto       ? frontend::Output::Bitcode
                                               : frontend::Output::Ptx;
  if (options.lto) options.request.device.relocatable = true;
  return std::move(options);
}

}  // namespace anywarp::nvrtc
