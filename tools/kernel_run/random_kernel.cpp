// What makes a kernel's result independent of the order of its threads:
//   * each thread stores to places of its own, in the output, in local memory, and in shared memory between barriers;
//   * atomics are commutative and their results are not used, or the address is the thread's own;
//   * barriers and warp operations stand where all threads of the block are together: `together_` follows the structure;
//   * loops count to a bound.
// NaNs are stored as one pattern, since an engine may keep another payload.
#include "kernel_run/random_kernel.h"

#include <random>
#include <vector>

namespace anywarp::kernel_run {
namespace {

constexpr unsigned kInts = 8, kLongs = 4, kFloats = 6, kDoubles = 2, kPredicates = 4, kInput = 256;

class Generator {
 public:
  explicit Generator(uint64_t seed) : random_(seed * 0x9e3779b97f4a7c15 + 12345), seed_(seed) {}

  std::string run() {
    shape();
    // Many small kernels, which compile fast, and some large ones.
    const unsigned statements = chance(65) ? 2 + below(7) : 4 + below(18);
    for (unsigned i = 0; i < statements; ++i) statement(0);
    return head() + body_begin() + text_ + body_end();
  }

 private:
  unsigned below(unsigned n) { return static_cast<unsigned>(random_() % n); }
  bool chance(unsigned percent) { return below(100) < percent; }
  template <size_t N>
  const char* one_of(const char* const (&words)[N]) {
    return words[below(N)];
  }

  std::string r() { return "%r" + std::to_string(below(kInts)); }
  std::string l() { return "%l" + std::to_string(below(kLongs)); }
  std::string f() { return "%f" + std::to_string(below(kFloats)); }
  std::string d() { return "%d" + std::to_string(below(kDoubles)); }
  std::string p() { return "%p" + std::to_string(below(kPredicates)); }
  std::string label() { return "L" + std::to_string(labels_++); }
  /// A source of 32 bits.
  std::string s() {
    if (chance(70)) return r();
    static const char* const kConstants[] = {"0",   "1",  "2",  "3",     "7",          "31",         "32",
                                             "255", "-1", "-2", "65535", "0x7fffffff", "0x80000000", "12345"};
    return one_of(kConstants);
  }
  void line(const std::string& text) { text_ += "  " + text + ";\n"; }

  void shape() {
    static const unsigned kShapes[][3] = {{32, 1, 1}, {64, 1, 1}, {48, 1, 1}, {33, 1, 1},  {7, 1, 1},   {16, 4, 1}, {8, 8, 1},
                                          {16, 3, 1}, {5, 5, 2},  {32, 2, 1}, {100, 1, 1}, {128, 1, 1}, {4, 4, 4}};
    const auto& shape = kShapes[below(std::size(kShapes))];
    for (int i = 0; i < 3; ++i) block_[i] = shape[i];
    grid_ = 1 + below(3);
    threads_ = block_[0] * block_[1] * block_[2];
  }

  std::string head() const {
    const std::string total = std::to_string(threads_ * grid_);
    const std::string block = std::to_string(block_[0]) + "x" + std::to_string(block_[1]) + "x" + std::to_string(block_[2]);
    auto buffer = [&](const char* name, const char* type, unsigned count, const std::string& filling) {
      return std::string("// buffer ") + name + ": " + type + "[" + std::to_string(count) + "] = " + filling + "\n";
    };
    // With an operation of the warp every width compiles as 32 lanes.
    const std::string engines = warp_operations_ ? "// engines: scalar 32\n" : "";
    return "// random kernel, seed " + std::to_string(seed_) + "\n" + engines + "// run: kernel=k grid=" + std::to_string(grid_) +
           " block=" + block + "\n" + buffer("in", "u32", kInput, "random " + std::to_string(seed_ % 1000)) +
           buffer("inf", "f32", kInput, seed_ % 3 ? "random " + std::to_string(seed_ % 777) + " -8 8" : "special") +
           buffer("ints", "u32", threads_ * grid_ * kInts, "fill 0") + buffer("longs", "u64", threads_ * grid_ * kLongs, "fill 0") +
           buffer("floats", "f32", threads_ * grid_ * kFloats, "fill 0") + buffer("doubles", "f64", threads_ * grid_ * kDoubles, "fill 0") +
           buffer("sums", "u32", 16, "fill 0") + "// value n: u32 = " + total + "\n";
  }

