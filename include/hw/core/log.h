/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The log for what the guest does wrong and what has no model: off by default, turned on with
 * `-d guest_errors,unimp` and sent to `-D FILE` or standard error.
 */
#ifndef LIGNITE_HW_CORE_LOG_H
#define LIGNITE_HW_CORE_LOG_H

#include <glib.h>
#include <stdbool.h>

typedef enum LogMask {
    LOG_GUEST_ERROR = 1 << 0, /* the guest did what the data sheet forbids */
    LOG_UNIMP = 1 << 1,       /* the guest used what has no model here */
    LOG_INT = 1 << 2,         /* interrupts */
    LOG_CPU_RESET = 1 << 3,   /* resets and their causes */
} LogMask;

/* The kinds that are logged; read on hot paths through log_enabled(). */
extern unsigned log_mask;

static inline bool log_enabled(LogMask kind)
{
    return G_UNLIKELY(log_mask & kind);
}

/* Choose kinds from a comma list ("guest_errors,unimp,int,cpu_reset"); unknown names fail. */
bool log_set_items(const char *items, GError **errp);

/* Write to the file at `path` from now on (NULL: standard error). */
bool log_set_file(const char *path, GError **errp);

/* The help text for `-d help`. */
void log_print_items(GString *out);

/* Log one line of that kind; a newline is added. Any thread. */
void log_line(LogMask kind, const char *fmt, ...) G_GNUC_PRINTF(2, 3);

#define log_guest_error(...)                                                                       \
    do {                                                                                           \
        if (log_enabled(LOG_GUEST_ERROR)) {                                                        \
            log_line(LOG_GUEST_ERROR, __VA_ARGS__);                                                \
        }                                                                                          \
    } while (0)

#define log_unimp(...)                                                                             \
    do {                                                                                           \
        if (log_enabled(LOG_UNIMP)) {                                                              \
            log_line(LOG_UNIMP, __VA_ARGS__);                                                      \
        }                                                                                          \
    } while (0)

/* Print "lignite: warning: ..." on standard error, once per call site and process. */
#define warn_once(...)                                                                             \
    do {                                                                                           \
        static gsize warned_;                                                                      \
        if (g_once_init_enter(&warned_)) {                                                         \
            log_warning(__VA_ARGS__);                                                              \
            g_once_init_leave(&warned_, 1);                                                        \
        }                                                                                          \
    } while (0)

/*
 * What stands before each message on standard error: the time, and a guest's name (NULL: none).
 * Before other threads exist.
 */
void log_set_prefix(bool timestamp, const char *guest);

/* Print "lignite: ..." on standard error. Any thread. */
void log_report(const char *fmt, ...) G_GNUC_PRINTF(1, 2);

/* Print "lignite: warning: ..." on standard error. Any thread. */
void log_warning(const char *fmt, ...) G_GNUC_PRINTF(1, 2);

#endif
