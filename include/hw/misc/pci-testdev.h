/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIGNITE_HW_MISC_PCI_TESTDEV_H
#define LIGNITE_HW_MISC_PCI_TESTDEV_H

#include "hw/pci/pci.h"

/* "pci-testdev": BAR 0 is 4 KiB of memory, BAR 1 256 ports; doorbells come with the selected test.
 */
extern const PCIDeviceClass pci_testdev_class;

#endif
