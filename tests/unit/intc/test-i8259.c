/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The interrupt controller pair: priorities, rotation, end of interrupt in all its kinds, poll,
 * cascade, edge and level, spurious requests.
 */
#include "hw/intc/i8259.h"

#include "harness.h"

enum { M = 0x20, S = 0xa0, AEOI = 2, SFNM = 0x10 };
enum { READ_IRR = 0x0a, READ_ISR = 0x0b, EOI = 0x20, SPECIFIC_EOI = 0x60, ROTATE_EOI = 0xa0 };

static Harness h;
static Device *pic;
static IrqRecord intr;

static void init_chip(uint16_t port, uint8_t vector, uint8_t icw4)
{
    outb(port, 0x11);
    outb(port + 1, vector);
    outb(port + 1, port == M ? 4 : 2);
    outb(port + 1, 1 | icw4);
    outb(port + 1, 0);
}

static void begin(void)
{
    harness_begin(&h);
    pic = harness_isa_device(&h, &isa_i8259_class, NULL);
    record_init(&intr, 0);
    device_connect_gpio_out(pic, NULL, 0, &intr.irq);
    init_chip(M, 0x08, 0);
    init_chip(S, 0x70, 0);
}

static void end(void)
{
    harness_end(&h);
}

static void set(int irq, int level)
{
    irq_set(device_get_gpio_in(pic, NULL, irq), level);
}

static int ack(void)
{
    return i8259_acknowledge(pic);
}

static uint8_t irr(uint16_t port)
{
    outb(port, READ_IRR);
    return inb(port);
}

static uint8_t isr(uint16_t port)
{
    outb(port, READ_ISR);
    return inb(port);
}

static void test_masked_after_reset(void)
{
    harness_begin(&h);
    pic = harness_isa_device(&h, &isa_i8259_class, NULL);
    record_init(&intr, 0);
    device_connect_gpio_out(pic, NULL, 0, &intr.irq);
    for (int i = 0; i < 16; i++) {
        set(i, 1);
    }
    g_assert_cmpint(intr.raised, ==, 0);
    g_assert_cmphex(inb(M + 1), ==, 0xff);
    end();
}

static void test_priorities(void)
{
    begin();
    set(5, 1);
    g_assert_cmpint(intr.level, ==, 1);
    g_assert_cmphex(irr(M), ==, 0x20);
    g_assert_cmphex(ack(), ==, 0x0d);
    g_assert_cmpint(intr.level, ==, 0);
    g_assert_cmphex(isr(M), ==, 0x20);
    g_assert_cmphex(irr(M), ==, 0);
    set(6, 1); /* lower: waits */
    g_assert_cmpint(intr.level, ==, 0);
    set(1, 1); /* higher: nests */
    g_assert_cmphex(ack(), ==, 0x09);
    g_assert_cmphex(isr(M), ==, 0x22);
    outb(M, EOI); /* ends the highest */
    g_assert_cmphex(isr(M), ==, 0x20);
    g_assert_cmpint(intr.level, ==, 0);
    outb(M, EOI);
    g_assert_cmphex(ack(), ==, 0x0e);
    outb(M, SPECIFIC_EOI | 5);
    g_assert_cmphex(isr(M), ==, 0x40);
    outb(M, SPECIFIC_EOI | 6);
    g_assert_cmphex(isr(M), ==, 0);
    end();
}

static void test_mask(void)
{
    begin();
    outb(M + 1, 0x10);
    set(4, 1);
    g_assert_cmpint(intr.level, ==, 0);
    g_assert_cmphex(irr(M), ==, 0x10); /* held, not lost */
    outb(M + 1, 0x00);
    g_assert_cmpint(intr.level, ==, 1);
    g_assert_cmphex(inb(M + 1), ==, 0);
    end();
}

static void test_cascade(void)
{
    begin();
    set(12, 1);
    g_assert_cmphex(irr(M), ==, 0x04);
    g_assert_cmphex(irr(S), ==, 0x10);
    g_assert_cmphex(ack(), ==, 0x74);
    g_assert_cmphex(isr(M), ==, 0x04);
    g_assert_cmphex(isr(S), ==, 0x10);
    set(3, 1); /* below the cascade */
    set(9, 1); /* above 12 in the second chip, but IR2 of the first is in service */
    g_assert_cmpint(intr.level, ==, 0);
    outb(S, EOI);
    g_assert_cmpint(intr.level, ==, 0);
    outb(M, EOI);
    g_assert_cmphex(ack(), ==, 0x71);
    outb(S, EOI);
    outb(M, EOI);
    g_assert_cmphex(ack(), ==, 0x0b);
    /* The wire of input 2 itself is not connected to the outside. */
    outb(M, EOI);
    set(2, 1);
    g_assert_cmphex(irr(M), ==, 0);
    end();
}

static void test_special_fully_nested(void)
{
    begin();
    init_chip(M, 0x08, SFNM);
    set(12, 1);
    g_assert_cmphex(ack(), ==, 0x74);
    set(9, 1);
    g_assert_cmphex(ack(), ==, 0x71);
    set(3, 1); /* still below */
    g_assert_cmpint(intr.level, ==, 0);
    set(1, 1);
    g_assert_cmphex(ack(), ==, 0x09);
    end();
}

