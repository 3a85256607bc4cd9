/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIGNITE_HW_CHAR_PARALLEL_H
#define LIGNITE_HW_CHAR_PARALLEL_H

#include "hw/isa/isa.h"

extern const DeviceClass parallel_class;

/* The port's number: 0 is LPT1. */
unsigned parallel_index(const Device *dev);

#endif
