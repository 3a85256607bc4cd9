/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the VGA's registers and memory to the console's picture.
 *
 * Document: IBM Personal System/2 Hardware Interface Technical Reference, "Video Subsystem".
 *
 * The picture is what a monitor shows: lines that are scanned twice are there twice, a mode of 320
 * dots is 640 wide. A line is drawn apart and compared with the picture, so that viewers hear only
 * of what changed. Blinking goes by virtual time.
 *
 * Six bits of a colour become eight as in QEMU, whose screendumps people compare: the lowest bit
 * fills the two new ones. (The voltage would be nearer to one that the highest bits fill; no two
 * colours become one either way.)
 *
 * Not modelled: the border, skews, changes of registers while the beam is on its way, CR14 bit 5
 * and CR17 bit 3 (address counters at other speeds). Double word addressing is the same as byte
 * addressing, because chain-4 here has no holes (see vga-mem.c).
 */
#include "vga.h"

#include <limits.h>
#include <string.h>

#include "hw/core/clock.h"

#define VGA_MAX_CHARS 256
/* One more character than is shown, of 9 dots, each dot twice. */
#define VGA_MAX_LINE  ((VGA_MAX_CHARS + 1) * 9 * 2)

#define CURSOR_BLINK_FRAMES 16 /* half of them on */
#define CHAR_BLINK_FRAMES   32

enum { BLINK_CURSOR_ON = 1, BLINK_CHAR_ON = 2 };

/* CP437 in Unicode, the half that is not ASCII, and the pictures of the control codes. */
static const uint16_t cp437_high[128] = {
    0x00c7, 0x00fc, 0x00e9, 0x00e2, 0x00e4, 0x00e0, 0x00e5, 0x00e7, 0x00ea, 0x00eb, 0x00e8, 0x00ef,
    0x00ee, 0x00ec, 0x00c4, 0x00c5, 0x00c9, 0x00e6, 0x00c6, 0x00f4, 0x00f6, 0x00f2, 0x00fb, 0x00f9,
    0x00ff, 0x00d6, 0x00dc, 0x00a2, 0x00a3, 0x00a5, 0x20a7, 0x0192, 0x00e1, 0x00ed, 0x00f3, 0x00fa,
    0x00f1, 0x00d1, 0x00aa, 0x00ba, 0x00bf, 0x2310, 0x00ac, 0x00bd, 0x00bc, 0x00a1, 0x00ab, 0x00bb,
    0x2591, 0x2592, 0x2593, 0x2502, 0x2524, 0x2561, 0x2562, 0x2556, 0x2555, 0x2563, 0x2551, 0x2557,
    0x255d, 0x255c, 0x255b, 0x2510, 0x2514, 0x2534, 0x252c, 0x251c, 0x2500, 0x253c, 0x255e, 0x255f,
    0x255a, 0x2554, 0x2569, 0x2566, 0x2560, 0x2550, 0x256c, 0x2567, 0x2568, 0x2564, 0x2565, 0x2559,
    0x2558, 0x2552, 0x2553, 0x256b, 0x256a, 0x2518, 0x250c, 0x2588, 0x2584, 0x258c, 0x2590, 0x2580,
    0x03b1, 0x00df, 0x0393, 0x03c0, 0x03a3, 0x03c3, 0x00b5, 0x03c4, 0x03a6, 0x0398, 0x03a9, 0x03b4,
    0x221e, 0x03c6, 0x03b5, 0x2229, 0x2261, 0x00b1, 0x2265, 0x2264, 0x2320, 0x2321, 0x00f7, 0x2248,
    0x00b0, 0x2219, 0x00b7, 0x221a, 0x207f, 0x00b2, 0x25a0, 0x00a0,
};
static const uint16_t cp437_low[32] = {
    0x0020, 0x263a, 0x263b, 0x2665, 0x2666, 0x2663, 0x2660, 0x2022, 0x25d8, 0x25cb, 0x25d9,
    0x2642, 0x2640, 0x266a, 0x266b, 0x263c, 0x25ba, 0x25c4, 0x2195, 0x203c, 0x00b6, 0x00a7,
    0x25ac, 0x21a8, 0x2191, 0x2193, 0x2192, 0x2190, 0x221f, 0x2194, 0x25b2, 0x25bc,
};

