/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What listeners hear, in which order, and when the queued writes are drained.
 */
#include "common.h"

/* A listener that writes down all it hears in a log that listeners may share. */
typedef struct Scribe {
    MemoryListener listener;
    GString *log;
    char tag;
} Scribe;

#define SCRIBE(l) ((Scribe *)(l))

static void say(MemoryListener *l, const char *what, const MemoryRegionSection *s)
{
    g_string_append_printf(SCRIBE(l)->log, "%c:%s", SCRIBE(l)->tag, what);
    if (s) {
        g_string_append_printf(SCRIBE(l)->log, "(%s@%" PRIx64 " %" PRIx64 "+%" PRIx64 ")",
                               memory_region_name(s->mr), s->offset_within_region,
                               s->offset_within_address_space, s->size);
    }
    g_string_append_c(SCRIBE(l)->log, ' ');
}

static void on_begin(MemoryListener *l)
{
    say(l, "begin", NULL);
}

static void on_commit(MemoryListener *l)
{
    say(l, "commit", NULL);
}

static void on_add(MemoryListener *l, const MemoryRegionSection *s)
{
    say(l, "add", s);
}

static void on_del(MemoryListener *l, const MemoryRegionSection *s)
{
    say(l, "del", s);
}

static void on_nop(MemoryListener *l, const MemoryRegionSection *s)
{
    say(l, "nop", s);
}

static void on_log_start(MemoryListener *l, const MemoryRegionSection *s, uint8_t was, uint8_t is)
{
    say(l, "log_start", NULL);
    g_string_append_printf(SCRIBE(l)->log, "%u>%u ", was, is);
}

static void on_log_stop(MemoryListener *l, const MemoryRegionSection *s, uint8_t was, uint8_t is)
{
    say(l, "log_stop", NULL);
    g_string_append_printf(SCRIBE(l)->log, "%u>%u ", was, is);
}

static void on_eventfd_add(MemoryListener *l, const MemoryRegionSection *s, bool match_data,
                           uint64_t data, int fd)
{
    say(l, "efd_add", s);
}

static void on_eventfd_del(MemoryListener *l, const MemoryRegionSection *s, bool match_data,
                           uint64_t data, int fd)
{
    say(l, "efd_del", s);
}

static void on_coalesced_add(MemoryListener *l, const MemoryRegionSection *s, hwaddr addr,
                             hwaddr size)
{
    say(l, "co_add", NULL);
    g_string_append_printf(SCRIBE(l)->log, "%" PRIx64 "+%" PRIx64 " ", addr, size);
}

static void on_coalesced_del(MemoryListener *l, const MemoryRegionSection *s, hwaddr addr,
                             hwaddr size)
{
    say(l, "co_del", NULL);
    g_string_append_printf(SCRIBE(l)->log, "%" PRIx64 "+%" PRIx64 " ", addr, size);
}

static void scribe_start(Scribe *s, GString *log, char tag, int priority, AddressSpace *as)
{
    *s = (Scribe){
        .listener = {.name = "scribe",
                     .priority = priority,
                     .begin = on_begin,
                     .commit = on_commit,
                     .region_add = on_add,
                     .region_del = on_del,
                     .region_nop = on_nop,
                     .log_start = on_log_start,
                     .log_stop = on_log_stop,
                     .eventfd_add = on_eventfd_add,
                     .eventfd_del = on_eventfd_del,
                     .coalesced_io_add = on_coalesced_add,
                     .coalesced_io_del = on_coalesced_del},
        .log = log,
        .tag = tag,
    };
    memory_listener_register(&s->listener, as);
}

static void scribe_stop(Scribe *s)
{
    memory_listener_unregister(&s->listener);
}

static void on_drain(void *opaque)
{
    g_string_append(opaque, "DRAIN ");
}

#define assert_heard(log, text)                                                                    \
    do {                                                                                           \
        g_assert_cmpstr((log)->str, ==, (text));                                                   \
        g_string_truncate((log), 0);                                                               \
    } while (0)

static const MemoryRegionOps no_ops;

/* Two I/O regions at 0x100 and 0x200 of a space of 4 KiB, and a log. */
typedef struct Fixture {
    Space s;
    MemoryRegion a, b;
    GString *log;
} Fixture;

static void setup(Fixture *f)
{
    space_init(&f->s, 0x1000);
    memory_region_init_io(&f->a, NULL, &no_ops, NULL, "a", 0x40);
    memory_region_init_io(&f->b, NULL, &no_ops, NULL, "b", 0x40);
    memory_region_add_subregion(&f->s.root, 0x100, &f->a);
    memory_region_add_subregion(&f->s.root, 0x200, &f->b);
    f->log = g_string_new("");
    memory_set_drain_hook(on_drain, f->log);
}

