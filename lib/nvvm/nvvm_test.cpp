#include <nvvm.h>

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

namespace {

const std::string kernel = R"(
target triple = "nvptx64-nvidia-cuda"
target datalayout = "e-p:64:64:64-i1:8:8-i8:8:8-i16:16:16-i32:32:32-i64:64:64-i128:128:128-f32:32:32-f64:64:64-v16:16:16-v32:32:32-v64:64:64-v128:128:128-n16:32:64"
declare i32 @llvm.nvvm.read.ptx.sreg.tid.x()
declare float @__nv_sinf(float)
declare float @helper(float)
define void @k(ptr addrspace(1) %p) {
  %tid = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %at = getelementptr float, ptr addrspace(1) %p, i32 %tid
  %x = load float, ptr addrspace(1) %at
  %s = call float @__nv_sinf(float %x)
  %h = call float @helper(float %s)
  %q = fdiv float %h, %x
  store float %q, ptr addrspace(1) %at
  ret void
}
!nvvm.annotations = !{!0}
!0 = !{ptr @k, !"kernel", i32 1}
!nvvmir.version = !{!1}
!1 = !{i32 2, i32 0}
)";
const std::string library =
    "define float @helper(float %x) { %y = fmul float %x, 2.0  ret float %y }\ndefine float @unused(float %x) { ret float %x }\n";

struct Program {
  nvvmProgram handle = nullptr;
  Program() { EXPECT_EQ(nvvmCreateProgram(&handle), NVVM_SUCCESS); }
  ~Program() { nvvmDestroyProgram(&handle); }
  nvvmResult compile(std::vector<const char*> options) {
    return nvvmCompileProgram(handle, static_cast<int>(options.size()), options.data());
  }
  std::string log() const {
    size_t size = 0;
    EXPECT_EQ(nvvmGetProgramLogSize(handle, &size), NVVM_SUCCESS);
    std::string text(size, '?');
    EXPECT_EQ(nvvmGetProgramLog(handle, text.data()), NVVM_SUCCESS);
    return text.substr(0, size - 1);
  }
  std::string ptx() const {
    size_t size = 0;
    EXPECT_EQ(nvvmGetCompiledResultSize(handle, &size), NVVM_SUCCESS);
    std::string text(size, '?');
    EXPECT_EQ(nvvmGetCompiledResult(handle, text.data()), NVVM_SUCCESS);
    return text.substr(0, size - 1);
  }
};

TEST(Nvvm, compiles_a_kernel_with_what_it_needs_of_libraries) {
  Program program;
  EXPECT_EQ(nvvmAddModuleToProgram(program.handle, kernel.data(), kernel.size(), "kernel.ll"), NVVM_SUCCESS);
  EXPECT_EQ(nvvmLazyAddModuleToProgram(program.handle, library.data(), library.size(), "library.ll"), NVVM_SUCCESS);
  EXPECT_EQ(nvvmVerifyProgram(program.handle, 0, nullptr), NVVM_SUCCESS) << program.log();
  ASSERT_EQ(program.compile({"-arch=compute_90"}), NVVM_SUCCESS) << program.log();
  std::string ptx = program.ptx();
  EXPECT_NE(ptx.find(".visible .entry k("), std::string::npos) << ptx;
  EXPECT_NE(ptx.find(".target sm_90"), std::string::npos);
  EXPECT_NE(ptx.find("div.rn.f32"), std::string::npos);
  EXPECT_EQ(ptx.find("unused"), std::string::npos);
  ASSERT_EQ(program.compile({"-arch=compute_90", "-prec-div=0", "-ftz=1"}), NVVM_SUCCESS) << program.log();
  EXPECT_NE(program.ptx().find("div.full.ftz.f32"), std::string::npos) << program.ptx();
}

