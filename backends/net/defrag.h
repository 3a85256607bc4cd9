/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fragments of IPv4 datagrams, put together.
 */
#ifndef LIGNITE_BACKENDS_NET_DEFRAG_H
#define LIGNITE_BACKENDS_NET_DEFRAG_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DEFRAG_DATAGRAMS 16 /* that may be in pieces at once */

typedef struct Defrag {
    GPtrArray *datagrams; /* Datagram, oldest first */
    uint8_t *whole;       /* the last that became complete */
} Defrag;

void defrag_init(Defrag *d);
void defrag_clear(Defrag *d);

/*
 * A frame on its way, at the time `now` in ns. True: it goes on, as it is, or as the whole that it
 * completed, valid until the next call. False: it is kept as a piece, or dropped.
 */
bool defrag(Defrag *d, const uint8_t **frame, size_t *len, int64_t now);

#endif
