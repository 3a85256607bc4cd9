/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Option strings in QEMU's syntax: "first,key=value,key=a,,b,flag,noflag".
 */
#ifndef LIGNITE_BACKENDS_OPTS_H
#define LIGNITE_BACKENDS_OPTS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* An ordered list of key and value strings, with a mark for what was read. */
typedef struct Opts Opts;

/*
 * Parse `text`. A first element without "=" is the value of `implied` (NULL: there is no implied
 * key). Two commas stand for one in a value. A later "flag" means flag=on, "noflag" flag=off.
 */
Opts *opts_parse(const char *text, const char *implied, GError **errp);
Opts *opts_new(void);
const char *opts_text(const Opts *opts); /* what was parsed, for messages; "" after opts_new() */
void opts_set_text(Opts *opts, const char *text); /* ... when something else was */
void opts_free(Opts *opts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Opts, opts_free)

/* Add or append; the last value of a key wins. */
void opts_set(Opts *opts, const char *key, const char *value);
/* Take over all of `from`, later ones winning: for options given twice that merge. */
void opts_merge(Opts *opts, const Opts *from);

/* The last value of a key, or NULL; the key counts as known from then on. */
const char *opts_get(Opts *opts, const char *key);
bool opts_has(Opts *opts, const char *key);
/* Typed reads: leave `*value` alone when the key is absent; false and an error for a bad value. */
bool opts_get_bool(Opts *opts, const char *key, bool *value, GError **errp);
bool opts_get_uint(Opts *opts, const char *key, uint64_t max, uint64_t *value, GError **errp);
bool opts_get_int(Opts *opts, const char *key, int64_t min, int64_t max, int64_t *value,
                  GError **errp);
bool opts_get_size(Opts *opts, const char *key, uint64_t *value, GError **errp);

/* Remove a key; returns its last value, to be freed, or NULL. */
char *opts_take(Opts *opts, const char *key);

/* Fails with "Invalid parameter 'x'" when a key was never asked for. */
bool opts_check_unknown(Opts *opts, GError **errp);

/* Calls `fn` for each pair in order, until it fails. */
bool opts_foreach(Opts *opts,
                  bool (*fn)(const char *key, const char *value, void *opaque, GError **errp),
                  void *opaque, GError **errp);

#endif
