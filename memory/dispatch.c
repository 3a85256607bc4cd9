/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Accesses: from an address to host memory or to a device's handlers, and DMA mappings.
 *
 * An access to an I/O region belongs to the region that shows its first byte. It is not cut where
 * another region lies over the bytes after it (a 4-byte write to port 0xcf8 goes whole to the
 * device there, whatever answers a byte at 0xcf9), but never reaches past the region's own end.
 *
 * Where a device's handlers implement other sizes than the access has:
 *
 *  - what is larger is split into the largest aligned units that are implemented, in rising order
 *    of address;
 *  - for what is smaller or unaligned, the smallest implemented units that contain it are
 *    accessed, at their aligned addresses. A read takes its bytes out of them. A write puts its
 *    bytes at their place in the unit, and zeros beside them: the unit is not read first, for a
 *    read may have effects. A device whose registers keep bytes that are not written implements
 *    bytes.
 *
 * A value has the bytes of the device's byte order; the guest and this API are little-endian.
 */
#include "internal.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "effect.h"

EffectHook effect_hook_memory;

#define BOUNCE_BUFFER_SIZE 4096

/* What address_space_map() has given out. */
typedef struct DmaMap {
    uint8_t *host;
    RamBlock *ram; /* NULL: the bounce buffer */
    hwaddr offset; /* in the block; for the bounce buffer, the guest's address */
    hwaddr len;
} DmaMap;

static uint64_t size_mask(unsigned size)
{
    return ~UINT64_C(0) >> (64 - 8 * size);
}

static bool is_access_size(hwaddr size)
{
    return size == 1 || size == 2 || size == 4 || size == 8;
}

static hwaddr floor_power_of_two(hwaddr n)
{
    return (hwaddr)1 << (63 - __builtin_clzll(n));
}

static unsigned valid_max(const MemoryRegionOps *ops)
{
    return ops->valid.max_access_size ? ops->valid.max_access_size : 4;
}

static unsigned valid_min(const MemoryRegionOps *ops)
{
    return ops->valid.min_access_size ? ops->valid.min_access_size : 1;
}

static unsigned impl_max(const MemoryRegionOps *ops)
{
    return ops->impl.max_access_size ? ops->impl.max_access_size : 4;
}

static unsigned impl_min(const MemoryRegionOps *ops)
{
    return ops->impl.min_access_size ? ops->impl.min_access_size : 1;
}

/* ------------------------------------------------------------------------------ host memory -- */

/* One access of a power of two is one load or store of the host's: vCPUs may look on. */
static void copy(void *dst, const void *src, hwaddr len)
{
    switch (len) {
    case 1:
        memcpy(dst, src, 1);
        break;
    case 2:
        memcpy(dst, src, 2);
        break;
    case 4:
        memcpy(dst, src, 4);
        break;
    case 8:
        memcpy(dst, src, 8);
        break;
    default:
        memcpy(dst, src, len);
    }
}

static uint64_t load_le(const uint8_t *bytes, unsigned size)
{
    uint64_t value = 0;

    memcpy(&value, bytes, size);
    return GUINT64_FROM_LE(value);
}

static void store_le(uint8_t *bytes, uint64_t value, unsigned size)
{
    value = GUINT64_TO_LE(value);
    memcpy(bytes, &value, size);
}

/* ---------------------------------------------------------------------- a device's handlers -- */

/* From a device's value to the guest's, or back. */
static uint64_t swap_for(const MemoryRegionOps *ops, uint64_t value, unsigned size)
{
    if (ops->endianness == DEVICE_BIG_ENDIAN) {
        return __builtin_bswap64(value) >> (64 - 8 * size);
    }
    return value;
}

static uint64_t call_read(MemoryRegion *mr, hwaddr addr, unsigned size)
{
    uint64_t value;

    if (!mr->ops->read) {
        return size_mask(size);
    }
    value = mr->ops->read(mr->opaque, addr, size);
    return swap_for(mr->ops, value & size_mask(size), size);
}

static void call_write(MemoryRegion *mr, hwaddr addr, uint64_t value, unsigned size)
{
    if (mr->ops->write) {
        mr->ops->write(mr->opaque, addr, swap_for(mr->ops, value, size), size);
    }
}

/* Whether the handlers take the access as it is. */
static bool is_implemented(const MemoryRegionOps *ops, hwaddr addr, unsigned size)
{
    return size >= impl_min(ops) && size <= impl_max(ops) &&
           (ops->impl.unaligned || (addr & (size - 1)) == 0);
}

