/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What commands of displays share between the two monitors.
 */
#include "display-commands.h"

#include <string.h>

#include "backends/ui/vnc.h"
#include "error.h"
#include "hw/core/device.h"

Console *display_find_console(const char *device, int64_t head, GError **errp)
{
    Device *dev = device ? device_find(device) : NULL;
    Console *con = device ? dev ? console_find(&dev->owner) : NULL : console_default();

    if (device && !dev) {
        error_setg(errp, "Device '%s' not found", device);
        return NULL;
    }
    if (!con && device) {
        error_setg(errp, "Device '%s' has no screen", device);
    } else if (!con) {
        error_setg(errp, "There is no console to take a screendump from");
    } else if (head) {
        error_setg(errp, "Device '%s' (head %" G_GINT64_FORMAT ") is not bound to a screen",
                   device ? device : "", head);
        con = NULL;
    }
    return con;
}

bool display_expire_password(const char *server, const char *time, GError **errp)
{
    gint64 now = g_get_real_time() / G_USEC_PER_SEC;
    gint64 seconds;

    if (g_str_equal(time, "now")) {
        seconds = 0;
    } else if (g_str_equal(time, "never")) {
        seconds = G_MAXINT64;
    } else if (!g_ascii_string_to_signed(time, 10, 0, G_MAXUINT32 * G_GINT64_CONSTANT(16), &seconds,
                                         NULL)) {
        error_setg(errp, "invalid time '%s': now, never, +SECONDS, or seconds since 1970", time);
        return false;
    } else if (*time == '+') {
        seconds += now;
    }
    return vnc_set_password_expiry(server, seconds, errp);
}
