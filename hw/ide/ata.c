/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An ATA disk: its commands, settings and properties. Document: ATA/ATAPI-6 (T13 1410D).
 *
 * Not modelled: security, host protected area, overlap, power-up in standby, acoustic levels.
 */
#include "hw/core/log.h"
#include "internal.h"

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

    if (!ata_decode_lba(disk, &lba) || lba >= disk->sectors) {
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
    ata_set_lba(disk, max);
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
    [0x06] = {ata_data_set_management, RW_EXT | RW_DMA | RW_WRITE},
    [0x10 ... 0x1f] = {cmd_recalibrate},
    [0x20] = {ata_transfer}, /* READ SECTORS; 21: without retries */
    [0x21] = {ata_transfer},
    [0x24] = {ata_transfer, RW_EXT},
    [0x25] = {ata_transfer, RW_EXT | RW_DMA},
    [0x27] = {cmd_read_native_max, RW_EXT},
    [0x29] = {ata_transfer, RW_EXT | RW_MULTIPLE},
    [0x30] = {ata_transfer, RW_WRITE},
    [0x31] = {ata_transfer, RW_WRITE},
    [0x34] = {ata_transfer, RW_WRITE | RW_EXT},
    [0x35] = {ata_transfer, RW_WRITE | RW_EXT | RW_DMA},
    [0x39] = {ata_transfer, RW_WRITE | RW_EXT | RW_MULTIPLE},
    [0x3d] = {ata_transfer, RW_WRITE | RW_EXT | RW_DMA | RW_FUA},
    [0x40] = {ata_transfer, RW_VERIFY},
    [0x41] = {ata_transfer, RW_VERIFY},
    [0x42] = {ata_transfer, RW_VERIFY | RW_EXT},
    [0x70 ... 0x7f] = {cmd_seek},
    [0x91] = {cmd_initialize_device_parameters},
    [0x94] = {cmd_standby}, /* 94..99 are the old codes of E0..E6 */
    [0x95] = {cmd_idle},
    [0x96] = {cmd_standby},
    [0x97] = {cmd_idle},
    [0x98] = {cmd_check_power_mode},
    [0x99] = {cmd_standby},
    [0xb0] = {ata_smart},
    [0xc4] = {ata_transfer, RW_MULTIPLE},
    [0xc5] = {ata_transfer, RW_WRITE | RW_MULTIPLE},
    [0xc6] = {cmd_set_multiple_mode},
    [0xc8] = {ata_transfer, RW_DMA},
    [0xc9] = {ata_transfer, RW_DMA},
    [0xca] = {ata_transfer, RW_WRITE | RW_DMA},
    [0xcb] = {ata_transfer, RW_WRITE | RW_DMA},
    [0xce] = {ata_transfer, RW_WRITE | RW_EXT | RW_MULTIPLE | RW_FUA},
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
        g->translation =
            g->cyls <= 1024 && g->secs <= 63 ? IDE_TRANSLATION_NONE : IDE_TRANSLATION_LBA;
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
