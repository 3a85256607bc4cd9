/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QMP commands at the machine's edges: media, the screen, keys and pointers, memory to files, file
 * descriptors.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "accel/accel.h"
#include "backends/block.h"
#include "backends/char.h"
#include "backends/display.h"
#include "hw/core/machine.h"
#include "hw/input/input.h"
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

/* ---------------------------------------------------------------------- the screen and keys -- */

static const QmpType image_format = QMP_ENUM("ppm", "png");

static json_t *screendump(QmpSession *session, json_t *args, GError **errp)
{
    const char *format = qmp_get_str(args, "format");
    Console *con = console_default();

    if (!con) {
        error_setg(errp, "There is no console to take a screendump from");
        return NULL;
    }
    console_screendump(con, qmp_get_str(args, "filename"),
                       g_strcmp0(format, "png") ? SCREENDUMP_PPM : SCREENDUMP_PNG, errp);
    return NULL;
}

static const char *const qcode_names[] = {
#define KEY(code, name, set1, set2) name,
#include "hw/input/keys.def"
#undef KEY
    NULL};
static const QmpType qcode = {.kind = QMP_KIND_ENUM, .values = qcode_names};
static const QmpType key_kind = QMP_ENUM("number", "qcode");
static const QmpType key_value = {
    .kind = QMP_KIND_OBJECT,
    .members = QMP_MEMBERS(QMP_MUST("type", key_kind)),
    .variants = (const QmpVariant[]){{"number", QMP_MEMBERS(QMP_MUST("data", qmp_int))},
                                     {"qcode", QMP_MEMBERS(QMP_MUST("data", qcode))},
                                     {}},
};
static const QmpType key_values = QMP_LIST(key_value);

/* The name that input.h knows a checked KeyValue by, to be freed. */
static char *key_name(json_t *key)
{
    json_t *data = json_object_get(key, "data");

    return json_is_string(data)
               ? g_strdup(json_string_value(data))
               : g_strdup_printf("0x%" G_GINT64_MODIFIER "x", (guint64)json_integer_value(data));
}

static bool key_of(json_t *key, KeyCode *code, GError **errp)
{
    g_autofree char *name = key_name(key);

    *code = key_code_from_name(name);
    if (*code == KEY_CODE_NONE) {
        error_setg(errp, "invalid parameter: %s", name);
        return false;
    }
    return true;
}

static json_t *send_key(QmpSession *session, json_t *args, GError **errp)
{
    int64_t hold = qmp_get_int(args, "hold-time", 0);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *chord = NULL;
    size_t index;
    json_t *key;

    if (hold < 0 || hold > 60000) {
        error_setg(errp, "Parameter 'hold-time' expects a time up to 60000 ms");
        return NULL;
    }
    json_array_foreach (json_object_get(args, "keys"), index, key) {
        g_ptr_array_add(names, key_name(key));
    }
    g_ptr_array_add(names, NULL);
    chord = g_strjoinv("-", (char **)names->pdata);
    input_send_keys(chord, hold, errp);
    return NULL;
}

static const QmpType axis = QMP_ENUM("x", "y");
static const QmpType button = QMP_ENUM("left", "middle", "right", "wheel-up", "wheel-down");
static const QmpType key_event =
    QMP_STRUCT(QMP_MUST("key", key_value), QMP_MUST("down", qmp_bool));
static const QmpType button_event =
    QMP_STRUCT(QMP_MUST("button", button), QMP_MUST("down", qmp_bool));
/* A PS/2 mouse takes moves of nine bits; what is more comes as several. */
static const QmpType distance = {
    .kind = QMP_KIND_INT, .name = "int", .min = -32768, .max = 32767};
static const QmpType move_event =
    QMP_STRUCT(QMP_MUST("axis", axis), QMP_MUST("value", distance));
static const QmpType event_kind = QMP_ENUM("key", "btn", "rel");
static const QmpType input_event = {
    .kind = QMP_KIND_OBJECT,
    .members = QMP_MEMBERS(QMP_MUST("type", event_kind)),
    .variants = (const QmpVariant[]){{"key", QMP_MEMBERS(QMP_MUST("data", key_event))},
                                     {"btn", QMP_MEMBERS(QMP_MUST("data", button_event))},
                                     {"rel", QMP_MEMBERS(QMP_MUST("data", move_event))},
                                     {}},
};
static const QmpType input_events = QMP_LIST(input_event);

static InputButton button_of(const char *name)
{
    static const struct {
        const char *name;
        InputButton button;
    } rows[] = {
        {"left", INPUT_BUTTON_LEFT},         {"middle", INPUT_BUTTON_MIDDLE},
        {"right", INPUT_BUTTON_RIGHT},       {"wheel-up", INPUT_BUTTON_WHEEL_UP},
        {"wheel-down", INPUT_BUTTON_WHEEL_DOWN},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (g_str_equal(rows[i].name, name)) {
            return rows[i].button;
        }
    }
    g_assert_not_reached(); /* it has been checked */
}

/* One checked event; a key's code has been checked, too. */
static void send_event(json_t *event)
{
    const char *kind = qmp_get_str(event, "type");
    json_t *data = json_object_get(event, "data");
    bool down = qmp_get_bool(data, "down", false);

    if (g_str_equal(kind, "key")) {
        KeyCode code = KEY_CODE_NONE;

        key_of(json_object_get(data, "key"), &code, NULL);
        input_send_key(code, down);
    } else if (g_str_equal(kind, "btn")) {
        input_send_button(button_of(qmp_get_str(data, "button")), down);
    } else {
        int value = qmp_get_int(data, "value", 0);
        bool x = g_str_equal(qmp_get_str(data, "axis"), "x");

        input_send_relative(x ? value : 0, x ? 0 : value);
    }
}

static json_t *input_send_event(QmpSession *session, json_t *args, GError **errp)
{
    json_t *events = json_object_get(args, "events");
    size_t index;
    json_t *event;

    json_array_foreach (events, index, event) {
        json_t *key = json_object_get(json_object_get(event, "data"), "key");
        KeyCode code;

        if (key && !key_of(key, &code, errp)) {
            return NULL; /* none of them is sent */
        }
    }
    json_array_foreach (events, index, event) {
        send_event(event);
    }
    input_send_sync();
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

/* A connection that the client accepted, for a chardev that waits for one; `protocol` is its id. */
static json_t *add_client(QmpSession *session, json_t *args, GError **errp)
{
    const char *name = qmp_get_str(args, "fdname");
    const char *protocol = qmp_get_str(args, "protocol");
    Chardev *chr = chardev_find(protocol);
    int fd = qmp_session_use_fd(session, name);

    if (fd < 0) {
        error_setg(errp, "File descriptor named '%s' has not been found", name);
        return NULL;
    }
    if (!chr) {
        error_setg(errp, "protocol '%s' is invalid", protocol);
    }
    if (!chr || !chardev_add_client(chr, fd, errp)) {
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
    {.name = "screendump",
     .args = QMP_MEMBERS(QMP_MUST("filename", qmp_str), QMP_MAY("format", image_format)),
     .run = screendump},
    {.name = "send-key",
     .args = QMP_MEMBERS(QMP_MUST("keys", key_values), QMP_MAY("hold-time", qmp_int)),
     .run = send_key},
    {.name = "input-send-event",
     .args = QMP_MEMBERS(QMP_MUST("events", input_events)),
     .run = input_send_event},
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
