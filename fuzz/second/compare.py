#!/usr/bin/env python3
"""Compares the program with the second decoder, on packages that the random encoder makes and on damaged ones.

A package must be restored to the same image. A damaged one must be refused with the same error where the text fixes
one: always for headers, which are checked in a fixed order; for bodies as `agree` says. Seeds make it repeatable.
"""
import argparse
import collections
import hashlib
import random
import sys
import time
import zlib
from pathlib import Path

import cases
import encoder
from cli import Cli
from errors import SmidgenError
from header import ZSTD, Header
from restore import restore
import zstd_body
import zstd_cases

FIXTURES = Path(__file__).parents[2] / "fixtures"
#: What is found while or after a body is decoded (section 8, steps 9 to 12).
OF_BODIES = {16, 17, 18, 19, 20}
#: Section 14 is not in the second decoder, and there is no key.
LEFT_OUT = {32, 33}


def compressed():
    """Golden packages of compressed blocks."""
    lines = [line.split() for line in (FIXTURES / "packages/golden.txt").read_text().splitlines() if line[0] != "#"]
    return [(name, (FIXTURES / "packages" / name).read_bytes(), (FIXTURES / base).read_bytes())
            for name, base, _, _ in lines if "zstd" in name and "nothing" not in name and base != "-"]


COMPRESSED = compressed()


class Comparison:
    def __init__(self, program, failures):
        self.cli, self.failures = Cli(program), failures
        self.counts, self.different = collections.Counter(), 0

    def case(self, seed):
        chance = random.Random(seed + 1)
        self.cm(seed, chance, *cases.make(seed))
        self.zstd(seed, chance)

    def cm(self, seed, chance, h, base):
        target, body, read = encoder.make(h, base)
        explicit = bytes(chance.randrange(read - len(body) + 1)) if chance.random() < 0.3 else b""
        package = encoder.package(h, base, target, body + explicit, extensions(chance))
        self.compare("%d" % seed, package, base)
        self.compare("%d-body" % seed, damaged_body(chance, h, base, body, read), base)
        for i in range(3):
            self.compare("%d-header-%d" % (seed, i), damaged_header(chance, package), base)

    def zstd(self, seed, chance):
        h, base, target, body = zstd_cases.make(seed)
        self.compare("%d-zstd" % seed, encoder.package(h, base, target, body, codec=ZSTD), base)
        for i in range(2):
            wrong = zstd_cases.damaged(chance, body)
            try:
                made = zstd_body.restore(h, base, wrong)
            except SmidgenError:
                made = target
            self.compare("%d-zstd-%d" % (seed, i), encoder.package(h, base, made, wrong, codec=ZSTD), base)
        name, package, base = chance.choice(COMPRESSED)
        start = Header(package).length
        wrong = package[:start] + zstd_cases.damaged(chance, package[start:])
        self.compare("%d-%s" % (seed, name), wrong, base)

    def compare(self, name, package, base):
        free = False
        try:
            ours = restore(package, base), None
        except SmidgenError as error:
            ours = None, error.number
            # Section 10: a decoder may accept a wrong one.
            free = str(error).endswith("content size")
        if ours[1] in LEFT_OUT:
            return
        theirs = self.cli.restore(package, base)
        self.counts[ours[1] or "restored"] += 1
        allowed = (agree(ours, theirs, "zstd" in name) or refused_for_md5(package, ours, theirs)
                   or has_another_length(package, ours, theirs) or free and theirs[1] is None)
        if not allowed:
            self.different += 1
            print("DIFFERENT %s: docs/decoder %s, smidgen %s" % (name, told(ours), told(theirs)), flush=True)
            self.failures.mkdir(parents=True, exist_ok=True)
            (self.failures / (name + ".smdg")).write_bytes(package)
            (self.failures / (name + ".base")).write_bytes(base)


def told(outcome):
    return "restores %d bytes" % len(outcome[0]) if outcome[1] is None else "error %s" % outcome[1]


def agree(ours, theirs, zstd):
    if ours == theirs:
        return True
    # Section 8: which defect of a zstd body is found first is free.
    if zstd and {ours[1], theirs[1]} <= OF_BODIES:
        return True
    # Section 8: the program hashes the base while it decodes.
    if ours[1] == 12 and theirs[1] in OF_BODIES:
        return True
    # Section 4.1: a decoder may notice that a body ends early later, when it says something impossible already.
    return (ours[1], theirs[1]) == (16, 18) or (ours[1] in OF_BODIES - {16, 18} and theirs[1] in OF_BODIES)