  std::string body_begin() {
    std::string out =
        ".version 8.0\n.target sm_80\n.address_size 64\n"
        ".func (.reg .u32 %out) mix(.reg .u32 %a, .reg .u32 %b) {\n  .reg .u32 %t<4>;\n  .reg .pred %q;\n"
        "  xor.b32 %t0, %a, %b;\n  setp.lt.u32 %q, %t0, 1000000000;\n  @%q mad.lo.u32 %t0, %t0, 1664525, 1013904223;\n"
        "  shr.u32 %t1, %t0, 7;\n  add.u32 %out, %t1, %a;\n  ret;\n}\n"
        ".visible .entry k(.param .u64 in, .param .u64 inf, .param .u64 ints, .param .u64 longs, .param .u64 floats, .param .u64 doubles,\n"
        "    .param .u64 sums, .param .u32 n) {\n"
        "  .reg .u32 %r<32>;\n  .reg .u64 %l<24>;\n  .reg .f32 %f<16>;\n  .reg .f64 %d<8>;\n  .reg .pred %p<8>;\n  .reg .u16 %h<4>;\n  "
        ".reg .u32 %c<64>;\n"
        "  .shared .align 8 .b8 tile[8192];\n  .local .align 8 .b8 mine[64];\n";
    auto say = [&](const std::string& text) { out += "  " + text + ";\n"; };
    // %r20 linear thread, %r21 global thread, %r22 threads of the block; %l16.. pointers.
    for (const char* text : {"mov.u32 %r16, %tid.x",
                             "mov.u32 %r17, %tid.y",
                             "mov.u32 %r18, %tid.z",
                             "mov.u32 %r19, %ntid.x",
                             "mov.u32 %r22, %ntid.y",
                             "mad.lo.u32 %r20, %r18, %r22, %r17",
                             "mad.lo.u32 %r20, %r20, %r19, %r16",
                             "mul.lo.u32 %r22, %r22, %r19",
                             "mov.u32 %r23, %ntid.z",
                             "mul.lo.u32 %r22, %r22, %r23",
                             "mov.u32 %r23, %ctaid.x",
                             "mad.lo.u32 %r21, %r23, %r22, %r20",
                             "ld.param.u64 %l16, [in]",
                             "ld.param.u64 %l17, [inf]",
                             "ld.param.u64 %l18, [ints]",
                             "ld.param.u64 %l19, [longs]",
                             "ld.param.u64 %l20, [floats]",
                             "ld.param.u64 %l21, [doubles]",
                             "ld.param.u64 %l22, [sums]",
                             "cvta.to.global.u64 %l16, %l16",
                             "cvta.to.global.u64 %l17, %l17",
                             "cvta.to.global.u64 %l22, %l22"})
      say(text);
    say("and.b32 %r24, %r21, " + std::to_string(kInput - 1));
    say("mul.wide.u32 %l4, %r24, 4");
    say("add.s64 %l5, %l16, %l4");
    say("ld.global.u32 %r0, [%l5]");
    say("add.s64 %l5, %l17, %l4");
    say("ld.global.f32 %f0, [%l5]");
    say("ld.global.f32 %f1, [%l17+64]");
    for (const char* text : {"mov.u32 %r1, %r20",         "mov.u32 %r2, %r21",
                             "xor.b32 %r3, %r0, %r21",    "mov.u32 %r4, %laneid",
                             "mov.u32 %r5, 77",           "ld.param.u32 %r6, [n]",
                             "ld.param.u32 %r27, [n]",    "mul.lo.u32 %r7, %r0, %r21",
                             "cvt.u64.u32 %l0, %r0",      "mul.wide.u32 %l1, %r0, %r3",
                             "cvt.s64.s32 %l2, %r7",      "mov.u64 %l3, 0x123456789abcdef",
                             "mov.f32 %f2, 0f3F800000",   "cvt.rn.f32.u32 %f3, %r20",
                             "mul.f32 %f4, %f0, %f0",     "add.f32 %f5, %f0, %f1",
                             "cvt.f64.f32 %d0, %f0",      "mov.f64 %d1, 0d3FF8000000000000",
                             "setp.lt.u32 %p0, %r20, 13", "setp.gt.s32 %p1, %r0, 0",
                             "setp.eq.u32 %p2, %r23, 1",  "setp.gt.f32 %p3, %f0, 0f00000000"})
      say(text);
    // The lanes of the warp that exist. (What activemask says after threads have parted is up to the engine.)
    const unsigned rest = threads_ % 32;
    say("mov.u32 %r30, 0xffffffff");
    say("setp.ge.u32 %p7, %r20, " + std::to_string(threads_ - rest));
    if (rest != 0) say("@%p7 mov.u32 %r30, " + std::to_string((1u << rest) - 1));
    for (int i = 0; i < 16; ++i) say("st.local.u32 [mine+" + std::to_string(i * 4) + "], %r" + std::to_string(i % 8));
    return out;
  }

