/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Chardevs without peers that come and go: null, ringbuf, file, pipe, pty, stdio; options and short
 * forms; the multiplexer. test-socket.c has the sockets.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "user.h"

static char *folder; /* of this test's files */

static char *path_of(const char *name)
{
    return g_build_filename(folder, name, NULL);
}

static char *contents(const char *path)
{
    char *text = NULL;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    return text;
}

/* ---------------------------------------------------------------------------- null, ringbuf -- */

static void test_null_takes_everything(void)
{
    Chardev *chr = chardev_make("null,id=n");
    User user;

    user_init(&user, chr, 10);
    g_assert_cmpuint(user.opened, ==, 1);
    g_assert_cmpuint(chardev_write(chr, "abc", 3), ==, 3);
    g_assert_true(chardev_find("n") == chr);
    g_assert_cmpint(chardev_take_fd(chr), ==, -1);
    user_end(&user, chr);
    chardev_free(chr);
    g_assert_null(chardev_find("n"));
}

static void test_ringbuf_keeps_the_last(void)
{
    Chardev *chr = chardev_make("ringbuf,id=r,size=8");
    char buf[16] = "";

    g_assert_cmpuint(chardev_write(chr, "0123456789", 10), ==, 10);
    g_assert_cmpuint(chardev_ringbuf_read(chr, buf, 3), ==, 3);
    g_assert_cmpmem(buf, 3, "234", 3);
    g_assert_cmpuint(chardev_ringbuf_read(chr, buf, sizeof(buf)), ==, 5);
    g_assert_cmpmem(buf, 5, "56789", 5);
    g_assert_cmpuint(chardev_ringbuf_read(chr, buf, sizeof(buf)), ==, 0);
    chardev_write(chr, "x", 1);
    g_assert_cmpuint(chardev_ringbuf_read(chr, buf, sizeof(buf)), ==, 1);
    chardev_free(chr);
}

/* ------------------------------------------------------------------------------- file, pipe -- */

static void test_file(void)
{
    g_autofree char *path = path_of("log");
    Chardev *chr = chardev_makef("file,id=f,path=%s", path);
    g_autofree char *first = NULL;
    g_autofree char *second = NULL;

    chardev_write(chr, "one\n", 4);
    chardev_free(chr);
    first = contents(path);
    g_assert_cmpstr(first, ==, "one\n");

    chr = chardev_makef("file,id=f,path=%s,append=on", path);
    chardev_write(chr, "two\n", 4);
    chardev_free(chr);
    second = contents(path);
    g_assert_cmpstr(second, ==, "one\ntwo\n");

    chr = chardev_makef("file,id=f,path=%s", path);
    chardev_free(chr);
    g_clear_pointer(&second, g_free);
    second = contents(path);
    g_assert_cmpstr(second, ==, "");
}

static void test_bad_option_leaves_the_file_alone(void)
{
    g_autofree char *path = path_of("precious");
    g_autofree char *text = g_strdup_printf("file,id=f,path=%s,apend=on", path);
    g_autoptr(Opts) opts = opts_parse(text, "backend", NULL);
    g_autoptr(GError) err = NULL;
    g_autofree char *kept = NULL;

    g_assert_true(g_file_set_contents(path, "kept", -1, NULL));
    g_assert_null(chardev_new(opts, &err));
    g_assert_cmpstr(err->message, ==, "Invalid parameter 'apend'");
    kept = contents(path);
    g_assert_cmpstr(kept, ==, "kept");
}

