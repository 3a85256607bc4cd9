/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ACPI tables that firmware installs for the operating system.
 */
#ifndef LIGNITE_HW_I386_ACPI_H
#define LIGNITE_HW_I386_ACPI_H

#include "hw/nvram/fw_cfg.h"

/* What the tables say of the machine. */
typedef struct AcpiConfig {
    unsigned cpus;              /* 1..255; local APIC ids are 0..cpus - 1 */
    bool apic;                  /* there are local APICs and an I/O APIC: hand out a MADT */
    uint32_t pci_hole;          /* where PCI memory below 4 GiB starts; below FEC00000 */
    uint32_t ecam_base;         /* bus 0's configuration space as memory; 0: there is none */
    uint16_t pm_base;           /* where firmware puts the PIIX4's power management ports: 0600 */
    uint16_t gpe_base;          /* general purpose event ports; 0: there are none */
    uint8_t gpe_len;            /* their length in bytes, an even number */
    bool fdc, com1, com2, lpt1; /* which ISA devices there are */
    uint16_t pvpanic;           /* the port of pvpanic; 0: there is none */
    bool vmgenid;               /* there is one, and its files are in fw_cfg */
    /* The user's, GByteArray: whole tables but for lengths and checksums; or NULL. */
    const GPtrArray *user_tables;
} AcpiConfig;

/*
 * Add `etc/acpi/tables`, `etc/acpi/rsdp` and the commands by which firmware links them,
 * `etc/table-loader`.
 */
void acpi_add_tables(FwCfg *fw, const AcpiConfig *config);

#endif
