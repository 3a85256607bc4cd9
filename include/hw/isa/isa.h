/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ISA bus: I/O ports, sixteen interrupt lines, eight DMA channels.
 *
 * All functions are called with the machine lock held.
 */
#ifndef LIGNITE_HW_ISA_ISA_H
#define LIGNITE_HW_ISA_ISA_H

#include "hw/core/device.h"

#define ISA_IRQS 16

typedef struct IsaDma IsaDma; /* hw/dma/i8257.h */

typedef struct ISABus {
    Bus bus;
    MemoryRegion *io;  /* the ports, a container of 64 KiB */
    MemoryRegion *mem; /* memory below 16 MiB as the bus sees it */
    Irq *irqs[ISA_IRQS];
    IsaDma *dma[2]; /* channels 0..3 and 4..7; NULL: none */
} ISABus;

typedef struct ISADevice {
    Device dev;
    GPtrArray *ports;    /* MemoryRegion, in the order they were registered; private to isa.c */
    uint16_t first_port; /* of ports[0]: the device's address in boot paths */
} ISADevice;

extern const BusClass isa_bus_class;
extern const DeviceClass isa_device_class; /* abstract; sits on an isa_bus_class bus */

/* Make `bus` an ISA bus of `parent` called "isa.0". Lines are connected with isa_bus_set_irqs(). */
void isa_bus_init(ISABus *bus, Device *parent, MemoryRegion *mem, MemoryRegion *io);

/* Connect the lines; an entry may be NULL. Devices take theirs at realize: connect before. */
void isa_bus_set_irqs(ISABus *bus, Irq *const irqs[ISA_IRQS]);

/* The bus of a device (also of one that sits below an ISA device), or the first of the machine. */
ISABus *isa_bus_of(Device *dev);

/* The first ISA bus of the machine; NULL when it has none. */
ISABus *isa_bus(void);

/* The line of interrupt `n`, 0..15. NULL when nothing is connected. */
Irq *isa_get_irq(Device *dev, unsigned n);

/*
 * Put `mr` at `port`. isa_unregister_ioport() takes it out; so does the device's end, which then
 * destroys the region too. A device that destroys it in its own unrealize takes it out first.
 */
void isa_register_ioport(Device *dev, MemoryRegion *mr, uint16_t port);
void isa_unregister_ioport(Device *dev, MemoryRegion *mr);

#endif