/* The implemented unit for the first of `size` bytes at `addr`: its address and its size. */
static unsigned first_unit(const MemoryRegionOps *ops, hwaddr addr, unsigned size,
                           hwaddr *unit_addr)
{
    unsigned unit = MIN(floor_power_of_two(size), impl_max(ops));

    if (!ops->impl.unaligned && addr != 0) {
        unit = MIN(unit, addr & -addr);
    }
    *unit_addr = addr;
    if (unit < impl_min(ops)) {
        unit = impl_min(ops);
        *unit_addr = addr & -(hwaddr)unit;
    }
    return unit;
}

/*
 * Do an access in implemented units. A unit that would reach past the region's end, because the
 * region's size is no multiple of it, is not accessed: its bytes answer as nothing.
 */
static MemTxResult access_in_units(MemoryRegion *mr, hwaddr addr, uint64_t *data, unsigned size,
                                   bool is_write)
{
    uint128 end = size_to_uint128(mr->size);
    MemTxResult result = MEMTX_OK;
    uint8_t bytes[8];
    unsigned done = 0;

    store_le(bytes, *data, size);
    while (done < size) {
        uint8_t unit_bytes[8] = {};
        hwaddr unit_addr;
        unsigned unit = first_unit(mr->ops, addr + done, size - done, &unit_addr);
        unsigned skip = addr + done - unit_addr;
        unsigned n = MIN(unit - skip, size - done);

        if (unit_addr + (uint128)unit > end) {
            memset(bytes + done, 0xff, n);
            result |= MEMTX_DECODE_ERROR;
        } else if (is_write) {
            memcpy(unit_bytes + skip, bytes + done, n);
            call_write(mr, unit_addr, load_le(unit_bytes, unit), unit);
        } else {
            store_le(unit_bytes, call_read(mr, unit_addr, unit), unit);
            memcpy(bytes + done, unit_bytes + skip, n);
        }
        done += n;
    }
    *data = load_le(bytes, size);
    return result;
}

/* Whether the bus lets this access through to the device. */
static bool is_valid(const MemoryRegion *mr, hwaddr addr, unsigned size, bool is_write)
{
    const MemoryRegionOps *ops = mr->ops;

    if (addr + (uint128)size > size_to_uint128(mr->size)) {
        return false;
    }
    if (size < valid_min(ops) || size > valid_max(ops)) {
        return false;
    }
    if (!ops->valid.unaligned && (addr & (size - 1)) != 0) {
        return false;
    }
    return !ops->valid.accepts || ops->valid.accepts(mr->opaque, addr, size, is_write);
}

/* One access of the guest's to a region with handlers. `stats` may be NULL. */
static MemTxResult access_device(MemoryRegion *mr, hwaddr addr, uint64_t *data, unsigned size,
                                 bool is_write, AddressSpaceStats *stats)
{
    MemoryOwner *owner = mr->owner;
    bool was_busy = owner && owner->busy;
    MemTxResult result = MEMTX_OK;

    if (!is_valid(mr, addr, size, is_write)) {
        if (stats) {
            stats->rejected++;
        }
        *data = size_mask(size);
        return MEMTX_DECODE_ERROR;
    }
    if (was_busy && !mr->reentrant) {
        owner->reentries++;
        if (stats) {
            stats->reentries++;
        }
        *data = size_mask(size);
        return MEMTX_ACCESS_ERROR;
    }

    if (owner) {
        owner->busy = true;
    }
    if (!is_implemented(mr->ops, addr, size)) {
        result = access_in_units(mr, addr, data, size, is_write);
    } else if (is_write) {
        call_write(mr, addr, *data, size);
    } else {
        *data = call_read(mr, addr, size);
    }
    if (owner) {
        owner->busy = was_busy;
    }
    return result;
}

/*
 * Signal the doorbells that this write rings; returns whether there was one. An accelerator that
 * takes doorbells itself does so before a write gets here.
 */
static bool ring_doorbells(const MemoryRegion *mr, hwaddr addr, uint64_t data, unsigned size)
{
    bool rung = false;

    for (guint i = 0; i < mr->ioeventfds->len; i++) {
        const MemoryRegionIoeventfd *e = &g_array_index(mr->ioeventfds, MemoryRegionIoeventfd, i);
        const uint64_t one = 1;

        if (e->addr != addr || (e->size != 0 && e->size != size) ||
            (e->match_data && e->data != data)) {
            continue;
        }
        /* A full counter refuses, and is as loud as it can be. */
        while (write(e->fd, &one, sizeof(one)) < 0 && errno == EINTR) {
        }
        rung = true;
    }
    return rung;
}

