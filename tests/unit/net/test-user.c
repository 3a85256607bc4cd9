/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The user network, from a guest that is made of packets: DHCP, ARP, DNS, TFTP, connections both
 * ways, forwarded ports.
 */
#include <errno.h>
#include <glib/gstdio.h>
#include <glib-unix.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backends/char.h"
#include "wire.h"

#define GATEWAY 0x0a000202
#define DNS     0x0a000203

/*
 * libslirp 4.7 does not free the TFTP server's name. The address sanitizer asks us; it needs whole
 * stacks to see who allocated.
 */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "fast_unwind_on_malloc=0";
}

const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:slirp_new";
}

static char *folder; /* of this test's files */

static void start(Guest *g, const char *options)
{
    g_autofree char *text = g_strconcat("user,id=n0", options, NULL);
    g_autoptr(GError) err = NULL;
    g_autoptr(Opts) opts = opts_parse(text, "type", &err);
    NetClient *nc = netdev_new(opts, &err);

    g_assert_no_error(err);
    g_assert_nonnull(nc);
    guest_init(g, "n0");
}

static void end(Guest *g)
{
    guest_end(g);
    net_close_all();
}

/* --------------------------------------------------------------------------- ARP, DHCP, DNS -- */

static void resolve(Guest *g, uint32_t ip)
{
    unsigned before = g->arp_replies;

    guest_arp(g, 1, NULL, ip);
    g_assert_cmpuint(g->arp_replies, ==, before + 1);
}

static void test_arp(void)
{
    static const uint8_t mac[6] = {0x52, 0x55, 10, 0, 2, 2};
    Guest g;

    start(&g, "");
    resolve(&g, GATEWAY);
    g_assert_cmpmem(g.gateway_mac, 6, mac, 6);
    end(&g);
}

static uint32_t option32(const uint8_t *p, size_t len, uint8_t code)
{
    uint8_t size = 0;
    const uint8_t *value = dhcp_option(p, len, code, &size);

    g_assert_nonnull(value);
    g_assert_cmpuint(size, ==, 4);
    return get32(value);
}

static void check_text_option(const uint8_t *p, size_t len, uint8_t code, const char *text)
{
    uint8_t size = 0;
    const uint8_t *value = dhcp_option(p, len, code, &size);

    g_assert_nonnull(value);
    g_assert_cmpmem(value, size, text, strlen(text));
}

static void check_type(const uint8_t *p, size_t len, uint8_t type)
{
    uint8_t size = 0;
    const uint8_t *value = dhcp_option(p, len, 53, &size);

    g_assert_nonnull(value);
    g_assert_cmpuint(value[0], ==, type);
}

static void check_lease(Guest *g, uint8_t type, uint32_t ip, uint32_t gateway, uint32_t dns)
{
    const uint8_t *p;
    size_t len;
    g_autoptr(GBytes) reply = guest_next_udp(g, 68, &p, &len);

    check_type(p, len, type);
    g_assert_cmphex(get32(p + 4), ==, 0x12345678);
    g_assert_cmphex(get32(p + 16), ==, ip);
    g_assert_cmphex(option32(p, len, 54), ==, gateway);
    g_assert_cmphex(option32(p, len, 1), ==, 0xffffff00);
    g_assert_cmphex(option32(p, len, 3), ==, gateway);
    g_assert_cmphex(option32(p, len, 6), ==, dns);
}

static void test_dhcp(void)
{
    static const struct {
        const char *options;
        uint32_t ip, gateway, dns;
    } cases[] = {
        {"", 0x0a00020f, GATEWAY, DNS},
        {",net=192.168.76.0/24", 0xc0a84c0f, 0xc0a84c02, 0xc0a84c03},
        {",net=192.168.76.0/255.255.255.0,host=192.168.76.1,dns=192.168.76.5,"
         "dhcpstart=192.168.76.9",
         0xc0a84c09, 0xc0a84c01, 0xc0a84c05},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        Guest g;

        start(&g, cases[i].options);
        guest_dhcp(&g, DHCP_DISCOVER, 0);
        check_lease(&g, DHCP_OFFER, cases[i].ip, cases[i].gateway, cases[i].dns);
        guest_dhcp(&g, DHCP_REQUEST, cases[i].ip);
        check_lease(&g, DHCP_ACK, cases[i].ip, cases[i].gateway, cases[i].dns);
        end(&g);
    }
}

