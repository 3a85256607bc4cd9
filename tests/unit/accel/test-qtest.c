/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The qtest protocol, line by line, over a socket in this process: a machine of 64 KiB of memory and
 * one device, whose inputs drive its outputs and which can be told to raise an output later.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "accel/lock.h"
#include "accel/qtest.h"
#include "hw/core/clock.h"
#include "hw/core/runstate.h"
#include "memory/system.h"

#define RAM_SIZE 0x10000

typedef struct Widget {
    Device dev;
    MemoryRegion ports; /* +0: write n to raise output 0 in n ns; 0xff: again every ns for ever */
    Timer timer;
    bool forever;
    unsigned fired;
    Irq *out[2];
    Irq *ready;
} Widget;

static void widget_tick(void *opaque)
{
    Widget *w = opaque;

    w->fired++;
    irq_raise(w->out[0]);
    if (w->forever) {
        timer_mod(&w->timer, clock_get_ns(VM_CLOCK_VIRTUAL) + 1);
    }
}

static uint64_t widget_read(void *opaque, hwaddr addr, unsigned size)
{
    return ((Widget *)opaque)->fired;
}

static void widget_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    Widget *w = opaque;

    w->forever = data == 0xff;
    timer_mod(&w->timer, clock_get_ns(VM_CLOCK_VIRTUAL) + data);
}

static const MemoryRegionOps widget_ops = {
    .read = widget_read,
    .write = widget_write,
    .impl = {.min_access_size = 1, .max_access_size = 1},
};

static void widget_input(void *opaque, int n, int level)
{
    irq_set(((Widget *)opaque)->out[n], level);
}

static bool widget_realize(Device *dev, GError **errp)
{
    Widget *w = (Widget *)dev;

    memory_region_init_io(&w->ports, &dev->owner, &widget_ops, w, "widget", 4);
    timer_init(&w->timer, VM_CLOCK_VIRTUAL, widget_tick, w);
    device_init_gpio_in(dev, NULL, widget_input, w, 2);
    device_init_gpio_out(dev, NULL, w->out, 2);
    device_init_gpio_out(dev, "ready", &w->ready, 1);
    return true;
}

static void widget_unrealize(Device *dev)
{
    Widget *w = (Widget *)dev;

    timer_del(&w->timer);
    memory_region_destroy(&w->ports);
}

static const DeviceClass widget_class = {
    .name = "widget",
    .parent = &device_class,
    .size = sizeof(Widget),
    .realize = widget_realize,
    .unrealize = widget_unrealize,
};

const DeviceClass *const device_classes[] = {&device_class, &widget_class, NULL};

/* ------------------------------------------------------------------------------- the bench -- */

static MemoryRegion ram;
static Widget *widget;
static Device *other;
static Irq sink[2];
static int sink_level[2];
static Chardev *chr;
static QtestServer *server;
static int client = -1, listener = -1;
static char *folder, *path;
static GString *got; /* from the server, not yet looked at */

static Device *find_device(const char *name)
{
    return g_str_equal(name, "widget") ? &widget->dev : g_str_equal(name, "other") ? other : NULL;
}

static void on_sink(void *opaque, int n, int level)
{
    sink_level[n] = level;
}

static void begin_with(bool manual_clock)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    QtestConfig config = {.manual_clock = manual_clock, .find_device = find_device};
    g_autofree char *text = NULL;
    g_autoptr(GError) err = NULL;
    bool mon;

    machine_lock();
    clock_manual_init();
    memory_system_init();
    g_assert_true(memory_region_init_ram(&ram, NULL, "ram", RAM_SIZE, &err));
    memory_region_add_subregion(get_system_memory(), 0, &ram);
    widget = (Widget *)device_new(&widget_class);
    device_realize_or_die(&widget->dev, NULL);
    memory_region_add_subregion(get_system_io(), 0x100, &widget->ports);
    for (int i = 0; i < 2; i++) {
        irq_init(&sink[i], on_sink, NULL, i);
        sink_level[i] = 0;
        device_connect_gpio_out(&widget->dev, NULL, i, &sink[i]);
    }
    other = device_new(&widget_class);
    device_realize_or_die(other, NULL);

    folder = g_dir_make_tmp("qtest-XXXXXX", NULL);
    path = g_build_filename(folder, "socket", NULL);
    g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
    listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(listener, (struct sockaddr *)&address, sizeof(address)), ==, 0);
    g_assert_cmpint(listen(listener, 1), ==, 0);
    text = g_strdup_printf("unix:%s", path);
    chr = chardev_new_compat("qtest", text, &mon, &err);
    g_assert_no_error(err);
    client = accept(listener, NULL, NULL);
    g_assert_cmpint(fcntl(client, F_SETFL, O_NONBLOCK), ==, 0);
    server = qtest_server_new(chr, &config, &err);
    g_assert_no_error(err);
    got = g_string_new(NULL);
}

