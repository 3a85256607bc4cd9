/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One viewer: its socket, and the pictures that it gets.
 *
 * Each step of the protocol (vnc-protocol.c) says how many bytes it needs and which function takes
 * them; bytes are taken from the socket as they come, so a viewer that sends half a message keeps
 * nobody waiting. Nothing is sent that the socket does not take at once but one update at a time:
 * the next is made when that has gone, and shows what has changed until then. So a slow viewer sees
 * fewer pictures, and neither buffers nor the guest grow or wait for it. What a viewer can ask for
 * without reading the answer is a flag, not a message in a queue.
 */
#include "vnc-client.h"

#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_CHUNK       16384
#define UPDATE_PIXELS    (1 << 20) /* of one update, so of what is buffered: four bytes each */
#define UPDATE_RECTS     1024
#define UPDATE_STRIP     64 /* lines that are encoded at once */
#define UPDATE_BUDGET_US 10000

/* Messages to the viewer. */
enum { FRAMEBUFFER_UPDATE = 0, SET_COLOUR_MAP = 1 };

/* Why a desktop has another size: the server's doing, or the answer to this viewer. */
#define RESIZE_SERVER     0
#define RESIZE_CLIENT     1
#define RESIZE_PROHIBITED 1

/* ---------------------------------------------------------------------------------- the socket */

static void client_reap(VncClient *client)
{
    if (client->dead) {
        vnc_client_free(client);
    }
}

static gboolean on_writable(int fd, GIOCondition condition, gpointer opaque);

/* Give the socket what it takes. */
static void client_flush(VncClient *client)
{
    while (client->out->len && !client->dead) {
        ssize_t n = send(client->fd, client->out->data + client->out_sent,
                         client->out->len - client->out_sent, MSG_NOSIGNAL);

        if (n > 0) {
            client->out_sent += n;
            if (client->out_sent == client->out->len) {
                g_byte_array_set_size(client->out, 0);
                client->out_sent = 0;
            }
        } else if (n < 0 && errno == EAGAIN) {
            break;
        } else if (n == 0 || errno != EINTR) {
            client->dead = true;
        }
    }
    if (client->out->len && !client->write_source) {
        client->write_source = g_unix_fd_add(client->fd, G_IO_OUT, on_writable, client);
    } else if (!client->out->len && client->ending) {
        client->dead = true;
    }
}

static gboolean on_writable(int fd, GIOCondition condition, gpointer opaque)
{
    VncClient *client = opaque;
    bool more;

    client_flush(client);
    more = client->out->len && !client->dead;
    if (!more) {
        client->write_source = 0;
        if (client->wants_update && client->initialized) {
            vnc_server_wake(client->server); /* the next update may be made */
        }
    }
    client_reap(client);
    return more ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

void vnc_client_send(VncClient *client)
{
    if (client->ws) {
        vnc_websock_frame(client->message->data, client->message->len, client->out);
    } else {
        g_byte_array_append(client->out, client->message->data, client->message->len);
    }
    g_byte_array_set_size(client->message, 0);
    client_flush(client);
}

void vnc_client_put(VncClient *client, const void *data, size_t len)
{
    g_byte_array_append(client->message, data, len);
}

void vnc_client_expect(VncClient *client, size_t need, Step step)
{
    client->need = need;
    client->step = step;
}

/* The protocol's bytes go to the steps, as long as there are enough of them. */
static void client_run_steps(VncClient *client)
{
    size_t taken = 0;

    while (!client->dead && !client->ending && client->in->len - taken >= client->need) {
        const uint8_t *data = client->in->data + taken;

        taken += client->need;
        client->step(client, data);
    }
    g_byte_array_remove_range(client->in, 0, taken);
}

static gboolean on_readable(int fd, GIOCondition condition, gpointer opaque)
{
    VncClient *client = opaque;
    uint8_t data[READ_CHUNK];
    ssize_t n = recv(fd, data, sizeof(data), 0);

    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return G_SOURCE_CONTINUE;
    }
    if (n <= 0) {
        client->dead = true;
    } else if (client->ending) {
        /* It still talks; nobody listens. */
    } else if (client->ws) {
        g_autoptr(GByteArray) reply = g_byte_array_new();
        bool was_open = vnc_websock_is_open(client->ws);

        client->ending = !vnc_websock_input(client->ws, data, n, client->in, reply);
        /* Who does not read gets no pongs either. */
        if (client->out->len < READ_CHUNK) {
            g_byte_array_append(client->out, reply->data, reply->len);
        }
        if (!was_open && vnc_websock_is_open(client->ws)) {
            vnc_client_put(client, VNC_VERSION, VNC_VERSION_SIZE);
            vnc_client_send(client);
        }
        client_run_steps(client);
        client_flush(client);
    } else {
        g_byte_array_append(client->in, data, n);
        client_run_steps(client);
    }
    if (client->dead) {
        client->read_source = 0;
        client_reap(client);
        return G_SOURCE_REMOVE;
    }
    return G_SOURCE_CONTINUE;
}

