/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SMART of an ATA disk. Document: ATA/ATAPI-6, 8.55.
 *
 * The disk is always well: attributes stand at their best, and self-tests pass at once. Not
 * modelled: the error log's contents, selective self-tests, vendor attributes with meaning.
 */
#include <string.h>

#include "internal.h"

enum {
    SMART_READ_DATA = 0xd0,
    SMART_READ_THRESHOLDS = 0xd1,
    SMART_ATTRIBUTE_AUTOSAVE = 0xd2,
    SMART_SAVE_ATTRIBUTES = 0xd3,
    SMART_EXECUTE_OFFLINE = 0xd4,
    SMART_READ_LOG = 0xd5,
    SMART_ENABLE = 0xd8,
    SMART_DISABLE = 0xd9,
    SMART_RETURN_STATUS = 0xda,
};

enum {
    LOG_DIRECTORY = 0x00,
    LOG_SUMMARY_ERRORS = 0x01,
    LOG_SELF_TEST = 0x06,
};

#define SMART_KEY_MID  0x4f
#define SMART_KEY_HIGH 0xc2
#define LOG_ENTRIES    G_N_ELEMENTS(((AtaDisk *)0)->smart_tests)
#define LOG_ENTRY_SIZE 24

typedef struct SmartAttribute {
    uint8_t id;
    uint16_t flags; /* bit 0: failing means the disk fails; bit 1: collected while online */
    uint8_t value, worst, threshold;
    uint8_t raw;
} SmartAttribute;

static const SmartAttribute attributes[] = {
    {1, 0x0003, 100, 100, 6, 0},    /* raw read error rate */
    {3, 0x0003, 100, 100, 0, 16},   /* spin-up time */
    {4, 0x0002, 100, 100, 20, 100}, /* start and stop count */
    {5, 0x0003, 100, 100, 36, 0},   /* reallocated sectors */
    {9, 0x0003, 100, 100, 0, 1},    /* power-on hours */
    {12, 0x0003, 100, 100, 0, 0},   /* power cycles */
    {190, 0x0003, 69, 69, 50, 31},  /* temperature of the air flow, degrees Celsius */
};

static void put_checksum(uint8_t *data)
{
    uint8_t sum = 0;

    for (int i = 0; i < ATA_SECTOR_SIZE - 1; i++) {
        sum += data[i];
    }
    data[ATA_SECTOR_SIZE - 1] = -sum;
}

static void read_data(AtaDisk *disk, uint8_t *data)
{
    ide_put_word(data, 0, 1); /* revision */
    for (unsigned i = 0; i < G_N_ELEMENTS(attributes); i++) {
        uint8_t *entry = data + 2 + 12 * i;
        entry[0] = attributes[i].id;
        entry[1] = attributes[i].flags;
        entry[2] = attributes[i].flags >> 8;
        entry[3] = attributes[i].value;
        entry[4] = attributes[i].worst;
        entry[5] = attributes[i].raw;
    }
    data[362] = disk->smart_autosave ? 0x82 : 0x02; /* offline collection completed */
    if (disk->smart_test_count) {
        data[363] = disk->smart_tests[disk->smart_test_index - 1][1];
    }
    data[364] = 0x20; /* seconds that offline collection takes */
    data[367] = 0x19; /* capabilities: offline, abort on command, self-test */
    data[368] = 0x03; /* saves before power modes, and by itself */
    data[370] = 0x01; /* has logs */
    data[372] = 2;    /* minutes of a short, and of an extended self-test */
    data[373] = 54;
}

static void read_thresholds(uint8_t *data)
{
    ide_put_word(data, 0, 1);
    for (unsigned i = 0; i < G_N_ELEMENTS(attributes); i++) {
        data[2 + 12 * i] = attributes[i].id;
        data[3 + 12 * i] = attributes[i].threshold;
    }
}

static bool read_log(AtaDisk *disk, uint8_t log, uint8_t *data)
{
    switch (log) {
    case LOG_DIRECTORY:
        ide_put_word(data, 0, 1); /* version */
        ide_put_word(data, LOG_SUMMARY_ERRORS, 1);
        ide_put_word(data, LOG_SELF_TEST, 1);
        return true; /* the directory has no checksum */
    case LOG_SUMMARY_ERRORS:
        data[0] = 1;
        break;
    case LOG_SELF_TEST:
        ide_put_word(data, 0, 1);
        for (unsigned i = 0; i < disk->smart_test_count; i++) {
            uint8_t *entry = data + 2 + LOG_ENTRY_SIZE * i;
            entry[0] = disk->smart_tests[i][0];
            entry[1] = disk->smart_tests[i][1];
        }
        data[508] = disk->smart_test_index;
        break;
    default:
        return false;
    }
    put_checksum(data);
    return true;
}

/* A self-test that passes; the log is a ring, and its index 1..21. */
static void log_self_test(AtaDisk *disk, uint8_t kind)
{
    unsigned slot = disk->smart_test_index % LOG_ENTRIES;

    disk->smart_tests[slot][0] = kind;
    disk->smart_tests[slot][1] = 0; /* completed without error */
    disk->smart_test_index = slot + 1;
    disk->smart_test_count = MIN(disk->smart_test_count + 1, LOG_ENTRIES);
}

void ata_smart_reset(AtaDisk *disk)
{
    disk->smart_enabled = true;
    disk->smart_autosave = true;
    disk->smart_test_count = disk->smart_test_index = 0;
    memset(disk->smart_tests, 0, sizeof(disk->smart_tests));
}

void ata_smart(AtaDisk *disk)
{
    IDEDevice *drive = &disk->ide;
    uint8_t *data = drive->buf;
    uint8_t sub = drive->features[0];

    if (drive->lba_mid[0] != SMART_KEY_MID || drive->lba_high[0] != SMART_KEY_HIGH ||
        (!disk->smart_enabled && sub != SMART_ENABLE)) {
        ata_fail(disk, ATA_ERROR_ABRT);
        return;
    }
    memset(data, 0, ATA_SECTOR_SIZE);
    switch (sub) {
    case SMART_READ_DATA:
        read_data(disk, data);
        put_checksum(data);
        ata_reply_sector(disk);
        return;
    case SMART_READ_THRESHOLDS:
        read_thresholds(data);
        put_checksum(data);
        ata_reply_sector(disk);
        return;
    case SMART_READ_LOG:
        if (drive->count[0] != 1 || !read_log(disk, drive->lba_low[0], data)) {
            break;
        }
        ata_reply_sector(disk);
        return;
    case SMART_ATTRIBUTE_AUTOSAVE:
        if (drive->count[0] != 0x00 && drive->count[0] != 0xf1) {
            break;
        }
        disk->smart_autosave = drive->count[0] != 0;
        ata_done(disk);
        return;
    case SMART_EXECUTE_OFFLINE:
        switch (drive->lba_low[0]) {
        case 0x00: /* offline routine */
        case 0x7f: /* abort */
            ata_done(disk);
            return;
        case 0x01: /* short, extended; captive ones below */
        case 0x02:
        case 0x81:
        case 0x82:
            log_self_test(disk, drive->lba_low[0]);
            ata_done(disk);
            return;
        }
        break;
    case SMART_ENABLE:
    case SMART_DISABLE:
        disk->smart_enabled = sub == SMART_ENABLE;
        ata_done(disk);
        return;
    case SMART_SAVE_ATTRIBUTES:
    case SMART_RETURN_STATUS: /* the keys stay in the registers: all is well */
        ata_done(disk);
        return;
    }
    ata_fail(disk, ATA_ERROR_ABRT);
}
