/* A bootloader in C that updates through the C interface, into another slot or, if the package is made for that, in
 * place: it is reset half way, and goes on.
 *
 * The emulated board is Arm's MPS2 with a Cortex-M3. The host puts the old image and the package into its RAM, which
 * stands for flash and outlives a reset: slot and journal are erased page by page, written in words, and read back. */

#include "smidgen.h"

#define MPS2_RESULT int32_t
#include "mps2.h"

#define STATUS ((volatile struct status *)STATUS_PLACE)

/* What the example itself keeps over its reset; a bootloader needs nothing of the kind. */
struct status {
    uint32_t begun;
    /* Pages that may still be erased before the reset, and pages erased. */
    uint32_t fuel, erased;
};
#define BEGUN 0xB007B007u

static int32_t read_package(void *context, uint32_t offset, uint8_t *buffer, uint32_t length) {
    (void)context;
    return read_memory(PACKAGE, offset, buffer, length);
}

static int32_t read_base(void *context, uint32_t offset, uint8_t *buffer, uint32_t length) {
    (void)context;
    return read_memory(OLD, offset, buffer, length);
}

static int32_t erase(void *context, uint32_t offset) {
    if (offset >= SLOT_SIZE) return 1;
    if (context == SLOT) {
        if (STATUS->fuel == 0) reset();
        STATUS->fuel--;
        STATUS->erased++;
    }
    return erase_memory(context, offset);
}

static SmidgenFlash area(uint8_t *start, uint32_t size) {
    const SmidgenFlash flash = {
        .context = start,
        .size = size,
        .page_size = PAGE,
        .write_size = UNIT,
        .read = read_memory,
        .erase = erase,
        .write = write_memory,
    };
    return flash;
}

/* This is what a bootloader does. Packages for updates in place have a state to keep. */
static int32_t update(uint32_t ram, uint32_t state_size) {
    const SmidgenDevice device = {
        .product = 0,
        .module = 0,
        .version = 0,
        .rollback_counter = 0,
        .context = SLOT,
        .base_size = ORDER->base_size,
        .slot_size = state_size ? ORDER->slot_size : SLOT_SIZE,
        .page_size = PAGE,
        .write_size = UNIT,
        .read_base = read_base,
        .read_package = read_package,
        .read_slot = read_memory,
        .erase = erase,
        .write = write_memory,
        .progress = 0,
    };
    const uint32_t package_size = ORDER->package_size;
    const SmidgenFlash journal = area(JOURNAL, 2 * PAGE);
    if (!state_size)
        return smidgen_update_ab(&device, &journal, (uint32_t *)(void *)WORKSPACE, ram, BUFFER, PAGE, package_size);
    const SmidgenFlash areas[3] = {area(SCRATCH, SCRATCH_SIZE), journal, area(STATE, state_size)};
    return smidgen_update_in_place(&device, areas, (uint32_t *)(void *)WORKSPACE, ram, BUFFER, 256, package_size);
}

/* At the first start the board is as it left the factory, and will be reset after half of the pages. */
static void prepare(uint32_t pages, uint32_t state_size) {
    if (STATUS->begun == BEGUN) {
        STATUS->fuel = 0xFFFFFFFF;
        return;
    }
    for (uint32_t i = 0; i < SLOT_SIZE; i++) SLOT[i] = state_size && i < ORDER->base_size ? OLD[i] : 0;
    for (uint32_t i = 0; i < 2 * PAGE; i++) JOURNAL[i] = 0xFF;
    for (uint32_t i = 0; i < state_size; i++) STATE[i] = 0xFF;
    for (uint32_t i = 0; i < SCRATCH_SIZE; i++) SCRATCH[i] = 0xFF;
    STATUS->fuel = pages / 2;
    STATUS->erased = 0;
    STATUS->begun = BEGUN;
}

static void boot(void) {
    SmidgenInfo info;
    int32_t error = smidgen_inspect(PACKAGE, ORDER->package_size, &info);
    if (error == 0) {
        uint32_t pages = (info.target_size + PAGE - 1) / PAGE;
        uint32_t state_size = smidgen_state_area(PACKAGE, ORDER->package_size, PAGE);
        prepare(pages, state_size);
        uint32_t *top = __builtin_frame_address(0);
        begin_measuring(top);
        error = update(info.ram, state_size);
        print_measured(top);
        print_number("bytes ", info.target_size);
        /* It was reset, and no page was erased twice but those that it was about to copy. */
        uint32_t again = state_size ? SCRATCH_SIZE / PAGE : 0;
        if (STATUS->fuel < 0xFFFFFFFF - pages || STATUS->erased > pages + again) error = 255;
        print_number("erased ", STATUS->erased);
    }
    if (error) {
        print_number("error ", (uint32_t)error);
        end(1);
    }
    /* What is in the slot, not what the package says. */
    uint8_t digest[32];
    smidgen_sha256(SLOT, info.target_size, &digest);
    print_digest(digest);
    end(0);
}