static void test_pipe_pair(void)
{
    g_autofree char *path = path_of("pair");
    g_autofree char *in_path = path_of("pair.in");
    g_autofree char *out_path = path_of("pair.out");
    char buf[8];
    Chardev *chr;
    User user;
    int in, out;

    g_assert_cmpint(mkfifo(in_path, 0600), ==, 0);
    g_assert_cmpint(mkfifo(out_path, 0600), ==, 0);
    chr = chardev_makef("pipe,id=p,path=%s", path);
    user_init(&user, chr, 100);
    in = open(in_path, O_WRONLY);
    out = open(out_path, O_RDONLY);

    g_assert_cmpint(write(in, "hello", 5), ==, 5);
    WAIT(user.got->len == 5);
    g_assert_cmpstr(user.got->str, ==, "hello");
    g_assert_cmpuint(chardev_write(chr, "reply", 5), ==, 5);
    g_assert_cmpint(read(out, buf, sizeof(buf)), ==, 5);

    /* A writer that goes and another that comes are no end of file. */
    close(in);
    settle();
    in = open(in_path, O_WRONLY);
    g_assert_cmpint(write(in, "again", 5), ==, 5);
    WAIT(user.got->len == 10);
    g_assert_cmpuint(user.closed, ==, 0);
    user_end(&user, chr);
    chardev_free(chr);
    close(in);
    close(out);
}

static void test_pipe_single(void)
{
    g_autofree char *path = path_of("single");
    Chardev *chr;
    User user;
    int in;

    g_assert_cmpint(mkfifo(path, 0600), ==, 0);
    chr = chardev_makef("pipe,id=p,path=%s", path);
    user_init(&user, chr, 100);
    in = open(path, O_WRONLY);
    g_assert_cmpint(write(in, "hi", 2), ==, 2);
    WAIT(user.got->len == 2);
    user_end(&user, chr);
    chardev_free(chr);
    close(in);
}

static void *read_to_end(void *opaque)
{
    int fd = GPOINTER_TO_INT(opaque);
    GString *all = g_string_new(NULL);
    char buf[4096];
    ssize_t n;

    while ((n = read(fd, buf, sizeof(buf))) > 0) {
        g_string_append_len(all, buf, n);
    }
    return all;
}

/* More than a pipe holds is pending: the end waits for a reader that is there. */
static void test_close_flushes(void)
{
    g_autofree char *path = path_of("flush");
    g_autofree char *data = g_malloc(100000);
    Chardev *chr;
    GThread *thread;
    GString *all;
    int out;

    g_assert_cmpint(mkfifo(path, 0600), ==, 0);
    chr = chardev_makef("pipe,id=p,path=%s", path);
    out = open(path, O_RDONLY);
    memset(data, 'z', 100000);
    g_assert_cmpuint(chardev_write(chr, data, 100000), ==, 100000);
    thread = g_thread_new("reader", read_to_end, GINT_TO_POINTER(out));
    chardev_free(chr);
    all = g_thread_join(thread);
    g_assert_cmpuint(all->len, ==, 100000);
    g_string_free(all, TRUE);
    close(out);
}

/* -------------------------------------------------------------------------------- pty, stdio -- */

static void test_pty(void)
{
    Chardev *chr = chardev_make("pty,id=t");
    const char *name = chardev_filename(chr) + strlen("pty:");
    char buf[16];
    User user;
    int fd;

    g_assert_true(g_str_has_prefix(chardev_filename(chr), "pty:/dev/"));
    user_init(&user, chr, 100);
    g_assert_cmpuint(user.opened, ==, 0);
    g_assert_cmpuint(chardev_write(chr, "lost", 4), ==, 0);

    fd = open(name, O_RDWR | O_NOCTTY);
    WAIT(user.opened == 1);
    g_assert_cmpint(write(fd, "in\r", 3), ==, 3);
    WAIT(user.got->len == 3);
    g_assert_cmpstr(user.got->str, ==, "in\r"); /* raw: no newline from it */
    g_assert_cmpuint(chardev_write(chr, "out\n", 4), ==, 4);
    g_assert_cmpint(read(fd, buf, sizeof(buf)), ==, 4);
    g_assert_cmpmem(buf, 4, "out\n", 4);

    close(fd);
    WAIT(user.closed == 1);
    fd = open(name, O_RDWR | O_NOCTTY);
    WAIT(user.opened == 2);
    g_assert_cmpint(write(fd, "2", 1), ==, 1);
    WAIT(user.got->len == 4);

    /* It goes while no input is taken: that is seen too, and its last word kept. */
    user.room = 0;
    g_assert_cmpint(write(fd, "3", 1), ==, 1);
    settle();
    close(fd);
    WAIT(user.closed == 2);
    user_take(&user, chr, 10);
    g_assert_cmpstr(user.got->str, ==, "in\r23");
    user_end(&user, chr);
    chardev_free(chr);
}

