/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The I/O profile: counts by device, region and offset.
 *
 * Offsets of memory windows are counted by page: of a frame buffer nobody wants a row per pixel.
 */
#include "accel/io-profile.h"

#include <string.h>

#define WINDOW_BITS 12 /* regions larger than a page are counted by pages */

bool io_profile_on;

typedef struct ProfileRow {
    /* the key */
    const MemoryRegion *mr; /* NULL: nothing answers there */
    hwaddr offset;          /* in the region, or the address where there is none */
    bool pio;

    char *device, *region; /* names, kept for when the region is gone */
    uint64_t counts[3];    /* by IoProfileKind */
} ProfileRow;

static GHashTable *rows_by_key; /* a ProfileRow is its own key */

static guint row_hash(gconstpointer key)
{
    const ProfileRow *row = key;

    return g_direct_hash(row->mr) ^ (guint)row->offset * 2654435761u ^ row->pio;
}

static gboolean row_equal(gconstpointer a, gconstpointer b)
{
    const ProfileRow *x = a, *y = b;

    return x->mr == y->mr && x->offset == y->offset && x->pio == y->pio;
}

static void row_free(gpointer data)
{
    ProfileRow *row = data;

    g_free(row->device);
    g_free(row->region);
    g_free(row);
}

void io_profile_start(void)
{
    io_profile_stop();
    rows_by_key = g_hash_table_new_full(row_hash, row_equal, NULL, row_free);
    io_profile_on = true;
}

void io_profile_stop(void)
{
    io_profile_on = false;
    g_clear_pointer(&rows_by_key, g_hash_table_unref);
}

void io_profile_count(AddressSpace *as, hwaddr addr, IoProfileKind kind)
{
    MemoryRegionSection section = address_space_lookup(as, addr, 1);
    const bool window = section.mr && memory_region_size(section.mr) > (1 << WINDOW_BITS);
    ProfileRow key = {.mr = section.mr, .pio = g_str_equal(as->name, "I/O")};
    ProfileRow *row;

    key.offset = section.mr ? section.offset_within_region : addr;
    if (window) {
        key.offset &= ~(hwaddr)((1 << WINDOW_BITS) - 1);
    }
    row = g_hash_table_lookup(rows_by_key, &key);
    if (!row) {
        row = g_memdup2(&key, sizeof(key));
        row->region = g_strdup(section.mr ? memory_region_name(section.mr) : "(nothing)");
        row->device = g_strdup(section.mr && section.mr->owner ? section.mr->owner->name : "");
        g_hash_table_add(rows_by_key, row);
    }
    row->counts[kind]++;
}

static uint64_t row_exits(const ProfileRow *row)
{
    return row->counts[IO_PROFILE_READ] + row->counts[IO_PROFILE_WRITE];
}

/* By exits, then by what was queued; falling. */
static gint compare_rows(gconstpointer a, gconstpointer b)
{
    const ProfileRow *x = *(ProfileRow *const *)a, *y = *(ProfileRow *const *)b;
    uint64_t x_exits = row_exits(x), y_exits = row_exits(y);

    if (x_exits != y_exits) {
        return x_exits < y_exits ? 1 : -1;
    }
    return x->counts[IO_PROFILE_QUEUED] < y->counts[IO_PROFILE_QUEUED] ? 1 : -1;
}

static void print_row(GString *out, const ProfileRow *row, uint64_t all)
{
    g_string_append_printf(out, "%-4s %-14.14s %-22.22s %8" G_GINT64_MODIFIER "x",
                           row->pio ? "pio" : "mmio", row->device, row->region, row->offset);
    for (int kind = 0; kind < 3; kind++) {
        g_string_append_printf(out, " %8" G_GUINT64_FORMAT, row->counts[kind]);
    }
    g_string_append_printf(out, " %6.2f%%\n", all ? 100.0 * row_exits(row) / all : 0.0);
}

void io_profile_print(GString *out, unsigned limit)
{
    g_autoptr(GPtrArray) rows = g_ptr_array_new();
    uint64_t sums[3] = {};
    GHashTableIter iter;
    gpointer key;

    if (!io_profile_on) {
        g_string_append(out, "The I/O profile is off: start with -profile io\n");
        return;
    }
    g_hash_table_iter_init(&iter, rows_by_key);
    while (g_hash_table_iter_next(&iter, &key, NULL)) {
        const ProfileRow *row = key;

        g_ptr_array_add(rows, key);
        for (int kind = 0; kind < 3; kind++) {
            sums[kind] += row->counts[kind];
        }
    }
    g_ptr_array_sort(rows, compare_rows);
    g_string_append_printf(out, "%-4s %-14s %-22s %8s %8s %8s %8s %7s\n", "kind", "device", "region",
                           "offset", "reads", "writes", "queued", "exits");
    for (unsigned i = 0; i < rows->len && (!limit || i < limit); i++) {
        print_row(out, rows->pdata[i], sums[IO_PROFILE_READ] + sums[IO_PROFILE_WRITE]);
    }
    g_string_append_printf(out, "%-51s %8" G_GUINT64_FORMAT " %8" G_GUINT64_FORMAT
                                " %8" G_GUINT64_FORMAT "\n",
                           limit && rows->len > limit ? "all (the first rows are shown)" : "all",
                           sums[0], sums[1], sums[2]);
}
