/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QMP sessions: greeting, negotiation, one reply per message, events to all.
 *
 * Commands run to their end before the next message is looked at, so there is never one for an
 * out-of-band command to overtake; "oob" is offered because clients ask for it, and changes only
 * which commands may be sent by exec-oob.
 *
 * A client that does not read its replies is not read either. Events for it are kept up to a limit
 * and then dropped.
 */
#include "system/qmp.h"

#include <string.h>
#include <unistd.h>

#include "options.h"
#include "qmp-input.h"
#include "qmp-internal.h"

#define SESSION_EVENTS_MAX (1024 * 1024) /* bytes not yet taken beyond which events are dropped */

struct QmpSession {
    Chardev *chr;
    QmpInput *input;
    bool pretty;
    bool negotiated;
    bool oob;
    GString *output; /* what the chardev has no room for yet */
    GHashTable *fds; /* char * -> int: by getfd */
};

static GPtrArray *sessions; /* QmpSession */

/* --------------------------------------------------------------------------------- output -- */

static void session_flush(QmpSession *session)
{
    size_t done = chardev_write(session->chr, session->output->str, session->output->len);

    /* A peer that goes meanwhile empties the buffer. */
    g_string_erase(session->output, 0, MIN(done, session->output->len));
    if (session->output->len && chardev_room(session->chr)) {
        g_string_truncate(session->output, 0); /* refused for another reason: nobody is there */
    }
}

/* Takes over `message`. */
static void session_send(QmpSession *session, json_t *message)
{
    g_autofree char *text =
        json_dumps(message, JSON_ENSURE_ASCII | (session->pretty ? JSON_INDENT(4) : 0));

    json_decref(message);
    g_assert(text);
    g_string_append(session->output, text);
    g_string_append(session->output, "\r\n");
    session_flush(session);
}

void qmp_event(const char *name, json_t *data)
{
    gint64 now = g_get_real_time();
    const QmpEvent *row = qmp_events;
    json_t *event;

    while (row->name && !g_str_equal(row->name, name)) {
        row++;
    }
    g_assert(row->name && !row->data == !data);
    g_assert(!data || qmp_check_members(row->data, data, false, NULL));
    event = json_pack("{s:{s:I,s:I}, s:s}", "timestamp", "seconds",
                      (json_int_t)(now / G_USEC_PER_SEC), "microseconds",
                      (json_int_t)(now % G_USEC_PER_SEC), "event", name);
    if (data) {
        json_object_set_new(event, "data", data);
    }
    for (unsigned i = 0; sessions && i < sessions->len; i++) {
        QmpSession *session = sessions->pdata[i];

        if (session->negotiated && session->output->len < SESSION_EVENTS_MAX) {
            session_send(session, json_incref(event));
        }
    }
    json_decref(event);
}

json_t *qmp_version(void)
{
    return json_pack("{s:{s:i, s:i, s:i}, s:s}", "qemu", "major", COMPAT_MAJOR, "minor",
                     COMPAT_MINOR, "micro", COMPAT_MICRO, "package", "Lignite " LIGNITE_VERSION);
}

static void send_greeting(QmpSession *session)
{
    session_send(session, json_pack("{s:{s:o, s:[s]}}", "QMP", "version", qmp_version(),
                                    "capabilities", "oob"));
}

/* ------------------------------------------------------------------------------- commands -- */

const QmpCommand *qmp_find_command(const char *name)
{
    for (const QmpCommand *const *table = qmp_commands; *table; table++) {
        for (const QmpCommand *row = *table; row->name; row++) {
            if (g_str_equal(row->name, name)) {
                return row;
            }
        }
    }
    return NULL;
}

/* The one command that is a matter of the session alone: its row has no function. */
static void negotiate(QmpSession *session, json_t *args)
{
    size_t index;
    json_t *capability;

    json_array_foreach (json_object_get(args, "enable"), index, capability) {
        session->oob = true; /* the only one there is */
    }
    session->negotiated = true;
}

