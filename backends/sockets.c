/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sockets by address: what listens, or what is connected.
 */
#include "backends/sockets.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "error.h"

#define SOCKET_BACKLOG 4

/*
 * Remove a socket left behind by somebody who is gone: never anything that is not a socket, and
 * not one at which somebody still listens. False for the latter.
 */
static bool remove_stale(const char *path, const struct sockaddr_un *address)
{
    struct stat st;
    bool alive;
    int fd;

    if (lstat(path, &st) != 0 || !S_ISSOCK(st.st_mode)) {
        return true;
    }
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    alive = fd >= 0 && (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 ||
                        errno == EAGAIN);
    if (fd >= 0) {
        close(fd);
    }
    if (!alive) {
        unlink(path);
    }
    return !alive;
}

int socket_open_unix(const char *path, bool server, GError **errp)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd;

    if (strlen(path) >= sizeof(address.sun_path)) {
        error_setg(errp, "UNIX socket path '%s' is too long: at most %zu characters", path,
                   sizeof(address.sun_path) - 1);
        return -1;
    }
    strcpy(address.sun_path, path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        error_setg(errp, "Failed to create a socket: %s", g_strerror(errno));
        return -1;
    }
    if (server) {
        if (!remove_stale(path, &address)) {
            errno = EADDRINUSE;
        } else if (bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
                   listen(fd, SOCKET_BACKLOG) == 0) {
            return fd;
        }
        error_setg(errp, "Failed to bind socket to '%s': %s", path, g_strerror(errno));
    } else {
        if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0) {
            return fd;
        }
        error_setg(errp, "Failed to connect to '%s': %s", path, g_strerror(errno));
    }
    close(fd);
    return -1;
}

int socket_open_tcp(const char *host, const char *port, bool server, GError **errp)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = server ? AI_PASSIVE : 0};
    struct addrinfo *list;
    int error = getaddrinfo(*host ? host : NULL, port, &hints, &list);
    int fd = -1;
    int why = 0;

    if (error) {
        error_setg(errp, "address resolution failed for %s:%s: %s", host, port,
                   gai_strerror(error));
        return -1;
    }
    for (struct addrinfo *a = list; a && fd < 0; a = a->ai_next) {
        int one = 1;

        fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);
        if (fd < 0) {
            why = errno;
            continue;
        }
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)); /* characters are typed */
        if (server) {
            setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
        }
        if (server ? bind(fd, a->ai_addr, a->ai_addrlen) || listen(fd, SOCKET_BACKLOG)
                   : connect(fd, a->ai_addr, a->ai_addrlen)) {
            why = errno;
            close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(list);
    if (fd < 0) {
        error_setg(errp, "Failed to %s %s:%s: %s", server ? "listen on" : "connect to", host, port,
                   g_strerror(why));
    }
    return fd;
}

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
