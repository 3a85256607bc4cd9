/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * EDID 1.4: identity, one detailed timing, the usual established and standard timings, a range and
 * a name.
 *
 * Documents: VESA Enhanced Extended Display Identification Data Standard, A.2 (EDID 1.4); VESA
 * Coordinated Video Timings 1.1, reduced blanking.
 */
#include "edid.h"

#include <glib.h>
#include <string.h>

#define EDID_VENDOR     ('L' - '@') << 10 | ('G' - '@') << 5 | ('N' - '@')
#define EDID_PRODUCT    1
#define EDID_YEAR       2024
#define EDID_DPI        96
#define EDID_REFRESH    60
#define EDID_DETAILED   54 /* four descriptors of 18 bytes */
#define EDID_DESCRIPTOR 18

/* CVT's reduced blanking. */
#define RB_H_BLANK    160
#define RB_H_FRONT    48
#define RB_H_SYNC     32
#define RB_V_FRONT    3
#define RB_V_SYNC     6
#define RB_V_BACK_MIN 6
#define RB_V_BLANK_US 460

static const struct {
    uint16_t width, height;
    uint8_t aspect; /* of a standard timing: 0: 16:10, 1: 4:3, 2: 5:4, 3: 16:9 */
} standard_timings[8] = {
    {1280, 1024, 2}, {1600, 1200, 1}, {1280, 800, 0},  {1440, 900, 0},
    {1680, 1050, 0}, {1280, 720, 3},  {1920, 1080, 3}, {1152, 864, 1},
};

static void put_detailed(uint8_t *d, unsigned width, unsigned height)
{
    /* The shortest blank that lasts long enough: lines are 1 / (refresh * lines). */
    unsigned v_blank =
        RB_V_BLANK_US * height * EDID_REFRESH / (1000000 - RB_V_BLANK_US * EDID_REFRESH) + 1;
    unsigned clock, mm_width = width * 254 / EDID_DPI / 10,
                    mm_height = height * 254 / EDID_DPI / 10;

    v_blank = MAX(v_blank, RB_V_FRONT + RB_V_SYNC + RB_V_BACK_MIN);
    clock = (width + RB_H_BLANK) * (height + v_blank) * EDID_REFRESH / 10000; /* 10 kHz */
    d[0] = clock;
    d[1] = clock >> 8;
    d[2] = width;
    d[3] = RB_H_BLANK;
    d[4] = width >> 8 << 4 | RB_H_BLANK >> 8;
    d[5] = height;
    d[6] = v_blank;
    d[7] = height >> 8 << 4 | v_blank >> 8;
    d[8] = RB_H_FRONT;
    d[9] = RB_H_SYNC;
    d[10] = RB_V_FRONT << 4 | RB_V_SYNC;
    d[11] = 0;
    d[12] = mm_width;
    d[13] = mm_height;
    d[14] = mm_width >> 8 << 4 | mm_height >> 8;
    d[17] = 0x1a; /* digital separate sync, horizontal positive */
}

static void put_text(uint8_t *d, uint8_t tag, const char *text)
{
    size_t len = strlen(text);

    d[3] = tag;
    memset(&d[5], ' ', EDID_DESCRIPTOR - 5);
    memcpy(&d[5], text, len);
    d[5 + len] = '\n';
}

static void put_range(uint8_t *d)
{
    d[3] = 0xfd;
    d[5] = 50; /* Hz */
    d[6] = 125;
    d[7] = 30; /* kHz */
    d[8] = 160;
    d[9] = 60; /* of 10 MHz */
    d[10] = 1; /* no formula */
    d[11] = '\n';
    memset(&d[12], ' ', 6);
}

void edid_generate(uint8_t edid[EDID_SIZE], unsigned width, unsigned height)
{
    static const uint8_t header[8] = {0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00};
    static const uint8_t srgb[10] = {0xee, 0x91, 0xa3, 0x54, 0x4c, 0x99, 0x26, 0x0f, 0x50, 0x54};
    const uint16_t vendor = EDID_VENDOR;
    uint8_t sum = 0;

    g_assert(width >= 64 && width < 4096 && height >= 64 && height < 4096);
    memset(edid, 0, EDID_SIZE);
    memcpy(edid, header, sizeof(header));
    edid[8] = vendor >> 8;
    edid[9] = vendor & 0xff;
    edid[10] = EDID_PRODUCT;
    edid[16] = 1; /* week */
    edid[17] = EDID_YEAR - 1990;
    edid[18] = 1;
    edid[19] = 4;
    edid[20] = 0xa5; /* digital, 8 bits a colour, DisplayPort */
    edid[21] = width * 254 / EDID_DPI / 100;
    edid[22] = height * 254 / EDID_DPI / 100;
    edid[23] = 120;  /* gamma 2.2 */
    edid[24] = 0x06; /* RGB, sRGB; the first timing is the native one */
    memcpy(&edid[25], srgb, sizeof(srgb));
    edid[35] = 0x21; /* 640 x 480 and 800 x 600 at 60 Hz */
    edid[36] = 0x08; /* 1024 x 768 at 60 Hz */
    for (size_t i = 0; i < G_N_ELEMENTS(standard_timings); i++) {
        edid[38 + 2 * i] = standard_timings[i].width / 8 - 31;
        edid[39 + 2 * i] = standard_timings[i].aspect << 6 | (EDID_REFRESH - 60);
    }
    put_detailed(&edid[EDID_DETAILED], width, height);
    put_range(&edid[EDID_DETAILED + EDID_DESCRIPTOR]);
    put_text(&edid[EDID_DETAILED + 2 * EDID_DESCRIPTOR], 0xfc, "Lignite");
    put_text(&edid[EDID_DETAILED + 3 * EDID_DESCRIPTOR], 0xff, "1");
    for (int i = 0; i < EDID_SIZE - 1; i++) {
        sum += edid[i];
    }
    edid[EDID_SIZE - 1] = -sum;
}
