"""Section 7.3.4: RISC-V."""
from fields import M32
from forms import BRANCH, HIGH, LOW, NEAR, Form, Offset, gather, pc, scatter, sign, u32


def single_bits(*bits):
    return [(bit, 1) for bit in bits]


def rd(w):
    return w >> 7 & 31


def rs1(w):
    return w >> 15 & 31


class Upper(Form):
    """LUI and AUIPC."""

    def __init__(self, relative):
        super().__init__(HIGH, 4)
        self.relative = relative

    def origin(self, site):
        return site if self.relative else 0

    def read(self, b, site, extra):
        return self.origin(site) + (b & 0xFFFFF000) + extra & M32

    def write(self, b, site, address, extra):
        return b & 0xFFF | address - self.origin(site) + 0x800 & 0xFFFFF000

    def after(self, registers, a, b, c, site, target_site):
        registers.put(rd(b), site, self.read(b, site, 0), self.read(c, target_site, 0))


class Lower(Form):
    """The lower forms I and S."""

    def __init__(self, fields):
        super().__init__(LOW, 4)
        self.fields = fields

    def read(self, b, site, extra):
        return extra + sign(gather(b, self.fields), 12) & M32

    def write(self, b, site, address, extra):
        d = address - extra & M32
        return scatter(b, self.fields, d) if sign(d, 12) == d else None

    def after(self, registers, a, b, c, site, target_site):
        if self is LOWER_I and rd(b) == rs1(b) and b & 0x7F != 0x07:
            registers.remove(rs1(b))


JAL = Offset(BRANCH, 4, pc, [(31, 1), (12, 8), (20, 1), (21, 10)], 1)
B_COND = Offset(NEAR, 4, pc, [(31, 1), (7, 1), (25, 6), (8, 4)], 1)
C_J = Offset(NEAR, 2, pc, single_bits(12, 8, 10, 9, 6, 7, 2, 11, 5, 4, 3), 1)
C_B_COND = Offset(NEAR, 2, pc, single_bits(12, 6, 5, 2, 11, 10, 4, 3), 1)
LUI, AUIPC = Upper(False), Upper(True)
LOWER_I, LOWER_S = Lower([(20, 12)]), Lower([(25, 7), (7, 5)])


def size(w):
    return 4 if w & 3 == 3 else 2


def lower(w):
    """The lower form of an instruction by its opcode and f3, if it has one."""
    opcode, f3 = w & 0x7F, w >> 12 & 7
    if (opcode in (0x13, 0x1B, 0x67) and f3 == 0) or (opcode == 0x03 and f3 != 7) or (opcode == 0x07 and f3 in (2, 3)):
        return LOWER_I
    return LOWER_S if (opcode == 0x23 and f3 < 4) or (opcode == 0x27 and f3 in (2, 3)) else None


def upper(w):
    return {0x37: LUI, 0x17: AUIPC}.get(w & 0x7F)


def search(state, view, count, site):
    if state.inside(site):
        return None
    w = u32(view, 0)
    form = lower(w)
    if form:
        entry = state.registers.known(rs1(w), site)
        return (form, form.read(w, site, entry.old), entry.new) if entry else None
    form = upper(w)
    if form:
        extra = partner(view, count, rd(w)) if rd(w) else None
        return (form, form.read(w, site, extra), extra) if extra is not None else None
    form = branch(w)
    return (form, form.read(w, site, 0), 0) if form else None


def branch(w):
    if w & 0x7F == 0x6F:
        return JAL if rd(w) in (0, 1, 5) else None
    if w & 0x7F == 0x63:
        return B_COND if w >> 12 & 7 not in (2, 3) else None
    if w & 0xE003 == 0xA001:
        return C_J
    return C_B_COND if w & 0xE003 in (0xC001, 0xE001) else None


def partner(view, count, register):
    """What the partner of a LUI or AUIPC adds, modulo 2^32; None without one."""
    i = 4
    while i < count:
        w = u32(view, i)
        form = lower(w)
        if form and rs1(w) == register:
            return form.read(w, 0, 0)
        if upper(w) and rd(w) == register:
            return None
        i += size(w)
    return None
