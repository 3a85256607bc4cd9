/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The real-time clock as a guest has it: ports 0x70 and 0x71, interrupt 8, time to the nanosecond.
 */
#include <time.h>

#include "vm.h"

#define S      NANOSECONDS_PER_SECOND
#define UIP_NS 244140 /* 8 periods of 32768 Hz */
#define IRQ    8

enum { SEC, SEC_ALARM, MIN, MIN_ALARM, HOUR, HOUR_ALARM, WDAY, MDAY, MONTH, YEAR, A, B, C, D };
enum { CENTURY = 0x32, CENTURY_PS2 = 0x37 };

#define UIP  0x80 /* A */
#define SET  0x80 /* B, and its enables as the flags in C */
#define PF   0x40
#define AF   0x20
#define UF   0x10
#define BIN  0x04
#define H24  0x02
#define IRQF 0x80

/* On virtual time, from `base`, which may go on with other suboptions of -rtc. */
static Vm *start(const char *base)
{
    Vm *vm = vm_start("-rtc clock=vm,base=%s", base);

    vm_watch_irqs(vm, "ioapic");
    cmos_write(vm, A, 0x26); /* firmware has not been here */
    cmos_write(vm, B, H24);
    cmos_read(vm, C);
    return vm;
}

static void expect_time(Vm *vm, int year, int month, int day, int hour, int min, int sec)
{
    const uint8_t regs[] = {CENTURY, YEAR, MONTH, MDAY, HOUR, MIN, SEC};
    const int want[] = {year / 100, year % 100, month, day, hour, min, sec};

    for (size_t i = 0; i < G_N_ELEMENTS(regs); i++) {
        g_assert_cmphex(cmos_read(vm, regs[i]), ==, want[i] / 10 << 4 | want[i] % 10);
    }
}

/* Every carry at once, with and without a leap day, in both centuries. */
static void test_roll_over(void)
{
    static const struct {
        const char *before;
        int year, month, day;
    } cases[] = {
        {"1999-12-31T23:59:59", 2000, 1, 1}, {"2000-02-28T23:59:59", 2000, 2, 29},
        {"2024-02-29T23:59:59", 2024, 3, 1}, {"2026-02-28T23:59:59", 2026, 3, 1},
        {"2026-04-30T23:59:59", 2026, 5, 1}, {"2026-12-31T23:59:59", 2027, 1, 1},
        {"2099-12-31T23:59:59", 2100, 1, 1},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        Vm *vm = start(cases[i].before);

        vm_set_clock(vm, S - 1);
        g_assert_cmphex(cmos_read(vm, SEC), ==, 0x59);
        vm_set_clock(vm, S);
        expect_time(vm, cases[i].year, cases[i].month, cases[i].day, 0, 0, 0);
        vm_stop(vm);
    }
}

static void test_formats(void)
{
    static const struct {
        uint8_t mode, hour_before, hour;
    } cases[] = {
        {H24, 0x11, 0x12}, {0, 0x11, 0x92}, {BIN | H24, 11, 12}, {BIN, 11, 0x80 | 12},
        {H24, 0x12, 0x13}, {0, 0x92, 0x81}, {BIN | H24, 12, 13}, {BIN, 0x80 | 12, 0x80 | 1},
        {H24, 0x23, 0x00}, {0, 0x91, 0x12}, {BIN | H24, 23, 0},  {BIN, 0x80 | 11, 12},
        {H24, 0x00, 0x01}, {0, 0x12, 0x01}, {BIN | H24, 0, 1},   {BIN, 12, 1},
    };
    Vm *vm = start("2026-11-20");

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const uint8_t last = cases[i].mode & BIN ? 59 : 0x59;

        cmos_write(vm, A, 0x76); /* the divider stands still */
        cmos_write(vm, B, cases[i].mode);
        cmos_write(vm, HOUR, cases[i].hour_before);
        cmos_write(vm, MIN, last);
        cmos_write(vm, SEC, last);
        cmos_write(vm, A, 0x26);
        vm_step(vm, S / 2 - 1); /* the first update comes half a second after */
        g_assert_cmphex(cmos_read(vm, HOUR), ==, cases[i].hour_before);
        g_assert_cmphex(cmos_read(vm, SEC), ==, last);
        vm_step(vm, 1);
        g_assert_cmphex(cmos_read(vm, HOUR), ==, cases[i].hour);
        g_assert_cmphex(cmos_read(vm, MIN), ==, 0);
        g_assert_cmphex(cmos_read(vm, SEC), ==, 0);
    }
    vm_stop(vm);
}