/* In a child whose standard input and output are pipes: echo until the input ends. */
static void G_GNUC_NORETURN echo_child(int in, int out)
{
    Chardev *chr;
    User user;
    g_autoptr(GError) err = NULL;
    bool mon;

    dup2(in, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    chr = chardev_make("stdio,id=s");
    g_assert_null(chardev_new_compat("s2", "stdio", &mon, &err));
    g_assert_cmpstr(err->message, ==, "cannot use stdio by multiple character devices");
    user_init(&user, chr, 1000);
    WAIT(user.closed == 1);
    chardev_accept_input(chr); /* the end of input does not come twice */
    settle();
    g_assert_cmpuint(user.closed, ==, 1);
    chardev_write(chr, user.got->str, user.got->len);
    chardev_close_all();
    _exit(0);
}

static void test_stdio(void)
{
    int to[2], from[2], status;
    char buf[16];
    pid_t pid;

    g_assert_cmpint(pipe(to), ==, 0);
    g_assert_cmpint(pipe(from), ==, 0);
    pid = fork();
    if (pid == 0) {
        close(to[1]);
        close(from[0]);
        echo_child(to[0], from[1]);
    }
    close(to[0]);
    g_assert_cmpint(write(to[1], "hello", 5), ==, 5);
    close(to[1]);
    g_assert_cmpint(read(from[0], buf, sizeof(buf)), ==, 5);
    g_assert_cmpmem(buf, 5, "hello", 5);
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    g_assert_cmpint(status, ==, 0);
    /* The descriptor is shared with us: it blocks again, as the child found it. */
    g_assert_cmpint(fcntl(from[1], F_GETFL) & O_NONBLOCK, ==, 0);
    close(from[0]);
    close(from[1]);
}

/* ------------------------------------------------------------------------------------ options --
 */

static void test_option_errors(void)
{
    g_autofree char *no_such = path_of("no/such");
    const struct {
        const char *text, *message;
    } rows[] = {
        {"id=a", "Parameter 'backend' is missing"},
        {"null", "Parameter 'id' is missing"},
        {"null,id=1a", "Parameter 'id' expects an identifier: letters, digits, '-', '.', '_',"
                       " starting with a letter"},
        {"bad,id=a", "'bad' is not a valid char driver name: -chardev help lists them"},
        {"null,id=taken", "Duplicate ID 'taken' for chardev"},
        {"null,id=a,zz=1", "Invalid parameter 'zz'"},
        {"null,id=a,mux=x", "Parameter 'mux' expects 'on' or 'off'"},
        {"file,id=a", "chardev: file: no filename given"},
        {"pipe,id=a,path=", "chardev: pipe: no filename given"},
        {"ringbuf,id=a,size=3", "size of ringbuf chardev must be a power of two up to 16M"},
        {"ringbuf,id=a,size=0", "size of ringbuf chardev must be a power of two up to 16M"},
        {"ringbuf,id=a,size=32M", "size of ringbuf chardev must be a power of two up to 16M"},
        {"socket,id=a", "chardev: socket: either path or port (with host) must be given"},
        {"socket,id=a,path=x,wait=on",
         "'wait' option is incompatible with socket in client connect mode"},
    };
    Chardev *taken = chardev_make("null,id=taken");

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(Opts) opts = opts_parse(rows[i].text, "backend", NULL);
        g_autoptr(GError) err = NULL;

        g_assert_null(chardev_new(opts, &err));
        g_assert_cmpstr(err->message, ==, rows[i].message);
        g_assert_null(chardev_find("a"));
    }
    chardev_free(taken);
}

