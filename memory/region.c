/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tree of regions: making and ending regions, their place and attributes, transactions.
 *
 * Each change marks the address spaces that can see it: up through the containers, and from every
 * region on the way through the aliases that show it. The outermost commit renders those again.
 */
#include "internal.h"

#include <string.h>

static struct {
    unsigned depth;
    bool committing;
    bool changed;    /* since the last rendering */
    uint64_t number; /* of the present transaction; regions start with 0, never a number */
} transaction = {.number = 1};

/* ---------------------------------------------------------------------------- transactions -- */

void memory_region_transaction_begin(void)
{
    transaction.depth++;
}

void memory_region_transaction_commit(void)
{
    g_assert(transaction.depth > 0);
    if (--transaction.depth > 0 || transaction.committing) {
        return;
    }
    /* Listeners and the drain may change regions: that is another commit, after this one. */
    transaction.committing = true;
    while (transaction.changed) {
        transaction.changed = false;
        transaction.number++;
        address_spaces_update();
    }
    transaction.committing = false;
}

bool memory_region_in_transaction(void)
{
    return transaction.depth > 0 || transaction.committing;
}

bool memory_region_committing(void)
{
    return transaction.committing;
}

/*
 * Something about `mr` changes: mark the address spaces that see it. A region that this
 * transaction has marked before need not be followed again: if it got into another address space
 * since, the container or alias that brought it there was marked for that.
 */
static void touch(MemoryRegion *mr)
{
    MemoryRegion *alias;

    transaction.changed = true;
    for (; mr && mr->touched != transaction.number; mr = mr->container) {
        mr->touched = transaction.number;
        if (mr->roots > 0) {
            address_spaces_touch_root(mr);
        }
        LIST_FOREACH (alias, &mr->aliases, alias_link) {
            touch(alias);
        }
    }
}

/* ------------------------------------------------------------------------ making and ending -- */

static void region_setup(MemoryRegion *mr, MemoryRegionKind kind, MemoryOwner *owner,
                         const char *name, hwaddr size)
{
    memset(mr, 0, sizeof(*mr));
    mr->kind = kind;
    mr->owner = owner;
    mr->name = g_strdup(name ? name : "");
    mr->size = size;
    mr->enabled = true;
    TAILQ_INIT(&mr->subregions);
    LIST_INIT(&mr->aliases);
}

void memory_region_init(MemoryRegion *mr, MemoryOwner *owner, const char *name, hwaddr size)
{
    region_setup(mr, MEMORY_REGION_CONTAINER, owner, name, size);
}

static void check_ops(const MemoryRegionOps *ops)
{
    g_assert(ops);
    g_assert(ops->valid.max_access_size <= 8 && ops->impl.max_access_size <= 8);
    g_assert(!(ops->valid.min_access_size & (ops->valid.min_access_size - 1)));
    g_assert(!(ops->valid.max_access_size & (ops->valid.max_access_size - 1)));
    g_assert(!(ops->impl.min_access_size & (ops->impl.min_access_size - 1)));
    g_assert(!(ops->impl.max_access_size & (ops->impl.max_access_size - 1)));
    g_assert(ops->valid.min_access_size <=
             (ops->valid.max_access_size ? ops->valid.max_access_size : 4));
    g_assert(ops->impl.min_access_size <=
             (ops->impl.max_access_size ? ops->impl.max_access_size : 4));
}

void memory_region_init_io(MemoryRegion *mr, MemoryOwner *owner, const MemoryRegionOps *ops,
                           void *opaque, const char *name, hwaddr size)
{
    check_ops(ops);
    region_setup(mr, MEMORY_REGION_IO, owner, name, size);
    mr->ops = ops;
    mr->opaque = opaque;
}

/* The common part of all that has memory; `mr` is touched only on success. */
static bool region_setup_ram(MemoryRegion *mr, MemoryRegionKind kind, MemoryOwner *owner,
                             const char *name, hwaddr size, GError **errp)
{
    RamBlock *ram = ram_block_new(name, size, errp);

    if (!ram) {
        return false;
    }
    region_setup(mr, kind, owner, name, size);
    mr->ram = ram;
    return true;
}

