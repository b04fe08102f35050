"""IEEE 754 arithmetic on exact fractions: the oracle of the generated test cases. Values are bit patterns."""
import math
from fractions import Fraction

FORMATS = {"f16": (11, 5), "bf16": (8, 8), "f32": (24, 8), "f64": (53, 11)}  # precision with the hidden bit, exponent bits
NAN, INF = "nan", "inf"


class Format:
    def __init__(self, name):
        self.name = name
        self.precision, self.exponent_bits = FORMATS[name]
        self.bits = self.precision + self.exponent_bits
        self.bias = (1 << (self.exponent_bits - 1)) - 1
        self.least_exponent = 1 - self.bias
        self.sign = 1 << (self.bits - 1)
        self.infinity = ((1 << self.exponent_bits) - 1) << (self.precision - 1)
        self.nan = self.infinity | (1 << (self.precision - 2))
        self.largest = self.infinity - 1
        self.one = self.bias << (self.precision - 1)

    def decode(self, bits):
        """(kind, sign, value): kind is 'nan', 'inf' or 'finite'; value is a Fraction of the magnitude."""
        negative = bool(bits & self.sign)
        magnitude = bits & (self.sign - 1)
        if magnitude > self.infinity:
            return NAN, negative, None
        if magnitude == self.infinity:
            return INF, negative, None
        exponent, fraction = divmod(magnitude, 1 << (self.precision - 1))
        if exponent:
            fraction += 1 << (self.precision - 1)
        else:
            exponent = 1
        shift = exponent - self.bias - (self.precision - 1)
        return "finite", negative, Fraction(fraction) * Fraction(2) ** shift

    def number(self, bits):
        kind, negative, value = self.decode(bits)
        assert kind == "finite"
        return -value if negative else value

    def is_nan(self, bits):
        return self.decode(bits)[0] == NAN

    def encode(self, value, mode="rn", negative_zero=False):
        """The value, a Fraction, rounded."""
        if value == 0:
            return self.sign if negative_zero else 0
        negative, value = value < 0, abs(value)
        exponent = max(value.numerator.bit_length() - value.denominator.bit_length(), self.least_exponent - 1)
        while Fraction(2) ** exponent > value and exponent > self.least_exponent:
            exponent -= 1
        while Fraction(2) ** (exponent + 1) <= value:
            exponent += 1
        exponent = max(exponent, self.least_exponent)
        scaled = value / Fraction(2) ** (exponent - (self.precision - 1))
        whole = round_fraction(scaled, mode, negative)
        bits = whole + ((exponent - self.least_exponent) << (self.precision - 1))  # a carry moves into the exponent
        if bits >= self.infinity:
            towards_zero = mode == "rz" or (mode == "rm" and not negative) or (mode == "rp" and negative)
            bits = self.largest if towards_zero else self.infinity
        return bits | (self.sign if negative else 0)


def round_fraction(value, mode, negative):
    """A magnitude to a whole number; `negative` is the sign of what it is the magnitude of."""
    whole = math.floor(value)
    rest = value - whole
    if rest == 0:
        return whole
    if mode == "rn":
        return whole + (rest > Fraction(1, 2) or (rest == Fraction(1, 2) and whole % 2 == 1))
    if mode == "rna":
        return whole + (rest >= Fraction(1, 2))
    if mode == "rz":
        return whole
    up = (mode == "rp") != negative
    return whole + up


def zero_sum(negative_a, negative_b, mode):
    """The sign of x + y == 0."""
    if negative_a == negative_b:
        return negative_a
    return mode == "rm"


def add(fmt, a, b, mode="rn"):
    (ka, na, va), (kb, nb, vb) = fmt.decode(a), fmt.decode(b)
    if NAN in (ka, kb) or (ka == kb == INF and na != nb):
        return fmt.nan
    if INF in (ka, kb):
        return a if ka == INF else b
    total = (-va if na else va) + (-vb if nb else vb)
    return fmt.encode(total, mode, zero_sum(na, nb, mode))


def negate(fmt, a):
    return a ^ fmt.sign


def sub(fmt, a, b, mode="rn"):
    return add(fmt, a, negate(fmt, b), mode)


