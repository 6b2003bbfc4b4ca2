/* Smidgen's decoder for bootloaders and applications in C.
 *
 * Written from crates/patch-nostd/capi/src by `cbindgen -q -o include/smidgen.h` in that crate; CI compares.
 * No heap; no variable with a fixed place; one call restores one image. */

#ifndef SMIDGEN_H
#define SMIDGEN_H

#include <stdint.h>

/**
 * What an error means for the delivery of the package.
 */
typedef enum SmidgenClass {
  /**
   * The device cannot apply the package.
   */
  SMIDGEN_CLASS_UNSUPPORTED = 0,
  /**
   * The package did not arrive whole: deliver it again.
   */
  SMIDGEN_CLASS_DELIVERY = 1,
  /**
   * The package, the base or the result is not the right one.
   */
  SMIDGEN_CLASS_VERIFICATION = 2,
  /**
   * Flash could not be read or written.
   */
  SMIDGEN_CLASS_STORAGE = 3,
} SmidgenClass;

/**
 * What functions return: 0, or a number that never changes its meaning.
 */
typedef enum SmidgenError {
  /**
   * No error.
   */
  SMIDGEN_ERROR_OK = 0,
  /**
   * Not a Smidgen package.
   */
  SMIDGEN_ERROR_NOT_A_PACKAGE = 1,
  /**
   * A package of a format version that this decoder does not know.
   */
  SMIDGEN_ERROR_UNSUPPORTED_VERSION = 2,
  /**
   * A package of a codec that this decoder does not have.
   */
  SMIDGEN_ERROR_UNSUPPORTED_CODEC = 3,
  /**
   * A reserved field of the header is in use.
   */
  SMIDGEN_ERROR_RESERVED_FIELD = 4,
  /**
   * A malformed package header.
   */
  SMIDGEN_ERROR_MALFORMED_HEADER = 5,
  /**
   * A damaged package header (checksum).
   */
  SMIDGEN_ERROR_HEADER_CHECKSUM = 6,
  /**
   * A kind of page that this decoder does not have.
   */
  SMIDGEN_ERROR_UNSUPPORTED_PAGE_KIND = 7,
  /**
   * The header's memory figure contradicts its other fields.
   */
  SMIDGEN_ERROR_RAM_MISMATCH = 8,
  /**
   * The workspace is smaller than the package needs.
   */
  SMIDGEN_ERROR_WORKSPACE_TOO_SMALL = 9,
  /**
   * The workspace is not aligned to four bytes.
   */
  SMIDGEN_ERROR_WORKSPACE_MISALIGNED = 10,
  /**
   * The wrong base image (size).
   */
  SMIDGEN_ERROR_BASE_SIZE = 11,
  /**
   * The wrong base image (SHA-256).
   */
  SMIDGEN_ERROR_BASE_DIGEST = 12,
  /**
   * The base image could not be read.
   */
  SMIDGEN_ERROR_BASE_READ = 13,
  /**
   * The target could not be erased or written.
   */
  SMIDGEN_ERROR_TARGET_WRITE = 14,
  /**
   * The target could not be read back.
   */
  SMIDGEN_ERROR_TARGET_READ = 15,
  /**
   * The package ends early, or could not be read.
   */
  SMIDGEN_ERROR_TRUNCATED = 16,
  /**
   * There are bytes after the end of the package.
   */
  SMIDGEN_ERROR_TRAILING_DATA = 17,
  /**
   * A damaged package body.
   */
  SMIDGEN_ERROR_CORRUPT = 18,
  /**
   * The restored image has the wrong SHA-256: it must not be started.
   */
  SMIDGEN_ERROR_TARGET_DIGEST = 19,
  /**
   * The package's body has the wrong SHA-256.
   */
  SMIDGEN_ERROR_BODY_DIGEST = 20,
  /**
   * Used again after the end.
   */
  SMIDGEN_ERROR_FINISHED = 21,
  /**
   * The image does not fit into the slot.
   */
  SMIDGEN_ERROR_SLOT_SIZE = 22,
  /**
   * A package for another product, or that does not say for which.
   */
  SMIDGEN_ERROR_PRODUCT = 23,
  /**
   * A package for another module, or that does not say for which.
   */
  SMIDGEN_ERROR_MODULE = 24,
  /**
   * A package of another version than the wanted one, or that does not say of which.
   */
  SMIDGEN_ERROR_VERSION = 25,
  /**
   * The package's rollback counter is below the device's.
   */
  SMIDGEN_ERROR_ROLLBACK_COUNTER = 26,
  /**
   * The journal, or the decoder's saved state, could not be read or written.
   */
  SMIDGEN_ERROR_JOURNAL = 27,
  /**
   * Areas of flash that are too small or do not go together.
   */
  SMIDGEN_ERROR_AREAS = 28,
  /**
   * The stored package could not be read.
   */
  SMIDGEN_ERROR_PACKAGE_READ = 29,
  /**
   * The package refers to what it has overwritten.
   */
  SMIDGEN_ERROR_BASE_GONE = 30,
  /**
   * The package was not made for an update in place.
   */
  SMIDGEN_ERROR_NOT_IN_PLACE = 31,
  /**
   * A package of a compressed file.
   */
  SMIDGEN_ERROR_CONTAINER = 32,
  /**
   * An encrypted package.
   */
  SMIDGEN_ERROR_ENCRYPTED = 33,
  /**
   * A package that is encrypted for another key.
   */
  SMIDGEN_ERROR_DECRYPTION_KEY = 34,
  /**
   * A package that is not signed.
   */
  SMIDGEN_ERROR_UNSIGNED = 40,
  /**
   * A package that is not signed by a known key.
   */
  SMIDGEN_ERROR_UNKNOWN_KEY = 41,
  /**
   * A wrong signature.
   */
  SMIDGEN_ERROR_SIGNATURE = 42,
  /**
   * A size in the device's description is not one that can be worked with.
   */
  SMIDGEN_ERROR_BAD_DEVICE = 255,
} SmidgenError;

