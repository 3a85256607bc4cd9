/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIGNITE_HW_CHAR_DEBUGCON_H
#define LIGNITE_HW_CHAR_DEBUGCON_H

#include "hw/core/device.h"

/* "isa-debugcon": properties iobase (0xe9), readback, chardev. */
extern const DeviceClass debugcon_class;

#endif
