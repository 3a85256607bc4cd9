/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices, the classes they are made from, and the buses they sit on.
 *
 * A class is a static const table; hw/devices.c lists them all. A device is made (device_new), given
 * property values, put on a bus and realized; from then on the guest can reach it. Realize runs
 * from the root class to the device's own, unrealize the other way round, reset from the root down.
 *
 * All functions are called with the machine lock held (or before any vCPU exists).
 */
#ifndef LIGNITE_HW_CORE_DEVICE_H
#define LIGNITE_HW_CORE_DEVICE_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

#include "hw/core/irq.h"
#include "hw/core/property.h"
#include "memory/memory.h"

typedef struct Bus Bus;
typedef struct BusClass BusClass;
typedef struct Device Device;
typedef struct DeviceClass DeviceClass;

/*
 * A range of one of the device's regions whose writes may be queued: nobody can tell when they
 * take effect before the next taking of the machine lock. docs/ has the rules.
 */
typedef struct CoalescedRange {
    size_t region; /* where the MemoryRegion lies in the device's state */
    bool pio;      /* ruled by coalesced-pio, else by coalesced-mmio */
    hwaddr addr;   /* offset in the region */
    hwaddr size;   /* bytes; 0 ends the table */
    bool output;   /* its writes do nothing but go to a backend: docs/ says when that is right */
} CoalescedRange;

#define COALESCED_PIO(S, field, a, n)                                                              \
    {                                                                                              \
        .region = PROP_FIELD(S, field, MemoryRegion), .pio = true, .addr = a, .size = n            \
    }
#define COALESCED_MMIO(S, field, a, n)                                                             \
    {                                                                                              \
        .region = PROP_FIELD(S, field, MemoryRegion), .addr = a, .size = n                         \
    }
#define COALESCED_OUTPUT(S, field, a, n)                                                           \
    {                                                                                              \
        .region = PROP_FIELD(S, field, MemoryRegion), .pio = true, .addr = a, .size = n,           \
        .output = true                                                                             \
    }

struct DeviceClass {
    const char *name;
    const char *alias; /* a second name, or NULL */
    const char *desc;
    const char *category; /* heading in `-device help`: "Network", "Display", ... */
    const DeviceClass *parent;
    size_t size; /* of the state struct, whose first member is the parent's */
    bool abstract;
    bool internal; /* made by the board only; -device refuses it */
    bool no_hotplug; /* can't come or go once the machine is built, whatever the bus allows */
    const BusClass *bus; /* the kind of bus it sits on; inherited from the parent when NULL */
    const Property *props;
    const CoalescedRange *coalesced;
    bool (*realize)(Device *dev, GError **errp);
    void (*unrealize)(Device *dev);
    void (*reset)(Device *dev);
};

struct BusClass {
    const char *name; /* "PCI", "ISA", "IDE", "System" */
    /* A device's place on the bus for `info qtree` and boot paths, as "@3" or ""; NULL for none. */
    void (*print_address)(const Device *dev, GString *out);
    void (*realized)(Device *dev); /* a device on the bus has been; NULL: nothing to do */
    bool hotplug; /* devices may come and go while the machine runs */
};

struct Bus {
    const BusClass *cls;
    char *name; /* "pci.0" */
    Device *parent;
    TAILQ_HEAD(BusDevices, Device) devices; /* in the order they were realized */
    TAILQ_ENTRY(Bus) sibling;
};

struct Device {
    const DeviceClass *cls;
    char *id;          /* the user's name for it, or NULL */
    MemoryOwner owner; /* of its memory regions */
    Bus *bus;          /* the bus it sits on; NULL only before realize */
    bool realized;
    bool by_user;    /* made by -device or device_add, not by the board */
    bool hotplugged; /* came when the machine was built already */
    unsigned number; /* in order of realize, among those without id of the user, or of the board */
    bool coalesced_mmio;
    bool coalesced_pio;
    GPtrArray *gpio_in;  /* named inputs; private to device.c */
    GPtrArray *gpio_out; /* named outputs; private to device.c */
    TAILQ_HEAD(DeviceBuses, Bus) buses;
    TAILQ_ENTRY(Device) sibling;
};

/* The root of all classes; its properties are coalesced-mmio and coalesced-pio. */
extern const DeviceClass device_class;
extern const BusClass system_bus_class;

/* All classes, ended by NULL: hw/devices.c. */
extern const DeviceClass *const device_classes[];

/* The class called `name` or with that alias, or NULL. */
const DeviceClass *device_class_find(const char *name);

/* Whether `cls` is `base` or descends from it. */
bool device_class_is(const DeviceClass *cls, const DeviceClass *base);

/* The kind of bus that devices of this class sit on. */
const BusClass *device_class_bus(const DeviceClass *cls);

/*
 * The device as the struct of the class, whose name is in a variable NAME_class; asserts that it
 * is one.
 */
#define DEVICE_CAST(T, cls, dev) ((T *)device_cast(DEVICE(dev), cls))
#define DEVICE(obj) ((Device *)(obj))
Device *device_cast(Device *dev, const DeviceClass *cls);

/* ---------------------------------------------------------------------------- life cycle -- */

/* A device with default property values and those of -global. Never fails. */
Device *device_new(const DeviceClass *cls);

