/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random packets, and what must become of them, worked out from the protocols: every frame that
 * goes over the wire is made here from nothing, with its own lengths, numbers and checksums.
 * Nothing is patched, as a card does it.
 */
#ifndef LIGNITE_TESTS_NET_E1000_MODEL_H
#define LIGNITE_TESTS_NET_E1000_MODEL_H

#include <glib.h>
#include <string.h>

#include "../../qtest/e1000-driver.h"

#define MODEL_FRAMES_MAX  10 /* that come of one packet */
#define MODEL_PAYLOAD_MAX 9000

typedef enum ModelProtocol { MODEL_RAW, MODEL_TCP, MODEL_UDP } ModelProtocol;

/* A packet as its sender thinks of it. */
typedef struct Packet {
    uint8_t destination[6], source[6];
    bool software_tag; /* in the data that the guest gives */
    bool card_tag;     /* that the card is asked to insert */
    uint16_t tag;
    ModelProtocol protocol;
    bool ipv6;
    uint16_t type;                   /* of a raw one */
    uint8_t ip_options, tcp_options; /* bytes, a multiple of 4 */
    uint8_t addresses[32];
    uint16_t id, ports[2];
    uint32_t sequence;
    uint8_t flags;
    bool fragment;
    bool bad_ip, bad_transport;         /* sent with a wrong checksum */
    bool no_udp_checksum;               /* sent with none */
    bool offload_ip, offload_transport; /* left to the card */
    bool offload_legacy;                /* by a legacy descriptor */
    uint16_t mss;                       /* 0: no segmentation */
    uint8_t payload[MODEL_PAYLOAD_MAX];
    size_t payload_len;
} Packet;

/* A frame on the wire. */
typedef struct Wire {
    uint8_t data[MODEL_PAYLOAD_MAX + 200];
    size_t len;
    bool tagged;
    bool unchecked; /* UDP without a checksum, or one that came out as 0 */
    const Packet *packet;
} Wire;

/* ------------------------------------------------------------------------------ arithmetic -- */

/* The one's complement sum of 16-bit words: arithmetic modulo 65535. */
static inline uint32_t model_sum(const uint8_t *data, size_t len)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < len; i++) {
        sum += i & 1 ? data[i] : (uint64_t)data[i] * 256;
    }
    return sum == 0 ? 0 : (sum - 1) % 65535 + 1;
}

static inline uint16_t model_checksum(uint64_t sum)
{
    return sum == 0 ? 0xffff : 65535 - ((sum - 1) % 65535 + 1);
}

/* CRC-32 by polynomial division, most significant bit first, of the bits in the wire's order. */
static inline uint32_t model_crc(const uint8_t *data, size_t len)
{
    static uint32_t table[16];
    uint32_t crc = 0xffffffff, reversed = 0;

    if (!table[1]) {
        for (uint32_t i = 0; i < 16; i++) {
            table[i] = i << 28;
            for (int bit = 0; bit < 4; bit++) {
                table[i] = table[i] & 0x80000000 ? table[i] << 1 ^ 0x04c11db7 : table[i] << 1;
            }
        }
    }
    for (size_t i = 0; i < len; i++) {
        static const uint8_t mirror[] = {0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15};

        crc = crc << 4 ^ table[crc >> 28 ^ mirror[data[i] & 15]];
        crc = crc << 4 ^ table[crc >> 28 ^ mirror[data[i] >> 4]];
    }
    for (int bit = 0; bit < 32; bit++) {
        reversed |= (crc >> bit & 1) << (31 - bit);
    }
    return ~reversed;
}

static inline void model_put16(uint8_t *at, uint16_t val)
{
    at[0] = val >> 8;
    at[1] = val;
}

static inline void model_put32(uint8_t *at, uint32_t val)
{
    model_put16(at, val >> 16);
    model_put16(at + 2, val);
}

/* ---------------------------------------------------------------------------------- frames -- */

static inline unsigned model_ip_len(const Packet *p)
{
    return p->protocol == MODEL_RAW ? 0 : p->ipv6 ? 40 : 20 + p->ip_options;
}

