/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QMP beside a qtest client's lines:
 *
 *     Qmp *qmp;
 *     Vm *vm = vm_start_qmp(&qmp, "-device pvpanic");
 *
 *     outb(vm, 0x505, 1);
 *     g_assert_cmpstr(qmp_wait(qmp, "GUEST_PANICKED", "action"), ==, "poweroff");
 *
 * What is not as it should be fails the test.
 */
#ifndef LIGNITE_TESTS_QTEST_QMP_H
#define LIGNITE_TESTS_QTEST_QMP_H

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

#include "vm.h"

typedef struct Qmp Qmp;

/* As vm_start(), with a QMP session beside; events come from then on. */
Vm *vm_start_qmp(Qmp **qmp, const char *fmt, ...) G_GNUC_PRINTF(2, 3);
void qmp_free(Qmp *qmp); /* after the machine has ended */

/*
 * Say {"execute": command, "arguments": ...}, with the arguments as jansson packs them (NULL:
 * none). Returns what it returns, which the caller drops; NULL with `*error` (freed by the caller)
 * when it fails, which is wrong where `error` is NULL.
 */
json_t *qmp_ask(Qmp *qmp, const char *command, char **error, const char *fmt, ...);

/* Say it, and drop what it returns. */
#define qmp_do(qmp, command, ...) json_decref(qmp_ask(qmp, command, NULL, __VA_ARGS__))

/*
 * Wait for the event and forget it and those before it. Returns the string `member` of its data
 * ("" where `member` is NULL), valid until the next call.
 */
const char *qmp_wait(Qmp *qmp, const char *event, const char *member);

/* How many of that event have come that were not forgotten yet: all that are due by now. */
unsigned qmp_count(Qmp *qmp, const char *event);

/* The "status" of query-status, valid until the next call. */
const char *qmp_status(Qmp *qmp);

#endif