static void test_update_in_progress(void)
{
    Vm *vm = start("2026-11-20");

    vm_set_clock(vm, S - UIP_NS - 1);
    g_assert_cmphex(cmos_read(vm, A), ==, 0x26);
    vm_step(vm, 1);
    g_assert_cmphex(cmos_read(vm, A), ==, UIP | 0x26);
    vm_set_clock(vm, S - 1);
    g_assert_cmphex(cmos_read(vm, A), ==, UIP | 0x26);
    vm_step(vm, 1);
    g_assert_cmphex(cmos_read(vm, A), ==, 0x26);
    vm_stop(vm);
}

/* The divider in reset stops all; the first update comes half a second after it starts again. */
static void test_divider_reset(void)
{
    Vm *vm = start("2026-11-20T10:00:00");

    vm_step(vm, S / 3);
    cmos_write(vm, A, 0x76);
    cmos_write(vm, MIN, 0x59);
    cmos_write(vm, SEC, 0x58);
    vm_step(vm, 7 * S);
    expect_time(vm, 2026, 11, 20, 10, 59, 58);
    g_assert_cmphex(cmos_read(vm, A), ==, 0x76);
    cmos_write(vm, A, 0x26);
    vm_step(vm, S / 2 - UIP_NS - 1);
    g_assert_cmphex(cmos_read(vm, A), ==, 0x26);
    vm_step(vm, 1);
    g_assert_cmphex(cmos_read(vm, A), ==, UIP | 0x26);
    expect_time(vm, 2026, 11, 20, 10, 59, 58);
    vm_step(vm, UIP_NS);
    g_assert_cmphex(cmos_read(vm, A), ==, 0x26);
    expect_time(vm, 2026, 11, 20, 10, 59, 59);
    vm_step(vm, S);
    expect_time(vm, 2026, 11, 20, 11, 0, 0);
    vm_stop(vm);
}

/* UIP is of the update, not of the alarm that was to come with it. */
static void test_update_in_progress_ends(void)
{
    Vm *vm = start("2026-11-20T10:00:00");

    cmos_write(vm, HOUR_ALARM, 0x10);
    cmos_write(vm, MIN_ALARM, 0xff);
    cmos_write(vm, SEC_ALARM, 0x02);
    cmos_write(vm, B, H24 | AF);
    vm_set_clock(vm, 2 * S - UIP_NS / 2);
    g_assert_cmphex(cmos_read(vm, A) & UIP, ==, UIP);
    cmos_write(vm, HOUR_ALARM, 0x11); /* an hour later */
    g_assert_cmphex(cmos_read(vm, A) & UIP, ==, UIP);
    vm_step(vm, UIP_NS / 2);
    g_assert_cmphex(cmos_read(vm, A) & UIP, ==, 0);
    g_assert_false(vm_irq(vm, IRQ));
    g_assert_cmpint(vm_step_to_next(vm), ==, 3602 * S);
    g_assert_true(vm_irq(vm, IRQ));
    /* SET ends it at once. */
    vm_set_clock(vm, 3603 * S - 1);
    g_assert_cmphex(cmos_read(vm, A) & UIP, ==, UIP);
    cmos_write(vm, B, H24 | SET);
    g_assert_cmphex(cmos_read(vm, A) & UIP, ==, 0);
    vm_stop(vm);
}

