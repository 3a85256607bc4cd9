/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QMP commands and events of displays: the screen, VNC, keys and pointers.
 */
#include <string.h>

#include "backends/display.h"
#include "backends/ui/ui.h"
#include "backends/ui/vnc.h"
#include "display-commands.h"
#include "hw/core/device.h"
#include "hw/input/input.h"
#include "qmp-commands.h"
#include "system/qmp.h"

/* -------------------------------------------------------------------------------- the screen -- */

static const QmpType image_format = QMP_ENUM("ppm", "png");

static json_t *screendump(QmpSession *session, json_t *args, GError **errp)
{
    const char *format = qmp_get_str(args, "format");
    const char *device = qmp_get_str(args, "device");
    int64_t head = qmp_get_int(args, "head", 0);
    Console *con;

    if (!device && json_object_get(args, "head")) {
        error_setg(errp, "'head' must be specified together with 'device'");
        return NULL;
    }
    if (device && !device_find(device)) {
        qmp_error_setg(errp, QMP_ERROR_DEVICE_NOT_FOUND, "Device '%s' not found", device);
        return NULL;
    }
    con = display_find_console(device, head, errp);
    if (con) {
        console_screendump(con, qmp_get_str(args, "filename"),
                           g_strcmp0(format, "png") ? SCREENDUMP_PPM : SCREENDUMP_PNG, errp);
    }
    return NULL;
}

static const QmpType display_type = QMP_ENUM("none", "text", "curses", "sdl", "vnc");
static const QmpType display_options = QMP_STRUCT(QMP_MUST("type", display_type));

static json_t *query_display_options(QmpSession *session, json_t *args, GError **errp)
{
    return json_pack("{s:s}", "type", display_current());
}

/* --------------------------------------------------------------------------------------- VNC -- */

static const QmpType network_family = QMP_ENUM("ipv4", "ipv6", "unix", "unknown");
static const QmpType vnc_auth = QMP_ENUM("none", "vnc");
static const QmpType vnc_client_info =
    QMP_STRUCT(QMP_MUST("host", qmp_str), QMP_MUST("service", qmp_str),
               QMP_MUST("family", network_family), QMP_MUST("websocket", qmp_bool));
static const QmpType vnc_client_infos = QMP_LIST(vnc_client_info);
static const QmpType vnc_info = QMP_STRUCT(
    QMP_MUST("enabled", qmp_bool), QMP_MAY("host", qmp_str), QMP_MAY("family", network_family),
    QMP_MAY("service", qmp_str), QMP_MAY("auth", vnc_auth), QMP_MAY("clients", vnc_client_infos));
static const QmpType vnc_listen_info = QMP_STRUCT(
    QMP_MUST("host", qmp_str), QMP_MUST("service", qmp_str), QMP_MUST("family", network_family),
    QMP_MUST("websocket", qmp_bool), QMP_MUST("auth", vnc_auth));
static const QmpType vnc_listen_infos = QMP_LIST(vnc_listen_info);
static const QmpType vnc_server_info =
    QMP_STRUCT(QMP_MUST("id", qmp_str), QMP_MUST("server", vnc_listen_infos),
               QMP_MUST("clients", vnc_client_infos), QMP_MUST("auth", vnc_auth));
static const QmpType vnc_server_infos = QMP_LIST(vnc_server_info);

static json_t *peer_json(const VncPeer *peer)
{
    return json_pack("{s:s, s:s, s:s, s:b}", "host", peer->names.host, "service",
                     peer->names.service, "family", peer->names.family, "websocket",
                     peer->websocket);
}

static json_t *listen_json(const VncPeer *peer, const char *auth)
{
    json_t *info = peer_json(peer);

    json_object_set_new(info, "auth", json_string(auth));
    return info;
}

static void add_server(const VncServerInfo *server, void *opaque)
{
    json_t *listeners = json_array();

    for (unsigned i = 0; i < server->n_listeners; i++) {
        json_array_append_new(listeners, listen_json(&server->listeners[i], server->auth));
    }
    json_array_append_new(opaque, json_pack("{s:s, s:o, s:[], s:s}", "id", server->id, "server",
                                            listeners, "clients", "auth", server->auth));
}

static void add_viewer(const VncPeer *peer, void *opaque)
{
    json_t *server = json_array_get(opaque, json_array_size(opaque) - 1);

    json_array_append_new(json_object_get(server, "clients"), peer_json(peer));
}

