#!/usr/bin/env python3
"""Runs an emulated micro:bit whose power is lost at random moments, until its boot loader has nothing left to do.

    power.py FLASH TEXT CUTS SEED     FLASH: what its flash holds, which is replaced by what it holds in the end
                                      TEXT: what the application must say

Each start is an emulator of its own: of the one before, only flash is left.
"""
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

#: Bytes of flash.
SIZE = 256 << 10
#: Seconds after which a board that says nothing has failed.
LIMIT = 300
#: An instruction takes 2^8 ns, so that moments of the update are far enough from each other.
PACE = "shift=8,sleep=on"


class Board:
    """An emulator, which waits until it is told to start."""

    def __init__(self, flash, folder):
        self.output, place = folder / "output", folder / "control"
        self.output.write_bytes(b"")
        place.unlink(missing_ok=True)
        self.process = subprocess.Popen(
            ["qemu-system-arm", "-M", "microbit", "-kernel", str(flash), "-icount", PACE, "-display", "none", "-monitor", "none",
             "-serial", "file:%s" % self.output, "-qmp", "unix:%s,server=on,wait=off" % place, "-S"],
            stdin=subprocess.DEVNULL)
        self.control = socket.socket(socket.AF_UNIX)
        end = time.monotonic() + LIMIT
        while self.control.connect_ex(str(place)) != 0:
            if time.monotonic() > end or self.process.poll() is not None:
                raise SystemExit("the emulator does not start")
            time.sleep(0.01)
        self.answers = self.control.makefile()
        self.answers.readline()
        self.ask("qmp_capabilities")

    def ask(self, what, **arguments):
        self.control.sendall(json.dumps({"execute": what, "arguments": arguments}).encode())
        while True:
            answer = json.loads(self.answers.readline())
            if "error" in answer:
                raise SystemExit("%s: %s" % (what, answer["error"]["desc"]))
            if "return" in answer:
                return

    def run(self, seconds, flash):
        """Lets it run for so long, or until an application speaks; then power is lost. Returns what was said, and when."""
        self.ask("cont")
        begin = time.monotonic()
        while time.monotonic() < begin + seconds and b"runs from" not in self.output.read_bytes():
            time.sleep(0.002)
        ran = time.monotonic() - begin
        self.ask("stop")
        # As the processor sees it: the board has an address space of its own.
        self.ask("memsave", val=0, size=SIZE, filename=str(flash))
        self.ask("quit")
        self.process.wait()
        return self.output.read_text(), ran


def main(flash, text, cuts, seed):
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        trial = folder / "flash"
        said, whole = Board(flash, folder).run(LIMIT, trial)
        if text not in said:
            raise SystemExit("without a loss of power: %r, not %r" % (said, text))
        trial.write_bytes(flash.read_bytes())
        amid = 0
        for _ in range(cuts):
            # Short enough for several of them to come before all is done.
            said, _ = Board(trial, folder).run(chance.uniform(0, whole / 2), trial)
            amid += "runs from" not in said
        said, _ = Board(trial, folder).run(LIMIT, trial)
        if text not in said:
            raise SystemExit("after %d losses of power: %r, not %r" % (cuts, said, text))
        if cuts > 0 and amid == 0:
            raise SystemExit("power was never lost amid the work: nothing is proved")
        print("power lost %d times, %d of them amid the work of the boot loader; then: %s"
              % (cuts, amid, said.strip().splitlines()[-1]))
        os.replace(trial, flash)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
