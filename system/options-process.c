/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Options for the process: its name, what bounds it, how it speaks.
 */
#include "error.h"
#include "options-internal.h"

OptionsResult handle_run_with(Options *options, const OptionRow *row, const char *arg,
                              GError **errp)
{
    ProcessOptions *process = &options->process;
    g_autoptr(Opts) opts = NULL;
    const char *chroot, *user;

    if (wants_help(arg)) {
        return print_usage(row);
    }
    opts = opts_parse(arg, NULL, errp);
    if (!opts || !opts_get_bool(opts, "exit-with-parent", &process->exit_with_parent, errp)) {
        return OPTIONS_FAIL;
    }
    chroot = opts_get(opts, "chroot");
    user = opts_get(opts, "user");
    if (chroot) {
        g_free(process->chroot);
        process->chroot = g_strdup(chroot);
    }
    if (user) {
        g_free(process->user);
        process->user = g_strdup(user);
    }
    return opts_check_unknown(opts, errp) ? OPTIONS_RUN : OPTIONS_FAIL;
}

OptionsResult handle_name(Options *options, const OptionRow *row, const char *arg, GError **errp)
{
    g_autoptr(Opts) opts = NULL;
    const char *guest, *process;
    bool debug_threads; /* they have their names in any case */

    if (wants_help(arg)) {
        return print_usage(row);
    }
    opts = opts_parse(arg, "guest", errp);
    if (!opts || !opts_get_bool(opts, "debug-threads", &debug_threads, errp)) {
        return OPTIONS_FAIL;
    }
    guest = opts_get(opts, "guest");
    process = opts_get(opts, "process");
    if (guest) {
        g_free(options->name);
        options->name = g_strdup(guest);
    }
    if (process) {
        g_free(options->process.name);
        options->process.name = g_strdup(process);
    }
    return opts_check_unknown(opts, errp) ? OPTIONS_RUN : OPTIONS_FAIL;
}

OptionsResult handle_msg(Options *options, const OptionRow *row, const char *arg, GError **errp)
{
    g_autoptr(Opts) opts = NULL;

    if (wants_help(arg)) {
        return print_usage(row);
    }
    opts = opts_parse(arg, NULL, errp);
    return opts && opts_get_bool(opts, "timestamp", &options->msg_timestamp, errp) &&
                   opts_get_bool(opts, "guest-name", &options->msg_guest_name, errp) &&
                   opts_check_unknown(opts, errp)
               ? OPTIONS_RUN
               : OPTIONS_FAIL;
}

OptionsResult handle_sandbox(Options *options, const OptionRow *row, const char *arg, GError **errp)
{
    g_autoptr(Opts) opts = NULL;

    if (wants_help(arg)) {
        return print_usage(row);
    }
    opts = opts_parse(arg, "enable", errp);
    return opts && sandbox_parse(opts, &options->process.sandbox, errp) &&
                   opts_check_unknown(opts, errp)
               ? OPTIONS_RUN
               : OPTIONS_FAIL;
}
