/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices and buses: the tree, the life cycle, reset.
 */
#include "hw/core/device.h"

#include <string.h>

#include "internal.h"

Device *device_cast(Device *dev, const DeviceClass *cls)
{
    g_assert(device_class_is(dev->cls, cls));
    return dev;
}

/* ---------------------------------------------------------------------------- life cycle -- */

Device *device_new(const DeviceClass *cls)
{
    Device *dev;

    g_assert(!cls->abstract && cls->size >= sizeof(Device));
    dev = g_malloc0(cls->size);
    dev->cls = cls;
    dev->owner.name = cls->name;
    TAILQ_INIT(&dev->buses);
    device_apply_defaults(dev);
    return dev;
}

static void unrealize_from(Device *dev, const DeviceClass *cls)
{
    for (; cls; cls = cls->parent) {
        if (cls->unrealize) {
            cls->unrealize(dev);
        }
    }
}

static void destroy_buses(Device *dev)
{
    Bus *bus;

    while ((bus = TAILQ_FIRST(&dev->buses))) {
        bus_destroy(bus);
    }
}

/* Realize the classes from the root down to `cls`. Returns the class that failed, or NULL. */
static const DeviceClass *realize_from_root(Device *dev, const DeviceClass *cls, GError **errp)
{
    const DeviceClass *failed = cls->parent ? realize_from_root(dev, cls->parent, errp) : NULL;

    if (!failed && cls->realize && !cls->realize(dev, errp)) {
        failed = cls;
    }
    return failed;
}

static unsigned next_number[2]; /* Device.number, of the board's and of the user's */

bool device_realize(Device *dev, Bus *bus, GError **errp)
{
    const BusClass *wanted = device_class_bus(dev->cls);
    const DeviceClass *failed;

    g_assert(!dev->realized);
    if (!bus) {
        bus = system_bus();
    }
    if (bus->cls != wanted) {
        error_setg(errp, "Device '%s' can't go on %s bus", dev->cls->name, bus->cls->name);
        return false;
    }
    dev->bus = bus;
    dev->owner.name = dev->id ? dev->id : dev->cls->name;
    failed = realize_from_root(dev, dev->cls, errp);
    if (failed) {
        destroy_buses(dev);
        unrealize_from(dev, failed->parent);
        device_free_gpio(dev);
        dev->bus = NULL;
        return false;
    }
    if (!dev->id) {
        dev->number = next_number[dev->by_user]++;
    }
    TAILQ_INSERT_TAIL(&bus->devices, dev, sibling);
    dev->realized = true;
    if (bus->cls->realized) {
        bus->cls->realized(dev);
    }
    device_update_coalescing(dev);
    return true;
}

void device_realize_or_die(Device *dev, Bus *bus)
{
    g_autoptr(GError) err = NULL;

    if (!device_realize(dev, bus, &err)) {
        g_error("%s: %s", dev->cls->name, err->message);
    }
}

static void release_properties(Device *dev)
{
    for (const DeviceClass *cls = dev->cls; cls; cls = cls->parent) {
        property_release_all(dev, cls->props);
    }
}

void device_free(Device *dev)
{
    if (!dev) {
        return;
    }
    destroy_buses(dev);
    if (dev->realized) {
        TAILQ_REMOVE(&dev->bus->devices, dev, sibling);
        dev->realized = false;
        unrealize_from(dev, dev->cls);
    }
    device_free_gpio(dev);
    release_properties(dev);
    g_free(dev->id);
    g_free(dev);
}

/* --------------------------------------------------------------------------------- reset -- */

static void reset_from_root(Device *dev, const DeviceClass *cls)
{
    if (cls->parent) {
        reset_from_root(dev, cls->parent);
    }
    if (cls->reset) {
        cls->reset(dev);
    }
}

static void bus_reset(Bus *bus)
{
    Device *dev;

    TAILQ_FOREACH (dev, &bus->devices, sibling) {
        device_reset(dev);
    }
}

void device_reset(Device *dev)
{
    Bus *bus;

    reset_from_root(dev, dev->cls);
    TAILQ_FOREACH (bus, &dev->buses, sibling) {
        bus_reset(bus);
    }
}

