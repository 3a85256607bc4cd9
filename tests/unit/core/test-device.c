/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices and classes, with a little family of classes of this test: life cycle, order, buses,
 * lines, -global, help, the tree, and the switch for coalesced ranges.
 */
#include <string.h>

#include "hw/core/device.h"
#include "memory/system.h"

/* ------------------------------------------------------------------- the family of classes -- */

static GString *calls; /* "parent+ child+ ": what was called, in order */
static bool child_fails;

/* Give the calls since the last time. */
#define assert_calls(text)                                                                         \
    do {                                                                                           \
        g_assert_cmpstr(calls->str, ==, text);                                                     \
        g_string_truncate(calls, 0);                                                               \
    } while (0)

static const BusClass toy_bus_class;

static void note(const char *text)
{
    g_string_append(calls, text);
}

/* A device with a bus, three inputs, two outputs and a property. */
typedef struct Parent {
    Device dev;
    Bus bus;
    Irq *out[2];
    int last_input, last_level;
    uint32_t number;
    char *text;
} Parent;

static const DeviceClass parent_class, child_class;

static void parent_input(void *opaque, int n, int level)
{
    Parent *parent = opaque;

    parent->last_input = n;
    parent->last_level = level;
}

static bool parent_realize(Device *dev, GError **errp)
{
    Parent *parent = DEVICE_CAST(Parent, &parent_class, dev);

    note("parent+ ");
    bus_init(&parent->bus, &toy_bus_class, dev, "toy.0");
    device_init_gpio_in(dev, NULL, parent_input, parent, 3);
    device_init_gpio_out(dev, "alarm", parent->out, 2);
    return true;
}

static void parent_unrealize(Device *dev)
{
    note("parent- ");
}

static void parent_reset(Device *dev)
{
    note("parent0 ");
}

static const Property parent_props[] = {
    PROP_UINT32("number", Parent, number, 7, .max = 100, .live = true, .help = "a number"),
    PROP_STRING("text", Parent, text, .defstr = "parent's"),
    {}};

static const DeviceClass parent_class = {
    .name = "parent",
    .parent = &device_class,
    .size = sizeof(Parent),
    .props = parent_props,
    .realize = parent_realize,
    .unrealize = parent_unrealize,
    .reset = parent_reset,
};

/* Has a default of its own for `text`, and registers, two of which may wait. */
typedef struct Child {
    Parent parent;
    MemoryRegion mmio, pio;
} Child;

static uint64_t child_read(void *opaque, hwaddr addr, unsigned size)
{
    return 0;
}

static void child_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
}

static const MemoryRegionOps child_ops = {.read = child_read, .write = child_write};

static bool child_realize(Device *dev, GError **errp)
{
    Child *child = DEVICE_CAST(Child, &child_class, dev);

    note("child+ ");
    if (child_fails) {
        error_setg(errp, "the child does not want to");
        return false;
    }
    memory_region_init_io(&child->mmio, &dev->owner, &child_ops, child, "mmio", 0x100);
    memory_region_init_io(&child->pio, &dev->owner, &child_ops, child, "pio", 8);
    memory_region_add_subregion(get_system_memory(), 0x1000, &child->mmio);
    memory_region_add_subregion(get_system_io(), 0x100, &child->pio);
    return true;
}

static void child_unrealize(Device *dev)
{
    Child *child = DEVICE_CAST(Child, &child_class, dev);

    note("child- ");
    memory_region_del_subregion(get_system_memory(), &child->mmio);
    memory_region_del_subregion(get_system_io(), &child->pio);
    memory_region_destroy(&child->mmio);
    memory_region_destroy(&child->pio);
}

static void child_reset(Device *dev)
{
    note("child0 ");
}

static const Property child_props[] = {PROP_STRING("text", Parent, text, .defstr = "child's"), {}};

static const CoalescedRange child_coalesced[] = {COALESCED_MMIO(Child, mmio, 0x10, 0x20),
                                                 COALESCED_MMIO(Child, mmio, 0x80, 0x08),
                                                 COALESCED_PIO(Child, pio, 2, 1),
                                                 {}};

