/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Page tables of every kind, written by hand into 2 MiB of memory.
 */
#include "hw/core/device.h"
#include "hw/core/machine.h"
#include "memory/system.h"
#include "page-walk.h"

const DeviceClass *const device_classes[] = {&device_class, NULL};
const MachineClass *const machine_classes[] = {NULL};

#define RAM_SIZE 0x200000
#define CR0_PG   (UINT64_C(1) << 31)
#define PSE      (1u << 4)
#define PAE      (1u << 5)
#define LA57     (1u << 12)
#define LMA      (1u << 10)
#define P        1u
#define PS       0x80u
#define NX       (UINT64_C(1) << 63)
#define NOTHING  UINT64_MAX

static MemoryRegion ram;

static void begin(void)
{
    memory_system_init();
    g_assert_true(memory_region_init_ram(&ram, NULL, "ram", RAM_SIZE, NULL));
    memory_region_add_subregion(get_system_memory(), 0, &ram);
}

static void end(void)
{
    memory_region_del_subregion(get_system_memory(), &ram);
    memory_region_destroy(&ram);
    memory_system_cleanup();
}

static void entry32(uint32_t table, unsigned index, uint32_t value)
{
    address_space_stl_le(&address_space_memory, table + 4 * index, value, NULL);
}

static void entry64(uint32_t table, unsigned index, uint64_t value)
{
    address_space_stq_le(&address_space_memory, table + 8 * index, value, NULL);
}

static void maps(const X86State *state, uint64_t linear, uint64_t expected)
{
    uint64_t physical = NOTHING;
    bool found = page_walk(state, linear, &physical);

    g_assert_true(found == (expected != NOTHING));
    g_assert_cmphex(physical, ==, expected);
}

static void no_paging(void)
{
    const X86State state = {.cr3 = 0x1000, .cr4 = PSE | PAE};

    begin();
    maps(&state, 0, 0);
    maps(&state, 0xfffffff0, 0xfffffff0);
    maps(&state, UINT64_C(1) << 32, NOTHING);
    end();
}

static void two_levels(void)
{
    X86State state = {.cr0 = CR0_PG, .cr3 = 0x1018};

    begin();
    entry32(0x1000, 0x301, 0x2000 | P);
    entry32(0x2000, 0x045, 0xabcde000 | P);
    entry32(0x1000, 0x302, 0xc0406000 | PS | P); /* bits 13 and 14: 3 GiB * 4 more, with PSE-36 */
    maps(&state, 0xc0445678, 0xabcde678);
    maps(&state, 0xc0446000, NOTHING);
    maps(&state, 0, NOTHING);
    maps(&state, UINT64_C(0x1c0445678), NOTHING);
    state.cr4 = PSE;
    maps(&state, 0xc0812345, UINT64_C(0x3c0412345));
    end();
}

static void pae(void)
{
    const X86State state = {.cr0 = CR0_PG, .cr4 = PAE, .cr3 = 0x1020};

    begin();
    entry64(0x1020, 3, 0x2000 | P);
    entry64(0x2000, 0x1ff, 0x3000 | P);
    entry64(0x3000, 0x1fe, UINT64_C(0x9abcde000) | P | NX);
    entry64(0x2000, 0x000, UINT64_C(0x812200000) | PS | P);
    entry64(0x1020, 1, 0x4000 | PS | P); /* the bit means nothing here */
    entry64(0x4000, 0x000, 0x5000 | P);
    entry64(0x5000, 0x000, 0x7000 | P);
    maps(&state, 0xffffe123, UINT64_C(0x9abcde123));
    maps(&state, 0xfffff123, NOTHING);
    maps(&state, 0xc01fffff, UINT64_C(0x8123fffff));
    maps(&state, 0x40000001, 0x7001);
    maps(&state, 0x80000000, NOTHING);
    end();
}

static void four_levels(void)
{
    const X86State state = {.cr0 = CR0_PG, .cr4 = PAE, .cr3 = 0x1000, .efer = LMA};

    begin();
    entry64(0x1000, 0x1ff, 0x2000 | P);
    entry64(0x2000, 0x1fe, 0x3000 | P);
    entry64(0x3000, 0x009, 0x4000 | P);
    entry64(0x4000, 0x034, UINT64_C(0x123456789000) | P | NX);
    entry64(0x3000, 0x00a, UINT64_C(0x40200000) | PS | P);
    entry64(0x2000, 0x000, UINT64_C(0x80000000) | PS | P);
    maps(&state, UINT64_C(0xffffffff81234567), UINT64_C(0x123456789567));
    maps(&state, UINT64_C(0xffffffff81412345), 0x40212345);
    maps(&state, UINT64_C(0xffffff803fffffff), 0xbfffffff);
    maps(&state, UINT64_C(0xffffffff81235000), NOTHING);
    maps(&state, UINT64_C(0x0000ffff81234567), NOTHING); /* not canonical */
    maps(&state, 0, NOTHING);
    end();
}

