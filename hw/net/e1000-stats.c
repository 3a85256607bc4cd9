/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The e1000's statistics. Lengths are those on the wire, with the frame check sequence.
 * Document: Intel 317453, 13.7.
 *
 * Nothing goes wrong on a cable that is none: the counters of collisions, of symbols and checks
 * that are bad and of the like stay 0, and so do those of flow control, which nobody does.
 */
#include "e1000-internal.h"

void e1000_count(E1000 *s, hwaddr reg)
{
    if (s->regs[reg / 4] != UINT32_MAX) {
        s->regs[reg / 4]++;
    }
}

/* Add to a counter of octets, whose upper half is the next register. */
static void count_octets(E1000 *s, hwaddr reg, size_t octets)
{
    uint64_t count = s->regs[reg / 4] | (uint64_t)s->regs[reg / 4 + 1] << 32;

    count = count > UINT64_MAX - octets ? UINT64_MAX : count + octets;
    s->regs[reg / 4] = count;
    s->regs[reg / 4 + 1] = count >> 32;
}

/* Count in one of the six registers by size, of which `first` is that of 64 bytes. */
static void count_size(E1000 *s, hwaddr first, size_t octets)
{
    static const size_t limits[] = {64, 127, 255, 511, 1023};
    unsigned i = 0;

    while (i < G_N_ELEMENTS(limits) && octets > limits[i]) {
        i++;
    }
    e1000_count(s, first + 4 * i);
}

static void count_cast(E1000 *s, const uint8_t *frame, hwaddr broadcast_reg, hwaddr multicast_reg)
{
    if (e1000_is_broadcast(frame)) {
        e1000_count(s, broadcast_reg);
    } else if (frame[0] & 1) {
        e1000_count(s, multicast_reg);
    }
}

void e1000_count_sent(E1000 *s, const uint8_t *frame, size_t len)
{
    size_t octets = len + E1000_FCS_SIZE;

    e1000_count(s, E1000_TPT);
    count_octets(s, E1000_TOTL, octets);
    if (len < E1000_FRAME_MIN) {
        return; /* it is no good packet */
    }
    e1000_count(s, E1000_GPTC);
    count_octets(s, E1000_GOTCL, octets);
    count_size(s, E1000_PTC64, octets);
    count_cast(s, frame, E1000_BPTC, E1000_MPTC);
}

void e1000_count_arrived(E1000 *s, size_t len)
{
    e1000_count(s, E1000_TPR);
    count_octets(s, E1000_TORL, len + E1000_FCS_SIZE);
}

void e1000_count_received(E1000 *s, const uint8_t *frame, size_t len)
{
    size_t octets = len + E1000_FCS_SIZE;

    e1000_count(s, E1000_GPRC);
    count_octets(s, E1000_GORCL, octets);
    count_size(s, E1000_PRC64, octets);
    count_cast(s, frame, E1000_BPRC, E1000_MPRC);
}

/* A 64-bit counter clears when its upper half is read; the lower half is read first. */
uint32_t e1000_read_counter(E1000 *s, hwaddr offset)
{
    uint32_t val = e1000_reg(s, offset);

    switch (offset) {
    case E1000_GORCL:
    case E1000_GOTCL:
    case E1000_TORL:
    case E1000_TOTL:
        break;
    case E1000_GORCH:
    case E1000_GOTCH:
    case E1000_TORH:
    case E1000_TOTH:
        s->regs[offset / 4 - 1] = 0;
        s->regs[offset / 4] = 0;
        break;
    default:
        s->regs[offset / 4] = 0;
    }
    return val;
}
