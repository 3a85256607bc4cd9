/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Property types: how each kind of value is parsed, checked, shown and released.
 */
#include "hw/core/property.h"

#include <errno.h>
#include <string.h>

#include "hw/core/clock.h"

/* A value from the command line is a string, from QMP a typed one. */
static const char *string_of(GVariant *value)
{
    return g_variant_is_of_type(value, G_VARIANT_TYPE_STRING) ? g_variant_get_string(value, NULL)
                                                              : NULL;
}

/* An integer from a typed value, as sign and magnitude. False for other types. */
static bool integer_of(GVariant *value, bool *negative, uint64_t *magnitude)
{
    int64_t i;

    *negative = false;
    switch (g_variant_classify(value)) {
    case G_VARIANT_CLASS_BYTE:
        *magnitude = g_variant_get_byte(value);
        return true;
    case G_VARIANT_CLASS_UINT16:
        *magnitude = g_variant_get_uint16(value);
        return true;
    case G_VARIANT_CLASS_UINT32:
        *magnitude = g_variant_get_uint32(value);
        return true;
    case G_VARIANT_CLASS_UINT64:
        *magnitude = g_variant_get_uint64(value);
        return true;
    case G_VARIANT_CLASS_INT16:
        i = g_variant_get_int16(value);
        break;
    case G_VARIANT_CLASS_INT32:
        i = g_variant_get_int32(value);
        break;
    case G_VARIANT_CLASS_INT64:
        i = g_variant_get_int64(value);
        break;
    default:
        return false;
    }
    *negative = i < 0;
    *magnitude = i < 0 ? -(uint64_t)i : (uint64_t)i;
    return true;
}

/* Parse the whole of `text` as a number in C notation; octal is not meant by a leading 0. */
static bool parse_integer(const char *text, bool *negative, uint64_t *magnitude)
{
    const char *digits = text;
    char *end;

    *negative = *digits == '-';
    digits += *digits == '-' || *digits == '+';
    if (!g_ascii_isdigit(*digits)) {
        return false;
    }
    errno = 0;
    *magnitude =
        g_ascii_strtoull(digits, &end, g_ascii_strncasecmp(digits, "0x", 2) == 0 ? 16 : 10);
    return errno == 0 && *end == '\0';
}

/* The integer in `value` if it lies in [lo, hi], else an error that says what would. */
static bool get_integer(const char *path, GVariant *value, int64_t lo, uint64_t hi, int64_t *result,
                        GError **errp)
{
    const char *text = string_of(value);
    bool negative;
    uint64_t magnitude;

    if (text ? !parse_integer(text, &negative, &magnitude)
             : !integer_of(value, &negative, &magnitude)) {
        g_autofree char *shown = g_variant_print(value, FALSE);

        error_setg(errp, "Property '%s' expects an integer, not %s", path, shown);
        return false;
    }
    if (negative ? lo >= 0 || magnitude > -(uint64_t)lo
                 : magnitude > hi || (lo > 0 && magnitude < (uint64_t)lo)) {
        error_setg(errp,
                   "Property '%s' doesn't take value %s%" G_GUINT64_FORMAT
                   " (minimum: %" G_GINT64_FORMAT ", maximum: %" G_GUINT64_FORMAT ")",
                   path, negative ? "-" : "", magnitude, lo, hi);
        return false;
    }
    *result = negative ? -magnitude : magnitude;
    return true;
}

/* ------------------------------------------------------------------------------ integers -- */

#define DEFINE_INTEGER_TYPE(kind, ctype, text, lowest, highest, to_variant)                        \
    static bool set_##kind(void *field, const Property *prop, const char *path, GVariant *value,   \
                           GError **errp)                                                          \
    {                                                                                              \
        int64_t result;                                                                            \
        if (!get_integer(path, value, prop->max ? (int64_t)prop->min : lowest,                     \
                         prop->max ? prop->max : highest, &result, errp)) {                        \
            return false;                                                                          \
        }                                                                                          \
        *(ctype *)field = result;                                                                  \
        return true;                                                                               \
    }                                                                                              \
    static GVariant *get_##kind(const void *field, const Property *prop)                           \
    {                                                                                              \
        return to_variant(*(const ctype *)field);                                                  \
    }                                                                                              \
    static void default_##kind(void *field, const Property *prop)                                  \
    {                                                                                              \
        *(ctype *)field = prop->defval;                                                            \
    }                                                                                              \
    const PropertyType prop_type_##kind = {                                                        \
        .name = text, .set = set_##kind, .get = get_##kind, .set_default = default_##kind}