/* ----------------------------------------------------------------------------------- updates -- */

static void put_colour_map(VncClient *client)
{
    static const uint8_t head[] = {SET_COLOUR_MAP, 0};
    uint16_t colours[256][3];

    vnc_pixels_colour_map(colours);
    vnc_client_put(client, head, sizeof(head));
    vnc_put_u16(client->message, 0);
    vnc_put_u16(client->message, 256);
    for (unsigned i = 0; i < 256; i++) {
        for (unsigned colour = 0; colour < 3; colour++) {
            vnc_put_u16(client->message, colours[i][colour]);
        }
    }
    client->colours_due = false;
}

/* Returns where the number of rectangles goes. */
static size_t begin_update(VncClient *client)
{
    static const uint8_t head[] = {FRAMEBUFFER_UPDATE, 0, 0, 0};

    vnc_client_put(client, head, sizeof(head));
    return client->message->len - 2;
}

static void end_update(VncClient *client, size_t place, unsigned rects)
{
    client->message->data[place] = rects >> 8;
    client->message->data[place + 1] = rects;
    vnc_client_send(client);
}

/* The size alone: a viewer makes itself a new picture, and asks for all of it. */
static void send_size(VncClient *client)
{
    size_t place = begin_update(client);

    if (client->extended_desktop_size) {
        vnc_put_rect(client->message, client->resize_refused ? RESIZE_CLIENT : RESIZE_SERVER,
                     client->resize_refused ? RESIZE_PROHIBITED : 0, client->width, client->height,
                     VNC_ENCODING_EXTENDED_DESKTOP_SIZE);
        vnc_client_put(client, "\1\0\0\0", 4); /* one screen, number 0, all of it, no flags */
        vnc_put_u32(client->message, 0);
        vnc_put_u32(client->message, 0);
        vnc_put_u16(client->message, client->width);
        vnc_put_u16(client->message, client->height);
        vnc_put_u32(client->message, 0);
    } else {
        vnc_put_rect(client->message, 0, 0, client->width, client->height,
                     VNC_ENCODING_DESKTOP_SIZE);
    }
    client->resize_due = client->resize_refused = false;
    end_update(client, place, 1);
}

/* The rectangles that are no pixels; how many. */
static unsigned put_notices(VncClient *client)
{
    unsigned rects = 0;

    if (client->ext_key_due) {
        vnc_put_rect(client->message, 0, 0, client->width, client->height,
                     VNC_ENCODING_EXT_KEY_EVENT);
        client->ext_key_due = false;
        rects++;
    }
    if (client->pointer_type && client->told_absolute != input_is_absolute()) {
        client->told_absolute = input_is_absolute();
        client->pointer_seen = false;
        vnc_put_rect(client->message, client->told_absolute, 0, client->width, client->height,
                     VNC_ENCODING_POINTER_TYPE_CHANGE);
        rects++;
    }
    return rects;
}

/*
 * As much of what changed as one update may hold, and as may be made of it before the guest gets
 * the lock again; the rest stays for the next. Returns the number of rectangles.
 */
static unsigned put_changes(VncClient *client)
{
    gint64 deadline = g_get_monotonic_time() + UPDATE_BUDGET_US;
    pixman_image_t *image = vnc_server_image(client->server);
    pixman_region32_t done;
    int room = UPDATE_PIXELS;
    unsigned rects = 0;

    pixman_region32_init(&done);
    do {
        pixman_box32_t box = pixman_region32_rectangles(&client->dirty, NULL)[0];
        int width = box.x2 - box.x1;
        int height = MIN(box.y2 - box.y1, CLAMP(room / width, 1, UPDATE_STRIP));

        rects +=
            vnc_encode(&client->encoder, image, box.x1, box.y1, width, height, client->message);
        room -= width * height;
        pixman_region32_union_rect(&done, &done, box.x1, box.y1, width, height);
        pixman_region32_subtract(&client->dirty, &client->dirty, &done);
    } while (pixman_region32_not_empty(&client->dirty) && room > 0 && rects < UPDATE_RECTS &&
             g_get_monotonic_time() < deadline);
    pixman_region32_fini(&done);
    return rects;
}

