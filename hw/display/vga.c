/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The VGA's registers: misc output, sequencer, CRT controller, graphics and attribute controller,
 * DAC, and the input status with the beam's place by virtual time.
 *
 * Document: IBM Personal System/2 Hardware Interface Technical Reference, "Video Subsystem".
 *
 * Not modelled: the vertical interrupt (CR11 bits 4 and 5 are kept and do nothing), sense of the
 * monitor (Input Status 0 says that one is there), the sequencer's resets, skews, light pen,
 * the diagnostic bits of Input Status 1. Vga-mem.c and vga-render.c say what they leave out.
 */
#include "vga.h"

#include <string.h>

#include "hw/core/clock.h"

/* -------------------------------------------------------------------------------- the beam -- */

unsigned vga_char_dots(const Vga *s)
{
    return s->sr[VGA_SR_CLOCKING_MODE] & VGA_SR01_8DOT ? 8 : 9;
}

static unsigned overflow_bit(const Vga *s, unsigned bit, unsigned place)
{
    return (s->cr[VGA_CR_OVERFLOW] >> bit & 1) << place;
}

/* The last line that is shown, in counts of the vertical counter. */
static unsigned display_end(const Vga *s)
{
    return s->cr[VGA_CR_V_DISPLAY_END] | overflow_bit(s, 1, 8) | overflow_bit(s, 6, 9);
}

unsigned vga_lines_per_count(const Vga *s)
{
    return s->cr[VGA_CR_MODE] & VGA_CR17_HALF_LINES ? 2 : 1;
}

unsigned vga_display_height(const Vga *s)
{
    return (display_end(s) + 1) * vga_lines_per_count(s);
}

static unsigned total_lines(const Vga *s)
{
    return (s->cr[VGA_CR_V_TOTAL] | overflow_bit(s, 0, 8) | overflow_bit(s, 5, 9)) + 2;
}

/* A line in dots of the clock; at least 5 characters of 8. */
static unsigned line_dots(const Vga *s)
{
    unsigned dots = (s->cr[VGA_CR_H_TOTAL] + 5) * vga_char_dots(s);

    return s->sr[VGA_SR_CLOCKING_MODE] & VGA_SR01_HALF_CLOCK ? 2 * dots : dots;
}

static uint64_t frame_dots(const Vga *s)
{
    return (uint64_t)line_dots(s) * total_lines(s) * vga_lines_per_count(s);
}

/* Dots since virtual time began, when the first frame did, too. */
static uint64_t dots_now(const Vga *s)
{
    static const uint32_t clocks[] = {25175000, 28322000, 25175000, 25175000};
    unsigned select = s->misc >> VGA_MISC_CLOCK_SHIFT & 3;
    uint32_t clock = s->hooks->dot_clock ? s->hooks->dot_clock(s, select) : 0;

    return (unsigned __int128)clock_get_ns(VM_CLOCK_VIRTUAL) * (clock ? clock : clocks[select]) /
           NANOSECONDS_PER_SECOND;
}

uint64_t vga_frame_count(const Vga *s)
{
    return dots_now(s) / frame_dots(s);
}

/* The beam's place decides: bit 0 is set where nothing is shown, bit 3 in the vertical retrace. */
static uint8_t read_status_1(Vga *s)
{
    uint64_t now = dots_now(s) % frame_dots(s);
    unsigned line = now / line_dots(s) / vga_lines_per_count(s), lines = total_lines(s);
    unsigned character = now % line_dots(s) * (s->cr[VGA_CR_H_TOTAL] + 5) / line_dots(s);
    unsigned start = s->cr[VGA_CR_V_SYNC_START] | overflow_bit(s, 2, 8) | overflow_bit(s, 7, 9);
    unsigned length = (s->cr[VGA_CR_V_SYNC_END] - start) & 15;
    uint8_t val = 0;

    /*
     * A sync pulse that ends where it starts is 16 lines long. One past the last line would never
     * come, and guests wait for it without end: then it is the last line.
     */
    start = MIN(start, lines - 1);
    length = length ? length : 16;
    if (line >= start && line < start + length) {
        val |= VGA_ST01_RETRACE;
    }
    if (line > display_end(s) || character > s->cr[VGA_CR_H_DISPLAY_END]) {
        val |= VGA_ST01_DISPLAY_DISABLED;
    }
    s->ar_data = false;
    return val;
}

