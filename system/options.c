/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line: one row per option, in QEMU's names and meanings.
 */
#include "options-internal.h"

#include <stdio.h>
#include <string.h>

#include "accel/accel.h"
#include "backends/char.h"
#include "backends/firmware.h"
#include "backends/ui/keymap.h"
#include "backends/ui/ui.h"
#include "error.h"
#include "hw/core/device.h"
#include "hw/core/log.h"
#include "option-json.h"

const char *version_line(void)
{
    return "Lignite " LIGNITE_VERSION
           ", a PC virtual machine monitor (compatible with: QEMU emulator version " G_STRINGIFY(
               COMPAT_MAJOR) "." G_STRINGIFY(COMPAT_MINOR) "." G_STRINGIFY(COMPAT_MICRO) ")";
}

/* ------------------------------------------------------------------------ common handlers -- */

OptionsResult print_and_stop(GString *text)
{
    fputs(text->str, stdout);
    g_string_free(text, TRUE);
    return OPTIONS_DONE;
}

bool wants_help(const char *arg)
{
    return g_str_equal(arg, "help") || g_str_equal(arg, "?");
}

/* The option and its argument, and below what it is for. */
static void append_usage(GString *text, const OptionRow *row)
{
    g_autofree char *head = g_strdup_printf("-%s %s", row->name, row->arg ? row->arg : "");

    if (strlen(head) < 24) {
        g_string_append_printf(text, "%-24s%s\n", head, row->help);
    } else {
        g_string_append_printf(text, "%s\n%-24s%s\n", head, "", row->help);
    }
}

OptionsResult print_usage(const OptionRow *row)
{
    GString *text = g_string_new(NULL);

    append_usage(text, row);
    return print_and_stop(text);
}

static void *field_of(Options *options, const OptionRow *row)
{
    return (char *)options + row->field;
}

/* Keep the last one given. */
static OptionsResult set_string(Options *options, const OptionRow *row, const char *arg,
                                GError **errp)
{
    char **field = field_of(options, row);

    g_free(*field);
    *field = g_strdup(arg);
    return OPTIONS_RUN;
}

static OptionsResult set_flag(Options *options, const OptionRow *row, const char *arg,
                              GError **errp)
{
    *(bool *)field_of(options, row) = true;
    return OPTIONS_RUN;
}

/* For clients that ask for what is so anyway. */
static OptionsResult handle_nothing(Options *options, const OptionRow *row, const char *arg,
                                    GError **errp)
{
    return OPTIONS_RUN;
}

/* Where bytes go: keep all, in order. */
static OptionsResult append_dev(Options *options, const OptionRow *row, const char *arg,
                                GError **errp)
{
    if (wants_help(arg)) {
        return print_usage(row);
    }
    g_ptr_array_add(*(GPtrArray **)field_of(options, row), g_strdup(arg));
    return OPTIONS_RUN;
}

static OptionsResult handle_qtest(Options *options, const OptionRow *row, const char *arg,
                                  GError **errp)
{
    return wants_help(arg) ? print_usage(row) : set_string(options, row, arg, errp);
}

/* Keep all, in order, as options with that implied key. */
static OptionsResult append_opts(GPtrArray *list, const OptionRow *row, const char *arg,
                                 const char *implied, GError **errp)
{
    Opts *opts;

    if (wants_help(arg)) {
        return print_usage(row);
    }
    opts = opts_parse(arg, implied, errp);
    if (!opts) {
        return OPTIONS_FAIL;
    }
    g_ptr_array_add(list, opts);
    return OPTIONS_RUN;
}

static OptionsResult handle_mon(Options *options, const OptionRow *row, const char *arg,
                                GError **errp)
{
    return append_opts(options->mons, row, arg, "chardev", errp);
}

static OptionsResult handle_fw_cfg(Options *options, const OptionRow *row, const char *arg,
                                   GError **errp)
{
    return append_opts(options->fw_cfg, row, arg, "name", errp);
}

static OptionsResult handle_acpitable(Options *options, const OptionRow *row, const char *arg,
                                      GError **errp)
{
    return append_opts(options->acpitables, row, arg, NULL, errp);
}

static OptionsResult handle_smbios(Options *options, const OptionRow *row, const char *arg,
                                   GError **errp)
{
    return append_opts(options->smbios, row, arg, NULL, errp);
}