static void test_short_forms(void)
{
    g_autofree char *path = path_of("short");
    g_autofree char *file = g_strdup_printf("file:%s", path);
    g_autofree char *unix_text = g_strdup_printf("unix:%s.sock,server,nowait", path);
    const struct {
        const char *text;
        bool mon;
        const char *prefix; /* of the filename; NULL: there is no chardev */
    } rows[] = {
        {"null", false, "null"},
        {"none", false, NULL},
        {file, false, "file"},
        {"pty", false, "pty:/dev/"},
        {"mon:null", true, "mux:null"},
        {"mon:pty", true, "mux:pty:/dev/"},
        {unix_text, false, "unix:/"},
        {"tcp:127.0.0.1:0,server=on,wait=off", false, "tcp:127.0.0.1:"},
        {"chardev:named", false, "null"},
    };
    Chardev *named = chardev_make("null,id=named");

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) err = NULL;
        bool mon = !rows[i].mon;
        Chardev *chr = chardev_new_compat("c", rows[i].text, &mon, &err);

        g_assert_no_error(err);
        g_assert_cmpint(mon, ==, rows[i].mon);
        g_assert_cmpint(chr != NULL, ==, rows[i].prefix != NULL);
        if (chr) {
            g_assert_true(g_str_has_prefix(chardev_filename(chr), rows[i].prefix));
        }
        if (chr != named) {
            chardev_free(chr);
            chardev_free(chardev_find("c-base")); /* of a mux */
        }
    }
    chardev_free(named);
}

static void test_short_form_errors(void)
{
    const struct {
        const char *text, *part;
    } rows[] = {
        {"bad", "could not connect to 'bad': use stdio"},
        {"", "could not connect to ''"},
        {"mon:", "could not connect to ''"},
        {"mon:none", "could not connect to 'none'"},
        {"file:", "no filename given"},
        {"file:/no/such/folder/f", "Unable to open file '/no/such/folder/f': No such file"},
        {"pipe:/no/such/pipe", "Unable to open pipe '/no/such/pipe': No such file"},
        {"unix:", "an address is missing"},
        {"unix:/no/such/socket", "Failed to connect to '/no/such/socket': No such file"},
        {"unix:/no/such/socket,server=on", "Failed to bind socket to '/no/such/socket'"},
        {"unix:/x,serve=on", "Invalid parameter 'serve'"},
        {"tcp:foo", "'foo' is not HOST:PORT"},
        {"tcp:127.0.0.1:99999", "127.0.0.1:99999"},
        {"chardev:nobody", "chardev 'nobody' not found"},
    };
    g_autofree char *name = g_strnfill(200, 'n');
    g_autofree char *too_long = g_strconcat("unix:/", name, NULL);
    g_autoptr(GError) err = NULL;
    bool mon;

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_assert_null(chardev_new_compat("c", rows[i].text, &mon, &err));
        g_assert_nonnull(err);
        g_assert_nonnull(strstr(err->message, rows[i].part));
        g_assert_null(strchr(err->message, '\n'));
        g_clear_error(&err);
    }
    g_assert_null(chardev_new_compat("c", too_long, &mon, &err));
    g_assert_nonnull(strstr(err->message, "is too long: at most 107 characters"));
}

static void test_info_and_help(void)
{
    g_autofree char *path = path_of("info");
    Chardev *a = chardev_make("null,id=a");
    Chardev *b = chardev_makef("socket,id=b,path=%s,server=on,wait=off", path);
    g_autoptr(GString) out = g_string_new(NULL);
    g_autofree char *wanted =
        g_strdup_printf("a: filename=null\nb: filename=disconnected:unix:%s,server=on\n", path);

    chardev_print_info(out);
    g_assert_cmpstr(out->str, ==, wanted);
    g_string_truncate(out, 0);
    chardev_print_help(out);
    g_assert_nonnull(strstr(out->str, "ringbuf"));
    chardev_free(a);
    chardev_free(b);
}