/* -------------------------------------------------------------------------------- the DAC -- */

static uint8_t read_dac(Vga *s)
{
    uint8_t val = s->dac[s->dac_read_index * 3 + s->dac_sub];

    if (++s->dac_sub == 3) {
        s->dac_sub = 0;
        s->dac_read_index++;
    }
    return val;
}

/* A colour changes when its third part has come. */
static void write_dac(Vga *s, uint8_t val)
{
    s->dac_new[s->dac_sub] = s->dac_8bit ? val : val & 0x3f;
    if (++s->dac_sub == 3) {
        s->dac_sub = 0;
        memcpy(&s->dac[s->dac_write_index * 3], s->dac_new, 3);
        s->dac_write_index++;
        s->full_update = true;
    }
}

/* ---------------------------------------------------------------------- indexed registers -- */

static void write_attribute(Vga *s, uint8_t val)
{
    static const uint8_t masks[VGA_AR_REGS] = {
        0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f,
        0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0xef, 0xff, 0x3f, 0x0f, 0x0f,
    };
    unsigned index = s->ar_index & 0x1f;

    if (!s->ar_data) {
        if ((s->ar_index ^ val) & VGA_AR_INDEX_PAS) {
            s->full_update = true;
        }
        s->ar_index = val & 0x3f;
    } else if (index < VGA_AR_REGS) {
        /* The palette is the guest's only while it is not the screen's. */
        if (index >= VGA_AR_MODE || !(s->ar_index & VGA_AR_INDEX_PAS)) {
            s->ar[index] = val & masks[index];
            s->full_update = true;
        }
    }
    s->ar_data = !s->ar_data;
}

static void write_sequencer(Vga *s, uint8_t val)
{
    static const uint8_t masks[8] = {0x03, 0x3d, 0x0f, 0x3f, 0x0e};

    if (s->sr_index < G_N_ELEMENTS(masks)) {
        s->sr[s->sr_index] = val & masks[s->sr_index];
        if (s->sr_index != VGA_SR_MAP_MASK) {
            s->full_update = true;
        }
        vga_update_window(s);
    }
}

static void write_graphics(Vga *s, uint8_t val)
{
    static const uint8_t masks[9] = {0x0f, 0x0f, 0x0f, 0x1f, 0x03, 0x7b, 0x0f, 0x0f, 0xff};

    if (s->gr_index < G_N_ELEMENTS(masks)) {
        bool shown = s->gr_index == VGA_GR_MODE || s->gr_index == VGA_GR_MISC;

        if (shown && s->gr[s->gr_index] != (val & masks[s->gr_index])) {
            s->full_update = true;
        }
        s->gr[s->gr_index] = val & masks[s->gr_index];
        vga_update_window(s);
    }
}

static void write_crtc(Vga *s, uint8_t val)
{
    unsigned index = s->cr_index;

    if (index > VGA_CR_LINE_COMPARE) {
        return;
    }
    if (index <= VGA_CR_OVERFLOW && (s->cr[VGA_CR_V_SYNC_END] & VGA_CR11_PROTECT)) {
        if (index != VGA_CR_OVERFLOW) {
            return;
        }
        /* Bit 8 of the line compare is not protected. */
        val = (s->cr[index] & ~0x10) | (val & 0x10);
    }
    s->cr[index] = val;
    s->full_update = true;
}

/* ------------------------------------------------------------------------------------ ports -- */

/* Whether the misc output puts the CRTC elsewhere. */
static bool port_is_hidden(const Vga *s, uint16_t port)
{
    bool color = s->misc & VGA_MISC_COLOR;

    return (port >= 0x3b0 && port < 0x3c0 && color) || (port >= 0x3d0 && port < 0x3e0 && !color);
}

