/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The south bridge: routing of interrupts, reset control, port 92, power management.
 */
#include "bench.h"
#include "hw/acpi/piix4-pm.h"
#include "hw/core/runstate.h"
#include "hw/isa/piix3.h"

#define PIIX3    PCI_DEVFN(1, 0)
#define PM       PCI_DEVFN(1, 3)
#define PM_BASE  0x600
#define SMB_BASE 0x700
#define HZ       INT64_C(3579545)

typedef struct South {
    Bench b;
    Device *piix3, *pm, *port92;
    IrqRecord irq[ISA_IRQS], a20;
} South;

static void south_begin(South *s)
{
    memset(s, 0, sizeof(*s));
    bench_begin(&s->b);
    s->piix3 = piix3_new(s->b.bus);
    for (int i = 0; i < ISA_IRQS; i++) {
        record_init(&s->irq[i], i);
        device_connect_gpio_out(s->piix3, "irq", i, &s->irq[i].irq);
    }
    i440fx_set_reset_control(s->b.host, &piix3_reset_control, s->piix3);
    s->pm = piix4_pm_new(s->b.bus);
    device_connect_gpio_out(s->pm, NULL, 0, device_get_gpio_in(s->piix3, "isa", PIIX4_PM_SCI_IRQ));
    s->port92 = device_new(&port92_class);
    device_realize_or_die(s->port92, &piix3_isa_bus(s->piix3)->bus);
    record_init(&s->a20, 0);
    device_connect_gpio_out(s->port92, "a20", 0, &s->a20.irq);
    devices_reset();
    cfg_writel(PM, 0x40, PM_BASE);
    cfg_writeb(PM, 0x80, 1);
}

static void south_end(South *s)
{
    RunstateRequests req;

    runstate_take_requests(&req);
    bench_end(&s->b);
}

static void test_identity(void)
{
    South s;

    south_begin(&s);
    g_assert_cmphex(cfg_readl(PIIX3, 0x00), ==, 0x70008086);
    g_assert_cmphex(cfg_readl(PIIX3, 0x08) >> 8, ==, 0x060100);
    g_assert_cmphex(cfg_readb(PIIX3, 0x0e), ==, 0x80);
    g_assert_cmphex(cfg_readl(PIIX3, 0x60), ==, 0x80808080);
    g_assert_cmphex(cfg_readb(PIIX3, 0x4c), ==, 0x4d);
    cfg_writel(PIIX3, 0x60, 0xffffffff);
    g_assert_cmphex(cfg_readl(PIIX3, 0x60), ==, 0x8f8f8f8f);

    g_assert_cmphex(cfg_readl(PM, 0x00), ==, 0x71138086);
    g_assert_cmphex(cfg_readl(PM, 0x08), ==, 0x06800003);
    g_assert_cmphex(cfg_readb(PM, 0x3d), ==, 1);
    g_assert_cmphex(cfg_readb(PM, 0x5b), ==, 2);
    g_assert_cmphex(cfg_readl(PM, 0x40), ==, PM_BASE | 1);
    piix4_pm_set_legacy_ports(s.pm, true, true, false);
    g_assert_cmphex(cfg_readb(PM, 0x5f), ==, 0x80);
    g_assert_cmphex(cfg_readb(PM, 0x67), ==, 0x08);
    south_end(&s);
}

static void test_pirq_routing(void)
{
    South s;
    Probe *p, *q;

    south_begin(&s);
    p = bench_probe(&s.b, "addr", "3", NULL); /* INTA: PIRQC */
    q = bench_probe(&s.b, "addr", "4", NULL); /* INTA: PIRQD */
    pci_set_irq(&p->pci, 1);
    for (int i = 0; i < ISA_IRQS; i++) {
        g_assert_cmpint(s.irq[i].level, ==, 0);
    }
    cfg_writeb(PIIX3, 0x62, 11); /* routing a line that is up raises it */
    g_assert_cmpint(s.irq[11].level, ==, 1);
    cfg_writeb(PIIX3, 0x63, 11);
    pci_set_irq(&q->pci, 1);
    pci_set_irq(&p->pci, 0);
    g_assert_cmpint(s.irq[11].level, ==, 1); /* two PIRQs on one line */
    g_assert_cmpuint(s.irq[11].lowered, ==, 0);
    cfg_writeb(PIIX3, 0x63, 5);
    g_assert_cmpint(s.irq[11].level, ==, 0);
    g_assert_cmpint(s.irq[5].level, ==, 1);

    /* an ISA device on the same line */
    irq_raise(piix3_isa_bus(s.piix3)->irqs[5]);
    pci_set_irq(&q->pci, 0);
    g_assert_cmpint(s.irq[5].level, ==, 1);
    irq_lower(piix3_isa_bus(s.piix3)->irqs[5]);
    g_assert_cmpint(s.irq[5].level, ==, 0);

    /* off, and routes that the chip keeps for itself */
    pci_set_irq(&q->pci, 1);
    cfg_writeb(PIIX3, 0x63, 0x85);
    g_assert_cmpint(s.irq[5].level, ==, 0);
    cfg_writeb(PIIX3, 0x63, 0);
    cfg_writeb(PIIX3, 0x63, 2);
    cfg_writeb(PIIX3, 0x63, 13);
    g_assert_cmpuint(s.irq[0].raised + s.irq[2].raised + s.irq[13].raised, ==, 0);

    cfg_writeb(PIIX3, 0x63, 10);
    g_assert_cmpint(s.irq[10].level, ==, 1);
    devices_reset();
    g_assert_cmpint(s.irq[10].level, ==, 0);
    g_assert_cmphex(cfg_readb(PIIX3, 0x63), ==, 0x80);
    south_end(&s);
}

