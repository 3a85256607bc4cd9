/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Socket chardevs: servers and clients, peers that go, come back, stall, flood, or send file
 * descriptors.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "user.h"

static char *path; /* of the socket */

static int peer_connect(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
    g_assert_cmpint(connect(fd, (struct sockaddr *)&address, sizeof(address)), ==, 0);
    return fd;
}

static void peer_send(int fd, const char *text)
{
    g_assert_cmpint(send(fd, text, strlen(text), 0), ==, strlen(text));
}

/* Wait for that many bytes. */
static void peer_expect(int fd, const char *text)
{
    g_autofree char *buf = g_malloc0(strlen(text) + 1);

    g_assert_cmpint(recv(fd, buf, strlen(text), MSG_WAITALL), ==, strlen(text));
    g_assert_cmpstr(buf, ==, text);
}

static Chardev *make_server(void)
{
    return chardev_makef("socket,id=s,path=%s,server=on,wait=off", path);
}

/* ------------------------------------------------------------------------------ connections -- */

static void test_server(void)
{
    Chardev *chr = make_server();
    User user;
    int fd;

    user_init(&user, chr, 100);
    g_assert_cmpuint(user.opened, ==, 0);
    g_assert_cmpuint(chardev_write(chr, "nobody", 6), ==, 0);
    fd = peer_connect();
    WAIT(user.opened == 1);
    peer_send(fd, "in");
    WAIT(user.got->len == 2);
    g_assert_cmpuint(chardev_write(chr, "out", 3), ==, 3);
    peer_expect(fd, "out");

    close(fd);
    WAIT(user.closed == 1);
    g_assert_cmpuint(chardev_write(chr, "nobody", 6), ==, 0);
    fd = peer_connect();
    WAIT(user.opened == 2);
    peer_send(fd, "!");
    WAIT(user.got->len == 3);
    g_assert_cmpstr(user.got->str, ==, "in!");
    user_end(&user, chr);
    chardev_free(chr);
    g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
    close(fd);
}

/* A second peer waits until the first has gone. */
static void test_one_peer_at_a_time(void)
{
    Chardev *chr = make_server();
    User user;
    int first, second;

    user_init(&user, chr, 100);
    first = peer_connect();
    WAIT(user.opened == 1);
    second = peer_connect();
    peer_send(second, "second");
    settle();
    g_assert_cmpuint(user.got->len, ==, 0);
    peer_send(first, "first");
    close(first);
    WAIT(user.got->len == 11);
    g_assert_cmpstr(user.got->str, ==, "firstsecond");
    g_assert_cmpuint(user.opened, ==, 2);
    user_end(&user, chr);
    chardev_free(chr);
    close(second);
}

static void *connect_later(void *opaque)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
    while (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        g_usleep(1000);
    }
    return GINT_TO_POINTER(fd);
}

static char *notice;

static void note_waiting(const char *filename)
{
    notice = g_strdup(filename);
}

static void test_server_waits(void)
{
    GThread *thread = g_thread_new("peer", connect_later, NULL);
    g_autofree char *wanted = g_strdup_printf("unix:%s,server=on", path);
    Chardev *chr;
    User user;
    int fd;

    chardev_set_wait_notice(note_waiting);
    chr = chardev_makef("socket,id=s,path=%s,server=on", path);
    chardev_set_wait_notice(NULL);
    g_assert_cmpstr(notice, ==, wanted);
    g_clear_pointer(&notice, g_free);
    fd = GPOINTER_TO_INT(g_thread_join(thread));
    user_init(&user, chr, 100);
    g_assert_cmpuint(user.opened, ==, 1);
    chardev_write(chr, "hello", 5);
    peer_expect(fd, "hello");
    user_end(&user, chr);
    chardev_free(chr);
    close(fd);
}

static void test_client(void)
{
    Chardev *server = make_server();
    Chardev *client = chardev_makef("socket,id=c,path=%s", path);
    User at_server, at_client;

    user_init(&at_server, server, 100);
    user_init(&at_client, client, 100);
    WAIT(at_server.opened == 1);
    g_assert_cmpuint(at_client.opened, ==, 1);
    chardev_write(client, "ping", 4);
    WAIT(at_server.got->len == 4);
    chardev_write(server, "pong", 4);
    WAIT(at_client.got->len == 4);

    /* The peer goes: no SIGPIPE, nothing is taken any more. */
    chardev_detach(server, &at_server);
    chardev_free(server);
    chardev_write(client, "x", 1);
    chardev_write(client, "x", 1);
    WAIT(at_client.closed == 1);
    g_assert_cmpuint(chardev_write(client, "x", 1), ==, 0);
    chardev_accept_input(client);
    settle();
    g_assert_cmpuint(at_client.closed, ==, 1);
    user_end(&at_client, client);
    chardev_free(client);
    g_string_free(at_server.got, TRUE);
}

