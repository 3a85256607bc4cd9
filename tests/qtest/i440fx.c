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
    static const unsigned sizes[] = {64, 128, 192, 256, 1024, 16384}; /* KiB */

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

/* Which bits of each register a write changes; the sheet's others read as they did. */
static void test_masks(void)
{
    static const struct {
        uint8_t from, to, reset, mask;
    } rows[] = {
        {0x00, 0x03, 0, 0},       {0x06, 0x06, 0x80, 0},    {0x08, 0x0c, 0, 0},
        {0x0d, 0x0d, 0, 0xf8},    {0x0e, 0x0f, 0, 0},       {0x10, 0x3f, 0, 0},
        {0x50, 0x50, 0, 0x7f},    {0x52, 0x52, 0, 0xff},    {0x53, 0x53, 0x80, 0xff},
        {0x57, 0x57, 0x01, 0xff}, {0x58, 0x58, 0x10, 0xff}, {0x59, 0x59, 0, 0x30},
        {0x5a, 0x5f, 0, 0x33},    {0x60, 0x67, 0x01, 0xff}, {0x68, 0x68, 0, 0xc0},
        {0x69, 0x6f, 0, 0},       {0x70, 0x70, 0, 0xf8},    {0x71, 0x71, 0x10, 0xf8},
        {0x72, 0x72, 0x02, 0x68}, {0x73, 0x8f, 0, 0},       {0x94, 0xff, 0, 0},
    };
    Vm *vm = vm_start("-nodefaults");

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        for (int reg = rows[i].from; reg <= rows[i].to; reg++) {
            const uint8_t before = pci_readb(vm, HOST, reg);
            const uint8_t ones = reg == 0x72 ? 0xef : 0xff; /* not the lock */

            if (rows[i].mask) {
                g_assert_cmphex(before, ==, rows[i].reset);
            }
            pci_writeb(vm, HOST, reg, ones);
            g_assert_cmphex(pci_readb(vm, HOST, reg), ==, before | rows[i].mask);
            pci_writeb(vm, HOST, reg, 0);
            g_assert_cmphex(pci_readb(vm, HOST, reg), ==, before & ~rows[i].mask);
        }
    }
    vm_stop(vm);
}

/* A0000 to BFFFF is RAM while SMRAM is open and not closed; the lock shuts it until reset. */
static void test_smram(void)
{
    static const struct {
        uint8_t value;
        bool shown;
    } cases[] = {{0x02, false}, {0x42, false}, {0x0a, false}, {0x4a, true},
                 {0x6a, false}, {0x4a, true},  {0x22, false}};
    Vm *vm = vm_start("-nodefaults");

    pci_writeb(vm, HOST, 0x72, 0x4a);
    writel(vm, 0xa0000, 0x12345678);
    writel(vm, 0xbfffc, 0x9abcdef0);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        pci_writeb(vm, HOST, 0x72, cases[i].value);
        g_assert_cmphex(readl(vm, 0xa0000), ==, cases[i].shown ? 0x12345678 : UINT32_MAX);
        g_assert_cmphex(readl(vm, 0xbfffc), ==, cases[i].shown ? 0x9abcdef0 : UINT32_MAX);
    }
    pci_writeb(vm, HOST, 0x72, 0x5a);
    g_assert_cmphex(pci_readb(vm, HOST, 0x72), ==, 0x1a);
    pci_writeb(vm, HOST, 0x72, 0x4a);
    g_assert_cmphex(pci_readb(vm, HOST, 0x72), ==, 0x1a);
    g_assert_cmphex(readl(vm, 0xa0000), ==, UINT32_MAX);
    vm_reset(vm);
    g_assert_cmphex(pci_readb(vm, HOST, 0x72), ==, 0x02);
    pci_writeb(vm, HOST, 0x72, 0x4a);
    g_assert_cmphex(readl(vm, 0xa0000), ==, 0x12345678);
    vm_stop(vm);
}

/* ---------------------------------------------------------------- configuration mechanism 1 -- */

