/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Host memory of RAM regions and its dirty bits.
 */
#include "common.h"

#define PAGE DIRTY_PAGE_SIZE

/* Space with RAM of `pages` pages at 0. */
typedef struct Fixture {
    Space s;
    MemoryRegion ram;
} Fixture;

static void setup(Fixture *f, hwaddr pages)
{
    space_init(&f->s, MEMORY_SIZE_ALL);
    g_assert_true(memory_region_init_ram(&f->ram, NULL, "ram", pages * PAGE, NULL));
    memory_region_add_subregion(&f->s.root, 0, &f->ram);
}

static void teardown(Fixture *f)
{
    memory_region_del_subregion(&f->s.root, &f->ram);
    memory_region_destroy(&f->ram);
    space_end(&f->s);
}

/* The dirty pages as text: numbers relative to `addr`. Clears them. */
static char *take_dirty(Fixture *f, hwaddr addr, hwaddr size, DirtyClient client)
{
    GString *text = g_string_new("");
    g_autofree unsigned long *snapshot =
        memory_region_snapshot_and_clear_dirty(&f->ram, addr, size, client);

    for (hwaddr page = 0; page * PAGE < size; page++) {
        if (memory_snapshot_get_dirty(snapshot, page * PAGE, MIN(PAGE, size - page * PAGE))) {
            g_string_append_printf(text, "%" PRIu64 " ", page);
        }
    }
    return g_string_free(text, FALSE);
}

#define assert_dirty(f, addr, size, client, expected)                                              \
    do {                                                                                           \
        g_autofree char *text_ = take_dirty(f, addr, size, client);                                \
        g_assert_cmpstr(text_, ==, (expected));                                                    \
    } while (0)

static void test_writes_mark_pages(void)
{
    uint8_t buf[2 * PAGE] = {};
    Fixture f;

    setup(&f, 200);
    address_space_stb(&f.s.as, 0, 1, NULL);
    assert_dirty(&f, 0, 200 * PAGE, DIRTY_MEMORY_VGA, "");

    memory_region_set_log(&f.ram, true, DIRTY_MEMORY_VGA);
    address_space_stb(&f.s.as, 3 * PAGE - 1, 1, NULL);
    address_space_stl_le(&f.s.as, 64 * PAGE - 2, 1, NULL);
    address_space_write(&f.s.as, 100 * PAGE + 1, buf, sizeof(buf));
    address_space_write_rom(&f.s.as, 199 * PAGE, buf, PAGE);
    address_space_read(&f.s.as, 10 * PAGE, buf, sizeof(buf));
    assert_dirty(&f, 0, 200 * PAGE, DIRTY_MEMORY_VGA, "2 63 64 100 101 102 199 ");
    assert_dirty(&f, 0, 200 * PAGE, DIRTY_MEMORY_VGA, "");
    teardown(&f);
}

static void test_snapshot_takes_only_its_part(void)
{
    Fixture f;

    setup(&f, 200);
    memory_region_set_log(&f.ram, true, DIRTY_MEMORY_VGA);
    memory_region_set_dirty(&f.ram, 0, 200 * PAGE);
    assert_dirty(&f, 62 * PAGE, 4 * PAGE, DIRTY_MEMORY_VGA, "0 1 2 3 ");
    assert_dirty(&f, 60 * PAGE, 8 * PAGE, DIRTY_MEMORY_VGA, "0 1 6 7 ");
    assert_dirty(&f, 190 * PAGE, 9 * PAGE + 1, DIRTY_MEMORY_VGA, "0 1 2 3 4 5 6 7 8 9 ");
    assert_dirty(&f, 66 * PAGE, 3 * PAGE, DIRTY_MEMORY_VGA, "2 ");
    teardown(&f);
}

