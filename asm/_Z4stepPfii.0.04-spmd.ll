; 16 lanes
; ModuleID = '_Z4stepPfii'
source_filename = "_Z4stepPfii"
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

; Function Attrs: nounwind
define void @_Z4stepPfii.block(ptr %0, i32 %1) #0 {
entry:
  %2 = getelementptr inbounds i8, ptr %0, i64 0
  %launch = load ptr, ptr %2, align 8, !invariant.load !0
  %3 = getelementptr inbounds i8, ptr %0, i64 8
  %shared = load ptr, ptr %3, align 8, !invariant.load !0
  %4 = getelementptr inbounds i8, ptr %launch, i64 56
  %params = load ptr, ptr %4, align 8, !invariant.load !0
  %5 = getelementptr inbounds i8, ptr %0, i64 16
  %ctaid.x = load i32, ptr %5, align 4, !invariant.load !0
  br label %block

block:                                            ; preds = %done, %entry
  %block1 = phi i32 [ 0, %entry ], [ %next25, %done ]
  %ctaid.x2 = add nuw nsw i32 %ctaid.x, %block1
  %6 = getelementptr inbounds i8, ptr %0, i64 16
  store i32 %ctaid.x2, ptr %6, align 4
  br label %slice

slice:                                            ; preds = %end, %block
  %slice3 = phi i32 [ 0, %block ], [ %next, %end ]
  %thread = mul nuw nsw i32 %slice3, 16
  br label %7

7:                                                ; preds = %slice
  %8 = getelementptr inbounds nuw i8, ptr %params, i64 8
  %9 = load i32, ptr %8, align 4, !invariant.load !0
  %10 = shl nuw nsw i32 %ctaid.x2, 8
  %11 = add i32 %10, %thread
  %.splatinsert = insertelement <16 x i32> poison, i32 %9, i64 0
  %.splat = shufflevector <16 x i32> %.splatinsert, <16 x i32> poison, <16 x i32> zeroinitializer
  %.splatinsert11 = insertelement <16 x i32> poison, i32 %11, i64 0
  %.splat12 = shufflevector <16 x i32> %.splatinsert11, <16 x i32> poison, <16 x i32> zeroinitializer
  %12 = add <16 x i32> %.splat12, <i32 0, i32 1, i32 2, i32 3, i32 4, i32 5, i32 6, i32 7, i32 8, i32 9, i32 10, i32 11, i32 12, i32 13, i32 14, i32 15>
  %13 = xor <16 x i32> %.splat, %12
  %14 = icmp sgt <16 x i32> %13, %12
  %15 = freeze <16 x i1> %14
  %16 = xor <16 x i1> %14, splat (i1 true)
  %17 = freeze <16 x i1> %16
  %18 = bitcast <16 x i1> %15 to i16
  %19 = icmp ne i16 %18, 0
  %20 = bitcast <16 x i1> %15 to i16
  %21 = icmp eq i16 %20, -1
  %22 = or <16 x i1> zeroinitializer, %15
  br label %.guard

23:                                               ; preds = %.guard
  br i1 %21, label %.all, label %.careful

.guard:                                           ; preds = %7
  br i1 %19, label %23, label %.none

24:                                               ; preds = %.guard10
  br i1 %.full9.0, label %.all24, label %.careful23

.guard10:                                         ; preds = %.careful, %.all
  %.lanes6.0 = phi <16 x float> [ %61, %.all ], [ %35, %.careful ]
  %.lanes5.0 = phi <16 x ptr> [ %60, %.all ], [ %34, %.careful ]
  %.lanes4.0 = phi <16 x float> [ %57, %.all ], [ %31, %.careful ]
  %.0 = phi ptr [ %56, %.all ], [ %30, %.careful ]
  %.mask7.0 = phi <16 x i1> [ %74, %.all ], [ %50, %.careful ]
  %.any8.0 = phi i1 [ %71, %.all ], [ %47, %.careful ]
  %.full9.0 = phi i1 [ %73, %.all ], [ %49, %.careful ]
  br i1 %.any8.0, label %24, label %.none21

"$L__BB0_3":                                      ; preds = %.careful23, %.all24, %.none21, %.none
  br label %end

.none:                                            ; preds = %.guard
  br label %"$L__BB0_3"

.careful:                                         ; preds = %23
  %25 = load ptr, ptr %params, align 8, !invariant.load !0
  %26 = getelementptr inbounds nuw i8, ptr %params, i64 12
  %27 = load i32, ptr %26, align 4, !invariant.load !0
  %28 = sext i32 %11 to i64
  %29 = shl i64 %28, 2
  %30 = getelementptr i8, ptr %25, i64 %29
  %31 = call <16 x float> @llvm.masked.load.v16f32.p0(ptr align 4 %30, <16 x i1> %22, <16 x float> poison)
  %32 = zext nneg <16 x i32> %13 to <16 x i64>
  %33 = shl nuw nsw <16 x i64> %32, splat (i64 2)
  %34 = getelementptr i8, ptr %25, <16 x i64> %33
  %35 = call <16 x float> @llvm.masked.gather.v16f32.v16p0(<16 x ptr> align 4 %34, <16 x i1> %22, <16 x float> poison)
  %.splatinsert17 = insertelement <16 x i32> poison, i32 %27, i64 0
  %.splat18 = shufflevector <16 x i32> %.splatinsert17, <16 x i32> poison, <16 x i32> zeroinitializer
  %.splatinsert19 = insertelement <16 x i32> poison, i32 %11, i64 0
  %.splat20 = shufflevector <16 x i32> %.splatinsert19, <16 x i32> poison, <16 x i32> zeroinitializer
  %36 = add <16 x i32> %.splat20, <i32 0, i32 1, i32 2, i32 3, i32 4, i32 5, i32 6, i32 7, i32 8, i32 9, i32 10, i32 11, i32 12, i32 13, i32 14, i32 15>
  %37 = and <16 x i32> %.splat18, %36
  %38 = icmp ne <16 x i32> %37, zeroinitializer
  %39 = fcmp ule <16 x float> %31, %35
  %40 = xor <16 x i1> %38, %39
  %41 = freeze <16 x i1> %40
  %42 = and <16 x i1> %22, %41
  %43 = xor <16 x i1> %40, splat (i1 true)
  %44 = freeze <16 x i1> %43
  %45 = and <16 x i1> %22, %44
  %46 = bitcast <16 x i1> %45 to i16
  %47 = icmp ne i16 %46, 0
  %48 = bitcast <16 x i1> %45 to i16
  %49 = icmp eq i16 %48, -1
  %50 = or <16 x i1> zeroinitializer, %45
  br label %.guard10

