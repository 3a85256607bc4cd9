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
    /* SR01 does not switch it off. */
    index_write(0x3c4, 1, 0x21);
    console_invalidate(console_default());
    assert_size(640, 480);
    g_assert_cmphex(pixel(639, 10), !=, 0);
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

/* ------------------------------------------------------------------------------------- DDC -- */

/* The host's end of the bus, by hand. */
static void wires(bool scl, bool sda)
{
    index_write(0x3c4, 8, 0x40 | scl | sda << 1);
    g_assert_cmpint(index_read(0x3c4, 8) >> 2 & 1, ==, scl);
}

static bool sda(void)
{
    return index_read(0x3c4, 8) >> 7;
}

static void ddc_start(void)
{
    wires(false, true);
    wires(true, true);
    wires(true, false);
    wires(false, false);
}

static void ddc_stop(void)
{
    wires(false, false);
    wires(true, false);
    wires(true, true);
}

static bool ddc_bit(bool out)
{
    bool in;

    wires(false, out);
    wires(true, out);
    in = sda();
    wires(false, out);
    return in;
}

static bool ddc_put(uint8_t byte)
{
    for (int bit = 7; bit >= 0; bit--) {
        ddc_bit(byte >> bit & 1);
    }
    return !ddc_bit(true);
}

static uint8_t ddc_get(bool last)
{
    uint8_t byte = 0;

    for (int i = 0; i < 8; i++) {
        byte = byte << 1 | ddc_bit(true);
    }
    ddc_bit(last);
    return byte;
}

static void assert_edid(const uint8_t *edid, unsigned width, unsigned height)
{
    static const uint8_t header[8] = {0, 255, 255, 255, 255, 255, 255, 0};
    uint8_t sum = 0;
    unsigned lines, dots, clock;

    g_assert_cmpmem(edid, 8, header, 8);
    for (int i = 0; i < 128; i++) {
        sum += edid[i];
    }
    g_assert_cmphex(sum, ==, 0);
    g_assert_cmpuint(edid[56] | (edid[58] & 0xf0) << 4, ==, width);
    g_assert_cmpuint(edid[59] | (edid[61] & 0xf0) << 4, ==, height);
    dots = width + (edid[57] | (edid[58] & 15) << 8);
    lines = height + (edid[60] | (edid[61] & 15) << 8);
    clock = (edid[54] | edid[55] << 8) * 10000;
    g_assert_cmpfloat_with_epsilon((double)clock / dots / lines, 60, 0.05);
}

static void test_ddc(void)
{
    uint8_t edid[128];

    begin();
    for (int round = 0; round < 2; round++) {
        ddc_start();
        g_assert_true(ddc_put(0xa0));
        g_assert_true(ddc_put(round ? 8 : 0));
        ddc_start(); /* again, without a stop */
        g_assert_true(ddc_put(0xa1));
        for (int i = 0; i < 128; i++) {
            edid[(i + 8 * round) % 128] = ddc_get(i == 127);
        }
        g_assert_true(sda()); /* released after the last one */
        ddc_stop();
        assert_edid(edid, 1024, 768);
    }
    /* Nobody else is there. */
    ddc_start();
    g_assert_false(ddc_put(0x6e));
    ddc_stop();
    ddc_start();
    g_assert_true(ddc_put(0xa0));
    ddc_stop();
    /* Without DDC's bit the pins are not its. */
    index_write(0x3c4, 8, 0x03);
    g_assert_cmphex(index_read(0x3c4, 8), ==, 0x03);
    end();
}

/* What starts a blit, or takes its data, may not be queued; what sets one up is. */
static void test_queued_registers(void)
{
    static const struct {
        hwaddr addr;
        bool queued;
    } places[] = {
        {MMIO + 0x103, true},  {MMIO + 0x104, false},    {MMIO + 0x105, true}, {MMIO + 0x10f, true},
        {MMIO + 0x111, true},  {MMIO + 0x112, false},    {MMIO + 0x114, true}, {MMIO + 0x118, true},
        {MMIO + 0x140, false}, {LFB + 0x1000000, false}, {MMIO + 0x108, true}, {MMIO + 0x14, true},
        {MMIO + 0x0e, false},  {MMIO + 0x04, false},     {MMIO + 0x02, false}, {0xa0000, true},
    };

    begin();
    set_mode(&mode_12h);
    for (int i = 0; i < G_N_ELEMENTS(places); i++) {
        MemoryRegionSection at = address_space_lookup(&address_space_memory, places[i].addr, 1);
        bool queued = false;

        for (const CoalescedRange *r = cirrus_vga_class.device.coalesced; r->size; r++) {
            queued |= device_coalesced_region(dev, r) == at.mr &&
                      at.offset_within_region >= r->addr &&
                      at.offset_within_region - r->addr < r->size;
        }
        g_assert_true(queued == places[i].queued);
    }
    end();
}