static void teardown(Fixture *f)
{
    memory_set_drain_hook(NULL, NULL);
    memory_region_del_subregion(&f->s.root, &f->a);
    memory_region_del_subregion(&f->s.root, &f->b);
    memory_region_destroy(&f->a);
    memory_region_destroy(&f->b);
    space_end(&f->s);
    g_string_free(f->log, TRUE);
}

static void test_order_of_a_commit(void)
{
    Fixture f;
    Scribe low, high;

    setup(&f);
    memory_region_add_coalescing(&f.a, 0, 8);
    memory_region_add_eventfd(&f.a, 0x10, 4, false, 0, 0);
    scribe_start(&high, f.log, 'H', 10, &f.s.as);
    scribe_start(&low, f.log, 'L', 1, &f.s.as);
    g_string_truncate(f.log, 0);

    memory_region_set_address(&f.a, 0x300);
    assert_heard(f.log, "L:begin H:begin "
                        "H:co_del 100+8 L:co_del 100+8 "
                        "H:efd_del(a@10 110+4) L:efd_del(a@10 110+4) "
                        "H:del(a@0 100+40) L:del(a@0 100+40) "
                        "DRAIN "
                        "L:nop(b@0 200+40) H:nop(b@0 200+40) "
                        "L:add(a@0 300+40) H:add(a@0 300+40) "
                        "L:efd_add(a@10 310+4) H:efd_add(a@10 310+4) "
                        "L:co_add 300+8 H:co_add 300+8 "
                        "L:commit H:commit ");
    scribe_stop(&low);
    assert_heard(f.log, "L:begin L:co_del 300+8 L:efd_del(a@10 310+4) "
                        "L:del(b@0 200+40) L:del(a@0 300+40) L:commit ");
    scribe_stop(&high);
    memory_region_del_eventfd(&f.a, 0x10, 4, false, 0, 0);
    teardown(&f);
}

static void test_nothing_changed_nothing_said(void)
{
    Fixture f;
    Scribe s;
    MemoryRegion hidden;

    setup(&f);
    scribe_start(&s, f.log, 'S', 0, &f.s.as);
    g_string_truncate(f.log, 0);
    memory_region_init_io(&hidden, NULL, &no_ops, NULL, "hidden", 0x10);
    memory_region_add_subregion_overlap(&f.s.root, 0x110, &hidden, -1);
    memory_region_set_enabled(&hidden, false);
    memory_region_set_enabled(&hidden, false);
    memory_region_del_subregion(&f.s.root, &hidden);
    memory_region_transaction_begin();
    memory_region_set_address(&f.a, 0x400);
    memory_region_set_address(&f.a, 0x100);
    memory_region_transaction_commit();
    memory_region_clear_coalescing(&f.a);
    assert_heard(f.log, "");
    memory_region_destroy(&hidden);
    scribe_stop(&s);
    teardown(&f);
}

/* All ranges of all regions, those behind one that has none of them too. */
static void test_late_listener_hears_everything(void)
{
    Fixture f;
    Scribe s;

    setup(&f);
    memory_region_add_coalescing(&f.b, 0, 4);
    memory_region_add_coalescing(&f.b, 8, 4);
    memory_region_add_eventfd(&f.b, 0x20, 1, true, 7, 0);
    scribe_start(&s, f.log, 'S', 0, &f.s.as);
    assert_heard(f.log, "S:begin S:add(a@0 100+40) S:add(b@0 200+40) S:efd_add(b@20 220+1) "
                        "S:co_add 200+4 S:co_add 208+4 S:commit ");
    scribe_stop(&s);
    memory_region_del_eventfd(&f.b, 0x20, 1, true, 7, 0);
    teardown(&f);
}

