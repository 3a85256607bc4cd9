/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The real-time clock: time under steps, formats, alarms, flags, ticks, and a random run against a
 * clock that counts like a wheel work.
 */
#include "hw/rtc/mc146818rtc.h"

#include "harness.h"

enum { SEC, SEC_AL, MIN, MIN_AL, HOUR, HOUR_AL, WDAY, MDAY, MON, YEAR, A, B, C, D, CENT = 0x32 };
enum { SET = 0x80, PIE = 0x40, AIE = 0x20, UIE = 0x10, DM = 0x04, H24 = 0x02 };
enum { UIP = 0x80, IRQF = 0x80, PF = 0x40, AF = 0x20, UF = 0x10 };

#define S NANOSECONDS_PER_SECOND

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

/* A clock that starts at `date`, on virtual time, on an update. */
static void begin(const char *date, const char *policy)
{
    harness_begin(&h);
    rtc = harness_isa_device(&h, &mc146818rtc_class, "clock", "vm", "base", date,
                             "lost_tick_policy", policy, NULL);
}

static void end(void)
{
    harness_end(&h);
}

/* As firmware does: stop the divider, set, start; the first update comes after half a second. */
static void set_time(uint8_t mode, uint8_t hour, uint8_t min, uint8_t sec)
{
    put(B, mode);
    put(A, 0x76);
    put(HOUR, hour);
    put(MIN, min);
    put(SEC, sec);
    put(A, 0x26);
}

static void assert_time(uint8_t hour, uint8_t min, uint8_t sec)
{
    g_assert_cmphex(get(HOUR), ==, hour);
    g_assert_cmphex(get(MIN), ==, min);
    g_assert_cmphex(get(SEC), ==, sec);
}

static void test_starts_at_base(void)
{
    begin("2024-02-28T23:59:58", "discard");
    assert_time(0x23, 0x59, 0x58);
    g_assert_cmphex(get(MDAY), ==, 0x28);
    g_assert_cmphex(get(MON), ==, 0x02);
    g_assert_cmphex(get(YEAR), ==, 0x24);
    g_assert_cmphex(get(CENT), ==, 0x20);
    g_assert_cmphex(get(0x37), ==, 0x20);
    g_assert_cmphex(get(WDAY), ==, 4); /* a Wednesday */
    g_assert_cmphex(get(D), ==, 0x80);
    g_assert_cmphex(inb(0x70), ==, 0xff);
    end();
}

static void test_base_is_checked(void)
{
    static const char *const bad[] = {"",
                                      "now",
                                      "2024-02-30",
                                      "2024-13-01",
                                      "2024-01-01T25:00:00",
                                      "2024-01-01x",
                                      "2024-01-01T10:00:00Z"};
    harness_begin(&h);
    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) err = NULL;
        Device *dev = device_new(&mc146818rtc_class);

        device_set_str(dev, "base", bad[i]);
        g_assert_false(device_realize(dev, &h.isa.bus, &err));
        g_assert_nonnull(strstr(err->message, "invalid datetime format"));
        device_free(dev);
    }
    end();
}

static void test_host_clock(void)
{
    time_t before = time(NULL), after;
    struct tm date;

    harness_begin(&h);
    rtc = harness_isa_device(&h, &mc146818rtc_class, NULL);
    rtc_get_date(rtc, &date);
    after = time(NULL);
    g_assert_cmpint(timegm(&date), >=, before);
    g_assert_cmpint(timegm(&date), <=, after);
    end();

    harness_begin(&h);
    before = time(NULL);
    rtc = harness_isa_device(&h, &mc146818rtc_class, "base", "localtime", "clock", "vm", NULL);
    rtc_get_date(rtc, &date);
    date.tm_isdst = -1;
    g_assert_cmpint(mktime(&date), >=, before);
    g_assert_cmpint(mktime(&date), <=, before + 3600);
    end();
}

