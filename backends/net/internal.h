/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of networks share.
 */
#ifndef LIGNITE_BACKENDS_NET_INTERNAL_H
#define LIGNITE_BACKENDS_NET_INTERNAL_H

#include "backends/netdev.h"
#include "backends/sockets.h"

/* What is kept for one end that has no room. */
#define NET_QUEUE_FRAMES 1024
#define NET_QUEUE_BYTES  (4 * 1024 * 1024)

struct NetClient {
    const NetClientOps *ops;
    void *opaque;
    char *name;
    char *info;
    bool is_nic;
    bool deletable; /* by netdev_del */
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

/* What the monitor hears, or NULL. */
const NetMonitor *net_monitor(void);

/*
 * A kind of backend: a row of the table in netdev.c. `open` sets nc->opaque, and returns false with
 * an error; ops.cleanup frees it, also when it is NULL or half-made.
 */
typedef struct NetdevKind {
    NetClientOps ops;
    const char *help;
    const char *const *keys; /* of its options but type and id; NULL-terminated */
    bool (*open)(NetClient *nc, Opts *opts, GError **errp);
} NetdevKind;

extern const NetdevKind netdev_user, netdev_tap, netdev_socket, netdev_stream, netdev_dgram,
    netdev_hubport;

/* hub.c: append the hubs, their ports and what is at them. */
void net_hub_print_info(GString *out);
bool net_is_hub_port(const NetClient *nc);
/* net.c: append the line of one end. */
void net_print_client(GString *out, const char *prefix, const NetClient *nc);

/* The guest's time; and what the guest did wrong, for the log. */
int64_t net_clock_ns(void);
void net_guest_error(const char *text);

/* --------------------------------------------------------------------------- address.c -- */

/* What "PREFIX.type=inet|unix|fd,PREFIX.host=..." says. */
typedef struct NetAddress {
    GArray *addresses; /* SocketAddress; NULL: it is a descriptor, or was not given */
    int fd;            /* -1: none */
    char *name;        /* as people write it: "tcp:HOST:PORT", "unix:PATH", "fd:N" */
} NetAddress;

#define NET_ADDRESS_NONE                                                                           \
    {                                                                                              \
        .fd = -1                                                                                   \
    }
#define NET_ADDRESS_KEYS(prefix)                                                                   \
    prefix ".type", prefix ".host", prefix ".port", prefix ".path", prefix ".str", prefix ".ipv4", \
        prefix ".ipv6"

/* `type` as for socket_resolve(). Leaves `address` as it was when "PREFIX.type" is not there. */
bool net_address_parse(NetAddress *address, Opts *opts, const char *prefix, int type, bool server,
                       GError **errp);
void net_address_clear(NetAddress *address);

/* "HOST:PORT" of the option `key`; an IPv4 address alone if `ipv4`. NULL when it fails. */
GArray *net_resolve(const char *key, const char *text, int type, bool ipv4, bool server,
                    GError **errp);

/* The number of a descriptor that is open. */
bool net_parse_fd(const char *key, const char *text, int *fd, GError **errp);

/* -------------------------------------------------------------------------------- fd.c -- */

/* A descriptor that the main loop watches. */
typedef struct NetFd {
    NetClient *nc;
    int fd; /* -1: none */
    GSource *in, *out;
    GIOCondition in_for;
    void (*readable)(NetClient *nc);
    void (*writable)(NetClient *nc);
} NetFd;

void net_fd_init(NetFd *nfd, NetClient *nc, void (*readable)(NetClient *nc),
                 void (*writable)(NetClient *nc));
void net_fd_set(NetFd *nfd, int fd); /* takes it over, and makes it non-blocking */
/* Call readable() on any of the conditions, from now on; 0: don't. */
void net_fd_watch_in(NetFd *nfd, GIOCondition conditions);
void net_fd_watch_out(NetFd *nfd, bool on);
void net_fd_close(NetFd *nfd);

/* --------------------------------------------------------------------------- packets.c -- */

/* A descriptor where each read() is a frame, and each write(). Starts the state of a backend. */
typedef struct NetPackets {
    NetFd fd;
    bool is_socket;
    SocketAddress dest; /* where frames go; without one, the descriptor knows */
    int out;            /* -1: the same descriptor */
    SocketAddress self; /* frames from there are our own; none if without */
    bool held_back;     /* the peer has no room */
    bool gone;          /* the interface is deleted, and will not come back */
    guint retry;        /* the source that tries again to write; 0: none */
} NetPackets;

void net_packets_init(NetPackets *p, NetClient *nc);
void net_packets_start(NetPackets *p, int fd, bool is_socket);
void net_packets_close(NetPackets *p);
bool net_packets_receive(NetClient *nc, const uint8_t *frame, size_t len);
void net_packets_send_ready(NetClient *nc);

/* dgram.c: for the kinds `socket` and `dgram`. */
bool net_dgram_open_mcast(NetClient *nc, const SocketAddress *group, const SocketAddress *local,
                          GError **errp);
bool net_dgram_open(NetClient *nc, const SocketAddress *local, const SocketAddress *remote,
                    GError **errp);
bool net_dgram_open_fd(NetClient *nc, int fd, GError **errp);
extern const NetClientOps net_socket_dgram_ops;

/* ------------------------------------------------------------------- framing.c, stream.c -- */

/* A stream where each frame has its length, four bytes in network order, in front of it. */
typedef struct NetFraming {
    NetFd fd;
    uint8_t *in;                 /* FRAMING_BUFFER bytes; NULL: not connected */
    size_t in_len;               /* of what was read, and is not delivered */
    GByteArray *out;             /* the end of a frame that the peer did not take whole */
    bool held_back;              /* our peer on the cable has no room */
    void (*gone)(NetClient *nc); /* the other side is; the stream is closed already */
} NetFraming;

void net_framing_init(NetFraming *f, NetClient *nc, void (*gone)(NetClient *nc));
void net_framing_start(NetFraming *f, int fd); /* takes it over */
void net_framing_close(NetFraming *f);
bool net_framing_is_open(const NetFraming *f);
bool net_framing_send(NetFraming *f, const uint8_t *frame, size_t len);
void net_framing_go_on(NetFraming *f); /* our peer on the cable has room again */

/* stream.c: for the kinds `socket` and `stream`. Both take over what is in `address`. */
bool net_stream_open_server(NetClient *nc, NetAddress *address, bool events, GError **errp);
bool net_stream_open_client(NetClient *nc, NetAddress *address, uint64_t reconnect_ms, bool events,
                            GError **errp);
extern const NetClientOps net_socket_stream_ops;

#endif
