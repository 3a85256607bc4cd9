/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The blitter of the CL-GD5446: copies, patterns, solid fills and colour expansion inside video
 * memory, from the CPU and to it, with sixteen raster operations and transparency.
 *
 * Document: Cirrus Logic, "CL-GD5446 Technical Reference Manual", the chapters on the BitBLT engine
 * and on the registers GR20..GR39.
 *
 * A blit inside memory is done when the register that starts it has been written, so the guest
 * never finds it busy. One that works with the CPU has begun then, and goes on with the data.
 *
 * Colour compare looks at what the raster operation gives. Inverted expansion with transparency
 * draws the zeros in the background colour. What leaves video memory, whose lines overlap, or what
 * the chip has not (patterns from the CPU, colour compare of more than 16 bits, both ends at the
 * CPU) is refused as a whole: logged, nothing drawn, not busy. Directions other than forward work
 * for plain copies; elsewhere the bit does nothing.
 *
 * Not modelled: the second set of registers for a blit that starts while another runs (none runs),
 * switching the display with a blit (GR33 bit 4), the mask of colour compare (GR38, GR39: not in
 * this chip; they keep what is written).
 */
#include "cirrus.h"

#include <string.h>

#include "hw/core/log.h"

/* What a raster operation gives, by bits: 8 where both are 1, 4 where the source alone is, 2 the
 * destination alone, 1 neither. */
static const struct {
    uint8_t code, truth;
} rops[] = {
    {0x00, 0x0}, {0x05, 0x8}, {0x06, 0xa}, {0x09, 0x4}, {0x0b, 0x5}, {0x0d, 0xc},
    {0x0e, 0xf}, {0x50, 0x2}, {0x59, 0x6}, {0x6d, 0xe}, {0x90, 0x1}, {0x95, 0x9},
    {0xad, 0xd}, {0xd0, 0x3}, {0xd6, 0xb}, {0xda, 0x7},
};
#define ROP_TRUTH_DST 0xa

/* ------------------------------------------------------------------------------------ lines -- */

static inline uint8_t rop_byte(const CirrusBlt *b, uint8_t src, uint8_t dst)
{
    return (src & ((dst & b->rop[3]) | (~dst & b->rop[2]))) |
           (~src & ((dst & b->rop[1]) | (~dst & b->rop[0])));
}

static bool rop_is_copy(const CirrusBlt *b)
{
    return b->rop[0] == 0 && b->rop[1] == 0 && b->rop[2] == 0xff && b->rop[3] == 0xff;
}

static inline void put_byte(CirrusVga *s, const CirrusBlt *b, uint32_t addr, uint8_t src)
{
    uint8_t *dst = &s->vga.mem[addr & s->vga.mem_mask];

    *dst = rop_byte(b, src, *dst);
}

static void line_written(CirrusVga *s, const CirrusBlt *b, uint32_t dst, bool backward)
{
    uint32_t first = backward ? dst - (b->width - 1) : dst;

    memory_region_set_dirty(&s->vga.vram, first & s->vga.mem_mask, b->width);
}

/* Where the bytes of a line come from: `bytes[(at + n) & mask]`, or minus n. */
typedef struct LineSource {
    const uint8_t *bytes;
    uint32_t at, mask;
} LineSource;

static LineSource source_memory(const CirrusVga *s, uint32_t at)
{
    return (LineSource){s->vga.mem, at, s->vga.mem_mask};
}

static LineSource source_buffer(const uint8_t *bytes)
{
    return (LineSource){bytes, 0, UINT32_MAX};
}

static uint64_t rop_word(const uint64_t rop[4], uint64_t src, uint64_t dst)
{
    return (src & ((dst & rop[3]) | (~dst & rop[2]))) | (~src & ((dst & rop[1]) | (~dst & rop[0])));
}