static inline unsigned model_transport_len(const Packet *p)
{
    return p->protocol == MODEL_TCP ? 20 + p->tcp_options : p->protocol == MODEL_UDP ? 8 : 0;
}

static inline unsigned model_ip_offset(const Packet *p)
{
    return p->software_tag ? 18 : 14;
}

static inline unsigned model_header_len(const Packet *p)
{
    return model_ip_offset(p) + model_ip_len(p) + model_transport_len(p);
}

static inline unsigned model_transport_checksum_offset(const Packet *p)
{
    return model_ip_offset(p) + model_ip_len(p) + (p->protocol == MODEL_TCP ? 16 : 6);
}

static inline uint64_t model_pseudo_sum(const Packet *p, size_t transport_len)
{
    return (uint64_t)model_sum(p->addresses, p->ipv6 ? 32 : 8) +
           (p->protocol == MODEL_TCP ? 6 : 17) + transport_len;
}

static inline void model_ip_header(const Packet *p, uint8_t *ip, size_t payload_len, unsigned n)
{
    unsigned len = model_ip_len(p);

    memset(ip, 0, len);
    if (p->ipv6) {
        ip[0] = 0x60;
        model_put16(ip + 4, payload_len);
        ip[6] = p->protocol == MODEL_TCP ? 6 : 17;
        ip[7] = 64;
        memcpy(ip + 8, p->addresses, 32);
        return;
    }
    ip[0] = 0x40 | len / 4;
    model_put16(ip + 2, len + payload_len);
    model_put16(ip + 4, p->id + n);
    model_put16(ip + 6, p->fragment ? 0x2000 : 0x4000);
    ip[8] = 64;
    ip[9] = p->protocol == MODEL_TCP ? 6 : 17;
    memcpy(ip + 12, p->addresses, 8);
    memset(ip + 20, 1, p->ip_options); /* no operation */
}

/* Segment `n`: `len` bytes from `from` on; the checksums are 0. Returns the frame's length. */
static inline size_t model_frame(const Packet *p, uint8_t *frame, size_t from, size_t len,
                                 unsigned n, bool last)
{
    uint8_t *at = frame;
    unsigned transport_len = model_transport_len(p);

    memcpy(at, p->destination, 6);
    memcpy(at + 6, p->source, 6);
    at += 12;
    if (p->software_tag) {
        model_put16(at, 0x8100);
        model_put16(at + 2, p->tag);
        at += 4;
    }
    model_put16(at, p->protocol == MODEL_RAW ? p->type : p->ipv6 ? 0x86dd : 0x0800);
    at += 2;
    if (p->protocol != MODEL_RAW) {
        model_ip_header(p, at, transport_len + len, n);
        at += model_ip_len(p);
        memset(at, 0, transport_len);
        model_put16(at, p->ports[0]);
        model_put16(at + 2, p->ports[1]);
    }
    if (p->protocol == MODEL_TCP) {
        model_put32(at + 4, p->sequence + from);
        model_put32(at + 8, 0x12345678);
        at[12] = transport_len / 4 << 4;
        at[13] = last ? p->flags : p->flags & ~0x09;
        model_put16(at + 14, 0x2000);
        memset(at + 20, 1, p->tcp_options);
    } else if (p->protocol == MODEL_UDP) {
        model_put16(at + 4, 8 + len);
    }
    at += transport_len;
    memcpy(at, p->payload + from, len);
    return at + len - frame;
}

static inline void model_checksums(const Packet *p, uint8_t *frame, size_t len)
{
    uint8_t *ip = frame + model_ip_offset(p);
    uint8_t *transport = ip + model_ip_len(p);
    size_t transport_len = frame + len - transport;
    uint16_t checksum;

    if (p->protocol == MODEL_RAW) {
        return;
    }
    if (!p->ipv6) {
        checksum = model_checksum(model_sum(ip, model_ip_len(p)));
        model_put16(ip + 10, p->bad_ip ? checksum ^ 0x0100 : checksum);
    }
    if (p->no_udp_checksum) {
        return;
    }
    checksum =
        model_checksum(model_pseudo_sum(p, transport_len) + model_sum(transport, transport_len));
    if (p->protocol == MODEL_UDP && checksum == 0 && !p->offload_legacy) {
        checksum = 0xffff;
    }
    if (p->bad_transport) {
        checksum = checksum == 0x1001 ? 1 : checksum ^ 0x1001; /* 0 would say that there is none */
    }
    model_put16(frame + model_transport_checksum_offset(p), checksum);
}

