/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The monitor's commands that QMP has as well: they make the arguments, and show what comes back.
 */
#include <string.h>

#include "error.h"
#include "monitor-internal.h"
#include "option-json.h"
#include "qmp-internal.h"
#include "qom.h"
#include "system/device-add.h"

/* Run a QMP command; takes `args`. The result is the caller's; NULL with an error. */
static json_t *call(const char *name, json_t *args, GError **errp)
{
    const QmpCommand *command = qmp_find_command(name);
    g_autoptr(GError) err = NULL;
    json_t *result = NULL;

    if (qmp_check_members(command->args, args, command->open, &err)) {
        result = command->run(NULL, args, &err);
    }
    json_decref(args);
    if (err) {
        g_propagate_error(errp, g_steal_pointer(&err));
        json_decref(result);
        return NULL;
    }
    return result ? result : json_object();
}

static bool do_call(const char *name, json_t *args, GError **errp)
{
    json_t *result = call(name, args, errp);

    json_decref(result);
    return result != NULL;
}

static bool count_is(char **argv, unsigned n, const char *usage, GError **errp)
{
    if (g_strv_length(argv) != n) {
        error_setg(errp, "expected: %s", usage);
        return false;
    }
    return true;
}

/* ------------------------------------------------------------------------------------ memory -- */

static bool save(const char *command, char **argv, const char *cpu, GError **errp)
{
    uint64_t addr, size;
    json_t *args;

    if (!count_is(argv, 3, "ADDR SIZE FILE", errp) || !monitor_evaluate(argv[0], &addr, errp) ||
        !monitor_evaluate(argv[1], &size, errp)) {
        return false;
    }
    args = json_pack("{s:o, s:o, s:s}", "val", qmp_uint_json(addr), "size", qmp_uint_json(size),
                     "filename", argv[2]);
    if (cpu && args) {
        json_object_set_new(args, cpu, json_integer(monitor_cpu()));
    }
    if (!args) {
        error_setg(errp, "the file name is not UTF-8");
        return false;
    }
    return do_call(command, args, errp);
}

bool run_memsave(char **argv, GString *out, GError **errp)
{
    return save("memsave", argv, "cpu-index", errp);
}

bool run_pmemsave(char **argv, GString *out, GError **errp)
{
    return save("pmemsave", argv, NULL, errp);
}

/* ----------------------------------------------------------------------------------- devices -- */

static bool add_property(const char *key, const char *value, void *opaque, GError **errp)
{
    g_variant_builder_add(opaque, "{sv}", key, g_variant_new_string(value));
    return true;
}

static bool print_driver(const char *driver, GString *out, GError **errp)
{
    const DeviceClass *cls = device_class_find(driver);

    if (!cls) {
        error_setg(errp, "'%s' is not a valid device model name", driver);
        return false;
    }
    device_class_print_help(cls, out);
    return true;
}

/* As -device has it, or in JSON. */
bool run_device_add(char **argv, GString *out, GError **errp)
{
    g_auto(GVariantBuilder) builder = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE_VARDICT);
    g_autoptr(Opts) opts = NULL;
    g_autofree char *driver = NULL;
    g_autofree char *id = NULL;
    g_autofree char *bus = NULL;

    if (!count_is(argv, 1, "DRIVER[,PROP=VALUE...]", errp)) {
        return false;
    }
    if (g_str_equal(argv[0], "help") || g_str_equal(argv[0], "?")) {
        device_classes_print_help(out);
        return true;
    }
    if (option_is_json(argv[0])) {
        json_t *args = option_json(argv[0], errp);

        return args && do_call("device_add", args, errp);
    }
    opts = opts_parse(argv[0], "driver", errp);
    if (!opts) {
        return false;
    }
    driver = opts_take(opts, "driver");
    id = opts_take(opts, "id");
    bus = opts_take(opts, "bus");
    if (!driver) {
        error_setg(errp, "Parameter 'driver' is missing");
        return false;
    }
    if (opts_has(opts, "help") || opts_has(opts, "?")) {
        return print_driver(driver, out, errp);
    }
    opts_foreach(opts, add_property, &builder, NULL);
    return device_add_props(driver, id, bus, g_variant_builder_end(&builder), true, errp);
}

