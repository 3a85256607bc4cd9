/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Block backends on real files, with a host whose faults we choose: this program has its own
 * preadv, pwritev and fdatasync, through which the library's calls go.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backends/block.h"

/* ------------------------------------------------------------------------------ the host -- */

/* Faults for the next calls; several threads read them. */
static gint fail_write, fail_read, fail_sync; /* errno that every call gives; 0: none */
static gint interrupt, shorten;               /* how many calls yet */
static gint hold;                             /* workers wait here while it is 1 */
static gint syncs;

static bool take(gint *counter)
{
    return g_atomic_int_get(counter) > 0 && g_atomic_int_add(counter, -1) > 0;
}

static ssize_t vector(long nr, int fd, const struct iovec *iov, int n, off_t off, int fault)
{
    struct iovec first = iov[0];

    while (g_atomic_int_get(&hold)) {
        g_usleep(1000);
    }
    if (fault) {
        errno = fault;
        return -1;
    }
    if (take(&interrupt)) {
        errno = EINTR;
        return -1;
    }
    if (take(&shorten) && first.iov_len > 7) {
        first.iov_len = 7;
        iov = &first;
        n = 1;
    }
    return syscall(nr, fd, iov, n, off, 0);
}

ssize_t preadv(int fd, const struct iovec *iov, int n, off_t off)
{
    return vector(SYS_preadv, fd, iov, n, off, g_atomic_int_get(&fail_read));
}

ssize_t pwritev(int fd, const struct iovec *iov, int n, off_t off)
{
    return vector(SYS_pwritev, fd, iov, n, off, g_atomic_int_get(&fail_write));
}

int fdatasync(int fd)
{
    g_atomic_int_inc(&syncs);
    if (g_atomic_int_get(&fail_sync)) {
        errno = g_atomic_int_get(&fail_sync);
        return -1;
    }
    return syscall(SYS_fdatasync, fd);
}

/* -------------------------------------------------------------------------------- fixture -- */

static char *dir;

static char *image_new(const char *name, size_t len, int fill)
{
    char *path = g_build_filename(dir, name, NULL);
    g_autofree char *data = g_malloc(len + 1);

    memset(data, fill, len);
    g_assert_true(g_file_set_contents(path, data, len, NULL));
    return path;
}

static BlockBackend *open_with(const char *path, BlockOptions options)
{
    g_autoptr(GError) error = NULL;

    options.filename = path;
    BlockBackend *blk = block_open("d0", &options, &error);
    g_assert_no_error(error);
    g_assert_nonnull(blk);
    return blk;
}

#define open_raw(path, ...) open_with(path, (BlockOptions){.format_given = true, ##__VA_ARGS__})

static void assert_open_fails(const char *path, BlockOptions options, const char *part)
{
    g_autoptr(GError) error = NULL;

    options.filename = path;
    g_assert_null(block_open("bad", &options, &error));
    g_assert_nonnull(error);
    g_assert_nonnull(strstr(error->message, part));
    g_assert_null(strchr(error->message, '\n'));
    g_assert_null(block_find("bad"));
}

typedef struct Result {
    int calls;
    int ret;
    int order;
} Result;

static int order;

static void note(void *opaque, int ret)
{
    Result *res = opaque;

    res->calls++;
    res->ret = ret;
    res->order = ++order;
}

static int finish(Result *res)
{
    while (!res->calls) {
        g_main_context_iteration(NULL, TRUE);
    }
    g_assert_cmpint(res->calls, ==, 1);
    return res->ret;
}

static int do_read(BlockBackend *blk, uint64_t off, void *buf, size_t len)
{
    Result res = {0};
    struct iovec iov = {buf, len};

    block_aio_readv(blk, off, &iov, 1, note, &res);
    g_assert_cmpint(res.calls, ==, 0);
    return finish(&res);
}

static int do_write(BlockBackend *blk, uint64_t off, const void *buf, size_t len)
{
    Result res = {0};
    struct iovec iov = {(void *)buf, len};

    block_aio_writev(blk, off, &iov, 1, note, &res);
    g_assert_cmpint(res.calls, ==, 0);
    return finish(&res);
}

