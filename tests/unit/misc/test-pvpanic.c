/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pvpanic: which write reports what, with and without a handler; its file. */
#include "../harness.h"
#include "hw/core/runstate.h"
#include "hw/misc/pvpanic.h"
#include "hw/nvram/fw_cfg.h"

static GString *reports; /* a letter each */

static void on_report(GuestReport report)
{
    static const char letters[] = {[GUEST_REPORT_PANICKED] = 'p',
                                   [GUEST_REPORT_CRASHLOADED] = 'c',
                                   [GUEST_REPORT_SHUTDOWN] = 's',
                                   [GUEST_REPORT_WATCHDOG] = 'w'};

    g_string_append_c(reports, letters[report]);
}

static void check_reports(const char *expected)
{
    g_assert_cmpstr(reports->str, ==, expected);
    g_string_truncate(reports, 0);
}

static void test_events(void)
{
    static const struct {
        const char *events;
        const char *reports; /* of the values 0..8, in order */
    } cases[] = {{"7", "pcpspcp"}, {"1", "pppp"},   {"2", "cccc"},
                 {"4", "ssss"},    {"6", "ccsscc"}, {"0", ""}};
    Harness h;

    reports = g_string_new(NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        harness_begin(&h);
        harness_isa_device(&h, &pvpanic_class, "events", cases[i].events, NULL);
        g_assert_cmphex(inb(0x505), ==, atoi(cases[i].events));
        runstate_set_report_handler(NULL);
        outb(0x505, 7); /* nobody listens */
        runstate_set_report_handler(on_report);
        for (int value = 0; value <= 8; value++) {
            outb(0x505, value);
        }
        check_reports(cases[i].reports);
        harness_end(&h);
    }
    runstate_set_report_handler(NULL);
    g_string_free(reports, TRUE);
}

static void test_file(void)
{
    g_autoptr(GError) err = NULL;
    const uint8_t *port;
    Device *second;
    size_t len;
    Harness h;

    harness_begin(&h);
    harness_system_device(&fw_cfg_io_class, NULL);
    harness_isa_device(&h, &pvpanic_class, "ioport", "0x1234", NULL);
    port = fw_cfg_get_file(fw_cfg_find(), "etc/pvpanic-port", &len);
    g_assert_cmpuint(len, ==, 2);
    g_assert_cmphex(port[0], ==, 0x34);
    g_assert_cmphex(port[1], ==, 0x12);
    second = device_new(&pvpanic_class); /* the file has room for one */
    g_assert_false(device_realize(second, &h.isa.bus, &err));
    g_assert_cmpstr(err->message, ==, "pvpanic: there is one already");
    device_free(second);
    harness_end(&h);
}

int main(int argc, char **argv)
{
    harness_init(&argc, &argv);
    g_test_add_func("/pvpanic/events", test_events);
    g_test_add_func("/pvpanic/file", test_file);
    return g_test_run();
}
