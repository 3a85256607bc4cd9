/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small guest on a user network: it has a card and an address, answers ARP, and makes and takes
 * apart the packets of DHCP, UDP, TFTP and TCP.
 */
#ifndef LIGNITE_TESTS_NET_WIRE_H
#define LIGNITE_TESTS_NET_WIRE_H

#include <arpa/inet.h>
#include <string.h>
#include <unistd.h>

#include "backends/netdev.h"

#define WIRE_LIMIT_S 30 /* a guest that waits longer has failed */

enum {
    ETH_HEADER = 14,
    IP_HEADER = 20,
    UDP_HEADER = 8,
    TCP_HEADER = 20,
    TCP_FIN = 1,
    TCP_SYN = 2,
    TCP_RST = 4,
    TCP_PSH = 8,
    TCP_ACK = 16,
};

typedef struct Guest {
    NetClient *nc;
    uint32_t ip; /* ours, in the host's byte order */
    bool full;   /* the card has no room */
    uint8_t gateway_mac[6];
    GQueue frames; /* GBytes: what came, but ARP requests, which are answered */
    unsigned arp_replies;
} Guest;

static const uint8_t guest_mac[6] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56};

/* ------------------------------------------------------------------------------- building -- */

static inline void put16(uint8_t *p, uint16_t value)
{
    p[0] = value >> 8;
    p[1] = value;
}

static inline void put32(uint8_t *p, uint32_t value)
{
    put16(p, value >> 16);
    put16(p + 2, value);
}

static inline uint16_t get16(const uint8_t *p)
{
    return p[0] << 8 | p[1];
}

