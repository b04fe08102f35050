#!/usr/bin/env python3
"""Writes the test cases of tests/run that are one instruction each, with answers that this file computes by itself.

    tests/run/generate.py            writes tests/run/CHAPTER/NAME.ptx
    tests/run/generate.py --check    exits with 1, and says which, if one of those is not what it would write

The oracle is integer arithmetic and softfloat.py, from the words of the PTX ISA manual; it shares nothing with Anywarp. A thread
computes one element. Cases that need several threads or a program of their own are written by hand, beside these.
"""
import pathlib
import random
import sys

import softfloat as sf
from softfloat import Format

HERE = pathlib.Path(__file__).resolve().parent
COUNT = 48  # elements and threads: a slice and a half of 32 lanes
BITS = {t: int(t[1:]) for t in "b8 b16 b32 b64 u8 u16 u32 u64 s8 s16 s32 s64".split()}
REGISTER = {8: "b16", 16: "b16", 32: "b32", 64: "b64"}
F32, F64, F16, BF16 = Format("f32"), Format("f64"), Format("f16"), Format("bf16")
FLOATS = {"f32": F32, "f64": F64, "f16": F16, "bf16": BF16}
CASES = {}


def bits_of(type_name):
    return FLOATS[type_name].bits if type_name in FLOATS else BITS[type_name]


def signed(value, bits):
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def as_number(value, type_name):
    """The integer that the bits mean."""
    return signed(value, BITS[type_name]) if type_name[0] == "s" else value & ((1 << BITS[type_name]) - 1)


def specials(type_name):
    if type_name in FLOATS:
        f = FLOATS[type_name]
        least_normal = 1 << (f.precision - 1)
        magnitudes = [0, 1, least_normal - 1, least_normal, least_normal + 1, f.one, f.one + 1, f.one - 1, f.one + (1 << (f.precision - 2)),
                      f.one + least_normal, f.largest, f.infinity, f.nan]
        return [m | s for m in magnitudes for s in (0, f.sign)]
    n = BITS[type_name]
    top = 1 << (n - 1)
    return [0, 1, 2, 3, 7, n - 1, n, n + 1, top - 1, top, top + 1, (1 << n) - 1, (1 << n) - 2, 0x5555555555555555 & ((1 << n) - 1)]


def values(type_name, seed, spread=None):
    """COUNT inputs: the interesting ones first, each position in another order for each seed, then random ones."""
    rng = random.Random(f"{type_name}{seed}")
    n = bits_of(type_name)
    if spread:
        return [rng.randint(*spread) & ((1 << n) - 1) for _ in range(COUNT)]
    first = specials(type_name)
    rng.shuffle(first)
    rest = []
    while len(first) + len(rest) < COUNT:
        bits = rng.getrandbits(n)
        if type_name in FLOATS and rng.random() < 0.7:  # of a size that meets others
            f = FLOATS[type_name]
            exponent = rng.randint(f.bias - 6, f.bias + 6)
            bits = (bits & (f.sign | ((1 << (f.precision - 1)) - 1))) | exponent << (f.precision - 1)
        rest.append(bits)
    return (first + rest)[:COUNT]


class OfAll:
    """An oracle that sees the inputs of all threads: lists in, a list out."""

    def __init__(self, of_all):
        self.of_all = of_all


def case(chapter, instruction, result, arguments, oracle, inputs=None, name=None, ulp=None, setup="", version="8.0", target="sm_90", body=None):
    """One instruction `instruction d, a, b, ...` over COUNT elements. Types are those of memory; registers have their width."""
    name = (name or instruction).replace(".", "_").replace("::", "_")
    inputs = inputs or [values(t, i) for i, t in enumerate(arguments)]
    letters = "abcefg"[:len(arguments)]
    rows = oracle.of_all(*inputs) if isinstance(oracle, OfAll) else [oracle(*row) for row in zip(*inputs)]
    expected = [row & ((1 << bits_of(result)) - 1) for row in rows]
    head = [f"// Written by tests/run/generate.py.", f"// run: kernel=k grid=1 block={COUNT}"]
    for letter, t, column in zip(letters, arguments, inputs):
        head.append(f"// buffer {letter}: {t.replace('b8', 'u8').replace('b16', 'u16') if t not in FLOATS else t}[{COUNT}] = " +
                    ", ".join(hex(v) for v in column))
    shown = result if result in FLOATS else "u" + str(bits_of(result))
    head.append(f"// buffer d: {shown}[{COUNT}] = fill 0")
    head.append(f"// expect d: " + (f"ulp={ulp} " if ulp else "") + ", ".join(hex(v) for v in expected))
    lines = [f".version {version}", f".target {target}", ".address_size 64", "",
             ".visible .entry k(" + ", ".join(f".param .u64 p_{x}" for x in letters + "d") + ")", "{"]
    lines.append("  .reg .b32 %thread; .reg .b64 %base, %offset; .reg .pred %p, %q;")
    for x, t in list(zip(letters, arguments)) + [("d", result)]:
        lines.append(f"  .reg .{register_of(t)} %{x};")
    lines += ["  mov.u32 %thread, %tid.x;"]
    for x, t in zip(letters, arguments):
        lines += address(x, t) + [f"  ld.global.{memory_type(t)} %{x}, [%base];"]
    if setup:
        lines += ["  " + s.strip() for s in setup.strip().split("\n")]
    if body is None:
        lines.append(f"  {instruction} " + ", ".join(["%d"] + [f"%{x}" for x in letters]) + ";")
    else:
        lines += ["  " + s.strip() for s in body.strip().split("\n")]
    lines += address("d", result) + [f"  st.global.{memory_type(result)} [%base], %d;", "  ret;", "}", ""]
    add_case(chapter, name, "\n".join(head) + "\n" + "\n".join(lines))


