// Elements of the test files' buffers: numbers of every width that PTX has.
#include "kernel_run/case.h"

#include <bit>
#include <cmath>
#include <cstdio>
#include <cstring>

namespace anywarp::kernel_run {
namespace {

uint64_t bits_of(const Element& element, const uint8_t* bytes) {
  uint64_t bits = 0;
  memcpy(&bits, bytes, element.bytes);
  return bits;
}

double half_value(uint64_t bits) {
  const double magnitude = [&] {
    const unsigned exponent = bits >> 10 & 31, fraction = bits & 1023;
    if (exponent == 31) return fraction ? std::nan("") : HUGE_VAL;
    return exponent ? std::ldexp(1024 + fraction, int(exponent) - 25) : std::ldexp(fraction, -24);
  }();
  return bits >> 15 & 1 ? -magnitude : magnitude;
}

/// Numbers in the order of their values, so that neighbours differ by one.
int64_t rank(const Element& element, uint64_t bits) {
  const unsigned width = element.bytes * 8;
  const uint64_t sign = uint64_t{1} << (width - 1);
  return bits & sign ? -int64_t(bits & (sign - 1)) : int64_t(bits);
}

}  // namespace

double number(const Element& element, const uint8_t* bytes) {
  const uint64_t bits = bits_of(element, bytes);
  if (element.kind == Kind::Float) {
    if (element.bytes == 8) return std::bit_cast<double>(bits);
    if (element.bytes == 4) return std::bit_cast<float>(static_cast<uint32_t>(bits));
    return element.brain ? std::bit_cast<float>(static_cast<uint32_t>(bits << 16)) : half_value(bits);
  }
  if (element.kind == Kind::Unsigned) return static_cast<double>(bits);
  const unsigned shift = 64 - element.bytes * 8;
  return static_cast<double>(static_cast<int64_t>(bits << shift) >> shift);
}

std::string show(const Element& element, const uint8_t* bytes) {
  char text[80];
  const uint64_t bits = bits_of(element, bytes);
  if (element.kind == Kind::Float)
    snprintf(text, sizeof text, "%.9g (0x%0*llx)", number(element, bytes), element.bytes * 2, static_cast<unsigned long long>(bits));
  else if (element.kind == Kind::Unsigned)
    snprintf(text, sizeof text, "%llu (0x%llx)", static_cast<unsigned long long>(bits), static_cast<unsigned long long>(bits));
  else
    snprintf(text, sizeof text, "%lld",
             static_cast<long long>(static_cast<int64_t>(bits << (64 - element.bytes * 8)) >> (64 - element.bytes * 8)));
  return text;
}

bool agree(const Element& element, const uint8_t* a, const uint8_t* b, const Tolerance& tolerance) {
  if (memcmp(a, b, element.bytes) == 0) return true;
  if (element.kind != Kind::Float) {
    return tolerance.absolute > 0 && std::fabs(number(element, a) - number(element, b)) <= tolerance.absolute;
  }
  const double x = number(element, a), y = number(element, b);
  if (std::isnan(x) || std::isnan(y)) return std::isnan(x) && std::isnan(y);
  if (tolerance.absolute > 0 && std::fabs(x - y) <= tolerance.absolute) return true;
  if (tolerance.ulp <= 0) return false;
  return std::fabs(static_cast<double>(rank(element, bits_of(element, a)) - rank(element, bits_of(element, b)))) <= tolerance.ulp;
}

}  // namespace anywarp::kernel_run
