/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The 8042 as keyboard and mouse controller, with a PS/2 keyboard and a PS/2 mouse on it.
 *
 * Document: IBM PS/2 Hardware Interface Technical Reference, "Keyboard and Auxiliary Device
 * Controller".
 *
 * One byte at a time is in the output buffer. The next is put there when it has been read: answers
 * of the controller first, then bytes of the keyboard, then of the mouse; so nothing overwrites
 * what the guest has not read, and bit 5 of the status tells whose byte it is.
 *
 * No write to either port may be coalesced: each moves an interrupt line or starts the keyboard's
 * answer.
 *
 * Not modelled: the password commands (A4..A6), the controller's firmware revision and its mode
 * bits (A1, CA, CB), reads of nothing but zero from the test inputs (E0), time-outs on the cable.
 */
#include "hw/input/i8042.h"

#include <string.h>

#include "hw/core/log.h"
#include "hw/core/runstate.h"
#include "hw/input/input.h"
#include "hw/isa/isa.h"
#include "ps2.h"

#define I8042_STATUS_OBF      0x01 /* output buffer full */
#define I8042_STATUS_SYS      0x04 /* system flag, bit 2 of the command byte */
#define I8042_STATUS_CMD      0x08 /* the last write was to port 64 */
#define I8042_STATUS_UNLOCKED 0x10
#define I8042_STATUS_AUX_OBF  0x20 /* the byte in the output buffer is the mouse's */

#define I8042_MODE_KBD_INT     0x01
#define I8042_MODE_AUX_INT     0x02
#define I8042_MODE_SYS         0x04
#define I8042_MODE_DISABLE_KBD 0x10
#define I8042_MODE_DISABLE_AUX 0x20
#define I8042_MODE_XLATE       0x40

#define I8042_CMD_READ_RAM      0x20 /* 20..3F */
#define I8042_CMD_WRITE_RAM     0x60 /* 60..7F; 60 is the command byte */
#define I8042_CMD_DISABLE_AUX   0xa7
#define I8042_CMD_ENABLE_AUX    0xa8
#define I8042_CMD_TEST_AUX      0xa9
#define I8042_CMD_SELF_TEST     0xaa
#define I8042_CMD_TEST_KBD      0xab
#define I8042_CMD_DISABLE_KBD   0xad
#define I8042_CMD_ENABLE_KBD    0xae
#define I8042_CMD_READ_INPUT    0xc0
#define I8042_CMD_READ_OUTPUT   0xd0
#define I8042_CMD_WRITE_OUTPUT  0xd1
#define I8042_CMD_WRITE_KBD_OBF 0xd2
#define I8042_CMD_WRITE_AUX_OBF 0xd3
#define I8042_CMD_WRITE_AUX     0xd4
#define I8042_CMD_A20_OFF       0xdd
#define I8042_CMD_A20_ON        0xdf
#define I8042_CMD_READ_TEST     0xe0
#define I8042_CMD_PULSE         0xf0 /* F0..FF: bits that are 0 are pulsed low */

#define I8042_OUT_RESET   0x01 /* low: the CPU is held in reset */
#define I8042_OUT_A20     0x02
#define I8042_OUT_KBD_OBF 0x10
#define I8042_OUT_AUX_OBF 0x20
#define I8042_OUT_ONES    0xcc /* clock and data of both cables */

#define I8042_RAM_SIZE 32
#define I8042_ANSWERS  4

