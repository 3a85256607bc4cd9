/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two address spaces that every machine has: system memory and I/O ports.
 */
#ifndef LIGNITE_MEMORY_SYSTEM_H
#define LIGNITE_MEMORY_SYSTEM_H

#include "memory/memory.h"

extern AddressSpace address_space_memory; /* "memory": what a CPU's loads and stores see */
extern AddressSpace address_space_io;     /* "I/O": what a CPU's in and out see */

/* Make both address spaces, over empty containers of 2^64 and 64 KiB. Once per process, or again
 * after memory_system_cleanup(). */
void memory_system_init(void);

/* Undo it; every subregion must be gone and every listener unregistered. */
void memory_system_cleanup(void);

/* The root containers, into which boards put their regions. */
MemoryRegion *get_system_memory(void);
MemoryRegion *get_system_io(void);

#endif
