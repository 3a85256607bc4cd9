/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An IDE channel: the registers that two drives share, selection, resets, the interrupt line, the
 * data port, and what drives need to move data. Document: ATA/ATAPI-6.
 *
 * A drive latches what is written to the command block even when it isn't selected, so both have
 * registers of their own here; reads show the selected one's. Accesses to an absent drive read as
 * zeros, as from a cable with pull-downs.
 *
 * Not modelled: overlapped and queued commands, 8-bit data transfers, the drive address register.
 */
#include "internal.h"

#include <string.h>

#include "hw/core/log.h"

enum {
    REG_DATA,
    REG_ERROR, /* features when written */
    REG_COUNT,
    REG_LBA_LOW,
    REG_LBA_MID,
    REG_LBA_HIGH,
    REG_DEVICE,
    REG_STATUS, /* command when written */
};

#define COMMAND_EXECUTE_DEVICE_DIAGNOSTIC 0x90
#define COMMAND_DEVICE_RESET              0x08

/* ------------------------------------------------------------------------------ interrupts -- */

void ide_update_irq(IDEBus *bus)
{
    const IDEDevice *drive = bus->drives[bus->selected];
    int level = drive && drive->irq && !(bus->control_reg & ATA_CONTROL_NIEN);

    if (level == bus->irq_level) {
        return;
    }
    bus->irq_level = level;
    if (level && bus->dma) {
        bus->dma->interrupt(bus->dma_opaque);
    }
    if (bus->irq) {
        irq_set(*bus->irq, level);
    }
}

void ide_raise_irq(IDEDevice *drive)
{
    drive->irq = true;
    ide_update_irq(drive->bus);
}

static void clear_irq(IDEDevice *drive)
{
    drive->irq = false;
    ide_update_irq(drive->bus);
}

/* ---------------------------------------------------------------------------------- resets -- */

void ide_cancel(IDEDevice *drive)
{
    if (drive->req) {
        block_aio_cancel(g_steal_pointer(&drive->req));
    }
    drive->req_done = NULL;
    drive->pio_done = NULL;
    drive->pos = drive->end = 0;
    ide_dma_end(drive, false);
}

void ide_set_signature(IDEDevice *drive)
{
    drive->error = 0x01; /* diagnostic code: passed */
    drive->count[0] = drive->count[1] = 1;
    drive->lba_low[0] = drive->lba_low[1] = 1;
    drive->lba_mid[0] = drive->lba_mid[1] = drive->ops->signature_mid;
    drive->lba_high[0] = drive->lba_high[1] = drive->ops->signature_high;
    drive->device = 0;
    drive->status = drive->ops->reset_status;
}

/* Both drives begin anew: on a software reset, and on EXECUTE DEVICE DIAGNOSTIC. */
static void reset_drives(IDEBus *bus)
{
    for (int i = 0; i < IDE_UNITS; i++) {
        IDEDevice *drive = bus->drives[i];
        if (drive) {
            ide_cancel(drive);
            drive->ops->reset(drive);
            drive->irq = false;
            ide_set_signature(drive);
        }
    }
    bus->selected = 0;
    ide_update_irq(bus);
}

void ide_bus_reset(IDEBus *bus)
{
    bus->control_reg = 0;
    reset_drives(bus);
}

/* --------------------------------------------------------------------------- the data port -- */

void ide_pio_start(IDEDevice *drive, size_t pos, size_t end, bool to_host,
                   void (*done)(IDEDevice *drive))
{
    g_assert(pos < end && end <= IDE_BUFFER_SIZE);
    drive->pos = pos;
    drive->end = end;
    drive->to_host = to_host;
    drive->pio_done = done;
    drive->status = ATA_STATUS_DRDY | ATA_STATUS_DSC | ATA_STATUS_DRQ;
}

static bool data_ready(const IDEDevice *drive, bool to_host)
{
    return drive && (drive->status & ATA_STATUS_DRQ) && drive->pio_done &&
           drive->to_host == to_host;
}

static void data_advance(IDEDevice *drive)
{
    drive->pos += 2;
    if (drive->pos >= drive->end) {
        void (*done)(IDEDevice *) = drive->pio_done;
        drive->pio_done = NULL;
        drive->status &= ~ATA_STATUS_DRQ;
        done(drive);
    }
}