TEST(Nvvm, lto_ir_can_be_compiled_further) {
  Program first, second;
  EXPECT_EQ(nvvmAddModuleToProgram(first.handle, kernel.data(), kernel.size(), "kernel.ll"), NVVM_SUCCESS);
  ASSERT_EQ(first.compile({"-arch=compute_90", "-gen-lto", "-ftz=1"}), NVVM_SUCCESS) << first.log();
  const std::string bitcode = first.ptx();
  ASSERT_EQ(bitcode.substr(0, 2), "BC");
  // The size counts the zero behind the bitcode, and programs hand it on with that.
  EXPECT_EQ(nvvmAddModuleToProgram(second.handle, bitcode.data(), bitcode.size() + 1, "kernel.bc"), NVVM_SUCCESS);
  EXPECT_EQ(nvvmAddModuleToProgram(second.handle, library.data(), library.size(), "library.ll"), NVVM_SUCCESS);
  ASSERT_EQ(second.compile({"-arch=compute_90"}), NVVM_SUCCESS) << second.log();
  EXPECT_NE(second.ptx().find("div.rn.ftz.f32"), std::string::npos) << second.ptx();
}

TEST(Nvvm, multiplication_and_addition_are_fused_unless_the_option_forbids_it) {
  const std::string text = R"(
target triple = "nvptx64-nvidia-cuda"
define float @f(float %a, float %b, float %c) {
  %p = fmul float %a, %b
  %s = fadd float %p, %c
  ret float %s
}
)";
  Program program;
  EXPECT_EQ(nvvmAddModuleToProgram(program.handle, text.data(), text.size(), "f.ll"), NVVM_SUCCESS);
  ASSERT_EQ(program.compile({"-arch=compute_90"}), NVVM_SUCCESS) << program.log();
  EXPECT_NE(program.ptx().find("fma.rn.f32"), std::string::npos) << program.ptx();
  ASSERT_EQ(program.compile({"-arch=compute_90", "-fma=0"}), NVVM_SUCCESS) << program.log();
  EXPECT_EQ(program.ptx().find("fma"), std::string::npos) << program.ptx();
  ASSERT_EQ(program.compile({"-arch=compute_90", "-opt=0"}), NVVM_SUCCESS) << program.log();
  EXPECT_EQ(program.ptx().find("fma"), std::string::npos) << program.ptx();
}

TEST(Nvvm, intrinsics_with_a_mode_are_known) {
  const std::string text = R"(
target triple = "nvptx64-nvidia-cuda"
declare {i32, i1} @llvm.nvvm.shfl.sync.i32(i32, i32, i32, i32, i32)
declare {i32, i1} @llvm.nvvm.vote.sync(i32, i32, i1)
declare {i32, i1} @llvm.nvvm.match.all.sync.i64(i32, i64)
define i32 @f(i32 %x, i64 %y) {
  %a = call {i32, i1} @llvm.nvvm.shfl.sync.i32(i32 -1, i32 3, i32 %x, i32 1, i32 31)
  %b = extractvalue {i32, i1} %a, 1
  %c = call {i32, i1} @llvm.nvvm.vote.sync(i32 -1, i32 1, i1 %b)
  %d = extractvalue {i32, i1} %c, 1
  %e = call {i32, i1} @llvm.nvvm.vote.sync(i32 -1, i32 3, i1 %d)
  %f = call {i32, i1} @llvm.nvvm.match.all.sync.i64(i32 -1, i64 %y)
  %g = extractvalue {i32, i1} %e, 0
  %h = extractvalue {i32, i1} %f, 0
  %i = add i32 %g, %h
  ret i32 %i
}
)";
  Program program;
  EXPECT_EQ(nvvmAddModuleToProgram(program.handle, text.data(), text.size(), "f.ll"), NVVM_SUCCESS);
  ASSERT_EQ(program.compile({"-arch=compute_90"}), NVVM_SUCCESS) << program.log();
  for (const char* instruction : {"shfl.sync.bfly.b32", "vote.sync.any.pred", "vote.sync.ballot.b32", "match.all.sync.b64"})
    EXPECT_NE(program.ptx().find(instruction), std::string::npos) << instruction << "\n" << program.ptx();
  for (const char* bad :
       {"declare {i32, i1} @llvm.nvvm.vote.sync(i32, i32, i1)\n"
        "define void @g(i32 %m, i1 %p) { call {i32, i1} @llvm.nvvm.vote.sync(i32 -1, i32 %m, i1 %p)  ret void }\n",
        "declare void @llvm.nvvm.no.such.thing()\ndefine void @g() { call void @llvm.nvvm.no.such.thing()  ret void }\n"}) {
    Program refused;
    EXPECT_EQ(nvvmAddModuleToProgram(refused.handle, bad, strlen(bad), "g.ll"), NVVM_SUCCESS);
    EXPECT_EQ(refused.compile({}), NVVM_ERROR_COMPILATION);
    EXPECT_NE(refused.log().find("llvm.nvvm."), std::string::npos) << refused.log();
  }
}

