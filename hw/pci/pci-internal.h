/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of hw/pci share among themselves.
 */
#ifndef LIGNITE_HW_PCI_PCI_INTERNAL_H
#define LIGNITE_HW_PCI_PCI_INTERNAL_H

#include "hw/pci/pci.h"

/* pci-config.c: the header's identity and masks, at realize. */
void pci_config_init(PCIDevice *dev, const PCIDeviceClass *cls);

/* pci-config.c: the header as after RST#; BARs are unmapped. */
void pci_config_reset(PCIDevice *dev);

/* pci-config.c: copy [addr, addr + len) to the shadow, if there is one, in whole double words. */
void pci_shadow_update(PCIDevice *dev, unsigned addr, unsigned len);

/* pci-ecam.c: a function has been realized, or goes. */
void pci_ecam_add(PciEcam *ecam, PCIDevice *dev);
void pci_ecam_remove(PciEcam *ecam, PCIDevice *dev);

/* pci-bar.c: a BAR in slot `n`, the ROM's included. */
void pci_bar_init(PCIDevice *dev, int n, uint8_t type, MemoryRegion *region);

/* pci-bar.c: every BAR's register as after reset. */
void pci_bars_reset(PCIDevice *dev);

/* pci-bar.c: where BAR `n` lies in configuration space. */
unsigned pci_bar_offset(int n);

/* pci-bar.c: map, move and unmap BARs to where configuration space says; one transaction. */
void pci_update_mappings(PCIDevice *dev);

/* pci-rom.c: load `romfile`, if there is one, and declare the ROM BAR. */
bool pci_rom_init(PCIDevice *dev, const PCIDeviceClass *cls, GError **errp);

/* pci.c: drive the line that the pin asks for; the only function that does. */
void pci_update_irq(PCIDevice *dev);

/* pci-addr.c: the property addr. */
extern const PropertyType prop_type_pci_devfn;

#endif
