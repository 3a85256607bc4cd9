/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parts of the VNC server: the cipher against known answers, WebSocket frames in pieces, pixel
 * formats that can't be, and rectangles that lie outside of the picture.
 */
#include <string.h>

#include "vnc-internal.h"

/* ---------------------------------------------------------------------------------- the cipher */

static void from_hex(const char *hex, uint8_t *bytes, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        bytes[i] = g_ascii_xdigit_value(hex[2 * i]) << 4 | g_ascii_xdigit_value(hex[2 * i + 1]);
    }
}

/* Of NIST SP 500-20 and FIPS PUB 81: key, plain text, cipher text. */
static void test_des(void)
{
    static const char *const rows[][3] = {
        {"0123456789abcdef", "4e6f772069732074", "3fa40e8a984d4815"},
        {"0123456789abcdef", "68652074696d6520", "6a271787ab8883f9"},
        {"0123456789abcdef", "666f7220616c6c20", "893d51ec4b563b53"},
        {"0101010101010101", "8000000000000000", "95f8a5e5dd31d900"},
        {"0101010101010101", "0000000000000001", "166b40b44aba4bd6"},
        {"8001010101010101", "0000000000000000", "95a8d72813daa94d"},
        {"0101010101010102", "0000000000000000", "869efd7f9f265a09"},
        {"1046913489980131", "0000000000000000", "88d55e54f54c97b4"},
        {"7ca110454a1a6e57", "01a1d6d039776742", "690f5b0d9a26939b"},
        {"584023641aba6176", "004bd6ef09176062", "88bf0db6d70dee56"},
        {"1c587f1c13924fef", "305532286d6f295a", "63fac0d034d9f793"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        uint8_t key[8], plain[8], wanted[8], cipher[8];

        from_hex(rows[i][0], key, 8);
        from_hex(rows[i][1], plain, 8);
        from_hex(rows[i][2], wanted, 8);
        des_encrypt(key, plain, cipher);
        g_assert_cmpmem(cipher, 8, wanted, 8);
    }
}

/* The bits of the password's bytes are mirrored: 80 is the key 01, which DES ignores (parity). */
static void test_response(void)
{
    uint8_t challenge[VNC_CHALLENGE_SIZE] = {0x80, [15] = 1}, one[16], other[16], wanted[8];

    vnc_auth_response("", challenge, one);
    from_hex("95f8a5e5dd31d900", wanted, 8);
    g_assert_cmpmem(one, 8, wanted, 8);
    from_hex("166b40b44aba4bd6", wanted, 8);
    g_assert_cmpmem(one + 8, 8, wanted, 8);
    vnc_auth_response("\x80\x80\x80\x80\x80\x80\x80\x80", challenge, other);
    g_assert_cmpmem(one, 16, other, 16);
    vnc_auth_response("eight888", challenge, one);
    vnc_auth_response("eight8889", challenge, other);
    g_assert_cmpmem(one, 16, other, 16);
    vnc_auth_response("eight88", challenge, other);
    g_assert_cmpint(memcmp(one, other, 16), !=, 0);
}

/* ---------------------------------------------------------------------------------- WebSocket */

static const char request[] = "GET /chat HTTP/1.1\r\nHost: server.example.com\r\n"
                              "upgrade: WebSocket\r\nConnection: keep-alive, upgrade\r\n"
                              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                              "Sec-WebSocket-Version: 13\r\n\r\n";

typedef struct Talk {
    VncWebsock *ws;
    GByteArray *payload, *reply;
} Talk;

static Talk talk_begin(void)
{
    return (Talk){vnc_websock_new(), g_byte_array_new(), g_byte_array_new()};
}

static void talk_end(Talk *talk)
{
    vnc_websock_free(talk->ws);
    g_byte_array_unref(talk->payload);
    g_byte_array_unref(talk->reply);
}

/* In pieces of `step` bytes; false when the connection has to end. */
static bool talk(Talk *t, const void *data, size_t len, size_t step)
{
    for (size_t i = 0; i < len; i += step) {
        if (!vnc_websock_input(t->ws, (const uint8_t *)data + i, MIN(step, len - i), t->payload,
                               t->reply)) {
            return false;
        }
    }
    return true;
}

/* RFC 6455's own example of the handshake (1.3), and of a masked "Hello" (5.7). */
static void test_websock(void)
{
    static const uint8_t frames[] = {0x82, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d,
                                     0x51, 0x58, 0x89, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f,
                                     0x9f, 0x4d, 0x51, 0x58, 0x02, 0x80, 1,    2,    3,
                                     4,    0x80, 0x81, 0x10, 0,    0,    0,    0x31};

    for (size_t step = 1; step < 40; step++) {
        Talk t = talk_begin();

        g_assert_true(talk(&t, request, strlen(request), step));
        g_assert_true(vnc_websock_is_open(t.ws));
        g_byte_array_append(t.reply, (const uint8_t *)"", 1);
        g_assert_nonnull(strstr((char *)t.reply->data, "\r\nSec-WebSocket-Accept:"
                                                       " s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
        g_assert_null(strstr((char *)t.reply->data, "Protocol:"));
        g_byte_array_set_size(t.reply, 0);
        g_assert_true(talk(&t, frames, sizeof(frames), step));
        g_assert_cmpmem(t.payload->data, t.payload->len, "Hello!", 6);
        g_assert_cmpmem(t.reply->data, t.reply->len, "\x8a\x05Hello", 7);
        talk_end(&t);
    }
}

static void test_websock_frame(void)
{
    static const struct {
        size_t len, head;
        const char *bytes;
    } rows[] = {{0, 2, "\x82\x00"},
                {125, 2, "\x82\x7d"},
                {126, 4, "\x82\x7e\x00\x7e"},
                {65535, 4, "\x82\x7e\xff\xff"},
                {65536, 10, "\x82\x7f\0\0\0\0\0\1\0\0"}};
    g_autofree char *data = g_malloc0(65536);

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GByteArray) out = g_byte_array_new();

        vnc_websock_frame(data, rows[i].len, out);
        g_assert_cmpuint(out->len, ==, rows[i].head + rows[i].len);
        g_assert_cmpmem(out->data, rows[i].head, rows[i].bytes, rows[i].head);
    }
}

/* Whatever comes, what is kept stays small, and nothing is taken that must not be. */
static void test_websock_garbage(void)
{
    for (int round = 0; round < 2000; round++) {
        Talk t = talk_begin();
        bool open = g_test_rand_bit() && talk(&t, request, strlen(request), 1000);
        bool on = true;

        for (int i = 0; i < 30 && on; i++) {
            uint8_t data[200];

            for (size_t n = 0; n < sizeof(data); n++) {
                data[n] = g_test_rand_bit() ? g_test_rand_int() : 0x82;
            }
            on = talk(&t, data, g_test_rand_int_range(0, sizeof(data)), 50);
            g_assert_cmpuint(t.payload->len, <=, open ? 200 * 30 : 0);
        }
        talk_end(&t);
    }
}

/* ------------------------------------------------------------------------------------- pixels */

static void test_formats(void)
{
    /* bits, depth, big endian, true colour, three maxima, three shifts */
    static const struct {
        uint8_t wire[VNC_PIXEL_FORMAT_SIZE];
        bool good;
    } rows[] = {
        {{32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0}, true},
        {{16, 16, 1, 1, 0, 31, 0, 63, 0, 31, 11, 5, 0}, true},
        {{8, 8, 0, 0}, true},
        {{32, 32, 0, 1, 255, 255, 0, 255, 0, 255, 16, 8, 0}, true},
        {{24, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0}, false},
        {{0, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0}, false},
        {{16, 16, 0, 0}, false},
        {{32, 24, 0, 1, 0, 254, 0, 255, 0, 255, 16, 8, 0}, false},
        {{32, 24, 0, 1, 0, 0, 0, 255, 0, 255, 16, 8, 0}, false},
        {{32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 25, 8, 0}, false},
        {{32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 255, 8, 0}, false},
        {{8, 8, 0, 1, 0, 7, 0, 7, 0, 15, 0, 3, 6}, false},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        VncPixels pixels = {}, before = pixels;

        g_assert_cmpint(vnc_pixels_set(&pixels, rows[i].wire), ==, rows[i].good);
        if (!rows[i].good) {
            g_assert_cmpmem(&pixels, sizeof(pixels), &before, sizeof(before));
        }
    }
}

/* What lies outside of the picture is black; nobody looks there for it (under a sanitizer). */
static void test_outside(void)
{
    static const struct {
        int x, y, width, height;
        unsigned inside; /* pixels */
    } rows[] = {{0, 0, 10, 10, 100}, {5, 5, 10, 10, 25}, {9, 9, 1, 1, 1},
                {10, 0, 5, 5, 0},    {0, 10, 5, 5, 0},   {1000, 1000, 300, 70, 0},
                {0, 0, 300, 70, 100}};
    pixman_image_t *image = pixman_image_create_bits(PIXMAN_x8r8g8b8, 10, 10, NULL, 0);
    uint8_t wire[VNC_PIXEL_FORMAT_SIZE];

    memset(pixman_image_get_data(image), 0xff, 10 * pixman_image_get_stride(image));
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        VncEncoder raw = {.encoding = VNC_ENCODING_RAW}, other = {.level = 1};
        g_autoptr(GByteArray) out = g_byte_array_new();
        unsigned white = 0;

        vnc_pixels_init(&raw.pixels, wire);
        other.pixels = raw.pixels;
        g_assert_cmpuint(
            vnc_encode(&raw, image, rows[i].x, rows[i].y, rows[i].width, rows[i].height, out), ==,
            1);
        g_assert_cmpuint(out->len, ==, 12 + rows[i].width * rows[i].height * 4);
        for (unsigned at = 12; at < out->len; at += 4) {
            white += out->data[at] == 0xff;
        }
        g_assert_cmpuint(white, ==, rows[i].inside);
        for (int encoding = 0; encoding < 2; encoding++) {
            other.encoding = encoding ? VNC_ENCODING_TIGHT : VNC_ENCODING_ZRLE;
            g_assert_cmpuint(
                vnc_encode(&other, image, rows[i].x, rows[i].y, rows[i].width, rows[i].height, out),
                >=, 1);
        }
        vnc_encoder_clear(&other);
    }
    pixman_image_unref(image);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vnc/des", test_des);
    g_test_add_func("/vnc/response", test_response);
    g_test_add_func("/vnc/websock", test_websock);
    g_test_add_func("/vnc/websock-frame", test_websock_frame);
    g_test_add_func("/vnc/websock-garbage", test_websock_garbage);
    g_test_add_func("/vnc/formats", test_formats);
    g_test_add_func("/vnc/outside", test_outside);
    return g_test_run();
}
