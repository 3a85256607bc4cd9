/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the guest or the user asks of the whole machine: reset, power off, stop.
 *
 * A device only asks; the main loop acts, when no device is in the middle of anything.
 */
#ifndef LIGNITE_HW_CORE_RUNSTATE_H
#define LIGNITE_HW_CORE_RUNSTATE_H

#include <stdbool.h>

typedef enum RunState {
    RUN_STATE_PRELAUNCH, /* started with -S, not yet continued */
    RUN_STATE_RUNNING,
    RUN_STATE_PAUSED, /* by the user */
    RUN_STATE_SHUTDOWN, /* powered off under -no-shutdown */
    RUN_STATE_INTERNAL_ERROR, /* the accelerator can't go on */
    RUN_STATE_IO_ERROR, /* stopped by a disk's werror or rerror */
    RUN_STATE_GUEST_PANICKED,
    RUN_STATE_WATCHDOG, /* stopped by a watchdog's expiry */
} RunState;

typedef enum ShutdownCause {
    SHUTDOWN_CAUSE_NONE,
    SHUTDOWN_CAUSE_HOST_QUIT, /* a monitor's quit */
    SHUTDOWN_CAUSE_HOST_SIGNAL,
    SHUTDOWN_CAUSE_HOST_UI,
    SHUTDOWN_CAUSE_HOST_RESET, /* a monitor's system_reset */
    SHUTDOWN_CAUSE_GUEST_SHUTDOWN,
    SHUTDOWN_CAUSE_GUEST_RESET,
    SHUTDOWN_CAUSE_GUEST_PANIC,
} ShutdownCause;

/* Ask for a reset of the machine, or its end under -no-reboot. Any thread. */
void runstate_request_reset(ShutdownCause cause);

/* Ask for the end of the machine, or its stop under -no-shutdown. Any thread. */
void runstate_request_shutdown(ShutdownCause cause);

/* As request_shutdown, and the process ends with `status` whatever -no-shutdown says. Any thread. */
void runstate_request_exit(int status);

/* Ask the guest to power off: what the power button does. Any thread. */
void runstate_request_powerdown(void);

/* Ask for the VM to stop in `state`. Any thread. */
void runstate_request_stop(RunState state);

/* One consumer, the main loop. */
typedef struct RunstateRequests {
    ShutdownCause reset;
    ShutdownCause shutdown;
    bool powerdown;
    bool stop;
    RunState stop_state;
    bool exit;
    int exit_status;
} RunstateRequests;

/* Take what was asked since the last call. False when there is nothing. Any thread. */
bool runstate_take_requests(RunstateRequests *requests);

/* Whether a reset or an end has been asked for and not been taken yet. Any thread. */
bool runstate_reset_pending(void);

/* `notify` is called after each request, from any thread: wake the main loop. */
void runstate_set_notify(void (*notify)(void));

/*
 * `stop` is called by the requests that end or stop what runs (all but powerdown), in the thread
 * that makes them: a CPU that asks for a reset must execute nothing after it.
 */
void runstate_set_stop_cpu(void (*stop)(void));

/* What runstate_request_powerdown() does, once the main loop comes to it: one handler, of PM. */
void runstate_set_powerdown_handler(void (*handler)(void *opaque), void *opaque);
void runstate_run_powerdown(void); /* lock held */

/*
 * What devices report of the guest itself. What follows (an event, a stop, a reset, an end) is the
 * user's choice, so whoever runs the machine handles it; without a handler nothing follows. Called
 * with the lock held, in the thread of the device.
 */
typedef enum GuestReport {
    GUEST_REPORT_PANICKED,    /* it has crashed */
    GUEST_REPORT_CRASHLOADED, /* it has crashed, and looks after that itself */
    GUEST_REPORT_SHUTDOWN,    /* it has shut down in an orderly way, and can't say so otherwise */
    GUEST_REPORT_WATCHDOG,    /* it let a watchdog expire */
} GuestReport;

void runstate_report_guest(GuestReport report);
void runstate_set_report_handler(void (*handler)(GuestReport report)); /* at start; NULL: none */

/* QEMU's name of a state ("running", "paused", "internal-error"...). */
const char *runstate_name(RunState state);
const char *shutdown_cause_name(ShutdownCause cause); /* "guest-reset", "host-signal"... */

#endif