def has_another_length(package, ours, theirs):
    """Section 8: a body of another length than the header says has a defect already, beside any other one."""
    if not {ours[1], theirs[1]} <= OF_BODIES:
        return False
    header = Header(package)
    return len(package) - header.length != header.body_length


def refused_for_md5(package, ours, theirs):
    """Section 13: a tool may refuse a wrong MD5."""
    if ours[1] is not None or "wrong MD5" not in str(theirs[1]):
        return False
    return Header(package).target_md5 not in (b"", hashlib.md5(ours[0]).digest())


def extensions(chance):
    """Some that a decoder without a policy accepts."""
    records = [(1, "grün".encode()), (2, b"main.app-1"), (3, b"1.0"), (4, encoder.varint(chance.getrandbits(32)))]
    chosen = [record for record in records if chance.random() < 0.1]
    return b"".join(bytes((tag, len(value))) + value for tag, value in chosen)


def damaged_body(chance, h, base, body, read):
    """A package of a damaged body, whose header is right if the body gives an image."""
    body = bytearray(body)
    at = chance.randrange(len(body) + 1)
    if chance.random() < 0.5:
        at = max(0, len(body) - int(chance.expovariate(0.2)))
    how = chance.randrange(5)
    if how == 0 and at < len(body):
        body[at] ^= 1 << chance.randrange(8)
    elif how == 1:
        body[at:] = chance.randbytes(len(body) - at + 40)
    elif how == 2:
        del body[at:]
    elif how == 3:
        body += bytes(chance.choice((read - len(body), read - len(body) + 1)))
    else:
        body[:] = b"\xFF" * chance.choice((4, 5, 7)) + body[at:]
    decoder = encoder.EventBody(h, base, bytes(body))
    try:
        target = decoder.decode()
    except SmidgenError as error:
        target = bytes(decoder.target)
        if error.number == 17 and len(target) == h.target_size and chance.random() < 0.5:
            del body[decoder.models.read:]
    return encoder.package(h, base, target, bytes(body))


def damaged_header(chance, package):
    """Some bytes of the header changed, with a right checksum and mostly a right RAM figure."""
    length = package[7] | package[8] << 8
    header = bytearray(package[:length - 4])
    for _ in range(chance.choice((1, 1, 2))):
        at = chance.randrange(4, len(header))
        how = chance.randrange(4)
        if how == 0:
            header[at] ^= 1 << chance.randrange(8)
        elif how == 1:
            header[at] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))
        elif how == 2:
            header.insert(at, chance.choice((0, 1, 0x80, 0xFF)))
        else:
            del header[at]
    if chance.random() < 0.8:
        header[7:9] = (len(header) + 4).to_bytes(2, "little")
    if chance.random() < 0.3 and len(header) > 9:
        header[6] ^= 8
        header += bytes(chance.randrange(3)) + b"".join(bytes((i,)) * 72 for i in range(2)) + b"\2"
        header[7:9] = (len(header) + 4).to_bytes(2, "little")
    return bytes(header) + zlib.crc32(header).to_bytes(4, "little") + package[length:]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    root = Path(__file__).parents[2]
    parser.add_argument("--smidgen", default=root / "target/release/smidgen", help="the program")
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--cases", type=int, default=1 << 60, help="how many seeds")
    parser.add_argument("--seconds", type=float, default=40, help="after which no other case is begun")
    parser.add_argument("--failures", type=Path, default=root / "target/second-decoder", help="where to keep what differs")
    return parser.parse_args()


def main(options):
    comparison = Comparison(options.smidgen, options.failures)
    end, seed = time.monotonic() + options.seconds, options.seed
    while seed < options.seed + options.cases and time.monotonic() < end and comparison.different < 20:
        comparison.case(seed)
        seed += 1
    counts = sorted(comparison.counts.items(), key=str)
    print("%d cases: %s; %d differ" % (seed - options.seed, ", ".join("%s %d" % count for count in counts),
                                       comparison.different))
    return comparison.different > 0


if __name__ == "__main__":
    sys.exit(main(arguments()))
