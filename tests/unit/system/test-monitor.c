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

/* Words of the first place, and of the second after "do". */
static void rig_complete(void *opaque, const char *before, GPtrArray *candidates)
{
    static const char *const first[] = {"do", "info", "insert", "inside", "\303\251t\303\251"};
    static const char *const second[] = {"something", "someone"};
    const char *space = strrchr(before, ' ');
    const char *word = space ? space + 1 : before;
    const char *const *words = space ? second : first;

    if (space && !g_str_has_prefix(before, "do ")) {
        return;
    }
    for (size_t i = 0; i < (space ? G_N_ELEMENTS(second) : G_N_ELEMENTS(first)); i++) {
        if (g_str_has_prefix(words[i], word)) {
            g_ptr_array_add(candidates, g_strdup(words[i]));
        }
    }
}

static const LineEditorOps rig_ops = {rig_output, rig_line, rig_complete};

static void begin(Rig *rig)
{
    rig->echo = g_string_new(NULL);
    rig->lines = g_string_new(NULL);
    rig->editor = line_editor_new(&rig_ops, rig);
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
        /* moving about */
        {"ac\002b\r", "abc|"},
        {"ac\033[Db\r", "abc|"},
        {"abd\033[D\033[D\033[D\033[D\033[C\033[Cc\033[C\033[C\033[Ce\r", "abcde|"},
        {"bc\001a\005d\r", "abcd|"},
        {"bc\033[Ha\033[Fd\r", "abcd|"},
        {"bc\033[1~a\033[4~d\r", "abcd|"},
        {"bc\033OHa\033OFd\r", "abcd|"},
        {"one two\033bX\033fY\r", "one XtwoY|"},
        {"one two\033b\033b\033fX\r", "oneX two|"},
        {"gr\303\274n\033[D\033[D\033[De\033[C\303\266\r", "ger\303\266\303\274n|"},
        /* taking out */
        {"abxc\033[D\033[D\033[3~\r", "abc|"},
        {"abxc\002\002\004\r", "abc|"},
        {"abc\004\r", "abc|"},
        {"abcdef\002\002\013\r", "abcd|"},
        {"abcdef\002\002\025\r", "ef|"},
        {"one two three\033b\027\r", "one three|"},
        {"one two three\033b\033\177\r", "one three|"},
        {"one two three\001\033d\r", " two three|"},
        {"ax\002\303\274\b\r", "ax|"},
        /* history keeps what was begun */
        {"one\rtwo\020\016x\r", "one|twox|"},
        {"one\rtwo\020X\016\020\r", "one|one|"}, /* a change of an old line is not kept */
        /* completion */
        {"d\tsomeo\t\r", "do someone |"},
        {"i\t\r", "in|"},
        {"ins\t\t\r", "ins|"},
        {"inf\tx\r", "info x|"},
        {"zz\t\r", "zz|"},
        {"\303\251\tx\r", "\303\251t\303\251 x|"},
        {"d x\002\002\t\r", "do  x|"},
        {"x y\t\r", "x y|"},
        /* what is no key at all, and broken characters */
        {"a\033\033b\r", "ab|"},
        {"a\033[999999999999999999;5;xb\r", "ab|"},
        {"a\377\200\302x\251\303\r", "ax|"},
        {"one\rtwo\r\033[A\r", "one|two|two|"},
        {"one\rtwo\r\033[A\033[A\r", "one|two|one|"},
        {"one\r\033[A\033[A\033[A\r", "one|one|"},             /* not before the first */
        {"one\rtw\033[A\033[B\033[Bx\r", "one|twx|"},          /* after the last: what was begun */
        {"one\rone\rtwo\r\033[A\033[A\r", "one|one|two|one|"}, /* repeated lines count once */
        {"a\033[5~b\033OAc\r", "abc|"},   /* other keys are swallowed whole; no history yet */
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
    g_assert_cmpstr(rig.echo->str, ==, "(lignite) ab\b\033[K\r\n(lignite) ");
    end(&rig);
}

/* As much of a terminal as the editor uses: what does its line look like, and where is the cursor?
 */
