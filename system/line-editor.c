/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The line that is being typed at a monitor: echo, moving about in it, history, completion. The
 * keys are those that Emacs, shells and QEMU's monitor agree on.
 *
 * Why not libedit or readline: both pull. They read from a terminal of their own until a key is
 * whole, so that half an escape sequence from a slow socket would stop the machine; libedit edits
 * nothing unless its input is a tty, and readline has one line per process. Here bytes are pushed
 * as they come, from any chardev, to any number of monitors.
 *
 * What it needs of the terminal: \b, and CSI K to clear up to the end of the line. It does not know
 * the terminal's width: a line that wraps is edited right, and may look wrong until it is entered.
 */
#include <string.h>

#include "monitor-internal.h"

#define PROMPT          "(lignite) "
#define LINE_MAX_LENGTH 4095
#define HISTORY_MAX     100
#define CLEAR_TO_END    "\033[K"
#define CLEAR_SCREEN    "\033[2J\033[H"

#define CTRL(letter) ((letter) - '@')
#define DELETE       0x7f
#define ESCAPE       0x1b

typedef enum EscapeState { ESCAPE_NONE, ESCAPE_SEEN, ESCAPE_CSI } EscapeState;

struct LineEditor {
    const LineEditorOps *ops;
    void *opaque;
    GString *text;
    size_t cursor;   /* in bytes; always where a character begins, or at the end */
    char partial[4]; /* of a character of several bytes that is not whole yet */
    unsigned partial_len;
    GPtrArray *history; /* char *, oldest first */
    unsigned at;        /* the line of the history that is shown; history->len: none */
    char *unfinished;   /* what was typed before the history was looked at, or NULL */
    EscapeState escape;
    unsigned parameter; /* of the escape sequence */
    bool after_cr;      /* a line feed that follows belongs to it */
};

LineEditor *line_editor_new(const LineEditorOps *ops, void *opaque)
{
    LineEditor *editor = g_new0(LineEditor, 1);

    editor->ops = ops;
    editor->opaque = opaque;
    editor->text = g_string_new(NULL);
    editor->history = g_ptr_array_new_with_free_func(g_free);
    return editor;
}

void line_editor_free(LineEditor *editor)
{
    if (editor) {
        g_string_free(editor->text, TRUE);
        g_ptr_array_unref(editor->history);
        g_free(editor->unfinished);
        g_free(editor);
    }
}

const GPtrArray *line_editor_history(const LineEditor *editor)
{
    return editor->history;
}

static void put(LineEditor *editor, const char *text)
{
    editor->ops->output(editor->opaque, text, strlen(text));
}

void line_editor_prompt(LineEditor *editor)
{
    g_string_truncate(editor->text, 0);
    editor->cursor = 0;
    editor->at = editor->history->len;
    g_clear_pointer(&editor->unfinished, g_free);
    put(editor, PROMPT);
}

/* -------------------------------------------------------------------------------- the cursor -- */

static bool continues_character(char c)
{
    return (c & 0xc0) == 0x80;
}

static size_t previous(const LineEditor *editor, size_t at)
{
    while (at > 0 && continues_character(editor->text->str[--at])) {
    }
    return at;
}

static size_t next(const LineEditor *editor, size_t at)
{
    while (at < editor->text->len && continues_character(editor->text->str[++at])) {
    }
    return at;
}

/* Where the word before `at` begins. */
static size_t word_before(const LineEditor *editor, size_t at)
{
    const char *text = editor->text->str;

    while (at > 0 && text[at - 1] == ' ') {
        at--;
    }
    while (at > 0 && text[at - 1] != ' ') {
        at--;
    }
    return at;
}

/* Where the word after `at` ends. */
static size_t word_after(const LineEditor *editor, size_t at)
{
    const GString *text = editor->text;

    while (at < text->len && text->str[at] == ' ') {
        at++;
    }
    while (at < text->len && text->str[at] != ' ') {
        at++;
    }
    return at;
}

/* The terminal's cursor goes back over what stands between two places. */
static void put_back(LineEditor *editor, size_t from, size_t to)
{
    while (from > to) {
        from = previous(editor, from);
        put(editor, "\b");
    }
}

static void move_to(LineEditor *editor, size_t to)
{
    if (to < editor->cursor) {
        put_back(editor, editor->cursor, to);
    } else {
        editor->ops->output(editor->opaque, editor->text->str + editor->cursor,
                            to - editor->cursor);
    }
    editor->cursor = to;
}

