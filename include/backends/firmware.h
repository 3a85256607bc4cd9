/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where firmware, option ROMs and our own guest code are found: the -L folders first, then the
 * folders fixed at build time.
 */
#ifndef LIGNITE_BACKENDS_FIRMWARE_H
#define LIGNITE_BACKENDS_FIRMWARE_H

#include <glib.h>

/* Search `dir` before those added earlier. */
void firmware_add_dir(const char *dir);

/*
 * The path of `name`: itself if it holds a '/' or names a file here, else the first folder that
 * has it. To be freed. NULL when there is none.
 */
char *firmware_find(const char *name);

/* Read the whole file that firmware_find() gives; at most `max` bytes. Fails, naming the file. */
gboolean firmware_read(const char *name, gsize max, char **data, gsize *len, GError **errp);

/* Append the folders, one a line: `-L help`. */
void firmware_print_dirs(GString *out);

#endif
