/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Eventfds that interrupt: by the kernel, or by the main loop.
 */
#include "hw/core/irqfd.h"

#include <errno.h>
#include <glib-unix.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "error.h"

static bool take(int fd)
{
    uint64_t n;
    ssize_t rc;

    do {
        rc = read(fd, &n, sizeof(n));
    } while (rc < 0 && errno == EINTR);
    return rc == sizeof(n);
}

static void signal_fd(int fd)
{
    const uint64_t one = 1;

    while (write(fd, &one, sizeof(one)) < 0 && errno == EINTR) {
    }
}

/* ------------------------------------------------------------------------- by the main loop -- */

static gboolean on_signal(gint fd, GIOCondition condition, gpointer opaque)
{
    IrqFd *s = opaque;

    if (take(fd)) {
        if (!s->persists) {
            irq_lower(s->irq); /* an edge, even if the one before was not ended */
        }
        irq_raise(s->irq);
    }
    return G_SOURCE_CONTINUE;
}

/*
 * Inside the controller, which hears of the line's fall before it looks what is next. An edge stays
 * up as long, for an 8259 forgets a request that falls before it was acknowledged.
 */
static void on_acked(void *opaque)
{
    IrqFd *s = opaque;

    if (s->irq->level && !(s->persists && s->persists(s->opaque))) {
        irq_lower(s->irq);
    }
}

/* ----------------------------------------------------------------------------- by the kernel -- */

/* The kernel has lowered the line. */
static gboolean on_kernel_eoi(gint fd, GIOCondition condition, gpointer opaque)
{
    IrqFd *s = opaque;

    if (take(fd) && s->persists(s->opaque)) {
        signal_fd(s->fd);
    }
    return G_SOURCE_CONTINUE;
}

static bool attach(IrqFd *s, bool add)
{
    return s->end && s->end->attach &&
           s->end->attach(s->end->opaque, s->end->n, s->fd, s->eoi_fd, add);
}

/* -------------------------------------------------------------------------------------- life -- */

static Irq *end_of(Irq *irq)
{
    while (irq && irq->onward) {
        irq = *irq->onward;
    }
    return irq;
}

static int new_eventfd(GError **errp)
{
    int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

    if (fd < 0) {
        error_setg(errp, "no eventfd: %s", g_strerror(errno));
    }
    return fd;
}

static void watch(IrqFd *s, int fd, GUnixFDSourceFunc fn)
{
    s->source = g_unix_fd_source_new(fd, G_IO_IN);
    g_source_set_callback(s->source, G_SOURCE_FUNC(fn), s, NULL);
    g_source_attach(s->source, NULL);
}

/* Have somebody deliver: the kernel, or the main loop. */
static void arm(IrqFd *s)
{
    s->in_kernel = attach(s, true);
    if (!s->in_kernel) {
        watch(s, s->fd, on_signal);
        if (s->end) {
            s->end->acked = on_acked;
            s->end->acked_opaque = s;
        }
    } else if (s->persists) {
        watch(s, s->eoi_fd, on_kernel_eoi);
    }
}

/* The line is low then: the kernel lowers that of an eventfd which it is to forget. */
static void disarm(IrqFd *s)
{
    if (s->source) {
        g_source_destroy(s->source);
        g_clear_pointer(&s->source, g_source_unref);
    }
    if (s->in_kernel) {
        attach(s, false);
        s->in_kernel = false;
    } else if (s->end && s->end->acked_opaque == s) {
        s->end->acked = NULL;
        s->end->acked_opaque = NULL;
        irq_lower(s->irq);
    }
}

bool irqfd_init(IrqFd *s, Irq *irq, IrqFdPersists persists, void *opaque, GError **errp)
{
    *s = (IrqFd){.fd = -1, .eoi_fd = -1, .irq = irq, .persists = persists, .opaque = opaque};
    s->end = end_of(irq);
    s->fd = new_eventfd(errp);
    if (s->fd >= 0 && persists) {
        s->eoi_fd = new_eventfd(errp);
    }
    if (s->fd < 0 || (persists && s->eoi_fd < 0)) {
        irqfd_cleanup(s);
        return false;
    }
    arm(s);
    return true;
}

void irqfd_reset(IrqFd *s)
{
    if (s->fd < 0) {
        return;
    }
    disarm(s);
    take(s->fd);
    if (s->eoi_fd >= 0) {
        take(s->eoi_fd);
    }
    arm(s);
}

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
    }
    *fd = -1;
}

void irqfd_cleanup(IrqFd *s)
{
    disarm(s);
    close_fd(&s->eoi_fd);
    close_fd(&s->fd);
}

bool irqfd_in_kernel(const IrqFd *s)
{
    return s->in_kernel;
}
