#!/usr/bin/env python3
"""Reads the component's Kconfig, with Debian's kconfiglib: writes sdkconfig.h with the defaults."""
import sys

import kconfiglib

config = kconfiglib.Kconfig(sys.argv[1])
config.write_autoconf(sys.argv[2])
if config.warnings:
    sys.exit("warnings")
