/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Intel 82540EM gigabit Ethernet controller: the PCI function with its ROM, the register file,
 * interrupts and resets. The EEPROM and the PHY are in files of their own.
 * Document: Intel PCI/PCI-X Family of Gigabit Ethernet Controllers Software Developer's Manual
 * (317453), chapters 13 and 14.
 *
 * There is nothing at the other end of the cable: the link is down, and so the rings stand still.
 * The receive and transmit paths, interrupt throttling and wake-up are left out; their registers
 * hold what is written.
 */
#include <string.h>

#include "e1000-internal.h"
#include "hw/core/log.h"
#include "hw/net/e1000.h"
#include "hw/net/mac.h"

enum {
    E1000_IOADDR = 0x00,
    E1000_IODATA = 0x04,
    STATUS_MTXCKOK = 1 << 10,

    ANY = -1, /* wmask: all bits */
};

/*
 * The registers that are plain storage: what they hold after reset, and the bits
 * that a write changes. Reading one of `clear` clears it.
 */
typedef struct RegRow {
    uint16_t offset;
    uint16_t count;  /* registers */
    uint16_t stride; /* bytes from one to the next; 0: 4 */
    uint32_t reset;
    uint32_t wmask;
    bool clear;
} RegRow;

static const RegRow e1000_rows[] = {
    {E1000_CTRL, 1, 0,
     E1000_CTRL_FD | E1000_CTRL_SLU | E1000_CTRL_SPEED_1000 | E1000_CTRL_SWDPIN0 |
         E1000_CTRL_SWDPIN2,
     0x5bfc1be9, false}, /* RST and PHY_RST clear themselves */
    {E1000_EERD, 1, 0, 0, ANY, false},
    {E1000_CTRL_EXT, 1, 0, 0, 0x00c0bfff, false},
    {E1000_FLA, 1, 0, 0, 0x0000000f, false},
    {E1000_MDIC, 1, 0, 0x10000000, ANY, false},
    {E1000_FCAL, 1, 0, 0x00c28001, ANY, false},
    {E1000_FCAH, 1, 0, 0x00000100, 0x0000ffff, false},
    {E1000_FCT, 1, 0, 0x00008808, 0x0000ffff, false},
    {E1000_VET, 1, 0, 0x00008100, 0x0000ffff, false},
    {E1000_ITR, 1, 0, 0, 0x0000ffff, false},
    {E1000_RCTL, 1, 0, 0, 0x07ddfffe, false},
    {E1000_FCTTV, 1, 0, 0, 0x0000ffff, false},
    {E1000_TXCW, 1, 0, 0, 0xc000ffff, false},
    {E1000_RXCW, 1, 0, 0, 0, false},
    {E1000_TCTL, 1, 0, 0, 0x01fffffa, false},
    {E1000_TIPG, 1, 0, 0x00602008, 0x3fffffff, false},
    {E1000_AIT, 1, 0, 0, 0x0000ffff, false},
    {E1000_LEDCTL, 1, 0, 0x07068302, 0xcfcfcfcf, false},
    {E1000_PBA, 1, 0, 0x00100030, 0x0000ffff, false},
    {E1000_FCRTL, 1, 0, 0, 0x8000fff8, false},
    {E1000_FCRTH, 1, 0, 0, 0x0000fff8, false},
    {E1000_RDFH, 5, 8, 0, 0x00001fff, false},
    {E1000_RDBAL, 1, 0, 0, 0xfffffff0, false},
    {E1000_RDBAH, 1, 0, 0, ANY, false},
    {E1000_RDLEN, 1, 0, 0, 0x000fff80, false},
    {E1000_RDH, 1, 0, 0, 0x0000ffff, false},
    {E1000_RDT, 1, 0, 0, 0x0000ffff, false},
    {E1000_RDTR, 1, 0, 0, 0x0000ffff, false},
    {E1000_RXDCTL, 1, 0, 0x00010000, 0x013f3f3f, false},
    {E1000_RADV, 1, 0, 0, 0x0000ffff, false},
    {E1000_RSRPD, 1, 0, 0, 0x00000fff, false},
    {E1000_TXDMAC, 1, 0, 0, 0x00000001, false},
    {E1000_TDFH, 5, 8, 0, 0x00001fff, false},
    {E1000_TDBAL, 1, 0, 0, 0xfffffff0, false},
    {E1000_TDBAH, 1, 0, 0, ANY, false},
    {E1000_TDLEN, 1, 0, 0, 0x000fff80, false},
    {E1000_TDH, 1, 0, 0, 0x0000ffff, false},
    {E1000_TDT, 1, 0, 0, 0x0000ffff, false},
    {E1000_TIDV, 1, 0, 0, 0x0000ffff, false},
    {E1000_TXDCTL, 1, 0, 0, 0xff3f3f3f, false},
    {E1000_TADV, 1, 0, 0, 0x0000ffff, false},
    {E1000_TSPMT, 1, 0, 0x01000400, ANY, false},
    {E1000_CRCERRS, (E1000_TSCTFC - E1000_CRCERRS) / 4 + 1, 0, 0, 0, true},
    {E1000_RXCSUM, 1, 0, 0, 0x000007ff, false},
    {E1000_MTA, 128, 0, 0, ANY, false},
    {E1000_RAL, 16, 8, 0, ANY, false},
    {E1000_RAH, 16, 8, 0, 0x8003ffff, false},
    {E1000_VFTA, 128, 0, 0, ANY, false},
    {E1000_WUC, 1, 0, 0, 0x0000000f, false},
    {E1000_WUFC, 1, 0, 0, 0x000f80ff, false},
    {E1000_WUS, 1, 0, 0, 0, false},
    {E1000_MANC, 1, 0, 0, ANY, false},
    {E1000_IPAV, 1, 0, 0, 0x0001000f, false},
    {E1000_IP4AT, 4, 8, 0, ANY, false},
    {E1000_IP6AT, 4, 0, 0, ANY, false},
    {E1000_WUPL, 1, 0, 0, 0, false},
    {E1000_WUPM, 32, 0, 0, 0, false},
    {E1000_FFLT, 4, 8, 0, 0x000007ff, false},
    {E1000_FFMT, 128, 8, 0, 0x0000000f, false},
    {E1000_FFVT, 128, 8, 0, ANY, false},
};

