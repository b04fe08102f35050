// The types that PTX instructions name, and their LLVM types.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace llvm {
class LLVMContext;
class Type;
}  // namespace llvm

namespace anywarp::lower {

/// `.f16x2` is {Float, 16, 2}; `.pred` is {Predicate, 1, 1}; formats that have no LLVM type (`.tf32`, `.e4m3x2`, ...) are Other.
struct Scalar {
  enum Kind : uint8_t { Predicate, Bits, Unsigned, Signed, Float, Brain, Other };
  Kind kind = Bits;
  uint16_t lane_bits = 32;
  uint16_t lanes = 1;

  constexpr unsigned bits() const { return unsigned{lane_bits} * lanes; }
  constexpr unsigned bytes() const { return (bits() + 7) / 8; }
  constexpr bool is_float() const { return kind == Float || kind == Brain; }
  constexpr bool is_half() const { return is_float() && lane_bits == 16; }
  constexpr bool is_signed() const { return kind == Signed; }
  constexpr bool is_integer() const { return kind == Signed || kind == Unsigned || kind == Bits; }
  constexpr Scalar lane() const { return {kind, lane_bits, 1}; }
  constexpr Scalar as_bits() const { return {Bits, static_cast<uint16_t>(bits()), 1}; }
  constexpr Scalar widened() const { return {kind, static_cast<uint16_t>(lane_bits * 2), lanes}; }
  friend constexpr bool operator==(const Scalar&, const Scalar&) = default;
};

inline constexpr Scalar kPredicate{Scalar::Predicate, 1, 1};
inline constexpr Scalar kB16{Scalar::Bits, 16, 1}, kB32{Scalar::Bits, 32, 1}, kB64{Scalar::Bits, 64, 1};
inline constexpr Scalar kU32{Scalar::Unsigned, 32, 1}, kU64{Scalar::Unsigned, 64, 1};
inline constexpr Scalar kF16{Scalar::Float, 16, 1}, kF32{Scalar::Float, 32, 1}, kF64{Scalar::Float, 64, 1};

/// "u32" -> {Unsigned, 32, 1}. Nothing when the word is not a type.
std::optional<Scalar> parse_scalar(std::string_view word);

/// The LLVM type of values of that type. Other has integers of its width.
llvm::Type* llvm_type(llvm::LLVMContext& context, Scalar scalar);

}  // namespace anywarp::lower
