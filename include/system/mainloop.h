/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The main loop: glib's, with the machine lock given up only while it waits in poll.
 */
#ifndef LIGNITE_SYSTEM_MAINLOOP_H
#define LIGNITE_SYSTEM_MAINLOOP_H

#include <stdbool.h>

/* Hook the clocks and requests up with glib's default context. Once, on the main thread. */
void mainloop_init(void);

/* Wake it from poll. Any thread; not a signal handler. */
void mainloop_wake(void);

/*
 * Run one round: wait for an event or a timer (if `block`), dispatch, run timers. Lock held; it is
 * released while waiting.
 */
void mainloop_iterate(bool block);

#endif