static int do_flush(BlockBackend *blk)
{
    Result res = {0};

    block_aio_flush(blk, note, &res);
    return finish(&res);
}

static void assert_fill(const uint8_t *buf, size_t len, int fill)
{
    for (size_t i = 0; i < len; i++) {
        g_assert_cmphex(buf[i], ==, fill);
    }
}

static off_t file_size(const char *path)
{
    struct stat st;

    g_assert_cmpint(stat(path, &st), ==, 0);
    return st.st_size;
}

/* ---------------------------------------------------------------------------------- cases -- */

static void test_read_write(void)
{
    g_autofree char *path = image_new("rw", 8192, 0x11);
    BlockBackend *blk = open_raw(path);
    uint8_t a[1536], b[1536], c[700], d[324];

    g_assert_cmpuint(block_size(blk), ==, 8192);
    g_assert_cmpstr(block_filename(blk), ==, path);
    g_assert_true(block_find("d0") == blk);
    g_assert_false(block_is_read_only(blk));
    g_assert_null(block_warning(blk));
    memset(a, 0x5a, sizeof(a));
    g_assert_cmpint(do_write(blk, 512, a, sizeof(a)), ==, 0);
    g_assert_cmpint(do_read(blk, 512, b, sizeof(b)), ==, 0);
    g_assert_cmpmem(a, sizeof(a), b, sizeof(b));

    /* Vectors whose pieces are no sectors. */
    Result res = {0};
    struct iovec iov[2] = {{c, 700}, {d, 324}};
    block_aio_readv(blk, 0, iov, 2, note, &res);
    g_assert_cmpint(finish(&res), ==, 0);
    assert_fill(c, 512, 0x11);
    assert_fill(c + 512, 188, 0x5a);
    assert_fill(d, 324, 0x5a);

    g_assert_cmpint(block_pread(blk, 0, b, 512), ==, 0);
    assert_fill(b, 512, 0x11);
    g_assert_cmpint(do_flush(blk), ==, 0);
    block_close(blk);
    g_assert_null(block_find("d0"));
    g_assert_cmpint(file_size(path), ==, 8192);
}

static void test_out_of_range(void)
{
    g_autofree char *path = image_new("range", 2048, 0);
    BlockBackend *blk = open_raw(path);
    uint8_t buf[1024];

    g_assert_cmpint(do_read(blk, 1536, buf, 1024), ==, -EIO);
    g_assert_cmpint(do_read(blk, UINT64_MAX - 511, buf, 1024), ==, -EIO);
    g_assert_cmpint(do_write(blk, 2048, buf, 512), ==, -EIO);
    g_assert_cmpint(block_pread(blk, 2048, buf, 512), ==, -EIO);
    Result res = {0};
    block_aio_discard(blk, 1024, UINT64_MAX - 511, note, &res);
    g_assert_cmpint(finish(&res), ==, -EIO);
    block_close(blk);
    g_assert_cmpint(file_size(path), ==, 2048);
}

static void test_ragged(void)
{
    g_autofree char *path = image_new("ragged", 1000, 0x22);
    BlockBackend *blk = open_raw(path);
    uint8_t buf[1024];

    g_assert_cmpuint(block_size(blk), ==, 1024);
    g_assert_cmpint(do_read(blk, 0, buf, 1024), ==, 0);
    assert_fill(buf, 1000, 0x22);
    assert_fill(buf + 1000, 24, 0);
    memset(buf, 0x33, 1000);
    g_assert_cmpint(do_write(blk, 0, buf, 1024), ==, 0);
    memset(buf, 0x44, 512);
    g_assert_cmpint(do_write(blk, 512, buf, 512), ==, -EIO); /* 24 bytes have no place */
    g_assert_cmpint(do_read(blk, 512, buf, 512), ==, 0);
    assert_fill(buf, 488, 0x44);
    assert_fill(buf + 488, 24, 0);
    block_close(blk);
    g_assert_cmpint(file_size(path), ==, 1000);

    /* A snapshot has room for all of it. */
    blk = open_raw(path, .snapshot = true);
    memset(buf, 0x55, 512);
    g_assert_cmpint(do_write(blk, 512, buf, 512), ==, 0);
    g_assert_cmpint(do_read(blk, 512, buf, 512), ==, 0);
    assert_fill(buf, 512, 0x55);
    block_close(blk);
    g_assert_cmpint(file_size(path), ==, 1000);
}

