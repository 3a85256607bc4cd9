/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QMP without a machine: where messages end, what is refused, argument checks, sessions over
 * sockets, with tables of commands and events of this test.
 */
#include <glib/gstdio.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "../char/user.h"
#include "hw/core/device.h"
#include "hw/core/machine.h"
#include "qmp-input.h"
#include "qmp-internal.h"
#include "system/qmp.h"

/* Stand for the lists of the board and of hw/devices.c. */
const DeviceClass *const device_classes[] = {&device_class, NULL};
const MachineClass *const machine_classes[] = {NULL};

/* ---------------------------------------------------------------------------------- tables -- */

static unsigned ran;

static json_t *echo(QmpSession *session, json_t *args, GError **errp)
{
    ran++;
    return json_incref(args);
}

static json_t *refuse(QmpSession *session, json_t *args, GError **errp)
{
    ran++;
    qmp_error_setg(errp, QMP_ERROR_DEVICE_NOT_FOUND, "Device '%s' not found", "x\xff");
    return NULL;
}

static json_t *nothing(QmpSession *session, json_t *args, GError **errp)
{
    ran++;
    return NULL;
}

static json_t *large(QmpSession *session, json_t *args, GError **errp)
{
    g_autofree char *text = g_strnfill(300000, 'x');

    ran++;
    return json_string(text);
}

static json_t *take(QmpSession *session, json_t *args, GError **errp)
{
    int fd = qmp_session_take_fd(session);

    if (fd < 0) {
        error_setg(errp, "none");
    } else {
        qmp_session_keep_fd(session, "a", fd);
    }
    return NULL;
}

static const QmpType color = QMP_ENUM("red", "green");
static const QmpType shape_kind = QMP_ENUM("dot", "line");
static const QmpType shape = {
    .kind = QMP_KIND_OBJECT,
    .members = QMP_MEMBERS(QMP_MUST("kind", shape_kind)),
    .variants = (const QmpVariant[]){{"dot", NULL},
                                     {"line", QMP_MEMBERS(QMP_MUST("length", qmp_uint))},
                                     {}},
};
static const QmpType shapes = QMP_LIST(shape);
static const QmpType capability = QMP_ENUM("oob");
static const QmpType capabilities = QMP_LIST(capability);

static const QmpCommand commands[] = {
    {.name = "qmp_capabilities", .args = QMP_MEMBERS(QMP_MAY("enable", capabilities))},
    {.name = "echo",
     .args = QMP_MEMBERS(QMP_MAY("s", qmp_str), QMP_MAY("i", qmp_int), QMP_MAY("u", qmp_uint),
                         QMP_MAY("b", qmp_bool), QMP_MAY("c", color), QMP_MAY("l", shapes),
                         QMP_MAY("any", qmp_any)),
     .run = echo},
    {.name = "need", .args = QMP_MEMBERS(QMP_MUST("s", qmp_str)), .run = nothing},
    {.name = "open", .args = QMP_MEMBERS(QMP_MUST("s", qmp_str)), .run = echo, .open = true},
    {.name = "refuse", .run = refuse},
    {.name = "large", .run = large},
    {.name = "take", .run = take},
    {.name = "oob", .run = nothing, .oob = true},
    {}};
const QmpCommand *const qmp_commands[] = {commands, NULL};
const QmpEvent qmp_events[] = {
    {"PLAIN", NULL}, {"DATA", QMP_MEMBERS(QMP_MUST("n", qmp_int))}, {}};

/* ----------------------------------------------------------------------------------- input -- */

static void note_message(void *opaque, json_t *value, const GError *err)
{
    g_autofree char *text = value ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;

    g_string_append_printf(opaque, "%s|", text ? text : "error");
    if (err) {
        g_assert_true(g_str_has_prefix(err->message, "JSON parse error, "));
    }
}

static void input_gives(const char *bytes, size_t len, size_t piece, const char *expected)
{
    g_autoptr(GString) got = g_string_new(NULL);
    QmpInput *input = qmp_input_new(note_message, got);

    for (size_t at = 0; at < len; at += piece) {
        qmp_input_feed(input, bytes + at, MIN(piece, len - at));
    }
    g_assert_cmpstr(got->str, ==, expected);
    qmp_input_free(input);
}

