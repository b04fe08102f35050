// Bit fields, permutations of bytes, dot products of packed integers.
#include "number.h"

INLINE u32 shl_u32(u32 x, u32 by) { return by > 31 ? 0 : x << (by & 31); }
INLINE u64 shl_u64(u64 x, u32 by) { return by > 63 ? 0 : x << (by & 63); }
INLINE u32 low_bits_u32(u32 count) { return ~shl_u32(~0u, count); }
INLINE u64 low_bits_u64(u32 count) { return ~shl_u64(~0ull, count); }

// --- bit fields ------------------------------------------------------------------------------------------------------------
// Positions and lengths are the low 8 bits of their operands, so either may be beyond the word.
OPERATION u32 __aw_bfe_u32(u32 a, u32 b, u32 c) {
  const u32 first = b & 0xff;
  return (first > 31 ? 0 : a >> (first & 31)) & low_bits_u32(c & 0xff);
}
OPERATION u64 __aw_bfe_u64(u64 a, u32 b, u32 c) {
  const u32 first = b & 0xff;
  return (first > 63 ? 0 : a >> (first & 63)) & low_bits_u64(c & 0xff);
}

// What lies beyond the word is its sign bit.
OPERATION u32 __aw_bfe_s32(u32 a, u32 b, u32 c) {
  const u32 first = b & 0xff, count = c & 0xff, unused = count > 31 ? 0 : 32 - count;
  const s32 field = (s32)a >> (first > 31 ? 31 : first);
  return count == 0 ? 0 : (u32)((s32)((u32)field << (unused & 31)) >> (unused & 31));
}
OPERATION u64 __aw_bfe_s64(u64 a, u32 b, u32 c) {
  const u32 first = b & 0xff, count = c & 0xff, unused = count > 63 ? 0 : 64 - count;
  const s64 field = (s64)a >> (first > 63 ? 63 : first);
  return count == 0 ? 0 : (u64)((s64)((u64)field << (unused & 63)) >> (unused & 63));
}

OPERATION u32 __aw_bfi_b32(u32 a, u32 b, u32 c, u32 d) {
  const u32 first = c & 0xff, mask = shl_u32(low_bits_u32(d & 0xff), first);
  return (b & ~mask) | (shl_u32(a, first) & mask);
}
OPERATION u64 __aw_bfi_b64(u64 a, u64 b, u32 c, u32 d) {
  const u32 first = c & 0xff;
  const u64 mask = shl_u64(low_bits_u64(d & 0xff), first);
  return (b & ~mask) | (shl_u64(a, first) & mask);
}

OPERATION u32 __aw_bmsk_clamp_b32(u32 a, u32 b) { return shl_u32(low_bits_u32(b), a); }
OPERATION u32 __aw_bmsk_wrap_b32(u32 a, u32 b) { return low_bits_u32(b & 31) << (a & 31); }

INLINE u32 sign_extend(u32 a, u32 count) {
  const u32 unused = (32 - count) & 31;
  return count == 0 ? 0 : (u32)((s32)(a << unused) >> unused);
}
OPERATION u32 __aw_szext_clamp_s32(u32 a, u32 b) { return sign_extend(a, b > 32 ? 32 : b); }
OPERATION u32 __aw_szext_wrap_s32(u32 a, u32 b) { return sign_extend(a, b & 31); }
OPERATION u32 __aw_szext_clamp_u32(u32 a, u32 b) { return a & low_bits_u32(b); }
OPERATION u32 __aw_szext_wrap_u32(u32 a, u32 b) { return a & low_bits_u32(b & 31); }

/// The position of the set bit with `rank` set bits below it, by bisection. Requires: there is one.
INLINE u32 select_bit(u32 bits, u32 rank) {
  u32 position = 0;
#pragma unroll
  for (u32 width = 16; width > 0; width >>= 1) {
    const u32 below = (u32)__builtin_popcount(bits >> position & ((1u << width) - 1));
    const int is_above = rank >= below;
    position += is_above ? width : 0;
    rank -= is_above ? below : 0;
  }
  return position;
}

// The |offset|-th set bit from `base` on, upwards or downwards. Offset 0 asks for the bit at `base` itself, as 1 does if it is set.
OPERATION u32 __aw_fns_b32(u32 mask, u32 base, u32 offset) {
  const u32 start = base & 31, is_downward = (s32)offset < 0;
  const u32 candidates = mask & (offset == 0 ? 1u << start : is_downward ? ~0u >> (31 - start) : ~0u << start);
  const u32 found = (u32)__builtin_popcount(candidates), wanted = offset == 0 ? 1 : is_downward ? -offset : offset;
  const u32 rank = is_downward ? found - wanted : wanted - 1;
  return wanted > found ? ~0u : select_bit(candidates, rank);
}

