/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The consumer of the ring, on a page of our own; and the ledger of zones, on a host of our own. */
#include <errno.h>
#include <glib.h>
#include <string.h>

#include "../../../accel/coalesce.h"
#include "../../../accel/zones.h"
#include "accel/lock.h"
#include "memory/system.h"

static union {
    struct kvm_coalesced_mmio_ring ring;
    uint8_t bytes[4096];
} page;

static MemoryOwner owner = {.name = "device"};
static MemoryRegion mmio, ports, other;
static GString *seen;
static void (*on_write)(hwaddr addr, uint64_t data);

static void note_mmio(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    g_string_append_printf(seen, "%s%x=%x/%u ", (char *)opaque, (int)addr, (int)data, size);
    if (on_write) {
        on_write(addr, data);
    }
}

static const MemoryRegionOps ops = {
    .write = note_mmio,
    .valid = {.min_access_size = 1, .max_access_size = 8},
    .impl = {.min_access_size = 1, .max_access_size = 8},
};

static void setup(void)
{
    memset(&page, 0, sizeof(page));
    seen = g_string_new(NULL);
    on_write = NULL;
    memory_system_init();
    memory_region_init_io(&mmio, &owner, &ops, (void *)"m", "mmio", 0x1000);
    memory_region_add_subregion(get_system_memory(), 0xa0000, &mmio);
    memory_region_init_io(&ports, NULL, &ops, (void *)"p", "ports", 0x10);
    memory_region_add_subregion(get_system_io(), 0x70, &ports);
    memory_region_init_io(&other, NULL, &ops, (void *)"o", "other", 0x1000);
    memory_region_add_coalescing(&mmio, 0, 0x1000);
    coalesce_init();
    coalesce_set_ring(&page.ring);
}

static void teardown(void)
{
    coalesce_cleanup();
    if (memory_region_is_mapped(&mmio)) {
        memory_region_del_subregion(get_system_memory(), &mmio);
    }
    memory_region_del_subregion(get_system_io(), &ports);
    if (memory_region_is_mapped(&other)) {
        memory_region_del_subregion(get_system_memory(), &other);
    }
    memory_region_destroy(&mmio);
    memory_region_destroy(&ports);
    memory_region_destroy(&other);
    memory_system_cleanup();
    g_string_free(seen, TRUE);
}

static bool put(bool pio, uint64_t addr, uint64_t data, uint32_t len)
{
    struct kvm_coalesced_mmio *e = &page.ring.coalesced_mmio[page.ring.last];
    uint32_t next = (page.ring.last + 1) % COALESCE_RING_SLOTS;

    if (next == page.ring.first) {
        return false;
    }
    *e = (struct kvm_coalesced_mmio){.phys_addr = addr, .len = len, .pio = pio};
    memcpy(e->data, &data, 8);
    page.ring.last = next;
    return true;
}

static void assert_seen(const char *text)
{
    g_assert_cmpstr(seen->str, ==, text);
    g_string_truncate(seen, 0);
}

static void test_order_and_widths(void)
{
    setup();
    put(false, 0xa0004, 0x11, 1);
    put(true, 0x70, 0x22, 1);
    put(false, 0xa0008, 0x3333, 2);
    put(true, 0x72, 0x4444, 2);
    put(false, 0xa0010, 0x55555555, 4);
    put(false, 0xa0018, 0x66, 8);
    coalesce_drain();
    assert_seen("m4=11/1 p0=22/1 m8=3333/2 p2=4444/2 m10=55555555/4 m18=66/8 ");
    g_assert_cmpuint(page.ring.first, ==, page.ring.last);
    g_assert_cmpuint(coalesce_stats()->entries, ==, 6);
    g_assert_cmpuint(coalesce_stats()->drains, ==, 1);
    coalesce_drain();
    g_assert_cmpuint(coalesce_stats()->drains, ==, 1);
    teardown();
}

