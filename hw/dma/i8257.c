/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two Intel 8237A DMA controllers as a PC wires them, with their page registers: channels 0 to 3
 * move bytes, 5 to 7 words; channel 4 is the cascade of the first controller.
 *
 * Follows the 8237A data sheet and the DMA chapter of the 82371SB. An address counts within its
 * page: 64 KiB for bytes, 128 KiB for words. (The class bears the name under which users know this
 * device.)
 *
 * Left out: memory-to-memory transfers, software requests, and what is timing alone (compressed
 * timing, extended write, priorities, the sense of DREQ and DACK): their bits are taken and have
 * no effect.
 */
#include "hw/dma/i8257.h"

#include "hw/core/log.h"
#include "memory/system.h"

enum {
    DMA_COMMAND = 0x8, /* offsets; a register is 1 or 2 ports wide. Read: status */
    DMA_REQUEST = 0x9,
    DMA_SINGLE_MASK = 0xa,
    DMA_MODE = 0xb,
    DMA_CLEAR_FLIP_FLOP = 0xc,
    DMA_MASTER_CLEAR = 0xd, /* read: the temporary register */
    DMA_CLEAR_MASK = 0xe,
    DMA_ALL_MASK = 0xf,
    DMA_REGISTERS = 0x10,

    DMA_COMMAND_MEM_TO_MEM = 0x01,
    DMA_COMMAND_DISABLE = 0x04,

    DMA_SINGLE_MASK_SET = 0x04,

    DMA_MODE_TYPE = 0x0c,
    DMA_MODE_VERIFY = 0x00,
    DMA_MODE_WRITE = 0x04, /* to memory */
    DMA_MODE_READ = 0x08,
    DMA_MODE_AUTOINIT = 0x10,
    DMA_MODE_DECREMENT = 0x20,
    DMA_MODE_SELECT = 0xc0,
    DMA_MODE_CASCADE = 0xc0,

    DMA_STATUS_DREQ_SHIFT = 4, /* above the terminal counts */

    DMA_PAGE_BASE = 0x81, /* the first of the page registers ... */
    DMA_PAGES = 15,       /* ... 81h to 8Fh */
};

typedef struct DmaChannel {
    uint16_t base_addr, addr;   /* in units: bytes or words */
    uint16_t base_count, count; /* units less one */
    uint8_t mode;
    IsaDmaHandler handler;
    void *opaque;
} DmaChannel;

/* One 8237A. Bit n of a mask is its channel n. */
struct IsaDma {
    struct I8257 *pair;
    MemoryRegion io;
    unsigned shift; /* 0: bytes, 1: words; also the distance of its registers */
    DmaChannel channel[4];
    uint8_t command;
    uint8_t mask;
    uint8_t dreq;
    uint8_t tc;     /* reached since status was read */
    bool flip_flop; /* the next byte is the high one */
};

typedef struct I8257 {
    ISADevice isa;
    IsaDma chip[2];
    MemoryRegion page_io;
    uint8_t page[DMA_PAGES];
} I8257;

/* ------------------------------------------------------------------------------- channels -- */

static bool dma_ready(const IsaDma *d, unsigned n)
{
    return !(d->command & DMA_COMMAND_DISABLE) && !(d->mask & 1 << n) &&
           (d->channel[n].mode & DMA_MODE_SELECT) != DMA_MODE_CASCADE;
}

/* Call the handlers of channels that are requested and were not ready before. */
static void dma_start_channels(IsaDma *d, uint8_t ready_before)
{
    for (unsigned n = 0; n < 4; n++) {
        DmaChannel *ch = &d->channel[n];

        if (d->dreq & 1 << n && !(ready_before & 1 << n) && dma_ready(d, n) && ch->handler) {
            ch->handler(ch->opaque, n + 4 * d->shift);
        }
    }
}

static uint8_t dma_ready_mask(const IsaDma *d)
{
    uint8_t ready = 0;

    for (unsigned n = 0; n < 4; n++) {
        ready |= dma_ready(d, n) << n;
    }
    return ready;
}

