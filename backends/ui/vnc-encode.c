/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pixels in the format of a viewer, and rectangles in the encodings raw and ZRLE (RFC 6143, 7.7)
 * and Tight (the RFB protocol as the community keeps it, 7.7.6).
 *
 * Everything is without loss: no JPEG. Of ZRLE the run lengths are left out; zlib finds them.
 */
#include <string.h>

#include "vnc-internal.h"

#define TIGHT_TILE_WIDTH  256
#define TIGHT_TILE_HEIGHT 64
#define TIGHT_MIN_DEFLATE 12 /* shorter data is sent as it is */
#define ZRLE_TILE         64
#define ZRLE_PALETTE      16
#define TILE_PIXELS       (TIGHT_TILE_WIDTH * TIGHT_TILE_HEIGHT)

/* Streams of VncEncoder: Tight's are what its control byte says. */
enum { STREAM_FULL, STREAM_MONO, STREAM_INDEXED, STREAM_ZRLE };

void vnc_put_u16(GByteArray *out, uint16_t value)
{
    value = GUINT16_TO_BE(value);
    g_byte_array_append(out, (const uint8_t *)&value, sizeof(value));
}

void vnc_put_u32(GByteArray *out, uint32_t value)
{
    value = GUINT32_TO_BE(value);
    g_byte_array_append(out, (const uint8_t *)&value, sizeof(value));
}

static void put_u8(GByteArray *out, uint8_t value)
{
    g_byte_array_append(out, &value, 1);
}

void vnc_put_rect(GByteArray *out, int x, int y, int width, int height, int32_t encoding)
{
    vnc_put_u16(out, x);
    vnc_put_u16(out, y);
    vnc_put_u16(out, width);
    vnc_put_u16(out, height);
    vnc_put_u32(out, encoding);
}

/* ---------------------------------------------------------------------------------- formats -- */

static void set_tables(VncPixels *pixels, const unsigned max[3], const uint8_t shift[3])
{
    for (int colour = 0; colour < 3; colour++) {
        pixels->shift[colour] = shift[colour];
        for (unsigned i = 0; i < 256; i++) {
            pixels->table[colour][i] = (i * max[colour] + 127) / 255 << shift[colour];
        }
    }
}

/* Three bytes stand for a pixel of 32 bits where the fourth says nothing. */
static void set_short_pixels(VncPixels *pixels, const unsigned max[3], unsigned depth)
{
    uint32_t used = 0;
    bool eights = true;

    for (int colour = 0; colour < 3; colour++) {
        used |= max[colour] << pixels->shift[colour];
        eights &= max[colour] == 255;
    }
    pixels->tight_bytes = pixels->zrle_bytes = pixels->bytes;
    pixels->zrle_skip = 0;
    if (pixels->bytes == 4 && !pixels->colour_map && depth <= 24) {
        pixels->tight_bytes = depth == 24 && eights ? 3 : 4;
        if (!(used >> 24)) {
            pixels->zrle_bytes = 3;
        } else if (!(used & 0xff)) {
            pixels->zrle_bytes = 3;
            pixels->zrle_skip = 1;
        }
    }
}

/* Little endian, as 0x00RRGGBB. */
static const uint8_t native_format[VNC_PIXEL_FORMAT_SIZE] = {32,  24, 0,   1,  0, 255, 0,
                                                             255, 0,  255, 16, 8, 0};

void vnc_pixels_init(VncPixels *pixels, uint8_t wire[VNC_PIXEL_FORMAT_SIZE])
{
    memcpy(wire, native_format, sizeof(native_format));
    vnc_pixels_set(pixels, native_format);
}

bool vnc_pixels_set(VncPixels *pixels, const uint8_t wire[VNC_PIXEL_FORMAT_SIZE])
{
    /* A viewer without true colour gets the palette of a 3-3-2 pixel. */
    static const unsigned map_max[3] = {7, 7, 3};
    static const uint8_t map_shift[3] = {5, 2, 0};
    unsigned bits = wire[0], depth = wire[1];
    unsigned max[3] = {wire[4] << 8 | wire[5], wire[6] << 8 | wire[7], wire[8] << 8 | wire[9]};

    if (bits != 8 && bits != 16 && bits != 32) {
        return false;
    }
    if (!wire[3] && bits != 8) {
        return false;
    }
    for (int colour = 0; wire[3] && colour < 3; colour++) {
        unsigned shift = wire[10 + colour];

        if (!max[colour] || (max[colour] & (max[colour] + 1)) || shift >= bits ||
            (uint64_t)max[colour] << shift >= UINT64_C(1) << bits) {
            return false;
        }
    }
    pixels->bytes = bits / 8;
    pixels->big_endian = wire[2];
    pixels->colour_map = !wire[3];
    set_tables(pixels, wire[3] ? max : map_max, wire[3] ? wire + 10 : map_shift);
    set_short_pixels(pixels, max, depth);
    pixels->native =
        bits == 32 && !wire[2] && wire[3] && memcmp(wire + 4, native_format + 4, 9) == 0;
    return true;
}

