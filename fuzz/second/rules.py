#!/usr/bin/env python3
"""Makes the golden packages in fixtures/packages/rules: by the random encoder, for rules that no other package shows.

They were found by find.py. They are made once for a version of the format, and never again when it is out.
"""
import hashlib

import cases
import encoder
from mutants import FIXTURES

#: The name of each, which says what it shows: the seed of its case, and its kinds where they were chosen.
RULES = {
    "landmarks-that-are-passed": (100006,),
    "target-periods": (100049,),
    "target-covers-have-no-words": (260030, [0, 16]),
    "words-below-0x100": (260028, [0, 16]),
    "thumb-forms-of-four-bytes": (230064, [1]),
    "thumb-partner-at-the-end": (230069, [1]),
    "thumb-instruction-after-a-reference": (230035, [1]),
    "aarch64-registers-overwritten": (210025, [2]),
    "aarch64-registers-and-view": (210017, [2]),
    "arm-conditions-and-short-covers": (220036, [3]),
    "riscv-another-upper": (200032, [4]),
    "riscv-loads-of-floats": (200021, [4]),
    "riscv-registers-far-away": (300181, [4]),
    "xtensa-forms": (240095, [5]),
    "x86-forms": (250012, [6]),
}


def main():
    folder, listed = FIXTURES / "packages/rules", FIXTURES / "packages/golden.txt"
    folder.mkdir(exist_ok=True)
    for path in folder.iterdir():
        path.unlink()
    lines = [line for line in listed.read_text().splitlines() if not line.startswith("rules/")]
    for name, case in RULES.items():
        h, base = cases.make(*case)
        target, body, _ = encoder.make(h, base)
        package = encoder.package(h, base, target, body)
        for suffix, data in ((".smdg", package), ("-base.bin", base), ("-target.bin", target)):
            (folder / (name + suffix)).write_bytes(data)
        images = ["packages/rules/%s-%s.bin" % (name, image) for image in ("base", "target")]
        lines.append(" ".join(("rules/%s.smdg" % name, *images, hashlib.sha256(package).hexdigest())))
    listed.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
