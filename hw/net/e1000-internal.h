/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the e1000 share: the state, and registers and bits by the manual's names.
 * Document: Intel PCI/PCI-X Family of Gigabit Ethernet Controllers Software Developer's Manual
 * (317453), chapter 13.
 */
#ifndef LIGNITE_HW_NET_E1000_INTERNAL_H
#define LIGNITE_HW_NET_E1000_INTERNAL_H

#include "backends/net.h"
#include "hw/core/clock.h"
#include "hw/pci/pci.h"

#define E1000_MMIO_SIZE    0x20000
#define E1000_IO_SIZE      0x40
#define E1000_REGS_SIZE    0xa000 /* bytes of offsets that have registers */
#define E1000_EEPROM_WORDS 64
#define E1000_PHY_REGS     32

#define E1000_ADDRESSES   16  /* pairs of RAL and RAH */
#define E1000_HASH_WORDS  128 /* of MTA, and of VFTA */
#define E1000_DESC_SIZE   16
#define E1000_HEADER_SIZE 14 /* of an Ethernet frame: two addresses and the type */
#define E1000_TYPE_OFFSET 12
#define E1000_TAG_SIZE    4 /* VLAN: type and tag */
#define E1000_FCS_SIZE    4
#define E1000_FRAME_MIN   60    /* without the frame check sequence */
#define E1000_TX_MAX      16288 /* bytes that a packet or the buffer of a descriptor may have */
#define E1000_RX_MAX      16384 /* bytes of a received packet, with its FCS */

