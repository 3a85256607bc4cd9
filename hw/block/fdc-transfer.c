/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The floppy controller's commands that move data: which sectors they are about, the way of the
 * bytes (through the FIFO or by DMA), the requests to the drive, and the result.
 *
 * All sectors of a command are read before the first byte goes to the guest, and written after its
 * last byte came. A command whose EOT lies beyond the end of its track goes on, with MT, on the
 * next one, as in QEMU; without MT it finds no such sector there.
 */
#include <string.h>

#include "fdc-internal.h"
#include "hw/core/log.h"
#include "hw/dma/i8257.h"

#define REVOLUTION (200 * NANOSECONDS_PER_MS) /* at 300 a minute */

enum {
    COMMAND_MT = 0x80,
    COMMAND_SK = 0x20,
    VERIFY_EC = 0x80, /* in the second byte: DTL counts sectors */
    UNIT_MASK = 0x03,

    /* places in `fifo` of the parameters of a command that moves data */
    PARAM_UNIT = 1,
    PARAM_C = 2,
    PARAM_H = 3,
    PARAM_R = 4,
    PARAM_N = 5,
    PARAM_EOT = 6,
    PARAM_DTL = 8,
    /* of FORMAT */
    FORMAT_N = 2,
    FORMAT_SC = 3,
    FORMAT_D = 5,
    FORMAT_ID_SIZE = 4, /* C, H, R, N: what the guest gives for each sector */
};

/* ------------------------------------------------------------------------------ the result -- */

static void drop_data(FdcTransfer *t)
{
    g_clear_pointer(&t->data, g_free);
    t->len = t->pos = 0;
    t->sectors = t->done = 0;
}

/* The seven bytes: how it ended, and the ID that the chip stands at. */
static void end_at(Fdc *s, FdcId id, unsigned head, uint8_t st0, uint8_t st1, uint8_t st2)
{
    FdcTransfer *t = &s->transfer;

    isa_dma_release_dreq(s->isa_bus, s->dma);
    drop_data(t);
    s->fifo[0] = st0 | (head ? ST0_H : 0) | t->unit;
    s->fifo[1] = st1;
    s->fifo[2] = st2;
    s->fifo[3] = id.c;
    s->fifo[4] = id.h;
    s->fifo[5] = id.r;
    s->fifo[6] = FDC_SECTOR_N;
    t->drive = NULL;
    fdc_finish(s, FDC_RESULT_IDS, true);
}

static void fail(Fdc *s, uint8_t st1, uint8_t st2)
{
    end_at(s, s->transfer.first, s->transfer.head, ST0_IC_ABNORMAL, st1, st2);
}

/* ----------------------------------------------------------------------------- the sectors -- */

/* The ID after `id`: at the end of a side the other side's first, or the next cylinder's. */
static FdcId next_id(const FdcTransfer *t, FdcId id)
{
    const FloppyFormat *format = t->drive->format;

    if (id.r != t->eot && id.r < format->sectors) {
        id.r++;
        return id;
    }
    id.r = 1;
    if (t->multi_track && id.h == 0 && format->heads == 2) {
        id.h = 1;
    } else {
        id.c++;
        id.h = t->multi_track ? 0 : id.h;
    }
    return id;
}

/* The ID `n` sectors after the first. */
static FdcId id_after(const FdcTransfer *t, unsigned n)
{
    FdcId id = t->first;

    while (n--) {
        id = next_id(t, id);
    }
    return id;
}

/* End after `n` sectors went well. */
static void end_after(Fdc *s, unsigned n, uint8_t st0, uint8_t st1, uint8_t st2)
{
    FdcTransfer *t = &s->transfer;
    FdcId last = n ? id_after(t, n - 1) : t->first;

    if (last.c != t->first.c) {
        fdc_seek(s, t->unit, last.c);
        st0 |= ST0_SE;
    }
    end_at(s, id_after(t, n), last.h, st0, st1, st2);
}

/* List the next `n` sectors, as far as there are such. */
static void list_sectors(FdcTransfer *t, unsigned n)
{
    const FloppyFormat *format = t->drive->format;
    FdcId id = t->first;

    for (t->sectors = 0; t->sectors < n; id = next_id(t, id)) {
        if (id.r < 1 || id.r > format->sectors || id.c >= format->cylinders ||
            (id.c != t->first.c && !t->multi_track)) {
            t->st1 = ST1_ND;
            return;
        }
        t->lba[t->sectors++] = (id.c * format->heads + id.h) * format->sectors + id.r - 1;
    }
}

/* -------------------------------------------------------------------- requests to the drive -- */

static void continue_requests(Fdc *s);

