/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ledger of coalesced zones and doorbells. See zones.h.
 *
 * After each change the host's zones are worked out anew from the ledger, and the difference is
 * told to the host: what goes away first, so that its zones never overlap.
 */
#include "accel/zones.h"

#include <errno.h>

#include "hw/core/log.h"

#define PORTS 0x10000

void zones_init(ZoneLedger *ledger, const ZoneOps *ops)
{
    ledger->ops = ops;
    ledger->zones = g_array_new(FALSE, FALSE, sizeof(Zone));
    ledger->host = g_array_new(FALSE, FALSE, sizeof(HostZone));
    ledger->doorbells = g_array_new(FALSE, FALSE, sizeof(Doorbell));
}

static Zone *zone_at(const ZoneLedger *ledger, guint i)
{
    return &g_array_index(ledger->zones, Zone, i);
}

static HostZone *host_at(const GArray *host, guint i)
{
    return &g_array_index(host, HostZone, i);
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
    for (guint i = 0; i < ledger->host->len; i++) {
        ledger->ops->set_zone(host_at(ledger->host, i), false);
    }
    g_clear_pointer(&ledger->doorbells, g_array_unref);
    g_clear_pointer(&ledger->host, g_array_unref);
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

static bool has_doorbell(const ZoneLedger *ledger, const Zone *zone)
{
    for (guint i = 0; i < ledger->doorbells->len; i++) {
        const Doorbell *doorbell = doorbell_at(ledger, i);

        if (doorbell->pio == zone->pio &&
            overlap(doorbell->addr, doorbell_bytes(doorbell), zone->addr, zone->size)) {
            return true;
        }
    }
    return false;
}

/* -------------------------------------------------------------------------- the host's zones -- */

static bool in_host_zone(const HostZone *host, bool pio, uint64_t addr, uint64_t len)
{
    return host->pio == pio && addr >= host->addr && addr - host->addr <= host->size &&
           len <= host->size - (addr - host->addr);
}

static int compare_host(gconstpointer a, gconstpointer b)
{
    const HostZone *x = a, *y = b;

    if (x->pio != y->pio) {
        return x->pio ? 1 : -1;
    }
    return x->addr < y->addr ? -1 : x->addr > y->addr;
}

/* What the host should have: the zones that may be in force, joined where they touch. */
static GArray *wanted_zones(const ZoneLedger *ledger)
{
    GArray *wanted = g_array_new(FALSE, FALSE, sizeof(HostZone));
    guint n = 0;

    for (guint i = 0; i < ledger->zones->len; i++) {
        const Zone *zone = zone_at(ledger, i);
        HostZone host = {.addr = zone->addr, .size = zone->size, .pio = zone->pio};

        if (zone->state == ZONE_ACTIVE || zone->state == ZONE_REFUSED) {
            g_array_append_val(wanted, host);
        }
    }
    g_array_sort(wanted, compare_host);
    for (guint i = 0; i < wanted->len; i++) {
        HostZone zone = *host_at(wanted, i);
        HostZone *last = n ? host_at(wanted, n - 1) : NULL;

        if (last && last->pio == zone.pio && last->addr + last->size == zone.addr &&
            zone.size <= UINT32_MAX - last->size) {
            last->size += zone.size;
        } else {
            *host_at(wanted, n++) = zone;
        }
    }
    g_array_set_size(wanted, n);
    return wanted;
}

/* Whether the sorted list has exactly this zone. */
static bool has_host_zone(const GArray *list, const HostZone *zone)
{
    guint i;

    return g_array_binary_search((GArray *)list, zone, compare_host, &i) &&
           host_at(list, i)->size == zone->size;
}

static void warn_refused(const HostZone *zone, int error)
{
    if (error == ENOSPC) {
        warn_once("the host takes no more coalesced ranges: writes to further ones exit");
    } else if (error == EOPNOTSUPP && zone->pio) {
        warn_once("the host can't queue port writes: they exit");
    } else if (error == EOPNOTSUPP) {
        warn_once("the host can't queue memory writes: they exit");
    } else {
        warn_once("a coalesced range is not coalesced: %s", g_strerror(error));
    }
}

/* What became of the zones inside one of the host's. */
static void set_states(ZoneLedger *ledger, const HostZone *host, int error)
{
    for (guint i = 0; i < ledger->zones->len; i++) {
        Zone *zone = zone_at(ledger, i);

        if ((zone->state == ZONE_ACTIVE || zone->state == ZONE_REFUSED) &&
            in_host_zone(host, zone->pio, zone->addr, zone->size)) {
            zone->state = error ? ZONE_REFUSED : ZONE_ACTIVE;
            zone->error = error;
        }
    }
}

/* The error with which the host has refused a part of it before, or 0. */
static int refused_before(const ZoneLedger *ledger, const HostZone *host)
{
    for (guint i = 0; i < ledger->zones->len; i++) {
        const Zone *zone = zone_at(ledger, i);

        if (zone->state == ZONE_REFUSED && in_host_zone(host, zone->pio, zone->addr, zone->size)) {
            return zone->error;
        }
    }
    return 0;
}

/* Returns whether the host got something back: there may be room for what it refused. */
static bool update_host_zones(ZoneLedger *ledger)
{
    g_autoptr(GArray) wanted = wanted_zones(ledger);
    g_autoptr(GArray) kept = g_array_new(FALSE, FALSE, sizeof(HostZone));
    bool given_back = false;

    for (guint i = 0; i < ledger->host->len; i++) {
        const HostZone *zone = host_at(ledger->host, i);

        if (has_host_zone(wanted, zone)) {
            g_array_append_val(kept, *zone);
        } else {
            ledger->ops->set_zone(zone, false);
            given_back = true;
        }
    }
    for (guint i = 0; i < wanted->len; i++) {
        const HostZone *zone = host_at(wanted, i);
        int error;

        if (has_host_zone(ledger->host, zone)) {
            continue;
        }
        /* What was refused is asked for again only when there may be room: not at each change. */
        error = given_back ? 0 : refused_before(ledger, zone);
        if (!error) {
            error = -ledger->ops->set_zone(zone, true);
        }
        set_states(ledger, zone, error);
        if (!error) {
            g_array_append_val(kept, *zone);
        } else {
            warn_refused(zone, error);
        }
    }
    g_array_sort(kept, compare_host);
    g_array_unref(ledger->host);
    ledger->host = g_steal_pointer(&kept);
    return given_back;
}

/* -------------------------------------------------------------------------------- doorbells -- */

/* Whether some write could ring both. */
static bool doorbells_collide(const Doorbell *a, const Doorbell *b)
{
    return a->pio == b->pio && a->addr == b->addr &&
           (a->size == 0 || b->size == 0 || a->size == b->size) &&
           (!a->match_data || !b->match_data || a->data == b->data);
}

static bool is_shared(const ZoneLedger *ledger, guint n)
{
    for (guint i = 0; i < ledger->doorbells->len; i++) {
        if (i != n && doorbells_collide(doorbell_at(ledger, i), doorbell_at(ledger, n))) {
            return true;
        }
    }
    return false;
}

/* Tell the host of what may be in force and is not, or the other way round. */
static void update_host_doorbells(ZoneLedger *ledger, bool room)
{
    for (guint i = 0; i < ledger->doorbells->len; i++) {
        Doorbell *doorbell = doorbell_at(ledger, i);

        doorbell->shared = is_shared(ledger, i);
        if (doorbell->active && doorbell->shared) {
            ledger->ops->set_doorbell(doorbell, false);
            doorbell->active = false;
        }
    }
    for (guint i = 0; i < ledger->doorbells->len; i++) {
        Doorbell *doorbell = doorbell_at(ledger, i);

        if (doorbell->active || doorbell->shared || (doorbell->error && !room)) {
            continue;
        }
        doorbell->error = -ledger->ops->set_doorbell(doorbell, true);
        doorbell->active = doorbell->error == 0;
        if (doorbell->error && doorbell->error != EOPNOTSUPP) {
            warn_once("an ioeventfd is signalled in user space: %s", g_strerror(doorbell->error));
        }
    }
}

static void update_host(ZoneLedger *ledger)
{
    if (update_host_zones(ledger)) {
        update_host_doorbells(ledger, true);
    }
}

/* A doorbell came or went. */
static void update_doorbell_states(ZoneLedger *ledger)
{
    for (guint i = 0; i < ledger->zones->len; i++) {
        Zone *zone = zone_at(ledger, i);

        if (zone->state == ZONE_OVERLAP || zone->state == ZONE_IMPOSSIBLE) {
            continue;
        }
        if (has_doorbell(ledger, zone)) {
            zone->state = ZONE_DOORBELL;
        } else if (zone->state == ZONE_DOORBELL) {
            zone->state = ZONE_ACTIVE;
        }
    }
    update_host(ledger);
}

/* ----------------------------------------------------------------------------------- changes -- */

static bool is_possible(bool pio, uint64_t addr, uint64_t size)
{
    if (size == 0 || size > UINT32_MAX || addr + size < addr) {
        return false;
    }
    return !pio || (addr < PORTS && size <= PORTS - addr);
}

static bool overlaps_other(const ZoneLedger *ledger, const Zone *zone)
{
    for (guint i = 0; i < ledger->zones->len; i++) {
        const Zone *other = zone_at(ledger, i);

        if (other->pio == zone->pio && other->state != ZONE_OVERLAP &&
            other->state != ZONE_IMPOSSIBLE &&
            overlap(zone->addr, zone->size, other->addr, other->size)) {
            return true;
        }
    }
    return false;
}

bool zones_add(ZoneLedger *ledger, bool pio, uint64_t addr, uint64_t size, const MemoryRegion *mr)
{
    Zone zone = {.addr = addr, .size = size, .pio = pio, .mr = mr};

    if (!is_possible(pio, addr, size)) {
        zone.state = ZONE_IMPOSSIBLE;
    } else if (overlaps_other(ledger, &zone)) {
        zone.state = ZONE_OVERLAP;
        warn_once("coalesced ranges overlap at 0x%" PRIx64 ": the second is not coalesced", addr);
    } else if (has_doorbell(ledger, &zone)) {
        zone.state = ZONE_DOORBELL;
    }
    g_array_append_val(ledger->zones, zone);
    if (zone.state == ZONE_ACTIVE) {
        update_host(ledger);
    }
    return zone_at(ledger, ledger->zones->len - 1)->state == ZONE_ACTIVE;
}

/* A zone went: those that overlapped it alone may be in force now. */
static void recheck_overlaps(ZoneLedger *ledger)
{
    for (guint i = 0; i < ledger->zones->len; i++) {
        Zone *zone = zone_at(ledger, i);

        if (zone->state == ZONE_OVERLAP && !overlaps_other(ledger, zone)) {
            zone->state = has_doorbell(ledger, zone) ? ZONE_DOORBELL : ZONE_ACTIVE;
        }
    }
}

bool zones_del(ZoneLedger *ledger, bool pio, uint64_t addr, uint64_t size)
{
    /* Of two alike the second is not in force: it goes first. */
    for (guint i = ledger->zones->len; i-- > 0;) {
        const Zone *zone = zone_at(ledger, i);

        if (zone->pio == pio && zone->addr == addr && zone->size == size) {
            g_array_remove_index(ledger->zones, i);
            recheck_overlaps(ledger);
            update_host(ledger);
            return true;
        }
    }
    return false;
}

bool zones_add_doorbell(ZoneLedger *ledger, const Doorbell *doorbell)
{
    guint n = ledger->doorbells->len;

    g_array_append_val(ledger->doorbells, *doorbell);
    doorbell_at(ledger, n)->active = false;
    doorbell_at(ledger, n)->error = 0;
    /* The zones around it go first: of a zone and a doorbell, the host heeds the older. */
    update_doorbell_states(ledger);
    update_host_doorbells(ledger, false);
    return doorbell_at(ledger, n)->active;
}

static bool same_doorbell(const Doorbell *a, const Doorbell *b)
{
    return a->pio == b->pio && a->addr == b->addr && a->size == b->size &&
           a->match_data == b->match_data && a->data == b->data && a->fd == b->fd;
}

bool zones_del_doorbell(ZoneLedger *ledger, const Doorbell *doorbell)
{
    for (guint i = 0; i < ledger->doorbells->len; i++) {
        const Doorbell *found = doorbell_at(ledger, i);

        if (same_doorbell(found, doorbell)) {
            if (found->active) {
                ledger->ops->set_doorbell(found, false);
            }
            g_array_remove_index(ledger->doorbells, i);
            update_host_doorbells(ledger, true);
            update_doorbell_states(ledger);
            return true;
        }
    }
    return false;
}

/* ------------------------------------------------------------------------------------ looking --
 */

unsigned zones_active(const ZoneLedger *ledger)
{
    unsigned n = 0;

    for (guint i = 0; i < ledger->zones->len; i++) {
        n += zone_at(ledger, i)->state == ZONE_ACTIVE;
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
    for (guint i = 0; i < ledger->host->len; i++) {
        if (in_host_zone(host_at(ledger->host, i), pio, addr, len)) {
            return true;
        }
    }
    return false;
}

static const char *refusal(int error)
{
    return error == ENOSPC       ? "the host takes no more"
           : error == EOPNOTSUPP ? "the host can't"
                                 : g_strerror(error);
}

const char *zone_reason(const Zone *zone)
{
    switch (zone->state) {
    case ZONE_DOORBELL:
        return "an ioeventfd lies in it";
    case ZONE_REFUSED:
        return refusal(zone->error);
    case ZONE_OVERLAP:
        return "it overlaps an older zone";
    case ZONE_IMPOSSIBLE:
        return "it reaches past the end of the address space, or is too large";
    default:
        return "";
    }
}

const char *doorbell_reason(const Doorbell *doorbell)
{
    if (doorbell->active) {
        return "";
    }
    return doorbell->shared ? "a write may ring another, too" : refusal(doorbell->error);
}