/**
 * What a device has. Functions get `context`, and return 0 if it went well.
 */
typedef struct SmidgenDevice {
  /**
   * The product's name, which a package must say it is for; null: not asked.
   */
  const char *product;
  /**
   * The part of the product that is updated; null: not asked.
   */
  const char *module;
  /**
   * The version that the package must have; null: not asked.
   */
  const char *version;
  /**
   * The least rollback counter of a package; 0: not asked.
   */
  uint32_t rollback_counter;
  /**
   * Handed to every function.
   */
  void *context;
  /**
   * Bytes of the image that the device has.
   */
  uint32_t base_size;
  /**
   * Bytes that the new image may have: a multiple of `write_size`, as the last write is a whole one.
   */
  uint32_t slot_size;
  /**
   * Bytes of the slot that are erased at once; 0 if the slot needs no erasing.
   */
  uint32_t page_size;
  /**
   * Bytes of the slot that are written at once, at multiples of it: 1 to 65536. The last bytes are filled up with
   * what erased flash reads as.
   */
  uint32_t write_size;
  /**
   * Reads `length` bytes from `offset` on of the image that the device has into `buffer`.
   */
  int32_t (*read_base)(void *context, uint32_t offset, uint8_t *buffer, uint32_t length);
  /**
   * Reads the package, in order.
   */
  int32_t (*read_package)(void *context, uint32_t offset, uint8_t *buffer, uint32_t length);
  /**
   * Reads what was written to the slot. Where the chip cannot (a unit whose write lost power, on flash with error
   * correction; what was erased and not written since, on some), it returns an error: never a fault.
   */
  int32_t (*read_slot)(void *context, uint32_t offset, uint8_t *buffer, uint32_t length);
  /**
   * Erases a page of the slot: `offset` is a multiple of `page_size`.
   */
  int32_t (*erase)(void *context, uint32_t offset);
  /**
   * Writes to the slot: offset and length are multiples of `write_size`; offsets ascend, no byte is written twice.
   */
  int32_t (*write)(void *context, uint32_t offset, const uint8_t *bytes, uint32_t length);
  /**
   * Hears how many bytes of the package have been taken (`done`), of how many; from updates with a journal, how many
   * percent of the image are in the slot, of 100. Called about every 1024 bytes that are hashed, restored or checked:
   * the place to feed a watchdog. May be null.
   */
  void (*progress)(void *context, uint32_t done, uint32_t total);
  /**
   * What erased flash of the slot reads as: 0 for 0xFF, as on most chips; 1 for 0x00.
   */
  uint8_t erased_to_zero;
} SmidgenDevice;

/**
 * What a package says of itself.
 */
typedef struct SmidgenInfo {
  /**
   * Bytes of workspace that its decoder needs.
   */
  uint32_t ram;
  /**
   * Bytes of the image that it was made for.
   */
  uint32_t base_size;
  /**
   * Bytes of the new image.
   */
  uint32_t target_size;
  /**
   * SHA-256 of the new image.
   */
  uint8_t target_digest[32];
} SmidgenInfo;

/**
 * An area of flash. Functions get `context`, and return 0 if it went well; offsets count from the area's start.
 */
typedef struct SmidgenFlash {
  /**
   * Handed to its functions.
   */
  void *context;
  /**
   * Bytes of the area, a multiple of `page_size`.
   */
  uint32_t size;
  /**
   * Bytes that are erased at once, a multiple of `write_size`.
   */
  uint32_t page_size;
  /**
   * Bytes that are written at once, at multiples of it.
   */
  uint32_t write_size;
  /**
   * Reads from any offset. Where the chip cannot (a unit whose write lost power, on flash with error correction; what
   * was erased and not written since, on some), it returns an error: never a fault.
   */
  int32_t (*read)(void *context, uint32_t offset, uint8_t *buffer, uint32_t length);
  /**
   * Erases the page that begins at `offset`.
   */
  int32_t (*erase)(void *context, uint32_t offset);
  /**
   * Writes whole units, which have not been written since their page was erased.
   */
  int32_t (*write)(void *context, uint32_t offset, const uint8_t *bytes, uint32_t length);
  /**
   * What erased flash reads as: 0 for 0xFF, as on most chips; 1 for 0x00.
   */
  uint8_t erased_to_zero;
} SmidgenFlash;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Restores the new image into the slot, from the base and a package of `package_size` bytes, and checks it.
 *
 * Nothing is erased before the package's header and the base are found right. The new image must not be started
 * unless this returns 0. Nothing else uses `workspace` meanwhile; how many bytes it must have is what `smidgen_inspect`
 * says, and `write_size` more if that is above 64. `workspace_size` is in bytes: `sizeof workspace` of an array of
 * `uint32_t`. Takes about 2 KiB of stack. After a reset, start again; `smidgen_update_ab` goes on.
 *
 * # Safety
 * `device` points at a description whose functions do what it says of them and whose texts end in a zero, `workspace` at memory of that size.
 */