static void test_snapshot(void)
{
    const size_t len = 40 << 20; /* several pages of the bitmap */
    g_autofree char *path = image_new("snap", 0, 0);
    g_autofree uint8_t *shadow = g_malloc0(len);
    g_autofree uint8_t *buf = g_malloc(64 * 512);
    g_autoptr(GRand) rand = g_rand_new_with_seed(7);

    g_assert_cmpint(truncate(path, len), ==, 0);
    g_assert_cmpint(chmod(path, 0444), ==, 0);
    BlockBackend *blk = open_raw(path, .snapshot = true);
    g_assert_false(block_is_read_only(blk));
    for (int i = 0; i < 400; i++) {
        size_t n = g_rand_int_range(rand, 1, 64);
        size_t at = g_rand_int_range(rand, 0, 3) * (16 << 20) / 512;
        at = MIN(at + g_rand_int_range(rand, 0, 300), len / 512 - n);
        if (g_rand_boolean(rand)) {
            memset(buf, i, n * 512);
            memcpy(shadow + at * 512, buf, n * 512);
            g_assert_cmpint(do_write(blk, at * 512, buf, n * 512), ==, 0);
        } else {
            g_assert_cmpint(do_read(blk, at * 512, buf, n * 512), ==, 0);
            g_assert_cmpmem(buf, n * 512, shadow + at * 512, n * 512);
        }
    }
    g_assert_cmpint(do_flush(blk), ==, 0);
    block_close(blk);
    g_autofree char *data = NULL;
    gsize n;
    g_assert_true(g_file_get_contents(path, &data, &n, NULL));
    g_assert_cmpuint(n, ==, len);
    assert_fill((uint8_t *)data, len, 0);
    g_unlink(path);
}

static void test_read_only(void)
{
    g_autofree char *path = image_new("ro", 1024, 1);
    uint8_t buf[512] = {0};

    BlockBackend *blk = open_raw(path, .read_only = true);
    g_assert_true(block_is_read_only(blk));
    g_assert_cmpint(do_write(blk, 0, buf, 512), ==, -EACCES);
    g_assert_cmpint(do_flush(blk), ==, 0);
    block_close(blk);
    blk = open_raw(path, .media_cdrom = true);
    g_assert_true(block_is_read_only(blk));
    g_assert_true(block_is_cdrom(blk));
    block_close(blk);
}

static void test_format_not_given(void)
{
    g_autofree char *path = image_new("guess", 2048, 0);
    uint8_t buf[1024] = "QFI\xfb";

    BlockBackend *blk = open_with(path, (BlockOptions){});
    g_assert_nonnull(strstr(block_warning(blk), path));
    g_assert_cmpint(do_write(blk, 0, buf, 1024), ==, -EPERM);
    g_assert_cmpint(do_write(blk, 512, buf, 512), ==, 0);
    buf[0] = 0xeb; /* a boot sector may be written, also in small pieces */
    Result res = {0};
    struct iovec iov[2] = {{buf, 3}, {buf + 3, 509}};
    block_aio_writev(blk, 0, iov, 2, note, &res);
    g_assert_cmpint(finish(&res), ==, 0);
    buf[0] = 'Q';
    res = (Result){0};
    block_aio_writev(blk, 0, iov, 2, note, &res);
    g_assert_cmpint(finish(&res), ==, -EPERM);
    block_close(blk);

    blk = open_raw(path);
    g_assert_cmpint(do_write(blk, 0, buf, 512), ==, 0);
    block_close(blk);
    assert_open_fails(path, (BlockOptions){}, "format=raw");
    assert_open_fails(path, (BlockOptions){.read_only = true}, "qcow");
}

