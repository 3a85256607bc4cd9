/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Raw images: a regular file or a block device whose bytes are the disk's.
 *
 * With `snapshot`, writes go to an unlinked temporary file of the same layout; a bitmap with one
 * bit a sector says which sectors are to be found there. The bitmap's pages come into being as they
 * are needed. Since a bit stands for what is written at once, nothing has ever to be copied.
 *
 * Locks are open file description locks on single bytes of the file, the bytes and rules that
 * QEMU uses, so that the two keep out of each other's images: byte 100 + n is locked (shared) by
 * who uses right n, byte 200 + n by who wants nobody else to use it.
 *
 * Not modelled: other formats, direct I/O, images that change their size.
 */
#include "block-int.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"

#define LOCK_USED_BASE     100
#define LOCK_UNSHARED_BASE 200
#define MAP_PAGE_BYTES     4096
#define MAP_PAGE_SECTORS   (MAP_PAGE_BYTES * 8)

struct RawImage {
    int fd;
    bool read_only;
    bool is_device;
    bool guard_start; /* the format was not given: no foreign header may be written */
    bool discard;
    uint64_t length; /* bytes there are */
    uint64_t size;   /* bytes the guest sees */

    GMutex lock;       /* guards the fields below; nothing else is taken under it */
    bool flush_failed; /* what the host's cache held is lost: no flush may succeed again */
    uint8_t **map;     /* pages of the overlay's bitmap; NULL where nothing was written */

    int overlay; /* -1: none */
};

/* ------------------------------------------------------------------------------- vectors -- */

/* Put the part [skip, skip + len) of a vector into `dst`, which has room for all of it. */
static int iov_slice(struct iovec *dst, const struct iovec *src, int nsrc, uint64_t skip,
                     uint64_t len)
{
    int n = 0;

    for (int i = 0; i < nsrc && len > 0; i++) {
        if (skip >= src[i].iov_len) {
            skip -= src[i].iov_len;
            continue;
        }
        size_t part = MIN(src[i].iov_len - skip, len);
        dst[n++] = (struct iovec){(uint8_t *)src[i].iov_base + skip, part};
        len -= part;
        skip = 0;
    }
    return n;
}

static void iov_zero(const struct iovec *iov, int niov)
{
    for (int i = 0; i < niov; i++) {
        memset(iov[i].iov_base, 0, iov[i].iov_len);
    }
}

static bool iov_is_zero(const struct iovec *iov, int niov)
{
    for (int i = 0; i < niov; i++) {
        const uint8_t *p = iov[i].iov_base;
        for (size_t k = 0; k < iov[i].iov_len; k++) {
            if (p[k]) {
                return false;
            }
        }
    }
    return true;
}

/*
 * Transfer all of [skip, skip + len) of the vector, however small the host's portions. Where a
 * file ends early, reads give zeros: somebody cut it, and there is nothing better to say.
 */
static int transfer(int fd, bool is_write, uint64_t offset, const struct iovec *iov, int niov,
                    uint64_t skip, uint64_t len)
{
    g_autofree struct iovec *part = g_new(struct iovec, niov + 1);

    while (len > 0) {
        int n = iov_slice(part, iov, niov, skip, len);
        int batch = MIN(n, IOV_MAX);
        ssize_t done =
            is_write ? pwritev(fd, part, batch, offset) : preadv(fd, part, batch, offset);
        if (done < 0) {
            if (errno == EINTR) {
                continue;
            }
            return -errno;
        }
        if (done == 0) {
            if (is_write) {
                return -ENOSPC;
            }
            iov_zero(part, n);
            return 0;
        }
        skip += done;
        offset += done;
        len -= done;
    }
    return 0;
}

/* -------------------------------------------------------------------------------- locking -- */

enum { RIGHT_READ, RIGHT_WRITE, RIGHT_WRITE_UNCHANGED, RIGHT_RESIZE, RIGHTS };
static const char *const right_names[RIGHTS] = {"consistent read", "write", "write unchanged",
                                                "resize"};

/* Whether another open file holds a lock on this byte. */
static bool lock_is_taken(int fd, off_t byte)
{
    struct flock fl = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};

    return fcntl(fd, F_OFD_GETLK, &fl) == 0 && fl.l_type != F_UNLCK;
}

/*
 * Say which rights we use and which we want for ourselves, then look whether anybody minds. A file
 * system without such locks gives no protection, which is no reason to refuse the image.
 */