/* For each offset / 4 the number of its row, from 1; 0: no such register. */
static const uint8_t *e1000_row_numbers(void)
{
    static uint8_t numbers[E1000_REGS_SIZE / 4];
    static gsize made;

    if (g_once_init_enter(&made)) {
        for (size_t i = 0; i < G_N_ELEMENTS(e1000_rows); i++) {
            const RegRow *row = &e1000_rows[i];

            for (unsigned n = 0; n < row->count; n++) {
                numbers[(row->offset + n * (row->stride ? row->stride : 4)) / 4] = i + 1;
            }
        }
        g_once_init_leave(&made, 1);
    }
    return numbers;
}

static const RegRow *e1000_find_row(hwaddr offset)
{
    unsigned number = offset < E1000_REGS_SIZE ? e1000_row_numbers()[offset / 4] : 0;

    return number ? &e1000_rows[number - 1] : NULL;
}

/* ------------------------------------------------------------------------------ interrupts -- */

static void e1000_update_irq(E1000 *s)
{
    pci_set_irq(&s->pci, (s->icr & s->ims) != 0);
}

static void e1000_set_causes(E1000 *s, uint32_t causes)
{
    s->icr |= causes & E1000_ICR_BITS;
    e1000_update_irq(s);
}

/* ---------------------------------------------------------------------------------- resets -- */

/* What the controller takes from its EEPROM: the first receive address. */
static void e1000_load_eeprom(E1000 *s)
{
    s->regs[E1000_RAL / 4] = s->eeprom.words[0] | (uint32_t)s->eeprom.words[1] << 16;
    s->regs[E1000_RAH / 4] = s->eeprom.words[2] | E1000_RAH_AV;
}

static void e1000_reset_registers(E1000 *s)
{
    memset(s->regs, 0, sizeof(s->regs));
    for (size_t i = 0; i < G_N_ELEMENTS(e1000_rows); i++) {
        const RegRow *row = &e1000_rows[i];

        for (unsigned n = 0; n < row->count; n++) {
            s->regs[(row->offset + n * (row->stride ? row->stride : 4)) / 4] = row->reset;
        }
    }
    s->icr = s->ims = 0;
    e1000_load_eeprom(s);
    e1000_update_irq(s);
}

/* ------------------------------------------------------------------------------- registers -- */

static uint32_t e1000_status(const E1000 *s)
{
    bool up = s->phy.link && (s->regs[E1000_CTRL / 4] & E1000_CTRL_SLU);

    return E1000_STATUS_FD | (up ? E1000_STATUS_LU : 0) | E1000_STATUS_SPEED_1000 |
           E1000_STATUS_ASDV_1000 | STATUS_MTXCKOK;
}

