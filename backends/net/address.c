/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses in the options of networks.
 */
#include <fcntl.h>
#include <stdlib.h>

#include "error.h"
#include "internal.h"

bool net_parse_fd(const char *key, const char *text, int *fd, GError **errp)
{
    guint64 number;

    if (!g_ascii_string_to_unsigned(text, 10, 0, INT32_MAX, &number, NULL) ||
        fcntl(number, F_GETFD) < 0) {
        error_setg(errp, "Parameter '%s': '%s' is not the number of an open file descriptor", key,
                   text);
        return false;
    }
    *fd = number;
    return true;
}

GArray *net_resolve(const char *key, const char *text, int type, bool ipv4, bool server,
                    GError **errp)
{
    g_autofree char *host = NULL;
    g_autofree char *port = NULL;
    GArray *addresses;

    if (!socket_split(text, &host, &port) || !*port) {
        error_setg(errp, "Parameter '%s' expects HOST:PORT, not '%s'", key, text);
        return NULL;
    }
    addresses = socket_resolve(host, port, type, ipv4 ? AF_INET : AF_UNSPEC, server, errp);
    if (!addresses) {
        g_prefix_error(errp, "Parameter '%s': ", key);
    }
    return addresses;
}

static const char *get(Opts *opts, const char *prefix, const char *key)
{
    g_autofree char *name = g_strconcat(prefix, ".", key, NULL);

    return opts_get(opts, name);
}

static const char *must_get(Opts *opts, const char *prefix, const char *key, GError **errp)
{
    const char *value = get(opts, prefix, key);

    if (!value) {
        error_setg(errp, "Parameter '%s.%s' is missing", prefix, key);
    }
    return value;
}

static bool get_family(Opts *opts, const char *prefix, int *family, GError **errp)
{
    g_autofree char *key4 = g_strconcat(prefix, ".ipv4", NULL);
    g_autofree char *key6 = g_strconcat(prefix, ".ipv6", NULL);
    bool ipv4 = !opts_has(opts, key6);
    bool ipv6 = !opts_has(opts, key4);

    if (!opts_get_bool(opts, key4, &ipv4, errp) || !opts_get_bool(opts, key6, &ipv6, errp)) {
        return false;
    }
    *family = ipv4 == ipv6 ? AF_UNSPEC : ipv4 ? AF_INET : AF_INET6;
    return true;
}

static bool parse_inet(NetAddress *address, Opts *opts, const char *prefix, int type, bool server,
                       GError **errp)
{
    const char *host = must_get(opts, prefix, "host", errp);
    const char *port = host ? must_get(opts, prefix, "port", errp) : NULL;
    int family;

    if (!port || !get_family(opts, prefix, &family, errp)) {
        return false;
    }
    address->addresses = socket_resolve(host, port, type, family, server, errp);
    address->name = g_strdup_printf(strchr(host, ':') ? "%s:[%s]:%s" : "%s:%s:%s",
                                    type == SOCK_STREAM ? "tcp" : "udp", host, port);
    return address->addresses != NULL;
}

static bool parse_unix(NetAddress *address, Opts *opts, const char *prefix, GError **errp)
{
    const char *path = must_get(opts, prefix, "path", errp);
    SocketAddress un;

    if (!path || !socket_unix_address(&un, path, errp)) {
        return false;
    }
    address->addresses = g_array_new(FALSE, FALSE, sizeof(SocketAddress));
    g_array_append_val(address->addresses, un);
    address->name = g_strconcat("unix:", path, NULL);
    return true;
}

static bool parse_fd(NetAddress *address, Opts *opts, const char *prefix, GError **errp)
{
    g_autofree char *key = g_strconcat(prefix, ".str", NULL);
    const char *text = must_get(opts, prefix, "str", errp);

    if (!text || !net_parse_fd(key, text, &address->fd, errp)) {
        return false;
    }
    address->name = g_strconcat("fd:", text, NULL);
    return true;
}

bool net_address_parse(NetAddress *address, Opts *opts, const char *prefix, int type, bool server,
                       GError **errp)
{
    const char *kind = get(opts, prefix, "type");

    if (!kind) {
        return true;
    }
    if (g_str_equal(kind, "inet")) {
        return parse_inet(address, opts, prefix, type, server, errp);
    }
    if (g_str_equal(kind, "unix")) {
        return parse_unix(address, opts, prefix, errp);
    }
    if (g_str_equal(kind, "fd")) {
        return parse_fd(address, opts, prefix, errp);
    }
    error_setg(errp, "Parameter '%s.type' does not accept value '%s': inet, unix or fd", prefix,
               kind);
    return false;
}

void net_address_clear(NetAddress *address)
{
    g_clear_pointer(&address->addresses, g_array_unref);
    g_clear_pointer(&address->name, g_free);
    address->fd = -1;
}
