/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The CPU side of the 440FX: configuration mechanism 1 at ports CF8 and CFC, and the layout of
 * memory.
 * Documents: Intel 82441FX (440FX PCIset), 3.1; PCI Local Bus Specification 2.2, 3.2.2.3.
 */
#include <string.h>

#include "i440fx-internal.h"

#define CONFADD_PORT         0xcf8
#define CONFADD_ENABLE       0x80000000u
#define CONFADD_MASK         0x80ffffffu /* enable, bus, device, function, register */
#define CONFDATA_PORT        0xcfc
#define RESET_CONTROL_OFFSET 1 /* CF9, from CF8 */

/* Configuration ports, and memory, are the bridge's before a BAR can claim them. */
#define CONF_PRIORITY 2

#define RAM_4G          UINT64_C(0x100000000)
#define RAM_LOWER_LIMIT UINT64_C(0xe0000000) /* less RAM than this is all below 4 GiB */
#define RAM_LOWER_SPLIT UINT64_C(0xc0000000) /* else so much is, and the rest above 4 GiB */

/* --------------------------------------------------------------------------------- CONFADD -- */

/* Only a double word is the bridge's; the bytes of other accesses are PCI cycles to whoever. */
static uint64_t confadd_read(void *opaque, hwaddr addr, unsigned size)
{
    I440FXHost *host = opaque;
    uint64_t val = UINT64_MAX;

    if (size == 4 && addr == 0) {
        return host->confadd;
    }
    if (host->reset_control && addr <= RESET_CONTROL_OFFSET && RESET_CONTROL_OFFSET < addr + size) {
        unsigned shift = 8 * (RESET_CONTROL_OFFSET - addr);

        val &= ~(UINT64_C(0xff) << shift);
        val |= (uint64_t)host->reset_control->read(host->reset_control_opaque) << shift;
    }
    return val;
}

static void confadd_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    I440FXHost *host = opaque;

    if (size == 4 && addr == 0) {
        host->confadd = data & CONFADD_MASK;
    } else if (host->reset_control && addr <= RESET_CONTROL_OFFSET &&
               RESET_CONTROL_OFFSET < addr + size) {
        host->reset_control->write(host->reset_control_opaque,
                                   data >> (8 * (RESET_CONTROL_OFFSET - addr)));
    }
}

static const RegisterName confadd_registers[] = {
    {0, 1, "CONFADD"}, {RESET_CONTROL_OFFSET, 1, "RC"}, {2, 2, "CONFADD"}, {}};

static const MemoryRegionOps confadd_ops = {
    .read = confadd_read,
    .write = confadd_write,
    .registers = confadd_registers,
    .valid = {.min_access_size = 1, .max_access_size = 4, .unaligned = true},
    .impl = {.min_access_size = 1, .max_access_size = 4, .unaligned = true},
};

/* -------------------------------------------------------------------------------- CONFDATA -- */

/*
 * The bus has number 0, and there is no bridge to another. In the sheet a register's double word
 * stands in the address, and its byte is the port's alone. In QEMU, whose clients rely on it, the
 * address may hold the byte too: each of its two low bits counts if it is set here or in the port.
 * Whoever clears them, as the sheet wants, sees no difference.
 */
static bool conf_cycle(const I440FXHost *host, hwaddr addr, uint8_t *devfn, uint32_t *reg)
{
    *devfn = host->confadd >> 8;
    *reg = (host->confadd & 0xff) | addr;
    return (host->confadd & CONFADD_ENABLE) && (host->confadd >> 16 & 0xff) == 0;
}

static uint64_t confdata_read(void *opaque, hwaddr addr, unsigned size)
{
    I440FXHost *host = opaque;
    uint8_t devfn;
    uint32_t reg;

    return conf_cycle(host, addr, &devfn, &reg) ? pci_config_read(&host->bus, devfn, reg, size)
                                                : UINT32_MAX;
}

static void confdata_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    I440FXHost *host = opaque;
    uint8_t devfn;
    uint32_t reg;

    if (conf_cycle(host, addr, &devfn, &reg)) {
        pci_config_write(&host->bus, devfn, reg, data, size);
    }
}

static const RegisterName confdata_registers[] = {{0, 4, "CONFDATA"}, {}};

static const MemoryRegionOps confdata_ops = {
    .read = confdata_read,
    .write = confdata_write,
    .registers = confdata_registers,
    .valid = {.min_access_size = 1, .max_access_size = 4, .unaligned = true},
    .impl = {.min_access_size = 1, .max_access_size = 4, .unaligned = true},
};

void i440fx_set_reset_control(I440FXHost *host, const I440FXResetControl *ops, void *opaque)
{
    host->reset_control = ops;
    host->reset_control_opaque = opaque;
}

/* ---------------------------------------------------------------------------------- memory -- */

void i440fx_split_ram(hwaddr ram_size, hwaddr *below_4g, hwaddr *above_4g)
{
    *below_4g = ram_size >= RAM_LOWER_LIMIT ? RAM_LOWER_SPLIT : ram_size;
    *above_4g = ram_size - *below_4g;
}

