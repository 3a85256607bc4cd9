/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Intel 82093AA I/O advanced programmable interrupt controller: 24 inputs, each with an entry that
 * says which interrupt it makes on which CPU.
 *
 * Lines here carry "asserted", not a voltage: the polarity bit is kept for the guest, and has no
 * effect, as firmware tables say active high for every input. Messages arrive at once, so the
 * delivery status is always idle. Left out: the arbitration between APICs.
 */
#include "hw/intc/ioapic.h"

#include "hw/core/log.h"

enum {
    IOAPIC_REGSEL = 0x00, /* offsets in the region */
    IOAPIC_WIN = 0x10,

    IOAPIC_ID = 0x00, /* what REGSEL selects */
    IOAPIC_VER = 0x01,
    IOAPIC_ARB = 0x02,
    IOAPIC_REDTBL = 0x10, /* two for each input */

    IOAPIC_ID_MASK = 0x0f000000,
    IOAPIC_VERSION = 0x11,
    IOAPIC_VER_ENTRIES_SHIFT = 16,

    REDTBL_VECTOR = 0xff,
    REDTBL_DELMOD_SHIFT = 8,
    REDTBL_DESTMOD = 1 << 11,
    REDTBL_REMOTE_IRR = 1 << 14, /* read-only: sent, and not ended */
    REDTBL_LEVEL = 1 << 15,
    REDTBL_MASKED = 1 << 16,
    REDTBL_LOW_WRITABLE = 0x1afff,
    REDTBL_DEST_SHIFT = 56,
};

#define REDTBL_HIGH_WRITABLE 0xff000000U

typedef struct Ioapic {
    Device dev;
    MemoryRegion mmio;
    MemoryRegion *container; /* where the board mapped it */
    uint8_t regsel;
    uint32_t id;
    uint64_t redtbl[IOAPIC_PINS];
    uint32_t lines; /* the inputs as they are */
    void (*deliver)(void *opaque, const ApicMessage *msg);
    void *deliver_opaque;
    void (*eoi)(void *opaque, int pin); /* NULL: nobody asks */
    void *eoi_opaque;
} Ioapic;

static unsigned redtbl_delivery_mode(uint64_t entry)
{
    return entry >> REDTBL_DELMOD_SHIFT & 7;
}

/* Whether an input is level-triggered: only what a CPU ends with an EOI can be. */
static bool redtbl_is_level(uint64_t entry)
{
    return entry & REDTBL_LEVEL && redtbl_delivery_mode(entry) <= APIC_DM_LOWEST;
}

static void ioapic_send(Ioapic *s, unsigned pin)
{
    uint64_t entry = s->redtbl[pin];
    ApicMessage msg = {
        .vector = entry & REDTBL_VECTOR,
        .delivery_mode = redtbl_delivery_mode(entry),
        .logical = entry & REDTBL_DESTMOD,
        .level = redtbl_is_level(entry),
        .dest = entry >> REDTBL_DEST_SHIFT,
    };

    if (s->deliver) {
        s->deliver(s->deliver_opaque, &msg);
    }
}

/* Send a level-triggered input's interrupt, if it is asserted and none is under way. */
static void ioapic_service_level(Ioapic *s, unsigned pin)
{
    uint64_t entry = s->redtbl[pin];

    if (redtbl_is_level(entry) && s->lines & 1U << pin &&
        !(entry & (REDTBL_MASKED | REDTBL_REMOTE_IRR))) {
        s->redtbl[pin] |= REDTBL_REMOTE_IRR;
        ioapic_send(s, pin);
    }
}

static void ioapic_set_input(void *opaque, int pin, int level)
{
    Ioapic *s = opaque;
    bool rises = level && !(s->lines & 1U << pin);

    s->lines = level ? s->lines | 1U << pin : s->lines & ~(1U << pin);
    if (redtbl_is_level(s->redtbl[pin])) {
        ioapic_service_level(s, pin);
    } else if (rises && !(s->redtbl[pin] & REDTBL_MASKED)) {
        ioapic_send(s, pin); /* an edge that comes while masked is lost */
    }
}