static void test_automatic_eoi(void)
{
    begin();
    init_chip(M, 0x20, AEOI);
    init_chip(S, 0x28, AEOI);
    set(3, 1);
    set(10, 1);
    set(11, 1);
    g_assert_cmphex(ack(), ==, 0x2a);
    g_assert_cmphex(ack(), ==, 0x2b);
    g_assert_cmphex(ack(), ==, 0x23);
    g_assert_cmphex(isr(M) | isr(S), ==, 0);
    /* Rotating: each that was served becomes the last. */
    outb(M, 0x80);
    set(5, 1);
    g_assert_cmphex(ack(), ==, 0x25);
    for (int i = 3; i < 8; i++) {
        set(i, 0);
        set(i, 1);
    }
    g_assert_cmphex(ack(), ==, 0x26);
    g_assert_cmphex(ack(), ==, 0x27);
    g_assert_cmphex(ack(), ==, 0x23);
    outb(M, 0x00);
    g_assert_cmphex(ack(), ==, 0x24);
    set(3, 0);
    set(3, 1);
    g_assert_cmphex(ack(), ==, 0x25); /* 3 is lowest as rotation left it */
    g_assert_cmphex(ack(), ==, 0x23);
    end();
}

static void test_rotation(void)
{
    begin();
    outb(M, 0xc0 | 4); /* lowest: 4, so highest: 5 */
    set(0, 1);
    set(4, 1);
    set(6, 1);
    g_assert_cmphex(ack(), ==, 0x0e);
    outb(M, ROTATE_EOI); /* 6 lowest: 7 0 1 ... */
    g_assert_cmphex(ack(), ==, 0x08);
    outb(M, 0xe0); /* rotate on specific EOI of 0: 1 2 3 ... */
    set(6, 0);
    set(6, 1);
    set(0, 0);
    set(0, 1);
    g_assert_cmphex(ack(), ==, 0x0c);
    outb(M, EOI);
    g_assert_cmphex(ack(), ==, 0x0e);
    outb(M, EOI);
    g_assert_cmphex(ack(), ==, 0x08);
    end();
}

static void test_special_mask(void)
{
    begin();
    set(2 + 1, 1);
    g_assert_cmphex(ack(), ==, 0x0b);
    set(6, 1);
    g_assert_cmpint(intr.level, ==, 0);
    outb(M + 1, 0x08);
    g_assert_cmpint(intr.level, ==, 0);
    outb(M, 0x68); /* special mask: only unmasked levels in service block */
    g_assert_cmphex(ack(), ==, 0x0e);
    outb(M, EOI); /* not the masked one */
    g_assert_cmphex(isr(M), ==, 0x08);
    set(7, 1);
    g_assert_cmpint(intr.level, ==, 1);
    outb(M, 0x48);
    g_assert_cmpint(intr.level, ==, 0);
    outb(M, EOI);
    g_assert_cmphex(isr(M), ==, 0);
    end();
}

static void test_poll(void)
{
    begin();
    outb(M, 0x0c);
    g_assert_cmphex(inb(M), ==, 0);
    set(4, 1);
    set(1, 1);
    outb(M, 0x0c);
    g_assert_cmphex(inb(M), ==, 0x81);
    g_assert_cmphex(isr(M), ==, 0x02);
    outb(M, EOI);
    outb(M, 0x0c);
    g_assert_cmphex(inb(M + 1), ==, 0x84); /* at either address */
    g_assert_cmpint(intr.level, ==, 0);
    g_assert_cmphex(inb(M + 1), ==, 0x00); /* once */
    end();
}

static void test_edge_and_level(void)
{
    begin();
    outb(0x4d0, 0xff);
    outb(0x4d1, 0xff);
    g_assert_cmphex(inb(0x4d0), ==, 0xf8);
    g_assert_cmphex(inb(0x4d1), ==, 0xde);
    outb(0x4d0, 0x00);
    outb(0x4d1, 0x08); /* IRQ 11 */
    set(5, 1);
    g_assert_cmphex(ack(), ==, 0x0d);
    outb(M, EOI);
    set(5, 1);
    g_assert_cmpint(intr.level, ==, 0); /* no new edge */
    set(11, 1);
    g_assert_cmphex(ack(), ==, 0x73);
    outb(S, EOI);
    outb(M, EOI);
    g_assert_cmpint(intr.level, ==, 1); /* still asserted */
    g_assert_cmphex(ack(), ==, 0x73);
    set(11, 0);
    outb(S, EOI);
    outb(M, EOI);
    g_assert_cmpint(intr.level, ==, 0);
    device_reset(pic);
    g_assert_cmphex(inb(0x4d1), ==, 0);
    end();
}

