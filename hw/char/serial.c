/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * 16550A serial port on ISA.
 *
 * Document: National Semiconductor PC16550D data sheet (1995).
 * Not modelled: the time that characters take on the line (they leave at once, and arrive as fast
 * as the guest takes them), line errors other than break and overrun, DMA modes of the FIFO.
 */
#include <inttypes.h>

#include "backends/char.h"
#include "error.h"
#include "hw/core/clock.h"
#include "hw/isa/isa.h"
#include "hw/char/serial.h"

#define SERIAL_FIFO_SIZE 16
#define SERIAL_CLOCK_HZ  1843200
#define SERIAL_PORTS     4 /* COM1 to COM4 */

/* offsets */
enum {
    RBR = 0,
    THR = 0,
    DLL = 0,
    IER = 1,
    DLM = 1,
    IIR = 2,
    FCR = 2,
    LCR = 3,
    MCR = 4,
    LSR = 5,
    MSR = 6,
    SCR = 7
};

#define IER_ERBFI 0x01 /* received data available */
#define IER_ETBEI 0x02 /* transmitter holding register empty */
#define IER_ELSI  0x04 /* receiver line status */
#define IER_EDSSI 0x08 /* modem status */

#define IIR_NO_INT       0x01
#define IIR_MSI          0x00
#define IIR_THRI         0x02
#define IIR_RDI          0x04
#define IIR_RLSI         0x06
#define IIR_CTI          0x0c /* character time-out */
#define IIR_FIFO_ENABLED 0xc0

#define FCR_ENABLE     0x01
#define FCR_RESET_RCVR 0x02
#define FCR_DMA_MODE   0x08
#define FCR_TRIGGER    0xc0

#define LCR_DLAB  0x80
#define LCR_BREAK 0x40

#define MCR_DTR  0x01
#define MCR_RTS  0x02
#define MCR_OUT1 0x04
#define MCR_OUT2 0x08 /* gates the interrupt on a PC */
#define MCR_LOOP 0x10

#define LSR_DR         0x01
#define LSR_OE         0x02
#define LSR_BI         0x10
#define LSR_THRE       0x20
#define LSR_TEMT       0x40
#define LSR_FIFO_ERROR 0x80
#define LSR_ERRORS     0x1e

#define MSR_DCTS  0x01
#define MSR_DDSR  0x02
#define MSR_TERI  0x04
#define MSR_DDCD  0x08
#define MSR_DELTA 0x0f
#define MSR_CTS   0x10
#define MSR_DSR   0x20
#define MSR_RI    0x40
#define MSR_DCD   0x80

typedef struct Serial {
    ISADevice isa;

    /* registers */
    uint8_t ier, lcr, mcr, lsr, msr, scr;
    uint8_t fcr;
    uint16_t divisor;

    uint8_t fifo[SERIAL_FIFO_SIZE]; /* received; one deep while FCR_ENABLE is 0 */
    bool is_break[SERIAL_FIFO_SIZE];
    unsigned fifo_head, fifo_len;
    bool timed_out;     /* the character time-out interrupt is pending */
    bool thr_empty_int; /* the THRE interrupt is pending */
    Timer timeout;

    MemoryRegion io;
    Irq *irq;
    Chardev *chr;

    /* properties */
    uint32_t index;  /* 0..3: COM1..COM4; 0xffffffff: the first free one */
    uint32_t iobase; /* 0xffffffff: by index */
    uint32_t isairq;
    char *chardev;
} Serial;

static unsigned serial_trigger(const Serial *s)
{
    static const uint8_t levels[] = {1, 4, 8, 14};

    return s->fcr & FCR_ENABLE ? levels[(s->fcr & FCR_TRIGGER) >> 6] : 1;
}

/* The highest pending interrupt, as IIR shows it. */
static uint8_t serial_iir(const Serial *s)
{
    if ((s->ier & IER_ELSI) && (s->lsr & LSR_ERRORS)) {
        return IIR_RLSI;
    }
    if ((s->ier & IER_ERBFI) && s->timed_out) {
        return IIR_CTI;
    }
    if ((s->ier & IER_ERBFI) && s->fifo_len >= serial_trigger(s)) {
        return IIR_RDI;
    }
    if ((s->ier & IER_ETBEI) && s->thr_empty_int) {
        return IIR_THRI;
    }
    if ((s->ier & IER_EDSSI) && (s->msr & MSR_DELTA)) {
        return IIR_MSI;
    }
    return IIR_NO_INT;
}

static void serial_update_irq(Serial *s)
{
    bool enabled = (s->mcr & MCR_OUT2) && !(s->mcr & MCR_LOOP);

    irq_set(s->irq, enabled && serial_iir(s) != IIR_NO_INT);
}

