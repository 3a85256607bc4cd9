/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Networks through sockets: frames of a stream in pieces, too long, in floods; peers that are slow,
 * that go and come again; datagrams; multicast.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "backends/sockets.h"
#include "end.h"

#define LIMIT_S 30 /* a test that takes longer has failed */

static char *folder; /* of this test's files */

static char *path_of(const char *name)
{
    return g_build_filename(folder, name, NULL);
}

static void iterate(void)
{
    g_main_context_iteration(NULL, FALSE);
}

static void settle(void)
{
    for (int i = 0; i < 20; i++) {
        iterate();
    }
}

/* ------------------------------------------------------------------------- a stream by hand -- */

typedef struct Stream {
    End card;
    int fd; /* the other end, not blocking */
} Stream;

static void stream_init(Stream *s)
{
    int pair[2];

    alarm(LIMIT_S);
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
    g_unix_set_fd_nonblocking(pair[0], TRUE, NULL);
    s->fd = pair[0];
    makef("socket,id=n0,fd=%d", pair[1]);
    end_card(&s->card, "n0");
}

static void stream_end(Stream *s)
{
    end_free(&s->card);
    net_close_all();
    if (s->fd >= 0) {
        close(s->fd);
    }
    alarm(0);
}

/* A frame as it is on the stream. */
static void append_frame(GByteArray *bytes, size_t len, uint32_t number)
{
    uint32_t header = htonl(len);

    g_byte_array_append(bytes, (const uint8_t *)&header, 4);
    g_byte_array_set_size(bytes, bytes->len + len);
    end_fill(bytes->data + bytes->len - len, len, number);
}

static void test_stream_receives(void)
{
    static const size_t sizes[] = {1, 60, 1514, 9000, NET_FRAME_MAX};
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    size_t done = 0;
    Stream s;

    stream_init(&s);
    for (unsigned i = 0; i < G_N_ELEMENTS(sizes); i++) {
        append_frame(bytes, sizes[i], i);
    }
    while (done < bytes->len) {
        ssize_t n = write(s.fd, bytes->data + done, bytes->len - done);

        done += MAX(n, 0);
        iterate();
    }
    wait_frames(&s.card, G_N_ELEMENTS(sizes));
    for (unsigned i = 0; i < G_N_ELEMENTS(sizes); i++) {
        end_check(&s.card, i, sizes[i], i);
    }
    stream_end(&s);
}

/* Cut anywhere: each byte alone, and an empty frame in between, which is none. */
static void test_stream_in_pieces(void)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    Stream s;

    stream_init(&s);
    append_frame(bytes, 60, 1);
    g_byte_array_append(bytes, (const uint8_t *)"\0\0\0\0", 4);
    append_frame(bytes, 61, 2);
    for (unsigned i = 0; i < bytes->len; i++) {
        g_assert_cmpint(write(s.fd, bytes->data + i, 1), ==, 1);
        g_assert_cmpuint(s.card.frames->len, ==, i > 64 + 3 ? 1 : i > 63 ? 1 : 0);
        iterate();
    }
    settle();
    g_assert_cmpuint(s.card.frames->len, ==, 2);
    end_check(&s.card, 0, 60, 1);
    end_check(&s.card, 1, 61, 2);
    stream_end(&s);
}

/* Nobody may send more than a frame: what follows can't be trusted, so the peer is cut off. */
static void test_stream_too_long(void)
{
    static const uint32_t lengths[] = {NET_FRAME_MAX + 1, UINT32_MAX, 0x80000000};

    for (unsigned i = 0; i < G_N_ELEMENTS(lengths); i++) {
        uint32_t header = htonl(lengths[i]);
        char byte;
        Stream s;

        stream_init(&s);
        g_assert_cmpint(write(s.fd, &header, 4), ==, 4);
        settle();
        g_assert_cmpint(read(s.fd, &byte, 1), ==, 0);
        g_assert_true(end_send(&s.card, 60, 0)); /* to nobody */
        stream_end(&s);
    }
}

