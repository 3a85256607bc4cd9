/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The monitor's commands: one row each, in QEMU's names and meanings.
 */
#include <string.h>

#include "accel/accel.h"
#include "accel/coalesced.h"
#include "accel/io-profile.h"
#include "backends/block.h"
#include "backends/char.h"
#include "backends/parse.h"
#include "drives.h"
#include "error.h"
#include "hw/core/device.h"
#include "hw/core/log.h"
#include "hw/core/machine.h"
#include "hw/intc/i8259.h"
#include "hw/intc/ioapic.h"
#include "hw/pci/pci.h"
#include "memory/system.h"
#include "monitor-internal.h"
#include "options.h"
#include "system/vm.h"

static bool has_flag(char **argv, const char *flag)
{
    return g_strv_contains((const char *const *)argv, flag);
}

static bool need_argument(const char *arg, const char *what, GError **errp)
{
    if (!arg) {
        error_setg(errp, "%s is missing", what);
        return false;
    }
    return true;
}

/* ------------------------------------------------------------------------------- control -- */

static bool run_stop(char **argv, GString *out, GError **errp)
{
    if (vm_state() == RUN_STATE_RUNNING) {
        vm_stop(RUN_STATE_PAUSED);
    }
    return true;
}

static bool run_cont(char **argv, GString *out, GError **errp)
{
    return vm_start(errp);
}

static bool run_quit(char **argv, GString *out, GError **errp)
{
    runstate_request_shutdown(SHUTDOWN_CAUSE_HOST_QUIT);
    return true;
}

static bool run_reset(char **argv, GString *out, GError **errp)
{
    runstate_request_reset(SHUTDOWN_CAUSE_HOST_RESET);
    return true;
}

static bool run_powerdown(char **argv, GString *out, GError **errp)
{
    runstate_request_powerdown();
    return true;
}

static bool run_cpu(char **argv, GString *out, GError **errp)
{
    guint64 cpu;

    if (!*argv || !g_ascii_string_to_unsigned(*argv, 10, 0, G_MAXUINT, &cpu, NULL)) {
        error_setg(errp, "cpu: the number of a CPU is needed");
        return false;
    }
    return monitor_set_cpu(cpu, errp);
}

static bool run_log(char **argv, GString *out, GError **errp)
{
    if (!need_argument(*argv, "log: what", errp)) {
        return false;
    }
    if (g_str_equal(*argv, "none")) {
        log_mask = 0;
        return true;
    }
    return log_set_items(*argv, errp);
}

static bool run_nmi(char **argv, GString *out, GError **errp)
{
    accel_inject_nmi();
    return true;
}

static bool run_watchdog_action(char **argv, GString *out, GError **errp)
{
    VmPolicy policy = *vm_policy();

    if (!need_argument(argv[0], "watchdog_action: the action", errp) ||
        !vm_policy_choose(&policy, "watchdog", argv[0], errp)) {
        return false;
    }
    vm_set_policy(&policy);
    return true;
}

/* ---------------------------------------------------------------------------------- media -- */

/* A leading -f: the guest's lock on the tray does not count. */
static bool take_force(char ***argv)
{
    bool force = **argv && g_str_equal(**argv, "-f");

    *argv += force;
    return force;
}

static bool run_eject(char **argv, GString *out, GError **errp)
{
    bool force = take_force(&argv);

    return need_argument(*argv, "eject: the device", errp) && drive_eject(*argv, force, errp);
}

static bool run_change(char **argv, GString *out, GError **errp)
{
    bool force = take_force(&argv);

    if (g_strcmp0(argv[0], "vnc") == 0) {
        return run_change_vnc(argv + 1, out, errp);
    }
    return need_argument(argv[0], "change: the device", errp) &&
           need_argument(argv[1], "change: the file name", errp) &&
           drive_change(argv[0], argv[1], force, errp);
}

/* ----------------------------------------------------------------------------- queued writes -- */

static bool run_coalesce(char **argv, GString *out, GError **errp)
{
    static const struct {
        const char *name;
        CoalescedKinds kinds;
    } names[] = {
        {"mmio", COALESCED_KIND_MMIO}, {"pio", COALESCED_KIND_PIO}, {"both", COALESCED_KIND_ALL}};
    CoalescedKinds kinds = 0;
    bool on;

    if (g_strv_length(argv) != 3) {
        error_setg(errp, "coalesce: a device or 'all', then mmio, pio or both, then on or off");
        return false;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        if (g_str_equal(argv[1], names[i].name)) {
            kinds = names[i].kinds;
        }
    }
    if (!kinds) {
        error_setg(errp, "coalesce: '%s' is none of mmio, pio and both", argv[1]);
        return false;
    }
    return parse_bool("coalesce", argv[2], &on, errp) &&
           devices_set_coalescing(argv[0], kinds, on, errp);
}