typedef struct I8042 {
    ISADevice isa;
    MemoryRegion data_port;     /* 60 */
    MemoryRegion command_port;  /* 64 */
    uint8_t kbd_irq, mouse_irq; /* properties */
    Irq *kbd_line, *mouse_line;
    Irq *a20; /* gpio "a20" */

    uint8_t status;
    uint8_t ram[I8042_RAM_SIZE]; /* byte 0 is the command byte */
    uint8_t out_port;            /* I8042_OUT_RESET and I8042_OUT_A20 */
    uint8_t output;              /* the output buffer, port 60 when read */
    int command;                 /* waits for its argument at port 60, or -1 */
    bool break_seen;             /* translation: F0 came, the next byte is a break */
    struct {
        uint8_t data;
        bool aux;
    } answers[I8042_ANSWERS]; /* of the controller itself, waiting for the output buffer */
    unsigned n_answers;

    PS2Keyboard kbd;
    PS2Mouse mouse;
} I8042;

/* Set 2 to set 1; what is not here stays as it is. */
static const uint8_t translation[0x85] = {
    0xff, 0x43, 0x41, 0x3f, 0x3d, 0x3b, 0x3c, 0x58, 0x64, 0x44, 0x42, 0x40, 0x3e, 0x0f, 0x29,
    0x59, 0x65, 0x38, 0x2a, 0x70, 0x1d, 0x10, 0x02, 0x5a, 0x66, 0x71, 0x2c, 0x1f, 0x1e, 0x11,
    0x03, 0x5b, 0x67, 0x2e, 0x2d, 0x20, 0x12, 0x05, 0x04, 0x5c, 0x68, 0x39, 0x2f, 0x21, 0x14,
    0x13, 0x06, 0x5d, 0x69, 0x31, 0x30, 0x23, 0x22, 0x15, 0x07, 0x5e, 0x6a, 0x72, 0x32, 0x24,
    0x16, 0x08, 0x09, 0x5f, 0x6b, 0x33, 0x25, 0x17, 0x18, 0x0b, 0x0a, 0x60, 0x6c, 0x34, 0x35,
    0x26, 0x27, 0x19, 0x0c, 0x61, 0x6d, 0x73, 0x28, 0x74, 0x1a, 0x0d, 0x62, 0x6e, 0x3a, 0x36,
    0x1c, 0x1b, 0x75, 0x2b, 0x63, 0x76, 0x55, 0x56, 0x77, 0x78, 0x79, 0x7a, 0x0e, 0x7b, 0x7c,
    0x4f, 0x7d, 0x4b, 0x47, 0x7e, 0x7f, 0x6f, 0x52, 0x53, 0x50, 0x4c, 0x4d, 0x48, 0x01, 0x45,
    0x57, 0x4e, 0x51, 0x4a, 0x37, 0x49, 0x46, 0x54, 0x80, 0x81, 0x82, 0x41, 0x54,
};

static uint8_t i8042_mode(const I8042 *s)
{
    return s->ram[0];
}

/* ------------------------------------------------------------------------- the output buffer */

static void i8042_update_irq(I8042 *s)
{
    bool full = s->status & I8042_STATUS_OBF, aux = s->status & I8042_STATUS_AUX_OBF;

    /* A keyboard whose clock is held low interrupts nobody; firmware reads answers meanwhile. */
    irq_set(s->kbd_line, full && !aux && (i8042_mode(s) & I8042_MODE_KBD_INT) &&
                             !(i8042_mode(s) & I8042_MODE_DISABLE_KBD));
    irq_set(s->mouse_line, full && aux && (i8042_mode(s) & I8042_MODE_AUX_INT));
}

static void i8042_set_output(I8042 *s, uint8_t val, bool aux)
{
    s->output = val;
    s->status =
        (s->status & ~I8042_STATUS_AUX_OBF) | I8042_STATUS_OBF | (aux ? I8042_STATUS_AUX_OBF : 0);
}

/* The next byte of the keyboard, translated if that is on. False: only prefixes were there. */
static bool i8042_read_keyboard(I8042 *s, uint8_t *val)
{
    while (ps2_pending(&s->kbd.port)) {
        *val = ps2_read(&s->kbd.port);
        if (!(i8042_mode(s) & I8042_MODE_XLATE)) {
            s->break_seen = false;
            return true;
        }
        if (*val == 0xf0) {
            s->break_seen = true;
            continue;
        }
        if (*val < G_N_ELEMENTS(translation)) {
            *val = translation[*val] | (s->break_seen ? 0x80 : 0);
        }
        /* The prefix E0 may stand before F0, never after. */
        s->break_seen = false;
        return true;
    }
    return false;
}

