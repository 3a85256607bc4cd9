/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIGNITE_SYSTEM_CHARDEVS_H
#define LIGNITE_SYSTEM_CHARDEVS_H

#include "options.h"

/*
 * What -chardev, -serial, -debugcon and -monitor do, and what they would do by default. Errors
 * begin with the option. Lock held.
 */

/* Open all chardevs, and note in `machine` those of the serial ports. Before the board is built. */
bool chardevs_open(Options *options, Machine *machine, GError **errp);

/* Add the debug ports. Once there is a board. */
bool chardevs_add_debugcons(GError **errp);

/* Put monitors where the options want them; once the devices exist, which come first on a mux. */
bool chardevs_add_monitors(Options *options, GError **errp);

#endif
