#include "opt/opt.h"

#include <gtest/gtest.h>
#include <llvm/AsmParser/Parser.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/Verifier.h>
#include <llvm/Support/SourceMgr.h>
#include <llvm/Support/raw_ostream.h>
#include <llvm/TargetParser/Triple.h>

namespace anywarp::opt {
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

std::string text_after_scalar(const std::string& body) {
  auto kernel = parse(body);
  auto result = scalar(kernel);
  EXPECT_TRUE(result) << result.error().text();
  auto form = kir::verify(kernel);
  EXPECT_TRUE(form) << form.error().text();
  std::string out;
  llvm::raw_string_ostream stream(out);
  kernel.module->print(stream, nullptr);
  return out;
}

unsigned count(const std::string& text, const std::string& part) {
  unsigned found = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

TEST(Scalar, EverythingButRecursionIsInlined) {
  const std::string out = text_after_scalar(R"(
define internal i32 @twice(i32 %x) noinline {
  %y = shl i32 %x, 1
  ret i32 %y
}
define internal i32 @four(i32 %x) {
  %a = call i32 @twice(i32 %x)
  %b = call i32 @twice(i32 %a)
  ret i32 %b
}
define internal i32 @recursive(i32 %x, ptr %p) {
  store i32 %x, ptr %p
  %z = icmp eq i32 %x, 0
  br i1 %z, label %end, label %more
more:
  %l = load i32, ptr %p
  %m = call i32 @recursive(i32 %l, ptr %p)
  %n = call i32 @recursive(i32 %m, ptr %p)
  ret i32 %n
end:
  ret i32 1
}
define ptx_kernel void @k(ptr noalias readonly align 16 dereferenceable(8) %params) {
  %p = load ptr, ptr %params
  %x = load i32, ptr %p
  %y = call i32 @four(i32 %x)
  %z = call i32 @recursive(i32 %y, ptr %p)
  store i32 %z, ptr %p
  ret void
})");
  EXPECT_EQ(out.find("@twice"), std::string::npos) << out;
  EXPECT_EQ(out.find("@four"), std::string::npos) << out;
  EXPECT_NE(out.find("call i32 @recursive"), std::string::npos) << out;
}

TEST(Scalar, ABroadTreeOfCallsEnds) {
  std::string source =
      "define internal i32 @f0(i32 %x, ptr %p) {\n  %a = load volatile i32, ptr %p\n  %y = add i32 %x, %a\n  ret i32 %y\n}\n";
  for (int i = 1; i < 40; ++i) {
    const std::string below = "@f" + std::to_string(i - 1);
    source += "define internal i32 @f" + std::to_string(i) + "(i32 %x, ptr %p) {\n  %a = call i32 " + below +
              "(i32 %x, ptr %p)\n  %b = call i32 " + below + "(i32 %a, ptr %p)\n  ret i32 %b\n}\n";
  }
  source += R"(define ptx_kernel void @k(ptr noalias readonly align 16 dereferenceable(8) %params) {
  %p = load ptr, ptr %params
  %y = call i32 @f39(i32 1, ptr %p)
  store i32 %y, ptr %p
  ret void
})";
  EXPECT_LT(text_after_scalar(source).size(), 60u << 20);
}

TEST(Scalar, GenericAccessesFindTheirSpaceAndLocalArraysBecomeRegisters) {
  const std::string out = text_after_scalar(R"(
@tile = internal addrspace(3) global [64 x i8] undef, align 16
define ptx_kernel void @k(ptr noalias readonly align 16 dereferenceable(8) %params) {
  %local = alloca [8 x i8], align 8, addrspace(5)
  %g = addrspacecast ptr addrspace(5) %local to ptr
  %x = load i32, ptr %params
  store i32 %x, ptr %g
  %y = load i32, ptr %g
  %s = addrspacecast ptr addrspace(3) @tile to ptr
  %i = zext i32 %y to i64
  %q = getelementptr i8, ptr %s, i64 %i
  store i32 %y, ptr %q
  ret void
})");
  EXPECT_EQ(out.find("alloca"), std::string::npos) << out;
  EXPECT_NE(out.find("store i32 %x, ptr addrspace(3)"), std::string::npos) << out;
}