static void test_clients_are_apart(void)
{
    Fixture f;

    setup(&f, 4);
    memory_region_set_log(&f.ram, true, DIRTY_MEMORY_VGA);
    memory_region_set_dirty(&f.ram, 0, 1);
    memory_region_set_log(&f.ram, true, DIRTY_MEMORY_MIGRATION);
    memory_region_set_dirty(&f.ram, PAGE, 1);
    assert_dirty(&f, 0, 4 * PAGE, DIRTY_MEMORY_VGA, "0 1 ");
    assert_dirty(&f, 0, 4 * PAGE, DIRTY_MEMORY_MIGRATION, "1 ");

    /* Logging that starts again has seen nothing yet. */
    memory_region_set_dirty(&f.ram, 2 * PAGE, 1);
    memory_region_set_log(&f.ram, false, DIRTY_MEMORY_VGA);
    memory_region_set_dirty(&f.ram, 3 * PAGE, 1);
    assert_dirty(&f, 0, 4 * PAGE, DIRTY_MEMORY_VGA, "");
    memory_region_set_log(&f.ram, true, DIRTY_MEMORY_VGA);
    assert_dirty(&f, 0, 4 * PAGE, DIRTY_MEMORY_VGA, "");
    assert_dirty(&f, 0, 4 * PAGE, DIRTY_MEMORY_MIGRATION, "2 3 ");
    teardown(&f);
}

static void test_marking_outside_is_cut(void)
{
    Fixture f;

    setup(&f, 2);
    memory_region_set_log(&f.ram, true, DIRTY_MEMORY_VGA);
    memory_region_set_dirty(&f.ram, PAGE, UINT64_MAX);
    memory_region_set_dirty(&f.ram, 2 * PAGE, 1);
    memory_region_set_dirty(&f.ram, 0, 0);
    assert_dirty(&f, 0, 2 * PAGE, DIRTY_MEMORY_VGA, "1 ");
    teardown(&f);
}

static MemoryRegion *synced;

static void on_log_sync(MemoryListener *l, const MemoryRegionSection *s)
{
    g_assert_true(s->mr == synced);
    memory_region_set_dirty(s->mr, s->offset_within_region + PAGE, 1);
}

/* An accelerator brings its dirty bits when they are asked for. */
static void test_snapshot_asks_listeners(void)
{
    MemoryListener l = {.name = "accelerator", .log_sync = on_log_sync};
    Fixture f;

    setup(&f, 4);
    synced = &f.ram;
    memory_listener_register(&l, &f.s.as);
    assert_dirty(&f, 0, 4 * PAGE, DIRTY_MEMORY_VGA, "");
    memory_region_set_log(&f.ram, true, DIRTY_MEMORY_VGA);
    assert_dirty(&f, 0, 4 * PAGE, DIRTY_MEMORY_VGA, "1 ");
    memory_listener_unregister(&l);
    teardown(&f);
}

#define MARKS 20000

static gpointer mark_pages(gpointer opaque)
{
    MemoryRegion *mr = opaque;

    for (unsigned i = 0; i < MARKS; i++) {
        memory_region_set_dirty(mr, (hwaddr)(i % 1000) * PAGE, 1);
    }
    return NULL;
}

/* No page that another thread marks is lost while bits are being taken. */
static void test_marking_from_another_thread(void)
{
    g_autofree unsigned *counts = g_new0(unsigned, 1000);
    g_autofree char *rest = NULL;
    GThread *thread;
    Fixture f;

    setup(&f, 1000);
    memory_region_set_log(&f.ram, true, DIRTY_MEMORY_VGA);
    thread = g_thread_new("marker", mark_pages, &f.ram);
    for (int i = 0; i < 200; i++) {
        g_autofree unsigned long *snapshot =
            memory_region_snapshot_and_clear_dirty(&f.ram, 0, 1000 * PAGE, DIRTY_MEMORY_VGA);

        for (int page = 0; page < 1000; page++) {
            counts[page] += memory_snapshot_get_dirty(snapshot, (hwaddr)page * PAGE, 1);
        }
    }
    g_thread_join(thread);
    {
        g_autofree unsigned long *snapshot =
            memory_region_snapshot_and_clear_dirty(&f.ram, 0, 1000 * PAGE, DIRTY_MEMORY_VGA);

        for (int page = 0; page < 1000; page++) {
            counts[page] += memory_snapshot_get_dirty(snapshot, (hwaddr)page * PAGE, 1);
            g_assert_cmpuint(counts[page], >, 0);
        }
    }
    rest = take_dirty(&f, 0, 1000 * PAGE, DIRTY_MEMORY_VGA);
    g_assert_cmpstr(rest, ==, "");
    teardown(&f);
}