static void ram_init(I440FXHost *host)
{
    const I440FXConfig *config = &host->config;
    hwaddr above_4g = memory_region_size(config->ram) - config->below_4g;

    memory_region_init_alias(&host->ram_below_4g, &host->dev.owner, "ram-below-4g", config->ram, 0,
                             config->below_4g);
    memory_region_add_subregion(config->system_memory, 0, &host->ram_below_4g);
    if (above_4g > 0) {
        memory_region_init_alias(&host->ram_above_4g, &host->dev.owner, "ram-above-4g", config->ram,
                                 config->below_4g, above_4g);
        memory_region_add_subregion(config->system_memory, RAM_4G, &host->ram_above_4g);
    }
}

static void unmap(MemoryRegion *container, MemoryRegion *mr)
{
    if (memory_region_is_mapped(mr)) {
        memory_region_del_subregion(container, mr);
    }
    memory_region_destroy(mr);
}

/* ----------------------------------------------------------------------------------- class -- */

static void i440fx_host_unrealize(Device *dev)
{
    I440FXHost *host = DEVICE_CAST(I440FXHost, &i440fx_host_class, dev);

    unmap(host->config.system_io, &host->confadd_io);
    unmap(host->config.system_io, &host->confdata_io);
    if (host->ecam) {
        memory_region_del_subregion(&host->pci_memory, pci_ecam_region(host->ecam));
        pci_ecam_free(host->ecam);
        host->ecam = NULL;
    }
    i440fx_areas_destroy(host);
    unmap(host->config.system_memory, &host->ram_below_4g);
    unmap(host->config.system_memory, &host->ram_above_4g);
    memory_region_del_subregion(host->config.system_memory, &host->pci_memory);
    address_space_destroy(&host->pci_space);
    memory_region_destroy(&host->pci_memory);
}

static bool i440fx_host_realize(Device *dev, GError **errp)
{
    I440FXHost *host = DEVICE_CAST(I440FXHost, &i440fx_host_class, dev);
    const I440FXConfig *config = &host->config;
    bool ok;

    if (!config->ram) {
        error_setg(errp, "Device '%s' is a part of the board and can't be added", dev->cls->name);
        return false;
    }
    g_assert(config->below_4g <= memory_region_size(config->ram));

    memory_region_transaction_begin();
    memory_region_init(&host->pci_memory, &dev->owner, "pci", MEMORY_SIZE_ALL);
    memory_region_add_subregion_overlap(config->system_memory, 0, &host->pci_memory, -1);
    address_space_init(&host->pci_space, &host->pci_memory, "pci");
    ram_init(host);
    ok = i440fx_areas_init(host, errp);

    memory_region_init_io(&host->confadd_io, &dev->owner, &confadd_ops, host, "pci-conf-idx", 4);
    /* A queued address may be drained while the data port's handler is changing the map. */
    memory_region_set_reentrant(&host->confadd_io, true);
    memory_region_add_subregion_overlap(config->system_io, CONFADD_PORT, &host->confadd_io,
                                        CONF_PRIORITY);
    memory_region_init_io(&host->confdata_io, &dev->owner, &confdata_ops, host, "pci-conf-data", 4);
    memory_region_add_subregion_overlap(config->system_io, CONFDATA_PORT, &host->confdata_io,
                                        CONF_PRIORITY);
    memory_region_transaction_commit();

    if (!ok) {
        i440fx_host_unrealize(dev);
        return false;
    }
    pci_bus_init(&host->bus, dev, "pci.0", &host->pci_memory, config->system_io,
                 config->system_memory);
    if (config->ecam != PCI_ECAM_OFF) {
        host->ecam = pci_ecam_new(&host->bus, &dev->owner, config->ecam, errp);
        if (!host->ecam) {
            i440fx_host_unrealize(dev);
            return false;
        }
        memory_region_add_subregion_overlap(&host->pci_memory, config->ecam_base,
                                            pci_ecam_region(host->ecam), CONF_PRIORITY);
    }
    return true;
}

static void i440fx_host_reset(Device *dev)
{
    I440FXHost *host = DEVICE_CAST(I440FXHost, &i440fx_host_class, dev);

    host->confadd = 0;
}

/*
 * CONFADD only selects; the data port has the effects and is not queued. CF9, inside the range,
 * does have one: a byte written there resets the machine, at the latest when the bound on the delay
 * of queued writes has run out. That is worth the exits that every address written here would cost.
 */
static const CoalescedRange i440fx_host_coalesced[] = {COALESCED_PIO(I440FXHost, confadd_io, 0, 4),
                                                       {}};

const DeviceClass i440fx_host_class = {
    .name = "i440FX-pcihost",
    .desc = "Host bridge, CPU side",
    .category = "Controller/Bridge/Hub",
    .parent = &device_class,
    .size = sizeof(I440FXHost),
    .internal = true,
    .coalesced = i440fx_host_coalesced,
    .realize = i440fx_host_realize,
    .unrealize = i440fx_host_unrealize,
    .reset = i440fx_host_reset,
};

I440FXHost *i440fx_new(const I440FXConfig *config, GError **errp)
{
    Device *dev = device_new(&i440fx_host_class);
    I440FXHost *host = (I440FXHost *)dev;
    Device *function;

    host->config = *config;
    if (!device_realize(dev, NULL, errp)) {
        device_free(dev);
        return NULL;
    }
    function = device_new(&i440fx_pci_class.device);
    device_set_str(function, "addr", "00.0");
    device_realize_or_die(function, &host->bus.bus);
    return host;
}

PCIBus *i440fx_pci_bus(I440FXHost *host)
{
    return &host->bus;
}

MemoryRegion *i440fx_pci_memory(I440FXHost *host)
{
    return &host->pci_memory;
}
