; 16 lanes
; ModuleID = '_Z4stepPfii'
source_filename = "_Z4stepPfii"
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

; Function Attrs: nounwind
define void @_Z4stepPfii.block(ptr %0, i32 %1) #0 {
entry:
  %launch = load ptr, ptr %0, align 8, !invariant.load !0
  %2 = getelementptr inbounds nuw i8, ptr %launch, i64 56
  %params = load ptr, ptr %2, align 8, !invariant.load !0
  %3 = getelementptr inbounds nuw i8, ptr %0, i64 16
  %ctaid.x = load i32, ptr %3, align 4, !invariant.load !0
  %4 = getelementptr inbounds nuw i8, ptr %params, i64 8
  %5 = load i32, ptr %4, align 4, !invariant.load !0
  %.splatinsert = insertelement <16 x i32> poison, i32 %5, i64 0
  %.splat = shufflevector <16 x i32> %.splatinsert, <16 x i32> poison, <16 x i32> zeroinitializer
  %6 = getelementptr inbounds nuw i8, ptr %params, i64 12
  br label %block

block:                                            ; preds = %done, %entry
  %block1 = phi i32 [ 0, %entry ], [ %next25, %done ]
  %ctaid.x2 = add nuw nsw i32 %ctaid.x, %block1
  store i32 %ctaid.x2, ptr %3, align 4
  %7 = shl nuw nsw i32 %ctaid.x2, 8
  br label %slice

slice:                                            ; preds = %end, %block
  %slice3 = phi i32 [ 0, %block ], [ %next, %end ]
  %thread = shl nuw nsw i32 %slice3, 4
  %8 = add nuw i32 %7, %thread
  %.splatinsert11 = insertelement <16 x i32> poison, i32 %8, i64 0
  %.splat12 = shufflevector <16 x i32> %.splatinsert11, <16 x i32> poison, <16 x i32> zeroinitializer
  %9 = or disjoint <16 x i32> %.splat12, <i32 0, i32 1, i32 2, i32 3, i32 4, i32 5, i32 6, i32 7, i32 8, i32 9, i32 10, i32 11, i32 12, i32 13, i32 14, i32 15>
  %10 = xor <16 x i32> %.splat, %9
  %11 = icmp sgt <16 x i32> %10, %9
  %12 = freeze <16 x i1> %11
  %13 = bitcast <16 x i1> %12 to i16
  switch i16 %13, label %.careful [
    i16 0, label %end
    i16 -1, label %.all
  ]

.guard10:                                         ; preds = %.careful, %.all
  %.lanes6.0 = phi <16 x float> [ %39, %.all ], [ %23, %.careful ]
  %.lanes5.0 = phi <16 x ptr> [ %38, %.all ], [ %22, %.careful ]
  %.lanes4.0 = phi <16 x float> [ %35, %.all ], [ %19, %.careful ]
  %.0 = phi ptr [ %34, %.all ], [ %18, %.careful ]
  %.mask7.0 = phi <16 x i1> [ %44, %.all ], [ %29, %.careful ]
  %.any8.0.in = bitcast <16 x i1> %.mask7.0 to i16
  switch i16 %.any8.0.in, label %.careful23 [
    i16 0, label %end
    i16 -1, label %.all24
  ]

.careful:                                         ; preds = %slice
  %14 = load ptr, ptr %params, align 8, !invariant.load !0
  %15 = load i32, ptr %6, align 4, !invariant.load !0
  %16 = sext i32 %8 to i64
  %17 = shl nsw i64 %16, 2
  %18 = getelementptr i8, ptr %14, i64 %17
  %19 = call <16 x float> @llvm.masked.load.v16f32.p0(ptr align 4 %18, <16 x i1> %12, <16 x float> poison)
  %20 = zext nneg <16 x i32> %10 to <16 x i64>
  %21 = shl nuw nsw <16 x i64> %20, splat (i64 2)
  %22 = getelementptr i8, ptr %14, <16 x i64> %21
  %23 = call <16 x float> @llvm.masked.gather.v16f32.v16p0(<16 x ptr> align 4 %22, <16 x i1> %12, <16 x float> poison)
  %.splatinsert17 = insertelement <16 x i32> poison, i32 %15, i64 0
  %.splat18 = shufflevector <16 x i32> %.splatinsert17, <16 x i32> poison, <16 x i32> zeroinitializer
  %24 = and <16 x i32> %.splat18, %9
  %25 = icmp ne <16 x i32> %24, zeroinitializer
  %26 = fcmp ogt <16 x float> %19, %23
  %27 = xor <16 x i1> %25, %26
  %28 = freeze <16 x i1> %27
  %29 = and <16 x i1> %12, %28
  br label %.guard10

