/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIGNITE_HW_MISC_VMCOREINFO_H
#define LIGNITE_HW_MISC_VMCOREINFO_H

#include "hw/core/device.h"

extern const DeviceClass vmcoreinfo_class;

/* Where the guest said that its note for crash dumps is. */
typedef struct VmCoreInfo {
    uint16_t format; /* 1: an ELF note */
    uint32_t size;   /* bytes */
    uint64_t paddr;  /* guest-physical */
} VmCoreInfo;

/* False while the guest has said nothing valid. Lock held. */
bool vmcoreinfo_get(const Device *dev, VmCoreInfo *info);

#endif
