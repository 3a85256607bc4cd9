/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The I/O APIC in its machine: registers, and what becomes of its inputs. Where a message went is
 * seen in the request register of the local APIC.
 */
#include "vm.h"

#define IOAPIC     UINT64_C(0xfec00000)
#define IOREGSEL   (IOAPIC + 0x00)
#define IOWIN      (IOAPIC + 0x10)
#define LOCAL_APIC UINT64_C(0xfee00000)
#define LOCAL_SVR  (LOCAL_APIC + 0xf0)
#define LOCAL_IRR  (LOCAL_APIC + 0x200)
#define PINS       24

enum { ID = 0, VERSION = 1, ARBITRATION = 2, REDTBL = 0x10 };
enum { REMOTE_IRR = 1 << 14, LEVEL = 1 << 15, MASKED = 1 << 16 };

static uint32_t get(Vm *vm, uint8_t reg)
{
    writel(vm, IOREGSEL, reg);
    return readl(vm, IOWIN);
}

static void put(Vm *vm, uint8_t reg, uint32_t value)
{
    writel(vm, IOREGSEL, reg);
    writel(vm, IOWIN, value);
}

static uint32_t entry(Vm *vm, int pin)
{
    return get(vm, REDTBL + 2 * pin);
}

static void set_entry(Vm *vm, int pin, uint32_t low)
{
    put(vm, REDTBL + 2 * pin, low);
}

static void set(Vm *vm, int pin, int level)
{
    vm_set_irq(vm, "ioapic", NULL, pin, level);
}

/* Whether the CPU is asked for a vector. */
static bool requested(Vm *vm, uint8_t vector)
{
    return readl(vm, LOCAL_IRR + vector / 32 * 0x10) & 1u << vector % 32;
}

static Vm *start(void)
{
    Vm *vm = vm_start("-nodefaults");

    writel(vm, LOCAL_SVR, 0x1ff); /* switched on */
    return vm;
}

static void test_registers(void)
{
    Vm *vm = start();

    g_assert_cmphex(get(vm, VERSION), ==, 0x00170011); /* 24 entries */
    g_assert_cmphex(get(vm, ID), ==, 0);
    put(vm, ID, 0xffffffff);
    g_assert_cmphex(get(vm, ID), ==, 0x0f000000);
    g_assert_cmphex(get(vm, ARBITRATION), ==, 0x0f000000);
    put(vm, VERSION, 0);
    g_assert_cmphex(get(vm, VERSION), ==, 0x00170011);
    for (int pin = 0; pin < PINS; pin++) {
        g_assert_cmphex(entry(vm, pin), ==, MASKED);
        put(vm, REDTBL + 2 * pin, 0xffffffff);
        put(vm, REDTBL + 2 * pin + 1, 0xffffffff);
        g_assert_cmphex(entry(vm, pin), ==, 0x1afff); /* both statuses are read-only */
        g_assert_cmphex(get(vm, REDTBL + 2 * pin + 1), ==, 0xff000000);
    }
    for (int reg = REDTBL + 2 * PINS; reg < 256; reg++) { /* nothing is there */
        put(vm, reg, 0xffffffff);
        g_assert_cmphex(get(vm, reg), ==, 0);
    }
    writel(vm, IOREGSEL, VERSION);
    g_assert_cmphex(readl(vm, IOREGSEL), ==, VERSION);
    g_assert_cmphex(readl(vm, IOAPIC + 0x20), ==, 0);
    vm_reset(vm);
    g_assert_cmphex(entry(vm, 5), ==, MASKED);
    g_assert_cmphex(get(vm, ID), ==, 0);
    vm_stop(vm);
}

static void test_edge(void)
{
    Vm *vm = start();

    for (int pin = 0; pin < PINS; pin++) {
        set_entry(vm, pin, 0x40 + pin);
        g_assert_false(requested(vm, 0x40 + pin));
        set(vm, pin, 1);
        g_assert_true(requested(vm, 0x40 + pin));
        g_assert_cmphex(entry(vm, pin), ==, 0x40 + pin); /* no remote IRR */
        set_entry(vm, pin, 0x80 + pin);
        g_assert_false(requested(vm, 0x80 + pin)); /* high, but no edge */
        set(vm, pin, 0);
        g_assert_false(requested(vm, 0x80 + pin));
        set(vm, pin, 1);
        g_assert_true(requested(vm, 0x80 + pin));
    }
    vm_stop(vm);
}

