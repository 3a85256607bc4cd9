/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What rendering, committing and looking up cost against the number of regions. Prints figures;
 * nothing passes or fails by them.
 */
#include "memory/memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#define MAX_REGIONS 10000
#define REGION_SIZE 0x1000
#define SPACING     0x1800

static const MemoryRegionOps no_ops;

typedef struct Bench {
    MemoryRegion root;
    MemoryRegion *mr;
    AddressSpace as;
    unsigned n;
} Bench;

static uint32_t random_state = 1;

/* Small and the same in every run. */
static uint32_t next_random(void)
{
    random_state = random_state * 1664525 + 1013904223;
    return random_state >> 8;
}

static double now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e9 + t.tv_nsec;
}

/* Regions in random order; `overlap`: at random places and priorities, on top of each other. */
static void bench_init(Bench *b, unsigned n, bool overlap)
{
    g_autofree unsigned *order = g_new(unsigned, n);

    b->n = n;
    b->mr = g_new0(MemoryRegion, n);
    memory_region_init(&b->root, NULL, "root", MEMORY_SIZE_ALL);
    address_space_init(&b->as, &b->root, "bench");
    for (unsigned i = 0; i < n; i++) {
        unsigned j = next_random() % (i + 1);

        order[i] = order[j];
        order[j] = i;
    }
    memory_region_transaction_begin();
    for (unsigned i = 0; i < n; i++) {
        MemoryRegion *mr = &b->mr[order[i]];
        hwaddr addr = (hwaddr)order[i] * SPACING;

        if (overlap) {
            addr = next_random() % (n * (hwaddr)SPACING);
        }
        memory_region_init_io(mr, NULL, &no_ops, NULL, "io",
                              overlap ? 4 * REGION_SIZE : REGION_SIZE);
        memory_region_add_subregion_overlap(&b->root, addr, mr,
                                            overlap ? (int)(next_random() % 16) : 0);
    }
    memory_region_transaction_commit();
}

static void bench_end(Bench *b)
{
    memory_region_transaction_begin();
    for (unsigned i = 0; i < b->n; i++) {
        memory_region_del_subregion(&b->root, &b->mr[i]);
    }
    memory_region_transaction_commit();
    address_space_destroy(&b->as);
    for (unsigned i = 0; i < b->n; i++) {
        memory_region_destroy(&b->mr[i]);
    }
    memory_region_destroy(&b->root);
    g_free(b->mr);
}

/* A listener, so that differences are really told. */
static uint64_t told;

static void count(MemoryListener *l, const MemoryRegionSection *s)
{
    told += s->size;
}

/* Nanoseconds for a commit that turns one region in the middle off or on. */
static double time_commit(Bench *b)
{
    MemoryListener l = {.name = "count", .region_add = count, .region_del = count};
    unsigned rounds = MAX(20, 200000 / b->n);
    double start;

    memory_listener_register(&l, &b->as);
    start = now_ns();
    for (unsigned i = 0; i < rounds; i++) {
        memory_region_set_enabled(&b->mr[b->n / 2], i & 1);
    }
    start = (now_ns() - start) / rounds;
    memory_region_set_enabled(&b->mr[b->n / 2], true);
    memory_listener_unregister(&l);
    return start;
}

#define LOOKUPS 2000000

/* Nanoseconds for a lookup: at one place again and again, or at random ones. */
static double time_lookup(Bench *b, bool same)
{
    g_autofree hwaddr *addrs = g_new(hwaddr, 4096);
    FlatView *view = address_space_get_flatview(&b->as);
    double start;

    for (unsigned i = 0; i < 4096; i++) {
        unsigned place = same ? b->n / 2 : next_random() % b->n;

        addrs[i] = (hwaddr)place * SPACING + next_random() % REGION_SIZE;
    }
    start = now_ns();
    for (unsigned i = 0; i < LOOKUPS; i++) {
        told += flatview_lookup(view, addrs[i % 4096]) != NULL;
    }
    start = (now_ns() - start) / LOOKUPS;
    flatview_unref(view);
    return start;
}

int main(void)
{
    static const unsigned counts[] = {10, 30, 100, 300, 1000, 3000, MAX_REGIONS};
    double first_random = 0, first_commit = 0;

    printf("%7s | %28s | %26s\n", "", "commit of one change, us", "lookup, ns");
    printf("%7s | %8s %8s %10s | %8s %8s %8s\n", "regions", "disjoint", "overlap", "ns/region",
           "same", "random", "ratio");
    for (size_t i = 0; i < G_N_ELEMENTS(counts); i++) {
        double commit, overlapping, same, anywhere;
        Bench b;

        bench_init(&b, counts[i], false);
        commit = time_commit(&b);
        same = time_lookup(&b, true);
        anywhere = time_lookup(&b, false);
        bench_end(&b);
        bench_init(&b, counts[i], true);
        overlapping = time_commit(&b);
        bench_end(&b);
        if (i == 0) {
            first_random = anywhere;
            first_commit = commit;
        }
        printf("%7u | %8.1f %8.1f %10.1f | %8.1f %8.1f %8.2f\n", counts[i], commit / 1e3,
               overlapping / 1e3, commit / counts[i], same, anywhere, anywhere / first_random);
        if (i + 1 == G_N_ELEMENTS(counts)) {
            printf("%u times the regions: commit costs %.0f times, a lookup %.1f times\n",
                   counts[i] / counts[0], commit / first_commit, anywhere / first_random);
        }
    }
    return told == 0;
}
