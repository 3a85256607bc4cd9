/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the PC board share.
 */
#ifndef LIGNITE_HW_I386_PC_H
#define LIGNITE_HW_I386_PC_H

#include "hw/core/machine.h"
#include "hw/isa/isa.h"
#include "hw/nvram/fw_cfg.h"
#include "hw/pci-host/i440fx.h"
#include "hw/pci/pci.h"

#define PC_GSIS 24
#define PC_IRQ0_OVERRIDE_PIN 2 /* where ISA interrupt 0 reaches the I/O APIC */

typedef struct Pc {
    Machine *machine;
    hwaddr below_4g, above_4g;
    hwaddr pci_hole;  /* where PCI memory below 4 GiB starts, for BARs */
    hwaddr ecam_base; /* configuration space as memory, just below; 0: there is none */
    I440FXHost *host;
    PCIBus *pci;
    ISABus *isa;
    FwCfg *fw_cfg;
    Device *rtc;
    Device *ide;
    Device *fdc;
    Device *pm;
    MemoryRegion bios, isa_bios;
    MemoryRegion *flash[MACHINE_PFLASHES]; /* instead of bios; NULL: no such chip */
    const char *kernel_boot_path; /* of -kernel's option ROM, or NULL */

    Irq gsi[PC_GSIS];
    uint64_t gsi_count[PC_GSIS]; /* how often each line rose */
    Device *pic, *ioapic, *apic; /* NULL with the irqchip in the kernel */
    bool has_apic;
} Pc;

/* pc-irq.c: interrupt controllers, in the kernel or here; then the vCPUs, which depend on them. */
bool pc_init_interrupts(Pc *pc, GError **errp);
void pc_cut_interrupts(Pc *pc); /* before devices go, which may lower lines while they do */
void pc_print_irqs(const Pc *pc, GString *out);

/* pc-firmware.c: the firmware image, what fw_cfg and CMOS say of the machine, the boot order. */
bool pc_load_bios(Pc *pc, GError **errp);
void pc_unmap_firmware(Pc *pc); /* before devices go */
bool pc_describe(Pc *pc, GError **errp);

#endif
