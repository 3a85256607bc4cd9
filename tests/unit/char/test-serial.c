/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The 16550A against its data sheet (National Semiconductor PC16550D), the debug port and the debug
 * exit, by port accesses.
 */
#include "harness.h"

#include "backends/char.h"
#include "hw/char/debugcon.h"
#include "hw/char/serial.h"
#include "hw/core/runstate.h"
#include "hw/misc/debugexit.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COM1 = 0x3f8, RBR = COM1, THR = COM1, IER, IIR, FCR = IIR, LCR, MCR, LSR, MSR, SCR };

#define OUT2 0x08
#define LOOP 0x10

/* COM1 with a person at a pipe behind a mux, which can send a break with Ctrl-A b. */
typedef struct Rig {
    Harness h;
    Device *dev;
    Chardev *chr;
    int in;  /* what is written here the guest receives */
    int out; /* what the guest sends */
} Rig;

static Chardev *make_chardev(const char *text)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(Opts) opts = opts_parse(text, "backend", NULL);
    Chardev *chr = chardev_new(opts, &err);

    g_assert_no_error(err);
    return chr;
}

static void begin(Rig *rig)
{
    g_autofree char *folder = g_dir_make_tmp("lignite-serial-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "p", NULL);
    g_autofree char *in = g_strconcat(path, ".in", NULL);
    g_autofree char *out = g_strconcat(path, ".out", NULL);
    g_autofree char *text = g_strdup_printf("pipe,id=c,path=%s,mux=on", path);

    g_assert_cmpint(mkfifo(in, 0600), ==, 0);
    g_assert_cmpint(mkfifo(out, 0600), ==, 0);
    rig->chr = make_chardev(text);
    rig->in = open(in, O_WRONLY);
    rig->out = open(out, O_RDONLY | O_NONBLOCK);
    g_unlink(in);
    g_unlink(out);
    g_rmdir(folder);
    harness_begin(&rig->h);
    rig->dev = harness_isa_device(&rig->h, &serial_class, "chardev", "c", NULL);
}

static void end(Rig *rig)
{
    harness_end(&rig->h);
    chardev_close_all();
    close(rig->in);
    close(rig->out);
}

/* The person types; all of it reaches the mux. */
static void type_in(Rig *rig, const char *text)
{
    g_assert_cmpint(write(rig->in, text, strlen(text)), ==, strlen(text));
    while (g_main_context_iteration(NULL, FALSE)) {
    }
}

static int line(Rig *rig)
{
    return rig->h.irq[4].level;
}

static void expect_output(Rig *rig, const char *text)
{
    char buf[256];
    ssize_t n = read(rig->out, buf, sizeof(buf));

    g_assert_cmpmem(buf, MAX(n, 0), text, strlen(text));
}

static void set_divisor(uint16_t divisor)
{
    uint8_t lcr = inb(LCR);

    outb(LCR, lcr | 0x80);
    outb(COM1, divisor & 0xff);
    outb(COM1 + 1, divisor >> 8);
    outb(LCR, lcr);
}

/* ------------------------------------------------------------------------------- registers -- */

static void test_after_reset(void)
{
    Rig rig;

    begin(&rig);
    for (int round = 0; round < 2; round++) {
        g_assert_cmphex(inb(IER), ==, 0x00);
        g_assert_cmphex(inb(IIR), ==, 0x01);
        g_assert_cmphex(inb(LCR), ==, 0x00);
        g_assert_cmphex(inb(MCR), ==, 0x00);
        g_assert_cmphex(inb(LSR), ==, 0x60);
        g_assert_cmphex(inb(MSR), ==, 0xb0);
        g_assert_cmpint(line(&rig), ==, 0);
        /* Make a mess, and reset. */
        outb(FCR, 0x01);
        outb(IER, 0x0f);
        outb(LCR, 0x1b);
        outb(MCR, 0x0b);
        type_in(&rig, "x");
        device_reset(rig.dev);
    }
    end(&rig);
}

static void test_registers_keep_their_bits(void)
{
    Rig rig;

    begin(&rig);
    for (unsigned v = 0; v < 256; v++) {
        outb(SCR, v);
        g_assert_cmphex(inb(SCR), ==, v);
        outb(LCR, v);
        g_assert_cmphex(inb(LCR), ==, v);
        outb(LCR, 0);
        outb(IER, v);
        g_assert_cmphex(inb(IER), ==, v & 0x0f);
        outb(MCR, v);
        g_assert_cmphex(inb(MCR), ==, v & 0x1f);
    }
    outb(MCR, 0);
    inb(MSR);
    outb(LSR, 0xff); /* for factory tests: no effect */
    outb(MSR, 0xff);
    g_assert_cmphex(inb(LSR), ==, 0x60);
    g_assert_cmphex(inb(MSR), ==, 0xb0);
    end(&rig);
}

static void test_divisor_latch(void)
{
    Rig rig;

    begin(&rig);
    outb(IER, 0x05);
    outb(LCR, 0x83);
    outb(COM1, 0x34);
    outb(COM1 + 1, 0x12);
    g_assert_cmphex(inb(COM1), ==, 0x34);
    g_assert_cmphex(inb(COM1 + 1), ==, 0x12);
    expect_output(&rig, ""); /* it was no character */
    outb(LCR, 0x03);
    g_assert_cmphex(inb(IER), ==, 0x05);
    outb(THR, 'c');
    expect_output(&rig, "c");
    end(&rig);
}

/* 0 as a divisor has no meaning; it must not be divided by. */
static void test_divisor_zero(void)
{
    Rig rig;

    begin(&rig);
    set_divisor(0);
    outb(FCR, 0xc1);
    outb(IER, 0x01);
    type_in(&rig, "x");
    step(NANOSECONDS_PER_SECOND);
    g_assert_cmphex(inb(IIR), ==, 0xcc);
    set_divisor(0xffff);
    inb(RBR);
    type_in(&rig, "x");
    step(100 * NANOSECONDS_PER_SECOND);
    g_assert_cmphex(inb(IIR), ==, 0xcc);
    end(&rig);
}

/* The bus makes byte cycles of a wide access: drivers write the divisor so. */
static void test_wide_accesses(void)
{
    Rig rig;

    begin(&rig);
    outb(LCR, 0x80);
    outw(COM1, 0x1234);
    g_assert_cmphex(inb(COM1), ==, 0x34);
    g_assert_cmphex(inb(COM1 + 1), ==, 0x12);
    g_assert_cmphex(inl(COM1), ==, 0x80011234);
    outw(LCR, 0x0303); /* at an odd port */
    g_assert_cmphex(inw(LCR), ==, 0x0303);
    end(&rig);
}

/* ------------------------------------------------------------------------------ transmitter -- */

static void test_transmit(void)
{
    Rig rig;

    begin(&rig);
    for (const char *c = "hello"; *c; c++) {
        g_assert_cmphex(inb(LSR) & 0x60, ==, 0x60);
        outb(THR, *c);
    }
    expect_output(&rig, "hello");
    end(&rig);
}

/* The interrupt comes with its enabling and after each character; reading IIR clears it. */
static void test_thre_interrupt(void)
{
    Rig rig;

    begin(&rig);
    outb(MCR, OUT2);
    outb(THR, 'a');
    g_assert_cmpint(line(&rig), ==, 0);
    outb(IER, 0x02);
    g_assert_cmpint(line(&rig), ==, 1);
    g_assert_cmphex(inb(IIR), ==, 0x02);
    g_assert_cmpint(line(&rig), ==, 0);
    g_assert_cmphex(inb(IIR), ==, 0x01);
    outb(IER, 0x02); /* was enabled already */
    g_assert_cmpint(line(&rig), ==, 0);
    outb(THR, 'b');
    g_assert_cmpint(line(&rig), ==, 1);
    outb(IER, 0x00);
    g_assert_cmpint(line(&rig), ==, 0);
    g_assert_cmphex(inb(IIR), ==, 0x01); /* reading another source clears nothing */
    outb(IER, 0x02);
    g_assert_cmpint(line(&rig), ==, 1);
    g_assert_cmphex(inb(LSR), ==, 0x60); /* nor does LSR */
    g_assert_cmpint(line(&rig), ==, 1);
    end(&rig);
}

/* --------------------------------------------------------------------------------- receiver -- */

static void test_receive_single(void)
{
    Rig rig;

    begin(&rig);
    outb(MCR, OUT2);
    outb(IER, 0x01);
    type_in(&rig, "ab");
    g_assert_cmpint(line(&rig), ==, 1);
    g_assert_cmphex(inb(IIR), ==, 0x04);
    g_assert_cmphex(inb(LSR), ==, 0x61);
    g_assert_cmpint(inb(RBR), ==, 'a');
    g_assert_cmpint(line(&rig), ==, 1); /* the next one came as there was room */
    g_assert_cmpint(inb(RBR), ==, 'b');
    g_assert_cmpint(line(&rig), ==, 0);
    g_assert_cmphex(inb(LSR), ==, 0x60);
    end(&rig);
}

static void test_fifo_triggers(void)
{
    static const struct {
        uint8_t fcr;
        unsigned level;
    } rows[] = {{0x01, 1}, {0x41, 4}, {0x81, 8}, {0xc1, 14}};

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        Rig rig;

        begin(&rig);
        outb(MCR, OUT2);
        outb(IER, 0x01);
        outb(FCR, rows[i].fcr);
        for (unsigned n = 1; n < rows[i].level; n++) {
            type_in(&rig, "x");
            g_assert_cmpint(line(&rig), ==, 0);
            g_assert_cmphex(inb(IIR), ==, 0xc1);
            g_assert_cmphex(inb(LSR), ==, 0x61); /* data is there all the same */
        }
        type_in(&rig, "x");
        g_assert_cmpint(line(&rig), ==, 1);
        g_assert_cmphex(inb(IIR), ==, 0xc4);
        inb(RBR);
        g_assert_cmpint(line(&rig), ==, 0); /* below the trigger again */
        end(&rig);
    }
}

