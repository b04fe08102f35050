// Each kernel of kernels.cu against a plain loop over its threads, at every width, with and without mask registers.
#include "opt/opt.h"
#include "spmd/specialise.h"
#include "spmd/test/harness.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bit>
#include <cmath>
#include <random>

namespace anywarp::spmd::test {
namespace {

struct Setting {
  uint32_t width;
  bool mask_registers;
};

class Kernels : public testing::TestWithParam<Setting> {
 protected:
  void SetUp() override {
    if (GetParam().mask_registers && !has_mask_registers()) GTEST_SKIP() << "no mask registers here";
  }
  std::unique_ptr<Compiled> launch(const std::string& name, const Shape& shape, const Params& params) {
    auto compiled = compile(load_kernel(name), shape, GetParam().width, GetParam().mask_registers);
    if (!compiled) {
      ADD_FAILURE() << name << ": " << compiled.error().text();
      return nullptr;
    }
    auto done = (*compiled)->run(shape, params);
    EXPECT_TRUE(done) << name << ": " << done.error().text();
    return std::move(*compiled);
  }
  std::mt19937 random{42};
  template <class T>
  std::vector<T> numbers(size_t count, T low, T high) {
    std::vector<T> result(count);
    for (T& value : result) value = T(low + T(random() % 10007) / T(10007) * T(high - low));
    return result;
  }
  std::vector<int> integers(size_t count, int low, int high) {
    std::vector<int> result(count);
    for (int& value : result) value = low + int(random() % uint32_t(high - low + 1));
    return result;
  }
};

const uint32_t kBlocks[] = {1, 7, 32, 37, 64, 96, 100, 256};

Shape line(uint32_t blocks, uint32_t threads) { return Shape{{blocks, 1, 1}, {threads, 1, 1}}; }

TEST_P(Kernels, Saxpy) {
  for (uint32_t threads : kBlocks) {
    const uint32_t blocks = 5, n = blocks * threads - threads / 3;
    auto x = numbers<float>(n, -1, 1), y = numbers<float>(n + 64, -1, 1), expected = y;
    for (uint32_t i = 0; i < n; ++i) expected[i] = 2.5f * x[i] + y[i];
    launch("saxpy", line(blocks, threads), Params(2.5f, x.data(), y.data(), int(n)));
    for (uint32_t i = 0; i < y.size(); ++i) ASSERT_EQ(y[i], expected[i]) << threads << " " << i;
  }
}

int collatz(uint32_t x) {
  if (x == 0) return -1;
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
  return steps;
}

TEST_P(Kernels, DivergentLoopsWithBreaksAndReturns) {
  for (uint32_t threads : kBlocks) {
    const uint32_t n = 3 * threads - threads / 5;
    std::vector<uint32_t> in(n);
    for (auto& v : in) v = random() % 300;
    std::vector<int> out(n + 40, 77);
    launch("collatz", line(3, threads), Params(in.data(), out.data(), int(n)));
    for (uint32_t i = 0; i < out.size(); ++i) ASSERT_EQ(out[i], i < n ? collatz(in[i]) : 77) << threads << " " << i;
  }
}

TEST_P(Kernels, Mandelbrot) {
  for (auto [bx, by] : {std::pair{16u, 16u}, {32u, 8u}, {20u, 3u}, {8u, 8u}, {1u, 33u}}) {
    const int w = 70, h = 45;
    std::vector<int> out(w * h, -1);
    launch("mandelbrot", Shape{{(w + bx - 1) / bx, (h + by - 1) / by, 1}, {bx, by, 1}}, Params(out.data(), w, h, 0.04f));
    for (int py = 0; py < h; ++py)
      for (int px = 0; px < w; ++px) {
        ASSERT_GT(out[py * w + px], 0);
        ASSERT_LE(out[py * w + px], 256);
        // Points of the main cardioid and period-2 bulb never leave; points far out leave at once.
        const float cx = px * 0.04f - 2.0f, cy = py * 0.04f - 1.0f;
        if ((cx + 1) * (cx + 1) + cy * cy < 0.06f) ASSERT_EQ(out[py * w + px], 256);
        if (cx * cx + cy * cy > 4.01f) ASSERT_EQ(out[py * w + px], 1);
      }
  }
}

int nested(int v) {
  int sum = 0;
  for (int a = 0; a < (v & 7); ++a) {
    for (int b = a; b < (v >> 3 & 7); ++b) {
      if ((a ^ b) == 3) continue;
      sum += a * b + 1;
      if (sum > 60) return sum;
    }
    sum ^= a;
  }
  return sum;
}

TEST_P(Kernels, NestedDivergentLoops) {
  for (uint32_t threads : kBlocks) {
    const uint32_t n = 2 * threads - threads / 4;
    auto in = integers(n, 0, 63);
    std::vector<int> out(n, -7);
    launch("nested", line(2, threads), Params(in.data(), out.data(), int(n)));
    for (uint32_t i = 0; i < n; ++i) ASSERT_EQ(out[i], nested(in[i])) << in[i];
  }
}

int switches(int v) {
  int r = 0;
  for (int k = 0; k < 4; ++k) {
    switch ((v >> (3 * k)) & 7) {
      case 0: r += 1; break;
      case 1: r *= 3; [[fallthrough]];
      case 2: r -= 5; break;
      case 5: continue;
      case 6: k++; break;
      case 7: return -r * 1000;
      default: r ^= 0x55;
    }
    r += k;
  }
  return r;
}

TEST_P(Kernels, Switches) {
  const uint32_t n = 4000;
  auto in = integers(n, 0, 4095);
  std::vector<int> out(n, -7);
  launch("switches", line(40, 100), Params(in.data(), out.data(), int(n)));
  for (uint32_t i = 0; i < n; ++i) ASSERT_EQ(out[i], switches(in[i])) << in[i];
}

TEST_P(Kernels, UniformLoopUnderAMask) {
  const int n = 250;
  auto table = integers(9, -9, 9), in = integers(n, 0, 20);
  for (int m : {0, 1, 9}) {
    std::vector<int> out(n, -7);
    launch("uniform_loop", line(4, 64), Params(table.data(), in.data(), out.data(), n, m));
    for (int i = 0; i < n; ++i) {
      int sum = 7;
      if (in[i] % 3 != 0)
        for (int k = 0; k < m; ++k) sum += table[k] * in[i];
      ASSERT_EQ(out[i], sum);
    }
  }
}

TEST_P(Kernels, NarrowAndWideIntegers) {
  for (uint32_t threads : {48u, 64u}) {
    const int n = int(threads) * 4 - 11;
    std::vector<int8_t> a(n), oa(n);
    std::vector<int16_t> b(n), ob(n);
    std::vector<uint64_t> c(n), oc(n);
    for (int i = 0; i < n; ++i) {
      a[i] = int8_t(random());
      b[i] = int16_t(random());
      c[i] = random() * 0x123456789abull;
    }
    launch("narrow", line(4, threads), Params(a.data(), b.data(), c.data(), oa.data(), ob.data(), oc.data(), n));
    for (int i = 0; i < n; ++i) {
      ASSERT_EQ(oa[i], int8_t(a[i] * 3 + 1));
      ASSERT_EQ(ob[i], int16_t(b[i] - a[i]));
      ASSERT_EQ(oc[i], c[i] * c[i] + uint64_t(int64_t(b[i])));
    }
  }
}

TEST_P(Kernels, InactiveLanesDoNotDivide) {
  const int n = 333;
  auto a = integers(n, -1000000, 1000000), b = integers(n, -3, 3);
  a[5] = INT32_MIN;
  b[5] = 1;
  std::vector<int> q(n, 99), r(n, 99);
  launch("divide", line(6, 64), Params(a.data(), b.data(), q.data(), r.data(), n));
  for (int i = 0; i < n; ++i) {
    ASSERT_EQ(q[i], b[i] ? a[i] / b[i] : 99);
    ASSERT_EQ(r[i], b[i] ? a[i] % b[i] : 99);
  }
}

TEST_P(Kernels, Doubles) {
  const int n = 301;
  auto a = numbers<double>(n, -2, 4);
  std::vector<double> out(n);
  launch("doubles", line(5, 64), Params(a.data(), out.data(), n));
  for (int i = 0; i < n; ++i) ASSERT_DOUBLE_EQ(out[i], a[i] > 1.0 ? a[i] / 3.0 : a[n - 1 - i] * 2.0 + i);
}

TEST_P(Kernels, AddressesOfEveryKind) {
  for (uint32_t threads : {64u, 50u}) {
    const int n = int(threads) * 5 - 9;
    auto x = numbers<float>(3 * n + 2, -1, 1);
    auto index = integers(n, 0, n - 1);
    std::vector<float> y(4 * n + 4, 5);
    launch("addresses", line(5, threads), Params(x.data(), index.data(), y.data(), n));
    for (int i = 0; i < n; ++i) {
      ASSERT_EQ(y[4 * i], x[n - 1 - i]);
      ASSERT_EQ(y[4 * i + 1], x[2 * i]);
      ASSERT_EQ(y[4 * i + 2], x[index[i]]);
      ASSERT_EQ(y[4 * i + 3], x[3 * i + 1] + x[i / 2]);
    }
    ASSERT_EQ(y[4 * n], 5);
  }
}

TEST_P(Kernels, VectorsOfFour) {
  const int n = 123;
  auto x = numbers<float>(4 * n, -1, 1);
  alignas(16) static float in[4 * 123], out[4 * 123 + 4];
  std::copy(x.begin(), x.end(), in);
  std::fill(std::begin(out), std::end(out), 5.0f);
  launch("float4s", line(2, 64), Params(in, out, n));
  for (int i = 0; i < n; ++i)
    for (int k = 0; k < 4; ++k) ASSERT_EQ(out[4 * i + k], x[4 * i + (k + 1) % 4] * 2.0f + x[4 * i]);
  ASSERT_EQ(out[4 * n], 5.0f);
}

TEST_P(Kernels, Halves) {
  const int n = 150;
  std::vector<_Float16> a(n), b(n);
  for (int i = 0; i < n; ++i) a[i] = _Float16(float(random() % 1000) / 64.0f);
  launch("halves", line(3, 64), Params(a.data(), b.data(), n));
  for (int i = 0; i < n; ++i) ASSERT_EQ(float(b[i]), float(_Float16(float(a[i]) * 1.5f + 0.25f)));
  launch("half_pairs", line(3, 32), Params(a.data(), b.data(), n / 2));
  for (int i = 0; i < n / 2 * 2; ++i) {
    const double exact = double(a[i]) * double(a[i]) + double(a[i ^ 1]);
    ASSERT_NEAR(double(b[i]), exact, std::abs(exact) / 500 + 0.01);
  }
}

TEST_P(Kernels, LocalArrays) {
  const int n = 140;
  auto in = integers(n, 0, 100);
  std::vector<int> out(n);
  launch("local_array", line(5, 32), Params(in.data(), out.data(), n));
  for (int i = 0; i < n; ++i) {
    int buffer[16];
    for (int k = 0; k < 16; ++k) buffer[k] = in[i] + k;
    for (int k = 0; k < in[i] % 16; ++k) {
      int t = buffer[k];
      buffer[k] = buffer[15 - k];
      buffer[15 - k] = t + 1;
    }
    unsigned sum = 0;  // the kernel's sum may wrap
    for (int k = 0; k < 16; ++k) sum = sum * 3 + unsigned(buffer[k]);
    ASSERT_EQ(out[i], int(sum + unsigned(buffer[in[i] & 15])));
  }
}

TEST_P(Kernels, ThreadIndicesInThreeDimensions) {
  const uint32_t shapes[][3] = {{4, 4, 4}, {16, 2, 3}, {5, 7, 3}, {8, 3, 2}, {1, 1, 64}, {64, 2, 1}, {2, 64, 1}, {3, 1, 9}, {1, 40, 2}};
  for (const auto& s : shapes) {
    const uint32_t threads = s[0] * s[1] * s[2];
    std::vector<int> out(2 * threads, -1);
    launch("threads_3d", Shape{{2, 1, 1}, {s[0], s[1], s[2]}}, Params(out.data()));
    for (uint32_t i = 0; i < 2 * threads; ++i) {
      const int t = int(i % threads), x = t % int(s[0]), y = t / int(s[0]) % int(s[1]), z = t / int(s[0] * s[1]);
      ASSERT_EQ(out[i], x + 100 * y + 10000 * z + 1000000 * (t % 5)) << s[0] << " " << s[1] << " " << s[2] << " " << i;
    }
  }
}

TEST_P(Kernels, Transpose) {
  const int n = 96;
  auto in = numbers<float>(n * n, -1, 1);
  std::vector<float> out(n * n);
  launch("transpose", Shape{{3, 3, 1}, {32, 8, 1}}, Params(in.data(), out.data(), n));
  for (int i = 0; i < n * n; ++i) ASSERT_EQ(out[i], in[(i % n) * n + i / n]);
}

TEST_P(Kernels, TiledMatmul) {
  for (int tile : {16, 32}) {
    const int n = 64;
    auto a = numbers<float>(n * n, -1, 1), b = numbers<float>(n * n, -1, 1);
    std::vector<float> c(n * n);
    launch("matmul" + std::to_string(tile), Shape{{uint32_t(n / tile), uint32_t(n / tile), 1}, {uint32_t(tile), uint32_t(tile), 1}},
           Params(a.data(), b.data(), c.data(), n));
    for (int row = 0; row < n; ++row)
      for (int column = 0; column < n; ++column) {
        float sum = 0;
        for (int k = 0; k < n; ++k) sum = std::fma(a[row * n + k], b[k * n + column], sum);
        ASSERT_EQ(c[row * n + column], sum);
      }
  }
}

TEST_P(Kernels, Stencil) {
  const int w = 83, h = 41;
  auto in = numbers<float>(w * h, -1, 1);
  for (auto [bx, by] : {std::pair{16u, 16u}, {32u, 8u}, {64u, 2u}, {24u, 5u}}) {
    std::vector<float> out(w * h, 3);
    launch("stencil", Shape{{(w + bx - 1) / bx, (h + by - 1) / by, 1}, {bx, by, 1}}, Params(in.data(), out.data(), w, h));
    for (int y = 0; y < h; ++y)
      for (int x = 0; x < w; ++x) {
        const float* p = &in[y * w + x];
        const bool inside = x > 0 && y > 0 && x < w - 1 && y < h - 1;
        ASSERT_EQ(out[y * w + x], inside ? 0.25f * (p[-1] + p[1] + p[-w] + p[w]) : 3.0f);
      }
  }
}

TEST_P(Kernels, Reduction) {
  for (uint32_t threads : {256u, 128u, 32u, 16u}) {
    const int n = 2000;
    auto in = numbers<float>(n, -1, 1);
    const uint32_t blocks = (n + 2 * threads - 1) / (2 * threads);
    std::vector<float> out(blocks);
    launch("reduction", line(blocks, threads), Params(in.data(), out.data(), n));
    for (uint32_t b = 0; b < blocks; ++b) {
      double sum = 0;
      for (uint32_t i = b * 2 * threads; i < (b + 1) * 2 * threads && i < uint32_t(n); ++i) sum += in[i];
      ASSERT_NEAR(out[b], sum, 1e-4);
    }
  }
}

TEST_P(Kernels, WarpReduction) {
  const int n = 1000;
  auto in = integers(n, -100, 100);
  std::vector<int> out(32);
  launch("warp_reduction", line(8, 128), Params(in.data(), out.data(), n));
  for (int w = 0; w < 32; ++w) {
    int sum = 0;
    for (int i = w * 32; i < (w + 1) * 32 && i < n; ++i) sum += in[i];
    ASSERT_EQ(out[w], sum);
  }
}

TEST_P(Kernels, Shuffles) {
  auto in = integers(64, 0, 1000);
  for (int width : {32, 16, 4})
    for (int b : {0, 1, 3, 8, 31}) {
      std::vector<int> out(64 * 6, -1);
      launch("shuffles", line(1, 64), Params(in.data(), out.data(), b, width));
      for (int t = 0; t < 64; ++t) {
        const int lane = t % 32, warp = t - lane, first = lane / width * width;
        auto read = [&](int source, bool ok) { return in[warp + (ok ? source : lane)]; };
        const int v = in[t];
        ASSERT_EQ(out[t * 6], read(lane - b, lane - b >= first)) << "up";
        ASSERT_EQ(out[t * 6 + 1], read(lane + b, lane + b < first + width)) << "down";
        ASSERT_EQ(out[t * 6 + 2], read(lane ^ b, (lane ^ b) < first + width)) << "bfly";
        ASSERT_EQ(out[t * 6 + 3], read(first + (b & (width - 1)), true)) << "idx";
        ASSERT_EQ(out[t * 6 + 4], read(first + (v & (width - 1)), true)) << "idx of a value";
        ASSERT_EQ(out[t * 6 + 5], in[warp + (lane ^ 5)]) << "constant bfly";
      }
    }
}

TEST_P(Kernels, RowsOfDifferentLengths) {
  const int n = 150;
  std::vector<int> starts{0};
  for (int length : integers(n, 0, 40)) starts.push_back(starts.back() + std::max(0, length - 5));
  const int entries = starts.back();
  auto columns = integers(entries, 0, n - 1);
  auto x = numbers<float>(n, -1, 1);
  std::vector<float> sums(n, -1), wanted_sums(n);
  std::vector<int> ends(n, -1), wanted_ends(n), marks(entries, -1), wanted_marks(entries, -1);
  launch("rows", line(3, 64), Params(starts.data(), columns.data(), x.data(), sums.data(), ends.data(), marks.data(), n));
  for (int row = 0; row < n; ++row) {
    int i = starts[row];
    for (; i < starts[row + 1] && x[columns[i]] <= 0.9f; ++i) {
      wanted_sums[row] += x[columns[i]];
      wanted_marks[i] = row;
    }
    wanted_ends[row] = i;
  }
  EXPECT_EQ(sums, wanted_sums);
  EXPECT_EQ(ends, wanted_ends);
  EXPECT_EQ(marks, wanted_marks);
}

// Lanes of one line, in an order that is its own inverse and in others, and lanes of several lines.
TEST_P(Kernels, LanesOfOneLine) {
  const int n = 230;
  auto check = [&](const char* name, auto in) {
    using T = typename decltype(in)::value_type;
    for (int exchange : {0, 5, 15, 16, 63})
      for (int turn : {0, 1}) {
        std::vector<T> out(n, -1), wanted(n, -1);
        launch(name, line(4, 64), Params(in.data(), out.data(), exchange, turn, n));
        for (int i = 0; i < n; ++i)
          if (const int from = (i & ~63) | (((i ^ exchange) + turn) & 63); from < n && i % 3) wanted[from] = in[from] + in[i];
        ASSERT_EQ(out, wanted) << exchange << ' ' << turn;
      }
  };
  check("rearrange_floats", numbers<float>(n, -1, 1));
  check("rearrange_doubles", numbers<double>(n, -1, 1));
}

TEST_P(Kernels, Votes) {
  auto in = integers(64, 0, 99);
  std::vector<uint32_t> out(64 * 8);
  launch("votes", line(1, 64), Params(in.data(), out.data()));
  for (int t = 0; t < 64; ++t) {
    const int warp = t / 32 * 32;
    uint32_t odd = 0, twos = 0, same = 0;
    bool any = false, all = true;
    int sum = 0, most = 0;
    for (int lane = 0; lane < 32; ++lane) {
      const int v = in[warp + lane];
      odd |= uint32_t(v & 1) << lane;
      if (lane / 16 == t % 32 / 16) twos |= uint32_t((v & 2) != 0) << lane, most = std::max(most, v);
      same |= uint32_t((v & 3) == (in[t] & 3)) << lane;
      any |= v > 90;
      all &= v < 50;
      sum += v;
    }
    const uint32_t expected[8] = {odd, any, all, 1, twos, same, uint32_t(sum), uint32_t(most)};
    for (int k = 0; k < 8; ++k) ASSERT_EQ(out[t * 8 + k], expected[k]) << t << " " << k;
  }
}

TEST_P(Kernels, WarpOperationsOfSomeLanes) {
  auto in = integers(45, 0, 99);
  std::vector<uint32_t> out(45, 7);
  launch("odd_lanes", line(1, 45), Params(in.data(), out.data()));
  for (int t = 0; t < 45; ++t) {
    uint32_t active = 0, votes = 0, least = ~0u;
    for (int i = t / 32 * 32; i < std::min(45, t / 32 * 32 + 32); ++i)
      if (in[i] & 1) {
        active |= 1u << i % 32;
        votes |= uint32_t(in[i] > 50) << i % 32;
        least = std::min(least, uint32_t(in[i]));
      }
    ASSERT_EQ(out[t], in[t] & 1 ? (active ^ votes) + least : 0) << t;
  }
}

TEST_P(Kernels, Atomics) {
  const int n = 777;
  auto in = integers(n, 0, 99);
  std::vector<int> out(17), expected(17);
  for (int v : in) {
    expected[v & 15]++;
    if (v > 50) expected[16] += v;
  }
  launch("histogram", line(13, 64), Params(in.data(), out.data(), n));
  ASSERT_EQ(out, expected);

  int counter = 0;
  std::vector<int> order(n, -1), seen(n);
  launch("ticket", line(13, 64), Params(&counter, order.data(), n));
  ASSERT_EQ(counter, n);
  for (int i : order) {
    ASSERT_TRUE(i >= 0 && i < n);
    ASSERT_EQ(seen[i]++, 0);
  }

  auto x = numbers<float>(n, 0, 1);
  for (float& v : x) v = std::round(v * 8);
  float sum = 0, exact = 0;
  for (float v : x) exact += v;
  auto code = launch("cas_add", line(13, 64), Params(&sum, x.data(), n));
  ASSERT_EQ(sum, exact);
}

TEST_P(Kernels, BlocksWaitForBlocks) {
  std::vector<int> flags(20), out(1000 + 20 * 64);
  auto code = launch("chain", line(20, 64), Params(flags.data(), out.data()));
  ASSERT_TRUE(code);
  EXPECT_TRUE(code->suspends);
  int value = 1;
  for (int b = 0; b < 20; ++b) {
    if (b > 0) value = value * 3 + b;
    for (int t = 0; t < 64; ++t) ASSERT_EQ(out[1000 + b * 64 + t], value + t);
  }
}

TEST_P(Kernels, Barriers) {
  std::vector<int> out(128, -1);
  launch("named_barriers", line(1, 128), Params(out.data()));
  for (int t = 0; t < 128; ++t) ASSERT_EQ(out[t], t < 64 ? (63 - t) * 3 : t);

  for (int n : {256, 200, 33, 5}) {
    std::vector<int> early(256, -1);
    launch("early_exit_barrier", line(1, 256), Params(early.data(), n));
    for (int t = 0; t < 256; ++t) ASSERT_EQ(early[t], t < n ? n - t : -1) << n << " " << t;
  }

  for (uint32_t threads : {128u, 100u, 24u}) {
    auto in = integers(threads, 0, 99);
    int odd = 0, is17 = 0;
    for (int v : in) odd += v & 1, is17 |= v == 17;
    std::vector<int> red(threads * 3, -1);
    launch("barrier_red", line(1, threads), Params(in.data(), red.data()));
    for (uint32_t t = 0; t < threads; ++t) {
      ASSERT_EQ(red[t * 3], odd);
      ASSERT_EQ(red[t * 3 + 1], 1);
      ASSERT_EQ(red[t * 3 + 2], is17);
    }
  }

  for (uint32_t threads : {256u, 128u, 77u, 20u}) {
    auto in = integers(threads * 3, -9, 9);
    std::vector<int> sums(threads * 3);
    launch("scan", line(3, threads), Params(in.data(), sums.data()));
    for (uint32_t i = 0, sum = 0; i < threads * 3; ++i) {
      sum = i % threads ? sum + uint32_t(in[i]) : uint32_t(in[i]);
      ASSERT_EQ(sums[i], int(sum));
    }
  }
}

TEST_P(Kernels, IndicesThatWrap) {
  const uint32_t n = 200, start = uint32_t(-37);
  auto x = numbers<float>(n, -1, 1);
  std::vector<float> y(n, 9);
  launch("unsigned_index", line(5, 32), Params(x.data(), y.data(), start, n));
  for (uint32_t i = 0; i < n; ++i) ASSERT_EQ(y[i], i < 160 - 37 ? x[i] + 1.0f : 9.0f);
}

TEST_P(Kernels, MathAndBits) {
  const int n = 140;
  auto x = numbers<float>(n, -5, 5);
  std::vector<float> y(n);
  launch("math", line(5, 32), Params(x.data(), y.data(), n));
  for (int i = 0; i < n; ++i) {
    const float v = std::fabs(x[i]);
    ASSERT_FLOAT_EQ(y[i], std::sqrt(v) + std::floor(v) + float(std::popcount(unsigned(i))) + std::fmin(v, 2.0f) +
                              float(std::countl_zero(unsigned(i) | 1u)));
  }
  std::vector<uint32_t> a(n), b(n);
  for (auto& v : a) v = uint32_t(random());
  launch("bits", line(5, 32), Params(a.data(), b.data(), n));
  for (int i = 0; i < n; ++i) ASSERT_EQ(b[i], __builtin_bitreverse32(a[i]) ^ std::rotl(a[i], int(a[i] & 7)) ^ __builtin_bswap32(a[i]));
}

TEST_P(Kernels, CrossedNeighbours) {
  for (const uint32_t threads : {32u, 37u, 128u})
    for (const uint32_t j : {0u, 1u, 6u, 31u, 32u, 35u, 77u, 511u}) {
      const uint32_t blocks = 3;
      const int step = int(j / 3), n = int(blocks * threads) - 7;
      const auto in = numbers<float>(2048, -1, 1);
      const auto wide = numbers<double>(1024, -1, 1);
      std::vector<float> out(8192), expected(8192);
      std::vector<double> wide_out(1024), wide_expected(1024);
      for (uint32_t i = 0; i < blocks * threads; ++i) {
        if (i % 3 != 2) {
          expected[(i ^ (j >> 1)) + 3] = in[i ^ j];
          wide_expected[i ^ j] = wide[i ^ uint32_t(step)] + 1;
        }
        float sum = 0;
        for (uint32_t k = j; k; k >>= 1)
          if (int(i ^ k) < n) sum += in[i ^ k] - in[2 * (k ^ i)] + float(k ^ i);
        expected[(i ^ j) + 4096] = sum;
      }
      launch("crossed", line(blocks, threads), Params(in.data(), out.data(), wide.data(), wide_out.data(), j, step, n));
      EXPECT_EQ(out, expected) << threads << " " << j;
      EXPECT_EQ(wide_out, wide_expected) << threads << " " << j;
    }
}

TEST_P(Kernels, NeighboursWithGaps) {
  const int n = 397;
  const auto in = numbers<float>(n, -1, 1);
  const auto wide = numbers<double>(n, -1, 1);
  for (const int j : {1, 2, 4, 8, 16, 32, 64}) {
    std::vector<float> out(n), expected(n);
    std::vector<double> wide_out(n), wide_expected(n);
    for (int t = 0; t < 256; ++t) {
      const int i = 2 * t - (t & (j - 1));
      if (i + j >= n) continue;
      wide_expected[i] = wide[i + j] + 1;
      if (t % 5 == 3) continue;
      expected[i] = in[i + j];
      expected[i + j] = in[i];
      wide_expected[i + j] = wide[i] - 1;
    }
    launch("gaps", line(4, 64), Params(in.data(), out.data(), wide.data(), wide_out.data(), j, n));
    EXPECT_EQ(out, expected) << j;
    EXPECT_EQ(wide_out, wide_expected) << j;
  }
}

// Lanes that are off would be in lines behind the array, in a page that is not there.
TEST_P(Kernels, LinesOfNoActiveLaneAreLeftAlone) {
  const size_t page = size_t(sysconf(_SC_PAGESIZE));
  auto before_a_hole = [&](size_t bytes) {
    auto* pages = static_cast<char*>(mmap(nullptr, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    mprotect(pages + page, page, PROT_NONE);
    return pages + page - bytes;
  };
  for (const int n : {32, 64}) {
    auto* in = reinterpret_cast<float*>(before_a_hole(size_t(n) * sizeof(float)));
    auto* wide = reinterpret_cast<double*>(before_a_hole(size_t(n) * sizeof(double)));
    std::vector<float> out(1024);
    std::vector<double> wide_out(1024);
    for (const int j : {1, 2, 4, 8}) launch("gaps", line(1, 64), Params(in, out.data(), wide, wide_out.data(), j, n));
  }
}

TEST_P(Kernels, Structs) {
  struct Pair {
    int first;
    double second;
  };
  const int n = 99;
  std::vector<Pair> in(n), out(n);
  for (int i = 0; i < n; ++i) in[i] = {int(random() % 100), double(random() % 1000)};
  launch("pairs", line(4, 32), Params(in.data(), out.data(), n));
  for (int i = 0; i < n; ++i) {
    ASSERT_EQ(out[n - 1 - i].first, in[i].first);
    ASSERT_EQ(out[n - 1 - i].second, in[i].second + (in[i].first & 1 ? in[i].first : 0));
  }
}

TEST(Explain, SaysHowMemoryIsReachedInEachLoop) {
  kir::KernelModule kernel = load_kernel("crossed");
  std::string why;
  Target target;
  target.width = 16;
  const LaunchShape launch{{128, 1, 1}};
  specialise(kernel, launch);
  ASSERT_TRUE(opt::scalar(kernel));
  ASSERT_TRUE(run(kernel, launch, target, &why));
  EXPECT_NE(why.find("crossed: 16 lanes"), std::string::npos) << why;
  EXPECT_NE(why.find("loads from memory of neighbours in another order"), std::string::npos) << why;
  EXPECT_NE(why.find("\n  loop "), std::string::npos) << why;
}

TEST_P(Kernels, LanesThatWaitForEachOtherAreRefused) {
  auto compiled = compile(load_kernel("lock_for_each_lane"), line(1, 32), GetParam().width, GetParam().mask_registers);
  ASSERT_FALSE(compiled);
  EXPECT_EQ(compiled.error().code, CUDA_ERROR_NOT_SUPPORTED);
}

INSTANTIATE_TEST_SUITE_P(Widths, Kernels,
                         testing::Values(Setting{8, false}, Setting{16, false}, Setting{32, false}, Setting{0, false}, Setting{16, true},
                                         Setting{32, true}, Setting{0, true}),
                         [](const auto& info) {
                           return "Width" + std::to_string(info.param.width) + (info.param.mask_registers ? "MaskRegisters" : "");
                         });

}  // namespace
}  // namespace anywarp::spmd::test
