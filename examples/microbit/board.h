/* The micro:bit (nRF51822, Cortex-M0) as its boot loader and its applications use it: where things are in flash, the flash
 * controller, and the serial port. For one file of a program: functions are static. */

#ifndef BOARD_H
#define BOARD_H

#include <stddef.h>
#include <stdint.h>

enum { PAGE = 1024, WORD = 4 };

/* The first 24 KiB are the boot loader; `run` has the same numbers. */
enum {
    JOURNAL = 0x06000,
    SLOT_A = 0x08000,
    SLOT_B = 0x10000,
    SLOT_SIZE = 0x08000,
    /* A word that says how long the package is, and the package. */
    STORE = 0x18000,
    STORE_SIZE = 0x04000,
    SCRATCH = 0x1C000,
    SCRATCH_SIZE = 0x02000,
    STATE = 0x1E000
};

#define REGISTER(address) (*(volatile uint32_t *)(address))

/* UART0 */
static void print(const char *text)
{
    REGISTER(0x40002500) = 4; /* ENABLE */
    REGISTER(0x40002008) = 1; /* STARTTX */
    for (; *text != 0; text++) {
        REGISTER(0x4000211C) = 0; /* TXDRDY */
        REGISTER(0x4000251C) = (uint32_t)(uint8_t)*text;
        while (REGISTER(0x4000211C) == 0) {
        }
    }
}

static inline void print_number(uint32_t number)
{
    char text[11], *place = text + sizeof text - 1;
    *place = 0;
    do {
        *--place = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    print(place);
}

/* NVMC: 0 reads, 1 writes, 2 erases. */
static inline void flash_mode(uint32_t mode)
{
    REGISTER(0x4001E504) = mode;
    while (REGISTER(0x4001E400) == 0) {
    }
}

static inline void flash_erase(uint32_t page)
{
    flash_mode(2);
    REGISTER(0x4001E508) = page;
    flash_mode(0);
}

/* Whole words. */
static inline void flash_write(uint32_t address, const uint8_t *bytes, uint32_t length)
{
    uint32_t i;
    flash_mode(1);
    for (i = 0; i < length; i += WORD) {
        REGISTER(address + i) =
            bytes[i] | (uint32_t)bytes[i + 1] << 8 | (uint32_t)bytes[i + 2] << 16 | (uint32_t)bytes[i + 3] << 24;
        while (REGISTER(0x4001E400) == 0) {
        }
    }
    flash_mode(0);
}

#endif