static void request_done(void *opaque, int ret)
{
    Fdc *s = opaque;
    FdcTransfer *t = &s->transfer;

    t->request = NULL;
    if (ret < 0) {
        if (t->kind == FDC_FORMAT) { /* its sectors come in any order */
            fail(s, ST1_DE, ST2_DD);
        } else {
            end_after(s, t->done, ST0_IC_ABNORMAL, ST1_DE, ST2_DD);
        }
        return;
    }
    t->done += t->iov.iov_len / FDC_SECTOR_SIZE;
    continue_requests(s);
}

/* How many of the sectors from `from` on lie side by side, and on the same side of the image's end.
 */
static unsigned count_run(const FdcTransfer *t, unsigned from, uint64_t image_sectors)
{
    unsigned n = 1;

    while (from + n < t->sectors && t->lba[from + n] == t->lba[from] + n &&
           t->lba[from + n] != image_sectors) {
        n++;
    }
    return n;
}

static void requests_over(Fdc *s);

/* The next request, or what comes after the last one. */
static void continue_requests(Fdc *s)
{
    FdcTransfer *t = &s->transfer;
    const uint64_t image_sectors = block_size(t->drive->blk) / FDC_SECTOR_SIZE;
    const bool is_write = t->kind == FDC_WRITE || t->kind == FDC_FORMAT;

    while (t->done < t->sectors) {
        unsigned run = count_run(t, t->done, image_sectors);
        uint64_t offset = (uint64_t)t->lba[t->done] * FDC_SECTOR_SIZE;

        t->iov = (struct iovec){t->data + (size_t)t->done * FDC_SECTOR_SIZE,
                                (size_t)run * FDC_SECTOR_SIZE};
        if (t->lba[t->done] >= image_sectors && !is_write) { /* the image is short: zeros */
            memset(t->iov.iov_base, 0, t->iov.iov_len);
            t->done += run;
            continue;
        }
        /* A write beyond the end fails there. */
        t->request = is_write ? block_aio_writev(t->drive->blk, offset, &t->iov, 1, request_done, s)
                              : block_aio_readv(t->drive->blk, offset, &t->iov, 1, request_done, s);
        return;
    }
    requests_over(s);
}

static void start_requests(Fdc *s)
{
    s->transfer.done = 0;
    continue_requests(s);
}

/* ---------------------------------------------------------------------- the way of the bytes -- */

/* FORMAT: the sectors that the IDs name are to hold the filler, with the others nothing happens. */
static void list_formatted(Fdc *s)
{
    FdcTransfer *t = &s->transfer;
    const FloppyFormat *format = t->drive->format;
    const unsigned ids = t->pos / FORMAT_ID_SIZE;
    uint8_t *filler = g_malloc(MAX(ids, 1) * FDC_SECTOR_SIZE);

    t->sectors = 0;
    for (unsigned i = 0; i < ids; i++) {
        const uint8_t *id = t->data + i * FORMAT_ID_SIZE;

        if (id[0] != t->drive->cylinder || id[0] >= format->cylinders || id[1] != t->head ||
            id[2] < 1 || id[2] > format->sectors || id[3] != FDC_SECTOR_N) {
            log_unimp("isa-fdc: an image has no sector %u/%u/%u of size code %u", id[0], id[1],
                      id[2], id[3]);
            continue;
        }
        t->lba[t->sectors++] = (id[0] * format->heads + id[1]) * format->sectors + id[2] - 1;
    }
    memset(filler, s->fifo[FORMAT_D], MAX(ids, 1) * FDC_SECTOR_SIZE);
    g_free(t->data);
    t->data = filler;
}

/* All bytes went, or the DMA controller said that these are all. */
static void data_over(Fdc *s, bool terminal_count)
{
    FdcTransfer *t = &s->transfer;
    const unsigned sectors = (t->pos + FDC_SECTOR_SIZE - 1) / FDC_SECTOR_SIZE;

    isa_dma_release_dreq(s->isa_bus, s->dma);
    fdc_execute(s);
    if (terminal_count) {
        t->st1 = 0;
    } else if (fdc_uses_dma(s) && !t->st1 && t->kind != FDC_FORMAT) {
        t->st1 = ST1_EN;
    }
    switch (t->kind) {
    case FDC_READ:
        end_after(s, sectors, t->st1 ? ST0_IC_ABNORMAL : 0, t->st1, t->st2);
        return;
    case FDC_WRITE: /* the last sector is filled up with zeros */
        t->sectors = sectors;
        break;
    default:
        list_formatted(s);
        break;
    }
    start_requests(s);
}

/* What READ has read goes to the guest; what the others wrote is safe. */
static void begin_data(Fdc *s);

