/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory slots on real KVM: ROM, ROM devices, dirty log, moving and splitting, ends of pages. */
#include "guest.h"

#include <stdio.h>

#define DS(seg) 0xb8, (seg) & 0xff, (seg) >> 8, 0x8e, 0xd8
#define ROM 0xe0000

static MemoryRegion rom;

static void test_rom(void)
{
    g_autoptr(GError) err = NULL;
    uint64_t exits;

    if (!guest_start("kvm", 1)) {
        return;
    }
    g_assert_true(memory_region_init_rom(&rom, NULL, "rom", 0x1000, &err));
    memory_region_add_subregion_overlap(get_system_memory(), ROM, &rom, 1);
    *(uint8_t *)memory_region_get_ram_ptr(&rom) = 0x42;
    GUEST_CODE(DS(ROM >> 4), 0xb0, 0x99, 0xa2, 0x00, 0x00, /* mov [0], 99 */
               0xb9, 0x64, 0x00,                           /* 100 times: */
               0x8a, 0x1e, 0x00, 0x00, 0xe2, 0xfa,         /* mov bl, [0]; loop */
               GUEST_END);
    exits = vcpus_exits();
    guest_run();
    g_assert_cmphex(guest_state(0).gpr[X86_RBX] & 0xff, ==, 0x42);
    g_assert_cmphex(*(uint8_t *)memory_region_get_ram_ptr(&rom), ==, 0x42);
    g_assert_cmphex(guest.mem[ROM], ==, 0);
    /* The write, the end, and what the kick takes; the reads cost nothing. */
    g_assert_cmpuint(vcpus_exits() - exits, <, 10);
    memory_region_del_subregion(get_system_memory(), &rom);
    memory_region_destroy(&rom);
    guest_stop();
}

static void test_rom_device(void)
{
    g_autoptr(GError) err = NULL;

    if (!guest_start("kvm", 1)) {
        return;
    }
    guest.read_value = 0x77;
    g_assert_true(memory_region_init_rom_device(&rom, NULL, &guest_mmio_ops, NULL, "romd", 0x1000,
                                                &err));
    memory_region_add_subregion_overlap(get_system_memory(), ROM, &rom, 1);
    *(uint8_t *)memory_region_get_ram_ptr(&rom) = 0x42;
    GUEST_CODE(DS(ROM >> 4), 0xb0, 0x99, 0xa2, 0x00, 0x00, 0x8a, 0x1e, 0x00, 0x00, GUEST_END);
    guest_run();
    /* Reads come from memory, writes go to the device. */
    g_assert_cmphex(guest_state(0).gpr[X86_RBX] & 0xff, ==, 0x42);
    g_assert_cmpuint(guest.log->len, ==, 1);
    guest_assert_access(0, false, true, 0xd0000, 1, 0x99);

    memory_region_rom_device_set_romd(&rom, false);
    g_array_set_size(guest.log, 0);
    GUEST_CODE(DS(ROM >> 4), 0xb0, 0x99, 0xa2, 0x00, 0x00, 0x8a, 0x1e, 0x00, 0x00, GUEST_END);
    guest_run();
    g_assert_cmphex(guest_state(0).gpr[X86_RBX] & 0xff, ==, 0x77);
    g_assert_cmpuint(guest.log->len, ==, 2);
    memory_region_del_subregion(get_system_memory(), &rom);
    memory_region_destroy(&rom);
    guest_stop();
}

static void test_dirty_log(void)
{
    g_autofree unsigned long *bits = NULL;
    g_autofree unsigned long *again = NULL;

    if (!guest_start("kvm", 1)) {
        return;
    }
    memory_region_set_log(&guest.ram, true, DIRTY_MEMORY_VGA);
    GUEST_CODE(DS(0x2000), 0xa2, 0x00, 0x10, /* 21000 */
               0xa2, 0x34, 0x52,             /* 25234 */
               GUEST_END);
    guest_run();
    bits = memory_region_snapshot_and_clear_dirty(&guest.ram, 0, RAM_SIZE, DIRTY_MEMORY_VGA);
    g_assert_true(memory_snapshot_get_dirty(bits, 0x21000, 1));
    g_assert_true(memory_snapshot_get_dirty(bits, 0x25000, 0x1000));
    g_assert_false(memory_snapshot_get_dirty(bits, 0x22000, 0x3000));
    g_assert_false(memory_snapshot_get_dirty(bits, 0x26000, 0x10000));
    again = memory_region_snapshot_and_clear_dirty(&guest.ram, 0, RAM_SIZE, DIRTY_MEMORY_VGA);
    g_assert_false(memory_snapshot_get_dirty(again, 0x20000, 0x10000));
    memory_region_set_log(&guest.ram, false, DIRTY_MEMORY_VGA);
    guest_stop();
}

/* Pages written before the slot was split, or moved away, are not forgotten. */
static void test_dirty_log_survives_split(void)
{
    g_autofree unsigned long *bits = NULL;
    MemoryRegion window;

    if (!guest_start("kvm", 1)) {
        return;
    }
    memory_region_set_log(&guest.ram, true, DIRTY_MEMORY_VGA);
    GUEST_CODE(DS(0x2000), 0xa2, 0x00, 0x10, 0xa2, 0x00, 0x50, GUEST_END);
    guest_run();
    memory_region_init_io(&window, NULL, &guest_mmio_ops, NULL, "window", 0x1000);
    memory_region_add_subregion_overlap(get_system_memory(), 0x25000, &window, 1);
    memory_region_del_subregion(get_system_memory(), &window);
    memory_region_destroy(&window);
    bits = memory_region_snapshot_and_clear_dirty(&guest.ram, 0, RAM_SIZE, DIRTY_MEMORY_VGA);
    g_assert_true(memory_snapshot_get_dirty(bits, 0x21000, 1));
    g_assert_true(memory_snapshot_get_dirty(bits, 0x25000, 1));
    memory_region_set_log(&guest.ram, false, DIRTY_MEMORY_VGA);
    guest_stop();
}

