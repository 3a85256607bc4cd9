/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host bridge in its machine: registers after reset, and what the PAM registers show of the
 * RAM and the firmware below 1 MiB.
 */
#include <stdio.h>

#include "vm.h"

#define HOST PCI_DEVFN(0, 0)
#define BIOS 0xf0000

static void test_defaults(void)
{
    static const struct {
        uint8_t reg;
        uint32_t value;
    } longs[] = {
        {0x00, 0x12378086}, {0x04, 0x02800006}, {0x08, 0x06000002}, {0x0c, 0}, {0x10, 0},
        {0x14, 0},          {0x18, 0},          {0x1c, 0},          {0x20, 0}, {0x24, 0},
        {0x30, 0},          {0x34, 0},          {0x3c, 0},
    };
    Vm *vm = vm_start("-nodefaults");

    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < G_N_ELEMENTS(longs); i++) {
            g_assert_cmphex(pci_readl(vm, HOST, longs[i].reg), ==, longs[i].value);
        }
        for (int reg = 0x59; reg <= 0x5f; reg++) {
            g_assert_cmphex(pci_readb(vm, HOST, reg), ==, 0);
        }
        g_assert_cmphex(pci_readb(vm, HOST, 0x72), ==, 0x02);
        for (int reg = 0x50; reg < 0x80; reg++) {
            pci_writeb(vm, HOST, reg, 0x33);
        }
        vm_reset(vm);
    }
    vm_stop(vm);
}

/* The thirteen areas: where they are, and which half of which register rules them. */
static const struct {
    uint32_t addr, size;
    uint8_t reg, shift;
} areas[] = {
    {0xf0000, 0x10000, 0x59, 4}, {0xc0000, 0x4000, 0x5a, 0}, {0xc4000, 0x4000, 0x5a, 4},
    {0xc8000, 0x4000, 0x5b, 0},  {0xcc000, 0x4000, 0x5b, 4}, {0xd0000, 0x4000, 0x5c, 0},
    {0xd4000, 0x4000, 0x5c, 4},  {0xd8000, 0x4000, 0x5d, 0}, {0xdc000, 0x4000, 0x5d, 4},
    {0xe0000, 0x4000, 0x5e, 0},  {0xe4000, 0x4000, 0x5e, 4}, {0xe8000, 0x4000, 0x5f, 0},
    {0xec000, 0x4000, 0x5f, 4},
};

enum { PAM_READ = 1, PAM_WRITE = 2 };

static void set_pam(Vm *vm, size_t area, uint8_t mode)
{
    const uint8_t old = pci_readb(vm, HOST, areas[area].reg);

    pci_writeb(vm, HOST, areas[area].reg,
               (old & ~(3 << areas[area].shift)) | mode << areas[area].shift);
}

static bool holds(Vm *vm, size_t area, uint8_t value)
{
    const uint32_t size = areas[area].size;
    g_autofree uint8_t *data = g_malloc(size);

    vm_read(vm, areas[area].addr, data, size);
    for (uint32_t i = 0; i < size; i++) {
        if (data[i] != value) {
            return false;
        }
    }
    return true;
}

static void fill(Vm *vm, size_t area, uint8_t value)
{
    vm_fill(vm, areas[area].addr, areas[area].size, value);
}

static void test_pam(void)
{
    Vm *vm = vm_start("-nodefaults");

    for (size_t i = 0; i < G_N_ELEMENTS(areas); i++) {
        set_pam(vm, i, PAM_READ | PAM_WRITE);
        fill(vm, i, 0x42);
        g_assert_true(holds(vm, i, 0x42));
        set_pam(vm, i, PAM_READ); /* shown, and read-only */
        fill(vm, i, 0x43);
        g_assert_true(holds(vm, i, 0x42));
        set_pam(vm, i, PAM_WRITE); /* written, and not shown */
        g_assert_false(holds(vm, i, 0x42));
        fill(vm, i, 0x44);
        g_assert_false(holds(vm, i, 0x44));
        set_pam(vm, i, 0); /* neither */
        fill(vm, i, 0x45);
        g_assert_false(holds(vm, i, 0x44));
        g_assert_false(holds(vm, i, 0x45));
        set_pam(vm, i, PAM_READ);
        g_assert_true(holds(vm, i, 0x44));
    }
    /* A register's other half was left alone throughout. */
    for (size_t i = 0; i < G_N_ELEMENTS(areas); i++) {
        g_assert_true(holds(vm, i, 0x44));
    }
    vm_stop(vm);
}

/* Images of 64 KiB and more are seen whole below 4 GiB, and the last 64 KiB at 0xf0000. */
static void test_firmware(void)
{
    static const unsigned sizes[] = {64, 128, 256, 1024}; /* KiB */

    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        const size_t size = sizes[i] << 10;
        g_autofree uint8_t *image = g_malloc(size);
        g_autofree uint8_t *seen = g_malloc(size);
        g_autofree char *folder = g_dir_make_tmp("lignite-XXXXXX", NULL);
        g_autofree char *path = g_build_filename(folder, "bios", NULL);
        Vm *vm;

        for (size_t n = 0; n < size; n++) {
            image[n] = n ^ n >> 8 ^ n >> 16;
        }
        g_assert_true(g_file_set_contents(path, (char *)image, size, NULL));
        vm = vm_start("-nodefaults -bios %s", path);
        vm_read(vm, (UINT64_C(1) << 32) - size, seen, size);
        g_assert_cmpmem(image, size, seen, size);
        vm_read(vm, BIOS, seen, 0x10000);
        g_assert_cmpmem(image + size - 0x10000, 0x10000, seen, 0x10000);
        vm_fill(vm, (UINT64_C(1) << 32) - size, size, 0); /* read-only */
        vm_read(vm, (UINT64_C(1) << 32) - size, seen, size);
        g_assert_cmpmem(image, size, seen, size);
        vm_stop(vm);
        remove(path);
        remove(folder);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/i440fx/defaults", test_defaults);
    g_test_add_func("/i440fx/pam", test_pam);
    g_test_add_func("/i440fx/firmware", test_firmware);
    return g_test_run();
}
