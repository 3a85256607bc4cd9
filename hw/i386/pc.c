/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The board "pc": an i440FX with a PIIX3, as QEMU's machine of that name.
 *
 * This file says which devices there are and how they are wired; pc-irq.c has the interrupt
 * controllers, pc-firmware.c what firmware is told.
 */
#include "pc.h"

#include <string.h>

#include "accel/accel.h"
#include "error.h"
#include "hw/acpi/piix4-pm.h"
#include "hw/block/fdc.h"
#include "hw/char/parallel.h"
#include "hw/char/serial.h"
#include "hw/dma/i8257.h"
#include "hw/i386/kernel.h"
#include "hw/ide/ide.h"
#include "hw/input/i8042.h"
#include "hw/isa/piix3.h"
#include "hw/misc/pc-testdev.h"
#include "hw/rtc/mc146818rtc.h"
#include "hw/timer/i8254.h"
#include "hw/timer/pcspk.h"
#include "memory/system.h"

#define PC_SCI_IRQ      9
#define PC_IDE_IRQ      14 /* of the first channel; the second has the next one */
#define PC_IDE_DEVFN    PCI_DEVFN(1, 1)
#define PC_FW_CFG_PORT  0x510
#define PC_PCI_HOLE_MIN UINT64_C(0x80000000) /* SeaBIOS puts no BAR lower */

static Pc the_pc;

/* ---------------------------------------------------------------------------------- A20 -- */

/* Address line 20 is open while the keyboard controller or port 92 wants it so. */
static struct {
    Irq inputs[2];
    bool wanted[2];
} a20;

static void pc_set_a20(void *opaque, int n, int level)
{
    a20.wanted[n] = level;
    accel_set_a20(a20.wanted[0] || a20.wanted[1]);
}

static Irq *pc_a20_input(int n)
{
    irq_init(&a20.inputs[n], pc_set_a20, NULL, n);
    return &a20.inputs[n];
}

/* ------------------------------------------------------------------------------- devices -- */

static Device *pc_add_isa(Pc *pc, const DeviceClass *cls)
{
    Device *dev = device_new(cls);

    device_realize_or_die(dev, &pc->isa->bus);
    return dev;
}

/* -rtc base=, clock=, driftfix= are properties of the clock. */
static bool pc_add_rtc(Pc *pc, GError **errp)
{
    Opts *opts = pc->machine->rtc;
    const char *driftfix = opts_get(opts, "driftfix");
    const char *names[] = {"base", "clock"};

    pc->rtc = device_new(&mc146818rtc_class);
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        const char *value = opts_get(opts, names[i]);

        if (value && !device_set_property_str(pc->rtc, names[i], value, errp)) {
            g_prefix_error(errp, "-rtc: ");
            return false;
        }
    }
    if (driftfix) {
        bool slew = g_str_equal(driftfix, "slew");

        if (!slew && !g_str_equal(driftfix, "none")) {
            error_setg(errp, "-rtc: '%s' invalid driftfix: none or slew", driftfix);
            return false;
        }
        device_set_str(pc->rtc, "lost_tick_policy", slew ? "slew" : "discard");
    }
    if (!opts_check_unknown(opts, errp) || !device_realize(pc->rtc, &pc->isa->bus, errp)) {
        g_prefix_error(errp, "-rtc: ");
        return false;
    }
    return true;
}

/* Ports of a class, with the chardevs that the user gave; those that are NULL are left out. */
static bool pc_add_ports(Pc *pc, const DeviceClass *cls, Chardev *const *chardevs, unsigned n,
                         GError **errp)
{
    for (unsigned i = 0; i < n; i++) {
        Device *dev;

        if (!chardevs[i]) {
            continue;
        }
        dev = device_new(cls);
        device_set_uint(dev, "index", i);
        device_set_str(dev, "chardev", chardev_id(chardevs[i]));
        if (!device_realize(dev, &pc->isa->bus, errp)) {
            device_free(dev);
            return false;
        }
    }
    return true;
}

