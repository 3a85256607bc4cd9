/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * isa-debug-exit: a write ends the process with the status (value << 1) | 1, so a test guest can
 * say how it went. A status of 0 can't be had: it means an ordinary end.
 */
#include "hw/core/runstate.h"
#include "hw/isa/isa.h"
#include "hw/misc/debugexit.h"

typedef struct DebugExit {
    ISADevice isa;
    MemoryRegion io;

    /* properties */
    uint32_t iobase;
    uint32_t iosize;
} DebugExit;

static uint64_t debugexit_read(void *opaque, hwaddr addr, unsigned size)
{
    return 0;
}

static void debugexit_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    runstate_request_exit((data << 1 | 1) & 0xff);
}

static const RegisterName debugexit_registers[] = {{0, 8, "EXIT"}, {}};

static const MemoryRegionOps debugexit_ops = {
    .read = debugexit_read,
    .write = debugexit_write,
    .registers = debugexit_registers,
    .valid = {.min_access_size = 1, .max_access_size = 4},
};

static bool debugexit_realize(Device *dev, GError **errp)
{
    DebugExit *s = DEVICE_CAST(DebugExit, &debugexit_class, dev);

    memory_region_init_io(&s->io, &dev->owner, &debugexit_ops, s, "isa-debug-exit", s->iosize);
    isa_register_ioport(dev, &s->io, s->iobase);
    return true;
}

static void debugexit_unrealize(Device *dev)
{
    DebugExit *s = DEVICE_CAST(DebugExit, &debugexit_class, dev);

    isa_unregister_ioport(dev, &s->io);
    memory_region_destroy(&s->io);
}

static const Property debugexit_props[] = {
    PROP_UINT32("iobase", DebugExit, iobase, 0x501, .max = 0xffff, .help = "the first port"),
    PROP_UINT32("iosize", DebugExit, iosize, 2, .min = 1, .max = 4, .help = "how many ports"),
    {}};

const DeviceClass debugexit_class = {
    .name = "isa-debug-exit",
    .desc = "ends the process with a status the guest chooses",
    .category = "Misc",
    .parent = &isa_device_class,
    .size = sizeof(DebugExit),
    .props = debugexit_props,
    .realize = debugexit_realize,
    .unrealize = debugexit_unrealize,
};
