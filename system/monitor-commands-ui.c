/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The monitor's commands for displays: the screen, keys and pointers, VNC.
 */
#include <string.h>

#include "backends/display.h"
#include "backends/ui/vnc.h"
#include "display-commands.h"
#include "error.h"
#include "hw/input/input.h"
#include "monitor-internal.h"

static bool need_argument(const char *arg, const char *what, GError **errp)
{
    if (!arg) {
        error_setg(errp, "%s is missing", what);
        return false;
    }
    return true;
}

/* ----------------------------------------------------------------------------- screen, keys -- */

bool run_screendump(char **argv, GString *out, GError **errp)
{
    ScreendumpFormat format = SCREENDUMP_PPM;
    guint64 head = 0;
    Console *con;

    if (*argv && g_str_equal(*argv, "-f")) {
        if (!need_argument(*++argv, "screendump: the format", errp)) {
            return false;
        }
        if (g_str_equal(*argv, "png")) {
            format = SCREENDUMP_PNG;
        } else if (!g_str_equal(*argv, "ppm")) {
            error_setg(errp, "screendump: unknown format '%s': png or ppm", *argv);
            return false;
        }
        argv++;
    } else if (*argv && g_str_has_suffix(*argv, ".png")) {
        format = SCREENDUMP_PNG;
    }
    if (!need_argument(*argv, "screendump: the file name", errp)) {
        return false;
    }
    if (argv[1] && argv[2] && !g_ascii_string_to_unsigned(argv[2], 10, 0, 255, &head, NULL)) {
        error_setg(errp, "screendump: the head must be a number from 0 on");
        return false;
    }
    con = display_find_console(argv[1], head, errp);
    return con && console_screendump(con, *argv, format, errp);
}

bool run_sendkey(char **argv, GString *out, GError **errp)
{
    guint64 hold = 100;

    if (!need_argument(*argv, "sendkey: the keys", errp)) {
        return false;
    }
    if (argv[1] && !g_ascii_string_to_unsigned(argv[1], 10, 1, 60000, &hold, NULL)) {
        error_setg(errp, "sendkey: the hold time must be 1 to 60000 ms");
        return false;
    }
    return input_send_keys(*argv, hold, errp);
}

static bool parse_delta(const char *text, int *value, GError **errp)
{
    gint64 v;

    if (!text || !g_ascii_string_to_signed(text, 10, -32768, 32767, &v, NULL)) {
        error_setg(errp, "mouse_move: two distances from -32768 to 32767 are needed");
        return false;
    }
    *value = v;
    return true;
}

bool run_mouse_move(char **argv, GString *out, GError **errp)
{
    int dx, dy, dz = 0;

    if (!parse_delta(argv[0], &dx, errp) || !parse_delta(argv[0] ? argv[1] : NULL, &dy, errp) ||
        (argv[2] && !parse_delta(argv[2], &dz, errp))) {
        return false;
    }
    input_send_relative(dx, dy);
    if (dz) {
        InputButton wheel = dz > 0 ? INPUT_BUTTON_WHEEL_UP : INPUT_BUTTON_WHEEL_DOWN;

        input_send_button(wheel, true);
        input_send_button(wheel, false);
    }
    input_send_sync();
    return true;
}

bool run_mouse_button(char **argv, GString *out, GError **errp)
{
    static guint64 held;
    guint64 state;

    if (!*argv || !g_ascii_string_to_unsigned(*argv, 10, 0, 7, &state, NULL)) {
        error_setg(errp, "mouse_button: a sum of 1 (left), 2 (middle) and 4 (right) is needed");
        return false;
    }
    static const InputButton buttons[] = {INPUT_BUTTON_LEFT, INPUT_BUTTON_MIDDLE,
                                          INPUT_BUTTON_RIGHT};
    for (int i = 0; i < 3; i++) {
        if ((state ^ held) & (1 << i)) {
            input_send_button(buttons[i], state & (1 << i));
        }
    }
    held = state;
    input_send_sync();
    return true;
}

bool info_screen(char **argv, GString *out, GError **errp)
{
    Console *con = console_default();
    g_autofree char *text = con ? console_text(con) : NULL;

    if (!text) {
        error_setg(errp, con ? "The screen is in a graphics mode: screendump takes a picture"
                             : "There is no console");
        return false;
    }
    g_string_append(out, text);
    return true;
}

bool run_mouse_set(char **argv, GString *out, GError **errp)
{
    guint64 index;

    if (!*argv || !g_ascii_string_to_unsigned(*argv, 10, 0, G_MAXUINT, &index, NULL)) {
        error_setg(errp, "mouse_set: the index of a mouse is needed: 'info mice' lists them");
        return false;
    }
    return input_select_pointer(index, errp);
}

/* --------------------------------------------------------------------------------------- VNC -- */

static void print_peer(GString *out, const char *what, const VncPeer *peer)
{
    g_string_append_printf(out, "  %s: %s%s%s (%s)%s\n", what, peer->names.host,
                           *peer->names.host ? ":" : "", peer->names.service, peer->names.family,
                           peer->websocket ? " (Websocket)" : "");
}

static void print_server(const VncServerInfo *server, void *opaque)
{
    g_string_append_printf(opaque, "%s:\n", server->id);
    for (unsigned i = 0; i < server->n_listeners; i++) {
        print_peer(opaque, "Server", &server->listeners[i]);
    }
    g_string_append_printf(opaque, "    Auth: %s\n", server->auth);
}

static void print_viewer(const VncPeer *peer, void *opaque)
{
    print_peer(opaque, "Client", peer);
}

bool info_vnc(char **argv, GString *out, GError **errp)
{
    size_t before = out->len;

    vnc_foreach(print_server, print_viewer, out);
    if (out->len == before) {
        g_string_append(out, "None\n");
    }
    return true;
}

/* Take "-d SERVER" from the end of the words; NULL if it is not there. */
static const char *take_server(char **argv)
{
    unsigned n = g_strv_length(argv);

    return n >= 2 && g_str_equal(argv[n - 2], "-d") ? argv[n - 1] : NULL;
}

static bool need_vnc(char **argv, const char *command, GError **errp)
{
    if (!argv[0] || !g_str_equal(argv[0], "vnc") || !argv[1]) {
        error_setg(errp, "%s: 'vnc' and a value are needed", command);
        return false;
    }
    return true;
}

bool run_set_password(char **argv, GString *out, GError **errp)
{
    if (!need_vnc(argv, "set_password", errp)) {
        return false;
    }
    if (argv[2] && !g_str_equal(argv[2], "-d") && !g_str_equal(argv[2], "keep")) {
        error_setg(errp, "parameter 'connected' must be 'keep' when 'protocol' is 'vnc'");
        return false;
    }
    return vnc_set_password(take_server(argv), argv[1], errp);
}

bool run_expire_password(char **argv, GString *out, GError **errp)
{
    return need_vnc(argv, "expire_password", errp) &&
           display_expire_password(take_server(argv), argv[1], errp);
}

/* There is no prompt for a secret: without a password nobody comes in any more. */
bool run_change_vnc(char **argv, GString *out, GError **errp)
{
    if (!argv[0] || (!g_str_equal(argv[0], "password") && !g_str_equal(argv[0], "passwd"))) {
        error_setg(errp, "change vnc: only 'change vnc password [PASSWORD]' is supported");
        return false;
    }
    return vnc_set_password(NULL, argv[1] ? argv[1] : "", errp);
}
