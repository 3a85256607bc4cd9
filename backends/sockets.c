/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sockets of the host: addresses, listening, connecting.
 */
#include "backends/sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <glib-unix.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"

#define SOCKET_BACKLOG 4

/* ------------------------------------------------------------------------------ addresses -- */

bool socket_unix_address(SocketAddress *address, const char *path, GError **errp)
{
    *address = (SocketAddress){.len = sizeof(address->un)};
    if (strlen(path) >= sizeof(address->un.sun_path)) {
        error_setg(errp, "UNIX socket path '%s' is too long: at most %zu characters", path,
                   sizeof(address->un.sun_path) - 1);
        return false;
    }
    address->un.sun_family = AF_UNIX;
    strcpy(address->un.sun_path, path);
    return true;
}

GArray *socket_resolve(const char *host, const char *port, int type, int family, bool server,
                       GError **errp)
{
    struct addrinfo hints = {
        .ai_socktype = type, .ai_family = family, .ai_flags = server ? AI_PASSIVE : 0};
    struct addrinfo *list;
    int error = getaddrinfo(*host ? host : NULL, port, &hints, &list);
    GArray *addresses;

    if (error) {
        error_setg(errp, "address resolution failed for %s:%s: %s", host, port,
                   gai_strerror(error));
        return NULL;
    }
    addresses = g_array_new(FALSE, FALSE, sizeof(SocketAddress));
    for (struct addrinfo *a = list; a; a = a->ai_next) {
        SocketAddress address = {.len = a->ai_addrlen};

        if (a->ai_family == AF_INET || a->ai_family == AF_INET6) {
            memcpy(&address.any, a->ai_addr, a->ai_addrlen);
            g_array_append_val(addresses, address);
        }
    }
    freeaddrinfo(list);
    return addresses;
}

bool socket_split(const char *text, char **host, char **port)
{
    const char *colon = strrchr(text, ':');

    if (!colon) {
        return false;
    }
    *port = g_strdup(colon + 1);
    if (text[0] == '[' && colon > text && colon[-1] == ']') {
        *host = g_strndup(text + 1, colon - text - 2);
    } else {
        *host = g_strndup(text, colon - text);
    }
    return true;
}

char *socket_address_text(const SocketAddress *address)
{
    char host[INET6_ADDRSTRLEN] = "";

    if (!address->len) {
        return g_strdup("");
    }
    switch (address->any.sa_family) {
    case AF_INET:
        inet_ntop(AF_INET, &address->in.sin_addr, host, sizeof(host));
        return g_strdup_printf("%s:%u", host, ntohs(address->in.sin_port));
    case AF_INET6:
        inet_ntop(AF_INET6, &address->in6.sin6_addr, host, sizeof(host));
        return g_strdup_printf("[%s]:%u", host, ntohs(address->in6.sin6_port));
    case AF_UNIX:
        return address->len > offsetof(struct sockaddr_un, sun_path)
                   ? g_strndup(address->un.sun_path, sizeof(address->un.sun_path))
                   : g_strdup("");
    default:
        return g_strdup("");
    }
}

static SocketAddress address_of(int fd,
                                int (*get)(int fd, struct sockaddr *address, socklen_t *len))
{
    SocketAddress address = {};
    socklen_t len = sizeof(address.un); /* the longest */

    if (get(fd, &address.any, &len) == 0) {
        address.len = MIN(len, sizeof(address.un));
    }
    return address;
}

SocketAddress socket_local_address(int fd)
{
    return address_of(fd, getsockname);
}

SocketAddress socket_peer_address(int fd)
{
    return address_of(fd, getpeername);
}

/* -------------------------------------------------------------------------------- streams -- */

int socket_new_stream(const SocketAddress *address, bool nonblocking)
{
    int one = 1;
    int fd = socket(address->any.sa_family,
                    SOCK_STREAM | SOCK_CLOEXEC | (nonblocking ? SOCK_NONBLOCK : 0), 0);

    if (fd >= 0 && address->any.sa_family != AF_UNIX) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one,
                   sizeof(one)); /* what is sent, is waited for */
    }
    return fd;
}

/*
 * Remove a socket left behind by somebody who is gone: never anything that is not a socket, and
 * not one at which somebody still listens. False for the latter.
 */
static bool remove_stale(const SocketAddress *address)
{
    struct stat st;
    bool alive;
    int fd;

    if (lstat(address->un.sun_path, &st) != 0 || !S_ISSOCK(st.st_mode)) {
        return true;
    }
    fd = socket_new_stream(address, true);
    alive = fd >= 0 && (connect(fd, &address->any, address->len) == 0 || errno == EAGAIN);
    if (fd >= 0) {
        close(fd);
    }
    if (!alive) {
        unlink(address->un.sun_path);
    }
    return !alive;
}

/* Bind and listen; false with errno. */
static bool listen_at(int fd, const SocketAddress *address)
{
    int one = 1;

    if (address->any.sa_family != AF_UNIX) {
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    } else if (!remove_stale(address)) {
        errno = EADDRINUSE;
        return false;
    }
    return bind(fd, &address->any, address->len) == 0 && listen(fd, SOCKET_BACKLOG) == 0;
}

