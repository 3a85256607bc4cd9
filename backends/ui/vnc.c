/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VNC servers: where they listen, who is connected, what they show.
 *
 * The picture is drawn for viewers alone: without one the server is no listener of the console, and
 * costs nothing.
 */
#include "backends/ui/vnc.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <stdio.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backends/display.h"
#include "backends/parse.h"
#include "backends/ui/ui.h"
#include "error.h"
#include "keymap.h"
#include "vnc-library.h"

#define VNC_PORT              5900
#define VNC_WEBSOCK_PORT      5700
#define VNC_MAX_VIEWERS       32                    /* and as many that are still shaking hands */
#define VNC_MAX_SOCKETS       (4 * VNC_MAX_VIEWERS) /* with those that were told to go */
#define ACCEPT_RETRY_MS       250
#define VNC_NO_CONSOLE_WIDTH  640
#define VNC_NO_CONSOLE_HEIGHT 480

typedef struct Listener {
    VncServer *server;
    int fd;
    guint source;
    bool websocket;
    char *path; /* of a unix socket, to be removed */
} Listener;

typedef struct Viewer {
    VncServer *server;
    int fd; /* a second one of the thread's socket, with which to shut it down */
    VncPeer here, peer;
    bool initialized; /* is past the handshake */
    bool leaving;     /* was shut down */
    bool held[KEY_CODES];
    unsigned buttons;
    bool pointer_seen;
    int pointer_x, pointer_y;
    TAILQ_ENTRY(Viewer) link;
} Viewer;

struct VncServer {
    char *id;
    bool wants_password, lossy;
    char *password;
    gint64 password_ends; /* seconds since 1970 */
    VncShare share;
    GArray *listeners; /* Listener; not moved once the first source exists */
    GArray *addresses; /* VncPeer, of each listener */
    VncScreen *screen;
    bool looking;                 /* there are viewers */
    Console *console;             /* the listener of which we are, or NULL */
    pixman_image_t *image;        /* its picture */
    bool replaced;                /* not shown yet: a new picture, */
    pixman_region32_t region;     /* or this part of it */
    TAILQ_HEAD(, Viewer) viewers; /* oldest first */
    TAILQ_ENTRY(VncServer) link;
};

static TAILQ_HEAD(, VncServer) servers = TAILQ_HEAD_INITIALIZER(servers);

static const VncLibrary *library; /* of the module; there is one if there is a server */

static void (*observer)(VncEvent event, const VncPeer *here, const char *auth, const VncPeer *peer);

void vnc_set_observer(void (*fn)(VncEvent event, const VncPeer *here, const char *auth,
                                 const VncPeer *peer))
{
    observer = fn;
}

static const char *auth_name(const VncServer *server)
{
    return server->wants_password ? "vnc" : "none";
}

static void observe(VncEvent event, const Viewer *viewer)
{
    if (observer) {
        observer(event, &viewer->here, auth_name(viewer->server), &viewer->peer);
    }
}

/* --------------------------------------------------------------------------------- the picture */

static void clear_region(VncServer *server)
{
    pixman_region32_fini(&server->region);
    pixman_region32_init(&server->region);
}

static void show(VncServer *server, pixman_region32_t *changed)
{
    library->show(server->screen, server->image, changed);
    server->replaced = false;
    clear_region(server);
}

static void take_image(VncServer *server, pixman_image_t *image)
{
    g_clear_pointer(&server->image, pixman_image_unref);
    server->image = image;
}

static void on_update(void *opaque, int x, int y, int width, int height)
{
    VncServer *server = opaque;

    pixman_region32_union_rect(&server->region, &server->region, x, y, width, height);
}

static void on_resize(void *opaque, pixman_image_t *image)
{
    VncServer *server = opaque;

    take_image(server, pixman_image_ref(image));
    server->replaced = true;
}

static void on_refreshed(void *opaque)
{
    VncServer *server = opaque;

    if (server->replaced) {
        show(server, NULL);
    } else if (pixman_region32_not_empty(&server->region)) {
        show(server, &server->region);
    }
}

static void show_nothing(VncServer *server)
{
    take_image(server, pixman_image_create_bits(PIXMAN_x8r8g8b8, VNC_NO_CONSOLE_WIDTH,
                                                VNC_NO_CONSOLE_HEIGHT, NULL, 0));
    show(server, NULL);
}

static void on_gone(void *opaque)
{
    VncServer *server = opaque;

    server->console = NULL;
    show_nothing(server);
}

