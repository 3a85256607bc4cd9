/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What viewers say: the server's side of the RFB protocol 3.3, 3.7 and 3.8 (RFC 6143).
 *
 * Extensions: desktop size (both kinds), the change of the pointer's type, key events with scan
 * codes (QEMU's). Not spoken: clipboards, sound, TLS and SASL, cursors (the guest draws its own).
 */
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "keymap.h"
#include "vnc-client.h"

#define CUT_TEXT_MAX   (1 << 20)
#define POINTER_CENTRE 0x7fff /* of a viewer that sends movements */
#define SECURITY_NONE  1
#define SECURITY_VNC   2

/* Messages of a viewer. */
enum {
    SET_PIXEL_FORMAT = 0,
    SET_ENCODINGS = 2,
    UPDATE_REQUEST = 3,
    KEY_EVENT = 4,
    POINTER_EVENT = 5,
    CUT_TEXT = 6,
    SET_DESKTOP_SIZE = 251,
    QEMU_MESSAGE = 255,
};
#define QEMU_KEY_EVENT 0

/* ---------------------------------------------------------------------------- keys, the pointer */

static void send_key(VncClient *client, KeyCode key, bool down)
{
    if (key != KEY_CODE_NONE) {
        client->held[key] = down;
        input_send_key(key, down);
        input_send_sync();
    }
    vnc_server_wake(client->server);
}

static void send_buttons(VncClient *client, unsigned buttons)
{
    static const InputButton by_bit[] = {INPUT_BUTTON_LEFT,       INPUT_BUTTON_MIDDLE,
                                         INPUT_BUTTON_RIGHT,      INPUT_BUTTON_WHEEL_UP,
                                         INPUT_BUTTON_WHEEL_DOWN, INPUT_BUTTON_WHEEL_LEFT,
                                         INPUT_BUTTON_WHEEL_RIGHT};

    for (unsigned i = 0; i < G_N_ELEMENTS(by_bit); i++) {
        if ((buttons ^ client->buttons) & 1u << i) {
            input_send_button(by_bit[i], buttons & 1u << i);
        }
    }
    client->buttons = buttons;
}

static void send_position(VncClient *client, int x, int y)
{
    if (input_is_absolute()) {
        input_send_absolute(client->width > 1 ? x * INPUT_ABSOLUTE_MAX / (client->width - 1) : 0,
                            client->height > 1 ? y * INPUT_ABSOLUTE_MAX / (client->height - 1) : 0);
    } else if (client->pointer_type && client->told_absolute == 0) {
        input_send_relative(x - POINTER_CENTRE, y - POINTER_CENTRE);
    } else if (client->pointer_seen && (x != client->pointer_x || y != client->pointer_y)) {
        input_send_relative(x - client->pointer_x, y - client->pointer_y);
    }
    client->pointer_seen = true;
    client->pointer_x = x;
    client->pointer_y = y;
}

/* Nothing stays pressed because a connection broke. */
void vnc_client_release_all(VncClient *client)
{
    for (int key = 0; key < KEY_CODES; key++) {
        if (client->held[key]) {
            input_send_key(key, false);
        }
    }
    send_buttons(client, 0);
    input_send_sync();
}

/* ---------------------------------------------------------------------------------- messages -- */

static uint16_t get_u16(const uint8_t *data)
{
    return data[0] << 8 | data[1];
}

static uint32_t get_u32(const uint8_t *data)
{
    return (uint32_t)get_u16(data) << 16 | get_u16(data + 2);
}

static void on_message(VncClient *client, const uint8_t *data);

static void next_message(VncClient *client)
{
    vnc_client_expect(client, 1, on_message);
}

static void on_pixel_format(VncClient *client, const uint8_t *data)
{
    if (!vnc_pixels_set(&client->encoder.pixels, data + 3)) {
        client->dead = true;
        return;
    }
    client->colours_due = client->encoder.pixels.colour_map;
    vnc_client_mark(client, 0, 0, client->width, client->height);
    next_message(client);
}

static void on_encodings(VncClient *client, const uint8_t *data);

static void on_encodings_head(VncClient *client, const uint8_t *data)
{
    vnc_client_expect(client, get_u16(data + 1) * 4u, on_encodings);
}

/* The first encoding that we know is the one; what is no encoding is an ability. */
static void on_encodings(VncClient *client, const uint8_t *data)
{
    size_t n = client->need / 4;
    bool had_extended_size = client->extended_desktop_size, had_ext_key = client->ext_key;

    client->encoder.encoding = -1;
    client->desktop_size = client->extended_desktop_size = false;
    client->ext_key = client->pointer_type = false;
    for (size_t i = 0; i < n; i++) {
        int32_t encoding = get_u32(data + 4 * i);

        switch (encoding) {
        case VNC_ENCODING_RAW:
        case VNC_ENCODING_TIGHT:
        case VNC_ENCODING_ZRLE:
            if (client->encoder.encoding < 0) {
                client->encoder.encoding = encoding;
            }
            break;
        case VNC_ENCODING_DESKTOP_SIZE:
            client->desktop_size = true;
            break;
        case VNC_ENCODING_EXTENDED_DESKTOP_SIZE:
            client->extended_desktop_size = true;
            break;
        case VNC_ENCODING_EXT_KEY_EVENT:
            client->ext_key = true;
            break;
        case VNC_ENCODING_POINTER_TYPE_CHANGE:
            client->pointer_type = true;
            break;
        case VNC_ENCODING_COMPRESS_LEVEL_0 ... VNC_ENCODING_COMPRESS_LEVEL_9:
            client->encoder.level =
                CLAMP(encoding - VNC_ENCODING_COMPRESS_LEVEL_0, VNC_DEFAULT_LEVEL, VNC_MAX_LEVEL);
            break;
        }
    }
    client->encoder.encoding = MAX(client->encoder.encoding, VNC_ENCODING_RAW);
    client->ext_key_due |= client->ext_key && !had_ext_key;
    /* The size is told at once, as a sign that this is spoken here; and when it is another one. */
    if (client->extended_desktop_size && !had_extended_size) {
        client->resize_due = true;
    }
    vnc_client_fit(client);
    next_message(client);
}

static void on_update_request(VncClient *client, const uint8_t *data)
{
    if (!data[0]) {
        vnc_client_mark(client, get_u16(data + 1), get_u16(data + 3), get_u16(data + 5),
                        get_u16(data + 7));
    }
    client->wants_update = true;
    vnc_server_wake(client->server);
    next_message(client);
}

static void on_key(VncClient *client, const uint8_t *data)
{
    send_key(client, keymap_lookup(get_u32(data + 3)).key, data[0]);
    next_message(client);
}

static void on_pointer(VncClient *client, const uint8_t *data)
{
    send_position(client, get_u16(data + 1), get_u16(data + 3));
    send_buttons(client, data[0]);
    input_send_sync();
    vnc_server_wake(client->server);
    next_message(client);
}

static void on_cut_text(VncClient *client, const uint8_t *data)
{
    next_message(client);
}

static void on_cut_text_head(VncClient *client, const uint8_t *data)
{
    uint32_t len = get_u32(data + 3);

    if (len > CUT_TEXT_MAX) {
        client->dead = true;
        return;
    }
    vnc_client_expect(client, len, on_cut_text);
}

/* The guest decides: whatever the viewer wants is answered with the size there is. */
static void on_desktop_size(VncClient *client, const uint8_t *data)
{
    client->resize_due = client->resize_refused = client->extended_desktop_size;
    vnc_server_wake(client->server);
    next_message(client);
}

static void on_desktop_size_head(VncClient *client, const uint8_t *data)
{
    vnc_client_expect(client, data[5] * 16u, on_desktop_size);
}

/* A scan code of set 1, where bit 7 is the prefix E0; zero: only the symbol is known. */
static void on_qemu_key(VncClient *client, const uint8_t *data)
{
    uint32_t code = get_u32(data + 6);
    KeyCode key = code ? key_code_from_set1(MIN(code, 0x100)) : KEY_CODE_NONE;

    if (key == KEY_CODE_NONE) {
        key = keymap_lookup(get_u32(data + 2)).key;
    }
    send_key(client, key, get_u16(data));
    next_message(client);
}

static void on_qemu_message(VncClient *client, const uint8_t *data)
{
    if (data[0] != QEMU_KEY_EVENT) {
        client->dead = true;
        return;
    }
    vnc_client_expect(client, 10, on_qemu_key);
}

static void on_message(VncClient *client, const uint8_t *data)
{
    static const struct {
        uint8_t type;
        uint8_t size; /* of what follows, or of its head */
        Step step;
    } rows[] = {
        {SET_PIXEL_FORMAT, 3 + VNC_PIXEL_FORMAT_SIZE, on_pixel_format},
        {SET_ENCODINGS, 3, on_encodings_head},
        {UPDATE_REQUEST, 9, on_update_request},
        {KEY_EVENT, 7, on_key},
        {POINTER_EVENT, 5, on_pointer},
        {CUT_TEXT, 7, on_cut_text_head},
        {SET_DESKTOP_SIZE, 7, on_desktop_size_head},
        {QEMU_MESSAGE, 1, on_qemu_message},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (rows[i].type == data[0]) {
            vnc_client_expect(client, rows[i].size, rows[i].step);
            return;
        }
    }
    client->dead = true; /* its length is unknown */
}

/* --------------------------------------------------------------------------------- handshake -- */

static void on_client_init(VncClient *client, const uint8_t *data)
{
    uint8_t format[VNC_PIXEL_FORMAT_SIZE];
    const char *name = vnc_server_name(client->server);

    if (!vnc_server_admit(client->server, client, data[0])) {
        client->dead = true;
        return;
    }
    vnc_client_resize(client);
    client->initialized = true;
    vnc_pixels_init(&client->encoder.pixels, format);
    vnc_put_u16(client->message, client->width);
    vnc_put_u16(client->message, client->height);
    vnc_client_put(client, format, sizeof(format));
    vnc_put_u32(client->message, strlen(name));
    vnc_client_put(client, name, strlen(name));
    vnc_client_send(client);
    next_message(client);
}

static void security_done(VncClient *client)
{
    vnc_client_expect(client, 1, on_client_init);
}

static void security_failed(VncClient *client, const char *reason)
{
    vnc_put_u32(client->message, 1);
    if (client->minor >= 8) {
        vnc_put_u32(client->message, strlen(reason));
        vnc_client_put(client, reason, strlen(reason));
    }
    client->ending = true;
    vnc_client_send(client);
}

static void security_passed(VncClient *client)
{
    client->authenticated = true;
    vnc_put_u32(client->message, 0);
    vnc_client_send(client);
    security_done(client);
}

static void on_response(VncClient *client, const uint8_t *data)
{
    const char *password = vnc_server_password(client->server);
    uint8_t expected[VNC_CHALLENGE_SIZE];
    uint8_t differs = 0;

    vnc_auth_response(password ? password : "", client->challenge, expected);
    for (unsigned i = 0; i < sizeof(expected); i++) {
        differs |= expected[i] ^ data[i];
    }
    if (password && !differs) {
        security_passed(client);
    } else {
        security_failed(client, "Authentication failed");
    }
}

static void start_security(VncClient *client, uint8_t type)
{
    if (type == SECURITY_NONE) {
        if (client->minor >= 8) {
            security_passed(client);
        } else {
            security_done(client);
        }
        return;
    }
    if (getrandom(client->challenge, sizeof(client->challenge), 0) != sizeof(client->challenge)) {
        client->dead = true;
        return;
    }
    vnc_client_put(client, client->challenge, sizeof(client->challenge));
    vnc_client_send(client);
    vnc_client_expect(client, VNC_CHALLENGE_SIZE, on_response);
}

static uint8_t security_type(VncClient *client)
{
    bool open = client->authenticated || !vnc_server_wants_password(client->server);

    return open ? SECURITY_NONE : SECURITY_VNC;
}

static void on_security_type(VncClient *client, const uint8_t *data)
{
    if (data[0] != security_type(client)) {
        security_failed(client, "This security type was not offered");
        return;
    }
    start_security(client, data[0]);
}

static void on_version(VncClient *client, const uint8_t *data)
{
    g_autofree char *version = g_strndup((const char *)data, VNC_VERSION_SIZE);
    unsigned major, minor;
    uint8_t type = security_type(client);

    if (sscanf(version, "RFB %3u.%3u\n", &major, &minor) != 2 || major != 3) {
        client->dead = true;
        return;
    }
    client->minor = minor >= 8 ? 8 : minor == 7 ? 7 : 3;
    if (client->minor == 3) {
        vnc_put_u32(client->message, type);
        vnc_client_send(client);
        start_security(client, type);
        return;
    }
    vnc_client_put(client, (uint8_t[]){1, type}, 2);
    vnc_client_send(client);
    vnc_client_expect(client, 1, on_security_type);
}

void vnc_client_begin(VncClient *client)
{
    vnc_client_expect(client, VNC_VERSION_SIZE, on_version);
}
