/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the x86emu CPU's loads, stores, `in` and `out` reach.
 *
 * Two tables with an entry per 4 KiB page of the 32-bit address space hold host pointers to pages
 * that are RAM or ROM from end to end; a listener keeps them as the memory map is. Everything else
 * takes the long way through the address space, and counts as an exit where KVM would have one.
 * Left out: memory above 4 GiB, which a CPU without paging extensions cannot reach.
 */
#include "internal.h"

#include <string.h>
#include <sys/mman.h>

#include "accel/io-profile.h"
#include "memory/system.h"

#define PAGE_BITS   12
#define PAGE_BYTES  (1u << PAGE_BITS)
#define PAGES       (1u << (32 - PAGE_BITS))
#define TABLE_BYTES (PAGES * sizeof(uint8_t *))

static uint8_t **read_pages;  /* NULL: the long way */
static uint8_t **write_pages; /* as read_pages; also NULL for ROM and where writes are logged */

/* ---------------------------------------------------------------------------- the tables -- */

static void map_section(const MemoryRegionSection *section, bool present)
{
    uint64_t start = section->offset_within_address_space;
    uint64_t end = section->size > UINT64_MAX - start ? UINT64_MAX : start + section->size;
    bool readable = memory_region_is_ram(section->mr) || section->romd;
    bool writable =
        memory_region_is_ram(section->mr) && !section->readonly && !section->dirty_clients;
    uint8_t *host = readable ? memory_region_get_ram_ptr(section->mr) : NULL;
    uint64_t first = (start + PAGE_BYTES - 1) >> PAGE_BITS;
    uint64_t behind = MIN(end, UINT64_C(1) << 32) >> PAGE_BITS;

    if (!host) {
        return; /* its pages are NULL already */
    }
    for (uint64_t page = first; page < behind; page++) {
        uint8_t *data = host + section->offset_within_region + ((page << PAGE_BITS) - start);

        read_pages[page] = present ? data : NULL;
        write_pages[page] = present && writable ? data : NULL;
    }
}

static void region_add(MemoryListener *listener, const MemoryRegionSection *section)
{
    map_section(section, true);
}

static void region_del(MemoryListener *listener, const MemoryRegionSection *section)
{
    map_section(section, false);
}

static void log_changed(MemoryListener *listener, const MemoryRegionSection *section,
                        uint8_t old_clients, uint8_t new_clients)
{
    MemoryRegionSection now = *section;

    now.dirty_clients = new_clients;
    map_section(&now, true);
}

static void memory_zone_add(MemoryListener *listener, const MemoryRegionSection *section,
                            hwaddr addr, hwaddr size)
{
    emu_ring_zone(false, addr, size, section->mr, true);
}

static void memory_zone_del(MemoryListener *listener, const MemoryRegionSection *section,
                            hwaddr addr, hwaddr size)
{
    emu_ring_zone(false, addr, size, section->mr, false);
}

static void io_zone_add(MemoryListener *listener, const MemoryRegionSection *section, hwaddr addr,
                        hwaddr size)
{
    emu_ring_zone(true, addr, size, section->mr, true);
}

static void io_zone_del(MemoryListener *listener, const MemoryRegionSection *section, hwaddr addr,
                        hwaddr size)
{
    emu_ring_zone(true, addr, size, section->mr, false);
}

static void doorbell(const MemoryRegionSection *section, bool match_data, uint64_t data, int fd,
                     bool add)
{
    Doorbell bell = {
        .addr = section->offset_within_address_space,
        .data = data,
        .size = section->size,
        .fd = fd,
        .pio = section->as == &address_space_io,
        .match_data = match_data,
    };

    emu_ring_doorbell(&bell, add);
}

static void doorbell_add(MemoryListener *listener, const MemoryRegionSection *section,
                         bool match_data, uint64_t data, int fd)
{
    doorbell(section, match_data, data, fd, true);
}

static void doorbell_del(MemoryListener *listener, const MemoryRegionSection *section,
                         bool match_data, uint64_t data, int fd)
{
    doorbell(section, match_data, data, fd, false);
}

static MemoryListener memory_listener = {
    .name = "x86emu-memory",
    .priority = 10,
    .region_add = region_add,
    .region_del = region_del,
    .log_start = log_changed,
    .log_stop = log_changed,
    .eventfd_add = doorbell_add,
    .eventfd_del = doorbell_del,
    .coalesced_io_add = memory_zone_add,
    .coalesced_io_del = memory_zone_del,
};

static MemoryListener io_listener = {
    .name = "x86emu-io",
    .priority = 10,
    .eventfd_add = doorbell_add,
    .eventfd_del = doorbell_del,
    .coalesced_io_add = io_zone_add,
    .coalesced_io_del = io_zone_del,
};

