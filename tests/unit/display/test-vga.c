/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The VGA by its ports and its window: registers, the write and read modes against a plain model,
 * pictures of every kind of mode against a computation of their own, hostile registers.
 */
#include "backends/display.h"
#include "hw/display/vga.h"

#include "vga-modes.h"

static Harness h;
static Device *dev;

static void begin(void)
{
    harness_begin(&h);
    dev = harness_isa_device(&h, &isa_vga_class, "vgamem_mb", "1", NULL);
}

static void end(void)
{
    harness_end(&h);
}

static void poke(uint32_t addr, uint8_t val)
{
    address_space_stb(&address_space_memory, addr, val, NULL);
}

static uint8_t peek(uint32_t addr)
{
    return address_space_ldub(&address_space_memory, addr, NULL);
}

static void assert_size(int width, int height)
{
    console_refresh(console_default());
    g_assert_cmpint(pixman_image_get_width(console_image(console_default())), ==, width);
    g_assert_cmpint(pixman_image_get_height(console_image(console_default())), ==, height);
}

static uint32_t pixel(int x, int y)
{
    pixman_image_t *image = console_image(console_default());

    return pixman_image_get_data(image)[y * pixman_image_get_stride(image) / 4 + x] & 0xffffff;
}

/* ------------------------------------------------------------------------------- registers -- */

static void test_registers(void)
{
    begin();
    outb(0x3c2, 0x67);
    g_assert_cmphex(inb(0x3cc), ==, 0x67);
    for (int i = 0; i <= 0x18; i++) {
        index_write(0x3d4, i, 0x5a);
        g_assert_cmphex(index_read(0x3d4, i), ==, 0x5a);
    }
    /* Protection of CR00..CR07, but for bit 4 of the last. */
    index_write(0x3d4, 0x11, 0x80);
    index_write(0x3d4, 0x00, 0xff);
    index_write(0x3d4, 0x07, 0xff);
    g_assert_cmphex(index_read(0x3d4, 0x00), ==, 0x5a);
    g_assert_cmphex(index_read(0x3d4, 0x07), ==, 0x5a);
    index_write(0x3d4, 0x07, 0x00);
    g_assert_cmphex(index_read(0x3d4, 0x07), ==, 0x4a);
    /* The mono address is elsewhere. */
    g_assert_cmphex(inb(0x3b5), ==, 0xff);
    outb(0x3c2, 0x66);
    outb(0x3b4, 0x12);
    g_assert_cmphex(inb(0x3b5), ==, 0x5a);
    g_assert_cmphex(inb(0x3d5), ==, 0xff);
    outb(0x3c2, 0x67);
    /* The attribute controller's flip-flop is reset from either address, and its palette locked. */
    outb(0x3c0, 0x12);
    inb(0x3ba);
    outb(0x3c0, 0x11);
    outb(0x3c0, 0x2a);
    inb(0x3da);
    outb(0x3c0, 0x11);
    g_assert_cmphex(inb(0x3c1), ==, 0x2a);
    ar_write(0x05, 0x3f);
    inb(0x3da);
    outb(0x3c0, 0x05);
    g_assert_cmphex(inb(0x3c1), ==, 0x3f);
    outb(0x3c0, 0x11);
    ar_write(0x25, 0x22);
    inb(0x3da);
    outb(0x3c0, 0x25);
    g_assert_cmphex(inb(0x3c1), ==, 0x11);
    end();
}

static void test_dac(void)
{
    begin();
    set_colors();
    outb(0x3c7, 10);
    g_assert_cmphex(inb(0x3c7), ==, 3);
    for (int i = 10; i < 12; i++) {
        g_assert_cmphex(inb(0x3c9), ==, (i * 5 + 1) & 63);
        g_assert_cmphex(inb(0x3c9), ==, (i * 11 + 7) & 63);
        g_assert_cmphex(inb(0x3c9), ==, i >> 2 & 63);
    }
    /* Two parts of a colour change nothing. */
    outb(0x3c8, 10);
    g_assert_cmphex(inb(0x3c7), ==, 0);
    outb(0x3c9, 0x3f);
    outb(0x3c9, 0x3f);
    outb(0x3c7, 10);
    g_assert_cmphex(inb(0x3c9), ==, 51);
    end();
}

