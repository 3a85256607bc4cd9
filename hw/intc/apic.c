/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The local APIC of one CPU.
 *
 * Follows the Intel Software Developer's Manual, volume 3, chapter "APIC", for an integrated
 * xAPIC (version 14h). The timer counts nanoseconds of virtual time (a 1 GHz bus), by arithmetic:
 * a host timer runs only while its interrupt could still be raised.
 *
 * As there is one CPU, what it sends to others goes nowhere. LINT0 starts as ExtINT and unmasked,
 * as firmware leaves it, so that software that knows no APIC gets the PIC's interrupts. Left out:
 * x2APIC, TSC-deadline mode, focus processor, SMI, INIT and start-up to oneself, the polarity of
 * LINT pins (lines carry "asserted"), and the thermal and performance counters' events (their LVT
 * entries are registers alone).
 */
#include "hw/intc/apic.h"

#include <string.h>

#include "hw/core/clock.h"
#include "hw/core/log.h"

enum {
    APIC_ID = 0x02, /* offset in the region / 10h */
    APIC_VERSION = 0x03,
    APIC_TPR = 0x08,
    APIC_APR = 0x09,
    APIC_PPR = 0x0a,
    APIC_EOI = 0x0b,
    APIC_LDR = 0x0d,
    APIC_DFR = 0x0e,
    APIC_SVR = 0x0f,
    APIC_ISR = 0x10, /* eight registers each */
    APIC_TMR = 0x18,
    APIC_IRR = 0x20,
    APIC_ESR = 0x28,
    APIC_ICR_LOW = 0x30,
    APIC_ICR_HIGH = 0x31,
    APIC_LVT = 0x32, /* six, as below */
    APIC_TIMER_INITIAL = 0x38,
    APIC_TIMER_CURRENT = 0x39,
    APIC_TIMER_DIVIDE = 0x3e,

    APIC_VERSION_VALUE = 0x14 | 5 << 16, /* six LVT entries */
    APIC_SVR_ENABLE = 1 << 8,
    APIC_SVR_WRITABLE = 0x3ff,

    APIC_ESR_SEND_ILLEGAL = 1 << 5,
    APIC_ESR_RECEIVE_ILLEGAL = 1 << 6,
    APIC_ESR_ILLEGAL_REGISTER = 1 << 7,

    APIC_ICR_LOGICAL = 1 << 11,
    APIC_ICR_WRITABLE = 0xccfff,
    APIC_ICR_SHORTHAND_SHIFT = 18,

    APIC_LVT_MODE_SHIFT = 8,
    APIC_LVT_REMOTE_IRR = 1 << 14, /* read-only */
    APIC_LVT_LEVEL = 1 << 15,
    APIC_LVT_MASKED = 1 << 16,
    APIC_LVT_PERIODIC = 1 << 17,

    APIC_MIN_VECTOR = 16, /* lower ones are errors */
};

typedef enum ApicLvt {
    LVT_TIMER,
    LVT_THERMAL,
    LVT_COUNTERS,
    LVT_LINT0,
    LVT_LINT1,
    LVT_ERROR,
    LVT_ENTRIES,
} ApicLvt;

static const uint32_t lvt_writable[LVT_ENTRIES] = {
    [LVT_TIMER] = 0x300ff, [LVT_THERMAL] = 0x107ff, [LVT_COUNTERS] = 0x107ff,
    [LVT_LINT0] = 0x1a7ff, [LVT_LINT1] = 0x1a7ff,   [LVT_ERROR] = 0x100ff,
};

#define APIC_BASE_BSP    (1ULL << 8)
#define APIC_BASE_ENABLE (1ULL << 11)
#define APIC_BASE_ADDR   0xffffff000ULL

