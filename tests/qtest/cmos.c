/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What CMOS tells firmware of the machine: memory, CPUs, disks. (Floppies: fdc.c; the boot order:
 * boot-order.c.)
 */
#include <glib/gstdio.h>
#include <unistd.h>

#include "vm.h"

static unsigned cmos_read16(Vm *vm, uint8_t index)
{
    return cmos_read(vm, index) | cmos_read(vm, index + 1) << 8;
}

/* KiB below 1 MiB, KiB above it twice, 64 KiB above 16 MiB, 64 KiB above 4 GiB. */
static void test_memory(void)
{
    static const struct {
        const char *size;
        unsigned base, extended, above_16m, above_4g;
    } cases[] = {
        {"1M", 640, 0, 0, 0},
        {"16M", 640, 15 * 1024, 0, 0},
        {"20M", 640, 19 * 1024, 64, 0},
        {"64M", 640, 63 * 1024, 48 * 16, 0},
        {"128M", 640, 0xffff, 112 * 16, 0},
        {"3G", 640, 0xffff, (3072 - 16) * 16, 0},
        {"3583M", 640, 0xffff, (3583 - 16) * 16, 0},        /* all of it below 4 GiB yet */
        {"3584M", 640, 0xffff, (3072 - 16) * 16, 512 * 16}, /* the rest goes above */
        {"6G", 640, 0xffff, (3072 - 16) * 16, 3072 * 16},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        Vm *vm = vm_start("-nodefaults -m %s", cases[i].size);

        g_test_message("%s", cases[i].size);
        g_assert_cmpuint(cmos_read16(vm, 0x15), ==, cases[i].base);
        g_assert_cmpuint(cmos_read16(vm, 0x17), ==, cases[i].extended);
        g_assert_cmpuint(cmos_read16(vm, 0x30), ==, cases[i].extended);
        g_assert_cmpuint(cmos_read16(vm, 0x34), ==, cases[i].above_16m);
        g_assert_cmpuint(cmos_read16(vm, 0x5b) | cmos_read(vm, 0x5d) << 16, ==, cases[i].above_4g);
        vm_reset(vm);
        g_assert_cmpuint(cmos_read16(vm, 0x34), ==, cases[i].above_16m);
        vm_stop(vm);
    }
}

static void test_cpus(void)
{
    for (int cpus = 1; cpus <= 8; cpus *= 2) {
        Vm *vm = vm_start("-nodefaults -smp %d", cpus);

        g_assert_cmpuint(cmos_read(vm, 0x5f), ==, cpus - 1);
        vm_stop(vm);
    }
}

/* The reset status that a crash of firmware may leave does not survive a reset. */
static void test_shutdown_status(void)
{
    Vm *vm = vm_start("-nodefaults");

    g_assert_cmphex(cmos_read(vm, 0x0f), ==, 0);
    cmos_write(vm, 0x0f, 0x0a);
    vm_reset(vm);
    g_assert_cmphex(cmos_read(vm, 0x0f), ==, 0);
    vm_stop(vm);
}

/*
 * Types and geometries of the first channel's two disks; how the BIOS translates each of the four,
 * in two bits: 0 not at all, 1 by LBA.
 */
static void test_disks(void)
{
    g_autofree char *path = NULL;
    int fd = g_file_open_tmp("lignite-XXXXXX", &path, NULL);
    Vm *vm;

    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(ftruncate(fd, INT64_C(1) << 30), ==, 0); /* 2080 * 16 * 63 */
    close(fd);
    vm = vm_start("-nodefaults -snapshot -drive file=%s,format=raw,index=1"
                  " -drive file=%s,format=raw,index=3 -drive media=cdrom,index=0",
                  path, path);
    g_assert_cmphex(cmos_read(vm, 0x12), ==, 0x0f);
    g_assert_cmphex(cmos_read(vm, 0x19), ==, 0);
    g_assert_cmphex(cmos_read(vm, 0x1a), ==, 47);
    g_assert_cmpuint(cmos_read16(vm, 0x24), ==, 2080);
    g_assert_cmpuint(cmos_read(vm, 0x26), ==, 16);
    g_assert_cmphex(cmos_read(vm, 0x29), ==, 0xc8); /* more than 8 heads */
    g_assert_cmpuint(cmos_read(vm, 0x2c), ==, 63);
    g_assert_cmphex(cmos_read(vm, 0x39), ==, 1 << 2 | 1 << 6);
    vm_stop(vm);
    vm = vm_start("-nodefaults -snapshot -drive if=none,id=d,file=%s,format=raw"
                  " -device ide-hd,drive=d,cyls=100,heads=5,secs=17",
                  path);
    g_assert_cmphex(cmos_read(vm, 0x12), ==, 0xf0);
    g_assert_cmpuint(cmos_read16(vm, 0x1b), ==, 100);
    g_assert_cmpuint(cmos_read(vm, 0x1d), ==, 5);
    g_assert_cmphex(cmos_read(vm, 0x20), ==, 0xc0);
    g_assert_cmpuint(cmos_read(vm, 0x23), ==, 17);
    g_assert_cmphex(cmos_read(vm, 0x39), ==, 0);
    vm_stop(vm);
    g_unlink(path);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/cmos/memory", test_memory);
    g_test_add_func("/cmos/cpus", test_cpus);
    g_test_add_func("/cmos/shutdown-status", test_shutdown_status);
    g_test_add_func("/cmos/disks", test_disks);
    return g_test_run();
}
