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
#include "memory/system.h"
#include "options.h"
#include "system/device-add.h"
#include "system/mainloop.h"
#include "system/monitor.h"
#include "system/vm.h"

#define MIN_RAM (UINT64_C(1) << 20)
#define MAX_RAM (UINT64_C(1) << 40)

static Machine machine;
static char *pidfile;

Machine *machine_current(void)
{
    return &machine;
}

/* ------------------------------------------------------------------------------- machine -- */

static bool set_machine_prop(const char *key, const char *value, void *opaque, GError **errp)
{
    const Property *prop = property_find(machine_props, key);
    g_autofree char *path = g_strdup_printf("%s.%s", machine.cls->name, key);

    if (!prop) {
        error_setg(errp, "Property '%s' not found: -M %s,help lists them", path,
                   machine.cls->name);
        return false;
    }
    return property_set(&machine, prop, path, g_variant_new_string(value), errp);
}

/* The -accel list; -M accel=a:b and kernel-irqchip are older ways to say it. */
static bool choose_accels(Options *options, GError **errp)
{
    g_autofree char *list = opts_take(options->machine, "accel");
    g_autofree char *irqchip = opts_take(options->machine, "kernel-irqchip");

    if (list && options->accels->len) {
        error_setg(errp, "The -accel and \"-machine accel=\" options are incompatible");
        return false;
    }
    if (list) {
        g_auto(GStrv) names = g_strsplit(list, ":", -1);

        for (char **name = names; *name; name++) {
            g_ptr_array_add(options->accels, g_strdup(*name));
        }
    }
    if (irqchip && !options->accels->len) {
        g_ptr_array_add(options->accels, g_strdup("kvm"));
    }
    for (unsigned i = 0; irqchip && i < options->accels->len; i++) {
        char *text = options->accels->pdata[i];

        if (g_str_equal(text, "kvm") || g_str_has_prefix(text, "kvm,")) {
            options->accels->pdata[i] = g_strconcat(text, ",kernel-irqchip=", irqchip, NULL);
            g_free(text);
        }
    }
    g_ptr_array_add(options->accels, NULL);
    return true;
}

static bool set_cpus(Options *options, GError **errp)
{
    /* Topology is accepted where it describes what we have: one thread a core, one core a socket
     * or one socket. */
    static const char *const topology[] = {"sockets", "dies", "clusters", "cores", "threads"};
    const unsigned max = machine.cls->max_cpus;
    uint64_t cpus = 0, maxcpus = 0, product = 1;
    bool given = false;

    if (!opts_get_uint(options->smp, "cpus", UINT32_MAX, &cpus, errp) ||
        !opts_get_uint(options->smp, "maxcpus", UINT32_MAX, &maxcpus, errp)) {
        g_prefix_error(errp, "-smp: ");
        return false;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(topology); i++) {
        uint64_t n = 1;

        given |= opts_has(options->smp, topology[i]);
        if (!opts_get_uint(options->smp, topology[i], 1024, &n, errp)) {
            g_prefix_error(errp, "-smp: ");
            return false;
        }
        product *= n;
    }
    if (!opts_has(options->smp, "cpus")) {
        cpus = maxcpus ? maxcpus : product;
    } else if (cpus && given && product != (maxcpus ? maxcpus : cpus)) {
        error_setg(errp, "-smp: Invalid CPU topology: product of the hierarchy must match maxcpus");
        return false;
    }
    if (!opts_check_unknown(options->smp, errp)) {
        g_prefix_error(errp, "-smp: ");
        return false;
    }
    if (cpus < 1 || cpus > max) {
        error_setg(errp, "-smp: Invalid SMP CPUs %" G_GUINT64_FORMAT
                   ". The CPUs supported by machine '%s' are 1 to %u", cpus, machine.cls->name,
                   max);
        return false;
    }
    if (maxcpus && maxcpus != cpus) {
        error_setg(errp, "-smp: maxcpus must be equal to cpus: CPU hotplug is not supported");
        return false;
    }
    machine.cpus = cpus;
    return true;
}

static bool set_ram(const Options *options, GError **errp)
{
    machine.ram_size = machine.cls->default_ram;
    if (options->ram_size && !parse_size(options->ram_size, 1 << 20, &machine.ram_size, errp)) {
        g_prefix_error(errp, "-m: ");
        return false;
    }
    if (machine.ram_size < MIN_RAM || machine.ram_size > MAX_RAM) {
        error_setg(errp, "-m %s: guest memory must be between 1 MiB and 1 TiB", options->ram_size);
        return false;
    }
    machine.ram_size = machine.ram_size / 8192 * 8192;
    return true;
}