typedef struct InputRow {
    const char *name, *bytes, *expected;
} InputRow;

static const InputRow input_rows[] = {
    {"plain", "{\"a\":1}", "{\"a\":1}|"},
    {"spacing", " \r\n{ \"a\"\t:\n1 } ", "{\"a\":1}|"},
    {"several", "{}{\"a\":[]}\n[1,{}]", "{}|{\"a\":[]}|[1,{}]|"},
    {"scalars", "1 \"x\" true \n", "1|\"x\"|true|"},
    {"single quotes", "{'a':'b'}", "{\"a\":\"b\"}|"},
    {"quotes within quotes", "['a\"b', \"a'b\", 'a\\'b', \"a\\'b\", 'a\\\"b']",
     "[\"a\\\"b\",\"a'b\",\"a'b\",\"a'b\",\"a\\\"b\"]|"},
    {"brackets in strings", "{'}':']{['}", "{\"}\":\"]{[\"}|"},
    {"escapes", "['\\\\', '\\n', '\\u0041']", "[\"\\\\\",\"\\n\",\"A\"]|"},
    {"NUL in a string", "['\\u0000']", "[\"\\u0000\"]|"},
    {"large integers", "[9223372036854775807, 9223372036854775808, 18446744069414584320]",
     "[9223372036854775807,9.2233720368547758e18,1.8446744069414584e19]|"},
    {"inexact integer", "[9223372036854775809] 1 ", "error|1|"},
    {"beyond 64 bits", "[18446744073709551616] 1 ", "error|1|"},
    {"small real", "[1e3, -0, 1.5]", "[1000.0,0,1.5]|"},
    {"grammar", "{'a' 1} {}", "error|{}|"},
    {"trailing comma", "[1,] {}", "error|{}|"},
    {"keyword", "{'a':tru} {}", "error|{}|"},
    {"duplicate key", "{'a':1,'a':2} {}", "error|{}|"},
    {"bad escape", "['\\x'] {}", "error|{}|"},
    {"bad UTF-8", "['\x80\xc3'] {}", "error|{}|"},
    {"stray letter in a message", "{'a':%d} {}\n{}", "error|{}|{}|"},
    {"stray letter alone", "%p{} []", "error|{}|[]|"},
    {"stray letters to the end of the line", "%p x : , } ]\t'a'\n{}", "error|{}|"},
    {"next message after a control character", "{\x01{}", "error|{}|"},
    {"next message after a broken string", "{'a': 'b\x01{}", "error|{}|"},
    {"wrong bracket", "{'a':[}}]\n{}", "error|{}|"},
    {"closing bracket alone", "}\n{}", "error|{}|"},
    {"colon alone", ":\n{}", "error|{}|"},
    {"line end in a string", "{'a':'b\n{}", "error|{}|"},
    {"line end after a backslash", "{'a':'b\\\n{}", "error|{}|"},
    {"control character in a string", "{'a':'\x01'}\n{}", "error|{}|"},
    {"control character", "\x01\n{}", "error|{}|"},
    {"flush", "{'a':\xff{}", "error|{}|"},
    {"flush of nothing", "\xff{}\xff", "{}|"},
    {"unfinished", "{'a':[1,2,'x", ""},
};

static void input_case(const void *data)
{
    const InputRow *row = data;

    for (size_t piece = 1; piece <= 8; piece++) {
        input_gives(row->bytes, strlen(row->bytes), piece, row->expected);
    }
    input_gives(row->bytes, strlen(row->bytes), 4096, row->expected);
}

static void zero_bytes(void)
{
    input_gives("\0\0\n{}", 5, 1, "error|{}|");
    input_gives("'\0'\n{}", 6, 1, "error|{}|");
}

static void depth_is_limited(void)
{
    g_autofree char *fits = g_strnfill(QMP_INPUT_MAX_DEPTH, '[');
    g_autofree char *close = g_strnfill(QMP_INPUT_MAX_DEPTH, ']');
    g_autofree char *good = g_strconcat(fits, close, NULL);
    g_autofree char *bad = g_strconcat(fits, "[\n{}", NULL);
    g_autofree char *expected = g_strconcat(good, "|", NULL);

    input_gives(good, strlen(good), 4096, expected);
    input_gives(bad, strlen(bad), 4096, "error|{}|");
}

