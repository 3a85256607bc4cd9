/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The 8254 and the 8259 pair in their machine: interrupts as they reach the controllers, on time.
 */
#include "vm.h"

#define PIT_HZ 1193182

/* As firmware does: vectors 0x08 and 0x70, cascade on 2, 8086 mode. */
static void init_pics(Vm *vm)
{
    static const uint8_t words[2][4] = {{0x11, 0x08, 0x04, 0x01}, {0x11, 0x70, 0x02, 0x01}};
    static const uint16_t ports[] = {0x20, 0xa0};

    for (int pic = 0; pic < 2; pic++) {
        outb(vm, ports[pic], words[pic][0]);
        for (int i = 1; i < 4; i++) {
            outb(vm, ports[pic] + 1, words[pic][i]);
        }
        outb(vm, ports[pic] + 1, 0); /* none masked */
    }
}

static uint8_t requested(Vm *vm, uint16_t pic)
{
    outb(vm, pic, 0x0a);
    return inb(vm, pic);
}

static uint8_t in_service(Vm *vm, uint16_t pic)
{
    outb(vm, pic, 0x0b);
    return inb(vm, pic);
}

static void start_timer(Vm *vm, uint8_t mode, uint16_t count)
{
    outb(vm, 0x43, 0x30 | mode << 1);
    outb(vm, 0x40, count & 0xff);
    outb(vm, 0x40, count >> 8);
}

static int64_t ticks_ns(int64_t ticks)
{
    return (ticks * NANOSECONDS_PER_SECOND + PIT_HZ - 1) / PIT_HZ;
}

/* 18.2 Hz is what every PC starts with: interrupt 0, pin 2 of the I/O APIC. */
static void test_square_wave(void)
{
    Vm *vm = vm_start("-nodefaults");

    vm_watch_irqs(vm, "ioapic");
    start_timer(vm, 3, 0);
    for (int i = 1; i <= 50; i++) {
        vm_set_clock(vm, ticks_ns(65536 * (i + 1)));
        g_assert_cmpint(ABS((int)vm_irq_count(vm, 2) - i), <=, 1);
    }
    vm_stop(vm);
}

static void test_one_shot(void)
{
    Vm *vm = vm_start("-nodefaults");

    vm_watch_irqs(vm, "ioapic");
    start_timer(vm, 0, 1000);
    vm_step(vm, ticks_ns(999));
    g_assert_false(vm_irq(vm, 2));
    vm_step(vm, ticks_ns(3)); /* loading the count takes a clock */
    g_assert_true(vm_irq(vm, 2));
    g_assert_cmpint(vm_step_to_next(vm), ==, -1);
    vm_stop(vm);
}

static void test_pic(void)
{
    Vm *vm = vm_start("-nodefaults");

    init_pics(vm);
    g_assert_cmphex(requested(vm, 0x20), ==, 0);
    vm_set_irq(vm, "isa-i8259", NULL, 3, 1);
    g_assert_cmphex(requested(vm, 0x20), ==, 1 << 3);
    vm_set_irq(vm, "isa-i8259", NULL, 12, 1); /* the second pair's 4, by the first's 2 */
    g_assert_cmphex(requested(vm, 0xa0), ==, 1 << 4);
    g_assert_cmphex(requested(vm, 0x20), ==, 1 << 3 | 1 << 2);
    outb(vm, 0x20, 0x0c); /* poll: the more urgent comes first */
    g_assert_cmphex(inb(vm, 0x20), ==, 0x80 | 2);
    g_assert_cmphex(in_service(vm, 0x20), ==, 1 << 2);
    outb(vm, 0x20, 0x60 | 2);
    outb(vm, 0x21, 1 << 2);
    outb(vm, 0x20, 0x0c);
    g_assert_cmphex(inb(vm, 0x20), ==, 0x80 | 3);
    g_assert_cmphex(in_service(vm, 0x20), ==, 1 << 3);
    outb(vm, 0x20, 0x20);
    g_assert_cmphex(in_service(vm, 0x20), ==, 0);
    vm_stop(vm);
}

/* A request is of an edge: a line that stays high asks once, one that falls asks no more. */
static void test_edges(void)
{
    Vm *vm = vm_start("-nodefaults");

    init_pics(vm);
    vm_set_irq(vm, "isa-i8259", NULL, 5, 1);
    outb(vm, 0x20, 0x0c);
    g_assert_cmphex(inb(vm, 0x20), ==, 0x80 | 5);
    outb(vm, 0x20, 0x20);
    g_assert_cmphex(requested(vm, 0x20), ==, 0);
    vm_set_irq(vm, "isa-i8259", NULL, 5, 0);
    vm_set_irq(vm, "isa-i8259", NULL, 5, 1);
    g_assert_cmphex(requested(vm, 0x20), ==, 1 << 5);
    vm_set_irq(vm, "isa-i8259", NULL, 5, 0);
    g_assert_cmphex(requested(vm, 0x20), ==, 0);
    vm_stop(vm);
}

/* The timer's interrupt reaches the 8259 as well, at the same moment. */
static void test_timer_reaches_pic(void)
{
    Vm *vm = vm_start("-nodefaults");

    init_pics(vm);
    start_timer(vm, 0, 100);
    g_assert_cmphex(requested(vm, 0x20), ==, 0);
    g_assert_cmpint(vm_step_to_next(vm), >, 0);
    g_assert_cmphex(requested(vm, 0x20), ==, 1 << 0);
    vm_stop(vm);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/interrupts/square-wave", test_square_wave);
    g_test_add_func("/interrupts/one-shot", test_one_shot);
    g_test_add_func("/interrupts/pic", test_pic);
    g_test_add_func("/interrupts/edges", test_edges);
    g_test_add_func("/interrupts/timer-reaches-pic", test_timer_reaches_pic);
    return g_test_run();
}
