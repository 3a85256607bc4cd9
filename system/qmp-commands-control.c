/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QMP commands that run, stop and end the machine, and tell how it is; and those of the session.
 */
#include <unistd.h>

#include "accel/accel.h"
#include "hw/core/machine.h"
#include "qmp-commands.h"
#include "qom.h"
#include "system/monitor.h"
#include "system/vm.h"

/* -------------------------------------------------------------------------------- session -- */

static const QmpType capability = QMP_ENUM("oob");
static const QmpType capabilities = QMP_LIST(capability);

static const QmpType version_triple =
    QMP_STRUCT(QMP_MUST("major", qmp_int), QMP_MUST("minor", qmp_int), QMP_MUST("micro", qmp_int));
static const QmpType version_info =
    QMP_STRUCT(QMP_MUST("qemu", version_triple), QMP_MUST("package", qmp_str));

static json_t *query_version(QmpSession *session, json_t *args, GError **errp)
{
    return qmp_version();
}

static const QmpType named = QMP_STRUCT(QMP_MUST("name", qmp_str));
static const QmpType named_list = QMP_LIST(named);

static json_t *query_commands(QmpSession *session, json_t *args, GError **errp)
{
    json_t *list = json_array();

    for (const QmpCommand *const *table = qmp_commands; *table; table++) {
        for (const QmpCommand *row = *table; row->name; row++) {
            json_array_append_new(list, json_pack("{s:s}", "name", row->name));
        }
    }
    return list;
}

static json_t *query_events(QmpSession *session, json_t *args, GError **errp)
{
    json_t *list = json_array();

    for (const QmpEvent *event = qmp_events; event->name; event++) {
        json_array_append_new(list, json_pack("{s:s}", "name", event->name));
    }
    return list;
}

static const QmpType schema_member =
    QMP_STRUCT(QMP_MUST("name", qmp_str), QMP_MAY("type", qmp_str), QMP_MAY("default", qmp_any));
static const QmpType schema_members = QMP_LIST(schema_member);
static const QmpType schema_case = QMP_STRUCT(QMP_MUST("case", qmp_str), QMP_MUST("type", qmp_str));
static const QmpType schema_cases = QMP_LIST(schema_case);
static const QmpType str_list = QMP_LIST(qmp_str);
static const QmpType schema_kind =
    QMP_ENUM("builtin", "enum", "array", "object", "command", "event");
static const QmpType schema_json_type = QMP_ENUM("string", "boolean", "int", "value");
static const QmpType schema_info = {
    .kind = QMP_KIND_OBJECT,
    .members = QMP_MEMBERS(QMP_MUST("meta-type", schema_kind), QMP_MUST("name", qmp_str)),
    .variants =
        (const QmpVariant[]){
            {"builtin", QMP_MEMBERS(QMP_MUST("json-type", schema_json_type))},
            {"enum", QMP_MEMBERS(QMP_MUST("members", schema_members),
                                 QMP_MUST("values", str_list))},
            {"array", QMP_MEMBERS(QMP_MUST("element-type", qmp_str))},
            {"object", QMP_MEMBERS(QMP_MUST("members", schema_members), QMP_MAY("tag", qmp_str),
                                   QMP_MAY("variants", schema_cases))},
            {"command", QMP_MEMBERS(QMP_MUST("arg-type", qmp_str), QMP_MUST("ret-type", qmp_str),
                                    QMP_MAY("allow-oob", qmp_bool))},
            {"event", QMP_MEMBERS(QMP_MUST("arg-type", qmp_str))},
            {}},
};
static const QmpType schema_infos = QMP_LIST(schema_info);

static json_t *query_qmp_schema(QmpSession *session, json_t *args, GError **errp)
{
    return qmp_schema();
}

/* HMP's output, with the line ends that it has there. */
static json_t *human_monitor_command(QmpSession *session, json_t *args, GError **errp)
{
    g_autofree char *out = monitor_execute(qmp_get_str(args, "command-line"));
    g_auto(GStrv) lines = g_strsplit(out, "\n", -1);
    g_autofree char *crlf = g_strjoinv("\r\n", lines);
    g_autofree char *text = g_utf8_make_valid(crlf, -1);

    return json_string(text);
}

/* No connection of a kind that could be yanked is open; it is for clients to see that. */
static const QmpType yank_instance = QMP_STRUCT(QMP_MUST("type", qmp_str));
static const QmpType yank_instances = QMP_LIST(yank_instance);