static inline uint32_t get32(const uint8_t *p)
{
    return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static inline uint32_t sum16(const uint8_t *p, size_t len, uint32_t sum)
{
    for (size_t i = 0; i < len; i++) {
        sum += i & 1 ? p[i] : p[i] << 8;
    }
    return sum;
}

static inline uint16_t fold(uint32_t sum)
{
    while (sum >> 16) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return ~sum;
}

static inline void eth_header(uint8_t *p, const uint8_t *to, uint16_t type)
{
    memcpy(p, to, 6);
    memcpy(p + 6, guest_mac, 6);
    put16(p + 12, type);
}

static inline void guest_send(Guest *g, const uint8_t *frame, size_t len)
{
    net_send(g->nc, frame, len);
}

static inline void guest_arp(Guest *g, uint16_t op, const uint8_t *to_mac, uint32_t to_ip)
{
    static const uint8_t broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    uint8_t f[60] = {};

    eth_header(f, op == 1 ? broadcast : to_mac, 0x0806);
    memcpy(f + 14, (const uint8_t[]){0, 1, 8, 0, 6, 4, 0, op}, 8);
    memcpy(f + 22, guest_mac, 6);
    put32(f + 28, g->ip);
    if (op == 2) {
        memcpy(f + 32, to_mac, 6);
    }
    put32(f + 38, to_ip);
    guest_send(g, f, sizeof(f));
}

/* An IP packet whose payload is there, but for the checksum at `sum_at` in it. */
static inline void guest_send_ip(Guest *g, uint8_t protocol, uint32_t to, const uint8_t *payload,
                                 size_t len, size_t sum_at)
{
    uint8_t f[ETH_HEADER + IP_HEADER + 2048] = {};
    uint8_t *ip = f + ETH_HEADER;
    uint8_t *body = ip + IP_HEADER;
    static const uint8_t broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    uint32_t sum;

    g_assert_cmpuint(len, <=, 2048);
    eth_header(f, to == UINT32_MAX ? broadcast : g->gateway_mac, 0x0800);
    ip[0] = 0x45;
    put16(ip + 2, IP_HEADER + len);
    ip[8] = 64;
    ip[9] = protocol;
    put32(ip + 12, g->ip);
    put32(ip + 16, to);
    put16(ip + 10, fold(sum16(ip, IP_HEADER, 0)));
    memcpy(body, payload, len);
    sum = sum16(ip + 12, 8, protocol + len);
    put16(body + sum_at, fold(sum16(body, len, sum)));
    guest_send(g, f, MAX(60, ETH_HEADER + IP_HEADER + len));
}

static inline void guest_udp(Guest *g, uint32_t to, uint16_t from_port, uint16_t to_port,
                             const void *data, size_t len)
{
    uint8_t p[2048] = {};

    g_assert_cmpuint(len, <=, sizeof(p) - UDP_HEADER);
    put16(p, from_port);
    put16(p + 2, to_port);
    put16(p + 4, UDP_HEADER + len);
    memcpy(p + UDP_HEADER, data, len);
    guest_send_ip(g, 17, to, p, UDP_HEADER + len, 6);
}

typedef struct TcpConn {
    uint32_t ip;
    uint16_t port, own_port;
    uint32_t seq, ack;
} TcpConn;

static inline void guest_tcp(Guest *g, TcpConn *c, uint8_t flags, const void *data, size_t len)
{
    uint8_t p[2048] = {};

    put16(p, c->own_port);
    put16(p + 2, c->port);
    put32(p + 4, c->seq);
    put32(p + 8, flags & TCP_ACK ? c->ack : 0);
    p[12] = 5 << 4;
    p[13] = flags;
    put16(p + 14, 0xffff);
    if (len) {
        memcpy(p + TCP_HEADER, data, len);
    }
    guest_send_ip(g, 6, c->ip, p, TCP_HEADER + len, 16);
    c->seq += len + !!(flags & (TCP_SYN | TCP_FIN));
}

/* ------------------------------------------------------------------------------ receiving -- */

static bool guest_receive(NetClient *nc, const uint8_t *frame, size_t len)
{
    Guest *g = net_client_opaque(nc);

    if (g->full) {
        return false;
    }
    if (len >= 42 && get16(frame + 12) == 0x0806) {
        if (get16(frame + 20) == 1 && get32(frame + 38) == g->ip) {
            uint8_t mac[6];

            memcpy(mac, frame + 22, 6);
            guest_arp(g, 2, mac, get32(frame + 28));
        } else if (get16(frame + 20) == 2) {
            memcpy(g->gateway_mac, frame + 22, 6);
            g->arp_replies++;
        }
        return true;
    }
    g_queue_push_tail(&g->frames, g_bytes_new(frame, len));
    return true;
}

static const NetClientOps guest_ops = {.receive = guest_receive};

/* Let the main loop run until there is something to look at: once, at least. */
static inline void wire_wait(void)
{
    g_main_context_iteration(NULL, TRUE);
}

/* The next frame, to be freed; waits for it. */
static inline GBytes *guest_next(Guest *g)
{
    while (g_queue_is_empty(&g->frames)) {
        wire_wait();
    }
    return g_queue_pop_head(&g->frames);
}

/*
 * The next IP packet of a protocol, to be freed; `*payload` points to what is in it. Its checksums
 * are right, but that of UDP may be missing. Others are thrown away.
 */
static inline GBytes *guest_next_ip(Guest *g, uint8_t protocol, const uint8_t **payload,
                                    size_t *payload_len)
{
    for (;;) {
        g_autoptr(GBytes) bytes = guest_next(g);
        size_t len, ip_len;
        const uint8_t *f = g_bytes_get_data(bytes, &len);
        const uint8_t *ip = f + ETH_HEADER;
        uint32_t sum;

        if (get16(f + 12) != 0x0800) {
            continue;
        }
        g_assert_cmpuint(len, >=, ETH_HEADER + IP_HEADER);
        ip_len = get16(ip + 2);
        g_assert_cmphex(ip[0], ==, 0x45);
        g_assert_cmpuint(ip_len, <=, len - ETH_HEADER);
        g_assert_cmphex(fold(sum16(ip, IP_HEADER, 0)), ==, 0);
        if (ip[9] != protocol) {
            continue;
        }
        *payload = ip + IP_HEADER;
        *payload_len = ip_len - IP_HEADER;
        sum = sum16(ip + 12, 8, protocol + *payload_len);
        if (protocol != 17 || get16(*payload + 6)) {
            g_assert_cmphex(fold(sum16(*payload, *payload_len, sum)), ==, 0);
        }
        return g_steal_pointer(&bytes);
    }
}

/* The next UDP packet to `port`. */
static inline GBytes *guest_next_udp(Guest *g, uint16_t port, const uint8_t **data, size_t *len)
{
    for (;;) {
        g_autoptr(GBytes) bytes = guest_next_ip(g, 17, data, len);

        g_assert_cmpuint(get16(*data + 4), ==, *len);
        if (get16(*data + 2) == port) {
            *data += UDP_HEADER;
            *len -= UDP_HEADER;
            return g_steal_pointer(&bytes);
        }
    }
}

/* The next TCP packet: its flags; the data in it goes to the end of `data`, and is acknowledged. */
static inline uint8_t guest_next_tcp(Guest *g, TcpConn *c, GString *data)
{
    const uint8_t *p;
    size_t len;
    g_autoptr(GBytes) bytes = guest_next_ip(g, 6, &p, &len);
    size_t header = (p[12] >> 4) * 4;
    uint8_t flags = p[13];
    const uint8_t *ip = p - IP_HEADER;

    if (flags & TCP_SYN) {
        c->ip = get32(ip + 12);
        c->port = get16(p);
        c->own_port = get16(p + 2);
        c->ack = get32(p + 4) + 1;
        return flags;
    }
    if (get32(p + 4) == c->ack && len > header) {
        g_string_append_len(data, (const char *)p + header, len - header);
        c->ack += len - header;
        guest_tcp(g, c, TCP_ACK, NULL, 0);
    }
    if (flags & TCP_FIN) {
        c->ack++;
    }
    return flags;
}

static inline void guest_init(Guest *g, const char *netdev)
{
    g_autoptr(GError) err = NULL;

    alarm(WIRE_LIMIT_S);
    *g = (Guest){.ip = 0x0a00020f};
    g_queue_init(&g->frames);
    g->nc = net_nic_new(&guest_ops, g, "guest", NULL, netdev, &err);
    g_assert_no_error(err);
}

static inline void guest_end(Guest *g)
{
    alarm(0);
    net_client_free(g->nc);
    g_queue_clear_full(&g->frames, (GDestroyNotify)g_bytes_unref);
}

/* ----------------------------------------------------------------------------------- DHCP -- */

enum { DHCP_DISCOVER = 1, DHCP_OFFER = 2, DHCP_REQUEST = 3, DHCP_ACK = 5, DHCP_OPTIONS = 240 };

static inline void guest_dhcp(Guest *g, uint8_t type, uint32_t requested)
{
    uint8_t p[300] = {1, 1, 6, 0, 0x12, 0x34, 0x56, 0x78};
    uint8_t *option = p + DHCP_OPTIONS;
    uint32_t own = g->ip;

    memcpy(p + 28, guest_mac, 6);
    put32(p + 236, 0x63825363);
    option[0] = 53;
    option[1] = 1;
    option[2] = type;
    option += 3;
    if (requested) {
        option[0] = 50;
        option[1] = 4;
        put32(option + 2, requested);
        option += 6;
    }
    option[0] = 255;
    g->ip = 0; /* it has none yet */
    guest_udp(g, UINT32_MAX, 68, 67, p, sizeof(p));
    g->ip = own;
}

/* The value of an option in a reply, or NULL. */
static inline const uint8_t *dhcp_option(const uint8_t *p, size_t len, uint8_t code, uint8_t *size)
{
    size_t at = DHCP_OPTIONS;

    while (at + 1 < len && p[at] != 255) {
        if (p[at] == 0) {
            at++;
            continue;
        }
        g_assert_cmpuint(at + 2 + p[at + 1], <=, len);
        if (p[at] == code) {
            *size = p[at + 1];
            return p + at + 2;
        }
        at += 2 + p[at + 1];
    }
    return NULL;
}

#endif
