/* Smidgen's decoder in C99: restores an image from the one that a device has and a package (docs/format.md).
 *
 * Two files, no dependency, no heap, no variable of its own. All state is in the memory that the caller gives, as plain
 * data: a copy of it is a saved state. What is built in is chosen by the macros SMIDGEN_... at the start of smidgen.c. */

#ifndef SMIDGEN_H
#define SMIDGEN_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What functions return: 0, or a number that never changes its meaning (section 9). */
enum {
    SMIDGEN_OK = 0,
    SMIDGEN_ERROR_NOT_A_PACKAGE = 1,
    SMIDGEN_ERROR_UNSUPPORTED_VERSION = 2,
    SMIDGEN_ERROR_UNSUPPORTED_CODEC = 3,
    SMIDGEN_ERROR_RESERVED_FIELD = 4,
    SMIDGEN_ERROR_MALFORMED_HEADER = 5,
    SMIDGEN_ERROR_HEADER_CHECKSUM = 6,
    SMIDGEN_ERROR_UNSUPPORTED_PAGE_KIND = 7,
    SMIDGEN_ERROR_RAM_MISMATCH = 8,
    SMIDGEN_ERROR_WORKSPACE_TOO_SMALL = 9,
    SMIDGEN_ERROR_WORKSPACE_MISALIGNED = 10,
    SMIDGEN_ERROR_BASE_SIZE = 11,
    SMIDGEN_ERROR_BASE_DIGEST = 12,
    SMIDGEN_ERROR_BASE_READ = 13,
    SMIDGEN_ERROR_TARGET_WRITE = 14,
    SMIDGEN_ERROR_TARGET_READ = 15,
    SMIDGEN_ERROR_TRUNCATED = 16,
    SMIDGEN_ERROR_TRAILING_DATA = 17,
    SMIDGEN_ERROR_CORRUPT = 18,
    SMIDGEN_ERROR_TARGET_DIGEST = 19,
    SMIDGEN_ERROR_BODY_DIGEST = 20,
    SMIDGEN_ERROR_FINISHED = 21,
    SMIDGEN_ERROR_SLOT_SIZE = 22,
    SMIDGEN_ERROR_PRODUCT = 23,
    SMIDGEN_ERROR_MODULE = 24,
    SMIDGEN_ERROR_VERSION = 25,
    SMIDGEN_ERROR_ROLLBACK_COUNTER = 26,
    SMIDGEN_ERROR_JOURNAL = 27,
    SMIDGEN_ERROR_AREAS = 28,
    SMIDGEN_ERROR_PACKAGE_READ = 29,
    SMIDGEN_ERROR_BASE_GONE = 30,
    SMIDGEN_ERROR_NOT_IN_PLACE = 31,
    SMIDGEN_ERROR_CONTAINER = 32,
    SMIDGEN_ERROR_ENCRYPTED = 33,
    SMIDGEN_ERROR_DECRYPTION_KEY = 34,
    SMIDGEN_ERROR_UNSIGNED = 40,
    SMIDGEN_ERROR_UNKNOWN_KEY = 41,
    SMIDGEN_ERROR_SIGNATURE = 42
};

/* Which digest an engine is asked for: two may be under way at once. */
enum {
    SMIDGEN_DIGEST_IMAGE = 0,
    SMIDGEN_DIGEST_BODY = 1
};

#define SMIDGEN_ANY_SIZE 0xFFFFFFFFu

/* What a device is and has. Functions get `context` and return 0 if it went well. All that is not set is 0. */
typedef struct smidgen_device {
    void *context;
    /* What `read_base` gets in its place, and what `begin`, `write` and `read_target` get. */
    void *base;
    void *target;

    /* The image that the device has: its size, or SMIDGEN_ANY_SIZE if the device does not know where it ends. The digest
     * decides then, and reads beyond the slot must fail. */
    uint32_t base_size;
    int (*read_base)(void *context, uint32_t offset, uint8_t *bytes, uint32_t length);

    /* Where the new one goes, and the most bytes that it may have there. Writes come in order, 256 bytes at a time, the
     * last one of what is left. `begin` hears the size before the first one and may refuse it; it may be null.
     * `read_target` reads what was written; without it, packages that need it are error 15. */
    uint32_t slot_size;
    int (*begin)(void *context, uint32_t size);
    int (*write)(void *context, uint32_t offset, const uint8_t *bytes, uint32_t length);
    int (*read_target)(void *context, uint32_t offset, uint8_t *bytes, uint32_t length);

    /* Which packages are for this device (section 8). Texts that are null are not asked about. */
    const char *product;
    const char *module;
    const char *version;
    uint32_t rollback_counter;

    /* Whether the key of this name signed the message: 0, or SMIDGEN_ERROR_UNKNOWN_KEY if the device has no such key, or
     * SMIDGEN_ERROR_SIGNATURE. Null: signatures are not looked at. */
    int (*verify)(void *context, const uint8_t *message, uint32_t length, const uint8_t key_name[8],
                  const uint8_t signature[64]);

    /* SHA-256 by the chip, in decoders that are built with SMIDGEN_SHA256 0; otherwise not used. */
    void (*digest_start)(void *context, int which);
    void (*digest_update)(void *context, int which, const uint8_t *bytes, uint32_t length);
    void (*digest_finish)(void *context, int which, uint8_t digest[32]);
} smidgen_device;