static void test_reset_control(void)
{
    RunstateRequests req;
    South s;

    south_begin(&s);
    outb(0xcf9, 0x02);
    g_assert_cmphex(inb(0xcf9), ==, 0x02);
    g_assert_false(runstate_take_requests(&req));
    outl(0xcf8, 0x80000600);
    g_assert_false(runstate_take_requests(&req));
    outb(0xcf9, 0x06);
    g_assert_true(runstate_take_requests(&req));
    g_assert_cmpint(req.reset, ==, SHUTDOWN_CAUSE_GUEST_RESET);
    g_assert_cmphex(inb(0xcf9), ==, 0x02);
    devices_reset();
    g_assert_cmphex(inb(0xcf9), ==, 0x00);
    south_end(&s);
}

static void test_port92(void)
{
    RunstateRequests req;
    South s;

    south_begin(&s);
    g_assert_cmphex(inb(0x92), ==, 0);
    outb(0x92, 0x02);
    g_assert_cmphex(inb(0x92), ==, 0x02);
    g_assert_cmpint(s.a20.level, ==, 1);
    outb(0x92, 0x00);
    g_assert_cmpint(s.a20.level, ==, 0);
    g_assert_false(runstate_take_requests(&req));
    outb(0x92, 0x03);
    g_assert_true(runstate_take_requests(&req));
    g_assert_cmpint(req.reset, ==, SHUTDOWN_CAUSE_GUEST_RESET);
    outb(0x92, 0x03); /* only the change counts */
    g_assert_false(runstate_take_requests(&req));
    devices_reset();
    g_assert_cmpint(s.a20.level, ==, 0);
    south_end(&s);
}

static uint32_t exact_ticks(void)
{
    return (unsigned __int128)clock_get_ns(VM_CLOCK_VIRTUAL) * HZ / NANOSECONDS_PER_SECOND &
           0xffffff;
}

/* The first nanosecond of a tick. */
static int64_t tick_ns(int64_t tick)
{
    return ((__int128)tick * NANOSECONDS_PER_SECOND + HZ - 1) / HZ;
}

static int64_t now_tick(void)
{
    return (__int128)clock_get_ns(VM_CLOCK_VIRTUAL) * HZ / NANOSECONDS_PER_SECOND;
}

static void test_timer(void)
{
    South s;
    int64_t tick;

    south_begin(&s);
    for (int i = 0; i < 2000; i++) {
        step(g_test_rand_int_range(1, 50000000));
        g_assert_cmphex(inl(PM_BASE + 8), ==, exact_ticks());
    }
    tick = now_tick() + 1;
    clock_manual_set(tick_ns(tick) - 1);
    g_assert_cmphex(inl(PM_BASE + 8), ==, (tick - 1) & 0xffffff);
    step(1);
    g_assert_cmphex(inl(PM_BASE + 8), ==, tick & 0xffffff);

    /* the wrap */
    tick = (now_tick() | 0xffffff) + 1;
    clock_manual_set(tick_ns(tick) - 1);
    g_assert_cmphex(inl(PM_BASE + 8), ==, 0xffffff);
    g_assert_cmphex(inw(PM_BASE + 10), ==, 0x00ff);
    g_assert_cmphex(inb(PM_BASE + 9), ==, 0xff);
    step(1);
    g_assert_cmphex(inl(PM_BASE + 8), ==, 0);

    /* it can't be set */
    outl(PM_BASE + 8, 0x123456);
    g_assert_cmphex(inl(PM_BASE + 8), ==, 0);
    /* two hours on, still exact */
    step(7200 * NANOSECONDS_PER_SECOND);
    g_assert_cmphex(inl(PM_BASE + 8), ==, exact_ticks());
    south_end(&s);
}

