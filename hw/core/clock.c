/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Clocks and timers.
 *
 * Each clock has its armed timers in a list sorted by expiry: a machine has some twenty, most of
 * them re-armed near the end, so a list beats a heap.
 */
#include "hw/core/clock.h"

#include <glib.h>
#include <time.h>

#include "effect.h"

typedef TAILQ_HEAD(TimerList, Timer) TimerList;

static TimerList lists[VM_CLOCKS] = {
    TAILQ_HEAD_INITIALIZER(lists[VM_CLOCK_VIRTUAL]),
    TAILQ_HEAD_INITIALIZER(lists[VM_CLOCK_REALTIME]),
    TAILQ_HEAD_INITIALIZER(lists[VM_CLOCK_HOST]),
};

/*
 * Virtual time by the host: monotonic time less `virtual_offset` while it runs, `virtual_frozen`
 * while it stands still. Written with the machine lock held, read by any thread.
 */
static int virtual_running;
static int64_t virtual_offset;
static int64_t virtual_frozen;

static int64_t (*virtual_source)(void);
static bool manual;
static int64_t manual_ns;
static void (*notify_deadline)(void);

static int64_t host_ns(clockid_t id)
{
    struct timespec ts;

    clock_gettime(id, &ts);
    return ts.tv_sec * NANOSECONDS_PER_SECOND + ts.tv_nsec;
}

int64_t clock_get_ns(ClockType clock)
{
    effect_note(effect_hook_core, EFFECT_CLOCK);
    switch (clock) {
    case VM_CLOCK_REALTIME:
        return host_ns(CLOCK_MONOTONIC);
    case VM_CLOCK_HOST:
        return host_ns(CLOCK_REALTIME);
    default:
        break;
    }
    if (manual) {
        return manual_ns;
    }
    if (virtual_source) {
        return virtual_source();
    }
    if (!__atomic_load_n(&virtual_running, __ATOMIC_ACQUIRE)) {
        return __atomic_load_n(&virtual_frozen, __ATOMIC_RELAXED);
    }
    return host_ns(CLOCK_MONOTONIC) - __atomic_load_n(&virtual_offset, __ATOMIC_RELAXED);
}

void clock_virtual_enable(bool enable)
{
    if (enable == virtual_running) {
        return;
    }
    if (enable) {
        __atomic_store_n(&virtual_offset, host_ns(CLOCK_MONOTONIC) - virtual_frozen,
                         __ATOMIC_RELAXED);
        __atomic_store_n(&virtual_running, true, __ATOMIC_RELEASE);
        if (notify_deadline && !TAILQ_EMPTY(&lists[VM_CLOCK_VIRTUAL])) {
            notify_deadline();
        }
    } else {
        __atomic_store_n(&virtual_frozen, host_ns(CLOCK_MONOTONIC) - virtual_offset,
                         __ATOMIC_RELAXED);
        __atomic_store_n(&virtual_running, false, __ATOMIC_RELEASE);
    }
}

void clock_virtual_set_source(int64_t (*now)(void))
{
    virtual_source = now;
}

void clock_set_notify(void (*notify)(void))
{
    notify_deadline = notify;
}

/* ------------------------------------------------------------------------------- timers -- */

void timer_init(Timer *timer, ClockType clock, TimerFunc func, void *opaque)
{
    *timer = (Timer){.clock = clock, .func = func, .opaque = opaque};
}

void timer_del(Timer *timer)
{
    if (timer->pending) {
        effect_note(effect_hook_core, EFFECT_TIMER);
        TAILQ_REMOVE(&lists[timer->clock], timer, link);
        timer->pending = false;
    }
}

void timer_mod(Timer *timer, int64_t expire)
{
    TimerList *list = &lists[timer->clock];
    Timer *before;

    timer_del(timer);
    effect_note(effect_hook_core, EFFECT_TIMER);
    timer->expire = expire;
    timer->pending = true;
    TAILQ_FOREACH_REVERSE (before, list, TimerList, link) {
        if (before->expire <= expire) {
            TAILQ_INSERT_AFTER(list, before, timer, link);
            return;
        }
    }
    TAILQ_INSERT_HEAD(list, timer, link);
    if (notify_deadline) {
        notify_deadline();
    }
}

/* Whether timers of the clock fire by themselves. */
static bool clock_runs(ClockType clock)
{
    return clock != VM_CLOCK_VIRTUAL || virtual_running;
}

int64_t clock_next_deadline(void)
{
    int64_t next = -1;

    for (int clock = 0; clock < VM_CLOCKS; clock++) {
        Timer *first = TAILQ_FIRST(&lists[clock]);

        if (clock == VM_CLOCK_VIRTUAL && (virtual_source || manual)) {
            continue; /* who moves that time also runs its timers */
        }
        if (first && clock_runs(clock)) {
            int64_t left = MAX(first->expire - clock_get_ns(clock), 0);

            next = next < 0 ? left : MIN(next, left);
        }
    }
    return next;
}

int64_t clock_virtual_deadline(void)
{
    Timer *first = TAILQ_FIRST(&lists[VM_CLOCK_VIRTUAL]);

    return first ? MAX(first->expire, 0) : -1;
}

/*
 * Run what was due when the round began and no more: a timer that keeps re-arming itself for a
 * time past cannot hold the loop.
 */
static bool run_list(ClockType clock, int64_t now)
{
    Timer *timer;
    unsigned due = 0;
    bool ran = false;

    TAILQ_FOREACH (timer, &lists[clock], link) {
        if (timer->expire > now) {
            break;
        }
        due++;
    }
    while (due-- && (timer = TAILQ_FIRST(&lists[clock])) && timer->expire <= now) {
        timer_del(timer);
        timer->func(timer->opaque);
        ran = true;
    }
    return ran;
}

bool clock_run_timers(void)
{
    bool ran = false;

    for (int clock = 0; clock < VM_CLOCKS; clock++) {
        if (clock_runs(clock)) {
            ran |= run_list(clock, clock_get_ns(clock));
        }
    }
    return ran;
}

/* -------------------------------------------------------------------------- manual time -- */

void clock_manual_init(void)
{
    manual = true;
    manual_ns = 0;
    virtual_running = true;
}

bool clock_manual_advance(int64_t ns, unsigned budget)
{
    Timer *first;

    while ((first = TAILQ_FIRST(&lists[VM_CLOCK_VIRTUAL])) && first->expire <= ns) {
        if (budget-- == 0) {
            return false;
        }
        manual_ns = MAX(manual_ns, first->expire);
        timer_del(first);
        first->func(first->opaque);
    }
    manual_ns = MAX(manual_ns, ns);
    return true;
}

void clock_manual_set(int64_t ns)
{
    while (!clock_manual_advance(ns, UINT_MAX)) {
    }
}
