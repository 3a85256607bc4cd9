/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Paths and types of the machine's objects.
 */
#include "qom.h"

#include <string.h>

#include "accel/accel.h"
#include "hw/core/machine.h"
#include "objects.h"
#include "qmp-internal.h"

#define CPU_TYPE "x86_64-cpu"

/* ----------------------------------------------------------------------------------- types -- */

char *qom_cpu_type_name(const char *model)
{
    return g_strdup_printf("%.*s-" CPU_TYPE, (int)strcspn(model, ","), model);
}

char *qom_type_name(const QomNode *node)
{
    switch (node->kind) {
    case QOM_MACHINE:
        return g_strconcat(machine_current()->cls->name, "-machine", NULL);
    case QOM_CPU:
        return qom_cpu_type_name(machine_current()->cpu_model);
    case QOM_DEVICE:
        return g_strdup(node->dev->cls->name);
    case QOM_BUS:
        return g_strdup(node->bus->cls->name);
    case QOM_OBJECT:
        return g_strdup(node->type);
    default:
        return g_strdup("container");
    }
}

typedef struct TypesWalk {
    QomTypeFunc fn;
    void *opaque;
} TypesWalk;

static void cpu_type(const char *model, bool fixed, void *opaque)
{
    const TypesWalk *types = opaque;
    g_autofree char *name = qom_cpu_type_name(model);

    types->fn(name, CPU_TYPE, false, types->opaque);
}

/* The kinds of buses are known from the classes that sit on them. */
static void bus_types(QomTypeFunc fn, void *opaque)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);

    for (const DeviceClass *const *cls = device_classes; *cls; cls++) {
        const BusClass *bus = device_class_bus(*cls);

        if (g_hash_table_add(seen, (void *)bus)) {
            fn(bus->name, "bus", false, opaque);
        }
    }
}

static void object_type(const char *name, void *opaque)
{
    const TypesWalk *types = opaque;

    types->fn(name, "object", false, types->opaque);
}

void qom_foreach_type(QomTypeFunc fn, void *opaque)
{
    TypesWalk types = {fn, opaque};

    fn("object", NULL, true, opaque);
    fn("container", "object", false, opaque);
    fn("bus", "object", true, opaque);
    bus_types(fn, opaque);
    fn("machine", "object", true, opaque);
    for (const MachineClass *const *cls = machine_classes; *cls; cls++) {
        g_autofree char *name = g_strconcat((*cls)->name, "-machine", NULL);

        fn(name, "machine", false, opaque);
    }
    for (const DeviceClass *const *cls = device_classes; *cls; cls++) {
        fn((*cls)->name, (*cls)->parent ? (*cls)->parent->name : "object", (*cls)->abstract,
           opaque);
    }
    fn("cpu", "device", true, opaque);
    fn(CPU_TYPE, "cpu", true, opaque);
    cpu_models_foreach(cpu_type, &types);
    object_types_foreach(object_type, &types);
}

/* ----------------------------------------------------------------------------------- paths -- */

char *qom_cpu_path(unsigned cpu)
{
    return g_strdup_printf("/machine/unattached/device[%u]", cpu);
}

/* The last part of a device's path. */
static char *device_name(const Device *dev)
{
    if (dev->id) {
        return g_strdup(dev->id);
    }
    return g_strdup_printf("device[%u]", dev->number + (dev->by_user ? 0 : vcpu_count()));
}

static QomKind container_of_device(const Device *dev)
{
    return dev->id ? QOM_PERIPHERAL : dev->by_user ? QOM_PERIPHERAL_ANON : QOM_UNATTACHED;
}

static const char *container_name(QomKind kind)
{
    switch (kind) {
    case QOM_PERIPHERAL:
        return "peripheral";
    case QOM_PERIPHERAL_ANON:
        return "peripheral-anon";
    default:
        return "unattached";
    }
}

char *qom_device_path(const Device *dev)
{
    g_autofree char *name = device_name(dev);

    return g_strdup_printf("/machine/%s/%s", container_name(container_of_device(dev)), name);
}

char *qom_bus_link_name(unsigned n)
{
    return g_strdup_printf("child[%u]", n);
}

char *qom_bus_path(const Bus *bus)
{
    g_autofree char *parent = bus->parent ? qom_device_path(bus->parent) : NULL;

    return parent ? g_strdup_printf("%s/%s", parent, bus->name)
                  : g_strdup("/machine/unattached/sysbus");
}

/* -------------------------------------------------------------------------------- children -- */

typedef struct DeviceWalk {
    QomKind container;
    QomChildFunc fn;
    void *opaque;
} DeviceWalk;

static void walk_device(Device *dev, void *opaque)
{
    const DeviceWalk *walk = opaque;

    if (container_of_device(dev) == walk->container) {
        g_autofree char *name = device_name(dev);

        walk->fn(name, &(QomNode){.kind = QOM_DEVICE, .dev = dev}, walk->opaque);
    }
}