def mul(fmt, a, b, mode="rn"):
    (ka, na, va), (kb, nb, vb) = fmt.decode(a), fmt.decode(b)
    if NAN in (ka, kb):
        return fmt.nan
    sign = fmt.sign if na != nb else 0
    if INF in (ka, kb):
        return fmt.nan if 0 in (va, vb) else fmt.infinity | sign
    product = va * vb
    return fmt.encode(-product if na != nb else product, mode, na != nb)


def fma(fmt, a, b, c, mode="rn"):
    (ka, na, va), (kb, nb, vb), (kc, nc, vc) = fmt.decode(a), fmt.decode(b), fmt.decode(c)
    if NAN in (ka, kb, kc):
        return fmt.nan
    negative = na != nb
    if INF in (ka, kb):
        if 0 in (va, vb) or (kc == INF and nc != negative):
            return fmt.nan
        return fmt.infinity | (fmt.sign if negative else 0)
    if kc == INF:
        return c
    total = (-1 if negative else 1) * va * vb + (-vc if nc else vc)
    return fmt.encode(total, mode, zero_sum(negative, nc, mode))


def div(fmt, a, b, mode="rn"):
    (ka, na, va), (kb, nb, vb) = fmt.decode(a), fmt.decode(b)
    if NAN in (ka, kb) or (ka == kb == INF) or (va == 0 and vb == 0):
        return fmt.nan
    sign = fmt.sign if na != nb else 0
    if ka == INF or vb == 0:
        return fmt.infinity | sign
    if kb == INF:
        return sign
    quotient = va / vb
    return fmt.encode(-quotient if na != nb else quotient, mode, na != nb)


def sqrt(fmt, a, mode="rn"):
    kind, negative, value = fmt.decode(a)
    if kind == NAN or (negative and value != 0):
        return fmt.nan
    if kind == INF or value == 0:
        return a
    # 2^k * value as a whole number, with so many bits that the root has some beyond the precision, and a sticky one.
    shift = 2 * (fmt.precision + 4) - (value.numerator.bit_length() - value.denominator.bit_length())
    shift += shift % 2
    scaled = value * Fraction(2) ** shift
    whole = scaled.numerator // scaled.denominator
    root = math.isqrt(whole)
    exact = root * root == scaled
    result = Fraction(root) if exact else Fraction(2 * root + 1, 2)
    return fmt.encode(result / Fraction(2) ** (shift // 2), mode)


def minimum(fmt, a, b, largest=False, propagate_nan=False):
    if fmt.is_nan(a) or fmt.is_nan(b):
        if propagate_nan or (fmt.is_nan(a) and fmt.is_nan(b)):
            return fmt.nan
        return b if fmt.is_nan(a) else a
    rank = lambda x: -(x & (fmt.sign - 1)) - 1 if x & fmt.sign else x  # -0 comes before +0
    return (max if largest else min)(a, b, key=rank)


def flush(fmt, a):
    """A denormal becomes zero of its sign."""
    magnitude = a & (fmt.sign - 1)
    return a & fmt.sign if magnitude < (1 << (fmt.precision - 1)) else a


def saturate(fmt, a):
    """To [+0, 1]; NaN is +0."""
    if fmt.is_nan(a) or a & fmt.sign:
        return 0
    return fmt.one if a > fmt.one else a


def convert(source, target, a, mode="rn"):
    kind, negative, value = source.decode(a)
    if kind == NAN:
        return target.nan
    if kind == INF:
        return target.infinity | (target.sign if negative else 0)
    return target.encode(-value if negative else value, mode, negative)


def to_integer(source, a, bits, signed, mode):
    kind, negative, value = source.decode(a)
    low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)
    if kind == NAN:  # the manual's table under cvt
        return 1 << (bits - 1) if bits == 64 or source.name == "f64" else 0
    if kind == INF:
        return (low if negative else high) & ((1 << bits) - 1)
    whole = round_fraction(value, mode, negative)
    return min(max(-whole if negative else whole, low), high) & ((1 << bits) - 1)


def to_integral(fmt, a, mode):
    kind, negative, value = fmt.decode(a)
    if kind != "finite":
        return fmt.nan if kind == NAN else a
    whole = Fraction(round_fraction(value, mode, negative))
    return fmt.encode(-whole if negative else whole, "rn", negative)
