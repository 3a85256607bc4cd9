/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A parallel flash chip with Intel's command set, whose contents are a drive's.
 */
#ifndef LIGNITE_HW_BLOCK_PFLASH_CFI01_H
#define LIGNITE_HW_BLOCK_PFLASH_CFI01_H

#include "hw/core/device.h"

#define PFLASH_BLOCK_SIZE 4096 /* what is erased at once; the drive's size is a multiple of it */

extern const DeviceClass pflash_cfi01_class;

/* The chip's bytes, for the board to map. Valid from realize on; lock held. */
MemoryRegion *pflash_cfi01_memory(Device *dev);

#endif
