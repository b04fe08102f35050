#include "jit/guard.h"
#include "jit/jit.h"

#include <gtest/gtest.h>
#include <llvm/AsmParser/Parser.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>
#include <llvm/Support/ErrorHandling.h>
#include <llvm/Support/SourceMgr.h>
#include <llvm/Target/TargetMachine.h>

#include <thread>

namespace anywarp::jit {
namespace {

Result<std::string> object_of(const char* source) {
  llvm::LLVMContext context;
  llvm::SMDiagnostic diagnostic;
  auto module = llvm::parseAssemblyString(source, diagnostic, context);
  if (!module) return Error{CUDA_ERROR_UNKNOWN, diagnostic.getMessage().str(), {}};
  AW_ASSIGN(auto machine, target(*module, host()));
  return emit(*module, *machine);
}

TEST(Jit, CodeRunsAndReachesVariablesAndRuntimeFunctions) {
  static int variable = 5;
  auto object = object_of(R"(
@v = external global [4 x i8], align 4
declare double @pow(double, double)
define i32 @f(i32 %x) {
  %a = load i32, ptr @v
  %d = sitofp i32 %x to double
  %p = call double @pow(double %d, double 2.0)
  %i = fptosi double %p to i32
  %s = add i32 %a, %i
  store i32 %s, ptr @v
  ret i32 %s
}
define i32 @g() { ret i32 7 })");
  ASSERT_TRUE(object) << object.error().text();
  auto image = link(*object, {{"v", &variable}}, {"f", "g"});
  ASSERT_TRUE(image) << image.error().text();
  auto f = reinterpret_cast<int (*)(int)>((*image)->find("f"));
  ASSERT_TRUE(f);
  EXPECT_EQ(f(3), 14);
  EXPECT_EQ(variable, 14);
  EXPECT_TRUE((*image)->find("g"));
  EXPECT_FALSE((*image)->find("h"));
}

TEST(Jit, WhatIsMissingIsNamed) {
  auto object = object_of("declare void @nowhere()\ndefine void @f() {\n  call void @nowhere()\n  ret void\n}");
  ASSERT_TRUE(object);
  auto image = link(*object, {}, {"f"});
  ASSERT_FALSE(image);
  EXPECT_EQ(image.error().code, CUDA_ERROR_SHARED_OBJECT_SYMBOL_NOT_FOUND);
  EXPECT_NE(image.error().message.find("nowhere"), std::string::npos) << image.error().message;
}

TEST(Jit, ABrokenObjectFileIsAnError) {
  auto object = object_of("define i32 @f() {\n  ret i32 1\n}");
  ASSERT_TRUE(object);
  EXPECT_FALSE(link("", {}, {"f"}));
  EXPECT_FALSE(link("no object file", {}, {"f"}));
  EXPECT_FALSE(link(object->substr(0, object->size() / 2), {}, {"f"}));
}

TEST(Jit, ManyThreadsLinkAndFree) {
  auto object = object_of("@v = external global i32\ndefine i32 @f() {\n  %x = load i32, ptr @v\n  ret i32 %x\n}");
  ASSERT_TRUE(object);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 20; ++i) {
        int value = t * 100 + i;
        auto image = link(*object, {{"v", &value}}, {"f"});
        ASSERT_TRUE(image);
        EXPECT_EQ(reinterpret_cast<int (*)()>((*image)->find("f"))(), value);
      }
    });
  for (auto& thread : threads) thread.join();
}

TEST(Guard, FatalErrorsBecomeErrors) {
  llvm::LLVMContext context;
  bool lost = false;
  auto result = guarded(context, lost, []() -> Result<> { llvm::report_fatal_error("cannot select"); });
  ASSERT_FALSE(result);
  EXPECT_TRUE(lost);
  EXPECT_NE(result.error().message.find("cannot select"), std::string::npos);
}

TEST(Guard, DiagnosticsBecomeErrors) {
  llvm::LLVMContext context;
  bool lost = false;
  auto result = guarded(context, lost, [&]() -> Result<> {
    context.emitError("no such register");
    return {};
  });
  ASSERT_FALSE(result);
  EXPECT_FALSE(lost);
  EXPECT_NE(result.error().message.find("no such register"), std::string::npos);
}

}  // namespace
}  // namespace anywarp::jit