static void requests_over(Fdc *s)
{
    FdcTransfer *t = &s->transfer;
    const uint8_t st0 = t->st1 ? ST0_IC_ABNORMAL : 0;

    switch (t->kind) {
    case FDC_READ:
        begin_data(s);
        break;
    case FDC_FORMAT: /* the ID that it ends with has no meaning */
        end_at(s, t->first, t->head, st0, t->st1, t->st2);
        break;
    default:
        end_after(s, t->sectors, st0, t->st1, t->st2);
        break;
    }
}

static void run_dma(void *opaque, unsigned channel)
{
    Fdc *s = opaque;
    FdcTransfer *t = &s->transfer;
    size_t moved;
    bool tc = false;

    if (!t->drive || !t->data) {
        return;
    }
    moved = isa_dma_transfer(s->isa_bus, s->dma, t->data + t->pos, t->len - t->pos,
                             t->kind == FDC_READ, &tc);
    if (!moved) {
        log_guest_error("isa-fdc: DMA channel %u is set for the other direction", s->dma);
    }
    t->pos += moved;
    if (tc || t->pos == t->len) {
        data_over(s, tc);
    }
}

static void begin_data(Fdc *s)
{
    if (s->transfer.len == 0) {
        data_over(s, false);
    } else if (fdc_uses_dma(s)) {
        isa_dma_hold_dreq(s->isa_bus, s->dma);
    } else {
        s->pio_ready = true;
        fdc_update_irq(s);
    }
}

uint8_t fdc_pio_read(Fdc *s)
{
    FdcTransfer *t = &s->transfer;
    uint8_t data;

    if (t->kind != FDC_READ) {
        log_guest_error("isa-fdc: read while it waits for data");
        return 0;
    }
    data = t->data[t->pos++];
    if (t->pos == t->len) {
        data_over(s, false);
    }
    return data;
}

void fdc_pio_write(Fdc *s, uint8_t data)
{
    FdcTransfer *t = &s->transfer;

    if (t->kind == FDC_READ) {
        log_guest_error("isa-fdc: written while it has data to be read");
        return;
    }
    t->data[t->pos++] = data;
    if (t->pos == t->len) {
        data_over(s, false);
    }
}

/* ------------------------------------------------------------------------------- beginnings -- */

/* What every command on a medium needs; ends it when that is not there. */
static bool begin(Fdc *s, FdcKind kind)
{
    FdcTransfer *t = &s->transfer;
    Floppy *drive = fdc_drive(s, s->fifo[PARAM_UNIT] & UNIT_MASK);

    t->kind = kind;
    t->unit = s->fifo[PARAM_UNIT] & UNIT_MASK;
    t->head = s->fifo[PARAM_UNIT] & ST0_H ? 1 : 0;
    t->st1 = t->st2 = 0;
    t->drive = drive;
    fdc_execute(s);
    if (!drive || !block_is_inserted(drive->blk) || s->rate != drive->format->rate ||
        t->head >= drive->format->heads) {
        fail(s, ST1_MA, 0);
        return false;
    }
    if ((kind == FDC_WRITE || kind == FDC_FORMAT) && block_is_read_only(drive->blk)) {
        fail(s, ST1_NW, 0);
        return false;
    }
    return true;
}

/* The heads are where the command wants them, or go there. */
static bool reach_cylinder(Fdc *s)
{
    const uint8_t implied_seek = 0x40;
    FdcTransfer *t = &s->transfer;

    if (s->config & implied_seek) {
        fdc_seek(s, t->unit, t->first.c);
    }
    return t->drive->cylinder == t->first.c;
}

/*
 * The nine bytes of a command on sectors; lists those. `n` is how many, or 0: up to EOT, with MT on
 * both sides. False when it has ended already.
 */
static bool begin_sectors(Fdc *s, FdcKind kind, unsigned n)
{
    FdcTransfer *t = &s->transfer;

    t->first = (FdcId){s->fifo[PARAM_C], s->fifo[PARAM_H], s->fifo[PARAM_R]};
    t->eot = s->fifo[PARAM_EOT];
    t->multi_track = s->fifo[0] & COMMAND_MT;
    if (!begin(s, kind)) {
        return false;
    }
    if (!reach_cylinder(s)) {
        fail(s, ST1_ND, ST2_WC);
        return false;
    }
    if (t->first.h != t->head || s->fifo[PARAM_N] != FDC_SECTOR_N || (!n && t->eot < t->first.r)) {
        fail(s, ST1_ND, 0);
        return false;
    }
    if (!n) {
        n = t->eot - t->first.r + 1;
        if (t->multi_track && t->head == 0 && t->drive->format->heads == 2) {
            n += t->eot;
        }
    }
    list_sectors(t, n);
    if (!t->sectors) {
        fail(s, ST1_ND, 0);
        return false;
    }
    t->len = (size_t)t->sectors * FDC_SECTOR_SIZE;
    t->data = g_malloc0(t->len);
    return true;
}

