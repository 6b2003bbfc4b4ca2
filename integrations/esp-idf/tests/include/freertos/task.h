/* What the glue uses of FreeRTOS's tasks, as documented: for tests without ESP-IDF. */
#pragma once

#include "freertos/FreeRTOS.h"

void vTaskDelay(TickType_t ticks);
