/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An ATA disk: its commands and how they move data. Document: ATA/ATAPI-6 (T13 1410D); DATA SET
 * MANAGEMENT is of ATA8-ACS-2.
 *
 * Data goes between the backend and the buffer in chunks of up to 256 sectors, and between buffer
 * and host in DRQ blocks or by the bus master. A chunk that fails is tried again sector by sector,
 * so that the error names the sector.
 *
 * Not modelled: security, host protected area, overlap, power-up in standby, acoustic levels.
 */
#include <string.h>

#include "hw/core/log.h"
#include "internal.h"

/* How a command moves data. */
enum {
    RW_WRITE = 1 << 0,
    RW_DMA = 1 << 1,
    RW_EXT = 1 << 2,      /* 48-bit address, 16-bit count */
    RW_MULTIPLE = 1 << 3, /* several sectors a DRQ block */
    RW_VERIFY = 1 << 4,   /* nothing reaches the host */
    RW_FUA = 1 << 5,      /* on the medium before the command ends */
};

#define LBA28_MAX 0x0fffffffULL /* sectors that 28 bits can name, and report */

enum {
    FEATURE_ENABLE_WRITE_CACHE = 0x02,
    FEATURE_TRANSFER_MODE = 0x03,
    FEATURE_ENABLE_APM = 0x05,
    FEATURE_DISABLE_LOOK_AHEAD = 0x55,
    FEATURE_KEEP_DEFAULTS = 0x66,
    FEATURE_DISABLE_WRITE_CACHE = 0x82,
    FEATURE_DISABLE_APM = 0x85,
    FEATURE_ENABLE_LOOK_AHEAD = 0xaa,
    FEATURE_REVERT_DEFAULTS = 0xcc,
};

/* ---------------------------------------------------------------------- ends of a command -- */

static void set_lba(AtaDisk *disk, uint64_t lba)
{
    IDEDevice *d = &disk->ide;

    if (disk->flags & RW_EXT) {
        d->lba_low[0] = lba;
        d->lba_mid[0] = lba >> 8;
        d->lba_high[0] = lba >> 16;
        d->lba_low[1] = lba >> 24;
        d->lba_mid[1] = lba >> 32;
        d->lba_high[1] = lba >> 40;
    } else if (d->device & ATA_DEVICE_LBA) {
        d->lba_low[0] = lba;
        d->lba_mid[0] = lba >> 8;
        d->lba_high[0] = lba >> 16;
        d->device = (d->device & 0xf0) | (lba >> 24 & 0x0f);
    } else {
        uint64_t track = lba / disk->cur_secs;
        uint64_t cyl = track / disk->cur_heads;
        d->lba_low[0] = lba % disk->cur_secs + 1;
        d->lba_mid[0] = cyl;
        d->lba_high[0] = cyl >> 8;
        d->device = (d->device & 0xf0) | (track % disk->cur_heads);
    }
}

void ata_done(AtaDisk *disk)
{
    disk->ide.error = 0;
    disk->ide.status = ATA_STATUS_DRDY | ATA_STATUS_DSC;
    ide_raise_irq(&disk->ide);
}

void ata_fail(AtaDisk *disk, uint8_t error)
{
    ide_dma_end(&disk->ide, false);
    disk->ide.error = error;
    disk->ide.status = ATA_STATUS_DRDY | ATA_STATUS_DSC | ATA_STATUS_ERR;
    ide_raise_irq(&disk->ide);
}

/* The last sector that was moved stays in the registers; a read by PIO has had its interrupts. */
static void transfer_done(AtaDisk *disk, bool interrupt)
{
    set_lba(disk, disk->lba - 1);
    ide_dma_end(&disk->ide, true);
    disk->ide.error = 0;
    disk->ide.status = ATA_STATUS_DRDY | ATA_STATUS_DSC;
    if (interrupt) {
        ide_raise_irq(&disk->ide);
    }
}

static void transfer_failed(AtaDisk *disk, uint8_t error)
{
    set_lba(disk, disk->lba);
    ata_fail(disk, error);
}

static void reply_taken(IDEDevice *drive)
{
    drive->status = ATA_STATUS_DRDY | ATA_STATUS_DSC;
}

void ata_reply_sector(AtaDisk *disk)
{
    disk->ide.error = 0;
    ide_pio_start(&disk->ide, 0, ATA_SECTOR_SIZE, true, reply_taken);
    ide_raise_irq(&disk->ide);
}