static void size_is_limited(void)
{
    g_autofree char *filler = g_strnfill(QMP_INPUT_MAX_SIZE, 'x');
    g_autofree char *string = g_strconcat("'", filler, "'\n{}", NULL);
    g_autofree char *word = g_strconcat(filler, "\n{}", NULL);

    input_gives(string, strlen(string), 4096, "error|{}|");
    input_gives(word, strlen(word), 4096, "error|{}|");
}

/* Nothing a client sends makes it fall over, and after a flush it is as new. */
static void random_bytes(void)
{
    static const char alphabet[] = "{}[]:,'\"\\ \n0e-+.tfnu1\x01\x80\xc3\xa9%";

    for (int round = 0; round < 2000; round++) {
        g_autoptr(GString) got = g_string_new(NULL);
        QmpInput *input = qmp_input_new(note_message, got);

        for (int i = 0; i < 200; i++) {
            char c = g_test_rand_int_range(0, 8) ? alphabet[g_test_rand_int_range(
                                                       0, sizeof(alphabet))]
                                                 : g_test_rand_int_range(0, 256);

            qmp_input_feed(input, &c, 1);
        }
        qmp_input_feed(input, "\xff", 1);
        g_string_truncate(got, 0);
        qmp_input_feed(input, "{'a':1}", 7);
        g_assert_cmpstr(got->str, ==, "{\"a\":1}|");
        qmp_input_free(input);
    }
}

/* -------------------------------------------------------------------------------- sessions -- */

typedef struct Client {
    Chardev *chr;
    int fd;
    GString *got;
} Client;

static char *folder;

static int connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

    g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
    g_assert_cmpint(connect(fd, (struct sockaddr *)&address, sizeof(address)), ==, 0);
    return fd;
}

static void client_init(Client *client, const char *name, bool pretty)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);

    client->chr = chardev_makef("socket,id=%s,path=%s,server=on,wait=off", name, path);
    g_assert_true(qmp_new(client->chr, pretty, NULL));
    client->fd = connect_to(path);
    client->got = g_string_new(NULL);
}

static void client_end(Client *client)
{
    close(client->fd);
    g_string_free(client->got, TRUE);
}

/* All clients' ends come at once. */
static void sessions_end(void)
{
    qmp_close_all();
    chardev_close_all();
}

static void client_read(Client *client)
{
    char buf[4096];
    ssize_t n;

    while ((n = read(client->fd, buf, sizeof(buf))) > 0) {
        g_string_append_len(client->got, buf, n);
    }
}

/* Give both sides a turn; there is one more to come. */
static void turn(Client *client)
{
    struct pollfd pfd = {.fd = client->fd, .events = POLLIN};

    if (!g_main_context_iteration(NULL, FALSE)) {
        poll(&pfd, 1, 1);
    }
    client_read(client);
}

/* The next line that comes, without its end. */
static char *client_line(Client *client)
{
    const char *end;
    char *line;

    client_read(client);
    while (!(end = strstr(client->got->str, "\r\n"))) {
        turn(client);
    }
    line = g_strndup(client->got->str, end - client->got->str);
    g_string_erase(client->got, 0, end + 2 - client->got->str);
    return line;
}

static void client_send(Client *client, const char *text)
{
    g_assert_cmpint(write(client->fd, text, strlen(text)), ==, strlen(text));
}

static void expect(Client *client, const char *expected)
{
    g_autofree char *line = client_line(client);

    g_assert_cmpstr(line, ==, expected);
}

static void say(Client *client, const char *text, const char *expected)
{
    client_send(client, text);
    expect(client, expected);
}

static void fails(Client *client, const char *text, const char *cls, const char *desc)
{
    g_autofree char *expected =
        g_strdup_printf("{\"error\": {\"class\": \"%s\", \"desc\": \"%s\"}}", cls, desc);
    unsigned before = ran;

    say(client, text, expected);
    g_assert_cmpuint(ran, ==, before);
}

