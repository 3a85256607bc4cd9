/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A flash chip of bytes with Intel's basic and extended command sets: firmware, and where it keeps
 * its variables. Its contents are a drive's, and what is programmed is written there.
 *
 * Documents: Intel 28F128J3 (commands, status register), JEDEC JESD68 (Common Flash Interface).
 * While the chip reads as an array the guest reads memory; the first byte of any other command
 * makes reads exit. As in QEMU, by which firmware tells flash from ROM, bit 7 of the status is 0
 * from when it was cleared to the next program or erase command, and clearing it shows the array.
 *
 * Left out: times (every operation is over at once), suspension, the protection register. A block's
 * lock bits take commands without effect. Unlike QEMU's, programming clears bits and never sets
 * one.
 */
#include "hw/block/pflash-cfi01.h"

#include <string.h>

#include "backends/block.h"
#include "error.h"
#include "hw/core/log.h"

enum {
    PFLASH_READ_ARRAY = 0xff,
    PFLASH_READ_ARRAY_OLD = 0x00,
    PFLASH_RESET_AMD = 0xf0, /* of another command set, by which drivers probe */
    PFLASH_READ_ID = 0x90,
    PFLASH_READ_QUERY = 0x98,
    PFLASH_READ_STATUS = 0x70,
    PFLASH_CLEAR_STATUS = 0x50,
    PFLASH_PROGRAM = 0x40,
    PFLASH_PROGRAM_ALT = 0x10,
    PFLASH_WRITE_BUFFER = 0xe8,
    PFLASH_ERASE = 0x20,
    PFLASH_LOCK = 0x60,
    PFLASH_LOCK_SET = 0x01,
    PFLASH_CONFIRM = 0xd0,

    PFLASH_STATUS_READY = 0x80,
    PFLASH_STATUS_ERASE_ERROR = 0x20, /* with the next: the sequence was wrong */
    PFLASH_STATUS_PROGRAM_ERROR = 0x10,
    PFLASH_STATUS_LOCKED = 0x02,

    PFLASH_BUFFER_SIZE = 256,
    PFLASH_QUERY_SIZE = 0x40,

    PFLASH_ID_MANUFACTURER = 0,
    PFLASH_ID_DEVICE = 1,
};

/* What the chip expects next. */
typedef enum PflashCycle {
    CYCLE_COMMAND,
    CYCLE_PROGRAM,      /* the byte */
    CYCLE_ERASE,        /* the confirmation */
    CYCLE_LOCK,         /* what to do */
    CYCLE_BUFFER_COUNT, /* how many bytes follow, less one */
    CYCLE_BUFFER_DATA,
    CYCLE_BUFFER_CONFIRM,
} PflashCycle;

typedef struct Pflash {
    Device dev;
    MemoryRegion mr;
    uint8_t *array; /* mr's memory */
    BlockBackend *blk;
    uint64_t size;
    uint8_t query[PFLASH_QUERY_SIZE];

    PflashCycle cycle;
    uint8_t reads; /* the command that chose what reads give: array, id, query or status */
    uint8_t status;
    uint8_t buffer[PFLASH_BUFFER_SIZE]; /* ones where nothing is to be programmed */
    hwaddr buffer_base;
    unsigned buffer_left;

    /* bytes that are to be written to the drive; one request at a time keeps their order */
    uint64_t dirty_from, dirty_to;
    BlockRequest *request;
    struct iovec iov;

    /* properties */
    char *drive;
    uint8_t id[2];
} Pflash;

static Pflash *pflash_cast(Device *dev)
{
    return DEVICE_CAST(Pflash, &pflash_cfi01_class, dev);
}

/* ------------------------------------------------------------------------------- the drive -- */

static void pflash_write_back(Pflash *s);

static void pflash_written(void *opaque, int ret)
{
    Pflash *s = opaque;

    s->request = NULL;
    g_clear_pointer(&s->iov.iov_base, g_free);
    if (ret < 0) {
        log_warning("%s: could not write drive '%s': %s", s->dev.owner.name, s->drive,
                    g_strerror(-ret));
        s->status |= PFLASH_STATUS_PROGRAM_ERROR;
    }
    pflash_write_back(s);
}

