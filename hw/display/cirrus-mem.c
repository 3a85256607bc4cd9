/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the memory of the CL-GD5446 is reached: banks at A0000, the linear frame buffer with its
 * apertures, the extended write modes, the registers in memory, the data of blits.
 *
 * Document: Cirrus Logic, "CL-GD5446 Technical Reference Manual", the chapters on memory
 * configuration, on memory-mapped I/O and on the extended write modes.
 *
 * Where an access is no more than one of memory, it is mapped as RAM. The frame buffer shows memory
 * as packed pixels in each mode. With 4 MiB the next two apertures of 4 MiB show it with the bytes
 * of words and of double words swapped, for CPUs of the other byte order. So do those for the data
 * of blits, from 16 MiB on.
 *
 * While a blit works with the CPU, the frame buffer and the window give and take its data, at any
 * address, unless GR31 says that only the aperture at 16 MiB does.
 *
 * Not modelled: eight byte latches (GR0B bit 3), the mask of eight pixels in SR02, the V-Port's
 * aperture.
 */
#include "cirrus.h"

bool cirrus_is_packed(const Vga *v)
{
    return v->sr[CIRRUS_SR_EXT_MODE] & CIRRUS_SR07_PACKED;
}

/* Extended write modes 4 and 5: each bit of the data is a pixel. */
static bool expands(const Vga *v)
{
    unsigned mode = v->gr[VGA_GR_MODE] & CIRRUS_GR05_WRITE_MODE;

    return (v->gr[CIRRUS_GR_EXT_MODE] & CIRRUS_GR0B_EXT_WRITE) && (mode == 4 || mode == 5);
}

static bool is_plain(const Vga *v)
{
    return !expands(v) && !(v->gr[CIRRUS_GR_EXT_MODE] & CIRRUS_GR0B_BY8);
}

static uint32_t packed_addr(const Vga *v, uint32_t addr)
{
    uint8_t ext = v->gr[CIRRUS_GR_EXT_MODE];

    if (!(ext & CIRRUS_GR0B_BY8)) {
        return addr;
    }
    return addr << ((ext & CIRRUS_GR0B_16BIT) && (ext & CIRRUS_GR0B_EXT_WRITE) ? 4 : 3);
}

/* Mode 5 draws foreground and background, mode 4 leaves the background alone. */
static void expand(Vga *v, uint32_t addr, uint8_t data)
{
    bool wide = v->gr[CIRRUS_GR_EXT_MODE] & CIRRUS_GR0B_16BIT;
    bool opaque = (v->gr[VGA_GR_MODE] & CIRRUS_GR05_WRITE_MODE) == 5;

    for (int bit = 7; bit >= 0; bit--, addr += 1 + wide) {
        unsigned foreground = data >> bit & 1;

        if (foreground || opaque) {
            vga_store(v, addr, v->gr[foreground]);
            if (wide) {
                vga_store(v, addr + 1, v->gr[CIRRUS_GR_COLORS + foreground]);
            }
        }
    }
}

static uint8_t packed_read(Vga *v, uint32_t addr)
{
    return v->mem[packed_addr(v, addr) & v->mem_mask];
}

static void packed_write(Vga *v, uint32_t addr, uint8_t val)
{
    addr = packed_addr(v, addr);
    if (expands(v)) {
        expand(v, addr, val);
    } else {
        vga_store(v, addr, val);
    }
}

uint8_t cirrus_mem_read(Vga *v, uint32_t addr)
{
    return cirrus_is_packed(v) ? packed_read(v, addr) : vga_mem_read(v, addr);
}

void cirrus_mem_write(Vga *v, uint32_t addr, uint8_t val)
{
    if (cirrus_is_packed(v)) {
        packed_write(v, addr, val);
    } else {
        vga_mem_write(v, addr, val);
    }
}

bool cirrus_window_is_ram(Vga *v)
{
    return cirrus_is_packed(v) ? is_plain(v) : vga_window_is_chained(v);
}

/* --------------------------------------------------------------------------- the frame buffer --
 */

