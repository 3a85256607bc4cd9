/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QMP commands for objects, their types and their properties; device_add, device_del.
 */
#include <string.h>

#include "hw/core/device.h"
#include "hw/core/machine.h"
#include "qmp-commands.h"
#include "qom.h"
#include "system/device-add.h"
#include "system/qmp.h"

/* --------------------------------------------------------------------------------- values -- */

static json_t *variant_json(GVariant *value)
{
    switch (g_variant_classify(value)) {
    case G_VARIANT_CLASS_BOOLEAN:
        return json_boolean(g_variant_get_boolean(value));
    case G_VARIANT_CLASS_BYTE:
        return json_integer(g_variant_get_byte(value));
    case G_VARIANT_CLASS_INT16:
        return json_integer(g_variant_get_int16(value));
    case G_VARIANT_CLASS_UINT16:
        return json_integer(g_variant_get_uint16(value));
    case G_VARIANT_CLASS_INT32:
        return json_integer(g_variant_get_int32(value));
    case G_VARIANT_CLASS_UINT32:
        return json_integer(g_variant_get_uint32(value));
    case G_VARIANT_CLASS_INT64:
        return json_integer(g_variant_get_int64(value));
    case G_VARIANT_CLASS_UINT64:
        return qmp_uint_json(g_variant_get_uint64(value));
    default: {
        g_autofree char *text = g_utf8_make_valid(g_variant_get_string(value, NULL), -1);

        return json_string(text);
    }
    }
}

/* The JSON types that a property takes. What is no plain type here is text, or a number. */
typedef struct Accepts {
    const PropertyType *type;
    const QmpType *json;
} Accepts;

static const Accepts plain_types[] = {
    {&prop_type_bool, &qmp_bool},       {&prop_type_uint8, &qmp_int},
    {&prop_type_uint16, &qmp_int},      {&prop_type_uint32, &qmp_int},
    {&prop_type_uint64, &qmp_uint},     {&prop_type_int32, &qmp_int},
    {&prop_type_size, &qmp_uint},       {&prop_type_string, &qmp_str},
    {&prop_type_enum, &qmp_str},        {&prop_type_on_off_auto, &qmp_str},
    {&prop_type_mac, &qmp_str},
};

/*
 * The value for device_set_property(), floating. Unlike the command line, QMP does not give strings
 * for numbers.
 */
static GVariant *property_value(const Property *prop, json_t *value, GError **errp)
{
    const QmpType *type = json_is_string(value) ? &qmp_str : &qmp_int;

    for (size_t i = 0; i < G_N_ELEMENTS(plain_types); i++) {
        if (plain_types[i].type == prop->type) {
            type = plain_types[i].json;
        }
    }
    if (!qmp_check_value(type, value, prop->name, errp)) {
        return NULL;
    }
    if (type == &qmp_bool) {
        return g_variant_new_boolean(json_is_true(value));
    }
    if (type == &qmp_str) {
        return g_variant_new_string(json_string_value(value));
    }
    if (json_is_real(value)) {
        return g_variant_new_uint64(json_real_value(value));
    }
    return g_variant_new_int64(json_integer_value(value));
}

/* -------------------------------------------------------------------------- a node's rows -- */

static const QmpType property_info =
    QMP_STRUCT(QMP_MUST("name", qmp_str), QMP_MUST("type", qmp_str),
               QMP_MAY("description", qmp_str), QMP_MAY("default-value", qmp_any));
static const QmpType property_infos = QMP_LIST(property_info);

/* Called for each property; `get` gives the value, a new reference. */
typedef struct NodeRow {
    const char *name;
    const char *type;
    json_t *value;
} NodeRow;

typedef struct NodeWalk {
    const QomNode *node;
    void (*fn)(const NodeRow *row, void *opaque);
    void *opaque;
} NodeWalk;

/* Takes over `value`. */
static void node_row(const NodeWalk *walk, const char *name, const char *type, json_t *value)
{
    NodeRow row = {name, type, value};

    walk->fn(&row, walk->opaque);
    json_decref(value);
}

static json_t *take_string(char *text)
{
    json_t *value = json_string(text);

    g_free(text);
    return value;
}

static void device_row(const DeviceClass *owner, const Property *prop, void *opaque)
{
    const NodeWalk *walk = opaque;
    g_autoptr(GVariant) value =
        g_variant_ref_sink(device_get_property(walk->node->dev, prop->name, NULL));

    node_row(walk, prop->name, prop->type->name, variant_json(value));
}

