/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Motorola MC146818A real-time clock with 128 bytes of CMOS memory, as a PC wires it: index at
 * port 70h (bit 7 masks NMI), data at 71h, interrupt 8. The century is byte 32h, also seen at 37h.
 *
 * Documents: Motorola MC146818A data sheet; for the ports, Intel 82371SB. docs/adding-a-device.md
 * goes through this file step by step.
 *
 * Time is arithmetic: what the clock shows is a base plus the whole seconds since, and a flag is
 * set by asking which updates, alarms and ticks lie between the last look and now. So a host
 * timer exists only while an enabled interrupt is not asserted yet, and a late timer or a step of
 * the clock costs the same as a punctual one.
 *
 * Read it in this order: the state; the time of day; the formats of its registers; what sets the
 * flags; the registers; and how the board makes and connects one.
 *
 * Two things differ from the chip. A new periodic rate counts from the last tick of the old one,
 * where the chip's divider taps would go on in their own phase: QEMU's clients measure that. And
 * with clock=host a host clock that is put back does not put the guest's back: it goes on from
 * where it was.
 *
 * Left out: daylight saving (DSE is stored), the square wave output (SQWE and RS have no pin),
 * the undefined register contents during an update (registers change at its end), the higher
 * oscillator frequencies (divider settings 000 and 001 run as 010 does).
 */
#include "hw/rtc/mc146818rtc.h"

#include <string.h>

#include "hw/core/clock.h"
#include "hw/isa/isa.h"

/* ------------------------------------------------------------- the sheet's names and numbers -- */

/* What the index selects. */
enum {
    RTC_SECONDS = 0x00,
    RTC_SECONDS_ALARM = 0x01,
    RTC_MINUTES = 0x02,
    RTC_MINUTES_ALARM = 0x03,
    RTC_HOURS = 0x04,
    RTC_HOURS_ALARM = 0x05,
    RTC_DAY_OF_WEEK = 0x06,
    RTC_DAY_OF_MONTH = 0x07,
    RTC_MONTH = 0x08,
    RTC_YEAR = 0x09,
    RTC_REG_A = 0x0a,
    RTC_REG_B = 0x0b,
    RTC_REG_C = 0x0c,
    RTC_REG_D = 0x0d,
    RTC_CENTURY = 0x32,
    RTC_CENTURY_PS2 = 0x37,
};

/* Their bits. */
enum {
    RTC_INDEX_NMI_MASK = 0x80,

    RTC_REG_A_UIP = 0x80, /* an update is under way or near */
    RTC_REG_A_DV = 0x70,  /* divider control */
    RTC_REG_A_DV_32KHZ = 0x20,
    RTC_REG_A_RS = 0x0f, /* rate of the periodic interrupt */

    RTC_REG_B_SET = 0x80, /* stop updates */
    RTC_REG_B_PIE = 0x40, /* interrupt enables; the bits of their flags in register C */
    RTC_REG_B_AIE = 0x20,
    RTC_REG_B_UIE = 0x10,
    RTC_REG_B_SQWE = 0x08,
    RTC_REG_B_DM_BINARY = 0x04,
    RTC_REG_B_24H = 0x02,

    RTC_REG_C_IRQF = 0x80,
    RTC_REG_C_PF = 0x40,
    RTC_REG_C_AF = 0x20,
    RTC_REG_C_UF = 0x10,

    RTC_REG_D_VRT = 0x80, /* the battery is good */

    RTC_HOUR_PM = 0x80,
    RTC_ALARM_DONT_CARE = 0xc0,
};

#define NSEC       NANOSECONDS_PER_SECOND
#define RTC_HZ     32768
#define RTC_UIP_NS (8 * NSEC / RTC_HZ) /* UIP rises so long before an update: 244 us */
#define DAY        86400

/* --------------------------------------------------------------------------------- the state -- */