def add_case(chapter, name, text):
    path = f"{chapter}/{name}.ptx"
    assert path not in CASES, path
    CASES[path] = text


def register_of(t):
    return t if t in ("f32", "f64") else REGISTER[bits_of(t)]


def memory_type(t):
    return t if t in ("f32", "f64") else t if t in BITS else "b16"


def address(x, t):
    return [f"  ld.param.u64 %base, [p_{x}];", "  cvta.to.global.u64 %base, %base;",
            f"  mul.wide.u32 %offset, %thread, {bits_of(t) // 8};", "  add.s64 %base, %base, %offset;"]


# ---------------------------------------------------------------------------------------------------- integers

def integers():
    chapter = "integer"
    widths = ["u16", "u32", "u64", "s16", "s32", "s64"]
    for t in widths:
        n = BITS[t]
        num = lambda v, t=t: as_number(v, t)
        case(chapter, f"add.{t}", t, [t, t], lambda a, b: a + b)
        case(chapter, f"sub.{t}", t, [t, t], lambda a, b: a - b)
        case(chapter, f"mul.lo.{t}", t, [t, t], lambda a, b: a * b)
        case(chapter, f"mul.hi.{t}", t, [t, t], lambda a, b, num=num, n=n: (num(a) * num(b)) >> n)
        case(chapter, f"mad.lo.{t}", t, [t, t, t], lambda a, b, c: a * b + c)
        case(chapter, f"mad.hi.{t}", t, [t, t, t], lambda a, b, c, num=num, n=n: ((num(a) * num(b)) >> n) + c)
        if n < 64:
            wide = t[0] + str(2 * n)
            case(chapter, f"mul.wide.{t}", wide, [t, t], lambda a, b, num=num: num(a) * num(b))
            case(chapter, f"mad.wide.{t}", wide, [t, t, wide], lambda a, b, c, num=num: num(a) * num(b) + c)

        def quotient(a, b, num=num, n=n, signed_type=t[0] == "s"):
            x, y = num(a), num(b)
            if y == 0:
                return (1 << n) - 1
            q = abs(x) // abs(y)
            return -q if (x < 0) != (y < 0) else q

        def remainder(a, b, num=num, quotient=quotient):
            x, y = num(a), num(b)
            return x if y == 0 else x - signed(quotient(a, b), 200) * y

        nonzero = [values(t, 0), [v or 3 for v in values(t, 1)]]
        case(chapter, f"div.{t}", t, [t, t], quotient, inputs=nonzero)  # by zero: the manual leaves the result open
        case(chapter, f"rem.{t}", t, [t, t], remainder, inputs=nonzero)
        case(chapter, f"min.{t}", t, [t, t], lambda a, b, num=num: min(num(a), num(b)))
        case(chapter, f"max.{t}", t, [t, t], lambda a, b, num=num: max(num(a), num(b)))
        case(chapter, f"sad.{t}", t, [t, t, t], lambda a, b, c, num=num: c + abs(num(a) - num(b)))
        if t[0] == "s":
            case(chapter, f"abs.{t}", t, [t], lambda a, num=num: abs(num(a)))
            case(chapter, f"neg.{t}", t, [t], lambda a: -a)
    clamp = lambda v: min(max(v, -(1 << 31)), (1 << 31) - 1)
    case(chapter, "add.sat.s32", "s32", ["s32", "s32"], lambda a, b: clamp(signed(a, 32) + signed(b, 32)))
    case(chapter, "sub.sat.s32", "s32", ["s32", "s32"], lambda a, b: clamp(signed(a, 32) - signed(b, 32)))
    case(chapter, "mad.hi.sat.s32", "s32", ["s32"] * 3, lambda a, b, c: clamp(((signed(a, 32) * signed(b, 32)) >> 32) + signed(c, 32)))
    for t in ("u32", "s32"):
        part = (lambda v: signed(v, 24)) if t == "s32" else (lambda v: v & 0xffffff)
        case(chapter, f"mul24.lo.{t}", t, [t, t], lambda a, b, part=part: part(a) * part(b))
        case(chapter, f"mul24.hi.{t}", t, [t, t], lambda a, b, part=part: (part(a) * part(b)) >> 16)
        case(chapter, f"mad24.lo.{t}", t, [t, t, t], lambda a, b, c, part=part: part(a) * part(b) + c)
        case(chapter, f"mad24.hi.{t}", t, [t, t, t], lambda a, b, c, part=part: ((part(a) * part(b)) >> 16) + c)
    case(chapter, "mad24.hi.sat.s32", "s32", ["s32"] * 3,
         lambda a, b, c: clamp(((signed(a, 24) * signed(b, 24)) >> 16) + signed(c, 32)))
    for n in (32, 64):
        case(chapter, f"popc.b{n}", "u32", [f"b{n}"], lambda a: bin(a).count("1"))
        case(chapter, f"clz.b{n}", "u32", [f"b{n}"], lambda a, n=n: n - a.bit_length())
        case(chapter, f"brev.b{n}", f"b{n}", [f"b{n}"], lambda a, n=n: int(format(a, f"0{n}b")[::-1], 2))
        for t in (f"u{n}", f"s{n}"):
            def bfind(a, t=t, n=n):
                if t[0] == "s" and a >> (n - 1):
                    a ^= (1 << n) - 1
                return a.bit_length() - 1 if a else 0xffffffff

            case(chapter, f"bfind.{t}", "u32", [t], bfind)
            case(chapter, f"bfind.shiftamt.{t}", "u32", [t], lambda a, bfind=bfind, n=n: bfind(a) if bfind(a) == 0xffffffff else n - 1 - bfind(a))

            def bfe(a, pos, length, t=t, n=n):
                pos, length = pos & 255, length & 255
                sign = 0
                if t[0] == "s" and length:
                    sign = a >> min(pos + length - 1, n - 1) & 1
                result = 0
                for i in range(n):
                    bit = a >> (pos + i) & 1 if i < length and pos + i < n else sign
                    result |= bit << i
                return result

            small = [values(t, 0), values("u32", 1, (0, n + 10)), values("u32", 2, (0, n + 10))]
            case(chapter, f"bfe.{t}", t, [t, "u32", "u32"], bfe, inputs=small)

        def bfi(a, b, pos, length, n=n):
            pos, length = pos & 255, length & 255
            for i in range(length):
                if pos + i < n:
                    b = b & ~(1 << (pos + i)) | (a >> i & 1) << (pos + i)
            return b

        case(chapter, f"bfi.b{n}", f"b{n}", [f"b{n}", f"b{n}", "u32", "u32"], bfi,
             inputs=[values(f"b{n}", 0), values(f"b{n}", 1), values("u32", 2, (0, n + 10)), values("u32", 3, (0, n + 10))])
    for mode in ("clamp", "wrap"):
        def szext(a, b, t, mode=mode):
            b = min(b, 32) if mode == "clamp" else b & 31
            if b == 0:
                return 0
            return (signed(a, b) if t == "s32" else a & ((1 << b) - 1)) if b < 32 else a

        for t in ("u32", "s32"):
            case(chapter, f"szext.{mode}.{t}", t, [t, "u32"], lambda a, b, t=t, szext=szext: szext(a, b, t),
                 inputs=[values(t, 0), values("u32", 1, (0, 40))])

        def bmsk(a, b, mode=mode):
            a, b = (min(a, 32), min(b, 32)) if mode == "clamp" else (a & 31, b & 31)
            return ((1 << b) - 1) << a

        case(chapter, f"bmsk.{mode}.b32", "b32", ["u32", "u32"], bmsk, inputs=[values("u32", 0, (0, 40)), values("u32", 1, (0, 40))])
    for ta in ("u32", "s32"):
        for tb in ("u32", "s32"):
            byte = lambda v, i, t: signed(v >> 8 * i, 8) if t == "s32" else v >> 8 * i & 255
            word = lambda v, i, t: signed(v >> 16 * i, 16) if t == "s32" else v >> 16 * i & 65535
            case(chapter, f"dp4a.{ta}.{tb}", "s32", ["b32", "b32", "b32"],
                 lambda a, b, c, ta=ta, tb=tb, byte=byte: c + sum(byte(a, i, ta) * byte(b, i, tb) for i in range(4)))
            for half, start in (("lo", 0), ("hi", 2)):
                case(chapter, f"dp2a.{half}.{ta}.{tb}", "s32", ["b32", "b32", "b32"],
                     lambda a, b, c, ta=ta, tb=tb, start=start, byte=byte, word=word:
                     c + sum(word(a, i, ta) * byte(b, start + i, tb) for i in range(2)))

    def fns(mask, base, offset):
        offset = signed(offset, 32)
        if offset == 0:
            return base if mask >> base & 1 else 0xffffffff
        step, left, position = (1, offset, base) if offset > 0 else (-1, -offset, base)
        while 0 <= position < 32:
            if mask >> position & 1:
                left -= 1
                if left == 0:
                    return position
            position += step
        return 0xffffffff

    case(chapter, "fns.b32", "b32", ["b32", "u32", "s32"], fns,
         inputs=[values("b32", 0), values("u32", 1, (0, 31)), values("s32", 2, (-5, 5))])
    # Carries: the flag is seen through a second instruction.
    for n, t in ((32, "u32"), (64, "u64")):
        carry = lambda a, b, n=n: (a + b) >> n
        borrow = lambda a, b: int(a < b)
        case("extended", f"add.cc.{t}", t, [t] * 3, lambda a, b, c, carry=carry: c + c + carry(a, b),
             body=f"add.cc.{t} %d, %a, %b;\naddc.{t} %d, %c, %c;")
        case("extended", f"addc.cc.{t}", t, [t] * 3, lambda a, b, c, n=n, carry=carry: (c + c + carry(a, b)) >> n,
             body=f"add.cc.{t} %d, %a, %b;\naddc.cc.{t} %d, %c, %c;\naddc.{t} %d, 0, 0;")
        case("extended", f"sub.cc.{t}", t, [t] * 3, lambda a, b, c, borrow=borrow: c - 5 - borrow(a, b),
             body=f"sub.cc.{t} %d, %a, %b;\nsubc.{t} %d, %c, 5;")
        case("extended", f"mad.lo.cc.{t}", t, [t] * 3, lambda a, b, c, n=n: ((a * b & ((1 << n) - 1)) + c) >> n,
             body=f"mad.lo.cc.{t} %d, %a, %b, %c;\naddc.{t} %d, 0, 0;")
        case("extended", f"madc.hi.{t}", t, [t] * 3, lambda a, b, c, n=n: (a * b + c) >> n,
             body=f"mad.lo.cc.{t} %d, %a, %b, %c;\nmadc.hi.{t} %d, %a, %b, 0;")


