/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cirrus Logic CL-GD5446 on PCI: a VGA with banks, packed pixels of 8 to 32 bits, a linear frame
 * buffer and a hardware cursor.
 *
 * Document: Cirrus Logic, "CL-GD5446 Technical Reference Manual".
 *
 * Not modelled: the blitter (a start of it, GR31 bit 1, ends at once with nothing drawn; its
 * registers GR20..GR39 keep what is written, and its data aperture swallows it); the video window
 * and its colour keys (GR0C..GR0E, CR31..CR3F keep what is written); the clock synthesizer
 * (SR0B..SR0E, SR18..SR1F keep what is written: retrace goes by the VGA's two clocks); DDC and
 * EEPROM (SR08); eight byte latches (GR0B bit 3); the palette's bypass modes other than 5:5:5 and
 * 5:6:5. The lock SR06 reads as the chip's does but locks nothing: drivers for later chips never
 * open it. Index ranges that stand nowhere here read FF.
 */
#include <string.h>

#include "hw/core/log.h"
#include "hw/display/vga.h"
#include "hw/pci/pci.h"
#include "vga.h"

#define CIRRUS_SR_UNLOCK         0x06
#define CIRRUS_SR06_KEY          0x12
#define CIRRUS_SR06_LOCKED       0x0f
#define CIRRUS_SR_EXT_MODE       0x07
#define CIRRUS_SR07_PACKED       0x01
#define CIRRUS_SR07_DEPTH        0x0e
#define CIRRUS_SR_DRAM           0x0f
#define CIRRUS_SR_CURSOR_X       0x10 /* and 30, 50..F0: bits 5..7 of the index are its low bits */
#define CIRRUS_SR_CURSOR_Y       0x11
#define CIRRUS_SR_CURSOR_MODE    0x12
#define CIRRUS_SR12_ENABLE       0x01
#define CIRRUS_SR12_COLORS       0x02 /* the DAC's ports reach the cursor's colours */
#define CIRRUS_SR12_64X64        0x04
#define CIRRUS_SR_CURSOR_PATTERN 0x13
#define CIRRUS_SR_MEMORY         0x15
#define CIRRUS_SR_CONFIG         0x17
#define CIRRUS_SR17_BUS          0x38 /* read only: PCI */
#define CIRRUS_SR17_MMIO         0x04
#define CIRRUS_SR17_MMIO_LINEAR  0x40 /* at the end of the frame buffer, else at B8000 */
#define CIRRUS_SR_LAST           0x1f

#define CIRRUS_GR_OFFSET_0     0x09
#define CIRRUS_GR_OFFSET_1     0x0a
#define CIRRUS_GR_EXT_MODE     0x0b
#define CIRRUS_GR0B_TWO_BANKS  0x01
#define CIRRUS_GR0B_BY8        0x02
#define CIRRUS_GR0B_EXT_WRITE  0x04
#define CIRRUS_GR0B_16BIT      0x10 /* extended writes of 16-bit pixels */
#define CIRRUS_GR0B_BANK_16K   0x20
#define CIRRUS_GR05_WRITE_MODE 0x07
#define CIRRUS_GR_BLT_FIRST    0x20
#define CIRRUS_GR_BLT_STATUS   0x31
#define CIRRUS_GR31_START      0x02
#define CIRRUS_GR_LAST         0x39

#define CIRRUS_CR_MISC         0x1a
#define CIRRUS_CR1A_INTERLACED 0x01
#define CIRRUS_CR_EXT_DISPLAY  0x1b
#define CIRRUS_CR_OVERLAY      0x1d
#define CIRRUS_CR_ATTR_TOGGLE  0x24
#define CIRRUS_CR_ATTR_INDEX   0x26
#define CIRRUS_CR_ID           0x27
#define CIRRUS_ID_GD5446       0xb8
#define CIRRUS_CR_LAST         0x3f

#define CIRRUS_HDR_HICOLOR 0x80
#define CIRRUS_HDR_MODE    0x0f /* 0: 5:5:5, 1: 5:6:5 */

#define CIRRUS_BAR0_SIZE         (32 * 1024 * 1024)
#define CIRRUS_BLT_APERTURE      0x1000000 /* in BAR 0 */
#define CIRRUS_BLT_APERTURE_SIZE 0x400000
#define CIRRUS_MMIO_SIZE         0x1000
#define CIRRUS_MMIO_BLT          0x100 /* the blitter's registers in it */
#define CIRRUS_MMIO_BLT_SIZE     0x100
#define CIRRUS_MMIO_BLT_SETUP    0x22   /* of these, the registers that start nothing */
#define CIRRUS_VGAMEM_MAX        16     /* MiB */
#define CIRRUS_PATTERN_SPACE     0x4000 /* of the cursors, at the end of memory */

typedef struct CirrusVga {
    PCIDevice pci;
    Vga vga;
    uint32_t vgamem_mb; /* property */

    MemoryRegion bar0;         /* a container of the next three */
    MemoryRegion lfb_io;       /* the frame buffer with the extended write modes */
    MemoryRegion lfb_ram;      /* and as plain memory, where it is that */
    MemoryRegion blt_aperture; /* data of blits from the CPU */
    MemoryRegion mmio;         /* BAR 1: the VGA's ports from 3C0 on, the blitter's registers */
    MemoryRegion mmio_blt;     /* the latter again, for the next two */
    MemoryRegion mmio_in_window, mmio_in_lfb;

    uint8_t hidden_dac; /* HDR: at 3C6 after four reads of it */
    uint8_t hidden_reads;
    uint8_t cursor_colors[16 * 3]; /* 0: background, 15: foreground */
    unsigned cursor_x, cursor_y;
} CirrusVga;

/* ---------------------------------------------------------------------------------- memory -- */

static bool cirrus_is_packed(const Vga *v)
{
    return v->sr[CIRRUS_SR_EXT_MODE] & CIRRUS_SR07_PACKED;
}

/* Extended write modes 4 and 5: each bit of the data is a pixel. */
static bool cirrus_expands(const Vga *v)
{
    unsigned mode = v->gr[VGA_GR_MODE] & CIRRUS_GR05_WRITE_MODE;

    return (v->gr[CIRRUS_GR_EXT_MODE] & CIRRUS_GR0B_EXT_WRITE) && (mode == 4 || mode == 5);
}

static bool cirrus_is_plain(const Vga *v)
{
    return !cirrus_expands(v) && !(v->gr[CIRRUS_GR_EXT_MODE] & CIRRUS_GR0B_BY8);
}

static uint32_t cirrus_packed_addr(const Vga *v, uint32_t addr)
{
    uint8_t ext = v->gr[CIRRUS_GR_EXT_MODE];

    if (!(ext & CIRRUS_GR0B_BY8)) {
        return addr;
    }
    return addr << ((ext & CIRRUS_GR0B_16BIT) && (ext & CIRRUS_GR0B_EXT_WRITE) ? 4 : 3);
}

/* Mode 5 draws foreground and background, mode 4 leaves the background alone. */
static void cirrus_expand(Vga *v, uint32_t addr, uint8_t data)
{
    bool wide = v->gr[CIRRUS_GR_EXT_MODE] & CIRRUS_GR0B_16BIT;
    bool opaque = (v->gr[VGA_GR_MODE] & CIRRUS_GR05_WRITE_MODE) == 5;

    for (int bit = 7; bit >= 0; bit--, addr += 1 + wide) {
        unsigned foreground = data >> bit & 1;

        if (foreground || opaque) {
            vga_store(v, addr, v->gr[foreground]);
            if (wide) {
                vga_store(v, addr + 1, v->gr[0x10 + foreground]);
            }
        }
    }
}

static uint8_t cirrus_packed_read(Vga *v, uint32_t addr)
{
    return v->mem[cirrus_packed_addr(v, addr) & v->mem_mask];
}

static void cirrus_packed_write(Vga *v, uint32_t addr, uint8_t val)
{
    addr = cirrus_packed_addr(v, addr);
    if (cirrus_expands(v)) {
        cirrus_expand(v, addr, val);
    } else {
        vga_store(v, addr, val);
    }
}

static uint8_t cirrus_mem_read(Vga *v, uint32_t addr)
{
    return cirrus_is_packed(v) ? cirrus_packed_read(v, addr) : vga_mem_read(v, addr);
}

static void cirrus_mem_write(Vga *v, uint32_t addr, uint8_t val)
{
    if (cirrus_is_packed(v)) {
        cirrus_packed_write(v, addr, val);
    } else {
        vga_mem_write(v, addr, val);
    }
}

static bool cirrus_window_is_ram(Vga *v)
{
    return cirrus_is_packed(v) ? cirrus_is_plain(v) : vga_window_is_chained(v);
}

/* Map the banks, the frame buffer and the registers in memory as the registers say. */
static void cirrus_update_memory(CirrusVga *s)
{
    Vga *v = &s->vga;
    uint8_t ext = v->gr[CIRRUS_GR_EXT_MODE], config = v->sr[CIRRUS_SR_CONFIG];
    unsigned shift = ext & CIRRUS_GR0B_BANK_16K ? 14 : 12;

    v->bank[0] = v->gr[CIRRUS_GR_OFFSET_0] << shift;
    v->bank[1] = ext & CIRRUS_GR0B_TWO_BANKS ? v->gr[CIRRUS_GR_OFFSET_1] << shift
                                             : v->bank[0] + VGA_BANK_SIZE;
    memory_region_transaction_begin();
    vga_update_window(v);
    memory_region_set_enabled(&s->lfb_ram, cirrus_is_plain(v));
    memory_region_set_enabled(&s->mmio_in_window,
                              (config & CIRRUS_SR17_MMIO) && !(config & CIRRUS_SR17_MMIO_LINEAR));
    memory_region_set_enabled(&s->mmio_in_lfb,
                              (config & CIRRUS_SR17_MMIO) && (config & CIRRUS_SR17_MMIO_LINEAR));
    memory_region_transaction_commit();
}

static uint64_t cirrus_lfb_read(void *opaque, hwaddr addr, unsigned size)
{
    return cirrus_packed_read(&((CirrusVga *)opaque)->vga, addr);
}

static void cirrus_lfb_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    cirrus_packed_write(&((CirrusVga *)opaque)->vga, addr, data);
}

