/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QMP commands for networks and for the objects that users create.
 */
#include <string.h>
#include <unistd.h>

#include "backends/netdev.h"
#include "backends/sockets.h"
#include "hw/core/device.h"
#include "objects.h"
#include "option-json.h"
#include "qmp-commands.h"
#include "qom.h"
#include "system/qmp.h"

/* ------------------------------------------------------------------- netdev_add, netdev_del -- */

static const QmpType string_box = QMP_STRUCT(QMP_MUST("str", qmp_str));
static const QmpType string_boxes = QMP_LIST(string_box);

static const QmpType address_kind = QMP_ENUM("inet", "unix", "fd");
static const QmpVariant address_variants[] = {
    {"inet", QMP_MEMBERS(QMP_MUST("host", qmp_str), QMP_MUST("port", qmp_str),
                         QMP_MAY("ipv4", qmp_bool), QMP_MAY("ipv6", qmp_bool))},
    {"unix", QMP_MEMBERS(QMP_MUST("path", qmp_str))},
    {"fd", QMP_MEMBERS(QMP_MUST("str", qmp_str))},
    {}};
static const QmpType address = {.kind = QMP_KIND_OBJECT,
                                .members = QMP_MEMBERS(QMP_MUST("type", address_kind)),
                                .variants = address_variants};

static const QmpType netdev_kind = QMP_ENUM("user", "tap", "socket", "stream", "dgram", "hubport");
static const QmpVariant netdev_variants[] = {
    {"user",
     QMP_MEMBERS(QMP_MAY("hostname", qmp_str), QMP_MAY("restrict", qmp_bool),
                 QMP_MAY("ipv4", qmp_bool), QMP_MAY("ipv6", qmp_bool), QMP_MAY("net", qmp_str),
                 QMP_MAY("host", qmp_str), QMP_MAY("tftp", qmp_str), QMP_MAY("bootfile", qmp_str),
                 QMP_MAY("dhcpstart", qmp_str), QMP_MAY("dns", qmp_str),
                 QMP_MAY("dnssearch", string_boxes), QMP_MAY("domainname", qmp_str),
                 QMP_MAY("ipv6-prefix", qmp_str), QMP_MAY("ipv6-prefixlen", qmp_uint),
                 QMP_MAY("ipv6-host", qmp_str), QMP_MAY("ipv6-dns", qmp_str),
                 QMP_MAY("hostfwd", string_boxes), QMP_MAY("guestfwd", string_boxes),
                 QMP_MAY("tftp-server-name", qmp_str))},
    {"tap",
     QMP_MEMBERS(QMP_MAY("ifname", qmp_str), QMP_MAY("fd", qmp_str), QMP_MAY("script", qmp_str),
                 QMP_MAY("downscript", qmp_str), QMP_MAY("sndbuf", qmp_uint))},
    {"socket", QMP_MEMBERS(QMP_MAY("fd", qmp_str), QMP_MAY("listen", qmp_str),
                           QMP_MAY("connect", qmp_str), QMP_MAY("mcast", qmp_str),
                           QMP_MAY("localaddr", qmp_str), QMP_MAY("udp", qmp_str))},
    {"stream", QMP_MEMBERS(QMP_MUST("addr", address), QMP_MAY("server", qmp_bool),
                           QMP_MAY("reconnect", qmp_uint), QMP_MAY("reconnect-ms", qmp_uint))},
    {"dgram", QMP_MEMBERS(QMP_MAY("local", address), QMP_MAY("remote", address))},
    {"hubport", QMP_MEMBERS(QMP_MUST("hubid", qmp_uint), QMP_MAY("netdev", qmp_str))},
    {}};
static const QmpType netdev = {
    .kind = QMP_KIND_OBJECT,
    .members = QMP_MEMBERS(QMP_MUST("type", netdev_kind), QMP_MUST("id", qmp_str)),
    .variants = netdev_variants};

/*
 * Where an option is the name of a descriptor that the client has sent, put its number. Returns the
 * descriptor, which the session no longer has, or -1 if none is named.
 */
static int take_named_fd(QmpSession *session, Opts *opts, GError **errp)
{
    static const char *const keys[] = {"fd", "addr.str", "local.str"};

    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
        const char *name = opts_get(opts, keys[i]);
        g_autofree char *number = NULL;
        int fd;

        if (!name || g_ascii_isdigit(*name)) {
            continue;
        }
        fd = qmp_session_use_fd(session, name);
        if (fd < 0) {
            error_setg(errp, "File descriptor named '%s' has not been found", name);
            return -1;
        }
        number = g_strdup_printf("%d", fd);
        opts_set(opts, keys[i], number);
        return fd;
    }
    return -1;
}

