/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ledger of coalesced zones and doorbells. See zones.h.
 */
#include "accel/zones.h"

#include <errno.h>

#include "hw/core/log.h"

#define PORTS 0x10000

void zones_init(ZoneLedger *ledger, const ZoneOps *ops)
{
    ledger->ops = ops;
    ledger->zones = g_array_new(FALSE, FALSE, sizeof(Zone));
    ledger->doorbells = g_array_new(FALSE, FALSE, sizeof(Doorbell));
}

static Zone *zone_at(const ZoneLedger *ledger, guint i)
{
    return &g_array_index(ledger->zones, Zone, i);
}

static Doorbell *doorbell_at(const ZoneLedger *ledger, guint i)
{
    return &g_array_index(ledger->doorbells, Doorbell, i);
}

void zones_destroy(ZoneLedger *ledger)
{
    if (!ledger->zones) {
        return;
    }
    for (guint i = 0; i < ledger->doorbells->len; i++) {
        if (doorbell_at(ledger, i)->active) {
            ledger->ops->set_doorbell(doorbell_at(ledger, i), false);
        }
    }
    for (guint i = 0; i < ledger->zones->len; i++) {
        if (zone_at(ledger, i)->active) {
            ledger->ops->set_zone(zone_at(ledger, i), false);
        }
    }
    g_clear_pointer(&ledger->doorbells, g_array_unref);
    g_clear_pointer(&ledger->zones, g_array_unref);
}

static bool overlap(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
    return a < b ? b - a < a_size : a - b < b_size;
}

/* A doorbell of any width is told from others by its first byte. */
static uint64_t doorbell_bytes(const Doorbell *doorbell)
{
    return MAX(doorbell->size, 1);
}

static bool doorbell_in(const Doorbell *doorbell, const Zone *zone)
{
    return doorbell->pio == zone->pio &&
           overlap(doorbell->addr, doorbell_bytes(doorbell), zone->addr, zone->size);
}

/* Put a zone in force or out of it, as the doorbells allow. False: the host refuses. */
static bool update_zone(ZoneLedger *ledger, Zone *zone)
{
    bool want = true;
    int rc;

    for (guint i = 0; i < ledger->doorbells->len; i++) {
        want &= !doorbell_in(doorbell_at(ledger, i), zone);
    }
    if (want == zone->active) {
        return true;
    }
    rc = ledger->ops->set_zone(zone, want);
    zone->active = want && rc == 0;
    if (rc == -ENOSPC) {
        warn_once("the host takes no more coalesced ranges: further ones are not coalesced");
    } else if (rc != 0 && rc != -EOPNOTSUPP) {
        warn_once("a coalesced range is not coalesced: %s", g_strerror(-rc));
    }
    return rc == 0;
}

bool zones_add(ZoneLedger *ledger, bool pio, uint64_t addr, uint64_t size)
{
    Zone zone = {.addr = addr, .size = size, .pio = pio};

    if (size == 0 || size > UINT32_MAX || addr + size < addr) {
        return false;
    }
    if (pio && (addr >= PORTS || size > PORTS - addr)) {
        return false;
    }
    for (guint i = 0; i < ledger->zones->len; i++) {
        const Zone *other = zone_at(ledger, i);

        if (other->pio == pio && overlap(addr, size, other->addr, other->size)) {
            warn_once("coalesced ranges overlap at 0x%" PRIx64 ": the second is not coalesced",
                      addr);
            return false;
        }
    }
    if (!update_zone(ledger, &zone)) {
        return false;
    }
    g_array_append_val(ledger->zones, zone);
    return true;
}

bool zones_del(ZoneLedger *ledger, bool pio, uint64_t addr, uint64_t size)
{
    for (guint i = 0; i < ledger->zones->len; i++) {
        Zone *zone = zone_at(ledger, i);

        if (zone->pio == pio && zone->addr == addr && zone->size == size) {
            if (zone->active) {
                ledger->ops->set_zone(zone, false);
            }
            g_array_remove_index_fast(ledger->zones, i);
            return true;
        }
    }
    return false;
}

static void update_zones_around(ZoneLedger *ledger, const Doorbell *doorbell)
{
    for (guint i = 0; i < ledger->zones->len; i++) {
        if (doorbell_in(doorbell, zone_at(ledger, i))) {
            update_zone(ledger, zone_at(ledger, i));
        }
    }
}

bool zones_add_doorbell(ZoneLedger *ledger, const Doorbell *doorbell)
{
    Doorbell *added;
    int rc;

    /* The zones around it go first: of a zone and a doorbell, the host heeds the older. */
    g_array_append_val(ledger->doorbells, *doorbell);
    added = doorbell_at(ledger, ledger->doorbells->len - 1);
    added->active = false;
    update_zones_around(ledger, added);

    rc = ledger->ops->set_doorbell(added, true);
    added->active = rc == 0;
    if (rc != 0 && rc != -EOPNOTSUPP) {
        warn_once("an ioeventfd is signalled in user space: %s", g_strerror(-rc));
    }
    return added->active;
}

bool zones_del_doorbell(ZoneLedger *ledger, const Doorbell *doorbell)
{
    for (guint i = 0; i < ledger->doorbells->len; i++) {
        Doorbell found = *doorbell_at(ledger, i);

        if (found.pio != doorbell->pio || found.addr != doorbell->addr ||
            found.size != doorbell->size || found.match_data != doorbell->match_data ||
            found.data != doorbell->data || found.fd != doorbell->fd) {
            continue;
        }
        if (found.active) {
            ledger->ops->set_doorbell(&found, false);
        }
        g_array_remove_index_fast(ledger->doorbells, i);
        update_zones_around(ledger, &found);
        return true;
    }
    return false;
}

unsigned zones_active(const ZoneLedger *ledger)
{
    unsigned n = 0;

    for (guint i = 0; i < ledger->zones->len; i++) {
        n += zone_at(ledger, i)->active;
    }
    return n;
}

unsigned zones_active_doorbells(const ZoneLedger *ledger)
{
    unsigned n = 0;

    for (guint i = 0; i < ledger->doorbells->len; i++) {
        n += doorbell_at(ledger, i)->active;
    }
    return n;
}

bool zones_hold(const ZoneLedger *ledger, bool pio, uint64_t addr, unsigned len)
{
    for (guint i = 0; i < ledger->zones->len; i++) {
        const Zone *zone = zone_at(ledger, i);

        if (zone->active && zone->pio == pio && addr >= zone->addr &&
            addr - zone->addr <= zone->size && len <= zone->size - (addr - zone->addr)) {
            return true;
        }
    }
    return false;
}
