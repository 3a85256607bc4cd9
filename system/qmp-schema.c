/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * query-qmp-schema: the tables of commands and events, as the introspection of QEMU's manual
 * ("Client JSON Protocol introspection") lays them out.
 *
 * A type that is no built-in one gets a number for its name when it is first met; clients are told
 * not to read anything into these names.
 */
#include "qmp-internal.h"

typedef struct Schema {
    json_t *entries;
    GHashTable *names; /* a type, a table of members, or a list's interned name -> char * */
} Schema;

static const char *name_of_type(Schema *schema, const QmpType *type);

static void add_entry(Schema *schema, json_t *entry)
{
    json_array_append_new(schema->entries, entry);
}

/* The name for `key`; `*made` says whether it is new, and so the entry is missing. */
static const char *name_for(Schema *schema, const void *key, bool *made)
{
    char *name = g_hash_table_lookup(schema->names, key);

    *made = !name;
    if (!name) {
        name = g_strdup_printf("%u", g_hash_table_size(schema->names));
        g_hash_table_insert(schema->names, (void *)key, name);
    }
    return name;
}

static json_t *members_json(Schema *schema, const QmpMember *members)
{
    json_t *list = json_array();

    for (; members && members->name; members++) {
        json_t *member = json_pack("{s:s, s:s}", "name", members->name, "type",
                                   name_of_type(schema, members->type));

        if (members->optional) {
            json_object_set_new(member, "default", json_null());
        }
        json_array_append_new(list, member);
    }
    return list;
}

/* An object type without cases: arguments, the data of an event, of a case. */
static const char *name_of_members(Schema *schema, const QmpMember *members)
{
    bool made;
    const char *name = name_for(schema, members ? (const void *)members : &qmp_empty, &made);

    if (made) {
        add_entry(schema, json_pack("{s:s, s:s, s:o}", "name", name, "meta-type", "object",
                                    "members", members_json(schema, members)));
    }
    return name;
}

static void add_union(Schema *schema, const char *name, const QmpType *type)
{
    json_t *cases = json_array();

    for (const QmpVariant *variant = type->variants; variant->value; variant++) {
        json_array_append_new(cases, json_pack("{s:s, s:s}", "case", variant->value, "type",
                                               name_of_members(schema, variant->members)));
    }
    add_entry(schema, json_pack("{s:s, s:s, s:o, s:s, s:o}", "name", name, "meta-type", "object",
                                "members", members_json(schema, type->members), "tag",
                                type->members[0].name, "variants", cases));
}

static void add_enum(Schema *schema, const char *name, const QmpType *type)
{
    json_t *members = json_array();
    json_t *values = json_array();

    for (const char *const *value = type->values; *value; value++) {
        json_array_append_new(members, json_pack("{s:s}", "name", *value));
        json_array_append_new(values, json_string(*value));
    }
    add_entry(schema, json_pack("{s:s, s:s, s:o, s:o}", "name", name, "meta-type", "enum",
                                "members", members, "values", values));
}

static const char *json_type_of(const QmpType *type)
{
    switch (type->kind) {
    case QMP_KIND_STR:
        return "string";
    case QMP_KIND_BOOL:
        return "boolean";
    case QMP_KIND_INT:
        return "int";
    default:
        return "value";
    }
}

/* Ranges are not part of the schema: every integer is "int". */
static const char *name_of_builtin(Schema *schema, const QmpType *type)
{
    const QmpType *shown = type->kind == QMP_KIND_INT ? &qmp_int : type;

    if (!g_hash_table_contains(schema->names, shown)) {
        g_hash_table_insert(schema->names, (void *)shown, g_strdup(shown->name));
        add_entry(schema, json_pack("{s:s, s:s, s:s}", "name", shown->name, "meta-type", "builtin",
                                    "json-type", json_type_of(shown)));
    }
    return shown->name;
}

/* Lists of the same elements are the same type, so the name itself is the key. */
static const char *name_of_array(Schema *schema, const QmpType *type)
{
    const char *element = name_of_type(schema, type->element);
    g_autofree char *text = g_strdup_printf("[%s]", element);
    const char *name = g_intern_string(text);

    if (!g_hash_table_contains(schema->names, name)) {
        g_hash_table_insert(schema->names, (void *)name, g_strdup(name));
        add_entry(schema, json_pack("{s:s, s:s, s:s}", "name", name, "meta-type", "array",
                                    "element-type", element));
    }
    return name;
}

static const char *name_of_type(Schema *schema, const QmpType *type)
{
    const char *name;
    bool made;

    switch (type->kind) {
    case QMP_KIND_STR:
    case QMP_KIND_BOOL:
    case QMP_KIND_INT:
    case QMP_KIND_ANY:
        return name_of_builtin(schema, type);
    case QMP_KIND_ARRAY:
        return name_of_array(schema, type);
    case QMP_KIND_ENUM:
        name = name_for(schema, type, &made);
        if (made) {
            add_enum(schema, name, type);
        }
        return name;
    case QMP_KIND_OBJECT:
        if (!type->variants) {
            return name_of_members(schema, type->members);
        }
        name = name_for(schema, type, &made);
        if (made) {
            add_union(schema, name, type);
        }
        return name;
    }
    g_assert_not_reached();
}

json_t *qmp_schema(void)
{
    Schema schema = {.entries = json_array()};

    schema.names = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    for (const QmpCommand *const *table = qmp_commands; *table; table++) {
        for (const QmpCommand *row = *table; row->name; row++) {
            json_t *entry = json_pack(
                "{s:s, s:s, s:s, s:s}", "name", row->name, "meta-type", "command", "arg-type",
                row->union_args ? name_of_type(&schema, row->union_args)
                                : name_of_members(&schema, row->args),
                "ret-type",
                row->returns ? name_of_type(&schema, row->returns)
                             : name_of_members(&schema, NULL));

            if (row->oob) {
                json_object_set_new(entry, "allow-oob", json_true());
            }
            add_entry(&schema, entry);
        }
    }
    for (const QmpEvent *event = qmp_events; event->name; event++) {
        add_entry(&schema,
                  json_pack("{s:s, s:s, s:s}", "name", event->name, "meta-type", "event",
                            "arg-type", name_of_members(&schema, event->data)));
    }
    g_hash_table_unref(schema.names);
    return schema.entries;
}