enum {
    E1000_CTRL = 0x0000,
    E1000_STATUS = 0x0008,
    E1000_EECD = 0x0010,
    E1000_EERD = 0x0014,
    E1000_CTRL_EXT = 0x0018,
    E1000_FLA = 0x001c,
    E1000_MDIC = 0x0020,
    E1000_FCAL = 0x0028,
    E1000_FCAH = 0x002c,
    E1000_FCT = 0x0030,
    E1000_VET = 0x0038,
    E1000_ICR = 0x00c0,
    E1000_ITR = 0x00c4,
    E1000_ICS = 0x00c8,
    E1000_IMS = 0x00d0,
    E1000_IMC = 0x00d8,
    E1000_RCTL = 0x0100,
    E1000_FCTTV = 0x0170,
    E1000_TXCW = 0x0178,
    E1000_RXCW = 0x0180,
    E1000_TCTL = 0x0400,
    E1000_TIPG = 0x0410,
    E1000_AIT = 0x0458,
    E1000_LEDCTL = 0x0e00,
    E1000_PBA = 0x1000,
    E1000_FCRTL = 0x2160,
    E1000_FCRTH = 0x2168,
    E1000_RDFH = 0x2410,
    E1000_RDFT = 0x2418,
    E1000_RDFHS = 0x2420,
    E1000_RDFTS = 0x2428,
    E1000_RDFPC = 0x2430,
    E1000_RDBAL = 0x2800,
    E1000_RDBAH = 0x2804,
    E1000_RDLEN = 0x2808,
    E1000_RDH = 0x2810,
    E1000_RDT = 0x2818,
    E1000_RDTR = 0x2820,
    E1000_RXDCTL = 0x2828,
    E1000_RADV = 0x282c,
    E1000_RSRPD = 0x2c00,
    E1000_TXDMAC = 0x3000,
    E1000_TDFH = 0x3410,
    E1000_TDFT = 0x3418,
    E1000_TDFHS = 0x3420,
    E1000_TDFTS = 0x3428,
    E1000_TDFPC = 0x3430,
    E1000_TDBAL = 0x3800,
    E1000_TDBAH = 0x3804,
    E1000_TDLEN = 0x3808,
    E1000_TDH = 0x3810,
    E1000_TDT = 0x3818,
    E1000_TIDV = 0x3820,
    E1000_TXDCTL = 0x3828,
    E1000_TADV = 0x382c,
    E1000_TSPMT = 0x3830,
    /* statistics */
    E1000_CRCERRS = 0x4000,
    E1000_ALGNERRC = 0x4004,
    E1000_SYMERRS = 0x4008,
    E1000_RXERRC = 0x400c,
    E1000_MPC = 0x4010,
    E1000_SCC = 0x4014,
    E1000_ECOL = 0x4018,
    E1000_MCC = 0x401c,
    E1000_LATECOL = 0x4020,
    E1000_COLC = 0x4028,
    E1000_DC = 0x4030,
    E1000_TNCRS = 0x4034,
    E1000_SEC = 0x4038,
    E1000_CEXTERR = 0x403c,
    E1000_RLEC = 0x4040,
    E1000_XONRXC = 0x4048,
    E1000_XONTXC = 0x404c,
    E1000_XOFFRXC = 0x4050,
    E1000_XOFFTXC = 0x4054,
    E1000_FCRUC = 0x4058,
    E1000_PRC64 = 0x405c,
    E1000_PRC127 = 0x4060,
    E1000_PRC255 = 0x4064,
    E1000_PRC511 = 0x4068,
    E1000_PRC1023 = 0x406c,
    E1000_PRC1522 = 0x4070,
    E1000_GPRC = 0x4074,
    E1000_BPRC = 0x4078,
    E1000_MPRC = 0x407c,
    E1000_GPTC = 0x4080,
    E1000_GORCL = 0x4088,
    E1000_GORCH = 0x408c,
    E1000_GOTCL = 0x4090,
    E1000_GOTCH = 0x4094,
    E1000_RNBC = 0x40a0,
    E1000_RUC = 0x40a4,
    E1000_RFC = 0x40a8,
    E1000_ROC = 0x40ac,
    E1000_RJC = 0x40b0,
    E1000_MGTPRC = 0x40b4,
    E1000_MGTPDC = 0x40b8,
    E1000_MGTPTC = 0x40bc,
    E1000_TORL = 0x40c0,
    E1000_TORH = 0x40c4,
    E1000_TOTL = 0x40c8,
    E1000_TOTH = 0x40cc,
    E1000_TPR = 0x40d0,
    E1000_TPT = 0x40d4,
    E1000_PTC64 = 0x40d8,
    E1000_PTC127 = 0x40dc,
    E1000_PTC255 = 0x40e0,
    E1000_PTC511 = 0x40e4,
    E1000_PTC1023 = 0x40e8,
    E1000_PTC1522 = 0x40ec,
    E1000_MPTC = 0x40f0,
    E1000_BPTC = 0x40f4,
    E1000_TSCTC = 0x40f8,
    E1000_TSCTFC = 0x40fc,
    E1000_RXCSUM = 0x5000,
    E1000_MTA = 0x5200,
    E1000_RA = 0x5400, /* RAL and RAH in turn */
    E1000_VFTA = 0x5600,
    E1000_WUC = 0x5800,
    E1000_WUFC = 0x5808,
    E1000_WUS = 0x5810,
    E1000_MANC = 0x5820,
    E1000_IPAV = 0x5838,
    E1000_IP4AT = 0x5840,
    E1000_IP6AT = 0x5880,
    E1000_WUPL = 0x5900,
    E1000_WUPM = 0x5a00,
    E1000_FFLT = 0x5f00,
    E1000_FFMT = 0x9000,
    E1000_FFVT = 0x9800,
};

enum {
    E1000_CTRL_FD = 1 << 0,
    E1000_CTRL_SLU = 1 << 6,
    E1000_CTRL_SPEED_1000 = 2 << 8,
    E1000_CTRL_SWDPIN0 = 1 << 18,
    E1000_CTRL_SWDPIN2 = 1 << 20,
    E1000_CTRL_RST = 1 << 26,
    E1000_CTRL_VME = 1 << 30,

    E1000_STATUS_FD = 1 << 0,
    E1000_STATUS_LU = 1 << 1,
    E1000_STATUS_SPEED_1000 = 2 << 6,
    E1000_STATUS_ASDV_1000 = 2 << 8,
    E1000_STATUS_MTXCKOK = 1 << 10,

    E1000_ICR_TXDW = 1 << 0,
    E1000_ICR_TXQE = 1 << 1,
    E1000_ICR_LSC = 1 << 2,
    E1000_ICR_RXDMT0 = 1 << 4,
    E1000_ICR_RXO = 1 << 6,
    E1000_ICR_RXT0 = 1 << 7,
    E1000_ICR_MDAC = 1 << 9,
    E1000_ICR_TXD_LOW = 1 << 15,
    E1000_ICR_SRPD = 1 << 16,
    E1000_ICR_BITS = 0x1ffff,

