/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The program: options, then the machine, then the main loop until somebody ends it.
 */
#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "accel/accel.h"
#include "accel/coalesced.h"
#include "accel/io-profile.h"
#include "accel/lock.h"
#include "backends/block.h"
#include "backends/char.h"
#include "backends/display.h"
#include "backends/netdev.h"
#include "backends/ui/ui.h"
#include "backends/ui/vnc.h"
#include "chardevs.h"
#include "drives.h"
#include "error.h"
#include "hw/core/device.h"
#include "hw/core/log.h"
#include "hw/core/machine.h"
#include "machine-config.h"
#include "memory/system.h"
#include "nets.h"
#include "objects.h"
#include "options.h"
#include "process.h"
#include "qmp-commands.h"
#include "qtest.h"
#include "system/device-add.h"
#include "system/mainloop.h"
#include "system/monitor.h"
#include "system/qmp.h"
#include "system/vm.h"

static char *pidfile;

/* ------------------------------------------------------------------------------- devices -- */

static bool add_devices(Options *options, GError **errp)
{
    for (unsigned i = 0; i < options->devices->len; i++) {
        const DeviceOption *device = options->devices->pdata[i];

        if (device->json ? !qmp_device_add_json(device->json, false, errp)
                         : !device_add(device->opts, errp)) {
            g_prefix_error(errp, "-device %s: ", device->text);
            return false;
        }
    }
    return true;
}

/* ------------------------------------------------------------------------------ displays -- */

static bool start_displays(Options *options, GError **errp)
{
    ui_set_guest_name(options->name);
    for (unsigned i = 0; i < options->vncs->len; i++) {
        const char *text = options->vncs->pdata[i];
        g_autoptr(Opts) opts = opts_parse(text, "vnc", errp);

        if (!opts || !vnc_start(opts, false, errp)) {
            g_prefix_error(errp, "-vnc %s: ", text);
            return false;
        }
    }
    if (options->display) {
        if (!display_start(options->display, errp)) {
            g_prefix_error(errp, "-display %s: ", options->display);
            return false;
        }
        return true;
    }
    /* A client that drives the machine, or one without a screen, expects none. */
    if (options->vncs->len || options->nographic || options->qtest || !console_default()) {
        return true;
    }
    return display_start_default(errp);
}

static bool check_displays(const Options *options, GError **errp)
{
    if (options->nographic && options->display && display_uses_terminal(options->display)) {
        error_setg(errp, "-nographic cannot be used with -display curses: both take the terminal");
        return false;
    }
    return true;
}

/* -------------------------------------------------------------------------- start and end -- */

static void print_accel_warning(const char *line)
{
    log_report("%s", line);
}

static bool write_pidfile(const char *path, GError **errp)
{
    g_autofree char *text = g_strdup_printf("%ld\n", (long)getpid());
    g_autoptr(GError) err = NULL;

    if (!g_file_set_contents(path, text, -1, &err)) {
        error_setg(errp, "-pidfile %s: cannot create PID file: %s", path, err->message);
        return false;
    }
    pidfile = g_canonicalize_filename(path, NULL); /* -daemonize changes the folder */
    return true;
}

static void catch_signals(void (*handler)(int signal))
{
    struct sigaction action = {.sa_handler = handler};

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
}

/* Before the machine runs there is nothing to flush, and something may block: a peer, a server. */
static void on_early_signal(int signal)
{
    chardev_restore_terminal();
    _exit(0);
}

/* A second signal does not wait for the end that the first one asked for. */
static void on_forced_signal(int signal)
{
    chardev_restore_terminal();
    _exit(1);
}

static gboolean on_signal(gpointer data)
{
    runstate_request_shutdown(SHUTDOWN_CAUSE_HOST_SIGNAL);
    catch_signals(on_forced_signal);
    return G_SOURCE_CONTINUE;
}

static void watch_signals(void)
{
    g_unix_signal_add(SIGINT, on_signal, NULL);
    g_unix_signal_add(SIGTERM, on_signal, NULL);
    g_unix_signal_add(SIGHUP, on_signal, NULL);
}

static void print_waiting(const char *filename)
{
    log_report("info: waiting for connection on: %s", filename);
}

static void on_terminate(void)
{
    runstate_request_shutdown(SHUTDOWN_CAUSE_HOST_UI);
}

static bool build(Options *options, GError **errp)
{
    Machine *machine = machine_current();

    coalesced_set_output_test(device_coalesced_is_output);
    if (!check_displays(options, errp) || !machine_configure(machine, options, errp) ||
        !drives_open(options, machine, errp) || !qtest_open(options, errp) ||
        !chardevs_open(options, machine, errp) || !nets_open(options, machine, errp) ||
        !accel_start((const char *const *)options->accels->pdata, machine->cpus, machine->cpu_model,
                     print_accel_warning, errp) ||
        !machine->cls->init(machine, errp) || !chardevs_add_debugcons(errp) ||
        !add_devices(options, errp) || !machine->cls->done(machine, errp)) {
        return false;
    }
    watch_signals();
    if (options->pidfile && !write_pidfile(options->pidfile, errp)) {
        return false;
    }
    qmp_events_init();
    /* From here on others may talk to us. */
    return qtest_serve(options, errp) && chardevs_add_monitors(options, errp) &&
           start_displays(options, errp) && process_confine(&options->process, errp);
}

static void tear_down(void)
{
    Machine *machine = machine_current();

    display_stop();
    qmp_close_all();
    qtest_end();
    vcpus_destroy();
    accel_shutdown();
    if (machine->cls) {
        machine->cls->cleanup(machine);
    }
    objects_close_all();
    net_close_all();
    block_close_all();
    monitor_close_all();
    chardev_close_all();
    device_clear_globals();
    if (pidfile) {
        unlink(pidfile);
        g_free(pidfile);
    }
}

int main(int argc, char **argv)
{
    Options options;
    g_autoptr(GError) err = NULL;
    int status = 1;

    switch (options_parse(&options, argc, argv, &err)) {
    case OPTIONS_DONE:
        options_clear(&options);
        return 0;
    case OPTIONS_FAIL:
        goto fail;
    case OPTIONS_RUN:
        break;
    }
    if (options.log_file && !log_set_file(options.log_file, &err)) {
        g_prefix_error(&err, "-D: ");
        goto fail;
    }
    if (options.log_items && !log_set_items(options.log_items, &err)) {
        g_prefix_error(&err, "-d: ");
        goto fail;
    }
    log_set_prefix(options.msg_timestamp, options.msg_guest_name ? options.name : NULL);
    if (!process_begin(&options.process, &err)) {
        goto fail;
    }
    signal(SIGPIPE, SIG_IGN);
    catch_signals(on_early_signal);
    chardev_set_terminate(on_terminate);
    ui_set_quit(on_terminate);
    chardev_set_wait_notice(print_waiting);

    machine_lock();
    mainloop_init();
    memory_system_init();
    if (build(&options, &err)) {
        if (options.profile.io) {
            io_profile_start();
        }
        vm_init(&options.policy, options.paused);
        status = vm_run();
        display_stop();
        if (!profile_write(&options.profile, &err)) {
            g_prefix_error(&err, "-profile: ");
            status = 1;
        }
    }
    tear_down();
    machine_unlock();
fail:
    if (err) {
        log_report("%s", err->message);
    }
    options_clear(&options);
    return status;
}