static void test_one_user(void)
{
    Chardev *chr = chardev_make("null,id=n");
    g_autoptr(GError) err = NULL;
    User user;

    user_init(&user, chr, 1);
    g_assert_false(chardev_attach(chr, &user_handlers, NULL, &err));
    g_assert_cmpstr(err->message, ==, "chardev 'n' is already in use");
    user_end(&user, chr);
    user_init(&user, chr, 1);
    user_end(&user, chr);
    chardev_free(chr);
}

/* ------------------------------------------------------------------------------------- mux -- */

static bool terminated;

static void terminate(void)
{
    terminated = true;
}

/* A mux over a pipe pair; `in` and `out` are the person's side. */
typedef struct MuxRig {
    Chardev *chr;
    int in, out;
} MuxRig;

static void mux_begin(MuxRig *rig)
{
    g_autofree char *path = path_of("mux");
    g_autofree char *in_path = path_of("mux.in");
    g_autofree char *out_path = path_of("mux.out");

    g_assert_cmpint(mkfifo(in_path, 0600), ==, 0);
    g_assert_cmpint(mkfifo(out_path, 0600), ==, 0);
    rig->chr = chardev_makef("pipe,id=m,path=%s,mux=on", path);
    rig->in = open(in_path, O_WRONLY);
    rig->out = open(out_path, O_RDONLY | O_NONBLOCK);
    g_unlink(in_path);
    g_unlink(out_path);
}

static void mux_end(MuxRig *rig)
{
    chardev_free(rig->chr);
    chardev_free(chardev_find("m-base"));
    close(rig->in);
    close(rig->out);
}

static void type_in(MuxRig *rig, const char *text)
{
    g_assert_cmpint(write(rig->in, text, strlen(text)), ==, strlen(text));
}

static void test_mux_focus(void)
{
    MuxRig rig;
    User a, b;

    mux_begin(&rig);
    user_init(&a, rig.chr, 100);
    user_init(&b, rig.chr, 100);
    g_assert_cmpuint(a.in, ==, 1); /* the first to come has the focus */
    g_assert_cmpuint(b.in, ==, 0);
    g_assert_cmpuint(b.out, ==, 1);
    g_assert_cmpuint(a.opened + b.opened, ==, 2);

    type_in(&rig, "one\001ctwo\001cthree");
    WAIT(a.got->len + b.got->len == 11);
    g_assert_cmpstr(a.got->str, ==, "onethree");
    g_assert_cmpstr(b.got->str, ==, "two");
    g_assert_cmpuint(a.out, ==, 1);
    g_assert_cmpuint(a.in, ==, 2);

    user_end(&a, rig.chr); /* the focus goes to who is left */
    type_in(&rig, "x");
    WAIT(b.got->len == 4);
    user_end(&b, rig.chr);
    mux_end(&rig);
}

static void test_mux_commands(void)
{
    MuxRig rig;
    char buf[1024] = "";
    User a, b;

    mux_begin(&rig);
    user_init(&a, rig.chr, 100);
    user_init(&b, rig.chr, 100);
    terminated = false;
    chardev_set_terminate(terminate);

    type_in(&rig, "\001\001\001b\001z.");
    WAIT(a.got->len == 2);
    g_assert_cmpmem(a.got->str, 2, "\001.", 2); /* Ctrl-A itself; an unknown key is dropped */
    g_assert_cmpuint(a.breaks, ==, 1);
    g_assert_cmpuint(b.breaks, ==, 0);

    type_in(&rig, "\001h.");
    WAIT(a.got->len == 3);
    g_assert_cmpint(read(rig.out, buf, sizeof(buf) - 1), >, 0);
    g_assert_nonnull(strstr(buf, "C-a x"));

    g_assert_false(terminated);
    type_in(&rig, "\001x");
    WAIT(terminated);
    chardev_set_terminate(NULL);
    user_end(&a, rig.chr);
    user_end(&b, rig.chr);
    mux_end(&rig);
}