/* A card without room: the stream is not read on, and nothing is lost or out of order. */
static void test_stream_back_pressure(void)
{
    enum { FRAMES = 3000, LEN = 1000 };
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    size_t done = 0;
    ssize_t n;
    Stream s;

    stream_init(&s);
    for (unsigned i = 0; i < FRAMES; i++) {
        append_frame(bytes, LEN, i);
    }
    s.card.room = 0;
    do { /* until the sender has no room, either: the flood does not end up in our memory */
        n = write(s.fd, bytes->data + done, bytes->len - done);
        done += MAX(n, 0);
        settle();
    } while (n > 0);
    g_assert_cmpint(n, ==, -1);
    g_assert_cmpint(errno, ==, EAGAIN);
    g_assert_cmpuint(done, <, bytes->len);
    while (s.card.frames->len < FRAMES) {
        s.card.room = 10;
        net_client_receive_ready(s.card.nc);
        n = write(s.fd, bytes->data + done, bytes->len - done);
        done += MAX(n, 0);
        iterate();
    }
    for (unsigned i = 0; i < FRAMES; i++) {
        end_check(&s.card, i, LEN, i);
    }
    stream_end(&s);
}

static void read_frames(int fd, GByteArray *bytes)
{
    uint8_t buf[65536];
    ssize_t n;

    while ((n = read(fd, buf, sizeof(buf))) > 0) {
        g_byte_array_append(bytes, buf, n);
    }
}

/* A peer that does not read: the card is told to wait, and goes on when it reads again. */
static void test_stream_slow_peer(void)
{
    g_autoptr(GByteArray) got = g_byte_array_new();
    g_autoptr(GByteArray) expected = g_byte_array_new();
    unsigned sent = 0;
    Stream s;

    stream_init(&s);
    while (end_send(&s.card, 3000, sent)) {
        append_frame(expected, 3000, sent++);
        g_assert_cmpuint(sent, <, 10000);
    }
    append_frame(expected, 3000, sent++); /* that one is kept */
    settle();
    g_assert_cmpuint(s.card.send_ready, ==, 0);
    while (!s.card.send_ready) {
        read_frames(s.fd, got);
        iterate();
    }
    append_frame(expected, 60, sent);
    g_assert_true(end_send(&s.card, 60, sent));
    while (got->len < expected->len) {
        read_frames(s.fd, got);
        iterate();
    }
    g_assert_cmpmem(got->data, got->len, expected->data, expected->len);
    stream_end(&s);
}

/* A frame that went out in part is finished before the next, also if there is room at once. */
static void test_stream_finishes_a_frame(void)
{
    g_autoptr(GByteArray) got = g_byte_array_new();
    g_autoptr(GByteArray) expected = g_byte_array_new();
    Stream s;

    stream_init(&s);
    for (unsigned fit = 1; fit < 10; fit++) { /* one of these is the last that fits, in part */
        for (unsigned i = 0; i <= fit; i++) {
            if (i == fit) {
                read_frames(s.fd, got);
            }
            append_frame(expected, NET_FRAME_MAX, fit + i);
            end_send(&s.card, NET_FRAME_MAX, fit + i);
        }
        while (got->len < expected->len) {
            iterate();
            read_frames(s.fd, got);
        }
    }
    g_assert_cmpmem(got->data, got->len, expected->data, expected->len);
    stream_end(&s);
}

/* It has gone, and nobody knows yet. */
static void test_stream_peer_is_gone(void)
{
    Stream s;

    stream_init(&s);
    close(s.fd);
    s.fd = -1;
    g_assert_true(end_send(&s.card, 60, 0));
    g_assert_true(end_send(&s.card, 60, 0));
    stream_end(&s);
}

/* The peer goes while frames wait for it: no signal, and they are dropped. */
static void test_stream_peer_goes(void)
{
    Stream s;

    stream_init(&s);
    while (end_send(&s.card, 3000, 0)) {
    }
    close(s.fd);
    s.fd = -1;
    while (!s.card.send_ready) {
        g_main_context_iteration(NULL, TRUE);
    }
    g_assert_true(end_send(&s.card, 60, 0));
    stream_end(&s);
}

/* ------------------------------------------------------------------- two ends of our own -- */

typedef struct Two {
    End a, b;
} Two;

static void two_init(Two *two)
{
    end_card(&two->a, "a");
    end_card(&two->b, "b");
}

static void two_end(Two *two)
{
    end_free(&two->a);
    end_free(&two->b);
    net_close_all();
    alarm(0);
}

/* Until the cable works, whose ends may still be connecting; then both ways. */
static void two_check(Two *two, unsigned number)
{
    while (!two->b.frames->len) {
        end_send(&two->a, 60, number);
        iterate();
    }
    end_check(&two->b, 0, 60, number);
    while (!two->a.frames->len) {
        end_send(&two->b, 61, number);
        iterate();
    }
    end_check(&two->a, 0, 61, number);
    settle();
    g_ptr_array_set_size(two->a.frames, 0);
    g_ptr_array_set_size(two->b.frames, 0);
}

