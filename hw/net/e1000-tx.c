/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The e1000 transmits: descriptors become packets, and packets of a segmentation become frames.
 * Document: Intel 317453, 3.3 (transmission), 3.4 (ring), 3.5 (segmentation), chapter 9 (VLANs).
 *
 * All that is between TDH and TDT is sent at once, up to a bound for each go, whatever TXDCTL, TIPG
 * and flow control say. A network that has no room stops the ring until it has. A packet that can't
 * be sent (its data can't be read, the segmentation makes no sense) is lost, but its descriptors
 * are done. A packet without FCS of the card's (IFCS) has its own at its end.
 */
#include <string.h>

#include "e1000-internal.h"
#include "hw/core/log.h"

enum {
    /* the third double word of each kind of descriptor */
    TXD_LEGACY_LENGTH = 0xffff,
    TXD_DATA_LENGTH = 0xfffff,
    TXD_CSO_SHIFT = 16,
    TXD_DTYP_SHIFT = 20,
    TXD_DTYP_MASK = 0xf,
    TXD_DTYP_CONTEXT = 0,
    TXD_DTYP_DATA = 1,
    TXD_EOP = 1 << 24,
    TXD_IFCS = 1 << 25,
    TXD_IC = 1 << 26,  /* legacy */
    TXD_TSE = 1 << 26, /* data, context */
    TXD_TUCMD_TCP = 1 << 24,
    TXD_TUCMD_IP = 1 << 25,
    TXD_RS = 1 << 27,
    TXD_RPS = 1 << 28,
    TXD_DEXT = 1 << 29,
    TXD_VLE = 1 << 30,

    /* the fourth */
    TXD_STA_DD = 1 << 0,
    TXD_CSS_SHIFT = 8,
    TXD_POPTS_IXSM = 1 << 8,
    TXD_POPTS_TXSM = 1 << 9,
    TXD_SPECIAL_SHIFT = 16,
    TXD_STATUS_OFFSET = 12, /* in the descriptor */

    WORK_PER_GO = 4096, /* descriptors and frames that are dealt with before others have a turn */
};
#define TXD_IDE (1u << 31)

typedef struct TxDesc {
    hwaddr addr; /* of a context descriptor: the offsets for checksums */
    uint32_t command;
    uint32_t status;
} TxDesc;

/* --------------------------------------------------------------------------------- sending -- */

static void send_frame(E1000 *s, const uint8_t *frame, unsigned len)
{
    e1000_count_sent(s, frame, len);
    if ((e1000_reg(s, E1000_RCTL) & E1000_RCTL_LBM) == E1000_RCTL_LBM_MAC ||
        e1000_phy_loopback(&s->phy)) {
        e1000_receive_own(s, frame, len);
    } else if (!net_send(s->net, frame, len)) {
        s->tx.held = true;
    }
}

/* Lenient with drivers that know of no FCS: if these are no check of what is before them, they
 * stay. */
static void strip_fcs(E1000Tx *tx)
{
    unsigned len = tx->len - E1000_FCS_SIZE;

    if (tx->len > E1000_FCS_SIZE && pci_get_long(tx->frame + len) == e1000_fcs(tx->frame, len)) {
        tx->len = len;
    }
}

static void insert_tag(E1000 *s)
{
    E1000Tx *tx = &s->tx;
    uint8_t *at = tx->frame + E1000_TYPE_OFFSET;
    uint16_t type = e1000_reg(s, E1000_VET);

    memmove(at + E1000_TAG_SIZE, at, tx->len - E1000_TYPE_OFFSET);
    at[0] = type >> 8;
    at[1] = type;
    at[2] = tx->tag >> 8;
    at[3] = tx->tag;
    tx->len += E1000_TAG_SIZE;
}

/* The frame is whole: do what was asked for, and send it. */
static void finish_frame(E1000 *s)
{
    E1000Tx *tx = &s->tx;
    const E1000TxContext *c = &tx->context;

    if (!tx->insert_fcs) {
        strip_fcs(tx);
    }
    if (tx->insert_ip) {
        e1000_insert_checksum(tx->frame, tx->len, c->ipcss, c->ipcso, c->ipcse, false);
    }
    if (tx->insert_tu) {
        e1000_insert_checksum(tx->frame, tx->len, c->tucss, c->tucso, c->tucse, !c->tcp);
    }
    if (tx->insert_legacy) {
        e1000_insert_checksum(tx->frame, tx->len, tx->css, tx->cso, 0, false);
    }
    if (tx->insert_tag && tx->len >= E1000_HEADER_SIZE &&
        (e1000_reg(s, E1000_CTRL) & E1000_CTRL_VME)) {
        insert_tag(s);
    }
    if ((e1000_reg(s, E1000_TCTL) & E1000_TCTL_PSP) && tx->len < E1000_FRAME_MIN) {
        memset(tx->frame + tx->len, 0, E1000_FRAME_MIN - tx->len);
        tx->len = E1000_FRAME_MIN;
    }
    if (tx->len < E1000_HEADER_SIZE) {
        log_guest_error("e1000: a packet of %u bytes is not sent", tx->len);
        return;
    }
    send_frame(s, tx->frame, tx->len);
}

/* The frame has its header, and data for it. Returns with the header alone for the next. */
static void finish_segment(E1000 *s, bool last)
{
    E1000Tx *tx = &s->tx;

    memcpy(tx->frame, tx->header, tx->context.hdrlen);
    e1000_segment_headers(tx->frame, tx->len, &tx->context, tx->segment, last, tx->insert_tu);
    finish_frame(s);
    tx->segment++;
    tx->len = tx->context.hdrlen;
}

/* -------------------------------------------------------------------------- putting together -- */

static void packet_begin(E1000 *s, E1000TxKind kind)
{
    E1000Tx *tx = &s->tx;

    if (tx->kind != E1000_TX_NONE) {
        log_guest_error("e1000: a packet that has no end is not sent");
        if (tx->kind == E1000_TX_SEGMENTED) {
            e1000_count(s, E1000_TSCTFC);
        }
    }
    tx->kind = kind;
    tx->context = kind == E1000_TX_SEGMENTED ? tx->segment_context : tx->checksum_context;
    tx->len = tx->segment = 0;
    tx->lost = tx->insert_ip = tx->insert_tu = tx->insert_legacy = false;
    tx->insert_fcs = true;
    tx->insert_tag = false;
    if (kind == E1000_TX_SEGMENTED && (tx->context.hdrlen == 0 || tx->context.mss == 0 ||
                                       tx->context.hdrlen + tx->context.mss > E1000_TX_MAX)) {
        log_guest_error("e1000: segmentation with a header of %u and segments of %u bytes",
                        tx->context.hdrlen, tx->context.mss);
        tx->lost = true;
    }
}

/* Take the data of a descriptor. Segments that are full go out as soon as more data comes. */
static unsigned take_data(E1000 *s, hwaddr addr, unsigned len)
{
    E1000Tx *tx = &s->tx;
    bool segmented = tx->kind == E1000_TX_SEGMENTED;
    unsigned hdrlen = tx->context.hdrlen, frames = 0;

    if (len > E1000_TX_MAX) {
        log_guest_error("e1000: %u bytes in a transmit descriptor", len);
        len = E1000_TX_MAX;
    }
    while (len && !tx->lost) {
        unsigned room = !segmented         ? E1000_TX_MAX
                        : tx->len < hdrlen ? hdrlen
                                           : hdrlen + tx->context.mss;
        unsigned part = MIN(len, room - tx->len);

        if (part == 0 && !segmented) {
            log_guest_error("e1000: a packet of more than %u bytes is cut", E1000_TX_MAX);
            break;
        }
        if (part == 0) {
            finish_segment(s, false);
            frames++;
            continue;
        }
        if (pci_dma_read(&s->pci, addr, tx->frame + tx->len, part) != MEMTX_OK) {
            log_guest_error("e1000: a packet's data can't be read");
            tx->lost = true;
        }
        tx->len += part;
        addr += part;
        len -= part;
        if (segmented && tx->len == hdrlen) {
            memcpy(tx->header, tx->frame, hdrlen);
        }
    }
    return frames;
}

/* The last descriptor of the packet is done. */
static void finish_packet(E1000 *s)
{
    E1000Tx *tx = &s->tx;

    if (tx->kind == E1000_TX_SEGMENTED) {
        if (tx->lost || tx->len < tx->context.hdrlen) {
            e1000_count(s, E1000_TSCTFC);
        } else {
            e1000_count(s, E1000_TSCTC);
            finish_segment(s, true);
        }
    } else if (!tx->lost && tx->len) {
        finish_frame(s);
    }
    tx->kind = E1000_TX_NONE;
}

/* --------------------------------------------------------------------------- descriptors -- */

static void take_context(E1000Tx *tx, const TxDesc *d)
{
    E1000TxContext *c = d->command & TXD_TSE ? &tx->segment_context : &tx->checksum_context;

    *c = (E1000TxContext){
        .ipcss = d->addr,
        .ipcso = d->addr >> 8,
        .ipcse = d->addr >> 16,
        .tucss = d->addr >> 32,
        .tucso = d->addr >> 40,
        .tucse = d->addr >> 48,
        .ipv4 = d->command & TXD_TUCMD_IP,
        .tcp = d->command & TXD_TUCMD_TCP,
        .hdrlen = d->status >> 8,
        .mss = d->status >> 16,
    };
}

/* Tag and FCS: what the first descriptor of a segmentation says, else the last of a packet. */
static void take_options(E1000Tx *tx, const TxDesc *d)
{
    tx->insert_fcs = d->command & TXD_IFCS;
    tx->insert_tag = d->command & TXD_VLE;
    tx->tag = d->status >> TXD_SPECIAL_SHIFT;
}

/* These return how many frames came of it. */
static unsigned take_data_desc(E1000 *s, const TxDesc *d)
{
    E1000Tx *tx = &s->tx;
    E1000TxKind kind = d->command & TXD_TSE ? E1000_TX_SEGMENTED : E1000_TX_DATA;
    bool first = tx->kind != kind;
    unsigned frames;

    if (first) {
        packet_begin(s, kind);
        tx->insert_ip = d->status & TXD_POPTS_IXSM;
        tx->insert_tu = d->status & TXD_POPTS_TXSM;
    }
    if (kind == E1000_TX_SEGMENTED ? first : d->command & TXD_EOP) {
        take_options(tx, d);
    }
    frames = take_data(s, d->addr, d->command & TXD_DATA_LENGTH);
    if (d->command & TXD_EOP) {
        finish_packet(s);
        frames++;
    }
    return frames;
}

static unsigned take_legacy_desc(E1000 *s, const TxDesc *d)
{
    E1000Tx *tx = &s->tx;

    if (tx->kind != E1000_TX_LEGACY) {
        packet_begin(s, E1000_TX_LEGACY);
        tx->css = d->status >> TXD_CSS_SHIFT;
        tx->cso = d->command >> TXD_CSO_SHIFT;
    }
    take_data(s, d->addr, d->command & TXD_LEGACY_LENGTH);
    if (!(d->command & TXD_EOP)) {
        return 0;
    }
    tx->insert_legacy = d->command & TXD_IC;
    take_options(tx, d);
    finish_packet(s);
    return 1;
}

static unsigned take_desc(E1000 *s, const TxDesc *d)
{
    if (!(d->command & TXD_DEXT)) {
        return take_legacy_desc(s, d);
    }
    switch (d->command >> TXD_DTYP_SHIFT & TXD_DTYP_MASK) {
    case TXD_DTYP_CONTEXT:
        take_context(&s->tx, d);
        return 0;
    case TXD_DTYP_DATA:
        return take_data_desc(s, d);
    default:
        log_guest_error("e1000: a transmit descriptor of no known type");
        return 0;
    }
}

/* ------------------------------------------------------------------------------------ ring -- */

static bool read_desc(E1000 *s, hwaddr addr, TxDesc *d)
{
    uint8_t raw[E1000_DESC_SIZE];

    if (pci_dma_read(&s->pci, addr, raw, sizeof(raw)) != MEMTX_OK) {
        log_guest_error("e1000: a transmit descriptor can't be read");
        return false;
    }
    d->addr = pci_get_long(raw) | (hwaddr)pci_get_long(raw + 4) << 32;
    d->command = pci_get_long(raw + 8);
    d->status = pci_get_long(raw + TXD_STATUS_OFFSET);
    return true;
}

/* Say that the descriptor is done, if it asks for that. Returns the causes to set at once. */
static uint32_t report(E1000 *s, hwaddr addr, const TxDesc *d)
{
    uint8_t status[4];

    if (!(d->command & (TXD_RS | TXD_RPS))) {
        return 0;
    }
    pci_set_long(status, d->status | TXD_STA_DD);
    pci_dma_write(&s->pci, addr + TXD_STATUS_OFFSET, status, sizeof(status));
    if (d->command & TXD_IDE) {
        e1000_delay_cause(&s->tx_delay);
        return 0;
    }
    return E1000_ICR_TXDW;
}

static uint32_t low_cause(const E1000 *s, uint32_t before, uint32_t after)
{
    uint32_t threshold = 8 * (e1000_reg(s, E1000_TXDCTL) >> E1000_TXDCTL_LWTHRESH_SHIFT);

    return threshold && before > threshold && after <= threshold ? E1000_ICR_TXD_LOW : 0;
}

static uint32_t waiting(const E1000Ring *ring)
{
    return (ring->tail + ring->count - ring->head) % ring->count;
}

static void go_on_soon(E1000 *s)
{
    timer_mod(&s->tx.timer, clock_get_ns(VM_CLOCK_VIRTUAL));
}

/* Returns the causes that came. */
static uint32_t run_ring(E1000 *s, E1000Ring *ring)
{
    uint32_t causes = 0, before = waiting(ring);
    unsigned work = 0;

    while (ring->head != ring->tail && !s->tx.held && work < WORK_PER_GO) {
        hwaddr addr = ring->base + ring->head * E1000_DESC_SIZE;
        TxDesc d;

        if (!read_desc(s, addr, &d)) {
            return causes;
        }
        work += 1 + take_desc(s, &d);
        causes |= report(s, addr, &d);
        ring->head = ring->head + 1 == ring->count ? 0 : ring->head + 1;
        s->regs[E1000_TDH / 4] = ring->head;
    }
    if (ring->head == ring->tail) {
        causes |= E1000_ICR_TXQE;
    } else if (!s->tx.held) {
        go_on_soon(s);
    }
    return causes | low_cause(s, before, waiting(ring));
}

void e1000_tx_run(E1000 *s)
{
    MemoryOwner *owner = &s->pci.dev.owner;
    bool was_busy = owner->busy;
    E1000Ring ring;
    uint32_t causes;

    if (s->tx.running || s->tx.held || !(e1000_reg(s, E1000_TCTL) & E1000_TCTL_EN) ||
        !e1000_is_bus_master(s) || !e1000_get_ring(s, E1000_TDBAL, &ring)) {
        return;
    }
    s->tx.running = owner->busy = true; /* no descriptor leads to the card's own registers */
    causes = run_ring(s, &ring);
    owner->busy = was_busy;
    s->tx.running = false;
    e1000_set_causes(s, causes);
}

static void tx_go_on(void *opaque)
{
    e1000_tx_run(opaque);
}

void e1000_tx_ready(NetClient *nc)
{
    E1000 *s = net_client_opaque(nc);

    if (s->tx.held) {
        s->tx.held = false;
        go_on_soon(s); /* the machine may be stopped */
    }
}

void e1000_tx_init(E1000 *s)
{
    timer_init(&s->tx.timer, VM_CLOCK_VIRTUAL, tx_go_on, s);
}

void e1000_tx_cleanup(E1000 *s)
{
    timer_del(&s->tx.timer);
}

void e1000_tx_reset(E1000 *s)
{
    e1000_tx_cleanup(s);
    s->tx.kind = E1000_TX_NONE;
    s->tx.held = false;
    s->tx.checksum_context = s->tx.segment_context = (E1000TxContext){};
}