TEST(Scalar, BarriersAndWarpOperationsKeepTheirPlace) {
  const std::string out = text_after_scalar(R"(
declare void @llvm.nvvm.barrier.cta.sync.aligned.all(i32)
declare i32 @llvm.nvvm.shfl.sync.bfly.i32(i32, i32, i32, i32)
declare i32 @llvm.nvvm.read.ptx.sreg.tid.x()
define ptx_kernel void @k(ptr noalias readonly align 16 dereferenceable(8) %params) {
  %p = load ptr, ptr %params
  %t = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %c = icmp ult i32 %t, 16
  br i1 %c, label %a, label %b
a:
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  %u = call i32 @llvm.nvvm.shfl.sync.bfly.i32(i32 -1, i32 %t, i32 1, i32 31)
  br label %end
b:
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  %v = call i32 @llvm.nvvm.shfl.sync.bfly.i32(i32 -1, i32 %t, i32 1, i32 31)
  br label %end
end:
  %w = phi i32 [ %u, %a ], [ %v, %b ]
  %x = icmp eq i32 %w, 3
  br i1 %x, label %yes, label %no
yes:
  store i32 1, ptr %p
  br label %no
no:
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 1)
  ret void
})");
  EXPECT_EQ(count(out, "call void @llvm.nvvm.barrier"), 3u) << out;
  EXPECT_EQ(count(out, "call i32 @llvm.nvvm.shfl"), 2u) << out;
}

TEST(Scalar, RangesOfSpecialRegistersAreUsed) {
  const std::string out = text_after_scalar(R"(
declare i32 @llvm.nvvm.read.ptx.sreg.tid.x()
define ptx_kernel void @k(ptr noalias readonly align 16 dereferenceable(8) %params) {
  %p = load ptr, ptr %params
  %t = call i32 @llvm.nvvm.read.ptx.sreg.tid.x(), !range !0
  %c = icmp ult i32 %t, 2000
  br i1 %c, label %a, label %b
a:
  %m = mul i32 %t, 12
  %i = sext i32 %m to i64
  %q = getelementptr i8, ptr %p, i64 %i
  store i32 1, ptr %q
  br label %b
b:
  ret void
}
!0 = !{i32 0, i32 1024})");
  EXPECT_EQ(out.find("br i1"), std::string::npos) << out;
  EXPECT_NE(out.find("nuw"), std::string::npos) << out;
}

// A local array whose address was an argument, an integer as all of PTX's, is in registers once the function is inlined.
TEST(Scalar, AddressesThatWereArgumentsArePointersAgain) {
  const std::string out = text_after_scalar(R"(
define internal i32 @sum(i64 %first, i64 %second) {
  %next = add i64 %first, 4
  %p = inttoptr i64 %next to ptr
  %q = inttoptr i64 %second to ptr
  %a = load i32, ptr %p
  %b = load i32, ptr %q
  %r = add i32 %a, %b
  ret i32 %r
}
define ptx_kernel void @k(ptr noalias readonly align 16 dereferenceable(16) %params) {
  %array = alloca [16 x i8], align 4, addrspace(5)
  %generic = addrspacecast ptr addrspace(5) %array to ptr
  %x = load i32, ptr %params, !invariant.load !0
  %one = getelementptr i8, ptr addrspace(5) %array, i64 4
  %two = getelementptr i8, ptr addrspace(5) %array, i64 8
  store i32 %x, ptr addrspace(5) %one
  store i32 5, ptr addrspace(5) %two
  %address = ptrtoint ptr %generic to i64
  %third = add i64 %address, 8
  %r = call i32 @sum(i64 %address, i64 %third)
  %at = getelementptr i8, ptr %params, i64 8
  %out = load ptr, ptr %at, !invariant.load !0
  %global = addrspacecast ptr %out to ptr addrspace(1)
  store i32 %r, ptr addrspace(1) %global
  ret void
}
!0 = !{}
)");
  EXPECT_EQ(count(out, "alloca"), 0u) << out;
  EXPECT_EQ(count(out, "inttoptr"), 0u) << out;
}

// A pointer that walks along in a loop, and one of two.
TEST(Scalar, AddressesThroughPhisAndSelectsAreFound) {
  const std::string out = text_after_scalar(R"(
define ptx_kernel void @k(ptr noalias readonly align 16 dereferenceable(16) %params) {
entry:
  %one = load ptr, ptr %params, !invariant.load !0
  %at = getelementptr i8, ptr %params, i64 8
  %two = load ptr, ptr %at, !invariant.load !0
  %t = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %odd = trunc i32 %t to i1
  %a = ptrtoint ptr %one to i64
  %b = ptrtoint ptr %two to i64
  %c = select i1 %odd, i64 %a, i64 %b
  br label %loop
loop:
  %p = phi i64 [ %c, %entry ], [ %next, %loop ]
  %i = phi i32 [ 0, %entry ], [ %more, %loop ]
  %q = inttoptr i64 %p to ptr
  store i32 %i, ptr %q
  %next = add i64 %p, 4
  %more = add i32 %i, 1
  %end = icmp eq i32 %more, %t
  br i1 %end, label %out, label %loop
out:
  ret void
}
declare i32 @llvm.nvvm.read.ptx.sreg.tid.x()
!0 = !{}
)");
  EXPECT_EQ(count(out, "inttoptr"), 0u) << out;
}

}  // namespace
}  // namespace anywarp::opt
