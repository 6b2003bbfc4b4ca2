#!/usr/bin/env python3
"""The worked examples of section 11: the packages printed there, and all events of their tables.

With --write, the events of the tables are written anew from the packages, which are taken as they are printed.
"""
import re
import sys
from pathlib import Path

from encoder import EventBody  # noqa: F401 - first: it finds the decoder
from restore import restore
from trace import TracedBody

FORMAT = Path(__file__).parents[2] / "docs/format.md"
TAIL = b"The quick brown fox\0jumps over\0the lazy dog\0"
IMAGES = {
    "11.1": (b"boot v1.0: The quick brown fox jumps over the lazy dog. 2024\n",
             b"boot v1.1: The quick brown fox jumps over the lazy dog. 2025\nok\n"),
    "11.2": (b"", b"Smidgen\n"),
    "11.3": (b"\x10\x10\0\0\x15\x10\0\0\x29\x10\0\0\x34\x10\0\0boot\0" + TAIL,
             b"\x10\x10\0\0\x17\x10\0\0\x2b\x10\0\0\x36\x10\0\0booted\0" + TAIL),
}
ROW = re.compile(r"^\| (?:\d+ |)\| .* \| [0-9A-F]{8} \| [0-9A-F]{8} \|$", re.M)


def main(write):
    text, wrong = FORMAT.read_text(), 0
    for number, (base, target) in IMAGES.items():
        start = text.index("### %s " % number)
        end = text.index("\n## 12 ") if number == "11.3" else text.index("\n### ", start + 1)
        example = text[start:end]
        package = bytes.fromhex(re.search(r"```text\n([0-9A-F \n]+)```", example).group(1))
        if restore(package, base, body_class=TracedBody) != target:
            print("%s: another image" % number)
            wrong += 1
        events = TracedBody.last.models.table().split("\n")[2:]
        stated = ROW.findall(example)
        traced = events[:len(stated)]
        if "%d events" % (len(events) - 1) not in example:
            print("%s: there are %d events" % (number, len(events) - 1))
            wrong += 1
        for was, is_ in zip(stated, traced):
            if was != is_ and not write:
                print("%s: %s\n  is: %s" % (number, was, is_))
                wrong += 1
        if write and stated:
            example = example.replace("\n".join(stated), "\n".join(traced))
        text = text[:start] + example + text[end:]
        print("%s: %d events, %d in the table" % (number, len(events) - 1, len(stated) - 1 if stated else 0))
    if write:
        FORMAT.write_text(text)
    return wrong > 0


if __name__ == "__main__":
    sys.exit(main("--write" in sys.argv[1:]))
