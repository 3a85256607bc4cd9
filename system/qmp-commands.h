/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tables of commands, by subject.
 */
#ifndef LIGNITE_SYSTEM_QMP_COMMANDS_H
#define LIGNITE_SYSTEM_QMP_COMMANDS_H

#include "qmp-internal.h"

extern const QmpCommand qmp_control_commands[]; /* the session, the machine and its CPUs */
extern const QmpCommand qmp_query_commands[];   /* what there is */
extern const QmpCommand qmp_io_commands[];      /* how accesses are carried out */
extern const QmpCommand qmp_qom_commands[];     /* objects and devices */
extern const QmpCommand qmp_host_commands[];    /* media, memory, descriptors */
extern const QmpCommand qmp_net_commands[];     /* networks, and objects that users create */
extern const QmpCommand qmp_ui_commands[];      /* displays: the screen, VNC, keys, pointers */
extern const QmpCommand qmp_profile_commands[]; /* the I/O profile */

/* The data of the three events of viewers. */
extern const QmpMember qmp_viewer_event[];

/* Turn what VNC servers report into events. */
void qmp_ui_events_init(void);

/*
 * Make a device of the arguments of device_add: driver, id, bus, and properties of their types. Also
 * for -device in JSON, which plugs nothing hot.
 */
bool qmp_device_add_json(json_t *args, bool hotplug, GError **errp);

/* qmp-commands-net.c: the events of networks, and what is in them. */
void qmp_net_events_init(void);
extern const QmpMember qmp_rx_filter_changed_data[], qmp_stream_connected_data[],
    qmp_stream_disconnected_data[];

#endif
