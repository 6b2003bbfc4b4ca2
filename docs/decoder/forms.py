"""Forms of references that several kinds share (sections 7.1 and 7.3), and words (section 7.2).

The bytes b of a reference are an integer, the first byte lowest. A search takes the body's state, the view with zeros
behind it, the number of bytes in it and the site; it gives (form, address, extra) or None.
"""
from fields import M32

POINTER, BRANCH, HIGH, LOW, NEAR = range(5)


def sign(x, n):
    """The low n bits of x in two's complement, modulo 2^32."""
    x &= (1 << n) - 1
    return x - (1 << n) & M32 if x >> n - 1 else x


def to_int(x):
    return x - (1 << 32) if x >> 31 else x


def u16(view, i):
    return view[i] | view[i + 1] << 8


def u32(view, i):
    return view[i] | view[i + 1] << 8 | view[i + 2] << 16 | view[i + 3] << 24


def gather(b, fields):
    """The number in fields [(lowest bit, bits)] of an instruction, from its highest to its lowest."""
    value = 0
    for low, bits in fields:
        value = value << bits | b >> low & (1 << bits) - 1
    return value


def scatter(b, fields, value):
    """b with its fields changed to value."""
    for low, bits in reversed(fields):
        mask = (1 << bits) - 1
        b = b & ~(mask << low) | (value & mask) << low
        value >>= bits
    return b


def pc(site):
    return site


def pc4(site):
    return site + 4


def pc4_aligned(site):
    return site + 4 & ~3


class Form:
    """A form of reference: read() and write() of section 7.1; write() gives None for nothing."""

    def __init__(self, cls, length):
        self.cls, self.length = cls, length

    def after(self, registers, a, b, c, site, target_site):
        """What becomes of the registers (section 7.4); `c` are the reference's bytes in the target."""


class Offset(Form):
    """An offset in fields of an instruction, with zeros behind them."""

    def __init__(self, cls, length, origin, fields, zeros, signed=True):
        super().__init__(cls, length)
        self.origin, self.fields, self.zeros, self.signed = origin, fields, zeros, signed
        self.bits = sum(bits for _, bits in fields) + zeros

    def value(self, d):
        return sign(d, self.bits) if self.signed else d & (1 << self.bits) - 1

    def read(self, b, site, extra):
        return self.origin(site) + self.value(gather(b, self.fields) << self.zeros) & M32

    def write(self, b, site, address, extra):
        d = address - self.origin(site) & M32
        if self.value(d) != d or d & (1 << self.zeros) - 1:
            return None
        return scatter(b, self.fields, d >> self.zeros)


class Magnitude(Form):
    """LDR.W of Thumb, LDR of A32: twelve bits from bit `low` on, and a bit `up` that says whether they are added."""

    def __init__(self, origin, low, up):
        super().__init__(NEAR, 4)
        self.origin, self.low, self.up = origin, low, up

    def read(self, b, site, extra):
        d = b >> self.low & 0xFFF
        return self.origin(site) + (d if b >> self.up & 1 else -d) & M32

    def write(self, b, site, address, extra):
        d = to_int(address - self.origin(site) & M32)
        if abs(d) > 0xFFF:
            return None
        return b & ~(0xFFF << self.low | 1 << self.up) | abs(d) << self.low | (d >= 0) << self.up


class MoveWide(Form):
    """MOVW (high) and MOVT (low) of Thumb and A32 (section 7.3.1), with the register in four bits from `register` on."""

    def __init__(self, top, fields, register):
        super().__init__(LOW if top else HIGH, 4)
        self.top, self.fields, self.register = top, fields, register

    def register_of(self, b):
        return b >> self.register & 15

    def read(self, b, site, extra):
        return extra | gather(b, self.fields) << (16 if self.top else 0)

    def write(self, b, site, address, extra):
        return scatter(b, self.fields, address >> 16 if self.top else address & 0xFFFF)

    def after(self, registers, a, b, c, site, target_site):
        if not self.top:
            registers.put(self.register_of(b), site, a, gather(c, self.fields))


class Word(Form):
    """Section 7.2. `kind` is the form's number."""

    def __init__(self, kind, header):
        self.wide, self.origin, self.big = kind & 1, kind >> 1 & 3, kind >> 3 & 1
        super().__init__(POINTER, 8 if self.wide else 4)
        self.header = header

    def value(self, b):
        return int.from_bytes(b.to_bytes(self.length, "little"), "big") if self.big else b

    def o(self, site):
        return (0, site, self.header.base_address)[self.origin]

    def upper(self, low):
        return (self.header.address_high, M32 if low >> 31 else 0, 0)[self.origin]

    def read(self, b, site, extra):
        return self.value(b) + self.o(site) & M32

    def write(self, b, site, address, extra):
        low = address - self.o(site) & M32
        return self.value(low | self.upper(low) << 32 if self.wide else low)

    def search(self, state, view, count, site):
        if site % self.length:
            return None
        b = int.from_bytes(view[:self.length], "little")
        low, high = self.value(b) & M32, self.value(b) >> 32
        if self.origin == 0 and low < 0x100:
            return None
        if self.wide and high != self.upper(low):
            return None
        a = self.read(b, site, 0)
        return (self, a, 0) if self.header.in_space(a) else None