static void test_roll_over(void)
{
    static const struct {
        uint8_t mode, before[3], after[3];
    } cases[] = {
        {H24, {0x09, 0x59, 0x59}, {0x10, 0x00, 0x00}},
        {H24, {0x23, 0x59, 0x59}, {0, 0, 0}},
        {H24, {0x11, 0x09, 0x09}, {0x11, 0x09, 0x10}},
        {0, {0x81, 0x59, 0}, {0x81, 0x59, 1}},
        {0, {0x09, 0x59, 0x59}, {0x10, 0, 0}},
        {0, {0x12, 0x59, 0x59}, {0x01, 0, 0}},
        {0, {0x92, 0x59, 0x59}, {0x81, 0, 0}},
        {0, {0x11, 0x59, 0x59}, {0x92, 0, 0}},
        {0, {0x91, 0x59, 0x59}, {0x12, 0, 0}},
        {DM, {9, 59, 59}, {10, 0, 0}},
        {DM, {12, 59, 59}, {1, 0, 0}},
        {DM, {140, 59, 59}, {129, 0, 0}},
        {DM, {11, 59, 59}, {140, 0, 0}},
        {DM, {139, 59, 59}, {12, 0, 0}},
        {DM | H24, {23, 59, 59}, {0, 0, 0}},
        {DM | H24, {19, 9, 59}, {19, 10, 0}},
    };

    begin("2026-11-20", "discard");
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        set_time(cases[i].mode, cases[i].before[0], cases[i].before[1], cases[i].before[2]);
        step(S / 2 - 1);
        assert_time(cases[i].before[0], cases[i].before[1], cases[i].before[2]);
        step(1);
        assert_time(cases[i].after[0], cases[i].after[1], cases[i].after[2]);
    }
    end();
}

static void test_calendar(void)
{
    static const struct {
        const char *before;
        uint8_t after[4];
    } cases[] = {
        {"1999-12-31T23:59:59", {0x01, 0x01, 0x00, 0x20}},
        {"2000-02-28T23:59:59", {0x29, 0x02, 0x00, 0x20}},
        {"2000-02-29T23:59:59", {0x01, 0x03, 0x00, 0x20}},
        {"2023-02-28T23:59:59", {0x01, 0x03, 0x23, 0x20}},
        {"2099-12-31T23:59:59", {0x01, 0x01, 0x00, 0x21}},
        {"2100-02-28T23:59:59", {0x01, 0x03, 0x00, 0x21}},
        {"2024-04-30T23:59:59", {0x01, 0x05, 0x24, 0x20}},
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        begin(cases[i].before, "discard");
        step(S);
        assert_time(0, 0, 0);
        g_assert_cmphex(get(MDAY), ==, cases[i].after[0]);
        g_assert_cmphex(get(MON), ==, cases[i].after[1]);
        g_assert_cmphex(get(YEAR), ==, cases[i].after[2]);
        g_assert_cmphex(get(CENT), ==, cases[i].after[3]);
        end();
    }
}

static void test_weekday_is_the_guests(void)
{
    begin("2026-11-20", "discard"); /* Friday: 6 */
    g_assert_cmphex(get(WDAY), ==, 6);
    put(WDAY, 2);
    step(S * 86400);
    g_assert_cmphex(get(WDAY), ==, 3);
    step(S * 86400 * 5);
    g_assert_cmphex(get(WDAY), ==, 1);
    g_assert_cmphex(get(MDAY), ==, 0x26);
    end();
}

static void test_set_freezes(void)
{
    begin("2026-11-20T10:00:00", "discard");
    step(S / 4);
    put(B, H24 | SET | UIE);
    g_assert_cmphex(get(B), ==, H24 | SET); /* SET clears UIE */
    step(S * 5);
    assert_time(0x10, 0x00, 0x00);
    get(C);
    step(S);
    g_assert_cmphex(get(C) & UF, ==, 0);
    put(MIN, 0x30);
    put(YEAR, 0x99);
    assert_time(0x10, 0x30, 0x00);
    put(B, H24);
    /* SET leaves the divider alone: the next update is 3/4 s away as before. */
    step(S * 3 / 4 - 1);
    assert_time(0x10, 0x30, 0x00);
    step(1);
    assert_time(0x10, 0x30, 0x01);
    g_assert_cmphex(get(YEAR), ==, 0x99);
    end();
}

static void test_divider_reset(void)
{
    begin("2026-11-20T10:00:00", "discard");
    step(S / 3);
    put(A, 0x76);
    g_assert_cmphex(get(A), ==, 0x76);
    step(S * 7);
    assert_time(0x10, 0x00, 0x00);
    put(SEC, 0x58);
    put(A, 0x26);
    step(S / 2 - 1);
    assert_time(0x10, 0x00, 0x58);
    g_assert_cmphex(get(A), ==, 0xa6);
    step(1);
    assert_time(0x10, 0x00, 0x59);
    step(S);
    assert_time(0x10, 0x01, 0x00);
    end();
}