/* The beam: 449 lines of 800 dots at 25.175 or 900 at 28.322 MHz give 70 frames a second. */
static void test_retrace(void)
{
    int64_t rise[3];
    int n = 0, on = 0, ticks = 0;
    bool last = true;

    begin();
    set_mode(&mode_text);
    for (int64_t t = 0; n < 3 && t < 50 * NANOSECONDS_PER_MS; t += 10000) {
        bool retrace = inb(0x3da) & 8;

        if (retrace && !last) {
            rise[n++] = clock_get_ns(VM_CLOCK_VIRTUAL);
        }
        on += retrace;
        ticks++;
        last = retrace;
        step(10000);
    }
    g_assert_cmpint(n, ==, 3);
    g_assert_cmpint(rise[2] - rise[1], >=, 14200000);
    g_assert_cmpint(rise[2] - rise[1], <=, 14350000);
    g_assert_cmpint(on, >, 0);
    g_assert_cmpint(on, <, ticks / 50);
    end();
}

/* To the dot: at the nanosecond before an edge it has not come, at the next it has. */
static void test_beam(void)
{
    static const struct {
        const VgaModeRegs *mode;
        int64_t hz, dots, lines;                   /* of a line, of a frame */
        int64_t shown_dots, shown, sync, sync_end; /* what is shown, where the sync pulse is */
    } cases[] = {
        {&mode_text, 28322000, 900, 449, 720, 400, 412, 414},
        {&mode_12h, 25175000, 800, 525, 640, 480, 490, 492},
        {&mode_cga4, 25175000, 800, 449, 640, 400, 412, 414},
        {&mode_13h, 25175000, 800, 449, 640, 400, 412, 414},
    };

    begin();
    for (int c = 0; c < G_N_ELEMENTS(cases); c++) {
        set_mode(cases[c].mode);
        for (int i = 0; i < 3000; i++) {
            int64_t now = clock_get_ns(VM_CLOCK_VIRTUAL), hz = cases[c].hz;
            int64_t frame = cases[c].dots * cases[c].lines, second = 1000000000;
            /* Whole seconds apart, so that nothing grows beyond 64 bits. */
            int64_t dots = now / second * hz + now % second * hz / second;
            int64_t line = dots % frame / cases[c].dots, dot = dots % cases[c].dots;
            uint8_t want = 0, got = inb(0x3da);

            want |= line >= cases[c].sync && line < cases[c].sync_end ? 8 : 0;
            want |= line >= cases[c].shown || dot >= cases[c].shown_dots ? 1 : 0;
            g_assert_cmphex(got & 9, ==, want);
            if (i % 3) { /* to the first nanosecond of a coming dot, and the one before it */
                int64_t edge = line % 2 ? cases[c].shown_dots : cases[c].dots;
                int64_t goal = dots - dot + edge + (dot >= edge ? cases[c].dots : 0);
                int64_t seconds = goal / hz, rest = goal % hz;

                step(seconds * second + (rest * second + hz - 1) / hz - now - i % 3 % 2);
            } else {
                step(g_test_rand_int_range(1, 20000000));
            }
        }
    }
    end();
}

/* ---------------------------------------------------------------------------------- window -- */

/* Four planes, and the data sheet's words: apart for each plane and bit. */
typedef struct Model {
    uint8_t plane[4][65536];
    uint8_t latch[4];
    uint8_t sr2, sr4, gr[9];
} Model;

static void model_place(const Model *m, uint32_t addr, bool write, uint32_t *offset, bool sel[4])
{
    for (int p = 0; p < 4; p++) {
        if (m->sr4 & 8) {
            sel[p] = (addr & 3) == p;
        } else if (write ? !(m->sr4 & 4) : m->gr[5] & 0x10) {
            sel[p] = (addr & 1) == (p & 1);
        } else {
            sel[p] = true;
        }
    }
    *offset = addr;
    if (m->sr4 & 8) {
        *offset = addr / 4;
    } else if (write ? !(m->sr4 & 4) : m->gr[5] & 0x10) {
        *offset = addr / 2 * 2;
    }
}

