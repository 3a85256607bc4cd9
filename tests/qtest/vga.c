/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Registers of the VGA that a hostile guest would write: start addresses, offsets and DISPI sizes
 * beyond memory. The screen is drawn each time, and the registers read as what is drawn.
 */
#include "vm.h"

#define LFB  0xe0000000u
#define MMIO 0xe4000000u
#define VRAM (16 * 1024 * 1024)

enum { XRES = 1, YRES, BPP, ENABLE, BANK, VIRT_WIDTH, VIRT_HEIGHT, X_OFFSET, Y_OFFSET };

static void index_write(Vm *vm, uint16_t port, uint8_t index, uint8_t value)
{
    outw(vm, port, value << 8 | index);
}

static void draw(Vm *vm)
{
    g_autofree char *path = g_build_filename(vm_folder(vm), "screen", NULL);

    vm_do(vm, "screendump", "{s:s}", "filename", path);
}

/* In text of 80 x 25, or in mode 12h. */
static Vm *start(bool graphics)
{
    static const uint8_t text[] = {0x5f, 0x4f, 0x50, 0x82, 0x55, 0x81, 0xbf, 0x1f, 0,
                                   0x4f, 0x0d, 0x0e, 0,    0,    0,    0,    0x9c, 0x0e,
                                   0x8f, 0x28, 0x1f, 0x96, 0xb9, 0xa3, 0xff};
    Vm *vm = vm_start("-vga std -m 16");
    int devfn = pci_find(vm, 0x1234, 0x1111, 0);

    g_assert_cmpint(devfn, >=, 0);
    pci_writel(vm, devfn, 0x10, LFB);
    pci_writel(vm, devfn, 0x18, MMIO);
    pci_writew(vm, devfn, 0x04, 3);
    outb(vm, 0x3c2, 0x67);
    index_write(vm, 0x3c4, 2, 0x0f);
    index_write(vm, 0x3c4, 4, 0x06);
    index_write(vm, 0x3ce, 6, graphics ? 0x05 : 0x0e);
    index_write(vm, 0x3ce, 8, 0xff);
    for (unsigned i = 0; i < sizeof(text); i++) {
        index_write(vm, 0x3d4, i, text[i]);
    }
    inb(vm, 0x3da);
    outb(vm, 0x3c0, 0x20);
    return vm;
}

/* CVE-2018-5683: text that begins at the end of memory. */
static void test_text_start(void)
{
    static const uint8_t starts[] = {0xff, 0x80, 0x7f, 0x00};
    Vm *vm = start(false);

    for (unsigned i = 0; i < sizeof(starts); i++) {
        char *text;

        index_write(vm, 0x3d4, 0x0c, starts[i]);
        index_write(vm, 0x3d4, 0x0d, 0xff);
        index_write(vm, 0x3d4, 0x08, 0x7f); /* and panned by three bytes and 31 lines */
        for (unsigned offset = 0; offset <= 255; offset += 85) {
            index_write(vm, 0x3d4, 0x13, offset);
            draw(vm);
            text = vm_hmp(vm, "info screen");
            g_assert_nonnull(text);
            g_free(text);
        }
    }
    vm_stop(vm);
}

/* CVE-2017-13672, CVE-2018-7858: start + offset x height wraps; the screen is split anywhere. */
static void test_wrap_and_split(void)
{
    for (int graphics = 0; graphics < 2; graphics++) {
        Vm *vm = start(graphics);

        for (int i = 0; i < 24; i++) {
            index_write(vm, 0x3d4, 0x0c, 0xff);
            index_write(vm, 0x3d4, 0x0d, g_test_rand_int());
            index_write(vm, 0x3d4, 0x13, i % 2 ? 0xff : g_test_rand_int());
            index_write(vm, 0x3d4, 0x18, g_test_rand_int());
            index_write(vm, 0x3d4, 0x07, g_test_rand_int());
            index_write(vm, 0x3d4, 0x09, g_test_rand_int());
            index_write(vm, 0x3d4, 0x12, g_test_rand_int());
            index_write(vm, 0x3d4, 0x01, i % 2 ? 0xff : g_test_rand_int());
            index_write(vm, 0x3d4, 0x14, g_test_rand_int());
            index_write(vm, 0x3d4, 0x17, g_test_rand_int());
            index_write(vm, 0x3c4, 1, g_test_rand_int() & ~0x20);
            index_write(vm, 0x3ce, 5, g_test_rand_int());
            draw(vm);
            inb(vm, 0x3da);
            vm_step(vm, 7 * NANOSECONDS_PER_MS);
        }
        vm_stop(vm);
    }
}

