/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The e1000 receives: frames become data in buffers, and descriptors that tell of it.
 * Document: Intel 317453, 3.2 (reception), chapter 9 (VLANs), 13.4.22 (RCTL).
 *
 * There is no packet buffer in the card: a frame that finds no room in the ring, or a receiver that
 * is off, waits in the network (net_client_receive_ready()). Frames that no ring of this size could
 * take are dropped. Descriptors are written back one by one, whatever RXDCTL says.
 */
#include <string.h>

#include "e1000-internal.h"
#include "hw/core/log.h"

enum {
    RXD_STATUS_DD = 1 << 0,
    RXD_STATUS_EOP = 1 << 1,
    RXD_STATUS_VP = 1 << 3,
    RXD_STATUS_PIF = 1 << 7,

    /* what is written back of a descriptor, from here on: */
    RXD_WRITE_BACK = 8,
    RXD_WRITE_BACK_SIZE = 8,

    SIZE_MAX_STANDARD = 1522, /* with tag and FCS */
    BUFFERS_MAX = (E1000_RX_MAX + 255) / 256,
    DESCS_MAX = 512, /* that are looked at for one frame */
};

/* The buffers for one frame. */
typedef struct Buffers {
    unsigned n, size;
    struct {
        hwaddr addr;
        uint32_t desc; /* number of its descriptor */
    } buf[BUFFERS_MAX];
} Buffers;

/* A frame as it will be stored, and what its last descriptor says. */
typedef struct Stored {
    const uint8_t *data;
    size_t len;
    uint16_t checksum; /* in the first descriptor */
    uint8_t status, errors;
    uint16_t tag;
} Stored;

static unsigned buffer_size(uint32_t rctl)
{
    static const uint16_t sizes[] = {2048, 1024, 512, 256}, extended[] = {2048, 16384, 8192, 4096};
    unsigned bsize = rctl >> E1000_RCTL_BSIZE_SHIFT & 3;

    return rctl & E1000_RCTL_BSEX ? extended[bsize] : sizes[bsize];
}

/* ------------------------------------------------------------------------------- descriptors -- */

static uint32_t next_desc(const E1000Ring *ring, uint32_t desc)
{
    return desc + 1 == ring->count ? 0 : desc + 1;
}

static uint32_t free_descs(const E1000Ring *ring)
{
    return (ring->tail + ring->count - ring->head) % ring->count;
}

/*
 * Find buffers for `len` bytes. Descriptors without one are passed over. False: the ring has too
 * few, or `*lost`: it can't be read, or is of descriptors without buffers.
 */
static bool find_buffers(E1000 *s, const E1000Ring *ring, size_t len, Buffers *b, bool *lost)
{
    unsigned looked_at = 0;

    *lost = false;
    b->n = 0;
    b->size = buffer_size(e1000_reg(s, E1000_RCTL));
    for (uint32_t desc = ring->head; desc != ring->tail; desc = next_desc(ring, desc)) {
        uint8_t raw[8];
        hwaddr addr;

        if (looked_at++ == DESCS_MAX || pci_dma_read(&s->pci, ring->base + desc * E1000_DESC_SIZE,
                                                     raw, sizeof(raw)) != MEMTX_OK) {
            log_guest_error("e1000: receive descriptors that can't be read, or without buffers");
            *lost = true;
            return false;
        }
        addr = pci_get_long(raw) | (hwaddr)pci_get_long(raw + 4) << 32;
        if (addr == 0) {
            continue;
        }
        b->buf[b->n].addr = addr;
        b->buf[b->n].desc = desc;
        if (++b->n * b->size >= len) {
            return true;
        }
    }
    return false;
}

static void write_back(E1000 *s, const E1000Ring *ring, uint32_t desc, uint16_t len,
                       const Stored *first, const Stored *last)
{
    uint8_t raw[RXD_WRITE_BACK_SIZE] = {};

    pci_set_word(raw, len);
    raw[4] = RXD_STATUS_DD;
    if (first) {
        pci_set_word(raw + 2, first->checksum);
    }
    if (last) {
        raw[4] |= RXD_STATUS_EOP | last->status;
        raw[5] = last->errors;
        pci_set_word(raw + 6, last->tag);
    }
    /* One store: a guest that sees DD sees all. */
    pci_dma_write(&s->pci, ring->base + desc * E1000_DESC_SIZE + RXD_WRITE_BACK, raw, sizeof(raw));
}

static void store(E1000 *s, E1000Ring *ring, const Buffers *b, const Stored *frame)
{
    size_t done = 0;

    for (unsigned i = 0; i < b->n; i++) {
        size_t part = MIN(frame->len - done, b->size);

        while (ring->head != b->buf[i].desc) {
            write_back(s, ring, ring->head, 0, NULL, NULL);
            ring->head = next_desc(ring, ring->head);
        }
        pci_dma_write(&s->pci, b->buf[i].addr, frame->data + done, part);
        done += part;
        write_back(s, ring, ring->head, part, i == 0 ? frame : NULL,
                   done == frame->len ? frame : NULL);
        ring->head = next_desc(ring, ring->head);
    }
    s->regs[E1000_RDH / 4] = ring->head;
}

/* ------------------------------------------------------------------------------------ frames -- */