static uint8_t model_read(Model *m, uint32_t addr)
{
    uint32_t offset;
    bool sel[4];
    uint8_t val = 0;

    model_place(m, addr, false, &offset, sel);
    for (int p = 0; p < 4; p++) {
        m->latch[p] = m->plane[p][offset];
    }
    if (m->gr[5] & 8) {
        for (int bit = 0; bit < 8; bit++) {
            bool same = true;

            for (int p = 0; p < 4; p++) {
                if (m->gr[7] >> p & 1) {
                    same = same && (m->latch[p] >> bit & 1) == (m->gr[2] >> p & 1);
                }
            }
            val |= same << bit;
        }
        return val;
    }
    if (m->sr4 & 8) {
        return m->latch[addr & 3];
    }
    if (m->gr[5] & 0x10) {
        return m->latch[(m->gr[4] & 2) + (addr & 1)];
    }
    return m->latch[m->gr[4] & 3];
}

static void model_write(Model *m, uint32_t addr, uint8_t data)
{
    uint32_t offset;
    bool sel[4];
    uint8_t mode = m->gr[5] & 3;

    model_place(m, addr, true, &offset, sel);
    for (int p = 0; p < 4; p++) {
        uint8_t out = 0;

        if (!sel[p] || !(m->sr2 >> p & 1)) {
            continue;
        }
        for (int bit = 0; bit < 8; bit++) {
            int from = (bit + (m->gr[3] & 7)) % 8;
            bool cpu = data >> from & 1, old = m->latch[p] >> bit & 1, in = cpu;
            bool masked = m->gr[8] >> bit & 1;

            if (mode == 1) {
                out |= old << bit;
                continue;
            }
            if (mode == 0 && (m->gr[1] >> p & 1)) {
                in = m->gr[0] >> p & 1;
            } else if (mode == 2) {
                in = data >> p & 1;
            } else if (mode == 3) {
                in = m->gr[0] >> p & 1;
                masked = masked && cpu;
            }
            switch (m->gr[3] >> 3 & 3) {
            case 1:
                in = in && old;
                break;
            case 2:
                in = in || old;
                break;
            case 3:
                in = in != old;
                break;
            }
            out |= (masked ? in : old) << bit;
        }
        m->plane[p][offset] = out;
    }
}

static void test_window_model(void)
{
    g_autofree Model *m = g_new0(Model, 1);

    begin();
    outb(0x3c2, 3);
    index_write(0x3ce, 6, 5); /* A0000, 64 KiB */
    for (int i = 0; i < 200000; i++) {
        uint32_t addr = g_test_rand_int_range(0, 64) * (g_test_rand_bit() ? 1 : 1023);
        uint8_t reg, val = g_test_rand_int();

        switch (g_test_rand_int_range(0, 8)) {
        case 0:
            reg = g_test_rand_int_range(0, 9);
            if (reg != 6) {
                static const uint8_t masks[9] = {15, 15, 15, 31, 3, 0x7b, 0, 15, 0xff};

                m->gr[reg] = val & masks[reg];
                index_write(0x3ce, reg, val);
                g_assert_cmphex(index_read(0x3ce, reg), ==, m->gr[reg]);
            }
            break;
        case 1:
            m->sr2 = val & 15;
            index_write(0x3c4, 2, val);
            break;
        case 2:
            m->sr4 = val & (g_test_rand_bit() ? 0x0e : 0x06);
            index_write(0x3c4, 4, m->sr4);
            break;
        case 3 ... 5:
            poke(0xa0000 + addr, val);
            model_write(m, addr, val);
            break;
        default:
            g_assert_cmphex(peek(0xa0000 + addr), ==, model_read(m, addr));
            /* Where the window is RAM the latches keep still; load both. */
            if (m->sr4 & 8) {
                m->sr4 = 6;
                index_write(0x3c4, 4, 6);
                g_assert_cmphex(peek(0xa0000), ==, model_read(m, 0));
            }
            break;
        }
    }
    end();
}

static void test_memory_maps(void)
{
    static const struct {
        uint32_t start, end;
    } maps[] = {{0xa0000, 0xc0000}, {0xa0000, 0xb0000}, {0xb0000, 0xb8000}, {0xb8000, 0xc0000}};

    begin();
    set_mode(&mode_12h);
    for (int map = 0; map < 4; map++) {
        index_write(0x3ce, 6, map << 2 | 1);
        for (uint32_t addr = 0xa0000; addr < 0xc0000; addr += 0x1000) {
            bool inside = addr >= maps[map].start && addr < maps[map].end;

            poke(addr, 0x42);
            g_assert_cmphex(peek(addr), ==, inside ? 0x42 : 0xff);
        }
    }
    outb(0x3c2, 0x61);
    g_assert_cmphex(peek(0xb8000), ==, 0xff);
    end();
}

