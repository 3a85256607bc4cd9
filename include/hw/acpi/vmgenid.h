/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIGNITE_HW_ACPI_VMGENID_H
#define LIGNITE_HW_ACPI_VMGENID_H

#include "hw/core/device.h"

#define VMGENID_GUID_FILE   "etc/vmgenid_guid" /* a page, to be put in memory */
#define VMGENID_ADDR_FILE   "etc/vmgenid_addr" /* where firmware put it, 64 bits */
#define VMGENID_GUID_OFFSET 40                 /* of the GUID in the page */

extern const DeviceClass vmgenid_class;

/* The identifier, as "324e6eaf-d1d1-4bf6-bf41-b9bb6c91fb87". Valid while the device is. */
const char *vmgenid_text(const Device *dev);

#endif
