/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The program: options, then the machine, then the main loop until somebody ends it.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "accel/accel.h"
#include "accel/lock.h"
#include "backends/block.h"
#include "backends/char.h"
#include "backends/display.h"
#include "drives.h"
#include "error.h"
#include "hw/core/device.h"
#include "hw/core/log.h"
#include "hw/core/machine.h"
#include "machine-config.h"
#include "memory/system.h"
#include "options.h"
#include "system/device-add.h"
#include "system/mainloop.h"
#include "system/monitor.h"
#include "system/vm.h"

static char *pidfile;

/* ------------------------------------------------------------------------------ chardevs -- */

/* A chardev from a short form, with a monitor on it for "mon:". False with an error. */
static bool open_compat(const char *option, const char *id, const char *text, Chardev **chr,
                        GError **errp)
{
    g_autoptr(GError) err = NULL;
    bool mon = false;

    *chr = chardev_new_compat(id, text, &mon, &err);
    if (*chr && g_str_has_prefix(chardev_filename(*chr), "pty:")) {
        printf("char device redirected to %s (label %s)\n", chardev_filename(*chr) + 4, id);
    }
    if (!err && mon) {
        monitor_new(*chr, &err);
    }
    if (err) {
        error_setg(errp, "%s %s: %s", option, text, err->message);
        return false;
    }
    return true;
}

static bool uses_stdio(const GPtrArray *texts)
{
    for (unsigned i = 0; i < texts->len; i++) {
        if (strstr(texts->pdata[i], "stdio")) {
            return true;
        }
    }
    return false;
}

/* What stdin and the ports are connected to where the user did not say. */
static void default_chardevs(Options *options)
{
    bool stdio = uses_stdio(options->serials) || uses_stdio(options->monitors) ||
                 uses_stdio(options->debugcons);

    for (unsigned i = 0; i < options->chardevs->len; i++) {
        stdio |= g_strcmp0(opts_get(options->chardevs->pdata[i], "backend"), "stdio") == 0;
    }
    if (options->nodefaults) {
        return;
    }
    if (!options->serials->len) {
        bool shared = options->nographic && !stdio;

        g_ptr_array_add(options->serials,
                        g_strdup(!shared ? "null" : options->monitors->len ? "stdio"
                                                                          : "mon:stdio"));
        stdio |= shared;
    }
    if (!options->monitors->len && !options->mons->len && !stdio && !options->nographic &&
        options->display == DISPLAY_DEFAULT && isatty(STDIN_FILENO)) {
        g_ptr_array_add(options->monitors, g_strdup("stdio"));
    }
}

static bool open_mon(Opts *opts, GError **errp)
{
    const char *id = opts_get(opts, "chardev");
    const char *mode = opts_get(opts, "mode");
    Chardev *chr;

    if (!id) {
        error_setg(errp, "-mon: Parameter 'chardev' is missing");
        return false;
    }
    if (mode && !g_str_equal(mode, "readline")) {
        error_setg(errp, "-mon: unknown monitor mode '%s': only readline is there", mode);
        return false;
    }
    chr = chardev_find(id);
    if (!chr) {
        error_setg(errp, "-mon: chardev '%s' not found", id);
        return false;
    }
    return opts_check_unknown(opts, errp) && monitor_new(chr, errp);
}

static bool open_chardevs(Options *options, Machine *machine, GError **errp)
{
    Chardev *chr;

    for (unsigned i = 0; i < options->chardevs->len; i++) {
        if (!chardev_new(options->chardevs->pdata[i], errp)) {
            g_prefix_error(errp, "-chardev: ");
            return false;
        }
    }
    default_chardevs(options);
    if (options->serials->len > MACHINE_SERIALS) {
        error_setg(errp, "-serial: at most %d serial ports", MACHINE_SERIALS);
        return false;
    }
    for (unsigned i = 0; i < options->serials->len; i++) {
        g_autofree char *id = g_strdup_printf("serial%u", i);

        if (!open_compat("-serial", id, options->serials->pdata[i], &machine->serials[i], errp)) {
            return false;
        }
    }
    for (unsigned i = 0; i < options->monitors->len; i++) {
        g_autofree char *id = g_strdup_printf("compat_monitor%u", i);

        if (!open_compat("-monitor", id, options->monitors->pdata[i], &chr, errp) ||
            (chr && !monitor_new(chr, errp))) {
            return false;
        }
    }
    for (unsigned i = 0; i < options->mons->len; i++) {
        if (!open_mon(options->mons->pdata[i], errp)) {
            return false;
        }
    }
    return true;
}