/* The address bits above a channel's 16. */
static hwaddr dma_page(const IsaDma *d, unsigned n)
{
    static const uint8_t port[2][4] = {{0x87, 0x83, 0x81, 0x82}, {0x8f, 0x8b, 0x89, 0x8a}};
    uint8_t page = d->pair->page[port[d->shift][n] - DMA_PAGE_BASE];

    return (hwaddr)(d->shift ? page & ~1 : page) << 16; /* A16 comes from the count of words */
}

/* The count ran out: start over, or mask the channel. */
static void dma_terminal_count(IsaDma *d, unsigned n)
{
    DmaChannel *ch = &d->channel[n];

    d->tc |= 1 << n;
    if (ch->mode & DMA_MODE_AUTOINIT) {
        ch->addr = ch->base_addr;
        ch->count = ch->base_count;
    } else {
        d->mask |= 1 << n;
    }
}

/*
 * Move `units` to or from `buf` from the channel's address on; they lie in the page without a
 * wrap. A channel that counts down meets memory in falling order, unit by unit.
 */
static void dma_move(IsaDma *d, unsigned n, uint8_t *buf, size_t units, bool to_memory)
{
    DmaChannel *ch = &d->channel[n];
    hwaddr at = dma_page(d, n) + ((hwaddr)ch->addr << d->shift);

    if ((ch->mode & DMA_MODE_TYPE) == DMA_MODE_VERIFY) {
        return;
    }
    if (!(ch->mode & DMA_MODE_DECREMENT)) {
        address_space_rw(&address_space_memory, at, buf, units << d->shift, to_memory);
        return;
    }
    for (size_t i = 0; i < units; i++) {
        address_space_rw(&address_space_memory, at - (i << d->shift), buf + (i << d->shift),
                         1U << d->shift, to_memory);
    }
}

static size_t dma_transfer(IsaDma *d, unsigned n, uint8_t *buf, size_t len, bool to_memory,
                           bool *tc)
{
    DmaChannel *ch = &d->channel[n];
    size_t units = len >> d->shift, done = 0;

    *tc = false;
    while (done < units && !*tc && dma_ready(d, n)) {
        bool down = ch->mode & DMA_MODE_DECREMENT;
        size_t to_wrap = down ? ch->addr + 1U : 0x10000U - ch->addr;
        size_t run = MIN(MIN(units - done, to_wrap), ch->count + 1U);

        dma_move(d, n, buf + (done << d->shift), run, to_memory);
        done += run;
        ch->addr = down ? ch->addr - run : ch->addr + run;
        ch->count -= run;
        if (ch->count == 0xffff) { /* it rolled over */
            dma_terminal_count(d, n);
            *tc = true;
        }
    }
    return done << d->shift;
}

static IsaDma *dma_of(ISABus *bus, unsigned channel)
{
    g_assert(channel < 8 && channel != 4 && bus->dma[channel / 4]);
    return bus->dma[channel / 4];
}

void isa_dma_register(ISABus *bus, unsigned channel, IsaDmaHandler handler, void *opaque)
{
    DmaChannel *ch = &dma_of(bus, channel)->channel[channel & 3];

    ch->handler = handler;
    ch->opaque = opaque;
}

void isa_dma_hold_dreq(ISABus *bus, unsigned channel)
{
    IsaDma *d = dma_of(bus, channel);
    uint8_t bit = 1 << (channel & 3);

    if (!(d->dreq & bit)) {
        d->dreq |= bit;
        dma_start_channels(d, ~bit);
    }
}

void isa_dma_release_dreq(ISABus *bus, unsigned channel)
{
    dma_of(bus, channel)->dreq &= ~(1 << (channel & 3));
}

size_t isa_dma_transfer(ISABus *bus, unsigned channel, void *buf, size_t len, bool to_memory,
                        bool *tc)
{
    IsaDma *d = dma_of(bus, channel);
    unsigned type = d->channel[channel & 3].mode & DMA_MODE_TYPE;
    bool reached = false;
    size_t done = 0;

    if (type == DMA_MODE_VERIFY || type == (to_memory ? DMA_MODE_WRITE : DMA_MODE_READ)) {
        done = dma_transfer(d, channel & 3, buf, len, to_memory, &reached);
    }
    if (tc) {
        *tc = reached;
    }
    return done;
}

