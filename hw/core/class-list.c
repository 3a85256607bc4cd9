/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What needs the list of all classes (hw/devices.c): finding by name, `-device help`, -global.
 *
 * Apart from class.c, so that a test of one device does not link them all.
 */
#include <string.h>

#include "internal.h"

const DeviceClass *device_class_find(const char *name)
{
    for (const DeviceClass *const *cls = device_classes; *cls; cls++) {
        if (g_str_equal((*cls)->name, name) || g_strcmp0((*cls)->alias, name) == 0) {
            return *cls;
        }
    }
    return NULL;
}

bool device_add_global(const char *driver, const char *property, const char *value, GError **errp)
{
    const DeviceClass *cls = device_class_find(driver);
    const Property *prop;
    g_autofree char *path = g_strdup_printf("%s.%s", driver, property);
    g_autofree void *scratch = NULL;
    bool ok;

    if (!cls) {
        error_setg(errp, "'%s' is not a valid device model name: -device help lists them", driver);
        return false;
    }
    prop = device_class_property(cls, property);
    if (!prop) {
        error_setg(errp, "Property '%s' not found: -device %s,help lists them", path, driver);
        return false;
    }
    /* Try the value on a state that no device has. */
    scratch = g_malloc0(cls->size);
    prop->type->set_default((char *)scratch + prop->offset, prop);
    ok = property_set(scratch, prop, path, g_variant_new_string(value), errp);
    if (prop->type->release) {
        prop->type->release((char *)scratch + prop->offset);
    }
    if (ok) {
        device_global_append(driver, property, value);
    }
    return ok;
}

static int compare_classes(const void *a, const void *b)
{
    const DeviceClass *const *x = a, *const *y = b;
    int order = g_strcmp0((*x)->category, (*y)->category);

    return order ? order : strcmp((*x)->name, (*y)->name);
}

void device_classes_print_help(GString *out)
{
    g_autoptr(GPtrArray) sorted = g_ptr_array_new();
    const char *category = NULL;

    for (const DeviceClass *const *cls = device_classes; *cls; cls++) {
        if (!(*cls)->abstract && !(*cls)->internal) {
            g_ptr_array_add(sorted, (void *)*cls);
        }
    }
    g_ptr_array_sort(sorted, compare_classes);
    for (unsigned i = 0; i < sorted->len; i++) {
        const DeviceClass *cls = sorted->pdata[i];

        if (i == 0 || g_strcmp0(category, cls->category) != 0) {
            category = cls->category;
            g_string_append_printf(out, "%s%s devices:\n", i ? "\n" : "",
                                   category ? category : "Misc");
        }
        g_string_append_printf(out, "name \"%s\", bus %s", cls->name, device_class_bus(cls)->name);
        if (cls->alias) {
            g_string_append_printf(out, ", alias \"%s\"", cls->alias);
        }
        if (cls->desc) {
            g_string_append_printf(out, ", desc \"%s\"", cls->desc);
        }
        g_string_append_c(out, '\n');
    }
}
