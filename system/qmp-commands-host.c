/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QMP commands at the machine's edges: media, memory to files, file descriptors.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "accel/accel.h"
#include "backends/block.h"
#include "backends/char.h"
#include "backends/ui/vnc.h"
#include "hw/core/machine.h"
#include "memory/system.h"
#include "page-walk.h"
#include "qmp-commands.h"
#include "qom.h"

/* ----------------------------------------------------------------------------------- media -- */

/* The backend of the object that `id` names. */
static BlockBackend *find_by_path(const char *id, GError **errp)
{
    g_autoptr(GVariant) drive = NULL;
    BlockBackend *blk = NULL;
    QomNode node;

    if (!qom_resolve(id, &node, errp)) {
        return NULL;
    }
    if (node.kind == QOM_DEVICE) {
        drive = device_get_property(node.dev, "drive", NULL);
    }
    if (drive) {
        g_variant_ref_sink(drive);
        blk = block_find(g_variant_get_string(drive, NULL));
    }
    if (!blk) {
        error_setg(errp, "Device '%s' has no medium", id);
    }
    return blk;
}

/* The drive that the arguments `device` (a drive's name) or `id` (an object) name. */
static BlockBackend *find_drive(json_t *args, GError **errp)
{
    const char *device = qmp_get_str(args, "device");
    const char *id = qmp_get_str(args, "id");
    BlockBackend *blk;

    if (!device == !id) {
        error_setg(errp, "Need exactly one of 'device' and 'id'");
        return NULL;
    }
    if (id) {
        return find_by_path(id, errp);
    }
    blk = block_find(device);
    if (!blk) {
        qmp_error_setg(errp, QMP_ERROR_DEVICE_NOT_FOUND, "Device '%s' not found", device);
    }
    return blk;
}

/* Whether the medium may be taken out: the guest may have locked the tray. */
static BlockBackend *find_unlocked(json_t *args, GError **errp)
{
    BlockBackend *blk = find_drive(args, errp);

    if (!blk) {
        return NULL;
    }
    if (!block_is_removable(blk)) {
        error_setg(errp, "Device '%s' is not removable", block_id(blk));
        return NULL;
    }
    if (block_is_locked(blk) && !block_is_tray_open(blk) && !qmp_get_bool(args, "force", false)) {
        block_request_eject(blk);
        error_setg(errp,
                   "Device '%s' is locked and force was not specified, wait for tray to open and"
                   " try again",
                   block_id(blk));
        return NULL;
    }
    return blk;
}

static json_t *eject(QmpSession *session, json_t *args, GError **errp)
{
    BlockBackend *blk = find_unlocked(args, errp);

    if (blk) {
        block_change_medium(blk, NULL, errp);
    }
    return NULL;
}

static json_t *change_medium(QmpSession *session, json_t *args, GError **errp)
{
    const char *format = qmp_get_str(args, "format");
    BlockBackend *blk;

    if (format && !g_str_equal(format, "raw")) {
        error_setg(errp, "Unknown driver '%s': only raw images are supported", format);
        return NULL;
    }
    blk = find_unlocked(args, errp);
    if (blk) {
        block_change_medium(blk, qmp_get_str(args, "filename"), errp);
    }
    return NULL;
}

/* ---------------------------------------------------------------------------------- memory -- */

/* Reads `len` bytes, which do not cross a page, at `addr` of what is saved. */
typedef bool (*MemoryReader)(uint64_t addr, void *buf, size_t len, void *opaque);

static bool read_physical(uint64_t addr, void *buf, size_t len, void *opaque)
{
    address_space_read(&address_space_memory, addr, buf, len);
    return true;
}

static bool read_linear(uint64_t addr, void *buf, size_t len, void *opaque)
{
    const X86State *state = opaque;
    uint64_t physical;

    if (!page_walk(state, addr, &physical)) {
        return false;
    }
    return read_physical(physical, buf, len, NULL);
}

static bool write_fully(int fd, const uint8_t *buf, size_t len)
{
    while (len) {
        ssize_t n = write(fd, buf, len);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        buf += n;
        len -= n;
    }
    return true;
}

/* Page by page; false with an error. */
static bool save(int fd, const char *filename, uint64_t addr, uint64_t size, MemoryReader read,
                 void *opaque, GError **errp)
{
    uint8_t page[PAGE_WALK_PAGE];

    for (uint64_t done = 0; done < size;) {
        uint64_t at = addr + done;
        size_t n = MIN(size - done, PAGE_WALK_PAGE - at % PAGE_WALK_PAGE);

        if (!read(at, page, n, opaque)) {
            error_setg(errp,
                       "Invalid addr 0x%016" G_GINT64_MODIFIER "x/size %" G_GUINT64_FORMAT
                       " specified",
                       addr, size);
            return false;
        }
        if (!write_fully(fd, page, n)) {
            error_setg(errp, "writing memory to '%s' failed: %s", filename, g_strerror(errno));
            return false;
        }
        done += n;
    }
    return true;
}

/* The machine's memory, and as much again for what is mapped beside it. */
static uint64_t largest_save(void)
{
    return 2 * MAX(machine_current()->ram_size, UINT64_C(4) << 30);
}

