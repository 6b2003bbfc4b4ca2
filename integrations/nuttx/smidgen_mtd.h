/* NuttX's MTD devices as areas of updates over flash (integrations/nuttx/README.md). */

#ifndef SMIDGEN_MTD_H
#define SMIDGEN_MTD_H

#include <nuttx/mtd/mtd.h>

#include "smidgen.h"

#ifdef __cplusplus
extern "C" {
#endif

/* An MTD device, or a partition of one, and a block of it. It stays where it is as long as the area is in use. */
struct smidgen_mtd {
    struct mtd_dev_s *device;
    /* Bytes that are written at once, and that are erased at once. */
    uint32_t block_size;
    uint32_t erase_size;
    /* For devices that cannot read bytes: at least `block_size` bytes. Null where `device->read` is there. */
    uint8_t *block;
};

/* Makes an area of it: asks for geometry and erased state. 0, or a negative errno: -EINVAL if pages are no whole blocks, or
 * `room` bytes of `block` are too few for a device that reads whole blocks only. */
int smidgen_mtd_area(struct smidgen_mtd *mtd, struct mtd_dev_s *device, uint8_t *block, uint32_t room, smidgen_flash *area);

#ifdef __cplusplus
}
#endif

#endif
