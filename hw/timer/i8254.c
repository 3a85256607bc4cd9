/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Intel 8254 programmable interval timer: three counters at ports 40h to 42h, the control word at
 * 43h.
 *
 * Follows the 8254 data sheet. Counters are not stepped: a counter remembers the clock cycle at
 * which its counting element was loaded, and OUT and count follow from the cycles since. A count
 * is loaded with the cycle after it was written, so OUT of mode 0 rises N + 1 cycles after the
 * write, as the sheet's diagrams show.
 *
 * Only the output of counter 0 goes anywhere by itself, so only it has a host timer. Its one-cycle
 * low strobes (modes 2, 4, 5) are shown on the line when they end, and no line change comes sooner
 * than PIT_MIN_EVENT after the last: a guest can't bury the host in timers. Ticks of counter 0
 * that pass while the host is late are not made up for.
 */
#include "hw/timer/i8254.h"

#include "hw/core/clock.h"
#include "hw/isa/isa.h"

enum {
    PIT_CONTROL = 3, /* offset of the control word */
    PIT_COUNTERS = 3,

    PIT_CW_BCD = 0x01,
    PIT_CW_MODE_SHIFT = 1,
    PIT_CW_MODE = 7,
    PIT_CW_RW_SHIFT = 4,
    PIT_CW_RW = 3, /* 0: latch the count */
    PIT_CW_SC_SHIFT = 6,
    PIT_SC_READ_BACK = 3,

    PIT_RW_LSB = 1,
    PIT_RW_MSB = 2,
    PIT_RW_BOTH = 3,

    PIT_RB_NO_COUNT = 0x20,
    PIT_RB_NO_STATUS = 0x10,

    PIT_STATUS_OUT = 0x80,
    PIT_STATUS_NULL_COUNT = 0x40,

    PIT_MIN_EVENT = 30, /* cycles: 25 us */
};

typedef struct PitCounter {
    uint8_t mode; /* 0..5 */
    uint8_t rw;
    bool bcd;
    bool gate;
    bool write_msb; /* with PIT_RW_BOTH: which byte is next */
    bool read_msb;
    uint8_t write_lsb;
    bool programmed; /* a whole count was written since the control word */
    uint32_t count;  /* that count: 1 to 10000h (BCD: 10000) */
    bool null_count; /* it has not reached the counting element */

    /* The counting element: loaded with `ce` in cycle `start` if `running`, else it stands still */
    bool loaded; /* ... since the control word */
    bool running;
    uint32_t ce;
    int64_t start;
    bool out_before; /* OUT until then */
    int64_t elapsed; /* cycles since it was loaded, while it stands still */
    bool reload;     /* `count` replaces `ce` in cycle `reload_at` (modes 2 and 3) */
    int64_t reload_at;

    bool latched; /* `latch` is read instead of the count */
    uint16_t latch;
    bool status_latched;
    uint8_t status;
} PitCounter;

typedef struct Pit {
    ISADevice isa;
    uint16_t iobase;
    MemoryRegion io;
    PitCounter counter[PIT_COUNTERS];
    Irq *out0;
    Timer timer; /* the next change of counter 0's OUT */
    bool strobe; /* ... ends a low strobe */
} Pit;

/* -------------------------------------------------------------------- a counter in a cycle -- */

static int64_t pit_cycle(void)
{
    return muldiv64(clock_get_ns(VM_CLOCK_VIRTUAL), PIT_HZ, NANOSECONDS_PER_SECOND);
}

/* The first time that is in a cycle. */
static int64_t pit_cycle_ns(int64_t cycle)
{
    return ((__int128)cycle * NANOSECONDS_PER_SECOND + PIT_HZ - 1) / PIT_HZ;
}

static uint32_t counter_modulus(const PitCounter *c)
{
    return c->bcd ? 10000 : 0x10000;
}

/* Cycles since the counting element was loaded; -1 when that comes with the next one. */
static int64_t counter_elapsed(const PitCounter *c, int64_t now)
{
    return c->running ? now - c->start : c->elapsed;
}

/* Cycles for which OUT of mode 3 is high; it is low for the rest of the count. */
static uint32_t counter_high_half(uint32_t count)
{
    return (count + 1) / 2;
}

