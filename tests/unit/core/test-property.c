/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Property types: what each takes as text and as a typed value, what it refuses and in which words.
 */
#include "hw/core/property.h"

typedef struct Object {
    bool flag;
    uint8_t u8;
    uint16_t u16;
    uint32_t u32;
    uint64_t u64;
    int32_t i32;
    uint64_t size;
    char *text;
    int choice;
    OnOffAuto tri;
    MacAddr mac;
    int64_t time;
} Object;

static const char *const colours[] = {"red", "green", NULL};

static const Property props[] = {
    PROP_BOOL("flag", Object, flag, true, .help = "a flag"),
    PROP_UINT8("u8", Object, u8, 8),
    PROP_UINT16("u16", Object, u16, 16, .min = 2, .max = 1000),
    PROP_UINT32("u32", Object, u32, UINT32_MAX),
    PROP_UINT64("u64", Object, u64, 0),
    PROP_INT32("i32", Object, i32, -5),
    PROP_SIZE("size", Object, size, 4096, .min = 512, .max = 1 << 20),
    PROP_STRING("text", Object, text, .defstr = "hello", .help = "a text"),
    PROP_ENUM("choice", Object, choice, colours, 1),
    PROP_ON_OFF_AUTO("tri", Object, tri, ON_OFF_AUTO_AUTO),
    PROP_MAC("mac", Object, mac),
    PROP_DURATION("time", Object, time, 10000000, .max = 1000000000),
    {}};

static bool set(Object *object, const char *name, GVariant *value, GError **errp)
{
    g_autofree char *path = g_strconcat("obj.", name, NULL);

    return property_set(object, property_find(props, name), path, value, errp);
}

static char *text_of(Object *object, const char *name)
{
    return property_value_text(object, property_find(props, name));
}

static void test_defaults(void)
{
    static const char *const rows[][2] = {
        {"flag", "true"},
        {"u8", "8"},
        {"u16", "16"},
        {"u32", "4294967295"},
        {"u64", "0"},
        {"i32", "-5"},
        {"size", "4096"},
        {"text", "\"hello\""},
        {"choice", "\"green\""},
        {"tri", "\"auto\""},
        {"mac", "\"00:00:00:00:00:00\""},
        {"time", "10000000"},
    };
    Object object = {};

    property_set_defaults(&object, props);
    property_set_defaults(&object, props); /* nothing leaks */
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text = text_of(&object, rows[i][0]);

        g_assert_cmpstr(text, ==, rows[i][1]);
    }
    property_release_all(&object, props);
    g_assert_null(object.text);
}