static void begin(void)
{
    begin_with(true);
}

static void end(void)
{
    g_clear_pointer(&server, qtest_server_free);
    chardev_close_all();
    close(client);
    close(listener);
    memory_region_del_subregion(get_system_io(), &widget->ports);
    system_bus_free();
    memory_region_del_subregion(get_system_memory(), &ram);
    memory_region_destroy(&ram);
    memory_system_cleanup();
    machine_unlock();
    g_unlink(path);
    g_rmdir(folder);
    g_clear_pointer(&path, g_free);
    g_clear_pointer(&folder, g_free);
    g_string_free(g_steal_pointer(&got), TRUE);
}

static void send_all(const char *text, size_t len)
{
    while (len) {
        ssize_t n = send(client, text, len, MSG_NOSIGNAL);

        if (n < 0) {
            g_assert_cmpint(errno, ==, EAGAIN);
            g_main_context_iteration(NULL, FALSE);
            continue;
        }
        text += n;
        len -= n;
    }
}

static void say(const char *text)
{
    send_all(text, strlen(text));
}

static bool receive(void)
{
    char buf[65536];
    ssize_t n = recv(client, buf, sizeof(buf), 0);

    if (n > 0) {
        g_string_append_len(got, buf, n);
    }
    return n > 0;
}

/* Turn the main loop until a whole line is there. */
static char *hear(void)
{
    char *newline, *line;

    while (!(newline = memchr(got->str, '\n', got->len))) {
        g_main_context_iteration(NULL, FALSE);
        receive();
    }
    line = g_strndup(got->str, newline - got->str);
    g_string_erase(got, 0, newline - got->str + 1);
    return line;
}

static void expect(const char *line)
{
    g_autofree char *heard = hear();

    g_assert_cmpstr(heard, ==, line);
}

/* Each command with the answer that must come, and nothing beside it. */
typedef struct Exchange {
    const char *say, *hear;
} Exchange;

static void converse(const Exchange *exchange, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        say(exchange[i].say);
        say("\n");
        expect(exchange[i].hear);
        g_assert_cmpuint(got->len, ==, 0);
    }
}

#define CONVERSE(...)                                                                              \
    do {                                                                                           \
        const Exchange exchange_[] = {__VA_ARGS__};                                                \
        converse(exchange_, G_N_ELEMENTS(exchange_));                                              \
    } while (0)

/* --------------------------------------------------------------------------------- memory -- */

static void test_widths(void)
{
    begin();
    CONVERSE({"writeq 0x100 0x1122334455667788", "OK"}, {"readq 0x100", "OK 0x1122334455667788"},
             {"readl 0x100", "OK 0x0000000055667788"}, {"readw 0x102", "OK 0x0000000000005566"},
             {"readb 0x107", "OK 0x0000000000000011"}, {"writeb 0x100 0xab", "OK"},
             {"writew 0x102 0xcdef", "OK"}, {"writel 0x104 4294967295", "OK"},
             {"readq 256", "OK 0xffffffffcdef77ab"}, {"readb 0400", "OK 0x00000000000000ab"},
             {"endianness", "OK little"});
    end();
}

static void test_holes(void)
{
    begin();
    CONVERSE({"readl 0x80000000", "OK 0x00000000ffffffff"},
             {"writel 0x80000000 0", "OK"}, {"readb 0xffffffffffffffff", "OK 0x00000000000000ff"},
             {"read 0xfffe 4", "OK 0x0000ffff"});
    end();
}

