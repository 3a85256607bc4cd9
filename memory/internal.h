/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of libmemory share: 128-bit sizes, RAM blocks, the inside of a flat view, and
 * the steps of a commit.
 */
#ifndef LIGNITE_MEMORY_INTERNAL_H
#define LIGNITE_MEMORY_INTERNAL_H

#include "memory/memory.h"

/* Ends and sizes of what may span 2^64 bytes do not fit hwaddr. */
typedef unsigned __int128 uint128;

#define ADDRESS_SPACE_END ((uint128)1 << 64)

static inline uint128 size_to_uint128(hwaddr size)
{
    return size == MEMORY_SIZE_ALL ? ADDRESS_SPACE_END : size;
}

/* 2^64 - 1 becomes MEMORY_SIZE_ALL, too: see flatview_render() for why no range has that size. */
static inline hwaddr size_from_uint128(uint128 size)
{
    return size >= ADDRESS_SPACE_END ? MEMORY_SIZE_ALL : (hwaddr)size;
}

/* Whether `addr` lies in [start, start + size); right for 2^64 bytes, too. */
static inline bool range_holds(hwaddr start, hwaddr size, hwaddr addr)
{
    return addr - start < size || size == MEMORY_SIZE_ALL;
}

/* The last byte of a range that is not empty. */
static inline hwaddr range_last(hwaddr start, hwaddr size)
{
    return size == MEMORY_SIZE_ALL ? UINT64_MAX : start + size - 1;
}

/* ------------------------------------------------------------------------------------ ram.c -- */

/*
 * Host memory behind a region. References: the region's, each view's that shows it, each DMA
 * mapping's. The last to go frees it, in whichever thread that is.
 */
struct RamBlock {
    gatomicrefcount ref;
    uint8_t *host;
    hwaddr size;
    size_t mapped;                       /* bytes to unmap; 0: the memory is the caller's */
    unsigned logging;                    /* bit per DirtyClient; atomic */
    unsigned long *dirty[DIRTY_CLIENTS]; /* bit per page; made at the first log, never replaced */
};

RamBlock *ram_block_new(const char *name, hwaddr size, GError **errp);
RamBlock *ram_block_new_from_ptr(void *ptr, hwaddr size);
RamBlock *ram_block_ref(RamBlock *block);
void ram_block_unref(RamBlock *block); /* NULL is fine */

/* Start or stop logging for one client. Starting forgets what was dirty before. */
void ram_block_set_log(RamBlock *block, DirtyClient client, bool log);

void ram_block_mark_dirty(RamBlock *block, hwaddr offset, hwaddr size);

/* To be called after each write to the block, so it is cheap where nobody logs. */
static inline void ram_block_set_dirty(RamBlock *block, hwaddr offset, hwaddr size)
{
    if (G_UNLIKELY(__atomic_load_n(&block->logging, __ATOMIC_ACQUIRE) != 0)) {
        ram_block_mark_dirty(block, offset, size);
    }
}

/* ------------------------------------------------------------------------------- flatview.c -- */

/* An ioeventfd as a view shows it: shown where the range shows its first byte. */
typedef struct ViewEventfd {
    hwaddr addr; /* in the address space */
    unsigned size;
    bool match_data;
    uint64_t data;
    int fd;
    MemoryRegion *mr;
    hwaddr offset_in_region;
} ViewEventfd;

/* A coalesced range as a view shows it: clipped to one range of the view. */
typedef struct ViewCoalesced {
    hwaddr addr; /* in the address space */
    hwaddr size;
    MemoryRegion *mr;
    hwaddr offset_in_region;
    size_t range; /* index of the FlatRange; says where it is, not what it is */
} ViewCoalesced;

/* Immutable but for the last hit. All three arrays are in address order. */
struct FlatView {
    gatomicrefcount ref;
    size_t n;
    size_t last_hit; /* index in ranges; atomic, relaxed: any value below n will do */
    FlatRange *ranges;
    hwaddr *starts;    /* of the ranges, packed for the search */
    GArray *eventfds;  /* ViewEventfd; NULL while there is none */
    GArray *coalesced; /* ViewCoalesced; NULL while there is none */
};

FlatView *flatview_render(MemoryRegion *root);

/* The range that holds `addr`; or NULL, and the number of addresses from `addr` to the next range
 * (or to 2^64) in `*hole`. */
const FlatRange *flatview_find(FlatView *view, hwaddr addr, uint128 *hole);

/* The same bytes of the same region in the same manner; only the dirty log may differ. */
bool flatrange_same(const FlatRange *a, const FlatRange *b);

/* -1, 0, 1: which comes first; 0 says they are the same to every listener. */
int view_eventfd_compare(const ViewEventfd *a, const ViewEventfd *b);
int view_coalesced_compare(const ViewCoalesced *a, const ViewCoalesced *b);

/* Nothing in them that a listener would hear of differs. */
bool flatview_equal(const FlatView *a, const FlatView *b);

/* --------------------------------------------------------------------------- address-space.c -- */

TAILQ_HEAD(AddressSpaceHead, AddressSpace);
extern struct AddressSpaceHead address_spaces;

/* Render every pending address space, and bring view and listeners up to date. */
void address_spaces_update(void);

/* The address spaces whose root is `mr` are pending from now on. */
void address_spaces_touch_root(const MemoryRegion *mr);

/* Have each listener that logs bring the dirty bits of [addr, addr + size) of `mr` up to date. */
void address_spaces_log_sync(MemoryRegion *mr, hwaddr addr, hwaddr size);

MemoryRegionSection section_of_range(AddressSpace *as, const FlatRange *range);

/* --------------------------------------------------------------------------------- region.c -- */

bool memory_region_in_transaction(void);
bool memory_region_committing(void);

#endif
