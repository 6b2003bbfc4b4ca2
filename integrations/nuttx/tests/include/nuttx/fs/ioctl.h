/* What the glue uses of NuttX's <nuttx/fs/ioctl.h>, as documented: for tests without NuttX. */
#pragma once

#define _MTDIOCBASE (0x0600)
#define _MTDIOC(nr) (_MTDIOCBASE | (nr))
