/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Option arguments in JSON: -device '{"driver": "e1000", "id": "net0"}'.
 */
#ifndef LIGNITE_SYSTEM_OPTION_JSON_H
#define LIGNITE_SYSTEM_OPTION_JSON_H

#include <jansson.h>

#include "backends/opts.h"

/* Whether an argument is meant to be JSON. */
bool option_is_json(const char *arg);

/* The object that `arg` is, in the syntax of QMP; a new reference, or NULL with an error. */
json_t *option_json(const char *arg, GError **errp);

/*
 * Its members as texts, for what takes its parameters so. What is in an object within it has the key
 * "outer.inner"; a list is its key several times, with elements that are plain or {"str": TEXT}.
 */
Opts *option_json_opts(json_t *object, GError **errp);

/* An argument in either form: JSON, or what opts_parse() takes. */
Opts *option_opts(const char *arg, const char *implied, GError **errp);

#endif