static json_t *query_yank(QmpSession *session, json_t *args, GError **errp)
{
    return json_array();
}

/* ------------------------------------------------------------------------------ the machine -- */

static json_t *stop(QmpSession *session, json_t *args, GError **errp)
{
    if (vm_state() == RUN_STATE_RUNNING) {
        vm_stop(RUN_STATE_PAUSED);
    }
    return NULL;
}

static json_t *cont(QmpSession *session, json_t *args, GError **errp)
{
    vm_start(errp);
    return NULL;
}

static json_t *quit(QmpSession *session, json_t *args, GError **errp)
{
    runstate_request_shutdown(SHUTDOWN_CAUSE_HOST_QUIT);
    return NULL;
}

static json_t *system_reset(QmpSession *session, json_t *args, GError **errp)
{
    runstate_request_reset(SHUTDOWN_CAUSE_HOST_RESET);
    return NULL;
}

static json_t *system_powerdown(QmpSession *session, json_t *args, GError **errp)
{
    runstate_request_powerdown();
    return NULL;
}

static json_t *inject_nmi(QmpSession *session, json_t *args, GError **errp)
{
    accel_inject_nmi();
    return NULL;
}

static const QmpType reboot_action = QMP_ENUM("reset", "shutdown");
static const QmpType shutdown_action = QMP_ENUM("poweroff", "pause");

static const QmpType panic_action = QMP_ENUM("pause", "shutdown", "exit-failure", "none");
const QmpType qmp_watchdog_action =
    QMP_ENUM("reset", "shutdown", "poweroff", "pause", "debug", "none", "inject-nmi");

/* The types of the arguments have refused what the policy does not know. */
static json_t *set_action(QmpSession *session, json_t *args, GError **errp)
{
    VmPolicy policy = *vm_policy();
    const char *event;
    json_t *action;

    json_object_foreach (args, event, action) {
        if (!vm_policy_choose(&policy, event, json_string_value(action), errp)) {
            return NULL;
        }
    }
    vm_set_policy(&policy);
    return NULL;
}

static json_t *watchdog_set_action(QmpSession *session, json_t *args, GError **errp)
{
    VmPolicy policy = *vm_policy();

    if (vm_policy_choose(&policy, "watchdog", qmp_get_str(args, "action"), errp)) {
        vm_set_policy(&policy);
    }
    return NULL;
}

static const QmpType run_state = QMP_ENUM("prelaunch", "running", "paused", "shutdown",
                                          "internal-error", "io-error", "guest-panicked",
                                          "watchdog");
static const QmpType status_info =
    QMP_STRUCT(QMP_MUST("running", qmp_bool), QMP_MUST("status", run_state));

static json_t *query_status(QmpSession *session, json_t *args, GError **errp)
{
    return json_pack("{s:b, s:s}", "running", vm_state() == RUN_STATE_RUNNING, "status",
                     runstate_name(vm_state()));
}

static const QmpType name_info = QMP_STRUCT(QMP_MAY("name", qmp_str));

static json_t *query_name(QmpSession *session, json_t *args, GError **errp)
{
    json_t *info = json_object();

    if (machine_current()->name) {
        g_autofree char *name = g_utf8_make_valid(machine_current()->name, -1);

        json_object_set_new(info, "name", json_string(name));
    }
    return info;
}

static const QmpType uuid_info = QMP_STRUCT(QMP_MUST("UUID", qmp_str));

static json_t *query_uuid(QmpSession *session, json_t *args, GError **errp)
{
    const char *uuid = machine_current()->uuid;

    return json_pack("{s:s}", "UUID", uuid ? uuid : "00000000-0000-0000-0000-000000000000");
}

static const QmpType kvm_info =
    QMP_STRUCT(QMP_MUST("enabled", qmp_bool), QMP_MUST("present", qmp_bool));

static json_t *query_kvm(QmpSession *session, json_t *args, GError **errp)
{
    return json_pack("{s:b, s:b}", "enabled", accel_is_kvm(), "present", true);
}

/* ------------------------------------------------------------------------------------ CPUs -- */

static const QmpType cpu_props = QMP_STRUCT(
    QMP_MUST("socket-id", qmp_int), QMP_MUST("core-id", qmp_int), QMP_MUST("thread-id", qmp_int));
