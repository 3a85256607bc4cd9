/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The standard VGA on PCI: a VGA with the Bochs display interface (DISPI), which shows packed
 * pixels of any size from a linear frame buffer.
 *
 * Document: Bochs, "VBE Display API" (iodev/display, vbe_dispi, versions B0C0..B0C5); QEMU,
 * docs/specs/standard-vga (PCI resources).
 *
 * BAR 2 has the monitor's EDID at 0, the VGA's ports from 3C0 on at 400, the DISPI registers at
 * 500, and at 600 the byte order of pixels. A picture of 4 bits is the VGA's own, which the VGA
 * BIOS sets up.
 *
 * Not modelled: hiding BAR 2 or its parts (the properties mmio and qemu-extended-regs).
 */
#include <string.h>

#include "edid.h"
#include "hw/core/log.h"
#include "hw/display/vga.h"
#include "hw/pci/pci.h"
#include "vga.h"

#define DISPI_PORT       0x1ce /* index; data at the next port and the one after it */
#define DISPI_PORTS      3
#define DISPI_MAX_WIDTH  16000
#define DISPI_MAX_HEIGHT 12000
#define DISPI_MAX_DEPTH  32
#define DISPI_ID_FIRST   0xb0c0
#define DISPI_ID_LAST    0xb0c5

enum {
    DISPI_ID,
    DISPI_XRES,
    DISPI_YRES,
    DISPI_BPP,
    DISPI_ENABLE,
    DISPI_BANK,
    DISPI_VIRT_WIDTH,
    DISPI_VIRT_HEIGHT,
    DISPI_X_OFFSET,
    DISPI_Y_OFFSET,
    DISPI_MEMORY_64K,
    DISPI_REGS,
};

#define DISPI_ENABLED    0x01
#define DISPI_GETCAPS    0x02 /* sizes and depth read as the largest */
#define DISPI_8BIT_DAC   0x20
#define DISPI_NOCLEARMEM 0x80

#define VGA_MMIO_SIZE  0x1000 /* BAR 2 */
#define VGA_MMIO_PORTS 0x400  /* 3C0..3DF */
#define VGA_MMIO_DISPI 0x500  /* the registers, 16 bits each */
#define VGA_MMIO_EXT   0x600  /* 32 bits each: the size of these registers, the byte order */
#define VGA_EXT_SIZE   8
#define VGA_EXT_LITTLE 0x1e1e1e1eu
#define VGA_EXT_BIG    0xbebebebeu

typedef struct PciVga {
    PCIDevice pci;
    Vga vga;
    uint32_t vgamem_mb;  /* property */
    bool show_edid;      /* property */
    uint32_t xres, yres; /* properties: what the monitor prefers */
    uint8_t edid[EDID_SIZE];
    bool big_endian;
    MemoryRegion bar0; /* a container of the next */
    MemoryRegion lfb;  /* the memory */
    MemoryRegion mmio; /* BAR 2 */
    MemoryRegion dispi_ports;
    uint16_t dispi_index;
    uint16_t dispi[DISPI_REGS];
} PciVga;

/* ----------------------------------------------------------------------------------- DISPI -- */

static unsigned dispi_bytes(const PciVga *s)
{
    return (s->dispi[DISPI_BPP] + 7) / 8;
}

/*
 * Make the registers agree with each other and with the memory, after each change of one: whatever
 * is drawn by them lies in memory.
 */
