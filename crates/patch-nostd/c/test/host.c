/* Runs the C decoder on a host, for tests that compare it with others.
 *
 *     host patch BASE PACKAGE -o OUT ...    as the program `smidgen` does; fuzz/second takes one for the other
 *     host serve                            cases from the standard input, answers to the standard output
 *
 * A case is six numbers of 32 bits (bytes of base, of package, of a piece, of a budget, of RAM, and flags), base and
 * package. A piece of 0 bytes is smidgen_restore, which reads by itself. An answer is the error's number, the bytes of
 * the image, and the image, which is empty if there is an error.
 *
 * A case of an update over flash has numbers of its areas after the flags: size, page, unit and erased byte of each (slot
 * and journal; in place of slot, scratch, journal and state), and the bytes of the buffer. Flash is on the other side: before the answer come questions, each of five
 * numbers (ASK, what, area, offset, length) and what is to be written, and get a number that is 0 if it went well, and
 * what was to be read. */

/* For `alarm`. */
#define _POSIX_C_SOURCE 200112L

#include "../smidgen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WRITE_ONLY = 1, ASK_FOR_SIGNATURES = 2, MOVE = 4, IDENTITY = 8, OVER_FLASH = 16, IN_PLACE = 32, MISALIGNED = 64, ANY_SIZE = 128 };

#define ASK 0xFFFFFFFFu
enum { READ, ERASE, WRITE };

/* More RAM than any package of the tests needs. */
#define RAM (1u << 21)

struct images {
    const uint8_t *base;
    uint32_t base_size;
    /* What is behind it is read by devices that do not know its size. */
    int base_is_slot;
    const uint8_t *package;
    uint32_t package_size;
    uint8_t *target;
    uint32_t target_size;
    uint32_t written;
};

static void die(const char *what)
{
    fprintf(stderr, "host: %s\n", what);
    exit(3);
}

static void *allocated(size_t size)
{
    void *memory = malloc(size > 0 ? size : 1);
    if (memory == NULL) {
        die("no memory");
    }
    return memory;
}

/* Memory for a restore: of exactly its size, and aligned unless the case is about that. It is freed as `*whole`. */
static void *memory_of(uint32_t size, uint32_t flags, void **whole)
{
    uint32_t shift = (flags & MISALIGNED) != 0 ? 2 : 0;
    *whole = allocated(size + shift);
    return (uint8_t *)*whole + shift;
}

static int copied(const uint8_t *from, uint32_t size, uint32_t offset, uint8_t *bytes, uint32_t length)
{
    if (offset > size || length > size - offset) {
        die("a read beyond the end");
    }
    memcpy(bytes, from + offset, length);
    return 0;
}

static int read_base(void *context, uint32_t offset, uint8_t *bytes, uint32_t length)
{
    struct images *images = context;
    if (images->base_is_slot && (offset > images->base_size || length > images->base_size - offset)) {
        return 1;
    }
    return copied(images->base, images->base_size, offset, bytes, length);
}

static int read_package(void *context, uint32_t offset, uint8_t *bytes, uint32_t length)
{
    struct images *images = context;
    return copied(images->package, images->package_size, offset, bytes, length);
}

static int read_target(void *context, uint32_t offset, uint8_t *bytes, uint32_t length)
{
    struct images *images = context;
    return copied(images->target, images->written, offset, bytes, length);
}

static int begin(void *context, uint32_t size)
{
    struct images *images = context;
    if (images->target != NULL) {
        die("begun twice");
    }
    images->target = allocated(size);
    images->target_size = size;
    return 0;
}

static int write_target(void *context, uint32_t offset, const uint8_t *bytes, uint32_t length)
{
    struct images *images = context;
    uint32_t left = images->target_size - images->written;
    if (images->target == NULL || offset != images->written || length > left || (length != 256 && length != left)) {
        die("a write that should not be");
    }
    memcpy(images->target + offset, bytes, length);
    images->written += length;
    return 0;
}