static void test_tcp(void)
{
    Chardev *server = chardev_make("socket,id=s,host=127.0.0.1,port=0,server=on,wait=off");
    const char *port = strrchr(chardev_filename(server), ':') + 1;
    g_autofree char *text = g_strdup_printf("tcp:127.0.0.1:%u", (unsigned)strtoul(port, NULL, 10));
    g_autoptr(GError) err = NULL;
    bool mon;
    Chardev *client;
    User at_server, at_client;

    g_assert_true(g_str_has_suffix(port, ",server=on"));
    user_init(&at_server, server, 100);
    client = chardev_new_compat("c", text, &mon, &err);
    g_assert_no_error(err);
    user_init(&at_client, client, 100);
    WAIT(at_server.opened == 1);
    chardev_write(client, "ping", 4);
    WAIT(at_server.got->len == 4);
    chardev_write(server, "pong", 4);
    WAIT(at_client.got->len == 4);
    user_end(&at_client, client);
    chardev_free(client);
    WAIT(at_server.closed == 1);
    user_end(&at_server, server);
    chardev_free(server);
}

static void test_stale_socket_is_replaced(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
    g_assert_cmpint(bind(fd, (struct sockaddr *)&address, sizeof(address)), ==, 0);
    close(fd);
    chardev_free(make_server());
}

static void expect_no_server(void)
{
    g_autofree char *text = g_strdup_printf("socket,id=t,path=%s,server=on,wait=off", path);
    g_autoptr(Opts) opts = opts_parse(text, "backend", NULL);
    g_autofree char *wanted =
        g_strdup_printf("Failed to bind socket to '%s': Address already in use", path);
    g_autoptr(GError) err = NULL;

    g_assert_null(chardev_new(opts, &err));
    g_assert_cmpstr(err->message, ==, wanted);
}

static void test_other_files_are_left_alone(void)
{
    Chardev *chr = make_server();

    expect_no_server(); /* somebody listens there */
    chardev_free(chr);

    g_assert_true(g_file_set_contents(path, "text", -1, NULL));
    expect_no_server();
    g_assert_true(g_file_test(path, G_FILE_TEST_IS_REGULAR));
    g_unlink(path);
}

/* ---------------------------------------------------------------------- peers that misbehave -- */

/* A debug port has no `receive`: a chatty peer is not stuck, and its going is seen. */
static void test_output_only_user(void)
{
    static const ChardevHandlers handlers = {.event = user_event};
    Chardev *chr = make_server();
    User user = {};
    int fd = peer_connect();

    g_assert_true(chardev_attach(chr, &handlers, &user, NULL));
    WAIT(user.opened == 1);
    peer_send(fd, "nobody reads this");
    close(fd);
    WAIT(user.closed == 1);
    fd = peer_connect();
    WAIT(user.opened == 2);
    chardev_write(chr, "log", 3);
    peer_expect(fd, "log");
    chardev_detach(chr, &user);
    chardev_free(chr);
    close(fd);
}

/* The guest reads nothing: peers may go and come, and what they said is there when it does. */
static void test_peer_goes_while_input_is_held(void)
{
    Chardev *chr = make_server();
    User user;
    int fd;

    user_init(&user, chr, 0);
    fd = peer_connect();
    WAIT(user.opened == 1);
    peer_send(fd, "last words");
    close(fd);
    WAIT(user.closed == 1);
    fd = peer_connect();
    WAIT(user.opened == 2);
    peer_send(fd, ", new words");
    settle();
    g_assert_cmpuint(user.got->len, ==, 0);

    user_take(&user, chr, 4);
    g_assert_cmpstr(user.got->str, ==, "last");
    user_take(&user, chr, 1000);
    WAIT(user.got->len == 21);
    g_assert_cmpstr(user.got->str, ==, "last words, new words");
    user_end(&user, chr);
    chardev_free(chr);
    close(fd);
}