static void test_dhcp_names(void)
{
    g_autofree char *options =
        g_strdup_printf(",hostname=box,domainname=lab,dnssearch=a.example,dnssearch=b.example,"
                        "tftp=%s,bootfile=boot.0,tftp-server-name=server",
                        folder);
    const uint8_t *p;
    size_t len;
    uint8_t size;
    g_autoptr(GBytes) reply = NULL;
    Guest g;

    start(&g, options);
    guest_dhcp(&g, DHCP_DISCOVER, 0);
    reply = guest_next_udp(&g, 68, &p, &len);
    check_type(p, len, DHCP_OFFER);
    check_text_option(p, len, 12, "box");
    check_text_option(p, len, 15, "lab");
    check_text_option(p, len, 66, "server");
    g_assert_cmpstr((const char *)p + 108, ==, "boot.0");
    g_assert_nonnull(dhcp_option(p, len, 119, &size));
    end(&g);
}

/* Whether or not there is a name server: nothing hangs, and the network still answers. */
static void test_dns(void)
{
    static const uint8_t query[] = {0x12, 0x34, 1,   0,   0, 1,   0,   0,   0, 0, 0, 0, 4,
                                    't',  'e',  's', 't', 3, 'l', 'a', 'b', 0, 0, 1, 0, 1};
    Guest g;

    start(&g, "");
    resolve(&g, DNS);
    guest_udp(&g, DNS, 1000, 53, query, sizeof(query));
    for (int i = 0; i < 10; i++) {
        g_main_context_iteration(NULL, FALSE);
    }
    resolve(&g, GATEWAY);
    end(&g);
}

/* ----------------------------------------------------------------------------------- TFTP -- */

enum { TFTP_RRQ = 1, TFTP_DATA = 3, TFTP_ACK = 4, TFTP_ERROR = 5 };

static void tftp_request(Guest *g, const char *file)
{
    uint8_t p[200] = {0, TFTP_RRQ};
    size_t len = 2 + strlen(file) + 1;

    strcpy((char *)p + 2, file);
    strcpy((char *)p + len, "octet");
    guest_udp(g, GATEWAY, 2000, 69, p, len + 6);
}

static void test_tftp(void)
{
    g_autofree char *options = g_strconcat(",tftp=", folder, NULL);
    g_autofree char *path = g_build_filename(folder, "file", NULL);
    g_autofree char *contents = g_malloc(1300);
    g_autoptr(GString) got = g_string_new(NULL);
    size_t len;
    Guest g;

    for (int i = 0; i < 1300; i++) {
        contents[i] = i * 7;
    }
    g_assert_true(g_file_set_contents(path, contents, 1300, NULL));
    start(&g, options);
    resolve(&g, GATEWAY);
    tftp_request(&g, "/file");
    do {
        const uint8_t *p;
        g_autoptr(GBytes) reply = guest_next_udp(&g, 2000, &p, &len);
        uint8_t ack[4] = {0, TFTP_ACK, p[2], p[3]};

        g_assert_cmpuint(get16(p), ==, TFTP_DATA);
        g_assert_cmpuint(get16(p + 2), ==, got->len / 512 + 1);
        g_string_append_len(got, (const char *)p + 4, len - 4);
        guest_udp(&g, GATEWAY, 2000, 69, ack, sizeof(ack));
    } while (len == 4 + 512);
    g_assert_cmpmem(got->str, got->len, contents, 1300);
    end(&g);
}