/* `n` bytes upwards, eight at a time; no destination is less than eight bytes above its source. */
static void rop_bytes(const CirrusBlt *b, uint8_t *dst, const uint8_t *src, unsigned n)
{
    uint64_t rop[4], s, d;

    for (int i = 0; i < 4; i++) {
        rop[i] = b->rop[i] ? UINT64_MAX : 0;
    }
    for (; n >= 8; n -= 8, dst += 8, src += 8) {
        memcpy(&s, src, 8);
        memcpy(&d, dst, 8);
        d = rop_word(rop, s, d);
        memcpy(dst, &d, 8);
    }
    for (; n > 0; n--, dst++, src++) {
        *dst = rop_byte(b, *src, *dst);
    }
}

/*
 * Bytes one after the other, so that a copy onto itself in the wrong direction repeats what it
 * wrote. Where that can't happen, many at once: both lines were found to lie in memory before the
 * blit began.
 */
static void copy_line(CirrusVga *s, const CirrusBlt *b, uint32_t dst, LineSource src, bool backward)
{
    int step = backward ? -1 : 1;
    uint32_t behind = backward ? src.at - dst : dst - src.at; /* the source's lead */
    uint32_t back = backward ? b->width - 1 : 0;

    dst &= s->vga.mem_mask;
    src.at &= src.mask;
    if (src.bytes != s->vga.mem || behind == 0 || behind >= b->width) {
        uint8_t *to = &s->vga.mem[dst - back];
        const uint8_t *from = &src.bytes[src.at - back];

        if (rop_is_copy(b) && b->skip == 0) {
            memmove(to, from, b->width);
            return;
        }
        /* Backward the destination may follow, not far off: that goes byte by byte. */
        if (!backward && b->skip < b->width) {
            rop_bytes(b, to + b->skip, from + b->skip, b->width - b->skip);
            return;
        }
    }
    for (unsigned n = b->skip; n < b->width; n++) {
        put_byte(s, b, dst + step * (int)n, src.bytes[(src.at + step * (int)n) & src.mask]);
    }
}

/* The same where pixels of the key's colour are left out: of those that are whole. */
static void keyed_line(CirrusVga *s, const CirrusBlt *b, uint32_t dst, LineSource src,
                       bool backward)
{
    for (unsigned n = 0; n + b->pixel <= b->width; n += b->pixel) {
        /* Of a pixel the lower byte, also on the way down. */
        int32_t at = backward ? -(int32_t)(n + b->pixel - 1) : (int32_t)n;
        uint8_t result[2] = {0, 0};

        for (unsigned i = 0; i < b->pixel; i++) {
            result[i] = rop_byte(b, src.bytes[(src.at + at + i) & src.mask],
                                 s->vga.mem[(dst + at + i) & s->vga.mem_mask]);
        }
        if (n < b->skip || (result[0] | result[1] << 8) == b->key) {
            continue;
        }
        for (unsigned i = 0; i < b->pixel; i++) {
            s->vga.mem[(dst + at + i) & s->vga.mem_mask] = result[i];
        }
    }
}

static void color_line(CirrusVga *s, const CirrusBlt *b, uint32_t dst, LineSource src,
                       bool backward)
{
    if (b->mode & CIRRUS_GR30_TRANSPARENT) {
        keyed_line(s, b, dst, src, backward);
    } else {
        copy_line(s, b, dst, src, backward);
    }
    line_written(s, b, dst, backward);
}

static unsigned bits_per_line(const CirrusBlt *b)
{
    return ((b->width + b->pixel - 1) / b->pixel + 7) / 8; /* in bytes */
}

/*
 * The colours of a line of bits, each a pixel, the first in bit 7. Four bytes are stored for each:
 * the next pixel overwrites what is too much, and after the last one there is room.
 */
static void expand_bits(const CirrusBlt *b, const uint8_t *bits, uint8_t *line)
{
    const uint32_t colors[2] = {GUINT32_TO_LE(b->bg), GUINT32_TO_LE(b->fg)};

    for (unsigned n = 0, x = 0; n < b->width; n += b->pixel, x++) {
        memcpy(&line[n], &colors[bits[x / 8] >> (7 - x % 8) & 1], 4);
    }
}

