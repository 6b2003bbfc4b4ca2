/* Smidgen's decoder in C99: codecs `cm` and `lite` of format version 5. Sections are those of docs/format.md, which is its source.
 *
 * Written to be small. Errors are sticky: the first one stays in `error`, work after it comes to nothing, and callers look
 * at it at the end of a step. Arithmetic is that of section 1.1: modulo 2^32, `>>` of a negative number rounds down. */

#include "smidgen.h"

#include <stddef.h>

/* What compilers call by themselves, also where there is no string.h. */
void *memcpy(void *to, const void *from, size_t length);
void *memmove(void *to, const void *from, size_t length);
void *memset(void *to, int byte, size_t length);
int memcmp(const void *one, const void *other, size_t length);

/* ---- What is built in -----------------------------------------------------------------------------------------------
 *
 * Codecs (section 3.1), at least one; packages of others are error 3. `lite` is left out unless it is asked for: it would
 * cost every device that takes packages of `cm` more than a kilobyte of code and tables. */
#ifndef SMIDGEN_CM
#define SMIDGEN_CM 1
#endif
#ifndef SMIDGEN_LITE
#define SMIDGEN_LITE 0
#endif
#if !SMIDGEN_CM && !SMIDGEN_LITE
#error "set SMIDGEN_CM or SMIDGEN_LITE to 1: a decoder needs a codec"
#endif
/* Kinds of pages (section 3.4); packages with others are error 7. Kinds 0 and 16 are always there. What is not said is the
 * kind of the processor that it is compiled for, and Thumb on those that have none. */
#ifndef SMIDGEN_THUMB
#if defined(__riscv) || defined(__XTENSA__)
#define SMIDGEN_THUMB 0
#else
#define SMIDGEN_THUMB 1
#endif
#endif
#ifndef SMIDGEN_ARM
#define SMIDGEN_ARM 0
#endif
#ifndef SMIDGEN_RISCV
#ifdef __riscv
#define SMIDGEN_RISCV 1
#else
#define SMIDGEN_RISCV 0
#endif
#endif
#ifndef SMIDGEN_XTENSA
#ifdef __XTENSA__
#define SMIDGEN_XTENSA 1
#else
#define SMIDGEN_XTENSA 0
#endif
#endif
/* Words of other forms than 16: kinds 17 to 29. */
#ifndef SMIDGEN_WORDS
#define SMIDGEN_WORDS 0
#endif
/* Landmarks (section 7.5); packages with some are error 9 without. */
#ifndef SMIDGEN_LANDMARKS
#define SMIDGEN_LANDMARKS 1
#endif
/* Covers of the target (section 4.3); packages whose read back flag is set are error 15 without. */
#ifndef SMIDGEN_READ_BACK
#define SMIDGEN_READ_BACK 1
#endif
/* Extensions, and with them the policy (section 2.6); packages with some are error 4 without. */
#ifndef SMIDGEN_EXTENSIONS
#define SMIDGEN_EXTENSIONS 1
#endif
/* Asks the device about signatures (section 2.7); without, signed packages are taken like others. */
#ifndef SMIDGEN_SIGNATURES
#define SMIDGEN_SIGNATURES 1
#endif
/* SHA-256 in software; without, the device's digest_start, digest_update and digest_finish are used. */
#ifndef SMIDGEN_SHA256
#define SMIDGEN_SHA256 1
#endif

/* Updates over flash, with a journal. */
#ifndef SMIDGEN_FLASH
#define SMIDGEN_FLASH 1
#endif

/* What differs by codec: with one of them built in, the other's text is not even compiled. */
#if SMIDGEN_CM && SMIDGEN_LITE
#define BY_CODEC(d, of_cm, of_lite) ((d)->codec == CODEC_CM ? (of_cm) : (of_lite))
#elif SMIDGEN_CM
#define BY_CODEC(d, of_cm, of_lite) (of_cm)
#else
#define BY_CODEC(d, of_cm, of_lite) (of_lite)
#endif

/* What only contexts of `cm` look at. */
#if SMIDGEN_CM
#define FOR_CM(statement) statement
#else
#define FOR_CM(statement)
#endif

#define SMIDGEN_CODE (SMIDGEN_THUMB || SMIDGEN_ARM || SMIDGEN_RISCV || SMIDGEN_XTENSA)
#define SMIDGEN_STEPS (SMIDGEN_THUMB || SMIDGEN_RISCV || SMIDGEN_XTENSA)
#define SMIDGEN_HALVES (SMIDGEN_THUMB || SMIDGEN_ARM || SMIDGEN_RISCV)

/* ---- All state (section 4.4) ----------------------------------------------------------------------------------------- */

enum {
    PREFIX = 9,
    SHORTEST_HEADER = 13,
    LONGEST_HEADER = 512,
    MOST_KINDS = 8,
    MOST_WINDOWS = 3,
    CODEC_CM = 0,
    CODEC_LITE = 2,
    /* Output, source and input buffer, and what codecs have beside them (section 3.2) */
    BUFFERS = 640,
    FIXED_RAM = 2720,
    LITE_RAM = 2564,
    LEAST_RAM = SMIDGEN_LITE ? LITE_RAM : FIXED_RAM,
    CONTROL_CELLS = 718,
    LITE_COUNTERS = 962,
    WEIGHT_SETS = 24,
    WEIGHT_LIMIT = 262143,
    CURVES = 10,
    POINTS = 13,
    NEARBY = 8,
    SOURCES = 7,
    VIEW = 40,
    /* The most input that one step takes. */
    LOOKAHEAD = 128,
    INPUT = 256,
    WINDOW = 128,
    OUTPUT = 256,
    ZEROS = 4
};

#define IMAGE_LIMIT 1000000000u
#define NEW_COUNTER 0x8000u

enum stage { HEADER, BASE, LANDMARKS, OPERATION, LITERALS, COPY, DONE, FINISHED };

struct operation {
    uint32_t literals;
    uint32_t start;
    uint32_t length; /* 0: no cover */
    uint32_t repeat; /* whether it is a cover of the target */
};

struct landmark {
    uint32_t base;
    uint32_t target;
    uint32_t length;
};

struct learned {
    uint32_t address;
    uint32_t displacement;
};

struct nearby {
    uint32_t start;
    uint32_t length;
    uint32_t displacement;
};

/* Section 7.4. `key` is the register's number and 1: 0 is none. */
struct half {
    uint32_t key;
    uint32_t address;
    uint32_t old_value;
    uint32_t new_value;
};

#if SMIDGEN_SHA256
struct sha256 {
    uint32_t state[8];
    uint32_t length;
    uint8_t block[64];
};
#endif

/* Bytes come first, then words: Thumb reaches what is near in two bytes of code. Up to `device`, and from `window` on, is
 * what an update in place saves between segments. */
struct smidgen {
    uint8_t stage;
    uint8_t started;
    /* Section 4.2 */
    uint8_t agreed;
    uint8_t from_targets;
    uint8_t stated;
    /* Section 4.3 */
    uint8_t kind;
    uint8_t granule;
    uint8_t kind_index;
    uint8_t another;
    uint8_t clean;
    uint8_t history;
#if SMIDGEN_CM
    uint8_t previous;
#endif
    uint8_t blocks;
    uint8_t block;
    uint8_t at;
    /* Section 7 */
#if SMIDGEN_CM
    uint8_t missed;
#endif
    uint8_t turn;
    /* The reference that was found */
    uint8_t class_of;
    uint8_t length_of;
    /* From the header */
    uint8_t error;
    uint8_t flags;
#if SMIDGEN_CM && SMIDGEN_LITE
    uint8_t codec;
#endif
    uint8_t counter_rate;
#if SMIDGEN_CM
    uint8_t mixer_rate;
    uint8_t high_first;
#endif
    uint8_t block_log;
    uint8_t kind_count;
    uint8_t window_count;
    uint16_t used;
#if SMIDGEN_CM
    uint16_t literal_bits;
#endif
    uint16_t gathered;
    /* Section 4.1: bytes of the body that were read and that were taken */
    uint32_t range;
    uint32_t code;
    uint32_t read;
    uint32_t taken;
    uint32_t position;
    uint32_t before;
    struct operation now;
    uint32_t copied;
    uint32_t next_site;
    /* The reference: its bytes, `a`, `extra` */
    uint32_t bytes[2];
    uint32_t address;
    uint32_t extra;
    uint32_t site;
    uint32_t target_site;
    uint32_t reached;
    uint32_t upcoming;
    uint32_t page;
    uint32_t learned_used;
    uint32_t hand;
    struct operation ahead;
    uint32_t recent[4];
    uint32_t last_displacement[2];
    uint8_t outcomes[8];
    uint8_t difference[32];
#if SMIDGEN_HALVES
    struct half halves[4];
#endif
    struct nearby nearby[NEARBY];
    const smidgen_device *device;
    const struct form *form;
    uint32_t base_address;
    uint32_t base_size;
    uint32_t target_size;
#if SMIDGEN_CM
    uint32_t slot_count;
#endif
    uint32_t landmark_count;
    uint32_t learned_count;
    uint32_t body_length;
    uint32_t address_high;
    /* Bytes of memory behind the fixed state, and bytes of the base that are hashed */
    uint32_t room;
    uint32_t hashed;
    uint32_t windows[MOST_WINDOWS][2];
    uint32_t plan[3]; /* segment (0: no plan), shift, keep */
    uint8_t kinds[MOST_KINDS];
    uint8_t target_digest[32];
    uint8_t body_digest[32];
    uint8_t base_digest[16];
#if SMIDGEN_SHA256
    struct sha256 sha256[2];
#endif
    /* The buffers of the workspace (section 3.2); the codec's models follow them, then the tables */
    uint8_t output[OUTPUT];
    uint8_t window[WINDOW];
    uint8_t input[INPUT];
};

#if SMIDGEN_CM
/* The models of `cm`; the slots follow them. */
struct cm {
    uint16_t control[CONTROL_CELLS];
    uint16_t points[CURVES * POINTS];
    int32_t weights[WEIGHT_SETS][4];
};
#endif

/* Bits of `flags` beside the header's: whether body and target are hashed. */
enum { HASHED = 128 };

/* Compile-time checks: negative sizes do not compile. */
typedef char smidgen_state_is_large_enough[sizeof(struct smidgen) <= SMIDGEN_STATE + BUFFERS ? 1 : -1];
typedef char smidgen_buffers_are_of_the_format[sizeof(struct smidgen) - offsetof(struct smidgen, output) <=
                                                       BUFFERS + sizeof(void *) - 4u
                                                   ? 1
                                                   : -1];
#if SMIDGEN_CM
typedef char smidgen_cm_is_of_the_format[sizeof(struct cm) == FIXED_RAM - BUFFERS ? 1 : -1];
#endif
#if SMIDGEN_LITE
typedef char smidgen_lite_is_of_the_format[2 * LITE_COUNTERS == LITE_RAM - BUFFERS ? 1 : -1];
#endif
typedef char smidgen_shifts_are_arithmetic[(-3 >> 1) == -2 ? 1 : -1];

/* Buffers and models as bytes, for what is there before the body: the header, then pieces of the base. */
static uint8_t *fixed_part(struct smidgen *d)
{
    return (uint8_t *)d + offsetof(struct smidgen, output);
}

/* The counters of `lite`, and the control cells of `cm`. */
static uint16_t *cells(struct smidgen *d)
{
    return (uint16_t *)(void *)(d + 1);
}

#if SMIDGEN_CM
static struct cm *cm_of(struct smidgen *d)
{
    return (struct cm *)(void *)(d + 1);
}

static uint16_t *slots(struct smidgen *d)
{
    return (uint16_t *)(void *)(cm_of(d) + 1);
}
#endif

/* Bytes of the models, with the slots. */
static uint32_t model_bytes(const struct smidgen *d)
{
    (void)d;
    return BY_CODEC(d, FIXED_RAM - BUFFERS + 8u * d->slot_count, LITE_RAM - BUFFERS);
}

static struct landmark *landmarks(struct smidgen *d)
{
    return (struct landmark *)(void *)((uint8_t *)(d + 1) + model_bytes(d));
}

static struct learned *learned(struct smidgen *d)
{
    return (struct learned *)(void *)(landmarks(d) + d->landmark_count);
}

static void fail(struct smidgen *d, uint32_t error)
{
    if (d->error == 0u) {
        d->error = (uint8_t)error;
    }
}

#if SMIDGEN_CM
/* How many bits a number has, from its highest one on. */
static uint32_t bits(uint32_t x)
{
#if defined(__GNUC__)
    return x == 0u ? 0u : 32u - (uint32_t)__builtin_clz(x);
#else
    uint32_t count = 0;
    for (; x != 0u; x >>= 1) {
        count++;
    }
    return count;
#endif
}
#endif

static uint32_t least(uint32_t one, uint32_t other)
{
    return one < other ? one : other;
}

