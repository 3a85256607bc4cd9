/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Registers of the Cirrus that a hostile guest would write: the faults that such blitters and frame
 * buffers had, each with what must happen. After each, memory outside what was asked for is as it
 * was, and the screen can be drawn.
 */
#include "vm.h"

#define LFB      0xe0000000u
#define MMIO     0xe4000000u
#define BLT      (MMIO + 0x100)
#define VRAM     (4 * 1024 * 1024)
#define BACKDROP 0x5a

enum {
    BACKWARD = 0x01,
    TO_CPU = 0x02,
    FROM_CPU = 0x04,
    TRANSPARENT = 0x08,
    PATTERN = 0x40,
    EXPAND = 0x80
};
enum { PIXELS_8 = 0x00, PIXELS_16 = 0x10, PIXELS_24 = 0x20, PIXELS_32 = 0x30 };

typedef struct Blit {
    uint8_t mode, ext, clip;
    unsigned width, height, dst_pitch, src_pitch;
    uint32_t dst, src, fg, bg;
    uint16_t key;
} Blit;

static void index_write(Vm *vm, uint16_t port, uint8_t index, uint8_t value)
{
    outw(vm, port, value << 8 | index);
}

/* 640 x 480 of eight bits, on a backdrop. */
static Vm *start(void)
{
    static const uint8_t crtc[] = {0x5f, 0x4f, 0x50, 0x82, 0x54, 0x80, 0x0b, 0x3e, 0,
                                   0x40, 0x20, 0,    0,    0,    0,    0,    0xea, 0x0c,
                                   0xdf, 0x50, 0x00, 0xe7, 0x04, 0xe3, 0xff};
    Vm *vm = vm_start("-vga cirrus -m 16");
    int devfn = pci_find(vm, 0x1013, 0x00b8, 0);

    g_assert_cmpint(devfn, >=, 0);
    pci_writel(vm, devfn, 0x10, LFB);
    pci_writel(vm, devfn, 0x14, MMIO);
    pci_writew(vm, devfn, 0x04, 3);
    outb(vm, 0x3c2, 0xe3);
    index_write(vm, 0x3c4, 6, 0x12);
    index_write(vm, 0x3c4, 1, 0x01);
    index_write(vm, 0x3c4, 4, 0x0e);
    index_write(vm, 0x3c4, 7, 0x01);
    index_write(vm, 0x3d4, 0x11, 0);
    for (unsigned i = 0; i < sizeof(crtc); i++) {
        index_write(vm, 0x3d4, i, crtc[i]);
    }
    index_write(vm, 0x3ce, 6, 0x05);
    index_write(vm, 0x3ce, 8, 0xff);
    inb(vm, 0x3da);
    outb(vm, 0x3c0, 0x20);
    vm_fill(vm, LFB, VRAM, BACKDROP);
    return vm;
}

static void draw(Vm *vm)
{
    g_autofree char *path = g_build_filename(vm_folder(vm), "screen", NULL);

    vm_do(vm, "screendump", "{s:s}", "filename", path);
}

static void set_registers(Vm *vm, const Blit *b)
{
    writel(vm, BLT + 0x00, b->bg);
    writel(vm, BLT + 0x04, b->fg);
    writel(vm, BLT + 0x08, (b->width - 1) | (b->height - 1) << 16);
    writel(vm, BLT + 0x0c, b->dst_pitch | b->src_pitch << 16);
    writel(vm, BLT + 0x10, b->dst);
    writel(vm, BLT + 0x14, b->src | (uint32_t)b->clip << 24);
    writel(vm, BLT + 0x18, b->mode | 0x0d << 16 | (uint32_t)b->ext << 24); /* source copy */
    writel(vm, BLT + 0x1c, b->key);
}

static bool busy(Vm *vm)
{
    return readb(vm, BLT + 0x40) & 0x09;
}

static void blit(Vm *vm, const Blit *b)
{
    set_registers(vm, b);
    writeb(vm, BLT + 0x40, 0x02);
}

/* Nothing is there but the backdrop. */
static void assert_nothing(Vm *vm)
{
    g_autofree uint8_t *memory = g_malloc(VRAM);

    vm_read(vm, LFB, memory, VRAM);
    for (unsigned i = 0; i < VRAM; i++) {
        if (memory[i] != BACKDROP) {
            g_error("at %06x is %02x", i, memory[i]);
        }
    }
}