/* Let a count take effect that waited for the end of a period. */
static void counter_sync(PitCounter *c, int64_t now)
{
    if (c->reload && now >= c->reload_at) {
        bool low_half =
            c->mode == 3 && (c->reload_at - c->start) % c->ce == counter_high_half(c->ce);

        c->reload = false;
        c->null_count = false;
        c->ce = c->count;
        c->start = c->reload_at - (low_half ? counter_high_half(c->ce) : 0);
    }
}

static bool counter_out(const PitCounter *c, int64_t now)
{
    int64_t e = counter_elapsed(c, now);

    if (!c->loaded) {
        return c->mode != 0; /* as the control word leaves it */
    }
    if (e < 0) {
        return c->out_before;
    }
    switch (c->mode) {
    case 0:
    case 1:
        return e >= c->ce;
    case 2:
        return !c->running || c->ce == 1 || e % c->ce != c->ce - 1;
    case 3:
        return !c->running || e % c->ce < counter_high_half(c->ce);
    default:
        return e != c->ce;
    }
}

/* The counting element, 0..modulus-1. */
static uint32_t counter_value(const PitCounter *c, int64_t now)
{
    uint32_t modulus = counter_modulus(c);
    int64_t e = MAX(counter_elapsed(c, now), 0), value;

    if (c->running && c->mode == 2) {
        value = c->ce - e % c->ce;
    } else if (c->running && c->mode == 3) {
        /* Counts down by two, once for each half. */
        e %= c->ce;
        if (e >= counter_high_half(c->ce)) {
            e -= counter_high_half(c->ce);
        }
        value = (c->ce & ~1U) - 2 * e;
    } else {
        value = c->ce - e % modulus;
    }
    return (value + modulus) % modulus;
}

/* Stop the counting element with the value it has. */
static void counter_freeze(PitCounter *c, int64_t now)
{
    c->ce = counter_value(c, now);
    c->elapsed = 0;
    c->running = false;
    c->loaded = false;
    c->reload = false;
}

/* Load the counting element, with the next cycle. */
static void counter_load(PitCounter *c, int64_t now)
{
    c->out_before = c->mode != 0 && counter_out(c, now); /* mode 0: the write lowers OUT */
    c->null_count = false;
    c->ce = c->count;
    c->start = now + 1;
    c->elapsed = 0;
    c->loaded = true;
    c->reload = false;
    c->running = true;
}

/* --------------------------------------------------------------------- control and counts -- */

static void counter_set_gate(PitCounter *c, bool level, int64_t now)
{
    bool rises = level && !c->gate, falls = !level && c->gate;

    counter_sync(c, now);
    c->gate = level;
    switch (c->mode) {
    case 0:
    case 4: /* the level enables counting */
        if (rises && c->loaded && !c->running) {
            c->start = now - c->elapsed;
            c->running = true;
        } else if (falls && c->running) {
            c->elapsed = MAX(now - c->start, 0);
            c->running = false;
        }
        break;
    case 1:
    case 5: /* the edge starts */
        if (rises && c->programmed) {
            counter_load(c, now);
        }
        break;
    default: /* both */
        if (rises && c->programmed) {
            counter_load(c, now);
        } else if (falls && c->running) {
            counter_freeze(c, now);
        }
        break;
    }
}

static void counter_set_count(PitCounter *c, uint16_t reg, int64_t now)
{
    uint32_t count = reg;

    if (c->bcd) {
        count = (reg >> 12) * 1000 + (reg >> 8 & 15) * 100 + (reg >> 4 & 15) * 10 + (reg & 15);
        count %= 10000; /* nothing is said of digits above 9 */
    }
    c->count = count ? count : counter_modulus(c);
    c->programmed = true;
    c->null_count = true;
    switch (c->mode) {
    case 0:
    case 4:
        counter_load(c, now);
        c->running = c->gate;
        break;
    case 2:
    case 3:
        if (c->running) { /* the present period, or half of one, comes to its end */
            int64_t e = MAX(now - c->start, 0);
            int64_t half = c->mode == 3 ? counter_high_half(c->ce) : c->ce;

            if (!c->reload) {
                c->reload = true;
                c->reload_at = c->start + e - e % c->ce + (e % c->ce < half ? half : c->ce);
            }
        } else if (c->gate) {
            counter_load(c, now);
        }
        break;
    default: /* waits for a trigger */
        break;
    }
}