typedef struct Apic {
    Device dev;
    uint8_t id_prop;
    MemoryRegion mmio;
    MemoryRegion *container; /* where the board mapped it */
    Irq *out[2];             /* INTR, NMI */

    uint64_t base; /* the MSR */
    uint8_t id;
    uint8_t tpr;
    uint8_t ldr;
    uint32_t dfr;
    uint32_t svr;
    uint32_t isr[8]; /* a bit for each vector */
    uint32_t tmr[8];
    uint32_t irr[8];
    uint32_t esr;         /* as the last write to it latched it */
    uint32_t esr_pending; /* errors since */
    uint32_t icr[2];
    uint32_t lvt[LVT_ENTRIES];
    bool lint[2]; /* the pins as they are */
    bool extint;  /* an ExtINT came as a message */

    uint32_t timer_initial;
    uint8_t timer_divide;   /* the register */
    int64_t timer_start;    /* virtual time when the initial count was written */
    uint64_t timer_expired; /* how often it has expired since, as far as it was seen */
    Timer timer;

    void (*eoi)(void *opaque, uint8_t vector);
    void *eoi_opaque;
    int (*pic)(void *opaque);
    void *pic_opaque;
} Apic;

/* ----------------------------------------------------------------------- vectors and masks -- */

static void vectors_set(uint32_t *set, uint8_t vector)
{
    set[vector / 32] |= 1U << vector % 32;
}

static void vectors_clear(uint32_t *set, uint8_t vector)
{
    set[vector / 32] &= ~(1U << vector % 32);
}

static bool vectors_test(const uint32_t *set, uint8_t vector)
{
    return set[vector / 32] >> vector % 32 & 1;
}

/* The highest, or -1. */
static int vectors_highest(const uint32_t *set)
{
    for (int i = 7; i >= 0; i--) {
        if (set[i]) {
            return i * 32 + 31 - __builtin_clz(set[i]);
        }
    }
    return -1;
}

static bool apic_hw_enabled(const Apic *s)
{
    return s->base & APIC_BASE_ENABLE;
}

static bool apic_sw_enabled(const Apic *s)
{
    return s->svr & APIC_SVR_ENABLE;
}

static unsigned lvt_mode(uint32_t entry)
{
    return entry >> APIC_LVT_MODE_SHIFT & 7;
}

static uint8_t apic_ppr(const Apic *s)
{
    int in_service = vectors_highest(s->isr);

    return in_service >= 0 && in_service >> 4 > s->tpr >> 4 ? in_service & 0xf0 : s->tpr;
}

/* Whether the PIC may interrupt through LINT0: always when the APIC is not there. */
static bool apic_takes_extint(const Apic *s)
{
    uint32_t entry = s->lvt[LVT_LINT0];

    return !apic_hw_enabled(s) || (!(entry & APIC_LVT_MASKED) && lvt_mode(entry) == APIC_DM_EXTINT);
}

static bool apic_extint_pending(const Apic *s)
{
    return s->extint || (s->lint[0] && apic_takes_extint(s));
}

/* The only place that sets INTR. */
static void apic_update(Apic *s)
{
    int request = apic_hw_enabled(s) ? vectors_highest(s->irr) : -1;

    irq_set(s->out[0], apic_extint_pending(s) || (request >= 0 && request >> 4 > apic_ppr(s) >> 4));
}

/* ------------------------------------------------------------------------------- requests -- */

static void apic_request(Apic *s, uint8_t vector, bool level);

/* Note an error, and raise the error interrupt. */
static void apic_error(Apic *s, uint32_t bit)
{
    uint32_t entry = s->lvt[LVT_ERROR];

    s->esr_pending |= bit;
    if (!(entry & APIC_LVT_MASKED) && (entry & 0xff) >= APIC_MIN_VECTOR) {
        apic_request(s, entry, false);
    }
}

/* Accept an interrupt. */
static void apic_request(Apic *s, uint8_t vector, bool level)
{
    if (vector < APIC_MIN_VECTOR) {
        apic_error(s, APIC_ESR_RECEIVE_ILLEGAL);
        return;
    }
    vectors_set(s->irr, vector);
    if (level) {
        vectors_set(s->tmr, vector);
    } else {
        vectors_clear(s->tmr, vector);
    }
}

static bool apic_is_destination(const Apic *s, const ApicMessage *msg)
{
    if (msg->dest == 0xff) {
        return true;
    }
    if (!msg->logical) {
        return msg->dest == s->id;
    }
    if (s->dfr >> 28 == 0xf) { /* flat model: a bit each */
        return msg->dest & s->ldr;
    }
    return msg->dest >> 4 == s->ldr >> 4 && msg->dest & s->ldr & 0xf;
}

