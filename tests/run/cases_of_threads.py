"""Cases in which threads meet: warp operations, barriers, atomics; and those about control flow, calls and special registers.

Each has COUNT threads, so its second warp has half of its lanes.
"""
from generate import BITS, COUNT, OfAll, case, signed, values

WARPS = [(0, 32), (32, COUNT)]
FULL, PART = 0xffffffff, (1 << (COUNT - 32)) - 1
# The mask of the lanes that exist, in %m.
MEMBERS = "setp.lt.u32 %p, %thread, 32;\n.reg .b32 %m, %lane;\nselp.b32 %m, 0xffffffff, " + hex(PART) + ", %p;\nmov.u32 %lane, %laneid;\n"


def by_warp(function):
    """`function(lists of one warp)` -> its list of results."""
    return OfAll(lambda *columns: [r for first, last in WARPS for r in function(*[c[first:last] for c in columns])])


def shuffle(mode, clamp, segments, values_of, b):
    """The manual's pseudo code for shfl."""
    out = []
    for lane, value in enumerate(values_of):
        step = b[lane] & 31
        highest = (lane & segments) | (clamp & ~segments & 31)
        lowest = lane & segments
        if mode == "up":
            source, fits = lane - step, lane - step >= highest
        elif mode == "down":
            source, fits = lane + step, lane + step <= highest
        elif mode == "bfly":
            source, fits = lane ^ step, (lane ^ step) <= highest
        else:
            source = lowest | (step & ~segments & 31)
            fits = source <= highest
        if not fits:
            source = lane
        out.append((values_of[source] if source < len(values_of) else None, fits))
    return out


