/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The PIIX3's ISA bridge, as a board sees it: it makes the ISA bus, routes the PCI interrupts, and
 * joins both into sixteen lines to the interrupt controllers.
 */
#ifndef LIGNITE_HW_ISA_PIIX3_H
#define LIGNITE_HW_ISA_PIIX3_H

#include "hw/isa/isa.h"
#include "hw/pci-host/i440fx.h"

extern const PCIDeviceClass piix3_class; /* "PIIX3" */

/*
 * "port92", an ISA device: its output "a20" is the level of A20 that the guest wants. The board
 * joins it with the keyboard controller's.
 */
extern const DeviceClass port92_class;

/*
 * Make and realize the ISA bridge as function 01.0 of `bus` (a multifunction device), with the bus
 * "isa.0" below it, and take over the routing of the PCI bus's interrupts.
 *
 * Lines, of the returned device:
 *  - outputs "irq", 0..15, to be connected to the interrupt controllers: each is high while the ISA
 *    input of that number is, or a PIRQ that is routed to it;
 *  - inputs "isa", 0..15: the ISA bus's own lines are connected to them already; the board connects
 *    what has no ISA device (the power management's SCI to 9).
 */
Device *piix3_new(PCIBus *bus);

ISABus *piix3_isa_bus(Device *piix3);

/* The reset control register at CF9, for i440fx_set_reset_control() with the device as opaque. */
extern const I440FXResetControl piix3_reset_control;

#endif
