/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The serial ports of the machine, with somebody at the other end: ports, interrupts, times; and
 * the kinds of chardevs that can be there.
 */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "vm.h"

#define COM1 0x3f8

enum { RBR, THR = 0, DLL = 0, IER, DLM = 1, IIR, FCR = 2, LCR, MCR, LSR, MSR, SCR };
enum { LSR_DR = 0x01, LSR_OE = 0x02, LSR_THRE = 0x20, LSR_TEMT = 0x40 };
enum { IIR_NONE = 0x01, IIR_THRE = 0x02, IIR_DATA = 0x04, IIR_TIMEOUT = 0x0c, IIR_FIFO = 0xc0 };
enum { MCR_OUT2 = 0x08, MCR_LOOP = 0x10 };

/* A machine whose first serial port is a socket, and its peer. */
typedef struct Rig {
    char *folder;
    Vm *vm;
    int peer;
} Rig;

static int connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
    g_assert_cmpint(connect(fd, (struct sockaddr *)&address, sizeof(address)), ==, 0);
    return fd;
}

static void begin(Rig *rig)
{
    g_autofree char *path = NULL;

    rig->folder = g_dir_make_tmp("lignite-XXXXXX", NULL);
    path = g_build_filename(rig->folder, "peer", NULL);
    rig->vm = vm_start("-nodefaults -serial unix:%s,server=on,wait=off", path);
    rig->peer = connect_to(path);
    vm_watch_irqs(rig->vm, "ioapic");
}

static void end(Rig *rig)
{
    vm_stop(rig->vm);
    close(rig->peer);
    g_assert_cmpint(g_rmdir(rig->folder), ==, 0); /* the socket has gone */
    g_free(rig->folder);
}

static void set_divisor(Vm *vm, uint16_t divisor)
{
    outb(vm, COM1 + LCR, 0x83);
    outb(vm, COM1 + DLL, divisor & 0xff);
    outb(vm, COM1 + DLM, divisor >> 8);
    outb(vm, COM1 + LCR, 0x03); /* 8N1 */
}

/* The peer sends; wait until the guest could see the first of it. */
static void send_text(Rig *rig, const char *text)
{
    g_assert_cmpint(send(rig->peer, text, strlen(text), MSG_NOSIGNAL), ==, strlen(text));
    while (!(inb(rig->vm, COM1 + LSR) & LSR_DR)) {
    }
}

static void expect_text(Rig *rig, const char *text)
{
    char buf[64] = "";

    g_assert_cmpuint(strlen(text), <, sizeof(buf));
    g_assert_cmpint(recv(rig->peer, buf, strlen(text), MSG_WAITALL), ==, strlen(text));
    g_assert_cmpstr(buf, ==, text);
}

static void test_registers(void)
{
    Rig rig;

    begin(&rig);
    for (int turn = 0; turn < 2; turn++) {
        g_assert_cmphex(inb(rig.vm, COM1 + IER), ==, 0);
        g_assert_cmphex(inb(rig.vm, COM1 + IIR), ==, IIR_NONE);
        g_assert_cmphex(inb(rig.vm, COM1 + LCR), ==, 0);
        g_assert_cmphex(inb(rig.vm, COM1 + LSR), ==, LSR_THRE | LSR_TEMT);
        outb(rig.vm, COM1 + SCR, 0xa5);
        g_assert_cmphex(inb(rig.vm, COM1 + SCR), ==, 0xa5);
        outb(rig.vm, COM1 + IER, 0xff);
        g_assert_cmphex(inb(rig.vm, COM1 + IER), ==, 0x0f);
        set_divisor(rig.vm, 0x1234);
        outb(rig.vm, COM1 + LCR, 0x83);
        g_assert_cmphex(inw(rig.vm, COM1), ==, 0x1234);
        outb(rig.vm, COM1 + LCR, 0x03);
        vm_reset(rig.vm);
    }
    end(&rig);
}

