/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An ATAPI CD drive: the ATA side of it, and the packet protocol. What the packets say is in
 * atapi-commands.c. Document: ATA/ATAPI-6, 9.7 and 9.8.
 *
 * Replies and sectors pass through the buffer. By PIO the host gets DRQ blocks of the size it asked
 * for with the PACKET command, which need not fit sectors: what is left of one chunk is moved to
 * the front of the next.
 */
#include <errno.h>
#include <string.h>

#include "hw/core/log.h"
#include "internal.h"

#define FEATURES_DMA    0x01
#define FEATURES_OVL    0x02
#define RAW_SECTOR_SIZE 2352
#define RAW_DATA_OFFSET 16 /* after sync pattern and header */

/* ---------------------------------------------------------------------- ends of a command -- */

static void set_reason(AtapiDrive *cd, uint8_t reason)
{
    cd->ide.count[0] = (cd->ide.count[0] & ~7) | reason;
}

void atapi_done(AtapiDrive *cd)
{
    ide_dma_end(&cd->ide, true);
    cd->sense_key = SENSE_NONE;
    cd->asc = cd->ascq = 0;
    cd->ide.error = 0;
    cd->ide.status = ATA_STATUS_DRDY | ATA_STATUS_DSC;
    set_reason(cd, ATAPI_REASON_IO | ATAPI_REASON_COD);
    ide_raise_irq(&cd->ide);
}

void atapi_fail(AtapiDrive *cd, uint8_t key, uint16_t asc)
{
    ide_dma_end(&cd->ide, false);
    cd->sense_key = key;
    cd->asc = asc >> 8;
    cd->ascq = asc;
    cd->ide.error = key << 4 | (key == SENSE_ILLEGAL_REQUEST ? ATA_ERROR_ABRT : 0);
    cd->ide.status = ATA_STATUS_DRDY | ATA_STATUS_DSC | ATA_STATUS_ERR;
    set_reason(cd, ATAPI_REASON_IO | ATAPI_REASON_COD);
    ide_raise_irq(&cd->ide);
}

static void ata_side_done(AtapiDrive *cd)
{
    cd->ide.error = 0;
    cd->ide.status = ATA_STATUS_DRDY | ATA_STATUS_DSC;
    ide_raise_irq(&cd->ide);
}

static void ata_side_abort(AtapiDrive *cd)
{
    cd->ide.error = ATA_ERROR_ABRT;
    cd->ide.status = ATA_STATUS_DRDY | ATA_STATUS_DSC | ATA_STATUS_ERR;
    ide_raise_irq(&cd->ide);
}

/* ------------------------------------------------------------------------- data to the host -- */

static void read_chunk(AtapiDrive *cd, size_t kept);
static void send_block(AtapiDrive *cd);

static void block_taken(IDEDevice *drive)
{
    AtapiDrive *cd = (AtapiDrive *)drive;

    cd->left -= cd->block;
    if (cd->left == 0) {
        atapi_done(cd);
        return;
    }
    size_t pos = drive->end;
    size_t kept = cd->fill - pos;
    if (kept < MIN(cd->limit, cd->left)) {
        memmove(drive->buf, drive->buf + pos, kept);
        read_chunk(cd, kept);
    } else {
        drive->pos = pos;
        send_block(cd);
    }
}

/* Offer the host the next block, from drive->pos on. */
static void send_block(AtapiDrive *cd)
{
    IDEDevice *drive = &cd->ide;
    size_t len = MIN(cd->limit, cd->left);

    cd->block = len;
    g_assert(drive->pos + len <= cd->fill);
    drive->lba_mid[0] = len;
    drive->lba_high[0] = len >> 8;
    set_reason(cd, ATAPI_REASON_IO);
    ide_pio_start(drive, drive->pos, drive->pos + len, true, block_taken);
    ide_raise_irq(drive);
}

static void dma_send(IDEDevice *drive)
{
    AtapiDrive *cd = (AtapiDrive *)drive;
    size_t done, len = MIN(cd->fill, cd->left);

    switch (ide_dma_transfer(drive, drive->buf, len, true, &done)) {
    case IDE_DMA_OK:
        break;
    case IDE_DMA_SHORT:
        ide_dma_abandon(drive);
        return;
    case IDE_DMA_ERROR:
        atapi_fail(cd, SENSE_MEDIUM_ERROR, ASC_READ_ERROR);
        return;
    }
    cd->left -= len;
    if (cd->left == 0) {
        atapi_done(cd);
    } else if (!drive->bus->dma_stopping) {
        read_chunk(cd, 0);
    }
}

