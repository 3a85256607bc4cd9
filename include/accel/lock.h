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

/* Give way: unlock, let a waiting thread in, lock again (with its drain). Lock held. */
void machine_lock_yield(void);

/* Wait on `cond`: releases the lock meanwhile, drains on taking it back. Lock held. */
void machine_cond_wait(GCond *cond);

/* What machine_lock() calls once it has the lock; set while no vCPU runs. NULL for none. */
void machine_lock_set_drain(void (*drain)(void *opaque), void *opaque);

#endif
