/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Block backends: their names, their media, the device in front of them, `info block`.
 */
#include "block-int.h"

#include <errno.h>
#include <string.h>

#include "error.h"

GQueue block_backends = G_QUEUE_INIT;
BlockMonitor block_monitor;

static BlockBackend *backend_new(const char *id, const BlockOptions *options)
{
    BlockBackend *blk = g_new0(BlockBackend, 1);

    blk->id = g_strdup(id);
    blk->options = *options;
    blk->options.filename = NULL;
    g_queue_init(&blk->requests);
    blk->link.data = blk;
    return blk;
}

/* Put an open image (or nothing) in. */
static void set_image(BlockBackend *blk, RawImage *image, const char *filename)
{
    raw_close(blk->image);
    blk->image = image;
    g_free(blk->filename);
    blk->filename = g_strdup(filename);
    g_clear_pointer(&blk->warning, g_free);
    if (image && !blk->options.format_given && !raw_is_read_only(image) && !blk->options.snapshot) {
        blk->warning = g_strdup_printf(
            "Image format was not specified for '%s': raw is assumed, and sector 0 can't be given "
            "the header of another format. Say format=raw to remove this restriction.",
            filename);
    }
}

BlockBackend *block_open(const char *id, const BlockOptions *options, GError **errp)
{
    g_autofree char *name = g_strdup(options->filename);
    RawImage *image = NULL;

    if (block_find(id)) {
        error_setg(errp, "Duplicate ID '%s' for drive", id);
        return NULL;
    }
    if (name) {
        image = block_start_workers(errp) ? raw_open(name, options, errp) : NULL;
        if (!image) {
            return NULL;
        }
    }
    BlockBackend *blk = backend_new(id, options);
    set_image(blk, image, name);
    g_queue_push_tail_link(&block_backends, &blk->link);
    return blk;
}

void block_close(BlockBackend *blk)
{
    if (!blk) {
        return;
    }
    block_drain(blk);
    block_drop_parked(blk);
    block_drain(blk); /* flushes that waited behind what was dropped */
    if (blk->image) {
        raw_flush(blk->image); /* nobody is left to hear of an error */
    }
    set_image(blk, NULL, NULL);
    g_queue_unlink(&block_backends, &blk->link);
    g_free(blk->attached_name);
    g_free(blk->id);
    g_free(blk);
}

void block_close_all(void)
{
    while (block_backends.head) {
        block_close(block_backends.head->data);
    }
}

BlockBackend *block_find(const char *id)
{
    for (GList *l = block_backends.head; l; l = l->next) {
        BlockBackend *blk = l->data;
        if (strcmp(blk->id, id) == 0) {
            return blk;
        }
    }
    return NULL;
}

void block_foreach(void (*fn)(BlockBackend *blk, void *opaque), void *opaque)
{
    for (GList *l = block_backends.head, *next; l; l = next) {
        next = l->next;
        fn(l->data, opaque);
    }
}

const char *block_id(const BlockBackend *blk)
{
    return blk->id;
}

const char *block_filename(const BlockBackend *blk)
{
    return blk->filename ? blk->filename : "";
}

const char *block_warning(const BlockBackend *blk)
{
    return blk->warning;
}

bool block_is_inserted(const BlockBackend *blk)
{
    return blk->image != NULL;
}

bool block_is_read_only(const BlockBackend *blk)
{
    if (blk->image) {
        return raw_is_read_only(blk->image);
    }
    return blk->options.read_only || blk->options.media_cdrom;
}

bool block_is_cdrom(const BlockBackend *blk)
{
    return blk->options.media_cdrom;
}

bool block_is_removable(const BlockBackend *blk)
{
    return blk->options.media_cdrom || (blk->attached && blk->change);
}

uint64_t block_size(const BlockBackend *blk)
{
    return blk->image ? raw_size(blk->image) : 0;
}

BlockErrorAction block_error_action(const BlockBackend *blk, bool is_read)
{
    return is_read ? blk->options.rerror : blk->options.werror;
}

void block_set_monitor(const BlockMonitor *monitor)
{
    block_monitor = monitor ? *monitor : (BlockMonitor){};
}

/* ---------------------------------------------------------------------- medium and device -- */