/* What the registers say, for one update. */
typedef struct Raster {
    Vga *vga;
    unsigned chars, char_dots, height;
    bool text, dots_doubled;
    uint32_t start, row_step;
    unsigned rows; /* scan lines of a row, less 1 */
    bool scan_twice;
    unsigned line_compare; /* the last line of the upper part */
    unsigned preset_row, pan, byte_pan;
    unsigned blink;
    uint8_t blink_set; /* of a pixel's colour in graphics: set while its blinking is off */
    uint32_t cursor;
    unsigned cursor_first, cursor_last;
    uint32_t pal256[256];
    uint32_t pal_high[256]; /* of packed pixels of 15 and 16 bits, for their second byte */
    uint32_t pal16[16];
} Raster;

/* --------------------------------------------------------------------------------- colours -- */

static uint32_t dac_color(const Vga *s, uint8_t index)
{
    const uint8_t *rgb = &s->dac[3 * (index & s->dac_mask)];
    uint32_t color = 0;

    for (int i = 0; i < 3; i++) {
        color = color << 8 | (s->dac_8bit ? rgb[i] : vga_dac_level(rgb[i]));
    }
    return color;
}

static void load_palette(Raster *r)
{
    const Vga *s = r->vga;
    uint8_t select = s->ar[VGA_AR_COLOR_SELECT];

    for (int i = 0; i < 256; i++) {
        r->pal256[i] = dac_color(s, i);
    }
    for (int i = 0; i < 16; i++) {
        uint8_t index = s->ar[i] & 0x3f;

        if (s->ar[VGA_AR_MODE] & VGA_AR10_P54S) {
            index = (select & 15) << 4 | (index & 15);
        } else {
            index |= (select & 12) << 4;
        }
        r->pal16[i] = r->pal256[index];
    }
}

/* ------------------------------------------------------------------------------- addressing -- */

/* From the CRT controller's counter to an offset in the planes. */
static uint32_t crtc_offset(const Vga *s, uint32_t counter, unsigned row)
{
    uint8_t mode = s->cr[VGA_CR_MODE];
    uint32_t addr = counter & 0xffff;

    if (!(s->cr[VGA_CR_UNDERLINE] & VGA_CR14_DWORD)) {
        if (!(mode & VGA_CR17_BYTE)) {
            addr = (addr << 1 & 0xfffe) | (addr >> (mode & VGA_CR17_WRAP_15 ? 15 : 13) & 1);
        }
        if (!(mode & VGA_CR17_MA13)) {
            addr = (addr & ~0x2000) | (row & 1) << 13;
        }
        if (!(mode & VGA_CR17_MA14)) {
            addr = (addr & ~0x4000) | (row & 2) << 13;
        }
    }
    return addr;
}

/* The four planes at an offset. */
static const uint8_t *planes_at(const Vga *s, uint32_t offset)
{
    return &s->mem[offset * 4 & s->mem_mask];
}

/* ------------------------------------------------------------------------------------ lines -- */

static uint32_t font_offset(unsigned select)
{
    return (select & 3) << 14 | (select & 4) << 11;
}

/* Nine dots of a character's line, the first in bit 8. */
static unsigned char_dots(const Raster *r, const uint8_t *cell, unsigned row)
{
    const Vga *s = r->vga;
    uint8_t fonts = s->sr[VGA_SR_FONT], ch = cell[0], attr = cell[1];
    unsigned map_a = (fonts >> 2 & 3) | (fonts >> 3 & 4), map_b = (fonts & 3) | (fonts >> 2 & 4);
    uint32_t font = font_offset(attr & 8 ? map_a : map_b);
    unsigned dots = planes_at(s, font + ch * 32 + (row & 31))[2] << 1;

    if ((s->ar[VGA_AR_MODE] & VGA_AR10_LINE_GRAPHICS) && ch >= 0xc0 && ch <= 0xdf) {
        dots |= dots >> 1 & 1;
    }
    if ((s->ar[VGA_AR_MODE] & VGA_AR10_MONO) && (attr & 7) == 1 &&
        row == (s->cr[VGA_CR_UNDERLINE] & 0x1f)) {
        dots = 0x1ff;
    }
    return dots;
}