static void test_uip(void)
{
    begin("2026-11-20", "discard");
    for (int i = 0; i < 3; i++) {
        g_assert_cmphex(get(A), ==, 0x26);
        step(S - 244140 - 1);
        g_assert_cmphex(get(A), ==, 0x26);
        step(1);
        g_assert_cmphex(get(A), ==, 0xa6);
        step(244140 - 1);
        g_assert_cmphex(get(A), ==, 0xa6);
        g_assert_cmphex(get(SEC), ==, i);
        step(1);
        g_assert_cmphex(get(A), ==, 0x26);
        g_assert_cmphex(get(SEC), ==, i + 1);
    }
    step(S - 1);
    put(A, 0xa6); /* UIP is read-only ... */
    g_assert_cmphex(get(A), ==, 0xa6);
    put(B, H24 | SET); /* ... and SET clears it */
    g_assert_cmphex(get(A), ==, 0x26);
    end();
}

static void test_uip_clears_when_alarm_moves_away(void)
{
    begin("2026-11-20T10:00:00", "discard");
    put(SEC_AL, 0x03);
    put(MIN_AL, 0xc0);
    put(HOUR_AL, 0xff);
    put(B, H24 | AIE);
    step(S * 2 + S - 1);
    g_assert_cmphex(get(A) & UIP, ==, UIP);
    put(SEC_AL, 0x30);
    step(1);
    g_assert_cmphex(get(A) & UIP, ==, 0);
    g_assert_cmpint(h.irq[8].raised, ==, 0);
    step(S * 27);
    g_assert_cmpint(h.irq[8].raised, ==, 1);
    end();
}

static void test_update_interrupt(void)
{
    int64_t start;

    begin("2026-11-20", "discard");
    start = clock_get_ns(VM_CLOCK_VIRTUAL);
    get(C);
    put(B, H24 | UIE);
    step(S - 1);
    g_assert_cmpint(h.irq[8].level, ==, 0);
    step(S);
    g_assert_cmpint(h.irq[8].level, ==, 1);
    g_assert_cmpint(h.irq[8].raised_at, ==, start + S);
    g_assert_cmphex(rtc_get_memory(rtc, C) & (IRQF | UF), ==, IRQF | UF); /* clears nothing */
    g_assert_cmphex(get(C) & (IRQF | UF), ==, IRQF | UF);
    g_assert_cmpint(h.irq[8].level, ==, 0);
    g_assert_cmphex(get(C) & (IRQF | UF), ==, 0);
    step(1);
    g_assert_cmpint(h.irq[8].raised_at, ==, start + 2 * S);
    /* Enabling an interrupt whose flag is set already raises the line at once. */
    put(B, H24);
    g_assert_cmpint(h.irq[8].level, ==, 0);
    put(B, H24 | UIE);
    g_assert_cmpint(h.irq[8].level, ==, 1);
    device_reset(rtc);
    g_assert_cmpint(h.irq[8].level, ==, 0);
    g_assert_cmphex(get(B), ==, H24);
    end();
}

