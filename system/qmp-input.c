/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QMP's input: JSON texts, one after the other, with any spacing, in pieces of any size.
 *
 * This file finds a message's end by its brackets, and rewrites what QMP allows beyond JSON
 * (RFC 8259): strings in single quotes, and the escape \' in any string. The grammar itself is
 * jansson's business, which gets each message when it is whole.
 *
 * Integers beyond INT64_MAX, which jansson has not, are passed on as reals where a real is exact;
 * where it is not, the message is refused rather than its meaning changed.
 */
#include "qmp-input.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "error.h"

/* Never part of UTF-8: a client that lost its place sends it to begin anew. */
#define INPUT_FLUSH ((char)0xff)

typedef enum InputState {
    STATE_PLAIN,   /* between tokens */
    STATE_WORD,    /* in a number or keyword */
    STATE_STRING,  /* `quote` ends it */
    STATE_ESCAPE,  /* after a backslash */
    STATE_RECOVER, /* after a byte that fits nowhere, to where a message may begin */
    STATE_SKIP,    /* after a limit, to the end of the line */
} InputState;

struct QmpInput {
    QmpInputFunc func;
    void *opaque;
    InputState state;
    char quote;
    unsigned depth;
    char closers[QMP_INPUT_MAX_DEPTH]; /* what closes each open bracket */
    GString *text;                     /* the message so far, as plain JSON */
    gsize word;                        /* where the word in `text` began */
};

QmpInput *qmp_input_new(QmpInputFunc func, void *opaque)
{
    QmpInput *input = g_new0(QmpInput, 1);

    input->func = func;
    input->opaque = opaque;
    input->text = g_string_new(NULL);
    return input;
}

void qmp_input_free(QmpInput *input)
{
    if (input) {
        g_string_free(input->text, TRUE);
        g_free(input);
    }
}

void qmp_input_reset(QmpInput *input)
{
    input->state = STATE_PLAIN;
    input->depth = 0;
    g_string_truncate(input->text, 0);
}

static void report(QmpInput *input, const char *why)
{
    g_autoptr(GError) err = NULL;

    error_setg(&err, "JSON parse error, %s", why);
    qmp_input_reset(input);
    input->func(input->opaque, NULL, err);
}

/*
 * Where the message would have ended is unknown. What is opened next, or comes after the next line
 * feed or other control character, is the next one: clients of QEMU rely on that.
 */
static void fail(QmpInput *input, const char *why)
{
    report(input, why);
    input->state = STATE_RECOVER;
}

/* One error for all that is left of the line. */
static void fail_limit(QmpInput *input, const char *why)
{
    report(input, why);
    input->state = STATE_SKIP;
}

static void finish(QmpInput *input)
{
    json_error_t why;
    json_t *value = json_loadb(input->text->str, input->text->len,
                               JSON_DECODE_ANY | JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &why);

    if (!value) {
        report(input, why.text); /* its end is known, and the next message counts */
        return;
    }
    qmp_input_reset(input);
    input->func(input->opaque, value, NULL);
    json_decref(value);
}

/* See the head comment. */
static void widen_integer(QmpInput *input)
{
    const char *word = input->text->str + input->word;
    char *end;
    guint64 value;

    if (!g_ascii_isdigit(*word)) {
        return;
    }
    errno = 0;
    value = g_ascii_strtoull(word, &end, 10);
    if (!errno && !*end && value > INT64_MAX && (double)value < 18446744073709551616.0 &&
        (guint64)(double)value == value) {
        g_string_append(input->text, ".0");
    }
}

static void end_word(QmpInput *input)
{
    input->state = STATE_PLAIN;
    widen_integer(input);
    if (!input->depth) {
        finish(input);
    }
}

static void open_bracket(QmpInput *input, char c)
{
    if (input->depth == QMP_INPUT_MAX_DEPTH) {
        fail_limit(input, "JSON nesting depth limit exceeded");
        return;
    }
    input->closers[input->depth++] = c == '{' ? '}' : ']';
    g_string_append_c(input->text, c);
}

static void close_bracket(QmpInput *input, char c)
{
    if (!input->depth || input->closers[input->depth - 1] != c) {
        fail(input, "a closing bracket that nothing opened");
        return;
    }
    g_string_append_c(input->text, c);
    if (--input->depth == 0) {
        finish(input);
    }
}

static void plain(QmpInput *input, char c)
{
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
        return;
    }
    if (c == '{' || c == '[') {
        open_bracket(input, c);
    } else if (c == '}' || c == ']') {
        close_bracket(input, c);
    } else if (c == '"' || c == '\'') {
        input->state = STATE_STRING;
        input->quote = c;
        g_string_append_c(input->text, '"');
    } else if (g_ascii_isalnum(c) || c == '-') {
        input->state = STATE_WORD;
        input->word = input->text->len;
        g_string_append_c(input->text, c);
    } else if ((c == ',' || c == ':') && input->depth) {
        g_string_append_c(input->text, c);
    } else {
        g_autofree char *why = g_ascii_isgraph(c)
                                   ? g_strdup_printf("stray '%c'", c)
                                   : g_strdup_printf("stray byte 0x%02x", (unsigned char)c);

        fail(input, why);
    }
}

static void in_string(QmpInput *input, char c)
{
    if (c == input->quote) {
        g_string_append_c(input->text, '"');
        input->state = STATE_PLAIN;
        if (!input->depth) {
            finish(input);
        }
    } else if (c == '\\') {
        input->state = STATE_ESCAPE;
    } else if ((unsigned char)c < ' ') {
        fail(input, "control character in string");
        if (c == '\n') {
            input->state = STATE_PLAIN;
        }
    } else {
        if (c == '"') {
            g_string_append_c(input->text, '\\');
        }
        g_string_append_c(input->text, c);
    }
}

static void feed_byte(QmpInput *input, char c)
{
    if (c == INPUT_FLUSH) {
        if (input->state != STATE_PLAIN || input->depth) {
            fail(input, "message cut off by byte 0xff");
        }
        input->state = STATE_PLAIN;
        return;
    }
    if (input->text->len >= QMP_INPUT_MAX_SIZE && input->state != STATE_SKIP) {
        fail_limit(input, "JSON message size limit exceeded");
    }
    switch (input->state) {
    case STATE_PLAIN:
        plain(input, c);
        break;
    case STATE_WORD:
        if (g_ascii_isalnum(c) || c == '-' || c == '+' || c == '.') {
            g_string_append_c(input->text, c);
        } else {
            end_word(input);
            feed_byte(input, c); /* in another state */
        }
        break;
    case STATE_STRING:
        in_string(input, c);
        break;
    case STATE_ESCAPE:
        if (c != '\'') {
            g_string_append_c(input->text, '\\');
        }
        if (c == '\0' || c == '\n') {
            fail(input, "control character in string");
            input->state = STATE_PLAIN;
        } else {
            g_string_append_c(input->text, c);
            input->state = STATE_STRING;
        }
        break;
    case STATE_RECOVER:
        if (c == '{' || c == '[') {
            input->state = STATE_PLAIN;
            plain(input, c);
        } else if ((unsigned char)c < ' ' && c != '\t') {
            input->state = STATE_PLAIN;
        }
        break;
    case STATE_SKIP:
        if (c == '\n') {
            input->state = STATE_PLAIN;
        }
        break;
    }
}

void qmp_input_feed(QmpInput *input, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        feed_byte(input, bytes[i]);
    }
}
