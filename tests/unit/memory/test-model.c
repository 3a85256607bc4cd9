/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The library against a naive model, on random trees and random edits.
 *
 * The model keeps its own notes of every region and answers by asking all of them for one byte.
 * After each commit every byte of the window (or, in a space of 2^64 bytes, every boundary) must
 * agree with the view; a listener that was there from the start, and one that comes late, must
 * have heard what rebuilds the view from nothing; reads and writes must reach what the model says.
 *
 * The seed is printed; --seed repeats a run.
 */
#include "common.h"

#include <fcntl.h>
#include <unistd.h>

#define NODES          14
#define MAX_ALIASES    4
#define WINDOW         0x1000
#define EDITS          12000
#define EDITS_PER_TREE 60
#define MAX_EVENTFDS   4

typedef struct Node {
    MemoryRegion mr;
    MemoryRegionKind kind;
    unsigned id;
    bool live;
    hwaddr size;
    bool enabled, readonly, romd;
    bool wide; /* accepts 1..8 bytes unaligned; else 1..4 aligned */
    bool visiting;
    uint8_t clients;

    struct Node *parent;
    hwaddr addr;
    int priority;
    unsigned sequence; /* of its insertion */

    struct Node *target;
    hwaddr offset;

    uint8_t *shadow;   /* what its memory should hold */
    GArray *coalesced; /* MemoryRange, as added */
    GArray *eventfds;  /* MemoryRegionIoeventfd, as added */
} Node;

/* What a listener has heard, put together. */
typedef struct Replay {
    MemoryListener listener;
    GArray *sections;  /* MemoryRegionSection */
    GArray *coalesced; /* Zone */
    GArray *eventfds;  /* Doorbell */
    int phase;
    unsigned kept;         /* region_add and region_nop in this commit */
    GArray *gone_sections; /* in this commit */
    GArray *gone_coalesced;
    GArray *gone_eventfds;
} Replay;

typedef struct Zone {
    hwaddr addr, size;
    MemoryRegion *mr;
    hwaddr offset;
} Zone;

typedef struct Doorbell {
    hwaddr addr;
    hwaddr size;
    uint64_t data;
    MemoryRegion *mr;
    hwaddr offset;
    int fd;
    bool match_data;
} Doorbell;

static Node nodes[NODES];
static Node *const roots[2] = {&nodes[0], &nodes[1]};
static AddressSpace spaces[2];
static Replay replays[2];
static bool huge;
static unsigned sequence;
static int eventfd_fd;
static GString *expected_calls, *seen_calls;
static unsigned drains, coalesced_removals;
static FlatView *views_before[2];

static unsigned rnd(unsigned n)
{
    return g_test_rand_int_range(0, n);
}

static bool chance(unsigned percent)
{
    return rnd(100) < percent;
}

/* ------------------------------------------------------------------------------- the model -- */

typedef struct Answer {
    Node *node; /* NULL: nothing */
    hwaddr offset;
    bool readonly;
} Answer;

static unsigned __int128 wide_size(hwaddr size)
{
    return size == MEMORY_SIZE_ALL ? (unsigned __int128)1 << 64 : size;
}

/* What answers at `offset` of `node`: the rule of the header, one byte at a time. */
static Answer ask(Node *node, __int128 offset, bool readonly)
{
    Answer none = {};
    bool asked[NODES] = {};

    if (!node->enabled || offset < 0 || offset >= (__int128)wide_size(node->size)) {
        return none;
    }
    readonly |= node->readonly;
    if (node->kind == MEMORY_REGION_ALIAS) {
        Answer a = none;

        if (!node->visiting) {
            node->visiting = true;
            a = ask(node->target, offset + node->offset, readonly);
            node->visiting = false;
        }
        return a;
    }
    for (;;) {
        Node *best = NULL;
        Answer a;

        for (unsigned i = 0; i < NODES; i++) {
            Node *n = &nodes[i];

            if (n->live && n->parent == node && !asked[i] &&
                (!best || n->priority > best->priority ||
                 (n->priority == best->priority && n->sequence > best->sequence))) {
                best = n;
            }
        }
        if (!best) {
            break;
        }
        asked[best->id] = true;
        a = ask(best, offset - best->addr, readonly);
        if (a.node) {
            return a;
        }
    }
    if (node->kind == MEMORY_REGION_CONTAINER) {
        return none;
    }
    return (Answer){.node = node, .offset = offset, .readonly = readonly};
}

