/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hubs, pcap files, and what users get wrong with backends.
 */
#include <errno.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <unistd.h>

#include "end.h"

#define LIMIT_S 30 /* a test that takes longer has failed */

/* ----------------------------------------------------------------------------------- hubs -- */

static void test_hub(void)
{
    End card[3], backend;
    g_autoptr(GString) text = g_string_new(NULL);

    end_backend(&backend, "net0");
    make("hubport,id=p0,hubid=5");
    make("hubport,id=p1,hubid=5");
    make("hubport,id=p2,hubid=6");
    make("hubport,id=p3,hubid=5,netdev=net0");
    end_card(&card[0], "p0");
    end_card(&card[1], "p1");
    end_card(&card[2], "p2");
    card[1].room = 0; /* it does not hold up the others */
    g_assert_true(end_send(&card[0], 60, 1));
    g_assert_true(end_send(&card[0], 60, 2));
    g_assert_cmpuint(backend.frames->len, ==, 2);
    g_assert_cmpuint(card[0].frames->len, ==, 0);
    g_assert_cmpuint(card[2].frames->len, ==, 0);
    card[1].room = -1;
    net_client_receive_ready(card[1].nc);
    end_check(&card[1], 0, 60, 1);
    end_check(&card[1], 1, 60, 2);
    end_send(&backend, 60, 3);
    end_check(&card[0], 0, 60, 3);
    end_check(&card[1], 2, 60, 3);
    net_print_info(text);
    g_assert_cmpstr(text->str, ==,
                    "hub 5\n \\ p0: card.0: index=0,type=nic,\n \\ p1: card.1: index=0,type=nic,\n"
                    " \\ p3: net0: index=0,type=test,\n"
                    "hub 6\n \\ p2: card.2: index=0,type=nic,\n");
    for (int i = 0; i < 3; i++) {
        end_free(&card[i]);
    }
    end_free(&backend);
    net_close_all();
}

/* Two cables between two hubs: a frame goes round for ever, but nobody hangs. */
static void test_hub_loop(void)
{
    End card;

    alarm(LIMIT_S);
    make("hubport,id=a0,hubid=0");
    make("hubport,id=a1,hubid=0");
    make("hubport,id=a2,hubid=0");
    make("hubport,id=b1,hubid=1,netdev=a1");
    make("hubport,id=b2,hubid=1,netdev=a2");
    end_card(&card, "a0");
    end_send(&card, 60, 1);
    wait_frames(&card, 5);
    end_free(&card);
    net_close_all();
    while (g_main_context_iteration(NULL, FALSE)) {
    }
    alarm(0);
}

/* ------------------------------------------------------------------------------ pcap files -- */

static uint32_t word(const char *contents, size_t at)
{
    uint32_t value;

    memcpy(&value, contents + at, 4);
    return value;
}