/* What a message does to the CPU it is for. */
static void apic_receive(Apic *s, const ApicMessage *msg)
{
    switch (msg->delivery_mode) {
    case APIC_DM_FIXED:
    case APIC_DM_LOWEST:
        if (apic_sw_enabled(s)) {
            apic_request(s, msg->vector, msg->level);
        }
        break;
    case APIC_DM_NMI:
        irq_pulse(s->out[1]);
        break;
    case APIC_DM_EXTINT:
        s->extint = true;
        break;
    default:
        log_unimp("apic: delivery mode %u", msg->delivery_mode);
        break;
    }
}

void apic_deliver(void *apic, const ApicMessage *msg)
{
    Apic *s = DEVICE_CAST(Apic, &apic_class, apic);

    if (apic_hw_enabled(s) && apic_is_destination(s, msg)) {
        apic_receive(s, msg);
        apic_update(s);
    }
}

/* A level-triggered interrupt of LINT0 is requested again once it has ended. */
static void apic_service_lint0(Apic *s)
{
    uint32_t *entry = &s->lvt[LVT_LINT0];

    if (s->lint[0] && apic_hw_enabled(s) && *entry & APIC_LVT_LEVEL &&
        lvt_mode(*entry) == APIC_DM_FIXED && !(*entry & (APIC_LVT_MASKED | APIC_LVT_REMOTE_IRR))) {
        *entry |= APIC_LVT_REMOTE_IRR;
        apic_request(s, *entry, true);
    }
}

static void apic_lint_edge(Apic *s, int n)
{
    uint32_t entry = s->lvt[LVT_LINT0 + n];

    if (!apic_hw_enabled(s)) {
        if (n == 1) {
            irq_pulse(s->out[1]); /* the pins are INTR and NMI then */
        }
        return;
    }
    if (entry & APIC_LVT_MASKED) {
        return;
    }
    switch (lvt_mode(entry)) {
    case APIC_DM_FIXED:
        if (n == 1 || !(entry & APIC_LVT_LEVEL)) {
            apic_request(s, entry, false);
        }
        break;
    case APIC_DM_NMI:
        irq_pulse(s->out[1]);
        break;
    case APIC_DM_EXTINT: /* a level, asked for by apic_update() */
        break;
    default:
        log_unimp("apic: LINT%d with delivery mode %u", n, lvt_mode(entry));
        break;
    }
}

static void apic_set_lint(void *opaque, int n, int level)
{
    Apic *s = opaque;
    bool rises = level && !s->lint[n];

    s->lint[n] = level;
    if (rises) {
        apic_lint_edge(s, n);
    }
    apic_service_lint0(s);
    apic_update(s);
}

/* ---------------------------------------------------------------------------------- timer -- */

/* Bus cycles for one count. */
static unsigned timer_divisor(uint8_t divide)
{
    unsigned code = (divide & 3) | (divide >> 1 & 4);

    return code == 7 ? 1 : 2 << code;
}

/* Counts since the initial count was written. */
static uint64_t apic_timer_counts(const Apic *s)
{
    return (clock_get_ns(VM_CLOCK_VIRTUAL) - s->timer_start) / timer_divisor(s->timer_divide);
}

/* How often it has expired by now. */
static uint64_t apic_timer_expiries(const Apic *s)
{
    uint64_t counts = apic_timer_counts(s);

    if (s->timer_initial == 0) {
        return 0;
    }
    if (s->lvt[LVT_TIMER] & APIC_LVT_PERIODIC) {
        return counts / s->timer_initial;
    }
    return counts >= s->timer_initial;
}

static uint32_t apic_timer_current(const Apic *s)
{
    uint64_t counts = apic_timer_counts(s);

    if (s->timer_initial == 0) {
        return 0;
    }
    if (s->lvt[LVT_TIMER] & APIC_LVT_PERIODIC) {
        return s->timer_initial - counts % s->timer_initial;
    }
    return counts < s->timer_initial ? s->timer_initial - counts : 0;
}