void fdc_start_read(Fdc *s)
{
    if (begin_sectors(s, FDC_READ, 0)) {
        start_requests(s);
    }
}

/* No sector is a deleted one: it reads the first and says so, or (SK) skips all. */
void fdc_start_read_deleted(Fdc *s)
{
    FdcTransfer *t = &s->transfer;

    if (!begin_sectors(s, FDC_READ, s->fifo[0] & COMMAND_SK ? 0 : 1)) {
        return;
    }
    t->st2 = ST2_CM;
    if (s->fifo[0] & COMMAND_SK) {
        end_after(s, t->sectors, ST0_IC_ABNORMAL, ST1_EN, t->st2);
        return;
    }
    start_requests(s);
}

/* The sectors in the order they pass, from the index hole on; EOT says how many. */
void fdc_start_read_track(Fdc *s)
{
    s->fifo[0] &= ~COMMAND_MT;
    s->fifo[PARAM_R] = 1;
    if (begin_sectors(s, FDC_READ, 0)) {
        start_requests(s);
    }
}

void fdc_start_write(Fdc *s)
{
    if (begin_sectors(s, FDC_WRITE, 0)) {
        begin_data(s);
    }
}

void fdc_start_verify(Fdc *s)
{
    const uint8_t count = s->fifo[PARAM_DTL];
    const unsigned n = s->fifo[PARAM_UNIT] & VERIFY_EC ? (count ? count : 256) : 0;

    if (begin_sectors(s, FDC_VERIFY, n)) {
        start_requests(s);
    }
}

void fdc_start_format(Fdc *s)
{
    FdcTransfer *t = &s->transfer;
    Floppy *drive = fdc_drive(s, s->fifo[PARAM_UNIT] & UNIT_MASK);

    t->first = (FdcId){drive ? drive->cylinder : 0, 0, 1};
    t->multi_track = false;
    if (!begin(s, FDC_FORMAT)) {
        return;
    }
    t->len = (size_t)s->fifo[FORMAT_SC] * FORMAT_ID_SIZE;
    t->data = g_malloc0(MAX(t->len, 1));
    begin_data(s);
}

/* ---------------------------------------------------------------------------------- READ ID -- */

/* A sector's start passes the head; which one, the time says. */
static int64_t next_sector_time(const Floppy *drive, uint8_t *sector)
{
    const int64_t period = REVOLUTION / drive->format->sectors;
    const int64_t turn = clock_get_ns(VM_CLOCK_VIRTUAL) / period + 1;

    *sector = turn % drive->format->sectors + 1;
    return turn * period;
}

static void id_passes(void *opaque)
{
    Fdc *s = opaque;
    FdcTransfer *t = &s->transfer;

    if (t->drive) {
        end_at(s, t->first, t->head, 0, 0, 0);
    } else {
        fail(s, ST1_MA, 0);
    }
}

/* Without a mark that it could read it gives up when the disk has turned twice. */
void fdc_start_read_id(Fdc *s)
{
    FdcTransfer *t = &s->transfer;
    Floppy *drive = fdc_drive(s, s->fifo[PARAM_UNIT] & UNIT_MASK);
    int64_t when = clock_get_ns(VM_CLOCK_VIRTUAL) + 2 * REVOLUTION;

    t->kind = FDC_READ_ID;
    t->unit = s->fifo[PARAM_UNIT] & UNIT_MASK;
    t->head = s->fifo[PARAM_UNIT] & ST0_H ? 1 : 0;
    t->first = (FdcId){s->pcn[t->unit], t->head, 1};
    t->drive = NULL;
    if (drive && block_is_inserted(drive->blk) && s->rate == drive->format->rate &&
        t->head < drive->format->heads && drive->cylinder < drive->format->cylinders) {
        t->drive = drive;
        t->first.c = drive->cylinder;
        when = next_sector_time(drive, &t->first.r);
    }
    fdc_execute(s);
    timer_mod(&s->id_timer, when);
}

/* --------------------------------------------------------------------------------- the end -- */

void fdc_transfer_init(Fdc *s)
{
    timer_init(&s->id_timer, VM_CLOCK_VIRTUAL, id_passes, s);
    isa_dma_register(s->isa_bus, s->dma, run_dma, s);
}

void fdc_transfer_abort(Fdc *s)
{
    FdcTransfer *t = &s->transfer;

    timer_del(&s->id_timer);
    isa_dma_release_dreq(s->isa_bus, s->dma);
    if (t->request) {
        block_aio_cancel(t->request);
        t->request = NULL;
    }
    drop_data(t);
    t->drive = NULL;
}

void fdc_medium_went(Fdc *s, const Floppy *drive)
{
    if (s->phase == FDC_EXECUTION && s->transfer.drive == drive) {
        fdc_transfer_abort(s);
        fail(s, ST1_MA, 0);
    }
}