static void greet(Client *client)
{
    g_autofree char *line = client_line(client);

    g_assert_true(g_str_has_prefix(
        line, "{\"QMP\": {\"version\": {\"qemu\": {\"major\": 11, \"minor\": "));
    g_assert_true(g_str_has_suffix(line, "\"capabilities\": [\"oob\"]}}"));
}

static void negotiate(Client *client)
{
    greet(client);
    say(client, "{'execute':'qmp_capabilities'}", "{\"return\": {}}");
}

static void handshake(void)
{
    Client client;

    client_init(&client, "a", false);
    greet(&client);
    fails(&client, "{'execute':'echo'}", "CommandNotFound",
          "Expecting capabilities negotiation with 'qmp_capabilities'");
    fails(&client, "{'execute':'qmp_capabilities','arguments':{'enable':['zz']}}", "GenericError",
          "Parameter 'enable[0]' does not accept value 'zz'");
    fails(&client, "{'execute':'qmp_capabilities','arguments':{'zz':1}}", "GenericError",
          "Parameter 'zz' is unexpected");
    say(&client, "{'execute':'qmp_capabilities'}", "{\"return\": {}}");
    fails(&client, "{'execute':'qmp_capabilities'}", "CommandNotFound",
          "Capabilities negotiation is already complete, command ignored");
    say(&client, "{'execute':'need','arguments':{'s':'x'}}", "{\"return\": {}}");
    client_end(&client);
    sessions_end();
}

static void out_of_band(void)
{
    Client client;

    client_init(&client, "a", false);
    negotiate(&client);
    fails(&client, "{'exec-oob':'oob'}", "GenericError",
          "QMP input member 'exec-oob' is unexpected");
    client_end(&client);
    sessions_end();

    client_init(&client, "a", false);
    greet(&client);
    say(&client, "{'execute':'qmp_capabilities','arguments':{'enable':['oob']}}",
        "{\"return\": {}}");
    say(&client, "{'exec-oob':'oob','id':1}", "{\"return\": {}, \"id\": 1}");
    fails(&client, "{'exec-oob':'echo'}", "GenericError", "The command echo does not support OOB");
    fails(&client, "{'exec-oob':'oob','execute':'oob'}", "GenericError",
          "QMP input member 'execute' clashes with 'exec-oob'");
    client_end(&client);
    sessions_end();
}

static void id_is_echoed(void)
{
    Client client;

    client_init(&client, "a", false);
    negotiate(&client);
    say(&client, "{'execute':'oob','id':{'a':[1,null,'x']}}",
        "{\"return\": {}, \"id\": {\"a\": [1, null, \"x\"]}}");
    say(&client, "{'execute':'oob','id':\"\xc3\xa9\"}", "{\"return\": {}, \"id\": \"\\u00E9\"}");
    say(&client, "{'execute':'zz','id':7}",
        "{\"error\": {\"class\": \"CommandNotFound\", \"desc\": \"The command zz has not been"
        " found\"}, \"id\": 7}");
    client_end(&client);
    sessions_end();
}

static void malformed_requests(void)
{
    static const struct {
        const char *text, *desc;
    } rows[] = {
        {"[]", "QMP input must be a JSON object"},
        {"3\n", "QMP input must be a JSON object"},
        {"'x'", "QMP input must be a JSON object"},
        {"{}", "QMP input lacks member 'execute'"},
        {"{'id':1.5e400}", NULL},
        {"{'execute':3}", "QMP input member 'execute' must be a string"},
        {"{'execute':'oob','zz':1}", "QMP input member 'zz' is unexpected"},
        {"{'execute':'oob','arguments':[]}", "QMP input member 'arguments' must be an object"},
        {"{'execute':'oob','arguments':{'a':1}}", "Parameter 'a' is unexpected"},
        {"{'execute':'oob'", NULL},
    };
    Client client;

    client_init(&client, "a", false);
    negotiate(&client);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (rows[i].desc) {
            fails(&client, rows[i].text, "GenericError", rows[i].desc);
        } else {
            unsigned before = ran;

            client_send(&client, rows[i].text);
            client_send(&client, "\xff");
            g_autofree char *line = client_line(&client);
            g_assert_true(g_str_has_prefix(
                line, "{\"error\": {\"class\": \"GenericError\", \"desc\": \"JSON parse error, "));
            g_assert_cmpuint(ran, ==, before);
        }
        say(&client, "{'execute':'oob'}", "{\"return\": {}}");
    }
    client_end(&client);
    sessions_end();
}

