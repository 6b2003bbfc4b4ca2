/* What the glue uses of NuttX's MTD interface, as documented: for tests without NuttX. */
#pragma once

#include <errno.h>
#include <limits.h>
#include <nuttx/fs/ioctl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#ifndef NAME_MAX
#define NAME_MAX 255
#endif

#define MTDIOC_GEOMETRY _MTDIOC(0x0001)
#define MTDIOC_ERASESTATE _MTDIOC(0x000a)

#define MTD_ERASE(d, s, n) ((d)->erase ? (d)->erase(d, s, n) : (-ENOSYS))
#define MTD_BREAD(d, s, n, b) ((d)->bread ? (d)->bread(d, s, n, b) : (-ENOSYS))
#define MTD_BWRITE(d, s, n, b) ((d)->bwrite ? (d)->bwrite(d, s, n, b) : (-ENOSYS))
#define MTD_READ(d, s, n, b) ((d)->read ? (d)->read(d, s, n, b) : (-ENOSYS))
#define MTD_IOCTL(d, c, a) ((d)->ioctl ? (d)->ioctl(d, c, a) : (-ENOSYS))

struct mtd_geometry_s {
    uint32_t blocksize;
    uint32_t erasesize;
    uint32_t neraseblocks;
    char model[NAME_MAX + 1];
};

struct mtd_dev_s {
    int (*erase)(struct mtd_dev_s *dev, off_t startblock, size_t nblocks);
    ssize_t (*bread)(struct mtd_dev_s *dev, off_t startblock, size_t nblocks, uint8_t *buffer);
    ssize_t (*bwrite)(struct mtd_dev_s *dev, off_t startblock, size_t nblocks, const uint8_t *buffer);
    ssize_t (*read)(struct mtd_dev_s *dev, off_t offset, size_t nbytes, uint8_t *buffer);
    int (*ioctl)(struct mtd_dev_s *dev, int cmd, unsigned long arg);
    int (*isbad)(struct mtd_dev_s *dev, off_t block);
    int (*markbad)(struct mtd_dev_s *dev, off_t block);
    const char *name;
};
