/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line: what each option leaves in Options, help texts, and the words for mistakes.
 */
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hw/core/device.h"
#include "options.h"

/* Stand for the lists of the board and of hw/devices.c. */
typedef struct Thing {
    Device dev;
    uint32_t size;
} Thing;

static const Property thing_props[] = {PROP_UINT32("size", Thing, size, 1), {}};
static const DeviceClass thing_class = {
    .name = "thing", .parent = &device_class, .size = sizeof(Thing), .props = thing_props};
const DeviceClass *const device_classes[] = {&device_class, &thing_class, NULL};

static const MachineClass test_machine = {
    .name = "pc-test", .alias = "pc", .desc = "a board", .is_default = true};
const MachineClass *const machine_classes[] = {&test_machine, NULL};

/* Parse what is separated by blanks; what is printed comes in `printed` (may be NULL). */
static OptionsResult parse(Options *options, const char *line, char **printed, GError **errp)
{
    g_autofree char *all = g_strconcat("lignite ", line, NULL);
    g_auto(GStrv) argv = g_strsplit(all, " ", -1);
    FILE *file = tmpfile();
    int before = dup(STDOUT_FILENO);
    OptionsResult result;
    long length;

    fflush(stdout);
    dup2(fileno(file), STDOUT_FILENO);
    result = options_parse(options, g_strv_length(argv), argv, errp);
    fflush(stdout);
    dup2(before, STDOUT_FILENO);
    close(before);
    if (printed) {
        fseek(file, 0, SEEK_END);
        length = ftell(file);
        rewind(file);
        *printed = g_malloc0(length + 1);
        g_assert_cmpint(fread(*printed, 1, length, file), ==, length);
    }
    fclose(file);
    return result;
}

static void parse_ok(Options *options, const char *line)
{
    g_autoptr(GError) err = NULL;

    g_assert_cmpint(parse(options, line, NULL, &err), ==, OPTIONS_RUN);
    g_assert_no_error(err);
}

static void test_nothing(void)
{
    Options options;

    parse_ok(&options, "-S");
    g_assert_true(options.paused);
    g_assert_cmpuint(options.accels->len + options.devices->len + options.drives->len, ==, 0);
    g_assert_null(options.ram_size);
    g_assert_false(options.nodefaults || options.nographic || options.snapshot);
    options_clear(&options);
}

static void test_strings(void)
{
    Options options;
    const struct {
        const char *line;
        char **field;
    } rows[] = {
        {"-bios x -bios value", &options.bios}, {"-kernel value", &options.kernel},
        {"-initrd value", &options.initrd},     {"-append value", &options.append},
        {"-pidfile value", &options.pidfile},   {"-d value", &options.log_items},
        {"-D value", &options.log_file},        {"-name value", &options.name},
        {"-name guest=value", &options.name},   {"-vga value", &options.vga},
        {"-m value", &options.ram_size},        {"-m size=value", &options.ram_size},
        {"--bios value", &options.bios},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        parse_ok(&options, rows[i].line);
        g_assert_cmpstr(*rows[i].field, ==, "value");
        options_clear(&options);
    }
}

static void test_flags(void)
{
    Options options;
    const struct {
        const char *line;
        const bool *field;
    } rows[] = {
        {"-nographic", &options.nographic},
        {"-nodefaults", &options.nodefaults},
        {"-snapshot", &options.snapshot},
        {"-S", &options.paused},
        {"-net none", &options.no_nic},
        {"-nic none", &options.no_nic},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        parse_ok(&options, rows[i].line);
        g_assert_true(*rows[i].field);
        options_clear(&options);
    }
}

