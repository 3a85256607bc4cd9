/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory regions, address spaces, flat views and listeners.
 *
 * A tree of MemoryRegions describes what a bus shows: containers give windows, RAM and ROM are
 * host memory, I/O regions call a device, aliases show a part of another region. An AddressSpace
 * is a tree seen by one kind of access (memory, I/O ports, a bus master). Rendering a tree gives a
 * FlatView: disjoint sorted ranges, immutable and reference counted. A MemoryListener hears how
 * one view becomes the next.
 *
 * Rendering: the region with the higher priority wins where siblings overlap (at equal priority
 * the one added last); a container's window clips its children; where a container has no child,
 * what lies below the container shows through; an alias shows its target's bytes from
 * alias_offset on, clipped to both; a disabled region vanishes with all below it. An alias may
 * show a container that it is in, but shows nothing where it would show itself.
 *
 * Every function here is called with the machine lock held, unless its comment says otherwise.
 * The library itself takes no lock and knows nothing of accelerators or devices.
 */
#ifndef LIGNITE_MEMORY_MEMORY_H
#define LIGNITE_MEMORY_MEMORY_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

/* A guest address, or a size of guest memory, in bytes. */
typedef uint64_t hwaddr;
#define HWADDR_PRIx PRIx64

/* As the size of a region: the whole 64-bit space, 2^64 bytes. */
#define MEMORY_SIZE_ALL UINT64_MAX

typedef struct AddressSpace AddressSpace;
typedef struct FlatView FlatView;
typedef struct MemoryListener MemoryListener;
typedef struct MemoryRegion MemoryRegion;
typedef struct RamBlock RamBlock;

/* What came of an access; the bits of several parts of one access are joined by "or". */
typedef enum MemTxResult {
    MEMTX_OK = 0,
    MEMTX_ERROR = 1 << 0,        /* the device refused */
    MEMTX_DECODE_ERROR = 1 << 1, /* nothing answers at this address, or not with this size */
    MEMTX_ACCESS_ERROR = 1 << 2, /* the device is inside its own handler: re-entry refused */
} MemTxResult;

typedef enum ByteOrder {
    DEVICE_LITTLE_ENDIAN,
    DEVICE_BIG_ENDIAN,
} ByteOrder;

/*
 * What a range of an I/O region is called, by the data sheet: for the I/O profile. Where a place reads
 * as one register and is written as another, the name has both ("RBR/THR").
 */
typedef struct RegisterName {
    hwaddr addr;
    hwaddr size; /* bytes; 0 ends the table */
    const char *name;
} RegisterName;

/*
 * How an I/O region answers. `addr` is the offset in the region, `size` is 1, 2, 4 or 8.
 *
 * `valid` says which accesses the bus accepts: an access outside it reads all ones, writes
 * nothing, and gives MEMTX_DECODE_ERROR. Zeros mean 1..4 bytes, aligned. `impl` says which the
 * handlers implement; zeros mean 1..4 bytes, aligned. The dispatcher splits what is larger, in
 * rising order of address. For what is smaller or unaligned it reads the smallest implemented
 * unit at its aligned address and takes the bytes out, or writes that unit with the bytes in their
 * place and zeros beside them (it does not read first: a read may have effects). No handler is
 * called for bytes past the region's end.
 *
 * `endianness` is the byte order of the device's registers when several bytes are seen as one
 * value. Sizes are powers of two up to 8.
 *
 * The handlers run under the machine lock. Either handler may be NULL: reads give all ones,
 * writes are dropped.
 */
typedef struct MemoryRegionOps {
    uint64_t (*read)(void *opaque, hwaddr addr, unsigned size);
    void (*write)(void *opaque, hwaddr addr, uint64_t data, unsigned size);
    ByteOrder endianness;
    const RegisterName *registers; /* sorted by address, disjoint; NULL: none has a name */
    struct {
        unsigned min_access_size;
        unsigned max_access_size;
        bool unaligned;
        bool (*accepts)(void *opaque, hwaddr addr, unsigned size, bool is_write);
    } valid;
    struct {
        unsigned min_access_size;
        unsigned max_access_size;
        bool unaligned;
    } impl;
} MemoryRegionOps;