# ---------------------------------------------------------------------------------------------------- floating point

def floats():
    chapter = "float"
    two = {"add": sf.add, "sub": sf.sub, "mul": sf.mul}
    for t, f in (("f32", F32), ("f64", F64)):
        for mode in ("rn", "rz", "rm", "rp"):
            for op, function in two.items():
                case(chapter, f"{op}.{mode}.{t}", t, [t, t], lambda a, b, f=f, function=function, mode=mode: function(f, a, b, mode))
            case(chapter, f"fma.{mode}.{t}", t, [t] * 3, lambda a, b, c, f=f, mode=mode: sf.fma(f, a, b, c, mode))
            case(chapter, f"div.{mode}.{t}", t, [t, t], lambda a, b, f=f, mode=mode: sf.div(f, a, b, mode))
            case(chapter, f"rcp.{mode}.{t}", t, [t], lambda a, f=f, mode=mode: sf.div(f, f.one, a, mode))
            case(chapter, f"sqrt.{mode}.{t}", t, [t], lambda a, f=f, mode=mode: sf.sqrt(f, a, mode))
        for op, largest in (("min", False), ("max", True)):
            case(chapter, f"{op}.{t}", t, [t, t], lambda a, b, f=f, largest=largest: sf.minimum(f, a, b, largest))
        case(chapter, f"abs.{t}", t, [t], lambda a, f=f: a & ~f.sign)
        case(chapter, f"neg.{t}", t, [t], lambda a, f=f: f.nan if f.is_nan(a) else a ^ f.sign)
        case(chapter, f"copysign.{t}", t, [t, t], lambda a, b, f=f: b & ~f.sign | a & f.sign)
        for test, holds in (("finite", lambda f, a: a & ~f.sign < f.infinity), ("infinite", lambda f, a: a & ~f.sign == f.infinity),
                            ("number", lambda f, a: not f.is_nan(a)), ("notanumber", lambda f, a: f.is_nan(a)),
                            ("normal", lambda f, a: 1 << (f.precision - 1) <= a & ~f.sign < f.infinity),
                            ("subnormal", lambda f, a: a & ~f.sign < 1 << (f.precision - 1) and a & ~f.sign != 0)):
            if test == "subnormal":  # zeros: the manual's table and chips disagree about them
                column = [[a if a & ~f.sign else 1 for a in values(t, 0)]]
            else:
                column = [values(t, 0)]
            case(chapter, f"testp.{test}.{t}", "u32", [t], lambda a, f=f, holds=holds: int(holds(f, a)), inputs=column,
                 body=f"testp.{test}.{t} %p, %a;\nselp.u32 %d, 1, 0, %p;")
    fl = lambda a: sf.flush(F32, a)
    for op, function in two.items():
        case(chapter, f"{op}.ftz.f32", "f32", ["f32", "f32"], lambda a, b, function=function: fl(function(F32, fl(a), fl(b))))
        case(chapter, f"{op}.sat.f32", "f32", ["f32", "f32"], lambda a, b, function=function: sf.saturate(F32, function(F32, a, b)))
    case(chapter, "fma.rn.ftz.f32", "f32", ["f32"] * 3, lambda a, b, c: fl(sf.fma(F32, fl(a), fl(b), fl(c))))
    case(chapter, "fma.rn.sat.f32", "f32", ["f32"] * 3, lambda a, b, c: sf.saturate(F32, sf.fma(F32, a, b, c)))
    case(chapter, "mad.rn.f32", "f32", ["f32"] * 3, lambda a, b, c: sf.fma(F32, a, b, c))
    case(chapter, "min.NaN.f32", "f32", ["f32"] * 2, lambda a, b: sf.minimum(F32, a, b, False, True))
    case(chapter, "max.NaN.f32", "f32", ["f32"] * 2, lambda a, b: sf.minimum(F32, a, b, True, True))
    case(chapter, "max.ftz.f32", "f32", ["f32"] * 2, lambda a, b: fl(sf.minimum(F32, fl(a), fl(b), True)))
    # Approximations, of ordinary numbers, within the manual's bounds.
    ordinary = [[(v & 0x807fffff) | (120 + i % 16) << 23 for i, v in enumerate(values("f32", 5))]]
    case(chapter, "rcp.approx.f32", "f32", ["f32"], lambda a: sf.div(F32, F32.one, a), inputs=ordinary, ulp=1)
    positive = [[v & 0x7fffffff for v in ordinary[0]]]
    case(chapter, "sqrt.approx.f32", "f32", ["f32"], lambda a: sf.sqrt(F32, a), inputs=positive, ulp=3)
    case(chapter, "rsqrt.approx.f32", "f32", ["f32"], lambda a: sf.convert(F64, F32, sf.div(F64, F64.one, sf.sqrt(F64, sf.convert(F32, F64, a)))),
         inputs=positive, ulp=2)
    case(chapter, "div.approx.f32", "f32", ["f32", "f32"], lambda a, b: sf.div(F32, a, b), inputs=[ordinary[0], ordinary[0][::-1]], ulp=2)
    case(chapter, "div.full.f32", "f32", ["f32", "f32"], lambda a, b: sf.div(F32, a, b), inputs=[ordinary[0], ordinary[0][::-1]], ulp=2)
    # Halves.
    chapter = "half"
    for t, f in (("f16", F16), ("bf16", BF16)):
        case(chapter, f"fma.rn.{t}", t, [t] * 3, lambda a, b, c, f=f: sf.fma(f, a, b, c))
        for op, function in two.items():
            case(chapter, f"{op}.rn.{t}", t, [t] * 2, lambda a, b, f=f, function=function: function(f, a, b))
        case(chapter, f"neg.{t}", t, [t], lambda a, f=f: f.nan if f.is_nan(a) else a ^ f.sign)
        case(chapter, f"abs.{t}", t, [t], lambda a, f=f: f.nan if f.is_nan(a) else a & ~f.sign)
        for op, largest in (("min", False), ("max", True)):
            case(chapter, f"{op}.{t}", t, [t] * 2, lambda a, b, f=f, largest=largest: sf.minimum(f, a, b, largest))
        case(chapter, f"fma.rn.relu.{t}", t, [t] * 3,
             lambda a, b, c, f=f: (lambda r: f.nan if f.is_nan(r) else 0 if r & f.sign else r)(sf.fma(f, a, b, c)))
    case(chapter, "add.sat.f16", "f16", ["f16"] * 2, lambda a, b: sf.saturate(F16, sf.add(F16, a, b)))
    case(chapter, "add.ftz.f16", "f16", ["f16"] * 2, lambda a, b: sf.flush(F16, sf.add(F16, sf.flush(F16, a), sf.flush(F16, b))))
    finite_pairs = lambda seed: [[low if low & 0x7c00 != 0x7c00 else 0x3c00, high if high & 0x7c00 != 0x7c00 else 0xbc00]
                                 for low, high in zip(values("f16", seed), values("f16", seed + 10))]
    pack = lambda pairs: [low | high << 16 for low, high in pairs]
    lanes = lambda v: (v & 0xffff, v >> 16)
    for op, function in two.items():
        def both(a, b, function=function):
            return sum(function(F16, x, y) << 16 * i for i, (x, y) in enumerate(zip(lanes(a), lanes(b))))
        inputs = [pack(finite_pairs(1)), pack(finite_pairs(2))]
        keep = [i for i in range(COUNT) if not any(F16.is_nan(function(F16, x, y)) for x, y in zip(lanes(inputs[0][i]), lanes(inputs[1][i])))]
        inputs = [[column[i] for i in (keep * COUNT)[:COUNT]] for column in inputs]
        case(chapter, f"{op}.rn.f16x2", "b32", ["b32", "b32"], both, inputs=inputs)


