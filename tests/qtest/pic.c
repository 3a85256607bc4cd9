/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The 8259 pair and its ELCR in their machine. No CPU acknowledges here: the poll command does.
 */
#include "vm.h"

#define MASTER 0x20
#define SLAVE  0xa0
#define ELCR   0x4d0
#define POLLED 0x80 /* the answer to a poll has a request */

enum { ICW4_UPM = 0x01, ICW4_AEOI = 0x02, ICW4_SFNM = 0x10 };
enum {
    EOI = 0x20,
    SPECIFIC_EOI = 0x60,
    ROTATE_EOI = 0xa0,
    ROTATE_AEOI_ON = 0x80,
    SET_LOWEST = 0xc0
};
enum { READ_IRR = 0x0a, READ_ISR = 0x0b, POLL = 0x0c, MASK_ON = 0x68, MASK_OFF = 0x48 };

/* As firmware does: vectors 0x08 and 0x70, cascade on 2; nothing masked. */
static void init_pics(Vm *vm, uint8_t icw4)
{
    static const uint8_t words[2][3] = {{0x11, 0x08, 0x04}, {0x11, 0x70, 0x02}};
    static const uint16_t ports[] = {MASTER, SLAVE};

    for (int pic = 0; pic < 2; pic++) {
        outb(vm, ports[pic], words[pic][0]);
        outb(vm, ports[pic] + 1, words[pic][1]);
        outb(vm, ports[pic] + 1, words[pic][2]);
        outb(vm, ports[pic] + 1, pic ? ICW4_UPM : icw4 | ICW4_UPM);
        outb(vm, ports[pic] + 1, 0);
    }
}

static Vm *start(uint8_t icw4)
{
    Vm *vm = vm_start("-nodefaults");

    init_pics(vm, icw4);
    return vm;
}

static void set(Vm *vm, int irq, int level)
{
    vm_set_irq(vm, "isa-i8259", NULL, irq, level);
}

static void pulse(Vm *vm, int irq)
{
    set(vm, irq, 1);
    set(vm, irq, 0);
}

static uint8_t irr(Vm *vm, uint16_t pic)
{
    outb(vm, pic, READ_IRR);
    return inb(vm, pic);
}

static uint8_t isr(Vm *vm, uint16_t pic)
{
    outb(vm, pic, READ_ISR);
    return inb(vm, pic);
}

static uint8_t poll(Vm *vm, uint16_t pic)
{
    outb(vm, pic, POLL);
    return inb(vm, pic);
}

/* Poll says the input is next, and it is in service. */
static void expect_next(Vm *vm, uint16_t pic, int input)
{
    g_assert_cmphex(poll(vm, pic), ==, POLLED | input);
}

static void expect_none(Vm *vm, uint16_t pic)
{
    g_assert_cmphex(poll(vm, pic), ==, 0);
}

static void test_after_reset(void)
{
    Vm *vm = vm_start("-nodefaults");

    g_assert_cmphex(inb(vm, MASTER + 1), ==, 0xff);
    g_assert_cmphex(inb(vm, SLAVE + 1), ==, 0xff);
    set(vm, 3, 1);
    g_assert_cmphex(irr(vm, MASTER), ==, 1 << 3); /* asked for, and masked */
    expect_none(vm, MASTER);
    init_pics(vm, 0);
    outb(vm, MASTER + 1, 0x5a);
    vm_reset(vm);
    g_assert_cmphex(inb(vm, MASTER + 1), ==, 0xff);
    vm_stop(vm);
}

static void test_priority(void)
{
    Vm *vm = start(0);

    set(vm, 6, 1);
    set(vm, 3, 1);
    set(vm, 7, 1);
    expect_next(vm, MASTER, 3);
    expect_none(vm, MASTER); /* 6 and 7 wait for the end of 3 */
    set(vm, 1, 1);
    expect_next(vm, MASTER, 1); /* and 1 does not */
    g_assert_cmphex(isr(vm, MASTER), ==, 1 << 3 | 1 << 1);
    outb(vm, MASTER, EOI); /* of the most urgent */
    g_assert_cmphex(isr(vm, MASTER), ==, 1 << 3);
    outb(vm, MASTER, SPECIFIC_EOI | 3);
    expect_next(vm, MASTER, 6);
    vm_stop(vm);
}

static void test_mask(void)
{
    Vm *vm = start(0);

    outb(vm, MASTER + 1, 1 << 3);
    g_assert_cmphex(inb(vm, MASTER + 1), ==, 1 << 3);
    set(vm, 3, 1);
    g_assert_cmphex(irr(vm, MASTER), ==, 1 << 3);
    expect_none(vm, MASTER);
    outb(vm, MASTER + 1, 0);
    expect_next(vm, MASTER, 3);
    vm_stop(vm);
}

