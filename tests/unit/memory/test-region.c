/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The region tree: places, attributes, aliases and transactions, as an address space shows them.
 */
#include "common.h"

/* The view as text, a range per line: "start-last name@offset flags". */
static char *view_text(AddressSpace *as)
{
    GString *text = g_string_new("");
    FlatView *view = address_space_get_flatview(as);
    size_t n;
    const FlatRange *ranges = flatview_ranges(view, &n);

    for (size_t i = 0; i < n; i++) {
        const FlatRange *r = &ranges[i];
        hwaddr last = r->size == MEMORY_SIZE_ALL ? UINT64_MAX : r->addr + r->size - 1;

        g_string_append_printf(text, "%" PRIx64 "-%" PRIx64 " %s", r->addr, last,
                               memory_region_name(r->mr));
        if (r->offset_in_region) {
            g_string_append_printf(text, "@%" PRIx64, r->offset_in_region);
        }
        g_string_append_printf(text, "%s%s\n", r->readonly ? " ro" : "", r->romd ? " romd" : "");
    }
    flatview_unref(view);
    return g_string_free(text, FALSE);
}

#define assert_view(s, expected)                                                                   \
    do {                                                                                           \
        g_autofree char *text_ = view_text(&(s)->as);                                              \
        g_assert_cmpstr(text_, ==, (expected));                                                    \
    } while (0)

static const MemoryRegionOps no_ops;

static void make_io(MemoryRegion *mr, const char *name, hwaddr size)
{
    memory_region_init_io(mr, NULL, &no_ops, NULL, name, size);
}

static void test_priority(void)
{
    Space s;
    MemoryRegion a, b, c;

    space_init(&s, 0x1000);
    make_io(&a, "a", 0x100);
    make_io(&b, "b", 0x40);
    make_io(&c, "c", 0x40);
    memory_region_add_subregion_overlap(&s.root, 0x100, &a, 1);
    memory_region_add_subregion_overlap(&s.root, 0x140, &b, 2);
    memory_region_add_subregion_overlap(&s.root, 0x1e0, &c, -1);
    assert_view(&s, "100-13f a\n140-17f b\n180-1ff a@80\n200-21f c@20\n");

    memory_region_del_subregion(&s.root, &b);
    memory_region_add_subregion_overlap(&s.root, 0x140, &b, 1);
    assert_view(&s, "100-13f a\n140-17f b\n180-1ff a@80\n200-21f c@20\n");
    memory_region_del_subregion(&s.root, &a);
    memory_region_add_subregion_overlap(&s.root, 0x100, &a, 1);
    assert_view(&s, "100-1ff a\n200-21f c@20\n");

    memory_region_del_subregion(&s.root, &a);
    memory_region_del_subregion(&s.root, &b);
    memory_region_del_subregion(&s.root, &c);
    assert_view(&s, "");
    memory_region_destroy(&a);
    memory_region_destroy(&b);
    memory_region_destroy(&c);
    space_end(&s);
}

static void test_container_clips_and_shows_through(void)
{
    Space s;
    MemoryRegion box, in, below;

    space_init(&s, 0x1000);
    memory_region_init(&box, NULL, "box", 0x100);
    make_io(&in, "in", 0x80);
    make_io(&below, "below", 0x1000);
    memory_region_add_subregion_overlap(&s.root, 0, &below, -1);
    memory_region_add_subregion(&s.root, 0x200, &box);
    memory_region_add_subregion(&box, 0xc0, &in);
    assert_view(&s, "0-2bf below\n2c0-2ff in\n300-fff below@300\n");
    memory_region_set_address(&in, 0x10);
    assert_view(&s, "0-20f below\n210-28f in\n290-fff below@290\n");
    memory_region_set_size(&box, 0x20);
    assert_view(&s, "0-20f below\n210-21f in\n220-fff below@220\n");
    memory_region_set_enabled(&box, false);
    assert_view(&s, "0-fff below\n");

    memory_region_del_subregion(&s.root, &box);
    memory_region_del_subregion(&s.root, &below);
    memory_region_destroy(&box);
    memory_region_destroy(&in);
    memory_region_destroy(&below);
    space_end(&s);
}