static void test_alarm(void)
{
    static const struct {
        uint8_t mode;
        const char *from;
        uint8_t alarm[3]; /* hour, minute, second */
        int64_t after[2]; /* seconds to the first and from there to the second */
    } cases[] = {
        {H24, "2026-11-20T10:00:00", {0x10, 0x00, 0x05}, {5, 86400}},
        {H24, "2026-11-20T10:00:00", {0x09, 0x59, 0x59}, {86399, 86400}},
        {H24, "2026-11-20T10:00:00", {0x10, 0x00, 0x00}, {86400, 86400}},
        {H24, "2026-11-20T10:00:00", {0xff, 0xff, 0xff}, {1, 1}},
        {H24, "2026-11-20T10:00:00", {0xc0, 0xc7, 0x30}, {30, 60}},
        {H24, "2026-11-20T10:00:00", {0xff, 0x15, 0x30}, {930, 3600}},
        {H24, "2026-11-20T10:00:00", {0x12, 0xff, 0xff}, {7200, 1}},
        {H24, "2026-11-20T23:59:59", {0x00, 0x00, 0x00}, {1, 86400}},
        {0, "2026-11-20T11:59:59", {0x92, 0x00, 0x00}, {1, 86400}}, /* 12 PM: noon */
        {0, "2026-11-20T23:59:59", {0x12, 0x00, 0x00}, {1, 86400}}, /* 12 AM: midnight */
        {0, "2026-11-20T10:00:00", {0x81, 0x00, 0x00}, {10800, 86400}},
        {0, "2026-11-20T22:59:59", {0x91, 0x00, 0x00}, {1, 86400}},
        {DM, "2026-11-20T10:00:00", {0x80 | 12, 30, 0}, {9000, 86400}},
        {DM, "2026-11-20T13:00:00", {12, 59, 59}, {43199, 86400}},
        {DM | H24, "2026-11-20T10:00:00", {22, 22, 22}, {44542, 86400}},
        {H24, "2026-11-20T10:00:00", {0x1a, 0xff, 0xff}, {0, 0}}, /* never */
        {H24, "2026-11-20T10:00:00", {0x24, 0xff, 0xff}, {0, 0}},
        {H24, "2026-11-20T10:00:00", {0xff, 0x60, 0xff}, {0, 0}},
        {0, "2026-11-20T10:00:00", {0x00, 0xff, 0xff}, {0, 0}}, /* no hour 0 of 12 */
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        int64_t at;

        begin(cases[i].from, "discard");
        put(B, cases[i].mode);
        put(HOUR_AL, cases[i].alarm[0]);
        put(MIN_AL, cases[i].alarm[1]);
        put(SEC_AL, cases[i].alarm[2]);
        get(C);
        put(B, cases[i].mode | AIE);
        at = clock_get_ns(VM_CLOCK_VIRTUAL);
        for (int n = 0; n < 2 && cases[i].after[0]; n++) {
            step(cases[i].after[n] * S - 1);
            g_assert_cmpint(h.irq[8].level, ==, 0);
            step(1);
            at += cases[i].after[n] * S;
            g_assert_cmpint(h.irq[8].level, ==, 1);
            g_assert_cmpint(h.irq[8].raised_at, ==, at);
            g_assert_cmphex(get(C) & (IRQF | AF), ==, IRQF | AF);
        }
        if (!cases[i].after[0]) {
            step(3 * 86400 * S);
            g_assert_cmpint(h.irq[8].raised, ==, 0);
            g_assert_cmphex(get(C) & AF, ==, 0);
        }
        end();
    }
}

/* AF is set by time, whether or not its interrupt is enabled. */
static void test_alarm_flag_polled(void)
{
    begin("2026-11-20T10:00:00", "discard");
    put(HOUR_AL, 0x10);
    put(MIN_AL, 0x00);
    put(SEC_AL, 0x02);
    step(S);
    g_assert_cmphex(get(C) & (IRQF | AF | UF), ==, UF);
    step(S);
    g_assert_cmphex(get(C) & (IRQF | AF | UF), ==, AF | UF);
    step(S);
    g_assert_cmphex(get(C) & (IRQF | AF | UF), ==, UF);
    end();
}

static void test_periodic_rates(void)
{
    static const uint32_t hz[] = {0,   256, 128, 8192, 4096, 2048, 1024, 512,
                                  256, 128, 64,  32,   16,   8,    4,    2};

    for (unsigned rate = 1; rate < 16; rate++) {
        int64_t start;
        unsigned ticks = 3 * hz[rate];

        begin("2026-11-20", "discard");
        start = clock_get_ns(VM_CLOCK_VIRTUAL);
        put(A, 0x20 | rate);
        get(C);
        put(B, H24 | PIE);
        for (unsigned k = 1; k <= ticks; k++) {
            int64_t due = start + (k * S + hz[rate] - 1) / hz[rate];

            clock_manual_set(due - 1);
            g_assert_cmpint(h.irq[8].level, ==, 0);
            clock_manual_set(due);
            g_assert_cmpint(h.irq[8].level, ==, 1);
            g_assert_cmphex(get(C) & (IRQF | PF), ==, IRQF | PF);
        }
        g_assert_cmpint(clock_get_ns(VM_CLOCK_VIRTUAL) - start, ==, 3 * S); /* no drift */
        end();
    }
    begin("2026-11-20", "discard");
    put(A, 0x20);
    put(B, H24 | PIE);
    step(10 * S);
    g_assert_cmpint(h.irq[8].raised, ==, 0);
    end();
}

