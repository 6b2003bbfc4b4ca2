"""Which tokens are predicted: section 14.5.2. A token is (length, distance); a literal is (1, 0)."""

LITERAL = (1, 0)
LEVELS = {
    1: (4, 4, 8, 4), 2: (4, 5, 16, 8), 3: (4, 6, 32, 32), 4: (4, 4, 16, 16), 5: (8, 16, 32, 32), 6: (8, 16, 128, 128),
    7: (8, 32, 128, 256), 8: (32, 128, 258, 1024), 9: (32, 258, 258, 4096),
}
FARTHEST, WINDOW = 32506, 32768


class Predictor:
    def __init__(self, plain, level, hash_bits):
        self.plain = plain
        self.good, self.lazy, self.nice, self.steps = LEVELS[level]
        self.greedy = level < 4
        self.shift, self.mask = (hash_bits + 2) // 3, (1 << hash_bits) - 1
        self.head, self.before, self.next = {}, {}, 0
        self.noted = None

    def enter(self, last):
        while self.next <= min(last, len(self.plain) - 3):
            p, plain = self.next, self.plain
            h = (plain[p] << 2 * self.shift ^ plain[p + 1] << self.shift ^ plain[p + 2]) & self.mask
            self.before[p] = self.head.get(h, 0)
            self.head[h] = p
            self.next += 1

    def pass_over(self, position, token):
        if self.greedy and token[1] and token[0] > self.lazy:
            self.enter(position)
            self.next = max(self.next, position + min(token[0], 258))

    def chain(self, p):
        q = self.before.get(p, 0)
        while q:
            yield q
            q = self.before[q]

    def longest(self, p, least):
        plain = self.plain
        ahead = min(258, len(plain) - p)
        if least >= ahead:
            return None
        best, found = least, None
        left = self.steps // 4 if least >= self.good else self.steps
        for i, q in enumerate(self.chain(p)):
            if p - q > FARTHEST or i and p - q == FARTHEST:
                break
            n = 0
            if plain[q + best] == plain[p + best]:
                while n < ahead and plain[q + n] == plain[p + n]:
                    n += 1
            if n > best:
                best, found = n, (n, p - q)
                if n >= min(self.nice, ahead):
                    break
            left -= 1
            if left == 0:
                break
        return found

    def search(self, p, least):
        self.enter(p)
        found = self.longest(p, least)
        return None if found and found[0] == 3 and found[1] > 4096 and not self.greedy else found

    def own(self, p):
        noted, self.noted = self.noted, None
        found = noted[1] if noted and noted[0] == p else self.search(p, 2)
        if not found:
            return LITERAL
        if self.greedy or found[0] >= self.lazy:
            return found
        better = self.search(p + 1, found[0])
        if not better:
            return found
        self.noted = p + 1, better
        return LITERAL

    def places(self, p, n):
        """Distances of matches of n bytes."""
        self.enter(p)
        n = min(n, 258)
        wanted = self.plain[p:p + n]
        for i, q in enumerate(self.chain(p)):
            if i == self.steps or p - q > WINDOW:
                return
            if self.plain[q:q + n] == wanted:
                yield p - q
