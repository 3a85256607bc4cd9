/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QMP commands that tell what there is: machines, CPU models, options, PCI functions, drives,
 * chardevs.
 */
#include <string.h>

#include "accel/accel.h"
#include "backends/block.h"
#include "backends/char.h"
#include "hw/acpi/vmgenid.h"
#include "hw/core/device.h"
#include "hw/core/machine.h"
#include "hw/pci/pci.h"
#include "options.h"
#include "qmp-commands.h"
#include "qom.h"

/* ------------------------------------------------------------------------- machines, CPUs -- */

static const QmpType machine_info =
    QMP_STRUCT(QMP_MUST("name", qmp_str), QMP_MAY("alias", qmp_str),
               QMP_MAY("is-default", qmp_bool), QMP_MUST("cpu-max", qmp_int),
               QMP_MUST("hotpluggable-cpus", qmp_bool), QMP_MUST("numa-mem-supported", qmp_bool),
               QMP_MUST("deprecated", qmp_bool), QMP_MAY("default-cpu-type", qmp_str),
               QMP_MAY("default-ram-id", qmp_str), QMP_MUST("acpi", qmp_bool));
static const QmpType machine_infos = QMP_LIST(machine_info);

static bool takes_acpi(void)
{
    return property_find(machine_props, "acpi") != NULL;
}

static json_t *query_machines(QmpSession *session, json_t *args, GError **errp)
{
    json_t *list = json_array();

    for (const MachineClass *const *cls = machine_classes; *cls; cls++) {
        json_t *info = json_pack("{s:s, s:i, s:b, s:b, s:b, s:b}", "name", (*cls)->name, "cpu-max",
                                 (int)(*cls)->max_cpus, "hotpluggable-cpus", 0,
                                 "numa-mem-supported", 0, "deprecated", 0, "acpi",
                                 takes_acpi() && (*cls)->default_ram);

        if ((*cls)->alias) {
            json_object_set_new(info, "alias", json_string((*cls)->alias));
        }
        if ((*cls)->is_default) {
            json_object_set_new(info, "is-default", json_true());
        }
        if ((*cls)->default_cpu) {
            g_autofree char *type = qom_cpu_type_name((*cls)->default_cpu);

            json_object_set_new(info, "default-cpu-type", json_string(type));
        }
        json_object_set_new(info, "default-ram-id", json_string((*cls)->ram_id));
        json_array_append_new(list, info);
    }
    return list;
}

static const QmpType cpu_definition =
    QMP_STRUCT(QMP_MUST("name", qmp_str), QMP_MUST("typename", qmp_str),
               QMP_MUST("migration-safe", qmp_bool), QMP_MUST("static", qmp_bool),
               QMP_MUST("deprecated", qmp_bool));
static const QmpType cpu_definitions = QMP_LIST(cpu_definition);

static void add_cpu_definition(const char *name, bool fixed, void *opaque)
{
    g_autofree char *type = qom_cpu_type_name(name);

    json_array_append_new(opaque, json_pack("{s:s, s:s, s:b, s:b, s:b}", "name", name, "typename",
                                            type, "migration-safe", fixed, "static", 0,
                                            "deprecated", 0));
}

static json_t *query_cpu_definitions(QmpSession *session, json_t *args, GError **errp)
{
    json_t *list = json_array();

    cpu_models_foreach(add_cpu_definition, list);
    return list;
}

static const QmpType expansion_type = QMP_ENUM("static", "full");
static const QmpType cpu_model_info =
    QMP_STRUCT(QMP_MUST("name", qmp_str), QMP_MAY("props", qmp_any));
static const QmpType cpu_expansion = QMP_STRUCT(QMP_MUST("model", cpu_model_info));