static bool is_memory_for_reads(const MemoryRegion *mr)
{
    return mr->kind == MEMORY_REGION_RAM || (mr->kind == MEMORY_REGION_ROM_DEVICE && mr->romd_mode);
}

/* Whether [addr, addr + size) lies in the region's memory. */
static bool is_inside(const MemoryRegion *mr, hwaddr addr, unsigned size)
{
    return addr + (uint128)size <= mr->size;
}

MemTxResult memory_region_dispatch_read(MemoryRegion *mr, hwaddr addr, uint64_t *data,
                                        unsigned size)
{
    g_assert(is_access_size(size));
    *data = size_mask(size);
    if (is_memory_for_reads(mr)) {
        if (!is_inside(mr, addr, size)) {
            return MEMTX_DECODE_ERROR;
        }
        *data = load_le(mr->ram->host + addr, size);
        return MEMTX_OK;
    }
    return mr->ops ? access_device(mr, addr, data, size, false, NULL) : MEMTX_DECODE_ERROR;
}

MemTxResult memory_region_dispatch_write(MemoryRegion *mr, hwaddr addr, uint64_t data,
                                         unsigned size)
{
    g_assert(is_access_size(size));
    data &= size_mask(size);
    if (mr->kind == MEMORY_REGION_RAM) {
        if (!is_inside(mr, addr, size)) {
            return MEMTX_DECODE_ERROR;
        }
        if (!mr->readonly) {
            store_le(mr->ram->host + addr, data, size);
            ram_block_set_dirty(mr->ram, addr, size);
        }
        return MEMTX_OK;
    }
    if (!mr->ops) {
        return MEMTX_DECODE_ERROR;
    }
    if (mr->ioeventfds && ring_doorbells(mr, addr, data, size)) {
        return MEMTX_OK;
    }
    return access_device(mr, addr, &data, size, true, NULL);
}

/* ------------------------------------------------------------------- pieces of a long access -- */

/* The widest single access at `addr` that is no longer than `len` and that the device accepts. */
static unsigned device_access_size(const MemoryRegion *mr, hwaddr addr, hwaddr len)
{
    uint128 end = size_to_uint128(mr->size);
    hwaddr size = MIN(len, valid_max(mr->ops));

    /* The region shrank, and the view does not show it yet: one byte, which will be refused. */
    if (addr >= end) {
        return 1;
    }
    if (!mr->ops->valid.unaligned && addr != 0) {
        size = MIN(size, addr & -addr);
    }
    if (addr + (uint128)size > end) {
        size = end - addr;
    }
    return floor_power_of_two(size);
}

/* How many of `len` bytes at `addr` the range holds. */
static hwaddr bytes_in_range(const FlatRange *range, hwaddr addr, hwaddr len)
{
    uint128 left = size_to_uint128(range->size) - (addr - range->addr);

    return left < len ? (hwaddr)left : len;
}

static bool reads_memory(const FlatRange *range)
{
    return range->ram && (range->romd || range->mr->kind == MEMORY_REGION_RAM);
}

/* Read the first piece of [addr, addr + len); returns its length. */
static hwaddr read_piece(AddressSpace *as, hwaddr addr, uint8_t *buf, hwaddr len,
                         MemTxResult *result)
{
    uint128 hole;
    const FlatRange *range = flatview_find(as->view, addr, &hole);
    MemoryRegion *mr;
    hwaddr offset;
    uint64_t data = 0;

    if (!range) {
        len = hole < len ? (hwaddr)hole : len;
        memset(buf, 0xff, len);
        as->stats.unassigned_reads++;
        *result |= MEMTX_DECODE_ERROR;
        return len;
    }
    mr = range->mr;
    offset = range->offset_in_region + (addr - range->addr);
    if (reads_memory(range)) {
        len = bytes_in_range(range, addr, len);
        copy(buf, range->ram->host + offset, len);
        return len;
    }
    /* From here on neither the range nor the view need exist: a handler may change the map. */
    len = device_access_size(mr, offset, len);
    *result |= access_device(mr, offset, &data, len, false, &as->stats);
    store_le(buf, data, len);
    return len;
}