static void test_fifo_order_and_depth(void)
{
    static const char text[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    Rig rig;

    begin(&rig);
    outb(FCR, 0x01);
    type_in(&rig, text);
    for (const char *c = text; *c; c++) {
        g_assert_cmphex(inb(LSR), ==, 0x61); /* never an overrun: the rest waits outside */
        g_assert_cmpint(inb(RBR), ==, *c);
    }
    g_assert_cmphex(inb(LSR), ==, 0x60);
    end(&rig);
}

/* Four characters' time at 9600 8N1: 4 * 10 bits. */
static void test_time_out(void)
{
    const int64_t four_characters = 4 * 10 * NANOSECONDS_PER_SECOND / 9600;
    Rig rig;

    begin(&rig);
    outb(LCR, 0x03);
    set_divisor(12);
    outb(MCR, OUT2);
    outb(IER, 0x01);
    outb(FCR, 0xc1);
    type_in(&rig, "a");
    step(four_characters / 2);
    type_in(&rig, "b"); /* starts the time anew */
    step(four_characters * 3 / 4);
    g_assert_cmpint(line(&rig), ==, 0);
    step(four_characters / 2);
    g_assert_cmpint(line(&rig), ==, 1);
    g_assert_cmphex(inb(IIR), ==, 0xcc);
    g_assert_cmphex(inb(IIR), ==, 0xcc); /* reading IIR does not clear it */
    type_in(&rig, "c");                  /* nor does another character */
    g_assert_cmphex(inb(IIR), ==, 0xcc);
    inb(RBR);
    g_assert_cmpint(line(&rig), ==, 0);
    step(four_characters * 2); /* what is left times out again */
    g_assert_cmpint(line(&rig), ==, 1);
    inb(RBR);
    inb(RBR);
    step(NANOSECONDS_PER_SECOND);
    g_assert_cmpint(line(&rig), ==, 0);
    end(&rig);
}

static void test_no_time_out_without_fifo(void)
{
    Rig rig;

    begin(&rig);
    outb(IER, 0x01);
    type_in(&rig, "a");
    step(NANOSECONDS_PER_SECOND);
    g_assert_cmphex(inb(IIR), ==, 0x04);
    end(&rig);
}

static void test_fifo_reset(void)
{
    Rig rig;

    begin(&rig);
    outb(FCR, 0x01);
    type_in(&rig, "abc");
    outb(FCR, 0x02); /* with bit 0 clear the others do not count, but the change empties it */
    g_assert_cmphex(inb(LSR), ==, 0x60);
    g_assert_cmphex(inb(IIR), ==, 0x01);
    type_in(&rig, "d");
    outb(FCR, 0x06);
    g_assert_cmphex(inb(LSR), ==, 0x61);
    outb(FCR, 0x01); /* switching on empties it too */
    g_assert_cmphex(inb(LSR), ==, 0x60);
    type_in(&rig, "ef");
    outb(FCR, 0x05); /* the transmitter's only */
    g_assert_cmphex(inb(LSR), ==, 0x61);
    outb(FCR, 0x03);
    g_assert_cmphex(inb(LSR), ==, 0x60);
    end(&rig);
}

static void test_break(void)
{
    Rig rig;

    begin(&rig);
    outb(MCR, OUT2);
    outb(IER, 0x04);
    type_in(&rig, "\001b");
    g_assert_cmpint(line(&rig), ==, 1);
    g_assert_cmphex(inb(IIR), ==, 0x06);
    g_assert_cmphex(inb(LSR), ==, 0x71);
    g_assert_cmpint(line(&rig), ==, 0); /* reading LSR clears it */
    g_assert_cmphex(inb(LSR), ==, 0x61);
    g_assert_cmphex(inb(RBR), ==, 0x00); /* a break is a zero */
    end(&rig);
}

/* In the FIFO a break shows when it comes to the head; bit 7 shows it before. */
static void test_break_in_fifo(void)
{
    Rig rig;

    begin(&rig);
    outb(MCR, OUT2);
    outb(IER, 0x04);
    outb(FCR, 0x01);
    type_in(&rig, "a\001b");
    g_assert_cmpint(line(&rig), ==, 0);
    g_assert_cmphex(inb(LSR), ==, 0xe1);
    g_assert_cmpint(inb(RBR), ==, 'a');
    g_assert_cmpint(line(&rig), ==, 1);
    g_assert_cmphex(inb(IIR), ==, 0xc6);
    g_assert_cmphex(inb(LSR), ==, 0xf1);
    g_assert_cmphex(inb(LSR), ==, 0x61);
    g_assert_cmphex(inb(RBR), ==, 0x00);
    end(&rig);
}

/* ---------------------------------------------------------------- loop-back and modem lines -- */

static void test_loopback_data(void)
{
    Rig rig;

    begin(&rig);
    outb(MCR, LOOP);
    type_in(&rig, "outside");
    g_assert_cmphex(inb(LSR), ==, 0x60); /* the line is not connected */
    outb(THR, 'i');
    g_assert_cmphex(inb(LSR), ==, 0x61);
    g_assert_cmpint(inb(RBR), ==, 'i');
    expect_output(&rig, "");
    outb(MCR, 0);
    for (const char *c = "outside"; *c; c++) {
        g_assert_cmpint(inb(RBR), ==, *c);
    }
    end(&rig);
}

/* Without the FIFO the newer character wins, with it the older ones. */
static void test_overrun(void)
{
    Rig rig;

    begin(&rig);
    outb(MCR, LOOP);
    outb(IER, 0x04);
    outb(THR, 'a');
    outb(THR, 'b');
    g_assert_cmphex(inb(IIR), ==, 0x06);
    g_assert_cmphex(inb(LSR), ==, 0x63);
    g_assert_cmphex(inb(LSR), ==, 0x61);
    g_assert_cmpint(inb(RBR), ==, 'b');

    outb(FCR, 0x01);
    for (int i = 0; i < 17; i++) {
        outb(THR, 'A' + i);
    }
    g_assert_cmphex(inb(LSR), ==, 0x63);
    for (int i = 0; i < 16; i++) {
        g_assert_cmpint(inb(RBR), ==, 'A' + i);
    }
    g_assert_cmphex(inb(LSR), ==, 0x60);
    end(&rig);
}

static void test_loopback_modem_lines(void)
{
    static const struct {
        uint8_t mcr, msr;
    } rows[] = {{0x01, 0x20}, {0x02, 0x10}, {0x04, 0x40}, {0x08, 0x80}, {0x0f, 0xf0}, {0, 0}};
    Rig rig;

    begin(&rig);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        outb(MCR, LOOP | rows[i].mcr);
        g_assert_cmphex(inb(MSR) & 0xf0, ==, rows[i].msr);
        g_assert_cmphex(inb(MSR) & 0x0f, ==, 0); /* reading cleared the deltas */
    }
    /* Deltas: any change of CTS, DSR, DCD; RI at its trailing edge only. */
    outb(MCR, LOOP | 0x02);
    g_assert_cmphex(inb(MSR), ==, 0x11);
    outb(MCR, LOOP | 0x06);
    g_assert_cmphex(inb(MSR), ==, 0x50);
    outb(MCR, LOOP | 0x02);
    g_assert_cmphex(inb(MSR), ==, 0x14);
    outb(MCR, LOOP | 0x09);
    g_assert_cmphex(inb(MSR), ==, 0xab);
    end(&rig);
}