/* Start writing what is dirty, if nothing is being written. */
static void pflash_write_back(Pflash *s)
{
    uint64_t from = s->dirty_from, len = s->dirty_to - from;

    if (s->request || len == 0) {
        return;
    }
    s->iov = (struct iovec){g_memdup2(s->array + from, len), len};
    s->dirty_from = s->dirty_to = 0;
    s->request = block_aio_writev(s->blk, from, &s->iov, 1, pflash_written, s);
}

static void pflash_changed(Pflash *s, uint64_t offset, uint64_t len)
{
    uint64_t from = offset / BLOCK_SECTOR_SIZE * BLOCK_SECTOR_SIZE;
    uint64_t to = (offset + len + BLOCK_SECTOR_SIZE - 1) / BLOCK_SECTOR_SIZE * BLOCK_SECTOR_SIZE;

    if (s->dirty_from != s->dirty_to) {
        from = MIN(from, s->dirty_from);
        to = MAX(to, s->dirty_to);
    }
    s->dirty_from = from;
    s->dirty_to = to;
    pflash_write_back(s);
}

/* ------------------------------------------------------------------------------ operations -- */

static void pflash_set_reads(Pflash *s, uint8_t command)
{
    s->reads = command;
    memory_region_rom_device_set_romd(&s->mr, command == PFLASH_READ_ARRAY);
}

/* The operation is over, and reads give the status. */
static void pflash_end(Pflash *s, uint8_t errors)
{
    s->cycle = CYCLE_COMMAND;
    s->status |= PFLASH_STATUS_READY | errors;
    pflash_set_reads(s, PFLASH_READ_STATUS);
}

static void pflash_bad_sequence(Pflash *s, uint8_t data)
{
    log_guest_error("pflash: %02x in the middle of a command", data);
    pflash_end(s, PFLASH_STATUS_ERASE_ERROR | PFLASH_STATUS_PROGRAM_ERROR);
}

static uint8_t pflash_protected(const Pflash *s, uint8_t error)
{
    return block_is_read_only(s->blk) ? error | PFLASH_STATUS_LOCKED : 0;
}

/* Ones can become zeros; the other way needs an erasure. */
static void pflash_program(Pflash *s, hwaddr addr, const uint8_t *data, size_t len)
{
    uint8_t errors = pflash_protected(s, PFLASH_STATUS_PROGRAM_ERROR);

    if (!errors) {
        for (size_t i = 0; i < len; i++) {
            s->array[addr + i] &= data[i];
        }
        pflash_changed(s, addr, len);
    }
    pflash_end(s, errors);
}

static void pflash_erase(Pflash *s, hwaddr addr)
{
    uint8_t errors = pflash_protected(s, PFLASH_STATUS_ERASE_ERROR);

    addr = addr / PFLASH_BLOCK_SIZE * PFLASH_BLOCK_SIZE;
    if (!errors) {
        memset(s->array + addr, 0xff, PFLASH_BLOCK_SIZE);
        pflash_changed(s, addr, PFLASH_BLOCK_SIZE);
    }
    pflash_end(s, errors);
}

/* A byte for the buffer, which covers the aligned 256 bytes that the first one lies in. */
static void pflash_fill_buffer(Pflash *s, hwaddr addr, uint8_t data)
{
    const hwaddr base = addr / PFLASH_BUFFER_SIZE * PFLASH_BUFFER_SIZE;

    if (s->buffer_base == UINT64_MAX) {
        s->buffer_base = base;
    }
    if (s->buffer_base != base) {
        pflash_bad_sequence(s, data);
        return;
    }
    s->buffer[addr - base] = data;
    if (--s->buffer_left == 0) {
        s->cycle = CYCLE_BUFFER_CONFIRM;
    }
}

