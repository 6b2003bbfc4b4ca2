/* Updates a board over MTD devices, into another slot and in place, with power lost everywhere: devices that read bytes and
 * devices that read blocks only. */

#include "../../c-glue/simulated_flash.h"
#include "../smidgen_mtd.h"

enum { RAM = 1 << 16, PAGE = 1024, BLOCK = 256 };
enum { RUNNING, SLOT, SCRATCH, JOURNAL, STATE, AREAS };

struct chip {
    struct mtd_dev_s device;
    struct simulated_part part;
};
static struct chip chips[AREAS];
static struct file old_image, new_image, package;
static int ready;

static const struct simulated_part *part_of(struct mtd_dev_s *device)
{
    return &((struct chip *)device)->part;
}

static int erase(struct mtd_dev_s *dev, off_t startblock, size_t nblocks)
{
    const struct simulated_part *part = part_of(dev);
    int failed = simulated_erase(part, (uint32_t)startblock * part->page, (uint32_t)nblocks * part->page);
    return failed != 0 ? -EIO : (int)nblocks;
}

static ssize_t bread(struct mtd_dev_s *dev, off_t startblock, size_t nblocks, uint8_t *buffer)
{
    const struct simulated_part *part = part_of(dev);
    int failed = simulated_read(part, (uint32_t)startblock * part->unit, buffer, (uint32_t)nblocks * part->unit);
    return failed != 0 ? -EIO : (ssize_t)nblocks;
}

static ssize_t bwrite(struct mtd_dev_s *dev, off_t startblock, size_t nblocks, const uint8_t *buffer)
{
    const struct simulated_part *part = part_of(dev);
    int failed = simulated_write(part, (uint32_t)startblock * part->unit, buffer, (uint32_t)nblocks * part->unit);
    return failed != 0 ? -EIO : (ssize_t)nblocks;
}

static ssize_t read_bytes(struct mtd_dev_s *dev, off_t offset, size_t nbytes, uint8_t *buffer)
{
    return simulated_read(part_of(dev), (uint32_t)offset, buffer, (uint32_t)nbytes) != 0 ? -EIO : (ssize_t)nbytes;
}

static int ioctl_of(struct mtd_dev_s *dev, int cmd, unsigned long arg)
{
    const struct simulated_part *part = part_of(dev);
    struct mtd_geometry_s *geometry = (struct mtd_geometry_s *)(uintptr_t)arg;
    if (cmd != MTDIOC_GEOMETRY) {
        return -ENOTTY;
    }
    geometry->blocksize = part->unit;
    geometry->erasesize = part->page;
    geometry->neraseblocks = part->size / part->page;
    return 0;
}

static void prepare(void)
{
    int i;
    for (i = 0; i < AREAS; i++) {
        simulated_load(&chips[i].part, NULL, 0);
    }
    simulated_load(&chips[RUNNING].part, old_image.bytes, old_image.size);
}

/* The package is stored where no power is lost. */
static int read_package(void *context, uint32_t offset, uint8_t *bytes, uint32_t length)
{
    (void)context;
    if (offset > package.size || length > package.size - offset) {
        return -1;
    }
    memcpy(bytes, package.bytes + offset, length);
    return 0;
}

static smidgen_flash area_of(int which)
{
    static struct smidgen_mtd mtds[AREAS];
    static uint8_t blocks[AREAS][BLOCK];
    smidgen_flash area;
    if (chips[which].device.read == NULL) {
        MUST(smidgen_mtd_area(&mtds[which], &chips[which].device, blocks[which], BLOCK - 1, &area) == -EINVAL);
    }
    MUST(smidgen_mtd_area(&mtds[which], &chips[which].device, blocks[which], BLOCK, &area) == 0);
    MUST(area.page_size == PAGE && area.write_size == BLOCK && area.erased == 0xFF);
    return area;
}

static uint64_t memory[(SMIDGEN_MEMORY(RAM) + 7) / 8];

static int update_ab(void)
{
    static uint8_t buffer[PAGE + BLOCK];
    smidgen_flash base = area_of(RUNNING);
    smidgen_ab ab;
    memset(&ab, 0, sizeof ab);
    ab.device.base = base.context;
    ab.device.base_size = SMIDGEN_ANY_SIZE;
    ab.device.read_base = base.read;
    ab.slot = area_of(SLOT);
    ab.journal_area = area_of(JOURNAL);
    ab.buffer = buffer;
    ab.buffer_size = sizeof buffer;
    return smidgen_ab_update(&ab, memory, sizeof memory, read_package, package.size);
}

static int update_in_place(void)
{
    static uint8_t buffer[2 * BLOCK];
    smidgen_in_place update;
    memset(&update, 0, sizeof update);
    update.slot = area_of(RUNNING);
    update.scratch = area_of(SCRATCH);
    update.journal_area = area_of(JOURNAL);
    update.state_area = area_of(STATE);
    update.read_package = read_package;
    update.package_size = package.size;
    MUST(smidgen_in_place_buffer(BLOCK) == sizeof buffer);
    update.buffer = buffer;
    update.buffer_size = sizeof buffer;
    return smidgen_in_place_update(&update, memory, sizeof memory);
}

static void check(void)
{
    MUST(memcmp(chips[ready].part.bytes, new_image.bytes, new_image.size) == 0);
    MUST(ready == RUNNING || memcmp(chips[RUNNING].part.bytes, old_image.bytes, old_image.size) == 0);
}

int main(int count, char **arguments)
{
    const uint32_t sizes[AREAS] = {40 << 10, 40 << 10, 8 << 10, 2 * PAGE, 2 * (RAM + PAGE)};
    int i, by_blocks;
    MUST(count == 2);
    for (by_blocks = 0; by_blocks < 2; by_blocks++) {
        for (i = 0; i < AREAS; i++) {
            const struct mtd_dev_s device = {erase, bread, bwrite, by_blocks ? NULL : read_bytes, ioctl_of, NULL, NULL, "chip"};
            chips[i].device = device;
            simulated_new(&chips[i].part, sizes[i], PAGE, BLOCK);
        }
        old_image = fixture(arguments[1], "firmware/app-v1.bin");
        new_image = fixture(arguments[1], "firmware/app-v2.bin");
        package = fixture(arguments[1], "packages/firmware-v1-v2.smdg");
        ready = SLOT;
        survive_power(prepare, update_ab, check);
        if (!by_blocks) {
            continue;
        }
        new_image = fixture(arguments[1], "firmware/app-v3.bin");
        package = fixture(arguments[1], "packages/firmware-v1-v3-in-place.smdg");
        ready = RUNNING;
        survive_power(prepare, update_in_place, check);
    }
    return 0;
}