static void test_modem_interrupt(void)
{
    Rig rig;

    begin(&rig);
    outb(IER, 0x08);
    outb(MCR, LOOP);
    g_assert_cmphex(inb(IIR), ==, 0x00);
    g_assert_cmphex(inb(MSR), ==, 0x0b);
    g_assert_cmphex(inb(IIR), ==, 0x01);
    end(&rig);
}

/* On a PC the interrupt passes a gate that OUT2 opens; loop-back makes the pin inactive. */
static void test_out2_gates_the_line(void)
{
    Rig rig;

    begin(&rig);
    outb(IER, 0x02);
    g_assert_cmpint(line(&rig), ==, 0);
    outb(MCR, OUT2);
    g_assert_cmpint(line(&rig), ==, 1);
    outb(MCR, OUT2 | LOOP);
    g_assert_cmpint(line(&rig), ==, 0);
    outb(MCR, 0);
    g_assert_cmpint(line(&rig), ==, 0);
    end(&rig);
}

static void test_interrupt_priorities(void)
{
    Rig rig;

    begin(&rig);
    outb(MCR, LOOP);
    inb(MSR);
    outb(IER, 0x0f);
    outb(MCR, LOOP | 0x01); /* modem status */
    outb(THR, 'a');         /* transmitter, receiver */
    outb(THR, 'b');         /* line status */
    g_assert_cmphex(inb(IIR), ==, 0x06);
    inb(LSR);
    g_assert_cmphex(inb(IIR), ==, 0x04);
    inb(RBR);
    g_assert_cmphex(inb(IIR), ==, 0x02);
    g_assert_cmphex(inb(IIR), ==, 0x00);
    inb(MSR);
    g_assert_cmphex(inb(IIR), ==, 0x01);
    end(&rig);
}

