/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The floppy controller of a PC: registers, phases, and the commands that move no data.
 *
 * Document: Intel 82078, in AT mode: there are no status registers A and B. Where QEMU's is more
 * lenient than the data sheet, programs rely on that, and so it is here: the chip is out of reset
 * from the start, implied seeks are on, an interrupt does not need bit 3 of DOR (which turns DMA
 * off), motors need not run, and FM is read as MFM.
 *
 * Left out: times (but READ ID waits for a sector to pass), SCAN, DRIVE SPECIFICATION, SAVE and
 * RESTORE, the tape drive, deleted data (it is written as data).
 */
#include <string.h>

#include "error.h"
#include "fdc-internal.h"
#include "hw/core/log.h"
#include "hw/dma/i8257.h"

enum {
    FDC_DOR = 0, /* offsets from 3F2 */
    FDC_TDR = 1,
    FDC_MSR = 2, /* read */
    FDC_DSR = 2, /* write */
    FDC_FIFO = 3,
    FDC_IO_OFFSET = 2,
    FDC_IO_SIZE = 4,
    FDC_DIR_OFFSET = 7, /* DIR read, CCR written; 3F6 is IDE's */

    DOR_DRIVE = 0x03,
    DOR_NRESET = 0x04,
    DOR_NDMAGATE = 0x08,
    TDR_TAPE = 0x03,
    DSR_SW_RESET = 0x80,
    RATE_MASK = 0x03,
    DIR_DSKCHG = 0x80,

    MSR_RQM = 0x80,
    MSR_DIO = 0x40,
    MSR_NONDMA = 0x20,
    MSR_CMDBUSY = 0x10,

    ST3_WP = 0x40,
    ST3_RY = 0x20,
    ST3_T0 = 0x10,
    ST3_TS = 0x08,

    SPECIFY_ND = 0x01,
    CONFIG_EIS = 0x40,
    CONFIG_EFIFO = 0x20,
    CONFIG_POLL = 0x10, /* off */
    CONFIG_FIFOTHR = 0x0f,
    COMMAND_LOCK = 0x80,
    COMMAND_IN = 0x40, /* RELATIVE SEEK: towards the higher numbers */
    DUMPREG_LOCK = 0x80,
    DUMPREG_PERPENDICULAR_SHIFT = 2,

    FDC_VERSION = 0x90,
    FDC_PART_ID = 0x41,
    FDC_CYLINDERS = 80, /* at most as many steps does RECALIBRATE make */
};

Fdc *fdc_cast(Device *dev)
{
    return DEVICE_CAST(Fdc, &isa_fdc_class, dev);
}

Bus *fdc_bus(Device *fdc)
{
    return &fdc_cast(fdc)->floppies.bus;
}

Floppy *fdc_drive(Fdc *s, unsigned unit)
{
    return unit < FDC_DRIVES ? s->floppies.drives[unit] : NULL;
}

uint8_t fdc_drive_code(Device *fdc, unsigned unit)
{
    static const uint8_t codes[] = {[FLOPPY_120] = 2, [FLOPPY_144] = 4, [FLOPPY_288] = 5};
    const Floppy *drive = fdc_drive(fdc_cast(fdc), unit);

    return drive ? codes[drive->type] : 0;
}

bool fdc_uses_dma(const Fdc *s)
{
    return (s->dor & DOR_NDMAGATE) && !(s->hlt_nd & SPECIFY_ND);
}

void fdc_update_irq(Fdc *s)
{
    irq_set(s->irq, s->sense_irq || (s->phase == FDC_RESULT && s->result_irq) ||
                        (s->phase == FDC_EXECUTION && s->pio_ready));
}

/* --------------------------------------------------------------------------------- phases -- */

static void wait_for_command(Fdc *s)
{
    s->phase = FDC_COMMAND;
    s->fifo_len = s->fifo_pos = 0;
    s->command = NULL;
    s->pio_ready = false;
    fdc_update_irq(s);
}

void fdc_execute(Fdc *s)
{
    s->phase = FDC_EXECUTION;
    s->pio_ready = false;
    fdc_update_irq(s);
}

