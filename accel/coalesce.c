/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The consumer of the coalesced ring.
 *
 * There is one consumer at a time, whoever holds the machine lock. An entry is dispatched before
 * its slot is given back, so the producer can't pass the effects.
 *
 * When the memory map changes, queued writes belong to the old map; but the change may come out of
 * a device's handler, and then no device may be entered. So what is in the ring then is looked up
 * in the old map and moved to the list of deferred writes. The list is dispatched before the lock
 * is given up, when no handler runs any more; and before anything that is younger.
 *
 * A region that is destroyed takes its deferred writes with it: they count as gone.
 */
#include "accel/coalesce.h"

#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "accel/io-profile.h"
#include "accel/lock.h"
#include "error.h"
#include "hw/core/log.h"
#include "memory/system.h"

/*
 * A handler of a deferred write may change the map, which may defer more. The rules for coalesced
 * registers forbid such writes; this bounds what a wrong table costs. The rest waits for the next
 * taking of the lock, still in order.
 */
#define DEFERRED_PER_PASS 4096

#define LATENCY_MIN_NS 100000

/* A write whose target was looked up when the map changed. */
typedef struct Deferred {
    MemoryRegion *mr; /* NULL: the region is gone */
    hwaddr offset;
    uint8_t bytes[8];
    unsigned len;
    bool pio;
    int64_t since; /* it is no older than this */
} Deferred;

static struct {
    struct kvm_coalesced_mmio_ring *ring;
    bool dispatching; /* the entry at ring->first is being dispatched */
    bool moved;       /* meanwhile it and the rest were taken out of the ring */
    bool replaying;
    GArray *deferred;     /* Deferred */
    guint deferred_first; /* those before it are done */
    int64_t pass_since;   /* what the present pass found is younger than this, in ns */
    int64_t looked; /* what is in the ring beyond what was seen then is younger than this, in ns */
    CoalesceStats stats;
} coalesce;

static unsigned next_slot(unsigned slot)
{
    return (slot + 1) % COALESCE_RING_SLOTS;
}

/* A store that crosses a page is two entries, and either may have any length. */
static bool is_entry_length(uint32_t len)
{
    return len >= 1 && len <= sizeof(((struct kvm_coalesced_mmio *)NULL)->data);
}

static int64_t now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

/* `n` entries that are no older than `since` have been dispatched. */
static void count_delay(int64_t since, unsigned n)
{
    uint64_t bound = n ? now_ns() - since : 0;

    coalesce.stats.entries += n;
    coalesce.stats.delay_sum += bound * n;
    coalesce.stats.delay_max = MAX(coalesce.stats.delay_max, bound);
}

static void count_gone(bool pio, uint64_t addr)
{
    coalesce.stats.gone++;
    log_guest_error("queued %s write to 0x%" PRIx64 ": nothing there any more",
                    pio ? "port" : "memory", addr);
}

/* --------------------------------------------------------------------------- deferred writes -- */

static void replay(const Deferred *write)
{
    MemTxResult result;

    coalesce_audit_begin(write->mr, write->offset, write->len, false);
    result = memory_region_write(write->mr, write->offset, write->bytes, write->len);
    coalesce_audit_end();
    if (result & MEMTX_DECODE_ERROR) {
        count_gone(write->pio, write->offset);
    }
}

static void replay_deferred(void)
{
    unsigned budget = DEFERRED_PER_PASS;

    if (coalesce.replaying) {
        return;
    }
    coalesce.replaying = true;
    while (coalesce.deferred_first < coalesce.deferred->len && budget-- > 0) {
        /* A copy: the handler may cause more to be deferred, and the array to move. */
        Deferred write = g_array_index(coalesce.deferred, Deferred, coalesce.deferred_first++);

        if (write.mr) {
            replay(&write);
            count_delay(write.since, 1);
        }
    }
    if (coalesce.deferred_first == coalesce.deferred->len) {
        coalesce.deferred_first = 0;
        g_array_set_size(coalesce.deferred, 0);
    }
    coalesce.replaying = false;
}