bool memory_region_init_ram(MemoryRegion *mr, MemoryOwner *owner, const char *name, hwaddr size,
                            GError **errp)
{
    return region_setup_ram(mr, MEMORY_REGION_RAM, owner, name, size, errp);
}

void memory_region_init_ram_ptr(MemoryRegion *mr, MemoryOwner *owner, const char *name, hwaddr size,
                                void *ptr)
{
    g_assert(ptr && size > 0 && size != MEMORY_SIZE_ALL);
    region_setup(mr, MEMORY_REGION_RAM, owner, name, size);
    mr->ram = ram_block_new_from_ptr(ptr, size);
}

bool memory_region_init_rom(MemoryRegion *mr, MemoryOwner *owner, const char *name, hwaddr size,
                            GError **errp)
{
    if (!region_setup_ram(mr, MEMORY_REGION_RAM, owner, name, size, errp)) {
        return false;
    }
    mr->readonly = true;
    return true;
}

bool memory_region_init_rom_device(MemoryRegion *mr, MemoryOwner *owner, const MemoryRegionOps *ops,
                                   void *opaque, const char *name, hwaddr size, GError **errp)
{
    check_ops(ops);
    if (!region_setup_ram(mr, MEMORY_REGION_ROM_DEVICE, owner, name, size, errp)) {
        return false;
    }
    mr->ops = ops;
    mr->opaque = opaque;
    mr->romd_mode = true;
    return true;
}

void memory_region_init_alias(MemoryRegion *mr, MemoryOwner *owner, const char *name,
                              MemoryRegion *target, hwaddr offset, hwaddr size)
{
    g_assert(target && target != mr);
    region_setup(mr, MEMORY_REGION_ALIAS, owner, name, size);
    mr->alias = target;
    mr->alias_offset = offset;
    LIST_INSERT_HEAD(&target->aliases, mr, alias_link);
}

/* Inside a transaction, views are older than the tree and may still show a region that left. */
static bool is_shown(const MemoryRegion *mr)
{
    AddressSpace *as;

    TAILQ_FOREACH (as, &address_spaces, link) {
        for (size_t i = 0; i < as->view->n; i++) {
            if (as->view->ranges[i].mr == mr) {
                return true;
            }
        }
    }
    return false;
}

static struct {
    void (*destroyed)(MemoryRegion *mr, void *opaque);
    void *opaque;
} destroy_hook;

void memory_set_destroy_hook(void (*destroyed)(MemoryRegion *mr, void *opaque), void *opaque)
{
    destroy_hook.destroyed = destroyed;
    destroy_hook.opaque = opaque;
}

void memory_region_destroy(MemoryRegion *mr)
{
    MemoryRegion *sub;

    if (!mr->name) {
        return;
    }
    g_assert(!mr->container && mr->roots == 0);
    if (destroy_hook.destroyed) {
        destroy_hook.destroyed(mr, destroy_hook.opaque);
    }
    g_assert(LIST_EMPTY(&mr->aliases));
    while ((sub = TAILQ_FIRST(&mr->subregions))) {
        TAILQ_REMOVE(&mr->subregions, sub, sibling);
        sub->container = NULL;
    }
    g_assert(!memory_region_in_transaction() || !is_shown(mr));
    if (mr->alias) {
        LIST_REMOVE(mr, alias_link);
    }
    ram_block_unref(mr->ram);
    g_clear_pointer(&mr->coalesced, g_array_unref);
    g_clear_pointer(&mr->ioeventfds, g_array_unref);
    g_free(mr->name);
    memset(mr, 0, sizeof(*mr));
}

/* ------------------------------------------------------------------------------- questions -- */

hwaddr memory_region_size(const MemoryRegion *mr)
{
    return mr->size;
}

const char *memory_region_name(const MemoryRegion *mr)
{
    return mr->name;
}

bool memory_region_is_ram(const MemoryRegion *mr)
{
    return mr->kind == MEMORY_REGION_RAM;
}

bool memory_region_is_mapped(const MemoryRegion *mr)
{
    return mr->container != NULL;
}

void *memory_region_get_ram_ptr(const MemoryRegion *mr)
{
    return mr->ram ? mr->ram->host : NULL;
}

/* ------------------------------------------------------------------------ place in the tree -- */