void ioapic_eoi(void *ioapic, uint8_t vector)
{
    Ioapic *s = DEVICE_CAST(Ioapic, &ioapic_class, ioapic);

    for (unsigned pin = 0; pin < IOAPIC_PINS; pin++) {
        if (s->redtbl[pin] & REDTBL_REMOTE_IRR && (s->redtbl[pin] & REDTBL_VECTOR) == vector) {
            s->redtbl[pin] &= ~(uint64_t)REDTBL_REMOTE_IRR;
            if (s->eoi) {
                s->eoi(s->eoi_opaque, pin);
            }
            ioapic_service_level(s, pin);
        }
    }
}

/* ------------------------------------------------------------------------------ registers -- */

static uint32_t ioapic_read_window(Ioapic *s)
{
    unsigned n = s->regsel - IOAPIC_REDTBL;

    switch (s->regsel) {
    case IOAPIC_ID:
    case IOAPIC_ARB:
        return s->id;
    case IOAPIC_VER:
        return IOAPIC_VERSION | (IOAPIC_PINS - 1) << IOAPIC_VER_ENTRIES_SHIFT;
    default:
        if (s->regsel < IOAPIC_REDTBL || n / 2 >= IOAPIC_PINS) {
            log_guest_error("ioapic: read of register %02x, which does not exist", s->regsel);
            return 0;
        }
        return s->redtbl[n / 2] >> (n % 2 ? 32 : 0);
    }
}

static void ioapic_write_entry(Ioapic *s, unsigned pin, bool high, uint32_t val)
{
    uint64_t *entry = &s->redtbl[pin];

    if (high) {
        *entry = (uint32_t)*entry | (uint64_t)(val & REDTBL_HIGH_WRITABLE) << 32;
    } else {
        *entry = (*entry & ~(uint64_t)REDTBL_LOW_WRITABLE) | (val & REDTBL_LOW_WRITABLE);
        if (!redtbl_is_level(*entry)) {
            *entry &= ~(uint64_t)REDTBL_REMOTE_IRR; /* software's way to forget an interrupt */
        }
    }
    ioapic_service_level(s, pin);
}

static void ioapic_write_window(Ioapic *s, uint32_t val)
{
    unsigned n = s->regsel - IOAPIC_REDTBL;

    if (s->regsel == IOAPIC_ID) {
        s->id = val & IOAPIC_ID_MASK;
    } else if (s->regsel >= IOAPIC_REDTBL && n / 2 < IOAPIC_PINS) {
        ioapic_write_entry(s, n / 2, n % 2, val);
    } else {
        log_guest_error("ioapic: write of register %02x, which is read-only or does not exist",
                        s->regsel);
    }
}

static uint64_t ioapic_read(void *opaque, hwaddr addr, unsigned size)
{
    Ioapic *s = opaque;

    switch (addr) {
    case IOAPIC_REGSEL:
        return s->regsel;
    case IOAPIC_WIN:
        return ioapic_read_window(s);
    default:
        return 0;
    }
}

static void ioapic_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    Ioapic *s = opaque;

    switch (addr) {
    case IOAPIC_REGSEL:
        s->regsel = data;
        break;
    case IOAPIC_WIN:
        ioapic_write_window(s, data);
        break;
    default:
        break;
    }
}

static const RegisterName ioapic_registers[] = {
    {IOAPIC_REGSEL, 4, "IOREGSEL"}, {IOAPIC_WIN, 4, "IOWIN"}, {}};

static const MemoryRegionOps ioapic_ops = {
    .read = ioapic_read,
    .write = ioapic_write,
    .registers = ioapic_registers,
    .impl = {.min_access_size = 4, .max_access_size = 4},
};