/* The order of bytes is kept, the buffer is bounded, and it works again once the peer reads. */
static void test_slow_peer(void)
{
    enum { TOTAL = 1 << 20, PIECE = 1000 };
    Chardev *chr = make_server();
    g_autofree uint32_t *numbers = g_new(uint32_t, PIECE);
    g_autoptr(GByteArray) seen = g_byte_array_new();
    size_t taken = 0;
    uint32_t next = 0;
    int small = 4096;
    User user;
    int fd;

    user_init(&user, chr, 1);
    fd = peer_connect();
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
    WAIT(user.opened == 1);
    for (size_t sent = 0; sent < TOTAL; sent += PIECE * sizeof(uint32_t)) {
        size_t n;

        for (int i = 0; i < PIECE; i++) {
            numbers[i] = next++;
        }
        n = chardev_write(chr, numbers, PIECE * sizeof(uint32_t));
        taken += n;
        if (n < PIECE * sizeof(uint32_t)) {
            break; /* full */
        }
    }
    g_assert_cmpuint(taken, <, TOTAL);
    g_assert_cmpuint(taken, >=, 65536);
    g_assert_cmpuint(chardev_write(chr, "more", 4), ==, 0);

    fcntl(fd, F_SETFL, O_NONBLOCK);
    while (seen->len < taken) {
        uint8_t buf[4096];
        ssize_t n = read(fd, buf, sizeof(buf));

        if (n > 0) {
            g_byte_array_append(seen, buf, n);
        }
        g_main_context_iteration(NULL, FALSE);
    }
    g_assert_cmpuint(seen->len, ==, taken);
    for (uint32_t i = 0; i < taken / 4; i++) {
        g_assert_cmpuint(((uint32_t *)seen->data)[i], ==, i);
    }
    fcntl(fd, F_SETFL, 0);
    g_assert_cmpuint(chardev_write(chr, "more", 4), ==, 4);
    peer_expect(fd, "more");
    user_end(&user, chr);
    chardev_free(chr);
    close(fd);
}

/* A peer that stalls with output pending, then goes: the next one does not get the rest. */
static void test_pending_output_goes_with_its_peer(void)
{
    g_autofree char *data = g_strnfill(1 << 20, 'o');
    Chardev *chr = make_server();
    User user;
    int fd;

    user_init(&user, chr, 1);
    fd = peer_connect();
    WAIT(user.opened == 1);
    chardev_write(chr, data, 1 << 20);
    close(fd);
    WAIT(user.closed == 1);
    fd = peer_connect();
    WAIT(user.opened == 2);
    chardev_write(chr, "new", 3);
    peer_expect(fd, "new");
    user_end(&user, chr);
    chardev_free(chr);
    close(fd);
}

/* A flood is held back by the socket, not kept by us, and arrives whole. */
static void test_flood(void)
{
    enum { TOTAL = 1 << 20 };
    g_autofree char *data = g_malloc(TOTAL);
    Chardev *chr = make_server();
    size_t sent = 0;
    User user;
    int fd;

    for (int i = 0; i < TOTAL; i++) {
        data[i] = i * 7 + (i >> 8);
    }
    user_init(&user, chr, 0);
    fd = peer_connect();
    fcntl(fd, F_SETFL, O_NONBLOCK);
    WAIT(user.opened == 1);
    for (;;) {
        ssize_t n = write(fd, data + sent, TOTAL - sent);

        if (n < 0) {
            break;
        }
        sent += n;
    }
    g_assert_cmpuint(sent, <, TOTAL);
    settle();
    g_assert_cmpuint(user.got->len, ==, 0);
    while (user.got->len < TOTAL) {
        ssize_t n = write(fd, data + sent, TOTAL - sent);

        sent += MAX(n, 0);
        user_take(&user, chr, 1000);
        settle();
    }
    g_assert_cmpmem(user.got->str, user.got->len, data, TOTAL);
    user_end(&user, chr);
    chardev_free(chr);
    close(fd);
}

/* ------------------------------------------------------------------------- file descriptors -- */

static unsigned open_fds(void)
{
    g_autoptr(GDir) dir = g_dir_open("/proc/self/fd", 0, NULL);
    unsigned n = 0;

    while (g_dir_read_name(dir)) {
        n++;
    }
    return n;
}

/* Send one byte with `n` descriptors. */
static void send_fds(int fd, const int *fds, size_t n)
{
    char control[CMSG_SPACE(sizeof(int) * 32)] = {};
    char byte = 'f';
    struct iovec iov = {&byte, 1};
    struct msghdr msg = {.msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = control,
                         .msg_controllen = CMSG_SPACE(sizeof(int) * n)};
    struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int) * n);
    memcpy(CMSG_DATA(c), fds, sizeof(int) * n);
    g_assert_cmpint(sendmsg(fd, &msg, 0), ==, 1);
}

