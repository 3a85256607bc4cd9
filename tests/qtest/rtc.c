/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The real-time clock as a guest has it: ports 0x70 and 0x71, interrupt 8, time to the nanosecond.
 */
#include "vm.h"

#define S NANOSECONDS_PER_SECOND
#define IRQ 8

enum { SEC, SEC_ALARM, MIN, MIN_ALARM, HOUR, HOUR_ALARM, WDAY, MDAY, MONTH, YEAR, A, B, C, D };
enum { CENTURY = 0x32 };

#define UIP 0x80 /* A */
#define SET 0x80 /* B, and its enables as the flags in C */
#define PF  0x40
#define AF  0x20
#define UF  0x10
#define BIN 0x04
#define H24 0x02
#define IRQF 0x80

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

    vm_set_clock(vm, S - 244140 - 1);
    g_assert_cmphex(cmos_read(vm, A), ==, 0x26);
    vm_step(vm, 1);
    g_assert_cmphex(cmos_read(vm, A), ==, UIP | 0x26);
    vm_set_clock(vm, S - 1);
    g_assert_cmphex(cmos_read(vm, A), ==, UIP | 0x26);
    vm_step(vm, 1);
    g_assert_cmphex(cmos_read(vm, A), ==, 0x26);
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
        {H24, 0x10, 0x00, 0x05, 5, 86400},   {H24, 0xff, 0xff, 0xff, 1, 1},
        {H24, 0xc0, 0xc0, 0x30, 30, 60},     {H24, 0xc0, 0x15, 0x30, 930, 3600},
        {H24, 0x09, 0x59, 0x59, 86399, 86400}, {0, 0x81, 0x00, 0x00, 3 * 3600, 86400},
        {0, 0x92, 0x00, 0x00, 2 * 3600, 86400}, {0, 0x12, 0x00, 0x00, 14 * 3600, 86400},
        {BIN, 0x80 | 11, 59, 59, 14 * 3600 - 1, 86400}, {BIN | H24, 22, 22, 22, 44542, 86400},
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
    g_test_add_func("/rtc/update-in-progress", test_update_in_progress);
    g_test_add_func("/rtc/update-interrupt", test_update_interrupt);
    g_test_add_func("/rtc/alarm", test_alarm);
    g_test_add_func("/rtc/periodic-rates", test_periodic_rates);
    g_test_add_func("/rtc/hour-of-missed-ticks", test_hour_of_missed_ticks);
    g_test_add_func("/rtc/set-freezes", test_set_freezes);
    g_test_add_func("/rtc/reset", test_reset);
    g_test_add_func("/rtc/random-accesses", test_random_accesses);
    return g_test_run();
}