static bool answers_as_memory(const Answer *a)
{
    return a->node->kind == MEMORY_REGION_RAM ||
           (a->node->kind == MEMORY_REGION_ROM_DEVICE && a->node->romd);
}

/* ---------------------------------------------------------------------------- the handlers -- */

static uint8_t device_byte(unsigned id, hwaddr offset)
{
    return (id * 37 + offset * 11 + (offset >> 8) * 3) & 0xff;
}

static uint64_t node_read(void *opaque, hwaddr addr, unsigned size)
{
    const Node *n = opaque;
    uint64_t value = 0;

    g_assert_true(addr + (unsigned __int128)size <= wide_size(n->size));
    for (unsigned i = 0; i < size; i++) {
        value |= (uint64_t)device_byte(n->id, addr + i) << 8 * i;
    }
    return value;
}

static void note_call(GString *calls, const Node *n, hwaddr addr, uint64_t data, unsigned size)
{
    g_string_append_printf(calls, "%u:%" PRIx64 "/%u=%" PRIx64 " ", n->id, addr, size, data);
}

static void node_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    note_call(seen_calls, opaque, addr, data, size);
}

static const MemoryRegionOps narrow_ops = {.read = node_read, .write = node_write};
static const MemoryRegionOps wide_ops = {
    .read = node_read,
    .write = node_write,
    .valid = {.max_access_size = 8, .unaligned = true},
    .impl = {.max_access_size = 8, .unaligned = true},
};

/* ------------------------------------------------------------------------------ the replay -- */

enum {
    IDLE,
    BEGUN,
    COALESCED_DEL,
    EVENTFD_DEL,
    REGION_DEL,
    REGION_ADD,
    EVENTFD_ADD,
    COALESCED_ADD
};

#define REPLAY(l) ((Replay *)(l))

static void enter_phase(Replay *r, int phase)
{
    g_assert_cmpint(r->phase, !=, IDLE);
    g_assert_cmpint(r->phase, <=, phase);
    r->phase = phase;
}

static bool take(GArray *array, const void *element, bool remove)
{
    guint size = g_array_get_element_size(array);

    for (guint i = 0; i < array->len; i++) {
        if (memcmp(array->data + i * size, element, size) == 0) {
            if (remove) {
                g_array_remove_index_fast(array, i);
            }
            return true;
        }
    }
    return false;
}

/* Sections have padding; this makes equal ones equal byte for byte, and forgets the dirty log. */
static MemoryRegionSection packed(const MemoryRegionSection *s)
{
    MemoryRegionSection p;

    memset(&p, 0, sizeof(p));
    p.mr = s->mr;
    p.as = s->as;
    p.offset_within_region = s->offset_within_region;
    p.offset_within_address_space = s->offset_within_address_space;
    p.size = s->size;
    p.readonly = s->readonly;
    p.romd = s->romd;
    return p;
}

static void on_begin(MemoryListener *l)
{
    Replay *r = REPLAY(l);

    g_assert_cmpint(r->phase, ==, IDLE);
    r->phase = BEGUN;
    r->kept = 0;
    g_array_set_size(r->gone_sections, 0);
    g_array_set_size(r->gone_coalesced, 0);
    g_array_set_size(r->gone_eventfds, 0);
}

static void on_commit(MemoryListener *l)
{
    enter_phase(REPLAY(l), COALESCED_ADD);
    g_assert_cmpuint(REPLAY(l)->kept, ==, REPLAY(l)->sections->len);
    REPLAY(l)->phase = IDLE;
}

static void on_region_del(MemoryListener *l, const MemoryRegionSection *s)
{
    MemoryRegionSection p = packed(s);

    enter_phase(REPLAY(l), REGION_DEL);
    g_assert_true(take(REPLAY(l)->sections, &p, true));
    g_array_append_val(REPLAY(l)->gone_sections, p);
}

static void on_region_add(MemoryListener *l, const MemoryRegionSection *s)
{
    MemoryRegionSection p = packed(s);

    enter_phase(REPLAY(l), REGION_ADD);
    g_assert_false(take(REPLAY(l)->gone_sections, &p, false));
    for (guint i = 0; i < REPLAY(l)->sections->len; i++) {
        const MemoryRegionSection *o = &g_array_index(REPLAY(l)->sections, MemoryRegionSection, i);

        g_assert_true(
            o->offset_within_address_space + wide_size(o->size) <= p.offset_within_address_space ||
            p.offset_within_address_space + wide_size(p.size) <= o->offset_within_address_space);
    }
    g_array_append_val(REPLAY(l)->sections, p);
    REPLAY(l)->kept++;
}