static bool lock_image(int fd, const char *filename, bool read_only, GError **errp)
{
    unsigned used = 1 << RIGHT_READ | (read_only ? 0 : 1 << RIGHT_WRITE);
    unsigned unshared = 1 << RIGHT_WRITE | 1 << RIGHT_RESIZE;

    for (int i = 0; i < RIGHTS; i++) {
        off_t bytes[2] = {LOCK_USED_BASE + i, LOCK_UNSHARED_BASE + i};
        bool wanted[2] = {used >> i & 1, unshared >> i & 1};
        for (int k = 0; k < 2; k++) {
            struct flock fl = {
                .l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = bytes[k], .l_len = 1};
            if (wanted[k] && fcntl(fd, F_OFD_SETLK, &fl) < 0 &&
                (errno == EAGAIN || errno == EACCES)) {
                error_setg(errp,
                           "Failed to lock byte %jd of '%s': is another process using the image?",
                           (intmax_t)bytes[k], filename);
                return false;
            }
        }
    }
    for (int i = 0; i < RIGHTS; i++) {
        bool mine = (used >> i & 1) && lock_is_taken(fd, LOCK_UNSHARED_BASE + i);
        bool theirs = (unshared >> i & 1) && lock_is_taken(fd, LOCK_USED_BASE + i);
        if (mine || theirs) {
            error_setg(errp,
                       "Failed to get %s\"%s\" lock: is another process using the image [%s]?",
                       mine ? "" : "shared ", right_names[i], filename);
            return false;
        }
    }
    return true;
}

/* -------------------------------------------------------------------------- open and close -- */

const char *raw_probe_foreign(const uint8_t *sector)
{
    static const struct {
        const char *format;
        unsigned offset;
        unsigned len;
        const char *magic;
    } magics[] = {
        {"qcow", 0, 4, "QFI\xfb"},
        {"qed", 0, 4, "QED\0"},
        {"vmdk", 0, 4, "KDMV"},
        {"vmdk", 0, 4, "COWD"},
        {"vmdk", 0, 21, "# Disk DescriptorFile"},
        {"vhdx", 0, 8, "vhdxfile"},
        {"vpc", 0, 8, "conectix"},
        {"vdi", 64, 4, "\x7f\x10\xda\xbe"},
        {"luks", 0, 6, "LUKS\xba\xbe"},
        {"parallels", 0, 16, "WithoutFreeSpace"},
        {"parallels", 0, 16, "WithouFreSpacExt"},
        {"bochs", 0, 26, "Bochs Virtual HD Image\0\0\0\0"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(magics); i++) {
        if (memcmp(sector + magics[i].offset, magics[i].magic, magics[i].len) == 0) {
            return magics[i].format;
        }
    }
    return NULL;
}

/* An unlinked file for what a snapshot's guest writes. */
static int open_overlay(GError **errp)
{
    const char *dir = g_getenv("TMPDIR");
    if (!dir || !*dir) {
        dir = "/var/tmp";
    }
    g_autofree char *path = g_build_filename(dir, "lignite-XXXXXX", NULL);
    int fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0) {
        error_setg(errp, "Could not create a temporary file for snapshot=on in '%s': %s", dir,
                   g_strerror(errno));
        return -1;
    }
    unlink(path);
    return fd;
}