    E1000_RCTL_EN = 1 << 1,
    E1000_RCTL_SBP = 1 << 2,
    E1000_RCTL_UPE = 1 << 3,
    E1000_RCTL_MPE = 1 << 4,
    E1000_RCTL_LPE = 1 << 5,
    E1000_RCTL_LBM = 3 << 6,
    E1000_RCTL_LBM_MAC = 1 << 6,
    E1000_RCTL_RDMTS_SHIFT = 8,
    E1000_RCTL_MO_SHIFT = 12,
    E1000_RCTL_BAM = 1 << 15,
    E1000_RCTL_BSIZE_SHIFT = 16,
    E1000_RCTL_VFE = 1 << 18,
    E1000_RCTL_CFIEN = 1 << 19,
    E1000_RCTL_CFI = 1 << 20,
    E1000_RCTL_BSEX = 1 << 25,
    E1000_RCTL_SECRC = 1 << 26,

    E1000_TCTL_EN = 1 << 1,
    E1000_TCTL_PSP = 1 << 3,

    E1000_TXDCTL_LWTHRESH_SHIFT = 25,

    E1000_RXCSUM_PCSS = 0xff,
    E1000_RXCSUM_IPOFL = 1 << 8,
    E1000_RXCSUM_TUOFL = 1 << 9,
    E1000_RXCSUM_IPV6OFL = 1 << 10,

    E1000_RAH_AS_SHIFT = 16,
    E1000_RAH_AS = 3,
    E1000_RAH_AS_DESTINATION = 0,
    E1000_RAH_AS_SOURCE = 1,
    E1000_RAH_BITS = (int)0x8003ffff,
};
#define E1000_CTRL_PHY_RST (1u << 31)
#define E1000_RAH_AV       (1u << 31)
#define E1000_DELAY_FPD    (1u << 31) /* of RDTR and TIDV: the timer is over now */

/* The serial EEPROM, a 93C46 with Microwire, bit by bit through EECD. */
typedef struct E1000Eeprom {
    uint16_t words[E1000_EEPROM_WORDS];
    uint32_t lines;        /* EECD's SK, CS, DI and EE_REQ as last written */
    bool data_out;         /* DO */
    bool started;          /* the start bit has come */
    uint8_t command;       /* two bits of command, six of address */
    unsigned command_bits; /* that have come in */
    uint16_t data;         /* of the word that goes out by a read, or comes in by a write */
    unsigned data_bits;    /* that have gone, or come */
    bool writable;         /* EWEN was the last of EWEN and EWDS */
} E1000Eeprom;

typedef struct E1000Phy {
    uint16_t regs[E1000_PHY_REGS];
    uint16_t id2;           /* of the model */
    bool cable;             /* there is somebody at its other end */
    bool negotiating;       /* and so the link is down */
    bool negotiation_timed; /* the property autonegotiation: it takes its time */
    bool link;              /* as last told */
    Timer timer;            /* the end of the negotiation */
    void (*link_changed)(void *opaque);
    void *opaque;
} E1000Phy;

typedef struct E1000 E1000;

/* A cause that waits: RXT0 for RDTR and RADV, TXDW for TIDV and TADV. */
typedef struct E1000Delay {
    E1000 *nic;
    uint32_t cause;
    uint16_t packet_reg;   /* counts from the last packet */
    uint16_t absolute_reg; /* counts from the first */
    Timer timer;
    int64_t latest; /* what the absolute timer says; INT64_MAX: it is off */
} E1000Delay;

/* What a context descriptor says. The ends are those of the last byte; 0: the end of the packet. */
typedef struct E1000TxContext {
    uint8_t ipcss, ipcso;
    uint16_t ipcse;
    uint8_t tucss, tucso;
    uint16_t tucse;
    bool ipv4, tcp;
    uint8_t hdrlen;
    uint16_t mss;
} E1000TxContext;

typedef enum E1000TxKind {
    E1000_TX_NONE,
    E1000_TX_LEGACY,
    E1000_TX_DATA,
    E1000_TX_SEGMENTED,
} E1000TxKind;