static const DeviceClass child_class = {
    .name = "child",
    .alias = "kid",
    .desc = "a child",
    .category = "Family",
    .parent = &parent_class,
    .size = sizeof(Child),
    .props = child_props,
    .coalesced = child_coalesced,
    .realize = child_realize,
    .unrealize = child_unrealize,
    .reset = child_reset,
};

static void toy_print_address(const Device *dev, GString *out)
{
    g_string_append(out, "@toy");
}

static const BusClass toy_bus_class = {.name = "Toy", .print_address = toy_print_address};

typedef struct Toy {
    Device dev;
    char *name;
} Toy;

static void toy_unrealize(Device *dev)
{
    note("toy- ");
}

static void toy_reset(Device *dev)
{
    note(dev->id);
    note(" ");
}

static const DeviceClass toy_class = {
    .name = "toy",
    .parent = &device_class,
    .size = sizeof(Toy),
    .bus = &toy_bus_class,
    .unrealize = toy_unrealize,
    .reset = toy_reset,
};

static const DeviceClass internal_class = {
    .name = "board-thing",
    .parent = &device_class,
    .size = sizeof(Device),
    .internal = true,
};

/* Stands for hw/devices.c. */
const DeviceClass *const device_classes[] = {&device_class, &parent_class,   &child_class,
                                             &toy_class,    &internal_class, NULL};

static Device *make(const DeviceClass *cls, const char *id, Bus *bus)
{
    g_autoptr(GError) err = NULL;
    Device *dev = device_new(cls);

    dev->id = g_strdup(id);
    g_assert_true(device_realize(dev, bus, &err));
    g_assert_no_error(err);
    return dev;
}

static Bus *bus_of(Device *dev)
{
    return &DEVICE_CAST(Parent, &parent_class, dev)->bus;
}

static void begin(void)
{
    memory_system_init();
    calls = g_string_new(NULL);
    child_fails = false;
}

static void end(void)
{
    system_bus_free();
    memory_system_cleanup();
    device_clear_globals();
    g_string_free(calls, TRUE);
}

/* ----------------------------------------------------------------------------- life cycle -- */

static void test_order(void)
{
    Device *dev;

    begin();
    dev = make(&child_class, "c", NULL);
    assert_calls("parent+ child+ ");
    make(&toy_class, "t1", bus_of(dev));
    make(&toy_class, "t2", bus_of(dev));
    devices_reset();
    assert_calls("parent0 child0 t1 t2 ");
    device_free(dev);
    assert_calls("toy- toy- child- parent- ");
    device_free(NULL);
    end();
}

/* What the parent did is undone, and the device may try again. */
static void test_failing_realize_is_undone(void)
{
    g_autoptr(GError) err = NULL;
    Device *dev;

    begin();
    dev = device_new(&child_class);
    child_fails = true;
    g_assert_false(device_realize(dev, NULL, &err));
    g_assert_cmpstr(err->message, ==, "the child does not want to");
    assert_calls("parent+ child+ parent- ");
    g_assert_false(dev->realized);
    g_assert_null(dev->bus);
    g_assert_null(bus_find("toy.0"));
    g_assert_null(device_find_class(&child_class));
    g_assert_cmpint(device_gpio_count(dev, NULL, true), ==, 0);

    child_fails = false;
    g_assert_true(device_realize(dev, NULL, NULL));
    assert_calls("parent+ child+ ");
    g_assert_nonnull(bus_find("toy.0"));
    device_free(dev);
    assert_calls("child- parent- ");

    /* One that is never realized is just freed. */
    child_fails = true;
    dev = device_new(&child_class);
    g_assert_false(device_realize(dev, NULL, NULL));
    g_string_truncate(calls, 0);
    device_free(dev);
    assert_calls("");
    end();
}

static void test_wrong_bus(void)
{
    g_autoptr(GError) err = NULL;
    Device *dev, *toy;

    begin();
    dev = make(&parent_class, NULL, NULL);
    toy = device_new(&toy_class);
    g_assert_false(device_realize(toy, NULL, &err));
    g_assert_cmpstr(err->message, ==, "Device 'toy' can't go on System bus");
    g_clear_error(&err);
    device_free(toy);
    toy = device_new(&child_class);
    g_assert_false(device_realize(toy, bus_of(dev), &err));
    g_assert_cmpstr(err->message, ==, "Device 'child' can't go on Toy bus");
    device_free(toy);
    end();
}

