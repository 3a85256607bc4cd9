/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The 8254 in its machine: counter 0 by its interrupt, counter 2 with its gate and output at port
 * 61h, to the cycle.
 */
#include "vm.h"

#define PIT_HZ   1193182
#define COUNTER0 0x40
#define COUNTER2 0x42
#define CONTROL  0x43
#define PORT_B   0x61
#define TIMER    2 /* interrupt 0 is pin 2 of the I/O APIC */

enum { LATCH = 0x00, LSB = 0x10, MSB = 0x20, BOTH = 0x30, BCD = 0x01 };
enum { READ_BACK = 0xc0, NO_COUNT = 0x20, NO_STATUS = 0x10 };
enum { STATUS_OUT = 0x80, STATUS_NULL = 0x40 };

static int64_t cycle_ns(int64_t cycle)
{
    return (cycle * NANOSECONDS_PER_SECOND + PIT_HZ - 1) / PIT_HZ;
}

static void set_gate(Vm *vm, bool level)
{
    outb(vm, PORT_B, level);
}

static bool out(Vm *vm)
{
    return inb(vm, PORT_B) & 0x20;
}

static void control(Vm *vm, int counter, uint8_t word)
{
    outb(vm, CONTROL, counter << 6 | word);
}

static void write_count(Vm *vm, int counter, uint16_t count)
{
    outb(vm, COUNTER0 + counter, count & 0xff);
    outb(vm, COUNTER0 + counter, count >> 8);
}

/* A mode and a count, both bytes. */
static void program(Vm *vm, int counter, uint8_t mode, uint16_t count)
{
    control(vm, counter, BOTH | mode << 1);
    write_count(vm, counter, count);
}

static uint16_t read_count(Vm *vm, int counter)
{
    uint16_t low;

    control(vm, counter, LATCH);
    low = inb(vm, COUNTER0 + counter);
    return low | inb(vm, COUNTER0 + counter) << 8;
}

/* The output at each of the first cycles after now, as a text of 0 and 1. */
static void expect_out(Vm *vm, int64_t *cycle, const char *levels)
{
    for (int i = 0; levels[i]; i++) {
        vm_set_clock(vm, cycle_ns(++*cycle));
        if (out(vm) != (levels[i] == '1')) {
            g_error("cycle %d of %s", i, levels);
        }
    }
}

static Vm *start(void)
{
    Vm *vm = vm_start("-nodefaults");

    vm_watch_irqs(vm, "ioapic");
    return vm;
}

