/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text of `info mtree`, in the layout that QEMU's clients read: the trees of all address
 * spaces, then once each the trees that aliases point into; or the flat views.
 *
 * Beyond that layout, a flat view's range is followed by the coalesced ranges and the ioeventfds
 * that lie in it.
 */
#include "internal.h"

#include <inttypes.h>

typedef struct TreePrinter {
    GString *out;
    bool show_owner;
    bool show_disabled;
    GPtrArray *targets; /* of the aliases met so far, each once */
} TreePrinter;

static const char *kind_name(const MemoryRegion *mr, bool readonly)
{
    switch (mr->kind) {
    case MEMORY_REGION_CONTAINER:
        return "container";
    case MEMORY_REGION_IO:
        return "i/o";
    case MEMORY_REGION_RAM:
        return readonly || mr->readonly ? "rom" : "ram";
    case MEMORY_REGION_ROM_DEVICE:
        return mr->romd_mode ? "romd" : "i/o";
    case MEMORY_REGION_ALIAS:
        break;
    }
    g_assert_not_reached();
}

/* What a chain of aliases shows. It ends: a target is there before its alias. */
static const MemoryRegion *alias_end(const MemoryRegion *mr)
{
    while (mr->kind == MEMORY_REGION_ALIAS) {
        mr = mr->alias;
    }
    return mr;
}

static void print_span(GString *out, hwaddr start, hwaddr size)
{
    g_string_append_printf(out, "%016" PRIx64 "-%016" PRIx64, start,
                           size ? range_last(start, size) : start);
}

static void print_owner(GString *out, const MemoryRegion *mr)
{
    if (mr->owner) {
        g_string_append_printf(out, " owner:{dev id=%s}", mr->owner->name ? mr->owner->name : "");
    }
}

static void note_target(TreePrinter *p, MemoryRegion *target)
{
    if (!g_ptr_array_find(p->targets, target, NULL)) {
        g_ptr_array_add(p->targets, target);
    }
}

/* By address; what starts together from the top down. */
static int compare_places(gconstpointer a, gconstpointer b)
{
    const MemoryRegion *l = *(MemoryRegion *const *)a;
    const MemoryRegion *r = *(MemoryRegion *const *)b;

    if (l->addr != r->addr) {
        return l->addr < r->addr ? -1 : 1;
    }
    return (r->priority > l->priority) - (r->priority < l->priority);
}

static GPtrArray *sorted_subregions(MemoryRegion *mr)
{
    GPtrArray *subs = g_ptr_array_new();
    MemoryRegion *sub;

    TAILQ_FOREACH (sub, &mr->subregions, sibling) {
        g_ptr_array_add(subs, sub);
    }
    g_ptr_array_sort(subs, compare_places);
    return subs;
}

/* `base` is where the region's container has its byte 0. */
static void print_region(TreePrinter *p, MemoryRegion *mr, hwaddr base, int indent)
{
    g_autoptr(GPtrArray) subs = sorted_subregions(mr);
    hwaddr addr = base + mr->addr;

    if (!mr->enabled && !p->show_disabled) {
        return;
    }
    g_string_append_printf(p->out, "%*s", indent, "");
    print_span(p->out, addr, mr->size);
    if (mr->kind == MEMORY_REGION_ALIAS) {
        note_target(p, mr->alias);
        g_string_append_printf(p->out, " (prio %d, %s): alias %s @%s ", mr->priority,
                               kind_name(alias_end(mr), mr->readonly), mr->name, mr->alias->name);
        print_span(p->out, mr->alias_offset, mr->size);
    } else {
        g_string_append_printf(p->out, " (prio %d, %s): %s", mr->priority, kind_name(mr, false),
                               mr->name);
    }
    if (!mr->enabled) {
        g_string_append(p->out, " [disabled]");
    }
    if (p->show_owner) {
        print_owner(p->out, mr);
    }
    g_string_append_c(p->out, '\n');

    for (guint i = 0; i < subs->len; i++) {
        print_region(p, g_ptr_array_index(subs, i), addr, indent + 2);
    }
}

