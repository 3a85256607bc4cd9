/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIGNITE_SYSTEM_DEVICE_ADD_H
#define LIGNITE_SYSTEM_DEVICE_ADD_H

#include "backends/opts.h"
#include "hw/core/device.h"

/*
 * Make, set up and realize the device that `opts` describes (driver=, id=, bus=, and properties).
 * Takes driver, id and bus out of `opts`. NULL, with nothing changed, when it fails. Lock held.
 */
Device *device_add(Opts *opts, GError **errp);

#endif
