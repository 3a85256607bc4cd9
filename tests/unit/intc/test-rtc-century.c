/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hundred years of the real-time clock, in each of its four formats, against a model that shares
 * nothing with it: the date is a day number of a calendar whose years begin in March (no time_t),
 * and the alarm is found by looking at every second there is.
 *
 * The run sets the clock, lets time pass, reads every register and moves the alarm, at random; the
 * alarm's interrupt must come at the very nanosecond.
 */
#include <stdio.h>

#include "harness.h"
#include "hw/rtc/mc146818rtc.h"

enum { SEC, SEC_AL, MIN, MIN_AL, HOUR, HOUR_AL, WDAY, MDAY, MON, YEAR, A, B, C, CENT = 0x32 };
enum { SET = 0x80, AIE = 0x20, DM = 0x04, H24 = 0x02, AF = 0x20, UF = 0x10 };

#define S          NANOSECONDS_PER_SECOND
#define DAY        86400
#define FIRST_YEAR 1970
#define LAST_YEAR  2070
#define ANY        (-1)

static Harness h;
static Device *rtc;

static uint8_t get(unsigned reg)
{
    outb(0x70, reg);
    return inb(0x71);
}

static void put(unsigned reg, uint8_t val)
{
    outb(0x70, reg);
    outb(0x71, val);
}

/* -------------------------------------------------------------------------------- the model -- */

typedef struct Model {
    uint8_t mode;
    int64_t day;   /* days since 1 March of year 0 */
    int of_day;    /* seconds */
    int wday;      /* 1 to 7, as the guest set it */
    int64_t phase; /* ns since the last update */
    int alarm[3];  /* hour, minute, second: a value or ANY */
} Model;

typedef struct Date {
    int year, mon, mday;
} Date;

/* Years that begin in March have their leap day last: months of 153 days in fives. */
static int64_t day_of(Date d)
{
    const int64_t y = d.year - (d.mon < 3);
    const int m = (d.mon + 9) % 12;

    return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + d.mday - 1;
}