/* Its targets are where dispatching it would find them: each region takes what it has room for. */
static void defer(const struct kvm_coalesced_mmio *entry, int64_t since)
{
    AddressSpace *as = entry->pio ? &address_space_io : &address_space_memory;
    unsigned done = 0;

    if (!is_entry_length(entry->len)) {
        coalesce.stats.poisoned++;
        return;
    }
    io_profile_queued(as, entry->phys_addr);
    while (done < entry->len) {
        unsigned left = entry->len - done;
        MemoryRegionSection section = address_space_lookup(as, entry->phys_addr + done, left);
        Deferred write = {.mr = section.mr, .pio = entry->pio, .since = since};

        if (!section.mr) {
            count_gone(entry->pio, entry->phys_addr + done);
            done += section.size;
            continue;
        }
        write.offset = section.offset_within_region;
        write.len = MIN(left, memory_region_size(section.mr) - write.offset);
        memcpy(write.bytes, entry->data + done, write.len);
        g_array_append_val(coalesce.deferred, write);
        coalesce.stats.deferred++;
        done += write.len;
    }
}

/* ---------------------------------------------------------------------------------- the ring -- */

/* Where the ring's contents end, or false: it is empty, or not to be trusted. */
static bool ring_bounds(unsigned *first, unsigned *last)
{
    struct kvm_coalesced_mmio_ring *ring = coalesce.ring;

    *first = __atomic_load_n(&ring->first, __ATOMIC_RELAXED);
    *last = __atomic_load_n(&ring->last, __ATOMIC_ACQUIRE);
    if (G_LIKELY(*first == *last)) {
        return false;
    }
    if (*first >= COALESCE_RING_SLOTS || *last >= COALESCE_RING_SLOTS) {
        coalesce.stats.poisoned++;
        /* Empty it: where it starts can't be known. */
        if (*last >= COALESCE_RING_SLOTS) {
            __atomic_store_n(&ring->last, 0, __ATOMIC_RELEASE);
            *last = 0;
        }
        __atomic_store_n(&ring->first, *last, __ATOMIC_RELEASE);
        return false;
    }
    return true;
}

/*
 * As ring_bounds(). What is found now was not there when somebody looked the last time, so `since`
 * bounds its age; what comes after this look is younger than now.
 */
static bool look(unsigned *first, unsigned *last, int64_t *since)
{
    *since = coalesce.looked;
    coalesce.looked = now_ns();
    return ring_bounds(first, last);
}

/* Returns how many writes it was: none, if it can't be one. */
static unsigned dispatch(const struct kvm_coalesced_mmio *entry)
{
    AddressSpace *as = entry->pio ? &address_space_io : &address_space_memory;
    MemTxResult result;
    uint8_t data[8];

    if (!is_entry_length(entry->len)) {
        coalesce.stats.poisoned++;
        return 0;
    }
    io_profile_queued(as, entry->phys_addr);
    memcpy(data, entry->data, sizeof(data));
    if (G_UNLIKELY(coalesce_audit_enabled())) {
        MemoryRegionSection section = address_space_lookup(as, entry->phys_addr, entry->len);

        coalesce_audit_begin(section.mr, section.offset_within_region, entry->len, true);
    }
    result = address_space_write(as, entry->phys_addr, data, entry->len);
    coalesce_audit_end();
    if (result & MEMTX_DECODE_ERROR) {
        count_gone(entry->pio, entry->phys_addr);
    }
    return 1;
}