static const MemoryRegionOps cirrus_lfb_ops = {
    .read = cirrus_lfb_read,
    .write = cirrus_lfb_write,
    .valid = {.min_access_size = 1, .max_access_size = 8, .unaligned = true},
    .impl = {.min_access_size = 1, .max_access_size = 1},
};

static const MemoryRegionOps cirrus_blt_aperture_ops = {
    .valid = {.min_access_size = 1, .max_access_size = 8, .unaligned = true},
};

/* ------------------------------------------------------------------------------- registers -- */

static uint8_t cirrus_read_sr(CirrusVga *s)
{
    const Vga *v = &s->vga;
    uint8_t index = v->sr_index;

    switch (index & 0x1f) {
    case CIRRUS_SR_CURSOR_X:
        return s->cursor_x >> 3;
    case CIRRUS_SR_CURSOR_Y:
        return s->cursor_y >> 3;
    default:
        return index <= CIRRUS_SR_LAST ? v->sr[index] : 0xff;
    }
}

static void cirrus_write_sr(CirrusVga *s, uint8_t val)
{
    Vga *v = &s->vga;
    uint8_t index = v->sr_index;

    if (index < 5) {
        vga_port_write(v, 0x3c5, val);
        return;
    }
    switch (index & 0x1f) {
    case CIRRUS_SR_CURSOR_X:
        s->cursor_x = val << 3 | index >> 5;
        v->full_update = true;
        return;
    case CIRRUS_SR_CURSOR_Y:
        s->cursor_y = val << 3 | index >> 5;
        v->full_update = true;
        return;
    default:
        break;
    }
    if (index > CIRRUS_SR_LAST) {
        log_guest_error("cirrus: sequencer register %02x does not exist", index);
        return;
    }
    switch (index) {
    case CIRRUS_SR_UNLOCK:
        v->sr[index] = (val & 0x17) == CIRRUS_SR06_KEY ? CIRRUS_SR06_KEY : CIRRUS_SR06_LOCKED;
        break;
    case CIRRUS_SR_CONFIG:
        v->sr[index] = (v->sr[index] & CIRRUS_SR17_BUS) | (val & ~CIRRUS_SR17_BUS);
        break;
    default:
        v->sr[index] = val;
        break;
    }
    v->full_update = true;
    cirrus_update_memory(s);
}