static void test_open_errors(void)
{
    g_autofree char *path = image_new("once", 512, 0);
    g_autofree char *none = g_build_filename(dir, "none", NULL);
    g_autofree char *fifo = g_build_filename(dir, "fifo", NULL);
    g_autoptr(GError) error = NULL;

    assert_open_fails(none, (BlockOptions){}, "No such file");
    assert_open_fails(dir, (BlockOptions){}, dir);
    assert_open_fails(dir, (BlockOptions){.read_only = true}, "directory");
    assert_open_fails("/dev/null", (BlockOptions){}, "regular file");
    g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
    assert_open_fails(fifo, (BlockOptions){}, "regular file");

    BlockBackend *blk = open_raw(path, .read_only = true);
    g_assert_null(block_open("d0", &(BlockOptions){.filename = path, .read_only = true}, &error));
    g_assert_cmpstr(error->message, ==, "Duplicate ID 'd0' for drive");
    block_close(blk);

    g_setenv("TMPDIR", none, TRUE);
    assert_open_fails(path, (BlockOptions){.format_given = true, .snapshot = true}, none);
    g_unsetenv("TMPDIR");
}

/* Try to open in another process; returns whether it went, and checks the message. */
static bool other_opens(const char *path, bool read_only)
{
    pid_t pid = fork();

    if (pid == 0) {
        GError *error = NULL;
        BlockOptions options = {.filename = path, .format_given = true, .read_only = read_only};
        if (block_open("other", &options, &error)) {
            _exit(0);
        }
        _exit(strstr(error->message, "\"write\" lock") ? 1 : 2);
    }
    int status;
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), <, 2);
    return WEXITSTATUS(status) == 0;
}

static void test_locks(void)
{
    g_autofree char *path = image_new("lock", 512, 0);

    BlockBackend *blk = open_raw(path);
    g_assert_false(other_opens(path, false));
    g_assert_false(other_opens(path, true));
    assert_open_fails(path, (BlockOptions){.format_given = true}, "Failed to get \"write\" lock");
    block_close(blk);

    blk = open_raw(path, .read_only = true);
    g_assert_false(other_opens(path, false));
    g_assert_true(other_opens(path, true));
    block_close(blk);

    blk = open_raw(path, .snapshot = true);
    g_assert_true(other_opens(path, true));
    g_assert_false(other_opens(path, false));
    block_close(blk);
    g_assert_true(other_opens(path, false));
}

static void test_interrupted_and_short(void)
{
    g_autofree char *path = image_new("short", 4096, 0);
    BlockBackend *blk = open_raw(path);
    uint8_t a[2048], b[2048];

    for (size_t i = 0; i < sizeof(a); i++) {
        a[i] = i * 7;
    }
    g_atomic_int_set(&interrupt, 5);
    g_atomic_int_set(&shorten, 20);
    g_assert_cmpint(do_write(blk, 1024, a, sizeof(a)), ==, 0);
    g_assert_cmpint(g_atomic_int_get(&interrupt), <=, 0);
    g_assert_cmpint(g_atomic_int_get(&shorten), <=, 0);
    g_atomic_int_set(&interrupt, 5);
    g_atomic_int_set(&shorten, 20);
    g_assert_cmpint(do_read(blk, 1024, b, sizeof(b)), ==, 0);
    g_assert_cmpmem(a, sizeof(a), b, sizeof(b));
    block_close(blk);

    /* Somebody cuts the file under us. */
    blk = open_raw(path);
    g_assert_cmpint(truncate(path, 1500), ==, 0);
    g_assert_cmpint(do_read(blk, 1024, b, 1024), ==, 0);
    g_assert_cmpmem(b, 476, a, 476);
    assert_fill(b + 476, 1024 - 476, 0);
    block_close(blk);
}

static int errors_heard;
static BlockErrorAction last_action;
static int last_errno;

