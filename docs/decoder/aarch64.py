"""Section 7.3.2: AArch64."""
from fields import M32
from forms import BRANCH, HIGH, LOW, NEAR, Form, Offset, gather, pc, scatter, to_int, u32

HI_LO = [(5, 19), (29, 2)]
IMM12 = [(10, 12)]


def is_adrp(w):
    return w & 0x9F000000 == 0x90000000


def is_add(w):
    return w & 0x7FC00000 == 0x11000000


def is_load_store(w):
    return w & 0x3B000000 == 0x39000000


def unit(w):
    if is_add(w):
        return 0
    return 4 if w >> 26 & 1 and w >> 23 & 1 else w >> 30


def rn(w):
    return w >> 5 & 31


class Adrp(Form):
    def __init__(self):
        super().__init__(HIGH, 4)

    def read(self, b, site, extra):
        return (site & ~0xFFF) + (gather(b, HI_LO) << 12) + extra & M32

    def write(self, b, site, address, extra):
        return scatter(b, HI_LO, to_int((address & ~0xFFF) - (site & ~0xFFF) & M32) >> 12)

    def after(self, registers, a, b, c, site, target_site):
        registers.put(b & 31, site, self.read(b, site, 0), self.read(c, target_site, 0))


class Lower(Form):
    """ADD, load and store."""

    def __init__(self):
        super().__init__(LOW, 4)

    def read(self, b, site, extra):
        return extra + (gather(b, IMM12) << unit(b)) & M32

    def write(self, b, site, address, extra):
        d = address - extra & M32
        if d >= 0x1000 or d & (1 << unit(b)) - 1:
            return None
        return scatter(b, IMM12, d >> unit(b))

    def after(self, registers, a, b, c, site, target_site):
        if b & 31 == rn(b) and (not is_load_store(c) or (c >> 26 & 1 == 0 and c >> 22 & 3 != 0)):
            registers.remove(rn(b))


BRANCH_26 = Offset(BRANCH, 4, pc, [(0, 26)], 2)
NEAR_19 = Offset(NEAR, 4, pc, [(5, 19)], 2)
NEAR_14 = Offset(NEAR, 4, pc, [(5, 14)], 2)
ADR = Offset(NEAR, 4, pc, HI_LO, 0)
ADRP = Adrp()
LOWER = Lower()


def search(state, view, count, site):
    w = u32(view, 0)
    if w & 0x7C000000 == 0x14000000:
        form = BRANCH_26
    elif w & 0xFF000000 == 0x54000000 or w & 0x7E000000 == 0x34000000 or w & 0x3B000000 == 0x18000000:
        form = NEAR_19
    elif w & 0x7E000000 == 0x36000000:
        form = NEAR_14
    elif w & 0x9F000000 == 0x10000000:
        form = ADR
    elif is_adrp(w):
        extra = partner(view, count, w & 31)
        return ADRP, ADRP.read(w, site, extra), extra
    elif is_add(w) or is_load_store(w):
        entry = state.registers.known(rn(w), site)
        return (LOWER, LOWER.read(w, site, entry.old), entry.new) if entry else None
    else:
        return None
    return form, form.read(w, site, 0), 0


def partner(view, count, register):
    """What the partner of an ADRP adds, or 0."""
    for i in range(4, count, 4):
        w = u32(view, i)
        if (is_add(w) or is_load_store(w)) and rn(w) == register:
            return LOWER.read(w, 0, 0)
        if is_adrp(w) and w & 31 == register:
            break
    return 0