static void draw_text(const Raster *r, uint32_t counter, unsigned row, uint32_t *out)
{
    const Vga *s = r->vga;
    bool blinks = s->ar[VGA_AR_MODE] & VGA_AR10_BLINK;

    for (unsigned i = 0; i <= r->chars; i++, counter++) {
        const uint8_t *cell = planes_at(s, crtc_offset(s, counter, row));
        unsigned dots = char_dots(r, cell, row);
        uint8_t attr = cell[1], enable = s->ar[VGA_AR_PLANE_ENABLE] & 15;
        uint32_t fg = r->pal16[attr & 15 & enable];
        uint32_t bg = r->pal16[(blinks ? attr >> 4 & 7 : attr >> 4) & enable];

        if (blinks && (attr & 0x80) && !(r->blink & BLINK_CHAR_ON)) {
            dots = 0;
        }
        if ((counter & 0xffff) == r->cursor && row >= r->cursor_first && row <= r->cursor_last &&
            (r->blink & BLINK_CURSOR_ON)) {
            dots = 0x1ff;
        }
        for (unsigned dot = 0; dot < r->char_dots; dot++) {
            *out++ = dots & 0x100 >> dot ? fg : bg;
        }
    }
}

/* Bytes are pixels, each two dots wide unless the attribute controller takes one a clock. */
static void draw_256(const Raster *r, uint32_t counter, unsigned row, uint32_t *out)
{
    const Vga *s = r->vga;
    bool wide = s->ar[VGA_AR_MODE] & VGA_AR10_256;

    for (unsigned i = 0; i <= r->chars; i++) {
        for (unsigned dot = 0; dot < 8; dot += wide ? 2 : 1) {
            unsigned pixel = dot >> wide;
            const uint8_t *planes = planes_at(s, crtc_offset(s, counter + pixel / 4, row));
            uint32_t color = r->pal256[planes[pixel % 4]];

            *out++ = color;
            if (wide) {
                *out++ = color;
            }
        }
        counter += wide ? 1 : 2;
    }
}

/* CGA's: two bits a pixel, from planes 0 and then 1; planes 2 and 3 give the higher two. */
static void draw_interleaved(const Raster *r, uint32_t counter, unsigned row, uint32_t *out)
{
    const Vga *s = r->vga;
    uint8_t enable = s->ar[VGA_AR_PLANE_ENABLE] & 15;

    for (unsigned i = 0; i <= r->chars; i++, counter++) {
        const uint8_t *planes = planes_at(s, crtc_offset(s, counter, row));

        for (unsigned dot = 0; dot < 8; dot++) {
            unsigned shift = 6 - dot % 4 * 2, plane = dot / 4;
            unsigned color = (planes[plane] >> shift & 3) | (planes[plane + 2] >> shift & 3) << 2;

            *out++ = r->pal16[(color & enable) | r->blink_set];
        }
    }
}

/* The bits of a byte in eight bytes of 0 or 1, the highest in the first. */
static uint64_t spread(uint8_t bits)
{
    uint64_t apart = bits * UINT64_C(0x0101010101010101) & UINT64_C(0x0102040810204080);

    /* Whichever bit it is, it carries into the highest of its byte. */
    return (apart + UINT64_C(0x7f7f7f7f7f7f7f7f)) >> 7 & UINT64_C(0x0101010101010101);
}

