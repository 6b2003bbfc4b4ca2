"""The events of corrections: section 14.5.3."""
from errors import SmidgenError
from fields import M32
from models import ZEROS


class Events:
    """A range decoder (section 4.1), and chances that are named by any tuples."""

    def __init__(self, body):
        self.body, self.read = body, 4
        self.range, self.code = M32, int.from_bytes(body[:4].ljust(4, b"\0"), "big")
        self.chances = {}

    def raw_event(self, p):
        bound = self.range * p >> 16
        bit = int(self.code < bound)
        if bit:
            self.range = bound
        else:
            self.code -= bound
            self.range -= bound
        while self.range < 1 << 24:
            self.range <<= 8
            self.read += 1
            if self.read > len(self.body) + ZEROS:
                raise SmidgenError(18, "corrections end early")
            byte = self.body[self.read - 1] if self.read <= len(self.body) else 0
            self.code = (self.code << 8 | byte) & M32
        return bit

    def ends(self):
        if self.read < len(self.body):
            raise SmidgenError(18, "corrections go on")

    def event(self, *name):
        value, seen = self.chances.get(name, (1 << 21, 0))
        bit = self.raw_event(max(4, min(65525, value >> 6)))
        change = (4194303 if bit else 0) - value
        value += abs(change) // (seen + 2) * (1 if change > 0 else -1)
        self.chances[name] = value, min(seen + 1, 510)
        return bit

    def tree(self, bits, *name):
        node = 1
        for _ in range(bits):
            node = node << 1 | self.event(*name, node)
        return node - (1 << bits)

    def raw(self, bits):
        value = 0
        for _ in range(bits):
            value = value << 1 | self.raw_event(0x8000)
        return value

    def number(self, *name):
        size, r = self.tree(5, *name, "size"), 1
        for i in range(1, size + 1):
            if i == 1:
                bit = self.event(*name, "first", size)
            elif i == 2:
                bit = self.event(*name, "second", 2 * size + (r & 1))
            else:
                bit = self.raw(1)
            r = r << 1 | bit
        return r - 1

    def signed(self, *name):
        u = self.number(*name)
        return u >> 1 ^ -(u & 1)