.all:                                             ; preds = %23
  %51 = load ptr, ptr %params, align 8, !invariant.load !0
  %52 = getelementptr inbounds nuw i8, ptr %params, i64 12
  %53 = load i32, ptr %52, align 4, !invariant.load !0
  %54 = sext i32 %11 to i64
  %55 = shl i64 %54, 2
  %56 = getelementptr i8, ptr %51, i64 %55
  %57 = load <16 x float>, ptr %56, align 4
  %58 = zext nneg <16 x i32> %13 to <16 x i64>
  %59 = shl nuw nsw <16 x i64> %58, splat (i64 2)
  %60 = getelementptr i8, ptr %51, <16 x i64> %59
  %61 = call <16 x float> @llvm.masked.gather.v16f32.v16p0(<16 x ptr> align 4 %60, <16 x i1> splat (i1 true), <16 x float> poison)
  %.splatinsert13 = insertelement <16 x i32> poison, i32 %53, i64 0
  %.splat14 = shufflevector <16 x i32> %.splatinsert13, <16 x i32> poison, <16 x i32> zeroinitializer
  %.splatinsert15 = insertelement <16 x i32> poison, i32 %11, i64 0
  %.splat16 = shufflevector <16 x i32> %.splatinsert15, <16 x i32> poison, <16 x i32> zeroinitializer
  %62 = add <16 x i32> %.splat16, <i32 0, i32 1, i32 2, i32 3, i32 4, i32 5, i32 6, i32 7, i32 8, i32 9, i32 10, i32 11, i32 12, i32 13, i32 14, i32 15>
  %63 = and <16 x i32> %.splat14, %62
  %64 = icmp ne <16 x i32> %63, zeroinitializer
  %65 = fcmp ule <16 x float> %57, %61
  %66 = xor <16 x i1> %64, %65
  %67 = freeze <16 x i1> %66
  %68 = xor <16 x i1> %66, splat (i1 true)
  %69 = freeze <16 x i1> %68
  %70 = bitcast <16 x i1> %69 to i16
  %71 = icmp ne i16 %70, 0
  %72 = bitcast <16 x i1> %69 to i16
  %73 = icmp eq i16 %72, -1
  %74 = or <16 x i1> zeroinitializer, %69
  br label %.guard10

.none21:                                          ; preds = %.guard10
  br label %"$L__BB0_3"

.careful23:                                       ; preds = %24
  call void @llvm.masked.store.v16f32.p0(<16 x float> %.lanes6.0, ptr align 4 %.0, <16 x i1> %.mask7.0)
  call void @llvm.masked.scatter.v16f32.v16p0(<16 x float> %.lanes4.0, <16 x ptr> align 4 %.lanes5.0, <16 x i1> %.mask7.0)
  br label %"$L__BB0_3"

.all24:                                           ; preds = %24
  store <16 x float> %.lanes6.0, ptr %.0, align 4
  call void @llvm.masked.scatter.v16f32.v16p0(<16 x float> %.lanes4.0, <16 x ptr> align 4 %.lanes5.0, <16 x i1> splat (i1 true))
  br label %"$L__BB0_3"

end:                                              ; preds = %"$L__BB0_3"
  %next = add nuw nsw i32 %slice3, 1
  %75 = icmp eq i32 %next, 16
  br i1 %75, label %done, label %slice

done:                                             ; preds = %end
  %next25 = add nuw nsw i32 %block1, 1
  %76 = icmp eq i32 %next25, %1
  br i1 %76, label %done26, label %block

done26:                                           ; preds = %done
  ret void
}

; Function Attrs: nocallback nofree nosync nounwind willreturn memory(read)
declare <16 x float> @llvm.masked.gather.v16f32.v16p0(<16 x ptr>, <16 x i1>, <16 x float>) #1

; Function Attrs: nocallback nofree nosync nounwind willreturn memory(argmem: read)
declare <16 x float> @llvm.masked.load.v16f32.p0(ptr captures(none), <16 x i1>, <16 x float>) #2

; Function Attrs: nocallback nofree nosync nounwind willreturn memory(write)
declare void @llvm.masked.scatter.v16f32.v16p0(<16 x float>, <16 x ptr>, <16 x i1>) #3

; Function Attrs: nocallback nofree nosync nounwind willreturn memory(argmem: write)
declare void @llvm.masked.store.v16f32.p0(<16 x float>, ptr captures(none), <16 x i1>) #4

attributes #0 = { nounwind }
attributes #1 = { nocallback nofree nosync nounwind willreturn memory(read) }
attributes #2 = { nocallback nofree nosync nounwind willreturn memory(argmem: read) }
attributes #3 = { nocallback nofree nosync nounwind willreturn memory(write) }
attributes #4 = { nocallback nofree nosync nounwind willreturn memory(argmem: write) }

!0 = !{}
