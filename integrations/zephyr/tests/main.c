/* Updates a board with two slots through Zephyr's flash areas and the custom DFU target, with power lost everywhere. */

#include <errno.h>

#include <dfu/dfu_target_custom.h>
#include <zephyr/dfu/mcuboot.h>
#include <zephyr/drivers/flash.h>
#include <zephyr/kernel.h>
#include <zephyr/storage/flash_map.h>

#include "../../c-glue/simulated_flash.h"
#include "smidgen_zephyr.h"

enum { SLOT = 64 << 10, PAGE = 4096, UNIT = 8 };

/* One chip; areas are parts of it. */
struct device {
	struct simulated_part part;
};
static struct device chip;
static const struct flash_area areas[3] = {
	{.fa_id = ID_slot0_partition, .fa_off = 0x4000, .fa_size = SLOT, .fa_dev = &chip},
	{.fa_id = ID_slot1_partition, .fa_off = 0x4000 + SLOT, .fa_size = SLOT, .fa_dev = &chip},
	{.fa_id = ID_smidgen_journal, .fa_off = 0x4000 + 2 * SLOT, .fa_size = 2 * PAGE, .fa_dev = &chip},
};
static struct file old_image, new_image, package;
static const uint8_t *delivered;
/* What MCUboot was asked, and how often work paused. */
static struct {
	int requests;
	int pauses;
} *asked;

int flash_area_open(uint8_t id, const struct flash_area **fa)
{
	for (int i = 0; i < 3; i++) {
		if (areas[i].fa_id == id) {
			*fa = &areas[i];
			return 0;
		}
	}
	return -ENOENT;
}

static int is_within(const struct flash_area *fa, off_t off, size_t len)
{
	return off >= 0 && (size_t)off <= fa->fa_size && len <= fa->fa_size - (size_t)off;
}

int flash_area_read(const struct flash_area *fa, off_t off, void *dst, size_t len)
{
	return is_within(fa, off, len) ? simulated_read(&chip.part, (uint32_t)(fa->fa_off + off), dst, (uint32_t)len)
				       : -EINVAL;
}

int flash_area_write(const struct flash_area *fa, off_t off, const void *src, size_t len)
{
	return is_within(fa, off, len) ? simulated_write(&chip.part, (uint32_t)(fa->fa_off + off), src, (uint32_t)len)
				       : -EINVAL;
}

int flash_area_erase(const struct flash_area *fa, off_t off, size_t len)
{
	return is_within(fa, off, len) ? simulated_erase(&chip.part, (uint32_t)(fa->fa_off + off), (uint32_t)len)
				       : -EINVAL;
}

uint32_t flash_area_align(const struct flash_area *fa)
{
	return fa->fa_dev->part.unit;
}

uint8_t flash_area_erased_val(const struct flash_area *fa)
{
	(void)fa;
	return 0xFF;
}

const struct device *flash_area_get_device(const struct flash_area *fa)
{
	return fa->fa_dev;
}

int flash_get_page_info_by_offs(const struct device *dev, off_t offset, struct flash_pages_info *info)
{
	info->size = dev->part.page;
	info->index = (uint32_t)offset / dev->part.page;
	info->start_offset = (off_t)(info->index * dev->part.page);
	return (uint32_t)offset < dev->part.size ? 0 : -EINVAL;
}

void k_yield(void)
{
	asked->pauses++;
}

int boot_request_upgrade(int permanent)
{
	MUST(permanent == BOOT_UPGRADE_TEST);
	asked->requests++;
	return 0;
}

/* As it left the factory; in the second slot is something else. */
static void prepare(void)
{
	memset(chip.part.bytes, 0xFF, chip.part.size);
	memset(chip.part.bytes + areas[1].fa_off, 0x5A, 3 * PAGE);
	memcpy(chip.part.bytes + areas[0].fa_off, old_image.bytes, old_image.size);
	memset(asked, 0, sizeof(*asked));
}

static int deliver(void)
{
	size_t at, count, offset;
	int error;

	MUST(dfu_target_custom_identify(package.bytes) && !dfu_target_custom_identify("ELF?"));
	error = dfu_target_custom_init(package.size, 0, NULL);
	for (at = 0; error == 0 && at < package.size; at += count) {
		count = package.size - at < 100 ? package.size - at : 100;
		error = dfu_target_custom_write(delivered + at, count);
		MUST(error != 0 || (dfu_target_custom_offset_get(&offset) == 0 && offset == at + count));
	}
	if (error == 0) {
		error = dfu_target_custom_done(true);
	}
	if (error == 0) {
		error = dfu_target_custom_schedule_update(0);
	} else {
		/* Nothing may be started. */
		MUST(dfu_target_custom_schedule_update(0) == -EACCES);
	}
	return -error;
}

/* The SDK initializes a target once: an abort amid it goes on, and after an error the same target takes another package. */
static int deliver_again(void)
{
	const uint8_t *wrong = delivered;
	size_t offset, half = package.size / 2;

	MUST(deliver() == EBADMSG);
	delivered = package.bytes;
	MUST(dfu_target_custom_offset_get(&offset) == 0 && offset == 0);
	MUST(dfu_target_custom_write(delivered, half) == 0 && dfu_target_custom_done(false) == 0);
	MUST(dfu_target_custom_offset_get(&offset) == 0 && offset == half);
	MUST(dfu_target_custom_write(delivered + half, package.size - half) == 0 && dfu_target_custom_done(true) == 0);
	MUST(dfu_target_custom_offset_get(&offset) == 0 && offset == 0);
	delivered = wrong;
	return -dfu_target_custom_schedule_update(0);
}

static void check(void)
{
	MUST(memcmp(chip.part.bytes + areas[1].fa_off, new_image.bytes, new_image.size) == 0);
	MUST(memcmp(chip.part.bytes + areas[0].fa_off, old_image.bytes, old_image.size) == 0);
	MUST(asked->requests == 1 && asked->pauses > 20);
}

int main(int count, char **arguments)
{
	uint8_t *wrong;

	MUST(count == 2);
	old_image = fixture(arguments[1], "firmware/app-v1.bin");
	new_image = fixture(arguments[1], "firmware/app-v2.bin");
	package = fixture(arguments[1], "packages/firmware-v1-v2.smdg");
	simulated_new(&chip.part, 0x4000 + 2 * SLOT + 2 * PAGE, PAGE, UNIT);
	asked = stays(sizeof(*asked));
	delivered = package.bytes;
	survive_power(prepare, deliver, check);

	/* The wrong base, then a package that was damaged on its way: nothing is asked for. */
	prepare();
	chip.part.bytes[areas[0].fa_off + 100] ^= 1;
	MUST(start(deliver) == EBADMSG && asked->requests == 0);
	wrong = malloc(package.size);
	MUST(wrong != NULL);
	memcpy(wrong, package.bytes, package.size);
	wrong[package.size - 9] ^= 4;
	prepare();
	delivered = wrong;
	MUST(start(deliver) == EBADMSG && asked->requests == 0);
	MUST(start(deliver_again) == 0);
	check();
	free(wrong);
	return 0;
}
