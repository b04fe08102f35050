// The random number generators of curand_kernel.h, by their published algorithms, with cuRAND's seeding and sequence numbering:
//   XORWOW         G. Marsaglia, Xorshift RNGs, 2003; sequences 2^67 apart
//   MRG32k3a       P. L'Ecuyer, Good parameters and implementations for combined MRGs, 1999; subsequences 2^76 apart
//   Philox4x32-10  Salmon, Moraes, Dror, Shaw, Parallel random numbers: as easy as 1, 2, 3, 2011
//   Sobol          the Gray-code order of Antonov and Saleev, over direction vectors that the caller gives
#ifndef ANYWARP_CURAND_GENERATORS_H
#define ANYWARP_CURAND_GENERATORS_H

#include "crt/attributes.h"
#include "crt/curand_xorwow_jumps.h"
#include "curand.h"

// Most are too long to be pasted into every call.
#define AW_RANDOM static __inline__ __attribute__((unused)) AW_HOST_DEVICE
#define AW_RANDOM_INLINE AW_BOTH_INLINE

// --- XORWOW ---------------------------------------------------------------------------------------------------------------------

struct curandStateXORWOW {
  unsigned int d, v[5];
  int boxmuller_flag;
  int boxmuller_flag_double;
  float boxmuller_extra;
  double boxmuller_extra_double;
};
typedef struct curandStateXORWOW curandStateXORWOW_t;
typedef struct curandStateXORWOW curandState_t;
typedef struct curandStateXORWOW curandState;

AW_RANDOM_INLINE void __aw_xorshift(unsigned* v) {
  unsigned t = v[0] ^ (v[0] >> 2);
  v[0] = v[1];
  v[1] = v[2];
  v[2] = v[3];
  v[3] = v[4];
  v[4] = (v[4] ^ (v[4] << 4)) ^ (t ^ (t << 1));
}

AW_RANDOM_INLINE unsigned int curand(curandStateXORWOW_t* state) {
  __aw_xorshift(state->v);
  state->d += 362437;
  return state->v[4] + state->d;
}

/// Replaces v by the sum of those of its next 160 successors (v itself first) that the polynomial has.
AW_RANDOM void __aw_xorwow_jump(unsigned* v, const unsigned* polynomial) {
  unsigned sum[5] = {0, 0, 0, 0, 0}, s[5] = {v[0], v[1], v[2], v[3], v[4]};
  for (int word = 0; word < 5; ++word) {
    unsigned bits = polynomial[word];
    for (int i = 0; i < 32; ++i) {
      unsigned mask = 0u - (bits >> i & 1);
      for (int k = 0; k < 5; ++k) sum[k] ^= s[k] & mask;
      __aw_xorshift(s);
    }
  }
  for (int k = 0; k < 5; ++k) v[k] = sum[k];
}

AW_RANDOM void __aw_xorwow_jumps(unsigned* v, unsigned long long n, const unsigned (*table)[15][5]) {
  for (int digit = 0; n != 0; ++digit, n >>= 4)
    if (n & 15) __aw_xorwow_jump(v, table[digit][(n & 15) - 1]);
}

AW_RANDOM void skipahead(unsigned long long n, curandStateXORWOW_t* state) {
  __aw_xorwow_jumps(state->v, n, __aw_xorwow_steps);
  state->d += 362437 * (unsigned)n;
}
AW_RANDOM void skipahead_sequence(unsigned long long n, curandStateXORWOW_t* state) {
  __aw_xorwow_jumps(state->v, n, __aw_xorwow_sequences);  // d comes round: 2^67 is a multiple of its period
}

AW_RANDOM void curand_init(unsigned long long seed, unsigned long long subsequence, unsigned long long offset,
                           curandStateXORWOW_t* state) {
  unsigned low = ((unsigned)seed ^ 0xaad26b49u) * 1099087573u, high = ((unsigned)(seed >> 32) ^ 0xf7dcefddu) * 2591861531u;
  state->d = 6615241u + high + low;
  state->v[0] = 123456789u + low;
  state->v[1] = 362436069u ^ low;
  state->v[2] = 521288629u + high;
  state->v[3] = 88675123u ^ high;
  state->v[4] = 5783321u + low;
  skipahead_sequence(subsequence, state);
  skipahead(offset, state);
  state->boxmuller_flag = 0;
  state->boxmuller_flag_double = 0;
  state->boxmuller_extra = 0;
  state->boxmuller_extra_double = 0;
}