static const ConsoleListener listener_ops = {
    .update = on_update, .resize = on_resize, .refreshed = on_refreshed, .gone = on_gone};

/* Somebody looks: the picture is there before the thread hears of the viewer. */
static void start_looking(VncServer *server)
{
    if (server->looking) {
        return;
    }
    server->looking = true;
    server->console = console_default();
    if (server->console) {
        console_refresh(server->console); /* nobody has looked for long: it may have another size */
        take_image(server, pixman_image_ref(console_image(server->console)));
        console_add_listener(server->console, &listener_ops, server);
        show(server, NULL);
    } else {
        show_nothing(server);
    }
}

static void stop_looking(VncServer *server)
{
    if (server->console) {
        console_remove_listener(server->console, server);
        server->console = NULL;
    }
    take_image(server, NULL);
    server->looking = false;
}

/* Something will change, or somebody has come. */
static void wake_console(VncServer *server)
{
    if (server->console) {
        console_wake(server->console);
    }
}

/* ---------------------------------------------------------------------- what viewers do ------ */

static unsigned count(const VncServer *server, bool initialized)
{
    Viewer *viewer;
    unsigned n = 0;

    TAILQ_FOREACH (viewer, &server->viewers, link) {
        n += !viewer->leaving && viewer->initialized == initialized;
    }
    return n;
}

/* The thread finds that the connection broke, at once even if it waits for this viewer. */
static void send_away(Viewer *viewer)
{
    viewer->leaving = true;
    shutdown(viewer->fd, SHUT_RDWR);
}

static void viewer_initialized(void *opaque)
{
    Viewer *viewer = opaque;

    if (count(viewer->server, true) >= VNC_MAX_VIEWERS) {
        send_away(viewer);
        return;
    }
    viewer->initialized = true;
    wake_console(viewer->server);
    observe(VNC_INITIALIZED, viewer);
}

static void viewer_key(void *opaque, uint32_t keysym, bool down)
{
    Viewer *viewer = opaque;
    KeyCode key = keymap_lookup(keysym).key;

    if (key != KEY_CODE_NONE) {
        viewer->held[key] = down;
        input_send_key(key, down);
        input_send_sync();
    }
    wake_console(viewer->server);
}

static void send_buttons(Viewer *viewer, unsigned buttons)
{
    static const InputButton by_bit[] = {INPUT_BUTTON_LEFT,       INPUT_BUTTON_MIDDLE,
                                         INPUT_BUTTON_RIGHT,      INPUT_BUTTON_WHEEL_UP,
                                         INPUT_BUTTON_WHEEL_DOWN, INPUT_BUTTON_WHEEL_LEFT,
                                         INPUT_BUTTON_WHEEL_RIGHT};

    for (unsigned i = 0; i < G_N_ELEMENTS(by_bit); i++) {
        if ((buttons ^ viewer->buttons) & 1u << i) {
            input_send_button(by_bit[i], buttons & 1u << i);
        }
    }
    viewer->buttons = buttons;
}

static void viewer_pointer(void *opaque, int x, int y, int width, int height, unsigned buttons)
{
    Viewer *viewer = opaque;

    if (input_is_absolute()) {
        input_send_absolute(width > 1 ? x * INPUT_ABSOLUTE_MAX / (width - 1) : 0,
                            height > 1 ? y * INPUT_ABSOLUTE_MAX / (height - 1) : 0);
    } else if (viewer->pointer_seen && (x != viewer->pointer_x || y != viewer->pointer_y)) {
        input_send_relative(x - viewer->pointer_x, y - viewer->pointer_y);
    }
    viewer->pointer_seen = true;
    viewer->pointer_x = x;
    viewer->pointer_y = y;
    send_buttons(viewer, buttons);
    input_send_sync();
    wake_console(viewer->server);
}

/* Nothing stays pressed because a connection broke. */
static void viewer_gone(void *opaque)
{
    Viewer *viewer = opaque;
    VncServer *server = viewer->server;

    for (int key = 0; key < KEY_CODES; key++) {
        if (viewer->held[key]) {
            input_send_key(key, false);
        }
    }
    send_buttons(viewer, 0);
    input_send_sync();
    TAILQ_REMOVE(&server->viewers, viewer, link);
    observe(VNC_DISCONNECTED, viewer);
    close(viewer->fd);
    g_free(viewer);
    if (TAILQ_EMPTY(&server->viewers)) {
        stop_looking(server);
    }
}

