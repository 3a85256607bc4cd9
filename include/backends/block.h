/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Block backends: an image a disk or CD device works on.
 *
 * Requests run in worker threads; completions run in the main loop with the machine lock held, in
 * the order the work finished. A worker touches the file and the request's buffer, nothing else.
 */
#ifndef LIGNITE_BACKENDS_BLOCK_H
#define LIGNITE_BACKENDS_BLOCK_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#define BLOCK_SECTOR_SIZE 512

typedef struct BlockBackend BlockBackend;
typedef struct BlockRequest BlockRequest;

typedef enum BlockErrorAction { BLOCK_ERROR_REPORT, BLOCK_ERROR_IGNORE, BLOCK_ERROR_STOP,
                                BLOCK_ERROR_ENOSPC } BlockErrorAction;

typedef struct BlockOptions {
    const char *filename; /* NULL: an empty drive */
    bool read_only;
    bool snapshot;      /* writes go to a temporary file that is dropped at the end */
    bool format_given;  /* format=raw was said: the first sector may be written */
    bool media_cdrom;
    BlockErrorAction werror, rerror;
} BlockOptions;

/*
 * Open an image. `id` is the drive's name ("ide0-hd0"), unique. Fails, naming the file, when it
 * cannot be opened, is a directory, or is locked by another process for writing. A ragged tail is
 * padded with zeros to a whole sector.
 */
BlockBackend *block_open(const char *id, const BlockOptions *options, GError **errp);

/* Wait for the requests in flight, flush, close. NULL is allowed. */
void block_close(BlockBackend *blk);

BlockBackend *block_find(const char *id);
const char *block_id(const BlockBackend *blk);
const char *block_filename(const BlockBackend *blk); /* "" for an empty drive */
bool block_is_inserted(const BlockBackend *blk);
bool block_is_read_only(const BlockBackend *blk);
bool block_is_cdrom(const BlockBackend *blk);
uint64_t block_size(const BlockBackend *blk); /* bytes, a multiple of 512; 0 when empty */

/* Exchange the medium (NULL: take it out). The front end's change callback is called. */
bool block_change_medium(BlockBackend *blk, const char *filename, GError **errp);

/* One device per backend. `change` (may be NULL) is called after a medium came or went. */
bool block_attach(BlockBackend *blk, void (*change)(void *opaque), void *opaque, GError **errp);
void block_detach(BlockBackend *blk);
bool block_is_attached(const BlockBackend *blk);

/* Called once per request; `ret` is 0 or a negative errno. Main loop, machine lock held. */
typedef void (*BlockCompletion)(void *opaque, int ret);

/*
 * Start a request on whole sectors. `iov` and its memory must live until the completion. Bytes
 * past the end of the image fail with -EIO. Never fails itself; never completes before returning.
 */
BlockRequest *block_aio_readv(BlockBackend *blk, uint64_t offset, const struct iovec *iov, int niov,
                              BlockCompletion done, void *opaque);
BlockRequest *block_aio_writev(BlockBackend *blk, uint64_t offset, const struct iovec *iov,
                               int niov, BlockCompletion done, void *opaque);
BlockRequest *block_aio_flush(BlockBackend *blk, BlockCompletion done, void *opaque);
BlockRequest *block_aio_discard(BlockBackend *blk, uint64_t offset, uint64_t len,
                                BlockCompletion done, void *opaque);

/* The completion will not be called; the work may still happen. Waits until buffers are free. */
void block_aio_cancel(BlockRequest *req);

/* Wait until nothing is in flight, running completions: for stop, reset and quit. Lock held. */
void block_drain_all(void);

/* At start-up only (guessing a geometry): read now. Returns 0 or a negative errno. */
int block_pread(BlockBackend *blk, uint64_t offset, void *buf, size_t len);

/* Append the text of `info block`. */
void block_print_info(GString *out);

/* Close every backend that is left: at the end of the process. */
void block_close_all(void);

#endif
