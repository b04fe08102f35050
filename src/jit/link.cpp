// Object file -> memory, by JITLink. One ORC session for the process, leaked at exit on purpose: threads may still run
// code from it. One JITDylib per image: removing it frees the code, and two images may define the same names.
#include "jit/jit.h"
#include "jit/runtime_functions.h"

#include "base/log.h"

#include <llvm/ExecutionEngine/JITLink/JITLink.h>
#include <llvm/ExecutionEngine/Orc/AbsoluteSymbols.h>
#include <llvm/ExecutionEngine/Orc/Core.h>
#include <llvm/ExecutionEngine/Orc/ObjectLinkingLayer.h>
#include <llvm/ExecutionEngine/Orc/SelfExecutorProcessControl.h>
#include <llvm/ExecutionEngine/Orc/TaskDispatch.h>
#include <llvm/Support/MemoryBuffer.h>

#include <atomic>
#include <map>
#include <mutex>

namespace anywarp::jit {
namespace {

using namespace llvm::orc;

// ORC tells the caller which symbols it could not make, and its reporter why. Both run on the calling thread.
thread_local std::string reported;

Error link_error(llvm::Error error, CUresult code) {
  if (!reported.empty()) {
    llvm::consumeError(std::move(error));
    return Error{code, "The code could not be linked: " + std::exchange(reported, {}) + ".", {}};
  }
  return Error{code, "The code could not be linked: " + llvm::toString(std::move(error)) + ".", {}};
}

SymbolMap absolute(ExecutionSession& session, const Symbols& symbols) {
  SymbolMap map;
  for (const auto& [name, address] : symbols) map[session.intern(name)] = {ExecutorAddr::fromPtr(address), llvm::JITSymbolFlags::Exported};
  return map;
}

/// Everything that the process needs in order to link.
struct Linker {
  explicit Linker(std::unique_ptr<ExecutorProcessControl> control) : session(std::move(control)), layer(session) {
    session.setErrorReporter([](llvm::Error error) { reported = llvm::toString(std::move(error)); });
    runtime = &session.createBareJITDylib("runtime");
  }

  void provide(const Symbols& symbols) {
    std::lock_guard guard(lock);
    Symbols fresh;
    for (const auto& symbol : symbols)
      if (symbol.second && provided.emplace(symbol).second) fresh.push_back(symbol);
    if (fresh.empty()) return;
    // Fails for a duplicate only, and there is none.
    llvm::consumeError(runtime->define(absoluteSymbols(absolute(session, fresh))));
  }

  ExecutionSession session;
  ObjectLinkingLayer layer;
  JITDylib* runtime = nullptr;
  std::mutex lock;
  std::map<std::string, void*> provided;
  std::atomic<uint64_t> images = 0;
};

Result<Linker*> linker() {
  static std::mutex lock;
  static Linker* made = nullptr;
  std::lock_guard guard(lock);
  if (!made) {
    auto control = SelfExecutorProcessControl::Create(nullptr, std::make_unique<InPlaceTaskDispatcher>());
    if (!control) return link_error(control.takeError(), CUDA_ERROR_SHARED_OBJECT_INIT_FAILED);
    made = new Linker(std::move(*control));
    made->provide(runtime_functions());
  }
  return made;
}

class LinkedImage : public Image {
 public:
  LinkedImage(Linker& linker, JITDylib& library, size_t bytes) : linker_(linker), library_(library), bytes_(bytes) {}
  ~LinkedImage() override {
    if (auto error = linker_.session.removeJITDylib(library_))
      log_warning("Machine code could not be freed: %s", llvm::toString(std::move(error)).c_str());
  }

  void* find(std::string_view name) const override {
    auto at = addresses.find(name);
    return at == addresses.end() ? nullptr : at->second;
  }
  size_t bytes() const override { return bytes_; }

  std::map<std::string, void*, std::less<>> addresses;

 private:
  Linker& linker_;
  JITDylib& library_;
  size_t bytes_;
};

}  // namespace

void provide(const Symbols& symbols) {
  if (auto found = linker()) (*found)->provide(symbols);
}

Result<std::unique_ptr<Image>> link(std::string object, const Symbols& symbols, const std::vector<std::string>& wanted) {
  AW_ASSIGN(Linker * linker, jit::linker());
  ExecutionSession& session = linker->session;
  reported.clear();
  const std::string name = "image" + std::to_string(linker->images++);
  JITDylib& library = session.createBareJITDylib(name);
  auto image = std::make_unique<LinkedImage>(*linker, library, object.size());  // frees the library on every way out
  library.addToLinkOrder(*linker->runtime);

  if (auto error = library.define(absoluteSymbols(absolute(session, symbols))))
    return link_error(std::move(error), CUDA_ERROR_SHARED_OBJECT_INIT_FAILED);
  if (auto error = linker->layer.add(library, llvm::MemoryBuffer::getMemBufferCopy(object, name)))
    return link_error(std::move(error), CUDA_ERROR_SHARED_OBJECT_INIT_FAILED);

  SymbolLookupSet set;
  for (const std::string& function : wanted) set.add(session.intern(function));
  auto found = session.lookup(makeJITDylibSearchOrder(&library, JITDylibLookupFlags::MatchAllSymbols), std::move(set));
  if (!found) return link_error(found.takeError(), CUDA_ERROR_SHARED_OBJECT_SYMBOL_NOT_FOUND);
  for (const auto& [symbol, definition] : *found) image->addresses[(*symbol).str()] = definition.getAddress().toPtr<void*>();
  return std::unique_ptr<Image>(std::move(image));
}

}  // namespace anywarp::jit