/*
 * Whose region this is: embedded in every device. `name` stands in the output of `info mtree`.
 * `busy` is true while one of the owner's handlers runs; an access that would enter the owner
 * again fails with MEMTX_ACCESS_ERROR and counts in `reentries`.
 */
typedef struct MemoryOwner {
    const char *name;
    bool busy;
    uint64_t reentries;
} MemoryOwner;

/* A range inside a region, in bytes from the region's start. */
typedef struct MemoryRange {
    hwaddr addr;
    hwaddr size;
} MemoryRange;

typedef struct MemoryRegionIoeventfd {
    hwaddr addr; /* offset in the region */
    unsigned size;
    bool match_data;
    uint64_t data;
    int fd;
} MemoryRegionIoeventfd;

typedef enum MemoryRegionKind {
    MEMORY_REGION_CONTAINER,
    MEMORY_REGION_IO,
    MEMORY_REGION_RAM, /* ROM is RAM that is read-only */
    MEMORY_REGION_ROM_DEVICE,
    MEMORY_REGION_ALIAS,
} MemoryRegionKind;

/* All fields are private to memory/; use the functions below. Embedded by value in the owner. */
struct MemoryRegion {
    MemoryRegionKind kind;
    char *name;
    MemoryOwner *owner;
    hwaddr size; /* MEMORY_SIZE_ALL: 2^64 */
    bool enabled;
    bool readonly;
    bool romd_mode;      /* ROM device: reads go to memory, not to ops */
    bool reentrant;      /* the re-entrancy guard is off */
    uint8_t dirty_clients; /* bit per DirtyClient that wants writes logged */

    /* place in the tree */
    MemoryRegion *container;
    hwaddr addr;
    int priority;
    TAILQ_HEAD(MemoryRegionHead, MemoryRegion) subregions;
    TAILQ_ENTRY(MemoryRegion) sibling;

    /* by kind */
    const MemoryRegionOps *ops;
    void *opaque;
    RamBlock *ram;
    MemoryRegion *alias;
    hwaddr alias_offset;

    GArray *coalesced;  /* MemoryRange, sorted, disjoint; NULL while there is none */
    GArray *ioeventfds; /* MemoryRegionIoeventfd, sorted; NULL while there is none */

    /* who sees it, and what the rendering and the transactions remember */
    LIST_HEAD(MemoryRegionAliases, MemoryRegion) aliases; /* those whose target this is */
    LIST_ENTRY(MemoryRegion) alias_link;
    unsigned roots;   /* address spaces whose root this is */
    uint64_t touched; /* number of the transaction that last marked it as changed */
    bool rendering;   /* an alias that is being followed */
};

/* A piece of a region as an address space shows it. Valid while the view it came from lives. */
typedef struct MemoryRegionSection {
    MemoryRegion *mr;
    AddressSpace *as;
    hwaddr offset_within_region;
    hwaddr offset_within_address_space;
    hwaddr size; /* bytes; MEMORY_SIZE_ALL: up to the top of the address space */
    bool readonly; /* through a read-only region or alias */
    bool romd;     /* a ROM device in memory mode */
    uint8_t dirty_clients;
} MemoryRegionSection;

/*
 * Hears how an address space's flat view changes. Any callback may be NULL.
 *
 * For a commit, per address space and in order: begin (listeners by rising priority); for all
 * that goes away: coalesced_io_del, eventfd_del, region_del (by falling priority); then the view
 * is swapped; for all that is new: region_add, eventfd_add, coalesced_io_add (by rising priority,
 * in address order), region_nop and log_start/log_stop for ranges that stay; commit.
 *
 * Between the removals and the swap the library calls the hook of memory_set_drain_hook(), so
 * queued writes reach the view they were made for. Where one commit changes several address
 * spaces, each of these steps is taken for all of them before the next, and the hook runs once.
 * An address space whose view is the same after the commit as before hears nothing.
 *
 * A callback may change regions (its change is committed when the present commit is done); it
 * must not register or unregister listeners.
 */