static void pflash_start(Pflash *s, uint8_t command)
{
    static const struct {
        uint8_t command;
        PflashCycle next;
    } sequences[] = {{PFLASH_PROGRAM, CYCLE_PROGRAM},
                     {PFLASH_PROGRAM_ALT, CYCLE_PROGRAM},
                     {PFLASH_WRITE_BUFFER, CYCLE_BUFFER_COUNT},
                     {PFLASH_ERASE, CYCLE_ERASE},
                     {PFLASH_LOCK, CYCLE_LOCK}};

    for (size_t i = 0; i < G_N_ELEMENTS(sequences); i++) {
        if (command == sequences[i].command) {
            s->cycle = sequences[i].next;
            s->status |= PFLASH_STATUS_READY; /* for the next cycle; a buffer is free, too */
            pflash_set_reads(s, PFLASH_READ_STATUS);
            return;
        }
    }
    switch (command) {
    case PFLASH_READ_STATUS:
    case PFLASH_READ_ID:
    case PFLASH_READ_QUERY:
        pflash_set_reads(s, command);
        break;
    case PFLASH_CLEAR_STATUS:
        s->status = 0;
        pflash_set_reads(s, PFLASH_READ_ARRAY);
        break;
    default:
        log_unimp("pflash: command %02x", command);
        /* fall through */
    case PFLASH_READ_ARRAY:
    case PFLASH_READ_ARRAY_OLD:
    case PFLASH_RESET_AMD:
        pflash_set_reads(s, PFLASH_READ_ARRAY);
        break;
    }
}

static void pflash_write(void *opaque, hwaddr addr, uint64_t value, unsigned size)
{
    Pflash *s = opaque;
    uint8_t data = value;

    switch (s->cycle) {
    case CYCLE_COMMAND:
        pflash_start(s, data);
        break;
    case CYCLE_PROGRAM:
        pflash_program(s, addr, &data, 1);
        break;
    case CYCLE_ERASE:
        if (data == PFLASH_CONFIRM) {
            pflash_erase(s, addr);
        } else {
            pflash_bad_sequence(s, data);
        }
        break;
    case CYCLE_LOCK:
        if (data == PFLASH_CONFIRM || data == PFLASH_LOCK_SET) {
            pflash_end(s, 0);
        } else {
            pflash_bad_sequence(s, data);
        }
        break;
    case CYCLE_BUFFER_COUNT:
        memset(s->buffer, 0xff, sizeof(s->buffer));
        s->buffer_base = UINT64_MAX;
        s->buffer_left = data + 1;
        s->cycle = CYCLE_BUFFER_DATA;
        break;
    case CYCLE_BUFFER_DATA:
        pflash_fill_buffer(s, addr, data);
        break;
    case CYCLE_BUFFER_CONFIRM:
        if (data == PFLASH_CONFIRM) {
            pflash_program(s, s->buffer_base, s->buffer, sizeof(s->buffer));
        } else {
            pflash_bad_sequence(s, data);
        }
        break;
    }
}

static uint64_t pflash_read(void *opaque, hwaddr addr, unsigned size)
{
    const Pflash *s = opaque;

    switch (s->reads) {
    case PFLASH_READ_STATUS:
        return s->status;
    case PFLASH_READ_ID:
        addr &= 0xff;
        return addr < sizeof(s->id) ? s->id[addr] : 0;
    case PFLASH_READ_QUERY:
        addr &= 0xff;
        return addr < sizeof(s->query) ? s->query[addr] : 0;
    default:
        return s->array[addr];
    }
}

/*
 * A chip of bytes sees wider accesses as bytes, one after the other. Nothing may be queued: a write
 * changes what reads give that do not exit.
 */
static const MemoryRegionOps pflash_ops = {
    .read = pflash_read,
    .write = pflash_write,
    .valid = {.min_access_size = 1, .max_access_size = 8, .unaligned = true},
    .impl = {.min_access_size = 1, .max_access_size = 1},
};

/* -------------------------------------------------------------------------------- identity -- */

