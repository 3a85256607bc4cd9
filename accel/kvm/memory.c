/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory slots: what the guest's loads and stores reach without an exit.
 * Document: Documentation/virt/kvm/api.rst of Linux: KVM_SET_USER_MEMORY_REGION,
 * KVM_GET_DIRTY_LOG.
 *
 * The listener keeps the ranges of the flat view that have host memory. At commit the slots that
 * they want are worked out afresh (neighbours joined, ends cut to whole pages) and compared with
 * those there are: first all that must go is deleted, then all that is new is added, so ranges may
 * move over each other. A slot's read-only flag can't be changed in place, its dirty log can.
 *
 * Between the deletion of a slot and its successor's appearance the guest finds no memory there.
 * Data accesses would exit, and the dispatcher would serve them; but instruction fetches and page
 * table walks would fail. So where a new slot takes bytes of a deleted one, every vCPU is kept out
 * of the guest for that moment. The vCPU that caused the change is out already.
 *
 * Bytes that share a page with something else, and ranges whose host address and guest address
 * differ within the page, get no slot: each access exits and is dispatched.
 */
#include "accel/kvm/internal.h"

#include <errno.h>
#include <string.h>

#include "accel/lock.h"
#include "hw/core/log.h"
#include "memory/system.h"

/* The kernel counts a slot's pages in 31 bits. */
#define SLOT_SIZE_MAX ((uint64_t)KVM_PAGE_SIZE << 30)

/* A range of the view that is host memory. */
typedef struct Range {
    hwaddr addr;
    hwaddr size;
    uint8_t *host;
    uint32_t flags; /* KVM_MEM_* */
    MemoryRegion *mr;
    hwaddr offset; /* in mr */
} Range;

typedef struct Slot {
    hwaddr addr;
    hwaddr size;
    uint8_t *host;
    uint32_t flags;
    uint32_t id;
} Slot;

static struct {
    GArray *ranges;  /* Range, in no order between commits */
    GArray *removed; /* Range: gone since the last commit, and logged */
    GArray *slots;   /* Slot, in address order */
    GPtrArray *ids;  /* a slot's id is an index here; NULL is free */
    unsigned slots_max;
} memory;

#define RANGE(array, i) (&g_array_index(array, Range, i))
#define SLOT(array, i) (&g_array_index(array, Slot, i))

/* ------------------------------------------------------------------------------ slots in KVM -- */

static bool set_slot(const Slot *slot, hwaddr size)
{
    struct kvm_userspace_memory_region region = {
        .slot = slot->id,
        .flags = size ? slot->flags : 0,
        .guest_phys_addr = slot->addr,
        .memory_size = size,
        .userspace_addr = (uintptr_t)slot->host,
    };

    if (kvm_ioctl(kvm.vm, KVM_SET_USER_MEMORY_REGION, &region) < 0) {
        warn_once("KVM refuses memory at 0x%" PRIx64 ", 0x%" PRIx64 " bytes: %s: accesses there "
                  "will be slow",
                  slot->addr, size, g_strerror(errno));
        return false;
    }
    return true;
}

/* The lowest free id, or false: the host takes no more slots. */
static bool take_id(Slot *slot)
{
    guint i;

    for (i = 0; i < memory.ids->len && g_ptr_array_index(memory.ids, i); i++) {
    }
    if (i >= memory.slots_max) {
        warn_once("the host takes only %u memory slots: accesses to further memory will be slow",
                  memory.slots_max);
        return false;
    }
    if (i == memory.ids->len) {
        g_ptr_array_add(memory.ids, NULL);
    }
    g_ptr_array_index(memory.ids, i) = GUINT_TO_POINTER(1);
    slot->id = i;
    return true;
}

static void give_id(const Slot *slot)
{
    g_ptr_array_index(memory.ids, slot->id) = NULL;
}

/* ------------------------------------------------------------------------------- dirty pages -- */