/* ----------------------------------------------------------------------------------- info -- */

static bool info_mtree(char **argv, GString *out, GError **errp)
{
    if (has_flag(argv, "-f")) {
        memory_print_flat(out, has_flag(argv, "-o"));
    } else {
        memory_print_tree(out, has_flag(argv, "-o"), has_flag(argv, "-D"));
    }
    return true;
}

static bool info_registers(char **argv, GString *out, GError **errp)
{
    vcpus_print_registers(out, has_flag(argv, "-a") ? -1 : (int)monitor_cpu());
    return true;
}

static bool info_cpus(char **argv, GString *out, GError **errp)
{
    vcpus_print(out);
    return true;
}

static bool info_pci(char **argv, GString *out, GError **errp)
{
    pci_print_info(out);
    return true;
}

static bool info_qtree(char **argv, GString *out, GError **errp)
{
    device_print_tree(out);
    return true;
}

static bool info_irq(char **argv, GString *out, GError **errp)
{
    const Machine *machine = machine_current();

    if (machine->cls->print_irqs) {
        machine->cls->print_irqs(out);
    }
    return true;
}

static bool info_io_profile(char **argv, GString *out, GError **errp)
{
    g_autoptr(IoProfileReport) report = NULL;
    uint64_t cpu;

    if (*argv && !parse_size(*argv, 1, &cpu, errp)) {
        return false;
    }
    report = io_profile_query(*argv ? (int)MIN(cpu, INT_MAX) : -1, errp);
    if (report) {
        io_profile_print_table(out, report, 0);
    }
    return report;
}

static bool run_io_profile(char **argv, GString *out, GError **errp)
{
    return profile_control(*argv ? *argv : "", errp);
}

static bool info_block(char **argv, GString *out, GError **errp)
{
    block_print_info(out);
    return true;
}

static bool info_chardev(char **argv, GString *out, GError **errp)
{
    chardev_print_info(out);
    return true;
}

static bool info_status(char **argv, GString *out, GError **errp)
{
    RunState state = vm_state();

    g_string_append_printf(out, "VM status: %s", state == RUN_STATE_RUNNING ? "running" : "paused");
    if (state != RUN_STATE_RUNNING && state != RUN_STATE_PAUSED) {
        g_string_append_printf(out, " (%s)", runstate_name(state));
    }
    g_string_append_c(out, '\n');
    return true;
}

static bool info_accel(char **argv, GString *out, GError **errp)
{
    accel_print_info(out);
    return true;
}

static bool info_coalesced(char **argv, GString *out, GError **errp)
{
    coalesced_print_info(out);
    return true;
}

static bool info_kvm(char **argv, GString *out, GError **errp)
{
    g_string_append_printf(out, "kvm support: %s\n", accel_is_kvm() ? "enabled" : "disabled");
    return true;
}

static bool info_name(char **argv, GString *out, GError **errp)
{
    const Machine *machine = machine_current();

    if (machine->name) {
        g_string_append_printf(out, "%s\n", machine->name);
    }
    return true;
}

static bool info_uuid(char **argv, GString *out, GError **errp)
{
    const Machine *machine = machine_current();

    g_string_append_printf(out, "%s\n",
                           machine->uuid ? machine->uuid : "00000000-0000-0000-0000-000000000000");
    return true;
}

static bool info_version(char **argv, GString *out, GError **errp)
{
    g_string_append_printf(out, "%s\n", version_line());
    return true;
}

static bool info_history(char **argv, GString *out, GError **errp)
{
    const GPtrArray *lines = monitor_history();

    for (unsigned i = 0; lines && i < lines->len; i++) {
        g_string_append_printf(out, "%u: '%s'\n", i, (char *)lines->pdata[i]);
    }
    return true;
}

static bool info_pic(char **argv, GString *out, GError **errp)
{
    Device *pic = device_find_class(&isa_i8259_class);
    Device *ioapic = device_find_class(&ioapic_class);

    if (pic) {
        i8259_print(pic, out);
    }
    if (ioapic) {
        ioapic_print(ioapic, out);
    }
    if (!pic) {
        g_string_append(out, "The accelerator has the interrupt controllers, or there are none\n");
    }
    return true;
}