// --- MRG32k3a -------------------------------------------------------------------------------------------------------------------

struct curandStateMRG32k3a {
  unsigned int s1[3], s2[3];
  int boxmuller_flag;
  int boxmuller_flag_double;
  float boxmuller_extra;
  double boxmuller_extra_double;
};
typedef struct curandStateMRG32k3a curandStateMRG32k3a_t;

#define AW_MRG_M1 4294967087ull
#define AW_MRG_M2 4294944443ull

/// The next number, from 1 to the first modulus.
AW_RANDOM_INLINE unsigned __aw_mrg_next(curandStateMRG32k3a_t* state) {
  unsigned long long p1 = (1403580ull * state->s1[1] + 810728ull * (AW_MRG_M1 - state->s1[0])) % AW_MRG_M1;
  state->s1[0] = state->s1[1];
  state->s1[1] = state->s1[2];
  state->s1[2] = (unsigned)p1;
  unsigned long long p2 = (527612ull * state->s2[2] + 1370589ull * (AW_MRG_M2 - state->s2[0])) % AW_MRG_M2;
  state->s2[0] = state->s2[1];
  state->s2[1] = state->s2[2];
  state->s2[2] = (unsigned)p2;
  return (unsigned)(p1 > p2 ? p1 - p2 : p1 + AW_MRG_M1 - p2);
}

AW_RANDOM_INLINE unsigned int curand(curandStateMRG32k3a_t* state) { return (unsigned)(__aw_mrg_next(state) * 1.000000048662); }

AW_RANDOM void __aw_mrg_multiply(unsigned (*a)[3], const unsigned (*b)[3], unsigned long long modulus) {
  unsigned result[3][3];
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 3; ++j) {
      unsigned long long sum = 0;
      for (int k = 0; k < 3; ++k) sum = (sum + (unsigned long long)a[i][k] * b[k][j] % modulus) % modulus;
      result[i][j] = (unsigned)sum;
    }
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 3; ++j) a[i][j] = result[i][j];
}

/// state = matrix^n state.
AW_RANDOM void __aw_mrg_jump(unsigned* state, const unsigned (*matrix)[3], unsigned long long n, unsigned long long modulus) {
  unsigned power[3][3];
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 3; ++j) power[i][j] = matrix[i][j];
  for (; n != 0; n >>= 1) {
    if (n & 1) {
      unsigned result[3];
      for (int i = 0; i < 3; ++i) {
        unsigned long long sum = 0;
        for (int k = 0; k < 3; ++k) sum = (sum + (unsigned long long)power[i][k] * state[k] % modulus) % modulus;
        result[i] = (unsigned)sum;
      }
      for (int i = 0; i < 3; ++i) state[i] = result[i];
    }
    if (n > 1) __aw_mrg_multiply(power, power, modulus);
  }
}

AW_RANDOM void skipahead(unsigned long long n, curandStateMRG32k3a_t* state) {
  const unsigned a1[3][3] = {{0, 1, 0}, {0, 0, 1}, {4294156359u, 1403580, 0}};
  const unsigned a2[3][3] = {{0, 1, 0}, {0, 0, 1}, {4293573854u, 0, 527612}};
  __aw_mrg_jump(state->s1, a1, n, AW_MRG_M1);
  __aw_mrg_jump(state->s2, a2, n, AW_MRG_M2);
}
/// By n times 2^76.
AW_RANDOM void skipahead_subsequence(unsigned long long n, curandStateMRG32k3a_t* state) {
  const unsigned a1[3][3] = {
      {82758667, 1871391091, 4127413238u}, {3672831523u, 69195019, 1871391091}, {3672091415u, 3528743235u, 69195019}};
  const unsigned a2[3][3] = {
      {1511326704, 3759209742u, 1610795712}, {4292754251u, 1511326704, 3889917532u}, {3859662829u, 4292754251u, 3708466080u}};
  __aw_mrg_jump(state->s1, a1, n, AW_MRG_M1);
  __aw_mrg_jump(state->s2, a2, n, AW_MRG_M2);
}
/// By n times 2^127.
AW_RANDOM void skipahead_sequence(unsigned long long n, curandStateMRG32k3a_t* state) {
  const unsigned a1[3][3] = {
      {2427906178u, 3580155704u, 949770784}, {226153695, 1230515664, 3580155704u}, {1988835001, 986791581, 1230515664}};
  const unsigned a2[3][3] = {
      {1464411153, 277697599, 1610723613}, {32183930, 1464411153, 1022607788}, {2824425944u, 32183930, 2093834863}};
  __aw_mrg_jump(state->s1, a1, n, AW_MRG_M1);
  __aw_mrg_jump(state->s2, a2, n, AW_MRG_M2);
}

