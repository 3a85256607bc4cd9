/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Options from a file (-readconfig), and changes to options that have an id (-set).
 *
 * The file has QEMU's form. A section stands for an option, its lines for the option's parameters:
 *
 *     # a comment
 *     [chardev "log"]
 *       backend = "file"
 *       path = "serial.log"
 */
#include <stdio.h>
#include <string.h>

#include "error.h"
#include "options-internal.h"

static Opts *plain_opts(void *element)
{
    return element;
}

static Opts *device_opts(void *element)
{
    return ((DeviceOption *)element)->opts;
}

static Opts *drive_opts(void *element)
{
    return ((DriveOption *)element)->opts;
}

typedef struct OptionGroup {
    const char *name;    /* in the file, and after -set */
    const char *option;  /* what a section stands for */
    const char *implied; /* the parameter that the option has first, without its name, or NULL */
    /* For -set: where options with an id are kept; NULL: there are none. */
    Opts *(*opts)(void *element);
    size_t list;
} OptionGroup;

#define GROUP(name, option)                                                                        \
    {                                                                                              \
        name, option                                                                               \
    }
#define GROUP_WITH_IDS(name, opts, list)                                                           \
    {                                                                                              \
        name, name, NULL, opts, offsetof(Options, list)                                            \
    }

static const OptionGroup groups[] = {
    GROUP_WITH_IDS("device", device_opts, devices),
    GROUP_WITH_IDS("drive", drive_opts, drives),
    GROUP_WITH_IDS("chardev", plain_opts, chardevs),
    GROUP_WITH_IDS("object", plain_opts, objects),
    GROUP_WITH_IDS("mon", plain_opts, mons),
    {"accel", "accel", "accel"},
    GROUP("machine", "machine"),
    GROUP("memory", "m"),
    GROUP("smp-opts", "smp"),
    GROUP("boot-opts", "boot"),
    GROUP("rtc", "rtc"),
    GROUP("name", "name"),
    GROUP("global", "global"),
    GROUP_WITH_IDS("netdev", drive_opts, nets),
    GROUP("net", "net"),
    GROUP("nic", "nic"),
    GROUP("action", "action"),
    GROUP("sandbox", "sandbox"),
    GROUP("msg", "msg"),
    GROUP("fw_cfg", "fw_cfg"),
    GROUP("acpi", "acpitable"),
    GROUP("smbios", "smbios"),
    {"vnc", "vnc", "vnc"},
};

static const OptionGroup *find_group(const char *name, GError **errp)
{
    for (size_t i = 0; i < G_N_ELEMENTS(groups); i++) {
        if (g_str_equal(groups[i].name, name)) {
            return &groups[i];
        }
    }
    error_setg(errp, "There is no option group '%s'", name);
    return NULL;
}

/* ------------------------------------------------------------------------------- sections -- */

typedef struct Section {
    const OptionGroup *group; /* NULL: none has begun */
    char *id;                 /* or NULL */
    Opts *opts;
    unsigned line; /* where it begins */
} Section;

static void append_value(GString *text, const char *value)
{
    for (; *value; value++) {
        g_string_append(text, *value == ',' ? ",," : (char[]){*value, '\0'});
    }
}

static bool append_pair(const char *key, const char *value, void *opaque, GError **errp)
{
    GString *text = opaque;

    g_string_append_printf(text, "%s%s=", text->len ? "," : "", key);
    append_value(text, value);
    return true;
}

/* What the section says, as the option's argument. */
static char *section_text(Section *section)
{
    GString *text = g_string_new(NULL);
    g_autofree char *first =
        section->group->implied ? opts_take(section->opts, section->group->implied) : NULL;

    if (first) {
        append_value(text, first);
    }
    if (section->id) {
        append_pair("id", section->id, text, NULL);
    }
    opts_foreach(section->opts, append_pair, text, NULL);
    return g_string_free(text, FALSE);
}

static OptionsResult end_section(Options *options, Section *section, GError **errp)
{
    OptionsResult result = OPTIONS_RUN;

    if (section->group) {
        g_autofree char *text = section_text(section);

        result = options_apply(options, section->group->option, text, errp);
    }
    g_clear_pointer(&section->id, g_free);
    g_clear_pointer(&section->opts, opts_free);
    section->group = NULL;
    return result;
}