  std::string body_end() const {
    std::string out;
    auto say = [&](const std::string& text) { out += "  " + text + ";\n"; };
    out += "END:\n";
    // A thread's values lie together in some kernels. In most the threads' first values do, then the second ones: such code is made much
    // faster.
    const bool together = seed_ % 8 == 0;
    auto put = [&](unsigned count, unsigned bytes, const char* pointer, const char* type, const char* registers) {
      say("mul.wide.u32 %l8, %r21, " + std::to_string(together ? count * bytes : bytes));
      say(std::string("add.s64 %l8, %l8, ") + pointer);
      for (unsigned i = 0; i < count; ++i)
        say(std::string("st.") + type + " [%l8+" + std::to_string((together ? 1 : threads_ * grid_) * bytes * i) + "], " + registers +
            std::to_string(i));
    };
    put(kInts, 4, "%l18", "u32", "%r");
    put(kLongs, 8, "%l19", "u64", "%l");
    put(kFloats, 4, "%l20", "f32", "%f");
    put(kDoubles, 8, "%l21", "f64", "%d");
    return out + "  ret;\n}\n";
  }

  void statement(unsigned depth) {
    const unsigned kind = below(100);
    if (kind < 30)
      integer();
    else if (kind < 38)
      wide();
    else if (kind < 52)
      floating();
    else if (kind < 60)
      predicate();
    else if (kind < 66)
      memory();
    else if (kind < 70)
      guarded();
    else if (kind < 80 && depth < 3)
      branch(depth);
    else if (kind < 86 && depth < 3)
      loop(depth);
    else if (kind < 88 && depth < 3)
      loop_over_grid(depth);
    else if (kind < 90 && depth < 2)
      jump_table(depth);
    else if (kind < 92)
      call();
    else if (kind < 95 && together_)
      warp();
    else if (kind < 98 && together_)
      exchange();
    else
      atomic();
  }

