/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pc-testdev: its registers, window, lines, and the page flush. */
#include "../harness.h"
#include "hw/misc/pc-testdev.h"

static void test_register(void)
{
    Harness h;

    harness_begin(&h);
    harness_isa_device(&h, &pc_testdev_class, NULL);
    g_assert_cmphex(inl(0xe0), ==, 0);
    outl(0xe0, 0x12345678);
    g_assert_cmphex(inl(0xe0), ==, 0x12345678);
    g_assert_cmphex(inb(0xe1), ==, 0x56);
    g_assert_cmphex(inw(0xe2), ==, 0x1234);
    g_assert_cmphex(inw(0xe1), ==, 0x3456);
    outb(0xe3, 0xab);
    outw(0xe0, 0xcdef);
    g_assert_cmphex(inl(0xe0), ==, 0xab34cdef);
    harness_end(&h);
}

static void test_register_by_bytes(void)
{
    Harness h;

    harness_begin(&h);
    harness_isa_device(&h, &pc_testdev_class, NULL);
    outl(0xe8, 0x12345678);
    g_assert_cmphex(inl(0xe0), ==, 0x12345678);
    outw(0xe9, 0x99aa);
    g_assert_cmphex(inl(0xe8), ==, 0x1299aa78);
    g_assert_cmphex(inb(0xea), ==, 0x99);
    harness_end(&h);
}

static void test_window(void)
{
    Harness h;

    harness_begin(&h);
    harness_isa_device(&h, &pc_testdev_class, NULL);
    writel(0xff000010, 0x11223344);
    g_assert_cmphex(address_space_ldub(&address_space_memory, 0xff000012, NULL), ==, 0x22);
    address_space_stq_le(&address_space_memory, 0xff00fff8, 0x8877665544332211, NULL);
    g_assert_cmphex(readl(0xff00fffc), ==, 0x88776655);
    g_assert_cmphex(address_space_lduw_le(&address_space_memory, 0xff00fff9, NULL), ==, 0x3322);
    g_assert_cmphex(readl(0xff010000), ==, 0xffffffff);
    harness_end(&h);
}

static void test_lines(void)
{
    IrqRecord high;
    Device *dev;
    Harness h;

    harness_begin(&h);
    dev = harness_isa_device(&h, &pc_testdev_class, NULL);
    record_init(&high, 23);
    device_connect_gpio_out(dev, "gsi", 7, &high.irq);
    outb(0x2005, 1);
    outb(0x200f, 0x80);
    g_assert_cmpint(h.irq[5].level, ==, 1);
    g_assert_cmpint(h.irq[15].level, ==, 1);
    g_assert_cmpint(h.irq[4].raised, ==, 0);
    outb(0x2005, 0);
    g_assert_cmpint(h.irq[5].level, ==, 0);
    outb(0x2017, 1);
    g_assert_cmpint(high.level, ==, 1);
    outb(0x2010, 1); /* nobody there */
    outb(0x2018, 1);
    harness_end(&h);
}

/* A page of RAM keeps what it holds; any other address, and a strange width, do nothing. */
static void test_flush(void)
{
    g_autoptr(GError) err = NULL;
    MemoryRegion ram;
    uint8_t *mem;
    Harness h;

    harness_begin(&h);
    memory_region_init_ram(&ram, NULL, "ram", 0x4000, &err);
    g_assert_no_error(err);
    memory_region_add_subregion(get_system_memory(), 0, &ram);
    mem = memory_region_get_ram_ptr(&ram);
    harness_isa_device(&h, &pc_testdev_class, NULL);
    mem[0x1000] = 0x5a;
    outl(0xe4, 0x1234);
    g_assert_cmphex(mem[0x1000], ==, 0x5a);
    mem[0x1fff] = 1; /* still writable */
    outl(0xe4, 0x4000);
    outl(0xe4, 0xff000000);
    outl(0xe4, 0xffffffff);
    outb(0xe4, 0);
    g_assert_cmphex(mem[0x1fff], ==, 1);
    memory_region_del_subregion(get_system_memory(), &ram);
    harness_end(&h);
    memory_region_destroy(&ram);
}

static void run_loop(void)
{
    while (g_main_context_iteration(NULL, FALSE)) {
    }
}

/* The doorbell raises the line, and a reset forgets it. */
static void test_irqfd(void)
{
    Device *dev;
    Harness h;

    harness_begin(&h);
    dev = harness_isa_device(&h, &pc_testdev_class, "irqfd", "11", "irqfd-level", "on", NULL);
    outb(0xec, 0x55);
    g_assert_cmpint(h.irq[11].level, ==, 0);
    run_loop();
    g_assert_cmpint(h.irq[11].level, ==, 1);
    outb(0xed, 7);
    g_assert_cmphex(inb(0xed), ==, 7);
    irq_acked(&h.irq[11].irq); /* the cause persists */
    g_assert_cmpint(h.irq[11].level, ==, 1);
    outb(0xed, 0);
    irq_acked(&h.irq[11].irq);
    g_assert_cmpint(h.irq[11].level, ==, 0);
    outb(0xed, 7);
    outb(0xec, 1);
    run_loop();
    outb(0xec, 1);
    device_reset(dev);
    run_loop();
    g_assert_cmpint(h.irq[11].level, ==, 0);
    g_assert_cmphex(inb(0xed), ==, 0);
    outb(0xec, 1);
    run_loop();
    g_assert_cmpint(h.irq[11].level, ==, 1);
    harness_end(&h);
}

int main(int argc, char **argv)
{
    harness_init(&argc, &argv);
    g_test_add_func("/pc-testdev/register-of-any-width", test_register);
    g_test_add_func("/pc-testdev/register-by-bytes", test_register_by_bytes);
    g_test_add_func("/pc-testdev/window", test_window);
    g_test_add_func("/pc-testdev/interrupt-lines", test_lines);
    g_test_add_func("/pc-testdev/flush-page", test_flush);
    g_test_add_func("/pc-testdev/irqfd", test_irqfd);
    return g_test_run();
}