static void arguments_are_checked(void)
{
    static const struct {
        const char *args, *desc;
    } rows[] = {
        {"{'s':1}", "Invalid parameter type for 's', expected: string"},
        {"{'s':null}", "Invalid parameter type for 's', expected: string"},
        {"{'s':'a\\u0000b'}", "Parameter 's' expects a string without a NUL"},
        {"{'i':'1'}", "Invalid parameter type for 'i', expected: integer"},
        {"{'i':1.0}", "Invalid parameter type for 'i', expected: integer"},
        {"{'i':9223372036854775808}", "Invalid parameter type for 'i', expected: integer"},
        {"{'u':-1}", "Parameter 'u' expects a value from 0 to 9223372036854775807"},
        {"{'b':1}", "Invalid parameter type for 'b', expected: boolean"},
        {"{'b':'on'}", "Invalid parameter type for 'b', expected: boolean"},
        {"{'c':'blue'}", "Parameter 'c' does not accept value 'blue'"},
        {"{'c':1}", "Invalid parameter type for 'c', expected: string"},
        {"{'l':{}}", "Invalid parameter type for 'l', expected: array"},
        {"{'l':[1]}", "Invalid parameter type for 'l[0]', expected: object"},
        {"{'l':[{}]}", "Parameter 'l[0].kind' is missing"},
        {"{'l':[{'kind':'dot'},{'kind':'line'}]}", "Parameter 'l[1].length' is missing"},
        {"{'l':[{'kind':'dot','length':1}]}", "Parameter 'l[0].length' is unexpected"},
        {"{'zz':1}", "Parameter 'zz' is unexpected"},
    };
    Client client;

    client_init(&client, "a", false);
    negotiate(&client);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text =
            g_strdup_printf("{'execute':'echo','arguments':%s}", rows[i].args);

        fails(&client, text, "GenericError", rows[i].desc);
    }
    fails(&client, "{'execute':'need'}", "GenericError", "Parameter 's' is missing");
    fails(&client, "{'execute':'open','arguments':{'x':1}}", "GenericError",
          "Parameter 's' is missing");
    say(&client, "{'execute':'open','arguments':{'s':'a','x':1}}",
        "{\"return\": {\"s\": \"a\", \"x\": 1}}");
    say(&client,
        "{'execute':'echo','arguments':{'u':9223372036854775808,'c':'red','any':[null],"
        "'l':[{'kind':'line','length':3}]}}",
        "{\"return\": {\"u\": 9.2233720368547758e18, \"c\": \"red\", \"any\": [null], \"l\":"
        " [{\"kind\": \"line\", \"length\": 3}]}}");
    client_end(&client);
    sessions_end();
}

static void errors_have_their_class(void)
{
    Client client;

    client_init(&client, "a", false);
    negotiate(&client);
    /* And what it quotes is made valid. */
    say(&client, "{'execute':'refuse'}",
        "{\"error\": {\"class\": \"DeviceNotFound\", \"desc\": \"Device 'x\\uFFFD' not found\"}}");
    client_end(&client);
    sessions_end();
}

static void events_go_to_all(void)
{
    Client a, b, c;

    client_init(&a, "a", false);
    client_init(&b, "b", false);
    client_init(&c, "c", false);
    negotiate(&a);
    negotiate(&b);
    greet(&c); /* it has not negotiated */
    qmp_event("DATA", json_pack("{s:i}", "n", 5));
    qmp_event("PLAIN", NULL);
    for (Client *client = &a; client; client = client == &a ? &b : NULL) {
        g_autofree char *first = client_line(client);
        g_autofree char *second = client_line(client);

        g_assert_true(g_str_has_prefix(first, "{\"timestamp\": {\"seconds\": "));
        g_assert_true(g_str_has_suffix(first, "}, \"event\": \"DATA\", \"data\": {\"n\": 5}}"));
        g_assert_true(g_str_has_suffix(second, "}, \"event\": \"PLAIN\"}"));
    }
    say(&c, "{'execute':'qmp_capabilities'}", "{\"return\": {}}");
    say(&b, "{'execute':'oob','id':2}", "{\"return\": {}, \"id\": 2}");
    say(&a, "{'execute':'oob','id':1}", "{\"return\": {}, \"id\": 1}");
    client_end(&a);
    client_end(&b);
    client_end(&c);
    sessions_end();
}

