/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keyboard controller's class. Its gpio output "a20" is the gate of address line 20.
 */
#ifndef LIGNITE_HW_INPUT_I8042_H
#define LIGNITE_HW_INPUT_I8042_H

#include "hw/core/device.h"

extern const DeviceClass i8042_class;

#endif