/*
 * Realize on `bus` (NULL: the system bus): calls the classes' realize functions, then applies the
 * coalesced ranges. On failure the device is as before and still the caller's.
 */
bool device_realize(Device *dev, Bus *bus, GError **errp);

/* As device_realize() for the board's own devices, whose failure is a programmer's mistake. */
void device_realize_or_die(Device *dev, Bus *bus);

/* Unrealize if realized, with all devices on its buses, and free. NULL is allowed. */
void device_free(Device *dev);

/* Reset one device, classes from the root down; then the devices on its buses. */
void device_reset(Device *dev);

/* ---------------------------------------------------------------------------- properties -- */

/*
 * Set a property from a string, number or boolean. Fails for names the class has not, for values
 * the row refuses, and for rows that are not `live` once the device is realized. A floating
 * `value` is sunk.
 */
bool device_set_property(Device *dev, const char *name, GVariant *value, GError **errp);
bool device_set_property_str(Device *dev, const char *name, const char *value, GError **errp);
GVariant *device_get_property(Device *dev, const char *name, GError **errp);

/* For boards, with names and values known to be right (asserted). */
void device_set_uint(Device *dev, const char *name, uint64_t value);
void device_set_bool(Device *dev, const char *name, bool value);
void device_set_str(Device *dev, const char *name, const char *value);

/* Calls `fn` for each property row of the class and its parents that the class shows. */
void device_class_foreach_property(const DeviceClass *cls,
                                   void (*fn)(const DeviceClass *owner, const Property *prop,
                                              void *opaque),
                                   void *opaque);

/* Append the text of `-device NAME,help`. */
void device_class_print_help(const DeviceClass *cls, GString *out);

/* Append the text of `-device help`: by category, names in double quotes. */
void device_classes_print_help(GString *out);

/* -global DRIVER.PROPERTY=VALUE: remembered for devices made from now on; checks both names. */
bool device_add_global(const char *driver, const char *property, const char *value, GError **errp);
void device_clear_globals(void);

/*
 * Add the device's coalesced ranges to its regions, or take them back, as its two properties
 * say; within a memory transaction of its own. Called after realize and after a set.
 */
void device_update_coalescing(Device *dev);

/* The region that a row of the device's own class or of a parent is about. */
MemoryRegion *device_coalesced_region(Device *dev, const CoalescedRange *range);

/* Whether a device declares that the writes of this place only go to a backend. */
bool device_coalesced_is_output(const MemoryRegion *mr, hwaddr offset);

/* Whether the class or a parent declares a range of that kind. */
bool device_class_declares_range(const DeviceClass *cls, bool pio);

typedef enum CoalescedKinds {
    COALESCED_KIND_MMIO = 1 << 0,
    COALESCED_KIND_PIO = 1 << 1,
    COALESCED_KIND_ALL = COALESCED_KIND_MMIO | COALESCED_KIND_PIO,
} CoalescedKinds;

/*
 * Set coalesced-mmio, coalesced-pio or both of the device with the id `name`, else of all devices of
 * the class `name`, or of every device for "all"; of those that declare such ranges. Takes effect at
 * once, in one change of the map. Fails, with nothing changed, where there is no such device, or
 * none that declares such a range.
 */
bool devices_set_coalescing(const char *name, CoalescedKinds kinds, bool on, GError **errp);

/* ------------------------------------------------------------------- interrupts and lines -- */

/* Give the device `n` inputs called `name` (NULL: the unnamed list), numbered from 0. */
void device_init_gpio_in(Device *dev, const char *name, IrqHandler handler, void *opaque, int n);
Irq *device_get_gpio_in(Device *dev, const char *name, int n);

/* Say that `pins[0..n)` in the device's state are its outputs called `name`. */
void device_init_gpio_out(Device *dev, const char *name, Irq **pins, int n);
void device_connect_gpio_out(Device *dev, const char *name, int n, Irq *line);
Irq *device_get_gpio_out(Device *dev, const char *name, int n);
int device_gpio_count(Device *dev, const char *name, bool in);

/* -------------------------------------------------------------------------------- buses -- */

/* Make `bus` a bus of `parent` (NULL: none). `name` is copied. */
void bus_init(Bus *bus, const BusClass *cls, Device *parent, const char *name);
void bus_destroy(Bus *bus); /* frees the devices on it */

/* The bus on which devices without one of their own sit; made at first use. */
Bus *system_bus(void);
void system_bus_free(void); /* at the end of the process, and of a test */

/* Find by name; by kind: the first in tree order that is of that class. NULL if there is none. */
Bus *bus_find(const char *name);
Bus *bus_find_class(const BusClass *cls);

/* Find a device by id, or the first of a class, in tree order. NULL if there is none. */
Device *device_find(const char *id);
Device *device_find_class(const DeviceClass *cls);

/* Calls `fn` for every realized device in tree order, parents first. */
void device_foreach(void (*fn)(Device *dev, void *opaque), void *opaque);

/* Append the text of `info qtree`. */
void device_print_tree(GString *out);

/* ------------------------------------------------------------------------------- reset -- */

/* Reset every device, in tree order; the machine's reset. */
void devices_reset(void);

#endif
