/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IDENTIFY DEVICE of an ATA disk. Document: ATA/ATAPI-6, 8.15; numbers are those of its words.
 */
#include <string.h>

#include "internal.h"

/* Bits of words 82..84, "supported"; 85..87 repeat them, "enabled". */
#define W82_SMART       0x0001
#define W82_POWER       0x0008
#define W82_WRITE_CACHE 0x0020
#define W82_LOOK_AHEAD  0x0040
#define W82_NOP         0x4000
#define W83_LBA48       0x0400
#define W83_FLUSH       0x1000
#define W83_FLUSH_EXT   0x2000
#define W83_VALID       0x4000
#define W84_SMART_LOG   0x0001
#define W84_SMART_TEST  0x0002
#define W84_FUA         0x0040
#define W84_WWN         0x0100

#define MODE_MULTIWORD 0x20 /* in the transfer mode byte of SET FEATURES */
#define MODE_ULTRA     0x40

static void put_capacity(AtaDisk *disk, uint8_t *data)
{
    uint64_t sectors = disk->sectors;
    uint32_t chs = MIN(sectors / (disk->cur_heads * disk->cur_secs), 65535);
    uint32_t current = chs * disk->cur_heads * disk->cur_secs;
    uint32_t lba28 = MIN(sectors, 0x0fffffff);

    ide_put_word(data, 1, disk->geometry.cyls);
    ide_put_word(data, 3, disk->geometry.heads);
    ide_put_word(data, 6, disk->geometry.secs);
    ide_put_word(data, 54, chs);
    ide_put_word(data, 55, disk->cur_heads);
    ide_put_word(data, 56, disk->cur_secs);
    ide_put_word(data, 57, current);
    ide_put_word(data, 58, current >> 16);
    ide_put_word(data, 60, lba28);
    ide_put_word(data, 61, lba28 >> 16);
    for (int i = 0; i < 4; i++) {
        ide_put_word(data, 100 + i, sectors >> (16 * i));
    }
}

void ata_identify(AtaDisk *disk, uint8_t *data)
{
    IDEDevice *drive = &disk->ide;
    uint8_t mode = disk->transfer_mode;
    uint16_t w82 = W82_SMART | W82_POWER | W82_WRITE_CACHE | W82_LOOK_AHEAD | W82_NOP;
    uint16_t w83 = W83_VALID | W83_LBA48 | W83_FLUSH | W83_FLUSH_EXT;
    uint16_t w84 = W83_VALID | W84_SMART_LOG | W84_SMART_TEST | W84_FUA;
    uint16_t enabled = w82;

    memset(data, 0, ATA_SECTOR_SIZE);
    if (drive->wwn) {
        w84 |= W84_WWN;
    }
    if (!disk->smart_enabled) {
        enabled &= ~W82_SMART;
    }
    if (!disk->write_cache) {
        enabled &= ~W82_WRITE_CACHE;
    }
    if (!disk->look_ahead) {
        enabled &= ~W82_LOOK_AHEAD;
    }

    ide_put_word(data, 0, 0x0040); /* a fixed ATA disk */
    put_capacity(disk, data);
    ide_put_string(data, 10, 10, drive->serial);
    ide_put_string(data, 23, 4, drive->version);
    ide_put_string(data, 27, 20, drive->model);
    ide_put_word(data, 47, 0x8000 | 16); /* READ MULTIPLE: up to 16 sectors */
    ide_put_word(data, 48, 1);           /* the data port takes 32-bit accesses */
    ide_put_word(data, 49, 0x0b00);      /* IORDY, LBA, DMA */
    ide_put_word(data, 50, 0x4000);
    ide_put_word(data, 51, 0x0200); /* PIO mode 2, and what words 64..70 and 88 say */
    ide_put_word(data, 52, 0x0200);
    ide_put_word(data, 53, 0x0007);
    ide_put_word(data, 59, disk->multiple ? 0x0100 | disk->multiple : 0);
    /* Multiword DMA modes 0..2: which are supported, which one is chosen. */
    ide_put_word(data, 63, 0x07 | ((mode & 0xf8) == MODE_MULTIWORD ? 0x100 << (mode & 7) : 0));
    ide_put_word(data, 64, 0x0003); /* PIO modes 3 and 4 */
    for (int i = 65; i <= 68; i++) {
        ide_put_word(data, i, 120); /* shortest cycles, ns */
    }
    ide_put_word(data, 80, 0x007e); /* ATA-1 to ATA/ATAPI-6 */
    ide_put_word(data, 81, 0x0019); /* ATA/ATAPI-6 T13 1410D revision 3a */
    ide_put_word(data, 82, w82);
    ide_put_word(data, 83, w83);
    ide_put_word(data, 84, w84);
    ide_put_word(data, 85, enabled);
    ide_put_word(data, 86, w83 & ~W83_VALID);
    ide_put_word(data, 87, w84);
    ide_put_word(data, 88, 0x3f | ((mode & 0xf8) == MODE_ULTRA ? 0x100 << (mode & 7) : 0));
    ide_put_word(data, 93, drive->unit ? 0x6b00 : 0x600b); /* 80-wire cable, diagnostics passed */
    if (drive->physical_block_size > ATA_SECTOR_SIZE) {
        unsigned shift = __builtin_ctz(drive->physical_block_size / ATA_SECTOR_SIZE);
        ide_put_word(data, 106, 0x6000 | shift);
    }
    if (drive->wwn) {
        for (int i = 0; i < 4; i++) {
            ide_put_word(data, 108 + i, drive->wwn >> (48 - 16 * i));
        }
    }
    ide_put_word(data, 105, 256); /* blocks of ranges that one DATA SET MANAGEMENT takes */
    ide_put_word(data, 169, 1);   /* TRIM */
    ide_put_word(data, 217, disk->rotation_rate);

    uint8_t sum = 0;
    data[510] = 0xa5; /* the integrity word: all bytes add up to 0 */
    for (int i = 0; i < 511; i++) {
        sum += data[i];
    }
    data[511] = -sum;
}