static uint16_t data_read(IDEDevice *drive)
{
    if (!data_ready(drive, true)) {
        return 0;
    }
    uint16_t val = drive->buf[drive->pos] | drive->buf[drive->pos + 1] << 8;
    data_advance(drive);
    return val;
}

static void data_write(IDEDevice *drive, uint16_t val)
{
    if (!data_ready(drive, false)) {
        return;
    }
    drive->buf[drive->pos] = val;
    drive->buf[drive->pos + 1] = val >> 8;
    data_advance(drive);
}

/* ----------------------------------------------------------------------- the command block -- */

static bool is_busy(const IDEDevice *drive)
{
    return drive->status & (ATA_STATUS_BSY | ATA_STATUS_DRQ);
}

static AtaRegister *drive_register(IDEDevice *drive, unsigned reg)
{
    switch (reg) {
    case REG_ERROR:
        return &drive->features;
    case REG_COUNT:
        return &drive->count;
    case REG_LBA_LOW:
        return &drive->lba_low;
    case REG_LBA_MID:
        return &drive->lba_mid;
    default:
        return &drive->lba_high;
    }
}

static void run_command(IDEBus *bus, uint8_t command)
{
    IDEDevice *drive = bus->drives[bus->selected];

    if (command == COMMAND_EXECUTE_DEVICE_DIAGNOSTIC) {
        reset_drives(bus);
        if (bus->drives[0]) {
            ide_raise_irq(bus->drives[0]);
        }
        return;
    }
    if (!drive) {
        return;
    }
    if (is_busy(drive) && !(command == COMMAND_DEVICE_RESET && drive->ops->device_reset)) {
        log_guest_error("%s: command %02x while status is %02x", drive->dev.owner.name, command,
                        drive->status);
        return;
    }
    clear_irq(drive);
    drive->ops->command(drive, command);
}

static void command_write(IDEBus *bus, unsigned reg, uint8_t val)
{
    bus->control_reg &= ~ATA_CONTROL_HOB;
    if (bus->control_reg & ATA_CONTROL_SRST) {
        return;
    }
    if (reg == REG_STATUS) {
        run_command(bus, val);
        return;
    }
    for (int i = 0; i < IDE_UNITS; i++) {
        IDEDevice *drive = bus->drives[i];
        if (!drive || is_busy(drive)) {
            continue;
        }
        if (reg == REG_DEVICE) {
            drive->device = val;
        } else {
            AtaRegister *r = drive_register(drive, reg);
            (*r)[1] = (*r)[0];
            (*r)[0] = val;
        }
    }
    if (reg == REG_DEVICE) {
        bus->selected = val & ATA_DEVICE_DEV ? 1 : 0;
        ide_update_irq(bus);
    }
}

static uint8_t command_read(IDEBus *bus, unsigned reg)
{
    IDEDevice *drive = bus->drives[bus->selected];
    bool hob = bus->control_reg & ATA_CONTROL_HOB;

    if (reg == REG_DEVICE && (bus->drives[0] || bus->drives[1])) {
        /* The drive that is there answers for the one that is not. */
        const IDEDevice *any = drive ? drive : bus->drives[!bus->selected];
        return (any->device & ~ATA_DEVICE_DEV) | ATA_DEVICE_OBS |
               (bus->selected ? ATA_DEVICE_DEV : 0);
    }
    if (!drive) {
        return 0;
    }
    switch (reg) {
    case REG_ERROR:
        return drive->error;
    case REG_STATUS: {
        uint8_t status = drive->status;
        clear_irq(drive);
        return status;
    }
    default:
        return (*drive_register(drive, reg))[hob];
    }
}

static uint64_t command_block_read(void *opaque, hwaddr addr, unsigned size)
{
    IDEBus *bus = opaque;
    uint64_t val = 0;

    if (addr == REG_DATA) {
        for (unsigned i = 0; i < size; i += 2) {
            val |= (uint64_t)data_read(bus->drives[bus->selected]) << (8 * i);
        }
        return val;
    }
    for (unsigned i = 0; i < size; i++) {
        uint64_t byte = addr + i <= REG_STATUS ? command_read(bus, addr + i) : 0xff;
        val |= byte << (8 * i);
    }
    return val;
}