static char *info_port(const char *name)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_autofree char *start = g_strconcat(name, ": ", NULL);
    const char *line;

    net_print_info(text);
    line = strstr(text->str, start);
    g_assert_nonnull(line);
    line = strstr(line, "127.0.0.1:");
    g_assert_nonnull(line);
    return g_strdup_printf("%d", atoi(line + strlen("127.0.0.1:")));
}

static void test_socket_listen_connect(void)
{
    g_autofree char *port = NULL;
    Two two;

    alarm(LIMIT_S);
    make("socket,id=a,listen=127.0.0.1:0");
    port = info_port("a");
    makef("socket,id=b,connect=127.0.0.1:%s", port);
    two_init(&two);
    two_check(&two, 1);
    two_end(&two);
}

static void test_stream_unix(void)
{
    g_autofree char *path = path_of("s");
    Two two;

    alarm(LIMIT_S);
    makef("stream,id=a,server=on,addr.type=unix,addr.path=%s", path);
    makef("stream,id=b,addr.type=unix,addr.path=%s", path);
    two_init(&two);
    two_check(&two, 2);
    two_end(&two);
    g_assert_cmpint(access(path, F_OK), ==, -1); /* the server cleans up */
}

static void test_stream_inet(void)
{
    g_autofree char *port = NULL;
    Two two;

    alarm(LIMIT_S);
    make("stream,id=a,server=on,addr.type=inet,addr.host=127.0.0.1,addr.port=0");
    port = info_port("a");
    makef("stream,id=b,addr.type=inet,addr.host=127.0.0.1,addr.port=%s", port);
    two_init(&two);
    two_check(&two, 3);
    two_end(&two);
}

static GString *events;

static void on_connected(NetClient *nc, const SocketAddress *from)
{
    g_string_append_printf(events, "+%s ", net_client_name(nc));
}

static void on_disconnected(NetClient *nc)
{
    g_string_append_printf(events, "-%s ", net_client_name(nc));
}

static const NetMonitor monitor = {.stream_connected = on_connected,
                                   .stream_disconnected = on_disconnected};

/* A server takes the next peer; the monitor hears of all. */
static void test_server_takes_the_next(void)
{
    g_autofree char *path = path_of("s");
    Two two;

    alarm(LIMIT_S);
    events = g_string_new(NULL);
    net_set_monitor(&monitor);
    makef("stream,id=a,server=on,addr.type=unix,addr.path=%s", path);
    for (unsigned i = 0; i < 3; i++) {
        makef("stream,id=b,addr.type=unix,addr.path=%s", path);
        if (i == 0) {
            end_card(&two.a, "a");
        }
        end_card(&two.b, "b");
        two_check(&two, i);
        end_free(&two.b);
        g_assert_true(netdev_del("b", NULL));
        settle();
    }
    g_assert_cmpstr(events->str, ==, "+b +a -a +b +a -a +b +a -a ");
    end_free(&two.a);
    net_close_all();
    net_set_monitor(NULL);
    g_string_free(events, TRUE);
    alarm(0);
}

/* A server whose card has no room notices that its peer has gone, and takes another. */
static void test_server_with_a_full_card(void)
{
    g_autofree char *path = path_of("s");
    Two two;

    alarm(LIMIT_S);
    events = g_string_new(NULL);
    net_set_monitor(&monitor);
    makef("stream,id=a,server=on,addr.type=unix,addr.path=%s", path);
    makef("stream,id=b,addr.type=unix,addr.path=%s", path);
    two_init(&two);
    two.a.room = 0;
    end_send(&two.b, 60, 0);
    end_free(&two.b);
    while (!two.a.refused) {
        g_main_context_iteration(NULL, TRUE);
    }
    netdev_del("b", NULL);
    settle();
    g_assert_cmpstr(events->str, ==, "+b +a -a ");
    makef("stream,id=b,addr.type=unix,addr.path=%s", path);
    end_card(&two.b, "b");
    settle();
    g_assert_cmpstr(events->str, ==, "+b +a -a +b +a ");
    end_send(&two.b, 60, 1);
    settle();
    two.a.room = -1;
    net_client_receive_ready(two.a.nc);
    wait_frames(&two.a, 2);
    end_check(&two.a, 0, 60, 0);
    end_check(&two.a, 1, 60, 1);
    net_set_monitor(NULL);
    g_string_free(events, TRUE);
    two_end(&two);
}