static void mark_page(const GArray *ranges, hwaddr page)
{
    for (guint i = 0; i < ranges->len; i++) {
        const Range *r = RANGE(ranges, i);
        hwaddr start = MAX(page, r->addr);
        hwaddr end = MIN(page + KVM_PAGE_SIZE, r->addr + r->size);

        if ((r->flags & KVM_MEM_LOG_DIRTY_PAGES) && start < end) {
            memory_region_set_dirty(r->mr, r->offset + (start - r->addr), end - start);
        }
    }
}

/* Taking the log clears it, so all of it goes to the regions, also those that went away. */
static void sync_slot(const Slot *slot)
{
    uint64_t pages = slot->size / KVM_PAGE_SIZE;
    g_autofree uint64_t *bitmap = g_new0(uint64_t, (pages + 63) / 64);
    struct kvm_dirty_log log = {.slot = slot->id, .dirty_bitmap = bitmap};

    if (kvm_ioctl(kvm.vm, KVM_GET_DIRTY_LOG, &log) < 0) {
        /* Not knowing, everything is. */
        memset(bitmap, 0xff, (pages + 63) / 64 * 8);
    }
    for (uint64_t word = 0; word < (pages + 63) / 64; word++) {
        for (uint64_t bits = bitmap[word]; bits; bits &= bits - 1) {
            uint64_t page = word * 64 + __builtin_ctzll(bits);

            if (page < pages) {
                mark_page(memory.ranges, slot->addr + page * KVM_PAGE_SIZE);
                mark_page(memory.removed, slot->addr + page * KVM_PAGE_SIZE);
            }
        }
    }
}

/* ---------------------------------------------------------------------- from ranges to slots -- */

static gint compare_ranges(gconstpointer a, gconstpointer b)
{
    const Range *x = a, *y = b;

    return x->addr < y->addr ? -1 : x->addr > y->addr;
}

static bool follows(const Slot *slot, const Range *range)
{
    return slot->addr + slot->size == range->addr && slot->host + slot->size == range->host &&
           slot->flags == range->flags;
}

/* Add the whole pages of a joined range, in pieces that KVM takes. */
static void append_pages(GArray *slots, Slot slot)
{
    hwaddr skip = -slot.addr & (KVM_PAGE_SIZE - 1);

    if (((uintptr_t)slot.host - slot.addr) & (KVM_PAGE_SIZE - 1) || slot.size <= skip) {
        return;
    }
    slot.addr += skip;
    slot.host += skip;
    slot.size = (slot.size - skip) & ~(hwaddr)(KVM_PAGE_SIZE - 1);
    while (slot.size) {
        Slot piece = slot;

        piece.size = MIN(slot.size, SLOT_SIZE_MAX);
        g_array_append_val(slots, piece);
        slot.addr += piece.size;
        slot.host += piece.size;
        slot.size -= piece.size;
    }
}

static GArray *wanted_slots(void)
{
    GArray *slots = g_array_new(FALSE, FALSE, sizeof(Slot));
    Slot slot = {};

    g_array_sort(memory.ranges, compare_ranges);
    for (guint i = 0; i < memory.ranges->len; i++) {
        const Range *r = RANGE(memory.ranges, i);

        if (slot.size && follows(&slot, r)) {
            slot.size += r->size;
            continue;
        }
        append_pages(slots, slot);
        slot = (Slot){.addr = r->addr, .size = r->size, .host = r->host, .flags = r->flags};
    }
    append_pages(slots, slot);
    return slots;
}

/* ------------------------------------------------------------------------------------ commit -- */

/* The same memory, with the flag that can't be changed; the log may differ. */
static bool same_slot(const Slot *a, const Slot *b)
{
    return a->addr == b->addr && a->size == b->size && a->host == b->host &&
           !((a->flags ^ b->flags) & KVM_MEM_READONLY);
}