static void dispi_fix(PciVga *s)
{
    uint16_t *r = s->dispi;
    uint32_t size = s->vga.mem_mask + 1, max_width, pitch, lines;

    switch (r[DISPI_BPP]) {
    case 4:
    case 8:
    case 15:
    case 16:
    case 24:
    case 32:
        break;
    default:
        log_guest_error("VGA: a depth of %u bits does not exist", r[DISPI_BPP]);
        r[DISPI_BPP] = 8;
        break;
    }
    max_width = MIN(DISPI_MAX_WIDTH, size / dispi_bytes(s));
    r[DISPI_XRES] = CLAMP(r[DISPI_XRES] & ~7, 8, max_width);
    r[DISPI_VIRT_WIDTH] = CLAMP(r[DISPI_VIRT_WIDTH], r[DISPI_XRES], max_width);
    pitch = r[DISPI_VIRT_WIDTH] * dispi_bytes(s);
    lines = size / pitch;
    r[DISPI_YRES] = CLAMP(r[DISPI_YRES], 1, MIN(lines, DISPI_MAX_HEIGHT));
    r[DISPI_VIRT_HEIGHT] = MIN(lines, UINT16_MAX);
    r[DISPI_X_OFFSET] = MIN(r[DISPI_X_OFFSET], r[DISPI_VIRT_WIDTH] - r[DISPI_XRES]);
    r[DISPI_Y_OFFSET] = MIN(r[DISPI_Y_OFFSET], lines - r[DISPI_YRES]);
    r[DISPI_BANK] = MIN(r[DISPI_BANK], (size >> 16) - 1);
}

static void dispi_enable(PciVga *s, uint16_t val)
{
    Vga *v = &s->vga;
    bool was = s->dispi[DISPI_ENABLE] & DISPI_ENABLED, on = val & DISPI_ENABLED;

    s->dispi[DISPI_ENABLE] = val;
    v->dac_8bit = val & DISPI_8BIT_DAC;
    if (!on) {
        s->dispi[DISPI_BANK] = 0;
    } else if (!was) {
        s->dispi[DISPI_VIRT_WIDTH] = s->dispi[DISPI_XRES];
        s->dispi[DISPI_X_OFFSET] = s->dispi[DISPI_Y_OFFSET] = 0;
        dispi_fix(s);
        if (!(val & DISPI_NOCLEARMEM)) {
            uint32_t len = s->dispi[DISPI_VIRT_WIDTH] * dispi_bytes(s) * s->dispi[DISPI_YRES];

            memset(v->mem, 0, len);
            memory_region_set_dirty(&v->vram, 0, len);
        }
    }
}

static void dispi_update(PciVga *s)
{
    Vga *v = &s->vga;

    v->bank[0] = s->dispi[DISPI_BANK] << 16;
    v->bank[1] = v->bank[0] + VGA_BANK_SIZE;
    v->full_update = true;
    vga_update_window(v);
}

static uint16_t dispi_read(PciVga *s, unsigned index)
{
    if (index >= DISPI_REGS) {
        return 0xffff;
    }
    if (s->dispi[DISPI_ENABLE] & DISPI_GETCAPS) {
        switch (index) {
        case DISPI_XRES:
            return DISPI_MAX_WIDTH;
        case DISPI_YRES:
            return DISPI_MAX_HEIGHT;
        case DISPI_BPP:
            return DISPI_MAX_DEPTH;
        default:
            break;
        }
    }
    return s->dispi[index];
}

static void dispi_write(PciVga *s, unsigned index, uint16_t val)
{
    switch (index) {
    case DISPI_ID:
        if (val >= DISPI_ID_FIRST && val <= DISPI_ID_LAST) {
            s->dispi[index] = val;
        }
        return;
    case DISPI_ENABLE:
        dispi_enable(s, val);
        break;
    case DISPI_XRES:
    case DISPI_YRES:
    case DISPI_BPP:
    case DISPI_BANK:
    case DISPI_VIRT_WIDTH:
    case DISPI_X_OFFSET:
    case DISPI_Y_OFFSET:
        /* A mode is set while the display is off; it is checked again when it goes on. */
        s->dispi[index] = val;
        if (s->dispi[DISPI_ENABLE] & DISPI_ENABLED) {
            dispi_fix(s);
        } else {
            s->dispi[DISPI_BANK] = MIN(s->dispi[DISPI_BANK], s->dispi[DISPI_MEMORY_64K] - 1);
        }
        break;
    default: /* the height follows from the width, and the memory is what it is */
        return;
    }
    dispi_update(s);
}

static uint64_t dispi_ports_read(void *opaque, hwaddr addr, unsigned size)
{
    PciVga *s = opaque;

    return addr == 0 ? s->dispi_index : dispi_read(s, s->dispi_index);
}

