/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIGNITE_HW_MISC_PC_TESTDEV_H
#define LIGNITE_HW_MISC_PC_TESTDEV_H

#include "hw/core/device.h"

#define PC_TESTDEV_LINES 24

/*
 * "pc-testdev": lines 0 to 15 are ISA's; 16 to 23 are its outputs "gsi" 0 to 7, for the board to
 * connect.
 */
extern const DeviceClass pc_testdev_class;

#endif