/* ------------------------------------------------------------------------------ registers -- */

static void dma_set_byte(uint16_t *reg, bool high, uint8_t val)
{
    *reg = high ? (*reg & 0x00ff) | val << 8 : (*reg & 0xff00) | val;
}

/* The eight address and count registers take two writes each: base and current alike. */
static void dma_write_channel(IsaDma *d, unsigned reg, uint8_t val)
{
    DmaChannel *ch = &d->channel[reg / 2];

    dma_set_byte(reg % 2 ? &ch->base_count : &ch->base_addr, d->flip_flop, val);
    dma_set_byte(reg % 2 ? &ch->count : &ch->addr, d->flip_flop, val);
    d->flip_flop = !d->flip_flop;
}

static uint8_t dma_read_channel(IsaDma *d, unsigned reg)
{
    DmaChannel *ch = &d->channel[reg / 2];
    uint16_t val = reg % 2 ? ch->count : ch->addr;
    bool high = d->flip_flop;

    d->flip_flop = !d->flip_flop;
    return high ? val >> 8 : val;
}

/* As the RESET pin. The channels' registers are kept. */
static void dma_master_clear(IsaDma *d)
{
    d->command = 0;
    d->mask = 0xf;
    d->tc = 0;
    d->flip_flop = false;
}

static uint64_t dma_read(void *opaque, hwaddr addr, unsigned size)
{
    IsaDma *d = opaque;
    unsigned reg = addr >> d->shift;
    uint8_t val;

    switch (reg) {
    case DMA_COMMAND:
        val = d->tc | d->dreq << DMA_STATUS_DREQ_SHIFT;
        d->tc = 0;
        return val;
    case DMA_MASTER_CLEAR:
        return 0; /* the temporary register */
    case DMA_ALL_MASK:
        return d->mask | 0xf0;
    default:
        return reg < DMA_COMMAND ? dma_read_channel(d, reg) : 0xff;
    }
}

static void dma_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    IsaDma *d = opaque;
    unsigned reg = addr >> d->shift;
    uint8_t bit = 1 << (data & 3), ready = dma_ready_mask(d);

    switch (reg) {
    case DMA_COMMAND:
        d->command = data;
        if (data & DMA_COMMAND_MEM_TO_MEM) {
            log_unimp("i8257: memory-to-memory transfer");
        }
        break;
    case DMA_REQUEST:
        log_unimp("i8257: software request");
        break;
    case DMA_SINGLE_MASK:
        d->mask = data & DMA_SINGLE_MASK_SET ? d->mask | bit : d->mask & ~bit;
        break;
    case DMA_MODE:
        d->channel[data & 3].mode = data;
        break;
    case DMA_CLEAR_FLIP_FLOP:
        d->flip_flop = false;
        break;
    case DMA_MASTER_CLEAR:
        dma_master_clear(d);
        break;
    case DMA_CLEAR_MASK:
        d->mask = 0;
        break;
    case DMA_ALL_MASK:
        d->mask = data & 0xf;
        break;
    default:
        dma_write_channel(d, reg, data);
        break;
    }
    dma_start_channels(d, ready);
}

/* The second controller's registers lie two ports apart, and each is two ports wide. */
#define DMA_NAME(reg, shift, name)                                                                 \
    {                                                                                              \
        (reg) << (shift), 1 << (shift), name                                                       \
    }
#define DMA_NAMES(shift)                                                                           \
    {                                                                                              \
        DMA_NAME(0, shift, "ADDR0"), DMA_NAME(1, shift, "COUNT0"), DMA_NAME(2, shift, "ADDR1"),    \
            DMA_NAME(3, shift, "COUNT1"), DMA_NAME(4, shift, "ADDR2"),                             \
            DMA_NAME(5, shift, "COUNT2"), DMA_NAME(6, shift, "ADDR3"),                             \
            DMA_NAME(7, shift, "COUNT3"), DMA_NAME(DMA_COMMAND, shift, "STATUS/COMMAND"),          \
            DMA_NAME(DMA_REQUEST, shift, "REQUEST"), DMA_NAME(DMA_SINGLE_MASK, shift, "MASK"),     \
            DMA_NAME(DMA_MODE, shift, "MODE"),                                                     \
            DMA_NAME(DMA_CLEAR_FLIP_FLOP, shift, "CLEAR FLIP-FLOP"),                               \
            DMA_NAME(DMA_MASTER_CLEAR, shift, "TEMP/MASTER CLEAR"),                                \
            DMA_NAME(DMA_CLEAR_MASK, shift, "CLEAR MASK"),                                         \
            DMA_NAME(DMA_ALL_MASK, shift, "ALL MASK"),                                             \
        {                                                                                          \
        }                                                                                          \
    }