/* ------------------------------------------------------------------------------ receiver -- */

/* Four characters' time, with start, parity and stop bits. */
static int64_t serial_timeout_ns(const Serial *s)
{
    unsigned bits = 1 + 5 + (s->lcr & 3) + (s->lcr & 0x08 ? 1 : 0) + (s->lcr & 0x04 ? 2 : 1);
    unsigned divisor = s->divisor ? s->divisor : 1;

    return 4 * bits * 16 * NANOSECONDS_PER_SECOND * divisor / SERIAL_CLOCK_HZ;
}

static void serial_on_timeout(void *opaque)
{
    Serial *s = opaque;

    if (s->fifo_len) {
        s->timed_out = true;
        serial_update_irq(s);
    }
}

static unsigned serial_depth(const Serial *s)
{
    return s->fcr & FCR_ENABLE ? SERIAL_FIFO_SIZE : 1;
}

/* A character has come to the head: its errors show in LSR, until that is read. */
static void serial_update_head(Serial *s)
{
    s->lsr &= ~LSR_DR;
    if (s->fifo_len) {
        s->lsr |= LSR_DR | (s->is_break[s->fifo_head] ? LSR_BI : 0);
    }
}

/* Bit 7 says that an error is somewhere in the FIFO. */
static uint8_t serial_lsr(const Serial *s)
{
    if (s->fcr & FCR_ENABLE) {
        for (unsigned i = 0; i < s->fifo_len; i++) {
            if (s->is_break[(s->fifo_head + i) % SERIAL_FIFO_SIZE]) {
                return s->lsr | LSR_FIFO_ERROR;
            }
        }
    }
    return s->lsr;
}

/* What was not read in time: the FIFO keeps what it has, the single register takes the new one. */
static void serial_overrun(Serial *s, uint8_t c, bool is_break)
{
    s->lsr |= LSR_OE;
    if (!(s->fcr & FCR_ENABLE)) {
        s->fifo[s->fifo_head] = c;
        s->is_break[s->fifo_head] = is_break;
        serial_update_head(s);
    }
}

/* The time-out counts from the last character that came or was read. */
static void serial_rearm_timeout(Serial *s)
{
    if ((s->fcr & FCR_ENABLE) && s->fifo_len && !s->timed_out) {
        timer_mod(&s->timeout, clock_get_ns(VM_CLOCK_VIRTUAL) + serial_timeout_ns(s));
    } else {
        timer_del(&s->timeout);
    }
}

static void serial_receive_char(Serial *s, uint8_t c, bool is_break)
{
    unsigned tail;

    if (s->fifo_len >= serial_depth(s)) {
        serial_overrun(s, c, is_break);
        return;
    }
    tail = (s->fifo_head + s->fifo_len++) % SERIAL_FIFO_SIZE;
    s->fifo[tail] = c;
    s->is_break[tail] = is_break;
    if (s->fifo_len == 1) {
        serial_update_head(s);
    }
    serial_rearm_timeout(s);
}

static size_t serial_can_receive(void *opaque)
{
    Serial *s = opaque;

    return s->mcr & MCR_LOOP ? 0 : serial_depth(s) - MIN(s->fifo_len, serial_depth(s));
}

static void serial_receive(void *opaque, const uint8_t *buf, size_t len)
{
    Serial *s = opaque;

    for (size_t i = 0; i < len; i++) {
        serial_receive_char(s, buf[i], false);
    }
    serial_update_irq(s);
}

static void serial_event(void *opaque, ChardevEvent event)
{
    Serial *s = opaque;

    if (event == CHARDEV_BREAK && !(s->mcr & MCR_LOOP)) {
        serial_receive_char(s, 0, true);
        serial_update_irq(s);
    }
}

static const ChardevHandlers serial_handlers = {
    .can_receive = serial_can_receive,
    .receive = serial_receive,
    .event = serial_event,
};

static void serial_clear_receiver(Serial *s)
{
    s->fifo_len = 0;
    s->timed_out = false;
    timer_del(&s->timeout);
    serial_update_head(s);
}

static uint8_t serial_read_rbr(Serial *s)
{
    uint8_t c = s->fifo[s->fifo_head];

    if (s->fifo_len) {
        s->fifo_head = (s->fifo_head + 1) % SERIAL_FIFO_SIZE;
        s->fifo_len--;
        s->timed_out = false;
        serial_rearm_timeout(s);
        serial_update_head(s);
        if (s->chr) {
            chardev_accept_input(s->chr);
        }
    }
    return c;
}

/* --------------------------------------------------------------------------- modem lines -- */

