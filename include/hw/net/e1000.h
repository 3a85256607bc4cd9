/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Intel 82540EM and its relatives, as boards and the list of classes see it.
 */
#ifndef LIGNITE_HW_NET_E1000_H
#define LIGNITE_HW_NET_E1000_H

#include "hw/pci/pci.h"

extern const PCIDeviceClass e1000_base_class; /* abstract: what the three have in common */
extern const PCIDeviceClass e1000_class;         /* "e1000" */
extern const PCIDeviceClass e1000_82544gc_class; /* "e1000-82544gc" */
extern const PCIDeviceClass e1000_82545em_class; /* "e1000-82545em" */

#endif