/* In mode 13h the window is memory itself; in others each byte goes through the controller. */
static void test_chained_window_is_ram(void)
{
    begin();
    set_mode(&mode_13h);
    g_assert_true(
        memory_region_is_ram(address_space_lookup(&address_space_memory, 0xa0000, 0x10000).mr));
    g_assert_cmphex(address_space_lookup(&address_space_memory, 0xa0000, 0x10000).size, >=, 0x8000);
    index_write(0x3ce, 8, 0x0f);
    g_assert_false(
        memory_region_is_ram(address_space_lookup(&address_space_memory, 0xa0000, 0x10000).mr));
    index_write(0x3ce, 8, 0xff);
    g_assert_true(
        memory_region_is_ram(address_space_lookup(&address_space_memory, 0xa8000, 0x8000).mr));
    set_mode(&mode_12h);
    g_assert_false(
        memory_region_is_ram(address_space_lookup(&address_space_memory, 0xa0000, 0x10000).mr));
    set_mode(&mode_13h);
    device_reset(dev);
    g_assert_cmphex(peek(0xa0000), ==, 0xff);
    end();
}

/* -------------------------------------------------------------------------------- pictures -- */

static uint8_t font[256][16];

/* A font of known noise, into plane 2. */
static void load_font(void)
{
    index_write(0x3c4, 2, 4);
    index_write(0x3c4, 4, 6);
    index_write(0x3ce, 5, 0);
    index_write(0x3ce, 6, 4);
    for (int ch = 0; ch < 256; ch++) {
        for (int row = 0; row < 16; row++) {
            font[ch][row] = ch == ' ' ? 0 : (ch * 31 + row * 57) ^ (ch >> 3);
            poke(0xa0000 + ch * 32 + row, font[ch][row]);
        }
    }
    set_mode(&mode_text);
}

static uint32_t text_color(unsigned attr)
{
    return dac_rgb(mode_text.ar[attr & 15] & 0x3f);
}

static void test_text(void)
{
    begin();
    set_colors();
    set_mode(&mode_text);
    load_font();
    for (int i = 0; i < 80 * 25; i++) {
        poke(0xb8000 + 2 * i, i & 0xff);
        poke(0xb8000 + 2 * i + 1, (i * 7) & 0xff);
    }
    index_write(0x3d4, 0x0e, 2 * 80 >> 8);
    index_write(0x3d4, 0x0f, 2 * 80 + 5);
    /*
     * A frame is 449 lines of 900 dots at 28.322 MHz. From a multiple of 32 frames on, everything
     * that blinks is there; later it is not, and then it is again.
     */
    int64_t frame = 900 * NANOSECONDS_PER_SECOND / 28322000 * 449;
    step(32 * frame + frame / 2 - clock_get_ns(VM_CLOCK_VIRTUAL) % (32 * frame));
    for (int phase = 0; phase < 3; phase++) {
        step(phase == 1 ? 20 * frame : phase == 2 ? 12 * frame : 0);
        assert_size(720, 400);
        for (int y = 0; y < 400; y++) {
            for (int x = 0; x < 720; x++) {
                int cell = y / 16 * 80 + x / 9, ch = cell & 0xff, attr = (cell * 7) & 0xff;
                int dot = x % 9, row = y % 16;
                bool on = dot < 8 ? font[ch][row] >> (7 - dot) & 1
                                  : ch >= 0xc0 && ch <= 0xdf && (font[ch][row] & 1);

                if ((attr & 0x80) && phase == 1) {
                    on = false;
                }
                /* The cursor blinks twice as fast: in frame 20 it is there. */
                if (cell == 2 * 80 + 5 && row >= 13 && row <= 14) {
                    on = true;
                }
                g_assert_cmphex(pixel(x, y), ==, text_color(on ? attr & 15 : attr >> 4 & 7));
            }
        }
    }
    end();
}