static void save_to_file(json_t *args, MemoryReader read, void *opaque, GError **errp)
{
    const char *filename = qmp_get_str(args, "filename");
    uint64_t addr = qmp_get_uint(args, "val", 0);
    uint64_t size = qmp_get_uint(args, "size", 0);
    bool ok;
    int fd;

    if (size > largest_save() || addr + size < addr) {
        error_setg(errp, "Parameter 'size' expects at most %" G_GUINT64_FORMAT " bytes, within the"
                         " address space",
                   largest_save());
        return;
    }
    fd = open(filename, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0) {
        error_setg(errp, "Could not open '%s': %s", filename, g_strerror(errno));
        return;
    }
    ok = save(fd, filename, addr, size, read, opaque, errp);
    if (close(fd) && ok) {
        error_setg(errp, "writing memory to '%s' failed: %s", filename, g_strerror(errno));
    }
}

static json_t *pmemsave(QmpSession *session, json_t *args, GError **errp)
{
    save_to_file(args, read_physical, NULL, errp);
    return NULL;
}

static json_t *memsave(QmpSession *session, json_t *args, GError **errp)
{
    int64_t cpu = qmp_get_int(args, "cpu-index", 0);
    bool running = vcpus_running();
    X86State state;

    if (cpu < 0 || cpu >= vcpu_count()) {
        error_setg(errp, "Parameter 'cpu-index' expects a CPU number");
        return NULL;
    }
    if (running) {
        vcpus_pause();
    }
    vcpu_get_state(vcpu_get(cpu), &state);
    save_to_file(args, read_linear, &state, errp);
    if (running) {
        vcpus_resume();
    }
    return NULL;
}

/* ------------------------------------------------------------------------------ descriptors -- */

static json_t *getfd(QmpSession *session, json_t *args, GError **errp)
{
    const char *name = qmp_get_str(args, "fdname");
    int fd = qmp_session_take_fd(session);

    if (fd < 0) {
        error_setg(errp, "No file descriptor supplied via SCM_RIGHTS");
        return NULL;
    }
    if (g_ascii_isdigit(*name)) {
        close(fd);
        error_setg(errp, "Parameter 'fdname' expects a name not starting with a digit");
        return NULL;
    }
    qmp_session_keep_fd(session, name, fd);
    return NULL;
}

static json_t *closefd(QmpSession *session, json_t *args, GError **errp)
{
    const char *name = qmp_get_str(args, "fdname");

    if (!qmp_session_drop_fd(session, name)) {
        error_setg(errp, "File descriptor named '%s' not found", name);
    }
    return NULL;
}

/* A connection that the client accepted, for VNC or for a chardev that waits for one (its id). */
static json_t *add_client(QmpSession *session, json_t *args, GError **errp)
{
    const char *name = qmp_get_str(args, "fdname");
    const char *protocol = qmp_get_str(args, "protocol");
    Chardev *chr = chardev_find(protocol);
    int fd = qmp_session_use_fd(session, name);
    bool taken = false;

    if (fd < 0) {
        error_setg(errp, "File descriptor named '%s' has not been found", name);
        return NULL;
    }
    if (g_str_equal(protocol, "vnc")) {
        taken = vnc_add_client(fd, qmp_get_bool(args, "skipauth", false), errp);
    } else if (chr) {
        taken = chardev_add_client(chr, fd, errp);
    } else {
        error_setg(errp, "protocol '%s' is invalid", protocol);
    }
    if (!taken) {
        close(fd);
    }
    return NULL;
}

/* ----------------------------------------------------------------------------------- table -- */

const QmpCommand qmp_host_commands[] = {
    {.name = "eject",
     .args = QMP_MEMBERS(QMP_MAY("device", qmp_str), QMP_MAY("id", qmp_str),
                         QMP_MAY("force", qmp_bool)),
     .run = eject},
    {.name = "blockdev-change-medium",
     .args = QMP_MEMBERS(QMP_MAY("device", qmp_str), QMP_MAY("id", qmp_str),
                         QMP_MUST("filename", qmp_str), QMP_MAY("format", qmp_str),
                         QMP_MAY("force", qmp_bool)),
     .run = change_medium},
    {.name = "memsave",
     .args = QMP_MEMBERS(QMP_MUST("val", qmp_uint), QMP_MUST("size", qmp_uint),
                         QMP_MUST("filename", qmp_str), QMP_MAY("cpu-index", qmp_int)),
     .run = memsave},
    {.name = "pmemsave",
     .args = QMP_MEMBERS(QMP_MUST("val", qmp_uint), QMP_MUST("size", qmp_uint),
                         QMP_MUST("filename", qmp_str)),
     .run = pmemsave},
    {.name = "getfd", .args = QMP_MEMBERS(QMP_MUST("fdname", qmp_str)), .run = getfd},
    {.name = "add_client",
     .args = QMP_MEMBERS(QMP_MUST("protocol", qmp_str), QMP_MUST("fdname", qmp_str),
                         QMP_MAY("skipauth", qmp_bool), QMP_MAY("tls", qmp_bool)),
     .run = add_client},
    {.name = "closefd", .args = QMP_MEMBERS(QMP_MUST("fdname", qmp_str)), .run = closefd},
    {}};