void atapi_reply(AtapiDrive *cd, size_t len, size_t allocated)
{
    IDEDevice *drive = &cd->ide;

    cd->left = MIN(len, allocated);
    cd->fill = len;
    cd->sectors = 0;
    drive->pos = 0;
    if (cd->left == 0) {
        atapi_done(cd);
    } else if (!cd->dma) {
        send_block(cd);
    } else if (!ide_dma_wait(drive, dma_send)) {
        ata_side_abort(cd);
    }
}

static uint8_t to_bcd(unsigned value)
{
    return value / 10 << 4 | value % 10;
}

/* Make raw mode 1 sectors of plain ones, from the last to the first since they grow. */
static void expand_sectors(AtapiDrive *cd, uint8_t *base, uint64_t lba, unsigned n)
{
    while (n-- > 0) {
        uint8_t *raw = base + (size_t)n * RAW_SECTOR_SIZE;
        uint64_t frame = lba + n + 150;
        memmove(raw + RAW_DATA_OFFSET, base + (size_t)n * ATAPI_SECTOR_SIZE, ATAPI_SECTOR_SIZE);
        memset(raw, 0xff, 12);
        raw[0] = raw[11] = 0;
        raw[12] = to_bcd(frame / 75 / 60 % 100);
        raw[13] = to_bcd(frame / 75 % 60);
        raw[14] = to_bcd(frame % 75);
        raw[15] = 1; /* mode */
        memset(raw + RAW_DATA_OFFSET + ATAPI_SECTOR_SIZE, 0,
               RAW_SECTOR_SIZE - RAW_DATA_OFFSET - ATAPI_SECTOR_SIZE);
    }
}

static void chunk_here(IDEDevice *drive, int ret)
{
    AtapiDrive *cd = (AtapiDrive *)drive;

    if (ret == -ENOMEDIUM) {
        atapi_fail(cd, SENSE_NOT_READY, ASC_NO_MEDIUM_CLOSED);
        return;
    }
    if (ret < 0) {
        atapi_fail(cd, SENSE_MEDIUM_ERROR, ASC_READ_ERROR);
        return;
    }
    if (cd->sector_bytes == RAW_SECTOR_SIZE) {
        expand_sectors(cd, drive->buf + cd->fill, cd->lba, cd->chunk);
    }
    cd->fill += (size_t)cd->chunk * cd->sector_bytes;
    cd->lba += cd->chunk;
    cd->sectors -= cd->chunk;
    drive->pos = 0;
    if (cd->dma) {
        dma_send(drive);
    } else {
        send_block(cd);
    }
}

/* Read as much as has room behind the `kept` bytes in the buffer. */
static void read_chunk(AtapiDrive *cd, size_t kept)
{
    const unsigned ratio = ATAPI_SECTOR_SIZE / BLOCK_SECTOR_SIZE;

    cd->fill = kept;
    cd->chunk = MIN(cd->sectors, (IDE_BUFFER_SIZE - kept) / cd->sector_bytes);
    g_assert(cd->chunk > 0);
    ide_block_read(&cd->ide, cd->lba * ratio, kept, cd->chunk * ratio, chunk_here);
}

static void dma_read_begin(IDEDevice *drive)
{
    read_chunk((AtapiDrive *)drive, 0);
}

void atapi_read(AtapiDrive *cd, uint64_t lba, uint32_t sectors, unsigned sector_bytes)
{
    uint64_t there = atapi_sectors(cd);

    if (lba >= there ? sectors > 0 || lba > there : sectors > there - lba) {
        atapi_fail(cd, SENSE_ILLEGAL_REQUEST, ASC_LBA_OUT_OF_RANGE);
        return;
    }
    if (sectors == 0) {
        atapi_done(cd);
        return;
    }
    cd->lba = lba;
    cd->sectors = sectors;
    cd->sector_bytes = sector_bytes;
    cd->left = (uint64_t)sectors * sector_bytes;
    if (!cd->dma) {
        read_chunk(cd, 0);
    } else if (!ide_dma_wait(&cd->ide, dma_read_begin)) {
        ata_side_abort(cd);
    }
}

/* ---------------------------------------------------------------------------- ATA commands -- */

static void packet_here(IDEDevice *drive)
{
    AtapiDrive *cd = (AtapiDrive *)drive;

    memcpy(cd->cdb, drive->buf, ATAPI_CDB_SIZE);
    drive->status = ATA_STATUS_BSY | ATA_STATUS_DRDY | ATA_STATUS_DSC;
    atapi_execute(cd);
}

