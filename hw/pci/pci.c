/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PCI buses, the class that all PCI devices descend from, interrupt pins and bus mastering.
 * Document: PCI Local Bus Specification 2.2.
 *
 * Not modelled: bridges to further buses, MSI, parity, target and master aborts.
 */
#include "hw/pci/pci.h"

#include "effect.h"
#include "pci-internal.h"

/* --------------------------------------------------------------------------------- the bus -- */

static void pci_print_address(const Device *dev, GString *out)
{
    int devfn = ((const PCIDevice *)dev)->devfn;

    g_string_append_printf(out, "@%x", PCI_SLOT(devfn));
    if (PCI_FUNC(devfn)) {
        g_string_append_printf(out, ",%x", PCI_FUNC(devfn));
    }
}

/* What its own realize made of the registers is there now. */
static void pci_realized(Device *dev)
{
    PCIBus *bus = (PCIBus *)dev->bus;

    if (bus->ecam) {
        pci_ecam_add(bus->ecam, (PCIDevice *)dev);
    }
}

const BusClass pci_bus_class = {
    .name = "PCI", .print_address = pci_print_address, .realized = pci_realized, .hotplug = true};

void pci_bus_init(PCIBus *bus, Device *parent, const char *name, MemoryRegion *mem,
                  MemoryRegion *io, MemoryRegion *dma)
{
    *bus = (PCIBus){.mem = mem, .io = io, .dma = dma};
    bus_init(&bus->bus, &pci_bus_class, parent, name);
}

PCIBus *pci_bus_of(const PCIDevice *dev)
{
    g_assert(dev->dev.bus->cls == &pci_bus_class);
    return (PCIBus *)dev->dev.bus;
}

const PCIDeviceClass *pci_class_of(const PCIDevice *dev)
{
    return (const PCIDeviceClass *)dev->dev.cls;
}

PCIDevice *pci_bus_find(PCIBus *bus, uint8_t devfn)
{
    return bus->devices[devfn];
}

/* ------------------------------------------------------------------------------ interrupts -- */

/* Count one driver of a line more or less; the line hears changes between none and some. */
static void bus_count_irq(PCIBus *bus, int line, int delta)
{
    bool was = bus->irq_count[line] > 0;

    bus->irq_count[line] += delta;
    if (bus->set_irq && was != (bus->irq_count[line] > 0)) {
        bus->set_irq(bus->irq_opaque, line, bus->irq_count[line] > 0);
    }
}

void pci_update_irq(PCIDevice *dev)
{
    PCIBus *bus = pci_bus_of(dev);
    uint16_t status = pci_get_word(dev->config + PCI_STATUS) & ~PCI_STATUS_INTERRUPT;
    bool disabled = pci_get_word(dev->config + PCI_COMMAND) & PCI_COMMAND_INTX_DISABLE;
    int pin = dev->config[PCI_INTERRUPT_PIN];
    int line = -1;

    /* The status bit tells of the device's wish, also while the pin is disabled. */
    pci_config_store(dev, PCI_STATUS, status | (dev->irq_level ? PCI_STATUS_INTERRUPT : 0), 2);
    if (dev->irq_level && !disabled && pin > 0 && pin <= PCI_NUM_PINS) {
        line = bus->map_irq ? bus->map_irq(dev, pin - 1) : pin - 1;
    }
    if (line == dev->irq_driven) {
        return;
    }
    if (dev->irq_driven >= 0) {
        bus_count_irq(bus, dev->irq_driven, -1);
    }
    dev->irq_driven = line;
    if (line >= 0) {
        bus_count_irq(bus, line, 1);
    }
}

void pci_set_irq(PCIDevice *dev, int level)
{
    /* A pin is a line also where it is not routed anywhere yet. */
    if (dev->irq_level != (level != 0)) {
        effect_note(effect_hook_core, EFFECT_IRQ);
    }
    dev->irq_level = level != 0;
    pci_update_irq(dev);
}

void pci_bus_set_irq_routing(PCIBus *bus, PCISetIrq set, PCIMapIrq map, void *opaque)
{
    bus->set_irq = set;
    bus->map_irq = map;
    bus->irq_opaque = opaque;
    for (int devfn = 0; devfn < 256; devfn++) {
        if (bus->devices[devfn]) {
            pci_update_irq(bus->devices[devfn]);
        }
    }
    pci_bus_update_irqs(bus);
}

void pci_bus_update_irqs(PCIBus *bus)
{
    for (int line = 0; bus->set_irq && line < PCI_NUM_PINS; line++) {
        bus->set_irq(bus->irq_opaque, line, bus->irq_count[line] > 0);
    }
}

/* -------------------------------------------------------------------------------------- DMA -- */

MemTxResult pci_dma_read(PCIDevice *dev, hwaddr addr, void *buf, hwaddr len)
{
    return address_space_read(&dev->bus_master, addr, buf, len);
}

MemTxResult pci_dma_write(PCIDevice *dev, hwaddr addr, const void *buf, hwaddr len)
{
    return address_space_write(&dev->bus_master, addr, buf, len);
}

