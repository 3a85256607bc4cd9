/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The client: the program's start and end, its qtest lines, PCI by ports.
 */
#include "vm-internal.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_MS 60000

extern char **environ;

/* --------------------------------------------------------------------------- start and end -- */

static int listen_at(const char *folder, const char *name)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_assert_cmpuint(strlen(path), <, sizeof(address.sun_path));
    strcpy(address.sun_path, path);
    g_assert_cmpint(bind(fd, (struct sockaddr *)&address, sizeof(address)), ==, 0);
    g_assert_cmpint(listen(fd, 1), ==, 0);
    return fd;
}

static void wait_readable(const Vm *vm, int fd)
{
    struct pollfd pfd = {.fd = fd, .events = POLLIN};
    int n;

    do {
        n = poll(&pfd, 1, PATIENCE_MS);
    } while (n < 0 && errno == EINTR);
    if (n == 0) {
        kill(vm->pid, SIGKILL);
        g_error("process %d says nothing", (int)vm->pid);
    }
}

/* Accept once, unless it ended meanwhile: then it has said why. */
static int accept_from(const Vm *vm, int listener, const char *name)
{
    struct pollfd pfd = {.fd = listener, .events = POLLIN};
    g_autofree char *path = g_build_filename(vm->folder, name, NULL);
    int fd;

    for (int waited = 0; poll(&pfd, 1, 100) == 0; waited += 100) {
        siginfo_t info = {};

        g_assert_cmpint(waited, <, PATIENCE_MS);
        waitid(P_PID, vm->pid, &info, WEXITED | WNOHANG | WNOWAIT);
        if (info.si_pid) {
            g_error("the program ended at once with status %d", info.si_status);
        }
    }
    fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    g_assert_cmpint(fd, >=, 0);
    close(listener);
    g_unlink(path);
    return fd;
}

/* What clients start QEMU with; their own options stand before the accelerator. */
static GPtrArray *command_line(const char *folder, const char *options)
{
    const char *binary = g_getenv("LIGNITE");
    GPtrArray *argv = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *qtest = g_strdup_printf("unix:%s/qtest", folder);
    g_autofree char *qmp = g_strdup_printf("socket,path=%s/qmp,id=char0", folder);
    g_auto(GStrv) words = NULL;
    g_autoptr(GError) err = NULL;

    if (!binary) {
        g_error("the environment's LIGNITE must name the program");
    }
    for (const char *const *word =
             (const char *const[]){binary, "-qtest", qtest, "-qtest-log", "/dev/null", "-chardev",
                                   qmp, "-object", "monitor-qmp,id=qmp0,chardev=char0", "-display",
                                   "none", "-audio", "none", "-run-with", "exit-with-parent=on",
                                   NULL};
         *word; word++) {
        g_ptr_array_add(argv, g_strdup(*word));
    }
    if (*options) {
        g_assert_true(g_shell_parse_argv(options, NULL, &words, &err));
    }
    for (char **word = words; word && *word; word++) {
        g_ptr_array_add(argv, g_strdup(*word));
    }
    g_ptr_array_add(argv, g_strdup("-accel"));
    g_ptr_array_add(argv, g_strdup("qtest"));
    g_ptr_array_add(argv, NULL);
    return argv;
}

Vm *vm_start(const char *fmt, ...)
{
    Vm *vm = g_new0(Vm, 1);
    g_autofree char *options = NULL;
    g_autofree char *first = NULL;
    g_autoptr(GPtrArray) argv = NULL;
    va_list ap;
    int qtest, qmp;

    va_start(ap, fmt);
    options = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    vm->folder = g_dir_make_tmp("lignite-XXXXXX", NULL);
    g_assert_nonnull(vm->folder);
    qtest = listen_at(vm->folder, "qtest");
    qmp = listen_at(vm->folder, "qmp");
    argv = command_line(vm->folder, options);
    g_assert_cmpint(
        posix_spawn(&vm->pid, argv->pdata[0], NULL, NULL, (char **)argv->pdata, environ), ==, 0);
    vm->qtest.fd = accept_from(vm, qtest, "qtest");
    vm->qmp.fd = accept_from(vm, qmp, "qmp");
    vm_qmp_begin(vm);
    first = vm_ask(vm, "endianness");
    g_assert_cmpstr(first, ==, "little");
    return vm;
}

