/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The human monitor: lines from a chardev, looked up in the tables of monitor-commands.c.
 */
#include "system/monitor.h"

#include <string.h>

#include "error.h"
#include "monitor-internal.h"
#include "options.h"

typedef struct Monitor {
    Chardev *chr;
    LineEditor *editor;
    bool muted; /* a multiplexer's input goes elsewhere */
    bool open;  /* somebody is at the other end */
    bool greeted;
} Monitor;

static GPtrArray *monitors;
static Monitor *current; /* whose command runs; NULL: it came by QMP, or none does */

const MonitorCommand *monitor_find_command(const MonitorCommand *table, const char *name)
{
    for (; table->name; table++) {
        if (g_str_equal(table->name, name) || g_strcmp0(table->alias, name) == 0) {
            return table;
        }
    }
    return NULL;
}

bool monitor_run(const MonitorCommand *command, char **argv, GString *out, GError **errp)
{
    if (!command->args && *argv) {
        error_setg(errp, "%s: extraneous characters at the end of line: '%s'", command->name,
                   *argv);
        return false;
    }
    return command->run(argv, out, errp);
}

static char *execute(const char *line, GError **errp)
{
    g_autoptr(GString) out = g_string_new(NULL);
    g_auto(GStrv) words = NULL;
    g_autoptr(GError) err = NULL;
    const MonitorCommand *command;
    char **argv;

    if (!g_shell_parse_argv(line, NULL, &words, &err)) {
        if (g_error_matches(err, G_SHELL_ERROR, G_SHELL_ERROR_EMPTY_STRING)) {
            return g_strdup(""); /* blank, or a comment */
        }
        error_setg(errp, "unbalanced quotes");
        return NULL;
    }
    argv = words;
    command = monitor_find_command(monitor_commands, argv[0]);
    if (!command) {
        error_setg(errp, "unknown command: '%s'", argv[0]);
        return NULL;
    }
    if (!monitor_run(command, argv + 1, out, errp)) {
        return NULL;
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}

char *monitor_execute(const char *line)
{
    g_autoptr(GError) err = NULL;
    char *out = execute(line, &err);

    return out ? out : g_strdup_printf("Error: %s\n", err->message);
}

const GPtrArray *monitor_history(void)
{
    return current ? line_editor_history(current->editor) : NULL;
}

/* ---------------------------------------------------------------------------- on chardevs -- */

static void monitor_output(void *opaque, const char *text, size_t len)
{
    Monitor *mon = opaque;

    chardev_write(mon->chr, text, len);
}

/* With CR LF, as the terminal is raw. */
static void monitor_puts(Monitor *mon, const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_autofree char *crlf = g_strjoinv("\r\n", lines);

    chardev_write(mon->chr, crlf, strlen(crlf));
}

static void monitor_line(void *opaque, const char *line)
{
    Monitor *mon = opaque;
    g_autofree char *out = NULL;

    current = mon;
    out = monitor_execute(line);
    current = NULL;
    monitor_puts(mon, out);
    line_editor_prompt(mon->editor);
}

static void monitor_receive(void *opaque, const uint8_t *buf, size_t len)
{
    Monitor *mon = opaque;

    line_editor_input(mon->editor, (const char *)buf, len);
}

static void monitor_complete_line(void *opaque, const char *before, GPtrArray *candidates)
{
    monitor_complete(before, candidates);
}

static const LineEditorOps editor_ops = {
    .output = monitor_output,
    .line = monitor_line,
    .complete = monitor_complete_line,
};

/* A prompt, once there is somebody to read it. */
static void monitor_greet(Monitor *mon)
{
    if (mon->muted || !mon->open) {
        return;
    }
    if (!mon->greeted) {
        mon->greeted = true;
        monitor_puts(mon, version_line());
        monitor_puts(mon, "\ntype 'help' for commands\n");
    }
    line_editor_prompt(mon->editor);
}

static void monitor_event(void *opaque, ChardevEvent event)
{
    Monitor *mon = opaque;

    switch (event) {
    case CHARDEV_OPENED:
        mon->open = true;
        mon->greeted = false;
        monitor_greet(mon);
        break;
    case CHARDEV_CLOSED:
        mon->open = false;
        break;
    case CHARDEV_MUX_IN:
        mon->muted = false;
        if (mon->open) {
            monitor_puts(mon, "\n");
        }
        monitor_greet(mon);
        break;
    case CHARDEV_MUX_OUT:
        mon->muted = true;
        break;
    default:
        break;
    }
}

static const ChardevHandlers monitor_handlers = {
    .receive = monitor_receive,
    .event = monitor_event,
};

static void monitor_free(void *data)
{
    Monitor *mon = data;

    chardev_detach(mon->chr, mon);
    line_editor_free(mon->editor);
    g_free(mon);
}

bool monitor_new(Chardev *chr, GError **errp)
{
    Monitor *mon = g_new0(Monitor, 1);

    mon->chr = chr;
    mon->editor = line_editor_new(&editor_ops, mon);
    if (!chardev_attach(chr, &monitor_handlers, mon, errp)) {
        line_editor_free(mon->editor);
        g_free(mon);
        return false;
    }
    if (!monitors) {
        monitors = g_ptr_array_new_with_free_func(monitor_free);
    }
    g_ptr_array_add(monitors, mon);
    return true;
}

void monitor_close_all(void)
{
    g_clear_pointer(&monitors, g_ptr_array_unref);
}
