/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The frames of a backend in a file, as tcpdump, Wireshark and their like read it.
 * Document: draft-ietf-opsawg-pcap (the classic format, microseconds).
 *
 * Each frame is written at once, and stamped with the host's time of day. When the disk is full,
 * the file ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "error.h"
#include "internal.h"

enum { PCAP_MAGIC = 0xa1b2c3d4, PCAP_MAJOR = 2, PCAP_MINOR = 4, PCAP_ETHERNET = 1 };

typedef struct PcapHeader {
    uint32_t magic;
    uint16_t major, minor;
    uint32_t reserved[2];
    uint32_t snaplen;
    uint32_t linktype;
} PcapHeader;

typedef struct PcapRecord {
    uint32_t seconds, microseconds;
    uint32_t captured, length;
} PcapRecord;

struct NetDump {
    NetTap tap;    /* first: the tap's functions find us there */
    NetClient *nc; /* NULL: it is gone */
    int fd;        /* -1: an error has ended it */
    uint32_t maxlen;
};

static bool write_all(int fd, const struct iovec *iov, int count)
{
    size_t len = 0;
    ssize_t n;

    for (int i = 0; i < count; i++) {
        len += iov[i].iov_len;
    }
    do {
        n = writev(fd, iov, count);
    } while (n < 0 && errno == EINTR);
    return n == (ssize_t)len;
}

static void dump_frame(NetTap *tap, NetDirection direction, const uint8_t *frame, size_t len)
{
    NetDump *dump = (NetDump *)tap;
    int64_t now = g_get_real_time();
    PcapRecord record = {now / 1000000, now % 1000000, MIN(len, dump->maxlen), len};
    const struct iovec iov[] = {{&record, sizeof(record)}, {(void *)frame, record.captured}};
    off_t start;

    if (dump->fd < 0) {
        return;
    }
    start = lseek(dump->fd, 0, SEEK_CUR);
    if (!write_all(dump->fd, iov, G_N_ELEMENTS(iov))) {
        if (start >= 0 && ftruncate(dump->fd, start) < 0) {
            /* a pipe, whose reader is gone: there is nothing to be put right */
        }
        close(dump->fd);
        dump->fd = -1;
    }
}

static void dump_gone(NetTap *tap)
{
    NetDump *dump = (NetDump *)tap;

    dump->nc = NULL;
}

NetDump *net_dump_new(const char *netdev, const char *file, uint32_t maxlen, GError **errp)
{
    const PcapHeader header = {PCAP_MAGIC, PCAP_MAJOR, PCAP_MINOR, {0, 0}, maxlen, PCAP_ETHERNET};
    const struct iovec iov = {(void *)&header, sizeof(header)};
    NetClient *nc = net_backend_find(netdev);
    NetDump *dump;
    int fd;

    if (!nc) {
        error_setg(errp, "Parameter 'netdev' expects a network backend id: there is no '%s'",
                   netdev);
        return NULL;
    }
    fd = open(file, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0644);
    if (fd < 0) {
        error_setg(errp, "net dump: can't open %s: %s", file, g_strerror(errno));
        return NULL;
    }
    if (!write_all(fd, &iov, 1)) {
        error_setg(errp, "net dump: can't write to %s: %s", file, g_strerror(errno));
        close(fd);
        return NULL;
    }
    dump = g_new(NetDump, 1);
    *dump = (NetDump){{dump_frame, dump_gone}, nc, fd, maxlen};
    net_client_add_tap(nc, &dump->tap);
    return dump;
}

void net_dump_free(NetDump *dump)
{
    if (!dump) {
        return;
    }
    if (dump->nc) {
        net_client_remove_tap(dump->nc, &dump->tap);
    }
    if (dump->fd >= 0) {
        close(dump->fd);
    }
    g_free(dump);
}
