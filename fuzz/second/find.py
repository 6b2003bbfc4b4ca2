#!/usr/bin/env python3
"""Looks for random packages that notice what no golden package does, and keeps the smallest ones that together notice it.

What is found is written to a folder: base, target and package of each, to be named and added to golden.txt by hand.
"""
import argparse
import time
from pathlib import Path

import cases
import encoder
import mutants


class Found:
    """A package, and the mutants that it notices."""

    def __init__(self, seed, package, base, target, noticed):
        self.seed, self.package, self.base, self.target, self.noticed = seed, package, base, target, noticed
        self.size = len(package) + len(base) + len(target)


def noticed(seed, kinds, unmet):
    h, base = cases.make(seed, kinds)
    target, body, _ = encoder.make(h, base)
    package = encoder.package(h, base, target, body)
    names = {what for what, restore in unmet if mutants.noticed_by(restore, [("", package, base, target)], 1)}
    return Found(seed, package, base, target, names)


def least(found, wanted):
    """A few of these packages that notice all that is wanted, as small as one finds by taking the best each time."""
    chosen, left = [], set(wanted)
    while left:
        best = max(found, key=lambda one: len(one.noticed & left) / (one.size + 2000))
        if not best.noticed & left:
            return chosen, left
        chosen.append(best)
        left -= best.noticed
    return chosen, left


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=100000)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--only", nargs="*", default=[""], help="mutants with one of these in their description")
    parser.add_argument("--kinds", nargs="*", type=int, help="kinds of pages that all packages have")
    parser.add_argument("--unmet", type=Path, help="what mutants.py printed, not to do that again")
    options = parser.parse_args()
    told = options.unmet.read_text().splitlines() if options.unmet else []
    known = {line.split("  ")[0] for line in told if line.endswith("NOT NOTICED")}
    golden = mutants.golden()
    unmet = [(what, restore) for what, restore in mutants.mutants()
             if any(only in what for only in options.only) and (what in known if told else not mutants.noticed_by(restore, golden, 1))]
    print("%d to be noticed" % len(unmet), flush=True)
    found, end, seed = [], time.monotonic() + options.seconds, options.seed
    while time.monotonic() < end:
        one = noticed(seed, options.kinds, unmet)
        if one.noticed:
            found.append(one)
            print(seed, one.size, sorted(one.noticed), flush=True)
        seed += 1
    chosen, left = least(found, {what for what, _ in unmet})
    options.folder.mkdir(parents=True, exist_ok=True)
    for one in chosen:
        for suffix, data in ((".smdg", one.package), ("-base.bin", one.base), ("-target.bin", one.target)):
            (options.folder / ("%d%s" % (one.seed, suffix))).write_bytes(data)
        print("%d (%d bytes in all) notices %s" % (one.seed, one.size, "; ".join(sorted(one.noticed))))
    print("nothing notices: %s" % "; ".join(sorted(left)))


if __name__ == "__main__":
    main()