/* ------------------------------------------------------------------------------- devices -- */

static bool add_debugcons(Options *options, GError **errp)
{
    for (unsigned i = 0; i < options->debugcons->len; i++) {
        g_autofree char *id = g_strdup_printf("debugcon%u", i);
        g_autoptr(Opts) opts = opts_new();
        Chardev *chr;

        if (!open_compat("-debugcon", id, options->debugcons->pdata[i], &chr, errp)) {
            return false;
        }
        if (chr) {
            opts_set(opts, "driver", "isa-debugcon");
            opts_set(opts, "chardev", chardev_id(chr));
            if (!device_add(opts, errp)) {
                g_prefix_error(errp, "-debugcon: ");
                return false;
            }
        }
    }
    return true;
}

static bool add_devices(Options *options, GError **errp)
{
    for (unsigned i = 0; i < options->devices->len; i++) {
        if (!device_add(options->devices->pdata[i], errp)) {
            g_prefix_error(errp, "-device: ");
            return false;
        }
    }
    return true;
}

/* -------------------------------------------------------------------------- start and end -- */

static void print_accel_warning(const char *line)
{
    fprintf(stderr, "lignite: %s\n", line);
}

static bool write_pidfile(const char *path, GError **errp)
{
    g_autofree char *text = g_strdup_printf("%ld\n", (long)getpid());
    g_autoptr(GError) err = NULL;

    if (!g_file_set_contents(path, text, -1, &err)) {
        error_setg(errp, "-pidfile %s: %s", path, err->message);
        return false;
    }
    pidfile = g_strdup(path);
    return true;
}

/* The first signal ends the machine in good order; a second one does not wait for that. */
static gboolean on_signal(gpointer data)
{
    static bool again;

    if (again) {
        chardev_close_all();
        _exit(1);
    }
    again = true;
    runstate_request_shutdown(SHUTDOWN_CAUSE_HOST_SIGNAL);
    return G_SOURCE_CONTINUE;
}

static void on_terminate(void)
{
    runstate_request_shutdown(SHUTDOWN_CAUSE_HOST_UI);
}

static bool build(Options *options, GError **errp)
{
    Machine *machine = machine_current();

    if (!machine_configure(machine, options, errp) || !drives_open(options, machine, errp) ||
        !open_chardevs(options, machine, errp) ||
        !accel_start((const char *const *)options->accels->pdata, machine->cpus,
                     machine->cpu_model, print_accel_warning, errp) ||
        !machine->cls->init(machine, errp) || !add_debugcons(options, errp) ||
        !add_devices(options, errp) || !machine->cls->done(machine, errp)) {
        return false;
    }
    return !options->pidfile || write_pidfile(options->pidfile, errp);
}

static void print_screen(void)
{
    Console *con = console_default();
    g_autofree char *text = con ? console_text(con) : NULL;

    if (text) {
        puts(text);
    }
}

static void tear_down(void)
{
    Machine *machine = machine_current();

    vcpus_destroy();
    accel_shutdown();
    if (machine->cls) {
        machine->cls->cleanup(machine);
    }
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
    if ((options.log_file && !log_set_file(options.log_file, &err)) ||
        (options.log_items && !log_set_items(options.log_items, &err))) {
        goto fail;
    }
    signal(SIGPIPE, SIG_IGN);
    g_unix_signal_add(SIGINT, on_signal, NULL);
    g_unix_signal_add(SIGTERM, on_signal, NULL);
    g_unix_signal_add(SIGHUP, on_signal, NULL);

    chardev_set_terminate(on_terminate);

    machine_lock();
    mainloop_init();
    memory_system_init();
    if (build(&options, &err)) {
        vm_init(&options.policy, options.paused);
        status = vm_run();
        if (options.display == DISPLAY_TEXT) {
            print_screen();
        }
    }
    tear_down();
    machine_unlock();
fail:
    if (err) {
        fprintf(stderr, "lignite: %s\n", err->message);
    }
    options_clear(&options);
    return status;
}
