// Kernels of the vectoriser's tests. They are compiled to LLVM IR when the tests are built; no header of a toolkit is needed.
#define GLOBAL extern "C" __attribute__((global)) void
#define DEVICE __attribute__((device)) inline
#define SHARED __attribute__((shared))
#define TX ((int)__nvvm_read_ptx_sreg_tid_x())
#define TY ((int)__nvvm_read_ptx_sreg_tid_y())
#define TZ ((int)__nvvm_read_ptx_sreg_tid_z())
#define BX ((int)__nvvm_read_ptx_sreg_ctaid_x())
#define BY ((int)__nvvm_read_ptx_sreg_ctaid_y())
#define DX ((int)__nvvm_read_ptx_sreg_ntid_x())
#define DY ((int)__nvvm_read_ptx_sreg_ntid_y())
#define DZ ((int)__nvvm_read_ptx_sreg_ntid_z())
#define SYNC() __nvvm_bar_sync(0)
#define ALL 0xffffffffu
typedef unsigned int u32;
typedef unsigned long long u64;

GLOBAL saxpy(float a, const float* x, float* y, int n) {
  int i = BX * DX + TX;
  if (i < n) y[i] = a * x[i] + y[i];
}

// A loop that lanes leave one by one, with a break and an early return.
GLOBAL collatz(const u32* in, int* out, int n) {
  int i = BX * DX + TX;
  if (i >= n) return;
  u32 x = in[i];
  if (x == 0) {
    out[i] = -1;
    return;
  }
  int steps = 0;
  while (x != 1) {
    x = x % 2 ? 3 * x + 1 : x / 2;
    if (++steps == 100) break;
    if (x == 40) continue;
    if (x == 13) {
      steps += 1000;
      break;
    }
  }
  out[i] = steps;
}

GLOBAL mandelbrot(int* out, int width, int height, float scale) {
  int px = BX * DX + TX, py = BY * DY + TY;
  if (px >= width || py >= height) return;
  float cx = px * scale - 2.0f, cy = py * scale - 1.0f, x = 0, y = 0;
  int i = 0;
  for (; i < 256 && x * x + y * y < 4.0f; ++i) {
    float t = x * x - y * y + cx;
    y = 2 * x * y + cy;
    x = t;
  }
  out[py * width + px] = i;
}

// Nested loops with bounds that differ between lanes.
GLOBAL nested(const int* in, int* out, int n) {
  int i = BX * DX + TX;
  if (i >= n) return;
  int sum = 0;
  for (int a = 0; a < (in[i] & 7); ++a) {
    for (int b = a; b < (in[i] >> 3 & 7); ++b) {
      if ((a ^ b) == 3) continue;
      sum += a * b + 1;
      if (sum > 60) goto done;
    }
    sum ^= a;
  }
done:
  out[i] = sum;
}

GLOBAL switches(const int* in, int* out, int n) {
  int i = BX * DX + TX;
  if (i >= n) return;
  int v = in[i], r = 0;
  for (int k = 0; k < 4; ++k) {
    switch ((v >> (3 * k)) & 7) {
      case 0: r += 1; break;
      case 1: r *= 3; [[fallthrough]];
      case 2: r -= 5; break;
      case 5: continue;
      case 6: k++; break;
      case 7:
        r = -r;
        out[i] = r * 1000;
        return;
      default: r ^= 0x55;
    }
    r += k;
  }
  out[i] = r;
}

// A uniform loop inside of divergent code, and uniform values under masks.
GLOBAL uniform_loop(const int* table, const int* in, int* out, int n, int m) {
  int i = BX * DX + TX;
  int sum = 7;
  if (i < n && in[i] % 3 != 0)
    for (int k = 0; k < m; ++k) sum += table[k] * in[i];
  if (i < n) out[i] = sum;
}

