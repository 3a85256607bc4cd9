/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the host bridge share: the bridge's CPU side (i440fx-host.c) and its PCI
 * function with the memory areas that its registers govern (i440fx.c, i440fx-pam.c).
 */
#ifndef LIGNITE_HW_PCI_HOST_I440FX_INTERNAL_H
#define LIGNITE_HW_PCI_HOST_I440FX_INTERNAL_H

#include "hw/pci-host/i440fx.h"
#include "hw/pci/pci-ecam.h"

#define PAM_AREAS 13

/*
 * A part of PCI memory over RAM. Where no PCI device answers, nothing does: RAM does not show
 * through, for the backdrop covers it.
 */
typedef struct PciWindow {
    MemoryRegion container;
    MemoryRegion backdrop;
    MemoryRegion pci;
} PciWindow;

/* One area of C0000..FFFFF: what lies over RAM there, at most one of them enabled. */
typedef struct PamArea {
    I440FXHost *host;
    hwaddr start;
    hwaddr size;
    unsigned mode;       /* PAM_RE | PAM_WE */
    PciWindow pci;       /* mode 0: reads and writes go to PCI */
    MemoryRegion rom;    /* read RAM, drop writes */
    MemoryRegion shadow; /* write RAM, read PCI */
} PamArea;

#define PAM_RE 1
#define PAM_WE 2

struct I440FXHost {
    Device dev;
    I440FXConfig config;
    PCIBus bus;
    PciEcam *ecam; /* or NULL */

    /* configuration mechanism 1 */
    MemoryRegion confadd_io;
    MemoryRegion confdata_io;
    uint32_t confadd;
    const I440FXResetControl *reset_control;
    void *reset_control_opaque;

    /* memory */
    MemoryRegion pci_memory;
    MemoryRegion ram_below_4g;
    MemoryRegion ram_above_4g;
    PciWindow vga_window;   /* A0000..BFFFF show PCI */
    AddressSpace pci_space; /* PCI memory alone, for reads beside RAM */
    PamArea pam[PAM_AREAS];
};

/* i440fx-pam.c: the areas from A0000 to FFFFF over RAM, as after reset. */
bool i440fx_areas_init(I440FXHost *host, GError **errp);
void i440fx_areas_destroy(I440FXHost *host);

/* i440fx-pam.c: act on PAM0..PAM6 and on whether SMRAM is open, in one transaction. */
void i440fx_areas_update(I440FXHost *host, const uint8_t pam[7], bool smram_open);

#endif
