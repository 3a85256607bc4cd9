/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The blitter of the Cirrus against plain loops over pixels: random blits of every kind, and of
 * each raster operation x depth x direction x transparency. After each, video memory is what the
 * loops made of their copy, its pages are marked, and the engine is idle.
 */
#include "pci-display.h"

#define RANDOM_BLITS 20000
#define BAND         0x10000 /* memory in use: this much at the start, and at the end */

enum {
    BACKWARD = 0x01,
    TO_CPU = 0x02,
    FROM_CPU = 0x04,
    TRANSPARENT = 0x08,
    PATTERN = 0x40,
    EXPAND = 0x80
};
enum { DWORDS = 0x01, INVERT = 0x02, SOLID = 0x04, CLIP_BACK = 0x08 };

typedef struct Blit {
    uint8_t mode, ext, rop, clip;
    int depth; /* bytes */
    int width, height, dst_pitch, src_pitch;
    uint32_t dst, src, fg, bg;
    uint16_t key;
} Blit;

static const uint8_t rop_codes[16] = {0x00, 0x05, 0x06, 0x09, 0x0b, 0x0d, 0x0e, 0x50,
                                      0x59, 0x6d, 0x90, 0x95, 0xad, 0xd0, 0xd6, 0xda};

/* ----------------------------------------------------------------------------------- the model */

static uint8_t *vram, *model;
static MemoryRegion *vram_mr;
static bool written[VRAM >> 12];
static GByteArray *data; /* from the CPU */
static guint data_at;

static uint8_t combine(uint8_t code, uint8_t s, uint8_t d)
{
    switch (code) {
    case 0x00:
        return 0;
    case 0x05:
        return s & d;
    case 0x06:
        return d;
    case 0x09:
        return s & ~d;
    case 0x0b:
        return ~d;
    case 0x0d:
        return s;
    case 0x0e:
        return 0xff;
    case 0x50:
        return ~s & d;
    case 0x59:
        return s ^ d;
    case 0x6d:
        return s | d;
    case 0x90:
        return ~(s | d);
    case 0x95:
        return ~(s ^ d);
    case 0xad:
        return s | ~d;
    case 0xd0:
        return ~s;
    case 0xd6:
        return ~s | d;
    case 0xda:
        return ~(s & d);
    default:
        g_assert_not_reached();
    }
}

static void store(uint32_t addr, uint8_t val)
{
    g_assert_cmpuint(addr, <, VRAM);
    model[addr] = val;
    written[addr >> 12] = true;
}

/* Bytes of a line that GR2F keeps from being written. */
static int skipped(const Blit *b)
{
    if (!(b->mode & (PATTERN | EXPAND))) {
        return 0;
    }
    return b->depth == 3 ? b->clip & 31 : (b->clip & 7) * b->depth;
}

static int line_bits(const Blit *b)
{
    int pixels = (b->width + b->depth - 1) / b->depth;

    return (pixels + 7) / 8;
}

/* Bytes of the CPU for each line, and how many of the first come to nothing. */
static int cpu_line(const Blit *b, int *first)
{
    if (b->mode & EXPAND) {
        *first = b->ext & DWORDS ? b->clip >> 5 & 3 : 0;
        return b->ext & DWORDS ? (*first + line_bits(b) + 3) / 4 * 4 : line_bits(b);
    }
    *first = b->mode & FROM_CPU ? b->clip >> 5 & 3 : 0;
    return (*first + b->width + 3) / 4 * 4;
}

/* A line of a pattern, or of bits, as it was before the line is drawn. */
static uint8_t tile[1024];

static void take_line(const Blit *b, int y)
{
    static const int lens[] = {1, 8, 16, 32, 32};
    int len = lens[b->mode & EXPAND ? 0 : b->depth];

    if (!(b->mode & PATTERN)) {
        memcpy(tile, &model[b->src + y * line_bits(b)], line_bits(b));
        return;
    }

    for (int i = 0; i < len; i++) {
        tile[i] = model[b->src / (8 * len) * (8 * len) + (b->src + y) % 8 * len + i];
    }
}

static bool source_bit(const Blit *b, int x, int y)
{
    int first;
    uint8_t byte;

    if (b->mode & PATTERN) {
        if (b->ext & SOLID) {
            return true;
        }
        byte = tile[0];
    } else if (b->mode & FROM_CPU) {
        int len = cpu_line(b, &first);

        byte = data->data[y * len + first + x / 8];
    } else {
        byte = tile[x / 8];
    }
    return byte >> (7 - x % 8) & 1;
}