static void on_region_nop(MemoryListener *l, const MemoryRegionSection *s)
{
    MemoryRegionSection p = packed(s);

    enter_phase(REPLAY(l), REGION_ADD);
    g_assert_true(take(REPLAY(l)->sections, &p, false));
    REPLAY(l)->kept++;
}

static void on_log_start(MemoryListener *l, const MemoryRegionSection *s, uint8_t was, uint8_t is)
{
    enter_phase(REPLAY(l), REGION_ADD);
    g_assert_cmpint(is & ~was, !=, 0);
    g_assert_cmpint(s->dirty_clients, ==, is);
}

static void on_log_stop(MemoryListener *l, const MemoryRegionSection *s, uint8_t was, uint8_t is)
{
    enter_phase(REPLAY(l), REGION_ADD);
    g_assert_cmpint(was & ~is, !=, 0);
    g_assert_cmpint(s->dirty_clients, ==, is);
}

static Doorbell doorbell_of(const MemoryRegionSection *s, bool match_data, uint64_t data, int fd)
{
    Doorbell d;

    memset(&d, 0, sizeof(d));
    d.addr = s->offset_within_address_space;
    d.size = s->size;
    d.data = data;
    d.mr = s->mr;
    d.offset = s->offset_within_region;
    d.fd = fd;
    d.match_data = match_data;
    return d;
}

static void on_eventfd_del(MemoryListener *l, const MemoryRegionSection *s, bool match_data,
                           uint64_t data, int fd)
{
    Doorbell d = doorbell_of(s, match_data, data, fd);

    enter_phase(REPLAY(l), EVENTFD_DEL);
    g_assert_true(take(REPLAY(l)->eventfds, &d, true));
    g_array_append_val(REPLAY(l)->gone_eventfds, d);
}

static void on_eventfd_add(MemoryListener *l, const MemoryRegionSection *s, bool match_data,
                           uint64_t data, int fd)
{
    Doorbell d = doorbell_of(s, match_data, data, fd);

    enter_phase(REPLAY(l), EVENTFD_ADD);
    g_assert_false(take(REPLAY(l)->gone_eventfds, &d, false));
    g_assert_false(take(REPLAY(l)->eventfds, &d, false));
    g_array_append_val(REPLAY(l)->eventfds, d);
}

static Zone zone_of(const MemoryRegionSection *s, hwaddr addr, hwaddr size)
{
    hwaddr skip = addr - s->offset_within_address_space;

    /* A zone lies in the section that comes with it. */
    g_assert_true(addr >= s->offset_within_address_space);
    g_assert_true(skip + wide_size(size) <= wide_size(s->size));
    return (Zone){
        .addr = addr, .size = size, .mr = s->mr, .offset = s->offset_within_region + skip};
}

static void on_coalesced_del(MemoryListener *l, const MemoryRegionSection *s, hwaddr addr,
                             hwaddr size)
{
    Zone z = zone_of(s, addr, size);

    enter_phase(REPLAY(l), COALESCED_DEL);
    g_assert_true(take(REPLAY(l)->coalesced, &z, true));
    g_array_append_val(REPLAY(l)->gone_coalesced, z);
    coalesced_removals++;
}

static void on_coalesced_add(MemoryListener *l, const MemoryRegionSection *s, hwaddr addr,
                             hwaddr size)
{
    Zone z = zone_of(s, addr, size);

    enter_phase(REPLAY(l), COALESCED_ADD);
    g_assert_false(take(REPLAY(l)->gone_coalesced, &z, false));
    for (guint i = 0; i < REPLAY(l)->coalesced->len; i++) {
        const Zone *o = &g_array_index(REPLAY(l)->coalesced, Zone, i);

        g_assert_true(o->addr + wide_size(o->size) <= addr || addr + wide_size(size) <= o->addr);
    }
    g_array_append_val(REPLAY(l)->coalesced, z);
}

static void replay_start(Replay *r, AddressSpace *as)
{
    *r = (Replay){
        .listener = {.name = "replay",
                     .begin = on_begin,
                     .commit = on_commit,
                     .region_add = on_region_add,
                     .region_del = on_region_del,
                     .region_nop = on_region_nop,
                     .log_start = on_log_start,
                     .log_stop = on_log_stop,
                     .eventfd_add = on_eventfd_add,
                     .eventfd_del = on_eventfd_del,
                     .coalesced_io_add = on_coalesced_add,
                     .coalesced_io_del = on_coalesced_del},
        .sections = g_array_new(FALSE, FALSE, sizeof(MemoryRegionSection)),
        .coalesced = g_array_new(FALSE, FALSE, sizeof(Zone)),
        .eventfds = g_array_new(FALSE, FALSE, sizeof(Doorbell)),
        .gone_sections = g_array_new(FALSE, FALSE, sizeof(MemoryRegionSection)),
        .gone_coalesced = g_array_new(FALSE, FALSE, sizeof(Zone)),
        .gone_eventfds = g_array_new(FALSE, FALSE, sizeof(Doorbell)),
    };
    memory_listener_register(&r->listener, as);
}

