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
#include <stdbool.h>

#include "effect.h"
#include "memory/memory.h"

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
    /*
     * Upper bounds, in ns: nobody notes when a write is queued, only when somebody looked at the
     * ring the last time before and it was not there yet.
     */
    uint64_t delay_max;
    uint64_t delay_sum; /* over `entries` */
} CoalesceStats;

/*
 * Whether a bound on the delay, in ns, can be kept: 0 is none, and below 100 us the main loop would
 * do nothing else.
 */
bool coalesce_check_latency(int64_t ns, GError **errp);

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

bool coalesce_has_ring(void);

/* Whether no write waits, in the ring or deferred. It stays so while no vCPU runs. */
bool coalesce_is_empty(void);

/* -------------------------------------------------------------------------------- the audit -- */

/* A place whose queued writes had an effect that docs/coalescing.md forbids. */
typedef struct AuditFinding {
    char *owner;
    char *region;
    hwaddr offset; /* in the region */
    unsigned len;
    Effect effect;
    uint64_t count;
} AuditFinding;

/* Watch what the handlers of queued writes do, or stop it and forget what was found. */
void coalesce_set_audit(bool on);
bool coalesce_audit_enabled(void);

/*
 * Around the replay of a write, in its thread; `mr` may be NULL. `through_address_space`: it goes
 * that way itself. Without effect while the audit is off.
 */
void coalesce_audit_begin(const MemoryRegion *mr, hwaddr offset, unsigned len,
                          bool through_address_space);
void coalesce_audit_end(void);

/* What was found, of AuditFinding, oldest first; and how much beyond that was left out. */
const GArray *coalesce_audit_findings(uint64_t *left_out);

/* What an effect is called, after "a queued write". */
const char *coalesce_effect_name(Effect effect);

#endif