void vnc_pixels_colour_map(uint16_t colours[256][3])
{
    for (unsigned i = 0; i < 256; i++) {
        colours[i][0] = (i >> 5) * 0xffff / 7;
        colours[i][1] = (i >> 2 & 7) * 0xffff / 7;
        colours[i][2] = (i & 3) * 0xffff / 3;
    }
}

static void put_pixel(const VncPixels *pixels, uint32_t value, uint8_t *out)
{
    for (unsigned i = 0; i < pixels->bytes; i++) {
        out[i] = value >> 8 * (pixels->big_endian ? pixels->bytes - 1 - i : i);
    }
}

/* A TPIXEL: with three bytes, red, green and blue in this order. Returns its size. */
static unsigned put_tight(const VncPixels *pixels, uint32_t value, uint8_t *out)
{
    if (pixels->tight_bytes != 3) {
        put_pixel(pixels, value, out);
        return pixels->bytes;
    }
    for (int colour = 0; colour < 3; colour++) {
        out[colour] = value >> pixels->shift[colour];
    }
    return 3;
}

/* A CPIXEL: with three bytes, those of the pixel that say something. Returns its size. */
static unsigned put_zrle(const VncPixels *pixels, uint32_t value, uint8_t *out)
{
    if (pixels->zrle_bytes != 3) {
        put_pixel(pixels, value, out);
        return pixels->bytes;
    }
    value >>= 8 * pixels->zrle_skip;
    for (unsigned i = 0; i < 3; i++) {
        out[i] = value >> 8 * (pixels->big_endian ? 2 - i : i);
    }
    return 3;
}

/* Part of the picture as pixels of the viewer; what lies outside of it is black. */
static void read_tile(const VncPixels *pixels, pixman_image_t *image, int x, int y, int width,
                      int height, uint32_t *out)
{
    const uint8_t *data = (const uint8_t *)pixman_image_get_data(image);
    int inside_x = CLAMP(pixman_image_get_width(image) - x, 0, width);
    int inside_y = CLAMP(pixman_image_get_height(image) - y, 0, height);
    uint32_t black = pixels->table[0][0] | pixels->table[1][0] | pixels->table[2][0];

    for (int row = 0; row < height; row++) {
        size_t offset = (size_t)(y + row) * pixman_image_get_stride(image);
        const uint32_t *line = (const uint32_t *)(data + offset) + x;
        int n = row < inside_y ? inside_x : 0;

        for (int i = 0; i < n && pixels->native; i++) {
            *out++ = line[i] & 0xffffff;
        }
        for (int i = 0; i < n && !pixels->native; i++) {
            *out++ = pixels->table[0][line[i] >> 16 & 0xff] |
                     pixels->table[1][line[i] >> 8 & 0xff] | pixels->table[2][line[i] & 0xff];
        }
        for (int i = n; i < width; i++) {
            *out++ = black;
        }
    }
}

/* ---------------------------------------------------------------------------------- palettes -- */

#define PALETTE_MAX   256
#define PALETTE_SLOTS 1024

typedef struct Palette {
    unsigned n;
    uint32_t colours[PALETTE_MAX];
    uint16_t slots[PALETTE_SLOTS]; /* by hash: index + 1, 0 is free */
    uint8_t indexes[TILE_PIXELS];  /* of each pixel */
} Palette;

static unsigned palette_index(Palette *palette, uint32_t colour)
{
    unsigned slot = (colour * UINT32_C(2654435761)) >> 22;

    while (palette->slots[slot] && palette->colours[palette->slots[slot] - 1] != colour) {
        slot = (slot + 1) % PALETTE_SLOTS;
    }
    if (!palette->slots[slot] && palette->n < PALETTE_MAX) {
        palette->colours[palette->n++] = colour;
        palette->slots[slot] = palette->n;
    }
    return palette->slots[slot]; /* 0: there is no more room */
}

/* False when there are more than `max` colours. */
static bool palette_build(Palette *palette, const uint32_t *tile, unsigned n, unsigned max)
{
    unsigned index = 0;

    palette->n = 0;
    memset(palette->slots, 0, sizeof(palette->slots));
    for (unsigned i = 0; i < n; i++) {
        if (!i || tile[i] != tile[i - 1]) {
            index = palette_index(palette, tile[i]);
            if (!index || palette->n > max) {
                return false;
            }
        }
        palette->indexes[i] = index - 1;
    }
    return true;
}