/* Put the next byte into the output buffer if it is free; then set the lines. */
static void i8042_update(I8042 *s)
{
    uint8_t val;

    if (!(s->status & I8042_STATUS_OBF)) {
        if (s->n_answers) {
            i8042_set_output(s, s->answers[0].data, s->answers[0].aux);
            s->n_answers--;
            memmove(&s->answers[0], &s->answers[1], s->n_answers * sizeof(s->answers[0]));
        } else if (!(i8042_mode(s) & I8042_MODE_DISABLE_KBD) && i8042_read_keyboard(s, &val)) {
            i8042_set_output(s, val, false);
        } else if (!(i8042_mode(s) & I8042_MODE_DISABLE_AUX) && ps2_pending(&s->mouse.port)) {
            i8042_set_output(s, ps2_read(&s->mouse.port), true);
        }
    }
    i8042_update_irq(s);
}

static void i8042_ready(void *opaque)
{
    i8042_update(opaque);
}

/* An answer of the controller. One whom nobody reads makes place for the newest. */
static void i8042_answer(I8042 *s, uint8_t val, bool aux)
{
    if (s->n_answers == I8042_ANSWERS) {
        log_guest_error("i8042: answers are not read");
        s->n_answers--;
    }
    s->answers[s->n_answers].data = val;
    s->answers[s->n_answers].aux = aux;
    s->n_answers++;
    i8042_update(s);
}

/* ----------------------------------------------------------------------- command byte, output */

static void i8042_set_mode(I8042 *s, uint8_t mode)
{
    s->ram[0] = mode;
    s->status = (s->status & ~I8042_STATUS_SYS) | (mode & I8042_MODE_SYS ? I8042_STATUS_SYS : 0);
    i8042_update(s);
}

static void i8042_set_out_port(I8042 *s, uint8_t val)
{
    s->out_port = val & (I8042_OUT_RESET | I8042_OUT_A20);
    irq_set(s->a20, !!(val & I8042_OUT_A20));
    if (!(val & I8042_OUT_RESET)) {
        runstate_request_reset(SHUTDOWN_CAUSE_GUEST_RESET);
    }
}

static uint8_t i8042_get_out_port(const I8042 *s)
{
    uint8_t val = s->out_port | I8042_OUT_ONES;

    if (s->status & I8042_STATUS_OBF) {
        val |= s->status & I8042_STATUS_AUX_OBF ? I8042_OUT_AUX_OBF : I8042_OUT_KBD_OBF;
    }
    return val;
}

/* ------------------------------------------------------------------------------------- ports */

static uint64_t i8042_read_data(void *opaque, hwaddr addr, unsigned size)
{
    I8042 *s = opaque;
    uint8_t val = s->output;

    if (s->status & I8042_STATUS_OBF) {
        s->status &= ~(I8042_STATUS_OBF | I8042_STATUS_AUX_OBF);
        /* The line falls before the next byte raises it: an edge for each byte. */
        i8042_update_irq(s);
        i8042_update(s);
    }
    return val;
}

static uint64_t i8042_read_status(void *opaque, hwaddr addr, unsigned size)
{
    I8042 *s = opaque;

    return s->status;
}