/* Each port where a PC has it, with the interrupt that it has there. */
static void test_places(void)
{
    static const struct {
        uint16_t port;
        int irq;
    } ports[] = {{0x3f8, 4}, {0x2f8, 3}, {0x3e8, 4}, {0x2e8, 3}};
    Vm *vm = vm_start("-nodefaults -serial null -serial null -serial null -serial null");

    vm_watch_irqs(vm, "ioapic");
    for (size_t i = 0; i < G_N_ELEMENTS(ports); i++) {
        const unsigned before = vm_irq_count(vm, ports[i].irq);

        outb(vm, ports[i].port + MCR, MCR_OUT2);
        outb(vm, ports[i].port + IER, 0x02);
        g_assert_cmpuint(vm_irq_count(vm, ports[i].irq), ==, before + 1);
        g_assert_cmphex(inb(vm, ports[i].port + IIR), ==, IIR_THRE); /* which ends it */
        g_assert_false(vm_irq(vm, ports[i].irq));
        outb(vm, ports[i].port + IER, 0);
    }
    vm_stop(vm);
    vm = vm_start("-nodefaults -serial null");
    g_assert_cmphex(inb(vm, 0x2f8 + LSR), ==, 0xff); /* nobody is there */
    vm_stop(vm);
}

static void test_transmit(void)
{
    Rig rig;

    begin(&rig);
    set_divisor(rig.vm, 1);
    for (const char *c = "Hello, world"; *c; c++) {
        g_assert_cmphex(inb(rig.vm, COM1 + LSR) & LSR_THRE, ==, LSR_THRE);
        outb(rig.vm, COM1 + THR, *c);
    }
    expect_text(&rig, "Hello, world");
    end(&rig);
}

/* Without the FIFO, one character at a time; the next one comes when it was read. */
static void test_receive(void)
{
    Rig rig;

    begin(&rig);
    outb(rig.vm, COM1 + MCR, MCR_OUT2);
    outb(rig.vm, COM1 + IER, 0x01);
    send_text(&rig, "abc");
    for (const char *c = "abc"; *c; c++) {
        while (!vm_irq(rig.vm, 4)) {
            inb(rig.vm, COM1 + SCR);
        }
        g_assert_cmphex(inb(rig.vm, COM1 + IIR), ==, IIR_DATA);
        g_assert_cmphex(inb(rig.vm, COM1 + RBR), ==, *c);
    }
    g_assert_cmphex(inb(rig.vm, COM1 + LSR) & (LSR_DR | LSR_OE), ==, 0);
    g_assert_false(vm_irq(rig.vm, 4));
    end(&rig);
}

/* Too few characters for the trigger interrupt after four times what one takes, and no sooner. */
static void test_time_out(void)
{
    static const struct {
        uint16_t divisor;
        int64_t ns; /* 4 characters of 10 bits */
    } cases[] = {{1, INT64_C(347222)}, {12, INT64_C(4166666)}, {96, INT64_C(33333333)}};

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        Rig rig;
        int64_t begun, at;

        begin(&rig);
        set_divisor(rig.vm, cases[i].divisor);
        outb(rig.vm, COM1 + FCR, 0x81); /* 8 characters */
        outb(rig.vm, COM1 + MCR, MCR_OUT2);
        outb(rig.vm, COM1 + IER, 0x01);
        begun = vm_step(rig.vm, NANOSECONDS_PER_SECOND);
        send_text(&rig, "a");
        g_assert_cmphex(inb(rig.vm, COM1 + IIR), ==, IIR_FIFO | IIR_NONE);
        at = vm_step_to_next(rig.vm);
        g_assert_cmpint(ABS(at - begun - cases[i].ns), <=, 1);
        g_assert_true(vm_irq(rig.vm, 4));
        g_assert_cmphex(inb(rig.vm, COM1 + IIR), ==, IIR_FIFO | IIR_TIMEOUT);
        g_assert_cmphex(inb(rig.vm, COM1 + RBR), ==, 'a');
        g_assert_false(vm_irq(rig.vm, 4));
        end(&rig);
    }
}

