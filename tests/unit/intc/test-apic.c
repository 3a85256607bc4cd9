/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The local APIC: priorities, end of interrupt, timer, local pins, interrupts to itself, errors,
 * the base MSR, and the whole chain from a PIC and an I/O APIC.
 */
#include "hw/intc/apic.h"

#include "harness.h"
#include "hw/intc/i8259.h"
#include "hw/intc/ioapic.h"

#define BASE APIC_DEFAULT_BASE
enum { MASKED = 0x10000, PERIODIC = 0x20000, LEVEL = 0x8000 };
enum {
    ID = 0x20,
    VER = 0x30,
    TPR = 0x80,
    PPR = 0xa0,
    EOI = 0xb0,
    LDR = 0xd0,
    DFR = 0xe0,
    SVR = 0xf0,
    ISR = 0x100,
    TMR = 0x180,
    IRR = 0x200,
    ESR = 0x280,
    ICR = 0x300,
    ICR2 = 0x310,
    TIMER = 0x320,
    LINT0 = 0x350,
    LINT1 = 0x360,
    ERROR = 0x370,
    COUNT = 0x380,
    CURRENT = 0x390,
    DIVIDE = 0x3e0
};

static Harness h;
static Device *apic;
static IrqRecord intr, nmi;
static unsigned ended, last_ended;

static uint32_t get(unsigned reg)
{
    return readl(BASE + reg);
}

static void put(unsigned reg, uint32_t val)
{
    writel(BASE + reg, val);
}

static void eoi_handler(void *opaque, uint8_t vector)
{
    ended++;
    last_ended = vector;
}

static void begin(void)
{
    harness_begin(&h);
    apic = harness_system_device(&apic_class, NULL);
    apic_map(apic, get_system_memory());
    apic_set_eoi_handler(apic, eoi_handler, NULL);
    record_init(&intr, 0);
    record_init(&nmi, 1);
    device_connect_gpio_out(apic, NULL, 0, &intr.irq);
    device_connect_gpio_out(apic, NULL, 1, &nmi.irq);
    put(SVR, 0x1ff);
    ended = 0;
}

static void end(void)
{
    harness_end(&h);
}

static void send(uint8_t vector, bool level)
{
    apic_deliver(apic, &(ApicMessage){.vector = vector, .level = level});
}

static void test_registers(void)
{
    begin();
    g_assert_cmphex(get(VER), ==, 0x50014);
    g_assert_cmphex(get(SVR), ==, 0x1ff);
    g_assert_cmphex(get(DFR), ==, 0xffffffff);
    g_assert_cmphex(get(LINT0), ==, 0x700);
    g_assert_cmphex(get(TIMER), ==, MASKED);
    put(LDR, 0xffffffff);
    g_assert_cmphex(get(LDR), ==, 0xff000000);
    put(ID, 0x05000000);
    g_assert_cmphex(get(ID), ==, 0x05000000);
    put(TIMER, 0xffffffff);
    g_assert_cmphex(get(TIMER), ==, 0x300ff);
    put(SVR, 0x0ff); /* off: every LVT entry is masked, and stays so */
    g_assert_cmphex(get(LINT0), ==, 0x10700);
    put(LINT0, 0x700);
    g_assert_cmphex(get(LINT0), ==, 0x10700);
    send(0x40, false);
    g_assert_cmpint(intr.level, ==, 0);
    g_assert_cmpint(apic_acknowledge(apic), ==, -1);
    end();
}

static void test_priorities(void)
{
    begin();
    send(0x41, false);
    send(0x4f, false);
    send(0x31, false);
    g_assert_cmphex(get(IRR + 0x20), ==, 0x8002);
    g_assert_cmpint(intr.level, ==, 1);
    g_assert_cmphex(apic_acknowledge(apic), ==, 0x4f);
    g_assert_cmphex(get(ISR + 0x20), ==, 0x8000);
    g_assert_cmphex(get(PPR), ==, 0x40);
    g_assert_cmpint(intr.level, ==, 0); /* 41 is of the same class */
    send(0x52, false);
    g_assert_cmphex(apic_acknowledge(apic), ==, 0x52);
    put(EOI, 0);
    g_assert_cmpint(intr.level, ==, 0);
    put(EOI, 0);
    g_assert_cmphex(apic_acknowledge(apic), ==, 0x41);
    put(EOI, 0);
    put(TPR, 0x3f);
    g_assert_cmphex(get(PPR), ==, 0x3f);
    g_assert_cmpint(intr.level, ==, 0);
    g_assert_cmphex(apic_acknowledge(apic), ==, 0xff); /* spurious: masked meanwhile */
    g_assert_cmphex(get(ISR + 0x10), ==, 0);
    g_assert_cmphex(apic_get_tpr(apic), ==, 3);
    apic_set_tpr(apic, 2);
    g_assert_cmphex(get(TPR), ==, 0x20);
    g_assert_cmphex(apic_acknowledge(apic), ==, 0x31);
    put(EOI, 0);
    put(EOI, 0); /* one too many */
    g_assert_cmpint(apic_acknowledge(apic), ==, -1);
    g_assert_cmpuint(ended, ==, 0);
    end();
}