/* The data sheet's diagrams: from the write, or from the trigger, of a count of 4. */
static void test_modes(void)
{
    static const struct {
        int mode;
        bool gate, trigger; /* the gate beforehand; whether it rises after the count is written */
        bool before;        /* OUT after the control word */
        const char *levels; /* the cycle that loads the count is the first */
    } cases[] = {
        {0, true, false, false, "000011111"},  {1, false, true, true, "00001111"},
        {2, true, false, true, "11101110111"}, {3, true, false, true, "1100110011"},
        {4, true, false, true, "1111011111"},  {5, false, true, true, "1111011111"},
        {1, true, false, true, "111111"},      {5, true, false, true, "111111"},
        {2, false, false, true, "111111"},     {3, false, false, true, "111111"},
        {0, false, false, false, "000000"},    {4, false, false, true, "111111"},
        {2, false, true, true, "1110111"},     {3, false, true, true, "110011"},
        {6, true, false, true, "11101110111"}, {7, true, false, true, "1100110011"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        Vm *vm = start();
        int64_t cycle = 10;

        set_gate(vm, cases[i].gate);
        vm_set_clock(vm, cycle_ns(cycle));
        control(vm, 2, BOTH | cases[i].mode << 1);
        g_assert_cmpint(out(vm), ==, cases[i].before);
        write_count(vm, 2, 4);
        if (cases[i].trigger) {
            set_gate(vm, true);
        }
        expect_out(vm, &cycle, cases[i].levels);
        vm_stop(vm);
    }
}

/* An odd count of mode 3 is high for the longer part. */
static void test_odd_square_wave(void)
{
    Vm *vm = start();
    int64_t cycle = 1;

    vm_set_clock(vm, cycle_ns(cycle));
    set_gate(vm, true);
    program(vm, 2, 3, 5);
    expect_out(vm, &cycle, "111001110011100");
    vm_stop(vm);
}

/* The gate's level holds modes 0 and 4, stops 2 and 3, and its edge starts 1 and 5 anew. */
static void test_gate(void)
{
    Vm *vm = start();
    int64_t cycle = 1;

    vm_set_clock(vm, cycle_ns(cycle));
    set_gate(vm, true);
    program(vm, 2, 0, 4);
    expect_out(vm, &cycle, "00");
    set_gate(vm, false);
    expect_out(vm, &cycle, "00000");
    g_assert_cmphex(read_count(vm, 2), ==, 3);
    set_gate(vm, true);
    expect_out(vm, &cycle, "0011");
    program(vm, 2, 2, 4);
    expect_out(vm, &cycle, "1110");
    set_gate(vm, false);
    g_assert_true(out(vm)); /* at once */
    expect_out(vm, &cycle, "11111");
    set_gate(vm, true);
    expect_out(vm, &cycle, "11101");
    program(vm, 2, 1, 3);
    set_gate(vm, false);
    set_gate(vm, true);
    expect_out(vm, &cycle, "00");
    set_gate(vm, false);
    set_gate(vm, true); /* triggered again before the end */
    expect_out(vm, &cycle, "00011");
    vm_stop(vm);
}

/* A new count of modes 2 and 3 waits for the end of the period, of mode 0 it starts over. */
static void test_new_count(void)
{
    Vm *vm = start();
    int64_t cycle = 1;

    vm_set_clock(vm, cycle_ns(cycle));
    set_gate(vm, true);
    program(vm, 2, 2, 4);
    expect_out(vm, &cycle, "11");
    write_count(vm, 2, 3);
    expect_out(vm, &cycle, "10110110");
    program(vm, 2, 0, 3);
    expect_out(vm, &cycle, "00");
    write_count(vm, 2, 3);
    expect_out(vm, &cycle, "00011");
    outb(vm, COUNTER2, 2); /* the first byte stops it, and lowers OUT */
    expect_out(vm, &cycle, "000");
    outb(vm, COUNTER2, 0);
    expect_out(vm, &cycle, "0011");
    vm_stop(vm);
}

/* What is read is the count of the moment; latched, of the moment of the command. */
static void test_latch(void)
{
    Vm *vm = start();
    uint8_t low;

    vm_set_clock(vm, cycle_ns(1));
    set_gate(vm, true);
    program(vm, 2, 0, 0x1234);
    vm_set_clock(vm, cycle_ns(2));
    control(vm, 2, LATCH);
    vm_set_clock(vm, cycle_ns(2 + 0x34));
    control(vm, 2, LATCH); /* does not replace the first */
    low = inb(vm, COUNTER2);
    g_assert_cmphex(low, ==, 0x34);
    g_assert_cmphex(inb(vm, COUNTER2), ==, 0x12);
    g_assert_cmphex(inb(vm, COUNTER2), ==, 0x00); /* and now the count itself */
    g_assert_cmphex(inb(vm, COUNTER2), ==, 0x12);
    g_assert_cmphex(inb(vm, CONTROL), ==, 0xff); /* nobody answers there */
    vm_stop(vm);
}

static void test_one_byte(void)
{
    Vm *vm = start();

    vm_set_clock(vm, cycle_ns(1));
    set_gate(vm, true);
    control(vm, 2, LSB | 0 << 1);
    outb(vm, COUNTER2, 0x21);
    vm_set_clock(vm, cycle_ns(2));
    g_assert_cmphex(inb(vm, COUNTER2), ==, 0x21);
    g_assert_cmphex(inb(vm, COUNTER2), ==, 0x21);
    control(vm, 2, MSB | 0 << 1);
    outb(vm, COUNTER2, 0x21);
    vm_set_clock(vm, cycle_ns(3 + 0x100));
    g_assert_cmphex(inb(vm, COUNTER2), ==, 0x20);
    vm_stop(vm);
}

/* In decimal, down through 0 to 9999; 0 stands for 10000. */
static void test_bcd(void)
{
    Vm *vm = start();

    vm_set_clock(vm, cycle_ns(1));
    set_gate(vm, true);
    control(vm, 2, BOTH | BCD);
    write_count(vm, 2, 0x1000);
    vm_set_clock(vm, cycle_ns(2));
    g_assert_cmphex(read_count(vm, 2), ==, 0x1000);
    vm_set_clock(vm, cycle_ns(3));
    g_assert_cmphex(read_count(vm, 2), ==, 0x0999);
    g_assert_false(out(vm));
    vm_set_clock(vm, cycle_ns(1002));
    g_assert_true(out(vm));
    g_assert_cmphex(read_count(vm, 2), ==, 0);
    vm_set_clock(vm, cycle_ns(1003));
    g_assert_cmphex(read_count(vm, 2), ==, 0x9999);
    control(vm, 2, BOTH | BCD);
    write_count(vm, 2, 0);
    vm_set_clock(vm, cycle_ns(1004 + 9999));
    g_assert_false(out(vm));
    vm_set_clock(vm, cycle_ns(1004 + 10000));
    g_assert_true(out(vm));
    vm_stop(vm);
}

static void test_read_back(void)
{
    Vm *vm = start();

    vm_set_clock(vm, cycle_ns(1));
    set_gate(vm, true);
    program(vm, 2, 0, 0x1000);
    outb(vm, CONTROL, READ_BACK | NO_COUNT | 1 << 3);
    g_assert_cmphex(inb(vm, COUNTER2), ==, STATUS_NULL | BOTH); /* it comes with the next cycle */
    vm_set_clock(vm, cycle_ns(2));
    outb(vm, CONTROL, READ_BACK | NO_COUNT | 1 << 3);
    vm_set_clock(vm, cycle_ns(2 + 0x1000));
    outb(vm, CONTROL, READ_BACK | NO_COUNT | 1 << 3); /* the first is not replaced */
    g_assert_cmphex(inb(vm, COUNTER2), ==, BOTH);
    outb(vm, CONTROL, READ_BACK | 1 << 3); /* both: status, then count */
    g_assert_cmphex(inb(vm, COUNTER2), ==, STATUS_OUT | BOTH);
    g_assert_cmphex(inb(vm, COUNTER2), ==, 0);
    g_assert_cmphex(inb(vm, COUNTER2), ==, 0);
    /* Several counters with one word. */
    program(vm, 0, 2, 0x2000);
    vm_set_clock(vm, cycle_ns(3 + 0x1000));
    outb(vm, CONTROL, READ_BACK | NO_STATUS | 1 << 3 | 1 << 1);
    vm_set_clock(vm, cycle_ns(3 + 0x1100));
    g_assert_cmphex(inb(vm, COUNTER0), ==, 0x00);
    g_assert_cmphex(inb(vm, COUNTER0), ==, 0x20);
    g_assert_cmphex(inb(vm, COUNTER2), ==, 0xff);
    g_assert_cmphex(inb(vm, COUNTER2), ==, 0xff);
    vm_stop(vm);
}

/* 18.2 Hz is what every PC starts with: each edge to the nanosecond, for an hour's worth of drift.
 */
static void test_interrupt_rate(void)
{
    Vm *vm = start();

    program(vm, 0, 3, 0);
    g_assert_true(vm_irq(vm, TIMER));
    for (int i = 0; i < 50; i++) {
        const int64_t begun = 1 + INT64_C(65536) * i;

        g_assert_cmpint(vm_step_to_next(vm), ==, cycle_ns(begun + 32768));
        g_assert_false(vm_irq(vm, TIMER));
        g_assert_cmpint(vm_step_to_next(vm), ==, cycle_ns(begun + 65536));
        g_assert_true(vm_irq(vm, TIMER));
    }
    vm_set_clock(vm, cycle_ns(INT64_C(65536) * 65536));
    g_assert_cmpint(vm_step_to_next(vm), ==, cycle_ns(1 + INT64_C(65536) * 65536));
    g_assert_true(vm_irq(vm, TIMER));
    vm_stop(vm);
}

static void test_one_shot(void)
{
    Vm *vm = start();

    program(vm, 0, 0, 1000);
    g_assert_false(vm_irq(vm, TIMER));
    vm_set_clock(vm, cycle_ns(1001) - 1); /* loading the count takes a cycle */
    g_assert_false(vm_irq(vm, TIMER));
    vm_set_clock(vm, cycle_ns(1001));
    g_assert_true(vm_irq(vm, TIMER));
    g_assert_cmpint(vm_step_to_next(vm), ==, -1);
    vm_stop(vm);
}

/* At the same moment it reaches the 8259, at input 0. */
static void test_reaches_pic(void)
{
    Vm *vm = start();

    outb(vm, 0x20, 0x11);
    outb(vm, 0x21, 0x08);
    outb(vm, 0x21, 0x04);
    outb(vm, 0x21, 0x01);
    program(vm, 0, 0, 100);
    outb(vm, 0x20, 0x0a);
    g_assert_cmphex(inb(vm, 0x20) & 1, ==, 0);
    g_assert_cmpint(vm_step_to_next(vm), ==, cycle_ns(101));
    g_assert_cmphex(inb(vm, 0x20) & 1, ==, 1);
    vm_stop(vm);
}

/* The fastest rates there are do not make an hour expensive. */
static void test_fast_rates(void)
{
    static const uint16_t counts[] = {1, 2, 3, 20};

    for (int mode = 2; mode <= 3; mode++) {
        for (size_t i = 0; i < G_N_ELEMENTS(counts); i++) {
            Vm *vm = start();

            program(vm, 0, mode, counts[i]);
            vm_step(vm, NANOSECONDS_PER_SECOND / 10);
            g_assert_cmpuint(vm_irq_count(vm, TIMER), <=, 5000);
            vm_stop(vm);
        }
    }
}

static void test_reset(void)
{
    Vm *vm = start();

    program(vm, 0, 3, 1000);
    vm_step(vm, NANOSECONDS_PER_MS);
    vm_reset(vm);
    g_assert_cmpint(vm_step_to_next(vm), ==, -1);
    g_assert_false(vm_irq(vm, TIMER));
    vm_stop(vm);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pit/modes", test_modes);
    g_test_add_func("/pit/odd-square-wave", test_odd_square_wave);
    g_test_add_func("/pit/gate", test_gate);
    g_test_add_func("/pit/new-count", test_new_count);
    g_test_add_func("/pit/latch", test_latch);
    g_test_add_func("/pit/one-byte", test_one_byte);
    g_test_add_func("/pit/bcd", test_bcd);
    g_test_add_func("/pit/read-back", test_read_back);
    g_test_add_func("/pit/interrupt-rate", test_interrupt_rate);
    g_test_add_func("/pit/one-shot", test_one_shot);
    g_test_add_func("/pit/reaches-pic", test_reaches_pic);
    g_test_add_func("/pit/fast-rates", test_fast_rates);
    g_test_add_func("/pit/reset", test_reset);
    return g_test_run();
}
