/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a CPU's linear addresses to physical ones, by the tables in memory. Lock held.
 */
#ifndef LIGNITE_SYSTEM_PAGE_WALK_H
#define LIGNITE_SYSTEM_PAGE_WALK_H

#include <stdbool.h>
#include <stdint.h>

#include "accel/cpu-state.h"

#define PAGE_WALK_PAGE 4096

/* What the entry says that decides about a linear address. */
typedef struct PageMapping {
    uint64_t linear; /* as asked for */
    uint64_t size;   /* bytes that the entry speaks of, aligned to that; also if it maps nothing */
    bool present;
    uint64_t physical; /* of `linear`, if present */
    bool writable;     /* by all entries on the way */
    bool user;
} PageMapping;

PageMapping page_walk_mapping(const X86State *state, uint64_t linear);

/*
 * The physical address of a linear one, as the CPU in `state` would reach it for reading as
 * supervisor; nothing is marked as accessed. False where nothing is mapped.
 */
bool page_walk(const X86State *state, uint64_t linear, uint64_t *physical);

/* Whether there are tables at all, and how many bits of an address they translate. */
bool page_walk_paging(const X86State *state);
unsigned page_walk_bits(const X86State *state);

#endif
