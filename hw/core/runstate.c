/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests to the main loop: reset, shutdown, power button, stop.
 *
 * They come from any thread, so they have a lock of their own; it nests inside the machine lock
 * and nothing is called while it is held.
 */
#include "hw/core/runstate.h"

#include <glib.h>
#include <string.h>

static GMutex requests_lock; /* guards `requests` */
static RunstateRequests requests;
static void (*notify_main)(void);
static void (*stop_cpu)(void);

static void (*powerdown_handler)(void *opaque);
static void *powerdown_opaque;

static void (*report_handler)(GuestReport report);

static void notify(void)
{
    if (notify_main) {
        notify_main();
    }
}

/* After a request that the CPU which makes it must not outrun. */
static void stop_and_notify(void)
{
    if (stop_cpu) {
        stop_cpu();
    }
    notify();
}

void runstate_request_reset(ShutdownCause cause)
{
    g_mutex_lock(&requests_lock);
    requests.reset = cause;
    g_mutex_unlock(&requests_lock);
    stop_and_notify();
}

void runstate_request_shutdown(ShutdownCause cause)
{
    g_mutex_lock(&requests_lock);
    requests.shutdown = cause;
    g_mutex_unlock(&requests_lock);
    stop_and_notify();
}

void runstate_request_exit(int status)
{
    g_mutex_lock(&requests_lock);
    requests.exit = true;
    requests.exit_status = status;
    g_mutex_unlock(&requests_lock);
    stop_and_notify();
}

void runstate_request_powerdown(void)
{
    g_mutex_lock(&requests_lock);
    requests.powerdown = true;
    g_mutex_unlock(&requests_lock);
    notify();
}

void runstate_request_stop(RunState state)
{
    g_mutex_lock(&requests_lock);
    requests.stop = true;
    requests.stop_state = state;
    g_mutex_unlock(&requests_lock);
    stop_and_notify();
}

bool runstate_take_requests(RunstateRequests *taken)
{
    static const RunstateRequests none;
    bool any;

    g_mutex_lock(&requests_lock);
    *taken = requests;
    requests = none;
    g_mutex_unlock(&requests_lock);
    any = taken->reset || taken->shutdown || taken->powerdown || taken->stop || taken->exit;
    return any;
}

bool runstate_reset_pending(void)
{
    bool pending;

    g_mutex_lock(&requests_lock);
    pending = requests.reset || requests.shutdown || requests.exit;
    g_mutex_unlock(&requests_lock);
    return pending;
}

void runstate_set_notify(void (*fn)(void))
{
    notify_main = fn;
}

void runstate_set_stop_cpu(void (*fn)(void))
{
    stop_cpu = fn;
}

void runstate_set_powerdown_handler(void (*handler)(void *opaque), void *opaque)
{
    powerdown_handler = handler;
    powerdown_opaque = opaque;
}

void runstate_run_powerdown(void)
{
    if (powerdown_handler) {
        powerdown_handler(powerdown_opaque);
    }
}

void runstate_set_report_handler(void (*handler)(GuestReport report))
{
    report_handler = handler;
}

void runstate_report_guest(GuestReport report)
{
    if (report_handler) {
        report_handler(report);
    }
}

const char *runstate_name(RunState state)
{
    static const char *const names[] = {
        [RUN_STATE_PRELAUNCH] = "prelaunch",
        [RUN_STATE_RUNNING] = "running",
        [RUN_STATE_PAUSED] = "paused",
        [RUN_STATE_SHUTDOWN] = "shutdown",
        [RUN_STATE_INTERNAL_ERROR] = "internal-error",
        [RUN_STATE_IO_ERROR] = "io-error",
        [RUN_STATE_GUEST_PANICKED] = "guest-panicked",
        [RUN_STATE_WATCHDOG] = "watchdog",
    };

    return names[state];
}

const char *shutdown_cause_name(ShutdownCause cause)
{
    static const char *const names[] = {
        [SHUTDOWN_CAUSE_NONE] = "none",
        [SHUTDOWN_CAUSE_HOST_QUIT] = "host-qmp-quit",
        [SHUTDOWN_CAUSE_HOST_SIGNAL] = "host-signal",
        [SHUTDOWN_CAUSE_HOST_UI] = "host-ui",
        [SHUTDOWN_CAUSE_HOST_RESET] = "host-qmp-system-reset",
        [SHUTDOWN_CAUSE_GUEST_SHUTDOWN] = "guest-shutdown",
        [SHUTDOWN_CAUSE_GUEST_RESET] = "guest-reset",
        [SHUTDOWN_CAUSE_GUEST_PANIC] = "guest-panic",
    };

    return names[cause];
}