/* --------------------------------------------------------------------------- ports by index -- */

static bool realize(Harness *h, const DeviceClass *cls, const char *props, GError **errp)
{
    g_autoptr(Opts) opts = opts_parse(props, NULL, NULL);
    static const char *const names[] = {"index", "iobase", "irq", "chardev"};
    Device *dev = device_new(cls);
    bool ok = true;

    for (size_t i = 0; ok && i < G_N_ELEMENTS(names); i++) {
        const char *value = opts_get(opts, names[i]);

        ok = !value || device_set_property_str(dev, names[i], value, errp);
    }
    ok = ok && device_realize(dev, &h->isa.bus, errp);
    if (ok) {
        device_reset(dev);
    } else {
        device_free(dev);
    }
    return ok;
}

static void test_port_indexes(void)
{
    static const uint16_t ports[] = {0x3f8, 0x2f8, 0x3e8, 0x2e8};
    g_autoptr(GError) err = NULL;
    Harness h;

    harness_begin(&h);
    g_assert_true(realize(&h, &serial_class, "index=1", NULL));
    g_assert_false(realize(&h, &serial_class, "index=1", &err));
    g_assert_cmpstr(err->message, ==, "serial port index 1 is in use: another index= is needed");
    g_clear_error(&err);
    for (int i = 0; i < 3; i++) {
        g_assert_true(realize(&h, &serial_class, "", NULL)); /* 0, 2, 3 */
    }
    for (int i = 0; i < 4; i++) {
        g_assert_cmphex(inb(ports[i] + 5), ==, 0x60);
    }
    g_assert_false(realize(&h, &serial_class, "", &err));
    g_assert_cmpstr(err->message, ==, "Max. supported number of ISA serial ports is 4.");
    harness_end(&h);
}