/* Stands for keys and signatures: a name of an odd byte is that of a known key, a signature of an odd byte is right. The
 * message is the start of the package, with its own length in place of the header's. */
static int verify(void *context, const uint8_t *message, uint32_t length, const uint8_t key_name[8],
                  const uint8_t signature[64])
{
    struct images *images = context;
    if (memcmp(message, images->package, 7) != 0 || message[7] != length % 256 || message[8] != length / 256 ||
        memcmp(message + 9, images->package + 9, length - 9) != 0) {
        die("another message");
    }
    if (key_name[0] % 2 == 0) {
        return SMIDGEN_ERROR_UNKNOWN_KEY;
    }
    return signature[0] % 2 != 0 ? SMIDGEN_OK : SMIDGEN_ERROR_SIGNATURE;
}

static smidgen_device device_of(struct images *images, uint32_t flags)
{
    smidgen_device device;
    memset(&device, 0, sizeof device);
    device.context = images;
    device.base = images;
    device.target = images;
    device.base_size = (flags & ANY_SIZE) != 0 ? SMIDGEN_ANY_SIZE : images->base_size;
    images->base_is_slot = (flags & ANY_SIZE) != 0;
    device.slot_size = (flags & IDENTITY) != 0 ? 1u << 10 : 0xFFFFFFFFu;
    device.read_base = read_base;
    device.begin = begin;
    device.write = write_target;
    if ((flags & WRITE_ONLY) == 0) {
        device.read_target = read_target;
    }
    if ((flags & ASK_FOR_SIGNATURES) != 0) {
        device.verify = verify;
    }
    if ((flags & IDENTITY) != 0) {
        device.product = "B\xC3\xBC" "chse 3";
        device.module = "main-board_1";
        device.version = "1.20.0";
        device.rollback_counter = 300;
    }
    return device;
}

/* Feeds pieces of exactly their size, so that reading beyond one is noticed; with a flag, from memory to memory. */
static int fed(struct images *images, uint32_t piece, uint32_t budget, uint32_t ram, uint32_t flags)
{
    smidgen_device device = device_of(images, flags);
    uint32_t size = SMIDGEN_MEMORY(ram), at = 0, taken, steps = 0;
    void *whole, *memory = memory_of(size, flags, &whole), *other;
    smidgen *restore;
    int error;
    if (piece == 0) {
        error = smidgen_restore(memory, size, &device, read_package, images->package_size);
        free(whole);
        return error;
    }
    error = smidgen_begin(&restore, memory, size, &device);
    if (error != 0) {
        free(whole);
        return error;
    }
    while (error == 0 && at < images->package_size) {
        uint32_t left = images->package_size - at, count = left < piece ? left : piece;
        uint8_t *bytes = allocated(count);
        memcpy(bytes, images->package + at, count);
        if (budget == 0) {
            error = smidgen_feed(restore, bytes, count);
            taken = count;
        } else {
            error = smidgen_step(restore, bytes, count, budget, &taken);
        }
        at += taken;
        free(bytes);
        if ((flags & MOVE) != 0 && ++steps % 16 == 0) {
            /* All state is there: it goes on from a copy. */
            other = allocated(size);
            memcpy(other, memory, size);
            memset(memory, 0xA5, size);
            free(whole);
            whole = memory = other;
            restore = memory;
        }
    }
    while (error == 0 && budget > 0 && !smidgen_wants_input(restore)) {
        error = smidgen_step(restore, images->package, 0, budget, &taken);
    }
    if (error == 0) {
        error = smidgen_finish(restore);
        if (error == 0 && smidgen_progress(restore) != 100) {
            die("progress at the end");
        }
    }
    if (smidgen_finish(restore) != SMIDGEN_ERROR_FINISHED) {
        die("used after its end");
    }
    free(whole);
    return error;
}

