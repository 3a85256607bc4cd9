/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The client's QMP: commands, their answers, and the events between them.
 */
#include "vm-internal.h"

/* The next message, whichever it is. */
static json_t *receive(Vm *vm)
{
    g_autofree char *line = vm_read_line(vm, &vm->qmp);
    json_error_t err;
    json_t *message = json_loads(line, 0, &err);

    if (!message) {
        g_error("not JSON: %s: %s", line, err.text);
    }
    return message;
}

static bool is_event(json_t *message, const char *name)
{
    const char *event = json_string_value(json_object_get(message, "event"));

    return event && (!name || g_str_equal(event, name));
}

static json_t *receive_answer(Vm *vm)
{
    json_t *message;

    while (is_event(message = receive(vm), NULL)) {
        g_queue_push_tail(&vm->events, message);
    }
    return message;
}

static json_t *ask(Vm *vm, const char *command, const char *args, va_list ap)
{
    json_t *message = json_pack("{s:s}", "execute", command);
    g_autofree char *text = NULL;
    char *dumped;

    if (args) {
        json_t *packed = json_vpack_ex(NULL, 0, args, ap);

        g_assert_nonnull(packed);
        json_object_set_new(message, "arguments", packed);
    }
    dumped = json_dumps(message, JSON_COMPACT);
    text = g_strconcat(dumped, "\n", NULL);
    free(dumped);
    json_decref(message);
    vm_say(vm, &vm->qmp, text);
    return receive_answer(vm);
}

json_t *vm_qmp(Vm *vm, const char *command, const char *args, ...)
{
    json_t *answer, *result;
    va_list ap;

    va_start(ap, args);
    answer = ask(vm, command, args, ap);
    va_end(ap);
    result = json_incref(json_object_get(answer, "return"));
    if (!result) {
        g_error("'%s' was answered by %s", command, json_dumps(answer, 0));
    }
    json_decref(answer);
    return result;
}

char *vm_qmp_error(Vm *vm, char **desc, const char *command, const char *args, ...)
{
    const char *class, *text;
    json_t *answer;
    char *copy;
    va_list ap;

    va_start(ap, args);
    answer = ask(vm, command, args, ap);
    va_end(ap);
    if (json_unpack(answer, "{s:{s:s, s:s}}", "error", "class", &class, "desc", &text) < 0) {
        g_error("'%s' was answered by %s", command, json_dumps(answer, 0));
    }
    copy = g_strdup(class);
    if (desc) {
        *desc = g_strdup(text);
    }
    json_decref(answer);
    return copy;
}

/* Take the first event of a name out of those that came. */
static json_t *take_event(Vm *vm, const char *name)
{
    for (GList *link = vm->events.head; link; link = link->next) {
        if (is_event(link->data, name)) {
            json_t *message = link->data;

            g_queue_delete_link(&vm->events, link);
            return message;
        }
    }
    return NULL;
}

json_t *vm_qmp_event(Vm *vm, const char *name)
{
    json_t *message = take_event(vm, name), *data;

    while (!message) {
        message = receive(vm);
        g_assert_true(is_event(message, NULL));
        if (!is_event(message, name)) {
            g_queue_push_tail(&vm->events, g_steal_pointer(&message));
        }
    }
    data = json_incref(json_object_get(message, "data"));
    json_decref(message);
    return data ? data : json_object();
}

bool vm_qmp_has_event(Vm *vm, const char *name)
{
    json_t *message;

    json_decref(vm_qmp(vm, "query-name", NULL)); /* what came before it has come */
    message = take_event(vm, name);
    json_decref(message);
    return message != NULL;
}

static void expect_member(json_t *object, const char *member, const char *value)
{
    g_assert_cmpstr(json_string_value(json_object_get(object, member)), ==, value);
    json_decref(object);
}

void vm_expect_event(Vm *vm, const char *name, const char *member, const char *value)
{
    json_t *data = vm_qmp_event(vm, name);

    if (member) {
        expect_member(data, member, value);
    } else {
        json_decref(data);
    }
}

void vm_expect_status(Vm *vm, const char *status)
{
    expect_member(vm_qmp(vm, "query-status", NULL), "status", status);
}

char *vm_hmp(Vm *vm, const char *fmt, ...)
{
    g_autofree char *line = NULL;
    json_t *answer;
    char *text;
    va_list ap;

    va_start(ap, fmt);
    line = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    answer = vm_qmp(vm, "human-monitor-command", "{s:s}", "command-line", line);
    text = g_strdup(json_string_value(answer));
    json_decref(answer);
    return text;
}

void vm_qmp_begin(Vm *vm)
{
    json_t *greeting = receive(vm);

    g_assert_nonnull(json_object_get(greeting, "QMP"));
    json_decref(greeting);
    json_decref(vm_qmp(vm, "qmp_capabilities", NULL));
}

void vm_qmp_end(Vm *vm)
{
    json_t *message;

    while ((message = g_queue_pop_head(&vm->events))) {
        json_decref(message);
    }
}
