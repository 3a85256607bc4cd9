/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the drives share with their channel. Document: ATA/ATAPI-6, chapters 7 (registers) and 9
 * (protocols); names of registers and bits are its.
 */
#ifndef LIGNITE_HW_IDE_INTERNAL_H
#define LIGNITE_HW_IDE_INTERNAL_H

#include "backends/block.h"
#include "hw/ide/ide.h"

#define ATA_STATUS_ERR  0x01 /* CHK of a packet device */
#define ATA_STATUS_DRQ  0x08
#define ATA_STATUS_DSC  0x10
#define ATA_STATUS_DF   0x20
#define ATA_STATUS_DRDY 0x40
#define ATA_STATUS_BSY  0x80

#define ATA_ERROR_ABRT 0x04
#define ATA_ERROR_IDNF 0x10
#define ATA_ERROR_UNC  0x40

#define ATA_DEVICE_DEV 0x10
#define ATA_DEVICE_LBA 0x40
#define ATA_DEVICE_OBS 0xa0 /* obsolete bits, always read as ones */

#define ATA_CONTROL_NIEN 0x02
#define ATA_CONTROL_SRST 0x04
#define ATA_CONTROL_HOB  0x80

#define ATAPI_REASON_COD 0x01 /* in the sector count register of a packet device */
#define ATAPI_REASON_IO  0x02

#define ATA_SECTOR_SIZE   512
#define IDE_CHUNK_SECTORS 256 /* moved by one request to the backend */
#define IDE_BUFFER_SIZE   (IDE_CHUNK_SECTORS * ATA_SECTOR_SIZE)

/* The two most recent writes of a register: [0] the last, [1] the one before (read under HOB). */
typedef uint8_t AtaRegister[2];

typedef struct IDEDriveOps {
    uint8_t signature_mid, signature_high; /* of the LBA registers after a reset */
    uint8_t reset_status;
    bool device_reset; /* takes the command DEVICE RESET, also while it is busy */
    void (*command)(IDEDevice *drive, uint8_t command);
    void (*reset)(IDEDevice *drive); /* what is left of a command; also on a software reset */
} IDEDriveOps;

struct IDEDevice {
    Device dev;

    /* properties */
    char *drive;
    uint32_t unit; /* UINT32_MAX: the next that is free */
    char *serial;
    char *version;
    char *model;
    uint64_t wwn;
    int32_t bootindex;
    uint32_t logical_block_size;
    uint32_t physical_block_size;

    IDEBus *bus;
    const IDEDriveOps *ops;
    BlockBackend *blk; /* NULL: a CD drive without one */

    /* registers, from offset 1 of the command block */
    uint8_t error;
    AtaRegister features;
    AtaRegister count;
    AtaRegister lba_low;
    AtaRegister lba_mid;
    AtaRegister lba_high;
    uint8_t device;
    uint8_t status;
    bool irq; /* interrupt pending: cleared by a read of the status and by a command */

    /* the data port, alive while DRQ is set: bytes [pos, end) of the buffer */
    uint8_t *buf; /* IDE_BUFFER_SIZE and room for an odd end */
    size_t pos, end;
    bool to_host;
    void (*pio_done)(IDEDevice *drive);

    void (*dma_go)(IDEDevice *drive); /* waits for the bus master */

    BlockRequest *req; /* in flight; BSY is set meanwhile */
    void (*req_done)(IDEDevice *drive, int ret);
};

/* ----------------------------------------------------------------------------- ide/core.c -- */

/* Recompute the channel's interrupt line: the only function that sets it. */
void ide_update_irq(IDEBus *bus);
void ide_raise_irq(IDEDevice *drive);

/* Give up whatever the drive does: requests, DMA, the data port. Registers stay. */
void ide_cancel(IDEDevice *drive);

/* Put the signature of a reset into the drive's registers. */
void ide_set_signature(IDEDevice *drive);