/* "name,feature=on,...", as -cpu has it. */
static char *cpu_model_text(json_t *model, GError **errp)
{
    GString *text = g_string_new(json_string_value(json_object_get(model, "name")));
    json_t *props = json_object_get(model, "props"), *value;
    const char *name;

    if (props && !json_is_object(props)) {
        error_setg(errp, "Invalid parameter type for 'model.props', expected: object");
        g_string_free(text, TRUE);
        return NULL;
    }
    json_object_foreach (props, name, value) {
        if (json_is_boolean(value)) {
            g_string_append_printf(text, ",%s=%s", name, json_is_true(value) ? "on" : "off");
        } else if (json_is_integer(value)) {
            g_string_append_printf(text, ",%s=%" JSON_INTEGER_FORMAT, name,
                                   json_integer_value(value));
        } else if (json_is_string(value) && !strchr(json_string_value(value), ',')) {
            g_string_append_printf(text, ",%s=%s", name, json_string_value(value));
        } else {
            error_setg(errp, "Invalid parameter type for 'model.props.%s'", name);
            g_string_free(text, TRUE);
            return NULL;
        }
    }
    return g_string_free(text, FALSE);
}

static void add_feature(const char *name, bool on, void *opaque)
{
    json_object_set_new(opaque, name, json_boolean(on));
}

/*
 * What a model has, feature by feature. A static expansion is from nothing up, so that the name
 * says nothing any more.
 */
static json_t *query_cpu_model_expansion(QmpSession *session, json_t *args, GError **errp)
{
    const bool is_static = g_str_equal(qmp_get_str(args, "type"), "static");
    json_t *model = json_object_get(args, "model"), *props;
    g_autofree char *text = cpu_model_text(model, errp);

    if (!text) {
        return NULL;
    }
    props = json_object();
    if (!cpu_model_foreach_feature(text, add_feature, props, errp)) {
        json_decref(props);
        return NULL;
    }
    return json_pack("{s:{s:s, s:o}}", "model", "name",
                     is_static ? "base" : json_string_value(json_object_get(model, "name")),
                     "props", props);
}

static const QmpType host_nodes = QMP_LIST(qmp_int);
static const QmpType memory_policy = QMP_ENUM("default", "preferred", "bind", "interleave");
static const QmpType memory_backend = QMP_STRUCT(
    QMP_MUST("id", qmp_str), QMP_MUST("size", qmp_int), QMP_MUST("merge", qmp_bool),
    QMP_MUST("dump", qmp_bool), QMP_MUST("prealloc", qmp_bool), QMP_MUST("share", qmp_bool),
    QMP_MUST("host-nodes", host_nodes), QMP_MUST("policy", memory_policy));
static const QmpType memory_backends = QMP_LIST(memory_backend);

/* The machine's memory, if it has any. */
static json_t *query_memdev(QmpSession *session, json_t *args, GError **errp)
{
    const Machine *machine = machine_current();
    json_t *list = json_array();

    if (machine->ram_size) {
        json_array_append_new(list,
                              json_pack("{s:s, s:I, s:b, s:b, s:b, s:b, s:[], s:s}", "id",
                                        machine->cls->ram_id, "size", (json_int_t)machine->ram_size,
                                        "merge", 0, "dump", 1, "prealloc", 0, "share", 0,
                                        "host-nodes", "policy", "default"));
    }
    return list;
}

static const QmpType iothread_info =
    QMP_STRUCT(QMP_MUST("id", qmp_str), QMP_MUST("thread-id", qmp_int));
static const QmpType iothread_infos = QMP_LIST(iothread_info);

/* There is no such object: block requests have their worker threads. */
static json_t *query_iothreads(QmpSession *session, json_t *args, GError **errp)
{
    return json_array();
}

/* --------------------------------------------------------------------------------- options -- */

static const QmpType parameter_type = QMP_ENUM("string");
static const QmpType option_parameter =
    QMP_STRUCT(QMP_MUST("name", qmp_str), QMP_MUST("type", parameter_type));
static const QmpType option_parameters = QMP_LIST(option_parameter);
static const QmpType option_info =
    QMP_STRUCT(QMP_MUST("option", qmp_str), QMP_MUST("parameters", option_parameters));
static const QmpType option_infos = QMP_LIST(option_info);

