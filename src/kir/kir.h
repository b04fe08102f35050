// Kernel IR: LLVM IR in its NVVM dialect, one module per kernel.
//
// Form, as `lower` makes it and `kir::verify` checks it:
//   * target triple nvptx64-nvidia-cuda and LLVM's data layout for it, so that LLVM's own analyses and
//     InferAddressSpaces work. Pointers of every address space have 64 bits.
//   * exactly one kernel: calling convention ptx_kernel, `void @name(ptr noalias readonly align 16 dereferenceable(n)
//     %params)`. %params is the parameter buffer in PTX layout (every .param at its own alignment); ld.param is a load
//     from it with !invariant.load.
//   * every device function that the kernel reaches, with internal linkage. A scalar .param travels as an integer of its width, floats
//     too; an aggregate by address, a noalias pointer in address space 5, results first (lower/signature.h).
//   * no indirect calls: a function's address is a handle of the module (ptx/function_handle.h), and a call through a pointer a switch
//     over the handles that it may hold, with direct calls in its cases and aw.trap for the rest. Recursion is possible.
//   * address spaces: 0 generic, 1 global, 3 shared, 4 const, 5 local (allocas are AS 5; their generic form comes from
//     addrspacecast). Global and const variables are external declarations, `@name = external addrspace(1|4) global
//     [size x i8], align a`, bound to device addresses when the code is linked. Shared variables are `@name = internal
//     addrspace(3) global [size x i8] undef`; a dynamic one (.extern .shared) has linkage external and size 0.
//     Function-scope variables carry a name made unique with the function's.
//   * values: integers, half, bfloat, float, double, <2 x half>, <2 x bfloat>, i1 for predicates, ptr, i128. b-typed registers
//     that hold floats are inferred to be floats where no more uses say otherwise, and bitcast at those.
//   * special registers: llvm.nvvm.read.ptx.sreg.*; tid, ntid, ctaid, nctaid, laneid carry !range.
//   * barriers: llvm.nvvm.barrier.cta.* (sync, arrive, red; aligned and not), llvm.nvvm.bar.warp.sync.
//   * warp operations: llvm.nvvm.shfl.sync.*, llvm.nvvm.vote.*.sync, llvm.nvvm.match.*, llvm.nvvm.redux.sync.*, llvm.nvvm.activemask,
//     llvm.nvvm.elect.sync where LLVM has it. Forms without .sync use the activemask.
//   * atomics: atomicrmw / cmpxchg with LLVM orderings and syncscope("block"|"device"|""), atomic loads and stores for
//     ld/st.relaxed/acquire/release/volatile; fences are `fence`. mbarrier objects are words that atomics change; cp.async copies at
//     once.
//   * operations on matrices that a warp holds together (mma, wmma, ldmatrix, stmatrix): external functions that kir/matrix.h lists.
//   * every other instruction that plain LLVM IR cannot say is a call of a pure function `__aw_<ptx words joined by _>`
//     that devicelib defines as bitcode (`__aw_prmt_b32`, `__aw_add_rz_f32`, `__aw_ex2_approx_ftz_f32`, `__aw_cvt_rna_tf32_f32`); it is
//     linked and inlined before optimisation. Transcendentals are externs (`__aw_sinf`) that the engines bind to vector math, and
//     devicelib's own code calls `aw.rsqrt_estimate`, which the engines make of what the processor has (spmd/estimates.h).
//   * device runtime calls: the externs of exec/abi.h without their AwBlock parameter: `aw.vprintf(ptr, ptr) i32`,
//     `aw.assertfail(ptr msg, ptr file, i32 line, ptr function, i64 charsize)`, `aw.malloc(i64) ptr`, `aw.free(ptr)`, `aw.trap()`,
//     `aw.nanosleep(i32)`; a fetch from a texture is `aw.texture(i64 handle, i32 how, i32 layer, float x, float y, float z, float lod)
//     {i32, i32, i32, i32}`, of which `how` is a constant of devicelib/texture.h; clock through llvm.nvvm.read.ptx.sreg.clock64,
//     globaltimer.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <memory>
#include <string>

namespace llvm {
class LLVMContext;
class Module;
class Function;
}  // namespace llvm

namespace anywarp::kir {

/// One kernel in kernel IR, with the context it lives in.
struct KernelModule {
  KernelModule();
  KernelModule(KernelModule&&) noexcept;
  KernelModule& operator=(KernelModule&&) noexcept;
  ~KernelModule();

  std::unique_ptr<llvm::LLVMContext> context;
  std::unique_ptr<llvm::Module> module;
  llvm::Function* kernel = nullptr;
  uint32_t param_bytes = 0;
};

/// What an engine makes of a kernel has loops over the slices of a block, between two barriers. Nothing orders their rounds, which this
/// property (`!llvm.loop`) says.
inline constexpr char kSliceLoop[] = "anywarp.slices";

/// Checks the form above, LLVM's own verifier first. The error names the function and prints the instruction.
Result<> verify(const KernelModule& kernel);

}  // namespace anywarp::kir
