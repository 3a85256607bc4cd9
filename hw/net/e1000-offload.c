/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the e1000 does for IP, TCP and UDP: checksums both ways, and the headers of segments.
 * Document: Intel 317453, 3.2.9 (receive checksums), 3.5 (segmentation), 13.4 (RXCSUM);
 * RFC 1071.
 *
 * IPv6 headers that are followed by extensions are not looked into.
 */
#include <string.h>

#include "e1000-internal.h"

enum {
    RX_STATUS_IXSM = 1 << 2,
    RX_STATUS_TCPCS = 1 << 5,
    RX_STATUS_IPCS = 1 << 6,
    RX_ERROR_TCPE = 1 << 5,
    RX_ERROR_IPE = 1 << 6,

    ETHERTYPE_IP = 0x0800,
    ETHERTYPE_IPV6 = 0x86dd,

    IPV4_MIN = 20,
    IPV4_LENGTH = 2,
    IPV4_ID = 4,
    IPV4_FRAGMENT = 6,
    IPV4_FRAGMENT_BITS = 0x3fff, /* more fragments, and the offset */
    IPV4_PROTOCOL = 9,
    IPV4_ADDRESSES = 12,
    IPV6_SIZE = 40,
    IPV6_LENGTH = 4,
    IPV6_NEXT = 6,
    IPV6_ADDRESSES = 8,

    PROTOCOL_TCP = 6,
    PROTOCOL_UDP = 17,
    TCP_SEQUENCE = 4,
    TCP_FLAGS = 13,
    TCP_FIN = 0x01,
    TCP_PSH = 0x08,
    UDP_LENGTH = 4,
    UDP_CHECKSUM = 6,
};

/* -------------------------------------------------------------------------------- checksums -- */

uint32_t e1000_sum(uint32_t sum, const uint8_t *data, size_t len)
{
    for (size_t i = 0; i + 1 < len; i += 2) {
        sum += data[i] << 8 | data[i + 1];
    }
    return len & 1 ? sum + (data[len - 1] << 8) : sum;
}

uint16_t e1000_fold(uint32_t sum)
{
    sum = (sum & 0xffff) + (sum >> 16);
    return (sum & 0xffff) + (sum >> 16);
}

uint32_t e1000_fcs(const uint8_t *frame, size_t len)
{
    static uint32_t table[256];
    static gsize made;
    uint32_t crc = UINT32_MAX;

    if (g_once_init_enter(&made)) {
        for (unsigned i = 0; i < 256; i++) {
            table[i] = i;
            for (int bit = 0; bit < 8; bit++) {
                table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0xedb88320 : 0);
            }
        }
        g_once_init_leave(&made, 1);
    }
    for (size_t i = 0; i < len; i++) {
        crc = crc >> 8 ^ table[(uint8_t)(crc ^ frame[i])];
    }
    return ~crc;
}

/* --------------------------------------------------------------------------------- transmit -- */

/* Fields that the guest's offsets put outside of the frame are left alone. */
static bool has_word(unsigned len, unsigned offset)
{
    return offset + 2 <= len;
}

static uint16_t get_word(const uint8_t *frame, unsigned len, unsigned offset)
{
    return has_word(len, offset) ? frame[offset] << 8 | frame[offset + 1] : 0;
}

static void put_word(uint8_t *frame, unsigned len, unsigned offset, uint16_t val)
{
    if (has_word(len, offset)) {
        frame[offset] = val >> 8;
        frame[offset + 1] = val;
    }
}

void e1000_insert_checksum(uint8_t *frame, unsigned len, unsigned start, unsigned at, unsigned end,
                           bool udp)
{
    unsigned past = end ? MIN(end + 1, len) : len;
    uint16_t checksum;

    if (start >= past) {
        return;
    }
    checksum = ~e1000_fold(e1000_sum(0, frame + start, past - start));
    put_word(frame, len, at, udp && checksum == 0 ? 0xffff : checksum);
}

static void segment_tcp(uint8_t *frame, unsigned len, unsigned start, uint32_t sent, bool last)
{
    unsigned at = start + TCP_SEQUENCE;
    uint32_t sequence = (uint32_t)get_word(frame, len, at) << 16 | get_word(frame, len, at + 2);

    sequence += sent;
    put_word(frame, len, at, sequence >> 16);
    put_word(frame, len, at + 2, sequence);
    if (!last && start + TCP_FLAGS < len) {
        frame[start + TCP_FLAGS] &= ~(TCP_FIN | TCP_PSH);
    }
}

