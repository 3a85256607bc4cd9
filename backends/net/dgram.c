/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A cable through a datagram socket: one frame in each datagram. Multicast makes all who listen at
 * the group one network.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "internal.h"

typedef struct NetDgram {
    NetPackets packets; /* first: packets.c finds it there */
    char *path;         /* of a unix socket that we made, to be removed; else NULL */
} NetDgram;

static NetDgram *dgram_new(NetClient *nc)
{
    NetDgram *s = g_new0(NetDgram, 1);

    nc->opaque = s;
    net_packets_init(&s->packets, nc);
    return s;
}

static int new_socket(const SocketAddress *address, GError **errp)
{
    int fd = socket(address->any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0) {
        error_setg(errp, "Failed to create a socket: %s", g_strerror(errno));
    }
    return fd;
}

/* Close `fd`, and say what `action` at `address` came to. */
static bool fail(int fd, const char *action, const SocketAddress *address, GError **errp)
{
    g_autofree char *text = socket_address_text(address);

    error_setg(errp, "Failed to %s %s: %s", action, text, g_strerror(errno));
    close(fd);
    return false;
}

static void set_info(NetClient *nc, const char *kind, const SocketAddress *local,
                     const SocketAddress *remote)
{
    g_autofree char *local_text = socket_address_text(local);
    g_autofree char *remote_text = socket_address_text(remote);
    g_autofree char *info = g_strdup_printf("%s=%s/%s", kind, local_text, remote_text);

    net_client_set_info(nc, info);
}

/* ------------------------------------------------------------------------------ multicast -- */

/*
 * Frames leave by a socket of their own, connected to the group: so we know our own when the group
 * brings them back, which others on this host must see.
 */
static bool open_mcast_out(NetDgram *s, const SocketAddress *group, const struct in_addr *interface,
                           GError **errp)
{
    int fd = new_socket(group, errp);
    const unsigned char loop = 1;

    if (fd < 0) {
        return false;
    }
    if (setsockopt(fd, IPPROTO_IP, IP_MULTICAST_LOOP, &loop, sizeof(loop)) ||
        setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, interface, sizeof(*interface)) ||
        connect(fd, &group->any, group->len)) {
        return fail(fd, "send to the multicast group", group, errp);
    }
    s->packets.out = fd;
    s->packets.self = socket_local_address(fd);
    return true;
}

bool net_dgram_open_mcast(NetClient *nc, const SocketAddress *group, const SocketAddress *local,
                          GError **errp)
{
    NetDgram *s = dgram_new(nc);
    const struct ip_mreq membership = {
        .imr_multiaddr = group->in.sin_addr,
        .imr_interface = {local->len ? local->in.sin_addr.s_addr : htonl(INADDR_ANY)}};
    int one = 1;
    int fd;

    if (group->any.sa_family != AF_INET || !IN_MULTICAST(ntohl(group->in.sin_addr.s_addr))) {
        g_autofree char *text = socket_address_text(group);

        error_setg(errp, "%s is not an IPv4 multicast address (224.0.0.0 to 239.255.255.255)",
                   text);
        return false;
    }
    if (!open_mcast_out(s, group, &membership.imr_interface, errp)) {
        return false;
    }
    fd = new_socket(group, errp);
    if (fd < 0) {
        return false;
    }
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
        bind(fd, &group->any, group->len) ||
        setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &membership, sizeof(membership))) {
        return fail(fd, "join the multicast group", group, errp);
    }
    net_packets_start(&s->packets, fd, true);
    set_info(nc, "mcast", &s->packets.self, group);
    return true;
}

/* -------------------------------------------------------------------------------- unicast -- */

/* A socket left behind is removed; one cannot see whether somebody reads from it. */
static bool bind_to(int fd, const SocketAddress *local)
{
    struct stat st;
    int one = 1;

    if (local->any.sa_family != AF_UNIX) {
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    } else if (lstat(local->un.sun_path, &st) == 0 && S_ISSOCK(st.st_mode)) {
        unlink(local->un.sun_path);
    }
    return bind(fd, &local->any, local->len) == 0;
}

