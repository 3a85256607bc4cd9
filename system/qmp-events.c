/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the machine, the drives and the clock report, as events of QMP.
 */
#include <errno.h>

#include "hw/core/device.h"
#include "hw/rtc/mc146818rtc.h"
#include "qmp-commands.h"
#include "qom.h"
#include "system/qmp.h"
#include "system/vm.h"

static bool was_running;

static void on_state(RunState state)
{
    bool running = state == RUN_STATE_RUNNING;

    if (running == was_running) {
        return;
    }
    was_running = running;
    if (!vm_ended()) { /* SHUTDOWN has been said */
        qmp_event(running ? "RESUME" : "STOP", NULL);
    }
}

static json_t *cause_json(ShutdownCause cause)
{
    return json_pack("{s:b, s:s}", "guest", cause >= SHUTDOWN_CAUSE_GUEST_SHUTDOWN, "reason",
                     shutdown_cause_name(cause));
}

static void on_reset(ShutdownCause cause)
{
    qmp_event("RESET", cause_json(cause));
}

static void on_shutdown(ShutdownCause cause)
{
    qmp_event("SHUTDOWN", cause_json(cause));
}

static void on_powerdown(void)
{
    qmp_event("POWERDOWN", NULL);
}

static void on_guest_report(GuestReport report, const char *action)
{
    static const char *const events[] = {
        [GUEST_REPORT_PANICKED] = "GUEST_PANICKED",
        [GUEST_REPORT_CRASHLOADED] = "GUEST_CRASHLOADED",
        [GUEST_REPORT_SHUTDOWN] = "GUEST_PVSHUTDOWN",
        [GUEST_REPORT_WATCHDOG] = "WATCHDOG",
    };

    qmp_event(events[report], action ? json_pack("{s:s}", "action", action) : NULL);
}

static const char *action_name(BlockErrorAction action)
{
    return action == BLOCK_ERROR_IGNORE ? "ignore"
           : action == BLOCK_ERROR_STOP ? "stop"
                                        : "report";
}

static void on_io_error(BlockBackend *blk, bool is_read, int err, BlockErrorAction action)
{
    qmp_event("BLOCK_IO_ERROR",
              json_pack("{s:s, s:s, s:s, s:b, s:s}", "device", block_id(blk), "operation",
                        is_read ? "read" : "write", "action", action_name(action), "nospace",
                        err == ENOSPC, "reason", g_strerror(err)));
}

static void on_tray_moved(BlockBackend *blk, bool open)
{
    qmp_event("DEVICE_TRAY_MOVED", json_pack("{s:s, s:s, s:b}", "device", block_id(blk), "id",
                                             block_id(blk), "tray-open", open));
}

static void on_rtc_change(void *opaque, int64_t offset)
{
    g_autofree char *path = qom_device_path(opaque);

    qmp_event("RTC_CHANGE",
              json_pack("{s:I, s:s}", "offset", (json_int_t)offset, "qom-path", path));
}

void qmp_events_init(void)
{
    static const VmListener listener = {
        .state_changed = on_state,
        .reset = on_reset,
        .shutdown = on_shutdown,
        .powerdown = on_powerdown,
        .guest_report = on_guest_report,
        .io_error = on_io_error,
        .tray_moved = on_tray_moved,
    };
    Device *rtc = device_find_class(&mc146818rtc_class);

    vm_add_listener(&listener);
    qmp_net_events_init();
    qmp_ui_events_init();
    if (rtc) {
        rtc_set_change_handler(rtc, on_rtc_change, rtc);
    }
}