static void test_level_eoi_is_broadcast(void)
{
    begin();
    send(0x61, true);
    g_assert_cmphex(get(TMR + 0x30), ==, 2);
    g_assert_cmphex(apic_acknowledge(apic), ==, 0x61);
    put(EOI, 0);
    g_assert_cmpuint(ended, ==, 1);
    g_assert_cmphex(last_ended, ==, 0x61);
    send(0x61, false);
    g_assert_cmphex(get(TMR + 0x30), ==, 0);
    apic_acknowledge(apic);
    put(EOI, 0);
    g_assert_cmpuint(ended, ==, 1);
    end();
}

static void test_destinations(void)
{
    static const struct {
        uint32_t dfr, ldr;
        bool logical;
        uint8_t dest;
        bool mine;
    } cases[] = {
        {0xffffffff, 0, false, 3, true},
        {0xffffffff, 0, false, 4, false},
        {0xffffffff, 0, false, 0xff, true},
        {0xffffffff, 0x02000000, true, 0x06, true},
        {0xffffffff, 0x02000000, true, 0x05, false},
        {0x0fffffff, 0x12000000, true, 0x13, true},
        {0x0fffffff, 0x12000000, true, 0x23, false},
        {0x0fffffff, 0x12000000, true, 0xff, true},
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        begin();
        put(ID, 3 << 24);
        put(DFR, cases[i].dfr);
        put(LDR, cases[i].ldr);
        apic_deliver(apic, &(ApicMessage){
                               .vector = 0x40, .logical = cases[i].logical, .dest = cases[i].dest});
        g_assert_cmpint(intr.level, ==, cases[i].mine);
        end();
    }
}

static void test_icr(void)
{
    begin();
    put(ICR, 0x40000 | 0x77); /* self */
    g_assert_cmphex(get(ICR), ==, 0x40077);
    g_assert_cmphex(apic_acknowledge(apic), ==, 0x77);
    put(EOI, 0);
    put(ICR, 0xc0000 | 0x78); /* all but self: nobody */
    g_assert_cmpint(apic_acknowledge(apic), ==, -1);
    put(ICR, 0x80000 | 0x79);
    g_assert_cmphex(apic_acknowledge(apic), ==, 0x79);
    put(EOI, 0);
    put(ICR2, 0x01000000);
    put(ICR, 0x7a);    /* to APIC 1 */
    put(ICR, 0xc4500); /* INIT and start-up to the others */
    put(ICR, 0xc4600);
    g_assert_cmpint(apic_acknowledge(apic), ==, -1);
    put(ICR2, 0);
    put(ICR, 0x400); /* NMI to self by number */
    g_assert_cmpuint(nmi.raised, ==, 1);
    end();
}

static void test_errors(void)
{
    begin();
    put(ERROR, 0x30);
    put(ICR, 0x40000 | 0x05);
    g_assert_cmphex(apic_acknowledge(apic), ==, 0x30);
    put(EOI, 0);
    g_assert_cmphex(get(ESR), ==, 0); /* a write brings it up to date */
    put(ESR, 0);
    g_assert_cmphex(get(ESR), ==, 0x20);
    send(0x0f, false);
    get(0x3f0);
    put(ESR, 0);
    g_assert_cmphex(get(ESR), ==, 0xc0);
    put(ESR, 0);
    g_assert_cmphex(get(ESR), ==, 0);
    end();
}