struct MemoryListener {
    const char *name;
    int priority;
    void (*begin)(MemoryListener *listener);
    void (*commit)(MemoryListener *listener);
    void (*region_add)(MemoryListener *listener, const MemoryRegionSection *section);
    void (*region_del)(MemoryListener *listener, const MemoryRegionSection *section);
    void (*region_nop)(MemoryListener *listener, const MemoryRegionSection *section);
    void (*log_start)(MemoryListener *listener, const MemoryRegionSection *section,
                      uint8_t old_clients, uint8_t new_clients);
    void (*log_stop)(MemoryListener *listener, const MemoryRegionSection *section,
                     uint8_t old_clients, uint8_t new_clients);
    /* Bring the dirty bits of `section` up to date, with memory_region_set_dirty(). It is always
     * a whole range of the view. */
    void (*log_sync)(MemoryListener *listener, const MemoryRegionSection *section);
    /* `section` is the doorbell's own bytes: its address, and as size its width (0: any). */
    void (*eventfd_add)(MemoryListener *listener, const MemoryRegionSection *section,
                        bool match_data, uint64_t data, int fd);
    void (*eventfd_del)(MemoryListener *listener, const MemoryRegionSection *section,
                        bool match_data, uint64_t data, int fd);
    /* [addr, addr + size) in the address space; `section` is the range of the view it lies in. */
    void (*coalesced_io_add)(MemoryListener *listener, const MemoryRegionSection *section,
                             hwaddr addr, hwaddr size);
    void (*coalesced_io_del)(MemoryListener *listener, const MemoryRegionSection *section,
                             hwaddr addr, hwaddr size);

    /* private to memory/ */
    AddressSpace *as;
    TAILQ_ENTRY(MemoryListener) link;
};

/* Counters of an address space, since address_space_init(). */
typedef struct AddressSpaceStats {
    uint64_t unassigned_reads;
    uint64_t unassigned_writes;
    uint64_t rejected; /* size or alignment outside `valid` */
    uint64_t reentries; /* refused by the re-entrancy guard */
} AddressSpaceStats;

struct AddressSpace {
    char *name;
    MemoryRegion *root;
    FlatView *view;
    AddressSpaceStats stats;
    TAILQ_HEAD(MemoryListenerHead, MemoryListener) listeners; /* by rising priority */

    /* private to memory/ */
    TAILQ_ENTRY(AddressSpace) link;
    bool pending;        /* to be rendered again at the end of the transaction */
    GArray *maps;        /* DmaMap: what address_space_map() has given out */
    void *bounce_buffer; /* while the one bounce buffer is given out, else NULL */
};

/* -------------------------------------------------------------------------------- regions -- */

/*
 * Make `mr` a container of `size` bytes (MEMORY_SIZE_ALL: 2^64). `name` is copied; `owner` may be
 * NULL. A region starts enabled, outside any container.
 */
void memory_region_init(MemoryRegion *mr, MemoryOwner *owner, const char *name, hwaddr size);

/* Make `mr` an I/O region: `ops` is called with `opaque`. `ops` must outlive the region. */
void memory_region_init_io(MemoryRegion *mr, MemoryOwner *owner, const MemoryRegionOps *ops,
                           void *opaque, const char *name, hwaddr size);

/*
 * Make `mr` RAM of `size` bytes, zero-filled and allocated page by page at first touch. Fails,
 * with `mr` untouched, when the host has no address space for it or `size` is 0.
 */
bool memory_region_init_ram(MemoryRegion *mr, MemoryOwner *owner, const char *name, hwaddr size,
                            GError **errp);

/* As memory_region_init_ram(), but over the caller's memory, which must outlive the region. */
void memory_region_init_ram_ptr(MemoryRegion *mr, MemoryOwner *owner, const char *name, hwaddr size,
                                void *ptr);

/* As memory_region_init_ram(), read-only for the guest; the host writes through the pointer. */
bool memory_region_init_rom(MemoryRegion *mr, MemoryOwner *owner, const char *name, hwaddr size,
                            GError **errp);

/*
 * A ROM device: in memory mode (as it starts) reads come from its memory and only writes call
 * `ops`; see memory_region_rom_device_set_romd().
 */
bool memory_region_init_rom_device(MemoryRegion *mr, MemoryOwner *owner, const MemoryRegionOps *ops,
                                   void *opaque, const char *name, hwaddr size, GError **errp);

