/* The custom DFU target of the nRF Connect SDK: what is written to it is a package. */

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <dfu/dfu_target_custom.h>

#include "smidgen_zephyr.h"

/* Who may be updated by what: an application defines its own. */
__attribute__((weak)) const smidgen_device *smidgen_zephyr_policy(void)
{
	return NULL;
}

/* Whether the update has ended, well or not: the next byte is the first one of another package. The SDK initializes a target
 * once, and goes on with it after an abort. */
static bool over = true;

static int begin(void)
{
	over = false;
	return smidgen_zephyr_begin(smidgen_zephyr_policy());
}

/* Callers know errnos only. */
static int answer(int error)
{
	switch (error) {
	case SMIDGEN_ERROR_WORKSPACE_TOO_SMALL:
	case SMIDGEN_ERROR_SLOT_SIZE:
		return -ENOMEM;
	case SMIDGEN_ERROR_BASE_READ:
	case SMIDGEN_ERROR_TARGET_WRITE:
	case SMIDGEN_ERROR_TARGET_READ:
	case SMIDGEN_ERROR_JOURNAL:
		return -EIO;
	default:
		return error > 0 ? -EBADMSG : error;
	}
}

bool dfu_target_custom_identify(const void *const buf)
{
	return memcmp(buf, "SMDG", 4) == 0;
}

int dfu_target_custom_init(size_t file_size, int img_num, dfu_target_callback_t cb)
{
	(void)file_size;
	(void)cb;
	return img_num == 0 ? answer(begin()) : -ENOTSUP;
}

int dfu_target_custom_offset_get(size_t *offset)
{
	*offset = over ? 0 : smidgen_zephyr_offset();
	return 0;
}

int dfu_target_custom_write(const void *const buf, size_t len)
{
	int error = over ? begin() : 0;

	if (error == 0) {
		error = smidgen_zephyr_write(buf, len);
	}
	over = error != 0;
	return answer(error);
}

int dfu_target_custom_done(bool successful)
{
	/* What was aborted goes on where it was. */
	if (!successful) {
		return 0;
	}
	over = true;
	return answer(smidgen_zephyr_finish());
}

int dfu_target_custom_schedule_update(int img_num)
{
	return img_num == 0 ? smidgen_zephyr_request() : -ENOTSUP;
}

int dfu_target_custom_reset(void)
{
	over = true;
	return 0;
}
