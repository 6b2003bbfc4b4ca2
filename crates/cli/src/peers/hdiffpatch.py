"""Makes and restores patches with the Python package hdiffpatch: make OLD NEW PATCH, restore OLD PATCH OUT; -lite for HPatchLite."""
import sys

import hdiffpatch


def read(path):
    with open(path, "rb") as file:
        return file.read()


def main():
    work, old, first, second = sys.argv[1:]
    old, first = read(old), read(first)
    if work == "make":
        result = hdiffpatch.diff(old, first, hdiffpatch.Lzma2Config.best_compression(), validate=False)
    elif work == "make-lite":
        settings = hdiffpatch.TuzConfig(dict_size=4096)
        result = hdiffpatch.diff_lite(old, first, compression=settings, validate=False)
    elif work == "restore":
        result = hdiffpatch.apply(old, first)
    else:
        result = hdiffpatch.apply_lite(old, first)
    with open(second, "wb") as file:
        file.write(result)


main()
