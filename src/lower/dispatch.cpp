// Opcode -> handler. Several opcodes mean different chapters for different types; the first row that fits is taken.
// What has no row is not supported, and dispatch says so with the instruction's own words.
#include "lower/chapters.h"
#include "lower/lowering.h"

#include <unordered_map>

namespace anywarp::lower {
namespace {

enum class When : unsigned char { Always, Integer, Float, Half, Carry };

struct Row {
  std::string_view opcode;
  When when;
  Handler* handler;
};

constexpr Row kRows[] = {
    {"add", When::Carry, lower_carry},
    {"add", When::Integer, lower_add},
    {"add", When::Half, lower_hadd},
    {"add", When::Float, lower_fadd},
    {"sub", When::Carry, lower_carry},
    {"sub", When::Integer, lower_add},
    {"sub", When::Half, lower_hadd},
    {"sub", When::Float, lower_fadd},
    {"mul", When::Integer, lower_mul},
    {"mul", When::Half, lower_hadd},
    {"mul", When::Float, lower_fadd},
    {"mad", When::Carry, lower_carry_mad},
    {"mad", When::Integer, lower_mad},
    {"mad", When::Float, lower_ffma},
    {"mul24", When::Integer, lower_mul24},
    {"mad24", When::Integer, lower_mul24},
    {"sad", When::Integer, lower_sad},
    {"div", When::Integer, lower_div},
    {"div", When::Float, lower_fdiv},
    {"rem", When::Integer, lower_div},
    {"abs", When::Integer, lower_abs},
    {"abs", When::Half, lower_fabs},
    {"abs", When::Float, lower_fabs},
    {"neg", When::Integer, lower_abs},
    {"neg", When::Half, lower_fabs},
    {"neg", When::Float, lower_fabs},
    {"min", When::Integer, lower_min},
    {"min", When::Half, lower_fmin},
    {"min", When::Float, lower_fmin},
    {"max", When::Integer, lower_min},
    {"max", When::Half, lower_fmin},
    {"max", When::Float, lower_fmin},
    {"popc", When::Always, lower_popc},
    {"clz", When::Always, lower_clz},
    {"bfind", When::Always, lower_bfind},
    {"fns", When::Always, lower_fns},
    {"brev", When::Always, lower_brev},
    {"bfe", When::Always, lower_bfe},
    {"bfi", When::Always, lower_bfi},
    {"bmsk", When::Always, lower_bmsk},
    {"szext", When::Always, lower_szext},
    {"dp4a", When::Always, lower_dp},
    {"dp2a", When::Always, lower_dp},
    {"addc", When::Always, lower_carry},
    {"subc", When::Always, lower_carry},
    {"madc", When::Always, lower_carry_mad},
    {"testp", When::Float, lower_testp},
    {"copysign", When::Float, lower_copysign},
    {"fma", When::Half, lower_hfma},
    {"fma", When::Float, lower_ffma},
    {"rcp", When::Float, lower_ffunction},
    {"sqrt", When::Float, lower_ffunction},
    {"rsqrt", When::Float, lower_ffunction},
    {"sin", When::Float, lower_ffunction},
    {"cos", When::Float, lower_ffunction},
    {"lg2", When::Float, lower_ffunction},
    {"ex2", When::Half, lower_hfunction},
    {"ex2", When::Float, lower_ffunction},
    {"tanh", When::Half, lower_hfunction},
    {"tanh", When::Float, lower_ffunction},
    {"set", When::Always, lower_set},
    {"setp", When::Always, lower_setp},
    {"selp", When::Always, lower_selp},
    {"slct", When::Always, lower_slct},
    {"and", When::Always, lower_logic},
    {"or", When::Always, lower_logic},
    {"xor", When::Always, lower_logic},
    {"not", When::Always, lower_logic},
    {"cnot", When::Always, lower_logic},
    {"lop3", When::Always, lower_lop3},
    {"shl", When::Always, lower_shift},
    {"shr", When::Always, lower_shift},
    {"shf", When::Always, lower_funnel},
    {"mov", When::Always, lower_mov},
    {"ld", When::Always, lower_ld},
    {"ldu", When::Always, lower_ld},
    {"st", When::Always, lower_st},
    {"prmt", When::Always, lower_prmt},
    {"cvt", When::Always, lower_cvt},
    {"cvta", When::Always, lower_cvta},
    {"isspacep", When::Always, lower_isspacep},
    {"cp", When::Always, lower_cp},
    {"prefetch", When::Always, lower_hint},
    {"prefetchu", When::Always, lower_hint},
    {"applypriority", When::Always, lower_hint},
    {"discard", When::Always, lower_hint},
    {"bra", When::Always, lower_bra},
    {"brx", When::Always, lower_brx},
    {"ret", When::Always, lower_ret},
    {"exit", When::Always, lower_exit},
    {"call", When::Always, lower_call},
    {"alloca", When::Always, lower_alloca},
    {"stacksave", When::Always, lower_stacksave},
    {"stackrestore", When::Always, lower_stackrestore},
    {"bar", When::Always, lower_barrier},
    {"barrier", When::Always, lower_barrier},
    {"mbarrier", When::Always, lower_mbarrier},
    {"membar", When::Always, lower_fence},
    {"fence", When::Always, lower_fence},
    {"atom", When::Always, lower_atom},
    {"red", When::Always, lower_atom},
    {"shfl", When::Always, lower_shfl},
    {"vote", When::Always, lower_vote},
    {"match", When::Always, lower_match},
    {"redux", When::Always, lower_redux},
    {"activemask", When::Always, lower_activemask},
    {"elect", When::Always, lower_elect},
    {"mma", When::Always, lower_mma},
    {"wmma", When::Always, lower_wmma},
    {"ldmatrix", When::Always, lower_ldmatrix},
    {"stmatrix", When::Always, lower_ldmatrix},
    {"movmatrix", When::Always, lower_movmatrix},
    {"wgmma", When::Always, lower_wgmma},
    {"vadd", When::Always, lower_video},
    {"vsub", When::Always, lower_video},
    {"vabsdiff", When::Always, lower_video},
    {"vmin", When::Always, lower_video},
    {"vmax", When::Always, lower_video},
    {"vshl", When::Always, lower_video},
    {"vshr", When::Always, lower_video},
    {"vmad", When::Always, lower_video},
    {"vset", When::Always, lower_video},
    {"vadd2", When::Always, lower_video_simd},
    {"vsub2", When::Always, lower_video_simd},
    {"vavrg2", When::Always, lower_video_simd},
    {"vabsdiff2", When::Always, lower_video_simd},
    {"vmin2", When::Always, lower_video_simd},
    {"vmax2", When::Always, lower_video_simd},
    {"vset2", When::Always, lower_video_simd},
    {"vadd4", When::Always, lower_video_simd},
    {"vsub4", When::Always, lower_video_simd},
    {"vavrg4", When::Always, lower_video_simd},
    {"vabsdiff4", When::Always, lower_video_simd},
    {"vmin4", When::Always, lower_video_simd},
    {"vmax4", When::Always, lower_video_simd},
    {"vset4", When::Always, lower_video_simd},
    {"tex", When::Always, lower_tex},
    {"tld4", When::Always, lower_tex},
    {"txq", When::Always, lower_txq},
    {"suq", When::Always, lower_txq},
    {"suld", When::Always, lower_suld},
    {"sust", When::Always, lower_sust},
    {"nanosleep", When::Always, lower_nanosleep},
    {"trap", When::Always, lower_trap},
    {"brkpt", When::Always, lower_trap},
    {"pmevent", When::Always, lower_hint},
    {"setmaxnreg", When::Always, lower_hint},
    {"griddepcontrol", When::Always, lower_hint},
};

bool fits(When when, const Inst& inst) {
  switch (when) {
    case When::Always: return true;
    case When::Integer: return !inst.types.empty() && inst.type().is_integer();
    case When::Float: return !inst.types.empty() && inst.type().is_float() && !inst.type().is_half();
    case When::Half: return !inst.types.empty() && inst.type().is_half();
    case When::Carry: return inst.has("cc");
  }
  return false;
}

Handler* find(const Inst& inst) {
  // Rows of one opcode stand together, so the first row of each is enough of an index.
  static const std::unordered_map<std::string_view, const Row*> index = [] {
    std::unordered_map<std::string_view, const Row*> map;
    for (const Row& row : kRows) map.try_emplace(row.opcode, &row);
    return map;
  }();
  auto it = index.find(inst.opcode);
  if (it == index.end()) return nullptr;
  for (const Row* row = it->second; row != std::end(kRows) && row->opcode == inst.opcode; ++row) {
    if (fits(row->when, inst)) return row->handler;
  }
  return nullptr;
}

}  // namespace

void dispatch(Lowering& lower, const Inst& inst) {
  if (Handler* handler = find(inst))
    handler(lower, inst);
  else
    lower.unsupported(inst);
}

}  // namespace anywarp::lower
