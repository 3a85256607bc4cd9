/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The VGA, as a part of a display device: registers (vga.c), the window at A0000 (vga-mem.c), the
 * picture (vga-render.c). A device embeds a Vga, gives it memory, and adds its own through hooks.
 *
 * Video memory is kept with the four planes side by side: byte `plane` of the double word at
 * 4 x offset. So a packed picture of chain-4 is one run of bytes, which can be mapped as RAM.
 */
#ifndef LIGNITE_HW_DISPLAY_VGA_H
#define LIGNITE_HW_DISPLAY_VGA_H

#include "backends/display.h"
#include "hw/core/device.h"

/* Misc Output, 3C2 (read at 3CC). */
#define VGA_MISC_COLOR       0x01 /* CRTC at 3D4, else at 3B4 */
#define VGA_MISC_RAM         0x02
#define VGA_MISC_CLOCK_SHIFT 2

#define VGA_ST01_DISPLAY_DISABLED 0x01 /* Input Status 1, 3DA */
#define VGA_ST01_RETRACE          0x08

/* Sequencer, 3C4. */
#define VGA_SR_RESET         0x00
#define VGA_SR_CLOCKING_MODE 0x01
#define VGA_SR01_8DOT        0x01
#define VGA_SR01_HALF_CLOCK  0x08
#define VGA_SR01_SCREEN_OFF  0x20
#define VGA_SR_MAP_MASK      0x02
#define VGA_SR_FONT          0x03
#define VGA_SR_MEMORY_MODE   0x04
#define VGA_SR04_SEQUENTIAL  0x04 /* else odd/even */
#define VGA_SR04_CHAIN4      0x08

/* Graphics controller, 3CE. */
#define VGA_GR_SET_RESET        0x00
#define VGA_GR_ENABLE_SET_RESET 0x01
#define VGA_GR_COLOR_COMPARE    0x02
#define VGA_GR_ROTATE           0x03
#define VGA_GR_READ_MAP         0x04
#define VGA_GR_MODE             0x05
#define VGA_GR05_READ_MODE      0x08
#define VGA_GR05_ODD_EVEN       0x10
#define VGA_GR05_INTERLEAVE     0x20
#define VGA_GR05_256            0x40
#define VGA_GR_MISC             0x06
#define VGA_GR06_GRAPHICS       0x01
#define VGA_GR_COLOR_DONT_CARE  0x07
#define VGA_GR_BIT_MASK         0x08

/* CRT controller, 3D4. */
#define VGA_CR_H_TOTAL       0x00
#define VGA_CR_H_DISPLAY_END 0x01
#define VGA_CR_V_TOTAL       0x06
#define VGA_CR_OVERFLOW      0x07
#define VGA_CR_PRESET_ROW    0x08
#define VGA_CR_MAX_SCAN      0x09
#define VGA_CR09_DOUBLE      0x80
#define VGA_CR_CURSOR_START  0x0a
#define VGA_CR0A_OFF         0x20
#define VGA_CR_CURSOR_END    0x0b
#define VGA_CR_START_HIGH    0x0c
#define VGA_CR_START_LOW     0x0d
#define VGA_CR_CURSOR_HIGH   0x0e
#define VGA_CR_CURSOR_LOW    0x0f
#define VGA_CR_V_SYNC_START  0x10
#define VGA_CR_V_SYNC_END    0x11
#define VGA_CR11_PROTECT     0x80
#define VGA_CR_V_DISPLAY_END 0x12
#define VGA_CR_OFFSET        0x13
#define VGA_CR_UNDERLINE     0x14
#define VGA_CR14_DWORD       0x40
#define VGA_CR_MODE          0x17
#define VGA_CR17_MA13        0x01 /* else row scan bit 0 takes its place */
#define VGA_CR17_MA14        0x02 /* else row scan bit 1 */
#define VGA_CR17_HALF_LINES  0x04 /* the vertical counter counts each second line */
#define VGA_CR17_WRAP_15     0x20
#define VGA_CR17_BYTE        0x40
#define VGA_CR_LINE_COMPARE  0x18

