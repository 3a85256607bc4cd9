/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Host memory of RAM regions, and its dirty bits.
 *
 * A block is anonymous private memory that the host fills with zeros page by page as it is
 * touched, and for which it reserves no swap: a guest may be given more than the host has free.
 * Dirty bits are one bitmap per client, set with atomic operations by whoever writes.
 */
#include "internal.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define HUGE_PAGE_SIZE (2 * 1024 * 1024)

/* The kernel counts the pages of one memory slot in a signed int, so no guest could see more. */
#define RAM_BLOCK_SIZE_MAX ((hwaddr)INT32_MAX * DIRTY_PAGE_SIZE)

#define BITS_PER_WORD (8 * sizeof(unsigned long))

static void *map_anonymous(size_t size)
{
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                   -1, 0);

    return p == MAP_FAILED ? NULL : p;
}

/* Large blocks start at a huge page's boundary: host and nested page tables can use huge pages. */
static void *map_aligned(size_t size)
{
    uint8_t *p = map_anonymous(size + HUGE_PAGE_SIZE);
    size_t head;

    if (!p) {
        return NULL;
    }
    head = -(uintptr_t)p & (HUGE_PAGE_SIZE - 1);
    if (head > 0) {
        munmap(p, head);
    }
    munmap(p + head + size, HUGE_PAGE_SIZE - head);
    /* Advice only: a host without huge pages is as good. */
    madvise(p + head, size, MADV_HUGEPAGE);
    return p + head;
}

RamBlock *ram_block_new(const char *name, hwaddr size, GError **errp)
{
    hwaddr page = sysconf(_SC_PAGESIZE);
    hwaddr mapped;
    uint8_t *host;
    RamBlock *block;

    if (size == 0) {
        g_set_error(errp, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                    "cannot set up guest memory '%s': its size is 0", name);
        return NULL;
    }
    if (size > RAM_BLOCK_SIZE_MAX) {
        g_set_error(errp, G_FILE_ERROR, G_FILE_ERROR_NOMEM,
                    "cannot set up guest memory '%s': %" PRIu64 " MiB is more than the limit of "
                    "%" PRIu64 " MiB",
                    name, size >> 20, RAM_BLOCK_SIZE_MAX >> 20);
        return NULL;
    }
    mapped = (size + page - 1) & -page;
    host = mapped >= HUGE_PAGE_SIZE ? map_aligned(mapped) : map_anonymous(mapped);
    if (!host) {
        int err = errno;

        g_set_error(errp, G_FILE_ERROR, g_file_error_from_errno(err),
                    "cannot set up guest memory '%s' of %" PRIu64 " MiB: %s", name, size >> 20,
                    g_strerror(err));
        return NULL;
    }
    block = ram_block_new_from_ptr(host, size);
    block->mapped = mapped;
    return block;
}

RamBlock *ram_block_new_from_ptr(void *ptr, hwaddr size)
{
    RamBlock *block = g_new0(RamBlock, 1);

    g_atomic_ref_count_init(&block->ref);
    block->host = ptr;
    block->size = size;
    return block;
}

RamBlock *ram_block_ref(RamBlock *block)
{
    g_atomic_ref_count_inc(&block->ref);
    return block;
}

void ram_block_unref(RamBlock *block)
{
    if (!block || !g_atomic_ref_count_dec(&block->ref)) {
        return;
    }
    if (block->mapped) {
        munmap(block->host, block->mapped);
    }
    for (int i = 0; i < DIRTY_CLIENTS; i++) {
        g_free(block->dirty[i]);
    }
    g_free(block);
}

/* ----------------------------------------------------------------------------- dirty bits -- */

static size_t block_words(const RamBlock *block)
{
    size_t pages = (block->size + DIRTY_PAGE_SIZE - 1) / DIRTY_PAGE_SIZE;

    return (pages + BITS_PER_WORD - 1) / BITS_PER_WORD;
}

/* The bits of word `word` that stand for the pages first..last. */
static unsigned long word_mask(size_t word, size_t first, size_t last)
{
    size_t base = word * BITS_PER_WORD;
    unsigned long mask = ~0UL;

    if (first > base) {
        mask &= ~0UL << (first - base);
    }
    if (last < base + BITS_PER_WORD - 1) {
        mask &= ~0UL >> (base + BITS_PER_WORD - 1 - last);
    }
    return mask;
}

