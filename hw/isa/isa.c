/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ISA bus: which ports a device answers at, and which line is whose.
 *
 * Follows the ISA signals as a south bridge gives them: 64 KiB of I/O space, IRQ 0 to 15. The bus
 * has no configuration cycles, so a device's address comes from its properties. Left out: bus
 * mastering and the 8/16-bit cycle timing.
 */
#include "hw/isa/isa.h"

static void isa_print_address(const Device *dev, GString *out)
{
    const ISADevice *isa = (const ISADevice *)dev;

    if (isa->ports && isa->ports->len > 0) {
        g_string_append_printf(out, "@%04x", isa->first_port);
    }
}

const BusClass isa_bus_class = {
    .name = "ISA",
    .print_address = isa_print_address,
};

void isa_bus_init(ISABus *bus, Device *parent, MemoryRegion *mem, MemoryRegion *io)
{
    bus_init(&bus->bus, &isa_bus_class, parent, "isa.0");
    bus->mem = mem;
    bus->io = io;
}

void isa_bus_set_irqs(ISABus *bus, Irq *const irqs[ISA_IRQS])
{
    for (unsigned i = 0; i < ISA_IRQS; i++) {
        bus->irqs[i] = irqs[i];
    }
}

ISABus *isa_bus(void)
{
    return (ISABus *)bus_find_class(&isa_bus_class);
}

ISABus *isa_bus_of(Device *dev)
{
    for (Bus *bus = dev->bus; bus; bus = bus->parent ? bus->parent->bus : NULL) {
        if (bus->cls == &isa_bus_class) {
            return (ISABus *)bus;
        }
    }
    return isa_bus();
}

Irq *isa_get_irq(Device *dev, unsigned n)
{
    ISABus *bus = isa_bus_of(dev);

    g_assert(n < ISA_IRQS);
    return bus ? bus->irqs[n] : NULL;
}

void isa_register_ioport(Device *dev, MemoryRegion *mr, uint16_t port)
{
    ISADevice *isa = DEVICE_CAST(ISADevice, &isa_device_class, dev);

    if (!isa->ports) {
        isa->ports = g_ptr_array_new();
    }
    if (isa->ports->len == 0) {
        isa->first_port = port;
    }
    g_ptr_array_add(isa->ports, mr);
    memory_region_add_subregion(isa_bus_of(dev)->io, port, mr);
}

void isa_unregister_ioport(Device *dev, MemoryRegion *mr)
{
    ISADevice *isa = DEVICE_CAST(ISADevice, &isa_device_class, dev);

    if (isa->ports && g_ptr_array_remove(isa->ports, mr)) {
        memory_region_del_subregion(isa_bus_of(dev)->io, mr);
    }
}

static void isa_device_unrealize(Device *dev)
{
    ISADevice *isa = DEVICE_CAST(ISADevice, &isa_device_class, dev);

    while (isa->ports && isa->ports->len > 0) {
        MemoryRegion *mr = g_ptr_array_index(isa->ports, 0);

        isa_unregister_ioport(dev, mr);
        memory_region_destroy(mr);
    }
    g_clear_pointer(&isa->ports, g_ptr_array_unref);
}

const DeviceClass isa_device_class = {
    .name = "isa-device",
    .desc = "Device on the ISA bus",
    .parent = &device_class,
    .size = sizeof(ISADevice),
    .abstract = true,
    .bus = &isa_bus_class,
    .unrealize = isa_device_unrealize,
};