const MonitorCommand monitor_info_commands[] = {
    {"accel", NULL, NULL, "show the accelerator and what it counted", info_accel},
    {"block", NULL, NULL, "show the drives", info_block},
    {"chardev", NULL, NULL, "show the character backends", info_chardev},
    {"coalesced", NULL, NULL, "show which writes are queued, and what became of them",
     info_coalesced},
    {"cpus", NULL, NULL, "show the CPUs", info_cpus},
    {"history", NULL, NULL, "show the lines typed before", info_history},
    {"io-profile", NULL, "[CPU]",
     "show what the guest, or one CPU of it, exited for, and how long it took", info_io_profile},
    {"irq", NULL, NULL, "show the interrupt lines and how often each rose", info_irq},
    {"kvm", NULL, NULL, "show whether KVM is used", info_kvm},
    {"mem", NULL, NULL, "show which virtual memory is mapped, and how", info_mem},
    {"mice", NULL, NULL, "show the mice, and which of them moves", info_mice},
    {"mtree", NULL, "[-f][-o][-D]",
     "show the memory tree (-f: flat views, -o: owners, -D: disabled)", info_mtree},
    {"name", NULL, NULL, "show the guest's name", info_name},
    {"network", NULL, NULL, "show the networks and the cards on them", info_network},
    {"pci", NULL, NULL, "show the PCI devices", info_pci},
    {"pic", NULL, NULL, "show the interrupt controllers", info_pic},
    {"qom-tree", NULL, "[PATH]", "show the tree of objects", info_qom_tree, complete_path},
    {"qtree", NULL, NULL, "show the device tree", info_qtree},
    {"registers", NULL, "[-a]", "show the CPU's registers (-a: of all CPUs)", info_registers},
    {"screen", NULL, NULL, "show the text on the screen", info_screen},
    {"status", NULL, NULL, "show whether the machine runs", info_status},
    {"usernet", NULL, NULL, "show the connections of user networks", info_usernet},
    {"uuid", NULL, NULL, "show the machine's UUID", info_uuid},
    {"version", NULL, NULL, "show the version", info_version},
    {"vnc", NULL, NULL, "show the VNC servers and their viewers", info_vnc},
    {}};

static void print_command(GString *out, const char *prefix, const MonitorCommand *command)
{
    g_string_append_printf(out, "%s%s%s%s%s%s -- %s\n", prefix, command->name,
                           command->alias ? "|" : "", command->alias ? command->alias : "",
                           command->args ? " " : "", command->args ? command->args : "",
                           command->help);
}

static bool run_info(char **argv, GString *out, GError **errp)
{
    const MonitorCommand *command;

    if (!*argv) {
        for (command = monitor_info_commands; command->name; command++) {
            print_command(out, "info ", command);
        }
        return true;
    }
    command = monitor_find_command(monitor_info_commands, *argv);
    if (!command) {
        error_setg(errp, "unknown command: 'info %s'", *argv);
        return false;
    }
    return monitor_run(command, argv + 1, out, errp);
}

static bool help_of(const MonitorCommand *table, const char *prefix, const char *name, GString *out,
                    GError **errp)
{
    const MonitorCommand *command = monitor_find_command(table, name);

    if (!command) {
        error_setg(errp, "unknown command: '%s%s'", prefix, name);
        return false;
    }
    print_command(out, prefix, command);
    return true;
}

/* Of all commands, of one, of all that `info` shows, of one of these. */
static bool run_help(char **argv, GString *out, GError **errp)
{
    if (*argv && g_str_equal(*argv, "info")) {
        return argv[1] ? help_of(monitor_info_commands, "info ", argv[1], out, errp)
                       : run_info((char *[]){NULL}, out, errp);
    }
    if (*argv) {
        return help_of(monitor_commands, "", *argv, out, errp);
    }
    for (const MonitorCommand *command = monitor_commands; command->name; command++) {
        print_command(out, "", command);
    }
    return true;
}