static void test_spurious(void)
{
    begin();
    set(5, 1);
    set(5, 0); /* gone before anybody asked */
    g_assert_cmpint(intr.level, ==, 0);
    g_assert_cmphex(ack(), ==, 0x0f);
    g_assert_cmphex(isr(M), ==, 0);
    set(7, 1); /* a real one looks the same, but is in service */
    g_assert_cmphex(ack(), ==, 0x0f);
    g_assert_cmphex(isr(M), ==, 0x80);
    end();
}

static void test_initialization(void)
{
    begin();
    set(5, 1);
    g_assert_cmphex(ack(), ==, 0x0d);
    set(6, 1);
    outb(M + 1, 0xaa);
    outb(M, 0x68);
    outb(M, READ_ISR);
    outb(M, 0x10);                  /* no ICW4: its functions are off */
    g_assert_cmphex(inb(M), ==, 0); /* IRR is selected; edges are forgotten */
    outb(M + 1, 0x47);              /* ICW2: low bits are not the vector's */
    outb(M + 1, 0x04);
    g_assert_cmphex(inb(M + 1), ==, 0x00);
    outb(M + 1, 0x01);
    g_assert_cmphex(inb(M + 1), ==, 0x01);
    g_assert_cmphex(isr(M), ==, 0);
    set(6, 0);
    set(6, 1);
    g_assert_cmphex(ack(), ==, 0x46);
    /* Single mode: no ICW3. */
    outb(M, 0x13);
    outb(M + 1, 0x50);
    outb(M + 1, 0x03);
    set(6, 0);
    set(6, 1);
    g_assert_cmphex(ack(), ==, 0x56);
    g_assert_cmphex(isr(M), ==, 0); /* that was ICW4 with AEOI */
    /* Level-triggered throughout. */
    outb(M, 0x1b);
    outb(M + 1, 0x50);
    outb(M + 1, 0x03);
    g_assert_cmphex(ack(), ==, 0x55);
    g_assert_cmpint(intr.level, ==, 1);
    end();
}

static void test_random_accesses(void)
{
    static const uint16_t ports[] = {0x20, 0x21, 0xa0, 0xa1, 0x4d0, 0x4d1};

    begin();
    for (int i = 0; i < 50000; i++) {
        uint16_t port = ports[g_test_rand_int_range(0, 6)];

        switch (g_test_rand_int_range(0, 4)) {
        case 0:
            outb(port, g_test_rand_int_range(0, 256));
            break;
        case 1:
            inb(port);
            break;
        case 2:
            set(g_test_rand_int_range(0, 16), g_test_rand_bit());
            break;
        default:
            if (intr.level) {
                int vector = ack();

                g_assert_cmpint(vector, >=, 0);
                g_assert_cmpint(vector, <, 256);
            }
        }
    }
    device_reset(pic);
    g_assert_cmpint(intr.level, ==, 0);
    end();
}

static GString *ended;

/* As a device does whose line is up until then. */
static void on_eoi(void *opaque, int irq)
{
    g_string_append_printf(ended, "%d ", irq);
    set(irq, 0);
}

/* Whoever asked for an interrupt hears of its end, and may lower its line inside. */
static void test_ends_are_told(void)
{
    begin();
    ended = g_string_new(NULL);
    i8259_set_eoi_handler(pic, on_eoi, NULL);
    outb(0x4d1, 0x04); /* 10 is a level */
    set(10, 1);
    g_assert_cmphex(ack(), ==, 0x72);
    outb(S, EOI);
    outb(M, EOI);
    g_assert_cmpstr(ended->str, ==, "10 2 ");
    g_assert_cmpint(intr.level, ==, 0); /* it was lowered in time */
    outb(S, EOI);
    outb(S, SPECIFIC_EOI | 3); /* not in service */
    g_assert_cmpstr(ended->str, ==, "10 2 ");
    init_chip(M, 0x08, AEOI);
    set(4, 1);
    g_assert_cmphex(ack(), ==, 0x0c);
    g_assert_cmpstr(ended->str, ==, "10 2 4 ");
    g_string_free(ended, TRUE);
    end();
}

int main(int argc, char **argv)
{
    harness_init(&argc, &argv);
    g_test_add_func("/i8259/masked-after-reset", test_masked_after_reset);
    g_test_add_func("/i8259/priorities", test_priorities);
    g_test_add_func("/i8259/mask", test_mask);
    g_test_add_func("/i8259/cascade", test_cascade);
    g_test_add_func("/i8259/special-fully-nested", test_special_fully_nested);
    g_test_add_func("/i8259/automatic-eoi", test_automatic_eoi);
    g_test_add_func("/i8259/rotation", test_rotation);
    g_test_add_func("/i8259/special-mask", test_special_mask);
    g_test_add_func("/i8259/poll", test_poll);
    g_test_add_func("/i8259/edge-and-level", test_edge_and_level);
    g_test_add_func("/i8259/spurious", test_spurious);
    g_test_add_func("/i8259/ends-are-told", test_ends_are_told);
    g_test_add_func("/i8259/initialization", test_initialization);
    g_test_add_func("/i8259/random-accesses", test_random_accesses);
    return g_test_run();
}