static void test_text_as_text(void)
{
    static const char *const words[] = {"Lignite", "lines", "\xc9\xcd\xbb"};
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;

    begin();
    set_mode(&mode_text);
    for (int i = 0; i < 80 * 25; i++) {
        poke(0xb8000 + 2 * i, ' ');
    }
    for (int y = 0; y < 3; y++) {
        for (int i = 0; words[y][i]; i++) {
            poke(0xb8000 + 2 * (y * 80 + 2 + i), words[y][i]);
        }
    }
    text = console_text(console_default());
    lines = g_strsplit(text, "\n", -1);
    g_assert_cmpuint(g_strv_length(lines), ==, 26);
    g_assert_cmpstr(lines[0], ==, "  Lignite");
    g_assert_cmpstr(lines[1], ==, "  lines");
    g_assert_cmpstr(lines[2], ==, "  \xe2\x95\x94\xe2\x95\x90\xe2\x95\x97");
    g_assert_cmpstr(lines[24], ==, "");
    set_mode(&mode_12h);
    g_assert_null(console_text(console_default()));
    end();
}

static void test_256_colors(void)
{
    begin();
    set_colors();
    set_mode(&mode_13h);
    for (int i = 0; i < 64000; i++) {
        poke(0xa0000 + i, i * 13 >> 3);
    }
    assert_size(640, 400);
    for (int y = 0; y < 400; y++) {
        for (int x = 0; x < 640; x++) {
            int i = y / 2 * 320 + x / 2;

            g_assert_cmphex(pixel(x, y), ==, dac_rgb(i * 13 >> 3 & 0xff));
        }
    }
    /* A write to the mapped window is seen; the mask of the DAC too. */
    poke(0xa0000, 77);
    assert_size(640, 400);
    g_assert_cmphex(pixel(0, 0), ==, dac_rgb(77));
    outb(0x3c6, 0x0f);
    assert_size(640, 400);
    g_assert_cmphex(pixel(0, 0), ==, dac_rgb(77 & 15));
    end();
}

/* Mode X: planes apart, 320 x 240, two pages. */
static void test_unchained(void)
{
    begin();
    set_colors();
    set_mode(&mode_13h);
    outb(0x3c2, 0xe3);
    index_write(0x3c4, 4, 6);
    static const uint8_t crtc[][2] = {{0x06, 0x0d}, {0x07, 0x3e}, {0x09, 0x41}, {0x10, 0xea},
                                      {0x11, 0x0c}, {0x12, 0xdf}, {0x14, 0x00}, {0x15, 0xe7},
                                      {0x16, 0x06}, {0x17, 0xe3}, {0x0c, 0x4b}};
    for (int i = 0; i < G_N_ELEMENTS(crtc); i++) {
        index_write(0x3d4, crtc[i][0], crtc[i][1]);
    }
    for (int plane = 0; plane < 4; plane++) {
        index_write(0x3c4, 2, 1 << plane);
        for (int i = 0; i < 80 * 240; i++) {
            poke(0xa0000 + 0x4b00 + i, i * 3 + plane * 50);
        }
    }
    assert_size(640, 480);
    for (int y = 0; y < 480; y++) {
        for (int x = 0; x < 640; x++) {
            int px = x / 2, i = y / 2 * 80 + px / 4;

            g_assert_cmphex(pixel(x, y), ==, dac_rgb((i * 3 + px % 4 * 50) & 0xff));
        }
    }
    end();
}

static uint8_t noise(int plane, int i)
{
    return (i * 37 + plane * 91) ^ i >> 5;
}

/* Planes, panning by dots, and the part below the line compare, which is not panned. */
static void test_planar_and_split(void)
{
    begin();
    set_colors();
    set_mode(&mode_12h);
    for (int plane = 0; plane < 4; plane++) {
        index_write(0x3c4, 2, 1 << plane);
        for (int i = 0; i < 65536; i++) {
            poke(0xa0000 + i, noise(plane, i));
        }
    }
    index_write(0x3d4, 0x0c, 0x60); /* from 6000 on: wraps at 64 KiB */
    index_write(0x3d4, 0x18, 400 & 0xff);
    index_write(0x3d4, 0x07, mode_12h.cr[7] | 0x10);
    index_write(0x3d4, 0x09, 0x00);
    ar_write(0x10, 0x21);
    ar_write(0x13, 3);
    outb(0x3c0, 0x20);
    assert_size(640, 480);
    for (int y = 0; y < 480; y++) {
        for (int x = 0; x < 640; x++) {
            int dot = y <= 400 ? x + 3 : x;
            int i = (y <= 400 ? 0x6000 + y * 80 : (y - 401) * 80) + dot / 8;
            int color = 0;

            for (int plane = 0; plane < 4; plane++) {
                color |= (noise(plane, i & 0xffff) >> (7 - dot % 8) & 1) << plane;
            }
            g_assert_cmphex(pixel(x, y), ==, text_color(color));
        }
    }
    end();
}