bool run_device_del(char **argv, GString *out, GError **errp)
{
    return count_is(argv, 1, "ID", errp) &&
           do_call("device_del", json_pack("{s:s}", "id", argv[0]), errp);
}

/* ----------------------------------------------------------------------------------- objects -- */

bool run_qom_list(char **argv, GString *out, GError **errp)
{
    json_t *list, *row;
    size_t i;

    if (!*argv) {
        g_string_append(out, "/\n");
        return true;
    }
    list = count_is(argv, 1, "PATH", errp)
               ? call("qom-list", json_pack("{s:s}", "path", argv[0]), errp)
               : NULL;
    json_array_foreach (list, i, row) {
        g_string_append_printf(out, "%s (%s)\n", json_string_value(json_object_get(row, "name")),
                               json_string_value(json_object_get(row, "type")));
    }
    json_decref(list);
    return list != NULL;
}

bool run_qom_get(char **argv, GString *out, GError **errp)
{
    json_t *value;
    char *text;

    if (!count_is(argv, 2, "PATH PROPERTY", errp)) {
        return false;
    }
    value = call("qom-get", json_pack("{s:s, s:s}", "path", argv[0], "property", argv[1]), errp);
    if (!value) {
        return false;
    }
    text = json_dumps(value, JSON_ENCODE_ANY | JSON_INDENT(4));
    g_string_append_printf(out, "%s\n", text);
    free(text);
    json_decref(value);
    return true;
}

/* -j: VALUE is JSON; else it is a text, as the command line has it. */
bool run_qom_set(char **argv, GString *out, GError **errp)
{
    const bool is_json = *argv && g_str_equal(*argv, "-j");
    json_t *value;

    argv += is_json;
    if (!count_is(argv, 3, "[-j] PATH PROPERTY VALUE", errp)) {
        return false;
    }
    if (is_json) {
        value = json_loads(argv[2], JSON_DECODE_ANY, NULL);
        if (!value) {
            error_setg(errp, "'%s' is not JSON", argv[2]);
            return false;
        }
        return do_call(
            "qom-set",
            json_pack("{s:s, s:s, s:o}", "path", argv[0], "property", argv[1], "value", value),
            errp);
    } else {
        QomNode node;

        if (!qom_resolve(argv[0], &node, errp)) {
            return false;
        }
        if (node.kind != QOM_DEVICE) {
            error_setg(errp, "Property '%s' of '%s' cannot be set", argv[1], argv[0]);
            return false;
        }
        return device_set_property_str(node.dev, argv[1], argv[2], errp);
    }
}

typedef struct Tree {
    GString *out;
    unsigned indent;
} Tree;

static void print_node(const char *name, const QomNode *node, void *opaque)
{
    const Tree *tree = opaque;
    Tree below = {tree->out, tree->indent + 2};
    g_autofree char *type = qom_type_name(node);

    g_string_append_printf(tree->out, "%*s/%s (%s)\n", tree->indent, "", name, type);
    qom_foreach_child(node, print_node, &below);
}

bool info_qom_tree(char **argv, GString *out, GError **errp)
{
    const char *path = *argv ? *argv : "/machine";
    QomNode node;

    if (!qom_resolve(path, &node, errp)) {
        return false;
    }
    print_node(path + (*path == '/'), &node, &(Tree){out, 0});
    return true;
}

bool info_mice(char **argv, GString *out, GError **errp)
{
    json_t *list = call("query-mice", json_object(), errp), *row;
    size_t i;

    if (!json_array_size(list)) {
        g_string_append(out, "No mouse devices connected\n");
    }
    json_array_foreach (list, i, row) {
        g_string_append_printf(out, "%c Mouse #%" JSON_INTEGER_FORMAT ": %s%s\n",
                               json_is_true(json_object_get(row, "current")) ? '*' : ' ',
                               json_integer_value(json_object_get(row, "index")),
                               json_string_value(json_object_get(row, "name")),
                               json_is_true(json_object_get(row, "absolute")) ? " (absolute)" : "");
    }
    json_decref(list);
    return list != NULL;
}