static void test_text(void)
{
    static const struct {
        const char *name, *value;
        const char *shown;   /* NULL: refused */
        const char *message; /* what it says then */
    } rows[] = {
        {"flag", "off", "false", NULL},
        {"flag", "yes", "true", NULL},
        {"flag", "1", NULL, "Parameter 'obj.flag' expects 'on' or 'off'"},
        {"u8", "255", "255", NULL},
        {"u8", "0xfe", "254", NULL},
        {"u8", "010", "10", NULL},
        {"u8", "256", NULL, "Property 'obj.u8' doesn't take value 256 (minimum: 0, maximum: 255)"},
        {"u8", "-1", NULL, "Property 'obj.u8' doesn't take value -1 (minimum: 0, maximum: 255)"},
        {"u8", "", NULL, "Property 'obj.u8' expects an integer, not ''"},
        {"u8", "8k", NULL, "Property 'obj.u8' expects an integer, not '8k'"},
        {"u8", " 8", NULL, "Property 'obj.u8' expects an integer, not ' 8'"},
        {"u8", "0x", NULL, "Property 'obj.u8' expects an integer, not '0x'"},
        {"u16", "2", "2", NULL},
        {"u16", "1", NULL, "Property 'obj.u16' doesn't take value 1 (minimum: 2, maximum: 1000)"},
        {"u16", "1001", NULL,
         "Property 'obj.u16' doesn't take value 1001 (minimum: 2, maximum: 1000)"},
        {"u32", "4294967295", "4294967295", NULL},
        {"u32", "4294967296", NULL,
         "Property 'obj.u32' doesn't take value 4294967296 (minimum: 0, maximum: 4294967295)"},
        {"u64", "18446744073709551615", "18446744073709551615", NULL},
        {"u64", "18446744073709551616", NULL,
         "Property 'obj.u64' expects an integer, not '18446744073709551616'"},
        {"i32", "-2147483648", "-2147483648", NULL},
        {"i32", "2147483647", "2147483647", NULL},
        {"i32", "-2147483649", NULL,
         "Property 'obj.i32' doesn't take value -2147483649 (minimum: -2147483648, maximum:"
         " 2147483647)"},
        {"size", "64k", "65536", NULL},
        {"size", "1M", "1048576", NULL},
        {"size", "1G", NULL,
         "Property 'obj.size' doesn't take value 1073741824 (minimum: 512, maximum: 1048576)"},
        {"size", "x", NULL,
         "Property 'obj.size': 'x' is not a size: give a number with an optional suffix k, M, G or"
         " T"},
        {"text", "", "\"\"", NULL},
        {"text", "x=y", "\"x=y\"", NULL},
        {"choice", "red", "\"red\"", NULL},
        {"choice", "blue", NULL,
         "Property 'obj.choice' doesn't take value 'blue' (one of: red, green)"},
        {"tri", "on", "\"on\"", NULL},
        {"tri", "maybe", NULL,
         "Property 'obj.tri' doesn't take value 'maybe' (one of: auto, on, off)"},
        {"mac", "52:54:00:12:aB:56", "\"52:54:00:12:ab:56\"", NULL},
        {"mac", "52-54-00-12-34-56", "\"52:54:00:12:34:56\"", NULL},
        {"mac", "52:54:00:12:34", NULL,
         "Property 'obj.mac' doesn't take value '52:54:00:12:34': an address such as"
         " 52:54:00:12:34:56 is needed"},
        {"mac", " 2:54:00:12:34:56", NULL,
         "Property 'obj.mac' doesn't take value ' 2:54:00:12:34:56': an address such as"
         " 52:54:00:12:34:56 is needed"},
        {"mac", "52:54:00:12:34:567", NULL,
         "Property 'obj.mac' doesn't take value '52:54:00:12:34:567': an address such as"
         " 52:54:00:12:34:56 is needed"},
        {"time", "5us", "5000", NULL},
        {"time", "1s", "1000000000", NULL},
        {"time", "7", "7", NULL},
        {"time", "2s", NULL,
         "Property 'obj.time' doesn't take 2000000000ns (minimum: 0ns, maximum: 1000000000ns)"},
        {"time", "99999999999999999999s", NULL,
         "Property 'obj.time' expects a time such as 10ms, 500us or 1s"},
        {"time", "-1", NULL, "Property 'obj.time' expects a time such as 10ms, 500us or 1s"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        Object object = {};
        g_autoptr(GError) err = NULL;
        g_autofree char *before = NULL;
        g_autofree char *after = NULL;
        bool ok;

        property_set_defaults(&object, props);
        before = text_of(&object, rows[i].name);
        ok = set(&object, rows[i].name, g_variant_new_string(rows[i].value), &err);
        after = text_of(&object, rows[i].name);
        g_assert_cmpstr(err ? err->message : NULL, ==, rows[i].message);
        g_assert_cmpint(ok, ==, rows[i].message == NULL);
        g_assert_cmpstr(after, ==, ok ? rows[i].shown : before);
        property_release_all(&object, props);
    }
}

static void test_typed_values(void)
{
    static const struct {
        const char *name, *value; /* in GVariant's notation */
        const char *shown;        /* NULL: refused */
    } rows[] = {
        {"flag", "false", "false"},
        {"flag", "int64 1", NULL},
        {"u8", "byte 0x20", "32"},
        {"u8", "int64 255", "255"},
        {"u8", "int64 256", NULL},
        {"u8", "int64 -1", NULL},
        {"u8", "true", NULL},
        {"u8", "1.5", NULL},
        {"u64", "uint64 18446744073709551615", "18446744073709551615"},
        {"i32", "int16 -3", "-3"},
        {"i32", "uint32 4294967295", NULL},
        {"i32", "int64 -9223372036854775808", NULL},
        {"size", "uint32 1024", "1024"},
        {"size", "int64 -1024", NULL},
        {"text", "int64 1", NULL},
        {"choice", "int64 0", NULL},
        {"tri", "true", "\"on\""},
        {"tri", "false", "\"off\""},
        {"mac", "int64 1", NULL},
        {"time", "int64 500", "500"},
        {"time", "int64 -500", NULL},
        {"u16", "uint16 2", "2"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        Object object = {};
        g_autoptr(GError) err = NULL;
        g_autofree char *after = NULL;
        GVariant *value = g_variant_parse(NULL, rows[i].value, NULL, NULL, &err);
        bool ok;

        g_assert_no_error(err);
        property_set_defaults(&object, props);
        ok = set(&object, rows[i].name, value, &err);
        g_variant_unref(value);
        g_assert_cmpint(ok, ==, rows[i].shown != NULL);
        g_assert_cmpint(err == NULL, ==, ok);
        if (ok) {
            after = text_of(&object, rows[i].name);
            g_assert_cmpstr(after, ==, rows[i].shown);
        }
        property_release_all(&object, props);
    }
}

static void test_get_gives_the_type(void)
{
    static const char *const rows[][2] = {
        {"flag", "b"}, {"u8", "y"},   {"u16", "q"},    {"u32", "u"}, {"u64", "t"}, {"i32", "i"},
        {"size", "t"}, {"text", "s"}, {"choice", "s"}, {"tri", "s"}, {"mac", "s"}, {"time", "x"}};
    Object object = {};

    property_set_defaults(&object, props);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        const Property *prop = property_find(props, rows[i][0]);
        g_autoptr(GVariant) value = g_variant_ref_sink(property_get(&object, prop));

        g_assert_cmpstr(g_variant_get_type_string(value), ==, rows[i][1]);
        /* What was read can be written. */
        g_assert_true(prop->type == &prop_type_mac || set(&object, rows[i][0], value, NULL));
    }
    property_release_all(&object, props);
    g_assert_null(property_find(props, "none"));
    g_assert_null(property_find(NULL, "none"));
}

static void test_help(void)
{
    g_autoptr(GString) out = g_string_new(NULL);

    property_print_help(out, props);
    g_assert_true(g_str_has_prefix(out->str, "  choice=<enum>        - red/green (default: green)\n"
                                             "  flag=<bool>          - a flag (default: on)\n"));
    g_assert_nonnull(strstr(out->str, "  text=<str>           - a text (default: hello)\n"));
    g_assert_nonnull(strstr(out->str, "  time=<duration>      - (default: 10ms)\n"));
    g_assert_nonnull(strstr(out->str, "  mac=<macaddr>       \n"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/property/defaults", test_defaults);
    g_test_add_func("/property/text", test_text);
    g_test_add_func("/property/typed-values", test_typed_values);
    g_test_add_func("/property/get-gives-the-type", test_get_gives_the_type);
    g_test_add_func("/property/help", test_help);
    return g_test_run();
}
