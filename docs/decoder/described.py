"""Section 7.3.7: forms that the header describes."""
from fields import M32
from forms import BRANCH, NEAR, POINTER, Form, gather, scatter, sign


class Described(Form):
    """`form` is one of section 3.6."""

    def __init__(self, form, header):
        super().__init__((POINTER, BRANCH, NEAR)[form.reach], form.length)
        self.form, self.header = form, header

    def word(self, b):
        """w of the bytes b, and b of w."""
        if self.form.order == 0:
            return b
        if self.form.order == 1:
            return int.from_bytes(b.to_bytes(self.length, "little"), "big")
        return b >> 16 | (b & 0xFFFF) << 16

    def read(self, b, site, extra):
        form = self.form
        operand = gather(self.word(b), form.parts) << form.scale
        origin = site + form.ahead & M32
        if form.relative:
            return origin + sign(operand, form.bits) & M32
        return origin >> form.bits << form.bits | operand

    def write(self, b, site, address, extra):
        form = self.form
        origin = site + form.ahead & M32
        d = address
        if form.relative:
            d = address - origin & M32
            if sign(d, form.bits) != d:
                return None
        elif address >> form.bits != origin >> form.bits:
            return None
        if d & (1 << form.scale) - 1:
            return None
        return self.word(scatter(self.word(b), form.parts, d >> form.scale))

    def search(self, state, view, count, site):
        if site % self.form.alignment:
            return None
        b = int.from_bytes(view[:self.length], "little")
        if self.word(b) & self.form.mask != self.form.value:
            return None
        a = self.read(b, site, 0)
        return (self, a, 0) if self.cls != POINTER or self.header.in_space(a) else None
