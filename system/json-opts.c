/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Options that are given as JSON.
 */
#include "json-opts.h"

#include <string.h>

#include "error.h"

#define DEPTH_MAX 8

static bool add_members(Opts *opts, const char *prefix, json_t *object, unsigned depth,
                        GError **errp);

/* `in_list`: an element, that may be wrapped. */
static bool add_value(Opts *opts, const char *key, json_t *value, bool in_list, unsigned depth,
                      GError **errp)
{
    g_autofree char *number = NULL;
    const char *text = NULL;
    size_t index;
    json_t *element;

    if (in_list && json_is_object(value) && json_object_size(value) == 1 &&
        json_is_string(json_object_get(value, "str"))) {
        value = json_object_get(value, "str");
    }
    switch (json_typeof(value)) {
    case JSON_STRING:
        text = json_string_value(value);
        if (strlen(text) != json_string_length(value)) {
            error_setg(errp, "Parameter '%s' expects a string without a NUL", key);
            return false;
        }
        break;
    case JSON_INTEGER:
        text = number = g_strdup_printf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
        break;
    case JSON_TRUE:
        text = "on";
        break;
    case JSON_FALSE:
        text = "off";
        break;
    case JSON_OBJECT:
        if (!in_list) {
            return add_members(opts, key, value, depth + 1, errp);
        }
        break;
    case JSON_ARRAY:
        if (!in_list) {
            json_array_foreach(value, index, element)
            {
                if (!add_value(opts, key, element, true, depth, errp)) {
                    return false;
                }
            }
            return true;
        }
        break;
    default:
        break;
    }
    if (!text) {
        error_setg(errp, "Invalid parameter type for '%s'", key);
        return false;
    }
    opts_set(opts, key, text);
    return true;
}

static bool add_members(Opts *opts, const char *prefix, json_t *object, unsigned depth,
                        GError **errp)
{
    const char *name;
    json_t *value;

    if (depth > DEPTH_MAX) {
        error_setg(errp, "Parameter '%s': too many objects within each other", prefix);
        return false;
    }
    json_object_foreach(object, name, value)
    {
        g_autofree char *key = prefix ? g_strconcat(prefix, ".", name, NULL) : g_strdup(name);

        if (!add_value(opts, key, value, false, depth, errp)) {
            return false;
        }
    }
    return true;
}

Opts *json_to_opts(json_t *object, GError **errp)
{
    g_autoptr(Opts) opts = opts_new();

    return add_members(opts, NULL, object, 0, errp) ? g_steal_pointer(&opts) : NULL;
}

Opts *opts_parse_any(const char *text, const char *implied, GError **errp)
{
    json_error_t error;
    json_t *object;
    Opts *opts;

    if (*text != '{') {
        return opts_parse(text, implied, errp);
    }
    object = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    if (!object) {
        error_setg(errp, "JSON parse error at column %d: %s", error.column, error.text);
        return NULL;
    }
    opts = json_to_opts(object, errp);
    json_decref(object);
    if (opts) {
        opts_set_text(opts, text);
    }
    return opts;
}
