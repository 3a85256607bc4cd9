/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sandbox: what it takes from -sandbox, and what it takes from the process. Each case enters it
 * in a child, because there is no way back.
 */
#include "sandbox.h"

#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static bool parse(SandboxOptions *sandbox, const char *text, GError **errp)
{
    g_autoptr(Opts) opts = opts_parse(text, "enable", errp);

    return opts && sandbox_parse(opts, sandbox, errp) && opts_check_unknown(opts, errp);
}

static void test_words(void)
{
    static const char *const bad[] = {"maybe", "on,spawn=perhaps", "on,spawn=children",
                                      "on,elevateprivileges=no", "on,fork=deny"};
    SandboxOptions sandbox = {};
    g_autoptr(GError) err = NULL;

    g_assert_true(parse(&sandbox, "off", &err));
    g_assert_false(sandbox.enable);
    g_assert_true(parse(&sandbox, "on,obsolete=deny,elevateprivileges=children,spawn=allow", &err));
    g_assert_true(sandbox.enable && sandbox.deny[SANDBOX_OBSOLETE] && sandbox.no_new_privs);
    g_assert_false(sandbox.deny[SANDBOX_ELEVATE] || sandbox.deny[SANDBOX_SPAWN] ||
                   sandbox.deny[SANDBOX_RESOURCE_CONTROL]);
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) bad_err = NULL;

        g_assert_false(parse(&sandbox, bad[i], &bad_err));
        g_assert_nonnull(bad_err);
    }
}

static void *nothing(void *opaque)
{
    return opaque;
}

static long call(long number)
{
    pthread_t thread;

    switch (number) {
    case SYS_clone: /* a thread, which is allowed */
        return pthread_create(&thread, NULL, nothing, NULL) || pthread_join(thread, NULL);
    case SYS_fork:
        if (syscall(SYS_fork) == 0) {
            _exit(0);
        }
        return 0;
    default:
        return syscall(number, 0, 0, 0, 0, 0);
    }
}

/* What becomes of a process that enters the sandbox and makes a call; its wait status. */
static int run(const char *text, long number)
{
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        SandboxOptions sandbox = {};

        if (!parse(&sandbox, text, NULL)) {
            _exit(2);
        }
        if (!sandbox_enter(&sandbox, NULL)) {
            _exit(3);
        }
        call(number);
        _exit(0);
    }
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    return status;
}

static void test_calls(void)
{
    static const struct {
        const char *options;
        long number;
        bool denied;
    } cases[] = {
        {"off", SYS_swapoff, false},
        {"on", SYS_getppid, false},
        {"on", SYS_clone, false},
        {"on", SYS_fork, false},
        {"on", SYS_setuid, false},
        {"on", SYS_sysfs, false},
        {"on", SYS_swapoff, true},
        {"on", SYS_ptrace, true},
        {"on", SYS_bpf, true},
        {"on", SYS_init_module, true},
        {"on,obsolete=deny", SYS_sysfs, true},
        {"on,elevateprivileges=allow", SYS_setgid, false},
        {"on,elevateprivileges=children", SYS_setgid, false},
        {"on,elevateprivileges=deny", SYS_setgid, true},
        {"on,spawn=deny", SYS_fork, true},
        {"on,spawn=deny", SYS_execve, true},
        {"on,spawn=deny", SYS_clone, false},
        {"on,resourcecontrol=deny", SYS_sched_setscheduler, true},
        {"on,resourcecontrol=allow", SYS_sched_setscheduler, false},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const int status = run(cases[i].options, cases[i].number);

        g_test_message("%s: %ld", cases[i].options, cases[i].number);
        if (cases[i].denied) {
            g_assert_true(WIFSIGNALED(status));
            g_assert_cmpint(WTERMSIG(status), ==, SIGSYS);
        } else {
            g_assert_true(WIFEXITED(status));
            g_assert_cmpint(WEXITSTATUS(status), ==, 0);
        }
    }
}

/* A pipe keeps the thread waiting until the main one is in the sandbox. */
static int pipe_fds[2];

static void *late_call(void *opaque)
{
    char word;

    if (read(pipe_fds[0], &word, 1) == 1) {
        syscall(SYS_swapoff, NULL);
    }
    return NULL;
}

static void test_other_threads(void)
{
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        SandboxOptions sandbox = {.enable = true};
        pthread_t thread;

        if (pipe(pipe_fds) < 0 || pthread_create(&thread, NULL, late_call, NULL) ||
            !sandbox_enter(&sandbox, NULL) || write(pipe_fds[1], "", 1) != 1) {
            _exit(1);
        }
        pthread_join(thread, NULL);
        _exit(0);
    }
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    g_assert_true(WIFSIGNALED(status));
    g_assert_cmpint(WTERMSIG(status), ==, SIGSYS);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sandbox/words", test_words);
    g_test_add_func("/sandbox/calls", test_calls);
    g_test_add_func("/sandbox/other-threads", test_other_threads);
    return g_test_run();
}
