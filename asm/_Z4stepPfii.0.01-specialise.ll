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
  %7 = call i32 @llvm.nvvm.read.ptx.sreg.tid.x(), !range !2
  %8 = mul i32 %6, 256
  %9 = add i32 %8, %7
  %10 = xor i32 %5, %9
  %11 = icmp sle i32 %10, %9
  br i1 %11, label %"$L__BB0_3", label %12

12:                                               ; preds = %0
  %13 = load i32, ptr %2, align 4, !invariant.load !0
  %14 = sext i32 %9 to i64
  %15 = mul nsw i64 %14, 4
  %16 = getelementptr i8, ptr addrspace(1) %4, i64 %15
  %17 = load float, ptr addrspace(1) %16, align 4
  %18 = sext i32 %10 to i64
  %19 = mul nsw i64 %18, 4
  %20 = getelementptr i8, ptr addrspace(1) %4, i64 %19
  %21 = load float, ptr addrspace(1) %20, align 4
  %22 = and i32 %13, %9
  %23 = fcmp ogt float %17, %21
  %24 = icmp ne i32 %22, 0
  %25 = xor i1 %24, %23
  %26 = xor i1 %25, true
  br i1 %26, label %"$L__BB0_3", label %27

27:                                               ; preds = %12
  store float %21, ptr addrspace(1) %16, align 4
  store float %17, ptr addrspace(1) %20, align 4
  br label %"$L__BB0_3"

"$L__BB0_3":                                      ; preds = %27, %12, %0
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
!1 = !{i32 0, i32 8388607}
!2 = !{i32 0, i32 256}
