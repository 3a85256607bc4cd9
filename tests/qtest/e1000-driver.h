/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A driver for the e1000, for tests: it polls. How it reaches registers and memory is up to its
 * user: by qtest lines, or in the process of a unit test.
 *
 *     E1000Driver d = {.ops = &ops, .opaque = vm, .memory = 0x100000};
 *
 *     e1000_driver_start(&d, 0);
 *     e1000_driver_send(&d, frame, len);
 *     while (e1000_driver_receive(&d, &got)) {
 *         ...
 *     }
 *
 * `memory` is E1000_DRIVER_MEMORY bytes of RAM for the rings and buffers.
 */
#ifndef LIGNITE_TESTS_QTEST_E1000_DRIVER_H
#define LIGNITE_TESTS_QTEST_E1000_DRIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define E1000_RING_SIZE     64 /* descriptors, of either ring */
#define E1000_BUFFER_SIZE   2048
#define E1000_FRAME_SIZE    16384 /* of the longest frame that is received */
#define E1000_TX_AREA       0x40000
#define E1000_DRIVER_MEMORY 0x100000

enum {
    CTRL = 0x0000,
    STATUS = 0x0008,
    EECD = 0x0010,
    EERD = 0x0014,
    MDIC = 0x0020,
    VET = 0x0038,
    ICR = 0x00c0,
    ITR = 0x00c4,
    ICS = 0x00c8,
    IMS = 0x00d0,
    IMC = 0x00d8,
    RCTL = 0x0100,
    TCTL = 0x0400,
    TIPG = 0x0410,
    RDBAL = 0x2800,
    RDBAH = 0x2804,
    RDLEN = 0x2808,
    RDH = 0x2810,
    RDT = 0x2818,
    RDTR = 0x2820,
    RADV = 0x282c,
    RSRPD = 0x2c00,
    TDBAL = 0x3800,
    TDBAH = 0x3804,
    TDLEN = 0x3808,
    TDH = 0x3810,
    TDT = 0x3818,
    TIDV = 0x3820,
    TXDCTL = 0x3828,
    TADV = 0x382c,
    RXCSUM = 0x5000,
    MTA = 0x5200,
    RAL0 = 0x5400,
    RAH0 = 0x5404,
    VFTA = 0x5600,

    CTRL_SLU = 1 << 6,
    CTRL_RST = 1 << 26,
    CTRL_VME = 1 << 30,
    STATUS_LU = 1 << 1,

    CAUSE_TXDW = 1 << 0,
    CAUSE_TXQE = 1 << 1,
    CAUSE_LSC = 1 << 2,
    CAUSE_RXDMT0 = 1 << 4,
    CAUSE_RXO = 1 << 6,
    CAUSE_RXT0 = 1 << 7,
    CAUSE_TXD_LOW = 1 << 15,
    CAUSE_SRPD = 1 << 16,

    RCTL_EN = 1 << 1,
    RCTL_SBP = 1 << 2,
    RCTL_UPE = 1 << 3,
    RCTL_MPE = 1 << 4,
    RCTL_LPE = 1 << 5,
    RCTL_LBM_MAC = 1 << 6,
    RCTL_RDMTS_QUARTER = 1 << 8,
    RCTL_MO_SHIFT = 12,
    RCTL_BAM = 1 << 15,
    RCTL_BSIZE_SHIFT = 16,
    RCTL_VFE = 1 << 18,
    RCTL_CFIEN = 1 << 19,
    RCTL_CFI = 1 << 20,
    RCTL_BSEX = 1 << 25,
    RCTL_SECRC = 1 << 26,
    TCTL_EN = 1 << 1,
    TCTL_PSP = 1 << 3,

    RXCSUM_IPOFL = 1 << 8,
    RXCSUM_TUOFL = 1 << 9,
    RXCSUM_IPV6OFL = 1 << 10,

    TX_EOP = 1 << 24,
    TX_IFCS = 1 << 25,
    TX_IC = 1 << 26,
    TX_TSE = 1 << 26,
    TX_RS = 1 << 27,
    TX_DEXT = 1 << 29,
    TX_VLE = 1 << 30,
    TX_CONTEXT = TX_DEXT,
    TX_CONTEXT_TCP = 1 << 24,
    TX_CONTEXT_IP = 1 << 25,
    TX_DATA = TX_DEXT | 1 << 20,
    TX_IXSM = 1 << 8, /* in the status double word */
    TX_TXSM = 1 << 9,
    TX_DD = 1 << 0,

    RX_DD = 1 << 0,
    RX_EOP = 1 << 1,
    RX_IXSM = 1 << 2,
    RX_VP = 1 << 3,
    RX_TCPCS = 1 << 5,
    RX_IPCS = 1 << 6,
    RX_PIF = 1 << 7,
    RX_TCPE = 1 << 5,
    RX_IPE = 1 << 6,
};
#define TX_IDE (1u << 31)
#define RAH_AV (1u << 31)

typedef struct E1000DriverOps {
    uint32_t (*read_reg)(void *opaque, uint32_t reg);
    void (*write_reg)(void *opaque, uint32_t reg, uint32_t val);
    void (*read)(void *opaque, uint64_t addr, void *buf, size_t len);
    void (*write)(void *opaque, uint64_t addr, const void *buf, size_t len);
} E1000DriverOps;

typedef struct E1000Driver {
    const E1000DriverOps *ops;
    void *opaque;
    uint64_t memory;
    /* private */
    unsigned tx_tail, rx_head;
    uint32_t tx_used; /* of the area for what is sent */
    uint32_t buffer_size;
} E1000Driver;

/* A received frame, with its FCS where the card stores it. */
typedef struct E1000Frame {
    size_t len;
    unsigned buffers;
    uint16_t checksum;
    uint8_t status, errors;
    uint16_t special;
    uint8_t data[E1000_FRAME_SIZE];
} E1000Frame;

uint32_t e1000_driver_read(E1000Driver *d, uint32_t reg);
void e1000_driver_write(E1000Driver *d, uint32_t reg, uint32_t val);

/*
 * Reset the card, set up both rings, turn transmission on, and reception with these bits of RCTL
 * beside EN; the address filter is what the EEPROM says.
 */
void e1000_driver_start(E1000Driver *d, uint32_t rctl);

/* Put data into memory for a descriptor to point at; it stays until much more has been put. */
uint64_t e1000_driver_data(E1000Driver *d, const void *data, size_t len);
/* Put a descriptor into the ring. The card sees it by e1000_driver_kick(). */
void e1000_driver_queue(E1000Driver *d, uint64_t addr, uint32_t command, uint32_t status);
void e1000_driver_kick(E1000Driver *d);
/* Send a frame with a legacy descriptor. */
void e1000_driver_send(E1000Driver *d, const void *frame, size_t len);
/* The status double word of the descriptor that was queued `back` before the last. */
uint32_t e1000_driver_tx_status(E1000Driver *d, unsigned back);

/* Take the next frame, and give its buffers back to the card. False: there is none. */
bool e1000_driver_receive(E1000Driver *d, E1000Frame *frame);

#endif
