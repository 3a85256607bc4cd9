/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -device: from an option list to a realized device.
 */
#include "system/device-add.h"

#include "backends/parse.h"
#include "error.h"

/* The bus that `bus=` names, else the first of the right kind. */
static Bus *choose_bus(const DeviceClass *cls, const char *name, GError **errp)
{
    const BusClass *kind = device_class_bus(cls);
    Bus *bus;

    if (name) {
        bus = bus_find(name);
        if (!bus) {
            error_setg(errp, "Bus '%s' not found: 'info qtree' lists them", name);
        }
        return bus;
    }
    bus = kind == &system_bus_class ? system_bus() : bus_find_class(kind);
    if (!bus) {
        error_setg(errp, "No '%s' bus found for device '%s'", kind->name, cls->name);
    }
    return bus;
}

static bool set_properties(Device *dev, GVariant *props, GError **errp)
{
    GVariantIter iter;
    const char *name;
    GVariant *value;

    g_variant_iter_init(&iter, props);
    while (g_variant_iter_next(&iter, "{&sv}", &name, &value)) {
        bool ok = device_set_property(dev, name, value, errp);

        g_variant_unref(value);
        if (!ok) {
            return false;
        }
    }
    return true;
}

static bool allows_hotplug(const DeviceClass *cls, const Bus *bus, GError **errp)
{
    if (!bus->cls->hotplug) {
        error_setg(errp, "Bus '%s' does not support hotplugging", bus->name);
        return false;
    }
    if (cls->no_hotplug || cls->internal) {
        error_setg(errp, "Device '%s' does not support hotplugging", cls->name);
        return false;
    }
    return true;
}

Device *device_add_props(const char *driver, const char *id, const char *bus_name,
                         GVariant *props, bool hotplug, GError **errp)
{
    g_autoptr(GVariant) held = g_variant_ref_sink(props);
    const DeviceClass *cls = device_class_find(driver);
    Device *dev;
    Bus *bus;

    if (!cls || cls->abstract) {
        error_setg(errp, "'%s' is not a valid device model name: -device help lists them", driver);
        return NULL;
    }
    if (cls->internal) {
        error_setg(errp,
                   "Parameter 'driver' expects a pluggable device type: '%s' is part of the"
                   " board",
                   driver);
        return NULL;
    }
    if (id && !parse_id("id", id, errp)) {
        return NULL;
    }
    if (id && device_find(id)) {
        error_setg(errp, "Duplicate ID '%s' for device", id);
        return NULL;
    }
    bus = choose_bus(cls, bus_name, errp);
    if (!bus || (hotplug && !allows_hotplug(cls, bus, errp))) {
        return NULL;
    }
    dev = device_new(cls);
    dev->id = g_strdup(id);
    dev->by_user = true;
    dev->hotplugged = hotplug;
    if (!set_properties(dev, held, errp) || !device_realize(dev, bus, errp)) {
        device_free(dev);
        return NULL;
    }
    if (hotplug) {
        device_reset(dev);
    }
    return dev;
}

static bool add_string(const char *key, const char *value, void *opaque, GError **errp)
{
    g_variant_builder_add(opaque, "{sv}", key, g_variant_new_string(value));
    return true;
}

Device *device_add(Opts *opts, GError **errp)
{
    g_autofree char *driver = opts_take(opts, "driver");
    g_autofree char *id = opts_take(opts, "id");
    g_autofree char *bus = opts_take(opts, "bus");
    GVariantBuilder builder;

    if (!driver) {
        error_setg(errp, "Parameter 'driver' is missing");
        return NULL;
    }
    g_variant_builder_init(&builder, G_VARIANT_TYPE_VARDICT);
    opts_foreach(opts, add_string, &builder, NULL);
    return device_add_props(driver, id, bus, g_variant_builder_end(&builder), false, errp);
}

bool device_del(Device *dev, GError **errp)
{
    if (!dev->by_user) {
        error_setg(errp, "Device '%s' is part of the board: it can't be unplugged",
                   dev->cls->name);
        return false;
    }
    if (!allows_hotplug(dev->cls, dev->bus, errp)) {
        return false;
    }
    /* Not in one memory transaction: regions must have left the map before they are destroyed. */
    device_free(dev);
    return true;
}