/* Neither what is not there, nor what is elsewhere. */
static void test_tftp_refuses(void)
{
    static const char *const files[] = {"nothing", "../../../../../../../../etc/passwd",
                                        "/../../../../../../../../../etc/passwd"};
    g_autofree char *options = g_strconcat(",tftp=", folder, NULL);
    Guest g;

    start(&g, options);
    resolve(&g, GATEWAY);
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        const uint8_t *p;
        size_t len;
        g_autoptr(GBytes) reply = NULL;

        tftp_request(&g, files[i]);
        reply = guest_next_udp(&g, 2000, &p, &len);
        g_assert_cmpuint(get16(p), ==, TFTP_ERROR);
    }
    end(&g);
}

/* --------------------------------------------------------------------------- TCP and UDP -- */

/* A socket of this host on a port that the system chooses, listening if it is a stream's. */
static int host_socket(int type, uint16_t *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    g_assert_cmpint(bind(fd, (struct sockaddr *)&address, len), ==, 0);
    if (type == SOCK_STREAM) {
        g_assert_cmpint(listen(fd, 1), ==, 0);
    }
    getsockname(fd, (struct sockaddr *)&address, &len);
    *port = ntohs(address.sin_port);
    return fd;
}

/* As read(), but the main loop runs until there is something. */
static ssize_t read_waiting(int fd, void *buf, size_t len)
{
    ssize_t n;

    while ((n = read(fd, buf, len)) < 0 && errno == EAGAIN) {
        wire_wait();
    }
    return n;
}

static int accept_waiting(int listener)
{
    int fd;

    while ((fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) < 0) {
        g_assert_cmpint(errno, ==, EAGAIN);
        wire_wait();
    }
    return fd;
}

/* Both ways on an established connection, then the guest closes. */
static void talk(Guest *g, TcpConn *c, int fd)
{
    g_autoptr(GString) got = g_string_new(NULL);
    char buf[100];
    ssize_t n;

    guest_tcp(g, c, TCP_ACK | TCP_PSH, "from the guest", 14);
    n = read_waiting(fd, buf, sizeof(buf));
    g_assert_cmpmem(buf, n, "from the guest", 14);
    g_assert_cmpint(write(fd, "from the host", 13), ==, 13);
    while (got->len < 13) {
        guest_next_tcp(g, c, got);
    }
    g_assert_cmpstr(got->str, ==, "from the host");
    guest_tcp(g, c, TCP_FIN | TCP_ACK, NULL, 0);
    g_assert_cmpint(read_waiting(fd, buf, sizeof(buf)), ==, 0);
    close(fd);
}

static void test_connect_out(void)
{
    uint16_t port;
    int listener = host_socket(SOCK_STREAM, &port);
    TcpConn c = {.ip = GATEWAY, .port = port, .own_port = 3000, .seq = 1000};
    g_autoptr(GString) none = g_string_new(NULL);
    int fd;
    Guest g;

    start(&g, "");
    resolve(&g, GATEWAY);
    guest_tcp(&g, &c, TCP_SYN, NULL, 0);
    fd = accept_waiting(listener);
    g_assert_cmphex(guest_next_tcp(&g, &c, none), ==, TCP_SYN | TCP_ACK);
    guest_tcp(&g, &c, TCP_ACK, NULL, 0);
    talk(&g, &c, fd);
    close(listener);
    end(&g);
}

static void test_refused(void)
{
    uint16_t port;
    TcpConn c = {.ip = GATEWAY, .own_port = 3000};
    g_autoptr(GString) none = g_string_new(NULL);
    Guest g;

    close(host_socket(SOCK_STREAM, &port));
    c.port = port;
    start(&g, "");
    resolve(&g, GATEWAY);
    guest_tcp(&g, &c, TCP_SYN, NULL, 0);
    g_assert_cmphex(guest_next_tcp(&g, &c, none) & TCP_RST, ==, TCP_RST);
    end(&g);
}

