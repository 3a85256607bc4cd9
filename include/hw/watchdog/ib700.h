/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIGNITE_HW_WATCHDOG_IB700_H
#define LIGNITE_HW_WATCHDOG_IB700_H

#include "hw/core/device.h"

extern const DeviceClass ib700_class;

#endif