/* A restore that is under way: at the start of the caller's memory. */
typedef struct smidgen smidgen;

/* Bytes of memory for packages whose header states `ram` bytes of RAM: what `smidgen info` prints, what --ram limits. */
#define SMIDGEN_MEMORY(ram) ((uint32_t)(ram) + SMIDGEN_STATE)
#define SMIDGEN_STATE (704u + 12u * (uint32_t)sizeof(void *))

/* Begins a restore, `*restore`, in `memory`, which must be aligned to pointers (and four bytes): error 10 if it is not, 9 if
 * there is too little for any package. `device` must stay where it is. */
int smidgen_begin(smidgen **restore, void *memory, uint32_t size, const smidgen_device *device);

/* Takes the next piece of the package, of any size. After an error the restore is over. */
int smidgen_feed(smidgen *restore, const uint8_t *piece, uint32_t length);

/* Takes what it can of a piece, `*taken` bytes, and writes about `budget` bytes of the target, or reads as many of the
 * base to check it. It may take none, and may have more to do although it took all: smidgen_wants_input says so. */
int smidgen_step(smidgen *restore, const uint8_t *piece, uint32_t length, uint32_t budget, uint32_t *taken);

/* Whether nothing is left to do before more of the package comes, or its end. */
int smidgen_wants_input(const smidgen *restore);

/* How much of the target has been written, in percent (section 9.1). */
uint32_t smidgen_progress(const smidgen *restore);

/* Ends the restore: only when this returns 0, the target is whole and may be used. */
int smidgen_finish(smidgen *restore);

/* Restores from a package that `read_package` reads from offset 0 on; `size` is that of the package. */
int smidgen_restore(void *memory, uint32_t memory_size, const smidgen_device *device,
                    int (*read_package)(void *context, uint32_t offset, uint8_t *bytes, uint32_t length), uint32_t size);

/* ---- Updates over flash: only in decoders that are built with SMIDGEN_FLASH 1 ---------------------------------------- */

/* An area of flash. Functions get `context` and return 0 if it went well; offsets count from the area's start. */
typedef struct smidgen_flash {
    void *context;
    /* Bytes of it; bytes that are erased at once; bytes that are written at once. Each is a multiple of the next. */
    uint32_t size;
    uint32_t page_size;
    uint32_t write_size;
    /* Reads from any offset. Where the chip cannot (a unit whose write lost power, on flash with error correction; what
     * was erased and not written since, on some), it returns an error: never a fault. */
    int (*read)(void *context, uint32_t offset, uint8_t *bytes, uint32_t length);
    /* Erases the page that begins at `offset`. */
    int (*erase)(void *context, uint32_t offset);
    /* Writes whole units, which have not been written since their page was erased. */
    int (*write)(void *context, uint32_t offset, const uint8_t *bytes, uint32_t length);
    /* What erased flash reads as: 0xFF on most chips. */
    uint8_t erased;
} smidgen_flash;

/* What the last record of a journal says (`kind` 0: there is none), and where the next one goes. */
typedef struct smidgen_journal {
    const smidgen_flash *flash;
    uint32_t turn;
    uint32_t place;
    uint32_t at;
    uint32_t sequence;
    uint32_t value;
    uint8_t update[8];
    uint8_t kind;
    uint8_t whole;
} smidgen_journal;

/* An update into another slot than the one that runs. The caller sets what comes before `restore`, and in `device` what
 * is not about the target. It stays where it is until the update is over. After a reset, or an error, begin again, with
 * the same package from its start: pages that were finished before are compared, but neither erased nor written. */