AW_RANDOM void curand_init(unsigned long long seed, unsigned long long subsequence, unsigned long long offset,
                           curandStateMRG32k3a_t* state) {
  for (int i = 0; i < 3; ++i) state->s1[i] = state->s2[i] = 12345;
  if (seed != 0) {
    unsigned long long low = (unsigned)seed ^ 0x55555555u, high = (unsigned)(seed >> 32) ^ 0xaaaaaaaau;
    for (int i = 0; i < 3; ++i) {
      state->s1[i] = (unsigned)((i == 1 ? high : low) * state->s1[i] % AW_MRG_M1);
      state->s2[i] = (unsigned)((i == 1 ? low : high) * state->s2[i] % AW_MRG_M2);
    }
  }
  skipahead_subsequence(subsequence, state);
  skipahead(offset, state);
  state->boxmuller_flag = 0;
  state->boxmuller_flag_double = 0;
  state->boxmuller_extra = 0;
  state->boxmuller_extra_double = 0;
}

// --- Philox4x32-10 --------------------------------------------------------------------------------------------------------------

struct curandStatePhilox4_32_10 {
  uint4 ctr;
  uint4 output;
  uint2 key;
  unsigned int STATE;  // how many numbers of output are used up
  int boxmuller_flag;
  int boxmuller_flag_double;
  float boxmuller_extra;
  double boxmuller_extra_double;
};
typedef struct curandStatePhilox4_32_10 curandStatePhilox4_32_10_t;

AW_RANDOM_INLINE uint4 curand_Philox4x32_10(uint4 counter, uint2 key) {
  for (int round = 0; round < 10; ++round) {
    unsigned long long a = 0xd2511f53ull * counter.x, b = 0xcd9e8d57ull * counter.z;
    uint4 next;
    next.x = (unsigned)(b >> 32) ^ counter.y ^ key.x;
    next.y = (unsigned)b;
    next.z = (unsigned)(a >> 32) ^ counter.w ^ key.y;
    next.w = (unsigned)a;
    counter = next;
    key.x += 0x9e3779b9u;
    key.y += 0xbb67ae85u;
  }
  return counter;
}

/// Adds n to the counter, or n times 2^64.
AW_RANDOM_INLINE void __aw_philox_advance(curandStatePhilox4_32_10_t* state, unsigned long long n) {
  unsigned long long low = (unsigned long long)state->ctr.y << 32 | state->ctr.x;
  low += n;
  if (low < n && ++state->ctr.z == 0) ++state->ctr.w;
  state->ctr.x = (unsigned)low;
  state->ctr.y = (unsigned)(low >> 32);
}
AW_RANDOM_INLINE void __aw_philox_advance_high(curandStatePhilox4_32_10_t* state, unsigned long long n) {
  unsigned long long high = ((unsigned long long)state->ctr.w << 32 | state->ctr.z) + n;
  state->ctr.z = (unsigned)high;
  state->ctr.w = (unsigned)(high >> 32);
}

AW_RANDOM_INLINE unsigned int curand(curandStatePhilox4_32_10_t* state) {
  unsigned index = state->STATE++;
  unsigned result = index == 0 ? state->output.x : index == 1 ? state->output.y : index == 2 ? state->output.z : state->output.w;
  if (state->STATE == 4) {
    __aw_philox_advance(state, 1);
    state->output = curand_Philox4x32_10(state->ctr, state->key);
    state->STATE = 0;
  }
  return result;
}

AW_RANDOM_INLINE uint4 curand4(curandStatePhilox4_32_10_t* state) {
  uint4 now = state->output, result = now;
  __aw_philox_advance(state, 1);
  state->output = curand_Philox4x32_10(state->ctr, state->key);
  uint4 next = state->output;
  if (state->STATE == 1) result.x = now.y, result.y = now.z, result.z = now.w, result.w = next.x;
  if (state->STATE == 2) result.x = now.z, result.y = now.w, result.z = next.x, result.w = next.y;
  if (state->STATE == 3) result.x = now.w, result.y = next.x, result.z = next.y, result.w = next.z;
  return result;
}