static void command_block_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    IDEBus *bus = opaque;

    if (addr == REG_DATA) {
        for (unsigned i = 0; i < size; i += 2) {
            data_write(bus->drives[bus->selected], data >> (8 * i));
        }
        return;
    }
    for (unsigned i = 0; i < size && addr + i <= REG_STATUS; i++) {
        command_write(bus, addr + i, data >> (8 * i));
    }
}

static const RegisterName command_registers[] = {
    {0x0, 1, "Data"},    {0x1, 1, "Error/Features"}, {0x2, 1, "Sector Count"},
    {0x3, 1, "LBA Low"}, {0x4, 1, "LBA Mid"},        {0x5, 1, "LBA High"},
    {0x6, 1, "Device"},  {0x7, 1, "Status/Command"}, {}};

static const MemoryRegionOps command_ops = {
    .read = command_block_read,
    .write = command_block_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .registers = command_registers,
    .valid = {.min_access_size = 1, .max_access_size = 4, .unaligned = true},
    .impl = {.min_access_size = 1, .max_access_size = 4, .unaligned = true},
};

/* ----------------------------------------------------------------------- the control block -- */

static uint64_t control_read(void *opaque, hwaddr addr, unsigned size)
{
    IDEBus *bus = opaque;
    const IDEDevice *drive = bus->drives[bus->selected];

    return drive ? drive->status : 0; /* the alternate status: the interrupt stays */
}

static void control_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    IDEBus *bus = opaque;
    uint8_t changed = bus->control_reg ^ data;

    bus->control_reg = data & (ATA_CONTROL_HOB | ATA_CONTROL_SRST | ATA_CONTROL_NIEN);
    if (changed & ATA_CONTROL_SRST) {
        reset_drives(bus);
        for (int i = 0; i < IDE_UNITS; i++) {
            if (bus->drives[i] && (bus->control_reg & ATA_CONTROL_SRST)) {
                bus->drives[i]->status = ATA_STATUS_BSY; /* until the host takes the bit back */
            }
        }
    }
    ide_update_irq(bus);
}

static const RegisterName control_registers[] = {{0x0, 1, "AltStatus/DevControl"}, {}};

static const MemoryRegionOps control_ops = {
    .read = control_read,
    .write = control_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .registers = control_registers,
    .valid = {.min_access_size = 1, .max_access_size = 4, .unaligned = true},
    .impl = {.min_access_size = 1, .max_access_size = 1},
};

/* ------------------------------------------------------------------------------------- DMA -- */

bool ide_dma_wait(IDEDevice *drive, void (*go)(IDEDevice *drive))
{
    IDEBus *bus = drive->bus;

    if (!bus->dma || (bus->dma_owner && bus->dma_owner != drive)) {
        return false;
    }
    bus->dma_owner = drive;
    drive->status = ATA_STATUS_BSY | ATA_STATUS_DRDY | ATA_STATUS_DSC;
    if (bus->dma->started(bus->dma_opaque)) {
        go(drive);
    } else {
        drive->dma_go = go;
    }
    return true;
}

IDEDmaResult ide_dma_transfer(IDEDevice *drive, void *buf, size_t len, bool to_memory, size_t *done)
{
    IDEBus *bus = drive->bus;

    g_assert(bus->dma_owner == drive);
    return bus->dma->transfer(bus->dma_opaque, buf, len, to_memory, done);
}

void ide_dma_end(IDEDevice *drive, bool ok)
{
    IDEBus *bus = drive->bus;

    drive->dma_go = NULL;
    if (bus->dma_owner == drive) {
        bus->dma_owner = NULL;
        bus->dma->end(bus->dma_opaque, ok);
    }
}

void ide_dma_abandon(IDEDevice *drive)
{
    ide_cancel(drive);
    drive->status = ATA_STATUS_DRDY | ATA_STATUS_DSC;
}