enum { RTC_CLOCK_HOST, RTC_CLOCK_RT, RTC_CLOCK_VM };
static const char *const rtc_clock_names[] = {"host", "rt", "vm", NULL};

enum { LOST_TICKS_DISCARD, LOST_TICKS_SLEW };
static const char *const lost_tick_policy_names[] = {"discard", "slew", NULL};

typedef struct Rtc {
    ISADevice isa;

    /* properties */
    int32_t base_year; /* the year that century 0, year 0 means */
    uint16_t iobase;
    uint8_t irq_num;
    int lost_tick_policy;
    char *base;
    int clock_prop;

    MemoryRegion io; /* +0 index, +1 data */
    Irq *irq;
    ClockType clock;          /* of the time of day */
    ClockType periodic_clock; /* of the periodic interrupt: never one that jumps */
    Timer second_timer;       /* the next update or alarm that interrupts */
    Timer periodic_timer;

    uint8_t index;   /* port 70h, bits 6:0 */
    bool nmi_masked; /* port 70h, bit 7 */
    /*
     * The registers. Time registers are up to date only while the clock stands still (SET, or
     * the divider in reset); else they follow from base_sec and base_ns.
     */
    uint8_t cmos[RTC_RAM_SIZE];

    int64_t base_sec; /* seconds since 1970 that the clock showed ... */
    int64_t base_ns;  /* ... at this time of `clock`, which was an update */
    int64_t last_ns;  /* of `clock`, as last read */
    int wday_shift;   /* day of the week as the guest set it, less the calendar's */
    int64_t sec_done; /* UF and AF account for updates up to this second */

    /*
     * Periodic ticks are counted in halves: at the even ones there is a tick, and at the odd ones
     * lost_tick_policy=slew gives back one that the guest missed.
     */
    int64_t periodic_base; /* time of `periodic_clock` when the divider was zero */
    int64_t tick_origin;   /* cycles of the oscillator from then to half period 0 */
    int64_t half_done;     /* PF accounts for ticks up to this half period */
    uint64_t lost_ticks;   /* owed to the guest */

    int64_t start_sec; /* base_sec and base_ns at the start, for the change handler */
    int64_t start_ns;
    void (*changed)(void *opaque, int64_t offset);
    void *changed_opaque;
} Rtc;

/* ---------------------------------------------------------------------- time of the clock -- */

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* The clock's time; where it went backwards, the base moves so that no guest time is undone. */
static int64_t rtc_now(Rtc *s)
{
    int64_t now = clock_get_ns(s->clock);

    if (now < s->last_ns) {
        s->base_ns -= s->last_ns - now;
    }
    s->last_ns = now;
    return now;
}

static bool rtc_divider_runs(const Rtc *s)
{
    return (s->cmos[RTC_REG_A] & RTC_REG_A_DV) <= RTC_REG_A_DV_32KHZ;
}

/* Whether seconds pass. */
static bool rtc_counts(const Rtc *s)
{
    return rtc_divider_runs(s) && !(s->cmos[RTC_REG_B] & RTC_REG_B_SET);
}

static int64_t rtc_seconds(Rtc *s)
{
    return s->base_sec + floor_div(rtc_now(s) - s->base_ns, NSEC);
}

static bool rtc_update_in_progress(Rtc *s)
{
    int64_t since_base = rtc_now(s) - s->base_ns;
    int64_t into_second = since_base - floor_div(since_base, NSEC) * NSEC;

    return rtc_counts(s) && into_second >= NSEC - RTC_UIP_NS;
}

/* ---------------------------------------------------------------------- register formats -- */

static uint8_t rtc_encode(const Rtc *s, unsigned val)
{
    return s->cmos[RTC_REG_B] & RTC_REG_B_DM_BINARY ? val : val / 10 << 4 | val % 10;
}