static uint8_t source_byte(const Blit *b, int n, int y, int way)
{
    int first;

    if (b->mode & PATTERN) {
        return tile[n % (8 * b->depth)];
    }
    if (b->mode & FROM_CPU) {
        int len = cpu_line(b, &first);

        return data->data[y * len + first + n];
    }
    return model[(int64_t)b->src + way * ((int64_t)y * b->src_pitch + n)];
}

static bool has_area(int64_t addr, int64_t pitch, const Blit *b, int width, int way)
{
    int64_t a = addr + way * (width - 1), z = addr + way * pitch * (b->height - 1);
    int64_t w = z + way * (width - 1), low = MIN(MIN(addr, a), MIN(z, w)),
            high = MAX(MAX(addr, a), MAX(z, w));

    return low >= 0 && high < VRAM && (b->height == 1 || pitch >= width);
}

static int direction(const Blit *b)
{
    return (b->mode & BACKWARD) && !(b->mode & (PATTERN | EXPAND | FROM_CPU | TO_CPU)) ? -1 : 1;
}

static bool possible(const Blit *b)
{
    int way = direction(b);
    bool expand = b->mode & EXPAND, pattern = b->mode & PATTERN;

    if ((b->mode & FROM_CPU) && (b->mode & (TO_CPU | PATTERN))) {
        return false;
    }
    if ((b->mode & TO_CPU) && (b->mode & (EXPAND | PATTERN | TRANSPARENT))) {
        return false;
    }
    if ((b->mode & TRANSPARENT) && !expand && b->depth > 2) {
        return false;
    }
    if (!(b->mode & TO_CPU) && !has_area(b->dst, b->dst_pitch, b, b->width, way)) {
        return false;
    }
    if ((b->mode & FROM_CPU) || pattern) {
        return true;
    }
    return expand ? has_area(b->src, line_bits(b), b, line_bits(b), 1)
                  : has_area(b->src, b->src_pitch, b, b->width, way);
}

static void model_expand(const Blit *b, int y)
{
    for (int x = 0; x * b->depth < b->width; x++) {
        bool bit = source_bit(b, x, y), transparent = b->mode & TRANSPARENT, draw = true;
        bool solid = (b->mode & PATTERN) && (b->ext & SOLID);
        uint32_t color = bit ? b->fg : b->bg;

        if (transparent && !solid) {
            bool inverted = b->ext & INVERT;

            draw = inverted ? !bit : bit;
            color = inverted ? b->bg : b->fg;
        }
        for (int i = 0; draw && i < b->depth && x * b->depth + i < b->width; i++) {
            int n = x * b->depth + i;
            uint32_t addr = b->dst + y * b->dst_pitch + n;
            bool whole = (b->ext & CLIP_BACK) && bit && (!transparent || solid);

            if (n >= skipped(b) || whole) {
                store(addr, combine(b->rop, color >> 8 * i, model[addr]));
            }
        }
    }
}

static void model_colors(const Blit *b, int y)
{
    int way = direction(b), unit = b->mode & TRANSPARENT ? b->depth : 1;

    for (int n = 0; n + unit <= b->width; n += unit) {
        uint8_t result[2];
        bool differs = false;

        for (int i = 0; i < unit; i++) {
            /* Of a pixel the lower byte comes first, also where n counts downwards. */
            int m = way > 0 ? n + i : n + unit - 1 - i;
            int64_t addr = (int64_t)b->dst + way * ((int64_t)y * b->dst_pitch + m);

            result[i] = combine(b->rop, source_byte(b, m, y, way), model[addr]);
            differs |= result[i] != (uint8_t)(b->key >> 8 * i);
        }
        for (int i = 0; i < unit; i++) {
            int m = way > 0 ? n + i : n + unit - 1 - i;

            if (m >= skipped(b) && (!(b->mode & TRANSPARENT) || differs)) {
                store((int64_t)b->dst + way * ((int64_t)y * b->dst_pitch + m), result[i]);
            }
        }
    }
}

/* ------------------------------------------------------------------------------- the device -- */

static void blt_write(uint8_t gr, uint8_t mmio, uint8_t val)
{
    if (g_test_rand_bit()) {
        index_write(0x3ce, gr, val);
    } else {
        poke(MMIO + 0x100 + mmio, val);
    }
}