/* It is refused: nothing drawn, not busy, and the screen is drawn. */
static void assert_refused(Vm *vm, const Blit *b)
{
    blit(vm, b);
    g_assert_false(busy(vm));
    draw(vm);
    assert_nothing(vm);
}

static const Blit fill = {.mode = EXPAND | PATTERN | PIXELS_8,
                          .ext = 0x04,
                          .width = 64,
                          .height = 64,
                          .dst_pitch = 640,
                          .fg = 0x11};

/* CVE-2007-1320, CVE-2008-4539, CVE-2014-8106 */
static void test_past_the_end(void)
{
    Vm *vm = start();
    Blit b = fill;

    b.dst = VRAM - 640 * 63 - 63; /* one byte too far */
    assert_refused(vm, &b);
    b.dst = VRAM - 1;
    assert_refused(vm, &b);
    b.dst = 0;
    b.width = 8192;
    b.height = 2048;
    b.dst_pitch = 8191;
    assert_refused(vm, &b);
    b = (Blit){
        .width = 64, .height = 64, .dst_pitch = 640, .src_pitch = 640, .src = VRAM - 640 * 63 - 63};
    assert_refused(vm, &b);
    b = (Blit){
        .mode = EXPAND, .width = 8192, .height = 4, .dst_pitch = 8192, .src = VRAM - 4 * 1024 + 1};
    assert_refused(vm, &b);
    vm_stop(vm);
}

/* CVE-2017-2620: a transfer from the CPU is checked before it is armed; lines of 8192 bytes are
 * whole. */
static void test_from_cpu(void)
{
    g_autofree uint8_t *data = g_malloc0(8192), *memory = g_malloc(VRAM);
    Vm *vm = start();
    Blit b = {
        .mode = FROM_CPU, .width = 64, .height = 64, .dst_pitch = 640, .dst = VRAM - 640 * 63 - 63};

    assert_refused(vm, &b);
    b.dst_pitch = 0;
    b.dst = 0;
    assert_refused(vm, &b);
    b.mode = FROM_CPU | EXPAND | PIXELS_32;
    b.dst = VRAM - 4;
    b.width = 8192;
    b.height = 1;
    assert_refused(vm, &b);
    b.mode = FROM_CPU;
    b.dst = VRAM - 8192;
    blit(vm, &b);
    g_assert_true(busy(vm));
    vm_write(vm, LFB + 0x1000000, data, 4096);
    g_assert_true(busy(vm));
    vm_write(vm, LFB, data, 4096); /* a place as good as any */
    g_assert_false(busy(vm));
    vm_read(vm, LFB, memory, VRAM);
    for (unsigned i = 0; i < VRAM; i++) {
        g_assert_cmphex(memory[i], ==, i < VRAM - 8192 ? BACKDROP : 0);
    }
    draw(vm);
    vm_stop(vm);
}

/* CVE-2017-2615 */
static void test_backward_past_the_start(void)
{
    Vm *vm = start();
    Blit b = {.mode = BACKWARD,
              .width = 64,
              .height = 64,
              .dst_pitch = 640,
              .src_pitch = 640,
              .dst = 640 * 63 + 62,
              .src = 0x100000};

    assert_refused(vm, &b);
    b.dst = 0;
    assert_refused(vm, &b);
    b.dst = 0x100000;
    b.src = 640 * 63 + 62;
    assert_refused(vm, &b);
    b.height = 1;
    b.src = 62;
    assert_refused(vm, &b);
    vm_stop(vm);
}

