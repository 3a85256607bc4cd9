/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -drive, -hda, -cdrom, -fda, -pflash: from options to open block backends, and their places; and
 * the monitor's commands that change media.
 */
#include "drives.h"

#include <stdio.h>
#include <string.h>

#include "backends/block.h"
#include "error.h"
#include "hw/core/log.h"

/* What if= may name: where the board looks for such drives. */
typedef struct Interface {
    const char *name;
    unsigned buses, units; /* 0: the drive waits for a -device */
    BlockBackend **(*places)(Machine *machine);
    bool removable; /* it may be empty */
} Interface;

static BlockBackend **ide_places(Machine *machine)
{
    return &machine->ide[0][0];
}

static BlockBackend **floppy_places(Machine *machine)
{
    return machine->floppy;
}

static BlockBackend **pflash_places(Machine *machine)
{
    return machine->pflash;
}

static const Interface interfaces[] = {
    {"ide", MACHINE_IDE_BUSES, MACHINE_IDE_UNITS, ide_places, false},
    {"floppy", 1, MACHINE_FLOPPIES, floppy_places, true},
    {"pflash", 1, MACHINE_PFLASHES, pflash_places, false},
    {"none", 0, 0, NULL, false},
};

static const Interface *find_interface(const char *name, GError **errp)
{
    for (size_t i = 0; i < G_N_ELEMENTS(interfaces); i++) {
        if (g_str_equal(interfaces[i].name, name)) {
            return &interfaces[i];
        }
    }
    error_setg(errp, "unsupported bus type '%s': ide, floppy, pflash and none are there", name);
    return NULL;
}

/*
 * The number of the drive's place, in all buses: from index, or bus and unit, or the first that is
 * free.
 */
static bool choose_place(Machine *machine, const Interface *interface, Opts *opts, unsigned *place,
                         GError **errp)
{
    const unsigned places = interface->buses * interface->units;
    BlockBackend **taken = interface->places(machine);
    uint64_t index = UINT64_MAX, b = UINT64_MAX, u = UINT64_MAX;

    if (!opts_get_uint(opts, "index", places - 1, &index, errp) ||
        !opts_get_uint(opts, "bus", interface->buses - 1, &b, errp) ||
        !opts_get_uint(opts, "unit", interface->units - 1, &u, errp)) {
        return false;
    }
    if (index != UINT64_MAX) {
        if (b != UINT64_MAX || u != UINT64_MAX) {
            error_setg(errp, "index cannot be used with bus and unit");
            return false;
        }
    } else if (u != UINT64_MAX) {
        index = (b == UINT64_MAX ? 0 : b) * interface->units + u;
    } else {
        index = b == UINT64_MAX ? 0 : b * interface->units;
        while (index < places && taken[index]) {
            index++;
        }
        if (index == places) {
            error_setg(errp, "all places of if=%s are taken%s", interface->name,
                       interface->places == pflash_places ? "" : ": use if=none and -device");
            return false;
        }
    }
    *place = index;
    if (taken[index]) {
        error_setg(errp, "drive with bus=%u, unit=%u (index=%u) exists", *place / interface->units,
                   *place % interface->units, *place);
        return false;
    }
    return true;
}

/* The name of a drive that was given none. */
static char *default_id(const Interface *interface, unsigned place, bool cdrom)
{
    if (interface->buses > 1) {
        return g_strdup_printf("%s%u-%s%u", interface->name, place / interface->units,
                               cdrom ? "cd" : "hd", place % interface->units);
    }
    return g_strdup_printf("%s%u", interface->name, place);
}

static bool parse_error_action(Opts *opts, const char *key, BlockErrorAction fallback,
                               BlockErrorAction *action, GError **errp)
{
    static const char *const names[] = {[BLOCK_ERROR_REPORT] = "report",
                                        [BLOCK_ERROR_IGNORE] = "ignore",
                                        [BLOCK_ERROR_STOP] = "stop",
                                        [BLOCK_ERROR_ENOSPC] = "enospc"};
    const char *text = opts_get(opts, key);

    *action = fallback;
    if (!text) {
        return true;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        if (g_str_equal(text, names[i])) {
            *action = i;
            return true;
        }
    }
    error_setg(errp, "'%s' invalid %s error action", text,
               g_str_equal(key, "werror") ? "write" : "read");
    return false;
}

/* A parameter that takes one of a few words. */
typedef struct Choice {
    const char *key;
    struct {
        const char *word;
        int value; /* negative: QEMU has it, and we do not */
    } words[8];
    const char *supported; /* for the message that refuses the others */
} Choice;

static const Choice discard_choice = {
    "discard", {{"ignore", false}, {"off", false}, {"unmap", true}, {"on", true}}, NULL};

/*
 * Writes may stay in the host's cache until the guest flushes, which every mode promises or allows
 * but those that promise more. "unsafe" allows to lose flushes; we need not make use of that.
 */
static const Choice cache_choice = {"cache",
                                    {{"writeback", 0},
                                     {"unsafe", 0},
                                     {"none", -1},
                                     {"off", -1},
                                     {"directsync", -1},
                                     {"writethrough", -1}},
                                    "writeback"};

static const Choice aio_choice = {
    "aio", {{"threads", 0}, {"native", -1}, {"io_uring", -1}}, "threads"};