static OptionsResult merge_opts(Opts *into, const OptionRow *row, const char *arg,
                                const char *implied, GError **errp)
{
    g_autoptr(Opts) opts = NULL;

    if (wants_help(arg)) {
        return print_usage(row);
    }
    opts = opts_parse(arg, implied, errp);
    if (!opts) {
        return OPTIONS_FAIL;
    }
    opts_merge(into, opts);
    return OPTIONS_RUN;
}

/* --------------------------------------------------------------------------- the machine -- */

static OptionsResult handle_machine(Options *options, const OptionRow *row, const char *arg,
                                    GError **errp)
{
    GString *text;

    if (wants_help(arg)) {
        text = g_string_new(NULL);
        machine_classes_print_help(text);
        return print_and_stop(text);
    }
    if (g_str_has_suffix(arg, ",help") || g_str_has_suffix(arg, ",?")) {
        text = g_string_new(NULL);
        machine_class_print_help(text);
        return print_and_stop(text);
    }
    return merge_opts(options->machine, row, arg, "type", errp);
}

static OptionsResult handle_accel(Options *options, const OptionRow *row, const char *arg,
                                  GError **errp)
{
    g_autofree char *name = g_strndup(arg, strcspn(arg, ","));
    GString *text;

    if (wants_help(arg)) {
        text = g_string_new(NULL);
        accel_print_help(text);
        return print_and_stop(text);
    }
    if (g_str_has_suffix(arg, ",help") || g_str_has_suffix(arg, ",?")) {
        text = g_string_new(NULL);
        if (accel_print_props(name, text)) {
            return print_and_stop(text);
        }
        g_string_free(text, TRUE);
        error_setg(errp, "invalid accelerator %s: -accel help lists them", name);
        return OPTIONS_FAIL;
    }
    g_ptr_array_add(options->accels, g_strdup(arg));
    return OPTIONS_RUN;
}

static OptionsResult handle_enable_kvm(Options *options, const OptionRow *row, const char *arg,
                                       GError **errp)
{
    g_ptr_array_add(options->accels, g_strdup("kvm"));
    return OPTIONS_RUN;
}

static OptionsResult handle_cpu(Options *options, const OptionRow *row, const char *arg,
                                GError **errp)
{
    if (wants_help(arg)) {
        GString *text = g_string_new(NULL);

        cpu_models_print_help(text);
        return print_and_stop(text);
    }
    if (!cpu_model_check(arg, errp)) {
        return OPTIONS_FAIL;
    }
    return set_string(options, row, arg, errp);
}

static OptionsResult handle_smp(Options *options, const OptionRow *row, const char *arg,
                                GError **errp)
{
    return merge_opts(options->smp, row, arg, "cpus", errp);
}

static OptionsResult handle_memory(Options *options, const OptionRow *row, const char *arg,
                                   GError **errp)
{
    g_autoptr(Opts) opts = NULL;

    if (wants_help(arg)) {
        return print_usage(row);
    }
    opts = opts_parse(arg, "size", errp);
    if (!opts) {
        return OPTIONS_FAIL;
    }
    g_free(options->ram_size);
    options->ram_size = g_strdup(opts_get(opts, "size"));
    return opts_check_unknown(opts, errp) ? OPTIONS_RUN : OPTIONS_FAIL;
}

static OptionsResult handle_boot(Options *options, const OptionRow *row, const char *arg,
                                 GError **errp)
{
    return merge_opts(options->boot, row, arg, "order", errp);
}

static bool choose_action(const char *event, const char *action, void *policy, GError **errp)
{
    return vm_policy_choose(policy, event, action, errp);
}

static OptionsResult handle_action(Options *options, const OptionRow *row, const char *arg,
                                   GError **errp)
{
    g_autoptr(Opts) opts = NULL;

    if (wants_help(arg)) {
        return print_usage(row);
    }
    opts = opts_parse(arg, NULL, errp);
    return opts && opts_foreach(opts, choose_action, &options->policy, errp) ? OPTIONS_RUN
                                                                             : OPTIONS_FAIL;
}

/* Older forms of it. */
static OptionsResult handle_watchdog_action(Options *options, const OptionRow *row, const char *arg,
                                            GError **errp)
{
    if (wants_help(arg)) {
        return print_usage(row);
    }
    return vm_policy_choose(&options->policy, "watchdog", arg, errp) ? OPTIONS_RUN : OPTIONS_FAIL;
}

