/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The running machine: start, stop, reset, end. Main thread, lock held, unless said otherwise.
 */
#ifndef LIGNITE_SYSTEM_VM_H
#define LIGNITE_SYSTEM_VM_H

#include <glib.h>
#include <stdbool.h>

#include "backends/block.h"
#include "hw/core/runstate.h"

/* What is to be done, per event; the first of each is the default. */
typedef enum RebootAction { REBOOT_ACTION_RESET, REBOOT_ACTION_SHUTDOWN } RebootAction;
typedef enum ShutdownAction { SHUTDOWN_ACTION_POWEROFF, SHUTDOWN_ACTION_PAUSE } ShutdownAction;
typedef enum PanicAction {
    PANIC_ACTION_SHUTDOWN, /* as the guest's shutdown: ends the process, or pauses */
    PANIC_ACTION_PAUSE,
    PANIC_ACTION_EXIT_FAILURE, /* end the process with status 1 */
    PANIC_ACTION_NONE,
} PanicAction;
typedef enum WatchdogAction {
    WATCHDOG_ACTION_RESET,
    WATCHDOG_ACTION_SHUTDOWN,
    WATCHDOG_ACTION_POWEROFF,
    WATCHDOG_ACTION_PAUSE,
    WATCHDOG_ACTION_DEBUG, /* a line on standard error */
    WATCHDOG_ACTION_NONE,
    WATCHDOG_ACTION_INJECT_NMI,
} WatchdogAction;

typedef struct VmPolicy {
    int reboot;   /* RebootAction: when the guest resets the machine */
    int shutdown; /* ShutdownAction: when the guest powers off */
    int panic;    /* PanicAction: when the guest reports its crash */
    int watchdog; /* WatchdogAction: when the guest lets a watchdog expire */
} VmPolicy;

/*
 * Set one row of a policy by QEMU's names: `event` is reboot, shutdown, panic or watchdog. Fails,
 * with nothing changed, for unknown names.
 */
bool vm_policy_choose(VmPolicy *policy, const char *event, const char *action, GError **errp);
const char *watchdog_action_name(int action);

void vm_init(const VmPolicy *policy, bool start_paused);

/* The policy may change while the machine runs. */
const VmPolicy *vm_policy(void);
void vm_set_policy(const VmPolicy *policy);

RunState vm_state(void);

/* Whether vm_run() is about to return: the last change of state is part of the end. */
bool vm_ended(void);

/* Let the guest run; not after an internal error or a shutdown without a reset in between. */
bool vm_start(GError **errp);

/* Park the vCPUs with the ring empty and the disks idle. `state` says why. */
void vm_stop(RunState state);

/* Reset every device and CPU, and go on as before. */
void vm_reset(ShutdownCause cause);

/* Do what was asked through runstate_request_*(). */
void vm_process_requests(void);

/* Run until somebody ends the machine; the status for exit(). */
int vm_run(void);

/*
 * Called after each change: state, or the cause of a reset or shutdown; and what BlockMonitor tells
 * (backends/block.h), before the VM stops for it. For monitors' events.
 */
typedef struct VmListener {
    void (*state_changed)(RunState state);
    void (*reset)(ShutdownCause cause);
    void (*shutdown)(ShutdownCause cause);
    void (*powerdown)(void);
    /* `action` is what follows, by QEMU's name; NULL where there is no choice. */
    void (*guest_report)(GuestReport report, const char *action);
    void (*io_error)(BlockBackend *blk, bool is_read, int err, BlockErrorAction action);
    void (*tray_moved)(BlockBackend *blk, bool open);
} VmListener;
void vm_add_listener(const VmListener *listener);

#endif
