/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Clocks and the timers that fire on them.
 *
 * Times are signed nanoseconds. Timers run in the main loop with the machine lock held, ordered by
 * expiry, those of equal expiry in the order they were armed; a timer may re-arm itself.
 */
#ifndef LIGNITE_HW_CORE_CLOCK_H
#define LIGNITE_HW_CORE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#define NANOSECONDS_PER_SECOND INT64_C(1000000000)
#define NANOSECONDS_PER_MS INT64_C(1000000)

typedef enum ClockType {
    VM_CLOCK_VIRTUAL,  /* the guest's time: from 0 at start, stands still while the VM is stopped */
    VM_CLOCK_REALTIME, /* the host's monotonic time, for what people see */
    VM_CLOCK_HOST,     /* the host's wall clock, since 1970 in UTC; may jump */
    VM_CLOCKS,
} ClockType;

typedef void (*TimerFunc)(void *opaque);

/* Embedded by value in the device that owns it; fields are private to clock.c. */
typedef struct Timer {
    ClockType clock;
    TimerFunc func;
    void *opaque;
    int64_t expire;
    bool pending;
    TAILQ_ENTRY(Timer) link;
} Timer;

/* The time. Any thread. */
int64_t clock_get_ns(ClockType clock);

/* muldiv64: a * b / c without overflow in between; c must not be 0. */
static inline uint64_t muldiv64(uint64_t a, uint32_t b, uint32_t c)
{
    return (uint64_t)((unsigned __int128)a * b / c);
}

/* Prepare a timer; it is not armed. */
void timer_init(Timer *timer, ClockType clock, TimerFunc func, void *opaque);

/* Arm, or re-arm, for the absolute time `expire`; a time past fires at the next chance. Lock held. */
void timer_mod(Timer *timer, int64_t expire);

/* Disarm; nothing happens if it was not armed, or was never prepared. Lock held. */
void timer_del(Timer *timer);

static inline bool timer_pending(const Timer *timer)
{
    return timer->pending;
}

/* ------------------------------------------- for the main loop, accelerators and tests -- */

/* Nanoseconds until the first timer of any clock that runs is due (0: now), or -1. Lock held. */
int64_t clock_next_deadline(void);

/* The absolute expiry of the first virtual timer, or -1. Lock held. */
int64_t clock_virtual_deadline(void);

/* Run what is due on every clock that runs. Lock held. True when a timer ran. */
bool clock_run_timers(void);

/* `notify` is called, with the lock held, when the first deadline comes nearer: wake the loop. */
void clock_set_notify(void (*notify)(void));

/* Let virtual time run, or stand still. It stands still at start. Lock held. */
void clock_virtual_enable(bool enable);

/*
 * Take virtual time from `now` (any thread) instead of from the host: for an accelerator that
 * counts instructions, or a client that steps time. NULL goes back to the host. At start only.
 */
void clock_virtual_set_source(int64_t (*now)(void));

/*
 * Virtual time by command: from now on it is what clock_manual_set() made it, at first 0.
 * Timers of the other clocks then run only by clock_run_timers(). For qtest and unit tests.
 */
void clock_manual_init(void);

/* Advance manual time to `ns`, stopping at each virtual deadline on the way to run its timers. */
void clock_manual_set(int64_t ns);

/* The same, but it runs at most `budget` timers. True when the time is `ns` and no timer is due. */
bool clock_manual_advance(int64_t ns, unsigned budget);

static inline void clock_manual_step(int64_t ns)
{
    clock_manual_set(clock_get_ns(VM_CLOCK_VIRTUAL) + ns);
}

#endif
