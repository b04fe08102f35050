; ModuleID = '_Z4stepPfii'
source_filename = "_Z4stepPfii"
target datalayout = "e-p6:32:32-i64:64-i128:128-i256:256-v16:16-v32:32-n16:32:64"
target triple = "nvptx64-nvidia-cuda"

; Function Attrs: convergent nounwind
define ptx_kernel void @_Z4stepPfii(ptr noalias readonly align 16 dereferenceable(16) %params) #0 {
  %1 = addrspacecast ptr %params to ptr addrspace(1)
  %2 = getelementptr inbounds nuw i8, ptr addrspace(1) %1, i64 8
  %3 = load i32, ptr addrspace(1) %2, align 4, !invariant.load !0
  %4 = call i32 @llvm.nvvm.read.ptx.sreg.ctaid.x(), !range !1
  %5 = call i32 @llvm.nvvm.read.ptx.sreg.tid.x(), !range !2
  %6 = shl nuw nsw i32 %4, 8
  %7 = or disjoint i32 %6, %5
  %8 = xor i32 %3, %7
  %.not = icmp sgt i32 %8, %7
  br i1 %.not, label %9, label %"$L__BB0_3"

9:                                                ; preds = %0
  %10 = load ptr, ptr addrspace(1) %1, align 8, !invariant.load !0
  %11 = addrspacecast ptr %10 to ptr addrspace(1)
  %12 = getelementptr inbounds nuw i8, ptr addrspace(1) %1, i64 12
  %13 = load i32, ptr addrspace(1) %12, align 4, !invariant.load !0
  %14 = zext nneg i32 %7 to i64
  %15 = shl nuw nsw i64 %14, 2
  %16 = getelementptr i8, ptr addrspace(1) %11, i64 %15
  %17 = load float, ptr addrspace(1) %16, align 4
  %18 = zext nneg i32 %8 to i64
  %19 = shl nuw nsw i64 %18, 2
  %20 = getelementptr i8, ptr addrspace(1) %11, i64 %19
  %21 = load float, ptr addrspace(1) %20, align 4
  %22 = and i32 %13, %7
  %23 = icmp ne i32 %22, 0
  %24 = fcmp ule float %17, %21
  %25 = xor i1 %23, %24
  br i1 %25, label %"$L__BB0_3", label %26

26:                                               ; preds = %9
  store float %21, ptr addrspace(1) %16, align 4
  store float %17, ptr addrspace(1) %20, align 4
  br label %"$L__BB0_3"

"$L__BB0_3":                                      ; preds = %26, %9, %0
  ret void
}

; Function Attrs: nocallback nofree nosync nounwind speculatable willreturn memory(none)
declare noundef range(i32 0, 2147483647) i32 @llvm.nvvm.read.ptx.sreg.ctaid.x() #1

; Function Attrs: nocallback nofree nosync nounwind speculatable willreturn memory(none)
declare noundef range(i32 0, 1024) i32 @llvm.nvvm.read.ptx.sreg.tid.x() #1

attributes #0 = { convergent nounwind }
attributes #1 = { nocallback nofree nosync nounwind speculatable willreturn memory(none) }

!0 = !{}
!1 = !{i32 0, i32 8388607}
!2 = !{i32 0, i32 256}
