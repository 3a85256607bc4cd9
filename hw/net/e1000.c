/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Intel 82540EM, 82544GC and 82545EM gigabit Ethernet controllers: the PCI function, what accesses
 * to registers set in motion, link and resets. The manual's other chapters have files of their own:
 * registers (e1000-regs.c), interrupts (e1000-irq.c), statistics (e1000-stats.c), the EEPROM, the
 * PHY, transmission (e1000-tx.c), reception (e1000-rx.c) with its filter (e1000-filter.c), and
 * offloads (e1000-offload.c). Document: Intel PCI/PCI-X Family of Gigabit Ethernet Controllers
 * Software Developer's Manual (317453), chapters 13 and 14.
 *
 * Left out: flow control, wake-up and management (their registers hold what is written), speeds
 * other than 1000 Mb/s, half duplex, PCI-X and power management capabilities, and what the 82544GC
 * alone does in another way (but its identities, and RPS).
 */
#include "e1000-internal.h"
#include "hw/core/log.h"
#include "hw/net/e1000.h"
#include "hw/net/mac.h"

enum {
    E1000_IOADDR = 0x00,
    E1000_IODATA = 0x04,
};

static E1000 *e1000_of(Device *dev)
{
    return DEVICE_CAST(E1000, &e1000_base_class.device, dev);
}

/* ------------------------------------------------------------------------------------ link -- */

bool e1000_is_bus_master(const E1000 *s)
{
    return s->pci.config[PCI_COMMAND] & PCI_COMMAND_MASTER;
}

bool e1000_link_up(const E1000 *s)
{
    return s->phy.link && (e1000_reg(s, E1000_CTRL) & E1000_CTRL_SLU);
}

static void e1000_link_changed(void *opaque)
{
    E1000 *s = opaque;

    e1000_set_causes(s, E1000_ICR_LSC);
    if (e1000_link_up(s)) {
        net_client_receive_ready(s->net); /* what is sent does not wait for the link */
    }
}

static void e1000_cable_changed(NetClient *nc)
{
    E1000 *s = net_client_opaque(nc);

    if (s->net) { /* not while it is made */
        e1000_phy_set_cable(&s->phy, net_link_up(nc));
    }
}

static const NetClientOps e1000_net_ops = {
    .type = "nic",
    .receive = e1000_receive,
    .send_ready = e1000_tx_ready,
    .link_changed = e1000_cable_changed,
    .rx_filter = e1000_describe_filter,
};

/* The address that `info network` shows is the one in the first pair of RAL and RAH. */
static void e1000_update_info(E1000 *s)
{
    uint32_t low = e1000_reg(s, E1000_RA), high = e1000_reg(s, E1000_RA + 4);
    g_autofree char *info = g_strdup_printf(
        "model=%s,macaddr=%02x:%02x:%02x:%02x:%02x:%02x", s->pci.dev.cls->name, low & 0xff,
        low >> 8 & 0xff, low >> 16 & 0xff, low >> 24, high & 0xff, high >> 8 & 0xff);

    net_client_set_info(s->net, info);
}

/* ---------------------------------------------------------------------------------- resets -- */

/* CTRL.RST: all but the PHY and PCI configuration space. */
static void e1000_reset_controller(E1000 *s)
{
    e1000_tx_reset(s);
    e1000_reset_registers(s);
    e1000_irq_reset(s);
    s->rx_stalled = false;
    /* The first receive address comes from the EEPROM. */
    s->regs[E1000_RA / 4] = s->eeprom.words[0] | (uint32_t)s->eeprom.words[1] << 16;
    s->regs[E1000_RA / 4 + 1] = s->eeprom.words[2] | E1000_RAH_AV;
    net_client_purge(s->net);
    e1000_update_info(s);
}

/* ------------------------------------------------------------------------------- registers -- */

static uint32_t e1000_status(const E1000 *s)
{
    return E1000_STATUS_FD | (e1000_link_up(s) ? E1000_STATUS_LU : 0) | E1000_STATUS_SPEED_1000 |
           E1000_STATUS_ASDV_1000 | E1000_STATUS_MTXCKOK;
}

static uint32_t e1000_read_reg(E1000 *s, hwaddr offset)
{
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
    case E1000_CRCERRS ... E1000_TSCTFC:
        if (e1000_find_register(offset)) {
            return e1000_read_counter(s, offset);
        }
        /* fall through */
    default:
        if (!e1000_find_register(offset)) {
            log_unimp("e1000: read of register 0x%05x", (unsigned)offset);
            return 0;
        }
        return e1000_reg(s, offset);
    }
}

