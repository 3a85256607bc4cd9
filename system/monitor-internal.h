/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the monitor's files share: the tables of commands, completion, expressions, the line editor.
 */
#ifndef LIGNITE_SYSTEM_MONITOR_INTERNAL_H
#define LIGNITE_SYSTEM_MONITOR_INTERNAL_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct X86State;

/*
 * Runs a command: `argv` are the words after its name, NULL-terminated; the output goes to `out`.
 */
typedef bool MonitorRun(char **argv, GString *out, GError **errp);

/*
 * Adds to `out`, with monitor_offer(), what the last word of `argv` may be; it is what was typed of
 * it, and may be empty.
 */
typedef void MonitorComplete(char **argv, GPtrArray *out);

typedef struct MonitorCommand {
    const char *name;
    const char *alias; /* or NULL */
    const char *args;  /* as help shows them: "[-f FORMAT] FILE"; NULL: it takes none */
    const char *help;
    MonitorRun *run;
    MonitorComplete *complete; /* NULL: only the user knows */
} MonitorCommand;

extern const MonitorCommand monitor_commands[]; /* ended by an empty row */
extern const MonitorCommand monitor_info_commands[];

const MonitorCommand *monitor_find_command(const MonitorCommand *table, const char *name);

/* Run it, if it takes arguments or none are given. */
bool monitor_run(const MonitorCommand *command, char **argv, GString *out, GError **errp);

/* The lines of the monitor that runs a command now, oldest first; NULL without one. */
const GPtrArray *monitor_history(void);

/* ------------------------------------------------------------------------ monitor-complete.c -- */

/* Offer what the last word of `before` may be. */
void monitor_complete(const char *before, GPtrArray *candidates);

/* Add a candidate if it begins with what was typed. */
void monitor_offer(GPtrArray *candidates, const char *typed, const char *candidate);

MonitorComplete complete_command, complete_info; /* names from the tables */
MonitorComplete complete_device, complete_driver, complete_drive, complete_keys, complete_path;
MonitorComplete complete_coalesce, complete_log, complete_netdev, complete_set_link;

/* ---------------------------------------------------------------------------- monitor-expr.c -- */

/*
 * The value of an expression: numbers in C's notation, registers of the monitor's CPU ($pc, $eax,
 * $cs...), and ~ * / % + - & ^ | with parentheses, binding as in C, on 64 bits.
 */
bool monitor_evaluate(const char *text, uint64_t *value, GError **errp);

/* The CPU that commands are about; `cpu` changes it. False with an error if there is no such. */
unsigned monitor_cpu(void);
bool monitor_set_cpu(unsigned cpu, GError **errp);

/* Its registers; stops the CPUs for as long as that takes. False with an error without a CPU. */
bool monitor_cpu_state(struct X86State *state, GError **errp);

/* ---------------------------------------------------------------------------------- commands -- */

/* monitor-memory.c */
MonitorRun run_x, run_xp, run_print, run_sum, run_gva2gpa, run_in, run_out;
MonitorRun info_mem;

/* monitor-net.c: networks, and objects that users create */
MonitorRun run_netdev_add, run_netdev_del, run_set_link, run_hostfwd_add, run_hostfwd_remove;
MonitorRun run_object_add, run_object_del;
MonitorRun info_network, info_usernet;

/* monitor-qmp.c: those that QMP has as well */
MonitorRun run_memsave, run_pmemsave, run_device_add, run_device_del;
MonitorRun run_qom_list, run_qom_get, run_qom_set;
MonitorRun info_mice, info_qom_tree;

/* monitor-commands-ui.c; run_change_vnc() gets the words after "vnc" */
MonitorRun run_screendump, run_sendkey, run_mouse_move, run_mouse_button, run_mouse_set;
MonitorRun run_set_password, run_expire_password, run_change_vnc;
MonitorRun info_screen, info_vnc;

/* ----------------------------------------------------------------------------- line-editor.c -- */

/* A line that is being typed: echo, movement, correction, history, completion. */
typedef struct LineEditor LineEditor;

typedef struct LineEditorOps {
    void (*output)(void *opaque, const char *text, size_t len); /* to the terminal */
    void (*line)(void *opaque, const char *line);               /* one was entered */
    /* Add the words that may stand for the last one of `before`, each to be freed. */
    void (*complete)(void *opaque, const char *before, GPtrArray *candidates);
} LineEditorOps;

LineEditor *line_editor_new(const LineEditorOps *ops, void *opaque);
void line_editor_free(LineEditor *editor);
void line_editor_input(LineEditor *editor, const char *bytes, size_t len);
void line_editor_prompt(LineEditor *editor); /* start a new line */

/* The lines that were entered, oldest first: char *. */
const GPtrArray *line_editor_history(const LineEditor *editor);

#endif
