/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIGNITE_HW_MISC_DEBUGEXIT_H
#define LIGNITE_HW_MISC_DEBUGEXIT_H

#include "hw/core/device.h"

/* "isa-debug-exit": properties iobase (0x501), iosize (2). */
extern const DeviceClass debugexit_class;

#endif