RawImage *raw_open(const char *filename, const BlockOptions *options, GError **errp)
{
    bool base_read_only = options->read_only || options->media_cdrom || options->snapshot;
    struct stat st;

    /* Looked at first: opening a FIFO would wait, and opening a tape would wind it. */
    if (stat(filename, &st) < 0) {
        error_setg(errp, "Could not open '%s': %s", filename, g_strerror(errno));
        return NULL;
    }
    if (S_ISDIR(st.st_mode)) {
        error_setg(errp, "Could not open '%s': it is a directory, not an image", filename);
        return NULL;
    }
    if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode)) {
        error_setg(errp, "Could not open '%s': an image must be a regular file or a block device",
                   filename);
        return NULL;
    }

    RawImage *img = g_new0(RawImage, 1);
    g_mutex_init(&img->lock);
    img->overlay = -1;
    img->read_only = (options->read_only || options->media_cdrom) && !options->snapshot;
    img->discard = options->discard;
    img->fd = open(filename, (base_read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NONBLOCK);
    if (img->fd < 0) {
        error_setg(errp, "Could not open '%s': %s%s", filename, g_strerror(errno),
                   !base_read_only && (errno == EACCES || errno == EROFS)
                       ? " (readonly=on or snapshot=on needs no right to write)"
                       : "");
        goto fail;
    }
    if (fstat(img->fd, &st) < 0 || !(S_ISREG(st.st_mode) || S_ISBLK(st.st_mode))) {
        error_setg(errp, "Could not open '%s': it changed while it was opened", filename);
        goto fail;
    }
    img->is_device = S_ISBLK(st.st_mode);
    if (img->is_device) {
        if (ioctl(img->fd, BLKGETSIZE64, &img->length) < 0) {
            error_setg(errp, "Could not get the size of '%s': %s", filename, g_strerror(errno));
            goto fail;
        }
    } else {
        img->length = st.st_size;
    }
    if (img->length > (uint64_t)INT64_MAX - BLOCK_SECTOR_SIZE) {
        error_setg(errp, "Could not open '%s': the image is too large", filename);
        goto fail;
    }
    img->size = (img->length + BLOCK_SECTOR_SIZE - 1) / BLOCK_SECTOR_SIZE * BLOCK_SECTOR_SIZE;

    if (!lock_image(img->fd, filename, base_read_only, errp)) {
        goto fail;
    }
    if (!options->format_given && !options->media_cdrom && img->length >= BLOCK_SECTOR_SIZE) {
        uint8_t start[BLOCK_SECTOR_SIZE];
        struct iovec iov = {start, sizeof(start)};
        int ret = transfer(img->fd, false, 0, &iov, 1, 0, sizeof(start));
        if (ret < 0) {
            error_setg(errp, "Could not read '%s': %s", filename, g_strerror(-ret));
            goto fail;
        }
        const char *format = raw_probe_foreign(start);
        if (format) {
            error_setg(errp,
                       "Could not open '%s': it looks like a %s image, and only raw images are "
                       "supported; say format=raw to use its bytes as they are",
                       filename, format);
            goto fail;
        }
        img->guard_start = !base_read_only;
    }
    if (options->snapshot) {
        img->overlay = open_overlay(errp);
        if (img->overlay < 0) {
            goto fail;
        }
        uint64_t sectors = img->size / BLOCK_SECTOR_SIZE;
        img->map = g_try_new0(uint8_t *, sectors / MAP_PAGE_SECTORS + 1);
        if (!img->map) {
            error_setg(errp, "Could not open '%s': too large for snapshot=on", filename);
            goto fail;
        }
    }
    return img;

fail:
    raw_close(img);
    return NULL;
}

void raw_close(RawImage *img)
{
    if (!img) {
        return;
    }
    if (img->map) {
        for (uint64_t i = 0; i <= img->size / BLOCK_SECTOR_SIZE / MAP_PAGE_SECTORS; i++) {
            g_free(img->map[i]);
        }
        g_free(img->map);
    }
    if (img->overlay >= 0) {
        close(img->overlay);
    }
    if (img->fd >= 0) {
        close(img->fd);
    }
    g_mutex_clear(&img->lock);
    g_free(img);
}

uint64_t raw_size(const RawImage *img)
{
    return img->size;
}

bool raw_is_read_only(const RawImage *img)
{
    return img->read_only;
}

/* -------------------------------------------------------------------------------- overlay -- */

/* Whether `sector` is in the overlay; `*run` (bytes, at least one sector) is cut to where that
 * changes. */
static bool overlay_lookup(RawImage *img, uint64_t sector, uint64_t *run)
{
    uint64_t max = *run / BLOCK_SECTOR_SIZE;
    bool there = false;
    uint64_t n = 0;

    g_mutex_lock(&img->lock);
    while (n < max) {
        const uint8_t *page = img->map[(sector + n) / MAP_PAGE_SECTORS];
        uint64_t bit = (sector + n) % MAP_PAGE_SECTORS;
        bool set = page && (page[bit / 8] >> (bit % 8) & 1);
        if (n == 0) {
            there = set;
        } else if (set != there) {
            break;
        }
        n += page ? 1 : MIN(MAP_PAGE_SECTORS - bit, max - n);
    }
    g_mutex_unlock(&img->lock);
    *run = n * BLOCK_SECTOR_SIZE;
    return there;
}

static void overlay_mark(RawImage *img, uint64_t sector, uint64_t count)
{
    g_mutex_lock(&img->lock);
    for (; count > 0; sector++, count--) {
        uint8_t **page = &img->map[sector / MAP_PAGE_SECTORS];
        uint64_t bit = sector % MAP_PAGE_SECTORS;
        if (!*page) {
            *page = g_malloc0(MAP_PAGE_BYTES);
        }
        (*page)[bit / 8] |= 1 << (bit % 8);
    }
    g_mutex_unlock(&img->lock);
}

