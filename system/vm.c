/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The running machine: what the requests of devices, signals and monitors lead to.
 */
#include "system/vm.h"

#include <stdio.h>

#include "accel/accel.h"
#include "backends/block.h"
#include "backends/netdev.h"
#include "error.h"
#include "hw/core/clock.h"
#include "hw/core/device.h"
#include "hw/core/log.h"
#include "hw/core/machine.h"
#include "system/mainloop.h"

static VmPolicy policy;
static RunState state = RUN_STATE_PRELAUNCH;
static bool ended;
static int exit_status;
static GPtrArray *listeners; /* const VmListener */

void vm_add_listener(const VmListener *listener)
{
    if (!listeners) {
        listeners = g_ptr_array_new();
    }
    g_ptr_array_add(listeners, (void *)listener);
}

#define NOTIFY(event, ...)                                                                         \
    for (unsigned i_ = 0; listeners && i_ < listeners->len; i_++) {                                \
        const VmListener *listener_ = listeners->pdata[i_];                                        \
        if (listener_->event) {                                                                    \
            listener_->event(__VA_ARGS__);                                                         \
        }                                                                                          \
    }

const VmPolicy *vm_policy(void)
{
    return &policy;
}

void vm_set_policy(const VmPolicy *new_policy)
{
    policy = *new_policy;
}

bool vm_ended(void)
{
    return ended;
}

static void set_state(RunState new_state)
{
    if (state != new_state) {
        state = new_state;
        NOTIFY(state_changed, state);
    }
}

RunState vm_state(void)
{
    return state;
}

/* A request that failed waits in the block layer until vm_start() tries it again. */
static void on_io_error(BlockBackend *blk, bool is_read, int err, BlockErrorAction action)
{
    NOTIFY(io_error, blk, is_read, err, action);
    if (action == BLOCK_ERROR_STOP) {
        runstate_request_stop(RUN_STATE_IO_ERROR);
    }
}

static void on_tray_moved(BlockBackend *blk, bool open)
{
    NOTIFY(tray_moved, blk, open);
}

/* What devices report of the guest; in the device's thread, with the lock held. */
static void on_panic(void)
{
    bool pause = policy.panic == PANIC_ACTION_PAUSE || (policy.panic == PANIC_ACTION_SHUTDOWN &&
                                                        policy.shutdown == SHUTDOWN_ACTION_PAUSE);

    if (policy.panic == PANIC_ACTION_NONE) {
        NOTIFY(guest_report, GUEST_REPORT_PANICKED, "run");
        return;
    }
    NOTIFY(guest_report, GUEST_REPORT_PANICKED, pause ? "pause" : "poweroff");
    runstate_request_stop(RUN_STATE_GUEST_PANICKED);
    if (!pause) {
        runstate_request_shutdown(SHUTDOWN_CAUSE_GUEST_PANIC);
    }
}

static void on_watchdog(void)
{
    NOTIFY(guest_report, GUEST_REPORT_WATCHDOG, watchdog_action_name(policy.watchdog));
    switch (policy.watchdog) {
    case WATCHDOG_ACTION_RESET:
        runstate_request_reset(SHUTDOWN_CAUSE_GUEST_RESET);
        break;
    case WATCHDOG_ACTION_SHUTDOWN: /* the power button: the guest may yet end in order */
        runstate_request_powerdown();
        break;
    case WATCHDOG_ACTION_POWEROFF: /* whatever -no-shutdown says */
        runstate_request_exit(0);
        break;
    case WATCHDOG_ACTION_PAUSE:
        runstate_request_stop(RUN_STATE_WATCHDOG);
        break;
    case WATCHDOG_ACTION_DEBUG:
        fprintf(stderr, "lignite: watchdog: timer fired\n");
        break;
    case WATCHDOG_ACTION_INJECT_NMI:
        accel_inject_nmi();
        break;
    }
}

