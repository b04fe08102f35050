"""Cases of mma, wmma, wgmma, ldmatrix and mbarrier. All numbers are small integers, so that every sum is exact in any order."""
import random
import struct

from generate import add_case

HEAD = """.version 8.5
.target sm_90
.address_size 64

"""


def encode(value, kind):
    """The bits of an integer as a number of that type."""
    if kind == "f16":
        return struct.unpack("<H", struct.pack("<e", value))[0]
    if kind == "bf16":
        return struct.unpack("<I", struct.pack("<f", value))[0] >> 16
    if kind in ("e4m3", "e5m2"):
        # Small integers: a sign, the exponent, and as many bits of the fraction as the format has.
        fraction, bias = (3, 7) if kind == "e4m3" else (2, 15)
        if value == 0:
            return 0
        exponent = abs(value).bit_length() - 1
        bits = (abs(value) << fraction >> exponent) & ((1 << fraction) - 1)
        assert (bits | 1 << fraction) << exponent == abs(value) << fraction
        return (value < 0) << 7 | exponent + bias << fraction | bits
    if kind in ("f32", "tf32"):
        return struct.unpack("<I", struct.pack("<f", value))[0]
    if kind == "f64":
        return struct.unpack("<Q", struct.pack("<d", value))[0]
    return value & ((1 << {"s8": 8, "u8": 8, "s32": 32}[kind]) - 1)


BITS = {"e4m3": 8, "e5m2": 8, "f16": 16, "bf16": 16, "tf32": 32, "f32": 32, "f64": 64, "s8": 8, "u8": 8, "s32": 32}


def matrix(rows, columns, kind, seed):
    rng = random.Random(f"{rows}{columns}{kind}{seed}")
    low = 0 if kind == "u8" else -8
    if kind == "e5m2":  # two bits of fraction: no 7
        return [[rng.choice((-8, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 8)) for _ in range(columns)] for _ in range(rows)]
    return [[rng.randint(low, 8) for _ in range(columns)] for _ in range(rows)]


def product(a, b, c):
    return [[c[i][j] + sum(a[i][k] * b[k][j] for k in range(len(b))) for j in range(len(b[0]))] for i in range(len(a))]