/* The keys in an option's syntax as help shows it: the words in lower case before a '='. */
static json_t *syntax_parameters(const char *syntax)
{
    json_t *list = json_array();
    const char *equals = syntax;

    while (equals && (equals = strchr(equals, '='))) {
        const char *start = equals;

        while (start > syntax && (g_ascii_islower(start[-1]) || start[-1] == '-' ||
                                  start[-1] == ']' || start[-1] == '[')) {
            start--;
        }
        while (*start == '[' || *start == ']') {
            start++;
        }
        const char *end = start + strspn(start, "abcdefghijklmnopqrstuvwxyz-");
        if (end > start) {
            g_autofree char *name = g_strndup(start, end - start);

            json_array_append_new(list, json_pack("{s:s, s:s}", "name", name, "type", "string"));
        }
        equals++;
    }
    return list;
}

typedef struct OptionWalk {
    const char *wanted; /* or NULL for all */
    json_t *list;
} OptionWalk;

static void add_option(const char *name, const char *arg, void *opaque)
{
    OptionWalk *walk = opaque;

    if (!walk->wanted || g_str_equal(walk->wanted, name)) {
        json_array_append_new(walk->list, json_pack("{s:s, s:o}", "option", name, "parameters",
                                                    syntax_parameters(arg)));
    }
}

static json_t *query_command_line_options(QmpSession *session, json_t *args, GError **errp)
{
    OptionWalk walk = {qmp_get_str(args, "option"), json_array()};

    options_foreach(add_option, &walk);
    if (walk.wanted && !json_array_size(walk.list)) {
        error_setg(errp, "invalid option name: %s", walk.wanted);
        g_clear_pointer(&walk.list, json_decref);
    }
    return walk.list;
}

/* ------------------------------------------------------------------------------------- PCI -- */

static const QmpType pci_class_info = QMP_STRUCT(QMP_MAY("desc", qmp_str),
                                                 QMP_MUST("class", qmp_int));
static const QmpType pci_id_info =
    QMP_STRUCT(QMP_MUST("device", qmp_int), QMP_MUST("vendor", qmp_int),
               QMP_MAY("subsystem", qmp_int), QMP_MAY("subsystem-vendor", qmp_int));
static const QmpType pci_region_type = QMP_ENUM("io", "memory");
static const QmpType pci_region =
    QMP_STRUCT(QMP_MUST("bar", qmp_int), QMP_MUST("type", pci_region_type),
               QMP_MUST("address", qmp_int), QMP_MUST("size", qmp_int),
               QMP_MAY("prefetch", qmp_bool), QMP_MAY("mem_type_64", qmp_bool));
static const QmpType pci_regions = QMP_LIST(pci_region);
static const QmpType pci_device_info = QMP_STRUCT(
    QMP_MUST("bus", qmp_int), QMP_MUST("slot", qmp_int), QMP_MUST("function", qmp_int),
    QMP_MUST("class_info", pci_class_info), QMP_MUST("id", pci_id_info), QMP_MAY("irq", qmp_int),
    QMP_MUST("irq_pin", qmp_int), QMP_MUST("qdev_id", qmp_str), QMP_MUST("regions", pci_regions));
static const QmpType pci_device_infos = QMP_LIST(pci_device_info);
static const QmpType pci_info =
    QMP_STRUCT(QMP_MUST("bus", qmp_int), QMP_MUST("devices", pci_device_infos));
static const QmpType pci_infos = QMP_LIST(pci_info);

static json_t *pci_bar_json(const PCIBar *bar, int n)
{
    bool io = bar->type & PCI_BASE_ADDRESS_SPACE_IO;
    /* One that is not mapped is at -1. */
    json_t *info = json_pack("{s:i, s:s, s:I, s:I}", "bar", n, "type", io ? "io" : "memory",
                             "address", (json_int_t)bar->addr, "size", (json_int_t)bar->size);

    if (!io) {
        json_object_set_new(info, "prefetch",
                            json_boolean(bar->type & PCI_BASE_ADDRESS_MEM_PREFETCH));
        json_object_set_new(info, "mem_type_64",
                            json_boolean(bar->type & PCI_BASE_ADDRESS_MEM_TYPE_64));
    }
    return info;
}