void vnc_client_refreshed(VncClient *client)
{
    bool notices = client->ext_key_due ||
                   (client->pointer_type && client->told_absolute != input_is_absolute());

    if (!client->initialized || client->ending || client->out->len || !client->wants_update) {
        return;
    }
    if (client->resize_due) {
        client->wants_update = false;
        send_size(client);
    } else if (notices || pixman_region32_not_empty(&client->dirty)) {
        size_t place;
        unsigned rects;

        client->wants_update = false;
        if (client->colours_due) {
            put_colour_map(client);
        }
        place = begin_update(client);
        rects = put_notices(client);
        if (pixman_region32_not_empty(&client->dirty)) {
            rects += put_changes(client);
        }
        end_update(client, place, rects);
    }
    client_reap(client);
}

void vnc_client_mark(VncClient *client, int x, int y, int width, int height)
{
    int x2 = MIN(x + width, client->width), y2 = MIN(y + height, client->height);

    x = MAX(x, 0);
    y = MAX(y, 0);
    if (x < x2 && y < y2) {
        pixman_region32_union_rect(&client->dirty, &client->dirty, x, y, x2 - x, y2 - y);
    }
}

void vnc_client_changed(VncClient *client, int x, int y, int width, int height)
{
    vnc_client_mark(client, x, y, width, height);
}

void vnc_client_fit(VncClient *client)
{
    pixman_image_t *image = vnc_server_image(client->server);
    int width = pixman_image_get_width(image), height = pixman_image_get_height(image);

    if (width == client->width && height == client->height) {
        return;
    }
    if (client->initialized) {
        if (!client->desktop_size && !client->extended_desktop_size) {
            return;
        }
        client->resize_due = true;
    }
    client->width = width;
    client->height = height;
    pixman_region32_fini(&client->dirty);
    pixman_region32_init(&client->dirty);
    vnc_client_mark(client, 0, 0, width, height);
}

void vnc_client_resize(VncClient *client)
{
    vnc_client_fit(client);
    vnc_client_mark(client, 0, 0, client->width, client->height);
}

/* -------------------------------------------------------------------------------------- life -- */

VncClient *vnc_client_new(VncServer *server, int fd, bool websocket, bool authenticated)
{
    VncClient *client = g_new0(VncClient, 1);

    client->server = server;
    client->fd = fd;
    client->peer.websocket = websocket;
    socket_names(fd, true, &client->peer.names);
    client->ws = websocket ? vnc_websock_new() : NULL;
    client->authenticated = authenticated;
    client->in = g_byte_array_new();
    client->message = g_byte_array_new();
    client->out = g_byte_array_new();
    client->encoder.level = VNC_DEFAULT_LEVEL;
    client->told_absolute = -1;
    pixman_region32_init(&client->dirty);
    g_unix_set_fd_nonblocking(fd, true, NULL);
    client->read_source = g_unix_fd_add(fd, G_IO_IN | G_IO_HUP, on_readable, client);
    vnc_client_begin(client);
    return client;
}

/* Apart from vnc_client_new(), so that the server knows the client when it fails. */
void vnc_client_start(VncClient *client)
{
    if (!client->ws) {
        vnc_client_put(client, VNC_VERSION, VNC_VERSION_SIZE);
        vnc_client_send(client);
    }
    client_reap(client);
}

void vnc_client_free(VncClient *client)
{
    if (!client) {
        return;
    }
    vnc_server_lost(client->server, client);
    if (client->initialized) {
        vnc_client_release_all(client);
    }
    if (client->read_source) {
        g_source_remove(client->read_source);
    }
    if (client->write_source) {
        g_source_remove(client->write_source);
    }
    close(client->fd);
    vnc_encoder_clear(&client->encoder);
    vnc_websock_free(client->ws);
    pixman_region32_fini(&client->dirty);
    g_byte_array_unref(client->in);
    g_byte_array_unref(client->message);
    g_byte_array_unref(client->out);
    g_free(client);
}

const VncPeer *vnc_client_peer(const VncClient *client)
{
    return &client->peer;
}

bool vnc_client_is_initialized(const VncClient *client)
{
    return client->initialized;
}