/* The same where some bits draw nothing, or GR2F does not clip all. */
static void draw_bits(CirrusVga *s, const CirrusBlt *b, uint32_t dst, const uint8_t *bits)
{
    bool transparent = b->mode & CIRRUS_GR30_TRANSPARENT;
    bool inverted = transparent && (b->ext & CIRRUS_GR33_INVERT);

    for (unsigned n = 0, x = 0; n < b->width; n += b->pixel, x++) {
        bool bit = bits[x / 8] >> (7 - x % 8) & 1;
        bool clipped = !(bit && (b->ext & CIRRUS_GR33_CLIP_BACK) && !transparent);
        uint32_t color = bit ? b->fg : b->bg;

        if (transparent && bit == inverted) {
            continue;
        }
        for (unsigned i = 0; i < b->pixel && n + i < b->width; i++) {
            if (!clipped || n + i >= b->skip) {
                put_byte(s, b, dst + n + i, color >> 8 * i);
            }
        }
    }
}

static void expand_line(CirrusVga *s, const CirrusBlt *b, uint32_t dst, const uint8_t *bits)
{
    uint8_t line[CIRRUS_BLT_MAX_WIDTH + 4];

    if ((b->mode & CIRRUS_GR30_TRANSPARENT) || (b->ext & CIRRUS_GR33_CLIP_BACK)) {
        draw_bits(s, b, dst, bits);
    } else {
        expand_bits(b, bits, line);
        copy_line(s, b, dst, source_buffer(line), false);
    }
    line_written(s, b, dst, false);
}

/* ------------------------------------------------------------------------ blits inside memory */

/*
 * Whether `lines` lines of `width` bytes from `first` lie in memory and do not overlap. A single
 * line needs no pitch.
 */
static bool area_fits(const CirrusVga *s, uint32_t first, unsigned pitch, unsigned lines,
                      unsigned width, bool backward)
{
    int64_t size = (int64_t)s->vga.mem_mask + 1, way = (int64_t)(lines - 1) * pitch;
    int64_t start = backward ? first - way - (width - 1) : first;
    int64_t end = backward ? (int64_t)first + 1 : first + way + width;

    return start >= 0 && end <= size && (lines == 1 || pitch >= width);
}

/* The part of a pattern for a line; at the right it begins again. */
static void pattern_line(const CirrusVga *s, const CirrusBlt *b, uint32_t addr, uint8_t *line)
{
    unsigned len = 8 * b->pixel;

    for (unsigned n = 0; n < len && n < b->width; n++) {
        line[n] = s->vga.mem[(addr + n) & s->vga.mem_mask];
    }
    for (; len < b->width; len *= 2) {
        memcpy(&line[len], line, MIN(len, b->width - len));
    }
}

/*
 * Eight lines of eight pixels; the low bits of the source address say which line is the first. As
 * with bits, a line of the pattern is read before one is drawn.
 */
static void blit_pattern(CirrusVga *s, const CirrusBlt *b)
{
    static const uint32_t sizes[5] = {0, 64, 128, 256, 256};
    bool expand = b->mode & CIRRUS_GR30_EXPAND;
    uint32_t size = expand ? 8 : sizes[b->pixel], base = b->src & ~(size - 1), dst = b->dst;
    uint8_t line[CIRRUS_BLT_MAX_WIDTH];

    for (unsigned y = 0; y < b->height; y++, dst += b->dst_pitch) {
        uint32_t addr = base + ((b->src + y) & 7) * (size / 8);

        if (expand) {
            memset(line, s->vga.mem[addr & s->vga.mem_mask], bits_per_line(b));
            expand_line(s, b, dst, line);
        } else {
            pattern_line(s, b, addr, line);
            color_line(s, b, dst, source_buffer(line), false);
        }
    }
}