// --- dot products ------------------------------------------------------------------------------------------------------------
#define BYTE_s32(x, i) ((u32)(s32)(s8)((x) >> (8 * (i))))
#define BYTE_u32(x, i) ((u32)(u8)((x) >> (8 * (i))))
#define WORD_s32(x, i) ((u32)(s32)(s16)((x) >> (16 * (i))))
#define WORD_u32(x, i) ((u32)(u16)((x) >> (16 * (i))))

#define DOT_PRODUCTS(left, right)                                                                                                         \
  OPERATION u32 __aw_dp4a_##left##_##right(u32 a, u32 b, u32 c) {                                                                         \
    return c + BYTE_##left(a, 0) * BYTE_##right(b, 0) + BYTE_##left(a, 1) * BYTE_##right(b, 1) + BYTE_##left(a, 2) * BYTE_##right(b, 2) + \
           BYTE_##left(a, 3) * BYTE_##right(b, 3);                                                                                        \
  }                                                                                                                                       \
  OPERATION u32 __aw_dp2a_lo_##left##_##right(u32 a, u32 b, u32 c) {                                                                      \
    return c + WORD_##left(a, 0) * BYTE_##right(b, 0) + WORD_##left(a, 1) * BYTE_##right(b, 1);                                           \
  }                                                                                                                                       \
  OPERATION u32 __aw_dp2a_hi_##left##_##right(u32 a, u32 b, u32 c) {                                                                      \
    return c + WORD_##left(a, 0) * BYTE_##right(b, 2) + WORD_##left(a, 1) * BYTE_##right(b, 3);                                           \
  }
DOT_PRODUCTS(s32, s32)
DOT_PRODUCTS(s32, u32)
DOT_PRODUCTS(u32, s32)
DOT_PRODUCTS(u32, u32)

// --- prmt ----------------------------------------------------------------------------------------------------------------------
// The operands' eight bytes, b above a. Selectors are constants nearly always, and then all of this folds to shifts.
INLINE u64 eight_bytes(u32 a, u32 b) { return (u64)b << 32 | a; }
INLINE u32 byte_at(u64 bytes, u32 i) { return (u32)(bytes >> (8 * i)) & 0xff; }
INLINE u32 four_bytes(u64 bytes, u32 i3, u32 i2, u32 i1, u32 i0) {
  return byte_at(bytes, i3) << 24 | byte_at(bytes, i2) << 16 | byte_at(bytes, i1) << 8 | byte_at(bytes, i0);
}

/// Bit 3 of a selector spreads the byte's sign over it.
INLINE u32 selected(u64 bytes, u32 selector) {
  const u32 byte = byte_at(bytes, selector & 7);
  return selector & 8 ? (byte & 0x80 ? 0xff : 0) : byte;
}

OPERATION u32 __aw_prmt_b32(u32 a, u32 b, u32 c) {
  const u64 bytes = eight_bytes(a, b);
  return selected(bytes, c >> 12 & 15) << 24 | selected(bytes, c >> 8 & 15) << 16 | selected(bytes, c >> 4 & 15) << 8 |
         selected(bytes, c & 15);
}

INLINE u32 greater(u32 a, u32 b) { return a > b ? a : b; }
INLINE u32 lesser(u32 a, u32 b) { return a < b ? a : b; }

OPERATION u32 __aw_prmt_b32_f4e(u32 a, u32 b, u32 c) { return (u32)(eight_bytes(a, b) >> (8 * (c & 3))); }
OPERATION u32 __aw_prmt_b32_b4e(u32 a, u32 b, u32 c) {
  const u32 i = c & 3;
  return four_bytes(eight_bytes(a, b), (i + 5) & 7, (i + 6) & 7, (i + 7) & 7, i);
}
OPERATION u32 __aw_prmt_b32_rc8(u32 a, [[maybe_unused]] u32 b, u32 c) { return byte_at(a, c & 3) * 0x01010101u; }
OPERATION u32 __aw_prmt_b32_ecl(u32 a, [[maybe_unused]] u32 b, u32 c) {
  const u32 i = c & 3;
  return four_bytes(a, 3, greater(2, i), greater(1, i), i);
}
OPERATION u32 __aw_prmt_b32_ecr(u32 a, [[maybe_unused]] u32 b, u32 c) {
  const u32 i = c & 3;
  return four_bytes(a, i, lesser(2, i), lesser(1, i), 0);
}
OPERATION u32 __aw_prmt_b32_rc16(u32 a, [[maybe_unused]] u32 b, u32 c) { return (a >> (16 * (c & 1)) & 0xffff) * 0x10001u; }