/* Digits above 9 count for what they weigh: a clock set to nonsense still runs. */
static unsigned rtc_decode(const Rtc *s, uint8_t reg)
{
    return s->cmos[RTC_REG_B] & RTC_REG_B_DM_BINARY ? reg : (reg >> 4) * 10 + (reg & 0x0f);
}

static uint8_t rtc_encode_hour(const Rtc *s, unsigned hour)
{
    if (s->cmos[RTC_REG_B] & RTC_REG_B_24H) {
        return rtc_encode(s, hour);
    }
    return rtc_encode(s, hour % 12 ? hour % 12 : 12) | (hour >= 12 ? RTC_HOUR_PM : 0);
}

static unsigned rtc_decode_hour(const Rtc *s, uint8_t reg)
{
    if (s->cmos[RTC_REG_B] & RTC_REG_B_24H) {
        return rtc_decode(s, reg);
    }
    return rtc_decode(s, reg & ~RTC_HOUR_PM) % 12 + (reg & RTC_HOUR_PM ? 12 : 0);
}

static void rtc_current_date(Rtc *s, struct tm *date)
{
    time_t sec = rtc_seconds(s);

    gmtime_r(&sec, date);
    date->tm_wday = (date->tm_wday + s->wday_shift) % 7;
}

/* Bring the time registers up to date; only while the clock counts. */
static void rtc_store_time(Rtc *s)
{
    struct tm date;
    int64_t year;

    rtc_current_date(s, &date);
    year = date.tm_year + 1900LL - s->base_year;
    s->cmos[RTC_SECONDS] = rtc_encode(s, date.tm_sec);
    s->cmos[RTC_MINUTES] = rtc_encode(s, date.tm_min);
    s->cmos[RTC_HOURS] = rtc_encode_hour(s, date.tm_hour);
    s->cmos[RTC_DAY_OF_WEEK] = rtc_encode(s, date.tm_wday + 1);
    s->cmos[RTC_DAY_OF_MONTH] = rtc_encode(s, date.tm_mday);
    s->cmos[RTC_MONTH] = rtc_encode(s, date.tm_mon + 1);
    s->cmos[RTC_YEAR] = rtc_encode(s, year - floor_div(year, 100) * 100);
    s->cmos[RTC_CENTURY] = rtc_encode(s, floor_div(year, 100));
}

/* Count from what the time registers hold. The divider, and so the phase, is left alone. */
static void rtc_load_time(Rtc *s)
{
    struct tm date = {
        .tm_sec = rtc_decode(s, s->cmos[RTC_SECONDS]),
        .tm_min = rtc_decode(s, s->cmos[RTC_MINUTES]),
        .tm_hour = rtc_decode_hour(s, s->cmos[RTC_HOURS]),
        .tm_mday = rtc_decode(s, s->cmos[RTC_DAY_OF_MONTH]),
        .tm_mon = (int)rtc_decode(s, s->cmos[RTC_MONTH]) - 1,
        .tm_year = rtc_decode(s, s->cmos[RTC_YEAR]) + rtc_decode(s, s->cmos[RTC_CENTURY]) * 100 +
                   s->base_year - 1900,
    };
    int64_t sec = timegm(&date); /* also the calendar's day of the week */
    int64_t now = rtc_now(s);

    s->wday_shift = (rtc_decode(s, s->cmos[RTC_DAY_OF_WEEK]) + 6 + 7 - date.tm_wday) % 7;
    s->base_sec = sec - floor_div(now - s->base_ns, NSEC);
    s->sec_done = sec;
    if (s->changed) {
        s->changed(s->changed_opaque, sec - s->start_sec - floor_div(now - s->start_ns, NSEC));
    }
}

/* ------------------------------------------------------------------------ alarm and ticks -- */

enum { ALARM_ANY = -1, ALARM_NEVER = -2 };