/* Unregistering tells the listener of all that goes, so nothing may be left. */
static void replay_stop(Replay *r)
{
    memory_listener_unregister(&r->listener);
    g_assert_cmpuint(r->sections->len + r->coalesced->len + r->eventfds->len, ==, 0);
    g_array_unref(r->sections);
    g_array_unref(r->coalesced);
    g_array_unref(r->eventfds);
    g_array_unref(r->gone_sections);
    g_array_unref(r->gone_coalesced);
    g_array_unref(r->gone_eventfds);
}

/* The hook must come after the removals and before the swap, once. */
static void on_drain(void *opaque)
{
    drains++;
    g_assert_cmpuint(coalesced_removals, >, 0);
    for (int i = 0; i < 2; i++) {
        FlatView *now = address_space_get_flatview(&spaces[i]);

        g_assert_true(now == views_before[i]);
        flatview_unref(now);
        g_assert_cmpint(replays[i].phase, <=, REGION_DEL);
    }
}

/* -------------------------------------------------------------------------------- the checks -- */

static bool is_coalesced(const Answer *a)
{
    for (guint i = 0; a->node->coalesced && i < a->node->coalesced->len; i++) {
        const MemoryRange *c = &g_array_index(a->node->coalesced, MemoryRange, i);

        if (!a->readonly && a->offset >= c->addr && a->offset - c->addr < wide_size(c->size)) {
            return true;
        }
    }
    return false;
}

/* The doorbells at one address: each must have been heard of; returns their number. */
static unsigned check_doorbells(const Replay *r, hwaddr addr, const Answer *a)
{
    unsigned n = 0;

    for (guint i = 0; a->node->eventfds && i < a->node->eventfds->len; i++) {
        const MemoryRegionIoeventfd *e =
            &g_array_index(a->node->eventfds, MemoryRegionIoeventfd, i);
        MemoryRegionSection s = {.mr = &a->node->mr,
                                 .offset_within_region = e->addr,
                                 .offset_within_address_space = addr,
                                 .size = e->size};
        Doorbell d = doorbell_of(&s, e->match_data, e->match_data ? e->data : 0, e->fd);

        if (e->addr == a->offset && !a->readonly &&
            e->addr + (unsigned __int128)e->size <= wide_size(a->node->size)) {
            g_assert_true(take(r->eventfds, &d, false));
            n++;
        }
    }
    return n;
}

/* One byte of one address space: the view, a lookup and the replay against the model. */
static unsigned check_byte(unsigned space, FlatView *view, const Replay *r, hwaddr addr)
{
    Answer a = ask(roots[space], addr, false);
    const FlatRange *range = flatview_lookup(view, addr);
    bool heard_coalesced = false;

    for (guint i = 0; i < r->coalesced->len; i++) {
        const Zone *z = &g_array_index(r->coalesced, Zone, i);

        heard_coalesced |= addr >= z->addr && addr - z->addr < wide_size(z->size);
    }
    if (!a.node) {
        g_assert_null(range);
        g_assert_false(heard_coalesced);
        return 0;
    }
    g_assert_nonnull(range);
    g_assert_true(range->mr == &a.node->mr);
    g_assert_cmphex(range->offset_in_region + (addr - range->addr), ==, a.offset);
    g_assert_cmpint(range->readonly, ==, a.readonly);
    g_assert_cmpint(range->romd, ==, a.node->kind == MEMORY_REGION_ROM_DEVICE && a.node->romd);
    g_assert_cmpint(range->dirty_clients, ==, a.node->clients);
    g_assert_cmpint(heard_coalesced, ==, is_coalesced(&a));
    return check_doorbells(r, addr, &a);
}

/* The view's own rules: sorted, disjoint, as few ranges as can be. */
static void check_shape(const FlatRange *ranges, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const FlatRange *r = &ranges[i];
        const FlatRange *p = i ? &ranges[i - 1] : NULL;

        g_assert_true(r->size > 0 && r->addr + wide_size(r->size) <= wide_size(MEMORY_SIZE_ALL));
        if (p) {
            g_assert_true(p->addr + wide_size(p->size) <= r->addr);
            g_assert_false(!huge && p->addr + p->size == r->addr && p->mr == r->mr &&
                           p->offset_in_region + p->size == r->offset_in_region &&
                           p->readonly == r->readonly);
        }
    }
}