/* --------------------------------------------------------------------------------- chunks -- */

static void choose_chunk(AtaDisk *disk)
{
    disk->chunk = disk->one_by_one ? 1 : MIN(disk->left, IDE_CHUNK_SECTORS);
}

/* The chunk at disk->lba failed. True when it is to be tried again in smaller pieces. */
static bool retry_smaller(AtaDisk *disk)
{
    if (disk->chunk > 1 && !disk->one_by_one) {
        disk->one_by_one = true;
        return true;
    }
    return false;
}

static void chunk_moved(AtaDisk *disk)
{
    disk->lba += disk->chunk;
    disk->left -= disk->chunk;
}

static void flushed(IDEDevice *drive, int ret)
{
    AtaDisk *disk = (AtaDisk *)drive;

    if (ret < 0) {
        transfer_failed(disk, ATA_ERROR_ABRT);
    } else {
        transfer_done(disk, true);
    }
}

/* All data is with the backend: when the guest has no cache, it must be on the medium too. */
static void write_finished(AtaDisk *disk)
{
    if ((disk->flags & RW_FUA) || !disk->write_cache) {
        ide_block_flush(&disk->ide, flushed);
    } else {
        transfer_done(disk, true);
    }
}

/* ------------------------------------------------------------------------------------ PIO -- */

static void pio_read_chunk(AtaDisk *disk);
static void pio_write_chunk(AtaDisk *disk, bool interrupt);

static void pio_read_block_taken(IDEDevice *drive);

static void pio_read_block(AtaDisk *disk, size_t pos)
{
    size_t fill = (size_t)disk->chunk * ATA_SECTOR_SIZE;
    size_t end = MIN(pos + (size_t)disk->block * ATA_SECTOR_SIZE, fill);

    ide_pio_start(&disk->ide, pos, end, true, pio_read_block_taken);
    ide_raise_irq(&disk->ide);
}

static void pio_read_block_taken(IDEDevice *drive)
{
    AtaDisk *disk = (AtaDisk *)drive;

    if (drive->end < (size_t)disk->chunk * ATA_SECTOR_SIZE) {
        pio_read_block(disk, drive->end);
        return;
    }
    chunk_moved(disk);
    if (disk->left) {
        pio_read_chunk(disk);
    } else {
        transfer_done(disk, false);
    }
}

static void pio_read_chunk_here(IDEDevice *drive, int ret)
{
    AtaDisk *disk = (AtaDisk *)drive;

    if (ret == 0) {
        pio_read_block(disk, 0);
    } else if (retry_smaller(disk)) {
        pio_read_chunk(disk);
    } else {
        transfer_failed(disk, ATA_ERROR_UNC);
    }
}

static void pio_read_chunk(AtaDisk *disk)
{
    choose_chunk(disk);
    ide_block_read(&disk->ide, disk->lba, 0, disk->chunk, pio_read_chunk_here);
}

static void write_chunk_stored(IDEDevice *drive, int ret)
{
    AtaDisk *disk = (AtaDisk *)drive;

    if (ret < 0) {
        transfer_failed(disk, ATA_ERROR_ABRT);
        return;
    }
    chunk_moved(disk);
    if (disk->left) {
        pio_write_chunk(disk, true);
    } else {
        write_finished(disk);
    }
}

static void pio_write_block_given(IDEDevice *drive)
{
    AtaDisk *disk = (AtaDisk *)drive;
    size_t fill = (size_t)disk->chunk * ATA_SECTOR_SIZE;

    if (drive->end < fill) {
        size_t end = MIN(drive->end + (size_t)disk->block * ATA_SECTOR_SIZE, fill);
        ide_pio_start(drive, drive->end, end, false, pio_write_block_given);
        ide_raise_irq(drive);
        return;
    }
    ide_block_write(drive, disk->lba, disk->chunk, write_chunk_stored);
}

static void pio_write_chunk(AtaDisk *disk, bool interrupt)
{
    choose_chunk(disk);
    size_t end = (size_t)MIN(disk->block, disk->chunk) * ATA_SECTOR_SIZE;
    ide_pio_start(&disk->ide, 0, end, false, pio_write_block_given);
    if (interrupt) {
        ide_raise_irq(&disk->ide);
    }
}

/* ------------------------------------------------------------------------------------ DMA -- */

static void dma_read_chunk(IDEDevice *drive);
static void dma_write_chunk(IDEDevice *drive);

