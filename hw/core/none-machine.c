/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine "none": no CPU, no bus, no device; memory from address 0 on if -m asks for it. For
 * clients that only ask the program what it can do.
 */
#include "hw/core/device.h"
#include "hw/core/machine.h"
#include "memory/system.h"

static bool none_init(Machine *machine, GError **errp)
{
    if (machine->ram_size == 0) {
        return true;
    }
    if (!memory_region_init_ram(&machine->ram, NULL, "ram", machine->ram_size, errp)) {
        g_prefix_error(errp, "-m: ");
        return false;
    }
    memory_region_add_subregion(get_system_memory(), 0, &machine->ram);
    return true;
}

static bool none_done(Machine *machine, GError **errp)
{
    return true;
}

static void none_cleanup(Machine *machine)
{
    system_bus_free();
    if (memory_region_is_mapped(&machine->ram)) {
        memory_region_del_subregion(get_system_memory(), &machine->ram);
    }
    memory_region_destroy(&machine->ram);
}

const MachineClass none_machine_class = {
    .name = "none",
    .ram_id = "ram",
    .desc = "empty machine",
    .default_cpu = "qemu64",
    .default_vga = VGA_NONE,
    .max_cpus = 1,
    .init = none_init,
    .done = none_done,
    .cleanup = none_cleanup,
};
