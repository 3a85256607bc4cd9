/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The monitor's end of DDC2B; see ddc.h. Bits are sampled when the clock rises, and change when it
 * has fallen. Not modelled: segments of EDID above 256 bytes (address 60h), DDC/CI.
 */
#include "ddc.h"

#define DDC_ADDRESS_EDID 0xa0 /* and bit 0: read */

void ddc_reset(Ddc *ddc)
{
    ddc->state = DDC_IDLE;
    ddc->bits = 0;
    ddc->offset = 0;
    ddc->scl = ddc->sda = true;
    ddc->pull = false;
}

bool ddc_sda(const Ddc *ddc)
{
    return ddc->sda && !ddc->pull;
}

/* Eight bits have come. Returns whether they are acknowledged. */
static bool byte_came(Ddc *ddc)
{
    switch (ddc->state) {
    case DDC_ADDRESS:
        if ((ddc->shift & ~1) != DDC_ADDRESS_EDID) {
            ddc->state = DDC_IDLE;
            return false;
        }
        ddc->state = ddc->shift & 1 ? DDC_READ : DDC_OFFSET;
        return true;
    case DDC_OFFSET:
        ddc->offset = ddc->shift;
        ddc->state = DDC_IGNORE;
        return true;
    case DDC_IGNORE:
        return true; /* as a memory that is write protected */
    default:
        return false;
    }
}

static void clock_rose(Ddc *ddc)
{
    if (ddc->bits < 8) {
        ddc->shift = ddc->shift << 1 | ddc->sda;
    } else if (ddc->state == DDC_READ && ddc->bits == 8 && ddc->sda && !ddc->pull) {
        ddc->state = DDC_IDLE; /* not acknowledged: that was the last byte */
    }
}

/* The clock fell after bit `bits`: what is on the wire for the next one. */
static void clock_fell(Ddc *ddc)
{
    bool reading = ddc->state == DDC_READ;

    if (ddc->state == DDC_IDLE) {
        ddc->pull = false;
        return;
    }
    ddc->bits++;
    ddc->pull = false;
    if (ddc->bits == 8 && !reading) {
        ddc->pull = byte_came(ddc);
    } else if (ddc->bits == 8) {
        ddc->offset++;
    } else if (ddc->bits == 9) {
        ddc->bits = 0;
    }
    if (ddc->state == DDC_READ && ddc->bits < 8) {
        ddc->pull = !(ddc->edid[ddc->offset % EDID_SIZE] >> (7 - ddc->bits) & 1);
    }
}

void ddc_set(Ddc *ddc, bool scl, bool sda)
{
    bool was_scl = ddc->scl, was_sda = ddc->sda;

    ddc->scl = scl;
    ddc->sda = sda;
    if (was_scl && scl && was_sda != sda) { /* data that moves while the clock is high */
        ddc->state = sda ? DDC_IDLE : DDC_ADDRESS;
        ddc->bits = 0;
        ddc->pull = false;
        /* The clock's fall after the start is none of a bit. */
        if (!sda) {
            ddc->bits = (unsigned)-1;
        }
    } else if (!was_scl && scl) {
        clock_rose(ddc);
    } else if (was_scl && !scl) {
        clock_fell(ddc);
    }
}