static uint8_t cirrus_read_gr(CirrusVga *s, uint8_t index)
{
    return index <= CIRRUS_GR_LAST ? s->vga.gr[index] : 0xff;
}

static void cirrus_write_gr(CirrusVga *s, uint8_t index, uint8_t val)
{
    Vga *v = &s->vga;

    if (index > CIRRUS_GR_LAST) {
        log_guest_error("cirrus: graphics register %02x does not exist", index);
        return;
    }
    switch (index) {
    case 0x00: /* eight bits here: the colours of the extended write modes */
    case 0x01:
        v->gr[index] = val;
        break;
    case VGA_GR_MODE: /* bit 2 is the third of the write mode */
        v->gr[index] = val & 0x7f;
        v->full_update = true;
        break;
    case CIRRUS_GR_BLT_STATUS:
        if (val & CIRRUS_GR31_START) {
            log_unimp("cirrus: a blit was started");
        }
        v->gr[index] = val & ~(CIRRUS_GR31_START | 0x09); /* done: neither busy nor started */
        return;
    default:
        if (index <= VGA_GR_BIT_MASK) { /* comes by port 3CF alone */
            vga_port_write(v, 0x3cf, val);
        } else {
            v->gr[index] = val;
        }
        break;
    }
    if (index < CIRRUS_GR_BLT_FIRST) {
        cirrus_update_memory(s);
    }
}