static void test_update_interrupt(void)
{
    Vm *vm = start("2026-11-20");

    cmos_write(vm, B, H24 | UF);
    for (int i = 1; i <= 3; i++) {
        g_assert_cmpint(vm_step_to_next(vm), ==, i * S);
        g_assert_true(vm_irq(vm, IRQ));
        g_assert_cmphex(cmos_read(vm, C) & (IRQF | UF), ==, IRQF | UF);
        g_assert_false(vm_irq(vm, IRQ));
        g_assert_cmphex(cmos_read(vm, C) & (IRQF | UF), ==, 0);
    }
    cmos_write(vm, B, H24);
    vm_step(vm, 2 * S);
    g_assert_cmpuint(vm_irq_count(vm, IRQ), ==, 3);
    g_assert_cmphex(cmos_read(vm, C) & (IRQF | UF), ==, UF); /* the flag comes without its enable */
    vm_stop(vm);
}

/* At the time given, a day later again; 0xc0 and above stand for any. */
static void test_alarm(void)
{
    static const struct {
        uint8_t mode, hour, min, sec;
        int64_t first, period; /* seconds */
    } cases[] = {
        {H24, 0x10, 0x00, 0x05, 5, 86400},
        {H24, 0xff, 0xff, 0xff, 1, 1},
        {H24, 0xc0, 0xc0, 0x30, 30, 60},
        {H24, 0xc0, 0x15, 0x30, 930, 3600},
        {H24, 0x09, 0x59, 0x59, 86399, 86400},
        {0, 0x81, 0x00, 0x00, 3 * 3600, 86400},
        {0, 0x92, 0x00, 0x00, 2 * 3600, 86400},
        {0, 0x12, 0x00, 0x00, 14 * 3600, 86400},
        {BIN, 0x80 | 11, 59, 59, 14 * 3600 - 1, 86400},
        {BIN | H24, 22, 22, 22, 44542, 86400},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        Vm *vm = start("2026-11-20T10:00:00");

        cmos_write(vm, B, SET | cases[i].mode);
        cmos_write(vm, HOUR, cases[i].mode & BIN ? 10 : 0x10);
        cmos_write(vm, HOUR_ALARM, cases[i].hour);
        cmos_write(vm, MIN_ALARM, cases[i].min);
        cmos_write(vm, SEC_ALARM, cases[i].sec);
        cmos_write(vm, B, cases[i].mode | AF);
        vm_set_clock(vm, cases[i].first * S - 1);
        g_assert_false(vm_irq(vm, IRQ));
        vm_step(vm, 1);
        g_assert_true(vm_irq(vm, IRQ));
        g_assert_cmphex(cmos_read(vm, C) & (IRQF | AF), ==, IRQF | AF);
        vm_step(vm, cases[i].period * S - 1);
        g_assert_false(vm_irq(vm, IRQ));
        vm_step(vm, 1);
        g_assert_true(vm_irq(vm, IRQ));
        vm_stop(vm);
    }
}

/* Let time go to the next tick and acknowledge it; the time. */
static int64_t next_tick(Vm *vm)
{
    const int64_t now = vm_step_to_next(vm);

    g_assert_true(vm_irq(vm, IRQ));
    g_assert_cmphex(cmos_read(vm, C) & (IRQF | PF), ==, IRQF | PF);
    g_assert_false(vm_irq(vm, IRQ));
    return now;
}

/* Rates 3 to 15 are 2^(rate-1) periods of 32768 Hz, and stay that in the long run. */
static void test_periodic_rates(void)
{
    enum { TICKS = 100 };

    for (int rate = 3; rate <= 15; rate++) {
        const int64_t period = INT64_C(1) << (rate - 1); /* of 32768 Hz */
        Vm *vm = start("2026-11-20");
        int64_t first, last = 0;

        cmos_write(vm, A, 0x20 | rate);
        cmos_write(vm, B, H24 | PF);
        cmos_read(vm, C);
        first = next_tick(vm);
        for (int i = 0; i < TICKS; i++) {
            last = next_tick(vm);
        }
        /* Exact but for the nanosecond to which each end is rounded. */
        g_assert_cmpint(ABS(last - first - TICKS * period * S / 32768), <=, 1);
        vm_stop(vm);
    }
}