static unsigned slots(void)
{
    g_autoptr(GString) info = g_string_new(NULL);
    unsigned n = 0;

    accel_print_info(info);
    g_assert_cmpint(sscanf(strstr(info->str, "memory slots: "), "memory slots: %u", &n), ==, 1);
    return n;
}

/* Aliases of one RAM beside each other are one slot; taking one out splits it. */
static void test_merge_and_split(void)
{
    MemoryRegion more, parts[4];
    g_autoptr(GError) err = NULL;

    if (!guest_start("kvm", 1)) {
        return;
    }
    g_assert_cmpuint(slots(), ==, 2); /* below and above the MMIO window */
    g_assert_true(memory_region_init_ram(&more, NULL, "more", 0x40000, &err));
    for (int i = 0; i < 4; i++) {
        memory_region_init_alias(&parts[i], NULL, "part", &more, i * 0x10000, 0x10000);
        memory_region_add_subregion(get_system_memory(), 0x200000 + i * 0x10000, &parts[i]);
    }
    g_assert_cmpuint(slots(), ==, 3);
    memory_region_set_enabled(&parts[1], false);
    g_assert_cmpuint(slots(), ==, 4);
    memory_region_set_readonly(&parts[2], true);
    g_assert_cmpuint(slots(), ==, 5);
    memory_region_transaction_begin();
    memory_region_set_enabled(&parts[1], true);
    memory_region_set_readonly(&parts[2], false);
    memory_region_transaction_commit();
    g_assert_cmpuint(slots(), ==, 3);
    /* Over each other, in one step. */
    memory_region_transaction_begin();
    memory_region_set_address(&parts[0], 0x210000);
    memory_region_set_address(&parts[1], 0x200000);
    memory_region_transaction_commit();
    g_assert_cmpuint(slots(), ==, 5);
    for (int i = 0; i < 4; i++) {
        memory_region_del_subregion(get_system_memory(), &parts[i]);
        memory_region_destroy(&parts[i]);
    }
    memory_region_destroy(&more);
    guest_stop();
}

/* RAM that ends inside a page is served by exits, and right. */
static void test_ragged_ends(void)
{
    MemoryRegion ragged;
    static uint8_t bytes[0x3000] __attribute__((aligned(4096)));

    if (!guest_start("kvm", 1)) {
        return;
    }
    memory_region_init_ram_ptr(&ragged, NULL, "ragged", 0x1810, bytes + 0x7f8);
    memory_region_add_subregion_overlap(get_system_memory(), 0xe07f8, &ragged, 1);
    GUEST_CODE(DS(ROM >> 4), 0xb0, 0x11, 0xa2, 0xf8, 0x07, /* first byte */
               0xb0, 0x22, 0xa2, 0x00, 0x10,               /* in the whole page */
               0xb0, 0x33, 0xa2, 0x07, 0x20,               /* last byte */
               0x8a, 0x1e, 0xf8, 0x07, 0x8a, 0x3e, 0x07, 0x20, /* bl, bh */
               GUEST_END);
    guest_run();
    g_assert_cmphex(bytes[0x7f8], ==, 0x11);
    g_assert_cmphex(bytes[0x1000], ==, 0x22);
    g_assert_cmphex(bytes[0x2007], ==, 0x33);
    g_assert_cmphex(guest_state(0).gpr[X86_RBX] & 0xffff, ==, 0x3311);
    memory_region_del_subregion(get_system_memory(), &ragged);
    memory_region_destroy(&ragged);
    guest_stop();
}

/* Slots are split and joined under a guest that runs from one of them, and counts in another. */
static void test_remap_under_running_guest(void)
{
    MemoryRegion window;
    uint32_t last = 0;

    if (!guest_start("kvm", 1)) {
        return;
    }
    memory_region_init_io(&window, NULL, &guest_mmio_ops, NULL, "window", 0x1000);
    GUEST_CODE(0x31, 0xdb, 0x66, 0x31, 0xc0,                   /* eax = 0 */
               0x66, 0x40, 0x66, 0xa3, 0x00, 0x20, 0xeb, 0xf8); /* inc eax; mov [2000], eax */
    vcpus_resume();
    for (int i = 0; i < 200; i++) {
        memory_region_add_subregion_overlap(get_system_memory(), 0x8000, &window, 1);
        memory_region_del_subregion(get_system_memory(), &window);
        machine_lock_yield();
    }
    vcpus_pause();
    memcpy(&last, guest.mem + 0x2000, 4);
    g_assert_cmpuint(last, >, 0);
    g_assert_cmpuint((uint32_t)guest_state(0).gpr[X86_RAX] - last, <=, 1);
    g_assert_cmpuint(guest.log->len, ==, 0);
    memory_region_destroy(&window);
    guest_stop();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/kvm/memory/rom", test_rom);
    g_test_add_func("/kvm/memory/rom-device", test_rom_device);
    g_test_add_func("/kvm/memory/dirty-log", test_dirty_log);
    g_test_add_func("/kvm/memory/dirty-log-survives-split", test_dirty_log_survives_split);
    g_test_add_func("/kvm/memory/merge-and-split", test_merge_and_split);
    g_test_add_func("/kvm/memory/ragged-ends", test_ragged_ends);
    g_test_add_func("/kvm/memory/remap-under-running-guest", test_remap_under_running_guest);
    return g_test_run();
}
