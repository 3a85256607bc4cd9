/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flat views: what a tree of regions shows, as disjoint ranges in address order.
 *
 * Rendering is in three steps whose cost grows with the number n of regions alone:
 *
 *  1. Walk the tree in order of precedence (higher priority first, children before their parent,
 *     aliases followed) and note for each region that answers the window that is left of it after
 *     clipping. Its place in the walk is its rank: of two leaves, the lower rank is on top.
 *  2. Sort the leaves by their first byte; O(n log n), and O(n) when they come in order.
 *  3. Sweep over the addresses. The leaves that have begun and not ended are in a heap by rank;
 *     the top one is what is seen, until it ends or a leaf of lower rank begins.
 *
 * A piece that continues the one before it in the same region is joined to it.
 */
#include "internal.h"

#include <string.h>

typedef struct Leaf {
    hwaddr start;
    hwaddr last;
    hwaddr offset; /* of `start` in the region */
    MemoryRegion *mr;
    bool readonly;
} Leaf;

/* A leaf's place in the order of addresses. */
typedef struct Begin {
    hwaddr start;
    size_t rank;
} Begin;

/* The leaves that the sweep is inside of: a binary heap, lowest rank first. */
typedef struct ActiveLeaves {
    size_t *rank;
    size_t n;
} ActiveLeaves;

static FlatView *flatview_new(void)
{
    FlatView *view = g_new0(FlatView, 1);

    g_atomic_ref_count_init(&view->ref);
    return view;
}

void flatview_ref(FlatView *view)
{
    g_atomic_ref_count_inc(&view->ref);
}

void flatview_unref(FlatView *view)
{
    if (!view || !g_atomic_ref_count_dec(&view->ref)) {
        return;
    }
    for (size_t i = 0; i < view->n; i++) {
        ram_block_unref(view->ranges[i].ram);
    }
    g_clear_pointer(&view->eventfds, g_array_unref);
    g_clear_pointer(&view->coalesced, g_array_unref);
    g_free(view->ranges);
    g_free(view->starts);
    g_free(view);
}

const FlatRange *flatview_ranges(const FlatView *view, size_t *n)
{
    *n = view->n;
    return view->ranges;
}

/* ------------------------------------------------------------------------ step 1: the walk -- */

/*
 * Note what `mr` shows with its byte 0 at `base`, inside [start, end). `base` is signed and wide:
 * behind an alias with an offset it may lie below address 0.
 */
static void collect_leaves(GArray *leaves, MemoryRegion *mr, __int128 base, uint128 start,
                           uint128 end, bool readonly)
{
    __int128 mr_end = base + (__int128)size_to_uint128(mr->size);
    MemoryRegion *sub;

    if (!mr->enabled || mr_end <= (__int128)start || base >= (__int128)end || mr->size == 0) {
        return;
    }
    if (base > (__int128)start) {
        start = base;
    }
    if (mr_end < (__int128)end) {
        end = mr_end;
    }
    readonly |= mr->readonly;

    if (mr->kind == MEMORY_REGION_ALIAS) {
        /* An alias that shows itself, through whatever containers, shows nothing there. */
        if (!mr->rendering) {
            mr->rendering = true;
            collect_leaves(leaves, mr->alias, base - mr->alias_offset, start, end, readonly);
            mr->rendering = false;
        }
        return;
    }
    TAILQ_FOREACH (sub, &mr->subregions, sibling) {
        collect_leaves(leaves, sub, base + sub->addr, start, end, readonly);
    }
    if (mr->kind != MEMORY_REGION_CONTAINER) {
        Leaf leaf = {
            .start = start,
            .last = end - 1,
            .offset = (__int128)start - base,
            .mr = mr,
            .readonly = readonly,
        };

        g_array_append_val(leaves, leaf);
    }
}

/* ------------------------------------------------------------------------ step 2: the sort -- */

static void reverse(Begin *b, size_t n)
{
    for (size_t i = 0, j = n; i + 1 < j; i++) {
        Begin tmp = b[i];

        b[i] = b[--j];
        b[j] = tmp;
    }
}

/* The length of the run in order that `b` starts with; one that falls is turned round. */
static size_t make_run(Begin *b, size_t n)
{
    size_t run = 1;

    if (n > 1 && b[1].start < b[0].start) {
        while (run < n && b[run].start < b[run - 1].start) {
            run++;
        }
        reverse(b, run);
    } else {
        while (run < n && b[run].start >= b[run - 1].start) {
            run++;
        }
    }
    return run;
}

