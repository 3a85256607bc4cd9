/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The local APIC of the one CPU of a machine without an interrupt controller in the kernel.
 *
 * The device has two unnamed inputs, LINT0 (from the PIC) and LINT1 (NMI), and two unnamed
 * outputs, INTR (a level) and NMI (pulses). All functions are called with the machine lock held,
 * on a realized device; those that take `void *apic` (the Device *) have the shapes that
 * CpuInterruptOps wants.
 */
#ifndef LIGNITE_HW_INTC_APIC_H
#define LIGNITE_HW_INTC_APIC_H

#include "hw/core/device.h"

#define APIC_DEFAULT_BASE 0xfee00000

typedef enum ApicDeliveryMode {
    APIC_DM_FIXED = 0,
    APIC_DM_LOWEST = 1,
    APIC_DM_SMI = 2,
    APIC_DM_NMI = 4,
    APIC_DM_INIT = 5,
    APIC_DM_STARTUP = 6,
    APIC_DM_EXTINT = 7,
} ApicDeliveryMode;

/* What travels on the APIC bus. */
typedef struct ApicMessage {
    uint8_t vector;
    uint8_t delivery_mode; /* ApicDeliveryMode; the guest may ask for the reserved 3 */
    bool logical;          /* `dest` is a logical destination, not an APIC's id */
    bool level;            /* the end of the interrupt is to be broadcast */
    uint8_t dest;
} ApicMessage;

/* Sits on the system bus; property id. */
extern const DeviceClass apic_class;

/*
 * Show the registers in `container`, which is system memory: at APIC_DEFAULT_BASE, then where the
 * APIC base MSR says, above what else is there. Once, until the device's end.
 */
void apic_map(Device *apic, MemoryRegion *container);

/* A message from the bus. Ignored when it is meant for others. */
void apic_deliver(void *apic, const ApicMessage *msg);

/* `eoi` hears the vectors of level-triggered interrupts that ended: ioapic_eoi(). */
void apic_set_eoi_handler(Device *apic, void (*eoi)(void *opaque, uint8_t vector), void *opaque);

/* Where the vector of an ExtINT comes from: i8259_acknowledge(). */
void apic_set_pic(Device *apic, int (*acknowledge)(void *opaque), void *opaque);

/* The vector of the highest interrupt, taken into service; -1 when nothing is pending. */
int apic_acknowledge(void *apic);

/* The task priority as CR8 has it, 0..15. */
void apic_set_tpr(void *apic, uint8_t tpr);
uint8_t apic_get_tpr(void *apic);

/* The APIC base MSR. Reserved bits, and the x2APIC's, are dropped. */
void apic_set_base(void *apic, uint64_t value);
uint64_t apic_get_base(void *apic);

#endif
