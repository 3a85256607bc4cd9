/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The I/O profile: the count. io-profile-report.c makes a report of it.
 *
 * A row is a register, or a piece of a region where registers have no names; of a window larger
 * than a page it is a page, as nobody wants a row per pixel. Rows are made under the machine lock.
 * Each has counters per vCPU that the vCPU's own thread alone writes, also when it does not hold
 * the lock; they are read and cleared while the vCPUs are parked.
 *
 * A vCPU remembers which address led to which row, so that most exits need no search. A change of
 * the memory map, which the profile hears as a listener, makes all that invalid.
 *
 * Time is read from the TSC, which takes half as long as a system clock; what a tick lasts is
 * worked out when a report is made.
 */
#include "accel/io-profile-internal.h"

#include <string.h>
#include <time.h>
#include <x86intrin.h>

#include "accel/accel.h"
#include "accel/effect-watch.h"
#include "accel/internal.h"
#include "memory/system.h"

#define WINDOW_BITS 12 /* unnamed registers of regions larger than a page are counted by pages */
#define CACHE_BITS  8
#define MAX_ROWS    4096 /* a guest may touch every port and page: what comes then shares a row */

typedef struct CacheEntry {
    hwaddr addr;
    AddressSpace *as;
    unsigned generation;
    ProfileRow *row;
} CacheEntry;

/* One vCPU; its thread's. */
typedef struct CpuProfile {
    ProfileRow *row; /* what it is out for; NULL: it is in the guest, asleep or parked */
    uint64_t since;  /* TSC */
    /* The last access, if it was a write that did nothing which may not wait. */
    ProfileRow *idle_write;
    uint64_t idle_looks;
    bool is_write; /* the access that is being dispatched */
    CacheEntry cache[1 << CACHE_BITS];
} CpuProfile;

bool io_profile_on;
IoProfileCount io_profile_rows;

static CpuProfile *cpus; /* ACCEL_MAX_CPUS */
static GHashTable *rows_by_key;
static ProfileRow *further_row; /* of all places after MAX_ROWS; NULL before */
static ProfileRow *exit_rows[IO_PROFILE_EXITS];
static unsigned generation; /* of the memory map; 0 is never valid */
static uint64_t looks;      /* times that the machine lock was taken */

/* What the write that this thread dispatches does. */
static __thread struct {
    unsigned own; /* so many accesses to an address space are the dispatch itself */
    unsigned seen;
    bool active;
} watch;

static const char *const exit_names[IO_PROFILE_EXITS] = {
    [IO_PROFILE_HLT] = "HLT",
    [IO_PROFILE_INTERRUPTED] = "INTR",
    [IO_PROFILE_IRQ_WINDOW] = "IRQ_WINDOW_OPEN",
    [IO_PROFILE_SET_TPR] = "SET_TPR",
    [IO_PROFILE_NMI] = "NMI",
    [IO_PROFILE_SHUTDOWN] = "SHUTDOWN",
    [IO_PROFILE_OTHER] = "OTHER",
};

/* ------------------------------------------------------------------------------------- rows -- */

static guint row_hash(gconstpointer key)
{
    const ProfileRow *row = key;

    return g_direct_hash(row->mr) ^ (guint)row->offset * 2654435761u ^ row->space;
}

static gboolean row_equal(gconstpointer a, gconstpointer b)
{
    const ProfileRow *x = a, *y = b;

    return x->mr == y->mr && x->offset == y->offset && x->space == y->space;
}

static void row_free(gpointer data)
{
    ProfileRow *row = data;

    g_free(row->device);
    g_free(row->region);
    g_free(row->name);
    g_free(row);
}

/* The register at `offset`, or NULL. Tables are sorted. */
static const RegisterName *find_register(const MemoryRegion *mr, hwaddr offset)
{
    const RegisterName *reg = mr->ops ? mr->ops->registers : NULL;

    for (; reg && reg->size && reg->addr <= offset; reg++) {
        if (offset - reg->addr < reg->size) {
            return reg;
        }
    }
    return NULL;
}