static void test_wraps_and_full(void)
{
    unsigned n = 0;

    setup();
    page.ring.first = page.ring.last = COALESCE_RING_SLOTS - 3;
    while (put(false, 0xa0000, n, 1)) {
        n++;
    }
    g_assert_cmpuint(n, ==, 169);
    coalesce_drain();
    g_assert_cmpuint(coalesce_stats()->entries, ==, 169);
    g_assert_cmpuint(coalesce_stats()->full, ==, 1);
    g_assert_cmpuint(page.ring.first, ==, page.ring.last);
    teardown();
}

/* The slot is given back only when its write has been done. */
static uint32_t first_at_write;

static void note_first(hwaddr addr, uint64_t data)
{
    first_at_write = page.ring.first;
}

static void test_slot_is_kept_during_dispatch(void)
{
    setup();
    on_write = note_first;
    put(false, 0xa0000, 1, 1);
    coalesce_drain();
    g_assert_cmpuint(first_at_write, ==, 0);
    g_assert_cmpuint(page.ring.first, ==, 1);
    teardown();
}

/* What comes while it drains waits for the next drain: a pass is bounded. */
static void put_more(hwaddr addr, uint64_t data)
{
    put(false, 0xa0000, data + 1, 1);
}

static void test_pass_is_bounded(void)
{
    setup();
    on_write = put_more;
    put(false, 0xa0000, 1, 1);
    coalesce_drain();
    assert_seen("m0=1/1 ");
    coalesce_drain();
    assert_seen("m0=2/1 ");
    on_write = NULL;
    teardown();
}

static void test_poisoned(void)
{
    setup();
    page.ring.first = 5000;
    page.ring.last = 3;
    coalesce_drain();
    g_assert_cmpuint(page.ring.first, ==, 3);
    page.ring.last = 0xffffffff;
    coalesce_drain();
    g_assert_cmpuint(page.ring.first, ==, page.ring.last);
    g_assert_cmpuint(coalesce_stats()->poisoned, ==, 2);
    put(false, 0xa0000, 1, 9);
    put(false, 0xa0000, 1, 0xffffffff);
    put(true, 0x70, 1, 0);
    put(false, 0xa0000, 7, 1);
    coalesce_drain();
    assert_seen("m0=7/1 ");
    g_assert_cmpuint(coalesce_stats()->poisoned, ==, 5);
    teardown();
}

static void test_target_gone(void)
{
    setup();
    put(false, 0x12345678, 1, 4);
    coalesce_drain();
    g_assert_cmpuint(coalesce_stats()->gone, ==, 1);
    teardown();
}

/*
 * A handler moves the window while pixels are queued for it: they are not dispatched inside the
 * handler, but before the lock is given up, and to the place they were meant for.
 */
static void move_window(hwaddr addr, uint64_t data)
{
    if (data == 0x99) {
        memory_region_transaction_begin();
        memory_region_del_subregion(get_system_memory(), &mmio);
        memory_region_add_subregion(get_system_memory(), 0xa0000, &other);
        memory_region_transaction_commit();
        g_string_append(seen, "moved ");
    }
}

static void test_map_changes_in_handler(void)
{
    uint8_t byte = 0x99;

    setup();
    on_write = move_window;
    machine_lock();
    put(false, 0xa0001, 1, 1);
    put(true, 0x71, 2, 1);
    address_space_write(&address_space_io, 0x70, &byte, 1); /* another vCPU's exit */
    assert_seen("p0=99/1 moved ");
    g_assert_cmpuint(page.ring.first, ==, page.ring.last);
    g_assert_cmpuint(coalesce_stats()->deferred, ==, 2);
    machine_unlock();
    assert_seen("m1=1/1 p1=2/1 ");
    put(false, 0xa0001, 3, 1);
    coalesce_drain();
    assert_seen("o1=3/1 ");
    teardown();
}

