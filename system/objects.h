/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Objects that users create: -object, object-add, object-del. Lock held.
 */
#ifndef LIGNITE_SYSTEM_OBJECTS_H
#define LIGNITE_SYSTEM_OBJECTS_H

#include "backends/opts.h"

/* Create what `opts` describes: "qom-type" and "id", and what the type takes. */
bool object_add(Opts *opts, GError **errp);

/* Fails when there is no such object, or its type does not allow it. */
bool object_del(const char *id, GError **errp);

/* Calls `fn` for each, oldest first; and for each type there is. */
void objects_foreach(void (*fn)(const char *id, const char *type, void *opaque), void *opaque);
void object_types_foreach(void (*fn)(const char *type, void *opaque), void *opaque);

/* Append the text of `-object help`. */
void objects_print_help(GString *out);

/* At the end of the process. */
void objects_close_all(void);

#endif