static void insert(MemoryRegion *mr, hwaddr offset, MemoryRegion *sub, int priority)
{
    MemoryRegion *other;

    g_assert(mr->kind != MEMORY_REGION_ALIAS && !sub->container);
    for (other = mr; other; other = other->container) {
        g_assert(other != sub);
    }

    memory_region_transaction_begin();
    sub->container = mr;
    sub->addr = offset;
    sub->priority = priority;
    TAILQ_FOREACH (other, &mr->subregions, sibling) {
        if (other->priority <= priority) {
            break;
        }
    }
    if (other) {
        TAILQ_INSERT_BEFORE(other, sub, sibling);
    } else {
        TAILQ_INSERT_TAIL(&mr->subregions, sub, sibling);
    }
    touch(mr);
    memory_region_transaction_commit();
}

void memory_region_add_subregion(MemoryRegion *mr, hwaddr offset, MemoryRegion *sub)
{
    insert(mr, offset, sub, 0);
}

void memory_region_add_subregion_overlap(MemoryRegion *mr, hwaddr offset, MemoryRegion *sub,
                                         int priority)
{
    insert(mr, offset, sub, priority);
}

void memory_region_del_subregion(MemoryRegion *mr, MemoryRegion *sub)
{
    g_assert(sub->container == mr);

    memory_region_transaction_begin();
    touch(mr);
    TAILQ_REMOVE(&mr->subregions, sub, sibling);
    sub->container = NULL;
    memory_region_transaction_commit();
}

/* ------------------------------------------------------------------------------ attributes -- */

/* Change one field, as a transaction, unless it has the value already. */
#define CHANGE(mr, field, value)                                                                   \
    do {                                                                                           \
        if ((mr)->field != (value)) {                                                              \
            memory_region_transaction_begin();                                                     \
            (mr)->field = (value);                                                                 \
            touch(mr);                                                                             \
            memory_region_transaction_commit();                                                    \
        }                                                                                          \
    } while (0)

void memory_region_set_enabled(MemoryRegion *mr, bool enabled)
{
    CHANGE(mr, enabled, enabled);
}

void memory_region_set_address(MemoryRegion *mr, hwaddr addr)
{
    CHANGE(mr, addr, addr);
}

void memory_region_set_size(MemoryRegion *mr, hwaddr size)
{
    g_assert(!mr->ram);
    CHANGE(mr, size, size);
}

void memory_region_set_readonly(MemoryRegion *mr, bool readonly)
{
    g_assert(mr->kind == MEMORY_REGION_RAM || mr->kind == MEMORY_REGION_ALIAS);
    CHANGE(mr, readonly, readonly);
}

void memory_region_set_alias_offset(MemoryRegion *mr, hwaddr offset)
{
    g_assert(mr->kind == MEMORY_REGION_ALIAS);
    CHANGE(mr, alias_offset, offset);
}

void memory_region_rom_device_set_romd(MemoryRegion *mr, bool romd_mode)
{
    g_assert(mr->kind == MEMORY_REGION_ROM_DEVICE);
    CHANGE(mr, romd_mode, romd_mode);
}

void memory_region_set_reentrant(MemoryRegion *mr, bool reentrant)
{
    mr->reentrant = reentrant;
}

void memory_region_set_log(MemoryRegion *mr, bool log, DirtyClient client)
{
    uint8_t clients = mr->dirty_clients;

    g_assert(mr->ram && client < DIRTY_CLIENTS);
    clients = log ? clients | 1U << client : clients & ~(1U << client);
    if (clients != mr->dirty_clients) {
        ram_block_set_log(mr->ram, client, log);
        CHANGE(mr, dirty_clients, clients);
    }
}

/* -------------------------------------------------------------------------------- coalescing -- */

static bool has_ops(const MemoryRegion *mr)
{
    return mr->kind == MEMORY_REGION_IO || mr->kind == MEMORY_REGION_ROM_DEVICE;
}

/*
 * The list stays sorted, and ranges that overlap become one: accelerators tell zones apart by
 * their addresses. Ranges that only touch stay apart, as declared.
 */
