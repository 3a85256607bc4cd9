/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the process stands in its host: in the background, under whose name, with which powers.
 */
#ifndef LIGNITE_SYSTEM_PROCESS_H
#define LIGNITE_SYSTEM_PROCESS_H

#include "sandbox.h"

typedef struct ProcessOptions {
    bool exit_with_parent;
    bool daemonize;
    char *name;   /* NULL: as it was started */
    char *chroot; /* NULL: no other root */
    char *user;   /* a name, or UID:GID; NULL: as it was started */
    SandboxOptions sandbox;
} ProcessOptions;

void process_options_clear(ProcessOptions *options);

/*
 * Before anything is opened, and before there are other threads. With daemonize it is another
 * process that returns: the first one waits for process_confine(), and ends.
 */
bool process_begin(const ProcessOptions *options, GError **errp);

/*
 * Once all that the user named is open, and before the guest runs: other root, other user, fewer
 * system calls; in the background, without a terminal.
 */
bool process_confine(const ProcessOptions *options, GError **errp);

#endif
