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

static void pc_set_intr(void *opaque, int n, int level)
{
    accel_set_intr(0, level);
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