/* Write the first piece of [addr, addr + len); returns its length. */
static hwaddr write_piece(AddressSpace *as, hwaddr addr, const uint8_t *buf, hwaddr len,
                          MemTxResult *result)
{
    uint128 hole;
    const FlatRange *range = flatview_find(as->view, addr, &hole);
    MemoryRegion *mr;
    hwaddr offset;
    uint64_t data;

    if (!range) {
        as->stats.unassigned_writes++;
        *result |= MEMTX_DECODE_ERROR;
        return hole < len ? (hwaddr)hole : len;
    }
    mr = range->mr;
    offset = range->offset_in_region + (addr - range->addr);
    if (range->readonly) {
        return bytes_in_range(range, addr, len);
    }
    if (mr->kind == MEMORY_REGION_RAM) {
        len = bytes_in_range(range, addr, len);
        copy(range->ram->host + offset, buf, len);
        ram_block_set_dirty(range->ram, offset, len);
        return len;
    }
    /* A doorbell hears the write as the guest made it, whatever sizes the registers accept. */
    if (G_UNLIKELY(mr->ioeventfds) && is_access_size(len) &&
        ring_doorbells(mr, offset, load_le(buf, len), len)) {
        return len;
    }
    len = device_access_size(mr, offset, len);
    data = load_le(buf, len);
    *result |= access_device(mr, offset, &data, len, true, &as->stats);
    return len;
}

/* ----------------------------------------------------------------------------- long accesses -- */

MemTxResult address_space_read(AddressSpace *as, hwaddr addr, void *buf, hwaddr len)
{
    MemTxResult result = MEMTX_OK;
    uint8_t *p = buf;

    effect_note(effect_hook_memory, EFFECT_DMA);
    while (len > 0) {
        hwaddr n = read_piece(as, addr, p, len, &result);

        addr += n;
        p += n;
        len -= n;
    }
    return result;
}

MemTxResult address_space_write(AddressSpace *as, hwaddr addr, const void *buf, hwaddr len)
{
    MemTxResult result = MEMTX_OK;
    const uint8_t *p = buf;

    effect_note(effect_hook_memory, EFFECT_DMA);
    while (len > 0) {
        hwaddr n = write_piece(as, addr, p, len, &result);

        addr += n;
        p += n;
        len -= n;
    }
    return result;
}

MemTxResult memory_region_write(MemoryRegion *mr, hwaddr offset, const void *buf, hwaddr len)
{
    MemTxResult result = MEMTX_OK;
    const uint8_t *p = buf;

    while (len > 0) {
        hwaddr n = mr->ops ? device_access_size(mr, offset, len)
                           : floor_power_of_two(MIN(len, sizeof(uint64_t)));

        result |= memory_region_dispatch_write(mr, offset, load_le(p, n), n);
        offset += n;
        p += n;
        len -= n;
    }
    return result;
}

MemTxResult address_space_rw(AddressSpace *as, hwaddr addr, void *buf, hwaddr len, bool is_write)
{
    return is_write ? address_space_write(as, addr, buf, len)
                    : address_space_read(as, addr, buf, len);
}

MemTxResult address_space_write_rom(AddressSpace *as, hwaddr addr, const void *buf, hwaddr len)
{
    MemTxResult result = MEMTX_OK;
    const uint8_t *p = buf;

    while (len > 0) {
        uint128 hole;
        const FlatRange *range = flatview_find(as->view, addr, &hole);
        hwaddr n;

        if (range) {
            n = bytes_in_range(range, addr, len);
        } else {
            n = hole < len ? (hwaddr)hole : len;
        }
        if (range && range->ram) {
            hwaddr offset = range->offset_in_region + (addr - range->addr);

            memcpy(range->ram->host + offset, p, n);
            ram_block_set_dirty(range->ram, offset, n);
        } else {
            result |= MEMTX_DECODE_ERROR;
        }
        addr += n;
        p += n;
        len -= n;
    }
    return result;
}

/* --------------------------------------------------------------------------- single accesses -- */

static uint64_t load(AddressSpace *as, hwaddr addr, unsigned size, MemTxResult *result)
{
    uint8_t bytes[8];
    MemTxResult r = address_space_read(as, addr, bytes, size);

    if (result) {
        *result = r;
    }
    return load_le(bytes, size);
}

static void store(AddressSpace *as, hwaddr addr, uint64_t val, unsigned size, MemTxResult *result)
{
    uint8_t bytes[8];
    MemTxResult r;

    store_le(bytes, val, size);
    r = address_space_write(as, addr, bytes, size);
    if (result) {
        *result = r;
    }
}

uint8_t address_space_ldub(AddressSpace *as, hwaddr addr, MemTxResult *result)
{
    return load(as, addr, 1, result);
}

uint16_t address_space_lduw_le(AddressSpace *as, hwaddr addr, MemTxResult *result)
{
    return load(as, addr, 2, result);
}