/* The divisor 0 is no division by it (CVE-2016-8669). */
static void test_divisor_zero(void)
{
    Rig rig;

    begin(&rig);
    set_divisor(rig.vm, 0);
    outb(rig.vm, COM1 + FCR, 0xc1);
    send_text(&rig, "x");
    vm_step(rig.vm, NANOSECONDS_PER_SECOND);
    outb(rig.vm, COM1 + THR, 'y');
    expect_text(&rig, "y");
    g_assert_cmphex(inb(rig.vm, COM1 + RBR), ==, 'x');
    end(&rig);
}

static void test_loopback(void)
{
    Rig rig;

    begin(&rig);
    outb(rig.vm, COM1 + MCR, MCR_LOOP | 0x0f);
    g_assert_cmphex(inb(rig.vm, COM1 + MSR) & 0xf0, ==, 0xf0);
    outb(rig.vm, COM1 + MCR, MCR_LOOP | 0x01); /* DTR is seen as DSR */
    g_assert_cmphex(inb(rig.vm, COM1 + MSR) & 0xf0, ==, 0x20);
    outb(rig.vm, COM1 + THR, 'L');
    g_assert_cmphex(inb(rig.vm, COM1 + RBR), ==, 'L');
    outb(rig.vm, COM1 + MCR, 0);
    outb(rig.vm, COM1 + THR, 'o');
    expect_text(&rig, "o"); /* and the L did not get out */
    end(&rig);
}

/* A peer that floods is held back, and nothing is lost: the guest reads what was sent first. */
static void test_flood(void)
{
    enum { PIECE = 4096, MOST = 16 << 20, READ = 1000 };
    char piece[PIECE];
    ssize_t sent = 0;
    Rig rig;

    begin(&rig);
    for (int i = 0; i < PIECE; i++) {
        piece[i] = i * 7 + i / 256;
    }
    outb(rig.vm, COM1 + FCR, 0x01);
    for (int idle = 0; idle < 10;) { /* until nobody takes any more of it */
        ssize_t n =
            send(rig.peer, piece + sent % PIECE, PIECE - sent % PIECE, MSG_DONTWAIT | MSG_NOSIGNAL);

        idle = n > 0 ? 0 : idle + 1;
        sent += MAX(n, 0);
        g_assert_cmpint(sent, <, MOST);
        inb(rig.vm, COM1 + LSR); /* it has had its turn */
    }
    for (int i = 0; i < READ; i++) {
        while (!(inb(rig.vm, COM1 + LSR) & LSR_DR)) {
        }
        g_assert_cmphex(inb(rig.vm, COM1 + RBR), ==, (uint8_t)piece[i % PIECE]);
    }
    g_assert_cmphex(inb(rig.vm, COM1 + LSR) & LSR_OE, ==, 0);
    end(&rig);
}

/* A peer that goes makes no difference to the guest, and the next one finds it as it was. */
static void test_peer_goes(void)
{
    g_autofree char *path = NULL;
    Rig rig;

    begin(&rig);
    path = g_build_filename(rig.folder, "peer", NULL);
    close(rig.peer);
    for (int i = 0; i < 100; i++) {
        outb(rig.vm, COM1 + THR, 'x');
    }
    g_assert_cmphex(inb(rig.vm, COM1 + LSR), ==, LSR_THRE | LSR_TEMT);
    rig.peer = connect_to(path);
    send_text(&rig, "!");
    g_assert_cmphex(inb(rig.vm, COM1 + RBR), ==, '!');
    outb(rig.vm, COM1 + THR, '?');
    expect_text(&rig, "?");
    end(&rig);
}

