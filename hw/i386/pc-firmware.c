/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The firmware image, and what firmware is told: CMOS, fw_cfg, the boot order.
 *
 * CMOS layout: as SeaBIOS and Bochs read it (floppy and disk types from the AT, memory sizes and
 * boot order in bytes that the AT left free).
 */
#include <string.h>

#include "accel/accel.h"
#include "backends/firmware.h"
#include "backends/parse.h"
#include "error.h"
#include "hw/acpi/piix4-pm.h"
#include "hw/acpi/vmgenid.h"
#include "hw/block/fdc.h"
#include "hw/block/pflash-cfi01.h"
#include "hw/char/parallel.h"
#include "hw/char/serial.h"
#include "hw/i386/acpi.h"
#include "hw/i386/fw-files.h"
#include "hw/i386/fw-user.h"
#include "hw/i386/kernel.h"
#include "hw/i386/smbios.h"
#include "hw/ide/ide.h"
#include "hw/misc/pvpanic.h"
#include "hw/rtc/mc146818rtc.h"
#include "pc.h"

#define BIOS_DEFAULT "bios-256k.bin"
#define BIOS_MAX     (UINT64_C(16) << 20)
#define BIOS_ALIGN   (64 * 1024)
#define ISA_BIOS_MAX (128 * 1024)

#define PC_PM_BASE 0x600 /* where SeaBIOS puts the PIIX4's ports */

/* --------------------------------------------------------------------------------- image -- */

/* At the top of the first 4 GiB; the end of it also below 1 MiB. */
static void pc_map_firmware(Pc *pc, MemoryRegion *firmware)
{
    MemoryRegion *pci = i440fx_pci_memory(pc->host);
    const hwaddr size = memory_region_size(firmware);
    const hwaddr isa_size = MIN(size, ISA_BIOS_MAX);

    memory_region_init_alias(&pc->isa_bios, NULL, "isa-bios", firmware, size - isa_size, isa_size);
    memory_region_add_subregion_overlap(pci, 0x100000 - isa_size, &pc->isa_bios, 1);
    memory_region_add_subregion(pci, (UINT64_C(1) << 32) - size, firmware);
}

static bool pc_load_image(Pc *pc, GError **errp)
{
    const char *name = pc->machine->bios ? pc->machine->bios : BIOS_DEFAULT;
    g_autoptr(GError) err = NULL;
    g_autofree char *data = NULL;
    gsize size;

    if (!firmware_read(name, BIOS_MAX, &data, &size, &err)) {
        error_setg(errp, "-bios: could not load PC BIOS '%s': %s", name, err->message);
        return false;
    }
    if (size == 0 || size % BIOS_ALIGN) {
        error_setg(errp,
                   "-bios: could not load PC BIOS '%s': its size of %zu bytes is not a"
                   " multiple of 64 KiB",
                   name, (size_t)size);
        return false;
    }
    if (!memory_region_init_rom(&pc->bios, NULL, "pc.bios", size, errp)) {
        return false;
    }
    memcpy(memory_region_get_ram_ptr(&pc->bios), data, size);
    pc_map_firmware(pc, &pc->bios);
    return true;
}

/* -M pflashN= names a drive; if=pflash has put it in its place already. */
static bool pc_choose_flash(Machine *machine, unsigned n, GError **errp)
{
    const char *id = machine->pflash_ids[n];

    if (!id) {
        return true;
    }
    if (machine->pflash[n]) {
        error_setg(errp, "-M pflash%u=%s: there is a -drive if=pflash in its place", n, id);
        return false;
    }
    machine->pflash[n] = block_find(id);
    if (!machine->pflash[n]) {
        error_setg(errp, "-M: Property 'pflash%u' can't find value '%s'", n, id);
        return false;
    }
    return true;
}

/* The first chip ends where a firmware image does; the second ends where the first starts. */
static bool pc_add_flash(Pc *pc, GError **errp)
{
    Machine *machine = pc->machine;
    uint64_t total = 0;

    for (unsigned i = 0; i < MACHINE_PFLASHES && machine->pflash[i]; i++) {
        Device *dev = device_new(&pflash_cfi01_class);

        device_set_str(dev, "drive", block_id(machine->pflash[i]));
        if (!device_realize(dev, NULL, errp)) {
            device_free(dev);
            return false;
        }
        pc->flash[i] = pflash_cfi01_memory(dev);
        total += memory_region_size(pc->flash[i]);
        if (total > BIOS_MAX) {
            error_setg(errp, "combined size of system firmware exceeds %" G_GUINT64_FORMAT " bytes",
                       BIOS_MAX);
            return false;
        }
        if (i == 0) {
            pc_map_firmware(pc, pc->flash[i]);
        } else {
            memory_region_add_subregion(i440fx_pci_memory(pc->host), (UINT64_C(1) << 32) - total,
                                        pc->flash[i]);
        }
    }
    return true;
}