/* ----------------------------------------------------------------------------- the device -- */

void ioapic_map(Device *dev, MemoryRegion *container, hwaddr addr)
{
    Ioapic *s = DEVICE_CAST(Ioapic, &ioapic_class, dev);

    s->container = container;
    memory_region_add_subregion_overlap(container, addr, &s->mmio, 1);
}

void ioapic_set_deliver(Device *dev, void (*deliver)(void *opaque, const ApicMessage *msg),
                        void *opaque)
{
    Ioapic *s = DEVICE_CAST(Ioapic, &ioapic_class, dev);

    s->deliver = deliver;
    s->deliver_opaque = opaque;
}

void ioapic_set_eoi_handler(Device *dev, void (*fn)(void *opaque, int pin), void *opaque)
{
    Ioapic *s = DEVICE_CAST(Ioapic, &ioapic_class, dev);

    s->eoi = fn;
    s->eoi_opaque = opaque;
}

void ioapic_print(Device *dev, GString *out)
{
    static const char *const modes[] = {"fixed", "lowest", "SMI", "(3)",
                                        "NMI",   "INIT",   "(6)", "ExtINT"};
    const Ioapic *s = DEVICE_CAST(Ioapic, &ioapic_class, dev);

    g_string_append_printf(out, "ioapic: id=%02x ioregsel=%02x\n", s->id >> 24, s->regsel);
    for (unsigned pin = 0; pin < IOAPIC_PINS; pin++) {
        const uint64_t entry = s->redtbl[pin];

        g_string_append_printf(
            out,
            "  pin %2u: %016" G_GINT64_MODIFIER "x dest=%02x (%s) vec=%02x"
            " %s %s%s%s%s\n",
            pin, entry, (unsigned)(entry >> REDTBL_DEST_SHIFT),
            entry & REDTBL_DESTMOD ? "logical" : "physical", (unsigned)(entry & REDTBL_VECTOR),
            modes[redtbl_delivery_mode(entry)], entry & REDTBL_LEVEL ? "level" : "edge",
            entry & REDTBL_MASKED ? " masked" : "", entry & REDTBL_REMOTE_IRR ? " remote-irr" : "",
            s->lines & 1U << pin ? " asserted" : "");
    }
}

static bool ioapic_realize(Device *dev, GError **errp)
{
    Ioapic *s = DEVICE_CAST(Ioapic, &ioapic_class, dev);

    memory_region_init_io(&s->mmio, &dev->owner, &ioapic_ops, s, "ioapic", 0x1000);
    device_init_gpio_in(dev, NULL, ioapic_set_input, s, IOAPIC_PINS);
    return true;
}

static void ioapic_unrealize(Device *dev)
{
    Ioapic *s = DEVICE_CAST(Ioapic, &ioapic_class, dev);

    if (s->container) {
        memory_region_del_subregion(s->container, &s->mmio);
    }
    memory_region_destroy(&s->mmio);
}

static void ioapic_reset(Device *dev)
{
    Ioapic *s = DEVICE_CAST(Ioapic, &ioapic_class, dev);

    s->regsel = 0;
    s->id = 0;
    for (unsigned pin = 0; pin < IOAPIC_PINS; pin++) {
        s->redtbl[pin] = REDTBL_MASKED;
    }
}

/* Selecting a register only selects; the window has the effects. */
static const CoalescedRange ioapic_coalesced[] = {COALESCED_MMIO(Ioapic, mmio, IOAPIC_REGSEL, 4),
                                                  {}};

const DeviceClass ioapic_class = {
    .name = "ioapic",
    .desc = "I/O APIC",
    .category = "Misc",
    .parent = &device_class,
    .size = sizeof(Ioapic),
    .internal = true,
    .coalesced = ioapic_coalesced,
    .realize = ioapic_realize,
    .unrealize = ioapic_unrealize,
    .reset = ioapic_reset,
};
