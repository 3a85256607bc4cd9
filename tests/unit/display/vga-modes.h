/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The VGA's standard modes, as a BIOS sets them through the ports; for tests.
 * Values: IBM PS/2 Hardware Interface Technical Reference, "Video Subsystem", mode tables.
 */
#ifndef LIGNITE_TESTS_UNIT_VGA_MODES_H
#define LIGNITE_TESTS_UNIT_VGA_MODES_H

#include "harness.h"

typedef struct VgaModeRegs {
    uint8_t misc, sr[5], cr[25], gr[9], ar[21];
} VgaModeRegs;

static const VgaModeRegs mode_text = {
    0x67,
    {3, 0x00, 3, 0, 2},
    {0x5f, 0x4f, 0x50, 0x82, 0x55, 0x81, 0xbf, 0x1f, 0,    0x4f, 0x0d, 0x0e, 0,
     0,    0,    0,    0x9c, 0x8e, 0x8f, 0x28, 0x1f, 0x96, 0xb9, 0xa3, 0xff},
    {0, 0, 0, 0, 0, 0x10, 0x0e, 0, 0xff},
    {0,    1,    2,    3,    4,    5,    0x14, 7,    0x38, 0x39, 0x3a,
     0x3b, 0x3c, 0x3d, 0x3e, 0x3f, 0x0c, 0,    0x0f, 8,    0},
};

static const VgaModeRegs mode_cga4 = {
    0x63,
    {3, 0x09, 3, 0, 2},
    {0x2d, 0x27, 0x28, 0x90, 0x2b, 0x80, 0xbf, 0x1f, 0,    0xc1, 0,    0,   0,
     0,    0,    0,    0x9c, 0x8e, 0x8f, 0x14, 0x00, 0x96, 0xb9, 0xa2, 0xff},
    {0, 0, 0, 0, 0, 0x30, 0x0f, 0, 0xff},
    {0,    0x13, 0x15, 0x17, 2,    4, 6, 7, 0x10, 0x11, 0x12,
     0x13, 0x14, 0x15, 0x16, 0x17, 1, 0, 3, 0,    0},
};

static const VgaModeRegs mode_12h = {
    0xe3,
    {3, 0x01, 0x0f, 0, 6},
    {0x5f, 0x4f, 0x50, 0x82, 0x54, 0x80, 0x0b, 0x3e, 0,    0x40, 0,    0,   0,
     0,    0,    0,    0xea, 0x8c, 0xdf, 0x28, 0x00, 0xe7, 0x04, 0xe3, 0xff},
    {0, 0, 0, 0, 0, 0, 0x05, 0x0f, 0xff},
    {0, 1, 2, 3, 4, 5, 0x14, 7, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e, 0x3f, 1, 0, 0x0f, 0, 0},
};

static const VgaModeRegs mode_13h = {
    0x63,
    {3, 0x01, 0x0f, 0, 0x0e},
    {0x5f, 0x4f, 0x50, 0x82, 0x54, 0x80, 0xbf, 0x1f, 0,    0x41, 0,    0,   0,
     0,    0,    0,    0x9c, 0x8e, 0x8f, 0x28, 0x40, 0x96, 0xb9, 0xa3, 0xff},
    {0, 0, 0, 0, 0, 0x40, 0x05, 0x0f, 0xff},
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0x41, 0, 0x0f, 0, 0},
};

static inline void index_write(uint16_t port, uint8_t index, uint8_t val)
{
    outw(port, val << 8 | index);
}

static inline uint8_t index_read(uint16_t port, uint8_t index)
{
    outb(port, index);
    return inb(port + 1);
}

static inline void ar_write(uint8_t index, uint8_t val)
{
    inb(0x3da);
    outb(0x3c0, index);
    outb(0x3c0, val);
}

static inline void set_mode(const VgaModeRegs *m)
{
    outb(0x3c2, m->misc);
    for (int i = 0; i < 5; i++) {
        index_write(0x3c4, i, m->sr[i]);
    }
    index_write(0x3d4, 0x11, 0x00);
    for (int i = 0; i < 25; i++) {
        index_write(0x3d4, i, m->cr[i]);
    }
    for (int i = 0; i < 9; i++) {
        index_write(0x3ce, i, m->gr[i]);
    }
    for (int i = 0; i < 21; i++) {
        ar_write(i, m->ar[i]);
    }
    outb(0x3c0, 0x20);
}

/* 16 colours at the places that the palettes above want, 256 that differ from each other. */
static inline void set_colors(void)
{
    outb(0x3c6, 0xff);
    outb(0x3c8, 0);
    for (int i = 0; i < 256; i++) {
        outb(0x3c9, (i * 5 + 1) & 63);
        outb(0x3c9, (i * 11 + 7) & 63);
        outb(0x3c9, (i >> 2) & 63);
    }
}

/* As in QEMU's screendumps: the lowest bit is there three times. */
static inline uint32_t dac_level(unsigned six)
{
    return six * 4 + (six % 2 ? 3 : 0);
}

static inline uint32_t dac_rgb(unsigned i)
{
    unsigned r = (i * 5 + 1) & 63, g = (i * 11 + 7) & 63, b = (i >> 2) & 63;

    return dac_level(r) << 16 | dac_level(g) << 8 | dac_level(b);
}

#endif