static bool pc_add_drives(Pc *pc, GError **errp)
{
    for (unsigned bus = 0; bus < MACHINE_IDE_BUSES; bus++) {
        for (unsigned unit = 0; unit < MACHINE_IDE_UNITS; unit++) {
            BlockBackend *blk = pc->machine->ide[bus][unit];
            Device *dev;

            if (!blk) {
                continue;
            }
            dev = device_new(block_is_cdrom(blk) ? &ide_cd_class : &ide_hd_class);
            device_set_str(dev, "drive", block_id(blk));
            device_set_uint(dev, "unit", unit);
            if (!device_realize(dev, &piix3_ide_bus(pc->ide, bus)->bus, errp)) {
                device_free(dev);
                return false;
            }
        }
    }
    return true;
}

static bool pc_add_floppies(Pc *pc, GError **errp)
{
    pc->fdc = pc_add_isa(pc, &isa_fdc_class);
    for (unsigned unit = 0; unit < MACHINE_FLOPPIES; unit++) {
        Device *dev;

        if (!pc->machine->floppy[unit]) {
            continue;
        }
        dev = device_new(&floppy_class);
        device_set_str(dev, "drive", block_id(pc->machine->floppy[unit]));
        device_set_uint(dev, "unit", unit);
        if (!device_realize(dev, fdc_bus(pc->fdc), errp)) {
            device_free(dev);
            return false;
        }
    }
    return true;
}

/* A PCI device of the user's choice of class, in the next free slot. */
static bool pc_add_pci(Pc *pc, const char *name, GError **errp)
{
    const DeviceClass *cls = device_class_find(name);
    Device *dev;

    if (!cls) {
        error_setg(errp, "'%s' is not a valid device model name", name);
        return false;
    }
    dev = device_new(cls);
    if (!device_realize(dev, &pc->pci->bus, errp)) {
        device_free(dev);
        return false;
    }
    return true;
}

static bool pc_add_vga(Pc *pc, GError **errp)
{
    switch (pc->machine->vga) {
    case VGA_NONE:
        return true;
    case VGA_STD:
        return pc_add_pci(pc, "VGA", errp);
    case VGA_CIRRUS:
        return pc_add_pci(pc, "cirrus-vga", errp);
    }
    g_assert_not_reached();
}

static bool pc_set_nic(Device *dev, const char *property, const char *value, GError **errp)
{
    return !value || device_set_property(dev, property, g_variant_new_string(value), errp);
}

static bool pc_add_nics(Pc *pc, GError **errp)
{
    const GPtrArray *nics = pc->machine->nics;

    for (unsigned i = 0; i < nics->len; i++) {
        const NicConfig *nic = nics->pdata[i];
        Device *dev =
            device_new(device_class_find(nic->model ? nic->model : pc->machine->cls->default_nic));

        if (!pc_set_nic(dev, "mac", nic->mac, errp) || !pc_set_nic(dev, "addr", nic->addr, errp) ||
            !pc_set_nic(dev, "netdev", nic->netdev, errp) ||
            !device_realize(dev, &pc->pci->bus, errp)) {
            device_free(dev);
            return false;
        }
    }
    return true;
}

/* ----------------------------------------------------------------------------- the board -- */

/*
 * Configuration space takes the first MiB of the hole. Firmware puts BARs at the hole's end, and
 * systems learn from ACPI that the hole begins behind it.
 */
static void pc_layout_pci_hole(Pc *pc)
{
    pc->pci_hole = MAX(pc->below_4g, PC_PCI_HOLE_MIN);
    pc->ecam_base = 0;
    if (pc->machine->ecam != PCI_ECAM_OFF) {
        pc->ecam_base = (pc->pci_hole + PCI_ECAM_SIZE - 1) & -(hwaddr)PCI_ECAM_SIZE;
        pc->pci_hole = pc->ecam_base + PCI_ECAM_SIZE;
    }
}

