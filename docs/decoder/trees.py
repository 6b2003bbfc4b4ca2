"""Huffman trees of deflate: their codes, and what zlib would choose (section 14.5.5; RFC 1951, section 3.2)."""

ORDER = (16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15)
FIXED = [8] * 144 + [9] * 112 + [7] * 24 + [8] * 8, [5] * 32


class Step:
    """A code length, or a repetition."""

    def __init__(self, symbol, extra=0):
        self.symbol, self.extra = symbol, extra

    def span(self):
        return {16: 3, 17: 3, 18: 11}.get(self.symbol, 1) + self.extra

    def bits(self):
        return {16: 2, 17: 3, 18: 7}.get(self.symbol, 0)


def lengths_of(steps):
    """The code lengths that steps stand for; None if the first one repeats nothing."""
    lengths = []
    for step in steps:
        if step.symbol == 16 and not lengths:
            return None
        lengths += [lengths[-1] if step.symbol == 16 else 0 if step.symbol > 16 else step.symbol] * step.span()
    return lengths


def codes(lengths):
    """(bits in the order in which they are written, length) of each symbol; None if there are too many."""
    code, following = 0, [0] * 16
    for n in range(1, 16):
        code <<= 1
        following[n] = code
        code += lengths.count(n)
        if code > 1 << n:
            return None
    found = []
    for n in lengths:
        found.append((int(format(following[n], "0%db" % n)[::-1], 2) if n else 0, n))
        following[n] += 1 if n else 0
    return found


def likely(frequencies, limit):
    """The code lengths that zlib chooses: `lengths` of the text."""
    symbols = len(frequencies)
    frequency, depth, parent = list(frequencies), [0] * symbols, {}
    heap = [i for i in range(symbols) if frequency[i]]
    while len(heap) < 2:
        added = heap[0] + 1 if heap and heap[0] < 2 else 0
        frequency[added] = 1
        heap.append(added)

    def key(node):
        return frequency[node], depth[node]

    def sink(i):
        moved = heap[i]
        while 2 * i + 1 < len(heap):
            child = 2 * i + 1
            if child + 1 < len(heap) and key(heap[child + 1]) <= key(heap[child]):
                child += 1
            if key(moved) <= key(heap[child]):
                break
            heap[i], i = heap[child], child
        heap[i] = moved

    for i in range(len(heap) // 2 - 1, -1, -1):
        sink(i)
    order = []
    while len(heap) > 1:
        a, last = heap[0], heap.pop()
        if heap:
            heap[0] = last
        sink(0)
        b = heap[0]
        order += [a, b]
        frequency.append(frequency[a] + frequency[b])
        depth.append(max(depth[a], depth[b]) + 1)
        parent[a] = parent[b] = len(frequency) - 1
        heap[0] = len(frequency) - 1
        sink(0)
    order.append(heap[0])
    length, over = {order[-1]: 0}, 0
    for node in reversed(order[:-1]):
        length[node] = length[parent[node]] + 1
        if length[node] > limit:
            length[node] = limit
            over += 1
    leaves = [node for node in order if node < symbols]
    if over:
        shorten(length, leaves, over, limit)
    return [length.get(i, 0) for i in range(symbols)]


def shorten(length, leaves, over, limit):
    counts = [0] * (limit + 1)
    for node in leaves:
        counts[length[node]] += 1
    while over > 0:
        n = max(i for i in range(1, limit) if counts[i] > 0)
        counts[n] -= 1
        counts[n + 1] += 2
        counts[limit] -= 1
        over -= 2
    left = iter(leaves)
    for n in range(limit, 0, -1):
        for _ in range(counts[n]):
            length[next(left)] = n


def step(rest, before):
    """How zlib goes on."""
    n = next((i for i, x in enumerate(rest[:138]) if x != rest[0]), min(138, len(rest)))
    if rest[0] == 0 and n >= 3:
        return Step(18, n - 11) if n >= 11 else Step(17, n - 3)
    if rest[0] and rest[0] == before and n >= 3:
        return Step(16, min(n, 6) - 3)
    return Step(rest[0])


def used(lengths, least):
    return max([least] + [i + 1 for i, n in enumerate(lengths) if n])


class Trees:
    """A header: how many code lengths there are of both trees, its steps, the lengths of their codes, and how many of these."""

    def __init__(self, literals, distances, steps):
        self.literals, self.distances, self.steps = literals, distances, steps
        frequencies = [0] * 19
        for one in steps:
            frequencies[one.symbol] += 1
        self.lengths = likely(frequencies, 7)
        self.count = used([self.lengths[i] for i in ORDER], 4)

    def both(self):
        lengths = lengths_of(self.steps)
        return lengths[:self.literals], lengths[self.literals:]


def expected(literals, distances):
    """The header that zlib writes for trees of these code lengths."""
    steps, counts = [], (used(literals, 257), used(distances, 1))
    for lengths, count in zip((literals, distances), counts):
        at, before = 0, None
        while at < count:
            steps.append(step(lengths[at:count], before))
            before = lengths[at]
            at += steps[-1].span()
    return Trees(*counts, steps)