static uint8_t cirrus_read_cr(CirrusVga *s)
{
    const Vga *v = &s->vga;

    switch (v->cr_index) {
    case CIRRUS_CR_ATTR_TOGGLE:
        return v->ar_data ? 0x80 : 0;
    case CIRRUS_CR_ATTR_INDEX:
        return v->ar_index;
    default:
        return v->cr_index <= CIRRUS_CR_LAST ? v->cr[v->cr_index] : 0xff;
    }
}

static void cirrus_write_cr(CirrusVga *s, uint16_t port, uint8_t val)
{
    Vga *v = &s->vga;

    if (v->cr_index <= VGA_CR_LINE_COMPARE) {
        vga_port_write(v, port, val);
    } else if (v->cr_index <= CIRRUS_CR_LAST && v->cr_index != CIRRUS_CR_ID) {
        v->cr[v->cr_index] = val;
        v->full_update = true;
    }
}

/* ------------------------------------------------------------------------------------- DAC -- */

static uint8_t cirrus_read_hidden(CirrusVga *s)
{
    if (s->hidden_reads < 4) {
        s->hidden_reads++;
        return s->vga.dac_mask;
    }
    s->hidden_reads = 0;
    return s->hidden_dac;
}

static void cirrus_write_hidden(CirrusVga *s, uint8_t val)
{
    if (s->hidden_reads == 4) {
        s->hidden_dac = val;
        s->vga.full_update = true;
    } else {
        vga_port_write(&s->vga, 0x3c6, val);
    }
    s->hidden_reads = 0;
}

static bool cirrus_dac_is_cursor(const CirrusVga *s)
{
    return s->vga.sr[CIRRUS_SR_CURSOR_MODE] & CIRRUS_SR12_COLORS;
}

/* As the DAC's data port, with sixteen colours. */
static uint8_t cirrus_read_cursor_color(CirrusVga *s)
{
    Vga *v = &s->vga;
    uint8_t val = s->cursor_colors[(v->dac_read_index & 15) * 3 + v->dac_sub];

    if (++v->dac_sub == 3) {
        v->dac_sub = 0;
        v->dac_read_index++;
    }
    return val;
}

static void cirrus_write_cursor_color(CirrusVga *s, uint8_t val)
{
    Vga *v = &s->vga;

    v->dac_new[v->dac_sub] = val & 0x3f;
    if (++v->dac_sub == 3) {
        v->dac_sub = 0;
        memcpy(&s->cursor_colors[(v->dac_write_index & 15) * 3], v->dac_new, 3);
        v->dac_write_index++;
        v->full_update = true;
    }
}

/* ------------------------------------------------------------------------------------ ports -- */

static bool cirrus_crtc_port(const Vga *v, uint16_t port)
{
    return port == (v->misc & VGA_MISC_COLOR ? 0x3d5 : 0x3b5);
}

