/* The C decoder on an emulated Cortex-M3 (examples/device/run --board c99): restores an image, or updates into another slot
 * or in place, loses power half way, and goes on.
 *
 * The board is Arm's MPS2. The host puts the old image and the package into its RAM, which stands for flash and outlives
 * a reset: it is erased page by page, written in whole units that are erased, and read back. */

/* Its source, as one file: the image is hashed with it in the end. */
#include "../smidgen.c"

#include "mps2.h"

#define STATUS ((volatile uint32_t *)STATUS_PLACE)
enum { STATE_SIZE = 256 << 10, RAM = 512 << 10 };

/* How often it began, and how many pages of the slot may still be erased before the power goes. */
enum { BEGUN, FUEL };
#define MARK 0xB007B007u

static int read_package(void *context, uint32_t offset, uint8_t *bytes, uint32_t length)
{
    (void)context;
    return read_memory(PACKAGE, offset, bytes, length);
}

/* RAM, which is written as it comes. */
static int write_ram(void *context, uint32_t offset, const uint8_t *bytes, uint32_t length)
{
    memcpy((uint8_t *)context + offset, bytes, length);
    return 0;
}

#if defined(UPDATE_AB) || defined(UPDATE_IN_PLACE)
static int erase(void *context, uint32_t offset)
{
    if (context == SLOT) {
        if (STATUS[FUEL] == 0) {
            reset();
        }
        STATUS[FUEL]--;
    }
    return erase_memory(context, offset);
}

static smidgen_flash area(uint8_t *start, uint32_t size)
{
    smidgen_flash flash;
    flash.context = start;
    flash.size = size;
    flash.page_size = PAGE;
    flash.write_size = UNIT;
    flash.read = read_memory;
    flash.erase = erase;
    flash.write = write_memory;
    flash.erased = 0xFF;
    return flash;
}
#endif

static smidgen_device device(void)
{
    smidgen_device d;
    memset(&d, 0, sizeof d);
    d.base = OLD;
    d.base_size = ORDER->base_size;
    d.read_base = read_memory;
    d.target = SLOT;
    d.slot_size = SLOT_SIZE;
    d.write = write_ram;
    d.read_target = read_memory;
    return d;
}

#if defined(UPDATE_AB)
static int run_update(void)
{
    smidgen_ab ab;
    memset(&ab, 0, sizeof ab);
    ab.device = device();
    ab.slot = area(SLOT, SLOT_SIZE);
    ab.journal_area = area(JOURNAL, 2 * PAGE);
    ab.buffer = BUFFER;
    ab.buffer_size = PAGE;
    return smidgen_ab_update(&ab, WORKSPACE, SMIDGEN_MEMORY(RAM), read_package, ORDER->package_size);
}
#elif defined(UPDATE_IN_PLACE)
static int run_update(void)
{
    smidgen_in_place in_place;
    memset(&in_place, 0, sizeof in_place);
    in_place.device = device();
    in_place.slot = area(SLOT, ORDER->slot_size);
    in_place.scratch = area(SCRATCH, SCRATCH_SIZE);
    in_place.journal_area = area(JOURNAL, 2 * PAGE);
    in_place.state_area = area(STATE, STATE_SIZE);
    in_place.read_package = read_package;
    in_place.package_size = ORDER->package_size;
    in_place.buffer = BUFFER;
    in_place.buffer_size = 256;
    return smidgen_in_place_update(&in_place, WORKSPACE, SMIDGEN_MEMORY(RAM));
}
#else
static int run_update(void)
{
    smidgen_device d = device();
    STATUS[FUEL] = 0xFFFFFFFF;
    return smidgen_restore(WORKSPACE, SMIDGEN_MEMORY(RAM), &d, read_package, ORDER->package_size);
}
#endif

/* As it left the factory; the power goes after half of the pages. */
static void prepare(void)
{
    memset(SLOT, 0, SLOT_SIZE);
    memcpy(SLOT, OLD, ORDER->base_size);
    memset(JOURNAL, 0xFF, 2 * PAGE);
    memset(SCRATCH, 0xFF, SCRATCH_SIZE);
    memset(STATE, 0xFF, STATE_SIZE);
    STATUS[BEGUN] = MARK;
    STATUS[FUEL] = ORDER->base_size / PAGE / 2;
}

/* What is in the slot, not what the package says. */
static void print_slot(uint32_t size)
{
    struct smidgen *d = (struct smidgen *)(void *)WORKSPACE;
    uint8_t digest[32];
    digest_start(d, SMIDGEN_DIGEST_IMAGE);
    digest_update(d, SMIDGEN_DIGEST_IMAGE, SLOT, size);
    digest_finish(d, SMIDGEN_DIGEST_IMAGE, digest);
    print_digest(digest);
}

static void boot(void)
{
    uint32_t *top = __builtin_frame_address(0), size;
    int error;
    if (STATUS[BEGUN] == MARK) {
        STATUS[FUEL] = 0xFFFFFFFF;
    } else {
        prepare();
    }
    begin_measuring(top);
    error = run_update();
    if (error != 0) {
        print_number("error ", (uint32_t)error);
        end(1);
    }
    print_measured(top);
    size = ((struct smidgen *)(void *)WORKSPACE)->target_size;
    print_number("bytes ", size);
    print_slot(size);
    end(0);
}