/* The same, from an entry of the ring itself. */
static void test_map_changes_in_drain(void)
{
    setup();
    on_write = move_window;
    put(false, 0xa0001, 1, 1);
    put(true, 0x70, 0x99, 1);
    put(false, 0xa0001, 2, 1);
    put(true, 0x71, 3, 1);
    coalesce_drain();
    assert_seen("m1=1/1 p0=99/1 moved m1=2/1 p1=3/1 ");
    g_assert_cmpuint(page.ring.first, ==, page.ring.last);
    g_assert_cmpuint(coalesce_stats()->gone, ==, 0);
    g_assert_cmpuint(coalesce_stats()->entries, ==, 4);
    teardown();
}

/* A write across the border of two regions, deferred: each gets its part, as from an exit. */
static void test_deferred_across_regions(void)
{
    setup();
    memory_region_add_subregion(get_system_memory(), 0xa1000, &other);
    machine_lock();
    put(false, 0xa0ffe, 0x44332211, 4);
    memory_region_clear_coalescing(&mmio);
    assert_seen("");
    machine_unlock();
    assert_seen("mffe=2211/2 o0=4433/2 ");
    put(false, 0xa0ffe, 0x44332211, 4);
    coalesce_drain();
    assert_seen("mffe=2211/2 o0=4433/2 ");
    g_assert_true(coalesce_is_empty());
    teardown();
}

/* The bound on a write's age begins when the ring was last seen without it. */
static void test_delay(void)
{
    setup();
    g_usleep(20000);
    coalesce_drain();
    put(false, 0xa0000, 1, 1);
    coalesce_drain();
    g_assert_cmpuint(coalesce_stats()->delay_max, >, 0);
    g_usleep(20000);
    put(false, 0xa0000, 1, 1);
    put(false, 0xa0000, 1, 1);
    coalesce_drain();
    g_assert_cmpuint(coalesce_stats()->delay_max, >=, 20000000);
    g_assert_cmpuint(coalesce_stats()->delay_sum, >=, 40000000);
    teardown();
}

/* A device that is unplugged takes its writes with it. */
static void test_destroyed_region(void)
{
    setup();
    machine_lock();
    put(false, 0xa0001, 1, 1);
    put(true, 0x71, 2, 1);
    memory_region_del_subregion(get_system_memory(), &mmio);
    memory_region_destroy(&mmio);
    machine_unlock();
    assert_seen("p1=2/1 ");
    g_assert_cmpuint(coalesce_stats()->gone, ==, 1);
    teardown();
}

/* -------------------------------------------------------------------------------- the ledger -- */

static GString *calls;
static int host_error;

static int set_zone(const HostZone *z, bool add)
{
    g_string_append_printf(calls, "%c%c%x+%x ", add ? '+' : '-', z->pio ? 'p' : 'm', (int)z->addr,
                           z->size);
    return add ? host_error : 0;
}

static int set_doorbell(const Doorbell *d, bool add)
{
    g_string_append_printf(calls, "%cd%x/%u ", add ? '+' : '-', (int)d->addr, d->size);
    return add ? host_error : 0;
}

static const ZoneOps zone_ops = {set_zone, set_doorbell};

static void assert_calls(const char *text)
{
    g_assert_cmpstr(calls->str, ==, text);
    g_string_truncate(calls, 0);
}

static void assert_state(const ZoneLedger *l, guint i, ZoneState state)
{
    g_assert_cmpint(g_array_index(l->zones, Zone, i).state, ==, state);
}