typedef struct ObjectWalk {
    QomChildFunc fn;
    void *opaque;
} ObjectWalk;

static void walk_object(const char *id, const char *type, void *opaque)
{
    const ObjectWalk *walk = opaque;

    walk->fn(id, &(QomNode){.kind = QOM_OBJECT, .type = type}, walk->opaque);
}

static void machine_children(QomChildFunc fn, void *opaque)
{
    for (QomKind kind = QOM_PERIPHERAL; kind <= QOM_UNATTACHED; kind++) {
        fn(container_name(kind), &(QomNode){.kind = kind}, opaque);
    }
}

static void unattached_children(QomChildFunc fn, void *opaque)
{
    fn("sysbus", &(QomNode){.kind = QOM_BUS, .bus = system_bus()}, opaque);
    for (unsigned i = 0; i < vcpu_count(); i++) {
        g_autofree char *name = g_strdup_printf("device[%u]", i);

        fn(name, &(QomNode){.kind = QOM_CPU, .cpu = i}, opaque);
    }
}

void qom_foreach_child(const QomNode *node, QomChildFunc fn, void *opaque)
{
    DeviceWalk walk = {node->kind, fn, opaque};
    Bus *bus;

    switch (node->kind) {
    case QOM_ROOT:
        fn("machine", &(QomNode){.kind = QOM_MACHINE}, opaque);
        fn("objects", &(QomNode){.kind = QOM_OBJECTS}, opaque);
        break;
    case QOM_OBJECTS:
        objects_foreach(walk_object, &(ObjectWalk){fn, opaque});
        break;
    case QOM_MACHINE:
        machine_children(fn, opaque);
        break;
    case QOM_UNATTACHED:
        unattached_children(fn, opaque);
        device_foreach(walk_device, &walk);
        break;
    case QOM_PERIPHERAL:
    case QOM_PERIPHERAL_ANON:
        device_foreach(walk_device, &walk);
        break;
    case QOM_DEVICE:
        TAILQ_FOREACH (bus, &node->dev->buses, sibling) {
            fn(bus->name, &(QomNode){.kind = QOM_BUS, .bus = bus}, opaque);
        }
        break;
    case QOM_CPU:
    case QOM_OBJECT:
    case QOM_BUS: /* a bus has links to its devices, which are children of others */
        break;
    }
}

/* --------------------------------------------------------------------------------- look-up -- */

typedef struct Find {
    char **parts;  /* what is left of the path; NULL-terminated */
    bool anywhere; /* it may begin below, too */
    unsigned found;
    QomNode node;
} Find;

static void find_below(const QomNode *node, Find *find);

static void find_child(const char *name, const QomNode *child, void *opaque)
{
    Find *find = opaque;

    if (g_str_equal(name, find->parts[0])) {
        Find rest = {.parts = find->parts + 1};

        find_below(child, &rest);
        find->found += rest.found;
        find->node = rest.found ? rest.node : find->node;
    }
    if (find->anywhere) {
        find_below(child, find);
    }
}

/* The object that a link of the node leads to. */
static bool follow_link(const QomNode *node, const char *name, QomNode *to)
{
    if (node->kind == QOM_DEVICE && g_str_equal(name, "parent_bus")) {
        *to = (QomNode){.kind = QOM_BUS, .bus = node->dev->bus};
        return true;
    }
    if (node->kind == QOM_BUS) {
        unsigned i = 0;
        Device *dev;

        TAILQ_FOREACH (dev, &node->bus->devices, sibling) {
            g_autofree char *link = qom_bus_link_name(i++);

            if (g_str_equal(link, name)) {
                *to = (QomNode){.kind = QOM_DEVICE, .dev = dev};
                return true;
            }
        }
    }
    return false;
}

static void find_below(const QomNode *node, Find *find)
{
    QomNode to;

    if (!find->parts[0]) {
        find->found++;
        find->node = *node;
        return;
    }
    qom_foreach_child(node, find_child, find);
    if (!find->anywhere && !find->found && follow_link(node, find->parts[0], &to)) {
        Find rest = {.parts = find->parts + 1};

        find_below(&to, &rest);
        find->found = rest.found;
        find->node = rest.node;
    }
}

bool qom_resolve(const char *path, QomNode *node, GError **errp)
{
    g_auto(GStrv) parts = g_strsplit(path + (*path == '/'), "/", -1);
    const QomNode root = {.kind = QOM_ROOT};
    Find find = {.parts = parts, .anywhere = *path != '/'};

    if (*path) {
        find_below(&root, &find);
    }
    if (!find.found) {
        qmp_error_setg(errp, QMP_ERROR_DEVICE_NOT_FOUND, "Device '%s' not found", path);
        return false;
    }
    if (find.found > 1) {
        error_setg(errp, "Path '%s' does not uniquely identify an object", path);
        return false;
    }
    *node = find.node;
    return true;
}
