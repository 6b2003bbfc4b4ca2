/* What programs in C share on the emulated board, Arm's MPS2 with a Cortex-M3: where the host puts things (examples/device/run),
 * how to print, how long something took and how much stack. For one file of a program: functions are static. */

#ifndef MPS2_H
#define MPS2_H

#include <stdint.h>
#include "memory.h"

/* RAM that stands for flash and outlives a reset. */
#define MEMORY 0x21000000u
#define AT(offset) ((uint8_t *)(MEMORY + (offset)))
#define STATUS_PLACE AT(64u << 10)
#define JOURNAL AT(128u << 10)
#define SCRATCH AT(256u << 10)
#define STATE AT(512u << 10)
#define WORKSPACE AT(1u << 20)
#define BUFFER AT(3u << 20)
#define OLD AT(4u << 20)
#define PACKAGE AT(8u << 20)
#define SLOT AT(12u << 20)

enum { PAGE = 4096, UNIT = 8, SLOT_SIZE = 4 << 20, SCRATCH_SIZE = 16 << 10 };

/* What the host wants. */
struct order {
    uint32_t base_size;
    uint32_t package_size;
    uint32_t workspace_size;
    uint32_t slot_size;
};
#define ORDER ((const struct order *)MEMORY)

/* Semihosting: the host prints, and ends the emulation. */
static int host(int operation, const void *argument)
{
    register int r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

static void print(const char *text)
{
    host(0x04, text);
}

static void print_number(const char *name, uint32_t number)
{
    char text[12], *place = text + sizeof text;
    *--place = 0;
    do {
        *--place = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    print(name);
    print(place);
    print("\n");
}

static void print_digest(const uint8_t digest[32])
{
    char text[65];
    uint32_t i;
    for (i = 0; i < 64; i++) {
        text[i] = "0123456789abcdef"[digest[i / 2] >> (i % 2 != 0 ? 0 : 4) & 15];
    }
    text[64] = 0;
    print("digest ");
    print(text);
    print("\n");
}

static void end(uint32_t code)
{
    const uint32_t block[2] = {0x20026, code};
    host(0x20, block);
    for (;;) {
    }
}

/* The processor begins anew, as after a loss of power; memory stays. */
static inline void reset(void)
{
    *(volatile uint32_t *)0xE000ED0C = 0x05FA0004;
    for (;;) {
    }
}

/* The interface of crates/patch-nostd/capi has functions of another integer type. */
#ifndef MPS2_RESULT
#define MPS2_RESULT int
#endif

/* Flash: the context is where an area begins. It is erased in pages; only what is erased can be written, in whole units. */
static inline MPS2_RESULT read_memory(void *context, uint32_t offset, uint8_t *bytes, uint32_t length)
{
    memcpy(bytes, (const uint8_t *)context + offset, length);
    return 0;
}

static inline MPS2_RESULT erase_memory(void *context, uint32_t offset)
{
    volatile uint8_t *page = (uint8_t *)context + offset;
    uint32_t i;
    for (i = 0; i < PAGE; i++) {
        page[i] = 0xFF;
    }
    return offset % PAGE != 0;
}

static inline MPS2_RESULT write_memory(void *context, uint32_t offset, const uint8_t *bytes, uint32_t length)
{
    volatile uint8_t *to = (uint8_t *)context + offset;
    uint32_t i;
    for (i = 0; i < length; i++) {
        if (to[i] != 0xFF) {
            return 1;
        }
        to[i] = bytes[i];
    }
    return offset % UNIT != 0 || length % UNIT != 0;
}

/* A timer that counts down at 25 MHz; under -icount shift=0 an instruction takes a nanosecond. */
#define TIMER ((volatile uint32_t *)0x40000000)
#define PAINT 0x5AFE57ACu

/* Of examples/device/mps2-an385.x. */
extern uint32_t stack_low;
extern uint32_t stack_top;

/* Paints the stack below its top, and starts the timer. */
static void begin_measuring(uint32_t *top)
{
    uint32_t *place;
    for (place = &stack_low; place < top - 128; place++) {
        *place = PAINT;
    }
    TIMER[2] = TIMER[1] = 0xFFFFFFFF;
    TIMER[0] = 1;
}

static void print_measured(uint32_t *top)
{
    uint32_t ticks = 0xFFFFFFFF - TIMER[1], *place = &stack_low;
    while (*place == PAINT) {
        place++;
    }
    print_number("instructions ", ticks * 40);
    print_number("stack ", (uint32_t)((char *)top - (char *)place));
}

static void boot(void);

static void fault(void)
{
    end(4);
}

/* What the processor reads at reset. */
__attribute__((section(".vectors"), used)) static void (*const vectors[4])(void) = {
    (void (*)(void))&stack_top,
    boot,
    fault,
    fault,
};

#endif