static json_t *netdev_add(QmpSession *session, json_t *args, GError **errp)
{
    g_autoptr(Opts) opts = option_json_opts(args, errp);
    g_autoptr(GError) err = NULL;
    int fd;

    if (!opts) {
        return NULL;
    }
    fd = take_named_fd(session, opts, &err);
    if (!err && !netdev_new(opts, &err) && fd >= 0) {
        close(fd);
    }
    if (err) {
        g_propagate_error(errp, g_steal_pointer(&err));
    }
    return NULL;
}

static bool not_found(const char *id, GError **errp)
{
    qmp_error_setg(errp, QMP_ERROR_DEVICE_NOT_FOUND, "Device '%s' not found", id);
    return false;
}

static json_t *del_netdev(QmpSession *session, json_t *args, GError **errp)
{
    const char *id = qmp_get_str(args, "id");

    if (!netdev_del(id, NULL)) {
        not_found(id, errp);
    }
    return NULL;
}

static json_t *set_link(QmpSession *session, json_t *args, GError **errp)
{
    const char *name = qmp_get_str(args, "name");

    if (!net_set_link(name, qmp_get_bool(args, "up", true), NULL)) {
        not_found(name, errp);
    }
    return NULL;
}

/* ------------------------------------------------------------------------- query-rx-filter -- */

static const QmpType rx_state = QMP_ENUM("normal", "none", "all");
static const QmpType vlan_table = QMP_LIST(qmp_int);
static const QmpType mac_table = QMP_LIST(qmp_str);
static const QmpType rx_filter =
    QMP_STRUCT(QMP_MUST("name", qmp_str), QMP_MUST("promiscuous", qmp_bool),
               QMP_MUST("multicast", rx_state), QMP_MUST("unicast", rx_state),
               QMP_MUST("vlan", rx_state), QMP_MUST("broadcast-allowed", qmp_bool),
               QMP_MUST("multicast-overflow", qmp_bool), QMP_MUST("unicast-overflow", qmp_bool),
               QMP_MUST("main-mac", qmp_str), QMP_MUST("vlan-table", vlan_table),
               QMP_MUST("unicast-table", mac_table), QMP_MUST("multicast-table", mac_table));
static const QmpType rx_filters = QMP_LIST(rx_filter);

static const char *mode_name(NetRxMode mode)
{
    return mode == NET_RX_NONE ? "none" : mode == NET_RX_ALL ? "all" : "normal";
}

static json_t *mac_json(const uint8_t *a)
{
    g_autofree char *text =
        g_strdup_printf("%02x:%02x:%02x:%02x:%02x:%02x", a[0], a[1], a[2], a[3], a[4], a[5]);

    return json_string(text);
}

static json_t *macs_json(const GArray *table)
{
    json_t *list = json_array();

    for (unsigned i = 0; i < table->len; i++) {
        json_array_append_new(list, mac_json((const uint8_t *)table->data + i * 6));
    }
    return list;
}

static json_t *vlans_json(const GArray *table)
{
    json_t *list = json_array();

    for (unsigned i = 0; i < table->len; i++) {
        json_array_append_new(list, json_integer(g_array_index(table, uint16_t, i)));
    }
    return list;
}

static json_t *rx_filter_json(NetClient *nc)
{
    NetRxFilter f;
    json_t *reply;

    if (!net_rx_filter_query(nc, &f)) {
        return NULL;
    }
    reply = json_pack(
        "{s:s, s:b, s:s, s:s, s:s, s:b, s:b, s:b, s:o, s:o, s:o, s:o}", "name", net_client_name(nc),
        "promiscuous", f.promiscuous, "multicast", mode_name(f.multicast), "unicast",
        mode_name(f.unicast), "vlan", mode_name(f.vlan), "broadcast-allowed", f.broadcast_allowed,
        "multicast-overflow", f.multicast_overflow, "unicast-overflow", f.unicast_overflow,
        "main-mac", mac_json(f.main_mac), "vlan-table", vlans_json(f.vlan_table), "unicast-table",
        macs_json(f.unicast_table), "multicast-table", macs_json(f.multicast_table));
    net_rx_filter_clear(&f);
    return reply;
}

typedef struct RxFilterQuery {
    const char *name; /* NULL: all */
    NetClient *named; /* what has the name, a card if there is one */
    json_t *list;
} RxFilterQuery;

static void query_client(NetClient *nc, void *opaque)
{
    RxFilterQuery *query = opaque;
    bool wanted = !query->name || g_str_equal(net_client_name(nc), query->name);

    if (wanted && (!query->named || net_client_is_nic(nc))) {
        query->named = nc;
    }
    if (wanted && net_client_is_nic(nc)) {
        json_t *reply = rx_filter_json(nc);

        if (reply) {
            json_array_append_new(query->list, reply);
        }
    }
}