/* Nothing is owed for an hour without a read, and no timer runs meanwhile. */
static void test_missed_ticks_are_discarded(void)
{
    begin("2026-11-20", "discard");
    put(A, 0x23);
    put(B, H24 | PIE);
    step(S);
    g_assert_cmpint(h.irq[8].level, ==, 1);
    g_assert_cmpint(clock_virtual_deadline(), ==, -1);
    step(3600 * S);
    g_assert_cmphex(get(C) & PF, ==, PF);
    g_assert_cmphex(get(C) & PF, ==, 0);
    g_assert_cmpint(h.irq[8].level, ==, 0);
    g_assert_cmpint(clock_virtual_deadline() - clock_get_ns(VM_CLOCK_VIRTUAL), ==, 122071);
    end();
}

/* Run for `ns`, reading register C at every interrupt; returns how many there were. */
static unsigned serve(int64_t ns)
{
    int64_t until = clock_get_ns(VM_CLOCK_VIRTUAL) + ns, next;
    unsigned n = 0;

    while ((next = clock_virtual_deadline()) != -1 && next <= until) {
        clock_manual_set(next);
        if (h.irq[8].level) {
            g_assert_cmphex(get(C) & PF, ==, PF);
            n++;
        }
    }
    clock_manual_set(until);
    return n;
}

static void test_missed_ticks_are_slewed(void)
{
    begin("2026-11-20", "slew");
    put(A, 0x26); /* 1024 Hz */
    get(C);
    put(B, H24 | PIE);
    g_assert_cmpuint(serve(S), ==, 1024);
    step(2 * S); /* 2048 ticks: one is shown, 2047 are owed */
    get(C);
    g_assert_cmpuint(serve(S), ==, 2 * 1024); /* never more than double speed */
    g_assert_cmpuint(serve(S), ==, 1024 + 1023);
    g_assert_cmpuint(serve(S), ==, 1024);
    step(S);
    get(C);
    rtc_reset_reinjection(rtc);
    g_assert_cmpuint(serve(S), <=, 1024 + 1);
    /* What is owed is time: at half the rate, half the ticks. */
    step(2 * S);
    get(C);
    put(A, 0x27);
    g_assert_cmpuint(serve(10 * S), ==, 5120 + 1023);
    end();
}

static void test_nmi_mask_and_memory(void)
{
    begin("2026-11-20", "discard");
    rtc_set_memory(rtc, 0x5f, 3);
    g_assert_cmphex(get(0x5f), ==, 3);
    put(0x7f, 0x5a);
    g_assert_cmphex(rtc_get_memory(rtc, 0x7f), ==, 0x5a);
    rtc_set_memory(rtc, 0x32, 0x99);
    g_assert_cmphex(get(0x32), ==, 0x20);
    g_assert_false(rtc_nmi_masked(rtc));
    outb(0x70, 0x80 | 0x5f);
    g_assert_true(rtc_nmi_masked(rtc));
    g_assert_cmphex(inb(0x71), ==, 3);
    device_reset(rtc);
    g_assert_cmphex(get(0x7f), ==, 0x5a);
    put(C, 0xff);
    put(D, 0x00);
    g_assert_cmphex(get(D), ==, 0x80);
    end();
}

static int64_t changed_offset;

static void changed(void *opaque, int64_t offset)
{
    changed_offset = offset;
}

static void test_change_is_told(void)
{
    begin("2026-11-20T10:00:00", "discard");
    rtc_set_change_handler(rtc, changed, NULL);
    step(5 * S);
    put(B, H24 | SET);
    put(HOUR, 0x12);
    put(SEC, 0x00);
    put(B, H24);
    g_assert_cmpint(changed_offset, ==, 7200 - 5);
    step(86400 * S);
    put(MDAY, 0x20);
    g_assert_cmpint(changed_offset, ==, 7200 - 5 - 86400);
    end();
}

