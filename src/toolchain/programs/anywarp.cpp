// The command `anywarp`. CLI11 takes what is ours; what a subcommand hands on (to nvcc, to a program) it leaves alone.
#include "base/spelling.h"
#include "toolchain/chips.h"
#include "toolchain/info.h"
#include "toolchain/nvcc.h"
#include "toolchain/run.h"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <functional>
#include <string>
#include <vector>

namespace {

struct Subcommand {
  const char* name;
  const char* help;
  std::function<int(const std::vector<std::string>&)> main;
};

const std::vector<Subcommand>& subcommands() {
  using namespace anywarp::toolchain;
  static const std::vector<Subcommand> all{
      {"run", "compile a CUDA source and run it, or run any program with Anywarp as its CUDA driver", run_main},
      {"nvcc", "the compiler driver; takes the options of NVIDIA's nvcc", [](const auto& arguments) { return nvcc_main(arguments); }},
      {"info", "the device as CUDA programs see it, and how kernels are compiled here", info_main},
      {"chips", "the chip models, with the source of each figure, and their export class by rule and date", chips_main},
  };
  return all;
}

/// "unknown command 'rnu'; did you mean 'run'?"
int unknown(const std::string& word) {
  std::vector<std::string> names{"test", "lint", "bench", "--help", "--version"};
  for (const Subcommand& subcommand : subcommands()) names.emplace_back(subcommand.name);
  std::string close = anywarp::nearest(word, names);
  fprintf(stderr, "anywarp: unknown %s '%s'; %s\n", word.starts_with('-') ? "option" : "command", word.c_str(),
          close.empty() ? "anywarp --help lists what there is" : ("did you mean '" + close + "'?").c_str());
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> words(argv + 1, argv + argc);
  // A subcommand's words are its own: CLI11 sees those before it.
  if (!words.empty()) {
    for (const Subcommand& subcommand : subcommands())
      if (words[0] == subcommand.name) return subcommand.main({words.begin() + 1, words.end()});
    if (words[0] == "test" || words[0] == "lint" || words[0] == "bench") {
      fprintf(stderr, "anywarp: `%s` belongs to the source tree: ./anywarp %s\n", words[0].c_str(), words[0].c_str());
      return 2;
    }
  }
  CLI::App app("Runs CUDA programs on CPUs.", "anywarp");
  app.set_version_flag("--version,-V", "anywarp " ANYWARP_VERSION);
  for (const Subcommand& subcommand : subcommands()) app.add_subcommand(subcommand.name, subcommand.help);
  app.footer(
      "\nExamples:\n"
      "  anywarp run examples/nbody/nbody.cu\n"
      "  anywarp run ./program-built-by-nvcc --its-own-option\n"
      "  anywarp nvcc -O2 -o saxpy saxpy.cu\n"
      "  anywarp info\n"
      "  anywarp chips --compare H20 H100\n\n"
      "In the source tree, ./anywarp test runs the tests, ./anywarp lint checks the source and ./anywarp bench measures.");
  if (words.empty()) {
    fputs(app.help().c_str(), stdout);
    return 0;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    fputs(app.help().c_str(), stdout);
    return 0;
  } catch (const CLI::CallForVersion&) {
    puts("anywarp " ANYWARP_VERSION);
    return 0;
  } catch (const CLI::ParseError&) {
    return unknown(words[0]);
  }
  return 0;
}