static const VncViewerOps viewer_ops = {.initialized = viewer_initialized,
                                        .key = viewer_key,
                                        .pointer = viewer_pointer,
                                        .gone = viewer_gone};

/* ------------------------------------------------------------------------------- connections */

/* Of those that are still shaking hands, the oldest gives way. False: there is none. */
static bool make_room(VncServer *server)
{
    Viewer *viewer, *oldest = NULL;
    unsigned sockets = 0;

    TAILQ_FOREACH (viewer, &server->viewers, link) {
        sockets++;
        if (!oldest && !viewer->initialized && !viewer->leaving) {
            oldest = viewer;
        }
    }
    if (oldest && count(server, false) >= VNC_MAX_VIEWERS) {
        send_away(oldest);
    }
    return sockets < VNC_MAX_SOCKETS && count(server, true) < VNC_MAX_VIEWERS;
}

static void add_viewer(VncServer *server, int fd, bool websocket, bool authenticated)
{
    int second = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    Viewer *viewer;

    if (second < 0 || !make_room(server)) {
        close(fd);
        if (second >= 0) {
            close(second);
        }
        return;
    }
    viewer = g_new0(Viewer, 1);
    viewer->server = server;
    viewer->fd = second;
    viewer->here.websocket = viewer->peer.websocket = websocket;
    socket_names(fd, false, &viewer->here.names);
    socket_names(fd, true, &viewer->peer.names);
    TAILQ_INSERT_TAIL(&server->viewers, viewer, link);
    observe(VNC_CONNECTED, viewer);
    start_looking(server);
    library->add_viewer(server->screen, fd, authenticated, viewer);
}

static gboolean on_connection(int fd, GIOCondition condition, gpointer opaque);

static gboolean listen_again(gpointer opaque)
{
    Listener *listener = opaque;

    listener->source = g_unix_fd_add(listener->fd, G_IO_IN, on_connection, listener);
    return G_SOURCE_REMOVE;
}

static gboolean on_connection(int fd, GIOCondition condition, gpointer opaque)
{
    Listener *listener = opaque;
    int peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (peer >= 0) {
        add_viewer(listener->server, peer, listener->websocket, false);
    } else if (errno == EMFILE || errno == ENFILE) {
        /* There is no descriptor for who waits: let some go before the next look. */
        listener->source = g_timeout_add(ACCEPT_RETRY_MS, listen_again, listener);
        return G_SOURCE_REMOVE;
    }
    return G_SOURCE_CONTINUE;
}

bool vnc_add_client(int fd, bool skip_auth, GError **errp)
{
    VncServer *server = TAILQ_FIRST(&servers);

    if (!server) {
        error_setg(errp, "There is no VNC server: start with -vnc");
        return false;
    }
    add_viewer(server, fd, false, skip_auth);
    return true;
}

/* ---------------------------------------------------------------------------------- addresses */

static void add_listener(VncServer *server, int fd, bool websocket, const char *path)
{
    Listener listener = {
        .server = server, .fd = fd, .websocket = websocket, .path = g_strdup(path)};
    VncPeer address = {.websocket = websocket};

    socket_names(fd, false, &address.names);
    g_array_append_val(server->listeners, listener);
    g_array_append_val(server->addresses, address);
}

static void clear_listener(void *data)
{
    Listener *listener = data;

    if (listener->source) {
        g_source_remove(listener->source);
    }
    close(listener->fd);
    if (listener->path) {
        unlink(listener->path);
        g_free(listener->path);
    }
}

static bool listen_unix(VncServer *server, const char *path, GError **errp)
{
    int fd = socket_open_unix(path, true, errp);

    if (fd < 0) {
        return false;
    }
    add_listener(server, fd, false, path);
    return true;
}

/* At the first port that is free, of `first` to `last`. The port, or 0. */
static unsigned listen_tcp(VncServer *server, const char *host, unsigned first, unsigned last,
                           bool websocket, GError **errp)
{
    for (unsigned port = first;; port++) {
        g_autofree char *service = g_strdup_printf("%u", port);
        int fd = socket_open_tcp(host, service, true, port < last ? NULL : errp);

        if (fd >= 0) {
            add_listener(server, fd, websocket, NULL);
            return port;
        }
        if (port >= last) {
            return 0;
        }
    }
}

