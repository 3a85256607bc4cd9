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

typedef enum BlockErrorAction {
    BLOCK_ERROR_REPORT,
    BLOCK_ERROR_IGNORE,
    BLOCK_ERROR_STOP,
    BLOCK_ERROR_ENOSPC
} BlockErrorAction;

typedef struct BlockOptions {
    const char *filename; /* NULL: an empty drive */
    bool read_only;
    bool snapshot;     /* writes go to a temporary file that is dropped at the end */
    bool format_given; /* format=raw was said: the first sector may be written */
    bool media_cdrom;  /* implies read_only */
    bool discard;      /* discard=unmap: a discard frees the file's blocks; else it does nothing */
    BlockErrorAction werror, rerror; /* ENOSPC: stop when the disk is full, else report */
} BlockOptions;

/*
 * Open an image: a regular file or a block device, whose bytes are the disk's (raw). `id` is the
 * drive's name ("ide0-hd0"), unique. Fails, naming the file, when it cannot be opened, is a
 * directory, or is locked by another user of it: a writer excludes everybody, readers go together.
 *
 * A ragged tail is padded to a whole sector: the padding reads as zeros, and a write of anything
 * else to it fails with -EIO. The file never grows.
 *
 * The format is never guessed. Without format_given, a file that begins as another format does is
 * refused, and so is (-EPERM) a write that would make it begin so, for the next program that
 * guesses would then follow what the guest wrote; block_warning() has a line about it.
 */
BlockBackend *block_open(const char *id, const BlockOptions *options, GError **errp);

/* What the user should be told of the image, or NULL. */
const char *block_warning(const BlockBackend *blk);

/* Wait for the requests in flight, flush, close. NULL is allowed. */
void block_close(BlockBackend *blk);

BlockBackend *block_find(const char *id);
const char *block_id(const BlockBackend *blk);
const char *block_filename(const BlockBackend *blk); /* "" for an empty drive */
bool block_is_inserted(const BlockBackend *blk);
bool block_is_read_only(const BlockBackend *blk);
bool block_is_cdrom(const BlockBackend *blk);

/* Whether media come and go: it is a CD drive's, or its device hears of changes. */
bool block_is_removable(const BlockBackend *blk);

uint64_t block_size(const BlockBackend *blk); /* bytes, a multiple of 512; 0 when empty */

/* Calls `fn` for every backend in the order they were opened. */
void block_foreach(void (*fn)(BlockBackend *blk, void *opaque), void *opaque);

/*
 * Exchange the medium (NULL: take it out), after what is in flight ended. On failure the old one
 * stays. The tray of a CD drive ends open without a medium, closed with one; whether the guest
 * locked it is for the caller to ask. The front end's change callback is called.
 */
bool block_change_medium(BlockBackend *blk, const char *filename, GError **errp);

/* One device per backend. `change` (may be NULL) is called after a medium came or went. */
bool block_attach(BlockBackend *blk, void (*change)(void *opaque), void *opaque, GError **errp);
void block_detach(BlockBackend *blk);
bool block_is_attached(const BlockBackend *blk);

/* The device's name in `info block` (copied). */
void block_set_attached_name(BlockBackend *blk, const char *name);

/* A CD drive's tray, as its device and block_change_medium() move it. A locked tray stays shut. */
void block_set_tray_open(BlockBackend *blk, bool open);
bool block_is_tray_open(const BlockBackend *blk);
void block_set_locked(BlockBackend *blk, bool locked);
bool block_is_locked(const BlockBackend *blk);

/* What the device does when the user asks the guest to eject; asked by block_request_eject(). */
void block_set_eject_handler(BlockBackend *blk, void (*eject)(void *opaque));
void block_request_eject(BlockBackend *blk);

BlockErrorAction block_error_action(const BlockBackend *blk, bool is_read);

/* What the monitor hears; called with the lock held. Either may be NULL. */
typedef struct BlockMonitor {
    /*
     * A request failed with the positive errno `err`. `action` is what becomes of it: REPORT (the
     * guest sees it), IGNORE, or STOP: the VM must stop, for the request waits until
     * block_resume_all().
     */
    void (*io_error)(BlockBackend *blk, bool is_read, int err, BlockErrorAction action);
    void (*tray_moved)(BlockBackend *blk, bool open);
} BlockMonitor;
void block_set_monitor(const BlockMonitor *monitor);

/* Called once per request; `ret` is 0 or a negative errno. Main loop, machine lock held. */
typedef void (*BlockCompletion)(void *opaque, int ret);

/*
 * Start a request on whole sectors. The memory behind `iov` must live until the completion. Bytes
 * past the end of the image fail with -EIO, writes to a read-only one with -EACCES, all with
 * -ENOMEDIUM when there is none. Never fails itself; never completes before returning.
 *
 * Requests may finish in any order, but a flush starts when the writes and discards that the same
 * backend was given before it have finished, and covers them.
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

/*
 * Wait for this request and run its completion before returning. False, with the request still
 * pending, when it failed and waits for block_resume_all(), or waits behind one that does.
 */
bool block_aio_wait(BlockRequest *req);

/*
 * Wait until nothing is in flight, running completions: for stop, reset and quit, never from
 * within a device. Requests that wait for block_resume_all() keep waiting. Lock held.
 */
void block_drain_all(void);

/* Try again what failed under a STOP policy: before the VM continues. Lock held. */
void block_resume_all(void);

/* At start-up only (guessing a geometry): read now. Returns 0 or a negative errno. */
int block_pread(BlockBackend *blk, uint64_t offset, void *buf, size_t len);

/* Append the text of `info block`. */
void block_print_info(GString *out);

/* Close every backend that is left: at the end of the process. */
void block_close_all(void);

#endif
