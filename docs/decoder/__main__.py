#!/usr/bin/env python3
"""A second decoder of Smidgen packages, written from docs/format.md alone: what the text says, and nothing else.

It is made to be read beside the text, and to be compared with: each file names its sections. It needs Python 3.10 or
later and nothing else. Signatures are parsed, not verified.

The exit status is 0, or the number of the error of section 9.
"""
import argparse
import sys

sys.dont_write_bytecode = True

from body import EventBody  # noqa: E402
from errors import SmidgenError  # noqa: E402
from header import IMAGE_LIMIT, Header  # noqa: E402
from restore import restore  # noqa: E402
from secrecy import Keys  # noqa: E402
from trace import TracedBody  # noqa: E402


def read(path):
    if path == "-":
        return b""
    with open(path, "rb") as file:
        return file.read()


def arguments():
    parser = argparse.ArgumentParser(prog="docs/decoder", description=__doc__.split("\n")[0])
    parser.add_argument("package")
    parser.add_argument("base", nargs="?", help="the base image; - is the empty one. Without it, the header is printed")
    parser.add_argument("-o", metavar="FILE", help="where the target goes")
    parser.add_argument("--largest", metavar="BYTES", type=int, default=IMAGE_LIMIT, help="the largest target (section 8)")
    parser.add_argument("--in-place", metavar="BYTES", type=int,
                        help="check what an update in place needs (section 8.2); BYTES are erased at once")
    parser.add_argument("--shared-key", metavar="HEX", type=bytes.fromhex, help="of encrypted packages (section 15)")
    parser.add_argument("--secret-key", metavar="HEX", type=bytes.fromhex, help="X25519 key of packages that are sealed to it")
    parser.add_argument("--trace", action="store_true", help="print all events, as section 11 does")
    return parser.parse_args()


def main(options):
    package = read(options.package)
    if options.base is None:
        for name, value in vars(Header(package, containers=True)).items():
            print("%-14s %s" % (name, value.hex() if isinstance(value, bytes) else value))
        return
    try:
        target = restore(package, read(options.base), options.largest, options.in_place,
                         TracedBody if options.trace else EventBody, Keys(options.shared_key, options.secret_key), containers=True)
    finally:
        if TracedBody.last:
            print(TracedBody.last.models.table())
    if options.o:
        with open(options.o, "wb") as file:
            file.write(target)


if __name__ == "__main__":
    try:
        main(arguments())
    except SmidgenError as error:
        print("docs/decoder: %s" % error, file=sys.stderr)
        sys.exit(error.number)