static bool overlaps_any(const Slot *slot, const GArray *slots)
{
    for (guint i = 0; i < slots->len; i++) {
        const Slot *other = SLOT(slots, i);

        if (slot->addr < other->addr + other->size && other->addr < slot->addr + slot->size) {
            return true;
        }
    }
    return false;
}

/* Split the slots there are into `kept` and `deleted`; take what is kept out of `wanted`. */
static void compare_with(GArray *wanted, GArray *kept, GArray *deleted)
{
    for (guint i = 0, w = 0; i < memory.slots->len; i++) {
        Slot slot = *SLOT(memory.slots, i);

        while (w < wanted->len && SLOT(wanted, w)->addr < slot.addr) {
            w++;
        }
        if (w < wanted->len && same_slot(&slot, SLOT(wanted, w))) {
            uint32_t flags = SLOT(wanted, w)->flags;

            if (flags != slot.flags) {
                if (slot.flags & KVM_MEM_LOG_DIRTY_PAGES) {
                    sync_slot(&slot);
                }
                slot.flags = flags;
                set_slot(&slot, slot.size);
            }
            g_array_append_val(kept, slot);
            g_array_remove_index(wanted, w);
        } else {
            g_array_append_val(deleted, slot);
        }
    }
}

static void delete_slots(const GArray *deleted)
{
    for (guint i = 0; i < deleted->len; i++) {
        const Slot *slot = SLOT(deleted, i);

        if (slot->flags & KVM_MEM_LOG_DIRTY_PAGES) {
            sync_slot(slot);
        }
        set_slot(slot, 0);
        give_id(slot);
    }
}

static void add_slots(GArray *kept, GArray *added)
{
    for (guint i = 0; i < added->len; i++) {
        Slot slot = *SLOT(added, i);

        if (!take_id(&slot)) {
            continue;
        }
        if (set_slot(&slot, slot.size)) {
            g_array_append_val(kept, slot);
        } else {
            give_id(&slot);
        }
    }
}

static gint compare_slots(gconstpointer a, gconstpointer b)
{
    const Slot *x = a, *y = b;

    return x->addr < y->addr ? -1 : x->addr > y->addr;
}

static void commit(MemoryListener *listener)
{
    g_autoptr(GArray) wanted = wanted_slots();
    g_autoptr(GArray) deleted = g_array_new(FALSE, FALSE, sizeof(Slot));
    GArray *kept = g_array_new(FALSE, FALSE, sizeof(Slot));
    bool exclusive = false;

    compare_with(wanted, kept, deleted);
    for (guint i = 0; i < deleted->len && !exclusive; i++) {
        /* Logged: what is written between the last look at the log and the end would be lost. */
        exclusive = (SLOT(deleted, i)->flags & KVM_MEM_LOG_DIRTY_PAGES) ||
                    overlaps_any(SLOT(deleted, i), wanted);
    }
    if (exclusive) {
        kvm_exclusive_begin();
    }
    delete_slots(deleted);
    add_slots(kept, wanted);
    if (exclusive) {
        kvm_exclusive_end();
    }
    g_array_sort(kept, compare_slots);
    g_array_unref(memory.slots);
    memory.slots = kept;
    g_array_set_size(memory.removed, 0);
}

/* ---------------------------------------------------------------------------------- listener -- */

static uint32_t flags_of(const MemoryRegionSection *section, uint8_t dirty_clients)
{
    /* The guest dirties nothing that it can't write. */
    if (section->readonly || section->romd) {
        return KVM_MEM_READONLY;
    }
    return dirty_clients ? KVM_MEM_LOG_DIRTY_PAGES : 0;
}

static bool has_memory(const MemoryRegionSection *section)
{
    return section->mr && section->size != MEMORY_SIZE_ALL &&
           memory_region_get_ram_ptr(section->mr) &&
           (memory_region_is_ram(section->mr) || section->romd);
}