static void dispi_ports_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    PciVga *s = opaque;

    if (addr == 0) {
        s->dispi_index = data;
    } else {
        dispi_write(s, s->dispi_index, data);
    }
}

static const RegisterName dispi_ports_names[] = {
    {0, 1, "VBE_DISPI_IOPORT_INDEX"}, {1, 2, "VBE_DISPI_IOPORT_DATA"}, {}};

static const MemoryRegionOps dispi_ports_ops = {
    .read = dispi_ports_read,
    .write = dispi_ports_write,
    .registers = dispi_ports_names,
    .valid = {.min_access_size = 2, .max_access_size = 2, .unaligned = true},
    .impl = {.min_access_size = 2, .max_access_size = 2, .unaligned = true},
};

/* ----------------------------------------------------------------------------------- BAR 2 -- */

static uint32_t ext_read(const PciVga *s, unsigned reg)
{
    return reg == 0 ? VGA_EXT_SIZE : s->big_endian ? VGA_EXT_BIG : VGA_EXT_LITTLE;
}

static void ext_write(PciVga *s, unsigned reg, uint32_t val)
{
    if (reg == 1 && (val == VGA_EXT_BIG || val == VGA_EXT_LITTLE)) {
        s->big_endian = val == VGA_EXT_BIG;
        s->vga.full_update = true;
    }
}

static uint64_t pci_vga_mmio_read(void *opaque, hwaddr addr, unsigned size)
{
    PciVga *s = opaque;

    if (addr < EDID_SIZE && s->show_edid) {
        uint64_t val = 0;

        memcpy(&val, &s->edid[addr], size); /* an aligned access, of no more than four bytes */
        return GUINT64_FROM_LE(val);
    }
    if (addr < VGA_MMIO_PORTS) {
        return 0; /* the room for more EDID */
    }
    if (addr < VGA_MMIO_PORTS + 0x20) {
        uint64_t val = 0;

        for (unsigned i = 0; i < size; i++) {
            val |= (uint64_t)vga_port_read(&s->vga, 0x3c0 + addr - VGA_MMIO_PORTS + i) << 8 * i;
        }
        return val;
    }
    if (addr >= VGA_MMIO_DISPI && addr < VGA_MMIO_DISPI + 2 * DISPI_REGS) {
        unsigned reg = (addr - VGA_MMIO_DISPI) / 2;
        uint32_t val = dispi_read(s, reg);

        return size == 4 ? val | (uint32_t)dispi_read(s, reg + 1) << 16 : val >> (addr & 1) * 8;
    }
    if (addr >= VGA_MMIO_EXT && addr < VGA_MMIO_EXT + VGA_EXT_SIZE) {
        return ext_read(s, (addr - VGA_MMIO_EXT) / 4) >> (addr & 3) * 8;
    }
    return ~UINT64_C(0);
}

static void pci_vga_mmio_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    PciVga *s = opaque;

    if (addr >= VGA_MMIO_DISPI && addr < VGA_MMIO_DISPI + 2 * DISPI_REGS) {
        /* Halves of a register are no writes of it; two at once are. */
        for (unsigned i = 0; i < size / 2; i++) {
            dispi_write(s, (addr - VGA_MMIO_DISPI) / 2 + i, data >> 16 * i);
        }
    } else if (addr >= VGA_MMIO_PORTS && addr < VGA_MMIO_PORTS + 0x20) {
        for (unsigned i = 0; i < size; i++) {
            vga_port_write(&s->vga, 0x3c0 + addr - VGA_MMIO_PORTS + i, data >> 8 * i);
        }
    } else if (addr >= VGA_MMIO_EXT && addr < VGA_MMIO_EXT + VGA_EXT_SIZE && size == 4) {
        ext_write(s, (addr - VGA_MMIO_EXT) / 4, data);
    }
}