#define CONFADD  0xcf8
#define CONFDATA 0xcfc

/* Only a double word at CF8 is the address; its reserved bits are not there. */
static void test_confadd(void)
{
    Vm *vm = vm_start("-nodefaults");

    outl(vm, CONFADD, 0xffffffff);
    g_assert_cmphex(inl(vm, CONFADD), ==, 0x80ffffff);
    outl(vm, CONFADD, 0x80000004);
    for (int i = 0; i < 4; i++) {
        if (i != 1) { /* CF9 resets */
            outb(vm, CONFADD + i, 0xff);
        }
    }
    outb(vm, CONFADD + 1, 0);
    outw(vm, CONFADD + 2, 0xffff);
    outw(vm, CONFADD, 0x00ff);
    g_assert_cmphex(inl(vm, CONFADD), ==, 0x80000004);
    g_assert_cmphex(inb(vm, CONFADD), ==, 0xff); /* such cycles go past the bridge */
    g_assert_cmphex(inw(vm, CONFADD + 2), ==, 0xffff);
    vm_reset(vm);
    g_assert_cmphex(inl(vm, CONFADD), ==, 0);
    vm_stop(vm);
}

/* Any width at any of the four ports, and no answer where nothing is addressed. */
static void test_confdata(void)
{
    Vm *vm = vm_start("-nodefaults");

    outl(vm, CONFADD, 0x80000000);
    g_assert_cmphex(inl(vm, CONFDATA), ==, 0x12378086);
    g_assert_cmphex(inw(vm, CONFDATA), ==, 0x8086);
    g_assert_cmphex(inw(vm, CONFDATA + 2), ==, 0x1237);
    g_assert_cmphex(inw(vm, CONFDATA + 1), ==, 0x3780);
    for (int i = 0; i < 4; i++) {
        g_assert_cmphex(inb(vm, CONFDATA + i), ==, 0x12378086 >> (8 * i) & 0xff);
    }
    outl(vm, CONFADD, 0x80000060); /* DRB0 to DRB3 */
    outl(vm, CONFDATA, 0x44332211);
    outw(vm, CONFDATA + 1, 0xbbaa);
    outb(vm, CONFDATA + 3, 0xcc);
    g_assert_cmphex(inl(vm, CONFDATA), ==, 0xccbbaa11);
    outl(vm, CONFADD, 0x00000060); /* not enabled */
    outl(vm, CONFDATA, 0);
    g_assert_cmphex(inl(vm, CONFDATA), ==, UINT32_MAX);
    outl(vm, CONFADD, 0x80010060); /* another bus */
    outl(vm, CONFDATA, 0);
    g_assert_cmphex(inl(vm, CONFDATA), ==, UINT32_MAX);
    outl(vm, CONFADD, 0x8000f860); /* no such device */
    outl(vm, CONFDATA, 0);
    g_assert_cmphex(inl(vm, CONFDATA), ==, UINT32_MAX);
    g_assert_cmphex(pci_readl(vm, HOST, 0x60), ==, 0xccbbaa11);
    vm_stop(vm);
}

/* A register's byte in the address, in the port, or in both: a bit counts once. */
static void test_confadd_byte(void)
{
    Vm *vm = vm_start("-nodefaults");

    pci_writel(vm, HOST, 0x60, 0x44332211); /* DRB0 to DRB3 */
    for (unsigned low = 0; low < 4; low++) {
        outl(vm, CONFADD, 0x80000060 | low);
        for (unsigned port = 0; port < 4; port++) {
            g_assert_cmphex(inb(vm, CONFDATA + port), ==, 0x11 * (1 + (low | port)));
        }
    }
    outl(vm, CONFADD, 0x80000062);
    g_assert_cmphex(inw(vm, CONFDATA), ==, 0x4433);
    outw(vm, CONFDATA, 0xbbaa);
    outb(vm, CONFDATA + 1, 0xcc);
    g_assert_cmphex(pci_readl(vm, HOST, 0x60), ==, 0xccaa2211);
    outl(vm, CONFADD, 0x800000ff); /* four bytes at the last one */
    outl(vm, CONFDATA, 0xffffffff);
    inl(vm, CONFDATA + 3);
    g_assert_cmphex(pci_readl(vm, HOST, 0), ==, 0x12378086);
    vm_stop(vm);
}