int vm_wait(Vm *vm)
{
    g_autoptr(GDir) dir = NULL;
    const char *name;
    int status;

    while (waitpid(vm->pid, &status, 0) < 0) {
        g_assert_cmpint(errno, ==, EINTR);
    }
    g_assert_true(WIFEXITED(status));
    close(vm->qtest.fd);
    close(vm->qmp.fd);
    vm_qmp_end(vm);
    dir = g_dir_open(vm->folder, 0, NULL);
    while ((name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(vm->folder, name, NULL);

        g_unlink(path);
    }
    g_rmdir(vm->folder);
    g_free(vm->folder);
    g_free(vm);
    return WEXITSTATUS(status);
}

void vm_stop(Vm *vm)
{
    g_assert_cmpint(kill(vm->pid, SIGTERM), ==, 0);
    g_assert_cmpint(vm_wait(vm), ==, 0);
}

pid_t vm_pid(const Vm *vm)
{
    return vm->pid;
}

const char *vm_folder(const Vm *vm)
{
    return vm->folder;
}

/* ---------------------------------------------------------------------------------- lines -- */

char *vm_read_line(const Vm *vm, Channel *channel)
{
    g_autoptr(GString) line = g_string_new(NULL);

    for (;;) {
        char *start = channel->buf + channel->start;
        char *newline = memchr(start, '\n', channel->end - channel->start);
        size_t len = newline ? newline - start : channel->end - channel->start;
        ssize_t n;

        g_string_append_len(line, start, len);
        if (newline) {
            channel->start += len + 1;
            return g_string_free(g_steal_pointer(&line), FALSE);
        }
        wait_readable(vm, channel->fd);
        n = read(channel->fd, channel->buf, sizeof(channel->buf));
        if (n <= 0) {
            g_error("process %d has ended", (int)vm->pid);
        }
        channel->start = 0;
        channel->end = n;
    }
}

static bool take_event(Vm *vm, const char *line)
{
    bool raised = g_str_has_prefix(line, "IRQ raise ");
    int n;

    if (!raised && !g_str_has_prefix(line, "IRQ lower ")) {
        return false;
    }
    n = atoi(line + strlen("IRQ raise "));
    g_assert_cmpint(n, >=, 0);
    g_assert_cmpint(n, <, VM_IRQS);
    g_assert_cmpint(vm->irq[n], !=, raised); /* changes alone are told */
    vm->irq[n] = raised;
    vm->irq_count[n] += raised;
    return true;
}

void vm_say(const Vm *vm, Channel *channel, const char *text)
{
    size_t len = strlen(text);

    while (len) {
        ssize_t n = send(channel->fd, text, len, MSG_NOSIGNAL);

        if (n < 0) {
            g_error("process %d has ended", (int)vm->pid);
        }
        text += n;
        len -= n;
    }
}

static char *ask(Vm *vm, const char *fmt, va_list ap)
{
    g_autofree char *text = g_strdup_vprintf(fmt, ap);
    g_autofree char *line = g_strconcat(text, "\n", NULL);
    char *answer;

    vm_say(vm, &vm->qtest, line);
    while (take_event(vm, answer = vm_read_line(vm, &vm->qtest))) {
        g_free(answer);
    }
    return answer;
}

char *vm_ask(Vm *vm, const char *fmt, ...)
{
    g_autofree char *answer = NULL;
    va_list ap;

    va_start(ap, fmt);
    answer = ask(vm, fmt, ap);
    va_end(ap);
    if (g_str_has_prefix(answer, "FAIL")) {
        return NULL;
    }
    g_assert_true(g_str_equal(answer, "OK") || g_str_has_prefix(answer, "OK "));
    return g_strdup(answer[2] ? answer + 3 : "");
}

/* What must work: the number that it answers, or 0. */
G_GNUC_PRINTF(2, 3)
static uint64_t must(Vm *vm, const char *fmt, ...)
{
    g_autofree char *answer = NULL;
    va_list ap;

    va_start(ap, fmt);
    answer = ask(vm, fmt, ap);
    va_end(ap);
    if (!g_str_has_prefix(answer, "OK")) {
        g_error("'%s' was answered by '%s'", fmt, answer);
    }
    return answer[2] ? g_ascii_strtoull(answer + 3, NULL, 0) : 0;
}

/* -------------------------------------------------------------------------- ports, memory -- */

#define PORT_ACCESS(letter, type)                                                                  \
    void out##letter(Vm *vm, uint16_t port, type value)                                            \
    {                                                                                              \
        must(vm, "out" #letter " 0x%x 0x%x", port, value);                                         \
    }                                                                                              \
    type in##letter(Vm *vm, uint16_t port)                                                         \
    {                                                                                              \
        return must(vm, "in" #letter " 0x%x", port);                                               \
    }

#define MEMORY_ACCESS(letter, type)                                                                \
    void write##letter(Vm *vm, uint64_t addr, type value)                                          \
    {                                                                                              \
        must(vm, "write" #letter " 0x%" PRIx64 " 0x%" PRIx64, addr, (uint64_t)value);              \
    }                                                                                              \
    type read##letter(Vm *vm, uint64_t addr)                                                       \
    {                                                                                              \
        return must(vm, "read" #letter " 0x%" PRIx64, addr);                                       \
    }

PORT_ACCESS(b, uint8_t)
PORT_ACCESS(w, uint16_t)
PORT_ACCESS(l, uint32_t)
MEMORY_ACCESS(b, uint8_t)
MEMORY_ACCESS(w, uint16_t)
MEMORY_ACCESS(l, uint32_t)
MEMORY_ACCESS(q, uint64_t)

void vm_read(Vm *vm, uint64_t addr, void *buf, size_t len)
{
    g_autofree char *text = vm_ask(vm, "b64read 0x%" PRIx64 " 0x%zx", addr, len);
    g_autofree guchar *data = NULL;
    gsize n;

    g_assert_nonnull(text);
    data = g_base64_decode(text, &n);
    g_assert_cmpuint(n, ==, len);
    memcpy(buf, data, len);
}

void vm_write(Vm *vm, uint64_t addr, const void *buf, size_t len)
{
    g_autofree char *text = g_base64_encode(buf, len);

    must(vm, "b64write 0x%" PRIx64 " 0x%zx %s", addr, len, text);
}

void vm_fill(Vm *vm, uint64_t addr, size_t len, uint8_t value)
{
    must(vm, "memset 0x%" PRIx64 " 0x%zx %u", addr, len, value);
}

void vm_reset(Vm *vm)
{
    outb(vm, 0xcf9, 2);
    outb(vm, 0xcf9, 6);
    must(vm, "endianness"); /* runs after the reset */
}

uint8_t cmos_read(Vm *vm, uint8_t index)
{
    outb(vm, 0x70, index);
    return inb(vm, 0x71);
}

void cmos_write(Vm *vm, uint8_t index, uint8_t value)
{
    outb(vm, 0x70, index);
    outb(vm, 0x71, value);
}

/* ----------------------------------------------------------------------- time, interrupts -- */

int64_t vm_step(Vm *vm, int64_t ns)
{
    return must(vm, "clock_step %" PRId64, ns);
}

int64_t vm_step_to_next(Vm *vm)
{
    g_autofree char *now = vm_ask(vm, "clock_step");

    return now ? g_ascii_strtoll(now, NULL, 10) : -1;
}

int64_t vm_set_clock(Vm *vm, int64_t ns)
{
    return must(vm, "clock_set %" PRId64, ns);
}

void vm_watch_irqs(Vm *vm, const char *device)
{
    must(vm, "irq_intercept_in %s", device);
}

bool vm_irq(const Vm *vm, int n)
{
    return vm->irq[n];
}

unsigned vm_irq_count(const Vm *vm, int n)
{
    return vm->irq_count[n];
}

void vm_set_irq(Vm *vm, const char *device, const char *list, int n, int level)
{
    must(vm, "set_irq_in %s %s %d %d", device, list ? list : "unnamed-gpio-in", n, level);
}

/* ------------------------------------------------------------------------------------ PCI -- */

#define CONFIG_ADDRESS 0xcf8
#define CONFIG_DATA    0xcfc

static uint16_t select_register(Vm *vm, int devfn, uint8_t reg)
{
    outl(vm, CONFIG_ADDRESS, 1u << 31 | devfn << 8 | (reg & ~3));
    return CONFIG_DATA + (reg & 3);
}

#define CONFIG_ACCESS(letter, type)                                                                \
    type pci_read##letter(Vm *vm, int devfn, uint8_t reg)                                          \
    {                                                                                              \
        return in##letter(vm, select_register(vm, devfn, reg));                                    \
    }                                                                                              \
    void pci_write##letter(Vm *vm, int devfn, uint8_t reg, type value)                             \
    {                                                                                              \
        out##letter(vm, select_register(vm, devfn, reg), value);                                   \
    }

CONFIG_ACCESS(b, uint8_t)
CONFIG_ACCESS(w, uint16_t)
CONFIG_ACCESS(l, uint32_t)

int pci_find(Vm *vm, uint16_t vendor, uint16_t device, int nth)
{
    for (int devfn = 0; devfn < 256; devfn++) {
        if (pci_readl(vm, devfn, 0) == ((uint32_t)device << 16 | vendor) && nth-- == 0) {
            return devfn;
        }
    }
    return -1;
}

uint32_t pci_bar_size(Vm *vm, int devfn, int bar)
{
    const uint8_t reg = 0x10 + 4 * bar;
    const uint32_t was = pci_readl(vm, devfn, reg);
    uint32_t mask;

    pci_writel(vm, devfn, reg, UINT32_MAX);
    mask = pci_readl(vm, devfn, reg);
    pci_writel(vm, devfn, reg, was);
    mask &= mask & 1 ? ~3u : ~15u;
    return -mask;
}
