// `anywarp run FILE.cu` must leave nothing behind, however the program ends, and must behave like the program itself: its exit
// status, its signals, its terminal. Both follow from not being there any more: the source is compiled into a temporary
// folder, the executable is opened, the folder is removed, and the open file is executed in this process's place. From then
// on nothing of it has a name on disk.
//
// The compilation is repeated on every run; it takes about as long as the program's first kernel launch does.
#include "toolchain/run.h"

#include "base/environment.h"
#include "device/identity.h"
#include "toolchain/nvcc.h"
#include "toolchain/nvcc_options.h"
#include "toolchain/process.h"
#include "toolchain/toolkit.h"

#include <fcntl.h>
#include <unistd.h>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace anywarp::toolchain {

namespace fs = std::filesystem;

namespace {

const char help_text[] =
    "usage: anywarp run [--as CHIP] [nvcc options] FILE.cu [arguments]\n"
    "       anywarp run [--as CHIP] PROGRAM [arguments]\n\n"
    "Compiles a CUDA source and runs it, or runs any program with Anywarp as its CUDA driver.\n"
    "Options before FILE.cu are nvcc's; without any, -O2 and -arch=native are taken.\n"
    "With --as, the device reports that chip's name, multiprocessors, clocks, memory and capability: a name that\n"
    "`anywarp chips` lists, or a model's file. How fast the chip would be is not imitated.\n\n"
    "  anywarp run examples/nbody/nbody.cu --bodies 4096\n"
    "  anywarp run -O3 -std=c++20 -lm saxpy.cu\n"
    "  anywarp run main.cu kernels.cu -- --size 100      several sources: arguments come after --\n"
    "  anywarp run ./program-built-by-nvcc\n"
    "  anywarp run python3 train.py\n";

int complain(int status, const std::string& message) {
  fprintf(stderr, "anywarp run: %s\n", message.c_str());
  return status;
}

bool is_source(const std::string& word) {
  Language language;
  return language_of(word, language) && language == Language::Cuda;
}

bool is_file(const std::string& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

void use_our_driver(const Toolkit& toolkit) {
  const char* old = getenv("LD_LIBRARY_PATH");
  std::string path = toolkit.lib64();
  if (old && *old) path += std::string(":") + old;
  setenv("LD_LIBRARY_PATH", path.c_str(), 1);
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> out;
  out.reserve(words.size() + 1);
  for (std::string& word : words) out.push_back(word.data());
  out.push_back(nullptr);
  return out;
}

/// Tells the driver in the program, by the environment, which chip to report; -arch=native follows from the capability.
Result<> report_as(const std::string& name) {
  AW_ASSIGN(const device::Chip chip, device::find_chip(name));
  AW_TRY(device::can_identify(chip));
  const bool is_file = name == chip.file;
  setenv("ANYWARP_CHIP", (is_file ? fs::absolute(name).string() : chip.name).c_str(), 1);
  const auto capability = device::compute_capability(chip);
  if (capability && env::compute_capability().major == 0)
    setenv("ANYWARP_COMPUTE_CAPABILITY", (std::to_string(capability->first) + "." + std::to_string(capability->second)).c_str(), 1);
  return {};
}

int run_program_in_place(std::vector<std::string> argv) {
  std::vector<char*> arguments = pointers(argv);
  execvp(arguments[0], arguments.data());
  int reason = errno;
  return complain(reason == ENOENT ? 127 : 126, "'" + argv[0] + "' cannot be started: " + strerror(reason));
}

/// `compile` is nvcc's command line without -o.
int run_source(std::vector<std::string> compile, std::vector<std::string> argv) {
  auto given = [&](const char* prefix) {
    for (const std::string& word : compile)
      if (word.starts_with(prefix)) return true;
    return false;
  };
  if (!given("-O") && !given("--optimize")) compile.insert(compile.begin(), "-O2");
  if (!given("-arch") && !given("--gpu-architecture") && !given("-gencode") && !given("--generate-code"))
    compile.insert(compile.begin(), "-arch=native");
  catch_interrupts();
  int fd = -1, status = 0;
  {
    Result<TemporaryFolder> folder = TemporaryFolder::make("anywarp-run");
    if (!folder) return complain(1, folder.error().text());
    std::string program = folder->path() + "/program";
    compile.insert(compile.end(), {"-o", program});
    status = nvcc_within(compile, "anywarp run");
    if (status == 0) fd = open(program.c_str(), O_RDONLY | O_CLOEXEC);
    if (status == 0 && fd < 0) status = complain(1, "the compiled program cannot be opened: " + std::string(strerror(errno)));
  }
  die_if_interrupted();
  if (status != 0) return status;
  release_interrupts();
  std::vector<char*> arguments = pointers(argv);
  fexecve(fd, arguments.data(), environ);
  return complain(126, "the compiled program cannot be started: " + std::string(strerror(errno)));
}

}  // namespace

int run_main(const std::vector<std::string>& arguments) {
  std::vector<std::string> words = arguments;
  while (!words.empty() && (words[0] == "--as" || words[0].starts_with("--as="))) {
    const bool joined = words[0] != "--as";
    if (!joined && words.size() == 1) return complain(2, "--as needs a chip, as in --as H20");
    if (Result<> done = report_as(joined ? words[0].substr(5) : words[1]); !done) return complain(2, done.error().text());
    words.erase(words.begin(), words.begin() + (joined ? 1 : 2));
  }
  if (words.empty()) return complain(2, "nothing to run; give a CUDA source or a program, as in `anywarp run examples/nbody/nbody.cu`");
  if (words[0] == "--help" || words[0] == "-h") {
    fputs(help_text, stdout);
    return 0;
  }
  Result<Toolkit> toolkit = find_toolkit();
  if (!toolkit) return complain(1, toolkit.error().text());
  use_our_driver(*toolkit);

  // Everything up to the first source that exists or is named *.cu is nvcc's, unless the first word is a program.
  if (words[0][0] != '-' && !is_source(words[0])) {
    if (is_file(words[0]) && access(words[0].c_str(), X_OK) != 0) {
      Language language;
      if (!language_of(words[0], language))
        return complain(126, "'" + words[0] + "' is no program (it is not executable) and no CUDA source (its name does not end in .cu)");
    } else {
      return run_program_in_place(words);
    }
  }
  size_t source = 0;
  while (source < words.size() && !is_source(words[source])) source++;
  if (source == words.size()) {
    if (words[0][0] == '-') return complain(2, "no CUDA source follows the options; a source's name ends in .cu");
    return complain(2, "'" + words[0] + "' cannot be run alone: name a CUDA source (*.cu) beside it, or a program");
  }
  if (access(words[source].c_str(), R_OK) != 0) return complain(1, "'" + words[source] + "' cannot be read: " + strerror(errno));
  // More sources and libraries may follow the first one when `--` says where the arguments begin.
  size_t end = source + 1;
  for (size_t i = end; i < words.size(); i++) {
    if (words[i] == "--") {
      end = i;
      break;
    }
  }
  std::vector<std::string> compile(words.begin(), words.begin() + static_cast<long>(end));
  size_t first_argument = end < words.size() && words[end] == "--" ? end + 1 : end;
  // A program that looks for its data beside itself finds it beside the source.
  std::vector<std::string> argv{fs::absolute(words[source]).replace_extension().string()};
  argv.insert(argv.end(), words.begin() + static_cast<long>(first_argument), words.end());
  return run_source(std::move(compile), std::move(argv));
}

}  // namespace anywarp::toolchain
