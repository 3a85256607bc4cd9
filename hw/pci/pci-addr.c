/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The property `addr`: a slot and a function, as "1f.7" or "1f", both in hexadecimal. As a number
 * it is slot << 3 | function, and -1 is the next free slot.
 */
#include "pci-internal.h"

/* Parse hexadecimal digits at `*text` up to `max`; `*text` goes on to what follows them. */
static bool parse_hex(const char **text, unsigned max, unsigned *value)
{
    const char *p = *text;

    for (*value = 0; g_ascii_isxdigit(*p) && *value <= max; p++) {
        *value = *value << 4 | g_ascii_xdigit_value(*p);
    }
    if (p == *text || *value > max) {
        return false;
    }
    *text = p;
    return true;
}

static bool parse_devfn(const char *text, int32_t *devfn)
{
    unsigned slot, fn = 0;

    if (!parse_hex(&text, 31, &slot)) {
        return false;
    }
    if (*text == '.') {
        text++;
        if (!parse_hex(&text, 7, &fn)) {
            return false;
        }
    }
    *devfn = PCI_DEVFN(slot, fn);
    return *text == '\0';
}

static bool devfn_set(void *field, const Property *prop, const char *path, GVariant *value,
                      GError **errp)
{
    g_autofree char *shown = NULL;
    int32_t devfn;

    if (!g_variant_is_of_type(value, G_VARIANT_TYPE_STRING)) {
        Property number = {.name = prop->name, .type = &prop_type_int32};

        if (!property_set(&devfn, &number, path, value, errp)) {
            return false;
        }
        if (devfn >= -1 && devfn <= 255) {
            *(int32_t *)field = devfn;
            return true;
        }
    } else if (parse_devfn(g_variant_get_string(value, NULL), &devfn)) {
        *(int32_t *)field = devfn;
        return true;
    }
    shown = g_variant_print(value, FALSE);
    error_setg(errp,
               "Property '%s' doesn't take value %s: give slot[.function] in hexadecimal, up to "
               "1f.7",
               path, shown);
    return false;
}

static GVariant *devfn_get(const void *field, const Property *prop)
{
    return g_variant_new_int32(*(const int32_t *)field);
}

static void devfn_default(void *field, const Property *prop)
{
    *(int32_t *)field = prop->defval;
}

static char *devfn_print(const void *field)
{
    int32_t devfn = *(const int32_t *)field;

    return devfn < 0 ? g_strdup("<unset>")
                     : g_strdup_printf("%02x.%x", PCI_SLOT(devfn), PCI_FUNC(devfn));
}

const PropertyType prop_type_pci_devfn = {.name = "int32",
                                          .set = devfn_set,
                                          .get = devfn_get,
                                          .set_default = devfn_default,
                                          .print = devfn_print};