bool pc_load_bios(Pc *pc, GError **errp)
{
    Machine *machine = pc->machine;

    for (unsigned i = 0; i < MACHINE_PFLASHES; i++) {
        if (!pc_choose_flash(machine, i, errp)) {
            return false;
        }
    }
    if (!machine->pflash[0]) {
        if (machine->pflash[1]) {
            error_setg(errp, "pflash1 requires pflash0: the first chip has the firmware");
            return false;
        }
        return pc_load_image(pc, errp);
    }
    if (machine->bios) {
        error_setg(errp, "-bios and a flash chip with firmware (if=pflash, -M pflash0=) exclude"
                         " each other");
        return false;
    }
    return pc_add_flash(pc, errp);
}

void pc_unmap_firmware(Pc *pc)
{
    MemoryRegion *regions[] = {&pc->isa_bios, &pc->bios, pc->flash[0], pc->flash[1]};

    for (size_t i = 0; i < G_N_ELEMENTS(regions); i++) {
        if (regions[i] && memory_region_is_mapped(regions[i])) {
            memory_region_del_subregion(regions[i]->container, regions[i]);
        }
    }
    memory_region_destroy(&pc->isa_bios);
    memory_region_destroy(&pc->bios);
}

/* ---------------------------------------------------------------------------- boot order -- */

typedef struct BootEntry {
    int32_t index;
    char *path;
} BootEntry;

typedef struct BootList {
    GArray *entries; /* BootEntry */
    GError *error;
} BootList;

static void boot_entry_clear(void *data)
{
    BootEntry *entry = data;

    g_free(entry->path);
}

/* The path by which SeaBIOS knows a PCI function, in the manner of Open Firmware. */
static char *pci_boot_path(const PCIDevice *dev)
{
    static const struct {
        uint16_t class_id;
        const char *name;
        const char *boots; /* what of it boots, if that has an address of its own */
    } names[] = {{PCI_CLASS_STORAGE_IDE, "ide", ""},
                 {PCI_CLASS_NETWORK_ETHERNET, "ethernet", "/ethernet-phy@0"},
                 {PCI_CLASS_DISPLAY_VGA, "display", ""}};
    const PCIDeviceClass *cls = pci_class_of(dev);
    g_autofree char *name = g_strdup_printf("pci%x,%x", cls->vendor_id, cls->device_id);
    const char *boots = "";

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        if (names[i].class_id == cls->class_id) {
            g_free(name);
            name = g_strdup(names[i].name);
            boots = names[i].boots;
        }
    }
    if (PCI_FUNC(dev->devfn)) {
        return g_strdup_printf("/pci@i0cf8/%s@%x,%x%s", name, PCI_SLOT(dev->devfn),
                               PCI_FUNC(dev->devfn), boots);
    }
    return g_strdup_printf("/pci@i0cf8/%s@%x%s", name, PCI_SLOT(dev->devfn), boots);
}

static char *boot_path(Device *dev)
{
    if (device_class_is(dev->cls, &pci_device_class)) {
        return pci_boot_path((PCIDevice *)dev);
    }
    if (device_class_is(dev->cls, &ide_device_class)) {
        g_autofree char *controller = boot_path(dev->bus->parent);
        g_autofree char *drive = ide_boot_path((IDEDevice *)dev);

        return g_strconcat(controller, "/", drive, NULL);
    }
    if (device_class_is(dev->cls, &floppy_class)) {
        g_autofree char *drive = floppy_boot_path(dev);

        return g_strconcat("/pci@i0cf8/isa@1/", drive, NULL);
    }
    return NULL;
}

static void add_boot_entry(BootList *list, int32_t index, char *path)
{
    BootEntry entry = {index, path};

    for (unsigned i = 0; i < list->entries->len; i++) {
        if (g_array_index(list->entries, BootEntry, i).index == index && !list->error) {
            error_setg(&list->error, "The bootindex %d has already been used", index);
        }
    }
    g_array_append_val(list->entries, entry);
}