static void test_blocks(void)
{
    begin();
    CONVERSE({"write 0 4 0x01A2b3", "OK"}, {"read 0 6", "OK 0x01a2b3000000"},
             {"writeb 5 0x55", "OK"}, {"write 4 2 0x99", "OK"}, {"read 0 6", "OK 0x01a2b3009900"},
             {"write 0 1 0xffeedd", "OK"}, {"read 0 2", "OK 0xffa2"},
             {"b64write 0x10 5 aGVsbG8=", "OK"}, {"read 0x10 5", "OK 0x68656c6c6f"},
             {"b64read 0x10 5", "OK aGVsbG8="}, {"b64read 0x10 3", "OK aGVs"},
             {"memset 0x20 3 0x7e", "OK"}, {"read 0x1f 5", "OK 0x007e7e7e00"},
             {"memset 0x20 0 0xff", "OK"}, {"read 0x20 1", "OK 0x7e"},
             {"memset 0x20 1 0x1234", "OK"}, {"read 0x20 1", "OK 0x34"});
    end();
}

static void test_ports(void)
{
    begin();
    CONVERSE({"inb 0x100", "OK 0x0000"}, {"inb 0x80", "OK 0x00ff"}, {"inw 0x80", "OK 0xffff"},
             {"inl 0x80", "OK 0xffffffff"}, {"outb 0x80 1", "OK"}, {"outw 0x80 1", "OK"},
             {"outl 0x80 1", "OK"}, {"inl 0xffff", "OK 0xffffffff"},
             {"inb 0x10000", "FAIL a port is at most 0xffff"});
    end();
}

/* What clients may ask for is bounded: memory, and time spent on it. */
static void test_huge(void)
{
    begin();
    CONVERSE({"memset 0 0xffffffffffffffff 0", "FAIL a size is at most 0x10000000000"},
             {"memset 0xfffffffffffffff0 0x11 0", "FAIL the range goes beyond the last address"},
             {"memset 0x8000 0x10000000000 0x77", "OK"}, {"readl 0x7ffe", "OK 0x0000000077770000"},
             {"readw 0xfffe", "OK 0x0000000000007777"},
             {"read 0 0x2000001", "FAIL a size is at most 0x2000000"},
             {"b64read 0 0xffffffffffffffff", "FAIL a size is at most 0x2000000"},
             {"write 0 0xffffffffffffffff 0x00", "FAIL a size is at most 0x2000000"},
             {"b64write 0 0xffffffffffffffff AAAA", "FAIL a size is at most 0x2000000"},
             {"read 0xffffffffffffffff 2", "FAIL the range goes beyond the last address"},
             {"readb 0x18446744073709551616",
              "FAIL '0x18446744073709551616' is not a number: readb ADDRESS"});
    end();
}

/* --------------------------------------------------------------------------- malformed lines -- */

static void test_malformed(void)
{
    begin();
    CONVERSE(
        {"inb", "FAIL usage: inb PORT"}, {"inb ", "FAIL '' is not a number: inb PORT"},
        {"inb 1 2", "FAIL usage: inb PORT"}, {"outb 1", "FAIL usage: outb PORT VALUE"},
        {"outb  1 2", "FAIL usage: outb PORT VALUE"},
        {"readl 0xzz", "FAIL '0xzz' is not a number: readl ADDRESS"},
        {"readl -1", "FAIL '-1' is not a number: readl ADDRESS"},
        {"readl +1", "FAIL '+1' is not a number: readl ADDRESS"},
        {"readl 1k", "FAIL '1k' is not a number: readl ADDRESS"},
        {"readl 99999999999999999999",
         "FAIL '99999999999999999999' is not a number: readl ADDRESS"},
        {"read 0 0", "FAIL a size of 0"}, {"write 0 0 0x", "FAIL a size of 0"},
        {"b64write 0 0 ", "FAIL usage: b64write ADDRESS SIZE DATA"},
        {"write 0 1 55", "FAIL the data are not 0x and pairs of hexadecimal digits"},
        {"write 0 1 0x5g", "FAIL the data are not 0x and pairs of hexadecimal digits"},
        {"write 0 2 0x555", "FAIL the data are not 0x and pairs of hexadecimal digits"},
        {"write 0 1 0", "FAIL the data are not 0x and pairs of hexadecimal digits"},
        {"b64write 0 3 A*AA", "FAIL the data are not base64"},
        {"b64write 0 3 AAA", "FAIL the data are not base64"},
        {"b64write 0 3 ====", "FAIL the data are not base64"},
        {"b64write 0 4 AAAA", "FAIL the data are 3 bytes, not 4"},
        {"set_irq_in widget x 0", "FAIL usage: set_irq_in DEVICE NAME INPUT LEVEL"},
        {"set_irq_in widget x 0 1 2", "FAIL usage: set_irq_in DEVICE NAME INPUT LEVEL"},
        {"irq_intercept_in ", "FAIL usage: irq_intercept_in DEVICE"},
        {"irq_intercept_out widget ", "FAIL usage: irq_intercept_out DEVICE [NAME]"},
        {"clock_step x", "FAIL 'x' is not a number: clock_step [NS]"},
        {"frobnicate 1", "FAIL Unknown command 'frobnicate'"},
        {" inb 1", "FAIL Unknown command ''"}, {"\x01\xff", "FAIL Unknown command '\\001\\377'"},
        {"inb 1\r", "FAIL '1\\r' is not a number: inb PORT"});
    send_all("inb 0x80\0 1\n", 12);
    expect("FAIL a NUL in the line");
    /* Nothing was changed by any of them. */
    CONVERSE({"readq 0", "OK 0x0000000000000000"}, {"inb 0x100", "OK 0x0000"});
    end();
}

