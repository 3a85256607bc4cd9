/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIGNITE_HW_CHAR_SERIAL_H
#define LIGNITE_HW_CHAR_SERIAL_H

#include "hw/core/device.h"

/* "isa-serial": a 16550A. Properties index, iobase, irq, chardev. */
extern const DeviceClass serial_class;

/* Which COM port a realized device is, 0 to 3. */
unsigned serial_index(Device *dev);

#endif
