/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Network backends: the table of their kinds, and making one from options.
 */
#include <string.h>

#include "backends/parse.h"
#include "error.h"
#include "internal.h"

static const NetdevKind *const kinds[] = {
    &netdev_user, &netdev_tap, &netdev_socket, &netdev_stream, &netdev_dgram, &netdev_hubport,
};

static const NetdevKind *find_kind(const char *type)
{
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (g_str_equal(kinds[i]->ops.type, type)) {
            return kinds[i];
        }
    }
    return NULL;
}

/* Options of QEMU's that we have not, with what to do instead. */
static const struct {
    const char *type, *key, *remedy;
} refused[] = {
    {"user", "smb", "serve the files by other means, as tftp="},
    {"user", "smbserver", "serve the files by other means, as tftp="},
    {"tap", "vhost", "leave it out"},
    {"tap", "vhostfd", "leave it out"},
    {"tap", "vhostfds", "leave it out"},
    {"tap", "vhostforce", "leave it out"},
    {"tap", "fds", "a card has one queue: use fd="},
    {"tap", "queues", "a card has one queue: leave it out"},
    {"tap", "br", "make the interface with 'ip tuntap' and 'ip link set master', and use ifname="},
    {"tap", "helper", "make the interface with 'ip tuntap', and use ifname="},
    {"tap", "vnet_hdr", "leave it out"},
};

/* Whether the kind knows the key: asked before anything is opened. */
static bool check_key(const char *key, const char *value, void *opaque, GError **errp)
{
    static const char *const common[] = {"type", "id", NULL};
    const NetdevKind *kind = opaque;

    if (g_strv_contains(common, key) || g_strv_contains(kind->keys, key)) {
        return true;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(refused); i++) {
        if (g_str_equal(kind->ops.type, refused[i].type) && g_str_equal(key, refused[i].key)) {
            error_setg(errp, "'%s' is not supported: %s", key, refused[i].remedy);
            return false;
        }
    }
    error_setg(errp, "Invalid parameter '%s'", key);
    return false;
}

NetClient *netdev_new(Opts *opts, GError **errp)
{
    const char *type = opts_get(opts, "type");
    const char *id = opts_get(opts, "id");
    const NetdevKind *kind;
    NetClient *nc;

    if (!type) {
        error_setg(errp, "Parameter 'type' is missing");
        return NULL;
    }
    kind = find_kind(type);
    if (!kind) {
        error_setg(errp, "'%s' is not a valid netdev type: -netdev help lists them", type);
        return NULL;
    }
    if (!id) {
        error_setg(errp, "Parameter 'id' is missing");
        return NULL;
    }
    if (id[0] != '#' && !parse_id("id", id, errp)) { /* '#' begins those that we make up */
        return NULL;
    }
    if (!opts_foreach(opts, check_key, (void *)kind, errp)) {
        return NULL;
    }
    nc = net_backend_new(&kind->ops, NULL, id, errp);
    if (!nc) {
        return NULL;
    }
    nc->deletable = true;
    if (!kind->open(nc, opts, errp)) {
        net_client_free(nc);
        return NULL;
    }
    return nc;
}

bool netdev_del(const char *id, GError **errp)
{
    NetClient *nc = net_backend_find(id);

    if (!nc || !nc->deletable) {
        error_setg(errp, "Device '%s' not found", id);
        return false;
    }
    net_client_free(nc);
    return true;
}

void netdev_print_help(GString *out)
{
    g_string_append(out, "Available netdev backend types:\n");
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        g_string_append_printf(out, "  %-8s %s\n", kinds[i]->ops.type, kinds[i]->help);
    }
}