static void test_ignored_lines(void)
{
    begin();
    say("\n\n# a comment\n#\nendianness\n");
    expect("OK little");
    g_assert_cmpuint(got->len, ==, 0);
    end();
}

static void test_pieces(void)
{
    begin();
    say("endi");
    g_main_context_iteration(NULL, FALSE);
    say("anness\ninb 0x80\nin");
    expect("OK little");
    expect("OK 0x00ff");
    say("w 0x80\n");
    expect("OK 0xffff");
    end();
}

static void test_endless_line(void)
{
    g_autofree char *junk = g_strnfill(1 << 20, 'a');

    begin();
    for (int i = 0; i < 70; i++) { /* a line may have 64 MiB and a little */
        send_all(junk, 1 << 20);
    }
    expect("FAIL a line is longer than 67109120 bytes");
    send_all(junk, 1 << 20);
    say("\nendianness\n");
    expect("OK little");
    g_assert_cmpuint(got->len, ==, 0);
    end();
}

/* ------------------------------------------------------------------------------ the answers -- */

/* A client that asks for much and reads nothing: it waits, and loses nothing. */
static void test_slow_client(void)
{
    enum { ASKED = 64 };

    begin();
    for (int i = 0; i < ASKED; i++) {
        g_autofree char *line = g_strdup_printf("writel 0 %d\nread 0 65536\n", i);

        say(line);
    }
    for (int i = 0; i < 1000; i++) {
        g_main_context_iteration(NULL, FALSE);
    }
    for (int i = 0; i < ASKED; i++) {
        g_autofree char *start = g_strdup_printf("OK 0x%02x000000", i);
        g_autofree char *line = NULL;

        expect("OK");
        line = hear();
        g_assert_cmpuint(strlen(line), ==, 5 + 2 * 65536);
        g_assert_true(g_str_has_prefix(line, start));
    }
    end();
}

static void test_largest_read(void)
{
    g_autofree char *line = NULL;

    begin();
    say("writeb 0xffff 0x5a\nread 0 0x2000000\n");
    expect("OK");
    line = hear();
    g_assert_cmpuint(strlen(line), ==, 5 + 2 * 0x2000000);
    g_assert_true(strncmp(line + 5 + 2 * 0xffff, "5affff", 6) == 0);
    end();
}

static void test_log(void)
{
    QtestConfig config = {.manual_clock = true, .find_device = find_device};
    g_autofree char *text = NULL;
    size_t len;
    g_autoptr(GError) err = NULL;

    begin();
    qtest_server_free(server);
    config.log = open_memstream(&text, &len);
    server = qtest_server_new(chr, &config, &err);
    g_assert_no_error(err);
    CONVERSE({"inb 0x80", "OK 0x00ff"}, {"nothing", "FAIL Unknown command 'nothing'"});
    g_clear_pointer(&server, qtest_server_free);
    fclose(config.log);
    g_assert_true(g_regex_match_simple("^\\[I \\+0\\.\\d{6}\\] OPENED\n"
                                       "\\[R \\+\\d+\\.\\d{6}\\] inb 0x80\n"
                                       "\\[S \\+\\d+\\.\\d{6}\\] OK 0x00ff\n"
                                       "\\[R \\+\\d+\\.\\d{6}\\] nothing\n"
                                       "\\[S \\+\\d+\\.\\d{6}\\] FAIL Unknown command 'nothing'\n$",
                                       text, 0, 0));
    end();
}