# ---------------------------------------------------------------------------------------------------- comparison, logic

def comparisons():
    chapter = "comparison"
    order = {"eq": lambda x, y: x == y, "ne": lambda x, y: x != y, "lt": lambda x, y: x < y, "le": lambda x, y: x <= y,
             "gt": lambda x, y: x > y, "ge": lambda x, y: x >= y}
    unsigned = {"lo": "lt", "ls": "le", "hi": "gt", "hs": "ge"}
    near = lambda t: [values(t, 0), [v if i % 3 else w for i, (v, w) in enumerate(zip(values(t, 1), values(t, 0)))]]
    for t in ("u16", "s16", "u32", "s32", "u64", "s64"):
        for op in order if t[0] == "s" else list(order) + list(unsigned):
            compare = order[unsigned.get(op, op)]
            case(chapter, f"setp.{op}.{t}", "u32", [t, t], lambda a, b, t=t, compare=compare: int(compare(as_number(a, t), as_number(b, t))),
                 inputs=near(t), body=f"setp.{op}.{t} %p, %a, %b;\nselp.u32 %d, 1, 0, %p;")

    def float_compare(f, op, a, b):
        nan = f.is_nan(a) or f.is_nan(b)
        if op == "num":
            return not nan
        if op == "nan":
            return nan
        if op.endswith("u"):
            return nan or float_compare(f, op[:-1], a, b)
        if nan:
            return False
        key = lambda v: 0 if v & ~f.sign == 0 else (-1 if v & f.sign else 1) * (v & ~f.sign)
        return order[op](key(a), key(b))

    for t, f in (("f32", F32), ("f64", F64)):
        for op in list(order) + [o + "u" for o in order] + ["num", "nan"]:
            case(chapter, f"setp.{op}.{t}", "u32", [t, t], lambda a, b, f=f, op=op: int(float_compare(f, op, a, b)), inputs=near(t),
                 body=f"setp.{op}.{t} %p, %a, %b;\nselp.u32 %d, 1, 0, %p;")
    for t, f in (("f16", F16), ("bf16", BF16)):
        for op in ("lt", "geu", "eq", "nan"):
            case(chapter, f"setp.{op}.{t}", "u32", [t, t], lambda a, b, f=f, op=op: int(float_compare(f, op, a, b)), inputs=near(t),
                 body=f"setp.{op}.{t} %p, %a, %b;\nselp.u32 %d, 1, 0, %p;")
    for logic, join in (("and", lambda x, y: x & y), ("or", lambda x, y: x | y), ("xor", lambda x, y: x ^ y)):
        case(chapter, f"setp.lt.{logic}.s32", "u32", ["s32"] * 3,
             lambda a, b, c, join=join: join(signed(a, 32) < signed(b, 32), signed(c, 32) > 0) | join(signed(a, 32) >= signed(b, 32), signed(c, 32) > 0) << 1,
             body=f"setp.gt.s32 %p, %c, 0;\nsetp.lt.{logic}.s32 %p|%q, %a, %b, %p;\nselp.u32 %d, 1, 0, %p;\n@%q or.b32 %d, %d, 2;")
    case(chapter, "set.lt.u32.s32", "u32", ["s32"] * 2, lambda a, b: 0xffffffff if signed(a, 32) < signed(b, 32) else 0)
    case(chapter, "set.ge.f32.f32", "f32", ["f32"] * 2, lambda a, b: F32.one if float_compare(F32, "ge", a, b) else 0)
    case(chapter, "set.eq.u32.f32", "u32", ["f32"] * 2, lambda a, b: 0xffffffff if float_compare(F32, "eq", a, b) else 0, inputs=near("f32"))
    for t in ("b16", "b32", "b64"):
        case(chapter, f"selp.{t}", t, [t, t, "s32"], lambda a, b, c: a if signed(c, 32) > 3 else b,
             body=f"setp.gt.s32 %p, %c, 3;\nselp.{t} %d, %a, %b, %p;")
    case(chapter, "slct.u32.s32", "u32", ["u32", "u32", "s32"], lambda a, b, c: a if signed(c, 32) >= 0 else b)
    case(chapter, "slct.f32.f32", "f32", ["f32", "f32", "f32"], lambda a, b, c: a if float_compare(F32, "ge", c, 0) else b)
    chapter = "logic"
    for t in ("b16", "b32", "b64"):
        case(chapter, f"and.{t}", t, [t, t], lambda a, b: a & b)
        case(chapter, f"or.{t}", t, [t, t], lambda a, b: a | b)
        case(chapter, f"xor.{t}", t, [t, t], lambda a, b: a ^ b)
        case(chapter, f"not.{t}", t, [t], lambda a: ~a)
        case(chapter, f"cnot.{t}", t, [t], lambda a: int(a == 0))
        n = BITS[t]
        amounts = lambda t=t, n=n: [values(t, 0), values("u32", 1, (0, n + 20))]
        case(chapter, f"shl.{t}", t, [t, "u32"], lambda a, b, n=n: a << b if b < n else 0, inputs=amounts())
        case(chapter, f"shr.u{n}", f"u{n}", [f"u{n}", "u32"], lambda a, b, n=n: a >> b if b < n else 0, inputs=amounts())
        case(chapter, f"shr.s{n}", f"s{n}", [f"s{n}", "u32"], lambda a, b, n=n: signed(a, n) >> min(b, n - 1), inputs=amounts())
    for table in (0x00, 0x80, 0xE8, 0x96, 0x1B, 0xFE):
        def lop3(a, b, c, table=table):
            return sum((table >> ((a >> i & 1) << 2 | (b >> i & 1) << 1 | (c >> i & 1)) & 1) << i for i in range(32))
        case(chapter, f"lop3.b32", "b32", ["b32"] * 3, lop3, name=f"lop3_{table:02x}", body=f"lop3.b32 %d, %a, %b, %c, {table};")
    for mode in ("clamp", "wrap"):
        n = lambda c, mode=mode: min(c, 32) if mode == "clamp" else c & 31
        inputs = [values("b32", 0), values("b32", 1), values("u32", 2, (0, 50))]
        case(chapter, f"shf.l.{mode}.b32", "b32", ["b32", "b32", "u32"], lambda a, b, c, n=n: ((b << 32 | a) << n(c)) >> 32, inputs=inputs)
        case(chapter, f"shf.r.{mode}.b32", "b32", ["b32", "b32", "u32"], lambda a, b, c, n=n: (b << 32 | a) >> n(c), inputs=inputs)


