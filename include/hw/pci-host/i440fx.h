/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host bridge of the PC: its device, the root of the PCI bus, and what it makes of the memory
 * map: RAM below and above 4 GiB, the PCI hole, the areas from 640 KiB to 1 MiB.
 *
 * All functions are called with the machine lock held, or before any vCPU exists.
 */
#ifndef LIGNITE_HW_PCI_HOST_I440FX_H
#define LIGNITE_HW_PCI_HOST_I440FX_H

#include "hw/pci/pci-ecam.h"
#include "hw/pci/pci.h"

typedef struct I440FXHost I440FXHost;

/* What the board has for the bridge to arrange; all must outlive it. */
typedef struct I440FXConfig {
    MemoryRegion *system_memory; /* the CPUs' memory space */
    MemoryRegion *system_io;     /* the CPUs' port space */
    MemoryRegion *ram;           /* all of the guest's RAM, in one region */
    hwaddr below_4g;             /* bytes of it that start at 0; see i440fx_split_ram() */
    PciEcamMode ecam;            /* configuration space as memory, in the PCI hole ... */
    hwaddr ecam_base;            /* ... at this address */
} I440FXConfig;

extern const DeviceClass i440fx_host_class;   /* "i440FX-pcihost": the bridge's CPU side */
extern const PCIDeviceClass i440fx_pci_class; /* "i440FX": function 00:00.0 */

/*
 * Split `ram_size` bytes as the board does: all below 4 GiB if they are less than 3.5 GiB, else
 * 3 GiB of them there. The rest starts at 4 GiB.
 */
void i440fx_split_ram(hwaddr ram_size, hwaddr *below_4g, hwaddr *above_4g);

/*
 * Make and realize the bridge on the system bus with function 00:00.0 on its PCI bus "pci.0", and
 * lay out memory:
 *
 *  - RAM at 0 and at 4 GiB; below both (priority -1) the container of PCI memory,
 *    i440fx_pci_memory(), so whatever is no RAM is the PCI hole;
 *  - A0000..BFFFF show PCI memory, or RAM while SMRAM is open;
 *  - C0000..FFFFF in 13 areas show PCI memory or RAM as PAM0..PAM6 say. After reset they show PCI
 *    memory, so that is where the board maps the firmware's "isa-bios" alias at E0000.
 *
 * Returns the bridge, which the system bus owns. Fails when the host lacks memory.
 */
I440FXHost *i440fx_new(const I440FXConfig *config, GError **errp);

PCIBus *i440fx_pci_bus(I440FXHost *host);

/* The container of PCI memory, 2^64 bytes; also the bus's `mem`. */
MemoryRegion *i440fx_pci_memory(I440FXHost *host);

/*
 * Port CF9 belongs to the south bridge, though it lies inside the address register at CF8, which
 * answers 4-byte accesses alone. The bridge has one region over CF8..CFB, so that its writes can be
 * queued as one range; what it does not claim it passes on: the byte at CF9 to these functions.
 */
typedef struct I440FXResetControl {
    uint8_t (*read)(void *opaque);
    void (*write)(void *opaque, uint8_t val);
} I440FXResetControl;

/* `ops` must outlive the bridge. Until it is set CF9 reads all ones and drops writes. */
void i440fx_set_reset_control(I440FXHost *host, const I440FXResetControl *ops, void *opaque);

#endif
