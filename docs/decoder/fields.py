"""Reads fields from bytes, varints among them (section 2.1)."""
from errors import SmidgenError

M32 = 0xFFFFFFFF


class Reader:
    """Reads from data[at:end]. What ends early is error `short`, what is malformed or out of range error `number`."""

    def __init__(self, data, at=0, end=None, number=5, short=None):
        self.data, self.at, self.end = data, at, len(data) if end is None else end
        self.number, self.short = number, number if short is None else short

    def take(self, n, what):
        if n > self.end - self.at:
            raise SmidgenError(self.short, "%s ends early" % what)
        self.at += n
        return self.data[self.at - n:self.at]

    def u8(self, what, low=0, high=255):
        return self.within(self.take(1, what)[0], what, low, high)

    def varint(self, what, low=0, high=M32):
        value = 0
        for i in range(5):
            byte = self.take(1, what)[0]
            if i == 4 and byte > 0x0F:
                raise SmidgenError(self.number, "%s has more than 32 bits" % what)
            value |= (byte & 0x7F) << 7 * i
            if byte < 0x80:
                if byte == 0 and i > 0:
                    raise SmidgenError(self.number, "%s is not in its shortest form" % what)
                return self.within(value, what, low, high)
        raise AssertionError("the fifth byte is the last")

    def within(self, value, what, low, high):
        if not low <= value <= high:
            raise SmidgenError(self.number, "%s is %d, not %d to %d" % (what, value, low, high))
        return value

    def ends(self, what):
        if self.at != self.end:
            raise SmidgenError(self.number, "bytes are left over after %s" % what)