/* The window onto the bus's memory is open while Bus Master Enable is set. */
static void bus_master_init(PCIDevice *dev)
{
    MemoryRegion *dma = pci_bus_of(dev)->dma;

    memory_region_init(&dev->bus_master_root, &dev->dev.owner, "bus master container",
                       MEMORY_SIZE_ALL);
    memory_region_init_alias(&dev->bus_master_window, &dev->dev.owner, "bus master", dma, 0,
                             memory_region_size(dma));
    memory_region_set_enabled(&dev->bus_master_window, false);
    memory_region_add_subregion(&dev->bus_master_root, 0, &dev->bus_master_window);
    address_space_init(&dev->bus_master, &dev->bus_master_root, dev->dev.owner.name);
}

static void bus_master_destroy(PCIDevice *dev)
{
    address_space_destroy(&dev->bus_master);
    memory_region_del_subregion(&dev->bus_master_root, &dev->bus_master_window);
    memory_region_destroy(&dev->bus_master_window);
    memory_region_destroy(&dev->bus_master_root);
}

/* ----------------------------------------------------------------------- place on the bus -- */

/* The first slot of which no function is taken, or -1. */
static int free_slot(const PCIBus *bus)
{
    for (int slot = 0; slot < 32; slot++) {
        int fn = 0;

        while (fn < 8 && !bus->devices[PCI_DEVFN(slot, fn)]) {
            fn++;
        }
        if (fn == 8) {
            return PCI_DEVFN(slot, 0);
        }
    }
    return -1;
}

/* Firmware looks for functions 1..7 only if function 0 says there may be some. */
static bool check_multifunction(PCIBus *bus, const PCIDevice *dev, int devfn, GError **errp)
{
    int slot = PCI_SLOT(devfn);
    const PCIDevice *first = bus->devices[PCI_DEVFN(slot, 0)];

    if (PCI_FUNC(devfn) != 0) {
        if (first && !first->multifunction) {
            error_setg(errp, "PCI: single function device can't be populated in function %02x.%x",
                       slot, PCI_FUNC(devfn));
            return false;
        }
        return true;
    }
    for (int fn = 1; fn < 8 && !dev->multifunction; fn++) {
        if (bus->devices[PCI_DEVFN(slot, fn)]) {
            error_setg(errp, "PCI: %x.0 indicates single function, but %x.%x is already populated",
                       slot, slot, fn);
            return false;
        }
    }
    return true;
}

/* Settle on a function number that is free. */
static bool choose_devfn(PCIBus *bus, const PCIDevice *dev, int *devfn, GError **errp)
{
    const PCIDevice *other;

    if (dev->devfn < 0) {
        *devfn = free_slot(bus);
        if (*devfn < 0) {
            error_setg(errp, "PCI: no slot/function available for %s, all in use",
                       dev->dev.cls->name);
            return false;
        }
        return true;
    }
    *devfn = dev->devfn;
    other = bus->devices[*devfn];
    if (other) {
        error_setg(errp, "PCI: slot %d function %d not available for %s, in use by %s,id=%s",
                   PCI_SLOT(*devfn), PCI_FUNC(*devfn), dev->dev.cls->name, other->dev.cls->name,
                   other->dev.id ? other->dev.id : "(null)");
        return false;
    }
    return check_multifunction(bus, dev, *devfn, errp);
}

/* -------------------------------------------------------------------------------- the class -- */

static bool pci_device_realize(Device *device, GError **errp)
{
    PCIDevice *dev = (PCIDevice *)device;
    PCIBus *bus = pci_bus_of(dev);
    const PCIDeviceClass *cls = pci_class_of(dev);
    int devfn;

    if (!choose_devfn(bus, dev, &devfn, errp)) {
        return false;
    }
    pci_config_init(dev, cls);
    if (!pci_rom_init(dev, cls, errp)) {
        return false;
    }
    dev->devfn = devfn;
    dev->irq_driven = -1;
    bus_master_init(dev);
    bus->devices[devfn] = dev;
    return true;
}

static void pci_device_unrealize(Device *device)
{
    PCIDevice *dev = (PCIDevice *)device;

    pci_set_irq(dev, 0);
    if (pci_bus_of(dev)->ecam) {
        pci_ecam_remove(pci_bus_of(dev)->ecam, dev);
    }
    pci_unmap_bars(dev);
    for (int n = 0; n < PCI_NUM_BARS; n++) {
        if (dev->bars[n].region) {
            memory_region_destroy(dev->bars[n].region);
            dev->bars[n] = (PCIBar){};
        }
    }
    bus_master_destroy(dev);
    pci_bus_of(dev)->devices[dev->devfn] = NULL;
}

static void pci_device_reset(Device *device)
{
    PCIDevice *dev = (PCIDevice *)device;

    pci_set_irq(dev, 0);
    pci_config_reset(dev);
}

static const Property pci_device_props[] = {
    PROP_ROW("addr", PCIDevice, devfn, int32_t, prop_type_pci_devfn, .defval = -1,
             .help = "Slot and optional function number, example: 06.0 or 06"),
    PROP_BOOL("multifunction", PCIDevice, multifunction, false,
              .help = "the slot has further functions"),
    PROP_STRING("romfile", PCIDevice, romfile, .help = "expansion ROM's file; empty for none"),
    PROP_UINT32("rombar", PCIDevice, rom_bar, 1, .min = 0, .max = 1,
                .help = "whether there is an expansion ROM"),
    {}};

const DeviceClass pci_device_class = {
    .name = "pci-device",
    .parent = &device_class,
    .size = sizeof(PCIDevice),
    .abstract = true,
    .bus = &pci_bus_class,
    .props = pci_device_props,
    .realize = pci_device_realize,
    .unrealize = pci_device_unrealize,
    .reset = pci_device_reset,
};