static void test_alias(void)
{
    Space s;
    MemoryRegion ram, low, high, twice;

    space_init(&s, MEMORY_SIZE_ALL);
    g_assert_true(memory_region_init_ram(&ram, NULL, "ram", 0x10000, NULL));
    memory_region_init_alias(&low, NULL, "low", &ram, 0, 0x4000);
    memory_region_init_alias(&high, NULL, "high", &ram, 0x4000, 0x20000);
    memory_region_init_alias(&twice, NULL, "twice", &high, 0x1000, 0x1000);
    memory_region_add_subregion(&s.root, 0, &low);
    memory_region_add_subregion(&s.root, 0x100000000, &high);
    memory_region_add_subregion(&s.root, 0x8000, &twice);
    assert_view(&s, "0-3fff ram\n8000-8fff ram@5000\n100000000-10000bfff ram@4000\n");

    /* Neighbours that continue each other are one range. */
    memory_region_set_address(&twice, 0x4000);
    memory_region_set_alias_offset(&twice, 0);
    assert_view(&s, "0-4fff ram\n100000000-10000bfff ram@4000\n");
    memory_region_set_readonly(&twice, true);
    assert_view(&s, "0-3fff ram\n4000-4fff ram@4000 ro\n100000000-10000bfff ram@4000\n");
    memory_region_set_readonly(&ram, true);
    assert_view(&s, "0-4fff ram ro\n100000000-10000bfff ram@4000 ro\n");
    memory_region_set_enabled(&ram, false);
    assert_view(&s, "");

    memory_region_del_subregion(&s.root, &low);
    memory_region_del_subregion(&s.root, &high);
    memory_region_del_subregion(&s.root, &twice);
    memory_region_destroy(&twice);
    memory_region_destroy(&high);
    memory_region_destroy(&low);
    memory_region_destroy(&ram);
    space_end(&s);
}

/* A container may show part of itself again; an alias never shows itself inside itself. */
static void test_alias_of_ancestor(void)
{
    Space s;
    MemoryRegion dev, mirror, self;

    space_init(&s, 0x1000);
    make_io(&dev, "dev", 0x100);
    memory_region_init_alias(&mirror, NULL, "mirror", &s.root, 0, 0x400);
    memory_region_init_alias(&self, NULL, "self", &s.root, 0, 0x1000);
    memory_region_add_subregion(&s.root, 0x80, &dev);
    memory_region_add_subregion(&s.root, 0x400, &mirror);
    assert_view(&s, "80-17f dev\n480-57f dev\n");
    memory_region_add_subregion_overlap(&s.root, 0, &self, -1);
    assert_view(&s, "80-17f dev\n480-57f dev\n");
    /* A change inside is seen through the circle. */
    memory_region_set_size(&dev, 0x80);
    assert_view(&s, "80-ff dev\n480-4ff dev\n");

    memory_region_del_subregion(&s.root, &self);
    memory_region_del_subregion(&s.root, &mirror);
    memory_region_del_subregion(&s.root, &dev);
    memory_region_destroy(&self);
    memory_region_destroy(&mirror);
    memory_region_destroy(&dev);
    space_end(&s);
}

static void test_whole_space(void)
{
    Space s;
    MemoryRegion all, low, top, first;

    space_init(&s, MEMORY_SIZE_ALL);
    make_io(&all, "all", MEMORY_SIZE_ALL);
    make_io(&top, "top", 1);
    make_io(&low, "low", 0x1000);
    make_io(&first, "first", 1);
    memory_region_add_subregion_overlap(&s.root, 0, &all, -1);
    assert_view(&s, "0-ffffffffffffffff all\n");
    g_assert_nonnull(address_space_lookup(&s.as, UINT64_MAX, 1).mr);

    /* 2^64 - 1 bytes cannot be told from 2^64: two halves. */
    memory_region_add_subregion(&s.root, UINT64_MAX, &top);
    assert_view(&s, "0-7fffffffffffffff all\n"
                    "8000000000000000-fffffffffffffffe all@8000000000000000\n"
                    "ffffffffffffffff-ffffffffffffffff top\n");
    memory_region_add_subregion(&s.root, UINT64_MAX - 0xfff, &low);
    assert_view(&s, "0-ffffffffffffefff all\nfffffffffffff000-ffffffffffffffff low\n");
    memory_region_set_enabled(&low, false);
    memory_region_set_enabled(&top, false);
    memory_region_add_subregion(&s.root, 0, &first);
    assert_view(&s, "0-0 first\n1-8000000000000000 all@1\n"
                    "8000000000000001-ffffffffffffffff all@8000000000000001\n");
    g_assert_true(address_space_lookup(&s.as, 1, MEMORY_SIZE_ALL).mr == &all);

    /* What reaches over the top is cut there. */
    memory_region_set_enabled(&all, false);
    memory_region_set_enabled(&low, true);
    memory_region_set_address(&low, UINT64_MAX - 0xf);
    assert_view(&s, "0-0 first\nfffffffffffffff0-ffffffffffffffff low\n");

    memory_region_del_subregion(&s.root, &all);
    memory_region_del_subregion(&s.root, &top);
    memory_region_del_subregion(&s.root, &low);
    memory_region_del_subregion(&s.root, &first);
    memory_region_destroy(&all);
    memory_region_destroy(&top);
    memory_region_destroy(&low);
    memory_region_destroy(&first);
    space_end(&s);
}