static void next_peer_starts_anew(void)
{
    g_autofree char *path = g_build_filename(folder, "a", NULL);
    Client client;

    client_init(&client, "a", false);
    negotiate(&client);
    client_send(&client, "{'execute':"); /* and it goes */
    close(client.fd);
    settle();
    client.fd = connect_to(path);
    g_string_truncate(client.got, 0);
    greet(&client);
    fails(&client, "{'execute':'oob'}", "CommandNotFound",
          "Expecting capabilities negotiation with 'qmp_capabilities'");
    client_end(&client);
    sessions_end();
}

/* More than any buffer on the way takes; and nothing more is read until it is taken. */
static void large_replies_are_whole(void)
{
    Client client;

    client_init(&client, "a", false);
    negotiate(&client);
    ran = 0;
    for (int i = 0; i < 3; i++) {
        client_send(&client, "{'execute':'large'}");
        settle();
    }
    g_assert_cmpuint(ran, ==, 1);
    for (int i = 0; i < 3; i++) {
        g_autofree char *line = client_line(&client);

        g_assert_cmpuint(strlen(line), ==, strlen("{\"return\": \"\"}") + 300000);
    }
    g_assert_cmpuint(ran, ==, 3);
    client_end(&client);
    sessions_end();
}

/* A client that does not read costs a bounded amount of memory, and then hears again. */
static void events_are_dropped_at_a_limit(void)
{
    Client client;
    unsigned n = 0;

    client_init(&client, "a", false);
    negotiate(&client);
    for (unsigned i = 0; i < 40000; i++) {
        qmp_event("DATA", json_pack("{s:i}", "n", (int)i));
    }
    qmp_event("PLAIN", NULL);
    client_read(&client);
    settle();
    client_send(&client, "{'execute':'oob'}");
    for (;;) {
        g_autofree char *line = client_line(&client);

        if (g_str_equal(line, "{\"return\": {}}")) {
            break;
        }
        g_assert_nonnull(strstr(line, "DATA"));
        n++;
    }
    g_assert_cmpuint(n, >, 1000);
    g_assert_cmpuint(n, <, 40000);
    qmp_event("PLAIN", NULL);
    g_autofree char *line = client_line(&client);
    g_assert_nonnull(strstr(line, "PLAIN"));
    client_end(&client);
    sessions_end();
}

static void pretty_output(void)
{
    Client client;

    client_init(&client, "a", true);
    client_send(&client, "{'execute':'qmp_capabilities'}");
    while (!strstr(client.got->str, "\n{\n    \"return\": {}\n}\r\n")) {
        turn(&client);
    }
    client_end(&client);
    sessions_end();
}

static void descriptors(void)
{
    char text[] = "{'execute':'take'}";
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr header;
    } control = {};
    struct iovec iov = {text, strlen(text)};
    struct msghdr msg = {.msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = control.bytes,
                         .msg_controllen = sizeof(control.bytes)};
    Client client;
    int ends[2];
    char c;

    g_assert_cmpint(pipe(ends), ==, 0);
    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(&control.header), &ends[1], sizeof(int));
    client_init(&client, "a", false);
    negotiate(&client);
    fails(&client, text, "GenericError", "none");
    g_assert_cmpint(sendmsg(client.fd, &msg, 0), ==, strlen(text));
    expect(&client, "{\"return\": {}}");
    close(ends[1]);
    client_end(&client);
    sessions_end(); /* closes the last writer */
    g_assert_cmpint(read(ends[0], &c, 1), ==, 0);
    close(ends[0]);
}

/* ---------------------------------------------------------------------------------- schema -- */