TEST(Nvvm, a_large_zero_is_not_stored_by_its_elements) {
  const std::string text = R"(
target triple = "nvptx64-nvidia-cuda"
define void @f(ptr %p) {
  store [1000 x double] zeroinitializer, ptr %p, align 8
  ret void
}
)";
  Program program;
  EXPECT_EQ(nvvmAddModuleToProgram(program.handle, text.data(), text.size(), "f.ll"), NVVM_SUCCESS);
  ASSERT_EQ(program.compile({"-arch=compute_90"}), NVVM_SUCCESS) << program.log();
  EXPECT_LT(program.ptx().size(), 4000u);
}

// The sides of a branch that look alike are for different lanes.
TEST(Nvvm, every_call_is_convergent) {
  const std::string text = R"(
target triple = "nvptx64-nvidia-cuda"
define i32 @f(i1 %p) {
  br i1 %p, label %a, label %b
a:
  %x = call i32 asm sideeffect "activemask.b32 $0;", "=r"()
  br label %c
b:
  %y = call i32 asm sideeffect "activemask.b32 $0;", "=r"()
  br label %c
c:
  %r = phi i32 [ %x, %a ], [ %y, %b ]
  ret i32 %r
}
)";
  Program program;
  EXPECT_EQ(nvvmAddModuleToProgram(program.handle, text.data(), text.size(), "f.ll"), NVVM_SUCCESS);
  ASSERT_EQ(program.compile({"-arch=compute_90"}), NVVM_SUCCESS) << program.log();
  const std::string ptx = program.ptx();
  const size_t first = ptx.find("activemask");
  ASSERT_NE(first, std::string::npos);
  EXPECT_NE(ptx.find("activemask", first + 1), std::string::npos) << ptx;
}

TEST(Nvvm, errors_are_the_documented_ones) {
  Program program;
  EXPECT_EQ(program.compile({}), NVVM_ERROR_NO_MODULE_IN_PROGRAM);
  EXPECT_EQ(program.compile({"-what"}), NVVM_ERROR_INVALID_OPTION);
  EXPECT_NE(program.log().find("-what"), std::string::npos);
  EXPECT_EQ(nvvmAddModuleToProgram(program.handle, nullptr, 3, "x"), NVVM_ERROR_INVALID_INPUT);
  EXPECT_EQ(nvvmAddModuleToProgram(program.handle, "nonsense", 8, "x"), NVVM_SUCCESS);
  EXPECT_EQ(nvvmVerifyProgram(program.handle, 0, nullptr), NVVM_ERROR_INVALID_IR);
  EXPECT_NE(program.log(), "");
  EXPECT_EQ(program.compile({}), NVVM_ERROR_INVALID_IR);
  EXPECT_EQ(nvvmCompileProgram(nullptr, 0, nullptr), NVVM_ERROR_INVALID_PROGRAM);
  int a = 0, b = 0, c = 0, d = 0;
  EXPECT_EQ(nvvmIRVersion(&a, &b, &c, &d), NVVM_SUCCESS);
  EXPECT_EQ(a, 2);
  EXPECT_STREQ(nvvmGetErrorString(NVVM_ERROR_INVALID_IR), "NVVM_ERROR_INVALID_IR");
}

}  // namespace