/* A new rate counts from the last tick of the old one: the whole is the sum of its parts. */
static void test_rate_changes(void)
{
    enum { PAIRS = 50, FAST = 13, SLOW = 15 }; /* 8 Hz, 2 Hz */
    Vm *vm = start("2026-11-20");
    int64_t first, now;

    cmos_write(vm, A, 0x20 | FAST);
    cmos_write(vm, B, H24 | PF);
    first = now = next_tick(vm);
    for (int i = 0; i < PAIRS; i++) {
        cmos_write(vm, A, 0x20 | SLOW);
        now = next_tick(vm);
        cmos_write(vm, A, 0x20 | FAST);
        now = next_tick(vm);
    }
    g_assert_cmpint(now - first, ==, PAIRS * (S / 2 + S / 8));
    /* What passed of a period counts, too. */
    vm_step(vm, S / 10);
    cmos_write(vm, A, 0x20 | SLOW);
    g_assert_cmpint(next_tick(vm) - now, ==, S / 2);
    vm_stop(vm);
}

/* With driftfix=slew what was missed comes later, at double speed; else it is gone. */
static void test_missed_ticks(void)
{
    static const struct {
        const char *base;
        unsigned ticks;
    } cases[] = {{"2026-11-20,driftfix=none", 16}, {"2026-11-20,driftfix=slew", 16 + 7}};

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        Vm *vm = start(cases[i].base);
        int64_t until;

        cmos_write(vm, A, 0x20 | 13); /* 8 Hz */
        cmos_write(vm, B, H24 | PF);
        cmos_read(vm, C);
        until = vm_step(vm, S); /* 8 ticks, of which one is seen */
        g_assert_cmphex(cmos_read(vm, C) & PF, ==, PF);
        until += 2 * S;
        for (unsigned n = 0;; n++) {
            const int64_t now = vm_step_to_next(vm);

            if (now > until) {
                g_assert_cmpuint(n, ==, cases[i].ticks);
                break;
            }
            g_assert_cmphex(cmos_read(vm, C) & (IRQF | PF), ==, IRQF | PF);
        }
        vm_stop(vm);
    }
}

/* A fast tick that nobody acknowledges is one interrupt, and an hour of it costs nothing. */
static void test_hour_of_missed_ticks(void)
{
    Vm *vm = start("2026-11-20");

    cmos_write(vm, A, 0x23);
    cmos_write(vm, B, H24 | PF);
    g_assert_cmpint(vm_step(vm, 3600 * S), ==, 3600 * S);
    g_assert_true(vm_irq(vm, IRQ));
    g_assert_cmpuint(vm_irq_count(vm, IRQ), ==, 1);
    vm_stop(vm);
}

/* Reading register C clears it, and lowers the line; what is not enabled does not raise it. */
static void test_flags(void)
{
    Vm *vm = start("2026-11-20");

    vm_step(vm, S);
    g_assert_cmphex(cmos_read(vm, C), ==, PF | UF);
    g_assert_cmphex(cmos_read(vm, C), ==, 0);
    vm_step(vm, S);
    g_assert_false(vm_irq(vm, IRQ));
    cmos_write(vm, B, H24 | UF); /* the flag is set already */
    g_assert_true(vm_irq(vm, IRQ));
    g_assert_cmphex(cmos_read(vm, C), ==, IRQF | PF | UF);
    g_assert_false(vm_irq(vm, IRQ));
    cmos_write(vm, C, 0xff); /* read-only, as D is */
    cmos_write(vm, D, 0);
    g_assert_cmphex(cmos_read(vm, C), ==, 0);
    g_assert_cmphex(cmos_read(vm, D), ==, 0x80);
    g_assert_cmphex(inb(vm, 0x70), ==, 0xff);
    vm_stop(vm);
}