static void write_registers(const Blit *b)
{
    static const uint8_t color_grs[4] = {0x00, 0x10, 0x12, 0x14};

    for (int i = 0; i < 4; i++) {
        blt_write(color_grs[i], i, b->bg >> 8 * i);
        blt_write(color_grs[i] + 1, 4 + i, b->fg >> 8 * i);
    }
    for (int i = 0; i < 2; i++) {
        blt_write(0x20 + i, 0x08 + i, (b->width - 1) >> 8 * i);
        blt_write(0x22 + i, 0x0a + i, (b->height - 1) >> 8 * i);
        blt_write(0x24 + i, 0x0c + i, b->dst_pitch >> 8 * i);
        blt_write(0x26 + i, 0x0e + i, b->src_pitch >> 8 * i);
        blt_write(0x34 + i, 0x1c + i, b->key >> 8 * i);
    }
    for (int i = 0; i < 3; i++) {
        blt_write(0x2c + i, 0x14 + i, b->src >> 8 * i);
    }
    blt_write(0x2f, 0x17, b->clip);
    blt_write(0x30, 0x18, b->mode | (b->depth - 1) << 4);
    blt_write(0x32, 0x1a, b->rop);
    blt_write(0x33, 0x1b, b->ext);
}

/* By GR31, or by the last byte of the destination. */
static void start(const Blit *b)
{
    bool automatic = g_test_rand_bit();

    blt_write(0x31, 0x40, automatic ? 0x80 : 0);
    for (int i = 0; i < 3; i++) {
        blt_write(0x28 + i, 0x10 + i, b->dst >> 8 * i);
    }
    if (!automatic) {
        blt_write(0x31, 0x40, 0x02);
    }
}

static bool busy(void)
{
    uint8_t val = peek(MMIO + 0x140);

    g_assert_cmpint(val & 0x01, ==, val >> 3 & 1); /* busy, in progress */
    g_assert_cmpint(val & 0x01, ==, val >> 1 & 1); /* and still started */
    return val & 0x01;
}

/* Somewhere that data of the CPU may be written to. */
static hwaddr data_place(void)
{
    switch (g_test_rand_int_range(0, 3)) {
    case 0:
        return 0xa0000 + g_test_rand_int_range(0, 0xfff0);
    case 1:
        return LFB + g_test_rand_int_range(0, VRAM - 16);
    default:
        return LFB + 0x1000000 + g_test_rand_int_range(0, 0x3ffff0);
    }
}

static void send_data(void)
{
    g_assert_true(busy());
    for (data_at = 0; data_at < data->len;) {
        uint8_t bytes[8] = {0};
        unsigned size = 1 << g_test_rand_int_range(0, 4), n = MIN(size, data->len - data_at);

        memcpy(bytes, &data->data[data_at], n);
        address_space_write(&address_space_memory, data_place(), bytes, size);
        data_at += n;
    }
}

static void receive_data(const Blit *b)
{
    int first, len = cpu_line(b, &first);

    g_assert_true(busy());
    for (int y = 0; y < b->height; y++) {
        for (int n = 0; n < len; n += 4) {
            uint8_t got[4];

            address_space_read(&address_space_memory, data_place(), got, 4);
            for (int i = 0; i < 4; i++) {
                g_assert_cmphex(got[i], ==, n + i < b->width ? source_byte(b, n + i, y, 1) : 0);
            }
        }
    }
}

static void assert_same(uint32_t from, uint32_t len, const Blit *b)
{
    if (memcmp(&vram[from], &model[from], len) == 0) {
        return;
    }
    while (vram[from] == model[from]) {
        from++;
    }
    g_error("mode %02x ext %02x rop %02x clip %02x depth %d, %d x %d, pitches %d %d, from %06x to "
            "%06x: at %06x is %02x, not %02x",
            b->mode, b->ext, b->rop, b->clip, b->depth, b->width, b->height, b->dst_pitch,
            b->src_pitch, b->src, b->dst, from, vram[from], model[from]);
}