static char *child_path(const QomNode *node, const char *name)
{
    g_autofree char *path = node->kind == QOM_DEVICE ? qom_device_path(node->dev) : NULL;

    switch (node->kind) {
    case QOM_ROOT:
        return g_strdup_printf("/%s", name);
    case QOM_MACHINE:
        return g_strdup_printf("/machine/%s", name);
    case QOM_PERIPHERAL:
        return g_strdup_printf("/machine/peripheral/%s", name);
    case QOM_PERIPHERAL_ANON:
        return g_strdup_printf("/machine/peripheral-anon/%s", name);
    case QOM_UNATTACHED:
        return g_strdup_printf("/machine/unattached/%s", name);
    default:
        return g_strdup_printf("%s/%s", path, name);
    }
}

static void child_row(const char *name, const QomNode *child, void *opaque)
{
    const NodeWalk *walk = opaque;
    g_autofree char *type = qom_type_name(child);
    g_autofree char *shown = g_strdup_printf("child<%s>", type);

    node_row(walk, name, shown, take_string(child_path(walk->node, name)));
}

static void device_rows(const NodeWalk *walk)
{
    Device *dev = walk->node->dev;
    g_autofree char *bus_type = g_strdup_printf("link<%s>", dev->bus->cls->name);

    node_row(walk, "parent_bus", bus_type, take_string(qom_bus_path(dev->bus)));
    node_row(walk, "realized", "bool", json_boolean(dev->realized));
    node_row(walk, "hotplugged", "bool", json_boolean(dev->hotplugged));
    node_row(walk, "hotpluggable", "bool",
             json_boolean(dev->by_user && dev->bus->cls->hotplug && !dev->cls->no_hotplug));
    device_class_foreach_property(dev->cls, device_row, (void *)walk);
}

static void machine_rows(const NodeWalk *walk)
{
    for (const Property *prop = machine_props; prop->name; prop++) {
        g_autoptr(GVariant) value = g_variant_ref_sink(property_get(machine_current(), prop));

        node_row(walk, prop->name, prop->type->name, variant_json(value));
    }
}

static void bus_rows(const NodeWalk *walk)
{
    unsigned i = 0;
    Device *dev;

    TAILQ_FOREACH (dev, &walk->node->bus->devices, sibling) {
        g_autofree char *name = qom_bus_link_name(i++);
        g_autofree char *type = g_strdup_printf("link<%s>", dev->cls->name);

        node_row(walk, name, type, take_string(qom_device_path(dev)));
    }
}

static void foreach_row(const NodeWalk *walk)
{
    node_row(walk, "type", "string", take_string(qom_type_name(walk->node)));
    if (walk->node->kind == QOM_DEVICE) {
        device_rows(walk);
    } else if (walk->node->kind == QOM_MACHINE) {
        machine_rows(walk);
    } else if (walk->node->kind == QOM_BUS) {
        bus_rows(walk);
    }
    qom_foreach_child(walk->node, child_row, (void *)walk);
}

/* --------------------------------------------------------------------------------- qom-* -- */

static void list_row(const NodeRow *row, void *opaque)
{
    json_array_append_new(opaque, json_pack("{s:s, s:s}", "name", row->name, "type", row->type));
}

static json_t *qom_list(QmpSession *session, json_t *args, GError **errp)
{
    QomNode node;
    NodeWalk walk = {&node, list_row, NULL};

    if (!qom_resolve(qmp_get_str(args, "path"), &node, errp)) {
        return NULL;
    }
    walk.opaque = json_array();
    foreach_row(&walk);
    return walk.opaque;
}

typedef struct FindRow {
    const char *name;
    json_t *value; /* a reference, once found */
} FindRow;

static void find_row(const NodeRow *row, void *opaque)
{
    FindRow *find = opaque;

    if (!find->value && g_str_equal(row->name, find->name)) {
        find->value = json_incref(row->value);
    }
}

/* The value of a property of the node, or NULL with an error. */
static json_t *node_get(const QomNode *node, const char *name, GError **errp)
{
    FindRow find = {.name = name};

    foreach_row(&(NodeWalk){node, find_row, &find});
    if (!find.value) {
        g_autofree char *type = qom_type_name(node);

        error_setg(errp, "Property '%s.%s' not found", type, name);
    }
    return find.value;
}

static json_t *qom_get(QmpSession *session, json_t *args, GError **errp)
{
    QomNode node;

    if (!qom_resolve(qmp_get_str(args, "path"), &node, errp)) {
        return NULL;
    }
    return node_get(&node, qmp_get_str(args, "property"), errp);
}

typedef struct FindProperty {
    const char *name;
    const Property *prop;
} FindProperty;

static void match_property(const DeviceClass *owner, const Property *prop, void *opaque)
{
    FindProperty *find = opaque;

    if (g_str_equal(prop->name, find->name)) {
        find->prop = prop;
    }
}

static const Property *find_property(const DeviceClass *cls, const char *name)
{
    FindProperty find = {.name = name};

    device_class_foreach_property(cls, match_property, &find);
    return find.prop;
}

