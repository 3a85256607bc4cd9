/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Device classes: look-up, properties along the line of parents, -global, help.
 */
#include <stdio.h>
#include <string.h>

#include "internal.h"

static const Property device_props[] = {
    PROP_BOOL("coalesced-mmio", Device, coalesced_mmio, true, .live = true,
              .help = "queue memory writes that nobody waits for"),
    PROP_BOOL("coalesced-pio", Device, coalesced_pio, true, .live = true,
              .help = "queue port writes that nobody waits for"),
    {}};

const DeviceClass device_class = {
    .name = "device",
    .size = sizeof(Device),
    .abstract = true,
    .bus = &system_bus_class,
    .props = device_props,
};

bool device_class_is(const DeviceClass *cls, const DeviceClass *base)
{
    while (cls && cls != base) {
        cls = cls->parent;
    }
    return cls != NULL;
}

const BusClass *device_class_bus(const DeviceClass *cls)
{
    while (!cls->bus) {
        cls = cls->parent;
    }
    return cls->bus;
}

bool device_class_shows(const DeviceClass *cls, const Property *prop)
{
    if (cls == &device_class) {
        return true; /* -global device.coalesced-mmio=off means all of them */
    }
    if (prop == &device_props[0]) {
        return device_class_declares_range(cls, false);
    }
    if (prop == &device_props[1]) {
        return device_class_declares_range(cls, true);
    }
    return true;
}

const Property *device_class_property(const DeviceClass *cls, const char *name)
{
    for (const DeviceClass *c = cls; c; c = c->parent) {
        const Property *prop = property_find(c->props, name);

        if (prop) {
            return device_class_shows(cls, prop) ? prop : NULL;
        }
    }
    return NULL;
}

void device_class_foreach_property(const DeviceClass *cls,
                                   void (*fn)(const DeviceClass *owner, const Property *prop,
                                              void *opaque),
                                   void *opaque)
{
    for (const DeviceClass *c = cls; c; c = c->parent) {
        for (const Property *prop = c->props; prop && prop->name; prop++) {
            /* Not what the class does not show, nor what a subclass has its own row for. */
            if (device_class_property(cls, prop->name) == prop) {
                fn(c, prop, opaque);
            }
        }
    }
}

/* ------------------------------------------------------------------------------- -global -- */

typedef struct GlobalProperty {
    char *driver;
    char *property;
    char *value;
} GlobalProperty;

static GPtrArray *globals; /* in the order of the command line; a later one wins */

static void global_free(void *data)
{
    GlobalProperty *global = data;

    g_free(global->driver);
    g_free(global->property);
    g_free(global->value);
    g_free(global);
}

void device_global_append(const char *driver, const char *property, const char *value)
{
    GlobalProperty *global = g_new(GlobalProperty, 1);

    *global = (GlobalProperty){g_strdup(driver), g_strdup(property), g_strdup(value)};
    if (!globals) {
        globals = g_ptr_array_new_with_free_func(global_free);
    }
    g_ptr_array_add(globals, global);
}

void device_clear_globals(void)
{
    g_clear_pointer(&globals, g_ptr_array_unref);
}

static void defaults_from_root(Device *dev, const DeviceClass *cls)
{
    if (cls->parent) {
        defaults_from_root(dev, cls->parent);
    }
    property_set_defaults(dev, cls->props);
}

void device_apply_defaults(Device *dev)
{
    defaults_from_root(dev, dev->cls);
    for (unsigned i = 0; globals && i < globals->len; i++) {
        const GlobalProperty *global = globals->pdata[i];

        for (const DeviceClass *cls = dev->cls; cls; cls = cls->parent) {
            if (g_str_equal(cls->name, global->driver) ||
                g_strcmp0(cls->alias, global->driver) == 0) {
                const Property *prop = device_class_property(dev->cls, global->property);
                g_autofree char *path = g_strdup_printf("%s.%s", global->driver, global->property);

                /* Checked when the option was read, but for ranges that a subclass narrowed. */
                if (prop) {
                    property_set(dev, prop, path, g_variant_new_string(global->value), NULL);
                }
                break;
            }
        }
    }
}

/* ---------------------------------------------------------------------------------- help -- */

static void gather_row(const DeviceClass *owner, const Property *prop, void *opaque)
{
    g_ptr_array_add(opaque, (void *)prop);
}

void device_class_print_help(const DeviceClass *cls, GString *out)
{
    g_autoptr(GPtrArray) rows = g_ptr_array_new();

    device_class_foreach_property(cls, gather_row, rows);
    if (!rows->len) {
        g_string_append_printf(out, "There are no options for %s.\n", cls->name);
        return;
    }
    g_string_append_printf(out, "%s options:\n", cls->name);
    property_print_sorted(out, rows);
}