static bool set_boot(Options *options, GError **errp)
{
    BootOptions *boot = &machine.boot;
    uint64_t splash = UINT64_MAX, timeout = UINT64_MAX;
    const char *orders[] = {opts_get(options->boot, "order"), opts_get(options->boot, "once")};

    if (!opts_get_bool(options->boot, "menu", &boot->menu, errp) ||
        !opts_get_bool(options->boot, "strict", &boot->strict, errp) ||
        !opts_get_uint(options->boot, "splash-time", 65535, &splash, errp) ||
        !opts_get_uint(options->boot, "reboot-timeout", 65535, &timeout, errp) ||
        !opts_check_unknown(options->boot, errp)) {
        g_prefix_error(errp, "-boot: ");
        return false;
    }
    boot->splash_time = splash == UINT64_MAX ? -1 : (int64_t)splash;
    boot->reboot_timeout = timeout == UINT64_MAX ? -1 : (int64_t)timeout;
    for (size_t i = 0; i < G_N_ELEMENTS(orders); i++) {
        for (const char *c = orders[i]; c && *c; c++) {
            if (*c < 'a' || *c > 'p') {
                error_setg(errp, "-boot: Invalid boot device '%c'", *c);
                return false;
            }
            if (strchr(c + 1, *c)) {
                error_setg(errp, "-boot: Boot device '%c' was given twice", *c);
                return false;
            }
        }
    }
    boot->order = g_strdup(orders[0]);
    boot->once = g_strdup(orders[1]);
    return true;
}

static bool set_vga(const Options *options, GError **errp)
{
    static const char *const names[] = {
        [VGA_NONE] = "none", [VGA_STD] = "std", [VGA_CIRRUS] = "cirrus"};

    machine.vga = options->nodefaults ? VGA_NONE : machine.cls->default_vga;
    if (!options->vga) {
        return true;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        if (g_str_equal(options->vga, names[i])) {
            machine.vga = i;
            machine.vga_given = true;
            return true;
        }
    }
    error_setg(errp, "-vga %s: unknown vga type: -vga help lists them", options->vga);
    return false;
}

/* Move the options into `machine`. */
static bool configure_machine(Options *options, GError **errp)
{
    g_autofree char *type = opts_take(options->machine, "type");

    machine.cls = type ? machine_class_find(type) : machine_class_default();
    if (!machine.cls) {
        error_setg(errp, "-M: unsupported machine type '%s': -M help lists them", type);
        return false;
    }
    property_set_defaults(&machine, machine_props);
    if (!choose_accels(options, errp) ||
        !opts_foreach(options->machine, set_machine_prop, NULL, errp) ||
        !set_cpus(options, errp) || !set_ram(options, errp) || !set_boot(options, errp) ||
        !set_vga(options, errp)) {
        return false;
    }
    if (options->nographic) {
        machine.graphics = false;
    }
    machine.cpu_model = g_strdup(options->cpu_model ? options->cpu_model
                                                    : machine.cls->default_cpu);
    machine.bios = g_strdup(options->bios);
    machine.kernel = g_strdup(options->kernel);
    machine.initrd = g_strdup(options->initrd);
    machine.append = g_strdup(options->append);
    machine.name = g_strdup(options->name);
    machine.uuid = g_strdup(options->uuid);
    machine.rtc = options->rtc;
    machine.defaults = !options->nodefaults;
    machine.default_nic = machine.defaults && !options->no_nic;
    if (!machine.kernel && (machine.initrd || machine.append)) {
        error_setg(errp, "-%s only allowed with -kernel option",
                   machine.initrd ? "initrd" : "append");
        return false;
    }
    return true;
}

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

static bool open_chardevs(Options *options, GError **errp)
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

        if (!open_compat("-serial", id, options->serials->pdata[i], &machine.serials[i], errp)) {
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
    if (!configure_machine(options, errp) || !drives_open(options, &machine, errp) ||
        !open_chardevs(options, errp) ||
        !accel_start((const char *const *)options->accels->pdata, machine.cpus, machine.cpu_model,
                     print_accel_warning, errp) ||
        !machine.cls->init(&machine, errp) ||
        !add_debugcons(options, errp) || !add_devices(options, errp) ||
        !machine.cls->done(&machine, errp)) {
        return false;
    }
    return !options->pidfile || write_pidfile(options->pidfile, errp);
}

static void print_screen(void)
{
    Console *con = console_default();
    g_autofree char *text = con ? console_text(con) : NULL;

    if (text) {
        fputs(text, stdout);
    }
}

static void tear_down(void)
{
    vcpus_destroy();
    system_bus_free();
    accel_shutdown();
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