static OptionsResult handle_no_reboot(Options *options, const OptionRow *row, const char *arg,
                                      GError **errp)
{
    options->policy.reboot = REBOOT_ACTION_SHUTDOWN;
    return OPTIONS_RUN;
}

static OptionsResult handle_no_shutdown(Options *options, const OptionRow *row, const char *arg,
                                        GError **errp)
{
    options->policy.shutdown = SHUTDOWN_ACTION_PAUSE;
    return OPTIONS_RUN;
}

static OptionsResult handle_rtc(Options *options, const OptionRow *row, const char *arg,
                                GError **errp)
{
    return merge_opts(options->rtc, row, arg, NULL, errp);
}

static OptionsResult handle_dir(Options *options, const OptionRow *row, const char *arg,
                                GError **errp)
{
    if (wants_help(arg)) {
        GString *text = g_string_new(NULL);

        firmware_print_dirs(text);
        return print_and_stop(text);
    }
    firmware_add_dir(arg);
    return OPTIONS_RUN;
}

/* ------------------------------------------------------------------------------- devices -- */

static OptionsResult handle_vga(Options *options, const OptionRow *row, const char *arg,
                                GError **errp)
{
    if (wants_help(arg)) {
        return print_and_stop(g_string_new("none     no graphic card\n"
                                           "std      standard VGA\n"
                                           "cirrus   Cirrus VGA (default)\n"));
    }
    return set_string(options, row, arg, errp);
}

/* ----------------------------------------------------------------------------- host side -- */

static OptionsResult handle_display(Options *options, const OptionRow *row, const char *arg,
                                    GError **errp)
{
    if (wants_help(arg)) {
        GString *text = g_string_new(NULL);

        display_print_help(text);
        return print_and_stop(text);
    }
    return display_check(arg, errp) ? set_string(options, row, arg, errp) : OPTIONS_FAIL;
}

/* -sdl, -curses: the same as -display with that name. */
static OptionsResult handle_display_name(Options *options, const OptionRow *row, const char *arg,
                                         GError **errp)
{
    return set_string(options, row, row->name, errp);
}

static OptionsResult handle_keyboard(Options *options, const OptionRow *row, const char *arg,
                                     GError **errp)
{
    return keymap_choose(arg, errp) ? OPTIONS_RUN : OPTIONS_FAIL;
}

static OptionsResult handle_audio(Options *options, const OptionRow *row, const char *arg,
                                  GError **errp)
{
    if (wants_help(arg)) {
        return print_and_stop(g_string_new("Available audio drivers:\nnone\n"));
    }
    if (!g_str_equal(arg, "none") && !g_str_equal(arg, "driver=none")) {
        error_setg(errp, "only '-audio none' is supported: there is no sound");
        return OPTIONS_FAIL;
    }
    return OPTIONS_RUN;
}

static OptionsResult handle_chardev(Options *options, const OptionRow *row, const char *arg,
                                    GError **errp)
{
    Opts *opts;

    if (wants_help(arg)) {
        GString *text = g_string_new(NULL);

        chardev_print_help(text);
        return print_and_stop(text);
    }
    opts = opts_parse(arg, "backend", errp);
    if (!opts) {
        return OPTIONS_FAIL;
    }
    g_ptr_array_add(options->chardevs, opts);
    return OPTIONS_RUN;
}

static OptionsResult handle_uuid(Options *options, const OptionRow *row, const char *arg,
                                 GError **errp)
{
    if (!g_uuid_string_is_valid(arg)) {
        error_setg(errp, "not a UUID such as 550e8400-e29b-41d4-a716-446655440000");
        return OPTIONS_FAIL;
    }
    return set_string(options, row, arg, errp);
}

static OptionsResult handle_log(Options *options, const OptionRow *row, const char *arg,
                                GError **errp)
{
    if (wants_help(arg)) {
        GString *text = g_string_new(NULL);

        log_print_items(text);
        return print_and_stop(text);
    }
    return set_string(options, row, arg, errp);
}

static OptionsResult handle_profile(Options *options, const OptionRow *row, const char *arg,
                                    GError **errp)
{
    if (wants_help(arg)) {
        return print_usage(row);
    }
    if (!profile_parse(&options->profile, arg, errp)) {
        g_prefix_error(errp, "-profile %s: ", arg);
        return OPTIONS_FAIL;
    }
    return OPTIONS_RUN;
}