void devices_reset(void)
{
    memory_region_transaction_begin();
    bus_reset(system_bus());
    memory_region_transaction_commit();
}

/* ---------------------------------------------------------------------------- properties -- */

bool device_set_property(Device *dev, const char *name, GVariant *value, GError **errp)
{
    g_autoptr(GVariant) held = g_variant_ref_sink(value);
    const Property *prop = device_class_property(dev->cls, name);
    g_autofree char *path = g_strdup_printf("%s.%s", dev->cls->name, name);

    if (!prop) {
        error_setg(errp, "Property '%s' not found", path);
        return false;
    }
    if (dev->realized && !prop->live) {
        error_setg(errp,
                   "Attempt to set property '%s' on device '%s' (type '%s') after it was"
                   " realized",
                   name, dev->id ? dev->id : "", dev->cls->name);
        return false;
    }
    if (!property_set(dev, prop, path, held, errp)) {
        return false;
    }
    if (dev->realized) {
        device_update_coalescing(dev);
    }
    return true;
}

bool device_set_property_str(Device *dev, const char *name, const char *value, GError **errp)
{
    return device_set_property(dev, name, g_variant_new_string(value), errp);
}

GVariant *device_get_property(Device *dev, const char *name, GError **errp)
{
    const Property *prop = device_class_property(dev->cls, name);

    if (!prop) {
        error_setg(errp, "Property '%s.%s' not found", dev->cls->name, name);
        return NULL;
    }
    return property_get(dev, prop);
}

static void set_known(Device *dev, const char *name, GVariant *value)
{
    g_autoptr(GError) err = NULL;

    if (!device_set_property(dev, name, value, &err)) {
        g_error("%s", err->message);
    }
}

void device_set_uint(Device *dev, const char *name, uint64_t value)
{
    set_known(dev, name, g_variant_new_uint64(value));
}

void device_set_bool(Device *dev, const char *name, bool value)
{
    set_known(dev, name, g_variant_new_boolean(value));
}

void device_set_str(Device *dev, const char *name, const char *value)
{
    set_known(dev, name, g_variant_new_string(value));
}

/* --------------------------------------------------------------------------------- buses -- */

const BusClass system_bus_class = {.name = "System"};

static Bus *the_system_bus;

Bus *system_bus(void)
{
    if (!the_system_bus) {
        the_system_bus = g_new0(Bus, 1);
        bus_init(the_system_bus, &system_bus_class, NULL, "main-system-bus");
    }
    return the_system_bus;
}

void system_bus_free(void)
{
    if (the_system_bus) {
        bus_destroy(the_system_bus);
        g_clear_pointer(&the_system_bus, g_free);
        next_number[false] = next_number[true] = 0;
    }
}

void bus_init(Bus *bus, const BusClass *cls, Device *parent, const char *name)
{
    bus->cls = cls;
    bus->name = g_strdup(name);
    bus->parent = parent;
    TAILQ_INIT(&bus->devices);
    if (parent) {
        TAILQ_INSERT_TAIL(&parent->buses, bus, sibling);
    }
}

void bus_destroy(Bus *bus)
{
    Device *dev;

    while ((dev = TAILQ_LAST(&bus->devices, BusDevices))) {
        device_free(dev);
    }
    if (bus->parent) {
        TAILQ_REMOVE(&bus->parent->buses, bus, sibling);
    }
    g_clear_pointer(&bus->name, g_free);
}

/* What a walk over the tree looks at; returns true to stop there. */
typedef struct TreeWalk {
    bool (*bus)(Bus *bus, void *opaque);
    bool (*device)(Device *dev, void *opaque);
    void *opaque;
} TreeWalk;

static bool walk_bus(Bus *bus, const TreeWalk *walk)
{
    Device *dev;
    Bus *child;

    if (walk->bus && walk->bus(bus, walk->opaque)) {
        return true;
    }
    TAILQ_FOREACH (dev, &bus->devices, sibling) {
        if (walk->device && walk->device(dev, walk->opaque)) {
            return true;
        }
        TAILQ_FOREACH (child, &dev->buses, sibling) {
            if (walk_bus(child, walk)) {
                return true;
            }
        }
    }
    return false;
}

