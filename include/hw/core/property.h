/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Properties: typed rows that name a field of a state struct, its default, its range and its help.
 *
 *     static const Property rtc_props[] = {
 *         PROP_INT32("base_year", Rtc, base_year, 1980, .help = "year that CMOS year 0 means"),
 *         PROP_UINT8("irq", Rtc, irq, 8, .max = 15, .help = "ISA interrupt"),
 *         {}
 *     };
 *
 * Values travel as GVariant: the command line gives strings, QMP gives typed values; setters take
 * both, and refuse what is of the wrong type or out of range, leaving the field as it was.
 */
#ifndef LIGNITE_HW_CORE_PROPERTY_H
#define LIGNITE_HW_CORE_PROPERTY_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/parse.h"
#include "error.h"

typedef struct Property Property;

/* How a kind of value is read, written and released. `field` points into the object. */
typedef struct PropertyType {
    const char *name; /* as device-list-properties shows it: "bool", "uint32", "str"... */
    /* `path` names the property in messages, as "e1000.mac". */
    bool (*set)(void *field, const Property *prop, const char *path, GVariant *value,
                GError **errp);
    GVariant *(*get)(const void *field, const Property *prop); /* a floating reference */
    void (*set_default)(void *field, const Property *prop);
    void (*release)(void *field); /* NULL when nothing is owned */
    /* The value as `info qtree` shows it, to be freed; NULL: as get() gives it. */
    char *(*print)(const void *field);
} PropertyType;

struct Property {
    const char *name;
    const PropertyType *type;
    size_t offset;
    int64_t defval;
    const char *defstr;
    uint64_t min, max;         /* integers; max 0: the type's whole range */
    const char *const *values; /* PROP_ENUM: names, NULL-terminated; the field is an int index */
    bool live;                 /* may be set after realize */
    const char *help;
};

typedef enum OnOffAuto { ON_OFF_AUTO_AUTO, ON_OFF_AUTO_ON, ON_OFF_AUTO_OFF } OnOffAuto;
typedef struct MacAddr {
    uint8_t a[6];
} MacAddr;

extern const PropertyType prop_type_bool;   /* bool: on|off|yes|no|true|false */
extern const PropertyType prop_type_uint8;  /* decimal, or hexadecimal with 0x */
extern const PropertyType prop_type_uint16;
extern const PropertyType prop_type_uint32;
extern const PropertyType prop_type_uint64;
extern const PropertyType prop_type_int32;
extern const PropertyType prop_type_size;   /* uint64_t: bytes, or with suffix k M G T */
extern const PropertyType prop_type_string; /* char *, owned; NULL for none */
extern const PropertyType prop_type_enum;
extern const PropertyType prop_type_on_off_auto;
extern const PropertyType prop_type_mac;    /* MacAddr: xx:xx:xx:xx:xx:xx; all zero: unset */
extern const PropertyType prop_type_duration; /* int64_t ns: "10ms", "5us", "1s", bare: ns */

/* A constant 0 that compiles only where the field has the type. */
#define PROP_FIELD(S, f, T) (offsetof(S, f) + _Generic(((S *)0)->f, T : 0))

#define PROP_ROW(n, S, f, T, t, ...)                                                               \
    {                                                                                              \
        .name = n, .type = &t, .offset = PROP_FIELD(S, f, T), __VA_ARGS__                          \
    }
#define PROP_BOOL(n, S, f, d, ...)                                                                 \
    PROP_ROW(n, S, f, bool, prop_type_bool, .defval = d, ##__VA_ARGS__)
#define PROP_UINT8(n, S, f, d, ...)                                                                \
    PROP_ROW(n, S, f, uint8_t, prop_type_uint8, .defval = d, ##__VA_ARGS__)
#define PROP_UINT16(n, S, f, d, ...)                                                               \
    PROP_ROW(n, S, f, uint16_t, prop_type_uint16, .defval = d, ##__VA_ARGS__)
#define PROP_UINT32(n, S, f, d, ...)                                                               \
    PROP_ROW(n, S, f, uint32_t, prop_type_uint32, .defval = d, ##__VA_ARGS__)
#define PROP_UINT64(n, S, f, d, ...)                                                               \
    PROP_ROW(n, S, f, uint64_t, prop_type_uint64, .defval = d, ##__VA_ARGS__)
#define PROP_INT32(n, S, f, d, ...)                                                                \
    PROP_ROW(n, S, f, int32_t, prop_type_int32, .defval = d, ##__VA_ARGS__)
#define PROP_SIZE(n, S, f, d, ...)                                                                 \
    PROP_ROW(n, S, f, uint64_t, prop_type_size, .defval = d, ##__VA_ARGS__)
#define PROP_STRING(n, S, f, ...) PROP_ROW(n, S, f, char *, prop_type_string, ##__VA_ARGS__)
#define PROP_ENUM(n, S, f, names, d, ...)                                                          \
    PROP_ROW(n, S, f, int, prop_type_enum, .values = names, .defval = d, ##__VA_ARGS__)
#define PROP_ON_OFF_AUTO(n, S, f, d, ...)                                                          \
    PROP_ROW(n, S, f, OnOffAuto, prop_type_on_off_auto, .defval = d, ##__VA_ARGS__)
#define PROP_MAC(n, S, f, ...) PROP_ROW(n, S, f, MacAddr, prop_type_mac, ##__VA_ARGS__)
#define PROP_DURATION(n, S, f, d, ...)                                                             \
    PROP_ROW(n, S, f, int64_t, prop_type_duration, .defval = d, ##__VA_ARGS__)

/* The row called `name` of a table that ends with an empty row, or NULL. `props` may be NULL. */
const Property *property_find(const Property *props, const char *name);

/* Give every field its default. `props` may be NULL. */
void property_set_defaults(void *object, const Property *props);

/* Set one field; on failure it keeps its value and `errp` says why. A floating `value` is sunk. */
bool property_set(void *object, const Property *prop, const char *path, GVariant *value,
                  GError **errp);
GVariant *property_get(const void *object, const Property *prop);
void property_release_all(void *object, const Property *props);

/* Append "  name=<type>   - help (default: x)" lines, sorted by name. */
void property_print_help(GString *out, const Property *props);

/* The same for a list of rows gathered from several tables, which it sorts. */
void property_print_sorted(GString *out, GPtrArray *rows);

/* The value as `info qtree` and -device help show it: strings quoted, numbers in decimal. */
char *property_value_text(const void *object, const Property *prop);

#endif