/* What an alarm register asks for: 0..limit-1, ALARM_ANY or ALARM_NEVER. */
static int rtc_alarm_field(const Rtc *s, unsigned addr, int limit)
{
    uint8_t reg = s->cmos[addr];
    bool twelve = addr == RTC_HOURS_ALARM && !(s->cmos[RTC_REG_B] & RTC_REG_B_24H);
    int val;

    if ((reg & RTC_ALARM_DONT_CARE) == RTC_ALARM_DONT_CARE) {
        return ALARM_ANY;
    }
    val = twelve ? rtc_decode_hour(s, reg) : rtc_decode(s, reg);
    if (val >= limit || reg != (twelve ? rtc_encode_hour(s, val) : rtc_encode(s, val))) {
        return ALARM_NEVER; /* the time never looks like that */
    }
    return val;
}

/* The first second after `after` at which the alarm goes off; INT64_MAX when none does. */
static int64_t rtc_next_alarm(const Rtc *s, int64_t after)
{
    int hour = rtc_alarm_field(s, RTC_HOURS_ALARM, 24);
    int min = rtc_alarm_field(s, RTC_MINUTES_ALARM, 60);
    int sec = rtc_alarm_field(s, RTC_SECONDS_ALARM, 60);
    int64_t t = after + 1;

    if (hour == ALARM_NEVER || min == ALARM_NEVER || sec == ALARM_NEVER) {
        return INT64_MAX;
    }
    while (t <= after + DAY) {
        int of_day = t - floor_div(t, DAY) * DAY;

        if (hour != ALARM_ANY && hour != of_day / 3600) {
            t += 3600 - of_day % 3600;
        } else if (min != ALARM_ANY && min != of_day / 60 % 60) {
            t += 60 - of_day % 60;
        } else if (sec != ALARM_ANY && sec != of_day % 60) {
            t++;
        } else {
            return t;
        }
    }
    return INT64_MAX;
}

/* Half a period of the periodic interrupt in oscillator cycles; 0: there is none. */
static unsigned rtc_half_period(const Rtc *s)
{
    unsigned rate = s->cmos[RTC_REG_A] & RTC_REG_A_RS;

    if (rate == 0 || !rtc_divider_runs(s)) {
        return 0;
    }
    if (rate < 3) {
        rate += 7; /* 256 and 128 Hz, as for 8 and 9 */
    }
    return 1U << (rate - 2);
}

/* The half period that it is. */
static int64_t rtc_half_index(const Rtc *s, unsigned half)
{
    int64_t ns = clock_get_ns(s->periodic_clock) - s->periodic_base;

    return ((int64_t)muldiv64(ns, RTC_HZ, NSEC) - s->tick_origin) / half;
}

/* The first time at which rtc_half_index() is `index`. */
static int64_t rtc_half_time(const Rtc *s, unsigned half, int64_t index)
{
    unsigned __int128 cycles = (unsigned __int128)index * half + s->tick_origin;

    return s->periodic_base + (int64_t)((cycles * NSEC + RTC_HZ - 1) / RTC_HZ);
}

/* Set PF for the ticks since the last look, however many they were. */
static void rtc_advance_periodic(Rtc *s)
{
    unsigned half = rtc_half_period(s);
    bool pending = s->cmos[RTC_REG_C] & RTC_REG_C_PF;
    int64_t index, ticks;

    if (half == 0) {
        return;
    }
    index = rtc_half_index(s, half);
    ticks = index / 2 - s->half_done / 2;
    if (ticks > 0) {
        s->cmos[RTC_REG_C] |= RTC_REG_C_PF;
        if (s->lost_tick_policy == LOST_TICKS_SLEW && s->cmos[RTC_REG_B] & RTC_REG_B_PIE) {
            s->lost_ticks += ticks - (pending ? 0 : 1);
        }
    } else if (index > s->half_done && s->lost_ticks && !pending) {
        /* Half-way between two ticks the guest gets one that it lost: at most double speed. */
        s->cmos[RTC_REG_C] |= RTC_REG_C_PF;
        s->lost_ticks--;
    }
    s->half_done = MAX(s->half_done, index);
}