static OptionsResult handle_version(Options *options, const OptionRow *row, const char *arg,
                                    GError **errp)
{
    GString *text = g_string_new(version_line());

    g_string_append_c(text, '\n');
    return print_and_stop(text);
}

static OptionsResult handle_help(Options *options, const OptionRow *row, const char *arg,
                                 GError **errp);

/* --------------------------------------------------------------------------------- table -- */

#define AT(member) offsetof(Options, member)
#define HEADING(text)                                                                              \
    {                                                                                              \
        .name = NULL, .help = text                                                                 \
    }

static const OptionRow rows[] = {
    HEADING("Machine"),
    {"h", NULL, handle_help, 0, "show this text"},
    {"help", NULL, handle_help, 0, NULL},
    {"version", NULL, handle_version, 0, "show the version"},
    {"machine", "[type=]NAME[,PROP=VALUE...]", handle_machine, 0,
     "choose the machine (-machine help lists them); also accel=A[:B], kernel-irqchip=on|off"},
    {"M", "NAME[,...]", handle_machine, 0, "the same as -machine"},
    {"accel", "NAME[,PROP=VALUE...]", handle_accel, 0,
     "choose the accelerator; given several times, the first that works is used"},
    {"enable-kvm", NULL, handle_enable_kvm, 0, "the same as -accel kvm"},
    {"cpu", "MODEL[,+FLAG][,-FLAG]", handle_cpu, AT(cpu_model),
     "choose the CPU (-cpu help lists models)"},
    {"smp", "[cpus=]N", handle_smp, 0, "number of CPUs, 1 to 8 (default: 1)"},
    {"m", "[size=]SIZE", handle_memory, 0, "guest memory, in MiB or with suffix (default: 128M)"},
    {"name", "[guest=]NAME[,process=NAME]", handle_name, 0,
     "name of the guest, and of the process"},
    {"uuid", "UUID", handle_uuid, AT(uuid), "the machine's UUID"},
    {"rtc", "[base=utc|localtime|DATE][,clock=host|rt|vm][,driftfix=none|slew]", handle_rtc, 0,
     "what the real time clock shows"},
    {"readconfig", "FILE", handle_readconfig, 0, "read options from FILE"},
    {"set", "GROUP.ID.PARAMETER=VALUE", handle_set, 0,
     "set a parameter of a -device, -drive, -chardev, -netdev, -object or -mon that stands before"},
    {"no-user-config", NULL, handle_nothing, 0, "there is none"},
    {"nodefaults", NULL, set_flag, AT(nodefaults), "no default devices"},

    HEADING("Firmware and boot"),
    {"bios", "FILE", set_string, AT(bios), "firmware image (default: bios-256k.bin)"},
    {"L", "DIR", handle_dir, 0, "look for firmware in DIR first (-L help lists the folders)"},
    {"boot",
     "[order=]LETTERS[,once=LETTERS][,menu=on|off][,splash-time=MS][,reboot-timeout=MS]"
     "[,strict=on|off]",
     handle_boot, 0, "boot order: a, b floppy; c disk; d CD; n network"},
    {"no-fd-bootchk", NULL, set_flag, AT(no_fd_bootchk), "the same as -M fd-bootchk=off"},
    {"fw_cfg", "[name=]NAME,file=FILE|string=TEXT", handle_fw_cfg, 0,
     "a file for firmware; users' own are called opt/..."},
    {"acpitable",
     "file=FILE[:FILE...]|data=FILE[:FILE...][,sig=S][,rev=N][,oem_id=S][,oem_table_id=S]"
     "[,oem_rev=N][,asl_compiler_id=S][,asl_compiler_rev=N]",
     handle_acpitable, 0, "an ACPI table, with (file=) or without (data=) its header"},
    {"smbios",
     "type=0|1|2|3|11[,manufacturer=S][,product=S][,version=S][,serial=S][,uuid=U][,asset=S]"
     "[,sku=S][,family=S][,location=S][,vendor=S][,date=S][,value=S]",
     handle_smbios, 0, "what SMBIOS says of firmware, system, board or chassis; or OEM texts"},
    {"kernel", "FILE", set_string, AT(kernel), "boot a bzImage or a multiboot kernel"},
    {"initrd", "FILE", set_string, AT(initrd), "initial RAM disk, or multiboot modules"},
    {"append", "TEXT", set_string, AT(append), "the kernel's command line"},

    HEADING("Disks"),
    {"hda", "FILE", handle_disk, 0, "disk image of the first IDE channel's master"},
    {"hdb", "FILE", handle_disk, 1, "... of its slave"},
    {"hdc", "FILE", handle_disk, 2, "... of the second channel's master"},
    {"hdd", "FILE", handle_disk, 3, "... of its slave"},
    {"cdrom", "FILE", handle_cdrom, 0, "CD image, in the second channel's master"},
    {"fda", "FILE", handle_floppy, 0, "image of the first floppy drive"},
    {"fdb", "FILE", handle_floppy, 1, "... of the second"},
    {"pflash", "FILE", handle_pflash, 0,
     "image of a flash chip: the first has the firmware, a second its variables"},
    {"drive",
     "[file=FILE][,if=ide|floppy|pflash|none][,index=N][,bus=N][,unit=N][,media=disk|cdrom][,format=raw]"
     "[,readonly=on|off][,snapshot=on|off][,id=ID][,werror=A][,rerror=A]"
     "[,discard=unmap|ignore][,cache=writeback|unsafe][,aio=threads]",
     handle_drive, 0, "a drive, put where if= says (default: IDE) or kept for -device"},
    {"snapshot", NULL, set_flag, AT(snapshot), "keep writes to disks in temporary files"},

    HEADING("Devices"),
    {"device", "DRIVER[,PROP=VALUE...]", handle_device, 0,
     "add a device (-device help lists them; -device DRIVER,help its properties)"},
    {"global", "DRIVER.PROP=VALUE", handle_global, 0, "set a property of all devices of a kind"},
    {"vga", "none|std|cirrus", handle_vga, AT(vga), "the display adapter"},
    {"nic", "[TYPE][,model=NAME][,mac=ADDR][,PROP=VALUE...] | none", handle_net, 1,
     "a network card and its network (-nic help lists types, -nic model=help cards); none: no card"},
    {"net", "nic[,model=NAME][,macaddr=ADDR] | TYPE[,PROP=VALUE...] | none", handle_net, 1,
     "the older form: cards and networks on one hub"},

    HEADING("Host side"),
    {"display", "none|text|curses|sdl|vnc=ADDRESS[,...]", handle_display, AT(display),
     "how the screen is shown (-display help lists the ways; default: a window, else VNC)"},
    {"sdl", NULL, handle_display_name, AT(display), "the same as -display sdl"},
    {"curses", NULL, handle_display_name, AT(display), "the same as -display curses"},
    {"vnc",
     "none|[HOST]:DISPLAY|unix:PATH[,id=ID][,password=on|off][,to=DISPLAY]"
     "[,websocket=on|off|PORT][,share=allow-exclusive|force-shared|ignore][,lossy=off]",
     append_dev, AT(vncs), "a VNC server that shows the screen"},
    {"k", "LAYOUT", handle_keyboard, 0,
     "the guest's keyboard layout (en-us, de, fr...), for viewers that send characters"},
    {"audio", "none", handle_audio, 0, "no sound"},
    {"nographic", NULL, set_flag, AT(nographic),
     "no display; serial port and monitor on standard input and output"},
    {"serial", "DEV", append_dev, AT(serials),
     "a serial port: stdio, mon:stdio, file:F, pipe:F, unix:F, tcp:H:P, pty, null, none,"
     " chardev:ID"},
    {"parallel", "DEV", append_dev, AT(parallels),
     "a parallel port with a printer on DEV (default: there is no port)"},
    {"debugcon", "DEV", append_dev, AT(debugcons), "the firmware's debug log (port 0xe9)"},
    {"netdev", "TYPE,id=ID[,PROP=VALUE...]", handle_net, 0,
     "a network for -device NAME,netdev=ID (-netdev help lists types)"},
    {"chardev", "KIND,id=ID[,PROP=VALUE...]", handle_chardev, 0,
     "a character backend (-chardev help lists them)"},
    {"monitor", "DEV", append_dev, AT(monitors), "a monitor on DEV"},
    {"mon", "[chardev=]ID[,mode=readline|control][,pretty=on|off]", handle_mon, 0,
     "a monitor on a -chardev, for people or (control) QMP"},
    {"qmp", "DEV", append_dev, AT(qmps), "QMP on DEV"},
    {"qmp-pretty", "DEV", append_dev, AT(pretty_qmps), "QMP on DEV, with indented output"},
    {"object", "TYPE,id=ID[,PROP=VALUE...]", handle_object, 0,
     "an object (-object help lists them): a pcap file of a network, QMP on a -chardev"},
    {"S", NULL, set_flag, AT(paused), "do not start the CPUs: 'cont' in the monitor does"},
    {"action",
     "[reboot=reset|shutdown][,shutdown=poweroff|pause][,panic=shutdown|pause|exit-failure|none]"
     "[,watchdog=reset|shutdown|poweroff|inject-nmi|pause|debug|none]",
     handle_action, 0, "what follows when the guest does one of these (defaults: the first)"},
    {"no-reboot", NULL, handle_no_reboot, 0, "the same as -action reboot=shutdown"},
    {"no-shutdown", NULL, handle_no_shutdown, 0, "the same as -action shutdown=pause"},
    {"watchdog-action", "ACTION", handle_watchdog_action, 0,
     "the same as -action watchdog=ACTION"},
    {"profile", "io[,file=F][,format=table|json|csv|svg]", handle_profile, 0,
     "count and time what the guest exits for, by register; printed at the end, or written to F"},
    {"pidfile", "FILE", set_string, AT(pidfile), "write the process id to FILE"},
    {"run-with", "[exit-with-parent=on|off][,chroot=DIR][,user=NAME|UID:GID]", handle_run_with, 0,
     "end with the process that started it; once all is open, another root, another user"},
    {"daemonize", NULL, set_flag, AT(process.daemonize), "go to the background once all is open"},
    {"sandbox",
     "on|off[,obsolete=allow|deny][,elevateprivileges=allow|children|deny][,spawn=allow|deny]"
     "[,resourcecontrol=allow|deny]",
     handle_sandbox, 0, "give up system calls that no machine needs (default: off), and more"},
    {"msg", "[timestamp=on|off][,guest-name=on|off]", handle_msg, 0,
     "what stands before each message on standard error"},
    {"qtest", "DEV", handle_qtest, AT(qtest),
     "a client drives the machine by lines on DEV: unix:F, stdio, chardev:ID, ... (with"
     " -accel qtest)"},
    {"qtest-log", "FILE", set_string, AT(qtest_log), "write the lines of -qtest to FILE"},
    {"d", "ITEM[,...]", handle_log, AT(log_items), "log items (-d help lists them)"},
    {"D", "FILE", set_string, AT(log_file), "write the log to FILE (default: standard error)"},
};