uint8_t vga_port_read(Vga *s, uint16_t port)
{
    if (port_is_hidden(s, port)) {
        /* SeaVGABIOS reads 3DA for this in the mono modes, too. */
        if (port == 0x3ba || port == 0x3da) {
            s->ar_data = false;
        }
        return 0xff;
    }
    switch (port) {
    case 0x3c0:
        return s->ar_index;
    case 0x3c1:
        return (s->ar_index & 0x1f) < VGA_AR_REGS ? s->ar[s->ar_index & 0x1f] : 0;
    case 0x3c2: /* Input Status 0: switch sense, a monitor is there */
        return 0x10;
    case 0x3c4:
        return s->sr_index;
    case 0x3c5:
        return s->sr_index < 8 ? s->sr[s->sr_index] : 0;
    case 0x3c6:
        return s->dac_mask;
    case 0x3c7:
        return s->dac_state;
    case 0x3c8:
        return s->dac_write_index;
    case 0x3c9:
        return read_dac(s);
    case 0x3ca:
        return s->feature;
    case 0x3cc:
        return s->misc;
    case 0x3ce:
        return s->gr_index;
    case 0x3cf:
        return s->gr_index <= VGA_GR_BIT_MASK ? s->gr[s->gr_index] : 0;
    case 0x3b4:
    case 0x3d4:
        return s->cr_index;
    case 0x3b5:
    case 0x3d5:
        return s->cr_index <= VGA_CR_LINE_COMPARE ? s->cr[s->cr_index] : 0;
    case 0x3ba:
    case 0x3da:
        return read_status_1(s);
    default:
        return 0xff;
    }
}

void vga_port_write(Vga *s, uint16_t port, uint8_t val)
{
    if (port_is_hidden(s, port)) {
        return;
    }
    switch (port) {
    case 0x3c0:
        write_attribute(s, val);
        break;
    case 0x3c2:
        s->misc = val & ~0x10;
        s->full_update = true;
        vga_update_window(s);
        break;
    case 0x3c4:
        s->sr_index = val;
        break;
    case 0x3c5:
        write_sequencer(s, val);
        break;
    case 0x3c6:
        s->dac_mask = val;
        s->full_update = true;
        break;
    case 0x3c7:
        s->dac_read_index = val;
        s->dac_sub = 0;
        s->dac_state = 3;
        break;
    case 0x3c8:
        s->dac_write_index = val;
        s->dac_sub = 0;
        s->dac_state = 0;
        break;
    case 0x3c9:
        write_dac(s, val);
        break;
    case 0x3ce:
        s->gr_index = val;
        break;
    case 0x3cf:
        write_graphics(s, val);
        break;
    case 0x3b4:
    case 0x3d4:
        s->cr_index = val;
        break;
    case 0x3b5:
    case 0x3d5:
        write_crtc(s, val);
        break;
    case 0x3ba:
    case 0x3da:
        s->feature = val & 0x10;
        break;
    default:
        break;
    }
}

static uint64_t ports_read(void *opaque, hwaddr addr, unsigned size)
{
    VgaPorts *ports = opaque;
    Vga *s = ports->vga;

    return (s->hooks->port_read ? s->hooks->port_read : vga_port_read)(s, ports->base + addr);
}

static void ports_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    VgaPorts *ports = opaque;
    Vga *s = ports->vga;

    (s->hooks->port_write ? s->hooks->port_write : vga_port_write)(s, ports->base + addr, data);
}

/* A word is an index and its data, also from an odd address. */
#define VGA_PORTS_OPS(names)                                                                       \
    {                                                                                              \
        .read = ports_read, .write = ports_write, .registers = names,                              \
        .valid = {.min_access_size = 1, .max_access_size = 4, .unaligned = true},                  \
        .impl = {.min_access_size = 1, .max_access_size = 1},                                      \
    }

static const RegisterName crtc_names[] = {VGA_CRTC_PORT_NAMES(0), {}};
static const RegisterName status_names[] = {VGA_STATUS_PORT_NAMES(0), {}};
static const RegisterName main_names[] = {VGA_MAIN_PORT_NAMES(0), {}};

