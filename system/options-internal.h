/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the command line share: the row of an option, and its handlers' helpers.
 */
#ifndef LIGNITE_SYSTEM_OPTIONS_INTERNAL_H
#define LIGNITE_SYSTEM_OPTIONS_INTERNAL_H

#include "options.h"

typedef struct OptionRow OptionRow;

typedef OptionsResult OptionHandler(Options *options, const OptionRow *row, const char *arg,
                                    GError **errp);

struct OptionRow {
    const char *name; /* without the dash */
    const char *arg;  /* what help calls the argument; NULL: there is none */
    OptionHandler *handle;
    size_t field; /* for the common handlers: the place in Options */
    const char *help;
};

/* options.c */
bool wants_help(const char *arg);                /* "help" or "?" */
OptionsResult print_and_stop(GString *text);     /* takes the text */
OptionsResult print_usage(const OptionRow *row); /* the row's line of -h */

/* Do what an option does; an unknown name fails. For options that stand in a file. */
OptionsResult options_apply(Options *options, const char *name, const char *arg, GError **errp);

/* options-devices.c */
OptionHandler handle_device, handle_global, handle_drive, handle_disk, handle_floppy, handle_pflash,
    handle_cdrom;
void device_option_free(void *data); /* DeviceOption */
void drive_option_free(void *data);  /* DriveOption */

/* options-file.c: -readconfig, -set */
OptionHandler handle_readconfig, handle_set;

/* options-net.c */
OptionHandler handle_net, handle_object;

/* options-process.c: how the process runs, and what it says */
OptionHandler handle_run_with, handle_name, handle_msg, handle_sandbox;

#endif
