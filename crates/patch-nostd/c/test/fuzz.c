/* Any package, and any flash, before the C decoder: a target of libFuzzer. What it must not do is read or write outside of
 * what it was given (AddressSanitizer), overflow (UndefinedBehaviorSanitizer), or go on without end.
 *
 * An input is: mode, bytes of a piece, budget, bytes of noise (two), the noise, which journal and state areas begin with,
 * and a package. The base is made up, with the size that the package states, and so that most packages get past the
 * header, the digest of the base and the header's checksum are made right. */

#include "../smidgen.c"

#include <stdio.h>
#include <stdlib.h>

enum { PREFIX_OF_INPUT = 5, BASE_LIMIT = 1 << 16, SLOT = 1 << 16, PAGE = 1024, UNIT = 8, MEMORY = 1 << 18, STEPS = 1 << 22 };
enum { PUSHED, AB, IN_PLACE, MODES };

struct area {
    uint8_t bytes[SLOT];
    uint32_t size;
};

static struct area slot_area, scratch_area, journal_bytes, state_bytes;
static uint8_t base_bytes[BASE_LIMIT], target_bytes[2][SLOT], buffer[2 * PAGE];
static union {
    uint8_t bytes[MEMORY];
    uint64_t aligned;
} memory_of_restore;
static const uint8_t *package_bytes;
static uint32_t package_length, target_length, turn_of_target;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "fuzz: %s\n", what);
        abort();
    }
}

static void within(uint32_t offset, uint32_t length, uint32_t size)
{
    require(offset <= size && length <= size - offset, "out of bounds");
}

static int read_made_up_base(void *context, uint32_t offset, uint8_t *bytes, uint32_t length)
{
    within(offset, length, *(const uint32_t *)context);
    memcpy(bytes, base_bytes + offset, length);
    return 0;
}

static int read_given_package(void *context, uint32_t offset, uint8_t *bytes, uint32_t length)
{
    (void)context;
    within(offset, length, package_length);
    memcpy(bytes, package_bytes + offset, length);
    return 0;
}

static int begin_image(void *context, uint32_t size)
{
    (void)context;
    require(size <= SLOT, "an image larger than the slot was begun");
    return 0;
}

static int write_image(void *context, uint32_t offset, const uint8_t *bytes, uint32_t length)
{
    (void)context;
    require(offset == target_length, "a write out of order");
    within(offset, length, SLOT);
    memcpy(target_bytes[turn_of_target] + offset, bytes, length);
    target_length += length;
    return 0;
}

static int read_image(void *context, uint32_t offset, uint8_t *bytes, uint32_t length)
{
    (void)context;
    within(offset, length, target_length);
    memcpy(bytes, target_bytes[turn_of_target] + offset, length);
    return 0;
}

static int read_flash(void *context, uint32_t offset, uint8_t *bytes, uint32_t length)
{
    struct area *area = context;
    within(offset, length, area->size);
    memcpy(bytes, area->bytes + offset, length);
    return 0;
}

static int erase_flash(void *context, uint32_t offset)
{
    struct area *area = context;
    within(offset, PAGE, area->size);
    require(offset % PAGE == 0, "an erase within a page");
    memset(area->bytes + offset, 0xFF, PAGE);
    return 0;
}

static int write_flash(void *context, uint32_t offset, const uint8_t *bytes, uint32_t length)
{
    struct area *area = context;
    uint32_t i;
    within(offset, length, area->size);
    require(offset % UNIT == 0 && length % UNIT == 0, "a write of part of a unit");
    for (i = 0; i < length; i++) {
        area->bytes[offset + i] &= bytes[i];
    }
    return 0;
}

/* Flash that begins with some bytes, and is erased after them. */
static smidgen_flash flash_of(struct area *area, uint32_t size, const uint8_t *bytes, uint32_t length)
{
    smidgen_flash flash;
    memset(&flash, 0, sizeof flash);
    area->size = size;
    memset(area->bytes, 0xFF, size);
    memcpy(area->bytes, bytes, length < size ? length : size);
    flash.context = area;
    flash.size = size;
    flash.page_size = PAGE;
    flash.write_size = UNIT;
    flash.read = read_flash;
    flash.erase = erase_flash;
    flash.write = write_flash;
    flash.erased = 0xFF;
    return flash;
}

static smidgen_device device_of(uint32_t *base_size)
{
    smidgen_device device;
    memset(&device, 0, sizeof device);
    device.base = base_size;
    device.base_size = *base_size;
    device.read_base = read_made_up_base;
    device.slot_size = SLOT;
    device.begin = begin_image;
    device.write = write_image;
    device.read_target = read_image;
    return device;
}

/* Makes digest of the base and checksum of a header right, if it is long enough to have them. Returns the base's size. */
static uint32_t make_right(uint8_t *package, uint32_t length)
{
    struct reader reader;
    uint32_t base_size, crc, end = length < PREFIX ? 0 : package[7] | (uint32_t)package[8] << 8;
    static struct smidgen digests;
    uint8_t digest[32];
    if (end < SHORTEST_HEADER || end > length) {
        return 0;
    }
    reader.at = package + PREFIX;
    reader.end = package + end - 4u;
    reader.error = SMIDGEN_OK;
    base_size = read_bounded(&reader, 0, BASE_LIMIT);
    (void)read_varint(&reader);
    if (reader.error == SMIDGEN_OK && base_size > 0u && reader.end - reader.at >= 16) {
        digest_start(&digests, 0);
        digest_update(&digests, 0, base_bytes, base_size);
        digest_finish(&digests, 0, digest);
        memcpy(package + (reader.at - package), digest, 16);
    }
    crc = crc32(0, package, end - 4u);
    put_u32(package + end - 4u, crc);
    return reader.error == SMIDGEN_OK ? base_size : 0;
}

