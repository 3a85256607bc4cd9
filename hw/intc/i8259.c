/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two Intel 8259A interrupt controllers, the second on input 2 of the first, with the edge/level
 * control registers (ELCR) of the 82371SB.
 *
 * Follows the 8259A data sheet: an edge-triggered input must stay high until it is acknowledged,
 * else the request is gone. ELCR stands here, not in the south bridge, because it decides per
 * line how requests are sensed.
 *
 * Left out: the 8080 mode (uPM 0 is taken for 1), buffered mode, ICW3 (the wiring is fixed). Both
 * INTA cycles happen at once, so a request can't vanish between them.
 */
#include "hw/intc/i8259.h"

#include "hw/core/log.h"
#include "hw/isa/isa.h"

enum {
    PIC_ICW1_IC4 = 0x01,  /* ICW4 follows */
    PIC_ICW1_SNGL = 0x02, /* no ICW3 follows */
    PIC_ICW1_LTIM = 0x08, /* all inputs are level-triggered */
    PIC_ICW1 = 0x10,      /* says that a command is ICW1 */
    PIC_ICW4_UPM = 0x01,
    PIC_ICW4_AEOI = 0x02,
    PIC_ICW4_SFNM = 0x10,

    PIC_OCW2_EOI = 0x20,
    PIC_OCW2_SL = 0x40, /* bits 2:0 name a level */
    PIC_OCW2_R = 0x80,  /* rotate */

    PIC_OCW3 = 0x08, /* says that a command is OCW3 */
    PIC_OCW3_RIS = 0x01,
    PIC_OCW3_RR = 0x02,
    PIC_OCW3_P = 0x04,
    PIC_OCW3_SMM = 0x20,
    PIC_OCW3_ESMM = 0x40,

    PIC_CASCADE = 2,
    PIC_SPURIOUS = 7,
    PIC_POLL_INT = 0x80,
};

typedef enum PicExpect { EXPECT_OCW1, EXPECT_ICW2, EXPECT_ICW3, EXPECT_ICW4 } PicExpect;

/* One 8259A. Bit n of a mask is input IRn. */
typedef struct PicChip {
    struct I8259 *pic;
    MemoryRegion io; /* +0: ICW1, OCW2, OCW3 / IRR, ISR; +1: ICW2-4, OCW1 / IMR */
    MemoryRegion elcr_io;
    uint8_t elcr_mask; /* inputs that may be level-triggered */
    uint8_t elcr;      /* inputs that are */
    uint8_t lines;     /* the inputs as they are */
    uint8_t latch;     /* inputs that rose and were not acknowledged */
    uint8_t imr;
    uint8_t isr;
    uint8_t lowest;   /* the input with the lowest priority */
    uint8_t vector;   /* of IR0 */
    PicExpect expect; /* what the next write to +1 is */
    uint8_t icw1;
    uint8_t icw4;
    bool rotate_aeoi;
    bool special_mask;
    bool read_isr;
    bool poll; /* the next read acknowledges */
} PicChip;

typedef struct I8259 {
    ISADevice isa;
    PicChip chip[2]; /* the first takes the second's requests on IR2 */
    Irq *intr;
    void (*eoi)(void *opaque, int irq); /* NULL: nobody asks */
    void *eoi_opaque;
} I8259;

/* ------------------------------------------------------------------------------- requests -- */

static bool chip_is_master(const PicChip *c)
{
    return c == &c->pic->chip[0];
}

static uint8_t chip_irr(const PicChip *c)
{
    uint8_t level = c->icw1 & PIC_ICW1_LTIM ? 0xff : c->elcr;

    if (chip_is_master(c)) {
        level |= 1 << PIC_CASCADE; /* follows the second chip at any time */
    }
    return c->lines & (level | c->latch);
}

/* The input with the n-th highest priority. */
static unsigned chip_by_priority(const PicChip *c, unsigned n)
{
    return (c->lowest + 1 + n) & 7;
}

/* The input to acknowledge next; -1 when no request beats what is in service. */
static int chip_pending(const PicChip *c)
{
    uint8_t requests = chip_irr(c) & ~c->imr;
    uint8_t blocking = c->special_mask ? c->isr & ~c->imr : c->isr;

    for (unsigned n = 0; n < 8; n++) {
        unsigned irq = chip_by_priority(c, n);
        bool nests = c->icw4 & PIC_ICW4_SFNM && chip_is_master(c) && irq == PIC_CASCADE;

        if (blocking & 1 << irq && !(nests && requests & 1 << irq)) {
            return -1;
        }
        if (requests & 1 << irq) {
            return irq;
        }
    }
    return -1;
}

/* The only place that sets INTR, and the cascade. */
static void pic_update(I8259 *s)
{
    PicChip *master = &s->chip[0];

    if (chip_pending(&s->chip[1]) >= 0) {
        master->lines |= 1 << PIC_CASCADE;
    } else {
        master->lines &= ~(1 << PIC_CASCADE);
    }
    irq_set(s->intr, chip_pending(master) >= 0);
}