/* Merge two neighbouring runs, of `left` and `right` elements. */
static void merge_runs(Begin *b, size_t left, size_t right, Begin *scratch)
{
    Begin *l = scratch, *l_end = scratch + left;
    Begin *r = b + left, *r_end = b + left + right;

    memcpy(scratch, b, left * sizeof(*b));
    while (l < l_end) {
        *b++ = r < r_end && r->start < l->start ? *r++ : *l++;
    }
}

/*
 * A merge sort that finds the runs that are there: the children of a container come in falling
 * order of address when a board adds them in rising order, the commonest case of all.
 */
static void sort_by_start(Begin *b, size_t n)
{
    g_autofree Begin *scratch = g_new(Begin, n);
    g_autofree size_t *runs = g_new(size_t, n + 1);
    size_t n_runs = 0;

    runs[0] = 0;
    while (runs[n_runs] < n) {
        runs[n_runs + 1] = runs[n_runs] + make_run(b + runs[n_runs], n - runs[n_runs]);
        n_runs++;
    }
    while (n_runs > 1) {
        size_t to = 0;

        for (size_t from = 0; from < n_runs; from += 2) {
            size_t start = runs[from];

            if (from + 1 < n_runs) {
                merge_runs(b + start, runs[from + 1] - start, runs[from + 2] - runs[from + 1],
                           scratch);
            }
            runs[to++] = start;
        }
        runs[to] = n;
        n_runs = to;
    }
}

/* ----------------------------------------------------------------------- step 3: the sweep -- */

