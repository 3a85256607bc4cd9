/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of libmemory share: a container that is an address space, and a device that
 * notes what reaches it.
 */
#ifndef LIGNITE_TESTS_MEMORY_COMMON_H
#define LIGNITE_TESTS_MEMORY_COMMON_H

#include "memory/memory.h"

#include <inttypes.h>
#include <string.h>

/* An address space over a container of its own. */
typedef struct Space {
    MemoryRegion root;
    AddressSpace as;
} Space;

static inline void space_init(Space *s, hwaddr size)
{
    memory_region_init(&s->root, NULL, "root", size);
    address_space_init(&s->as, &s->root, "space");
}

static inline void space_end(Space *s)
{
    address_space_destroy(&s->as);
    memory_region_destroy(&s->root);
}

/* A device that keeps the bytes written to it and a line of text per call of a handler. */
typedef struct Recorder {
    MemoryOwner owner;
    MemoryRegion mr;
    GString *log;      /* "r4@10 " for a read of 4 bytes at 0x10, "w1@3=5a " for a write */
    uint8_t bytes[64]; /* what a read gives, in little-endian order; a write stores here */
    void (*on_write)(struct Recorder *r, hwaddr addr, uint64_t data);
} Recorder;

static inline uint64_t recorder_read(void *opaque, hwaddr addr, unsigned size)
{
    Recorder *r = opaque;
    uint64_t value = 0;

    g_assert_cmpuint(addr + size, <=, sizeof(r->bytes));
    g_string_append_printf(r->log, "r%u@%" PRIx64 " ", size, addr);
    memcpy(&value, r->bytes + addr, size);
    return value;
}

static inline void recorder_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    Recorder *r = opaque;

    g_assert_cmpuint(addr + size, <=, sizeof(r->bytes));
    g_string_append_printf(r->log, "w%u@%" PRIx64 "=%" PRIx64 " ", size, addr, data);
    memcpy(r->bytes + addr, &data, size);
    if (r->on_write) {
        r->on_write(r, addr, data);
    }
}

/* `ops` names the handlers above, and the sizes under test. */
static inline void recorder_init(Recorder *r, const MemoryRegionOps *ops, hwaddr size)
{
    memset(r, 0, sizeof(*r));
    r->owner.name = "recorder";
    r->log = g_string_new("");
    for (unsigned i = 0; i < sizeof(r->bytes); i++) {
        r->bytes[i] = 0x10 + i;
    }
    memory_region_init_io(&r->mr, &r->owner, ops, r, "recorder", size);
}

static inline void recorder_end(Recorder *r)
{
    memory_region_destroy(&r->mr);
    g_string_free(r->log, TRUE);
}

/* The log must say this; it starts anew. */
#define assert_log(r, text)                                                                        \
    do {                                                                                           \
        g_assert_cmpstr((r)->log->str, ==, (text));                                                \
        g_string_truncate((r)->log, 0);                                                            \
    } while (0)

#endif