static uint64_t lfb_read(void *opaque, hwaddr addr, unsigned size)
{
    CirrusSwap *swap = opaque;

    return packed_read(&swap->s->vga, addr ^ swap->flip);
}

static void lfb_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    CirrusSwap *swap = opaque;

    packed_write(&swap->s->vga, addr ^ swap->flip, data);
}

static const MemoryRegionOps lfb_ops = {
    .read = lfb_read,
    .write = lfb_write,
    .valid = {.min_access_size = 1, .max_access_size = 8, .unaligned = true},
    .impl = {.min_access_size = 1, .max_access_size = 1},
};

/* ------------------------------------------------------------------------- the data of blits -- */

static uint64_t swap_bytes(uint64_t data, unsigned size, unsigned flip)
{
    uint64_t swapped = 0;

    for (unsigned i = 0; i < size; i++) {
        swapped |= (data >> 8 * i & 0xff) << 8 * ((i ^ flip) & (size - 1));
    }
    return swapped;
}

static uint64_t blt_aperture_read(void *opaque, hwaddr addr, unsigned size)
{
    CirrusSwap *swap = opaque;

    return swap_bytes(cirrus_blt_get(swap->s, size), size, swap->flip);
}

static void blt_aperture_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    CirrusSwap *swap = opaque;

    cirrus_blt_put(swap->s, swap_bytes(data, size, swap->flip), size);
}

/* The address does not matter: data come in the order of the accesses. */
static const MemoryRegionOps blt_aperture_ops = {
    .read = blt_aperture_read,
    .write = blt_aperture_write,
    .valid = {.min_access_size = 1, .max_access_size = 8, .unaligned = true},
    .impl = {.min_access_size = 1, .max_access_size = 8, .unaligned = true},
};

/* ---------------------------------------------------------------------- registers in memory -- */

/* The blitter's registers in memory are graphics registers at other places. 0: none there. */
static const uint8_t mmio_gr[0x41] = {
    [0x01] = 0x10, [0x02] = 0x12, [0x03] = 0x14, [0x04] = 0x01, [0x05] = 0x11, [0x06] = 0x13,
    [0x07] = 0x15, [0x08] = 0x20, [0x09] = 0x21, [0x0a] = 0x22, [0x0b] = 0x23, [0x0c] = 0x24,
    [0x0d] = 0x25, [0x0e] = 0x26, [0x0f] = 0x27, [0x10] = 0x28, [0x11] = 0x29, [0x12] = 0x2a,
    [0x14] = 0x2c, [0x15] = 0x2d, [0x16] = 0x2e, [0x17] = 0x2f, [0x18] = 0x30, [0x1a] = 0x32,
    [0x1b] = 0x33, [0x1c] = 0x34, [0x1d] = 0x35, [0x20] = 0x38, [0x21] = 0x39, [0x40] = 0x31,
};

#define MMIO_BLT_NAMES(base)                                                                       \
    {(base) + 0x00, 4, "BLT Background Color"}, {(base) + 0x04, 4, "BLT Foreground Color"},        \
        {(base) + 0x08, 2, "BLT Width"}, {(base) + 0x0a, 2, "BLT Height"},                         \
        {(base) + 0x0c, 2, "BLT Destination Pitch"}, {(base) + 0x0e, 2, "BLT Source Pitch"},       \
        {(base) + 0x10, 3, "BLT Destination Start"}, {(base) + 0x14, 3, "BLT Source Start"},       \
        {(base) + 0x17, 1, "BLT Left-Side Clipping"}, {(base) + 0x18, 1, "BLT Mode"},              \
        {(base) + 0x1a, 1, "BLT Raster Operation"}, {(base) + 0x1b, 1, "BLT Mode Extensions"},     \
        {(base) + 0x1c, 2, "BLT Key Color"}, {(base) + 0x20, 2, "BLT Key Color Mask"},             \
    {                                                                                              \
        (base) + 0x40, 1, "BLT Start/Status"                                                       \
    }

static const RegisterName mmio_blt_names[] = {MMIO_BLT_NAMES(0), {}};
static const RegisterName mmio_names[] = {VGA_MAIN_PORT_NAMES(0),
                                          VGA_CRTC_PORT_NAMES(0x14),
                                          VGA_STATUS_PORT_NAMES(0x1a),
                                          MMIO_BLT_NAMES(CIRRUS_MMIO_BLT),
                                          {}};