static void test_ledger(void)
{
    ZoneLedger l;

    calls = g_string_new(NULL);
    host_error = 0;
    zones_init(&l, &zone_ops);
    g_assert_true(zones_add(&l, false, 0x1000, 0x100, NULL));
    g_assert_true(zones_add(&l, true, 0x1000, 0x10, NULL)); /* another kind: no overlap */
    assert_calls("+m1000+100 +p1000+10 ");
    g_assert_false(zones_add(&l, true, 0x100f, 4, NULL));
    g_assert_false(zones_add(&l, true, 0xfffe, 4, NULL));
    g_assert_false(zones_add(&l, true, 0x10000, 1, NULL));
    g_assert_false(zones_add(&l, false, UINT64_MAX - 1, 4, NULL));
    g_assert_false(zones_add(&l, false, UINT64_MAX - 3, 4, NULL));
    g_assert_false(zones_add(&l, false, 0, 0, NULL));
    g_assert_false(zones_add(&l, false, 0, UINT64_C(1) << 33, NULL));
    assert_state(&l, 2, ZONE_OVERLAP);
    assert_state(&l, 3, ZONE_IMPOSSIBLE);
    g_assert_false(zones_del(&l, false, 0x1000, 0x80)); /* a part is not the zone */
    g_assert_false(zones_del(&l, false, 0x1001, 0xff));
    assert_calls("");
    g_assert_true(zones_hold(&l, true, 0x100c, 4));
    g_assert_false(zones_hold(&l, true, 0x100d, 4));
    g_assert_true(zones_del(&l, false, 0x1000, 0x100));
    g_assert_cmpuint(zones_active(&l), ==, 1);
    zones_destroy(&l);
    assert_calls("-m1000+100 -p1000+10 ");
    g_string_free(calls, TRUE);
}

/* The host refuses: the ledger says so, and asks again only when something was given back. */
static void test_ledger_full_host(void)
{
    ZoneLedger l;

    calls = g_string_new(NULL);
    zones_init(&l, &zone_ops);
    host_error = 0;
    g_assert_true(zones_add(&l, false, 0x5000, 0x10, NULL));
    host_error = -ENOSPC;
    g_assert_false(zones_add(&l, true, 0x70, 1, NULL));
    g_assert_cmpuint(zones_active(&l), ==, 1);
    assert_state(&l, 1, ZONE_REFUSED);
    g_assert_cmpstr(zone_reason(&g_array_index(l.zones, Zone, 1)), ==, "the host takes no more");
    g_assert_false(zones_hold(&l, true, 0x70, 1));
    g_assert_false(zones_add(&l, true, 0x80, 1, NULL));
    assert_calls("+m5000+10 +p70+1 +p80+1 ");
    host_error = 0;
    g_assert_true(zones_add(&l, true, 0x90, 1, NULL));
    assert_calls("+p90+1 ");
    g_assert_true(zones_del(&l, false, 0x5000, 0x10));
    assert_calls("-m5000+10 +p70+1 +p80+1 ");
    g_assert_cmpuint(zones_active(&l), ==, 3);
    zones_destroy(&l);
    g_string_free(calls, TRUE);
}

/* A host without the capability: nothing is in force, and every part says why. */
static void test_ledger_no_capability(void)
{
    ZoneLedger l;

    calls = g_string_new(NULL);
    zones_init(&l, &zone_ops);
    host_error = -EOPNOTSUPP;
    g_assert_false(zones_add(&l, true, 0x70, 1, NULL));
    g_assert_false(zones_add(&l, true, 0x71, 1, NULL));
    assert_state(&l, 0, ZONE_REFUSED);
    assert_state(&l, 1, ZONE_REFUSED);
    g_assert_cmpstr(zone_reason(&g_array_index(l.zones, Zone, 1)), ==, "the host can't");
    g_assert_true(zones_del(&l, true, 0x70, 1));
    g_assert_true(zones_del(&l, true, 0x71, 1));
    g_assert_false(zones_del(&l, true, 0x71, 1));
    assert_calls("+p70+1 ");
    zones_destroy(&l);
    g_string_free(calls, TRUE);
}