typedef struct Request {
    const char *name;
    bool oob;
    json_t *args; /* NULL: none given */
} Request;

/* The parts of a message, all borrowed. */
static bool parse_request(QmpSession *session, json_t *message, Request *request, GError **errp)
{
    json_t *command = NULL;
    const char *key;
    json_t *value;

    if (!json_is_object(message)) {
        error_setg(errp, "QMP input must be a JSON object");
        return false;
    }
    json_object_foreach (message, key, value) {
        if (g_str_equal(key, "execute") || (session->oob && g_str_equal(key, "exec-oob"))) {
            if (command) {
                error_setg(errp, "QMP input member 'execute' clashes with 'exec-oob'");
                return false;
            }
            if (!json_is_string(value)) {
                error_setg(errp, "QMP input member '%s' must be a string", key);
                return false;
            }
            command = value;
            request->oob = g_str_equal(key, "exec-oob");
        } else if (g_str_equal(key, "arguments")) {
            if (!json_is_object(value)) {
                error_setg(errp, "QMP input member 'arguments' must be an object");
                return false;
            }
            request->args = value;
        } else if (!g_str_equal(key, "id")) {
            error_setg(errp, "QMP input member '%s' is unexpected", key);
            return false;
        }
    }
    if (!command) {
        error_setg(errp, "QMP input lacks member 'execute'");
        return false;
    }
    request->name = json_string_value(command);
    return true;
}

static const QmpCommand *find_allowed(QmpSession *session, const Request *request, GError **errp)
{
    bool negotiation = g_str_equal(request->name, "qmp_capabilities");
    const QmpCommand *command = qmp_find_command(request->name);

    if (negotiation && session->negotiated) {
        qmp_error_setg(errp, QMP_ERROR_COMMAND_NOT_FOUND,
                       "Capabilities negotiation is already complete, command ignored");
        return NULL;
    }
    if (!negotiation && !session->negotiated) {
        qmp_error_setg(errp, QMP_ERROR_COMMAND_NOT_FOUND,
                       "Expecting capabilities negotiation with 'qmp_capabilities'");
        return NULL;
    }
    if (!command) {
        qmp_error_setg(errp, QMP_ERROR_COMMAND_NOT_FOUND, "The command %s has not been found",
                       request->name);
        return NULL;
    }
    if (request->oob && !command->oob) {
        error_setg(errp, "The command %s does not support OOB", request->name);
        return NULL;
    }
    return command;
}

/* A new reference to what the command returns, or NULL. */
static json_t *execute(QmpSession *session, json_t *message, GError **errp)
{
    Request request = {};
    const QmpCommand *command;
    g_autoptr(GError) err = NULL;
    json_t *args, *result = NULL;

    if (!parse_request(session, message, &request, errp)) {
        return NULL;
    }
    command = find_allowed(session, &request, errp);
    if (!command) {
        return NULL;
    }
    args = request.args ? json_incref(request.args) : json_object();
    if (!qmp_check_args(command, args, &err)) {
        g_propagate_error(errp, g_steal_pointer(&err));
    } else if (!command->run) {
        negotiate(session, args);
        result = json_object();
    } else {
        result = command->run(session, args, &err);
        if (err) {
            g_assert(!result);
            g_propagate_error(errp, g_steal_pointer(&err));
        } else if (!result) {
            result = json_object();
        }
    }
    json_decref(args);
    return result;
}

static const char *error_class(const GError *err)
{
    static const char *const names[] = {
        [QMP_ERROR_GENERIC] = "GenericError",
        [QMP_ERROR_COMMAND_NOT_FOUND] = "CommandNotFound",
        [QMP_ERROR_DEVICE_NOT_FOUND] = "DeviceNotFound",
    };

    return names[err->domain == QMP_ERROR ? err->code : QMP_ERROR_GENERIC];
}

