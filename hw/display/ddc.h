/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The monitor's end of DDC2B: a memory with the EDID on two wires that the guest moves by hand.
 *
 * Documents: VESA Display Data Channel Standard 3; NXP UM10204 (I2C).
 */
#ifndef LIGNITE_HW_DISPLAY_DDC_H
#define LIGNITE_HW_DISPLAY_DDC_H

#include <stdbool.h>

#include "edid.h"

typedef enum DdcState {
    DDC_IDLE,    /* not spoken to */
    DDC_ADDRESS, /* a byte comes: address and direction */
    DDC_OFFSET,  /* a byte comes: where to read */
    DDC_IGNORE,  /* bytes come that nobody wants */
    DDC_READ,    /* a byte goes out */
} DdcState;

typedef struct Ddc {
    uint8_t edid[EDID_SIZE];
    DdcState state;
    unsigned bits;  /* clocks of this byte so far; the ninth is the acknowledgement */
    uint8_t shift;  /* what came in */
    uint8_t offset; /* next byte to be read */
    bool scl, sda;  /* as the guest drives them */
    bool pull;      /* we hold the data wire low */
} Ddc;

/* Both wires high, nothing under way; the EDID stays. */
void ddc_reset(Ddc *ddc);

/* The guest drives the wires (true: lets them be high). */
void ddc_set(Ddc *ddc, bool scl, bool sda);

/* The data wire as it is; the clock is the guest's alone. */
bool ddc_sda(const Ddc *ddc);

#endif