/* A 64-bit counter clears when its upper half is read; the lower half is read first. */
static uint32_t e1000_read_counter(E1000 *s, hwaddr offset)
{
    uint32_t val = s->regs[offset / 4];

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

static uint32_t e1000_read_reg(E1000 *s, hwaddr offset)
{
    const RegRow *row;
    uint32_t val;

    switch (offset) {
    case E1000_STATUS:
        return e1000_status(s);
    case E1000_EECD:
        return e1000_eecd_read(&s->eeprom);
    case E1000_ICR:
        val = s->icr;
        s->icr = 0;
        e1000_update_irq(s);
        return val;
    case E1000_IMS:
        return s->ims;
    case E1000_ICS:
    case E1000_IMC:
        return 0; /* write-only */
    default:
        row = e1000_find_row(offset);
        if (!row) {
            log_unimp("e1000: read of register 0x%05x", (unsigned)offset);
            return 0;
        }
        return row->clear ? e1000_read_counter(s, offset) : s->regs[offset / 4];
    }
}

static void e1000_write_ctrl(E1000 *s, uint32_t val)
{
    uint32_t wmask = e1000_find_row(E1000_CTRL)->wmask;

    if (val & E1000_CTRL_PHY_RST) {
        e1000_phy_reset(&s->phy);
    }
    if (val & E1000_CTRL_RST) {
        e1000_reset_registers(s);
        return;
    }
    s->regs[E1000_CTRL / 4] = val & wmask;
}

static void e1000_write_mdic(E1000 *s, uint32_t val)
{
    bool interrupt, renegotiated;

    s->regs[E1000_MDIC / 4] = e1000_mdic_access(&s->phy, val, &interrupt, &renegotiated);
    e1000_set_causes(s, (interrupt ? E1000_ICR_MDAC : 0) | (renegotiated ? E1000_ICR_LSC : 0));
}

static void e1000_write_reg(E1000 *s, hwaddr offset, uint32_t val)
{
    const RegRow *row;

    switch (offset) {
    case E1000_CTRL:
        e1000_write_ctrl(s, val);
        return;
    case E1000_EECD:
        e1000_eecd_write(&s->eeprom, val);
        return;
    case E1000_EERD:
        s->regs[E1000_EERD / 4] = e1000_eerd_access(&s->eeprom, val);
        return;
    case E1000_MDIC:
        e1000_write_mdic(s, val);
        return;
    case E1000_ICR:
        s->icr &= ~val;
        e1000_update_irq(s);
        return;
    case E1000_ICS:
        e1000_set_causes(s, val);
        return;
    case E1000_IMS:
        s->ims |= val & E1000_ICR_BITS;
        e1000_update_irq(s);
        return;
    case E1000_IMC:
        s->ims &= ~val;
        e1000_update_irq(s);
        return;
    default:
        row = e1000_find_row(offset);
        if (row) {
            s->regs[offset / 4] = (s->regs[offset / 4] & ~row->wmask) | (val & row->wmask);
        } else {
            log_unimp("e1000: write of register 0x%05x: 0x%08x", (unsigned)offset, val);
        }
    }
}

/* --------------------------------------------------------------------------- the two spaces -- */

static uint64_t e1000_mmio_read(void *opaque, hwaddr addr, unsigned size)
{
    return e1000_read_reg(opaque, addr);
}

static void e1000_mmio_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    e1000_write_reg(opaque, addr, data);
}

/* Registers are double words; the chip does not look at byte enables. */
static const MemoryRegionOps e1000_mmio_ops = {
    .read = e1000_mmio_read,
    .write = e1000_mmio_write,
    .valid = {.min_access_size = 1, .max_access_size = 8},
    .impl = {.min_access_size = 4, .max_access_size = 4},
};

static uint64_t e1000_io_read(void *opaque, hwaddr addr, unsigned size)
{
    E1000 *s = opaque;

    switch (addr) {
    case E1000_IOADDR:
        return s->ioaddr;
    case E1000_IODATA:
        return s->ioaddr < E1000_MMIO_SIZE ? e1000_read_reg(s, s->ioaddr & ~3u) : 0;
    default:
        return 0;
    }
}

static void e1000_io_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    E1000 *s = opaque;

    if (addr == E1000_IOADDR) {
        s->ioaddr = data;
    } else if (addr == E1000_IODATA && s->ioaddr < E1000_MMIO_SIZE) {
        e1000_write_reg(s, s->ioaddr & ~3u, data);
    }
}

static const MemoryRegionOps e1000_io_ops = {
    .read = e1000_io_read,
    .write = e1000_io_write,
    .valid = {.min_access_size = 4, .max_access_size = 4},
    .impl = {.min_access_size = 4, .max_access_size = 4},
};

