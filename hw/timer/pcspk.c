/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * System control port B of a PC (61h), which the speaker hangs on: the gate and the output of the
 * timer's counter 2, the speaker's own gate, and the refresh bit that software times loops with.
 *
 * Follows the NMI status and control register of the 82371SB. Left out: sound; NMI from parity
 * and IOCHK# (their enables are kept, their sources never report).
 */
#include "hw/timer/pcspk.h"

#include "hw/core/clock.h"
#include "hw/isa/isa.h"
#include "hw/timer/i8254.h"

enum {
    PORT_B_GATE2 = 0x01,
    PORT_B_SPEAKER = 0x02,
    PORT_B_PARITY_DISABLE = 0x04,
    PORT_B_IOCHK_DISABLE = 0x08,
    PORT_B_REFRESH = 0x10, /* read-only: toggles with each refresh cycle */
    PORT_B_OUT2 = 0x20,    /* read-only */
    PORT_B_WRITABLE = 0x0f,

    REFRESH_NS = 15085, /* 18 cycles of the timer's clock */
};

typedef struct PcSpeaker {
    ISADevice isa;
    uint16_t iobase;
    MemoryRegion io;
    Device *pit;
    uint8_t control; /* the writable bits */
} PcSpeaker;

static uint64_t pcspk_read(void *opaque, hwaddr addr, unsigned size)
{
    PcSpeaker *s = opaque;
    uint8_t val = s->control;

    if (clock_get_ns(VM_CLOCK_VIRTUAL) / REFRESH_NS & 1) {
        val |= PORT_B_REFRESH;
    }
    if (pit_get_out(s->pit, 2)) {
        val |= PORT_B_OUT2;
    }
    return val;
}

static void pcspk_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    PcSpeaker *s = opaque;

    s->control = data & PORT_B_WRITABLE;
    pit_set_gate(s->pit, 2, data & PORT_B_GATE2);
}

static const RegisterName pcspk_registers[] = {{0, 1, "NMISC"}, {}}; /* of the 82371SB */

static const MemoryRegionOps pcspk_ops = {
    .read = pcspk_read,
    .write = pcspk_write,
    .registers = pcspk_registers,
    .impl = {.min_access_size = 1, .max_access_size = 1},
};

void pcspk_set_pit(Device *dev, Device *pit)
{
    DEVICE_CAST(PcSpeaker, &isa_pcspk_class, dev)->pit = pit;
}

static bool pcspk_realize(Device *dev, GError **errp)
{
    PcSpeaker *s = DEVICE_CAST(PcSpeaker, &isa_pcspk_class, dev);

    g_assert(s->pit);
    memory_region_init_io(&s->io, &dev->owner, &pcspk_ops, s, "pcspk", 1);
    isa_register_ioport(dev, &s->io, s->iobase);
    return true;
}

/* The timer's own reset lowers the gate. */
static void pcspk_reset(Device *dev)
{
    DEVICE_CAST(PcSpeaker, &isa_pcspk_class, dev)->control = 0;
}

static const Property pcspk_props[] = {
    PROP_UINT16("iobase", PcSpeaker, iobase, 0x61, .help = "port"), {}};

const DeviceClass isa_pcspk_class = {
    .name = "isa-pcspk",
    .desc = "System control port B and speaker",
    .category = "Sound",
    .parent = &isa_device_class,
    .size = sizeof(PcSpeaker),
    .internal = true,
    .props = pcspk_props,
    .realize = pcspk_realize,
    .reset = pcspk_reset,
};