static json_t *error_reply(const GError *err)
{
    /* It may quote the client, and a GError is not bound to be UTF-8. */
    g_autofree char *text = g_utf8_make_valid(err->message, -1);

    return json_pack("{s:{s:s, s:s}}", "error", "class", error_class(err), "desc", text);
}

static void session_message(void *opaque, json_t *message, const GError *parse_error)
{
    QmpSession *session = opaque;
    g_autoptr(GError) err = NULL;
    json_t *result, *reply, *id;

    if (parse_error) {
        session_send(session, error_reply(parse_error));
        return;
    }
    result = execute(session, message, &err);
    reply = result ? json_pack("{s:o}", "return", result) : error_reply(err);
    id = json_object_get(message, "id");
    if (id) {
        json_object_set(reply, "id", id);
    }
    session_send(session, reply);
}

/* --------------------------------------------------------------------------- the chardev -- */

static void close_fd(void *data)
{
    close(GPOINTER_TO_INT(data));
}

static void session_reset(QmpSession *session)
{
    qmp_input_reset(session->input);
    g_string_truncate(session->output, 0);
    g_hash_table_remove_all(session->fds);
    session->negotiated = false;
    session->oob = false;
}

static size_t session_can_receive(void *opaque)
{
    QmpSession *session = opaque;

    return session->output->len ? 0 : 4096;
}

static void session_receive(void *opaque, const uint8_t *buf, size_t len)
{
    QmpSession *session = opaque;

    qmp_input_feed(session->input, (const char *)buf, len);
}

static void session_event(void *opaque, ChardevEvent event)
{
    QmpSession *session = opaque;

    switch (event) {
    case CHARDEV_OPENED:
        session_reset(session);
        send_greeting(session);
        break;
    case CHARDEV_CLOSED:
        session_reset(session);
        break;
    default:
        break;
    }
}

static void session_drained(void *opaque)
{
    QmpSession *session = opaque;

    session_flush(session);
    if (!session->output->len) {
        chardev_accept_input(session->chr);
    }
}

static const ChardevHandlers session_handlers = {
    .can_receive = session_can_receive,
    .receive = session_receive,
    .event = session_event,
    .drained = session_drained,
};

int qmp_session_take_fd(QmpSession *session)
{
    return chardev_take_fd(session->chr);
}

void qmp_session_keep_fd(QmpSession *session, const char *name, int fd)
{
    g_hash_table_replace(session->fds, g_strdup(name), GINT_TO_POINTER(fd));
}

int qmp_session_use_fd(QmpSession *session, const char *name)
{
    g_autofree char *key = NULL;
    gpointer fd;

    if (!g_hash_table_steal_extended(session->fds, name, (gpointer *)&key, &fd)) {
        return -1;
    }
    return GPOINTER_TO_INT(fd);
}

bool qmp_session_drop_fd(QmpSession *session, const char *name)
{
    return g_hash_table_remove(session->fds, name);
}

static void session_free(void *data)
{
    QmpSession *session = data;

    chardev_detach(session->chr, session);
    qmp_input_free(session->input);
    g_string_free(session->output, TRUE);
    g_hash_table_unref(session->fds);
    g_free(session);
}

bool qmp_new(Chardev *chr, bool pretty, GError **errp)
{
    QmpSession *session = g_new0(QmpSession, 1);

    session->chr = chr;
    session->pretty = pretty;
    session->input = qmp_input_new(session_message, session);
    session->output = g_string_new(NULL);
    session->fds = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, close_fd);
    if (!sessions) {
        sessions = g_ptr_array_new_with_free_func(session_free);
    }
    g_ptr_array_add(sessions, session);
    if (!chardev_attach(chr, &session_handlers, session, errp)) {
        g_ptr_array_remove(sessions, session);
        return false;
    }
    return true;
}

void qmp_close_all(void)
{
    g_clear_pointer(&sessions, g_ptr_array_unref);
}