# ---------------------------------------------------------------------------------------------------- data movement, conversion

def conversions():
    chapter = "conversion"
    kinds = ("u8", "s8", "u16", "s16", "u32", "s32", "u64", "s64")
    for source in kinds:
        for target in kinds:
            if source == target:
                continue
            # A register is wider than 8 bits: what stands in it is extended as its type says, and so is what is stored.
            case(chapter, f"cvt.{target}.{source}", target, [source], lambda a, source=source: as_number(a, source))
    for target in ("u8", "s8", "u16", "s16", "u32", "s32"):
        for source in ("s64", "u64", "s32"):
            if BITS[target] > BITS[source] or target == source:
                continue
            n = BITS[target]
            low, high = (-(1 << (n - 1)), (1 << (n - 1)) - 1) if target[0] == "s" else (0, (1 << n) - 1)
            case(chapter, f"cvt.sat.{target}.{source}", target, [source],
                 lambda a, source=source, low=low, high=high: min(max(as_number(a, source), low), high))
    modes = {"rni": "rn", "rzi": "rz", "rmi": "rm", "rpi": "rp"}
    for source, f in (("f32", F32), ("f64", F64), ("f16", F16)):
        for target in ("s32", "u32", "s64", "u64", "s16", "u8"):
            for mode in modes if source == "f32" and BITS[target] >= 32 else ("rzi", "rni"):
                case(chapter, f"cvt.{mode}.{target}.{source}", target, [source],
                     lambda a, f=f, target=target, mode=mode: sf.to_integer(f, a, BITS[target], target[0] == "s", modes[mode]))
        for mode in modes:
            case(chapter, f"cvt.{mode}.{source}.{source}", source, [source], lambda a, f=f, mode=mode: sf.to_integral(f, a, modes[mode]))
    for target, f in (("f32", F32), ("f64", F64), ("f16", F16)):
        for source in ("s32", "u32", "s64", "u64", "s16", "u8"):
            for mode in ("rn", "rz", "rm", "rp") if BITS[source] >= 32 else ("rn",):
                case(chapter, f"cvt.{mode}.{target}.{source}", target, [source],
                     lambda a, f=f, source=source, mode=mode: f.encode(sf.Fraction(as_number(a, source)), mode))
    for mode in ("rn", "rz", "rm", "rp"):
        for target, source in (("f32", "f64"), ("f16", "f32"), ("f16", "f64")):
            case(chapter, f"cvt.{mode}.{target}.{source}", target, [source],
                 lambda a, target=target, source=source, mode=mode: sf.convert(FLOATS[source], FLOATS[target], a, mode))
    for mode in ("rn", "rz"):
        case(chapter, f"cvt.{mode}.bf16.f32", "bf16", ["f32"], lambda a, mode=mode: sf.convert(F32, BF16, a, mode))
    for target, source in (("f64", "f32"), ("f32", "f16"), ("f64", "f16"), ("f32", "bf16")):
        case(chapter, f"cvt.{target}.{source}", target, [source], lambda a, target=target, source=source: sf.convert(FLOATS[source], FLOATS[target], a))
    case(chapter, "cvt.sat.f32.f32", "f32", ["f32"], lambda a: sf.saturate(F32, a))
    case(chapter, "cvt.rn.sat.f32.f64", "f32", ["f64"], lambda a: sf.saturate(F32, sf.convert(F64, F32, a)))
    case(chapter, "cvt.ftz.f64.f32", "f64", ["f32"], lambda a: sf.convert(F32, F64, sf.flush(F32, a)))
    case(chapter, "cvt.rn.f16x2.f32", "b32", ["f32", "f32"], lambda a, b: sf.convert(F32, F16, a) << 16 | sf.convert(F32, F16, b),
         inputs=[[v if not F32.is_nan(v) else F32.one for v in values("f32", i)] for i in (0, 1)])
    chapter = "data_movement"
    modes = {"": lambda a, b, c: c}

    def prmt(a, b, c):
        source = [(b << 32 | a) >> 8 * i & 255 for i in range(8)]
        result = 0
        for i in range(4):
            selector = c >> 4 * i & 15
            byte = source[selector & 7]
            result |= (255 if byte >> 7 else 0 if selector & 8 else byte) << 8 * i if selector & 8 else byte << 8 * i
        return result

    case(chapter, "prmt.b32", "b32", ["b32", "b32", "b32"], prmt, inputs=[values("b32", 0), values("b32", 1), values("b32", 2, (0, 65535))])
    for mode, pick in (("f4e", lambda c: [c, c + 1, c + 2, c + 3]), ("b4e", lambda c: [c, c - 1, c - 2, c - 3]), ("rc8", lambda c: [c] * 4),
                       ("ecl", lambda c: [max(i, c) for i in range(4)]), ("ecr", lambda c: [min(i, c) for i in range(4)]),
                       ("rc16", lambda c: [0, 1, 0, 1] if c & 1 == 0 else [2, 3, 2, 3])):
        def chosen(a, b, c, pick=pick):
            return sum(((b << 32 | a) >> 8 * (k & 7) & 255) << 8 * i for i, k in enumerate(pick(c & 3)))
        case(chapter, f"prmt.b32.{mode}", "b32", ["b32", "b32", "b32"], chosen)
    case(chapter, "mov_b64_pair", "b64", ["b32", "b32"], lambda a, b: b << 32 | a, body="mov.b64 %d, {%a, %b};")
    case(chapter, "mov_unpack", "b32", ["b64"], lambda a: (a & 0xffffffff) ^ a >> 32,
         body=".reg .b32 %lo, %hi;\nmov.b64 {%lo, %hi}, %a;\nxor.b32 %d, %lo, %hi;")
    case(chapter, "mov_b32_halves", "b32", ["b16", "b16"], lambda a, b: b << 16 | a, body="mov.b32 %d, {%a, %b};")
    for t in ("u8", "s8", "u16", "s16", "u32", "s32", "b64"):
        for space in ("local", "shared"):
            wide = "s64" if t[0] == "s" else "u64"
            if t == "b64":
                case(chapter, f"ld.{space}.{t}", "b64", ["b64"], lambda a: a,
                     body=f".{space} .align 8 .b8 place[{8 * COUNT}];\n" + place(space, 8) + f"st.{space}.b64 [%base], %a;\nld.{space}.b64 %d, [%base];")
                continue
            case(chapter, f"ld.{space}.{t}", wide, ["b64"], lambda a, t=t: as_number(a, t),
                 body=f".{space} .align 8 .b8 place[{8 * COUNT}];\n" + place(space, 8) + f"st.{space}.b64 [%base], %a;\nld.{space}.{t} %d, [%base];")
    case(chapter, "ld_generic_shared", "b32", ["b32"], lambda a: a,
         body=f".shared .align 8 .b8 place[{8 * COUNT}];\n" + place("shared", 8) +
              "cvta.shared.u64 %base, %base;\nst.b32 [%base], %a;\nld.b32 %d, [%base];")
    case(chapter, "ld_generic_local", "b32", ["b32"], lambda a: a,
         body=f".local .align 8 .b8 place[{8 * COUNT}];\n" + place("local", 8) +
              "cvta.local.u64 %base, %base;\nst.b32 [%base], %a;\nld.b32 %d, [%base];")
    case(chapter, "ld_v2_v4", "u32", ["b32", "b32"], lambda a, b: (a + 2 * b) + 3 * (a ^ b) + 4 * (a & b),
         body=f".local .align 16 .b8 place[16];\n.reg .b32 %x, %y, %z, %w;\nxor.b32 %x, %a, %b;\nand.b32 %y, %a, %b;\n"
              "st.local.v2.b32 [place], {%a, %b};\nst.local.v2.b32 [place+8], {%x, %y};\nld.local.v4.b32 {%x, %y, %z, %w}, [place];\n"
              "mad.lo.u32 %d, %y, 2, %x;\nmad.lo.u32 %d, %z, 3, %d;\nmad.lo.u32 %d, %w, 4, %d;")