static void gather_boot_entry(Device *dev, void *opaque)
{
    g_autoptr(GVariant) value = device_get_property(dev, "bootindex", NULL);
    int32_t index;
    char *path;

    if (!value) {
        return;
    }
    g_variant_ref_sink(value);
    index = g_variant_get_int32(value);
    path = index >= 0 ? boot_path(dev) : NULL;
    if (path) {
        add_boot_entry(opaque, index, path);
    }
}

static int compare_boot_entries(const void *a, const void *b)
{
    const BootEntry *x = a, *y = b;

    return x->index < y->index ? -1 : x->index > y->index;
}

static bool pc_add_boot_order(Pc *pc, GError **errp)
{
    BootList list = {g_array_new(FALSE, FALSE, sizeof(BootEntry)), NULL};
    g_autoptr(GPtrArray) paths = g_ptr_array_new();

    g_array_set_clear_func(list.entries, boot_entry_clear);
    device_foreach(gather_boot_entry, &list);
    if (list.error) {
        g_propagate_error(errp, list.error);
        g_array_unref(list.entries);
        return false;
    }
    g_array_sort(list.entries, compare_boot_entries);
    if (pc->kernel_boot_path) {
        g_ptr_array_add(paths, (char *)pc->kernel_boot_path);
    }
    for (unsigned i = 0; i < list.entries->len; i++) {
        g_ptr_array_add(paths, g_array_index(list.entries, BootEntry, i).path);
    }
    fw_files_add_boot_order(pc->fw_cfg, (const char *const *)paths->pdata, paths->len,
                            pc->machine->boot.strict);
    g_array_unref(list.entries);
    return true;
}

/* --------------------------------------------------------------------------------- CMOS -- */

enum {
    CMOS_SHUTDOWN_STATUS = 0x0f,
    CMOS_FLOPPIES = 0x10, /* types: high nibble first drive, low nibble second */
    CMOS_EQUIPMENT = 0x14,
    CMOS_BASE_MEMORY = 0x15,     /* KiB, 16 bits */
    CMOS_EXTENDED_MEMORY = 0x17, /* KiB above 1 MiB, 16 bits */
    CMOS_EXTENDED_MEMORY2 = 0x30,
    CMOS_MEMORY_ABOVE_16M = 0x34, /* 64 KiB units, 16 bits */
    CMOS_BOOT_THIRD = 0x38,       /* high nibble; bit 0: no floppy signature check */
    CMOS_BOOT_FIRST = 0x3d,       /* low nibble first, high nibble second */
    CMOS_MEMORY_ABOVE_4G = 0x5b,  /* 64 KiB units, 24 bits */
    CMOS_CPUS = 0x5f,             /* less 1 */
};

#define EQUIPMENT_FLOPPY         0x01
#define EQUIPMENT_FPU            0x02
#define EQUIPMENT_MOUSE          0x04
#define EQUIPMENT_FLOPPIES_SHIFT 6 /* their number less 1 */

static void cmos_set16(Device *rtc, unsigned addr, uint64_t value)
{
    rtc_set_memory(rtc, addr, value & 0xff);
    rtc_set_memory(rtc, addr + 1, value >> 8 & 0xff);
}

static void pc_cmos_memory(Pc *pc)
{
    const uint64_t above_16m = pc->below_4g > (16 << 20) ? pc->below_4g - (16 << 20) : 0;
    const uint64_t above_1m = pc->below_4g - MIN(pc->below_4g, 1 << 20);
    const uint64_t extended = MIN(above_1m >> 10, 0xffff);
    const uint64_t above_4g = pc->above_4g >> 16;

    cmos_set16(pc->rtc, CMOS_BASE_MEMORY, MIN(pc->below_4g >> 10, 640));
    cmos_set16(pc->rtc, CMOS_EXTENDED_MEMORY, extended);
    cmos_set16(pc->rtc, CMOS_EXTENDED_MEMORY2, extended);
    cmos_set16(pc->rtc, CMOS_MEMORY_ABOVE_16M, MIN(above_16m >> 16, 0xffff));
    cmos_set16(pc->rtc, CMOS_MEMORY_ABOVE_4G, above_4g);
    rtc_set_memory(pc->rtc, CMOS_MEMORY_ABOVE_4G + 2, above_4g >> 16 & 0xff);
}

static void set_cmos(void *opaque, unsigned index, uint8_t value)
{
    rtc_set_memory(opaque, index, value);
}

static void pc_cmos_disks(Pc *pc)
{
    IDEBus *buses[] = {piix3_ide_bus(pc->ide, 0), piix3_ide_bus(pc->ide, 1)};

    ide_fill_cmos(buses, set_cmos, pc->rtc);
}

