/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of displays; modules; which display is the default.
 */
#include "backends/ui/ui.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "backends/display.h"
#include "backends/ui/vnc.h"
#include "error.h"
#include "module-dirs.h"

static char *title;
static void (*quit)(void);

void ui_set_guest_name(const char *name)
{
    g_free(title);
    title = name ? g_strdup_printf("Lignite (%s)", name) : NULL;
}

const char *ui_title(void)
{
    return title ? title : "Lignite";
}

void ui_set_quit(void (*fn)(void))
{
    quit = fn;
}

void ui_quit(void)
{
    if (quit) {
        quit();
    }
}

/* ----------------------------------------------------------------------------------- modules -- */

/*
 * Beside the executable first: a module belongs to the build that it was made with. MODULE_DIRS are
 * relative to the executable's folder.
 */
void *ui_module_symbol(const char *name, const char *symbol, GError **errp)
{
    g_autofree char *exe = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *base = exe ? g_path_get_dirname(exe) : g_strdup(".");
    g_auto(GStrv) dirs = g_strsplit(MODULE_DIRS, ":", -1);
    void *found;

    for (char **dir = dirs; *dir; dir++) {
        g_autofree char *path = g_strdup_printf("%s/%s/%s.so", base, *dir, name);
        void *module;

        if (access(path, F_OK) != 0) {
            continue;
        }
        module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
        found = module ? dlsym(module, symbol) : NULL;
        if (!found) {
            error_setg(errp, "module %s: %s", path, dlerror());
        }
        return found;
    }
    error_setg(errp, "module %s.so is not installed", name);
    return NULL;
}

/* ---------------------------------------------------------------------------- none, text, vnc --
 */

static bool start_none(Opts *opts, GError **errp)
{
    return true;
}

static void stop_text(void)
{
    Console *con = console_default();
    g_autofree char *text = con ? console_text(con) : NULL;

    if (text) {
        puts(text);
    }
}

static bool start_vnc(Opts *opts, GError **errp)
{
    return vnc_start(opts, false, errp);
}

/* ------------------------------------------------------------------------------------- table -- */

typedef struct DisplayRow {
    const char *name;
    const char *help;
    const DisplayType *type; /* NULL: in the module display-NAME */
    bool terminal;           /* it takes it */
} DisplayRow;

static const DisplayType none_type = {.name = "none", .start = start_none};
static const DisplayType text_type = {.name = "text", .start = start_none, .stop = stop_text};
static const DisplayType vnc_type = {.name = "vnc", .start = start_vnc};

static const DisplayRow rows[] = {
    {"none", "the screen is not shown; screendump takes pictures of it", &none_type},
    {"text", "the text on the screen is printed when the guest ends", &text_type},
    {"curses", "the text on the screen is shown in this terminal (Ctrl-A h for help)", NULL, true},
    {"sdl", "a window: full-screen=on|off, window-close=on|off"},
    {"vnc", "vnc=ADDRESS[,...]: viewers connect; as -vnc", &vnc_type},
};

static const DisplayType *current;

static const DisplayRow *find_row(const char *text, GError **errp)
{
    size_t len = strcspn(text, ",=");

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (strlen(rows[i].name) == len && strncmp(rows[i].name, text, len) == 0) {
            return &rows[i];
        }
    }
    error_setg(errp, "unknown display: -display help lists them");
    return NULL;
}

bool display_check(const char *text, GError **errp)
{
    return find_row(text, errp) != NULL;
}

bool display_uses_terminal(const char *text)
{
    const DisplayRow *row = find_row(text, NULL);

    return row && row->terminal;
}

void display_print_help(GString *out)
{
    g_string_append(out, "Available display backend types:\n");
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_string_append_printf(out, "%-8s %s\n", rows[i].name, rows[i].help);
    }
}

const char *display_current(void)
{
    return current ? current->name : "none";
}

static const DisplayType *row_type(const DisplayRow *row, GError **errp)
{
    g_autofree char *module = g_strdup_printf("display-%s", row->name);

    return row->type ? row->type : ui_module_symbol(module, DISPLAY_MODULE_SYMBOL, errp);
}

bool display_start(const char *text, GError **errp)
{
    const DisplayRow *row = find_row(text, errp);
    g_autoptr(Opts) opts = row ? opts_parse(text, "type", errp) : NULL;

    if (!opts) {
        return false;
    }
    opts_get(opts, "type");
    current = row_type(row, errp);
    return current && current->start(opts, errp) && opts_check_unknown(opts, errp);
}

bool display_start_default(GError **errp)
{
    g_autoptr(Opts) opts = opts_new();
    g_autoptr(GError) err = NULL;

    if (g_getenv("DISPLAY") || g_getenv("WAYLAND_DISPLAY")) {
        if (display_start("sdl", &err)) {
            return true;
        }
        fprintf(stderr, "lignite: no window: %s\n", err->message);
        if (current && current->stop) {
            current->stop();
        }
    }
    current = &vnc_type;
    opts_set(opts, "vnc", "127.0.0.1:0");
    opts_set(opts, "to", "99");
    if (!vnc_start(opts, true, errp)) {
        g_prefix_error(errp, "no display: VNC: ");
        return false;
    }
    return true;
}

void display_stop(void)
{
    if (current && current->stop) {
        current->stop();
    }
    current = NULL;
    vnc_stop_all();
    g_clear_pointer(&title, g_free);
}
