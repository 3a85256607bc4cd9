/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The interval timer, as the board and the speaker see it.
 *
 * The device has one unnamed output, OUT of counter 0 (to interrupt 0). All functions are called
 * with the machine lock held, on a realized device; `n` is a counter, 0..2.
 */
#ifndef LIGNITE_HW_TIMER_I8254_H
#define LIGNITE_HW_TIMER_I8254_H

#include "hw/core/device.h"

#define PIT_HZ 1193182

/* Sits on an ISA bus; property iobase (40h). */
extern const DeviceClass isa_pit_class;

/* Drive the GATE pin of a counter. They start high for 0 and 1, low for 2. */
void pit_set_gate(Device *pit, unsigned n, bool level);
bool pit_get_gate(Device *pit, unsigned n);

/* The OUT pin of a counter now. */
bool pit_get_out(Device *pit, unsigned n);

#endif
