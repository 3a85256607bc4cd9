/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Option arguments in JSON.
 */
#include "option-json.h"

#include <string.h>

#include "error.h"
#include "qmp-input.h"

bool option_is_json(const char *arg)
{
    return arg[strspn(arg, " \t\r\n")] == '{';
}

typedef struct Parse {
    json_t *value; /* the first */
    unsigned count;
    GError *err;
} Parse;

static void take_value(void *opaque, json_t *value, const GError *err)
{
    Parse *parse = opaque;

    if (parse->count++ == 0) {
        parse->value = json_incref(value);
        parse->err = err ? g_error_copy(err) : NULL;
    }
}

json_t *option_json(const char *arg, GError **errp)
{
    Parse parse = {};
    QmpInput *input = qmp_input_new(take_value, &parse);

    qmp_input_feed(input, arg, strlen(arg));
    qmp_input_feed(input, "\n", 1);
    qmp_input_free(input);
    if (parse.count == 1 && parse.value) {
        return parse.value;
    }
    json_decref(parse.value);
    if (parse.err) {
        g_propagate_error(errp, parse.err);
    } else {
        error_setg(errp, "JSON parse error: %s",
                   parse.count ? "more than one value" : "the object does not end");
    }
    return NULL;
}

/* ----------------------------------------------------------------------------------- opts -- */

static bool add_members(Opts *opts, const char *prefix, json_t *object, GError **errp);

/* The text that stands for a plain value, to be freed; or NULL. A list's element may be {"str": S}.
 */
static char *plain_text(json_t *value, bool in_list)
{
    if (in_list && json_is_object(value) && json_object_size(value) == 1) {
        value = json_object_get(value, "str");
        return json_is_string(value) ? g_strdup(json_string_value(value)) : NULL;
    }
    if (json_is_string(value)) {
        return g_strdup(json_string_value(value));
    }
    if (json_is_boolean(value)) {
        return g_strdup(json_is_true(value) ? "on" : "off");
    }
    return json_is_integer(value)
               ? g_strdup_printf("%" JSON_INTEGER_FORMAT, json_integer_value(value))
               : NULL;
}

static bool add_text(Opts *opts, const char *key, json_t *value, bool in_list, GError **errp)
{
    g_autofree char *text = plain_text(value, in_list);

    if (!text) {
        error_setg(errp, "Parameter '%s' expects a string, a number, true or false", key);
        return false;
    }
    opts_set(opts, key, text);
    return true;
}

static bool add_value(Opts *opts, const char *key, json_t *value, GError **errp)
{
    size_t index;
    json_t *element;

    if (json_is_object(value)) {
        return add_members(opts, key, value, errp);
    }
    if (!json_is_array(value)) {
        return add_text(opts, key, value, false, errp);
    }
    json_array_foreach (value, index, element) {
        if (!add_text(opts, key, element, true, errp)) {
            return false;
        }
    }
    return true;
}

/* qmp-input.c bounds how deep objects are within each other. */
static bool add_members(Opts *opts, const char *prefix, json_t *object, GError **errp)
{
    const char *name;
    json_t *value;

    json_object_foreach (object, name, value) {
        g_autofree char *key = prefix ? g_strconcat(prefix, ".", name, NULL) : g_strdup(name);

        if (!add_value(opts, key, value, errp)) {
            return false;
        }
    }
    return true;
}

Opts *option_json_opts(json_t *object, GError **errp)
{
    g_autoptr(Opts) opts = opts_new();

    return add_members(opts, NULL, object, errp) ? g_steal_pointer(&opts) : NULL;
}

Opts *option_opts(const char *arg, const char *implied, GError **errp)
{
    json_t *json;
    Opts *opts;

    if (!option_is_json(arg)) {
        return opts_parse(arg, implied, errp);
    }
    json = option_json(arg, errp);
    opts = json ? option_json_opts(json, errp) : NULL;
    json_decref(json);
    if (opts) {
        opts_set_text(opts, arg);
    }
    return opts;
}