static void i8042_write_data(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    I8042 *s = opaque;
    uint8_t val = data;
    int command = s->command;

    s->status &= ~I8042_STATUS_CMD;
    s->command = -1;
    switch (command) {
    case -1: /* for the keyboard, whose clock is let go */
        i8042_set_mode(s, i8042_mode(s) & ~I8042_MODE_DISABLE_KBD);
        ps2_keyboard_write(&s->kbd, val);
        break;
    case I8042_CMD_WRITE_RAM:
        i8042_set_mode(s, val);
        break;
    case I8042_CMD_WRITE_RAM + 1 ... I8042_CMD_WRITE_RAM + I8042_RAM_SIZE - 1:
        s->ram[command - I8042_CMD_WRITE_RAM] = val;
        break;
    case I8042_CMD_WRITE_OUTPUT:
        i8042_set_out_port(s, val);
        break;
    case I8042_CMD_WRITE_KBD_OBF:
        i8042_answer(s, val, false);
        break;
    case I8042_CMD_WRITE_AUX_OBF:
        i8042_answer(s, val, true);
        break;
    case I8042_CMD_WRITE_AUX:
        i8042_set_mode(s, i8042_mode(s) & ~I8042_MODE_DISABLE_AUX);
        ps2_mouse_write(&s->mouse, val);
        break;
    default:
        g_assert_not_reached(); /* i8042_write_command() stores no other */
    }
}

static void i8042_write_command(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    I8042 *s = opaque;
    uint8_t val = data;

    s->status |= I8042_STATUS_CMD;
    s->command = -1;
    switch (val) {
    case I8042_CMD_READ_RAM ... I8042_CMD_READ_RAM + I8042_RAM_SIZE - 1:
        i8042_answer(s, s->ram[val - I8042_CMD_READ_RAM], false);
        break;
    case I8042_CMD_WRITE_RAM ... I8042_CMD_WRITE_RAM + I8042_RAM_SIZE - 1:
    case I8042_CMD_WRITE_OUTPUT ... I8042_CMD_WRITE_AUX:
        s->command = val;
        break;
    case I8042_CMD_DISABLE_AUX:
        i8042_set_mode(s, i8042_mode(s) | I8042_MODE_DISABLE_AUX);
        break;
    case I8042_CMD_ENABLE_AUX:
        i8042_set_mode(s, i8042_mode(s) & ~I8042_MODE_DISABLE_AUX);
        break;
    case I8042_CMD_SELF_TEST:
        i8042_set_mode(s, i8042_mode(s) | I8042_MODE_SYS);
        i8042_answer(s, 0x55, false);
        break;
    case I8042_CMD_TEST_AUX:
    case I8042_CMD_TEST_KBD:
    case I8042_CMD_READ_TEST:
        i8042_answer(s, 0x00, false);
        break;
    case I8042_CMD_DISABLE_KBD:
        i8042_set_mode(s, i8042_mode(s) | I8042_MODE_DISABLE_KBD);
        break;
    case I8042_CMD_ENABLE_KBD:
        i8042_set_mode(s, i8042_mode(s) & ~I8042_MODE_DISABLE_KBD);
        break;
    case I8042_CMD_READ_INPUT:
        i8042_answer(s, 0x80, false); /* the key lock is open */
        break;
    case I8042_CMD_READ_OUTPUT:
        i8042_answer(s, i8042_get_out_port(s), false);
        break;
    case I8042_CMD_A20_OFF:
        i8042_set_out_port(s, s->out_port & ~I8042_OUT_A20);
        break;
    case I8042_CMD_A20_ON:
        i8042_set_out_port(s, s->out_port | I8042_OUT_A20);
        break;
    case I8042_CMD_PULSE ... 0xff:
        /* Of the four lines only reset does something within 6 us. */
        if (!(val & I8042_OUT_RESET)) {
            runstate_request_reset(SHUTDOWN_CAUSE_GUEST_RESET);
        }
        break;
    default:
        log_unimp("i8042: command %02x", val);
        break;
    }
}

static const RegisterName i8042_data_registers[] = {{0x0, 1, "DATA"}, {}};

static const MemoryRegionOps i8042_data_ops = {
    .read = i8042_read_data,
    .write = i8042_write_data,
    .registers = i8042_data_registers,
    .valid = {.min_access_size = 1, .max_access_size = 1},
};

