#include "lower/scalar.h"

#include <llvm/IR/DerivedTypes.h>
#include <llvm/IR/LLVMContext.h>

#include <charconv>
#include <iterator>

namespace anywarp::lower {
namespace {

struct Named {
  std::string_view word;
  Scalar scalar;
};

constexpr Named kFormats[] = {
    {"pred", kPredicate},
    {"tf32", {Scalar::Other, 32, 1}},
    {"e4m3", {Scalar::Other, 8, 1}},
    {"e5m2", {Scalar::Other, 8, 1}},
    {"e3m2", {Scalar::Other, 8, 1}},
    {"e2m3", {Scalar::Other, 8, 1}},
    {"e2m1", {Scalar::Other, 4, 1}},
    {"ue8m0", {Scalar::Other, 8, 1}},
    {"e4m3x2", {Scalar::Other, 8, 2}},
    {"e5m2x2", {Scalar::Other, 8, 2}},
    {"e3m2x2", {Scalar::Other, 8, 2}},
    {"e2m3x2", {Scalar::Other, 8, 2}},
    {"e2m1x2", {Scalar::Other, 4, 2}},
    {"ue8m0x2", {Scalar::Other, 8, 2}},
    {"e4m3x4", {Scalar::Other, 8, 4}},
    {"e5m2x4", {Scalar::Other, 8, 4}},
    {"e3m2x4", {Scalar::Other, 8, 4}},
    {"e2m3x4", {Scalar::Other, 8, 4}},
    {"e2m1x4", {Scalar::Other, 4, 4}},
};

}  // namespace

std::optional<Scalar> parse_scalar(std::string_view word) {
  for (const Named& format : kFormats) {
    if (format.word == word) return format.scalar;
  }
  Scalar scalar;
  if (word.starts_with("bf")) {
    scalar.kind = Scalar::Brain;
    word.remove_prefix(2);
  } else if (!word.empty()) {
    switch (word[0]) {
      case 'b': scalar.kind = Scalar::Bits; break;
      case 'u': scalar.kind = Scalar::Unsigned; break;
      case 's': scalar.kind = Scalar::Signed; break;
      case 'f': scalar.kind = Scalar::Float; break;
      default: return std::nullopt;
    }
    word.remove_prefix(1);
  }
  const char* end = word.data() + word.size();
  auto [rest, error] = std::from_chars(word.data(), end, scalar.lane_bits);
  if (error != std::errc{}) return std::nullopt;
  if (rest != end) {
    if (*rest != 'x' || std::from_chars(rest + 1, end, scalar.lanes).ptr != end || scalar.lanes < 2 || scalar.lanes > 4)
      return std::nullopt;
  }
  const unsigned bits = scalar.lane_bits;
  const bool known = scalar.kind == Scalar::Brain   ? bits == 16
                     : scalar.kind == Scalar::Float ? bits == 16 || bits == 32 || bits == 64
                                                    : bits == 8 || bits == 16 || bits == 32 || bits == 64 || bits == 128;
  return known ? std::optional(scalar) : std::nullopt;
}

llvm::Type* llvm_type(llvm::LLVMContext& context, Scalar scalar) {
  llvm::Type* lane = nullptr;
  switch (scalar.kind) {
    case Scalar::Float:
      lane = scalar.lane_bits == 16   ? llvm::Type::getHalfTy(context)
             : scalar.lane_bits == 32 ? llvm::Type::getFloatTy(context)
                                      : llvm::Type::getDoubleTy(context);
      break;
    case Scalar::Brain: lane = llvm::Type::getBFloatTy(context); break;
    case Scalar::Other:
    case Scalar::Bits: return llvm::IntegerType::get(context, scalar.bits());
    default: lane = llvm::IntegerType::get(context, scalar.lane_bits);
  }
  return scalar.lanes == 1 ? lane : llvm::FixedVectorType::get(lane, scalar.lanes);
}

}  // namespace anywarp::lower
