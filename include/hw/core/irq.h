/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interrupt lines: a wire from one device's output to another's input.
 *
 * An Irq is the receiving end. Whoever drives it calls irq_set(); the receiver's handler hears
 * every call, also those that change nothing. All functions are called with the machine lock held.
 */
#ifndef LIGNITE_HW_CORE_IRQ_H
#define LIGNITE_HW_CORE_IRQ_H

#include <stdbool.h>

typedef struct Irq Irq;

/* `n` is the number the line was made with; `level` is 0 or 1. */
typedef void (*IrqHandler)(void *opaque, int n, int level);

struct Irq {
    IrqHandler handler;
    void *opaque;
    int n;
    int level;            /* the last level set */
    IrqHandler observer;  /* hears each change of level, before the handler; NULL for none */
    void *observer_opaque;
};

/* Make `irq` deliver to handler(opaque, n, level). It starts low. */
void irq_init(Irq *irq, IrqHandler handler, void *opaque, int n);

/* A line of its own, or `count` of them numbered from 0, to be freed with g_free(). */
Irq *irq_new(IrqHandler handler, void *opaque, int n);
Irq *irq_new_array(IrqHandler handler, void *opaque, int count);

/* Drive the line; NULL is a pin that is not connected. Any `level` but 0 is 1. */
void irq_set(Irq *irq, int level);

static inline void irq_raise(Irq *irq)
{
    irq_set(irq, 1);
}

static inline void irq_lower(Irq *irq)
{
    irq_set(irq, 0);
}

/* High, then low. */
static inline void irq_pulse(Irq *irq)
{
    irq_set(irq, 1);
    irq_set(irq, 0);
}

#endif
