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

typedef struct VmPolicy {
    bool no_reboot;   /* a guest's reset ends the process */
    bool no_shutdown; /* a guest's power off stops the VM instead of ending the process */
} VmPolicy;

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
    void (*io_error)(BlockBackend *blk, bool is_read, int err, BlockErrorAction action);
    void (*tray_moved)(BlockBackend *blk, bool open);
} VmListener;
void vm_add_listener(const VmListener *listener);

#endif
