/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Displays: how people see the default console, and type into it. Main thread, machine lock held.
 *
 * Each is a DisplayType. One that needs a library of its own is a module, a shared object that is
 * loaded when it is asked for: starting without it then costs nothing (docs/displays.md).
 */
#ifndef LIGNITE_BACKENDS_UI_UI_H
#define LIGNITE_BACKENDS_UI_UI_H

#include <glib.h>
#include <stdbool.h>

#include "backends/opts.h"

typedef struct DisplayType {
    const char *name; /* for -display */
    /*
     * Show the default console from now on (none may be there yet, or ever). The options are those
     * of -display, the first of which is the key "type"; what is not asked for is refused
     * afterwards.
     */
    bool (*start)(Opts *opts, GError **errp);
    void (*stop)(void); /* may be NULL; also after a failed start */
} DisplayType;

/* What a module defines: its type, under this name. */
extern const DisplayType lignite_display;
#define DISPLAY_MODULE_SYMBOL "lignite_display"

/*
 * Start the display of `-display TEXT`: "none", "text", "curses", "sdl", "vnc=ADDRESS", with
 * options. Fails for one that is unknown, or can't start.
 */
bool display_start(const char *text, GError **errp);

/*
 * Start what people expect: a window where there is a screen, else VNC on a free port of this host,
 * and say on standard error which.
 */
bool display_start_default(GError **errp);

/* The table, for the help text. */
void display_print_help(GString *out);

/* The type that `-display TEXT` names. For a check before anything starts; false with an error. */
bool display_check(const char *text, GError **errp);

/* Whether it takes the terminal. */
bool display_uses_terminal(const char *text);

/* The name of the running display; "none" before there is one. */
const char *display_current(void);

/* Stop it, and all VNC servers: at the end of the process, while the machine still exists. */
void display_stop(void);

/* The name of the guest, for titles: before a display starts. */
void ui_set_guest_name(const char *name);
const char *ui_title(void); /* "Lignite (NAME)" */

/* Called when the user closes the window; by displays, and what they call. */
void ui_set_quit(void (*fn)(void));
void ui_quit(void);

/* Opens the module NAME.so; its symbol, or NULL with an error. It stays loaded. */
void *ui_module_symbol(const char *name, const char *symbol, GError **errp);

#endif
