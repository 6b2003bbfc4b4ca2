/* What the glue uses of FreeRTOS, as documented: for tests without ESP-IDF. */
#pragma once

#include <stdint.h>

typedef uint32_t TickType_t;
