/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The main loop.
 *
 * glib collects the file descriptors and sources; our poll function gives up the machine lock,
 * waits with the precision of the clocks, and takes the lock back, which drains the coalesced
 * ring. While writes may be queued, it comes back at least every coalesce-latency.
 */
#include "system/mainloop.h"

#include <errno.h>
#include <glib.h>
#include <poll.h>
#include <time.h>

#include "accel/accel.h"
#include "accel/lock.h"
#include "hw/core/clock.h"
#include "hw/core/runstate.h"

void mainloop_wake(void)
{
    g_main_context_wakeup(NULL);
}

/* The shorter of two waits, where a negative one means for ever. */
static int64_t shorter(int64_t a, int64_t b)
{
    return a < 0 ? b : b < 0 ? a : MIN(a, b);
}

static int poll_unlocked(GPollFD *fds, guint n, int timeout_ms)
{
    int64_t ns = timeout_ms < 0 ? -1 : timeout_ms * NANOSECONDS_PER_MS;
    int64_t latency = accel_coalesce_latency_ns();
    struct timespec ts;
    int ready, error;

    ns = shorter(ns, clock_next_deadline());
    if (latency) {
        ns = shorter(ns, latency);
    }
    if (ns >= 0) {
        ts.tv_sec = ns / NANOSECONDS_PER_SECOND;
        ts.tv_nsec = ns % NANOSECONDS_PER_SECOND;
    }
    G_STATIC_ASSERT(sizeof(GPollFD) == sizeof(struct pollfd));
    machine_unlock();
    ready = ppoll((struct pollfd *)fds, n, ns >= 0 ? &ts : NULL, NULL);
    error = errno;
    machine_lock();
    errno = error; /* glib looks at it */
    return ready;
}

void mainloop_init(void)
{
    g_main_context_set_poll_func(NULL, poll_unlocked);
    clock_set_notify(mainloop_wake);
    runstate_set_notify(mainloop_wake);
}

void mainloop_iterate(bool block)
{
    g_main_context_iteration(NULL, block);
    clock_run_timers();
}