static bool parse_choice(Opts *opts, const Choice *choice, int *value, GError **errp)
{
    const char *text = opts_get(opts, choice->key);

    if (!text) {
        return true;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(choice->words) && choice->words[i].word; i++) {
        if (g_str_equal(text, choice->words[i].word)) {
            *value = choice->words[i].value;
            if (*value < 0) {
                error_setg(errp, "%s=%s is not supported: use %s=%s", choice->key, text,
                           choice->key, choice->supported);
            }
            return *value >= 0;
        }
    }
    error_setg(errp, "invalid %s option '%s'", choice->key, text);
    return false;
}

static bool open_drive(Machine *machine, Opts *opts, bool snapshot, GError **errp)
{
    BlockOptions block = {.snapshot = snapshot};
    const char *if_name = opts_get(opts, "if");
    const char *media = opts_get(opts, "media");
    const char *format = opts_get(opts, "format");
    const char *id = opts_get(opts, "id");
    g_autofree char *own_id = NULL;
    const Interface *interface = find_interface(if_name ? if_name : "ide", errp);
    unsigned place = 0;
    int discard = false, ignored = 0;
    BlockBackend *blk;

    if (!interface) {
        return false;
    }
    if (format && !g_str_equal(format, "raw")) {
        error_setg(errp, "'%s' invalid format: only raw images are supported", format);
        return false;
    }
    block.format_given = format != NULL;
    if (media && !g_str_equal(media, "disk") && !g_str_equal(media, "cdrom")) {
        error_setg(errp, "'%s' invalid media: disk or cdrom", media);
        return false;
    }
    block.media_cdrom = media && g_str_equal(media, "cdrom");
    block.read_only = block.media_cdrom;
    block.filename = opts_get(opts, "file");
    if (block.filename && !*block.filename) {
        block.filename = NULL;
    }
    if (!interface->places) { /* QEMU takes a number here too, that nobody reads */
        uint64_t unused;

        if (!opts_get_uint(opts, "index", UINT16_MAX, &unused, errp)) {
            return false;
        }
    }
    if (!opts_get_bool(opts, "readonly", &block.read_only, errp) ||
        !opts_get_bool(opts, "snapshot", &block.snapshot, errp) ||
        !parse_error_action(opts, "werror", BLOCK_ERROR_ENOSPC, &block.werror, errp) ||
        !parse_error_action(opts, "rerror", BLOCK_ERROR_REPORT, &block.rerror, errp) ||
        !parse_choice(opts, &discard_choice, &discard, errp) ||
        !parse_choice(opts, &cache_choice, &ignored, errp) ||
        !parse_choice(opts, &aio_choice, &ignored, errp) ||
        (interface->places && !choose_place(machine, interface, opts, &place, errp))) {
        return false;
    }
    block.discard = discard;
    if (!block.filename && !block.media_cdrom && !interface->removable) {
        error_setg(errp, "a disk needs file=FILE: only a CD or floppy drive can be empty");
        return false;
    }
    if (!opts_check_unknown(opts, errp)) {
        return false;
    }
    if (!id) {
        while (!interface->places && (own_id = default_id(interface, place, false)) &&
               block_find(own_id)) {
            g_free(own_id);
            place++;
        }
        if (!own_id) {
            own_id = default_id(interface, place, block.media_cdrom);
        }
        id = own_id;
    }
    if (block_find(id)) {
        error_setg(errp, "Device with id '%s' already exists", id);
        return false;
    }
    blk = block_open(id, &block, errp);
    if (!blk) {
        return false;
    }
    if (block_warning(blk)) {
        log_warning("%s", block_warning(blk));
    }
    if (interface->places) {
        interface->places(machine)[place] = blk;
    }
    return true;
}

bool drives_open(const Options *options, Machine *machine, GError **errp)
{
    for (unsigned i = 0; i < options->drives->len; i++) {
        DriveOption *drive = options->drives->pdata[i];

        if (!open_drive(machine, drive->opts, options->snapshot, errp)) {
            g_prefix_error(errp, "%s: ", drive->option);
            return false;
        }
    }
    if (!options->no_cd && !machine->ide[1][0]) {
        BlockOptions empty = {.media_cdrom = true, .read_only = true};

        machine->ide[1][0] = block_open("ide1-cd0", &empty, errp);
        if (!machine->ide[1][0]) {
            return false;
        }
    }
    if (!options->no_floppy && !machine->floppy[0]) {
        machine->floppy[0] = block_open("floppy0", &(BlockOptions){}, errp);
        if (!machine->floppy[0]) {
            return false;
        }
    }
    return true;
}

/* ---------------------------------------------------------------------------------- media -- */

/* The drive, if its medium may be taken out now. */
static BlockBackend *find_open_drive(const char *id, bool force, GError **errp)
{
    BlockBackend *blk = block_find(id);

    if (!blk) {
        error_setg(errp, "Device '%s' not found", id);
        return NULL;
    }
    if (!block_is_removable(blk)) {
        error_setg(errp, "Device '%s' is not removable", id);
        return NULL;
    }
    if (block_is_locked(blk) && !block_is_tray_open(blk) && !force) {
        block_request_eject(blk);
        error_setg(errp,
                   "Device '%s' is locked and force was not specified, wait for tray to open and"
                   " try again",
                   id);
        return NULL;
    }
    return blk;
}

bool drive_eject(const char *id, bool force, GError **errp)
{
    BlockBackend *blk = find_open_drive(id, force, errp);

    return blk && block_change_medium(blk, NULL, errp);
}

bool drive_change(const char *id, const char *filename, bool force, GError **errp)
{
    BlockBackend *blk = find_open_drive(id, force, errp);

    return blk && block_change_medium(blk, filename, errp);
}
