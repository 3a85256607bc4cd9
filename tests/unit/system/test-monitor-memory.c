/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The monitor's view of virtual memory, with page tables of this test: x, gva2gpa, info mem.
 */
#include <string.h>

#include "accel/cpu-state.h"
#include "hw/core/device.h"
#include "hw/core/machine.h"
#include "memory/system.h"
#include "monitor-internal.h"

const DeviceClass *const device_classes[] = {&device_class, NULL};
const MachineClass *const machine_classes[] = {NULL};

#define RAM_SIZE 0x200000
#define CR0_PG   (UINT64_C(1) << 31)
#define PAE      (1u << 5)
#define LMA      (1u << 10)

enum { P = 1, RW = 2, US = 4, PS = 0x80 };

static MemoryRegion ram;
static X86State state;

/* Stand for monitor-expr.c. */
bool monitor_cpu_state(X86State *to, GError **errp)
{
    *to = state;
    return true;
}

bool monitor_evaluate(const char *text, uint64_t *value, GError **errp)
{
    *value = g_ascii_strtoull(text, NULL, 0);
    return true;
}

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

static void expect(MonitorRun *run, const char *words, const char *text)
{
    g_auto(GStrv) argv = g_strsplit(words, " ", -1);
    g_autoptr(GString) out = g_string_new(NULL);
    g_autoptr(GError) err = NULL;

    g_assert_true(run(*words ? argv : (char *[]){NULL}, out, &err));
    g_assert_no_error(err);
    g_assert_cmpstr(out->str, ==, text);
}

/* Neighbours with the same rights are one range, up to the last page. */
static void test_two_levels(void)
{
    begin();
    state = (X86State){.cr0 = CR0_PG, .cr3 = 0x1000};
    expect(info_mem, "", "");
    entry32(0x1000, 1, 0x2000 | P | RW | US);
    entry32(0x2000, 1, 0x5000 | P | RW | US);
    entry32(0x2000, 2, 0x9000 | P | RW | US); /* elsewhere, and all the same next to it */
    entry32(0x2000, 3, 0x6000 | P | US);
    entry32(0x2000, 5, 0x7000 | P | RW);
    entry32(0x1000, 0x3ff, 0x3000 | P);
    entry32(0x3000, 0x3ff, 0x8000 | P);
    expect(info_mem, "",
           "0000000000401000-0000000000403000 0000000000002000 urw\n"
           "0000000000403000-0000000000404000 0000000000001000 ur-\n"
           "0000000000405000-0000000000406000 0000000000001000 -rw\n"
           "00000000fffff000-0000000100000000 0000000000001000 -r-\n");
    address_space_stl_le(&address_space_memory, 0x5ffc, 0x11223344, NULL);
    address_space_stl_le(&address_space_memory, 0x9000, 0x55667788, NULL);
    expect(run_x, "/1xg 0x401ffc", "0000000000401ffc: 0x5566778811223344\n"); /* over two pages */
    expect(run_x, "/2xw 0x403ffc", "0000000000403ffc: 0x00000000 Cannot access memory\n");
    expect(run_gva2gpa, "0x402123", "gpa: 0x9123\n");
    expect(run_gva2gpa, "0x404000", "Unmapped\n");
    end();
}

/* Both halves of the space; what touches the middle is not one with what is beyond. */
static void test_four_levels(void)
{
    begin();
    state = (X86State){.cr0 = CR0_PG, .cr4 = PAE, .cr3 = 0x1000, .efer = LMA};
    for (unsigned i = 0xff; i <= 0x100; i++) {
        entry64(0x1000, i, (0x2000 + 0x1000 * (i & 1)) | P | RW);
    }
    entry64(0x3000, 0x1ff, 0x40000000 | PS | P | RW); /* the last GiB below the middle */
    entry64(0x2000, 0, 0x80000000 | PS | P | RW);     /* the first above */
    entry64(0x1000, 0x1ff, 0x4000 | P | RW);
    entry64(0x4000, 0x1ff, 0 | PS | P | RW); /* the last of all */
    expect(info_mem, "",
           "00007fffc0000000-0000800000000000 0000000040000000 -rw\n"
           "ffff800000000000-ffff800040000000 0000000040000000 -rw\n"
           "ffffffffc0000000-0000000000000000 0000000040000000 -rw\n");
    end();
}

/* Tables that lead to themselves map as much as there are entries: an answer comes all the same. */
static void test_endless(void)
{
    begin();
    state = (X86State){.cr0 = CR0_PG, .cr4 = PAE, .cr3 = 0x1000, .efer = LMA};
    for (unsigned i = 0; i < 512; i++) {
        entry64(0x1000, i, 0x1000 | P | (i % 2 ? RW : 0));
    }
    {
        g_autoptr(GString) out = g_string_new(NULL);

        g_assert_true(info_mem((char *[]){NULL}, out, NULL));
        g_assert_true(g_str_has_suffix(out->str, "... and more\n"));
        g_assert_cmpuint(out->len, <, 100000);
    }
    end();
}

static void test_no_paging(void)
{
    begin();
    state = (X86State){};
    expect(info_mem, "", "PG disabled\n");
    expect(run_gva2gpa, "0x1234", "gpa: 0x1234\n");
    end();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/monitor-memory/two-levels", test_two_levels);
    g_test_add_func("/monitor-memory/four-levels", test_four_levels);
    g_test_add_func("/monitor-memory/endless", test_endless);
    g_test_add_func("/monitor-memory/no-paging", test_no_paging);
    return g_test_run();
}