static uint32_t u32_at(const uint8_t *bytes)
{
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

/* ---- SHA-256 (FIPS 180-4) -------------------------------------------------------------------------------------------- */

#if SMIDGEN_SHA256
static const uint32_t ROUNDS[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static const uint32_t START[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                  0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

static uint32_t rotated(uint32_t x, uint32_t by)
{
    return x >> by | x << (32u - by);
}

/* One block. The schedule is kept as the last 16 words. */
static void compress(uint32_t *state, const uint8_t *block)
{
    uint32_t w[16], a = state[0], b = state[1], c = state[2], d = state[3], e = state[4], f = state[5], g = state[6];
    uint32_t h = state[7], i, t, word;
    for (i = 0; i < 64u; i++) {
        if (i < 16u) {
            word = (uint32_t)block[0] << 24 | (uint32_t)block[1] << 16 | (uint32_t)block[2] << 8 | block[3];
            block += 4;
        } else {
            word = w[(i + 1u) & 15u];
            t = w[(i + 14u) & 15u];
            word = w[i & 15u] + w[(i + 9u) & 15u] + (rotated(word, 7) ^ rotated(word, 18) ^ word >> 3) +
                   (rotated(t, 17) ^ rotated(t, 19) ^ t >> 10);
        }
        w[i & 15u] = word;
        t = h + (rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)) + (g ^ (e & (f ^ g))) + ROUNDS[i] + word;
        h = g;
        g = f;
        f = e;
        e = d + t;
        t += (rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)) + ((a & b) ^ (c & (a ^ b)));
        d = c;
        c = b;
        b = a;
        a = t;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
    state[5] += f;
    state[6] += g;
    state[7] += h;
}

static void digest_start(struct smidgen *d, uint32_t which)
{
    memcpy(d->sha256[which].state, START, sizeof START);
    d->sha256[which].length = 0;
}

static void digest_update(struct smidgen *d, uint32_t which, const uint8_t *bytes, uint32_t length)
{
    struct sha256 *sha = &d->sha256[which];
    uint32_t at, count;
    while (length > 0u) {
        at = sha->length & 63u;
        count = least(length, 64u - at);
        memcpy(sha->block + at, bytes, count);
        sha->length += count;
        bytes += count;
        length -= count;
        if (at + count == 64u) {
            compress(sha->state, sha->block);
        }
    }
}

static void digest_finish(struct smidgen *d, uint32_t which, uint8_t *digest)
{
    struct sha256 *sha = &d->sha256[which];
    uint32_t length = sha->length, i;
    uint8_t byte = 0x80;
    do {
        digest_update(d, which, &byte, 1);
        byte = 0;
    } while ((sha->length & 63u) != 56u);
    for (i = 0; i < 8u; i++) {
        /* Images and bodies have less than 2^32 bytes, so that five bytes of bits are enough. */
        byte = 0;
        if (i >= 3u) {
            byte = (uint8_t)(i == 3u ? length >> 29 : length << 3 >> (8u * (7u - i)));
        }
        digest_update(d, which, &byte, 1);
    }
    for (i = 0; i < 32u; i++) {
        digest[i] = (uint8_t)(sha->state[i >> 2] >> (24u - 8u * (i & 3u)));
    }
}
#else
static void digest_start(struct smidgen *d, uint32_t which)
{
    d->device->digest_start(d->device->context, (int)which);
}

static void digest_update(struct smidgen *d, uint32_t which, const uint8_t *bytes, uint32_t length)
{
    d->device->digest_update(d->device->context, (int)which, bytes, length);
}

static void digest_finish(struct smidgen *d, uint32_t which, uint8_t *digest)
{
    d->device->digest_finish(d->device->context, (int)which, digest);
}
#endif

/* What reads an image or a body, and its context. */
typedef int reader_of(void *context, uint32_t offset, uint8_t *bytes, uint32_t length);

/* Hashes about `budget` bytes more of `end`, in pieces that fill the workspace's fixed part. Returns `error` if they cannot
 * be read. */
static uint32_t hash_on(struct smidgen *d, reader_of *read, void *context, uint32_t end, uint32_t budget, uint32_t error)
{
    uint8_t *piece = fixed_part(d);
    uint32_t count;
    if (d->hashed == 0u) {
        digest_start(d, SMIDGEN_DIGEST_IMAGE);
    }
    for (; d->hashed < end && budget > 0u; budget -= count) {
        count = least(least(end - d->hashed, budget), 1024);
        if (read(context, d->hashed, piece, count) != 0) {
            return error;
        }
        digest_update(d, SMIDGEN_DIGEST_IMAGE, piece, count);
        d->hashed += count;
    }
    return SMIDGEN_OK;
}

static uint32_t is_digest(struct smidgen *d, uint32_t which, const uint8_t *expected, uint32_t length)
{
    uint8_t found[32];
    digest_finish(d, which, found);
    d->hashed = 0;
    return memcmp(found, expected, length) == 0;
}

/* ---- Range decoder (section 4.1) -------------------------------------------------------------------------------------
 *
 * Input waits in a ring. */

static uint32_t next_byte(struct smidgen *d)
{
    uint32_t byte = d->read < d->taken ? d->input[d->read % INPUT] : 0u;
    d->read++;
    return byte;
}

static uint32_t event(struct smidgen *d, uint32_t p)
{
    uint32_t bound = (uint32_t)((uint64_t)d->range * p >> 16);
    uint32_t bit = d->code < bound;
    if (bit != 0u) {
        d->range = bound;
    } else {
        d->code -= bound;
        d->range -= bound;
    }
    while (d->range < 1ul << 24) {
        d->range <<= 8;
        d->code = d->code << 8 | next_byte(d);
    }
    return bit;
}

/* Whether there is input for a step. */
static uint32_t is_ready(const struct smidgen *d)
{
    return d->taken == d->body_length || (d->taken > d->read && d->taken - d->read >= LOOKAHEAD);
}

static uint32_t is_overrun(const struct smidgen *d)
{
    return d->read > d->taken && d->read - d->taken > ZEROS;
}

/* Takes what there is room for of a piece of the body, and returns how many bytes that is. */
static uint32_t take(struct smidgen *d, const uint8_t *piece, uint32_t length)
{
    uint32_t room = INPUT, i;
    if (d->taken > d->read) {
        room -= d->taken - d->read;
    }
    length = least(least(length, room), d->body_length - d->taken);
    for (i = 0; i < length; i++) {
        d->input[d->taken++ % INPUT] = piece[i];
    }
    if ((d->flags & (2u | HASHED)) == (2u | HASHED)) {
        digest_update(d, SMIDGEN_DIGEST_BODY, piece, length);
    }
    if (d->started == 0u && is_ready(d) != 0u) {
        d->started = 1;
        for (i = 0; i < 4u; i++) {
            d->code = d->code << 8 | next_byte(d);
        }
    }
    return length;
}

/* ---- Models: functions and counters (sections 5.1 and 5.2) ----------------------------------------------------------- */

#if SMIDGEN_CM
static const uint8_t LOG2[64] = {3,   9,   14,  20,  25,  30,  36,  41,  46,  51,  56,  61,  66,  71,  75,  80,
                                 85,  89,  94,  98,  103, 107, 111, 116, 120, 124, 128, 132, 136, 140, 144, 148,
                                 152, 155, 159, 163, 167, 170, 174, 178, 181, 185, 188, 192, 195, 198, 202, 205,
                                 208, 212, 215, 218, 221, 224, 228, 231, 234, 237, 240, 243, 246, 249, 252, 255};

static const uint16_t SQUASH[97] = {
    16,    19,    23,    27,    32,    38,    45,    54,    64,    76,    90,    107,   128,   152,   181,   215,   255,
    303,   360,   428,   508,   603,   716,   850,   1008,  1196,  1417,  1678,  1986,  2348,  2774,  3272,  3855,  4534,
    5322,  6233,  7282,  8481,  9845,  11384, 13107, 15019, 17118, 19398, 21845, 24437, 27146, 29936, 32768, 35600, 38390,
    41099, 43691, 46138, 48418, 50517, 52429, 54152, 55691, 57055, 58254, 59303, 60214, 61002, 61681, 62264, 62762, 63188,
    63550, 63858, 64119, 64340, 64528, 64686, 64820, 64933, 65028, 65108, 65176, 65233, 65281, 65321, 65355, 65384, 65408,
    65429, 65446, 65460, 65472, 65482, 65491, 65498, 65504, 65509, 65513, 65517, 65520};
#endif

/* SHARES / 4. */
static const uint16_t SHARES[8] = {12603, 7123, 4964, 3810, 3091, 2600, 2244, 0};

/* What compilers leave out of line for size; in line, it costs 40 bytes and saves a twentieth of an event. */
#if defined(__GNUC__)
#define WITHIN __attribute__((always_inline)) static inline
#else
#define WITHIN static
#endif

#if SMIDGEN_CM
WITHIN int32_t log2_of(uint32_t v)
{
    uint32_t e = bits(v) - 1u;
    return (int32_t)(e << 8) + LOG2[(v << (16u - e) & 0xFFFFu) >> 10];
}

/* Of odds + 3072, 0 to 6143. */
WITHIN uint32_t squash(uint32_t x)
{
    const uint16_t *low = &SQUASH[x >> 6];
    return low[0] + ((uint32_t)(low[1] - low[0]) * (x & 63u) >> 6);
}
#endif

static uint32_t probability(uint32_t cell)
{
    return (cell & 0xFFF8u) | 4u;
}

WITHIN void update(uint16_t *cell, uint32_t bit, uint32_t rate)
{
    int32_t value = *cell & 0xFFF8, share = 0x4000 >> rate;
    uint32_t count = *cell & 7u;
    if (share < SHARES[count]) {
        share = SHARES[count];
    }
    value += (((bit != 0u ? 0xFFF8 : 0) - value) * share) >> 14;
    *cell = (uint16_t)(((uint32_t)value & 0xFFF8u) | (count < 7u ? count + 1u : 7u));
}

/* An event by a cell of its own. */
static uint32_t counted(struct smidgen *d, uint32_t c, uint32_t rate)
{
    uint16_t *cell = cells(d) + c;
    uint32_t bit = event(d, probability(*cell));
    update(cell, bit, rate);
    return bit;
}

static uint32_t plain(struct smidgen *d, uint32_t c)
{
    return counted(d, c, BY_CODEC(d, 4u, d->counter_rate));
}

/* ---- Models: slots and mixer (sections 5.3 and 5.4) ------------------------------------------------------------------ */

#if SMIDGEN_CM
struct context {
    uint32_t number;
    uint32_t place;
};

static uint32_t hash(uint32_t x)
{
    x = (x * 0x2C1B3C6Du) ^ 0x5851F42Du;
    x = (x ^ x >> 15) * 0x297A2D39u;
    return x ^ x >> 15;
}

static uint16_t *slot(struct smidgen *d, uint32_t h)
{
    uint32_t first = (uint32_t)((uint64_t)h * d->slot_count >> 32), second = first ^ 1u;
    uint32_t tag = (h * 0x9E3779B1u) >> 16 & 0xFFF0u, i;
    uint16_t *loser, *keeper, *s;
    if (second >= d->slot_count) {
        second = first;
    }
    loser = slots(d) + 4u * first;
    keeper = slots(d) + 4u * second;
    for (i = 0, s = loser; i < 2u; i++, s = keeper) {
        if ((s[0] & 0xFFF0u) == tag && (s[0] & 15u) != 0u) {
            if ((s[0] & 15u) < 15u) {
                s[0]++;
            }
            return s;
        }
    }
    if ((loser[0] & 15u) > (keeper[0] & 15u)) {
        s = loser;
        loser = keeper;
        keeper = s;
    }
    if (keeper != loser && (keeper[0] & 15u) > 1u) {
        keeper[0]--;
    }
    loser[0] = (uint16_t)(tag | 1u);
    loser[1] = loser[2] = loser[3] = NEW_COUNTER;
    return loser;
}

static uint32_t mixed(struct smidgen *d, uint16_t *const *cell, uint32_t n, uint32_t set)
{
    int32_t input[4], odds = 0, error, *weight = cm_of(d)->weights[set];
    uint32_t i, x, p, f, bit, rate = 5;
    uint16_t *point;
    for (i = 0; i < n; i++) {
        uint32_t q = probability(*cell[i]);
        input[i] = log2_of(q) - log2_of(65536u - q);
        odds += (weight[i] * input[i]) >> 10;
    }
    odds = (odds >> 6) + 3072;
    x = odds < 0 ? 0u : least((uint32_t)odds, 6143);
    p = squash(x);
    f = x & 511u;
    point = cm_of(d)->points + (set < 16u ? set >> 3 : set - 14u) * POINTS + (x >> 9);
    bit = event(d, (p + 3u * ((point[0] * (512u - f) + point[1] * f) >> 9)) >> 2);
    point += f >> 8;
    if (set < 8u) {
        rate = bits(d->literal_bits) / 2u;
        rate = rate < 5u ? 5u : rate > 8u ? 8u : rate;
        if (d->literal_bits < 65535u) {
            d->literal_bits++;
        }
    }
    *point = (uint16_t)(*point + (((bit != 0u ? 65520 : 16) - *point) >> rate));
    error = (((bit != 0u ? 65535 : 0) - (int32_t)p) * d->mixer_rate) >> 6;
    rate = d->counter_rate - (set < 16u ? 0u : 1u);
    for (i = 0; i < n; i++) {
        int32_t w = weight[i] + ((input[i] * error + 2048) >> 12);
        weight[i] = w < -WEIGHT_LIMIT ? -WEIGHT_LIMIT : w > WEIGHT_LIMIT ? WEIGHT_LIMIT : w;
        update(cell[i], bit, rate);
    }
    return bit;
}

static uint32_t flag(struct smidgen *d, const struct context *contexts, uint32_t n, uint32_t set)
{
    uint16_t *cell[4];
    uint32_t i;
    for (i = 0; i < n; i++) {
        cell[i] = slot(d, hash(hash(contexts[i].number) + contexts[i].place / 3u)) + 1u + contexts[i].place % 3u;
    }
    return mixed(d, cell, n, set);
}

static uint32_t byte_of(struct smidgen *d, const uint32_t *contexts, uint32_t n, uint32_t set)
{
    uint16_t *s[4] = {NULL, NULL, NULL, NULL}, *cell[4];
    uint32_t node = 1, inner = 4, i, bit;
    do {
        if (inner >= 4u) {
            for (i = 0; i < n; i++) {
                s[i] = slot(d, hash(hash(contexts[i]) + node));
            }
            inner = 1;
        }
        for (i = 0; i < n; i++) {
            cell[i] = s[i] + inner;
        }
        bit = mixed(d, cell, n, set++);
        node = node << 1 | bit;
        inner = inner << 1 | bit;
    } while (node < 256u);
    return node & 0xFFu;
}
#endif

/* ---- Models of lite (sections 5.7 and 5.8) --------------------------------------------------------------------------- */

#if SMIDGEN_LITE
enum { LITE_LARGE = 160, LITE_LOWEST = 175, LITE_FLAGS = 205, LITE_GUESS = 232, LITE_BLOCK = 360, LITE_SAME = 376,
       LITE_CHANGED = 632, LITE_CHANGED_LOW = 677, LITE_LITERAL = 722, LITE_LITERAL_LOW = 842 };

static const uint8_t LITE_INITIAL[LITE_COUNTERS / 2] = {
    0x11, 0x17, 0x53, 0x88, 0x77, 0x66, 0x88, 0x88, 0x11, 0x93, 0xd7, 0x58, 0xc8, 0x87, 0x67, 0x78, 0x18, 0x98, 0xc8,
    0x88, 0xb8, 0x88, 0x88, 0x87, 0x11, 0x75, 0xf6, 0x68, 0xa7, 0x76, 0x77, 0x88, 0x18, 0xb7, 0xb8, 0x88, 0x8a, 0x88,
    0x88, 0x87, 0x38, 0x96, 0x89, 0x87, 0x78, 0x88, 0x88, 0x78, 0x4c, 0xa6, 0x9a, 0x87, 0x89, 0x8a, 0x97, 0x88, 0x37,
    0x96, 0x98, 0x77, 0x79, 0x88, 0x77, 0x88, 0x18, 0xa7, 0xa8, 0x87, 0xc9, 0x88, 0x88, 0x88, 0x49, 0xa7, 0xc8, 0x88,
    0x89, 0x88, 0x88, 0x88, 0x31, 0xb5, 0x28, 0x38, 0x42, 0x88, 0x7c, 0x77, 0x88, 0x76, 0x84, 0x88, 0x88, 0x87, 0x24,
    0x7b, 0xa7, 0x77, 0x49, 0x85, 0x88, 0x19, 0x66, 0x66, 0x76, 0x77, 0x96, 0x67, 0x76, 0x77, 0x82, 0x31, 0x1c, 0xa4,
    0x88, 0x37, 0xa7, 0x87, 0x95, 0x64, 0x88, 0x88, 0x81, 0x88, 0x88, 0x88, 0x67, 0x52, 0x64, 0x11, 0x61, 0x88, 0xe8,
    0xf9, 0xd8, 0xc9, 0xaa, 0x88, 0x88, 0x88, 0x88, 0x99, 0x98, 0x95, 0xa7, 0x97, 0x88, 0x88, 0xb8, 0xa8, 0xc8, 0x66,
    0x66, 0x87, 0x88, 0x88, 0x88, 0x98, 0x88, 0x43, 0x51, 0x11, 0x75, 0x88, 0xea, 0xd9, 0xfa, 0xa8, 0x88, 0x99, 0x88,
    0x88, 0x88, 0xa8, 0xa8, 0x87, 0x77, 0x98, 0x88, 0x88, 0xf9, 0xa8, 0xa8, 0x97, 0xb8, 0x97, 0x98, 0x97, 0xc9, 0xda,
    0xfa, 0xd8, 0xb9, 0x98, 0xd8, 0xb6, 0xaa, 0x96, 0xc8, 0xa5, 0xb8, 0x98, 0xd8, 0xa7, 0xba, 0xb8, 0xca, 0xa5, 0xbb,
    0xda, 0xd8, 0xa7, 0xa9, 0xa8, 0xc9, 0x96, 0xa9, 0x97, 0xc7, 0x87, 0xb8, 0xa9, 0xe9, 0xe8, 0x98, 0x76, 0xeb, 0xa8,
    0xa8, 0x97, 0xb8, 0x96, 0xa8, 0x96, 0xb8, 0x96, 0xc9, 0xb8, 0xe9, 0xb8, 0xc9, 0xa8, 0xe8, 0xb6, 0xc9, 0xb8, 0xe9,
    0xa7, 0xc9, 0xb8, 0xd9, 0xa8, 0xba, 0xa7, 0xc9, 0xa7, 0xa9, 0xa8, 0xd8, 0xa7, 0xa9, 0xa8, 0xd9, 0xb7, 0xa8, 0x98,
    0xc8, 0x97, 0x99, 0xb8, 0x98, 0xa7, 0xa9, 0x98, 0xda, 0xa7, 0xa9, 0xa9, 0xd9, 0xb8, 0xb9, 0xa8, 0xc8, 0xc6, 0xaa,
    0x98, 0xa7, 0xa6, 0xaa, 0x97, 0xa7, 0x86, 0xb9, 0x98, 0xca, 0xa8, 0xb8, 0x95, 0xc8, 0xa6, 0x98, 0xa7, 0xd9, 0xa7,
    0xc9, 0xb8, 0xc7, 0xc7, 0xa9, 0xb7, 0xc7, 0xc6, 0xca, 0xc7, 0xe9, 0xd6, 0x64, 0x93, 0x88, 0xa4, 0x77, 0x87, 0x88,
    0xa8, 0x6b, 0x68, 0x8b, 0x57, 0x78, 0x78, 0x8b, 0x76, 0x96, 0x67, 0x96, 0x76, 0x86, 0x87, 0xa6, 0x76, 0x78, 0x58,
    0xf7, 0x77, 0x67, 0x78, 0xa7, 0x97, 0x87, 0x96, 0x87, 0x86, 0x88, 0x98, 0x78, 0x58, 0x77, 0x48, 0x78, 0x58, 0x78,
    0x66, 0x87, 0x88, 0x87, 0x87, 0x88, 0x87, 0x86, 0x78, 0x79, 0x78, 0x77, 0x87, 0x88, 0x88, 0x76, 0x87, 0x88, 0x86,
    0x77, 0x78, 0x88, 0x87, 0x78, 0x78, 0x88, 0x67, 0x87, 0x88, 0x88, 0x67, 0x98, 0x78, 0x75, 0x75, 0x88, 0x8a, 0x86,
    0x99, 0x79, 0x89, 0x78, 0x67, 0x79, 0x99, 0x89, 0x96, 0x88, 0xa5, 0x75, 0x87, 0x99, 0x98, 0x89, 0x68, 0x8a, 0x77,
    0x67, 0x6a, 0xa8, 0x67, 0x77, 0x87, 0x87, 0x88, 0x87, 0x88, 0x87, 0x77, 0x88, 0x88, 0x79, 0x88, 0x88, 0x87, 0x78,
    0x78, 0x98, 0x87, 0x78, 0x78, 0x88, 0x87, 0x77, 0x87, 0x78, 0x89, 0x88, 0x77, 0x88, 0x87, 0x78, 0x78, 0x87, 0x98,
    0x88, 0x88, 0x88, 0x78, 0x88, 0x88, 0x88, 0x88, 0x88, 0x99, 0x76, 0x87, 0x78, 0x87, 0x88, 0x88, 0x88, 0x88, 0x88,
    0x79, 0x89, 0x78, 0x89, 0x78, 0x89};

/* What a half byte stands for: a counter that counts four events. */
static const uint16_t LITE_ODDS[16] = {
    252, 508, 1012, 1988, 3852, 7284, 13108, 21844, 32772, 43692, 52428, 58252, 61684, 63548, 64524, 65028};

static void begin_lite(struct smidgen *d)
{
    uint16_t *cell = cells(d);
    uint32_t i;
    for (i = 0; i < LITE_COUNTERS / 2u; i++) {
        *cell++ = LITE_ODDS[LITE_INITIAL[i] >> 4];
        *cell++ = LITE_ODDS[LITE_INITIAL[i] & 15u];
    }
}

static uint32_t quick(struct smidgen *d, uint32_t c)
{
    return counted(d, c, d->counter_rate - 1u);
}

static uint32_t half_byte(struct smidgen *d, uint32_t c)
{
    uint32_t node = 1;
    do {
        node = node << 1 | plain(d, c + node - 1u);
    } while (node < 16u);
    return node - 16u;
}

/* The tree of a difference, by the high half byte of what it is like: small and above 0, or below, or large. */
static uint32_t tree_of_difference(uint32_t high)
{
    return high == 0u ? 0u : high == 15u ? 15u : 30u;
}

static uint32_t lite_difference(struct smidgen *d, uint32_t near)
{
    uint32_t high = half_byte(d, LITE_CHANGED + tree_of_difference(near >> 4));
    return high << 4 | half_byte(d, LITE_CHANGED_LOW + tree_of_difference(high));
}

static uint32_t lite_literal(struct smidgen *d, uint32_t odd, uint32_t before)
{
    uint32_t high = half_byte(d, LITE_LITERAL + 15u * (odd << 2 | before >> 6));
    return high << 4 | half_byte(d, LITE_LITERAL_LOW + 15u * (high >> 1));
}

static uint32_t lite_same(struct smidgen *d, uint32_t source, uint32_t next, uint32_t odd)
{
    uint32_t name = (odd != 0u ? source : next) >> 3;
    return quick(d, LITE_SAME + ((d->history & 3u) | odd << 2 | name << 3));
}

/* `r`: 1 for branches. */
static uint32_t lite_right(struct smidgen *d, uint32_t source, uint32_t rank, uint32_t agree, uint32_t r, uint32_t o)
{
    uint32_t several = (agree & (agree - 1u)) != 0u;
    return quick(d, LITE_GUESS + ((o & 1u) | source << 1 | (uint32_t)(rank > 0u) << 4 | several << 5 | r << 6));
}
#endif

/* ---- Models: numbers (sections 5.5 and 5.6) -------------------------------------------------------------------------- */

enum { LITERAL_COUNT, COVER_LENGTH, COVER_DISPLACEMENT, REPEAT_LENGTH, REPEAT_DISTANCE, LANDMARK_GAP, LANDMARK_LENGTH,
       LANDMARK_SHIFT, POINTER_DISTANCE, OTHER_DISTANCE };

#if SMIDGEN_CM
static const uint8_t INITIAL[] = {
    0x11, 0x00, 0x15, 0x01, 0x53, 0x70, 0x47, 0x76, 0x48, 0x60, 0x98, 0x77, 0x76, 0x65, 0x77, 0x70, 0xf0, 0x48, 0x88,
    0x88, 0x88, 0x11, 0x69, 0x16, 0x00, 0xe6, 0x35, 0x60, 0x2f, 0x87, 0x64, 0x66, 0x77, 0x06, 0x97, 0x88, 0x77, 0x76,
    0x76, 0x67, 0x78, 0x00, 0x77, 0x0d, 0x87, 0x86, 0x87, 0x82, 0x81, 0x98, 0x10, 0x0c, 0x88, 0x75, 0x10, 0x1e, 0x88,
    0x88, 0x88, 0x77, 0x21, 0x04, 0x62, 0x67, 0x88, 0x87, 0x88, 0x87, 0x87, 0x87, 0x77, 0x67, 0x10, 0x97, 0x34, 0x88,
    0x88, 0x11, 0x00, 0x63, 0x01, 0xf5, 0x46, 0x03, 0xd7, 0x75, 0x67, 0x70, 0x8d, 0x87, 0x67, 0x76, 0x77, 0x77, 0x67,
    0x0f, 0x01, 0x87, 0x87, 0x79, 0x81, 0x81, 0xb7, 0x10, 0x0c, 0x88, 0x82, 0x10, 0x17, 0xb8, 0x88, 0x88, 0x76, 0x81,
    0x04, 0x6a, 0x98, 0x88, 0x88, 0x87, 0x77, 0x88, 0x78, 0x78, 0x71, 0x0a, 0x87, 0x72, 0x33, 0x31, 0x84, 0x95, 0x40,
    0x08, 0x97, 0x67, 0x02, 0x69, 0x88, 0x88, 0x68, 0x88, 0x05, 0x76, 0x78, 0x88, 0x77, 0x77, 0x87, 0x88, 0x76, 0x69,
    0x70, 0xb7, 0x67, 0xbc, 0xcb, 0x1d, 0x5d, 0x55, 0x00, 0xad, 0x86, 0x60, 0x3a, 0xb9, 0xa7, 0x78, 0x78, 0x07, 0x99,
    0x89, 0x88, 0x97, 0x67, 0x77, 0x79, 0x87, 0x70, 0xb8, 0x77, 0x67, 0x66, 0x16, 0x49, 0x44, 0x00, 0x88, 0x76, 0x90,
    0x24, 0x98, 0x87, 0x87, 0x87, 0x60, 0x57, 0x35, 0x88, 0x87, 0x76, 0x86, 0x87, 0x79, 0x78, 0x77, 0x0b, 0x41, 0x59,
    0x99, 0xa1, 0x84, 0xa8, 0x1b, 0xb9, 0x87, 0x63, 0x53, 0xf9, 0x88, 0x88, 0x98, 0x93, 0x60, 0x04, 0x4e, 0x49, 0x76,
    0x77, 0x87, 0x86, 0x88, 0x78, 0x77, 0x85, 0x84, 0x44, 0x01, 0x28, 0x89, 0x77, 0x40, 0x07, 0x57, 0x88, 0x88, 0x49,
    0x2b, 0x82, 0xce, 0x87, 0x85, 0x10, 0x04, 0x00, 0xa8, 0x88, 0x88, 0x88, 0x13, 0x90, 0x1c, 0x01, 0x35, 0x87, 0x88,
    0x87, 0x87, 0x88, 0x87, 0x87, 0x68, 0x66, 0x00, 0x70, 0x44, 0x01, 0x51, 0x29, 0x89, 0x76, 0x66, 0x65, 0x66, 0x76,
    0x77, 0x87, 0x77, 0x82, 0x31, 0x1c, 0xa1, 0x88, 0x35};

static void initialize_control(uint16_t *cell)
{
    uint32_t i, half, run = 0, place = 0;
    for (i = 0; i < CONTROL_CELLS; i++) {
        cell[i] = NEW_COUNTER | 2u;
    }
    for (i = 0; i < 2u * sizeof INITIAL; i++) {
        half = (uint32_t)INITIAL[i >> 1] >> ((i & 1u) != 0u ? 0u : 4u) & 15u;
        if (run != 0u) {
            place += half + 1u;
            run = 0;
        } else if (half == 0u) {
            run = 1;
        } else {
            cell[place++] = (uint16_t)((squash(256u * half + 1024u) & 0xFFF8u) | 6u);
        }
    }
}

static uint32_t cm_size(struct smidgen *d, uint32_t role)
{
    uint32_t first = 69u * role, n = 1;
    do {
        n = n << 1 | plain(d, first + n - 1u);
    } while (n < 32u);
    return n & 31u;
}

/* The bit of a number at a place, which counts from 1, after `r`. */
static uint32_t cm_bit(struct smidgen *d, uint32_t role, uint32_t size, uint32_t place, uint32_t r)
{
    uint32_t first = 69u * role, m;
    if (place == size) {
        return plain(d, first + 30u + size);
    }
    if (place <= 3u) {
        m = 1u << (3u - place);
        return plain(d, first + 61u + (m | (r & (m - 1u))));
    }
    return event(d, 0x8000);
}
#endif

#if SMIDGEN_LITE
static uint32_t lite_size(struct smidgen *d, uint32_t role)
{
    uint32_t first = 16u * role;
    return plain(d, first) != 0u ? 16u + half_byte(d, LITE_LARGE) : half_byte(d, first + 1u);
}

static uint32_t lite_bit(struct smidgen *d, uint32_t role, uint32_t place, uint32_t r)
{
    uint32_t lowest = LITE_LOWEST + 3u * role;
    if (place > 2u) {
        return event(d, 0x8000);
    }
    return plain(d, place == 2u ? lowest : lowest + 1u + (r & 1u));
}
#endif

static uint32_t control(struct smidgen *d, uint32_t f)
{
    return plain(d, BY_CODEC(d, 690u, LITE_FLAGS) + f);
}

static uint32_t number(struct smidgen *d, uint32_t role)
{
    uint32_t size = BY_CODEC(d, cm_size(d, role), lite_size(d, role)), r = 1, place;
    for (place = size; place > 0u; place--) {
        r = r << 1 | BY_CODEC(d, cm_bit(d, role, size, place, r), lite_bit(d, role, place, r));
    }
    return r - 1u;
}

static uint32_t signed_number(struct smidgen *d, uint32_t role)
{
    uint32_t u = number(d, role);
    return u >> 1 ^ (0u - (u & 1u));
}

/* ---- Output ---------------------------------------------------------------------------------------------------------- */

static void flush(struct smidgen *d)
{
    const smidgen_device *device = d->device;
    uint32_t used = d->used;
    d->used = 0;
    if (used == 0u || d->error != 0u) {
        return;
    }
    if ((d->flags & HASHED) != 0u) {
        digest_update(d, SMIDGEN_DIGEST_IMAGE, d->output, used);
    }
    if (device->write(device->target, d->position - used, d->output, used) != 0) {
        fail(d, SMIDGEN_ERROR_TARGET_WRITE);
    }
}

static void emit(struct smidgen *d, uint32_t byte)
{
    d->output[d->used++] = (uint8_t)byte;
    d->before = d->before << 8 | byte;
    d->position++;
    if (d->used == OUTPUT) {
        flush(d);
    }
}

/* ---- Tables that are sorted by their first word (sections 7.5 and 7.6) ------------------------------------------------ */

/* How many entries of `words` words are below `key`. */
static uint32_t count_below(const uint32_t *table, uint32_t count, uint32_t words, uint32_t key)
{
    uint32_t low = 0, middle;
    while (low < count) {
        middle = (low + count) >> 1;
        if (table[words * middle] < key) {
            low = middle + 1u;
        } else {
            count = middle;
        }
    }
    return low;
}

static uint32_t learned_below(struct smidgen *d, uint32_t a)
{
    return count_below(&learned(d)->address, d->learned_used, 2, a);
}

static void learn(struct smidgen *d, uint32_t a, uint32_t displacement)
{
    struct learned *entry = learned(d);
    uint32_t at = learned_below(d, a), hole = d->learned_used;
    if (at < hole && entry[at].address == a) {
        entry[at].displacement = displacement;
        return;
    }
    if (d->learned_count == 0u || (at > 0u && entry[at - 1u].displacement == displacement)) {
        return;
    }
    if (hole < d->learned_count) {
        d->learned_used++;
    } else {
        hole = d->hand++;
        if (d->hand == d->learned_count) {
            d->hand = 0;
        }
        if (hole < at) {
            at--;
        }
    }
    if (hole > at) {
        memmove(entry + at + 1, entry + at, (hole - at) * sizeof *entry);
    } else {
        memmove(entry + hole, entry + hole + 1, (at - hole) * sizeof *entry);
    }
    entry[at].address = a;
    entry[at].displacement = displacement;
}

/* Whether a nearby cover holds the base offset `x`; `*displacement` is then what section 7.5 says. */
static uint32_t nearby(const struct smidgen *d, uint32_t x, uint32_t usual, uint32_t *displacement)
{
    uint32_t found = 0, i;
    for (i = 0; i < NEARBY; i++) {
        const struct nearby *cover = &d->nearby[i];
        if (x - cover->start < cover->length && (found == 0u || cover->displacement == usual)) {
            *displacement = cover->displacement;
            found = 1;
        }
    }
    return found;
}

/* ---- Forms of references (section 7.3) --------------------------------------------------------------------------------
 *
 * A form is a row: an instruction has it if `(w & mask) == value` and no row before fits. `fields` is where its fields
 * begin in the array of its kind, `bits` how many bits its operand has. */

enum { POINTER, BRANCH, HIGH, LOW, NEAR };

/* A second half comes right after its first one. */
enum how {
    NONE,      /* no reference */
    PLAIN,     /* an unsigned offset */
    SIGNED,    /* a signed one */
    LONG_CALL, /* Thumb: a signed one, with the bits J1 and J2 */
    CALL,      /* Xtensa: a signed one, into the address space */
    ONES,      /* Xtensa: L32R, whose offset has ones above */
    SIZED,     /* a magnitude, and a bit that says whether it is added */
    FIRST,     /* MOVW */
    SECOND,    /* MOVT */
    UPPER,     /* LUI, AUIPC */
    LOWER      /* what uses the register of one: loads, stores, ADDI, JALR */
};

/* `origin`: what is added to the site; whether it is then rounded down to four; whether there is none. */
enum { ALIGNED = 16, ZERO = 32 };

struct form {
    uint32_t mask;
    uint32_t value;
    uint8_t fields;
    uint8_t bits;
    uint8_t origin;
    uint8_t how_class;
};

#define HOW(how, class_of) (uint8_t)((how) | (class_of) << 5)
#define FIELD(low, bits, to) (uint16_t)((low) | ((bits)-1) << 5 | (to) << 10)
#define LAST(low, bits, to) (uint16_t)(FIELD(low, bits, to) | 0x8000)
/* Length of the instruction, in `bits`: its two high bits. */
#define TWO(bits) (uint8_t)(bits)
#define THREE(bits) (uint8_t)((bits) | 1 << 6)
#define FOUR(bits) (uint8_t)((bits) | 2 << 6)
#define NOTHING {0, 0, 0, 0, 0, 0}
#define EXCEPT(mask, value) {mask, value, 0, 0, 0, 0}

#if SMIDGEN_THUMB
enum { T_LONG = 0, T_BLX = 5, T_CONDITION = 10, T_LITERAL = 15, T_SHORT_CONDITION = 16, T_SHORT = 17, T_ZERO = 18,
       T_SIZED = 20, T_FIRST = 22, T_SECOND = 26 };

static const uint16_t THUMB_FIELDS[] = {
    FIELD(10, 1, 24), FIELD(29, 1, 23), FIELD(27, 1, 22), FIELD(0, 10, 12), LAST(16, 11, 1),
    FIELD(10, 1, 24), FIELD(29, 1, 23), FIELD(27, 1, 22), FIELD(0, 10, 12), LAST(17, 10, 2),
    FIELD(10, 1, 20), FIELD(27, 1, 19), FIELD(29, 1, 18), FIELD(0, 6, 12), LAST(16, 11, 1),
    LAST(0, 8, 2),
    LAST(0, 8, 1),
    LAST(0, 11, 1),
    FIELD(9, 1, 6), LAST(3, 5, 1),
    FIELD(16, 12, 0), LAST(7, 1, 12),
    FIELD(0, 4, 12), FIELD(10, 1, 11), FIELD(28, 3, 8), LAST(16, 8, 0),
    FIELD(0, 4, 28), FIELD(10, 1, 27), FIELD(28, 3, 24), LAST(16, 8, 16)};

/* An instruction of four bytes is h1 | h2 << 16. */
static const struct form THUMB_FORMS[] = {
    {0x0000FF7F, 0x0000F85F, T_SIZED, FOUR(12), 4 | ALIGNED, HOW(SIZED, NEAR)},
    EXCEPT(0xD000FB80, 0x8000F380),
    {0xD000F800, 0x8000F000, T_CONDITION, FOUR(21), 4, HOW(SIGNED, NEAR)},
    {0xD001F800, 0xC000F000, T_BLX, FOUR(25), 4 | ALIGNED, HOW(LONG_CALL, BRANCH)},
    {0x9000F800, 0x9000F000, T_LONG, FOUR(25), 4, HOW(LONG_CALL, BRANCH)},
    {0x8000FBF0, 0x0000F240, T_FIRST, FOUR(16), ZERO, HOW(FIRST, HIGH)},
    {0x8000FBF0, 0x0000F2C0, T_SECOND, FOUR(16), ZERO, HOW(SECOND, LOW)},
    {0x0000F800, 0x00004800, T_LITERAL, TWO(10), 4 | ALIGNED, HOW(PLAIN, NEAR)},
    {0x0000F800, 0x0000A000, T_LITERAL, TWO(10), 4 | ALIGNED, HOW(PLAIN, NEAR)},
    EXCEPT(0x0000FE00, 0x0000DE00),
    {0x0000F000, 0x0000D000, T_SHORT_CONDITION, TWO(9), 4, HOW(SIGNED, NEAR)},
    {0x0000F800, 0x0000E000, T_SHORT, TWO(12), 4, HOW(SIGNED, NEAR)},
    {0x0000F500, 0x0000B100, T_ZERO, TWO(7), 4, HOW(PLAIN, NEAR)},
    NOTHING};
#endif

#if SMIDGEN_ARM
enum { A_BLX = 0, A_BRANCH = 2, A_SIZED = 3, A_FIRST = 5, A_SECOND = 7 };

static const uint16_t ARM_FIELDS[] = {
    FIELD(0, 24, 2), LAST(24, 1, 1),
    LAST(0, 24, 2),
    FIELD(0, 12, 0), LAST(23, 1, 12),
    FIELD(16, 4, 12), LAST(0, 12, 0),
    FIELD(16, 4, 28), LAST(0, 12, 16)};

static const struct form ARM_FORMS[] = {
    {0xFE000000, 0xFA000000, A_BLX, FOUR(26), 8, HOW(SIGNED, BRANCH)},
    EXCEPT(0xF0000000, 0xF0000000),
    {0x0E000000, 0x0A000000, A_BRANCH, FOUR(26), 8, HOW(SIGNED, BRANCH)},
    {0x0F3F0000, 0x051F0000, A_SIZED, FOUR(12), 8, HOW(SIZED, NEAR)},
    {0x0FF00000, 0x03000000, A_FIRST, FOUR(16), ZERO, HOW(FIRST, HIGH)},
    {0x0FF00000, 0x03400000, A_SECOND, FOUR(16), ZERO, HOW(SECOND, LOW)},
    NOTHING};
#endif

#if SMIDGEN_RISCV
enum { R_JAL = 0, R_BRANCH = 4, R_C_J = 8, R_C_BRANCH = 16, R_UPPER = 21, R_LOADS = 22, R_STORES = 23 };

static const uint16_t RISCV_FIELDS[] = {
    FIELD(31, 1, 20), FIELD(12, 8, 12), FIELD(20, 1, 11), LAST(21, 10, 1),
    FIELD(31, 1, 12), FIELD(7, 1, 11), FIELD(25, 6, 5), LAST(8, 4, 1),
    FIELD(12, 1, 11), FIELD(8, 1, 10), FIELD(9, 2, 8), FIELD(6, 1, 7), FIELD(7, 1, 6), FIELD(2, 1, 5), FIELD(11, 1, 4),
    LAST(3, 3, 1),
    FIELD(12, 1, 8), FIELD(5, 2, 6), FIELD(2, 1, 5), FIELD(10, 2, 3), LAST(3, 2, 1),
    LAST(12, 20, 12),
    LAST(20, 12, 0),
    FIELD(25, 7, 5), LAST(7, 5, 0)};

static const struct form RISCV_FORMS[] = {
    {0x00000FFF, 0x0000006F, R_JAL, FOUR(21), 0, HOW(SIGNED, BRANCH)},
    {0x00000FFF, 0x000000EF, R_JAL, FOUR(21), 0, HOW(SIGNED, BRANCH)},
    {0x00000FFF, 0x000002EF, R_JAL, FOUR(21), 0, HOW(SIGNED, BRANCH)},
    EXCEPT(0x00000FDF, 0x00000017),
    {0x0000007F, 0x00000037, R_UPPER, FOUR(32), ZERO, HOW(UPPER, HIGH)},
    {0x0000007F, 0x00000017, R_UPPER, FOUR(32), 0, HOW(UPPER, HIGH)},
    {0x0000707F, 0x00000013, R_LOADS, FOUR(12), ZERO, HOW(LOWER, LOW)},
    {0x0000707F, 0x0000001B, R_LOADS, FOUR(12), ZERO, HOW(LOWER, LOW)},
    {0x0000707F, 0x00000067, R_LOADS, FOUR(12), ZERO, HOW(LOWER, LOW)},
    EXCEPT(0x0000707F, 0x00007003),
    {0x0000007F, 0x00000003, R_LOADS, FOUR(12), ZERO, HOW(LOWER, LOW)},
    {0x0000607F, 0x00002007, R_LOADS, FOUR(12), ZERO, HOW(LOWER, LOW)},
    {0x0000407F, 0x00000023, R_STORES, FOUR(12), ZERO, HOW(LOWER, LOW)},
    {0x0000607F, 0x00002027, R_STORES, FOUR(12), ZERO, HOW(LOWER, LOW)},
    EXCEPT(0x0000607F, 0x00002063),
    {0x0000007F, 0x00000063, R_BRANCH, FOUR(13), 0, HOW(SIGNED, NEAR)},
    {0x0000E003, 0x0000A001, R_C_J, TWO(12), 0, HOW(SIGNED, NEAR)},
    {0x0000C003, 0x0000C001, R_C_BRANCH, TWO(9), 0, HOW(SIGNED, NEAR)},
    NOTHING};
#endif

#if SMIDGEN_XTENSA
enum { X_L32R = 0, X_CALL = 1, X_JUMP = 2, X_12 = 3, X_8 = 4, X_NARROW = 5 };

static const uint16_t XTENSA_FIELDS[] = {LAST(8, 16, 2), LAST(6, 18, 2), LAST(6, 18, 0), LAST(12, 12, 0),
                                         LAST(16, 8, 0), FIELD(4, 2, 4), LAST(12, 4, 0)};

static const struct form XTENSA_FORMS[] = {
    {0x0000000F, 0x00000001, X_L32R, THREE(18), 3 | ALIGNED, HOW(ONES, LOW)},
    {0x0000001F, 0x00000005, X_CALL, THREE(20), 4 | ALIGNED, HOW(CALL, BRANCH)},
    {0x0000003F, 0x00000006, X_JUMP, THREE(18), 4, HOW(SIGNED, NEAR)},
    {0x0000003F, 0x00000016, X_12, THREE(12), 4, HOW(SIGNED, NEAR)},
    {0x0000003F, 0x00000026, X_8, THREE(8), 4, HOW(SIGNED, NEAR)},
    {0x000000BF, 0x000000B6, X_8, THREE(8), 4, HOW(SIGNED, NEAR)},
    {0x0000E0FF, 0x00000076, X_8, THREE(8), 4, HOW(SIGNED, NEAR)},
    {0x0000E0FF, 0x00008076, X_8, THREE(8), 4, HOW(PLAIN, NEAR)},
    {0x0000F0FF, 0x0000A076, X_8, THREE(8), 4, HOW(PLAIN, NEAR)},
    {0x0000000F, 0x00000007, X_8, THREE(8), 4, HOW(SIGNED, NEAR)},
    {0x0000008F, 0x0000008C, X_NARROW, TWO(6), 4, HOW(PLAIN, NEAR)},
    NOTHING};
#endif

static uint32_t is_known_kind(uint32_t kind)
{
    return kind == 0u || kind == 16u || (SMIDGEN_THUMB && kind == 1u) || (SMIDGEN_ARM && kind == 3u) ||
           (SMIDGEN_RISCV && kind == 4u) || (SMIDGEN_XTENSA && kind == 5u) ||
           (SMIDGEN_WORDS && kind >= 16u && kind < 30u && (kind & 6u) != 6u);
}

#if SMIDGEN_CODE
static const struct form *forms_of(uint32_t kind)
{
    switch (kind) {
#if SMIDGEN_ARM
    case 3:
        return ARM_FORMS;
#endif
#if SMIDGEN_RISCV
    case 4:
        return RISCV_FORMS;
#endif
#if SMIDGEN_XTENSA
    case 5:
        return XTENSA_FORMS;
#endif
    default:
#if SMIDGEN_THUMB
        return THUMB_FORMS;
#else
        return NULL;
#endif
    }
}

static const uint16_t *fields_of(uint32_t kind)
{
    switch (kind) {
#if SMIDGEN_ARM
    case 3:
        return ARM_FIELDS;
#endif
#if SMIDGEN_RISCV
    case 4:
        return RISCV_FIELDS;
#endif
#if SMIDGEN_XTENSA
    case 5:
        return XTENSA_FIELDS;
#endif
    default:
#if SMIDGEN_THUMB
        return THUMB_FIELDS;
#else
        return NULL;
#endif
    }
}

static const struct form *form_of(const struct smidgen *d, uint32_t w)
{
    const struct form *form = forms_of(d->kind);
    while ((w & form->mask) != form->value) {
        form++;
    }
    return form;
}

static uint32_t how_of(const struct form *form)
{
    return form->how_class & 31u;
}

/* J1 and J2 of a long call are stored as they are if S is set, else inverted. */
static uint32_t straightened(const struct form *form, uint32_t w)
{
    return how_of(form) == LONG_CALL && (w & 1u << 10) == 0u ? w ^ 0x28000000u : w;
}

/* The operand in an instruction, as what is added to the origin. */
static uint32_t operand(const struct smidgen *d, const struct form *form, uint32_t w)
{
    const uint16_t *field = fields_of(d->kind) + form->fields;
    uint32_t value = 0, f, n = form->bits & 63u;
    w = straightened(form, w);
    do {
        f = *field++;
        value |= (w >> (f & 31u) & 0xFFFFFFFFu >> (31u - (f >> 5 & 31u))) << (f >> 10 & 31u);
    } while (f < 0x8000u);
    switch (how_of(form)) {
    case SIZED:
        return (value & 0x1000u) != 0u ? value & 0xFFFu : 0u - value;
    case ONES:
        return value | 0xFFFC0000u;
    case SIGNED:
    case LONG_CALL:
    case CALL:
    case LOWER:
        /* `value` has no bits above. */
        return (value ^ 1u << (n - 1u)) - (1u << (n - 1u));
    default:
        return value;
    }
}

static uint32_t with_operand(const struct smidgen *d, const struct form *form, uint32_t w, uint32_t value)
{
    const uint16_t *field = fields_of(d->kind) + form->fields;
    uint32_t f, mask;
    do {
        f = *field++;
        mask = 0xFFFFFFFFu >> (31u - (f >> 5 & 31u));
        w = (w & ~(mask << (f & 31u))) | (value >> (f >> 10 & 31u) & mask) << (f & 31u);
    } while (f < 0x8000u);
    return straightened(form, w);
}

static uint32_t origin(const struct form *form, uint32_t site)
{
    if ((form->origin & ZERO) != 0u) {
        return 0;
    }
    site += form->origin & 15u;
    return (form->origin & ALIGNED) != 0u ? site & ~3u : site;
}

static uint32_t reached_by(const struct smidgen *d, const struct form *form, uint32_t w, uint32_t site, uint32_t extra)
{
    return origin(form, site) + operand(d, form, w) + extra;
}
#endif

/* ---- Words (section 7.2) --------------------------------------------------------------------------------------------- */

static uint32_t is_in_space(const struct smidgen *d, uint32_t a)
{
    uint32_t i;
    if (a - d->base_address < d->base_size) {
        return 1;
    }
    for (i = 0; i < d->window_count; i++) {
        if (a - d->windows[i][0] < d->windows[i][1]) {
            return 1;
        }
    }
    return 0;
}

#if SMIDGEN_WORDS
static uint32_t swapped(uint32_t w)
{
    return w >> 24 | (w >> 8 & 0xFF00u) | (w << 8 & 0xFF0000u) | w << 24;
}

/* The number of the words' form: pages of code have those of kind 16. */
static uint32_t word_form(const struct smidgen *d)
{
    return d->kind < 16u ? 16u : d->kind;
}

/* What is added to a word at `site`. */
static uint32_t word_origin(const struct smidgen *d, uint32_t site)
{
    uint32_t which = word_form(d) >> 1 & 3u;
    return which == 0u ? 0u : which == 1u ? site : d->base_address;
}

/* What a wide word has above `low`. */
static uint32_t word_upper(const struct smidgen *d, uint32_t low)
{
    uint32_t which = word_form(d) >> 1 & 3u;
    return which == 0u ? d->address_high : which == 1u && low >> 31 != 0u ? 0xFFFFFFFFu : 0u;
}

/* A word's bytes as low and high value, or the other way round. */
static void order_word(const struct smidgen *d, const uint32_t *from, uint32_t *to)
{
    uint32_t first = from[0], second = from[1];
    if ((word_form(d) & 8u) != 0u) {
        first = swapped(from[word_form(d) & 1u]);
        second = swapped(from[~word_form(d) & 1u]);
    }
    to[0] = first;
    to[1] = second;
}
#endif

/* Section 7.1: what bytes at `site` point at. */
static uint32_t read_reference(const struct smidgen *d, const uint32_t *bytes, uint32_t site)
{
#if SMIDGEN_CODE
    if (d->form != NULL) {
        return reached_by(d, d->form, bytes[0], site, d->extra);
    }
#endif
#if SMIDGEN_WORDS
    {
        uint32_t value[2];
        order_word(d, bytes, value);
        return value[0] + word_origin(d, site);
    }
#else
    (void)d;
    (void)site;
    return bytes[0];
#endif
}

/* Section 7.1: the reference's bytes with `a` in them, if that is possible. */
static uint32_t write_reference(const struct smidgen *d, uint32_t a, uint32_t *bytes)
{
#if SMIDGEN_CODE
    const struct form *form = d->form;
    if (form != NULL) {
        uint32_t how = how_of(form), offset = a - origin(form, d->target_site);
        if (how == UPPER) {
            offset += 0x800;
        } else if (how == SIZED) {
            offset = offset >> 31 != 0u ? (0u - offset) & 0xFFFu : (offset & 0xFFFu) | 0x1000u;
        } else if (how == LOWER) {
            offset -= d->extra;
        }
        bytes[0] = with_operand(d, form, d->bytes[0], offset);
        bytes[1] = 0;
        return how == FIRST || how == SECOND || how == UPPER || read_reference(d, bytes, d->target_site) == a;
    }
#endif
#if SMIDGEN_WORDS
    a -= word_origin(d, d->target_site);
    {
        uint32_t value[2];
        value[0] = a;
        value[1] = (word_form(d) & 1u) != 0u ? word_upper(d, a) : 0u;
        order_word(d, value, bytes);
    }
#else
    (void)d;
    bytes[0] = a;
    bytes[1] = 0;
#endif
    return 1;
}

/* ---- Where references are (section 7.1) ------------------------------------------------------------------------------- */

#if SMIDGEN_CODE
/* Whether an instruction that began before goes on at the site. */
static uint32_t is_inside(const struct smidgen *d)
{
    return d->kind != 3u && d->next_site - d->site - 1u < 8u;
}
#endif

#if SMIDGEN_HALVES
static uint32_t register_of(const struct smidgen *d, const struct form *form, uint32_t w)
{
    (void)d;
    switch (how_of(form)) {
#if SMIDGEN_RISCV
    case UPPER:
        return w >> 7 & 31u;
    case LOWER:
        return w >> 15 & 31u;
#endif
    default:
#if SMIDGEN_ARM
        if (d->kind == 3u) {
            return w >> 12 & 15u;
        }
#endif
        return w >> 24 & 15u;
    }
}

static struct half *half_of(struct smidgen *d, uint32_t which)
{
    struct half *half = d->halves;
    while (half < d->halves + 4 && half->key != which + 1u) {
        half++;
    }
    return half < d->halves + 4 ? half : NULL;
}

/* Looks for the partner of a first half, and for what it adds. */
static uint32_t has_partner(struct smidgen *d, const uint8_t *view, uint32_t count, const struct form *form, uint32_t w)
{
    uint32_t i, v, which = register_of(d, form, w);
    const struct form *other;
    for (i = 4; i < count; i += 2u) {
        v = u32_at(view + i);
        if (i > VIEW - 4u) {
            /* The view ends, the source perhaps does not. */
            v &= 0xFFFFFFFFu >> (8u * (i - (VIEW - 4u)));
        }
        other = form_of(d, v);
        if (how_of(other) != NONE && other->how_class == HOW(how_of(form) + 1u, LOW) &&
            register_of(d, other, v) == which) {
            d->extra = operand(d, other, v);
            return 1;
        }
#if SMIDGEN_RISCV
        if (d->kind == 4u) {
            if (how_of(other) == UPPER && register_of(d, other, v) == which) {
                return 0;
            }
            i += (v & 3u) == 3u ? 2u : 0u;
        }
#endif
#if SMIDGEN_ARM
        i += d->kind == 3u ? 2u : 0u;
#endif
    }
    return 0;
}

/* What becomes of the registers after a reference, whose bytes in the target are `bytes` (section 7.4). */
static void note_half(struct smidgen *d, const uint32_t *bytes)
{
    const struct form *form = d->form;
    uint32_t w = d->bytes[0], which;
    struct half *half;
    if (form == NULL) {
        return;
    }
    which = register_of(d, form, w);
    half = half_of(d, which);
    switch (how_of(form)) {
    case FIRST:
    case UPPER:
        if (half == NULL) {
            half = &d->halves[d->turn++ & 3u];
        }
        half->key = which + 1u;
        half->address = d->site;
        /* A register holds no more than UPPER puts there; of FIRST, the whole address is remembered. */
        half->old_value = d->address - (how_of(form) == UPPER ? d->extra : 0u);
        half->new_value = reached_by(d, form, bytes[0], d->target_site, 0);
        break;
#if SMIDGEN_RISCV
    case LOWER:
        if (form->fields == R_LOADS && (w & 0x7Fu) != 7u && (w >> 7 & 31u) == which && half != NULL) {
            half->key = 0;
        }
        break;
#endif
    default:
        break;
    }
}
#endif

#if SMIDGEN_CODE
/* The form of the instruction at the site, and what it points at. */
static uint32_t find_code(struct smidgen *d, const uint8_t *s, uint32_t left, uint32_t w)
{
    const struct form *form;
    uint32_t how;
#if SMIDGEN_HALVES
    struct half *half;
#else
    (void)s;
    (void)left;
#endif
#if SMIDGEN_THUMB
    /* By their five highest bits, most instructions are none. */
    if (d->kind == 1u && (0xDCD00200u >> (w >> 11 & 31u) & 1u) == 0u) {
        return 0;
    }
#endif
    form = form_of(d, w);
    how = how_of(form);
    if (how == NONE) {
        return 0;
    }
    d->form = form;
    d->length_of = (uint8_t)(2u + (form->bits >> 6));
    d->class_of = form->how_class >> 5;
    d->bytes[0] = w & 0xFFFFFFFFu >> (8u * (4u - d->length_of));
    d->extra = 0;
    d->address = 0;
#if SMIDGEN_HALVES
    if ((how == FIRST || how == UPPER) && has_partner(d, s, least(left, VIEW), form, w) == 0u) {
        return 0;
    }
    if (how == SECOND || how == LOWER) {
        half = half_of(d, register_of(d, form, w));
        if (half == NULL || d->site - half->address - 1u >= 64u) {
            return 0;
        }
        d->extra = half->new_value;
        if (how == SECOND) {
            d->extra &= 0xFFFFu;
            d->address = half->old_value;
            return 1;
        }
        d->address = half->old_value - d->extra;
    }
#endif
    d->address += read_reference(d, d->bytes, d->site);
    return how != CALL || is_in_space(d, d->address) != 0u;
}
#endif

/* Whether a word begins at the site. */
static uint32_t find_word(struct smidgen *d, const uint8_t *s)
{
#if SMIDGEN_WORDS
    uint32_t value[2], form = word_form(d), length = (form & 1u) != 0u ? 8u : 4u;
#else
    uint32_t length = 4;
#endif
    if ((d->site & (length - 1u)) != 0u) {
        return 0;
    }
    d->form = NULL;
    d->class_of = POINTER;
    d->length_of = (uint8_t)length;
    d->bytes[0] = u32_at(s);
    d->bytes[1] = 0;
#if SMIDGEN_WORDS
    if (length == 8u) {
        d->bytes[1] = u32_at(s + 4);
    }
    order_word(d, d->bytes, value);
    if (((form & 6u) == 0u && value[0] < 0x100u) || (length == 8u && value[1] != word_upper(d, value[0]))) {
        return 0;
    }
#else
    if (d->bytes[0] < 0x100u) {
        return 0;
    }
#endif
    d->address = read_reference(d, d->bytes, d->site);
    return is_in_space(d, d->address);
}

/* References of a kind begin at multiples of this; without any, it is the longest block. */
static uint32_t granule_of(uint32_t kind)
{
    if (kind >= 16u) {
        return (kind & 1u) != 0u ? 8u : 4u;
    }
    return kind == 0u ? 64u : kind == 3u ? 4u : kind == 5u ? 1u : 2u;
}

/* Whether a reference begins at `at`. */
static uint32_t find_reference(struct smidgen *d)
{
    const uint8_t *s = d->window + d->at;
    uint32_t left = d->now.length - d->copied - d->at, found, ignored;
    d->site = d->base_address + d->now.start + d->copied + d->at;
    if (d->kind == 0u || (d->site & (d->granule - 1u)) != 0u) {
        return 0;
    }
    found = find_word(d, s);
#if SMIDGEN_CODE
    if (found == 0u && d->kind < 16u && is_inside(d) == 0u) {
        d->bytes[1] = 0;
        found = find_code(d, s, left, u32_at(s));
    }
#endif
    if (found == 0u || d->length_of > left || (d->now.repeat != 0u && d->class_of != BRANCH)) {
        return 0;
    }
    /* What does not reach beyond the cover moves with it. */
    return d->class_of != NEAR || (d->address - (d->base_address + d->now.start) >= d->now.length &&
                                   nearby(d, d->address - d->base_address, 0, &ignored) != 0u);
}

/* ---- Where references went (section 7.7) ------------------------------------------------------------------------------ */

static uint32_t is_branch(const struct smidgen *d)
{
    return d->class_of == BRANCH || d->class_of == NEAR;
}

static void remember(struct smidgen *d, uint32_t displacement)
{
    if (d->now.repeat == 0u) {
        d->last_displacement[is_branch(d)] = displacement;
        if (d->class_of != NEAR) {
            learn(d, d->address, displacement);
        }
    }
}

/* What the sources propose; returns a bit for each that does. */
static uint32_t propose(struct smidgen *d, uint32_t *proposal)
{
    uint32_t known = 0x60, a = d->address, x = a - d->base_address, at;
    const struct learned *entry = learned(d);
    proposal[6] = read_reference(d, d->bytes, d->target_site) - a;
    if (d->now.repeat != 0u) {
        proposal[0] = 0;
        return 0x41;
    }
    at = learned_below(d, a);
    if (at > 0u) {
        proposal[3] = entry[at - 1u].displacement;
        known |= 8u;
    }
    if (at < d->learned_used && entry[at].address == a) {
        proposal[0] = entry[at++].displacement;
        known |= 1u;
    }
    if (at < d->learned_used) {
        proposal[4] = entry[at].displacement;
        known |= 16u;
    }
    known |= nearby(d, x, d->target_site - d->site, &proposal[1]) << 1;
#if SMIDGEN_LANDMARKS
    at = count_below(&landmarks(d)->base, d->landmark_count, 3, x + 1u);
    if (at > 0u) {
        const struct landmark *landmark = landmarks(d) + (at - 1u);
        if (x - landmark->base < landmark->length) {
            proposal[2] = landmark->target - landmark->base;
            known |= 4u;
        }
    }
#endif
    proposal[5] = d->last_displacement[is_branch(d)];
    return known;
}

#if SMIDGEN_CM
static uint32_t cm_right(struct smidgen *d, uint32_t source, uint32_t rank, uint32_t agree, uint32_t o)
{
    uint32_t class_of = d->now.repeat != 0u ? 5u : d->class_of;
    uint32_t place = source | class_of << 3 | least(rank, 3) << 6;
    struct context contexts[3];
    contexts[0].number = 0xF0000000u | place | (o >> 3 & 7u) << 8;
    contexts[0].place = o;
    contexts[1].number = 0xF1000000u | place | agree << 8;
    contexts[1].place = d->missed;
    contexts[2].number = 0xF2000000u | (d->bytes[0] >> 8 & 0xFFu) | place << 8;
    contexts[2].place = o & 3u;
    return flag(d, contexts, 3, rank > 0u ? 23u : is_branch(d) != 0u ? 22u : 21u);
}
#endif

/* The event of one guess, and what it does to the outcomes. */
static uint32_t is_right(struct smidgen *d, uint32_t source, uint32_t rank, uint32_t agree)
{
    uint32_t o = d->outcomes[d->now.repeat != 0u ? 7u : source], right, i;
    right = BY_CODEC(d, cm_right(d, source, rank, agree, o), lite_right(d, source, rank, agree, is_branch(d), o));
    if (d->now.repeat != 0u) {
        agree = 0x80;
    }
    for (i = 0; i < 8u; i++) {
        if ((agree >> i & 1u) != 0u) {
            d->outcomes[i] = (uint8_t)((uint32_t)d->outcomes[i] << 1 | (right ^ 1u));
        }
    }
    return right;
}

/* The reference's bytes in the target, if they do not come byte by byte. */
static uint32_t predict(struct smidgen *d, uint32_t *bytes)
{
    uint32_t proposal[SOURCES] = {0, 0, 0, 0, 0, 0, 0};
    uint32_t known = propose(d, proposal), rank = 0, source, agree, i, v;
    for (source = 0; source < SOURCES; source++) {
        agree = 0;
        for (i = 0; i < SOURCES; i++) {
            if ((known >> i & 1u) != 0u && proposal[i] == proposal[source]) {
                agree |= 1u << i;
            }
        }
        if ((known >> source & 1u) == 0u || (agree & ((1u << source) - 1u)) != 0u ||
            write_reference(d, d->address + proposal[source], bytes) == 0u) {
            continue;
        }
        if (is_right(d, source, rank, agree) != 0u) {
            FOR_CM(d->missed = rank > 0u;)
            remember(d, proposal[source]);
            return 1;
        }
        rank++;
    }
    FOR_CM(d->missed = 1;)
    if (control(d, 20u + d->class_of) == 0u) {
        return 0;
    }
    for (source = 0; (known >> source & 1u) == 0u; source++) {
    }
    v = proposal[source] + signed_number(d, d->class_of == POINTER ? POINTER_DISTANCE : OTHER_DISTANCE);
    if (write_reference(d, d->address + v, bytes) == 0u) {
        return 0;
    }
    remember(d, v);
    return 1;
}

/* ---- Covers (sections 4.3, 6.2 and 6.3) ------------------------------------------------------------------------------- */

/* Keeps track of instructions of different lengths while a byte is copied. */
static void pass(struct smidgen *d, const uint8_t *s)
{
#if SMIDGEN_STEPS
    uint32_t size;
    d->site = d->base_address + d->now.start + d->copied + d->at;
    if (d->kind == 0u || d->kind > 5u || d->kind == 3u || is_inside(d) != 0u || (d->kind != 5u && (d->site & 1u) != 0u)) {
        return;
    }
    if (SMIDGEN_THUMB && d->kind == 1u) {
        size = s[1] >= 0xE8u ? 4u : 2u;
    } else if (SMIDGEN_RISCV && d->kind == 4u) {
        size = (s[0] & 3u) == 3u ? 4u : 2u;
    } else {
        size = (s[0] & 8u) != 0u ? 2u : 3u;
    }
    d->next_site = d->site + size;
#else
    (void)d;
    (void)s;
#endif
}

#if SMIDGEN_CM
static uint32_t cm_same(struct smidgen *d, uint32_t source, uint32_t next, uint32_t offset, uint32_t near)
{
    uint32_t n = next >> 3, h = d->history, odd = (offset & 1u) << 8;
    struct context contexts[4];
    contexts[0].number = 0x50000000u | (h >> 1 & 31u) | (offset & 3u) << 8;
    contexts[0].place = h & 1u;
    contexts[1].number = 0x60000000u | source | odd;
    contexts[2].number = 0x70000000u | (uint32_t)(d->previous >> 3) | n << 17 | near << 8 | odd << 8;
    contexts[3].number = 0x80000000u | next | odd;
    contexts[1].place = contexts[2].place = contexts[3].place = h & 3u;
    return flag(d, contexts, 4, 16u + (h & 3u));
}

static uint32_t cm_difference(struct smidgen *d, uint32_t source, uint32_t next, uint32_t offset, uint32_t near)
{
    uint32_t contexts[4], odd = (offset & 1u) << 8;
    contexts[0] = 0xA0000000u | (offset & 1u) | (d->history & 1u) << 1;
    contexts[1] = 0xB0000000u | near | odd;
    contexts[2] = 0xC0000000u | source;
    contexts[3] = 0xD0000000u | next | odd;
    return byte_of(d, contexts, 4, 8);
}
#endif

static void copy_byte(struct smidgen *d)
{
    const uint8_t *s = d->window + d->at;
    uint32_t source = s[0], next = s[1], n = next >> 3, byte = source, same;
    uint32_t offset = d->now.start + d->copied + d->at, near = d->difference[n];
    same = BY_CODEC(d, cm_same(d, source, next, offset, near), lite_same(d, source, next, offset & 1u));
    if (same == 0u) {
        near = BY_CODEC(d, cm_difference(d, source, next, offset, near), lite_difference(d, near));
        d->difference[n] = (uint8_t)near;
        byte = (source + near) & 0xFFu;
    }
    d->history = (uint8_t)((uint32_t)d->history << 1 | (same ^ 1u));
    FOR_CM(d->previous = (uint8_t)source;)
    pass(d, s);
    d->at++;
    emit(d, byte);
}

static void copy_reference(struct smidgen *d)
{
    uint32_t bytes[2] = {0, 0}, written[2], length = d->length_of, site = d->site, i, went;
    d->target_site = d->base_address + d->position;
    if (predict(d, bytes) != 0u) {
        for (i = 0; i < length; i++) {
            emit(d, bytes[i >> 2] >> (8u * (i & 3u)) & 0xFFu);
        }
        d->at = (uint8_t)(d->at + length);
        FOR_CM(d->previous = d->window[d->at - 1u];)
    } else {
        bytes[0] = bytes[1] = 0;
        for (i = 0; i < length; i++) {
            copy_byte(d);
            bytes[i >> 2] |= (d->before & 0xFFu) << (8u * (i & 3u));
        }
        d->site = site;
        went = read_reference(d, bytes, d->target_site);
        if ((d->class_of != POINTER || is_in_space(d, went) != 0u) && write_reference(d, went, written) != 0u &&
            written[0] == bytes[0] && written[1] == bytes[1]) {
            remember(d, went - d->address);
        }
    }
#if SMIDGEN_HALVES
    note_half(d, bytes);
#endif
    d->next_site = site + length;
}

static uint32_t fits(uint32_t start, uint32_t length, uint32_t size)
{
    return length > 0u && length <= size && start <= size - length;
}

/* S, as far as the cover goes; what is beyond is 0. */
static void read_source(struct smidgen *d, uint32_t count)
{
    const smidgen_device *device = d->device;
    uint32_t from = d->now.start + d->copied;
    uint8_t *s = d->window;
    memset(s, 0, WINDOW);
    /* Never so after state_operation, but a state that was loaded may say anything. */
    if (d->now.repeat != 0u ? from >= d->position : fits(from, count, d->base_size) == 0u) {
        fail(d, SMIDGEN_ERROR_CORRUPT);
        return;
    }
#if SMIDGEN_READ_BACK
    if (d->now.repeat != 0u) {
        uint32_t written = d->position - d->used, distance = d->position - from, i = 0;
        if (from < written) {
            i = least(written - from, count);
            if (device->read_target == NULL || device->read_target(device->target, from, s, i) != 0) {
                fail(d, SMIDGEN_ERROR_TARGET_READ);
            }
        }
        for (; i < count; i++) {
            s[i] = i < distance ? d->output[from + i - written] : s[i - distance];
        }
        return;
    }
#endif
    if (device->read_base(device->base, from, s, count) != 0) {
        fail(d, SMIDGEN_ERROR_BASE_READ);
    }
}

static void find_page_kind(struct smidgen *d)
{
    uint32_t page = (d->position >> 12) + 1u, i;
    if (d->kind_count > 1u && d->page != page) {
        d->page = page;
        d->another = (uint8_t)control(d, 25u + d->another);
        if (d->another != 0u) {
            d->kind_index = 0;
            for (i = 0; i < 3u; i++) {
                d->kind_index = (uint8_t)((uint32_t)d->kind_index << 1 | event(d, 0x8000));
            }
        }
    }
    if (d->kind_index >= d->kind_count) {
        fail(d, SMIDGEN_ERROR_CORRUPT);
        return;
    }
    d->kind = d->kinds[d->kind_index];
    if (d->now.repeat != 0u && d->kind >= 16u) {
        d->kind = 0;
    }
    d->granule = (uint8_t)granule_of(d->kind);
}

#if SMIDGEN_CM
static uint32_t cm_clean(struct smidgen *d)
{
    uint32_t k = (uint32_t)d->kind << 20 | d->now.repeat << 4, history = d->blocks;
    struct context contexts[3];
    contexts[0].number = 0xE0000000u | k | (history >> 3 & 7u) << 8;
    contexts[0].place = history;
    contexts[1].number = 0xE1000000u | k | (bits(d->copied + 1u) - 1u) << 8;
    contexts[1].place = history & 3u;
    contexts[2].number = 0xE2000000u | k | (bits(d->now.length + 1u) - 1u) << 8 | (uint32_t)(d->copied == 0u) << 16;
    contexts[2].place = history & 1u;
    return flag(d, contexts, 3, 20);
}
#endif

static void begin_block(struct smidgen *d)
{
    uint32_t left = d->now.length - d->copied, block = least(1u << d->block_log, left), history = d->blocks;
    d->block = (uint8_t)block;
    read_source(d, least(left, block + VIEW));
    find_page_kind(d);
    if (d->error != 0u) {
        return;
    }
    d->clean = (uint8_t)BY_CODEC(d, cm_clean(d), quick(d, LITE_BLOCK + (history & 15u)));
    d->blocks = (uint8_t)(history << 1 | (d->clean ^ 1u));
}

/* What is clean before the next place where a reference may begin; at this one, there is none. */
static void copy_clean(struct smidgen *d)
{
    const uint8_t *s = d->window + d->at;
    uint32_t count = least(d->granule - (d->site & (d->granule - 1u)), (uint32_t)d->block - d->at);
    pass(d, s);
    d->history = (uint8_t)(count < 8u ? (uint32_t)d->history << count : 0u);
    d->at = (uint8_t)(d->at + count);
    FOR_CM(d->previous = s[count - 1u];)
    for (; count > 0u; count--) {
        emit(d, *s++);
    }
}

/* A byte or a reference, or what is clean before the next reference. */
static void copy(struct smidgen *d)
{
    if (d->at >= d->block) {
        d->copied += d->at;
        d->at = 0;
        d->block = 0;
        if (d->copied >= d->now.length) {
            d->stage = OPERATION;
            return;
        }
        begin_block(d);
    }
    while (d->error == 0u && d->at < d->block) {
        if (find_reference(d) != 0u) {
            copy_reference(d);
            return;
        }
        if (d->clean == 0u) {
            copy_byte(d);
            return;
        }
        copy_clean(d);
    }
}

/* ---- Literals (section 6.1) ------------------------------------------------------------------------------------------- */

#if SMIDGEN_CM
static uint32_t cm_literal(struct smidgen *d, uint32_t place, uint32_t near, uint32_t far)
{
    uint32_t contexts[3];
    contexts[0] = 0x10000000u | place;
    contexts[1] = 0x20000000u | near;
    contexts[2] = 0x30000000u | far;
    if (d->high_first != 0u) {
        contexts[1] |= place << 8;
        contexts[2] |= place << 10;
    } else {
        contexts[2] |= (place & 1u) << 8;
    }
    return byte_of(d, contexts, 3, 0);
}
#endif

static uint32_t literal(struct smidgen *d, uint32_t place, uint32_t near, uint32_t far)
{
    (void)far;
    d->now.literals--;
    return BY_CODEC(d, cm_literal(d, place, near, far), lite_literal(d, place & 1u, near));
}

static void literals(struct smidgen *d)
{
    uint32_t position = d->position, near = d->before & 0xFFu, far = d->before >> 8 & 0xFFu;
#if SMIDGEN_CM
    if (d->high_first != 0u && ((position & 1u) != 0u || d->now.literals < 2u)) {
        position &= 1u;
    } else if (d->high_first != 0u) {
        uint32_t high = literal(d, 2, near, far);
        emit(d, literal(d, 3, high, high >> 3 | near >> 3 << 5));
        emit(d, high);
        return;
    } else {
        /* Bytes come in order. */
    }
#endif
    emit(d, literal(d, position & 3u, near, far));
}

/* ---- Operations (section 4.2) ----------------------------------------------------------------------------------------- */

static void move_to_front(uint32_t *recent, uint32_t displacement)
{
    uint32_t place = 0;
    while (place < 3u && recent[place] != displacement) {
        place++;
    }
    memmove(recent + 1, recent, place * sizeof *recent);
    recent[0] = displacement;
}

static uint32_t displacement_of_cover(struct smidgen *d)
{
    uint32_t place = 0;
    while (place < 4u && control(d, 16u + place) == 0u) {
        place++;
    }
    return place < 4u ? d->recent[place] : d->recent[0] - signed_number(d, COVER_DISPLACEMENT);
}

/* States the next operation. */
static void state_operation(struct smidgen *d)
{
    struct operation *next = &d->ahead;
    uint32_t missing = d->target_size - d->reached, t;
    next->repeat = 0;
    next->length = 0;
#if SMIDGEN_LANDMARKS
    {
        const struct landmark *landmark = landmarks(d) + d->upcoming;
        for (; d->upcoming < d->landmark_count && landmark->target < d->reached; landmark++) {
            d->upcoming++;
        }
        if (d->upcoming < d->landmark_count) {
            uint32_t yes = control(d, d->agreed & 7u);
            d->agreed = (uint8_t)((uint32_t)d->agreed << 1 | yes);
            if (yes != 0u) {
                d->upcoming++;
                next->literals = landmark->target - d->reached;
                next->start = landmark->base;
                next->length = landmark->length;
                move_to_front(d->recent, landmark->target - landmark->base);
            }
        }
    }
#endif
    if (next->length == 0u) {
        next->literals = number(d, LITERAL_COUNT);
        if (next->literals >= missing) {
            if (next->literals > missing) {
                fail(d, SMIDGEN_ERROR_CORRUPT);
            }
            d->reached = d->target_size;
            return;
        }
        t = d->reached + next->literals;
#if SMIDGEN_READ_BACK
        if ((d->flags & 4u) != 0u) {
            next->repeat = control(d, 8u + (d->from_targets & 7u));
            d->from_targets = (uint8_t)((uint32_t)d->from_targets << 1 | next->repeat);
        }
        if (next->repeat != 0u) {
            uint32_t distance = number(d, REPEAT_DISTANCE) + 1u;
            next->length = number(d, REPEAT_LENGTH) + 1u;
            next->start = t - distance;
            if (distance > t) {
                fail(d, SMIDGEN_ERROR_CORRUPT);
            }
        } else
#endif
        {
            uint32_t displacement = displacement_of_cover(d);
            move_to_front(d->recent, displacement);
            next->length = number(d, COVER_LENGTH) + 1u;
            next->start = t - displacement;
        }
    }
    t = d->reached + next->literals;
    if (fits(t, next->length, d->target_size) == 0u ||
        (next->repeat == 0u && fits(next->start, next->length, d->base_size) == 0u)) {
        fail(d, SMIDGEN_ERROR_CORRUPT);
        return;
    }
    d->reached = t + next->length;
    if (next->repeat == 0u && next->length >= 24u) {
        memmove(d->nearby + 1, d->nearby, (NEARBY - 1u) * sizeof d->nearby[0]);
        d->nearby[0].start = next->start;
        d->nearby[0].length = next->length;
        d->nearby[0].displacement = t - next->start;
    }
}

/* Carries out the operation that was stated, if one was, after the next one has been. */
static void operation(struct smidgen *d)
{
    uint32_t stated = d->stated;
    if (d->position == d->target_size) {
        flush(d);
        d->stage = DONE;
        return;
    }
    d->now = d->ahead;
    d->stated = d->reached < d->target_size;
    if (d->stated != 0u) {
        state_operation(d);
    }
    if (stated != 0u) {
        d->stage = LITERALS;
    }
}

static void begin_cover(struct smidgen *d)
{
    d->stage = OPERATION;
    if (d->now.length != 0u) {
        d->stage = COPY;
        d->copied = 0;
        d->at = 0;
        d->block = 0;
        d->history = 0;
        FOR_CM(d->previous = 0;)
        d->next_site = d->base_address + d->now.start;
#if SMIDGEN_HALVES
        memset(d->halves, 0, sizeof d->halves);
        d->turn = 0;
#endif
    }
}

/* States a landmark (section 7.5). */
static void state_landmark(struct smidgen *d)
{
#if SMIDGEN_LANDMARKS
    struct landmark *next = landmarks(d) + d->upcoming, last = {0, 0, 0};
    uint32_t base, target, length;
    if (d->upcoming > 0u) {
        last = next[-1];
    }
    base = last.base + last.length + signed_number(d, LANDMARK_GAP);
    length = number(d, LANDMARK_LENGTH) + 1u;
    target = base + (last.target - last.base) + signed_number(d, LANDMARK_SHIFT);
    if (base < last.base || fits(base, length, d->base_size) == 0u || fits(target, length, d->target_size) == 0u) {
        fail(d, SMIDGEN_ERROR_CORRUPT);
        return;
    }
    next->base = base;
    next->target = target;
    next->length = length;
    d->upcoming++;
#else
    (void)d;
#endif
}

static void step_body(struct smidgen *d)
{
    switch (d->stage) {
    case LANDMARKS:
        if (d->upcoming < d->landmark_count) {
            state_landmark(d);
        } else {
            d->upcoming = 0;
            d->stage = OPERATION;
        }
        break;
    case OPERATION:
        operation(d);
        break;
    case LITERALS:
        if (d->now.literals > 0u) {
            literals(d);
        } else {
            begin_cover(d);
        }
        break;
    default:
        copy(d);
        break;
    }
}

/* Decodes until there is no input, or about `budget` more bytes are known. */
static void decode(struct smidgen *d, uint32_t budget)
{
    uint32_t from = d->position;
    while (d->error == 0u && d->stage != DONE && is_ready(d) != 0u && d->position - from < budget) {
        step_body(d);
        /* Work is paid for by input. */
        if (is_overrun(d) != 0u) {
            fail(d, SMIDGEN_ERROR_TRUNCATED);
        }
    }
}

/* ---- Header (sections 2 and 3) ---------------------------------------------------------------------------------------- */

/* What is left of the fields, and the first error. */
struct reader {
    const uint8_t *at;
    const uint8_t *end;
    uint32_t error;
};

static void check(struct reader *r, uint32_t good, uint32_t error)
{
    if (good == 0u && r->error == 0u) {
        r->error = error;
    }
}

static void expect(struct reader *r, uint32_t good)
{
    check(r, good, SMIDGEN_ERROR_MALFORMED_HEADER);
}

static uint32_t read_byte(struct reader *r)
{
    if (r->at == r->end) {
        expect(r, 0);
        return 0;
    }
    return *r->at++;
}

static void read_bytes(struct reader *r, uint8_t *to, uint32_t count)
{
    for (; count > 0u; count--) {
        *to++ = (uint8_t)read_byte(r);
    }
}

static uint32_t read_varint(struct reader *r)
{
    uint32_t value = 0, shift = 0, byte;
    do {
        byte = read_byte(r);
        expect(r, (shift < 28u || (shift == 28u && byte < 16u)) && (byte != 0u || shift == 0u));
        value |= (byte & 127u) << (shift & 31u);
        shift += 7u;
    } while (byte >= 128u && r->error == 0u);
    return value;
}

static uint32_t read_bounded(struct reader *r, uint32_t low, uint32_t high)
{
    uint32_t value = read_varint(r), good = low <= value && value <= high;
    expect(r, good);
    return good != 0u ? value : 0u;
}

/* What the policy is about: texts that the package has yet to state, and the counter. */
struct policy {
    const char *wanted[3];
    uint32_t *plan;
    uint32_t counter;
    uint32_t encrypted;
};

#if SMIDGEN_EXTENSIONS
static uint32_t is_utf8(const uint8_t *text, const uint8_t *end)
{
    uint32_t more = 0, low = 0x80, high = 0xBF;
    for (; text < end; text++) {
        uint32_t byte = *text;
        if (more > 0u) {
            if (byte < low || byte > high) {
                return 0;
            }
            more--;
            low = 0x80;
            high = 0xBF;
        } else if (byte >= 0x80u) {
            if (byte < 0xC2u || byte > 0xF4u) {
                return 0;
            }
            /* Nothing that is shorter otherwise, no surrogates, nothing beyond 0x10FFFF. */
            low = byte == 0xE0u ? 0xA0u : byte == 0xF0u ? 0x90u : 0x80u;
            high = byte == 0xEDu ? 0x9Fu : byte == 0xF4u ? 0x8Fu : 0xBFu;
            more = 1u + (byte >= 0xE0u ? 1u : 0u) + (byte >= 0xF0u ? 1u : 0u);
        }
    }
    return more == 0u;
}

static uint32_t is_name(const uint8_t *text, const uint8_t *end)
{
    for (; text < end; text++) {
        uint32_t c = *text;
        /* Letters, digits, and four more, of which three stand together, with one between. */
        if (!((c | 32u) - 'a' < 26u || c - '0' < 10u || c == '_' || (c - '+' < 4u && c != ','))) {
            return 0;
        }
    }
    return 1;
}

static uint32_t is_text(const char *wanted, const uint8_t *text, const uint8_t *end)
{
    while (text < end && *wanted != '\0' && (uint8_t)*wanted == *text) {
        wanted++;
        text++;
    }
    return text == end && *wanted == '\0';
}

static void read_extension(struct reader *r, uint32_t tag, struct policy *policy)
{
    uint32_t size = (uint32_t)(r->end - r->at);
    switch (tag) {
    case 1:
    case 2:
    case 3:
        expect(r, size >= 1u && size <= 64u && (tag == 1u ? is_utf8(r->at, r->end) : is_name(r->at, r->end)) != 0u);
        if (policy->wanted[tag - 1u] != NULL && is_text(policy->wanted[tag - 1u], r->at, r->end) != 0u) {
            policy->wanted[tag - 1u] = NULL;
        }
        r->at = r->end;
        break;
    case 4:
        policy->counter = read_varint(r);
        break;
    case 5:
        policy->plan[0] = read_bounded(r, 1, 0xFFFFFFFFu);
        policy->plan[1] = read_varint(r);
        policy->plan[2] = read_bounded(r, 0, policy->plan[0]);
        break;
    case 7:
        policy->encrypted = 1;
        r->at = r->end;
        break;
    default:
        check(r, 0, tag == 6u ? SMIDGEN_ERROR_CONTAINER : SMIDGEN_ERROR_RESERVED_FIELD);
        break;
    }
}

/* The end of a part whose length comes next; that of the whole is put back after it. */
static const uint8_t *enter(struct reader *r)
{
    const uint8_t *end = r->end;
    uint32_t length = read_varint(r), good = length <= (uint32_t)(end - r->at);
    expect(r, good);
    r->end = r->at + (good != 0u ? length : 0u);
    return end;
}

static void read_extensions(struct reader *r, struct policy *policy)
{
    const uint8_t *after = enter(r);
    uint32_t last = 0;
    while (r->at < r->end && r->error == 0u) {
        uint32_t tag = read_byte(r);
        const uint8_t *next = enter(r);
        read_extension(r, tag, policy);
        expect(r, r->at == r->end);
        r->end = next;
        expect(r, tag > last);
        last = tag;
    }
    r->end = after;
}
#endif

/* Section 8: whether the package is for this device. */
static uint32_t refusal(const struct smidgen *d, const struct policy *policy)
{
    uint32_t i;
    if (policy->encrypted != 0u) {
        return SMIDGEN_ERROR_ENCRYPTED;
    }
    if (d->target_size > d->device->slot_size) {
        return SMIDGEN_ERROR_SLOT_SIZE;
    }
    for (i = 0; i < 3u; i++) {
        if (policy->wanted[i] != NULL) {
            return SMIDGEN_ERROR_PRODUCT + i;
        }
    }
    return policy->counter < d->device->rollback_counter ? SMIDGEN_ERROR_ROLLBACK_COUNTER : SMIDGEN_OK;
}

/* CRC-32 (section 2.4) that goes on after `crc`, which is 0 at first. */
static uint32_t crc32(uint32_t crc, const uint8_t *bytes, uint32_t length)
{
    uint32_t i;
    crc = ~crc;
    for (; length > 0u; length--) {
        crc ^= *bytes++;
        for (i = 0; i < 8u; i++) {
            crc = crc >> 1 ^ (0xEDB88320u & (0u - (crc & 1u)));
        }
    }
    return ~crc;
}

enum { KEY_NAME = 8, SIGNATURE = 64, ENTRY = KEY_NAME + SIGNATURE };

/* Where the fields of a header of `length` bytes end, or 0 if its signatures are malformed (section 2.7). */
static uint32_t end_of_fields(const uint8_t *header, uint32_t length)
{
    uint32_t end = length - 4u, count, i;
    if ((header[6] & 8u) == 0u) {
        return end;
    }
    end--;
    count = header[end];
    if (count - 1u >= 4u || end < PREFIX + count * ENTRY) {
        return 0;
    }
    end -= count * ENTRY;
    for (i = 1; i < count; i++) {
        const uint8_t *name = header + end + i * ENTRY;
        if (memcmp(name - ENTRY, name, KEY_NAME) >= 0) {
            return 0;
        }
    }
    return end;
}

#if SMIDGEN_SIGNATURES
/* Asks the device about each signature. What is signed has its own length in place of the header's. */
static uint32_t authenticate(const smidgen_device *device, uint8_t *header, uint32_t length)
{
    uint32_t end = end_of_fields(header, length), error = SMIDGEN_ERROR_UNKNOWN_KEY, entry;
    if (end == 0u) {
        return SMIDGEN_ERROR_MALFORMED_HEADER;
    }
    if ((header[6] & 8u) == 0u) {
        return SMIDGEN_ERROR_UNSIGNED;
    }
    header[7] = (uint8_t)end;
    header[8] = (uint8_t)(end >> 8);
    for (entry = end; entry < length - 5u && error != SMIDGEN_OK; entry += ENTRY) {
        const uint8_t *name = header + entry;
        int answer = device->verify(device->context, header, end, name, name + KEY_NAME);
        if (answer == SMIDGEN_OK) {
            error = SMIDGEN_OK;
        } else if (answer != SMIDGEN_ERROR_UNKNOWN_KEY) {
            error = SMIDGEN_ERROR_SIGNATURE;
        }
    }
    header[7] = (uint8_t)length;
    header[8] = (uint8_t)(length >> 8);
    return error;
}
#endif

/* Sections 3.4 and 3.5. */
static void read_windows_and_kinds(struct smidgen *d, struct reader *r)
{
    uint32_t i, k, start, length, kind;
    d->window_count = (uint8_t)read_byte(r);
    expect(r, d->window_count <= MOST_WINDOWS);
    for (i = 0; i < d->window_count && r->error == 0u; i++) {
        start = read_bounded(r, 0, 0xFFFFFF);
        length = read_bounded(r, 1, 0xFFFFFF);
        expect(r, start + length <= 0x1000000u);
        d->windows[i][0] = start << 8;
        d->windows[i][1] = length << 8;
    }
    d->kind_count = (uint8_t)read_byte(r);
    expect(r, d->kind_count - 1u < MOST_KINDS);
    for (i = 0; i < d->kind_count && r->error == 0u; i++) {
        kind = read_byte(r);
        check(r, is_known_kind(kind), SMIDGEN_ERROR_UNSUPPORTED_PAGE_KIND);
        for (k = 0; k < i; k++) {
            expect(r, d->kinds[k] != kind);
        }
        d->kinds[i] = (uint8_t)kind;
    }
}

/* Section 3.2. */
static uint32_t needed_ram(const struct smidgen *d)
{
    return BUFFERS + model_bytes(d) + 12u * d->landmark_count + 8u * d->learned_count;
}

/* Section 3.1. */
static void read_parameters(struct smidgen *d, struct reader *r)
{
    uint32_t byte;
#if SMIDGEN_CM
    d->slot_count = BY_CODEC(d, read_bounded(r, 1, 0x1000000), 0u);
#endif
    d->landmark_count = read_bounded(r, 0, 1024);
    d->learned_count = read_bounded(r, 0, 0x4000);
    byte = read_byte(r);
    d->counter_rate = (uint8_t)(byte >> 4);
    d->block_log = byte & 15u;
#if SMIDGEN_CM
    if (BY_CODEC(d, 1, 0)) {
        d->mixer_rate = byte & 15u;
        expect(r, d->mixer_rate > 0u);
        byte = read_byte(r);
        d->high_first = byte >> 4 & 1u;
        d->block_log = (uint8_t)(byte & ~16u);
    }
#endif
    expect(r, d->counter_rate - 3u < 4u && d->block_log - 3u < 4u);
}

/* The fields between the first nine bytes and the signatures. */
static void read_fields(struct smidgen *d, struct reader *r, struct policy *policy)
{
    uint8_t md5[16];
    uint32_t ram;
    d->base_size = read_bounded(r, 0, IMAGE_LIMIT);
    d->target_size = read_bounded(r, 0, IMAGE_LIMIT);
    if (d->base_size != 0u) {
        read_bytes(r, d->base_digest, 16);
    }
    read_bytes(r, d->target_digest, 32);
    if ((d->flags & 1u) != 0u) {
        read_bytes(r, md5, 16);
    }
    ram = read_varint(r);
    read_parameters(d, r);
    d->base_address = read_varint(r);
    d->address_high = read_varint(r);
    read_windows_and_kinds(d, r);
    d->body_length = read_varint(r);
    if ((d->flags & 2u) != 0u) {
        read_bytes(r, d->body_digest, 32);
    }
#if SMIDGEN_EXTENSIONS
    read_extensions(r, policy);
#else
    (void)policy;
    {
        uint32_t length = read_varint(r);
        expect(r, length <= (uint32_t)(r->end - r->at));
        check(r, length == 0u, SMIDGEN_ERROR_RESERVED_FIELD);
    }
#endif
    expect(r, r->at == r->end);
    check(r, ram == needed_ram(d), SMIDGEN_ERROR_RAM_MISMATCH);
}

/* Checks a header that has been gathered whole (section 2.5, from 2 on), and whether this device can and wants to. */
static uint32_t read_header(struct smidgen *d, uint8_t *header, uint32_t length)
{
    struct reader r;
    struct policy policy;
#if SMIDGEN_SIGNATURES
    if (d->device->verify != NULL) {
        uint32_t error = authenticate(d->device, header, length);
        if (error != SMIDGEN_OK) {
            return error;
        }
    }
#endif
    if (crc32(0, header, length - 4u) != u32_at(header + length - 4u)) {
        return SMIDGEN_ERROR_HEADER_CHECKSUM;
    }
    if (header[6] >= 16u) {
        return SMIDGEN_ERROR_RESERVED_FIELD;
    }
    d->flags = header[6] | HASHED;
#if SMIDGEN_CM && SMIDGEN_LITE
    d->codec = header[5];
#endif
    r.at = header + PREFIX;
    r.end = header + end_of_fields(header, length);
    /* Without a body digest, a signature is worth nothing. */
    if (r.end == header || (d->flags & 10u) == 8u) {
        return SMIDGEN_ERROR_MALFORMED_HEADER;
    }
    r.error = SMIDGEN_OK;
    policy.wanted[0] = d->device->product;
    policy.wanted[1] = d->device->module;
    policy.wanted[2] = d->device->version;
    policy.plan = d->plan;
    policy.counter = 0;
    policy.encrypted = 0;
    read_fields(d, &r, &policy);
    return r.error != SMIDGEN_OK ? r.error : refusal(d, &policy);
}

/* Whether the decoder can, and has the memory that the package needs. */
static uint32_t shortage(const struct smidgen *d)
{
    if (!SMIDGEN_READ_BACK && (d->flags & 4u) != 0u) {
        return SMIDGEN_ERROR_TARGET_READ;
    }
    if (needed_ram(d) > d->room || (!SMIDGEN_LANDMARKS && d->landmark_count > 0u)) {
        return SMIDGEN_ERROR_WORKSPACE_TOO_SMALL;
    }
    return SMIDGEN_OK;
}

/* ---- The restore (section 8) ------------------------------------------------------------------------------------------ */

static uint32_t is_built_in(uint32_t codec)
{
    return (SMIDGEN_CM && codec == CODEC_CM) || (SMIDGEN_LITE && codec == CODEC_LITE);
}

/* Gathers the header, at the start of the workspace; returns how many bytes it took. */
static uint32_t gather(struct smidgen *d, const uint8_t *piece, uint32_t length)
{
    static const uint8_t MAGIC[5] = {0x53, 0x4D, 0x44, 0x47, 5};
    uint8_t *header = fixed_part(d);
    uint32_t taken = 0, wanted = PREFIX;
    for (;;) {
        if (d->gathered >= PREFIX) {
            wanted = header[7] | (uint32_t)header[8] << 8;
            if (memcmp(header, MAGIC, 4) != 0) {
                fail(d, SMIDGEN_ERROR_NOT_A_PACKAGE);
            } else if (header[4] != MAGIC[4]) {
                fail(d, SMIDGEN_ERROR_UNSUPPORTED_VERSION);
            } else if (is_built_in(header[5]) == 0u) {
                fail(d, SMIDGEN_ERROR_UNSUPPORTED_CODEC);
            } else if (wanted - SHORTEST_HEADER > LONGEST_HEADER - SHORTEST_HEADER) {
                fail(d, SMIDGEN_ERROR_MALFORMED_HEADER);
            } else if (d->gathered == wanted) {
                fail(d, read_header(d, header, wanted));
                d->stage = BASE;
            } else {
                /* There is more to come. */
            }
        }
        if (taken == length || d->error != 0u || d->stage != HEADER) {
            return taken;
        }
        header[d->gathered++] = piece[taken++];
    }
}

/* The state at the start of a body (section 4.4). */
static void begin_body(struct smidgen *d)
{
#if SMIDGEN_CM
    struct cm *cm = cm_of(d);
    uint16_t *cell = slots(d);
    uint32_t i;
#endif
    d->range = 0xFFFFFFFFu;
    d->stage = LANDMARKS;
#if SMIDGEN_LITE
    if (BY_CODEC(d, 0, 1)) {
        begin_lite(d);
        return;
    }
#endif
#if SMIDGEN_CM
    initialize_control(cm->control);
    for (i = 0; i < d->slot_count; i++) {
        *cell++ = 0;
        *cell++ = NEW_COUNTER;
        *cell++ = NEW_COUNTER;
        *cell++ = NEW_COUNTER;
    }
    for (i = 0; i < CURVES * POINTS; i++) {
        uint32_t x = i % POINTS * 512u;
        cm->points[i] = (uint16_t)squash(least(x, 6143));
    }
    for (i = 0; i < WEIGHT_SETS * 4u; i++) {
        cm->weights[i >> 2][i & 3u] = 30000;
    }
#endif
}

/* Base and header are right: lets the target begin. */
static void begin_target(struct smidgen *d)
{
    const smidgen_device *device = d->device;
    begin_body(d);
    if (device->begin != NULL && device->begin(device->target, d->target_size) != 0) {
        fail(d, SMIDGEN_ERROR_TARGET_WRITE);
    }
    digest_start(d, SMIDGEN_DIGEST_IMAGE);
    digest_start(d, SMIDGEN_DIGEST_BODY);
}

/* Hashes about `budget` bytes of the base; then the body may begin. */
static void check_base(struct smidgen *d, uint32_t budget)
{
    const smidgen_device *device = d->device;
    fail(d, hash_on(d, device->read_base, device->base, d->base_size, budget, SMIDGEN_ERROR_BASE_READ));
    if (d->error != 0u || d->hashed < d->base_size) {
        return;
    }
    if (is_digest(d, SMIDGEN_DIGEST_IMAGE, d->base_digest, 16) == 0u && d->base_size > 0u) {
        fail(d, SMIDGEN_ERROR_BASE_DIGEST);
        return;
    }
    begin_target(d);
}

int smidgen_begin(smidgen **restore, void *memory, uint32_t size, const smidgen_device *device)
{
    struct smidgen *d = (struct smidgen *)memory;
    *restore = d;
    if (d == NULL || size < SMIDGEN_MEMORY(LEAST_RAM)) {
        return SMIDGEN_ERROR_WORKSPACE_TOO_SMALL;
    }
    if (((uintptr_t)memory & (sizeof(void *) - 1u)) != 0u) {
        return SMIDGEN_ERROR_WORKSPACE_MISALIGNED;
    }
    memset(d, 0, sizeof *d);
    d->device = device;
    d->room = size - SMIDGEN_STATE;
    return SMIDGEN_OK;
}

int smidgen_step(smidgen *d, const uint8_t *piece, uint32_t length, uint32_t budget, uint32_t *taken)
{
    uint32_t at = 0, took;
    *taken = 0;
    if (d->stage == FINISHED) {
        return SMIDGEN_ERROR_FINISHED;
    }
    budget = budget > 0u ? budget : 1u;
    if (d->stage == HEADER) {
        at = gather(d, piece, length);
        if (d->stage == BASE && d->error == 0u) {
            fail(d, shortage(d));
            if (d->device->base_size != SMIDGEN_ANY_SIZE && d->device->base_size != d->base_size) {
                fail(d, SMIDGEN_ERROR_BASE_SIZE);
            }
        }
    }
    if (d->stage == BASE && d->error == 0u) {
        check_base(d, budget);
    }
    if (d->stage > BASE && d->error == 0u) {
        took = take(d, piece + at, length - at);
        at += took;
        if (d->stage != DONE && is_ready(d) != 0u) {
            decode(d, budget);
        } else if (took == 0u && at < length) {
            fail(d, SMIDGEN_ERROR_TRAILING_DATA);
        } else {
            /* More has to come, or nothing has. */
        }
    }
    *taken = at;
    if (d->error != 0u) {
        d->stage = FINISHED;
    }
    return d->error;
}

int smidgen_feed(smidgen *d, const uint8_t *piece, uint32_t length)
{
    uint32_t taken;
    int error;
    do {
        error = smidgen_step(d, piece, length, 0xFFFFFFFFu, &taken);
        piece += taken;
        length -= taken;
    } while (error == SMIDGEN_OK && length > 0u);
    return error;
}

int smidgen_wants_input(const smidgen *d)
{
    switch (d->stage) {
    case BASE:
        return 0;
    case HEADER:
    case FINISHED:
        return 1;
    default:
        return d->stage == DONE || is_ready(d) == 0u;
    }
}

uint32_t smidgen_progress(const smidgen *d)
{
    uint32_t percent = 0;
    uint64_t written = (uint64_t)(d->position - d->used) * 100u;
    /* Products, as small processors have no division of 64 bits. */
    while (d->stage > BASE && percent < 100u && (uint64_t)d->target_size * (percent + 1u) <= written) {
        percent++;
    }
    return percent;
}

int smidgen_finish(smidgen *d)
{
    const uint8_t nothing = 0;
    int error = smidgen_feed(d, &nothing, 0);
    if (error != SMIDGEN_OK) {
        return error;
    }
    if (d->stage != DONE || is_overrun(d) != 0u) {
        fail(d, SMIDGEN_ERROR_TRUNCATED);
    } else if (d->read < d->taken || d->taken < d->body_length) {
        fail(d, SMIDGEN_ERROR_TRAILING_DATA);
    } else if ((d->flags & 2u) != 0u && is_digest(d, SMIDGEN_DIGEST_BODY, d->body_digest, 32) == 0u) {
        fail(d, SMIDGEN_ERROR_BODY_DIGEST);
    } else if (is_digest(d, SMIDGEN_DIGEST_IMAGE, d->target_digest, 32) == 0u) {
        fail(d, SMIDGEN_ERROR_TARGET_DIGEST);
    } else {
        /* The target is right. */
    }
    d->stage = FINISHED;
    return d->error;
}

int smidgen_restore(void *memory, uint32_t memory_size, const smidgen_device *device,
                    int (*read_package)(void *context, uint32_t offset, uint8_t *bytes, uint32_t length), uint32_t size)
{
    smidgen *d;
    uint8_t piece[64];
    uint32_t at = 0, count;
    int error = smidgen_begin(&d, memory, memory_size, device);
    while (error == SMIDGEN_OK && at < size) {
        count = least(size - at, sizeof piece);
        if (read_package(device->context, at, piece, count) != 0) {
            return SMIDGEN_ERROR_PACKAGE_READ;
        }
        error = smidgen_feed(d, piece, count);
        at += count;
    }
    return error != SMIDGEN_OK ? error : smidgen_finish(d);
}

/* ---- Journal (section 8) ---------------------------------------------------------------------------------------------
 *
 * Records are appended; a page is erased when it is its turn again, so that another one holds the last record meanwhile.
 * A record that was cut short is recognised by its checksum. It may have touched a place that looks erased, so after a
 * reset the first record goes to a new page.
 *
 * Each record is written twice, and its checksum corrects up to two bits of each copy. A corrected copy counts if the
 * other one is as near to it: noise is ten thousand times as likely to be near some record than to be one. */

#if SMIDGEN_FLASH
enum {
    RECORD = 20,       /* kind, sequence (3), update (8), value (4), checksum */
    SHORT_UNIT = 64,   /* the longest unit that is filled up on the stack */
    WRONG_BITS = 4     /* bits of both copies together that may read wrong */
};

/* Kinds of records: numbers that differ in four bits, from each other and from what is erased. */
enum { NO_RECORD = 0, PAGES = 0x0F, MOVED = 0x33, DECODING = 0x3C, COPYING = 0x55, READY = 0x5A, KEEPING = 0x66 };

static uint32_t is_valid_flash(const smidgen_flash *flash)
{
    return flash->write_size > 0u && flash->page_size >= flash->write_size &&
           flash->page_size % flash->write_size == 0u && flash->size % flash->page_size == 0u;
}

static uint32_t rounded_up(uint32_t x, uint32_t to)
{
    return (x + to - 1u) / to * to;
}

uint32_t smidgen_journal_area(uint32_t page_size, uint32_t write_size)
{
    if (write_size == 0u || page_size < write_size || page_size % write_size != 0u || page_size > 0x40000000u) {
        return 0;
    }
    return 2u * rounded_up(2u * rounded_up(RECORD, write_size), page_size);
}

/* What the checksum should be, and what it is: the bits in which they differ. */
static uint32_t syndrome(const uint8_t *record)
{
    return crc32(0, record, RECORD - 4) ^ u32_at(record + RECORD - 4);
}

static uint32_t is_record(const uint8_t *record)
{
    switch (record[0]) {
    case PAGES:
    case MOVED:
    case DECODING:
    case COPYING:
    case READY:
    case KEEPING:
        return syndrome(record) == 0u;
    default:
        return 0;
    }
}

/* The syndrome of one wrong bit, if that of the bit behind it is `behind`. */
static uint32_t next_syndrome(uint32_t behind)
{
    return behind == 0u ? 0x80000000u : behind >> 1 ^ (0xEDB88320u & (0u - (behind & 1u)));
}

static void flip(uint8_t *record, uint32_t bit)
{
    record[bit / 8u] = (uint8_t)(record[bit / 8u] ^ 1u << (bit % 8u));
}

/* Changes one or two bits that make the checksum right, if that is possible. Two records differ in seven bits at least, so
 * that three or four wrong bits are never taken for two others. */
static uint32_t correct(uint8_t *record)
{
    uint32_t wanted = syndrome(record), one, other, of_one = 0, of_other;
    for (one = 8u * RECORD; one-- > 0u;) {
        of_one = next_syndrome(of_one);
        if (of_one == wanted) {
            flip(record, one);
            return is_record(record);
        }
        of_other = of_one;
        for (other = one; other-- > 0u;) {
            of_other = next_syndrome(of_other);
            if ((of_one ^ of_other) == wanted) {
                flip(record, one);
                flip(record, other);
                return is_record(record);
            }
        }
    }
    return 0;
}

static uint32_t difference(const uint8_t *one, const uint8_t *other)
{
    uint32_t count = 0, i, bits_of;
    for (i = 0; i < RECORD; i++) {
        for (bits_of = (uint32_t)(one[i] ^ other[i]); bits_of != 0u; bits_of &= bits_of - 1u) {
            count++;
        }
    }
    return count;
}

/* Takes note of the record at a place, if there is one and it is the newest so far. */
static void take_record(smidgen_journal *journal, uint32_t at)
{
    uint8_t copies[2][RECORD], record[RECORD];
    uint32_t readable[2], exact = 0, found = 0, sequence, ahead, i, k;
    for (i = 0; i < 2u; i++) {
        readable[i] = journal->flash->read(journal->flash->context, at + i * journal->place, copies[i], RECORD) == 0;
        if (readable[i] != 0u && is_record(copies[i]) != 0u) {
            exact++;
            if (found == 0u) {
                memcpy(record, copies[i], RECORD);
                found = 1;
            }
        }
    }
    for (i = 0; i < 2u && found == 0u; i++) {
        /* Most places are erased, and looking for wrong bits takes long. */
        for (k = 0; readable[i] != 0u && k < RECORD && copies[i][k] == journal->flash->erased; k++) {
        }
        if (readable[i] != 0u && k < RECORD) {
            memcpy(record, copies[i], RECORD);
            found = correct(record) != 0u && (readable[0] == 0u || difference(copies[0], record) <= WRONG_BITS) &&
                    (readable[1] == 0u || difference(copies[1], record) <= WRONG_BITS);
        }
    }
    if (found == 0u) {
        return;
    }
    sequence = u32_at(record) >> 8;
    ahead = (sequence - journal->sequence) & 0xFFFFFFu;
    if (journal->kind == NO_RECORD || (ahead > 0u && ahead < 0x800000u)) {
        journal->kind = record[0];
        journal->sequence = sequence;
        memcpy(journal->update, record + 4, 8);
        journal->value = u32_at(record + 12);
        journal->whole = exact == 2u;
        /* Whatever was begun after it may have left traces that reading does not show for certain: a new page. */
        journal->at = (at / journal->turn + 1u) * journal->turn;
    }
}

/* Reads the records that there are. Writes nothing. */
static uint32_t open_journal(smidgen_journal *journal, const smidgen_flash *flash)
{
    uint32_t turn, pair;
    memset(journal, 0, sizeof *journal);
    journal->flash = flash;
    journal->turn = smidgen_journal_area(flash->page_size, flash->write_size) / 2u;
    if (is_valid_flash(flash) == 0u || journal->turn == 0u || flash->size / journal->turn < 2u) {
        return SMIDGEN_ERROR_AREAS;
    }
    journal->place = rounded_up(RECORD, flash->write_size);
    for (turn = 0; turn + journal->turn <= flash->size; turn += journal->turn) {
        for (pair = 0; pair + 2u * journal->place <= journal->turn; pair += 2u * journal->place) {
            take_record(journal, turn + pair);
        }
    }
    return SMIDGEN_OK;
}

/* Bytes of buffer that a record takes: none where units are short. */
static uint32_t journal_buffer(const smidgen_journal *journal)
{
    return journal->place > SHORT_UNIT ? journal->place : 0u;
}

/* The kind of the last record, if it belongs to this update. */
static uint32_t mark_of(const smidgen_journal *journal, const uint8_t *update)
{
    return memcmp(journal->update, update, 8) == 0 ? journal->kind : NO_RECORD;
}

/* Erases what comes after the last record, which is elsewhere. */
static uint32_t begin_turn(smidgen_journal *journal)
{
    const smidgen_flash *flash = journal->flash;
    uint32_t page;
    if (journal->at % journal->turn != 0u) {
        journal->at = (journal->at / journal->turn + 1u) * journal->turn;
    }
    if (journal->at > flash->size - journal->turn) {
        journal->at = 0;
    }
    for (page = journal->at; page < journal->at + journal->turn; page += flash->page_size) {
        if (flash->erase(flash->context, page) != 0) {
            return SMIDGEN_ERROR_JOURNAL;
        }
    }
    return SMIDGEN_OK;
}

static void put_u32(uint8_t *bytes, uint32_t value)
{
    uint32_t i;
    for (i = 0; i < 4u; i++) {
        bytes[i] = (uint8_t)(value >> (8u * i));
    }
}

/* Appends a record; it counts when this returns. `buffer` has journal_buffer() bytes, and is overwritten. */
static uint32_t note(smidgen_journal *journal, const uint8_t *update, uint32_t kind, uint32_t value, uint8_t *buffer)
{
    const smidgen_flash *flash = journal->flash;
    uint8_t unit[SHORT_UNIT];
    uint32_t used = journal->at % journal->turn, at, copy;
    if (used == 0u || journal->turn - used < 2u * journal->place) {
        if (begin_turn(journal) != SMIDGEN_OK) {
            return SMIDGEN_ERROR_JOURNAL;
        }
    }
    if (journal_buffer(journal) == 0u) {
        buffer = unit;
    }
    journal->sequence = (journal->sequence + 1u) & 0xFFFFFFu;
    memset(buffer, flash->erased, journal->place);
    put_u32(buffer, kind | journal->sequence << 8);
    memcpy(buffer + 4, update, 8);
    put_u32(buffer + 12, value);
    put_u32(buffer + 16, crc32(0, buffer, RECORD - 4));
    at = journal->at;
    /* If that fails, a place may be used up. */
    journal->at = (at / journal->turn + 1u) * journal->turn;
    for (copy = 0; copy < 2u; copy++) {
        if (flash->write(flash->context, at + copy * journal->place, buffer, journal->place) != 0) {
            return SMIDGEN_ERROR_JOURNAL;
        }
    }
    journal->at = at + 2u * journal->place;
    journal->kind = (uint8_t)kind;
    journal->value = value;
    journal->whole = 1;
    memmove(journal->update, update, 8);
    return SMIDGEN_OK;
}

/* ---- Updates into another slot (section 8) ---------------------------------------------------------------------------- */

enum { RESTORING, CHECKING, IMAGE_READY, FAILED };

/* What is in the slot depends on the target only, whatever package it came from. */
static const uint8_t *update_of(const smidgen_ab *ab)
{
    return ab->restore->target_digest;
}

static uint32_t note_pages(smidgen_ab *ab, uint32_t kind, uint32_t pages)
{
    return note(&ab->journal, update_of(ab), kind, pages, ab->buffer + ab->buffer_size - journal_buffer(&ab->journal));
}

/* Whether what the buffer holds is in flash already. What cannot be read is not. */
static uint32_t is_there(const smidgen_ab *ab)
{
    uint8_t found[32];
    uint32_t at, count;
    for (at = 0; at < ab->used; at += count) {
        count = least(ab->used - at, sizeof found);
        if (ab->slot.read(ab->slot.context, ab->flushed + at, found, count) != 0 ||
            memcmp(found, ab->buffer + at, count) != 0) {
            return 0;
        }
    }
    return 1;
}

/* A page that was said to be finished is not what it should be: no page from it on counts any more. Where the buffer is
 * smaller than a page, and the page's start was right, that start is nowhere else: the next attempt writes the page. */
static uint32_t take_back(smidgen_ab *ab)
{
    uint32_t error = note_pages(ab, PAGES, ab->flushed / ab->slot.page_size);
    ab->finished = ab->flushed;
    if (error == SMIDGEN_OK && ab->flushed % ab->slot.page_size != 0u) {
        error = SMIDGEN_ERROR_TARGET_DIGEST;
    }
    return error;
}

/* Writes the buffer, unless its bytes are there already. */
static uint32_t flush_buffer(smidgen_ab *ab)
{
    const smidgen_flash *slot = &ab->slot;
    uint32_t at_page = ab->flushed % slot->page_size == 0u, claimed = ab->flushed < ab->finished, units;
    uint32_t whole = ab->used == slot->page_size || ab->flushed + ab->used == ab->image_size;
    if (!((claimed != 0u || (at_page != 0u && whole != 0u)) && is_there(ab) != 0u)) {
        if (claimed != 0u) {
            uint32_t error = take_back(ab);
            if (error != SMIDGEN_OK) {
                return error;
            }
        }
        if (at_page != 0u && slot->erase(slot->context, ab->flushed) != 0) {
            return SMIDGEN_ERROR_TARGET_WRITE;
        }
        units = rounded_up(ab->used, slot->write_size);
        memset(ab->buffer + ab->used, slot->erased, units - ab->used);
        if (slot->write(slot->context, ab->flushed, ab->buffer, units) != 0) {
            return SMIDGEN_ERROR_TARGET_WRITE;
        }
    }
    ab->flushed += ab->used;
    ab->used = 0;
    if ((ab->flushed == ab->image_size || ab->flushed % slot->page_size == 0u) && ab->flushed > ab->finished) {
        return note_pages(ab, PAGES, (ab->flushed + slot->page_size - 1u) / slot->page_size);
    }
    return SMIDGEN_OK;
}

/* The target of the restore: begins, writes and reads back. Errors that are not of the target's own are kept. */
static int begin_slot(void *context, uint32_t size)
{
    smidgen_ab *ab = (smidgen_ab *)context;
    uint32_t pages = ab->journal.value;
    ab->known = 1;
    ab->image_size = size;
    ab->finished = 0;
    switch (mark_of(&ab->journal, update_of(ab))) {
    case PAGES:
        ab->finished = pages > size / ab->slot.page_size ? size : pages * ab->slot.page_size;
        break;
    case READY:
        ab->finished = size;
        break;
    default:
        break;
    }
    return 0;
}

static int write_slot(void *context, uint32_t offset, const uint8_t *bytes, uint32_t length)
{
    smidgen_ab *ab = (smidgen_ab *)context;
    uint32_t room, count, error;
    (void)offset;
    while (length > 0u) {
        /* The buffer is full at the page's end, or at the image's. */
        room = least(ab->slot.page_size - ab->flushed % ab->slot.page_size, ab->image_size - ab->flushed);
        room = least(room, ab->room);
        count = least(room - ab->used, length);
        memcpy(ab->buffer + ab->used, bytes, count);
        ab->used += count;
        bytes += count;
        length -= count;
        if (ab->used == room) {
            error = flush_buffer(ab);
            if (error != SMIDGEN_OK) {
                ab->error = (uint8_t)error;
                return 1;
            }
        }
    }
    return 0;
}

static int read_slot(void *context, uint32_t offset, uint8_t *bytes, uint32_t length)
{
    smidgen_ab *ab = (smidgen_ab *)context;
    uint32_t stored = offset < ab->flushed ? least(ab->flushed - offset, length) : 0u;
    if (stored > 0u && ab->slot.read(ab->slot.context, offset, bytes, stored) != 0) {
        return 1;
    }
    if (length > stored) {
        memcpy(bytes + stored, ab->buffer + (offset + stored - ab->flushed), length - stored);
    }
    return 0;
}

/* After an error the update is over. What a wrong package has left behind must not stand in the right one's way. */
static int ended(smidgen_ab *ab, uint32_t error)
{
    if (error == SMIDGEN_ERROR_TARGET_WRITE && ab->error != SMIDGEN_OK) {
        error = ab->error;
    }
    switch (error) {
    case SMIDGEN_OK:
        return SMIDGEN_OK;
    case SMIDGEN_ERROR_BASE_READ:
    case SMIDGEN_ERROR_TARGET_WRITE:
    case SMIDGEN_ERROR_TARGET_READ:
    case SMIDGEN_ERROR_JOURNAL:
    case SMIDGEN_ERROR_PACKAGE_READ:
    case SMIDGEN_ERROR_FINISHED:
        break;
    default:
        if (ab->known != 0u) {
            uint32_t mark = mark_of(&ab->journal, update_of(ab));
            if (mark != NO_RECORD && (mark != PAGES || ab->journal.value != 0u)) {
                /* If that cannot be noted, it is found out later. */
                (void)note_pages(ab, PAGES, 0);
            }
        }
        break;
    }
    ab->phase = FAILED;
    return (int)error;
}

int smidgen_ab_begin(smidgen_ab *ab, void *memory, uint32_t size)
{
    uint32_t needed;
    int error;
    ab->phase = FAILED;
    ab->known = 0;
    ab->error = 0;
    ab->flushed = 0;
    ab->used = 0;
    if (open_journal(&ab->journal, &ab->journal_area) != SMIDGEN_OK || is_valid_flash(&ab->slot) == 0u) {
        return SMIDGEN_ERROR_AREAS;
    }
    needed = journal_buffer(&ab->journal);
    if (ab->buffer_size < needed + ab->slot.write_size) {
        return SMIDGEN_ERROR_WORKSPACE_TOO_SMALL;
    }
    ab->room = ab->buffer_size - needed;
    ab->room = ab->room > ab->slot.page_size ? ab->slot.page_size : ab->room - ab->room % ab->slot.write_size;
    ab->device.target = ab;
    ab->device.slot_size = ab->slot.size;
    ab->device.begin = begin_slot;
    ab->device.write = write_slot;
    ab->device.read_target = read_slot;
    error = smidgen_begin(&ab->restore, memory, size, &ab->device);
    if (error == SMIDGEN_OK) {
        ab->phase = RESTORING;
    }
    return error;
}

int smidgen_ab_step(smidgen_ab *ab, const uint8_t *piece, uint32_t length, uint32_t budget, uint32_t *taken)
{
    *taken = 0;
    if (ab->phase != RESTORING) {
        return ended(ab, SMIDGEN_ERROR_FINISHED);
    }
    return ended(ab, (uint32_t)smidgen_step(ab->restore, piece, length, budget, taken));
}

int smidgen_ab_feed(smidgen_ab *ab, const uint8_t *piece, uint32_t length)
{
    if (ab->phase != RESTORING) {
        return ended(ab, SMIDGEN_ERROR_FINISHED);
    }
    return ended(ab, (uint32_t)smidgen_feed(ab->restore, piece, length));
}

int smidgen_ab_end(smidgen_ab *ab)
{
    int error;
    if (ab->phase != RESTORING) {
        return ended(ab, SMIDGEN_ERROR_FINISHED);
    }
    error = smidgen_finish(ab->restore);
    if (error == SMIDGEN_OK) {
        ab->phase = CHECKING;
    }
    return ended(ab, (uint32_t)error);
}

int smidgen_ab_check(smidgen_ab *ab, uint32_t budget)
{
    struct smidgen *d = ab->restore;
    const smidgen_flash *slot = &ab->slot;
    uint32_t error;
    if (ab->phase == IMAGE_READY) {
        return SMIDGEN_OK;
    }
    if (ab->phase != CHECKING) {
        return ended(ab, SMIDGEN_ERROR_FINISHED);
    }
    error = hash_on(d, slot->read, slot->context, ab->image_size, budget > 0u ? budget : 1u, SMIDGEN_ERROR_TARGET_READ);
    if (error != SMIDGEN_OK || d->hashed < ab->image_size) {
        return ended(ab, error);
    }
    if (is_digest(d, SMIDGEN_DIGEST_IMAGE, d->target_digest, 32) == 0u) {
        return ended(ab, SMIDGEN_ERROR_TARGET_DIGEST);
    }
    ab->phase = IMAGE_READY;
    return mark_of(&ab->journal, update_of(ab)) == READY ? SMIDGEN_OK : ended(ab, note_pages(ab, READY, 0));
}

int smidgen_ab_is_ready(const smidgen_ab *ab)
{
    return ab->phase == IMAGE_READY;
}

int smidgen_ab_update(smidgen_ab *ab, void *memory, uint32_t size,
                      int (*read_package)(void *context, uint32_t offset, uint8_t *bytes, uint32_t length),
                      uint32_t package_size)
{
    uint8_t piece[64];
    uint32_t at, count;
    int error = smidgen_ab_begin(ab, memory, size);
    for (at = 0; error == SMIDGEN_OK && at < package_size; at += count) {
        count = least(package_size - at, sizeof piece);
        if (read_package(ab->device.context, at, piece, count) != 0) {
            return ended(ab, SMIDGEN_ERROR_PACKAGE_READ);
        }
        error = smidgen_ab_feed(ab, piece, count);
    }
    if (error == SMIDGEN_OK) {
        error = smidgen_ab_end(ab);
    }
    return error != SMIDGEN_OK ? error : smidgen_ab_check(ab, 0xFFFFFFFFu);
}

/* ---- Updates in place (section 8.2) -----------------------------------------------------------------------------------
 *
 * What must survive is in the journal, the scratch area and the state area; nothing is undone, everything can be done
 * again:
 *
 * 1. package and base are checked, and the journal says so;
 * 2. the base is moved up, from its last page to its first; a page is noted when it has arrived;
 * 3. a segment is decoded into the scratch area, then the decoder's state is saved, then the journal says so;
 * 4. what the plan keeps of the slot is put aside, then the journal says so;
 * 5. the segment is copied to its place, then the journal says so, and the next one follows.
 *
 * Between two of these, the decoder's output is empty: its bytes are the buffer of all that is copied. */

enum { OF_BODY, OF_BASE, OF_MOVE, OF_DECODE, OF_KEEP, OF_COPY, OF_CHECK, IN_PLACE_READY, IN_PLACE_FAILED };

/* Where copies come from and go to. What is kept may lie beside the base: that was perhaps erased, and is of no use. */
enum place { IN_SLOT, IN_SCRATCH, TO_BE_KEPT };

enum { PIECE = OUTPUT, STATE_ROOM = 1024 };

/* Bytes of the state from `error` on that are the header's. */
enum { OF_HEADER = offsetof(struct smidgen, window_count) + 1 - offsetof(struct smidgen, error) };

/* Bytes that are written at once: whole units, and no page ends amid them. */
static uint32_t chunk(const smidgen_flash *flash)
{
    if (flash->page_size <= PIECE) {
        return flash->page_size;
    }
    return flash->page_size % PIECE == 0u && PIECE % flash->write_size == 0u ? PIECE : flash->write_size;
}

uint32_t smidgen_in_place_buffer(uint32_t write_size)
{
    return (write_size > PIECE ? write_size : PIECE) + (write_size > SHORT_UNIT ? write_size : 0u);
}

uint32_t smidgen_state_area(uint32_t ram, uint32_t page_size)
{
    return page_size == 0u ? 0u : 2u * rounded_up(ram + STATE_ROOM, page_size);
}

static uint32_t segment_count(const struct smidgen *d)
{
    return d->target_size == 0u ? 0u : (d->target_size - 1u) / d->plan[0] + 1u;
}

static uint32_t segment_start(const smidgen_in_place *u)
{
    return u->segment * u->restore->plan[0];
}

static uint32_t segment_end(const smidgen_in_place *u)
{
    uint32_t left = u->restore->target_size - segment_start(u);
    return segment_start(u) + least(left, u->restore->plan[0]);
}

/* Bytes of the image that are in the slot or the scratch area. */
static uint32_t known_bytes(const smidgen_in_place *u)
{
    return segment_start(u) + u->flushed;
}

static void begin_segment_at(smidgen_in_place *u, uint32_t segment)
{
    u->segment = segment;
    u->flushed = 0;
}

/* How many bytes are kept when the current segment takes its place: none if nothing follows it. */
static uint32_t kept_bytes(const smidgen_in_place *u)
{
    return segment_end(u) < u->restore->target_size ? u->restore->plan[2] : 0u;
}

/* What distinguishes this update from others: what it makes, from what, and by which steps. */
static void name_update(smidgen_in_place *u)
{
    const struct smidgen *d = u->restore;
    uint32_t sum = crc32(0, d->body_digest, 32), i;
    uint8_t bytes[4];
    for (i = 0; i < 5u; i++) {
        put_u32(bytes, i < 3u ? d->plan[i] : i == 3u ? d->base_size : needed_ram(d));
        sum = crc32(sum, bytes, 4);
    }
    memcpy(u->update, d->target_digest, 4);
    put_u32(u->update + 4, sum);
}

static uint8_t *spare_buffer(const smidgen_in_place *u)
{
    return u->buffer + u->held_size;
}

static uint32_t note_step(smidgen_in_place *u, uint32_t kind, uint32_t value)
{
    return note(&u->journal, u->update, kind, value, spare_buffer(u));
}

static const smidgen_flash *area_at(const smidgen_in_place *u, enum place place)
{
    return place == IN_SCRATCH ? &u->scratch : &u->slot;
}

/* Reads from a place; where that holds nothing of use, the bytes stay as they are. */
static uint32_t read_place(const smidgen_in_place *u, enum place place, uint32_t from, uint8_t *bytes, uint32_t length)
{
    const smidgen_flash *flash = area_at(u, place);
    if (place == TO_BE_KEPT) {
        uint32_t begin = u->restore->plan[1], end = begin + u->restore->base_size;
        uint32_t before = from < begin ? least(begin - from, length) : 0u;
        from += before;
        bytes += before;
        length = from < end ? least(end - from, length - before) : 0u;
    }
    return length > 0u && flash->read(flash->context, from, bytes, length) != 0 ? SMIDGEN_ERROR_TARGET_READ : SMIDGEN_OK;
}

/* Copies `count` bytes to the start of a page, unless they are there. What cannot be read is not there. */
static uint32_t copy_page(smidgen_in_place *u, enum place from, uint32_t at, enum place to, uint32_t page, uint32_t count)
{
    const smidgen_flash *flash = area_at(u, to);
    uint8_t *bytes = u->restore->output;
    uint32_t done, length, size = chunk(flash), half = PIECE / 2u;
    for (done = 0; done < count; done += length) {
        length = least(half, count - done);
        /* Where there is nothing of use, that is what was written. */
        memset(bytes, u->scratch.erased, PIECE);
        if (read_place(u, from, at + done, bytes, length) != SMIDGEN_OK) {
            return SMIDGEN_ERROR_TARGET_READ;
        }
        if (read_place(u, to, page + done, bytes + half, length) != SMIDGEN_OK || memcmp(bytes, bytes + half, half) != 0) {
            break;
        }
    }
    if (done >= count) {
        return SMIDGEN_OK;
    }
    if (flash->erase(flash->context, page) != 0) {
        return SMIDGEN_ERROR_TARGET_WRITE;
    }
    if (size > PIECE) {
        bytes = spare_buffer(u);
    }
    for (done = 0; done < count; done += size) {
        memset(bytes, flash->erased, size);
        if (read_place(u, from, at + done, bytes, least(size, count - done)) != SMIDGEN_OK) {
            return SMIDGEN_ERROR_TARGET_READ;
        }
        if (flash->write(flash->context, page + done, bytes, size) != 0) {
            return SMIDGEN_ERROR_TARGET_WRITE;
        }
    }
    return SMIDGEN_OK;
}

/* Writes the first `count` bytes that are held to the scratch area, filled up to whole units. */
static uint32_t flush_held(smidgen_in_place *u, uint32_t count)
{
    const smidgen_flash *scratch = &u->scratch;
    uint8_t stack[PIECE], *units = stack;
    uint32_t length = rounded_up(count, scratch->write_size);
    if (u->flushed % scratch->page_size == 0u && scratch->erase(scratch->context, u->flushed) != 0) {
        return SMIDGEN_ERROR_TARGET_WRITE;
    }
    if (length > PIECE) {
        units = spare_buffer(u);
    }
    memset(units, scratch->erased, length);
    memcpy(units, u->buffer, count);
    if (scratch->write(scratch->context, u->flushed, units, length) != 0) {
        return SMIDGEN_ERROR_TARGET_WRITE;
    }
    u->flushed += count;
    u->held -= count;
    memmove(u->buffer, u->buffer + count, u->held);
    return SMIDGEN_OK;
}

/* Writes what is held as far as it makes whole chunks, or the segment's end. */
static uint32_t settle(smidgen_in_place *u)
{
    uint32_t error = SMIDGEN_OK, count;
    while (error == SMIDGEN_OK) {
        count = least(chunk(&u->scratch), segment_end(u) - known_bytes(u));
        if (count == 0u || u->held < count) {
            break;
        }
        error = flush_held(u, count);
    }
    return error;
}

/* The target: held, then in the scratch area, then in the slot. */
static int write_in_place(void *context, uint32_t offset, const uint8_t *bytes, uint32_t length)
{
    smidgen_in_place *u = (smidgen_in_place *)context;
    uint32_t count;
    (void)offset;
    while (length > 0u) {
        count = least(length, u->held_size - u->held);
        if (count == 0u) {
            return 1;
        }
        memcpy(u->buffer + u->held, bytes, count);
        u->held += count;
        bytes += count;
        length -= count;
        if (settle(u) != SMIDGEN_OK) {
            return 1;
        }
    }
    return 0;
}

static int read_new(void *context, uint32_t offset, uint8_t *bytes, uint32_t length)
{
    smidgen_in_place *u = (smidgen_in_place *)context;
    uint32_t start = segment_start(u), known = known_bytes(u), count;
    count = offset < start ? least(start - offset, length) : 0u;
    if (count > 0u && u->slot.read(u->slot.context, offset, bytes, count) != 0) {
        return 1;
    }
    offset += count;
    bytes += count;
    length -= count;
    count = offset < known ? least(known - offset, length) : 0u;
    if (count > 0u && u->scratch.read(u->scratch.context, offset - start, bytes, count) != 0) {
        return 1;
    }
    if (length > count) {
        memcpy(bytes + count, u->buffer + (offset + count - known), length - count);
    }
    return 0;
}

/* The base, which has been moved up: before the segment, the new image has taken its place, and what was kept is in the
 * scratch area. */
static int read_moved(void *context, uint32_t offset, uint8_t *bytes, uint32_t length)
{
    smidgen_in_place *u = (smidgen_in_place *)context;
    const uint32_t *plan = u->restore->plan;
    uint32_t place = offset + plan[1], start = segment_start(u), gone = place < start ? start - place : 0u;
    uint32_t count = least(gone, length);
    if (count > 0u) {
        if (gone > plan[2]) {
            u->error = SMIDGEN_ERROR_BASE_GONE;
            return 1;
        }
        if (u->scratch.read(u->scratch.context, plan[0] + (plan[2] - gone), bytes, count) != 0) {
            return 1;
        }
    }
    return length > count ? u->slot.read(u->slot.context, place + count, bytes + count, length - count) : 0;
}

/* Saves the decoder between segments, or loads it: `bytes` go to flash or come from there. */
struct saving {
    const smidgen_flash *flash;
    uint8_t *piece;
    uint32_t at;
    uint32_t used;
    uint32_t size;
    uint32_t checksum;
    uint32_t error;
    uint32_t loads;
};

static void write_piece(struct saving *s)
{
    const smidgen_flash *flash = s->flash;
    if ((s->at % flash->page_size == 0u && flash->erase(flash->context, s->at) != 0) ||
        flash->write(flash->context, s->at, s->piece, s->size) != 0) {
        s->error = SMIDGEN_ERROR_JOURNAL;
    }
    s->at += s->size;
    s->used = 0;
}

static void transfer(struct saving *s, void *bytes, uint32_t length)
{
    uint8_t *at = (uint8_t *)bytes;
    if (s->error != SMIDGEN_OK) {
        return;
    }
    if (s->loads != 0u) {
        if (s->flash->read(s->flash->context, s->at, at, length) != 0) {
            s->error = SMIDGEN_ERROR_JOURNAL;
        }
        s->at += length;
        s->checksum = crc32(s->checksum, at, length);
        return;
    }
    s->checksum = crc32(s->checksum, at, length);
    while (length > 0u && s->error == SMIDGEN_OK) {
        uint32_t count = least(length, s->size - s->used);
        memcpy(s->piece + s->used, at, count);
        s->used += count;
        at += count;
        length -= count;
        if (s->used == s->size) {
            write_piece(s);
        }
    }
}

/* The state before a segment is in one of two places by turns. */
static uint32_t transfer_state(smidgen_in_place *u, uint32_t segment, uint32_t loads)
{
    struct smidgen *d = u->restore;
    struct saving s;
    uint8_t checksum[4];
    uint32_t known;
    s.flash = &u->state_area;
    s.size = chunk(s.flash);
    s.piece = s.size > PIECE ? spare_buffer(u) : d->output;
    s.at = (segment & 1u) == 0u ? 0u : smidgen_state_area(needed_ram(d), s.flash->page_size) / 2u;
    s.used = 0;
    s.checksum = 0;
    s.error = SMIDGEN_OK;
    s.loads = loads;
    transfer(&s, &u->held, sizeof u->held);
    transfer(&s, u->buffer, PIECE);
    transfer(&s, d, offsetof(struct smidgen, device));
    /* As far as the tables go. */
    transfer(&s, (uint8_t *)d + offsetof(struct smidgen, window),
             (uint32_t)(sizeof *d - offsetof(struct smidgen, window)) + needed_ram(d) - BUFFERS);
    known = s.checksum;
    put_u32(checksum, known);
    transfer(&s, checksum, 4);
    if (loads != 0u) {
        return s.error == SMIDGEN_OK && u32_at(checksum) == known ? SMIDGEN_OK : SMIDGEN_ERROR_JOURNAL;
    }
    if (s.error == SMIDGEN_OK && s.used > 0u) {
        memset(s.piece + s.used, s.flash->erased, s.size - s.used);
        write_piece(&s);
    }
    return s.error;
}

#if SMIDGEN_CM
static uint32_t has_sound_weights(struct smidgen *d)
{
    struct cm *cm = cm_of(d);
    uint32_t i;
    for (i = 0; i < WEIGHT_SETS * 4u; i++) {
        if ((uint32_t)cm->weights[i >> 2][i & 3u] + WEIGHT_LIMIT > 2u * WEIGHT_LIMIT) {
            return 0;
        }
    }
    return 1;
}
#endif

/* Whether a state that was loaded can be that before the current segment: no index leads out of an array, no product
 * overflows, and operations end where the target does, so that decoding comes to an end. Counters may have any value: a
 * probability is 4 to 65532 of 65536 by the bits that it is made of, and so neither event is impossible. */
static uint32_t is_sound(const smidgen_in_place *u)
{
    const struct smidgen *d = u->restore;
    uint64_t end = d->position;
    if (d->stage == LITERALS) {
        end += (uint64_t)d->now.literals + d->now.length;
    } else if (d->stage == COPY) {
        if (d->copied > d->now.length || d->at > d->now.length - d->copied) {
            return 0;
        }
        end += d->now.length - d->copied - d->at;
    } else {
        /* The operation is over, or none has begun. */
    }
    if (d->stated != 0u) {
        end += (uint64_t)d->ahead.literals + d->ahead.length;
    }
    if (end != d->reached || d->reached > d->target_size) {
        return 0;
    }
    if (BY_CODEC(d, has_sound_weights(u->restore), 1u) == 0u) {
        return 0;
    }
    return u->held <= PIECE && d->position == segment_start(u) + u->held && d->used == 0u && d->started == 1u &&
           d->stage >= LANDMARKS && d->stage < DONE && d->range >= 0x1000000u && d->taken <= d->body_length &&
           d->block <= 64u && d->at < 72u && d->another <= 1u && BY_CODEC(d, d->missed <= 1u, 1) &&
           d->learned_used <= d->learned_count && (d->hand < d->learned_count || d->hand == 0u) &&
           d->upcoming <= d->landmark_count &&
           d->now.repeat <= 1u && d->ahead.repeat <= 1u && is_known_kind(d->kind) != 0u &&
           d->granule == granule_of(d->kind);
}

/* Loads the state before the current segment. What is of the header must be this header's. */
static uint32_t load_state(smidgen_in_place *u)
{
    struct smidgen *d = u->restore;
    uint8_t header[OF_HEADER];
    memcpy(header, &d->error, OF_HEADER);
    return transfer_state(u, u->segment, 1) == SMIDGEN_OK && memcmp(header, &d->error, OF_HEADER) == 0 &&
                   is_sound(u) != 0u
               ? SMIDGEN_OK
               : SMIDGEN_ERROR_JOURNAL;
}

/* Begins to decode a segment, with the state that the decoder had after the one before. */
static uint32_t begin_segment(smidgen_in_place *u, uint32_t segment)
{
    struct smidgen *d = u->restore;
    uint32_t fresh = u->fresh;
    begin_segment_at(u, segment);
    u->phase = OF_DECODE;
    u->fresh = 0;
    if (segment >= segment_count(d)) {
        u->phase = OF_CHECK;
        return SMIDGEN_OK;
    }
    if (fresh == 0u) {
        return SMIDGEN_OK;
    }
    if (segment > 0u) {
        return load_state(u);
    }
    begin_body(d);
    return SMIDGEN_OK;
}

/* Goes on where the journal says, with a package that is intact. */
static uint32_t resume(smidgen_in_place *u)
{
    switch (mark_of(&u->journal, u->update)) {
    case MOVED:
        u->done = u->journal.value;
        u->phase = OF_MOVE;
        return SMIDGEN_OK;
    case DECODING:
        return begin_segment(u, u->journal.value);
    case KEEPING:
    case COPYING:
        begin_segment_at(u, u->journal.value);
        u->phase = u->journal.kind == KEEPING ? OF_KEEP : OF_COPY;
        return u->segment < segment_count(u->restore) ? SMIDGEN_OK : SMIDGEN_ERROR_JOURNAL;
    default:
        /* Of an image that is ready no more, the base may be there again. */
        u->phase = OF_BASE;
        return SMIDGEN_OK;
    }
}

static int read_body(void *context, uint32_t offset, uint8_t *bytes, uint32_t length)
{
    smidgen_in_place *u = (smidgen_in_place *)context;
    return u->read_package(u->device.context, u->body + offset, bytes, length);
}

static uint32_t check_stored_body(smidgen_in_place *u, uint32_t budget)
{
    struct smidgen *d = u->restore;
    uint32_t error = hash_on(d, read_body, u, d->body_length, budget, SMIDGEN_ERROR_PACKAGE_READ);
    if (error != SMIDGEN_OK || d->hashed < d->body_length) {
        return error;
    }
    return is_digest(d, SMIDGEN_DIGEST_IMAGE, d->body_digest, 32) != 0u ? resume(u) : (uint32_t)SMIDGEN_ERROR_BODY_DIGEST;
}

static uint32_t check_stored_base(smidgen_in_place *u, uint32_t budget)
{
    struct smidgen *d = u->restore;
    uint32_t error = hash_on(d, u->slot.read, u->slot.context, d->base_size, budget, SMIDGEN_ERROR_BASE_READ);
    if (error != SMIDGEN_OK || d->hashed < d->base_size) {
        return error;
    }
    if (is_digest(d, SMIDGEN_DIGEST_IMAGE, d->base_digest, 16) == 0u && d->base_size > 0u) {
        return SMIDGEN_ERROR_BASE_DIGEST;
    }
    u->phase = OF_MOVE;
    return note_step(u, MOVED, 0);
}

static uint32_t move_page(smidgen_in_place *u)
{
    const struct smidgen *d = u->restore;
    uint32_t page = u->slot.page_size, pages = (d->base_size + page - 1u) / page, error, from;
    if (d->plan[1] == 0u || u->done >= pages) {
        error = note_step(u, DECODING, 0);
        return error != SMIDGEN_OK ? error : begin_segment(u, 0);
    }
    from = (pages - u->done - 1u) * page;
    error = copy_page(u, IN_SLOT, from, IN_SLOT, from + d->plan[1], least(page, d->base_size - from));
    u->done++;
    return error != SMIDGEN_OK ? error : note_step(u, MOVED, u->done);
}

static uint32_t decode_segment(smidgen_in_place *u, uint32_t budget)
{
    struct smidgen *d = u->restore;
    uint32_t end = segment_end(u), last = end == d->target_size, error;
    uint8_t piece[64];
    while (d->started == 0u || is_ready(d) == 0u) {
        uint32_t count = least(d->body_length - d->taken, sizeof piece);
        if (count > 0u && read_body(u, d->taken, piece, count) != 0) {
            return SMIDGEN_ERROR_PACKAGE_READ;
        }
        (void)take(d, piece, count);
    }
    decode(d, last != 0u ? budget : least(budget, end - least(end, d->position)));
    if (d->error == 0u && d->stage == DONE && (d->read < d->taken || d->taken < d->body_length)) {
        fail(d, SMIDGEN_ERROR_TRAILING_DATA);
    }
    if (d->error != 0u) {
        return d->error == SMIDGEN_ERROR_BASE_READ && u->error != SMIDGEN_OK ? u->error : d->error;
    }
    if (d->stage != DONE && (last != 0u || d->position < end)) {
        return SMIDGEN_OK;
    }
    flush(d);
    error = d->error != 0u ? d->error : settle(u);
    if (error == SMIDGEN_OK && last == 0u) {
        error = transfer_state(u, u->segment + 1u, 0);
    }
    u->done = 0;
    u->phase = kept_bytes(u) > 0u ? OF_KEEP : OF_COPY;
    return error != SMIDGEN_OK ? error : note_step(u, u->phase == OF_KEEP ? KEEPING : COPYING, u->segment);
}

static uint32_t keep_page(smidgen_in_place *u)
{
    const uint32_t *plan = u->restore->plan;
    uint32_t at = u->done;
    if (at >= kept_bytes(u)) {
        u->done = 0;
        u->phase = OF_COPY;
        return note_step(u, COPYING, u->segment);
    }
    u->done += u->scratch.page_size;
    return copy_page(u, TO_BE_KEPT, segment_end(u) - plan[2] + at, IN_SCRATCH, plan[0] + at,
                     least(u->scratch.page_size, plan[2] - at));
}

static uint32_t copy_segment(smidgen_in_place *u)
{
    uint32_t to = segment_start(u) + u->done, from = u->done, error;
    if (to >= segment_end(u)) {
        error = note_step(u, DECODING, u->segment + 1u);
        return error != SMIDGEN_OK ? error : begin_segment(u, u->segment + 1u);
    }
    u->done += u->slot.page_size;
    return copy_page(u, IN_SCRATCH, from, IN_SLOT, to, least(u->slot.page_size, segment_end(u) - to));
}

/* The image as flash has it must be right. */
static uint32_t check_image(smidgen_in_place *u, uint32_t budget)
{
    struct smidgen *d = u->restore;
    uint32_t error = hash_on(d, u->slot.read, u->slot.context, d->target_size, budget, SMIDGEN_ERROR_TARGET_READ), right;
    uint32_t was_ready = mark_of(&u->journal, u->update) == READY;
    if (error != SMIDGEN_OK && was_ready == 0u) {
        return error;
    }
    if (error == SMIDGEN_OK && d->hashed < d->target_size) {
        return SMIDGEN_OK;
    }
    right = is_digest(d, SMIDGEN_DIGEST_IMAGE, d->target_digest, 32) != 0u && error == SMIDGEN_OK;
    if (right != 0u) {
        u->phase = IN_PLACE_READY;
        return was_ready != 0u ? (uint32_t)SMIDGEN_OK : note_step(u, READY, 0);
    }
    /* Something else has written the slot since: the base again, perhaps. */
    u->phase = OF_BODY;
    return was_ready != 0u ? SMIDGEN_OK : SMIDGEN_ERROR_TARGET_DIGEST;
}

/* Whether the areas are fit for the plan, and the memory is enough. */
static uint32_t check_areas(smidgen_in_place *u)
{
    struct smidgen *d = u->restore;
    const smidgen_flash *slot = &u->slot, *scratch = &u->scratch, *state = &u->state_area;
    uint32_t unit = u->journal_area.write_size, i;
    uint32_t decoded = least(d->target_size, d->plan[0]), kept = d->target_size > d->plan[0] ? d->plan[2] : 0u;
    const smidgen_flash *areas[3];
    areas[0] = slot;
    areas[1] = scratch;
    areas[2] = state;
    for (i = 0; i < 3u; i++) {
        unit = areas[i]->write_size > unit ? areas[i]->write_size : unit;
    }
    if (is_valid_flash(slot) == 0u || is_valid_flash(scratch) == 0u || d->plan[0] % slot->page_size != 0u ||
        d->plan[1] % slot->page_size != 0u || (d->plan[2] > 0u && d->plan[0] % scratch->page_size != 0u)) {
        return SMIDGEN_ERROR_AREAS;
    }
    if (decoded > scratch->size || kept > scratch->size - decoded) {
        return SMIDGEN_ERROR_AREAS;
    }
    /* Areas are whole pages: what fits does so rounded up, too. */
    if (d->plan[1] > slot->size || d->base_size > slot->size - d->plan[1] || d->target_size > slot->size) {
        return SMIDGEN_ERROR_SLOT_SIZE;
    }
    if (u->buffer_size < smidgen_in_place_buffer(unit)) {
        return SMIDGEN_ERROR_WORKSPACE_TOO_SMALL;
    }
    u->held_size = unit > PIECE ? unit : PIECE;
    if (is_valid_flash(state) == 0u || smidgen_state_area(needed_ram(d), state->page_size) > state->size ||
        open_journal(&u->journal, &u->journal_area) != SMIDGEN_OK) {
        return SMIDGEN_ERROR_AREAS;
    }
    return shortage(d);
}

/* Reads the header of the stored package, and checks everything that can be known without reading base and body. */
static uint32_t open_package(smidgen_in_place *u)
{
    struct smidgen *d = u->restore;
    uint8_t byte;
    u->body = 0;
    while (d->stage == HEADER) {
        if (u->body == u->package_size) {
            return SMIDGEN_ERROR_TRUNCATED;
        }
        if (u->read_package(u->device.context, u->body, &byte, 1) != 0) {
            return SMIDGEN_ERROR_PACKAGE_READ;
        }
        u->body++;
        (void)gather(d, &byte, 1);
        if (d->error != 0u) {
            return d->error;
        }
    }
    if (d->plan[0] == 0u || (d->flags & 2u) == 0u) {
        return SMIDGEN_ERROR_NOT_IN_PLACE;
    }
    return d->body_length > u->package_size - u->body ? (uint32_t)SMIDGEN_ERROR_TRUNCATED : check_areas(u);
}

int smidgen_in_place_begin(smidgen_in_place *u, void *memory, uint32_t size)
{
    int error;
    u->phase = IN_PLACE_FAILED;
    u->error = 0;
    u->held = 0;
    u->done = 0;
    u->fresh = 1;
    u->device.slot_size = 0xFFFFFFFFu;
    u->device.base = u;
    u->device.target = u;
    u->device.read_base = read_moved;
    u->device.write = write_in_place;
    u->device.read_target = read_new;
    error = smidgen_begin(&u->restore, memory, size, &u->device);
    begin_segment_at(u, 0);
    if (error == SMIDGEN_OK) {
        error = (int)open_package(u);
    }
    if (error != SMIDGEN_OK) {
        return error;
    }
    name_update(u);
    /* The body is hashed before it is decoded, the target after. */
    u->restore->flags = (uint8_t)(u->restore->flags & ~(uint32_t)HASHED);
    u->phase = mark_of(&u->journal, u->update) == READY ? OF_CHECK : OF_BODY;
    return SMIDGEN_OK;
}

static uint32_t work_in_place(smidgen_in_place *u, uint32_t budget)
{
    uint32_t mark = mark_of(&u->journal, u->update);
    /* The last record might be lost at the next reset: nothing is done on its word before it is written again. */
    if (u->phase != OF_BODY && mark != NO_RECORD && u->journal.whole == 0u) {
        uint32_t error = note_step(u, mark, u->journal.value);
        if (error != SMIDGEN_OK) {
            return error;
        }
    }
    switch (u->phase) {
    case OF_BODY:
        return check_stored_body(u, budget);
    case OF_BASE:
        return check_stored_base(u, budget);
    case OF_MOVE:
        return move_page(u);
    case OF_DECODE:
        return decode_segment(u, budget);
    case OF_KEEP:
        return keep_page(u);
    case OF_COPY:
        return copy_segment(u);
    case OF_CHECK:
        return check_image(u, budget);
    default:
        return SMIDGEN_OK;
    }
}

int smidgen_in_place_step(smidgen_in_place *u, uint32_t budget)
{
    uint32_t error;
    if (u->phase == IN_PLACE_FAILED) {
        return SMIDGEN_ERROR_FINISHED;
    }
    error = work_in_place(u, budget > 0u ? budget : 1u);
    if (error != SMIDGEN_OK) {
        u->phase = IN_PLACE_FAILED;
    }
    return (int)error;
}

int smidgen_in_place_is_ready(const smidgen_in_place *u)
{
    return u->phase == IN_PLACE_READY;
}

int smidgen_in_place_update(smidgen_in_place *u, void *memory, uint32_t size)
{
    int error = smidgen_in_place_begin(u, memory, size);
    while (error == SMIDGEN_OK && u->phase != IN_PLACE_READY) {
        error = smidgen_in_place_step(u, 1024);
    }
    return error;
}

int smidgen_has_begun(const smidgen_flash *journal_area, int *begun)
{
    smidgen_journal journal;
    uint32_t error = open_journal(&journal, journal_area);
    *begun = journal.kind == MOVED || journal.kind == DECODING || journal.kind == COPYING || journal.kind == KEEPING;
    return (int)error;
}
#endif