  void integer() {
    static const char* const kTwo[] = {"add.s32", "sub.s32",     "mul.lo.s32",   "mul.hi.s32",  "mul.hi.u32", "and.b32",
                                       "or.b32",  "xor.b32",     "min.s32",      "max.u32",     "shl.b32",    "shr.u32",
                                       "shr.s32", "div.u32",     "div.s32",      "rem.u32",     "rem.s32",    "min.u32",
                                       "max.s32", "add.sat.s32", "mul24.lo.u32", "mul24.hi.s32"};
    static const char* const kOne[] = {"not.b32",  "neg.s32",   "abs.s32",   "popc.b32", "clz.b32",
                                       "brev.b32", "bfind.u32", "bfind.s32", "cnot.b32", "mov.b32"};
    switch (below(9)) {
      case 0:
      case 1:
      case 2: line(std::string(one_of(kTwo)) + " " + r() + ", " + r() + ", " + s()); break;
      case 3: line(std::string(one_of(kOne)) + " " + r() + ", " + r()); break;
      case 4: line("mad.lo.s32 " + r() + ", " + r() + ", " + s() + ", " + r()); break;
      case 5: line("selp.b32 " + r() + ", " + s() + ", " + r() + ", " + p()); break;
      case 6: line("prmt.b32 " + r() + ", " + r() + ", " + r() + ", " + (chance(50) ? std::to_string(below(65536)) : r())); break;
      case 7: {
        static const char* const kBits[] = {"bfe.u32", "bfe.s32"};
        if (chance(50))
          line(std::string(one_of(kBits)) + " " + r() + ", " + r() + ", " + s() + ", " + s());
        else
          line("bfi.b32 " + r() + ", " + r() + ", " + r() + ", " + s() + ", " + s());
        break;
      }
      default: {
        static const char* const kThree[] = {"sad.s32", "sad.u32", "shf.l.wrap.b32", "shf.r.clamp.b32", "mad.hi.u32", "dp4a.u32.s32"};
        if (chance(60))
          line(std::string(one_of(kThree)) + " " + r() + ", " + r() + ", " + r() + ", " + r());
        else
          line("lop3.b32 " + r() + ", " + r() + ", " + r() + ", " + r() + ", " + std::to_string(below(256)));
      }
    }
  }

  void wide() {
    static const char* const kTwo[] = {"add.s64", "sub.s64", "mul.lo.s64", "mul.hi.u64", "and.b64", "xor.b64", "min.s64", "max.u64"};
    switch (below(6)) {
      case 0:
      case 1: line(std::string(one_of(kTwo)) + " " + l() + ", " + l() + ", " + l()); break;
      case 2: line("mul.wide.s32 " + l() + ", " + r() + ", " + s()); break;
      case 3: line((chance(50) ? "shl.b64 " : "shr.s64 ") + l() + ", " + l() + ", " + s()); break;
      case 4: line("mov.b64 {" + std::string("%r0, %r1") + "}, " + l()); break;
      default: {
        static const char* const kConversions[] = {"cvt.u64.u32", "cvt.s64.s32", "cvt.u64.s32"};
        if (chance(50))
          line(std::string(one_of(kConversions)) + " " + l() + ", " + r());
        else
          line("cvt.u32.u64 " + r() + ", " + l());
      }
    }
  }

  void floating() {
    static const char* const kTwo[] = {"add.f32", "sub.f32",    "mul.f32",     "add.rz.f32",  "mul.rp.f32", "min.f32",
                                       "max.f32", "div.rn.f32", "add.ftz.f32", "mul.sat.f32", "sub.rm.f32", "copysign.f32"};
    static const char* const kOne[] = {"abs.f32",         "neg.f32",         "sqrt.rn.f32",     "rcp.rn.f32",
                                       "cvt.rni.f32.f32", "cvt.rzi.f32.f32", "cvt.rmi.f32.f32", "cvt.sat.f32.f32"};
    static const char* const kToInt[] = {"cvt.rzi.s32.f32", "cvt.rni.u32.f32", "cvt.rmi.s32.f32"};
    static const char* const kToFloat[] = {"cvt.rn.f32.s32", "cvt.rn.f32.u32", "cvt.rz.f32.u32"};
    static const char* const kDouble[] = {"add.f64", "mul.f64", "sub.f64", "min.f64", "div.rn.f64"};
    switch (below(9)) {
      case 0:
      case 1: line(std::string(one_of(kTwo)) + " " + f() + ", " + f() + ", " + f()); break;
      case 2: line("fma.rn.f32 " + f() + ", " + f() + ", " + f() + ", " + f()); break;
      case 3: line(std::string(one_of(kOne)) + " " + f() + ", " + f()); break;
      case 4: line(std::string(one_of(kToInt)) + " " + r() + ", " + f()); break;
      case 5: line(std::string(one_of(kToFloat)) + " " + f() + ", " + r()); break;
      case 6: line(std::string(one_of(kDouble)) + " " + d() + ", " + d() + ", " + d()); break;
      case 7: chance(50) ? line("cvt.f64.f32 " + d() + ", " + f()) : line("cvt.rn.f32.f64 " + f() + ", " + d()); break;
      default: line("selp.f32 " + f() + ", " + f() + ", " + f() + ", " + p());
    }
  }