uint32_t address_space_ldl_le(AddressSpace *as, hwaddr addr, MemTxResult *result)
{
    return load(as, addr, 4, result);
}

uint64_t address_space_ldq_le(AddressSpace *as, hwaddr addr, MemTxResult *result)
{
    return load(as, addr, 8, result);
}

uint16_t address_space_lduw_be(AddressSpace *as, hwaddr addr, MemTxResult *result)
{
    return __builtin_bswap16(load(as, addr, 2, result));
}

uint32_t address_space_ldl_be(AddressSpace *as, hwaddr addr, MemTxResult *result)
{
    return __builtin_bswap32(load(as, addr, 4, result));
}

uint64_t address_space_ldq_be(AddressSpace *as, hwaddr addr, MemTxResult *result)
{
    return __builtin_bswap64(load(as, addr, 8, result));
}

void address_space_stb(AddressSpace *as, hwaddr addr, uint8_t val, MemTxResult *result)
{
    store(as, addr, val, 1, result);
}

void address_space_stw_le(AddressSpace *as, hwaddr addr, uint16_t val, MemTxResult *result)
{
    store(as, addr, val, 2, result);
}

void address_space_stl_le(AddressSpace *as, hwaddr addr, uint32_t val, MemTxResult *result)
{
    store(as, addr, val, 4, result);
}

void address_space_stq_le(AddressSpace *as, hwaddr addr, uint64_t val, MemTxResult *result)
{
    store(as, addr, val, 8, result);
}

void address_space_stw_be(AddressSpace *as, hwaddr addr, uint16_t val, MemTxResult *result)
{
    store(as, addr, __builtin_bswap16(val), 2, result);
}

void address_space_stl_be(AddressSpace *as, hwaddr addr, uint32_t val, MemTxResult *result)
{
    store(as, addr, __builtin_bswap32(val), 4, result);
}

void address_space_stq_be(AddressSpace *as, hwaddr addr, uint64_t val, MemTxResult *result)
{
    store(as, addr, __builtin_bswap64(val), 8, result);
}

/* ------------------------------------------------------------------------------ DMA mappings -- */

static void *remember_map(AddressSpace *as, DmaMap map)
{
    if (!as->maps) {
        as->maps = g_array_new(FALSE, FALSE, sizeof(DmaMap));
    }
    g_array_append_val(as->maps, map);
    return map.host;
}

void *address_space_map(AddressSpace *as, hwaddr addr, hwaddr *len, bool is_write)
{
    uint128 hole;
    const FlatRange *range = flatview_find(as->view, addr, &hole);
    bool direct = range && (is_write ? range->mr->kind == MEMORY_REGION_RAM && !range->readonly
                                     : reads_memory(range));
    hwaddr n = range ? bytes_in_range(range, addr, *len) : (hole < *len ? (hwaddr)hole : *len);

    effect_note(effect_hook_memory, EFFECT_DMA);
    if (direct && n > 0) {
        hwaddr offset = range->offset_in_region + (addr - range->addr);

        *len = n;
        return remember_map(as, (DmaMap){.host = range->ram->host + offset,
                                         .ram = ram_block_ref(range->ram),
                                         .offset = offset,
                                         .len = n});
    }
    if (n == 0 || as->bounce_buffer) {
        *len = 0;
        return NULL;
    }
    *len = MIN(n, BOUNCE_BUFFER_SIZE);
    as->bounce_buffer = g_malloc0(BOUNCE_BUFFER_SIZE);
    if (!is_write) {
        address_space_read(as, addr, as->bounce_buffer, *len);
    }
    return remember_map(as, (DmaMap){.host = as->bounce_buffer, .offset = addr, .len = *len});
}

void address_space_unmap(AddressSpace *as, void *buf, hwaddr len, bool is_write, hwaddr access_len)
{
    DmaMap map = {};
    guint i = as->maps ? as->maps->len : 0;

    /* The latest first: mappings are few, and mostly end soon. */
    while (i > 0) {
        map = g_array_index(as->maps, DmaMap, --i);
        if (map.host == buf && map.len == len) {
            break;
        }
        map.host = NULL;
    }
    g_assert(map.host && access_len <= len);
    g_array_remove_index_fast(as->maps, i);

    if (map.ram) {
        if (is_write) {
            ram_block_set_dirty(map.ram, map.offset, access_len);
        }
        ram_block_unref(map.ram);
        return;
    }
    if (is_write) {
        address_space_write(as, map.offset, map.host, access_len);
    }
    g_clear_pointer(&as->bounce_buffer, g_free);
}