static void on_guest_report(GuestReport report)
{
    switch (report) {
    case GUEST_REPORT_PANICKED:
        on_panic();
        break;
    case GUEST_REPORT_CRASHLOADED:
        NOTIFY(guest_report, report, "run");
        break;
    case GUEST_REPORT_SHUTDOWN:
        NOTIFY(guest_report, report, NULL);
        runstate_request_shutdown(SHUTDOWN_CAUSE_GUEST_SHUTDOWN);
        break;
    case GUEST_REPORT_WATCHDOG:
        on_watchdog();
        break;
    }
}

void vm_init(const VmPolicy *user_policy, bool start_paused)
{
    static const BlockMonitor block_monitor = {on_io_error, on_tray_moved};

    policy = *user_policy;
    block_set_monitor(&block_monitor);
    runstate_set_report_handler(on_guest_report);
    net_set_running(false);
    devices_reset();
    vcpus_reset();
    if (!start_paused) {
        vm_start(NULL);
    }
}

bool vm_start(GError **errp)
{
    if (state == RUN_STATE_RUNNING) {
        return true;
    }
    if (state == RUN_STATE_INTERNAL_ERROR || state == RUN_STATE_SHUTDOWN) {
        error_setg(errp, "Resetting the Virtual Machine is required");
        return false;
    }
    set_state(RUN_STATE_RUNNING);
    clock_virtual_enable(true);
    block_resume_all();
    net_set_running(true);
    vcpus_resume();
    return true;
}

void vm_stop(RunState new_state)
{
    if (state == RUN_STATE_RUNNING) {
        vcpus_pause();
        net_set_running(false);
        clock_virtual_enable(false);
        block_drain_all();
    }
    set_state(new_state);
}

void vm_reset(ShutdownCause cause)
{
    bool was_running = state == RUN_STATE_RUNNING;

    if (log_enabled(LOG_CPU_RESET)) {
        log_line(LOG_CPU_RESET, "reset: %s", shutdown_cause_name(cause));
    }
    vcpus_pause();
    block_drain_all();
    devices_reset();
    vcpus_reset();
    NOTIFY(reset, cause);
    if (was_running) {
        vcpus_resume();
    } else if (state != RUN_STATE_PRELAUNCH) {
        set_state(RUN_STATE_PAUSED);
    }
}

static void end(int status)
{
    ended = true;
    if (state == RUN_STATE_RUNNING) {
        vm_stop(RUN_STATE_SHUTDOWN);
    }
    exit_status = status;
}

static bool caused_by_guest(ShutdownCause cause)
{
    return cause >= SHUTDOWN_CAUSE_GUEST_SHUTDOWN;
}

static void shut_down(ShutdownCause cause)
{
    bool failed = cause == SHUTDOWN_CAUSE_GUEST_PANIC && policy.panic == PANIC_ACTION_EXIT_FAILURE;

    NOTIFY(shutdown, cause);
    if (policy.shutdown == SHUTDOWN_ACTION_PAUSE && caused_by_guest(cause) && !failed) {
        vm_stop(RUN_STATE_SHUTDOWN);
    } else {
        end(failed ? 1 : 0);
    }
}

void vm_process_requests(void)
{
    RunstateRequests requests;

    while (!ended && runstate_take_requests(&requests)) {
        if (requests.exit) {
            end(requests.exit_status);
            return;
        }
        if (requests.stop) {
            vm_stop(requests.stop_state);
        }
        if (requests.shutdown) {
            shut_down(requests.shutdown);
        } else if (requests.reset && policy.reboot == REBOOT_ACTION_SHUTDOWN &&
                   caused_by_guest(requests.reset)) {
            shut_down(requests.reset);
        } else if (requests.reset) {
            vm_reset(requests.reset);
        }
        if (requests.powerdown) {
            runstate_run_powerdown();
            NOTIFY(powerdown);
        }
    }
}

int vm_run(void)
{
    while (!ended) {
        mainloop_iterate(true);
        vm_process_requests();
    }
    return exit_status;
}
