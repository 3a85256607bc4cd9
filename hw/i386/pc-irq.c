/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The PC's interrupts: 24 lines, of which the first sixteen are ISA's, to the controllers that the
 * accelerator has in the kernel, or to our own 8259 pair, I/O APIC and local APIC.
 *
 * Line n reaches input n of the 8259 pair and pin n of the I/O APIC, but for line 0, the timer,
 * which is pin 2 there; the ACPI tables say so.
 */
#include "accel/accel.h"
#include "hw/intc/apic.h"
#include "hw/intc/i8259.h"
#include "hw/intc/ioapic.h"
#include "hw/timer/i8254.h"
#include "hw/timer/pcspk.h"
#include "memory/system.h"
#include "pc.h"

static void pc_set_gsi(void *opaque, int n, int level)
{
    Pc *pc = opaque;
    int pin = n == 0 ? PC_IRQ0_OVERRIDE_PIN : n;

    if (!pc->pic) {
        accel_set_gsi(n, level);
        return;
    }
    if (n < ISA_IRQS) {
        irq_set(device_get_gpio_in(pc->pic, NULL, n), level);
    }
    if (pc->ioapic && n != PC_IRQ0_OVERRIDE_PIN) {
        irq_set(device_get_gpio_in(pc->ioapic, NULL, pin), level);
    }
}

/* Counts the line's rises, for `info irq`. */
static void pc_observe_gsi(void *opaque, int n, int level)
{
    Pc *pc = opaque;

    pc->gsi_count[n] += level;
}

/* A controller of ours: the interrupt of its pin was ended. */
static void pc_pic_eoi(void *opaque, int pin)
{
    Pc *pc = opaque;

    irq_acked(&pc->gsi[pin]);
}

static void pc_ioapic_eoi(void *opaque, int pin)
{
    Pc *pc = opaque;

    irq_acked(&pc->gsi[pin == PC_IRQ0_OVERRIDE_PIN ? 0 : pin]);
}

static bool pc_attach_irqfd(void *opaque, int n, int fd, int eoi_fd, bool add)
{
    return accel_set_irqfd(n, fd, eoi_fd, add);
}

static void pc_set_intr(void *opaque, int n, int level)
{
    accel_set_intr(0, level);
}

static void pc_set_nmi(void *opaque, int n, int level)
{
    if (level) {
        accel_inject_nmi();
    }
}

/* The timer and the speaker's port are in the kernel too when the controllers are. */
static void pc_add_timer(Pc *pc)
{
    Device *pit = device_new(&isa_pit_class);
    Device *speaker = device_new(&isa_pcspk_class);

    device_realize_or_die(pit, &pc->isa->bus);
    device_connect_gpio_out(pit, NULL, 0, &pc->gsi[0]);
    pcspk_set_pit(speaker, pit);
    device_realize_or_die(speaker, &pc->isa->bus);
}

/* A CPU without a local APIC: INTR is the 8259's. */
static const CpuInterruptOps pic_ops = {.acknowledge = i8259_acknowledge};

static const CpuInterruptOps apic_ops = {
    .acknowledge = apic_acknowledge,
    .set_tpr = apic_set_tpr,
    .get_tpr = apic_get_tpr,
    .set_apic_base = apic_set_base,
    .get_apic_base = apic_get_base,
};

static Device *pc_add_system(const DeviceClass *cls)
{
    Device *dev = device_new(cls);

    device_realize_or_die(dev, NULL);
    return dev;
}

/* A local APIC between the 8259 pair and the CPU, and the I/O APIC beside it. */
static void pc_add_apics(Pc *pc)
{
    pc->apic = pc_add_system(&apic_class);
    pc->ioapic = pc_add_system(&ioapic_class);
    apic_map(pc->apic, get_system_memory());
    ioapic_map(pc->ioapic, get_system_memory(), IOAPIC_DEFAULT_BASE);
    ioapic_set_eoi_handler(pc->ioapic, pc_ioapic_eoi, pc);
    ioapic_set_deliver(pc->ioapic, apic_deliver, pc->apic);
    apic_set_eoi_handler(pc->apic, ioapic_eoi, pc->ioapic);
    apic_set_pic(pc->apic, i8259_acknowledge, pc->pic);
}

/* The controllers of a machine whose accelerator has none. */
static void pc_add_controllers(Pc *pc)
{
    static Irq intr, nmi;

    irq_init(&intr, pc_set_intr, NULL, 0);
    irq_init(&nmi, pc_set_nmi, NULL, 0);
    pc->pic = device_new(&isa_i8259_class);
    device_realize_or_die(pc->pic, &pc->isa->bus);
    i8259_set_eoi_handler(pc->pic, pc_pic_eoi, pc);
    if (!pc->has_apic) {
        device_connect_gpio_out(pc->pic, NULL, 0, &intr);
        accel_set_interrupt_ops(&pic_ops, pc->pic);
        return;
    }
    pc_add_apics(pc);
    device_connect_gpio_out(pc->pic, NULL, 0, device_get_gpio_in(pc->apic, NULL, 0));
    device_connect_gpio_out(pc->apic, NULL, 0, &intr);
    device_connect_gpio_out(pc->apic, NULL, 1, &nmi);
    accel_set_interrupt_ops(&apic_ops, pc->apic);
}

bool pc_init_interrupts(Pc *pc, GError **errp)
{
    for (int i = 0; i < PC_GSIS; i++) {
        irq_init(&pc->gsi[i], pc_set_gsi, pc, i);
        pc->gsi[i].observer = pc_observe_gsi;
        pc->gsi[i].observer_opaque = pc;
        pc->gsi[i].attach = accel_irqchip_in_kernel() ? pc_attach_irqfd : NULL;
    }
    pc->has_apic = accel_has_local_apic();
    if (!accel_irqchip_in_kernel()) {
        pc_add_controllers(pc);
        pc_add_timer(pc);
    }
    return vcpus_create(pc->machine->cpus, errp);
}

static void pc_ignore(void *opaque, int n, int level)
{
}

void pc_cut_interrupts(Pc *pc)
{
    for (int i = 0; i < PC_GSIS; i++) {
        irq_init(&pc->gsi[i], pc_ignore, NULL, i);
    }
    if (pc->pic) {
        device_connect_gpio_out(pc->pic, NULL, 0, NULL);
    }
}

void pc_print_irqs(const Pc *pc, GString *out)
{
    g_string_append_printf(out, "IRQ statistics for %s:\n",
                           pc->pic ? "isa-i8259 and ioapic" : "kvm-irqchip");
    for (int i = 0; i < PC_GSIS; i++) {
        if (pc->gsi_count[i]) {
            g_string_append_printf(out, "%2d: %" G_GUINT64_FORMAT "%s\n", i, pc->gsi_count[i],
                                   pc->gsi[i].level ? " (high)" : "");
        }
    }
}