void ram_block_set_log(RamBlock *block, DirtyClient client, bool log)
{
    if (!log) {
        __atomic_fetch_and(&block->logging, ~(1U << client), __ATOMIC_RELEASE);
        return;
    }
    if (!block->dirty[client]) {
        block->dirty[client] = g_new0(unsigned long, block_words(block));
    } else {
        for (size_t i = 0; i < block_words(block); i++) {
            __atomic_store_n(&block->dirty[client][i], 0, __ATOMIC_RELAXED);
        }
    }
    /* Whoever sees the bit sees the bitmap. */
    __atomic_fetch_or(&block->logging, 1U << client, __ATOMIC_RELEASE);
}

/*
 * A bit that is set already is set again: the operation also orders the write to memory before
 * it against the reader, who clears the bit first and reads the memory then.
 */
static void bitmap_set(unsigned long *bitmap, size_t first, size_t last)
{
    for (size_t w = first / BITS_PER_WORD; w <= last / BITS_PER_WORD; w++) {
        __atomic_fetch_or(&bitmap[w], word_mask(w, first, last), __ATOMIC_SEQ_CST);
    }
}

void ram_block_mark_dirty(RamBlock *block, hwaddr offset, hwaddr size)
{
    unsigned logging = __atomic_load_n(&block->logging, __ATOMIC_ACQUIRE);

    if (offset >= block->size || size == 0) {
        return;
    }
    size = MIN(size, block->size - offset);
    for (int i = 0; i < DIRTY_CLIENTS; i++) {
        if (logging & (1U << i)) {
            bitmap_set(block->dirty[i], offset / DIRTY_PAGE_SIZE,
                       (offset + size - 1) / DIRTY_PAGE_SIZE);
        }
    }
}

void memory_region_set_dirty(MemoryRegion *mr, hwaddr addr, hwaddr size)
{
    g_assert(mr->ram);
    ram_block_set_dirty(mr->ram, addr, size);
}

unsigned long *memory_region_snapshot_and_clear_dirty(MemoryRegion *mr, hwaddr addr, hwaddr size,
                                                      DirtyClient client)
{
    RamBlock *block = mr->ram;
    size_t first = addr / DIRTY_PAGE_SIZE;
    size_t last;
    unsigned long *snapshot;

    g_assert(block && addr % DIRTY_PAGE_SIZE == 0);
    g_assert(size > 0 && addr < block->size && size <= block->size - addr);
    last = (addr + size - 1) / DIRTY_PAGE_SIZE;
    snapshot = g_new0(unsigned long, (last - first) / BITS_PER_WORD + 1);
    if (!(__atomic_load_n(&block->logging, __ATOMIC_ACQUIRE) & (1U << client))) {
        return snapshot;
    }

    address_spaces_log_sync(mr, addr, size);
    for (size_t w = first / BITS_PER_WORD; w <= last / BITS_PER_WORD; w++) {
        unsigned long mask = word_mask(w, first, last);
        unsigned long bits;

        bits = __atomic_fetch_and(&block->dirty[client][w], ~mask, __ATOMIC_SEQ_CST) & mask;
        while (bits) {
            size_t page = w * BITS_PER_WORD + __builtin_ctzl(bits) - first;

            snapshot[page / BITS_PER_WORD] |= 1UL << page % BITS_PER_WORD;
            bits &= bits - 1;
        }
    }
    return snapshot;
}

bool memory_snapshot_get_dirty(const unsigned long *snapshot, hwaddr addr, hwaddr size)
{
    size_t first = addr / DIRTY_PAGE_SIZE;
    size_t last;

    if (size == 0) {
        return false;
    }
    last = (addr + size - 1) / DIRTY_PAGE_SIZE;
    for (size_t w = first / BITS_PER_WORD; w <= last / BITS_PER_WORD; w++) {
        if (snapshot[w] & word_mask(w, first, last)) {
            return true;
        }
    }
    return false;
}