/* Request what expired since the last look: one interrupt, however often that was. */
static void apic_timer_advance(Apic *s)
{
    uint64_t expired = apic_timer_expiries(s);

    if (expired > s->timer_expired && !(s->lvt[LVT_TIMER] & APIC_LVT_MASKED)) {
        apic_request(s, s->lvt[LVT_TIMER], false);
    }
    s->timer_expired = expired;
}

/* Have the host's timer run for the next expiry that would change anything. */
static void apic_timer_arm(Apic *s)
{
    uint32_t entry = s->lvt[LVT_TIMER];
    bool once = !(entry & APIC_LVT_PERIODIC);

    if (s->timer_initial == 0 || (once && s->timer_expired) || entry & APIC_LVT_MASKED ||
        (entry & 0xff) < APIC_MIN_VECTOR || vectors_test(s->irr, entry)) {
        timer_del(&s->timer);
        return;
    }
    timer_mod(&s->timer, s->timer_start + (int64_t)((s->timer_expired + 1) * s->timer_initial *
                                                    timer_divisor(s->timer_divide)));
}

static void apic_timer(void *opaque)
{
    Apic *s = opaque;

    apic_timer_advance(s);
    apic_timer_arm(s);
    apic_update(s);
}

static void apic_timer_set_initial(Apic *s, uint32_t count)
{
    s->timer_initial = count;
    s->timer_start = clock_get_ns(VM_CLOCK_VIRTUAL);
    s->timer_expired = 0;
}

/* Another divisor leaves the current count as it is. */
static void apic_timer_set_divide(Apic *s, uint8_t divide)
{
    uint64_t counts = apic_timer_counts(s);

    s->timer_divide = divide & 0xb;
    s->timer_start =
        clock_get_ns(VM_CLOCK_VIRTUAL) - (int64_t)(counts * timer_divisor(s->timer_divide));
}

/* Another mode goes on with the current count; a one-shot that has expired stays so. */
static void apic_timer_set_lvt(Apic *s, uint32_t entry)
{
    bool once = !(s->lvt[LVT_TIMER] & APIC_LVT_PERIODIC);

    if (once && s->timer_expired && entry & APIC_LVT_PERIODIC) {
        s->timer_initial = 0;
    } else if (!once && !(entry & APIC_LVT_PERIODIC) && s->timer_initial) {
        s->timer_start +=
            (int64_t)(s->timer_expired * s->timer_initial * timer_divisor(s->timer_divide));
        s->timer_expired = 0;
    }
    s->lvt[LVT_TIMER] = entry;
}

/* -------------------------------------------------------------------- acknowledge and EOI -- */

int apic_acknowledge(void *apic)
{
    Apic *s = DEVICE_CAST(Apic, &apic_class, apic);
    int vector;

    if (apic_extint_pending(s) && s->pic) {
        s->extint = false;
        vector = s->pic(s->pic_opaque); /* lowers LINT0, or asks for the next */
        apic_update(s);
        return vector;
    }
    apic_timer_advance(s);
    vector = apic_hw_enabled(s) ? vectors_highest(s->irr) : -1;
    if (vector < 0) {
        return -1;
    }
    if (vector >> 4 <= apic_ppr(s) >> 4) {
        return s->svr & 0xff; /* the priority rose meanwhile: spurious */
    }
    vectors_clear(s->irr, vector);
    vectors_set(s->isr, vector);
    apic_timer_arm(s);
    apic_update(s);
    return vector;
}

static void apic_end_of_interrupt(Apic *s)
{
    int vector = vectors_highest(s->isr);

    if (vector < 0) {
        return;
    }
    vectors_clear(s->isr, vector);
    if (!vectors_test(s->tmr, vector)) {
        return;
    }
    if (s->lvt[LVT_LINT0] & APIC_LVT_REMOTE_IRR && (s->lvt[LVT_LINT0] & 0xff) == vector) {
        s->lvt[LVT_LINT0] &= ~APIC_LVT_REMOTE_IRR;
        apic_service_lint0(s);
    }
    if (s->eoi) {
        s->eoi(s->eoi_opaque, vector);
    }
}

/* ------------------------------------------------------------------------------ registers -- */