/* A client that may try again finds a server that comes later, and again when that was away. */
static void test_reconnect(void)
{
    g_autofree char *path = path_of("s");
    Two two;

    alarm(LIMIT_S);
    makef("stream,id=b,reconnect-ms=5,addr.type=unix,addr.path=%s", path);
    end_card(&two.b, "b");
    for (unsigned i = 0; i < 2; i++) {
        settle();
        makef("stream,id=a,server=on,addr.type=unix,addr.path=%s", path);
        end_card(&two.a, "a");
        two_check(&two, i);
        end_free(&two.a);
        netdev_del("a", NULL);
    }
    end_free(&two.b);
    net_close_all();
    alarm(0);
}

/* ------------------------------------------------------------------------------ datagrams -- */

static int udp_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    g_assert_cmpint(bind(fd, (struct sockaddr *)&address, len), ==, 0);
    getsockname(fd, (struct sockaddr *)&address, &len);
    close(fd);
    return ntohs(address.sin_port);
}

static void test_udp(void)
{
    static const char *const formats[] = {
        "socket,id=%s,localaddr=127.0.0.1:%d,udp=127.0.0.1:%d",
        "dgram,id=%s,local.type=inet,local.host=127.0.0.1,local.port=%d,"
        "remote.type=inet,remote.host=127.0.0.1,remote.port=%d"};

    for (unsigned i = 0; i < G_N_ELEMENTS(formats); i++) {
        int ports[2] = {udp_port(), udp_port()};
        g_autofree char *a = NULL;
        g_autofree char *b = NULL;
        Two two;

        alarm(LIMIT_S);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        a = g_strdup_printf(formats[i], "a", ports[0], ports[1]);
        b = g_strdup_printf(formats[i], "b", ports[1], ports[0]);
#pragma GCC diagnostic pop
        make(a);
        end_card(&two.a, "a");
        g_assert_true(end_send(&two.a, 60, 0)); /* nobody is there yet */
        make(b);
        end_card(&two.b, "b");
        two_check(&two, i);
        two_end(&two);
    }
}

static void make_unix_dgram(const char *id, const char *local, const char *remote)
{
    makef("dgram,id=%s,local.type=unix,local.path=%s,remote.type=unix,remote.path=%s", id, local,
          remote);
}

/* How many descriptors the main loop waited on for room to write, in the last poll. */
static unsigned waits_for_room;

static gint counting_poll(GPollFD *fds, guint n, gint timeout)
{
    waits_for_room = 0;
    for (guint i = 0; i < n; i++) {
        waits_for_room += (fds[i].events & G_IO_OUT) != 0;
    }
    return g_poll(fds, n, timeout);
}

/*
 * A unix socket says that there is room even if the one that reads has none: who waits for that
 * spins.
 */
static void test_unix_dgram_does_not_spin(void)
{
    g_autofree char *path_a = path_of("a");
    g_autofree char *path_b = path_of("b");
    GPollFunc before = g_main_context_get_poll_func(NULL);
    SocketAddress address;
    unsigned sent = 0;
    uint8_t buf[100];
    End card;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    alarm(LIMIT_S);
    g_assert_true(socket_unix_address(&address, path_b, NULL));
    g_assert_cmpint(bind(fd, &address.any, address.len), ==, 0);
    make_unix_dgram("a", path_a, path_b);
    end_card(&card, "a");
    while (end_send(&card, 60, sent)) {
        sent++;
    }
    g_main_context_set_poll_func(NULL, counting_poll);
    iterate();
    g_main_context_set_poll_func(NULL, before);
    g_assert_cmpuint(waits_for_room, ==, 0);
    for (unsigned i = 0; i <= sent; i++) {
        while (recv(fd, buf, sizeof(buf), MSG_DONTWAIT) < 0) {
            g_main_context_iteration(NULL, TRUE);
        }
    }
    close(fd);
    g_unlink(path_b);
    end_free(&card);
    net_close_all();
    alarm(0);
}

/* A reader that is slow fills the queue of its socket: we wait, and lose none. */
static void test_unix_dgram(void)
{
    g_autofree char *path_a = path_of("a");
    g_autofree char *path_b = path_of("b");
    unsigned sent = 0;
    Two two;

    alarm(LIMIT_S);
    make_unix_dgram("a", path_a, path_b);
    make_unix_dgram("b", path_b, path_a);
    two_init(&two);
    two_check(&two, 1);
    while (end_send(&two.a, 60, sent)) { /* b is not read from meanwhile */
        sent++;
        g_assert_cmpuint(sent, <, 100000);
    }
    wait_frames(&two.b, ++sent);
    for (unsigned i = 0; i < sent; i++) {
        end_check(&two.b, i, 60, i);
    }
    two_end(&two);
    g_assert_cmpint(access(path_a, F_OK), ==, -1);
}

