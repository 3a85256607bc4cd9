/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Machines: what the user asked for, and the class (a board) that builds it.
 */
#ifndef LIGNITE_HW_CORE_MACHINE_H
#define LIGNITE_HW_CORE_MACHINE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "backends/block.h"
#include "backends/char.h"
#include "hw/core/property.h"
#include "memory/memory.h"

#define MACHINE_SERIALS 4
#define MACHINE_PARALLELS 3
#define MACHINE_IDE_BUSES 2
#define MACHINE_IDE_UNITS 2
#define MACHINE_FLOPPIES 2
#define MACHINE_PFLASHES 2

typedef struct Machine Machine;

typedef enum VgaModel { VGA_NONE, VGA_STD, VGA_CIRRUS } VgaModel;

/* -boot */
typedef struct BootOptions {
    char *order;            /* letters; NULL: the board's default */
    char *once;             /* letters for the first boot only, or NULL */
    bool menu;              /* the boot menu is offered */
    bool strict;            /* boot only from devices with a bootindex */
    int64_t splash_time;    /* ms the menu waits; -1: the firmware's default */
    int64_t reboot_timeout; /* ms until a failed boot tries again; -1: never */
} BootOptions;

/* A network card for the board to put on its bus. The strings are owned, and may be NULL. */
typedef struct NicConfig {
    char *model;  /* NULL: the board's usual one */
    char *mac;    /* NULL: one that is free */
    char *addr;   /* the place on the bus; NULL: the next */
    char *netdev; /* the backend at its other end */
} NicConfig;

typedef struct MachineClass {
    const char *name;
    const char *alias;
    const char *desc;
    bool is_default;
    const char *default_cpu;
    uint64_t default_ram; /* bytes */
    const char *ram_id;   /* what query-memdev calls its memory */
    const char *default_boot_order;
    VgaModel default_vga;
    const char *default_nic; /* class of the usual network card; NULL: there is no place for one */
    unsigned max_cpus;
    /*
     * Build the board from the options in `machine`, and make the vCPUs. The accelerator has
     * started. Lock held. On failure cleanup() follows.
     */
    bool (*init)(Machine *machine, GError **errp);
    /* After the user's devices exist: boot order, CMOS, firmware files. Lock held. */
    bool (*done)(Machine *machine, GError **errp);
    /* Free all devices, and what init() made beside them, however far it came. No vCPU exists. */
    void (*cleanup)(Machine *machine);
    void (*print_irqs)(GString *out); /* `info irq`; may be NULL */
} MachineClass;

/* The state of the one machine. The strings are owned. */
struct Machine {
    const MachineClass *cls;

    /* -M properties */
    bool graphics; /* off: the firmware talks to the serial port */
    bool acpi;
    bool fd_bootchk;
    int ecam; /* PciEcamMode */
    char *pflash_ids[MACHINE_PFLASHES];

    /* other options */
    uint64_t ram_size;
    unsigned cpus;
    char *cpu_model;
    char *bios;
    char *kernel;
    char *initrd;
    char *append;
    char *name;
    char *uuid; /* in textual form, or NULL */
    Opts *rtc; /* -rtc, for the board to read; borrowed */
    const GPtrArray *fw_cfg, *acpitables, *smbios; /* Opts: options of that name; borrowed */
    BootOptions boot;
    bool vga_given;
    VgaModel vga;
    GPtrArray *nics; /* NicConfig */
    Chardev *serials[MACHINE_SERIALS];
    Chardev *parallels[MACHINE_PARALLELS];
    BlockBackend *ide[MACHINE_IDE_BUSES][MACHINE_IDE_UNITS];
    BlockBackend *floppy[MACHINE_FLOPPIES];
    BlockBackend *pflash[MACHINE_PFLASHES]; /* the first has the end of the address space */

    MemoryRegion ram;
};

/* All machine classes, ended by NULL: beside the board. */
extern const MachineClass *const machine_classes[];

extern const MachineClass none_machine_class; /* "none": nothing at all */

/* The rows of `-M NAME,...` that set fields of Machine. */
extern const Property machine_props[];

/* By name or alias; NULL when there is none. */
const MachineClass *machine_class_find(const char *name);
const MachineClass *machine_class_default(void);

/* Append the text of `-M help`, and of `-M NAME,help`. */
void machine_classes_print_help(GString *out);
void machine_class_print_help(GString *out);

/* The machine of this process. */
Machine *machine_current(void);

#endif