static void five_levels(void)
{
    const X86State state = {.cr0 = CR0_PG, .cr4 = PAE | LA57, .cr3 = 0x1000, .efer = LMA};

    begin();
    entry64(0x1000, 0x001, 0x2000 | P);
    entry64(0x2000, 0x000, 0x3000 | P);
    entry64(0x3000, 0x000, UINT64_C(0xc0000000) | PS | P);
    maps(&state, UINT64_C(0x0001000012345678), 0xd2345678);
    maps(&state, UINT64_C(0x0001008000000000), NOTHING);
    maps(&state, UINT64_C(0x0101000012345678), NOTHING); /* not canonical */
    end();
}

/* Tables that are nowhere read as ones: present, and at the end of what a pointer can say. */
static void tables_in_nowhere(void)
{
    X86State state = {.cr0 = CR0_PG, .cr4 = PAE, .cr3 = UINT64_C(0xfffffffff000), .efer = LMA};
    uint64_t physical;

    begin();
    page_walk(&state, 0x1234, &physical);
    state = (X86State){.cr0 = CR0_PG, .cr3 = 0xfffff000};
    page_walk(&state, 0xffffffff, &physical);
    end();
}

/* How far an entry speaks, whether or not it maps, and what it allows. */
static void spans_and_rights(void)
{
    const X86State two = {.cr0 = CR0_PG, .cr3 = 0x1000, .cr4 = PSE};
    const X86State four = {.cr0 = CR0_PG, .cr4 = PAE, .cr3 = 0x4000, .efer = LMA};
    const unsigned rw = 2, us = 4;
    const struct {
        const X86State *state;
        uint64_t linear, size;
        bool present, writable, user;
    } rows[] = {
        {&two, 0, 1 << 22, false, false, false},
        {&two, 0x400000, 1 << 12, true, true, true},
        {&two, 0x401000, 1 << 12, true, false, true},
        {&two, 0x402000, 1 << 12, true, true, false},
        {&two, 0x403000, 1 << 12, false, false, false},
        {&two, 0x800000, 1 << 22, true, true, false},
        {&two, 0xc00000, 1 << 12, true, false, false},
        {&two, UINT64_C(1) << 32, 1 << 12, false, true, true},
        {&four, 0, UINT64_C(1) << 30, true, true, false},
        {&four, UINT64_C(1) << 30, 1 << 21, true, true, true},
        {&four, UINT64_C(3) << 29, 1 << 21, false, true, true},
        {&four, UINT64_C(2) << 30, UINT64_C(1) << 30, false, true, true},
        {&four, UINT64_C(1) << 39, UINT64_C(1) << 39, false, true, true},
    };

    begin();
    entry32(0x1000, 1, 0x2000 | P | rw | us);
    entry32(0x2000, 0, 0x5000 | P | rw | us);
    entry32(0x2000, 1, 0x6000 | P | us);
    entry32(0x2000, 2, 0x7000 | P | rw);
    entry32(0x1000, 2, 0x800000 | PS | P | rw);
    entry32(0x1000, 3, 0x3000 | P);
    entry32(0x3000, 0, 0x8000 | P | rw | us);
    entry64(0x4000, 0, 0x5000 | P | rw | us);
    entry64(0x5000, 0, PS | P | rw);
    entry64(0x5000, 1, 0x6000 | P | rw | us);
    entry64(0x6000, 0, PS | P | rw | us);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        const PageMapping m = page_walk_mapping(rows[i].state, rows[i].linear);

        g_assert_cmphex(m.linear, ==, rows[i].linear);
        g_assert_cmphex(m.size, ==, rows[i].size);
        g_assert_cmpint(m.present, ==, rows[i].present);
        if (m.present) {
            g_assert_cmpint(m.writable, ==, rows[i].writable);
            g_assert_cmpint(m.user, ==, rows[i].user);
        }
    }
    end();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/page-walk/no paging", no_paging);
    g_test_add_func("/page-walk/two levels", two_levels);
    g_test_add_func("/page-walk/PAE", pae);
    g_test_add_func("/page-walk/four levels", four_levels);
    g_test_add_func("/page-walk/five levels", five_levels);
    g_test_add_func("/page-walk/tables in nowhere", tables_in_nowhere);
    g_test_add_func("/page-walk/spans-and-rights", spans_and_rights);
    return g_test_run();
}
