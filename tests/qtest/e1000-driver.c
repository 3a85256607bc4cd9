/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "e1000-driver.h"

#include <glib.h>
#include <string.h>

/* In `memory`: the rings, what is sent, what is received. */
#define TX_RING      0
#define RX_RING      0x1000
#define TX_DATA_AREA 0x2000
#define RX_BUFFERS   (TX_DATA_AREA + E1000_TX_AREA)
#define DESC_SIZE    16

typedef struct Desc {
    uint64_t addr;
    uint32_t low, high;
} Desc;

G_STATIC_ASSERT(RX_BUFFERS + E1000_RING_SIZE * E1000_BUFFER_SIZE <= E1000_DRIVER_MEMORY);

uint32_t e1000_driver_read(E1000Driver *d, uint32_t reg)
{
    return d->ops->read_reg(d->opaque, reg);
}

void e1000_driver_write(E1000Driver *d, uint32_t reg, uint32_t val)
{
    d->ops->write_reg(d->opaque, reg, val);
}

static void put_desc(E1000Driver *d, uint64_t ring, unsigned n, uint64_t addr, uint32_t low,
                     uint32_t high)
{
    Desc desc = {GUINT64_TO_LE(addr), GUINT32_TO_LE(low), GUINT32_TO_LE(high)};

    d->ops->write(d->opaque, d->memory + ring + n * DESC_SIZE, &desc, sizeof(desc));
}

static Desc get_desc(E1000Driver *d, uint64_t ring, unsigned n)
{
    Desc desc;

    d->ops->read(d->opaque, d->memory + ring + n * DESC_SIZE, &desc, sizeof(desc));
    desc.addr = GUINT64_FROM_LE(desc.addr);
    desc.low = GUINT32_FROM_LE(desc.low);
    desc.high = GUINT32_FROM_LE(desc.high);
    return desc;
}

static void give_buffer(E1000Driver *d, unsigned n)
{
    put_desc(d, RX_RING, n, d->memory + RX_BUFFERS + n * E1000_BUFFER_SIZE, 0, 0);
}

void e1000_driver_start(E1000Driver *d, uint32_t rctl)
{
    static const uint32_t sizes[] = {2048, 1024, 512, 256};

    g_assert_false(rctl & RCTL_BSEX);
    d->buffer_size = sizes[rctl >> RCTL_BSIZE_SHIFT & 3];
    d->tx_tail = d->rx_head = d->tx_used = 0;
    e1000_driver_write(d, CTRL, CTRL_RST);
    e1000_driver_write(d, CTRL, e1000_driver_read(d, CTRL) | CTRL_SLU);
    for (unsigned n = 0; n < E1000_RING_SIZE; n++) {
        put_desc(d, TX_RING, n, 0, 0, 0);
        give_buffer(d, n);
    }
    e1000_driver_write(d, TDBAL, d->memory + TX_RING);
    e1000_driver_write(d, TDBAH, (d->memory + TX_RING) >> 32);
    e1000_driver_write(d, TDLEN, E1000_RING_SIZE * DESC_SIZE);
    e1000_driver_write(d, TDH, 0);
    e1000_driver_write(d, TDT, 0);
    e1000_driver_write(d, TCTL, TCTL_EN | TCTL_PSP);
    e1000_driver_write(d, RDBAL, d->memory + RX_RING);
    e1000_driver_write(d, RDBAH, (d->memory + RX_RING) >> 32);
    e1000_driver_write(d, RDLEN, E1000_RING_SIZE * DESC_SIZE);
    e1000_driver_write(d, RDH, 0);
    e1000_driver_write(d, RDT, E1000_RING_SIZE - 1);
    e1000_driver_write(d, RCTL, RCTL_EN | rctl);
}

uint64_t e1000_driver_data(E1000Driver *d, const void *data, size_t len)
{
    uint64_t addr;

    g_assert_cmpuint(len, <=, E1000_TX_AREA / 2);
    if (d->tx_used + len > E1000_TX_AREA) {
        d->tx_used = 0;
    }
    addr = d->memory + TX_DATA_AREA + d->tx_used;
    d->ops->write(d->opaque, addr, data, len);
    d->tx_used += len;
    return addr;
}

void e1000_driver_queue(E1000Driver *d, uint64_t addr, uint32_t command, uint32_t status)
{
    put_desc(d, TX_RING, d->tx_tail, addr, command, status);
    d->tx_tail = (d->tx_tail + 1) % E1000_RING_SIZE;
}

void e1000_driver_kick(E1000Driver *d)
{
    e1000_driver_write(d, TDT, d->tx_tail);
}

void e1000_driver_send(E1000Driver *d, const void *frame, size_t len)
{
    e1000_driver_queue(d, e1000_driver_data(d, frame, len), TX_EOP | TX_IFCS | TX_RS | len, 0);
    e1000_driver_kick(d);
}

uint32_t e1000_driver_tx_status(E1000Driver *d, unsigned back)
{
    return get_desc(d, TX_RING, (d->tx_tail + E1000_RING_SIZE - 1 - back) % E1000_RING_SIZE).high;
}

bool e1000_driver_receive(E1000Driver *d, E1000Frame *frame)
{
    unsigned last = d->rx_head;
    Desc desc;

    memset(frame, 0, offsetof(E1000Frame, data));
    do {
        uint16_t len;

        desc = get_desc(d, RX_RING, d->rx_head);
        if (!(desc.high & RX_DD)) {
            g_assert_cmpuint(frame->buffers, ==, 0); /* all of it comes at once */
            return false;
        }
        len = desc.low;
        g_assert_cmpuint(len, <=, d->buffer_size);
        g_assert_cmpuint(frame->len + len, <=, sizeof(frame->data));
        d->ops->read(d->opaque, desc.addr, frame->data + frame->len, len);
        if (frame->buffers++ == 0) {
            frame->checksum = desc.low >> 16;
        }
        frame->len += len;
        give_buffer(d, d->rx_head);
        last = d->rx_head;
        d->rx_head = (d->rx_head + 1) % E1000_RING_SIZE;
    } while (!(desc.high & RX_EOP));
    frame->status = desc.high;
    frame->errors = desc.high >> 8;
    frame->special = desc.high >> 16;
    e1000_driver_write(d, RDT, last);
    return true;
}
