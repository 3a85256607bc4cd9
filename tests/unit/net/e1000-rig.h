/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cards on a bench: e1000s in the process of the test, each with the polling driver of the qtest
 * library, and at the other end of its cable an end that the test holds.
 */
#ifndef LIGNITE_TESTS_NET_E1000_RIG_H
#define LIGNITE_TESTS_NET_E1000_RIG_H

#include "../../qtest/e1000-driver.h"
#include "../pci/bench.h"
#include "end.h"
#include "hw/net/e1000.h"

#define RIG_RAM    0x800000
#define RIG_MEMORY 0x200000 /* of the first card's driver; the next's follows */
#define RIG_BASE   0xfe000000u
#define RIG_CARDS  2

typedef struct RigCard {
    Device *dev;
    uint8_t devfn;
    uint32_t base; /* of BAR 0 */
    End end;
    E1000Driver driver;
} RigCard;

typedef struct Rig {
    Bench bench;
    RigCard card[RIG_CARDS];
    int line;
} Rig;

static uint32_t rig_read_reg(void *opaque, uint32_t reg)
{
    return readl(((RigCard *)opaque)->base + reg);
}

static void rig_write_reg(void *opaque, uint32_t reg, uint32_t val)
{
    writel(((RigCard *)opaque)->base + reg, val);
}

static void rig_read(void *opaque, uint64_t addr, void *buf, size_t len)
{
    g_assert_cmpint(address_space_read(&address_space_memory, addr, buf, len), ==, MEMTX_OK);
}

static void rig_write(void *opaque, uint64_t addr, const void *buf, size_t len)
{
    g_assert_cmpint(address_space_write(&address_space_memory, addr, buf, len), ==, MEMTX_OK);
}

static const E1000DriverOps rig_ops = {
    .read_reg = rig_read_reg,
    .write_reg = rig_write_reg,
    .read = rig_read,
    .write = rig_write,
};

static inline void rig_set_line(void *opaque, int pirq, int level)
{
    ((Rig *)opaque)->line = level;
}

/* BARs and decoding, as firmware would set them. */
static inline void rig_map(RigCard *card)
{
    cfg_writel(card->devfn, PCI_BASE_ADDRESS_0, card->base);
    cfg_writew(card->devfn, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

/* Card `n`, with a cable to the network `netdev`. */
static inline void rig_put_card(Rig *rig, unsigned n, const PCIDeviceClass *cls, const char *netdev)
{
    static const char *const macs[RIG_CARDS] = {"52:54:00:12:34:56", "52:54:00:12:34:57"};
    static const char *const slots[RIG_CARDS] = {"3", "4"};
    RigCard *card = &rig->card[n];

    card->dev = device_new(&cls->device);
    device_set_str(card->dev, "romfile", "");
    device_set_str(card->dev, "addr", slots[n]);
    device_set_str(card->dev, "mac", macs[n]);
    device_set_str(card->dev, "netdev", netdev);
    device_realize_or_die(card->dev, &rig->bench.bus->bus);
    device_reset(card->dev);
    card->devfn = PCI_DEVFN(3 + n, 0);
    card->base = RIG_BASE + n * 0x20000;
    rig_map(card);
    card->driver = (E1000Driver){
        .ops = &rig_ops, .opaque = card, .memory = RIG_MEMORY + n * E1000_DRIVER_MEMORY};
}

/* Card `n`, and the other end of its cable. */
static inline void rig_add_card(Rig *rig, unsigned n, const PCIDeviceClass *cls)
{
    static const char *const names[RIG_CARDS] = {"wire0", "wire1"};

    end_backend(&rig->card[n].end, names[n]);
    rig_put_card(rig, n, cls, names[n]);
}

static inline void rig_begin_empty(Rig *rig)
{
    memset(rig, 0, sizeof(*rig));
    bench_begin_with(&rig->bench, RIG_RAM, RIG_RAM);
    pci_bus_set_irq_routing(rig->bench.bus, rig_set_line, NULL, rig);
}

static inline void rig_begin(Rig *rig)
{
    rig_begin_empty(rig);
    rig_add_card(rig, 0, &e1000_class);
}

static inline void rig_end(Rig *rig)
{
    for (unsigned n = 0; n < RIG_CARDS; n++) {
        if (rig->card[n].dev) {
            device_free(rig->card[n].dev);
            end_free(&rig->card[n].end);
        }
    }
    bench_end(&rig->bench);
    net_close_all();
}

/* Registers of the first card. */
static inline uint32_t rig_reg(Rig *rig, uint32_t reg)
{
    return e1000_driver_read(&rig->card[0].driver, reg);
}

static inline void rig_set(Rig *rig, uint32_t reg, uint32_t val)
{
    e1000_driver_write(&rig->card[0].driver, reg, val);
}

#endif
