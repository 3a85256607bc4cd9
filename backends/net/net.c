/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Networks: the two ends of a cable, what is kept for one that has no room, and the link's state.
 */
#include <string.h>

#include "effect.h"
#include "error.h"
#include "internal.h"

static GPtrArray *clients; /* all ends, oldest first */
static bool running = true;
static const NetMonitor *monitor;
static const NetHost *host;
static guint idle; /* the source that delivers what was left over; 0: none */

/* ---------------------------------------------------------------------------------- frames -- */

static bool has_room(const NetClient *nc)
{
    return !nc->full && !nc->receiving && (running || !nc->is_nic);
}

static void keep(NetClient *nc, const uint8_t *frame, size_t len)
{
    if (nc->kept.length >= NET_QUEUE_FRAMES || nc->kept_bytes + len > NET_QUEUE_BYTES) {
        nc->dropped++;
        return;
    }
    g_queue_push_tail(&nc->kept, g_bytes_new(frame, len));
    nc->kept_bytes += len;
}

static bool receive(NetClient *nc, const uint8_t *frame, size_t len)
{
    nc->receiving = true;
    nc->full = nc->ops->receive && !nc->ops->receive(nc, frame, len);
    nc->receiving = false;
    return !nc->full;
}

static void let_peer_go_on(NetClient *nc)
{
    if (nc->sender_waits) {
        nc->sender_waits = false;
        if (nc->peer && nc->peer->ops->send_ready) {
            nc->peer->ops->send_ready(nc->peer);
        }
    }
}

static void deliver_kept(NetClient *nc);

static gboolean deliver_leftovers(void *opaque)
{
    idle = 0;
    for (unsigned i = 0; clients && i < clients->len; i++) {
        deliver_kept(clients->pdata[i]);
    }
    return G_SOURCE_REMOVE;
}

/*
 * Deliver what is kept, but not what comes in meanwhile: two ends that answer each other for ever,
 * or a loop of hubs, must not hold the lock. The main loop goes on with that.
 */
static void deliver_kept(NetClient *nc)
{
    for (unsigned n = nc->kept.length; n > 0 && has_room(nc) && nc->kept.length; n--) {
        g_autoptr(GBytes) bytes = g_queue_pop_head(&nc->kept);
        size_t len;
        const uint8_t *frame = g_bytes_get_data(bytes, &len);

        nc->kept_bytes -= len; /* now: the end may purge the rest while it takes this one */
        if (!receive(nc, frame, len)) {
            g_queue_push_head(&nc->kept, g_steal_pointer(&bytes));
            nc->kept_bytes += len;
            return;
        }
    }
    if (nc->kept.length == 0 && has_room(nc)) {
        let_peer_go_on(nc);
    } else if (has_room(nc) && !idle) {
        idle = g_idle_add(deliver_leftovers, NULL);
    }
}

static void show_to_taps(NetClient *nc, NetDirection direction, const uint8_t *frame, size_t len)
{
    for (unsigned i = 0; nc->taps && i < nc->taps->len; i++) {
        NetTap *tap = nc->taps->pdata[i];

        tap->frame(tap, direction, frame, len);
    }
}

bool net_send(NetClient *nc, const uint8_t *frame, size_t len)
{
    NetClient *peer = nc->peer;
    bool taken = false;

    g_assert(len >= 1 && len <= NET_FRAME_MAX);
    if (nc->is_nic) {
        effect_note(effect_hook_backends, EFFECT_OUTPUT);
    }
    if (!net_link_up(nc)) {
        return true;
    }
    show_to_taps(nc, NET_FROM_CLIENT, frame, len);
    show_to_taps(peer, NET_TO_CLIENT, frame, len);
    if (peer->kept.length == 0 && has_room(peer)) {
        taken = receive(peer, frame, len);
    }
    if (!taken) {
        keep(peer, frame, len);
        peer->sender_waits = true;
        return false;
    }
    if (peer->kept.length) {
        deliver_kept(peer); /* what came while the peer was busy with this frame */
    }
    return true;
}

void net_client_receive_ready(NetClient *nc)
{
    nc->full = false;
    deliver_kept(nc);
}

void net_client_purge(NetClient *nc)
{
    GBytes *bytes;

    while ((bytes = g_queue_pop_head(&nc->kept))) {
        g_bytes_unref(bytes);
    }
    nc->kept_bytes = 0;
}