void fdc_finish(Fdc *s, unsigned len, bool interrupt)
{
    wait_for_command(s);
    if (len) {
        s->phase = FDC_RESULT;
        s->fifo_len = len;
        s->result_irq = interrupt;
        fdc_update_irq(s);
    }
}

/* Whatever ran has ended without a result. */
static void enter_reset(Fdc *s)
{
    fdc_transfer_abort(s);
    s->sense = 0;
    s->sense_irq = false;
    if (!s->locked) {
        s->config = (s->config & ~CONFIG_FIFOTHR) | CONFIG_EFIFO;
        s->pretrk = 0;
    }
    memset(s->pcn, 0, sizeof(s->pcn));
    wait_for_command(s);
}

/* The drives are polled, and all seem to have become ready. */
static void leave_reset(Fdc *s)
{
    if (s->config & CONFIG_POLL) {
        return;
    }
    for (unsigned unit = 0; unit < FDC_UNITS; unit++) {
        s->sense |= 1 << unit;
        s->sense_st0[unit] = ST0_IC_POLLING | unit;
    }
    s->sense_irq = true;
    fdc_update_irq(s);
}

/* ------------------------------------------------------------------------------- commands -- */

/* What SEEK and its kin have to say, to SENSE INTERRUPT STATUS. */
static void seek_ended(Fdc *s, unsigned unit, uint8_t st0)
{
    s->sense |= 1 << unit;
    s->sense_st0[unit] = ST0_SE | st0 | unit;
    s->sense_irq = true;
    fdc_finish(s, 0, false);
}

void fdc_seek(Fdc *s, unsigned unit, uint8_t cylinder)
{
    Floppy *drive = fdc_drive(s, unit);

    s->pcn[unit] = cylinder;
    if (drive) {
        floppy_seek(drive, cylinder);
    }
}

static void run_seek(Fdc *s)
{
    const unsigned unit = s->fifo[1] & DOR_DRIVE;

    fdc_seek(s, unit, s->fifo[2]);
    seek_ended(s, unit, s->fifo[1] & ST0_H);
}

static void run_relative_seek(Fdc *s)
{
    const unsigned unit = s->fifo[1] & DOR_DRIVE;
    const int steps = s->fifo[0] & COMMAND_IN ? s->fifo[2] : -s->fifo[2];

    fdc_seek(s, unit, CLAMP(s->pcn[unit] + steps, 0, UINT8_MAX));
    seek_ended(s, unit, s->fifo[1] & ST0_H);
}

/* It steps out until the drive says "track 0"; one that is not there never does. */
static void run_recalibrate(Fdc *s)
{
    const unsigned unit = s->fifo[1] & DOR_DRIVE;
    const Floppy *drive = fdc_drive(s, unit);
    const bool found = drive && drive->cylinder <= FDC_CYLINDERS;

    fdc_seek(s, unit, drive && !found ? drive->cylinder - FDC_CYLINDERS : 0);
    s->pcn[unit] = 0;
    seek_ended(s, unit, found ? 0 : ST0_IC_ABNORMAL | ST0_EC);
}

static void run_sense_interrupt(Fdc *s)
{
    const unsigned unit = s->sense ? g_bit_nth_lsf(s->sense, -1) : 0;

    s->sense_irq = false;
    if (!s->sense) {
        s->fifo[0] = ST0_IC_INVALID;
        fdc_finish(s, 1, false);
        return;
    }
    s->sense &= ~(1 << unit);
    s->fifo[0] = s->sense_st0[unit];
    s->fifo[1] = s->pcn[unit];
    fdc_finish(s, 2, false);
}

static void run_sense_drive(Fdc *s)
{
    const unsigned unit = s->fifo[1] & DOR_DRIVE;
    const Floppy *drive = fdc_drive(s, unit);

    s->fifo[0] = ST3_RY | (s->fifo[1] & ST0_H) | unit;
    if (drive) {
        s->fifo[0] |= (drive->cylinder == 0 ? ST3_T0 : 0) |
                      (drive->format->heads == 2 ? ST3_TS : 0) |
                      (block_is_read_only(drive->blk) ? ST3_WP : 0);
    }
    fdc_finish(s, 1, false);
}