static OptionsResult handle_help(Options *options, const OptionRow *row, const char *arg,
                                 GError **errp)
{
    GString *text = g_string_new(version_line());

    g_string_append(text, "\nusage: lignite [options] [disk image]\n");
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (!rows[i].name) {
            g_string_append_printf(text, "\n%s:\n", rows[i].help);
        } else if (rows[i].help) {
            append_usage(text, &rows[i]);
        }
    }
    return print_and_stop(text);
}

void options_foreach(void (*fn)(const char *name, const char *arg, void *opaque), void *opaque)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (rows[i].name) {
            fn(rows[i].name, rows[i].arg, opaque);
        }
    }
}

static const OptionRow *find_row(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (rows[i].name && g_str_equal(rows[i].name, name)) {
            return &rows[i];
        }
    }
    return NULL;
}

/* The row of an argument that begins with one dash or two. */
static const OptionRow *find_option(const char *arg)
{
    const char *name = arg + (arg[1] == '-' ? 2 : 1);

    return find_row(g_str_equal(name, "?") ? "help" : name);
}

OptionsResult options_apply(Options *options, const char *name, const char *arg, GError **errp)
{
    const OptionRow *row = find_row(name);

    if (!row) {
        error_setg(errp, "There is no option '-%s'", name);
        return OPTIONS_FAIL;
    }
    return row->handle(options, row, arg, errp);
}