/*
 * The host's limit for DRQ blocks: an odd one is allowed only for all that is left, so it loses its
 * last byte here, which costs a block of one byte at most in a transfer that ends oddly.
 */
static unsigned byte_count_limit(const IDEDevice *drive)
{
    unsigned limit = drive->lba_high[0] << 8 | drive->lba_mid[0];

    if (limit == 0 || limit == 0xffff) {
        return 0xfffe;
    }
    return MAX(limit & ~1u, 2);
}

static void cmd_packet(AtapiDrive *cd)
{
    IDEDevice *drive = &cd->ide;

    if (drive->features[0] & FEATURES_OVL) {
        ata_side_abort(cd);
        return;
    }
    cd->dma = drive->features[0] & FEATURES_DMA;
    cd->limit = byte_count_limit(drive);
    drive->error = 0;
    set_reason(cd, ATAPI_REASON_COD);
    /* No interrupt: the drive says in IDENTIFY that it is quick. */
    ide_pio_start(drive, 0, ATAPI_CDB_SIZE, false, packet_here);
}

static void identify_taken(IDEDevice *drive)
{
    drive->status = ATA_STATUS_DRDY | ATA_STATUS_DSC;
}

static void cmd_identify_packet_device(AtapiDrive *cd)
{
    IDEDevice *drive = &cd->ide;
    uint8_t *data = drive->buf;
    uint8_t mode = cd->transfer_mode;

    memset(data, 0, ATA_SECTOR_SIZE);
    /* An ATAPI CD drive, removable, that takes a packet within 50 us, of 12 bytes. */
    ide_put_word(data, 0, 0x85c0);
    ide_put_string(data, 10, 10, drive->serial);
    ide_put_string(data, 23, 4, drive->version);
    ide_put_string(data, 27, 20, drive->model);
    ide_put_word(data, 48, 1);
    ide_put_word(data, 49, 0x0b00); /* IORDY, LBA, DMA */
    ide_put_word(data, 51, 0x0200);
    ide_put_word(data, 53, 0x0006); /* words 64..70 and 88 are valid */
    ide_put_word(data, 63, 0x07 | ((mode & 0xf8) == 0x20 ? 0x100 << (mode & 7) : 0));
    ide_put_word(data, 64, 0x0003);
    for (int i = 65; i <= 68; i++) {
        ide_put_word(data, i, 120);
    }
    ide_put_word(data, 71, 30); /* ns until the bus is released, until SERVICE */
    ide_put_word(data, 72, 30);
    ide_put_word(data, 80, 0x007e);
    ide_put_word(data, 82, 0x4210); /* NOP, DEVICE RESET, PACKET */
    ide_put_word(data, 83, 0x4000);
    ide_put_word(data, 84, 0x4000);
    ide_put_word(data, 85, 0x4210);
    ide_put_word(data, 87, 0x4000);
    ide_put_word(data, 88, 0x3f | ((mode & 0xf8) == 0x40 ? 0x100 << (mode & 7) : 0));
    drive->error = 0;
    ide_pio_start(drive, 0, ATA_SECTOR_SIZE, true, identify_taken);
    ide_raise_irq(drive);
}

/* Disk commands that a host uses to find out: the signature says what this is. */
static void cmd_not_a_disk(AtapiDrive *cd)
{
    uint8_t device = cd->ide.device;

    ide_set_signature(&cd->ide);
    cd->ide.device = device;
    ata_side_abort(cd);
}

static void cmd_device_reset(AtapiDrive *cd)
{
    ide_cancel(&cd->ide);
    uint8_t device = cd->ide.device;
    ide_set_signature(&cd->ide);
    cd->ide.device = device & ATA_DEVICE_DEV;
    cd->ide.irq = false;
    ide_update_irq(cd->ide.bus);
}

static void cmd_set_features(AtapiDrive *cd)
{
    if (cd->ide.features[0] != 0x03 && cd->ide.features[0] != 0x66 && cd->ide.features[0] != 0xcc) {
        ata_side_abort(cd);
        return;
    }
    if (cd->ide.features[0] == 0x03) {
        cd->transfer_mode = cd->ide.count[0];
    }
    ata_side_done(cd);
}