static void dispi(Vm *vm, uint16_t index, uint16_t value)
{
    outw(vm, 0x1ce, index);
    outw(vm, 0x1cf, value);
}

static uint16_t get_dispi(Vm *vm, uint16_t index)
{
    outw(vm, 0x1ce, index);
    return inw(vm, 0x1cf);
}

/* What is shown lies in memory, by what the registers read as. */
static void assert_inside(Vm *vm)
{
    uint64_t bits = get_dispi(vm, BPP), bytes = (bits + 7) / 8;
    uint64_t pitch = get_dispi(vm, VIRT_WIDTH) * bytes;

    g_assert_true(bits == 4 || bits == 8 || bits == 15 || bits == 16 || bits == 24 || bits == 32);
    g_assert_cmpuint(get_dispi(vm, XRES), >, 0);
    g_assert_cmpuint(get_dispi(vm, YRES), >, 0);
    g_assert_cmpuint(get_dispi(vm, X_OFFSET) + get_dispi(vm, XRES), <=, get_dispi(vm, VIRT_WIDTH));
    g_assert_cmpuint((get_dispi(vm, Y_OFFSET) + get_dispi(vm, YRES)) * pitch, <=, VRAM);
    g_assert_cmpuint(get_dispi(vm, BANK), <, VRAM >> 16);
}

/* A depth of 0, of 15, and of what there is not. */
static void test_depths(void)
{
    static const uint16_t depths[] = {0, 1, 4, 7, 8, 15, 16, 17, 24, 32, 33, 64, 0xffff};
    Vm *vm = start(false);

    for (unsigned i = 0; i < G_N_ELEMENTS(depths); i++) {
        dispi(vm, ENABLE, 0);
        dispi(vm, XRES, 320);
        dispi(vm, YRES, 200);
        dispi(vm, BPP, depths[i]);
        dispi(vm, ENABLE, 0x41);
        assert_inside(vm);
        draw(vm);
        dispi(vm, BPP, depths[G_N_ELEMENTS(depths) - 1 - i]); /* and while it is shown */
        assert_inside(vm);
        draw(vm);
    }
    vm_stop(vm);
}

/* CVE-2014-3615, CVE-2016-3710, CVE-2016-3712: each write is checked with the others' values. */
static void test_dispi_writes(void)
{
    static const uint16_t values[] = {0,    1,    7,     8,      640,    1000,  1024,
                                      2048, 4096, 16000, 0x7fff, 0x8000, 0xffff};
    Vm *vm = start(false);

    dispi(vm, XRES, 64);
    dispi(vm, YRES, 64);
    dispi(vm, BPP, 32);
    dispi(vm, ENABLE, 0x41);
    for (int i = 0; i < 400; i++) {
        uint16_t index = g_test_rand_int_range(0, 12);
        uint16_t value = values[g_test_rand_int_range(0, G_N_ELEMENTS(values))];

        if (index == ENABLE) {
            value = 0xc1; /* on, or on again */
        } else if (index == BPP) {
            value = g_test_rand_int_range(0, 5) * 8;
        }
        if (g_test_rand_bit()) {
            dispi(vm, index, value);
        } else {
            writew(vm, MMIO + 0x500 + 2 * index, value);
        }
        assert_inside(vm);
        writeb(vm, 0xa0000 + g_test_rand_int_range(0, 0x10000), value);
        writel(vm, LFB + (g_test_rand_int() & (VRAM - 4)), value);
        if (i % 16 == 0) {
            draw(vm);
        }
    }
    /* The bank can be set while the display is off: it is in memory, too. */
    dispi(vm, ENABLE, 0);
    dispi(vm, BANK, 0xffff);
    g_assert_cmpuint(get_dispi(vm, BANK), <, VRAM >> 16);
    writeb(vm, 0xaffff, 1);
    draw(vm);
    vm_stop(vm);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vga/text-start", test_text_start);
    g_test_add_func("/vga/wrap-and-split", test_wrap_and_split);
    g_test_add_func("/vga/depths", test_depths);
    g_test_add_func("/vga/dispi-writes", test_dispi_writes);
    return g_test_run();
}
