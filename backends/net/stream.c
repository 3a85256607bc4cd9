/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A cable through a stream socket: to another VMM, as QEMU's `stream` and `socket`, or to a program
 * such as passt. A server has one peer at a time, and takes the next when that has gone; a client
 * may connect again.
 */
#include <errno.h>
#include <glib-unix.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "internal.h"

#define ANSWER_MS 200

typedef struct NetStream {
    NetFraming framing; /* first: framing.c finds it there */
    NetClient *nc;
    NetAddress address;    /* to listen at or to connect to */
    bool events;           /* the monitor hears of peers */
    int listener;          /* -1 for a client */
    char *path;            /* of a unix socket that we made, to be removed; else NULL */
    unsigned next;         /* of the addresses, for a client */
    int connecting;        /* a socket that connects; -1: none */
    int error;             /* why the last connection failed */
    uint64_t reconnect_ms; /* 0: never */
    guint source;          /* waits for the connection */
    guint retry;           /* tries again later */
    SocketAcceptor acceptor;
} NetStream;

static void connect_next(NetStream *s);

static void set_info(NetStream *s, const char *state)
{
    g_autofree char *info = g_strdup_printf("%s%s", s->address.name, state);

    net_client_set_info(s->nc, info);
}

static void set_connected(void *opaque, int fd)
{
    NetStream *s = opaque;
    SocketAddress peer = socket_peer_address(fd);
    const NetMonitor *monitor = net_monitor();

    set_info(s, s->listener >= 0 ? ",server=on,connected" : ",connected");
    net_framing_start(&s->framing, fd);
    if (s->events && monitor && monitor->stream_connected) {
        monitor->stream_connected(s->nc, &peer);
    }
}

/* --------------------------------------------------------------------------------- server -- */

static void listen_on(NetStream *s)
{
    set_info(s, ",server=on");
    socket_accept_start(&s->acceptor, s->listener, set_connected, s);
}

/* --------------------------------------------------------------------------------- client -- */

static gboolean connect_again(void *opaque)
{
    NetStream *s = opaque;

    s->retry = 0;
    s->next = 0;
    connect_next(s);
    return G_SOURCE_REMOVE;
}

/* The one that was tried last failed with `error`. */
static void connect_failed(NetStream *s, int error)
{
    g_autofree char *state = g_strdup_printf(",error: Failed to connect: %s", g_strerror(error));

    if (s->next < s->address.addresses->len) {
        connect_next(s);
        return;
    }
    s->error = error;
    set_info(s, state);
    if (s->reconnect_ms) {
        s->retry = g_timeout_add(s->reconnect_ms, connect_again, s);
    }
}

static gboolean on_connected(int fd, GIOCondition condition, void *opaque)
{
    NetStream *s = opaque;
    int error = 0;
    socklen_t len = sizeof(error);

    g_clear_handle_id(&s->source, g_source_remove);
    s->connecting = -1;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0) {
        error = errno;
    }
    if (error) {
        close(fd);
        connect_failed(s, error);
    } else {
        set_connected(s, fd);
    }
    return G_SOURCE_REMOVE;
}

static void connect_next(NetStream *s)
{
    const SocketAddress *address = &g_array_index(s->address.addresses, SocketAddress, s->next++);
    int fd = socket_new_stream(address, true);

    if (fd >= 0 && connect(fd, &address->any, address->len) == 0) {
        set_connected(s, fd);
    } else if (fd >= 0 && errno == EINPROGRESS) {
        s->connecting = fd;
        s->source = g_unix_fd_add(fd, G_IO_OUT | G_IO_HUP | G_IO_ERR, on_connected, s);
    } else {
        int error = errno; /* EAGAIN: a unix server's queue is full */

        if (fd >= 0) {
            close(fd);
        }
        connect_failed(s, error);
    }
}

/* ------------------------------------------------------------------------------- the ends -- */

static void stream_gone(NetClient *nc)
{
    NetStream *s = nc->opaque;
    const NetMonitor *monitor = net_monitor();

    set_info(s, "");
    if (s->events && monitor && monitor->stream_disconnected) {
        monitor->stream_disconnected(nc);
    }
    if (s->listener >= 0) {
        listen_on(s);
    } else if (s->reconnect_ms && s->address.addresses) {
        s->retry = g_timeout_add(s->reconnect_ms, connect_again, s);
    }
}

static NetStream *stream_new(NetClient *nc, NetAddress *address, bool events)
{
    NetStream *s = g_new0(NetStream, 1);

    nc->opaque = s;
    s->nc = nc;
    s->events = events;
    s->listener = s->connecting = -1;
    s->address = *address;
    *address = (NetAddress)NET_ADDRESS_NONE;
    net_framing_init(&s->framing, nc, stream_gone);
    return s;
}