static void drain_ring(void)
{
    struct kvm_coalesced_mmio_ring *ring = coalesce.ring;
    unsigned slot, last, n = 0;
    int64_t since;

    if (coalesce.dispatching || !look(&slot, &last, &since)) {
        return;
    }
    coalesce.pass_since = since;
    coalesce.stats.drains++;
    if (next_slot(last) == slot) {
        coalesce.stats.full++;
    }
    coalesce.moved = false;
    while (slot != last) {
        struct kvm_coalesced_mmio entry = ring->coalesced_mmio[slot];

        coalesce.dispatching = true;
        n += dispatch(&entry);
        coalesce.dispatching = false;
        if (coalesce.moved) {
            count_delay(since, n);
            replay_deferred();
            return;
        }
        slot = next_slot(slot);
        __atomic_store_n(&ring->first, slot, __ATOMIC_RELEASE);
    }
    count_delay(since, n);
}

/* The map is about to change: what is queued finds its targets in the old one. */
static void defer_ring(void *opaque)
{
    unsigned slot, last;
    int64_t since;

    if (!coalesce.ring || !look(&slot, &last, &since)) {
        return;
    }
    if (coalesce.dispatching) {
        if (!coalesce.moved) {
            slot = next_slot(slot);
        }
        since = coalesce.pass_since;
        coalesce.moved = true;
    }
    while (slot != last) {
        struct kvm_coalesced_mmio entry = coalesce.ring->coalesced_mmio[slot];

        defer(&entry, since);
        slot = next_slot(slot);
    }
    __atomic_store_n(&coalesce.ring->first, last, __ATOMIC_RELEASE);
}

void coalesce_drain(void)
{
    if (coalesce.deferred && coalesce.deferred->len != 0) {
        replay_deferred();
    }
    /* What is in the ring is younger than any deferred write that is left. */
    if (coalesce.ring && coalesce.deferred->len == 0) {
        drain_ring();
    }
}

/* ---------------------------------------------------------------------------- life and hooks -- */

static void release(void *opaque)
{
    if (G_UNLIKELY(coalesce.deferred->len != 0)) {
        replay_deferred();
    }
}

static void region_destroyed(MemoryRegion *mr, void *opaque)
{
    io_profile_forget(mr);
    for (guint i = coalesce.deferred_first; i < coalesce.deferred->len; i++) {
        Deferred *write = &g_array_index(coalesce.deferred, Deferred, i);

        if (write->mr == mr) {
            write->mr = NULL;
            coalesce.stats.gone++;
        }
    }
}

bool coalesce_check_latency(int64_t ns, GError **errp)
{
    if (ns != 0 && ns < LATENCY_MIN_NS) {
        error_setg(errp,
                   "coalesce-latency=%" PRId64 "ns is too short: use 0 (no bound) or at least %dus",
                   ns, LATENCY_MIN_NS / 1000);
        return false;
    }
    return true;
}

void coalesce_init(void)
{
    memset(&coalesce, 0, sizeof(coalesce));
    coalesce.looked = now_ns();
    coalesce.deferred = g_array_new(FALSE, FALSE, sizeof(Deferred));
    machine_lock_set_release(release, NULL);
    memory_set_drain_hook(defer_ring, NULL);
    memory_set_destroy_hook(region_destroyed, NULL);
}

void coalesce_cleanup(void)
{
    machine_lock_set_release(NULL, NULL);
    memory_set_drain_hook(NULL, NULL);
    memory_set_destroy_hook(NULL, NULL);
    coalesce_set_audit(false);
    g_clear_pointer(&coalesce.deferred, g_array_unref);
    coalesce.ring = NULL;
}

void coalesce_set_ring(struct kvm_coalesced_mmio_ring *ring)
{
    coalesce.ring = ring;
}

bool coalesce_has_ring(void)
{
    return coalesce.ring != NULL;
}

bool coalesce_is_empty(void)
{
    const struct kvm_coalesced_mmio_ring *ring = coalesce.ring;

    return (!coalesce.deferred || coalesce.deferred->len == 0) &&
           (!ring || __atomic_load_n(&ring->first, __ATOMIC_RELAXED) ==
                         __atomic_load_n(&ring->last, __ATOMIC_ACQUIRE));
}

const CoalesceStats *coalesce_stats(void)
{
    return &coalesce.stats;
}
