/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text of the screen in this terminal, with its colours, by ncurses. A module.
 *
 * A terminal sends characters, so keys are what makes them in the layout of -k: each is pressed and
 * released at once, with the modifiers that it needs. Ctrl-A is the escape, as it is with
 * -nographic: Ctrl-A h lists what follows it. A graphics mode is named, not shown.
 */
#include <langinfo.h>
#include <locale.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <glib-unix.h>

#define NCURSES_WIDECHAR 1
#include <curses.h>

#include "backends/display.h"
#include "backends/ui/ui.h"
#include "error.h"
#include "hw/input/input.h"
#include "keymap.h"

#define ESCAPE       0x01 /* Ctrl-A */
#define ESC_DELAY_MS 25   /* how long ncurses waits for the rest of a key's sequence */

typedef struct Curses {
    SCREEN *screen;
    Console *console; /* or NULL */
    guint input, timer;
    bool escaped; /* the last character was the escape */
    bool help;    /* the help is shown, until the next key */
} Curses;

static Curses state;

/* ---------------------------------------------------------------------------------- the screen */

/* From the VGA's order of the colours, blue first, to the terminal's. */
static const short colours[8] = {COLOR_BLACK, COLOR_BLUE,    COLOR_GREEN,  COLOR_CYAN,
                                 COLOR_RED,   COLOR_MAGENTA, COLOR_YELLOW, COLOR_WHITE};

static void init_colours(void)
{
    if (!has_colors()) {
        return;
    }
    start_color();
    for (int pair = 0; pair < 64; pair++) {
        init_pair(pair + 1, colours[pair & 7], colours[pair >> 3]);
    }
}

static attr_t cell_attributes(const ConsoleCell *cell)
{
    attr_t attributes = cell->foreground & 8 ? A_BOLD : A_NORMAL;

    if (cell->blink || cell->background & 8) {
        attributes |= A_BLINK;
    }
    if (!has_colors() && (cell->background & 7) > (cell->foreground & 7)) {
        attributes |= A_REVERSE;
    }
    return attributes;
}

static void draw_cell(int y, int x, const ConsoleCell *cell)
{
    wchar_t text[2] = {cell->ch < ' ' ? ' ' : cell->ch};
    short pair = has_colors() ? (cell->background & 7) * 8 + (cell->foreground & 7) + 1 : 0;
    cchar_t character;

    setcchar(&character, text, cell_attributes(cell), pair, NULL);
    mvadd_wch(y, x, &character);
}

static void draw_text(const ConsoleText *text)
{
    for (unsigned y = 0; y < text->rows && (int)y < LINES; y++) {
        for (unsigned x = 0; x < text->cols && (int)x < COLS; x++) {
            draw_cell(y, x, &text->cells[y * text->cols + x]);
        }
    }
    if (text->cursor >= 0 && text->cursor / (int)text->cols < LINES &&
        text->cursor % (int)text->cols < COLS) {
        move(text->cursor / text->cols, text->cursor % text->cols);
        curs_set(1);
    } else {
        curs_set(0);
    }
}

static void draw_centred(const char *line)
{
    curs_set(0);
    mvaddstr(LINES / 2, MAX(0, (COLS - (int)strlen(line)) / 2), line);
}

static void draw_help(void)
{
    static const char *const lines[] = {
        "Ctrl-A h       this help", "Ctrl-A x       end the machine",
        "Ctrl-A Ctrl-A  a Ctrl-A for the guest", "Esc KEY        Alt and the key"};

    for (int i = 0; i < (int)G_N_ELEMENTS(lines); i++) {
        mvaddstr(LINES / 2 - 2 + i, MAX(0, COLS / 2 - 18), lines[i]);
    }
}

static void draw(ConsoleText *text)
{
    erase();
    if (state.help) {
        draw_help();
    } else if (text) {
        draw_text(text);
    } else if (state.console) {
        pixman_image_t *image = console_image(state.console);
        g_autofree char *line = g_strdup_printf(
            "%d x %d Graphic mode", pixman_image_get_width(image), pixman_image_get_height(image));

        draw_centred(line);
    } else {
        draw_centred("The machine has no screen");
    }
    refresh();
}

static void on_refreshed(void *opaque)
{
    g_autoptr(ConsoleText) text = console_get_text(state.console);
    struct winsize size;

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && is_term_resized(size.ws_row, size.ws_col)) {
        resizeterm(size.ws_row, size.ws_col);
    }
    draw(text);
}

static void on_gone(void *opaque)
{
    state.console = NULL;
}

static const ConsoleListener listener = {.refreshed = on_refreshed, .gone = on_gone};

/* ---------------------------------------------------------------------------------------- keys */

static void press(KeyStroke stroke, bool ctrl, bool alt)
{
    const struct {
        KeyCode key;
        bool held;
    } keys[] = {
        {KEY_CODE_CTRL, ctrl},          {KEY_CODE_ALT, alt}, {KEY_CODE_SHIFT, stroke.shift},
        {KEY_CODE_ALT_R, stroke.altgr}, {stroke.key, true},
    };

    if (stroke.key == KEY_CODE_NONE) {
        return;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
        if (keys[i].held) {
            input_send_key(keys[i].key, true);
        }
    }
    for (size_t i = G_N_ELEMENTS(keys); i-- > 0;) {
        if (keys[i].held) {
            input_send_key(keys[i].key, false);
        }
    }
    input_send_sync();
}

