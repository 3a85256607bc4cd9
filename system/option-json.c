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

Opts *option_json_opts(json_t *object, GError **errp)
{
    g_autoptr(Opts) opts = opts_new();
    const char *name;
    json_t *value;

    json_object_foreach (object, name, value) {
        g_autofree char *number = NULL;

        if (json_is_string(value)) {
            opts_set(opts, name, json_string_value(value));
        } else if (json_is_boolean(value)) {
            opts_set(opts, name, json_is_true(value) ? "on" : "off");
        } else if (json_is_integer(value)) {
            number = g_strdup_printf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
            opts_set(opts, name, number);
        } else {
            error_setg(errp, "Parameter '%s' expects a string, a number, true or false", name);
            return NULL;
        }
    }
    return g_steal_pointer(&opts);
}
