// The driver knows where the C++ library lies, which PTX version an architecture needs, and much more, so it is asked, with the same
// words that nvcc gives it. It looks through the file system for its answer, hence the answers are kept.
#include "frontend/command_line.h"

#include "toolchain/dialect.h"

#include <clang/Basic/Diagnostic.h>
#include <clang/Basic/DiagnosticOptions.h>
#include <clang/Driver/Compilation.h>
#include <clang/Driver/Driver.h>
#include <clang/Driver/Job.h>
#include <llvm/Support/VirtualFileSystem.h>

#include <unistd.h>
#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>

namespace anywarp::frontend {

namespace {

using Words = std::vector<std::string>;

Words driver_words(const Request& request, bool textures) {
  Words words{clang_program(), "-x", "cuda", "--cuda-path=" + request.toolkit, "-Wno-unknown-cuda-version"};
  for (std::string& word : toolchain::device_flags(request.device)) words.push_back(std::move(word));
  for (std::string& word : toolchain::version_macros()) words.push_back(std::move(word));
  if (request.device.relocatable) words.insert(words.end(), {"-fgpu-rdc", "--no-offload-new-driver", "-D__CUDACC_RDC__"});
  if (!textures) words.emplace_back("-D__ANYWARP_NO_TEXTURES");
  if (request.device.debug) words.emplace_back("-D__CUDACC_DEBUG__");
  // NVRTC's sources see no header that they have not named; prelude.h brings what they may use all the same.
  words.insert(words.end(), {"-nocudainc", "-D__CUDACC_RTC__=1", "-D__CUDACC__=1", "-D__FORCE_INCLUDE_CUDA_FP16_HPP_FROM_FP16_H__=1",
                             "-D__FORCE_INCLUDE_CUDA_BF16_HPP_FROM_BF16_H__=1", "-std=" + request.std});
  // Messages of nvcc's own do not have these, and programs that were only ever built with it are full of their causes.
  words.insert(words.end(),
               {"-Wunused-variable", "-Wno-unknown-pragmas", "-Wno-unused-command-line-argument", "-Wno-reserved-user-defined-literal",
                "-Wno-invalid-constexpr", "-Wno-ignored-attributes", "-Wno-format-security", "-fwrapv"});
  auto told = [&](const char* macro, bool value) { words.push_back("-D" + std::string(macro) + (value ? "=1" : "=0")); };
  told("__CUDA_FTZ", request.device.ftz || request.device.fast_math);
  told("__CUDA_PREC_DIV", toolchain::division(request.device) == toolchain::Division::Exact);
  told("__CUDA_PREC_SQRT", toolchain::exact_sqrt(request.device));
  told("__CUDA_FMAD", request.device.fmad || request.device.fast_math);
  words.insert(words.end(), {"-S", "program.cu", "-o", "program.ptx"});
  return words;
}

Result<Words> ask_driver(const Words& words) {
  clang::DiagnosticOptions options;
  auto ignore = std::make_unique<clang::IgnoringDiagConsumer>();
  llvm::IntrusiveRefCntPtr<clang::DiagnosticIDs> ids(new clang::DiagnosticIDs);
  clang::DiagnosticsEngine diagnostics(ids, options, ignore.get(), false);
  llvm::IntrusiveRefCntPtr<llvm::vfs::InMemoryFileSystem> memory(new llvm::vfs::InMemoryFileSystem);
  llvm::IntrusiveRefCntPtr<llvm::vfs::OverlayFileSystem> files(new llvm::vfs::OverlayFileSystem(llvm::vfs::getRealFileSystem()));
  files->pushOverlay(memory);
  memory->addFile("program.cu", 0, llvm::MemoryBuffer::getMemBuffer(""));
  clang::driver::Driver driver(words[0], "x86_64-pc-linux-gnu", diagnostics, "clang LLVM compiler", files);
  driver.setCheckInputsExist(false);
  std::vector<const char*> arguments;
  arguments.reserve(words.size());
  for (const std::string& word : words) arguments.push_back(word.c_str());
  std::unique_ptr<clang::driver::Compilation> plan(driver.BuildCompilation(arguments));
  if (plan) {
    for (const clang::driver::Command& command : plan->getJobs()) {
      const llvm::opt::ArgStringList& list = command.getArguments();
      if (list.empty() || std::strcmp(list[0], "-cc1") != 0) continue;
      Words result;
      for (size_t i = 1; i < list.size(); i++) {
        if (std::strcmp(list[i], "-mllvm") == 0) {  // they are the process's, not this compilation's
          i++;
          continue;
        }
        result.emplace_back(list[i]);
      }
      return result;
    }
  }
  return Error{CUDA_ERROR_UNKNOWN, "clang's driver found no way to compile for '" + words.back() + "'", {}};
}

}  // namespace

std::string clang_program() {
  // The driver finds the headers that belong to it by this path, whether or not the program is there.
  return "/usr/lib/llvm-22/bin/clang++";
}

bool uses_textures(const Source& source, const Request& request) {
  auto fetches = [](const std::string& text) {
    for (const char* word : {"tex", "surf"}) {
      for (size_t at = 0; (at = text.find(word, at)) != text.npos; at++) {
        const char next = text[std::min(at + std::strlen(word), text.size() - 1)];
        if (next == '1' || next == '2' || next == '3' || next == 'C') return true;
      }
    }
    return false;
  };
  auto in_memory = [&](const std::string& name) {
    return std::any_of(source.headers.begin(), source.headers.end(), [&](const Header& header) { return header.name == name; });
  };
  // CUDA's own headers fetch nothing, and the system's know nothing of it; of others nothing is known.
  auto known = [&](const std::string& name) {
    return in_memory(name) || access((request.toolkit + "/include/" + name).c_str(), R_OK) == 0 || name.find_first_of("./") == name.npos ||
           name.starts_with("std");
  };
  auto foreign = [&](const std::string& text) {
    for (const std::string& name : toolchain::included_names(text))
      if (!known(name)) return true;
    return false;
  };
  for (const std::string& flag : request.preprocessor_flags)
    if (flag == "-include" || (flag.starts_with("-D") && fetches(flag))) return true;
  if (fetches(source.text) || foreign(source.text)) return true;
  return std::any_of(source.headers.begin(), source.headers.end(),
                     [&](const Header& header) { return fetches(header.text) || foreign(header.text); });
}

Result<Words> compiler_arguments(const Request& request, bool textures) {
  static auto* lock = new std::mutex;
  static auto* known = new std::map<Words, Words>;
  Words words = driver_words(request, textures);
  {
    std::lock_guard guard(*lock);
    if (auto at = known->find(words); at != known->end()) return at->second;
  }
  AW_ASSIGN(Words arguments, ask_driver(words));
  // Before the system's folders, where headers of another toolkit may lie, and after those of -I.
  arguments.insert(arguments.end(), {"-isystem", request.toolkit + "/include"});
  std::lock_guard guard(*lock);
  return known->emplace(std::move(words), std::move(arguments)).first->second;
}

}  // namespace anywarp::frontend
