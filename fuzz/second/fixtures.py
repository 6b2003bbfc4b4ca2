#!/usr/bin/env python3
"""The second decoder and the program on the fixtures: golden packages, bad ones, and fresh ones of the fixture firmware."""
import argparse
import hashlib
import math
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from cli import Cli
from encoder import EventBody  # first: it finds the decoder
from errors import NAMES, SmidgenError
from header import Header
from restore import Plan, restore
from secrecy import Keys

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "fixtures"
PACKAGES = FIXTURES / "packages"
NUMBERS = {name: number for number, name in NAMES.items()}
LISTS = ("golden.txt", "encrypted.txt", "containers.txt")
#: Those of the encrypted packages.
KEYS = Keys(shared=bytes([3] * 32), secret=bytes([4] * 32))

V1, V2, V3 = ("firmware/app-v%d.bin" % version for version in (1, 2, 3))
#: Base, target and options of `smidgen diff`: each architecture, each codec, the ends of what options can say.
FRESH = [
    (V1, V2), (V2, V1), (V3, V2, "--ram", "3K"), (V1, V3, "--ram", "256K", "--level", "9"), (V2, V3, "--arch", "none"),
    ("-", V1, "--ram", "16K"), (V1, "-", "--allow-empty"), (V1, V1), (V1, V2, "--codec", "zstd"), ("-", V3, "--codec", "zstd", "--level", "9"),
    (V1, V3, "--md5", "--body-digest", "--product", "prüfstand", "--module", "app", "--to-version", "3.0",
     "--rollback-counter", "7"),
    (V1, V2, "--in-place", "--slot", "256K", "--page", "4K", "--scratch", "16K"),
    (V3, V1, "--in-place", "--slot", "256K", "--page", "2K", "--scratch", "6K", "--ram", "8K"),
    (V1, V2, "--codec", "lite", "--ram", "4K"), (V3, V1, "--codec", "lite", "--ram", "3K", "--level", "9"),
    (V1, V3, "--codec", "lite", "--in-place", "--slot", "256K", "--page", "4K", "--scratch", "16K"),
    ("packages/riscv-base.bin", "packages/riscv-target.bin", "--codec", "lite", "--ram", "4K"),
    (V2, V3, "--level", "1"), (V2, V3, "--level", "5", "--base", "0x20000000"),
    *(("packages/%s-base.bin" % name, "packages/%s-target.bin" % name)
      for name in ("aarch64", "arm", "riscv", "xtensa", "x86", "code", "words", "more-words", "small")),
    *(("packages/%s-target.bin" % name, "packages/%s-base.bin" % name, "--level", "9", "--ram", "64K")
      for name in ("aarch64", "arm", "riscv", "xtensa", "x86", "code", "words", "more-words", "small")),
]


class Fixtures:
    def __init__(self, program):
        self.cli, self.wrong, self.restored, self.refused, self.gone = Cli(program), 0, 0, 0, 0

    def check(self, right, what):
        if not right:
            self.wrong += 1
            print("WRONG %s" % what, flush=True)

    def restores(self, name, package, base, target):
        """Both decoders make the target of the package."""
        try:
            ours = restore(package, base, keys=KEYS, containers=True)
        except SmidgenError as error:
            ours = error
        self.check(ours == target, "%s: docs/decoder makes another image: %s" % (name, brief(ours)))
        self.restored += 1
        header = Header(package, containers=True)
        # With keys, the program's own tests restore them.
        if 7 not in header.extensions:
            theirs = self.cli.restore(package, base)
            self.check(theirs == (target, None), "%s: smidgen makes another image: %s" % (name, theirs[1]))
        if 5 in header.extensions:
            self.in_place(name, package, base, target, header)

    def in_place(self, name, package, base, target, header):
        """Nothing of the base is used that is gone (section 8.2)."""
        segment, shift, _ = header.extensions[5]
        erase = math.gcd(segment, shift)
        try:
            self.check(restore(package, base, erase=erase, keys=KEYS) == target, "%s in place" % name)
        except SmidgenError as error:
            self.check(False, "%s in place: %s" % (name, error))
        if 7 not in header.extensions:
            self.gone += self.needs_its_plan(package, base, header, erase)

    @staticmethod
    def needs_its_plan(package, base, header, erase):
        """Whether a byte of the base would be gone if nothing of it were moved or kept."""
        plan = Plan(header, erase)
        plan.shift = plan.keep = 0
        try:
            EventBody(header, base, package[header.length:], plan.check_source).decode()
        except SmidgenError as error:
            return error.number == 30
        return False

    def golden(self):
        lines = [line for name in LISTS for line in (PACKAGES / name).read_text().splitlines()]
        for line in lines:
            if line.startswith("#"):
                continue
            name, base, target, digest = line.split()
            package = (PACKAGES / name).read_bytes()
            self.check(hashlib.sha256(package).hexdigest() == digest, "%s has changed" % name)
            if name.endswith(".smdg"):
                self.restores(name, package, image(base), image(target))

    def bad(self):
        base = image("packages/small-base.bin")
        for path in sorted((PACKAGES / "bad").glob("*.smdg")):
            package, promised = path.read_bytes(), path.stem.split("-")[0]
            try:
                restore(package, base, keys=KEYS)
                number = None
            except SmidgenError as error:
                number = error.number
            self.check(number == NUMBERS[promised], "%s: docs/decoder says error %s" % (path.name, number))
            # A tool may say what is wrong with less than nine bytes (section 2.5); it reads other formats, restores
            # containers, and asks for a key first.
            differs = len(package) < 9 or package.startswith(b"BSDIFF40") or promised == "Container"
            if not differs and not is_encrypted(package):
                theirs = self.cli.restore(package, base)[1]
                self.check(theirs == NUMBERS[promised], "%s: smidgen says error %s" % (path.name, theirs))
            self.refused += 1

    def fresh(self):
        with tempfile.TemporaryDirectory() as folder:
            package, empty = Path(folder) / "package", Path(folder) / "empty"
            empty.touch()
            for base, target, *options in FRESH:
                paths = [empty if name == "-" else FIXTURES / name for name in (base, target)]
                subprocess.run([self.cli.program, "diff", *paths, "-o", package, "-q", "--input-format", "raw", *options],
                               check=True)
                name = " ".join((base, target, *options))
                self.restores(name, package.read_bytes(), image(base), image(target))


def is_encrypted(package):
    try:
        return 7 in Header(package).extensions
    except SmidgenError:
        return False


def image(name):
    return b"" if name == "-" else (FIXTURES / name).read_bytes()


def brief(outcome):
    return "%d bytes" % len(outcome) if isinstance(outcome, bytes) else outcome


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smidgen", default=ROOT / "target/release/smidgen", help="the program")
    fixtures = Fixtures(parser.parse_args().smidgen)
    for part in (fixtures.golden, fixtures.bad, fixtures.fresh):
        start = time.monotonic()
        part()
        print("%s: %.0f s" % (part.__name__, time.monotonic() - start), flush=True)
    fixtures.check(fixtures.gone > 0, "no package in place needs its plan")
    print("%d packages restored, %d refused; %d wrong" % (fixtures.restored, fixtures.refused, fixtures.wrong))
    return fixtures.wrong > 0


if __name__ == "__main__":
    sys.exit(main())