/* As a pattern of ones without transparency: nothing of it is background. */
static void blit_solid(CirrusVga *s, const CirrusBlt *b)
{
    CirrusBlt solid = *b;
    uint8_t line[CIRRUS_BLT_MAX_WIDTH];
    uint32_t dst = b->dst;

    solid.mode &= ~CIRRUS_GR30_TRANSPARENT;
    if (b->ext & CIRRUS_GR33_CLIP_BACK) {
        solid.skip = 0;
    }
    for (unsigned n = 0; n < b->width; n++) {
        line[n] = b->fg >> 8 * (n % b->pixel);
    }
    for (unsigned y = 0; y < b->height; y++, dst += b->dst_pitch) {
        color_line(s, &solid, dst, source_buffer(line), false);
    }
}

/* The bits are one run, in which each line begins with a byte. */
static void blit_expand(CirrusVga *s, const CirrusBlt *b)
{
    uint32_t src = b->src, dst = b->dst;
    uint8_t bits[CIRRUS_BLT_MAX_WIDTH / 8];

    for (unsigned y = 0; y < b->height; y++, dst += b->dst_pitch) {
        for (unsigned n = 0; n < bits_per_line(b); n++) {
            bits[n] = s->vga.mem[src++ & s->vga.mem_mask];
        }
        expand_line(s, b, dst, bits);
    }
}

static void blit_copy(CirrusVga *s, const CirrusBlt *b)
{
    bool backward = b->mode & CIRRUS_GR30_BACKWARD;
    uint32_t src = b->src, dst = b->dst;

    for (unsigned y = 0; y < b->height; y++) {
        color_line(s, b, dst, source_memory(s, src), backward);
        src += backward ? -b->src_pitch : b->src_pitch;
        dst += backward ? -b->dst_pitch : b->dst_pitch;
    }
}

/* -------------------------------------------------------------------- blits and the processor */

bool cirrus_blt_wants_cpu(const CirrusVga *s)
{
    return s->blt.active && !s->blt.suspended;
}

static void blt_end(CirrusVga *s)
{
    s->blt.active = s->blt.suspended = false;
    s->vga.gr[CIRRUS_GR_BLT_STATUS] &= ~CIRRUS_GR31_START;
    vga_update_window(&s->vga);
}

/* The next line for the CPU, padded with zeros. */
static void fetch_line(CirrusVga *s)
{
    CirrusBlt *b = &s->blt;
    LineSource src = source_memory(s, b->src);

    memset(b->row, 0, b->row_bytes);
    for (unsigned n = 0; n < b->width; n++) {
        b->row[n] = src.bytes[(src.at + n) & src.mask];
    }
    b->src += b->src_pitch;
    b->row_at = 0;
}

/* The CPU's data make a line. */
static void use_line(CirrusVga *s)
{
    CirrusBlt *b = &s->blt;
    const uint8_t *src = &b->row[b->row_first];

    if (b->mode & CIRRUS_GR30_EXPAND) {
        expand_line(s, b, b->dst, src);
    } else {
        color_line(s, b, b->dst, source_buffer(src), false);
    }
    b->dst += b->dst_pitch;
    b->row_at = 0;
}

static void begin_with_cpu(CirrusVga *s, const CirrusBlt *b)
{
    s->blt = *b;
    s->blt.active = true;
    s->blt.suspended = false;
    s->vga.gr[CIRRUS_GR_BLT_STATUS] |= CIRRUS_GR31_START;
    s->blt.row_at = 0;
    if (b->mode & CIRRUS_GR30_TO_CPU) {
        fetch_line(s);
    }
    vga_update_window(&s->vga);
}

void cirrus_blt_put(CirrusVga *s, uint64_t data, unsigned size)
{
    CirrusBlt *b = &s->blt;

    /* What comes after the last byte in the same write belongs to nothing. */
    for (; size > 0 && cirrus_blt_wants_cpu(s) && !(b->mode & CIRRUS_GR30_TO_CPU); size--) {
        b->row[b->row_at++] = data;
        data >>= 8;
        if (b->row_at == b->row_bytes) {
            use_line(s);
            if (--b->height == 0) {
                blt_end(s);
            }
        }
    }
}