typedef struct E1000Tx {
    E1000TxContext checksum_context, segment_context;
    /* The packet that is put together. */
    E1000TxKind kind;
    E1000TxContext context;
    uint8_t header[UINT8_MAX]; /* of a segmented packet, as the guest gave it */
    uint8_t frame[E1000_TX_MAX + E1000_TAG_SIZE];
    unsigned len;              /* of the frame, so far */
    bool lost;                 /* it can't be sent */
    unsigned segment;          /* number of the present one */
    bool insert_ip, insert_tu; /* checksums of a data descriptor */
    bool insert_legacy;        /* checksum of a legacy descriptor: */
    uint8_t css, cso;
    bool insert_fcs;
    bool insert_tag;
    uint16_t tag;

    bool running; /* inside e1000_tx_run() */
    bool held;    /* the network has no room */
    Timer timer;  /* goes on with a long ring */
} E1000Tx;

struct E1000 {
    PCIDevice pci;
    MemoryRegion mmio;                  /* BAR 0 */
    MemoryRegion io;                    /* BAR 1 */
    uint32_t ioaddr;                    /* IOADDR: the register that IODATA shows */
    uint32_t regs[E1000_REGS_SIZE / 4]; /* by offset; those with no other home */
    uint32_t icr;
    uint32_t ims;
    Timer itr_timer; /* runs for as long as there must be no further interrupt */
    E1000Delay rx_delay, tx_delay;
    E1000Tx tx;
    bool rx_stalled;                                 /* a frame waits for buffers */
    uint8_t rx_frame[E1000_RX_MAX + E1000_FCS_SIZE]; /* as it is stored */
    E1000Eeprom eeprom;
    E1000Phy phy;
    NetClient *net;
    char *netdev;
    MacAddr mac;
    bool mitigation;
    int32_t bootindex;
};

/* What a row of the register table says. */
typedef struct E1000Register {
    uint16_t offset;
    uint16_t count;  /* registers */
    uint16_t stride; /* bytes from one to the next */
    uint32_t reset;
    uint32_t wmask; /* bits that a write changes */
} E1000Register;

/* A descriptor ring as its registers have it. `head` and `tail` are below `count`. */
typedef struct E1000Ring {
    hwaddr base;
    uint32_t count, head, tail;
} E1000Ring;

/* ------------------------------------------------------------------------------- e1000.c -- */

bool e1000_is_bus_master(const E1000 *s);
bool e1000_link_up(const E1000 *s);

/* ------------------------------------------------------------------------- e1000-regs.c -- */

extern const RegisterName e1000_register_names[];

/* The row of the register at `offset`, which is a multiple of 4; NULL: there is none. */
const E1000Register *e1000_find_register(hwaddr offset);
void e1000_reset_registers(E1000 *s);

/*
 * The ring whose base is in the registers from `base_reg` on. False: it is empty, or the registers
 * make no sense, and so nothing can be done.
 */
bool e1000_get_ring(const E1000 *s, hwaddr base_reg, E1000Ring *ring);

static inline uint32_t e1000_reg(const E1000 *s, hwaddr offset)
{
    return s->regs[offset / 4];
}

/* -------------------------------------------------------------------------- e1000-irq.c -- */

void e1000_irq_init(E1000 *s);
void e1000_irq_reset(E1000 *s);
void e1000_irq_cleanup(E1000 *s);

/* Make the line what ICR, IMS and ITR say. The only function that drives it. */
void e1000_update_irq(E1000 *s);
void e1000_set_causes(E1000 *s, uint32_t causes);
void e1000_write_itr(E1000 *s, uint32_t val);

/* The cause of `delay` has come: it is set now, or when the timers say so. */
void e1000_delay_cause(E1000Delay *delay);
/* A write to the register of the packet timer, which may end the waiting. */
void e1000_write_delay(E1000Delay *delay, uint32_t val);

/* ------------------------------------------------------------------------ e1000-stats.c -- */

/* Count in a statistics register, which sticks at its largest value. */
void e1000_count(E1000 *s, hwaddr reg);
/* A frame of `len` bytes without FCS was sent; came in; or came in and was stored. */
void e1000_count_sent(E1000 *s, const uint8_t *frame, size_t len);
void e1000_count_arrived(E1000 *s, size_t len);
void e1000_count_received(E1000 *s, const uint8_t *frame, size_t len);
/* Read a statistics register, and clear it. */
uint32_t e1000_read_counter(E1000 *s, hwaddr offset);