/* Bring register C up to the present. */
static void rtc_advance(Rtc *s)
{
    rtc_advance_periodic(s);
    if (rtc_counts(s)) {
        int64_t sec = rtc_seconds(s);

        if (sec > s->sec_done) {
            s->cmos[RTC_REG_C] |= RTC_REG_C_UF;
            if (rtc_next_alarm(s, s->sec_done) <= sec) {
                s->cmos[RTC_REG_C] |= RTC_REG_C_AF;
            }
            s->sec_done = sec;
        }
    }
}

/* Register C with IRQF, which is not stored. */
static uint8_t rtc_reg_c(const Rtc *s)
{
    uint8_t flags = s->cmos[RTC_REG_C];

    return flags & s->cmos[RTC_REG_B] ? flags | RTC_REG_C_IRQF : flags;
}

/* The only place that sets the line. */
static void rtc_update_irq(Rtc *s)
{
    irq_set(s->irq, !!(rtc_reg_c(s) & RTC_REG_C_IRQF));
}

/* Whether the setting of `flag` would interrupt, and it is not set yet. */
static bool rtc_awaits(const Rtc *s, uint8_t flag)
{
    return s->cmos[RTC_REG_B] & ~s->cmos[RTC_REG_C] & flag;
}

static void rtc_arm_timers(Rtc *s)
{
    unsigned half = rtc_half_period(s);
    int64_t sec = INT64_MAX;

    if (half && rtc_awaits(s, RTC_REG_C_PF)) {
        int64_t next = s->lost_ticks ? s->half_done + 1 : (s->half_done | 1) + 1;

        timer_mod(&s->periodic_timer, rtc_half_time(s, half, next));
    } else {
        timer_del(&s->periodic_timer);
    }
    if (rtc_counts(s) && rtc_awaits(s, RTC_REG_C_UF)) {
        sec = s->sec_done + 1;
    } else if (rtc_counts(s) && rtc_awaits(s, RTC_REG_C_AF)) {
        sec = rtc_next_alarm(s, s->sec_done);
    }
    if (sec != INT64_MAX) {
        timer_mod(&s->second_timer, s->base_ns + (sec - s->base_sec) * NSEC);
    } else {
        timer_del(&s->second_timer);
    }
}

/* Make line and timers fit the registers; follows rtc_advance() and a change. */
static void rtc_settle(Rtc *s)
{
    rtc_update_irq(s);
    rtc_arm_timers(s);
}

static void rtc_timer(void *opaque)
{
    rtc_advance(opaque);
    rtc_settle(opaque);
}

/* ------------------------------------------------------------------------------ registers -- */

static bool rtc_is_time(unsigned addr)
{
    switch (addr) {
    case RTC_SECONDS:
    case RTC_MINUTES:
    case RTC_HOURS:
    case RTC_DAY_OF_WEEK:
    case RTC_DAY_OF_MONTH:
    case RTC_MONTH:
    case RTC_YEAR:
    case RTC_CENTURY:
        return true;
    default:
        return false;
    }
}

static unsigned rtc_canonical(unsigned addr)
{
    return addr == RTC_CENTURY_PS2 ? RTC_CENTURY : addr;
}

/* A register's value, without the side effects of a read. */
static uint8_t rtc_peek(Rtc *s, unsigned addr)
{
    addr = rtc_canonical(addr);
    if (rtc_is_time(addr) && rtc_counts(s)) {
        rtc_store_time(s);
    }
    switch (addr) {
    case RTC_REG_A:
        return s->cmos[RTC_REG_A] | (rtc_update_in_progress(s) ? RTC_REG_A_UIP : 0);
    case RTC_REG_C:
        rtc_advance(s); /* the line follows when its timer runs, or below, with the read */
        return rtc_reg_c(s);
    case RTC_REG_D:
        return RTC_REG_D_VRT;
    default:
        return s->cmos[addr];
    }
}

