/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A PC's parallel port, with a printer on it that takes characters as fast as its chardev does.
 *
 * Document: IEEE 1284-1994, compatibility mode; IBM's "PS/2 Hardware Interface Technical
 * Reference", parallel port controller. The pulse by which a printer acknowledges a character is
 * too short to be seen in the status; with the interrupt enabled it leaves a request, until the
 * status is read.
 *
 * Left out: EPP and ECP, and whatever a printer would send: with the direction turned the data
 * lines are all high.
 */
#include "hw/char/parallel.h"

#include "backends/char.h"
#include "error.h"

#define PARALLEL_PORTS 3

enum {
    PARALLEL_DATA = 0,
    PARALLEL_STATUS = 1,
    PARALLEL_CONTROL = 2,
    PARALLEL_SIZE = 8,

    STATUS_NBUSY = 0x80,
    STATUS_NACK = 0x40,
    STATUS_SELECT = 0x10,
    STATUS_NERROR = 0x08,
    STATUS_RESERVED = 0x07, /* read as ones */

    CONTROL_DIRECTION = 0x20, /* the data lines are inputs */
    CONTROL_INTERRUPT = 0x10,
    CONTROL_SELECT = 0x08,
    CONTROL_NINIT = 0x04,
    CONTROL_STROBE = 0x01,
    CONTROL_RESERVED = 0xc0,
};

typedef struct Parallel {
    ISADevice isa;
    MemoryRegion io;
    Irq *irq;
    Chardev *chr;

    uint8_t data;
    uint8_t control;
    uint8_t latched;   /* what the printer took last */
    bool full;         /* its chardev does not take that for now: the printer is busy */
    bool acknowledged; /* the interrupt's cause */

    /* properties */
    uint32_t index;  /* 0..2: LPT1..LPT3; 0xffffffff: the first free one */
    uint32_t iobase; /* 0xffffffff: by index */
    uint32_t irq_line;
    char *chardev;
} Parallel;

static Parallel *parallel_cast(Device *dev)
{
    return DEVICE_CAST(Parallel, &parallel_class, dev);
}

static void update_irq(Parallel *s)
{
    irq_set(s->irq, s->acknowledged && (s->control & CONTROL_INTERRUPT));
}

static uint8_t read_status(const Parallel *s)
{
    const bool busy = s->full || (s->control & CONTROL_STROBE) || !(s->control & CONTROL_NINIT);

    return (busy ? 0 : STATUS_NBUSY) | STATUS_NACK | STATUS_SELECT | STATUS_NERROR |
           STATUS_RESERVED;
}

/* Print what was latched. Without a peer it is lost, as on an unplugged cable. */
static void print_character(Parallel *s)
{
    s->full = chardev_write(s->chr, &s->latched, 1) == 0 && chardev_room(s->chr) == 0;
}

static void acknowledge(Parallel *s)
{
    s->acknowledged = s->control & CONTROL_INTERRUPT;
    update_irq(s);
}

static void on_drained(void *opaque)
{
    Parallel *s = opaque;

    if (!s->full) {
        return;
    }
    print_character(s);
    if (!s->full && !(s->control & CONTROL_STROBE)) {
        acknowledge(s);
    }
}

/* The strobe's first edge gives the character, after its second one the printer acknowledges. */
static void write_control(Parallel *s, uint8_t val)
{
    const uint8_t changed = s->control ^ val;

    s->control = val | CONTROL_RESERVED;
    update_irq(s);
    if (!(changed & CONTROL_STROBE) || !(val & CONTROL_NINIT) || !(val & CONTROL_SELECT) ||
        s->full) {
        return;
    }
    if (val & CONTROL_STROBE) {
        s->latched = s->data;
        print_character(s);
    } else {
        acknowledge(s);
    }
}

static uint64_t parallel_read(void *opaque, hwaddr addr, unsigned size)
{
    Parallel *s = opaque;

    switch (addr) {
    case PARALLEL_DATA:
        return s->control & CONTROL_DIRECTION ? 0xff : s->data;
    case PARALLEL_STATUS:
        s->acknowledged = false;
        update_irq(s);
        return read_status(s);
    case PARALLEL_CONTROL:
        return s->control;
    default:
        return 0xff; /* EPP's */
    }
}

static void parallel_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    Parallel *s = opaque;

    if (addr == PARALLEL_DATA) {
        s->data = data;
    } else if (addr == PARALLEL_CONTROL) {
        write_control(s, data);
    }
}

