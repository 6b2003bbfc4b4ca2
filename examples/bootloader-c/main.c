/* A bootloader in C that updates through the C interface, into another slot or, if the package is made for that, in
 * place: it is reset half way, and goes on.
 *
 * The emulated board is Arm's MPS2 with a Cortex-M3. The host puts the old image and the package into its RAM, which
 * stands for flash and outlives a reset: slot and journal are erased page by page, written in words, and read back. */

#include "smidgen.h"

#define MEMORY 0x21000000u
#define STATUS ((volatile struct status *)(MEMORY + (64u << 10)))
#define JOURNAL ((volatile uint8_t *)(MEMORY + (128u << 10)))
#define SCRATCH ((volatile uint8_t *)(MEMORY + (256u << 10)))
#define STATE ((volatile uint8_t *)(MEMORY + (512u << 10)))
#define WORKSPACE ((uint32_t *)(MEMORY + (1u << 20)))
#define BUFFER ((uint8_t *)(MEMORY + (3u << 20)))
#define BASE ((const uint8_t *)(MEMORY + (4u << 20)))
#define PACKAGE ((const uint8_t *)(MEMORY + (8u << 20)))
#define SLOT ((volatile uint8_t *)(MEMORY + (12u << 20)))
#define SLOT_SIZE (4u << 20)
#define SCRATCH_SIZE (16u << 10)
#define PAGE_SIZE 4096u
#define WRITE_SIZE 8u

/* What the host wants: examples/device calls it an order. */
struct order {
    uint32_t base_size;
    uint32_t package_size;
    uint32_t workspace_size;
    uint32_t slot_size;
};
#define ORDER ((const struct order *)MEMORY)

/* What the example itself keeps over its reset; a bootloader needs nothing of the kind. */
struct status {
    uint32_t begun;
    /* Pages that may still be erased before the reset, and pages erased. */
    uint32_t fuel, erased;
};
#define BEGUN 0xB007B007u

/* The compiler may ask for these, and so does the library; a C library has better ones. */
void *memcpy(void *to, const void *from, __SIZE_TYPE__ count) {
    char *t = to;
    const char *f = from;
    while (count--) *t++ = *f++;
    return to;
}

