/* A boot loader that updates by a stored package before it starts an application: into the other slot (UPDATE_AB), or in
 * place. It knows nothing but what flash says, and may lose power at any time. */

#include "board.h"
#include "smidgen.h"
#include "memory.h"

enum { RAM = 4096 };

static uint32_t memory[(SMIDGEN_MEMORY(RAM) + 3) / 4];

/* An area's context is where it begins. */
static int read_flash(void *context, uint32_t offset, uint8_t *bytes, uint32_t length)
{
    const uint8_t *from = (const uint8_t *)context + offset;
    while (length-- > 0) {
        *bytes++ = *from++;
    }
    return 0;
}

static int erase_page(void *context, uint32_t offset)
{
    flash_erase((uint32_t)context + offset);
    return 0;
}

static int write_flash(void *context, uint32_t offset, const uint8_t *bytes, uint32_t length)
{
    flash_write((uint32_t)context + offset, bytes, length);
    return 0;
}

static smidgen_flash area(uint32_t start, uint32_t size)
{
    const smidgen_flash flash = {
        .context = (void *)start,
        .size = size,
        .page_size = PAGE,
        .write_size = WORD,
        .read = read_flash,
        .erase = erase_page,
        .write = write_flash,
        .erased = 0xFF,
    };
    return flash;
}

static uint32_t package_size(void)
{
    uint32_t size = REGISTER(STORE);
    return size <= STORE_SIZE - WORD ? size : 0;
}

static int read_package(void *context, uint32_t offset, uint8_t *bytes, uint32_t length)
{
    (void)context;
    return read_flash((void *)(STORE + WORD), offset, bytes, length);
}

static void say(int error)
{
    print("update: ");
    print_number((uint32_t)error);
    print("\n");
}

#ifdef UPDATE_AB
/* The slot to start. */
static uint32_t update(void)
{
    static smidgen_ab ab;
    static uint8_t page[PAGE];
    int error;
    ab.device.base = (void *)SLOT_A;
    ab.device.base_size = SMIDGEN_ANY_SIZE;
    ab.device.read_base = read_flash;
    ab.slot = area(SLOT_B, SLOT_SIZE);
    ab.journal_area = area(JOURNAL, 2 * PAGE);
    ab.buffer = page;
    ab.buffer_size = sizeof page;
    error = smidgen_ab_update(&ab, memory, sizeof memory, read_package, package_size());
    say(error);
    return error == 0 ? SLOT_B : SLOT_A;
}
#else
static uint32_t update(void)
{
    static smidgen_in_place in_place;
    static uint8_t buffer[256];
    smidgen_flash journal = area(JOURNAL, 2 * PAGE);
    int begun;
    in_place.slot = area(SLOT_A, SLOT_SIZE);
    in_place.scratch = area(SCRATCH, SCRATCH_SIZE);
    in_place.journal_area = journal;
    in_place.state_area = area(STATE, smidgen_state_area(RAM, PAGE));
    in_place.read_package = read_package;
    in_place.package_size = package_size();
    in_place.buffer = buffer;
    in_place.buffer_size = sizeof buffer;
    say(smidgen_in_place_update(&in_place, memory, sizeof memory));
    if (smidgen_has_begun(&journal, &begun) != 0 || begun) {
        print("the slot holds no image\n");
        for (;;) {
        }
    }
    return SLOT_A;
}
#endif

extern uint32_t stack_top, zeros, zeros_end;

static void boot(void)
{
    uint32_t *zero, slot = SLOT_A;
    for (zero = &zeros; zero < &zeros_end; zero++) {
        *zero = 0;
    }
    if (package_size() > 0) {
        slot = update();
    }
    __asm__ volatile("msr msp, %0\n bx %1" : : "r"(REGISTER(slot)), "r"(REGISTER(slot + 4)) : "memory");
    __builtin_unreachable();
}

static void fault(void)
{
    print("fault\n");
    for (;;) {
    }
}

__attribute__((section(".vectors"), used)) static void (*const vectors[4])(void) = {(void (*)(void))&stack_top, boot, fault,
                                                                                    fault};
