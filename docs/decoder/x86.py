"""Section 7.3.6: x86-64."""
from fields import M32
from forms import BRANCH, LOW, Form


class Displacement(Form):
    """`p` bytes before the displacement, `q` bytes of immediates after it."""

    def __init__(self, cls, p, q):
        super().__init__(cls, p + 4)
        self.p, self.q = p, q

    def read(self, b, site, extra):
        return site + self.p + 4 + self.q + (b >> 8 * self.p) & M32

    def write(self, b, site, address, extra):
        d = address - (site + self.p + 4 + self.q) & M32
        return b & (1 << 8 * self.p) - 1 | d << 8 * self.p


def table(*lines):
    """{opcode: q} of lines (q, opcodes); an opcode is a number or a pair of the first and last one."""
    opcodes = {}
    for q, *items in lines:
        for item in items:
            first, last = item if isinstance(item, tuple) else (item, item)
            opcodes.update((opcode, q) for opcode in range(first, last + 1))
    return opcodes


ONE = table(
    (0, 0x63, (0x84, 0x8B), 0x8D, (0xD0, 0xD3), (0xD8, 0xDF), 0xFE, 0xFF),
    (1, 0x6B, 0x80, 0x83, 0xC0, 0xC1, 0xC6),
    (4, 0x69, 0x81, 0xC7))
ONE.update((opcode, 0) for opcode in range(0x40) if opcode & 4 == 0)
TWO = table(
    (0, (0x10, 0x17), (0x28, 0x2F), (0x40, 0x6F), (0x74, 0x76), 0x7E, 0x7F, (0x90, 0x9F), 0xA3, 0xAB, 0xAF, 0xB0, 0xB1,
     0xB3, (0xB6, 0xB8), (0xBB, 0xC1), (0xD0, 0xFE)),
    (1, (0x70, 0x73), 0xA4, 0xAC, 0xBA, 0xC2, (0xC4, 0xC6)))

CALL, JCC = Displacement(BRANCH, 1, 0), Displacement(BRANCH, 2, 0)
LOWER = {(p, q): Displacement(LOW, p, q) for p, q in ((2, 0), (2, 1), (2, 4), (3, 0), (3, 1))}


def form_of(v0, v1, v2):
    if v0 in (0xE8, 0xE9):
        return CALL
    if v0 == 0x0F and v1 >> 4 == 8:
        return JCC
    if v0 == 0x0F and v2 & 0xC7 == 5 and v1 in TWO:
        return LOWER[3, TWO[v1]]
    if v1 & 0xC7 != 5:
        return None
    if v0 in (0xF6, 0xF7):
        q = 0 if v1 >> 3 & 7 >= 2 else 1 if v0 == 0xF6 else 4
    else:
        q = ONE.get(v0)
    return LOWER[2, q] if q is not None else None


def search(state, view, count, site):
    form = form_of(*view[:3])
    if not form:
        return None
    a = form.read(int.from_bytes(view[:form.length], "little"), site, 0)
    size = state.header.base_size
    return (form, a, 0) if (a - state.header.base_address) & M32 < size + (size >> 2) else None