  void predicate() {
    static const char* const kInt[] = {"eq.s32", "ne.s32", "lt.s32", "le.u32", "gt.s32", "ge.u32", "hi.u32", "lo.u32"};
    static const char* const kFloat[] = {"lt.f32", "gtu.f32", "equ.f32", "num.f32", "ge.f32", "nan.f32"};
    static const char* const kLogic[] = {"and.pred", "or.pred", "xor.pred"};
    switch (below(5)) {
      case 0:
      case 1: line(std::string("setp.") + one_of(kInt) + " " + p() + ", " + r() + ", " + s()); break;
      case 2: line(std::string("setp.") + one_of(kFloat) + " " + p() + ", " + f() + ", " + f()); break;
      case 3: line(std::string(one_of(kLogic)) + " " + p() + ", " + p() + ", " + p()); break;
      default: line(std::string("setp.") + "lt.and.s32 " + p() + ", " + r() + ", " + s() + ", " + p());
    }
  }

  /// The guarding predicate of an instruction.
  void guarded() {
    const std::string guard = (chance(50) ? "@" : "@!") + p() + " ";
    switch (below(4)) {
      case 0: line(guard + "add.s32 " + r() + ", " + r() + ", " + s()); break;
      case 1: line(guard + "mul.f32 " + f() + ", " + f() + ", " + f()); break;
      case 2: line(guard + "ld.global.u32 " + r() + ", [%l16+" + std::to_string(4 * below(kInput)) + "]"); break;
      default: line(guard + "st.local.u32 [mine+" + std::to_string(4 * below(16)) + "], " + r());
    }
  }

  void memory() {
    switch (below(5)) {
      case 0:  // gather
        line("and.b32 %r28, " + r() + ", " + std::to_string(kInput - 1));
        line("mul.wide.u32 %l9, %r28, 4");
        line("add.s64 %l9, %l9, %l16");
        line((chance(50) ? "ld.global.u32 " : "ld.u32 ") + r() + ", [%l9]");
        break;
      case 1: {  // in the thread's own frame, at an address of its own
        line("and.b32 %r28, " + r() + ", 15");
        line("mov.u64 %l10, mine");
        line("mad.wide.u32 %l9, %r28, 4, %l10");
        chance(50) ? line("ld.local.u32 " + r() + ", [%l9]") : line("st.local.u32 [%l9], " + r());
        break;
      }
      case 2: {
        static const char* const kNarrow[] = {"ld.local.u8", "ld.local.s8", "ld.local.u16", "ld.local.s16"};
        line(std::string(one_of(kNarrow)) + " " + r() + ", [mine+" + std::to_string(2 * below(16)) + "]");
        break;
      }
      case 3: line("st.local.v2.u32 [mine+" + std::to_string(8 * below(8)) + "], {" + r() + ", " + r() + "}"); break;
      default:  // strided
        line("and.b32 %r28, %r20, 31");
        line("mul.wide.u32 %l9, %r28, " + std::to_string(4 * (1 + below(3))));
        line("add.s64 %l9, %l9, %l17");
        line("ld.global.f32 " + f() + ", [%l9]");
    }
  }