static void run_specify(Fdc *s)
{
    s->srt_hut = s->fifo[1];
    s->hlt_nd = s->fifo[2];
    fdc_finish(s, 0, false);
}

static void run_configure(Fdc *s)
{
    s->config = s->fifo[2] & (CONFIG_EIS | CONFIG_EFIFO | CONFIG_POLL | CONFIG_FIFOTHR);
    s->pretrk = s->fifo[3];
    fdc_finish(s, 0, false);
}

static void run_perpendicular(Fdc *s)
{
    const uint8_t overwrite = 0x80, drives = 0x3c, all = 0x03;

    /* Bits of single drives change only with OW. */
    s->perpendicular = (s->fifo[1] & overwrite ? s->fifo[1] & drives : s->perpendicular & drives) |
                       (s->fifo[1] & all);
    fdc_finish(s, 0, false);
}

static void run_lock(Fdc *s)
{
    s->locked = s->fifo[0] & COMMAND_LOCK;
    s->fifo[0] = s->locked << 4;
    fdc_finish(s, 1, false);
}

static void run_dumpreg(Fdc *s)
{
    memcpy(s->fifo, s->pcn, FDC_UNITS);
    s->fifo[4] = s->srt_hut;
    s->fifo[5] = s->hlt_nd;
    s->fifo[6] = s->transfer.eot;
    s->fifo[7] = (s->locked ? DUMPREG_LOCK : 0) | s->perpendicular;
    s->fifo[8] = s->config;
    s->fifo[9] = s->pretrk;
    fdc_finish(s, 10, false);
}

static void run_version(Fdc *s)
{
    s->fifo[0] = FDC_VERSION;
    fdc_finish(s, 1, false);
}

static void run_part_id(Fdc *s)
{
    s->fifo[0] = FDC_PART_ID;
    fdc_finish(s, 1, false);
}

static void run_powerdown(Fdc *s)
{
    s->fifo[0] = s->fifo[1];
    fdc_finish(s, 1, false);
}

static void run_option(Fdc *s)
{
    fdc_finish(s, 0, false);
}

static void run_invalid(Fdc *s)
{
    log_unimp("isa-fdc: command %02x", s->fifo[0]);
    s->fifo[0] = ST0_IC_INVALID;
    fdc_finish(s, 1, false);
}

/* The mask leaves out the bits MT, MFM, SK and the like. */
static const struct FdcCommand {
    uint8_t code, mask;
    uint8_t len; /* with the code */
    void (*run)(Fdc *s);
} commands[] = {
    {0x02, 0x9f, 9, fdc_start_read_track},
    {0x03, 0xff, 3, run_specify},
    {0x04, 0xff, 2, run_sense_drive},
    {0x05, 0x3f, 9, fdc_start_write},
    {0x06, 0x1f, 9, fdc_start_read},
    {0x07, 0xff, 2, run_recalibrate},
    {0x08, 0xff, 1, run_sense_interrupt},
    {0x09, 0x3f, 9, fdc_start_write}, /* deleted data */
    {0x0a, 0xbf, 2, fdc_start_read_id},
    {0x0c, 0x1f, 9, fdc_start_read_deleted},
    {0x0d, 0xbf, 6, fdc_start_format},
    {0x0e, 0xff, 1, run_dumpreg},
    {0x0f, 0xff, 3, run_seek},
    {0x10, 0xff, 1, run_version},
    {0x12, 0xff, 2, run_perpendicular},
    {0x13, 0xff, 4, run_configure},
    {0x14, 0x7f, 1, run_lock},
    {0x16, 0x1f, 9, fdc_start_verify},
    {0x17, 0xff, 2, run_powerdown},
    {0x18, 0xff, 1, run_part_id},
    {0x33, 0xff, 2, run_option},
    {0x8f, 0xbf, 3, run_relative_seek},
    {0x00, 0x00, 1, run_invalid},
};

