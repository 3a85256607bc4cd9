/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Queued writes: the consumer of the coalesced ring. For every accelerator that has one; the ring
 * is a plain page in the layout of KVM's.
 *
 * All functions are called with the machine lock held.
 */
#ifndef LIGNITE_ACCEL_COALESCE_H
#define LIGNITE_ACCEL_COALESCE_H

#include <inttypes.h>
#include <linux/kvm.h>

/* Entries in a ring of one page; one of them always stays free. */
#define COALESCE_RING_SLOTS                                                                        \
    ((4096 - sizeof(struct kvm_coalesced_mmio_ring)) / sizeof(struct kvm_coalesced_mmio))

typedef struct CoalesceStats {
    uint64_t entries;  /* dispatched */
    uint64_t drains;   /* times that something was found in the ring */
    uint64_t full;     /* times that the ring was found full: the guest exited for that */
    uint64_t deferred; /* of `entries`: taken out while the map changed, dispatched later */
    uint64_t gone;     /* entries that nothing answered to any more */
    uint64_t poisoned; /* rings or entries that can't be: bad index or length */
} CoalesceStats;

/* Start with no ring and zeroed counters; hooks the lock's release and the memory commit. */
void coalesce_init(void);
void coalesce_cleanup(void);

/* The ring to consume from now on, or NULL. */
void coalesce_set_ring(struct kvm_coalesced_mmio_ring *ring);

/*
 * Dispatch what the ring holds now, oldest first. At most one ring's worth: what comes meanwhile
 * is left. Never inside a device's handler.
 */
void coalesce_drain(void);

const CoalesceStats *coalesce_stats(void);

#endif
