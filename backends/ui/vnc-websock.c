/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The server's side of WebSocket (RFC 6455), for viewers in a browser.
 *
 * A state machine over the bytes that came. Payload passes through as it comes, so a frame may be
 * as long as it likes; only the head of the request and control frames are kept, both bounded.
 * Extensions and text frames are not spoken.
 */
#include <string.h>

#include "vnc-internal.h"

#define WEBSOCK_GUID        "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
#define WEBSOCK_REQUEST_MAX 8192
#define WEBSOCK_CONTROL_MAX 125
#define WEBSOCK_HEADER_MAX  14

enum {
    WEBSOCK_CONTINUATION = 0,
    WEBSOCK_BINARY = 2,
    WEBSOCK_CLOSE = 8,
    WEBSOCK_PING = 9,
    WEBSOCK_PONG = 10,
};
#define WEBSOCK_FIN  0x80 /* with the opcode */
#define WEBSOCK_MASK 0x80 /* with the length */

struct VncWebsock {
    bool open;
    GByteArray *head; /* of the request, or of the frame that begins */
    /* The frame being read. */
    uint8_t opcode;
    uint8_t mask[4];
    uint64_t left;     /* bytes of payload to come */
    unsigned position; /* in the mask */
    uint8_t control[WEBSOCK_CONTROL_MAX];
    unsigned n_control;
};

VncWebsock *vnc_websock_new(void)
{
    VncWebsock *ws = g_new0(VncWebsock, 1);

    ws->head = g_byte_array_new();
    return ws;
}

void vnc_websock_free(VncWebsock *ws)
{
    if (ws) {
        g_byte_array_unref(ws->head);
        g_free(ws);
    }
}

bool vnc_websock_is_open(const VncWebsock *ws)
{
    return ws->open;
}

static void append_frame(GByteArray *out, unsigned opcode, const void *data, size_t len)
{
    uint8_t head[10] = {WEBSOCK_FIN | opcode};
    unsigned n = 2;

    if (len < 126) {
        head[1] = len;
    } else if (len <= UINT16_MAX) {
        head[1] = 126;
        for (n = 2; n < 4; n++) {
            head[n] = len >> 8 * (3 - n);
        }
    } else {
        head[1] = 127;
        for (n = 2; n < 10; n++) {
            head[n] = (uint64_t)len >> 8 * (9 - n);
        }
    }
    g_byte_array_append(out, head, n);
    g_byte_array_append(out, data, len);
}

void vnc_websock_frame(const void *data, size_t len, GByteArray *out)
{
    append_frame(out, WEBSOCK_BINARY, data, len);
}

/* ----------------------------------------------------------------------------- handshake -- */

static void append_text(GByteArray *out, const char *text)
{
    g_byte_array_append(out, (const uint8_t *)text, strlen(text));
}

/* The value of a header of the request, to be freed, or NULL. */
static char *header_value(char **lines, const char *name)
{
    size_t len = strlen(name);

    for (; *lines; lines++) {
        if (g_ascii_strncasecmp(*lines, name, len) == 0 && (*lines)[len] == ':') {
            return g_strstrip(g_strdup(*lines + len + 1));
        }
    }
    return NULL;
}

/* Whether a header is a list that has this token. */
static bool header_has(char **lines, const char *name, const char *token)
{
    g_autofree char *value = header_value(lines, name);
    g_auto(GStrv) words = g_strsplit(value ? value : "", ",", -1);

    for (char **word = words; *word; word++) {
        if (g_ascii_strcasecmp(g_strstrip(*word), token) == 0) {
            return true;
        }
    }
    return false;
}

static char *accept_key(const char *key)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA1);
    uint8_t digest[20];
    gsize len = sizeof(digest);

    g_checksum_update(sum, (const guchar *)key, -1);
    g_checksum_update(sum, (const guchar *)WEBSOCK_GUID, -1);
    g_checksum_get_digest(sum, digest, &len);
    return g_base64_encode(digest, len);
}

static bool handshake(VncWebsock *ws, const char *request, GByteArray *reply)
{
    g_auto(GStrv) lines = g_strsplit(request, "\r\n", -1);
    g_autofree char *key = header_value(lines, "Sec-WebSocket-Key");
    g_autofree char *accept = NULL;

    if (!g_str_has_prefix(request, "GET ") || !key || strlen(key) > 64 ||
        !header_has(lines, "Upgrade", "websocket") || !header_has(lines, "Connection", "Upgrade") ||
        !header_has(lines, "Sec-WebSocket-Version", "13")) {
        append_text(reply, "HTTP/1.1 400 Bad Request\r\nSec-WebSocket-Version: 13\r\n"
                           "Connection: close\r\nContent-Length: 0\r\n\r\n");
        return false;
    }
    accept = accept_key(key);
    append_text(reply, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                       "Connection: Upgrade\r\nSec-WebSocket-Accept: ");
    append_text(reply, accept);
    if (header_has(lines, "Sec-WebSocket-Protocol", "binary")) {
        append_text(reply, "\r\nSec-WebSocket-Protocol: binary");
    }
    append_text(reply, "\r\n\r\n");
    ws->open = true;
    return true;
}