static void test_timer_one_shot(void)
{
    int64_t start;

    begin();
    put(DIVIDE, 0x3); /* by 16 */
    put(TIMER, 0x40);
    start = clock_get_ns(VM_CLOCK_VIRTUAL);
    put(COUNT, 1000);
    step(16 * 400 + 15);
    g_assert_cmpuint(get(CURRENT), ==, 600);
    step(16 * 600 - 16);
    g_assert_cmpint(intr.level, ==, 0);
    g_assert_cmpuint(get(CURRENT), ==, 1);
    step(1);
    g_assert_cmpint(intr.level, ==, 1);
    g_assert_cmpint(intr.raised_at, ==, start + 16000);
    g_assert_cmpuint(get(CURRENT), ==, 0);
    g_assert_cmphex(apic_acknowledge(apic), ==, 0x40);
    put(EOI, 0);
    step(NANOSECONDS_PER_SECOND);
    g_assert_cmpint(intr.raised, ==, 1);
    put(COUNT, 1000);
    put(COUNT, 0); /* stops */
    step(NANOSECONDS_PER_SECOND);
    g_assert_cmpint(intr.raised, ==, 1);
    end();
}

static void test_timer_periodic(void)
{
    int64_t start;

    begin();
    put(DIVIDE, 0xb); /* by 1 */
    put(TIMER, PERIODIC | 0x40);
    start = clock_get_ns(VM_CLOCK_VIRTUAL);
    put(COUNT, 10007);
    for (int i = 1; i <= 1000; i++) {
        clock_manual_set(start + i * 10007LL - 1);
        g_assert_cmpint(intr.level, ==, 0);
        step(1);
        g_assert_cmphex(apic_acknowledge(apic), ==, 0x40);
        put(EOI, 0);
    }
    step(5000);
    g_assert_cmpuint(get(CURRENT), ==, 5007);
    put(DIVIDE, 0x0); /* by 2: the count is what it was */
    g_assert_cmpuint(get(CURRENT), ==, 5007);
    step(2 * 7);
    g_assert_cmpuint(get(CURRENT), ==, 5000);
    step(2 * 5000);
    g_assert_cmphex(apic_acknowledge(apic), ==, 0x40);
    put(EOI, 0);
    put(TIMER, PERIODIC | MASKED | 0x40);
    step(NANOSECONDS_PER_SECOND);
    g_assert_cmpint(apic_acknowledge(apic), ==, -1);
    end();
}

/* A period of 1 ns and a guest that never answers: one interrupt, no host timer. */
static void test_timer_storm(void)
{
    begin();
    put(DIVIDE, 0xb);
    put(TIMER, PERIODIC | 0x40);
    put(COUNT, 1);
    step(3600 * NANOSECONDS_PER_SECOND);
    g_assert_cmpint(intr.raised, ==, 1);
    g_assert_cmpint(clock_virtual_deadline(), ==, -1);
    end();
}

static void test_local_pins(void)
{
    Irq *lint0, *lint1;

    begin();
    lint0 = device_get_gpio_in(apic, NULL, 0);
    lint1 = device_get_gpio_in(apic, NULL, 1);
    put(LINT1, 0x400);
    irq_pulse(lint1);
    g_assert_cmpuint(nmi.raised, ==, 1);
    put(LINT1, MASKED | 0x400);
    irq_pulse(lint1);
    g_assert_cmpuint(nmi.raised, ==, 1);
    put(LINT0, 0x45); /* fixed, edge */
    irq_pulse(lint0);
    g_assert_cmphex(apic_acknowledge(apic), ==, 0x45);
    put(EOI, 0);
    put(LINT0, LEVEL | 0x46);
    irq_raise(lint0);
    g_assert_cmphex(get(LINT0), ==, 0xc046);
    g_assert_cmphex(apic_acknowledge(apic), ==, 0x46);
    put(EOI, 0);
    g_assert_cmphex(apic_acknowledge(apic), ==, 0x46);
    irq_lower(lint0);
    put(EOI, 0);
    g_assert_cmpint(apic_acknowledge(apic), ==, -1);
    g_assert_cmphex(get(LINT0), ==, 0x8046);
    end();
}

static void test_base_msr(void)
{
    begin();
    g_assert_cmphex(apic_get_base(apic), ==, 0xfee00900);
    apic_set_base(apic, 0xfed40900);
    g_assert_cmphex(readl(BASE + VER), ==, 0xffffffff);
    g_assert_cmphex(readl(0xfed40000 + VER), ==, 0x50014);
    apic_set_base(apic, 0xfee00d00); /* no x2APIC here */
    g_assert_cmphex(apic_get_base(apic), ==, 0xfee00900);
    put(SVR, 0x1ff);
    send(0x40, false);
    apic_set_base(apic, 0xfee00100);
    g_assert_cmphex(get(VER), ==, 0xffffffff);
    g_assert_cmpint(intr.level, ==, 0);
    irq_raise(device_get_gpio_in(apic, NULL, 0)); /* the pin is INTR now */
    g_assert_cmpint(intr.level, ==, 1);
    irq_pulse(device_get_gpio_in(apic, NULL, 1));
    g_assert_cmpuint(nmi.raised, ==, 1);
    device_reset(apic);
    g_assert_cmphex(apic_get_base(apic), ==, 0xfee00900);
    g_assert_cmphex(get(SVR), ==, 0xff);
    g_assert_cmpint(intr.level, ==, 0);
    end();
}