static json_t *qom_set(QmpSession *session, json_t *args, GError **errp)
{
    const char *name = qmp_get_str(args, "property");
    const Property *prop = NULL;
    QomNode node;
    GVariant *value;

    if (!qom_resolve(qmp_get_str(args, "path"), &node, errp)) {
        return NULL;
    }
    if (node.kind == QOM_DEVICE) {
        prop = find_property(node.dev->cls, name);
    }
    if (!prop) {
        json_t *there = node_get(&node, name, errp);

        if (there) {
            g_autofree char *type = qom_type_name(&node);

            json_decref(there);
            error_setg(errp, "Property '%s.%s' is not writable", type, name);
        }
        return NULL;
    }
    value = property_value(prop, json_object_get(args, "value"), errp);
    if (value) {
        device_set_property(node.dev, name, value, errp);
    }
    return NULL;
}

/* ---------------------------------------------------------------------------------- types -- */

static void note_parent(const char *name, const char *parent, bool abstract, void *opaque)
{
    g_hash_table_insert(opaque, g_strdup(name), g_strdup(parent));
}

typedef struct TypeWalk {
    GHashTable *parents; /* char * -> char * */
    const char *implements;
    bool abstract;
    json_t *list;
} TypeWalk;

static bool type_implements(const TypeWalk *walk, const char *name)
{
    while (name && !g_str_equal(name, walk->implements)) {
        name = g_hash_table_lookup(walk->parents, name);
    }
    return name != NULL;
}

static void list_type(const char *name, const char *parent, bool abstract, void *opaque)
{
    TypeWalk *walk = opaque;
    json_t *entry;

    if ((abstract && !walk->abstract) || (walk->implements && !type_implements(walk, name))) {
        return;
    }
    entry = json_pack("{s:s}", "name", name);
    if (abstract) {
        json_object_set_new(entry, "abstract", json_true());
    }
    if (parent) {
        json_object_set_new(entry, "parent", json_string(parent));
    }
    json_array_append_new(walk->list, entry);
}

static GHashTable *type_parents(void)
{
    GHashTable *parents = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);

    qom_foreach_type(note_parent, parents);
    return parents;
}

static json_t *qom_list_types(QmpSession *session, json_t *args, GError **errp)
{
    g_autoptr(GHashTable) parents = type_parents();
    TypeWalk walk = {
        .parents = parents,
        .implements = qmp_get_str(args, "implements"),
        .abstract = qmp_get_bool(args, "abstract", false),
        .list = json_array(),
    };

    qom_foreach_type(list_type, &walk);
    return walk.list;
}

/* The default of a row, as a device of the class has it without -global; NULL for none. */
static json_t *default_json(const Property *prop)
{
    union {
        char bytes[64];
        uint64_t number;
        void *pointer;
    } field = {};
    g_autoptr(GVariant) value = NULL;

    if (prop->type == &prop_type_string || prop->type == &prop_type_mac) {
        return NULL;
    }
    prop->type->set_default(&field, prop);
    value = g_variant_ref_sink(prop->type->get(&field, prop));
    if (prop->type->release) {
        prop->type->release(&field);
    }
    return variant_json(value);
}

static void list_property(const DeviceClass *owner, const Property *prop, void *opaque)
{
    json_t *entry = json_pack("{s:s, s:s}", "name", prop->name, "type", prop->type->name);
    json_t *value = default_json(prop);

    if (prop->help) {
        json_object_set_new(entry, "description", json_string(prop->help));
    }
    if (value) {
        json_object_set_new(entry, "default-value", value);
    }
    json_array_append_new(opaque, entry);
}

static json_t *device_list_properties(QmpSession *session, json_t *args, GError **errp)
{
    const char *name = qmp_get_str(args, "typename");
    const DeviceClass *cls = device_class_find(name);
    g_autoptr(GHashTable) parents = type_parents();
    TypeWalk walk = {.parents = parents, .implements = "device"};
    json_t *list;

    if (!cls && !g_hash_table_contains(parents, name)) {
        qmp_error_setg(errp, QMP_ERROR_DEVICE_NOT_FOUND, "Device '%s' not found", name);
        return NULL;
    }
    if (!cls && !type_implements(&walk, name)) {
        error_setg(errp, "Parameter 'typename' expects device");
        return NULL;
    }
    if (cls ? cls->abstract : !strchr(name, '-') || g_str_equal(name, "x86_64-cpu")) {
        error_setg(errp, "Parameter 'typename' expects a non-abstract device type");
        return NULL;
    }
    list = json_array();
    if (cls) { /* a CPU has none: -cpu says it all */
        device_class_foreach_property(cls, list_property, list);
    }
    return list;
}

