/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the qtest server share.
 */
#ifndef LIGNITE_ACCEL_QTEST_INTERNAL_H
#define LIGNITE_ACCEL_QTEST_INTERNAL_H

#include "accel/qtest.h"

#define QTEST_DATA_MAX (32u << 20)               /* bytes that one read or write may move */
#define QTEST_LINE_MAX (2 * QTEST_DATA_MAX + 256) /* a write of that in hexadecimal */

typedef struct Intercept Intercept;

struct QtestServer {
    Chardev *chr;
    QtestConfig config;
    bool connected;
    int64_t opened_us; /* g_get_monotonic_time(): the log counts from here */

    GByteArray *in;  /* received, not yet run */
    size_t searched; /* bytes of `in` that are known to hold no newline */
    bool skipping;   /* the rest of a line that was too long */
    GByteArray *out; /* answers that the chardev has not taken yet: no line runs meanwhile */
    bool running;    /* a line is: what it says is sent when it is done */
    guint resume;    /* idle source that goes on with what waits */

    bool stepping; /* a clock line is at work, in slices */
    int64_t step_target;

    Intercept *intercept; /* NULL: no device is intercepted */
};

/* server.c: a line to the client, without its newline: an event, or the answer to a line. */
void qtest_send(QtestServer *s, const char *line, size_t len);
void qtest_answer(QtestServer *s, const char *line, size_t len);
void qtest_answerf(QtestServer *s, const char *fmt, ...) G_GNUC_PRINTF(2, 3);

/* server.c: move virtual time to `target`, then answer. */
void qtest_step_to(QtestServer *s, int64_t target);

/* commands.c: run one line (without the newline, ended by NUL, changed) and answer it. */
void qtest_run_line(QtestServer *s, char *line, size_t len);

/*
 * intercept.c: report level changes of a device's unnamed inputs, or of its outputs called `name`
 * (NULL: the unnamed). False: it has none.
 */
Intercept *intercept_new(Device *dev, bool out, const char *name, IrqHandler report,
                         void *opaque);
bool intercept_is_of(const Intercept *intercept, const Device *dev);
void intercept_free(Intercept *intercept); /* NULL is allowed */

#endif
