"""Section 7.3.1: Thumb. An instruction of four bytes is h1 | h2 << 16."""
from fields import M32
from forms import BRANCH, NEAR, Form, Magnitude, MoveWide, Offset, pc4, pc4_aligned, sign, u16, u32


class Branch(Form):
    """BL, B.W and BLX."""

    def __init__(self, exchange):
        super().__init__(BRANCH, 4)
        self.origin, self.granule = (pc4_aligned, 4) if exchange else (pc4, 2)

    def read(self, b, site, extra):
        s, j1, j2 = b >> 10 & 1, b >> 29 & 1, b >> 27 & 1
        d = s << 24 | (j1 ^ s ^ 1) << 23 | (j2 ^ s ^ 1) << 22 | (b & 0x3FF) << 12 | (b >> 16 & 0x7FF) << 1
        return self.origin(site) + sign(d, 25) & M32

    def write(self, b, site, address, extra):
        d = address - self.origin(site) & M32
        if sign(d, 25) != d or d % self.granule:
            return None
        s, i1, i2 = d >> 24 & 1, d >> 23 & 1, d >> 22 & 1
        return (b & ~0x2FFF07FF | s << 10 | (i1 ^ s ^ 1) << 29 | (i2 ^ s ^ 1) << 27
                | d >> 12 & 0x3FF | (d >> 1 & 0x7FF) << 16)


IMMEDIATE = [(0, 4), (10, 1), (28, 3), (16, 8)]
MOVW, MOVT = MoveWide(False, IMMEDIATE, 24), MoveWide(True, IMMEDIATE, 24)
LDR_W = Magnitude(pc4_aligned, 16, 7)
B_COND_W = Offset(NEAR, 4, pc4, [(10, 1), (27, 1), (29, 1), (0, 6), (16, 11)], 1)
BLX, BL = Branch(True), Branch(False)
LITERAL = Offset(NEAR, 2, pc4_aligned, [(0, 8)], 2, signed=False)
B_COND = Offset(NEAR, 2, pc4, [(0, 8)], 1)
B = Offset(NEAR, 2, pc4, [(0, 11)], 1)
CBZ = Offset(NEAR, 2, pc4, [(9, 1), (3, 5)], 1, signed=False)


def is_movt(h1, h2):
    return h1 & 0xFBF0 == 0xF2C0 and h2 & 0x8000 == 0


def search(state, view, count, site):
    if state.inside(site):
        return None
    h1 = u16(view, 0)
    if h1 & 0xFF7F == 0xF85F:
        form = LDR_W
    elif h1 & 0xF800 == 0xF000:
        h2 = u16(view, 2)
        if h1 & 0xFBF0 == 0xF240 and h2 & 0x8000 == 0:
            return search_movw(view, count, site)
        if is_movt(h1, h2):
            entry = state.registers.known(h2 >> 8 & 15, site)
            return (MOVT, entry.old, entry.new & 0xFFFF) if entry else None
        form = wide(h1, h2)
    else:
        form = narrow(h1)
    return (form, form.read(u32(view, 0), site, 0), 0) if form else None


def search_movw(view, count, site):
    b = u32(view, 0)
    for i in range(4, count, 2):
        h1, h2 = u16(view, i), u16(view, i + 2)
        if is_movt(h1, h2) and h2 >> 8 & 15 == MOVW.register_of(b):
            extra = MOVT.read(u32(view, i), 0, 0)
            return MOVW, MOVW.read(b, site, extra), extra
    return None


def wide(h1, h2):
    if h2 & 0xD000 == 0x8000:
        return B_COND_W if h1 >> 7 & 7 != 7 else None
    if h2 & 0xD000 == 0xC000:
        return BLX if h2 & 1 == 0 else None
    return BL if h2 & 0x9000 == 0x9000 else None


def narrow(h1):
    if h1 >> 11 in (0b01001, 0b10100):
        return LITERAL
    if h1 >> 12 == 0b1101:
        return B_COND if h1 >> 9 & 7 != 7 else None
    if h1 >> 11 == 0b11100:
        return B
    return CBZ if h1 >> 12 == 0b1011 and h1 & 0x500 == 0x100 else None