static uint8_t **table_new(void)
{
    /* Pages of the table that nobody touches cost nothing. */
    void *table = mmap(NULL, TABLE_BYTES, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    return table == MAP_FAILED ? NULL : table;
}

static void table_free(uint8_t ***table)
{
    if (*table) {
        munmap(*table, TABLE_BYTES);
        *table = NULL;
    }
}

bool emu_memory_init(GError **errp)
{
    read_pages = table_new();
    write_pages = table_new();
    if (!read_pages || !write_pages) {
        table_free(&read_pages);
        table_free(&write_pages);
        error_setg(errp, "no memory for the page tables of 16 MiB");
        return false;
    }
    emu_ring_init();
    memory_listener_register(&memory_listener, &address_space_memory);
    memory_listener_register(&io_listener, &address_space_io);
    return true;
}

void emu_memory_cleanup(void)
{
    memory_listener_unregister(&io_listener);
    memory_listener_unregister(&memory_listener);
    emu_ring_cleanup();
    table_free(&read_pages);
    table_free(&write_pages);
}

/* ------------------------------------------------------------------------------ accesses -- */

static inline uint32_t load_le(const uint8_t *p, unsigned size)
{
    uint32_t value = 0;

    memcpy(&value, p, size);
    return GUINT32_FROM_LE(value);
}

static inline void store_le(uint8_t *p, uint32_t value, unsigned size)
{
    value = GUINT32_TO_LE(value);
    memcpy(p, &value, size);
}

uint8_t *emu_ram(EmuCpu *cpu, uint32_t addr, bool write, uint32_t *room)
{
    uint8_t *page;

    addr &= cpu->a20_mask;
    page = (write ? write_pages : read_pages)[addr >> PAGE_BITS];
    *room = PAGE_BYTES - (addr & (PAGE_BYTES - 1));
    return page ? page + (addr & (PAGE_BYTES - 1)) : NULL;
}

/* Whether the bytes at `addr` are RAM that is reached the long way: no exit on KVM either. */
static bool is_memory(uint32_t addr, bool write)
{
    MemoryRegionSection section = address_space_lookup(&address_space_memory, addr, 1);

    return section.mr && (write ? memory_region_is_ram(section.mr) && !section.readonly
                                : memory_region_is_ram(section.mr) || section.romd);
}

static G_GNUC_NO_INLINE uint32_t read_slow(EmuCpu *cpu, uint32_t addr, unsigned size)
{
    uint32_t value = 0;

    if (!is_memory(addr, false)) {
        emu_exit(cpu, IO_PROFILE_ACCESS);
        io_profile_access(cpu->vcpu->index, &address_space_memory, addr, false, 1);
    }
    address_space_read(&address_space_memory, addr, &value, size);
    emu_exit_done(cpu);
    emu_update_limit(cpu);
    return GUINT32_FROM_LE(value);
}

static G_GNUC_NO_INLINE void write_slow(EmuCpu *cpu, uint32_t addr, uint32_t value, unsigned size)
{
    if (!is_memory(addr, true)) {
        if (emu_ring_push(false, addr, value, size)) {
            return;
        }
        if (!emu_ring_is_doorbell(false, addr, value, size)) {
            emu_exit(cpu, IO_PROFILE_ACCESS);
            io_profile_access(cpu->vcpu->index, &address_space_memory, addr, true, 1);
        }
    }
    value = GUINT32_TO_LE(value);
    address_space_write(&address_space_memory, addr, &value, size);
    emu_exit_done(cpu);
    emu_update_limit(cpu);
}

/* Two pages side by side for a CPU need not be so for the machine: A20, or the end of 4 GiB. */
static bool crosses_page(uint32_t addr, unsigned size)
{
    return (addr & (PAGE_BYTES - 1)) + size > PAGE_BYTES;
}

uint32_t emu_read(EmuCpu *cpu, uint32_t addr, unsigned size)
{
    uint32_t masked = addr & cpu->a20_mask;
    const uint8_t *page = read_pages[masked >> PAGE_BITS];

    if (G_UNLIKELY(crosses_page(addr, size))) {
        uint32_t value = 0;

        for (unsigned i = 0; i < size; i++) {
            value |= emu_read(cpu, addr + i, 1) << (8 * i);
        }
        return value;
    }
    if (G_LIKELY(page)) {
        return load_le(page + (masked & (PAGE_BYTES - 1)), size);
    }
    return read_slow(cpu, masked, size);
}

void emu_write(EmuCpu *cpu, uint32_t addr, uint32_t value, unsigned size)
{
    uint32_t masked = addr & cpu->a20_mask;
    uint8_t *page = write_pages[masked >> PAGE_BITS];

    if (G_UNLIKELY(crosses_page(addr, size))) {
        for (unsigned i = 0; i < size; i++) {
            emu_write(cpu, addr + i, value >> (8 * i), 1);
        }
    } else if (G_LIKELY(page)) {
        store_le(page + (masked & (PAGE_BYTES - 1)), value, size);
    } else {
        write_slow(cpu, masked, value, size);
    }
}

uint8_t emu_peek(EmuCpu *cpu, uint32_t addr)
{
    uint32_t masked = addr & cpu->a20_mask;
    const uint8_t *page = read_pages[masked >> PAGE_BITS];
    uint8_t value = 0xff;

    if (G_LIKELY(page)) {
        return page[masked & (PAGE_BYTES - 1)];
    }
    if (is_memory(masked, false)) {
        address_space_read(&address_space_memory, masked, &value, 1);
    }
    return value;
}

uint32_t emu_in(EmuCpu *cpu, uint16_t port, unsigned size)
{
    uint32_t value = 0;

    emu_exit(cpu, IO_PROFILE_ACCESS);
    io_profile_access(cpu->vcpu->index, &address_space_io, port, false, 1);
    address_space_read(&address_space_io, port, &value, size);
    emu_exit_done(cpu);
    emu_update_limit(cpu);
    return GUINT32_FROM_LE(value);
}

void emu_out(EmuCpu *cpu, uint16_t port, uint32_t value, unsigned size)
{
    if (emu_ring_push(true, port, value, size)) {
        return;
    }
    if (!emu_ring_is_doorbell(true, port, value, size)) {
        emu_exit(cpu, IO_PROFILE_ACCESS);
        io_profile_access(cpu->vcpu->index, &address_space_io, port, true, 1);
    }
    value = GUINT32_TO_LE(value);
    address_space_write(&address_space_io, port, &value, size);
    emu_exit_done(cpu);
    emu_update_limit(cpu);
}