static void test_bad_properties(void)
{
    static const struct {
        const char *props, *message;
    } rows[] = {
        {"irq=16", "Property 'isa-serial.irq' doesn't take value 16 (minimum: 0, maximum: 15)"},
        {"iobase=0x10000",
         "Property 'isa-serial.iobase' doesn't take value 65536 (minimum: 0, maximum: 65535)"},
        {"index=4", "Max. supported number of ISA serial ports is 4."},
        {"index=x", "Property 'isa-serial.index' expects an integer, not 'x'"},
        {"chardev=none", "Property 'isa-serial.chardev' can't find value 'none'"},
    };
    Harness h;

    harness_begin(&h);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) err = NULL;

        g_assert_false(realize(&h, &serial_class, rows[i].props, &err));
        g_assert_cmpstr(err->message, ==, rows[i].message);
        g_assert_cmphex(inb(LSR), ==, 0xff); /* nothing is left */
    }
    harness_end(&h);
}

/* Random accesses and input: nothing is checked but that it carries on. */
static void test_random_accesses(void)
{
    Rig rig;

    begin(&rig);
    for (int i = 0; i < 20000; i++) {
        unsigned port = COM1 + g_test_rand_int_range(0, 8);

        switch (g_test_rand_int_range(0, 8)) {
        case 0:
            type_in(&rig, i % 5 ? "x" : "\001b");
            break;
        case 1:
            step(g_test_rand_int_range(0, 10000000));
            break;
        case 2:
            (void)!read(rig.out, (char[4096]){}, 4096);
            break;
        case 3:
        case 4:
            inb(port);
            break;
        default:
            outb(port, g_test_rand_int());
            break;
        }
    }
    device_reset(rig.dev);
    g_assert_cmpint(line(&rig), ==, 0);
    end(&rig);
}

