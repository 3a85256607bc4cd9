/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The process under a client: many at once, many in a row, what is left, how it ends.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vm.h"

#define AT_ONCE  20
#define IN_A_ROW 100

static unsigned count_entries(const char *path, const char *prefix)
{
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    const char *name;
    unsigned n = 0;

    g_assert_nonnull(dir);
    while ((name = g_dir_read_name(dir))) {
        n += !prefix || g_str_has_prefix(name, prefix);
    }
    return n;
}

/* Each has its own state. */
static void test_many_at_once(void)
{
    Vm *vms[AT_ONCE];

    for (int i = 0; i < AT_ONCE; i++) {
        vms[i] = vm_start("-m 16");
        writel(vms[i], 0x1000, i);
    }
    for (int i = 0; i < AT_ONCE; i++) {
        g_assert_cmpuint(readl(vms[i], 0x1000), ==, i);
        vm_step(vms[i], i + 1);
    }
    for (int i = 0; i < AT_ONCE; i++) {
        g_assert_cmpint(vm_step(vms[i], 1), ==, i + 2);
        vm_stop(vms[i]);
    }
}

static void test_many_in_a_row(void)
{
    g_autofree char *folder = g_dir_make_tmp("lignite-XXXXXX", NULL);
    g_autofree char *was = g_strdup(g_get_tmp_dir());
    const unsigned fds = count_entries("/proc/self/fd", NULL);

    g_assert_cmpint(chdir(folder), ==, 0);
    g_setenv("TMPDIR", folder, TRUE); /* whatever it might leave, it would leave here */
    for (int i = 0; i < IN_A_ROW; i++) {
        vm_stop(vm_start("-pidfile pid"));
        g_assert_cmpuint(count_entries(folder, NULL), ==, 0);
    }
    g_setenv("TMPDIR", was, TRUE);
    g_assert_cmpint(chdir("/"), ==, 0);
    g_assert_cmpuint(count_entries("/proc/self/fd", NULL), ==, fds);
    g_assert_cmpint(waitpid(-1, NULL, WNOHANG), ==, -1); /* no child either */
    g_assert_cmpint(rmdir(folder), ==, 0);
}

/* A client that dies without a word takes its machine with it. */
static void test_ends_with_parent(void)
{
    int pipe_fds[2];
    pid_t parent, pid;
    int status;

    g_assert_cmpint(pipe(pipe_fds), ==, 0);
    g_assert_cmpint(prctl(PR_SET_CHILD_SUBREAPER, 1), ==, 0); /* the orphan becomes ours */
    parent = fork();
    if (parent == 0) {
        Vm *vm = vm_start("-nodefaults");

        pid = vm_pid(vm);
        if (write(pipe_fds[1], &pid, sizeof(pid)) != sizeof(pid)) {
            _exit(1);
        }
        kill(getpid(), SIGKILL);
    }
    g_assert_cmpint(read(pipe_fds[0], &pid, sizeof(pid)), ==, sizeof(pid));
    g_assert_cmpint(waitpid(parent, &status, 0), ==, parent);
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid); /* hangs if it lives on */
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, 0);
    prctl(PR_SET_CHILD_SUBREAPER, 0);
    close(pipe_fds[0]);
    close(pipe_fds[1]);
}

/* The first accelerator that works is used. */
static void test_accelerator_order(void)
{
    Vm *vm = vm_start("-accel nothing -accel qtest -accel kvm");

    g_assert_cmpint(vm_step(vm, 1234), ==, 1234);
    vm_stop(vm);
}

/* Under an accelerator that runs the guest itself, the clock is not the client's. */
static void test_foreign_accelerator(void)
{
    Vm *vm = vm_start("-S -accel x86emu");

    g_assert_null(vm_ask(vm, "clock_step 1"));
    writel(vm, 0x1000, 0xabcd);
    g_assert_cmphex(readl(vm, 0x1000), ==, 0xabcd);
    vm_stop(vm);
}

/* Bad lines change nothing and the connection stays. */
static void test_malformed_lines(void)
{
    static const char *const lines[] = {
        "inb", "readl 0xzz", "read 0 0", "memset 0 0xffffffffffffffff 1", "outb 0x70",
        "write 0 0xffffffff 0x00", "clock_step -1", "irq_intercept_in nobody",
        "set_irq_in ioapic x 0 1", "b64write 0 1 *", "frobnicate",
    };
    Vm *vm = vm_start("-nodefaults");

    for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_assert_null(vm_ask(vm, "%s", lines[i]));
    }
    g_assert_cmphex(readq(vm, 0), ==, 0);
    vm_stop(vm);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/process/many-at-once", test_many_at_once);
    g_test_add_func("/process/many-in-a-row", test_many_in_a_row);
    g_test_add_func("/process/ends-with-parent", test_ends_with_parent);
    g_test_add_func("/process/accelerator-order", test_accelerator_order);
    g_test_add_func("/process/foreign-accelerator", test_foreign_accelerator);
    g_test_add_func("/process/malformed-lines", test_malformed_lines);
    return g_test_run();
}