static void test_only_differences_of_coalescing_are_said(void)
{
    Fixture f;
    Scribe s;

    setup(&f);
    memory_region_add_coalescing(&f.a, 0, 4);
    scribe_start(&s, f.log, 'S', 0, &f.s.as);
    g_string_truncate(f.log, 0);

    memory_region_add_coalescing(&f.a, 0x10, 4);
    assert_heard(f.log, "S:begin S:nop(a@0 100+40) S:nop(b@0 200+40) S:co_add 110+4 S:commit ");

    /* Cleared and declared anew in one transaction: only what is not there again goes. */
    memory_region_transaction_begin();
    memory_region_clear_coalescing(&f.a);
    memory_region_add_coalescing(&f.a, 0, 4);
    memory_region_transaction_commit();
    assert_heard(f.log, "S:begin S:co_del 110+4 DRAIN S:nop(a@0 100+40) S:nop(b@0 200+40) "
                        "S:commit ");

    /* Ranges that overlap become one; ranges that touch do not. */
    memory_region_add_coalescing(&f.a, 2, 6);
    assert_heard(f.log, "S:begin S:co_del 100+4 DRAIN S:nop(a@0 100+40) S:nop(b@0 200+40) "
                        "S:co_add 100+8 S:commit ");
    memory_region_add_coalescing(&f.a, 8, 4);
    assert_heard(f.log, "S:begin S:nop(a@0 100+40) S:nop(b@0 200+40) S:co_add 108+4 S:commit ");
    /* One that is declared twice is there once. */
    memory_region_add_coalescing(&f.a, 8, 2);
    assert_heard(f.log, "");
    scribe_stop(&s);
    teardown(&f);
}

static void test_coalesced_range_is_clipped_to_what_is_shown(void)
{
    Fixture f;
    Scribe s;
    MemoryRegion over;

    setup(&f);
    memory_region_add_coalescing(&f.a, 0, 0x20);
    scribe_start(&s, f.log, 'S', 0, &f.s.as);
    g_string_truncate(f.log, 0);
    memory_region_init_io(&over, NULL, &no_ops, NULL, "over", 1);
    memory_region_add_subregion_overlap(&f.s.root, 0x108, &over, 1);
    assert_heard(f.log, "S:begin S:co_del 100+20 S:del(a@0 100+40) DRAIN "
                        "S:add(a@0 100+8) S:add(over@0 108+1) S:add(a@9 109+37) "
                        "S:nop(b@0 200+40) S:co_add 100+8 S:co_add 109+17 S:commit ");
    memory_region_del_subregion(&f.s.root, &over);
    g_string_truncate(f.log, 0);

    /* The range goes on past the coalesced part: the zone stays as it is, and nothing drains. */
    memory_region_add_subregion_overlap(&f.s.root, 0x130, &over, 1);
    assert_heard(f.log, "S:begin S:del(a@0 100+40) S:add(a@0 100+30) S:add(over@0 130+1) "
                        "S:add(a@31 131+f) S:nop(b@0 200+40) S:commit ");
    memory_region_del_subregion(&f.s.root, &over);
    memory_region_destroy(&over);
    scribe_stop(&s);
    teardown(&f);
}

static void test_another_region_behind_a_range_drains(void)
{
    Fixture f;
    Scribe s;

    setup(&f);
    memory_region_add_coalescing(&f.a, 0, 4);
    memory_region_add_coalescing(&f.b, 0, 4);
    scribe_start(&s, f.log, 'S', 0, &f.s.as);
    g_string_truncate(f.log, 0);
    memory_region_transaction_begin();
    memory_region_set_address(&f.a, 0x200);
    memory_region_set_address(&f.b, 0x100);
    memory_region_transaction_commit();
    g_assert_nonnull(strstr(f.log->str, "S:co_del 100+4 S:co_del 200+4 "));
    g_assert_nonnull(strstr(f.log->str, "DRAIN S:add(b@0 100+40) S:add(a@0 200+40) "
                                        "S:co_add 100+4 S:co_add 200+4 "));
    scribe_stop(&s);
    teardown(&f);
}

/* One drain for both, after the removals of both. */
static void test_two_address_spaces_drain_once(void)
{
    Fixture f;
    Space other;
    Scribe s, t;
    MemoryRegion alias;

    setup(&f);
    space_init(&other, 0x1000);
    memory_region_init_alias(&alias, NULL, "alias", &f.a, 0, 0x40);
    memory_region_add_subregion(&other.root, 0x800, &alias);
    memory_region_add_coalescing(&f.a, 0, 4);
    scribe_start(&s, f.log, 'S', 0, &f.s.as);
    scribe_start(&t, f.log, 'T', 0, &other.as);
    g_string_truncate(f.log, 0);
    memory_region_clear_coalescing(&f.a);
    assert_heard(f.log, "S:begin S:co_del 100+4 T:begin T:co_del 800+4 DRAIN "
                        "S:nop(a@0 100+40) S:nop(b@0 200+40) S:commit T:nop(a@0 800+40) "
                        "T:commit ");
    scribe_stop(&s);
    scribe_stop(&t);
    memory_region_del_subregion(&other.root, &alias);
    memory_region_destroy(&alias);
    space_end(&other);
    teardown(&f);
}

static Fixture *drained;

