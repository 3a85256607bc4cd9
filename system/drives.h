/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIGNITE_SYSTEM_DRIVES_H
#define LIGNITE_SYSTEM_DRIVES_H

#include "options.h"

/*
 * Open what the drive options name and note in `machine` where each goes; with defaults, add an
 * empty CD drive. Fails with the option's name in front.
 */
bool drives_open(const Options *options, Machine *machine, GError **errp);

/*
 * A monitor's eject and change, of the drive with this id: take the medium out, or put the image
 * `filename` in. A tray that the guest locked stays shut unless `force`: the guest is asked to open
 * it, and the command fails. Fails also for a disk that can't be changed. Lock held.
 */
bool drive_eject(const char *id, bool force, GError **errp);
bool drive_change(const char *id, const char *filename, bool force, GError **errp);

#endif
