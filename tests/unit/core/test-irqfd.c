/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Eventfds that interrupt: by the main loop, and by a receiver that says it is the kernel. */
#include <glib.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "hw/core/irqfd.h"

static struct {
    int level;
    unsigned rises, falls;
    bool persists;
    /* What the receiver was given. */
    int fd, eoi_fd;
    unsigned attached, detached;
    bool refuses;
} line;

static void on_line(void *opaque, int n, int level)
{
    line.rises += level && !line.level;
    line.falls += !level && line.level;
    line.level = level;
}

static bool persists(void *opaque)
{
    return line.persists;
}

static bool attach(void *opaque, int n, int fd, int eoi_fd, bool add)
{
    g_assert_cmpint(n, ==, 5);
    if (line.refuses) {
        return false;
    }
    line.fd = fd;
    line.eoi_fd = eoi_fd;
    line.attached += add;
    line.detached += !add;
    return true;
}

static void ring(int fd)
{
    const uint64_t one = 1;

    g_assert_cmpint(write(fd, &one, sizeof(one)), ==, sizeof(one));
}

static uint64_t rung(int fd)
{
    uint64_t n = 0;

    return read(fd, &n, sizeof(n)) == sizeof(n) ? n : 0;
}

static void run_loop(void)
{
    while (g_main_context_iteration(NULL, FALSE)) {
    }
}

static void start(IrqFd *s, Irq *irq, bool level)
{
    g_autoptr(GError) err = NULL;

    g_assert_true(irqfd_init(s, irq, level ? persists : NULL, NULL, &err));
    g_assert_no_error(err);
}

static void test_edge(void)
{
    Irq irq;
    IrqFd s;

    memset(&line, 0, sizeof(line));
    irq_init(&irq, on_line, NULL, 5);
    start(&s, &irq, false);
    g_assert_false(irqfd_in_kernel(&s));
    g_assert_cmpint(s.eoi_fd, ==, -1);
    run_loop();
    g_assert_cmpuint(line.rises, ==, 0);
    ring(s.fd);
    run_loop();
    g_assert_cmpuint(line.rises, ==, 1);
    g_assert_cmpint(line.level, ==, 1); /* until it is acknowledged, or the next */
    ring(s.fd);
    ring(s.fd);
    run_loop();
    g_assert_cmpuint(line.rises, ==, 2); /* two that come together are one */
    irq_acked(&irq);
    g_assert_cmpint(line.level, ==, 0);
    irqfd_cleanup(&s);
    g_assert_cmpint(s.fd, ==, -1);
    irq_acked(&irq); /* nobody listens any more */
    irqfd_cleanup(&s);
}

static void test_level(void)
{
    Irq irq;
    IrqFd s;

    memset(&line, 0, sizeof(line));
    irq_init(&irq, on_line, NULL, 5);
    start(&s, &irq, true);
    line.persists = true;
    ring(s.fd);
    run_loop();
    g_assert_cmpint(line.level, ==, 1);
    irq_acked(&irq);
    g_assert_cmpint(line.level, ==, 1);
    line.persists = false;
    g_assert_cmpint(line.level, ==, 1); /* only the end of the interrupt counts */
    irq_acked(&irq);
    g_assert_cmpint(line.level, ==, 0);
    g_assert_cmpuint(line.rises, ==, 1);
    ring(s.fd);
    run_loop();
    ring(s.fd);
    irqfd_reset(&s);
    run_loop();
    g_assert_cmpint(line.level, ==, 0);
    g_assert_cmpuint(line.rises, ==, 2);
    ring(s.fd);
    run_loop();
    irqfd_cleanup(&s);
    g_assert_cmpint(line.level, ==, 0);
}

/* The input that the device knows is one of several that drive the controller's. */
static void test_kernel(void)
{
    Irq input, end, *pin = &end;
    IrqFd s;

    memset(&line, 0, sizeof(line));
    irq_init(&end, on_line, NULL, 5);
    irq_init(&input, on_line, NULL, 1);
    end.attach = attach;
    input.onward = &pin;
    start(&s, &input, true);
    g_assert_true(irqfd_in_kernel(&s));
    g_assert_cmpint(line.fd, ==, s.fd);
    ring(s.fd);
    run_loop();
    g_assert_cmpuint(line.rises, ==, 0);
    g_assert_cmpuint(rung(s.fd), ==, 1); /* the kernel would have taken it */
    ring(line.eoi_fd);
    run_loop();
    g_assert_cmpuint(rung(s.fd), ==, 0);
    line.persists = true;
    ring(line.eoi_fd);
    run_loop();
    g_assert_cmpuint(rung(s.fd), ==, 1); /* again */
    irqfd_reset(&s);
    g_assert_cmpuint(line.attached, ==, 2);
    g_assert_cmpuint(line.detached, ==, 1);
    irqfd_cleanup(&s);
    g_assert_cmpuint(line.detached, ==, 2);
    g_assert_cmpuint(line.rises, ==, 0);
}

static void test_kernel_refuses(void)
{
    Irq irq;
    IrqFd s;

    memset(&line, 0, sizeof(line));
    irq_init(&irq, on_line, NULL, 5);
    irq.attach = attach;
    line.refuses = true;
    start(&s, &irq, false);
    g_assert_false(irqfd_in_kernel(&s));
    ring(s.fd);
    run_loop();
    g_assert_cmpuint(line.rises, ==, 1);
    irqfd_cleanup(&s);
}

static void test_not_connected(void)
{
    IrqFd s;

    start(&s, NULL, true);
    ring(s.fd);
    run_loop();
    irqfd_reset(&s);
    irqfd_cleanup(&s);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/irqfd/edge", test_edge);
    g_test_add_func("/irqfd/level", test_level);
    g_test_add_func("/irqfd/kernel", test_kernel);
    g_test_add_func("/irqfd/kernel-refuses", test_kernel_refuses);
    g_test_add_func("/irqfd/not-connected", test_not_connected);
    return g_test_run();
}
