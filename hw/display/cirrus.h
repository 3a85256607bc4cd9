/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parts of the CL-GD5446: registers and picture (cirrus.c), how memory is reached
 * (cirrus-mem.c), the blitter (cirrus-blt.c). Names as in the Technical Reference Manual.
 */
#ifndef LIGNITE_HW_DISPLAY_CIRRUS_H
#define LIGNITE_HW_DISPLAY_CIRRUS_H

#include "ddc.h"
#include "hw/pci/pci.h"
#include "vga.h"

/* Extended sequencer registers. */
#define CIRRUS_SR_UNLOCK         0x06
#define CIRRUS_SR06_KEY          0x12
#define CIRRUS_SR06_LOCKED       0x0f
#define CIRRUS_SR_EXT_MODE       0x07
#define CIRRUS_SR07_PACKED       0x01
#define CIRRUS_SR07_DEPTH        0x0e
#define CIRRUS_SR_DDC            0x08
#define CIRRUS_SR08_SCL_OUT      0x01
#define CIRRUS_SR08_SDA_OUT      0x02
#define CIRRUS_SR08_SCL_IN       0x04
#define CIRRUS_SR08_DDC          0x40 /* the two pins are DDC's, not the EEPROM's */
#define CIRRUS_SR08_SDA_IN       0x80
#define CIRRUS_SR_VCLK0          0x0b /* numerators of four clocks; denominators from SR1B on */
#define CIRRUS_SR_VCLK0_DENOM    0x1b
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
#define CIRRUS_SR_MCLK           0x1f
#define CIRRUS_SR_LAST           0x1f

/* Extended graphics registers. */
#define CIRRUS_GR_OFFSET_0      0x09
#define CIRRUS_GR_OFFSET_1      0x0a
#define CIRRUS_GR_EXT_MODE      0x0b
#define CIRRUS_GR0B_TWO_BANKS   0x01
#define CIRRUS_GR0B_BY8         0x02
#define CIRRUS_GR0B_EXT_WRITE   0x04
#define CIRRUS_GR0B_16BIT       0x10 /* extended writes of 16-bit pixels */
#define CIRRUS_GR0B_BANK_16K    0x20
#define CIRRUS_GR05_WRITE_MODE  0x07
#define CIRRUS_GR_COLORS        0x10 /* further bytes of the blitter's colours: to GR15 */
#define CIRRUS_GR_DRAM_TIMING   0x18
#define CIRRUS_GR_BLT_WIDTH     0x20 /* bytes less 1; each register has its high part next to it */
#define CIRRUS_GR_BLT_HEIGHT    0x22 /* lines less 1 */
#define CIRRUS_GR_BLT_DST_PITCH 0x24
#define CIRRUS_GR_BLT_SRC_PITCH 0x26
#define CIRRUS_GR_BLT_DST       0x28
#define CIRRUS_GR_BLT_DST_HIGH  0x2a
#define CIRRUS_GR_BLT_SRC       0x2c
#define CIRRUS_GR_BLT_CLIP      0x2f
#define CIRRUS_GR2F_PIXELS      0x07
#define CIRRUS_GR2F_BYTES       0x1f /* the same with pixels of 24 bits */
#define CIRRUS_GR2F_FIRST_SHIFT 5    /* the first byte that counts in each line from the CPU */
#define CIRRUS_GR_BLT_MODE      0x30
#define CIRRUS_GR30_BACKWARD    0x01
#define CIRRUS_GR30_TO_CPU      0x02
#define CIRRUS_GR30_FROM_CPU    0x04
#define CIRRUS_GR30_TRANSPARENT 0x08
#define CIRRUS_GR30_PIXEL_SHIFT 4
#define CIRRUS_GR30_PATTERN     0x40
#define CIRRUS_GR30_EXPAND      0x80
#define CIRRUS_GR_BLT_STATUS    0x31
#define CIRRUS_GR31_BUSY        0x01
#define CIRRUS_GR31_START       0x02
#define CIRRUS_GR31_RESET       0x04
#define CIRRUS_GR31_PROGRESS    0x08
#define CIRRUS_GR31_BUFFERED    0x10
#define CIRRUS_GR31_APERTURE    0x40 /* data of the CPU comes by the aperture alone */
#define CIRRUS_GR31_AUTOSTART   0x80
#define CIRRUS_GR_BLT_ROP       0x32
#define CIRRUS_GR_BLT_EXT       0x33
#define CIRRUS_GR33_DWORDS      0x01 /* a line of bits from the CPU ends with a double word */
#define CIRRUS_GR33_INVERT      0x02
#define CIRRUS_GR33_SOLID       0x04
#define CIRRUS_GR33_CLIP_BACK   0x08 /* GR2F clips the background alone */
#define CIRRUS_GR_BLT_KEY       0x34
#define CIRRUS_GR_LAST          0x39

/* Extended CRT controller registers. */
#define CIRRUS_CR_MISC         0x1a
#define CIRRUS_CR1A_INTERLACED 0x01
#define CIRRUS_CR_EXT_DISPLAY  0x1b
#define CIRRUS_CR_OVERLAY      0x1d
#define CIRRUS_CR_ATTR_TOGGLE  0x24
#define CIRRUS_CR_ATTR_INDEX   0x26
#define CIRRUS_CR_ID           0x27
#define CIRRUS_ID_GD5446       0xb8
#define CIRRUS_CR_LAST         0x3f

