/* What the nRF Connect SDK's <dfu/dfu_target_custom.h> declares, as documented: for tests without it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum dfu_target_evt_id { DFU_TARGET_EVT_TIMEOUT, DFU_TARGET_EVT_ERASE_DONE };
typedef void (*dfu_target_callback_t)(enum dfu_target_evt_id evt_id);

bool dfu_target_custom_identify(const void *const buf);
int dfu_target_custom_init(size_t file_size, int img_num, dfu_target_callback_t cb);
int dfu_target_custom_offset_get(size_t *offset);
int dfu_target_custom_write(const void *const buf, size_t len);
int dfu_target_custom_done(bool successful);
int dfu_target_custom_schedule_update(int img_num);
int dfu_target_custom_reset(void);