/* Attribute controller, 3C0. */
#define VGA_AR_INDEX_PAS       0x20 /* palette address source: the screen is on */
#define VGA_AR_MODE            0x10
#define VGA_AR10_MONO          0x02
#define VGA_AR10_LINE_GRAPHICS 0x04
#define VGA_AR10_BLINK         0x08
#define VGA_AR10_PAN_SPLIT     0x20 /* the part below the line compare is not panned */
#define VGA_AR10_256           0x40
#define VGA_AR10_P54S          0x80
#define VGA_AR_PLANE_ENABLE    0x12
#define VGA_AR_PIXEL_PAN       0x13
#define VGA_AR_COLOR_SELECT    0x14
#define VGA_AR_REGS            0x15

#define VGA_WINDOW_SIZE 0x20000
#define VGA_BANK_SIZE   0x8000 /* half of the 64 KiB at A0000 has a bank of its own */

typedef struct Vga Vga;

/* A picture of packed pixels in video memory. */
typedef struct VgaLinear {
    unsigned depth;         /* 8, 15, 16, 24, 32 */
    unsigned width, height; /* 1..16384 */
    uint32_t pitch;         /* bytes from line to line */
    uint32_t start;         /* byte of the first pixel */
    bool double_scan;       /* every line is shown twice */
    bool big_endian;        /* of pixels of more than 8 bits */
} VgaLinear;

/* What a device adds. Any function may be NULL. */
typedef struct VgaHooks {
    /* Ports 3B0..3DF; they call vga_port_read() and vga_port_write() for what is the VGA's. */
    uint8_t (*port_read)(Vga *s, uint16_t port);
    void (*port_write)(Vga *s, uint16_t port, uint8_t val);
    /* Bytes of the window at A0000, after its place in memory was found. */
    uint8_t (*mem_read)(Vga *s, uint32_t addr);
    void (*mem_write)(Vga *s, uint32_t addr, uint8_t val);
    /* Whether the window now is plain memory, and may be mapped as RAM; called for map 0 and 1. */
    bool (*window_is_ram)(Vga *s);
    /* Map what else depends on the registers; inside a transaction of vga_update_window(). */
    void (*update_map)(Vga *s);
    /* The frequency of clock `select` (0..3) in Hz; 0: the VGA's own. */
    uint32_t (*dot_clock)(const Vga *s, unsigned select);
    /* Whether a packed picture is shown instead of one of the VGA's own modes. */
    bool (*linear)(Vga *s, VgaLinear *picture);
    /* Draw over line `y` of a packed picture. With `line` NULL: only say whether it would. */
    bool (*overlay)(Vga *s, int y, uint32_t *line, unsigned width);
} VgaHooks;

/* Names of registers, for regions that have them from `base` on. */
#define VGA_MAIN_PORT_NAMES(base)                                                                  \
    {(base) + 0x0, 1, "Attribute Index/Data"}, {(base) + 0x1, 1, "Attribute Data"},                \
        {(base) + 0x2, 1, "Input Status 0/Misc Output"}, {(base) + 0x3, 1, "Subsystem Enable"},    \
        {(base) + 0x4, 1, "Sequencer Index"}, {(base) + 0x5, 1, "Sequencer Data"},                 \
        {(base) + 0x6, 1, "PEL Mask"}, {(base) + 0x7, 1, "DAC State/PEL Address Read"},            \
        {(base) + 0x8, 1, "PEL Address Write"}, {(base) + 0x9, 1, "PEL Data"},                     \
        {(base) + 0xa, 1, "Feature Control"}, {(base) + 0xc, 1, "Misc Output"},                    \
        {(base) + 0xe, 1, "Graphics Index"},                                                       \
    {                                                                                              \
        (base) + 0xf, 1, "Graphics Data"                                                           \
    }
#define VGA_CRTC_PORT_NAMES(base)                                                                  \
    {(base), 1, "CRTC Index"},                                                                     \
    {                                                                                              \
        (base) + 1, 1, "CRTC Data"                                                                 \
    }
#define VGA_STATUS_PORT_NAMES(base)                                                                \
    {                                                                                              \
        (base), 1, "Input Status 1/Feature Control"                                                \
    }

typedef enum VgaPortBlock {
    VGA_PORTS_CRTC_MONO,   /* 3B4, 3B5 */
    VGA_PORTS_STATUS_MONO, /* 3BA */
    VGA_PORTS_MAIN,        /* 3C0..3CF */
    VGA_PORTS_CRTC,        /* 3D4, 3D5 */
    VGA_PORTS_STATUS,      /* 3DA */
    VGA_PORT_BLOCKS,
} VgaPortBlock;