def warp():
    chapter = "warp"
    for mode in ("up", "down", "bfly", "idx"):
        for width in (32, 8):
            segments = (32 - width) & 31
            clamp = 0 if mode == "up" else 31
            for name, steps in (("1", [1] * COUNT), ("varying", [i % 7 for i in range(COUNT)])):
                if name == "varying" and mode == "bfly":
                    steps = [i % 4 * 4 % 8 for i in range(COUNT)]
                # Lanes that do not exist must not be read.
                def oracle(a, b, mode=mode, clamp=clamp, segments=segments):
                    return [(value + (1000 if fits else 0)) for value, fits in shuffle(mode, clamp, segments, a, b)]
                reached = [v for first, last in WARPS for v, _ in shuffle(mode, clamp, segments, list(range(last - first)), steps[first:last])]
                steps = [0 if v is None else s for v, s in zip(reached, steps)]
                c = segments << 8 | clamp
                case(chapter, f"shfl.sync.{mode}.b32", "u32", ["u32", "u32"], by_warp(oracle), name=f"shfl_{mode}_{width}_{name}",
                     inputs=[values("u32", 0), steps],
                     body=MEMBERS + f"shfl.sync.{mode}.b32 %d|%q, %a, %b, {c:#x}, %m;\n@%q add.u32 %d, %d, 1000;")
    positive = lambda column: [int(signed(v, 32) > 0) for v in column]
    ballot = lambda column: sum(v << i for i, v in enumerate(positive(column)))
    head = MEMBERS + "setp.gt.s32 %p, %a, 0;\n"
    case(chapter, "vote.ballot", "u32", ["s32"], by_warp(lambda a: [ballot(a)] * len(a)), body=head + "vote.sync.ballot.b32 %d, %p, %m;")
    for mode, holds in (("all", lambda v: all(v)), ("any", lambda v: any(v)), ("uni", lambda v: all(v) or not any(v))):
        for name, column in (("mixed", values("s32", 0)), ("true", [5] * COUNT), ("false", [0] * COUNT)):
            case(chapter, f"vote.{mode}", "u32", ["s32"], by_warp(lambda a, holds=holds: [int(holds(positive(a)))] * len(a)),
                 name=f"vote_{mode}_{name}", inputs=[column], body=head + f"vote.sync.{mode}.pred %q, %p, %m;\nselp.u32 %d, 1, 0, %q;")
    case(chapter, "activemask", "u32", ["s32"], by_warp(lambda a: [ballot(a) if p else 7 for p in positive(a)]),
         body=head + "mov.u32 %d, 7;\n@!%p bra SKIP;\nactivemask.b32 %d;\nSKIP:")
    few = [[v % 5 for v in values("u32", 0)]]
    for t in ("b32", "b64"):
        case(chapter, f"match.any.sync.{t}", "u32", [t], by_warp(lambda a: [sum((v == w) << i for i, w in enumerate(a)) for v in a]),
             inputs=few, body=MEMBERS + f"match.any.sync.{t} %d, %a, %m;")
        for name, column in (("equal", [9] * COUNT), ("different", few[0])):
            case(chapter, f"match.all.sync.{t}", "u32", [t],
                 by_warp(lambda a: [(1 << len(a)) - 1 ^ 0x80000000 if len(set(a)) == 1 else 0] * len(a)),
                 name=f"match_all_{t}_{name}", inputs=[column],
                 body=MEMBERS + f"match.all.sync.{t} %d|%q, %a, %m;\n@%q xor.b32 %d, %d, 0x80000000;")
    fold = lambda function: by_warp(lambda a: [__import__("functools").reduce(function, a)] * len(a))
    mask = 0xffffffff
    s = lambda v: signed(v, 32)
    for op, t, function in (("add", "u32", lambda x, y: x + y & mask), ("add", "s32", lambda x, y: x + y & mask), ("min", "u32", min),
                            ("max", "u32", max), ("min", "s32", lambda x, y: min(x, y, key=s)), ("max", "s32", lambda x, y: max(x, y, key=s)),
                            ("and", "b32", lambda x, y: x & y), ("or", "b32", lambda x, y: x | y), ("xor", "b32", lambda x, y: x ^ y)):
        case(chapter, f"redux.sync.{op}.{t}", t, [t], fold(function), body=MEMBERS + f"redux.sync.{op}.{t} %d, %a, %m;")
    # A subset of the lanes, the even ones.
    even = lambda column: [v for i, v in enumerate(column) if i % 2 == 0]
    case(chapter, "redux_subset", "u32", ["u32"], by_warp(lambda a: [sum(even(a)) & mask if i % 2 == 0 else 1 for i in range(len(a))]),
         body=MEMBERS + "and.b32 %m, %m, 0x55555555;\nand.b32 %lane, %lane, 1;\nsetp.eq.u32 %p, %lane, 0;\nmov.u32 %d, 1;\n"
              "@!%p bra SKIP;\nredux.sync.add.u32 %d, %a, %m;\nSKIP:")
    case(chapter, "elect.sync", "u32", ["u32"], by_warp(lambda a: [1] + [0] * (len(a) - 1)),
         body=MEMBERS + "elect.sync %d|%q, %m;\nselp.u32 %d, 1, 0, %q;")
    case(chapter, "bar_warp_sync", "u32", ["u32"], by_warp(lambda a: [a[(i + 1) % len(a)] for i in range(len(a))]),
         body=MEMBERS + f".shared .align 4 .b8 tile[{4 * COUNT}];\n.reg .b32 %to, %n, %w;\nmov.u32 %to, tile;\nmad.lo.u32 %n, %thread, 4, %to;\n"
              "st.shared.u32 [%n], %a;\nbar.warp.sync %m;\npopc.b32 %n, %m;\nadd.u32 %w, %lane, 1;\nrem.u32 %w, %w, %n;\n"
              "sub.u32 %n, %thread, %lane;\nadd.u32 %w, %w, %n;\nmad.lo.u32 %w, %w, 4, %to;\nld.shared.u32 %d, [%w];")


SHARED = f".shared .align 4 .b8 tile[{4 * COUNT}];\n.reg .b32 %to, %from;\nmov.u32 %to, tile;\nmad.lo.u32 %from, %thread, 4, %to;\n"


