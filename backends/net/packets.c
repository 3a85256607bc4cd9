/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Descriptors that keep frames apart: a tap, datagram sockets.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

#define FRAMES_AT_ONCE 64 /* then the main loop looks at others, too */
#define RETRY_MS       1

static bool is_own(const NetPackets *p, const SocketAddress *from)
{
    return p->self.len && from->any.sa_family == p->self.any.sa_family &&
           (from->any.sa_family == AF_INET
                ? from->in.sin_port == p->self.in.sin_port &&
                      from->in.sin_addr.s_addr == p->self.in.sin_addr.s_addr
                : memcmp(&from->any, &p->self.any, p->self.len) == 0);
}

/* A frame into `buf`: its length, 0 for nothing that counts, or -1 with errno. */
static ssize_t read_frame(NetPackets *p, uint8_t *buf, size_t size)
{
    SocketAddress from = {.len = sizeof(from.un)};
    ssize_t n;

    if (!p->is_socket) {
        n = read(p->fd.fd, buf, size);
        if (n == 0) {
            errno = EIO; /* a tap has no end */
            return -1;
        }
        return n;
    }
    n = recvfrom(p->fd.fd, buf, size, MSG_TRUNC, &from.any, &from.len);
    return n > (ssize_t)size || (n >= 0 && is_own(p, &from)) ? 0 : n;
}

static void packets_readable(NetClient *nc)
{
    NetPackets *p = nc->opaque;
    uint8_t buf[NET_FRAME_MAX];

    for (int i = 0; i < FRAMES_AT_ONCE; i++) {
        ssize_t n = read_frame(p, buf, sizeof(buf));

        if (n > 0 && !net_send(nc, buf, n)) {
            p->held_back = true;
            net_fd_watch_in(&p->fd, 0);
            return;
        }
        if (n < 0) {
            /* A socket's error is over when it is read: nobody is at the other end, now. */
            if (!p->is_socket && errno != EAGAIN && errno != EINTR) {
                net_fd_watch_in(&p->fd, 0);
                p->gone = true;
            }
            return;
        }
    }
}

void net_packets_send_ready(NetClient *nc)
{
    NetPackets *p = nc->opaque;

    if (p && p->held_back && !p->gone) {
        p->held_back = false;
        net_fd_watch_in(&p->fd, G_IO_IN | G_IO_ERR);
    }
}

static void packets_writable(NetClient *nc)
{
    NetPackets *p = nc->opaque;

    net_fd_watch_out(&p->fd, false);
    net_client_receive_ready(nc);
}

static gboolean write_again(void *opaque)
{
    NetClient *nc = opaque;
    NetPackets *p = nc->opaque;

    p->retry = 0;
    net_client_receive_ready(nc);
    return G_SOURCE_REMOVE;
}

/*
 * A unix socket is writable while its own buffer has room, whether or not the one that the frames
 * go to has: then only time helps.
 */
static void wait_for_room(NetPackets *p)
{
    if (p->dest.len && p->dest.any.sa_family == AF_UNIX) {
        if (!p->retry) {
            p->retry = g_timeout_add(RETRY_MS, write_again, p->fd.nc);
        }
    } else {
        net_fd_watch_out(&p->fd, true);
    }
}

bool net_packets_receive(NetClient *nc, const uint8_t *frame, size_t len)
{
    NetPackets *p = nc->opaque;
    int fd = p->out >= 0 ? p->out : p->fd.fd;
    ssize_t n;

    if (fd < 0) {
        return true;
    }
    do {
        n = p->is_socket ? sendto(fd, frame, len, MSG_NOSIGNAL | MSG_DONTWAIT,
                                  p->dest.len ? &p->dest.any : NULL, p->dest.len)
                         : write(fd, frame, len);
    } while (n < 0 && errno == EINTR);
    if (n < 0 && errno == EAGAIN) {
        wait_for_room(p);
        return false;
    }
    return true; /* or there is nobody, or it is too long for the other end: as on a cable */
}

void net_packets_init(NetPackets *p, NetClient *nc)
{
    net_fd_init(&p->fd, nc, packets_readable, packets_writable);
    p->out = -1;
}

void net_packets_start(NetPackets *p, int fd, bool is_socket)
{
    p->is_socket = is_socket;
    net_fd_set(&p->fd, fd);
    net_fd_watch_in(&p->fd, G_IO_IN | G_IO_ERR);
}

void net_packets_close(NetPackets *p)
{
    net_fd_close(&p->fd);
    if (p->out >= 0) {
        close(p->out);
    }
    if (p->retry) {
        g_source_remove(p->retry);
    }
}