static uint8_t rtc_read_data(Rtc *s)
{
    uint8_t val = rtc_peek(s, s->index);

    if (s->index == RTC_REG_C) {
        s->cmos[RTC_REG_C] = 0;
        rtc_settle(s);
    }
    return val;
}

/* The periodic rate changed, or stopped: `old` and `half` are half a period, 0 for none. */
static void rtc_change_rate(Rtc *s, unsigned old, unsigned half)
{
    if (!half) {
        s->lost_ticks = 0;
        return;
    }
    if (old) {
        s->tick_origin += s->half_done / 2 * 2 * old; /* the last tick */
        s->lost_ticks = s->lost_ticks * old / half;   /* the same lost time */
    }
    s->half_done = rtc_half_index(s, half);
}

/* Write registers A and B: start and stop the divider and the count. */
static void rtc_write_control(Rtc *s, uint8_t a, uint8_t b)
{
    bool ran = rtc_divider_runs(s), counted = rtc_counts(s);
    unsigned old_half = rtc_half_period(s), half;

    if (counted) {
        rtc_store_time(s); /* what a stopped clock will show */
    }
    if (b & RTC_REG_B_SET) {
        b &= ~RTC_REG_B_UIE;
    }
    s->cmos[RTC_REG_A] = a & ~RTC_REG_A_UIP;
    s->cmos[RTC_REG_B] = b;
    if (rtc_divider_runs(s) && !ran) {
        /* The first update comes half a second after the divider starts. */
        s->base_ns = rtc_now(s) - NSEC / 2;
        s->periodic_base = clock_get_ns(s->periodic_clock) - NSEC / 2;
        s->tick_origin = 0;
    }
    if (rtc_counts(s) && !counted) {
        rtc_load_time(s);
    }
    half = rtc_half_period(s);
    if (half != old_half) {
        rtc_change_rate(s, old_half, half);
    }
    if (!(b & RTC_REG_B_PIE)) {
        s->lost_ticks = 0;
    }
}

static void rtc_write_data(Rtc *s, uint8_t val)
{
    unsigned addr = rtc_canonical(s->index);

    if (addr > RTC_REG_D && addr != RTC_CENTURY) {
        s->cmos[addr] = val;
        return;
    }
    rtc_advance(s);
    if (rtc_is_time(addr)) {
        if (rtc_counts(s)) {
            rtc_store_time(s);
            s->cmos[addr] = val;
            rtc_load_time(s);
        } else {
            s->cmos[addr] = val;
        }
    } else if (addr == RTC_REG_A) {
        rtc_write_control(s, val, s->cmos[RTC_REG_B]);
    } else if (addr == RTC_REG_B) {
        rtc_write_control(s, s->cmos[RTC_REG_A], val);
    } else if (addr < RTC_REG_A) {
        s->cmos[addr] = val; /* an alarm; C and D are read-only */
    }
    rtc_settle(s);
}

static uint64_t rtc_io_read(void *opaque, hwaddr addr, unsigned size)
{
    return addr == 0 ? 0xff : rtc_read_data(opaque); /* the index is write-only */
}

static void rtc_io_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    Rtc *s = opaque;

    if (addr == 0) {
        s->index = data & ~RTC_INDEX_NMI_MASK;
        s->nmi_masked = data & RTC_INDEX_NMI_MASK;
    } else {
        rtc_write_data(s, data);
    }
}

/* The names are those of the 82371SB. */
static const RegisterName rtc_registers[] = {{0, 1, "RTCI"}, {1, 1, "RTCD"}, {}};

static const MemoryRegionOps rtc_ops = {
    .read = rtc_io_read,
    .write = rtc_io_write,
    .registers = rtc_registers,
    .impl = {.min_access_size = 1, .max_access_size = 1},
};

/* ------------------------------------------------------------------------------ the board -- */

