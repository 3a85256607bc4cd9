/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of hw/core share among themselves.
 */
#ifndef LIGNITE_HW_CORE_INTERNAL_H
#define LIGNITE_HW_CORE_INTERNAL_H

#include "hw/core/device.h"

/* class.c: give a new device its defaults and the -global values. */
void device_apply_defaults(Device *dev);

/* class.c: remember a -global that was checked. */
void device_global_append(const char *driver, const char *property, const char *value);

/* class.c: the row called `name` that the class shows, or NULL. */
const Property *device_class_property(const DeviceClass *cls, const char *name);

/* class.c: whether a row is shown: coalesced-* only where such a range is declared. */
bool device_class_shows(const DeviceClass *cls, const Property *prop);

/* gpio.c */
void device_free_gpio(Device *dev);

#endif