static const struct FdcCommand *find_command(uint8_t code)
{
    const struct FdcCommand *command = commands;

    while ((code & command->mask) != command->code) {
        command++;
    }
    return command;
}

/* ------------------------------------------------------------------------------ registers -- */

static uint8_t read_fifo(Fdc *s)
{
    uint8_t data = 0;

    if (s->phase == FDC_RESULT) {
        data = s->fifo[s->fifo_pos++];
        if (s->fifo_pos == s->fifo_len) {
            wait_for_command(s);
        }
    } else if (s->phase == FDC_EXECUTION && s->pio_ready) {
        data = fdc_pio_read(s);
    } else {
        log_guest_error("isa-fdc: nothing to read");
    }
    return data;
}

static void write_fifo(Fdc *s, uint8_t data)
{
    if (s->phase == FDC_EXECUTION && s->pio_ready) {
        fdc_pio_write(s, data);
        return;
    }
    if (s->phase != FDC_COMMAND) {
        log_guest_error("isa-fdc: %02x written in the middle of a command", data);
        return;
    }
    if (!s->command) {
        s->command = find_command(data);
    }
    s->fifo[s->fifo_len++] = data;
    if (s->fifo_len == s->command->len) {
        s->command->run(s);
    }
}

static uint8_t read_msr(const Fdc *s)
{
    switch (s->phase) {
    case FDC_COMMAND:
        return MSR_RQM | (s->fifo_len ? MSR_CMDBUSY : 0);
    case FDC_RESULT:
        return MSR_RQM | MSR_DIO | MSR_CMDBUSY;
    case FDC_EXECUTION:
        break;
    }
    return MSR_CMDBUSY | (fdc_uses_dma(s) ? 0 : MSR_NONDMA) | (s->pio_ready ? MSR_RQM : 0) |
           (s->pio_ready && s->transfer.kind == FDC_READ ? MSR_DIO : 0);
}

static uint64_t fdc_read(void *opaque, hwaddr addr, unsigned size)
{
    Fdc *s = opaque;

    switch (addr) {
    case FDC_DOR:
        return s->dor;
    case FDC_TDR:
        return s->tdr;
    case FDC_MSR:
        return s->dor & DOR_NRESET ? read_msr(s) : 0;
    default:
        return s->dor & DOR_NRESET ? read_fifo(s) : 0;
    }
}

static void write_dor(Fdc *s, uint8_t val)
{
    const uint8_t changed = s->dor ^ val;

    s->dor = val;
    if (changed & DOR_NRESET) {
        if (val & DOR_NRESET) {
            leave_reset(s);
        } else {
            enter_reset(s);
        }
    }
}

static void fdc_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    Fdc *s = opaque;

    switch (addr) {
    case FDC_DOR:
        write_dor(s, data);
        break;
    case FDC_TDR:
        s->tdr = data & TDR_TAPE;
        break;
    case FDC_DSR:
        s->rate = data & RATE_MASK;
        if ((data & DSR_SW_RESET) && (s->dor & DOR_NRESET)) {
            enter_reset(s);
            leave_reset(s);
        }
        break;
    default:
        if (s->dor & DOR_NRESET) {
            write_fifo(s, data);
        }
        break;
    }
}

/* The line of the drive that DOR selects; the other bits are a disk's. */
static uint64_t fdc_read_dir(void *opaque, hwaddr addr, unsigned size)
{
    Fdc *s = opaque;
    const Floppy *drive = fdc_drive(s, s->dor & DOR_DRIVE);

    return drive && drive->changed ? DIR_DSKCHG : 0;
}

static void fdc_write_ccr(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    Fdc *s = opaque;

    s->rate = data & RATE_MASK;
}

static const RegisterName fdc_registers[] = {
    {FDC_DOR, 1, "DOR"}, {FDC_TDR, 1, "TDR"}, {FDC_MSR, 1, "MSR/DSR"}, {FDC_FIFO, 1, "FIFO"}, {}};
static const RegisterName fdc_dir_registers[] = {{0, 1, "DIR/CCR"}, {}};

