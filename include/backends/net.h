/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Networks: Ethernet frames between a card and what is at the other end of its cable.
 *
 * Each end is a NetClient: a card makes one when it is realized, `-netdev` makes the others. Two
 * ends that are each other's peer form the cable. A frame is the bytes from the destination address
 * to the end of the payload: no preamble, no frame check sequence, no minimum length.
 *
 * All functions are called with the machine lock held, and so are the handlers; none of them blocks.
 */
#ifndef LIGNITE_BACKENDS_NET_H
#define LIGNITE_BACKENDS_NET_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NET_FRAME_MAX 65550 /* bytes of the longest frame that anybody may send */

typedef struct NetClient NetClient;

/* Which frames a card lets in, for query-rx-filter; lists are sorted as the card has them. */
typedef enum NetRxMode { NET_RX_NONE, NET_RX_NORMAL, NET_RX_ALL } NetRxMode;
typedef struct NetRxFilter {
    bool promiscuous;
    bool broadcast_allowed;
    bool unicast_overflow;
    bool multicast_overflow; /* more addresses than a list holds, or a hash: it lets others in too */
    NetRxMode unicast, multicast, vlan;
    uint8_t main_mac[6];
    GArray *unicast_table;   /* uint8_t[6] */
    GArray *multicast_table; /* uint8_t[6] */
    GArray *vlan_table;      /* uint16_t */
} NetRxFilter;

/* One kind of end. Any function may be NULL. */
typedef struct NetClientOps {
    const char *type; /* of a backend: "user", "tap"...; a card's is "nic", whatever it says here */
    /*
     * A frame from the peer, valid during the call. True: it was taken, or is not wanted. False: no
     * room for it; it and those behind it are kept (up to a bound, then dropped and counted) until
     * net_client_receive_ready(). Without the function all frames are dropped. It may be called
     * while this end is inside its own net_send() (the answer comes at once), but never inside
     * another call of itself, and for a card never while the machine is stopped.
     */
    bool (*receive)(NetClient *nc, const uint8_t *frame, size_t len);
    /* net_send() returned false; the peer takes more now. */
    void (*send_ready)(NetClient *nc);
    /* net_link_up() has changed: by set_link, or because a peer came or went. */
    void (*link_changed)(NetClient *nc);
    /* The card's filter, into a zeroed struct whose arrays exist. */
    void (*rx_filter)(NetClient *nc, NetRxFilter *filter);
    /* Let go of what `opaque` owns; the last call. For backends: a card frees itself. */
    void (*cleanup)(NetClient *nc);
} NetClientOps;

/*
 * A card's end; `opaque` is its Device. `model` is the device's class name, `id` the device's id or
 * NULL (the name is then made up, as "e1000.0"), `netdev` the id of the backend at the other end or
 * NULL for none. Fails when there is no such backend, or it has a card already.
 */
NetClient *net_nic_new(const NetClientOps *ops, void *opaque, const char *model, const char *id,
                       const char *netdev, GError **errp);

/* A backend's end, not connected yet; `id` is its name. Fails when the name is taken. */
NetClient *net_backend_new(const NetClientOps *ops, void *opaque, const char *id, GError **errp);

/* Free an end; its peer sees the link go down. NULL is allowed. Not from within its own handlers. */
void net_client_free(NetClient *nc);

void *net_client_opaque(const NetClient *nc);
const char *net_client_name(const NetClient *nc);
const char *net_client_type(const NetClient *nc);
NetClient *net_client_peer(const NetClient *nc); /* NULL if there is none */

/* The line that `info network` shows behind the name, as "model=e1000,macaddr=52:54:00:12:34:56". */
void net_client_set_info(NetClient *nc, const char *info);

/*
 * Give a frame of 1..NET_FRAME_MAX bytes (asserted) to the peer. True: go on. False: the frame was
 * kept or dropped, but the peer has no room: hold back until send_ready(). A card may go on all the
 * same. Where the link is down or there is no peer the frame vanishes, and true is returned.
 */
bool net_send(NetClient *nc, const uint8_t *frame, size_t len);

/* This end takes frames again: what was kept for it comes now, before this returns. */
void net_client_receive_ready(NetClient *nc);

/* Forget what was kept for this end: at its reset. It still owes a net_client_receive_ready(). */
void net_client_purge(NetClient *nc);

/* Whether there is a peer, and neither end's cable was pulled (set_link). */
bool net_link_up(const NetClient *nc);

/* The card's filter changed: NIC_RX_FILTER_CHANGED, once until query-rx-filter asks for this card. */
void net_rx_filter_changed(NetClient *nc);

#endif