/* What goes out arrives, whatever kind of chardev is there. */
static void test_kinds(void)
{
    g_autofree char *folder = g_dir_make_tmp("lignite-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "f", NULL);
    g_autofree char *in = g_strconcat(path, ".in", NULL);
    g_autofree char *out = g_strconcat(path, ".out", NULL);
    static const char *const kinds[] = {"file", "pipe"};

    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        g_autofree char *found = NULL;
        char buf[3] = "";
        int fd = -1;
        Vm *vm;

        if (g_str_equal(kinds[i], "pipe")) {
            g_assert_cmpint(mkfifo(in, 0600), ==, 0);
            g_assert_cmpint(mkfifo(out, 0600), ==, 0);
            fd = g_open(out, O_RDWR);
        }
        vm = vm_start("-nodefaults -chardev %s,id=c,path=%s -serial chardev:c", kinds[i], path);
        outb(vm, COM1 + THR, 'O');
        outb(vm, COM1 + THR, 'K');
        vm_stop(vm);
        if (fd >= 0) {
            g_assert_cmpint(read(fd, buf, 2), ==, 2);
            close(fd);
        } else {
            g_assert_true(g_file_get_contents(path, &found, NULL, NULL));
            g_strlcpy(buf, found, sizeof(buf));
        }
        g_assert_cmpstr(buf, ==, "OK");
        g_unlink(path);
        g_unlink(in);
        g_unlink(out);
    }
    g_assert_cmpint(g_rmdir(folder), ==, 0);
}

/* The names that clients find in query-chardev, and where they lead. */
static void test_labels(void)
{
    Vm *vm = vm_start("-nodefaults -serial null -chardev ringbuf,id=r -serial chardev:r"
                      " -chardev null,id=unused");
    json_t *list = vm_qmp(vm, "query-chardev", NULL), *row;
    g_autoptr(GHashTable) found = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    size_t i;

    json_array_foreach (list, i, row) {
        g_hash_table_insert(found, g_strdup(json_string_value(json_object_get(row, "label"))),
                            g_strdup(json_string_value(json_object_get(row, "filename"))));
    }
    json_decref(list);
    g_assert_cmpstr(g_hash_table_lookup(found, "serial0"), ==, "null");
    g_assert_cmpstr(g_hash_table_lookup(found, "r"), ==, "ringbuf");
    g_assert_cmpstr(g_hash_table_lookup(found, "unused"), ==, "null");
    g_assert_true(g_hash_table_contains(found, "char0")); /* QMP's own */
    vm_stop(vm);
}

/* What firmware says on port 0x402, and that it can see the port is there. */
static void test_debug_port(void)
{
    g_autofree char *folder = g_dir_make_tmp("lignite-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "log", NULL);
    g_autofree char *text = NULL;
    Vm *vm = vm_start("-nodefaults -debugcon file:%s -global isa-debugcon.iobase=0x402", path);

    g_assert_cmphex(inb(vm, 0x402), ==, 0xe9);
    outb(vm, 0x402, 'o');
    outb(vm, 0x402, 'k');
    vm_stop(vm);
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, "ok");
    g_unlink(path);
    g_rmdir(folder);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/serial/registers", test_registers);
    g_test_add_func("/serial/places", test_places);
    g_test_add_func("/serial/transmit", test_transmit);
    g_test_add_func("/serial/receive", test_receive);
    g_test_add_func("/serial/time-out", test_time_out);
    g_test_add_func("/serial/divisor-zero", test_divisor_zero);
    g_test_add_func("/serial/loopback", test_loopback);
    g_test_add_func("/serial/flood", test_flood);
    g_test_add_func("/serial/peer-goes", test_peer_goes);
    g_test_add_func("/serial/kinds", test_kinds);
    g_test_add_func("/serial/labels", test_labels);
    g_test_add_func("/serial/debug-port", test_debug_port);
    return g_test_run();
}