static void check_replay_sections(AddressSpace *as, const Replay *r, const FlatRange *ranges,
                                  size_t n)
{
    g_assert_cmpuint(r->sections->len, ==, n);
    for (size_t i = 0; i < n; i++) {
        MemoryRegionSection s = {.mr = ranges[i].mr,
                                 .as = as,
                                 .offset_within_region = ranges[i].offset_in_region,
                                 .offset_within_address_space = ranges[i].addr,
                                 .size = ranges[i].size,
                                 .readonly = ranges[i].readonly,
                                 .romd = ranges[i].romd};
        MemoryRegionSection p = packed(&s);

        g_assert_true(take(r->sections, &p, false));
    }
}

static void check_space(unsigned space, const Replay *r)
{
    AddressSpace *as = &spaces[space];
    FlatView *view = address_space_get_flatview(as);
    size_t n;
    const FlatRange *ranges = flatview_ranges(view, &n);
    unsigned doorbells = 0;

    check_shape(ranges, n);
    check_replay_sections(as, r, ranges, n);
    if (!huge) {
        for (hwaddr addr = 0; addr < WINDOW; addr++) {
            doorbells += check_byte(space, view, r, addr);
        }
        g_assert_cmpuint(doorbells, ==, r->eventfds->len);
    } else {
        for (size_t i = 0; i < n; i++) {
            hwaddr last = ranges[i].addr + (hwaddr)(wide_size(ranges[i].size) - 1);

            check_byte(space, view, r, ranges[i].addr);
            check_byte(space, view, r, ranges[i].addr - 1);
            check_byte(space, view, r, last);
            check_byte(space, view, r, last + 1);
        }
        for (unsigned i = 0; i < NODES; i++) {
            /* Where a region would begin and end if the tree were flat: it often nearly is. */
            check_byte(space, view, r, nodes[i].addr);
            check_byte(space, view, r, nodes[i].addr - 1);
            check_byte(space, view, r, nodes[i].addr + nodes[i].size);
        }
        check_byte(space, view, r, 0);
        check_byte(space, view, r, UINT64_MAX);
    }
    flatview_unref(view);
}

/* ------------------------------------------------------------------------ reads and writes -- */

/* As the header has it: the widest power of two that is left, in the region, and accepted. */
static unsigned device_size(const Node *n, hwaddr offset, unsigned left)
{
    unsigned size = 8;

    while (size > left || (!n->wide && (size > 4 || offset % size != 0)) ||
           offset + (unsigned __int128)size > wide_size(n->size)) {
        size /= 2;
    }
    return size;
}

static bool rings(const Answer *a, uint64_t data, unsigned len)
{
    for (guint i = 0; a->node->eventfds && i < a->node->eventfds->len; i++) {
        const MemoryRegionIoeventfd *e =
            &g_array_index(a->node->eventfds, MemoryRegionIoeventfd, i);

        if (e->addr == a->offset && (e->size == 0 || e->size == len) &&
            (!e->match_data || e->data == data)) {
            return true;
        }
    }
    return false;
}

static uint64_t le_value(const uint8_t *bytes, unsigned len)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < len; i++) {
        value |= (uint64_t)bytes[i] << 8 * i;
    }
    return value;
}

static void check_read(unsigned space, hwaddr addr, unsigned len)
{
    uint8_t expected[32], got[32];
    unsigned i = 0;

    while (i < len) {
        Answer a = ask(roots[space], (hwaddr)(addr + i), false);

        if (!a.node) {
            expected[i++] = 0xff;
        } else if (answers_as_memory(&a)) {
            expected[i++] = a.node->shadow[a.offset];
        } else {
            unsigned size = device_size(a.node, a.offset, len - i);

            while (size-- > 0) {
                expected[i++] = device_byte(a.node->id, a.offset++);
            }
        }
    }
    address_space_read(&spaces[space], addr, got, len);
    g_assert_cmpmem(got, len, expected, len);
}

