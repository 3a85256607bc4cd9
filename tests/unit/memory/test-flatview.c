/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Looking an address up in a view: every address of many ranges and holes, from several threads.
 */
#include "common.h"

#define REGIONS 500

/* Regions of 0x10 bytes, every 0x20 from 0x1000 on, added in an order that jumps about. */
typedef struct Fixture {
    Space s;
    MemoryRegion mr[REGIONS];
} Fixture;

static const MemoryRegionOps no_ops;

static void setup(Fixture *f)
{
    space_init(&f->s, MEMORY_SIZE_ALL);
    memory_region_transaction_begin();
    for (unsigned i = 0; i < REGIONS; i++) {
        unsigned place = i * 7 % REGIONS;

        memory_region_init_io(&f->mr[place], NULL, &no_ops, NULL, "io", 0x10);
        memory_region_add_subregion(&f->s.root, 0x1000 + place * 0x20, &f->mr[place]);
    }
    memory_region_transaction_commit();
}

static void teardown(Fixture *f)
{
    memory_region_transaction_begin();
    for (unsigned i = 0; i < REGIONS; i++) {
        memory_region_del_subregion(&f->s.root, &f->mr[i]);
    }
    memory_region_transaction_commit();
    for (unsigned i = 0; i < REGIONS; i++) {
        memory_region_destroy(&f->mr[i]);
    }
    space_end(&f->s);
}

static void check(Fixture *f, FlatView *view, hwaddr addr)
{
    const FlatRange *range = flatview_lookup(view, addr);
    hwaddr place = (addr - 0x1000) / 0x20;

    if (addr < 0x1000 || place >= REGIONS || (addr & 0x10)) {
        g_assert_null(range);
        return;
    }
    g_assert_nonnull(range);
    g_assert_true(range->mr == &f->mr[place]);
    g_assert_cmphex(range->addr, ==, addr & ~(hwaddr)0xf);
}

static void test_every_address(void)
{
    Fixture f;
    FlatView *view;
    size_t n;

    setup(&f);
    view = address_space_get_flatview(&f.s.as);
    flatview_ranges(view, &n);
    g_assert_cmpuint(n, ==, REGIONS);
    for (hwaddr addr = 0xf00; addr < 0x1100 + REGIONS * 0x20; addr++) {
        check(&f, view, addr);
        /* Far from the last hit, too. */
        check(&f, view, 0x1000 + (addr * 0x9e37) % (REGIONS * 0x20));
    }
    check(&f, view, UINT64_MAX);
    flatview_unref(view);
    teardown(&f);
}

static void test_empty_view(void)
{
    Space s;
    FlatView *view;
    size_t n;

    space_init(&s, MEMORY_SIZE_ALL);
    view = address_space_get_flatview(&s.as);
    flatview_ranges(view, &n);
    g_assert_cmpuint(n, ==, 0);
    g_assert_null(flatview_lookup(view, 0));
    g_assert_null(flatview_lookup(view, UINT64_MAX));
    flatview_unref(view);
    g_assert_cmphex(address_space_lookup(&s.as, 0, MEMORY_SIZE_ALL).size, ==, MEMORY_SIZE_ALL);
    space_end(&s);
}

typedef struct Job {
    Fixture *f;
    FlatView *view;
    unsigned step;
} Job;

static gpointer look_up(gpointer opaque)
{
    Job *job = opaque;

    for (unsigned i = 0; i < 50000; i++) {
        check(job->f, job->view, 0x1000 + (hwaddr)i * job->step % (REGIONS * 0x20));
    }
    flatview_unref(job->view);
    return NULL;
}

/* The last hit of one thread never misleads another. */
static void test_threads_share_a_view(void)
{
    GThread *threads[3];
    Job jobs[3];
    Fixture f;

    setup(&f);
    for (unsigned i = 0; i < G_N_ELEMENTS(threads); i++) {
        jobs[i] = (Job){&f, address_space_get_flatview(&f.s.as), 17 + 1000 * i};
        threads[i] = g_thread_new("lookup", look_up, &jobs[i]);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(threads); i++) {
        g_thread_join(threads[i]);
    }
    teardown(&f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/memory/flatview/every-address", test_every_address);
    g_test_add_func("/memory/flatview/empty-view", test_empty_view);
    g_test_add_func("/memory/flatview/threads-share-a-view", test_threads_share_a_view);
    return g_test_run();
}
