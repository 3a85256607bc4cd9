/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -sandbox: the system calls that this process gives up.
 */
#ifndef LIGNITE_SYSTEM_SANDBOX_H
#define LIGNITE_SYSTEM_SANDBOX_H

#include "backends/opts.h"

/* Groups of system calls beyond those that `enable` alone denies. */
typedef enum SandboxGroup {
    SANDBOX_BASE,             /* to run a machine none of these is needed, ever */
    SANDBOX_OBSOLETE,         /* from older times of Linux */
    SANDBOX_ELEVATE,          /* change of identity */
    SANDBOX_SPAWN,            /* other processes; threads are allowed */
    SANDBOX_RESOURCE_CONTROL, /* priorities and CPU masks */
    SANDBOX_GROUPS,
} SandboxGroup;

typedef struct SandboxOptions {
    bool enable;
    bool deny[SANDBOX_GROUPS];
    bool no_new_privs; /* elevateprivileges=children */
} SandboxOptions;

/*
 * Take the parameters enable, obsolete, elevateprivileges, spawn and resourcecontrol from `opts`;
 * what is absent stays as it was.
 */
bool sandbox_parse(Opts *opts, SandboxOptions *sandbox, GError **errp);

/* Give them up, for all threads and for good; a call of one then kills the process. */
bool sandbox_enter(const SandboxOptions *sandbox, GError **errp);

#endif