/* CVE-2016-9921, CVE-2016-9922, CVE-2017-7718: no pitch, or less than a line. */
static void test_pitch(void)
{
    Vm *vm = start();
    Blit b = fill;

    b.dst_pitch = 0;
    assert_refused(vm, &b);
    b.dst_pitch = 63;
    assert_refused(vm, &b);
    b = (Blit){.width = 64, .height = 2, .dst_pitch = 640, .src_pitch = 0};
    assert_refused(vm, &b);
    b.src_pitch = 63;
    assert_refused(vm, &b);
    b.mode = TO_CPU;
    assert_refused(vm, &b);
    for (unsigned depth = 0; depth < 4; depth++) { /* patterns, expansion and solids as well */
        static const uint8_t modes[] = {PATTERN, EXPAND, EXPAND | PATTERN, EXPAND | TRANSPARENT};

        for (unsigned i = 0; i < sizeof(modes); i++) {
            b = (Blit){.mode = modes[i] | depth << 4, .width = 96, .height = 3};
            blit(vm, &b);
            g_assert_false(busy(vm));
        }
    }
    assert_nothing(vm);
    /* A single line needs none: NT 4 draws its cursor so. */
    b = (Blit){.mode = EXPAND | PATTERN, .ext = 0x04, .width = 64, .height = 1, .fg = 0x77};
    blit(vm, &b);
    g_assert_cmphex(readb(vm, LFB), ==, 0x77);
    g_assert_cmphex(readb(vm, LFB + 63), ==, 0x77);
    g_assert_cmphex(readb(vm, LFB + 64), ==, BACKDROP);
    vm_stop(vm);
}

/* CVE-2017-7980: pointers that walk off, in each kind, also backward with pixels of 16 bits. */
static void test_pointers(void)
{
    Vm *vm = start();
    Blit b = {.mode = BACKWARD | TRANSPARENT | PIXELS_16,
              .width = 64,
              .height = 16,
              .dst_pitch = 640,
              .src_pitch = 640,
              .dst = 640 * 15 + 62,
              .src = 640 * 15 + 63,
              .key = 0x1234};

    assert_refused(vm, &b);
    b.dst = 640 * 15 + 63;
    b.src = 640 * 15 + 62;
    assert_refused(vm, &b);
    b.width = 1; /* not a pixel */
    b.height = 1;
    b.dst = b.src = 0;
    assert_refused(vm, &b);
    b.mode = BACKWARD | TRANSPARENT | PIXELS_16;
    b.width = 2;
    b.dst = 1;
    b.src = 3; /* the first pixel there is, from the next one */
    writew(vm, LFB + 2, 0xbeef);
    blit(vm, &b);
    g_assert_cmphex(readl(vm, LFB), ==, 0xbeefbeef);
    writel(vm, LFB, 0x5a5a5a5a);
    b.mode = PATTERN | PIXELS_32; /* a pattern at the end of memory, not aligned */
    b.width = b.dst_pitch = 8192;
    b.height = 8;
    b.src = VRAM - 1;
    b.dst = VRAM - 8 * 8192;
    blit(vm, &b);
    b.mode = TRANSPARENT | PIXELS_24; /* colours that can't be compared */
    b.dst = b.src = 0;
    b.width = b.dst_pitch = b.src_pitch = 48;
    writeb(vm, LFB + 3, 0x12);
    b.dst = 100;
    blit(vm, &b);
    g_assert_cmphex(readb(vm, LFB + 103), ==, BACKDROP);
    writeb(vm, LFB + 3, BACKDROP);
    assert_nothing(vm);
    vm_stop(vm);
}

/* CVE-2017-18030: what is marked as drawn ends with memory, begins with it, or is one byte. */
static void test_dirty_ranges(void)
{
    Vm *vm = start();
    Blit b = fill;

    for (int i = 0; i < 3; i++) {
        b.mode = i == 2 ? BACKWARD : EXPAND | PATTERN;
        b.src_pitch = 640;
        b.dst = i == 0 ? VRAM - 640 * 63 - 64 : i == 1 ? 0 : 640 * 63 + 63;
        b.src = 0x200000;
        writeb(vm, LFB + (b.src - 63 - 640 * 63), 0x33);
        blit(vm, &b);
        draw(vm);
        g_assert_cmphex(readb(vm, LFB + (i == 0 ? VRAM - 1 : 0)), ==, i == 2 ? 0x33 : 0x11);
    }
    b = fill;
    b.width = b.height = 1;
    b.dst = VRAM - 1;
    blit(vm, &b);
    draw(vm);
    /* A picture that begins at the end of memory goes on at its start. */
    index_write(vm, 0x3d4, 0x0c, 0xff);
    index_write(vm, 0x3d4, 0x0d, 0xff);
    index_write(vm, 0x3d4, 0x1b, 0x1f);
    index_write(vm, 0x3d4, 0x1d, 0x80);
    b.dst = 0;
    blit(vm, &b);
    draw(vm);
    vm_stop(vm);
}

