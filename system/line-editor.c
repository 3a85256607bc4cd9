/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small line editor for monitors on any chardev: echo, backspace, Ctrl-U, Ctrl-W, history with
 * the arrow keys. Libraries for this want a terminal of their own, and a thread that blocks on it.
 */
#include <string.h>

#include "monitor-internal.h"

#define PROMPT          "(lignite) "
#define LINE_MAX_LENGTH 4095
#define HISTORY_MAX     100

typedef enum EscapeState { ESCAPE_NONE, ESCAPE_SEEN, ESCAPE_CSI } EscapeState;

struct LineEditor {
    void (*output)(void *opaque, const char *text, size_t len);
    void (*line)(void *opaque, const char *line);
    void *opaque;
    GString *text;
    GPtrArray *history; /* char *, oldest first */
    unsigned at;        /* the line of the history that is shown; history->len: none */
    EscapeState escape;
    bool after_cr; /* a line feed that follows belongs to it */
};

LineEditor *line_editor_new(void (*output)(void *opaque, const char *text, size_t len),
                            void (*line)(void *opaque, const char *line), void *opaque)
{
    LineEditor *editor = g_new0(LineEditor, 1);

    editor->output = output;
    editor->line = line;
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
        g_free(editor);
    }
}

static void put(LineEditor *editor, const char *text)
{
    editor->output(editor->opaque, text, strlen(text));
}

void line_editor_prompt(LineEditor *editor)
{
    g_string_truncate(editor->text, 0);
    editor->at = editor->history->len;
    put(editor, PROMPT);
}

/* Take back the last character; in UTF-8 it may be several bytes. */
static void erase_one(LineEditor *editor)
{
    GString *text = editor->text;

    if (text->len) {
        while (text->len > 1 && (text->str[text->len - 1] & 0xc0) == 0x80) {
            g_string_truncate(text, text->len - 1);
        }
        g_string_truncate(text, text->len - 1);
        put(editor, "\b \b");
    }
}

static void erase_line(LineEditor *editor)
{
    while (editor->text->len) {
        erase_one(editor);
    }
}

static void erase_word(LineEditor *editor)
{
    GString *text = editor->text;

    while (text->len && text->str[text->len - 1] == ' ') {
        erase_one(editor);
    }
    while (text->len && text->str[text->len - 1] != ' ') {
        erase_one(editor);
    }
}

static void show_history(LineEditor *editor, int step)
{
    unsigned at = editor->at + step;

    if (at > editor->history->len) {
        return; /* also below the first: unsigned */
    }
    editor->at = at;
    erase_line(editor);
    if (at < editor->history->len) {
        g_string_assign(editor->text, editor->history->pdata[at]);
        put(editor, editor->text->str);
    }
}

static void finish(LineEditor *editor)
{
    g_autofree char *line = g_strdup(editor->text->str);
    GPtrArray *history = editor->history;

    put(editor, "\r\n");
    if (*line && (!history->len || !g_str_equal(history->pdata[history->len - 1], line))) {
        g_ptr_array_add(history, g_strdup(line));
        if (history->len > HISTORY_MAX) {
            g_ptr_array_remove_index(history, 0);
        }
    }
    g_string_truncate(editor->text, 0);
    editor->line(editor->opaque, line);
}

static void key(LineEditor *editor, char c)
{
    if (editor->escape == ESCAPE_SEEN) {
        editor->escape = c == '[' || c == 'O' ? ESCAPE_CSI : ESCAPE_NONE;
        return;
    }
    if (editor->escape == ESCAPE_CSI) {
        if (c >= '@') { /* the final character of the sequence */
            editor->escape = ESCAPE_NONE;
            if (c == 'A' || c == 'B') {
                show_history(editor, c == 'A' ? -1 : 1);
            }
        }
        return;
    }
    switch (c) {
    case '\n':
        if (!editor->after_cr) {
            finish(editor);
        }
        break;
    case '\r':
        finish(editor);
        break;
    case '\b':
    case 0x7f:
        erase_one(editor);
        break;
    case 'U' - '@':
        erase_line(editor);
        break;
    case 'W' - '@':
        erase_word(editor);
        break;
    case 0x1b:
        editor->escape = ESCAPE_SEEN;
        break;
    default:
        if ((unsigned char)c >= ' ' && editor->text->len < LINE_MAX_LENGTH) {
            g_string_append_c(editor->text, c);
            editor->output(editor->opaque, &c, 1);
        }
        break;
    }
    editor->after_cr = c == '\r';
}

void line_editor_input(LineEditor *editor, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        key(editor, bytes[i]);
    }
}