static uint8_t *taken(uint32_t size)
{
    uint8_t *bytes = allocated(size);
    if (fread(bytes, 1, size, stdin) != size) {
        die("a case ends early");
    }
    return bytes;
}

static int asked(void *area, uint32_t what, uint32_t offset, const uint8_t *bytes, uint32_t length)
{
    uint32_t question[5], answer;
    question[0] = ASK;
    question[1] = what;
    question[2] = *(const uint32_t *)area;
    question[3] = offset;
    question[4] = length;
    fwrite(question, sizeof question, 1, stdout);
    if (what == WRITE) {
        fwrite(bytes, 1, length, stdout);
    }
    fflush(stdout);
    if (fread(&answer, sizeof answer, 1, stdin) != 1) {
        die("no answer");
    }
    return (int)answer;
}

static int read_area(void *area, uint32_t offset, uint8_t *bytes, uint32_t length)
{
    int answer = asked(area, READ, offset, NULL, length);
    uint8_t *found;
    if (answer == 0) {
        found = taken(length);
        memcpy(bytes, found, length);
        free(found);
    }
    return answer;
}

static int erase_area(void *area, uint32_t offset)
{
    return asked(area, ERASE, offset, NULL, 0);
}

static int write_area(void *area, uint32_t offset, const uint8_t *bytes, uint32_t length)
{
    return asked(area, WRITE, offset, bytes, length);
}

static smidgen_flash area_of(uint32_t *number, const uint32_t *numbers)
{
    smidgen_flash flash;
    flash.context = number;
    flash.size = numbers[0];
    flash.page_size = numbers[1];
    flash.write_size = numbers[2];
    flash.read = read_area;
    flash.erase = erase_area;
    flash.write = write_area;
    flash.erased = (uint8_t)numbers[3];
    return flash;
}

/* In place: whole, or by steps. */
static int updated_in_place(struct images *images, const uint32_t *case_, const uint32_t *areas)
{
    uint32_t numbers[4] = {0, 1, 2, 3}, size = SMIDGEN_MEMORY(case_[4]);
    void *whole, *memory = memory_of(size, case_[5], &whole);
    smidgen_in_place update;
    int error, begun;
    memset(&update, 0, sizeof update);
    update.device = device_of(images, 0);
    update.slot = area_of(&numbers[0], areas);
    update.scratch = area_of(&numbers[1], areas + 4);
    update.journal_area = area_of(&numbers[2], areas + 8);
    update.state_area = area_of(&numbers[3], areas + 12);
    update.read_package = read_package;
    update.package_size = images->package_size;
    update.buffer_size = areas[16];
    update.buffer = allocated(update.buffer_size);
    if (case_[2] == 0) {
        error = smidgen_in_place_update(&update, memory, size);
    } else {
        error = smidgen_in_place_begin(&update, memory, size);
        while (error == 0 && !smidgen_in_place_is_ready(&update)) {
            error = smidgen_in_place_step(&update, case_[3]);
        }
    }
    if ((error == 0) != (smidgen_in_place_is_ready(&update) != 0) ||
        (error == 0 && (smidgen_has_begun(&update.journal_area, &begun) != 0 || begun != 0))) {
        die("an update that is ready and is not");
    }
    free(update.buffer);
    free(whole);
    return error;
}