/* ----------------------------------------------------------------------------------- changes -- */

/* Show again what follows the cursor. */
static void put_tail(LineEditor *editor)
{
    put(editor, editor->text->str + editor->cursor);
    put_back(editor, editor->text->len, editor->cursor);
}

static void insert(LineEditor *editor, const char *text, size_t len)
{
    if (editor->text->len + len > LINE_MAX_LENGTH) {
        return;
    }
    g_string_insert_len(editor->text, editor->cursor, text, len);
    editor->ops->output(editor->opaque, text, len);
    editor->cursor += len;
    if (editor->cursor < editor->text->len) {
        put_tail(editor);
    }
}

/* Take out what stands from `from` to `to`; the cursor is then there. */
static void erase(LineEditor *editor, size_t from, size_t to)
{
    if (from == to) {
        return;
    }
    move_to(editor, from);
    g_string_erase(editor->text, from, to - from);
    put(editor, CLEAR_TO_END);
    put_tail(editor);
}

static void replace(LineEditor *editor, const char *text)
{
    erase(editor, 0, editor->text->len);
    insert(editor, text, strlen(text));
}

/* ----------------------------------------------------------------------------------- history -- */

static void show_history(LineEditor *editor, int step)
{
    const unsigned at = editor->at + step;

    if (at > editor->history->len) {
        return; /* also below the first: unsigned */
    }
    if (editor->at == editor->history->len) {
        g_free(editor->unfinished);
        editor->unfinished = g_strdup(editor->text->str);
    }
    editor->at = at;
    replace(editor, at < editor->history->len ? editor->history->pdata[at] : editor->unfinished);
}

static void remember(LineEditor *editor, const char *line)
{
    GPtrArray *history = editor->history;

    if (!*line || (history->len && g_str_equal(history->pdata[history->len - 1], line))) {
        return;
    }
    g_ptr_array_add(history, g_strdup(line));
    if (history->len > HISTORY_MAX) {
        g_ptr_array_remove_index(history, 0);
    }
}

static void finish(LineEditor *editor)
{
    g_autofree char *line = g_strdup(editor->text->str);

    put(editor, "\r\n");
    remember(editor, line);
    g_string_truncate(editor->text, 0);
    editor->cursor = 0;
    editor->ops->line(editor->opaque, line);
}

/* -------------------------------------------------------------------------------- completion -- */

/* How much all candidates begin with. */
static size_t common_prefix(const GPtrArray *candidates)
{
    const char *first = candidates->pdata[0];
    size_t len = strlen(first);

    for (unsigned i = 1; i < candidates->len; i++) {
        size_t n = 0;

        while (n < len && first[n] == ((const char *)candidates->pdata[i])[n]) {
            n++;
        }
        len = n;
    }
    return len;
}

