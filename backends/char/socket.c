/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sockets: unix and TCP, as a server that takes one peer after the other, or as a client.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "error.h"
#include "internal.h"

typedef struct CharSocket {
    CharFd fd;
    int listener; /* -1 for a client */
    GSource *listen_source;
    char *path; /* of a unix socket we made, to be removed; else NULL */
} CharSocket;

static void listen_on(Chardev *chr);

/* ------------------------------------------------------------------------------ addresses -- */

static int unix_socket(const char *path, bool server, GError **errp)
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
        struct stat st;

        /* A socket left behind by somebody who is gone; never anything that is not one. */
        if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode)) {
            unlink(path);
        }
        if (bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 && listen(fd, 1) == 0) {
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

static int tcp_socket(const char *host, const char *port, bool server, GError **errp)
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
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        if (server) {
            setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
        }
        if (server ? bind(fd, a->ai_addr, a->ai_addrlen) || listen(fd, 1)
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

/* ----------------------------------------------------------------------------- connection -- */

static void socket_hangup(Chardev *chr)
{
    CharSocket *s = chr->state;

    char_fd_close(&s->fd);
    chardev_set_peer(chr, false);
    if (s->listener >= 0) {
        listen_on(chr);
    }
}

static void connected(Chardev *chr, int fd)
{
    CharSocket *s = chr->state;

    char_fd_set(&s->fd, fd, fd);
    chardev_set_peer(chr, true);
    char_fd_accept_input(chr);
}

static gboolean on_connection(int listener, GIOCondition condition, void *opaque)
{
    Chardev *chr = opaque;
    CharSocket *s = chr->state;
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

    if (fd < 0) {
        return G_SOURCE_CONTINUE;
    }
    g_clear_pointer(&s->listen_source, g_source_unref); /* one peer at a time; others queue */
    connected(chr, fd);
    return G_SOURCE_REMOVE;
}

static void listen_on(Chardev *chr)
{
    CharSocket *s = chr->state;

    if (!s->listen_source) {
        s->listen_source = g_unix_fd_source_new(s->listener, G_IO_IN);
        g_source_set_callback(s->listen_source, G_SOURCE_FUNC(on_connection), chr, NULL);
        g_source_attach(s->listen_source, NULL);
    }
}

static bool start_server(Chardev *chr, bool wait, GError **errp)
{
    CharSocket *s = chr->state;
    int fd;

    if (!wait) {
        listen_on(chr);
        return true;
    }
    do {
        fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);
    } while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
    if (fd < 0) {
        error_setg(errp, "Failed to accept a connection: %s", g_strerror(errno));
        return false;
    }
    connected(chr, fd);
    return true;
}

/* ----------------------------------------------------------------------------------- kind -- */

static bool socket_open(Chardev *chr, Opts *opts, GError **errp)
{
    CharSocket *s = chr->state;
    const char *path = opts_get(opts, "path");
    const char *host = opts_get(opts, "host");
    const char *port = opts_get(opts, "port");
    bool server = false, wait = true;
    int fd;

    char_fd_init(&s->fd, chr);
    s->listener = -1;
    s->fd.is_socket = true;
    s->fd.hangup = socket_hangup;
    if (!opts_get_bool(opts, "server", &server, errp) ||
        !opts_get_bool(opts, "wait", &wait, errp)) {
        return false;
    }
    if (!server && opts_has(opts, "wait")) {
        error_setg(errp, "'wait' option is incompatible with socket in client connect mode");
        return false;
    }
    if (!path && !port) {
        error_setg(errp, "chardev: socket: no path or port given");
        return false;
    }
    fd = path ? unix_socket(path, server, errp)
              : tcp_socket(host ? host : "localhost", port, server, errp);
    if (fd < 0) {
        return false;
    }
    g_free(chr->filename);
    chr->filename = path ? g_strdup_printf("unix:%s%s", path, server ? ",server=on" : "")
                         : g_strdup_printf("tcp:%s:%s%s", host ? host : "localhost", port,
                                           server ? ",server=on" : "");
    if (!server) {
        connected(chr, fd);
        return true;
    }
    s->listener = fd;
    s->path = g_strdup(path);
    return start_server(chr, wait, errp);
}

static void socket_close(Chardev *chr)
{
    CharSocket *s = chr->state;

    if (!s->fd.chr) {
        return;
    }
    if (s->fd.out >= 0) {
        chardev_flush(chr);
    }
    char_fd_close(&s->fd);
    if (s->listen_source) {
        g_source_destroy(s->listen_source);
        g_source_unref(s->listen_source);
    }
    if (s->listener >= 0) {
        close(s->listener);
    }
    if (s->path) {
        unlink(s->path);
        g_free(s->path);
    }
}

const ChardevKind chardev_socket = {
    .name = "socket",
    .help = "path=F, or host=H,port=P; [,server=on|off][,wait=on|off]",
    .open = socket_open,
    .close = socket_close,
    .write = char_fd_write,
    .accept_input = char_fd_accept_input,
    .state_size = sizeof(CharSocket),
};
