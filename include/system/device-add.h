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

/*
 * The same from parts: `id` and `bus` may be NULL, `props` is an array of (name, value) of type
 * a{sv}, sunk if floating. With `hotplug`, the machine is built already: fails where the bus or the
 * class does not allow it, and resets the device.
 */
Device *device_add_props(const char *driver, const char *id, const char *bus, GVariant *props,
                         bool hotplug, GError **errp);

/* Take a device out of the built machine, with all behind it. Fails where that is not allowed. */
bool device_del(Device *dev, GError **errp);

#endif
