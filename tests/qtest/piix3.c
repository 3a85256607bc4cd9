/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ISA bridge: its registers, and where the PCI interrupts go.
 */
#include "vm.h"

#define BRIDGE PCI_DEVFN(1, 0)
#define PIRQRC 0x60
#define BAR    0xe0000000

static void test_registers(void)
{
    static const struct {
        uint8_t reg, reset, mask;
    } rows[] = {
        {0x00, 0x86, 0},    {0x01, 0x80, 0},    {0x02, 0x00, 0},    {0x03, 0x70, 0},
        {0x04, 0x07, 0},    {0x07, 0x02, 0},    {0x0a, 0x01, 0},    {0x0b, 0x06, 0},
        {0x0e, 0x80, 0},    {0x3c, 0x00, 0},    {0x4c, 0x4d, 0x7f}, {0x4e, 0x03, 0xff},
        {0x4f, 0x00, 0x01}, {0x60, 0x80, 0x8f}, {0x61, 0x80, 0x8f}, {0x62, 0x80, 0x8f},
        {0x63, 0x80, 0x8f}, {0x69, 0x02, 0xfe}, {0x70, 0x80, 0xef}, {0x76, 0x0c, 0x8f},
        {0x77, 0x0c, 0x8f}, {0x78, 0x02, 0xff}, {0x80, 0x00, 0x7f}, {0x82, 0x00, 0x0f},
        {0xa0, 0x08, 0x1f}, {0xa8, 0x0f, 0xff}, {0x40, 0x00, 0},    {0xff, 0x00, 0},
    };
    Vm *vm = vm_start("-nodefaults");

    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
            g_assert_cmphex(pci_readb(vm, BRIDGE, rows[i].reg), ==, rows[i].reset);
            pci_writeb(vm, BRIDGE, rows[i].reg, 0);
            g_assert_cmphex(pci_readb(vm, BRIDGE, rows[i].reg), ==, rows[i].reset & ~rows[i].mask);
            pci_writeb(vm, BRIDGE, rows[i].reg, 0xff);
            g_assert_cmphex(pci_readb(vm, BRIDGE, rows[i].reg), ==, rows[i].reset | rows[i].mask);
        }
        vm_reset(vm);
    }
    vm_stop(vm);
}

/* A network card in each of the slots 4 to 7: their pins A are PIRQ D, A, B and C. */
typedef struct Cards {
    Vm *vm;
} Cards;

static const int pirq_of_slot[] = {3, 0, 1, 2};

static Cards start_cards(void)
{
    Cards cards = {vm_start("-nodefaults -device e1000,addr=4 -device e1000,addr=5"
                            " -device e1000,addr=6 -device e1000,addr=7")};

    vm_watch_irqs(cards.vm, "ioapic");
    for (int i = 0; i < 4; i++) {
        pci_writel(cards.vm, PCI_DEVFN(4 + i, 0), 0x10, BAR + i * 0x20000);
        pci_writew(cards.vm, PCI_DEVFN(4 + i, 0), 4, 2);
        writel(cards.vm, BAR + i * 0x20000 + 0xd0, 4); /* IMS: link status change */
    }
    return cards;
}

static void set_pin(Cards *cards, int card, bool level)
{
    if (level) {
        writel(cards->vm, BAR + card * 0x20000 + 0xc8, 4); /* ICS */
    } else {
        readl(cards->vm, BAR + card * 0x20000 + 0xc0); /* ICR, which reading clears */
    }
}

static void route(Cards *cards, int card, uint8_t value)
{
    pci_writeb(cards->vm, BRIDGE, PIRQRC + pirq_of_slot[card], value);
}

/* Each PIRQ reaches the interrupts that it can be routed to, and no others. */
static void test_routes(void)
{
    Cards cards = start_cards();

    for (int card = 0; card < 4; card++) {
        set_pin(&cards, card, true);
        for (int irq = 0; irq < 16; irq++) {
            const bool allowed = 0xdef8 >> irq & 1;

            route(&cards, card, irq);
            for (int n = 3; n < 16; n++) {
                g_assert_cmpint(vm_irq(cards.vm, n), ==, n == irq && allowed);
            }
            route(&cards, card, irq | 0x80); /* off */
            for (int n = 3; n < 16; n++) {
                g_assert_false(vm_irq(cards.vm, n));
            }
        }
        set_pin(&cards, card, false);
    }
    vm_stop(cards.vm);
}

/* Two PIRQs on one line: it is high while either is. The line follows a route that changes. */
static void test_shared(void)
{
    Cards cards = start_cards();

    route(&cards, 0, 11);
    route(&cards, 1, 11);
    set_pin(&cards, 0, true);
    g_assert_true(vm_irq(cards.vm, 11));
    set_pin(&cards, 1, true);
    set_pin(&cards, 0, false);
    g_assert_true(vm_irq(cards.vm, 11));
    g_assert_cmpuint(vm_irq_count(cards.vm, 11), ==, 1);
    route(&cards, 0, 10);
    g_assert_true(vm_irq(cards.vm, 11));
    route(&cards, 1, 10);
    g_assert_false(vm_irq(cards.vm, 11));
    g_assert_true(vm_irq(cards.vm, 10));
    set_pin(&cards, 1, false);
    g_assert_false(vm_irq(cards.vm, 10));
    set_pin(&cards, 2, true); /* not routed yet */
    route(&cards, 2, 5);
    g_assert_true(vm_irq(cards.vm, 5));
    vm_reset(cards.vm);
    g_assert_false(vm_irq(cards.vm, 5));
    vm_stop(cards.vm);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/piix3/registers", test_registers);
    g_test_add_func("/piix3/routes", test_routes);
    g_test_add_func("/piix3/shared", test_shared);
    return g_test_run();
}