/* "[group]" or "[group "id"]". */
static bool begin_section(Section *section, const char *line, unsigned number, GError **errp)
{
    static GRegex *regex;
    g_autoptr(GMatchInfo) match = NULL;
    g_autofree char *name = NULL;
    g_autofree char *id = NULL;

    if (!regex) {
        regex = g_regex_new("^\\[\\s*([^\\s\"\\]]+)(?:\\s+\"([^\"]+)\")?\\s*\\]$", 0, 0, NULL);
    }
    if (!g_regex_match(regex, line, 0, &match)) {
        error_setg(errp, "parse error: a section is [GROUP] or [GROUP \"ID\"]");
        return false;
    }
    name = g_match_info_fetch(match, 1);
    id = g_match_info_fetch(match, 2);
    section->group = find_group(name, errp);
    section->id = id && *id ? g_steal_pointer(&id) : NULL;
    section->opts = opts_new();
    section->line = number;
    return section->group != NULL;
}

/* "key = "value"". */
static bool add_to_section(Section *section, char *line, GError **errp)
{
    char *equals = strchr(line, '=');
    char *value = equals ? g_strchug(equals + 1) : NULL;
    const size_t len = value ? strlen(value) : 0;

    if (!section->group) {
        error_setg(errp, "no group defined");
        return false;
    }
    if (len < 2 || value[0] != '"' || value[len - 1] != '"' || equals == line) {
        error_setg(errp, "parse error: a parameter is KEY = \"VALUE\"");
        return false;
    }
    *equals = value[len - 1] = '\0';
    opts_set(section->opts, g_strchomp(line), value + 1);
    return true;
}

OptionsResult handle_readconfig(Options *options, const OptionRow *row, const char *arg,
                                GError **errp)
{
    Section section = {};
    OptionsResult result = OPTIONS_RUN;
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;
    g_autoptr(GError) err = NULL;
    unsigned number = 0;

    if (!g_file_get_contents(arg, &text, NULL, &err)) {
        error_setg(errp, "Cannot read config file: %s", err->message);
        return OPTIONS_FAIL;
    }
    lines = g_strsplit(text, "\n", -1);
    for (; lines[number] && result == OPTIONS_RUN; number++) {
        char *line = g_strstrip(lines[number]);

        if (!*line || *line == '#') {
            continue;
        }
        if (*line == '[') {
            result = end_section(options, &section, errp);
            if (result == OPTIONS_RUN && !begin_section(&section, line, number, errp)) {
                result = OPTIONS_FAIL;
            }
        } else if (!add_to_section(&section, line, errp)) {
            result = OPTIONS_FAIL;
        }
    }
    if (result == OPTIONS_RUN) {
        number = section.line + 1;
        result = end_section(options, &section, errp);
    }
    if (result == OPTIONS_FAIL) {
        g_prefix_error(errp, "line %u: ", number);
        section.group = NULL; /* what is left of it is only freed */
        end_section(options, &section, NULL);
    }
    return result;
}

/* ------------------------------------------------------------------------------------ -set -- */

/* GROUP.ID.PARAMETER=VALUE. */
OptionsResult handle_set(Options *options, const OptionRow *row, const char *arg, GError **errp)
{
    const char *equals = strchr(arg, '=');
    g_autofree char *path = g_strndup(arg, equals ? equals - arg : 0);
    g_auto(GStrv) parts = g_strsplit(path, ".", 3);
    const OptionGroup *group;
    const GPtrArray *list;

    if (wants_help(arg)) {
        return print_usage(row);
    }
    if (g_strv_length(parts) != 3 || !*parts[1] || !*parts[2]) {
        error_setg(errp, "invalid argument: GROUP.ID.PARAMETER=VALUE is expected");
        return OPTIONS_FAIL;
    }
    group = find_group(parts[0], errp);
    if (!group) {
        return OPTIONS_FAIL;
    }
    list = group->opts ? G_STRUCT_MEMBER(GPtrArray *, options, group->list) : NULL;
    for (unsigned i = 0; list && i < list->len; i++) {
        Opts *opts = group->opts(list->pdata[i]);

        if (g_strcmp0(opts_get(opts, "id"), parts[1]) == 0) {
            opts_set(opts, parts[2], equals + 1);
            return OPTIONS_RUN;
        }
    }
    error_setg(errp, "there is no %s \"%s\" defined before it", parts[0], parts[1]);
    return OPTIONS_FAIL;
}
