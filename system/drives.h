/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIGNITE_SYSTEM_DRIVES_H
#define LIGNITE_SYSTEM_DRIVES_H

#include "options.h"

/*
 * Open what the drive options name and note in `machine` where each goes; with defaults, add an
 * empty CD drive. Fails with the option's name in front.
 */
bool drives_open(const Options *options, Machine *machine, GError **errp);

#endif