static void dma_read_chunk_here(IDEDevice *drive, int ret)
{
    AtaDisk *disk = (AtaDisk *)drive;
    size_t done;

    if (ret < 0) {
        if (!retry_smaller(disk)) {
            transfer_failed(disk, ATA_ERROR_UNC);
        } else if (!drive->bus->dma_stopping) {
            dma_read_chunk(drive);
        }
        return;
    }
    switch (ide_dma_transfer(drive, drive->buf, (size_t)disk->chunk * ATA_SECTOR_SIZE, true,
                             &done)) {
    case IDE_DMA_OK:
        break;
    case IDE_DMA_SHORT:
        ide_dma_abandon(drive);
        return;
    case IDE_DMA_ERROR:
        transfer_failed(disk, ATA_ERROR_ABRT);
        return;
    }
    chunk_moved(disk);
    if (!disk->left) {
        transfer_done(disk, true);
    } else if (!drive->bus->dma_stopping) {
        dma_read_chunk(drive);
    }
}

static void dma_read_chunk(IDEDevice *drive)
{
    AtaDisk *disk = (AtaDisk *)drive;

    choose_chunk(disk);
    ide_block_read(drive, disk->lba, 0, disk->chunk, dma_read_chunk_here);
}

static void dma_write_chunk_stored(IDEDevice *drive, int ret)
{
    AtaDisk *disk = (AtaDisk *)drive;

    if (ret < 0) {
        transfer_failed(disk, ATA_ERROR_ABRT);
        return;
    }
    chunk_moved(disk);
    if (!disk->left) {
        write_finished(disk);
    } else if (disk->last_chunk) {
        ide_dma_abandon(drive);
    } else if (!drive->bus->dma_stopping) {
        dma_write_chunk(drive);
    }
}

static void dma_write_chunk(IDEDevice *drive)
{
    AtaDisk *disk = (AtaDisk *)drive;
    size_t done;

    choose_chunk(disk);
    switch (ide_dma_transfer(drive, drive->buf, (size_t)disk->chunk * ATA_SECTOR_SIZE, false,
                             &done)) {
    case IDE_DMA_OK:
        break;
    case IDE_DMA_SHORT:
        /* Whole sectors that did come are written; then there is silence. */
        disk->chunk = done / ATA_SECTOR_SIZE;
        disk->last_chunk = true;
        if (disk->chunk == 0) {
            ide_dma_abandon(drive);
            return;
        }
        break;
    case IDE_DMA_ERROR:
        transfer_failed(disk, ATA_ERROR_ABRT);
        return;
    }
    ide_block_write(drive, disk->lba, disk->chunk, dma_write_chunk_stored);
}

/* --------------------------------------------------------------------------------- verify -- */

static void verify_chunk(AtaDisk *disk);

static void verify_chunk_here(IDEDevice *drive, int ret)
{
    AtaDisk *disk = (AtaDisk *)drive;

    if (ret < 0) {
        if (retry_smaller(disk)) {
            verify_chunk(disk);
        } else {
            transfer_failed(disk, ATA_ERROR_UNC);
        }
        return;
    }
    chunk_moved(disk);
    if (disk->left) {
        verify_chunk(disk);
    } else {
        transfer_done(disk, true);
    }
}

static void verify_chunk(AtaDisk *disk)
{
    choose_chunk(disk);
    ide_block_read(&disk->ide, disk->lba, 0, disk->chunk, verify_chunk_here);
}

/* --------------------------------------------------------------------- commands with data -- */

/* The address in the registers. False when there can be no such sector. */
static bool decode_lba(const AtaDisk *disk, uint64_t *lba)
{
    const IDEDevice *d = &disk->ide;

    if (disk->flags & RW_EXT) {
        *lba = (uint64_t)d->lba_high[1] << 40 | (uint64_t)d->lba_mid[1] << 32 |
               (uint64_t)d->lba_low[1] << 24 | d->lba_high[0] << 16 | d->lba_mid[0] << 8 |
               d->lba_low[0];
        return true;
    }
    if (d->device & ATA_DEVICE_LBA) {
        *lba = (uint64_t)(d->device & 0x0f) << 24 | d->lba_high[0] << 16 | d->lba_mid[0] << 8 |
               d->lba_low[0];
        return true;
    }
    uint64_t cyl = d->lba_high[0] << 8 | d->lba_mid[0];
    uint32_t head = d->device & 0x0f, sector = d->lba_low[0];
    if (sector == 0 || sector > disk->cur_secs || head >= disk->cur_heads) {
        return false;
    }
    *lba = (cyl * disk->cur_heads + head) * disk->cur_secs + sector - 1;
    return true;
}

