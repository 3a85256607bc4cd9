/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the e1000 share: the state, and registers and bits by the manual's names.
 * Document: Intel PCI/PCI-X Family of Gigabit Ethernet Controllers Software Developer's Manual
 * (317453), chapter 13.
 */
#ifndef LIGNITE_HW_NET_E1000_INTERNAL_H
#define LIGNITE_HW_NET_E1000_INTERNAL_H

#include "hw/pci/pci.h"

#define E1000_MMIO_SIZE    0x20000
#define E1000_IO_SIZE      0x40
#define E1000_REGS_SIZE    0xa000 /* bytes of offsets that have registers */
#define E1000_EEPROM_WORDS 64
#define E1000_PHY_REGS     32

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
    E1000_CRCERRS = 0x4000, /* the first of the statistics */
    E1000_GORCL = 0x4088,
    E1000_GORCH = 0x408c,
    E1000_GOTCL = 0x4090,
    E1000_GOTCH = 0x4094,
    E1000_TORL = 0x40c0,
    E1000_TORH = 0x40c4,
    E1000_TOTL = 0x40c8,
    E1000_TOTH = 0x40cc,
    E1000_TSCTFC = 0x40fc, /* the last */
    E1000_RXCSUM = 0x5000,
    E1000_MTA = 0x5200, /* 128 */
    E1000_RAL = 0x5400, /* 16 pairs of RAL and RAH */
    E1000_RAH = 0x5404,
    E1000_VFTA = 0x5600, /* 128 */
    E1000_WUC = 0x5800,
    E1000_WUFC = 0x5808,
    E1000_WUS = 0x5810,
    E1000_MANC = 0x5820,
    E1000_IPAV = 0x5838,
    E1000_IP4AT = 0x5840, /* 4 addresses, 8 bytes apart */
    E1000_IP6AT = 0x5880, /* 4 */
    E1000_WUPL = 0x5900,
    E1000_WUPM = 0x5a00, /* 32 */
    E1000_FFLT = 0x5f00, /* 4, 8 bytes apart */
    E1000_FFMT = 0x9000, /* 128, 8 bytes apart */
    E1000_FFVT = 0x9800, /* 128, 8 bytes apart */

    E1000_CTRL_FD = 1 << 0,
    E1000_CTRL_SLU = 1 << 6,
    E1000_CTRL_SPEED_1000 = 2 << 8,
    E1000_CTRL_SWDPIN0 = 1 << 18,
    E1000_CTRL_SWDPIN2 = 1 << 20,
    E1000_CTRL_RST = 1 << 26,
    E1000_STATUS_FD = 1 << 0,
    E1000_STATUS_LU = 1 << 1,
    E1000_STATUS_SPEED_1000 = 2 << 6,
    E1000_STATUS_ASDV_1000 = 2 << 8,
    E1000_ICR_LSC = 1 << 2,
    E1000_ICR_MDAC = 1 << 9,
    E1000_ICR_BITS = 0x1ffff,
};
#define E1000_CTRL_PHY_RST (1u << 31)
#define E1000_RAH_AV       (1u << 31)

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
    bool link;
} E1000Phy;

typedef struct E1000 {
    PCIDevice pci;
    MemoryRegion mmio;                  /* BAR 0 */
    MemoryRegion io;                    /* BAR 1 */
    uint32_t ioaddr;                    /* IOADDR: the register that IODATA shows */
    uint32_t regs[E1000_REGS_SIZE / 4]; /* by offset; those with no other home */
    uint32_t icr;
    uint32_t ims;
    E1000Eeprom eeprom;
    E1000Phy phy;
    MacAddr mac;
    int32_t bootindex;
} E1000;

/* e1000-eeprom.c */
void e1000_eeprom_init(E1000Eeprom *s, const MacAddr *mac, const PCIDeviceClass *cls);
uint32_t e1000_eecd_read(const E1000Eeprom *s);
void e1000_eecd_write(E1000Eeprom *s, uint32_t val);
/* What EERD holds after `val` was written to it. */
uint32_t e1000_eerd_access(const E1000Eeprom *s, uint32_t val);

/* e1000-phy.c */
void e1000_phy_reset(E1000Phy *s);
void e1000_phy_set_link(E1000Phy *s, bool up);
/*
 * What MDIC holds after `val` was written to it. `*interrupt`: it asked for MDAC; `*renegotiated`:
 * the link went up, down, or both.
 */
uint32_t e1000_mdic_access(E1000Phy *s, uint32_t val, bool *interrupt, bool *renegotiated);

#endif