static void test_find(void)
{
    Device *a, *b, *toy;

    begin();
    a = make(&parent_class, "a", NULL);
    b = make(&child_class, "b", NULL);
    toy = make(&toy_class, "t", bus_of(b));
    g_assert_true(device_find("a") == a);
    g_assert_true(device_find("t") == toy);
    g_assert_null(device_find("x"));
    g_assert_true(device_find_class(&parent_class) == a); /* a subclass would do, a is first */
    g_assert_true(device_find_class(&child_class) == b);
    g_assert_true(device_find_class(&toy_class) == toy);
    g_assert_true(bus_find("toy.0") == bus_of(a));
    g_assert_true(bus_find("main-system-bus") == system_bus());
    g_assert_null(bus_find("x"));
    g_assert_true(bus_find_class(&toy_bus_class) == bus_of(a));
    g_assert_true(device_class_bus(&child_class) == &system_bus_class);
    g_assert_true(device_class_bus(&toy_class) == &toy_bus_class);
    g_assert_true(device_class_is(&child_class, &device_class));
    g_assert_false(device_class_is(&parent_class, &child_class));
    g_assert_true(device_class_find("kid") == &child_class);
    g_assert_null(device_class_find("nobody"));
    device_free(a);
    g_assert_true(bus_find("toy.0") == bus_of(b));
    end();
}

static void test_lines(void)
{
    Device *dev;
    Parent *parent;
    Irq *input;

    begin();
    dev = make(&parent_class, NULL, NULL);
    parent = DEVICE_CAST(Parent, &parent_class, dev);
    g_assert_cmpint(device_gpio_count(dev, NULL, true), ==, 3);
    g_assert_cmpint(device_gpio_count(dev, "alarm", false), ==, 2);
    g_assert_cmpint(device_gpio_count(dev, "alarm", true), ==, 0);
    input = device_get_gpio_in(dev, NULL, 2);
    g_assert_null(device_get_gpio_out(dev, "alarm", 1));
    irq_raise(parent->out[1]); /* not connected */
    device_connect_gpio_out(dev, "alarm", 1, input);
    g_assert_true(device_get_gpio_out(dev, "alarm", 1) == input);
    irq_raise(parent->out[1]);
    g_assert_cmpint(parent->last_input, ==, 2);
    g_assert_cmpint(parent->last_level, ==, 1);
    irq_lower(parent->out[1]);
    g_assert_cmpint(parent->last_level, ==, 0);
    end();
}

static int observed;

static void observe(void *opaque, int n, int level)
{
    observed += level ? 1 : 100;
}

static void count(void *opaque, int n, int level)
{
    ++*(int *)opaque;
}

/* The handler hears every call, an observer only changes, before it. */
static void test_irq_observer(void)
{
    int heard = 0;
    Irq irq;

    irq_init(&irq, count, &heard, 0);
    irq.observer = observe;
    observed = 0;
    irq_set(&irq, 0);
    irq_set(&irq, 1);
    irq_set(&irq, 7);
    irq_set(&irq, 0);
    irq_pulse(&irq);
    g_assert_cmpint(heard, ==, 6);
    g_assert_cmpint(observed, ==, 202);
    irq_set(NULL, 1);
}

/* ------------------------------------------------------------------------------ properties -- */

static char *get(Device *dev, const char *name)
{
    g_autoptr(GVariant) value = g_variant_ref_sink(device_get_property(dev, name, NULL));

    return g_variant_print(value, FALSE);
}

static void assert_property(Device *dev, const char *name, const char *wanted)
{
    g_autofree char *text = get(dev, name);

    g_assert_cmpstr(text, ==, wanted);
}