/* Take the tag out and put the FCS behind it, as the guest wants it. */
static void prepare(E1000 *s, const uint8_t *frame, size_t len, E1000Match match, Stored *stored)
{
    uint32_t rctl = e1000_reg(s, E1000_RCTL);
    bool untag = (e1000_reg(s, E1000_CTRL) & E1000_CTRL_VME) && e1000_is_tagged(s, frame);
    bool fcs = !(rctl & E1000_RCTL_SECRC);
    uint8_t pcss = e1000_reg(s, E1000_RXCSUM) & E1000_RXCSUM_PCSS;

    *stored = (Stored){.data = frame, .len = len};
    e1000_check_received(s, frame, len, &stored->status, &stored->errors);
    if (match == E1000_MATCH_INEXACT) {
        stored->status |= RXD_STATUS_PIF;
    }
    if (untag || fcs) {
        size_t head = untag ? E1000_TYPE_OFFSET : len;

        memcpy(s->rx_frame, frame, head);
        stored->data = s->rx_frame;
        if (untag) {
            stored->status |= RXD_STATUS_VP;
            stored->tag = frame[head + 2] << 8 | frame[head + 3];
            stored->len -= E1000_TAG_SIZE;
            memcpy(s->rx_frame + head, frame + head + E1000_TAG_SIZE, stored->len - head);
        }
        if (fcs) {
            pci_set_long(s->rx_frame + stored->len, e1000_fcs(frame, len));
            stored->len += E1000_FCS_SIZE;
        }
    }
    if (pcss < stored->len) {
        stored->checksum = ~e1000_fold(e1000_sum(0, stored->data + pcss, stored->len - pcss));
    }
}

static bool too_long(const E1000 *s, size_t len)
{
    uint32_t rctl = e1000_reg(s, E1000_RCTL);
    size_t max =
        rctl & (E1000_RCTL_LPE | E1000_RCTL_SBP) ? E1000_RX_MAX : (size_t)SIZE_MAX_STANDARD;

    return len + E1000_FCS_SIZE > max;
}

static void missed(E1000 *s, size_t len)
{
    e1000_count_arrived(s, len);
    e1000_count(s, E1000_MPC);
    e1000_set_causes(s, E1000_ICR_RXO);
}

static void tell(E1000 *s, size_t len, uint32_t free_before, const E1000Ring *ring)
{
    uint32_t rdmts = e1000_reg(s, E1000_RCTL) >> E1000_RCTL_RDMTS_SHIFT & 3;
    uint32_t threshold = ring->count >> (1 + rdmts);
    uint32_t causes = 0;

    if (free_before > threshold && free_descs(ring) <= threshold) {
        causes |= E1000_ICR_RXDMT0;
    }
    if (len <= e1000_reg(s, E1000_RSRPD)) {
        causes |= E1000_ICR_SRPD;
    }
    if (causes) {
        e1000_set_causes(s, causes);
    }
    e1000_delay_cause(&s->rx_delay);
}

/*
 * A frame of at least E1000_FRAME_MIN bytes, that the receiver is on for. False: it has to wait for
 * buffers; nothing is counted yet.
 */
static bool receive_frame(E1000 *s, const uint8_t *frame, size_t len)
{
    E1000Match match = e1000_filter(s, frame);
    uint32_t free_before;
    E1000Ring ring;
    Buffers buffers;
    Stored stored;
    bool lost = false;

    if (match == E1000_MATCH_NONE || too_long(s, len)) {
        e1000_count_arrived(s, len);
        if (match != E1000_MATCH_NONE) {
            e1000_count(s, E1000_ROC);
        }
        return true;
    }
    if (!e1000_get_ring(s, E1000_RDBAL, &ring)) {
        return false;
    }
    prepare(s, frame, len, match, &stored);
    if (!find_buffers(s, &ring, stored.len, &buffers, &lost)) {
        if (!lost && stored.len <= (size_t)(ring.count - 1) * buffers.size) {
            return false;
        }
        missed(s, len);
        return true;
    }
    free_before = free_descs(&ring);
    store(s, &ring, &buffers, &stored);
    e1000_count_arrived(s, len);
    e1000_count_received(s, frame, len);
    tell(s, stored.len, free_before, &ring);
    return true;
}

/* Short frames are padded, as their sender should have done. */
static bool receive_any(E1000 *s, const uint8_t *frame, size_t len)
{
    MemoryOwner *owner = &s->pci.dev.owner;
    bool was_busy = owner->busy, taken;
    uint8_t padded[E1000_FRAME_MIN] = {};

    if (len < E1000_FRAME_MIN) {
        memcpy(padded, frame, len);
        frame = padded;
        len = sizeof(padded);
    }
    owner->busy = true; /* no buffer is among the card's own registers */
    taken = receive_frame(s, frame, len);
    owner->busy = was_busy;
    return taken;
}

static bool is_on(const E1000 *s)
{
    return (e1000_reg(s, E1000_RCTL) & E1000_RCTL_EN) && e1000_is_bus_master(s);
}

bool e1000_receive(NetClient *nc, const uint8_t *frame, size_t len)
{
    E1000 *s = net_client_opaque(nc);

    if (!is_on(s) || !e1000_link_up(s)) {
        return false;
    }
    if (receive_any(s, frame, len)) {
        s->rx_stalled = false;
        return true;
    }
    if (!s->rx_stalled) { /* it is the same frame that comes again */
        s->rx_stalled = true;
        e1000_count(s, E1000_RNBC);
    }
    return false;
}

void e1000_receive_own(E1000 *s, const uint8_t *frame, size_t len)
{
    if (is_on(s) && !receive_any(s, frame, len)) {
        e1000_count(s, E1000_RNBC);
        missed(s, MAX(len, E1000_FRAME_MIN));
    }
}
