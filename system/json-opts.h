/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIGNITE_SYSTEM_JSON_OPTS_H
#define LIGNITE_SYSTEM_JSON_OPTS_H

#include <jansson.h>

#include "backends/opts.h"

/*
 * A JSON object as an option list: members of an object in it are "outer.inner", a list is its key
 * several times, and an element {"str": S} is S. Fails for what options can't say.
 */
Opts *json_to_opts(json_t *object, GError **errp);

/* Options in either form: text that begins with '{' is JSON, other text is for opts_parse(). */
Opts *opts_parse_any(const char *text, const char *implied, GError **errp);

#endif