static void counter_write(PitCounter *c, uint8_t val, int64_t now)
{
    counter_sync(c, now);
    switch (c->rw) {
    case PIT_RW_LSB:
        counter_set_count(c, val, now);
        break;
    case PIT_RW_MSB:
        counter_set_count(c, val << 8, now);
        break;
    default:
        if (c->write_msb) {
            counter_set_count(c, val << 8 | c->write_lsb, now);
        } else {
            c->write_lsb = val;
            if (c->mode == 0) {
                counter_freeze(c, now); /* the first byte stops mode 0, with OUT low */
            }
        }
        c->write_msb = !c->write_msb;
        break;
    }
}

static void counter_latch_count(PitCounter *c, int64_t now)
{
    uint32_t value;

    if (c->latched) {
        return; /* until it is read */
    }
    value = counter_value(c, now);
    if (c->bcd) {
        value = value / 1000 << 12 | value / 100 % 10 << 8 | value / 10 % 10 << 4 | value % 10;
    }
    c->latch = value;
    c->latched = true;
}

static void counter_latch_status(PitCounter *c, int64_t now)
{
    bool null_count = c->null_count || counter_elapsed(c, now) < 0;

    if (c->status_latched) {
        return;
    }
    c->status = (counter_out(c, now) ? PIT_STATUS_OUT : 0) |
                (null_count ? PIT_STATUS_NULL_COUNT : 0) | c->rw << PIT_CW_RW_SHIFT |
                c->mode << PIT_CW_MODE_SHIFT | (c->bcd ? PIT_CW_BCD : 0);
    c->status_latched = true;
}

static uint8_t counter_read(PitCounter *c, int64_t now)
{
    bool msb = c->rw == PIT_RW_MSB || (c->rw == PIT_RW_BOTH && c->read_msb);
    bool keep = c->latched && c->rw == PIT_RW_BOTH && !msb;
    uint8_t val;

    if (c->status_latched) {
        c->status_latched = false;
        return c->status;
    }
    counter_sync(c, now);
    counter_latch_count(c, now);
    val = msb ? c->latch >> 8 : c->latch;
    c->latched = keep;
    if (c->rw == PIT_RW_BOTH) {
        c->read_msb = !c->read_msb;
    }
    return val;
}

static void counter_control(PitCounter *c, uint8_t word, int64_t now)
{
    unsigned mode = word >> PIT_CW_MODE_SHIFT & PIT_CW_MODE;

    counter_freeze(c, now);
    c->mode = mode > 5 ? mode - 4 : mode; /* 6 and 7 are 2 and 3 */
    c->rw = word >> PIT_CW_RW_SHIFT & PIT_CW_RW;
    c->bcd = word & PIT_CW_BCD;
    c->programmed = false;
    c->null_count = true;
    c->write_msb = false;
    c->read_msb = false;
    c->latched = false;
    c->status_latched = false;
}

static void pit_write_control(Pit *s, uint8_t word, int64_t now)
{
    unsigned select = word >> PIT_CW_SC_SHIFT;

    if (select != PIT_SC_READ_BACK) {
        PitCounter *c = &s->counter[select];

        counter_sync(c, now);
        if (word >> PIT_CW_RW_SHIFT & PIT_CW_RW) {
            counter_control(c, word, now);
        } else {
            counter_latch_count(c, now);
        }
        return;
    }
    for (unsigned n = 0; n < PIT_COUNTERS; n++) {
        PitCounter *c = &s->counter[n];

        if (word & 2 << n) {
            counter_sync(c, now);
            if (!(word & PIT_RB_NO_COUNT)) {
                counter_latch_count(c, now);
            }
            if (!(word & PIT_RB_NO_STATUS)) {
                counter_latch_status(c, now);
            }
        }
    }
}

/* ------------------------------------------------------------------- the line of counter 0 -- */

/* The cycle of the next change to show on the line, or -1; `*strobe`: it ends a low strobe. */
static int64_t counter_next_event(const PitCounter *c, int64_t now, bool *strobe)
{
    int64_t e = MAX(counter_elapsed(c, now), 0), period;

    *strobe = false;
    if (!c->running) {
        return -1;
    }
    switch (c->mode) {
    case 0:
    case 1:
        return e < c->ce ? c->start + c->ce : -1;
    case 2:
    case 3:
        if (c->ce == 1) {
            return -1; /* not allowed: OUT stays high */
        }
        if (c->ce < PIT_MIN_EVENT) {
            e += PIT_MIN_EVENT;
        }
        period = c->start + e - e % c->ce;
        *strobe = c->mode == 2 || c->ce < PIT_MIN_EVENT;
        if (!*strobe && e % c->ce < counter_high_half(c->ce)) {
            return period + counter_high_half(c->ce);
        }
        return period + c->ce;
    default:
        *strobe = true;
        return e <= c->ce ? c->start + c->ce + 1 : -1;
    }
}

