/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Networks as the command line and the monitors see them; cards see backends/net.h.
 *
 * All functions are called with the machine lock held, and so are the handlers.
 */
#ifndef LIGNITE_BACKENDS_NETDEV_H
#define LIGNITE_BACKENDS_NETDEV_H

#include "backends/net.h"
#include "backends/opts.h"

struct SocketAddress;

/*
 * Make a backend from -netdev options ("user,id=n0,hostfwd=..."): `type` and `id` are among them.
 * Kinds: user, tap, socket, stream, dgram, hubport. It may resolve names, and run a script.
 */
NetClient *netdev_new(Opts *opts, GError **errp);

/* Free a backend that netdev_new() made. Fails when there is none of that id. */
bool netdev_del(const char *id, GError **errp);

/* What networks need of the program around them. */
typedef struct NetHost {
    int64_t (*clock_ns)(void);             /* the guest's time; NULL: the host's, without stops */
    void (*guest_error)(const char *text); /* log a mistake of the guest's; NULL: don't */
} NetHost;
void net_set_host(const NetHost *host);

/*
 * Forward a port of the host to the guest, as hostfwd= does ("tcp::5555-:22"), and end that
 * ("tcp::5555"). `id` is that of a user network, NULL for the oldest.
 */
bool net_user_add_hostfwd(const char *id, const char *rule, GError **errp);
bool net_user_remove_hostfwd(const char *id, const char *rule, GError **errp);

/* Append the text of `info usernet`. */
void net_user_print_info(GString *out);

/* Append the text of `-netdev help`. */
void netdev_print_help(GString *out);

/*
 * The oldest end of a name, the backend of an id (a card may have the same), and every end, oldest
 * first. `fn` must not free any.
 */
NetClient *net_client_find(const char *name);
NetClient *net_backend_find(const char *id);
void net_client_foreach(void (*fn)(NetClient *nc, void *opaque), void *opaque);
bool net_client_is_nic(const NetClient *nc);

/* Plug and pull the cable at the end called `name`. Fails when there is none. */
bool net_set_link(const char *name, bool up, GError **errp);

/*
 * Whether the machine runs; at first it does. While it is stopped, frames for cards are kept as if
 * the card had no room.
 */
void net_set_running(bool running);
bool net_running(void);

/* The card's filter, into `filter`; net_rx_filter_clear() frees its arrays. False if it has none.
 */
bool net_rx_filter_query(NetClient *nc, NetRxFilter *filter);
void net_rx_filter_clear(NetRxFilter *filter);

/* What the monitor hears. Any function may be NULL. */
typedef struct NetMonitor {
    /* Once, until net_rx_filter_query() is called for the card. */
    void (*rx_filter_changed)(NetClient *nc);
    /* The peer of a stream came, from `address`; and went. */
    void (*stream_connected)(NetClient *nc, const struct SocketAddress *address);
    void (*stream_disconnected)(NetClient *nc);
} NetMonitor;
void net_set_monitor(const NetMonitor *monitor);

/* Somebody who listens on the cable: sees each frame once, as it is sent, from either end. */
typedef enum NetDirection { NET_FROM_CLIENT, NET_TO_CLIENT } NetDirection;
typedef struct NetTap {
    void (*frame)(struct NetTap *tap, NetDirection direction, const uint8_t *frame, size_t len);
    void (*gone)(struct NetTap *tap); /* the end is freed, and the tap taken off it before */
} NetTap;
void net_client_add_tap(NetClient *nc, NetTap *tap);
void net_client_remove_tap(NetClient *nc, NetTap *tap);

/*
 * Write the frames of the backend `netdev` to a pcap file, each cut to `maxlen` bytes: -object
 * filter-dump. It may outlive the backend.
 */
#define NET_DUMP_MAXLEN 65536 /* unless the user says otherwise */
typedef struct NetDump NetDump;
NetDump *net_dump_new(const char *netdev, const char *file, uint32_t maxlen, GError **errp);
void net_dump_free(NetDump *dump); /* NULL is allowed */

/* Append the text of `info network`. */
void net_print_info(GString *out);

/* Free all ends that are left: at the end of the process. */
void net_close_all(void);

#endif
