/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Errors for people: one line that names the option, the cause and the remedy, in a GError. Our
 * callers only print them, so one domain without codes serves all.
 */
#ifndef LIGNITE_ERROR_H
#define LIGNITE_ERROR_H

#include <glib.h>

#define LIGNITE_ERROR g_quark_from_static_string("lignite")

/* Set `errp` (may be NULL) from a printf format, without a newline. */
#define error_setg(errp, ...) g_set_error(errp, LIGNITE_ERROR, 0, __VA_ARGS__)

#endif
