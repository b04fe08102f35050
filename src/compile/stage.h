// Every stage of the compiler runs inside one of these: it times the stage, writes what the stage made, and checks it.
//
//     {
//       StageScope stage(trace, "opt-scalar");
//       AW_TRY(opt::scalar(kernel));
//       AW_TRY(stage.done(kernel));
//     }
//
// ANYWARP_DUMP=dir writes dir/KERNEL.N-STAGE.ll (or .ptx, .o), ANYWARP_VERIFY=each checks after each stage, ANYWARP_TIME=1
// prints one line a kernel with the milliseconds of each stage.
#pragma once

#include "base/result.h"
#include "kir/kir.h"

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace anywarp::compile {

/// One compilation: what its stages have in common.
class StageTrace {
 public:
  explicit StageTrace(std::string_view kernel);
  ~StageTrace();
  StageTrace(const StageTrace&) = delete;
  StageTrace& operator=(const StageTrace&) = delete;

  /// Writes a file of this compilation, if dumps are asked for.
  void dump(std::string_view stage, std::string_view suffix, std::string_view text);
  bool dumps() const { return !directory_.empty(); }
  bool verifies() const { return verifies_; }
  /// A remark for the line that ANYWARP_TIME prints, and for the dump: "32 lanes", "scalar: indirect call".
  void note(std::string text) { notes_.push_back(std::move(text)); }

 private:
  friend class StageScope;
  std::string kernel_;
  std::string directory_;
  bool verifies_, times_;
  unsigned number_ = 0;
  unsigned serial_ = 0;
  std::vector<std::pair<std::string, double>> milliseconds_;
  std::vector<std::string> notes_;
};

class StageScope {
 public:
  StageScope(StageTrace& trace, std::string_view name);
  ~StageScope();
  StageScope(const StageScope&) = delete;
  StageScope& operator=(const StageScope&) = delete;

  /// The stage has ended with the kernel in the form of kir.h: dump, and kir::verify.
  Result<> done(const kir::KernelModule& kernel);
  /// The same for host code: dump, and LLVM's verifier.
  Result<> done_host(const kir::KernelModule& kernel);

 private:
  void stop();
  void dump(const kir::KernelModule& kernel);

  StageTrace& trace_;
  std::string name_;
  std::chrono::steady_clock::time_point start_;
  bool running_ = true;
};

}  // namespace anywarp::compile