static void test_timer_overflow(void)
{
    South s;
    int64_t tick;

    south_begin(&s);
    outw(PM_BASE, 0xffff);
    outw(PM_BASE + 2, 0x0001);
    g_assert_cmphex(inw(PM_BASE) & 1, ==, 0);
    tick = (now_tick() | 0x7fffff) + 1; /* bit 23 changes */
    clock_manual_set(tick_ns(tick) - 1);
    g_assert_cmphex(inw(PM_BASE) & 1, ==, 0);
    g_assert_cmpint(s.irq[9].level, ==, 0);
    step(1);
    g_assert_cmphex(inw(PM_BASE) & 1, ==, 1);
    g_assert_cmpint(s.irq[9].level, ==, 1);
    g_assert_cmpint(s.irq[9].raised_at, ==, tick_ns(tick));
    outw(PM_BASE, 0x0001);
    g_assert_cmpint(s.irq[9].level, ==, 0);

    /* it changes both ways, and missed changes are one */
    clock_manual_set(tick_ns(tick + 0x800000));
    g_assert_cmpint(s.irq[9].level, ==, 1);
    outw(PM_BASE + 2, 0);
    g_assert_cmpint(s.irq[9].level, ==, 0);
    outw(PM_BASE, 1);
    step(3600 * NANOSECONDS_PER_SECOND);
    g_assert_cmpint(s.irq[9].level, ==, 0);
    outw(PM_BASE + 2, 1);
    g_assert_cmpint(s.irq[9].level, ==, 1);
    outb(PM_BASE, 1);
    g_assert_cmphex(inw(PM_BASE) & 1, ==, 0);
    south_end(&s);
}

static void test_power_button(void)
{
    South s;

    south_begin(&s);
    runstate_run_powerdown();
    g_assert_cmphex(inw(PM_BASE), ==, 0x0100);
    g_assert_cmpint(s.irq[9].level, ==, 0);
    outw(PM_BASE + 2, 0x0100);
    g_assert_cmpint(s.irq[9].level, ==, 1);
    outb(PM_BASE + 1, 0x01);
    g_assert_cmphex(inw(PM_BASE), ==, 0);
    g_assert_cmpint(s.irq[9].level, ==, 0);
    runstate_run_powerdown();
    g_assert_cmpint(s.irq[9].level, ==, 1);
    devices_reset();
    g_assert_cmpint(s.irq[9].level, ==, 0);
    south_end(&s);
}

static void test_soft_off(void)
{
    RunstateRequests req;
    South s;

    south_begin(&s);
    g_assert_cmphex(inw(PM_BASE + 4), ==, 0x0001);
    outw(PM_BASE + 4, 0x0000); /* type 0, not enabled */
    g_assert_false(runstate_take_requests(&req));
    g_assert_cmphex(inw(PM_BASE + 4), ==, 0x0001); /* SCI_EN is firmware's */
    for (int type = 1; type < 8; type++) {
        outw(PM_BASE + 4, 0x2001 | type << 10);
        g_assert_false(runstate_take_requests(&req));
        g_assert_cmphex(inw(PM_BASE + 4), ==, 0x0001 | type << 10);
    }
    outw(PM_BASE + 4, 0x2001);
    g_assert_true(runstate_take_requests(&req));
    g_assert_cmpint(req.shutdown, ==, SHUTDOWN_CAUSE_GUEST_SHUTDOWN);
    outb(PM_BASE + 5, 0x20); /* by its byte alone */
    g_assert_true(runstate_take_requests(&req));
    south_end(&s);
}

static void test_pm_base(void)
{
    South s;

    south_begin(&s);
    cfg_writeb(PM, 0x80, 0);
    g_assert_cmphex(inl(PM_BASE + 4), ==, 0xffffffff);
    cfg_writel(PM, 0x40, 0xffffffff);
    g_assert_cmphex(cfg_readl(PM, 0x40), ==, 0x0000ffc1);
    cfg_writel(PM, 0x40, 0xb000);
    cfg_writeb(PM, 0x80, 1);
    g_assert_cmphex(inw(0xb004), ==, 1);
    cfg_writel(PM, 0x40, 0xb040);
    g_assert_cmphex(inw(0xb004), ==, 0xffff);
    g_assert_cmphex(inw(0xb044), ==, 1);
    cfg_writel(PM, 0x40, 0);
    g_assert_cmphex(inw(0xb044), ==, 0xffff);
    devices_reset();
    g_assert_cmphex(cfg_readl(PM, 0x40), ==, 1);
    south_end(&s);
}

