/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the options to the fields of the machine.
 */
#include "machine-config.h"

#include <string.h>

#include "backends/parse.h"
#include "error.h"

#define MIN_RAM (UINT64_C(1) << 20)
#define MAX_RAM (UINT64_C(1) << 40)

Machine *machine_current(void)
{
    static Machine machine;

    return &machine;
}

static bool set_machine_prop(const char *key, const char *value, void *opaque, GError **errp)
{
    Machine *machine = opaque;
    const Property *prop = property_find(machine_props, key);
    g_autofree char *path = g_strdup_printf("%s.%s", machine->cls->name, key);

    if (!prop) {
        error_setg(errp, "-M: Property '%s' not found: -M %s,help lists them", path,
                   machine->cls->name);
        return false;
    }
    if (!property_set(machine, prop, path, g_variant_new_string(value), errp)) {
        g_prefix_error(errp, "-M: ");
        return false;
    }
    return true;
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

static bool set_cpus(Machine *machine, Options *options, GError **errp)
{
    /* Any topology is taken whose product is the number of CPUs. */
    static const char *const topology[] = {"sockets", "dies", "clusters", "cores", "threads"};
    const unsigned max = machine->cls->max_cpus;
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
        error_setg(errp,
                   "-smp: Invalid SMP CPUs %" G_GUINT64_FORMAT
                   ". The CPUs supported by machine '%s' are 1 to %u",
                   cpus, machine->cls->name, max);
        return false;
    }
    if (maxcpus && maxcpus != cpus) {
        error_setg(errp, "-smp: maxcpus must be equal to cpus: CPU hotplug is not supported");
        return false;
    }
    machine->cpus = cpus;
    return true;
}

static bool set_ram(Machine *machine, const Options *options, GError **errp)
{
    machine->ram_size = machine->cls->default_ram;
    if (options->ram_size && !parse_size(options->ram_size, 1 << 20, &machine->ram_size, errp)) {
        g_prefix_error(errp, "-m: ");
        return false;
    }
    if (!options->ram_size && machine->ram_size == 0) {
        return true;
    }
    if (machine->ram_size < MIN_RAM || machine->ram_size > MAX_RAM) {
        error_setg(errp, "-m %s: guest memory must be between 1 MiB and 1 TiB", options->ram_size);
        return false;
    }
    machine->ram_size = machine->ram_size / 8192 * 8192;
    return true;
}

static bool set_boot(Machine *machine, Options *options, GError **errp)
{
    BootOptions *boot = &machine->boot;
    const char *orders[] = {opts_get(options->boot, "order"), opts_get(options->boot, "once")};

    boot->splash_time = boot->reboot_timeout = -1;
    if (!opts_get_bool(options->boot, "menu", &boot->menu, errp) ||
        !opts_get_bool(options->boot, "strict", &boot->strict, errp) ||
        !opts_get_int(options->boot, "splash-time", 0, 65535, &boot->splash_time, errp) ||
        !opts_get_int(options->boot, "reboot-timeout", -1, 65535, &boot->reboot_timeout, errp) ||
        !opts_check_unknown(options->boot, errp)) {
        g_prefix_error(errp, "-boot: ");
        return false;
    }
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

/* With one of these from -device, the default device of its kind is not wanted. */
static void drop_defaults(Options *options)
{
    const struct {
        const char *driver;
        bool *dropped;
    } table[] = {
        {"isa-serial", &options->no_serial}, {"ide-cd", &options->no_cd},
        {"floppy", &options->no_floppy},     {"isa-fdc", &options->no_floppy},
        {"ide-hd", &options->no_cd},         {"VGA", &options->no_vga},
        {"cirrus-vga", &options->no_vga},    {"isa-vga", &options->no_vga},
    };

    if (options->nodefaults) {
        options->no_nic = options->no_vga = options->no_serial = options->no_cd =
            options->no_floppy = true;
    }
    for (unsigned i = 0; i < options->devices->len; i++) {
        const DeviceOption *device = options->devices->pdata[i];
        const char *driver = opts_get(device->opts, "driver");

        for (size_t k = 0; k < G_N_ELEMENTS(table); k++) {
            if (g_strcmp0(driver, table[k].driver) == 0) {
                *table[k].dropped = true;
            }
        }
    }
}

static bool set_vga(Machine *machine, const Options *options, GError **errp)
{
    static const char *const names[] = {
        [VGA_NONE] = "none", [VGA_STD] = "std", [VGA_CIRRUS] = "cirrus"};

    machine->vga = options->no_vga ? VGA_NONE : machine->cls->default_vga;
    if (!options->vga) {
        return true;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        if (g_str_equal(options->vga, names[i])) {
            machine->vga = i;
            machine->vga_given = true;
            return true;
        }
    }
    error_setg(errp, "-vga %s: unknown vga type: -vga help lists them", options->vga);
    return false;
}

bool machine_configure(Machine *machine, Options *options, GError **errp)
{
    g_autofree char *type = opts_take(options->machine, "type");

    machine->cls = type ? machine_class_find(type) : machine_class_default();
    if (!machine->cls) {
        error_setg(errp, "-M: unsupported machine type '%s': -M help lists them", type);
        return false;
    }
    property_set_defaults(machine, machine_props);
    drop_defaults(options);
    if (!choose_accels(options, errp) ||
        !opts_foreach(options->machine, set_machine_prop, machine, errp) ||
        !set_cpus(machine, options, errp) || !set_ram(machine, options, errp) ||
        !set_boot(machine, options, errp) || !set_vga(machine, options, errp)) {
        return false;
    }
    if (options->nographic) {
        machine->graphics = false;
    }
    if (options->no_fd_bootchk) {
        machine->fd_bootchk = false;
    }
    machine->cpu_model =
        g_strdup(options->cpu_model ? options->cpu_model : machine->cls->default_cpu);
    machine->bios = g_strdup(options->bios);
    machine->kernel = g_strdup(options->kernel);
    machine->initrd = g_strdup(options->initrd);
    machine->append = g_strdup(options->append);
    machine->name = g_strdup(options->name);
    machine->uuid = g_strdup(options->uuid);
    machine->rtc = options->rtc;
    machine->nics = g_ptr_array_new();
    machine->fw_cfg = options->fw_cfg;
    machine->acpitables = options->acpitables;
    machine->smbios = options->smbios;
    if (!machine->kernel && (machine->initrd || machine->append)) {
        error_setg(errp, "-%s only allowed with -kernel option",
                   machine->initrd ? "initrd" : "append");
        return false;
    }
    return true;
}