/* A key of ncurses' that is no character. */
static KeyStroke function_key(wint_t code)
{
    static const struct {
        wint_t code;
        KeyCode key;
    } keys[] = {
        {KEY_DOWN, KEY_CODE_DOWN},
        {KEY_UP, KEY_CODE_UP},
        {KEY_LEFT, KEY_CODE_LEFT},
        {KEY_RIGHT, KEY_CODE_RIGHT},
        {KEY_HOME, KEY_CODE_HOME},
        {KEY_END, KEY_CODE_END},
        {KEY_PPAGE, KEY_CODE_PGUP},
        {KEY_NPAGE, KEY_CODE_PGDN},
        {KEY_IC, KEY_CODE_INSERT},
        {KEY_DC, KEY_CODE_DELETE},
        {KEY_B2, KEY_CODE_KP_5},
        {KEY_ENTER, KEY_CODE_RET},
        {KEY_BACKSPACE, KEY_CODE_BACKSPACE},
        {KEY_F(1), KEY_CODE_F1},
        {KEY_F(2), KEY_CODE_F2},
        {KEY_F(3), KEY_CODE_F3},
        {KEY_F(4), KEY_CODE_F4},
        {KEY_F(5), KEY_CODE_F5},
        {KEY_F(6), KEY_CODE_F6},
        {KEY_F(7), KEY_CODE_F7},
        {KEY_F(8), KEY_CODE_F8},
        {KEY_F(9), KEY_CODE_F9},
        {KEY_F(10), KEY_CODE_F10},
        {KEY_F(11), KEY_CODE_F11},
        {KEY_F(12), KEY_CODE_F12},
    };

    if (code == KEY_BTAB) {
        return (KeyStroke){.key = KEY_CODE_TAB, .shift = true};
    }
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
        if (keys[i].code == code) {
            return (KeyStroke){.key = keys[i].key};
        }
    }
    return (KeyStroke){.key = KEY_CODE_NONE};
}

static bool has_own_key(wint_t ch)
{
    return ch == '\r' || ch == '\n' || ch == '\t' || ch == '\b' || ch == 0x1b || ch == 0x7f;
}

static void send_char(wint_t ch, bool alt)
{
    if (ch < ' ' && !has_own_key(ch)) {
        /* Ctrl and one of @ A..Z [ \ ] ^ _ */
        press(keymap_lookup_char(ch >= 1 && ch <= 26 ? ch + 'a' - 1 : ch + '@'), true, alt);
    } else {
        press(keymap_lookup_char(ch), false, alt);
    }
}

/* What follows the escape; false if it belongs to the guest. */
static bool run_escape(wint_t ch)
{
    switch (ch) {
    case 'x':
        ui_quit();
        return true;
    case 'h':
    case '?':
        state.help = true;
        return true;
    default:
        return ch != ESCAPE;
    }
}

static void on_char(wint_t ch)
{
    wint_t next;

    if (state.escaped) {
        state.escaped = false;
        if (run_escape(ch)) {
            return;
        }
    } else if (ch == ESCAPE) {
        state.escaped = true;
        return;
    }
    if (ch == 0x1b && get_wch(&next) == OK) { /* Alt is sent as an Esc before */
        send_char(next, true);
    } else {
        send_char(ch, false);
    }
}

static gboolean on_input(int fd, GIOCondition condition, gpointer opaque)
{
    wint_t ch;
    int kind;

    if (condition & (G_IO_HUP | G_IO_ERR)) {
        ui_quit(); /* the terminal is gone */
        state.input = 0;
        return G_SOURCE_REMOVE;
    }
    while ((kind = get_wch(&ch)) != ERR) {
        state.help = false;
        if (kind != KEY_CODE_YES) {
            on_char(ch);
        } else if (ch == KEY_SUSPEND) { /* what some terminals call Ctrl-Z */
            on_char('z' & 0x1f);
        } else if (ch != KEY_RESIZE) {
            press(function_key(ch), false, false);
        }
    }
    if (state.console) {
        console_wake(state.console);
    } else {
        draw(NULL);
    }
    return G_SOURCE_CONTINUE;
}

/* -------------------------------------------------------------------------------------- life -- */

/* A console may come after the display. */
static gboolean find_console(gpointer opaque)
{
    state.timer = 0;
    state.console = console_default();
    if (state.console) {
        console_add_listener(state.console, &listener, &state);
    } else {
        draw(NULL);
    }
    return G_SOURCE_REMOVE;
}

static void curses_stop(void)
{
    if (state.timer) {
        g_source_remove(state.timer);
    }
    if (state.input) {
        g_source_remove(state.input);
    }
    if (state.console) {
        console_remove_listener(state.console, &state);
    }
    if (state.screen) {
        endwin();
        delscreen(state.screen);
    }
    state = (Curses){};
}

static bool curses_start(Opts *opts, GError **errp)
{
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
        error_setg(errp, "curses needs a terminal on standard input and output");
        return false;
    }
    setlocale(LC_CTYPE, "");
    if (!g_str_equal(nl_langinfo(CODESET), "UTF-8")) {
        setlocale(LC_CTYPE, "C.UTF-8"); /* the guest draws frames */
    }
    state.screen = newterm(NULL, stdout, stdin);
    if (!state.screen) {
        error_setg(errp, "curses does not know the terminal '%s': set TERM", g_getenv("TERM"));
        return false;
    }
    raw();
    noecho();
    nonl();
    nodelay(stdscr, TRUE);
    keypad(stdscr, TRUE);
    set_escdelay(ESC_DELAY_MS);
    init_colours();
    state.input = g_unix_fd_add(STDIN_FILENO, G_IO_IN | G_IO_HUP | G_IO_ERR, on_input, NULL);
    state.timer = g_timeout_add(0, find_console, NULL);
    return true;
}

const DisplayType lignite_display = {.name = "curses", .start = curses_start, .stop = curses_stop};