typedef struct smidgen_ab {
    smidgen_device device;
    smidgen_flash slot;
    smidgen_flash journal_area;
    /* A page of the slot, or at least its write size; and the journal's write size more if that is above 64. With a
     * whole page, pages that have the right bytes already stay as they are. */
    uint8_t *buffer;
    uint32_t buffer_size;

    smidgen *restore;
    smidgen_journal journal;
    uint32_t image_size;
    uint32_t finished;
    uint32_t flushed;
    uint32_t used;
    uint32_t room;
    uint8_t known;
    uint8_t phase;
    uint8_t error;
} smidgen_ab;

/* Bytes of a journal in pages and units of these sizes; 0 if they do not go together. */
uint32_t smidgen_journal_area(uint32_t page_size, uint32_t write_size);

/* Begins an update, in `memory` as for smidgen_begin. Writes nothing. */
int smidgen_ab_begin(smidgen_ab *update, void *memory, uint32_t size);

/* As smidgen_step and smidgen_feed. */
int smidgen_ab_step(smidgen_ab *update, const uint8_t *piece, uint32_t length, uint32_t budget, uint32_t *taken);
int smidgen_ab_feed(smidgen_ab *update, const uint8_t *piece, uint32_t length);

/* After the last piece: the package must be complete. The image is checked next. */
int smidgen_ab_end(smidgen_ab *update);

/* Reads about `budget` bytes of the image back; compares its digest in the end. */
int smidgen_ab_check(smidgen_ab *update, uint32_t budget);

/* Whether the image is complete, and right as flash has it: only then it may be started. */
int smidgen_ab_is_ready(const smidgen_ab *update);

/* All of it, from a package of `package_size` bytes that `read_package` reads. */
int smidgen_ab_update(smidgen_ab *update, void *memory, uint32_t size,
                      int (*read_package)(void *context, uint32_t offset, uint8_t *bytes, uint32_t length),
                      uint32_t package_size);

/* An update in the slot that holds the base (section 8.2), from a package that was made for that and is stored where it
 * outlives a reset. The caller sets what comes before `restore`, and in `device` what is neither about the base nor about
 * the target. It stays where it is until the update is over. Nothing is written before everything has been found right
 * that can be. From then on only this update leads out: after a reset, or an error of flash, begin again with the same
 * package. */
typedef struct smidgen_in_place {
    smidgen_device device;
    smidgen_flash slot;
    smidgen_flash scratch;
    smidgen_flash journal_area;
    smidgen_flash state_area;
    int (*read_package)(void *context, uint32_t offset, uint8_t *bytes, uint32_t length);
    /* Of what holds the package: it may be larger. */
    uint32_t package_size;
    /* smidgen_in_place_buffer() bytes. */
    uint8_t *buffer;
    uint32_t buffer_size;

    smidgen *restore;
    smidgen_journal journal;
    uint32_t body;
    uint32_t segment;
    uint32_t flushed;
    uint32_t held;
    uint32_t held_size;
    uint32_t done;
    uint8_t update[8];
    uint8_t fresh;
    uint8_t phase;
    uint8_t error;
} smidgen_in_place;

/* Bytes of the buffer; `write_size` is the largest of slot, scratch, journal and state area. */
uint32_t smidgen_in_place_buffer(uint32_t write_size);

/* Bytes of the state area for a package whose header states `ram` bytes of RAM. */
uint32_t smidgen_state_area(uint32_t ram, uint32_t page_size);

/* Reads header and journal, in `memory` as for smidgen_begin, and finds out where to go on. Writes nothing. */
int smidgen_in_place_begin(smidgen_in_place *update, void *memory, uint32_t size);

/* Does the next piece of work: about `budget` bytes, a page, or a segment's end. */
int smidgen_in_place_step(smidgen_in_place *update, uint32_t budget);

/* Whether the new image is complete, and right as flash has it: only then it may be started. */
int smidgen_in_place_is_ready(const smidgen_in_place *update);

/* All of it. */
int smidgen_in_place_update(smidgen_in_place *update, void *memory, uint32_t size);

/* Reports from the journal alone whether an update in place has begun and is not ready (`*begun` is then 1, else 0): the
 * slot must not be started, and only an update with the same package leads out. */
int smidgen_has_begun(const smidgen_flash *journal, int *begun);

#ifdef __cplusplus
}
#endif

#endif