uint64_t cirrus_blt_get(CirrusVga *s, unsigned size)
{
    CirrusBlt *b = &s->blt;
    uint64_t data = 0;

    for (unsigned i = 0; i < size; i++) {
        if (!cirrus_blt_wants_cpu(s) || !(b->mode & CIRRUS_GR30_TO_CPU)) {
            data |= UINT64_C(0xff) << 8 * i;
            continue;
        }
        data |= (uint64_t)b->row[b->row_at++] << 8 * i;
        if (b->row_at == b->row_bytes) {
            if (--b->height == 0) {
                blt_end(s);
            } else {
                fetch_line(s);
            }
        }
    }
    return data;
}

/* ---------------------------------------------------------------------------------- registers */

static unsigned reg16(const Vga *v, unsigned index)
{
    return v->gr[index] | v->gr[index + 1] << 8;
}

static uint32_t reg24(const Vga *v, unsigned index)
{
    return reg16(v, index) | (uint32_t)v->gr[index + 2] << 16;
}

/* Four bytes at GR00 or GR01, GR10 or GR11 and so on. */
static uint32_t reg_color(const Vga *v, unsigned which)
{
    return v->gr[which] | v->gr[CIRRUS_GR_COLORS + which] << 8 |
           v->gr[CIRRUS_GR_COLORS + 2 + which] << 16 |
           (uint32_t)v->gr[CIRRUS_GR_COLORS + 4 + which] << 24;
}

static void load_rop(CirrusBlt *b, uint8_t code)
{
    unsigned truth = ROP_TRUTH_DST;
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(rops); i++) {
        if (rops[i].code == code) {
            truth = rops[i].truth;
            break;
        }
    }
    if (i == G_N_ELEMENTS(rops)) {
        log_guest_error("cirrus: raster operation %02x does not exist", code);
    }
    for (i = 0; i < 4; i++) {
        b->rop[i] = truth >> i & 1 ? 0xff : 0;
    }
}

static void load_registers(CirrusBlt *b, const Vga *v)
{
    const uint8_t *gr = v->gr;
    uint8_t clip = gr[CIRRUS_GR_BLT_CLIP];

    b->mode = gr[CIRRUS_GR_BLT_MODE];
    b->ext = gr[CIRRUS_GR_BLT_EXT];
    b->pixel = (b->mode >> CIRRUS_GR30_PIXEL_SHIFT & 3) + 1;
    b->width = reg16(v, CIRRUS_GR_BLT_WIDTH) + 1;
    b->height = reg16(v, CIRRUS_GR_BLT_HEIGHT) + 1;
    b->dst_pitch = reg16(v, CIRRUS_GR_BLT_DST_PITCH);
    b->src_pitch = reg16(v, CIRRUS_GR_BLT_SRC_PITCH);
    b->dst = reg24(v, CIRRUS_GR_BLT_DST);
    b->src = reg24(v, CIRRUS_GR_BLT_SRC);
    b->bg = reg_color(v, 0);
    b->fg = reg_color(v, 1);
    b->key = b->pixel == 1 ? gr[CIRRUS_GR_BLT_KEY] : reg16(v, CIRRUS_GR_BLT_KEY);
    if (b->mode & (CIRRUS_GR30_EXPAND | CIRRUS_GR30_PATTERN)) {
        b->skip = b->pixel == 3 ? clip & CIRRUS_GR2F_BYTES : (clip & CIRRUS_GR2F_PIXELS) * b->pixel;
    }
    load_rop(b, gr[CIRRUS_GR_BLT_ROP]);

    /* Lines of the CPU are whole double words, but of bits only where GR33 says so. */
    if ((b->mode & CIRRUS_GR30_EXPAND) && !(b->ext & CIRRUS_GR33_DWORDS)) {
        b->row_bytes = bits_per_line(b);
    } else {
        b->row_first = b->mode & CIRRUS_GR30_FROM_CPU ? clip >> CIRRUS_GR2F_FIRST_SHIFT & 3 : 0;
        b->row_bytes = b->mode & CIRRUS_GR30_EXPAND ? bits_per_line(b) : b->width;
        b->row_bytes = (b->row_first + b->row_bytes + 3) & ~3u;
    }
}

