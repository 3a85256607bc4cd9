/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ib700: when it expires, and when it does not. */
#include "../harness.h"
#include "hw/core/runstate.h"
#include "hw/watchdog/ib700.h"

static unsigned expiries;
static int64_t expired_at;

static void on_report(GuestReport report)
{
    g_assert_cmpint(report, ==, GUEST_REPORT_WATCHDOG);
    expiries++;
    expired_at = clock_get_ns(VM_CLOCK_VIRTUAL);
}

static void begin(Harness *h)
{
    harness_begin(h);
    harness_isa_device(h, &ib700_class, NULL);
    runstate_set_report_handler(on_report);
    expiries = 0;
}

static void end(Harness *h)
{
    harness_end(h);
    runstate_set_report_handler(NULL);
    g_assert_cmpint(clock_virtual_deadline(), ==, -1);
}

static void test_times(void)
{
    static const int seconds[] = {30, 28, 26, 24, 22, 20, 18, 16, 14, 12, 10, 8, 6, 4, 2, 0};
    Harness h;

    begin(&h);
    for (int i = 0; i < 16; i++) {
        int64_t start = clock_get_ns(VM_CLOCK_VIRTUAL);

        outb(0x443, i);
        step(100 * NANOSECONDS_PER_SECOND);
        g_assert_cmpuint(expiries, ==, i + 1);
        g_assert_cmpint(expired_at - start, ==, seconds[i] * NANOSECONDS_PER_SECOND);
    }
    end(&h);
}

static void test_stops(void)
{
    Harness h;
    Device *dev;

    begin(&h);
    dev = device_find_class(&ib700_class);
    outb(0x443, 0);
    outb(0x441, 0);
    step(100 * NANOSECONDS_PER_SECOND);
    outb(0x443, 0);
    outw(0x442, 0x0e00); /* the byte at 443 starts it over */
    outb(0x440, 0);
    step(2 * NANOSECONDS_PER_SECOND - 1);
    device_reset(dev);
    step(100 * NANOSECONDS_PER_SECOND);
    g_assert_cmpuint(expiries, ==, 0);
    outb(0x443, 0); /* the device goes while it runs */
    end(&h);
    step(100 * NANOSECONDS_PER_SECOND);
    g_assert_cmpuint(expiries, ==, 0);
}

int main(int argc, char **argv)
{
    harness_init(&argc, &argv);
    g_test_add_func("/ib700/times", test_times);
    g_test_add_func("/ib700/stops", test_stops);
    return g_test_run();
}
