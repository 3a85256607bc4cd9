/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIGNITE_SYSTEM_MACHINE_CONFIG_H
#define LIGNITE_SYSTEM_MACHINE_CONFIG_H

#include "options.h"

/*
 * Choose the machine's class and fill in what the user asked of it; options->accels becomes the
 * final, NULL-terminated list, and options->no_* say which default devices are left out. Fails,
 * naming the option, when something can't be had.
 */
bool machine_configure(Machine *machine, Options *options, GError **errp);

#endif
