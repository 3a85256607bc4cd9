/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Base address registers: sizing, and mapping regions where they say.
 * Document: PCI Local Bus Specification 2.2, 6.2.5.
 */
#include "pci-internal.h"

/* BARs lie over what the bus's containers hold by themselves (ISA ports at priority 0). */
#define BAR_PRIORITY 1

#define IO_SPACE_LAST 0xffff

static bool is_io(const PCIBar *bar)
{
    return bar->type & PCI_BASE_ADDRESS_SPACE_IO;
}

static bool is_64bit(const PCIBar *bar)
{
    return !is_io(bar) && (bar->type & PCI_BASE_ADDRESS_MEM_TYPE_64);
}

unsigned pci_bar_offset(int n)
{
    return n == PCI_ROM_BAR ? PCI_ROM_ADDRESS : PCI_BASE_ADDRESS_0 + 4 * n;
}

void pci_bar_init(PCIDevice *dev, int n, uint8_t type, MemoryRegion *region)
{
    PCIBar *bar = &dev->bars[n];
    hwaddr size = memory_region_size(region);
    unsigned offset = pci_bar_offset(n);
    bool rom = n == PCI_ROM_BAR;

    g_assert(!bar->region && !(size & (size - 1)));
    *bar = (PCIBar){.region = region, .type = type, .size = size, .addr = PCI_BAR_UNMAPPED};
    g_assert(is_io(bar) ? size >= 4 && size <= 0x10000 : size >= (rom ? 2048 : 16));

    pci_set_long(dev->config + offset, type);
    pci_set_long(dev->wmask + offset, -size | (rom ? PCI_ROM_ADDRESS_ENABLE : 0));
    if (is_64bit(bar)) {
        g_assert(n < 5 && !dev->bars[n + 1].region);
        pci_set_long(dev->config + offset + 4, 0);
        pci_set_long(dev->wmask + offset + 4, -size >> 32);
    } else {
        g_assert(size <= UINT32_C(1) << 31);
    }
}

void pci_register_bar(PCIDevice *dev, int n, uint8_t type, MemoryRegion *region)
{
    g_assert(n >= 0 && n < PCI_ROM_BAR);
    pci_bar_init(dev, n, type, region);
}

void pci_bars_reset(PCIDevice *dev)
{
    for (int n = 0; n < PCI_NUM_BARS; n++) {
        const PCIBar *bar = &dev->bars[n];

        if (!bar->region) {
            continue;
        }
        pci_config_store(dev, pci_bar_offset(n), bar->type, 4);
        if (is_64bit(bar)) {
            pci_config_store(dev, pci_bar_offset(n) + 4, 0, 4);
        }
    }
}

/*
 * Where the registers want BAR `n`. A BAR of 0 is one that nobody has set. One whose last byte is
 * the top of its space is being sized: mapped there, it would hide the firmware below 4 GiB from
 * the very code that sizes it.
 */
static hwaddr wanted_address(const PCIDevice *dev, int n)
{
    const PCIBar *bar = &dev->bars[n];
    uint16_t command = pci_get_word(dev->config + PCI_COMMAND);
    hwaddr reg = pci_get_long(dev->config + pci_bar_offset(n));
    hwaddr addr, last;

    if (!(command & (is_io(bar) ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY))) {
        return PCI_BAR_UNMAPPED;
    }
    if (n == PCI_ROM_BAR && !(reg & PCI_ROM_ADDRESS_ENABLE)) {
        return PCI_BAR_UNMAPPED;
    }
    if (is_64bit(bar)) {
        reg |= (hwaddr)pci_get_long(dev->config + pci_bar_offset(n) + 4) << 32;
    }
    addr = reg & -bar->size;
    last = addr + bar->size - 1;
    if (addr == 0 || last < addr || last == UINT64_MAX) {
        return PCI_BAR_UNMAPPED;
    }
    if (is_io(bar) ? last > IO_SPACE_LAST : !is_64bit(bar) && last >= UINT32_MAX) {
        return PCI_BAR_UNMAPPED;
    }
    return addr;
}

static MemoryRegion *space_of(const PCIDevice *dev, const PCIBar *bar)
{
    PCIBus *bus = pci_bus_of(dev);

    return is_io(bar) ? bus->io : bus->mem;
}

static void move_bar(PCIDevice *dev, PCIBar *bar, hwaddr addr)
{
    MemoryRegion *space = space_of(dev, bar);

    if (bar->addr == addr) {
        return;
    }
    if (bar->addr != PCI_BAR_UNMAPPED) {
        memory_region_del_subregion(space, bar->region);
    }
    bar->addr = addr;
    if (addr != PCI_BAR_UNMAPPED) {
        memory_region_add_subregion_overlap(space, addr, bar->region, BAR_PRIORITY);
    }
}

void pci_update_mappings(PCIDevice *dev)
{
    memory_region_transaction_begin();
    for (int n = 0; n < PCI_NUM_BARS; n++) {
        if (dev->bars[n].region) {
            move_bar(dev, &dev->bars[n], wanted_address(dev, n));
        }
    }
    memory_region_transaction_commit();
}

void pci_unmap_bars(PCIDevice *dev)
{
    memory_region_transaction_begin();
    for (int n = 0; n < PCI_NUM_BARS; n++) {
        if (dev->bars[n].region) {
            move_bar(dev, &dev->bars[n], PCI_BAR_UNMAPPED);
        }
    }
    memory_region_transaction_commit();
}

hwaddr pci_get_bar_addr(const PCIDevice *dev, int n)
{
    return dev->bars[n].region ? dev->bars[n].addr : PCI_BAR_UNMAPPED;
}