def barriers():
    chapter = "barrier"
    other = lambda step: OfAll(lambda a: [a[(i + step) % COUNT] for i in range(COUNT)])
    read = lambda step: f"add.u32 %from, %thread, {step};\nrem.u32 %from, %from, {COUNT};\nmad.lo.u32 %from, %from, 4, %to;\nld.shared.u32 %d, [%from];"
    for name, barrier in (("bar_sync", "bar.sync 0;"), ("bar_sync_5", "bar.sync 5;"), ("barrier_sync", "barrier.sync 1;"),
                          ("barrier_sync_aligned_count", f"barrier.sync.aligned 2, 64;"), ("bar_sync_twice", "bar.sync 0;\nbar.sync 0;")):
        if "count" in name:
            continue  # a count is a multiple of the warp's size, which COUNT is not
        case(chapter, name, "u32", ["u32"], other(17), body=SHARED + f"st.shared.u32 [%from], %a;\n{barrier}\n" + read(17))
    tests = lambda a: [int(signed(v, 32) > 0) for v in a]
    for op, function in (("popc.u32", sum), ("and.pred", lambda v: int(all(v))), ("or.pred", lambda v: int(any(v)))):
        target = "%d" if op == "popc.u32" else "%q"
        case(chapter, f"bar.red.{op}", "u32", ["s32"], OfAll(lambda a, function=function: [function(tests(a))] * COUNT),
             body=f"setp.gt.s32 %p, %a, 0;\nbar.red.{op} {target}, 0, %p;" + ("" if target == "%d" else "\nselp.u32 %d, 1, 0, %q;"))

    def loop(a):
        a = list(a)
        for _ in range(10):
            a = [(a[i] + a[(i + 1) % COUNT]) & 0xffffffff for i in range(COUNT)]
        return a

    case(chapter, "bar_sync_in_loop", "u32", ["u32"], OfAll(loop),
         body=SHARED + ".reg .b32 %i, %next, %x;\nmov.u32 %i, 0;\nadd.u32 %next, %thread, 1;\nrem.u32 %next, %next, " + str(COUNT) +
              ";\nmad.lo.u32 %next, %next, 4, %to;\nmov.u32 %d, %a;\nLOOP:\nst.shared.u32 [%from], %d;\nbar.sync 0;\nld.shared.u32 %x, [%next];\n"
              "add.u32 %d, %d, %x;\nbar.sync 0;\nadd.u32 %i, %i, 1;\nsetp.lt.u32 %p, %i, 10;\n@%p bra LOOP;")
    case(chapter, "bar_sync_after_exit", "u32", ["u32"], OfAll(lambda a: [a[i] if i % 3 == 0 else a[i] + 1 for i in range(COUNT)]),
         body=".reg .b32 %x;\nrem.u32 %x, %thread, 3;\nmov.u32 %d, %a;\nsetp.eq.u32 %p, %x, 0;\n@%p bra DONE;\nadd.u32 %d, %a, 1;\nDONE:\nbar.sync 0;")