bool net_stream_open_server(NetClient *nc, NetAddress *address, bool events, GError **errp)
{
    NetStream *s = stream_new(nc, address, events);
    const char *colon = strchr(s->address.name, ':');
    const SocketAddress *first;

    if (s->address.fd >= 0) { /* it listens already */
        s->listener = s->address.fd;
    } else {
        first = (const SocketAddress *)s->address.addresses->data;
        s->listener = socket_listen(first, s->address.addresses->len, colon + 1, errp);
        if (s->listener < 0) {
            return false;
        }
        if (first->any.sa_family == AF_UNIX) {
            s->path = g_strdup(first->un.sun_path);
        } else { /* port 0 became another */
            SocketAddress local = socket_local_address(s->listener);
            g_autofree char *text = socket_address_text(&local);

            g_free(s->address.name);
            s->address.name = g_strconcat("tcp:", text, NULL);
        }
    }
    listen_on(s);
    return true;
}

/* A client that tries once: most hosts answer soon, and then the user hears of a failure now. */
static void wait_for_answer(NetStream *s)
{
    struct pollfd pfd = {.fd = s->connecting, .events = POLLOUT};

    while (s->connecting >= 0 && poll(&pfd, 1, ANSWER_MS) > 0) {
        on_connected(s->connecting, 0, s);
        pfd.fd = s->connecting; /* the next address */
    }
}

bool net_stream_open_client(NetClient *nc, NetAddress *address, uint64_t reconnect_ms, bool events,
                            GError **errp)
{
    NetStream *s = stream_new(nc, address, events);

    s->reconnect_ms = reconnect_ms;
    if (s->address.fd >= 0) { /* it is connected already */
        set_connected(s, s->address.fd);
        return true;
    }
    connect_next(s);
    if (!reconnect_ms) {
        wait_for_answer(s);
    }
    if (!net_framing_is_open(&s->framing) && s->connecting < 0 && !s->retry) {
        error_setg(errp, "Failed to connect to %s: %s", s->address.name, g_strerror(s->error));
        return false;
    }
    return true;
}

static bool stream_receive(NetClient *nc, const uint8_t *frame, size_t len)
{
    NetStream *s = nc->opaque;

    return net_framing_send(&s->framing, frame, len);
}

static void stream_send_ready(NetClient *nc)
{
    NetStream *s = nc->opaque;

    net_framing_go_on(&s->framing);
}

static void stream_cleanup(NetClient *nc)
{
    NetStream *s = nc->opaque;

    if (!s) {
        return;
    }
    socket_accept_stop(&s->acceptor);
    g_clear_handle_id(&s->source, g_source_remove);
    if (s->retry) {
        g_source_remove(s->retry);
    }
    if (s->connecting >= 0) {
        close(s->connecting);
    }
    if (s->listener >= 0) {
        close(s->listener);
    }
    if (s->path) {
        unlink(s->path);
        g_free(s->path);
    }
    net_framing_close(&s->framing);
    net_address_clear(&s->address);
    g_free(s);
}

static bool stream_open(NetClient *nc, Opts *opts, GError **errp)
{
    NetAddress address = NET_ADDRESS_NONE;
    bool server = false;
    uint64_t ms = 0, seconds = 0;
    bool ok;

    if (!opts_get_bool(opts, "server", &server, errp) ||
        !opts_get_uint(opts, "reconnect", INT32_MAX / 1000, &seconds, errp) ||
        !opts_get_uint(opts, "reconnect-ms", INT32_MAX, &ms, errp)) {
        return false;
    }
    if (seconds && ms) {
        error_setg(errp, "'reconnect' and 'reconnect-ms' are mutually exclusive");
        return false;
    }
    ms += seconds * 1000;
    if (server && ms) {
        error_setg(errp,
                   "'reconnect-ms' option is incompatible with socket in server listening mode");
        return false;
    }
    if (!opts_has(opts, "addr.type")) {
        error_setg(errp, "Parameter 'addr.type' is missing");
        return false;
    }
    ok = net_address_parse(&address, opts, "addr", SOCK_STREAM, server, errp) &&
         (server ? net_stream_open_server(nc, &address, true, errp)
                 : net_stream_open_client(nc, &address, ms, true, errp));
    net_address_clear(&address);
    return ok;
}

#define STREAM_OPS(name)                                                                           \
    {                                                                                              \
        .type = name, .receive = stream_receive, .send_ready = stream_send_ready,                  \
        .cleanup = stream_cleanup,                                                                 \
    }

const NetClientOps net_socket_stream_ops = STREAM_OPS("socket");

const NetdevKind netdev_stream = {
    .ops = STREAM_OPS("stream"),
    .help = "a cable to another VMM through a stream socket:\n"
            "           addr.type=inet,addr.host=H,addr.port=P | addr.type=unix,addr.path=F |\n"
            "           addr.type=fd,addr.str=N; [,server=on|off][,reconnect-ms=MS]",
    .keys = (const char *const[]){NET_ADDRESS_KEYS("addr"), "server", "reconnect", "reconnect-ms",
                                  NULL},
    .open = stream_open,
};
