// There is no machine code here to assemble to, so `ptxas` checks what it is given and writes a fat binary that holds the same
// PTX: cuModuleLoad takes it wherever it takes a cubin. clang, CMake, Triton and others run it and read its messages, hence
// their form:
//
//   ptxas kernel.ptx, line 12; error   : Unknown instruction ...
//   ptxas fatal   : Ptx assembly aborted due to errors
#include "toolchain/ptxas.h"

#include "base/spelling.h"
#include "ptx/module.h"
#include "ptx/ptx.h"
#include "toolchain/arch.h"
#include "toolchain/fatbinary.h"
#include "toolchain/process.h"
#include "toolchain/toolkit.h"

#include <algorithm>
#include <cstdio>

namespace anywarp::toolchain {

namespace {

struct Command {
  std::string input, output = "elf.o", arch{default_architecture};
  bool verbose = false, help = false, version = false;
};

struct Option {
  const char* name;
  const char* short_name;
  bool takes_value;
};

/// Those of ptxas 13.0. What steers the making of machine code is taken and has no effect.
const std::vector<Option>& table() {
  static const std::vector<Option> rows = {
      {"gpu-name", "arch", true},
      {"output-file", "o", true},
      {"verbose", "v", false},
      {"help", "h", false},
      {"version", "V", false},
      {"machine", "m", true},
      {"m64", nullptr, false},
      {"opt-level", "O", true},
      {"entry", "e", true},
      {"compile-only", "c", false},
      {"device-debug", "g", false},
      {"generate-line-info", "lineinfo", false},
      {"maxrregcount", nullptr, true},
      {"fmad", nullptr, true},
      {"def-load-cache", "dlcm", true},
      {"def-store-cache", "dscm", true},
      {"force-load-cache", "flcm", true},
      {"force-store-cache", "fscm", true},
      {"allow-expensive-optimizations", nullptr, true},
      {"disable-optimizer-constants", nullptr, false},
      {"disable-warnings", "w", false},
      {"suppress-double-demote-warning", nullptr, false},
      {"suppress-stack-size-warning", nullptr, false},
      {"suppress-async-bulk-multicast-advisory-warning", nullptr, false},
      {"suppress-sparse-mma-advisory-info", nullptr, false},
      {"warning-as-error", "Werror", false},
      {"warn-on-double-precision-use", nullptr, false},
      {"warn-on-local-memory-usage", nullptr, false},
      {"warn-on-spills", nullptr, false},
      {"preserve-relocs", nullptr, false},
      {"position-independent-code", "pic", false},
      {"return-at-end", nullptr, false},
      {"sp-bounds-check", nullptr, false},
      {"sp-bound-check", nullptr, false},
      {"extensible-whole-program", "ewp", false},
      {"legacy-bar-warp-wide-behavior", nullptr, false},
      {"override-directive-values", nullptr, false},
      {"compile-as-tools-patch", nullptr, false},
      {"fast-compile", nullptr, true},
      {"Ofast-compile", nullptr, true},
      {"split-compile", nullptr, true},
      {"device-function-maxrregcount", nullptr, true},
      {"make-errors-visible-at-exit", nullptr, false},
      {"verify-frontend", nullptr, false},
  };
  return rows;
}

const Option* find(std::string_view name) {
  for (const Option& option : table())
    if (name == option.name || (option.short_name && name == option.short_name)) return &option;
  return nullptr;
}

Error fatal(std::string message) { return {CUDA_ERROR_INVALID_VALUE, std::move(message), {}}; }

Result<> set(Command& command, std::string_view option, const std::string& value) {
  if (option == "output-file") command.output = value;
  if (option == "verbose") command.verbose = true;
  if (option == "help") command.help = true;
  if (option == "version") command.version = true;
  if (option == "machine" && value != "64") return fatal("Unsupported machine size '" + value + "'; there is 64");
  if (option == "gpu-name") {
    const auto& all = accepted_architectures();
    std::string arch = value.starts_with("sm_") ? value.substr(3) : value.starts_with("compute_") ? value.substr(8) : std::string();
    if (std::find(all.begin(), all.end(), arch) == all.end()) return fatal("Value '" + value + "' is not defined for option 'gpu-name'");
    command.arch = arch;
  }
  return {};
}

Result<Command> parse_command(const std::vector<std::string>& arguments) {
  Command command;
  for (size_t i = 0; i < arguments.size(); i++) {
    const std::string& argument = arguments[i];
    if (argument.empty()) continue;
    if (argument[0] != '-' || argument == "-") {
      if (!command.input.empty()) return fatal("One input file is taken, yet '" + command.input + "' and '" + argument + "' were given");
      command.input = argument;
      continue;
    }
    std::string name = argument.substr(argument.starts_with("--") ? 2 : 1), value;
    size_t equals = name.find('=');
    bool has_value = equals != name.npos;
    if (has_value) {
      value = name.substr(equals + 1);
      name.resize(equals);
    }
    const Option* option = find(name);
    if (!option && name.size() == 2 && (name[0] == 'O' || name[0] == 'm')) {  // -O3
      option = find(name.substr(0, 1));
      value = name.substr(1);
      has_value = true;
    }
    if (!option) {
      std::vector<std::string> names;
      for (const Option& row : table()) names.emplace_back(row.name);
      std::string close = nearest(name, names);
      return fatal("Unknown option '" + argument + "'" + (close.empty() ? "" : "; did you mean '--" + close + "'?"));
    }
    if (option->takes_value && !has_value) {
      if (i + 1 == arguments.size()) return fatal("Argument expected after option '" + argument + "'");
      value = arguments[++i];
    }
    AW_TRY(set(command, option->name, value));
  }
  if (command.input.empty() && !command.help && !command.version)
    return fatal("No input file specified; use option --help for more information");
  return command;
}

/// "file.ptx:12:5" -> "line 12"; the column goes with the message.
void show_error(const std::string& input, const Error& error) {
  size_t column = error.place.rfind(':'),
         line = column == error.place.npos || column == 0 ? error.place.npos : error.place.rfind(':', column - 1);
  if (line == error.place.npos) {
    fprintf(stderr, "ptxas %s; error   : %s\n", input.c_str(), error.message.c_str());
    return;
  }
  fprintf(stderr, "ptxas %s, line %s; error   : %s (column %s)\n", input.c_str(), error.place.substr(line + 1, column - line - 1).c_str(),
          error.message.c_str(), error.place.substr(column + 1).c_str());
}

/// What is known without machine code: memory by kind. Registers are none, for a CPU's compiler allots its own.
void show_resources(const ptx::Module& module, const std::string& arch) {
  auto bytes_in = [](const auto& variables, ptx::Space space) {
    uint64_t sum = 0;
    for (const ptx::Variable& variable : variables)
      if (variable.space == space) sum += variable.size;
    return static_cast<unsigned long long>(sum);
  };
  fprintf(stderr, "ptxas info    : %llu bytes gmem, %llu bytes cmem[3]\n", bytes_in(module.variables, ptx::Space::Global),
          bytes_in(module.variables, ptx::Space::Const));
  for (const ptx::Function& function : module.functions) {
    if (!function.is_entry || !function.has_body) continue;
    std::string name(function.name);
    fprintf(stderr, "ptxas info    : Compiling entry function '%s' for 'sm_%s'\n", name.c_str(), arch.c_str());
    fprintf(stderr, "ptxas info    : Function properties for %s\n    %llu bytes stack frame, 0 bytes spill stores, 0 bytes spill loads\n",
            name.c_str(), bytes_in(function.variables, ptx::Space::Local));
    unsigned long long shared = bytes_in(function.variables, ptx::Space::Shared) + bytes_in(module.variables, ptx::Space::Shared);
    fprintf(stderr, "ptxas info    : %llu bytes smem, %llu bytes cmem[0]\n", shared,
            static_cast<unsigned long long>(function.parameter_bytes));
  }
}

/// 0 or 255.
int assemble(const Command& command, const std::string& text) {
  auto aborted = [&](const Error& error) {
    show_error(command.input, error);
    fputs("ptxas fatal   : Ptx assembly aborted due to errors\n", stderr);
    return 255;
  };
  auto module = ptx::parse(text, command.input);
  if (!module) return aborted(module.error());
  if (Result<> right = ptx::verify(**module); !right) return aborted(right.error());
  std::string target((*module)->target);
  if (target.starts_with("sm_") && arch_number(target.substr(3)) > arch_number(command.arch)) {
    fprintf(stderr, "ptxas fatal   : SM version specified by .target is higher than default SM version assumed: '%s' and 'sm_%s'\n",
            target.c_str(), command.arch.c_str());
    return 255;
  }
  Image image;
  image.arch = command.arch;
  image.name = command.input.substr(command.input.rfind('/') + 1);
  image.bytes = text;
  if (Result<> written = write_file(command.output, write_fatbin({&image, 1})); !written) {
    fprintf(stderr, "ptxas fatal   : %s\n", written.error().text().c_str());
    return 255;
  }
  if (command.verbose) show_resources(**module, command.arch);
  return 0;
}

void print_help() {
  printf(
      "usage: ptxas [options] FILE.ptx\n\n"
      "Checks PTX and writes it in the form that cuModuleLoad takes. There is no machine code here: libcuda compiles the PTX for\n"
      "the machine that it runs on. The options are those of NVIDIA's ptxas 13.0.\n\n"
      "  --gpu-name, -arch sm_NN       architecture that the PTX may not exceed (sm_%s)\n"
      "  --output-file, -o FILE        name of the output (elf.o)\n"
      "  --verbose, -v                 show the memory that each kernel takes\n"
      "  --version, -V                 show the version that this is compatible with\n\n"
      "Taken, and without effect here:\n ",
      std::string(default_architecture).c_str());
  size_t width = 1;
  for (const Option& option : table()) {
    std::string_view name = option.name;
    if (name == "gpu-name" || name == "output-file" || name == "verbose" || name == "version" || name == "help") continue;
    if (width + name.size() > 116) {
      printf("\n ");
      width = 1;
    }
    printf(" --%s", option.name);
    width += name.size() + 3;
  }
  printf("\n");
}

}  // namespace

int ptxas_main(const std::vector<std::string>& arguments) {
  auto fail = [](const Error& error) {
    fprintf(stderr, "ptxas fatal   : %s\n", error.text().c_str());
    return 1;
  };
  Result<Command> command = parse_command(arguments);
  if (!command) return fail(command.error());
  if (command->help) return print_help(), 0;
  if (command->version) {
    printf(
        "ptxas: NVIDIA (R) Ptx optimizing assembler\n"
        "This is Anywarp's stand-in, compatible with the one named above; it is no product of NVIDIA.\n"
        "Cuda compilation tools, release %d.%d, V%d.%d.%d\n"
        "Build anywarp_%s\n",
        cuda_major, cuda_minor, cuda_major, cuda_minor, cuda_build, ANYWARP_VERSION);
    return 0;
  }
  Result<std::string> text = read_file(command->input == "-" ? "/dev/stdin" : command->input);
  if (!text) return fail(text.error());
  return assemble(*command, *text);
}

}  // namespace anywarp::toolchain