static int planar_color(int i, int dot)
{
    int color = 0;

    for (int plane = 0; plane < 4; plane++) {
        color |= (noise(plane, i & 0xffff) >> (7 - dot % 8) & 1) << plane;
    }
    return color;
}

static void fill_planes(void)
{
    for (int plane = 0; plane < 4; plane++) {
        index_write(0x3c4, 2, 1 << plane);
        for (int i = 0; i < 65536; i++) {
            poke(0xa0000 + i, noise(plane, i));
        }
    }
}

/* By bytes and dots together; below the line compare by neither, if the attribute mode says so. */
static void test_byte_panning(void)
{
    begin();
    set_colors();
    set_mode(&mode_12h);
    fill_planes();
    index_write(0x3d4, 0x08, 2 << 5);
    index_write(0x3d4, 0x18, 240);
    index_write(0x3d4, 0x07, mode_12h.cr[7] & ~0x10);
    index_write(0x3d4, 0x09, 0x00);
    ar_write(0x13, 5);
    for (int both = 0; both < 2; both++) {
        ar_write(0x10, both ? 0x01 : 0x21);
        outb(0x3c0, 0x20);
        assert_size(640, 480);
        for (int y = 0; y < 480; y++) {
            bool panned = y <= 240 || both;

            for (int x = 0; x < 640; x++) {
                int dot = x + (panned ? 5 : 0), i = (y <= 240 ? y : y - 241) * 80 + dot / 8;

                g_assert_cmphex(pixel(x, y), ==,
                                text_color(planar_color(i + (panned ? 2 : 0), dot)));
            }
        }
    }
    end();
}

/* Half the counts: the same registers, twice the lines; the line compare counts as they do. */
static void test_half_lines(void)
{
    begin();
    set_colors();
    set_mode(&mode_12h);
    fill_planes();
    index_write(0x3d4, 0x11, 0x0c);
    index_write(0x3d4, 0x12, 239);
    index_write(0x3d4, 0x07, 0x00);
    index_write(0x3d4, 0x09, 0x00);
    index_write(0x3d4, 0x18, 200);
    index_write(0x3d4, 0x17, mode_12h.cr[0x17] | 0x04);
    assert_size(640, 480);
    for (int y = 0; y < 480; y++) {
        int i = (y <= 401 ? y : y - 402) * 80;

        g_assert_cmphex(pixel(9, y), ==, text_color(planar_color(i + 1, 1)));
    }
    end();
}

/* In graphics, half of the time each pixel has bit 3: in mode 0F, black for what blinks. */
static void test_graphics_blink(void)
{
    int64_t frame = 800 * NANOSECONDS_PER_SECOND / 25175000 * 525;

    begin();
    set_colors();
    set_mode(&mode_12h);
    fill_planes();
    ar_write(0x10, 0x09);
    ar_write(0x12, 0x05);
    outb(0x3c0, 0x20);
    step(32 * frame + frame / 2 - clock_get_ns(VM_CLOCK_VIRTUAL) % (32 * frame));
    for (int phase = 0; phase < 2; phase++) {
        step(phase * 20 * frame);
        assert_size(640, 480);
        for (int x = 0; x < 640; x++) {
            int color = planar_color(x / 8, x) & 5;

            g_assert_cmphex(pixel(x, 0), ==, text_color(phase ? color | 8 : color));
        }
    }
    end();
}