/* A user that takes no input keeps neither the keys of the mux nor the other user from working. */
static void test_mux_slow_user(void)
{
    g_autofree char *text = g_strnfill(3000, 's');
    MuxRig rig;
    User a, b;

    mux_begin(&rig);
    user_init(&a, rig.chr, 0);
    user_init(&b, rig.chr, 100);
    type_in(&rig, text);
    type_in(&rig, "\001cb");
    WAIT(b.got->len == 1);
    g_assert_cmpuint(a.got->len, ==, 0);
    user_take(&a, rig.chr, 1000); /* what was typed for him is his, though the focus went on */
    g_assert_cmpuint(a.got->len, ==, 1000);
    user_take(&a, rig.chr, 5000);
    g_assert_cmpstr(a.got->str, ==, text);
    user_end(&a, rig.chr);
    user_end(&b, rig.chr);
    mux_end(&rig);
}

static void test_mux_users_are_limited(void)
{
    Chardev *chr = chardev_make("null,id=m,mux=on");
    g_autoptr(GError) err = NULL;
    User users[4];

    for (int i = 0; i < 4; i++) {
        user_init(&users[i], chr, 1);
    }
    g_assert_false(chardev_attach(chr, &user_handlers, &err, &err));
    g_assert_cmpstr(err->message, ==, "chardev 'm' is already in use");
    for (int i = 0; i < 4; i++) {
        user_end(&users[i], chr);
    }
    chardev_close_all();
    g_assert_null(chardev_find("m"));
}

/* Output that found no room is lost; what comes after it, once there is room, is not. */
static void test_mux_output_recovers(void)
{
    g_autofree char *data = g_malloc0(400000);
    MuxRig rig;
    char last = 0;
    User a;
    char c;

    mux_begin(&rig);
    user_init(&a, rig.chr, 1);
    chardev_write(rig.chr, data, 400000);
    for (;;) {
        ssize_t n = read(rig.out, data, 400000);

        settle();
        if (n < 0 && errno == EAGAIN) {
            break;
        }
    }
    chardev_write(rig.chr, "!", 1);
    settle();
    while (read(rig.out, &c, 1) == 1) {
        last = c;
    }
    g_assert_cmpint(last, ==, '!');
    user_end(&a, rig.chr);
    mux_end(&rig);
}

int main(int argc, char **argv)
{
    int status;

    g_test_init(&argc, &argv, NULL);
    folder = g_dir_make_tmp("lignite-chardev-XXXXXX", NULL);
    g_test_add_func("/char/null", test_null_takes_everything);
    g_test_add_func("/char/ringbuf", test_ringbuf_keeps_the_last);
    g_test_add_func("/char/file", test_file);
    g_test_add_func("/char/file/bad-option-leaves-it-alone", test_bad_option_leaves_the_file_alone);
    g_test_add_func("/char/pipe/pair", test_pipe_pair);
    g_test_add_func("/char/pipe/single", test_pipe_single);
    g_test_add_func("/char/pipe/close-flushes", test_close_flushes);
    g_test_add_func("/char/pty", test_pty);
    g_test_add_func("/char/stdio", test_stdio);
    g_test_add_func("/char/option-errors", test_option_errors);
    g_test_add_func("/char/short-forms", test_short_forms);
    g_test_add_func("/char/short-form-errors", test_short_form_errors);
    g_test_add_func("/char/info-and-help", test_info_and_help);
    g_test_add_func("/char/one-user", test_one_user);
    g_test_add_func("/char/mux/focus", test_mux_focus);
    g_test_add_func("/char/mux/commands", test_mux_commands);
    g_test_add_func("/char/mux/slow-user", test_mux_slow_user);
    g_test_add_func("/char/mux/users-are-limited", test_mux_users_are_limited);
    g_test_add_func("/char/mux/output-recovers", test_mux_output_recovers);
    status = g_test_run();
    chardev_close_all();

    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;
    while ((name = g_dir_read_name(dir))) {
        g_autofree char *path = path_of(name);
        g_unlink(path);
    }
    g_rmdir(folder);
    g_free(folder);
    return status;
}