static uint8_t cirrus_port_read(Vga *v, uint16_t port)
{
    CirrusVga *s = v->opaque;

    if (port == 0x3c6) {
        return cirrus_read_hidden(s);
    }
    if (port >= 0x3c7 && port <= 0x3c9) {
        s->hidden_reads = 0;
    }
    if (port == 0x3c5) {
        return cirrus_read_sr(s);
    } else if (port == 0x3c9 && cirrus_dac_is_cursor(s)) {
        return cirrus_read_cursor_color(s);
    } else if (port == 0x3cf) {
        return cirrus_read_gr(s, v->gr_index);
    } else if (cirrus_crtc_port(v, port)) {
        return cirrus_read_cr(s);
    }
    return vga_port_read(v, port);
}

static void cirrus_port_write(Vga *v, uint16_t port, uint8_t val)
{
    CirrusVga *s = v->opaque;

    if (port == 0x3c6) {
        cirrus_write_hidden(s, val);
        return;
    }
    if (port >= 0x3c7 && port <= 0x3c9) {
        s->hidden_reads = 0;
    }
    if (port == 0x3c5) {
        cirrus_write_sr(s, val);
    } else if (port == 0x3c9 && cirrus_dac_is_cursor(s)) {
        cirrus_write_cursor_color(s, val);
    } else if (port == 0x3cf) {
        cirrus_write_gr(s, v->gr_index, val);
    } else if (cirrus_crtc_port(v, port)) {
        cirrus_write_cr(s, port, val);
    } else {
        vga_port_write(v, port, val);
    }
}

/* The blitter's registers in memory are graphics registers at other places. 0: none there. */
static const uint8_t cirrus_mmio_gr[0x41] = {
    [0x01] = 0x10, [0x02] = 0x12, [0x03] = 0x14, [0x04] = 0x01, [0x05] = 0x11, [0x06] = 0x13,
    [0x07] = 0x15, [0x08] = 0x20, [0x09] = 0x21, [0x0a] = 0x22, [0x0b] = 0x23, [0x0c] = 0x24,
    [0x0d] = 0x25, [0x0e] = 0x26, [0x0f] = 0x27, [0x10] = 0x28, [0x11] = 0x29, [0x12] = 0x2a,
    [0x14] = 0x2c, [0x15] = 0x2d, [0x16] = 0x2e, [0x17] = 0x2f, [0x18] = 0x30, [0x1a] = 0x32,
    [0x1b] = 0x33, [0x1c] = 0x34, [0x1d] = 0x35, [0x20] = 0x38, [0x21] = 0x39, [0x40] = 0x31,
};

static bool cirrus_mmio_index(hwaddr addr, uint8_t *index)
{
    *index = addr < sizeof(cirrus_mmio_gr) ? cirrus_mmio_gr[addr] : 0;
    return addr == 0 || *index; /* the first is GR00 itself */
}

static uint64_t cirrus_mmio_blt_read(void *opaque, hwaddr addr, unsigned size)
{
    uint8_t index;

    return cirrus_mmio_index(addr, &index) ? cirrus_read_gr(opaque, index) : 0xff;
}

static void cirrus_mmio_blt_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    uint8_t index;

    if (cirrus_mmio_index(addr, &index)) {
        cirrus_write_gr(opaque, index, data);
    }
}

static uint64_t cirrus_mmio_read(void *opaque, hwaddr addr, unsigned size)
{
    CirrusVga *s = opaque;

    if (addr >= CIRRUS_MMIO_BLT) {
        return cirrus_mmio_blt_read(s, addr - CIRRUS_MMIO_BLT, size);
    }
    return addr < 0x20 ? cirrus_port_read(&s->vga, 0x3c0 + addr) : 0xff;
}

static void cirrus_mmio_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    CirrusVga *s = opaque;

    if (addr >= CIRRUS_MMIO_BLT) {
        cirrus_mmio_blt_write(s, addr - CIRRUS_MMIO_BLT, data, size);
    } else if (addr < 0x20) {
        cirrus_port_write(&s->vga, 0x3c0 + addr, data);
    }
}

