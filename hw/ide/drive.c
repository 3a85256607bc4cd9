/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What disks and CD drives have in common: properties, their place on the bus, their backend, and
 * the layout of an IDENTIFY reply.
 */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

void ide_put_word(uint8_t *data, unsigned word, uint16_t value)
{
    data[word * 2] = value;
    data[word * 2 + 1] = value >> 8;
}

void ide_put_string(uint8_t *data, unsigned word, unsigned words, const char *text)
{
    size_t len = strlen(text);

    for (size_t i = 0; i < words * 2; i++) {
        data[word * 2 + (i ^ 1)] = i < len ? text[i] : ' ';
    }
}

static void set_if_unset(char **field, const char *text)
{
    if (!*field || !**field) {
        g_free(*field);
        *field = g_strdup(text);
    }
}

void ide_default_strings(IDEDevice *drive, const char *model)
{
    const char *dot = strrchr(drive->bus->bus.name, '.');
    unsigned channel = dot ? atoi(dot + 1) : 0;
    g_autofree char *serial = g_strdup_printf("LG%05u", channel * IDE_UNITS + drive->unit + 1);

    set_if_unset(&drive->serial, serial);
    set_if_unset(&drive->version, "1.0");
    set_if_unset(&drive->model, model);
}

/* A drive's string properties, as long as IDENTIFY has room for. */
static bool check_length(IDEDevice *drive, const char *name, const char *text, size_t max,
                         GError **errp)
{
    if (text && strlen(text) > max) {
        error_setg(errp, "Property '%s.%s' takes at most %zu characters", drive->dev.cls->name,
                   name, max);
        return false;
    }
    return true;
}

static bool choose_unit(IDEDevice *drive, IDEBus *bus, GError **errp)
{
    if (drive->unit == UINT32_MAX) {
        for (unsigned i = 0; i < IDE_UNITS; i++) {
            if (!bus->drives[i]) {
                drive->unit = i;
                return true;
            }
        }
        error_setg(errp, "Can't create IDE unit %u, bus supports only %u units", IDE_UNITS,
                   IDE_UNITS);
        return false;
    }
    if (drive->unit >= IDE_UNITS) {
        error_setg(errp, "Can't create IDE unit %u, bus supports only %u units", drive->unit,
                   IDE_UNITS);
        return false;
    }
    if (bus->drives[drive->unit]) {
        error_setg(errp, "IDE unit %u is in use", drive->unit);
        return false;
    }
    return true;
}

static bool drive_realize(Device *dev, GError **errp)
{
    IDEDevice *drive = (IDEDevice *)dev;
    IDEBus *bus = (IDEBus *)dev->bus;
    uint32_t unit = drive->unit;

    if (!check_length(drive, "serial", drive->serial, 20, errp) ||
        !check_length(drive, "ver", drive->version, 8, errp) ||
        !check_length(drive, "model", drive->model, 40, errp)) {
        return false;
    }
    if (drive->logical_block_size != ATA_SECTOR_SIZE) {
        error_setg(errp, "logical_block_size must be 512 for IDE");
        return false;
    }
    if (drive->physical_block_size < 512 || drive->physical_block_size > 2 * 1024 * 1024 ||
        (drive->physical_block_size & (drive->physical_block_size - 1))) {
        error_setg(errp, "physical_block_size must be a power of 2 between 512 and 2097152");
        return false;
    }
    if (drive->drive) {
        drive->blk = block_find(drive->drive);
        if (!drive->blk) {
            error_setg(errp, "Property '%s.drive' can't find value '%s'", dev->cls->name,
                       drive->drive);
            return false;
        }
    }
    if (!choose_unit(drive, bus, errp)) {
        drive->blk = NULL;
        drive->unit = unit;
        return false;
    }
    drive->bus = bus;
    drive->buf = g_malloc0(IDE_BUFFER_SIZE + 2);
    return true;
}

static void drive_unrealize(Device *dev)
{
    IDEDevice *drive = (IDEDevice *)dev;

    if (drive->bus->drives[drive->unit] == drive) {
        ide_cancel(drive);
        drive->bus->drives[drive->unit] = NULL;
        ide_update_irq(drive->bus);
        if (drive->blk) {
            block_detach(drive->blk);
        }
    }
    drive->blk = NULL;
    g_clear_pointer(&drive->buf, g_free);
}

static void drive_reset(Device *dev)
{
    IDEDevice *drive = (IDEDevice *)dev;

    ide_cancel(drive);
    drive->irq = false;
    memset(drive->features, 0, sizeof(drive->features));
    ide_update_irq(drive->bus);
}

char *ide_boot_path(const IDEDevice *drive)
{
    /* Channels are called "ide.0", "ide.1". */
    const char *dot = strrchr(drive->bus->bus.name, '.');

    return g_strdup_printf("drive@%s/disk@%u", dot ? dot + 1 : "0", drive->unit);
}

int32_t ide_bootindex(const IDEDevice *drive)
{
    return drive->bootindex;
}

static const Property drive_props[] = {
    PROP_STRING("drive", IDEDevice, drive, .help = "id of the drive (-drive id=, if=none)"),
    PROP_UINT32("unit", IDEDevice, unit, UINT32_MAX, .help = "0: master, 1: slave"),
    PROP_STRING("serial", IDEDevice, serial, .help = "serial number"),
    PROP_STRING("ver", IDEDevice, version, .help = "firmware revision"),
    PROP_STRING("model", IDEDevice, model, .help = "model name"),
    PROP_UINT64("wwn", IDEDevice, wwn, 0, .help = "world wide name; 0 for none"),
    PROP_INT32("bootindex", IDEDevice, bootindex, -1, .help = "place in the boot order"),
    PROP_UINT32("logical_block_size", IDEDevice, logical_block_size, 512, .help = "512"),
    PROP_UINT32("physical_block_size", IDEDevice, physical_block_size, 512,
                .help = "bytes of a sector on the medium"),
    {},
};

const DeviceClass ide_device_class = {
    .name = "ide-device",
    .parent = &device_class,
    .size = sizeof(IDEDevice),
    .abstract = true,
    .category = "Storage",
    .bus = &ide_bus_class,
    .props = drive_props,
    .realize = drive_realize,
    .unrealize = drive_unrealize,
    .reset = drive_reset,
};