/* Let the host move bytes [pos, end) of the buffer through the data port, then call `done`. */
void ide_pio_start(IDEDevice *drive, size_t pos, size_t end, bool to_host,
                   void (*done)(IDEDevice *drive));

/*
 * Ask for the bus master: `go` is called when it is ready. False when there is none, or the other
 * drive has it.
 */
bool ide_dma_wait(IDEDevice *drive, void (*go)(IDEDevice *drive));
IDEDmaResult ide_dma_transfer(IDEDevice *drive, void *buf, size_t len, bool to_memory,
                              size_t *done);
/* The drive has no more use for the bus master; nothing happens if it had none. */
void ide_dma_end(IDEDevice *drive, bool ok);
/* Give up a DMA command without a word: what the host sees when its memory was too small. */
void ide_dma_abandon(IDEDevice *drive);

/* Start a request on the backend, over the buffer from `buf_offset` on; sets BSY. */
void ide_block_read(IDEDevice *drive, uint64_t sector, size_t buf_offset, unsigned sectors,
                    void (*done)(IDEDevice *drive, int ret));
void ide_block_write(IDEDevice *drive, uint64_t sector, unsigned sectors,
                     void (*done)(IDEDevice *drive, int ret));
void ide_block_flush(IDEDevice *drive, void (*done)(IDEDevice *drive, int ret));
void ide_block_discard(IDEDevice *drive, uint64_t sector, unsigned sectors,
                       void (*done)(IDEDevice *drive, int ret));

/* ---------------------------------------------------------------------------- ide/drive.c -- */

/* Words of an IDENTIFY reply, little-endian; strings are padded with blanks, bytes swapped. */
void ide_put_word(uint8_t *data, unsigned word, uint16_t value);
void ide_put_string(uint8_t *data, unsigned word, unsigned words, const char *text);

/* What the user did not name is called "LG00001", "1.0" and `model`. */
void ide_default_strings(IDEDevice *drive, const char *model);

/* ------------------------------------------------------------------------------ ide/ata.c -- */

/* How a command moves data. */
enum {
    RW_WRITE = 1 << 0,
    RW_DMA = 1 << 1,
    RW_EXT = 1 << 2,      /* 48-bit address, 16-bit count */
    RW_MULTIPLE = 1 << 3, /* several sectors a DRQ block */
    RW_VERIFY = 1 << 4,   /* nothing reaches the host */
    RW_FUA = 1 << 5,      /* on the medium before the command ends */
};

typedef struct AtaDisk {
    IDEDevice ide;

    /* properties */
    uint32_t cyls, heads, secs;
    uint32_t lcyls, lheads, lsecs;
    int translation; /* property; index of its names */
    uint16_t rotation_rate;

    IDEGeometry geometry;
    uint64_t sectors;

    /* settings */
    uint32_t cur_heads, cur_secs; /* by INITIALIZE DEVICE PARAMETERS */
    unsigned multiple;            /* sectors a block; 0: off */
    bool write_cache;
    bool look_ahead;
    bool standby;
    uint8_t transfer_mode; /* by SET FEATURES 03 */
    bool smart_enabled;
    bool smart_autosave;
    uint8_t smart_test_count;   /* entries of the log, up to SMART_LOG_ENTRIES */
    uint8_t smart_test_index;   /* the last one, 1..; 0: none */
    uint8_t smart_tests[21][2]; /* subcommand, status */

    /* the command that runs */
    uint16_t flags;
    uint64_t lba;    /* the next sector */
    uint32_t left;   /* sectors to go, with those of the present chunk */
    unsigned chunk;  /* sectors in the buffer */
    unsigned block;  /* sectors a DRQ block */
    bool careful;    /* after an error: a block at a time, to find the one that has it */
    bool last_chunk; /* the bus master had no memory for more */
    unsigned trim_pos, trim_end;
} AtaDisk;

