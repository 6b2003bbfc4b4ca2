"""Entropy codes of Zstandard (RFC 8878, section 4): finite states and Huffman."""
from errors import SmidgenError
from fields import Reader


def corrupt(what):
    return SmidgenError(18, "zstd: " + what)


class BackwardBits:
    """Bits that are read from the end of the data to its start. Beyond the start, bits are 0 and `left` is negative."""

    def __init__(self, data):
        if not data or data[-1] == 0:
            raise corrupt("end of bits")
        self.data, self.left = data, 8 * len(data) - 9 + data[-1].bit_length()

    def read(self, n):
        self.left -= n
        return self.peek(n)

    def peek(self, n):
        """The n bits from bit `left` on."""
        if self.left < 0:
            known = max(0, self.left + n)
            return (int.from_bytes(self.data[:(known + 7) // 8], "little") & (1 << known) - 1) << n - known if known else 0
        first = self.left >> 3
        value = int.from_bytes(self.data[first:(self.left + n + 7) // 8], "little")
        return value >> (self.left & 7) & (1 << n) - 1


class Table:
    """A table of finite states: what a state stands for, and how the next one is found."""

    def __init__(self, log, distribution):
        size = 1 << log
        self.log, self.symbols, self.steps = log, [0] * size, []
        high = size
        for symbol, share in enumerate(distribution):
            if share == -1:
                high -= 1
                self.symbols[high] = symbol
        place = 0
        for symbol, share in enumerate(distribution):
            for _ in range(max(share, 0)):
                self.symbols[place] = symbol
                place = place + (size >> 1) + (size >> 3) + 3 & size - 1
                while place >= high and place:
                    place = place + (size >> 1) + (size >> 3) + 3 & size - 1
        following = [abs(share) for share in distribution]
        for symbol in self.symbols:
            bits = log + 1 - following[symbol].bit_length()
            self.steps.append(((following[symbol] << bits) - size, bits))
            following[symbol] += 1

    def next(self, state, bits):
        first, n = self.steps[state]
        return first + bits.read(n)

    @classmethod
    def read(cls, r, most_accurate, most_symbols):
        """Section 4.1.1."""
        value, bit = int.from_bytes(r.data[r.at:r.end], "little"), 4
        log = (value & 15) + 5
        if log > most_accurate:
            raise corrupt("accuracy")
        left, distribution = 1 << log, []
        while left > 0:
            bits = (left + 1).bit_length()
            half = (1 << bits - 1) - 1
            fewer = (1 << bits) - 2 - left
            share = value >> bit & (1 << bits) - 1
            bit += bits
            if share & half < fewer:
                share &= half
                bit -= 1
            elif share > half:
                share -= fewer
            distribution.append(share - 1)
            left -= abs(share - 1)
            while share == 1:
                zeros = value >> bit & 3
                bit += 2
                distribution += [0] * zeros
                if zeros < 3:
                    break
            if len(distribution) > most_symbols:
                raise corrupt("symbols")
        if left < 0:
            raise corrupt("distribution")
        r.take((bit + 7) // 8, "table")
        return cls(log, distribution)


class Huffman:
    """Section 4.2: a code of at most eleven bits for literals."""

    def __init__(self, r):
        head = r.u8("tree")
        if head < 128:
            weights = self.packed_weights(Reader(r.take(head, "tree"), number=18))
        else:
            data = r.take((head - 126) // 2, "tree")
            weights = [data[i // 2] >> (0 if i % 2 else 4) & 15 for i in range(head - 127)]
        total = sum(1 << w - 1 for w in weights if w)
        if total == 0 or max(weights) > 12:
            raise corrupt("weights")
        self.bits = total.bit_length()
        rest = (1 << self.bits) - total
        if self.bits > 11 or rest & rest - 1 or len(weights) > 255:
            raise corrupt("weights")
        weights.append(rest.bit_length())
        self.codes = []
        for weight in range(1, self.bits + 1):
            for symbol, w in enumerate(weights):
                if w == weight:
                    self.codes += [(symbol, self.bits + 1 - weight)] * (1 << weight - 1)

    @staticmethod
    def packed_weights(r):
        table = Table.read(r, 6, 256)
        bits = BackwardBits(r.take(r.end - r.at, "weights"))
        states = [bits.read(table.log), bits.read(table.log)]
        if bits.left < 0:
            raise corrupt("weights")
        weights, turn = [], 0
        while True:
            weights.append(table.symbols[states[turn]])
            if bits.left < table.steps[states[turn]][1]:
                return weights + [table.symbols[states[1 - turn]]]
            states[turn] = table.next(states[turn], bits)
            turn = 1 - turn
            if len(weights) > 254:
                raise corrupt("weights")

    def decode(self, data, count):
        bits = BackwardBits(data)
        out = bytearray()
        for _ in range(count):
            symbol, used = self.codes[bits.read(self.bits)]
            bits.left += self.bits - used
            out.append(symbol)
        if bits.left != 0:
            raise corrupt("bits of literals")
        return out