/* Into another slot: whole, or by pieces and steps. */
static int updated(struct images *images, const uint32_t *case_, const uint32_t *areas)
{
    uint32_t slot = 0, journal = 1, piece = case_[2], budget = case_[3], size = SMIDGEN_MEMORY(case_[4]), at = 0, took;
    void *whole, *memory = memory_of(size, case_[5], &whole);
    smidgen_ab ab;
    int error;
    memset(&ab, 0, sizeof ab);
    ab.device = device_of(images, 0);
    ab.slot = area_of(&slot, areas);
    ab.journal_area = area_of(&journal, areas + 4);
    ab.buffer_size = areas[8];
    ab.buffer = allocated(ab.buffer_size);
    if (piece == 0) {
        error = smidgen_ab_update(&ab, memory, size, read_package, images->package_size);
    } else {
        error = smidgen_ab_begin(&ab, memory, size);
        while (error == 0 && at < images->package_size) {
            uint32_t left = images->package_size - at;
            error = smidgen_ab_step(&ab, images->package + at, left < piece ? left : piece, budget, &took);
            at += took;
        }
        error = error != 0 ? error : smidgen_ab_end(&ab);
        while (error == 0 && !smidgen_ab_is_ready(&ab)) {
            error = smidgen_ab_check(&ab, budget);
        }
    }
    if ((error == 0) != (smidgen_ab_is_ready(&ab) != 0)) {
        die("an update that is ready and is not");
    }
    free(ab.buffer);
    free(whole);
    return error;
}

static uint8_t *file(const char *path, uint32_t *size)
{
    FILE *stream = fopen(path, "rb");
    uint8_t *bytes;
    long end;
    if (stream == NULL || fseek(stream, 0, SEEK_END) != 0 || (end = ftell(stream)) < 0) {
        die(path);
        return NULL;
    }
    rewind(stream);
    bytes = allocated((size_t)end);
    *size = (uint32_t)fread(bytes, 1, (size_t)end, stream);
    fclose(stream);
    return bytes;
}

static int patch(const char *base, const char *package, const char *out)
{
    struct images images;
    FILE *stream;
    int error;
    memset(&images, 0, sizeof images);
    images.base = file(base, &images.base_size);
    images.package = file(package, &images.package_size);
    error = fed(&images, 1000, 0, RAM, 0);
    if (error != 0) {
        fprintf(stderr, "host: refused (E%d)\n", error);
        return 1;
    }
    stream = fopen(out, "wb");
    if (stream == NULL || fwrite(images.target, 1, images.written, stream) != images.written || fclose(stream) != 0) {
        die(out);
    }
    return 0;
}

static int serve(void)
{
    uint32_t numbers[6], areas[17], answer[2], count;
    struct images images;
    uint8_t *base, *package;
    while (fread(numbers, sizeof numbers, 1, stdin) == 1) {
        /* A case that never ends is one that fails. */
        alarm(300);
        count = (numbers[5] & IN_PLACE) != 0 ? 17 : (numbers[5] & OVER_FLASH) != 0 ? 9 : 0;
        if (fread(areas, sizeof areas[0], count, stdin) != count) {
            die("a case without areas");
        }
        base = taken(numbers[0]);
        package = taken(numbers[1]);
        memset(&images, 0, sizeof images);
        images.base = base;
        images.base_size = numbers[0];
        images.package = package;
        images.package_size = numbers[1];
        if ((numbers[5] & IN_PLACE) != 0) {
            answer[0] = (uint32_t)updated_in_place(&images, numbers, areas);
        } else if ((numbers[5] & OVER_FLASH) != 0) {
            answer[0] = (uint32_t)updated(&images, numbers, areas);
        } else {
            answer[0] = (uint32_t)fed(&images, numbers[2], numbers[3], numbers[4], numbers[5]);
        }
        answer[1] = answer[0] == 0 ? images.written : 0;
        fwrite(answer, sizeof answer, 1, stdout);
        if (answer[1] > 0) {
            fwrite(images.target, 1, answer[1], stdout);
        }
        fflush(stdout);
        free(images.target);
        free(base);
        free(package);
    }
    return 0;
}

int main(int count, char **arguments)
{
    if (count >= 6 && strcmp(arguments[1], "patch") == 0) {
        return patch(arguments[2], arguments[3], arguments[5]);
    }
    if (count == 2 && strcmp(arguments[1], "serve") == 0) {
        return serve();
    }
    die("patch BASE PACKAGE -o OUT, or serve");
    return 3;
}
