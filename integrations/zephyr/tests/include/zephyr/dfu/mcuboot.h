/* What the glue uses of Zephyr's <zephyr/dfu/mcuboot.h>, as documented: for tests without Zephyr. */
#pragma once

#define BOOT_UPGRADE_TEST 0

int boot_request_upgrade(int permanent);
