"""Section 7.3.3: A32."""
from forms import BRANCH, Magnitude, MoveWide, Offset, u32


def pc8(site):
    return site + 8


BLX = Offset(BRANCH, 4, pc8, [(0, 24), (24, 1)], 1)
BL = Offset(BRANCH, 4, pc8, [(0, 24)], 2)
LDR = Magnitude(pc8, 0, 23)
IMMEDIATE = [(16, 4), (0, 12)]
MOVW, MOVT = MoveWide(False, IMMEDIATE, 12), MoveWide(True, IMMEDIATE, 12)


def is_movt(w):
    return w >> 28 != 15 and w & 0x0FF00000 == 0x03400000


def search(state, view, count, site):
    w = u32(view, 0)
    if w & 0xFE000000 == 0xFA000000:
        form = BLX
    elif w >> 28 == 15:
        return None
    elif w & 0x0E000000 == 0x0A000000:
        form = BL
    elif w & 0x0F3F0000 == 0x051F0000:
        form = LDR
    elif w & 0x0FF00000 == 0x03000000:
        return search_movw(view, count, site)
    elif is_movt(w):
        entry = state.registers.known(MOVT.register_of(w), site)
        return (MOVT, entry.old, entry.new & 0xFFFF) if entry else None
    else:
        return None
    return form, form.read(w, site, 0), 0


def search_movw(view, count, site):
    b = u32(view, 0)
    for i in range(4, count, 4):
        w = u32(view, i)
        if is_movt(w) and MOVT.register_of(w) == MOVW.register_of(b):
            extra = MOVT.read(w, 0, 0)
            return MOVW, MOVW.read(b, site, extra), extra
    return None
