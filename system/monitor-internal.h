/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the monitor's files share: the table of commands, and the line editor.
 */
#ifndef LIGNITE_SYSTEM_MONITOR_INTERNAL_H
#define LIGNITE_SYSTEM_MONITOR_INTERNAL_H

#include <glib.h>
#include <stdbool.h>

typedef struct MonitorCommand {
    const char *name;
    const char *alias; /* or NULL */
    const char *args;  /* as help shows them: "[-f FORMAT] FILE"; NULL: it takes none */
    const char *help;
    /* `argv` are the words after the name, NULL-terminated; the output goes to `out`. */
    bool (*run)(char **argv, GString *out, GError **errp);
} MonitorCommand;

extern const MonitorCommand monitor_commands[]; /* ended by an empty row */
extern const MonitorCommand monitor_info_commands[];

const MonitorCommand *monitor_find_command(const MonitorCommand *table, const char *name);

/* Run it, if it takes arguments or none are given. */
bool monitor_run(const MonitorCommand *command, char **argv, GString *out, GError **errp);

/* The commands of displays: monitor-commands-ui.c. */
bool monitor_screendump(char **argv, GString *out, GError **errp);
bool monitor_sendkey(char **argv, GString *out, GError **errp);
bool monitor_mouse_move(char **argv, GString *out, GError **errp);
bool monitor_mouse_button(char **argv, GString *out, GError **errp);
bool monitor_mouse_set(char **argv, GString *out, GError **errp);
bool monitor_set_password(char **argv, GString *out, GError **errp);
bool monitor_expire_password(char **argv, GString *out, GError **errp);
bool monitor_change_vnc(char **argv, GString *out, GError **errp); /* the words after "vnc" */
bool monitor_info_screen(char **argv, GString *out, GError **errp);
bool monitor_info_mice(char **argv, GString *out, GError **errp);
bool monitor_info_vnc(char **argv, GString *out, GError **errp);

/* A line that is being typed: echo, correction, history. */
typedef struct LineEditor LineEditor;

/* `output` echoes; `line` gets each finished line. */
LineEditor *line_editor_new(void (*output)(void *opaque, const char *text, size_t len),
                            void (*line)(void *opaque, const char *line), void *opaque);
void line_editor_free(LineEditor *editor);
void line_editor_input(LineEditor *editor, const char *bytes, size_t len);
void line_editor_prompt(LineEditor *editor); /* start a new line */

#endif