static uint32_t decode_count(const AtaDisk *disk)
{
    const IDEDevice *d = &disk->ide;
    uint32_t count = disk->flags & RW_EXT ? d->count[1] << 8 | d->count[0] : d->count[0];

    return count ? count : disk->flags & RW_EXT ? 65536 : 256;
}

static void cmd_transfer(AtaDisk *disk)
{
    IDEDevice *drive = &disk->ide;
    uint64_t lba;
    bool found = decode_lba(disk, &lba);

    disk->left = decode_count(disk);
    disk->one_by_one = disk->last_chunk = false;
    disk->standby = false;
    if (!found || lba >= disk->sectors || disk->left > disk->sectors - lba) {
        ata_fail(disk, ATA_ERROR_IDNF | ATA_ERROR_ABRT);
        return;
    }
    disk->lba = lba;
    if (disk->flags & RW_VERIFY) {
        verify_chunk(disk);
    } else if (disk->flags & RW_DMA) {
        if (!ide_dma_wait(drive, disk->flags & RW_WRITE ? dma_write_chunk : dma_read_chunk)) {
            ata_fail(disk, ATA_ERROR_ABRT);
        }
    } else {
        disk->block = disk->flags & RW_MULTIPLE ? disk->multiple : 1;
        if (disk->block == 0) {
            ata_fail(disk, ATA_ERROR_ABRT); /* before SET MULTIPLE MODE */
        } else if (disk->flags & RW_WRITE) {
            pio_write_chunk(disk, false);
        } else {
            pio_read_chunk(disk);
        }
    }
}

/* -------------------------------------------------------------------- DATA SET MANAGEMENT -- */

#define TRIM_RANGES_PER_SECTOR (ATA_SECTOR_SIZE / 8)

static void trim_take_chunk(IDEDevice *drive);

static uint64_t trim_range(const AtaDisk *disk, unsigned i, unsigned *count)
{
    uint64_t entry;

    memcpy(&entry, disk->ide.buf + i * sizeof(entry), sizeof(entry));
    entry = GUINT64_FROM_LE(entry);
    *count = entry >> 48;
    return entry & 0xffffffffffffULL;
}

/* Discard the next range; after the last one, go on with the next sectors of ranges. */
static void trim_next(IDEDevice *drive, int ret)
{
    AtaDisk *disk = (AtaDisk *)drive;

    /* A discard that fails does no harm: the sectors then stay as they are. */
    while (disk->trim_pos < disk->trim_end) {
        unsigned count;
        uint64_t lba = trim_range(disk, disk->trim_pos++, &count);
        if (count) {
            ide_block_discard(drive, lba, count, trim_next);
            return;
        }
    }
    disk->left -= disk->chunk;
    if (disk->left) {
        if (!drive->bus->dma_stopping) {
            trim_take_chunk(drive);
        }
        return;
    }
    ide_dma_end(drive, true);
    ata_done(disk);
}

static void trim_take_chunk(IDEDevice *drive)
{
    AtaDisk *disk = (AtaDisk *)drive;
    size_t done;

    disk->chunk = MIN(disk->left, IDE_CHUNK_SECTORS);
    switch (ide_dma_transfer(drive, drive->buf, (size_t)disk->chunk * ATA_SECTOR_SIZE, false,
                             &done)) {
    case IDE_DMA_OK:
        break;
    case IDE_DMA_SHORT:
        ide_dma_abandon(drive);
        return;
    case IDE_DMA_ERROR:
        ata_fail(disk, ATA_ERROR_ABRT);
        return;
    }
    disk->trim_pos = 0;
    disk->trim_end = disk->chunk * TRIM_RANGES_PER_SECTOR;
    for (unsigned i = 0; i < disk->trim_end; i++) {
        unsigned count;
        uint64_t lba = trim_range(disk, i, &count);
        if (count && (lba >= disk->sectors || count > disk->sectors - lba)) {
            ata_fail(disk, ATA_ERROR_IDNF | ATA_ERROR_ABRT);
            return;
        }
    }
    trim_next(drive, 0);
}