static bool pc_init(Machine *machine, GError **errp)
{
    Pc *pc = &the_pc;
    I440FXConfig config = {
        .system_memory = get_system_memory(),
        .system_io = get_system_io(),
        .ram = &machine->ram,
    };
    Device *piix3;

    pc->machine = machine;
    i440fx_split_ram(machine->ram_size, &pc->below_4g, &pc->above_4g);
    config.below_4g = pc->below_4g;
    pc_layout_pci_hole(pc);
    config.ecam = machine->ecam;
    config.ecam_base = pc->ecam_base;
    if (!memory_region_init_ram(&machine->ram, NULL, "pc.ram", machine->ram_size, errp)) {
        g_prefix_error(errp, "-m: ");
        return false;
    }
    pc->host = i440fx_new(&config, errp);
    if (!pc->host || !pc_load_bios(pc, errp)) {
        return false;
    }
    pc->pci = i440fx_pci_bus(pc->host);
    piix3 = piix3_new(pc->pci);
    i440fx_set_reset_control(pc->host, &piix3_reset_control, piix3);
    pc->isa = piix3_isa_bus(piix3);
    if (!pc_init_interrupts(pc, errp)) {
        return false;
    }
    for (int i = 0; i < ISA_IRQS; i++) {
        device_connect_gpio_out(piix3, "irq", i, &pc->gsi[i]);
    }

    device_realize_or_die(device_new(&fw_cfg_io_class), NULL);
    pc->fw_cfg = fw_cfg_find();
    fw_cfg_set_dma_address_space(pc->fw_cfg, &address_space_memory);
    memory_region_add_subregion(get_system_io(), PC_FW_CFG_PORT, fw_cfg_ports(pc->fw_cfg));

    pc_add_isa(pc, &i8257_class);
    if (!pc_add_rtc(pc, errp)) {
        return false;
    }
    device_connect_gpio_out(pc_add_isa(pc, &i8042_class), "a20", 0, pc_a20_input(0));
    device_connect_gpio_out(pc_add_isa(pc, &port92_class), "a20", 0, pc_a20_input(1));
    if (!pc_add_ports(pc, &serial_class, machine->serials, MACHINE_SERIALS, errp) ||
        !pc_add_ports(pc, &parallel_class, machine->parallels, MACHINE_PARALLELS, errp) ||
        !pc_add_floppies(pc, errp)) {
        return false;
    }

    pc->ide = device_new(&piix3_ide_class.device);
    ((PCIDevice *)pc->ide)->devfn = PC_IDE_DEVFN;
    device_realize_or_die(pc->ide, &pc->pci->bus);
    for (int i = 0; i < MACHINE_IDE_BUSES; i++) {
        device_connect_gpio_out(pc->ide, NULL, i, pc->isa->irqs[PC_IDE_IRQ + i]);
    }
    pc->pm = piix4_pm_new(pc->pci);
    device_connect_gpio_out(pc->pm, NULL, 0, device_get_gpio_in(piix3, "isa", PC_SCI_IRQ));
    if (!pc_add_drives(pc, errp) || !pc_add_vga(pc, errp)) {
        return false;
    }
    return pc_add_nics(pc, errp);
}

/* The lines above ISA's are the board's alone; a test device wants all. */
static void pc_connect_testdev(Pc *pc)
{
    Device *dev = device_find_class(&pc_testdev_class);

    for (int i = ISA_IRQS; dev && i < PC_GSIS; i++) {
        device_connect_gpio_out(dev, "gsi", i - ISA_IRQS, &pc->gsi[i]);
    }
}

static bool pc_done(Machine *machine, GError **errp)
{
    pc_connect_testdev(&the_pc);
    return pc_describe(&the_pc, errp);
}

static void pc_unmap(MemoryRegion *mr)
{
    if (memory_region_is_mapped(mr)) {
        memory_region_del_subregion(mr->container, mr);
    }
}

static void pc_cleanup(Machine *machine)
{
    Pc *pc = &the_pc;

    if (pc->fw_cfg) {
        pc_unmap(fw_cfg_ports(pc->fw_cfg));
    }
    pc_cut_interrupts(pc);
    pc_unmap_firmware(pc);
    system_bus_free();
    memory_region_destroy(&machine->ram);
}

static void pc_info_irq(GString *out)
{
    pc_print_irqs(&the_pc, out);
}

const MachineClass pc_machine_class = {
    .name = "pc-i440fx-11.1",
    .alias = "pc",
    .desc = "Standard PC (i440FX + PIIX, 1996)",
    .is_default = true,
    .default_cpu = "qemu64",
    .default_ram = UINT64_C(128) << 20,
    .ram_id = "pc.ram",
    .default_boot_order = "cad",
    .default_vga = VGA_CIRRUS,
    .default_nic = "e1000",
    .max_cpus = ACCEL_MAX_CPUS,
    .init = pc_init,
    .done = pc_done,
    .cleanup = pc_cleanup,
    .print_irqs = pc_info_irq,
};

const MachineClass *const machine_classes[] = {&pc_machine_class, &none_machine_class, NULL};
