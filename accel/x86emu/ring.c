/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The producer of the coalesced ring in software: queues what KVM would queue, so that the same
 * tests run on both. accel/coalesce.c is the consumer; the ring is a page in KVM's layout.
 *
 * A write is queued when it lies wholly inside one zone and the ring has room; memory and port
 * writes share the ring, so their order is kept.
 */
#include "internal.h"

#include <string.h>

#include "accel/coalesce.h"

static ZoneLedger ledger;
static union {
    struct kvm_coalesced_mmio_ring ring;
    uint8_t page[4096];
} shared; /* machine lock */

/* The ledger is all there is: emu_ring_push() asks it. The dispatcher rings the doorbells. */
static int set_zone(const HostZone *zone, bool add)
{
    return 0;
}

static int set_doorbell(const Doorbell *doorbell, bool add)
{
    return 0;
}

void emu_ring_init(void)
{
    static const ZoneOps ops = {.set_zone = set_zone, .set_doorbell = set_doorbell};

    zones_init(&ledger, &ops);
    memset(&shared, 0, sizeof(shared));
    coalesce_set_ring(&shared.ring);
}

void emu_ring_cleanup(void)
{
    coalesce_set_ring(NULL);
    zones_destroy(&ledger);
}

void emu_ring_zone(bool pio, uint64_t addr, uint64_t size, const MemoryRegion *mr, bool add)
{
    if (add) {
        zones_add(&ledger, pio, addr, size, mr);
    } else {
        zones_del(&ledger, pio, addr, size);
    }
}

void emu_ring_doorbell(const Doorbell *doorbell, bool add)
{
    if (add) {
        zones_add_doorbell(&ledger, doorbell);
    } else {
        zones_del_doorbell(&ledger, doorbell);
    }
}

bool emu_ring_push(bool pio, uint32_t addr, uint32_t value, unsigned size)
{
    struct kvm_coalesced_mmio_ring *ring = &shared.ring;
    unsigned next = (ring->last + 1) % COALESCE_RING_SLOTS;
    uint32_t le = GUINT32_TO_LE(value);

    if (next == ring->first || !zones_hold(&ledger, pio, addr, size)) {
        return false;
    }
    ring->coalesced_mmio[ring->last] =
        (struct kvm_coalesced_mmio){.phys_addr = addr, .len = size, .pio = pio};
    memcpy(ring->coalesced_mmio[ring->last].data, &le, size);
    __atomic_store_n(&ring->last, next, __ATOMIC_RELEASE);
    return true;
}

bool emu_ring_is_doorbell(bool pio, uint32_t addr, uint32_t value, unsigned size)
{
    for (guint i = 0; i < ledger.doorbells->len; i++) {
        const Doorbell *doorbell = &g_array_index(ledger.doorbells, Doorbell, i);

        if (doorbell->active && doorbell->pio == pio && doorbell->addr == addr &&
            (doorbell->size == 0 || doorbell->size == size) &&
            (!doorbell->match_data || doorbell->data == value)) {
            return true;
        }
    }
    return false;
}

const ZoneLedger *emu_ring_zones(void)
{
    return &ledger;
}