static const RegisterName pci_vga_mmio_names[] = {
    {0, EDID_SIZE, "EDID"},
    VGA_MAIN_PORT_NAMES(VGA_MMIO_PORTS),
    VGA_CRTC_PORT_NAMES(VGA_MMIO_PORTS + 0x14),
    VGA_STATUS_PORT_NAMES(VGA_MMIO_PORTS + 0x1a),
    {VGA_MMIO_DISPI + 2 * DISPI_ID, 2, "VBE_DISPI_INDEX_ID"},
    {VGA_MMIO_DISPI + 2 * DISPI_XRES, 2, "VBE_DISPI_INDEX_XRES"},
    {VGA_MMIO_DISPI + 2 * DISPI_YRES, 2, "VBE_DISPI_INDEX_YRES"},
    {VGA_MMIO_DISPI + 2 * DISPI_BPP, 2, "VBE_DISPI_INDEX_BPP"},
    {VGA_MMIO_DISPI + 2 * DISPI_ENABLE, 2, "VBE_DISPI_INDEX_ENABLE"},
    {VGA_MMIO_DISPI + 2 * DISPI_BANK, 2, "VBE_DISPI_INDEX_BANK"},
    {VGA_MMIO_DISPI + 2 * DISPI_VIRT_WIDTH, 2, "VBE_DISPI_INDEX_VIRT_WIDTH"},
    {VGA_MMIO_DISPI + 2 * DISPI_VIRT_HEIGHT, 2, "VBE_DISPI_INDEX_VIRT_HEIGHT"},
    {VGA_MMIO_DISPI + 2 * DISPI_X_OFFSET, 2, "VBE_DISPI_INDEX_X_OFFSET"},
    {VGA_MMIO_DISPI + 2 * DISPI_Y_OFFSET, 2, "VBE_DISPI_INDEX_Y_OFFSET"},
    {VGA_MMIO_DISPI + 2 * DISPI_MEMORY_64K, 2, "VBE_DISPI_INDEX_VIDEO_MEMORY_64K"},
    {VGA_MMIO_EXT, 4, "Extended Registers Size"},
    {VGA_MMIO_EXT + 4, 4, "Framebuffer Endianness"},
    {},
};

static const MemoryRegionOps pci_vga_mmio_ops = {
    .read = pci_vga_mmio_read,
    .write = pci_vga_mmio_write,
    .registers = pci_vga_mmio_names,
    .valid = {.min_access_size = 1, .max_access_size = 8},
    .impl = {.min_access_size = 1, .max_access_size = 4},
};

/* --------------------------------------------------------------------------------- picture -- */

static bool pci_vga_linear(Vga *v, VgaLinear *pic)
{
    PciVga *s = v->opaque;
    const uint16_t *r = s->dispi;

    if (!(r[DISPI_ENABLE] & DISPI_ENABLED) || r[DISPI_BPP] == 4) {
        return false;
    }
    pic->depth = r[DISPI_BPP];
    pic->width = r[DISPI_XRES];
    pic->height = r[DISPI_YRES];
    pic->pitch = r[DISPI_VIRT_WIDTH] * dispi_bytes(s);
    pic->start = r[DISPI_Y_OFFSET] * pic->pitch + r[DISPI_X_OFFSET] * dispi_bytes(s);
    pic->double_scan = false;
    pic->big_endian = s->big_endian;
    return true;
}

static const VgaHooks pci_vga_hooks = {.linear = pci_vga_linear};

/* ----------------------------------------------------------------------------------- class -- */

static void pci_vga_reset(Device *dev)
{
    PciVga *s = (PciVga *)dev;

    memset(s->dispi, 0, sizeof(s->dispi));
    s->dispi[DISPI_ID] = DISPI_ID_LAST;
    s->dispi[DISPI_BPP] = 8;
    s->dispi[DISPI_MEMORY_64K] = (s->vga.mem_mask + 1) >> 16;
    s->dispi_index = 0;
    s->big_endian = false;
    vga_reset(&s->vga);
}