static const RegisterName dma_registers[2][DMA_REGISTERS + 1] = {DMA_NAMES(0), DMA_NAMES(1)};

static const MemoryRegionOps dma_ops[2] = {
    {
        .read = dma_read,
        .write = dma_write,
        .registers = dma_registers[0],
        .impl = {.min_access_size = 1, .max_access_size = 1},
    },
    {
        .read = dma_read,
        .write = dma_write,
        .registers = dma_registers[1],
        .impl = {.min_access_size = 1, .max_access_size = 1},
    },
};

static uint64_t page_read(void *opaque, hwaddr addr, unsigned size)
{
    return ((I8257 *)opaque)->page[addr];
}

static void page_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    ((I8257 *)opaque)->page[addr] = data;
}

static const RegisterName page_registers[] = {{0x81 - DMA_PAGE_BASE, 1, "PAGE2"},
                                              {0x82 - DMA_PAGE_BASE, 1, "PAGE3"},
                                              {0x83 - DMA_PAGE_BASE, 1, "PAGE1"},
                                              {0x87 - DMA_PAGE_BASE, 1, "PAGE0"},
                                              {0x89 - DMA_PAGE_BASE, 1, "PAGE6"},
                                              {0x8a - DMA_PAGE_BASE, 1, "PAGE7"},
                                              {0x8b - DMA_PAGE_BASE, 1, "PAGE5"},
                                              {0x8f - DMA_PAGE_BASE, 1, "REFRESH PAGE"},
                                              {}};

static const MemoryRegionOps page_ops = {
    .read = page_read,
    .write = page_write,
    .registers = page_registers,
    .impl = {.min_access_size = 1, .max_access_size = 1},
};

/* ----------------------------------------------------------------------------- the device -- */

static void i8257_reset(Device *dev)
{
    I8257 *s = DEVICE_CAST(I8257, &i8257_class, dev);

    for (unsigned i = 0; i < 2; i++) {
        dma_master_clear(&s->chip[i]);
    }
}

static bool i8257_realize(Device *dev, GError **errp)
{
    I8257 *s = DEVICE_CAST(I8257, &i8257_class, dev);
    ISABus *bus = isa_bus_of(dev);

    if (bus->dma[0]) {
        error_setg(errp, "%s: the ISA bus has a DMA controller already", dev->owner.name);
        return false;
    }
    for (unsigned i = 0; i < 2; i++) {
        IsaDma *d = &s->chip[i];

        d->pair = s;
        d->shift = i;
        memory_region_init_io(&d->io, &dev->owner, &dma_ops[i], d, i ? "dma2" : "dma1",
                              DMA_REGISTERS << i);
        isa_register_ioport(dev, &d->io, i ? 0xc0 : 0x00);
        bus->dma[i] = d;
    }
    memory_region_init_io(&s->page_io, &dev->owner, &page_ops, s, "dma-page", DMA_PAGES);
    isa_register_ioport(dev, &s->page_io, DMA_PAGE_BASE);
    i8257_reset(dev);
    return true;
}

static void i8257_unrealize(Device *dev)
{
    ISABus *bus = isa_bus_of(dev);

    bus->dma[0] = bus->dma[1] = NULL;
}

const DeviceClass i8257_class = {
    .name = "i8257",
    .desc = "DMA controller pair",
    .category = "Misc",
    .parent = &isa_device_class,
    .size = sizeof(I8257),
    .internal = true,
    .realize = i8257_realize,
    .unrealize = i8257_unrealize,
    .reset = i8257_reset,
};
