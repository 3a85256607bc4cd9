/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Port 61h: the speaker's gate and data bits.
 */
#ifndef LIGNITE_HW_TIMER_PCSPK_H
#define LIGNITE_HW_TIMER_PCSPK_H

#include "hw/core/device.h"

/* Sits on an ISA bus; property iobase (61h). */
extern const DeviceClass isa_pcspk_class;

/* The timer whose counter 2 makes the tone: before realize, with the machine lock held. */
void pcspk_set_pit(Device *pcspk, Device *pit);

#endif