AW_RANDOM void skipahead(unsigned long long n, curandStatePhilox4_32_10_t* state) {
  state->STATE += n & 3;
  n /= 4;
  if (state->STATE > 3) {
    ++n;
    state->STATE -= 4;
  }
  __aw_philox_advance(state, n);
  state->output = curand_Philox4x32_10(state->ctr, state->key);
}
AW_RANDOM void skipahead_sequence(unsigned long long n, curandStatePhilox4_32_10_t* state) {
  __aw_philox_advance_high(state, n);
  state->output = curand_Philox4x32_10(state->ctr, state->key);
}
AW_RANDOM void curand_init(unsigned long long seed, unsigned long long subsequence, unsigned long long offset,
                           curandStatePhilox4_32_10_t* state) {
  state->ctr.x = state->ctr.y = state->ctr.z = state->ctr.w = 0;
  state->key.x = (unsigned)seed;
  state->key.y = (unsigned)(seed >> 32);
  state->STATE = 0;
  state->boxmuller_flag = 0;
  state->boxmuller_flag_double = 0;
  state->boxmuller_extra = 0;
  state->boxmuller_extra_double = 0;
  __aw_philox_advance_high(state, subsequence);
  skipahead(offset, state);
}

// --- Sobol ----------------------------------------------------------------------------------------------------------------------

#define AW_SOBOL(name, word, bits, vectors, trailing_zeros)                                                                     \
  struct name {                                                                                                                 \
    word i, x, c;                                                                                                               \
    word direction_vectors[bits];                                                                                               \
  };                                                                                                                            \
  typedef struct name name##_t;                                                                                                 \
  AW_RANDOM_INLINE word curand(name##_t* state) {                                                                               \
    word result = state->x;                                                                                                     \
    state->i++;                                                                                                                 \
    state->x ^= state->direction_vectors[state->i == 0 ? bits - 1 : trailing_zeros(state->i)];                                  \
    return result;                                                                                                              \
  }                                                                                                                             \
  /* The number of the Gray code of i. */                                                                                       \
  AW_RANDOM void skipahead(word n, name##_t* state) {                                                                           \
    word i = state->i + n, gray = i ^ (i >> 1);                                                                                 \
    state->i = i;                                                                                                               \
    state->x = state->c;                                                                                                        \
    for (int k = 0; k < bits; ++k)                                                                                              \
      if (gray >> k & 1) state->x ^= state->direction_vectors[k];                                                               \
  }
AW_SOBOL(curandStateSobol32, unsigned int, 32, curandDirectionVectors32_t, __builtin_ctz)
AW_SOBOL(curandStateScrambledSobol32, unsigned int, 32, curandDirectionVectors32_t, __builtin_ctz)
AW_SOBOL(curandStateSobol64, unsigned long long, 64, curandDirectionVectors64_t, __builtin_ctzll)
AW_SOBOL(curandStateScrambledSobol64, unsigned long long, 64, curandDirectionVectors64_t, __builtin_ctzll)
#undef AW_SOBOL

#define AW_SOBOL_INIT(name, word, bits)                                                           \
  AW_RANDOM void curand_init(const word* vectors, word offset, name##_t* state) {                 \
    state->i = 0;                                                                                 \
    state->c = 0;                                                                                 \
    for (int k = 0; k < bits; ++k) state->direction_vectors[k] = vectors[k];                      \
    skipahead(offset, state);                                                                     \
  }
AW_SOBOL_INIT(curandStateSobol32, unsigned int, 32)
AW_SOBOL_INIT(curandStateSobol64, unsigned long long, 64)
#undef AW_SOBOL_INIT
#define AW_SOBOL_INIT(name, word, bits)                                                           \
  AW_RANDOM void curand_init(const word* vectors, word scramble, word offset, name##_t* state) {  \
    state->i = 0;                                                                                 \
    state->c = scramble;                                                                          \
    for (int k = 0; k < bits; ++k) state->direction_vectors[k] = vectors[k];                      \
    skipahead(offset, state);                                                                     \
  }
AW_SOBOL_INIT(curandStateScrambledSobol32, unsigned int, 32)
AW_SOBOL_INIT(curandStateScrambledSobol64, unsigned long long, 64)
#undef AW_SOBOL_INIT

#endif
