/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine lock: one lock for all device state, memory maps and clocks.
 *
 * vCPU threads take it to handle an exit; the main thread holds it whenever it is not waiting in
 * poll. Taking it drains the coalesced ring: whoever holds it has seen every write that the guest
 * made before.
 */
#ifndef LIGNITE_ACCEL_LOCK_H
#define LIGNITE_ACCEL_LOCK_H

#include <glib.h>
#include <stdbool.h>

/* Take the lock, then drain. Must not be held by the caller (asserted). */
void machine_lock(void);
void machine_unlock(void);

/* Whether this thread holds it. */
bool machine_lock_held(void);

/* Whether another thread waits for it: a holder that computes for long should give way then. */
bool machine_lock_contended(void);

/*
 * Give way: unlock, let every thread that waits in, lock again (with its drain). Lock held, and
 * never inside a device's handler: the drain may enter that device.
 */
void machine_lock_yield(void);

/*
 * Wait on `cond`: releases the lock meanwhile, drains on taking it back. Lock held, and never
 * inside a device's handler. As with any condition, it may return without cause. Whoever signals
 * holds the lock.
 */
void machine_cond_wait(GCond *cond);

/* What machine_lock() calls once it has the lock; set while no vCPU runs. NULL for none. */
void machine_lock_set_drain(void (*drain)(void *opaque), void *opaque);

/*
 * What is called before the lock is given up, by unlock, yield and wait; set while no vCPU runs.
 * NULL for none.
 */
void machine_lock_set_release(void (*release)(void *opaque), void *opaque);

#endif
