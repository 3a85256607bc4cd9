/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * System control port A at 92h: a fast way to A20 and to reset, from the PS/2.
 * Document: Intel 82371SB (PIIX3), 2.5.7 (PORT92).
 *
 * The reserved bits read back as written, as on the boards where they had a meaning.
 */
#include "hw/core/runstate.h"
#include "hw/isa/piix3.h"

#define PORT92_PORT      0x92
#define PORT92_FAST_INIT 0x01
#define PORT92_FAST_A20  0x02

typedef struct Port92 {
    ISADevice isa;
    MemoryRegion io;
    uint8_t val;
    Irq *a20;
} Port92;

static void port92_update_a20(Port92 *s)
{
    irq_set(s->a20, s->val & PORT92_FAST_A20 ? 1 : 0);
}

static uint64_t port92_read(void *opaque, hwaddr addr, unsigned size)
{
    const Port92 *s = opaque;

    return s->val;
}

static void port92_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    Port92 *s = opaque;
    uint8_t old = s->val;

    s->val = data;
    if ((old ^ s->val) & PORT92_FAST_A20) {
        port92_update_a20(s);
    }
    if (~old & s->val & PORT92_FAST_INIT) {
        runstate_request_reset(SHUTDOWN_CAUSE_GUEST_RESET);
    }
}

static const RegisterName port92_registers[] = {{0x0, 1, "PORT92"}, {}};

static const MemoryRegionOps port92_ops = {
    .read = port92_read,
    .write = port92_write,
    .registers = port92_registers,
    .impl = {.min_access_size = 1, .max_access_size = 1},
};

static bool port92_realize(Device *dev, GError **errp)
{
    Port92 *s = DEVICE_CAST(Port92, &port92_class, dev);

    memory_region_init_io(&s->io, &dev->owner, &port92_ops, s, "port92", 1);
    isa_register_ioport(dev, &s->io, PORT92_PORT);
    device_init_gpio_out(dev, "a20", &s->a20, 1);
    return true;
}

static void port92_reset(Device *dev)
{
    Port92 *s = DEVICE_CAST(Port92, &port92_class, dev);

    s->val = 0;
    port92_update_a20(s);
}

/* Nothing of it may be queued: what the CPU reads next may lie behind A20. */
const DeviceClass port92_class = {
    .name = "port92",
    .desc = "Fast A20 and reset port",
    .category = "Misc",
    .parent = &isa_device_class,
    .size = sizeof(Port92),
    .internal = true,
    .realize = port92_realize,
    .reset = port92_reset,
};