static Rtc *rtc_cast(Device *dev)
{
    return DEVICE_CAST(Rtc, &mc146818rtc_class, dev);
}

void rtc_set_memory(Device *dev, unsigned addr, uint8_t val)
{
    g_assert(addr > RTC_REG_D && addr < RTC_RAM_SIZE);
    if (rtc_canonical(addr) != RTC_CENTURY) {
        rtc_cast(dev)->cmos[addr] = val;
    }
}

uint8_t rtc_get_memory(Device *dev, unsigned addr)
{
    g_assert(addr < RTC_RAM_SIZE);
    return rtc_peek(rtc_cast(dev), addr);
}

bool rtc_nmi_masked(Device *dev)
{
    return rtc_cast(dev)->nmi_masked;
}

void rtc_get_date(Device *dev, struct tm *date)
{
    Rtc *s = rtc_cast(dev);

    if (rtc_counts(s)) {
        rtc_current_date(s, date);
        return;
    }
    *date = (struct tm){
        .tm_sec = rtc_decode(s, s->cmos[RTC_SECONDS]),
        .tm_min = rtc_decode(s, s->cmos[RTC_MINUTES]),
        .tm_hour = rtc_decode_hour(s, s->cmos[RTC_HOURS]),
        .tm_wday = (rtc_decode(s, s->cmos[RTC_DAY_OF_WEEK]) + 6) % 7,
        .tm_mday = rtc_decode(s, s->cmos[RTC_DAY_OF_MONTH]),
        .tm_mon = (int)rtc_decode(s, s->cmos[RTC_MONTH]) - 1,
        .tm_year = rtc_decode(s, s->cmos[RTC_YEAR]) + rtc_decode(s, s->cmos[RTC_CENTURY]) * 100 +
                   s->base_year - 1900,
    };
}

void rtc_set_change_handler(Device *dev, void (*changed)(void *opaque, int64_t offset),
                            void *opaque)
{
    rtc_cast(dev)->changed = changed;
    rtc_cast(dev)->changed_opaque = opaque;
}

void rtc_reset_reinjection(Device *dev)
{
    rtc_cast(dev)->lost_ticks = 0;
}

/* Seconds since 1970 of "2006-06-17T16:01:21" or "2006-06-17". */
static bool rtc_parse_date(const char *text, int64_t *sec)
{
    struct tm date = {}, check;
    const char *end = strptime(text, strlen(text) > 10 ? "%Y-%m-%dT%H:%M:%S" : "%Y-%m-%d", &date);
    time_t when;

    if (!end || *end) {
        return false;
    }
    check = date;
    when = timegm(&check);
    *sec = when;
    return check.tm_mday == date.tm_mday && check.tm_sec == date.tm_sec; /* no 30 February */
}

/* What the clock shows at the start: base_sec and base_ns. */
static bool rtc_set_base(Rtc *s, GError **errp)
{
    int64_t now = clock_get_ns(s->clock), host = clock_get_ns(VM_CLOCK_HOST);

    s->last_ns = now;
    if (g_str_equal(s->base, "utc") || g_str_equal(s->base, "localtime")) {
        time_t host_sec = floor_div(host, NSEC);
        struct tm local = {};

        if (g_str_equal(s->base, "localtime")) {
            localtime_r(&host_sec, &local);
        }
        s->base_sec = host_sec + local.tm_gmtoff;
        s->base_ns = now - (host - host_sec * NSEC);
        if (s->clock == VM_CLOCK_HOST) {
            s->base_ns = host_sec * NSEC; /* exactly the host's seconds */
        }
    } else if (rtc_parse_date(s->base, &s->base_sec)) {
        s->base_ns = now;
    } else {
        error_setg(errp,
                   "base=%s: invalid datetime format, valid formats: utc, localtime, "
                   "'2006-06-17T16:01:21' or '2006-06-17'",
                   s->base);
        return false;
    }
    s->start_sec = s->base_sec;
    s->start_ns = s->base_ns;
    return true;
}

