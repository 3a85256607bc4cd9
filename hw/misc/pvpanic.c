/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pvpanic: one register by which a guest reports its own crash, as an ISA port or a PCI function.
 *
 * Document: "PVPANIC DEVICE" (docs/specs/pvpanic in QEMU's manual). A read gives the events that
 * the device knows; a write reports one. Firmware and ACPI tables tell the guest the port.
 */
#include "hw/misc/pvpanic.h"

#include "error.h"
#include "hw/core/log.h"
#include "hw/core/runstate.h"
#include "hw/nvram/fw_cfg.h"

enum {
    PVPANIC_PANICKED = 1 << 0,
    PVPANIC_CRASH_LOADED = 1 << 1,
    PVPANIC_SHUTDOWN = 1 << 2,
    PVPANIC_EVENTS = PVPANIC_PANICKED | PVPANIC_CRASH_LOADED | PVPANIC_SHUTDOWN,

    PVPANIC_BAR_SIZE = 16, /* the smallest there is; the register is its first byte */
};

/* What both kinds have. */
typedef struct PvPanicRegister {
    MemoryRegion mr;
    uint8_t events; /* property: those it knows */
} PvPanicRegister;

typedef struct PvPanic {
    ISADevice isa;
    PvPanicRegister reg;
    uint16_t ioport; /* property */
} PvPanic;

typedef struct PvPanicPci {
    PCIDevice pci;
    PvPanicRegister reg;
} PvPanicPci;

/* ----------------------------------------------------------------------------- register -- */

static uint64_t pvpanic_read(void *opaque, hwaddr addr, unsigned size)
{
    const PvPanicRegister *reg = opaque;

    return addr == 0 ? reg->events : 0;
}

/* One event a write: the first that is set. */
static void pvpanic_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    const PvPanicRegister *reg = opaque;

    if (addr != 0) {
        return;
    }
    if (data & ~(uint64_t)reg->events) {
        log_guest_error("pvpanic: unknown events %02x", (unsigned)data & ~reg->events);
    }
    data &= reg->events;
    if (data & PVPANIC_PANICKED) {
        runstate_report_guest(GUEST_REPORT_PANICKED);
    } else if (data & PVPANIC_CRASH_LOADED) {
        runstate_report_guest(GUEST_REPORT_CRASHLOADED);
    } else if (data & PVPANIC_SHUTDOWN) {
        runstate_report_guest(GUEST_REPORT_SHUTDOWN);
    }
}

static const RegisterName pvpanic_registers[] = {{0, 1, "EVENTS"}, {}};

/* Nothing of it may be queued: the guest waits for what follows. */
static const MemoryRegionOps pvpanic_ops = {
    .read = pvpanic_read,
    .write = pvpanic_write,
    .registers = pvpanic_registers,
    .impl = {.min_access_size = 1, .max_access_size = 1},
};

/* ---------------------------------------------------------------------------------- ISA -- */

uint16_t pvpanic_port(const Device *dev)
{
    return ((const PvPanic *)dev)->ioport;
}

static bool pvpanic_realize(Device *dev, GError **errp)
{
    PvPanic *s = DEVICE_CAST(PvPanic, &pvpanic_class, dev);
    FwCfg *fw = fw_cfg_find();
    const uint16_t port = GUINT16_TO_LE(s->ioport);

    if (fw && !fw_cfg_check_file_name(fw, "etc/pvpanic-port", NULL)) {
        error_setg(errp, "pvpanic: there is one already");
        return false;
    }
    memory_region_init_io(&s->reg.mr, &dev->owner, &pvpanic_ops, &s->reg, "pvpanic", 1);
    isa_register_ioport(dev, &s->reg.mr, s->ioport);
    if (fw) {
        fw_cfg_add_file(fw, "etc/pvpanic-port", &port, sizeof(port));
    }
    return true;
}

static const Property pvpanic_props[] = {
    PROP_UINT16("ioport", PvPanic, ioport, 0x505, .help = "the port"),
    PROP_UINT8("events", PvPanic, reg.events, PVPANIC_EVENTS, .max = PVPANIC_EVENTS,
               .help = "those it knows: 1 panicked, 2 crash loaded, 4 shutdown"),
    {}};

const DeviceClass pvpanic_class = {
    .name = "pvpanic",
    .desc = "reports the guest's crash",
    .category = "Misc",
    .parent = &isa_device_class,
    .size = sizeof(PvPanic),
    .props = pvpanic_props,
    .realize = pvpanic_realize,
};

/* ---------------------------------------------------------------------------------- PCI -- */

static bool pvpanic_pci_realize(Device *dev, GError **errp)
{
    PvPanicPci *s = DEVICE_CAST(PvPanicPci, &pvpanic_pci_class.device, dev);

    memory_region_init_io(&s->reg.mr, &dev->owner, &pvpanic_ops, &s->reg, "pvpanic",
                          PVPANIC_BAR_SIZE);
    pci_register_bar(&s->pci, 0, PCI_BASE_ADDRESS_SPACE_MEMORY, &s->reg.mr);
    return true;
}

static const Property pvpanic_pci_props[] = {
    PROP_UINT8("events", PvPanicPci, reg.events, PVPANIC_EVENTS, .max = PVPANIC_EVENTS,
               .help = "those it knows: 1 panicked, 2 crash loaded, 4 shutdown"),
    {}};

const PCIDeviceClass pvpanic_pci_class = {
    .device =
        {
            .name = "pvpanic-pci",
            .desc = "reports the guest's crash",
            .category = "Misc",
            .parent = &pci_device_class,
            .size = sizeof(PvPanicPci),
            .props = pvpanic_pci_props,
            .realize = pvpanic_pci_realize,
        },
    .vendor_id = 0x1b36,
    .device_id = 0x0011,
    .revision = 1,
    .class_id = PCI_CLASS_SYSTEM_OTHER,
};
