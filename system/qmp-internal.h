/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of QMP share: typed rows for commands and events, and errors with a class.
 *
 * Arguments are checked, and query-qmp-schema is answered, by walking over the rows.
 */
#ifndef LIGNITE_SYSTEM_QMP_INTERNAL_H
#define LIGNITE_SYSTEM_QMP_INTERNAL_H

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "error.h"

typedef struct QmpType QmpType;
typedef struct QmpSession QmpSession;

typedef enum QmpKind {
    QMP_KIND_STR,
    QMP_KIND_BOOL,
    QMP_KIND_INT,
    QMP_KIND_ANY,
    QMP_KIND_ENUM,   /* `values` */
    QMP_KIND_ARRAY,  /* of `element` */
    QMP_KIND_OBJECT, /* `members`; with `variants`, those of the case that the first member names */
} QmpKind;

typedef struct QmpMember {
    const char *name; /* NULL ends the table */
    const QmpType *type;
    bool optional;
} QmpMember;

typedef struct QmpVariant {
    const char *value; /* NULL ends the table */
    const QmpMember *members;
} QmpVariant;

struct QmpType {
    QmpKind kind;
    const char *name;           /* of the built-in types */
    int64_t min, max;           /* QMP_KIND_INT */
    const char *const *values;  /* QMP_KIND_ENUM: NULL-terminated */
    const QmpType *element;     /* QMP_KIND_ARRAY */
    const QmpMember *members;   /* QMP_KIND_OBJECT: NULL is an empty table */
    const QmpVariant *variants; /* QMP_KIND_OBJECT: may be NULL */
};

/* The built-in types. qmp_uint is an integer from 0 on, or an exact real above INT64_MAX. */
extern const QmpType qmp_str, qmp_bool, qmp_int, qmp_uint, qmp_any, qmp_empty;

/* What may follow a watchdog's expiry: for a command, and an event. */
extern const QmpType qmp_watchdog_action;

#define QMP_ENUM(...)                                                                              \
    {                                                                                              \
        .kind = QMP_KIND_ENUM, .values = (const char *const[]){__VA_ARGS__, NULL}                  \
    }
#define QMP_LIST(of)                                                                               \
    {                                                                                              \
        .kind = QMP_KIND_ARRAY, .element = &of                                                     \
    }
#define QMP_STRUCT(...)                                                                            \
    {                                                                                              \
        .kind = QMP_KIND_OBJECT, .members = QMP_MEMBERS(__VA_ARGS__)                               \
    }
#define QMP_MEMBERS(...)                                                                           \
    (const QmpMember[])                                                                            \
    {                                                                                              \
        __VA_ARGS__, {}                                                                            \
    }
#define QMP_MUST(n, t)                                                                             \
    {                                                                                              \
        .name = n, .type = &t                                                                      \
    }
#define QMP_MAY(n, t)                                                                              \
    {                                                                                              \
        .name = n, .type = &t, .optional = true                                                    \
    }

typedef struct QmpCommand {
    const char *name;        /* NULL ends a table */
    const QmpMember *args;   /* NULL: none */
    const QmpType *returns;  /* NULL: an empty object */
    /*
     * Do it. `args` have been checked. Returns a new reference, or NULL: with `errp` set when it
     * failed, and the empty object when not.
     */
    json_t *(*run)(QmpSession *session, json_t *args, GError **errp);
    bool oob;  /* may be sent by exec-oob: does not wait for anything */
    bool open; /* takes members beyond `args`, which it checks itself */
    const QmpType *union_args; /* in place of `args`, where the first decides on the others */
} QmpCommand;

typedef struct QmpEvent {
    const char *name;
    const QmpMember *data; /* NULL: none */
} QmpEvent;

/* All commands, a NULL-terminated list of tables; and all events: qmp-tables.c. */
extern const QmpCommand *const qmp_commands[];
extern const QmpEvent qmp_events[];

const QmpCommand *qmp_find_command(const char *name);

/* The reply to query-version, and part of the greeting. */
json_t *qmp_version(void);

/* ------------------------------------------------------------------------------- errors -- */

/* The classes that clients tell apart; any GError of another domain is a GenericError. */
typedef enum QmpErrorClass {
    QMP_ERROR_GENERIC,
    QMP_ERROR_COMMAND_NOT_FOUND,
    QMP_ERROR_DEVICE_NOT_FOUND,
} QmpErrorClass;

#define QMP_ERROR g_quark_from_static_string("lignite-qmp")
#define qmp_error_setg(errp, cls, ...) g_set_error(errp, QMP_ERROR, cls, __VA_ARGS__)

/* ------------------------------------------------------------------- qmp-types.c, -schema.c -- */

/*
 * Check an object against a table. Fails in QEMU's words: "Parameter 'x' is missing", "Invalid
 * parameter type for 'x', expected: string", "Parameter 'x' is unexpected" (not if `open`).
 */
bool qmp_check_args(const QmpCommand *command, json_t *args, GError **errp);
bool qmp_check_members(const QmpMember *members, json_t *object, bool open, GError **errp);
bool qmp_check_value(const QmpType *type, json_t *value, const char *path, GError **errp);

/* Members of checked arguments. The string, or NULL; the number, or `absent`. */
const char *qmp_get_str(json_t *args, const char *name);
int64_t qmp_get_int(json_t *args, const char *name, int64_t absent);
uint64_t qmp_get_uint(json_t *args, const char *name, uint64_t absent);
bool qmp_get_bool(json_t *args, const char *name, bool absent);

/* What an integer is as JSON: beyond INT64_MAX jansson has only reals. */
json_t *qmp_uint_json(uint64_t value);

/* The reply to query-qmp-schema. */
json_t *qmp_schema(void);

/* ------------------------------------------------------------------------------ sessions -- */

/* A file descriptor that the client sent with its last message, or -1; the caller's. */
int qmp_session_take_fd(QmpSession *session);

/* Keep a descriptor under a name, in place of an older one; and let it go. */
void qmp_session_keep_fd(QmpSession *session, const char *name, int fd);
bool qmp_session_drop_fd(QmpSession *session, const char *name);

/* The descriptor that is kept under a name, which is then the caller's; -1: there is none. */
int qmp_session_use_fd(QmpSession *session, const char *name);

#endif