  /// A condition: uniform for all threads of the grid, of the block, or per thread.
  std::string condition(bool uniform) {
    const std::string target = "%p" + std::to_string(4 + below(4));
    if (uniform)
      line(chance(50) ? "setp.gt.u32 " + target + ", %r23, " + std::to_string(below(2))
                      : "setp.lt.u32 " + target + ", %r27, " + std::to_string(below(300)));
    else if (chance(50))
      line("setp.lt.s32 " + target + ", " + r() + ", " + s());
    else
      line("setp.lt.u32 " + target + ", %r20, " + std::to_string(below(threads_ + 1)));
    return target;
  }

  void block_of_statements(unsigned depth) {
    for (unsigned i = 1 + below(4); i > 0; --i) statement(depth + 1);
  }

  void branch(unsigned depth) {
    const bool uniform = chance(30), before = together_;
    const std::string guard = condition(uniform), other = label(), end = label();
    together_ = before && uniform;
    line("@" + std::string(chance(50) ? "!" : "") + guard + " bra " + other);
    block_of_statements(depth);
    if (chance(60)) {
      line("bra " + end);
      text_ += other + ":\n";
      block_of_statements(depth);
      text_ += end + ":\n";
    } else {
      text_ += other + ":\n";
    }
    together_ = before;
  }

  void loop(unsigned depth) {
    // Threads that leave early are missing in later rounds.
    const bool parts = chance(40), uniform = chance(40), before = together_;
    const std::string counter = "%c" + std::to_string(counters_), bound = "%c" + std::to_string(counters_ + 1);
    if (counters_ + 4 > 60) return;
    counters_ += 2;
    line("mov.u32 " + counter + ", 0");
    if (uniform)
      line("mov.u32 " + bound + ", " + std::to_string(1 + below(6)));
    else
      line("and.b32 " + bound + ", " + r() + ", 7");
    const std::string head = label(), end = label(), next = label();
    together_ = before && uniform && !parts;
    text_ += head + ":\n";
    line("setp.ge.u32 %p7, " + counter + ", " + bound);
    line("@%p7 bra " + end);
    line("add.u32 " + counter + ", " + counter + ", 1");
    block_of_statements(depth);
    if (parts) {
      const std::string guard = condition(false);
      line("@" + guard + " bra " + (chance(50) ? end : next));
      block_of_statements(depth);
    }
    text_ += next + ":\n";
    line("bra " + head);
    text_ += end + ":\n";
    together_ = before;
  }

  /// Reads the input from front to back, the threads of the grid side by side.
  void loop_over_grid(unsigned depth) {
    if (counters_ + 4 > 60) return;
    const bool before = together_;
    const std::string at = "%c" + std::to_string(counters_), step = "%c" + std::to_string(counters_ + 1);
    counters_ += 2;
    const std::string head = label(), end = label();
    line("mov.u32 " + at + ", %r21");
    line("mov.u32 " + step + ", %nctaid.x");
    line("mul.lo.u32 " + step + ", " + step + ", %r22");
    together_ = false;
    text_ += head + ":\n";
    line("setp.ge.u32 %p7, " + at + ", " + std::to_string(1 + below(kInput)));
    line("@%p7 bra " + end);
    line("mul.wide.u32 %l9, " + at + ", 4");
    line("add.s64 %l9, %l9, %l16");
    line("ld.global.u32 %r28, [%l9]");
    const std::string sum = r();
    line("add.u32 " + sum + ", " + sum + ", %r28");
    if (chance(50)) block_of_statements(depth);
    line("add.u32 " + at + ", " + at + ", " + step);
    line("bra " + head);
    text_ += end + ":\n";
    together_ = before;
  }

