/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What commands of displays share between the two monitors.
 */
#ifndef LIGNITE_SYSTEM_DISPLAY_COMMANDS_H
#define LIGNITE_SYSTEM_DISPLAY_COMMANDS_H

#include "backends/display.h"

/* The console of a device (NULL: the default one); NULL with an error. Every device has one head.
 */
Console *display_find_console(const char *device, int64_t head, GError **errp);

/* Set when a VNC password ends: "now", "never", "+SECONDS", or seconds since 1970. */
bool display_expire_password(const char *server, const char *time, GError **errp);

#endif