static bool mmio_index(hwaddr addr, uint8_t *index)
{
    *index = addr < sizeof(mmio_gr) ? mmio_gr[addr] : 0;
    return addr == 0 || *index; /* the first is GR00 itself */
}

static uint64_t mmio_blt_read(void *opaque, hwaddr addr, unsigned size)
{
    uint8_t index;

    return mmio_index(addr, &index) ? cirrus_read_gr(opaque, index) : 0xff;
}

static void mmio_blt_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    uint8_t index;

    if (mmio_index(addr, &index)) {
        cirrus_write_gr(opaque, index, data);
    }
}

static uint64_t mmio_read(void *opaque, hwaddr addr, unsigned size)
{
    CirrusVga *s = opaque;

    if (addr >= CIRRUS_MMIO_BLT) {
        return mmio_blt_read(s, addr - CIRRUS_MMIO_BLT, size);
    }
    return addr < 0x20 ? cirrus_port_read(&s->vga, 0x3c0 + addr) : 0xff;
}

static void mmio_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    CirrusVga *s = opaque;

    if (addr >= CIRRUS_MMIO_BLT) {
        mmio_blt_write(s, addr - CIRRUS_MMIO_BLT, data, size);
    } else if (addr < 0x20) {
        cirrus_port_write(&s->vga, 0x3c0 + addr, data);
    }
}

static const MemoryRegionOps mmio_ops = {
    .read = mmio_read,
    .write = mmio_write,
    .registers = mmio_names,
    .valid = {.min_access_size = 1, .max_access_size = 4, .unaligned = true},
    .impl = {.min_access_size = 1, .max_access_size = 1},
};

static const MemoryRegionOps mmio_blt_ops = {
    .read = mmio_blt_read,
    .write = mmio_blt_write,
    .registers = mmio_blt_names,
    .valid = {.min_access_size = 1, .max_access_size = 4, .unaligned = true},
    .impl = {.min_access_size = 1, .max_access_size = 1},
};

/* ----------------------------------------------------------------------------------- the map -- */

void cirrus_update_map(Vga *v)
{
    CirrusVga *s = v->opaque;
    uint8_t config = v->sr[CIRRUS_SR_CONFIG];
    bool mmio = config & CIRRUS_SR17_MMIO, linear = config & CIRRUS_SR17_MMIO_LINEAR;
    bool data = cirrus_blt_wants_cpu(s) && !(v->gr[CIRRUS_GR_BLT_STATUS] & CIRRUS_GR31_APERTURE);
    hwaddr start, size;

    memory_region_set_enabled(&s->lfb_ram, is_plain(v));
    memory_region_set_enabled(&s->mmio_in_window, mmio && !linear);
    memory_region_set_enabled(&s->mmio_in_lfb, mmio && linear);
    memory_region_set_enabled(&s->blt_in_lfb, data);
    if (data && vga_window_place(v, &start, &size)) {
        memory_region_set_address(&s->blt_in_window, start);
        memory_region_set_size(&s->blt_in_window, size);
        memory_region_set_enabled(&s->blt_in_window, true);
    } else {
        memory_region_set_enabled(&s->blt_in_window, false);
    }
}

static void init_swaps(CirrusVga *s, hwaddr size)
{
    static const char *const names[CIRRUS_SWAPS][2] = {
        {"cirrus-linear-io", "cirrus-bitblt"},
        {"cirrus-linear-swap16", "cirrus-bitblt-swap16"},
        {"cirrus-linear-swap32", "cirrus-bitblt-swap32"},
    };
    static const unsigned flips[CIRRUS_SWAPS] = {0, 1, 3};
    MemoryOwner *owner = &s->pci.dev.owner;

    for (int i = 0; i < CIRRUS_SWAPS; i++) {
        CirrusSwap *swap = &s->swap[i];

        swap->s = s;
        swap->flip = flips[i];
        memory_region_init_io(&swap->lfb, owner, &lfb_ops, swap, names[i][0], size);
        memory_region_init_io(&swap->blt, owner, &blt_aperture_ops, swap, names[i][1],
                              CIRRUS_APERTURE);
        /* More memory than the chip can have lies where these would be. */
        if (i == 0 || size == CIRRUS_APERTURE) {
            memory_region_add_subregion(&s->bar0, i * CIRRUS_APERTURE, &swap->lfb);
        }
        memory_region_add_subregion(&s->bar0, CIRRUS_BLT_APERTURE + i * CIRRUS_APERTURE,
                                    &swap->blt);
    }
}