/* ------------------------------------------------------------------------------- transfers -- */

/* Read from the image itself, with its tail of zeros. */
static int read_base(RawImage *img, uint64_t offset, const struct iovec *iov, int niov,
                     uint64_t skip, uint64_t len)
{
    uint64_t there = offset < img->length ? MIN(len, img->length - offset) : 0;

    if (there < len) {
        g_autofree struct iovec *pad = g_new(struct iovec, niov + 1);
        iov_zero(pad, iov_slice(pad, iov, niov, skip + there, len - there));
    }
    return transfer(img->fd, false, offset, iov, niov, skip, there);
}

int raw_read(RawImage *img, uint64_t offset, const struct iovec *iov, int niov, uint64_t len)
{
    if (img->overlay < 0) {
        return read_base(img, offset, iov, niov, 0, len);
    }
    for (uint64_t skip = 0; skip < len;) {
        uint64_t run = len - skip;
        bool there = overlay_lookup(img, (offset + skip) / BLOCK_SECTOR_SIZE, &run);
        int ret = there ? transfer(img->overlay, false, offset + skip, iov, niov, skip, run)
                        : read_base(img, offset + skip, iov, niov, skip, run);
        if (ret < 0) {
            return ret;
        }
        skip += run;
    }
    return 0;
}

int raw_write(RawImage *img, uint64_t offset, const struct iovec *iov, int niov, uint64_t len)
{
    g_autofree struct iovec *part = g_new(struct iovec, niov + 1);

    if (img->overlay >= 0) {
        int ret = transfer(img->overlay, true, offset, iov, niov, 0, len);
        if (ret == 0) {
            overlay_mark(img, offset / BLOCK_SECTOR_SIZE, len / BLOCK_SECTOR_SIZE);
        }
        return ret;
    }
    if (img->guard_start && offset == 0 && len > 0) {
        uint8_t start[BLOCK_SECTOR_SIZE] = {0};
        int n = iov_slice(part, iov, niov, 0, sizeof(start));
        for (size_t pos = 0, i = 0; i < n; pos += part[i++].iov_len) {
            memcpy(start + pos, part[i].iov_base, part[i].iov_len);
        }
        if (raw_probe_foreign(start)) {
            return -EPERM;
        }
    }
    uint64_t there = MIN(len, img->length - MIN(offset, img->length));
    int ret = transfer(img->fd, true, offset, iov, niov, 0, there);
    if (ret == 0 && there < len &&
        !iov_is_zero(part, iov_slice(part, iov, niov, there, len - there))) {
        return -EIO; /* there is no place for these bytes */
    }
    return ret;
}

int raw_discard(RawImage *img, uint64_t offset, uint64_t len)
{
    int fd = img->overlay >= 0 ? img->overlay : img->fd;

    if (!img->discard) {
        return 0;
    }
    if (img->overlay < 0) {
        len = MIN(len, img->length - MIN(offset, img->length));
    }
    if (len == 0) {
        return 0;
    }
    int ret;
    do {
        ret = fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, len);
    } while (ret < 0 && errno == EINTR);
    if (ret < 0) {
        /* A discard is a hint: a host that cannot take it has done enough. */
        return errno == EOPNOTSUPP || errno == ENOSYS || errno == ENODEV || errno == EINVAL
                   ? 0
                   : -errno;
    }
    if (img->overlay >= 0) {
        overlay_mark(img, offset / BLOCK_SECTOR_SIZE, len / BLOCK_SECTOR_SIZE);
    }
    return 0;
}

int raw_flush(RawImage *img)
{
    if (img->overlay >= 0 || img->read_only) {
        return 0; /* what is dropped at the end need not be safe */
    }
    g_mutex_lock(&img->lock);
    bool lost = img->flush_failed;
    g_mutex_unlock(&img->lock);
    if (lost) {
        return -EIO;
    }
    int ret;
    do {
        ret = fdatasync(img->fd);
    } while (ret < 0 && errno == EINTR);
    if (ret == 0) {
        return 0;
    }
    int err = errno;
    if (err == EIO) {
        /* The host forgets the pages that it could not write: a second try would lie. */
        g_mutex_lock(&img->lock);
        img->flush_failed = true;
        g_mutex_unlock(&img->lock);
    }
    return -err;
}