static json_t *query_vnc_servers(QmpSession *session, json_t *args, GError **errp)
{
    json_t *list = json_array();

    vnc_foreach(add_server, add_viewer, list);
    return list;
}

/* The first server alone, in one object with where it listens. */
static json_t *query_vnc(QmpSession *session, json_t *args, GError **errp)
{
    json_t *list = query_vnc_servers(session, args, errp);
    json_t *server = json_array_get(list, 0);
    json_t *listener = json_array_get(json_object_get(server, "server"), 0);
    json_t *info = json_pack("{s:b}", "enabled", server != NULL);

    for (const char *const *name = (const char *const[]){"host", "service", "family", "auth", NULL};
         server && *name; name++) {
        json_object_set(info, *name, json_object_get(listener, *name));
    }
    if (server) {
        json_object_set(info, "clients", json_object_get(server, "clients"));
    }
    json_decref(list);
    return info;
}

static json_t *change_vnc_password(QmpSession *session, json_t *args, GError **errp)
{
    vnc_set_password(NULL, qmp_get_str(args, "password"), errp);
    return NULL;
}

static const QmpType password_protocol = QMP_ENUM("vnc");
static const QmpType password_connected = QMP_ENUM("fail", "disconnect", "keep");

static json_t *set_password(QmpSession *session, json_t *args, GError **errp)
{
    const char *connected = qmp_get_str(args, "connected");

    if (connected && !g_str_equal(connected, "keep")) {
        error_setg(errp, "parameter 'connected' must be 'keep' when 'protocol' is 'vnc'");
        return NULL;
    }
    vnc_set_password(qmp_get_str(args, "display"), qmp_get_str(args, "password"), errp);
    return NULL;
}

static json_t *expire_password(QmpSession *session, json_t *args, GError **errp)
{
    display_expire_password(qmp_get_str(args, "display"), qmp_get_str(args, "time"), errp);
    return NULL;
}

const QmpMember qmp_viewer_event[] = {
    QMP_MUST("server", vnc_listen_info), QMP_MUST("client", vnc_client_info), {}};

static void on_viewer(VncEvent event, const VncPeer *here, const char *auth, const VncPeer *peer)
{
    static const char *const names[] = {[VNC_CONNECTED] = "VNC_CONNECTED",
                                        [VNC_INITIALIZED] = "VNC_INITIALIZED",
                                        [VNC_DISCONNECTED] = "VNC_DISCONNECTED"};

    qmp_event(names[event], json_pack("{s:o, s:o}", "server", listen_json(here, auth), "client",
                                      peer_json(peer)));
}

void qmp_ui_events_init(void)
{
    vnc_set_observer(on_viewer);
}

/* ----------------------------------------------------------------------------- keys, pointers --
 */

static const char *const qcode_names[] = {"asterisk", /* the keypad's, which is kp_multiply, too */
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
    json_array_foreach(json_object_get(args, "keys"), index, key)
    {
        g_ptr_array_add(names, key_name(key));
    }
    g_ptr_array_add(names, NULL);
    chord = g_strjoinv("-", (char **)names->pdata);
    input_send_keys(chord, hold, errp);
    return NULL;
}

static const QmpType axis = QMP_ENUM("x", "y");
static const QmpType button = QMP_ENUM("left", "middle", "right", "wheel-up", "wheel-down", "side",
                                       "extra", "wheel-left", "wheel-right");
static const QmpType key_event = QMP_STRUCT(QMP_MUST("key", key_value), QMP_MUST("down", qmp_bool));
static const QmpType button_event =
    QMP_STRUCT(QMP_MUST("button", button), QMP_MUST("down", qmp_bool));
/* A PS/2 mouse takes moves of nine bits; what is more comes as several. */
static const QmpType distance = {.kind = QMP_KIND_INT, .name = "int", .min = -32768, .max = 32767};
static const QmpType move_event = QMP_STRUCT(QMP_MUST("axis", axis), QMP_MUST("value", distance));
static const QmpType position = {
    .kind = QMP_KIND_INT, .name = "int", .min = 0, .max = INPUT_ABSOLUTE_MAX};
static const QmpType position_event =
    QMP_STRUCT(QMP_MUST("axis", axis), QMP_MUST("value", position));
static const QmpType event_kind = QMP_ENUM("key", "btn", "rel", "abs");
static const QmpType input_event = {
    .kind = QMP_KIND_OBJECT,
    .members = QMP_MEMBERS(QMP_MUST("type", event_kind)),
    .variants = (const QmpVariant[]){{"key", QMP_MEMBERS(QMP_MUST("data", key_event))},
                                     {"btn", QMP_MEMBERS(QMP_MUST("data", button_event))},
                                     {"rel", QMP_MEMBERS(QMP_MUST("data", move_event))},
                                     {"abs", QMP_MEMBERS(QMP_MUST("data", position_event))},
                                     {}},
};
static const QmpType input_events = QMP_LIST(input_event);

