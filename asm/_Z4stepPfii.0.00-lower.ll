; ModuleID = '_Z4stepPfii'
source_filename = "_Z4stepPfii"
target datalayout = "e-p6:32:32-i64:64-i128:128-i256:256-v16:16-v32:32-n16:32:64"
target triple = "nvptx64-nvidia-cuda"

; Function Attrs: convergent nounwind
define ptx_kernel void @_Z4stepPfii(ptr noalias readonly align 16 dereferenceable(16) %params) #0 {
  %1 = getelementptr inbounds i8, ptr %params, i64 8
  %2 = getelementptr inbounds i8, ptr %params, i64 12
  %3 = load ptr, ptr %params, align 8, !invariant.load !0
  %4 = addrspacecast ptr %3 to ptr addrspace(1)
  %5 = load i32, ptr %1, align 4, !invariant.load !0
  %6 = call i32 @llvm.nvvm.read.ptx.sreg.ctaid.x(), !range !1
  %7 = call i32 @llvm.nvvm.read.ptx.sreg.ntid.x(), !range !2
  %8 = call i32 @llvm.nvvm.read.ptx.sreg.tid.x(), !range !3
  %9 = mul i32 %6, %7
  %10 = add i32 %9, %8
  %11 = xor i32 %5, %10
  %12 = icmp sle i32 %11, %10
  br i1 %12, label %"$L__BB0_3", label %13

13:                                               ; preds = %0
  %14 = load i32, ptr %2, align 4, !invariant.load !0
  %15 = sext i32 %10 to i64
  %16 = mul nsw i64 %15, 4
  %17 = getelementptr i8, ptr addrspace(1) %4, i64 %16
  %18 = load float, ptr addrspace(1) %17, align 4
  %19 = sext i32 %11 to i64
  %20 = mul nsw i64 %19, 4
  %21 = getelementptr i8, ptr addrspace(1) %4, i64 %20
  %22 = load float, ptr addrspace(1) %21, align 4
  %23 = and i32 %14, %10
  %24 = fcmp ogt float %18, %22
  %25 = icmp ne i32 %23, 0
  %26 = xor i1 %25, %24
  %27 = xor i1 %26, true
  br i1 %27, label %"$L__BB0_3", label %28

28:                                               ; preds = %13
  store float %22, ptr addrspace(1) %17, align 4
  store float %18, ptr addrspace(1) %21, align 4
  br label %"$L__BB0_3"

"$L__BB0_3":                                      ; preds = %28, %13, %0
  ret void
}

; Function Attrs: nocallback nofree nosync nounwind speculatable willreturn memory(none)
declare noundef range(i32 0, 2147483647) i32 @llvm.nvvm.read.ptx.sreg.ctaid.x() #1

; Function Attrs: nocallback nofree nosync nounwind speculatable willreturn memory(none)
declare noundef range(i32 1, 1025) i32 @llvm.nvvm.read.ptx.sreg.ntid.x() #1

; Function Attrs: nocallback nofree nosync nounwind speculatable willreturn memory(none)
declare noundef range(i32 0, 1024) i32 @llvm.nvvm.read.ptx.sreg.tid.x() #1

attributes #0 = { convergent nounwind }
attributes #1 = { nocallback nofree nosync nounwind speculatable willreturn memory(none) }

!0 = !{}
!1 = !{i32 0, i32 2147483647}
!2 = !{i32 1, i32 1025}
!3 = !{i32 0, i32 1024}
