/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of networks share.
 */
#ifndef LIGNITE_BACKENDS_NET_INTERNAL_H
#define LIGNITE_BACKENDS_NET_INTERNAL_H

#include "backends/netdev.h"

/* What is kept for one end that has no room. */
#define NET_QUEUE_FRAMES 1024
#define NET_QUEUE_BYTES  (4 * 1024 * 1024)

struct NetClient {
    const NetClientOps *ops;
    void *opaque;
    char *name;
    char *info;
    bool is_nic;
    NetClient *peer;
    bool unplugged; /* by set_link */

    GQueue kept;       /* GBytes: frames that this end did not take yet, oldest first */
    size_t kept_bytes; /* of all of them */
    uint64_t dropped;  /* frames that found no room there */
    bool full;         /* this end returned false, and has not said receive_ready() since */
    bool receiving;    /* it is inside its receive() */
    bool sender_waits; /* its peer was told to hold back */

    bool filter_event_sent;
    GPtrArray *taps; /* NetTap; NULL: none */
};

/* Make two ends that have no peer each other's. */
void net_connect(NetClient *a, NetClient *b);

#endif
