// Reading CUDA's device functions takes clang a quarter of a second, and compiling a small kernel a tenth of that. So what was read is
// kept, as clang's precompiled header, one for each set of options (the architecture decides what functions there are): in memory,
// and in the cache of compiled kernels for the next process. The key holds the compiler's version and the headers' dates, and
// what clang would check of it by itself, the macros of the command line for one, need not agree: NVRTC's sources define
// macros that the prelude does not ask about.
#include "frontend/prelude.h"

#include "base/hash.h"
#include "frontend/files.h"
#include "jit/cache.h"

#include <clang/Basic/Version.h>
#include <clang/Frontend/CompilerInstance.h>
#include <clang/Frontend/CompilerInvocation.h>
#include <clang/Frontend/FrontendAction.h>
#include <clang/Lex/Preprocessor.h>
#include <clang/Serialization/ASTWriter.h>
#include <clang/Serialization/PCHContainerOperations.h>

#include <filesystem>
#include <map>
#include <mutex>

namespace anywarp::frontend {

namespace {

namespace fs = std::filesystem;

class Precompile final : public clang::ASTFrontendAction {
 public:
  std::string contents;

 private:
  std::unique_ptr<clang::ASTConsumer> CreateASTConsumer(clang::CompilerInstance& compiler, llvm::StringRef) override {
    buffer_ = std::make_shared<clang::PCHBuffer>();
    return std::make_unique<clang::PCHGenerator>(compiler.getPreprocessor(), compiler.getModuleCache(), std::string(prelude_path), "",
                                                 buffer_, compiler.getCodeGenOpts(),
                                                 llvm::ArrayRef<std::shared_ptr<clang::ModuleFileExtension>>{}, false, false);
  }
  clang::TranslationUnitKind getTranslationUnitKind() override { return clang::TU_Prefix; }
  bool hasASTFileSupport() const override { return false; }
  void EndSourceFileAction() override {
    if (buffer_->IsComplete) contents.assign(buffer_->Data.begin(), buffer_->Data.end());
  }

  std::shared_ptr<clang::PCHBuffer> buffer_;
};

std::string precompile(const std::vector<std::string>& arguments, const Request& request) {
  std::vector<const char*> words;
  words.reserve(arguments.size());
  for (const std::string& word : arguments) words.push_back(word.c_str());
  auto invocation = std::make_shared<clang::CompilerInvocation>();
  clang::CompilerInstance compiler(invocation);
  compiler.setVirtualFileSystem(files_of({}, {}, request, nullptr));
  compiler.createDiagnostics(new clang::IgnoringDiagConsumer);
  if (!clang::CompilerInvocation::CreateFromArgs(compiler.getInvocation(), words, compiler.getDiagnostics())) return {};
  clang::FrontendOptions& front = compiler.getFrontendOpts();
  front.Inputs.assign(1, clang::FrontendInputFile(request.toolkit + "/include/" + prelude_header, clang::InputKind(clang::Language::CUDA)));
  front.ProgramAction = clang::frontend::GeneratePCH;
  front.DisableFree = false;
  compiler.setVerboseOutputStream(llvm::nulls());
  Precompile action;
  if (!compiler.ExecuteAction(action)) return {};
  return std::move(action.contents);
}

/// Which headers they are: their sizes and dates.
void add_headers(Hasher& hasher, const std::string& toolkit) {
  std::error_code error;
  for (const char* folder : {"/include", "/include/crt"}) {
    std::map<std::string, std::pair<uintmax_t, int64_t>> files;
    for (fs::directory_iterator at(toolkit + folder, error), end; !error && at != end; at.increment(error)) {
      std::error_code gone;
      if (!at->is_regular_file(gone)) continue;
      files[at->path().filename().string()] = {at->file_size(gone), at->last_write_time(gone).time_since_epoch().count()};
    }
    for (const auto& [name, facts] : files) hasher.add(name).add(facts.first).add(static_cast<uint64_t>(facts.second));
  }
}

std::string key_of(const std::vector<std::string>& arguments, const Request& request) {
  Hasher hasher;
  hasher.add("prelude 2").add(clang::getClangFullVersion());
  for (size_t i = 0; i < arguments.size(); i++) {
    // Where the compiler runs, and what it calls the source, is of no consequence for a header.
    if (arguments[i].starts_with("-fdebug-compilation-dir=") || arguments[i].starts_with("-cuid=")) continue;
    hasher.add(arguments[i]);
  }
  add_headers(hasher, request.toolkit);
  return hasher.digest();
}

}  // namespace

std::shared_ptr<const std::string> prelude_for(const std::vector<std::string>& arguments, const Request& request) {
  struct Slot {
    std::mutex lock;
    bool tried = false;
    std::shared_ptr<const std::string> contents;
  };
  static auto* lock = new std::mutex;
  static auto* slots = new std::map<std::vector<std::string>, std::unique_ptr<Slot>>;
  Slot* slot;
  {
    std::lock_guard guard(*lock);
    auto& place = (*slots)[arguments];
    if (!place) place = std::make_unique<Slot>();
    slot = place.get();
  }
  // Others that need the same wait for it: it is less work than to make it twice.
  std::lock_guard guard(slot->lock);
  if (slot->tried) return slot->contents;
  slot->tried = true;
  std::string key = key_of(arguments, request), contents;
  jit::DiskCache* cache = jit::disk_cache();
  if (cache) {
    if (auto entry = cache->load(key)) contents = std::move(entry->object);
  }
  if (contents.empty()) {
    contents = precompile(arguments, request);
    if (cache && !contents.empty()) cache->store(key, "prelude", contents);
  }
  if (!contents.empty()) slot->contents = std::make_shared<const std::string>(std::move(contents));
  return slot->contents;
}

}  // namespace anywarp::frontend