/* The last word on an event counts; -no-reboot and its like are short for one. */
static void test_actions(void)
{
    static const struct {
        const char *line;
        VmPolicy expected;
    } rows[] = {
        {"", {}},
        {"-no-reboot", {.reboot = REBOOT_ACTION_SHUTDOWN}},
        {"--no-reboot", {.reboot = REBOOT_ACTION_SHUTDOWN}},
        {"-no-shutdown", {.shutdown = SHUTDOWN_ACTION_PAUSE}},
        {"-no-reboot -action reboot=reset", {}},
        {"-action reboot=shutdown,shutdown=pause,panic=none,watchdog=debug",
         {REBOOT_ACTION_SHUTDOWN, SHUTDOWN_ACTION_PAUSE, PANIC_ACTION_NONE, WATCHDOG_ACTION_DEBUG}},
        {"-action panic=pause -action panic=exit-failure", {.panic = PANIC_ACTION_EXIT_FAILURE}},
        {"-watchdog-action inject-nmi", {.watchdog = WATCHDOG_ACTION_INJECT_NMI}},
    };
    Options options;

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        parse_ok(&options, rows[i].line);
        g_assert_cmpmem(&options.policy, sizeof(VmPolicy), &rows[i].expected, sizeof(VmPolicy));
        options_clear(&options);
    }
}

static void test_lists_keep_order(void)
{
    Options options;

    parse_ok(&options, "-serial a -serial b -monitor c -debugcon d -accel kvm -accel x86emu,p=v"
                       " -device thing,id=1 -chardev null,id=n -mon n -enable-kvm");
    g_assert_cmpuint(options.serials->len, ==, 2);
    g_assert_cmpstr(options.serials->pdata[0], ==, "a");
    g_assert_cmpstr(options.serials->pdata[1], ==, "b");
    g_assert_cmpstr(options.monitors->pdata[0], ==, "c");
    g_assert_cmpstr(options.debugcons->pdata[0], ==, "d");
    g_assert_cmpuint(options.accels->len, ==, 3);
    g_assert_cmpstr(options.accels->pdata[1], ==, "x86emu,p=v");
    g_assert_cmpstr(options.accels->pdata[2], ==, "kvm");
    g_assert_cmpstr(opts_get(options.devices->pdata[0], "driver"), ==, "thing");
    g_assert_cmpstr(opts_text(options.devices->pdata[0]), ==, "thing,id=1");
    g_assert_cmpstr(opts_get(options.chardevs->pdata[0], "backend"), ==, "null");
    g_assert_cmpstr(opts_get(options.mons->pdata[0], "chardev"), ==, "n");
    options_clear(&options);
}

static void test_options_that_merge(void)
{
    Options options;

    parse_ok(&options, "-M pc -machine accel=kvm -boot c -boot menu=on -boot order=d -smp 2"
                       " -smp maxcpus=4 -rtc base=utc -rtc clock=vm");
    g_assert_cmpstr(opts_get(options.machine, "type"), ==, "pc");
    g_assert_cmpstr(opts_get(options.machine, "accel"), ==, "kvm");
    g_assert_cmpstr(opts_get(options.boot, "order"), ==, "d");
    g_assert_cmpstr(opts_get(options.boot, "menu"), ==, "on");
    g_assert_cmpstr(opts_get(options.smp, "cpus"), ==, "2");
    g_assert_cmpstr(opts_get(options.smp, "maxcpus"), ==, "4");
    g_assert_cmpstr(opts_get(options.rtc, "base"), ==, "utc");
    g_assert_cmpstr(opts_get(options.rtc, "clock"), ==, "vm");
    options_clear(&options);
}

