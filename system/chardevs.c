/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -chardev, -serial, -debugcon, -monitor, -qmp, -mon, -object, -nographic: which byte streams there are, and who
 * is on them.
 */
#include "chardevs.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "backends/char.h"
#include "error.h"
#include "objects.h"
#include "system/device-add.h"
#include "system/monitor.h"
#include "system/qmp.h"

/* A chardev from a short form that waits for its user. */
typedef struct Waiting {
    Chardev *chr;
    char *option; /* "-monitor stdio", for messages */
} Waiting;

static GArray *monitors;    /* Waiting */
static GArray *debugcons;   /* Waiting */
static GArray *qmps;        /* Waiting */
static GArray *pretty_qmps; /* Waiting */

static void clear_waiting(void *data)
{
    Waiting *waiting = data;

    g_free(waiting->option);
}

static void add_waiting(GArray **list, Chardev *chr, const char *option, const char *text)
{
    Waiting waiting = {chr, g_strdup_printf("%s %s", option, text)};

    if (!*list) {
        *list = g_array_new(FALSE, FALSE, sizeof(Waiting));
        g_array_set_clear_func(*list, clear_waiting);
    }
    g_array_append_val(*list, waiting);
}

/* Say which terminal it became: the user can't know. */
static void announce_pty(Chardev *chr)
{
    const char *pty = strstr(chardev_filename(chr), "pty:");

    if (pty) {
        printf("char device redirected to %s (label %s)\n", pty + strlen("pty:"), chardev_id(chr));
        fflush(stdout);
    }
}

/* Open a short form into `*chr`, NULL for "none". False with an error. */
static bool open_compat(const char *option, const char *id, const char *text, Chardev **chr,
                        GError **errp)
{
    g_autoptr(GError) err = NULL;
    bool mon = false;

    *chr = chardev_new_compat(id, text, &mon, &err);
    if (err) {
        error_setg(errp, "%s %s: %s", option, text, err->message);
        return false;
    }
    if (*chr && !g_str_has_prefix(text, "chardev:")) {
        announce_pty(*chr);
    }
    if (mon) {
        add_waiting(&monitors, *chr, option, text);
    }
    return true;
}

static bool is_stdio(const char *text)
{
    return g_str_equal(text, "stdio") || g_str_equal(text, "mon:stdio");
}

static bool uses_stdio(const Options *options)
{
    const GPtrArray *lists[] = {options->serials, options->parallels, options->monitors, options->debugcons,
                                options->qmps, options->pretty_qmps};

    if (options->qtest && is_stdio(options->qtest)) {
        return true;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
        for (unsigned n = 0; n < lists[i]->len; n++) {
            if (is_stdio(lists[i]->pdata[n])) {
                return true;
            }
        }
    }
    for (unsigned i = 0; i < options->chardevs->len; i++) {
        if (g_strcmp0(opts_get(options->chardevs->pdata[i], "backend"), "stdio") == 0) {
            return true;
        }
    }
    return false;
}

static bool has_monitor_object(const Options *options)
{
    for (unsigned i = 0; i < options->objects->len; i++) {
        if (g_strcmp0(opts_get(options->objects->pdata[i], "qom-type"), "monitor-qmp") == 0) {
            return true;
        }
    }
    return false;
}

/* Where the first serial port and the monitor go when the user did not say. */
static void add_defaults(Options *options)
{
    bool serial = !options->serials->len && !options->no_serial;
    bool monitor = !options->monitors->len && !options->mons->len && !options->qmps->len &&
                   !options->pretty_qmps->len && !has_monitor_object(options);
    bool stdio = !uses_stdio(options); /* is free */
    const char *serial_on = "null";
    const char *monitor_on = NULL;

    if (options->nodefaults) {
        return;
    }
    if (options->nographic && stdio) {
        serial_on = monitor ? "mon:stdio" : "stdio";
        monitor_on = serial ? NULL : "stdio";
    } else if (stdio && !options->display && isatty(STDIN_FILENO)) {
        monitor_on = "stdio";
    }
    if (serial) {
        g_ptr_array_add(options->serials, g_strdup(serial_on));
    }
    if (monitor && monitor_on) {
        g_ptr_array_add(options->monitors, g_strdup(monitor_on));
    }
}

static bool open_list(const char *option, const char *id_prefix, const GPtrArray *texts,
                      GArray **waiting, GError **errp)
{
    for (unsigned i = 0; i < texts->len; i++) {
        g_autofree char *id = g_strdup_printf("%s%u", id_prefix, i);
        const char *text = texts->pdata[i];
        Chardev *chr;

        if (!open_compat(option, id, text, &chr, errp)) {
            return false;
        }
        if (chr) {
            add_waiting(waiting, chr, option, text);
        }
    }
    return true;
}

/* -serial and -parallel: chardevs for the board's ports of that kind. */
static bool open_ports(const char *kind, const GPtrArray *texts, Chardev **ports, unsigned max,
                       GError **errp)
{
    g_autofree char *option = g_strconcat("-", kind, NULL);

    if (texts->len > max) {
        error_setg(errp, "%s %s: there are at most %u %s ports", option, (char *)texts->pdata[max],
                   max, kind);
        return false;
    }
    for (unsigned i = 0; i < texts->len; i++) {
        g_autofree char *id = g_strdup_printf("%s%u", kind, i);

        if (!open_compat(option, id, texts->pdata[i], &ports[i], errp)) {
            return false;
        }
    }
    return true;
}