static void test_gpe_and_apm(void)
{
    South s;

    south_begin(&s);
    outw(0xafe2, 0x0102);
    g_assert_cmphex(inl(0xafe0), ==, 0x01020000);
    outw(0xafe0, 0xffff);
    g_assert_cmphex(inw(0xafe0), ==, 0);

    outb(0xb3, 0x5a);
    g_assert_cmphex(inb(0xb3), ==, 0x5a);
    runstate_run_powerdown();
    outw(PM_BASE + 2, 0x0100);
    g_assert_cmpint(s.irq[9].level, ==, 1);
    outb(0xb2, PIIX4_PM_ACPI_DISABLE);
    g_assert_cmphex(inb(0xb2), ==, PIIX4_PM_ACPI_DISABLE);
    g_assert_cmphex(inw(PM_BASE + 4) & 1, ==, 0);
    g_assert_cmpint(s.irq[9].level, ==, 0);
    outb(0xb2, PIIX4_PM_ACPI_ENABLE);
    g_assert_cmphex(inw(PM_BASE + 4) & 1, ==, 1);
    g_assert_cmpint(s.irq[9].level, ==, 1);
    south_end(&s);
}

static void test_smbus(void)
{
    South s;

    south_begin(&s);
    cfg_writel(PM, 0x90, SMB_BASE);
    g_assert_cmphex(inb(SMB_BASE), ==, 0xff);
    cfg_writeb(PM, 0xd2, 0x09);
    g_assert_cmphex(inb(SMB_BASE), ==, 0);
    outb(SMB_BASE + 4, 0xa1);
    outb(SMB_BASE + 3, 0x12);
    outb(SMB_BASE + 2, 0x48); /* start, byte data */
    g_assert_cmphex(inb(SMB_BASE + 2), ==, 0x08);
    g_assert_cmphex(inb(SMB_BASE), ==, 0x04); /* nobody there */
    g_assert_cmpint(s.irq[9].level, ==, 0);
    outb(SMB_BASE, 0xff);
    g_assert_cmphex(inb(SMB_BASE), ==, 0);
    outb(SMB_BASE + 2, 0x49);
    g_assert_cmpint(s.irq[9].level, ==, 1);
    outb(SMB_BASE, 0x04);
    g_assert_cmpint(s.irq[9].level, ==, 0);
    outb(SMB_BASE + 2, 0x02); /* kill */
    g_assert_cmphex(inb(SMB_BASE), ==, 0x10);
    for (int i = 0; i < 100; i++) {
        outb(SMB_BASE + 7, i); /* the block buffer has 32 bytes */
    }
    inb(SMB_BASE + 2);
    g_assert_cmphex(inb(SMB_BASE + 7), ==, 96);
    south_end(&s);
}

static void test_sleep_properties(void)
{
    Device *dev = device_new(&piix4_pm_class.device);
    g_autoptr(GError) err = NULL;

    g_assert_true(device_set_property_str(dev, "disable_s3", "1", NULL));
    g_assert_false(device_set_property_str(dev, "disable_s3", "0", &err));
    g_assert_nonnull(err);
    device_free(dev);
}

static void test_random_accesses(void)
{
    static const uint16_t bases[] = {PM_BASE, SMB_BASE, 0xafe0, 0xb2, 0x92, 0xcf8, 0xcfc};
    South s;

    south_begin(&s);
    cfg_writel(PM, 0x90, SMB_BASE);
    cfg_writeb(PM, 0xd2, 0x09);
    for (int i = 0; i < 20000; i++) {
        uint16_t port =
            bases[g_test_rand_int_range(0, G_N_ELEMENTS(bases))] + g_test_rand_int_range(0, 16);
        uint8_t buf[8];

        for (int n = 0; n < 8; n++) {
            buf[n] = g_test_rand_int();
        }
        if (g_test_rand_bit()) {
            address_space_write(&address_space_io, port, buf, g_test_rand_int_range(1, 9));
        } else {
            address_space_read(&address_space_io, port, buf, g_test_rand_int_range(1, 9));
        }
        step(g_test_rand_int_range(0, 1000000));
    }
    south_end(&s);
}

int main(int argc, char **argv)
{
    harness_init(&argc, &argv);
    g_test_add_func("/piix3/identity", test_identity);
    g_test_add_func("/piix3/pirq-routing", test_pirq_routing);
    g_test_add_func("/piix3/reset-control", test_reset_control);
    g_test_add_func("/port92/a20-and-reset", test_port92);
    g_test_add_func("/piix4-pm/timer", test_timer);
    g_test_add_func("/piix4-pm/timer-overflow", test_timer_overflow);
    g_test_add_func("/piix4-pm/power-button", test_power_button);
    g_test_add_func("/piix4-pm/soft-off", test_soft_off);
    g_test_add_func("/piix4-pm/base-address", test_pm_base);
    g_test_add_func("/piix4-pm/gpe-and-apm", test_gpe_and_apm);
    g_test_add_func("/piix4-pm/smbus", test_smbus);
    g_test_add_func("/piix4-pm/sleep-properties", test_sleep_properties);
    g_test_add_func("/piix/random-accesses", test_random_accesses);
    return g_test_run();
}
