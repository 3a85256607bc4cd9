/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The display devices' classes.
 */
#ifndef LIGNITE_INCLUDE_HW_DISPLAY_VGA_H
#define LIGNITE_INCLUDE_HW_DISPLAY_VGA_H

#include "hw/pci/pci.h"

extern const DeviceClass isa_vga_class;
extern const PCIDeviceClass cirrus_vga_class;
extern const PCIDeviceClass pci_vga_class;

#endif