static bool connect_to(int fd, const SocketAddress *address)
{
    return connect(fd, &address->any, address->len) == 0;
}

/* A socket that `start` made work at one of the addresses; -1 with errno, of the last one. */
static int first_that_works(const SocketAddress *addresses, unsigned count,
                            bool (*start)(int fd, const SocketAddress *address))
{
    for (unsigned i = 0; i < count; i++) {
        int fd = socket_new_stream(&addresses[i], false);
        int error;

        if (fd >= 0) {
            if (start(fd, &addresses[i])) {
                return fd;
            }
            error = errno;
            close(fd);
            errno = error;
        }
    }
    return -1;
}

int socket_listen(const SocketAddress *addresses, unsigned count, const char *name, GError **errp)
{
    int fd = first_that_works(addresses, count, listen_at);

    if (fd < 0) {
        error_setg(errp,
                   addresses->any.sa_family == AF_UNIX ? "Failed to bind socket to '%s': %s"
                                                       : "Failed to listen on %s: %s",
                   name, g_strerror(errno));
    }
    return fd;
}

int socket_connect(const SocketAddress *addresses, unsigned count, const char *name, GError **errp)
{
    int fd = first_that_works(addresses, count, connect_to);

    if (fd < 0) {
        error_setg(errp,
                   addresses->any.sa_family == AF_UNIX ? "Failed to connect to '%s': %s"
                                                       : "Failed to connect to %s: %s",
                   name, g_strerror(errno));
    }
    return fd;
}

int socket_open_unix(const char *path, bool server, GError **errp)
{
    SocketAddress address;

    if (!socket_unix_address(&address, path, errp)) {
        return -1;
    }
    return server ? socket_listen(&address, 1, path, errp)
                  : socket_connect(&address, 1, path, errp);
}

int socket_open_tcp(const char *host, const char *port, bool server, GError **errp)
{
    g_autofree char *name = g_strconcat(host, ":", port, NULL);
    g_autoptr(GArray) list = socket_resolve(host, port, SOCK_STREAM, AF_UNSPEC, server, errp);

    if (!list) {
        return -1;
    }
    return server ? socket_listen((SocketAddress *)list->data, list->len, name, errp)
                  : socket_connect((SocketAddress *)list->data, list->len, name, errp);
}

/* ------------------------------------------------------------------------------ accepting -- */

static gboolean on_connection(int listener, GIOCondition condition, void *opaque);

static gboolean accept_again(void *opaque)
{
    SocketAcceptor *a = opaque;

    a->source = g_unix_fd_add(a->listener, G_IO_IN, on_connection, a);
    return G_SOURCE_REMOVE;
}

static gboolean on_connection(int listener, GIOCondition condition, void *opaque)
{
    SocketAcceptor *a = opaque;
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

    if (fd < 0 && (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)) {
        return G_SOURCE_CONTINUE;
    }
    if (fd < 0) { /* out of descriptors: the connection stays ready, so do not spin on it */
        a->source = g_timeout_add_seconds(1, accept_again, a);
    } else {
        a->source = 0;
        a->connected(a->opaque, fd);
    }
    return G_SOURCE_REMOVE;
}

void socket_accept_start(SocketAcceptor *acceptor, int listener,
                         void (*connected)(void *opaque, int fd), void *opaque)
{
    if (acceptor->source) {
        return;
    }
    *acceptor = (SocketAcceptor){.connected = connected, .opaque = opaque, .listener = listener};
    g_unix_set_fd_nonblocking(listener, TRUE, NULL); /* a peer may have gone before accept() */
    accept_again(acceptor);
}

void socket_accept_stop(SocketAcceptor *acceptor)
{
    g_clear_handle_id(&acceptor->source, g_source_remove);
}

/* --------------------------------------------------------------------------------- names -- */

bool socket_names(int fd, bool peer, SocketNames *names)
{
    struct sockaddr_storage address;
    socklen_t len = sizeof(address);

    *names = (SocketNames){.family = "unknown"};
    if (peer ? getpeername(fd, (struct sockaddr *)&address, &len)
             : getsockname(fd, (struct sockaddr *)&address, &len)) {
        return false;
    }
    switch (address.ss_family) {
    case AF_UNIX:
        names->family = "unix";
        if (len > offsetof(struct sockaddr_un, sun_path)) {
            g_strlcpy(names->service, ((struct sockaddr_un *)&address)->sun_path,
                      sizeof(names->service));
        }
        return true;
    case AF_INET:
    case AF_INET6:
        names->family = address.ss_family == AF_INET ? "ipv4" : "ipv6";
        return getnameinfo((struct sockaddr *)&address, len, names->host, sizeof(names->host),
                           names->service, sizeof(names->service),
                           NI_NUMERICHOST | NI_NUMERICSERV) == 0;
    default:
        return false;
    }
}