static void test_udp(void)
{
    uint16_t port;
    int fd = host_socket(SOCK_DGRAM, &port);
    struct sockaddr_in from;
    socklen_t from_len = sizeof(from);
    char buf[100];
    const uint8_t *p;
    size_t len;
    g_autoptr(GBytes) reply = NULL;
    ssize_t n;
    Guest g;

    start(&g, "");
    resolve(&g, GATEWAY);
    guest_udp(&g, GATEWAY, 4000, port, "ping", 4);
    while ((n = recvfrom(fd, buf, sizeof(buf), 0, (struct sockaddr *)&from, &from_len)) < 0) {
        wire_wait();
    }
    g_assert_cmpmem(buf, n, "ping", 4);
    g_assert_cmpint(sendto(fd, "pong", 4, 0, (struct sockaddr *)&from, from_len), ==, 4);
    reply = guest_next_udp(&g, 4000, &p, &len);
    g_assert_cmpmem(p, len, "pong", 4);
    close(fd);
    end(&g);
}

/* One datagram in several packets, which come in any order; whole, it is longer than a frame. */
static void send_fragments(Guest *g, uint16_t id, uint16_t port, const uint8_t *data, size_t len,
                           const unsigned *order, unsigned count)
{
    const size_t piece = 1024;
    g_autofree uint8_t *p = g_malloc0(UDP_HEADER + len);

    put16(p, 4000);
    put16(p + 2, port);
    put16(p + 4, UDP_HEADER + len);
    memcpy(p + UDP_HEADER, data, len);
    for (unsigned i = 0; i < count; i++) {
        size_t at = order[i] * piece;
        size_t n = MIN(piece, UDP_HEADER + len - at);
        uint8_t f[ETH_HEADER + IP_HEADER + 1024] = {};
        uint8_t *ip = f + ETH_HEADER;

        eth_header(f, g->gateway_mac, 0x0800);
        ip[0] = 0x45;
        put16(ip + 2, IP_HEADER + n);
        put16(ip + 4, id);
        put16(ip + 6, at / 8 | (at + n < UDP_HEADER + len ? 0x2000 : 0));
        ip[8] = 64;
        ip[9] = 17;
        put32(ip + 12, g->ip);
        put32(ip + 16, GATEWAY);
        put16(ip + 10, fold(sum16(ip, IP_HEADER, 0)));
        memcpy(ip + IP_HEADER, p + at, n);
        guest_send(g, f, ETH_HEADER + IP_HEADER + n);
    }
}

static void test_fragments(void)
{
    static const unsigned orders[][10] = {
        {0, 1, 2, 3}, {3, 2, 1, 0}, {2, 0, 3, 1}, {1, 1, 0, 1, 2, 3}};
    static const unsigned counts[] = {4, 4, 4, 6};
    uint16_t port;
    int fd = host_socket(SOCK_DGRAM, &port);
    uint8_t data[3500], buf[4000];
    Guest g;

    for (size_t i = 0; i < sizeof(data); i++) {
        data[i] = i * 11 + (i >> 8);
    }
    start(&g, "");
    resolve(&g, GATEWAY);
    for (size_t i = 0; i < G_N_ELEMENTS(orders); i++) {
        ssize_t n;

        /* the last: what comes twice drops what there is, and then all come again */
        send_fragments(&g, 77, port, data, sizeof(data), orders[i], counts[i]);
        n = read_waiting(fd, buf, sizeof(buf));
        g_assert_cmpmem(buf, n, data, sizeof(data));
    }
    /* Of many that are in pieces the oldest is given up: they use up no memory. */
    for (uint16_t id = 0; id < 17; id++) {
        send_fragments(&g, id, port, data, sizeof(data), orders[0], 1);
    }
    send_fragments(&g, 16, port, data, sizeof(data), orders[0] + 1, 3);
    g_assert_cmpint(read_waiting(fd, buf, sizeof(buf)), ==, sizeof(data));
    send_fragments(&g, 0, port, data, sizeof(data), orders[0] + 1, 3);
    g_assert_cmpint(read(fd, buf, sizeof(buf)), ==, -1);
    close(fd);
    end(&g);
}