/* 512 characters: bit 3 of the attribute chooses between fonts in any two of eight places. */
static void test_two_fonts(void)
{
    static const unsigned places[8] = {0x0000, 0x4000, 0x8000, 0xc000,
                                       0x2000, 0x6000, 0xa000, 0xe000};

    begin();
    set_colors();
    set_mode(&mode_text);
    index_write(0x3c4, 2, 4);
    index_write(0x3c4, 4, 6);
    index_write(0x3ce, 5, 0);
    index_write(0x3ce, 6, 4);
    for (int n = 0; n < 8; n++) {
        for (int row = 0; row < 16; row++) {
            poke(0xa0000 + places[n] + 'x' * 32 + row, n * 16 + row);
        }
    }
    set_mode(&mode_text);
    index_write(0x3d4, 0x0a, 0x20);
    for (int i = 0; i < 80 * 25; i++) {
        poke(0xb8000 + 2 * i, 'x');
        poke(0xb8000 + 2 * i + 1, i % 2 ? 0x0f : 0x07);
    }
    for (int a = 0; a < 8; a++) {
        for (int b = 0; b < 8; b++) {
            index_write(0x3c4, 3, (a & 3) << 2 | (a & 4) << 3 | (b & 3) | (b & 4) << 2);
            assert_size(720, 400);
            for (int y = 0; y < 16; y++) {
                for (int dot = 0; dot < 8; dot++) {
                    bool on_b = (b * 16 + y) >> (7 - dot) & 1, on_a = (a * 16 + y) >> (7 - dot) & 1;

                    g_assert_cmphex(pixel(dot, y), ==, text_color(on_b ? 7 : 0));
                    g_assert_cmphex(pixel(9 + dot, y), ==, text_color(on_a ? 15 : 0));
                }
            }
        }
    }
    end();
}

/* Mode 7: characters underlined by their attribute; eight dots wide. */
static void test_mono_text(void)
{
    begin();
    set_colors();
    set_mode(&mode_text);
    load_font();
    index_write(0x3c4, 1, 0x01);
    index_write(0x3d4, 0x14, 12);
    ar_write(0x10, 0x0e);
    outb(0x3c0, 0x20);
    for (int i = 0; i < 80 * 25; i++) {
        poke(0xb8000 + 2 * i, 'A');
        poke(0xb8000 + 2 * i + 1, i % 3 == 0 ? 0x01 : i % 3 == 1 ? 0x09 : 0x07);
    }
    index_write(0x3d4, 0x0a, 0x20);
    index_write(0x3c4, 3, 0x00);
    assert_size(640, 400);
    for (int y = 0; y < 16; y++) {
        for (int x = 0; x < 640; x++) {
            int cell = x / 8, attr = cell % 3 == 0 ? 0x01 : cell % 3 == 1 ? 0x09 : 0x07;
            bool on = font['A'][y] >> (7 - x % 8) & 1;

            if (y == 12 && cell % 3 != 2) {
                on = true;
            }
            g_assert_cmphex(pixel(x, y), ==, text_color(on ? attr : 0));
        }
    }
    end();
}

static void test_cga(void)
{
    begin();
    set_colors();
    set_mode(&mode_cga4);
    for (int i = 0; i < 16384; i++) {
        poke(0xb8000 + i, noise(0, i));
    }
    assert_size(640, 400);
    for (int y = 0; y < 400; y++) {
        for (int x = 0; x < 640; x++) {
            int px = x / 2, py = y / 2, i = (py & 1) * 8192 + py / 2 * 80 + px / 4;
            int color = noise(0, i) >> (6 - px % 4 * 2) & 3;

            g_assert_cmphex(pixel(x, y), ==, dac_rgb(mode_cga4.ar[color]));
        }
    }
    end();
}

static void test_screen_off(void)
{
    begin();
    set_colors();
    set_mode(&mode_13h);
    assert_size(640, 400);
    g_assert_cmphex(pixel(5, 5), ==, dac_rgb(0));
    index_write(0x3c4, 1, 0x21);
    assert_size(640, 400);
    g_assert_cmphex(pixel(5, 5), ==, 0);
    index_write(0x3c4, 1, 0x01);
    assert_size(640, 400);
    g_assert_cmphex(pixel(5, 5), ==, dac_rgb(0));
    end();
}

/* Viewers hear of the lines that changed and of no others. */
static int first_line, lines;

static void see_update(void *opaque, int x, int y, int width, int height)
{
    first_line = y;
    lines += height;
}

static void test_changed_lines(void)
{
    static const ConsoleListener listener = {.update = see_update};

    begin();
    set_colors();
    set_mode(&mode_13h);
    assert_size(640, 400);
    console_add_listener(console_default(), &listener, &lines);
    lines = 0;
    poke(0xa0000 + 100 * 320 + 7, 9);
    assert_size(640, 400);
    g_assert_cmpint(first_line, ==, 200);
    g_assert_cmpint(lines, ==, 2);
    assert_size(640, 400);
    g_assert_cmpint(lines, ==, 2);
    console_remove_listener(console_default(), &lines);
    end();
}

