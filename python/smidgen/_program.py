"""The program `smidgen`, which is in the package: the command of that name, and its events for `pack`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from smidgen._errors import Error


def path() -> Path:
    """The program's file."""
    program = Path(__file__).parent / "bin" / ("smidgen.exe" if os.name == "nt" else "smidgen")
    if not program.exists():
        raise Error(f"{program} is missing: install a wheel of smidgen, which has the program")
    return program


def main() -> NoReturn:
    """The command `smidgen`: becomes the program."""
    program = str(path())
    if os.name == "nt":
        sys.exit(subprocess.call([program, *sys.argv[1:]]))
    os.execv(program, [program, *sys.argv[1:]])


def events(arguments: Sequence[str], environment: Mapping[str, str] | None) -> Iterator[dict[str, Any]]:
    """What the program prints with `--json`, line by line. It ends when the caller loses interest."""
    with subprocess.Popen([path(), *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment) as program:
        assert program.stdout is not None
        failure = None
        try:
            for line in program.stdout:
                event = json.loads(line)
                failure = event.get("error", failure)
                yield event
        except BaseException:
            program.terminate()
            raise
    if program.returncode != 0:
        raise _error(failure)


def _error(failure: dict[str, Any] | None) -> Error:
    if failure is None:
        return Error("the program ended without a word")
    return Error(". ".join([failure["message"], *failure.get("notes", [])]), failure.get("code"))
