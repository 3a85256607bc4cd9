/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cirrus Logic CL-GD5446 on PCI: a VGA with banks, packed pixels of 8 to 32 bits, a linear frame
 * buffer, a hardware cursor and a blitter. Here: registers, picture, life cycle. Cirrus-mem.c has
 * the memory, cirrus-blt.c the blitter.
 *
 * Document: Cirrus Logic, "CL-GD5446 Technical Reference Manual".
 *
 * The lock SR06 reads as the chip's does and locks nothing: the extensions of chips since the
 * CL-GD5429 are always open, and drivers for them never write it.
 *
 * Not modelled: the video window and its colour keys (GR0C..GR0E, CR31..CR3F keep what is written);
 * the memory clock (SR1F); the EEPROM at SR08, and the manual's general purpose pins; the palette's
 * bypass modes other than 5:5:5 and 5:6:5. Index ranges that stand nowhere here read FF.
 */
#include "cirrus.h"

#include <string.h>

#include "hw/core/log.h"
#include "hw/display/vga.h"

#define CIRRUS_REFERENCE_HZ UINT64_C(14318180) /* of the clock synthesizer */
#define CIRRUS_EDID_WIDTH   1024
#define CIRRUS_EDID_HEIGHT  768

/* ------------------------------------------------------------------------------- registers -- */

/* Two wires to the monitor, which pulls the one for data. */
static void cirrus_write_ddc(CirrusVga *s, uint8_t val)
{
    s->vga.sr[CIRRUS_SR_DDC] = val & ~(CIRRUS_SR08_SCL_IN | CIRRUS_SR08_SDA_IN);
    if (val & CIRRUS_SR08_DDC) {
        ddc_set(&s->ddc, val & CIRRUS_SR08_SCL_OUT, val & CIRRUS_SR08_SDA_OUT);
    }
}

static uint8_t cirrus_read_ddc(const CirrusVga *s)
{
    uint8_t val = s->vga.sr[CIRRUS_SR_DDC];

    if (val & CIRRUS_SR08_DDC) {
        val |= (val & CIRRUS_SR08_SCL_OUT ? CIRRUS_SR08_SCL_IN : 0) |
               (ddc_sda(&s->ddc) ? CIRRUS_SR08_SDA_IN : 0);
    }
    return val;
}

static uint8_t cirrus_read_sr(CirrusVga *s)
{
    const Vga *v = &s->vga;
    uint8_t index = v->sr_index;

    switch (index & 0x1f) {
    case CIRRUS_SR_CURSOR_X:
        return s->cursor_x >> 3;
    case CIRRUS_SR_CURSOR_Y:
        return s->cursor_y >> 3;
    case CIRRUS_SR_DDC:
        return index == CIRRUS_SR_DDC ? cirrus_read_ddc(s) : 0xff;
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
        return;
    case CIRRUS_SR_CURSOR_Y:
        s->cursor_y = val << 3 | index >> 5;
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
    case CIRRUS_SR_DDC:
        cirrus_write_ddc(s, val);
        return;
    case CIRRUS_SR_CURSOR_MODE: /* lines with the cursor are drawn anew at each update */
    case CIRRUS_SR_CURSOR_PATTERN:
        v->sr[index] = val;
        return;
    case CIRRUS_SR_CONFIG:
        v->sr[index] = (v->sr[index] & CIRRUS_SR17_BUS) | (val & ~CIRRUS_SR17_BUS);
        break;
    default:
        v->sr[index] = val;
        break;
    }
    v->full_update = true;
    vga_update_window(v);
}

/* Where A0000 and A8000 lie in memory. */
static void cirrus_load_banks(CirrusVga *s)
{
    Vga *v = &s->vga;
    uint8_t ext = v->gr[CIRRUS_GR_EXT_MODE];
    unsigned shift = ext & CIRRUS_GR0B_BANK_16K ? 14 : 12;

    v->bank[0] = v->gr[CIRRUS_GR_OFFSET_0] << shift;
    v->bank[1] = ext & CIRRUS_GR0B_TWO_BANKS ? v->gr[CIRRUS_GR_OFFSET_1] << shift
                                             : v->bank[0] + VGA_BANK_SIZE;
}