/* ---------------------------------------------------------------------- debugcon, debug-exit -- */

static void test_debugcon(void)
{
    Harness h;
    Chardev *chr = make_chardev("ringbuf,id=log");
    char buf[16];

    harness_begin(&h);
    harness_isa_device(&h, &debugcon_class, "chardev", "log", "iobase", "0x402", NULL);
    g_assert_cmphex(inb(0x402), ==, 0xe9);
    for (const char *c = "SeaBIOS"; *c; c++) {
        outb(0x402, *c);
    }
    g_assert_cmpuint(chardev_ringbuf_read(chr, buf, sizeof(buf)), ==, 7);
    g_assert_cmpmem(buf, 7, "SeaBIOS", 7);
    outw(0x402, 0x4142); /* the second byte is another port's */
    outb(0x403, 'x');
    g_assert_cmpuint(chardev_ringbuf_read(chr, buf, sizeof(buf)), ==, 1);
    g_assert_cmpint(buf[0], ==, 0x42);
    harness_end(&h);
    chardev_close_all();
}

static void test_debugcon_readback(void)
{
    Harness h;

    make_chardev("null,id=log");
    harness_begin(&h);
    harness_isa_device(&h, &debugcon_class, "chardev", "log", "readback", "0x42", NULL);
    g_assert_cmphex(inb(0xe9), ==, 0x42);
    harness_end(&h);
    chardev_close_all();
}