/*
 * What may be queued, and why the rest may not:
 *
 *  - CTRL, CTRL_EXT, EECD, EERD, FLA, MDIC: they reset, or move a serial bus or a PHY whose answer
 *    is read next, through another register;
 *  - ICR, ICS, IMS, IMC: the interrupt line;
 *  - ITR, RDTR, RADV, TIDV, TADV: they arm timers, and some of their bits raise an interrupt;
 *  - RCTL, RDBAL to RDT, RXDCTL, RXCSUM, VET, FCRTL, FCRTH, RSRPD, MTA, RAL, RAH, VFTA: a frame
 *    that comes in from the host meets them, also while a polling driver writes nothing else;
 *  - WUC to WUPM, FFLT, FFMT, FFVT: the same;
 *  - TCTL, TXDCTL and TDT: they start transmission. The ring that it works on, TDBAL to TDH, is
 *    looked at only then: those writes are not queued, and what is queued goes before them;
 *  - the packet buffers' pointers and the statistics: nobody writes them often.
 *
 * The rest is set up once for a link partner that takes frames as they are.
 */
static const CoalescedRange e1000_coalesced[] = {
    COALESCED_MMIO(E1000, mmio, E1000_FCAL, 0x0c), /* FCAL, FCAH, FCT: flow control frames */
    COALESCED_MMIO(E1000, mmio, E1000_FCTTV, 4),
    COALESCED_MMIO(E1000, mmio, E1000_TIPG, 4), /* gaps on a wire that has no time */
    COALESCED_MMIO(E1000, mmio, E1000_AIT, 4),
    COALESCED_MMIO(E1000, mmio, E1000_LEDCTL, 4),
    COALESCED_MMIO(E1000, mmio, E1000_PBA, 4),      /* takes effect at the next reset */
    COALESCED_MMIO(E1000, mmio, E1000_TDBAL, 0x14), /* TDBAL, TDBAH, TDLEN, TDH */
    COALESCED_PIO(E1000, io, E1000_IOADDR, 4),      /* only selects; IODATA has the effects */
    {}};

/* ----------------------------------------------------------------------------------- class -- */

static bool e1000_realize(Device *dev, GError **errp)
{
    E1000 *s = DEVICE_CAST(E1000, &e1000_class.device, dev);

    if (!mac_claim(&s->mac, errp)) {
        return false;
    }
    pci_set_word(s->pci.config + PCI_STATUS, PCI_STATUS_66MHZ | PCI_STATUS_DEVSEL_MEDIUM);
    s->pci.config[PCI_INTERRUPT_PIN] = 1;
    s->pci.wmask[PCI_LATENCY_TIMER] = 0xff;
    memory_region_init_io(&s->mmio, &dev->owner, &e1000_mmio_ops, s, "e1000-mmio", E1000_MMIO_SIZE);
    memory_region_init_io(&s->io, &dev->owner, &e1000_io_ops, s, "e1000-io", E1000_IO_SIZE);
    pci_register_bar(&s->pci, 0, PCI_BASE_ADDRESS_SPACE_MEMORY, &s->mmio);
    pci_register_bar(&s->pci, 1, PCI_BASE_ADDRESS_SPACE_IO, &s->io);
    e1000_eeprom_init(&s->eeprom, &s->mac, pci_class_of(&s->pci));
    e1000_phy_set_link(&s->phy, false);
    return true;
}

static void e1000_unrealize(Device *dev)
{
    E1000 *s = DEVICE_CAST(E1000, &e1000_class.device, dev);

    mac_release(&s->mac);
}

static void e1000_reset(Device *dev)
{
    E1000 *s = DEVICE_CAST(E1000, &e1000_class.device, dev);

    s->ioaddr = 0;
    e1000_phy_reset(&s->phy);
    e1000_reset_registers(s);
}

static const Property e1000_props[] = {
    PROP_MAC("mac", E1000, mac, .help = "Ethernet address"),
    PROP_INT32("bootindex", E1000, bootindex, -1, .help = "place in the boot order; -1: none"),
    {}};

const PCIDeviceClass e1000_class = {
    .device =
        {
            .name = "e1000",
            .alias = "e1000-82540em",
            .desc = "Intel Gigabit Ethernet",
            .category = "Network",
            .parent = &pci_device_class,
            .size = sizeof(E1000),
            .props = e1000_props,
            .coalesced = e1000_coalesced,
            .realize = e1000_realize,
            .unrealize = e1000_unrealize,
            .reset = e1000_reset,
        },
    .vendor_id = 0x8086,
    .device_id = 0x100e,
    .revision = 0x03,
    .class_id = PCI_CLASS_NETWORK_ETHERNET,
    .romfile = "efi-e1000.rom",
};
