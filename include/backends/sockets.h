/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sockets by address, for chardevs and displays.
 */
#ifndef LIGNITE_BACKENDS_SOCKETS_H
#define LIGNITE_BACKENDS_SOCKETS_H

#include <glib.h>
#include <stdbool.h>

/*
 * A blocking stream socket that listens (`server`) at the address or is connected to it, with
 * FD_CLOEXEC. Returns -1 with an error that names the address. A unix server replaces a socket at
 * which nobody listens any more. An empty `host` is every address.
 */
int socket_open_unix(const char *path, bool server, GError **errp);
int socket_open_tcp(const char *host, const char *port, bool server, GError **errp);

/* One end of a socket in words. A unix socket's path is its service. */
typedef struct SocketNames {
    const char *family; /* "ipv4", "ipv6", "unix", "unknown" */
    char host[128];
    char service[128];
} SocketNames;

/* The other end (`peer`) or our own. False when it is not known; the texts are then empty. */
bool socket_names(int fd, bool peer, SocketNames *names);

#endif
