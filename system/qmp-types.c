/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Typed rows: checking JSON values against them, and reading what has been checked.
 */
#include <string.h>

#include "qmp-internal.h"

const QmpType qmp_str = {.kind = QMP_KIND_STR, .name = "str"};
const QmpType qmp_bool = {.kind = QMP_KIND_BOOL, .name = "bool"};
const QmpType qmp_int = {
    .kind = QMP_KIND_INT, .name = "int", .min = INT64_MIN, .max = INT64_MAX};
const QmpType qmp_uint = {.kind = QMP_KIND_INT, .name = "int", .min = 0, .max = INT64_MAX};
const QmpType qmp_any = {.kind = QMP_KIND_ANY, .name = "any"};
const QmpType qmp_empty = {.kind = QMP_KIND_OBJECT};

/* The values of `path` are "keys[0].data". */
static char *member_path(const char *path, const char *name)
{
    return path ? g_strdup_printf("%s.%s", path, name) : g_strdup(name);
}

static bool wrong_type(const char *path, const char *expected, GError **errp)
{
    error_setg(errp, "Invalid parameter type for '%s', expected: %s", path, expected);
    return false;
}

static bool check_enum(const QmpType *type, json_t *value, const char *path, GError **errp)
{
    const char *text = json_string_value(value);

    if (!text) {
        return wrong_type(path, "string", errp);
    }
    if (!g_strv_contains(type->values, text)) {
        error_setg(errp, "Parameter '%s' does not accept value '%s'", path, text);
        return false;
    }
    return true;
}

/* qmp-input.c lets integers between 2^63 and 2^64 through as reals. */
static bool is_large_uint(json_t *value)
{
    double real = json_real_value(value);

    return json_is_real(value) && real >= 9223372036854775808.0 && real < 18446744073709551616.0;
}

static bool check_int(const QmpType *type, json_t *value, const char *path, GError **errp)
{
    json_int_t number = json_integer_value(value);

    if (type == &qmp_uint && is_large_uint(value)) {
        return true;
    }
    if (!json_is_integer(value)) {
        return wrong_type(path, "integer", errp);
    }
    if (number < type->min || number > type->max) {
        error_setg(errp, "Parameter '%s' expects a value from %" G_GINT64_FORMAT
                         " to %" G_GINT64_FORMAT,
                   path, type->min, type->max);
        return false;
    }
    return true;
}

static const QmpMember *find_member(const QmpMember *members, const char *name)
{
    for (; members && members->name; members++) {
        if (g_str_equal(members->name, name)) {
            return members;
        }
    }
    return NULL;
}

/* All that the table wants is there and right. */
static bool check_present(const QmpMember *members, json_t *object, const char *path,
                          GError **errp)
{
    for (; members && members->name; members++) {
        g_autofree char *at = member_path(path, members->name);
        json_t *value = json_object_get(object, members->name);

        if (value) {
            if (!qmp_check_value(members->type, value, at, errp)) {
                return false;
            }
        } else if (!members->optional) {
            error_setg(errp, "Parameter '%s' is missing", at);
            return false;
        }
    }
    return true;
}

static const QmpMember *chosen_variant(const QmpType *type, json_t *object)
{
    const char *tag = json_string_value(json_object_get(object, type->members[0].name));

    for (const QmpVariant *variant = type->variants; variant->value; variant++) {
        if (g_str_equal(variant->value, tag)) {
            return variant->members;
        }
    }
    return NULL;
}

static bool check_object(const QmpType *type, json_t *object, bool open, const char *path,
                         GError **errp)
{
    const QmpMember *more = NULL;
    const char *name;
    json_t *value;

    if (!check_present(type->members, object, path, errp)) {
        return false;
    }
    if (type->variants) {
        more = chosen_variant(type, object);
        if (!check_present(more, object, path, errp)) {
            return false;
        }
    }
    if (open) {
        return true;
    }
    json_object_foreach (object, name, value) {
        if (!find_member(type->members, name) && !find_member(more, name)) {
            g_autofree char *at = member_path(path, name);

            error_setg(errp, "Parameter '%s' is unexpected", at);
            return false;
        }
    }
    return true;
}

static bool check_array(const QmpType *type, json_t *array, const char *path, GError **errp)
{
    size_t index;
    json_t *value;

    json_array_foreach (array, index, value) {
        g_autofree char *at = g_strdup_printf("%s[%zu]", path, index);

        if (!qmp_check_value(type->element, value, at, errp)) {
            return false;
        }
    }
    return true;
}

bool qmp_check_value(const QmpType *type, json_t *value, const char *path, GError **errp)
{
    switch (type->kind) {
    case QMP_KIND_STR:
        if (!json_is_string(value)) {
            return wrong_type(path, "string", errp);
        }
        if (strlen(json_string_value(value)) != json_string_length(value)) {
            error_setg(errp, "Parameter '%s' expects a string without a NUL", path);
            return false;
        }
        return true;
    case QMP_KIND_BOOL:
        return json_is_boolean(value) || wrong_type(path, "boolean", errp);
    case QMP_KIND_INT:
        return check_int(type, value, path, errp);
    case QMP_KIND_ANY:
        return true;
    case QMP_KIND_ENUM:
        return check_enum(type, value, path, errp);
    case QMP_KIND_ARRAY:
        return json_is_array(value) ? check_array(type, value, path, errp)
                                    : wrong_type(path, "array", errp);
    case QMP_KIND_OBJECT:
        return json_is_object(value) ? check_object(type, value, false, path, errp)
                                     : wrong_type(path, "object", errp);
    }
    g_assert_not_reached();
}

bool qmp_check_members(const QmpMember *members, json_t *object, bool open, GError **errp)
{
    const QmpType type = {.kind = QMP_KIND_OBJECT, .members = members};

    return check_object(&type, object, open, NULL, errp);
}

bool qmp_check_args(const QmpCommand *command, json_t *args, GError **errp)
{
    return command->union_args ? check_object(command->union_args, args, false, NULL, errp)
                               : qmp_check_members(command->args, args, command->open, errp);
}

/* -------------------------------------------------------------------------------- reading -- */

const char *qmp_get_str(json_t *args, const char *name)
{
    return json_string_value(json_object_get(args, name));
}

int64_t qmp_get_int(json_t *args, const char *name, int64_t absent)
{
    json_t *value = json_object_get(args, name);

    return value ? json_integer_value(value) : absent;
}

uint64_t qmp_get_uint(json_t *args, const char *name, uint64_t absent)
{
    json_t *value = json_object_get(args, name);

    if (!value) {
        return absent;
    }
    return is_large_uint(value) ? (uint64_t)json_real_value(value) : json_integer_value(value);
}

bool qmp_get_bool(json_t *args, const char *name, bool absent)
{
    json_t *value = json_object_get(args, name);

    return value ? json_is_true(value) : absent;
}

json_t *qmp_uint_json(uint64_t value)
{
    return value > INT64_MAX ? json_real(value) : json_integer(value);
}