/* Whatever the registers hold, a queued write changes neither the map nor what is in memory outside
 * of the access, and starts nothing. */
static void test_queued_writes_change_no_map(void)
{
    static const hwaddr places[] = {0xa0000, 0xa8000, 0xb0000, 0xb8000, LFB, LFB + VRAM - 256};
    static const VgaModeRegs *const modes[] = {&mode_12h, &mode_13h};

    begin();
    for (int i = 0; i < 3000; i++) {
        const CoalescedRange *ranges = cirrus_vga_class.device.coalesced, *r;
        bool was[G_N_ELEMENTS(places)];
        unsigned n = 0;

        if (i % 50 == 0) {
            set_mode(modes[i / 50 % 2]);
            index_write(0x3c4, 7, g_test_rand_bit());
            index_write(0x3c4, 0x17, g_test_rand_int());
            index_write(0x3ce, 0x0b, g_test_rand_bit() ? 0 : g_test_rand_int());
            index_write(0x3ce, 0x31, g_test_rand_bit() << 7);
        }
        for (int p = 0; p < G_N_ELEMENTS(places); p++) {
            was[p] = is_ram(places[p]);
        }
        while (ranges[n].size) {
            n++;
        }
        r = &ranges[g_test_rand_int_range(0, n)];
        if (r->size < 0x20000) {
            uint8_t val = g_test_rand_int();

            memory_region_write(device_coalesced_region(dev, r),
                                r->addr + g_test_rand_int_range(0, r->size), &val, 1);
        }
        for (int p = 0; p < G_N_ELEMENTS(places); p++) {
            g_assert_true(was[p] == is_ram(places[p]));
        }
        g_assert_cmphex(index_read(0x3ce, 0x31) & 0x0b, ==, 0);
    }
    end();
}

/* Memory seen by a CPU of the other byte order, by words and double words. */
static void test_swapped_apertures(void)
{
    begin();
    set_packed(8);
    writel(LFB + 0x1234 * 4, 0x44332211);
    g_assert_cmphex(readl(LFB + 0x400000 + 0x1234 * 4), ==, 0x33441122);
    g_assert_cmphex(readl(LFB + 0x800000 + 0x1234 * 4), ==, 0x11223344);
    writel(LFB + 0x400000, 0x0a0b0c0d);
    g_assert_cmphex(readl(LFB), ==, 0x0b0a0d0c);
    writel(LFB + 0x800000, 0x0a0b0c0d);
    g_assert_cmphex(readl(LFB), ==, 0x0d0c0b0a);
    poke(LFB + 0xbffffd, 0x99);
    g_assert_cmphex(peek(LFB + VRAM - 2), ==, 0x99);
    end();
}

/* Of 14.31818 MHz x 99 / 19 / 2, with 800 dots x 525 lines: 40 ns before and after the retrace. */
static void test_clock(void)
{
    int64_t hz = INT64_C(14318180) * 99 / 19 / 2, frame = 800 * 525;

    begin();
    set_mode(&mode_12h); /* clock 0 */
    index_write(0x3c4, 0x0b, 99);
    index_write(0x3c4, 0x1b, 19 << 1 | 1);
    for (int i = 1; i < 50; i++) {
        int64_t sync = (frame * i * 3 + 490 * 800) * NANOSECONDS_PER_SECOND / hz;

        step(sync - 40 - clock_get_ns(VM_CLOCK_VIRTUAL));
        g_assert_cmphex(inb(0x3da) & 8, ==, 0);
        step(80);
        g_assert_cmphex(inb(0x3da) & 8, ==, 8);
    }
    index_write(0x3c4, 0x1b, 0); /* no divisor: the VGA's own clock, and no division */
    inb(0x3da);
    end();
}

/* The cursor's lines are drawn, and no others. */
static int drawn;

static void see_update(void *opaque, int x, int y, int width, int height)
{
    drawn += width * height;
}