static const struct {
    uint16_t base;
    uint8_t count;
    const char *name;
    MemoryRegionOps ops;
} port_blocks[VGA_PORT_BLOCKS] = {
    [VGA_PORTS_CRTC_MONO] = {0x3b4, 2, "vga-crtc-mono", VGA_PORTS_OPS(crtc_names)},
    [VGA_PORTS_STATUS_MONO] = {0x3ba, 1, "vga-status-mono", VGA_PORTS_OPS(status_names)},
    [VGA_PORTS_MAIN] = {0x3c0, 16, "vga-ports", VGA_PORTS_OPS(main_names)},
    [VGA_PORTS_CRTC] = {0x3d4, 2, "vga-crtc", VGA_PORTS_OPS(crtc_names)},
    [VGA_PORTS_STATUS] = {0x3da, 1, "vga-status", VGA_PORTS_OPS(status_names)},
};

/* ------------------------------------------------------------------------------- life cycle -- */

void vga_reset(Vga *s)
{
    s->misc = 0;
    s->feature = 0;
    s->sr_index = s->gr_index = s->cr_index = s->ar_index = 0;
    s->ar_data = false;
    memset(s->sr, 0, sizeof(s->sr));
    memset(s->gr, 0, sizeof(s->gr));
    memset(s->cr, 0, sizeof(s->cr));
    memset(s->ar, 0, sizeof(s->ar));
    memset(s->dac, 0, sizeof(s->dac));
    s->dac_mask = 0xff;
    s->dac_state = 0;
    s->dac_read_index = s->dac_write_index = s->dac_sub = 0;
    s->dac_8bit = false;
    s->latch = 0;
    s->bank[0] = 0;
    s->bank[1] = VGA_BANK_SIZE;
    s->full_update = true;
    vga_update_window(s);
}

bool vga_init(Vga *s, MemoryOwner *owner, const VgaHooks *hooks, void *opaque, uint32_t size,
              GError **errp)
{
    g_assert(size >= 256 * 1024 && !(size & (size - 1)));
    if (!memory_region_init_ram(&s->vram, owner, "vga.vram", size, errp)) {
        return false;
    }
    s->hooks = hooks;
    s->opaque = opaque;
    s->mem = memory_region_get_ram_ptr(&s->vram);
    s->mem_mask = size - 1;
    memory_region_set_log(&s->vram, true, DIRTY_MEMORY_VGA);
    vga_mem_init(s, owner);
    for (int i = 0; i < VGA_PORT_BLOCKS; i++) {
        s->ports[i].vga = s;
        s->ports[i].base = port_blocks[i].base;
        memory_region_init_io(&s->ports[i].mr, owner, &port_blocks[i].ops, &s->ports[i],
                              port_blocks[i].name, port_blocks[i].count);
    }
    s->con = console_new(&vga_console_ops, s);
    console_set_owner(s->con, owner);
    return true;
}

void vga_map_legacy(Vga *s, MemoryRegion *mem, MemoryRegion *io)
{
    s->legacy_mem = mem;
    s->legacy_io = io;
    memory_region_add_subregion_overlap(mem, 0xa0000, &s->window, 1);
    for (int i = 0; i < VGA_PORT_BLOCKS; i++) {
        memory_region_add_subregion(io, port_blocks[i].base, &s->ports[i].mr);
    }
}

void vga_unmap_legacy(Vga *s)
{
    if (!s->legacy_mem) {
        return;
    }
    memory_region_del_subregion(s->legacy_mem, &s->window);
    for (int i = 0; i < VGA_PORT_BLOCKS; i++) {
        memory_region_del_subregion(s->legacy_io, &s->ports[i].mr);
    }
    s->legacy_mem = s->legacy_io = NULL;
}

void vga_destroy(Vga *s)
{
    vga_unmap_legacy(s);
    memory_region_destroy(&s->window); /* takes the next three out of it */
    memory_region_destroy(&s->window_io);
    memory_region_destroy(&s->window_ram[0]);
    memory_region_destroy(&s->window_ram[1]);
    for (int i = 0; i < VGA_PORT_BLOCKS; i++) {
        memory_region_destroy(&s->ports[i].mr);
    }
    memory_region_destroy(&s->vram);
    g_clear_pointer(&s->con, console_free);
}