static void change_map_in_drain(void *opaque)
{
    /* A queued write that reaches its device still sees the old map, and may change it. */
    g_assert_true(address_space_lookup(&drained->s.as, 0x100, 1).mr == &drained->a);
    memory_region_set_address(&drained->b, 0x500);
    g_assert_true(address_space_lookup(&drained->s.as, 0x200, 1).mr == &drained->b);
}

static void test_change_in_the_drain_is_the_next_commit(void)
{
    Fixture f;
    Scribe s;

    setup(&f);
    drained = &f;
    memory_region_add_coalescing(&f.a, 0, 4);
    scribe_start(&s, f.log, 'S', 0, &f.s.as);
    g_string_truncate(f.log, 0);
    memory_set_drain_hook(change_map_in_drain, NULL);
    memory_region_set_enabled(&f.a, false);
    assert_heard(f.log, "S:begin S:co_del 100+4 S:del(a@0 100+40) S:nop(b@0 200+40) S:commit "
                        "S:begin S:del(b@0 200+40) S:add(b@0 500+40) S:commit ");
    scribe_stop(&s);
    teardown(&f);
}

static void test_dirty_logging_is_said(void)
{
    Fixture f;
    Scribe s;
    MemoryRegion ram;

    setup(&f);
    g_assert_true(memory_region_init_ram(&ram, NULL, "ram", 0x100, NULL));
    memory_region_add_subregion(&f.s.root, 0x800, &ram);
    memory_region_set_enabled(&f.a, false);
    memory_region_set_enabled(&f.b, false);
    scribe_start(&s, f.log, 'S', 0, &f.s.as);
    g_string_truncate(f.log, 0);
    memory_region_set_log(&ram, true, DIRTY_MEMORY_VGA);
    assert_heard(f.log, "S:begin S:nop(ram@0 800+100) S:log_start 0>1 S:commit ");
    memory_region_set_log(&ram, true, DIRTY_MEMORY_VGA);
    assert_heard(f.log, "");
    memory_region_set_log(&ram, true, DIRTY_MEMORY_MIGRATION);
    assert_heard(f.log, "S:begin S:nop(ram@0 800+100) S:log_start 1>3 S:commit ");
    memory_region_set_log(&ram, false, DIRTY_MEMORY_VGA);
    assert_heard(f.log, "S:begin S:nop(ram@0 800+100) S:log_stop 3>2 S:commit ");
    scribe_stop(&s);
    memory_region_del_subregion(&f.s.root, &ram);
    memory_region_destroy(&ram);
    teardown(&f);
}

/* A view that somebody holds stays as it was, and so does the memory behind it. */
static void test_held_view_keeps_its_memory(void)
{
    Fixture f;
    MemoryRegion ram;
    FlatView *view;
    uint8_t *host;

    setup(&f);
    g_assert_true(memory_region_init_ram(&ram, NULL, "ram", 0x100, NULL));
    memory_region_add_subregion(&f.s.root, 0x800, &ram);
    host = memory_region_get_ram_ptr(&ram);
    view = address_space_get_flatview(&f.s.as);
    memory_region_del_subregion(&f.s.root, &ram);
    memory_region_destroy(&ram);
    g_assert_nonnull(flatview_lookup(view, 0x8ff));
    g_assert_null(flatview_lookup(view, 0x900));
    g_assert_null(address_space_lookup(&f.s.as, 0x800, 1).mr);
    host[0xff] = 1;
    flatview_unref(view);
    teardown(&f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/memory/listener/order-of-a-commit", test_order_of_a_commit);
    g_test_add_func("/memory/listener/nothing-changed-nothing-said",
                    test_nothing_changed_nothing_said);
    g_test_add_func("/memory/listener/late-listener-hears-everything",
                    test_late_listener_hears_everything);
    g_test_add_func("/memory/listener/only-differences-of-coalescing-are-said",
                    test_only_differences_of_coalescing_are_said);
    g_test_add_func("/memory/listener/coalesced-range-is-clipped-to-what-is-shown",
                    test_coalesced_range_is_clipped_to_what_is_shown);
    g_test_add_func("/memory/listener/another-region-behind-a-range-drains",
                    test_another_region_behind_a_range_drains);
    g_test_add_func("/memory/listener/two-address-spaces-drain-once",
                    test_two_address_spaces_drain_once);
    g_test_add_func("/memory/listener/change-in-the-drain-is-the-next-commit",
                    test_change_in_the_drain_is_the_next_commit);
    g_test_add_func("/memory/listener/dirty-logging-is-said", test_dirty_logging_is_said);
    g_test_add_func("/memory/listener/held-view-keeps-its-memory", test_held_view_keeps_its_memory);
    return g_test_run();
}
