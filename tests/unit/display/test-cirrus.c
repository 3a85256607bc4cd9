/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Cirrus on a PCI bus: firmware's probe, banks, the frame buffer, packed pictures, the cursor,
 * registers in memory, hostile registers. And the standard VGA with its DISPI registers.
 */
#include "pci-display.h"

static void set_hidden_dac(uint8_t val)
{
    inb(0x3c8);
    for (int i = 0; i < 4; i++) {
        inb(0x3c6);
    }
    outb(0x3c6, val);
}

/* 640 x 480 of packed pixels. */
static void set_packed(unsigned depth)
{
    static const uint8_t sr07[] = {[1] = 0x01, [2] = 0x07, [3] = 0x05, [4] = 0x09};
    unsigned bytes = (depth + 7) / 8;

    set_mode(&mode_12h);
    index_write(0x3c4, 6, 0x12);
    index_write(0x3c4, 7, sr07[bytes]);
    index_write(0x3c4, 4, 0x0e);
    index_write(0x3d4, 0x13, 80 * bytes);
    index_write(0x3d4, 0x1b, (80 * bytes >> 8) << 4 | 0x02);
    index_write(0x3ce, 0x0b, 0x20);
    set_hidden_dac(depth == 15 ? 0xf0 : depth == 16 ? 0xe1 : depth == 8 ? 0 : 0xe5);
}

static void test_probe(void)
{
    begin();
    g_assert_cmphex(pci_config_read(&bus, ((PCIDevice *)dev)->devfn, 0, 4), ==, 0x00b81013);
    g_assert_cmphex(pci_config_read(&bus, ((PCIDevice *)dev)->devfn, 8, 4) >> 16, ==, 0x0300);
    index_write(0x3c4, 6, 0x00);
    g_assert_cmphex(index_read(0x3c4, 6), ==, 0x0f);
    index_write(0x3c4, 6, 0x92);
    g_assert_cmphex(index_read(0x3c4, 6), ==, 0x12);
    outb(0x3c2, 1);
    g_assert_cmphex(index_read(0x3d4, 0x27), ==, 0xb8);
    index_write(0x3d4, 0x27, 0);
    g_assert_cmphex(index_read(0x3d4, 0x27), ==, 0xb8);
    g_assert_cmphex(index_read(0x3c4, 0x0f) & 0x98, ==, 0x98);
    index_write(0x3c4, 0x17, 0xff);
    g_assert_cmphex(index_read(0x3c4, 0x17), ==, 0xff);
    index_write(0x3c4, 0x17, 0x00);
    g_assert_cmphex(index_read(0x3c4, 0x17), ==, 0x38);
    /* The hidden DAC register is behind four reads, and only there. */
    set_hidden_dac(0xe1);
    g_assert_cmphex(inb(0x3c6), ==, 0xff);
    inb(0x3c6);
    inb(0x3c6);
    inb(0x3c6);
    g_assert_cmphex(inb(0x3c6), ==, 0xe1);
    g_assert_cmphex(inb(0x3c6), ==, 0xff);
    outb(0x3c6, 0x0f);
    g_assert_cmphex(inb(0x3c6), ==, 0x0f);
    end();
}

static void test_banks(void)
{
    begin();
    set_packed(8);
    for (int bank = 0; bank < VRAM >> 14; bank++) {
        poke(LFB + (bank << 14), bank);
        poke(LFB + (bank << 14) + 0x3fff, ~bank);
    }
    for (int bank = 0; bank < VRAM >> 14; bank++) {
        index_write(0x3ce, 9, bank);
        g_assert_cmphex(peek(0xa0000), ==, bank);
        g_assert_cmphex(peek(0xa3fff), ==, ~bank & 0xff);
    }
    index_write(0x3ce, 0x0b, 0x21);
    index_write(0x3ce, 9, 7);
    index_write(0x3ce, 0x0a, 9);
    g_assert_cmphex(peek(0xa0000), ==, 7);
    g_assert_cmphex(peek(0xa8000), ==, 9);
    g_assert_true(
        memory_region_is_ram(address_space_lookup(&address_space_memory, 0xa8000, 0x8000).mr));
    index_write(0x3ce, 0x0b, 0x01); /* 4 KiB steps */
    index_write(0x3ce, 9, 8);
    g_assert_cmphex(peek(0xa0000), ==, 2);
    end();
}