/* A clock that is put back stands for one that stands still: time goes on from where it was. */
static void test_clock_goes_backwards(void)
{
    begin("2026-11-20T10:00:00", "discard");
    put(A, 0x20);
    step(3600 * S + S / 4);
    assert_time(0x11, 0x00, 0x00);
    get(C);
    put(B, H24 | UIE);
    clock_manual_init(); /* back to 0 */
    assert_time(0x11, 0x00, 0x00);
    put(B, H24 | UIE); /* an access notices */
    step(S * 3 / 4 - 1);
    g_assert_cmpint(h.irq[8].level, ==, 0);
    g_assert_cmphex(get(A) & UIP, ==, UIP);
    step(1);
    g_assert_cmphex(get(A) & UIP, ==, 0);
    g_assert_cmpint(h.irq[8].level, ==, 1);
    assert_time(0x11, 0x00, 0x01);
    end();
}

static void test_base_year(void)
{
    harness_begin(&h);
    rtc = harness_isa_device(&h, &mc146818rtc_class, "clock", "vm", "base", "2026-11-20",
                             "base_year", "1980", NULL);
    g_assert_cmphex(get(YEAR), ==, 0x46);
    g_assert_cmphex(get(CENT), ==, 0x00);
    end();
}

/* ------------------------------------------------------------------ against a wheel work -- */

/* Counts as a mechanical calendar does: each wheel moves the next. Knows nothing of 1970. */
typedef struct Wheels {
    int sec, min, hour, wday, mday, mon, year;
} Wheels;

static int month_days(const Wheels *w)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (w->year % 4 == 0 && w->year % 100 != 0) || w->year % 400 == 0;

    return days[w->mon - 1] + (w->mon == 2 && leap);
}

static void wheels_day(Wheels *w)
{
    w->wday = w->wday % 7 + 1;
    if (++w->mday > month_days(w)) {
        w->mday = 1;
        if (++w->mon > 12) {
            w->mon = 1;
            w->year++;
        }
    }
}

static void wheels_run(Wheels *w, int64_t seconds)
{
    int64_t of_day = w->hour * 3600 + w->min * 60 + w->sec + seconds;

    for (; of_day >= 86400; of_day -= 86400) {
        wheels_day(w);
    }
    w->hour = of_day / 3600;
    w->min = of_day / 60 % 60;
    w->sec = of_day % 60;
}

static uint8_t format(int val, uint8_t mode)
{
    return mode & DM ? val : val / 10 * 16 + val % 10;
}

static uint8_t format_hour(int hour, uint8_t mode)
{
    if (mode & H24) {
        return format(hour, mode);
    }
    return format((hour + 11) % 12 + 1, mode) + (hour > 11 ? 0x80 : 0);
}

static void wheels_put(const Wheels *w, uint8_t mode)
{
    put(SEC, format(w->sec, mode));
    put(MIN, format(w->min, mode));
    put(HOUR, format_hour(w->hour, mode));
    put(WDAY, format(w->wday, mode));
    put(MDAY, format(w->mday, mode));
    put(MON, format(w->mon, mode));
    put(YEAR, format(w->year % 100, mode));
    put(CENT, format(w->year / 100, mode));
}

static void wheels_check(const Wheels *w, uint8_t mode)
{
    g_assert_cmphex(get(SEC), ==, format(w->sec, mode));
    g_assert_cmphex(get(MIN), ==, format(w->min, mode));
    g_assert_cmphex(get(HOUR), ==, format_hour(w->hour, mode));
    g_assert_cmphex(get(WDAY), ==, format(w->wday, mode));
    g_assert_cmphex(get(MDAY), ==, format(w->mday, mode));
    g_assert_cmphex(get(MON), ==, format(w->mon, mode));
    g_assert_cmphex(get(YEAR), ==, format(w->year % 100, mode));
    g_assert_cmphex(get(CENT), ==, format(w->year / 100, mode));
}

