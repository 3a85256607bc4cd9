/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bus master IDE: one channel's registers, and the walk over its physical region descriptors.
 * Document: SFF-8038i, revision 1.0. Offsets are within the channel's eight ports.
 *
 * A descriptor is eight bytes: address, byte count (0: 64 KiB), and bit 31 in the last one of the
 * table. Every piece moves at least two bytes, so a table without an end ends with the transfer.
 *
 * What a host sees at the end, as SFF-8038i's 3.1 has it: Interrupt alone, the table was as long as
 * the transfer; Interrupt and Active, the table was longer; neither, it was shorter. Error, memory
 * could not be reached. A function that may not master the bus moves nothing: what is read from the
 * drive is lost, and what it should write fails.
 */
#include "bmdma.h"

#include "hw/core/log.h"

#define BM_COMMAND       0
#define BM_COMMAND_START 0x01
#define BM_COMMAND_READ  0x08 /* the direction: into memory. The drive knows it as well */

#define BM_STATUS           2
#define BM_STATUS_ACTIVE    0x01
#define BM_STATUS_ERROR     0x02
#define BM_STATUS_INTERRUPT 0x04
#define BM_STATUS_CAPABLE   0x60 /* set by drivers: drive 0, drive 1 can do DMA */

#define BM_TABLE 4
#define PRD_SIZE 8
#define PRD_EOT  0x80000000u

/* ------------------------------------------------------------------------------- the table -- */

/* Go to the next piece. False when memory does not answer. */
static bool next_piece(BMDMA *bm)
{
    MemTxResult result = MEMTX_OK, result2 = MEMTX_OK;
    uint32_t addr = address_space_ldl_le(bm->as, bm->next, &result);
    uint32_t word = address_space_ldl_le(bm->as, bm->next + 4, &result2);

    if (result != MEMTX_OK || result2 != MEMTX_OK) {
        return false;
    }
    bm->next += PRD_SIZE;
    bm->addr = addr & ~1u;
    bm->left = word & 0xfffe ? word & 0xfffe : 0x10000;
    bm->last = word & PRD_EOT;
    return true;
}

static IDEDmaResult fail(BMDMA *bm)
{
    bm->status |= BM_STATUS_ERROR;
    return IDE_DMA_ERROR;
}

static bool bmdma_started(void *opaque)
{
    BMDMA *bm = opaque;

    return bm->status & BM_STATUS_ACTIVE;
}

static IDEDmaResult bmdma_transfer(void *opaque, void *buf, size_t len, bool to_memory,
                                   size_t *done)
{
    BMDMA *bm = opaque;
    uint8_t *data = buf;

    *done = 0;
    if (!bm->enabled(bm->opaque)) {
        log_guest_error("IDE DMA with bus mastering turned off");
        return to_memory ? IDE_DMA_OK : IDE_DMA_ERROR;
    }
    while (*done < len) {
        if (bm->left == 0) {
            if (bm->last) {
                bm->status &= ~BM_STATUS_ACTIVE;
                return IDE_DMA_SHORT;
            }
            if (!next_piece(bm)) {
                return fail(bm);
            }
        }
        size_t part = MIN(bm->left, len - *done);
        MemTxResult result = to_memory ? address_space_write(bm->as, bm->addr, data + *done, part)
                                       : address_space_read(bm->as, bm->addr, data + *done, part);
        if (result != MEMTX_OK) {
            return fail(bm);
        }
        *done += part;
        bm->addr += part;
        bm->left -= part;
    }
    return IDE_DMA_OK;
}

static void bmdma_end(void *opaque, bool ok)
{
    BMDMA *bm = opaque;

    if (!ok || (bm->left == 0 && bm->last)) {
        bm->status &= ~BM_STATUS_ACTIVE;
    }
}

static void bmdma_interrupt(void *opaque)
{
    BMDMA *bm = opaque;

    bm->status |= BM_STATUS_INTERRUPT;
}

static const IDEDmaOps bmdma_ops = {
    .started = bmdma_started,
    .transfer = bmdma_transfer,
    .end = bmdma_end,
    .interrupt = bmdma_interrupt,
};

/* --------------------------------------------------------------------------------- registers -- */

static void write_command(BMDMA *bm, uint8_t val)
{
    uint8_t changed = bm->command ^ val;

    if (changed & BM_COMMAND_START) {
        if (val & BM_COMMAND_START) {
            bm->next = bm->table;
            bm->left = 0;
            bm->last = false;
            bm->command = val & (BM_COMMAND_START | BM_COMMAND_READ);
            bm->status |= BM_STATUS_ACTIVE;
            ide_dma_start(bm->bus);
            return;
        }
        ide_dma_stop(bm->bus);
        bm->status &= ~BM_STATUS_ACTIVE;
    }
    bm->command = val & (BM_COMMAND_START | BM_COMMAND_READ);
}

static uint64_t bmdma_read(void *opaque, hwaddr addr, unsigned size)
{
    const BMDMA *bm = opaque;

    switch (addr) {
    case BM_COMMAND:
        return bm->command;
    case BM_STATUS:
        return bm->status;
    case BM_TABLE ... BM_TABLE + 3:
        return bm->table >> (8 * (addr - BM_TABLE)) & 0xff;
    default:
        return 0xff; /* reserved */
    }
}

static void bmdma_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    BMDMA *bm = opaque;
    unsigned shift = 8 * (addr & 3);

    switch (addr) {
    case BM_COMMAND:
        write_command(bm, data);
        break;
    case BM_STATUS:
        /* Ones clear Interrupt and Error; the capable bits are the host's notes. */
        bm->status &= ~(data & (BM_STATUS_ERROR | BM_STATUS_INTERRUPT));
        bm->status = (bm->status & ~BM_STATUS_CAPABLE) | (data & BM_STATUS_CAPABLE);
        break;
    case BM_TABLE ... BM_TABLE + 3:
        bm->table = (bm->table & ~(0xffu << shift)) | (uint32_t)(data & 0xff) << shift;
        bm->table &= ~3u;
        break;
    }
}

static const RegisterName bmdma_registers[] = {
    {0, 1, "BMICX"}, {2, 1, "BMISX"}, {4, 4, "BMIDTPX"}, {}};

static const MemoryRegionOps bmdma_io_ops = {
    .read = bmdma_read,
    .write = bmdma_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .registers = bmdma_registers,
    .valid = {.min_access_size = 1, .max_access_size = 4, .unaligned = true},
    .impl = {.min_access_size = 1, .max_access_size = 1},
};

static bool always(void *opaque)
{
    return true;
}

void bmdma_init(BMDMA *bm, IDEBus *bus, MemoryOwner *owner, AddressSpace *as,
                bool (*enabled)(void *opaque), void *opaque)
{
    g_autofree char *name = g_strdup_printf("%s-bmdma", bus->bus.name);

    *bm = (BMDMA){.bus = bus, .as = as, .enabled = enabled ? enabled : always, .opaque = opaque};
    memory_region_init_io(&bm->io, owner, &bmdma_io_ops, bm, name, BMDMA_PORTS);
    ide_bus_set_dma(bus, &bmdma_ops, bm);
}

void bmdma_destroy(BMDMA *bm)
{
    ide_bus_set_dma(bm->bus, NULL, NULL);
    memory_region_destroy(&bm->io);
}

void bmdma_reset(BMDMA *bm)
{
    bm->command = bm->status = 0;
    bm->table = bm->next = bm->addr = bm->left = 0;
    bm->last = false;
}
