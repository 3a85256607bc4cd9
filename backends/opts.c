/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Option strings in QEMU's syntax.
 */
#include "backends/opts.h"

#include <string.h>

#include "backends/parse.h"
#include "error.h"

typedef struct Pair {
    char *key;
    char *value;
    bool known; /* somebody asked for the key */
} Pair;

struct Opts {
    GArray *pairs; /* Pair, in the order given */
    char *text;    /* what was parsed, or NULL */
};

static void pair_clear(void *data)
{
    Pair *pair = data;

    g_free(pair->key);
    g_free(pair->value);
}

Opts *opts_new(void)
{
    Opts *opts = g_new0(Opts, 1);

    opts->pairs = g_array_new(FALSE, FALSE, sizeof(Pair));
    g_array_set_clear_func(opts->pairs, pair_clear);
    return opts;
}

void opts_free(Opts *opts)
{
    if (opts) {
        g_array_unref(opts->pairs);
        g_free(opts->text);
        g_free(opts);
    }
}

const char *opts_text(const Opts *opts)
{
    return opts->text ? opts->text : "";
}

void opts_set_text(Opts *opts, const char *text)
{
    g_free(opts->text);
    opts->text = g_strdup(text);
}

void opts_set(Opts *opts, const char *key, const char *value)
{
    Pair pair = {g_strdup(key), g_strdup(value), false};

    g_array_append_val(opts->pairs, pair);
}

/* The text up to the next single comma, with ",," as ","; moves `*text` past it. */
static char *next_element(const char **text)
{
    GString *element = g_string_new(NULL);
    const char *p = *text;

    while (*p && (*p != ',' || p[1] == ',')) {
        p += *p == ',';
        g_string_append_c(element, *p++);
    }
    *text = *p ? p + 1 : p;
    return g_string_free(element, FALSE);
}

Opts *opts_parse(const char *text, const char *implied, GError **errp)
{
    g_autoptr(Opts) opts = opts_new();
    bool first = true;

    opts->text = g_strdup(text);
    while (*text) {
        g_autofree char *element = next_element(&text);
        char *equals = strchr(element, '=');

        if (equals) {
            *equals = '\0';
            if (equals == element) {
                error_setg(errp, "Invalid parameter '': a name is missing before '='");
                return NULL;
            }
            opts_set(opts, element, equals + 1);
        } else if (first && implied) {
            opts_set(opts, implied, element);
        } else if (!*element) {
            error_setg(errp, "Invalid parameter '': two commas stand for one inside a value");
            return NULL;
        } else if (g_str_has_prefix(element, "no") && element[2]) {
            opts_set(opts, element + 2, "off");
        } else {
            opts_set(opts, element, "on");
        }
        first = false;
    }
    return g_steal_pointer(&opts);
}

void opts_merge(Opts *opts, const Opts *from)
{
    for (unsigned i = 0; i < from->pairs->len; i++) {
        const Pair *pair = &g_array_index(from->pairs, Pair, i);

        opts_set(opts, pair->key, pair->value);
    }
}

const char *opts_get(Opts *opts, const char *key)
{
    const char *value = NULL;

    for (unsigned i = 0; i < opts->pairs->len; i++) {
        Pair *pair = &g_array_index(opts->pairs, Pair, i);

        if (g_str_equal(pair->key, key)) {
            pair->known = true;
            value = pair->value;
        }
    }
    return value;
}

bool opts_has(Opts *opts, const char *key)
{
    return opts_get(opts, key) != NULL;
}

bool opts_get_bool(Opts *opts, const char *key, bool *value, GError **errp)
{
    const char *text = opts_get(opts, key);

    return !text || parse_bool(key, text, value, errp);
}

bool opts_get_uint(Opts *opts, const char *key, uint64_t max, uint64_t *value, GError **errp)
{
    const char *text = opts_get(opts, key);
    bool hex;

    if (!text) {
        return true;
    }
    hex = g_ascii_strncasecmp(text, "0x", 2) == 0;
    if (!g_ascii_string_to_unsigned(hex ? text + 2 : text, hex ? 16 : 10, 0, max, value, NULL)) {
        error_setg(errp, "Parameter '%s' expects a number from 0 to %" G_GUINT64_FORMAT, key, max);
        return false;
    }
    return true;
}

bool opts_get_int(Opts *opts, const char *key, int64_t min, int64_t max, int64_t *value,
                  GError **errp)
{
    const char *text = opts_get(opts, key);
    gint64 parsed;

    if (!text) {
        return true;
    }
    if (!g_ascii_string_to_signed(text, 10, min, max, &parsed, NULL)) {
        error_setg(errp,
                   "Parameter '%s' expects a number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT,
                   key, min, max);
        return false;
    }
    *value = parsed;
    return true;
}

bool opts_get_size(Opts *opts, const char *key, uint64_t *value, GError **errp)
{
    const char *text = opts_get(opts, key);
    g_autoptr(GError) err = NULL;

    if (text && !parse_size(text, 1, value, &err)) {
        error_setg(errp, "Parameter '%s': %s", key, err->message);
        return false;
    }
    return true;
}

char *opts_take(Opts *opts, const char *key)
{
    char *value = g_strdup(opts_get(opts, key));

    for (unsigned i = opts->pairs->len; i-- > 0;) {
        if (g_str_equal(g_array_index(opts->pairs, Pair, i).key, key)) {
            g_array_remove_index(opts->pairs, i);
        }
    }
    return value;
}

bool opts_check_unknown(Opts *opts, GError **errp)
{
    for (unsigned i = 0; i < opts->pairs->len; i++) {
        const Pair *pair = &g_array_index(opts->pairs, Pair, i);

        if (!pair->known) {
            error_setg(errp, "Invalid parameter '%s'", pair->key);
            return false;
        }
    }
    return true;
}

bool opts_foreach(Opts *opts,
                  bool (*fn)(const char *key, const char *value, void *opaque, GError **errp),
                  void *opaque, GError **errp)
{
    for (unsigned i = 0; i < opts->pairs->len; i++) {
        Pair *pair = &g_array_index(opts->pairs, Pair, i);

        pair->known = true;
        if (!fn(pair->key, pair->value, opaque, errp)) {
            return false;
        }
    }
    return true;
}