static void pic_set_input(void *opaque, int n, int level)
{
    I8259 *s = opaque;
    PicChip *c = &s->chip[n / 8];
    uint8_t bit = 1 << n % 8;

    if (n == PIC_CASCADE) {
        return;
    }
    if (level && !(c->lines & bit)) {
        c->latch |= bit;
    }
    c->lines = level ? c->lines | bit : c->lines & ~bit;
    if (!level) {
        c->latch &= ~bit;
    }
    pic_update(s);
}

/* --------------------------------------------------------------------- acknowledge and EOI -- */

/* May enter pic_set_input(): to be called when the chip's state is whole. */
static void chip_ended(const PicChip *c, int irq)
{
    I8259 *s = c->pic;

    if (s->eoi) {
        s->eoi(s->eoi_opaque, chip_is_master(c) ? irq : irq + 8);
    }
}

void i8259_set_eoi_handler(Device *pic, void (*fn)(void *opaque, int irq), void *opaque)
{
    I8259 *s = DEVICE_CAST(I8259, &isa_i8259_class, pic);

    s->eoi = fn;
    s->eoi_opaque = opaque;
}

/* INTA: takes the highest request into service. */
static int chip_acknowledge(PicChip *c)
{
    int irq = chip_pending(c);

    if (irq < 0) {
        return -1;
    }
    c->latch &= ~(1 << irq);
    if (!(c->icw4 & PIC_ICW4_AEOI)) {
        c->isr |= 1 << irq;
        return irq;
    }
    if (c->rotate_aeoi) {
        c->lowest = irq;
    }
    chip_ended(c, irq);
    return irq;
}

int i8259_acknowledge(void *pic)
{
    I8259 *s = DEVICE_CAST(I8259, &isa_i8259_class, pic);
    PicChip *c = &s->chip[0];
    int irq = chip_acknowledge(c);

    if (irq == PIC_CASCADE) {
        c = &s->chip[1];
        irq = chip_acknowledge(c);
    }
    pic_update(s);
    return c->vector + (irq < 0 ? PIC_SPURIOUS : irq);
}

/* The input a non-specific EOI ends: the highest in service that special mask mode doesn't hide. */
static int chip_in_service(const PicChip *c)
{
    uint8_t isr = c->special_mask ? c->isr & ~c->imr : c->isr;

    for (unsigned n = 0; n < 8; n++) {
        unsigned irq = chip_by_priority(c, n);

        if (isr & 1 << irq) {
            return irq;
        }
    }
    return -1;
}

static void chip_write_ocw2(PicChip *c, uint8_t val)
{
    int irq = val & PIC_OCW2_SL ? val & 7 : -1;

    if (!(val & PIC_OCW2_EOI)) {
        if (irq < 0) {
            c->rotate_aeoi = val & PIC_OCW2_R;
        } else if (val & PIC_OCW2_R) {
            c->lowest = irq;
        }
        return;
    }
    if (irq < 0) {
        irq = chip_in_service(c);
    }
    if (irq >= 0) {
        bool ends = c->isr & 1 << irq;

        c->isr &= ~(1 << irq);
        if (val & PIC_OCW2_R) {
            c->lowest = irq;
        }
        if (ends) {
            chip_ended(c, irq);
        }
    }
}

static void chip_write_ocw3(PicChip *c, uint8_t val)
{
    if (val & PIC_OCW3_ESMM) {
        c->special_mask = val & PIC_OCW3_SMM;
    }
    if (val & PIC_OCW3_P) {
        c->poll = true;
    } else if (val & PIC_OCW3_RR) {
        c->read_isr = val & PIC_OCW3_RIS;
    }
}

/* ------------------------------------------------------------------------- initialization -- */

static void chip_write_icw1(PicChip *c, uint8_t val)
{
    c->icw1 = val;
    c->icw4 = 0;
    c->latch = 0; /* inputs that are high must fall before they request again */
    c->imr = 0;
    c->isr = 0;
    c->lowest = 7;
    c->rotate_aeoi = false;
    c->special_mask = false;
    c->read_isr = false;
    c->poll = false;
    c->expect = EXPECT_ICW2;
    if (val & PIC_ICW1_SNGL) {
        log_unimp("i8259: single mode; the second controller stays connected");
    }
}

static void chip_write_data(PicChip *c, uint8_t val)
{
    PicExpect after_icw3 = c->icw1 & PIC_ICW1_IC4 ? EXPECT_ICW4 : EXPECT_OCW1;

    switch (c->expect) {
    case EXPECT_OCW1:
        c->imr = val;
        break;
    case EXPECT_ICW2:
        c->vector = val & 0xf8;
        c->expect = c->icw1 & PIC_ICW1_SNGL ? after_icw3 : EXPECT_ICW3;
        break;
    case EXPECT_ICW3:
        c->expect = after_icw3;
        break;
    case EXPECT_ICW4:
        c->icw4 = val;
        c->expect = EXPECT_OCW1;
        if (!(val & PIC_ICW4_UPM)) {
            log_unimp("i8259: 8080 mode");
        }
        break;
    }
}