/* CVE-2017-15289: eight or sixteen pixels by one write, at the end of memory. */
static void test_extended_writes(void)
{
    static const uint8_t by[] = {0x04, 0x06, 0x14, 0x16, 0x02, 0x12};
    Vm *vm = start();

    for (unsigned i = 0; i < sizeof(by); i++) {
        for (uint8_t mode = 4; mode <= 5; mode++) {
            index_write(vm, 0x3ce, 0x05, mode);
            index_write(vm, 0x3ce, 0x0b, 0x20 | by[i]);
            index_write(vm, 0x3ce, 0x09, 0xff);
            for (unsigned n = 1; n <= 32; n *= 2) {
                writeb(vm, LFB + VRAM - n, 0xff);
                writel(vm, LFB + VRAM / n - 4, 0xffffffff);
                writeq(vm, 0xaffff - 7, UINT64_MAX);
                readl(vm, LFB + VRAM - 4);
                readb(vm, 0xaffff);
            }
            draw(vm);
        }
    }
    vm_stop(vm);
}

/* GR2F with more than a pixel, line or pattern has. */
static void test_clipping(void)
{
    Vm *vm = start();
    Blit b = {.mode = EXPAND | PATTERN | PIXELS_24,
              .clip = 0x1f,
              .width = 24,
              .height = 8,
              .dst_pitch = 640,
              .src = 0x3ffff8,
              .fg = 0xffffff};

    assert_refused(vm, &b); /* the whole line is clipped */
    b.mode = EXPAND | PIXELS_24;
    assert_refused(vm, &b);
    b.mode = PATTERN | PIXELS_24;
    assert_refused(vm, &b);
    b.mode = EXPAND | PATTERN | TRANSPARENT | PIXELS_24;
    b.clip = 0x7f;
    assert_refused(vm, &b);
    b.mode = EXPAND | PATTERN | PIXELS_24;
    b.ext = 0x04;
    b.width = 48;
    b.height = 1;
    blit(vm, &b);
    g_assert_cmphex(readb(vm, LFB + 30), ==, BACKDROP);
    g_assert_cmphex(readb(vm, LFB + 31), ==, 0xff);
    g_assert_cmphex(readb(vm, LFB + 48), ==, BACKDROP);
    vm_stop(vm);
}

/* Anything at all, in any order, while data are awaited or not. */
static void test_noise(void)
{
    Vm *vm = start();

    for (int i = 0; i < 3000; i++) {
        uint32_t value = g_test_rand_int();

        switch (g_test_rand_int_range(0, 8)) {
        case 0:
            index_write(vm, 0x3ce, g_test_rand_int_range(0, 0x40), value);
            break;
        case 1:
            index_write(vm, 0x3c4, g_test_rand_int_range(0, 0x20), value);
            break;
        case 2:
            index_write(vm, 0x3d4, g_test_rand_int_range(0, 0x40), value);
            break;
        case 3:
            writel(vm, LFB + (g_test_rand_int() & 0x1fffffc), value);
            break;
        case 4:
            readl(vm, 0xa0000 + g_test_rand_int_range(0, 0x1fffd));
            writel(vm, 0xa0000 + g_test_rand_int_range(0, 0x1fffd), value);
            break;
        case 5:
            writeb(vm, BLT + 0x40, value);
            break;
        default:
            writel(vm, BLT + (g_test_rand_int() & 0x3c), value);
            break;
        }
        if (i % 200 == 0) {
            draw(vm);
        }
    }
    vm_stop(vm);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/cirrus/past-the-end", test_past_the_end);
    g_test_add_func("/cirrus/from-cpu", test_from_cpu);
    g_test_add_func("/cirrus/backward-past-the-start", test_backward_past_the_start);
    g_test_add_func("/cirrus/pitch", test_pitch);
    g_test_add_func("/cirrus/pointers", test_pointers);
    g_test_add_func("/cirrus/dirty-ranges", test_dirty_ranges);
    g_test_add_func("/cirrus/extended-writes", test_extended_writes);
    g_test_add_func("/cirrus/clipping", test_clipping);
    g_test_add_func("/cirrus/noise", test_noise);
    return g_test_run();
}