static void test_cursor_moves(void)
{
    static const ConsoleListener listener = {.update = see_update};

    begin();
    set_colors();
    set_packed(32);
    for (int i = 0; i < 1024; i++) { /* 64 x 64, all of it inverted */
        poke(LFB + VRAM - 0x4000 + i, i % 16 < 8 ? 0xff : 0);
    }
    index_write(0x3c4, 0x13, 0);
    index_write(0x3c4, 0x12, 0x05);
    assert_size(640, 480);
    console_add_listener(console_default(), &listener, &drawn);
    for (int i = 0; i < 20; i++) {
        index_write(0x3c4, 0x10, 2 + i);
        index_write(0x3c4, 0x11, 2 + i);
        drawn = 0;
        assert_size(640, 480);
        g_assert_cmphex(pixel(16 + 8 * i, 16 + 8 * i), ==, 0xffffff);
        g_assert_cmphex(pixel(15 + 8 * i, 16 + 8 * i), ==, 0);
        g_assert_cmphex(pixel(16 + 8 * i + 64, 16 + 8 * i + 63), ==, 0);
        g_assert_cmpint(drawn, >, 0);
        g_assert_cmpint(drawn, <=, (64 + 16) * (64 + 16));
    }
    index_write(0x3c4, 0x12, 0x00);
    assert_size(640, 480);
    g_assert_cmphex(pixel(16 + 8 * 19, 16 + 8 * 19), ==, 0);
    console_remove_listener(console_default(), &drawn);
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
    writel(MMIO + 0x510, 7 << 16 | 6); /* two at once */
    g_assert_cmpint(get_dispi(8), ==, 6);
    g_assert_cmpint(get_dispi(9), ==, 7);
    g_assert_cmphex(readl(MMIO + 0x500), ==, 800 << 16 | 0xb0c5);
    /* A mode that changes while it is shown. */
    dispi(1, 640);
    dispi(2, 480);
    assert_size(640, 480);
    dispi(3, 8);
    assert_size(640, 480);
    g_assert_cmpint(get_dispi(3), ==, 8);
    end();
}

/* The other registers of BAR 2: the monitor, ports, the byte order. */
static void test_std_mmio(void)
{
    uint8_t edid[128];

    begin_with(&pci_vga_class, 2);
    for (int i = 0; i < 128; i++) {
        edid[i] = peek(MMIO + i);
    }
    assert_edid(edid, 1280, 800);
    g_assert_cmphex(readl(MMIO), ==, 0xffffff00);
    g_assert_cmphex(peek(MMIO + 128), ==, 0);
    g_assert_cmphex(readl(MMIO + 0x600), ==, 8);
    g_assert_cmphex(readl(MMIO + 0x604), ==, 0x1e1e1e1e);
    poke(MMIO + 0x402, 0x67); /* 3C2 */
    g_assert_cmphex(inb(0x3cc), ==, 0x67);
    poke(MMIO + 0x400, 0x20);
    static const struct {
        unsigned depth;
        uint8_t bytes[8];
        uint32_t little[2], big[2];
    } cases[] = {
        {32, {1, 2, 3, 4, 5, 6, 7, 8}, {0x030201, 0x070605}, {0x020304, 0x060708}},
        {24, {1, 2, 3, 4, 5, 6}, {0x030201, 0x060504}, {0x010203, 0x040506}},
        {16, {0x00, 0xf8, 0xe0, 0x07}, {0xff0000, 0x00ff00}, {0x001cc6, 0xe70039}},
        {8, {0, 0}, {0, 0}, {0, 0}},
    };
    for (int i = 0; i < G_N_ELEMENTS(cases); i++) {
        dispi(4, 0);
        dispi(1, 64);
        dispi(2, 2);
        dispi(3, cases[i].depth);
        dispi(4, 0x41);
        for (int n = 0; n < 8; n++) {
            poke(LFB + n, cases[i].bytes[n]);
        }
        for (int big = 0; big < 2; big++) {
            writel(MMIO + 0x604, big ? 0xbebebebe : 0x1e1e1e1e);
            g_assert_cmphex(readl(MMIO + 0x604), ==, big ? 0xbebebebe : 0x1e1e1e1e);
            assert_size(64, 2);
            g_assert_cmphex(pixel(0, 0), ==, big ? cases[i].big[0] : cases[i].little[0]);
            g_assert_cmphex(pixel(1, 0), ==, big ? cases[i].big[1] : cases[i].little[1]);
        }
    }
    writel(MMIO + 0x604, 5);
    g_assert_cmphex(readl(MMIO + 0x604), ==, 0xbebebebe);
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
    g_test_add_func("/cirrus/ddc", test_ddc);
    g_test_add_func("/cirrus/queued-registers", test_queued_registers);
    g_test_add_func("/cirrus/queued-writes-change-no-map", test_queued_writes_change_no_map);
    g_test_add_func("/cirrus/swapped-apertures", test_swapped_apertures);
    g_test_add_func("/cirrus/clock", test_clock);
    g_test_add_func("/cirrus/cursor-moves", test_cursor_moves);
    g_test_add_func("/cirrus/hostile-registers", test_hostile_registers);
    g_test_add_func("/vga-pci/dispi", test_dispi);
    g_test_add_func("/vga-pci/mmio", test_std_mmio);
    g_test_add_func("/vga-pci/hostile-dispi", test_hostile_dispi);
    return g_test_run();
}
