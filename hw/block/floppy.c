/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A floppy drive: its medium's layout, where its heads are, and the line that tells of a change.
 *
 * The layout follows from the image's size. Left out: the motor (it always runs), media that do not
 * fit the drive (any can be read), and the index hole.
 */
#include <string.h>

#include "error.h"
#include "fdc-internal.h"

enum { RATE_500K, RATE_300K, RATE_250K, RATE_1M };

/* Per type of drive the usual one first. */
static const FloppyFormat formats[] = {
    {18, 80, 2, RATE_500K, FLOPPY_144}, {20, 80, 2, RATE_500K, FLOPPY_144},
    {21, 80, 2, RATE_500K, FLOPPY_144}, {21, 82, 2, RATE_500K, FLOPPY_144},
    {21, 83, 2, RATE_500K, FLOPPY_144}, {22, 80, 2, RATE_500K, FLOPPY_144},
    {23, 80, 2, RATE_500K, FLOPPY_144}, {24, 80, 2, RATE_500K, FLOPPY_144},
    {36, 80, 2, RATE_1M, FLOPPY_288},   {39, 80, 2, RATE_1M, FLOPPY_288},
    {40, 80, 2, RATE_1M, FLOPPY_288},   {44, 80, 2, RATE_1M, FLOPPY_288},
    {48, 80, 2, RATE_1M, FLOPPY_288},   {9, 80, 2, RATE_250K, FLOPPY_144},
    {10, 80, 2, RATE_250K, FLOPPY_144}, {10, 82, 2, RATE_250K, FLOPPY_144},
    {10, 83, 2, RATE_250K, FLOPPY_144}, {13, 80, 2, RATE_250K, FLOPPY_144},
    {14, 80, 2, RATE_250K, FLOPPY_144}, {15, 80, 2, RATE_500K, FLOPPY_120},
    {18, 82, 2, RATE_500K, FLOPPY_120}, {18, 83, 2, RATE_500K, FLOPPY_120},
    {9, 40, 2, RATE_300K, FLOPPY_120},  {9, 40, 1, RATE_300K, FLOPPY_120},
    {8, 40, 2, RATE_250K, FLOPPY_120},  {8, 40, 1, RATE_250K, FLOPPY_120},
};

const char *const floppy_type_names[] = {
    [FLOPPY_144] = "144",   [FLOPPY_288] = "288",   [FLOPPY_120] = "120",
    [FLOPPY_NONE] = "none", [FLOPPY_AUTO] = "auto", NULL};

static uint64_t format_size(const FloppyFormat *format)
{
    return UINT64_C(512) * format->sectors * format->cylinders * format->heads;
}

/* The usual format of a type of drive. */
static const FloppyFormat *usual_format(FloppyType type)
{
    for (size_t i = 0; i < G_N_ELEMENTS(formats); i++) {
        if (formats[i].type == type) {
            return &formats[i];
        }
    }
    g_assert_not_reached();
}

/*
 * The format of an image: one of just its size, best one that the drive is made for. An image of no
 * usual size, such as a lone boot sector, is taken for the start of a 1.44 MB or 2.88 MB medium.
 */
static const FloppyFormat *find_format(uint64_t size, FloppyType type)
{
    const FloppyFormat *found = NULL;

    for (size_t i = 0; i < G_N_ELEMENTS(formats); i++) {
        if (format_size(&formats[i]) == size &&
            (!found || (found->type != type && formats[i].type == type))) {
            found = &formats[i];
        }
    }
    if (!found) {
        found = usual_format(FLOPPY_144);
        found = size <= format_size(found) ? found : usual_format(FLOPPY_288);
    }
    return found;
}

/* The type of a drive that the user did not choose becomes the first medium's, else the fallback.
 */
static void choose_format(Floppy *drive)
{
    const FloppyFormat *medium =
        block_is_inserted(drive->blk) ? find_format(block_size(drive->blk), drive->type) : NULL;

    if (drive->type == FLOPPY_AUTO) {
        drive->type = medium ? medium->type : drive->fdc->fallback;
    }
    drive->format = medium ? medium : usual_format(drive->type);
}

static void medium_changed(void *opaque)
{
    Floppy *drive = opaque;

    choose_format(drive);
    drive->changed = true;
    fdc_medium_went(drive->fdc, drive);
}

void floppy_seek(Floppy *drive, uint8_t cylinder)
{
    /*
     * A step with a medium in the drive takes the line back, wherever the heads bang. Without one
     * they go no way but out, as in QEMU: so going back to 0 is no step for the next medium.
     */
    const bool inserted = block_is_inserted(drive->blk);

    if (cylinder != drive->cylinder && inserted) {
        drive->changed = false;
    }
    if (inserted || cylinder == 0) {
        drive->cylinder = cylinder;
    }
}