/* ------------------------------------------------------------------------------ registers -- */

static uint64_t chip_read(void *opaque, hwaddr addr, unsigned size)
{
    PicChip *c = opaque;

    if (c->poll) {
        int irq = chip_acknowledge(c);

        c->poll = false;
        pic_update(c->pic);
        return irq < 0 ? 0 : PIC_POLL_INT | irq;
    }
    if (addr == 1) {
        return c->imr;
    }
    return c->read_isr ? c->isr : chip_irr(c);
}

static void chip_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    PicChip *c = opaque;

    if (addr == 1) {
        chip_write_data(c, data);
    } else if (data & PIC_ICW1) {
        chip_write_icw1(c, data);
    } else if (data & PIC_OCW3) {
        chip_write_ocw3(c, data);
    } else {
        chip_write_ocw2(c, data);
    }
    pic_update(c->pic);
}

static const RegisterName chip_registers[] = {{0, 1, "ICW1/OCW2/OCW3"}, {1, 1, "ICW2-4/OCW1"}, {}};

static const MemoryRegionOps chip_ops = {
    .read = chip_read,
    .write = chip_write,
    .registers = chip_registers,
    .impl = {.min_access_size = 1, .max_access_size = 1},
};

static uint64_t elcr_read(void *opaque, hwaddr addr, unsigned size)
{
    return ((PicChip *)opaque)->elcr;
}

static void elcr_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    PicChip *c = opaque;

    c->elcr = data & c->elcr_mask;
    pic_update(c->pic);
}

static const RegisterName elcr_registers[] = {{0, 1, "ELCR"}, {}};

static const MemoryRegionOps elcr_ops = {
    .read = elcr_read,
    .write = elcr_write,
    .registers = elcr_registers,
    .impl = {.min_access_size = 1, .max_access_size = 1},
};

/* ------------------------------------------------------------------------------ the device -- */

static void pic_init_chip(I8259 *s, unsigned n, uint16_t port, uint8_t elcr_mask)
{
    Device *dev = DEVICE(s);
    PicChip *c = &s->chip[n];

    c->pic = s;
    c->elcr_mask = elcr_mask;
    memory_region_init_io(&c->io, &dev->owner, &chip_ops, c, n ? "pic2" : "pic1", 2);
    memory_region_init_io(&c->elcr_io, &dev->owner, &elcr_ops, c, n ? "elcr2" : "elcr1", 1);
    isa_register_ioport(dev, &c->io, port);
    isa_register_ioport(dev, &c->elcr_io, 0x4d0 + n);
}

void i8259_print(Device *dev, GString *out)
{
    const I8259 *s = DEVICE_CAST(I8259, &isa_i8259_class, dev);

    for (unsigned n = 0; n < 2; n++) {
        const PicChip *c = &s->chip[n];

        g_string_append_printf(out,
                               "pic%u: irr=%02x imr=%02x isr=%02x lines=%02x elcr=%02x vector=%02x"
                               " lowest=%u icw4=%02x special_mask=%d rotate_aeoi=%d\n",
                               n, chip_irr(c), c->imr, c->isr, c->lines, c->elcr, c->vector,
                               c->lowest, c->icw4, c->special_mask, c->rotate_aeoi);
    }
}

static bool pic_realize(Device *dev, GError **errp)
{
    I8259 *s = DEVICE_CAST(I8259, &isa_i8259_class, dev);

    /* IRQ 0, 1, 2, 8 and 13 are edge-triggered whatever the guest writes. */
    pic_init_chip(s, 0, 0x20, 0xf8);
    pic_init_chip(s, 1, 0xa0, 0xde);
    device_init_gpio_in(dev, NULL, pic_set_input, s, ISA_IRQS);
    device_init_gpio_out(dev, NULL, &s->intr, 1);
    return true;
}

/* Inputs belong to who drives them; all else is as after ICW1 alone, with everything masked. */
static void pic_reset(Device *dev)
{
    I8259 *s = DEVICE_CAST(I8259, &isa_i8259_class, dev);

    for (unsigned n = 0; n < 2; n++) {
        PicChip *c = &s->chip[n];

        chip_write_icw1(c, 0);
        c->expect = EXPECT_OCW1;
        c->imr = 0xff;
        c->vector = 0;
        c->elcr = 0;
    }
    pic_update(s);
}

const DeviceClass isa_i8259_class = {
    .name = "isa-i8259",
    .desc = "Interrupt controller pair",
    .category = "Misc",
    .parent = &isa_device_class,
    .size = sizeof(I8259),
    .internal = true,
    .realize = pic_realize,
    .reset = pic_reset,
};
