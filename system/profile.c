/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The I/O profile's ways out: the file or the text at the end that -profile asks for, and QMP.
 */
#include "profile.h"

#include <stdio.h>

#include "accel/accel.h"
#include "accel/io-profile.h"
#include "error.h"
#include "qmp-commands.h"

#define ROWS_ON_STDOUT 15

/* --------------------------------------------------------------------------------------- JSON --
 */

static const QmpType profile_space = QMP_ENUM("port", "memory", "exit");
static const QmpType profile_line = QMP_STRUCT(
    QMP_MUST("space", profile_space), QMP_MUST("device", qmp_str), QMP_MUST("region", qmp_str),
    QMP_MUST("register", qmp_str), QMP_MUST("offset", qmp_uint), QMP_MUST("address", qmp_uint),
    QMP_MUST("reads", qmp_uint), QMP_MUST("writes", qmp_uint), QMP_MUST("exits", qmp_uint),
    QMP_MUST("queued", qmp_uint), QMP_MUST("time-ns", qmp_uint), QMP_MUST("min-ns", qmp_uint),
    QMP_MUST("max-ns", qmp_uint), QMP_MUST("mean-ns", qmp_uint), QMP_MUST("deviation-ns", qmp_uint),
    QMP_MUST("could-wait", qmp_uint), QMP_MAY("rule", qmp_int), QMP_MAY("advice", qmp_str));
static const QmpType profile_lines = QMP_LIST(profile_line);
static const QmpType profile_cpu =
    QMP_STRUCT(QMP_MUST("cpu-index", qmp_int), QMP_MUST("exits", qmp_uint),
               QMP_MUST("time-ns", qmp_uint), QMP_MUST("lines", profile_lines));
static const QmpType profile_cpus = QMP_LIST(profile_cpu);
static const QmpType profile_info = QMP_STRUCT(
    QMP_MUST("enabled", qmp_bool), QMP_MUST("accel", qmp_str), QMP_MUST("elapsed-ns", qmp_uint),
    QMP_MUST("exits", qmp_uint), QMP_MUST("queued", qmp_uint), QMP_MUST("time-ns", qmp_uint),
    QMP_MUST("lines", profile_lines), QMP_MUST("cpus", profile_cpus));

static json_t *line_json(const IoProfileLine *line)
{
    static const char *const spaces[] = {
        [IO_PROFILE_PORT] = "port", [IO_PROFILE_MEMORY] = "memory", [IO_PROFILE_NO_SPACE] = "exit"};
    const struct {
        const char *name;
        uint64_t value;
    } numbers[] = {{"offset", line->offset},
                   {"address", line->addr},
                   {"reads", line->reads},
                   {"writes", line->writes},
                   {"exits", line->exits},
                   {"queued", line->queued},
                   {"time-ns", line->time_sum},
                   {"min-ns", line->time_min},
                   {"max-ns", line->time_max},
                   {"mean-ns", line->time_mean},
                   {"deviation-ns", line->time_deviation},
                   {"could-wait", line->could_wait}};
    g_autofree char *advice = io_profile_advice(line);
    unsigned rule = io_profile_rule(line);
    json_t *json = json_pack("{s:s, s:s, s:s, s:s}", "space", spaces[line->space], "device",
                             line->device, "region", line->region, "register", line->name);

    for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++) {
        json_object_set_new(json, numbers[i].name, qmp_uint_json(numbers[i].value));
    }
    if (line->writes && rule) {
        json_object_set_new(json, "rule", json_integer(rule));
    }
    if (*advice) {
        json_object_set_new(json, "advice", json_string(advice));
    }
    return json;
}

static json_t *lines_json(const IoProfileReport *report)
{
    json_t *list = json_array();

    for (guint i = 0; i < report->lines->len; i++) {
        json_array_append_new(list, line_json(&g_array_index(report->lines, IoProfileLine, i)));
    }
    return list;
}

static json_t *cpu_json(unsigned cpu)
{
    g_autoptr(IoProfileReport) report = io_profile_query(cpu, NULL);

    return json_pack("{s:i, s:o, s:o, s:o}", "cpu-index", (int)cpu, "exits",
                     qmp_uint_json(report->exits), "time-ns", qmp_uint_json(report->time), "lines",
                     lines_json(report));
}