static InputButton button_of(const char *name)
{
    static const struct {
        const char *name;
        InputButton button;
    } rows[] = {
        {"left", INPUT_BUTTON_LEFT},
        {"middle", INPUT_BUTTON_MIDDLE},
        {"right", INPUT_BUTTON_RIGHT},
        {"wheel-up", INPUT_BUTTON_WHEEL_UP},
        {"wheel-down", INPUT_BUTTON_WHEEL_DOWN},
        {"side", INPUT_BUTTON_SIDE},
        {"extra", INPUT_BUTTON_EXTRA},
        {"wheel-left", INPUT_BUTTON_WHEEL_LEFT},
        {"wheel-right", INPUT_BUTTON_WHEEL_RIGHT},
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

        if (g_str_equal(kind, "rel")) {
            input_send_relative(x ? value : 0, x ? 0 : value);
        } else {
            /* One axis at a time: the other stays where the last event put it. */
            static int at[2];

            at[!x] = value;
            input_send_absolute(at[0], at[1]);
        }
    }
}

static json_t *input_send_event(QmpSession *session, json_t *args, GError **errp)
{
    json_t *events = json_object_get(args, "events");
    size_t index;
    json_t *event;

    json_array_foreach(events, index, event)
    {
        json_t *key = json_object_get(json_object_get(event, "data"), "key");
        KeyCode code;

        if (key && !key_of(key, &code, errp)) {
            return NULL; /* none of them is sent */
        }
    }
    json_array_foreach(events, index, event)
    {
        send_event(event);
    }
    input_send_sync();
    return NULL;
}

static const QmpType mouse_info =
    QMP_STRUCT(QMP_MUST("name", qmp_str), QMP_MUST("index", qmp_int), QMP_MUST("current", qmp_bool),
               QMP_MUST("absolute", qmp_bool));
static const QmpType mouse_infos = QMP_LIST(mouse_info);

static void add_mouse(const InputPointer *pointer, void *opaque)
{
    json_array_append_new(opaque, json_pack("{s:s, s:i, s:b, s:b}", "name", pointer->name, "index",
                                            (int)pointer->index, "current", pointer->current,
                                            "absolute", pointer->absolute));
}

static json_t *query_mice(QmpSession *session, json_t *args, GError **errp)
{
    json_t *list = json_array();

    input_foreach_pointer(add_mouse, list);
    return list;
}

/* ----------------------------------------------------------------------------------- table -- */

const QmpCommand qmp_ui_commands[] = {
    {.name = "screendump",
     .args = QMP_MEMBERS(QMP_MUST("filename", qmp_str), QMP_MAY("device", qmp_str),
                         QMP_MAY("head", qmp_int), QMP_MAY("format", image_format)),
     .run = screendump},
    {.name = "query-display-options", .returns = &display_options, .run = query_display_options},
    {.name = "query-vnc", .returns = &vnc_info, .run = query_vnc},
    {.name = "query-vnc-servers", .returns = &vnc_server_infos, .run = query_vnc_servers},
    {.name = "change-vnc-password",
     .args = QMP_MEMBERS(QMP_MUST("password", qmp_str)),
     .run = change_vnc_password},
    {.name = "set_password",
     .args = QMP_MEMBERS(QMP_MUST("protocol", password_protocol), QMP_MUST("password", qmp_str),
                         QMP_MAY("connected", password_connected), QMP_MAY("display", qmp_str)),
     .run = set_password},
    {.name = "expire_password",
     .args = QMP_MEMBERS(QMP_MUST("protocol", password_protocol), QMP_MUST("time", qmp_str),
                         QMP_MAY("display", qmp_str)),
     .run = expire_password},
    {.name = "send-key",
     .args = QMP_MEMBERS(QMP_MUST("keys", key_values), QMP_MAY("hold-time", qmp_int)),
     .run = send_key},
    {.name = "input-send-event",
     .args = QMP_MEMBERS(QMP_MAY("device", qmp_str), QMP_MAY("head", qmp_int),
                         QMP_MUST("events", input_events)),
     .run = input_send_event},
    {.name = "query-mice", .returns = &mouse_infos, .run = query_mice},
    {}};
