/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The qtest protocol: a machine without a CPU, driven by lines of text.
 *
 * A client does what a CPU would: port and memory accesses; it moves the virtual clock, and watches
 * and drives interrupt lines. docs/qtest.md has the lines. The server is a library over a chardev;
 * the accelerator "qtest" is what keeps the CPU away and gives it the clock.
 *
 * All functions are called with the machine lock held, once the machine is complete.
 */
#ifndef LIGNITE_ACCEL_QTEST_H
#define LIGNITE_ACCEL_QTEST_H

#include <stdio.h>

#include "backends/char.h"
#include "hw/core/device.h"

typedef struct QtestServer QtestServer;

typedef struct QtestConfig {
    /* The client moves virtual time (clock_manual_init() was called); else clock lines fail. */
    bool manual_clock;
    /* The device at a path or at the unique end of one; NULL when there is none. */
    Device *(*find_device)(const char *path);
    /* Gets every line, in and out; NULL for none. Remains the caller's. */
    FILE *log;
} QtestConfig;

/* Serve `chr`: fails when it has a user already. */
QtestServer *qtest_server_new(Chardev *chr, const QtestConfig *config, GError **errp);

/* Also ends every interception; NULL is allowed. While the intercepted device still exists. */
void qtest_server_free(QtestServer *server);

#endif
