/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -device, -global, and the drives.
 */
#include <string.h>

#include "error.h"
#include "hw/core/device.h"
#include "option-json.h"
#include "options-internal.h"

void device_option_free(void *data)
{
    DeviceOption *device = data;

    opts_free(device->opts);
    json_decref(device->json);
    g_free(device->text);
    g_free(device);
}

void drive_option_free(void *data)
{
    DriveOption *drive = data;

    opts_free(drive->opts);
    g_free(drive);
}

static void add_device(Options *options, Opts *opts, json_t *json, const char *text)
{
    DeviceOption *device = g_new(DeviceOption, 1);

    *device = (DeviceOption){opts, json, g_strdup(text)};
    g_ptr_array_add(options->devices, device);
}

/* The driver is known now, for the default devices that it stands in for. */
static OptionsResult add_json_device(Options *options, const char *arg, GError **errp)
{
    json_t *json = option_json(arg, errp);
    Opts *opts;

    if (!json) {
        return OPTIONS_FAIL;
    }
    opts = opts_new();
    if (json_is_string(json_object_get(json, "driver"))) {
        opts_set(opts, "driver", json_string_value(json_object_get(json, "driver")));
    }
    add_device(options, opts, json, arg);
    return OPTIONS_RUN;
}

OptionsResult handle_device(Options *options, const OptionRow *row, const char *arg, GError **errp)
{
    g_autoptr(Opts) opts = NULL;
    const char *driver;

    if (wants_help(arg)) {
        GString *text = g_string_new(NULL);

        device_classes_print_help(text);
        return print_and_stop(text);
    }
    if (option_is_json(arg)) {
        return add_json_device(options, arg, errp);
    }
    opts = opts_parse(arg, "driver", errp);
    if (!opts) {
        return OPTIONS_FAIL;
    }
    driver = opts_get(opts, "driver");
    if (driver && (opts_has(opts, "help") || opts_has(opts, "?"))) {
        const DeviceClass *cls = device_class_find(driver);
        GString *text;

        if (!cls) {
            error_setg(errp, "'%s' is not a valid device model name: -device help lists them",
                       driver);
            return OPTIONS_FAIL;
        }
        text = g_string_new(NULL);
        device_class_print_help(cls, text);
        return print_and_stop(text);
    }
    add_device(options, g_steal_pointer(&opts), NULL, arg);
    return OPTIONS_RUN;
}

OptionsResult handle_global(Options *options, const OptionRow *row, const char *arg, GError **errp)
{
    const char *dot = strchr(arg, '.');
    const char *equals = strchr(arg, '=');
    g_autofree char *driver = NULL;
    g_autofree char *property = NULL;
    const char *value;

    if (wants_help(arg)) {
        return print_usage(row);
    }
    if (dot && equals && dot < equals) {
        driver = g_strndup(arg, dot - arg);
        property = g_strndup(dot + 1, equals - dot - 1);
        value = equals + 1;
        return device_add_global(driver, property, value, errp) ? OPTIONS_RUN : OPTIONS_FAIL;
    }

    g_autoptr(Opts) opts = opts_parse(arg, NULL, errp);
    if (!opts) {
        return OPTIONS_FAIL;
    }
    driver = g_strdup(opts_get(opts, "driver"));
    property = g_strdup(opts_get(opts, "property"));
    value = opts_get(opts, "value");
    if (!driver || !property || !value) {
        error_setg(errp, "expected DRIVER.PROPERTY=VALUE");
        return OPTIONS_FAIL;
    }
    return device_add_global(driver, property, value, errp) ? OPTIONS_RUN : OPTIONS_FAIL;
}

static OptionsResult add_drive(Options *options, Opts *opts, const char *option)
{
    DriveOption *drive = g_new(DriveOption, 1);

    *drive = (DriveOption){opts, option};
    g_ptr_array_add(options->drives, drive);
    return OPTIONS_RUN;
}

OptionsResult handle_drive(Options *options, const OptionRow *row, const char *arg, GError **errp)
{
    Opts *opts;

    if (wants_help(arg)) {
        return print_usage(row);
    }
    opts = opts_parse(arg, NULL, errp);
    return opts ? add_drive(options, opts, "-drive") : OPTIONS_FAIL;
}

/* -hda FILE and its kin; the row's field holds the index of the drive. */
OptionsResult handle_disk(Options *options, const OptionRow *row, const char *arg, GError **errp)
{
    static const char *const options_by_index[] = {"-hda", "-hdb", "-hdc", "-hdd"};
    g_autofree char *index = g_strdup_printf("%zu", row->field);
    Opts *opts = opts_new();

    opts_set(opts, "index", index);
    opts_set(opts, "media", "disk");
    opts_set(opts, "file", arg);
    return add_drive(options, opts, options_by_index[row->field]);
}

OptionsResult handle_floppy(Options *options, const OptionRow *row, const char *arg, GError **errp)
{
    Opts *opts = opts_new();

    opts_set(opts, "if", "floppy");
    opts_set(opts, "index", row->field ? "1" : "0");
    opts_set(opts, "file", arg);
    return add_drive(options, opts, row->field ? "-fdb" : "-fda");
}

OptionsResult handle_pflash(Options *options, const OptionRow *row, const char *arg, GError **errp)
{
    Opts *opts = opts_new();

    opts_set(opts, "if", "pflash");
    opts_set(opts, "file", arg);
    opts_set(opts, "format", "raw");
    return add_drive(options, opts, "-pflash");
}

OptionsResult handle_cdrom(Options *options, const OptionRow *row, const char *arg, GError **errp)
{
    Opts *opts = opts_new();

    opts_set(opts, "index", "2");
    opts_set(opts, "media", "cdrom");
    opts_set(opts, "file", arg);
    return add_drive(options, opts, "-cdrom");
}