DEFINE_INTEGER_TYPE(uint8, uint8_t, "uint8", 0, UINT8_MAX, g_variant_new_byte);
DEFINE_INTEGER_TYPE(uint16, uint16_t, "uint16", 0, UINT16_MAX, g_variant_new_uint16);
DEFINE_INTEGER_TYPE(uint32, uint32_t, "uint32", 0, UINT32_MAX, g_variant_new_uint32);
DEFINE_INTEGER_TYPE(uint64, uint64_t, "uint64", 0, UINT64_MAX, g_variant_new_uint64);
DEFINE_INTEGER_TYPE(int32, int32_t, "int32", INT32_MIN, INT32_MAX, g_variant_new_int32);

/* --------------------------------------------------------------------- sizes, durations -- */

static bool set_size(void *field, const Property *prop, const char *path, GVariant *value,
                     GError **errp)
{
    const char *text = string_of(value);
    uint64_t size;

    if (text) {
        g_autoptr(GError) err = NULL;

        if (!parse_size(text, 1, &size, &err)) {
            error_setg(errp, "Property '%s': %s", path, err->message);
            return false;
        }
    } else {
        int64_t result;

        if (!get_integer(path, value, 0, UINT64_MAX, &result, errp)) {
            return false;
        }
        size = result;
    }
    if (prop->max && (size < prop->min || size > prop->max)) {
        error_setg(errp,
                   "Property '%s' doesn't take value %" G_GUINT64_FORMAT
                   " (minimum: %" G_GUINT64_FORMAT ", maximum: %" G_GUINT64_FORMAT ")",
                   path, size, prop->min, prop->max);
        return false;
    }
    *(uint64_t *)field = size;
    return true;
}

const PropertyType prop_type_size = {
    .name = "size", .set = set_size, .get = get_uint64, .set_default = default_uint64};

static bool set_duration(void *field, const Property *prop, const char *path, GVariant *value,
                         GError **errp)
{
    static const struct {
        const char *suffix;
        int64_t ns;
    } units[] = {{"", 1}, {"ns", 1}, {"us", 1000}, {"ms", 1000000}, {"s", 1000000000}};
    const char *text = string_of(value);
    int64_t ns = -1;

    if (text && g_ascii_isdigit(*text)) {
        char *end;
        uint64_t number = g_ascii_strtoull(text, &end, 10);

        for (size_t i = 0; i < G_N_ELEMENTS(units); i++) {
            if (g_str_equal(end, units[i].suffix) && number <= INT64_MAX / units[i].ns) {
                ns = number * units[i].ns;
            }
        }
    } else if (!text) {
        if (!get_integer(path, value, 0, INT64_MAX, &ns, errp)) {
            return false;
        }
    }
    if (ns < 0) {
        error_setg(errp, "Property '%s' expects a time such as 10ms, 500us or 1s", path);
        return false;
    }
    if (prop->max && (ns < prop->min || ns > prop->max)) {
        error_setg(errp,
                   "Property '%s' doesn't take %" G_GINT64_FORMAT "ns (minimum: %" G_GUINT64_FORMAT
                   "ns, maximum: %" G_GUINT64_FORMAT "ns)",
                   path, ns, prop->min, prop->max);
        return false;
    }
    *(int64_t *)field = ns;
    return true;
}

static GVariant *get_duration(const void *field, const Property *prop)
{
    return g_variant_new_int64(*(const int64_t *)field);
}

const PropertyType prop_type_duration = {
    .name = "duration", .set = set_duration, .get = get_duration, .set_default = default_uint64};

/* -------------------------------------------------------------------------------- choices -- */

static bool set_bool(void *field, const Property *prop, const char *path, GVariant *value,
                     GError **errp)
{
    const char *text = string_of(value);

    if (text) {
        return parse_bool(path, text, field, errp);
    }
    if (!g_variant_is_of_type(value, G_VARIANT_TYPE_BOOLEAN)) {
        error_setg(errp, "Property '%s' expects a boolean", path);
        return false;
    }
    *(bool *)field = g_variant_get_boolean(value);
    return true;
}

static GVariant *get_bool(const void *field, const Property *prop)
{
    return g_variant_new_boolean(*(const bool *)field);
}

static void default_bool(void *field, const Property *prop)
{
    *(bool *)field = prop->defval;
}

const PropertyType prop_type_bool = {
    .name = "bool", .set = set_bool, .get = get_bool, .set_default = default_bool};