static const RegisterName parallel_registers[] = {{PARALLEL_DATA, 1, "DATA"},
                                                  {PARALLEL_STATUS, 1, "STATUS"},
                                                  {PARALLEL_CONTROL, 1, "CONTROL"},
                                                  {}};

static const MemoryRegionOps parallel_ops = {
    .read = parallel_read,
    .write = parallel_write,
    .registers = parallel_registers,
    .impl = {.min_access_size = 1, .max_access_size = 1},
};

static const ChardevHandlers parallel_handlers = {.drained = on_drained};

/* ------------------------------------------------------------------------------ life cycle -- */

unsigned parallel_index(const Device *dev)
{
    return ((const Parallel *)dev)->index;
}

static void note_index(Device *dev, void *opaque)
{
    if (device_class_is(dev->cls, &parallel_class)) {
        *(unsigned *)opaque |= 1u << parallel_index(dev);
    }
}

static bool choose_index(Parallel *s, GError **errp)
{
    unsigned taken = 0;

    device_foreach(note_index, &taken);
    if (s->index == UINT32_MAX) {
        s->index = __builtin_ctz(~taken);
    }
    if (s->index >= PARALLEL_PORTS) {
        error_setg(errp, "Max. supported number of parallel ports is %d.", PARALLEL_PORTS);
        return false;
    }
    if (taken & 1u << s->index) {
        error_setg(errp, "parallel port index %u is in use: another index= is needed", s->index);
        return false;
    }
    return true;
}

static bool open_chardev(Parallel *s, GError **errp)
{
    s->chr = s->chardev ? chardev_find(s->chardev) : NULL;
    if (!s->chardev) {
        error_setg(errp, "Can't create parallel device, empty char device");
    } else if (!s->chr) {
        error_setg(errp, "Property 'isa-parallel.chardev' can't find value '%s'", s->chardev);
    }
    return s->chr && chardev_attach(s->chr, &parallel_handlers, s, errp);
}

static bool parallel_realize(Device *dev, GError **errp)
{
    static const uint16_t ports[PARALLEL_PORTS] = {0x378, 0x278, 0x3bc};
    Parallel *s = parallel_cast(dev);

    if (!choose_index(s, errp) || !open_chardev(s, errp)) {
        return false;
    }
    if (s->iobase == UINT32_MAX) {
        s->iobase = ports[s->index];
    }
    s->irq = isa_get_irq(dev, s->irq_line);
    memory_region_init_io(&s->io, &dev->owner, &parallel_ops, s, "parallel", PARALLEL_SIZE);
    isa_register_ioport(dev, &s->io, s->iobase);
    return true;
}

static void parallel_unrealize(Device *dev)
{
    Parallel *s = parallel_cast(dev);

    chardev_detach(s->chr, s);
    irq_set(s->irq, 0);
}

static void parallel_reset(Device *dev)
{
    Parallel *s = parallel_cast(dev);

    s->data = 0;
    s->control = CONTROL_RESERVED | CONTROL_SELECT | CONTROL_NINIT;
    s->acknowledged = false;
    update_irq(s);
}

static const Property parallel_props[] = {
    PROP_UINT32("index", Parallel, index, UINT32_MAX, .help = "0 to 2: LPT1 to LPT3"),
    PROP_UINT32("iobase", Parallel, iobase, UINT32_MAX, .max = 0xfff8,
                .help = "first port, else by index"),
    PROP_UINT32("irq", Parallel, irq_line, 7, .max = ISA_IRQS - 1, .help = "ISA interrupt"),
    PROP_STRING("chardev", Parallel, chardev, .help = "id of a chardev: the printer"),
    {}};

/* The data lines alone mean nothing; whoever looks at them, and the strobe, exits. */
static const CoalescedRange parallel_coalesced[] = {COALESCED_PIO(Parallel, io, PARALLEL_DATA, 1),
                                                    {}};

const DeviceClass parallel_class = {
    .name = "isa-parallel",
    .desc = "parallel port",
    .category = "Input",
    .parent = &isa_device_class,
    .size = sizeof(Parallel),
    .props = parallel_props,
    .coalesced = parallel_coalesced,
    .realize = parallel_realize,
    .unrealize = parallel_unrealize,
    .reset = parallel_reset,
};
