/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames on a stream: each with its length in front, four bytes in network order.
 *
 * A peer that breaks the rule is cut off; one that does not read makes us keep the rest of one
 * frame, and take no other.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "internal.h"

#define HEADER 4
#define BUFFER (2 * (HEADER + NET_FRAME_MAX))

#define WATCH_INPUT (G_IO_IN | G_IO_HUP | G_IO_ERR)
#define WATCH_END   (G_IO_HUP | G_IO_ERR | (GIOCondition)POLLRDHUP)

bool net_framing_is_open(const NetFraming *f)
{
    return f->in != NULL;
}

/* Deliver what is complete. False: this is no stream of frames. */
static bool deliver(NetFraming *f)
{
    size_t pos = 0;
    bool ok = true;

    while (!f->held_back && f->in_len - pos >= HEADER) {
        uint32_t len;

        memcpy(&len, f->in + pos, HEADER);
        len = ntohl(len);
        if (len > NET_FRAME_MAX) {
            ok = false;
            break;
        }
        if (f->in_len - pos - HEADER < len) {
            break;
        }
        if (len > 0 && !net_send(f->fd.nc, f->in + pos + HEADER, len)) {
            f->held_back = true;
        }
        pos += HEADER + len;
    }
    f->in_len -= pos;
    memmove(f->in, f->in + pos, f->in_len);
    net_fd_watch_in(&f->fd, f->held_back ? WATCH_END : WATCH_INPUT);
    return ok;
}

static void end(NetFraming *f)
{
    net_framing_close(f);
    f->gone(f->fd.nc);
}

static void framing_readable(NetClient *nc)
{
    NetFraming *f = nc->opaque;
    ssize_t n;

    if (f->held_back) { /* not for input: the other side went */
        end(f);
        return;
    }
    n = recv(f->fd.fd, f->in + f->in_len, BUFFER - f->in_len, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (n <= 0) {
        end(f);
        return;
    }
    f->in_len += n;
    if (!deliver(f)) {
        end(f);
    }
}

void net_framing_go_on(NetFraming *f)
{
    f->held_back = false;
    if (f->in && !deliver(f)) {
        end(f);
    }
}

bool net_framing_send(NetFraming *f, const uint8_t *frame, size_t len)
{
    uint32_t header = htonl(len);
    struct iovec iov[] = {{&header, HEADER}, {(void *)frame, len}};
    const struct msghdr msg = {.msg_iov = iov, .msg_iovlen = G_N_ELEMENTS(iov)};
    ssize_t n;

    if (!f->in) {
        return true; /* nobody is there */
    }
    if (f->out->len) {
        return false;
    }
    do {
        n = sendmsg(f->fd.fd, &msg, MSG_NOSIGNAL);
    } while (n < 0 && errno == EINTR);
    if (n < 0 && errno == EAGAIN) {
        net_fd_watch_out(&f->fd, true);
        return false;
    }
    if (n < 0) {
        return true; /* the other side went: our input tells, too */
    }
    if (n < HEADER) {
        g_byte_array_append(f->out, (const uint8_t *)&header + n, HEADER - n);
        n = HEADER;
    }
    g_byte_array_append(f->out, frame + n - HEADER, len - (n - HEADER));
    net_fd_watch_out(&f->fd, f->out->len > 0);
    return true;
}

static void framing_writable(NetClient *nc)
{
    NetFraming *f = nc->opaque;
    ssize_t n = 0;

    if (f->out->len) {
        n = send(f->fd.fd, f->out->data, f->out->len, MSG_NOSIGNAL);
    }
    if (n < 0) {
        if (errno != EAGAIN && errno != EINTR) { /* our input tells, too */
            g_byte_array_set_size(f->out, 0);
        }
    } else {
        g_byte_array_remove_range(f->out, 0, n);
    }
    if (!f->out->len) {
        net_fd_watch_out(&f->fd, false);
        net_client_receive_ready(nc);
    }
}

void net_framing_init(NetFraming *f, NetClient *nc, void (*gone)(NetClient *nc))
{
    *f = (NetFraming){.gone = gone};
    net_fd_init(&f->fd, nc, framing_readable, framing_writable);
}

void net_framing_start(NetFraming *f, int fd)
{
    f->in = g_malloc(BUFFER);
    f->in_len = 0;
    f->out = g_byte_array_new();
    net_fd_set(&f->fd, fd);
    /* `held_back` may be left from the peer before: the cable's other end has no room even so */
    net_fd_watch_in(&f->fd, f->held_back ? WATCH_END : WATCH_INPUT);
}

void net_framing_close(NetFraming *f)
{
    bool was_open = f->in != NULL;

    net_fd_close(&f->fd);
    g_clear_pointer(&f->in, g_free);
    g_clear_pointer(&f->out, g_byte_array_unref);
    if (was_open) {
        net_client_receive_ready(f->fd.nc); /* drop what waited for this peer */
    }
}
