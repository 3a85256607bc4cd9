/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A plain VGA on the ISA bus: the registers and memory of vga.c and nothing else.
 *
 * It brings no ROM: a board that makes one gives its VGA BIOS to the firmware itself.
 */
#include "hw/display/vga.h"

#include "hw/isa/isa.h"
#include "vga.h"

typedef struct IsaVga {
    ISADevice isa;
    Vga vga;
    uint32_t vgamem_mb; /* property */
} IsaVga;

static const VgaHooks isa_vga_hooks = {};

static void isa_vga_reset(Device *dev)
{
    vga_reset(&((IsaVga *)dev)->vga);
}

static bool isa_vga_realize(Device *dev, GError **errp)
{
    IsaVga *s = (IsaVga *)dev;
    ISABus *bus = isa_bus_of(dev);

    if (s->vgamem_mb & (s->vgamem_mb - 1)) {
        error_setg(errp, "isa-vga: vgamem_mb=%u is not a power of two", s->vgamem_mb);
        return false;
    }
    if (!vga_init(&s->vga, &dev->owner, &isa_vga_hooks, s, s->vgamem_mb << 20, errp)) {
        return false;
    }
    vga_map_legacy(&s->vga, bus->mem, bus->io);
    isa_vga_reset(dev);
    return true;
}

static void isa_vga_unrealize(Device *dev)
{
    vga_destroy(&((IsaVga *)dev)->vga);
}

static const Property isa_vga_props[] = {PROP_UINT32("vgamem_mb", IsaVga, vgamem_mb, 8, .min = 1,
                                                     .max = 64,
                                                     .help = "video memory in MiB, a power of two"),
                                         {}};

/*
 * Pixels wait for whoever looks. So do the CRT controller and the colours: they change the picture
 * alone. Sequencer, graphics controller and misc output say how the window maps to memory, also to
 * what is mapped as RAM, and the attribute controller's flip-flop shares its port with them: none
 * of these is here.
 */
static const CoalescedRange isa_vga_coalesced[] = {
    COALESCED_MMIO(IsaVga, vga.window_io, 0, VGA_WINDOW_SIZE),
    COALESCED_PIO(IsaVga, vga.ports[VGA_PORTS_CRTC_MONO].mr, 0, 2),
    COALESCED_PIO(IsaVga, vga.ports[VGA_PORTS_CRTC].mr, 0, 2),
    COALESCED_PIO(IsaVga, vga.ports[VGA_PORTS_MAIN].mr, 6, 4), /* 3C6 to 3C9 */
    {}};

const DeviceClass isa_vga_class = {
    .name = "isa-vga",
    .desc = "plain VGA",
    .category = "Display",
    .parent = &isa_device_class,
    .size = sizeof(IsaVga),
    .internal = true,
    .props = isa_vga_props,
    .coalesced = isa_vga_coalesced,
    .realize = isa_vga_realize,
    .unrealize = isa_vga_unrealize,
    .reset = isa_vga_reset,
};
