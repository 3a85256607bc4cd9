/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Descriptors of networks that the main loop watches.
 */
#include <fcntl.h>
#include <glib-unix.h>
#include <unistd.h>

#include "internal.h"

void net_fd_init(NetFd *nfd, NetClient *nc, void (*readable)(NetClient *nc),
                 void (*writable)(NetClient *nc))
{
    *nfd = (NetFd){.nc = nc, .fd = -1, .readable = readable, .writable = writable};
}

void net_fd_set(NetFd *nfd, int fd)
{
    g_unix_set_fd_nonblocking(fd, TRUE, NULL);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    nfd->fd = fd;
}

static gboolean on_in(int fd, GIOCondition condition, void *opaque)
{
    NetFd *nfd = opaque;

    nfd->readable(nfd->nc);
    return G_SOURCE_CONTINUE;
}

static gboolean on_out(int fd, GIOCondition condition, void *opaque)
{
    NetFd *nfd = opaque;

    nfd->writable(nfd->nc);
    return G_SOURCE_CONTINUE;
}

static void unwatch(GSource **source)
{
    if (*source) {
        g_source_destroy(*source);
        g_source_unref(*source);
        *source = NULL;
    }
}

static void watch(NetFd *nfd, GSource **source, GIOCondition conditions, GUnixFDSourceFunc func)
{
    *source = g_unix_fd_source_new(nfd->fd, conditions);
    g_source_set_callback(*source, G_SOURCE_FUNC(func), nfd, NULL);
    g_source_attach(*source, NULL);
}

void net_fd_watch_in(NetFd *nfd, GIOCondition conditions)
{
    if (nfd->fd < 0 || (nfd->in && nfd->in_for == conditions)) {
        return;
    }
    unwatch(&nfd->in);
    nfd->in_for = conditions;
    if (conditions) {
        watch(nfd, &nfd->in, conditions, on_in);
    }
}

void net_fd_watch_out(NetFd *nfd, bool on)
{
    if (nfd->fd < 0 || on == (nfd->out != NULL)) {
        return;
    }
    if (on) {
        watch(nfd, &nfd->out, G_IO_OUT | G_IO_HUP | G_IO_ERR, on_out);
    } else {
        unwatch(&nfd->out);
    }
}

void net_fd_close(NetFd *nfd)
{
    unwatch(&nfd->in);
    unwatch(&nfd->out);
    if (nfd->fd >= 0) {
        close(nfd->fd);
    }
    nfd->fd = -1;
}