/* "HOST:NUMBER", where an IPv6 address stands in brackets. `*host` is to be freed. */
static bool split_address(const char *text, char **host, unsigned max, unsigned *number,
                          GError **errp)
{
    const char *colon = strrchr(text, ':');
    guint64 value;

    if (!colon || !g_ascii_string_to_unsigned(colon + 1, 10, 0, max, &value, NULL)) {
        error_setg(errp, "'%s' is no address: [HOST]:NUMBER with a number up to %u, or unix:PATH",
                   text, max);
        return false;
    }
    if (text[0] == '[' && colon > text + 1 && colon[-1] == ']') {
        *host = g_strndup(text + 1, colon - text - 2);
    } else {
        *host = g_strndup(text, colon - text);
    }
    *number = value;
    return true;
}

/* websocket=on is the port beside the display; PORT and HOST:PORT name another. */
static bool listen_websocket(VncServer *server, const char *value, const char *vnc_host,
                             unsigned display, GError **errp)
{
    g_autofree char *host = NULL;
    g_autofree char *address = NULL;
    unsigned port = VNC_WEBSOCK_PORT + display;

    if (g_str_equal(value, "off")) {
        return true;
    }
    if (!g_str_equal(value, "on")) {
        if (!strchr(value, ':')) {
            value = address = g_strdup_printf(":%s", value);
        }
        if (!split_address(value, &host, UINT16_MAX, &port, errp)) {
            return false;
        }
    }
    return listen_tcp(server, host && *host ? host : vnc_host, port, port, true, errp);
}

static bool listen_all(VncServer *server, Opts *opts, const char *address, GError **errp)
{
    const char *websocket = opts_get(opts, "websocket");
    g_autofree char *host = NULL;
    unsigned display, port;
    uint64_t to;

    if (g_str_has_prefix(address, "unix:")) {
        if (websocket && g_str_equal(websocket, "on")) {
            error_setg(errp, "websocket=on needs a display number: give websocket=PORT");
            return false;
        }
        return listen_unix(server, address + strlen("unix:"), errp) &&
               (!websocket || listen_websocket(server, websocket, "", 0, errp));
    }
    if (!split_address(address, &host, UINT16_MAX - VNC_PORT, &display, errp)) {
        return false;
    }
    to = display;
    if (!opts_get_uint(opts, "to", UINT16_MAX - VNC_PORT, &to, errp)) {
        return false;
    }
    port = listen_tcp(server, host, VNC_PORT + display, VNC_PORT + MAX(display, to), false, errp);
    return port && (!websocket || listen_websocket(server, websocket, host, port - VNC_PORT, errp));
}

/* ------------------------------------------------------------------------------------ servers */

static VncServer *find_server(const char *id)
{
    VncServer *server;

    TAILQ_FOREACH (server, &servers, link) {
        if (!id || g_str_equal(server->id, id)) {
            return server;
        }
    }
    return NULL;
}

static void server_free(VncServer *server)
{
    stop_looking(server);
    pixman_region32_fini(&server->region);
    g_array_unref(server->listeners);
    g_array_unref(server->addresses);
    g_free(server->password);
    g_free(server->id);
    g_free(server);
}

static bool parse_share(Opts *opts, VncShare *share, GError **errp)
{
    static const char *const names[] = {[VNC_ALLOW_EXCLUSIVE] = "allow-exclusive",
                                        [VNC_FORCE_SHARED] = "force-shared",
                                        [VNC_IGNORE_EXCLUSIVE] = "ignore"};
    const char *name = opts_get(opts, "share");

    for (size_t i = 0; name && i < G_N_ELEMENTS(names); i++) {
        if (g_str_equal(names[i], name)) {
            *share = i;
            return true;
        }
    }
    if (name) {
        error_setg(errp, "unknown share policy '%s': allow-exclusive, force-shared or ignore",
                   name);
    }
    return !name;
}

/* Everything but the addresses. */
static bool parse_options(VncServer *server, Opts *opts, GError **errp)
{
    const char *id = opts_get(opts, "id");
    bool ignored = false;

    if (id && !parse_id("id", id, errp)) {
        return false;
    }
    server->id = g_strdup(id ? id : "default");
    if (find_server(server->id)) {
        error_setg(errp, "Duplicate ID '%s' for vnc: give one of them another id=", server->id);
        return false;
    }
    if (!opts_get_bool(opts, "password", &server->wants_password, errp) ||
        !parse_share(opts, &server->share, errp) ||
        !opts_get_bool(opts, "lossy", &server->lossy, errp) ||
        !opts_get_bool(opts, "non-adaptive", &ignored, errp)) {
        return false;
    }
    opts_get(opts, "to");
    opts_get(opts, "websocket");
    return opts_check_unknown(opts, errp);
}