def place(space, stride):
    return f"mov.u64 %base, place;\nmul.wide.u32 %offset, %thread, {stride};\nadd.s64 %base, %base, %offset;\n"


# ---------------------------------------------------------------------------------------------------- video

def video():
    chapter = "video"
    low, high = -(1 << 31), (1 << 31) - 1
    case(chapter, "vadd.s32.s32.s32.sat", "s32", ["s32", "s32"], lambda a, b: min(max(signed(a, 32) + signed(b, 32), low), high))
    case(chapter, "vsub.u32.u32.u32", "u32", ["u32", "u32"], lambda a, b: a - b)
    case(chapter, "vabsdiff.s32.s32.s32", "s32", ["s32", "s32"], lambda a, b: abs(signed(a, 32) - signed(b, 32)))
    case(chapter, "vmin.s32.s32.s32", "s32", ["s32", "s32"], lambda a, b: min(signed(a, 32), signed(b, 32)))
    case(chapter, "vmax.u32.u32.u32", "u32", ["u32", "u32"], lambda a, b: max(a, b))
    byte = lambda v, i: signed(v >> 8 * i, 8)
    case(chapter, "vadd_bytes", "s32", ["b32", "b32", "s32"], lambda a, b, c: byte(a, 1) + byte(b, 3) + signed(c, 32),
         body="vadd.s32.s32.s32.add %d, %a.b1, %b.b3, %c;")
    case(chapter, "vmad_halves", "s32", ["b32", "b32", "s32"], lambda a, b, c: signed(a, 16) * signed(b >> 16, 16) + signed(c, 32),
         body="vmad.s32.s32.s32 %d, %a.h0, %b.h1, %c;", inputs=[values("b32", 0), values("b32", 1), values("s32", 2, (-1000, 1000))])
    case(chapter, "vshl.u32.u32.u32.clamp", "u32", ["u32", "u32"], lambda a, b: a << min(b, 32), inputs=[values("u32", 0), values("u32", 1, (0, 40))])
    case(chapter, "vset.u32.u32.lt", "u32", ["u32", "u32"], lambda a, b: int(a < b))
    each = lambda count, width, function: lambda a, b, c: sum((function(a >> width * i & ((1 << width) - 1), b >> width * i & ((1 << width) - 1)) &
                                                              ((1 << width) - 1)) << width * i for i in range(count))
    for count, width in ((2, 16), (4, 8)):
        for op, function in (("add", lambda x, y: x + y), ("sub", lambda x, y: x - y), ("min", min), ("max", max),
                             ("absdiff", lambda x, y: abs(x - y)), ("avrg", lambda x, y: (x + y + 1) >> 1)):
            case(chapter, f"v{op}{count}.u32.u32.u32", "u32", ["u32", "u32", "u32"], each(count, width, function),
                 body=f"v{op}{count}.u32.u32.u32 %d, %a, %b, %c;")


def main():
    import cases_of_matrices
    import cases_of_threads

    for chapter in (integers, floats, comparisons, conversions, video, cases_of_threads.write, cases_of_matrices.write):
        chapter()
    stale = []
    for path, text in CASES.items():
        file = HERE / path
        if file.exists() and file.read_text() == text:
            continue
        if "--check" in sys.argv:
            stale.append(path)
            continue
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    for file in HERE.glob("*/*.ptx"):
        if str(file.relative_to(HERE)) not in CASES and file.read_text().startswith("// Written by tests/run/generate.py"):
            stale.append(f"{file.relative_to(HERE)} (no longer written)")
            if "--check" not in sys.argv:
                file.unlink()
    for path in stale:
        print(f"tests/run/{path}: run tests/run/generate.py")
    print(f"{len(CASES)} cases")
    sys.exit(bool(stale and "--check" in sys.argv))


if __name__ == "__main__":
    sys.modules["generate"] = sys.modules["__main__"]
    main()