static bool is_leap(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int days_of_month(int year, int mon)
{
    return mon == 2 ? 28 + is_leap(year) : 30 + (mon + mon / 8) % 2;
}

/* By search: the last year and month that begin on or before the day. */
static Date date_of(int64_t day)
{
    Date d = {.year = day / 366, .mon = 1, .mday = 1};

    while (day_of((Date){d.year + 1, 1, 1}) <= day) {
        d.year++;
    }
    while (d.mon < 12 && day_of((Date){d.year, d.mon + 1, 1}) <= day) {
        d.mon++;
    }
    d.mday = day - day_of((Date){d.year, d.mon, 1}) + 1;
    return d;
}

static uint8_t shown(const Model *m, int val)
{
    return m->mode & DM ? val : val / 10 * 16 + val % 10;
}

static uint8_t shown_hour(const Model *m, int hour)
{
    /* 12, 1, 2 ... 11 in the morning, and again in the evening */
    static const uint8_t twelve[] = {12, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};

    return m->mode & H24 ? shown(m, hour) : shown(m, twelve[hour % 12]) | (hour < 12 ? 0 : 0x80);
}

static bool alarm_matches(const Model *m, int of_day)
{
    return (m->alarm[0] == ANY || m->alarm[0] == of_day / 3600) &&
           (m->alarm[1] == ANY || m->alarm[1] == of_day / 60 % 60) &&
           (m->alarm[2] == ANY || m->alarm[2] == of_day % 60);
}

/* How many of the next `seconds` updates it takes until the alarm goes off; 0: none of them. */
static int64_t until_alarm(const Model *m, int64_t seconds)
{
    for (int64_t n = 1; n <= MIN(seconds, DAY); n++) {
        if (alarm_matches(m, (m->of_day + n) % DAY)) {
            return n;
        }
    }
    return 0;
}

static void model_pass(Model *m, int64_t ns)
{
    const int64_t seconds = (m->phase + ns) / S;
    const int64_t days = (m->of_day + seconds) / DAY;

    m->phase = (m->phase + ns) % S;
    m->of_day = (m->of_day + seconds) % DAY;
    m->day += days;
    m->wday = (m->wday - 1 + days) % 7 + 1;
}

/* ---------------------------------------------------------------------------------- the run -- */

static void check_registers(const Model *m)
{
    const Date d = date_of(m->day);

    g_assert_cmphex(get(SEC), ==, shown(m, m->of_day % 60));
    g_assert_cmphex(get(MIN), ==, shown(m, m->of_day / 60 % 60));
    g_assert_cmphex(get(HOUR), ==, shown_hour(m, m->of_day / 3600));
    g_assert_cmphex(get(WDAY), ==, shown(m, m->wday));
    g_assert_cmphex(get(MDAY), ==, shown(m, d.mday));
    g_assert_cmphex(get(MON), ==, shown(m, d.mon));
    g_assert_cmphex(get(YEAR), ==, shown(m, d.year % 100));
    g_assert_cmphex(get(CENT), ==, shown(m, d.year / 100));
}

/* Somewhere in the same month, so that the hundred years go by all the same. */
static void set_clock(Model *m)
{
    Date d = date_of(m->day);

    d.mday = g_test_rand_int_range(1, days_of_month(d.year, d.mon) + 1);
    m->day = day_of(d);
    m->of_day = g_test_rand_int_range(0, DAY);
    m->wday = g_test_rand_int_range(1, 8);
    put(B, m->mode | AIE | SET);
    put(MDAY, shown(m, d.mday));
    put(WDAY, shown(m, m->wday));
    put(HOUR, shown_hour(m, m->of_day / 3600));
    put(MIN, shown(m, m->of_day / 60 % 60));
    put(SEC, shown(m, m->of_day % 60));
    check_registers(m);
    put(B, m->mode | AIE);
}

static void set_alarm(Model *m)
{
    static const int limits[] = {24, 60, 60};
    static const uint8_t regs[] = {HOUR_AL, MIN_AL, SEC_AL};

    for (int i = 0; i < 3; i++) {
        m->alarm[i] = g_test_rand_bit() ? g_test_rand_int_range(0, limits[i]) : ANY;
        put(regs[i], m->alarm[i] == ANY ? g_test_rand_int_range(0xc0, 0x100)
                     : i == 0           ? shown_hour(m, m->alarm[i])
                                        : shown(m, m->alarm[i]));
    }
}

/* Let time pass; the alarm and the update flag must be those of the model. */
static void pass(Model *m, int64_t ns)
{
    const int64_t begin = clock_get_ns(VM_CLOCK_VIRTUAL);
    const int64_t seconds = (m->phase + ns) / S;
    const int64_t n = until_alarm(m, seconds);
    uint8_t flags;

    get(C);
    record_clear(&h.irq[8]);
    step(ns);
    g_assert_cmpuint(h.irq[8].raised, ==, n != 0);
    if (n) {
        g_assert_cmpint(h.irq[8].raised_at, ==, begin - m->phase + n * S);
    }
    flags = get(C);
    g_assert_cmphex(flags & AF, ==, n ? AF : 0);
    g_assert_cmphex(flags & UF, ==, seconds ? UF : 0);
    model_pass(m, ns);
}

static void test_century(gconstpointer data)
{
    Model m = {.mode = GPOINTER_TO_UINT(data),
               .day = day_of((Date){FIRST_YEAR, 1, 1}),
               .wday = 5, /* a Thursday */
               .alarm = {0, 0, 0}};
    const int64_t last = day_of((Date){LAST_YEAR, 1, 1});
    unsigned alarms = 0;

    clock_manual_init(); /* from 0: virtual time holds 292 years */
    harness_begin(&h);
    rtc = harness_isa_device(&h, &mc146818rtc_class, "clock", "vm", "base", "1970-01-01", NULL);
    put(B, m.mode | AIE);
    set_alarm(&m);
    for (unsigned steps = 0; m.day < last; steps++) {
        switch (g_test_rand_int_range(0, 8)) {
        case 0:
            set_clock(&m);
            break;
        case 1:
            set_alarm(&m);
            alarms++;
            break;
        case 2: /* near */
            pass(&m, g_test_rand_int_range(0, 2 * S));
            break;
        case 3: /* within the hour */
            pass(&m, g_test_rand_int_range(0, 3600) * S + g_test_rand_int_range(0, S));
            break;
        case 4: /* to the last nanosecond of a day, and over */
            pass(&m, (DAY - m.of_day) * S - m.phase - 1);
            check_registers(&m);
            pass(&m, 1);
            break;
        default:
            pass(&m, g_test_rand_int_range(0, 60 * DAY) * S + g_test_rand_int_range(0, S));
            break;
        }
        check_registers(&m);
        g_assert_cmpuint(steps, <, 1000000);
    }
    g_assert_cmpuint(alarms, >, 100);
    harness_end(&h);
}

/* What the model says of days that everybody knows. */
static void test_model(void)
{
    static const Date dates[] = {{1970, 1, 1},   {1999, 12, 31}, {2000, 2, 29},
                                 {2000, 3, 1},   {2024, 2, 29},  {2026, 11, 25},
                                 {2069, 12, 31}, {2100, 2, 28},  {2100, 3, 1}};

    for (size_t i = 0; i < G_N_ELEMENTS(dates); i++) {
        const Date d = date_of(day_of(dates[i]));

        g_assert_cmpint(d.year, ==, dates[i].year);
        g_assert_cmpint(d.mon, ==, dates[i].mon);
        g_assert_cmpint(d.mday, ==, dates[i].mday);
    }
    g_assert_cmpint(day_of((Date){2000, 1, 1}) - day_of((Date){1970, 1, 1}), ==, 10957);
    g_assert_cmpint(day_of((Date){2100, 3, 1}) - day_of((Date){2100, 2, 28}), ==, 1);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        uint8_t mode;
    } formats[] = {{"bcd-12", 0}, {"bcd-24", H24}, {"binary-12", DM}, {"binary-24", DM | H24}};

    harness_init(&argc, &argv);
    g_test_add_func("/rtc-century/model", test_model);
    for (size_t i = 0; i < G_N_ELEMENTS(formats); i++) {
        g_autofree char *path = g_strdup_printf("/rtc-century/%s", formats[i].name);

        g_test_add_data_func(path, GUINT_TO_POINTER(formats[i].mode), test_century);
    }
    return g_test_run();
}