static void serial_set_modem(Serial *s, uint8_t lines)
{
    uint8_t changed = (s->msr ^ lines) & 0xf0;

    s->msr = (s->msr & MSR_DELTA) | lines;
    s->msr |= (changed & (MSR_CTS | MSR_DSR | MSR_DCD)) >> 4;
    if ((changed & MSR_RI) && !(lines & MSR_RI)) {
        s->msr |= MSR_TERI;
    }
}

/* A connected cable shows a ready peer; in loop-back the outputs come back as inputs. */
static void serial_update_modem(Serial *s)
{
    uint8_t lines = MSR_CTS | MSR_DSR | MSR_DCD;

    if (s->mcr & MCR_LOOP) {
        lines = (s->mcr & MCR_RTS ? MSR_CTS : 0) | (s->mcr & MCR_DTR ? MSR_DSR : 0) |
                (s->mcr & MCR_OUT1 ? MSR_RI : 0) | (s->mcr & MCR_OUT2 ? MSR_DCD : 0);
    }
    serial_set_modem(s, lines);
}

/* ----------------------------------------------------------------------------- registers -- */

static void serial_write_thr(Serial *s, uint8_t c)
{
    if (s->mcr & MCR_LOOP) {
        serial_receive_char(s, c, false);
    } else if (s->chr) {
        chardev_write(s->chr, &c, 1);
    }
    s->thr_empty_int = true; /* it has left already */
}

/* The other bits count only where the FIFO is being enabled, or was and stays so. */
static void serial_write_fcr(Serial *s, uint8_t val)
{
    bool changed = (val ^ s->fcr) & FCR_ENABLE;

    if (!(val & FCR_ENABLE)) {
        val = 0;
    }
    s->fcr = val & (FCR_ENABLE | FCR_DMA_MODE | FCR_TRIGGER);
    if (changed || (val & FCR_RESET_RCVR)) {
        serial_clear_receiver(s);
    }
    /* The transmitter's FIFO is empty at all times. */
    if (s->chr) {
        chardev_accept_input(s->chr);
    }
}

static void serial_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    Serial *s = opaque;
    uint8_t val = data;

    if ((s->lcr & LCR_DLAB) && (addr == DLL || addr == DLM)) {
        s->divisor = addr == DLL ? (s->divisor & 0xff00) | val : (s->divisor & 0xff) | val << 8;
        return;
    }
    switch (addr) {
    case THR:
        serial_write_thr(s, val);
        break;
    case IER:
        /* Enabling the THRE interrupt while the register is empty gives one. */
        if (val & ~s->ier & IER_ETBEI) {
            s->thr_empty_int = true;
        }
        s->ier = val & 0x0f;
        break;
    case FCR:
        serial_write_fcr(s, val);
        break;
    case LCR:
        s->lcr = val;
        break;
    case MCR:
        s->mcr = val & 0x1f;
        serial_update_modem(s);
        if (s->chr) {
            chardev_accept_input(s->chr);
        }
        break;
    case SCR:
        s->scr = val;
        break;
    default: /* LSR and MSR: for factory tests */
        break;
    }
    serial_update_irq(s);
}

static uint8_t serial_read_iir(Serial *s)
{
    uint8_t iir = serial_iir(s);

    if (iir == IIR_THRI) {
        s->thr_empty_int = false;
    }
    return iir | (s->fcr & FCR_ENABLE ? IIR_FIFO_ENABLED : 0);
}

static uint64_t serial_read(void *opaque, hwaddr addr, unsigned size)
{
    Serial *s = opaque;
    uint8_t val = 0xff;

    if ((s->lcr & LCR_DLAB) && (addr == DLL || addr == DLM)) {
        return addr == DLL ? s->divisor & 0xff : s->divisor >> 8;
    }
    switch (addr) {
    case RBR:
        val = serial_read_rbr(s);
        break;
    case IER:
        val = s->ier;
        break;
    case IIR:
        val = serial_read_iir(s);
        break;
    case LCR:
        val = s->lcr;
        break;
    case MCR:
        val = s->mcr;
        break;
    case LSR:
        val = serial_lsr(s);
        s->lsr &= ~LSR_ERRORS;
        if (s->fifo_len) {
            s->is_break[s->fifo_head] = false; /* it was shown */
        }
        break;
    case MSR:
        val = s->msr;
        s->msr &= ~MSR_DELTA;
        break;
    case SCR:
        val = s->scr;
        break;
    }
    serial_update_irq(s);
    return val;
}

static const RegisterName serial_registers[] = {
    {0x0, 1, "RBR/THR"}, {0x1, 1, "IER"}, {0x2, 1, "IIR/FCR"},
    {0x3, 1, "LCR"},     {0x4, 1, "MCR"}, {0x5, 1, "LSR"},
    {0x6, 1, "MSR"},     {0x7, 1, "SCR"}, {}};

