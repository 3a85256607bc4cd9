/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -sandbox, with QEMU's words: a list of system calls that are denied, by libseccomp. It is a
 * second wall: should a guest take the process over, it finds neither mounts nor modules nor a
 * debugger.
 *
 * A list of what is allowed would be tighter, and would break with each new version of a library.
 */
#include "sandbox.h"

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/prctl.h>

#include "error.h"

typedef struct Denied {
    int syscall;
    SandboxGroup group;
} Denied;

#define DENY(name, group)                                                                          \
    {                                                                                              \
        SCMP_SYS(name), SANDBOX_##group                                                            \
    }

static const Denied denied[] = {
    /* the host's own state */
    DENY(reboot, BASE),
    DENY(swapon, BASE),
    DENY(swapoff, BASE),
    DENY(syslog, BASE),
    DENY(acct, BASE),
    DENY(mount, BASE),
    DENY(umount2, BASE),
    DENY(pivot_root, BASE),
    DENY(move_mount, BASE),
    DENY(open_tree, BASE),
    DENY(fsopen, BASE),
    DENY(kexec_load, BASE),
    DENY(kexec_file_load, BASE),
    DENY(init_module, BASE),
    DENY(finit_module, BASE),
    DENY(delete_module, BASE),
    DENY(settimeofday, BASE),
    DENY(clock_settime, BASE),
    DENY(sethostname, BASE),
    DENY(setdomainname, BASE),
    DENY(iopl, BASE),
    DENY(ioperm, BASE),
    DENY(quotactl, BASE),
    /* other processes' state, and the kernel's wide surfaces */
    DENY(ptrace, BASE),
    DENY(process_vm_readv, BASE),
    DENY(process_vm_writev, BASE),
    DENY(bpf, BASE),
    DENY(perf_event_open, BASE),
    DENY(userfaultfd, BASE),
    DENY(unshare, BASE),
    DENY(setns, BASE),
    DENY(add_key, BASE),
    DENY(request_key, BASE),
    DENY(keyctl, BASE),
    DENY(open_by_handle_at, BASE),

    DENY(_sysctl, OBSOLETE),
    DENY(create_module, OBSOLETE),
    DENY(get_kernel_syms, OBSOLETE),
    DENY(query_module, OBSOLETE),
    DENY(sysfs, OBSOLETE),
    DENY(uselib, OBSOLETE),
    DENY(ustat, OBSOLETE),
    DENY(nfsservctl, OBSOLETE),

    DENY(setuid, ELEVATE),
    DENY(setgid, ELEVATE),
    DENY(setreuid, ELEVATE),
    DENY(setregid, ELEVATE),
    DENY(setresuid, ELEVATE),
    DENY(setresgid, ELEVATE),
    DENY(setfsuid, ELEVATE),
    DENY(setfsgid, ELEVATE),
    DENY(setgroups, ELEVATE),
    DENY(setpgid, ELEVATE),
    DENY(setsid, ELEVATE),
    DENY(capset, ELEVATE),
    DENY(chroot, ELEVATE),

    DENY(fork, SPAWN),
    DENY(vfork, SPAWN),
    DENY(execve, SPAWN),
    DENY(execveat, SPAWN),

    DENY(setpriority, RESOURCE_CONTROL),
    DENY(sched_setparam, RESOURCE_CONTROL),
    DENY(sched_setscheduler, RESOURCE_CONTROL),
    DENY(sched_setaffinity, RESOURCE_CONTROL),
    DENY(sched_setattr, RESOURCE_CONTROL),
    DENY(ioprio_set, RESOURCE_CONTROL),
};

static bool parse_allow(Opts *opts, const char *key, bool *deny, bool *children, GError **errp)
{
    const char *value = opts_get(opts, key);

    if (!value) {
        return true;
    }
    *deny = g_str_equal(value, "deny");
    if (children) {
        *children = g_str_equal(value, "children");
    }
    if (!*deny && !(children && *children) && !g_str_equal(value, "allow")) {
        error_setg(errp, "Parameter '%s' expects allow%s or deny", key,
                   children ? ", children" : "");
        return false;
    }
    return true;
}

bool sandbox_parse(Opts *opts, SandboxOptions *sandbox, GError **errp)
{
    static const struct {
        const char *key;
        SandboxGroup group;
    } keys[] = {{"obsolete", SANDBOX_OBSOLETE},
                {"elevateprivileges", SANDBOX_ELEVATE},
                {"spawn", SANDBOX_SPAWN},
                {"resourcecontrol", SANDBOX_RESOURCE_CONTROL}};

    if (!opts_get_bool(opts, "enable", &sandbox->enable, errp)) {
        return false;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
        bool *children = keys[i].group == SANDBOX_ELEVATE ? &sandbox->no_new_privs : NULL;

        if (!parse_allow(opts, keys[i].key, &sandbox->deny[keys[i].group], children, errp)) {
            return false;
        }
    }
    return true;
}

/* A clone that makes no thread is a fork; the arguments of clone3 can't be seen: use the other. */
static int deny_clones(scmp_filter_ctx filter)
{
    int r = seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, SCMP_SYS(clone), 1,
                             SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));

    return r ? r : seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
}

static int add_rules(scmp_filter_ctx filter, const SandboxOptions *sandbox)
{
    int r = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);

    for (size_t i = 0; !r && i < G_N_ELEMENTS(denied); i++) {
        if (denied[i].group == SANDBOX_BASE || sandbox->deny[denied[i].group]) {
            r = seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, denied[i].syscall, 0);
        }
    }
    return !r && sandbox->deny[SANDBOX_SPAWN] ? deny_clones(filter) : r;
}

bool sandbox_enter(const SandboxOptions *sandbox, GError **errp)
{
    scmp_filter_ctx filter;
    int r;

    if (!sandbox->enable) {
        return true;
    }
    if ((sandbox->no_new_privs || sandbox->deny[SANDBOX_ELEVATE]) &&
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
        error_setg(errp, "-sandbox: failed to set no_new_privs: %s", g_strerror(errno));
        return false;
    }
    filter = seccomp_init(SCMP_ACT_ALLOW);
    r = filter ? add_rules(filter, sandbox) : -ENOMEM;
    r = r ? r : seccomp_load(filter);
    seccomp_release(filter);
    if (r) {
        error_setg(errp, "-sandbox: failed to install the filter of system calls: %s",
                   g_strerror(-r));
    }
    return r == 0;
}