static void check_write(unsigned space, hwaddr addr, unsigned len)
{
    uint8_t bytes[32];
    unsigned i = 0;

    for (unsigned b = 0; b < len; b++) {
        bytes[b] = chance(30) ? 0 : rnd(256);
    }
    g_string_truncate(expected_calls, 0);
    g_string_truncate(seen_calls, 0);
    while (i < len) {
        Answer a = ask(roots[space], (hwaddr)(addr + i), false);
        unsigned left = len - i;
        unsigned size = 1;

        if (!a.node || a.readonly) {
            i++;
            continue;
        }
        if (a.node->kind == MEMORY_REGION_RAM) {
            a.node->shadow[a.offset] = bytes[i++];
            continue;
        }
        if ((left == 1 || left == 2 || left == 4 || left == 8) &&
            rings(&a, le_value(bytes + i, left), left)) {
            break;
        }
        size = device_size(a.node, a.offset, left);
        note_call(expected_calls, a.node, a.offset, le_value(bytes + i, size), size);
        i += size;
    }
    address_space_write(&spaces[space], addr, bytes, len);
    g_assert_cmpstr(seen_calls->str, ==, expected_calls->str);
}

static void check_memory(void)
{
    for (unsigned i = 0; i < NODES; i++) {
        if (nodes[i].shadow) {
            g_assert_cmpmem(memory_region_get_ram_ptr(&nodes[i].mr), nodes[i].size, nodes[i].shadow,
                            nodes[i].size);
        }
    }
}

static void check_accesses(void)
{
    for (int i = 0; i < 12; i++) {
        unsigned space = rnd(2);
        hwaddr addr = rnd(WINDOW);
        static const unsigned lengths[] = {1, 2, 4, 8, 3, 7, 16, 32};
        unsigned len = lengths[rnd(G_N_ELEMENTS(lengths))];

        if (huge) {
            const Node *n = &nodes[rnd(NODES)];

            addr = chance(20) ? -(hwaddr)rnd(20) : n->addr + (chance(50) ? n->size : 0) - rnd(8);
        }
        if (chance(50)) {
            check_read(space, addr, len);
        } else {
            check_write(space, addr, len);
        }
    }
    check_memory();
}

/* -------------------------------------------------------------------------------- the edits -- */

static hwaddr random_addr(void)
{
    static const hwaddr far[] = {0, 0x80000000, UINT64_C(1) << 63, UINT64_MAX, UINT64_MAX - 0xfff};

    if (huge && chance(60)) {
        return far[rnd(G_N_ELEMENTS(far))] + (chance(30) ? rnd(64) : 0);
    }
    return chance(50) ? rnd(16) * 0x100 : rnd(WINDOW);
}

static hwaddr random_size(void)
{
    static const hwaddr large[] = {MEMORY_SIZE_ALL, UINT64_C(1) << 63, UINT64_MAX - 1, 0x100000000};

    if (huge && chance(60)) {
        return large[rnd(G_N_ELEMENTS(large))];
    }
    return chance(50) ? (1 + rnd(8)) * 0x100 : chance(5) ? 0 : rnd(0x400);
}

static bool is_above(const Node *n, const Node *other)
{
    for (; other; other = other->parent) {
        if (other == n) {
            return true;
        }
    }
    return false;
}

static void take_out(Node *n)
{
    if (n->parent) {
        memory_region_del_subregion(&n->parent->mr, &n->mr);
        n->parent = NULL;
    }
}

static void put_in(Node *n)
{
    Node *parent = chance(60) ? roots[rnd(2)] : &nodes[rnd(NODES)];

    if (parent->kind == MEMORY_REGION_ALIAS || is_above(n, parent)) {
        parent = roots[rnd(2)];
    }
    n->parent = parent;
    n->addr = random_addr();
    n->priority = (int)rnd(5) - 2;
    n->sequence = ++sequence;
    memory_region_add_subregion_overlap(&parent->mr, n->addr, &n->mr, n->priority);
}

static void edit_eventfd(Node *n)
{
    static const unsigned sizes[] = {0, 1, 2, 4, 8};
    MemoryRegionIoeventfd e = {.size = sizes[rnd(5)], .fd = eventfd_fd};

    if (n->eventfds->len > 0 && chance(40)) {
        guint i = rnd(n->eventfds->len);

        e = g_array_index(n->eventfds, MemoryRegionIoeventfd, i);
        memory_region_del_eventfd(&n->mr, e.addr, e.size, e.match_data, e.data, e.fd);
        g_array_remove_index_fast(n->eventfds, i);
        return;
    }
    e.addr = rnd(0x80);
    e.match_data = e.size > 0 && chance(50);
    e.data = e.match_data ? rnd(3) : 0;
    for (guint i = 0; i < n->eventfds->len; i++) {
        const MemoryRegionIoeventfd *o = &g_array_index(n->eventfds, MemoryRegionIoeventfd, i);

        if (o->addr == e.addr && o->size == e.size && o->match_data == e.match_data &&
            o->data == e.data) {
            return;
        }
    }
    if (n->eventfds->len < MAX_EVENTFDS) {
        memory_region_add_eventfd(&n->mr, e.addr, e.size, e.match_data, e.data, e.fd);
        g_array_append_val(n->eventfds, e);
    }
}