static const MemoryRegionOps serial_ops = {
    .read = serial_read,
    .write = serial_write,
    .registers = serial_registers,
    .valid = {.min_access_size = 1, .max_access_size = 4, .unaligned = true},
    .impl = {.min_access_size = 1, .max_access_size = 1},
};

/* -------------------------------------------------------------------------------- device -- */

unsigned serial_index(Device *dev)
{
    return DEVICE_CAST(Serial, &serial_class, dev)->index;
}

static void serial_reset(Device *dev)
{
    Serial *s = DEVICE_CAST(Serial, &serial_class, dev);

    s->ier = s->lcr = s->scr = s->fcr = 0;
    s->mcr = 0;
    s->divisor = 0x0c;
    s->lsr = LSR_THRE | LSR_TEMT;
    s->thr_empty_int = false;
    s->fifo_head = 0;
    serial_clear_receiver(s);
    serial_update_modem(s);
    s->msr &= ~MSR_DELTA;
    serial_update_irq(s);
    if (s->chr) {
        chardev_accept_input(s->chr); /* the receiver has room again */
    }
}

/* Note in `opaque`, a bit mask, which COM port `dev` is. */
static void note_index(Device *dev, void *opaque)
{
    if (device_class_is(dev->cls, &serial_class)) {
        *(unsigned *)opaque |= 1u << serial_index(dev);
    }
}

static bool serial_choose_index(Serial *s, GError **errp)
{
    unsigned taken = 0;

    device_foreach(note_index, &taken);
    if (s->index == UINT32_MAX) {
        s->index = __builtin_ctz(~taken);
    }
    if (s->index >= SERIAL_PORTS) {
        error_setg(errp, "Max. supported number of ISA serial ports is %d.", SERIAL_PORTS);
        return false;
    }
    if (taken & 1u << s->index) {
        error_setg(errp, "serial port index %" PRIu32 " is in use: another index= is needed",
                   s->index);
        return false;
    }
    return true;
}

static bool serial_realize(Device *dev, GError **errp)
{
    static const uint16_t ports[SERIAL_PORTS] = {0x3f8, 0x2f8, 0x3e8, 0x2e8};
    static const uint8_t irqs[SERIAL_PORTS] = {4, 3, 4, 3};
    Serial *s = DEVICE_CAST(Serial, &serial_class, dev);

    if (!serial_choose_index(s, errp)) {
        return false;
    }
    if (s->chardev) {
        s->chr = chardev_find(s->chardev);
        if (!s->chr) {
            error_setg(errp, "Property 'isa-serial.chardev' can't find value '%s'", s->chardev);
            return false;
        }
        if (!chardev_attach(s->chr, &serial_handlers, s, errp)) {
            s->chr = NULL;
            return false;
        }
    }
    if (s->iobase == UINT32_MAX) {
        s->iobase = ports[s->index];
    }
    if (s->isairq == UINT32_MAX) {
        s->isairq = irqs[s->index];
    }
    timer_init(&s->timeout, VM_CLOCK_VIRTUAL, serial_on_timeout, s);
    s->irq = isa_get_irq(dev, s->isairq);
    memory_region_init_io(&s->io, &dev->owner, &serial_ops, s, "serial", 8);
    isa_register_ioport(dev, &s->io, s->iobase);
    return true;
}

static void serial_unrealize(Device *dev)
{
    Serial *s = DEVICE_CAST(Serial, &serial_class, dev);

    if (s->chr) {
        chardev_detach(s->chr, s);
    }
    timer_del(&s->timeout);
    irq_set(s->irq, 0);
    isa_unregister_ioport(dev, &s->io);
    memory_region_destroy(&s->io);
}

static const Property serial_props[] = {
    PROP_UINT32("index", Serial, index, UINT32_MAX, .help = "0 to 3: COM1 to COM4"),
    PROP_UINT32("iobase", Serial, iobase, UINT32_MAX, .max = 0xffff,
                .help = "first port, else by index"),
    PROP_UINT32("irq", Serial, isairq, UINT32_MAX, .max = ISA_IRQS - 1,
                .help = "ISA interrupt, else by index"),
    PROP_STRING("chardev", Serial, chardev, .help = "id of a chardev"),
    {}};

const DeviceClass serial_class = {
    .name = "isa-serial",
    .desc = "16550A serial port",
    .category = "Input",
    .parent = &isa_device_class,
    .size = sizeof(Serial),
    .props = serial_props,
    .realize = serial_realize,
    .unrealize = serial_unrealize,
    .reset = serial_reset,
};
