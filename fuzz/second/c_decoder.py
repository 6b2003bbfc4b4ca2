#!/usr/bin/env python3
"""Compares the C decoder with the second one, on packages that the random encoder makes and on damaged ones.

As compare.py does with the program; but a device hashes the base before it decodes, takes no zstd, and knows not all
kinds of pages: cases are of those that it knows.
"""
import random
import sys

import cases
import compare
from errors import SmidgenError
from header import CM, KINDS_OF_WORDS, LITE, Header

#: What c/smidgen.c has with all its switches on.
KINDS = (0, 1, 3, 4, 5, *KINDS_OF_WORDS)
CODECS = (CM, LITE)
UNSUPPORTED_KIND = 7


class Comparison(compare.Comparison):
    def case(self, seed):
        chance = random.Random(seed + 2)
        kinds = [chance.choice(KINDS)] if chance.random() < 0.5 else chance.sample(KINDS, chance.randrange(1, 9))
        self.cm(seed, chance, *cases.make(seed, kinds))

    def compare(self, name, package, base):
        if left_out(package):
            return
        super().compare(name, package, base)


def left_out(package):
    """Whether a damaged header came to ask for what the C decoder has not."""
    header = Header.__new__(Header)
    header.kinds = []
    try:
        header.__init__(package)
    except SmidgenError as error:
        # What is wrong may come after what is left out.
        if error.number == UNSUPPORTED_KIND:
            return True
    return package[5] not in CODECS or not set(header.kinds) <= set(KINDS)


if __name__ == "__main__":
    options = compare.arguments()
    compare.Comparison = Comparison
    sys.exit(compare.main(options))