/* Find the value among NULL-terminated names. */
static bool choose(const char *const *names, const char *path, GVariant *value, int *index,
                   GError **errp)
{
    const char *text = string_of(value);

    for (int i = 0; text && names[i]; i++) {
        if (g_str_equal(text, names[i])) {
            *index = i;
            return true;
        }
    }
    g_autofree char *shown = g_variant_print(value, FALSE);
    g_autofree char *all = g_strjoinv(", ", (char **)names);
    error_setg(errp, "Property '%s' doesn't take value %s (one of: %s)", path, shown, all);
    return false;
}

static bool set_enum(void *field, const Property *prop, const char *path, GVariant *value,
                     GError **errp)
{
    return choose(prop->values, path, value, field, errp);
}

static GVariant *get_enum(const void *field, const Property *prop)
{
    return g_variant_new_string(prop->values[*(const int *)field]);
}

static void default_enum(void *field, const Property *prop)
{
    *(int *)field = prop->defval;
}

const PropertyType prop_type_enum = {
    .name = "enum", .set = set_enum, .get = get_enum, .set_default = default_enum};

static const char *const on_off_auto_names[] = {"auto", "on", "off", NULL};

static bool set_on_off_auto(void *field, const Property *prop, const char *path, GVariant *value,
                            GError **errp)
{
    int index;

    if (g_variant_is_of_type(value, G_VARIANT_TYPE_BOOLEAN)) {
        index = g_variant_get_boolean(value) ? ON_OFF_AUTO_ON : ON_OFF_AUTO_OFF;
    } else if (!choose(on_off_auto_names, path, value, &index, errp)) {
        return false;
    }
    *(OnOffAuto *)field = index;
    return true;
}

static GVariant *get_on_off_auto(const void *field, const Property *prop)
{
    return g_variant_new_string(on_off_auto_names[*(const OnOffAuto *)field]);
}

static void default_on_off_auto(void *field, const Property *prop)
{
    *(OnOffAuto *)field = prop->defval;
}

const PropertyType prop_type_on_off_auto = {.name = "OnOffAuto",
                                            .set = set_on_off_auto,
                                            .get = get_on_off_auto,
                                            .set_default = default_on_off_auto};

/* -------------------------------------------------------------------------------- strings -- */

static bool set_string(void *field, const Property *prop, const char *path, GVariant *value,
                       GError **errp)
{
    const char *text = string_of(value);

    if (!text) {
        error_setg(errp, "Property '%s' expects a string", path);
        return false;
    }
    g_free(*(char **)field);
    *(char **)field = g_strdup(text);
    return true;
}

static GVariant *get_string(const void *field, const Property *prop)
{
    const char *text = *(char *const *)field;

    return g_variant_new_string(text ? text : "");
}

static void default_string(void *field, const Property *prop)
{
    g_free(*(char **)field); /* of a parent's row for the same field, or NULL */
    *(char **)field = g_strdup(prop->defstr);
}

static void release_string(void *field)
{
    g_clear_pointer((char **)field, g_free);
}

const PropertyType prop_type_string = {.name = "str",
                                       .set = set_string,
                                       .get = get_string,
                                       .set_default = default_string,
                                       .release = release_string};

/* Six pairs of hexadecimal digits with ':' or '-' between them, and nothing else. */
static bool parse_mac(const char *text, MacAddr *mac)
{
    for (int i = 0; i < 6; i++) {
        int high = g_ascii_xdigit_value(text[0]);
        int low = high < 0 ? -1 : g_ascii_xdigit_value(text[1]);

        if (low < 0 || (i < 5 ? text[2] != ':' && text[2] != '-' : text[2] != '\0')) {
            return false;
        }
        mac->a[i] = high << 4 | low;
        text += 3;
    }
    return true;
}

static bool set_mac(void *field, const Property *prop, const char *path, GVariant *value,
                    GError **errp)
{
    const char *text = string_of(value);
    MacAddr mac;

    if (!text || !parse_mac(text, &mac)) {
        g_autofree char *shown = g_variant_print(value, FALSE);

        error_setg(errp,
                   "Property '%s' doesn't take value %s: an address such as"
                   " 52:54:00:12:34:56 is needed",
                   path, shown);
        return false;
    }
    *(MacAddr *)field = mac;
    return true;
}

static GVariant *get_mac(const void *field, const Property *prop)
{
    const MacAddr *mac = field;
    g_autofree char *text = g_strdup_printf("%02x:%02x:%02x:%02x:%02x:%02x", mac->a[0], mac->a[1],
                                            mac->a[2], mac->a[3], mac->a[4], mac->a[5]);

    return g_variant_new_string(text);
}

