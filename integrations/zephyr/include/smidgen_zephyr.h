/* Updates into the secondary slot under Zephyr, from a package that comes in pieces (integrations/zephyr/README.md).
 *
 * Functions return 0, a negative errno of Zephyr, or a positive number of smidgen.h. One update at a time. */

#ifndef SMIDGEN_ZEPHYR_H
#define SMIDGEN_ZEPHYR_H

#include <stddef.h>

#include "smidgen.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Begins an update, or begins it again after a reset or an error. Of `policy`, which may be null, it takes product, module,
 * version, rollback counter, `verify` and `context`; it need not stay. -ENOTSUP: pages of several sizes. */
int smidgen_zephyr_begin(const smidgen_device *policy);

/* Takes the next piece of the package. */
int smidgen_zephyr_write(const void *piece, size_t length);

/* Bytes of the package that were taken. After a reset it is 0: the package is sent again, finished pages are kept. */
size_t smidgen_zephyr_offset(void);

/* The package is complete: checks the image as flash has it. */
int smidgen_zephyr_finish(void);

/* Asks MCUboot to try the image at the next start; -EACCES unless it has been checked. The new image confirms itself with
 * boot_write_img_confirmed(). */
int smidgen_zephyr_request(void);

/* Called between two steps. The library's own yields to threads of the same priority. */
void smidgen_zephyr_pause(void);

#ifdef __cplusplus
}
#endif

#endif
