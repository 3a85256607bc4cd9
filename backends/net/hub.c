/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hubs: what comes in at one port goes out at all others of the same number. A port is the other
 * end of a card, or of another backend (netdev=).
 */
#include <string.h>

#include "error.h"
#include "internal.h"

typedef struct HubPort {
    NetClient *nc;
    uint64_t hub;
} HubPort;

static GPtrArray *ports; /* HubPort, of all hubs */

/* One that has no room keeps what it can, and does not hold up the others. */
static bool hub_receive(NetClient *nc, const uint8_t *frame, size_t len)
{
    const HubPort *from = nc->opaque;

    for (unsigned i = 0; i < ports->len; i++) {
        HubPort *to = ports->pdata[i];

        if (to != from && to->hub == from->hub) {
            net_send(to->nc, frame, len);
        }
    }
    return true;
}

static void hub_cleanup(NetClient *nc)
{
    HubPort *port = nc->opaque;

    if (port) {
        g_ptr_array_remove(ports, port);
        g_free(port);
        if (!ports->len) {
            g_clear_pointer(&ports, g_ptr_array_unref);
        }
    }
}

static bool hub_open(NetClient *nc, Opts *opts, GError **errp)
{
    const char *netdev = opts_get(opts, "netdev");
    NetClient *other = netdev ? net_backend_find(netdev) : NULL;
    g_autofree char *info = NULL;
    HubPort *port;
    uint64_t hub = 0;

    if (!opts_has(opts, "hubid")) {
        error_setg(errp, "Parameter 'hubid' is missing");
        return false;
    }
    if (!opts_get_uint(opts, "hubid", INT32_MAX, &hub, errp)) {
        return false;
    }
    if (netdev && (!other || other == nc)) {
        error_setg(errp, "netdev '%s' not found", netdev);
        return false;
    }
    if (other && other->peer) {
        error_setg(errp, "netdev '%s' is in use", netdev);
        return false;
    }
    port = g_new0(HubPort, 1);
    port->nc = nc;
    port->hub = hub;
    nc->opaque = port;
    if (!ports) {
        ports = g_ptr_array_new();
    }
    g_ptr_array_add(ports, port);
    info = g_strdup_printf("hubid=%" G_GUINT64_FORMAT, hub);
    net_client_set_info(nc, info);
    if (other) {
        net_connect(nc, other);
    }
    return true;
}

bool net_is_hub_port(const NetClient *nc)
{
    return nc->ops == &netdev_hubport.ops;
}

static void print_hub(GString *out, uint64_t hub)
{
    g_string_append_printf(out, "hub %" G_GUINT64_FORMAT "\n", hub);
    for (unsigned i = 0; i < ports->len; i++) {
        const HubPort *port = ports->pdata[i];
        g_autofree char *prefix = g_strdup_printf(" \\ %s: ", port->nc->name);

        if (port->hub != hub) {
            continue;
        }
        if (port->nc->peer) {
            net_print_client(out, prefix, port->nc->peer);
        } else {
            g_string_append_printf(out, " \\ %s\n", port->nc->name);
        }
    }
}

void net_hub_print_info(GString *out)
{
    for (unsigned i = 0; ports && i < ports->len; i++) {
        const HubPort *port = ports->pdata[i];
        bool shown = false;

        for (unsigned k = 0; k < i; k++) {
            const HubPort *before = ports->pdata[k];

            shown |= before->hub == port->hub;
        }
        if (!shown) {
            print_hub(out, port->hub);
        }
    }
}

const NetdevKind netdev_hubport = {
    .ops = {.type = "hubport", .receive = hub_receive, .cleanup = hub_cleanup},
    .help = "a port of a hub, for a card or another network: hubid=N[,netdev=ID]",
    .keys = (const char *const[]){"hubid", "netdev", NULL},
    .open = hub_open,
};