bool block_change_medium(BlockBackend *blk, const char *filename, GError **errp)
{
    g_autofree char *name = g_strdup(filename);
    RawImage *image = NULL;

    block_drain(blk);
    if (name && blk->filename && strcmp(name, blk->filename) == 0 &&
        !raw_is_read_only(blk->image)) {
        /* Our own lock would keep us out. It is the same medium, taken out and put in again. */
        image = g_steal_pointer(&blk->image);
    } else if (name) {
        image = block_start_workers(errp) ? raw_open(name, &blk->options, errp) : NULL;
        if (!image) {
            return false;
        }
    }
    block_fail_parked(blk);
    block_drain(blk);
    if (blk->image) {
        raw_flush(blk->image);
    }
    set_image(blk, image, name);
    block_set_tray_open(blk, blk->options.media_cdrom && !image);
    if (blk->change) {
        blk->change(blk->opaque);
    }
    return true;
}

bool block_attach(BlockBackend *blk, void (*change)(void *opaque), void *opaque, GError **errp)
{
    if (blk->attached) {
        error_setg(errp,
                   "Drive '%s' is already in use by another device (did you need 'if=none' with "
                   "that drive?)",
                   blk->id);
        return false;
    }
    blk->attached = true;
    blk->change = change;
    blk->opaque = opaque;
    return true;
}

void block_detach(BlockBackend *blk)
{
    blk->attached = false;
    blk->change = NULL;
    blk->eject = NULL;
    blk->opaque = NULL;
    blk->locked = false;
    g_clear_pointer(&blk->attached_name, g_free);
}

bool block_is_attached(const BlockBackend *blk)
{
    return blk->attached;
}

void block_set_attached_name(BlockBackend *blk, const char *name)
{
    g_free(blk->attached_name);
    blk->attached_name = g_strdup(name);
}

void block_set_tray_open(BlockBackend *blk, bool open)
{
    if (open == blk->tray_open) {
        return;
    }
    blk->tray_open = open;
    if (block_monitor.tray_moved) {
        block_monitor.tray_moved(blk, open);
    }
}

bool block_is_tray_open(const BlockBackend *blk)
{
    return blk->tray_open;
}

void block_set_locked(BlockBackend *blk, bool locked)
{
    blk->locked = locked;
}

bool block_is_locked(const BlockBackend *blk)
{
    return blk->locked;
}

void block_set_eject_handler(BlockBackend *blk, void (*eject)(void *opaque))
{
    blk->eject = eject;
}

void block_request_eject(BlockBackend *blk)
{
    if (blk->eject) {
        blk->eject(blk->opaque);
    }
}

int block_pread(BlockBackend *blk, uint64_t offset, void *buf, size_t len)
{
    struct iovec iov = {buf, len};

    if (!blk->image) {
        return -ENOMEDIUM;
    }
    if (offset > block_size(blk) || len > block_size(blk) - offset) {
        return -EIO;
    }
    g_assert(offset % BLOCK_SECTOR_SIZE == 0 && len % BLOCK_SECTOR_SIZE == 0);
    return raw_read(blk->image, offset, &iov, 1, len);
}

/* ----------------------------------------------------------------------------- info block -- */

static void print_backend(BlockBackend *blk, GString *out)
{
    static const char *const actions[] = {"report", "ignore", "stop", "enospc"};

    if (out->len) {
        g_string_append_c(out, '\n');
    }
    if (blk->image) {
        g_string_append_printf(out, "%s: %s (raw%s)\n", blk->id, blk->filename,
                               block_is_read_only(blk) ? ", read-only" : "");
    } else {
        g_string_append_printf(out, "%s: [not inserted]\n", blk->id);
    }
    if (blk->attached_name) {
        g_string_append_printf(out, "    Attached to:      %s\n", blk->attached_name);
    }
    if (block_is_removable(blk)) {
        g_string_append_printf(out, "    Removable device: %slocked, tray %s\n",
                               blk->locked ? "" : "not ", blk->tray_open ? "open" : "closed");
    }
    if (blk->image) {
        g_string_append(out, "    Cache mode:       writeback\n");
        if (blk->options.snapshot) {
            g_string_append(out, "    Snapshot:         writes go to a temporary file\n");
        }
    }
    if (blk->options.werror != BLOCK_ERROR_ENOSPC || blk->options.rerror != BLOCK_ERROR_REPORT) {
        g_string_append_printf(out, "    On error:         werror=%s, rerror=%s\n",
                               actions[blk->options.werror], actions[blk->options.rerror]);
    }
}

void block_print_info(GString *out)
{
    for (GList *l = block_backends.head; l; l = l->next) {
        print_backend(l->data, out);
    }
}