static void hear_error(BlockBackend *blk, bool is_read, int err, BlockErrorAction action)
{
    errors_heard++;
    last_action = action;
    last_errno = err;
}

static const BlockMonitor monitor = {.io_error = hear_error};

static void test_error_report_ignore(void)
{
    g_autofree char *path = image_new("err", 4096, 0x77);
    uint8_t buf[512] = {0};

    errors_heard = 0;
    block_set_monitor(&monitor);
    BlockBackend *blk = open_raw(path, .werror = BLOCK_ERROR_IGNORE);
    g_atomic_int_set(&fail_read, EIO);
    g_atomic_int_set(&fail_write, EIO);
    g_assert_cmpint(do_read(blk, 0, buf, 512), ==, -EIO);
    g_assert_cmpint(last_action, ==, BLOCK_ERROR_REPORT);
    g_assert_cmpint(do_write(blk, 0, buf, 512), ==, 0);
    g_assert_cmpint(last_action, ==, BLOCK_ERROR_IGNORE);
    g_assert_cmpint(errors_heard, ==, 2);
    g_atomic_int_set(&fail_read, 0);
    g_atomic_int_set(&fail_write, 0);
    /* What the guest asks wrongly is no error of the host. */
    g_assert_cmpint(do_read(blk, 4096, buf, 512), ==, -EIO);
    g_assert_cmpint(errors_heard, ==, 2);
    block_close(blk);
    block_set_monitor(NULL);
}

static void test_error_stop_resumes(void)
{
    g_autofree char *path = image_new("stop", 4096, 0);
    uint8_t buf[512], back[512];
    Result write = {0}, flush = {0}, other = {0};

    memset(buf, 0x3c, sizeof(buf));
    errors_heard = 0;
    block_set_monitor(&monitor);
    BlockBackend *blk = open_raw(path, .werror = BLOCK_ERROR_ENOSPC);
    struct iovec iov = {buf, sizeof(buf)};
    g_atomic_int_set(&fail_write, ENOSPC);
    g_atomic_int_set(&syncs, 0);
    BlockRequest *req = block_aio_writev(blk, 1024, &iov, 1, note, &write);
    BlockRequest *behind = block_aio_flush(blk, note, &flush);
    g_assert_false(block_aio_wait(req));
    g_assert_false(block_aio_wait(behind));
    block_drain_all();
    g_assert_cmpint(errors_heard, ==, 1);
    g_assert_cmpint(last_action, ==, BLOCK_ERROR_STOP);
    g_assert_cmpint(last_errno, ==, ENOSPC);
    g_assert_cmpint(write.calls + flush.calls, ==, 0); /* nothing is acknowledged */
    g_assert_cmpint(g_atomic_int_get(&syncs), ==, 0);

    block_resume_all(); /* still full: stops again */
    block_drain_all();
    g_assert_cmpint(errors_heard, ==, 2);
    g_atomic_int_set(&fail_write, 0);
    block_resume_all();
    g_assert_cmpint(finish(&write), ==, 0);
    g_assert_cmpint(finish(&flush), ==, 0);
    g_assert_cmpint(write.order, <, flush.order);
    g_assert_cmpint(do_read(blk, 1024, back, 512), ==, 0);
    g_assert_cmpmem(buf, 512, back, 512);

    /* EIO is reported under the same policy; a cancelled request lets the flush behind it go. */
    g_atomic_int_set(&fail_write, EIO);
    g_assert_cmpint(do_write(blk, 0, buf, 512), ==, -EIO);
    g_atomic_int_set(&fail_write, ENOSPC);
    write = flush = (Result){0};
    req = block_aio_writev(blk, 0, &iov, 1, note, &write);
    block_aio_flush(blk, note, &flush);
    block_drain_all();
    block_aio_cancel(req);
    g_assert_cmpint(finish(&flush), ==, 0);
    g_assert_cmpint(write.calls, ==, 0);

    /* A new medium ends what waits for the old one; closing drops it. */
    write = (Result){0};
    block_aio_writev(blk, 0, &iov, 1, note, &write);
    block_drain_all();
    g_assert_true(block_change_medium(blk, NULL, NULL));
    g_assert_cmpint(finish(&write), ==, -ENOSPC);
    g_assert_true(block_change_medium(blk, path, NULL));
    block_aio_writev(blk, 0, &iov, 1, note, &other);
    block_aio_flush(blk, note, &other);
    block_drain_all();
    g_atomic_int_set(&fail_write, 0);
    block_close(blk);
    g_assert_cmpint(other.calls, <=, 1);
    block_set_monitor(NULL);
}