# Where the manual puts element i of a lane: (row, column). g and t are its groupID and threadID_in_group.
def place_a(shape, kind, g, t, i):
    m, _, k = shape
    if kind in ("f16", "bf16"):
        low = g if k == 8 and i < 2 or k == 16 and (i < 2 or 4 <= i < 6) else g + 8
        return low, t * 2 + (i & 1) + (8 if i >= 4 else 0)
    if kind == "tf32":
        return (g if i in (0, 2) else g + 8), (t if i < 2 else t + 4)
    if kind == "f64":
        return g + 8 * (i % 2), t + 4 * (i // 2)
    if m == 8:
        return g, t * 4 + i
    return (g if i < 4 or 8 <= i < 12 else g + 8), t * 4 + (i & 3) + (16 if i >= 8 else 0)


def place_b(shape, kind, g, t, i):
    if kind in ("f16", "bf16"):
        return t * 2 + (i & 1) + (8 if i >= 2 else 0), g
    if kind == "tf32":
        return (t if i == 0 else t + 4), g
    if kind == "f64":
        return t + 4 * i, g
    return t * 4 + (i & 3) + (16 if i >= 4 else 0), g


def place_c(shape, g, t, i):
    return (g if i < 2 else g + 8), t * 2 + (i & 1)


def fragment(values, kind, elements, place):
    """The registers of all lanes, one lane behind the other."""
    words, width = [], max(32, BITS[kind])
    for lane in range(32):
        packed = 0
        for i in range(elements):
            row, column = place(lane // 4, lane % 4, i)
            packed |= encode(values[row][column], kind) << BITS[kind] * i
        for i in range(max(1, elements * BITS[kind] // width)):
            words.append(packed >> width * i & ((1 << width) - 1))
    return words, width


def registers(name, width, count):
    return [f"%{name}{i}" for i in range(count)], f"  .reg .b{width} %{name}<{count}>;\n"


def move(op, name, width, count, address):
    lines = ""
    for i in range(count):
        operands = f"%{name}{i}, [{address}+{i * width // 8}]" if op == "ld" else f"[{address}+{i * width // 8}], %{name}{i}"
        lines += f"  {op}.global.b{width} {operands};\n"
    return lines


def mma(shape, kind, of_c, kind_b=None, whole=False):
    """With `whole`, the elements have all values of their type and C comes near the ends of its own; .satfinite stops there."""
    m, n, k = shape
    kind_b = kind_b or kind
    a, b, c = matrix(m, k, kind, 1), matrix(k, n, kind_b, 2), matrix(m, n, "s32", 3)
    if whole:
        rng = random.Random(kind + kind_b)
        least = {"s8": -128, "u8": 0}
        any_of = lambda of: rng.choice((least[of], least[of] + 255, rng.randint(least[of], least[of] + 255)))
        a, b = [[any_of(kind) for _ in range(k)] for _ in range(m)], [[any_of(kind_b) for _ in range(n)] for _ in range(k)]
        c = [[rng.choice((-(1 << 31) + rng.randint(0, 9999), (1 << 31) - rng.randint(1, 9999), rng.randint(-9999, 9999))) for _ in range(n)] for _ in range(m)]
    d = product(a, b, c)
    if whole:
        d = [[max(-(1 << 31), min((1 << 31) - 1, v)) for v in row] for row in d]
    parts = {}
    for name, values, of, place in (("a", a, kind, lambda g, t, i: place_a(shape, kind, g, t, i)), ("b", b, kind_b, lambda g, t, i: place_b(shape, kind, g, t, i)),
                                    ("c", c, of_c, lambda g, t, i: place_c(shape, g, t, i)), ("d", d, of_c, lambda g, t, i: place_c(shape, g, t, i))):
        elements = {"a": m * k, "b": k * n, "c": m * n, "d": m * n}[name] // 32
        parts[name] = fragment(values, of, elements, place)
    body, lists = "", {}
    for name in "abcd":
        words, width = parts[name]
        lists[name], declared = registers(name, width, len(words) // 32)
        body += declared
    body += "  .reg .b64 %p, %o; .reg .b32 %t;\n  mov.u32 %t, %tid.x;\n"
    for name in "abc":
        words, width = parts[name]
        count = len(words) // 32
        body += f"  ld.param.u64 %p, [p_{name}];\n  mul.wide.u32 %o, %t, {count * width // 8};\n  add.s64 %p, %p, %o;\n" + move("ld", name, width, count, "%p")
    operands = ", ".join("{" + ", ".join(lists[name]) + "}" for name in "dabc")
    body += f"  mma.sync.aligned.m{m}n{n}k{k}.row.col{'.satfinite' if whole else ''}.{of_c}.{kind}.{kind_b}.{of_c} {operands};\n"
    words, width = parts["d"]
    count = len(words) // 32
    body += f"  ld.param.u64 %p, [p_d];\n  mul.wide.u32 %o, %t, {count * width // 8};\n  add.s64 %p, %p, %o;\n" + move("st", "d", width, count, "%p")
    head = "// Written by tests/run/generate.py.\n// run: kernel=k grid=1 block=32\n"
    for name in "abc":
        words, width = parts[name]
        head += f"// buffer {name}: u{width}[{len(words)}] = " + ", ".join(hex(w) for w in words) + "\n"
    words, width = parts["d"]
    head += f"// buffer d: u{width}[{len(words)}] = fill 0\n// expect d: " + ", ".join(hex(w) for w in words) + "\n"
    text = head + HEAD + ".visible .entry k(.param .u64 p_a, .param .u64 p_b, .param .u64 p_c, .param .u64 p_d)\n{\n" + body + "  ret;\n}\n"
    add_case("matrix", f"mma_m{m}n{n}k{k}_{of_c}_{kind}" + (f"_{kind_b}_satfinite" if whole else ""), text)


def wmma(shape, kind, of_c, counts, layout_a, layout_b, layout_c):
    m, n, k = shape
    a, b, c = matrix(m, k, kind, 4), matrix(k, n, kind, 5), matrix(m, n, "s32", 6)
    d = product(a, b, c)
    flat = lambda values, layout: [v for row in (values if layout == "row" else zip(*values)) for v in row]
    stride = lambda values, layout: len(values[0]) if layout == "row" else len(values)
    shape_word = f"m{m}n{n}k{k}"
    width = lambda of: 64 if of == "f64" else 32
    register = {"f32": "f32", "s32": "s32", "f16": "b32", "f64": "f64"}[of_c]
    ab = "f64" if kind == "f64" else "b32"
    body = f"  .reg .{ab} %a<{counts[0]}>, %b<{counts[1]}>;\n  .reg .{register} %c<{counts[2]}>, %d<{counts[2]}>;\n  .reg .b64 %p;\n"
    names = lambda name, count: "{" + ", ".join(f"%{name}{i}" for i in range(count)) + "}"
    for name, values, layout, of, count in (("a", a, layout_a, kind, counts[0]), ("b", b, layout_b, kind, counts[1]), ("c", c, layout_c, of_c, counts[2])):
        body += f"  ld.param.u64 %p, [p_{name}];\n  wmma.load.{name}.sync.aligned.{layout}.{shape_word}.global.{of} {names(name, count)}, [%p], {stride(values, layout)};\n"
    types = f"{of_c}.{of_c}" if kind == "f16" else f"{of_c}.{kind}.{kind}.{of_c}"
    body += f"  wmma.mma.sync.aligned.{layout_a}.{layout_b}.{shape_word}.{types} {names('d', counts[2])}, {names('a', counts[0])}, {names('b', counts[1])}, {names('c', counts[2])};\n"
    body += f"  ld.param.u64 %p, [p_d];\n  wmma.store.d.sync.aligned.{layout_c}.{shape_word}.global.{of_c} [%p], {names('d', counts[2])}, {stride(d, layout_c)};\n"
    head = "// Written by tests/run/generate.py.\n// run: kernel=k grid=1 block=32\n"
    for name, values, layout, of in (("a", a, layout_a, kind), ("b", b, layout_b, kind), ("c", c, layout_c, of_c)):
        head += f"// buffer {name}: u{BITS[of]}[{len(values) * len(values[0])}] = " + ", ".join(hex(encode(v, of)) for v in flat(values, layout)) + "\n"
    head += f"// buffer d: u{BITS[of_c]}[{m * n}] = fill 0\n// expect d: " + ", ".join(hex(encode(v, of_c)) for v in flat(d, layout_c)) + "\n"
    text = head + HEAD + ".visible .entry k(.param .u64 p_a, .param .u64 p_b, .param .u64 p_c, .param .u64 p_d)\n{\n" + body + "  ret;\n}\n"
    add_case("matrix", f"wmma_{shape_word}_{of_c}_{kind}_{layout_a}_{layout_b}_{layout_c}", text)


def ldmatrix(count, trans):
    rng = random.Random(count)
    data = [[[rng.randrange(1 << 16) for _ in range(8)] for _ in range(8)] for _ in range(4)]  # four matrices of 8 rows
    memory = [v for one in data for row in one for v in row]
    expected = []
    for lane in range(32):
        for j in range(count):
            pair = [data[j][lane // 4][lane % 4 * 2 + e] if not trans else data[j][lane % 4 * 2 + e][lane // 4] for e in (0, 1)]
            expected.append(pair[0] | pair[1] << 16)
    names = "{" + ", ".join(f"%r{i}" for i in range(count)) + "}"
    # Each thread brings one row of eight halves to shared memory.
    body = """  .shared .align 16 .b8 tile[512];
  .reg .b32 %r<4>, %t, %s, %v<4>; .reg .b64 %p, %o;
  mov.u32 %t, %tid.x;
  ld.param.u64 %p, [p_a];
  mul.wide.u32 %o, %t, 16;
  add.s64 %p, %p, %o;
  ld.global.v4.b32 {%v0, %v1, %v2, %v3}, [%p];
  mov.u32 %s, tile;
  mad.lo.u32 %s, %t, 16, %s;
  st.shared.v4.b32 [%s], {%v0, %v1, %v2, %v3};
  bar.sync 0;
"""
    body += f"  ldmatrix.sync.aligned.m8n8.x{count}{'.trans' if trans else ''}.shared.b16 {names}, [%s];\n"
    body += f"  ld.param.u64 %p, [p_d];\n  mul.wide.u32 %o, %t, {4 * count};\n  add.s64 %p, %p, %o;\n" + move("st", "r", 32, count, "%p")
    head = "// Written by tests/run/generate.py.\n// run: kernel=k grid=1 block=32\n"
    head += f"// buffer a: u16[256] = " + ", ".join(map(hex, memory)) + f"\n// buffer d: u32[{32 * count}] = fill 0\n// expect d: " + ", ".join(map(hex, expected)) + "\n"
    add_case("matrix", f"ldmatrix_x{count}{'_trans' if trans else ''}", head + HEAD + ".visible .entry k(.param .u64 p_a, .param .u64 p_d)\n{\n" + body + "  ret;\n}\n")


def movmatrix():
    rng = random.Random(9)
    data = [[rng.randrange(1 << 16) for _ in range(8)] for _ in range(8)]
    pairs = lambda m: [m[lane // 4][lane % 4 * 2] | m[lane // 4][lane % 4 * 2 + 1] << 16 for lane in range(32)]
    head = "// Written by tests/run/generate.py.\n// run: kernel=k grid=1 block=32\n"
    head += "// buffer a: u32[32] = " + ", ".join(map(hex, pairs(data))) + "\n// buffer d: u32[32] = fill 0\n// expect d: " + ", ".join(map(hex, pairs(list(zip(*data))))) + "\n"
    body = """  .reg .b32 %a, %t; .reg .b64 %p, %o;
  mov.u32 %t, %tid.x;
  mul.wide.u32 %o, %t, 4;
  ld.param.u64 %p, [p_a];
  add.s64 %p, %p, %o;
  ld.global.b32 %a, [%p];
  movmatrix.sync.aligned.m8n8.trans.b16 %a, %a;
  ld.param.u64 %p, [p_d];
  add.s64 %p, %p, %o;
  st.global.b32 [%p], %a;
"""
    add_case("matrix", "movmatrix", head + HEAD + ".visible .entry k(.param .u64 p_a, .param .u64 p_d)\n{\n" + body + "  ret;\n}\n")


def shared_image(values, kind, chunks, along_k, step):
    """A matrix of M or N by k in shared memory as the manual's figures have it, for swizzle patterns of `chunks` chunks of 16 bytes (1: none):
    its bytes, where it starts, and the two distances of its descriptor. `step` moves it along k within the pattern."""
    size, rows, depth = BITS[kind] // 8, len(values), len(values[0])
    each = 16 // size
    if along_k:
        leading, stride = (128, 256) if chunks == 1 else (16, 128 * chunks)
    else:
        groups = (rows // each + chunks - 1) // chunks
        leading, stride = (128, 128 * (depth // 8)) if chunks == 1 else (256 * chunks, 128 * chunks)
        leading, stride = (leading, stride) if chunks == 1 else (stride * (depth // 8), stride)
    start, image = step * 32, {}
    for r in range(rows):
        for k in range(depth):
            if along_k:
                byte = r // 8 * stride + r % 8 * 16 * chunks + k * size
                if chunks == 1:
                    byte = r // 8 * stride + k // each * leading + r % 8 * 16 + k % each * size
            else:
                inside = r % each * size
                if chunks == 1:
                    byte = r // each * stride + k // 8 * leading + k % 8 * 16 + inside
                else:
                    byte = r // each // chunks * leading + r // each % chunks * 16 + k // 8 * stride + k % 8 * 16 * chunks + inside
            byte += start
            byte ^= (byte >> 7) % chunks << 4  # the pattern repeats from a multiple of 1024 bytes on
            word = encode(values[r][k], kind)
            for i in range(size):
                image[byte + i] = word >> 8 * i & 255
    end = (max(image) + 4) // 4 * 4
    return [sum(image.get(4 * w + i, 0) << 8 * i for i in range(4)) for w in range(end // 4)], start, leading, stride


def wgmma(name, n, kind, of_c, a_from="shared", chunks=8, along_k=(True, True), step=0, negate=(1, 1), adds=True):
    m, k = 64, 256 // BITS[kind]
    a, b, c = matrix(m, k, kind, 7), matrix(k, n, kind, 8), matrix(m, n, "s32", 9)
    d = product([[v * negate[0] * negate[1] for v in row] for row in a], b, c if adds else [[0] * n for _ in range(m)])
    image_a, start_a, leading_a, stride_a = shared_image(a, kind, chunks, along_k[0], step)
    image_b, start_b, leading_b, stride_b = shared_image([list(column) for column in zip(*b)], kind, chunks, along_k[1], step)
    if a_from == "registers":
        # Each warp has 16 rows, in the fragments of mma.
        image_a = []
        for warp in range(4):
            rows = a[16 * warp:16 * warp + 16]
            image_a += fragment(rows, kind, m * k // 128, lambda g, t, i: place_a((16, 8, k), kind, g, t, i))[0]
    halves = of_c == "f16"
    pairs = n // 2 // (2 if halves else 1)  # registers of a thread
    def of_threads(values):
        words = []
        for thread in range(128):
            warp, g, t = thread // 32, thread % 32 // 4, thread % 4
            own = [values[16 * warp + g + 8 * (i % 4 // 2)][8 * (i // 4) + 2 * t + i % 2] for i in range(n // 2)]
            bits = [encode(v, of_c) for v in own]
            words += [bits[2 * i] | bits[2 * i + 1] << 16 for i in range(pairs)] if halves else bits
        return words
    lists, declared = registers("d", 32, pairs)
    if not halves:
        declared = declared.replace(".b32", ".f32" if of_c == "f32" else ".s32")
    at_b = (len(image_a) * 4 + 1023) // 1024 * 1024
    mode = {1: 0, 2: 3, 4: 2, 8: 1}[chunks]
    body = f"  .shared .align 1024 .b8 tile[{at_b + len(image_b) * 4}];\n" + declared
    body += "  .reg .b64 %p, %o, %da, %db, %q; .reg .b32 %t, %i, %s, %v, %w, %r<4>; .reg .pred %more, %adds;\n  mov.u32 %t, %tid.x;\n"
    for which, words, at in (("a", image_a, 0), ("b", image_b, at_b)):
        body += f"""  ld.param.u64 %p, [p_{which}];
  mov.u32 %i, %t;
copy_{which}:
  setp.ge.u32 %more, %i, {len(words)};
  @%more bra done_{which};
  mul.wide.u32 %o, %i, 4;
  add.s64 %o, %p, %o;
  ld.global.b32 %v, [%o];
  mov.u32 %s, tile;
  mad.lo.u32 %s, %i, 4, %s;
  st.shared.b32 [%s+{at}], %v;
  add.u32 %i, %i, 128;
  bra copy_{which};
done_{which}:
"""
    body += "  bar.sync 0;\n  fence.proxy.async;\n"
    for which, start, leading, stride, at in (("a", start_a, leading_a, stride_a, 0), ("b", start_b, leading_b, stride_b, at_b)):
        fixed = leading >> 4 << 16 | stride >> 4 << 32 | mode << 62
        body += f"""  mov.u32 %s, tile;
  add.u32 %s, %s, {at + start};
  and.b32 %s, %s, 0x3ffff;
  shr.u32 %s, %s, 4;
  cvt.u64.u32 %d{which}, %s;
  mov.b64 %q, {hex(fixed)};
  or.b64 %d{which}, %d{which}, %q;
"""
    if a_from == "registers":
        body += "  mov.u32 %s, tile;\n  mad.lo.u32 %s, %t, 16, %s;\n  ld.shared.v4.b32 {%r0, %r1, %r2, %r3}, [%s];\n"
    body += f"  ld.param.u64 %p, [p_c];\n  mul.wide.u32 %o, %t, {4 * pairs};\n  add.s64 %p, %p, %o;\n" + move("ld", "d", 32, pairs, "%p")
    body += f"  ld.param.u32 %w, [p_adds];\n  setp.ne.u32 %adds, %w, 0;\n  wgmma.fence.sync.aligned;\n"
    operand_a = "{%r0, %r1, %r2, %r3}" if a_from == "registers" else "%da"
    more = ""
    if kind not in ("s8", "u8"):
        more = f", {negate[0]}, {negate[1]}"
    if kind in ("f16", "bf16"):
        more += (f", {int(not along_k[0])}" if a_from == "shared" else "") + f", {int(not along_k[1])}"
    body += f"  wgmma.mma_async.sync.aligned.m64n{n}k{k}.{of_c}.{kind}.{kind} {{" + ", ".join(lists) + f"}}, {operand_a}, %db, %adds{more};\n"
    body += "  wgmma.commit_group.sync.aligned;\n  wgmma.wait_group.sync.aligned 0;\n"
    body += f"  ld.param.u64 %p, [p_d];\n  add.s64 %p, %p, %o;\n" + move("st", "d", 32, pairs, "%p")
    head = "// Written by tests/run/generate.py.\n// run: kernel=k grid=1 block=128\n"
    for which, words in (("a", image_a), ("b", image_b), ("c", of_threads(c))):
        head += f"// buffer {which}: u32[{len(words)}] = " + ", ".join(map(hex, words)) + "\n"
    head += f"// buffer d: u32[{128 * pairs}] = fill 0\n// value adds: u32 = {int(adds)}\n// expect d: " + ", ".join(map(hex, of_threads(d))) + "\n"
    text = head + HEAD.replace("sm_90", "sm_90a").replace("8.5", "8.0")
    text += ".visible .entry k(.param .u64 p_a, .param .u64 p_b, .param .u64 p_c, .param .u64 p_d, .param .u32 p_adds)\n{\n" + body + "  ret;\n}\n"
    add_case("matrix", f"wgmma_{name}", text)


def mbarrier(parity):
    """Values travel from warp to warp through shared memory, four phases of one barrier."""
    threads = 96
    value = lambda i: i * 7 + 1
    row = [value(i) for i in range(threads)]
    for phase in range(4):
        row = [row[(i + 33) % threads] + phase for i in range(threads)]
    wait = "mbarrier.test_wait.parity.shared.b64 %q, [bar], %parity;" if parity else "mbarrier.test_wait.shared.b64 %q, [bar], %state;"
    body = f"""  .shared .align 8 .b64 bar;
  .shared .align 4 .b8 values[{8 * threads}];
  .reg .b32 %t, %v, %s, %o, %phase, %parity, %half; .reg .b64 %p, %w, %state; .reg .pred %q, %z;
  mov.u32 %t, %tid.x;
  setp.eq.u32 %z, %t, 0;
  @%z mbarrier.init.shared.b64 [bar], {threads};
  bar.sync 0;
  mad.lo.u32 %v, %t, 7, 1;
  mov.u32 %phase, 0;
again:
  and.b32 %parity, %phase, 1;
  mul.lo.u32 %half, %parity, {4 * threads};
  mov.u32 %s, values;
  add.u32 %s, %s, %half;
  mad.lo.u32 %o, %t, 4, %s;
  st.shared.u32 [%o], %v;
  mbarrier.arrive.shared.b64 %state, [bar];
wait:
  {wait}
  @!%q bra wait;
  add.u32 %o, %t, 33;
  rem.u32 %o, %o, {threads};
  mad.lo.u32 %o, %o, 4, %s;
  ld.shared.u32 %v, [%o];
  add.u32 %v, %v, %phase;
  add.u32 %phase, %phase, 1;
  setp.lt.u32 %q, %phase, 4;
  @%q bra again;
  ld.param.u64 %p, [p_d];
  mul.wide.u32 %w, %t, 4;
  add.s64 %p, %p, %w;
  st.global.u32 [%p], %v;
"""
    head = f"// Written by tests/run/generate.py.\n// run: kernel=k grid=2 block={threads}\n// buffer d: u32[{threads}] = fill 0\n// expect d: " + ", ".join(map(hex, row)) + "\n"
    add_case("barrier", "mbarrier_" + ("parity" if parity else "state"), head + HEAD + ".visible .entry k(.param .u64 p_d)\n{\n" + body + "  ret;\n}\n")


def write():
    for shape, kind, of_c in (((16, 8, 8), "f16", "f32"), ((16, 8, 16), "f16", "f32"), ((16, 8, 16), "f16", "f16"), ((16, 8, 16), "bf16", "f32"),
                              ((16, 8, 4), "tf32", "f32"), ((16, 8, 8), "tf32", "f32"), ((8, 8, 4), "f64", "f64"), ((16, 8, 8), "f64", "f64"), ((16, 8, 16), "f64", "f64"), ((8, 8, 16), "s8", "s32"),
                              ((16, 8, 16), "u8", "s32"), ((16, 8, 32), "s8", "s32")):
        mma(shape, kind, of_c)
    for kinds in (("s8", "s8"), ("s8", "u8"), ("u8", "s8"), ("u8", "u8")):
        mma((16, 8, 32), kinds[0], "s32", kinds[1], whole=True)
    for layouts in (("row", "col", "row"), ("col", "row", "col")):
        wmma((16, 16, 16), "f16", "f32", (8, 8, 8), *layouts)
        wmma((32, 8, 16), "f16", "f16", (8, 8, 4), *layouts)
        wmma((16, 16, 16), "bf16", "f32", (4, 4, 8), *layouts)
        wmma((16, 16, 8), "tf32", "f32", (4, 4, 8), *layouts)
        wmma((8, 32, 16), "s8", "s32", (1, 4, 8), *layouts)
        wmma((8, 8, 4), "f64", "f64", (1, 1, 2), *layouts)
    for count in (1, 2, 4):
        for trans in (False, True):
            ldmatrix(count, trans)
    movmatrix()
    for chunks in (1, 2, 4, 8):
        wgmma(f"f16_swizzle_{16 * chunks}", 24, "f16", "f32", chunks=chunks)
        wgmma(f"bf16_swizzle_{16 * chunks}_across", 64 if chunks == 8 else 16 * chunks, "bf16", "f32", chunks=chunks, along_k=(False, False))
    wgmma("f16_second_step", 16, "f16", "f32", step=1, chunks=4)
    wgmma("f16_third_step", 8, "f16", "f32", step=2)
    wgmma("f16_across_two_patterns", 128, "f16", "f32", along_k=(True, False), chunks=4)
    wgmma("f16_f16", 32, "f16", "f16")
    wgmma("f16_registers", 32, "f16", "f32", a_from="registers")
    wgmma("f16_registers_across", 32, "f16", "f16", a_from="registers", chunks=4, along_k=(True, False))
    wgmma("f16_negative", 16, "f16", "f32", negate=(-1, 1))
    wgmma("bf16_both_negative", 16, "bf16", "f32", negate=(-1, -1), a_from="registers")
    wgmma("bf16_alone", 40, "bf16", "f32", adds=False)
    wgmma("tf32", 24, "tf32", "f32")
    wgmma("tf32_registers", 16, "tf32", "f32", a_from="registers", negate=(1, -1))
    wgmma("s8", 32, "s8", "s32")
    wgmma("u8_registers", 8, "u8", "s32", a_from="registers", adds=False)
    for kind in ("e4m3", "e5m2"):
        wgmma(kind, 16, kind, "f32", chunks=2)
        wgmma(kind + "_f16", 16, kind, "f16", a_from="registers")
        mma((16, 8, 32), kind, "f32")
    mbarrier(False)
    mbarrier(True)
