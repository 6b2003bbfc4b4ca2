/* What the glue uses of Zephyr's <zephyr/kernel.h>, as documented: for tests without Zephyr. */
#pragma once

#define __weak __attribute__((weak))

void k_yield(void);