static void check(const Blit *b, bool whole)
{
    g_autofree unsigned long *dirty =
        memory_region_snapshot_and_clear_dirty(vram_mr, 0, VRAM, DIRTY_MEMORY_VGA);

    g_assert_false(busy());
    if (whole) {
        assert_same(0, VRAM, b);
    } else {
        assert_same(0, 2 * BAND, b);
        assert_same(VRAM - 2 * BAND, 2 * BAND, b);
    }
    for (unsigned page = 0; page < VRAM >> 12; page++) {
        g_assert_true(!written[page] || memory_snapshot_get_dirty(dirty, page << 12, 1));
    }
    memset(written, 0, sizeof(written));
}

/* Returns whether it was one that the chip does. */
static bool run(const Blit *b, bool whole)
{
    bool done = possible(b);

    g_byte_array_set_size(data, 0);
    if (done && (b->mode & FROM_CPU)) {
        int first, len = cpu_line(b, &first);

        g_byte_array_set_size(data, len * b->height);
        for (guint i = 0; i < data->len; i++) {
            data->data[i] = g_test_rand_int();
        }
    }
    write_registers(b);
    start(b);
    if (done && (b->mode & FROM_CPU)) {
        send_data();
    } else if (done && (b->mode & TO_CPU)) {
        receive_data(b);
    }
    for (int y = 0; done && !(b->mode & TO_CPU) && y < b->height; y++) {
        if ((b->mode & PATTERN) || ((b->mode & EXPAND) && !(b->mode & FROM_CPU))) {
            take_line(b, y);
        }
        if (b->mode & EXPAND) {
            model_expand(b, y);
        } else {
            model_colors(b, y);
        }
    }
    check(b, whole);
    return done;
}

/* -------------------------------------------------------------------------------------- tests */

static void blt_begin_with(const char *blitter)
{
    begin_with_prop(&cirrus_vga_class, 1, "blitter", blitter);
    outb(0x3c2, 3);
    index_write(0x3ce, 6, 5); /* A0000, 64 KiB */
    index_write(0x3c4, 4, 0x0e);
    index_write(0x3c4, 7, 1);
    vram_mr = address_space_lookup(&address_space_memory, LFB, 1).mr;
    vram = memory_region_get_ram_ptr(vram_mr);
    model = g_malloc(VRAM);
    for (int i = 0; i < VRAM; i++) {
        vram[i] = g_test_rand_int();
    }
    memcpy(model, vram, VRAM);
    data = g_byte_array_new();
}

static void blt_begin(void)
{
    blt_begin_with("on");
}

static void blt_end(void)
{
    g_byte_array_unref(data);
    g_free(model);
    end();
}

static uint32_t any_place(void)
{
    return (g_test_rand_bit() ? 0 : VRAM - BAND) + g_test_rand_int_range(0, BAND);
}

static Blit any_blit(void)
{
    static const uint8_t kinds[] = {0,       BACKWARD, TO_CPU,           FROM_CPU,
                                    PATTERN, EXPAND,   EXPAND | PATTERN, EXPAND | FROM_CPU,
                                    0,       BACKWARD};
    Blit b = {
        .mode = kinds[g_test_rand_int_range(0, G_N_ELEMENTS(kinds))],
        .ext = g_test_rand_int() & (DWORDS | INVERT | SOLID | CLIP_BACK),
        .rop = rop_codes[g_test_rand_int_range(0, 16)],
        .clip = g_test_rand_int() & 0x7f,
        .depth = g_test_rand_int_range(1, 5),
        .width = g_test_rand_int_range(1, 160),
        .height = g_test_rand_int_range(1, 24),
        .dst = any_place(),
        .src = any_place(),
        .fg = g_test_rand_int(),
        .bg = g_test_rand_int(),
    };

    if (b.depth <= 2 || (b.mode & EXPAND)) {
        b.mode |= g_test_rand_bit() ? TRANSPARENT : 0;
    }
    b.dst_pitch = b.width + g_test_rand_int_range(0, 200);
    b.src_pitch = b.width + g_test_rand_int_range(0, 200);
    if (!(b.mode & EXPAND)) {
        b.ext &= ~SOLID;
    }
    if (g_test_rand_int_range(0, 3) == 0) { /* onto itself, nearly */
        b.src = b.dst + g_test_rand_int_range(-12, 13);
        b.src &= 0x3fffff;
        b.src_pitch = g_test_rand_bit() ? b.dst_pitch : b.src_pitch;
    }
    /* A key that is met: what some byte becomes. */
    b.key = combine(b.rop, model[b.src % VRAM], model[b.dst]) * 0x101;
    if (g_test_rand_int_range(0, 16) == 0) { /* anything else that registers hold */
        b.mode = g_test_rand_int() & ~0x30;
        b.dst_pitch = g_test_rand_int_range(0, 0x2000);
        b.src_pitch = g_test_rand_int_range(0, 0x2000);
        b.width = g_test_rand_bit() ? b.width : g_test_rand_int_range(1, 8193);
        b.height = g_test_rand_bit() ? b.height : g_test_rand_int_range(1, 2049);
    }
    /* Keep what is drawn inside the two bands. */
    if ((int64_t)b.dst_pitch * b.height > BAND) {
        b.dst_pitch = g_test_rand_bit() ? 0 : b.width;
        b.height = MIN(b.height, MAX(1, BAND / b.width));
    }
    return b;
}

