/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests of block backends: workers do the work, the main loop delivers what came of it.
 *
 *     submit -> WAITING (a flush behind earlier writes) -> QUEUED -> RUNNING -> DONE -> completion
 *                                                             ^                  |
 *                                                             +---- PARKED <-----+ (policy: stop)
 *
 * The policy for errors lives here and not in the devices: a request that fails under `stop` waits
 * in PARKED, unseen by the guest, until the VM continues and it is tried again.
 */
#include "block-int.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>

#include "effect.h"
#include "error.h"

#define WORKERS 4

typedef enum RequestKind {
    REQUEST_READ,
    REQUEST_WRITE,
    REQUEST_DISCARD,
    REQUEST_FLUSH,
} RequestKind;

typedef enum RequestState {
    REQUEST_WAITING,
    REQUEST_QUEUED,
    REQUEST_RUNNING,
    REQUEST_DONE,
    REQUEST_PARKED,
    REQUEST_CANCELLED, /* in the pool's queue still; belongs to the worker that will find it */
} RequestState;

struct BlockRequest {
    BlockBackend *blk;
    RawImage *image;
    RequestKind kind;
    uint64_t offset, len;
    struct iovec *iov;
    int niov;
    BlockCompletion done;
    void *opaque;

    RequestState state;
    int ret;
    bool refused;       /* failed before any work: no policy applies */
    bool finished;      /* flushes wait for it no more */
    unsigned waits_for; /* of a flush: earlier requests that have not finished */
    GList link;         /* in blk->requests, in the order they came */
    GList done_link;    /* in done_queue */
};

/*
 * Guards every request's state, and the queues. Workers take it, and whoever holds the machine lock
 * may; nothing is taken under it.
 */
static GMutex lock;
static GCond changed; /* a request became DONE */
static GQueue done_queue = G_QUEUE_INIT;
static GThreadPool *pool;
static GSource *wakeup;

static bool orders_flushes(const BlockRequest *req)
{
    return req->kind == REQUEST_WRITE || req->kind == REQUEST_DISCARD;
}

static void request_free(BlockRequest *req)
{
    g_free(req->iov);
    g_free(req);
}

static void enqueue(BlockRequest *req)
{
    req->state = REQUEST_QUEUED;
    g_thread_pool_push(pool, req, NULL);
}

/* A write is over, one way or the other: let the flushes behind it go. Lock held. */
static void finish(BlockRequest *req)
{
    if (!orders_flushes(req) || req->finished) {
        return;
    }
    req->finished = true;
    for (GList *l = req->link.next; l; l = l->next) {
        BlockRequest *flush = l->data;
        if (flush->state == REQUEST_WAITING && --flush->waits_for == 0) {
            enqueue(flush);
        }
    }
}

/* The request is done: tell the main loop, and whoever waits. Lock held. */
static void post(BlockRequest *req, int ret)
{
    req->ret = ret;
    req->state = REQUEST_DONE;
    if (ret == 0) {
        finish(req);
    }
    g_queue_push_tail_link(&done_queue, &req->done_link);
    g_cond_broadcast(&changed);
    g_source_set_ready_time(wakeup, 0);
}

static int perform(BlockRequest *req)
{
    switch (req->kind) {
    case REQUEST_READ:
        return raw_read(req->image, req->offset, req->iov, req->niov, req->len);
    case REQUEST_WRITE:
        return raw_write(req->image, req->offset, req->iov, req->niov, req->len);
    case REQUEST_DISCARD:
        return raw_discard(req->image, req->offset, req->len);
    case REQUEST_FLUSH:
        return raw_flush(req->image);
    }
    g_assert_not_reached();
}

static void worker(void *data, void *user_data)
{
    BlockRequest *req = data;
    sigset_t set;

    /* A file size limit is an error like a full disk, and must not be a signal that kills. */
    sigemptyset(&set);
    sigaddset(&set, SIGXFSZ);
    pthread_sigmask(SIG_BLOCK, &set, NULL);

    g_mutex_lock(&lock);
    if (req->state == REQUEST_CANCELLED) {
        g_mutex_unlock(&lock);
        request_free(req);
        return;
    }
    req->state = REQUEST_RUNNING;
    g_mutex_unlock(&lock);

    int ret = perform(req);

    g_mutex_lock(&lock);
    post(req, ret);
    g_mutex_unlock(&lock);
}

/* Take the request off all lists. Lock held. */
static void forget(BlockRequest *req)
{
    if (req->state == REQUEST_DONE) {
        g_queue_unlink(&done_queue, &req->done_link);
    }
    finish(req);
    g_queue_unlink(&req->blk->requests, &req->link);
}