static void test_busy_chardev(void)
{
    QtestConfig config = {.manual_clock = true, .find_device = find_device};
    g_autoptr(GError) err = NULL;

    begin();
    g_assert_null(qtest_server_new(chr, &config, &err));
    g_assert_nonnull(strstr(err->message, "already in use"));
    CONVERSE({"endianness", "OK little"});
    end();
}

/* -------------------------------------------------------------------------------- the clock -- */

static void test_step(void)
{
    begin();
    CONVERSE({"clock_step", "FAIL no timer is pending"}, {"clock_step 100", "OK 100"},
             {"clock_step 0", "FAIL no time passes"}, {"clock_set 1000", "OK 1000"},
             {"clock_set 1000", "FAIL the time is not in the future"},
             {"clock_set 999", "FAIL the time is not in the future"},
             {"outb 0x100 7", "OK"}, {"clock_step 6", "OK 1006"}, {"inb 0x100", "OK 0x0000"},
             {"clock_step 1", "OK 1007"}, {"inb 0x100", "OK 0x0001"}, {"outb 0x100 50", "OK"},
             {"clock_step", "OK 1057"}, {"inb 0x100", "OK 0x0002"}, {"outb 0x100 0", "OK"},
             {"inb 0x100", "OK 0x0003"}, {"clock_step 0x7fffffffffffffff",
              "FAIL the time is beyond the last one"},
             {"clock_step 0xffffffffffffffff", "FAIL the time is beyond the last one"},
             {"clock_set 0xffffffffffffffff", "FAIL the time is beyond the last one"},
             {"clock_set 0x7fffffffffffffff", "OK 9223372036854775807"});
    end();
}

/* A step over very many timers leaves the main loop its turns, and what follows waits for it. */
static void test_long_step(void)
{
    unsigned turns = 0;

    begin();
    say("outb 0x100 0xff\nclock_step 100000\ninb 0x100\n");
    expect("OK");
    while (widget->fired < 99000) {
        g_main_context_iteration(NULL, FALSE);
        turns++;
    }
    g_assert_cmpuint(turns, >=, 10);
    expect("OK 100000");
    expect("OK 0x00a2"); /* 100000 - 0xff + 1 times */
    end();
}

static void test_client_leaves_in_a_step(void)
{
    begin();
    say("outb 0x100 0xff\nclock_set 0x7fffffffffffffff\n");
    expect("OK");
    close(client);
    client = -1;
    while (widget->fired < 100000 && g_main_context_iteration(NULL, FALSE)) {
    }
    g_assert_cmpuint(widget->fired, <, 100000);
    end();
}

static void test_foreign_clock(void)
{
    begin_with(false);
    CONVERSE({"clock_step 1", "FAIL the clock runs by itself: only -accel qtest leaves it to the"
                              " client"},
             {"clock_set 1", "FAIL the clock runs by itself: only -accel qtest leaves it to the"
                             " client"},
             {"endianness", "OK little"});
    end();
}

/* ------------------------------------------------------------------------------- interrupts -- */

static void test_intercept_in(void)
{
    begin();
    CONVERSE({"irq_intercept_in gadget", "FAIL Unknown device"},
             {"set_irq_in widget unnamed-gpio-in 1 1", "OK"}, {"irq_intercept_in widget", "OK"},
             {"irq_intercept_in widget", "OK"},
             {"irq_intercept_in other",
              "FAIL IRQ intercept already enabled on another device"},
             {"set_irq_in widget unnamed-gpio-in 1 1", "OK"});
    g_assert_cmpint(sink_level[1], ==, 1);
    say("set_irq_in widget unnamed-gpio-in 1 0\n");
    expect("IRQ lower 1");
    expect("OK");
    g_assert_cmpint(sink_level[1], ==, 0); /* it is watched, not diverted */
    say("set_irq_in widget unnamed-gpio-in 0 7\n");
    expect("IRQ raise 0");
    expect("OK");
    CONVERSE({"set_irq_in widget unnamed-gpio-in 2 1", "FAIL the device has no such input"},
             {"set_irq_in widget unnamed-gpio-in 0xffffffff00000000 1",
              "FAIL the device has no such input"},
             {"set_irq_in widget bogus 0 1", "FAIL the device has no such input"},
             {"set_irq_in gadget unnamed-gpio-in 0 1", "FAIL Unknown device"});
    end();
}

