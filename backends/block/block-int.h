/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the block backend share: the image (raw.c), the backend (block.c) and its
 * requests (request.c).
 */
#ifndef LIGNITE_BACKENDS_BLOCK_INT_H
#define LIGNITE_BACKENDS_BLOCK_INT_H

#include "backends/block.h"

/* ---------------------------------------------------------------------------------- raw.c -- */

/* An open image. Functions on it may run in several threads at once. */
typedef struct RawImage RawImage;

/* Open what `options` says under the name `filename`. Fails as block_open() does. */
RawImage *raw_open(const char *filename, const BlockOptions *options, GError **errp);
void raw_close(RawImage *img); /* NULL is allowed */

uint64_t raw_size(const RawImage *img); /* bytes, a multiple of 512 */
bool raw_is_read_only(const RawImage *img);

/*
 * Transfer whole sectors within the image, `len` bytes over `iov`, all or nothing as far as can be
 * known. Return 0 or a negative errno.
 */
int raw_read(RawImage *img, uint64_t offset, const struct iovec *iov, int niov, uint64_t len);
int raw_write(RawImage *img, uint64_t offset, const struct iovec *iov, int niov, uint64_t len);
int raw_discard(RawImage *img, uint64_t offset, uint64_t len);
int raw_flush(RawImage *img);

/* The name of the foreign image format that begins with these 512 bytes, or NULL. */
const char *raw_probe_foreign(const uint8_t *sector);

/* -------------------------------------------------------------------------------- block.c -- */

struct BlockBackend {
    char *id;
    char *filename; /* NULL: empty */
    char *warning;
    RawImage *image;      /* NULL: empty; replaced only while nothing is in flight */
    BlockOptions options; /* without the filename: for the next medium */

    /* front end */
    bool attached;
    char *attached_name;
    void (*change)(void *opaque);
    void (*eject)(void *opaque);
    void *opaque;
    bool tray_open;
    bool locked;

    GQueue requests; /* of BlockRequest, all that are not yet over; guarded by request.c's lock */
    GList link;      /* in the list of all backends */
};

extern GQueue block_backends; /* machine lock */
extern BlockMonitor block_monitor;

/* ------------------------------------------------------------------------------ request.c -- */

/* Before the first image is there: start the threads. Fails when the host gives none. */
bool block_start_workers(GError **errp);

/* Wait until nothing of `blk` (NULL: of any) is in flight, running completions. */
void block_drain(BlockBackend *blk);

/* Give what waits for block_resume_all() its error: it can't be tried again. */
void block_fail_parked(BlockBackend *blk);

/* Forget what waits for block_resume_all(): its completion is not called. */
void block_drop_parked(BlockBackend *blk);

#endif