static void cmd_data_set_management(AtaDisk *disk)
{
    disk->left = decode_count(disk);
    if (disk->ide.features[0] != 1 || !ide_dma_wait(&disk->ide, trim_take_chunk)) {
        ata_fail(disk, ATA_ERROR_ABRT);
    }
}

/* ------------------------------------------------------------------ commands without data -- */

static void cmd_abort(AtaDisk *disk)
{
    ata_fail(disk, ATA_ERROR_ABRT);
}

static void cmd_identify(AtaDisk *disk)
{
    ata_identify(disk, disk->ide.buf);
    ata_reply_sector(disk);
}

static void cmd_recalibrate(AtaDisk *disk)
{
    ata_done(disk);
}

static void cmd_seek(AtaDisk *disk)
{
    uint64_t lba;

    if (!decode_lba(disk, &lba) || lba >= disk->sectors) {
        ata_fail(disk, ATA_ERROR_IDNF | ATA_ERROR_ABRT);
    } else {
        ata_done(disk);
    }
}

static void cmd_initialize_device_parameters(AtaDisk *disk)
{
    if (disk->ide.count[0] == 0) {
        ata_fail(disk, ATA_ERROR_ABRT);
        return;
    }
    disk->cur_heads = (disk->ide.device & 0x0f) + 1;
    disk->cur_secs = disk->ide.count[0];
    ata_done(disk);
}

static void cmd_set_multiple_mode(AtaDisk *disk)
{
    uint8_t count = disk->ide.count[0];

    if (count > 16 || (count & (count - 1))) {
        ata_fail(disk, ATA_ERROR_ABRT);
        return;
    }
    disk->multiple = count;
    ata_done(disk);
}

static void cmd_read_native_max(AtaDisk *disk)
{
    uint64_t max = disk->sectors - 1;

    if (!(disk->flags & RW_EXT)) {
        max = MIN(max, LBA28_MAX - 1);
        disk->ide.device |= ATA_DEVICE_LBA;
    }
    set_lba(disk, max);
    ata_done(disk);
}

static void flush_done(IDEDevice *drive, int ret)
{
    if (ret < 0) {
        ata_fail((AtaDisk *)drive, ATA_ERROR_ABRT);
    } else {
        ata_done((AtaDisk *)drive);
    }
}

static void cmd_flush(AtaDisk *disk)
{
    ide_block_flush(&disk->ide, flush_done);
}

/* STANDBY and SLEEP promise that the cache is written. */
static void cmd_standby(AtaDisk *disk)
{
    disk->standby = true;
    ide_block_flush(&disk->ide, flush_done);
}

static void cmd_idle(AtaDisk *disk)
{
    disk->standby = false;
    ata_done(disk);
}

static void cmd_check_power_mode(AtaDisk *disk)
{
    disk->ide.count[0] = disk->standby ? 0x00 : 0xff;
    ata_done(disk);
}

/* PIO: default and flow control modes 0..4; multiword DMA 0..2; Ultra DMA 0..5. */
static bool transfer_mode_valid(uint8_t mode)
{
    unsigned n = mode & 7;

    switch (mode >> 3) {
    case 0:
        return n <= 1;
    case 1:
        return n <= 4;
    case 4:
        return n <= 2;
    case 8:
        return n <= 5;
    default:
        return false;
    }
}

static void cmd_set_features(AtaDisk *disk)
{
    switch (disk->ide.features[0]) {
    case FEATURE_ENABLE_WRITE_CACHE:
        disk->write_cache = true;
        break;
    case FEATURE_DISABLE_WRITE_CACHE:
        disk->write_cache = false;
        ide_block_flush(&disk->ide, flush_done);
        return;
    case FEATURE_TRANSFER_MODE:
        if (!transfer_mode_valid(disk->ide.count[0])) {
            ata_fail(disk, ATA_ERROR_ABRT);
            return;
        }
        disk->transfer_mode = disk->ide.count[0];
        break;
    case FEATURE_ENABLE_LOOK_AHEAD:
    case FEATURE_DISABLE_LOOK_AHEAD:
        disk->look_ahead = disk->ide.features[0] == FEATURE_ENABLE_LOOK_AHEAD;
        break;
    case FEATURE_ENABLE_APM:
    case FEATURE_DISABLE_APM:
    case FEATURE_KEEP_DEFAULTS:
    case FEATURE_REVERT_DEFAULTS:
        break;
    default:
        ata_fail(disk, ATA_ERROR_ABRT);
        return;
    }
    ata_done(disk);
}

