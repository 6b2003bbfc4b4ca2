"""A deflate encoder like no other: what it decides depends on the bytes alone, so that a stream of the base shows it."""
import zlib

import encoder  # noqa: F401 - first: it finds the decoder
from deflate import Writer, distance_symbol, length_symbol, put_tokens
from inflate import END
from trees import FIXED, ORDER, Step, Trees, codes, expected, lengths_of, likely, step


def draw(plain, at, what):
    """A number of 32 bits, by the bytes at a place."""
    return zlib.crc32(plain[at:at + 6], what)


def places(plain, heads, at):
    """Distances of matches of four bytes, the nearest first."""
    return [at - place for place in reversed(heads.get(plain[at:at + 4], ())) if at - place <= 32768]


def tokens(plain):
    """(position, length, distance) of all; a length of 259 is the other form of 258."""
    found, heads, at = [], {}, 0
    while at < len(plain):
        length, distance = 1, 0
        near = places(plain, heads, at)
        if near and draw(plain, at, 1) % 4:
            distance = near[min(draw(plain, at, 2) % 3, len(near) - 1)]
            most = min(258, len(plain) - at)
            length = next((n for n in range(most) if plain[at + n] != plain[at + n - distance]), most)
            if draw(plain, at, 3) % 5 == 0:
                length = max(3, length - 2)
            length += length == 258 and draw(plain, at, 4) % 2
        found.append((at, length, distance))
        end = at + min(length, 258)
        for place in range(at, end):
            heads.setdefault(plain[place:place + 4], []).append(place)
        at = end
    return found


class OddStream:
    def __init__(self, plain):
        self.plain, self.out = plain, Writer()
        block, start = [], 0
        for token in tokens(plain):
            block.append(token)
            end = token[0] + min(token[1], 258)
            if end < len(plain) and draw(plain, token[0], 5) % 300 == 0:
                self.block(block, start, end, False)
                block, start = [], end
        self.block(block, start, len(plain), True)
        # Bits that mean nothing.
        self.out.put(0b1010101 & (1 << (-self.out.count & 7)) - 1, -self.out.count & 7)

    def block(self, block, start, end, last):
        kind = draw(self.plain, start, 6) % 6
        if kind == 0:
            self.out.put(last, 3)
            self.out.put(1 if self.out.count & 7 else 0, -self.out.count & 7)
            length = end - start
            self.out.put(length | (length ^ 0xFFFF) << 16, 32)
            for byte in self.plain[start:end]:
                self.out.put(byte, 8)
        elif kind == 1:
            self.out.put(last | 2, 3)
            self.write(block, FIXED)
        else:
            self.out.put(last | 4, 3)
            self.write(block, self.trees(block, kind))

    def trees(self, block, kind):
        frequencies = [0] * 286, [0] * 30
        frequencies[0][END] = 1
        for at, length, distance in block:
            frequencies[0][length_symbol(length)[0] if distance else self.plain[at]] += 1
            if distance:
                frequencies[1][distance_symbol(distance)[0]] += 1
        if kind == 2:                                       # codes for what does not occur
            frequencies[0][200] += 3
            frequencies[1][29] += 1
        trees = expected(*(likely(f, 15) for f in frequencies))
        if kind == 3:                                       # zeros one by one or as copies, and all code lengths of code lengths
            trees = Trees(trees.literals, trees.distances, [part for one in trees.steps for part in self.parts(one)])
            trees.count = 19
        elif kind == 4:                                     # repetitions from one tree to the other
            lengths, steps, at = lengths_of(trees.steps), [], 0
            while at < len(lengths):
                steps.append(step(lengths[at:], lengths[at - 1] if at else None))
                at += steps[-1].span()
            trees = Trees(trees.literals, trees.distances, steps)
        put = self.out.put
        put(trees.literals - 257 | trees.distances - 1 << 5 | trees.count - 4 << 10, 14)
        for i in range(trees.count):
            put(trees.lengths[ORDER[i]], 3)
        names = codes(trees.lengths)
        for one in trees.steps:
            put(*names[one.symbol])
            put(one.extra, one.bits())
        return trees.both()

    @staticmethod
    def parts(one):
        if one.symbol != 17:
            return [one]
        return [Step(0), Step(16, one.span() - 4)] if 4 <= one.span() <= 7 else [Step(0)] * one.span()

    def write(self, block, trees):
        put_tokens(self.out.put, self.plain, block, *map(codes, trees))


def deflate(plain):
    """The stream of these bytes."""
    return bytes(OddStream(bytes(plain)).out.bytes)