  void jump_table(unsigned depth) {
    const bool before = together_;
    const std::string table = "T" + std::to_string(labels_++), end = label();
    std::string labels[3] = {label(), label(), label()};
    line("rem.u32 %r28, " + r() + ", 3");
    text_ += table + ": .branchtargets " + labels[0] + ", " + labels[1] + ", " + labels[2] + ";\n";
    line("brx.idx %r28, " + table);
    together_ = false;
    for (int i = 0; i < 3; ++i) {
      text_ += labels[i] + ":\n";
      block_of_statements(depth);
      if (i < 2 && chance(70)) line("bra " + end);
    }
    text_ += end + ":\n";
    together_ = before;
  }

  void call() { line("call (" + std::string("%r7") + "), mix, (" + r() + ", " + r() + ")"); }

  /// Warp operations of all lanes that exist.
  void warp() {
    warp_operations_ = true;
    static const char* const kModes[] = {"up", "down", "bfly", "idx"};
    static const char* const kVotes[] = {"all", "any", "uni"};
    switch (below(5)) {
      case 0: {
        const std::string mode = one_of(kModes);
        line("shfl.sync." + mode + ".b32 " + r() + "|" + p() + ", " + r() + ", " + (chance(60) ? std::to_string(below(32)) : r()) + ", " +
             (mode == "up" ? "0" : "31") + ", %r30");
        break;
      }
      case 1: line("vote.sync.ballot.b32 " + r() + ", " + p() + ", %r30"); break;
      case 2: line(std::string("vote.sync.") + one_of(kVotes) + ".pred " + p() + ", " + p() + ", %r30"); break;
      case 3: {
        static const char* const kOps[] = {"add.u32", "min.s32", "max.u32", "xor.b32", "and.b32"};
        line(std::string("redux.sync.") + one_of(kOps) + " " + r() + ", " + r() + ", %r30");
        break;
      }
      default: line("match.any.sync.b32 " + r() + ", " + r() + ", %r30");
    }
  }

  /// Through shared memory, between barriers.
  void exchange() {
    line("bar.sync 0");
    line("shl.b32 %r28, %r20, 2");
    line("mov.u32 %r29, tile");
    line("add.u32 %r28, %r28, %r29");
    line("st.shared.u32 [%r28], " + r());
    line("bar.sync 0");
    line("add.u32 %r28, %r20, " + std::to_string(1 + below(40)));
    line("rem.u32 %r28, %r28, %r22");
    line("shl.b32 %r28, %r28, 2");
    line("add.u32 %r28, %r28, %r29");
    line("ld.shared.u32 " + r() + ", [%r28]");
    if (chance(30)) line("bar.red.popc.u32 " + r() + ", 0, " + p());
  }

  void atomic() {
    static const char* const kOps[] = {"add.u32", "min.u32", "max.u32", "xor.b32", "or.b32"};
    // One operation a place, or the order would matter.
    const unsigned op = below(5);
    line("red.global." + std::string(kOps[op]) + " [%l22+" + std::to_string(4 * op) + "], " + r());
    if (chance(40)) {
      line("shl.b32 %r28, %r20, 2");
      line("add.u32 %r28, %r28, 4096");
      line("mov.u32 %r29, tile");
      line("add.u32 %r28, %r28, %r29");
      line("st.shared.u32 [%r28], " + r());
      line("atom.shared." + std::string(kOps[below(5)]) + " " + r() + ", [%r28], " + r());
    }
  }

  std::mt19937_64 random_;
  uint64_t seed_;
  std::string text_;
  unsigned block_[3] = {32, 1, 1}, grid_ = 1, threads_ = 32;
  unsigned labels_ = 0, counters_ = 0;
  bool together_ = true, warp_operations_ = false;
};

}  // namespace

std::string random_kernel(uint64_t seed) { return Generator(seed).run(); }

}  // namespace anywarp::kernel_run