void cirrus_mem_init(CirrusVga *s)
{
    MemoryOwner *owner = &s->pci.dev.owner;
    hwaddr size = (hwaddr)s->vga.mem_mask + 1;

    memory_region_init(&s->bar0, owner, "cirrus-pci-bar0", CIRRUS_BAR0_SIZE);
    init_swaps(s, size);
    memory_region_init_alias(&s->lfb_ram, owner, "cirrus-linear", &s->vga.vram, 0, size);
    memory_region_init_io(&s->mmio, owner, &mmio_ops, s, "cirrus-mmio", CIRRUS_MMIO_SIZE);
    memory_region_init_io(&s->mmio_blt, owner, &mmio_blt_ops, s, "cirrus-mmio-blt",
                          CIRRUS_MMIO_BLT_SIZE);
    memory_region_init_alias(&s->mmio_in_window, owner, "cirrus-mmio-b8000", &s->mmio_blt, 0,
                             CIRRUS_MMIO_BLT_SIZE);
    memory_region_init_alias(&s->mmio_in_lfb, owner, "cirrus-mmio-linear", &s->mmio_blt, 0,
                             CIRRUS_MMIO_BLT_SIZE);
    memory_region_init_io(&s->blt_data, owner, &blt_aperture_ops, &s->swap[0], "cirrus-blt-data",
                          size);
    memory_region_init_alias(&s->blt_in_window, owner, "cirrus-blt-window", &s->blt_data, 0,
                             VGA_WINDOW_SIZE);
    memory_region_init_alias(&s->blt_in_lfb, owner, "cirrus-blt-linear", &s->blt_data, 0, size);
    memory_region_set_enabled(&s->blt_in_window, false);
    memory_region_set_enabled(&s->blt_in_lfb, false);

    memory_region_add_subregion_overlap(&s->bar0, 0, &s->lfb_ram, 1);
    memory_region_add_subregion_overlap(&s->bar0, 0, &s->blt_in_lfb, 2);
    memory_region_add_subregion_overlap(&s->bar0, size - CIRRUS_MMIO_BLT_SIZE, &s->mmio_in_lfb, 3);
    memory_region_add_subregion_overlap(&s->vga.window, 0, &s->blt_in_window, 2);
    memory_region_add_subregion_overlap(&s->vga.window, 0x18000, &s->mmio_in_window, 3);
}

void cirrus_mem_destroy(CirrusVga *s)
{
    MemoryRegion *const in_bar0[] = {&s->mmio_in_lfb, &s->blt_in_lfb, &s->lfb_ram};
    MemoryRegion *const in_window[] = {&s->mmio_in_window, &s->blt_in_window};

    for (size_t i = 0; i < G_N_ELEMENTS(in_window); i++) {
        memory_region_del_subregion(&s->vga.window, in_window[i]);
        memory_region_destroy(in_window[i]);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(in_bar0); i++) {
        memory_region_del_subregion(&s->bar0, in_bar0[i]);
        memory_region_destroy(in_bar0[i]);
    }
    for (int i = 0; i < CIRRUS_SWAPS; i++) {
        MemoryRegion *const regions[] = {&s->swap[i].lfb, &s->swap[i].blt};

        for (size_t j = 0; j < G_N_ELEMENTS(regions); j++) {
            if (memory_region_is_mapped(regions[j])) {
                memory_region_del_subregion(&s->bar0, regions[j]);
            }
            memory_region_destroy(regions[j]);
        }
    }
    memory_region_destroy(&s->mmio_blt);
    memory_region_destroy(&s->blt_data);
}
