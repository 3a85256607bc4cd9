/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Clocks and timers, on manual time.
 */
#include <glib.h>

#include "hw/core/clock.h"

static GArray *fired; /* int64_t: the time at each call */

typedef struct Tick {
    Timer timer;
    int64_t period;
    int left;
} Tick;

static void tick(void *opaque)
{
    Tick *t = opaque;
    int64_t now = clock_get_ns(VM_CLOCK_VIRTUAL);

    g_array_append_val(fired, now);
    if (--t->left > 0) {
        timer_mod(&t->timer, t->timer.expire + t->period);
    }
}

static void setup(void)
{
    clock_manual_init();
    fired = g_array_new(FALSE, FALSE, sizeof(int64_t));
}

static void test_fires_at_its_time(void)
{
    Tick t = {.period = 1000, .left = 3};

    setup();
    timer_init(&t.timer, VM_CLOCK_VIRTUAL, tick, &t);
    g_assert_false(timer_pending(&t.timer));
    timer_mod(&t.timer, 500);
    g_assert_cmpint(clock_virtual_deadline(), ==, 500);
    clock_manual_set(499);
    g_assert_cmpuint(fired->len, ==, 0);
    clock_manual_set(10000);
    g_assert_cmpuint(fired->len, ==, 3);
    for (int i = 0; i < 3; i++) {
        g_assert_cmpint(g_array_index(fired, int64_t, i), ==, 500 + 1000 * i);
    }
    g_assert_cmpint(clock_get_ns(VM_CLOCK_VIRTUAL), ==, 10000);
    g_assert_cmpint(clock_virtual_deadline(), ==, -1);
    g_array_unref(fired);
}

static GString *order;

static void append(void *opaque)
{
    g_string_append(order, opaque);
}

static void test_equal_expiry_keeps_order(void)
{
    Timer a, b, c;

    setup();
    order = g_string_new(NULL);
    timer_init(&a, VM_CLOCK_VIRTUAL, append, (char *)"a");
    timer_init(&b, VM_CLOCK_VIRTUAL, append, (char *)"b");
    timer_init(&c, VM_CLOCK_VIRTUAL, append, (char *)"c");
    timer_mod(&b, 100);
    timer_mod(&c, 100);
    timer_mod(&a, 99);
    clock_manual_set(100);
    g_assert_cmpstr(order->str, ==, "abc");
    timer_mod(&a, 300);
    timer_mod(&b, 200);
    timer_mod(&a, 400);
    timer_del(&b);
    timer_del(&b);
    clock_manual_set(399);
    g_assert_cmpstr(order->str, ==, "abc");
    clock_manual_set(400);
    g_assert_cmpstr(order->str, ==, "abca");
    g_string_free(order, TRUE);
    g_array_unref(fired);
}

static void rearm_in_the_past(void *opaque)
{
    Timer *timer = opaque;

    g_string_append_c(order, 'x');
    timer_mod(timer, 0);
}

static void test_rearming_in_the_past_does_not_hold_the_loop(void)
{
    Timer t;

    setup();
    order = g_string_new(NULL);
    timer_init(&t, VM_CLOCK_REALTIME, rearm_in_the_past, &t);
    timer_mod(&t, 0);
    g_assert_cmpint(clock_next_deadline(), ==, 0);
    g_assert_true(clock_run_timers());
    g_assert_cmpstr(order->str, ==, "x");
    timer_del(&t);
    g_assert_false(clock_run_timers());
    g_string_free(order, TRUE);
    g_array_unref(fired);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/clock/fires-at-its-time", test_fires_at_its_time);
    g_test_add_func("/clock/equal-expiry-keeps-order", test_equal_expiry_keeps_order);
    g_test_add_func("/clock/rearming-in-the-past", test_rearming_in_the_past_does_not_hold_the_loop);
    return g_test_run();
}