static const RegisterName i8042_command_registers[] = {{0x0, 1, "STATUS/COMMAND"}, {}};

static const MemoryRegionOps i8042_command_ops = {
    .read = i8042_read_status,
    .write = i8042_write_command,
    .registers = i8042_command_registers,
    .valid = {.min_access_size = 1, .max_access_size = 1},
};

/* ------------------------------------------------------------------------------------- input */

static void i8042_key(void *opaque, KeyCode key, bool down)
{
    ps2_keyboard_key(&((I8042 *)opaque)->kbd, key, down);
}

static void i8042_relative(void *opaque, int dx, int dy)
{
    ps2_mouse_move(&((I8042 *)opaque)->mouse, dx, dy);
}

static void i8042_button(void *opaque, InputButton button, bool down)
{
    ps2_mouse_button(&((I8042 *)opaque)->mouse, button, down);
}

static void i8042_sync(void *opaque)
{
    ps2_mouse_sync(&((I8042 *)opaque)->mouse);
}

static const InputHandler i8042_input = {
    .name = "PS/2 keyboard and mouse",
    .key = i8042_key,
    .relative = i8042_relative,
    .button = i8042_button,
    .sync = i8042_sync,
};

/* ------------------------------------------------------------------------------------- class */

static void i8042_reset(Device *dev)
{
    I8042 *s = (I8042 *)dev;

    s->status = I8042_STATUS_UNLOCKED;
    memset(s->ram, 0, sizeof(s->ram));
    s->ram[0] = I8042_MODE_KBD_INT | I8042_MODE_AUX_INT;
    s->out_port = I8042_OUT_RESET | I8042_OUT_A20;
    s->output = 0;
    s->command = -1;
    s->break_seen = false;
    s->n_answers = 0;
    ps2_keyboard_reset(&s->kbd);
    ps2_mouse_reset(&s->mouse);
    i8042_update_irq(s);
    /* No interrupt but a gate, which is open when a PC starts. */
    irq_set(s->a20, 1);
}

static bool i8042_realize(Device *dev, GError **errp)
{
    I8042 *s = (I8042 *)dev;

    s->kbd_line = isa_get_irq(dev, s->kbd_irq);
    s->mouse_line = isa_get_irq(dev, s->mouse_irq);
    device_init_gpio_out(dev, "a20", &s->a20, 1);
    memory_region_init_io(&s->data_port, &dev->owner, &i8042_data_ops, s, "i8042-data", 1);
    memory_region_init_io(&s->command_port, &dev->owner, &i8042_command_ops, s, "i8042-cmd", 1);
    isa_register_ioport(dev, &s->data_port, 0x60);
    isa_register_ioport(dev, &s->command_port, 0x64);
    ps2_keyboard_init(&s->kbd, i8042_ready, s);
    ps2_mouse_init(&s->mouse, i8042_ready, s);
    input_register(&i8042_input, s);
    i8042_reset(dev);
    return true;
}

static void i8042_unrealize(Device *dev)
{
    I8042 *s = (I8042 *)dev;

    input_unregister(s); /* the bus takes the ports back */
}

static const Property i8042_props[] = {
    PROP_UINT8("kbd-irq", I8042, kbd_irq, 1, .max = 15, .help = "ISA interrupt of the keyboard"),
    PROP_UINT8("mouse-irq", I8042, mouse_irq, 12, .max = 15, .help = "ISA interrupt of the mouse"),
    {}};

const DeviceClass i8042_class = {
    .name = "i8042",
    .desc = "keyboard and mouse controller with a PS/2 keyboard and mouse",
    .category = "Input",
    .parent = &isa_device_class,
    .size = sizeof(I8042),
    .props = i8042_props,
    .realize = i8042_realize,
    .unrealize = i8042_unrealize,
    .reset = i8042_reset,
};
