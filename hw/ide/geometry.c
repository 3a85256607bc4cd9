/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Disk geometry: what a partition table was made for, and what a BIOS is told of it in CMOS.
 *
 * A table made under a BIOS that translates has ends of partitions with more than sixteen heads,
 * which no drive can have; the same translation must then be used again, or the guest's boot code
 * reads from the wrong place.
 */
#include <string.h>

#include "internal.h"

#define MBR_TABLE            446
#define MBR_ENTRY_SIZE       16
#define MBR_ENTRIES          4
#define MBR_ENTRY_END_HEAD   5
#define MBR_ENTRY_END_SECTOR 6
#define MBR_ENTRY_COUNT      12

#define MAX_CYLS  16383
#define MAX_HEADS 16
#define MAX_SECS  63
#define LARGE_MAX (1024 * 128) /* cylinders x heads that bit shifts can bring below 1024 */

/* The geometry behind the first partition that tells one. */
static bool geometry_from_mbr(uint64_t sectors, const uint8_t *mbr, IDEGeometry *geometry)
{
    if (mbr[510] != 0x55 || mbr[511] != 0xaa) {
        return false;
    }
    for (int i = 0; i < MBR_ENTRIES; i++) {
        const uint8_t *entry = mbr + MBR_TABLE + i * MBR_ENTRY_SIZE;
        uint32_t count;
        memcpy(&count, entry + MBR_ENTRY_COUNT, sizeof(count));
        uint32_t heads = entry[MBR_ENTRY_END_HEAD] + 1;
        uint32_t secs = entry[MBR_ENTRY_END_SECTOR] & 0x3f;
        if (count == 0 || heads == 1 || secs == 0) {
            continue;
        }
        uint64_t cyls = sectors / (heads * secs);
        if (cyls >= 1 && cyls <= MAX_CYLS) {
            *geometry = (IDEGeometry){.cyls = cyls, .heads = heads, .secs = secs};
            return true;
        }
    }
    return false;
}

static void common_geometry(uint64_t sectors, IDEGeometry *geometry)
{
    *geometry = (IDEGeometry){
        .cyls = CLAMP(sectors / (MAX_HEADS * MAX_SECS), 2, MAX_CYLS),
        .heads = MAX_HEADS,
        .secs = MAX_SECS,
    };
}

static IDETranslation natural_translation(const IDEGeometry *geometry)
{
    return geometry->cyls <= 1024 && geometry->heads <= MAX_HEADS && geometry->secs <= MAX_SECS
               ? IDE_TRANSLATION_NONE
               : IDE_TRANSLATION_LBA;
}

void ide_guess_geometry(uint64_t sectors, const uint8_t *mbr, IDEGeometry *geometry)
{
    IDEGeometry logical;

    if (!mbr || !geometry_from_mbr(sectors, mbr, &logical)) {
        common_geometry(sectors, geometry);
        geometry->translation = natural_translation(geometry);
    } else if (logical.heads > MAX_HEADS) {
        common_geometry(sectors, geometry);
        geometry->translation = geometry->cyls * geometry->heads <= LARGE_MAX
                                    ? IDE_TRANSLATION_LARGE
                                    : IDE_TRANSLATION_LBA;
    } else {
        *geometry = logical;
        geometry->translation = IDE_TRANSLATION_NONE;
    }
}

bool ide_get_geometry(IDEBus *bus, unsigned unit, IDEGeometry *geometry)
{
    g_assert(unit < IDE_UNITS);
    IDEDevice *drive = bus->drives[unit];
    if (!drive || !device_class_is(drive->dev.cls, &ide_hd_class)) {
        return false;
    }
    *geometry = ((AtaDisk *)drive)->geometry;
    return true;
}

void ide_fill_cmos(IDEBus *const buses[IDE_CHANNELS],
                   void (*set)(void *opaque, unsigned index, uint8_t value), void *opaque)
{
    IDEGeometry g;
    uint8_t types = 0, translation = 0;

    for (unsigned unit = 0; unit < IDE_UNITS; unit++) {
        if (!buses[0] || !ide_get_geometry(buses[0], unit, &g)) {
            continue;
        }
        unsigned base = unit == 0 ? 0x1b : 0x24;
        const uint8_t bytes[] = {
            g.cyls,
            g.cyls >> 8,
            g.heads,
            0xff,
            0xff,                      /* write precompensation: none */
            0xc0 | (g.heads > 8) << 3, /* no retries, more than 8 heads */
            g.cyls,
            g.cyls >> 8, /* landing zone */
            g.secs,
        };
        types |= unit == 0 ? 0xf0 : 0x0f; /* "see the extended type" */
        set(opaque, 0x19 + unit, 47);     /* a type the user defines */
        for (unsigned i = 0; i < sizeof(bytes); i++) {
            set(opaque, base + i, bytes[i]);
        }
    }
    set(opaque, 0x12, types);
    for (unsigned i = 0; i < IDE_CHANNELS * IDE_UNITS; i++) {
        IDEBus *bus = buses[i / IDE_UNITS];
        if (bus && ide_get_geometry(bus, i % IDE_UNITS, &g)) {
            translation |= g.translation << (2 * i);
        }
    }
    set(opaque, 0x39, translation);
}

void ide_print_bios_geometry(IDEBus *bus, const char *prefix, GString *out)
{
    IDEGeometry g;

    for (unsigned unit = 0; unit < IDE_UNITS; unit++) {
        if (ide_get_geometry(bus, unit, &g) && (g.lcyls || g.lheads || g.lsecs)) {
            g_autofree char *path = ide_boot_path(bus->drives[unit]);
            g_string_append_printf(out, "%s/%s %u %u %u\n", prefix, path, g.lcyls, g.lheads,
                                   g.lsecs);
        }
    }
}