static void test_flush_failure_sticks(void)
{
    g_autofree char *path = image_new("sync", 512, 0);
    BlockBackend *blk = open_raw(path);

    g_atomic_int_set(&fail_sync, EIO);
    g_assert_cmpint(do_flush(blk), ==, -EIO);
    g_atomic_int_set(&fail_sync, 0);
    g_assert_cmpint(do_flush(blk), ==, -EIO);
    block_close(blk);
}

static void test_file_size_limit(void)
{
    g_autofree char *path = image_new("limit", 512, 0);
    g_autofree uint8_t *buf = g_malloc0(65536);
    struct rlimit old, low;

    g_assert_cmpint(truncate(path, 1 << 20), ==, 0);
    g_assert_cmpint(getrlimit(RLIMIT_FSIZE, &old), ==, 0);
    low = old;
    low.rlim_cur = 100000;
    BlockBackend *blk = open_raw(path);
    g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &low), ==, 0);
    g_assert_cmpint(do_write(blk, 65536, buf, 65536), ==, -EFBIG); /* and no SIGXFSZ */
    g_assert_cmpint(do_write(blk, 0, buf, 65536), ==, 0);
    g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &old), ==, 0);
    block_close(blk);
}

static void test_flush_waits_for_writes(void)
{
    g_autofree char *path = image_new("order", 65536, 0);
    BlockBackend *blk = open_raw(path);
    uint8_t buf[512] = {1};
    struct iovec iov = {buf, sizeof(buf)};
    Result writes[6] = {{0}}, flush = {0}, read = {0};
    uint8_t in[512];
    struct iovec riov = {in, sizeof(in)};

    g_atomic_int_set(&hold, 1);
    g_atomic_int_set(&syncs, 0);
    for (int i = 0; i < 6; i++) {
        block_aio_writev(blk, i * 4096, &iov, 1, note, &writes[i]);
    }
    block_aio_flush(blk, note, &flush);
    block_aio_readv(blk, 512, &riov, 1, note, &read);
    while (g_main_context_iteration(NULL, FALSE)) {
    }
    g_assert_cmpint(flush.calls, ==, 0);
    g_assert_cmpint(g_atomic_int_get(&syncs), ==, 0);
    g_atomic_int_set(&hold, 0);
    block_drain_all();
    g_assert_cmpint(flush.calls, ==, 1);
    g_assert_cmpint(read.calls, ==, 1);
    for (int i = 0; i < 6; i++) {
        g_assert_cmpint(writes[i].calls, ==, 1);
        g_assert_cmpint(writes[i].order, <, flush.order);
    }
    block_close(blk);
}

static gpointer let_go(gpointer unused)
{
    g_usleep(20000);
    g_atomic_int_set(&hold, 0);
    return NULL;
}

