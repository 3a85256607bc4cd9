/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line: what each option leaves in Options, help texts, and the words for mistakes.
 */
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hw/core/device.h"
#include "objects.h"
#include "options.h"

/* objects.c is the whole program's. */
void objects_print_help(GString *out)
{
    g_string_append(out, "the test has none\n");
}

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

static DeviceOption *device_of(const Options *options, unsigned n)
{
    g_assert_cmpuint(n, <, options->devices->len);
    return options->devices->pdata[n];
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

/* What a JSON object says is what options say. */
static void test_nets(void)
{
    Options options;
    const NetOption *net;

    parse_ok(&options, "-netdev "
                       "{\"type\":\"user\",\"id\":\"a\",\"hostfwd\":[{\"str\":\"x,y\"},\"z\"],"
                       "\"restrict\":true,\"o\":{\"p\":{\"q\":-7}}} -nic tap,ifname=x -net none");
    g_assert_cmpuint(options.nets->len, ==, 3);
    net = options.nets->pdata[0];
    g_assert_cmpstr(net->option, ==, "netdev");
    g_assert_cmpstr(opts_get(net->opts, "type"), ==, "user");
    g_assert_cmpstr(opts_get(net->opts, "restrict"), ==, "on");
    g_assert_cmpstr(opts_get(net->opts, "o.p.q"), ==, "-7");
    g_assert_cmpstr(opts_get(net->opts, "hostfwd"), ==, "z"); /* the last */
    net = options.nets->pdata[1];
    g_assert_cmpstr(net->option, ==, "nic");
    g_assert_cmpstr(opts_get(net->opts, "type"), ==, "tap");
    net = options.nets->pdata[2];
    g_assert_cmpstr(net->option, ==, "net");
    options_clear(&options);
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
    g_assert_cmpstr(opts_get(device_of(&options, 0)->opts, "driver"), ==, "thing");
    g_assert_cmpstr(device_of(&options, 0)->text, ==, "thing,id=1");
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

/* A device in JSON keeps the types of its properties; an object's are texts in either form. */
static void test_json(void)
{
    Options options;
    DeviceOption *device;

    parse_ok(&options, "-device {\"driver\":\"thing\",\"id\":\"a\",\"size\":3}"
                       " -device {'driver':'thing','size':'3'} -device thing"
                       " -object {\"qom-type\":\"monitor-qmp\",\"pretty\":true,\"n\":-7}");
    g_assert_cmpuint(options.devices->len, ==, 3);
    device = device_of(&options, 0);
    g_assert_cmpstr(opts_get(device->opts, "driver"), ==, "thing");
    g_assert_cmpint(json_integer_value(json_object_get(device->json, "size")), ==, 3);
    device = device_of(&options, 1);
    g_assert_cmpstr(json_string_value(json_object_get(device->json, "size")), ==, "3");
    g_assert_null(device_of(&options, 2)->json);
    g_assert_cmpstr(opts_get(options.objects->pdata[0], "qom-type"), ==, "monitor-qmp");
    g_assert_cmpstr(opts_get(options.objects->pdata[0], "pretty"), ==, "on");
    g_assert_cmpstr(opts_get(options.objects->pdata[0], "n"), ==, "-7");
    options_clear(&options);
}

static void test_set(void)
{
    Options options;

    parse_ok(&options, "-device thing,id=a,size=1 -drive file=F,id=d -chardev null,id=c"
                       " -set device.a.size=2 -set drive.d.file=G,H=I -set chardev.c.logfile=");
    g_assert_cmpstr(opts_get(device_of(&options, 0)->opts, "size"), ==, "2");
    g_assert_cmpstr(opts_get(((DriveOption *)options.drives->pdata[0])->opts, "file"), ==, "G,H=I");
    g_assert_cmpstr(opts_get(options.chardevs->pdata[0], "logfile"), ==, "");
    options_clear(&options);
}

/* A file with these lines, as -readconfig has it; the path in `*path` is for the caller. */
static char *write_config(const char *text)
{
    g_autofree char *path = NULL;
    int fd = g_file_open_tmp("lignite-XXXXXX", &path, NULL);

    g_assert_cmpint(fd, >=, 0);
    close(fd);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
    return g_steal_pointer(&path);
}

static void test_config_file(void)
{
    g_autofree char *path = write_config("# a machine\n"
                                         "\n"
                                         "[machine]\n"
                                         "  type = \"pc\"\n"
                                         "  graphics=\"off\"\n"
                                         "[ memory ]\n"
                                         "size = \"200\"\n"
                                         "[accel]\n"
                                         "p = \"a,b\"\n"
                                         "accel = \"kvm\"\n"
                                         "[chardev \"c\"]\r\n"
                                         "\tbackend = \"file\"\r\n"
                                         "\tpath = \"a, \"b\" = c\"\r\n"
                                         "[netdev \"n\"]\n"
                                         "type = \"user\"\n"
                                         "[device \"a\"]\n"
                                         "driver = \"thing\"\n"
                                         "size = \"7\"");
    g_autofree char *line = g_strdup_printf("-M accel=x -readconfig %s -set device.a.size=8 -set "
                                            "netdev.n.net=10.0.0.0/8 -M graphics=on",
                                            path);
    const NetOption *net;
    Options options;

    parse_ok(&options, line);
    g_assert_cmpstr(opts_get(options.machine, "type"), ==, "pc");
    g_assert_cmpstr(opts_get(options.machine, "graphics"), ==, "on");
    g_assert_cmpstr(options.ram_size, ==, "200");
    g_assert_cmpstr(options.accels->pdata[0], ==, "kvm,p=a,,b");
    g_assert_cmpstr(opts_get(options.chardevs->pdata[0], "id"), ==, "c");
    g_assert_cmpstr(opts_get(options.chardevs->pdata[0], "path"), ==, "a, \"b\" = c");
    g_assert_cmpstr(opts_get(device_of(&options, 0)->opts, "driver"), ==, "thing");
    g_assert_cmpstr(opts_get(device_of(&options, 0)->opts, "size"), ==, "8");
    net = options.nets->pdata[0];
    g_assert_cmpstr(opts_get(net->opts, "net"), ==, "10.0.0.0/8");
    options_clear(&options);
    g_unlink(path);
}

static void test_config_mistakes(void)
{
    static const char *const rows[][2] = {
        {"size = \"1\"", "line 1: no group defined"},
        {"\n[zz]", "line 2: There is no option group 'zz'"},
        {"[machine", "line 1: parse error: a section is [GROUP] or [GROUP \"ID\"]"},
        {"[machine] x", "line 1: parse error: a section is [GROUP] or [GROUP \"ID\"]"},
        {"[machine a]", "line 1: parse error: a section is [GROUP] or [GROUP \"ID\"]"},
        {"[machine]\ntype", "line 2: parse error: a parameter is KEY = \"VALUE\""},
        {"[machine]\ntype = pc", "line 2: parse error: a parameter is KEY = \"VALUE\""},
        {"[machine]\ntype = \"pc", "line 2: parse error: a parameter is KEY = \"VALUE\""},
        {"[machine]\ntype = \"", "line 2: parse error: a parameter is KEY = \"VALUE\""},
        {"[machine]\n= \"pc\"", "line 2: parse error: a parameter is KEY = \"VALUE\""},
        {"[memory]\nzz = \"1\"\n[rtc]\n", "line 3: Invalid parameter 'zz'"},
        {"[memory]\nzz = \"1\"\n\n\n", "line 1: Invalid parameter 'zz'"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path = write_config(rows[i][0]);
        g_autofree char *line = g_strdup_printf("-readconfig %s", path);
        g_autofree char *expected = g_strdup_printf("%s: %s", line, rows[i][1]);
        g_autoptr(GError) err = NULL;
        Options options;

        g_assert_cmpint(parse(&options, line, NULL, &err), ==, OPTIONS_FAIL);
        g_assert_cmpstr(err->message, ==, expected);
        options_clear(&options);
        g_unlink(path);
    }
}

static void test_process(void)
{
    Options options;

    parse_ok(&options, "-daemonize -run-with exit-with-parent=on -run-with user=1:2,chroot=/x"
                       " -name vm,process=p -msg timestamp=on -sandbox on,spawn=deny"
                       " -no-user-config");
    g_assert_true(options.process.daemonize && options.process.exit_with_parent);
    g_assert_cmpstr(options.process.user, ==, "1:2");
    g_assert_cmpstr(options.process.chroot, ==, "/x");
    g_assert_cmpstr(options.process.name, ==, "p");
    g_assert_cmpstr(options.name, ==, "vm");
    g_assert_true(options.msg_timestamp && !options.msg_guest_name);
    g_assert_true(options.process.sandbox.enable && options.process.sandbox.deny[SANDBOX_SPAWN]);
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
        {"-netdev help", "  user     a router"},
        {"-nic help", "  stream   a cable"},
        {"-nic user,model=help", "Available NIC models:"},
        {"-net nic,model=help", "Available NIC models:"},
        {"-smp help", "-smp [cpus=]N"},
        {"-m help", "guest memory"},
        {"-boot help", "order"},
        {"-rtc help", "utc|localtime"},
        {"-drive help", "file=FILE"},
        {"-mon help", "readline"},
        {"-object help", "the test has none"},
        {"-global help", "DRIVER.PROP=VALUE"},
        {"-action help", "reboot="},
        {"-watchdog-action help", "ACTION"},
        {"-profile help", "io"},
        {"-name help", "process=NAME"},
        {"-run-with help", "exit-with-parent"},
        {"-sandbox help", "obsolete"},
        {"-msg help", "timestamp"},
        {"-audio help", "none"},
        {"-serial help", "stdio, mon:stdio"},
        {"-monitor help", "a monitor on DEV"},
        {"-qtest help", "unix:F"},
        {"-set help", "GROUP.ID.PARAMETER=VALUE"},
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
        {"-tdf", "-tdf: invalid option: -h lists them"},
        {"-S -m", "-m: requires an argument"},
        {"-M =x", "-M =x: Invalid parameter '': a name is missing before '='"},
        {"-m 1,x=2", "-m 1,x=2: Invalid parameter 'x'"},
        {"-name a,b=c", "-name a,b=c: Invalid parameter 'b'"},
        {"-uuid x", "-uuid x: not a UUID such as 550e8400-e29b-41d4-a716-446655440000"},
        {"-display zz", "-display zz: unknown display: -display help lists them"},
        {"-netdev {\"type\":", "-netdev {\"type\":: JSON parse error: the object does not end"},
        {"-netdev {\"type\":null}",
         "-netdev {\"type\":null}: Parameter 'type' expects a string, a number, true or false"},
        {"-netdev =x", "-netdev =x: Invalid parameter '': a name is missing before '='"},
        {"-global thing", "-global thing: expected DRIVER.PROPERTY=VALUE"},
        {"-global nobody.x=1",
         "-global nobody.x=1: 'nobody' is not a valid device model name: -device help lists them"},
        {"-global thing.x=1",
         "-global thing.x=1: Property 'thing.x' not found: -device thing,help lists them"},
        {"-global thing.size=x",
         "-global thing.size=x: Property 'thing.size' expects an integer, not 'x'"},
        {"-device nobody,help", "-device nobody,help: 'nobody' is not a valid device model name:"
                                " -device help lists them"},
        {"-device {", "-device {: JSON parse error: the object does not end"},
        {"-device {}{}", "-device {}{}: JSON parse error: more than one value"},
        {"-object {\"a\":[[]]}",
         "-object {\"a\":[[]]}: Parameter 'a' expects a string, a number, true or false"},
        {"-set x", "-set x: invalid argument: GROUP.ID.PARAMETER=VALUE is expected"},
        {"-set a.b=1", "-set a.b=1: invalid argument: GROUP.ID.PARAMETER=VALUE is expected"},
        {"-set zz.a.b=1", "-set zz.a.b=1: There is no option group 'zz'"},
        {"-set device.a.b=1", "-set device.a.b=1: there is no device \"a\" defined before it"},
        {"-set memory.a.b=1", "-set memory.a.b=1: there is no memory \"a\" defined before it"},
        {"-readconfig no/such", "-readconfig no/such: Cannot read config file: Failed to open file"
                                " “no/such”: No such file or directory"},
        {"-sandbox maybe", "-sandbox maybe: Parameter 'enable' expects 'on' or 'off'"},
        {"-sandbox on,spawn=x", "-sandbox on,spawn=x: Parameter 'spawn' expects allow or deny"},
        {"-run-with zz=on", "-run-with zz=on: Invalid parameter 'zz'"},
        {"-msg timestamp=x", "-msg timestamp=x: Parameter 'timestamp' expects 'on' or 'off'"},
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
    g_test_add_func("/options/nets", test_nets);
    g_test_add_func("/options/flags", test_flags);
    g_test_add_func("/options/actions", test_actions);
    g_test_add_func("/options/lists-keep-order", test_lists_keep_order);
    g_test_add_func("/options/options-that-merge", test_options_that_merge);
    g_test_add_func("/options/json", test_json);
    g_test_add_func("/options/set", test_set);
    g_test_add_func("/options/config-file", test_config_file);
    g_test_add_func("/options/config-mistakes", test_config_mistakes);
    g_test_add_func("/options/process", test_process);
    g_test_add_func("/options/drives", test_drives);
    g_test_add_func("/options/help", test_help);
    g_test_add_func("/options/mistakes", test_mistakes);
    g_test_add_func("/options/global-forms", test_global_forms);
    return g_test_run();
}
