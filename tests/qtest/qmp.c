/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qmp.h"

#include <glib/gstdio.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define PATIENCE_MS 60000

struct Qmp {
    char *folder;
    char *path;
    int fd;
    GString *input;
    GQueue events; /* json_t */
    char *text;    /* what the last call returned */
};

static void drop_events(Qmp *qmp)
{
    json_t *event;

    while ((event = g_queue_pop_head(&qmp->events))) {
        json_decref(event);
    }
}

void qmp_free(Qmp *qmp)
{
    close(qmp->fd);
    g_unlink(qmp->path);
    g_rmdir(qmp->folder);
    drop_events(qmp);
    g_string_free(qmp->input, TRUE);
    g_free(qmp->text);
    g_free(qmp->path);
    g_free(qmp->folder);
    g_free(qmp);
}

/* The next message: one a line, as the program writes them. */
static json_t *read_message(Qmp *qmp)
{
    char *newline;
    json_t *message;

    while (!(newline = strchr(qmp->input->str, '\n'))) {
        struct pollfd pfd = {.fd = qmp->fd, .events = POLLIN};
        char buf[4096];
        ssize_t n;

        g_assert_cmpint(poll(&pfd, 1, PATIENCE_MS), ==, 1);
        n = read(qmp->fd, buf, sizeof(buf));
        if (n <= 0) {
            g_error("QMP: the program has ended");
        }
        g_string_append_len(qmp->input, buf, n);
    }
    message = json_loadb(qmp->input->str, newline - qmp->input->str, 0, NULL);
    g_assert_nonnull(message);
    g_string_erase(qmp->input, 0, newline + 1 - qmp->input->str);
    return message;
}

static void say(Qmp *qmp, json_t *message)
{
    g_autofree char *text = json_dumps(message, JSON_COMPACT);

    json_decref(message);
    g_assert_cmpint(send(qmp->fd, text, strlen(text), MSG_NOSIGNAL), ==, strlen(text));
}

/* The next message that is no event. */
static json_t *read_reply(Qmp *qmp)
{
    json_t *message;

    while (json_object_get(message = read_message(qmp), "event")) {
        g_queue_push_tail(&qmp->events, message);
    }
    return message;
}

Vm *vm_start_qmp(Qmp **out, const char *fmt, ...)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    Qmp *qmp = *out = g_new0(Qmp, 1);
    g_autofree char *options = NULL;
    va_list ap;
    Vm *vm;

    qmp->folder = g_dir_make_tmp("lignite-XXXXXX", NULL);
    g_assert_nonnull(qmp->folder);
    qmp->path = g_build_filename(qmp->folder, "qmp", NULL);
    qmp->input = g_string_new(NULL);
    g_queue_init(&qmp->events);
    strcpy(address.sun_path, qmp->path);
    g_assert_cmpint(bind(listener, (struct sockaddr *)&address, sizeof(address)), ==, 0);
    g_assert_cmpint(listen(listener, 1), ==, 0);
    va_start(ap, fmt);
    options = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    vm = vm_start("-chardev socket,path=%s,id=qmp0 -object monitor-qmp,id=monitor0,chardev=qmp0 %s",
                  qmp->path, options);
    qmp->fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    g_assert_cmpint(qmp->fd, >=, 0);
    close(listener);
    json_decref(read_message(qmp)); /* the greeting */
    qmp_do(qmp, "qmp_capabilities", NULL);
    return vm;
}

json_t *qmp_ask(Qmp *qmp, const char *command, char **error, const char *fmt, ...)
{
    json_t *message = json_pack("{s:s}", "execute", command);
    json_t *reply, *result;

    if (fmt) {
        va_list ap;

        va_start(ap, fmt);
        json_object_set_new(message, "arguments", json_vpack_ex(NULL, 0, fmt, ap));
        va_end(ap);
    }
    say(qmp, message);
    reply = read_reply(qmp);
    result = json_incref(json_object_get(reply, "return"));
    if (!result) {
        const char *desc =
            json_string_value(json_object_get(json_object_get(reply, "error"), "desc"));

        if (!error) {
            g_error("%s: %s", command, desc);
        }
        *error = g_strdup(desc);
    }
    json_decref(reply);
    return result;
}

static const char *keep(Qmp *qmp, const char *text)
{
    g_free(qmp->text);
    qmp->text = g_strdup(text);
    return qmp->text;
}

const char *qmp_wait(Qmp *qmp, const char *event, const char *member)
{
    for (;;) {
        json_t *got =
            g_queue_is_empty(&qmp->events) ? read_message(qmp) : g_queue_pop_head(&qmp->events);
        bool found = g_strcmp0(json_string_value(json_object_get(got, "event")), event) == 0;

        if (found) {
            json_t *data = json_object_get(got, "data");

            keep(qmp, member ? json_string_value(json_object_get(data, member)) : "");
        }
        json_decref(got);
        if (found) {
            return qmp->text;
        }
    }
}

unsigned qmp_count(Qmp *qmp, const char *event)
{
    unsigned n = 0;

    qmp_do(qmp, "query-version", NULL);
    for (GList *link = qmp->events.head; link; link = link->next) {
        n += g_strcmp0(json_string_value(json_object_get(link->data, "event")), event) == 0;
    }
    return n;
}

const char *qmp_status(Qmp *qmp)
{
    json_t *status = qmp_ask(qmp, "query-status", NULL, NULL);

    keep(qmp, json_string_value(json_object_get(status, "status")));
    json_decref(status);
    return qmp->text;
}