GLOBAL narrow(const signed char* a, const short* b, const u64* c, signed char* oa, short* ob, u64* oc, int n) {
  int i = BX * DX + TX;
  if (i >= n) return;
  oa[i] = (signed char)(a[i] * 3 + 1);
  ob[i] = (short)(b[i] - a[i]);
  oc[i] = c[i] * c[i] + (u64)(long long)b[i];
}

GLOBAL divide(const int* a, const int* b, int* q, int* r, int n) {
  int i = BX * DX + TX;
  if (i < n && b[i] != 0) {
    q[i] = a[i] / b[i];
    r[i] = a[i] % b[i];
  }
}

GLOBAL doubles(const double* a, double* out, int n) {
  int i = BX * DX + TX;
  if (i < n) out[i] = a[i] > 1.0 ? a[i] / 3.0 : a[n - 1 - i] * 2.0 + (double)i;
}

// Addresses of every kind: reversed, strided, gathered, interleaved.
GLOBAL addresses(const float* x, const int* index, float* y, int n) {
  int i = BX * DX + TX;
  if (i >= n) return;
  y[4 * i] = x[n - 1 - i];
  y[4 * i + 1] = x[2 * i];
  y[4 * i + 2] = x[index[i]];
  y[4 * i + 3] = x[3 * i + 1] + x[i / 2];
}

GLOBAL float4s(const float* __restrict x, float* __restrict y, int n) {
  int i = BX * DX + TX;
  if (i >= n) return;
  typedef float float4 __attribute__((ext_vector_type(4)));
  float4 v = ((const float4*)x)[i];
  ((float4*)y)[i] = v.yzwx * 2.0f + v.x;
}

GLOBAL halves(const __fp16* a, __fp16* b, int n) {
  int i = BX * DX + TX;
  if (i < n) b[i] = (__fp16)((float)a[i] * 1.5f + 0.25f);
}

GLOBAL half_pairs(const u32* a, u32* b, int n) {
  typedef _Float16 half2 __attribute__((ext_vector_type(2)));
  int i = BX * DX + TX;
  if (i >= n) return;
  half2 v = __builtin_bit_cast(half2, a[i]);
  half2 w = v * v + v.yx;
  b[i] = __builtin_bit_cast(u32, w);
}

GLOBAL local_array(const int* in, int* out, int n) {
  int i = BX * DX + TX;
  if (i >= n) return;
  int buffer[16];
  for (int k = 0; k < 16; ++k) buffer[k] = in[i] + k;
  for (int k = 0; k < in[i] % 16; ++k) {
    int t = buffer[k];
    buffer[k] = buffer[15 - k];
    buffer[15 - k] = t + 1;
  }
  int sum = 0;
  for (int k = 0; k < 16; ++k) sum = sum * 3 + buffer[k];
  out[i] = sum + buffer[in[i] & 15];
}

GLOBAL threads_3d(int* out) {
  int linear = (TZ * DY + TY) * DX + TX;
  out[BX * DX * DY * DZ + linear] = TX + 100 * TY + 10000 * TZ + 1000000 * (linear % 5);
}

GLOBAL transpose(const float* in, float* out, int n) {
  SHARED static float tile[32][33];
  int x = BX * 32 + TX, y = BY * 32 + TY;
  for (int j = 0; j < 32; j += 8) tile[TY + j][TX] = in[(y + j) * n + x];
  SYNC();
  x = BY * 32 + TX;
  y = BX * 32 + TY;
  for (int j = 0; j < 32; j += 8) out[(y + j) * n + x] = tile[TX][TY + j];
}