static void region_add(MemoryListener *listener, const MemoryRegionSection *section)
{
    Range range = {
        .addr = section->offset_within_address_space,
        .size = section->size,
        .flags = flags_of(section, section->dirty_clients),
        .mr = section->mr,
        .offset = section->offset_within_region,
    };

    if (!has_memory(section)) {
        return;
    }
    range.host = (uint8_t *)memory_region_get_ram_ptr(section->mr) + range.offset;
    g_array_append_val(memory.ranges, range);
}

static int find_range(const MemoryRegionSection *section)
{
    for (guint i = 0; i < memory.ranges->len; i++) {
        const Range *r = RANGE(memory.ranges, i);

        if (r->addr == section->offset_within_address_space && r->mr == section->mr) {
            return i;
        }
    }
    return -1;
}

static void region_del(MemoryListener *listener, const MemoryRegionSection *section)
{
    int i = find_range(section);

    if (i < 0) {
        return;
    }
    if (RANGE(memory.ranges, i)->flags & KVM_MEM_LOG_DIRTY_PAGES) {
        g_array_append_val(memory.removed, *RANGE(memory.ranges, i));
    }
    g_array_remove_index_fast(memory.ranges, i);
}

static void log_changed(MemoryListener *listener, const MemoryRegionSection *section,
                        uint8_t old_clients, uint8_t new_clients)
{
    int i = find_range(section);

    if (i < 0) {
        return;
    }
    /* The last log of a range that is logged no more is taken at the commit. */
    if (!new_clients && (RANGE(memory.ranges, i)->flags & KVM_MEM_LOG_DIRTY_PAGES)) {
        g_array_append_val(memory.removed, *RANGE(memory.ranges, i));
    }
    RANGE(memory.ranges, i)->flags = flags_of(section, new_clients);
}

static void log_sync(MemoryListener *listener, const MemoryRegionSection *section)
{
    hwaddr start = section->offset_within_address_space;

    for (guint i = 0; i < memory.slots->len; i++) {
        const Slot *slot = SLOT(memory.slots, i);

        if ((slot->flags & KVM_MEM_LOG_DIRTY_PAGES) && slot->addr < start + section->size &&
            start < slot->addr + slot->size) {
            sync_slot(slot);
        }
    }
}

static MemoryListener listener = {
    .name = "kvm-memory",
    .priority = 10,
    .commit = commit,
    .region_add = region_add,
    .region_del = region_del,
    .log_start = log_changed,
    .log_stop = log_changed,
    .log_sync = log_sync,
};

void kvm_memory_start(void)
{
    memory.ranges = g_array_new(FALSE, FALSE, sizeof(Range));
    memory.removed = g_array_new(FALSE, FALSE, sizeof(Range));
    memory.slots = g_array_new(FALSE, FALSE, sizeof(Slot));
    memory.ids = g_ptr_array_new();
    memory.slots_max = kvm_check(KVM_CAP_NR_MEMSLOTS);
    if (memory.slots_max == 0) {
        memory.slots_max = 32; /* what hosts have that do not tell */
    }
    memory_listener_register(&listener, &address_space_memory);
}

void kvm_memory_stop(void)
{
    memory_listener_unregister(&listener);
    g_assert(memory.slots->len == 0);
    g_clear_pointer(&memory.ranges, g_array_unref);
    g_clear_pointer(&memory.removed, g_array_unref);
    g_clear_pointer(&memory.slots, g_array_unref);
    g_clear_pointer(&memory.ids, g_ptr_array_unref);
}

void kvm_memory_print_info(GString *out)
{
    g_string_append_printf(out, "memory slots: %u of %u\n", memory.slots->len, memory.slots_max);
    for (guint i = 0; i < memory.slots->len; i++) {
        const Slot *slot = SLOT(memory.slots, i);

        g_string_append_printf(out, "  %016" PRIx64 "-%016" PRIx64 "%s%s\n", slot->addr,
                               slot->addr + slot->size - 1,
                               slot->flags & KVM_MEM_READONLY ? " read-only" : "",
                               slot->flags & KVM_MEM_LOG_DIRTY_PAGES ? " logged" : "");
    }
}