/* A request is of an edge, and of the level that must stay until it is served. */
static void test_edge(void)
{
    Vm *vm = start(0);

    set(vm, 5, 1);
    expect_next(vm, MASTER, 5);
    outb(vm, MASTER, EOI);
    g_assert_cmphex(irr(vm, MASTER), ==, 0); /* high, but without an edge */
    set(vm, 5, 0);
    set(vm, 5, 1);
    g_assert_cmphex(irr(vm, MASTER), ==, 1 << 5);
    set(vm, 5, 0);
    g_assert_cmphex(irr(vm, MASTER), ==, 0); /* gone before it was served */
    pulse(vm, 5);
    expect_none(vm, MASTER);
    vm_stop(vm);
}

static void test_level(void)
{
    Vm *vm = start(0);

    outb(vm, ELCR, 1 << 5);
    outb(vm, ELCR + 1, 1 << (10 - 8));
    set(vm, 5, 1);
    set(vm, 10, 1);
    expect_next(vm, MASTER, 2);
    expect_next(vm, SLAVE, 10 - 8);
    outb(vm, SLAVE, EOI);
    outb(vm, MASTER, EOI);
    expect_next(vm, MASTER, 2); /* as long as it is high */
    outb(vm, MASTER, EOI);
    set(vm, 10, 0);
    expect_next(vm, MASTER, 5);
    outb(vm, MASTER, EOI);
    expect_next(vm, MASTER, 5);
    outb(vm, MASTER, EOI);
    set(vm, 5, 0);
    expect_none(vm, MASTER);
    vm_stop(vm);
}

/* Timer, keyboard, cascade, clock and FPU are edges whatever is written. */
static void test_elcr(void)
{
    Vm *vm = start(0);

    outb(vm, ELCR, 0xff);
    outb(vm, ELCR + 1, 0xff);
    g_assert_cmphex(inb(vm, ELCR), ==, 0xf8);
    g_assert_cmphex(inb(vm, ELCR + 1), ==, 0xde);
    outw(vm, ELCR, 0x0c20);
    g_assert_cmphex(inw(vm, ELCR), ==, 0x0c20);
    vm_reset(vm);
    g_assert_cmphex(inw(vm, ELCR), ==, 0);
    vm_stop(vm);
}

static void test_cascade(void)
{
    Vm *vm = start(0);

    set(vm, 12, 1);
    set(vm, 3, 1);
    g_assert_cmphex(irr(vm, SLAVE), ==, 1 << 4);
    g_assert_cmphex(irr(vm, MASTER), ==, 1 << 3 | 1 << 2);
    expect_next(vm, MASTER, 2); /* the second chip stands where 2 is */
    expect_next(vm, SLAVE, 4);
    set(vm, 8, 1);
    expect_none(vm, MASTER); /* 2 is in service */
    outb(vm, SLAVE, EOI);
    outb(vm, MASTER, EOI);
    expect_next(vm, MASTER, 2);
    expect_next(vm, SLAVE, 0);
    vm_stop(vm);
}

/* In special fully nested mode a more urgent one of the second chip gets through. */
static void test_special_fully_nested(void)
{
    Vm *vm = start(ICW4_SFNM);

    set(vm, 12, 1);
    expect_next(vm, MASTER, 2);
    expect_next(vm, SLAVE, 4);
    set(vm, 14, 1);
    expect_none(vm, MASTER);
    set(vm, 8, 1);
    expect_next(vm, MASTER, 2);
    expect_next(vm, SLAVE, 0);
    vm_stop(vm);
}

static void test_automatic_eoi(void)
{
    Vm *vm = start(ICW4_AEOI);

    set(vm, 3, 1);
    set(vm, 4, 1);
    expect_next(vm, MASTER, 3);
    g_assert_cmphex(isr(vm, MASTER), ==, 0);
    expect_next(vm, MASTER, 4);
    expect_none(vm, MASTER);
    /* With rotation the one that was served becomes the last. */
    outb(vm, MASTER, ROTATE_AEOI_ON);
    set(vm, 3, 0);
    set(vm, 4, 0);
    set(vm, 3, 1);
    expect_next(vm, MASTER, 3);
    set(vm, 3, 0);
    set(vm, 3, 1);
    set(vm, 4, 1);
    expect_next(vm, MASTER, 4);
    expect_next(vm, MASTER, 3);
    vm_stop(vm);
}

