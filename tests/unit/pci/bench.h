/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A board for tests of PCI devices: the host bridge with 2 MiB of RAM, configuration accesses
 * through its ports, and a function of no kind to try the bus with.
 */
#ifndef LIGNITE_TESTS_UNIT_PCI_BENCH_H
#define LIGNITE_TESTS_UNIT_PCI_BENCH_H

#include "../harness.h"
#include "hw/pci-host/i440fx.h"

#define BENCH_RAM_SIZE 0x200000

typedef struct Bench {
    MemoryRegion ram;
    I440FXHost *host;
    PCIBus *bus;
} Bench;

/* `config` without what the bench has itself: memory, ports and RAM. */
static inline void bench_begin_config(Bench *b, hwaddr ram_size, I440FXConfig config)
{
    g_autoptr(GError) err = NULL;

    memset(b, 0, sizeof(*b));
    memory_system_init();
    g_assert_true(memory_region_init_ram(&b->ram, NULL, "pc.ram", ram_size, &err));
    config.system_memory = get_system_memory();
    config.system_io = get_system_io();
    config.ram = &b->ram;
    b->host = i440fx_new(&config, &err);
    g_assert_no_error(err);
    b->bus = i440fx_pci_bus(b->host);
    devices_reset();
}

static inline void bench_begin_with(Bench *b, hwaddr ram_size, hwaddr below_4g)
{
    bench_begin_config(b, ram_size, (I440FXConfig){.below_4g = below_4g});
}

static inline void bench_begin(Bench *b)
{
    bench_begin_with(b, BENCH_RAM_SIZE, BENCH_RAM_SIZE);
}

static inline void bench_end(Bench *b)
{
    system_bus_free();
    memory_region_destroy(&b->ram);
    memory_system_cleanup();
}

static inline uint16_t bench_select(uint8_t devfn, uint8_t reg)
{
    outl(0xcf8, 0x80000000 | devfn << 8 | (reg & 0xfc));
    return 0xcfc + (reg & 3);
}

static inline uint8_t cfg_readb(uint8_t devfn, uint8_t reg)
{
    return inb(bench_select(devfn, reg));
}

static inline uint16_t cfg_readw(uint8_t devfn, uint8_t reg)
{
    return inw(bench_select(devfn, reg));
}

static inline uint32_t cfg_readl(uint8_t devfn, uint8_t reg)
{
    return inl(bench_select(devfn, reg));
}

static inline void cfg_writeb(uint8_t devfn, uint8_t reg, uint8_t val)
{
    outb(bench_select(devfn, reg), val);
}

static inline void cfg_writew(uint8_t devfn, uint8_t reg, uint16_t val)
{
    outw(bench_select(devfn, reg), val);
}

static inline void cfg_writel(uint8_t devfn, uint8_t reg, uint32_t val)
{
    outl(bench_select(devfn, reg), val);
}

/* A function with one memory BAR of 4 KiB and one I/O BAR of 16 bytes that answer with a tag. */
typedef struct Probe {
    PCIDevice pci;
    MemoryRegion mem, mem64, io;
    uint32_t tag;
    uint32_t written;
} Probe;

static inline uint64_t probe_read(void *opaque, hwaddr addr, unsigned size)
{
    return ((Probe *)opaque)->tag + addr;
}

static inline void probe_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    ((Probe *)opaque)->written = data;
}

static const MemoryRegionOps probe_ops = {.read = probe_read, .write = probe_write};

static inline bool probe_realize(Device *dev, GError **errp)
{
    Probe *s = (Probe *)dev;

    memory_region_init_io(&s->mem, &dev->owner, &probe_ops, s, "probe-mem", 0x1000);
    memory_region_init_io(&s->io, &dev->owner, &probe_ops, s, "probe-io", 16);
    memory_region_init_io(&s->mem64, &dev->owner, &probe_ops, s, "probe-mem64", 0x10000);
    pci_register_bar(&s->pci, 0, PCI_BASE_ADDRESS_MEM_PREFETCH, &s->mem);
    pci_register_bar(&s->pci, 1, PCI_BASE_ADDRESS_SPACE_IO, &s->io);
    pci_register_bar(&s->pci, 2, PCI_BASE_ADDRESS_MEM_TYPE_64, &s->mem64);
    s->pci.config[PCI_INTERRUPT_PIN] = 1;
    s->pci.config[0x40] = 0xaa;
    s->pci.wmask[0x41] = 0x0f;
    s->pci.w1cmask[0x42] = 0xf0;
    return true;
}

static const PCIDeviceClass probe_class = {
    .device = {.name = "probe",
               .parent = &pci_device_class,
               .size = sizeof(Probe),
               .realize = probe_realize},
    .vendor_id = 0x1234,
    .device_id = 0x5678,
    .revision = 0x9a,
    .class_id = PCI_CLASS_OTHERS,
    .prog_if = 0x11,
};

/* Realize a probe with properties given as pairs of strings, then NULL. */
G_GNUC_NULL_TERMINATED
static inline Probe *bench_probe(Bench *b, ...)
{
    va_list props;
    Device *dev;

    va_start(props, b);
    dev = harness_new(&probe_class.device, props);
    va_end(props);
    device_realize_or_die(dev, &b->bus->bus);
    device_reset(dev);
    return (Probe *)dev;
}

#endif