static bool rtc_realize(Device *dev, GError **errp)
{
    static const ClockType clocks[] = {
        [RTC_CLOCK_HOST] = VM_CLOCK_HOST,
        [RTC_CLOCK_RT] = VM_CLOCK_REALTIME,
        [RTC_CLOCK_VM] = VM_CLOCK_VIRTUAL,
    };
    Rtc *s = rtc_cast(dev);

    s->clock = clocks[s->clock_prop];
    s->periodic_clock = s->clock == VM_CLOCK_HOST ? VM_CLOCK_REALTIME : s->clock;
    if (!rtc_set_base(s, errp)) {
        return false;
    }
    s->cmos[RTC_REG_A] = RTC_REG_A_DV_32KHZ | 6; /* 1024 Hz, as firmware leaves a PC's */
    s->cmos[RTC_REG_B] = RTC_REG_B_24H;
    s->sec_done = rtc_seconds(s);
    /* Both clocks start in phase, so that an update and a tick can coincide. */
    s->periodic_base = clock_get_ns(s->periodic_clock) - (rtc_now(s) - s->base_ns);
    s->half_done = rtc_half_index(s, rtc_half_period(s));

    timer_init(&s->second_timer, s->clock, rtc_timer, s);
    timer_init(&s->periodic_timer, s->periodic_clock, rtc_timer, s);
    s->irq = isa_get_irq(dev, s->irq_num);
    memory_region_init_io(&s->io, &dev->owner, &rtc_ops, s, "rtc", 2);
    isa_register_ioport(dev, &s->io, s->iobase);
    return true;
}

static void rtc_unrealize(Device *dev)
{
    Rtc *s = rtc_cast(dev);

    timer_del(&s->second_timer);
    timer_del(&s->periodic_timer);
}

/* The RESET pin: time and memory are kept. */
static void rtc_reset(Device *dev)
{
    Rtc *s = rtc_cast(dev);

    rtc_advance(s);
    s->cmos[RTC_REG_B] &= ~(RTC_REG_B_PIE | RTC_REG_B_AIE | RTC_REG_B_UIE | RTC_REG_B_SQWE);
    s->cmos[RTC_REG_C] = 0;
    s->lost_ticks = 0;
    s->nmi_masked = false;
    rtc_settle(s);
}

static const Property rtc_props[] = {
    PROP_INT32("base_year", Rtc, base_year, 0, .max = 9999,
               .help = "year that century 0, year 0 means"),
    PROP_UINT16("iobase", Rtc, iobase, 0x70, .help = "first port"),
    PROP_UINT8("irq", Rtc, irq_num, 8, .max = 15, .help = "ISA interrupt"),
    PROP_ENUM("lost_tick_policy", Rtc, lost_tick_policy, lost_tick_policy_names, LOST_TICKS_DISCARD,
              .help = "what becomes of periodic ticks that the guest missed"),
    PROP_STRING("base", Rtc, base, .defstr = "utc", .help = "utc, localtime or a date, at start"),
    PROP_ENUM("clock", Rtc, clock_prop, rtc_clock_names, RTC_CLOCK_HOST,
              .help = "the clock that time follows"),
    {}};

/* Writing the index only selects; the data port has the effects. */
static const CoalescedRange rtc_coalesced[] = {COALESCED_PIO(Rtc, io, 0, 1), {}};

const DeviceClass mc146818rtc_class = {
    .name = "mc146818rtc",
    .desc = "Real-time clock and CMOS memory",
    .category = "Misc",
    .parent = &isa_device_class,
    .size = sizeof(Rtc),
    .internal = true,
    .props = rtc_props,
    .coalesced = rtc_coalesced,
    .realize = rtc_realize,
    .unrealize = rtc_unrealize,
    .reset = rtc_reset,
};