static void test_properties(void)
{
    g_autoptr(GError) err = NULL;
    Device *dev;

    begin();
    dev = device_new(&child_class);
    assert_property(dev, "text", "\"child's\"");
    assert_property(dev, "number", "7");
    g_assert_true(device_set_property_str(dev, "text", "mine", NULL));
    assert_property(dev, "text", "'mine'");
    device_set_uint(dev, "number", 9);
    assert_property(dev, "number", "9");

    g_assert_false(device_set_property_str(dev, "colour", "red", &err));
    g_assert_cmpstr(err->message, ==, "Property 'child.colour' not found");
    g_clear_error(&err);
    g_assert_null(device_get_property(dev, "colour", &err));
    g_assert_cmpstr(err->message, ==, "Property 'child.colour' not found");
    g_clear_error(&err);
    g_assert_false(device_set_property_str(dev, "number", "101", &err));
    g_assert_cmpstr(err->message, ==,
                    "Property 'child.number' doesn't take value 101 (minimum: 0, maximum: 100)");
    g_clear_error(&err);
    assert_property(dev, "number", "9");

    dev->id = g_strdup("c");
    g_assert_true(device_realize(dev, NULL, NULL));
    g_assert_true(device_set_property_str(dev, "number", "10", NULL)); /* live */
    assert_property(dev, "number", "10");
    g_assert_false(device_set_property_str(dev, "text", "late", &err));
    g_assert_cmpstr(err->message, ==,
                    "Attempt to set property 'text' on device 'c' (type 'child') after it was"
                    " realized");
    assert_property(dev, "text", "'mine'");
    end();
}

static void test_globals(void)
{
    g_autoptr(GError) err = NULL;
    Device *dev;

    begin();
    g_assert_true(device_add_global("parent", "number", "20", NULL));
    g_assert_true(device_add_global("kid", "number", "21", NULL)); /* by its alias */
    g_assert_true(device_add_global("kid", "text", "global", NULL));
    g_assert_true(device_add_global("child", "number", "22", NULL)); /* the last one wins */
    dev = device_new(&parent_class);
    assert_property(dev, "number", "20");
    assert_property(dev, "text", "\"parent's\"");
    device_free(dev);
    dev = device_new(&child_class);
    assert_property(dev, "number", "22");
    assert_property(dev, "text", "'global'");
    device_free(dev);

    g_assert_false(device_add_global("nobody", "number", "1", &err));
    g_assert_cmpstr(err->message, ==,
                    "'nobody' is not a valid device model name: -device help lists them");
    g_clear_error(&err);
    g_assert_false(device_add_global("child", "colour", "1", &err));
    g_assert_cmpstr(err->message, ==,
                    "Property 'child.colour' not found: -device child,help lists them");
    g_clear_error(&err);
    g_assert_false(device_add_global("child", "number", "x", &err));
    g_assert_cmpstr(err->message, ==, "Property 'child.number' expects an integer, not 'x'");
    g_clear_error(&err);
    g_assert_false(device_add_global("toy", "coalesced-mmio", "off", &err));
    g_assert_nonnull(err);

    device_clear_globals();
    dev = device_new(&child_class);
    assert_property(dev, "number", "7");
    device_free(dev);
    end();
}

static void test_help(void)
{
    g_autoptr(GString) out = g_string_new(NULL);

    device_class_print_help(&child_class, out);
    g_assert_cmpstr(out->str, ==,
                    "child options:\n"
                    "  coalesced-mmio=<bool> - queue memory writes that nobody waits for (default:"
                    " on)\n"
                    "  coalesced-pio=<bool> - queue port writes that nobody waits for (default:"
                    " on)\n"
                    "  number=<uint32>      - a number (default: 7)\n"
                    "  text=<str>           - (default: child's)\n");
    g_string_truncate(out, 0);
    device_class_print_help(&toy_class, out);
    g_assert_cmpstr(out->str, ==, "There are no options for toy.\n");
    g_string_truncate(out, 0);
    device_classes_print_help(out);
    g_assert_nonnull(strstr(out->str, "Family devices:\nname \"child\", bus System, alias \"kid\","
                                      " desc \"a child\"\n"));
    g_assert_nonnull(strstr(out->str, "name \"toy\", bus Toy\n"));
    g_assert_null(strstr(out->str, "board-thing")); /* not for -device */
    g_assert_null(strstr(out->str, "\"device\""));  /* abstract */
}

static void test_tree(void)
{
    g_autoptr(GString) out = g_string_new(NULL);
    Device *dev;

    begin();
    dev = make(&parent_class, "p", NULL);
    make(&toy_class, NULL, bus_of(dev));
    device_print_tree(out);
    g_assert_cmpstr(out->str, ==,
                    "bus: main-system-bus\n"
                    "  type System\n"
                    "  dev: parent, id \"p\"\n"
                    "    number = 7\n"
                    "    text = \"parent's\"\n"
                    "    bus: toy.0\n"
                    "      type Toy\n"
                    "      dev: toy, id \"\"\n"
                    "        address = @toy\n");
    TAILQ_FIRST(&bus_of(dev)->devices)->id = g_strdup("t"); /* for its reset */
    end();
}