/* Send what ICR says; only what comes back to this CPU has an effect. */
static void apic_send_icr(Apic *s)
{
    enum { TO_DEST, TO_SELF, TO_ALL, TO_OTHERS };
    unsigned shorthand = s->icr[0] >> APIC_ICR_SHORTHAND_SHIFT & 3;
    ApicMessage msg = {
        .vector = s->icr[0],
        .delivery_mode = lvt_mode(s->icr[0]),
        .logical = s->icr[0] & APIC_ICR_LOGICAL,
        .dest = s->icr[1] >> 24,
    };

    if (msg.delivery_mode <= APIC_DM_LOWEST && msg.vector < APIC_MIN_VECTOR) {
        apic_error(s, APIC_ESR_SEND_ILLEGAL);
        return;
    }
    if (shorthand == TO_SELF || shorthand == TO_ALL ||
        (shorthand == TO_DEST && apic_is_destination(s, &msg))) {
        apic_receive(s, &msg);
    }
}

static void apic_write_svr(Apic *s, uint32_t val)
{
    s->svr = val & APIC_SVR_WRITABLE;
    if (!apic_sw_enabled(s)) {
        for (unsigned i = 0; i < LVT_ENTRIES; i++) {
            s->lvt[i] |= APIC_LVT_MASKED;
        }
    }
}

static void apic_write_lvt(Apic *s, ApicLvt n, uint32_t val)
{
    uint32_t entry = val & lvt_writable[n];

    if (!apic_sw_enabled(s)) {
        entry |= APIC_LVT_MASKED;
    }
    if (n == LVT_TIMER) {
        apic_timer_set_lvt(s, entry);
        return;
    }
    if (n == LVT_LINT0 && entry & APIC_LVT_LEVEL && lvt_mode(entry) == APIC_DM_FIXED) {
        entry |= s->lvt[n] & APIC_LVT_REMOTE_IRR;
    }
    s->lvt[n] = entry;
    apic_service_lint0(s);
}

static uint32_t apic_read_reg(Apic *s, unsigned reg)
{
    switch (reg) {
    case APIC_ID:
        return (uint32_t)s->id << 24;
    case APIC_VERSION:
        return APIC_VERSION_VALUE;
    case APIC_TPR:
        return s->tpr;
    case APIC_APR:
        return 0; /* nobody to arbitrate with */
    case APIC_PPR:
        return apic_ppr(s);
    case APIC_EOI:
        return 0;
    case APIC_LDR:
        return (uint32_t)s->ldr << 24;
    case APIC_DFR:
        return s->dfr;
    case APIC_SVR:
        return s->svr;
    case APIC_ISR ... APIC_ISR + 7:
        return s->isr[reg - APIC_ISR];
    case APIC_TMR ... APIC_TMR + 7:
        return s->tmr[reg - APIC_TMR];
    case APIC_IRR ... APIC_IRR + 7:
        return s->irr[reg - APIC_IRR];
    case APIC_ESR:
        return s->esr;
    case APIC_ICR_LOW:
    case APIC_ICR_HIGH:
        return s->icr[reg - APIC_ICR_LOW];
    case APIC_LVT ... APIC_LVT + LVT_ENTRIES - 1:
        return s->lvt[reg - APIC_LVT];
    case APIC_TIMER_INITIAL:
        return s->timer_initial;
    case APIC_TIMER_CURRENT:
        return apic_timer_current(s);
    case APIC_TIMER_DIVIDE:
        return s->timer_divide;
    default:
        apic_error(s, APIC_ESR_ILLEGAL_REGISTER);
        return 0;
    }
}