static void test_transactions_nest(void)
{
    Space s;
    MemoryRegion a, b;

    space_init(&s, 0x1000);
    make_io(&a, "a", 0x10);
    make_io(&b, "b", 0x10);
    memory_region_transaction_begin();
    memory_region_add_subregion(&s.root, 0, &a);
    memory_region_transaction_begin();
    memory_region_add_subregion(&s.root, 0x10, &b);
    memory_region_transaction_commit();
    memory_region_set_address(&b, 0x20);
    assert_view(&s, "");
    memory_region_transaction_commit();
    assert_view(&s, "0-f a\n20-2f b\n");

    /* A region that moves to another container is seen where it got to. */
    memory_region_transaction_begin();
    memory_region_set_size(&b, 8);
    memory_region_del_subregion(&s.root, &b);
    memory_region_add_subregion(&a, 4, &b);
    memory_region_transaction_commit();
    assert_view(&s, "0-3 a\n4-b b\nc-f a@c\n");

    memory_region_del_subregion(&a, &b);
    memory_region_del_subregion(&s.root, &a);
    memory_region_destroy(&a);
    memory_region_destroy(&b);
    space_end(&s);
}

/* An address space that is made in the middle of a transaction misses no later change. */
static void test_address_space_made_in_transaction(void)
{
    Space s;
    MemoryRegion a;

    memory_region_init(&s.root, NULL, "root", 0x1000);
    make_io(&a, "a", 0x10);
    memory_region_transaction_begin();
    memory_region_add_subregion(&s.root, 0, &a);
    address_space_init(&s.as, &s.root, "late");
    assert_view(&s, "0-f a\n");
    memory_region_set_address(&a, 0x100);
    memory_region_transaction_commit();
    assert_view(&s, "100-10f a\n");
    memory_region_del_subregion(&s.root, &a);
    memory_region_destroy(&a);
    space_end(&s);
}

/* Changes reach the address spaces that see them, and no other is rendered again. */
static void test_only_affected_views_change(void)
{
    Space s, other;
    MemoryRegion ram, alias, io;
    FlatView *before, *after;

    space_init(&s, 0x10000);
    space_init(&other, 0x10000);
    make_io(&ram, "shared", 0x1000);
    make_io(&io, "io", 0x10);
    memory_region_init_alias(&alias, NULL, "alias", &ram, 0, 0x1000);
    memory_region_add_subregion(&s.root, 0, &ram);
    memory_region_add_subregion(&other.root, 0x2000, &alias);
    memory_region_set_size(&ram, 0x800);
    assert_view(&s, "0-7ff shared\n");
    assert_view(&other, "2000-27ff shared\n");

    before = address_space_get_flatview(&other.as);
    memory_region_add_subregion(&s.root, 0x1000, &io);
    after = address_space_get_flatview(&other.as);
    g_assert_true(before == after);
    flatview_unref(before);
    flatview_unref(after);

    memory_region_del_subregion(&s.root, &io);
    memory_region_del_subregion(&s.root, &ram);
    memory_region_del_subregion(&other.root, &alias);
    memory_region_destroy(&alias);
    memory_region_destroy(&ram);
    memory_region_destroy(&io);
    space_end(&s);
    space_end(&other);
}