/* Zones that touch are one for the host; what is taken away takes nothing else with it. */
static void test_ledger_merges(void)
{
    Doorbell bell = {.addr = 0x1008, .size = 4, .fd = 3};
    ZoneLedger l;

    calls = g_string_new(NULL);
    host_error = 0;
    zones_init(&l, &zone_ops);
    zones_add(&l, false, 0x1000, 8, NULL);
    zones_add(&l, false, 0x1010, 8, NULL);
    assert_calls("+m1000+8 +m1010+8 ");
    zones_add(&l, false, 0x1008, 8, NULL);
    assert_calls("-m1000+8 -m1010+8 +m1000+18 ");
    g_assert_true(zones_hold(&l, false, 0x1006, 4));
    g_assert_cmpuint(zones_active(&l), ==, 3);
    zones_add(&l, true, 0x1018, 8, NULL); /* ports are something else */
    assert_calls("+p1018+8 ");
    zones_add_doorbell(&l, &bell);
    assert_calls("-m1000+18 +m1000+8 +m1010+8 +d1008/4 ");
    zones_del_doorbell(&l, &bell);
    assert_calls("-d1008/4 -m1000+8 -m1010+8 +m1000+18 ");
    zones_del(&l, false, 0x1000, 8);
    assert_calls("-m1000+18 +m1008+10 ");
    g_assert_false(zones_hold(&l, false, 0x1006, 4));
    zones_destroy(&l);
    assert_calls("-m1008+10 -p1018+8 ");
    g_string_free(calls, TRUE);
}

/* Merging stops at what fits the host's 32 bits. */
static void test_ledger_merge_limit(void)
{
    ZoneLedger l;

    calls = g_string_new(NULL);
    host_error = 0;
    zones_init(&l, &zone_ops);
    g_assert_true(zones_add(&l, false, 0, UINT32_MAX, NULL));
    g_assert_true(zones_add(&l, false, UINT32_MAX, 16, NULL));
    g_assert_cmpuint(l.host->len, ==, 2);
    zones_destroy(&l);
    g_string_free(calls, TRUE);
}

/* The older of two that overlap goes: the other takes its place. */
static void test_ledger_overlap_ends(void)
{
    ZoneLedger l;

    calls = g_string_new(NULL);
    host_error = 0;
    zones_init(&l, &zone_ops);
    zones_add(&l, false, 0x1000, 8, NULL);
    g_assert_false(zones_add(&l, false, 0x1004, 8, NULL));
    g_assert_true(zones_del(&l, false, 0x1000, 8));
    assert_calls("+m1000+8 -m1000+8 +m1004+8 ");
    assert_state(&l, 0, ZONE_ACTIVE);
    zones_destroy(&l);
    g_string_free(calls, TRUE);
}

static void test_ledger_doorbells(void)
{
    Doorbell bell = {.addr = 0x1004, .size = 2, .fd = 3}, away = {.addr = 0x2000, .fd = 4};
    ZoneLedger l;

    calls = g_string_new(NULL);
    host_error = 0;
    zones_init(&l, &zone_ops);
    zones_add(&l, false, 0x1000, 0x10, NULL);
    zones_add_doorbell(&l, &away);
    zones_add_doorbell(&l, &bell);
    assert_calls("+m1000+10 +d2000/0 -m1000+10 +d1004/2 ");
    g_assert_false(zones_add(&l, false, 0x2000, 4, NULL)); /* not in force */
    g_assert_cmpuint(zones_active(&l), ==, 0);
    assert_calls("");
    g_assert_true(zones_del_doorbell(&l, &bell));
    assert_calls("-d1004/2 +m1000+10 ");
    bell.fd = 9;
    g_assert_false(zones_del_doorbell(&l, &bell));
    zones_destroy(&l);
    assert_calls("-d2000/0 -m1000+10 ");
    g_string_free(calls, TRUE);
}

