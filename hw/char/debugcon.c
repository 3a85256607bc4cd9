/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The debug port: each byte written goes to a chardev; a read gives a signature, by which firmware
 * finds out that somebody listens.
 *
 * The port is known from Bochs (0xE9); SeaBIOS logs to 0x402.
 */
#include "hw/char/debugcon.h"

#include "backends/char.h"
#include "error.h"
#include "hw/isa/isa.h"

typedef struct DebugCon {
    ISADevice isa;
    MemoryRegion io;
    Chardev *chr;

    /* properties */
    uint32_t iobase;
    uint32_t readback;
    char *chardev;
} DebugCon;

static uint64_t debugcon_read(void *opaque, hwaddr addr, unsigned size)
{
    const DebugCon *s = opaque;

    return s->readback;
}

static void debugcon_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    DebugCon *s = opaque;
    uint8_t c = data;

    if (s->chr) {
        chardev_write(s->chr, &c, 1);
    }
}

static const RegisterName debugcon_registers[] = {{0x0, 1, "DATA"}, {}};

static const MemoryRegionOps debugcon_ops = {
    .read = debugcon_read,
    .write = debugcon_write,
    .registers = debugcon_registers,
    .valid = {.min_access_size = 1, .max_access_size = 1},
};

static const ChardevHandlers debugcon_handlers = {};

static bool debugcon_realize(Device *dev, GError **errp)
{
    DebugCon *s = DEVICE_CAST(DebugCon, &debugcon_class, dev);

    if (!s->chardev) {
        error_setg(errp, "Can't create debugcon device, empty char device");
        return false;
    }
    s->chr = chardev_find(s->chardev);
    if (!s->chr) {
        error_setg(errp, "Property 'isa-debugcon.chardev' can't find value '%s'", s->chardev);
        return false;
    }
    if (!chardev_attach(s->chr, &debugcon_handlers, s, errp)) {
        s->chr = NULL;
        return false;
    }
    memory_region_init_io(&s->io, &dev->owner, &debugcon_ops, s, "isa-debugcon", 1);
    isa_register_ioport(dev, &s->io, s->iobase);
    return true;
}

static void debugcon_unrealize(Device *dev)
{
    DebugCon *s = DEVICE_CAST(DebugCon, &debugcon_class, dev);

    isa_unregister_ioport(dev, &s->io);
    memory_region_destroy(&s->io);
    chardev_detach(s->chr, s);
}

static const Property debugcon_props[] = {
    PROP_UINT32("iobase", DebugCon, iobase, 0xe9, .max = 0xffff, .help = "the port"),
    PROP_UINT32("readback", DebugCon, readback, 0xe9, .max = 0xff, .help = "what a read gives"),
    PROP_STRING("chardev", DebugCon, chardev, .help = "id of a chardev"),
    {}};

/*
 * Nobody in the guest can tell when a log line is written: nothing comes back from the backend, and
 * the read-back does not depend on it. Who reads the log gets it in order, and no later than the
 * bound on the delay of queued writes allows.
 */
static const CoalescedRange debugcon_coalesced[] = {COALESCED_OUTPUT(DebugCon, io, 0, 1), {}};

const DeviceClass debugcon_class = {
    .name = "isa-debugcon",
    .desc = "firmware debug port",
    .category = "Misc",
    .parent = &isa_device_class,
    .size = sizeof(DebugCon),
    .props = debugcon_props,
    .coalesced = debugcon_coalesced,
    .realize = debugcon_realize,
    .unrealize = debugcon_unrealize,
};
