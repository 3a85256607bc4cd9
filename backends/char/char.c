/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Character backends: the registry, the short forms, and what all kinds share.
 */
#include <errno.h>
#include <string.h>

#include "backends/parse.h"
#include "effect.h"
#include "error.h"
#include "internal.h"

static const ChardevKind *const kinds[] = {
    &chardev_null, &chardev_stdio,  &chardev_file,    &chardev_pipe,
    &chardev_pty,  &chardev_socket, &chardev_ringbuf,
};

static GPtrArray *chardevs; /* all of them, oldest first */

Chardev *chardev_find(const char *id)
{
    for (unsigned i = 0; chardevs && i < chardevs->len; i++) {
        Chardev *chr = chardevs->pdata[i];

        if (g_str_equal(chr->id, id)) {
            return chr;
        }
    }
    return NULL;
}

const char *chardev_id(const Chardev *chr)
{
    return chr->id;
}

const char *chardev_filename(const Chardev *chr)
{
    return chr->filename;
}

void chardev_free(Chardev *chr)
{
    if (!chr) {
        return;
    }
    if (chardevs) {
        g_ptr_array_remove(chardevs, chr);
    }
    chr->handlers = NULL;
    chr->kind->close(chr);
    g_byte_array_unref(chr->pending);
    g_free(chr->state);
    g_free(chr->filename);
    g_free(chr->id);
    g_free(chr);
}

Chardev *chardev_new_kind(const ChardevKind *kind, const char *id, Opts *opts, GError **errp)
{
    Chardev *chr = g_new0(Chardev, 1);

    chr->kind = kind;
    chr->id = g_strdup(id);
    chr->filename = g_strdup(kind->name);
    chr->state = g_malloc0(MAX(kind->state_size, 1));
    chr->pending = g_byte_array_new();
    if (!kind->open(chr, opts, errp)) {
        chardev_free(chr);
        return NULL;
    }
    if (!chardevs) {
        chardevs = g_ptr_array_new();
    }
    g_ptr_array_add(chardevs, chr);
    return chr;
}

static const ChardevKind *find_kind(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (g_str_equal(kinds[i]->name, name)) {
            return kinds[i];
        }
    }
    return NULL;
}

/* Whether the kind knows the key: asked before anything is opened. */
static bool check_key(const char *key, const char *value, void *opaque, GError **errp)
{
    static const char *const common[] = {"backend", "id", "mux", NULL};
    const ChardevKind *kind = opaque;

    if (g_strv_contains(common, key) || (kind->keys && g_strv_contains(kind->keys, key))) {
        return true;
    }
    error_setg(errp, "Invalid parameter '%s'", key);
    return false;
}

/* Make the chardev, and with mux=on the multiplexer in front of it, which then has the id. */
Chardev *chardev_new(Opts *opts, GError **errp)
{
    const char *backend = opts_get(opts, "backend");
    const char *id = opts_get(opts, "id");
    const ChardevKind *kind;
    bool mux = false;
    g_autofree char *base_id = NULL;
    Chardev *base, *chr;

    if (!backend) {
        error_setg(errp, "Parameter 'backend' is missing");
        return NULL;
    }
    if (!id) {
        error_setg(errp, "Parameter 'id' is missing");
        return NULL;
    }
    if (!parse_id("id", id, errp)) {
        return NULL;
    }
    kind = find_kind(backend);
    if (!kind) {
        error_setg(errp, "'%s' is not a valid char driver name: -chardev help lists them", backend);
        return NULL;
    }
    if (chardev_find(id)) {
        error_setg(errp, "Duplicate ID '%s' for chardev", id);
        return NULL;
    }
    if (!opts_get_bool(opts, "mux", &mux, errp) ||
        !opts_foreach(opts, check_key, (void *)kind, errp)) {
        return NULL;
    }
    base_id = mux ? g_strconcat(id, "-base", NULL) : g_strdup(id);
    base = chardev_new_kind(kind, base_id, opts, errp);
    if (!base || !mux) {
        return base;
    }
    opts_set(opts, "chardev", base_id);
    chr = chardev_new_kind(&chardev_mux, id, opts, errp);
    if (!chr) {
        chardev_free(base);
    }
    return chr;
}