/* An edge that comes while it is masked is lost. */
static void test_masked_edge(void)
{
    Vm *vm = start();

    set_entry(vm, 5, 0x45 | MASKED);
    set(vm, 5, 1);
    set_entry(vm, 5, 0x45);
    g_assert_false(requested(vm, 0x45));
    set(vm, 5, 0);
    set(vm, 5, 1);
    g_assert_true(requested(vm, 0x45));
    vm_stop(vm);
}

/* A level is one message until its EOI; unmasked later, it is still there. */
static void test_level(void)
{
    Vm *vm = start();

    set_entry(vm, 11, 0x4b | LEVEL | MASKED);
    set(vm, 11, 1);
    g_assert_false(requested(vm, 0x4b));
    set_entry(vm, 11, 0x4b | LEVEL);
    g_assert_true(requested(vm, 0x4b));
    g_assert_cmphex(entry(vm, 11), ==, 0x4b | LEVEL | REMOTE_IRR);
    set(vm, 11, 0);
    g_assert_cmphex(entry(vm, 11), ==, 0x4b | LEVEL | REMOTE_IRR); /* until the EOI */
    set_entry(vm, 11, 0x5b | LEVEL);
    set(vm, 11, 1);
    g_assert_false(requested(vm, 0x5b)); /* one at a time */
    vm_stop(vm);
}

/* Without an EOI, software makes it an edge for a moment. */
static void test_remote_irr_is_forgotten(void)
{
    Vm *vm = start();

    set_entry(vm, 11, 0x4b | LEVEL);
    set(vm, 11, 1);
    g_assert_cmphex(entry(vm, 11) & REMOTE_IRR, ==, REMOTE_IRR);
    set_entry(vm, 11, 0x5b | MASKED);
    g_assert_cmphex(entry(vm, 11), ==, 0x5b | MASKED);
    set_entry(vm, 11, 0x5b | LEVEL);
    g_assert_true(requested(vm, 0x5b)); /* asserted all the time */
    vm_stop(vm);
}

/* To a logical address, and to one that nobody has. */
static void test_destination(void)
{
    Vm *vm = start();

    writel(vm, LOCAL_APIC + 0xd0, 0x02000000); /* LDR */
    writel(vm, LOCAL_APIC + 0xe0, 0xffffffff); /* DFR: flat */
    put(vm, REDTBL + 2 * 3 + 1, 0x02000000);
    set_entry(vm, 3, 0x43 | 1 << 11);
    set(vm, 3, 1);
    g_assert_true(requested(vm, 0x43));
    put(vm, REDTBL + 2 * 4 + 1, 0x04000000);
    set_entry(vm, 4, 0x44 | 1 << 11);
    set(vm, 4, 1);
    g_assert_false(requested(vm, 0x44));
    put(vm, REDTBL + 2 * 5 + 1, 0x07000000); /* there is one CPU: 0 */
    set_entry(vm, 5, 0x45);
    set(vm, 5, 1);
    g_assert_false(requested(vm, 0x45));
    vm_stop(vm);
}

/* Interception tells what the inputs do, and the device hears it all the same. */
static void test_observed(void)
{
    Vm *vm = start();

    vm_watch_irqs(vm, "ioapic");
    set_entry(vm, 9, 0x49);
    set(vm, 9, 1);
    g_assert_true(vm_irq(vm, 9));
    g_assert_true(requested(vm, 0x49));
    set(vm, 9, 1); /* no change, nothing told: the client would fail */
    set(vm, 9, 0);
    g_assert_false(vm_irq(vm, 9));
    g_assert_cmpuint(vm_irq_count(vm, 9), ==, 1);
    vm_stop(vm);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ioapic/registers", test_registers);
    g_test_add_func("/ioapic/edge", test_edge);
    g_test_add_func("/ioapic/masked-edge", test_masked_edge);
    g_test_add_func("/ioapic/level", test_level);
    g_test_add_func("/ioapic/remote-irr-is-forgotten", test_remote_irr_is_forgotten);
    g_test_add_func("/ioapic/destination", test_destination);
    g_test_add_func("/ioapic/observed", test_observed);
    return g_test_run();
}