typedef struct VgaPorts {
    MemoryRegion mr;
    Vga *vga;
    uint16_t base;
} VgaPorts;

struct Vga {
    const VgaHooks *hooks;
    void *opaque; /* the device's */
    Console *con;

    MemoryRegion vram;
    uint8_t *mem;
    uint32_t mem_mask;   /* its size, a power of two, less 1 */
    MemoryRegion window; /* A0000..BFFFF: a container of the next two */
    MemoryRegion window_io;
    MemoryRegion window_ram[2]; /* halves of A0000..AFFFF while it is plain memory */
    VgaPorts ports[VGA_PORT_BLOCKS];
    MemoryRegion *legacy_mem, *legacy_io; /* where window and ports are mapped, or NULL */

    /* Where A0000 and A8000 lie in memory, before planes are told apart. */
    uint32_t bank[2];

    uint8_t misc;                      /* 3C2 */
    uint8_t feature;                   /* 3DA */
    uint8_t sr_index, sr[256];         /* 3C4, 3C5 */
    uint8_t gr_index, gr[256];         /* 3CE, 3CF */
    uint8_t cr_index, cr[256];         /* 3D4, 3D5 */
    uint8_t ar_index, ar[VGA_AR_REGS]; /* 3C0, 3C1 */
    bool ar_data;                      /* the next write to 3C0 is data */
    uint32_t latch;

    uint8_t dac[256 * 3];
    uint8_t dac_mask;  /* 3C6 */
    uint8_t dac_state; /* 3C7: 3 after a read index, 0 after a write index */
    uint8_t dac_read_index, dac_write_index, dac_sub;
    uint8_t dac_new[3]; /* gathers the three parts of a colour */
    bool dac_8bit;      /* the parts have 8 bits, not 6 */

    bool full_update;                 /* everything must be drawn: a register changed */
    unsigned drawn_blink;             /* the phases of cursor and characters that were drawn */
    int overlaid_first, overlaid_end; /* lines of a packed picture that were drawn over */
};

/*
 * Make memory of `size` bytes (a power of two, at least 256 KiB), regions and a console. On
 * failure nothing is left. `owner` owns the regions. The device resets the VGA when its own
 * regions are there, too.
 */
bool vga_init(Vga *s, MemoryOwner *owner, const VgaHooks *hooks, void *opaque, uint32_t size,
              GError **errp);

/* Put the window and the ports at their places, and take them out (if they are there). */
void vga_map_legacy(Vga *s, MemoryRegion *mem, MemoryRegion *io);
void vga_unmap_legacy(Vga *s);
void vga_destroy(Vga *s); /* unmaps first */
void vga_reset(Vga *s);

/* The VGA's own ports, without the device's hooks. */
uint8_t vga_port_read(Vga *s, uint16_t port);
void vga_port_write(Vga *s, uint16_t port, uint8_t val);

/* A byte of the window as the VGA's planes give and take it; `addr` counts from A0000 and banks. */
uint8_t vga_mem_read(Vga *s, uint32_t addr);
void vga_mem_write(Vga *s, uint32_t addr, uint8_t val);

/* The write of a byte into video memory, masked and logged. */
static inline void vga_store(Vga *s, uint32_t addr, uint8_t val)
{
    addr &= s->mem_mask;
    s->mem[addr] = val;
    memory_region_set_dirty(&s->vram, addr, 1);
}

/* A part of a colour, of six bits, in eight. */
static inline uint8_t vga_dac_level(uint8_t six)
{
    return six << 2 | (six & 1) * 3;
}

/* Whether chain-4 makes the window plain memory now. */
bool vga_window_is_chained(const Vga *s);

/* Where in the window memory is, by the memory map in GR06; false: nowhere. */
bool vga_window_place(const Vga *s, hwaddr *start, hwaddr *size);

/* Map the window as registers and banks say; after each change of them. */
void vga_update_window(Vga *s);

void vga_mem_init(Vga *s, MemoryOwner *owner);

/* The console's functions; `opaque` is the Vga. */
extern const ConsoleOps vga_console_ops;

/* Frames since virtual time began; the lines shown; lines for each count of the vertical counter (1
 * or 2); the dots of a character, 8 or 9. */
uint64_t vga_frame_count(const Vga *s);
unsigned vga_display_height(const Vga *s);
unsigned vga_lines_per_count(const Vga *s);
unsigned vga_char_dots(const Vga *s);

#endif
