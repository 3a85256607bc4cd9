/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -daemonize, -run-with, -name process=, -sandbox: how the process stands in its host.
 */
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "error.h"

static int ready_fd = -1; /* the daemon tells the one that waits */

void process_options_clear(ProcessOptions *options)
{
    g_clear_pointer(&options->name, g_free);
    g_clear_pointer(&options->chroot, g_free);
    g_clear_pointer(&options->user, g_free);
}

/* Wait for the daemon's word; it has said why if there is none. */
G_NORETURN static void wait_for_daemon(int fd)
{
    char word;
    ssize_t n;

    do {
        n = read(fd, &word, 1);
    } while (n < 0 && errno == EINTR);
    _exit(n == 1 ? 0 : 1);
}

static bool become_daemon(GError **errp)
{
    int fds[2];
    pid_t pid;

    if (pipe2(fds, O_CLOEXEC) < 0 || (pid = fork()) < 0) {
        error_setg(errp, "-daemonize: %s", g_strerror(errno));
        return false;
    }
    if (pid > 0) {
        close(fds[1]);
        wait_for_daemon(fds[0]);
    }
    close(fds[0]);
    setsid();
    /* Once more, so that no terminal that is opened can become its own. */
    pid = fork();
    if (pid > 0) {
        _exit(0);
    }
    umask(027);
    signal(SIGTSTP, SIG_IGN);
    signal(SIGTTOU, SIG_IGN);
    signal(SIGTTIN, SIG_IGN);
    ready_fd = fds[1];
    return true;
}

bool process_begin(const ProcessOptions *options, GError **errp)
{
    if (options->daemonize && options->exit_with_parent) {
        error_setg(errp, "-run-with: exit-with-parent is not possible with -daemonize, which"
                         " leaves the parent");
        return false;
    }
    if (options->daemonize && !become_daemon(errp)) {
        return false;
    }
    if (options->exit_with_parent) {
        prctl(PR_SET_PDEATHSIG, SIGTERM);
    }
    if (options->name) {
        prctl(PR_SET_NAME, options->name);
    }
    return true;
}

static bool enter_root(const char *path, GError **errp)
{
    if (chroot(path) < 0 || chdir("/") < 0) {
        error_setg(errp, "-run-with chroot=%s: chroot failed: %s", path, g_strerror(errno));
        return false;
    }
    return true;
}

/* Who `text` is; the groups of a user with a name are all of the user's. */
static bool find_user(const char *text, uid_t *uid, gid_t *gid, const char **name, GError **errp)
{
    const struct passwd *entry = getpwnam(text);
    guint64 numbers[2];
    g_auto(GStrv) parts = g_strsplit(text, ":", 3);

    if (entry) {
        *uid = entry->pw_uid;
        *gid = entry->pw_gid;
        *name = entry->pw_name;
        return true;
    }
    for (int i = 0; i < 2; i++) {
        if (g_strv_length(parts) != 2 ||
            !g_ascii_string_to_unsigned(parts[i], 10, 0, INT32_MAX, &numbers[i], NULL)) {
            error_setg(errp, "-run-with user=%s: neither a user nor UID:GID", text);
            return false;
        }
    }
    *uid = numbers[0];
    *gid = numbers[1];
    *name = NULL;
    return true;
}

static bool become_user(const char *text, uid_t uid, gid_t gid, const char *name, GError **errp)
{
    if ((name ? initgroups(name, gid) : setgroups(1, &gid)) < 0 || setgid(gid) < 0 ||
        setuid(uid) < 0) {
        error_setg(errp, "-run-with user=%s: cannot become that user: %s", text, g_strerror(errno));
        return false;
    }
    if (uid && setuid(0) == 0) {
        error_setg(errp, "-run-with user=%s: the way back to root is still open", text);
        return false;
    }
    return true;
}

/* Nothing goes to a terminal any more, and the one that waits may go. */
static bool detach(int null, GError **errp)
{
    fflush(stdout);
    if (null < 0 || chdir("/") < 0 || write(ready_fd, "", 1) != 1) {
        error_setg(errp, "-daemonize: %s", g_strerror(errno));
        return false;
    }
    close(ready_fd);
    dup2(null, STDIN_FILENO);
    dup2(null, STDOUT_FILENO);
    dup2(null, STDERR_FILENO);
    return true;
}

bool process_confine(const ProcessOptions *options, GError **errp)
{
    /* The list of users and this file are outside of the new root. */
    const int null = options->daemonize ? open("/dev/null", O_RDWR | O_CLOEXEC) : -1;
    const char *name = NULL;
    uid_t uid = 0;
    gid_t gid = 0;
    bool ok = (!options->user || find_user(options->user, &uid, &gid, &name, errp)) &&
              (!options->chroot || enter_root(options->chroot, errp)) &&
              (!options->user || become_user(options->user, uid, gid, name, errp)) &&
              sandbox_enter(&options->sandbox, errp) && (!options->daemonize || detach(null, errp));

    if (null >= 0) {
        close(null);
    }
    return ok;
}
