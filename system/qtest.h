/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIGNITE_SYSTEM_QTEST_H
#define LIGNITE_SYSTEM_QTEST_H

#include "options.h"

/* -qtest and -qtest-log. Errors begin with the option. Lock held. */

/* Open what -qtest names, before any other chardev: a client expects us there first. */
bool qtest_open(const Options *options, GError **errp);

/* Take the client's lines from now on: once the machine is complete. */
bool qtest_serve(const Options *options, GError **errp);

/* Before the machine goes. */
void qtest_end(void);

#endif