/* A write that does nothing else. */
static void e1000_store(E1000 *s, hwaddr offset, uint32_t val)
{
    const E1000Register *row = e1000_find_register(offset);

    if (row) {
        s->regs[offset / 4] = (e1000_reg(s, offset) & ~row->wmask) | (val & row->wmask);
    } else {
        log_unimp("e1000: write of register 0x%05x: 0x%08x", (unsigned)offset, val);
    }
}

static void e1000_write_ctrl(E1000 *s, uint32_t val)
{
    bool was_up;

    if (val & E1000_CTRL_PHY_RST) {
        e1000_phy_reset(&s->phy);
    }
    if (val & E1000_CTRL_RST) {
        e1000_reset_controller(s);
        return;
    }
    was_up = e1000_link_up(s);
    e1000_store(s, E1000_CTRL, val);
    if (was_up != e1000_link_up(s)) {
        e1000_link_changed(s);
    }
}

static void e1000_write_mdic(E1000 *s, uint32_t val)
{
    bool interrupt;

    s->regs[E1000_MDIC / 4] = e1000_mdic_access(&s->phy, val, &interrupt);
    if (interrupt) {
        e1000_set_causes(s, E1000_ICR_MDAC);
    }
}

static void e1000_write_address(E1000 *s, hwaddr offset, uint32_t val)
{
    e1000_store(s, offset, offset & 4 ? val & E1000_RAH_BITS : val);
    if (offset <= E1000_RA + 4) {
        e1000_update_info(s);
    }
    net_rx_filter_changed(s->net);
}