static void test_intercept_out(void)
{
    begin();
    CONVERSE({"irq_intercept_out widget bogus", "FAIL the device has no such outputs"},
             {"irq_intercept_out widget", "OK"}, {"irq_intercept_out widget", "OK"},
             {"outb 0x100 10", "OK"});
    say("clock_step\n");
    expect("IRQ raise 0");
    expect("OK 10");
    g_assert_cmpint(sink_level[0], ==, 1);
    say("outb 0x100 0\nset_irq_in widget unnamed-gpio-in 0 0\n");
    expect("OK"); /* the level was high already */
    expect("IRQ lower 0");
    expect("OK");
    g_assert_cmpint(sink_level[0], ==, 0);
    say("outb 0x100 0\n"); /* what is due at once comes before the answer */
    expect("IRQ raise 0");
    expect("OK");
    g_clear_pointer(&server, qtest_server_free);
    g_assert_true(device_get_gpio_out(&widget->dev, NULL, 0) == &sink[0]);
    end();
}

static void test_intercept_named(void)
{
    begin();
    CONVERSE({"irq_intercept_out widget ready", "OK"},
             {"set_irq_in widget unnamed-gpio-in 0 1", "OK"});
    irq_raise(widget->ready); /* with no line running, too */
    expect("IRQ raise 0");
    end();
}

static void test_device_goes(void)
{
    begin();
    CONVERSE({"irq_intercept_out other", "OK"});
    device_free(g_steal_pointer(&other));
    CONVERSE({"irq_intercept_out other", "FAIL Unknown device"});
    end();
}

/* --------------------------------------------------------------------------------- the loop -- */

static void ask_for_reset(void *opaque, int n, int level)
{
    if (level) {
        runstate_request_reset(SHUTDOWN_CAUSE_GUEST_RESET);
    }
}

/* After a line that asks for a reset the main loop comes before the next line. */
static void test_reset(void)
{
    Irq reset;
    RunstateRequests requests;

    begin();
    irq_init(&reset, ask_for_reset, NULL, 0);
    device_connect_gpio_out(&widget->dev, NULL, 1, &reset);
    say("set_irq_in widget unnamed-gpio-in 1 1\nwriteb 0 1\n");
    g_main_context_iteration(NULL, TRUE);
    g_assert_true(runstate_take_requests(&requests));
    g_assert_cmpint(requests.reset, ==, SHUTDOWN_CAUSE_GUEST_RESET);
    g_assert_cmpuint(address_space_ldub(&address_space_memory, 0, NULL), ==, 0);
    expect("OK");
    expect("OK");
    g_assert_cmpuint(address_space_ldub(&address_space_memory, 0, NULL), ==, 1);
    end();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/qtest/memory/widths", test_widths);
    g_test_add_func("/qtest/memory/holes", test_holes);
    g_test_add_func("/qtest/memory/blocks", test_blocks);
    g_test_add_func("/qtest/memory/huge", test_huge);
    g_test_add_func("/qtest/ports", test_ports);
    g_test_add_func("/qtest/lines/malformed", test_malformed);
    g_test_add_func("/qtest/lines/ignored", test_ignored_lines);
    g_test_add_func("/qtest/lines/pieces", test_pieces);
    g_test_add_func("/qtest/lines/endless", test_endless_line);
    g_test_add_func("/qtest/answers/slow-client", test_slow_client);
    g_test_add_func("/qtest/answers/largest", test_largest_read);
    g_test_add_func("/qtest/log", test_log);
    g_test_add_func("/qtest/busy-chardev", test_busy_chardev);
    g_test_add_func("/qtest/clock/step", test_step);
    g_test_add_func("/qtest/clock/long-step", test_long_step);
    g_test_add_func("/qtest/clock/client-leaves", test_client_leaves_in_a_step);
    g_test_add_func("/qtest/clock/foreign", test_foreign_clock);
    g_test_add_func("/qtest/irq/in", test_intercept_in);
    g_test_add_func("/qtest/irq/out", test_intercept_out);
    g_test_add_func("/qtest/irq/named", test_intercept_named);
    g_test_add_func("/qtest/irq/device-goes", test_device_goes);
    g_test_add_func("/qtest/reset", test_reset);
    return g_test_run();
}