static json_t *pci_function_json(const PCIDevice *dev)
{
    const uint8_t *config = dev->config;
    int class_id = pci_get_word(config + PCI_CLASS_DEVICE);
    const char *class_name = pci_class_name(class_id);
    json_t *class_info = json_pack("{s:i}", "class", class_id);
    json_t *regions = json_array();
    json_t *info;

    if (class_name) {
        json_object_set_new(class_info, "desc", json_string(class_name));
    }
    for (int n = 0; n < PCI_NUM_BARS; n++) {
        if (dev->bars[n].region) {
            json_array_append_new(regions, pci_bar_json(&dev->bars[n], n));
        }
    }
    info = json_pack("{s:i, s:i, s:i, s:o, s:{s:i, s:i, s:i, s:i}, s:i, s:s, s:o}", "bus", 0,
                     "slot", PCI_SLOT(dev->devfn), "function", PCI_FUNC(dev->devfn), "class_info",
                     class_info, "id", "device", (int)pci_get_word(config + PCI_DEVICE_ID),
                     "vendor", (int)pci_get_word(config + PCI_VENDOR_ID), "subsystem",
                     (int)pci_get_word(config + PCI_SUBSYSTEM_ID), "subsystem-vendor",
                     (int)pci_get_word(config + PCI_SUBSYSTEM_VENDOR_ID), "irq_pin",
                     (int)config[PCI_INTERRUPT_PIN], "qdev_id", dev->dev.id ? dev->dev.id : "",
                     "regions", regions);
    if (config[PCI_INTERRUPT_PIN]) {
        json_object_set_new(info, "irq", json_integer(config[PCI_INTERRUPT_LINE]));
    }
    return info;
}

static json_t *query_pci(QmpSession *session, json_t *args, GError **errp)
{
    PCIBus *bus = (PCIBus *)bus_find_class(&pci_bus_class);
    json_t *devices = json_array();

    for (int devfn = 0; bus && devfn < (int)G_N_ELEMENTS(bus->devices); devfn++) {
        if (bus->devices[devfn]) {
            json_array_append_new(devices, pci_function_json(bus->devices[devfn]));
        }
    }
    if (!bus) {
        json_decref(devices);
        return json_array();
    }
    return json_pack("[{s:i, s:o}]", "bus", 0, "devices", devices);
}

/* ------------------------------------------------------------------------ drives, chardevs -- */

static const QmpType image_info =
    QMP_STRUCT(QMP_MUST("filename", qmp_str), QMP_MUST("format", qmp_str),
               QMP_MUST("virtual-size", qmp_int));
static const QmpType inserted_info =
    QMP_STRUCT(QMP_MUST("file", qmp_str), QMP_MUST("ro", qmp_bool), QMP_MUST("drv", qmp_str),
               QMP_MUST("encrypted", qmp_bool), QMP_MUST("image", image_info));
static const QmpType drive_type = QMP_ENUM("unknown");
static const QmpType block_info =
    QMP_STRUCT(QMP_MUST("device", qmp_str), QMP_MAY("qdev", qmp_str), QMP_MUST("type", drive_type),
               QMP_MUST("removable", qmp_bool), QMP_MUST("locked", qmp_bool),
               QMP_MAY("tray_open", qmp_bool), QMP_MAY("inserted", inserted_info));
static const QmpType block_infos = QMP_LIST(block_info);

static json_t *text_json(const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);

    return json_string(valid);
}

typedef struct FindDrive {
    const char *id;
    Device *dev;
} FindDrive;

static void match_drive(Device *dev, void *opaque)
{
    FindDrive *find = opaque;
    GVariant *value = device_get_property(dev, "drive", NULL);

    if (!value) {
        return;
    }
    g_variant_ref_sink(value);
    if (g_str_equal(g_variant_get_string(value, NULL), find->id)) {
        find->dev = dev;
    }
    g_variant_unref(value);
}