static ProfileRow *add_row(const ProfileRow *key, const char *device, const char *region,
                           char *name)
{
    ProfileRow *row = g_memdup2(key, sizeof(*key));

    row->device = g_strdup(device);
    row->region = g_strdup(region);
    row->name = name;
    g_ptr_array_add(io_profile_rows.rows, row);
    return row;
}

static ProfileRow *find_further_row(void)
{
    if (!further_row) {
        further_row = add_row(&(ProfileRow){.space = IO_PROFILE_NO_SPACE}, "", "",
                              g_strdup("(further places)"));
    }
    return further_row;
}

/* The row of what lies at `addr`, with nothing counted yet if it is new. */
static ProfileRow *find_row(AddressSpace *as, hwaddr addr)
{
    MemoryRegionSection section = address_space_lookup(as, addr, 1);
    const bool port = as == &address_space_io;
    ProfileRow key = {.mr = section.mr, .space = port ? IO_PROFILE_PORT : IO_PROFILE_MEMORY};
    const RegisterName *reg = NULL;
    ProfileRow *row;

    key.offset = section.mr ? section.offset_within_region : addr;
    if (section.mr) {
        reg = find_register(section.mr, key.offset);
    }
    if (reg) {
        key.offset = reg->addr;
    } else if (section.mr ? memory_region_size(section.mr) > (1 << WINDOW_BITS) : !port) {
        key.offset &= ~(hwaddr)((1 << WINDOW_BITS) - 1);
    }
    row = g_hash_table_lookup(rows_by_key, &key);
    if (!row && io_profile_rows.rows->len >= MAX_ROWS) {
        return find_further_row();
    }
    if (!row) {
        const char *region = section.mr ? memory_region_name(section.mr) : "";
        char *name = reg          ? g_strdup(reg->name)
                     : section.mr ? g_strdup_printf("%s+0x%" G_GINT64_MODIFIER "x", region,
                                                    (guint64)key.offset)
                                  : g_strdup("(nothing)");

        row = add_row(&key, section.mr && section.mr->owner ? section.mr->owner->name : "", region,
                      name);
        row->effects = section.mr && section.romd ? 1u << EFFECTS : 0;
        g_hash_table_add(rows_by_key, row);
    }
    row->addr = addr;
    return row;
}

static ProfileRow *cached_row(CpuProfile *cpu, AddressSpace *as, hwaddr addr)
{
    unsigned slot = (addr ^ addr >> CACHE_BITS) & ((1 << CACHE_BITS) - 1);
    CacheEntry *entry = &cpu->cache[slot];

    if (G_UNLIKELY(entry->addr != addr || entry->as != as || entry->generation != generation)) {
        *entry = (CacheEntry){addr, as, generation, find_row(as, addr)};
    }
    return entry->row;
}

static void map_changed(MemoryListener *listener)
{
    if (++generation == 0) {
        generation = 1;
    }
}

static MemoryListener memory_listener = {.name = "io-profile-memory", .commit = map_changed};
static MemoryListener port_listener = {.name = "io-profile-ports", .commit = map_changed};

void io_profile_drop_region(const MemoryRegion *mr)
{
    for (guint i = 0; i < io_profile_rows.rows->len; i++) {
        ProfileRow *row = g_ptr_array_index(io_profile_rows.rows, i);

        if (row->mr == mr) {
            g_hash_table_steal(rows_by_key, row);
            row->mr = NULL;
        }
    }
    map_changed(NULL);
}

/* ------------------------------------------------------------------------------------ counts -- */

void io_profile_count_begin(unsigned index, IoProfileExit why)
{
    CpuProfile *cpu = &cpus[index];

    cpu->since = __rdtsc();
    cpu->row = exit_rows[why];
    if (cpu->row) {
        cpu->row->cpu[index].exits++;
    }
}

void io_profile_count_end(unsigned index)
{
    CpuProfile *cpu = &cpus[index];
    ProfileCounters *c;
    uint64_t now, ticks;

    if (!cpu->row) {
        return;
    }
    now = __rdtsc();
    ticks = now > cpu->since ? now - cpu->since : 0;
    c = &cpu->row->cpu[index];
    c->ticks += ticks;
    c->squares += (double)ticks * ticks;
    c->min = c->timed++ ? MIN(c->min, ticks) : ticks;
    c->max = MAX(c->max, ticks);
    cpu->row = NULL;
}

