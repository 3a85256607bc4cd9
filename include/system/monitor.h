/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The human monitor: commands in lines of text, QEMU's names (HMP).
 */
#ifndef LIGNITE_SYSTEM_MONITOR_H
#define LIGNITE_SYSTEM_MONITOR_H

#include <glib.h>
#include <stdbool.h>

#include "backends/char.h"

/* Put a monitor on `chr`. Fails when the chardev has a user already. Lock held. */
bool monitor_new(Chardev *chr, GError **errp);

/* Run one command line and return its output, to be freed. Lock held. */
char *monitor_execute(const char *line);

/* Detach and free all monitors: at the end of the process. */
void monitor_close_all(void);

#endif