static void apic_write_reg(Apic *s, unsigned reg, uint32_t val)
{
    switch (reg) {
    case APIC_ID:
        s->id = val >> 24;
        break;
    case APIC_TPR:
        s->tpr = val;
        break;
    case APIC_EOI:
        apic_end_of_interrupt(s);
        break;
    case APIC_LDR:
        s->ldr = val >> 24;
        break;
    case APIC_DFR:
        s->dfr = val | 0x0fffffff;
        break;
    case APIC_SVR:
        apic_write_svr(s, val);
        break;
    case APIC_ESR:
        s->esr = s->esr_pending;
        s->esr_pending = 0;
        break;
    case APIC_ICR_LOW:
        s->icr[0] = val & APIC_ICR_WRITABLE;
        apic_send_icr(s);
        break;
    case APIC_ICR_HIGH:
        s->icr[1] = val & 0xff000000;
        break;
    case APIC_LVT ... APIC_LVT + LVT_ENTRIES - 1:
        apic_write_lvt(s, reg - APIC_LVT, val);
        break;
    case APIC_TIMER_INITIAL:
        apic_timer_set_initial(s, val);
        break;
    case APIC_TIMER_DIVIDE:
        apic_timer_set_divide(s, val);
        break;
    case APIC_VERSION:
    case APIC_APR:
    case APIC_PPR:
    case APIC_ISR ... APIC_IRR + 7:
    case APIC_TIMER_CURRENT:
        log_guest_error("apic: write to read-only register %03x", reg << 4);
        break;
    default:
        apic_error(s, APIC_ESR_ILLEGAL_REGISTER);
        break;
    }
}

/* Every access sees the timer up to date, and leaves line and timer as the registers say. */
static uint64_t apic_read(void *opaque, hwaddr addr, unsigned size)
{
    Apic *s = opaque;
    uint32_t val;

    apic_timer_advance(s);
    val = addr & 0xf ? 0 : apic_read_reg(s, addr >> 4); /* registers are 16 bytes apart */
    apic_timer_arm(s);
    apic_update(s);
    return val;
}

static void apic_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    Apic *s = opaque;

    apic_timer_advance(s);
    if (!(addr & 0xf)) {
        apic_write_reg(s, addr >> 4, data);
    }
    apic_timer_arm(s);
    apic_update(s);
}

static const RegisterName apic_registers[] = {{APIC_ID * 0x10, 16, "ID"},
                                              {APIC_VERSION * 0x10, 16, "VERSION"},
                                              {APIC_TPR * 0x10, 16, "TPR"},
                                              {APIC_APR * 0x10, 16, "APR"},
                                              {APIC_PPR * 0x10, 16, "PPR"},
                                              {APIC_EOI * 0x10, 16, "EOI"},
                                              {APIC_LDR * 0x10, 16, "LDR"},
                                              {APIC_DFR * 0x10, 16, "DFR"},
                                              {APIC_SVR * 0x10, 16, "SVR"},
                                              {APIC_ISR * 0x10, 128, "ISR"},
                                              {APIC_TMR * 0x10, 128, "TMR"},
                                              {APIC_IRR * 0x10, 128, "IRR"},
                                              {APIC_ESR * 0x10, 16, "ESR"},
                                              {APIC_ICR_LOW * 0x10, 16, "ICR low"},
                                              {APIC_ICR_HIGH * 0x10, 16, "ICR high"},
                                              {APIC_LVT * 0x10, 16, "LVT TIMER"},
                                              {(APIC_LVT + 1) * 0x10, 16, "LVT THERMAL"},
                                              {(APIC_LVT + 2) * 0x10, 16, "LVT PERFMON"},
                                              {(APIC_LVT + 3) * 0x10, 16, "LVT LINT0"},
                                              {(APIC_LVT + 4) * 0x10, 16, "LVT LINT1"},
                                              {(APIC_LVT + 5) * 0x10, 16, "LVT ERROR"},
                                              {APIC_TIMER_INITIAL * 0x10, 16, "TIMER INITIAL"},
                                              {APIC_TIMER_CURRENT * 0x10, 16, "TIMER CURRENT"},
                                              {APIC_TIMER_DIVIDE * 0x10, 16, "TIMER DIVIDE"},
                                              {}};

static const MemoryRegionOps apic_ops = {
    .read = apic_read,
    .write = apic_write,
    .registers = apic_registers,
    .impl = {.min_access_size = 4, .max_access_size = 4},
};

/* -------------------------------------------------------------------------------- the CPU -- */

static Apic *apic_cast(void *apic)
{
    return DEVICE_CAST(Apic, &apic_class, apic);
}

void apic_set_tpr(void *apic, uint8_t tpr)
{
    Apic *s = apic_cast(apic);

    s->tpr = tpr << 4;
    apic_update(s);
}

