"""Differential firmware packages: makes, restores, shows and checks them.

Images and packages are bytes, or paths of files in any format that the program `smidgen` reads (plain, Intel HEX, ELF, UF2 and
so on). All functions let other threads of Python run while they work, and raise `Error` for what cannot be done.
"""

from smidgen._api import Info, Options, Progress, Source, diff, info, pack, patch, verify
from smidgen._errors import Error
from smidgen._smidgen import __version__

__all__ = ["Error", "Info", "Options", "Progress", "Source", "__version__", "diff", "info", "pack", "patch", "verify"]
