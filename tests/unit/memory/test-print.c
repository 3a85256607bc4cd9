/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text of `info mtree`, as its clients read it; and the two address spaces of a machine.
 */
#include "common.h"

#include "memory/system.h"

static const MemoryRegionOps no_ops;

/* A small PC: RAM in two aliases, ROM with a second window, a device, something disabled. */
typedef struct Fixture {
    MemoryOwner owner;
    MemoryRegion ram, low, rom, bios, pci, vga, off, flash;
} Fixture;

static void setup(Fixture *f)
{
    MemoryRegion *system;

    memory_system_init();
    system = get_system_memory();
    f->owner = (MemoryOwner){.name = "vga0"};
    g_assert_true(memory_region_init_ram(&f->ram, NULL, "pc.ram", 0x100000, NULL));
    memory_region_init_alias(&f->low, NULL, "ram-below-4g", &f->ram, 0, 0x100000);
    memory_region_add_subregion(system, 0, &f->low);
    memory_region_init(&f->pci, NULL, "pci", MEMORY_SIZE_ALL);
    memory_region_add_subregion_overlap(system, 0, &f->pci, -1);
    memory_region_init_io(&f->vga, &f->owner, &no_ops, NULL, "vga-lowmem", 0x20000);
    memory_region_add_subregion_overlap(&f->pci, 0x1a0000, &f->vga, 1);
    g_assert_true(memory_region_init_rom(&f->rom, NULL, "pc.bios", 0x40000, NULL));
    memory_region_add_subregion(&f->pci, 0xfffc0000, &f->rom);
    memory_region_init_alias(&f->bios, NULL, "isa-bios", &f->rom, 0x20000, 0x20000);
    memory_region_set_readonly(&f->bios, true);
    memory_region_add_subregion_overlap(&f->pci, 0x1e0000, &f->bios, 1);
    memory_region_init_io(&f->off, NULL, &no_ops, NULL, "off", 0x10);
    memory_region_set_enabled(&f->off, false);
    memory_region_add_subregion(&f->pci, 0x300000, &f->off);
    g_assert_true(
        memory_region_init_rom_device(&f->flash, NULL, &no_ops, NULL, "flash", 0x1000, NULL));
    memory_region_add_subregion(&f->pci, 0x400000, &f->flash);
}

static void teardown(Fixture *f)
{
    memory_region_del_subregion(&f->pci, &f->flash);
    memory_region_del_subregion(&f->pci, &f->off);
    memory_region_del_subregion(&f->pci, &f->bios);
    memory_region_del_subregion(&f->pci, &f->rom);
    memory_region_del_subregion(&f->pci, &f->vga);
    memory_region_del_subregion(get_system_memory(), &f->pci);
    memory_region_del_subregion(get_system_memory(), &f->low);
    memory_region_destroy(&f->flash);
    memory_region_destroy(&f->off);
    memory_region_destroy(&f->bios);
    memory_region_destroy(&f->rom);
    memory_region_destroy(&f->vga);
    memory_region_destroy(&f->pci);
    memory_region_destroy(&f->low);
    memory_region_destroy(&f->ram);
    memory_system_cleanup();
}