static void test_random_against_wheels(void)
{
    Wheels w = {.wday = 7, .mday = 1, .mon = 1, .year = 2000};
    int64_t phase = 0; /* since the last update */
    uint8_t mode = H24;

    begin("2000-01-01", "discard");
    for (int i = 0; i < 6000; i++) {
        int64_t ns;

        switch (g_test_rand_int_range(0, 8)) {
        case 0: /* another time, through SET; the phase stays */
            mode = g_test_rand_int_range(0, 4) * 2;
            put(B, mode | SET);
            w = (Wheels){g_test_rand_int_range(0, 60),
                         g_test_rand_int_range(0, 60),
                         g_test_rand_int_range(0, 24),
                         g_test_rand_int_range(1, 8),
                         1,
                         g_test_rand_int_range(1, 13),
                         g_test_rand_int_range(1900, 2400)};
            w.mday = g_test_rand_int_range(1, month_days(&w) + 1);
            wheels_put(&w, mode);
            ns = g_test_rand_int_range(0, 2000000000);
            step(ns);
            wheels_check(&w, mode);
            phase = (phase + ns) % S;
            put(B, mode);
            break;
        case 1: /* another format while it counts */
            mode = g_test_rand_int_range(0, 4) * 2;
            put(B, mode);
            break;
        case 2: /* stop and start the divider */
            put(A, g_test_rand_bit() ? 0x66 : 0x76);
            step(g_test_rand_int_range(0, 2000000000));
            wheels_check(&w, mode);
            put(A, 0x26);
            phase = S / 2;
            break;
        case 3: { /* minutes alone, while it counts */
            w.min = g_test_rand_int_range(0, 60);
            put(MIN, format(w.min, mode));
            break;
        }
        case 4: /* far */
            ns = g_test_rand_int_range(0, 90 * 86400) * S + g_test_rand_int_range(0, S);
            step(ns);
            wheels_run(&w, (phase + ns) / S);
            phase = (phase + ns) % S;
            break;
        default: /* near */
            ns = g_test_rand_int_range(0, 2000000000);
            step(ns);
            wheels_run(&w, (phase + ns) / S);
            phase = (phase + ns) % S;
            break;
        }
        wheels_check(&w, mode);
        g_assert_cmpint(!!(get(A) & UIP), ==, phase >= S - 244140);
    }
    end();
}

/* Any bytes anywhere: the device carries on, and a good setting makes it a clock again. */
static void test_random_accesses(void)
{
    begin("2026-11-20", "slew");
    for (int i = 0; i < 20000; i++) {
        uint8_t reg = g_test_rand_int_range(0, 256), val = g_test_rand_int_range(0, 256);

        if (g_test_rand_bit()) {
            put(reg % (g_test_rand_bit() ? 16 : 256), val);
        } else {
            get(reg % (g_test_rand_bit() ? 16 : 256));
        }
        if (i % 16 == 0) {
            step(g_test_rand_int_range(0, 20000000));
        }
    }
    set_time(H24, 0x12, 0x34, 0x56);
    step(S / 2);
    assert_time(0x12, 0x34, 0x57);
    end();
}

int main(int argc, char **argv)
{
    harness_init(&argc, &argv);
    g_test_add_func("/rtc/starts-at-base", test_starts_at_base);
    g_test_add_func("/rtc/base-is-checked", test_base_is_checked);
    g_test_add_func("/rtc/host-clock", test_host_clock);
    g_test_add_func("/rtc/roll-over", test_roll_over);
    g_test_add_func("/rtc/calendar", test_calendar);
    g_test_add_func("/rtc/weekday-is-the-guests", test_weekday_is_the_guests);
    g_test_add_func("/rtc/set-freezes", test_set_freezes);
    g_test_add_func("/rtc/divider-reset", test_divider_reset);
    g_test_add_func("/rtc/uip", test_uip);
    g_test_add_func("/rtc/uip-clears-when-alarm-moves-away", test_uip_clears_when_alarm_moves_away);
    g_test_add_func("/rtc/update-interrupt", test_update_interrupt);
    g_test_add_func("/rtc/alarm", test_alarm);
    g_test_add_func("/rtc/alarm-flag-polled", test_alarm_flag_polled);
    g_test_add_func("/rtc/periodic-rates", test_periodic_rates);
    g_test_add_func("/rtc/missed-ticks-are-discarded", test_missed_ticks_are_discarded);
    g_test_add_func("/rtc/missed-ticks-are-slewed", test_missed_ticks_are_slewed);
    g_test_add_func("/rtc/nmi-mask-and-memory", test_nmi_mask_and_memory);
    g_test_add_func("/rtc/change-is-told", test_change_is_told);
    g_test_add_func("/rtc/clock-goes-backwards", test_clock_goes_backwards);
    g_test_add_func("/rtc/base-year", test_base_year);
    g_test_add_func("/rtc/random-against-wheels", test_random_against_wheels);
    g_test_add_func("/rtc/random-accesses", test_random_accesses);
    return g_test_run();
}
