/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the I/O profile share: the counters.
 */
#ifndef LIGNITE_ACCEL_IO_PROFILE_INTERNAL_H
#define LIGNITE_ACCEL_IO_PROFILE_INTERNAL_H

#include "accel/accel.h"
#include "accel/io-profile.h"

/* What one vCPU did at one place. Written by its thread alone. */
typedef struct ProfileCounters {
    uint64_t exits;
    uint64_t reads, writes; /* elements; an exit may have several */
    uint64_t write_exits;
    uint64_t could_wait;
    uint64_t timed; /* exits whose time is in what follows: all, but one that is being handled */
    uint64_t ticks, min, max;
    double squares; /* the sum of the squares of the ticks */
} ProfileCounters;

typedef struct ProfileRow {
    /* the key */
    const MemoryRegion *mr; /* NULL: nothing answers there, or the region is gone */
    hwaddr offset;          /* in the region, or the address where there is none */
    IoProfileSpace space;

    char *device, *region, *name;
    hwaddr addr;
    uint64_t queued;  /* machine lock */
    unsigned effects; /* machine lock; bits 1 << EFFECT_..., and 1 << EFFECTS */
    ProfileCounters cpu[ACCEL_MAX_CPUS];
} ProfileRow;

typedef struct IoProfileCount {
    GPtrArray *rows; /* ProfileRow */
    int64_t start_ns;
    uint64_t start_ticks;
    uint64_t start_exits[ACCEL_MAX_CPUS]; /* the accelerator's count when it began */
} IoProfileCount;

extern IoProfileCount io_profile_rows;

/* Nanoseconds since the start, and ticks. */
double io_profile_elapsed(uint64_t *ticks);

#endif