static void test_dump(void)
{
    g_autofree char *folder = g_dir_make_tmp("lignite-net-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "dump", NULL);
    g_autofree char *contents = NULL;
    g_autoptr(GError) err = NULL;
    uint8_t expected[60];
    NetDump *dump;
    gsize len;
    End card, backend;

    end_backend(&backend, "n0");
    end_card(&card, "n0");
    g_assert_null(net_dump_new("n1", path, 100, &err));
    g_assert_nonnull(strstr(err->message, "Parameter 'netdev' expects a network backend id"));
    g_clear_error(&err);
    g_assert_null(net_dump_new("n0", "/no/such/folder/f", 100, &err));
    g_assert_nonnull(strstr(err->message, "net dump: can't open /no/such/folder/f"));
    g_clear_error(&err);
    dump = net_dump_new("n0", path, 100, &err);
    g_assert_no_error(err);
    end_send(&card, 60, 1);
    end_send(&backend, 200, 2);
    net_client_free(g_steal_pointer(&backend.nc)); /* the dump outlives it */
    end_send(&card, 60, 3);
    net_dump_free(dump);

    g_assert_true(g_file_get_contents(path, &contents, &len, NULL));
    g_assert_cmpuint(len, ==, 24 + 16 + 60 + 16 + 100);
    g_assert_cmphex(word(contents, 0), ==, 0xa1b2c3d4);
    g_assert_cmphex(word(contents, 4), ==, 2 | 4 << 16);
    g_assert_cmpuint(word(contents, 16), ==, 100);
    g_assert_cmpuint(word(contents, 20), ==, 1);
    g_assert_cmpuint(word(contents, 24 + 8), ==, 60);
    g_assert_cmpuint(word(contents, 24 + 12), ==, 60);
    end_fill(expected, 60, 1);
    g_assert_cmpmem(contents + 40, 60, expected, 60);
    g_assert_cmpuint(word(contents, 100 + 8), ==, 100);
    g_assert_cmpuint(word(contents, 100 + 12), ==, 200);
    g_assert_cmpuint(word(contents, 24), >, 1600000000); /* a time of day */
    g_assert_cmpuint(word(contents, 28), <, 1000000);
    end_free(&card);
    end_free(&backend);
    net_close_all();
    g_unlink(path);
    g_rmdir(folder);
}

/* ------------------------------------------------------------------------------- mistakes -- */

static void test_mistakes(void)
{
    static const struct {
        const char *options, *message;
    } cases[] = {
        {"", "Parameter 'type' is missing"},
        {"zz,id=a", "'zz' is not a valid netdev type: -netdev help lists them"},
        {"socket", "Parameter 'id' is missing"},
        {"socket,id=1", "Parameter 'id' expects an identifier"},
        {"socket,id=a,zz=1", "Invalid parameter 'zz'"},
        {"socket,id=a", "exactly one of listen=, connect=, mcast=, udp= and fd= is required"},
        {"socket,id=a,listen=:1,connect=:1", "exactly one of"},
        {"socket,id=a,listen=:1,localaddr=x", "localaddr= is only valid with mcast= or udp="},
        {"socket,id=a,udp=127.0.0.1:1", "localaddr= is mandatory with udp="},
        {"socket,id=a,connect=nocolon", "Parameter 'connect' expects HOST:PORT, not 'nocolon'"},
        {"socket,id=a,connect=127.0.0.1:zz", "Parameter 'connect': address resolution failed"},
        {"socket,id=a,connect=127.0.0.1:1", "Failed to connect to tcp:127.0.0.1:1: Connection"},
        {"socket,id=a,mcast=127.0.0.1:5", "127.0.0.1:5 is not an IPv4 multicast address"},
        {"socket,id=a,fd=zz", "Parameter 'fd': 'zz' is not the number of an open file descriptor"},
        {"socket,id=a,fd=999", "Parameter 'fd': '999' is not the number of an open"},
        {"stream,id=a", "Parameter 'addr.type' is missing"},
        {"stream,id=a,addr.type=zz", "Parameter 'addr.type' does not accept value 'zz'"},
        {"stream,id=a,addr.type=inet,addr.host=h", "Parameter 'addr.port' is missing"},
        {"stream,id=a,addr.type=unix", "Parameter 'addr.path' is missing"},
        {"stream,id=a,addr.type=unix,addr.path=/no/such",
         "Failed to connect to unix:/no/such: No such file or directory"},
        {"stream,id=a,server=on,addr.type=unix,addr.path=/no/such/f",
         "Failed to bind socket to '/no/such/f'"},
        {"stream,id=a,server=on,reconnect-ms=1,addr.type=unix,addr.path=f",
         "'reconnect-ms' option is incompatible with socket in server listening mode"},
        {"stream,id=a,reconnect=1,reconnect-ms=1,addr.type=unix,addr.path=f",
         "'reconnect' and 'reconnect-ms' are mutually exclusive"},
        {"dgram,id=a", "dgram requires local or remote parameters"},
        {"dgram,id=a,local.type=unix,local.path=f", "remote parameter must be set"},
        {"dgram,id=a,remote.type=unix,remote.path=f", "local parameter must be set"},
        {"dgram,id=a,local.type=unix,local.path=f,remote.type=inet,remote.host=127.0.0.1,"
         "remote.port=1",
         "the local and the remote address must be of the same kind"},
        {"dgram,id=a,local.type=fd,local.str=0,remote.type=unix,remote.path=f",
         "don't set remote with local.fd"},
        {"dgram,id=a,remote.type=fd,remote.str=0", "'remote.type' can't be fd"},
        {"hubport,id=a", "Parameter 'hubid' is missing"},
        {"hubport,id=a,hubid=-1", "Parameter 'hubid' expects a number"},
        {"hubport,id=a,hubid=0,netdev=zz", "netdev 'zz' not found"},
        {"hubport,id=a,hubid=0,netdev=a", "netdev 'a' not found"},
        {"tap,id=a,ifname=a2345678901234567", "'a2345678901234567' is too long: at most 15"},
        {"tap,id=a,fd=0,script=no", "ifname=, script= and downscript= are invalid with fd="},
        {"tap,id=a,fd=0", "Parameter 'fd': 0 is not a tap"},
        {"tap,id=a,br=br0", "'br' is not supported: make the interface with 'ip tuntap'"},
        {"tap,id=a,vhost=on", "'vhost' is not supported"},
        {"tap,id=a,fds=1:2", "'fds' is not supported: a card has one queue: use fd="},
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) err = NULL;
        g_autoptr(Opts) opts = opts_parse(cases[i].options, "type", &err);

        netdev_new(opts, &err);
        if (!err || !strstr(err->message, cases[i].message)) {
            g_error("%s: %s", cases[i].options, err ? err->message : "it is accepted");
        }
        g_assert_null(net_client_find("a"));
    }
}