/* ------------------------------------------------------------------------------- coalescing -- */

/* The ranges that an accelerator would hear of, as "pio 102+1 mmio 1010+20 ". */
typedef struct Zones {
    MemoryListener listener;
    GString *text;
    const char *kind;
} Zones;

static void zone_add(MemoryListener *listener, const MemoryRegionSection *section, hwaddr addr,
                     hwaddr len)
{
    Zones *zones = (Zones *)listener;

    g_string_append_printf(zones->text, "%s %x+%x ", zones->kind, (unsigned)addr, (unsigned)len);
}

/* Listeners are told of the present view when they come. */
static void assert_zones(const char *wanted)
{
    Zones zones = {.listener = {.name = "test", .coalesced_io_add = zone_add},
                   .text = g_string_new(NULL),
                   .kind = "mmio"};

    memory_listener_register(&zones.listener, &address_space_memory);
    memory_listener_unregister(&zones.listener);
    zones.kind = "pio";
    memory_listener_register(&zones.listener, &address_space_io);
    memory_listener_unregister(&zones.listener);
    g_assert_cmpstr(zones.text->str, ==, wanted);
    g_string_free(zones.text, TRUE);
}

static void test_coalescing_follows_properties(void)
{
    Device *dev;

    begin();
    assert_zones("");
    dev = make(&child_class, NULL, NULL);
    assert_zones("mmio 1010+20 mmio 1080+8 pio 102+1 ");
    g_assert_true(device_set_property_str(dev, "coalesced-mmio", "off", NULL));
    assert_zones("pio 102+1 ");
    g_assert_true(device_set_property_str(dev, "coalesced-pio", "off", NULL));
    assert_zones("");
    g_assert_true(device_set_property(dev, "coalesced-mmio", g_variant_new_boolean(true), NULL));
    assert_zones("mmio 1010+20 mmio 1080+8 ");
    g_assert_true(device_set_property_str(dev, "number", "3", NULL)); /* another live one */
    assert_zones("mmio 1010+20 mmio 1080+8 ");
    device_free(dev);
    assert_zones("");
    end();
}

static void test_coalescing_off_before_realize(void)
{
    Device *dev;

    begin();
    g_assert_true(device_add_global("child", "coalesced-mmio", "off", NULL));
    dev = make(&child_class, NULL, NULL);
    assert_zones("pio 102+1 ");
    device_free(dev);
    end();
}

static void test_coalescing_is_shown_where_declared(void)
{
    g_autoptr(GError) err = NULL;
    Device *dev;

    begin();
    dev = device_new(&parent_class);
    g_assert_false(device_set_property_str(dev, "coalesced-mmio", "off", &err));
    g_assert_cmpstr(err->message, ==, "Property 'parent.coalesced-mmio' not found");
    device_free(dev);
    dev = device_new(&child_class);
    assert_property(dev, "coalesced-mmio", "true");
    assert_property(dev, "coalesced-pio", "true");
    device_free(dev);
    end();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/device/order", test_order);
    g_test_add_func("/device/failing-realize-is-undone", test_failing_realize_is_undone);
    g_test_add_func("/device/wrong-bus", test_wrong_bus);
    g_test_add_func("/device/find", test_find);
    g_test_add_func("/device/lines", test_lines);
    g_test_add_func("/device/irq-observer", test_irq_observer);
    g_test_add_func("/device/properties", test_properties);
    g_test_add_func("/device/globals", test_globals);
    g_test_add_func("/device/help", test_help);
    g_test_add_func("/device/tree", test_tree);
    g_test_add_func("/device/coalescing/follows-properties", test_coalescing_follows_properties);
    g_test_add_func("/device/coalescing/off-before-realize", test_coalescing_off_before_realize);
    g_test_add_func("/device/coalescing/is-shown-where-declared",
                    test_coalescing_is_shown_where_declared);
    return g_test_run();
}