/* ------------------------------------------------------------------------------- commands -- */

typedef struct AtaCommand {
    void (*run)(AtaDisk *disk);
    uint16_t flags;
} AtaCommand;

/* What has no row is aborted. */
static const AtaCommand commands[256] = {
    [0x06] = {cmd_data_set_management, RW_EXT | RW_DMA | RW_WRITE},
    [0x10 ... 0x1f] = {cmd_recalibrate},
    [0x20] = {cmd_transfer}, /* READ SECTORS; 21: without retries */
    [0x21] = {cmd_transfer},
    [0x24] = {cmd_transfer, RW_EXT},
    [0x25] = {cmd_transfer, RW_EXT | RW_DMA},
    [0x27] = {cmd_read_native_max, RW_EXT},
    [0x29] = {cmd_transfer, RW_EXT | RW_MULTIPLE},
    [0x30] = {cmd_transfer, RW_WRITE},
    [0x31] = {cmd_transfer, RW_WRITE},
    [0x34] = {cmd_transfer, RW_WRITE | RW_EXT},
    [0x35] = {cmd_transfer, RW_WRITE | RW_EXT | RW_DMA},
    [0x39] = {cmd_transfer, RW_WRITE | RW_EXT | RW_MULTIPLE},
    [0x3d] = {cmd_transfer, RW_WRITE | RW_EXT | RW_DMA | RW_FUA},
    [0x40] = {cmd_transfer, RW_VERIFY},
    [0x41] = {cmd_transfer, RW_VERIFY},
    [0x42] = {cmd_transfer, RW_VERIFY | RW_EXT},
    [0x70 ... 0x7f] = {cmd_seek},
    [0x91] = {cmd_initialize_device_parameters},
    [0x94] = {cmd_standby}, /* 94..99 are the old codes of E0..E6 */
    [0x95] = {cmd_idle},
    [0x96] = {cmd_standby},
    [0x97] = {cmd_idle},
    [0x98] = {cmd_check_power_mode},
    [0x99] = {cmd_standby},
    [0xb0] = {ata_smart},
    [0xc4] = {cmd_transfer, RW_MULTIPLE},
    [0xc5] = {cmd_transfer, RW_WRITE | RW_MULTIPLE},
    [0xc6] = {cmd_set_multiple_mode},
    [0xc8] = {cmd_transfer, RW_DMA},
    [0xc9] = {cmd_transfer, RW_DMA},
    [0xca] = {cmd_transfer, RW_WRITE | RW_DMA},
    [0xcb] = {cmd_transfer, RW_WRITE | RW_DMA},
    [0xce] = {cmd_transfer, RW_WRITE | RW_EXT | RW_MULTIPLE | RW_FUA},
    [0xe0] = {cmd_standby},
    [0xe1] = {cmd_idle},
    [0xe2] = {cmd_standby},
    [0xe3] = {cmd_idle},
    [0xe5] = {cmd_check_power_mode},
    [0xe6] = {cmd_standby},
    [0xe7] = {cmd_flush},
    [0xea] = {cmd_flush},
    [0xec] = {cmd_identify},
    [0xef] = {cmd_set_features},
    [0xf8] = {cmd_read_native_max},
};

static void ata_command(IDEDevice *drive, uint8_t command)
{
    AtaDisk *disk = (AtaDisk *)drive;
    const AtaCommand *row = &commands[command];

    disk->flags = row->flags;
    if (!row->run) {
        log_guest_error("%s: unknown ATA command %02x", drive->dev.owner.name, command);
        cmd_abort(disk);
        return;
    }
    row->run(disk);
}

/* A software reset keeps the settings: hosts do not expect to have to make them again. */
static void ata_command_reset(IDEDevice *drive)
{
    AtaDisk *disk = (AtaDisk *)drive;

    disk->left = 0;
    disk->standby = false;
}

static const IDEDriveOps ata_ops = {
    .reset_status = ATA_STATUS_DRDY | ATA_STATUS_DSC,
    .command = ata_command,
    .reset = ata_command_reset,
};

/* ---------------------------------------------------------------------------------- device -- */

static const char *const translation_names[] = {"auto", "none", "lba", "large", "rechs", NULL};

static bool check_range(const char *name, uint32_t value, uint32_t max, GError **errp)
{
    if (value < 1 || value > max) {
        error_setg(errp, "%s must be between 1 and %u", name, max);
        return false;
    }
    return true;
}