template <int T>
DEVICE void tiled_matmul(const float* a, const float* b, float* c, int n) {
  SHARED static float ta[T][T], tb[T][T];
  int row = BY * T + TY, column = BX * T + TX;
  float sum = 0;
  for (int t = 0; t < n / T; ++t) {
    ta[TY][TX] = a[row * n + t * T + TX];
    tb[TY][TX] = b[(t * T + TY) * n + column];
    SYNC();
    for (int k = 0; k < T; ++k) sum = __builtin_fmaf(ta[TY][k], tb[k][TX], sum);
    SYNC();
  }
  c[row * n + column] = sum;
}
GLOBAL matmul16(const float* a, const float* b, float* c, int n) { tiled_matmul<16>(a, b, c, n); }
GLOBAL matmul32(const float* a, const float* b, float* c, int n) { tiled_matmul<32>(a, b, c, n); }

GLOBAL stencil(const float* in, float* out, int w, int h) {
  int x = BX * DX + TX, y = BY * DY + TY;
  if (x > 0 && y > 0 && x < w - 1 && y < h - 1)
    out[y * w + x] = 0.25f * (in[y * w + x - 1] + in[y * w + x + 1] + in[(y - 1) * w + x] + in[(y + 1) * w + x]);
}

GLOBAL reduction(const float* in, float* out, int n) {
  SHARED static float part[256];
  int i = BX * DX * 2 + TX;
  part[TX] = (i < n ? in[i] : 0) + (i + DX < n ? in[i + DX] : 0);
  SYNC();
  for (int s = DX / 2; s > 0; s >>= 1) {
    if (TX < s) part[TX] += part[TX + s];
    SYNC();
  }
  if (TX == 0) out[BX] = part[0];
}

GLOBAL warp_reduction(const int* in, int* out, int n) {
  int i = BX * DX + TX;
  int v = i < n ? in[i] : 0;
  for (int offset = 16; offset > 0; offset /= 2) v += __nvvm_shfl_sync_down_i32(ALL, v, offset, 31);
  if (TX % 32 == 0) out[(BX * DX + TX) / 32] = v;
}

// Every mode of shfl, in segments, and by an index from memory.
GLOBAL shuffles(const int* in, int* out, int b, int width) {
  int c = (32 - width) << 8;
  int v = in[TX], base = TX * 6;
  out[base] = __nvvm_shfl_sync_up_i32(ALL, v, b, c);
  out[base + 1] = __nvvm_shfl_sync_down_i32(ALL, v, b, c | 31);
  out[base + 2] = __nvvm_shfl_sync_bfly_i32(ALL, v, b, c | 31);
  out[base + 3] = __nvvm_shfl_sync_idx_i32(ALL, v, b, c | 31);
  out[base + 4] = __nvvm_shfl_sync_idx_i32(ALL, v, v & 31, c | 31);
  out[base + 5] = __nvvm_shfl_sync_bfly_i32(ALL, v, 5, 31);
}

// A row of its own for each thread, read in order; two results, and a way out in the middle.
GLOBAL rows(const int* starts, const int* columns, const float* x, float* sums, int* ends, int* marks, int n) {
  int row = BX * DX + TX;
  if (row >= n) return;
  float sum = 0;
  int i = starts[row];
  for (; i < starts[row + 1]; i++) {
    float v = x[columns[i]];
    if (v > 0.9f) break;
    marks[i] = row;
    sum += v;
  }
  sums[row] = sum;
  ends[row] = i;
}

// Every lane has an element of its own: that of (i ^ exchange) + turn, within each 64.
template <class T>
DEVICE void rearrange(const T* in, T* out, int exchange, int turn, int n) {
  int i = BX * DX + TX, from = (i & ~63) | (((i ^ exchange) + turn) & 63);
  if (i >= n || from >= n) return;
  T v = in[from];
  if (i % 3) out[from] = v + in[i];
}

GLOBAL rearrange_floats(const float* in, float* out, int exchange, int turn, int n) { rearrange(in, out, exchange, turn, n); }
GLOBAL rearrange_doubles(const double* in, double* out, int exchange, int turn, int n) { rearrange(in, out, exchange, turn, n); }