/* "unix:PATH,server=on" and "tcp:HOST:PORT,..." in the words of -chardev socket; [HOST] for IPv6.
 */
static bool parse_socket(const char *text, bool is_unix, Opts *opts, GError **errp)
{
    g_autoptr(Opts) parsed = opts_parse(text, "path", errp);
    g_autofree char *address = parsed ? opts_take(parsed, "path") : NULL;

    if (!parsed) {
        return false;
    }
    if (!address || !*address) {
        error_setg(errp, "an address is missing");
        return false;
    }
    if (is_unix) {
        opts_set(opts, "path", address);
    } else {
        char *colon = strrchr(address, ':');

        if (!colon) {
            error_setg(errp, "'%s' is not HOST:PORT", address);
            return false;
        }
        *colon = '\0';
        if (address[0] == '[' && colon[-1] == ']') {
            colon[-1] = '\0';
            opts_set(opts, "host", address + 1);
        } else {
            opts_set(opts, "host", address);
        }
        opts_set(opts, "port", colon + 1);
    }
    opts_set(opts, "backend", "socket");
    opts_merge(opts, parsed);
    return true;
}

Chardev *chardev_new_compat(const char *id, const char *text, bool *mon, GError **errp)
{
    g_autoptr(Opts) opts = opts_new();
    const char *rest = text;

    *mon = g_str_has_prefix(text, "mon:");
    if (*mon) {
        rest += strlen("mon:");
        opts_set(opts, "mux", "on");
    }
    opts_set(opts, "id", id);
    if (g_str_equal(rest, "none") && !*mon) {
        return NULL;
    }
    if (g_str_has_prefix(rest, "chardev:") && !*mon) {
        Chardev *chr = chardev_find(rest + strlen("chardev:"));

        if (!chr) {
            error_setg(errp, "chardev '%s' not found", rest + strlen("chardev:"));
        }
        return chr;
    }
    if (g_str_equal(rest, "null") || g_str_equal(rest, "pty") || g_str_equal(rest, "stdio")) {
        opts_set(opts, "backend", rest);
        if (*mon && g_str_equal(rest, "stdio")) {
            opts_set(opts, "signal", "off"); /* Ctrl-C is the guest's, Ctrl-A x ends */
        }
    } else if (g_str_has_prefix(rest, "file:") || g_str_has_prefix(rest, "pipe:")) {
        opts_set(opts, "backend", rest[0] == 'f' ? "file" : "pipe");
        opts_set(opts, "path", rest + strlen("file:"));
    } else if (g_str_has_prefix(rest, "unix:") || g_str_has_prefix(rest, "tcp:")) {
        bool is_unix = rest[0] == 'u';

        if (!parse_socket(strchr(rest, ':') + 1, is_unix, opts, errp)) {
            return NULL;
        }
    } else {
        error_setg(errp,
                   "could not connect to '%s': use stdio, mon:stdio, file:F, pipe:F, unix:F,"
                   " tcp:H:P, pty, null, none or chardev:ID",
                   rest);
        return NULL;
    }
    return chardev_new(opts, errp);
}

/* --------------------------------------------------------------------------------- users -- */

void chardev_event(Chardev *chr, ChardevEvent event)
{
    if (chr->handlers && chr->handlers->event) {
        chr->handlers->event(chr->opaque, event);
    }
}

bool chardev_attach(Chardev *chr, const ChardevHandlers *handlers, void *opaque, GError **errp)
{
    if (chr->kind == &chardev_mux) {
        return chardev_mux_attach(chr, handlers, opaque, errp);
    }
    if (chr->handlers) {
        error_setg(errp, "chardev '%s' is already in use", chr->id);
        return false;
    }
    chr->handlers = handlers;
    chr->opaque = opaque;
    if (chr->peer) {
        chardev_event(chr, CHARDEV_OPENED);
    }
    chardev_accept_input(chr);
    return true;
}

