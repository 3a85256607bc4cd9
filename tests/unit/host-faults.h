/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's reads and writes of images go through the test program, which can make them fail or
 * hold them up. For tests that link the block layer; one source file of a program includes it.
 */
#ifndef LIGNITE_TESTS_UNIT_HOST_FAULTS_H
#define LIGNITE_TESTS_UNIT_HOST_FAULTS_H

#include <errno.h>
#include <glib.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* Faults of the host: reads or writes that touch [from, to) of any file fail. */
static gint fault_read, fault_write, fault_sync;
static gint64 fault_from, fault_to;
static gint io_held;
static gint sync_count;
static gint writes_now, writes_at_once; /* in the host's hands, and the most there ever were */

static bool fault_hits(const struct iovec *iov, int n, off_t off)
{
    off_t len = 0;

    while (g_atomic_int_get(&io_held)) {
        g_usleep(1000);
    }
    for (int i = 0; i < n; i++) {
        len += iov[i].iov_len;
    }
    return off < fault_to && off + len > fault_from;
}

ssize_t preadv(int fd, const struct iovec *iov, int n, off_t off)
{
    if (fault_hits(iov, n, off) && g_atomic_int_get(&fault_read)) {
        errno = g_atomic_int_get(&fault_read);
        return -1;
    }
    return syscall(SYS_preadv, fd, iov, n, off, 0);
}

ssize_t pwritev(int fd, const struct iovec *iov, int n, off_t off)
{
    ssize_t result;
    gint now = g_atomic_int_add(&writes_now, 1) + 1, most;

    while ((most = g_atomic_int_get(&writes_at_once)) < now &&
           !g_atomic_int_compare_and_exchange(&writes_at_once, most, now)) {
    }
    if (fault_hits(iov, n, off) && g_atomic_int_get(&fault_write)) {
        g_atomic_int_add(&writes_now, -1);
        errno = g_atomic_int_get(&fault_write);
        return -1;
    }
    result = syscall(SYS_pwritev, fd, iov, n, off, 0);
    g_atomic_int_add(&writes_now, -1);
    return result;
}

int fdatasync(int fd)
{
    g_atomic_int_inc(&sync_count);
    if (g_atomic_int_get(&fault_sync)) {
        errno = g_atomic_int_get(&fault_sync);
        return -1;
    }
    return syscall(SYS_fdatasync, fd);
}

#endif
