/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sizes and switches as people write them.
 */
#include "backends/parse.h"

#include <errno.h>
#include <string.h>

#include "error.h"

bool parse_size(const char *text, uint64_t unit, uint64_t *size, GError **errp)
{
    static const char suffixes[] = "bkmgtpe";
    uint64_t scale = unit;
    uint64_t number, product;
    char *end;
    bool hex = g_ascii_strncasecmp(text, "0x", 2) == 0;

    if (!g_ascii_isdigit(*text)) {
        error_setg(errp, "'%s' is not a size: give a number with an optional suffix k, M, G or T",
                   text);
        return false;
    }
    errno = 0;
    number = g_ascii_strtoull(text, &end, hex ? 16 : 10);
    if (errno) {
        error_setg(errp, "Size '%s' is too large", text);
        return false;
    }
    if (*end) {
        const char *suffix = strchr(suffixes, g_ascii_tolower(*end));

        if (!suffix || end[1] || hex) {
            error_setg(errp,
                       "'%s' is not a size: give a number with an optional suffix k, M, G or T",
                       text);
            return false;
        }
        scale = UINT64_C(1) << (10 * (suffix - suffixes));
    }
    if (__builtin_mul_overflow(number, scale, &product)) {
        error_setg(errp, "Size '%s' is too large", text);
        return false;
    }
    *size = product;
    return true;
}

bool parse_bool(const char *name, const char *text, bool *value, GError **errp)
{
    static const char *const words[][2] = {
        {"off", "on"}, {"no", "yes"}, {"false", "true"}, {"n", "y"}};

    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        for (int v = 0; v < 2; v++) {
            if (g_str_equal(text, words[i][v])) {
                *value = v;
                return true;
            }
        }
    }
    error_setg(errp, "Parameter '%s' expects 'on' or 'off'", name);
    return false;
}

bool parse_uuid(const char *text, uint8_t uuid[16], GError **errp)
{
    unsigned digits = 0;

    if (!g_uuid_string_is_valid(text)) {
        error_setg(errp, "'%s' is not a UUID such as 550e8400-e29b-41d4-a716-446655440000", text);
        return false;
    }
    for (; *text; text++) {
        if (*text != '-') {
            uuid[digits / 2] =
                (digits % 2 ? uuid[digits / 2] << 4 : 0) | g_ascii_xdigit_value(*text);
            digits++;
        }
    }
    return true;
}

bool parse_id(const char *name, const char *text, GError **errp)
{
    bool ok = g_ascii_isalpha(text[0]);

    for (const char *c = text; ok && *c; c++) {
        ok = g_ascii_isalnum(*c) || strchr("-._", *c);
    }
    if (!ok) {
        error_setg(errp,
                   "Parameter '%s' expects an identifier: letters, digits, '-', '.', '_',"
                   " starting with a letter",
                   name);
    }
    return ok;
}
