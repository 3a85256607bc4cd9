/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Machine classes: look-up and help, and the properties that every machine takes.
 */
#include "hw/core/machine.h"

#include <string.h>

/* As enum PciEcamMode has them. */
static const char *const ecam_modes[] = {"off", "trap", "shadow", NULL};

const Property machine_props[] = {
    PROP_BOOL("graphics", Machine, graphics, true,
              .help = "off: firmware text goes to the serial port"),
    PROP_BOOL("fd-bootchk", Machine, fd_bootchk, true,
              .help = "off: floppies boot without the signature at their first sector's end"),
    PROP_BOOL("acpi", Machine, acpi, true, .help = "give the firmware ACPI tables"),
    PROP_ENUM("ecam", Machine, ecam, ecam_modes, 0,
              .help = "PCI configuration space as memory: no, with exits, or reads without"),
    PROP_STRING("pflash0", Machine, pflash_ids[0],
                .help = "id of a drive: the flash chip that has the firmware"),
    PROP_STRING("pflash1", Machine, pflash_ids[1], .help = "id of a drive: a flash chip below it"),
    {}};

const MachineClass *machine_class_find(const char *name)
{
    for (const MachineClass *const *cls = machine_classes; *cls; cls++) {
        if (g_str_equal((*cls)->name, name) || g_strcmp0((*cls)->alias, name) == 0) {
            return *cls;
        }
    }
    return NULL;
}

const MachineClass *machine_class_default(void)
{
    for (const MachineClass *const *cls = machine_classes; *cls; cls++) {
        if ((*cls)->is_default) {
            return *cls;
        }
    }
    g_assert_not_reached();
}

void machine_classes_print_help(GString *out)
{
    g_string_append(out, "Supported machines are:\n");
    for (const MachineClass *const *cls = machine_classes; *cls; cls++) {
        if ((*cls)->alias) {
            g_string_append_printf(out, "%-20s %s (alias of %s)\n", (*cls)->alias, (*cls)->desc,
                                   (*cls)->name);
        }
        g_string_append_printf(out, "%-20s %s%s\n", (*cls)->name, (*cls)->desc,
                               (*cls)->is_default ? " (default)" : "");
    }
}

void machine_class_print_help(GString *out)
{
    property_print_help(out, machine_props);
}