static void test_find(void)
{
    Space s;
    MemoryRegion box, io, loose;
    MemoryRegionSection found;

    space_init(&s, MEMORY_SIZE_ALL);
    memory_region_init(&box, NULL, "box", 0x1000);
    make_io(&io, "io", 0x100);
    make_io(&loose, "loose", 0x100);
    memory_region_add_subregion(&s.root, 0x4000, &box);
    memory_region_add_subregion(&box, 0x200, &io);

    found = memory_region_find(&box, 0x210, 0x1000);
    g_assert_true(found.mr == &io && found.as == &s.as);
    g_assert_cmphex(found.offset_within_region, ==, 0x10);
    g_assert_cmphex(found.offset_within_address_space, ==, 0x4210);
    g_assert_cmphex(found.size, ==, 0xf0);
    found = memory_region_find(&io, 0x20, 8);
    g_assert_true(found.mr == &io);
    g_assert_cmphex(found.offset_within_region, ==, 0x20);
    g_assert_cmphex(found.size, ==, 8);

    found = memory_region_find(&box, 0x100, 0x1000);
    g_assert_null(found.mr);
    g_assert_cmphex(found.size, ==, 0x100);
    found = address_space_lookup(&s.as, 0x4300, MEMORY_SIZE_ALL);
    g_assert_null(found.mr);
    g_assert_cmphex(found.size, ==, -UINT64_C(0x4300));
    g_assert_null(memory_region_find(&loose, 0, 1).mr);

    memory_region_del_subregion(&box, &io);
    memory_region_del_subregion(&s.root, &box);
    memory_region_destroy(&io);
    memory_region_destroy(&box);
    memory_region_destroy(&loose);
    space_end(&s);
}

static void test_destroy(void)
{
    MemoryRegion box, io, zero = {};

    memory_region_destroy(&zero);
    memory_region_init(&box, NULL, "box", 0x1000);
    make_io(&io, "io", 0x100);
    memory_region_add_subregion(&box, 0, &io);
    g_assert_true(memory_region_is_mapped(&io));
    memory_region_destroy(&box);
    g_assert_false(memory_region_is_mapped(&io));
    memory_region_destroy(&io);
    memory_region_destroy(&io);
}

static void test_empty_region_shows_nothing(void)
{
    Space s;
    MemoryRegion io;

    space_init(&s, 0x1000);
    make_io(&io, "io", 0);
    memory_region_add_subregion(&s.root, 0x21, &io);
    assert_view(&s, "");
    memory_region_set_size(&io, 1);
    assert_view(&s, "21-21 io\n");
    memory_region_set_size(&io, 0);
    assert_view(&s, "");
    memory_region_del_subregion(&s.root, &io);
    memory_region_destroy(&io);
    space_end(&s);
}

/* A mistake of the program stops it, rather than leave a tree that is none. */
static void test_circle_of_containers_is_refused(void)
{
    if (g_test_subprocess()) {
        MemoryRegion a, b;

        memory_region_init(&a, NULL, "a", 0x1000);
        memory_region_init(&b, NULL, "b", 0x1000);
        memory_region_add_subregion(&a, 0, &b);
        memory_region_add_subregion(&b, 0, &a);
        return;
    }
    g_test_trap_subprocess(NULL, 0, 0);
    g_test_trap_assert_failed();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/memory/region/priority", test_priority);
    g_test_add_func("/memory/region/container-clips-and-shows-through",
                    test_container_clips_and_shows_through);
    g_test_add_func("/memory/region/alias", test_alias);
    g_test_add_func("/memory/region/alias-of-ancestor", test_alias_of_ancestor);
    g_test_add_func("/memory/region/whole-space", test_whole_space);
    g_test_add_func("/memory/region/transactions-nest", test_transactions_nest);
    g_test_add_func("/memory/region/address-space-made-in-transaction",
                    test_address_space_made_in_transaction);
    g_test_add_func("/memory/region/only-affected-views-change", test_only_affected_views_change);
    g_test_add_func("/memory/region/empty-region-shows-nothing", test_empty_region_shows_nothing);
    g_test_add_func("/memory/region/find", test_find);
    g_test_add_func("/memory/region/destroy", test_destroy);
    g_test_add_func("/memory/region/circle-of-containers-is-refused",
                    test_circle_of_containers_is_refused);
    return g_test_run();
}