/* The frame buffer is RAM, until a write mode makes it work. */
static void test_extended_writes(void)
{
    begin();
    set_packed(8);
    g_assert_true(memory_region_is_ram(address_space_lookup(&address_space_memory, LFB, VRAM).mr));
    g_assert_cmphex(address_space_lookup(&address_space_memory, LFB, VRAM).size, ==, VRAM);
    memset(memory_region_get_ram_ptr(address_space_lookup(&address_space_memory, LFB, 1).mr), 0x77,
           64);
    index_write(0x3ce, 0x0b, 0x26);
    index_write(0x3ce, 0x05, 0x45);
    index_write(0x3ce, 0x00, 0xb0);
    index_write(0x3ce, 0x01, 0xf1);
    g_assert_false(memory_region_is_ram(address_space_lookup(&address_space_memory, LFB, VRAM).mr));
    poke(LFB + 1, 0xa5); /* eight pixels, at 8 */
    index_write(0x3ce, 0x05, 0x44);
    poke(LFB + 2, 0x0f);
    /* At the very end of memory, and past it. */
    poke(LFB + VRAM / 8 - 1, 0xff);
    poke(LFB + VRAM - 1, 0xff);
    g_assert_cmphex(peek(LFB + VRAM / 8 - 1), ==, 0xf1);
    index_write(0x3ce, 0x0b, 0x36);
    index_write(0x3ce, 0x11, 0x33);
    poke(LFB + VRAM - 1, 0xff); /* pixels of two bytes */
    index_write(0x3ce, 0x0b, 0x20);
    index_write(0x3ce, 0x05, 0x40);
    static const uint8_t want[] = {0x77, 0xf1, 0xb0, 0xf1, 0xb0, 0xb0, 0xf1, 0xb0, 0xf1,
                                   0x77, 0x77, 0x77, 0x77, 0xf1, 0xf1, 0xf1, 0xf1, 0x77};
    for (int i = 0; i < G_N_ELEMENTS(want); i++) {
        g_assert_cmphex(peek(LFB + 7 + i), ==, want[i]);
    }
    g_assert_cmphex(peek(LFB + VRAM - 2), ==, 0xf1);
    g_assert_cmphex(peek(LFB + VRAM - 1), ==, 0x33);
    end();
}

static void test_packed_pictures(void)
{
    static const unsigned depths[] = {8, 15, 16, 24, 32};

    begin();
    set_colors();
    for (int d = 0; d < G_N_ELEMENTS(depths); d++) {
        unsigned depth = depths[d], bytes = (depth + 7) / 8;

        set_packed(depth);
        for (unsigned i = 0; i < 640 * bytes; i++) {
            poke(LFB + 10 * 640 * bytes + i, i * 73 + (i >> 4));
        }
        assert_size(640, 480);
        for (int x = 0; x < 640; x++) {
            uint32_t val = 0, want;

            for (unsigned i = 0; i < bytes; i++) {
                unsigned n = x * bytes + i;

                val |= ((n * 73 + (n >> 4)) & 0xff) << 8 * i;
            }
            if (depth == 8) {
                want = dac_rgb(val);
            } else if (depth == 15) {
                want = (val >> 10 & 31) << 19 | (val >> 12 & 7) << 16 | (val >> 5 & 31) << 11 |
                       (val >> 7 & 7) << 8 | (val & 31) << 3 | (val >> 2 & 7);
            } else if (depth == 16) {
                want = (val >> 11 & 31) << 19 | (val >> 13 & 7) << 16 | (val >> 5 & 63) << 10 |
                       (val >> 9 & 3) << 8 | (val & 31) << 3 | (val >> 2 & 7);
            } else {
                want = val & 0xffffff;
            }
            g_assert_cmphex(pixel(x, 10), ==, want);
        }
    }
    /* The start address's higher bits. */
    set_packed(8);
    index_write(0x3d4, 0x1b, 0x02 | 0x08 | 0x01);
    poke(LFB + ((0x40000 | 0x10000) << 2) % VRAM, 99);
    assert_size(640, 480);
    g_assert_cmphex(pixel(0, 0), ==, dac_rgb(99));
    end();
}