/* PIC on LINT0, I/O APIC on the bus. */
static void test_chain(void)
{
    Device *pic, *ioapic;

    begin();
    pic = harness_isa_device(&h, &isa_i8259_class, NULL);
    device_connect_gpio_out(pic, NULL, 0, device_get_gpio_in(apic, NULL, 0));
    apic_set_pic(apic, i8259_acknowledge, pic);
    ioapic = harness_system_device(&ioapic_class, NULL);
    ioapic_map(ioapic, get_system_memory(), IOAPIC_DEFAULT_BASE);
    ioapic_set_deliver(ioapic, apic_deliver, apic);
    apic_set_eoi_handler(apic, ioapic_eoi, ioapic);
    outb(0x20, 0x11);
    outb(0x21, 0x08);
    outb(0x21, 0x04);
    outb(0x21, 0x01);
    put(LINT0, 0x700);
    irq_raise(device_get_gpio_in(pic, NULL, 0));
    g_assert_cmpint(intr.level, ==, 1);
    put(TPR, 0xf0); /* ExtINT is not subject to it */
    g_assert_cmpint(intr.level, ==, 1);
    g_assert_cmphex(apic_acknowledge(apic), ==, 0x08);
    g_assert_cmpint(intr.level, ==, 0);
    put(TPR, 0);
    put(LINT0, MASKED | 0x700);
    irq_raise(device_get_gpio_in(pic, NULL, 1));
    g_assert_cmpint(intr.level, ==, 0);

    writel(IOAPIC_DEFAULT_BASE, 0x10 + 2 * 10);
    writel(IOAPIC_DEFAULT_BASE + 0x10, LEVEL | 0x62);
    irq_raise(device_get_gpio_in(ioapic, NULL, 10));
    g_assert_cmphex(apic_acknowledge(apic), ==, 0x62);
    put(EOI, 0);
    g_assert_cmphex(apic_acknowledge(apic), ==, 0x62); /* still asserted */
    irq_lower(device_get_gpio_in(ioapic, NULL, 10));
    put(EOI, 0);
    g_assert_cmpint(apic_acknowledge(apic), ==, -1);
    end();
}

static void test_random_accesses(void)
{
    begin();
    for (int i = 0; i < 50000; i++) {
        unsigned reg = g_test_rand_int_range(0, 0x400) << 2;
        uint32_t val = g_test_rand_int();

        if (g_test_rand_bit()) {
            put(reg, g_test_rand_bit() ? val : val & 0x3ffff);
        } else {
            get(reg);
        }
        if (i % 8 == 0) {
            send(val, val >> 8 & 1);
            irq_set(device_get_gpio_in(apic, NULL, val >> 9 & 1), val >> 10 & 1);
            g_assert_cmpint(apic_acknowledge(apic), <, 256);
            step(val % 100000);
        }
    }
    end();
}

int main(int argc, char **argv)
{
    harness_init(&argc, &argv);
    g_test_add_func("/apic/registers", test_registers);
    g_test_add_func("/apic/priorities", test_priorities);
    g_test_add_func("/apic/level-eoi-is-broadcast", test_level_eoi_is_broadcast);
    g_test_add_func("/apic/destinations", test_destinations);
    g_test_add_func("/apic/icr", test_icr);
    g_test_add_func("/apic/errors", test_errors);
    g_test_add_func("/apic/timer-one-shot", test_timer_one_shot);
    g_test_add_func("/apic/timer-periodic", test_timer_periodic);
    g_test_add_func("/apic/timer-storm", test_timer_storm);
    g_test_add_func("/apic/local-pins", test_local_pins);
    g_test_add_func("/apic/base-msr", test_base_msr);
    g_test_add_func("/apic/chain", test_chain);
    g_test_add_func("/apic/random-accesses", test_random_accesses);
    return g_test_run();
}
