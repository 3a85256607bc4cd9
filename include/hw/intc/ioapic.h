/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The I/O APIC of a machine without an interrupt controller in the kernel.
 *
 * The device has 24 unnamed inputs. All functions are called with the machine lock held, on a
 * realized device.
 */
#ifndef LIGNITE_HW_INTC_IOAPIC_H
#define LIGNITE_HW_INTC_IOAPIC_H

#include "hw/core/device.h"
#include "hw/intc/apic.h"

#define IOAPIC_PINS         24
#define IOAPIC_DEFAULT_BASE 0xfec00000

/* Sits on the system bus. */
extern const DeviceClass ioapic_class;

/* Put the registers at `addr` (IOAPIC_DEFAULT_BASE) in `container`; once, until the end. */
void ioapic_map(Device *ioapic, MemoryRegion *container, hwaddr addr);

/* Where interrupts go: apic_deliver(). They get lost before this is called. */
void ioapic_set_deliver(Device *ioapic, void (*deliver)(void *opaque, const ApicMessage *msg),
                        void *opaque);

/* Tell of each level-triggered interrupt that ends: `fn` gets its pin, and may lower that. */
void ioapic_set_eoi_handler(Device *ioapic, void (*fn)(void *opaque, int pin), void *opaque);

/* A CPU ended a level-triggered interrupt. `ioapic` is the Device *. */
void ioapic_eoi(void *ioapic, uint8_t vector);

/* Append its registers, a line for each input, for `info pic`. */
void ioapic_print(Device *ioapic, GString *out);

#endif