static void test_drives(void)
{
    static const char *const rows[][4] = {
        /* line, option, index, media */
        {"-hda F", "-hda", "0", "disk"},
        {"-hdb F", "-hdb", "1", "disk"},
        {"-hdc F", "-hdc", "2", "disk"},
        {"-hdd F", "-hdd", "3", "disk"},
        {"-cdrom F", "-cdrom", "2", "cdrom"},
        {"F", "-hda", "0", "disk"},
        {"-drive file=F,index=3,media=cdrom", "-drive", "3", "cdrom"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        const DriveOption *drive;
        Options options;

        parse_ok(&options, rows[i][0]);
        drive = options.drives->pdata[0];
        g_assert_cmpstr(drive->option, ==, rows[i][1]);
        g_assert_cmpstr(opts_get(drive->opts, "file"), ==, "F");
        g_assert_cmpstr(opts_get(drive->opts, "index"), ==, rows[i][2]);
        g_assert_cmpstr(opts_get(drive->opts, "media"), ==, rows[i][3]);
        options_clear(&options);
    }
}

static void test_help(void)
{
    static const char *const rows[][2] = {
        {"-h", "QEMU emulator version"},
        {"--help", "\n-serial DEV"},
        {"-help", "usage: lignite"},
        {"-?", "usage: lignite"},
        {"-version", "Lignite "},
        {"-M help", "pc                   a board (alias of pc-test)\n"},
        {"-machine ?", "pc-test              a board (default)\n"},
        {"-M pc,help", "graphics=<bool>"},
        {"-accel help", "kvm"},
        {"-cpu help", "qemu64"},
        {"-device help", "name \"thing\", bus System\n"},
        {"-device ?", "name \"thing\""},
        {"-device thing,help", "size=<uint32>"},
        {"-device thing,?", "size=<uint32>"},
        {"-chardev help", "ringbuf"},
        {"-vga help", "cirrus"},
        {"-display help", "none"},
        {"-d help", "guest_errors"},
        {"-L help", "/"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *printed = NULL;
        g_autoptr(GError) err = NULL;
        Options options;

        g_assert_cmpint(parse(&options, rows[i][0], &printed, &err), ==, OPTIONS_DONE);
        g_assert_no_error(err);
        g_assert_nonnull(strstr(printed, rows[i][1]));
        if (g_str_equal(rows[i][0], "-h")) {
            g_assert_cmpuint(strstr(printed, rows[i][1]) - printed, <, strcspn(printed, "\n"));
        }
        options_clear(&options);
    }
}

static void test_mistakes(void)
{
    static const char *const rows[][2] = {
        {"-zz", "-zz: invalid option: -h lists them"},
        {"-fda", "-fda: invalid option: -h lists them"},
        {"-S -m", "-m: requires an argument"},
        {"-M =x", "-M =x: Invalid parameter '': a name is missing before '='"},
        {"-m 1,x=2", "-m 1,x=2: Invalid parameter 'x'"},
        {"-name a,b=c", "-name a,b=c: Invalid parameter 'b'"},
        {"-uuid x", "-uuid x: not a UUID such as 550e8400-e29b-41d4-a716-446655440000"},
        {"-display zz", "-display zz: unknown display: -display help lists them"},
        {"-net user", "-net user: only '-net none' is supported"},
        {"-global thing", "-global thing: expected DRIVER.PROPERTY=VALUE"},
        {"-global nobody.x=1",
         "-global nobody.x=1: 'nobody' is not a valid device model name: -device help lists them"},
        {"-global thing.x=1",
         "-global thing.x=1: Property 'thing.x' not found: -device thing,help lists them"},
        {"-global thing.size=x",
         "-global thing.size=x: Property 'thing.size' expects an integer, not 'x'"},
        {"-device nobody,help", "-device nobody,help: 'nobody' is not a valid device model name:"
                                " -device help lists them"},
        {"-accel zz,help", "-accel zz,help: invalid accelerator zz: -accel help lists them"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *printed = NULL;
        g_autoptr(GError) err = NULL;
        Options options;

        g_assert_cmpint(parse(&options, rows[i][0], &printed, &err), ==, OPTIONS_FAIL);
        g_assert_cmpstr(err->message, ==, rows[i][1]);
        g_assert_cmpstr(printed, ==, "");
        options_clear(&options);
    }
}

static void test_global_forms(void)
{
    Options options;
    Device *dev;

    parse_ok(&options, "-global thing.size=5 -global driver=thing,property=size,value=6");
    options_clear(&options);
    dev = device_new(&thing_class);
    g_assert_cmpuint(((Thing *)dev)->size, ==, 6);
    device_free(dev);
    device_clear_globals();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/options/nothing", test_nothing);
    g_test_add_func("/options/strings", test_strings);
    g_test_add_func("/options/flags", test_flags);
    g_test_add_func("/options/actions", test_actions);
    g_test_add_func("/options/lists-keep-order", test_lists_keep_order);
    g_test_add_func("/options/options-that-merge", test_options_that_merge);
    g_test_add_func("/options/drives", test_drives);
    g_test_add_func("/options/help", test_help);
    g_test_add_func("/options/mistakes", test_mistakes);
    g_test_add_func("/options/global-forms", test_global_forms);
    return g_test_run();
}
