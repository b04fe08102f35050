#include "spmd/estimates.h"

#include <llvm/IR/IntrinsicsX86.h>

namespace anywarp::spmd {

using namespace llvm;

namespace {

/// Of 4, 8 or 16 floats, with AVX-512.
Value* estimate_of_register(IRBuilderBase& b, Value* x) {
  const unsigned lanes = cast<FixedVectorType>(x->getType())->getNumElements();
  const Intrinsic::ID instruction = lanes == 16  ? Intrinsic::x86_avx512_rsqrt14_ps_512
                                    : lanes == 8 ? Intrinsic::x86_avx512_rsqrt14_ps_256
                                                 : Intrinsic::x86_avx512_rsqrt14_ps_128;
  Value* all = ConstantInt::get(b.getIntNTy(lanes == 16 ? 16 : 8), ~uint64_t{0}, /*IsSigned=*/false, /*ImplicitTrunc=*/true);
  return b.CreateIntrinsic(x->getType(), instruction, {x, PoisonValue::get(x->getType()), all});
}

}  // namespace

Value* root_estimate(IRBuilderBase& b, Value* x, bool long_registers) {
  if (!long_registers) return b.CreateFDiv(ConstantFP::get(x->getType(), 1), b.CreateUnaryIntrinsic(Intrinsic::sqrt, x));
  auto* type = dyn_cast<FixedVectorType>(x->getType());
  if (!type) {
    Value* one = b.CreateInsertElement(Constant::getNullValue(FixedVectorType::get(x->getType(), 4)), x, uint64_t(0));
    return b.CreateExtractElement(estimate_of_register(b, one), uint64_t(0));
  }
  constexpr unsigned kRegister = 16;
  if (type->getNumElements() <= kRegister) return estimate_of_register(b, x);
  Value *parts[2], *whole = PoisonValue::get(type);
  for (unsigned half = 0; half < 2; ++half) {
    auto* part_type = FixedVectorType::get(type->getElementType(), kRegister);
    parts[half] = estimate_of_register(b, b.CreateExtractVector(part_type, x, uint64_t(half) * kRegister));
    whole = b.CreateInsertVector(type, whole, parts[half], uint64_t(half) * kRegister);
  }
  return whole;
}

}  // namespace anywarp::spmd