static void test_debugcon_errors(void)
{
    static const struct {
        const char *props, *message;
    } rows[] = {
        {"", "Can't create debugcon device, empty char device"},
        {"chardev=no", "Property 'isa-debugcon.chardev' can't find value 'no'"},
        {"chardev=used", "chardev 'used' is already in use"},
    };
    Harness h;

    make_chardev("null,id=used");
    harness_begin(&h);
    g_assert_true(realize(&h, &debugcon_class, "chardev=used", NULL));
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) err = NULL;

        g_assert_false(realize(&h, &debugcon_class, rows[i].props, &err));
        g_assert_cmpstr(err->message, ==, rows[i].message);
    }
    harness_end(&h);
    chardev_close_all();
}

static void test_debug_exit(void)
{
    static const struct {
        uint32_t value;
        int status;
    } rows[] = {{0, 1}, {1, 3}, {0x7f, 255}, {0xff, 255}};
    RunstateRequests requests;
    Harness h;

    harness_begin(&h);
    harness_isa_device(&h, &debugexit_class, "iobase", "0xf4", "iosize", "4", NULL);
    g_assert_cmphex(inb(0xf4), ==, 0);
    g_assert_false(runstate_take_requests(&requests));
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (i % 2) {
            outl(0xf4, rows[i].value);
        } else {
            outb(0xf4, rows[i].value);
        }
        g_assert_true(runstate_take_requests(&requests));
        g_assert_true(requests.exit);
        g_assert_cmpint(requests.exit_status, ==, rows[i].status);
    }
    harness_end(&h);
}

int main(int argc, char **argv)
{
    harness_init(&argc, &argv);
    g_test_add_func("/serial/after-reset", test_after_reset);
    g_test_add_func("/serial/registers-keep-their-bits", test_registers_keep_their_bits);
    g_test_add_func("/serial/divisor-latch", test_divisor_latch);
    g_test_add_func("/serial/divisor-zero", test_divisor_zero);
    g_test_add_func("/serial/wide-accesses", test_wide_accesses);
    g_test_add_func("/serial/transmit", test_transmit);
    g_test_add_func("/serial/thre-interrupt", test_thre_interrupt);
    g_test_add_func("/serial/receive-single", test_receive_single);
    g_test_add_func("/serial/fifo-triggers", test_fifo_triggers);
    g_test_add_func("/serial/fifo-order-and-depth", test_fifo_order_and_depth);
    g_test_add_func("/serial/time-out", test_time_out);
    g_test_add_func("/serial/no-time-out-without-fifo", test_no_time_out_without_fifo);
    g_test_add_func("/serial/fifo-reset", test_fifo_reset);
    g_test_add_func("/serial/break", test_break);
    g_test_add_func("/serial/break-in-fifo", test_break_in_fifo);
    g_test_add_func("/serial/loopback-data", test_loopback_data);
    g_test_add_func("/serial/overrun", test_overrun);
    g_test_add_func("/serial/loopback-modem-lines", test_loopback_modem_lines);
    g_test_add_func("/serial/modem-interrupt", test_modem_interrupt);
    g_test_add_func("/serial/out2-gates-the-line", test_out2_gates_the_line);
    g_test_add_func("/serial/interrupt-priorities", test_interrupt_priorities);
    g_test_add_func("/serial/port-indexes", test_port_indexes);
    g_test_add_func("/serial/bad-properties", test_bad_properties);
    g_test_add_func("/serial/random-accesses", test_random_accesses);
    g_test_add_func("/debugcon/writes", test_debugcon);
    g_test_add_func("/debugcon/readback", test_debugcon_readback);
    g_test_add_func("/debugcon/errors", test_debugcon_errors);
    g_test_add_func("/debug-exit/status", test_debug_exit);
    return g_test_run();
}