static void free_opts(void *data)
{
    opts_free(data);
}

static void options_init(Options *options)
{
    *options = (Options){
        .machine = opts_new(),
        .boot = opts_new(),
        .rtc = opts_new(),
        .smp = opts_new(),
        .accels = g_ptr_array_new_with_free_func(g_free),
        .devices = g_ptr_array_new_with_free_func(device_option_free),
        .drives = g_ptr_array_new_with_free_func(drive_option_free),
        .nets = g_ptr_array_new_with_free_func(drive_option_free),
        .chardevs = g_ptr_array_new_with_free_func(free_opts),
        .serials = g_ptr_array_new_with_free_func(g_free),
        .parallels = g_ptr_array_new_with_free_func(g_free),
        .monitors = g_ptr_array_new_with_free_func(g_free),
        .mons = g_ptr_array_new_with_free_func(free_opts),
        .debugcons = g_ptr_array_new_with_free_func(g_free),
        .qmps = g_ptr_array_new_with_free_func(g_free),
        .pretty_qmps = g_ptr_array_new_with_free_func(g_free),
        .objects = g_ptr_array_new_with_free_func(free_opts),
        .vncs = g_ptr_array_new_with_free_func(g_free),
        .fw_cfg = g_ptr_array_new_with_free_func(free_opts),
        .acpitables = g_ptr_array_new_with_free_func(free_opts),
        .smbios = g_ptr_array_new_with_free_func(free_opts),
    };
}