/* The only place that sets the line. `strobe`: it was low since the last look. */
static void pit_update_irq(Pit *s, bool strobe)
{
    PitCounter *c = &s->counter[0];
    int64_t now = pit_cycle(), next;

    counter_sync(c, now);
    if (strobe) {
        irq_lower(s->out0);
    }
    irq_set(s->out0, counter_out(c, now));
    next = counter_next_event(c, now, &s->strobe);
    if (next < 0) {
        timer_del(&s->timer);
    } else {
        timer_mod(&s->timer, pit_cycle_ns(next));
    }
}

static void pit_timer(void *opaque)
{
    Pit *s = opaque;

    pit_update_irq(s, s->strobe);
}

/* ----------------------------------------------------------------------- ports and devices -- */

static uint64_t pit_read(void *opaque, hwaddr addr, unsigned size)
{
    Pit *s = opaque;

    if (addr == PIT_CONTROL) {
        return 0xff; /* the chip does not answer */
    }
    return counter_read(&s->counter[addr], pit_cycle());
}

static void pit_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    Pit *s = opaque;

    if (addr == PIT_CONTROL) {
        pit_write_control(s, data, pit_cycle());
    } else {
        counter_write(&s->counter[addr], data, pit_cycle());
    }
    pit_update_irq(s, false);
}

static const RegisterName pit_registers[] = {{0, 1, "Counter 0"},
                                             {1, 1, "Counter 1"},
                                             {2, 1, "Counter 2"},
                                             {PIT_CONTROL, 1, "Control Word"},
                                             {}};

static const MemoryRegionOps pit_ops = {
    .read = pit_read,
    .write = pit_write,
    .registers = pit_registers,
    .impl = {.min_access_size = 1, .max_access_size = 1},
};

static Pit *pit_cast(Device *dev)
{
    return DEVICE_CAST(Pit, &isa_pit_class, dev);
}

void pit_set_gate(Device *dev, unsigned n, bool level)
{
    Pit *s = pit_cast(dev);

    g_assert(n < PIT_COUNTERS);
    counter_set_gate(&s->counter[n], level, pit_cycle());
    if (n == 0) {
        pit_update_irq(s, false);
    }
}

bool pit_get_gate(Device *dev, unsigned n)
{
    g_assert(n < PIT_COUNTERS);
    return pit_cast(dev)->counter[n].gate;
}

bool pit_get_out(Device *dev, unsigned n)
{
    Pit *s = pit_cast(dev);
    PitCounter *c = &s->counter[n];
    int64_t now = pit_cycle();

    g_assert(n < PIT_COUNTERS);
    counter_sync(c, now);
    return counter_out(c, now);
}

/* The sheet leaves all undefined before the first control word: here all is off and OUT low. */
static void pit_reset(Device *dev)
{
    Pit *s = pit_cast(dev);

    for (unsigned n = 0; n < PIT_COUNTERS; n++) {
        s->counter[n] = (PitCounter){.rw = PIT_RW_BOTH, .gate = n != 2, .null_count = true};
    }
    pit_update_irq(s, false);
}

static bool pit_realize(Device *dev, GError **errp)
{
    Pit *s = pit_cast(dev);

    timer_init(&s->timer, VM_CLOCK_VIRTUAL, pit_timer, s);
    device_init_gpio_out(dev, NULL, &s->out0, 1);
    memory_region_init_io(&s->io, &dev->owner, &pit_ops, s, "pit", 4);
    isa_register_ioport(dev, &s->io, s->iobase);
    pit_reset(dev);
    return true;
}

static void pit_unrealize(Device *dev)
{
    timer_del(&pit_cast(dev)->timer);
}

static const Property pit_props[] = {PROP_UINT16("iobase", Pit, iobase, 0x40, .help = "first port"),
                                     {}};

const DeviceClass isa_pit_class = {
    .name = "isa-pit",
    .desc = "Interval timer",
    .category = "Misc",
    .parent = &isa_device_class,
    .size = sizeof(Pit),
    .internal = true,
    .props = pit_props,
    .realize = pit_realize,
    .unrealize = pit_unrealize,
    .reset = pit_reset,
};
