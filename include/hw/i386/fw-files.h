/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The items and files of fw_cfg that tell SeaBIOS about the machine and how to boot.
 */
#ifndef LIGNITE_HW_I386_FW_FILES_H
#define LIGNITE_HW_I386_FW_FILES_H

#include "hw/nvram/fw_cfg.h"

typedef struct FwMachine {
    uint8_t uuid[16];  /* in textual order */
    uint64_t ram_size; /* bytes, in all */
    uint16_t cpus;     /* as many as answer the startup interrupt */
    uint16_t max_cpus;
    bool nographic; /* text goes to the serial port */
    bool boot_menu; /* offer the boot menu */
} FwMachine;

/* The numbered items: UUID, RAM size, CPUs, boot menu, no NUMA nodes, IRQ 0 on pin 2. */
void fw_files_add_machine(FwCfg *fw, const FwMachine *machine);

enum {
    E820_RAM = 1,
    E820_RESERVED = 2,
};

typedef struct E820Entry {
    uint64_t address;
    uint64_t length;
    uint32_t type;
} E820Entry;

/* `etc/e820`: memory, and what is reserved, in any order. */
void fw_files_add_e820(FwCfg *fw, const E820Entry *entries, unsigned n);

/* `etc/system-states`: which sleeping states firmware may offer. Soft off is always there. */
void fw_files_add_system_states(FwCfg *fw, bool s3, bool s4);

/*
 * `etc/boot-fail-wait`: how long after a failed boot firmware resets, in milliseconds; -1 to wait
 * for ever. Without the file firmware waits 60 s.
 */
void fw_files_add_boot_fail_wait(FwCfg *fw, int32_t ms);

/* `etc/boot-menu-wait`: how long the boot menu's key is waited for, in milliseconds. */
void fw_files_add_boot_menu_wait(FwCfg *fw, uint16_t ms);

/*
 * `bootorder`: device paths (as "/pci@i0cf8/ide@1,1/drive@0/disk@0") from first to last; with
 * `strict` nothing else is tried. No file when there is nothing to say.
 */
void fw_files_add_boot_order(FwCfg *fw, const char *const *paths, unsigned n, bool strict);

/*
 * `bios-geometry`: logical geometries that override firmware's guess, in lines
 * "PATH CYLINDERS HEADS SECTORS\n", with paths as in bootorder. No file when there is no line.
 */
void fw_files_add_bios_geometry(FwCfg *fw, const char *lines);

#endif
