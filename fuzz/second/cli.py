"""The program `smidgen` as a decoder: what it makes of a package, or the number of its error."""
import re
import subprocess
import tempfile
from pathlib import Path


class Cli:
    def __init__(self, program):
        self.program = str(program)
        self.folder = tempfile.TemporaryDirectory()
        self.base, self.package, self.out = (Path(self.folder.name) / name for name in ("base", "package", "out"))

    def restore(self, package, base):
        """(image, None), or (None, number); text in place of a number where there is none."""
        self.base.write_bytes(base)
        self.package.write_bytes(package)
        self.out.unlink(missing_ok=True)
        run = subprocess.run(
            [self.program, "patch", self.base, self.package, "-o", self.out, "-q", "--input-format", "raw"],
            capture_output=True, text=True)
        if run.returncode == 0:
            return self.out.read_bytes(), None
        assert not self.out.exists(), "a refused package left an image behind"
        number = re.search(r"\(E(\d+)\)", run.stderr)
        return None, int(number.group(1)) if number else run.stderr.strip()
