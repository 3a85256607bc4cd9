/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line.
 */
#ifndef LIGNITE_SYSTEM_OPTIONS_H
#define LIGNITE_SYSTEM_OPTIONS_H

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "backends/opts.h"
#include "hw/core/machine.h"
#include "process.h"
#include "profile.h"
#include "system/vm.h"

/* One -drive, -hda, -cdrom...: opened before the machine is built. */
typedef struct DriveOption {
    Opts *opts;
    const char *option; /* "-drive", "-hda": for messages */
} DriveOption;

/* One -netdev, -nic or -net: the option is without the dash. */
typedef DriveOption NetOption;

/* One -device. */
typedef struct DeviceOption {
    Opts *opts;   /* of JSON the driver alone */
    json_t *json; /* or NULL */
    char *text;   /* for messages */
} DeviceOption;

/* What the command line says, before anything is opened or started. */
typedef struct Options {
    const MachineClass *machine_class;
    Opts *machine;          /* -M, merged */
    GPtrArray *accels;      /* char *: -accel texts; -M accel=a:b comes as two */
    GPtrArray *devices;     /* DeviceOption */
    GPtrArray *drives;      /* DriveOption */
    GPtrArray *nets;        /* NetOption */
    GPtrArray *chardevs;    /* Opts */
    GPtrArray *serials;     /* char * */
    GPtrArray *parallels;   /* char * */
    GPtrArray *monitors;    /* char *: -monitor */
    GPtrArray *mons;        /* Opts: -mon */
    GPtrArray *debugcons;   /* char * */
    GPtrArray *qmps;        /* char *: -qmp */
    GPtrArray *pretty_qmps; /* char *: -qmp-pretty */
    GPtrArray *objects;     /* Opts: -object */
    GPtrArray *fw_cfg, *acpitables, *smbios; /* Opts */
    bool no_fd_bootchk;
    Opts *boot;
    Opts *rtc;
    Opts *smp;
    char *ram_size;
    char *cpu_model;
    char *bios, *kernel, *initrd, *append;
    char *name, *uuid;
    char *vga;
    char *pidfile;
    char *log_items, *log_file;
    char *qtest, *qtest_log;
    ProcessOptions process;
    bool msg_timestamp, msg_guest_name; /* what stands before each message */
    char *display;  /* -display, -sdl, -curses; NULL: the default one */
    GPtrArray *vncs; /* char *: -vnc */
    bool nographic;
    ProfileOptions profile;
    bool nodefaults;
    /* Default devices there are not to be: -nodefaults, or the user has others of the kind. */
    bool no_nic, no_vga, no_serial, no_cd, no_floppy;
    bool snapshot;
    bool paused;
    VmPolicy policy;
} Options;

typedef enum OptionsResult {
    OPTIONS_RUN,  /* go on and start the machine */
    OPTIONS_DONE, /* a help or version text was printed; exit 0 */
    OPTIONS_FAIL, /* `errp` says why; exit 1 */
} OptionsResult;

/* Parse argv. Help texts go to standard output. */
OptionsResult options_parse(Options *options, int argc, char **argv, GError **errp);
void options_clear(Options *options);

/* The version of QEMU whose clients find what they know. */
#define COMPAT_MAJOR 11
#define COMPAT_MINOR 1
#define COMPAT_MICRO 0

/* Calls `fn` for each option with its argument as help shows it (NULL: there is none). */
void options_foreach(void (*fn)(const char *name, const char *arg, void *opaque), void *opaque);

/* The first line of -version and -h. */
const char *version_line(void);

#endif
