/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the floppy controller share: the chip (fdc.c), its commands that move data
 * (fdc-transfer.c), the drives (floppy.c). Document: Intel 82078.
 */
#ifndef LIGNITE_HW_BLOCK_FDC_INTERNAL_H
#define LIGNITE_HW_BLOCK_FDC_INTERNAL_H

#include <sys/uio.h>

#include "backends/block.h"
#include "hw/block/fdc.h"
#include "hw/core/clock.h"
#include "hw/isa/isa.h"

typedef struct Fdc Fdc;

enum {
    ST0_IC_ABNORMAL = 0x40, /* the command began, and did not end well */
    ST0_IC_INVALID = 0x80,
    ST0_IC_POLLING = 0xc0, /* a drive's ready line changed: after a reset */
    ST0_SE = 0x20,         /* the heads moved */
    ST0_EC = 0x10,         /* no track 0 */
    ST0_H = 0x04,
    ST1_EN = 0x80, /* past the last sector, and nobody stopped it */
    ST1_DE = 0x20, /* data can't be read */
    ST1_ND = 0x04, /* no such sector */
    ST1_NW = 0x02, /* write protected */
    ST1_MA = 0x01, /* no address mark: nothing to read there */
    ST2_CM = 0x40, /* the other kind of mark: deleted, or not */
    ST2_DD = 0x20,
    ST2_WC = 0x10, /* the sector has another cylinder in its mark */

    FDC_SECTOR_SIZE = 512,
    FDC_SECTOR_N = 2,          /* the code for it */
    FDC_RESULT_IDS = 7,        /* bytes of result of a command that moves data */
    FDC_FIFO_SIZE = 16,        /* more than any command or result */
    FDC_UNITS = 4,             /* that the chip can name */
    FDC_MAX_SECTORS = 2 * 256, /* of one command */
};

/* ------------------------------------------------------------------------------ floppy.c -- */

/* How a medium is laid out. */
typedef struct FloppyFormat {
    uint8_t sectors; /* per track, from 1 on */
    uint8_t cylinders;
    uint8_t heads;
    uint8_t rate; /* DRATE SEL: 0: 500, 1: 300, 2: 250 kb/s, 3: 1 Mb/s */
    uint8_t type; /* FloppyType of the drives that are made for it */
} FloppyFormat;

/* In the order of the property's names. */
typedef enum FloppyType { FLOPPY_144, FLOPPY_288, FLOPPY_120, FLOPPY_NONE, FLOPPY_AUTO } FloppyType;
extern const char *const floppy_type_names[];

typedef struct Floppy {
    Device dev;
    Fdc *fdc;
    BlockBackend *blk;
    bool own_blk;               /* made here, for a drive that was given none */
    const FloppyFormat *format; /* of the medium; of what the drive is for while it is empty */
    uint8_t cylinder;           /* where the heads are */
    bool changed;               /* the line "disk change": until a step with a medium in it */

    /* properties */
    char *drive;
    uint32_t unit;
    int type; /* FloppyType */
    int32_t bootindex;
} Floppy;

/* Move the heads. */
void floppy_seek(Floppy *drive, uint8_t cylinder);

/* ------------------------------------------------------------------------------- fdc.c -- */

typedef enum FdcPhase { FDC_COMMAND, FDC_EXECUTION, FDC_RESULT } FdcPhase;

typedef enum FdcKind { FDC_READ, FDC_WRITE, FDC_VERIFY, FDC_FORMAT, FDC_READ_ID } FdcKind;

/* A sector's ID. */
typedef struct FdcId {
    uint8_t c, h, r;
} FdcId;