uint8_t apic_get_tpr(void *apic)
{
    return apic_cast(apic)->tpr >> 4;
}

/* The state after power-up, and when the MSR has disabled the APIC. */
static void apic_init(Apic *s)
{
    static const uint32_t none[8];

    s->id = s->id_prop;
    s->tpr = 0;
    s->ldr = 0;
    s->dfr = UINT32_MAX;
    s->svr = 0xff;
    memcpy(s->isr, none, sizeof(none));
    memcpy(s->tmr, none, sizeof(none));
    memcpy(s->irr, none, sizeof(none));
    s->esr = s->esr_pending = 0;
    s->icr[0] = s->icr[1] = 0;
    for (unsigned i = 0; i < LVT_ENTRIES; i++) {
        s->lvt[i] = APIC_LVT_MASKED;
    }
    s->lvt[LVT_LINT0] = APIC_DM_EXTINT << APIC_LVT_MODE_SHIFT;
    s->extint = false;
    s->timer_divide = 0;
    apic_timer_set_initial(s, 0);
    apic_timer_arm(s);
}

void apic_set_base(void *apic, uint64_t value)
{
    Apic *s = apic_cast(apic);

    value &= APIC_BASE_ADDR | APIC_BASE_ENABLE | APIC_BASE_BSP;
    if (s->base & ~value & APIC_BASE_ENABLE) {
        apic_init(s);
    }
    s->base = value;
    memory_region_transaction_begin();
    memory_region_set_enabled(&s->mmio, apic_hw_enabled(s));
    if (s->container) {
        memory_region_set_address(&s->mmio, value & APIC_BASE_ADDR);
    }
    memory_region_transaction_commit();
    apic_update(s);
}

uint64_t apic_get_base(void *apic)
{
    return apic_cast(apic)->base;
}

/* ----------------------------------------------------------------------------- the device -- */

void apic_map(Device *dev, MemoryRegion *container)
{
    Apic *s = apic_cast(dev);

    s->container = container;
    memory_region_add_subregion_overlap(container, s->base & APIC_BASE_ADDR, &s->mmio, 2);
}

void apic_set_eoi_handler(Device *dev, void (*eoi)(void *opaque, uint8_t vector), void *opaque)
{
    apic_cast(dev)->eoi = eoi;
    apic_cast(dev)->eoi_opaque = opaque;
}

void apic_set_pic(Device *dev, int (*acknowledge)(void *opaque), void *opaque)
{
    apic_cast(dev)->pic = acknowledge;
    apic_cast(dev)->pic_opaque = opaque;
}

static void apic_reset(Device *dev)
{
    Apic *s = apic_cast(dev);

    apic_init(s);
    s->lint[0] = s->lint[1] = false; /* their drivers are being reset too */
    apic_set_base(s, APIC_DEFAULT_BASE | APIC_BASE_ENABLE | APIC_BASE_BSP);
}

static bool apic_realize(Device *dev, GError **errp)
{
    Apic *s = apic_cast(dev);

    timer_init(&s->timer, VM_CLOCK_VIRTUAL, apic_timer, s);
    memory_region_init_io(&s->mmio, &dev->owner, &apic_ops, s, "apic", 0x1000);
    device_init_gpio_in(dev, NULL, apic_set_lint, s, 2);
    device_init_gpio_out(dev, NULL, s->out, 2);
    apic_reset(dev);
    return true;
}

static void apic_unrealize(Device *dev)
{
    Apic *s = apic_cast(dev);

    timer_del(&s->timer);
    if (s->container) {
        memory_region_del_subregion(s->container, &s->mmio);
    }
    memory_region_destroy(&s->mmio);
}

static const Property apic_props[] = {PROP_UINT8("id", Apic, id_prop, 0, .help = "APIC id"), {}};

const DeviceClass apic_class = {
    .name = "apic",
    .desc = "Local APIC",
    .category = "CPU",
    .parent = &device_class,
    .size = sizeof(Apic),
    .internal = true,
    .props = apic_props,
    .realize = apic_realize,
    .unrealize = apic_unrealize,
    .reset = apic_reset,
};