static void test_del(void)
{
    g_autoptr(GError) err = NULL;
    End card, backend;

    make("hubport,id=a,hubid=0");
    end_card(&card, "a");
    end_backend(&backend, "b");
    g_assert_true(netdev_del("a", &err));
    g_assert_false(card.link);
    g_assert_false(netdev_del("a", &err));
    g_assert_cmpstr(err->message, ==, "Device 'a' not found");
    g_clear_error(&err);
    g_assert_false(netdev_del("b", &err)); /* not one of netdev_new() */
    g_clear_error(&err);
    g_assert_false(netdev_del("card.0", &err));
    end_free(&card);
    end_free(&backend);
    net_close_all();
}

/* ---------------------------------------------------------------------------- user networks -- */

static void test_user_mistakes(void)
{
    static const struct {
        const char *options, *message;
    } cases[] = {
        {"net=10.0.2", "Parameter 'net': '10.0.2' is not an IPv4 address"},
        {"net=10.0.2.0/30", "Parameter 'net': the mask '30' is neither 4 to 28 bits"},
        {"net=10.0.2.0/255.0.255.0", "Parameter 'net': the bits of the mask '255.0.255.0' are not"},
        {"host=10.0.3.2", "Parameter 'host': 10.0.3.2 is outside the network"},
        {"dns=10.0.2.2", "Parameter 'dns' must be different from host"},
        {"dhcpstart=10.0.2.3", "Parameter 'dhcpstart' must be different from host and dns"},
        {"restrict=on,dns=1.2.3.4", "Parameter 'dns': 1.2.3.4 is outside the network"},
        {"ipv4=off,ipv6=off", "IPv4 and IPv6 disabled"},
        {"ipv4=off,net=10.0.0.0/8", "IPv4 disabled but net= provided"},
        {"ipv6=off,ipv6-dns=fec0::9", "IPv6 disabled but ipv6-dns= provided"},
        {"ipv6-net=fec0::/127", "Parameter 'ipv6-net': the length '127' is not 0 to 126"},
        {"ipv6-net=x::/64", "Parameter 'ipv6-net': 'x::' is not an IPv6 address"},
        {"tftp=/no/such/folder", "Parameter 'tftp': '/no/such/folder' is not a folder"},
        {"hostname=a23456789012345678901234567890123", "Parameter 'hostname' is too long"},
        {"hostfwd=sctp::1-:2", "Invalid host forwarding rule 'sctp::1-:2' (bad protocol name)"},
        {"hostfwd=tcp:x:1-:2", "(bad host address)"},
        {"hostfwd=tcp::99999-:2", "(bad host port)"},
        {"hostfwd=tcp::1-x:2", "(bad guest address)"},
        {"hostfwd=tcp::1-:0", "(bad guest port)"},
        {"hostfwd=tcp", "(bad protocol name)"},
        {"hostfwd=", "(bad protocol name)"},
        {"guestfwd=tcp:10.0.2.2:80-null", "10.0.2.2 is not a free address of the network"},
        {"guestfwd=tcp:10.0.2.9:80", "Invalid guest forwarding rule 'tcp:10.0.2.9:80'"},
        {"guestfwd=tcp:10.0.2.9:80-none", "Could not open guest forwarding device 'none'"},
        {"guestfwd=tcp:10.0.2.9:80-null,guestfwd=tcp:10.0.2.9:80-cmd:x",
         "Conflicting/invalid host:port in guest forwarding rule"},
        {"smb=/tmp", "'smb' is not supported"},
        {"nonsense=1", "Invalid parameter 'nonsense'"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = g_strconcat("user,id=n0,", cases[i].options, NULL);
        g_autoptr(GError) err = NULL;
        g_autoptr(Opts) opts = opts_parse(text, "type", &err);

        g_assert_no_error(err);
        netdev_new(opts, &err);
        if (!err || !strstr(err->message, cases[i].message)) {
            g_error("%s: %s", cases[i].options, err ? err->message : "it is accepted");
        }
        g_assert_null(net_client_find("n0"));
    }
}

/* A port of the host's that is taken. */
static void test_user_port_in_use(void)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(GError) err = NULL;
    g_autoptr(Opts) opts = NULL;
    g_autofree char *options = NULL;
    unsigned port;

    make("user,id=a,hostfwd=tcp:127.0.0.1:0-:7");
    net_user_print_info(text);
    g_assert_cmpint(sscanf(strstr(text->str, "TCP[HOST_FORWARD]"), "%*s %*d 127.0.0.1 %u", &port),
                    ==, 1);
    options = g_strdup_printf("user,id=b,hostfwd=tcp:127.0.0.1:%u-:7", port);
    opts = opts_parse(options, "type", &err);
    g_assert_null(netdev_new(opts, &err));
    g_assert_nonnull(strstr(err->message, "Could not set up host forwarding rule"));
    g_assert_nonnull(strstr(err->message, g_strerror(EADDRINUSE)));
    net_close_all();
}

static void test_user_info(void)
{
    g_autoptr(GString) text = g_string_new(NULL);

    make("user,id=n0,net=192.168.5.0/24,restrict=on");
    net_print_info(text);
    g_assert_cmpstr(text->str, ==, "n0: index=0,type=user,net=192.168.5.0,restrict=on\n");
    net_close_all();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/net/hub", test_hub);
    g_test_add_func("/net/hub-loop", test_hub_loop);
    g_test_add_func("/net/dump", test_dump);
    g_test_add_func("/net/mistakes", test_mistakes);
    g_test_add_func("/net/del", test_del);
    g_test_add_func("/net/user/mistakes", test_user_mistakes);
    g_test_add_func("/net/user/port-in-use", test_user_port_in_use);
    g_test_add_func("/net/user/info", test_user_info);
    return g_test_run();
}