static BlockErrorAction decide(const BlockRequest *req)
{
    BlockErrorAction action = block_error_action(req->blk, req->kind == REQUEST_READ);

    if (action == BLOCK_ERROR_ENOSPC) {
        return req->ret == -ENOSPC ? BLOCK_ERROR_STOP : BLOCK_ERROR_REPORT;
    }
    return action;
}

/*
 * Deliver a request that is DONE; the lock is held, and given up meanwhile. Returns false when it
 * was parked instead.
 */
static bool deliver(BlockRequest *req)
{
    int ret = req->ret;
    bool failed = ret < 0 && !req->refused;
    BlockErrorAction action = failed ? decide(req) : BLOCK_ERROR_REPORT;
    BlockBackend *blk = req->blk;
    bool is_read = req->kind == REQUEST_READ;
    bool park = failed && action == BLOCK_ERROR_STOP;

    if (park) {
        g_queue_unlink(&done_queue, &req->done_link);
        req->state = REQUEST_PARKED;
    } else {
        forget(req);
    }
    g_mutex_unlock(&lock);
    if (failed && block_monitor.io_error) {
        block_monitor.io_error(blk, is_read, -ret, action);
    }
    if (!park) {
        req->done(req->opaque, failed && action == BLOCK_ERROR_IGNORE ? 0 : ret);
        request_free(req);
    }
    g_mutex_lock(&lock);
    return !park;
}

/* As many as are there now: a completion that starts a request must not keep the loop here. */
static gboolean dispatch(GSource *source, GSourceFunc callback, gpointer user_data)
{
    g_mutex_lock(&lock);
    g_source_set_ready_time(source, -1);
    for (unsigned n = done_queue.length; n > 0 && done_queue.head; n--) {
        deliver(done_queue.head->data);
    }
    if (done_queue.head) {
        g_source_set_ready_time(source, 0);
    }
    g_mutex_unlock(&lock);
    return G_SOURCE_CONTINUE;
}

static void start_deliveries(void)
{
    static GSourceFuncs funcs = {.dispatch = dispatch};

    if (!wakeup) {
        wakeup = g_source_new(&funcs, sizeof(GSource));
        g_source_set_name(wakeup, "block completions");
        g_source_set_ready_time(wakeup, -1);
        g_source_attach(wakeup, NULL);
    }
}

bool block_start_workers(GError **errp)
{
    g_autoptr(GError) error = NULL;

    if (pool) {
        return true;
    }
    /* Exclusive: the threads exist from now on, so that no request can find none later. */
    pool = g_thread_pool_new(worker, NULL, WORKERS, TRUE, &error);
    if (error && g_thread_pool_get_num_threads(pool) == 0) {
        error_setg(errp, "Could not start threads for block devices: %s", error->message);
        g_thread_pool_free(g_steal_pointer(&pool), TRUE, FALSE);
        return false;
    }
    return true;
}

static BlockRequest *submit(BlockBackend *blk, RequestKind kind, uint64_t offset, uint64_t len,
                            const struct iovec *iov, int niov, BlockCompletion done, void *opaque)
{
    BlockRequest *req = g_new0(BlockRequest, 1);
    uint64_t size = block_size(blk);
    int refuse = 0;

    effect_note(effect_hook_backends, EFFECT_BLOCK);

    *req = (BlockRequest){.blk = blk,
                          .image = blk->image,
                          .kind = kind,
                          .offset = offset,
                          .len = len,
                          .niov = niov,
                          .done = done,
                          .opaque = opaque};
    req->link.data = req->done_link.data = req;
    if (niov > 0) {
        req->iov = g_memdup2(iov, niov * sizeof(*iov));
    }
    g_assert(offset % BLOCK_SECTOR_SIZE == 0 && len % BLOCK_SECTOR_SIZE == 0);

    if (!blk->image) {
        refuse = -ENOMEDIUM;
    } else if (offset > size || len > size - offset) {
        refuse = -EIO;
    } else if (orders_flushes(req) && raw_is_read_only(blk->image)) {
        refuse = -EACCES;
    }

    start_deliveries();
    g_mutex_lock(&lock);
    if (kind == REQUEST_FLUSH && !refuse) {
        for (GList *l = blk->requests.head; l; l = l->next) {
            const BlockRequest *earlier = l->data;
            req->waits_for += orders_flushes(earlier) && !earlier->finished;
        }
    }
    g_queue_push_tail_link(&blk->requests, &req->link);
    if (refuse) {
        req->refused = req->finished = true;
        post(req, refuse);
    } else if (req->waits_for == 0) {
        enqueue(req);
    }
    g_mutex_unlock(&lock);
    return req;
}