static void active_push(ActiveLeaves *active, size_t rank)
{
    size_t i = active->n++;

    while (i > 0 && active->rank[(i - 1) / 2] > rank) {
        active->rank[i] = active->rank[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    active->rank[i] = rank;
}

static void active_pop(ActiveLeaves *active)
{
    size_t rank = active->rank[--active->n];
    size_t i = 0;

    for (;;) {
        size_t child = 2 * i + 1;

        if (child + 1 < active->n && active->rank[child + 1] < active->rank[child]) {
            child++;
        }
        if (child >= active->n || active->rank[child] > rank) {
            break;
        }
        active->rank[i] = active->rank[child];
        i = child;
    }
    active->rank[i] = rank;
}

/* The first size that a hwaddr cannot tell from 2^64. */
#define AMBIGUOUS_SIZE (ADDRESS_SPACE_END - 1)

/* Whether `range` goes on where `prev` ends, in the same region and the same manner. */
static bool continues(const FlatRange *prev, const FlatRange *range)
{
    return prev->mr == range->mr && prev->readonly == range->readonly &&
           prev->addr + prev->size == range->addr &&
           prev->offset_in_region + prev->size == range->offset_in_region &&
           (uint128)prev->size + range->size != AMBIGUOUS_SIZE;
}

/*
 * Append the part start..last of `leaf`. No range is 2^64 - 1 bytes long, because that number
 * stands for 2^64: what would be, all of an address space but one byte, is given in two halves.
 */
static void emit(GArray *ranges, const Leaf *leaf, hwaddr start, hwaddr last)
{
    MemoryRegion *mr = leaf->mr;
    FlatRange *prev = ranges->len ? &g_array_index(ranges, FlatRange, ranges->len - 1) : NULL;
    uint128 size = (uint128)last - start + 1;
    FlatRange range = {
        .mr = mr,
        .offset_in_region = leaf->offset + (start - leaf->start),
        .addr = start,
        .size = size_from_uint128(size),
        .dirty_clients = mr->dirty_clients,
        .readonly = leaf->readonly,
        .romd = mr->kind == MEMORY_REGION_ROM_DEVICE && mr->romd_mode,
        .ram = mr->ram,
    };

    if (size == AMBIGUOUS_SIZE) {
        hwaddr half = start + (last - start) / 2;

        emit(ranges, leaf, start, half);
        emit(ranges, leaf, half + 1, last);
    } else if (prev && continues(prev, &range)) {
        prev->size = size_from_uint128((uint128)prev->size + range.size);
    } else {
        g_array_append_val(ranges, range);
    }
}

static void sweep(GArray *ranges, const Leaf *leaves, const Begin *begins, size_t n)
{
    g_autofree size_t *heap = g_new(size_t, n);
    ActiveLeaves active = {.rank = heap};
    hwaddr pos = 0;
    size_t next = 0;

    for (;;) {
        const Leaf *top;
        size_t rank;

        while (active.n > 0 && leaves[active.rank[0]].last < pos) {
            active_pop(&active);
        }
        if (active.n == 0) {
            if (next == n) {
                return;
            }
            pos = begins[next].start;
            active_push(&active, begins[next++].rank);
        }
        rank = active.rank[0];
        top = &leaves[rank];

        /* What begins under the top leaf is only noted; what begins above it ends this piece. */
        while (next < n && begins[next].start <= top->last && begins[next].rank > rank) {
            active_push(&active, begins[next++].rank);
        }
        if (next < n && begins[next].start <= top->last) {
            if (begins[next].start > pos) {
                emit(ranges, top, pos, begins[next].start - 1);
                pos = begins[next].start;
            }
            active_push(&active, begins[next++].rank);
            continue;
        }
        emit(ranges, top, pos, top->last);
        if (top->last == UINT64_MAX) {
            return;
        }
        active_pop(&active);
        pos = top->last + 1;
    }
}

/* ------------------------------------------------------- what else the view's regions carry -- */

static void add_eventfds(FlatView *view, const FlatRange *range)
{
    const GArray *eventfds = range->mr->ioeventfds;

    for (guint i = 0; i < eventfds->len; i++) {
        const MemoryRegionIoeventfd *e = &g_array_index(eventfds, MemoryRegionIoeventfd, i);
        ViewEventfd shown = {
            .addr = range->addr + (e->addr - range->offset_in_region),
            .size = e->size,
            .match_data = e->match_data,
            .data = e->data,
            .fd = e->fd,
            .mr = range->mr,
            .offset_in_region = e->addr,
        };

        if (!range_holds(range->offset_in_region, range->size, e->addr) ||
            e->addr + (uint128)e->size > size_to_uint128(range->mr->size)) {
            continue;
        }
        if (!view->eventfds) {
            view->eventfds = g_array_new(FALSE, FALSE, sizeof(ViewEventfd));
        }
        g_array_append_val(view->eventfds, shown);
    }
}

static void add_coalesced(FlatView *view, size_t index)
{
    const FlatRange *range = &view->ranges[index];
    const GArray *coalesced = range->mr->coalesced;
    uint128 range_start = range->offset_in_region;
    uint128 range_end = range_start + size_to_uint128(range->size);

    for (guint i = 0; i < coalesced->len; i++) {
        const MemoryRange *c = &g_array_index(coalesced, MemoryRange, i);
        uint128 start = MAX(c->addr, range_start);
        uint128 end = MIN(c->addr + size_to_uint128(c->size), range_end);
        ViewCoalesced shown = {
            .addr = range->addr + (hwaddr)(start - range_start),
            .mr = range->mr,
            .offset_in_region = start,
            .range = index,
        };

        if (start >= end) {
            continue;
        }
        shown.size = size_from_uint128(end - start);
        if (!view->coalesced) {
            view->coalesced = g_array_new(FALSE, FALSE, sizeof(ViewCoalesced));
        }
        g_array_append_val(view->coalesced, shown);
    }
}

/* Turn the finished list into the view's own form. */
static void set_ranges(FlatView *view, GArray *ranges)
{
    view->n = ranges->len;
    view->ranges = (FlatRange *)(void *)g_array_free(ranges, FALSE);
    view->starts = g_new(hwaddr, view->n);
    for (size_t i = 0; i < view->n; i++) {
        const FlatRange *range = &view->ranges[i];

        view->starts[i] = range->addr;
        if (range->ram) {
            ram_block_ref(range->ram);
        }
        /* A write to what is read-only goes nowhere, so nothing waits for it or hears it. */
        if (!range->readonly && range->mr->ioeventfds) {
            add_eventfds(view, range);
        }
        if (!range->readonly && range->mr->coalesced) {
            add_coalesced(view, i);
        }
    }
}

FlatView *flatview_render(MemoryRegion *root)
{
    FlatView *view = flatview_new();
    GArray *ranges = g_array_new(FALSE, FALSE, sizeof(FlatRange));
    g_autoptr(GArray) leaves = g_array_new(FALSE, FALSE, sizeof(Leaf));
    g_autofree Begin *begins = NULL;

    collect_leaves(leaves, root, 0, 0, ADDRESS_SPACE_END, false);
    begins = g_new(Begin, leaves->len);
    for (guint i = 0; i < leaves->len; i++) {
        begins[i] = (Begin){.start = g_array_index(leaves, Leaf, i).start, .rank = i};
    }
    sort_by_start(begins, leaves->len);
    sweep(ranges, (Leaf *)(void *)leaves->data, begins, leaves->len);
    set_ranges(view, ranges);
    return view;
}

/* --------------------------------------------------------------------------------- look up -- */

/* The last range that starts at or below `addr`, or 0. Without branches that depend on data. */
static size_t search(const FlatView *view, hwaddr addr)
{
    const hwaddr *starts = view->starts;
    size_t base = 0;
    size_t n = view->n;

    while (n > 1) {
        size_t half = n / 2;

        base = starts[base + half] <= addr ? base + half : base;
        n -= half;
    }
    return base;
}

const FlatRange *flatview_find(FlatView *view, hwaddr addr, uint128 *hole)
{
    size_t i = __atomic_load_n(&view->last_hit, __ATOMIC_RELAXED);
    const FlatRange *range;

    if (view->n == 0) {
        *hole = ADDRESS_SPACE_END - addr;
        return NULL;
    }
    range = &view->ranges[i];
    if (G_LIKELY(range_holds(range->addr, range->size, addr))) {
        return range;
    }
    i = search(view, addr);
    range = &view->ranges[i];
    if (range_holds(range->addr, range->size, addr)) {
        __atomic_store_n(&view->last_hit, i, __ATOMIC_RELAXED);
        return range;
    }
    if (range->addr < addr) {
        i++;
    }
    *hole = (i < view->n ? view->starts[i] : ADDRESS_SPACE_END) - addr;
    return NULL;
}

const FlatRange *flatview_lookup(FlatView *view, hwaddr addr)
{
    uint128 hole;

    return flatview_find(view, addr, &hole);
}

/* --------------------------------------------------------------------------------- compare -- */

bool flatrange_same(const FlatRange *a, const FlatRange *b)
{
    return a->mr == b->mr && a->addr == b->addr && a->size == b->size &&
           a->offset_in_region == b->offset_in_region && a->readonly == b->readonly &&
           a->romd == b->romd && a->ram == b->ram;
}

#define COMPARE(a, b)                                                                              \
    if ((a) != (b)) {                                                                              \
        return (a) < (b) ? -1 : 1;                                                                 \
    }

int view_eventfd_compare(const ViewEventfd *a, const ViewEventfd *b)
{
    COMPARE(a->addr, b->addr);
    COMPARE(a->size, b->size);
    COMPARE(a->match_data, b->match_data);
    COMPARE(a->data, b->data);
    COMPARE(a->fd, b->fd);
    COMPARE(a->mr, b->mr);
    COMPARE(a->offset_in_region, b->offset_in_region);
    return 0;
}

int view_coalesced_compare(const ViewCoalesced *a, const ViewCoalesced *b)
{
    COMPARE(a->addr, b->addr);
    COMPARE(a->size, b->size);
    COMPARE(a->mr, b->mr);
    COMPARE(a->offset_in_region, b->offset_in_region);
    return 0;
}

static bool eventfds_equal(const GArray *a, const GArray *b)
{
    guint n = a ? a->len : 0;

    if (n != (b ? b->len : 0)) {
        return false;
    }
    for (guint i = 0; i < n; i++) {
        if (view_eventfd_compare(&g_array_index(a, ViewEventfd, i),
                                 &g_array_index(b, ViewEventfd, i)) != 0) {
            return false;
        }
    }
    return true;
}

static bool coalesced_equal(const GArray *a, const GArray *b)
{
    guint n = a ? a->len : 0;

    if (n != (b ? b->len : 0)) {
        return false;
    }
    for (guint i = 0; i < n; i++) {
        if (view_coalesced_compare(&g_array_index(a, ViewCoalesced, i),
                                   &g_array_index(b, ViewCoalesced, i)) != 0) {
            return false;
        }
    }
    return true;
}

bool flatview_equal(const FlatView *a, const FlatView *b)
{
    if (a->n != b->n) {
        return false;
    }
    for (size_t i = 0; i < a->n; i++) {
        if (!flatrange_same(&a->ranges[i], &b->ranges[i]) ||
            a->ranges[i].dirty_clients != b->ranges[i].dirty_clients) {
            return false;
        }
    }
    return eventfds_equal(a->eventfds, b->eventfds) && coalesced_equal(a->coalesced, b->coalesced);
}
