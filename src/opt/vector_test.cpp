// What the passes of our own in the list after an engine do, and what they leave alone.
#include "opt/analyses.h"
#include "opt/fma.h"
#include "opt/jam.h"
#include "opt/latches.h"
#include "opt/narrow.h"
#include "opt/unroll.h"

#include <gtest/gtest.h>
#include <llvm/AsmParser/Parser.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/Verifier.h>
#include <llvm/Support/SourceMgr.h>

namespace anywarp::opt {
namespace {

struct Code {
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> module;

  template <class Pass>
  Code(const std::string& text, Pass pass) {
    llvm::SMDiagnostic diagnostic;
    module = llvm::parseAssemblyString(text, diagnostic, context);
    if (!module) {
      ADD_FAILURE() << diagnostic.getMessage().str() << " in " << diagnostic.getLineContents().str();
      return;
    }
    Analyses analyses(nullptr);
    llvm::FunctionPassManager passes;
    passes.addPass(std::move(pass));
    passes.run(*module->getFunction("k"), analyses.function);
    EXPECT_FALSE(llvm::verifyModule(*module, &llvm::errs()));
  }

  unsigned count(const std::function<bool(const llvm::Instruction&)>& wanted) const {
    unsigned found = 0;
    for (const llvm::Instruction& instruction : llvm::instructions(*module->getFunction("k"))) found += wanted(instruction);
    return found;
  }
  unsigned count(unsigned opcode) const {
    return count([&](const llvm::Instruction& instruction) { return instruction.getOpcode() == opcode; });
  }
};

TEST(ExpandFma, FloatsAreComputedInDoubleAndRoundedOnce) {
  const Code code(R"(
define void @k(ptr %p, <4 x float> %x, float %y, double %z) {
  %a = call <4 x float> @llvm.fma.v4f32(<4 x float> %x, <4 x float> %x, <4 x float> %x)
  %b = call float @llvm.fma.f32(float %y, float %y, float %y)
  %c = call double @llvm.fma.f64(double %z, double %z, double %z)
  store <4 x float> %a, ptr %p
  store float %b, ptr %p
  store double %c, ptr %p
  ret void
})",
                  ExpandFmaPass());
  EXPECT_EQ(code.count(llvm::Instruction::FMul), 2u);
  EXPECT_EQ(code.count(llvm::Instruction::FPTrunc), 2u);
  EXPECT_EQ(code.count(llvm::Instruction::Call), 1u);  // of doubles
}

std::string loop_that_steps_by(const std::string& step) {
  return R"(
declare i32 @next(i32)
define void @k(ptr %p, i32 %n) {
  br label %loop
loop:
  %i = phi i32 [ 0, %0 ], [ %following, %step ]
  store i32 %i, ptr %p
  %done = icmp eq i32 %i, %n
  br i1 %done, label %exit, label %step
step:
  %following = )" +
         step + R"(
  br label %loop
exit:
  ret void
})";
}

TEST(HoistLatches, StepsAreMadeBeforeTheLoopIsLeft) {
  const Code code(loop_that_steps_by("add i32 %i, 1"), HoistLatchesPass());
  EXPECT_EQ(code.module->getFunction("k")->size(), 3u);
}

TEST(HoistLatches, WhatHasEffectsStays) {
  const Code code(loop_that_steps_by("call i32 @next(i32 %i)"), HoistLatchesPass());
  EXPECT_EQ(code.module->getFunction("k")->size(), 4u);
}

bool is_masked(const llvm::Instruction& instruction) {
  const auto* intrinsic = llvm::dyn_cast<llvm::IntrinsicInst>(&instruction);
  return intrinsic &&
         (intrinsic->getIntrinsicID() == llvm::Intrinsic::masked_load || intrinsic->getIntrinsicID() == llvm::Intrinsic::masked_store);
}

std::string add_under(const std::string& mask) {
  return R"(
define void @k(ptr %a) {
  %x = call <4 x float> @llvm.masked.load.v4f32.p0(ptr align 4 %a, <4 x i1> )" +
         mask + R"(, <4 x float> <float 1.0, float 2.0, float 3.0, float 4.0>)
  call void @llvm.masked.store.v4f32.p0(<4 x float> %x, ptr align 4 %a, <4 x i1> )" +
         mask + R"()
  ret void
})";
}

TEST(Narrow, LanesInFrontBecomePlainAccesses) {
  for (const char* mask : {"<i1 1, i1 0, i1 0, i1 0>", "<i1 1, i1 1, i1 0, i1 0>"}) {
    const Code code(add_under(mask), NarrowAccessesPass());
    EXPECT_EQ(code.count(is_masked), 0u) << mask;
    EXPECT_EQ(code.count(llvm::Instruction::Load), 1u) << mask;
    EXPECT_EQ(code.count(llvm::Instruction::Store), 1u) << mask;
  }
}

TEST(Narrow, OtherMasksStay) {
  for (const char* mask : {"<i1 0, i1 1, i1 0, i1 0>", "<i1 1, i1 1, i1 1, i1 0>", "<i1 1, i1 0, i1 1, i1 0>", "zeroinitializer"})
    EXPECT_EQ(Code(add_under(mask), NarrowAccessesPass()).count(is_masked), 2u) << mask;
}

/// A loop over eight slices around one over `rounds`; `body` may use %s (i32, the slice), %j and %p.
std::string slices_around(const std::string& body, const std::string& rounds = "%n", const std::string& property = "anywarp.slices") {
  return R"(
define void @k(ptr noalias %a, i32 %n) {
entry:
  %own = alloca [8 x float]
  br label %slices
slices:
  %s = phi i32 [ 0, %entry ], [ %next, %done ]
  %p = getelementptr float, ptr %a, i32 %s
  br label %inner
inner:
  %j = phi i32 [ 0, %slices ], [ %following, %inner ]
  %sum = phi float [ 0.0, %slices ], [ %more, %inner ]
)" + body +
         R"(
  %more = fadd float %sum, %value
  %following = add nuw nsw i32 %j, 1
  %end = icmp eq i32 %following, )" +
         rounds + R"(
  br i1 %end, label %done, label %inner