static void atapi_command(IDEDevice *drive, uint8_t command)
{
    AtapiDrive *cd = (AtapiDrive *)drive;

    switch (command) {
    case 0x08:
        cmd_device_reset(cd);
        return;
    case 0xa0:
        cmd_packet(cd);
        return;
    case 0xa1:
        cmd_identify_packet_device(cd);
        return;
    case 0x20: /* READ SECTORS */
    case 0xec: /* IDENTIFY DEVICE */
        cmd_not_a_disk(cd);
        return;
    case 0xef:
        cmd_set_features(cd);
        return;
    case 0xe5: /* CHECK POWER MODE: active */
        drive->count[0] = 0xff;
        ata_side_done(cd);
        return;
    case 0xe0: /* STANDBY IMMEDIATE, IDLE IMMEDIATE, STANDBY, IDLE, SLEEP, FLUSH CACHE */
    case 0xe1:
    case 0xe2:
    case 0xe3:
    case 0xe6:
    case 0xe7:
        ata_side_done(cd);
        return;
    default:
        log_guest_error("%s: unknown command %02x for a packet device", drive->dev.owner.name,
                        command);
        ata_side_abort(cd);
    }
}

static void atapi_command_reset(IDEDevice *drive)
{
    AtapiDrive *cd = (AtapiDrive *)drive;

    cd->left = cd->sectors = 0;
    cd->sense_key = SENSE_NONE;
    cd->asc = cd->ascq = 0;
}

static const IDEDriveOps atapi_ops = {
    .signature_mid = 0x14,
    .signature_high = 0xeb,
    .device_reset = true,
    .reset_status = 0, /* DRDY comes with the first PACKET command */
    .command = atapi_command,
    .reset = atapi_command_reset,
};

/* -------------------------------------------------------------------------- medium and tray -- */

enum { MEDIA_EVENT_NONE, MEDIA_EVENT_EJECT_REQUEST, MEDIA_EVENT_NEW, MEDIA_EVENT_REMOVAL };

bool atapi_tray_is_open(const AtapiDrive *cd)
{
    return cd->ide.blk ? block_is_tray_open(cd->ide.blk) : cd->tray_open;
}

bool atapi_has_medium(const AtapiDrive *cd)
{
    return cd->ide.blk && block_is_inserted(cd->ide.blk) && !atapi_tray_is_open(cd);
}

uint64_t atapi_sectors(const AtapiDrive *cd)
{
    return atapi_has_medium(cd) ? block_size(cd->ide.blk) / ATAPI_SECTOR_SIZE : 0;
}

/* The medium that can be reached came, went or is another. */
static void medium_changed(AtapiDrive *cd)
{
    bool there = atapi_has_medium(cd);

    cd->event = there ? MEDIA_EVENT_NEW : MEDIA_EVENT_REMOVAL;
    cd->unit_attention = there;
}

void atapi_move_tray(AtapiDrive *cd, bool open)
{
    if (open == atapi_tray_is_open(cd)) {
        return;
    }
    cd->tray_open = open;
    if (cd->ide.blk) {
        block_set_tray_open(cd->ide.blk, open);
    }
    medium_changed(cd);
}

static void backend_changed(void *opaque)
{
    AtapiDrive *cd = opaque;

    cd->tray_open = block_is_tray_open(cd->ide.blk);
    medium_changed(cd);
}

static void eject_asked(void *opaque)
{
    ((AtapiDrive *)opaque)->event = MEDIA_EVENT_EJECT_REQUEST;
}

/* ---------------------------------------------------------------------------------- device -- */

static bool atapi_realize(Device *dev, GError **errp)
{
    AtapiDrive *cd = (AtapiDrive *)dev;
    IDEDevice *drive = &cd->ide;

    if (drive->blk) {
        if (!block_attach(drive->blk, backend_changed, cd, errp)) {
            return false;
        }
        block_set_eject_handler(drive->blk, eject_asked);
        block_set_attached_name(drive->blk, dev->id ? dev->id : dev->cls->name);
    }
    ide_default_strings(drive, "LIGNITE DVD-ROM");
    drive->ops = &atapi_ops;
    drive->bus->drives[drive->unit] = drive;
    return true;
}

static void atapi_reset(Device *dev)
{
    AtapiDrive *cd = (AtapiDrive *)dev;

    atapi_command_reset(&cd->ide);
    cd->locked = false;
    if (cd->ide.blk) {
        block_set_locked(cd->ide.blk, false);
    }
    cd->unit_attention = false;
    cd->event = MEDIA_EVENT_NONE;
    cd->transfer_mode = 0x20 | 2;
    ide_set_signature(&cd->ide);
}

const DeviceClass ide_cd_class = {
    .name = "ide-cd",
    .desc = "virtual IDE CD-ROM",
    .parent = &ide_device_class,
    .size = sizeof(AtapiDrive),
    .realize = atapi_realize,
    .reset = atapi_reset,
};