static void test_dgram_fd(void)
{
    int pair[2];
    uint8_t *huge = g_malloc0(NET_FRAME_MAX + 1);
    End card;

    alarm(LIMIT_S);
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair), ==, 0);
    makef("dgram,id=n0,local.type=fd,local.str=%d", pair[1]);
    end_card(&card, "n0");
    g_assert_cmpint(write(pair[0], huge, NET_FRAME_MAX + 1), ==, NET_FRAME_MAX + 1); /* too long */
    g_assert_cmpint(write(pair[0], huge, 0), ==, 0);                                 /* empty */
    end_fill(huge, 100, 7);
    g_assert_cmpint(write(pair[0], huge, 100), ==, 100);
    wait_frames(&card, 1);
    end_check(&card, 0, 100, 7);
    g_assert_true(end_send(&card, 60, 8));
    g_assert_cmpint(read(pair[0], huge, NET_FRAME_MAX), ==, 60);
    close(pair[0]);
    settle();
    g_assert_true(end_send(&card, 60, 8)); /* to nobody */
    end_free(&card);
    net_close_all();
    g_free(huge);
    alarm(0);
}

/* All who listen get it, but not the one who sent it. */
static void test_mcast(void)
{
    int port = udp_port();
    g_autoptr(GError) err = NULL;
    g_autofree char *first =
        g_strdup_printf("socket,id=a,mcast=230.0.0.1:%d,localaddr=127.0.0.1", port);
    g_autoptr(Opts) opts = opts_parse(first, "type", NULL);
    End third;
    Two two;

    alarm(LIMIT_S);
    if (!netdev_new(opts, &err)) {
        g_test_skip(err->message); /* a network without multicast, as in some containers */
        net_close_all();
        return;
    }
    makef("socket,id=b,mcast=230.0.0.1:%d,localaddr=127.0.0.1", port);
    makef("dgram,id=c,remote.type=inet,remote.host=230.0.0.1,remote.port=%d,local.type=inet,"
          "local.host=127.0.0.1,local.port=0",
          port);
    two_init(&two);
    end_card(&third, "c");
    end_send(&two.a, 60, 1);
    wait_frames(&two.b, 1);
    wait_frames(&third, 1);
    end_check(&two.b, 0, 60, 1);
    end_check(&third, 0, 60, 1);
    end_send(&third, 60, 2);
    wait_frames(&two.a, 1);
    end_check(&two.a, 0, 60, 2); /* and not its own */
    end_free(&third);
    two_end(&two);
}

int main(int argc, char **argv)
{
    int status;

    g_test_init(&argc, &argv, NULL);
    folder = g_dir_make_tmp("lignite-net-XXXXXX", NULL);
    g_test_add_func("/net/stream/receives", test_stream_receives);
    g_test_add_func("/net/stream/in-pieces", test_stream_in_pieces);
    g_test_add_func("/net/stream/too-long", test_stream_too_long);
    g_test_add_func("/net/stream/back-pressure", test_stream_back_pressure);
    g_test_add_func("/net/stream/slow-peer", test_stream_slow_peer);
    g_test_add_func("/net/stream/finishes-a-frame", test_stream_finishes_a_frame);
    g_test_add_func("/net/stream/peer-is-gone", test_stream_peer_is_gone);
    g_test_add_func("/net/stream/peer-goes", test_stream_peer_goes);
    g_test_add_func("/net/socket/listen-connect", test_socket_listen_connect);
    g_test_add_func("/net/stream/unix", test_stream_unix);
    g_test_add_func("/net/stream/inet", test_stream_inet);
    g_test_add_func("/net/stream/server-takes-the-next", test_server_takes_the_next);
    g_test_add_func("/net/stream/server-with-a-full-card", test_server_with_a_full_card);
    g_test_add_func("/net/stream/reconnect", test_reconnect);
    g_test_add_func("/net/dgram/udp", test_udp);
    g_test_add_func("/net/dgram/unix", test_unix_dgram);
    g_test_add_func("/net/dgram/unix-does-not-spin", test_unix_dgram_does_not_spin);
    g_test_add_func("/net/dgram/fd", test_dgram_fd);
    g_test_add_func("/net/dgram/mcast", test_mcast);
    status = g_test_run();
    g_rmdir(folder);
    g_free(folder);
    return status;
}