/* One write could ring both: the host has neither, until they differ. */
static void test_ledger_doorbells_share(void)
{
    Doorbell any = {.addr = 0x1004, .fd = 3};
    Doorbell one = {.addr = 0x1004, .size = 2, .match_data = true, .data = 1, .fd = 4};
    Doorbell two = {.addr = 0x1004, .size = 2, .match_data = true, .data = 2, .fd = 5};
    ZoneLedger l;

    calls = g_string_new(NULL);
    host_error = 0;
    zones_init(&l, &zone_ops);
    g_assert_true(zones_add_doorbell(&l, &one));
    g_assert_true(zones_add_doorbell(&l, &two));
    assert_calls("+d1004/2 +d1004/2 ");
    g_assert_false(zones_add_doorbell(&l, &any));
    assert_calls("-d1004/2 -d1004/2 ");
    g_assert_cmpuint(zones_active_doorbells(&l), ==, 0);
    g_assert_cmpstr(doorbell_reason(&g_array_index(l.doorbells, Doorbell, 0)), ==,
                    "a write may ring another, too");
    g_assert_true(zones_del_doorbell(&l, &any));
    assert_calls("+d1004/2 +d1004/2 ");
    zones_destroy(&l);
    g_string_free(calls, TRUE);
}

/* What a full host refused is asked for again when it gets a zone back. */
static void test_ledger_doorbell_retry(void)
{
    Doorbell bell = {.addr = 0x1004, .size = 2, .fd = 3};
    ZoneLedger l;

    calls = g_string_new(NULL);
    host_error = 0;
    zones_init(&l, &zone_ops);
    zones_add(&l, false, 0x3000, 4, NULL);
    host_error = -ENOSPC;
    g_assert_false(zones_add_doorbell(&l, &bell));
    g_assert_cmpstr(doorbell_reason(&g_array_index(l.doorbells, Doorbell, 0)), ==,
                    "the host takes no more");
    zones_add(&l, false, 0x4000, 4, NULL); /* nothing came back: no further try */
    assert_calls("+m3000+4 +d1004/2 +m4000+4 ");
    host_error = 0;
    zones_del(&l, false, 0x3000, 4);
    assert_calls("-m3000+4 +m4000+4 +d1004/2 ");
    g_assert_cmpuint(zones_active_doorbells(&l), ==, 1);
    zones_destroy(&l);
    g_string_free(calls, TRUE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/coalesce/order-and-widths", test_order_and_widths);
    g_test_add_func("/coalesce/wraps-and-full", test_wraps_and_full);
    g_test_add_func("/coalesce/slot-is-kept-during-dispatch", test_slot_is_kept_during_dispatch);
    g_test_add_func("/coalesce/pass-is-bounded", test_pass_is_bounded);
    g_test_add_func("/coalesce/poisoned", test_poisoned);
    g_test_add_func("/coalesce/target-gone", test_target_gone);
    g_test_add_func("/coalesce/map-changes-in-handler", test_map_changes_in_handler);
    g_test_add_func("/coalesce/map-changes-in-drain", test_map_changes_in_drain);
    g_test_add_func("/coalesce/destroyed-region", test_destroyed_region);
    g_test_add_func("/coalesce/deferred-across-regions", test_deferred_across_regions);
    g_test_add_func("/coalesce/delay", test_delay);
    g_test_add_func("/zones/ledger", test_ledger);
    g_test_add_func("/zones/full-host", test_ledger_full_host);
    g_test_add_func("/zones/no-capability", test_ledger_no_capability);
    g_test_add_func("/zones/merge", test_ledger_merges);
    g_test_add_func("/zones/merge-limit", test_ledger_merge_limit);
    g_test_add_func("/zones/overlap-ends", test_ledger_overlap_ends);
    g_test_add_func("/zones/doorbells", test_ledger_doorbells);
    g_test_add_func("/zones/doorbells-share", test_ledger_doorbells_share);
    g_test_add_func("/zones/doorbell-retry", test_ledger_doorbell_retry);
    return g_test_run();
}