static void announce_server(const VncServer *server)
{
    for (unsigned i = 0; i < server->addresses->len; i++) {
        const VncPeer *peer = &g_array_index(server->addresses, VncPeer, i);
        bool v6 = g_str_equal(peer->names.family, "ipv6");

        fprintf(stderr, "VNC server running on %s%s%s:%s%s\n", v6 ? "[" : "",
                *peer->names.host ? peer->names.host : "unix", v6 ? "]" : "", peer->names.service,
                peer->websocket ? " (websocket)" : "");
    }
}

bool vnc_start(Opts *opts, bool announce, GError **errp)
{
    const char *address = opts_get(opts, "vnc");
    VncServer *server;

    if (!address) {
        error_setg(errp, "the address is missing: [HOST]:DISPLAY, unix:PATH or none");
        return false;
    }
    if (g_str_equal(address, "none")) {
        return true;
    }
    if (!library && !(library = ui_module_symbol(VNC_MODULE, VNC_MODULE_SYMBOL, errp))) {
        return false;
    }
    server = g_new0(VncServer, 1);
    TAILQ_INIT(&server->viewers);
    pixman_region32_init(&server->region);
    server->password_ends = G_MAXINT64;
    server->listeners = g_array_new(FALSE, FALSE, sizeof(Listener));
    g_array_set_clear_func(server->listeners, clear_listener);
    server->addresses = g_array_new(FALSE, FALSE, sizeof(VncPeer));
    if (!parse_options(server, opts, errp) || !listen_all(server, opts, address, errp)) {
        server_free(server);
        return false;
    }
    server->screen = library->screen_new(ui_title(), server->wants_password, server->lossy,
                                         server->share, &viewer_ops);
    if (!server->screen) {
        error_setg(errp, "no descriptors are left for VNC");
        server_free(server);
        return false;
    }
    for (unsigned i = 0; i < server->listeners->len; i++) {
        Listener *listener = &g_array_index(server->listeners, Listener, i);

        g_unix_set_fd_nonblocking(listener->fd, true, NULL);
        listen_again(listener);
    }
    TAILQ_INSERT_TAIL(&servers, server, link);
    if (announce) {
        announce_server(server);
    }
    return true;
}

void vnc_stop_all(void)
{
    VncServer *server;
    Viewer *viewer;

    TAILQ_FOREACH (server, &servers, link) {
        TAILQ_FOREACH (viewer, &server->viewers, link) {
            send_away(viewer);
        }
    }
    if (library) {
        library->stop();
    }
    while ((server = TAILQ_FIRST(&servers))) {
        TAILQ_REMOVE(&servers, server, link);
        server_free(server);
    }
}

static VncServer *find_server_with_password(const char *id, GError **errp)
{
    VncServer *server = find_server(id);

    if (!server) {
        error_setg(errp, "There is no VNC server%s%s: start with -vnc", id ? " " : "",
                   id ? id : "");
    } else if (!server->wants_password) {
        error_setg(errp, "The VNC server has no password: start it with -vnc ...,password=on");
        server = NULL;
    }
    return server;
}

bool vnc_set_password(const char *id, const char *password, GError **errp)
{
    VncServer *server = find_server_with_password(id, errp);

    if (server) {
        g_free(server->password);
        server->password = g_strdup(password);
        library->set_password(server->screen, password, server->password_ends);
    }
    return server;
}

bool vnc_set_password_expiry(const char *id, gint64 time, GError **errp)
{
    VncServer *server = find_server_with_password(id, errp);

    if (server) {
        server->password_ends = time;
        library->set_password(server->screen, server->password, time);
    }
    return server;
}

void vnc_foreach(void (*on_server)(const VncServerInfo *info, void *opaque),
                 void (*on_client)(const VncPeer *peer, void *opaque), void *opaque)
{
    VncServer *server;
    Viewer *viewer;

    TAILQ_FOREACH (server, &servers, link) {
        VncServerInfo info = {
            .id = server->id,
            .auth = auth_name(server),
            .n_listeners = server->addresses->len,
            .listeners = (const VncPeer *)server->addresses->data,
            .n_clients = count(server, true) + count(server, false),
        };

        on_server(&info, opaque);
        TAILQ_FOREACH (viewer, &server->viewers, link) {
            if (on_client && !viewer->leaving) {
                on_client(&viewer->peer, opaque);
            }
        }
    }
}