void chardev_detach(Chardev *chr, void *opaque)
{
    if (chr->kind == &chardev_mux) {
        chardev_mux_detach(chr, opaque);
    } else if (chr->opaque == opaque) {
        chr->handlers = NULL;
        chr->opaque = NULL;
    }
}

size_t chardev_can_receive(Chardev *chr)
{
    if (!chr->handlers || !chr->handlers->receive) {
        return 0;
    }
    return chr->handlers->can_receive ? chr->handlers->can_receive(chr->opaque) : 4096;
}

void chardev_receive(Chardev *chr, const uint8_t *buf, size_t len)
{
    if (chr->handlers && chr->handlers->receive) {
        chr->handlers->receive(chr->opaque, buf, len);
    }
}

bool chardev_add_client(Chardev *chr, int fd, GError **errp)
{
    if (!chr->kind->add_client) {
        error_setg(errp, "chardev '%s' is a %s: it takes no connections", chr->id, chr->kind->name);
        return false;
    }
    return chr->kind->add_client(chr, fd, errp);
}

void chardev_accept_input(Chardev *chr)
{
    if (chr->kind->accept_input) {
        chr->kind->accept_input(chr);
    }
}

void chardev_set_peer(Chardev *chr, bool peer)
{
    if (chr->peer != peer) {
        chr->peer = peer;
        if (!peer) {
            chr->dropped += chr->pending->len;
            g_byte_array_set_size(chr->pending, 0);
        }
        chardev_event(chr, peer ? CHARDEV_OPENED : CHARDEV_CLOSED);
        chardev_flush(chr); /* nothing keeps a user waiting that was refused */
    }
}

/* -------------------------------------------------------------------------------- output -- */

void chardev_flush(Chardev *chr)
{
    while (chr->pending->len) {
        ssize_t n = chr->kind->write(chr, chr->pending->data, chr->pending->len);

        if (n == 0) {
            return;
        }
        if (n < 0) { /* nobody is there any more */
            chr->dropped += chr->pending->len;
            g_byte_array_set_size(chr->pending, 0);
            break; /* and nothing keeps the user waiting */
        }
        g_byte_array_remove_range(chr->pending, 0, n);
    }
    if (chr->refused) {
        chr->refused = false;
        if (chr->handlers && chr->handlers->drained) {
            chr->handlers->drained(chr->opaque);
        }
    }
}

size_t chardev_room(const Chardev *chr)
{
    if (chr->kind == &chardev_mux) {
        return chardev_room(chardev_mux_base(chr));
    }
    return CHARDEV_PENDING_MAX - chr->pending->len;
}

size_t chardev_write(Chardev *chr, const void *buf, size_t len)
{
    const uint8_t *bytes = buf;
    size_t done = 0;
    size_t room;

    effect_note(effect_hook_backends, EFFECT_OUTPUT);
    if (!chr->pending->len) {
        while (done < len) {
            ssize_t n = chr->kind->write(chr, bytes + done, len - done);

            if (n < 0) {
                chr->dropped += len - done;
                return done; /* nobody is there: as a cable that is not plugged in */
            }
            if (n == 0) {
                break;
            }
            done += n;
        }
    }
    room = MIN(len - done, CHARDEV_PENDING_MAX - chr->pending->len);
    g_byte_array_append(chr->pending, bytes + done, room);
    chr->dropped += len - done - room;
    chr->refused = done + room < len;
    return done + room;
}

int chardev_take_fd(Chardev *chr)
{
    CharFd *cfd = chr->state;
    int fd;

    if (chr->kind != &chardev_socket || !cfd->fds || !cfd->fds->len) {
        return -1;
    }
    fd = g_array_index(cfd->fds, int, 0);
    g_array_remove_index(cfd->fds, 0);
    return fd;
}

