/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Expressions of the monitor: operators and how they bind, registers, and what is none.
 */
#include <string.h>

#include "accel/accel.h"
#include "monitor-internal.h"

static void test_values(void)
{
    static const struct {
        const char *text;
        uint64_t value;
    } rows[] = {
        {"0", 0},
        {"  42 ", 42},
        {"0x1F", 31},
        {"010", 8},
        {"1+2*3", 7},
        {"(1+2)*3", 9},
        {"10-2-3", 5},
        {"100/7%4", 2},
        {"-1", UINT64_MAX},
        {"~0 - 1", UINT64_MAX - 1},
        {"- - 3", 3},
        {"1|6&3^4", 1 | ((6 & 3) ^ 4)},
        {"0xff & ~0xf", 0xf0},
        {"0xffffffffffffffff + 2", 1},
        {"((((7))))", 7},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) err = NULL;
        uint64_t value;

        g_assert_true(monitor_evaluate(rows[i].text, &value, &err));
        g_assert_no_error(err);
        g_assert_cmpuint(value, ==, rows[i].value);
    }
}

static void test_mistakes(void)
{
    static const char *const rows[][2] = {
        {"", "a number or a register is expected at ''"},
        {"1 +", "a number or a register is expected at ''"},
        {"1 2", "unexpected '2' after the expression"},
        {"(1", "')' expected"},
        {"1)", "unexpected ')' after the expression"},
        {"1/0", "division by zero"},
        {"1 % (2-2)", "division by zero"},
        {"0x", "a number or a register is expected at '0x'"},
        {"12z", "a number or a register is expected at '12z'"},
        {"0x10000000000000000", "number too large at '0x10000000000000000'"},
        {"$pc", "there is no CPU"}, /* in this test */
        {"x", "a number or a register is expected at 'x'"},
    };
    g_autofree char *deep = g_strnfill(100000, '(');
    g_autofree char *minus = g_strnfill(100000, '-');
    uint64_t value;

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) err = NULL;

        g_assert_false(monitor_evaluate(rows[i][0], &value, &err));
        g_assert_cmpstr(err->message, ==, rows[i][1]);
    }
    g_assert_false(monitor_evaluate(deep, &value, NULL)); /* and the stack holds */
    g_assert_false(monitor_evaluate(minus, &value, NULL));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/monitor-expr/values", test_values);
    g_test_add_func("/monitor-expr/mistakes", test_mistakes);
    return g_test_run();
}