static void e1000_write_reg(E1000 *s, hwaddr offset, uint32_t val)
{
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
    case E1000_ITR:
        e1000_write_itr(s, val);
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
    case E1000_RCTL:
        e1000_store(s, offset, val);
        net_rx_filter_changed(s->net);
        net_client_receive_ready(s->net);
        return;
    case E1000_RDTR:
        e1000_write_delay(&s->rx_delay, val);
        return;
    case E1000_TIDV:
        e1000_write_delay(&s->tx_delay, val);
        return;
    case E1000_RDT:
        e1000_store(s, offset, val);
        net_client_receive_ready(s->net);
        return;
    case E1000_TCTL:
    case E1000_TDT:
        e1000_store(s, offset, val);
        e1000_tx_run(s);
        return;
    case E1000_RA ... E1000_RA + 8 * E1000_ADDRESSES - 4:
        e1000_write_address(s, offset, val);
        return;
    case E1000_MTA ... E1000_MTA + 4 * E1000_HASH_WORDS - 4:
    case E1000_VFTA ... E1000_VFTA + 4 * E1000_HASH_WORDS - 4:
        e1000_store(s, offset, val);
        net_rx_filter_changed(s->net);
        return;
    default:
        e1000_store(s, offset, val);
        return;
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
    .registers = e1000_register_names,
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

static const RegisterName e1000_io_names[] = {
    {E1000_IOADDR, 4, "IOADDR"}, {E1000_IODATA, 4, "IODATA"}, {}};

static const MemoryRegionOps e1000_io_ops = {
    .read = e1000_io_read,
    .write = e1000_io_write,
    .registers = e1000_io_names,
    .valid = {.min_access_size = 4, .max_access_size = 4},
    .impl = {.min_access_size = 4, .max_access_size = 4},
};

/*
 * What may be queued, and why the rest may not:
 *
 *  - CTRL, CTRL_EXT, EECD, EERD, FLA, MDIC: they reset, change the link, or move a serial bus or a
 *    PHY whose answer is read next, through another register;
 *  - ICR, ICS, IMS, IMC: the interrupt line;
 *  - ITR, RDTR, RADV, TIDV, TADV: they arm timers, and some of their bits raise an interrupt;
 *  - RDT and RCTL: they let in frames that wait;
 *  - RDBAL to RDH, RXCSUM, VET, RSRPD, MTA, RA, VFTA, and RXDCTL, FCRTL, FCRTH, WUC to WUPM, FFLT,
 *    FFMT, FFVT, which are looked at some day: a frame that comes in from the host meets them, also
 *    while a polling driver writes nothing else;
 *  - TCTL and TDT: they start transmission; TXDCTL: it says when that raises an interrupt;
 *  - the packet buffers' pointers and the statistics: nobody writes them often.
 *
 * TDBAL to TDH are looked at by transmission alone. A write of TDT or TCTL exits, and what is
 * queued goes before it. So it does before a long ring goes on, or one that the network held up:
 * whoever goes on with it has taken the lock. The timers of TIDV and TADV look at no ring.
 *
 * The rest is set up once for a link partner that takes frames as they are: nothing here reads it.
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

static void e1000_write_config(PCIDevice *dev, uint32_t addr, uint32_t val, unsigned len)
{
    E1000 *s = e1000_of(&dev->dev);
    bool was_master = e1000_is_bus_master(s);

    pci_default_write_config(dev, addr, val, len);
    if (!was_master && e1000_is_bus_master(s)) {
        e1000_tx_run(s);
        net_client_receive_ready(s->net);
    }
}

static bool e1000_realize(Device *dev, GError **errp)
{
    E1000 *s = e1000_of(dev);

    if (!mac_claim(&s->mac, errp)) {
        return false;
    }
    e1000_eeprom_init(&s->eeprom, &s->mac, pci_class_of(&s->pci));
    e1000_phy_init(&s->phy, pci_class_of(&s->pci), e1000_link_changed, s);
    e1000_irq_init(s);
    e1000_tx_init(s);
    s->net = net_nic_new(&e1000_net_ops, s, dev->cls->name, dev->id, s->netdev, errp);
    if (!s->net) {
        mac_release(&s->mac);
        return false;
    }
    s->phy.cable = net_link_up(s->net);
    s->pci.config_write = e1000_write_config;
    pci_set_word(s->pci.config + PCI_STATUS, PCI_STATUS_66MHZ | PCI_STATUS_DEVSEL_MEDIUM);
    s->pci.config[PCI_INTERRUPT_PIN] = 1;
    s->pci.wmask[PCI_LATENCY_TIMER] = 0xff;
    memory_region_init_io(&s->mmio, &dev->owner, &e1000_mmio_ops, s, "e1000-mmio", E1000_MMIO_SIZE);
    memory_region_init_io(&s->io, &dev->owner, &e1000_io_ops, s, "e1000-io", E1000_IO_SIZE);
    pci_register_bar(&s->pci, 0, PCI_BASE_ADDRESS_SPACE_MEMORY, &s->mmio);
    pci_register_bar(&s->pci, 1, PCI_BASE_ADDRESS_SPACE_IO, &s->io);
    return true;
}

static void e1000_unrealize(Device *dev)
{
    E1000 *s = e1000_of(dev);

    e1000_irq_cleanup(s);
    e1000_tx_cleanup(s);
    e1000_phy_cleanup(&s->phy);
    g_clear_pointer(&s->net, net_client_free);
    mac_release(&s->mac);
}

static void e1000_reset(Device *dev)
{
    E1000 *s = e1000_of(dev);

    s->ioaddr = 0;
    e1000_reset_controller(s);
    e1000_phy_power_on(&s->phy);
}

static const Property e1000_props[] = {
    PROP_MAC("mac", E1000, mac, .help = "Ethernet address"),
    PROP_STRING("netdev", E1000, netdev, .help = "ID of a netdev to use as a backend"),
    PROP_BOOL("autonegotiation", E1000, phy.negotiation_timed, true,
              .help = "the link takes its time to come up"),
    PROP_BOOL("mitigation", E1000, mitigation, true,
              .help = "whether ITR, RDTR, RADV, TIDV and TADV hold interrupts back"),
    PROP_INT32("bootindex", E1000, bootindex, -1, .help = "place in the boot order; -1: none"),
    {}};

const PCIDeviceClass e1000_base_class = {
    .device =
        {
            .name = "e1000-base",
            .parent = &pci_device_class,
            .size = sizeof(E1000),
            .abstract = true,
            .props = e1000_props,
            .coalesced = e1000_coalesced,
            .realize = e1000_realize,
            .unrealize = e1000_unrealize,
            .reset = e1000_reset,
        },
};

#define E1000_CLASS(NAME, ALIAS, DESC, ID)                                                         \
    {                                                                                              \
        .device =                                                                                  \
            {                                                                                      \
                .name = NAME,                                                                      \
                .alias = ALIAS,                                                                    \
                .desc = DESC,                                                                      \
                .category = "Network",                                                             \
                .parent = &e1000_base_class.device,                                                \
                .size = sizeof(E1000),                                                             \
            },                                                                                     \
        .vendor_id = 0x8086, .device_id = ID, .revision = 0x03,                                    \
        .class_id = PCI_CLASS_NETWORK_ETHERNET, .romfile = "efi-e1000.rom",                        \
    }

const PCIDeviceClass e1000_class =
    E1000_CLASS("e1000", "e1000-82540em", "Intel Gigabit Ethernet", 0x100e);
const PCIDeviceClass e1000_82544gc_class =
    E1000_CLASS("e1000-82544gc", NULL, "Intel Gigabit Ethernet", 0x1008);
const PCIDeviceClass e1000_82545em_class =
    E1000_CLASS("e1000-82545em", NULL, "Intel Gigabit Ethernet", 0x100f);