void net_set_running(bool now)
{
    if (running == now) {
        return;
    }
    running = now;
    for (unsigned i = 0; running && clients && i < clients->len; i++) {
        deliver_kept(clients->pdata[i]);
    }
}

bool net_running(void)
{
    return running;
}

/* ------------------------------------------------------------------------------------ link -- */

bool net_link_up(const NetClient *nc)
{
    return nc->peer && !nc->unplugged && !nc->peer->unplugged;
}

static void tell_link(NetClient *nc)
{
    if (nc->ops->link_changed) {
        nc->ops->link_changed(nc);
    }
}

bool net_set_link(const char *name, bool up, GError **errp)
{
    NetClient *nc = net_client_find(name);
    bool was_up;

    if (!nc) {
        error_setg(errp, "Device '%s' not found", name);
        return false;
    }
    was_up = net_link_up(nc);
    nc->unplugged = !up;
    if (was_up == net_link_up(nc)) {
        return true;
    }
    if (was_up) { /* what is on its way is lost, and nobody waits for room at the other end */
        net_client_purge(nc);
        net_client_purge(nc->peer);
        let_peer_go_on(nc);
        let_peer_go_on(nc->peer);
    }
    tell_link(nc);
    tell_link(nc->peer);
    return true;
}

void net_connect(NetClient *a, NetClient *b)
{
    g_assert(!a->peer && !b->peer);
    a->peer = b;
    b->peer = a;
    tell_link(a);
    tell_link(b);
}

/* As pulling the cable, but `nc` is about to go: only its peer is told. */
static void disconnect(NetClient *nc)
{
    NetClient *peer = nc->peer;

    net_client_purge(nc);
    if (!peer) {
        return;
    }
    nc->peer = peer->peer = NULL;
    net_client_purge(peer);
    peer->sender_waits = false;
    if (nc->sender_waits && peer->ops->send_ready) {
        peer->ops->send_ready(peer);
    }
    tell_link(peer);
}

/* ------------------------------------------------------------------------------------ ends -- */

NetClient *net_client_find(const char *name)
{
    for (unsigned i = 0; clients && i < clients->len; i++) {
        NetClient *nc = clients->pdata[i];

        if (g_str_equal(nc->name, name)) {
            return nc;
        }
    }
    return NULL;
}

NetClient *net_backend_find(const char *id)
{
    for (unsigned i = 0; clients && i < clients->len; i++) {
        NetClient *nc = clients->pdata[i];

        if (!nc->is_nic && g_str_equal(nc->name, id)) {
            return nc;
        }
    }
    return NULL;
}

void net_client_foreach(void (*fn)(NetClient *nc, void *opaque), void *opaque)
{
    for (unsigned i = 0; clients && i < clients->len; i++) {
        fn(clients->pdata[i], opaque);
    }
}

static NetClient *new_client(const NetClientOps *ops, void *opaque, const char *name)
{
    NetClient *nc = g_new0(NetClient, 1);

    nc->ops = ops;
    nc->opaque = opaque;
    nc->name = g_strdup(name);
    nc->info = g_strdup("");
    g_queue_init(&nc->kept);
    if (!clients) {
        clients = g_ptr_array_new();
    }
    g_ptr_array_add(clients, nc);
    return nc;
}

NetClient *net_backend_new(const NetClientOps *ops, void *opaque, const char *id, GError **errp)
{
    if (net_backend_find(id)) {
        error_setg(errp, "Duplicate ID '%s' for netdev", id);
        return NULL;
    }
    return new_client(ops, opaque, id);
}

static char *free_nic_name(const char *model)
{
    for (unsigned i = 0;; i++) {
        g_autofree char *name = g_strdup_printf("%s.%u", model, i);

        if (!net_client_find(name)) {
            return g_steal_pointer(&name);
        }
    }
}

NetClient *net_nic_new(const NetClientOps *ops, void *opaque, const char *model, const char *id,
                       const char *netdev, GError **errp)
{
    NetClient *backend = netdev ? net_backend_find(netdev) : NULL;
    g_autofree char *name = id ? g_strdup(id) : free_nic_name(model);
    NetClient *nc;

    if (netdev && !backend) {
        error_setg(errp, "Property '%s.netdev' can't find value '%s'", model, netdev);
        return NULL;
    }
    if (backend && backend->peer) {
        error_setg(errp, "Property '%s.netdev' can't take value '%s', it's in use", model, netdev);
        return NULL;
    }
    nc = new_client(ops, opaque, name);
    nc->is_nic = true;
    if (backend) {
        net_connect(nc, backend);
    }
    return nc;
}