static void test_random(void)
{
    unsigned done = 0;

    blt_begin();
    for (int i = 0; i < RANDOM_BLITS; i++) {
        Blit b = any_blit();

        done += run(&b, i % 1000 == 999);
    }
    g_test_message("%u of %u blits were possible", done, RANDOM_BLITS);
    g_assert_cmpuint(done, >, RANDOM_BLITS / 2);
    g_assert_cmpuint(done, <, RANDOM_BLITS * 19 / 20);
    blt_end();
}

/* Raster operation x depth x direction x transparency, of each kind, with places that overlap. */
static void test_every_combination(void)
{
    static const uint8_t kinds[] = {0,      BACKWARD,         FROM_CPU,         PATTERN,
                                    EXPAND, EXPAND | PATTERN, EXPAND | FROM_CPU};

    blt_begin();
    for (int rop = 0; rop < 16; rop++) {
        for (int depth = 1; depth <= 4; depth++) {
            for (int kind = 0; kind < G_N_ELEMENTS(kinds); kind++) {
                for (int flags = 0; flags < 8; flags++) {
                    Blit b = {
                        .mode = kinds[kind] | (flags & 1 ? TRANSPARENT : 0),
                        .ext = (flags & 2 ? INVERT : 0) | (flags & 4 ? SOLID : 0),
                        .rop = rop_codes[rop],
                        .depth = depth,
                        .width = 24 * depth,
                        .height = 9,
                        .dst_pitch = 200,
                        .src_pitch = 200,
                        .dst = 0x2000,
                        .src = 0x2000 + g_test_rand_int_range(-1000, 1000),
                        .fg = 0x11223344 * (rop + 1),
                        .bg = 0xfedcba98 - rop,
                        .key = model[0x2000] * 0x101,
                    };

                    g_assert_true(run(&b, false) ==
                                  !((flags & 1) && depth > 2 && !(kinds[kind] & EXPAND)));
                }
            }
        }
    }
    blt_end();
}

/* The cases of security.md, as registers say them. */
static void test_refused(void)
{
    static const Blit copy = {.rop = 0x0d,
                              .depth = 1,
                              .width = 64,
                              .height = 4,
                              .dst_pitch = 64,
                              .src_pitch = 64,
                              .dst = 0x1000,
                              .src = 0x8000};
    Blit b;

    blt_begin();
    b = copy;
    g_assert_true(run(&b, true));
    b.dst_pitch = 0; /* no pitch, several lines */
    g_assert_false(run(&b, true));
    b.height = 1; /* one line needs none */
    b.src_pitch = 0;
    g_assert_true(run(&b, true));
    b = copy;
    b.dst_pitch = 63;
    g_assert_false(run(&b, true));
    b = copy;
    b.src_pitch = 63;
    g_assert_false(run(&b, true));
    b = copy;
    b.dst = VRAM - 64 * 4; /* up to the end, and one further */
    g_assert_true(run(&b, true));
    b.dst++;
    g_assert_false(run(&b, true));
    b = copy;
    b.src = VRAM - 64 * 4 + 1;
    g_assert_false(run(&b, true));
    b = copy;
    b.mode = BACKWARD; /* down to the start, and one further */
    b.dst = 64 * 4 - 1;
    g_assert_true(run(&b, true));
    b.dst--;
    g_assert_false(run(&b, true));
    b = copy;
    b.mode = BACKWARD | TRANSPARENT;
    b.depth = 2;
    b.dst = 64 * 4 - 2;
    g_assert_false(run(&b, true));
    b = copy;
    b.mode = FROM_CPU; /* not armed: what comes then is a write to memory */
    b.dst = VRAM - 10;
    g_assert_false(run(&b, true));
    b = copy;
    b.mode = EXPAND | PATTERN | TRANSPARENT;
    b.depth = 3;
    b.width = 96;
    b.dst_pitch = 96;
    b.clip = 0x1f;
    g_assert_true(run(&b, true));
    b = copy;
    b.width = 8192;
    b.height = 2048;
    b.dst_pitch = b.src_pitch = 8191;
    g_assert_false(run(&b, true));
    blt_end();
}