static void expect_screen(const char *echo, const char *line, unsigned cursor)
{
    g_autoptr(GString) screen = g_string_new(NULL);
    size_t at = 0;

    for (const char *p = echo; *p; p++) {
        if (*p == '\r') {
            at = 0;
        } else if (*p == '\n') {
            g_string_truncate(screen, 0);
        } else if (*p == '\b') {
            g_assert_cmpuint(at, >, 0);
            at--;
        } else if (g_str_has_prefix(p, "\033[K")) {
            g_string_truncate(screen, at);
            p += 2;
        } else if (g_str_has_prefix(p, "\033[2J\033[H")) {
            g_string_truncate(screen, 0);
            at = 0;
            p += 6;
        } else {
            g_assert_cmpint(*p, >=, ' ');
            if (at == screen->len) {
                g_string_append_c(screen, *p);
            } else {
                screen->str[at] = *p;
            }
            at++;
        }
    }
    g_assert_cmpstr(screen->str, ==, line);
    g_assert_cmpuint(at, ==, cursor);
}

static void test_screen(void)
{
    static const struct {
        const char *typed, *line;
        unsigned cursor; /* after the prompt */
    } rows[] = {
        {"abc", "abc", 3},
        {"abc\002\002x", "axbc", 2},
        {"abc\001\004", "bc", 0},
        {"abcd\002\b", "abd", 2},
        {"abcd\002\002\013", "ab", 2},
        {"abcd\002\002\025", "cd", 0},
        {"one two\033b\027", "two", 0},
        {"one\rlonger\020", "one", 3},
        {"longer\rx\020\020\016", "x", 1},
        {"abc\002\014", "abc", 2},
        {"ins\t", "ins", 3},
        {"in x\002\002\t", "in x", 2},
        {"do so\t", "do some", 7},
        {"abc\005\006\001\002", "abc", 0},
    };
    const unsigned prompt = strlen("(lignite) ");

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *line = g_strconcat("(lignite) ", rows[i].line, NULL);
        Rig rig;

        begin(&rig);
        type_in(&rig, rows[i].typed);
        expect_screen(rig.echo->str, line, prompt + rows[i].cursor);
        end(&rig);
    }
}

/* Whatever comes, in pieces of any size: a line is text of characters that are whole. */
static void test_noise(void)
{
    static const char keys[] =
        "ab \303\251\033[ABCDHF~3\b\177\001\002\004\005\006\013\016\020\025\027\tbfd";
    Rig rig;

    begin(&rig);
    for (int i = 0; i < 50000; i++) {
        char c = g_test_rand_int_range(0, 4) ? keys[g_test_rand_int_range(0, sizeof(keys) - 1)]
                                             : (char)g_test_rand_int_range(0, 256);

        line_editor_input(rig.editor, &c, 1);
        if (i % 1000 == 0) {
            type_in(&rig, "\r");
        }
    }
    g_assert_true(g_utf8_validate(rig.lines->str, -1, NULL));
    end(&rig);
}

/* What fits is listed, and then the line is there again. */
static void test_candidates(void)
{
    Rig rig;

    begin(&rig);
    type_in(&rig, "in\t");
    g_assert_cmpstr(rig.echo->str, ==, "(lignite) in\r\ninfo    insert  inside  \r\n(lignite) in");
    g_assert_cmpuint(line_editor_history(rig.editor)->len, ==, 0);
    type_in(&rig, "x\r");
    g_assert_cmpuint(line_editor_history(rig.editor)->len, ==, 1);
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

/* Stands for monitor-complete.c. */
void monitor_complete(const char *before, GPtrArray *candidates)
{
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
    g_test_add_func("/line-editor/screen", test_screen);
    g_test_add_func("/line-editor/noise", test_noise);
    g_test_add_func("/line-editor/candidates", test_candidates);
    g_test_add_func("/line-editor/bounds", test_bounds);
    g_test_add_func("/monitor/commands", test_commands);
    g_test_add_func("/monitor/greeting", test_greeting);
    g_test_add_func("/monitor/no-greeting-behind-a-console", test_no_greeting_behind_a_console);
    return g_test_run();
}