static uint64_t iov_length(const struct iovec *iov, int niov)
{
    uint64_t len = 0;

    for (int i = 0; i < niov; i++) {
        len += iov[i].iov_len;
    }
    return len;
}

BlockRequest *block_aio_readv(BlockBackend *blk, uint64_t offset, const struct iovec *iov, int niov,
                              BlockCompletion done, void *opaque)
{
    return submit(blk, REQUEST_READ, offset, iov_length(iov, niov), iov, niov, done, opaque);
}

BlockRequest *block_aio_writev(BlockBackend *blk, uint64_t offset, const struct iovec *iov,
                               int niov, BlockCompletion done, void *opaque)
{
    return submit(blk, REQUEST_WRITE, offset, iov_length(iov, niov), iov, niov, done, opaque);
}

BlockRequest *block_aio_flush(BlockBackend *blk, BlockCompletion done, void *opaque)
{
    return submit(blk, REQUEST_FLUSH, 0, 0, NULL, 0, done, opaque);
}

BlockRequest *block_aio_discard(BlockBackend *blk, uint64_t offset, uint64_t len,
                                BlockCompletion done, void *opaque)
{
    return submit(blk, REQUEST_DISCARD, offset, len, NULL, 0, done, opaque);
}

void block_aio_cancel(BlockRequest *req)
{
    bool ours = true;

    g_mutex_lock(&lock);
    while (req->state == REQUEST_RUNNING) {
        g_cond_wait(&changed, &lock);
    }
    forget(req);
    if (req->state == REQUEST_QUEUED) {
        req->state = REQUEST_CANCELLED;
        ours = false;
    }
    g_mutex_unlock(&lock);
    if (ours) {
        request_free(req);
    }
}

bool block_aio_wait(BlockRequest *req)
{
    bool delivered = false;

    g_mutex_lock(&lock);
    while (req->state == REQUEST_QUEUED || req->state == REQUEST_RUNNING) {
        g_cond_wait(&changed, &lock);
    }
    if (req->state == REQUEST_DONE) {
        delivered = deliver(req);
    }
    g_mutex_unlock(&lock);
    return delivered;
}

/* The first request of `blk` in a state that ends without help, one that is DONE before others. */
static BlockRequest *find_active(BlockBackend *blk)
{
    BlockRequest *active = NULL;

    for (GList *l = blk->requests.head; l; l = l->next) {
        BlockRequest *req = l->data;
        if (req->state == REQUEST_DONE) {
            return req;
        }
        if (req->state == REQUEST_QUEUED || req->state == REQUEST_RUNNING) {
            active = req;
        }
    }
    return active;
}

void block_drain(BlockBackend *blk)
{
    g_mutex_lock(&lock);
    for (;;) {
        BlockRequest *req = blk ? find_active(blk) : NULL;
        for (GList *l = blk ? NULL : block_backends.head; l && !req; l = l->next) {
            req = find_active(l->data);
        }
        if (!req) {
            break;
        }
        if (req->state == REQUEST_DONE) {
            deliver(req);
        } else {
            g_cond_wait(&changed, &lock);
        }
    }
    g_mutex_unlock(&lock);
}

void block_drain_all(void)
{
    block_drain(NULL);
}

static BlockRequest *find_parked(BlockBackend *blk)
{
    for (GList *l = blk->requests.head; l; l = l->next) {
        BlockRequest *req = l->data;
        if (req->state == REQUEST_PARKED) {
            return req;
        }
    }
    return NULL;
}

void block_resume_all(void)
{
    g_mutex_lock(&lock);
    for (GList *b = block_backends.head; b; b = b->next) {
        BlockRequest *req;
        while ((req = find_parked(b->data))) {
            enqueue(req);
        }
    }
    g_mutex_unlock(&lock);
}

/* The parked requests of `blk` are over: report them to their device, or not. */
static void end_parked(BlockBackend *blk, bool report)
{
    BlockRequest *req;

    g_mutex_lock(&lock);
    while ((req = find_parked(blk))) {
        forget(req);
        g_mutex_unlock(&lock);
        if (report) {
            req->done(req->opaque, req->ret);
        }
        request_free(req);
        g_mutex_lock(&lock);
    }
    g_mutex_unlock(&lock);
}

void block_fail_parked(BlockBackend *blk)
{
    end_parked(blk, true);
}

void block_drop_parked(BlockBackend *blk)
{
    end_parked(blk, false);
}