static void test_impossible_sizes_are_refused(void)
{
    static const hwaddr sizes[] = {0, MEMORY_SIZE_ALL, (hwaddr)100000 << 30, UINT64_MAX - 0xfff};

    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        g_autoptr(GError) err = NULL;
        MemoryRegion mr, before;

        memset(&mr, 0x5a, sizeof(mr));
        before = mr;
        g_assert_false(memory_region_init_ram(&mr, NULL, "pc.ram", sizes[i], &err));
        g_assert_nonnull(err);
        g_assert_nonnull(strstr(err->message, "pc.ram"));
        g_assert_null(strchr(err->message, '\n'));
        g_assert_cmpmem(&mr, sizeof(mr), &before, sizeof(mr));
    }
}

/* More than the host has is given, as long as nobody touches it. */
static void test_memory_is_zero_and_lazy(void)
{
    MemoryRegion mr;
    uint8_t *host;

    g_assert_true(memory_region_init_ram(&mr, NULL, "large", (hwaddr)64 << 30, NULL));
    host = memory_region_get_ram_ptr(&mr);
    g_assert_cmpuint((uintptr_t)host % (2 << 20), ==, 0);
    g_assert_cmpint(host[0], ==, 0);
    g_assert_cmpint(host[((hwaddr)64 << 30) - 1], ==, 0);
    memory_region_destroy(&mr);

    /* A size that is no multiple of a page. */
    g_assert_true(memory_region_init_ram(&mr, NULL, "odd", 0x1234, NULL));
    host = memory_region_get_ram_ptr(&mr);
    host[0x1233] = 1;
    memory_region_destroy(&mr);
}

static void test_memory_of_the_caller(void)
{
    static uint8_t memory[2 * PAGE];
    MemoryRegion mr;
    Space s;

    space_init(&s, 0x10000);
    memory_region_init_ram_ptr(&mr, NULL, "given", sizeof(memory), memory);
    g_assert_true(memory_region_is_ram(&mr));
    memory_region_add_subregion(&s.root, 0x1000, &mr);
    address_space_stl_le(&s.as, 0x1004, 0x12345678, NULL);
    g_assert_cmpmem(memory + 4, 4, "\x78\x56\x34\x12", 4);
    memory_region_del_subregion(&s.root, &mr);
    memory_region_destroy(&mr);
    g_assert_cmphex(memory[4], ==, 0x78);
    space_end(&s);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/memory/ram/writes-mark-pages", test_writes_mark_pages);
    g_test_add_func("/memory/ram/snapshot-takes-only-its-part", test_snapshot_takes_only_its_part);
    g_test_add_func("/memory/ram/clients-are-apart", test_clients_are_apart);
    g_test_add_func("/memory/ram/marking-outside-is-cut", test_marking_outside_is_cut);
    g_test_add_func("/memory/ram/snapshot-asks-listeners", test_snapshot_asks_listeners);
    g_test_add_func("/memory/ram/marking-from-another-thread", test_marking_from_another_thread);
    g_test_add_func("/memory/ram/impossible-sizes-are-refused", test_impossible_sizes_are_refused);
    g_test_add_func("/memory/ram/memory-is-zero-and-lazy", test_memory_is_zero_and_lazy);
    g_test_add_func("/memory/ram/memory-of-the-caller", test_memory_of_the_caller);
    return g_test_run();
}
