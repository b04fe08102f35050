// Every handler, in the order of the PTX ISA manual. dispatch.cpp says which opcodes go where.
#pragma once

namespace anywarp::lower {

class Lowering;
struct Inst;

using Handler = void(Lowering&, const Inst&);

// integer.cpp
Handler lower_add, lower_mul, lower_mad, lower_mul24, lower_sad, lower_div, lower_abs, lower_min, lower_popc, lower_clz, lower_bfind,
    lower_fns, lower_brev, lower_bfe, lower_bfi, lower_bmsk, lower_szext, lower_dp;
// extended.cpp
Handler lower_carry, lower_carry_mad;
// float.cpp
Handler lower_fadd, lower_ffma, lower_fdiv, lower_ffunction, lower_fabs, lower_fmin, lower_testp, lower_copysign;
// half.cpp
Handler lower_hadd, lower_hfma, lower_hfunction;
// compare_select.cpp
Handler lower_set, lower_setp, lower_selp, lower_slct;
// logic_shift.cpp
Handler lower_logic, lower_lop3, lower_shift, lower_funnel;
// data_movement.cpp
Handler lower_mov, lower_ld, lower_st, lower_prmt, lower_cvta, lower_isspacep, lower_cp, lower_hint;
// conversion.cpp
Handler lower_cvt;
// control_flow.cpp
Handler lower_bra, lower_brx, lower_ret, lower_exit;
// call.cpp
Handler lower_call, lower_alloca, lower_stacksave, lower_stackrestore;
// barrier.cpp
Handler lower_barrier, lower_fence;
// mbarrier.cpp
Handler lower_mbarrier, lower_copy_arrive;
// atomic.cpp
Handler lower_atom;
// warp.cpp
Handler lower_shfl, lower_vote, lower_match, lower_redux, lower_activemask, lower_elect;
// matrix.cpp
Handler lower_mma, lower_wmma, lower_ldmatrix, lower_movmatrix, lower_wgmma;
// texture.cpp
Handler lower_tex, lower_txq, lower_suld, lower_sust;
// video.cpp
Handler lower_video, lower_video_simd;
// miscellaneous.cpp
Handler lower_nanosleep, lower_trap;

/// Lowers one instruction without its guard predicate. Reports what is not supported.
void dispatch(Lowering& lower, const Inst& inst);

}  // namespace anywarp::lower