static void default_mac(void *field, const Property *prop)
{
    memset(field, 0, sizeof(MacAddr));
}

const PropertyType prop_type_mac = {
    .name = "macaddr", .set = set_mac, .get = get_mac, .set_default = default_mac};

/* --------------------------------------------------------------------------------- tables -- */

static void *field_of(void *object, const Property *prop)
{
    return (char *)object + prop->offset;
}

const Property *property_find(const Property *props, const char *name)
{
    for (; props && props->name; props++) {
        if (g_str_equal(props->name, name)) {
            return props;
        }
    }
    return NULL;
}

void property_set_defaults(void *object, const Property *props)
{
    for (; props && props->name; props++) {
        props->type->set_default(field_of(object, props), props);
    }
}

bool property_set(void *object, const Property *prop, const char *path, GVariant *value,
                  GError **errp)
{
    g_autoptr(GVariant) held = g_variant_ref_sink(value);

    return prop->type->set(field_of(object, prop), prop, path, held, errp);
}

GVariant *property_get(const void *object, const Property *prop)
{
    return prop->type->get(field_of((void *)object, prop), prop);
}

void property_release_all(void *object, const Property *props)
{
    for (; props && props->name; props++) {
        if (props->type->release) {
            props->type->release(field_of(object, props));
        }
    }
}

char *property_value_text(const void *object, const Property *prop)
{
    g_autoptr(GVariant) value = NULL;
    bool negative;
    uint64_t magnitude;

    if (prop->type->print) {
        return prop->type->print(field_of((void *)object, prop));
    }
    value = g_variant_ref_sink(property_get(object, prop));
    if (integer_of(value, &negative, &magnitude)) {
        return g_strdup_printf("%s%" G_GUINT64_FORMAT, negative ? "-" : "", magnitude);
    }
    if (g_variant_is_of_type(value, G_VARIANT_TYPE_STRING)) {
        return g_strdup_printf("\"%s\"", g_variant_get_string(value, NULL));
    }
    return g_variant_print(value, FALSE);
}

/* The default as help shows it, or NULL for none worth saying. */
static char *default_text(const Property *prop)
{
    if (prop->type == &prop_type_string) {
        return g_strdup(prop->defstr);
    }
    if (prop->type == &prop_type_mac) {
        return NULL;
    }
    if (prop->type == &prop_type_bool) {
        return g_strdup(prop->defval ? "on" : "off");
    }
    if (prop->type == &prop_type_enum) {
        return g_strdup(prop->values[prop->defval]);
    }
    if (prop->type == &prop_type_on_off_auto) {
        return g_strdup(on_off_auto_names[prop->defval]);
    }
    if (prop->type == &prop_type_duration) {
        return prop->defval % NANOSECONDS_PER_MS
                   ? g_strdup_printf("%" G_GINT64_FORMAT "ns", prop->defval)
                   : g_strdup_printf("%" G_GINT64_FORMAT "ms", prop->defval / NANOSECONDS_PER_MS);
    }
    return g_strdup_printf("%" G_GINT64_FORMAT, prop->defval);
}

static void print_row(GString *out, const Property *prop)
{
    g_autofree char *head = g_strdup_printf("  %s=<%s>", prop->name, prop->type->name);
    g_autofree char *defval = default_text(prop);

    g_string_append_printf(out, "%-22s", head);
    if (prop->help || prop->values || defval) {
        g_string_append(out, " -");
    }
    if (prop->help) {
        g_string_append_printf(out, " %s", prop->help);
    }
    if (prop->values) {
        g_autofree char *all = g_strjoinv("/", (char **)prop->values);

        g_string_append_printf(out, "%s%s", prop->help ? ": " : " ", all);
    }
    if (defval) {
        g_string_append_printf(out, " (default: %s)", defval);
    }
    g_string_append_c(out, '\n');
}

static int compare_names(const void *a, const void *b)
{
    const Property *const *x = a, *const *y = b;

    return strcmp((*x)->name, (*y)->name);
}

void property_print_sorted(GString *out, GPtrArray *rows)
{
    g_ptr_array_sort(rows, compare_names);
    for (unsigned i = 0; i < rows->len; i++) {
        print_row(out, rows->pdata[i]);
    }
}

void property_print_help(GString *out, const Property *props)
{
    g_autoptr(GPtrArray) rows = g_ptr_array_new();

    for (; props && props->name; props++) {
        g_ptr_array_add(rows, (void *)props);
    }
    property_print_sorted(out, rows);
}