static void add_drive(BlockBackend *blk, void *opaque)
{
    FindDrive find = {.id = block_id(blk)};
    bool removable = block_is_cdrom(blk);
    json_t *info = json_pack("{s:s, s:s, s:b, s:b}", "device", block_id(blk), "type", "unknown",
                             "removable", removable, "locked", block_is_locked(blk));

    device_foreach(match_drive, &find);
    if (find.dev) {
        g_autofree char *path = qom_device_path(find.dev);

        json_object_set_new(info, "qdev", json_string(path));
    }
    if (removable) {
        json_object_set_new(info, "tray_open", json_boolean(block_is_tray_open(blk)));
    }
    if (block_is_inserted(blk)) {
        json_t *image = json_pack("{s:o, s:s, s:I}", "filename", text_json(block_filename(blk)),
                                  "format", "raw", "virtual-size", (json_int_t)block_size(blk));

        json_object_set_new(info, "inserted",
                            json_pack("{s:o, s:b, s:s, s:b, s:o}", "file",
                                      text_json(block_filename(blk)), "ro",
                                      block_is_read_only(blk), "drv", "raw", "encrypted", 0,
                                      "image", image));
    }
    json_array_append_new(opaque, info);
}

static json_t *query_block(QmpSession *session, json_t *args, GError **errp)
{
    json_t *list = json_array();

    block_foreach(add_drive, list);
    return list;
}

static const QmpType chardev_info =
    QMP_STRUCT(QMP_MUST("label", qmp_str), QMP_MUST("filename", qmp_str),
               QMP_MUST("frontend-open", qmp_bool));
static const QmpType chardev_infos = QMP_LIST(chardev_info);

static void add_chardev(Chardev *chr, void *opaque)
{
    json_array_append_new(opaque, json_pack("{s:s, s:o, s:b}", "label", chardev_id(chr),
                                            "filename", text_json(chardev_filename(chr)),
                                            "frontend-open", chardev_is_used(chr)));
}

static json_t *query_chardev(QmpSession *session, json_t *args, GError **errp)
{
    json_t *list = json_array();

    chardev_foreach(add_chardev, list);
    return list;
}

/* ----------------------------------------------------------------------------------- table -- */

static const QmpType guid_info = QMP_STRUCT(QMP_MUST("guid", qmp_str));

static json_t *query_vm_generation_id(QmpSession *session, json_t *args, GError **errp)
{
    const Device *dev = device_find_class(&vmgenid_class);

    if (!dev) {
        error_setg(errp, "VM Generation ID device not found");
        return NULL;
    }
    return json_pack("{s:s}", "guid", vmgenid_text(dev));
}

const QmpCommand qmp_query_commands[] = {
    {.name = "query-machines", .returns = &machine_infos, .run = query_machines},
    {.name = "query-cpu-definitions", .returns = &cpu_definitions, .run = query_cpu_definitions},
    {.name = "query-cpu-model-expansion",
     .args = QMP_MEMBERS(QMP_MUST("type", expansion_type), QMP_MUST("model", cpu_model_info)),
     .returns = &cpu_expansion,
     .run = query_cpu_model_expansion},
    {.name = "query-memdev", .returns = &memory_backends, .run = query_memdev},
    {.name = "query-iothreads", .returns = &iothread_infos, .run = query_iothreads},
    {.name = "query-command-line-options",
     .args = QMP_MEMBERS(QMP_MAY("option", qmp_str)),
     .returns = &option_infos,
     .run = query_command_line_options},
    {.name = "query-pci", .returns = &pci_infos, .run = query_pci},
    {.name = "query-vm-generation-id",
     .returns = &guid_info,
     .run = query_vm_generation_id},
    {.name = "query-block", .returns = &block_infos, .run = query_block},
    {.name = "query-chardev", .returns = &chardev_infos, .run = query_chardev},
    {}};