static bool pci_vga_realize(Device *dev, GError **errp)
{
    PciVga *s = (PciVga *)dev;
    PCIBus *bus = pci_bus_of(&s->pci);

    if (s->vgamem_mb & (s->vgamem_mb - 1)) {
        error_setg(errp, "VGA: vgamem_mb=%u is not a power of two", s->vgamem_mb);
        return false;
    }
    if (!vga_init(&s->vga, &dev->owner, &pci_vga_hooks, s, s->vgamem_mb << 20, errp)) {
        return false;
    }
    edid_generate(s->edid, s->xres, s->yres);
    memory_region_init(&s->bar0, &dev->owner, "vga-bar0", memory_region_size(&s->vga.vram));
    memory_region_init_alias(&s->lfb, &dev->owner, "vga-lfb", &s->vga.vram, 0,
                             memory_region_size(&s->vga.vram));
    memory_region_add_subregion(&s->bar0, 0, &s->lfb);
    memory_region_init_io(&s->mmio, &dev->owner, &pci_vga_mmio_ops, s, "vga.mmio", VGA_MMIO_SIZE);
    memory_region_init_io(&s->dispi_ports, &dev->owner, &dispi_ports_ops, s, "vbe", DISPI_PORTS);
    vga_map_legacy(&s->vga, bus->mem, bus->io);
    memory_region_add_subregion(bus->io, DISPI_PORT, &s->dispi_ports);
    pci_register_bar(&s->pci, 0, PCI_BASE_ADDRESS_MEM_PREFETCH, &s->bar0);
    pci_register_bar(&s->pci, 2, PCI_BASE_ADDRESS_SPACE_MEMORY, &s->mmio);
    pci_vga_reset(dev);
    return true;
}

/* The bus takes the BARs out of it and destroys them: bar0 and mmio. */
static void pci_vga_unrealize(Device *dev)
{
    PciVga *s = (PciVga *)dev;

    memory_region_del_subregion(pci_bus_of(&s->pci)->io, &s->dispi_ports);
    memory_region_destroy(&s->dispi_ports);
    memory_region_del_subregion(&s->bar0, &s->lfb);
    memory_region_destroy(&s->lfb);
    vga_destroy(&s->vga);
}

static const Property pci_vga_props[] = {
    PROP_UINT32("vgamem_mb", PciVga, vgamem_mb, 16, .min = 1, .max = 256,
                .help = "video memory in MiB, a power of two"),
    PROP_BOOL("edid", PciVga, show_edid, true, .help = "the monitor's EDID in BAR 2"),
    PROP_UINT32("xres", PciVga, xres, 1280, .min = 64, .max = 4095,
                .help = "width that the monitor prefers"),
    PROP_UINT32("yres", PciVga, yres, 800, .min = 64, .max = 4095,
                .help = "height that the monitor prefers"),
    {}};

/*
 * As for isa-vga, and by BAR 2. The DISPI registers set banks and sizes: they are not here, neither
 * by their ports nor in BAR 2. Pixels written to the window are in a picture that BAR 0 also shows,
 * as memory that is read without an exit: see docs/coalescing.md.
 */
static const CoalescedRange pci_vga_coalesced[] = {
    COALESCED_MMIO(PciVga, vga.window_io, 0, VGA_WINDOW_SIZE),
    COALESCED_PIO(PciVga, vga.ports[VGA_PORTS_CRTC_MONO].mr, 0, 2),
    COALESCED_PIO(PciVga, vga.ports[VGA_PORTS_CRTC].mr, 0, 2),
    COALESCED_PIO(PciVga, vga.ports[VGA_PORTS_MAIN].mr, 6, 4), /* 3C6 to 3C9 */
    COALESCED_MMIO(PciVga, mmio, VGA_MMIO_PORTS + 0x06, 4),    /* the same */
    COALESCED_MMIO(PciVga, mmio, VGA_MMIO_PORTS + 0x14, 2),    /* 3D4, 3D5 */
    {}};

const PCIDeviceClass pci_vga_class = {
    .device =
        {
            .name = "VGA",
            .desc = "standard VGA with the Bochs display interface",
            .category = "Display",
            .no_hotplug = true,
            .parent = &pci_device_class,
            .size = sizeof(PciVga),
            .props = pci_vga_props,
            .coalesced = pci_vga_coalesced,
            .realize = pci_vga_realize,
            .unrealize = pci_vga_unrealize,
            .reset = pci_vga_reset,
        },
    .vendor_id = 0x1234,
    .device_id = 0x1111,
    .revision = 2,
    .class_id = 0x0300,
    .romfile = "vgabios-stdvga.bin",
};