void memory_print_tree(GString *out, bool show_owner, bool show_disabled)
{
    g_autoptr(GPtrArray) targets = g_ptr_array_new();
    TreePrinter p = {
        .out = out, .show_owner = show_owner, .show_disabled = show_disabled, .targets = targets};
    AddressSpace *as;

    TAILQ_FOREACH (as, &address_spaces, link) {
        g_string_append_printf(out, "address-space: %s\n", as->name);
        print_region(&p, as->root, 0, 2);
        g_string_append_c(out, '\n');
    }
    /* The list grows as these trees name further targets. */
    for (guint i = 0; i < targets->len; i++) {
        MemoryRegion *mr = g_ptr_array_index(targets, i);

        g_string_append_printf(out, "memory-region: %s\n", mr->name);
        print_region(&p, mr, 0, 2);
        g_string_append_c(out, '\n');
    }
}

/* ------------------------------------------------------------------------------ flat views -- */

static void print_flat_range(GString *out, const FlatRange *range, bool show_owner)
{
    g_string_append(out, "  ");
    print_span(out, range->addr, range->size);
    g_string_append_printf(out, " (prio %d, %s): %s", range->mr->priority,
                           kind_name(range->mr, range->readonly), range->mr->name);
    if (range->offset_in_region) {
        g_string_append_printf(out, " @%016" PRIx64, range->offset_in_region);
    }
    if (show_owner) {
        print_owner(out, range->mr);
    }
    g_string_append_c(out, '\n');
}

static void print_eventfd(GString *out, const ViewEventfd *e)
{
    g_string_append_printf(out, "    %016" PRIx64 " ioeventfd", e->addr);
    if (e->size) {
        g_string_append_printf(out, " size %u", e->size);
    }
    if (e->match_data) {
        g_string_append_printf(out, " data 0x%" PRIx64, e->data);
    }
    g_string_append_c(out, '\n');
}

static void print_view(GString *out, const FlatView *view, bool show_owner)
{
    guint c = 0, e = 0;

    if (view->n == 0) {
        g_string_append(out, "  No rendered FlatView\n");
    }
    for (size_t i = 0; i < view->n; i++) {
        const FlatRange *range = &view->ranges[i];

        print_flat_range(out, range, show_owner);
        for (; view->coalesced && c < view->coalesced->len; c++) {
            const ViewCoalesced *co = &g_array_index(view->coalesced, ViewCoalesced, c);

            if (co->range != i) {
                break;
            }
            g_string_append(out, "    ");
            print_span(out, co->addr, co->size);
            g_string_append(out, " coalesced\n");
        }
        for (; view->eventfds && e < view->eventfds->len; e++) {
            const ViewEventfd *ev = &g_array_index(view->eventfds, ViewEventfd, e);

            if (!range_holds(range->addr, range->size, ev->addr)) {
                break;
            }
            print_eventfd(out, ev);
        }
    }
}

/* Whether an address space before `as` has the same root, and so the same view. */
static bool is_printed(const AddressSpace *as)
{
    const AddressSpace *other;

    TAILQ_FOREACH (other, &address_spaces, link) {
        if (other == as) {
            return false;
        }
        if (other->root == as->root) {
            return true;
        }
    }
    return false;
}

void memory_print_flat(GString *out, bool show_owner)
{
    const AddressSpace *as, *other;
    unsigned number = 0;

    TAILQ_FOREACH (as, &address_spaces, link) {
        if (is_printed(as)) {
            continue;
        }
        g_string_append_printf(out, "FlatView #%u\n", number++);
        TAILQ_FOREACH (other, &address_spaces, link) {
            if (other->root == as->root) {
                g_string_append_printf(out, " AS \"%s\", root: %s\n", other->name,
                                       other->root->name);
            }
        }
        g_string_append_printf(out, " Root memory region: %s\n", as->root->name);
        print_view(out, as->view, show_owner);
        g_string_append_c(out, '\n');
    }
}