static void test_rotation(void)
{
    Vm *vm = start(0);

    set(vm, 3, 1);
    set(vm, 4, 1);
    expect_next(vm, MASTER, 3);
    outb(vm, MASTER, ROTATE_EOI); /* 3 is the last now, 4 the first */
    set(vm, 3, 0);
    set(vm, 3, 1);
    set(vm, 0, 1);
    expect_next(vm, MASTER, 4);
    expect_none(vm, MASTER);
    outb(vm, MASTER, EOI);
    expect_next(vm, MASTER, 0);
    outb(vm, MASTER, EOI);
    outb(vm, MASTER, SET_LOWEST | 2); /* without an EOI: now 3 is the first */
    set(vm, 0, 0);
    set(vm, 0, 1);
    expect_next(vm, MASTER, 3);
    outb(vm, MASTER, 0xe0 | 3); /* rotate on specific EOI */
    g_assert_cmphex(isr(vm, MASTER), ==, 0);
    set(vm, 3, 0);
    set(vm, 3, 1);
    expect_next(vm, MASTER, 0);
    vm_stop(vm);
}

/* In special mask mode the mask alone holds requests back, not what is in service under it. */
static void test_special_mask(void)
{
    Vm *vm = start(0);

    set(vm, 3, 1);
    expect_next(vm, MASTER, 3);
    set(vm, 6, 1);
    outb(vm, MASTER + 1, 1 << 3);
    expect_none(vm, MASTER);
    outb(vm, MASTER, MASK_ON);
    expect_next(vm, MASTER, 6);
    outb(vm, MASTER, EOI); /* does not end what is masked */
    g_assert_cmphex(isr(vm, MASTER), ==, 1 << 3);
    outb(vm, MASTER, MASK_OFF);
    outb(vm, MASTER, EOI);
    g_assert_cmphex(isr(vm, MASTER), ==, 0);
    vm_stop(vm);
}

/* A poll answers by whichever address is read next, once. */
static void test_poll(void)
{
    Vm *vm = start(0);

    outb(vm, MASTER + 1, 0x40);
    set(vm, 1, 1);
    outb(vm, MASTER, POLL);
    g_assert_cmphex(inb(vm, MASTER + 1), ==, POLLED | 1);
    g_assert_cmphex(inb(vm, MASTER + 1), ==, 0x40);
    g_assert_cmphex(isr(vm, MASTER), ==, 1 << 1);
    vm_stop(vm);
}

/* ICW1 forgets edges, service and modes; the words after it are taken in their order. */
static void test_initialization(void)
{
    Vm *vm = start(ICW4_AEOI);

    set(vm, 3, 1);
    outb(vm, MASTER + 1, 0xf0);
    outb(vm, MASTER, READ_ISR);
    init_pics(vm, 0);
    g_assert_cmphex(inb(vm, MASTER), ==, 0); /* the IRR again, and 3 must rise anew */
    expect_none(vm, MASTER);
    set(vm, 3, 0);
    set(vm, 3, 1);
    expect_next(vm, MASTER, 3);
    g_assert_cmphex(isr(vm, MASTER), ==, 1 << 3); /* no automatic EOI now */
    /* Single, without ICW4: one word, then the mask. */
    outb(vm, MASTER, 0x12);
    outb(vm, MASTER + 1, 0x08);
    outb(vm, MASTER + 1, 0xa5);
    g_assert_cmphex(inb(vm, MASTER + 1), ==, 0xa5);
    vm_stop(vm);
}

/* All inputs level-triggered by ICW1, as on the PC's ancestors. */
static void test_level_by_icw1(void)
{
    Vm *vm = start(0);

    outb(vm, MASTER, 0x19);
    outb(vm, MASTER + 1, 0x08);
    outb(vm, MASTER + 1, 0x04);
    outb(vm, MASTER + 1, ICW4_UPM);
    set(vm, 1, 1);
    expect_next(vm, MASTER, 1);
    outb(vm, MASTER, EOI);
    expect_next(vm, MASTER, 1);
    vm_stop(vm);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pic/after-reset", test_after_reset);
    g_test_add_func("/pic/priority", test_priority);
    g_test_add_func("/pic/mask", test_mask);
    g_test_add_func("/pic/edge", test_edge);
    g_test_add_func("/pic/level", test_level);
    g_test_add_func("/pic/elcr", test_elcr);
    g_test_add_func("/pic/cascade", test_cascade);
    g_test_add_func("/pic/special-fully-nested", test_special_fully_nested);
    g_test_add_func("/pic/automatic-eoi", test_automatic_eoi);
    g_test_add_func("/pic/rotation", test_rotation);
    g_test_add_func("/pic/special-mask", test_special_mask);
    g_test_add_func("/pic/poll", test_poll);
    g_test_add_func("/pic/initialization", test_initialization);
    g_test_add_func("/pic/level-by-icw1", test_level_by_icw1);
    return g_test_run();
}