done:
  %result = phi float [ %more, %inner ]
  store float %result, ptr %p
  %next = add nuw nsw i32 %s, 1
  %last = icmp eq i32 %next, 8
  br i1 %last, label %out, label %slices, !llvm.loop !0
out:
  ret void
}
!0 = distinct !{!0, !1}
!1 = !{!")" +
         property + "\"}\n";
}

const std::string kReads = "  %q = getelementptr float, ptr %p, i32 %j\n  %value = load float, ptr %q";

TEST(Jam, InnerLoopsOfSlicesRunAsOne) {
  const Code code(slices_around(kReads), JamSlicesPass());
  EXPECT_GT(code.count(llvm::Instruction::FAdd), 1u);
  EXPECT_GT(code.count(llvm::Instruction::Store), 1u);
}

// All slices make 15 rounds, although the loop's end compares what differs between them.
TEST(Jam, RoundsThatAgreeAreCounted) {
  const Code code(R"(
define void @k(ptr %a, ptr %sums) {
entry:
  br label %slice
slice:
  %s = phi i32 [ 0, %entry ], [ %s.next, %after ]
  %t = shl nuw nsw i32 %s, 5
  br label %round
round:
  %i = phi i32 [ %t, %slice ], [ %i.next, %round ]
  %sum = phi float [ 0.0, %slice ], [ %sum.next, %round ]
  %at = getelementptr float, ptr %a, i32 %i
  %x = load float, ptr %at
  %sum.next = fadd float %sum, %x
  %i.next = add nuw nsw i32 %i, 256
  %again = icmp ult i32 %i, 3840
  br i1 %again, label %round, label %after
after:
  %total = phi float [ %sum.next, %round ]
  %to = getelementptr float, ptr %sums, i32 %s
  store float %total, ptr %to
  %s.next = add nuw nsw i32 %s, 1
  %more = icmp ne i32 %s.next, 8
  br i1 %more, label %slice, label %end, !llvm.loop !0
end:
  ret void
}
!0 = distinct !{!0, !1}
!1 = !{!"anywarp.slices"})",
                  JamSlicesPass());
  EXPECT_GT(code.count(llvm::Instruction::FAdd), 1u);
}

TEST(Jam, OtherLoopsStay) {
  const std::string volatile_read = "  %q = getelementptr float, ptr %p, i32 %j\n  %value = load volatile float, ptr %q";
  const std::string memory_of_all = "  store float 1.0, ptr %own\n  %value = load float, ptr %own";
  const std::string a_call = kReads + "\n  fence seq_cst";
  for (const std::string& text : {slices_around(kReads, "%n", "llvm.loop.mustprogress"), slices_around(kReads, "%s"),
                                  slices_around(volatile_read), slices_around(memory_of_all), slices_around(a_call)})
    EXPECT_EQ(Code(text, JamSlicesPass()).count(llvm::Instruction::FAdd), 1u) << text;
}

/// Rounds of `half = 8; half > 0; half /= 2` (or of another step) with `call` in each.
std::string rounds_with(const std::string& call, const std::string& step = "lshr i32 %half, 1") {
  return R"(
declare void @llvm.nvvm.barrier.cta.sync.aligned.all(i32) convergent
declare void @plain()
define void @k(ptr %a, i32 %n) {
entry:
  br label %round
round:
  %half = phi i32 [ 8, %entry ], [ %next, %round ]
  store volatile i32 %half, ptr %a
  call void )" +
         call + R"(
  %next = )" +
         step + R"(
  %end = icmp eq i32 %next, 0
  br i1 %end, label %out, label %round
out:
  ret void
})";
}

TEST(Unroll, RoundsInWhichThreadsMeet) {
  const std::string barrier = "@llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)";
  EXPECT_EQ(Code(rounds_with(barrier), UnrollConvergentPass()).count(llvm::Instruction::Store), 4u);
  EXPECT_EQ(Code(rounds_with("@plain()"), UnrollConvergentPass()).count(llvm::Instruction::Store), 1u) << "nobody meets";
  EXPECT_EQ(Code(rounds_with(barrier, "sub i32 %half, %n"), UnrollConvergentPass()).count(llvm::Instruction::Store), 1u)
      << "of unknown number";
}

TEST(Unroll, SlicesThatKnowWhatTheyDo) {
  const auto slices = [](const std::string& compare) {
    return R"(
define void @k(ptr %a, i32 %n) {
entry:
  br label %slice
slice:
  %s = phi i32 [ 0, %entry ], [ %next, %on ]
  %works = icmp ult i32 %s, )" +
           compare + R"(
  br i1 %works, label %work, label %on
work:
  %p = getelementptr [64 x <4 x float>], ptr %a, i32 %s
  store <4 x float> zeroinitializer, ptr %p
  br label %on
on:
  %next = add nuw nsw i32 %s, 1
  %last = icmp eq i32 %next, 32
  br i1 %last, label %out, label %slice, !llvm.loop !0
out:
  ret void
}
!0 = distinct !{!0, !1}
!1 = !{!"anywarp.slices"})";
  };
  EXPECT_EQ(Code(slices("3"), UnrollSlicesPass()).count(llvm::Instruction::PHI), 0u);
  EXPECT_EQ(Code(slices("%n"), UnrollSlicesPass()).count(llvm::Instruction::PHI), 1u);
}

}  // namespace
}  // namespace anywarp::opt