/* The indexes as `bits` each, the first in the highest bits, each line from a new byte. */
static void pack_indexes(const Palette *palette, int width, int height, unsigned bits,
                         GByteArray *out)
{
    const uint8_t *index = palette->indexes;

    for (int y = 0; y < height; y++) {
        unsigned filled = 0, byte = 0;

        for (int x = 0; x < width; x++) {
            byte = byte << bits | *index++;
            filled += bits;
            if (filled == 8) {
                put_u8(out, byte);
                filled = byte = 0;
            }
        }
        if (filled) {
            put_u8(out, byte << (8 - filled));
        }
    }
}

/* -------------------------------------------------------------------------------------- zlib -- */

/* Append `data`, compressed, so that the viewer can decompress all of it. */
static void deflate_append(VncEncoder *encoder, unsigned stream, const void *data, size_t len,
                           GByteArray *out)
{
    z_stream *z = &encoder->streams[stream];

    if (!encoder->open[stream]) {
        if (deflateInit(z, encoder->level) != Z_OK) {
            g_error("no memory for zlib");
        }
        encoder->open[stream] = true;
    }
    z->next_in = (Bytef *)data;
    z->avail_in = len;
    do {
        size_t before = out->len;

        g_byte_array_set_size(out, before + len / 2 + 256);
        z->next_out = out->data + before;
        z->avail_out = out->len - before;
        deflate(z, Z_SYNC_FLUSH);
        g_byte_array_set_size(out, out->len - z->avail_out);
    } while (!z->avail_out);
}

void vnc_encoder_clear(VncEncoder *encoder)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(encoder->streams); i++) {
        if (encoder->open[i]) {
            deflateEnd(&encoder->streams[i]);
            encoder->open[i] = false;
        }
    }
}

/* ------------------------------------------------------------------------------------- tight -- */

/* A length in 7, 14 or 22 bits, the lowest first. */
static void put_compact_length(GByteArray *out, unsigned len)
{
    for (int i = 0; i < 2 && len > 0x7f; i++) {
        put_u8(out, (len & 0x7f) | 0x80);
        len >>= 7;
    }
    put_u8(out, len);
}

static void tight_data(VncEncoder *encoder, unsigned stream, const GByteArray *data,
                       GByteArray *out)
{
    g_autoptr(GByteArray) packed = NULL;

    if (data->len < TIGHT_MIN_DEFLATE) {
        g_byte_array_append(out, data->data, data->len);
        return;
    }
    packed = g_byte_array_new();
    deflate_append(encoder, stream, data->data, data->len, packed);
    put_compact_length(out, packed->len);
    g_byte_array_append(out, packed->data, packed->len);
}

/* The filter "palette": the colours, then an index for each pixel. */
static void tight_indexed(VncEncoder *encoder, const Palette *palette, int width, int height,
                          GByteArray *out)
{
    unsigned stream = palette->n == 2 ? STREAM_MONO : STREAM_INDEXED;
    g_autoptr(GByteArray) data = g_byte_array_new();

    put_u8(out, 0x40 | stream << 4);
    put_u8(out, 1);
    put_u8(out, palette->n - 1);
    for (unsigned i = 0; i < palette->n; i++) {
        uint8_t pixel[4];

        g_byte_array_append(out, pixel, put_tight(&encoder->pixels, palette->colours[i], pixel));
    }
    pack_indexes(palette, width, height, palette->n == 2 ? 1 : 8, data);
    tight_data(encoder, stream, data, out);
}

static void tight_full(VncEncoder *encoder, const uint32_t *tile, unsigned n, GByteArray *out)
{
    g_autoptr(GByteArray) data = g_byte_array_sized_new(n * 4);

    g_byte_array_set_size(data, n * encoder->pixels.tight_bytes);
    for (unsigned i = 0; i < n; i++) {
        put_tight(&encoder->pixels, tile[i], data->data + i * encoder->pixels.tight_bytes);
    }
    put_u8(out, STREAM_FULL << 4);
    tight_data(encoder, STREAM_FULL, data, out);
}

static void tight_tile(VncEncoder *encoder, const uint32_t *tile, int width, int height,
                       GByteArray *out)
{
    static Palette palette; /* large, and only used within */
    /* With pixels of a byte only two colours are worth a palette. */
    unsigned max = encoder->pixels.bytes == 1 ? 2 : PALETTE_MAX;

    if (!palette_build(&palette, tile, width * height, max)) {
        tight_full(encoder, tile, width * height, out);
    } else if (palette.n == 1) {
        uint8_t pixel[4];

        put_u8(out, 0x80);
        g_byte_array_append(out, pixel, put_tight(&encoder->pixels, tile[0], pixel));
    } else {
        tight_indexed(encoder, &palette, width, height, out);
    }
}