static void test_cancel(void)
{
    enum { N = 20 }; /* more than there are workers: some run, some queue */
    g_autofree char *path = image_new("cancel", 65536, 9);
    BlockBackend *blk = open_raw(path);
    Result res[N] = {{0}}, flush = {0};
    BlockRequest *req[N];
    void *buf[N];

    g_atomic_int_set(&hold, 1);
    for (int i = 0; i < N; i++) {
        struct iovec iov = {buf[i] = g_malloc0(512), 512};
        req[i] = block_aio_writev(blk, i * 512, &iov, 1, note, &res[i]);
    }
    block_aio_flush(blk, note, &flush);
    GThread *thread = g_thread_new("let-go", let_go, NULL);
    for (int i = N - 1; i >= 0; i--) {
        block_aio_cancel(req[i]);
        g_free(buf[i]); /* a worker that used it now would be found by the sanitizer */
    }
    g_thread_join(thread);
    g_assert_cmpint(finish(&flush), ==, 0);
    for (int i = 0; i < N; i++) {
        g_assert_cmpint(res[i].calls, ==, 0);
    }

    /* One that is done, but not delivered. */
    uint8_t in[512];
    struct iovec iov = {in, sizeof(in)};
    BlockRequest *done = block_aio_readv(blk, 65536 - 512, &iov, 1, note, &res[0]);
    g_usleep(20000);
    block_aio_cancel(done);
    while (g_main_context_iteration(NULL, FALSE)) {
    }
    g_assert_cmpint(res[0].calls, ==, 0);

    g_assert_true(block_aio_wait(block_aio_readv(blk, 65536 - 512, &iov, 1, note, &res[0])));
    g_assert_cmpint(res[0].calls, ==, 1);
    assert_fill(in, 512, 9);
    block_close(blk);
}

static void test_discard(void)
{
    const size_t len = 1 << 20;
    g_autofree char *path = image_new("discard", len, 0x66);
    uint8_t buf[512];

    for (int mode = 0; mode < 3; mode++) {
        BlockBackend *blk = open_raw(path, .discard = mode > 0, .snapshot = mode == 1);
        Result res = {0};
        struct stat before, after;
        stat(path, &before);
        block_aio_discard(blk, 65536, 131072, note, &res);
        g_assert_cmpint(finish(&res), ==, 0);
        g_assert_cmpint(do_read(blk, 65536, buf, 512), ==, 0);
        assert_fill(buf, 512, mode > 0 ? 0 : 0x66);
        g_assert_cmpint(do_read(blk, 65536 - 512, buf, 512), ==, 0);
        assert_fill(buf, 512, 0x66);
        block_close(blk);
        stat(path, &after);
        g_assert_cmpint(after.st_size, ==, len);
        if (mode < 2) {
            g_assert_cmpint(after.st_blocks, ==, before.st_blocks);
        }
    }
}

static void count(void *opaque)
{
    ++*(int *)opaque;
}

static int trays;

static void hear_tray(BlockBackend *blk, bool open)
{
    trays += open ? 1 : 100;
}

static void test_medium_change(void)
{
    static const BlockMonitor ears = {.tray_moved = hear_tray};
    g_autofree char *a = image_new("cd-a", 4096, 1), *b = image_new("cd-b", 8192, 2);
    g_autoptr(GError) error = NULL;
    uint8_t buf[512];
    int changes = 0, ejects = 0;
    Result res = {0};
    struct iovec iov = {buf, sizeof(buf)};

    block_set_monitor(&ears);
    BlockBackend *blk = open_raw(a, .media_cdrom = true);
    g_assert_true(block_attach(blk, count, &changes, NULL));
    g_assert_false(block_attach(blk, count, &changes, &error));
    g_assert_nonnull(strstr(error->message, "already in use"));
    g_clear_error(&error);
    block_aio_readv(blk, 0, &iov, 1, note, &res);
    g_assert_true(block_change_medium(blk, b, NULL));
    g_assert_cmpint(res.calls, ==, 1); /* what was in flight ended on the old medium */
    assert_fill(buf, 512, 1);
    g_assert_cmpint(changes, ==, 1);
    g_assert_cmpuint(block_size(blk), ==, 8192);
    g_assert_cmpint(do_read(blk, 0, buf, 512), ==, 0);
    assert_fill(buf, 512, 2);
    g_assert_false(block_change_medium(blk, "/nowhere/at/all", &error));
    g_assert_nonnull(error);
    g_assert_cmpstr(block_filename(blk), ==, b);
    g_assert_cmpint(changes, ==, 1);

    g_assert_true(block_change_medium(blk, NULL, NULL));
    g_assert_false(block_is_inserted(blk));
    g_assert_true(block_is_tray_open(blk));
    g_assert_cmpuint(block_size(blk), ==, 0);
    g_assert_cmpstr(block_filename(blk), ==, "");
    g_assert_cmpint(do_read(blk, 0, buf, 512), ==, -ENOMEDIUM);
    g_assert_cmpint(block_pread(blk, 0, buf, 512), ==, -ENOMEDIUM);
    g_assert_true(block_change_medium(blk, b, NULL));
    g_assert_true(block_change_medium(blk, block_filename(blk), NULL));
    g_assert_false(block_is_tray_open(blk));
    g_assert_cmpint(trays, ==, 101);

    block_request_eject(blk); /* nobody listens */
    block_detach(blk);
    g_assert_false(block_is_attached(blk));
    g_assert_true(block_attach(blk, NULL, &ejects, NULL));
    block_set_eject_handler(blk, count);
    block_request_eject(blk);
    g_assert_cmpint(ejects, ==, 1);
    block_close(blk);
    block_set_monitor(NULL);

    /* A writable medium can be put in again over itself, too. */
    blk = open_raw(a);
    g_assert_true(block_change_medium(blk, a, NULL));
    g_assert_cmpint(do_write(blk, 0, buf, 512), ==, 0);
    block_close(blk);
}