/* Make `mr` show `size` bytes of `target` from `offset` on. `target` must outlive it. */
void memory_region_init_alias(MemoryRegion *mr, MemoryOwner *owner, const char *name,
                              MemoryRegion *target, hwaddr offset, hwaddr size);

/*
 * Undo an init, or do nothing for a zeroed region. The region must be outside any container, and
 * its subregions are taken out. Views that still show it keep its RAM alive, never its ops: so a
 * device destroys its regions outside a transaction, after they left the tree.
 */
void memory_region_destroy(MemoryRegion *mr);

hwaddr memory_region_size(const MemoryRegion *mr);
const char *memory_region_name(const MemoryRegion *mr);
bool memory_region_is_ram(const MemoryRegion *mr);
bool memory_region_is_mapped(const MemoryRegion *mr); /* it has a container */

/* The host address of byte 0 of a RAM, ROM or ROM device region, else NULL. Any thread. */
void *memory_region_get_ram_ptr(const MemoryRegion *mr);

/*
 * Put `sub` at `offset` in the container `mr`. Plain subregions have priority 0 and are not meant
 * to overlap; _overlap states the intent and a priority (higher wins, negative allowed). `sub`
 * must not be in a container yet, and the tree must stay a tree (asserted).
 */
void memory_region_add_subregion(MemoryRegion *mr, hwaddr offset, MemoryRegion *sub);
void memory_region_add_subregion_overlap(MemoryRegion *mr, hwaddr offset, MemoryRegion *sub,
                                         int priority);
void memory_region_del_subregion(MemoryRegion *mr, MemoryRegion *sub);

/* Changes of one attribute; each is a transaction of its own, and free when nothing changes. */
void memory_region_set_enabled(MemoryRegion *mr, bool enabled);
void memory_region_set_address(MemoryRegion *mr, hwaddr addr); /* the order of siblings stays */
void memory_region_set_size(MemoryRegion *mr, hwaddr size); /* not for RAM, ROM, ROM device */
void memory_region_set_readonly(MemoryRegion *mr, bool readonly); /* RAM, or an alias */
void memory_region_set_alias_offset(MemoryRegion *mr, hwaddr offset);
void memory_region_rom_device_set_romd(MemoryRegion *mr, bool romd_mode);

/* Allow the owner's other handlers to run while one of them is busy (default: refused). */
void memory_region_set_reentrant(MemoryRegion *mr, bool reentrant);

/*
 * Changes between begin and the matching commit take effect together, at the outermost commit.
 * Transactions nest.
 */
void memory_region_transaction_begin(void);
void memory_region_transaction_commit(void);

/*
 * Called between the removals and the swap of every commit that takes a coalesced range away or
 * changes what is behind one. One hook, of the accelerator; NULL for none.
 */
void memory_set_drain_hook(void (*drain)(void *opaque), void *opaque);

/*
 * Called at the start of memory_region_destroy(): whoever remembers regions forgets `mr`. One hook,
 * of the accelerator; NULL for none.
 */
void memory_set_destroy_hook(void (*destroyed)(MemoryRegion *mr, void *opaque), void *opaque);

/* ------------------------------------------------------- coalescing, doorbells, dirty bits -- */

/*
 * Let writes to [offset, offset + size) of an I/O or ROM device region be queued until the next
 * taking of the machine lock. See docs/ for which registers may be in such a range. Ranges that
 * overlap become one. Listeners hear of the parts that are shown, and shown writable.
 */
void memory_region_add_coalescing(MemoryRegion *mr, hwaddr offset, hwaddr size);

/* Take back all of the region's coalesced ranges. */
void memory_region_clear_coalescing(MemoryRegion *mr);

/*
 * Have a write of `size` bytes (0: any width; 1, 2, 4, 8) at `addr` in the region, of the value
 * `data` if `match_data`, signal the eventfd `fd` instead of calling the region's ops. `fd` stays
 * the caller's and must be open until the eventfd is deleted with the same arguments. It takes
 * effect where the region's byte at `addr` is shown writable. Where no accelerator takes it, the
 * dispatcher signals `fd` itself; `valid` does not matter to it.
 */