static void test_tree(void)
{
    GString *out = g_string_new("");
    Fixture f;

    setup(&f);
    memory_print_tree(out, false, false);
    g_assert_cmpstr(
        out->str, ==,
        "address-space: memory\n"
        "  0000000000000000-ffffffffffffffff (prio 0, container): system\n"
        "    0000000000000000-00000000000fffff (prio 0, ram): alias ram-below-4g @pc.ram "
        "0000000000000000-00000000000fffff\n"
        "    0000000000000000-ffffffffffffffff (prio -1, container): pci\n"
        "      00000000001a0000-00000000001bffff (prio 1, i/o): vga-lowmem\n"
        "      00000000001e0000-00000000001fffff (prio 1, rom): alias isa-bios @pc.bios "
        "0000000000020000-000000000003ffff\n"
        "      0000000000400000-0000000000400fff (prio 0, romd): flash\n"
        "      00000000fffc0000-00000000ffffffff (prio 0, rom): pc.bios\n"
        "\n"
        "address-space: I/O\n"
        "  0000000000000000-000000000000ffff (prio 0, container): io\n"
        "\n"
        "memory-region: pc.ram\n"
        "  0000000000000000-00000000000fffff (prio 0, ram): pc.ram\n"
        "\n"
        "memory-region: pc.bios\n"
        "  00000000fffc0000-00000000ffffffff (prio 0, rom): pc.bios\n"
        "\n");

    g_string_truncate(out, 0);
    memory_region_rom_device_set_romd(&f.flash, false);
    memory_print_tree(out, true, true);
    g_assert_nonnull(strstr(out->str, "(prio 1, i/o): vga-lowmem owner:{dev id=vga0}\n"));
    g_assert_nonnull(strstr(
        out->str, "      0000000000300000-000000000030000f (prio 0, i/o): off [disabled]\n"));
    g_assert_nonnull(strstr(out->str, "(prio 0, i/o): flash\n"));
    teardown(&f);
    g_string_free(out, TRUE);
}

static void test_flat(void)
{
    GString *out = g_string_new("");
    AddressSpace same;
    Fixture f;

    setup(&f);
    address_space_init(&same, get_system_memory(), "cpu-memory-0");
    memory_region_add_coalescing(&f.vga, 0, 0x20000);
    memory_region_add_eventfd(&f.vga, 0x10, 4, true, 0xab, 0);
    memory_print_flat(out, true);
    g_assert_cmpstr(
        out->str, ==,
        "FlatView #0\n"
        " AS \"memory\", root: system\n"
        " AS \"cpu-memory-0\", root: system\n"
        " Root memory region: system\n"
        "  0000000000000000-00000000000fffff (prio 0, ram): pc.ram\n"
        "  00000000001a0000-00000000001bffff (prio 1, i/o): vga-lowmem owner:{dev id=vga0}\n"
        "    00000000001a0000-00000000001bffff coalesced\n"
        "    00000000001a0010 ioeventfd size 4 data 0xab\n"
        "  00000000001e0000-00000000001fffff (prio 0, rom): pc.bios @0000000000020000\n"
        "  0000000000400000-0000000000400fff (prio 0, romd): flash\n"
        "  00000000fffc0000-00000000ffffffff (prio 0, rom): pc.bios\n"
        "\n"
        "FlatView #1\n"
        " AS \"I/O\", root: io\n"
        " Root memory region: io\n"
        "  No rendered FlatView\n"
        "\n");
    memory_region_del_eventfd(&f.vga, 0x10, 4, true, 0xab, 0);
    address_space_destroy(&same);
    teardown(&f);
    g_string_free(out, TRUE);
}

static void test_aliases_in_circles(void)
{
    GString *out = g_string_new("");
    MemoryRegion mirror;

    memory_system_init();
    memory_region_init_alias(&mirror, NULL, "mirror", get_system_memory(), 0, 0x1000);
    memory_region_add_subregion(get_system_memory(), 0x1000, &mirror);
    memory_print_tree(out, false, false);
    g_assert_nonnull(strstr(out->str, "alias mirror @system 0000000000000000-0000000000000fff\n"));
    memory_region_del_subregion(get_system_memory(), &mirror);
    memory_region_destroy(&mirror);
    memory_system_cleanup();
    g_string_free(out, TRUE);
}

/* A process may make a machine, end it and make another. */
static void test_system_twice(void)
{
    for (int i = 0; i < 2; i++) {
        memory_system_init();
        g_assert_cmphex(memory_region_size(get_system_memory()), ==, MEMORY_SIZE_ALL);
        g_assert_cmphex(memory_region_size(get_system_io()), ==, 0x10000);
        g_assert_cmphex(address_space_ldub(&address_space_io, 0x10000, NULL), ==, 0xff);
        memory_system_cleanup();
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/memory/print/tree", test_tree);
    g_test_add_func("/memory/print/flat", test_flat);
    g_test_add_func("/memory/print/aliases-in-circles", test_aliases_in_circles);
    g_test_add_func("/memory/system/twice", test_system_twice);
    return g_test_run();
}
