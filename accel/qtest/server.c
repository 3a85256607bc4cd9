/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The qtest server's connection: lines in, answers out, and the steps of the clock, which may take
 * long.
 *
 * One line runs at a time, in order. While a client does not take its answers no further line
 * runs, and input stays in the chardev; so nothing grows without bound. After a line that asks for a
 * reset the main loop comes first.
 */
#include <string.h>

#include "hw/core/clock.h"
#include "hw/core/runstate.h"
#include "internal.h"

#define STEP_BUDGET 4096 /* timers that run before the main loop has its turn */
#define INPUT_ROOM 65536

static void pump(QtestServer *s);

/* Whether no line may run now. */
static bool must_wait(const QtestServer *s)
{
    return s->out->len || s->stepping || s->resume;
}

/* --------------------------------------------------------------------------------- output -- */

static void log_text(QtestServer *s, char kind, const char *text, size_t len)
{
    if (s->config.log) {
        int64_t us = g_get_monotonic_time() - s->opened_us;

        fprintf(s->config.log, "[%c +%" G_GINT64_FORMAT ".%06" G_GINT64_FORMAT "] ", kind,
                us / G_USEC_PER_SEC, us % G_USEC_PER_SEC);
        fwrite(text, 1, len, s->config.log);
        fputc('\n', s->config.log);
        fflush(s->config.log);
    }
}

/* Give the chardev what it takes; drained() comes when there is more room. */
static void flush(QtestServer *s)
{
    if (s->out->len) {
        g_byte_array_remove_range(s->out, 0, chardev_write(s->chr, s->out->data, s->out->len));
    }
}

void qtest_send(QtestServer *s, const char *line, size_t len)
{
    if (!s->connected) {
        return;
    }
    log_text(s, 'S', line, len);
    g_byte_array_append(s->out, (const uint8_t *)line, len);
    g_byte_array_append(s->out, (const uint8_t *)"\n", 1);
    if (!s->running) {
        flush(s);
    }
}

/*
 * What the line made due happens before its answer, and so before the next line; but a device that
 * makes something due over and over does not hold us.
 */
void qtest_answer(QtestServer *s, const char *line, size_t len)
{
    if (s->config.manual_clock) {
        clock_manual_advance(clock_get_ns(VM_CLOCK_VIRTUAL), STEP_BUDGET);
    }
    qtest_send(s, line, len);
}

void qtest_answerf(QtestServer *s, const char *fmt, ...)
{
    g_autofree char *line = NULL;
    va_list ap;

    va_start(ap, fmt);
    line = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    qtest_answer(s, line, strlen(line));
}

/* ---------------------------------------------------------------------------------- steps -- */

static void step(QtestServer *s)
{
    s->running = true;
    if (clock_manual_advance(s->step_target, STEP_BUDGET)) {
        s->stepping = false;
        qtest_answerf(s, "OK %" G_GINT64_FORMAT, clock_get_ns(VM_CLOCK_VIRTUAL));
    }
    s->running = false;
    flush(s);
}

void qtest_step_to(QtestServer *s, int64_t target)
{
    s->stepping = true;
    s->step_target = target;
}

static gboolean on_resume(void *opaque)
{
    QtestServer *s = opaque;

    s->resume = 0;
    pump(s);
    if (!must_wait(s)) {
        chardev_accept_input(s->chr);
    }
    return G_SOURCE_REMOVE;
}

/* Go on once the main loop has done what it has to. */
static void resume_later(QtestServer *s)
{
    if (!s->resume) {
        s->resume = g_idle_add_full(G_PRIORITY_DEFAULT, on_resume, s, NULL);
    }
}

/* ---------------------------------------------------------------------------------- lines -- */

static void run(QtestServer *s, char *line, size_t len)
{
    if (len == 0 || line[0] == '#') {
        return;
    }
    log_text(s, 'R', line, len);
    s->running = true;
    qtest_run_line(s, line, len);
    s->running = false;
    flush(s);
}

