/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Networks as the command line and the monitors see them; cards see backends/net.h.
 *
 * All functions are called with the machine lock held, and so are the handlers.
 */
#ifndef LIGNITE_BACKENDS_NETDEV_H
#define LIGNITE_BACKENDS_NETDEV_H

#include "backends/net.h"

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

/* Append the text of `info network`. */
void net_print_info(GString *out);

/* Free all ends that are left: at the end of the process. */
void net_close_all(void);

#endif