static void draw_planar(const Raster *r, uint32_t counter, unsigned row, uint32_t *out)
{
    const Vga *s = r->vga;
    uint8_t enable = s->ar[VGA_AR_PLANE_ENABLE] & 15;

    for (unsigned i = 0; i <= r->chars; i++, counter++) {
        const uint8_t *planes = planes_at(s, crtc_offset(s, counter, row));

        uint64_t colors = spread(planes[0]) | spread(planes[1]) << 1 | spread(planes[2]) << 2 |
                          spread(planes[3]) << 3;

        for (unsigned dot = 0; dot < 8; dot++, colors >>= 8) {
            *out++ = r->pal16[(colors & enable) | r->blink_set];
        }
    }
}

/* A line of `chars` characters and one more; returns where the picture's first dot is. */
static const uint32_t *draw_line(const Raster *r, uint32_t counter, unsigned row, bool panned,
                                 uint32_t *line)
{
    const Vga *s = r->vga;
    unsigned pan = panned ? r->pan : 0, n = (r->chars + 1) * r->char_dots;

    counter += panned ? r->byte_pan : 0;
    if (r->text) {
        draw_text(r, counter, row, line);
    } else if (s->gr[VGA_GR_MODE] & VGA_GR05_256) {
        draw_256(r, counter, row, line);
    } else if (s->gr[VGA_GR_MODE] & VGA_GR05_INTERLEAVE) {
        draw_interleaved(r, counter, row, line);
    } else {
        draw_planar(r, counter, row, line);
    }
    if (r->dots_doubled) {
        for (unsigned i = n; i-- > 0;) {
            line[2 * i] = line[2 * i + 1] = line[i];
        }
        pan *= 2;
    }
    return line + pan;
}

static uint32_t color_15(uint16_t val)
{
    uint32_t red = val >> 10 & 31, green = val >> 5 & 31, blue = val & 31;

    return (red << 3 | red >> 2) << 16 | (green << 3 | green >> 2) << 8 | (blue << 3 | blue >> 2);
}

static uint32_t color_16(uint16_t val)
{
    uint32_t red = val >> 11 & 31, green = val >> 5 & 63, blue = val & 31;

    return (red << 3 | red >> 2) << 16 | (green << 2 | green >> 4) << 8 | (blue << 3 | blue >> 2);
}

/* Each bit of a colour comes from one bit of a pixel, so the two bytes of one add up. */
static void load_linear_palette(Raster *r, unsigned depth)
{
    if (depth == 8) {
        load_palette(r);
    }
    for (unsigned i = 0; (depth == 15 || depth == 16) && i < 256; i++) {
        r->pal256[i] = depth == 15 ? color_15(i) : color_16(i);
        r->pal_high[i] = depth == 15 ? color_15(i << 8) : color_16(i << 8);
    }
}

static unsigned pixel_bytes(const VgaLinear *pic)
{
    return (pic->depth + 7) / 8;
}

/*
 * The bytes of a line. Where they go on at the start of memory, or have the other byte order, they
 * are gathered in `buffer`.
 */
static const uint8_t *linear_bytes(const Vga *s, const VgaLinear *pic, uint32_t addr,
                                   uint8_t *buffer)
{
    unsigned bytes = pixel_bytes(pic);
    uint32_t len = pic->width * bytes, flip = pic->big_endian ? bytes - 1 : 0;

    if (!flip && addr + (uint64_t)len <= (uint64_t)s->mem_mask + 1) {
        return &s->mem[addr];
    }
    for (uint32_t i = 0; i < len; i++) {
        uint32_t byte = i % bytes;

        buffer[i - byte + (flip ? flip - byte : byte)] = s->mem[(addr + i) & s->mem_mask];
    }
    return buffer;
}

static void draw_linear_line(const Raster *r, const VgaLinear *pic, const uint8_t *from,
                             uint32_t *line)
{
    switch (pic->depth) {
    case 8:
        for (unsigned x = 0; x < pic->width; x++) {
            line[x] = r->pal256[from[x]];
        }
        break;
    case 15:
    case 16:
        for (unsigned x = 0; x < pic->width; x++) {
            line[x] = r->pal256[from[2 * x]] | r->pal_high[from[2 * x + 1]];
        }
        break;
    case 24:
        for (unsigned x = 0; x < pic->width; x++) {
            line[x] = from[3 * x] | from[3 * x + 1] << 8 | from[3 * x + 2] << 16;
        }
        break;
    default:
        memcpy(line, from, (size_t)pic->width * 4);
        for (unsigned x = 0; x < pic->width; x++) {
            line[x] = GUINT32_FROM_LE(line[x]) & 0xffffff;
        }
        break;
    }
}