/* The century is one byte with two addresses, and counts. */
static void test_century(void)
{
    Vm *vm = start("1999-12-31T23:59:59");

    g_assert_cmphex(cmos_read(vm, CENTURY), ==, 0x19);
    g_assert_cmphex(cmos_read(vm, CENTURY_PS2), ==, 0x19);
    vm_step(vm, S);
    g_assert_cmphex(cmos_read(vm, CENTURY), ==, 0x20);
    cmos_write(vm, CENTURY_PS2, 0x21);
    g_assert_cmphex(cmos_read(vm, CENTURY), ==, 0x21);
    expect_time(vm, 2100, 1, 1, 0, 0, 0);
    vm_stop(vm);
}

/* A year beyond what 32 bits of seconds can tell. */
static void test_far_years(void)
{
    static const int years[] = {1980, 2011, 2080, 2399};
    Vm *vm = start("2026-11-20");

    for (size_t i = 0; i < G_N_ELEMENTS(years); i++) {
        const int y = years[i] % 100, c = years[i] / 100;

        cmos_write(vm, A, 0x76);
        cmos_write(vm, CENTURY, c / 10 << 4 | c % 10);
        cmos_write(vm, YEAR, y / 10 << 4 | y % 10);
        cmos_write(vm, HOUR, 2);
        cmos_write(vm, MIN, 4);
        cmos_write(vm, SEC, 0x58);
        cmos_write(vm, A, 0x26);
        expect_time(vm, years[i], 11, 20, 2, 4, 58);
        vm_step(vm, S / 2);
        expect_time(vm, years[i], 11, 20, 2, 4, 59);
    }
    vm_stop(vm);
}

static int64_t now_of_day(Vm *vm)
{
    cmos_write(vm, B, BIN | H24);
    return cmos_read(vm, HOUR) * 3600 + cmos_read(vm, MIN) * 60 + cmos_read(vm, SEC);
}

/* What the host's clock says, in both of the zones that -rtc knows; time may pass meanwhile. */
static void test_bases(void)
{
    static const struct {
        const char *options, *zone;
        int64_t ahead; /* seconds, of UTC */
    } cases[] = {
        {"", "XYZ-5:30", 0},
        {"-rtc base=utc", "XYZ-5:30", 0},
        {"-rtc base=localtime", "XYZ-5:30", 5 * 3600 + 1800},
        {"-rtc base=localtime,clock=vm", "XYZ8", -8 * 3600},
    };
    g_autofree char *zone = g_strdup(g_getenv("TZ"));

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const time_t before = time(NULL);
        int64_t shown, passed;
        Vm *vm;

        g_setenv("TZ", cases[i].zone, TRUE);
        vm = vm_start("%s", cases[i].options);
        shown = now_of_day(vm);
        passed = time(NULL) - before;
        shown -= (before + cases[i].ahead) % 86400;
        g_assert_cmpint((shown + 86400) % 86400, <=, passed);
        vm_stop(vm);
    }
    if (zone) {
        g_setenv("TZ", zone, TRUE);
    } else {
        g_unsetenv("TZ");
    }
}

/* A client hears by how much the guest changed the clock. */
static void test_change_event(void)
{
    Vm *vm = start("2026-11-20T10:00:00");
    json_t *data, *type;
    const char *path;
    json_int_t offset;

    vm_step(vm, 5 * S);
    cmos_write(vm, B, H24 | SET);
    cmos_write(vm, HOUR, 0x12);
    cmos_write(vm, SEC, 0x00);
    g_assert_false(vm_qmp_has_event(vm, "RTC_CHANGE")); /* not yet */
    cmos_write(vm, B, H24);
    data = vm_qmp_event(vm, "RTC_CHANGE");
    g_assert_cmpint(json_unpack(data, "{s:I, s:s}", "offset", &offset, "qom-path", &path), ==, 0);
    g_assert_cmpint(offset, ==, 7200 - 5);
    type = vm_qmp(vm, "qom-get", "{s:s, s:s}", "path", path, "property", "type");
    g_assert_cmpstr(json_string_value(type), ==, "mc146818rtc");
    json_decref(type);
    json_decref(data);
    vm_stop(vm);
}

