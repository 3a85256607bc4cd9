/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lists of QMP: the tables of commands, and the events with their data.
 */
#include "qmp-commands.h"

const QmpCommand *const qmp_commands[] = {
    qmp_control_commands, qmp_query_commands,   qmp_io_commands,
    qmp_qom_commands,     qmp_host_commands,    qmp_net_commands,
    qmp_ui_commands,      qmp_profile_commands, NULL,
};

static const QmpType shutdown_cause =
    QMP_ENUM("none", "host-qmp-quit", "host-signal", "host-ui", "host-qmp-system-reset",
             "guest-shutdown", "guest-reset", "guest-panic");
static const QmpType panic_action = QMP_ENUM("pause", "poweroff", "run");
static const QmpType io_operation = QMP_ENUM("read", "write");
static const QmpType io_action = QMP_ENUM("ignore", "report", "stop");

static const QmpMember cause_data[] = {
    QMP_MUST("guest", qmp_bool), QMP_MUST("reason", shutdown_cause), {}};

const QmpEvent qmp_events[] = {
    {"RESET", cause_data},
    {"SHUTDOWN", cause_data},
    {"POWERDOWN", NULL},
    {"GUEST_PANICKED", QMP_MEMBERS(QMP_MUST("action", panic_action))},
    {"GUEST_CRASHLOADED", QMP_MEMBERS(QMP_MUST("action", panic_action))},
    {"GUEST_PVSHUTDOWN", NULL},
    {"WATCHDOG", QMP_MEMBERS(QMP_MUST("action", qmp_watchdog_action))},
    {"STOP", NULL},
    {"RESUME", NULL},
    {"DEVICE_DELETED", QMP_MEMBERS(QMP_MAY("device", qmp_str), QMP_MUST("path", qmp_str))},
    {"RTC_CHANGE", QMP_MEMBERS(QMP_MUST("offset", qmp_int), QMP_MUST("qom-path", qmp_str))},
    {"BLOCK_IO_ERROR", QMP_MEMBERS(QMP_MUST("device", qmp_str), QMP_MUST("operation", io_operation),
                                   QMP_MUST("action", io_action), QMP_MUST("nospace", qmp_bool),
                                   QMP_MUST("reason", qmp_str))},
    {"VNC_CONNECTED", qmp_viewer_event},
    {"VNC_INITIALIZED", qmp_viewer_event},
    {"VNC_DISCONNECTED", qmp_viewer_event},
    {"DEVICE_TRAY_MOVED", QMP_MEMBERS(QMP_MUST("device", qmp_str), QMP_MUST("id", qmp_str),
                                      QMP_MUST("tray-open", qmp_bool))},
    {"NIC_RX_FILTER_CHANGED", qmp_rx_filter_changed_data},
    {"NETDEV_STREAM_CONNECTED", qmp_stream_connected_data},
    {"NETDEV_STREAM_DISCONNECTED", qmp_stream_disconnected_data},
    {}};
