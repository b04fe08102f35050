#include "spmd/retarget.h"

#include <gtest/gtest.h>
#include <llvm/AsmParser/Parser.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/Verifier.h>
#include <llvm/Support/SourceMgr.h>
#include <llvm/Support/raw_ostream.h>
#include <llvm/TargetParser/Triple.h>

namespace anywarp::spmd {
namespace {

kir::KernelModule parse(const std::string& body) {
  kir::KernelModule kernel;
  kernel.context = std::make_unique<llvm::LLVMContext>();
  llvm::SMDiagnostic diagnostic;
  kernel.module = llvm::parseAssemblyString(body, diagnostic, *kernel.context);
  if (!kernel.module) {
    ADD_FAILURE() << diagnostic.getMessage().str() << " in " << diagnostic.getLineContents().str();
    return kernel;
  }
  const llvm::Triple triple("nvptx64-nvidia-cuda");
  kernel.module->setTargetTriple(triple);
  kernel.module->setDataLayout(triple.computeDataLayout());
  kernel.kernel = kernel.module->getFunction("k");
  return kernel;
}

std::string text(const kir::KernelModule& kernel) {
  std::string out;
  llvm::raw_string_ostream stream(out);
  EXPECT_FALSE(llvm::verifyModule(*kernel.module, &stream)) << out;
  kernel.module->print(stream, nullptr);
  return out;
}

TEST(Retarget, SharedVariablesAreOrderedByAlignmentAndDynamicMemoryFollows) {
  auto kernel = parse(R"(
@a = internal addrspace(3) global [5 x i8] undef, align 1
@b = internal addrspace(3) global [16 x i8] undef, align 8
@d = external addrspace(3) global [0 x i8], align 32
define ptx_kernel void @k(ptr noalias readonly align 16 dereferenceable(8) %params) {
  store i8 1, ptr addrspace(3) @a
  store i64 2, ptr addrspace(3) getelementptr (i8, ptr addrspace(3) @b, i64 8)
  store i32 3, ptr addrspacecast (ptr addrspace(3) @d to ptr)
  ret void
})");
  auto layout = layout_shared(kernel);
  ASSERT_TRUE(layout);
  EXPECT_EQ(layout->static_bytes, 32u);
  EXPECT_EQ(layout->align, 32u);
  const std::string out = text(kernel);
  EXPECT_EQ(out.find("addrspace(3) global"), std::string::npos) << out;
  EXPECT_NE(out.find("ptr addrspace(3) %shared, i64 16"), std::string::npos) << out;  // a follows b
  EXPECT_NE(out.find("ptr addrspace(3) %shared, i64 32"), std::string::npos) << out;  // d
}

TEST(Retarget, UsesInPhisAndCalledFunctionsFindTheBase) {
  auto kernel = parse(R"(
@a = internal addrspace(3) global [8 x i8] undef, align 8
@b = internal addrspace(3) global [8 x i8] undef, align 8
define internal void @f(ptr addrspace(3) %p) {
  store ptr addrspace(3) @a, ptr addrspace(3) @b
  ret void
}
define ptx_kernel void @k(ptr %params) {
entry:
  %n = load i32, ptr %params
  %c = icmp eq i32 %n, 0
  br i1 %c, label %yes, label %no
yes:
  br label %no
no:
  %p = phi ptr addrspace(3) [ @a, %entry ], [ @b, %yes ]
  call void @f(ptr addrspace(3) %p)
  ret void
})");
  ASSERT_TRUE(layout_shared(kernel));
  text(kernel);
  drop_address_spaces(kernel);
  EXPECT_EQ(text(kernel).find("addrspace"), std::string::npos);
}

TEST(Retarget, TooMuchSharedMemoryIsAnError) {
  auto kernel = parse(R"(
@a = internal addrspace(3) global [2147483648 x i8] undef, align 8
define ptx_kernel void @k(ptr %params) {
  store i8 1, ptr addrspace(3) @a
  ret void
})");
  auto layout = layout_shared(kernel);
  ASSERT_FALSE(layout);
  EXPECT_NE(layout.error().message.find("2147483648"), std::string::npos);
}

TEST(Retarget, EverythingMovesToAddressSpaceZero) {
  auto kernel = parse(R"(
%pair = type { ptr addrspace(1), i32 }
@g = external addrspace(1) global [64 x i8], align 16
@c = external addrspace(4) global [64 x i8], align 16
declare void @llvm.memcpy.p1.p4.i64(ptr addrspace(1), ptr addrspace(4), i64, i1)
declare ptr @aw.malloc(i64)
define internal %pair @make(ptr addrspace(1) %p, i32 %n) {
  %a = insertvalue %pair poison, ptr addrspace(1) %p, 0
  %b = insertvalue %pair %a, i32 %n, 1
  ret %pair %b
}
define ptx_kernel void @k(ptr noalias readonly align 16 dereferenceable(8) %params) {
  %x = alloca [4 x i32], align 4, addrspace(5)
  %y = addrspacecast ptr addrspace(5) %x to ptr
  %out = load ptr addrspace(1), ptr %params, align 8, !invariant.load !0
  call void @llvm.memcpy.p1.p4.i64(ptr addrspace(1) %out, ptr addrspace(4) getelementptr (i8, ptr addrspace(4) @c, i64 4), i64 8, i1 false)
  %s = call %pair @make(ptr addrspace(1) @g, i32 7)
  %t = extractvalue %pair %s, 0
  %null = icmp eq ptr addrspace(1) %t, null
  %chosen = select i1 %null, ptr addrspace(1) getelementptr (i8, ptr addrspace(1) @g, i64 8), ptr addrspace(1) %t
  %old = atomicrmw add ptr addrspace(1) %chosen, i32 1 syncscope("device") monotonic, align 4
  fence syncscope("block") acquire
  store ptr addrspacecast (ptr addrspace(1) @g to ptr), ptr %y
  store i32 %old, ptr %y, align 4
  store <2 x ptr addrspace(1)> <ptr addrspace(1) @g, ptr addrspace(1) null>, ptr addrspace(1) @g
  store i64 ptrtoint (ptr addrspacecast (ptr addrspace(4) @c to ptr) to i64), ptr %y
  ret void
}
!0 = !{})");
  text(kernel);
  drop_address_spaces(kernel);
  const std::string out = text(kernel);
  EXPECT_EQ(out.find("addrspace"), std::string::npos) << out;
  EXPECT_EQ(out.find("syncscope"), std::string::npos) << out;
  EXPECT_EQ(out.find("ptx_kernel"), std::string::npos) << out;
  EXPECT_NE(out.find("@llvm.memcpy.p0.p0.i64"), std::string::npos) << out;
  EXPECT_NE(out.find("@g = external global [64 x i8], align 16"), std::string::npos) << out;
  EXPECT_NE(out.find("!invariant.load"), std::string::npos) << out;
  ASSERT_TRUE(kernel.kernel);
  EXPECT_EQ(kernel.kernel->getName(), "k");
}

}  // namespace
}  // namespace anywarp::spmd