static void test_set_freezes(void)
{
    Vm *vm = start("2026-11-20T10:00:00");

    cmos_write(vm, B, H24 | SET);
    vm_step(vm, 10 * S);
    expect_time(vm, 2026, 11, 20, 10, 0, 0);
    cmos_write(vm, B, H24);
    vm_step(vm, S);
    expect_time(vm, 2026, 11, 20, 10, 0, 1);
    vm_stop(vm);
}

/* Memory survives a reset, the clock goes on, the interrupt enables do not. */
static void test_reset(void)
{
    Vm *vm = start("2026-11-20T10:00:00");

    cmos_write(vm, 0x60, 0xa5);
    cmos_write(vm, B, H24 | UF);
    vm_step(vm, 5 * S);
    g_assert_true(vm_irq(vm, IRQ));
    vm_reset(vm);
    g_assert_false(vm_irq(vm, IRQ));
    g_assert_cmphex(cmos_read(vm, 0x60), ==, 0xa5);
    g_assert_cmphex(cmos_read(vm, B), ==, H24);
    expect_time(vm, 2026, 11, 20, 10, 0, 5);
    vm_stop(vm);
}

static void test_random_accesses(void)
{
    Vm *vm = start("2026-11-20");

    for (int i = 0; i < 1000; i++) {
        const uint8_t reg = g_test_rand_int_range(0, 128);

        if (g_test_rand_bit()) {
            cmos_write(vm, reg, g_test_rand_int_range(0, 256));
        } else {
            cmos_read(vm, reg);
        }
        if (i % 16 == 0) {
            vm_step(vm, g_test_rand_int_range(1, S));
        }
    }
    cmos_write(vm, B, SET | H24);
    cmos_write(vm, A, 0x76);
    cmos_write(vm, SEC, 0x41);
    cmos_write(vm, A, 0x26);
    cmos_write(vm, B, H24);
    vm_step(vm, S / 2);
    g_assert_cmphex(cmos_read(vm, SEC), ==, 0x42);
    vm_stop(vm);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rtc/roll-over", test_roll_over);
    g_test_add_func("/rtc/formats", test_formats);
    g_test_add_func("/rtc/divider-reset", test_divider_reset);
    g_test_add_func("/rtc/update-in-progress", test_update_in_progress);
    g_test_add_func("/rtc/update-in-progress-ends", test_update_in_progress_ends);
    g_test_add_func("/rtc/update-interrupt", test_update_interrupt);
    g_test_add_func("/rtc/alarm", test_alarm);
    g_test_add_func("/rtc/periodic-rates", test_periodic_rates);
    g_test_add_func("/rtc/rate-changes", test_rate_changes);
    g_test_add_func("/rtc/missed-ticks", test_missed_ticks);
    g_test_add_func("/rtc/hour-of-missed-ticks", test_hour_of_missed_ticks);
    g_test_add_func("/rtc/flags", test_flags);
    g_test_add_func("/rtc/century", test_century);
    g_test_add_func("/rtc/far-years", test_far_years);
    g_test_add_func("/rtc/bases", test_bases);
    g_test_add_func("/rtc/change-event", test_change_event);
    g_test_add_func("/rtc/set-freezes", test_set_freezes);
    g_test_add_func("/rtc/reset", test_reset);
    g_test_add_func("/rtc/random-accesses", test_random_accesses);
    return g_test_run();
}