void e1000_segment_headers(uint8_t *frame, unsigned len, const E1000TxContext *context, unsigned n,
                           bool last, bool checksum)
{
    unsigned ip = context->ipcss, tu = context->tucss;

    if (context->ipv4) {
        put_word(frame, len, ip + IPV4_LENGTH, len - ip);
        put_word(frame, len, ip + IPV4_ID, get_word(frame, len, ip + IPV4_ID) + n);
    } else {
        put_word(frame, len, ip + IPV6_LENGTH, len - ip - IPV6_SIZE);
    }
    if (context->tcp) {
        segment_tcp(frame, len, tu, n * context->mss, last);
    } else {
        put_word(frame, len, tu + UDP_LENGTH, len - tu);
    }
    /* The guest has put the pseudo header's sum there, all but the length. */
    if (checksum) {
        put_word(frame, len, context->tucso,
                 e1000_fold((uint32_t)get_word(frame, len, context->tucso) + (uint16_t)(len - tu)));
    }
}

/* ---------------------------------------------------------------------------------- receive -- */

/* Check TCP or UDP: `len` bytes, whose pseudo header begins with two addresses at `addresses`. */
static void check_transport(const uint8_t *data, size_t len, uint8_t protocol,
                            const uint8_t *addresses, size_t addresses_len, uint8_t *status,
                            uint8_t *errors)
{
    static const size_t minimum[] = {[PROTOCOL_TCP] = 20, [PROTOCOL_UDP] = 8};
    uint32_t sum;

    if ((protocol != PROTOCOL_TCP && protocol != PROTOCOL_UDP) || len < minimum[protocol]) {
        return;
    }
    if (protocol == PROTOCOL_UDP && data[UDP_CHECKSUM] == 0 && data[UDP_CHECKSUM + 1] == 0) {
        return; /* the sender made none */
    }
    sum = e1000_sum(protocol + len, addresses, addresses_len);
    *status |= RX_STATUS_TCPCS;
    if (e1000_fold(e1000_sum(sum, data, len)) != 0xffff) {
        *errors |= RX_ERROR_TCPE;
    }
}

static void check_ipv4(uint32_t rxcsum, const uint8_t *ip, size_t len, uint8_t *status,
                       uint8_t *errors)
{
    size_t header, total;

    if (len < IPV4_MIN || ip[0] >> 4 != 4) {
        return;
    }
    header = (ip[0] & 0xf) * 4;
    total = ip[IPV4_LENGTH] << 8 | ip[IPV4_LENGTH + 1];
    if (header < IPV4_MIN || total < header || total > len) {
        return;
    }
    if (rxcsum & E1000_RXCSUM_IPOFL) {
        *status |= RX_STATUS_IPCS;
        if (e1000_fold(e1000_sum(0, ip, header)) != 0xffff) {
            *errors |= RX_ERROR_IPE;
        }
    }
    if ((rxcsum & E1000_RXCSUM_TUOFL) &&
        !((ip[IPV4_FRAGMENT] << 8 | ip[IPV4_FRAGMENT + 1]) & IPV4_FRAGMENT_BITS)) {
        check_transport(ip + header, total - header, ip[IPV4_PROTOCOL], ip + IPV4_ADDRESSES, 8,
                        status, errors);
    }
}

static void check_ipv6(uint32_t rxcsum, const uint8_t *ip, size_t len, uint8_t *status,
                       uint8_t *errors)
{
    size_t payload;

    if (len < IPV6_SIZE || ip[0] >> 4 != 6 || !(rxcsum & E1000_RXCSUM_TUOFL) ||
        !(rxcsum & E1000_RXCSUM_IPV6OFL)) {
        return;
    }
    payload = ip[IPV6_LENGTH] << 8 | ip[IPV6_LENGTH + 1];
    if (payload <= len - IPV6_SIZE) {
        check_transport(ip + IPV6_SIZE, payload, ip[IPV6_NEXT], ip + IPV6_ADDRESSES, 32, status,
                        errors);
    }
}

void e1000_check_received(const E1000 *s, const uint8_t *frame, size_t len, uint8_t *status,
                          uint8_t *errors)
{
    uint32_t rxcsum = e1000_reg(s, E1000_RXCSUM);
    size_t offset = E1000_TYPE_OFFSET + (e1000_is_tagged(s, frame) ? E1000_TAG_SIZE : 0);
    uint16_t type = frame[offset] << 8 | frame[offset + 1];

    offset += 2;
    if (type == ETHERTYPE_IP) {
        check_ipv4(rxcsum, frame + offset, len - offset, status, errors);
    } else if (type == ETHERTYPE_IPV6) {
        check_ipv6(rxcsum, frame + offset, len - offset, status, errors);
    }
    if (!(*status & (RX_STATUS_IPCS | RX_STATUS_TCPCS))) {
        *status |= RX_STATUS_IXSM;
    }
}