/* A guest that is cut off reaches nothing of the host's. */
static void test_restrict(void)
{
    uint16_t port;
    int fd = host_socket(SOCK_DGRAM, &port);
    char buf[10];
    Guest g;

    start(&g, ",restrict=on");
    resolve(&g, GATEWAY);
    guest_udp(&g, GATEWAY, 4000, port, "ping", 4);
    for (int i = 0; i < 10; i++) {
        g_main_context_iteration(NULL, FALSE);
    }
    g_assert_cmpint(read(fd, buf, sizeof(buf)), ==, -1);
    g_assert_cmpint(errno, ==, EAGAIN);
    close(fd);
    end(&g);
}

/* ----------------------------------------------------------------------------- forwarding -- */

/* The host's port of the first rule, as `info usernet` shows it. */
static uint16_t forwarded_port(const char *kind)
{
    g_autoptr(GString) text = g_string_new(NULL);
    const char *line;
    char addr[50];
    unsigned port = 0;

    net_user_print_info(text);
    g_assert_true(g_str_has_prefix(text->str, "Hub -1 (n0):\n"));
    line = strstr(text->str, kind);
    g_assert_nonnull(line);
    g_assert_cmpint(sscanf(line, "%*s %*d %49s %u", addr, &port), ==, 2);
    return port;
}

static int host_connect(uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int error = connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 ? 0 : errno;

    if (error) {
        close(fd);
        errno = error;
        return -1;
    }
    g_unix_set_fd_nonblocking(fd, TRUE, NULL);
    return fd;
}

static void check_forward(Guest *g)
{
    TcpConn c = {.seq = 5000};
    g_autoptr(GString) none = g_string_new(NULL);
    int fd = host_connect(forwarded_port("TCP[HOST_FORWARD]"));

    g_assert_cmpint(fd, >=, 0);
    g_assert_cmphex(guest_next_tcp(g, &c, none), ==, TCP_SYN);
    g_assert_cmpuint(c.own_port, ==, 7);
    guest_tcp(g, &c, TCP_SYN | TCP_ACK, NULL, 0);
    g_assert_cmphex(guest_next_tcp(g, &c, none) & TCP_ACK, ==, TCP_ACK);
    talk(g, &c, fd);
}

static void test_hostfwd(void)
{
    Guest g;

    start(&g, ",hostfwd=tcp:127.0.0.1:0-:7");
    check_forward(&g);
    end(&g);
}

static void test_hostfwd_add_remove(void)
{
    g_autoptr(GError) err = NULL;
    g_autofree char *rule = NULL;
    uint16_t port;
    Guest g;

    start(&g, "");
    g_assert_true(net_user_add_hostfwd(NULL, "tcp:127.0.0.1:0-10.0.2.15:7", &err));
    check_forward(&g);
    port = forwarded_port("TCP[HOST_FORWARD]");
    rule = g_strdup_printf("tcp:127.0.0.1:%u", port);
    g_assert_true(net_user_remove_hostfwd("n0", rule, &err));
    g_assert_cmpint(host_connect(port), ==, -1);
    g_assert_cmpint(errno, ==, ECONNREFUSED);
    g_assert_false(net_user_remove_hostfwd("n0", rule, &err));
    g_assert_nonnull(strstr(err->message, "not found"));
    g_clear_error(&err);
    g_assert_false(net_user_add_hostfwd("n1", rule, &err));
    g_assert_cmpstr(err->message, ==, "'n1' is not a user network");
    g_clear_error(&err);
    end(&g);
    g_assert_false(net_user_add_hostfwd(NULL, rule, &err));
    g_assert_cmpstr(err->message, ==, "there is no user network");
}

static void test_hostfwd_udp(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const uint8_t *p;
    size_t len;
    g_autoptr(GBytes) packet = NULL;
    Guest g;

    start(&g, ",hostfwd=udp:127.0.0.1:0-:9");
    address.sin_port = htons(forwarded_port("UDP[HOST_FORWARD]"));
    g_assert_cmpint(sendto(fd, "hello", 5, 0, (struct sockaddr *)&address, sizeof(address)), ==, 5);
    packet = guest_next_udp(&g, 9, &p, &len);
    g_assert_cmpmem(p, len, "hello", 5);
    close(fd);
    end(&g);
}