/* -------------------------------------------------------------------------- into the picture */

/* A rectangle around what changed, of lines that follow each other. */
typedef struct Changes {
    Console *con;
    uint32_t *pixels;
    int stride; /* in pixels */
    int width;
    int first, n;    /* lines */
    int left, right; /* columns, the second not in it */
} Changes;

static void changes_flush(Changes *changes)
{
    if (changes->n) {
        console_update_region(changes->con, changes->left, changes->first,
                              changes->right - changes->left, changes->n);
        changes->n = 0;
    }
}

static void put_line(Changes *changes, int y, const uint32_t *line)
{
    uint32_t *to = changes->pixels + y * changes->stride;
    int left = 0, right = changes->width;

    if (memcmp(to, line, (size_t)changes->width * 4) == 0) {
        return;
    }
    while (to[left] == line[left]) {
        left++;
    }
    while (to[right - 1] == line[right - 1]) {
        right--;
    }
    memcpy(&to[left], &line[left], (size_t)(right - left) * 4);
    if (changes->n && changes->first + changes->n != y) {
        changes_flush(changes);
    }
    if (!changes->n) {
        changes->first = y;
        changes->left = left;
        changes->right = right;
    }
    changes->left = MIN(changes->left, left);
    changes->right = MAX(changes->right, right);
    changes->n++;
}

static Changes changes_begin(Vga *s, int width, int height)
{
    pixman_image_t *image = console_image(s->con);

    if (pixman_image_get_width(image) != width || pixman_image_get_height(image) != height) {
        console_resize(s->con, width, height);
        s->full_update = true;
        image = console_image(s->con);
    }
    return (Changes){
        .con = s->con,
        .pixels = pixman_image_get_data(image),
        .stride = pixman_image_get_stride(image) / 4,
        .width = width,
    };
}

/* The screen is off: black, of the size that it had. */
static void update_blank(Vga *s)
{
    pixman_image_t *image = console_image(s->con);
    int width = pixman_image_get_width(image), height = pixman_image_get_height(image);
    Changes changes = changes_begin(s, width, height);
    g_autofree uint32_t *black = g_new0(uint32_t, width);

    for (int y = 0; s->full_update && y < height; y++) {
        put_line(&changes, y, black);
    }
    changes_flush(&changes);
}

static void update_linear(Vga *s, const Raster *r, const VgaLinear *pic, const unsigned long *dirty)
{
    int height = pic->height << pic->double_scan, first = pic->height, end = 0;
    Changes changes = changes_begin(s, pic->width, height);
    g_autofree uint32_t *line = g_new(uint32_t, pic->width);
    g_autofree uint8_t *buffer = g_malloc((size_t)pic->width * 4);
    uint32_t bytes = pic->width * pixel_bytes(pic);

    for (int y = 0; y < (int)pic->height; y++) {
        uint32_t addr = (pic->start + y * pic->pitch) & s->mem_mask;
        bool overlaid = s->hooks->overlay && s->hooks->overlay(s, y, NULL, pic->width);

        if (overlaid) {
            first = MIN(first, y);
            end = y + 1;
        }
        if (!s->full_update && !overlaid && (y < s->overlaid_first || y >= s->overlaid_end) &&
            addr + bytes - 1 <= s->mem_mask && !memory_snapshot_get_dirty(dirty, addr, bytes)) {
            continue;
        }
        draw_linear_line(r, pic, linear_bytes(s, pic, addr, buffer), line);
        if (overlaid) {
            s->hooks->overlay(s, y, line, pic->width);
        }
        for (int i = 0; i <= pic->double_scan; i++) {
            put_line(&changes, (y << pic->double_scan) + i, line);
        }
    }
    changes_flush(&changes);
    s->overlaid_first = first;
    s->overlaid_end = end;
}