/* ----------------------------------------------------------------------- e1000-filter.c -- */

typedef enum E1000Match { E1000_MATCH_NONE, E1000_MATCH_INEXACT, E1000_MATCH_EXACT } E1000Match;

/* Whether the card wants a frame of at least E1000_FRAME_MIN bytes. */
E1000Match e1000_filter(const E1000 *s, const uint8_t *frame);
/* NetClientOps.rx_filter */
void e1000_describe_filter(NetClient *nc, NetRxFilter *filter);
bool e1000_is_tagged(const E1000 *s, const uint8_t *frame);
bool e1000_is_broadcast(const uint8_t *frame);

/* ---------------------------------------------------------------------- e1000-offload.c -- */

/* A checksum that is not complemented, of `len` bytes as big-endian words, added to `sum`. */
uint32_t e1000_sum(uint32_t sum, const uint8_t *data, size_t len);
uint16_t e1000_fold(uint32_t sum);

/* The frame check sequence, in the order of its bytes: least significant first. */
uint32_t e1000_fcs(const uint8_t *frame, size_t len);

/*
 * Put the checksum of [start, end] of a frame at `at`; `end` 0: to the frame's end. Offsets that
 * are not in the frame do nothing. `udp`: a checksum of 0 is written as ones.
 */
void e1000_insert_checksum(uint8_t *frame, unsigned len, unsigned start, unsigned at, unsigned end,
                           bool udp);

/* Make the headers of segment number `n` of a segmented packet, in a frame that has its data. */
void e1000_segment_headers(uint8_t *frame, unsigned len, const E1000TxContext *context, unsigned n,
                           bool last, bool checksum);

/* Status and error bits of a receive descriptor that tell of a stored frame's checksums. */
void e1000_check_received(const E1000 *s, const uint8_t *frame, size_t len, uint8_t *status,
                          uint8_t *errors);

/* --------------------------------------------------------------------------- e1000-tx.c -- */

void e1000_tx_init(E1000 *s);
void e1000_tx_reset(E1000 *s);
void e1000_tx_cleanup(E1000 *s);

/* Send what is between TDH and TDT, if it may be sent; what is too much now goes on soon. */
void e1000_tx_run(E1000 *s);
/* NetClientOps.send_ready */
void e1000_tx_ready(NetClient *nc);

/* --------------------------------------------------------------------------- e1000-rx.c -- */

/* NetClientOps.receive */
bool e1000_receive(NetClient *nc, const uint8_t *frame, size_t len);
/* A frame of the card's own comes back; what can't be stored is lost. */
void e1000_receive_own(E1000 *s, const uint8_t *frame, size_t len);

/* ----------------------------------------------------------------------- e1000-eeprom.c -- */

void e1000_eeprom_init(E1000Eeprom *s, const MacAddr *mac, const PCIDeviceClass *cls);
uint32_t e1000_eecd_read(const E1000Eeprom *s);
void e1000_eecd_write(E1000Eeprom *s, uint32_t val);
/* What EERD holds after `val` was written to it. */
uint32_t e1000_eerd_access(const E1000Eeprom *s, uint32_t val);

/* -------------------------------------------------------------------------- e1000-phy.c -- */

/* `link_changed` is called when `link` has changed, but not by e1000_phy_power_on(). */
void e1000_phy_init(E1000Phy *s, const PCIDeviceClass *cls, void (*link_changed)(void *opaque),
                    void *opaque);
void e1000_phy_cleanup(E1000Phy *s);
/* As after the machine was switched on: by the time anybody looks the link has been negotiated. */
void e1000_phy_power_on(E1000Phy *s);
void e1000_phy_reset(E1000Phy *s);
void e1000_phy_set_cable(E1000Phy *s, bool plugged);
bool e1000_phy_loopback(const E1000Phy *s);
/* What MDIC holds after `val` was written to it. `*interrupt`: it asked for MDAC. */
uint32_t e1000_mdic_access(E1000Phy *s, uint32_t val, bool *interrupt);

#endif
