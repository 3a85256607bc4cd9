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

/*
 * Have the receiver take an eventfd itself, or let go of it: each signal of `fd` is an edge; or
 * with `eoi_fd` (not -1) a level, up to the guest's end of interrupt, which signals `eoi_fd`.
 * False: it can't.
 */
typedef bool (*IrqAttach)(void *opaque, int n, int fd, int eoi_fd, bool add);

struct Irq {
    IrqHandler handler;
    void *opaque;
    int n;
    int level;           /* the last level set */
    IrqHandler observer; /* hears each change of level, before the handler; NULL for none */
    void *observer_opaque;
    Irq *const *onward; /* the pin that follows this line, beside others; NULL: it ends here */
    IrqAttach attach;   /* with `opaque`; NULL where the receiver is not in the kernel */
    void (*acked)(void *opaque); /* hears irq_acked(); NULL for none: irqfd.h sets it */
    void *acked_opaque;
};

/* Make `irq` deliver to handler(opaque, n, level). It starts low. */
void irq_init(Irq *irq, IrqHandler handler, void *opaque, int n);

/* A line of its own, or `count` of them numbered from 0, to be freed with g_free(). */
Irq *irq_new(IrqHandler handler, void *opaque, int n);
Irq *irq_new_array(IrqHandler handler, void *opaque, int count);

/* Drive the line; NULL is a pin that is not connected. Any `level` but 0 is 1. */
void irq_set(Irq *irq, int level);

/*
 * For the receiver: the guest ended the interrupt that this line asked for. Its driver may lower
 * the line meanwhile.
 */
static inline void irq_acked(Irq *irq)
{
    if (irq->acked) {
        irq->acked(irq->acked_opaque);
    }
}

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