static void pflash_fill_query(Pflash *s)
{
    const uint32_t blocks = s->size / PFLASH_BLOCK_SIZE;
    unsigned log2_size = 0;
    const uint8_t fields[PFLASH_QUERY_SIZE] = {
        [0x10] = 'Q',
        'R',
        'Y',
        [0x13] = 0x01,
        0x00, /* Intel's extended command set */
        [0x15] = 0x31,
        0x00, /* where its table is */
        [0x1b] = 0x45,
        0x55, /* 4.5 to 5.5 V */
        [0x1f] = 0x07,
        0x07,
        0x0a,
        0x00, /* typical times, as powers of 2: 128 us twice, 1 s */
        [0x23] = 0x04,
        0x04,
        0x04,
        0x00, /* the longest, as powers of 2 of these */
        [0x28] = 0x00,
        0x00, /* x8 alone */
        [0x2a] = 0x08,
        0x00,          /* the buffer: 256 bytes */
        [0x2c] = 0x01, /* one region of equal blocks */
        [0x2d] = (blocks - 1) & 0xff,
        (blocks - 1) >> 8,
        [0x2f] = (PFLASH_BLOCK_SIZE / 256) & 0xff,
        PFLASH_BLOCK_SIZE / 256 >> 8,
        [0x31] = 'P',
        'R',
        'I',
        '1',
        '0',
        [0x3f] = 0x01, /* protection registers */
    };

    while (UINT64_C(1) << log2_size < s->size) {
        log2_size++;
    }
    memcpy(s->query, fields, sizeof(fields));
    s->query[0x27] = log2_size;
}

/* ------------------------------------------------------------------------------ life cycle -- */

static bool pflash_open(Pflash *s, GError **errp)
{
    s->blk = s->drive ? block_find(s->drive) : NULL;
    if (!s->blk) {
        error_setg(errp, "Property 'cfi.pflash01.drive' can't find value '%s'",
                   s->drive ? s->drive : "");
        return false;
    }
    s->size = block_size(s->blk);
    if (s->size == 0 || s->size % PFLASH_BLOCK_SIZE) {
        error_setg(errp,
                   "system firmware block device '%s' has invalid size %" G_GUINT64_FORMAT
                   ": its size must be a non-zero multiple of 0x%x",
                   s->drive, s->size, PFLASH_BLOCK_SIZE);
        return false;
    }
    return true;
}

static bool pflash_realize(Device *dev, GError **errp)
{
    Pflash *s = pflash_cast(dev);
    int ret;

    if (!pflash_open(s, errp) || !block_attach(s->blk, NULL, NULL, errp)) {
        return false;
    }
    if (!memory_region_init_rom_device(&s->mr, &dev->owner, &pflash_ops, s, s->drive, s->size,
                                       errp)) {
        block_detach(s->blk);
        return false;
    }
    s->array = memory_region_get_ram_ptr(&s->mr);
    ret = block_pread(s->blk, 0, s->array, s->size);
    if (ret < 0) {
        error_setg(errp, "can't read drive '%s': %s", s->drive, g_strerror(-ret));
        memory_region_destroy(&s->mr);
        block_detach(s->blk);
        return false;
    }
    block_set_attached_name(s->blk, s->drive);
    pflash_fill_query(s);
    return true;
}

static void pflash_unrealize(Device *dev)
{
    Pflash *s = pflash_cast(dev);

    while (s->request && block_aio_wait(s->request)) {
    }
    if (s->request) { /* it waits for a disk that has room again, and nobody will wait with it */
        block_aio_cancel(s->request);
        g_free(s->iov.iov_base);
    }
    memory_region_destroy(&s->mr);
    block_detach(s->blk);
}

static void pflash_reset(Device *dev)
{
    Pflash *s = pflash_cast(dev);

    s->cycle = CYCLE_COMMAND;
    s->status = PFLASH_STATUS_READY;
    pflash_set_reads(s, PFLASH_READ_ARRAY);
}

MemoryRegion *pflash_cfi01_memory(Device *dev)
{
    return &pflash_cast(dev)->mr;
}

static const Property pflash_props[] = {
    PROP_STRING("drive", Pflash, drive, .help = "id of the drive that has the contents"),
    PROP_UINT8("id0", Pflash, id[PFLASH_ID_MANUFACTURER], 0x89, .help = "manufacturer"),
    PROP_UINT8("id1", Pflash, id[PFLASH_ID_DEVICE], 0x18, .help = "device"),
    {}};

const DeviceClass pflash_cfi01_class = {
    .name = "cfi.pflash01",
    .desc = "flash chip with Intel's command set",
    .category = "Storage",
    .parent = &device_class,
    .size = sizeof(Pflash),
    .internal = true,
    .props = pflash_props,
    .realize = pflash_realize,
    .unrealize = pflash_unrealize,
    .reset = pflash_reset,
};
