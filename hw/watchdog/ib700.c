/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ib700: the watchdog of the IB700 single board computer, on ISA.
 *
 * Document: iBase IB700 user's manual, "Watch-Dog Timer Configuration". A write to 443h starts the
 * timer, or starts it over, with one of sixteen times; any write to 441h stops it. The ports can't
 * be read. What follows the expiry is the user's choice (-action watchdog=).
 */
#include "hw/watchdog/ib700.h"

#include "hw/core/clock.h"
#include "hw/core/runstate.h"
#include "hw/isa/isa.h"

enum {
    IB700_DISABLE = 0x441,
    IB700_ENABLE = 0x443,
    IB700_TIME = 0x0f, /* 0: the longest */
};

typedef struct Ib700 {
    ISADevice isa;
    MemoryRegion disable_io, enable_io;
    Timer timer;
} Ib700;

/* Sixteen times from 30 s down to none, 2 s apart. */
static int64_t ib700_time(uint8_t data)
{
    return (IB700_TIME - (data & IB700_TIME)) * 2 * NANOSECONDS_PER_SECOND;
}

static void ib700_expired(void *opaque)
{
    runstate_report_guest(GUEST_REPORT_WATCHDOG);
}

static void ib700_enable(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    Ib700 *s = opaque;

    timer_mod(&s->timer, clock_get_ns(VM_CLOCK_VIRTUAL) + ib700_time(data));
}

static void ib700_disable(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    Ib700 *s = opaque;

    timer_del(&s->timer);
}

static const RegisterName ib700_disable_names[] = {{0, 1, "WDT_DISABLE"}, {}};
static const RegisterName ib700_enable_names[] = {{0, 1, "WDT_ENABLE"}, {}};

/* Nothing of it may be queued: both writes set a timer. */
static const MemoryRegionOps ib700_disable_ops = {
    .write = ib700_disable,
    .registers = ib700_disable_names,
    .impl = {.min_access_size = 1, .max_access_size = 1},
};
static const MemoryRegionOps ib700_enable_ops = {
    .write = ib700_enable,
    .registers = ib700_enable_names,
    .impl = {.min_access_size = 1, .max_access_size = 1},
};

static bool ib700_realize(Device *dev, GError **errp)
{
    Ib700 *s = DEVICE_CAST(Ib700, &ib700_class, dev);

    timer_init(&s->timer, VM_CLOCK_VIRTUAL, ib700_expired, s);
    memory_region_init_io(&s->disable_io, &dev->owner, &ib700_disable_ops, s, "ib700-disable", 1);
    memory_region_init_io(&s->enable_io, &dev->owner, &ib700_enable_ops, s, "ib700-enable", 1);
    isa_register_ioport(dev, &s->disable_io, IB700_DISABLE);
    isa_register_ioport(dev, &s->enable_io, IB700_ENABLE);
    return true;
}

static void ib700_unrealize(Device *dev)
{
    timer_del(&DEVICE_CAST(Ib700, &ib700_class, dev)->timer);
}

static void ib700_reset(Device *dev)
{
    timer_del(&DEVICE_CAST(Ib700, &ib700_class, dev)->timer);
}

const DeviceClass ib700_class = {
    .name = "ib700",
    .desc = "iBase IB700 watchdog",
    .category = "Watchdog",
    .parent = &isa_device_class,
    .size = sizeof(Ib700),
    .realize = ib700_realize,
    .unrealize = ib700_unrealize,
    .reset = ib700_reset,
};
