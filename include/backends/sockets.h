/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sockets of the host, for chardevs, networks and displays: addresses, listening, connecting.
 */
#ifndef LIGNITE_BACKENDS_SOCKETS_H
#define LIGNITE_BACKENDS_SOCKETS_H

#include <glib.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

typedef struct SocketAddress {
    union {
        struct sockaddr any;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
        struct sockaddr_un un;
    };
    socklen_t len; /* 0: none */
} SocketAddress;

/* The address of a unix socket. Fails when the path is too long. */
bool socket_unix_address(SocketAddress *address, const char *path, GError **errp);

/*
 * The addresses (GArray of SocketAddress, at least one) that a host name and a port (number or
 * service) stand for. `type` is SOCK_STREAM or SOCK_DGRAM, `family` AF_UNSPEC, AF_INET or AF_INET6.
 * An empty `host` is any address of this machine if `server`, else this machine. May block: it asks
 * the resolver. NULL when it fails.
 */
GArray *socket_resolve(const char *host, const char *port, int type, int family, bool server,
                       GError **errp);

/* "HOST:PORT" or "[HOST]:PORT" in its parts, to be freed. False if there is no colon. */
bool socket_split(const char *text, char **host, char **port);

/* As people write it: "127.0.0.1:80", "[::1]:80", or a path ("" if it has none). To be freed. */
char *socket_address_text(const SocketAddress *address);

/* What a socket is bound to, or connected to; without an address if it can't be said. */
SocketAddress socket_local_address(int fd);
SocketAddress socket_peer_address(int fd);

/*
 * Listen for one peer at a time at the first of the addresses that works. A unix socket left behind
 * by somebody who is gone is removed, never anything else. -1 when it fails; `name` is for the
 * message.
 */
int socket_listen(const SocketAddress *addresses, unsigned count, const char *name, GError **errp);

/* Connect to the first of the addresses that works; blocks. -1 when it fails. */
int socket_connect(const SocketAddress *addresses, unsigned count, const char *name, GError **errp);

/*
 * A stream socket without delays and with close-on-exec, not connected, for the address' family;
 * -1 with errno.
 */
int socket_new_stream(const SocketAddress *address, bool nonblocking);

/*
 * A blocking stream socket that listens (`server`) at the address or is connected to it, with
 * FD_CLOEXEC. Returns -1 with an error that names the address. A unix server replaces a socket at
 * which nobody listens any more. An empty `host` is every address.
 */
int socket_open_unix(const char *path, bool server, GError **errp);
int socket_open_tcp(const char *host, const char *port, bool server, GError **errp);

/*
 * Waits in the main loop, at a listening socket, for one peer; others wait there until it is
 * started again. Embedded by value in whoever listens; all zeros: it does not wait. Private to
 * sockets.c.
 */
typedef struct SocketAcceptor {
    void (*connected)(void *opaque, int fd);
    void *opaque;
    int listener; /* the user's */
    guint source; /* of the peer to come, or of the next try; 0: it does not wait */
} SocketAcceptor;

/*
 * Wait, if it does not yet: `connected` gets the peer's socket (blocking, close-on-exec), and it
 * waits no more. The listener becomes non-blocking. Where the process is out of descriptors it
 * looks again after a second.
 */
void socket_accept_start(SocketAcceptor *acceptor, int listener,
                         void (*connected)(void *opaque, int fd), void *opaque);

/* Wait no more. It may be stopped already. */
void socket_accept_stop(SocketAcceptor *acceptor);

/* One end of a socket in words. A unix socket's path is its service. */
typedef struct SocketNames {
    const char *family; /* "ipv4", "ipv6", "unix", "unknown" */
    char host[128];
    char service[128];
} SocketNames;

/* The other end (`peer`) or our own. False when it is not known; the texts are then empty. */
bool socket_names(int fd, bool peer, SocketNames *names);

#endif