uint8_t cirrus_read_gr(CirrusVga *s, uint8_t index)
{
    if (index == CIRRUS_GR_BLT_STATUS) {
        return cirrus_blt_read_status(s);
    }
    return index <= CIRRUS_GR_LAST ? s->vga.gr[index] : 0xff;
}

void cirrus_write_gr(CirrusVga *s, uint8_t index, uint8_t val)
{
    /* Of the blitter's, the bits that exist; a 0 is for all. */
    static const uint8_t masks[CIRRUS_GR_LAST + 1] = {
        [0x21] = 0x1f, [0x23] = 0x07, [0x25] = 0x1f, [0x27] = 0x1f,
        [0x2a] = 0x3f, [0x2e] = 0x3f, [0x2f] = 0x7f,
    };
    Vga *v = &s->vga;

    if (index > CIRRUS_GR_LAST) {
        log_guest_error("cirrus: graphics register %02x does not exist", index);
        return;
    }
    val &= masks[index] ? masks[index] : 0xff;
    switch (index) {
    case VGA_GR_SET_RESET: /* eight bits here: the colours of the extended write modes */
        v->gr[index] = val;
        break;
    case VGA_GR_ENABLE_SET_RESET:
        v->gr[index] = val;
        vga_update_window(v);
        break;
    case VGA_GR_MODE: /* bit 2 is the third of the write mode */
        v->gr[index] = val & 0x7f;
        v->full_update = true;
        vga_update_window(v);
        break;
    case CIRRUS_GR_OFFSET_0:
    case CIRRUS_GR_OFFSET_1:
    case CIRRUS_GR_EXT_MODE:
        v->gr[index] = val;
        cirrus_load_banks(s);
        vga_update_window(v);
        break;
    case CIRRUS_GR_BLT_STATUS:
        cirrus_blt_write_status(s, val);
        break;
    case CIRRUS_GR_BLT_DST_HIGH:
        v->gr[index] = val;
        cirrus_blt_dst_written(s);
        break;
    default:
        if (index <= VGA_GR_BIT_MASK) { /* comes by port 3CF alone */
            vga_port_write(v, 0x3cf, val);
        } else {
            v->gr[index] = val;
        }
        break;
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
    }
}

/* ------------------------------------------------------------------------------------ ports -- */

static bool cirrus_crtc_port(const Vga *v, uint16_t port)
{
    return port == (v->misc & VGA_MISC_COLOR ? 0x3d5 : 0x3b5);
}

uint8_t cirrus_port_read(Vga *v, uint16_t port)
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

void cirrus_port_write(Vga *v, uint16_t port, uint8_t val)
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

/* Numerator, denominator and a last division by two; 0 where the guest's are none. */
static uint32_t cirrus_dot_clock(const Vga *v, unsigned select)
{
    uint8_t denominator = v->sr[CIRRUS_SR_VCLK0_DENOM + select];
    unsigned divisor = (denominator >> 1 & 31) << (denominator & 1);

    return divisor ? CIRRUS_REFERENCE_HZ * v->sr[CIRRUS_SR_VCLK0 + select] / divisor : 0;
}