static void test_guestfwd(void)
{
    TcpConn c = {.ip = 0x0a000264, .port = 80, .own_port = 3000, .seq = 1};
    g_autoptr(GString) got = g_string_new(NULL);
    g_autofree char *path = g_build_filename(folder, "out", NULL);
    g_autofree char *options = g_strdup_printf(",guestfwd=tcp:10.0.2.100:80-file:%s", path);
    g_autofree char *text = NULL;
    Guest g;

    start(&g, options);
    resolve(&g, 0x0a000264);
    guest_tcp(&g, &c, TCP_SYN, NULL, 0);
    g_assert_cmphex(guest_next_tcp(&g, &c, got), ==, TCP_SYN | TCP_ACK);
    guest_tcp(&g, &c, TCP_ACK, NULL, 0);
    guest_tcp(&g, &c, TCP_ACK | TCP_PSH, "to the file", 11);
    for (int i = 0; i < 10; i++) {
        g_main_context_iteration(NULL, FALSE);
    }
    end(&g);
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, "to the file");
    g_assert_null(chardev_find("guestfwd.tcp.80"));
}

/* A command of the host's, whose output comes back. */
static void test_guestfwd_cmd(void)
{
    TcpConn c = {.ip = 0x0a000264, .port = 80, .own_port = 3000, .seq = 1};
    g_autoptr(GString) got = g_string_new(NULL);
    Guest g;

    start(&g, ",guestfwd=tcp:10.0.2.100:80-cmd:cat");
    resolve(&g, 0x0a000264);
    guest_tcp(&g, &c, TCP_SYN, NULL, 0);
    g_assert_cmphex(guest_next_tcp(&g, &c, got), ==, TCP_SYN | TCP_ACK);
    guest_tcp(&g, &c, TCP_ACK, NULL, 0);
    guest_tcp(&g, &c, TCP_ACK | TCP_PSH, "there and back", 14);
    while (got->len < 14) {
        guest_next_tcp(&g, &c, got);
    }
    g_assert_cmpstr(got->str, ==, "there and back");
    end(&g);
}

/* ----------------------------------------------------------------------------------- IPv6 -- */

/* Neighbour solicitation for fec0::2, and router solicitation. */
static void send_icmp6(Guest *g, uint8_t type, const uint8_t *body, size_t len)
{
    uint8_t f[ETH_HEADER + 40 + 64] = {};
    uint8_t *ip = f + ETH_HEADER;
    static const uint8_t own[16] = {0xfe, 0x80, [8] = 0x50, 0x54, 0, 0xff, 0xfe, 0x12, 0x34, 0x56};
    static const uint8_t all[16] = {0xff, 2, [15] = 2};
    static const uint8_t solicited[16] = {0xff, 2, [11] = 1, 0xff, 0, 0, 2};
    const uint8_t *to = type == 133 ? all : solicited;
    const uint8_t mac[6] = {0x33, 0x33, to[12], to[13], to[14], to[15]};

    eth_header(f, mac, 0x86dd);
    ip[0] = 0x60;
    put16(ip + 4, len + 4);
    ip[6] = 58;
    ip[7] = 255;
    memcpy(ip + 8, own, 16);
    memcpy(ip + 24, to, 16);
    ip[40] = type;
    memcpy(ip + 44, body, len);
    put16(ip + 42, fold(sum16(ip + 8, 32 + len + 4, 58 + len + 4)));
    guest_send(g, f, ETH_HEADER + 40 + 4 + len);
}

static GBytes *next_icmp6(Guest *g, uint8_t type)
{
    for (;;) {
        g_autoptr(GBytes) bytes = guest_next(g);
        size_t len;
        const uint8_t *f = g_bytes_get_data(bytes, &len);

        if (len > ETH_HEADER + 44 && get16(f + 12) == 0x86dd && f[ETH_HEADER + 6] == 58 &&
            f[ETH_HEADER + 40] == type) {
            return g_steal_pointer(&bytes);
        }
    }
}