/* The user's geometry, else one from the partition table. */
static bool choose_geometry(AtaDisk *disk, GError **errp)
{
    IDEGeometry *g = &disk->geometry;

    if (disk->cyls || disk->heads || disk->secs) {
        if (!check_range("cyls", disk->cyls, 65535, errp) ||
            !check_range("heads", disk->heads, 16, errp) ||
            !check_range("secs", disk->secs, 255, errp)) {
            return false;
        }
        *g = (IDEGeometry){.cyls = disk->cyls, .heads = disk->heads, .secs = disk->secs};
        g->translation = g->cyls <= 1024 && g->secs <= 63 ? IDE_TRANSLATION_NONE
                                                          : IDE_TRANSLATION_LBA;
    } else {
        uint8_t mbr[ATA_SECTOR_SIZE];
        bool read = block_pread(disk->ide.blk, 0, mbr, sizeof(mbr)) == 0;
        ide_guess_geometry(disk->sectors, read ? mbr : NULL, g);
    }
    if (disk->translation > 0) {
        g->translation = disk->translation - 1;
    }
    g->lcyls = disk->lcyls;
    g->lheads = disk->lheads;
    g->lsecs = disk->lsecs;
    return true;
}

static bool ata_realize(Device *dev, GError **errp)
{
    AtaDisk *disk = (AtaDisk *)dev;
    IDEDevice *drive = &disk->ide;

    if (!drive->blk) {
        error_setg(errp, "No drive specified");
        return false;
    }
    if (!block_is_inserted(drive->blk)) {
        error_setg(errp, "Device needs media, but drive is empty");
        return false;
    }
    if (block_is_read_only(drive->blk)) {
        error_setg(errp, "Block node is read-only: a hard disk must be writable (snapshot=on "
                         "makes it so without a change of the image)");
        return false;
    }
    disk->sectors = block_size(drive->blk) / ATA_SECTOR_SIZE;
    if (disk->sectors == 0) {
        error_setg(errp, "Drive '%s' has no sectors: an ide-hd needs at least 512 bytes",
                   block_id(drive->blk));
        return false;
    }
    if (!choose_geometry(disk, errp) || !block_attach(drive->blk, NULL, drive, errp)) {
        return false;
    }
    block_set_attached_name(drive->blk, dev->id ? dev->id : dev->cls->name);
    ide_default_strings(drive, "LIGNITE HARDDISK");
    drive->ops = &ata_ops;
    drive->bus->drives[drive->unit] = drive;
    return true;
}

static void ata_reset(Device *dev)
{
    AtaDisk *disk = (AtaDisk *)dev;

    disk->cur_heads = disk->geometry.heads;
    disk->cur_secs = disk->geometry.secs;
    disk->multiple = 0;
    disk->write_cache = true;
    disk->look_ahead = true;
    disk->transfer_mode = 0x20 | 2; /* multiword DMA mode 2 */
    ata_smart_reset(disk);
    ata_command_reset(&disk->ide);
    ide_set_signature(&disk->ide);
}

static const Property ata_props[] = {
    PROP_UINT32("cyls", AtaDisk, cyls, 0, .help = "cylinders; 0: guess the geometry"),
    PROP_UINT32("heads", AtaDisk, heads, 0, .help = "heads, 1..16"),
    PROP_UINT32("secs", AtaDisk, secs, 0, .help = "sectors a track, 1..255"),
    PROP_UINT32("lcyls", AtaDisk, lcyls, 0, .help = "cylinders that the BIOS is to report"),
    PROP_UINT32("lheads", AtaDisk, lheads, 0, .help = "heads that the BIOS is to report"),
    PROP_UINT32("lsecs", AtaDisk, lsecs, 0, .help = "sectors that the BIOS is to report"),
    PROP_ENUM("bios-chs-trans", AtaDisk, translation, translation_names, 0,
              .help = "how the BIOS translates cylinders"),
    PROP_UINT16("rotation_rate", AtaDisk, rotation_rate, 0,
                .help = "turns a minute; 1: no rotating medium, 0: not said"),
    {},
};

const DeviceClass ide_hd_class = {
    .name = "ide-hd",
    .desc = "virtual IDE disk",
    .parent = &ide_device_class,
    .size = sizeof(AtaDisk),
    .props = ata_props,
    .realize = ata_realize,
    .reset = ata_reset,
};
