/* What the glue uses of ESP-IDF's OTA interface, as documented: for tests without ESP-IDF. */
#pragma once

#include "esp_partition.h"

#define ESP_ERR_OTA_VALIDATE_FAILED 0x1503

const esp_partition_t *esp_ota_get_running_partition(void);
const esp_partition_t *esp_ota_get_next_update_partition(const esp_partition_t *start_from);
esp_err_t esp_ota_set_boot_partition(const esp_partition_t *partition);