void net_client_free(NetClient *nc)
{
    if (!nc) {
        return;
    }
    g_assert(!nc->receiving);
    disconnect(nc);
    while (nc->taps) {
        NetTap *tap = nc->taps->pdata[nc->taps->len - 1];

        net_client_remove_tap(nc, tap);
        tap->gone(tap);
    }
    g_ptr_array_remove(clients, nc);
    if (nc->ops->cleanup) {
        nc->ops->cleanup(nc);
    }
    g_free(nc->name);
    g_free(nc->info);
    g_free(nc);
}

void net_close_all(void)
{
    while (clients && clients->len) {
        net_client_free(clients->pdata[clients->len - 1]);
    }
    g_clear_pointer(&clients, g_ptr_array_unref);
    if (idle) {
        g_source_remove(idle);
        idle = 0;
    }
}

void *net_client_opaque(const NetClient *nc)
{
    return nc->opaque;
}

const char *net_client_name(const NetClient *nc)
{
    return nc->name;
}

const char *net_client_type(const NetClient *nc)
{
    return nc->is_nic ? "nic" : nc->ops->type;
}

NetClient *net_client_peer(const NetClient *nc)
{
    return nc->peer;
}

bool net_client_is_nic(const NetClient *nc)
{
    return nc->is_nic;
}

void net_client_set_info(NetClient *nc, const char *info)
{
    g_free(nc->info);
    nc->info = g_strdup(info);
}

void net_client_add_tap(NetClient *nc, NetTap *tap)
{
    if (!nc->taps) {
        nc->taps = g_ptr_array_new();
    }
    g_ptr_array_add(nc->taps, tap);
}

void net_client_remove_tap(NetClient *nc, NetTap *tap)
{
    if (nc->taps && g_ptr_array_remove(nc->taps, tap) && nc->taps->len == 0) {
        g_clear_pointer(&nc->taps, g_ptr_array_unref);
    }
}

/* ---------------------------------------------------------------------- the program around -- */

void net_set_host(const NetHost *new_host)
{
    host = new_host;
}

int64_t net_clock_ns(void)
{
    return host && host->clock_ns ? host->clock_ns() : g_get_monotonic_time() * 1000;
}

void net_guest_error(const char *text)
{
    if (host && host->guest_error) {
        host->guest_error(text);
    }
}

void net_set_monitor(const NetMonitor *new_monitor)
{
    monitor = new_monitor;
}

const NetMonitor *net_monitor(void)
{
    return monitor;
}

void net_rx_filter_changed(NetClient *nc)
{
    if (!nc->filter_event_sent && monitor && monitor->rx_filter_changed) {
        nc->filter_event_sent = true;
        monitor->rx_filter_changed(nc);
    }
}

bool net_rx_filter_query(NetClient *nc, NetRxFilter *filter)
{
    if (!nc->ops->rx_filter) {
        return false;
    }
    *filter = (NetRxFilter){
        .unicast_table = g_array_new(FALSE, FALSE, 6),
        .multicast_table = g_array_new(FALSE, FALSE, 6),
        .vlan_table = g_array_new(FALSE, FALSE, sizeof(uint16_t)),
    };
    nc->ops->rx_filter(nc, filter);
    nc->filter_event_sent = false;
    return true;
}

void net_rx_filter_clear(NetRxFilter *filter)
{
    g_clear_pointer(&filter->unicast_table, g_array_unref);
    g_clear_pointer(&filter->multicast_table, g_array_unref);
    g_clear_pointer(&filter->vlan_table, g_array_unref);
}

void net_print_client(GString *out, const char *prefix, const NetClient *nc)
{
    g_string_append_printf(out, "%s%s: index=0,type=%s,%s\n", prefix, nc->name, net_client_type(nc),
                           nc->info);
}

void net_print_info(GString *out)
{
    net_hub_print_info(out);
    for (unsigned i = 0; clients && i < clients->len; i++) {
        const NetClient *nc = clients->pdata[i];

        if (net_is_hub_port(nc) || (nc->peer && net_is_hub_port(nc->peer))) {
            continue; /* it is shown with its hub */
        }
        if (nc->is_nic || !nc->peer) {
            net_print_client(out, "", nc);
        }
        if (nc->is_nic && nc->peer) {
            net_print_client(out, " \\ ", nc->peer);
        }
    }
}