/*
 * Nothing of it may be queued: writes change the interrupt line, start requests to a drive, or
 * change what MSR reads.
 */
static const MemoryRegionOps fdc_ops = {
    .read = fdc_read,
    .write = fdc_write,
    .registers = fdc_registers,
    .impl = {.min_access_size = 1, .max_access_size = 1},
};
static const MemoryRegionOps fdc_dir_ops = {
    .read = fdc_read_dir,
    .write = fdc_write_ccr,
    .registers = fdc_dir_registers,
    .impl = {.min_access_size = 1, .max_access_size = 1},
};

/* ------------------------------------------------------------------------------ life cycle -- */

static bool fdc_realize(Device *dev, GError **errp)
{
    Fdc *s = fdc_cast(dev);

    s->isa_bus = isa_bus_of(dev);
    if (s->dma == 4 || !s->isa_bus->dma[s->dma / 4]) {
        error_setg(errp, "isa-fdc: there is no DMA channel %u", s->dma);
        return false;
    }
    if (s->fallback == FLOPPY_AUTO || s->fallback == FLOPPY_NONE) {
        error_setg(errp, "isa-fdc: fallback must be a type of drive: 120, 144 or 288");
        return false;
    }
    s->irq = isa_get_irq(dev, s->irq_line);
    memory_region_init_io(&s->io, &dev->owner, &fdc_ops, s, "fdc", FDC_IO_SIZE);
    memory_region_init_io(&s->dir_io, &dev->owner, &fdc_dir_ops, s, "fdc-dir", 1);
    isa_register_ioport(dev, &s->io, s->iobase + FDC_IO_OFFSET);
    isa_register_ioport(dev, &s->dir_io, s->iobase + FDC_DIR_OFFSET);
    bus_init(&s->floppies.bus, &floppy_bus_class, dev, "floppy-bus.0");
    fdc_transfer_init(s);
    return true;
}

static void fdc_unrealize(Device *dev)
{
    Fdc *s = fdc_cast(dev);

    fdc_transfer_abort(s);
    isa_dma_register(s->isa_bus, s->dma, NULL, NULL);
}

static void fdc_reset(Device *dev)
{
    Fdc *s = fdc_cast(dev);

    fdc_transfer_abort(s);
    s->locked = false;
    s->dor = DOR_NRESET | DOR_NDMAGATE;
    s->tdr = 0;
    s->rate = 0;
    s->srt_hut = s->hlt_nd = 0;
    s->config = CONFIG_EIS;
    s->perpendicular = 0;
    s->transfer.eot = 0;
    enter_reset(s);
    for (unsigned unit = 0; unit < FDC_DRIVES; unit++) {
        if (fdc_drive(s, unit)) {
            fdc_drive(s, unit)->cylinder = 0;
        }
    }
}

static const Property fdc_props[] = {
    PROP_UINT16("iobase", Fdc, iobase, 0x3f0, .help = "the first port"),
    PROP_UINT8("irq", Fdc, irq_line, 6, .max = 15, .help = "ISA interrupt"),
    PROP_UINT8("dma", Fdc, dma, 2, .max = 7, .help = "DMA channel"),
    PROP_ENUM("fdtypeA", Fdc, unit_type[0], floppy_type_names, FLOPPY_AUTO,
              .help = "type of the first drive, if it has none of its own"),
    PROP_ENUM("fdtypeB", Fdc, unit_type[1], floppy_type_names, FLOPPY_AUTO,
              .help = "... of the second"),
    PROP_ENUM("fallback", Fdc, fallback, floppy_type_names, FLOPPY_288,
              .help = "type of a drive that is empty at the start"),
    {}};

const DeviceClass isa_fdc_class = {
    .name = "isa-fdc",
    .desc = "Floppy controller",
    .category = "Storage",
    .parent = &isa_device_class,
    .size = sizeof(Fdc),
    .internal = true,
    .props = fdc_props,
    .realize = fdc_realize,
    .unrealize = fdc_unrealize,
    .reset = fdc_reset,
};
