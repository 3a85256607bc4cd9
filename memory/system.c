/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two address spaces that every machine has: system memory and I/O ports.
 */
#include "memory/system.h"

AddressSpace address_space_memory;
AddressSpace address_space_io;

static MemoryRegion system_memory;
static MemoryRegion system_io;

void memory_system_init(void)
{
    memory_region_init(&system_memory, NULL, "system", MEMORY_SIZE_ALL);
    memory_region_init(&system_io, NULL, "io", 0x10000);
    address_space_init(&address_space_memory, &system_memory, "memory");
    address_space_init(&address_space_io, &system_io, "I/O");
}

void memory_system_cleanup(void)
{
    address_space_destroy(&address_space_io);
    address_space_destroy(&address_space_memory);
    g_assert(TAILQ_EMPTY(&system_io.subregions) && TAILQ_EMPTY(&system_memory.subregions));
    memory_region_destroy(&system_io);
    memory_region_destroy(&system_memory);
}

MemoryRegion *get_system_memory(void)
{
    return &system_memory;
}

MemoryRegion *get_system_io(void)
{
    return &system_io;
}
