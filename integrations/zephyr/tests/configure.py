#!/usr/bin/env python3
"""Reads the module's Kconfig as a board does, with Debian's kconfiglib: writes autoconf.h and .config to a folder."""
import sys
from pathlib import Path

import kconfiglib

#: What of Zephyr's and the SDK's own settings the module's depend on.
BOARD = """
config FLASH
	def_bool y
config FLASH_MAP
	def_bool y
config FLASH_PAGE_LAYOUT
	def_bool y
config MCUBOOT_IMG_MANAGER
	def_bool y
config DFU_TARGET_CUSTOM
	def_bool y
config CPU_CORTEX_M
	def_bool y
config CPU_AARCH32_CORTEX_R
	bool
config CPU_AARCH32_CORTEX_A
	bool
config RISCV
	bool
config XTENSA
	bool
rsource "%s"
"""

module, folder = Path(sys.argv[1]).resolve(), Path(sys.argv[2])
(folder / "Kconfig").write_text(BOARD % module)
config = kconfiglib.Kconfig(folder / "Kconfig", warn_to_stderr=True)
for name, value in (("SMIDGEN", "y"), ("SMIDGEN_RAM", "16384"), ("SMIDGEN_DFU_TARGET", "y")):
    if not config.syms[name].set_value(value):
        sys.exit("Kconfig does not take %s=%s" % (name, value))
config.write_autoconf(folder / "autoconf.h")
config.write_config(folder / ".config")
if config.warnings:
    sys.exit("warnings")