/* Hidden DAC register. */
#define CIRRUS_HDR_HICOLOR 0x80
#define CIRRUS_HDR_MODE    0x0f /* 0: 5:5:5, 1: 5:6:5 */

/* BAR 0, in four-MiB apertures: memory, its words and its double words swapped; the same for the
 * data of blits from 16 MiB on. */
#define CIRRUS_BAR0_SIZE     (32 * 1024 * 1024)
#define CIRRUS_APERTURE      (4 * 1024 * 1024)
#define CIRRUS_BLT_APERTURE  (16 * 1024 * 1024)
#define CIRRUS_SWAPS         3
#define CIRRUS_MMIO_SIZE     0x1000
#define CIRRUS_MMIO_BLT      0x100 /* the blitter's registers in it */
#define CIRRUS_MMIO_BLT_SIZE 0x100
#define CIRRUS_VGAMEM_MAX    16     /* MiB */
#define CIRRUS_PATTERN_SPACE 0x4000 /* of the cursors, at the end of memory */

#define CIRRUS_BLT_MAX_WIDTH 8192

typedef struct CirrusVga CirrusVga;

/* One blit: what the registers said when it began. */
typedef struct CirrusBlt {
    uint8_t mode, ext; /* GR30, GR33 */
    uint8_t rop[4];    /* 0 or FF, by twice a bit of the source and one of the destination */
    unsigned pixel;    /* bytes */
    unsigned width;    /* bytes */
    unsigned height;   /* lines; of a transfer with the CPU, those left */
    uint32_t dst, src;
    unsigned dst_pitch, src_pitch;
    unsigned skip; /* bytes at the left of each line that stay */
    uint32_t fg, bg;
    uint16_t key;

    /* Of a transfer with the CPU. */
    bool active, suspended;
    unsigned row_first, row_bytes, row_at; /* what counts, of how many bytes, which is next */
    uint8_t row[CIRRUS_BLT_MAX_WIDTH + 8];
} CirrusBlt;

/* An aperture that swaps bytes: address bits are turned over. */
typedef struct CirrusSwap {
    MemoryRegion lfb, blt;
    CirrusVga *s;
    unsigned flip; /* 0, 1 or 3 */
} CirrusSwap;

struct CirrusVga {
    PCIDevice pci;
    Vga vga;
    uint32_t vgamem_mb; /* property */
    bool blitter;       /* property: else it refuses everything */

    MemoryRegion bar0;             /* a container of the next ones */
    CirrusSwap swap[CIRRUS_SWAPS]; /* the first is memory with the extended write modes */
    MemoryRegion lfb_ram;          /* and as plain memory, where it is that */
    MemoryRegion mmio;             /* BAR 1: the VGA's ports from 3C0 on, the blitter's registers */
    MemoryRegion mmio_blt;         /* the latter again, for the next two */
    MemoryRegion mmio_in_window, mmio_in_lfb;
    MemoryRegion blt_data; /* while a blit works with the CPU, over memory, by the next two */
    MemoryRegion blt_in_window, blt_in_lfb;

    uint8_t hidden_dac; /* HDR: at 3C6 after four reads of it */
    uint8_t hidden_reads;
    uint8_t cursor_colors[16 * 3]; /* 0: background, 15: foreground */
    unsigned cursor_x, cursor_y;
    Ddc ddc;
    CirrusBlt blt;
};

/* cirrus.c: a graphics register as the CPU sees it, whichever way it comes. */
uint8_t cirrus_read_gr(CirrusVga *s, uint8_t index);
void cirrus_write_gr(CirrusVga *s, uint8_t index, uint8_t val);
uint8_t cirrus_port_read(Vga *v, uint16_t port);
void cirrus_port_write(Vga *v, uint16_t port, uint8_t val);

/* cirrus-mem.c: regions; hooks of the VGA; map memory as registers and blitter say. */
void cirrus_mem_init(CirrusVga *s);
void cirrus_mem_destroy(CirrusVga *s); /* but BAR 0 and BAR 1, which the bus destroys */
bool cirrus_is_packed(const Vga *v);
uint8_t cirrus_mem_read(Vga *v, uint32_t addr);
void cirrus_mem_write(Vga *v, uint32_t addr, uint8_t val);
bool cirrus_window_is_ram(Vga *v);
void cirrus_update_map(Vga *v); /* inside a transaction; by vga_update_window() */

/* cirrus-blt.c: GR31 and the autostart; data of the CPU for a blit, or of a blit for the CPU. */
void cirrus_blt_write_status(CirrusVga *s, uint8_t val);
uint8_t cirrus_blt_read_status(const CirrusVga *s);
void cirrus_blt_dst_written(CirrusVga *s);
void cirrus_blt_reset(CirrusVga *s);
bool cirrus_blt_wants_cpu(const CirrusVga *s);
void cirrus_blt_put(CirrusVga *s, uint64_t data, unsigned size);
uint64_t cirrus_blt_get(CirrusVga *s, unsigned size);

#endif