static json_t *schema_entry(json_t *schema, const char *name)
{
    size_t index;
    json_t *entry;

    json_array_foreach (schema, index, entry) {
        if (g_str_equal(json_string_value(json_object_get(entry, "name")), name)) {
            return entry;
        }
    }
    g_assert_not_reached();
}

/* Every name is there once, and every type that is used is there. */
static void schema_is_closed(void)
{
    static const char *const users[] = {"arg-type", "ret-type", "element-type", "type"};
    json_t *schema = qmp_schema();
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
    size_t index, i;
    json_t *entry, *part;

    json_array_foreach (schema, index, entry) {
        const char *name = json_string_value(json_object_get(entry, "name"));

        g_assert_true(g_hash_table_add(names, (char *)name));
    }
    json_array_foreach (schema, index, entry) {
        for (size_t u = 0; u < 3; u++) {
            json_t *type = json_object_get(entry, users[u]);

            g_assert_true(!type || g_hash_table_contains(names, json_string_value(type)));
        }
        json_array_foreach (json_object_get(entry, "members"), i, part) {
            json_t *type = json_object_get(part, "type");

            g_assert_true(!type || g_hash_table_contains(names, json_string_value(type)));
        }
        json_array_foreach (json_object_get(entry, "variants"), i, part) {
            g_assert_true(g_hash_table_contains(
                names, json_string_value(json_object_get(part, "type"))));
        }
    }
    json_decref(schema);
}

static void schema_tells_the_rows(void)
{
    json_t *schema = qmp_schema();
    json_t *oob = schema_entry(schema, "oob");
    json_t *need = schema_entry(schema, "need");
    json_t *args = schema_entry(schema, json_string_value(json_object_get(need, "arg-type")));
    g_autofree char *text = json_dumps(json_object_get(args, "members"), JSON_COMPACT);

    g_assert_true(json_is_true(json_object_get(oob, "allow-oob")));
    g_assert_null(json_object_get(need, "allow-oob"));
    g_assert_cmpstr(text, ==, "[{\"name\":\"s\",\"type\":\"str\"}]");
    g_assert_cmpstr(json_string_value(json_object_get(schema_entry(schema, "DATA"), "meta-type")),
                    ==, "event");
    json_decref(schema);
}

int main(int argc, char **argv)
{
    int status;

    g_test_init(&argc, &argv, NULL);
    folder = g_dir_make_tmp("lignite-qmp-XXXXXX", NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(input_rows); i++) {
        g_autofree char *name = g_strconcat("/qmp/input/", input_rows[i].name, NULL);

        g_test_add_data_func(name, &input_rows[i], input_case);
    }
    g_test_add_func("/qmp/input/zero bytes", zero_bytes);
    g_test_add_func("/qmp/input/depth is limited", depth_is_limited);
    g_test_add_func("/qmp/input/size is limited", size_is_limited);
    g_test_add_func("/qmp/input/random bytes", random_bytes);
    g_test_add_func("/qmp/session/handshake", handshake);
    g_test_add_func("/qmp/session/out of band", out_of_band);
    g_test_add_func("/qmp/session/id is echoed", id_is_echoed);
    g_test_add_func("/qmp/session/malformed requests", malformed_requests);
    g_test_add_func("/qmp/session/arguments are checked", arguments_are_checked);
    g_test_add_func("/qmp/session/errors have their class", errors_have_their_class);
    g_test_add_func("/qmp/session/events go to all", events_go_to_all);
    g_test_add_func("/qmp/session/next peer starts anew", next_peer_starts_anew);
    g_test_add_func("/qmp/session/large replies are whole", large_replies_are_whole);
    g_test_add_func("/qmp/session/events are dropped at a limit", events_are_dropped_at_a_limit);
    g_test_add_func("/qmp/session/pretty output", pretty_output);
    g_test_add_func("/qmp/session/descriptors", descriptors);
    g_test_add_func("/qmp/schema/is closed", schema_is_closed);
    g_test_add_func("/qmp/schema/tells the rows", schema_tells_the_rows);
    status = g_test_run();
    g_rmdir(folder);
    g_free(folder);
    return status;
}
