/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Configuration space of one bus as memory: PCI Express's enhanced configuration access mechanism.
 * Documents: PCI Express Base Specification 1.1, 7.2.2; PCI Firmware Specification 3.0, 4.1.
 *
 * A function has a page of 4 KiB: 256 bytes of registers, then all ones. Either every access exits,
 * or (PCI_ECAM_SHADOW) reads find a copy of the registers in read-only memory. docs/ecam.md tells
 * more.
 *
 * All functions are called with the machine lock held, or before any vCPU exists.
 */
#ifndef LIGNITE_HW_PCI_PCI_ECAM_H
#define LIGNITE_HW_PCI_PCI_ECAM_H

#include "hw/pci/pci.h"

#define PCI_ECAM_SIZE      0x100000 /* of one bus */
#define PCI_ECAM_PAGE_SIZE 0x1000   /* of one function */

typedef enum PciEcamMode { PCI_ECAM_OFF, PCI_ECAM_TRAP, PCI_ECAM_SHADOW } PciEcamMode;

/*
 * Make the window of `bus`, for the functions it has and those to come; `mode` is not PCI_ECAM_OFF.
 * `owner` owns the regions. Fails when the host lacks memory.
 */
PciEcam *pci_ecam_new(PCIBus *bus, MemoryOwner *owner, PciEcamMode mode, GError **errp);

/* The window, PCI_ECAM_SIZE bytes, for the bridge to map. */
MemoryRegion *pci_ecam_region(PciEcam *ecam);

/* Undo it; the window must be out of its container. NULL is fine. */
void pci_ecam_free(PciEcam *ecam);

/* Whether reads of a function's page do not exit. */
bool pci_ecam_is_shadowed(const PciEcam *ecam, uint8_t devfn);

#endif
