/* Updates into the secondary slot under Zephyr: flash areas as what smidgen_ab reads and writes. */

#include "smidgen_zephyr.h"

#include <errno.h>
#include <string.h>

#include <zephyr/dfu/mcuboot.h>
#include <zephyr/drivers/flash.h>
#include <zephyr/kernel.h>
#include <zephyr/storage/flash_map.h>

/* The update, and the memory that it works in. */
static struct {
	smidgen_ab ab;
	size_t offset;
	uint64_t memory[(SMIDGEN_MEMORY(CONFIG_SMIDGEN_RAM) + 7u) / 8u];
	uint8_t buffer[CONFIG_SMIDGEN_BUFFER];
} update;

__weak void smidgen_zephyr_pause(void)
{
	k_yield();
}

/* The context is a flash area. */
static int read_area(void *context, uint32_t offset, uint8_t *bytes, uint32_t length)
{
	return flash_area_read(context, (off_t)offset, bytes, length);
}

static int write_area(void *context, uint32_t offset, const uint8_t *bytes, uint32_t length)
{
	return flash_area_write(context, (off_t)offset, bytes, length);
}

static int page_size(const struct flash_area *area, off_t offset, uint32_t *size)
{
	struct flash_pages_info info;
	int error = flash_get_page_info_by_offs(flash_area_get_device(area), area->fa_off + offset, &info);

	*size = error == 0 ? (uint32_t)info.size : 0u;
	return error;
}

static int erase_area(void *context, uint32_t offset)
{
	uint32_t size;
	int error = page_size(context, (off_t)offset, &size);

	return error != 0 ? error : flash_area_erase(context, (off_t)offset, size);
}

/* Opens an area whose pages are of one size, without its last `reserved` bytes. */
static int open_area(uint8_t id, uint32_t reserved, smidgen_flash *flash)
{
	const struct flash_area *area;
	uint32_t last;
	int error = flash_area_open(id, &area);

	if (error != 0) {
		return error;
	}
	error = page_size(area, 0, &flash->page_size);
	if (error == 0) {
		error = page_size(area, (off_t)area->fa_size - 1, &last);
	}
	if (error != 0 || last != flash->page_size || area->fa_size < reserved) {
		return error != 0 ? error : -ENOTSUP;
	}
	flash->context = (void *)area;
	flash->size = (uint32_t)area->fa_size - reserved;
	flash->size -= flash->size % flash->page_size;
	flash->write_size = flash_area_align(area);
	flash->erased = flash_area_erased_val(area);
	flash->read = read_area;
	flash->erase = erase_area;
	flash->write = write_area;
	return 0;
}

int smidgen_zephyr_begin(const smidgen_device *policy)
{
	smidgen_ab *ab = &update.ab;
	const struct flash_area *base;
	int error;

	memset(ab, 0, sizeof(*ab));
	update.offset = 0;
	if (policy != NULL) {
		ab->device = *policy;
	}
	error = flash_area_open(FIXED_PARTITION_ID(slot0_partition), &base);
	if (error == 0) {
		error = open_area(FIXED_PARTITION_ID(slot1_partition), CONFIG_SMIDGEN_SLOT_RESERVED, &ab->slot);
	}
	if (error == 0) {
		error = open_area(FIXED_PARTITION_ID(smidgen_journal), 0, &ab->journal_area);
	}
	if (error != 0) {
		return error;
	}
	/* MCUboot's images end amid the slot. */
	ab->device.base = (void *)base;
	ab->device.base_size = SMIDGEN_ANY_SIZE;
	ab->device.read_base = read_area;
	ab->buffer = update.buffer;
	ab->buffer_size = sizeof(update.buffer);
	return smidgen_ab_begin(ab, update.memory, sizeof(update.memory));
}

int smidgen_zephyr_write(const void *piece, size_t length)
{
	const uint8_t *bytes = piece;
	uint32_t taken;
	int error;

	do {
		error = smidgen_ab_step(&update.ab, bytes, (uint32_t)length, CONFIG_SMIDGEN_STEP, &taken);
		bytes += taken;
		length -= taken;
		update.offset += taken;
		smidgen_zephyr_pause();
	} while (error == 0 && (length > 0 || smidgen_wants_input(update.ab.restore) == 0));
	return error;
}

size_t smidgen_zephyr_offset(void)
{
	return update.offset;
}

int smidgen_zephyr_finish(void)
{
	int error = smidgen_ab_end(&update.ab);

	while (error == 0 && smidgen_ab_is_ready(&update.ab) == 0) {
		error = smidgen_ab_check(&update.ab, CONFIG_SMIDGEN_STEP);
		smidgen_zephyr_pause();
	}
	return error;
}

int smidgen_zephyr_request(void)
{
	return smidgen_ab_is_ready(&update.ab) != 0 ? boot_request_upgrade(BOOT_UPGRADE_TEST) : -EACCES;
}
