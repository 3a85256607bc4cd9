/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Address spaces: how one view becomes the next, and who hears of it.
 *
 * A commit renders every pending address space, and compares the old view with the new: ranges,
 * ioeventfds and coalesced ranges are each in address order, so one pass over both sides finds
 * what went and what came. Listeners hear of differences alone.
 */
#include "internal.h"

#include "effect.h"

struct AddressSpaceHead address_spaces = TAILQ_HEAD_INITIALIZER(address_spaces);

static struct {
    void (*drain)(void *opaque);
    void *opaque;
} drain_hook;

/* An address space in the middle of a commit. */
typedef struct Change {
    AddressSpace *as;
    FlatView *old_view;
    FlatView *new_view;
} Change;

/* Call one callback of every listener of `as` that has it, by rising or falling priority. */
#define CALL_RISING(as, callback, ...)                                                             \
    do {                                                                                           \
        MemoryListener *listener_;                                                                 \
        TAILQ_FOREACH (listener_, &(as)->listeners, link) {                                        \
            if (listener_->callback) {                                                             \
                listener_->callback(listener_, ##__VA_ARGS__);                                     \
            }                                                                                      \
        }                                                                                          \
    } while (0)

#define CALL_FALLING(as, callback, ...)                                                            \
    do {                                                                                           \
        MemoryListener *listener_;                                                                 \
        TAILQ_FOREACH_REVERSE (listener_, &(as)->listeners, MemoryListenerHead, link) {            \
            if (listener_->callback) {                                                             \
                listener_->callback(listener_, ##__VA_ARGS__);                                     \
            }                                                                                      \
        }                                                                                          \
    } while (0)

/* -------------------------------------------------------------------------------- sections -- */

MemoryRegionSection section_of_range(AddressSpace *as, const FlatRange *range)
{
    return (MemoryRegionSection){
        .mr = range->mr,
        .as = as,
        .offset_within_region = range->offset_in_region,
        .offset_within_address_space = range->addr,
        .size = range->size,
        .readonly = range->readonly,
        .romd = range->romd,
        .dirty_clients = range->dirty_clients,
    };
}

static MemoryRegionSection section_of_eventfd(AddressSpace *as, const ViewEventfd *e)
{
    return (MemoryRegionSection){
        .mr = e->mr,
        .as = as,
        .offset_within_region = e->offset_in_region,
        .offset_within_address_space = e->addr,
        .size = e->size,
    };
}

/* -------------------------------------------------------------------------------- one pass -- */

/*
 * A walk over two sorted lists. Each step yields an element of the old list alone, of the new one
 * alone, or of both: the side that has none is -1.
 */
typedef struct Walk {
    size_t n_old, n_new;
    size_t next_old, next_new;
    ssize_t old_index, new_index;
} Walk;

static bool walk_more(const Walk *w)
{
    return w->next_old < w->n_old || w->next_new < w->n_new;
}

/* Take a step; `order` says how the two next elements compare, and counts only if both exist. */
static void walk_step(Walk *w, int order)
{
    bool has_old = w->next_old < w->n_old;
    bool has_new = w->next_new < w->n_new;

    w->old_index = has_old && (!has_new || order <= 0) ? (ssize_t)w->next_old++ : -1;
    w->new_index = has_new && (!has_old || order >= 0) ? (ssize_t)w->next_new++ : -1;
}

static bool walk_both(const Walk *w)
{
    return w->next_old < w->n_old && w->next_new < w->n_new;
}

static bool walk_ranges(Walk *w, const FlatView *old_view, const FlatView *new_view)
{
    int order = 0;

    if (!walk_more(w)) {
        return false;
    }
    if (walk_both(w)) {
        const FlatRange *o = &old_view->ranges[w->next_old];
        const FlatRange *n = &new_view->ranges[w->next_new];

        /* Two ranges that start together and differ: the old one first, then the new one. */
        order = flatrange_same(o, n) ? 0 : o->addr <= n->addr ? -1 : 1;
    }
    walk_step(w, order);
    return true;
}

static bool walk_eventfds(Walk *w, const FlatView *old_view, const FlatView *new_view)
{
    int order = 0;

    if (!walk_more(w)) {
        return false;
    }
    if (walk_both(w)) {
        order = view_eventfd_compare(&g_array_index(old_view->eventfds, ViewEventfd, w->next_old),
                                     &g_array_index(new_view->eventfds, ViewEventfd, w->next_new));
    }
    walk_step(w, order);
    return true;
}

static bool walk_coalesced(Walk *w, const FlatView *old_view, const FlatView *new_view)
{
    int order = 0;

    if (!walk_more(w)) {
        return false;
    }
    if (walk_both(w)) {
        order =
            view_coalesced_compare(&g_array_index(old_view->coalesced, ViewCoalesced, w->next_old),
                                   &g_array_index(new_view->coalesced, ViewCoalesced, w->next_new));
    }
    walk_step(w, order);
    return true;
}

static size_t array_len(const GArray *array)
{
    return array ? array->len : 0;
}

static Walk walk_begin(size_t n_old, size_t n_new)
{
    return (Walk){.n_old = n_old, .n_new = n_new};
}

/* ------------------------------------------------------------------ what a commit tells whom -- */

/* Tell of all that goes away; returns whether a coalesced range does. */
static bool tell_removals(const Change *c)
{
    bool coalesced_gone = false;
    Walk w;

    w = walk_begin(array_len(c->old_view->coalesced), array_len(c->new_view->coalesced));
    while (walk_coalesced(&w, c->old_view, c->new_view)) {
        if (w.new_index < 0) {
            const ViewCoalesced *gone =
                &g_array_index(c->old_view->coalesced, ViewCoalesced, w.old_index);
            MemoryRegionSection s = section_of_range(c->as, &c->old_view->ranges[gone->range]);

            CALL_FALLING(c->as, coalesced_io_del, &s, gone->addr, gone->size);
            coalesced_gone = true;
        }
    }
    w = walk_begin(array_len(c->old_view->eventfds), array_len(c->new_view->eventfds));
    while (walk_eventfds(&w, c->old_view, c->new_view)) {
        if (w.new_index < 0) {
            const ViewEventfd *e = &g_array_index(c->old_view->eventfds, ViewEventfd, w.old_index);
            MemoryRegionSection s = section_of_eventfd(c->as, e);

            CALL_FALLING(c->as, eventfd_del, &s, e->match_data, e->data, e->fd);
        }
    }
    w = walk_begin(c->old_view->n, c->new_view->n);
    while (walk_ranges(&w, c->old_view, c->new_view)) {
        if (w.new_index < 0) {
            MemoryRegionSection s = section_of_range(c->as, &c->old_view->ranges[w.old_index]);

            CALL_FALLING(c->as, region_del, &s);
        }
    }
    return coalesced_gone;
}

/* A range stays; its dirty log may not. */
static void tell_staying_range(AddressSpace *as, const FlatRange *was, const FlatRange *is)
{
    MemoryRegionSection s = section_of_range(as, is);

    CALL_RISING(as, region_nop, &s);
    if (is->dirty_clients & ~was->dirty_clients) {
        CALL_RISING(as, log_start, &s, was->dirty_clients, is->dirty_clients);
    }
    if (was->dirty_clients & ~is->dirty_clients) {
        CALL_FALLING(as, log_stop, &s, was->dirty_clients, is->dirty_clients);
    }
}

/* Tell of all that is new and of what stays. */
static void tell_additions(const Change *c)
{
    Walk w;

    w = walk_begin(c->old_view->n, c->new_view->n);
    while (walk_ranges(&w, c->old_view, c->new_view)) {
        if (w.new_index >= 0 && w.old_index >= 0) {
            tell_staying_range(c->as, &c->old_view->ranges[w.old_index],
                               &c->new_view->ranges[w.new_index]);
        } else if (w.new_index >= 0) {
            MemoryRegionSection s = section_of_range(c->as, &c->new_view->ranges[w.new_index]);

            CALL_RISING(c->as, region_add, &s);
        }
    }
    w = walk_begin(array_len(c->old_view->eventfds), array_len(c->new_view->eventfds));
    while (walk_eventfds(&w, c->old_view, c->new_view)) {
        if (w.old_index < 0) {
            const ViewEventfd *e = &g_array_index(c->new_view->eventfds, ViewEventfd, w.new_index);
            MemoryRegionSection s = section_of_eventfd(c->as, e);

            CALL_RISING(c->as, eventfd_add, &s, e->match_data, e->data, e->fd);
        }
    }
    w = walk_begin(array_len(c->old_view->coalesced), array_len(c->new_view->coalesced));
    while (walk_coalesced(&w, c->old_view, c->new_view)) {
        if (w.old_index < 0) {
            const ViewCoalesced *added =
                &g_array_index(c->new_view->coalesced, ViewCoalesced, w.new_index);
            MemoryRegionSection s = section_of_range(c->as, &c->new_view->ranges[added->range]);

            CALL_RISING(c->as, coalesced_io_add, &s, added->addr, added->size);
        }
    }
}

/* ---------------------------------------------------------------------------------- commit -- */

void memory_set_drain_hook(void (*drain)(void *opaque), void *opaque)
{
    drain_hook.drain = drain;
    drain_hook.opaque = opaque;
}

void address_spaces_touch_root(const MemoryRegion *mr)
{
    AddressSpace *as;

    TAILQ_FOREACH (as, &address_spaces, link) {
        if (as->root == mr) {
            as->pending = true;
        }
    }
}

/* Render what is pending; the address spaces whose view really differs are the answer. */
static GArray *collect_changes(void)
{
    GArray *changes = g_array_new(FALSE, FALSE, sizeof(Change));
    AddressSpace *as;

    TAILQ_FOREACH (as, &address_spaces, link) {
        Change change = {.as = as, .old_view = as->view};

        if (!as->pending) {
            continue;
        }
        as->pending = false;
        change.new_view = flatview_render(as->root);
        if (flatview_equal(change.old_view, change.new_view)) {
            flatview_unref(change.new_view);
        } else {
            g_array_append_val(changes, change);
        }
    }
    return changes;
}

void address_spaces_update(void)
{
    g_autoptr(GArray) changes = collect_changes();
    bool coalesced_gone = false;

    if (changes->len != 0) {
        effect_note(effect_hook_memory, EFFECT_MAP);
    }
    for (guint i = 0; i < changes->len; i++) {
        const Change *c = &g_array_index(changes, Change, i);

        CALL_RISING(c->as, begin);
        coalesced_gone |= tell_removals(c);
    }
    /* No write can be queued for these ranges any more; those that were still find the old view. */
    if (coalesced_gone && drain_hook.drain) {
        drain_hook.drain(drain_hook.opaque);
    }
    for (guint i = 0; i < changes->len; i++) {
        const Change *c = &g_array_index(changes, Change, i);

        c->as->view = c->new_view;
    }
    for (guint i = 0; i < changes->len; i++) {
        const Change *c = &g_array_index(changes, Change, i);

        tell_additions(c);
        CALL_RISING(c->as, commit);
        flatview_unref(c->old_view);
    }
}

/* -------------------------------------------------------------------- making address spaces -- */

void address_space_init(AddressSpace *as, MemoryRegion *root, const char *name)
{
    g_assert(!memory_region_committing());
    *as = (AddressSpace){.name = g_strdup(name), .root = root};
    TAILQ_INIT(&as->listeners);
    root->roots++;
    as->view = flatview_render(root);
    /* In the middle of a transaction, parts of the tree may be marked as changed already, and will
     * not be marked again. */
    as->pending = memory_region_in_transaction();
    TAILQ_INSERT_TAIL(&address_spaces, as, link);
}

void address_space_destroy(AddressSpace *as)
{
    if (!as->view) {
        return;
    }
    g_assert(!memory_region_committing());
    g_assert(TAILQ_EMPTY(&as->listeners) && !as->bounce_buffer);
    g_assert(array_len(as->maps) == 0);
    TAILQ_REMOVE(&address_spaces, as, link);
    as->root->roots--;
    g_clear_pointer(&as->maps, g_array_unref);
    flatview_unref(as->view);
    g_free(as->name);
    *as = (AddressSpace){};
}

FlatView *address_space_get_flatview(AddressSpace *as)
{
    flatview_ref(as->view);
    return as->view;
}

/* ------------------------------------------------------------------------------- listeners -- */

/* Call one callback of one listener, if it has it. */
#define CALL_ONE(listener, callback, ...)                                                          \
    do {                                                                                           \
        if ((listener)->callback) {                                                                \
            (listener)->callback((listener), ##__VA_ARGS__);                                       \
        }                                                                                          \
    } while (0)

void memory_listener_register(MemoryListener *listener, AddressSpace *as)
{
    const FlatView *view = as->view;
    MemoryListener *other;

    g_assert(!listener->as && !memory_region_committing());
    listener->as = as;
    TAILQ_FOREACH (other, &as->listeners, link) {
        if (other->priority > listener->priority) {
            break;
        }
    }
    if (other) {
        TAILQ_INSERT_BEFORE(other, listener, link);
    } else {
        TAILQ_INSERT_TAIL(&as->listeners, listener, link);
    }

    CALL_ONE(listener, begin);
    for (size_t i = 0; i < view->n; i++) {
        MemoryRegionSection s = section_of_range(as, &view->ranges[i]);

        CALL_ONE(listener, region_add, &s);
    }
    for (size_t i = 0; i < array_len(view->eventfds); i++) {
        const ViewEventfd *e = &g_array_index(view->eventfds, ViewEventfd, i);
        MemoryRegionSection s = section_of_eventfd(as, e);

        CALL_ONE(listener, eventfd_add, &s, e->match_data, e->data, e->fd);
    }
    for (size_t i = 0; i < array_len(view->coalesced); i++) {
        const ViewCoalesced *c = &g_array_index(view->coalesced, ViewCoalesced, i);
        MemoryRegionSection s = section_of_range(as, &view->ranges[c->range]);

        CALL_ONE(listener, coalesced_io_add, &s, c->addr, c->size);
    }
    CALL_ONE(listener, commit);
}

void memory_listener_unregister(MemoryListener *listener)
{
    AddressSpace *as = listener->as;
    const FlatView *view;

    if (!as) {
        return;
    }
    g_assert(!memory_region_committing());
    view = as->view;
    CALL_ONE(listener, begin);
    for (size_t i = 0; i < array_len(view->coalesced); i++) {
        const ViewCoalesced *c = &g_array_index(view->coalesced, ViewCoalesced, i);
        MemoryRegionSection s = section_of_range(as, &view->ranges[c->range]);

        CALL_ONE(listener, coalesced_io_del, &s, c->addr, c->size);
    }
    for (size_t i = 0; i < array_len(view->eventfds); i++) {
        const ViewEventfd *e = &g_array_index(view->eventfds, ViewEventfd, i);
        MemoryRegionSection s = section_of_eventfd(as, e);

        CALL_ONE(listener, eventfd_del, &s, e->match_data, e->data, e->fd);
    }
    for (size_t i = 0; i < view->n; i++) {
        MemoryRegionSection s = section_of_range(as, &view->ranges[i]);

        CALL_ONE(listener, region_del, &s);
    }
    CALL_ONE(listener, commit);
    TAILQ_REMOVE(&as->listeners, listener, link);
    listener->as = NULL;
}

void address_spaces_log_sync(MemoryRegion *mr, hwaddr addr, hwaddr size)
{
    uint128 end = addr + size_to_uint128(size);
    AddressSpace *as;

    TAILQ_FOREACH (as, &address_spaces, link) {
        for (size_t i = 0; i < as->view->n; i++) {
            const FlatRange *range = &as->view->ranges[i];
            uint128 range_end = range->offset_in_region + size_to_uint128(range->size);

            if (range->mr == mr && range->dirty_clients && range->offset_in_region < end &&
                addr < range_end) {
                MemoryRegionSection s = section_of_range(as, range);

                CALL_RISING(as, log_sync, &s);
            }
        }
    }
}

/* ---------------------------------------------------------------------------------- lookup -- */

MemoryRegionSection address_space_lookup(AddressSpace *as, hwaddr addr, hwaddr size)
{
    uint128 wanted = size_to_uint128(size);
    uint128 hole;
    const FlatRange *range = flatview_find(as->view, addr, &hole);
    MemoryRegionSection s;

    if (!range) {
        return (MemoryRegionSection){
            .as = as,
            .offset_within_address_space = addr,
            .size = size_from_uint128(MIN(wanted, hole)),
        };
    }
    s = section_of_range(as, range);
    s.offset_within_region += addr - range->addr;
    s.offset_within_address_space = addr;
    s.size = size_from_uint128(MIN(wanted, size_to_uint128(range->size) - (addr - range->addr)));
    return s;
}

MemoryRegionSection memory_region_find(MemoryRegion *mr, hwaddr addr, hwaddr size)
{
    AddressSpace *as;

    for (;; mr = mr->container) {
        if (mr->roots > 0) {
            TAILQ_FOREACH (as, &address_spaces, link) {
                if (as->root == mr) {
                    return address_space_lookup(as, addr, size);
                }
            }
        }
        if (!mr->container) {
            return (MemoryRegionSection){.offset_within_address_space = addr, .size = size};
        }
        addr += mr->addr;
    }
}