/* Any registers, start addresses and sizes: the picture stays inside its memory. */
static void test_hostile_registers(void)
{
    static const VgaModeRegs *const modes[] = {&mode_text, &mode_cga4, &mode_12h, &mode_13h};

    begin();
    for (int i = 0; i < 150; i++) {
        set_mode(modes[i % 4]);
        for (int n = g_test_rand_int_range(0, 12); n > 0; n--) {
            static const uint16_t ports[] = {0x3c4, 0x3ce, 0x3d4, 0x3d4};
            uint16_t port = ports[g_test_rand_int_range(0, 4)];

            index_write(port, g_test_rand_int_range(0, 25), g_test_rand_int());
        }
        ar_write(g_test_rand_int_range(0x10, 32), g_test_rand_int());
        index_write(0x3d4, 0x0c, 0xff);
        index_write(0x3d4, 0x0d, 0xff);
        index_write(0x3c4, 1, g_test_rand_int() & ~0x20);
        outb(0x3c0, 0x20);
        poke(0xa0000 + g_test_rand_int_range(0, 0x20000), g_test_rand_int());
        g_free(console_text(console_default()));
        inb(0x3da);
        step(g_test_rand_int_range(0, 100000000));
    }
    end();
}

static void test_refused_memory_size(void)
{
    g_autoptr(GError) err = NULL;

    harness_begin(&h);
    dev = device_new(&isa_vga_class);
    device_set_str(dev, "vgamem_mb", "3");
    g_assert_false(device_realize(dev, &h.isa.bus, &err));
    g_assert_nonnull(strstr(err->message, "vgamem_mb"));
    device_free(dev);
    harness_end(&h);
}

/* LIGNITE_PICTURES names a folder for somebody to look at them. */
static void test_pictures(void)
{
    const char *dir = g_getenv("LIGNITE_PICTURES");
    g_autofree char *path = NULL;

    begin();
    set_colors();
    set_mode(&mode_text);
    load_font();
    for (int i = 0; i < 80 * 25; i++) {
        poke(0xb8000 + 2 * i, i % 80 < 40 ? i & 0xff : ' ');
        poke(0xb8000 + 2 * i + 1, i & 0xff);
    }
    path = g_build_filename(dir, "text.png", NULL);
    g_assert_true(console_screendump(console_default(), path, SCREENDUMP_PNG, NULL));
    end();
}

int main(int argc, char **argv)
{
    harness_init(&argc, &argv);
    g_test_add_func("/vga/registers", test_registers);
    g_test_add_func("/vga/dac", test_dac);
    g_test_add_func("/vga/retrace", test_retrace);
    g_test_add_func("/vga/beam", test_beam);
    g_test_add_func("/vga/window/model", test_window_model);
    g_test_add_func("/vga/window/maps", test_memory_maps);
    g_test_add_func("/vga/window/chained-is-ram", test_chained_window_is_ram);
    g_test_add_func("/vga/picture/text", test_text);
    g_test_add_func("/vga/picture/text-as-text", test_text_as_text);
    g_test_add_func("/vga/picture/256-colors", test_256_colors);
    g_test_add_func("/vga/picture/unchained", test_unchained);
    g_test_add_func("/vga/picture/planar-and-split", test_planar_and_split);
    g_test_add_func("/vga/picture/byte-panning", test_byte_panning);
    g_test_add_func("/vga/picture/half-lines", test_half_lines);
    g_test_add_func("/vga/picture/graphics-blink", test_graphics_blink);
    g_test_add_func("/vga/picture/two-fonts", test_two_fonts);
    g_test_add_func("/vga/picture/mono-text", test_mono_text);
    g_test_add_func("/vga/picture/cga", test_cga);
    g_test_add_func("/vga/picture/screen-off", test_screen_off);
    g_test_add_func("/vga/picture/changed-lines", test_changed_lines);
    if (g_getenv("LIGNITE_PICTURES")) {
        g_test_add_func("/vga/picture/for-people", test_pictures);
    }
    g_test_add_func("/vga/hostile-registers", test_hostile_registers);
    g_test_add_func("/vga/refused-memory-size", test_refused_memory_size);
    return g_test_run();
}
