/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The monitor's line editor: what a person types, what is echoed, which lines come out; and the
 * monitor above it on a chardev, with a command table of this test.
 */
#include <string.h>

#include "backends/char.h"
#include "monitor-internal.h"
#include "options.h"
#include "system/monitor.h"

/* ------------------------------------------------------------------------------ line editor -- */

typedef struct Rig {
    LineEditor *editor;
    GString *echo;
    GString *lines; /* each with '|' after it */
} Rig;

static void rig_output(void *opaque, const char *text, size_t len)
{
    g_string_append_len(((Rig *)opaque)->echo, text, len);
}

static void rig_line(void *opaque, const char *line)
{
    Rig *rig = opaque;

    g_string_append_printf(rig->lines, "%s|", line);
    line_editor_prompt(rig->editor);
}

static void begin(Rig *rig)
{
    rig->echo = g_string_new(NULL);
    rig->lines = g_string_new(NULL);
    rig->editor = line_editor_new(rig_output, rig_line, rig);
    line_editor_prompt(rig->editor);
}

static void end(Rig *rig)
{
    line_editor_free(rig->editor);
    g_string_free(rig->echo, TRUE);
    g_string_free(rig->lines, TRUE);
}

static void type_in(Rig *rig, const char *text)
{
    line_editor_input(rig->editor, text, strlen(text));
}

static void test_lines(void)
{
    static const struct {
        const char *typed, *lines;
    } rows[] = {
        {"stop\r", "stop|"},
        {"stop\n", "stop|"},
        {"stop\r\ncont\r\n", "stop|cont|"}, /* one end of line, not two */
        {"a\n\nb\n", "a||b|"},
        {"stpo\b\bop\r", "stop|"},
        {"x\x7f\x7f\x7fok\r", "ok|"}, /* not beyond the start */
        {"rubbish\025ok\r", "ok|"},
        {"info mtree  \027block\r", "info block|"},
        {"tab\tbell\007\r", "tabbell|"},
        {"one\rtwo\r\033[A\r", "one|two|two|"},
        {"one\rtwo\r\033[A\033[A\r", "one|two|one|"},
        {"one\r\033[A\033[A\033[A\r", "one|one|"},             /* not before the first */
        {"one\rtw\033[A\033[B\033[Bx\r", "one|x|"},            /* after the last: a new line */
        {"one\rone\rtwo\r\033[A\033[A\r", "one|one|two|one|"}, /* repeated lines count once */
        {"a\033[5~b\033OAc\r", "abc|"},     /* other keys are swallowed whole; no history yet */
        {"gr\303\274n\b\bau\r", "grau|"}, /* a letter of two bytes goes with one key */
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        Rig rig;

        begin(&rig);
        type_in(&rig, rows[i].typed);
        g_assert_cmpstr(rig.lines->str, ==, rows[i].lines);
        end(&rig);
    }
}

static void test_echo(void)
{
    Rig rig;

    begin(&rig);
    type_in(&rig, "ab\b\r");
    g_assert_cmpstr(rig.echo->str, ==, "(lignite) ab\b \b\r\n(lignite) ");
    end(&rig);
}

static void test_bounds(void)
{
    g_autofree char *flood = g_strnfill(100000, 'x');
    Rig rig;

    begin(&rig);
    type_in(&rig, flood);
    type_in(&rig, "\r");
    g_assert_cmpuint(rig.lines->len, ==, 4095 + 1);
    for (int i = 0; i < 1000; i++) {
        g_autofree char *line = g_strdup_printf("line %d\r", i);

        type_in(&rig, line);
    }
    g_string_truncate(rig.lines, 0);
    for (int i = 0; i < 1000; i++) {
        type_in(&rig, "\033[A");
    }
    type_in(&rig, "\r");
    g_assert_cmpstr(rig.lines->str, ==, "line 900|"); /* the oldest of a hundred */
    end(&rig);
}

/* ---------------------------------------------------------------------------------- monitor -- */

static bool run_echo(char **argv, GString *out, GError **errp)
{
    g_autofree char *all = g_strjoinv("+", argv);

    g_string_append_printf(out, "%s\n", all);
    return true;
}

static bool run_plain(char **argv, GString *out, GError **errp)
{
    g_string_append(out, "done\n");
    return true;
}

static bool run_fail(char **argv, GString *out, GError **errp)
{
    g_set_error(errp, g_quark_from_static_string("test"), 0, "it failed");
    return false;
}

/* Stand for monitor-commands.c and options.c. */
const MonitorCommand monitor_commands[] = {{"echo", "e", "WORDS", "say them", run_echo},
                                           {"plain", NULL, NULL, "takes nothing", run_plain},
                                           {"fail", NULL, NULL, "fails", run_fail},
                                           {}};

const char *version_line(void)
{
    return "Test";
}

static void test_commands(void)
{
    static const char *const rows[][2] = {
        {"echo a b", "a+b\n"},
        {"e 'a b' c", "a b+c\n"},
        {"  plain  ", "done\n"},
        {"", ""},
        {"   ", ""},
        {"# a comment", ""},
        {"plain x", "Error: plain: extraneous characters at the end of line: 'x'\n"},
        {"fail", "Error: it failed\n"},
        {"nothing", "Error: unknown command: 'nothing'\n"},
        {"echo 'open", "Error: unbalanced quotes\n"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *out = monitor_execute(rows[i][0]);

        g_assert_cmpstr(out, ==, rows[i][1]);
    }
}

static Chardev *make(const char *text)
{
    g_autoptr(Opts) opts = opts_parse(text, "backend", NULL);

    return chardev_new(opts, NULL);
}

static void assert_written(const char *wanted)
{
    char buf[4096] = "";

    chardev_ringbuf_read(chardev_find("m-base") ?: chardev_find("m"), buf, sizeof(buf) - 1);
    g_assert_cmpstr(buf, ==, wanted);
}

static void test_greeting(void)
{
    Chardev *chr = make("ringbuf,id=m");
    g_autoptr(GError) err = NULL;

    g_assert_true(monitor_new(chr, NULL));
    assert_written("Test\r\ntype 'help' for commands\r\n(lignite) ");
    g_assert_false(monitor_new(chr, &err));
    g_assert_cmpstr(err->message, ==, "chardev 'm' is already in use");
    monitor_close_all();
    chardev_close_all();
}

/* Behind a console the monitor is silent. */
static void test_no_greeting_behind_a_console(void)
{
    static const ChardevHandlers console = {};
    Chardev *chr = make("ringbuf,id=m,mux=on");

    g_assert_true(chardev_attach(chr, &console, &chr, NULL));
    g_assert_true(monitor_new(chr, NULL));
    assert_written("");
    chardev_detach(chr, &chr); /* the monitor comes to the front */
    assert_written("\r\nTest\r\ntype 'help' for commands\r\n(lignite) ");
    monitor_close_all();
    chardev_close_all();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/line-editor/lines", test_lines);
    g_test_add_func("/line-editor/echo", test_echo);
    g_test_add_func("/line-editor/bounds", test_bounds);
    g_test_add_func("/monitor/commands", test_commands);
    g_test_add_func("/monitor/greeting", test_greeting);
    g_test_add_func("/monitor/no-greeting-behind-a-console", test_no_greeting_behind_a_console);
    return g_test_run();
}