static void pc_cmos_floppies(Pc *pc)
{
    const uint8_t a = fdc_drive_code(pc->fdc, 0), b = fdc_drive_code(pc->fdc, 1);
    uint8_t equipment = EQUIPMENT_FPU | EQUIPMENT_MOUSE;

    if (a || b) {
        equipment |= EQUIPMENT_FLOPPY | (a && b) << EQUIPMENT_FLOPPIES_SHIFT;
    }
    rtc_set_memory(pc->rtc, CMOS_FLOPPIES, a << 4 | b);
    rtc_set_memory(pc->rtc, CMOS_EQUIPMENT, equipment);
}

static uint8_t boot_code(char letter)
{
    switch (letter) {
    case 'a':
    case 'b':
        return 1;
    case 'c':
        return 2;
    case 'd':
        return 3;
    case 'n':
        return 4;
    }
    return 0;
}

static bool boot_codes(const char *order, uint8_t codes[3], GError **errp)
{
    memset(codes, 0, 3);
    if (strlen(order) > 3) {
        error_setg(errp, "-boot: Too many boot devices for PC: at most 3");
        return false;
    }
    for (unsigned i = 0; order[i]; i++) {
        codes[i] = boot_code(order[i]);
        if (!codes[i]) {
            error_setg(errp, "-boot: Invalid boot device for PC: '%c' (a, b, c, d or n)", order[i]);
            return false;
        }
    }
    return true;
}

static void cmos_set_boot(Device *rtc, const uint8_t codes[3], bool fd_bootchk)
{
    rtc_set_memory(rtc, CMOS_BOOT_FIRST, codes[1] << 4 | codes[0]);
    rtc_set_memory(rtc, CMOS_BOOT_THIRD, codes[2] << 4 | !fd_bootchk);
}

/*
 * The board's own share of reset: a device of the tree, so that it happens in its order. The first
 * reset is the power-on; the one after it ends what -boot once= asked for.
 */
typedef struct PcReset {
    Device dev;
    Pc *pc;
    uint8_t once[3], always[3];
    unsigned resets;
} PcReset;

static void pc_reset(Device *dev)
{
    PcReset *s = (PcReset *)dev;
    Pc *pc = s->pc;

    rtc_set_memory(pc->rtc, CMOS_SHUTDOWN_STATUS, 0);
    cmos_set_boot(pc->rtc, s->resets++ ? s->always : s->once, pc->machine->fd_bootchk);
}

static const DeviceClass pc_reset_class = {
    .name = "pc-reset",
    .desc = "what the board does at reset",
    .parent = &device_class,
    .size = sizeof(PcReset),
    .internal = true,
    .reset = pc_reset,
};

static bool pc_add_reset(Pc *pc, GError **errp)
{
    const BootOptions *boot = &pc->machine->boot;
    const char *order = boot->order ? boot->order : pc->machine->cls->default_boot_order;
    PcReset *reset;
    uint8_t always[3], once[3];

    if (!boot_codes(order, always, errp) ||
        !boot_codes(boot->once ? boot->once : order, once, errp)) {
        return false;
    }
    reset = (PcReset *)device_new(&pc_reset_class);
    reset->pc = pc;
    memcpy(reset->always, always, sizeof(always));
    memcpy(reset->once, once, sizeof(once));
    device_realize_or_die(&reset->dev, NULL);
    return true;
}

/* -------------------------------------------------------------------------------- fw_cfg -- */

/* The ISA ports that the tables can name. */
static void note_port(Device *dev, void *opaque)
{
    AcpiConfig *acpi = opaque;

    if (device_class_is(dev->cls, &serial_class)) {
        acpi->com1 |= serial_index(dev) == 0;
        acpi->com2 |= serial_index(dev) == 1;
    } else if (device_class_is(dev->cls, &parallel_class)) {
        acpi->lpt1 |= parallel_index(dev) == 0;
    }
}

/* The hole in the address space where KVM keeps a task state segment and page tables of its own. */
#define KVM_RESERVED_BASE 0xfeffc000
#define KVM_RESERVED_SIZE 0x4000

static void pc_add_e820(Pc *pc)
{
    E820Entry entries[4] = {{0, pc->below_4g, E820_RAM}};
    unsigned n = 1;

    if (pc->ecam_base) {
        entries[n++] = (E820Entry){pc->ecam_base, PCI_ECAM_SIZE, E820_RESERVED};
    }
    if (accel_is_kvm()) {
        entries[n++] = (E820Entry){KVM_RESERVED_BASE, KVM_RESERVED_SIZE, E820_RESERVED};
    }
    if (pc->above_4g) {
        entries[n++] = (E820Entry){UINT64_C(1) << 32, pc->above_4g, E820_RAM};
    }
    fw_files_add_e820(pc->fw_cfg, entries, n);
}

