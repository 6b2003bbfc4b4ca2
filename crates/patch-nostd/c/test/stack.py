#!/usr/bin/env python3
"""The most stack that functions of the C decoder take, callbacks not counted: stack.py FILE.ci FUNCTION...

FILE.ci is what gcc writes with -fcallgraph-info=su. Recursion would be an error.
"""
import re
import sys


def read(path):
    """({function: bytes}, {function: callees})."""
    frames, callees = {}, {}
    for line in open(path):
        if found := re.match(r'node: \{ title: "([^"]*)" label: "[^"]*\\n(\d+) bytes \(', line):
            frames[found[1]] = int(found[2])
        elif found := re.match(r'edge: \{ sourcename: "([^"]*)" targetname: "([^"]*)"', line):
            callees.setdefault(found[1], set()).add(found[2])
    return frames, callees


def most(name, frames, callees, above=()):
    """(bytes, path) of the deepest calls from a function."""
    if name in above:
        sys.exit("stack.py: %s calls itself" % name)
    below = [most(callee, frames, callees, (*above, name)) for callee in callees.get(name, ())]
    size, path = max(below, default=(0, ()))
    return frames.get(name, 0) + size, (name.split(":")[-1], *path)


def main(path, *names):
    frames, callees = read(path)
    for name in names:
        size, calls = most(name, frames, callees)
        print("%-26s %5d  %s" % (name, size, " > ".join(call for call in calls if not call.startswith("__"))))


if __name__ == "__main__":
    main(*sys.argv[1:])
