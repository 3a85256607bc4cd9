/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IDE: channels (a channel is a bus of two drives), what a board asks of the drives on them, and
 * the PIIX3's controller. Documents: ATA/ATAPI-6 (T13 1410D), SFF-8038i, 82371SB data sheet.
 *
 * All functions are called with the machine lock held.
 */
#ifndef LIGNITE_HW_IDE_IDE_H
#define LIGNITE_HW_IDE_IDE_H

#include "hw/core/device.h"
#include "hw/pci/pci.h"

#define IDE_UNITS 2

typedef struct IDEBus IDEBus;
typedef struct IDEDevice IDEDevice;

/* What came of moving data between a drive and memory. */
typedef enum IDEDmaResult {
    IDE_DMA_OK,
    IDE_DMA_SHORT, /* memory ended before the data did */
    IDE_DMA_ERROR, /* memory could not be reached */
} IDEDmaResult;

/* A bus master behind a channel. */
typedef struct IDEDmaOps {
    /* Whether it is ready to move data now; else it calls ide_dma_start() when it is. */
    bool (*started)(void *opaque);
    /* Move `len` bytes; `*done` says how many went. */
    IDEDmaResult (*transfer)(void *opaque, void *buf, size_t len, bool to_memory, size_t *done);
    /* The drive's command is over: `ok` if all data went. */
    void (*end)(void *opaque, bool ok);
    /* The channel's interrupt line rose. */
    void (*interrupt)(void *opaque);
} IDEDmaOps;

/*
 * A channel. The command block (8 ports, at 1F0 or 170) and the control block (1 port, 3F6 or 376)
 * are regions that the controller maps.
 */
struct IDEBus {
    Bus bus;
    MemoryRegion command;
    MemoryRegion control;
    IDEDevice *drives[IDE_UNITS];
    unsigned selected;   /* DEV of the device register */
    uint8_t control_reg; /* device control: HOB, SRST, nIEN */
    Irq **irq;           /* the controller's output pin */
    int irq_level;
    const IDEDmaOps *dma; /* NULL: no bus master, DMA commands abort */
    void *dma_opaque;
    IDEDevice *dma_owner; /* the drive whose DMA command runs, or waits for the bus master */
    bool dma_stopping;    /* the bus master was told to stop: nothing new may be started */
};

extern const BusClass ide_bus_class;
extern const DeviceClass ide_device_class; /* abstract */
extern const DeviceClass ide_hd_class;     /* "ide-hd" */
extern const DeviceClass ide_cd_class;     /* "ide-cd" */
extern const PCIDeviceClass piix3_ide_class;

/* Make `bus` a channel of `parent` (NULL: none) that drives `*irq` (which may come later). */
void ide_bus_init(IDEBus *bus, Device *parent, const char *name, Irq **irq);
/* Undo it, with the drives on it; the regions must have been unmapped. */
void ide_bus_destroy(IDEBus *bus);
void ide_bus_set_dma(IDEBus *bus, const IDEDmaOps *ops, void *opaque);

/* The channel's registers and both drives as after power-on. */
void ide_bus_reset(IDEBus *bus);

/* The bus master is ready: what waits for it goes. */
void ide_dma_start(IDEBus *bus);

/*
 * The bus master stops. The piece that is in flight ends first (this waits for the host's file);
 * when the command isn't over then, the drive gives it up without an interrupt.
 */
void ide_dma_stop(IDEBus *bus);

/* ---------------------------------------------------------------------------- for boards -- */

/* How a BIOS makes small cylinder numbers of large ones; numbered as CMOS byte 39h has it. */
typedef enum IDETranslation {
    IDE_TRANSLATION_NONE,
    IDE_TRANSLATION_LBA,
    IDE_TRANSLATION_LARGE,
    IDE_TRANSLATION_RECHS,
} IDETranslation;

typedef struct IDEGeometry {
    uint32_t cyls, heads, secs; /* 1..65535, 1..16, 1..255 */
    IDETranslation translation;
    uint32_t lcyls, lheads, lsecs; /* what the user wants the BIOS to report, or 0 */
} IDEGeometry;

/* Number of the PIIX3's channels, and the channel as a bus ("ide.0", "ide.1"). */
#define IDE_CHANNELS 2
IDEBus *piix3_ide_bus(Device *dev, unsigned channel);

/* The geometry of the disk there; false when there is none, or it is no hard disk. */
bool ide_get_geometry(IDEBus *bus, unsigned unit, IDEGeometry *geometry);

/*
 * Guess a geometry for a disk of `sectors` with this first sector (NULL: unknown): what its
 * partition table was made for, else the common one.
 */
void ide_guess_geometry(uint64_t sectors, const uint8_t *mbr, IDEGeometry *geometry);

/*
 * Give `set` the CMOS bytes that describe the disks: 12h, 19h..2Ch for the first channel's, 39h for
 * both channels' translation.
 */
void ide_fill_cmos(IDEBus *const buses[IDE_CHANNELS],
                   void (*set)(void *opaque, unsigned index, uint8_t value), void *opaque);

/* The drive's part of a boot path: "drive@0/disk@1" is the second drive of the first channel. To
 * be freed. */
char *ide_boot_path(const IDEDevice *drive);
int32_t ide_bootindex(const IDEDevice *drive); /* -1: none */

/*
 * Append the lines of the firmware's `bios-geometry` file for the disks on `bus` whose user wants
 * one; `prefix` is the controller's boot path.
 */
void ide_print_bios_geometry(IDEBus *bus, const char *prefix, GString *out);

#endif
