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

#include "backends/sockets.h"
#include "error.h"
#include "internal.h"

typedef struct CharSocket {
    CharFd fd;
    int listener; /* -1 for a client */
    SocketAcceptor acceptor;
    char *path; /* of a unix socket we made, to be removed; else NULL */
} CharSocket;

static void (*wait_notice)(const char *filename);

void chardev_set_wait_notice(void (*fn)(const char *filename))
{
    wait_notice = fn;
}

static void listen_on(Chardev *chr);

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

static void connected(void *opaque, int fd)
{
    Chardev *chr = opaque;
    CharSocket *s = chr->state;

    char_fd_set(&s->fd, fd, fd);
    chardev_set_peer(chr, true);
    char_fd_accept_input(chr);
}

static void listen_on(Chardev *chr)
{
    CharSocket *s = chr->state;

    socket_accept_start(&s->acceptor, s->listener, connected, chr);
}

static bool socket_add_client(Chardev *chr, int fd, GError **errp)
{
    CharSocket *s = chr->state;

    if (s->listener < 0) {
        error_setg(errp, "chardev '%s' is not a server", chr->id);
        return false;
    }
    if (chr->peer) {
        error_setg(errp, "chardev '%s' is connected already", chr->id);
        return false;
    }
    socket_accept_stop(&s->acceptor); /* those who wait there do so until this one has gone */
    connected(chr, fd);
    return true;
}

static bool start_server(Chardev *chr, bool wait, GError **errp)
{
    CharSocket *s = chr->state;
    struct pollfd pfd = {.fd = s->listener, .events = POLLIN};
    int fd;

    g_unix_set_fd_nonblocking(s->listener, TRUE, NULL); /* a peer may have gone before accept() */
    if (!wait) {
        listen_on(chr);
        return true;
    }
    if (wait_notice) {
        wait_notice(chr->filename);
    }
    do {
        poll(&pfd, 1, -1);
        fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);
    } while (fd < 0 && (errno == EINTR || errno == EAGAIN || errno == ECONNABORTED));
    if (fd < 0) {
        error_setg(errp, "Failed to accept a connection: %s", g_strerror(errno));
        return false;
    }
    connected(chr, fd);
    return true;
}

/* ----------------------------------------------------------------------------------- kind -- */

/* "HOST:PORT" as it can be given again: IPv6 in brackets, the port that port 0 became. */
static char *tcp_name(int fd, const char *host)
{
    union {
        struct sockaddr any;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
    } address = {};
    socklen_t len = sizeof(address);
    unsigned number = 0;

    if (getsockname(fd, &address.any, &len) == 0) {
        number =
            ntohs(address.any.sa_family == AF_INET6 ? address.in6.sin6_port : address.in.sin_port);
    }
    return g_strdup_printf(strchr(host, ':') ? "[%s]:%u" : "%s:%u", host, number);
}

static void set_filename(Chardev *chr, const char *path, const char *host, const char *port,
                         bool server, int fd)
{
    const char *suffix = server ? ",server=on" : "";
    g_autofree char *name = NULL;

    g_free(chr->filename);
    if (path) {
        chr->filename = g_strdup_printf("unix:%s%s", path, suffix);
        return;
    }
    name = server ? tcp_name(fd, host) : g_strdup_printf("%s:%s", host, port);
    chr->filename = g_strdup_printf("tcp:%s%s", name, suffix);
}

static bool socket_open(Chardev *chr, Opts *opts, GError **errp)
{
    CharSocket *s = chr->state;
    const char *path = opts_get(opts, "path");
    const char *host = opts_get(opts, "host");
    const char *port = opts_get(opts, "port");
    bool server = false, wait = true, delay = false;
    int fd;

    if (!opts_get_bool(opts, "server", &server, errp) ||
        !opts_get_bool(opts, "wait", &wait, errp) ||
        !opts_get_bool(opts, "delay", &delay, errp)) { /* accepted as "nodelay" */
        return false;
    }
    if (!server && opts_has(opts, "wait")) {
        error_setg(errp, "'wait' option is incompatible with socket in client connect mode");
        return false;
    }
    if (!path == !port) {
        error_setg(errp, "chardev: socket: either path or port (with host) must be given");
        return false;
    }
    if (!host) {
        host = server ? "" : "localhost";
    }
    fd = path ? socket_open_unix(path, server, errp) : socket_open_tcp(host, port, server, errp);
    if (fd < 0) {
        return false;
    }
    char_fd_init(&s->fd, chr);
    s->listener = -1;
    s->fd.is_socket = true;
    s->fd.hangup = socket_hangup;
    set_filename(chr, path, host, port, server, fd);
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
    char_fd_finish(&s->fd);
    socket_accept_stop(&s->acceptor);
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
    .add_client = socket_add_client,
    .keys = (const char *const[]){"path", "host", "port", "server", "wait", "delay", NULL},
    .state_size = sizeof(CharSocket),
};
