/* Flash of a board that the tests of the glue in C run on: strict, and it loses power when it is told to.
 *
 * Parts of one chip are erased by whole pages and written by whole units that are erased. An operation in which power is
 * lost is done by half. Each start of the device is a process of its own, so that nothing is left of RAM: what stays is in
 * memory of stays(), as flash is. For one file of a program: variables and functions are static. */

#ifndef SIMULATED_FLASH_H
#define SIMULATED_FLASH_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

struct simulated_part {
    uint8_t *bytes;
    uint32_t size;
    uint32_t page;
    uint32_t unit;
};

static inline void fail_test(const char *what, long number)
{
    fprintf(stderr, "failed: %s (%ld)\n", what, number);
    exit(1);
}

#define MUST(condition)                              \
    do {                                             \
        if (!(condition)) {                          \
            fail_test(#condition, (long)__LINE__);   \
        }                                            \
    } while (0)

/* Zeros that outlive a loss of power. */
static inline void *stays(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    MUST(memory != MAP_FAILED);
    return memory;
}

/* Operations until power is lost (with UINT32_MAX it never is), and those that were begun. */
static struct simulated_supply {
    uint32_t fuel;
    uint32_t operations;
} *supply;

static inline void simulated_new(struct simulated_part *part, uint32_t size, uint32_t page, uint32_t unit)
{
    part->bytes = (uint8_t *)stays(size);
    part->size = size;
    part->page = page;
    part->unit = unit;
    memset(part->bytes, 0xFF, size);
}

/* Erased, but for an image at the start. */
static inline void simulated_load(const struct simulated_part *part, const void *bytes, uint32_t length)
{
    memset(part->bytes, 0xFF, part->size);
    if (length > 0) {
        memcpy(part->bytes, bytes, length);
    }
}

enum { POWER_LOST = 77 };

/* How many bytes of an operation are done; all of them unless power is lost in it. */
static inline uint32_t simulated_share(uint32_t length)
{
    supply->operations++;
    if (supply->fuel == UINT32_MAX || supply->fuel-- > 0) {
        return length;
    }
    supply->fuel = UINT32_MAX;
    return length / 2;
}

static inline void simulated_end(uint32_t done, uint32_t length)
{
    if (done < length) {
        _exit(POWER_LOST);
    }
}

static inline int simulated_read(const struct simulated_part *part, uint32_t offset, void *bytes, uint32_t length)
{
    if (offset > part->size || length > part->size - offset) {
        return -1;
    }
    memcpy(bytes, part->bytes + offset, length);
    return 0;
}

static inline int simulated_erase(const struct simulated_part *part, uint32_t offset, uint32_t length)
{
    uint32_t done;
    if (offset % part->page != 0 || length % part->page != 0 || offset > part->size || length > part->size - offset) {
        return -1;
    }
    done = simulated_share(length);
    memset(part->bytes + offset, 0xFF, done);
    simulated_end(done, length);
    return 0;
}

static inline int simulated_write(const struct simulated_part *part, uint32_t offset, const void *bytes, uint32_t length)
{
    uint32_t i, done;
    if (offset % part->unit != 0 || length % part->unit != 0 || offset > part->size || length > part->size - offset) {
        return -1;
    }
    for (i = 0; i < length; i++) {
        if (part->bytes[offset + i] != 0xFF) {
            return -1;
        }
    }
    done = simulated_share(length);
    memcpy(part->bytes + offset, bytes, done);
    simulated_end(done, length);
    return 0;
}

/* A fixture: a file in fixtures/, whose folder is the program's argument. */
struct file {
    uint8_t *bytes;
    uint32_t size;
};

static inline struct file fixture(const char *folder, const char *name)
{
    struct file file = {NULL, 0};
    char path[4096];
    FILE *stream;
    long size;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    stream = fopen(path, "rb");
    MUST(stream != NULL && fseek(stream, 0, SEEK_END) == 0 && (size = ftell(stream)) > 0);
    rewind(stream);
    file.bytes = (uint8_t *)malloc((size_t)size);
    file.size = (uint32_t)size;
    MUST(file.bytes != NULL && fread(file.bytes, 1, file.size, stream) == file.size);
    fclose(stream);
    return file;
}

/* Starts the device; returns what `update` did, or POWER_LOST. */
static inline int start(int (*update)(void))
{
    int status;
    pid_t child = fork();
    MUST(child >= 0);
    if (child == 0) {
        _exit(update());
    }
    MUST(waitpid(child, &status, 0) == child && WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* Updates a device, which must go well (0), with power lost in each operation and without; then `check` looks at it.
 * `prepare` makes the device as it was. */
static inline void survive_power(void (*prepare)(void), int (*update)(void), void (*check)(void))
{
    uint32_t operations, cut;
    int answer;
    supply = (struct simulated_supply *)stays(sizeof *supply);
    supply->fuel = UINT32_MAX;
    prepare();
    answer = start(update);
    if (answer != 0) {
        fail_test("the update does not go well", answer);
    }
    check();
    operations = supply->operations;
    for (cut = 0; cut < operations; cut++) {
        prepare();
        supply->fuel = cut;
        if (start(update) != POWER_LOST) {
            fail_test("power was not lost in operation", (long)cut);
        }
        if (start(update) != 0) {
            fail_test("the update does not go on after power was lost in operation", (long)cut);
        }
        check();
    }
    printf("power lost in each of %u operations: every update ended with the new image\n", (unsigned)operations);
}

#endif
