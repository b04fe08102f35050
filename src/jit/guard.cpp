#include "jit/guard.h"

#include <llvm/IR/DiagnosticInfo.h>
#include <llvm/IR/DiagnosticPrinter.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/Support/ErrorHandling.h>
#include <llvm/Support/raw_ostream.h>

#include <cstdlib>
#include <memory>
#include <mutex>
#include <new>

namespace anywarp::jit {
namespace {

struct FatalError {
  std::string message;
};

thread_local unsigned guards_here = 0;

void on_fatal_error(void*, const char* reason, bool) {
  if (guards_here) throw FatalError{reason ? reason : ""};
  // Another user of LLVM in this process: do as LLVM does.
  llvm::errs() << "LLVM ERROR: " << reason << '\n';
  std::abort();
}

/// The handler is the process's, and only there while somebody compiles.
class HandlerScope {
 public:
  HandlerScope() {
    std::lock_guard guard(lock());
    if (users()++ == 0) {
      llvm::remove_fatal_error_handler();
      llvm::install_fatal_error_handler(on_fatal_error);
    }
    ++guards_here;
  }
  ~HandlerScope() {
    --guards_here;
    std::lock_guard guard(lock());
    if (--users() == 0) llvm::remove_fatal_error_handler();
  }

 private:
  static std::mutex& lock() {
    static auto* lock = new std::mutex;
    return *lock;
  }
  static unsigned& users() {
    static unsigned count = 0;
    return count;
  }
};

class Collector : public llvm::DiagnosticHandler {
 public:
  explicit Collector(std::shared_ptr<std::string> errors) : errors_(std::move(errors)) {}
  bool handleDiagnostics(const llvm::DiagnosticInfo& info) override {
    if (info.getSeverity() == llvm::DS_Error) {
      llvm::raw_string_ostream stream(*errors_);
      if (!errors_->empty()) stream << "; ";
      llvm::DiagnosticPrinterRawOStream printer(stream);
      info.print(printer);
    }
    return true;
  }

 private:
  std::shared_ptr<std::string> errors_;  // the handler stays with the context after the guard
};

Error failure(const std::string& reason) { return Error{CUDA_ERROR_UNKNOWN, "LLVM could not compile the kernel: " + reason + ".", {}}; }

}  // namespace

Result<> guarded(llvm::LLVMContext& context, bool& lost, const std::function<Result<>()>& work) {
  auto errors = std::make_shared<std::string>();
  context.setDiagnosticHandler(std::make_unique<Collector>(errors));
  HandlerScope scope;
  try {
    AW_TRY(work());
  } catch (const FatalError& error) {
    lost = true;
    return failure(error.message);
  } catch (const std::bad_alloc&) {
    lost = true;
    return Error{CUDA_ERROR_OUT_OF_MEMORY, "There is no memory left to compile the kernel.", {}};
  }
  if (!errors->empty()) return failure(*errors);
  return {};
}

}  // namespace anywarp::jit