typedef struct FindBus {
    const char *name;
    const BusClass *cls;
    Bus *found;
} FindBus;

static bool match_bus(Bus *bus, void *opaque)
{
    FindBus *find = opaque;

    if (find->name ? g_str_equal(bus->name, find->name) : bus->cls == find->cls) {
        find->found = bus;
    }
    return find->found != NULL;
}

Bus *bus_find(const char *name)
{
    FindBus find = {.name = name};

    walk_bus(system_bus(), &(TreeWalk){.bus = match_bus, .opaque = &find});
    return find.found;
}

Bus *bus_find_class(const BusClass *cls)
{
    FindBus find = {.cls = cls};

    walk_bus(system_bus(), &(TreeWalk){.bus = match_bus, .opaque = &find});
    return find.found;
}

typedef struct FindDevice {
    const char *id;
    const DeviceClass *cls;
    Device *found;
} FindDevice;

static bool match_device(Device *dev, void *opaque)
{
    FindDevice *find = opaque;

    if (find->id ? g_strcmp0(dev->id, find->id) == 0 : device_class_is(dev->cls, find->cls)) {
        find->found = dev;
    }
    return find->found != NULL;
}

Device *device_find(const char *id)
{
    FindDevice find = {.id = id};

    walk_bus(system_bus(), &(TreeWalk){.device = match_device, .opaque = &find});
    return find.found;
}

Device *device_find_class(const DeviceClass *cls)
{
    FindDevice find = {.cls = cls};

    walk_bus(system_bus(), &(TreeWalk){.device = match_device, .opaque = &find});
    return find.found;
}

typedef struct ForeachDevice {
    void (*fn)(Device *dev, void *opaque);
    void *opaque;
} ForeachDevice;

static bool call_device(Device *dev, void *opaque)
{
    ForeachDevice *each = opaque;

    each->fn(dev, each->opaque);
    return false;
}

void device_foreach(void (*fn)(Device *dev, void *opaque), void *opaque)
{
    ForeachDevice each = {fn, opaque};

    walk_bus(system_bus(), &(TreeWalk){.device = call_device, .opaque = &each});
}

/* ----------------------------------------------------------------------------- info qtree -- */

static void print_bus(Bus *bus, GString *out, int indent);

typedef struct PrintRow {
    Device *dev;
    GString *out;
    int indent;
} PrintRow;

static void print_property(const DeviceClass *owner, const Property *prop, void *opaque)
{
    PrintRow *row = opaque;
    g_autofree char *text = property_value_text(row->dev, prop);

    g_string_append_printf(row->out, "%*s%s = %s\n", row->indent, "", prop->name, text);
}

static void print_device(Device *dev, GString *out, int indent)
{
    PrintRow row = {dev, out, indent + 2};
    Bus *bus;

    g_string_append_printf(out, "%*sdev: %s, id \"%s\"\n", indent, "", dev->cls->name,
                           dev->id ? dev->id : "");
    device_class_foreach_property(dev->cls, print_property, &row);
    if (dev->bus->cls->print_address) {
        g_autoptr(GString) address = g_string_new(NULL);

        dev->bus->cls->print_address(dev, address);
        if (address->len) {
            g_string_append_printf(out, "%*saddress = %s\n", indent + 2, "", address->str);
        }
    }
    TAILQ_FOREACH (bus, &dev->buses, sibling) {
        print_bus(bus, out, indent + 2);
    }
}

static void print_bus(Bus *bus, GString *out, int indent)
{
    Device *dev;

    g_string_append_printf(out, "%*sbus: %s\n%*stype %s\n", indent, "", bus->name, indent + 2, "",
                           bus->cls->name);
    TAILQ_FOREACH (dev, &bus->devices, sibling) {
        print_device(dev, out, indent + 2);
    }
}

void device_print_tree(GString *out)
{
    print_bus(system_bus(), out, 0);
}