static void update_raster(Vga *s, const Raster *r)
{
    int width = r->chars * r->char_dots << r->dots_doubled;
    Changes changes = changes_begin(s, width, r->height);
    g_autofree uint32_t *line = g_new(uint32_t, VGA_MAX_LINE);
    uint32_t counter = r->start;
    unsigned row = MIN(r->preset_row, r->rows);
    bool panned = true, second = false;
    const uint32_t *dots = NULL;

    for (unsigned y = 0; y < r->height; y++) {
        if (!second || !dots) {
            dots = draw_line(r, counter, row, panned, line);
        }
        put_line(&changes, y, dots);
        if (y == r->line_compare) {
            counter = 0;
            row = 0;
            second = false;
            panned = panned && !(s->ar[VGA_AR_MODE] & VGA_AR10_PAN_SPLIT);
        } else if (r->scan_twice && !second) {
            second = true;
        } else {
            second = false;
            if (row++ == r->rows) {
                row = 0;
                counter += r->row_step;
            }
        }
    }
    changes_flush(&changes);
}

/* ------------------------------------------------------------------------------- registers -- */

static bool is_linear(Vga *s, VgaLinear *pic)
{
    return s->hooks->linear && s->hooks->linear(s, pic);
}

/* SeaVGABIOS leaves SR01's bit set in each packed mode of the Cirrus: there it has no effect. */
static bool is_blank(Vga *s)
{
    VgaLinear pic;

    return !(s->ar_index & VGA_AR_INDEX_PAS) ||
           ((s->sr[VGA_SR_CLOCKING_MODE] & VGA_SR01_SCREEN_OFF) && !is_linear(s, &pic));
}

static bool is_text(Vga *s)
{
    VgaLinear pic;

    return !(s->gr[VGA_GR_MISC] & VGA_GR06_GRAPHICS) && !is_blank(s) && !is_linear(s, &pic);
}

static bool blinks(Vga *s)
{
    return is_text(s) || (s->ar[VGA_AR_MODE] & VGA_AR10_BLINK);
}

static unsigned blink_phase(const Vga *s)
{
    uint64_t frame = vga_frame_count(s);

    return (frame % CURSOR_BLINK_FRAMES < CURSOR_BLINK_FRAMES / 2 ? BLINK_CURSOR_ON : 0) |
           (frame % CHAR_BLINK_FRAMES < CHAR_BLINK_FRAMES / 2 ? BLINK_CHAR_ON : 0);
}

/* How far the picture is moved to the left, in dots. */
static unsigned pixel_pan(const Vga *s, const Raster *r)
{
    unsigned pan = s->ar[VGA_AR_PIXEL_PAN] & 15;

    if (r->char_dots == 9) {
        return pan >= 8 ? 0 : pan + 1;
    }
    /* With two dots a pixel the register counts dots. */
    return pan & 7;
}

