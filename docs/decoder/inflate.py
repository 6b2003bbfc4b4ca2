"""Reads a deflate stream and what its encoder decided (RFC 1951); for section 14."""
from errors import SmidgenError
from trees import FIXED, ORDER, Step, codes, lengths_of

END = 256
LENGTHS = [(3 + i, 0) for i in range(8)] + [
    ((i % 4 + 4 << i // 4 - 1) + 3, i // 4 - 1) for i in range(8, 28)] + [(258, 0)]
DISTANCES = [(1, 0), (2, 0)] + [((i % 2 + 2 << i // 2 - 1) + 1, i // 2 - 1) for i in range(2, 30)]


class Inflated:
    """The stream that begins at data[at]: `plain`, `size` in bytes, `tokens` as (position, length, distance), `borders`."""

    def __init__(self, data, at):
        self.data, self.bit = data, 8 * at
        self.plain, self.tokens, self.borders = bytearray(), [], set()
        while self.block():
            pass
        self.size = (self.bit + 7) // 8 - at

    def bits(self, n):
        if self.bit + n > 8 * len(self.data):
            raise SmidgenError(18, "a stream ends early")
        first, last = self.bit // 8, (self.bit + n + 7) // 8
        value = int.from_bytes(self.data[first:last], "little") >> self.bit % 8 & (1 << n) - 1
        self.bit += n
        return value

    def symbol(self, table):
        code = 0
        for n in range(1, 16):
            code |= self.bits(1) << n - 1
            if (n, code) in table:
                return table[n, code]
        raise SmidgenError(18, "a code that is none")

    def block(self):
        last, kind = self.bits(1), self.bits(2)
        if kind == 0:
            self.stored()
        elif kind == 3:
            raise SmidgenError(18, "a type of block")
        else:
            literals, distances = FIXED if kind == 1 else self.trees()
            self.block_tokens(table(literals), table(distances))
        self.borders.add(len(self.plain))
        return not last

    def stored(self):
        at = (self.bit + 7) // 8
        self.bit = 8 * at
        length = self.bits(16)
        if self.bits(16) != length ^ 0xFFFF or at + 4 + length > len(self.data):
            raise SmidgenError(18, "a stored block")
        self.plain += self.data[at + 4:at + 4 + length]
        self.bit += 8 * length

    def trees(self):
        literals, distances, count = self.bits(5) + 257, self.bits(5) + 1, self.bits(4) + 4
        of_steps = [0] * 19
        for i in range(count):
            of_steps[ORDER[i]] = self.bits(3)
        steps, left = [], literals + distances
        names = table(of_steps)
        while left > 0:
            symbol = self.symbol(names)
            steps.append(Step(symbol, self.bits({16: 2, 17: 3, 18: 7}.get(symbol, 0))))
            left -= steps[-1].span()
        lengths = lengths_of(steps)
        if left < 0 or lengths is None:
            raise SmidgenError(18, "repetitions of code lengths")
        return lengths[:literals], lengths[literals:]

    def block_tokens(self, literals, distances):
        while True:
            symbol, start = self.symbol(literals), len(self.plain)
            if symbol == END:
                return
            if symbol < END:
                self.plain.append(symbol)
                self.tokens.append((start, 1, 0))
                continue
            if symbol > 285:
                raise SmidgenError(18, "a length")
            least, extra = LENGTHS[symbol - 257]
            length = least + self.bits(extra)
            of_distance = self.symbol(distances)
            if of_distance > 29:
                raise SmidgenError(18, "a distance")
            low, bits = DISTANCES[of_distance]
            distance = low + self.bits(bits)
            if distance > start:
                raise SmidgenError(18, "a match before the start")
            for _ in range(length):
                self.plain.append(self.plain[-distance])
            # Symbol 284 can stand for 258, too: section 14.5.2.
            self.tokens.append((start, 259 if length == 258 and extra else length, distance))


def table(lengths):
    found = codes(lengths)
    if found is None:
        raise SmidgenError(18, "too many codes")
    return {(n, bits): symbol for symbol, (bits, n) in enumerate(found) if n}