/* Why a blit can't be, or NULL. */
static const char *blt_fault(const CirrusVga *s, const CirrusBlt *b)
{
    bool expand = b->mode & CIRRUS_GR30_EXPAND, pattern = b->mode & CIRRUS_GR30_PATTERN;
    bool from_cpu = b->mode & CIRRUS_GR30_FROM_CPU, to_cpu = b->mode & CIRRUS_GR30_TO_CPU;
    bool copy = !expand && !pattern, video = !from_cpu;
    bool backward = copy && !from_cpu && !to_cpu && (b->mode & CIRRUS_GR30_BACKWARD);

    if (!s->blitter) {
        return "finds the blitter turned off";
    }
    if (from_cpu && (to_cpu || pattern)) {
        return "has no source in video memory";
    }
    if (to_cpu && (!copy || (b->mode & CIRRUS_GR30_TRANSPARENT))) {
        return "to the CPU can only copy";
    }
    if (!expand && (b->mode & CIRRUS_GR30_TRANSPARENT) && b->pixel > 2) {
        return "compares colours of more than 16 bits";
    }
    if (!to_cpu && !area_fits(s, b->dst, b->dst_pitch, b->height, b->width, backward)) {
        return "leaves video memory, or its lines overlap";
    }
    if (video && copy && !area_fits(s, b->src, b->src_pitch, b->height, b->width, backward)) {
        return "has a source outside video memory, or its lines overlap";
    }
    if (video && expand && !pattern &&
        !area_fits(s, b->src, bits_per_line(b), b->height, bits_per_line(b), false)) {
        return "has a source outside video memory";
    }
    return NULL;
}

static void blt_start(CirrusVga *s)
{
    CirrusBlt b = {};
    const uint8_t both = CIRRUS_GR30_EXPAND | CIRRUS_GR30_PATTERN;
    const char *fault;

    load_registers(&b, &s->vga);
    fault = blt_fault(s, &b);
    if (fault) {
        log_guest_error("cirrus: a blit of %u x %u bytes from %06x to %06x, mode %02x, %s", b.width,
                        b.height, b.src, b.dst, b.mode, fault);
    } else if (b.mode & (CIRRUS_GR30_FROM_CPU | CIRRUS_GR30_TO_CPU)) {
        begin_with_cpu(s, &b);
        return;
    } else if ((b.mode & both) == both && (b.ext & CIRRUS_GR33_SOLID)) {
        blit_solid(s, &b);
    } else if (b.mode & CIRRUS_GR30_PATTERN) {
        blit_pattern(s, &b);
    } else if (b.mode & CIRRUS_GR30_EXPAND) {
        blit_expand(s, &b);
    } else {
        blit_copy(s, &b);
    }
    blt_end(s);
}

void cirrus_blt_reset(CirrusVga *s)
{
    memset(&s->blt, 0, sizeof(s->blt));
}

void cirrus_blt_write_status(CirrusVga *s, uint8_t val)
{
    uint8_t *status = &s->vga.gr[CIRRUS_GR_BLT_STATUS];
    bool was = *status & CIRRUS_GR31_START, start = val & CIRRUS_GR31_START;

    *status = val & ~(CIRRUS_GR31_BUSY | CIRRUS_GR31_PROGRESS | CIRRUS_GR31_BUFFERED);
    if (val & CIRRUS_GR31_RESET) {
        blt_end(s);
    } else if (s->blt.active) { /* START is a switch for it */
        s->blt.suspended = !start;
        vga_update_window(&s->vga);
    } else if (start && !was) {
        blt_start(s);
    }
}

uint8_t cirrus_blt_read_status(const CirrusVga *s)
{
    uint8_t val = s->vga.gr[CIRRUS_GR_BLT_STATUS];

    return s->blt.active ? val | CIRRUS_GR31_BUSY | CIRRUS_GR31_PROGRESS : val;
}

void cirrus_blt_dst_written(CirrusVga *s)
{
    if ((s->vga.gr[CIRRUS_GR_BLT_STATUS] & CIRRUS_GR31_AUTOSTART) && !s->blt.active) {
        blt_start(s);
    }
}