static int compare(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* In columns, below the line, and the line once more. */
static void list_candidates(LineEditor *editor, GPtrArray *candidates)
{
    const size_t columns = 80;
    size_t width = 1, cursor = editor->cursor;

    g_ptr_array_sort(candidates, compare);
    for (unsigned i = 0; i < candidates->len; i++) {
        width = MAX(width, strlen(candidates->pdata[i]) + 2);
    }
    for (unsigned i = 0; i < candidates->len; i++) {
        g_autofree char *cell = g_strdup_printf("%s%-*s", i % MAX(columns / width, 1) ? "" : "\r\n",
                                                (int)width, (char *)candidates->pdata[i]);

        put(editor, cell);
    }
    put(editor, "\r\n" PROMPT);
    put(editor, editor->text->str);
    put_back(editor, editor->text->len, cursor);
}

static void complete(LineEditor *editor)
{
    g_autoptr(GPtrArray) candidates = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *before = g_strndup(editor->text->str, editor->cursor);
    const char *space = strrchr(before, ' ');
    const size_t typed = strlen(space ? space + 1 : before);
    size_t len;

    editor->ops->complete(editor->opaque, before, candidates);
    if (!candidates->len) {
        return;
    }
    len = common_prefix(candidates);
    if (len > typed) {
        insert(editor, (const char *)candidates->pdata[0] + typed, len - typed);
    }
    if (candidates->len == 1) {
        insert(editor, " ", 1);
    } else if (len <= typed) {
        list_candidates(editor, candidates);
    }
}

/* -------------------------------------------------------------------------------------- keys -- */

static void end_sequence(LineEditor *editor, char c)
{
    switch (c) {
    case 'A':
        show_history(editor, -1);
        break;
    case 'B':
        show_history(editor, 1);
        break;
    case 'C':
        move_to(editor, next(editor, editor->cursor));
        break;
    case 'D':
        move_to(editor, previous(editor, editor->cursor));
        break;
    case 'H':
        move_to(editor, 0);
        break;
    case 'F':
        move_to(editor, editor->text->len);
        break;
    case '~':
        if (editor->parameter == 1 || editor->parameter == 7) {
            move_to(editor, 0);
        } else if (editor->parameter == 4 || editor->parameter == 8) {
            move_to(editor, editor->text->len);
        } else if (editor->parameter == 3) {
            erase(editor, editor->cursor, next(editor, editor->cursor));
        }
        break;
    default: /* other keys are swallowed whole */
        break;
    }
}

static void escape_key(LineEditor *editor, char c)
{
    if (editor->escape == ESCAPE_CSI) {
        if (c >= '@') {
            editor->escape = ESCAPE_NONE;
            end_sequence(editor, c);
        } else if (g_ascii_isdigit(c)) {
            editor->parameter = MIN(editor->parameter * 10 + (c - '0'), 1000);
        }
        return;
    }
    editor->escape = c == '[' || c == 'O' ? ESCAPE_CSI : ESCAPE_NONE;
    editor->parameter = 0;
    switch (c) { /* with Alt, or after Escape */
    case 'b':
        move_to(editor, word_before(editor, editor->cursor));
        break;
    case 'f':
        move_to(editor, word_after(editor, editor->cursor));
        break;
    case 'd':
        erase(editor, editor->cursor, word_after(editor, editor->cursor));
        break;
    case DELETE:
    case '\b':
        erase(editor, word_before(editor, editor->cursor), editor->cursor);
        break;
    }
}

static void control_key(LineEditor *editor, char c)
{
    const size_t cursor = editor->cursor, end = editor->text->len;

    switch (c) {
    case '\n':
        if (!editor->after_cr) {
            finish(editor);
        }
        break;
    case '\r':
        finish(editor);
        break;
    case '\t':
        complete(editor);
        break;
    case CTRL('H'):
    case DELETE:
        erase(editor, previous(editor, cursor), cursor);
        break;
    case CTRL('D'):
        erase(editor, cursor, next(editor, cursor));
        break;
    case CTRL('K'):
        erase(editor, cursor, end);
        break;
    case CTRL('U'):
        erase(editor, 0, cursor);
        break;
    case CTRL('W'):
        erase(editor, word_before(editor, cursor), cursor);
        break;
    case CTRL('A'):
        move_to(editor, 0);
        break;
    case CTRL('E'):
        move_to(editor, end);
        break;
    case CTRL('B'):
        move_to(editor, previous(editor, cursor));
        break;
    case CTRL('F'):
        move_to(editor, next(editor, cursor));
        break;
    case CTRL('P'):
        show_history(editor, -1);
        break;
    case CTRL('N'):
        show_history(editor, 1);
        break;
    case CTRL('L'):
        put(editor, CLEAR_SCREEN PROMPT);
        put(editor, editor->text->str);
        put_back(editor, end, cursor);
        break;
    case ESCAPE:
        editor->escape = ESCAPE_SEEN;
        break;
    }
}

/* A byte of a UTF-8 character of several: it is inserted when it is whole; broken ones are not. */
static void byte_of_character(LineEditor *editor, unsigned char c)
{
    unsigned len;

    if (!continues_character(c)) {
        editor->partial_len = 0;
    } else if (!editor->partial_len) {
        return;
    }
    editor->partial[editor->partial_len++] = c;
    c = editor->partial[0];
    len = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
    if (editor->partial_len == len) {
        if (g_utf8_validate(editor->partial, len, NULL)) {
            insert(editor, editor->partial, len);
        }
        editor->partial_len = 0;
    }
}

static void key(LineEditor *editor, char c)
{
    if ((unsigned char)c >= 0x80) {
        byte_of_character(editor, c);
        return;
    }
    editor->partial_len = 0;
    if (editor->escape != ESCAPE_NONE) {
        escape_key(editor, c);
    } else if (c < ' ' || c == DELETE) {
        control_key(editor, c);
    } else {
        insert(editor, &c, 1);
    }
    editor->after_cr = c == '\r';
}

void line_editor_input(LineEditor *editor, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        key(editor, bytes[i]);
    }
}