def atomics():
    chapter = "atomic"
    word = 0xffffffff
    s = lambda v, n=32: signed(v, n)
    ops = [("add", "u32", lambda x, y: x + y), ("add", "s32", lambda x, y: x + y), ("add", "u64", lambda x, y: x + y), ("min", "s32", lambda x, y: min(x, y, key=s)),
           ("max", "u32", max), ("min", "u64", min), ("max", "s64", lambda x, y: max(x, y, key=lambda v: s(v, 64))), ("and", "b32", lambda x, y: x & y),
           ("or", "b32", lambda x, y: x | y), ("xor", "b32", lambda x, y: x ^ y), ("xor", "b64", lambda x, y: x ^ y), ("exch", "b32", lambda x, y: y),
           ("exch", "b64", lambda x, y: y), ("inc", "u32", lambda x, y: 0 if x >= y else x + 1), ("dec", "u32", lambda x, y: y if x == 0 or x > y else x - 1)]
    for space in ("shared", "global"):
        for op, t, function in ops:
            n = BITS[t]
            # The old value and the new one of a place of the thread's own.
            memory = f".shared .align 8 .b8 tile[{8 * COUNT}];\n.reg .b{n} %old;\n.reg .b64 %where;\n"
            if space == "shared":
                memory += "mov.u64 %where, tile;\nmul.wide.u32 %offset, %thread, 8;\nadd.s64 %where, %where, %offset;\n"
            else:
                memory += "ld.param.u64 %where, [p_a];\ncvta.to.global.u64 %where, %where;\nmul.wide.u32 %offset, %thread, " + str(n // 8) + ";\nadd.s64 %where, %where, %offset;\n"
            case(chapter, f"atom.{space}.{op}.{t}", t, [t, t], lambda a, b, function=function: function(a, b) * 3 + a,
                 body=memory + f"st.{space}.b{n} [%where], %a;\natom.{space}.{op}.{t} %old, [%where], %b;\nld.{space}.b{n} %d, [%where];\n"
                      f"mad.lo.u{n} %d, %d, 3, %old;")
    case(chapter, "atom.cas.b32", "u32", ["u32", "u32", "u32"], lambda a, b, c: (c if a == b else a) * 3 + a,
         inputs=[values("u32", 0), [v if i % 2 else w for i, (v, w) in enumerate(zip(values("u32", 0), values("u32", 1)))], values("u32", 2)],
         body=f".shared .align 8 .b8 tile[{8 * COUNT}];\n.reg .b32 %old, %where;\nmov.u32 %where, tile;\nmad.lo.u32 %where, %thread, 8, %where;\n"
              "st.shared.b32 [%where], %a;\natom.shared.cas.b32 %old, [%where], %b, %c;\nld.shared.b32 %d, [%where];\nmad.lo.u32 %d, %d, 3, %old;")
    # All threads at one place; the sum does not depend on their order.
    for space in ("shared", "global"):
        for instruction in ("red", "atom"):
            target = "" if instruction == "red" else "%old, "
            where = "mov.u64 %where, total;\n"
            case(chapter, f"{instruction}.{space}.add.u32", "u32", ["u32"], OfAll(lambda a: [sum(a) & word] * COUNT), name=f"{instruction}_{space}_one_place",
                 body=(".shared .align 4 .b8 total[4];\n" if space == "shared" else "") + ".reg .b64 %where;\n.reg .b32 %old;\n" +
                      (where if space == "shared" else "ld.param.u64 %where, [p_d];\ncvta.to.global.u64 %where, %where;\n") +
                      f"st.{space}.u32 [%where], 0;\nbar.sync 0;\n{instruction}.{space}.add.u32 {target}[%where], %a;\nbar.sync 0;\n"
                      f"ld.{space}.u32 %d, [%where];\nbar.sync 0;")
    # Tickets: every thread gets another one. Their sum is known.
    case(chapter, "atom_tickets", "u32", ["u32"], OfAll(lambda a: [COUNT * (COUNT - 1) // 2] * COUNT),
         body=".shared .align 4 .b8 cells[8];\n.reg .b32 %where, %old;\nmov.u32 %where, cells;\nst.shared.u32 [%where], 0;\nst.shared.u32 [%where+4], 0;\nbar.sync 0;\n"
              "atom.shared.add.u32 %old, [%where], 1;\nred.shared.add.u32 [%where+4], %old;\nbar.sync 0;\nld.shared.u32 %d, [%where+4];")
    case(chapter, "red.f32", "f32", ["f32"], OfAll(lambda a: [0x44900000] * COUNT), inputs=[[0x41c00000] * COUNT],  # 48 times 24.0
         body=".shared .align 4 .b8 total[4];\n.reg .b32 %where;\nmov.u32 %where, total;\nst.shared.u32 [%where], 0;\nbar.sync 0;\n"
              "red.shared.add.f32 [%where], %a;\nbar.sync 0;\nld.shared.f32 %d, [%where];")
    for order in ("relaxed.gpu", "acquire.cta", "volatile"):
        release = order.replace("acquire", "release")
        case(chapter, f"ld.{order}", "u32", ["u32"], lambda a: a + 1, name=f"ld_st_{order.split('.')[0]}",
             body=f".reg .b64 %where;\nld.param.u64 %where, [p_a];\nmul.wide.u32 %offset, %thread, 4;\nadd.s64 %where, %where, %offset;\nadd.u32 %d, %a, 1;\n"
                  f"st.{release}.u32 [%where], %d;\nfence.acq_rel.gpu;\nmembar.gl;\nld.{order}.u32 %d, [%where];")


def control():
    chapter = "control"
    positive = lambda a: signed(a, 32) > 0
    case(chapter, "if_else", "u32", ["s32", "u32"], lambda a, b: b * 3 if positive(a) else b + 7,
         body="setp.gt.s32 %p, %a, 0;\n@%p bra THEN;\nadd.u32 %d, %b, 7;\nbra.uni END;\nTHEN:\nmul.lo.u32 %d, %b, 3;\nEND:")

    def collatz(a):
        steps = 0
        while a != 1:
            a, steps = (a * 3 + 1 if a % 2 else a // 2), steps + 1
        return steps

    case(chapter, "loop_divergent", "u32", ["u32"], collatz, inputs=[[i + 1 for i in range(COUNT)]],
         body=".reg .b32 %x, %bit;\nmov.u32 %x, %a;\nmov.u32 %d, 0;\nLOOP:\nsetp.eq.u32 %p, %x, 1;\n@%p bra END;\nand.b32 %bit, %x, 1;\nsetp.ne.u32 %q, %bit, 0;\n"
              "@%q mad.lo.u32 %x, %x, 3, 1;\n@!%q shr.u32 %x, %x, 1;\nadd.u32 %d, %d, 1;\nbra LOOP;\nEND:")

    def nested(a, b):
        total = 0
        for i in range(a % 6):
            for j in range(b % 5):
                if j == i:
                    continue
                if i * j > 9:
                    break
                total += i * 16 + j
        return total

    case(chapter, "loop_nested_break_continue", "u32", ["u32", "u32"], nested,
         body=".reg .b32 %i, %j, %n, %m, %x;\nmov.u32 %d, 0;\nmov.u32 %i, 0;\nrem.u32 %n, %a, 6;\nrem.u32 %m, %b, 5;\nOUTER:\nsetp.ge.u32 %p, %i, %n;\n@%p bra END;\nmov.u32 %j, 0;\n"
              "INNER:\nsetp.ge.u32 %p, %j, %m;\n@%p bra NEXT;\nsetp.eq.u32 %p, %j, %i;\n@%p bra CONTINUE;\nmul.lo.u32 %x, %i, %j;\nsetp.gt.u32 %p, %x, 9;\n@%p bra NEXT;\n"
              "mad.lo.u32 %x, %i, 16, %j;\nadd.u32 %d, %d, %x;\nCONTINUE:\nadd.u32 %j, %j, 1;\nbra INNER;\nNEXT:\nadd.u32 %i, %i, 1;\nbra OUTER;\nEND:")
    case(chapter, "brx_idx", "u32", ["u32", "u32"], lambda a, b: [b + 1, b * 5, b ^ 255, b][a % 4] + (3 if a % 4 == 1 else 0),
         body=".reg .b32 %x;\nT: .branchtargets A, B, C, D;\nrem.u32 %x, %a, 4;\nmov.u32 %d, %b;\nbrx.idx %x, T;\nA:\nadd.u32 %d, %b, 1;\nbra D;\n"
              "B:\nmad.lo.u32 %d, %b, 5, 3;\nbra D;\nC:\nxor.b32 %d, %b, 255;\nD:")
    case(chapter, "irreducible", "u32", ["u32"], lambda a: a % 7 * 2 + (1 if a % 2 else 0),
         body=".reg .b32 %n, %o;\nrem.u32 %n, %a, 7;\nand.b32 %o, %a, 1;\nmov.u32 %d, %o;\nsetp.ne.u32 %p, %o, 0;\nsetp.eq.u32 %q, %n, 0;\n@%q bra END;\n@%p bra SECOND;\n"
              "FIRST:\nadd.u32 %d, %d, 1;\nadd.u32 %n, %n, 0;\nSECOND:\nadd.u32 %d, %d, 1;\nsetp.eq.u32 %q, %o, 0;\nselp.u32 %o, 0, 0, %q;\n"
              "@%p bra FIXED;\nsub.u32 %n, %n, 1;\nsetp.ne.u32 %q, %n, 0;\n@%q bra FIRST;\nbra END;\nFIXED:\nadd.u32 %d, %d, 1;\nsub.u32 %n, %n, 1;\nsetp.eq.u32 %q, %n, 0;\n"
              "@%q bra END;\nbra SECOND;\nEND:")
    case(chapter, "ret_early", "u32", ["s32"], lambda a: 5 if positive(a) else 0,
         body="setp.gt.s32 %p, %a, 0;\nmov.u32 %d, 0;\n@!%p bra OUT;\nmov.u32 %d, 5;\nOUT:")
    case(chapter, "predicated_memory", "u32", ["s32", "u32"], lambda a, b: b if positive(a) else 99,
         body=f".local .align 4 .b8 mine[4];\nst.local.u32 [mine], 99;\nsetp.gt.s32 %p, %a, 0;\n@%p st.local.u32 [mine], %b;\nld.local.u32 %d, [mine];")
    case(chapter, "local_array_indexed", "u32", ["u32", "u32"], lambda a, b: [b, b + 1, b + 2, b + 3, b + 4, b + 5, b + 6, b + 7][a % 8],
         body=".local .align 4 .b8 mine[32];\n.reg .b64 %x, %mine;\n.reg .b32 %y, %i;\nmov.u64 %mine, mine;\nmov.u32 %i, 0;\nFILL:\nmad.wide.u32 %x, %i, 4, %mine;\n"
              "add.u32 %y, %b, %i;\nst.local.u32 [%x], %y;\nadd.u32 %i, %i, 1;\nsetp.lt.u32 %p, %i, 8;\n@%p bra FILL;\nand.b32 %i, %a, 7;\n"
              "mad.wide.u32 %x, %i, 4, %mine;\nld.local.u32 %d, [%x];")
    chapter = "special_registers"
    lane = lambda i: i % 32
    for register, value in (("tid.x", lambda i: i), ("ntid.x", lambda i: COUNT), ("ctaid.x", lambda i: 0), ("nctaid.x", lambda i: 1), ("laneid", lane),
                            ("warpid", lambda i: i // 32), ("tid.y", lambda i: 0), ("ntid.z", lambda i: 1), ("lanemask_eq", lambda i: 1 << lane(i)),
                            ("lanemask_lt", lambda i: (1 << lane(i)) - 1), ("lanemask_le", lambda i: (2 << lane(i)) - 1),
                            ("lanemask_gt", lambda i: 0xffffffff & ~((2 << lane(i)) - 1)), ("lanemask_ge", lambda i: 0xffffffff & ~((1 << lane(i)) - 1))):
        case(chapter, register, "u32", ["u32"], OfAll(lambda a, value=value: [value(i) for i in range(COUNT)]), body=f"mov.u32 %d, %{register};")
    case(chapter, "clock", "u32", ["u32"], lambda a: 1,
         body=".reg .b64 %t0, %t1;\nmov.u64 %t0, %clock64;\nmov.u64 %t1, %clock64;\nsetp.ge.u64 %p, %t1, %t0;\nselp.u32 %d, 1, 0, %p;")


def write():
    for chapter in (warp, barriers, atomics, control):
        chapter()