/* All of it. NULL: the profile is off. */
static json_t *profile_json(GError **errp)
{
    g_autoptr(IoProfileReport) report = io_profile_query(-1, errp);
    json_t *cpus;

    if (!report) {
        return NULL;
    }
    cpus = json_array();
    for (unsigned i = 0; i < vcpu_count(); i++) {
        json_array_append_new(cpus, cpu_json(i));
    }
    return json_pack("{s:b, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "enabled", 1, "accel",
                     accel_current()->name,
                     "elapsed-ns", qmp_uint_json(report->seconds * 1e9), "exits",
                     qmp_uint_json(report->exits), "queued", qmp_uint_json(report->queued),
                     "time-ns", qmp_uint_json(report->time), "lines", lines_json(report), "cpus",
                     cpus);
}

/* ---------------------------------------------------------------------------------------- QMP --
 */

/* Clients may ask any query of any machine: a profile that is off is empty, and no error. */
static json_t *query_io_profile(QmpSession *session, json_t *args, GError **errp)
{
    if (io_profile_on) {
        return profile_json(errp);
    }
    return json_pack("{s:b, s:s, s:i, s:i, s:i, s:i, s:[], s:[]}", "enabled", 0, "accel",
                     accel_current()->name, "elapsed-ns", 0, "exits", 0, "queued", 0, "time-ns", 0,
                     "lines", "cpus");
}

static const QmpType profile_action = QMP_ENUM("on", "off", "reset");

static json_t *control_io_profile(QmpSession *session, json_t *args, GError **errp)
{
    profile_control(qmp_get_str(args, "action"), errp);
    return NULL;
}

const QmpCommand qmp_profile_commands[] = {
    {"query-io-profile", NULL, &profile_info, query_io_profile},
    {"x-io-profile", QMP_MEMBERS(QMP_MUST("action", profile_action)), NULL, control_io_profile},
    {}};

bool profile_control(const char *action, GError **errp)
{
    if (g_str_equal(action, "off")) {
        io_profile_stop();
        return true;
    }
    if (g_str_equal(action, "on") || g_str_equal(action, "reset")) {
        if (*action == 'r' && !io_profile_on) {
            error_setg(errp, "the I/O profile is off: 'io-profile on' starts it");
            return false;
        }
        if (*action == 'r' || !io_profile_on) {
            io_profile_start();
        }
        return true;
    }
    error_setg(errp, "on, off or reset is expected, not '%s'", action);
    return false;
}

/* ------------------------------------------------------------------------------- at the end -- */

static char *profile_text(const ProfileOptions *options, const IoProfileReport *report)
{
    GString *text = g_string_new(NULL);

    switch (options->format) {
    case PROFILE_TABLE:
        io_profile_print_table(text, report, options->file ? 0 : ROWS_ON_STDOUT);
        g_string_append_printf(text, "%" G_GUINT64_FORMAT " exits in all (%s)\n", vcpus_exits(),
                               accel_current()->name);
        break;
    case PROFILE_JSON: {
        json_t *json = profile_json(NULL);
        char *dump = json_dumps(json, JSON_INDENT(1));

        g_string_append_printf(text, "%s\n", dump);
        free(dump);
        json_decref(json);
        break;
    }
    case PROFILE_CSV:
        io_profile_print_csv(text, report);
        break;
    case PROFILE_SVG:
        io_profile_print_svg(text, report);
        break;
    }
    return g_string_free(text, FALSE);
}

bool profile_write(const ProfileOptions *options, GError **errp)
{
    g_autoptr(IoProfileReport) report = NULL;
    g_autofree char *text = NULL;
    bool ok = true;

    if (!options->io || !io_profile_on) {
        io_profile_stop();
        return true;
    }
    report = io_profile_query(-1, NULL);
    text = profile_text(options, report);
    if (options->file) {
        ok = g_file_set_contents(options->file, text, -1, errp);
    } else {
        fputs(text, stdout);
    }
    io_profile_stop();
    return ok;
}