bool net_dgram_open(NetClient *nc, const SocketAddress *local, const SocketAddress *remote,
                    GError **errp)
{
    NetDgram *s = dgram_new(nc);
    int fd;

    if (local->any.sa_family != remote->any.sa_family) {
        error_setg(errp, "the local and the remote address must be of the same kind");
        return false;
    }
    fd = new_socket(local, errp);
    if (fd < 0) {
        return false;
    }
    if (!bind_to(fd, local)) {
        return fail(fd, "bind socket to", local, errp);
    }
    if (local->any.sa_family == AF_UNIX) {
        s->path = g_strdup(local->un.sun_path);
    }
    s->packets.dest = *remote;
    net_packets_start(&s->packets, fd, true);
    set_info(nc, s->path ? "unix" : "udp", local, remote);
    return true;
}

bool net_dgram_open_fd(NetClient *nc, int fd, GError **errp)
{
    NetDgram *s = dgram_new(nc);
    g_autofree char *info = g_strdup_printf("fd=%d", fd);

    net_packets_start(&s->packets, fd, true);
    net_client_set_info(nc, info);
    return true;
}

/* ----------------------------------------------------------------------------------- kind -- */

static void dgram_cleanup(NetClient *nc)
{
    NetDgram *s = nc->opaque;

    if (s) {
        net_packets_close(&s->packets);
        if (s->path) {
            unlink(s->path);
            g_free(s->path);
        }
        g_free(s);
    }
}

static const SocketAddress *first_of(const NetAddress *address)
{
    static const SocketAddress none;

    return address->addresses ? (const SocketAddress *)address->addresses->data : &none;
}

static bool open_parsed(NetClient *nc, const NetAddress *local, const NetAddress *remote,
                        GError **errp)
{
    const SocketAddress *to = first_of(remote);

    if (local->fd >= 0) {
        if (remote->name) {
            error_setg(errp, "don't set remote with local.fd");
            return false;
        }
        return net_dgram_open_fd(nc, local->fd, errp);
    }
    if (!remote->name) {
        error_setg(errp, local->name ? "remote parameter must be set"
                                     : "dgram requires local or remote parameters");
        return false;
    }
    if (remote->fd >= 0) {
        error_setg(errp, "'remote.type' can't be fd: give the descriptor as local");
        return false;
    }
    if (to->any.sa_family == AF_INET && IN_MULTICAST(ntohl(to->in.sin_addr.s_addr))) {
        return net_dgram_open_mcast(nc, to, first_of(local), errp);
    }
    if (!local->name) {
        error_setg(errp, "local parameter must be set: only a multicast group goes without");
        return false;
    }
    return net_dgram_open(nc, first_of(local), to, errp);
}

static bool dgram_open(NetClient *nc, Opts *opts, GError **errp)
{
    NetAddress local = NET_ADDRESS_NONE;
    NetAddress remote = NET_ADDRESS_NONE;
    bool ok = net_address_parse(&local, opts, "local", SOCK_DGRAM, true, errp) &&
              net_address_parse(&remote, opts, "remote", SOCK_DGRAM, false, errp) &&
              open_parsed(nc, &local, &remote, errp);

    net_address_clear(&local);
    net_address_clear(&remote);
    return ok;
}

#define DGRAM_OPS(name)                                                                            \
    {                                                                                              \
        .type = name, .receive = net_packets_receive, .send_ready = net_packets_send_ready,        \
        .cleanup = dgram_cleanup,                                                                  \
    }

const NetClientOps net_socket_dgram_ops = DGRAM_OPS("socket");

const NetdevKind netdev_dgram = {
    .ops = DGRAM_OPS("dgram"),
    .help =
        "a cable to another VMM through a datagram socket:\n"
        "           local.type=inet|unix|fd,local.host=H,local.port=P,local.path=F,local.str=N,\n"
        "           remote.type=inet|unix,...; a multicast group needs remote only",
    .keys = (const char *const[]){NET_ADDRESS_KEYS("local"), NET_ADDRESS_KEYS("remote"), NULL},
    .open = dgram_open,
};