void memory_region_add_coalescing(MemoryRegion *mr, hwaddr offset, hwaddr size)
{
    uint128 start = offset;
    uint128 end = start + size_to_uint128(size);
    MemoryRange range;
    guint i = 0;

    g_assert(has_ops(mr));
    if (size == 0) {
        return;
    }
    if (!mr->coalesced) {
        mr->coalesced = g_array_new(FALSE, FALSE, sizeof(MemoryRange));
    }
    while (i < mr->coalesced->len) {
        const MemoryRange *c = &g_array_index(mr->coalesced, MemoryRange, i);
        uint128 c_end = c->addr + size_to_uint128(c->size);

        if (c->addr >= end) {
            break;
        }
        if (c_end <= start) {
            i++;
            continue;
        }
        start = MIN(start, c->addr);
        end = MAX(end, c_end);
        g_array_remove_index(mr->coalesced, i);
    }
    range = (MemoryRange){.addr = start, .size = size_from_uint128(end - start)};

    memory_region_transaction_begin();
    g_array_insert_val(mr->coalesced, i, range);
    touch(mr);
    memory_region_transaction_commit();
}

void memory_region_clear_coalescing(MemoryRegion *mr)
{
    if (!mr->coalesced) {
        return;
    }
    memory_region_transaction_begin();
    g_clear_pointer(&mr->coalesced, g_array_unref);
    touch(mr);
    memory_region_transaction_commit();
}

/* -------------------------------------------------------------------------------- ioeventfds -- */

static int eventfd_compare(const MemoryRegionIoeventfd *a, const MemoryRegionIoeventfd *b)
{
    if (a->addr != b->addr) {
        return a->addr < b->addr ? -1 : 1;
    }
    if (a->size != b->size) {
        return a->size < b->size ? -1 : 1;
    }
    if (a->match_data != b->match_data) {
        return a->match_data < b->match_data ? -1 : 1;
    }
    if (a->data != b->data) {
        return a->data < b->data ? -1 : 1;
    }
    return (a->fd > b->fd) - (a->fd < b->fd);
}

/* The index of the first one that does not come before `e`. */
static guint eventfd_position(const GArray *eventfds, const MemoryRegionIoeventfd *e)
{
    guint i = 0;

    while (i < eventfds->len &&
           eventfd_compare(&g_array_index(eventfds, MemoryRegionIoeventfd, i), e) < 0) {
        i++;
    }
    return i;
}

/* A write of that width has no more bits; the host compares all that it is given. */
static uint64_t eventfd_data(unsigned size, bool match_data, uint64_t data)
{
    return match_data && size > 0 ? data & ~UINT64_C(0) >> (64 - 8 * size) : 0;
}

void memory_region_add_eventfd(MemoryRegion *mr, hwaddr addr, unsigned size, bool match_data,
                               uint64_t data, int fd)
{
    MemoryRegionIoeventfd e = {addr, size, match_data, eventfd_data(size, match_data, data), fd};
    guint i;

    g_assert(has_ops(mr) && fd >= 0);
    g_assert(size <= 8 && !(size & (size - 1)));
    g_assert(size > 0 || !match_data); /* a value has a width */
    if (!mr->ioeventfds) {
        mr->ioeventfds = g_array_new(FALSE, FALSE, sizeof(e));
    }
    i = eventfd_position(mr->ioeventfds, &e);
    g_assert(i == mr->ioeventfds->len ||
             eventfd_compare(&g_array_index(mr->ioeventfds, MemoryRegionIoeventfd, i), &e) != 0);

    memory_region_transaction_begin();
    g_array_insert_val(mr->ioeventfds, i, e);
    touch(mr);
    memory_region_transaction_commit();
}

void memory_region_del_eventfd(MemoryRegion *mr, hwaddr addr, unsigned size, bool match_data,
                               uint64_t data, int fd)
{
    MemoryRegionIoeventfd e = {addr, size, match_data, eventfd_data(size, match_data, data), fd};
    guint i;

    g_assert(mr->ioeventfds);
    i = eventfd_position(mr->ioeventfds, &e);
    g_assert(i < mr->ioeventfds->len &&
             eventfd_compare(&g_array_index(mr->ioeventfds, MemoryRegionIoeventfd, i), &e) == 0);

    memory_region_transaction_begin();
    g_array_remove_index(mr->ioeventfds, i);
    if (mr->ioeventfds->len == 0) {
        g_clear_pointer(&mr->ioeventfds, g_array_unref);
    }
    touch(mr);
    memory_region_transaction_commit();
}
