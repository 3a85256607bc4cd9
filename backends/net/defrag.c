/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fragments of IPv4 datagrams, put together before libslirp sees them: a guest can make the
 * reassembly of its version 4.7 read and write where it should not.
 * Document: RFC 791, 3.2; RFC 5722 for what overlaps, which is dropped here for IPv4, too.
 */
#include "defrag.h"

#include <string.h>

enum {
    ETH_HEADER = 14,
    ETH_TYPE = 12,
    ETH_TYPE_IPV4 = 0x0800,
    IP_HEADER_MIN = 20,
    IP_HEADER_MAX = 60,
    IP_TOTAL_LENGTH = 2,
    IP_ID = 4,
    IP_OFFSET = 6,
    IP_PROTOCOL = 9,
    IP_CHECKSUM = 10,
    IP_ADDRESSES = 12,
    OFFSET_RESERVED = 0x8000,
    OFFSET_MORE = 0x2000,
    OFFSET_MASK = 0x1fff,
    BLOCK = 8, /* offsets count these */
    BLOCKS = 8192,
    DATA_MAX = 65535 - IP_HEADER_MIN,
    TIMEOUT_S = 30,
};

typedef struct Datagram {
    uint8_t key[11];     /* both addresses, identification, protocol */
    int64_t until;       /* when it is given up */
    size_t header_len;   /* with Ethernet's; 0: the first fragment is not there */
    size_t data_len;     /* 0: the last fragment is not there */
    unsigned blocks;     /* that are there */
    unsigned last_block; /* the highest of them */
    uint8_t seen[BLOCKS / 8];
    uint8_t header[ETH_HEADER + IP_HEADER_MAX];
    uint8_t data[DATA_MAX + BLOCK];
} Datagram;

static unsigned get16(const uint8_t *p)
{
    return p[0] << 8 | p[1];
}

static void put16(uint8_t *p, unsigned value)
{
    p[0] = value >> 8;
    p[1] = value;
}

/* The Internet checksum of a header: 0 over one that contains its own. */
static uint16_t checksum(const uint8_t *p, size_t len)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < len; i += 2) {
        sum += get16(p + i);
    }
    sum = (sum & 0xffff) + (sum >> 16);
    return ~(sum + (sum >> 16));
}

void defrag_init(Defrag *d)
{
    d->datagrams = g_ptr_array_new_with_free_func(g_free);
    d->whole = NULL;
}

void defrag_clear(Defrag *d)
{
    g_clear_pointer(&d->datagrams, g_ptr_array_unref);
    g_clear_pointer(&d->whole, g_free);
}

/* The datagram that the fragment belongs to. A new one takes the place of the oldest if need be. */
static Datagram *find(Defrag *d, const uint8_t *ip, int64_t now)
{
    uint8_t key[11];
    Datagram *datagram;

    memcpy(key, ip + IP_ADDRESSES, 8);
    memcpy(key + 8, ip + IP_ID, 2);
    key[10] = ip[IP_PROTOCOL];
    for (unsigned i = d->datagrams->len; i-- > 0;) {
        datagram = d->datagrams->pdata[i];
        if (now >= datagram->until) {
            g_ptr_array_remove_index(d->datagrams, i);
        } else if (memcmp(datagram->key, key, sizeof(key)) == 0) {
            return datagram;
        }
    }
    if (d->datagrams->len == DEFRAG_DATAGRAMS) {
        g_ptr_array_remove_index(d->datagrams, 0);
    }
    datagram = g_new0(Datagram, 1);
    memcpy(datagram->key, key, sizeof(key));
    datagram->until = now + TIMEOUT_S * INT64_C(1000000000);
    g_ptr_array_add(d->datagrams, datagram);
    return datagram;
}

/* Put the fragment in its place. False if it does not go with the others. */
static bool add(Datagram *datagram, const uint8_t *frame, size_t header_len, size_t data_len)
{
    unsigned offset = get16(frame + ETH_HEADER + IP_OFFSET);
    unsigned first = offset & OFFSET_MASK;
    unsigned last = first + (data_len - 1) / BLOCK;
    size_t end = first * BLOCK + data_len;

    if (end + header_len - ETH_HEADER > 65535 || ((offset & OFFSET_MORE) && data_len % BLOCK)) {
        return false;
    }
    for (unsigned i = first; i <= last; i++) {
        if (datagram->seen[i / 8] & 1 << i % 8) {
            return false;
        }
        datagram->seen[i / 8] |= 1 << i % 8;
    }
    datagram->blocks += last - first + 1;
    datagram->last_block = MAX(datagram->last_block, last);
    memcpy(datagram->data + first * BLOCK, frame + header_len, data_len);
    if (first == 0) {
        datagram->header_len = header_len;
        memcpy(datagram->header, frame, header_len);
    }
    if (!(offset & OFFSET_MORE)) {
        if (datagram->data_len) {
            return false;
        }
        datagram->data_len = end;
    }
    return !datagram->data_len || datagram->last_block <= (datagram->data_len - 1) / BLOCK;
}

static bool is_complete(const Datagram *datagram)
{
    return datagram->header_len && datagram->data_len &&
           datagram->blocks == (datagram->data_len - 1) / BLOCK + 1;
}

/* As if it had never been cut. False when the first header leaves too little room. */
static bool put_together(Defrag *d, const Datagram *datagram, const uint8_t **frame, size_t *len)
{
    size_t ip_header = datagram->header_len - ETH_HEADER;
    uint8_t *ip;

    if (ip_header + datagram->data_len > 65535) {
        return false;
    }
    *len = datagram->header_len + datagram->data_len;
    g_free(d->whole);
    d->whole = g_malloc(*len);
    memcpy(d->whole, datagram->header, datagram->header_len);
    memcpy(d->whole + datagram->header_len, datagram->data, datagram->data_len);
    ip = d->whole + ETH_HEADER;
    put16(ip + IP_TOTAL_LENGTH, ip_header + datagram->data_len);
    put16(ip + IP_OFFSET, 0);
    put16(ip + IP_CHECKSUM, 0);
    put16(ip + IP_CHECKSUM, checksum(ip, ip_header));
    *frame = d->whole;
    return true;
}

bool defrag(Defrag *d, const uint8_t **frame, size_t *len, int64_t now)
{
    const uint8_t *ip = *frame + ETH_HEADER;
    Datagram *datagram;
    size_t header_len, total;
    unsigned offset;
    bool ok;

    if (*len < ETH_HEADER + IP_HEADER_MIN || get16(*frame + ETH_TYPE) != ETH_TYPE_IPV4) {
        return true;
    }
    offset = get16(ip + IP_OFFSET);
    if (offset & OFFSET_RESERVED) {
        return false;
    }
    if (!(offset & (OFFSET_MORE | OFFSET_MASK))) {
        return true;
    }
    header_len = (ip[0] & 0xf) * 4;
    total = get16(ip + IP_TOTAL_LENGTH);
    if (ip[0] >> 4 != 4 || header_len < IP_HEADER_MIN || total <= header_len ||
        total > *len - ETH_HEADER || checksum(ip, header_len) != 0) {
        return false;
    }
    datagram = find(d, ip, now);
    ok = add(datagram, *frame, ETH_HEADER + header_len, total - header_len);
    if (ok && !is_complete(datagram)) {
        return false;
    }
    ok = ok && put_together(d, datagram, frame, len);
    g_ptr_array_remove(d->datagrams, datagram);
    return ok;
}
