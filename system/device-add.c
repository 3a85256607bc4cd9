/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -device: from an option list to a realized device.
 */
#include "system/device-add.h"

#include "backends/parse.h"
#include "error.h"

static bool set_property(const char *key, const char *value, void *opaque, GError **errp)
{
    return device_set_property_str(opaque, key, value, errp);
}

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

Device *device_add(Opts *opts, GError **errp)
{
    g_autofree char *driver = opts_take(opts, "driver");
    g_autofree char *id = opts_take(opts, "id");
    g_autofree char *bus_name = opts_take(opts, "bus");
    const DeviceClass *cls;
    Device *dev;
    Bus *bus;

    if (!driver) {
        error_setg(errp, "Parameter 'driver' is missing");
        return NULL;
    }
    cls = device_class_find(driver);
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
    if (!bus) {
        return NULL;
    }
    dev = device_new(cls);
    dev->id = g_steal_pointer(&id);
    if (!opts_foreach(opts, set_property, dev, errp) || !device_realize(dev, bus, errp)) {
        device_free(dev);
        return NULL;
    }
    return dev;
}