static void test_cursor(void)
{
    uint32_t pattern = LFB + VRAM - 0x4000 + 256;

    begin();
    set_colors();
    set_packed(8);
    for (int i = 0; i < 256; i++) {
        poke(pattern + i, 0);
    }
    poke(pattern, 0x50);       /* plane 0, first row */
    poke(pattern + 128, 0x30); /* plane 1 */
    index_write(0x3c4, 0x13, 1);
    index_write(0x3c4, 0x12, 0x03);
    outb(0x3c8, 0);
    outb(0x3c9, 63);
    outb(0x3c9, 0);
    outb(0x3c9, 0);
    outb(0x3c8, 15);
    outb(0x3c9, 0);
    outb(0x3c9, 0);
    outb(0x3c9, 63);
    index_write(0x3c4, 0x12, 0x01);
    index_write(0x3c4, 0x10 | 5 << 5, 12); /* x = 101 */
    index_write(0x3c4, 0x11 | 2 << 5, 3);  /* y = 26 */
    assert_size(640, 480);
    g_assert_cmphex(pixel(101, 26), ==, dac_rgb(0));
    g_assert_cmphex(pixel(102, 26), ==, dac_rgb(0) ^ 0xffffff);
    g_assert_cmphex(pixel(103, 26), ==, 0xff0000);
    g_assert_cmphex(pixel(104, 26), ==, 0x0000ff);
    g_assert_cmphex(pixel(104, 27), ==, dac_rgb(0));
    /* It moves away, and nothing stays. */
    index_write(0x3c4, 0x10 | 7 << 5, 79); /* x = 639: cut at the edge */
    index_write(0x3c4, 0x11 | 7 << 5, 59);
    assert_size(640, 480);
    g_assert_cmphex(pixel(104, 26), ==, dac_rgb(0));
    end();
}

static void test_registers_in_memory(void)
{
    begin();
    poke(MMIO + 0x04, 0x06); /* port 3C4 */
    poke(MMIO + 0x05, 0x12);
    g_assert_cmphex(index_read(0x3c4, 6), ==, 0x12);
    poke(MMIO + 0x100, 0xab); /* the blitter's background colour is GR00 */
    poke(MMIO + 0x108, 0x34);
    g_assert_cmphex(index_read(0x3ce, 0x00), ==, 0xab);
    g_assert_cmphex(index_read(0x3ce, 0x20), ==, 0x34);
    outb(0x3c2, 3);
    index_write(0x3ce, 6, 0x05);
    index_write(0x3c4, 0x17, 0x04);
    g_assert_cmphex(peek(0xb8008), ==, 0x34);
    index_write(0x3c4, 0x17, 0x44);
    g_assert_cmphex(peek(0xb8008), ==, 0xff);
    g_assert_cmphex(peek(LFB + VRAM - 0x100 + 8), ==, 0x34);
    index_write(0x3c4, 0x17, 0x00);
    g_assert_cmphex(peek(LFB + VRAM - 0x100 + 8), ==, 0x00);
    end();
}

static void test_hostile_registers(void)
{
    begin();
    for (int i = 0; i < 120; i++) {
        static const unsigned depths[] = {8, 15, 16, 24, 32};

        set_packed(depths[i % 5]);
        for (int n = g_test_rand_int_range(0, 16); n > 0; n--) {
            static const uint16_t ports[] = {0x3c4, 0x3ce, 0x3d4};
            uint16_t port = ports[g_test_rand_int_range(0, 3)];

            index_write(port, g_test_rand_int_range(0, 0x40), g_test_rand_int());
        }
        index_write(0x3c4, 1, g_test_rand_int() & ~0x20);
        index_write(0x3c4, 0x12, g_test_rand_int());
        outb(0x3c0, 0x20);
        for (int n = 0; n < 50; n++) {
            poke(0xa0000 + g_test_rand_int_range(0, 0x20000), g_test_rand_int());
            poke(LFB + g_test_rand_int_range(0, VRAM), g_test_rand_int());
            poke(LFB + 0x1000000 + g_test_rand_int_range(0, 0x400000), g_test_rand_int());
            poke(MMIO + g_test_rand_int_range(0, 0x1000), g_test_rand_int());
            peek(0xa0000 + g_test_rand_int_range(0, 0x20000));
            peek(MMIO + g_test_rand_int_range(0, 0x1000));
        }
        console_refresh(console_default());
    }
    end();
}

