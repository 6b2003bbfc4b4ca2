"""Makes a deflate stream again of its plain bytes and corrections: section 14.5."""
from corrections import Events
from errors import SmidgenError
from fields import M32, Reader
from inflate import DISTANCES, END, LENGTHS
from predict import LITERAL, Predictor
from trees import FIXED, ORDER, Step, Trees, codes, expected, likely, step, used


class Writer:
    """Bits, the lowest first."""

    def __init__(self):
        self.bytes, self.pending, self.count = bytearray(), 0, 0

    def put(self, value, bits):
        self.pending |= value << self.count
        self.count += bits
        while self.count >= 8:
            self.bytes.append(self.pending & 255)
            self.pending >>= 8
            self.count -= 8


class Stream:
    """`trace` is the stream of the base that is followed, inflated, or None."""

    def __init__(self, plain, corrections, most, trace):
        r = Reader(corrections, number=18)
        search = r.u8("search")
        self.border = r.varint("border")
        if not 1 <= search & 15 <= 9 or search >> 4 > 8:
            raise SmidgenError(18, "a search")
        self.plain, self.most, self.trace = bytes(plain), most, trace
        self.events = Events(corrections[r.at:])
        self.predictor = Predictor(self.plain, search & 15, (search >> 4) + 8)
        self.places = {start: (length, distance) for start, length, distance in trace.tokens} if trace else {}
        self.segment_end, self.displacement, self.like = 0, 0, False
        self.position, self.kind, self.history, self.out = 0, 2, 0, Writer()

    def make(self):
        while not self.block():
            pass
        self.events.ends()
        return bytes(self.out.bytes)

    def block(self):
        e, length = self.events, len(self.plain)
        if e.event("stored", self.kind):
            self.kind = 0
            n = e.number("stored length")
            if n > 0xFFFF or n > length - self.position:
                raise SmidgenError(18, "a stored block")
            last = self.is_last(self.position + n)
            self.out.put(last, 3)
            self.padding()
            self.out.put(n | (n ^ 0xFFFF) << 16, 32)
            for byte in self.plain[self.position:self.position + n]:
                self.out.put(byte, 8)
            self.position += n
        else:
            self.kind = 1 if e.event("fixed", self.kind) else 2
            count = None if e.event("end") else e.number("count")
            self.tokens(count)
            trees = self.trees() if self.kind == 2 else None
            last = self.is_last(self.position)
            self.write(trees, last)
        if last:
            self.padding()
        return last

    def is_last(self, end):
        last = self.events.event("last", end == len(self.plain))
        if last and end < len(self.plain):
            raise SmidgenError(18, "the last block is not the last")
        return last

    def padding(self):
        missing = -self.out.count & 7
        if missing:
            self.out.put(0 if self.events.event("zeros") else self.events.raw(missing), missing)

    # Tokens

    def tokens(self, count):
        self.block_tokens, start, matches, bits = [], self.position, 0, 0
        while True:
            done = len(self.block_tokens)
            if done == count or count is None and self.position == len(self.plain):
                return
            if done >= self.most or self.position == len(self.plain):
                raise SmidgenError(18, "too many tokens")
            at = self.position
            token = self.token()
            self.block_tokens.append((at, *token))
            self.predictor.pass_over(at, token)
            self.position += min(token[0], 258)
            if token[1]:
                matches += 1
                bits += 5 + distance_symbol(token[1])[2]
            if count is None and self.is_border(done + 1, matches, bits, at - start + (not self.predictor.greedy)):
                return

    def is_border(self, tokens, matches, bits, seen):
        if self.trace:
            return self.like and (self.position + self.displacement & M32) in self.trace.borders
        if self.border != 1:
            return tokens == self.border > 0
        small = matches < tokens // 2 and (8 * tokens + bits) // 8 < seen // 2
        return tokens == 32767 or tokens % 4096 == 0 and small

    def advance(self):
        e = self.events
        while self.segment_end <= self.position:
            self.segment_end = min(self.segment_end + e.number("segment length") + 1, M32)
            self.like = e.event("like")
            if self.like:
                self.displacement += e.signed("segment change")

    def predicted(self):
        p, left = self.position, len(self.plain) - self.position
        if self.trace:
            self.advance()
            token = self.places.get(p + self.displacement & M32) if self.like else None
            if token == LITERAL:
                return 1, token
            if token and min(token[0], 258) <= left:
                distance = next(self.predictor.places(p, token[0]), None)
                if distance:
                    return 1, (token[0], distance)
        return 0, self.predictor.own(p)

    def token(self):
        e, p = self.events, self.position
        source, predicted = self.predicted()
        m = int(predicted != LITERAL)
        right = e.event("right", source, m, self.history)
        self.history = (self.history << 1 | right) & 7
        if right:
            return predicted
        if m and not e.event("is match", source):
            return LITERAL
        likely_length = predicted[0] if m else (self.predictor.search(p, 2) or (3, 0))[0]
        if e.event("same", source, m):
            n = likely_length
        elif e.event("less", source, m):
            n = likely_length - 1 - e.number("shorter")
        else:
            n = likely_length + 1 + e.number("longer")
        if not 3 <= n <= 259 or min(n, 258) > len(self.plain) - p:
            raise SmidgenError(18, "a length")
        k = e.number("place", m)
        if k == 0:
            distance = e.raw(15) + 1
        else:
            excluded = predicted[1] if n == predicted[0] else 0
            places = (d for d in self.predictor.places(p, n) if d != excluded)
            distance = next((d for i, d in enumerate(places, 1) if i == k), M32)
        if distance > p:
            raise SmidgenError(18, "a distance")
        return n, distance

    # Trees

    def trees(self):
        e = self.events
        frequencies = [0] * 286, [0] * 30
        frequencies[0][END] = 1
        for at, length, distance in self.block_tokens:
            frequencies[0][length_symbol(length)[0] if distance else self.plain[at]] += 1
            if distance:
                frequencies[1][distance_symbol(distance)[0]] += 1
        wanted = [likely(f, 15) for f in frequencies]
        trees = expected(*wanted)
        if e.event("expected"):
            return trees
        literals = self.count(0, trees.literals, 257, 288)
        distances = self.count(1, trees.distances, 1, 32)
        lengths = []
        for wanted_of, count in zip(wanted, (literals, distances)):
            right = 1
            for i in range(count):
                length = wanted_of[i] if i < len(wanted_of) else 0
                is_same = e.event("same length", length, right)
                lengths.append(length if is_same else e.tree(4, "length", length))
                right = int(lengths[-1] == length)
        trees = Trees(literals, distances, self.steps(lengths, literals))
        for i in range(19):
            if not e.event("step same"):
                trees.lengths[i] = e.tree(3, "step length")
        trees.count = self.count(2, used([trees.lengths[i] for i in ORDER], 4), 4, 19)
        if None in map(codes, (trees.lengths, *trees.both())):
            raise SmidgenError(18, "too many codes")
        return trees

    def count(self, i, wanted, least, most):
        value = wanted if self.events.event("as expected", i) else self.events.raw(5) + least
        if value > most:
            raise SmidgenError(18, "a count")
        return value

    def steps(self, lengths, literals):
        e, steps, at, before = self.events, [], 0, None
        joined = e.event("joined")
        while at < len(lengths):
            if at == literals and not joined:
                before = None
            rest = lengths[at:] if joined or at >= literals else lengths[at:literals]
            one = step(rest, before)
            if not e.event("step"):
                one = self.other_step(rest[0], before)
            run = lengths[at:at + one.span()]
            if len(run) < one.span() or len(set(run)) > 1 or one.symbol == 16 and before != rest[0]:
                raise SmidgenError(18, "a step")
            before = rest[0]
            at += one.span()
            steps.append(one)
        return steps

    def other_step(self, length, before):
        n = self.events.number("span")
        if n == 0:
            return Step(length)
        if 3 <= n <= 6 and (length or before == 0 and self.events.event("copies")):
            return Step(16, n - 3)
        if length or not 3 <= n <= 138:
            raise SmidgenError(18, "a step")
        return Step(17, n - 3) if n <= 10 else Step(18, n - 11)

    def write(self, trees, last):
        put = self.out.put
        put(last | self.kind << 1, 3)
        literals, distances = FIXED
        if trees:
            literals, distances = trees.both()
            put(trees.literals - 257 | trees.distances - 1 << 5 | trees.count - 4 << 10, 14)
            for i in range(trees.count):
                put(trees.lengths[ORDER[i]], 3)
            names = codes(trees.lengths)
            for one in trees.steps:
                put(*names[one.symbol])
                put(one.extra, one.bits())
        put_tokens(put, self.plain, self.block_tokens, codes(literals), codes(distances))


def put_tokens(put, plain, tokens, literals, distances):
    """The tokens of a block and its end, by these codes."""
    for at, length, distance in tokens:
        if not distance:
            put(*code(literals, plain[at]))
            continue
        symbol, extra, bits = length_symbol(length)
        put(*code(literals, symbol))
        put(extra, bits)
        symbol, extra, bits = distance_symbol(distance)
        put(*code(distances, symbol))
        put(extra, bits)
    put(*code(literals, END))


def code(table, symbol):
    return table[symbol] if symbol < len(table) else (0, 0)


def length_symbol(length):
    """(symbol, extra bits, how many) of a length."""
    if length == 259:
        return 284, 31, 5
    i = max(i for i, (least, _) in enumerate(LENGTHS) if least <= length)
    return 257 + i, length - LENGTHS[i][0], LENGTHS[i][1]


def distance_symbol(distance):
    i = max(i for i, (least, _) in enumerate(DISTANCES) if least <= distance)
    return i, distance - DISTANCES[i][0], DISTANCES[i][1]