static const MemoryRegionOps cirrus_mmio_ops = {
    .read = cirrus_mmio_read,
    .write = cirrus_mmio_write,
    .valid = {.min_access_size = 1, .max_access_size = 4, .unaligned = true},
    .impl = {.min_access_size = 1, .max_access_size = 1},
};

static const MemoryRegionOps cirrus_mmio_blt_ops = {
    .read = cirrus_mmio_blt_read,
    .write = cirrus_mmio_blt_write,
    .valid = {.min_access_size = 1, .max_access_size = 4, .unaligned = true},
    .impl = {.min_access_size = 1, .max_access_size = 1},
};

/* --------------------------------------------------------------------------------- picture -- */

static unsigned cirrus_depth(const CirrusVga *s)
{
    static const uint8_t depths[8] = {8, 16, 24, 16, 32, 8, 8, 8};
    unsigned depth = depths[(s->vga.sr[CIRRUS_SR_EXT_MODE] & CIRRUS_SR07_DEPTH) >> 1];

    if (depth == 16 && (s->hidden_dac & CIRRUS_HDR_MODE) == 0) {
        return 15;
    }
    return depth;
}

static bool cirrus_linear(Vga *v, VgaLinear *pic)
{
    CirrusVga *s = v->opaque;
    uint8_t ext = v->cr[CIRRUS_CR_EXT_DISPLAY], scan = v->cr[VGA_CR_MAX_SCAN];

    if (!cirrus_is_packed(v)) {
        return false;
    }
    pic->depth = cirrus_depth(s);
    pic->width = (v->cr[VGA_CR_H_DISPLAY_END] + 1) * 8;
    pic->height = vga_display_height(v);
    pic->double_scan = (scan & VGA_CR09_DOUBLE) || (scan & 0x1f) == 1;
    if (pic->double_scan) {
        pic->height = MAX(1, pic->height / 2);
    }
    if (v->cr[CIRRUS_CR_MISC] & CIRRUS_CR1A_INTERLACED) {
        pic->height *= 2;
    }
    pic->pitch = (v->cr[VGA_CR_OFFSET] | (ext & 0x10) << 4) << 3;
    pic->start = (v->cr[VGA_CR_START_HIGH] << 8 | v->cr[VGA_CR_START_LOW] | (ext & 0x01) << 16 |
                  (ext & 0x0c) << 15 | (v->cr[CIRRUS_CR_OVERLAY] & 0x80) << 12)
                 << 2;
    return true;
}

static uint32_t cirrus_cursor_color(const CirrusVga *s, unsigned index)
{
    uint32_t color = 0;

    for (int i = 0; i < 3; i++) {
        uint8_t part = s->cursor_colors[index * 3 + i];

        color = color << 8 | part << 2 | part >> 4;
    }
    return color;
}

/* Two planes: 00 nothing, 01 inverts, 10 background, 11 foreground. */
static bool cirrus_overlay(Vga *v, int y, uint32_t *line, unsigned width)
{
    const CirrusVga *s = v->opaque;
    uint8_t mode = v->sr[CIRRUS_SR_CURSOR_MODE], pattern = v->sr[CIRRUS_SR_CURSOR_PATTERN];
    bool large = mode & CIRRUS_SR12_64X64;
    unsigned side = large ? 64 : 32, row = y - s->cursor_y;
    uint32_t base = v->mem_mask + 1 - CIRRUS_PATTERN_SPACE, plane0, plane1;

    if (!(mode & CIRRUS_SR12_ENABLE) || y < (int)s->cursor_y || row >= side) {
        return false;
    }
    plane0 =
        large ? base + (pattern & 0x3c) * 256 + row * 16 : base + (pattern & 0x3f) * 256 + row * 4;
    plane1 = plane0 + (large ? 8 : 128);
    for (unsigned x = 0; line && x < side && s->cursor_x + x < width; x++) {
        unsigned shift = 7 - x % 8;
        unsigned bits = (v->mem[(plane0 + x / 8) & v->mem_mask] >> shift & 1) |
                        (v->mem[(plane1 + x / 8) & v->mem_mask] >> shift & 1) << 1;
        uint32_t *dot = &line[s->cursor_x + x];

        if (bits == 1) {
            *dot ^= 0xffffff;
        } else if (bits) {
            *dot = cirrus_cursor_color(s, bits == 2 ? 0 : 15);
        }
    }
    return true;
}