/* While data are expected memory is not RAM; reset and suspension. */
static void test_cpu_states(void)
{
    Blit b = {.mode = FROM_CPU,
              .rop = 0x0d,
              .depth = 1,
              .width = 8,
              .height = 2,
              .dst_pitch = 16,
              .dst = 0x100};

    blt_begin();
    g_assert_true(is_ram(LFB + 0x5000));
    g_assert_true(is_ram(0xa0000));
    write_registers(&b);
    start(&b);
    g_assert_true(busy());
    g_assert_false(is_ram(LFB + 0x5000));
    g_assert_false(is_ram(0xa0000));
    writel(LFB + 0x5000, 0x04030201);
    g_assert_cmphex(memcmp(&vram[0x5000], &model[0x5000], 4), ==, 0);

    poke(MMIO + 0x140, 0x00); /* suspended: memory again */
    g_assert_true(is_ram(LFB + 0x5000));
    g_assert_cmphex(peek(MMIO + 0x140) & 0x0b, ==, 0x09);
    writel(LFB + 0x5000, 0xaabbccdd);
    g_assert_cmphex(vram[0x5000], ==, 0xdd);
    poke(MMIO + 0x140, 0x02);
    writel(0xa0000, 0x08070605);
    for (int i = 0; i < 8; i++) {
        g_assert_cmphex(vram[0x100 + i], ==, i + 1);
    }
    g_assert_true(busy());
    poke(MMIO + 0x140, 0x04); /* reset: the second line never comes */
    g_assert_false(peek(MMIO + 0x140) & 0x0b);
    g_assert_true(is_ram(LFB + 0x5000));
    writel(LFB + 0x6000, 0x12345678);
    g_assert_cmphex(vram[0x6000], ==, 0x78);
    g_assert_cmphex(vram[0x110], ==, model[0x110]);
    poke(MMIO + 0x140, 0x00);

    /* By the aperture alone. */
    poke(MMIO + 0x140, 0x42);
    g_assert_true(is_ram(LFB + 0x5000));
    address_space_write(&address_space_memory, LFB + 0x1000000, "abcdefgh", 8);
    writel(LFB + 0x1400000, 0x696a6b6c); /* words swapped: k, l, i, j */
    writel(LFB + 0x1800000, 0x6d6e6f70); /* the other way round: m, n, o, p */
    g_assert_false(busy());
    g_assert_cmpmem(&vram[0x100], 8, "abcdefgh", 8);
    g_assert_cmpmem(&vram[0x110], 8, "klijmnop", 8);

    /* A reset of the device ends it, too, and takes the BARs away. */
    poke(MMIO + 0x140, 0x00);
    poke(MMIO + 0x140, 0x02);
    g_assert_true(busy());
    device_reset(dev);
    g_assert_cmphex(index_read(0x3ce, 0x31), ==, 0);
    blt_end();
}

/* blitter=off: nothing is drawn, nothing is awaited. */
static void test_turned_off(void)
{
    Blit b = {.rop = 0x0e, .depth = 1, .width = 8, .height = 2, .dst_pitch = 16, .src_pitch = 16};

    blt_begin_with("off");
    for (int kind = 0; kind < 2; kind++) {
        b.mode = kind ? FROM_CPU : 0;
        write_registers(&b);
        start(&b);
        check(&b, true);
        g_assert_true(is_ram(LFB));
    }
    blt_end();
}

int main(int argc, char **argv)
{
    harness_init(&argc, &argv);
    g_test_add_func("/cirrus-blt/every-combination", test_every_combination);
    g_test_add_func("/cirrus-blt/random", test_random);
    g_test_add_func("/cirrus-blt/refused", test_refused);
    g_test_add_func("/cirrus-blt/cpu-states", test_cpu_states);
    g_test_add_func("/cirrus-blt/turned-off", test_turned_off);
    return g_test_run();
}
