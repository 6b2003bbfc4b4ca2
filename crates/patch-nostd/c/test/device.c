/* The C decoder on an emulated Cortex-M3 (examples/device/run --board c99): restores an image, or updates into another slot
 * or in place, loses power half way, and goes on.
 *
 * The board is Arm's MPS2. The host puts the old image and the package into its RAM, which stands for flash and outlives
 * a reset: it is erased page by page, written in whole units that are erased, and read back. */

/* Its source, as one file: the image is hashed with it in the end. */
#include "../smidgen.c"

#define MEMORY 0x21000000u
#define AT(offset) ((uint8_t *)(MEMORY + (offset)))
#define STATUS ((volatile uint32_t *)AT(64u << 10))
#define JOURNAL AT(128u << 10)
#define SCRATCH AT(256u << 10)
#define STATE AT(512u << 10)
#define WORKSPACE AT(1u << 20)
#define BUFFER AT(3u << 20)
#define OLD AT(4u << 20)
#define PACKAGE AT(8u << 20)
#define SLOT AT(12u << 20)

enum { PAGE = 4096, UNIT = 8, SLOT_SIZE = 4 << 20, SCRATCH_SIZE = 16 << 10, STATE_SIZE = 256 << 10, RAM = 512 << 10 };

/* What the host wants: examples/device calls it an order. */
struct order {
    uint32_t base_size;
    uint32_t package_size;
    uint32_t workspace_size;
    uint32_t slot_size;
};
#define ORDER ((const struct order *)MEMORY)

/* How often it began, and how many pages of the slot may still be erased before the power goes. */
enum { BEGUN, FUEL };
#define MARK 0xB007B007u

/* The compiler calls these. */
void *memcpy(void *to, const void *from, __SIZE_TYPE__ count)
{
    char *t = to;
    const char *f = from;
    while (count-- > 0) {
        *t++ = *f++;
    }
    return to;
}

void *memmove(void *to, const void *from, __SIZE_TYPE__ count)
{
    char *t = to;
    const char *f = from;
    if (t < f) {
        return memcpy(to, from, count);
    }
    while (count-- > 0) {
        t[count] = f[count];
    }
    return to;
}

void *memset(void *to, int byte, __SIZE_TYPE__ count)
{
    char *t = to;
    while (count-- > 0) {
        *t++ = (char)byte;
    }
    return to;
}

int memcmp(const void *one, const void *other, __SIZE_TYPE__ count)
{
    const unsigned char *a = one, *b = other;
    for (; count > 0; count--, a++, b++) {
        if (*a != *b) {
            return *a < *b ? -1 : 1;
        }
    }
    return 0;
}

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

static void end(uint32_t code)
{
    const uint32_t block[2] = {0x20026, code};
    host(0x20, block);
    for (;;) {
    }
}

/* Flash: the context is where it begins. */
static int read_memory(void *context, uint32_t offset, uint8_t *bytes, uint32_t length)
{
    memcpy(bytes, (uint8_t *)context + offset, length);
    return 0;
}

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
            /* The processor begins anew, as after a loss of power; memory stays. */
            *(volatile uint32_t *)0xE000ED0C = 0x05FA0004;
            for (;;) {
            }
        }
        STATUS[FUEL]--;
    }
    memset((uint8_t *)context + offset, 0xFF, PAGE);
    return offset % PAGE != 0;
}

static int write(void *context, uint32_t offset, const uint8_t *bytes, uint32_t length)
{
    uint8_t *to = (uint8_t *)context + offset;
    uint32_t i;
    for (i = 0; i < length; i++) {
        if (to[i] != 0xFF) {
            return 1;
        }
        to[i] = bytes[i];
    }
    return offset % UNIT != 0 || length % UNIT != 0;
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
    flash.write = write;
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

/* A timer that counts down at 25 MHz; under -icount shift=0 an instruction takes a nanosecond. */
#define TIMER ((volatile uint32_t *)0x40000000)

extern uint32_t stack_low;
extern uint32_t stack_top;
#define PAINT 0x5AFE57ACu

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
static void print_digest(uint32_t size)
{
    struct smidgen *d = (struct smidgen *)(void *)WORKSPACE;
    uint8_t digest[32];
    char text[65];
    uint32_t i;
    digest_start(d, SMIDGEN_DIGEST_IMAGE);
    digest_update(d, SMIDGEN_DIGEST_IMAGE, SLOT, size);
    digest_finish(d, SMIDGEN_DIGEST_IMAGE, digest);
    for (i = 0; i < 64; i++) {
        text[i] = "0123456789abcdef"[digest[i / 2] >> (i % 2 != 0 ? 0 : 4) & 15];
    }
    text[64] = 0;
    print("digest ");
    print(text);
    print("\n");
}

static void boot(void)
{
    uint32_t *top = __builtin_frame_address(0), *place, ticks, size;
    int error;
    if (STATUS[BEGUN] == MARK) {
        STATUS[FUEL] = 0xFFFFFFFF;
    } else {
        prepare();
    }
    for (place = &stack_low; place < top - 128; place++) {
        *place = PAINT;
    }
    TIMER[2] = TIMER[1] = 0xFFFFFFFF;
    TIMER[0] = 1;
    error = run_update();
    ticks = 0xFFFFFFFF - TIMER[1];
    if (error != 0) {
        print_number("error ", (uint32_t)error);
        end(1);
    }
    for (place = &stack_low; *place == PAINT; place++) {
    }
    print_number("instructions ", ticks * 40);
    print_number("stack ", (uint32_t)((char *)top - (char *)place));
    size = ((struct smidgen *)(void *)WORKSPACE)->target_size;
    print_number("bytes ", size);
    print_digest(size);
    end(0);
}

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
