/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine monitor: commands, replies and events in JSON, QEMU's names (QMP).
 */
#ifndef LIGNITE_SYSTEM_QMP_H
#define LIGNITE_SYSTEM_QMP_H

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

#include "backends/char.h"

/* Serve QMP on `chr`; `pretty` indents. Fails when the chardev has a user already. Lock held. */
bool qmp_new(Chardev *chr, bool pretty, GError **errp);

/*
 * Tell every client that has negotiated. The event is a row of the table of events (asserted).
 * Takes over `data`, which may be NULL. Lock held.
 */
void qmp_event(const char *name, json_t *data);

/* Turn what the machine reports into events: once, when the devices exist. Lock held. */
void qmp_events_init(void);

/* Detach and free all: at the end of the process. */
void qmp_close_all(void);

#endif