/* Semihosting: the host prints, and ends the emulation. */
static int host(int operation, const void *argument) {
    register int r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

static void print(const char *text) { host(0x04, text); }

static void print_number(const char *name, uint32_t number) {
    char text[12];
    char *place = text + sizeof text;
    *--place = 0;
    do *--place = (char)('0' + number % 10); while (number /= 10);
    print(name);
    print(place);
    print("\n");
}

static void end(uint32_t code) {
    const uint32_t block[2] = {0x20026, code};
    host(0x20, block);
    for (;;) {}
}

/* The board's flash. */
static int32_t read_base(void *context, uint32_t offset, uint8_t *buffer, uint32_t length) {
    (void)context;
    memcpy(buffer, BASE + offset, length);
    return 0;
}

static int32_t read_package(void *context, uint32_t offset, uint8_t *buffer, uint32_t length) {
    (void)context;
    memcpy(buffer, PACKAGE + offset, length);
    return 0;
}

/* The context is where the area begins: the slot, the journal, the scratch area or the state. */
static int32_t read_flash(void *context, uint32_t offset, uint8_t *buffer, uint32_t length) {
    const volatile uint8_t *area = context;
    while (length--) *buffer++ = area[offset++];
    return 0;
}

/* The processor begins anew, as after a loss of power; memory stays. */
static void reset(void) {
    *(volatile uint32_t *)0xE000ED0C = 0x05FA0004;
    for (;;) {}
}

static int32_t erase(void *context, uint32_t offset) {
    volatile uint8_t *area = context;
    if (offset % PAGE_SIZE || offset >= SLOT_SIZE) return 1;
    if (area == SLOT) {
        if (STATUS->fuel == 0) reset();
        STATUS->fuel--;
        STATUS->erased++;
    }
    for (uint32_t i = 0; i < PAGE_SIZE; i++) area[offset + i] = 0xFF;
    return 0;
}

/* As flash does it: only what was erased can be written, and only whole units. */
static int32_t write(void *context, uint32_t offset, const uint8_t *bytes, uint32_t length) {
    volatile uint8_t *area = context;
    if (offset % WRITE_SIZE || length % WRITE_SIZE || offset + length > SLOT_SIZE) return 1;
    for (uint32_t i = 0; i < length; i++) {
        if (area[offset + i] != 0xFF) return 1;
        area[offset + i] = bytes[i];
    }
    return 0;
}

/* A timer that counts down at 25 MHz; under -icount shift=0 an instruction takes a nanosecond. */
#define TIMER ((volatile uint32_t *)0x40000000)

extern uint32_t stack_low;
#define PAINT 0x5AFE57ACu

static SmidgenFlash area(volatile uint8_t *start, uint32_t size) {
    const SmidgenFlash flash = {
        .context = (void *)start,
        .size = size,
        .page_size = PAGE_SIZE,
        .write_size = WRITE_SIZE,
        .read = read_flash,
        .erase = erase,
        .write = write,
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
        .context = (void *)SLOT,
        .base_size = ORDER->base_size,
        .slot_size = state_size ? ORDER->slot_size : SLOT_SIZE,
        .page_size = PAGE_SIZE,
        .write_size = WRITE_SIZE,
        .read_base = read_base,
        .read_package = read_package,
        .read_slot = read_flash,
        .erase = erase,
        .write = write,
        .progress = 0,
    };
    const uint32_t package_size = ORDER->package_size;
    const SmidgenFlash journal = area(JOURNAL, 2 * PAGE_SIZE);
    if (!state_size)
        return smidgen_update_ab(&device, &journal, WORKSPACE, ram, BUFFER, PAGE_SIZE, package_size);
    const SmidgenFlash areas[3] = {area(SCRATCH, SCRATCH_SIZE), journal, area(STATE, state_size)};
    return smidgen_update_in_place(&device, areas, WORKSPACE, ram, BUFFER, 256, package_size);
}

/* At the first start the board is as it left the factory, and will be reset after half of the pages. */
static void prepare(uint32_t pages, uint32_t state_size) {
    if (STATUS->begun == BEGUN) {
        STATUS->fuel = 0xFFFFFFFF;
        return;
    }
    for (uint32_t i = 0; i < SLOT_SIZE; i++) SLOT[i] = state_size && i < ORDER->base_size ? BASE[i] : 0;
    for (uint32_t i = 0; i < 2 * PAGE_SIZE; i++) JOURNAL[i] = 0xFF;
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
        uint32_t pages = (info.target_size + PAGE_SIZE - 1) / PAGE_SIZE;
        uint32_t state_size = smidgen_state_area(PACKAGE, ORDER->package_size, PAGE_SIZE);
        prepare(pages, state_size);
        uint32_t *top = __builtin_frame_address(0), *place = &stack_low;
        while (place < top - 128) *place++ = PAINT;
        TIMER[2] = TIMER[1] = 0xFFFFFFFF;
        TIMER[0] = 1;
        error = update(info.ram, state_size);
        uint32_t ticks = 0xFFFFFFFF - TIMER[1];
        for (place = &stack_low; *place == PAINT; place++) {}
        print_number("instructions ", ticks * 40);
        print_number("stack ", (uint32_t)((char *)top - (char *)place));
        print_number("bytes ", info.target_size);
        /* It was reset, and no page was erased twice but those that it was about to copy. */
        uint32_t again = state_size ? SCRATCH_SIZE / PAGE_SIZE : 0;
        if (STATUS->fuel < 0xFFFFFFFF - pages || STATUS->erased > pages + again) error = 255;
        print_number("erased ", STATUS->erased);
    }
    if (error) {
        print_number("error ", (uint32_t)error);
        end(1);
    }
    /* What is in the slot, not what the package says. */
    uint8_t digest[32];
    char text[65];
    smidgen_sha256((const uint8_t *)SLOT, info.target_size, &digest);
    for (int i = 0; i < 64; i++) text[i] = "0123456789abcdef"[digest[i / 2] >> (i % 2 ? 0 : 4) & 15];
    text[64] = 0;
    print("digest ");
    print(text);
    print("\n");
    end(0);
}

static void fault(void) { end(4); }

extern uint32_t stack_top;

/* What the processor reads at reset. */
__attribute__((section(".vectors"), used)) static void (*const vectors[4])(void) = {
    (void (*)(void))&stack_top,
    boot,
    fault,
    fault,
};