static json_t *query_rx_filter(QmpSession *session, json_t *args, GError **errp)
{
    RxFilterQuery query = {.name = qmp_get_str(args, "name"), .list = json_array()};

    net_client_foreach(query_client, &query);
    if (query.name && json_array_size(query.list) == 0) {
        if (!query.named) {
            error_setg(errp, "invalid net client name: %s", query.name);
        } else if (!net_client_is_nic(query.named)) {
            error_setg(errp, "net client(%s) isn't a NIC", query.name);
        } else {
            error_setg(errp, "net client(%s) doesn't support rx-filter querying", query.name);
        }
        json_decref(query.list);
        return NULL;
    }
    return query.list;
}

/* --------------------------------------------------------------------------------- events -- */

static json_t *address_json(const SocketAddress *from)
{
    g_autofree char *text = socket_address_text(from);
    g_autofree char *host = NULL;
    g_autofree char *port = NULL;

    if (!from->len || from->any.sa_family == AF_UNIX) {
        return json_pack("{s:s, s:s}", "type", "unix", "path", text);
    }
    socket_split(text, &host, &port);
    return json_pack("{s:s, s:s, s:s}", "type", "inet", "host", host, "port", port);
}

static void on_stream_connected(NetClient *nc, const SocketAddress *from)
{
    qmp_event("NETDEV_STREAM_CONNECTED", json_pack("{s:s, s:o}", "netdev-id", net_client_name(nc),
                                                   "addr", address_json(from)));
}

static void on_stream_disconnected(NetClient *nc)
{
    qmp_event("NETDEV_STREAM_DISCONNECTED", json_pack("{s:s}", "netdev-id", net_client_name(nc)));
}

static void on_rx_filter_changed(NetClient *nc)
{
    g_autofree char *path = qom_device_path(net_client_opaque(nc));

    qmp_event("NIC_RX_FILTER_CHANGED",
              json_pack("{s:s, s:s}", "name", net_client_name(nc), "path", path));
}

void qmp_net_events_init(void)
{
    static const NetMonitor monitor = {
        .rx_filter_changed = on_rx_filter_changed,
        .stream_connected = on_stream_connected,
        .stream_disconnected = on_stream_disconnected,
    };

    net_set_monitor(&monitor);
}

const QmpMember qmp_rx_filter_changed_data[] = {
    QMP_MAY("name", qmp_str), QMP_MUST("path", qmp_str), {}};
const QmpMember qmp_stream_connected_data[] = {
    QMP_MUST("netdev-id", qmp_str), QMP_MUST("addr", address), {}};
const QmpMember qmp_stream_disconnected_data[] = {QMP_MUST("netdev-id", qmp_str), {}};

/* -------------------------------------------------------------------------------- objects -- */

static const QmpType object_kind = QMP_ENUM("filter-dump", "monitor-qmp");
static const QmpVariant object_variants[] = {
    {"filter-dump", QMP_MEMBERS(QMP_MUST("netdev", qmp_str), QMP_MUST("file", qmp_str),
                                QMP_MAY("maxlen", qmp_uint))},
    {"monitor-qmp", QMP_MEMBERS(QMP_MUST("chardev", qmp_str), QMP_MAY("pretty", qmp_bool))},
    {}};
static const QmpType object_options = {
    .kind = QMP_KIND_OBJECT,
    .members = QMP_MEMBERS(QMP_MUST("qom-type", object_kind), QMP_MUST("id", qmp_str)),
    .variants = object_variants};

static json_t *add_object(QmpSession *session, json_t *args, GError **errp)
{
    g_autoptr(Opts) opts = option_json_opts(args, errp);

    if (opts) {
        object_add(opts, errp);
    }
    return NULL;
}

static json_t *del_object(QmpSession *session, json_t *args, GError **errp)
{
    object_del(qmp_get_str(args, "id"), errp);
    return NULL;
}

const QmpCommand qmp_net_commands[] = {
    {.name = "netdev_add", .union_args = &netdev, .run = netdev_add},
    {.name = "netdev_del", .args = QMP_MEMBERS(QMP_MUST("id", qmp_str)), .run = del_netdev},
    {.name = "set_link",
     .args = QMP_MEMBERS(QMP_MUST("name", qmp_str), QMP_MUST("up", qmp_bool)),
     .run = set_link},
    {.name = "query-rx-filter",
     .args = QMP_MEMBERS(QMP_MAY("name", qmp_str)),
     .returns = &rx_filters,
     .run = query_rx_filter},
    {.name = "object-add", .union_args = &object_options, .run = add_object},
    {.name = "object-del", .args = QMP_MEMBERS(QMP_MUST("id", qmp_str)), .run = del_object},
    {}};