/* -------------------------------------------------------------------------------- devices -- */

/* The properties in `args`, checked against the class: a{sv}, floating. NULL with an error. */
static GVariant *device_add_properties(const DeviceClass *cls, json_t *args, GError **errp)
{
    g_auto(GVariantBuilder) builder = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE_VARDICT);
    const char *name;
    json_t *value;

    json_object_foreach (args, name, value) {
        const Property *prop;
        GVariant *variant;

        if (g_str_equal(name, "driver") || g_str_equal(name, "id") || g_str_equal(name, "bus")) {
            continue;
        }
        prop = find_property(cls, name);
        if (!prop) {
            error_setg(errp, "Property '%s.%s' not found", cls->name, name);
            return NULL;
        }
        variant = property_value(prop, value, errp);
        if (!variant) {
            return NULL;
        }
        g_variant_builder_add(&builder, "{sv}", name, variant);
    }
    return g_variant_builder_end(&builder);
}

static const QmpMember device_add_args[] = {
    QMP_MUST("driver", qmp_str), QMP_MAY("bus", qmp_str), QMP_MAY("id", qmp_str), {}};

bool qmp_device_add_json(json_t *args, bool hotplug, GError **errp)
{
    const char *driver = qmp_get_str(args, "driver");
    const DeviceClass *cls = driver ? device_class_find(driver) : NULL;
    GVariant *props;

    if (!qmp_check_members(device_add_args, args, true, errp)) {
        return false;
    }
    props = g_variant_new("a{sv}", NULL);
    if (cls && !cls->abstract && !cls->internal) {
        g_variant_unref(g_variant_ref_sink(props));
        props = device_add_properties(cls, args, errp);
    }
    return props && device_add_props(driver, qmp_get_str(args, "id"), qmp_get_str(args, "bus"),
                                     props, hotplug, errp);
}

static json_t *qmp_device_add(QmpSession *session, json_t *args, GError **errp)
{
    qmp_device_add_json(args, true, errp);
    return NULL;
}

static json_t *qmp_device_del(QmpSession *session, json_t *args, GError **errp)
{
    const char *name = qmp_get_str(args, "id");
    QomNode node = {.dev = *name == '/' ? NULL : device_find(name)};
    g_autofree char *path = NULL;
    g_autofree char *id = NULL;
    json_t *data;

    if (!node.dev) {
        if (*name != '/') {
            qmp_error_setg(errp, QMP_ERROR_DEVICE_NOT_FOUND, "Device '%s' not found", name);
            return NULL;
        }
        if (!qom_resolve(name, &node, errp)) {
            return NULL;
        }
        if (node.kind != QOM_DEVICE) {
            error_setg(errp, "%s is not a hotpluggable device", name);
            return NULL;
        }
    }
    path = qom_device_path(node.dev);
    id = g_strdup(node.dev->id);
    if (!device_del(node.dev, errp)) {
        return NULL;
    }
    data = json_pack("{s:s}", "path", path);
    if (id) {
        json_object_set_new(data, "device", json_string(id));
    }
    qmp_event("DEVICE_DELETED", data);
    return NULL;
}

/* ---------------------------------------------------------------------------------- table -- */

static const QmpType type_info = QMP_STRUCT(
    QMP_MUST("name", qmp_str), QMP_MAY("abstract", qmp_bool), QMP_MAY("parent", qmp_str));
static const QmpType type_infos = QMP_LIST(type_info);

const QmpCommand qmp_qom_commands[] = {
    {.name = "qom-list",
     .args = QMP_MEMBERS(QMP_MUST("path", qmp_str)),
     .returns = &property_infos,
     .run = qom_list},
    {.name = "qom-get",
     .args = QMP_MEMBERS(QMP_MUST("path", qmp_str), QMP_MUST("property", qmp_str)),
     .returns = &qmp_any,
     .run = qom_get},
    {.name = "qom-set",
     .args = QMP_MEMBERS(QMP_MUST("path", qmp_str), QMP_MUST("property", qmp_str),
                         QMP_MUST("value", qmp_any)),
     .run = qom_set},
    {.name = "qom-list-types",
     .args = QMP_MEMBERS(QMP_MAY("implements", qmp_str), QMP_MAY("abstract", qmp_bool)),
     .returns = &type_infos,
     .run = qom_list_types},
    {.name = "device-list-properties",
     .args = QMP_MEMBERS(QMP_MUST("typename", qmp_str)),
     .returns = &property_infos,
     .run = device_list_properties},
    {.name = "device_add",
     .args = device_add_args,
     .open = true,
     .run = qmp_device_add},
    {.name = "device_del",
     .args = QMP_MEMBERS(QMP_MUST("id", qmp_str)),
     .run = qmp_device_del},
    {}};