static uint32_t cirrus_cursor_color(const CirrusVga *s, unsigned index)
{
    uint32_t color = 0;

    for (int i = 0; i < 3; i++) {
        color = color << 8 | vga_dac_level(s->cursor_colors[index * 3 + i]);
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
    .update_map = cirrus_update_map,
    .dot_clock = cirrus_dot_clock,
    .linear = cirrus_linear,
    .overlay = cirrus_overlay,
};

/* ------------------------------------------------------------------------------------ class -- */

static void cirrus_reset(Device *dev)
{
    static const uint8_t clocks[4][2] = {{0x66, 0x3b}, {0x5b, 0x2f}, {0x45, 0x30}, {0x7e, 0x33}};
    CirrusVga *s = (CirrusVga *)dev;
    Vga *v = &s->vga;

    cirrus_blt_reset(s);
    vga_reset(v);
    v->sr[CIRRUS_SR_UNLOCK] = CIRRUS_SR06_LOCKED;
    v->sr[CIRRUS_SR_DRAM] = 0x98;   /* 64 bits wide, two banks: 4 MiB */
    v->sr[CIRRUS_SR_MEMORY] = 0x04; /* 4 MiB */
    v->sr[CIRRUS_SR_CONFIG] = CIRRUS_SR17_BUS;
    v->sr[CIRRUS_SR_MCLK] = 0x2d;
    for (int i = 0; i < 4; i++) {
        v->sr[CIRRUS_SR_VCLK0 + i] = clocks[i][0];
        v->sr[CIRRUS_SR_VCLK0_DENOM + i] = clocks[i][1];
    }
    v->gr[CIRRUS_GR_DRAM_TIMING] = 0x0f; /* fastest */
    v->cr[CIRRUS_CR_ID] = CIRRUS_ID_GD5446;
    s->hidden_dac = 0;
    s->hidden_reads = 0;
    s->cursor_x = s->cursor_y = 0;
    memset(s->cursor_colors, 0, sizeof(s->cursor_colors));
    ddc_reset(&s->ddc);
    vga_update_window(v);
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
    edid_generate(s->ddc.edid, CIRRUS_EDID_WIDTH, CIRRUS_EDID_HEIGHT);
    cirrus_mem_init(s);
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

    vga_unmap_legacy(&s->vga);
    cirrus_mem_destroy(s);
    vga_destroy(&s->vga);
}

static const Property cirrus_props[] = {
    PROP_UINT32("vgamem_mb", CirrusVga, vgamem_mb, 4, .min = 4, .max = 16,
                .help = "video memory in MiB: 4, 8 or 16"),
    PROP_BOOL("blitter", CirrusVga, blitter, true, .help = "off: blits end without drawing"),
    {}};

/*
 * Pixels wait for whoever looks; so do the CRT controller and the colours, which change the picture
 * alone (the hidden DAC register is at 3C6, whose counter of reads a write to 3C8 clears: but reads
 * leave the guest, and what was written before is there by then). Sequencer and graphics controller
 * hold banks, write modes and what is mapped as RAM: they are not here, neither by their ports nor
 * in BAR 1.
 *
 * Of the blitter's registers in memory those are here that only say what a blit does: colours,
 * sizes, pitches, source, mode. Not the first byte of the foreground colour, at 4, which is the
 * VGA's enable set/reset and can end the window's being RAM. Nor the register at 40h that starts a
 * blit, and the last byte of the destination, at 12h, which starts it too (GR31 bit 7): a blit
 * changes memory that the guest reads without leaving, and one that waits for the CPU changes the
 * map. It comes after what was queued.
 * For the same reason the data of blits are not here, wherever they are written: the last of them
 * ends the blit and gives the frame buffer back as RAM.
 *
 * Pixels written to the window are in a picture that BAR 0 also shows, as memory that is read
 * without an exit: see docs/coalescing.md.
 */
static const CoalescedRange cirrus_coalesced[] = {
    COALESCED_MMIO(CirrusVga, vga.window_io, 0, VGA_WINDOW_SIZE),
    COALESCED_MMIO(CirrusVga, swap[0].lfb, 0, CIRRUS_VGAMEM_MAX * 1024 * 1024),
    COALESCED_MMIO(CirrusVga, mmio, CIRRUS_MMIO_BLT, 4),
    COALESCED_MMIO(CirrusVga, mmio, CIRRUS_MMIO_BLT + 0x05, 0x0d),
    COALESCED_MMIO(CirrusVga, mmio, CIRRUS_MMIO_BLT + 0x14, 0x0e),
    COALESCED_MMIO(CirrusVga, mmio_blt, 0, 4),
    COALESCED_MMIO(CirrusVga, mmio_blt, 0x05, 0x0d),
    COALESCED_MMIO(CirrusVga, mmio_blt, 0x14, 0x0e),
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