static void load_raster(Raster *r)
{
    const Vga *s = r->vga;
    const uint8_t *cr = s->cr;

    r->text = !(s->gr[VGA_GR_MISC] & VGA_GR06_GRAPHICS);
    r->chars = cr[VGA_CR_H_DISPLAY_END] + 1;
    r->char_dots = r->text ? vga_char_dots(s) : 8;
    r->dots_doubled = s->sr[VGA_SR_CLOCKING_MODE] & VGA_SR01_HALF_CLOCK;
    r->height = vga_display_height(s);
    r->start = cr[VGA_CR_START_HIGH] << 8 | cr[VGA_CR_START_LOW];
    r->row_step = cr[VGA_CR_OFFSET] * 2;
    r->rows = cr[VGA_CR_MAX_SCAN] & 0x1f;
    r->scan_twice = cr[VGA_CR_MAX_SCAN] & VGA_CR09_DOUBLE;
    r->line_compare = cr[VGA_CR_LINE_COMPARE] | (cr[VGA_CR_OVERFLOW] >> 4 & 1) << 8 |
                      (cr[VGA_CR_MAX_SCAN] >> 6 & 1) << 9;
    r->line_compare = (r->line_compare + 1) * vga_lines_per_count(s) - 1;
    r->preset_row = cr[VGA_CR_PRESET_ROW] & 0x1f;
    r->pan = pixel_pan(s, r);
    r->byte_pan = cr[VGA_CR_PRESET_ROW] >> 5 & 3;
    r->cursor = cr[VGA_CR_CURSOR_HIGH] << 8 | cr[VGA_CR_CURSOR_LOW];
    r->cursor_first =
        cr[VGA_CR_CURSOR_START] & VGA_CR0A_OFF ? UINT_MAX : cr[VGA_CR_CURSOR_START] & 0x1f;
    r->cursor_last = cr[VGA_CR_CURSOR_END] & 0x1f;
    r->blink = s->drawn_blink;
    if ((s->ar[VGA_AR_MODE] & VGA_AR10_BLINK) && !(r->blink & BLINK_CHAR_ON)) {
        r->blink_set = 8;
    }
}

static bool any_dirty(const Vga *s, const unsigned long *dirty)
{
    return memory_snapshot_get_dirty(dirty, 0, (hwaddr)s->mem_mask + 1);
}

static void vga_update(void *opaque)
{
    Vga *s = opaque;
    g_autofree unsigned long *dirty = memory_region_snapshot_and_clear_dirty(
        &s->vram, 0, (hwaddr)s->mem_mask + 1, DIRTY_MEMORY_VGA);
    unsigned blink = blink_phase(s);
    Raster raster = {.vga = s};
    VgaLinear pic = {};

    if (is_blank(s)) {
        update_blank(s);
    } else if (is_linear(s, &pic)) {
        load_linear_palette(&raster, pic.depth);
        update_linear(s, &raster, &pic, dirty);
    } else if (s->full_update || (blinks(s) && blink != s->drawn_blink) || any_dirty(s, dirty)) {
        s->drawn_blink = blink;
        load_palette(&raster);
        load_raster(&raster);
        update_raster(s, &raster);
    }
    s->full_update = false;
}

static void vga_invalidate(void *opaque)
{
    ((Vga *)opaque)->full_update = true;
}

static uint32_t char_from_cp437(uint8_t ch)
{
    return ch < 32 ? cp437_low[ch] : ch < 127 ? ch : ch < 128 ? 0x2302 : cp437_high[ch - 128];
}

static ConsoleText *vga_text(void *opaque)
{
    Vga *s = opaque;
    Raster r = {.vga = s};
    bool blinks = s->ar[VGA_AR_MODE] & VGA_AR10_BLINK;
    ConsoleText *text;
    ConsoleCell *cell;

    if (!is_text(s)) {
        return NULL;
    }
    load_raster(&r);
    text = g_new(ConsoleText, 1);
    text->cols = r.chars;
    text->rows = MAX(1, r.height / ((r.rows + 1) << r.scan_twice));
    text->cursor = -1;
    text->cells = cell = g_new(ConsoleCell, text->rows * text->cols);
    for (unsigned y = 0; y < text->rows; y++) {
        for (unsigned x = 0; x < text->cols; x++, cell++) {
            uint32_t counter = r.start + r.byte_pan + y * r.row_step + x;
            const uint8_t *planes = planes_at(s, crtc_offset(s, counter, 0));

            *cell = (ConsoleCell){.ch = char_from_cp437(planes[0]),
                                  .foreground = planes[1] & 15,
                                  .background = planes[1] >> 4 & (blinks ? 7 : 15),
                                  .blink = blinks && planes[1] & 0x80};
            if ((counter & 0xffff) == r.cursor && r.cursor_first <= r.cursor_last) {
                text->cursor = cell - text->cells;
            }
        }
    }
    return text;
}

const ConsoleOps vga_console_ops = {
    .update = vga_update,
    .invalidate = vga_invalidate,
    .text = vga_text,
};