static const QmpType cpu_target = QMP_ENUM("x86_64");
static const QmpType cpu_info =
    QMP_STRUCT(QMP_MUST("target", cpu_target), QMP_MUST("cpu-index", qmp_int),
               QMP_MUST("qom-path", qmp_str), QMP_MUST("thread-id", qmp_int),
               QMP_MUST("props", cpu_props));
static const QmpType cpu_infos = QMP_LIST(cpu_info);

/* One package of single-threaded cores: what CPUID tells the guest. */
static json_t *cpu_props_json(unsigned cpu)
{
    return json_pack("{s:i, s:i, s:i}", "socket-id", 0, "core-id", (int)cpu, "thread-id", 0);
}

static json_t *query_cpus_fast(QmpSession *session, json_t *args, GError **errp)
{
    json_t *list = json_array();

    for (unsigned i = 0; i < vcpu_count(); i++) {
        g_autofree char *path = qom_cpu_path(i);
        int tid = vcpu_get(i)->tid;

        /* Without a thread of its own, the CPU is driven by ours. */
        json_array_append_new(list, json_pack("{s:s, s:i, s:s, s:i, s:o}", "target", "x86_64",
                                              "cpu-index", (int)i, "qom-path", path, "thread-id",
                                              tid ? tid : getpid(), "props", cpu_props_json(i)));
    }
    return list;
}

static const QmpType hotpluggable_cpu =
    QMP_STRUCT(QMP_MUST("type", qmp_str), QMP_MUST("vcpus-count", qmp_int),
               QMP_MUST("props", cpu_props), QMP_MAY("qom-path", qmp_str));
static const QmpType hotpluggable_cpus = QMP_LIST(hotpluggable_cpu);

/* Those that there are: more can't come. */
static json_t *query_hotpluggable_cpus(QmpSession *session, json_t *args, GError **errp)
{
    json_t *list;

    if (!vcpu_count()) {
        error_setg(errp, "machine does not support hot-plugging CPUs");
        return NULL;
    }
    list = json_array();
    for (unsigned i = 0; i < vcpu_count(); i++) {
        g_autofree char *path = qom_cpu_path(i);
        g_autofree char *type = qom_cpu_type_name(machine_current()->cpu_model);

        json_array_append_new(list, json_pack("{s:s, s:i, s:o, s:s}", "type", type, "vcpus-count",
                                              1, "props", cpu_props_json(i), "qom-path", path));
    }
    return list;
}

/* ----------------------------------------------------------------------------------- table -- */

const QmpCommand qmp_control_commands[] = {
    {.name = "qmp_capabilities",
     .args = QMP_MEMBERS(QMP_MAY("enable", capabilities))}, /* qmp.c does it */
    {.name = "query-version", .returns = &version_info, .run = query_version},
    {.name = "query-commands", .returns = &named_list, .run = query_commands},
    {.name = "query-events", .returns = &named_list, .run = query_events},
    {.name = "query-qmp-schema", .returns = &schema_infos, .run = query_qmp_schema},
    {.name = "human-monitor-command",
     .args = QMP_MEMBERS(QMP_MUST("command-line", qmp_str)),
     .returns = &qmp_str,
     .run = human_monitor_command},
    {.name = "query-yank", .returns = &yank_instances, .run = query_yank, .oob = true},
    {.name = "stop", .run = stop},
    {.name = "cont", .run = cont},
    {.name = "quit", .run = quit},
    {.name = "system_reset", .run = system_reset},
    {.name = "system_powerdown", .run = system_powerdown},
    {.name = "inject-nmi", .run = inject_nmi},
    {.name = "set-action",
     .args = QMP_MEMBERS(QMP_MAY("reboot", reboot_action), QMP_MAY("shutdown", shutdown_action),
                         QMP_MAY("panic", panic_action),
                         QMP_MAY("watchdog", qmp_watchdog_action)),
     .run = set_action},
    {.name = "watchdog-set-action",
     .args = QMP_MEMBERS(QMP_MUST("action", qmp_watchdog_action)),
     .run = watchdog_set_action},
    {.name = "query-status", .returns = &status_info, .run = query_status},
    {.name = "query-name", .returns = &name_info, .run = query_name},
    {.name = "query-uuid", .returns = &uuid_info, .run = query_uuid},
    {.name = "query-kvm", .returns = &kvm_info, .run = query_kvm},
    {.name = "query-cpus-fast", .returns = &cpu_infos, .run = query_cpus_fast},
    {.name = "query-hotpluggable-cpus",
     .returns = &hotpluggable_cpus,
     .run = query_hotpluggable_cpus},
    {}};