/* The frames that must go over the wire; `vme`: the card inserts tags. Returns how many. */
static inline unsigned model_wires(const Packet *p, bool vme, Wire *wires)
{
    size_t step = p->mss ? p->mss : MAX(p->payload_len, 1), from = 0;
    unsigned n = 0;

    do {
        Wire *w = &wires[n];
        size_t len = MIN(step, p->payload_len - from);

        g_assert_cmpuint(n, <, MODEL_FRAMES_MAX);
        w->packet = p;
        w->tagged = p->software_tag;
        memset(w->data, 0, 64); /* padding */
        w->len = model_frame(p, w->data, from, len, n, from + len == p->payload_len);
        model_checksums(p, w->data, w->len);
        w->unchecked = p->protocol == MODEL_UDP &&
                       memcmp(w->data + model_transport_checksum_offset(p), "\0", 2) == 0;
        if (vme && p->card_tag) {
            memmove(w->data + 16, w->data + 12, w->len - 12);
            model_put16(w->data + 12, 0x8100);
            model_put16(w->data + 14, p->tag);
            w->len += 4;
            w->tagged = true;
        }
        w->len = MAX(w->len, 60); /* zeros */
        from += len;
        n++;
    } while (from < p->payload_len);
    return n;
}

/* What the guest gives the card: where the card makes a checksum, what it needs for it. */
static inline size_t model_given(const Packet *p, uint8_t *frame)
{
    size_t len = model_frame(p, frame, 0, p->payload_len, 0, true);

    model_checksums(p, frame, len);
    if (p->offload_ip) {
        model_put16(frame + model_ip_offset(p) + 10, 0);
    }
    if (p->offload_transport || p->offload_legacy) {
        size_t transport_len = p->mss ? 0 : len - model_ip_offset(p) - model_ip_len(p);

        model_put16(frame + model_transport_checksum_offset(p),
                    65535 - model_checksum(model_pseudo_sum(p, transport_len)));
    }
    return len;
}

/* -------------------------------------------------------------------------------- received -- */

/* How the receiving card is set up. */
typedef struct Receiver {
    bool vme, secrc, ipofl, tuofl, ipv6ofl;
    uint8_t pcss;
    uint8_t address[6];
    unsigned buffer_size;
} Receiver;

static inline void model_received(const Wire *w, const Receiver *r, E1000Frame *f)
{
    static const uint8_t broadcast[6] = {255, 255, 255, 255, 255, 255};
    const Packet *p = w->packet;
    bool untag = r->vme && w->tagged, ip = false, transport = false;
    uint32_t crc = model_crc(w->data, w->len);

    memset(f, 0, offsetof(E1000Frame, data));
    f->status = RX_DD | RX_EOP;
    f->len = w->len;
    memcpy(f->data, w->data, w->len);
    if (untag) {
        memmove(f->data + 12, f->data + 16, w->len - 16);
        f->len -= 4;
        f->status |= RX_VP;
        f->special = p->tag;
    }
    if (!r->secrc) {
        for (int i = 0; i < 4; i++) {
            f->data[f->len++] = crc >> 8 * i;
        }
    }
    f->buffers = (f->len + r->buffer_size - 1) / r->buffer_size;
    if (r->pcss < f->len) {
        f->checksum = model_checksum(model_sum(f->data + r->pcss, f->len - r->pcss));
    }
    if (memcmp(w->data, r->address, 6) != 0 && memcmp(w->data, broadcast, 6) != 0) {
        f->status |= RX_PIF;
    }
    if (p->protocol != MODEL_RAW) {
        ip = !p->ipv6 && r->ipofl;
        transport = r->tuofl && (p->ipv6 ? r->ipv6ofl : !p->fragment) && !w->unchecked;
    }
    f->status |= (ip ? RX_IPCS : 0) | (transport ? RX_TCPCS : 0) | (ip || transport ? 0 : RX_IXSM);
    f->errors |= (ip && p->bad_ip ? RX_IPE : 0) | (transport && p->bad_transport ? RX_TCPE : 0);
}

