/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Option strings, sizes and switches.
 */
#include <glib.h>

#include "backends/opts.h"
#include "backends/parse.h"

static void test_parse(void)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(Opts) opts = opts_parse("e1000,id=n0,file=a,,b,multi,nomq,id=n1", "driver", &err);

    g_assert_no_error(err);
    g_assert_cmpstr(opts_get(opts, "driver"), ==, "e1000");
    g_assert_cmpstr(opts_get(opts, "id"), ==, "n1");
    g_assert_cmpstr(opts_get(opts, "file"), ==, "a,b");
    g_assert_cmpstr(opts_get(opts, "multi"), ==, "on");
    g_assert_false(opts_check_unknown(opts, &err));
    g_assert_cmpstr(err->message, ==, "Invalid parameter 'mq'");
    g_clear_error(&err);
    g_assert_cmpstr(opts_get(opts, "mq"), ==, "off");
    g_assert_true(opts_check_unknown(opts, &err));

    g_autofree char *id = opts_take(opts, "id");
    g_assert_cmpstr(id, ==, "n1");
    g_assert_false(opts_has(opts, "id"));
}

static void test_bad_syntax(void)
{
    const char *bad[] = {"=x", "a=b,=c"};

    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) err = NULL;

        g_assert_null(opts_parse(bad[i], NULL, &err));
        g_assert_nonnull(err);
    }
}

static void test_merge(void)
{
    g_autoptr(Opts) a = opts_parse("pc,accel=kvm", "type", NULL);
    g_autoptr(Opts) b = opts_parse("graphics=off,accel=x86emu", "type", NULL);

    opts_merge(a, b);
    g_assert_cmpstr(opts_get(a, "type"), ==, "pc");
    g_assert_cmpstr(opts_get(a, "accel"), ==, "x86emu");
    g_assert_cmpstr(opts_get(a, "graphics"), ==, "off");
}

static void test_typed(void)
{
    g_autoptr(Opts) opts = opts_parse("n=0x10,big=999,s=2G,f=maybe", NULL, NULL);
    g_autoptr(GError) err = NULL;
    uint64_t n = 0;
    bool flag = true;

    g_assert_true(opts_get_uint(opts, "n", 255, &n, &err));
    g_assert_cmpuint(n, ==, 16);
    g_assert_false(opts_get_uint(opts, "big", 255, &n, &err));
    g_assert_cmpuint(n, ==, 16);
    g_clear_error(&err);
    g_assert_true(opts_get_size(opts, "s", &n, &err));
    g_assert_cmpuint(n, ==, UINT64_C(2) << 30);
    g_assert_false(opts_get_bool(opts, "f", &flag, &err));
    g_assert_true(flag);
    g_assert_cmpstr(err->message, ==, "Parameter 'f' expects 'on' or 'off'");
    g_clear_error(&err);
    g_assert_true(opts_get_bool(opts, "absent", &flag, &err));
}

static void test_sizes(void)
{
    static const struct {
        const char *text;
        bool ok;
        uint64_t size;
    } rows[] = {
        {"128", true, 128 << 20},   {"4k", true, 4096},      {"0x10", true, 16 << 20},
        {"1T", true, 1ULL << 40},   {"", false, 0},          {"-1", false, 0},
        {"1x", false, 0},           {"1kk", false, 0},       {"99999999999999999999", false, 0},
        {"100000000000T", false, 0}, {" 1", false, 0},       {"0x1g", false, 0},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) err = NULL;
        uint64_t size = 0;

        g_assert_cmpint(parse_size(rows[i].text, 1 << 20, &size, &err), ==, rows[i].ok);
        g_assert_cmpuint(size, ==, rows[i].size);
        g_assert_cmpint(err == NULL, ==, rows[i].ok);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/opts/parse", test_parse);
    g_test_add_func("/opts/bad-syntax", test_bad_syntax);
    g_test_add_func("/opts/merge", test_merge);
    g_test_add_func("/opts/typed", test_typed);
    g_test_add_func("/opts/sizes", test_sizes);
    return g_test_run();
}