/* The first line received, its newline made NUL; NULL while it is not complete. */
static char *next_line(QtestServer *s, size_t start, size_t *len)
{
    char *data = (char *)s->in->data;
    char *newline = NULL;

    if (start + s->searched < s->in->len) {
        newline = memchr(data + start + s->searched, '\n', s->in->len - start - s->searched);
    }
    if (!newline) {
        s->searched = s->in->len - start;
        return NULL;
    }
    s->searched = 0;
    *newline = '\0';
    *len = newline - (data + start);
    return data + start;
}

static void run_lines(QtestServer *s)
{
    size_t done = 0, len;
    char *line;

    while (!must_wait(s) && (line = next_line(s, done, &len))) {
        done += len + 1;
        if (s->skipping) {
            s->skipping = false;
        } else {
            run(s, line, len);
        }
        if (runstate_reset_pending()) {
            resume_later(s);
        }
    }
    if (done) {
        g_byte_array_remove_range(s->in, 0, done);
    }
    if (!must_wait(s) && s->in->len > QTEST_LINE_MAX) {
        if (!s->skipping) {
            qtest_answerf(s, "FAIL a line is longer than %u bytes", QTEST_LINE_MAX);
        }
        s->skipping = true;
    }
    if (s->skipping && s->searched == s->in->len) {
        g_byte_array_set_size(s->in, 0);
        s->searched = 0;
    }
}

static void pump(QtestServer *s)
{
    if (s->running) {
        return;
    }
    do {
        if (s->stepping && !s->out->len) {
            step(s);
            if (s->stepping) {
                resume_later(s);
            }
        }
        run_lines(s);
    } while (s->stepping && !s->out->len && !s->resume);
}

/* -------------------------------------------------------------------------------- chardev -- */

static size_t on_can_receive(void *opaque)
{
    QtestServer *s = opaque;

    return must_wait(s) ? 0 : INPUT_ROOM;
}

static void on_receive(void *opaque, const uint8_t *buf, size_t len)
{
    QtestServer *s = opaque;

    g_byte_array_append(s->in, buf, len);
    pump(s);
}

static void on_drained(void *opaque)
{
    QtestServer *s = opaque;

    flush(s);
    if (!s->out->len) {
        resume_later(s); /* not from within the chardev's own work */
    }
}

/* A new client finds nothing of the last one's lines; what it did to the machine stays. */
static void forget(QtestServer *s)
{
    g_byte_array_set_size(s->in, 0);
    g_byte_array_set_size(s->out, 0);
    s->searched = 0;
    s->skipping = s->stepping = false;
}

static void on_event(void *opaque, ChardevEvent event)
{
    QtestServer *s = opaque;

    if (event == CHARDEV_OPENED || event == CHARDEV_CLOSED) {
        forget(s);
        s->connected = event == CHARDEV_OPENED;
        s->opened_us = g_get_monotonic_time();
        log_text(s, 'I', s->connected ? "OPENED" : "CLOSED", 6);
    }
}

static const ChardevHandlers handlers = {
    .can_receive = on_can_receive,
    .receive = on_receive,
    .event = on_event,
    .drained = on_drained,
};

QtestServer *qtest_server_new(Chardev *chr, const QtestConfig *config, GError **errp)
{
    QtestServer *s = g_new0(QtestServer, 1);

    s->chr = chr;
    s->config = *config;
    s->in = g_byte_array_new();
    s->out = g_byte_array_new();
    if (!chardev_attach(chr, &handlers, s, errp)) {
        qtest_server_free(s);
        return NULL;
    }
    return s;
}

void qtest_server_free(QtestServer *s)
{
    if (!s) {
        return;
    }
    chardev_detach(s->chr, s);
    if (s->resume) {
        g_source_remove(s->resume);
    }
    intercept_free(s->intercept);
    g_byte_array_unref(s->in);
    g_byte_array_unref(s->out);
    g_free(s);
}