/* In pieces and steps; whole if the piece has no bytes. */
static int restored(uint32_t base_size, uint32_t piece, uint32_t budget)
{
    smidgen_device device = device_of(&base_size);
    uint32_t at = 0, taken, steps = 0;
    smidgen *restore;
    int error = smidgen_begin(&restore, memory_of_restore.bytes, MEMORY, &device);
    target_length = 0;
    if (piece == 0u) {
        error = error != 0 ? error : smidgen_feed(restore, package_bytes, package_length);
        return error != 0 ? error : smidgen_finish(restore);
    }
    while (error == 0 && at < package_length) {
        uint32_t left = package_length - at;
        error = smidgen_step(restore, package_bytes + at, left < piece ? left : piece, budget, &taken);
        at += taken;
        require(++steps < STEPS, "steps without end");
    }
    while (error == 0 && !smidgen_wants_input(restore)) {
        error = smidgen_step(restore, package_bytes, 0, budget, &taken);
        require(++steps < STEPS, "steps without end");
    }
    return error != 0 ? error : smidgen_finish(restore);
}

static void update_other_slot(uint32_t base_size, const uint8_t *noise, uint32_t length)
{
    static smidgen_ab update;
    uint32_t attempt, area = smidgen_journal_area(PAGE, UNIT);
    memset(&update, 0, sizeof update);
    update.slot = flash_of(&slot_area, SLOT, noise, length);
    update.journal_area = flash_of(&journal_bytes, area, noise, length);
    update.buffer = buffer;
    update.buffer_size = PAGE;
    for (attempt = 0; attempt < 2; attempt++) {
        update.device = device_of(&base_size);
        (void)smidgen_ab_update(&update, memory_of_restore.bytes, MEMORY, read_given_package, package_length);
    }
}

static void update_own_slot(uint32_t base_size, uint32_t budget, const uint8_t *noise, uint32_t length)
{
    static smidgen_in_place update;
    uint32_t attempt, steps = 0;
    int error, begun;
    memset(&update, 0, sizeof update);
    update.slot = flash_of(&slot_area, SLOT, base_bytes, base_size);
    update.scratch = flash_of(&scratch_area, 8 * PAGE, noise, length);
    update.journal_area = flash_of(&journal_bytes, smidgen_journal_area(PAGE, UNIT), noise, length);
    update.state_area = flash_of(&state_bytes, SLOT, noise, length);
    update.read_package = read_given_package;
    update.package_size = package_length;
    update.buffer = buffer;
    update.buffer_size = smidgen_in_place_buffer(UNIT);
    require(update.buffer_size <= sizeof buffer, "a buffer that is too small for this test");
    for (attempt = 0; attempt < 2; attempt++) {
        update.device = device_of(&base_size);
        error = smidgen_in_place_begin(&update, memory_of_restore.bytes, MEMORY);
        while (error == 0 && !smidgen_in_place_is_ready(&update)) {
            error = smidgen_in_place_step(&update, budget);
            require(++steps < STEPS, "steps without end");
        }
        (void)smidgen_has_begun(&update.journal_area, &begun);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint32_t mode, piece, budget, noise_length, base_size, i;
    uint8_t *package;
    if (size < PREFIX_OF_INPUT || size > SLOT) {
        return 0;
    }
    mode = data[0] % MODES;
    piece = data[1];
    budget = 1u + data[2];
    noise_length = data[3] | (uint32_t)data[4] << 8;
    if (noise_length > size - PREFIX_OF_INPUT) {
        noise_length = (uint32_t)size - PREFIX_OF_INPUT;
    }
    data += PREFIX_OF_INPUT;
    package_length = (uint32_t)size - PREFIX_OF_INPUT - noise_length;
    package = malloc(package_length > 0u ? package_length : 1u);
    require(package != NULL, "no memory");
    memcpy(package, data + noise_length, package_length);
    for (i = 0; i < BASE_LIMIT; i++) {
        /* Branches, pointers and text all occur in it, and repeat. */
        base_bytes[i] = (uint8_t)((i >> 2) * 0x9E3779B1u >> 24 ^ (i % 4u == 3u ? 0xF0u : 0u));
    }
    base_size = make_right(package, package_length);
    package_bytes = package;
    if (mode == PUSHED) {
        int whole, pieces;
        uint32_t length;
        turn_of_target = 0;
        whole = restored(base_size, 0, 0);
        length = target_length;
        turn_of_target = 1;
        pieces = restored(base_size, 1u + piece, budget);
        require(whole == pieces, "another error in pieces");
        require(length == target_length && memcmp(target_bytes[0], target_bytes[1], length) == 0, "another image in pieces");
    } else if (mode == AB) {
        update_other_slot(base_size, data, noise_length);
    } else {
        update_own_slot(base_size, 16u * budget, data, noise_length);
    }
    free(package);
    return 0;
}