static void test_ipv6(void)
{
    static const uint8_t gateway[16] = {0xfe, 0xc0, [15] = 2};
    uint8_t solicitation[20 + 8] = {[20] = 1, 1};
    const uint8_t router[4 + 8] = {[4] = 1, 1, 0x52, 0x54, 0, 0x12, 0x34, 0x56};
    Guest g;

    memcpy(solicitation + 4, gateway, 16);
    memcpy(solicitation + 22, guest_mac, 6);
    start(&g, "");
    send_icmp6(&g, 135, solicitation, sizeof(solicitation));
    g_bytes_unref(next_icmp6(&g, 136));
    send_icmp6(&g, 133, router, sizeof(router));
    g_bytes_unref(next_icmp6(&g, 134));
    end(&g);
}

/* ipv4=on alone, or ipv6=off, is without IPv6, and the other way round. */
static void test_one_protocol(void)
{
    static const struct {
        const char *options;
        bool ipv4, ipv6;
    } cases[] = {{"", true, true},           {",ipv4=on", true, false},
                 {",ipv6=off", true, false}, {",ipv6=on", false, true},
                 {",ipv4=off", false, true}, {",ipv4=on,ipv6=on", true, true}};
    const uint8_t router[4] = {};

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        Guest g;

        start(&g, cases[i].options);
        guest_arp(&g, 1, NULL, GATEWAY);
        g_assert_cmpuint(g.arp_replies, ==, cases[i].ipv4);
        send_icmp6(&g, 133, router, sizeof(router));
        g_assert_cmpint(!g_queue_is_empty(&g.frames), ==, cases[i].ipv6);
        end(&g);
    }
}

/* -------------------------------------------------------------------------- the main loop -- */

static struct {
    Guest *guest;
    TcpConn conn;
    uint8_t flags;
    size_t len;
    unsigned count;
    unsigned calls;
    int ready;
} late;

/*
 * A vCPU sends a frame while the main thread is in poll: it must be woken, for libslirp has a
 * socket now that nobody waits for.
 */
static gint poll_with_late_frame(GPollFD *fds, guint n, gint timeout)
{
    if (late.calls++ == 0) {
        static const char data[1400];

        for (unsigned i = 0; i < late.count; i++) {
            guest_tcp(late.guest, &late.conn, late.flags, data, late.len);
        }
        late.ready = poll((struct pollfd *)fds, n, WIRE_LIMIT_S * 1000);
        return late.ready;
    }
    return poll((struct pollfd *)fds, n, timeout);
}

/* That the main loop comes back from poll. */
static void send_late(uint8_t flags, size_t len, unsigned count)
{
    GPollFunc before = g_main_context_get_poll_func(NULL);

    while (g_main_context_iteration(NULL, FALSE)) {
    }
    late.flags = flags;
    late.len = len;
    late.count = count;
    late.calls = 0;
    g_main_context_set_poll_func(NULL, poll_with_late_frame);
    g_main_context_iteration(NULL, TRUE);
    g_main_context_set_poll_func(NULL, before);
    g_assert_cmpint(late.ready, >, 0);
}

static void test_wakes_the_main_loop(void)
{
    uint16_t port;
    int listener = host_socket(SOCK_STREAM, &port);
    g_autoptr(GString) none = g_string_new(NULL);
    int size = 4096;
    int fd;
    Guest g;

    setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
    start(&g, "");
    resolve(&g, GATEWAY);
    late.guest = &g;
    late.conn = (TcpConn){.ip = GATEWAY, .port = port, .own_port = 3000, .seq = 1};
    send_late(TCP_SYN, 0, 1);
    g_assert_cmphex(guest_next_tcp(&g, &late.conn, none), ==, TCP_SYN | TCP_ACK);
    guest_tcp(&g, &late.conn, TCP_ACK, NULL, 0);
    fd = accept_waiting(listener);
    /* The host does not read, so libslirp waits for room to write. */
    send_late(TCP_ACK, 1400, 5000);
    close(fd);
    close(listener);
    end(&g);
}

