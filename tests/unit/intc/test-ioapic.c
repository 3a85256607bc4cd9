/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The I/O APIC: registers, edge and level, masks, remote IRR, what it sends.
 */
#include "hw/intc/ioapic.h"

#include "harness.h"

#define BASE IOAPIC_DEFAULT_BASE

static Harness h;
static Device *ioapic;
static ApicMessage last;
static unsigned sent;

static void deliver(void *opaque, const ApicMessage *msg)
{
    last = *msg;
    sent++;
}

static void begin(void)
{
    harness_begin(&h);
    ioapic = harness_system_device(&ioapic_class, NULL);
    ioapic_map(ioapic, get_system_memory(), BASE);
    ioapic_set_deliver(ioapic, deliver, NULL);
    sent = 0;
}

static void end(void)
{
    harness_end(&h);
}

static uint32_t get(uint8_t reg)
{
    writel(BASE, reg);
    return readl(BASE + 0x10);
}

static void put(uint8_t reg, uint32_t val)
{
    writel(BASE, reg);
    writel(BASE + 0x10, val);
}

static void set(int pin, int level)
{
    irq_set(device_get_gpio_in(ioapic, NULL, pin), level);
}

static void test_registers(void)
{
    begin();
    g_assert_cmphex(get(0), ==, 0);
    g_assert_cmphex(get(1), ==, 0x00170011);
    for (int pin = 0; pin < 24; pin++) {
        g_assert_cmphex(get(0x10 + 2 * pin), ==, 0x10000);
        g_assert_cmphex(get(0x11 + 2 * pin), ==, 0);
    }
    g_assert_cmphex(get(0x40), ==, 0);
    g_assert_cmphex(get(0xff), ==, 0);
    put(0, 0xffffffff);
    put(1, 0);
    g_assert_cmphex(get(0), ==, 0x0f000000);
    g_assert_cmphex(get(2), ==, 0x0f000000);
    g_assert_cmphex(get(1), ==, 0x00170011);
    put(0x10, 0xffffffff);
    put(0x11, 0xffffffff);
    g_assert_cmphex(get(0x10), ==, 0x1afff); /* status and remote IRR are read-only */
    g_assert_cmphex(get(0x11), ==, 0xff000000);
    put(0x40, 0xffffffff);
    g_assert_cmphex(readl(BASE), ==, 0x40);
    device_reset(ioapic);
    g_assert_cmphex(get(0x10), ==, 0x10000);
    end();
}

static void test_edge(void)
{
    begin();
    put(0x10 + 2 * 4 + 1, 0x12000000);
    put(0x10 + 2 * 4, 0x0844);
    set(4, 1);
    g_assert_cmpuint(sent, ==, 1);
    g_assert_cmphex(last.vector, ==, 0x44);
    g_assert_cmphex(last.dest, ==, 0x12);
    g_assert_true(last.logical);
    g_assert_false(last.level);
    g_assert_cmpuint(last.delivery_mode, ==, APIC_DM_FIXED);
    set(4, 1);
    g_assert_cmpuint(sent, ==, 1);
    set(4, 0);
    set(4, 1);
    g_assert_cmpuint(sent, ==, 2);
    g_assert_cmphex(get(0x18), ==, 0x0844); /* no remote IRR */
    /* An edge under the mask is lost. */
    put(0x18, 0x10844);
    set(4, 0);
    set(4, 1);
    put(0x18, 0x0844);
    g_assert_cmpuint(sent, ==, 2);
    end();
}

static void test_level(void)
{
    begin();
    put(0x10 + 2 * 11, 0x18000 | 0x51);
    set(11, 1);
    g_assert_cmpuint(sent, ==, 0);
    put(0x10 + 2 * 11, 0x8000 | 0x51); /* a level under the mask waits */
    g_assert_cmpuint(sent, ==, 1);
    g_assert_true(last.level);
    g_assert_cmphex(get(0x10 + 2 * 11), ==, 0xc051);
    set(11, 0);
    set(11, 1);
    g_assert_cmpuint(sent, ==, 1); /* one is under way */
    ioapic_eoi(ioapic, 0x50);
    g_assert_cmpuint(sent, ==, 1);
    ioapic_eoi(ioapic, 0x51); /* still asserted: again */
    g_assert_cmpuint(sent, ==, 2);
    set(11, 0);
    ioapic_eoi(ioapic, 0x51);
    g_assert_cmpuint(sent, ==, 2);
    g_assert_cmphex(get(0x10 + 2 * 11), ==, 0x8051);
    /* Making it an edge forgets what is under way. */
    set(11, 1);
    g_assert_cmphex(get(0x10 + 2 * 11), ==, 0xc051);
    put(0x10 + 2 * 11, 0x10051);
    put(0x10 + 2 * 11, 0x18051);
    g_assert_cmphex(get(0x10 + 2 * 11), ==, 0x18051);
    put(0x10 + 2 * 11, 0x8051);
    g_assert_cmpuint(sent, ==, 4);
    end();
}

static void test_modes_without_eoi_are_edges(void)
{
    begin();
    put(0x10, 0x8000 | APIC_DM_NMI << 8);
    set(0, 1);
    g_assert_cmpuint(sent, ==, 1);
    g_assert_cmpuint(last.delivery_mode, ==, APIC_DM_NMI);
    g_assert_false(last.level);
    set(0, 0);
    set(0, 1);
    g_assert_cmpuint(sent, ==, 2);
    end();
}

static void test_shared_vector(void)
{
    begin();
    put(0x10 + 2 * 16, 0x8061);
    put(0x10 + 2 * 17, 0x8061);
    set(16, 1);
    set(17, 1);
    g_assert_cmpuint(sent, ==, 2);
    set(16, 0);
    ioapic_eoi(ioapic, 0x61); /* ends both; one is still asserted */
    g_assert_cmpuint(sent, ==, 3);
    g_assert_cmphex(get(0x10 + 2 * 16), ==, 0x8061);
    g_assert_cmphex(get(0x10 + 2 * 17), ==, 0xc061);
    end();
}

static int ended_pin;

static void on_eoi(void *opaque, int pin)
{
    ended_pin = pin;
    set(pin, 0);
}

/* Whoever asked for a level-triggered interrupt hears of its end, before the pin is looked at. */
static void test_ends_are_told(void)
{
    begin();
    ended_pin = -1;
    ioapic_set_eoi_handler(ioapic, on_eoi, NULL);
    put(0x10 + 2 * 9, 0x8031); /* level, vector 31 */
    set(9, 1);
    g_assert_cmpuint(sent, ==, 1);
    ioapic_eoi(ioapic, 0x32);
    g_assert_cmpint(ended_pin, ==, -1);
    ioapic_eoi(ioapic, 0x31);
    g_assert_cmpint(ended_pin, ==, 9);
    g_assert_cmpuint(sent, ==, 1);
    end();
}

int main(int argc, char **argv)
{
    harness_init(&argc, &argv);
    g_test_add_func("/ioapic/registers", test_registers);
    g_test_add_func("/ioapic/edge", test_edge);
    g_test_add_func("/ioapic/level", test_level);
    g_test_add_func("/ioapic/modes-without-eoi-are-edges", test_modes_without_eoi_are_edges);
    g_test_add_func("/ioapic/shared-vector", test_shared_vector);
    g_test_add_func("/ioapic/ends-are-told", test_ends_are_told);
    return g_test_run();
}
