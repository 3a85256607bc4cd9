/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What our monitor says of itself: an EDID block.
 */
#ifndef LIGNITE_HW_DISPLAY_EDID_H
#define LIGNITE_HW_DISPLAY_EDID_H

#include <stdint.h>

#define EDID_SIZE 128

/* The block of a monitor that prefers `width` x `height` (64..4095 each) at 60 Hz. */
void edid_generate(uint8_t edid[EDID_SIZE], unsigned width, unsigned height);

#endif
