/* NuttX's MTD devices as areas of updates over flash: pages are erase blocks, units are read/write blocks. */

#include "smidgen_mtd.h"

#include <errno.h>
#include <string.h>

static int read_by_blocks(struct smidgen_mtd *mtd, uint32_t offset, uint8_t *bytes, uint32_t length)
{
    uint32_t size = mtd->block_size, from, count;
    while (length > 0) {
        from = offset % size;
        count = size - from < length ? size - from : length;
        if (MTD_BREAD(mtd->device, (off_t)(offset / size), 1, mtd->block) != 1) {
            return -EIO;
        }
        memcpy(bytes, mtd->block + from, count);
        offset += count;
        bytes += count;
        length -= count;
    }
    return 0;
}

static int read_mtd(void *context, uint32_t offset, uint8_t *bytes, uint32_t length)
{
    struct smidgen_mtd *mtd = (struct smidgen_mtd *)context;
    if (mtd->block != NULL) {
        return read_by_blocks(mtd, offset, bytes, length);
    }
    return MTD_READ(mtd->device, (off_t)offset, length, bytes) == (ssize_t)length ? 0 : -EIO;
}

static int erase_mtd(void *context, uint32_t offset)
{
    struct smidgen_mtd *mtd = (struct smidgen_mtd *)context;
    int error = MTD_ERASE(mtd->device, (off_t)(offset / mtd->erase_size), 1);
    return error < 0 ? error : 0;
}

static int write_mtd(void *context, uint32_t offset, const uint8_t *bytes, uint32_t length)
{
    struct smidgen_mtd *mtd = (struct smidgen_mtd *)context;
    size_t count = length / mtd->block_size;
    return MTD_BWRITE(mtd->device, (off_t)(offset / mtd->block_size), count, bytes) == (ssize_t)count ? 0 : -EIO;
}

int smidgen_mtd_area(struct smidgen_mtd *mtd, struct mtd_dev_s *device, uint8_t *block, uint32_t room, smidgen_flash *area)
{
    struct mtd_geometry_s geometry;
    uint8_t erased = 0xFF;
    int error = MTD_IOCTL(device, MTDIOC_GEOMETRY, (unsigned long)(uintptr_t)&geometry);
    if (error < 0) {
        return error;
    }
    if (geometry.blocksize == 0 || geometry.erasesize % geometry.blocksize != 0 ||
        (device->read == NULL && (block == NULL || room < geometry.blocksize))) {
        return -EINVAL;
    }
    /* Drivers that do not say erase to ones. */
    if (MTD_IOCTL(device, MTDIOC_ERASESTATE, (unsigned long)(uintptr_t)&erased) < 0) {
        erased = 0xFF;
    }
    mtd->device = device;
    mtd->block_size = geometry.blocksize;
    mtd->erase_size = geometry.erasesize;
    mtd->block = device->read == NULL ? block : NULL;
    area->context = mtd;
    area->size = geometry.erasesize * geometry.neraseblocks;
    area->page_size = geometry.erasesize;
    area->write_size = geometry.blocksize;
    area->read = read_mtd;
    area->erase = erase_mtd;
    area->write = write_mtd;
    area->erased = erased;
    return 0;
}
