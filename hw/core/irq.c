/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interrupt lines.
 */
#include "hw/core/irq.h"

#include <glib.h>

#include "effect.h"

EffectHook effect_hook_core;

void irq_init(Irq *irq, IrqHandler handler, void *opaque, int n)
{
    *irq = (Irq){.handler = handler, .opaque = opaque, .n = n};
}

Irq *irq_new(IrqHandler handler, void *opaque, int n)
{
    Irq *irq = g_new(Irq, 1);

    irq_init(irq, handler, opaque, n);
    return irq;
}

Irq *irq_new_array(IrqHandler handler, void *opaque, int count)
{
    Irq *irqs = g_new(Irq, count);

    for (int i = 0; i < count; i++) {
        irq_init(&irqs[i], handler, opaque, i);
    }
    return irqs;
}

void irq_set(Irq *irq, int level)
{
    if (!irq) {
        return;
    }
    level = level != 0;
    if (irq->level != level) {
        irq->level = level;
        effect_note(effect_hook_core, EFFECT_IRQ);
        if (irq->observer) {
            irq->observer(irq->observer_opaque, irq->n, level);
        }
    }
    irq->handler(irq->opaque, irq->n, level);
}