/* Take the bytes of the request up to its end; how many they were. */
static size_t request_input(VncWebsock *ws, const uint8_t *data, size_t len, GByteArray *reply,
                            bool *ok)
{
    g_autofree char *request = NULL;
    const uint8_t *end;
    size_t before = ws->head->len;
    size_t n = MIN(len, WEBSOCK_REQUEST_MAX - before);

    g_byte_array_append(ws->head, data, n);
    end = memmem(ws->head->data, ws->head->len, "\r\n\r\n", 4);
    if (!end) {
        *ok = ws->head->len < WEBSOCK_REQUEST_MAX;
        return n;
    }
    n = end + 4 - ws->head->data - before;
    request = g_strndup((const char *)ws->head->data, end - ws->head->data);
    g_byte_array_set_size(ws->head, 0);
    *ok = handshake(ws, request, reply);
    return n;
}

/* -------------------------------------------------------------------------------- frames -- */

/* The length of the frame's head once enough of it is there to know; else how much that is. */
static unsigned head_size(const GByteArray *head)
{
    unsigned len = head->len < 2 ? 0 : head->data[1] & ~WEBSOCK_MASK;

    return 2 + (head->len < 2 ? 0 : 4 + (len == 126 ? 2 : len == 127 ? 8 : 0));
}

/* A whole head is there. False for a frame that must not come. */
static bool begin_frame(VncWebsock *ws)
{
    const uint8_t *head = ws->head->data;
    unsigned n_len = ws->head->len - 6;

    ws->opcode = head[0] & 15;
    ws->left = n_len ? 0 : head[1] & ~WEBSOCK_MASK;
    for (unsigned i = 0; i < n_len; i++) {
        ws->left = ws->left << 8 | head[2 + i];
    }
    memcpy(ws->mask, head + 2 + n_len, sizeof(ws->mask));
    ws->position = 0;
    ws->n_control = 0;
    if ((head[0] & 0x70) || !(head[1] & WEBSOCK_MASK)) {
        return false; /* an extension that nobody agreed on; a viewer that does not mask */
    }
    switch (ws->opcode) {
    case WEBSOCK_CONTINUATION:
    case WEBSOCK_BINARY:
        return true;
    case WEBSOCK_CLOSE:
    case WEBSOCK_PING:
    case WEBSOCK_PONG:
        return (head[0] & WEBSOCK_FIN) && ws->left <= WEBSOCK_CONTROL_MAX;
    default:
        return false;
    }
}

/* Its payload is complete. False after a close. */
static bool end_frame(VncWebsock *ws, GByteArray *reply)
{
    g_byte_array_set_size(ws->head, 0);
    if (ws->opcode == WEBSOCK_PING) {
        append_frame(reply, WEBSOCK_PONG, ws->control, ws->n_control);
    } else if (ws->opcode == WEBSOCK_CLOSE) {
        append_frame(reply, WEBSOCK_CLOSE, ws->control, MIN(ws->n_control, 2));
        return false;
    }
    return true;
}

static void take_payload(VncWebsock *ws, const uint8_t *data, size_t len, GByteArray *payload)
{
    uint8_t *out;

    if (ws->opcode >= WEBSOCK_CLOSE) {
        out = ws->control + ws->n_control;
        ws->n_control += len;
    } else {
        g_byte_array_set_size(payload, payload->len + len);
        out = payload->data + payload->len - len;
    }
    for (size_t i = 0; i < len; i++) {
        out[i] = data[i] ^ ws->mask[ws->position++ & 3];
    }
    ws->left -= len;
}

bool vnc_websock_input(VncWebsock *ws, const uint8_t *data, size_t len, GByteArray *payload,
                       GByteArray *reply)
{
    while (len) {
        size_t n;

        if (!ws->open) {
            bool ok;

            n = request_input(ws, data, len, reply, &ok);
            if (!ok) {
                return false;
            }
        } else if (ws->head->len < head_size(ws->head)) {
            n = MIN(len, head_size(ws->head) - ws->head->len);
            g_byte_array_append(ws->head, data, n);
            if (ws->head->len == head_size(ws->head) &&
                (!begin_frame(ws) || (!ws->left && !end_frame(ws, reply)))) {
                return false;
            }
        } else {
            n = MIN(len, ws->left);
            take_payload(ws, data, n, payload);
            if (!ws->left && !end_frame(ws, reply)) {
                return false;
            }
        }
        data += n;
        len -= n;
    }
    return true;
}
