/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The `socket` backend: the older way to say what `stream` and `dgram` are.
 */
#include "error.h"
#include "internal.h"

/* listen= and connect= */
static bool open_stream(NetClient *nc, const char *key, const char *text, bool server,
                        GError **errp)
{
    NetAddress address = NET_ADDRESS_NONE;
    bool ok = false;

    nc->ops = &net_socket_stream_ops;
    address.addresses = net_resolve(key, text, SOCK_STREAM, false, server, errp);
    if (address.addresses) {
        address.name = g_strconcat("tcp:", text, NULL);
        ok = server ? net_stream_open_server(nc, &address, false, errp)
                    : net_stream_open_client(nc, &address, 0, false, errp);
    }
    net_address_clear(&address);
    return ok;
}

static bool open_udp(NetClient *nc, const char *text, const char *local_text, GError **errp)
{
    g_autoptr(GArray) local = NULL;
    g_autoptr(GArray) remote = NULL;

    if (!local_text) {
        error_setg(errp, "localaddr= is mandatory with udp=");
        return false;
    }
    nc->ops = &net_socket_dgram_ops;
    local = net_resolve("localaddr", local_text, SOCK_DGRAM, true, true, errp);
    remote = local ? net_resolve("udp", text, SOCK_DGRAM, true, false, errp) : NULL;
    return remote && net_dgram_open(nc, (const SocketAddress *)local->data,
                                    (const SocketAddress *)remote->data, errp);
}

static bool open_mcast(NetClient *nc, const char *text, const char *local_text, GError **errp)
{
    g_autofree char *local_port = local_text ? g_strconcat(local_text, ":0", NULL) : NULL;
    const SocketAddress none = {};
    g_autoptr(GArray) local = NULL;
    g_autoptr(GArray) group = NULL;

    nc->ops = &net_socket_dgram_ops;
    if (local_text) { /* an interface's address, without a port */
        local = net_resolve("localaddr", local_port, SOCK_DGRAM, true, true, errp);
        if (!local) {
            return false;
        }
    }
    group = net_resolve("mcast", text, SOCK_DGRAM, true, false, errp);
    return group && net_dgram_open_mcast(nc, (const SocketAddress *)group->data,
                                         local ? (const SocketAddress *)local->data : &none, errp);
}

static bool open_fd(NetClient *nc, const char *text, GError **errp)
{
    NetAddress address = NET_ADDRESS_NONE;
    int type = 0;
    socklen_t len = sizeof(type);
    bool ok;

    if (!net_parse_fd("fd", text, &address.fd, errp)) {
        return false;
    }
    getsockopt(address.fd, SOL_SOCKET, SO_TYPE, &type, &len);
    if (type == SOCK_DGRAM) {
        nc->ops = &net_socket_dgram_ops;
        return net_dgram_open_fd(nc, address.fd, errp);
    }
    if (type != SOCK_STREAM) {
        error_setg(errp, "Parameter 'fd': %s is not a stream or datagram socket", text);
        return false;
    }
    nc->ops = &net_socket_stream_ops;
    address.name = g_strconcat("fd:", text, NULL);
    ok = net_stream_open_client(nc, &address, 0, false, errp);
    net_address_clear(&address);
    return ok;
}

static bool socket_open(NetClient *nc, Opts *opts, GError **errp)
{
    static const char *const ways[] = {"fd", "listen", "connect", "mcast", "udp"};
    const char *local = opts_get(opts, "localaddr");
    const char *way = NULL;
    const char *value = NULL;
    unsigned count = 0;

    for (size_t i = 0; i < G_N_ELEMENTS(ways); i++) {
        if (opts_has(opts, ways[i])) {
            way = ways[i];
            value = opts_get(opts, way);
            count++;
        }
    }
    if (count != 1) {
        error_setg(errp, "exactly one of listen=, connect=, mcast=, udp= and fd= is required");
        return false;
    }
    if (local && !g_str_equal(way, "mcast") && !g_str_equal(way, "udp")) {
        error_setg(errp, "localaddr= is only valid with mcast= or udp=");
        return false;
    }
    if (g_str_equal(way, "fd")) {
        return open_fd(nc, value, errp);
    }
    if (g_str_equal(way, "mcast")) {
        return open_mcast(nc, value, local, errp);
    }
    if (g_str_equal(way, "udp")) {
        return open_udp(nc, value, local, errp);
    }
    return open_stream(nc, way, value, g_str_equal(way, "listen"), errp);
}

const NetdevKind netdev_socket = {
    .ops = {.type = "socket"}, /* until it is known which */
    .help = "the same, said in the older way: listen=[H]:P | connect=H:P |\n"
            "           mcast=GROUP:P[,localaddr=ADDR] | udp=H:P,localaddr=H:P | fd=N",
    .keys = (const char *const[]){"fd", "listen", "connect", "mcast", "udp", "localaddr", NULL},
    .open = socket_open,
};