char *floppy_boot_path(Device *floppy)
{
    const Floppy *drive = DEVICE_CAST(Floppy, &floppy_class, floppy);

    return g_strdup_printf("fdc@%04x/floppy@%u", drive->fdc->iobase, drive->unit);
}

/* ------------------------------------------------------------------------------ life cycle -- */

static bool choose_unit(Floppy *drive, const FloppyBus *bus, GError **errp)
{
    if (drive->unit == UINT32_MAX) {
        for (unsigned i = 0; i < FDC_DRIVES; i++) {
            if (!bus->drives[i]) {
                drive->unit = i;
                return true;
            }
        }
    }
    if (drive->unit >= FDC_DRIVES) {
        error_setg(errp, "Can't create floppy unit %u, bus supports only %d units",
                   MIN(drive->unit, FDC_DRIVES), FDC_DRIVES);
        return false;
    }
    if (bus->drives[drive->unit]) {
        error_setg(errp, "Floppy unit %u is in use", drive->unit);
        return false;
    }
    return true;
}

/* A name for the empty backend of a drive that was given none. */
static char *own_id(const Floppy *drive)
{
    char *id = drive->dev.id ? g_strdup(drive->dev.id) : g_strdup_printf("floppy%u", drive->unit);

    while (block_find(id)) {
        char *next = g_strconcat(id, "-drive", NULL);

        g_free(id);
        id = next;
    }
    return id;
}

static bool open_drive(Floppy *drive, GError **errp)
{
    if (drive->drive) {
        drive->blk = block_find(drive->drive);
        if (!drive->blk) {
            error_setg(errp, "Property 'floppy.drive' can't find value '%s'", drive->drive);
        }
        return drive->blk != NULL;
    }
    g_autofree char *id = own_id(drive);
    drive->blk = block_open(id, &(BlockOptions){.werror = BLOCK_ERROR_ENOSPC}, errp);
    drive->own_blk = drive->blk != NULL;
    drive->drive = drive->blk ? g_steal_pointer(&id) : NULL;
    return drive->blk != NULL;
}

static bool floppy_realize(Device *dev, GError **errp)
{
    Floppy *drive = DEVICE_CAST(Floppy, &floppy_class, dev);
    FloppyBus *bus = (FloppyBus *)dev->bus;
    const uint32_t unit = drive->unit;
    int type = drive->type;

    drive->fdc = fdc_cast(dev->bus->parent);
    if (!choose_unit(drive, bus, errp)) {
        drive->unit = unit;
        return false;
    }
    if (type == FLOPPY_AUTO) {
        type = drive->fdc->unit_type[drive->unit];
    }
    if (type == FLOPPY_NONE) {
        error_setg(errp, "Floppy unit %u has the type 'none': there is to be no drive",
                   drive->unit);
        drive->unit = unit;
        return false;
    }
    drive->type = type;
    if (!open_drive(drive, errp) || !block_attach(drive->blk, medium_changed, drive, errp)) {
        drive->unit = unit;
        return false;
    }
    block_set_attached_name(drive->blk, dev->id ? dev->id : dev->cls->name);
    choose_format(drive);
    drive->changed = true;
    bus->drives[drive->unit] = drive;
    return true;
}

static void floppy_unrealize(Device *dev)
{
    Floppy *drive = DEVICE_CAST(Floppy, &floppy_class, dev);

    fdc_medium_went(drive->fdc, drive);
    drive->fdc->floppies.drives[drive->unit] = NULL;
    block_detach(drive->blk);
    if (drive->own_blk) {
        block_close(drive->blk);
    }
}

static const Property floppy_props[] = {
    PROP_STRING("drive", Floppy, drive, .help = "id of the drive (-drive id=, if=none)"),
    PROP_UINT32("unit", Floppy, unit, UINT32_MAX, .help = "0 or 1"),
    PROP_ENUM("drive-type", Floppy, type, floppy_type_names, FLOPPY_AUTO,
              .help = "the largest medium it is made for"),
    PROP_INT32("bootindex", Floppy, bootindex, -1, .help = "place in the boot order"),
    {}};

const DeviceClass floppy_class = {
    .name = "floppy",
    .desc = "floppy drive",
    .category = "Storage",
    .parent = &device_class,
    .size = sizeof(Floppy),
    .bus = &floppy_bus_class,
    .props = floppy_props,
    .realize = floppy_realize,
    .unrealize = floppy_unrealize,
};

static void floppy_print_address(const Device *dev, GString *out)
{
    g_string_append_printf(out, "@%x", ((const Floppy *)dev)->unit);
}

const BusClass floppy_bus_class = {.name = "floppy-bus", .print_address = floppy_print_address};
