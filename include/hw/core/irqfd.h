/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An eventfd that interrupts: whoever signals it, a doorbell in the kernel or any thread, raises an
 * interrupt line.
 *
 * Where the line's controller is in the kernel, the kernel does it, and nobody leaves the guest or
 * wakes the main loop. Elsewhere the main loop drives the line.
 *
 * An edge is a pulse. A level stays up until the guest's end of interrupt; then the device is asked
 * whether there is still cause, and if so the line stays up or rises again. Nobody
 * else may drive the line of an edge.
 *
 * All functions are called with the machine lock held, in the main thread or a vCPU's; the main
 * loop must be the default context.
 */
#ifndef LIGNITE_HW_CORE_IRQFD_H
#define LIGNITE_HW_CORE_IRQFD_H

#include <glib.h>
#include <stdbool.h>

#include "hw/core/irq.h"

/* Whether the interrupt's cause persists. Called with the machine lock held. */
typedef bool (*IrqFdPersists)(void *opaque);

typedef struct IrqFd {
    int fd; /* signal this; -1 while there is none */
    /* Below: private. */
    int eoi_fd; /* the kernel tells of an end of interrupt; -1 for an edge */
    Irq *irq;
    Irq *end; /* what it drives in the end: the controller's input */
    IrqFdPersists persists;
    void *opaque;
    GSource *source;
    bool in_kernel;
} IrqFd;

/*
 * Make an eventfd for the line; a level if `persists` is given, else an edge. A line has at most
 * one of them. NULL for `irq`, a pin that is not connected, is as in irq_set(). Fails when the
 * process has no descriptor left; `irqfd` is then as irqfd_cleanup() leaves it.
 */
bool irqfd_init(IrqFd *irqfd, Irq *irq, IrqFdPersists persists, void *opaque, GError **errp);

/* What was signalled and not delivered is forgotten, and a level goes down. */
void irqfd_reset(IrqFd *irqfd);

/* Close it, lowering the line; again, or on zeroed memory whose fd is -1, it does nothing. */
void irqfd_cleanup(IrqFd *irqfd);

/* Whether the kernel delivers. */
bool irqfd_in_kernel(const IrqFd *irqfd);

#endif