GLOBAL votes(const int* in, u32* out) {
  int v = in[TX];
  u32* o = out + TX * 8;
  o[0] = __nvvm_vote_ballot_sync(ALL, v & 1);
  o[1] = __nvvm_vote_any_sync(ALL, v > 90);
  o[2] = __nvvm_vote_all_sync(ALL, v < 50);
  o[3] = __nvvm_vote_uni_sync(ALL, v > 1000);
  u32 half = TX % 32 < 16 ? 0xffffu : 0xffff0000u;
  o[4] = __nvvm_vote_ballot_sync(half, v & 2);
  o[5] = __nvvm_match_any_sync_i32(ALL, v & 3);
  o[6] = (u32)__nvvm_redux_sync_add(v, (int)ALL);
  o[7] = (u32)__nvvm_redux_sync_max(v, (int)half);
}

GLOBAL odd_lanes(const int* in, u32* out) {
  u32 r = 0;
  if (in[TX] & 1) {
    u32 m = __nvvm_activemask();
    r = m ^ __nvvm_vote_ballot_sync(m, in[TX] > 50);
    r += (u32)__nvvm_redux_sync_umin((u32)in[TX], (int)m);
  }
  out[TX] = r;
}

GLOBAL histogram(const int* in, int* out, int n) {
  int i = BX * DX + TX;
  if (i < n) __nvvm_atom_add_gen_i(out + (in[i] & 15), 1);
  if (i < n && in[i] > 50) __nvvm_atom_add_gen_i(out + 16, in[i]);
}

GLOBAL ticket(int* counter, int* out, int n) {
  int i = BX * DX + TX;
  if (i < n) {
    int t = __nvvm_atom_add_gen_i(counter, 1);
    out[t] = i;
  }
}

GLOBAL cas_add(float* sum, const float* in, int n) {
  int i = BX * DX + TX;
  if (i >= n) return;
  int* place = (int*)sum;
  int old = *(volatile int*)place, assumed;
  do {
    assumed = old;
    old = __nvvm_atom_cas_gen_i(place, assumed, __builtin_bit_cast(int, __builtin_bit_cast(float, assumed) + in[i]));
  } while (assumed != old);
}

// Blocks hand a token from one to the next: threads of one block wait for another block.
GLOBAL chain(volatile int* flags, int* out) {
  if (TX == 0) {
    if (BX > 0)
      while (flags[BX - 1] == 0);
    out[BX] = BX == 0 ? 1 : out[BX - 1] * 3 + BX;
    __nvvm_membar_gl();
    flags[BX] = 1;
  }
  SYNC();
  out[1000 + BX * DX + TX] = out[BX] + TX;
}

GLOBAL named_barriers(int* out) {
  SHARED static int box[64];
  if (TX < 64) {
    box[TX] = TX * 3;
    __nvvm_barrier_sync_cnt(1, 64);
    out[TX] = box[63 - TX];
  } else {
    __nvvm_barrier_sync_cnt(2, 64);
    out[TX] = TX;
  }
}

GLOBAL early_exit_barrier(int* out, int n) {
  SHARED static int box[256];
  if (TX >= n) return;
  box[TX] = TX + 1;
  SYNC();
  out[TX] = box[n - 1 - TX];
}

GLOBAL barrier_red(const int* in, int* out) {
  int v = in[TX];
  out[TX * 3] = __nvvm_bar0_popc(v & 1);
  out[TX * 3 + 1] = __nvvm_bar0_and(v < 1000);
  out[TX * 3 + 2] = __nvvm_bar0_or(v == 17);
}

// A loop over barriers with a bound from the launch; values live across them.
GLOBAL scan(const int* in, int* out) {
  SHARED static int box[2][256];
  int from = 0;
  box[0][TX] = in[BX * DX + TX];
  SYNC();
  for (int d = 1; d < DX; d *= 2) {
    box[1 - from][TX] = box[from][TX] + (TX >= d ? box[from][TX - d] : 0);
    from = 1 - from;
    SYNC();
  }
  out[BX * DX + TX] = box[from][TX];
}

