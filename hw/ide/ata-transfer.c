/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How an ATA disk moves data, and how its commands end. Document: ATA/ATAPI-6 (T13 1410D); DATA SET
 * MANAGEMENT is of ATA8-ACS-2.
 *
 * Data goes between the backend and the buffer in chunks of up to 256 sectors, and between buffer
 * and host in DRQ blocks or by the bus master. A chunk that can't be read is tried again sector by
 * sector (READ MULTIPLE: block by block), so that the host gets what there is before the error.
 */
#include <string.h>

#include "internal.h"

/* ---------------------------------------------------------------------- ends of a command -- */

void ata_set_lba(AtaDisk *disk, uint64_t lba)
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
    ata_set_lba(disk, disk->lba - 1);
    ide_dma_end(&disk->ide, true);
    disk->ide.error = 0;
    disk->ide.status = ATA_STATUS_DRDY | ATA_STATUS_DSC;
    if (interrupt) {
        ide_raise_irq(&disk->ide);
    }
}

static void transfer_failed(AtaDisk *disk, uint8_t error)
{
    ata_set_lba(disk, disk->lba);
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
    disk->chunk = MIN(disk->left, disk->careful ? disk->block : IDE_CHUNK_SECTORS);
}

/* The chunk at disk->lba failed. True when it is to be tried again in smaller pieces. */
static bool retry_smaller(AtaDisk *disk)
{
    if (disk->chunk > disk->block && !disk->careful) {
        disk->careful = true;
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
    switch (
        ide_dma_transfer(drive, drive->buf, (size_t)disk->chunk * ATA_SECTOR_SIZE, true, &done)) {
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
    switch (
        ide_dma_transfer(drive, drive->buf, (size_t)disk->chunk * ATA_SECTOR_SIZE, false, &done)) {
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
bool ata_decode_lba(const AtaDisk *disk, uint64_t *lba)
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

void ata_transfer(AtaDisk *disk)
{
    IDEDevice *drive = &disk->ide;
    uint64_t lba;
    bool found = ata_decode_lba(disk, &lba);

    disk->left = decode_count(disk);
    disk->careful = disk->last_chunk = false;
    disk->standby = false;
    if (!found || lba >= disk->sectors || disk->left > disk->sectors - lba) {
        ata_fail(disk, ATA_ERROR_IDNF | ATA_ERROR_ABRT);
        return;
    }
    disk->lba = lba;
    disk->block = disk->flags & RW_MULTIPLE ? disk->multiple : 1;
    if (disk->flags & RW_VERIFY) {
        verify_chunk(disk);
    } else if (disk->flags & RW_DMA) {
        if (!ide_dma_wait(drive, disk->flags & RW_WRITE ? dma_write_chunk : dma_read_chunk)) {
            ata_fail(disk, ATA_ERROR_ABRT);
        }
    } else if (disk->block == 0) {
        ata_fail(disk, ATA_ERROR_ABRT); /* before SET MULTIPLE MODE */
    } else if (disk->flags & RW_WRITE) {
        pio_write_chunk(disk, false);
    } else {
        pio_read_chunk(disk);
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
    switch (
        ide_dma_transfer(drive, drive->buf, (size_t)disk->chunk * ATA_SECTOR_SIZE, false, &done)) {
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

void ata_data_set_management(AtaDisk *disk)
{
    disk->left = decode_count(disk);
    if (disk->ide.features[0] != 1 || !ide_dma_wait(&disk->ide, trim_take_chunk)) {
        ata_fail(disk, ATA_ERROR_ABRT);
    }
}
