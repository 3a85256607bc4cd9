/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where one QMP message ends and the next begins, in a stream of bytes.
 */
#ifndef LIGNITE_SYSTEM_QMP_INPUT_H
#define LIGNITE_SYSTEM_QMP_INPUT_H

#include <glib.h>
#include <jansson.h>
#include <stddef.h>

#define QMP_INPUT_MAX_DEPTH 1024
#define QMP_INPUT_MAX_SIZE (1024 * 1024)

typedef struct QmpInput QmpInput;

/* A whole message: `value` is borrowed and any JSON value; NULL with an error for a broken one. */
typedef void (*QmpInputFunc)(void *opaque, json_t *value, const GError *err);

QmpInput *qmp_input_new(QmpInputFunc func, void *opaque);
void qmp_input_free(QmpInput *input); /* NULL is allowed */

/*
 * Take bytes in pieces of any size; calls the function once per message that ends in them. What is
 * beyond the limits is an error at once, and all up to the end of the line is skipped. After a byte
 * that fits nowhere the next message is what is opened next, or what follows a control character.
 */
void qmp_input_feed(QmpInput *input, const char *bytes, size_t len);

/* Forget a half message: another peer is there. */
void qmp_input_reset(QmpInput *input);

#endif
