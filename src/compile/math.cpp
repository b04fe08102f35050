// SLEEF has what is needed: for one function, scalar and vector forms whose results agree in every bit (its "finz" and "cinz"
// families, with and without fma). math_test compares them, and what is not equal there is not in the tables below.
// Functions that SLEEF lacks are in math_own.cpp; the vector engine calls those for one lane after the other.
#include "compile/math.h"

#include "compile/math_own.h"

#include <algorithm>
#include <unordered_map>

// SLEEF's header shows its vector functions only to code that is compiled for the vectors' processor. Here they are only addresses:
// fma forms for 1 lane, 128, 256 and 512 bits, then plain ones for 1 lane and 128 bits. On AArch64 there are fma forms for 1 lane and 128
// bits; with SVE a longer vector is a few of those.
extern "C" {
#if defined(__x86_64__)
#define AW_DECLARE(fma1, fma128, fma256, fma512, plain1, plain128) \
  void fma1();                                                     \
  void fma128();                                                   \
  void fma256();                                                   \
  void fma512();                                                   \
  void plain1();                                                   \
  void plain128();
#define AW_FORMS_f(M, name, ulp)                                                                                    \
  M(Sleef_finz_##name##f1_##ulp##purecfma, Sleef_finz_##name##f4_##ulp##avx2128, Sleef_finz_##name##f8_##ulp##avx2, \
    Sleef_finz_##name##f16_##ulp##avx512f, Sleef_cinz_##name##f1_##ulp##purec, Sleef_cinz_##name##f4_##ulp##sse2)
#define AW_FORMS_d(M, name, ulp)                                                                                    \
  M(Sleef_finz_##name##d1_##ulp##purecfma, Sleef_finz_##name##d2_##ulp##avx2128, Sleef_finz_##name##d4_##ulp##avx2, \
    Sleef_finz_##name##d8_##ulp##avx512f, Sleef_cinz_##name##d1_##ulp##purec, Sleef_cinz_##name##d2_##ulp##sse2)
#else
#define AW_DECLARE(fma1, fma128) \
  void fma1();                   \
  void fma128();
#define AW_FORMS_f(M, name, ulp) M(Sleef_finz_##name##f1_##ulp##purecfma, Sleef_finz_##name##f4_##ulp##advsimd)
#define AW_FORMS_d(M, name, ulp) M(Sleef_finz_##name##d1_##ulp##purecfma, Sleef_finz_##name##d2_##ulp##advsimd)
#endif
#define AW_SLEEF(type, name, sleef_name, ulp, arguments) AW_FORMS_##type(AW_DECLARE, sleef_name, ulp)
#include "compile/math_sleef.def"
#undef AW_SLEEF
}

namespace anywarp::compile {
namespace {

using Address = void (*)();

/// SLEEF's forms of one function, from one lane to a full register.
struct Forms {
  Address fma[4], plain[2];
};

constexpr uint32_t kLeast = 128, kMost = 512;  // bits of SLEEF's vectors on x86

uint32_t bits_of(std::string_view type) { return type[0] == 'f' ? 32 : 64; }

/// A mistake in ANYWARP_TARGET is an error of whoever compiles.
const jit::Processor& processor() {
  Result<const jit::Processor*> chosen = jit::chosen_processor();
  return chosen ? **chosen : jit::host();
}

void* address(Address function) { return reinterpret_cast<void*>(function); }

MathFunction sleef(std::string_view name, std::string_view type, const Forms& forms) {
  MathFunction function{name, type, nullptr, true, {}};
  const Address* form = processor().fma ? forms.fma : forms.plain;
  function.address = address(*form);
  for (const uint32_t lanes : variant_lanes(function, processor())) function.variants.push_back({lanes, address(*++form)});
  return function;
}

std::vector<MathFunction> make_functions() {
  std::vector<MathFunction> functions = {
#if defined(__x86_64__)
#define AW_ADDRESSES(fma1, fma128, fma256, fma512, plain1, plain128) \
  {                                                                  \
    {fma1, fma128, fma256, fma512}, { plain1, plain128 }             \
  }
#else
#define AW_ADDRESSES(fma1, fma128) \
  {                                \
    {fma1, fma128}, {}             \
  }
#endif
#define AW_NAME_f(name) "__aw_" #name "f"
#define AW_NAME_d(name) "__aw_" #name
#define AW_TYPE_f1 "ff"
#define AW_TYPE_f2 "fff"
#define AW_TYPE_d1 "dd"
#define AW_TYPE_d2 "ddd"
#define AW_SLEEF(type, name, sleef_name, ulp, arguments) \
  sleef(AW_NAME_##type(name), AW_TYPE_##type##arguments, AW_FORMS_##type(AW_ADDRESSES, sleef_name, ulp)),
#include "compile/math_sleef.def"
#undef AW_SLEEF
  };
  for (const OwnFunction& own : own_functions()) functions.push_back({own.name, own.type, own.address, false, {}});
  return functions;
}

const std::vector<MathFunction>& functions() {
  static const auto* all = new std::vector<MathFunction>(make_functions());
  return *all;
}

}  // namespace

std::span<const MathFunction> math_functions() { return functions(); }

const MathFunction* find_math_function(std::string_view name) {
  static const auto* index = [] {
    auto* made = new std::unordered_map<std::string_view, const MathFunction*>;
    for (const MathFunction& function : functions()) made->emplace(function.name, &function);
    return made;
  }();
  const auto found = index->find(name);
  return found == index->end() ? nullptr : found->second;
}

std::vector<uint32_t> variant_lanes(const MathFunction& function, const jit::Processor& processor) {
  std::vector<uint32_t> lanes;
  const uint32_t most = !function.has_variants ? 0 : processor.is_x86 && processor.fma ? std::min(processor.vector_bits, kMost) : kLeast;
  for (uint32_t bits = kLeast; bits <= most; bits *= 2) lanes.push_back(bits / bits_of(function.type));
  return lanes;
}

std::string variant_symbol(std::string_view name, uint32_t lanes) { return std::string(name) + ".v" + std::to_string(lanes); }

const jit::Symbols& math_symbols() {
  static const auto* symbols = [] {
    auto* made = new jit::Symbols;
    for (const MathFunction& function : functions()) {
      made->emplace_back(std::string(function.name), function.address);
      for (const MathVariant& variant : function.variants)
        made->emplace_back(variant_symbol(function.name, variant.lanes), variant.address);
    }
    return made;
  }();
  return *symbols;
}

}  // namespace anywarp::compile