GLOBAL lock_for_each_lane(int* lock, int* out) {
  while (__nvvm_atom_cas_gen_i(lock, 0, 1) != 0);
  *out += 1;
  __nvvm_atom_xchg_gen_i(lock, 0);
}

GLOBAL unsigned_index(const float* x, float* y, u32 start, u32 n) {
  u32 i = start + (u32)(BX * DX + TX);
  if (i < n) y[i] = x[i] + 1.0f;
}

GLOBAL math(const float* x, float* y, int n) {
  int i = BX * DX + TX;
  if (i >= n) return;
  float v = __builtin_fabsf(x[i]);
  y[i] = __builtin_sqrtf(v) + __builtin_floorf(v) + (float)__builtin_popcount((u32)i) + __builtin_fminf(v, 2.0f) +
         (float)__builtin_clz((u32)i | 1u);
}

GLOBAL bits(const u32* a, u32* b, int n) {
  int i = BX * DX + TX;
  if (i >= n) return;
  u32 v = a[i];
  b[i] = __builtin_bitreverse32(v) ^ __builtin_rotateleft32(v, (v & 7)) ^ __builtin_bswap32(v);
}

// Neighbours crossed with a number that is known when the kernel runs, or in each round of a loop.
GLOBAL crossed(const float* in, float* out, const double* wide, double* wide_out, u32 j, int step, int n) {
  u32 i = BX * DX + TX;
  u32 other = i ^ j;
  if (i % 3 != 2) {
    out[(i ^ (j >> 1)) + 3] = in[other];
    wide_out[other] = wide[int(i) ^ step] + 1;
  }
  float sum = 0;
  for (u32 k = j; k; k >>= 1)
    if (int(i ^ k) < n) sum += in[i ^ k] - in[2 * (k ^ i)] + float(k ^ i);
  out[other + 4096] = sum;
}

// Neighbours with gaps: in two lines of memory, or in more.
GLOBAL gaps(const float* in, float* out, const double* wide, double* wide_out, int j, int n) {
  int t = BX * DX + TX, i = 2 * t - (t & (j - 1));
  if (i + j >= n) return;
  wide_out[i] = wide[i + j] + 1;
  if (t % 5 != 3) {
    out[i] = in[i + j];
    out[i + j] = in[i];
    wide_out[i + j] = wide[i] - 1;
  }
}

struct Pair {
  int first;
  double second;
};
GLOBAL pairs(const Pair* in, Pair* out, int n) {
  int i = BX * DX + TX;
  if (i < n) {
    Pair p = in[i];
    if (p.first & 1) p.second += p.first;
    out[n - 1 - i] = p;
  }
}

GLOBAL nbody(const float* __restrict position, float* __restrict out, int n) {
  typedef float float4 __attribute__((ext_vector_type(4)));
  SHARED static float4 tile[256];
  int i = BX * DX + TX;
  float4 me = ((const float4*)position)[i];
  float ax = 0, ay = 0, az = 0;
  for (int t = 0; t < n; t += DX) {
    tile[TX] = ((const float4*)position)[t + TX];
    SYNC();
    for (int k = 0; k < DX; ++k) {
      float4 other = tile[k];
      float dx = other.x - me.x, dy = other.y - me.y, dz = other.z - me.z;
      float d2 = __builtin_fmaf(dx, dx, __builtin_fmaf(dy, dy, __builtin_fmaf(dz, dz, 0.01f)));
      float inverse = 1.0f / __builtin_sqrtf(d2);
      float s = other.w * inverse * inverse * inverse;
      ax = __builtin_fmaf(s, dx, ax);
      ay = __builtin_fmaf(s, dy, ay);
      az = __builtin_fmaf(s, dz, az);
    }
    SYNC();
  }
  ((float4*)out)[i] = (float4){ax, ay, az, 0};
}
