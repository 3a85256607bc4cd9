/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The I/O profile: which register of which device the guest leaves for, and which writes were
 * queued instead. Off it costs one test of a flag per exit.
 *
 * All functions are called with the machine lock held.
 */
#ifndef LIGNITE_ACCEL_IO_PROFILE_H
#define LIGNITE_ACCEL_IO_PROFILE_H

#include <glib.h>
#include <stdbool.h>

#include "memory/memory.h"

typedef enum IoProfileKind { IO_PROFILE_READ, IO_PROFILE_WRITE, IO_PROFILE_QUEUED } IoProfileKind;

extern bool io_profile_on;

/* Count from now on; an earlier profile is forgotten. */
void io_profile_start(void);
void io_profile_stop(void);

/* For accelerators: an access of the guest's, before it is dispatched. */
void io_profile_count(AddressSpace *as, hwaddr addr, IoProfileKind kind);

static inline void io_profile(AddressSpace *as, hwaddr addr, IoProfileKind kind)
{
    if (G_UNLIKELY(io_profile_on)) {
        io_profile_count(as, addr, kind);
    }
}

/*
 * Append the profile as a table, the registers with most exits first, at most `rows` of them (0:
 * all), and the sum.
 */
void io_profile_print(GString *out, unsigned rows);

#endif
