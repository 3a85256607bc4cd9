/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The port by which a guest reports its own crash.
 */
#ifndef LIGNITE_HW_MISC_PVPANIC_H
#define LIGNITE_HW_MISC_PVPANIC_H

#include "hw/isa/isa.h"
#include "hw/pci/pci.h"

extern const DeviceClass pvpanic_class;
extern const PCIDeviceClass pvpanic_pci_class;

/* The port of a `pvpanic` device. */
uint16_t pvpanic_port(const Device *dev);

#endif
