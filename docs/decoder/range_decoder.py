"""The range decoder: section 4.1."""
from errors import SmidgenError
from fields import M32

#: Bytes beyond the end of a body that may be read.
ZEROS = 4


class RangeDecoder:
    """Gives events of a body. One that ends early is error `short`."""

    def __init__(self, body, short):
        self.body, self.short = body, short
        self.read = 4                                       # bytes that were asked for, also beyond the end
        self.range, self.code = M32, int.from_bytes(body[:4].ljust(4, b"\0"), "big")

    def event(self, p):
        bound = self.range * p >> 16
        bit = int(self.code < bound)
        if bit:
            self.range = bound
        else:
            self.code -= bound
            self.range -= bound
        while self.range < 1 << 24:
            self.range <<= 8
            self.code = (self.code << 8 | self.next_byte()) & M32
        return bit

    def next_byte(self):
        self.read += 1
        if self.read <= len(self.body):
            return self.body[self.read - 1]
        if self.read > len(self.body) + ZEROS:
            raise SmidgenError(self.short, "the body ends early")
        return 0
