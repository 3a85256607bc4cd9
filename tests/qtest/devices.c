/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which devices are there: the board's own, and those of -device and -vga.
 */
#include <stdio.h>

#include "vm.h"

static void test_board(void)
{
    static const struct {
        int devfn;
        uint32_t id, class;
    } functions[] = {
        {PCI_DEVFN(0, 0), 0x12378086, 0x0600},
        {PCI_DEVFN(1, 0), 0x70008086, 0x0601},
        {PCI_DEVFN(1, 1), 0x70108086, 0x0101},
        {PCI_DEVFN(1, 3), 0x71138086, 0x0680},
    };
    Vm *vm = vm_start("-nodefaults");

    for (size_t i = 0; i < G_N_ELEMENTS(functions); i++) {
        g_assert_cmphex(pci_readl(vm, functions[i].devfn, 0), ==, functions[i].id);
        g_assert_cmphex(pci_readw(vm, functions[i].devfn, 10), ==, functions[i].class);
    }
    g_assert_cmphex(pci_readl(vm, PCI_DEVFN(2, 0), 0), ==, UINT32_MAX);
    vm_stop(vm);
}

static void test_e1000(void)
{
    Vm *vm = vm_start("-nodefaults -device e1000,mac=52:54:00:12:34:99,addr=4");
    const int devfn = pci_find(vm, 0x8086, 0x100e, 0);
    const uint32_t mmio = 0xe0000000;

    g_assert_cmphex(devfn, ==, PCI_DEVFN(4, 0));
    g_assert_cmphex(pci_bar_size(vm, devfn, 0), ==, 0x20000);
    g_assert_cmphex(pci_bar_size(vm, devfn, 1), ==, 0x40);
    pci_writel(vm, devfn, 0x10, mmio);
    g_assert_cmphex(readl(vm, mmio + 8), ==, UINT32_MAX);
    pci_writew(vm, devfn, 4, 2);
    g_assert_cmphex(readl(vm, mmio + 0x5400), ==, 0x12005452); /* RAL0 */
    g_assert_cmphex(readl(vm, mmio + 0x5404), ==, 0x80009934); /* RAH0, valid */
    pci_writew(vm, devfn, 4, 0);
    g_assert_cmphex(readl(vm, mmio + 8), ==, UINT32_MAX);
    vm_stop(vm);
}

/* Each that -device can plug without anything else shows up, and its machine ends well. */
static void test_plug(void)
{
    static const struct {
        const char *device;
        uint32_t id;
    } cases[] = {
        {"e1000", 0x100e8086},
        {"VGA", 0x11111234},
        {"cirrus-vga", 0x00b81013},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        Vm *vm = vm_start("-nodefaults -device %s -device e1000", cases[i].device);

        g_assert_cmpint(pci_find(vm, cases[i].id & 0xffff, cases[i].id >> 16, 0), >=, 0);
        g_assert_cmpint(pci_find(vm, 0x8086, 0x100e, cases[i].id == 0x100e8086), >=, 0);
        vm_stop(vm);
    }
}

static void test_vga_option(void)
{
    Vm *vm = vm_start("-nodefaults -vga std");

    g_assert_cmpint(pci_find(vm, 0x1234, 0x1111, 0), >=, 0);
    vm_stop(vm);
    vm = vm_start("-nodefaults -vga none");
    g_assert_cmpint(pci_find(vm, 0x1234, 0x1111, 0), ==, -1);
    g_assert_cmpint(pci_find(vm, 0x1013, 0x00b8, 0), ==, -1);
    vm_stop(vm);
}

static void test_debug_exit(void)
{
    Vm *vm = vm_start("-nodefaults -device isa-debug-exit,iobase=0xf4,iosize=4");

    outb(vm, 0xf4, 5);
    g_assert_cmpint(vm_wait(vm), ==, 5 << 1 | 1);
}

/* The machine "none" has no devices at all, and memory only if it is asked for. */
static void test_machine_none(void)
{
    Vm *vm = vm_start("-machine none");

    g_assert_cmphex(inl(vm, 0xcfc), ==, UINT32_MAX);
    writel(vm, 0x1000, 0);
    g_assert_cmphex(readl(vm, 0x1000), ==, UINT32_MAX);
    g_assert_cmpint(vm_step_to_next(vm), ==, -1);
    vm_stop(vm);
    vm = vm_start("-machine none -m 4");
    writel(vm, 0x1000, 0x12345678);
    g_assert_cmphex(readl(vm, 0x1000), ==, 0x12345678);
    g_assert_cmphex(readl(vm, 4 << 20), ==, UINT32_MAX);
    vm_stop(vm);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/devices/board", test_board);
    g_test_add_func("/devices/e1000", test_e1000);
    g_test_add_func("/devices/plug", test_plug);
    g_test_add_func("/devices/vga-option", test_vga_option);
    g_test_add_func("/devices/debug-exit", test_debug_exit);
    g_test_add_func("/devices/machine-none", test_machine_none);
    return g_test_run();
}
