#include "lower/run_ptx.h"

#include "compile/link_devicelib.h"
#include "jit/jit.h"
#include "lower/lower.h"
#include "opt/opt.h"
#include "ptx/module.h"
#include "ptx/ptx.h"
#include "spmd/estimates.h"
#include "spmd/retarget.h"

#include <gtest/gtest.h>
#include <llvm/IR/Module.h>
#include <llvm/Target/TargetMachine.h>

#include <cmath>

namespace anywarp::lower {

struct Machine::State {
  std::vector<std::unique_ptr<jit::Image>> images;
};

Machine::Machine() : state_(std::make_unique<State>()) {}
Machine::~Machine() = default;

namespace {

[[noreturn]] void trap() { abort(); }
float root_estimate(float x) { return 1 / std::sqrt(x); }

Result<std::unique_ptr<jit::Image>> image_of(const std::string& text, const char* name, bool optimised) {
  AW_ASSIGN(auto module, ptx::parse(text, "test.ptx"));
  AW_TRY(ptx::verify(*module));
  AW_ASSIGN(kir::KernelModule kernel, run(*module, name));
  AW_TRY(kir::verify(kernel));
  AW_ASSIGN(const jit::Processor* processor, jit::chosen_processor());
  AW_TRY(compile::link_devicelib(kernel, *processor));
  if (optimised) {
    AW_TRY(opt::scalar(kernel));
  }
  AW_TRY(kir::verify(kernel));
  AW_TRY(spmd::layout_shared(kernel));
  spmd::drop_address_spaces(kernel);
  AW_ASSIGN(auto machine, jit::target(*kernel.module, *processor));
  AW_ASSIGN(std::string object, jit::emit(*kernel.module, *machine));
  return jit::link(std::move(object),
                   {{"aw.trap", reinterpret_cast<void*>(trap)}, {spmd::kRootEstimate, reinterpret_cast<void*>(root_estimate)}}, {name});
}

}  // namespace

Machine::Kernel Machine::compile(const std::string& text, const char* name, bool optimised) {
  auto image = image_of(text, name, optimised);
  if (!image) {
    ADD_FAILURE() << image.error().text() << "\n" << text;
    return nullptr;
  }
  state_->images.push_back(std::move(*image));
  return reinterpret_cast<Kernel>(state_->images.back()->find(name));
}

std::string module_text(const std::string& text) { return ".version 8.8\n.target sm_100\n.address_size 64\n" + text; }

}  // namespace anywarp::lower