void memory_region_add_eventfd(MemoryRegion *mr, hwaddr addr, unsigned size, bool match_data,
                               uint64_t data, int fd);
void memory_region_del_eventfd(MemoryRegion *mr, hwaddr addr, unsigned size, bool match_data,
                               uint64_t data, int fd);

typedef enum DirtyClient {
    DIRTY_MEMORY_VGA,
    DIRTY_MEMORY_MIGRATION,
    DIRTY_CLIENTS,
} DirtyClient;

#define DIRTY_PAGE_SIZE 4096

/*
 * Log, or stop logging, the guest's writes to a RAM region for `client`. Nothing is dirty when
 * logging starts.
 */
void memory_region_set_log(MemoryRegion *mr, bool log, DirtyClient client);

/* Mark [addr, addr + size) of a RAM region dirty for every client that logs it. Any thread. */
void memory_region_set_dirty(MemoryRegion *mr, hwaddr addr, hwaddr size);

/*
 * Take the dirty bits of [addr, addr + size) for `client`: asks every listener to log_sync, then
 * returns one bit per DIRTY_PAGE_SIZE page (bit 0: the page of `addr`, which must be aligned) and
 * clears them. To be freed with g_free().
 */
unsigned long *memory_region_snapshot_and_clear_dirty(MemoryRegion *mr, hwaddr addr, hwaddr size,
                                                      DirtyClient client);

/* Whether [addr, addr + size), relative to the snapshot's start, has a dirty page. */
bool memory_snapshot_get_dirty(const unsigned long *snapshot, hwaddr addr, hwaddr size);

/* ------------------------------------------------------------------------- address spaces -- */

/* Show `root` as an address space called `name` (copied). `root` must outlive it. */
void address_space_init(AddressSpace *as, MemoryRegion *root, const char *name);

/* Undo init; every listener must have been unregistered. */
void address_space_destroy(AddressSpace *as);

/* Register: replays the present view as region_add, eventfd_add, coalesced_io_add, commit. */
void memory_listener_register(MemoryListener *listener, AddressSpace *as);

/* Unregister: replays the present view as coalesced_io_del, eventfd_del, region_del, commit. */
void memory_listener_unregister(MemoryListener *listener);

/*
 * Read or write `len` bytes at `addr`, across whatever lies there, in the widest accesses that
 * alignment and the devices' `valid` sizes allow (an access of 1, 2, 4 or 8 bytes that one device
 * accepts reaches it as one). An access to a device belongs to the region that shows its first
 * byte, even if another shows the next (up to the region's end). Reads of nothing give all ones.
 * Writes to nothing are dropped with MEMTX_DECODE_ERROR, and writes to what is read-only (ROM, or
 * anything through a read-only alias) with MEMTX_OK. Addresses wrap at 2^64. `buf` is in guest
 * (little-endian) order.
 *
 * A handler may change the map: the rest of a long access finds the new one.
 */
MemTxResult address_space_read(AddressSpace *as, hwaddr addr, void *buf, hwaddr len);
MemTxResult address_space_write(AddressSpace *as, hwaddr addr, const void *buf, hwaddr len);
MemTxResult address_space_rw(AddressSpace *as, hwaddr addr, void *buf, hwaddr len, bool is_write);

/* As address_space_write(), but also into ROM: for loaders. What is no memory is skipped, and gives
 * MEMTX_DECODE_ERROR. */
MemTxResult address_space_write_rom(AddressSpace *as, hwaddr addr, const void *buf, hwaddr len);