.all:                                             ; preds = %slice
  %30 = load ptr, ptr %params, align 8, !invariant.load !0
  %31 = load i32, ptr %6, align 4, !invariant.load !0
  %32 = sext i32 %8 to i64
  %33 = shl nsw i64 %32, 2
  %34 = getelementptr i8, ptr %30, i64 %33
  %35 = load <16 x float>, ptr %34, align 4
  %36 = zext nneg <16 x i32> %10 to <16 x i64>
  %37 = shl nuw nsw <16 x i64> %36, splat (i64 2)
  %38 = getelementptr i8, ptr %30, <16 x i64> %37
  %39 = call <16 x float> @llvm.masked.gather.v16f32.v16p0(<16 x ptr> align 4 %38, <16 x i1> splat (i1 true), <16 x float> poison)
  %.splatinsert13 = insertelement <16 x i32> poison, i32 %31, i64 0
  %.splat14 = shufflevector <16 x i32> %.splatinsert13, <16 x i32> poison, <16 x i32> zeroinitializer
  %40 = and <16 x i32> %.splat14, %9
  %41 = icmp ne <16 x i32> %40, zeroinitializer
  %42 = fcmp ogt <16 x float> %35, %39
  %43 = xor <16 x i1> %41, %42
  %44 = freeze <16 x i1> %43
  br label %.guard10

.careful23:                                       ; preds = %.guard10
  call void @llvm.masked.store.v16f32.p0(<16 x float> %.lanes6.0, ptr align 4 %.0, <16 x i1> %.mask7.0)
  call void @llvm.masked.scatter.v16f32.v16p0(<16 x float> %.lanes4.0, <16 x ptr> align 4 %.lanes5.0, <16 x i1> %.mask7.0)
  br label %end

.all24:                                           ; preds = %.guard10
  store <16 x float> %.lanes6.0, ptr %.0, align 4
  call void @llvm.masked.scatter.v16f32.v16p0(<16 x float> %.lanes4.0, <16 x ptr> align 4 %.lanes5.0, <16 x i1> splat (i1 true))
  br label %end

end:                                              ; preds = %.guard10, %slice, %.all24, %.careful23
  %next = add nuw nsw i32 %slice3, 1
  %45 = icmp eq i32 %next, 16
  br i1 %45, label %done, label %slice

done:                                             ; preds = %end
  %next25 = add nuw nsw i32 %block1, 1
  %46 = icmp eq i32 %next25, %1
  br i1 %46, label %done26, label %block

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

attributes #0 = { nounwind "min-legal-vector-width"="512" "prefer-vector-width"="512" "target-cpu"="znver4" "target-features"="+64bit,+adx,+aes,+avx,+avx2,+avx512bitalg,+avx512bw,+avx512cd,+avx512dq,+avx512f,+avx512ifma,+avx512vbmi,+avx512vbmi2,+avx512vl,+avx512vnni,+avx512vpopcntdq,+bmi,+bmi2,+clflushopt,+clwb,+clzero,+cmov,+crc32,+cx16,+cx8,+f16c,+fma,+fsgsbase,+fxsr,+gfni,+invpcid,+lzcnt,+mmx,+movbe,+pclmul,+popcnt,+prfchw,+rdpid,+rdrnd,+rdseed,+sahf,+sha,+shstk,+sse,+sse2,+sse3,+sse4.1,+sse4.2,+sse4a,+ssse3,+vaes,+vpclmulqdq,+xsave,+xsavec,+xsaveopt,+xsaves,-amx-avx512,-amx-bf16,-amx-complex,-amx-fp16,-amx-fp8,-amx-int8,-amx-movrs,-amx-tf32,-amx-tile,-avx10.1,-avx10.2,-avx512bf16,-avx512fp16,-avx512vp2intersect,-avxifma,-avxneconvert,-avxvnni,-avxvnniint16,-avxvnniint8,-ccmp,-cf,-cldemote,-cmpccxadd,-egpr,-enqcmd,-fma4,-hreset,-kl,-lwp,-movdir64b,-movdiri,-movrs,-mwaitx,-ndd,-nf,-pconfig,-pku,-ppx,-prefetchi,-ptwrite,-push2pop2,-raoint,-rdpru,-rtm,-serialize,-sgx,-sha512,-sm3,-sm4,-tbm,-tsxldtrk,-uintr,-usermsr,-waitpkg,-wbnoinvd,-widekl,-xop,-zu" }
attributes #1 = { nocallback nofree nosync nounwind willreturn memory(read) }
attributes #2 = { nocallback nofree nosync nounwind willreturn memory(argmem: read) }
attributes #3 = { nocallback nofree nosync nounwind willreturn memory(write) }
attributes #4 = { nocallback nofree nosync nounwind willreturn memory(argmem: write) }

!0 = !{}