static void dispi(uint16_t index, uint16_t val)
{
    outw(0x1ce, index);
    outw(0x1cf, val);
}

static uint16_t get_dispi(uint16_t index)
{
    outw(0x1ce, index);
    return inw(0x1cf);
}

static void test_dispi(void)
{
    begin_with(&pci_vga_class, 2);
    g_assert_cmphex(get_dispi(0), ==, 0xb0c5);
    g_assert_cmphex(get_dispi(10), ==, 16 * 1024 / 64);
    dispi(4, 2);
    g_assert_cmpint(get_dispi(1), ==, 16000);
    dispi(4, 0);
    poke(LFB, 0x55);
    dispi(1, 800);
    dispi(2, 600);
    dispi(3, 32);
    dispi(4, 0x41);
    g_assert_cmphex(peek(LFB), ==, 0);
    inb(0x3da);
    outb(0x3c0, 0x20);
    dispi(6, 1024);
    dispi(8, 3);
    dispi(9, 5);
    g_assert_cmpint(get_dispi(7), ==, 4096);
    writel(LFB + (5 * 1024 + 3) * 4, 0x123456);
    assert_size(800, 600);
    g_assert_cmphex(pixel(0, 0), ==, 0x123456);
    /* The same registers in memory. */
    g_assert_cmphex(address_space_lduw_le(&address_space_memory, MMIO + 0x502, NULL), ==, 800);
    address_space_stw_le(&address_space_memory, MMIO + 0x510, 4, NULL);
    g_assert_cmpint(get_dispi(8), ==, 4);
    end();
}

/* Any values: what is shown lies in memory. */
static void test_hostile_dispi(void)
{
    begin_with(&pci_vga_class, 2);
    inb(0x3da);
    outb(0x3c0, 0x20);
    for (int i = 0; i < 60; i++) {
        dispi(4, 0);
        for (int reg = 1; reg <= 3; reg++) {
            dispi(reg, reg == 3 && g_test_rand_bit() ? 32 : g_test_rand_int_range(0, 1500));
        }
        dispi(2, i % 8 ? 300 : 0xffff);
        dispi(4, 0x41 | (g_test_rand_int() & 0xfd)); /* not GETCAPS */
        for (int reg = 5; reg < 14; reg++) {
            dispi(reg, g_test_rand_int());
        }
        g_assert_cmpuint((uint64_t)(get_dispi(9) + get_dispi(2)) * get_dispi(6) *
                             ((get_dispi(3) + 7) / 8),
                         <=, 16 * 1024 * 1024);
        g_assert_cmpint(get_dispi(8) + get_dispi(1), <=, get_dispi(6));
        poke(0xa0000 + g_test_rand_int_range(0, 0x20000), 1);
        console_refresh(console_default());
    }
    end();
}

int main(int argc, char **argv)
{
    harness_init(&argc, &argv);
    g_test_add_func("/cirrus/probe", test_probe);
    g_test_add_func("/cirrus/banks", test_banks);
    g_test_add_func("/cirrus/extended-writes", test_extended_writes);
    g_test_add_func("/cirrus/packed-pictures", test_packed_pictures);
    g_test_add_func("/cirrus/cursor", test_cursor);
    g_test_add_func("/cirrus/registers-in-memory", test_registers_in_memory);
    g_test_add_func("/cirrus/hostile-registers", test_hostile_registers);
    g_test_add_func("/vga-pci/dispi", test_dispi);
    g_test_add_func("/vga-pci/hostile-dispi", test_hostile_dispi);
    return g_test_run();
}