static const VgaHooks cirrus_hooks = {
    .port_read = cirrus_port_read,
    .port_write = cirrus_port_write,
    .mem_read = cirrus_mem_read,
    .mem_write = cirrus_mem_write,
    .window_is_ram = cirrus_window_is_ram,
    .linear = cirrus_linear,
    .overlay = cirrus_overlay,
};

/* ------------------------------------------------------------------------------------ class -- */

static void cirrus_reset(Device *dev)
{
    CirrusVga *s = (CirrusVga *)dev;
    Vga *v = &s->vga;

    vga_reset(v);
    v->sr[CIRRUS_SR_UNLOCK] = CIRRUS_SR06_LOCKED;
    v->sr[CIRRUS_SR_DRAM] = 0x98;   /* 64 bits wide, two banks: 4 MiB */
    v->sr[CIRRUS_SR_MEMORY] = 0x04; /* 4 MiB */
    v->sr[CIRRUS_SR_CONFIG] = CIRRUS_SR17_BUS;
    v->sr[0x1f] = 0x2d; /* memory clock */
    v->gr[0x18] = 0x0f; /* fastest memory timing */
    v->cr[CIRRUS_CR_ID] = CIRRUS_ID_GD5446;
    s->hidden_dac = 0;
    s->hidden_reads = 0;
    s->cursor_x = s->cursor_y = 0;
    memset(s->cursor_colors, 0, sizeof(s->cursor_colors));
    cirrus_update_memory(s);
}

static void cirrus_init_regions(CirrusVga *s)
{
    MemoryOwner *owner = &s->pci.dev.owner;
    hwaddr size = (hwaddr)s->vga.mem_mask + 1;

    memory_region_init(&s->bar0, owner, "cirrus-pci-bar0", CIRRUS_BAR0_SIZE);
    memory_region_init_io(&s->lfb_io, owner, &cirrus_lfb_ops, s, "cirrus-linear-io", size);
    memory_region_init_alias(&s->lfb_ram, owner, "cirrus-linear", &s->vga.vram, 0, size);
    memory_region_init_io(&s->blt_aperture, owner, &cirrus_blt_aperture_ops, s,
                          "cirrus-bitblt-mmio", CIRRUS_BLT_APERTURE_SIZE);
    memory_region_init_io(&s->mmio, owner, &cirrus_mmio_ops, s, "cirrus-mmio", CIRRUS_MMIO_SIZE);
    memory_region_init_io(&s->mmio_blt, owner, &cirrus_mmio_blt_ops, s, "cirrus-mmio-blt",
                          CIRRUS_MMIO_BLT_SIZE);
    memory_region_init_alias(&s->mmio_in_window, owner, "cirrus-mmio-b8000", &s->mmio_blt, 0,
                             CIRRUS_MMIO_BLT_SIZE);
    memory_region_init_alias(&s->mmio_in_lfb, owner, "cirrus-mmio-linear", &s->mmio_blt, 0,
                             CIRRUS_MMIO_BLT_SIZE);
    memory_region_add_subregion(&s->bar0, 0, &s->lfb_io);
    memory_region_add_subregion_overlap(&s->bar0, 0, &s->lfb_ram, 1);
    memory_region_add_subregion_overlap(&s->bar0, size - CIRRUS_MMIO_BLT_SIZE, &s->mmio_in_lfb, 2);
    memory_region_add_subregion(&s->bar0, CIRRUS_BLT_APERTURE, &s->blt_aperture);
    memory_region_add_subregion_overlap(&s->vga.window, 0x18000, &s->mmio_in_window, 2);
}

static bool cirrus_realize(Device *dev, GError **errp)
{
    CirrusVga *s = (CirrusVga *)dev;
    PCIBus *bus = pci_bus_of(&s->pci);

    if (s->vgamem_mb != 4 && s->vgamem_mb != 8 && s->vgamem_mb != 16) {
        error_setg(errp, "cirrus-vga: vgamem_mb=%u is not supported: use 4, 8 or 16", s->vgamem_mb);
        return false;
    }
    if (!vga_init(&s->vga, &dev->owner, &cirrus_hooks, s, s->vgamem_mb << 20, errp)) {
        return false;
    }
    cirrus_init_regions(s);
    vga_map_legacy(&s->vga, bus->mem, bus->io);
    pci_register_bar(&s->pci, 0, PCI_BASE_ADDRESS_MEM_PREFETCH, &s->bar0);
    pci_register_bar(&s->pci, 1, PCI_BASE_ADDRESS_SPACE_MEMORY, &s->mmio);
    cirrus_reset(dev);
    return true;
}