/* A card without room: replies are kept, and come when it has. */
static void test_back_pressure(void)
{
    Guest g;

    start(&g, "");
    g.full = true;
    guest_dhcp(&g, DHCP_DISCOVER, 0);
    g_assert_true(g_queue_is_empty(&g.frames));
    g.full = false;
    net_client_receive_ready(g.nc);
    check_lease(&g, DHCP_OFFER, 0x0a00020f, GATEWAY, DNS);
    end(&g);
}

/* Anything may come from a guest. */
static void test_junk(void)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(1);
    Guest g;

    start(&g, "");
    for (int i = 0; i < 5000; i++) {
        uint8_t frame[200];
        size_t len = g_rand_int_range(rand, 1, sizeof(frame));

        for (size_t k = 0; k < len; k++) {
            frame[k] = g_rand_int(rand);
        }
        if (len > 40 && i % 4) { /* most get past the first checks */
            static const uint16_t types[] = {0x0800, 0x0806, 0x86dd};

            put16(frame + 12, types[i % 3]);
            frame[14] = i % 3 == 2 ? 0x60 : 0x45;
            frame[23] = (const uint8_t[]){1, 6, 17}[i / 3 % 3];
            put16(frame + 16, g_rand_boolean(rand) ? len - 14 : g_rand_int(rand));
            put16(frame + 24, 0);
            put16(frame + 24, fold(sum16(frame + 14, IP_HEADER, 0)));
            put32(frame + 30, GATEWAY); /* nothing leaves this host */
            put16(frame + 24, 0);
            put16(frame + 24, fold(sum16(frame + 14, IP_HEADER, 0)));
        } else if (len > 14) {
            put16(frame + 12, 0x1234);
        }
        guest_send(&g, frame, len);
        if (i % 100 == 0) {
            g_main_context_iteration(NULL, FALSE);
            g_queue_clear_full(&g.frames, (GDestroyNotify)g_bytes_unref);
        }
    }
    resolve(&g, GATEWAY);
    end(&g);
}

int main(int argc, char **argv)
{
    g_autofree char *file = NULL;
    g_autofree char *out = NULL;
    int status;

    g_test_init(&argc, &argv, NULL);
    folder = g_dir_make_tmp("lignite-user-XXXXXX", NULL);
    file = g_build_filename(folder, "file", NULL);
    out = g_build_filename(folder, "out", NULL);
    g_test_add_func("/net/user/arp", test_arp);
    g_test_add_func("/net/user/dhcp", test_dhcp);
    g_test_add_func("/net/user/dhcp-names", test_dhcp_names);
    g_test_add_func("/net/user/dns", test_dns);
    g_test_add_func("/net/user/tftp", test_tftp);
    g_test_add_func("/net/user/tftp-refuses", test_tftp_refuses);
    g_test_add_func("/net/user/connect-out", test_connect_out);
    g_test_add_func("/net/user/refused", test_refused);
    g_test_add_func("/net/user/udp", test_udp);
    g_test_add_func("/net/user/fragments", test_fragments);
    g_test_add_func("/net/user/restrict", test_restrict);
    g_test_add_func("/net/user/hostfwd", test_hostfwd);
    g_test_add_func("/net/user/hostfwd-add-remove", test_hostfwd_add_remove);
    g_test_add_func("/net/user/hostfwd-udp", test_hostfwd_udp);
    g_test_add_func("/net/user/guestfwd", test_guestfwd);
    g_test_add_func("/net/user/guestfwd-cmd", test_guestfwd_cmd);
    g_test_add_func("/net/user/ipv6", test_ipv6);
    g_test_add_func("/net/user/one-protocol", test_one_protocol);
    g_test_add_func("/net/user/wakes-the-main-loop", test_wakes_the_main_loop);
    g_test_add_func("/net/user/back-pressure", test_back_pressure);
    g_test_add_func("/net/user/junk", test_junk);
    status = g_test_run();
    g_unlink(file);
    g_unlink(out);
    g_rmdir(folder);
    g_free(folder);
    return status;
}