void ide_dma_start(IDEBus *bus)
{
    IDEDevice *drive = bus->dma_owner;

    if (drive && drive->dma_go) {
        void (*go)(IDEDevice *) = drive->dma_go;
        drive->dma_go = NULL;
        go(drive);
    }
}

void ide_dma_stop(IDEBus *bus)
{
    IDEDevice *drive = bus->dma_owner;

    if (!drive || drive->dma_go) {
        return; /* no data has moved: the command waits for the next start */
    }
    bus->dma_stopping = true;
    if (drive->req) {
        block_aio_wait(drive->req);
    }
    bus->dma_stopping = false;
    if (bus->dma_owner == drive) {
        ide_dma_abandon(drive);
    }
}

/* ---------------------------------------------------------------------------- the backend -- */

static void block_done(void *opaque, int ret)
{
    IDEDevice *drive = opaque;
    void (*done)(IDEDevice *, int) = drive->req_done;

    drive->req = NULL;
    drive->req_done = NULL;
    done(drive, ret);
}

static void request_begins(IDEDevice *drive, void (*done)(IDEDevice *drive, int ret))
{
    g_assert(!drive->req);
    drive->status = ATA_STATUS_BSY | ATA_STATUS_DRDY | ATA_STATUS_DSC;
    drive->req_done = done;
}

void ide_block_read(IDEDevice *drive, uint64_t sector, size_t buf_offset, unsigned sectors,
                    void (*done)(IDEDevice *drive, int ret))
{
    struct iovec iov = {drive->buf + buf_offset, (size_t)sectors * BLOCK_SECTOR_SIZE};

    g_assert(buf_offset + iov.iov_len <= IDE_BUFFER_SIZE);
    request_begins(drive, done);
    drive->req =
        block_aio_readv(drive->blk, sector * BLOCK_SECTOR_SIZE, &iov, 1, block_done, drive);
}

void ide_block_write(IDEDevice *drive, uint64_t sector, unsigned sectors,
                     void (*done)(IDEDevice *drive, int ret))
{
    struct iovec iov = {drive->buf, (size_t)sectors * BLOCK_SECTOR_SIZE};

    g_assert(iov.iov_len <= IDE_BUFFER_SIZE);
    request_begins(drive, done);
    drive->req =
        block_aio_writev(drive->blk, sector * BLOCK_SECTOR_SIZE, &iov, 1, block_done, drive);
}

void ide_block_flush(IDEDevice *drive, void (*done)(IDEDevice *drive, int ret))
{
    request_begins(drive, done);
    drive->req = block_aio_flush(drive->blk, block_done, drive);
}

void ide_block_discard(IDEDevice *drive, uint64_t sector, unsigned sectors,
                       void (*done)(IDEDevice *drive, int ret))
{
    request_begins(drive, done);
    drive->req = block_aio_discard(drive->blk, sector * BLOCK_SECTOR_SIZE,
                                   (uint64_t)sectors * BLOCK_SECTOR_SIZE, block_done, drive);
}

/* --------------------------------------------------------------------------------- the bus -- */

static void print_address(const Device *dev, GString *out)
{
    g_string_append_printf(out, "@%u", ((const IDEDevice *)dev)->unit);
}

const BusClass ide_bus_class = {.name = "IDE", .print_address = print_address};

void ide_bus_init(IDEBus *bus, Device *parent, const char *name, Irq **irq)
{
    MemoryOwner *owner = parent ? &parent->owner : NULL;
    g_autofree char *command = g_strdup_printf("%s-command", name);
    g_autofree char *control = g_strdup_printf("%s-control", name);

    memset(bus, 0, sizeof(*bus));
    bus_init(&bus->bus, &ide_bus_class, parent, name);
    bus->irq = irq;
    memory_region_init_io(&bus->command, owner, &command_ops, bus, command, 8);
    memory_region_init_io(&bus->control, owner, &control_ops, bus, control, 1);
}

void ide_bus_destroy(IDEBus *bus)
{
    bus_destroy(&bus->bus);
    memory_region_destroy(&bus->command);
    memory_region_destroy(&bus->control);
}

void ide_bus_set_dma(IDEBus *bus, const IDEDmaOps *ops, void *opaque)
{
    bus->dma = ops;
    bus->dma_opaque = opaque;
}
