/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VNC servers: where they listen, who is connected, what they show.
 *
 * The picture is drawn for viewers alone: without one the server is no listener of the console, and
 * costs nothing.
 */
#include "backends/ui/vnc.h"

#include <errno.h>
#include <glib-unix.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backends/display.h"
#include "backends/parse.h"
#include "backends/ui/ui.h"
#include "error.h"
#include "vnc-internal.h"

#define VNC_PORT              5900
#define VNC_WEBSOCK_PORT      5700
#define VNC_MAX_CLIENTS       32 /* and as many that are still shaking hands */
#define ACCEPT_RETRY_MS       250
#define VNC_NO_CONSOLE_WIDTH  640
#define VNC_NO_CONSOLE_HEIGHT 480

typedef enum SharePolicy { SHARE_ALLOW_EXCLUSIVE, SHARE_FORCE_SHARED, SHARE_IGNORE } SharePolicy;

typedef struct Listener {
    VncServer *server;
    int fd;
    guint source;
    bool websocket;
    char *path; /* of a unix socket, to be removed */
} Listener;

typedef struct Connection {
    VncClient *client;
    VncPeer here; /* our end */
    TAILQ_ENTRY(Connection) link;
} Connection;

struct VncServer {
    char *id;
    bool wants_password;
    char *password;
    gint64 password_ends; /* seconds since 1970 */
    SharePolicy share;
    GArray *listeners;                    /* Listener; not moved once the first source exists */
    GArray *addresses;                    /* VncPeer, of each listener */
    Console *console;                     /* the listener of which we are, or NULL */
    guint idle;                           /* a source that stands in for the refresh of a console */
    pixman_image_t *image;                /* NULL: nobody looks */
    TAILQ_HEAD(, Connection) connections; /* oldest first */
    TAILQ_ENTRY(VncServer) link;
};

static TAILQ_HEAD(, VncServer) servers = TAILQ_HEAD_INITIALIZER(servers);

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

static void observe(VncEvent event, const Connection *connection, const VncServer *server)
{
    if (observer) {
        observer(event, &connection->here, auth_name(server), vnc_client_peer(connection->client));
    }
}

/* --------------------------------------------------------------------------------- the picture */

/* Calls `fn` for each client, which may free itself. */
#define FOREACH_CLIENT(server, fn, ...)                                                            \
    do {                                                                                           \
        Connection *next_, *this_ = TAILQ_FIRST(&(server)->connections);                           \
                                                                                                   \
        for (; this_; this_ = next_) {                                                             \
            next_ = TAILQ_NEXT(this_, link);                                                       \
            fn(this_->client, ##__VA_ARGS__);                                                      \
        }                                                                                          \
    } while (0)

static void take_image(VncServer *server, pixman_image_t *image)
{
    g_clear_pointer(&server->image, pixman_image_unref);
    server->image = image;
}

static void on_update(void *opaque, int x, int y, int width, int height)
{
    FOREACH_CLIENT((VncServer *)opaque, vnc_client_changed, x, y, width, height);
}

static void on_resize(void *opaque, pixman_image_t *image)
{
    VncServer *server = opaque;

    take_image(server, pixman_image_ref(image));
    FOREACH_CLIENT(server, vnc_client_resize);
}

static void on_refreshed(void *opaque)
{
    FOREACH_CLIENT((VncServer *)opaque, vnc_client_refreshed);
}

static void show_nothing(VncServer *server)
{
    take_image(server, pixman_image_create_bits(PIXMAN_x8r8g8b8, VNC_NO_CONSOLE_WIDTH,
                                                VNC_NO_CONSOLE_HEIGHT, NULL, 0));
    FOREACH_CLIENT(server, vnc_client_resize);
}

static void on_gone(void *opaque)
{
    VncServer *server = opaque;

    server->console = NULL;
    show_nothing(server);
}

static const ConsoleListener listener_ops = {
    .update = on_update, .resize = on_resize, .refreshed = on_refreshed, .gone = on_gone};

/* Somebody looks. */
static void start_looking(VncServer *server)
{
    if (server->image) {
        return;
    }
    server->console = console_default();
    if (server->console) {
        console_refresh(server->console); /* nobody has looked for long: it may have another size */
        take_image(server, pixman_image_ref(console_image(server->console)));
        console_add_listener(server->console, &listener_ops, server);
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
    if (server->idle) {
        g_source_remove(server->idle);
        server->idle = 0;
    }
    take_image(server, NULL);
}

/* ---------------------------------------------------------------------- what clients ask */

pixman_image_t *vnc_server_image(VncServer *server)
{
    return server->image;
}

const char *vnc_server_name(VncServer *server)
{
    return ui_title();
}

bool vnc_server_wants_password(VncServer *server)
{
    return server->wants_password;
}

const char *vnc_server_password(VncServer *server)
{
    bool over = g_get_real_time() / G_USEC_PER_SEC >= server->password_ends;

    return server->password && *server->password && !over ? server->password : NULL;
}

static gboolean on_idle(gpointer opaque)
{
    ((VncServer *)opaque)->idle = 0;
    on_refreshed(opaque);
    return G_SOURCE_REMOVE;
}

void vnc_server_wake(VncServer *server)
{
    if (server->console) {
        console_wake(server->console);
    } else if (!server->idle) {
        server->idle = g_timeout_add(CONSOLE_REFRESH_MS, on_idle, server);
    }
}

static Connection *find_connection(VncServer *server, const VncClient *client)
{
    Connection *connection;

    TAILQ_FOREACH (connection, &server->connections, link) {
        if (connection->client == client) {
            return connection;
        }
    }
    return NULL;
}

static unsigned count(const VncServer *server, bool initialized)
{
    Connection *connection;
    unsigned n = 0;

    TAILQ_FOREACH (connection, &server->connections, link) {
        n += vnc_client_is_initialized(connection->client) == initialized;
    }
    return n;
}

/* Every viewer but one has to go. */
static void disconnect_others(VncServer *server, const VncClient *client)
{
    Connection *next, *connection = TAILQ_FIRST(&server->connections);

    for (; connection; connection = next) {
        next = TAILQ_NEXT(connection, link);
        if (connection->client != client && vnc_client_is_initialized(connection->client)) {
            vnc_client_free(connection->client);
        }
    }
}

bool vnc_server_admit(VncServer *server, VncClient *client, bool shared)
{
    Connection *connection = find_connection(server, client);

    if (!shared && server->share == SHARE_FORCE_SHARED) {
        return false;
    }
    if (!shared && server->share == SHARE_ALLOW_EXCLUSIVE) {
        disconnect_others(server, client);
    }
    if (count(server, true) >= VNC_MAX_CLIENTS) {
        return false;
    }
    start_looking(server);
    observe(VNC_INITIALIZED, connection, server);
    return true;
}

void vnc_server_lost(VncServer *server, VncClient *client)
{
    Connection *connection = find_connection(server, client);

    TAILQ_REMOVE(&server->connections, connection, link);
    observe(VNC_DISCONNECTED, connection, server);
    g_free(connection);
    if (!count(server, true)) {
        stop_looking(server);
    }
}

/* ------------------------------------------------------------------------------- connections */

/* Of those that are still shaking hands, the oldest gives way. */
static void make_room(VncServer *server)
{
    Connection *connection;

    if (count(server, false) < VNC_MAX_CLIENTS) {
        return;
    }
    TAILQ_FOREACH (connection, &server->connections, link) {
        if (!vnc_client_is_initialized(connection->client)) {
            vnc_client_free(connection->client);
            return;
        }
    }
}

static void add_client(VncServer *server, int fd, bool websocket, bool authenticated)
{
    Connection *connection = g_new0(Connection, 1);
    int one = 1;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)); /* fails on a unix socket: good */
    make_room(server);
    socket_names(fd, false, &connection->here.names);
    connection->here.websocket = websocket;
    connection->client = vnc_client_new(server, fd, websocket, authenticated);
    TAILQ_INSERT_TAIL(&server->connections, connection, link);
    observe(VNC_CONNECTED, connection, server);
    vnc_client_start(connection->client);
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
        add_client(listener->server, peer, listener->websocket, false);
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
    add_client(server, fd, false, skip_auth);
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
    Connection *connection;

    while ((connection = TAILQ_FIRST(&server->connections))) {
        vnc_client_free(connection->client);
    }
    stop_looking(server);
    g_array_unref(server->listeners);
    g_array_unref(server->addresses);
    g_free(server->password);
    g_free(server->id);
    g_free(server);
}