static void test_fds_arrive(void)
{
    Chardev *chr = make_server();
    int pipes[2], fd, got[2];
    User user;
    char c;

    user_init(&user, chr, 100);
    fd = peer_connect();
    WAIT(user.opened == 1);
    g_assert_cmpint(pipe(pipes), ==, 0);
    send_fds(fd, pipes, 2);
    WAIT(user.got->len == 1);
    got[0] = chardev_take_fd(chr);
    got[1] = chardev_take_fd(chr);
    g_assert_cmpint(chardev_take_fd(chr), ==, -1);
    g_assert_true(fcntl(got[0], F_GETFD) & FD_CLOEXEC);
    g_assert_cmpint(write(got[1], "p", 1), ==, 1);
    g_assert_cmpint(read(pipes[0], &c, 1), ==, 1);
    for (int i = 0; i < 2; i++) {
        close(got[i]);
        close(pipes[i]);
    }
    user_end(&user, chr);
    chardev_free(chr);
    close(fd);
}

static void test_fd_flood(void)
{
    Chardev *chr = make_server();
    unsigned before;
    int fds[32], fd;
    User user;

    user_init(&user, chr, SIZE_MAX);
    fd = peer_connect();
    WAIT(user.opened == 1);
    before = open_fds();
    for (int i = 0; i < 32; i++) {
        fds[i] = fd;
    }
    for (unsigned i = 0; i < 50; i++) {
        send_fds(fd, fds, i % 32 + 1); /* also more than one message may carry to us */
        WAIT(user.got->len == i + 1);
    }
    g_assert_cmpuint(open_fds(), <=, before + 16);
    close(fd);
    settle();
    while (user.closed == 0) {
        /* The descriptors on the way were this socket itself: dropping them is its end. */
        int one = chardev_take_fd(chr);

        if (one >= 0) {
            close(one);
        } else {
            g_main_context_iteration(NULL, TRUE);
        }
    }
    g_assert_cmpuint(open_fds(), <, before);
    user_end(&user, chr);
    chardev_free(chr);
}

/* No descriptor is left for the connection: it waits, we do not spin, and later it is taken. */
static void test_out_of_descriptors(void)
{
    g_autoptr(GArray) fillers = g_array_new(FALSE, FALSE, sizeof(int));
    Chardev *chr = make_server();
    struct rlimit limit, few;
    User user;
    int fd, filler;

    user_init(&user, chr, 100);
    fd = peer_connect();
    g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &limit), ==, 0);
    few = limit;
    few.rlim_cur = 64;
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &few), ==, 0);
    while ((filler = dup(fd)) >= 0) {
        g_array_append_val(fillers, filler);
    }
    settle(); /* comes to an end */
    g_assert_cmpuint(user.opened, ==, 0);
    for (unsigned i = 0; i < fillers->len; i++) {
        close(g_array_index(fillers, int, i));
    }
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &limit), ==, 0);
    WAIT(user.opened == 1);
    user_end(&user, chr);
    chardev_free(chr);
    close(fd);
}

int main(int argc, char **argv)
{
    g_autofree char *folder = NULL;
    int status;

    g_test_init(&argc, &argv, NULL);
    folder = g_dir_make_tmp("lignite-socket-XXXXXX", NULL);
    path = g_build_filename(folder, "s", NULL);
    g_test_add_func("/socket/server", test_server);
    g_test_add_func("/socket/one-peer-at-a-time", test_one_peer_at_a_time);
    g_test_add_func("/socket/server-waits", test_server_waits);
    g_test_add_func("/socket/client", test_client);
    g_test_add_func("/socket/tcp", test_tcp);
    g_test_add_func("/socket/stale-socket-is-replaced", test_stale_socket_is_replaced);
    g_test_add_func("/socket/other-files-are-left-alone", test_other_files_are_left_alone);
    g_test_add_func("/socket/output-only-user", test_output_only_user);
    g_test_add_func("/socket/peer-goes-while-input-is-held", test_peer_goes_while_input_is_held);
    g_test_add_func("/socket/slow-peer", test_slow_peer);
    g_test_add_func("/socket/pending-output-goes-with-its-peer",
                    test_pending_output_goes_with_its_peer);
    g_test_add_func("/socket/flood", test_flood);
    g_test_add_func("/socket/fds-arrive", test_fds_arrive);
    g_test_add_func("/socket/fd-flood", test_fd_flood);
    g_test_add_func("/socket/out-of-descriptors", test_out_of_descriptors);
    status = g_test_run();
    chardev_close_all();
    g_unlink(path);
    g_rmdir(folder);
    g_free(path);
    return status;
}