static void edit_coalescing(Node *n)
{
    if (chance(25)) {
        memory_region_clear_coalescing(&n->mr);
        g_array_set_size(n->coalesced, 0);
    } else {
        MemoryRange c = {.addr = rnd(0x100), .size = chance(5) ? MEMORY_SIZE_ALL : rnd(0x40)};

        memory_region_add_coalescing(&n->mr, c.addr, c.size);
        g_array_append_val(n->coalesced, c);
    }
}

static void edit_by_kind(Node *n)
{
    switch (n->kind) {
    case MEMORY_REGION_RAM:
        if (chance(50)) {
            n->readonly = !n->readonly;
            memory_region_set_readonly(&n->mr, n->readonly);
        } else {
            DirtyClient client = rnd(DIRTY_CLIENTS);

            n->clients ^= 1 << client;
            memory_region_set_log(&n->mr, n->clients & (1 << client), client);
        }
        return;
    case MEMORY_REGION_ALIAS:
        if (chance(30)) {
            n->readonly = !n->readonly;
            memory_region_set_readonly(&n->mr, n->readonly);
        } else {
            n->offset = random_addr();
            memory_region_set_alias_offset(&n->mr, n->offset);
        }
        return;
    case MEMORY_REGION_ROM_DEVICE:
        if (chance(40)) {
            n->romd = !n->romd;
            memory_region_rom_device_set_romd(&n->mr, n->romd);
            return;
        }
        break;
    default:
        break;
    }
    if (n->kind == MEMORY_REGION_CONTAINER) {
        return;
    }
    if (chance(50)) {
        edit_eventfd(n);
    } else {
        edit_coalescing(n);
    }
}

static void edit(void)
{
    Node *n = &nodes[2 + rnd(NODES - 2)];

    switch (rnd(8)) {
    case 0:
        n->enabled = !n->enabled;
        memory_region_set_enabled(&n->mr, n->enabled);
        break;
    case 1:
        if (n->parent) {
            n->addr = random_addr();
            memory_region_set_address(&n->mr, n->addr);
        }
        break;
    case 2:
        if (!n->shadow) {
            n->size = random_size();
            memory_region_set_size(&n->mr, n->size);
        }
        break;
    case 3:
        memory_region_transaction_begin();
        take_out(n);
        put_in(n);
        memory_region_transaction_commit();
        break;
    case 4:
        if (chance(30)) {
            take_out(n);
        } else if (!n->parent) {
            put_in(n);
        }
        break;
    default:
        edit_by_kind(n);
    }
}

/* -------------------------------------------------------------------------------- the trees -- */

static void make_node(unsigned id, unsigned *aliases)
{
    static const MemoryRegionKind kinds[] = {
        MEMORY_REGION_CONTAINER, MEMORY_REGION_IO,         MEMORY_REGION_IO,
        MEMORY_REGION_RAM,       MEMORY_REGION_ROM_DEVICE, MEMORY_REGION_ALIAS,
    };
    Node *n = &nodes[id];
    g_autofree char *name = g_strdup_printf("n%u", id);

    *n = (Node){.id = id, .live = true, .enabled = true, .wide = chance(50)};
    n->kind = id < 2 ? MEMORY_REGION_CONTAINER : kinds[rnd(G_N_ELEMENTS(kinds))];
    if (n->kind == MEMORY_REGION_ALIAS && ++*aliases > MAX_ALIASES) {
        n->kind = MEMORY_REGION_IO;
    }
    n->size = random_size();
    n->coalesced = g_array_new(FALSE, FALSE, sizeof(MemoryRange));
    n->eventfds = g_array_new(FALSE, FALSE, sizeof(MemoryRegionIoeventfd));
    if (n->kind == MEMORY_REGION_RAM || n->kind == MEMORY_REGION_ROM_DEVICE) {
        n->size = 1 + rnd(0x400);
        n->shadow = g_malloc0(n->size);
    }
    switch (n->kind) {
    case MEMORY_REGION_CONTAINER:
        if (id < 2) {
            n->size = huge ? MEMORY_SIZE_ALL : WINDOW;
        }
        memory_region_init(&n->mr, NULL, name, n->size);
        break;
    case MEMORY_REGION_IO:
        memory_region_init_io(&n->mr, NULL, n->wide ? &wide_ops : &narrow_ops, n, name, n->size);
        break;
    case MEMORY_REGION_RAM:
        g_assert_true(memory_region_init_ram(&n->mr, NULL, name, n->size, NULL));
        break;
    case MEMORY_REGION_ROM_DEVICE:
        g_assert_true(memory_region_init_rom_device(&n->mr, NULL, n->wide ? &wide_ops : &narrow_ops,
                                                    n, name, n->size, NULL));
        n->romd = true;
        break;
    case MEMORY_REGION_ALIAS:
        n->target = &nodes[chance(15) ? rnd(2) : rnd(id)];
        n->offset = random_addr();
        memory_region_init_alias(&n->mr, NULL, name, &n->target->mr, n->offset, n->size);
        break;
    }
}