/* ---------------------------------------------------------------------------------- random -- */

static inline bool model_chance(GRand *rand, unsigned one_in)
{
    return g_rand_int_range(rand, 0, one_in) == 0;
}

static inline void model_bytes(GRand *rand, uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i += 4) {
        uint32_t word = g_rand_int(rand);

        memcpy(data + i, &word, MIN(len - i, 4));
    }
}

static inline void model_random_addresses(GRand *rand, Packet *p, const uint8_t *receiver)
{
    model_bytes(rand, p->source, 6);
    switch (g_rand_int_range(rand, 0, 4)) {
    case 0:
        memset(p->destination, 0xff, 6);
        break;
    case 1:
        model_bytes(rand, p->destination, 6);
        break;
    default:
        memcpy(p->destination, receiver, 6);
        break;
    }
}

static inline void model_random_offload(GRand *rand, Packet *p)
{
    if (p->fragment || model_chance(rand, 4)) { /* the guest does all, and perhaps badly */
        p->bad_ip = !p->ipv6 && model_chance(rand, 4);
        p->no_udp_checksum = !p->ipv6 && p->protocol == MODEL_UDP && model_chance(rand, 4);
        p->bad_transport = !p->no_udp_checksum && model_chance(rand, 4);
        return;
    }
    if (model_chance(rand, 4)) {
        p->offload_legacy = true;
        return;
    }
    p->offload_ip = !p->ipv6 && !model_chance(rand, 4);
    p->offload_transport = !model_chance(rand, 4);
    if (model_chance(rand, 3) && p->payload_len) {
        p->offload_ip = !p->ipv6;
        p->offload_transport = true;
        p->mss = (p->payload_len + MODEL_FRAMES_MAX - 1) / MODEL_FRAMES_MAX +
                 g_rand_int_range(rand, 0, 700);
    }
}

static inline void model_random_packet(GRand *rand, Packet *p, const uint8_t *receiver)
{
    memset(p, 0, offsetof(Packet, payload));
    model_random_addresses(rand, p, receiver);
    p->software_tag = model_chance(rand, 5);
    p->card_tag = !p->software_tag && model_chance(rand, 3);
    p->tag = g_rand_int(rand);
    p->protocol = g_rand_int_range(rand, 0, 3);
    p->ipv6 = p->protocol != MODEL_RAW && g_rand_boolean(rand);
    p->type = 0x8800 + g_rand_int_range(rand, 0, 256);
    p->ip_options = 4 * g_rand_int_range(rand, 0, 3);
    p->tcp_options = 4 * g_rand_int_range(rand, 0, 5);
    model_bytes(rand, p->addresses, sizeof(p->addresses));
    p->id = g_rand_int(rand);
    p->ports[0] = g_rand_int(rand);
    p->ports[1] = g_rand_int(rand);
    p->sequence = g_rand_int(rand);
    p->flags = g_rand_int(rand) & 0x3f;
    p->fragment = p->protocol != MODEL_RAW && !p->ipv6 && model_chance(rand, 8);
    /* Short ones that need padding, ordinary ones, and a few long ones. */
    switch (g_rand_int_range(rand, 0, 16)) {
    case 0 ... 4:
        p->payload_len = g_rand_int_range(rand, 0, 64);
        break;
    case 5:
        p->payload_len = g_rand_int_range(rand, 0, MODEL_PAYLOAD_MAX);
        break;
    default:
        p->payload_len = g_rand_int_range(rand, 0, 1400);
        break;
    }
    model_bytes(rand, p->payload, p->payload_len);
    if (p->protocol != MODEL_RAW) {
        model_random_offload(rand, p);
    }
}

#endif