void options_clear(Options *options)
{
    char **strings[] = {&options->ram_size, &options->cpu_model, &options->bios,
                        &options->kernel,   &options->initrd,    &options->append,
                        &options->name,     &options->uuid,      &options->vga,
                        &options->pidfile,  &options->log_items, &options->log_file,
                        &options->qtest,    &options->qtest_log, &options->profile.file,
                        &options->display};

    for (size_t i = 0; i < G_N_ELEMENTS(strings); i++) {
        g_clear_pointer(strings[i], g_free);
    }
    process_options_clear(&options->process);
    g_clear_pointer(&options->machine, opts_free);
    g_clear_pointer(&options->boot, opts_free);
    g_clear_pointer(&options->rtc, opts_free);
    g_clear_pointer(&options->smp, opts_free);
    g_clear_pointer(&options->accels, g_ptr_array_unref);
    g_clear_pointer(&options->devices, g_ptr_array_unref);
    g_clear_pointer(&options->drives, g_ptr_array_unref);
    g_clear_pointer(&options->nets, g_ptr_array_unref);
    g_clear_pointer(&options->chardevs, g_ptr_array_unref);
    g_clear_pointer(&options->serials, g_ptr_array_unref);
    g_clear_pointer(&options->parallels, g_ptr_array_unref);
    g_clear_pointer(&options->monitors, g_ptr_array_unref);
    g_clear_pointer(&options->mons, g_ptr_array_unref);
    g_clear_pointer(&options->debugcons, g_ptr_array_unref);
    g_clear_pointer(&options->qmps, g_ptr_array_unref);
    g_clear_pointer(&options->pretty_qmps, g_ptr_array_unref);
    g_clear_pointer(&options->objects, g_ptr_array_unref);
    g_clear_pointer(&options->vncs, g_ptr_array_unref);
    g_clear_pointer(&options->fw_cfg, g_ptr_array_unref);
    g_clear_pointer(&options->acpitables, g_ptr_array_unref);
    g_clear_pointer(&options->smbios, g_ptr_array_unref);
}

OptionsResult options_parse(Options *options, int argc, char **argv, GError **errp)
{
    options_init(options);
    for (int i = 1; i < argc; i++) {
        const char *arg = argv[i];
        const OptionRow *row;
        OptionsResult result;

        if (arg[0] != '-' || !arg[1]) {
            const OptionRow hda = {.name = "hda"};

            handle_disk(options, &hda, arg, NULL);
            continue;
        }
        row = find_option(arg);
        if (!row) {
            error_setg(errp, "%s: invalid option: -h lists them", arg);
            return OPTIONS_FAIL;
        }
        if (row->arg && ++i == argc) {
            error_setg(errp, "%s: requires an argument", arg);
            return OPTIONS_FAIL;
        }
        result = row->handle(options, row, row->arg ? argv[i] : NULL, errp);
        if (result == OPTIONS_FAIL) {
            g_prefix_error(errp, "%s %s: ", arg, row->arg ? argv[i] : "");
        }
        if (result != OPTIONS_RUN) {
            return result;
        }
    }
    return OPTIONS_RUN;
}