/* A monitor can't have a monitor beside it: "mon:" says nothing there. */
static void strip_mon(GPtrArray *texts)
{
    for (unsigned i = 0; i < texts->len; i++) {
        char *text = texts->pdata[i];

        if (g_str_has_prefix(text, "mon:")) {
            memmove(text, text + strlen("mon:"), strlen(text) - strlen("mon:") + 1);
        }
    }
}

bool chardevs_open(Options *options, Machine *machine, GError **errp)
{
    for (unsigned i = 0; i < options->chardevs->len; i++) {
        Chardev *chr = chardev_new(options->chardevs->pdata[i], errp);

        if (!chr) {
            g_prefix_error(errp, "-chardev %s: ", opts_text(options->chardevs->pdata[i]));
            return false;
        }
        announce_pty(chr);
    }
    add_defaults(options);
    if (!open_ports("serial", options->serials, machine->serials, MACHINE_SERIALS, errp) ||
        !open_ports("parallel", options->parallels, machine->parallels, MACHINE_PARALLELS, errp)) {
        return false;
    }
    strip_mon(options->monitors);
    strip_mon(options->qmps);
    strip_mon(options->pretty_qmps);
    return open_list("-debugcon", "debugcon", options->debugcons, &debugcons, errp) &&
           open_list("-monitor", "compat_monitor", options->monitors, &monitors, errp) &&
           open_list("-qmp", "qmp", options->qmps, &qmps, errp) &&
           open_list("-qmp-pretty", "qmp-pretty", options->pretty_qmps, &pretty_qmps, errp);
}

bool chardevs_add_debugcons(GError **errp)
{
    for (unsigned i = 0; debugcons && i < debugcons->len; i++) {
        const Waiting *waiting = &g_array_index(debugcons, Waiting, i);
        g_autoptr(Opts) opts = opts_new();

        opts_set(opts, "driver", "isa-debugcon");
        opts_set(opts, "chardev", chardev_id(waiting->chr));
        if (!device_add(opts, errp)) {
            g_prefix_error(errp, "%s: ", waiting->option);
            return false;
        }
    }
    g_clear_pointer(&debugcons, g_array_unref);
    return true;
}

/* The rest of -mon once the kind of monitor is known. */
static bool add_on_chardev(Opts *opts, bool control, GError **errp)
{
    const char *id = opts_get(opts, "chardev");
    bool pretty = false;
    Chardev *chr;

    if (!id) {
        error_setg(errp, "Parameter 'chardev' is missing");
        return false;
    }
    if (control && !opts_get_bool(opts, "pretty", &pretty, errp)) {
        return false;
    }
    if (!opts_check_unknown(opts, errp)) {
        return false;
    }
    chr = chardev_find(id);
    if (!chr) {
        error_setg(errp, "chardev '%s' not found", id);
        return false;
    }
    return control ? qmp_new(chr, pretty, errp) : monitor_new(chr, errp);
}

static bool add_mon(Opts *opts, GError **errp)
{
    const char *mode = opts_get(opts, "mode");
    bool control = g_strcmp0(mode, "control") == 0;

    if (mode && !control && !g_str_equal(mode, "readline")) {
        error_setg(errp, "unknown monitor mode '%s': readline or control", mode);
        return false;
    }
    return add_on_chardev(opts, control, errp);
}

static bool new_monitor(Chardev *chr, GError **errp)
{
    return monitor_new(chr, errp);
}

static bool new_qmp(Chardev *chr, GError **errp)
{
    return qmp_new(chr, false, errp);
}

static bool new_pretty_qmp(Chardev *chr, GError **errp)
{
    return qmp_new(chr, true, errp);
}

/* Those of the short forms. */
static bool add_waiting_monitors(GArray **list, bool (*add)(Chardev *chr, GError **errp),
                                 GError **errp)
{
    for (unsigned i = 0; *list && i < (*list)->len; i++) {
        const Waiting *waiting = &g_array_index(*list, Waiting, i);

        if (!add(waiting->chr, errp)) {
            g_prefix_error(errp, "%s: ", waiting->option);
            return false;
        }
    }
    g_clear_pointer(list, g_array_unref);
    return true;
}

static bool add_each(const char *option, const GPtrArray *list,
                     bool (*add)(Opts *opts, GError **errp), GError **errp)
{
    for (unsigned i = 0; i < list->len; i++) {
        if (!add(list->pdata[i], errp)) {
            g_prefix_error(errp, "%s %s: ", option, opts_text(list->pdata[i]));
            return false;
        }
    }
    return true;
}

bool chardevs_add_monitors(Options *options, GError **errp)
{
    return add_waiting_monitors(&monitors, new_monitor, errp) &&
           add_waiting_monitors(&qmps, new_qmp, errp) &&
           add_waiting_monitors(&pretty_qmps, new_pretty_qmp, errp) &&
           add_each("-mon", options->mons, add_mon, errp) &&
           add_each("-object", options->objects, object_add, errp);
}
