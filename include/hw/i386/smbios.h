/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The SMBIOS tables: what machine this is, for operating systems and management tools.
 */
#ifndef LIGNITE_HW_I386_SMBIOS_H
#define LIGNITE_HW_I386_SMBIOS_H

#include "hw/nvram/fw_cfg.h"

/* What the user wants a part of the machine to be called; NULL: what the machine says. */
typedef struct SmbiosTexts {
    bool present; /* of a part that is left out else */
    const char *manufacturer, *product, *version, *serial, *asset, *sku, *family, *location;
} SmbiosTexts;

/* What the tables say. Strings that are NULL are left out. */
typedef struct SmbiosConfig {
    const char *manufacturer; /* of the system, its chassis, CPUs and memory */
    const char *product;      /* "Standard PC (i440FX + PIIX, 1996)" */
    const char *version;      /* the machine's name */
    const char *serial;
    uint8_t uuid[16];       /* in textual order; all zero: not present */
    unsigned cpus;          /* 1..255 */
    uint32_t cpuid_version; /* CPUID leaf 1: EAX and EDX, of the first CPU */
    uint32_t cpuid_features;
    uint64_t ram_below_4g; /* bytes from address 0 on, more than 0 */
    uint64_t ram_above_4g; /* bytes from 4 GiB on, or 0 */

    /* the user's */
    struct {
        bool present; /* else it is the firmware's own */
        const char *vendor, *version, *date;
    } bios;
    SmbiosTexts system, board, chassis;
    const GPtrArray *oem_strings; /* char *; NULL or empty: none */
} SmbiosConfig;

/*
 * Add `etc/smbios/smbios-tables` and `etc/smbios/smbios-anchor`: types 1, 3, 4, 16, 17, 19, 32 and
 * 127, and 0, 2 and 11 if the user wants them. Fails when they do not fit into 64 KiB.
 */
bool smbios_add_tables(FwCfg *fw, const SmbiosConfig *config, GError **errp);

#endif