static bool pc_load_kernel(Pc *pc, GError **errp)
{
    const KernelOptions options = {
        .kernel = pc->machine->kernel,
        .initrd = pc->machine->initrd,
        .append = pc->machine->append,
        .ram_below_4g = pc->below_4g,
    };

    if (options.kernel && !kernel_load(pc->fw_cfg, &options, &pc->kernel_boot_path, errp)) {
        g_prefix_error(errp, "-kernel: ");
        return false;
    }
    return true;
}

/* The geometries that users chose for the BIOS to report. */
static void pc_add_bios_geometry(Pc *pc)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (unsigned bus = 0; bus < MACHINE_IDE_BUSES; bus++) {
        ide_print_bios_geometry(piix3_ide_bus(pc->ide, bus), "/pci@i0cf8/ide@1,1", text);
    }
    fw_files_add_bios_geometry(pc->fw_cfg, text->str);
}

static bool pc_add_tables(Pc *pc, AcpiConfig *acpi, SmbiosConfig *smbios, GError **errp)
{
    const Machine *m = pc->machine;
    g_autoptr(GPtrArray) tables = fw_user_load_acpi_tables(m->acpitables, errp);
    g_autoptr(GPtrArray) oem_strings = NULL;

    if (!tables) {
        return false;
    }
    acpi->user_tables = tables;
    if (m->acpi) {
        acpi_add_tables(pc->fw_cfg, acpi);
    }
    return fw_user_set_smbios(m->smbios, smbios, &oem_strings, errp) &&
           smbios_add_tables(pc->fw_cfg, smbios, errp);
}

/* After all devices are there, so that the tables can name them. */
bool pc_describe(Pc *pc, GError **errp)
{
    Machine *m = pc->machine;
    FwMachine fw = {
        .ram_size = m->ram_size,
        .cpus = m->cpus,
        .max_cpus = m->cpus,
        .nographic = !m->graphics,
        .boot_menu = m->boot.menu,
    };
    AcpiConfig acpi = {
        .cpus = m->cpus,
        .apic = pc->has_apic,
        .pci_hole = pc->pci_hole,
        .ecam_base = pc->ecam_base,
        .pm_base = PC_PM_BASE,
        .gpe_base = PIIX4_PM_GPE_BASE,
        .gpe_len = PIIX4_PM_GPE_LEN,
        .fdc = true,
    };
    SmbiosConfig smbios = {
        .manufacturer = "Lignite",
        .product = m->cls->desc,
        .version = m->cls->name,
        .cpus = m->cpus,
        .cpuid_version = accel_current()->cpu_signature(),
        .ram_below_4g = pc->below_4g,
        .ram_above_4g = pc->above_4g,
    };
    const Device *pvpanic = device_find_class(&pvpanic_class);

    if (m->uuid && !parse_uuid(m->uuid, fw.uuid, errp)) {
        return false;
    }
    memcpy(smbios.uuid, fw.uuid, sizeof(smbios.uuid));
    device_foreach(note_port, &acpi);
    acpi.pvpanic = pvpanic ? pvpanic_port(pvpanic) : 0;
    acpi.vmgenid = device_find_class(&vmgenid_class) != NULL;
    piix4_pm_set_legacy_ports(pc->pm, acpi.lpt1, acpi.com1, acpi.com2);

    rtc_set_memory(pc->rtc, CMOS_CPUS, m->cpus - 1);
    pc_cmos_memory(pc);
    pc_cmos_disks(pc);
    pc_cmos_floppies(pc);

    fw_files_add_machine(pc->fw_cfg, &fw);
    pc_add_e820(pc);
    fw_files_add_system_states(pc->fw_cfg, false, false);
    fw_files_add_boot_fail_wait(pc->fw_cfg, m->boot.reboot_timeout);
    if (m->boot.splash_time >= 0) {
        fw_files_add_boot_menu_wait(pc->fw_cfg, m->boot.splash_time);
    }
    pc_add_bios_geometry(pc);
    return pc_add_tables(pc, &acpi, &smbios, errp) &&
           fw_user_add_files(pc->fw_cfg, m->fw_cfg, errp) && pc_load_kernel(pc, errp) &&
           pc_add_boot_order(pc, errp) && pc_add_reset(pc, errp);
}
