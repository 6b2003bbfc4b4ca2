"""The events of corrections: section 14.5.3."""
from errors import SmidgenError
from range_decoder import RangeDecoder


class Events:
    """Events by chances that are named by any tuples."""

    def __init__(self, body):
        self.decoder, self.chances = RangeDecoder(body, 18), {}

    def ends(self):
        if self.decoder.read < len(self.decoder.body):
            raise SmidgenError(18, "corrections go on")

    def event(self, *name):
        value, seen = self.chances.get(name, (1 << 21, 0))
        bit = self.decoder.event(max(4, min(65525, value >> 6)))
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
            value = value << 1 | self.decoder.event(0x8000)
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
