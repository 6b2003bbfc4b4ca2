"""Section 7.3.5: Xtensa."""
from fields import M32
from forms import BRANCH, LOW, NEAR, Form, Offset, pc4


class L32r(Form):
    def __init__(self):
        super().__init__(LOW, 3)

    def read(self, b, site, extra):
        return (site + 3 & ~3) + ((b >> 8 & 0xFFFF | 0xFFFF0000) << 2) & M32

    def write(self, b, site, address, extra):
        d = address - (site + 3 & ~3) & M32
        if d & 3 or d < 0xFFFC0000:
            return None
        return b & 0xFF | (d >> 2 & 0xFFFF) << 8


L32R = L32r()
CALL = Offset(BRANCH, 3, lambda site: (site & ~3) + 4, [(6, 18)], 2)
J = Offset(NEAR, 3, pc4, [(6, 18)], 0)
NEAR_12 = Offset(NEAR, 3, pc4, [(12, 12)], 0)
NEAR_8 = Offset(NEAR, 3, pc4, [(16, 8)], 0)
LOOP = Offset(NEAR, 3, pc4, [(16, 8)], 0, signed=False)
NARROW = Offset(NEAR, 2, pc4, [(4, 2), (12, 4)], 0, signed=False)


def search(state, view, count, site):
    if state.inside(site):
        return None
    w = view[0] | view[1] << 8 | view[2] << 16
    form = form_of(w)
    if not form:
        return None
    a = form.read(w, site, 0)
    if form is CALL and not state.header.in_space(a):
        return None
    return form, a, 0


def form_of(w):
    if w & 15 == 1:
        return L32R
    if w & 0x1F == 5:
        return CALL
    if w & 0x3F == 6:
        return J
    if w & 0x3F == 0x16:
        return NEAR_12
    if w & 0x3F == 0x26 or w & 0xBF == 0xB6 or w & 15 == 7:
        return NEAR_8
    if w & 0xFF == 0x76:
        which = w >> 12 & 15
        return NEAR_8 if which < 2 else LOOP if which in (8, 9, 10) else None
    return NARROW if w & 0x8F == 0x8C else None