/* One access of 1, 2, 4 or 8 bytes with explicit byte order. Loads of nothing give all ones. */
uint8_t address_space_ldub(AddressSpace *as, hwaddr addr, MemTxResult *result);
uint16_t address_space_lduw_le(AddressSpace *as, hwaddr addr, MemTxResult *result);
uint32_t address_space_ldl_le(AddressSpace *as, hwaddr addr, MemTxResult *result);
uint64_t address_space_ldq_le(AddressSpace *as, hwaddr addr, MemTxResult *result);
uint16_t address_space_lduw_be(AddressSpace *as, hwaddr addr, MemTxResult *result);
uint32_t address_space_ldl_be(AddressSpace *as, hwaddr addr, MemTxResult *result);
uint64_t address_space_ldq_be(AddressSpace *as, hwaddr addr, MemTxResult *result);
void address_space_stb(AddressSpace *as, hwaddr addr, uint8_t val, MemTxResult *result);
void address_space_stw_le(AddressSpace *as, hwaddr addr, uint16_t val, MemTxResult *result);
void address_space_stl_le(AddressSpace *as, hwaddr addr, uint32_t val, MemTxResult *result);
void address_space_stq_le(AddressSpace *as, hwaddr addr, uint64_t val, MemTxResult *result);
void address_space_stw_be(AddressSpace *as, hwaddr addr, uint16_t val, MemTxResult *result);
void address_space_stl_be(AddressSpace *as, hwaddr addr, uint32_t val, MemTxResult *result);
void address_space_stq_be(AddressSpace *as, hwaddr addr, uint64_t val, MemTxResult *result);

/*
 * Map guest memory for DMA: returns a host pointer to at most `*len` bytes at `addr` and sets
 * `*len` to what it covers (0 with NULL: nothing could be mapped). RAM is given directly; other
 * memory through a bounce buffer, one at a time per address space and at most 4 KiB. The mapping
 * keeps the RAM alive.
 */
void *address_space_map(AddressSpace *as, hwaddr addr, hwaddr *len, bool is_write);

/* End the mapping of `len` bytes that address_space_map() returned; `access_len` bytes of it were
 * touched (they are marked dirty if is_write). */
void address_space_unmap(AddressSpace *as, void *buf, hwaddr len, bool is_write, hwaddr access_len);

/*
 * What is at `addr`: the section that covers it, from `addr` on and at most `size` bytes long.
 * mr is NULL where there is nothing (then size says how far the hole goes, up to `size`).
 */
MemoryRegionSection address_space_lookup(AddressSpace *as, hwaddr addr, hwaddr size);

/*
 * Find [addr, addr + size), relative to the region `mr`, in the first address space whose tree
 * has `mr` in it. As address_space_lookup().
 */
MemoryRegionSection memory_region_find(MemoryRegion *mr, hwaddr addr, hwaddr size);

/* Call the region's own handlers at offset `addr`, as the dispatcher does. `size` 1, 2, 4 or 8. */
MemTxResult memory_region_dispatch_read(MemoryRegion *mr, hwaddr addr, uint64_t *data,
                                        unsigned size);
MemTxResult memory_region_dispatch_write(MemoryRegion *mr, hwaddr addr, uint64_t data,
                                         unsigned size);

/* Write `len` bytes at `offset` of one region, in the pieces that address_space_write() would make. */
MemTxResult memory_region_write(MemoryRegion *mr, hwaddr offset, const void *buf, hwaddr len);

/* ------------------------------------------------------------------------------ flat views -- */

typedef struct FlatRange {
    MemoryRegion *mr;
    hwaddr offset_in_region;
    hwaddr addr;
    hwaddr size; /* MEMORY_SIZE_ALL: 2^64 */
    uint8_t dirty_clients;
    bool readonly;
    bool romd;
    RamBlock *ram; /* private to memory/: what the view keeps alive; NULL for I/O */
} FlatRange;

/* The present view, with a reference. Any thread that holds the machine lock. */
FlatView *address_space_get_flatview(AddressSpace *as);
void flatview_ref(FlatView *view);   /* any thread */
void flatview_unref(FlatView *view); /* any thread; the last one frees RAM that nobody shows */

/* The ranges in address order; `*n` is their number. Valid while the view is referenced. */
const FlatRange *flatview_ranges(const FlatView *view, size_t *n);

/* The range that holds `addr`, or NULL. Logarithmic; a last-hit cache makes repeats cheaper. */
const FlatRange *flatview_lookup(FlatView *view, hwaddr addr);

/* ----------------------------------------------------------------------------------- print -- */

/* Append the text of `info mtree`: every address space's tree. */
void memory_print_tree(GString *out, bool show_owner, bool show_disabled);

/* Append the text of `info mtree -f`: every address space's flat view. */
void memory_print_flat(GString *out, bool show_owner);

#endif
