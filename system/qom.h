/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine as a tree of named objects, as QMP's qom-* commands show it: paths over the device
 * tree. Nothing here is stored; all is read off the devices when asked. Lock held.
 *
 *     /machine
 *         peripheral/<id>                what the user made with an id
 *         peripheral-anon/device[n]      ... without one
 *         unattached/device[n]           the CPUs, then the board's devices
 *         unattached/sysbus              the system bus
 *     <device>/<bus name>                the buses of a device
 *     /objects/<id>                      what -object and object-add made
 *
 * Paths may go through links as well: <bus>/child[n], <device>/parent_bus.
 */
#ifndef LIGNITE_SYSTEM_QOM_H
#define LIGNITE_SYSTEM_QOM_H

#include "hw/core/device.h"

typedef enum QomKind {
    QOM_ROOT,
    QOM_MACHINE,
    QOM_PERIPHERAL,
    QOM_PERIPHERAL_ANON,
    QOM_UNATTACHED,
    QOM_CPU,
    QOM_DEVICE,
    QOM_BUS,
    QOM_OBJECTS,
    QOM_OBJECT,
} QomKind;

typedef struct QomNode {
    QomKind kind;
    unsigned cpu;     /* QOM_CPU */
    Device *dev;      /* QOM_DEVICE */
    Bus *bus;         /* QOM_BUS */
    const char *type; /* QOM_OBJECT */
} QomNode;

/*
 * Find an object by its path, or by any end of it that is unique ("rtc0", "device[3]"). Fails with
 * DeviceNotFound when there is none.
 */
bool qom_resolve(const char *path, QomNode *node, GError **errp);

/* The name of the node's type; to be freed. */
char *qom_type_name(const QomNode *node);

/* Paths, to be freed. */
char *qom_device_path(const Device *dev);
char *qom_bus_path(const Bus *bus);
char *qom_cpu_path(unsigned cpu);

/* What a bus calls the link to its nth device; to be freed. */
char *qom_bus_link_name(unsigned n);

/* Calls `fn` for each object right below `node`. */
typedef void (*QomChildFunc)(const char *name, const QomNode *child, void *opaque);
void qom_foreach_child(const QomNode *node, QomChildFunc fn, void *opaque);

/* Calls `fn` for each type there is; `parent` is NULL for the root of all. */
typedef void (*QomTypeFunc)(const char *name, const char *parent, bool abstract, void *opaque);
void qom_foreach_type(QomTypeFunc fn, void *opaque);

/* "qemu64-x86_64-cpu", of a -cpu text. To be freed. */
char *qom_cpu_type_name(const char *model);

#endif