/* A command that moves data, while it runs: fdc-transfer.c. */
typedef struct FdcTransfer {
    FdcKind kind;
    Floppy *drive;
    unsigned unit;
    unsigned head;
    FdcId first;
    uint8_t eot;
    bool multi_track;
    uint8_t st1, st2; /* of an end that no terminal count came before; 0: it is a good one */
    /* the sectors it is about, in order, as numbers on the medium; fewer once it was stopped */
    uint16_t lba[FDC_MAX_SECTORS];
    unsigned sectors;
    uint8_t *data; /* what goes through the FIFO or by DMA */
    size_t len, pos;
    /* requests to the drive, one after the other */
    BlockRequest *request;
    struct iovec iov;
    unsigned done;
} FdcTransfer;

typedef struct FloppyBus {
    Bus bus;
    Floppy *drives[FDC_DRIVES];
} FloppyBus;

struct Fdc {
    ISADevice isa;
    MemoryRegion io;     /* 3F2 to 3F5 */
    MemoryRegion dir_io; /* 3F7 */
    ISABus *isa_bus;
    FloppyBus floppies;
    Irq *irq;

    uint8_t dor;
    uint8_t tdr;
    uint8_t rate; /* DRATE SEL, as DSR or CCR had it last */

    FdcPhase phase;
    uint8_t fifo[FDC_FIFO_SIZE]; /* the command as far as it came, or the result */
    unsigned fifo_len, fifo_pos;
    const struct FdcCommand *command; /* that of fifo[0] */
    bool pio_ready;                   /* in execution: a byte waits, or is waited for */
    bool result_irq;                  /* in the result phase: reading it takes the interrupt back */
    bool sense_irq;                   /* SENSE INTERRUPT STATUS takes it back */
    uint8_t sense;                    /* bit n: unit n has something to say */
    uint8_t sense_st0[FDC_UNITS];
    uint8_t pcn[FDC_UNITS]; /* present cylinder numbers, as the chip believes */
    FdcTransfer transfer;
    Timer id_timer; /* READ ID: when the next sector passes */

    uint8_t srt_hut, hlt_nd; /* SPECIFY */
    uint8_t config, pretrk;  /* CONFIGURE */
    uint8_t perpendicular;
    bool locked;

    /* properties */
    uint16_t iobase;
    uint8_t irq_line;
    uint8_t dma;
    int fallback; /* FloppyType of an empty drive whose type is auto */
    int unit_type[FDC_DRIVES];
};

Fdc *fdc_cast(Device *dev);

/* The drive of that number, or NULL. */
Floppy *fdc_drive(Fdc *s, unsigned unit);

/* Whether data goes by DMA. */
bool fdc_uses_dma(const Fdc *s);

/* Recompute the interrupt line. */
void fdc_update_irq(Fdc *s);

/* The execution begins, without a byte through the FIFO yet. */
void fdc_execute(Fdc *s);

/* The command is over with the first `len` bytes of `fifo`; 0: without a result. */
void fdc_finish(Fdc *s, unsigned len, bool interrupt);

/* Heads of `unit` to `cylinder`, as far as there is a drive. */
void fdc_seek(Fdc *s, unsigned unit, uint8_t cylinder);

/* ------------------------------------------------------------------------ fdc-transfer.c -- */

void fdc_transfer_init(Fdc *s); /* at realize */

/* The commands' beginnings, with their parameters in `fifo`. */
void fdc_start_read(Fdc *s);
void fdc_start_read_deleted(Fdc *s);
void fdc_start_read_track(Fdc *s);
void fdc_start_write(Fdc *s);
void fdc_start_verify(Fdc *s);
void fdc_start_format(Fdc *s);
void fdc_start_read_id(Fdc *s);

/* A byte of data while pio_ready. */
uint8_t fdc_pio_read(Fdc *s);
void fdc_pio_write(Fdc *s, uint8_t data);

/* Stop at once, without a result; nothing happens when there is nothing to stop. */
void fdc_transfer_abort(Fdc *s);

/* The medium of `drive` went: a command that is at it ends with an error. */
void fdc_medium_went(Fdc *s, const Floppy *drive);

#endif