/* ata-transfer.c. The command is over, with an interrupt. */
void ata_done(AtaDisk *disk);
void ata_fail(AtaDisk *disk, uint8_t error);
/* Give the host the first 512 bytes of the buffer. */
void ata_reply_sector(AtaDisk *disk);

/* The address in the registers; false when there can be no such sector. And the way back. */
bool ata_decode_lba(const AtaDisk *disk, uint64_t *lba);
void ata_set_lba(AtaDisk *disk, uint64_t lba);
/* The commands that disk->flags describe, from the registers. */
void ata_transfer(AtaDisk *disk);
void ata_data_set_management(AtaDisk *disk);

/* ata-identify.c */
void ata_identify(AtaDisk *disk, uint8_t *data);
/* ata-smart.c */
void ata_smart(AtaDisk *disk);
void ata_smart_reset(AtaDisk *disk);

/* ---------------------------------------------------------------------------- ide/atapi.c -- */

#define ATAPI_SECTOR_SIZE 2048
#define ATAPI_CDB_SIZE    12

typedef struct AtapiDrive {
    IDEDevice ide;

    bool tray_open; /* of a drive without a backend */
    bool locked;
    bool unit_attention; /* the next command hears that the medium may have changed */
    uint8_t event;       /* media event for GET EVENT STATUS NOTIFICATION */
    uint8_t sense_key, asc, ascq;
    uint8_t transfer_mode;

    /* the command that runs */
    uint8_t cdb[ATAPI_CDB_SIZE];
    bool dma;
    unsigned limit;        /* bytes a DRQ block: byte count of the PACKET command */
    uint64_t lba;          /* the next sector to read, of 2048 bytes */
    uint32_t sectors;      /* sectors that are still to be read */
    unsigned sector_bytes; /* what the host gets of each: 2048 or 2352 */
    unsigned chunk;        /* sectors that are being read */
    size_t fill;           /* bytes in the buffer */
    size_t block;          /* bytes in the DRQ block that the host is taking */
    uint64_t left;         /* bytes that the host has still to get */
} AtapiDrive;

enum {
    SENSE_NONE = 0,
    SENSE_NOT_READY = 2,
    SENSE_MEDIUM_ERROR = 3,
    SENSE_ILLEGAL_REQUEST = 5,
    SENSE_UNIT_ATTENTION = 6,
};

/* Additional sense codes: ASC << 8 | ASCQ */
#define ASC_READ_ERROR           0x1100
#define ASC_INVALID_OPCODE       0x2000
#define ASC_LBA_OUT_OF_RANGE     0x2100
#define ASC_INVALID_FIELD        0x2400
#define ASC_MEDIUM_CHANGED       0x2800
#define ASC_SAVING_NOT_SUPPORTED 0x3900
#define ASC_NO_MEDIUM_CLOSED     0x3a01
#define ASC_NO_MEDIUM_OPEN       0x3a02
#define ASC_REMOVAL_PREVENTED    0x5302

/* The command is over. */
void atapi_done(AtapiDrive *cd);
void atapi_fail(AtapiDrive *cd, uint8_t key, uint16_t asc);
/* Give the host `len` bytes of the buffer, cut to `allocated`. */
void atapi_reply(AtapiDrive *cd, size_t len, size_t allocated);
/* Read `sectors` from `lba` on, `sector_bytes` (2048 or 2352) of each. */
void atapi_read(AtapiDrive *cd, uint64_t lba, uint32_t sectors, unsigned sector_bytes);

/* atapi-commands.c: do what is in `cdb`. */
void atapi_execute(AtapiDrive *cd);

bool atapi_tray_is_open(const AtapiDrive *cd);
void atapi_move_tray(AtapiDrive *cd, bool open);
bool atapi_has_medium(const AtapiDrive *cd);
uint64_t atapi_sectors(const AtapiDrive *cd); /* of 2048 bytes; 0 without a medium */

#endif