/* Accesses across the end: of the four ports, of the address, of configuration space. */
static void test_confdata_ends(void)
{
    Vm *vm = vm_start("-nodefaults");

    outl(vm, CONFADD, 0x80000060);
    outl(vm, CONFDATA, 0x44332211);
    g_assert_cmphex(inl(vm, CONFDATA + 2) & 0xffff, ==, 0x4433);
    g_assert_cmphex(inw(vm, CONFDATA + 3) & 0xff, ==, 0x44);
    outl(vm, CONFDATA + 2, 0x0000bbaa);
    g_assert_cmphex(inl(vm, CONFDATA), ==, 0xbbaa2211);
    outl(vm, CONFADD + 2, 0x6655ffff); /* not the address; its second half is data */
    g_assert_cmphex(inl(vm, CONFADD), ==, 0x80000060);
    outl(vm, CONFADD, 0x800000fc);
    for (int i = 0; i < 4; i++) {
        outl(vm, CONFDATA + i, 0xffffffff);
        inl(vm, CONFDATA + i);
        outw(vm, CONFDATA + i, 0xffff);
        inw(vm, CONFDATA + i);
    }
    g_assert_cmphex(pci_readl(vm, HOST, 0), ==, 0x12378086);
    g_assert_cmphex(pci_readl(vm, HOST, 0xfc), ==, 0);
    vm_stop(vm);
}

/* --------------------------------------------------------------------------------- resets -- */

static bool was_reset(Vm *vm)
{
    const bool reset = pci_readb(vm, HOST, 0x5a) == 0;

    pci_writeb(vm, HOST, 0x5a, 0x33);
    return reset;
}

/* CF9 resets as bit 2 rises; port 92 as bit 0 does; TRC as its bit 2 does. RAM survives. */
static void test_resets(void)
{
    Vm *vm = vm_start("-nodefaults");

    writel(vm, 0x1000, 0x5aa55aa5);
    g_assert_true(was_reset(vm));
    outb(vm, 0xcf9, 0x02);
    g_assert_cmphex(inb(vm, 0xcf9), ==, 0x02);
    g_assert_false(was_reset(vm));
    outb(vm, 0xcf9, 0x06);
    g_assert_true(was_reset(vm));
    g_assert_cmphex(inb(vm, 0xcf9), ==, 0);
    outb(vm, 0xcf9, 0x04); /* a soft one */
    g_assert_true(was_reset(vm));
    outb(vm, 0x92, 0x02);
    g_assert_cmphex(inb(vm, 0x92), ==, 0x02);
    g_assert_false(was_reset(vm));
    outb(vm, 0x92, 0x03);
    g_assert_true(was_reset(vm));
    g_assert_cmphex(inb(vm, 0x92), ==, 0);
    pci_writeb(vm, HOST, 0x93, 0x04);
    g_assert_true(was_reset(vm));
    g_assert_cmphex(pci_readb(vm, HOST, 0x93), ==, 0);
    g_assert_cmphex(readl(vm, 0x1000), ==, 0x5aa55aa5);
    vm_stop(vm);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/i440fx/defaults", test_defaults);
    g_test_add_func("/i440fx/pam", test_pam);
    g_test_add_func("/i440fx/firmware", test_firmware);
    g_test_add_func("/i440fx/masks", test_masks);
    g_test_add_func("/i440fx/smram", test_smram);
    g_test_add_func("/i440fx/confadd", test_confadd);
    g_test_add_func("/i440fx/confadd-byte", test_confadd_byte);
    g_test_add_func("/i440fx/confdata", test_confdata);
    g_test_add_func("/i440fx/confdata-ends", test_confdata_ends);
    g_test_add_func("/i440fx/resets", test_resets);
    return g_test_run();
}
