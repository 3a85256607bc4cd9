/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bus master of one IDE channel: eight I/O ports and a table of memory pieces.
 * Document: SFF-8038i, revision 1.0.
 */
#ifndef LIGNITE_HW_IDE_BMDMA_H
#define LIGNITE_HW_IDE_BMDMA_H

#include "hw/ide/ide.h"

#define BMDMA_PORTS 8

typedef struct BMDMA {
    IDEBus *bus;
    AddressSpace *as;              /* what it sees of memory */
    bool (*enabled)(void *opaque); /* whether it may use the bus at all */
    void *opaque;

    MemoryRegion io;
    uint8_t command; /* 0 */
    uint8_t status;  /* 2 */
    uint32_t table;  /* 4: the first descriptor */
    uint32_t next;   /* address of the next descriptor */
    uint32_t addr;   /* the rest of the present piece */
    uint32_t left;
    bool last; /* the present piece is the table's last */
} BMDMA;

/* A bus master for `bus`, which is told of it. `owner` may be NULL. */
void bmdma_init(BMDMA *bm, IDEBus *bus, MemoryOwner *owner, AddressSpace *as,
                bool (*enabled)(void *opaque), void *opaque);
void bmdma_destroy(BMDMA *bm);
void bmdma_reset(BMDMA *bm);

#endif