int32_t smidgen_restore(const struct SmidgenDevice *device,
                        uint32_t *workspace,
                        uint32_t workspace_size,
                        uint32_t package_size);

/**
 * Reads what a package states of itself. `bytes` are its first `length` bytes: 512 are enough for every package.
 *
 * # Safety
 * `bytes` points at `length` bytes, `info` at a structure that can be written.
 */
int32_t smidgen_inspect(const uint8_t *bytes,
                        uint32_t length,
                        struct SmidgenInfo *info);

/**
 * SHA-256 of `length` bytes in memory, such as the image in its slot.
 *
 * # Safety
 * `bytes` points at `length` bytes, `digest` at 32 that can be written.
 */
void smidgen_sha256(const uint8_t *bytes, uint32_t length, uint8_t (*digest)[32]);

/**
 * The `SmidgenClass` of an error that a function returned: what it means for the delivery of the package.
 */
int32_t smidgen_error_class(int32_t error);

/**
 * Restores the new image into the slot and goes on after a reset: call it again, with the same package.
 *
 * As `smidgen_restore`, with a journal in an area of `smidgen_journal_area` bytes, which keeps what it holds over resets.
 * Pages that were finished are neither erased nor written again. `buffer` holds a page of the slot, or at least its write
 * size; with a whole page, pages that have the right bytes already stay as they are. The journal's write size comes on top
 * if that is above 64. Whatever was delivered before, the right package is restored at the first call, with a buffer
 * smaller than a page at the second at latest.
 *
 * # Safety
 * As `smidgen_restore`; `journal` points at a description, `buffer` at memory of that size.
 */
int32_t smidgen_update_ab(const struct SmidgenDevice *device,
                          const struct SmidgenFlash *journal,
                          uint32_t *workspace,
                          uint32_t workspace_size,
                          uint8_t *buffer,
                          uint32_t buffer_size,
                          uint32_t package_size);

/**
 * Replaces the image in its own slot and goes on after a reset: call it again, with the same package.
 *
 * Packages are made for that by `smidgen diff --in-place`. The package must be stored where it outlives a reset: once
 * the update has begun, only the update itself leads out. `areas` are three: the scratch area that the package was made
 * for, the journal (`smidgen_journal_area`), and the state area (`smidgen_state_area`). `buffer` has 256 bytes, or what
 * `smidgen_in_place_buffer` says where units are longer than 64. The slot is the device's; `read_base` and `base_size` are
 * not used. Nothing is erased before everything has been found right that can be: package, base, memory, areas.
 *
 * # Safety
 * As `smidgen_restore`; `areas` points at three descriptions, `buffer` at memory of that size.
 */
int32_t smidgen_update_in_place(const struct SmidgenDevice *device,
                                const struct SmidgenFlash *areas,
                                uint32_t *workspace,
                                uint32_t workspace_size,
                                uint8_t *buffer,
                                uint32_t buffer_size,
                                uint32_t package_size);

/**
 * Bytes of the state area that an update in place needs, in pages of `page_size`; 0 if the package is not made for one,
 * or not a package. `bytes` are the package's first `length` bytes: 512 are enough.
 *
 * # Safety
 * `bytes` points at `length` bytes.
 */
uint32_t smidgen_state_area(const uint8_t *bytes,
                            uint32_t length,
                            uint32_t page_size);

/**
 * Bytes of a journal in pages and units of such sizes; 0 if they do not go together.
 */
uint32_t smidgen_journal_area(uint32_t page_size, uint32_t write_size);

/**
 * Bytes of the buffer of an update in place; `write_size` is the largest of slot, scratch area, journal and state area. 0 if
 * it is not valid.
 */
uint32_t smidgen_in_place_buffer(uint32_t write_size);

/**
 * Reports from the journal alone whether an update in place has begun and is not ready (`begun` becomes 1, else 0): then the
 * slot must not be started, and only `smidgen_update_in_place` with the same package leads out. Returns 0, or an error.
 *
 * # Safety
 * `journal` points at a description whose functions do what it says of them, `begun` at a byte that can be written.
 */
int32_t smidgen_has_begun(const struct SmidgenFlash *journal,
                          uint8_t *begun);

#ifdef __cplusplus
} // extern "C"
#endif // __cplusplus

#endif /* SMIDGEN_H */