/* The last write might have waited for this access: nobody else has looked since. */
static void settle_idle_write(CpuProfile *cpu, unsigned index)
{
    if (cpu->idle_write && looks - cpu->idle_looks <= 1) {
        cpu->idle_write->cpu[index].could_wait++;
    }
    cpu->idle_write = NULL;
}

void io_profile_count_access(unsigned index, AddressSpace *as, hwaddr addr, bool is_write,
                             unsigned count)
{
    CpuProfile *cpu = &cpus[index];
    ProfileRow *row = cached_row(cpu, as, addr);
    ProfileCounters *c = &row->cpu[index];

    settle_idle_write(cpu, index);
    cpu->row = row;
    cpu->is_write = is_write;
    c->exits++;
    if (is_write) {
        c->writes += count;
        c->write_exits++;
        watch.own = count;
        watch.seen = 0;
        watch.active = true;
    } else {
        c->reads += count;
    }
}

void io_profile_count_accessed(unsigned index)
{
    CpuProfile *cpu = &cpus[index];

    if (cpu->is_write && cpu->row) {
        watch.active = false;
        cpu->row->effects |= watch.seen;
        if (!watch.seen) {
            cpu->idle_write = cpu->row;
            cpu->idle_looks = looks;
        }
    }
}

static void note_effect(Effect effect)
{
    if (!watch.active) {
        return;
    }
    if (effect == EFFECT_DMA && watch.own > 0) {
        watch.own--;
        return;
    }
    watch.seen |= 1u << effect;
}

void io_profile_count_queued(AddressSpace *as, hwaddr addr)
{
    find_row(as, addr)->queued++;
}

void io_profile_count_look(void)
{
    looks++;
}

/* -------------------------------------------------------------------------------- on and off -- */

static int64_t now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

double io_profile_elapsed(uint64_t *ticks)
{
    *ticks = __rdtsc() - io_profile_rows.start_ticks;
    return now_ns() - io_profile_rows.start_ns;
}

static void free_counts(void)
{
    g_clear_pointer(&rows_by_key, g_hash_table_unref);
    g_clear_pointer(&io_profile_rows.rows, g_ptr_array_unref);
    g_clear_pointer(&cpus, g_free);
}

static void begin_counts(void)
{
    cpus = g_new0(CpuProfile, ACCEL_MAX_CPUS);
    io_profile_rows.rows = g_ptr_array_new_with_free_func(row_free);
    rows_by_key = g_hash_table_new(row_hash, row_equal);
    further_row = NULL;
    for (unsigned i = 0; i < IO_PROFILE_EXITS; i++) {
        if (exit_names[i]) {
            exit_rows[i] = add_row(&(ProfileRow){.space = IO_PROFILE_NO_SPACE}, "", "",
                                   g_strdup(exit_names[i]));
        }
    }
    for (unsigned i = 0; i < ACCEL_MAX_CPUS; i++) {
        Vcpu *vcpu = vcpu_get(i);

        io_profile_rows.start_exits[i] = vcpu ? vcpu->exits : 0;
    }
    io_profile_rows.start_ns = now_ns();
    io_profile_rows.start_ticks = __rdtsc();
}

void io_profile_start(void)
{
    bool running = vcpus_hold();

    if (io_profile_on) {
        free_counts();
    } else {
        memory_listener_register(&memory_listener, &address_space_memory);
        memory_listener_register(&port_listener, &address_space_io);
        effect_listen(EFFECT_LISTENER_PROFILE, note_effect);
    }
    map_changed(NULL);
    begin_counts();
    io_profile_on = true;
    vcpus_release(running);
}

void io_profile_stop(void)
{
    bool running;

    if (!io_profile_on) {
        return;
    }
    running = vcpus_hold();
    io_profile_on = false;
    effect_listen(EFFECT_LISTENER_PROFILE, NULL);
    memory_listener_unregister(&port_listener);
    memory_listener_unregister(&memory_listener);
    free_counts();
    vcpus_release(running);
}
