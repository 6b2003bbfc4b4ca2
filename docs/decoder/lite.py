"""The models of codec lite: a counter for each event (sections 5.7 and 5.8)."""
from models import Events, probability, update

#: Section 5.8.
INITIAL = bytes.fromhex("""
11175388776688881193d758c88767781898c888b88888871175f668a7767788
18b7b8888a88888738968987788888784ca69a87898a97883796987779887788
18a7a887c988888849a7c8888988888831b5283842887c77887684888887247b
a77749858819666676779667767782311ca48837a78795648888818888886752
64116188e8f9d8c9aa88888888999895a7978888b8a8c8666687888888988843
51117588ead9faa88899888888a8a88777988888f9a8a897b8979897c9dafad8
b998d8b6aa96c8a5b898d8a7bab8caa5bbdad8a7a9a8c996a997c787b8a9e9e8
9876eba8a897b896a896b896c9b8e9b8c9a8e8b6c9b8e9a7c9b8d9a8baa7c9a7
a9a8d8a7a9a8d9b7a898c89799b898a7a998daa7a9a9d9b8b9a8c8c6aa98a7a6
aa97a786b998caa8b895c8a698a7d9a7c9b8c7c7a9b7c7c6cac7e9d6649388a4
778788a86b688b5778788b76966796768687a6767858f7776778a79787968786
8898785877487858786687888787888786787978778788887687888677788887
787888678788886798787575888a8699798978677999899688a5758799988968
8a77676aa8677787878887888777888879888887787898877878888777877889
8877888778788798888888788888888888997687788788888888887989788978
89
""")


def initial_counters():
    halves = [half for byte in INITIAL for half in (byte >> 4, byte & 15)]
    return [(65536 << h) // ((1 << h) + 256) & 0xFFF8 | 4 for h in halves]


class LiteModels(Events):
    """What Models is for codec cm. Contexts and sets are of no account here."""

    def __init__(self, header, body):
        super().__init__(body)
        self.rate, self.counters = header.counter_rate, initial_counters()

    def counter(self, c, rate):
        cell = self.counters[c]
        bit = self.event(probability(cell))
        self.counters[c] = update(cell, bit, rate)
        return bit

    def plain(self, c):
        return self.counter(c, self.rate)

    def quick(self, c, _):
        return self.counter(c, self.rate - 1)

    def half(self, c):
        node = 1
        for _ in range(4):
            node = node << 1 | self.plain(c + node - 1)
        return node - 16

    def flag(self, _, which, c):
        return self.quick(c, which)

    def byte(self, _contexts, _which, high_tree, low_tree):
        """`low_tree` gives the tree of the low half byte by the high one."""
        high = self.half(high_tree)
        return high << 4 | self.half(low_tree(high))

    def control(self, f):
        return self.plain(205 + f)

    def number(self, k):
        size = 16 + self.half(160) if self.plain(16 * k) else self.half(16 * k + 1)
        r = 1
        for place in range(size - 1, -1, -1):
            if place == 1:
                bit = self.plain(175 + 3 * k)
            elif place == 0:
                bit = self.plain(176 + 3 * k + (r & 1))
            else:
                bit = self.event(0x8000)
            r = r << 1 | bit
        return r - 1


def like(half):
    """What a difference is like by its high half byte."""
    return {0: 0, 15: 1}.get(half, 2)


def tree_of_difference(high):
    return 677 + 15 * like(high)


def tree_of_literal(high):
    return 842 + 15 * (high >> 1)