void chardev_foreach(void (*fn)(Chardev *chr, void *opaque), void *opaque)
{
    for (unsigned i = 0; chardevs && i < chardevs->len; i++) {
        fn(chardevs->pdata[i], opaque);
    }
}

bool chardev_is_used(const Chardev *chr)
{
    return chr->kind == &chardev_mux ? chardev_mux_is_used(chr) : chr->handlers != NULL;
}

void chardev_print_info(GString *out)
{
    for (unsigned i = 0; chardevs && i < chardevs->len; i++) {
        Chardev *chr = chardevs->pdata[i];

        g_string_append_printf(out, "%s: filename=%s%s\n", chr->id,
                               chr->kind == &chardev_socket && !chr->peer ? "disconnected:" : "",
                               chr->filename);
    }
}

void chardev_print_help(GString *out)
{
    g_string_append(out, "Available chardev backend types:\n");
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        g_string_append_printf(out, "  %-10s %s\n", kinds[i]->name, kinds[i]->help);
    }
}

void chardev_close_all(void)
{
    while (chardevs && chardevs->len) {
        chardev_free(chardevs->pdata[chardevs->len - 1]);
    }
    g_clear_pointer(&chardevs, g_ptr_array_unref);
}

/* ------------------------------------------------------------------------- null, ringbuf -- */

static bool null_open(Chardev *chr, Opts *opts, GError **errp)
{
    chr->peer = true;
    return true;
}

static void null_close(Chardev *chr)
{
}

static ssize_t null_write(Chardev *chr, const uint8_t *buf, size_t len)
{
    return len;
}

const ChardevKind chardev_null = {
    .name = "null",
    .help = "drops what is written",
    .open = null_open,
    .close = null_close,
    .write = null_write,
};

/* The last `size` bytes written, for a monitor to read. */
typedef struct RingBuf {
    uint8_t *data;
    size_t size;
    size_t produced; /* bytes ever written; at most `size` of them are still there */
    size_t consumed;
} RingBuf;

static bool ringbuf_open(Chardev *chr, Opts *opts, GError **errp)
{
    RingBuf *ring = chr->state;
    uint64_t size = 65536;

    if (!opts_get_size(opts, "size", &size, errp)) {
        return false;
    }
    if (size == 0 || size > (16 << 20) || (size & (size - 1))) {
        error_setg(errp, "size of ringbuf chardev must be a power of two up to 16M");
        return false;
    }
    ring->size = size;
    ring->data = g_malloc0(size);
    chr->peer = true;
    return true;
}

static void ringbuf_close(Chardev *chr)
{
    RingBuf *ring = chr->state;

    g_free(ring->data);
}

static ssize_t ringbuf_write(Chardev *chr, const uint8_t *buf, size_t len)
{
    RingBuf *ring = chr->state;

    for (size_t i = 0; i < len; i++) {
        ring->data[ring->produced++ & (ring->size - 1)] = buf[i];
    }
    if (ring->produced - ring->consumed > ring->size) {
        ring->consumed = ring->produced - ring->size;
    }
    return len;
}

size_t chardev_ringbuf_read(Chardev *chr, void *buf, size_t len)
{
    RingBuf *ring = chr->state;
    uint8_t *bytes = buf;
    size_t n = 0;

    if (chr->kind != &chardev_ringbuf) {
        return 0;
    }
    while (n < len && ring->consumed < ring->produced) {
        bytes[n++] = ring->data[ring->consumed++ & (ring->size - 1)];
    }
    return n;
}

const ChardevKind chardev_ringbuf = {
    .name = "ringbuf",
    .help = "keeps the last bytes written, for a monitor: size=SIZE",
    .open = ringbuf_open,
    .close = ringbuf_close,
    .write = ringbuf_write,
    .keys = (const char *const[]){"size", NULL},
    .state_size = sizeof(RingBuf),
};
