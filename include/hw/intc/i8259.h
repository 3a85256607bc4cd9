/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pair of interrupt controllers of a PC without one in the kernel.
 *
 * The device has sixteen unnamed inputs (2 is the cascade and does nothing) and one unnamed
 * output, INTR. All functions are called with the machine lock held, on a realized device.
 */
#ifndef LIGNITE_HW_INTC_I8259_H
#define LIGNITE_HW_INTC_I8259_H

#include "hw/core/device.h"

/* Sits on an ISA bus; ports 20h, A0h and, for edge or level, 4D0h. */
extern const DeviceClass isa_i8259_class;

/*
 * The CPU's two INTA cycles: acknowledges the highest request and returns its vector, 0..255. With
 * no request left it is the vector of a spurious IRQ 7. `pic` is the Device *; the shape is that
 * of CpuInterruptOps.
 */
int i8259_acknowledge(void *pic);

/*
 * Tell of each interrupt that ends: `fn` gets the number of its input. It may lower that input.
 * Automatic ends count, too.
 */
void i8259_set_eoi_handler(Device *pic, void (*fn)(void *opaque, int irq), void *opaque);

/* Append the registers of both, a line each, for `info pic`. */
void i8259_print(Device *pic, GString *out);

#endif