/* The bus takes the BARs out of it and destroys them: bar0 and mmio. */
static void cirrus_unrealize(Device *dev)
{
    CirrusVga *s = (CirrusVga *)dev;
    MemoryRegion *const in_bar0[] = {&s->mmio_in_lfb, &s->lfb_ram, &s->lfb_io, &s->blt_aperture};

    vga_unmap_legacy(&s->vga);
    memory_region_del_subregion(&s->vga.window, &s->mmio_in_window);
    memory_region_destroy(&s->mmio_in_window);
    for (size_t i = 0; i < G_N_ELEMENTS(in_bar0); i++) {
        memory_region_del_subregion(&s->bar0, in_bar0[i]);
        memory_region_destroy(in_bar0[i]);
    }
    memory_region_destroy(&s->mmio_blt);
    vga_destroy(&s->vga);
}

static const Property cirrus_props[] = {PROP_UINT32("vgamem_mb", CirrusVga, vgamem_mb, 4, .min = 4,
                                                    .max = 16,
                                                    .help = "video memory in MiB: 4, 8 or 16"),
                                        {}};

/*
 * Pixels wait for whoever looks; so do the CRT controller and the colours, which change the picture
 * alone (the hidden DAC register is at 3C6, whose counter of reads a write to 3C8 clears: but reads
 * leave the guest, and what was written before is there by then). Sequencer and graphics controller
 * hold banks, write modes and what is mapped as RAM: they are not here, neither by their ports nor
 * in BAR 1.
 *
 * Of the blitter's registers in memory those are here that only say what a blit does: colours,
 * sizes, pitches, addresses, mode. Not the one at 40h that starts it: a blit changes memory that
 * the guest reads without leaving. It comes after what was queued.
 *
 * Pixels written to the window are in a picture that BAR 0 also shows, as memory that is read
 * without an exit: see docs/coalescing.md.
 */
static const CoalescedRange cirrus_coalesced[] = {
    COALESCED_MMIO(CirrusVga, vga.window_io, 0, VGA_WINDOW_SIZE),
    COALESCED_MMIO(CirrusVga, lfb_io, 0, CIRRUS_VGAMEM_MAX * 1024 * 1024),
    COALESCED_MMIO(CirrusVga, mmio, CIRRUS_MMIO_BLT, CIRRUS_MMIO_BLT_SETUP),
    COALESCED_MMIO(CirrusVga, mmio_blt, 0, CIRRUS_MMIO_BLT_SETUP),
    COALESCED_MMIO(CirrusVga, mmio, 0x08, 2), /* 3C8, 3C9 */
    COALESCED_MMIO(CirrusVga, mmio, 0x14, 2), /* 3D4, 3D5 */
    COALESCED_PIO(CirrusVga, vga.ports[VGA_PORTS_CRTC_MONO].mr, 0, 2),
    COALESCED_PIO(CirrusVga, vga.ports[VGA_PORTS_CRTC].mr, 0, 2),
    COALESCED_PIO(CirrusVga, vga.ports[VGA_PORTS_MAIN].mr, 8, 2), /* 3C8, 3C9 */
    {}};

const PCIDeviceClass cirrus_vga_class = {
    .device =
        {
            .name = "cirrus-vga",
            .desc = "Cirrus CLGD 54xx VGA",
            .category = "Display",
            .no_hotplug = true,
            .parent = &pci_device_class,
            .size = sizeof(CirrusVga),
            .props = cirrus_props,
            .coalesced = cirrus_coalesced,
            .realize = cirrus_realize,
            .unrealize = cirrus_unrealize,
            .reset = cirrus_reset,
        },
    .vendor_id = 0x1013,
    .device_id = 0x00b8,
    .class_id = 0x0300,
    .romfile = "vgabios-cirrus.bin",
};
