/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Values as people write them.
 */
#ifndef LIGNITE_BACKENDS_PARSE_H
#define LIGNITE_BACKENDS_PARSE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Parse a size ("128M", "4k", "0x100"); without a suffix in units of `unit` bytes. Fails, with
 * `*size` as it was, for what is not a number or does not fit 64 bits.
 */
bool parse_size(const char *text, uint64_t unit, uint64_t *size, GError **errp);

/* Parse on|off, yes|no, true|false, y|n; `name` is the parameter, for the message. */
bool parse_bool(const char *name, const char *text, bool *value, GError **errp);

/* Parse a UUID into its bytes in textual order; on failure they are as they were. */
bool parse_uuid(const char *text, uint8_t uuid[16], GError **errp);

/*
 * Check the name that a user gives to a thing: letters, digits, '-', '.', '_', a letter first.
 * `name` is the parameter, for the message.
 */
bool parse_id(const char *name, const char *text, GError **errp);

#endif
