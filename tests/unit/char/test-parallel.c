/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parallel port: a printer that is slow, or gone; properties. */
#include "../harness.h"

#include <glib/gstdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "backends/char.h"
#include "hw/char/parallel.h"

#define LPT1       0x378
#define READY      0xdf
#define CHARACTERS (1 << 20) /* more than what the host and the chardev keep */

enum { STROBE = 0x01, NINIT = 0x04, SELECT = 0x08, INTERRUPT = 0x10 };

/* A printer at the other end of a socket. */
typedef struct Printer {
    char *folder, *path;
    Chardev *chr;
    int fd;
} Printer;

static void printer_begin(Printer *p)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    g_autoptr(GError) err = NULL;
    g_autoptr(Opts) opts = opts_new();

    p->folder = g_dir_make_tmp("lignite-XXXXXX", NULL);
    p->path = g_build_filename(p->folder, "printer", NULL);
    strcpy(address.sun_path, p->path);
    g_assert_cmpint(bind(listener, (struct sockaddr *)&address, sizeof(address)), ==, 0);
    g_assert_cmpint(listen(listener, 1), ==, 0);
    opts_set(opts, "backend", "socket");
    opts_set(opts, "id", "printer");
    opts_set(opts, "path", p->path);
    p->chr = chardev_new(opts, &err);
    g_assert_no_error(err);
    p->fd = accept(listener, NULL, NULL);
    g_assert_cmpint(p->fd, >=, 0);
    close(listener);
}

static void printer_end(Printer *p)
{
    chardev_free(p->chr);
    if (p->fd >= 0) {
        close(p->fd);
    }
    g_unlink(p->path);
    g_rmdir(p->folder);
    g_free(p->path);
    g_free(p->folder);
}

static uint8_t character(unsigned n)
{
    return n * 7 + (n >> 8);
}

/* Print until the printer is busy; how many characters it took, with the one it holds. */
static unsigned print_until_busy(uint8_t control)
{
    unsigned n = 0;

    while (inb(LPT1 + 1) == READY) {
        g_assert_cmpuint(n, <, CHARACTERS);
        outb(LPT1, character(n++));
        outb(LPT1 + 2, control | SELECT | NINIT | STROBE);
        outb(LPT1 + 2, control | SELECT | NINIT);
    }
    return n;
}

/* It stays busy, keeps what it took, and acknowledges when there is room again. */
static void test_slow(void)
{
    Printer printer;
    unsigned printed, got = 0;
    Harness h;

    harness_begin(&h);
    printer_begin(&printer);
    harness_isa_device(&h, &parallel_class, "chardev", "printer", NULL);
    printed = print_until_busy(INTERRUPT);
    record_clear(&h.irq[7]);
    outb(LPT1, 0xff);                                    /* what it holds is latched */
    outb(LPT1 + 2, INTERRUPT | SELECT | NINIT | STROBE); /* it does not look */
    outb(LPT1 + 2, INTERRUPT | SELECT | NINIT);
    g_assert_cmpint(h.irq[7].raised, ==, 0);
    while (got < printed) {
        uint8_t buf[4096];
        ssize_t n = recv(printer.fd, buf, sizeof(buf), MSG_DONTWAIT);

        for (ssize_t i = 0; i < n; i++) {
            g_assert_cmphex(buf[i], ==, character(got++));
        }
        g_main_context_iteration(NULL, n <= 0 && got < printed);
    }
    g_assert_cmpint(h.irq[7].raised, ==, 1);
    g_assert_cmphex(inb(LPT1 + 1), ==, READY);
    g_assert_cmpint(h.irq[7].level, ==, 0);
    harness_end(&h);
    printer_end(&printer);
}

/* A printer that is pulled out while it is busy keeps nobody waiting. */
static void test_gone(void)
{
    Printer printer;
    Harness h;

    harness_begin(&h);
    printer_begin(&printer);
    harness_isa_device(&h, &parallel_class, "chardev", "printer", NULL);
    print_until_busy(0);
    close(printer.fd);
    printer.fd = -1;
    while (inb(LPT1 + 1) != READY) {
        g_main_context_iteration(NULL, TRUE);
    }
    for (int i = 0; i < 1000; i++) { /* the rest is lost */
        outb(LPT1 + 2, SELECT | NINIT | STROBE);
        outb(LPT1 + 2, SELECT | NINIT);
        g_assert_cmphex(inb(LPT1 + 1), ==, READY);
    }
    harness_end(&h);
    printer_end(&printer);
}

static void check_refused(Harness *h, const char *name, const char *value, const char *why)
{
    Device *dev = device_new(&parallel_class);
    g_autoptr(GError) err = NULL;

    if (name) {
        device_set_str(dev, name, value);
    }
    g_assert_false(device_realize(dev, &h->isa.bus, &err));
    g_assert_nonnull(strstr(err->message, why));
    device_free(dev);
}

static void test_refused(void)
{
    Printer printer;
    Harness h;

    harness_begin(&h);
    printer_begin(&printer);
    check_refused(&h, NULL, NULL, "empty char device");
    check_refused(&h, "chardev", "zz", "can't find value 'zz'");
    check_refused(&h, "index", "3", "number of parallel ports is 3");
    harness_isa_device(&h, &parallel_class, "chardev", "printer", "index", "1", NULL);
    g_assert_cmphex(inb(0x278 + 1), ==, READY);
    check_refused(&h, "index", "1", "index 1 is in use");
    check_refused(&h, "chardev", "printer", "in use");
    harness_end(&h);
    printer_end(&printer);
}

int main(int argc, char **argv)
{
    harness_init(&argc, &argv);
    signal(SIGPIPE, SIG_IGN);
    g_test_add_func("/parallel/slow", test_slow);
    g_test_add_func("/parallel/gone", test_gone);
    g_test_add_func("/parallel/refused", test_refused);
    return g_test_run();
}