static void make_tree(void)
{
    unsigned aliases = 0;

    for (unsigned i = 0; i < NODES; i++) {
        make_node(i, &aliases);
    }
    for (unsigned i = 0; i < 2; i++) {
        address_space_init(&spaces[i], &roots[i]->mr, i ? "second" : "first");
        replay_start(&replays[i], &spaces[i]);
    }
    for (unsigned i = 2; i < NODES; i++) {
        put_in(&nodes[i]);
    }
}

static void end_tree(void)
{
    for (unsigned i = NODES; i-- > 0;) {
        take_out(&nodes[i]);
    }
    for (unsigned i = 0; i < 2; i++) {
        replay_stop(&replays[i]);
        address_space_destroy(&spaces[i]);
    }
    for (unsigned i = NODES; i-- > 0;) {
        Node *n = &nodes[i];

        memory_region_destroy(&n->mr);
        g_free(n->shadow);
        g_array_unref(n->coalesced);
        g_array_unref(n->eventfds);
        *n = (Node){};
    }
}

/* One to six edits in transactions that nest at random. */
static unsigned edit_and_commit(void)
{
    unsigned n = 1 + rnd(6);
    unsigned depth = 0;

    for (int i = 0; i < 2; i++) {
        views_before[i] = spaces[i].view;
    }
    drains = coalesced_removals = 0;
    if (n > 1) {
        memory_region_transaction_begin();
        depth++;
    }
    for (unsigned i = 0; i < n; i++) {
        if (n > 1 && chance(30)) {
            memory_region_transaction_begin();
            depth++;
        }
        edit();
        if (depth > 1 && chance(30)) {
            memory_region_transaction_commit();
            depth--;
        }
        if (depth > 0) {
            g_assert_true(spaces[0].view == views_before[0]);
        }
    }
    while (depth > 0) {
        memory_region_transaction_commit();
        depth--;
    }
    g_assert_cmpuint(drains, ==, coalesced_removals > 0);
    return n;
}

/* Every range, coalesced range and doorbell reaches who comes late. */
static void check_late_listener(void)
{
    unsigned space = rnd(2);
    Replay late;

    replay_start(&late, &spaces[space]);
    check_space(space, &late);
    replay_stop(&late);
}

static void run(unsigned edits)
{
    unsigned done = 0;

    expected_calls = g_string_new("");
    seen_calls = g_string_new("");
    eventfd_fd = open("/dev/null", O_WRONLY);
    g_assert_cmpint(eventfd_fd, >=, 0);
    memory_set_drain_hook(on_drain, NULL);
    while (done < edits) {
        unsigned in_tree = 0;

        memory_set_drain_hook(NULL, NULL);
        make_tree();
        memory_set_drain_hook(on_drain, NULL);
        while (in_tree < EDITS_PER_TREE) {
            in_tree += edit_and_commit();
            check_space(0, &replays[0]);
            check_space(1, &replays[1]);
            check_accesses();
            if (chance(10)) {
                check_late_listener();
            }
        }
        done += in_tree;
        memory_set_drain_hook(NULL, NULL);
        end_tree();
    }
    g_test_message("%u edits", done);
    close(eventfd_fd);
    g_string_free(expected_calls, TRUE);
    g_string_free(seen_calls, TRUE);
}

static void test_small(void)
{
    huge = false;
    run(EDITS);
}

static void test_huge(void)
{
    huge = true;
    run(EDITS / 2);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/memory/model/every-byte-of-small-spaces", test_small);
    g_test_add_func("/memory/model/boundaries-of-the-whole-space", test_huge);
    return g_test_run();
}