static unsigned encode_tight(VncEncoder *encoder, pixman_image_t *image, int x, int y, int width,
                             int height, GByteArray *out)
{
    static uint32_t tile[TILE_PIXELS];
    unsigned n = 0;

    for (int ty = 0; ty < height; ty += TIGHT_TILE_HEIGHT) {
        for (int tx = 0; tx < width; tx += TIGHT_TILE_WIDTH) {
            int w = MIN(TIGHT_TILE_WIDTH, width - tx), h = MIN(TIGHT_TILE_HEIGHT, height - ty);

            read_tile(&encoder->pixels, image, x + tx, y + ty, w, h, tile);
            vnc_put_rect(out, x + tx, y + ty, w, h, VNC_ENCODING_TIGHT);
            tight_tile(encoder, tile, w, h, out);
            n++;
        }
    }
    return n;
}

/* -------------------------------------------------------------------------------------- ZRLE -- */

static void zrle_tile(const VncPixels *pixels, const uint32_t *tile, int width, int height,
                      GByteArray *out)
{
    static Palette palette;
    uint8_t pixel[4];

    if (!palette_build(&palette, tile, width * height, ZRLE_PALETTE)) {
        put_u8(out, 0);
        for (int i = 0; i < width * height; i++) {
            g_byte_array_append(out, pixel, put_zrle(pixels, tile[i], pixel));
        }
        return;
    }
    put_u8(out, palette.n);
    for (unsigned i = 0; i < palette.n; i++) {
        g_byte_array_append(out, pixel, put_zrle(pixels, palette.colours[i], pixel));
    }
    if (palette.n > 1) {
        pack_indexes(&palette, width, height, palette.n > 4 ? 4 : palette.n > 2 ? 2 : 1, out);
    }
}

static unsigned encode_zrle(VncEncoder *encoder, pixman_image_t *image, int x, int y, int width,
                            int height, GByteArray *out)
{
    g_autoptr(GByteArray) plain = g_byte_array_new();
    g_autoptr(GByteArray) packed = g_byte_array_new();
    uint32_t tile[ZRLE_TILE * ZRLE_TILE];

    for (int ty = 0; ty < height; ty += ZRLE_TILE) {
        for (int tx = 0; tx < width; tx += ZRLE_TILE) {
            int w = MIN(ZRLE_TILE, width - tx), h = MIN(ZRLE_TILE, height - ty);

            read_tile(&encoder->pixels, image, x + tx, y + ty, w, h, tile);
            zrle_tile(&encoder->pixels, tile, w, h, plain);
        }
    }
    deflate_append(encoder, STREAM_ZRLE, plain->data, plain->len, packed);
    vnc_put_rect(out, x, y, width, height, VNC_ENCODING_ZRLE);
    vnc_put_u32(out, packed->len);
    g_byte_array_append(out, packed->data, packed->len);
    return 1;
}

/* --------------------------------------------------------------------------------------- raw -- */

static unsigned encode_raw(VncEncoder *encoder, pixman_image_t *image, int x, int y, int width,
                           int height, GByteArray *out)
{
    g_autofree uint32_t *line = g_new(uint32_t, width);
    unsigned bytes = encoder->pixels.bytes;

    vnc_put_rect(out, x, y, width, height, VNC_ENCODING_RAW);
    for (int row = 0; row < height; row++) {
        unsigned before = out->len;

        read_tile(&encoder->pixels, image, x, y + row, width, 1, line);
        g_byte_array_set_size(out, before + width * bytes);
        if (encoder->pixels.native && G_BYTE_ORDER == G_LITTLE_ENDIAN) {
            memcpy(out->data + before, line, width * bytes);
            continue;
        }
        for (int i = 0; i < width; i++) {
            put_pixel(&encoder->pixels, line[i], out->data + before + i * bytes);
        }
    }
    return 1;
}

unsigned vnc_encode(VncEncoder *encoder, pixman_image_t *image, int x, int y, int width, int height,
                    GByteArray *out)
{
    switch (encoder->encoding) {
    case VNC_ENCODING_TIGHT:
        return encode_tight(encoder, image, x, y, width, height, out);
    case VNC_ENCODING_ZRLE:
        return encode_zrle(encoder, image, x, y, width, height, out);
    default:
        return encode_raw(encoder, image, x, y, width, height, out);
    }
}
