/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QEMU's names for what the user wants done when the guest reboots, shuts down, crashes or lets a
 * watchdog expire.
 */
#include "error.h"
#include "system/vm.h"

static const char *const reboot_names[] = {
    [REBOOT_ACTION_RESET] = "reset", [REBOOT_ACTION_SHUTDOWN] = "shutdown", NULL};
static const char *const shutdown_names[] = {
    [SHUTDOWN_ACTION_POWEROFF] = "poweroff", [SHUTDOWN_ACTION_PAUSE] = "pause", NULL};
static const char *const panic_names[] = {[PANIC_ACTION_SHUTDOWN] = "shutdown",
                                          [PANIC_ACTION_PAUSE] = "pause",
                                          [PANIC_ACTION_EXIT_FAILURE] = "exit-failure",
                                          [PANIC_ACTION_NONE] = "none",
                                          NULL};
static const char *const watchdog_names[] = {
    [WATCHDOG_ACTION_RESET] = "reset",           [WATCHDOG_ACTION_SHUTDOWN] = "shutdown",
    [WATCHDOG_ACTION_POWEROFF] = "poweroff",     [WATCHDOG_ACTION_PAUSE] = "pause",
    [WATCHDOG_ACTION_DEBUG] = "debug",           [WATCHDOG_ACTION_NONE] = "none",
    [WATCHDOG_ACTION_INJECT_NMI] = "inject-nmi", NULL};

static const struct {
    const char *event;
    size_t field;
    const char *const *names;
} rows[] = {
    {"reboot", offsetof(VmPolicy, reboot), reboot_names},
    {"shutdown", offsetof(VmPolicy, shutdown), shutdown_names},
    {"panic", offsetof(VmPolicy, panic), panic_names},
    {"watchdog", offsetof(VmPolicy, watchdog), watchdog_names},
};

const char *watchdog_action_name(int action)
{
    return watchdog_names[action];
}

bool vm_policy_choose(VmPolicy *policy, const char *event, const char *action, GError **errp)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (!g_str_equal(rows[i].event, event)) {
            continue;
        }
        for (int n = 0; rows[i].names[n]; n++) {
            if (g_str_equal(rows[i].names[n], action)) {
                *(int *)((char *)policy + rows[i].field) = n;
                return true;
            }
        }
        g_autofree char *names = g_strjoinv(", ", (char **)rows[i].names);
        error_setg(errp, "Parameter '%s' does not accept value '%s': it takes %s", event, action,
                   names);
        return false;
    }
    error_setg(errp, "Invalid parameter '%s'", event);
    return false;
}