static void test_info(void)
{
    g_autofree char *path = image_new("info", 512, 0);
    g_autoptr(GString) out = g_string_new(NULL);
    BlockOptions hd = {.filename = path, .format_given = true, .werror = BLOCK_ERROR_ENOSPC};
    BlockOptions cd = {.media_cdrom = true, .werror = BLOCK_ERROR_ENOSPC};

    BlockBackend *a = block_open("ide0-hd0", &hd, NULL);
    BlockBackend *b = block_open("ide1-cd0", &cd, NULL);
    block_set_attached_name(a, "/machine/x");
    block_set_locked(b, true);
    block_print_info(out);
    g_autofree char *expect = g_strdup_printf("ide0-hd0: %s (raw)\n"
                                              "    Attached to:      /machine/x\n"
                                              "    Cache mode:       writeback\n"
                                              "\n"
                                              "ide1-cd0: [not inserted]\n"
                                              "    Removable device: locked, tray closed\n",
                                              path);
    g_assert_cmpstr(out->str, ==, expect);
    g_assert_nonnull(b);
    block_close_all();
    g_assert_null(block_find("ide0-hd0"));
    block_close(NULL);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    dir = g_dir_make_tmp("lignite-block-XXXXXX", NULL);
    g_assert_nonnull(dir);
    g_test_add_func("/block/read-write", test_read_write);
    g_test_add_func("/block/out-of-range", test_out_of_range);
    g_test_add_func("/block/ragged-tail", test_ragged);
    g_test_add_func("/block/snapshot", test_snapshot);
    g_test_add_func("/block/read-only", test_read_only);
    g_test_add_func("/block/format-not-given", test_format_not_given);
    g_test_add_func("/block/open-errors", test_open_errors);
    g_test_add_func("/block/locks", test_locks);
    g_test_add_func("/block/interrupted-and-short", test_interrupted_and_short);
    g_test_add_func("/block/error-report-ignore", test_error_report_ignore);
    g_test_add_func("/block/error-stop-resumes", test_error_stop_resumes);
    g_test_add_func("/block/flush-failure-sticks", test_flush_failure_sticks);
    g_test_add_func("/block/file-size-limit", test_file_size_limit);
    g_test_add_func("/block/flush-waits-for-writes", test_flush_waits_for_writes);
    g_test_add_func("/block/cancel", test_cancel);
    g_test_add_func("/block/discard", test_discard);
    g_test_add_func("/block/medium-change", test_medium_change);
    g_test_add_func("/block/info", test_info);
    int status = g_test_run();
    GDir *d = g_dir_open(dir, 0, NULL);
    for (const char *name; (name = g_dir_read_name(d));) {
        g_autofree char *path = g_build_filename(dir, name, NULL);
        g_unlink(path);
    }
    g_dir_close(d);
    g_rmdir(dir);
    g_free(dir);
    return status;
}