const MonitorCommand monitor_commands[] = {
    {"help", "?", "[CMD]", "show the commands", run_help, complete_command},
    {"info", NULL, "[SUBCOMMAND]", "show the state of a part of the machine", run_info,
     complete_info},
    {"change", NULL, "[-f] DEVICE FILE | vnc password [PASSWORD]",
     "put a medium into a drive (-f: even if it is locked), or change VNC's password", run_change,
     complete_drive},
    {"coalesce", NULL, "DEVICE|all mmio|pio|both on|off",
     "let a device's writes be queued, or not: a device by its id or its class", run_coalesce,
     complete_coalesce},
    {"cont", "c", NULL, "let the machine run", run_cont},
    {"cpu", NULL, "INDEX", "choose the CPU that x, print and memsave are about", run_cpu},
    {"device_add", NULL, "DRIVER[,PROP=VALUE...]", "plug a device into the running machine",
     run_device_add, complete_driver},
    {"device_del", NULL, "ID", "unplug a device", run_device_del, complete_device},
    {"eject", NULL, "[-f] DEVICE", "take the medium out of a drive (-f: even if it is locked)",
     run_eject, complete_drive},
    {"expire_password", NULL, "vnc now|never|+SECONDS|TIME [-d SERVER]",
     "set when the password of VNC ends", run_expire_password},
    {"gva2gpa", NULL, "ADDR", "show which physical address a virtual one has", run_gva2gpa},
    {"hostfwd_add", NULL, "[NETDEV] [tcp|udp]:[HOSTADDR]:PORT-[GUESTADDR]:PORT",
     "forward a port of the host to the guest, on a user network", run_hostfwd_add},
    {"hostfwd_remove", NULL, "[NETDEV] [tcp|udp]:[HOSTADDR]:PORT", "end that", run_hostfwd_remove},
    {"i", NULL, "/FMT PORT", "read a port", run_in},
    {"io-profile", NULL, "on|off|reset", "count what the guest exits for, or from zero again",
     run_io_profile},
    {"log", NULL, "ITEM[,...]", "choose what is logged (-d help lists it); none: nothing", run_log,
     complete_log},
    {"memsave", NULL, "ADDR SIZE FILE", "write virtual memory to a file", run_memsave},
    {"mouse_button", NULL, "STATE", "press mouse buttons (1 left, 2 middle, 4 right)",
     run_mouse_button},
    {"mouse_move", NULL, "DX DY [DZ]", "move the mouse, and turn its wheel", run_mouse_move},
    {"mouse_set", NULL, "INDEX", "choose the mouse that moves ('info mice' lists them)",
     run_mouse_set},
    {"netdev_add", NULL, "TYPE,id=ID[,PROP=VALUE...]", "add a network (as -netdev)",
     run_netdev_add},
    {"netdev_del", NULL, "ID", "remove a network", run_netdev_del, complete_netdev},
    {"nmi", NULL, NULL, "send an NMI to every CPU", run_nmi},
    {"o", NULL, "/FMT PORT VALUE", "write a port", run_out},
    {"object_add", NULL, "TYPE,id=ID[,PROP=VALUE...]", "add an object (as -object)",
     run_object_add},
    {"object_del", NULL, "ID", "remove an object", run_object_del},
    {"pmemsave", NULL, "ADDR SIZE FILE", "write physical memory to a file", run_pmemsave},
    {"print", "p", "/FMT EXPR", "show the value of an expression ($pc is a register)", run_print},
    {"qom-get", NULL, "PATH PROPERTY", "show a property of an object", run_qom_get, complete_path},
    {"qom-list", NULL, "PATH", "show the properties of an object", run_qom_list, complete_path},
    {"qom-set", NULL, "[-j] PATH PROPERTY VALUE", "set a property (-j: to a value in JSON)",
     run_qom_set, complete_path},
    {"quit", "q", NULL, "end the machine", run_quit},
    {"screendump", NULL, "[-f png|ppm] FILE [DEVICE [HEAD]]", "save the screen as a picture",
     run_screendump},
    {"sendkey", NULL, "KEYS [HOLD_MS]", "press keys, as in 'sendkey ctrl-alt-f1'", run_sendkey,
     complete_keys},
    {"set_link", NULL, "NAME on|off", "plug or pull the cable of a card or a network",
     run_set_link, complete_set_link},
    {"set_password", NULL, "vnc PASSWORD [keep] [-d SERVER]", "set the password of VNC",
     run_set_password},
    {"stop", "s", NULL, "stop the machine", run_stop},
    {"sum", NULL, "ADDR SIZE", "show a 16-bit sum of physical memory", run_sum},
    {"system_powerdown", NULL, NULL, "press the power button", run_powerdown},
    {"system_reset", NULL, NULL, "reset the machine", run_reset},
    {"watchdog_action", NULL, "ACTION", "what follows when a watchdog expires",
     run_watchdog_action},
    {"x", NULL, "/FMT ADDR", "show virtual memory (FMT: count, x d u o c, b h w g)", run_x},
    {"xp", NULL, "/FMT ADDR", "show physical memory", run_xp},
    {}};