static bool parse_share(Opts *opts, SharePolicy *share, GError **errp)
{
    static const char *const names[] = {"allow-exclusive", "force-shared", "ignore"};
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
    bool lossy = false, ignored = false;

    if (id && !parse_id("id", id, errp)) {
        return false;
    }
    server->id = g_strdup(id ? id : "default");
    if (find_server(server->id)) {
        error_setg(errp, "Duplicate ID '%s' for vnc: give one of them another id=", server->id);
        return false;
    }
    if (!opts_get_bool(opts, "password", &server->wants_password, errp) ||
        !parse_share(opts, &server->share, errp) || !opts_get_bool(opts, "lossy", &lossy, errp) ||
        !opts_get_bool(opts, "non-adaptive", &ignored, errp)) {
        return false;
    }
    if (lossy) {
        error_setg(errp, "lossy=on is not supported: pictures are sent as they are");
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
    server = g_new0(VncServer, 1);
    TAILQ_INIT(&server->connections);
    server->password_ends = G_MAXINT64;
    server->listeners = g_array_new(FALSE, FALSE, sizeof(Listener));
    g_array_set_clear_func(server->listeners, clear_listener);
    server->addresses = g_array_new(FALSE, FALSE, sizeof(VncPeer));
    if (!parse_options(server, opts, errp) || !listen_all(server, opts, address, errp)) {
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
    }
    return server;
}

bool vnc_set_password_expiry(const char *id, gint64 time, GError **errp)
{
    VncServer *server = find_server_with_password(id, errp);

    if (server) {
        server->password_ends = time;
    }
    return server;
}

void vnc_foreach(void (*on_server)(const VncServerInfo *info, void *opaque),
                 void (*on_client)(const VncPeer *peer, void *opaque), void *opaque)
{
    VncServer *server;
    Connection *connection;

    TAILQ_FOREACH (server, &servers, link) {
        VncServerInfo info = {
            .id = server->id,
            .auth = auth_name(server),
            .n_listeners = server->addresses->len,
            .listeners = (const VncPeer *)server->addresses->data,
            .n_clients = count(server, true) + count(server, false),
        };

        on_server(&info, opaque);
        TAILQ_FOREACH (connection, &server->connections, link) {
            if (on_client) {
                on_client(vnc_client_peer(connection->client), opaque);
            }
        }
    }
}
