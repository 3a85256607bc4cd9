/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The log for guest errors, and warnings for the user.
 */
#include "hw/core/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "error.h"

unsigned log_mask;

static bool prefix_timestamp;
static char *prefix_guest; /* or NULL */
static FILE *log_file; /* NULL: standard error; set before any other thread exists */

static const struct {
    LogMask mask;
    const char *name;
    const char *help;
} log_items[] = {
    {LOG_INT, "int", "interrupts"},
    {LOG_CPU_RESET, "cpu_reset", "resets and their causes"},
    {LOG_GUEST_ERROR, "guest_errors", "what the guest does that a data sheet forbids"},
    {LOG_UNIMP, "unimp", "what the guest uses that has no model"},
};

/* The bits that an item's name stands for; 0 for a name that is none. */
static unsigned item_mask(const char *name)
{
    bool all = g_str_equal(name, "all");
    unsigned mask = 0;

    for (size_t i = 0; i < G_N_ELEMENTS(log_items); i++) {
        if (all || g_str_equal(name, log_items[i].name)) {
            mask |= log_items[i].mask;
        }
    }
    return mask;
}

bool log_set_items(const char *items, GError **errp)
{
    g_auto(GStrv) names = g_strsplit(items, ",", -1);
    unsigned mask = 0;

    for (char **name = names; *name; name++) {
        unsigned bits = item_mask(*name);

        if (!bits) {
            error_setg(errp, "Invalid log item '%s': -d help lists them", *name);
            return false;
        }
        mask |= bits;
    }
    log_mask = mask;
    return true;
}

bool log_set_file(const char *path, GError **errp)
{
    FILE *file = NULL;

    if (path) {
        file = fopen(path, "ae");
        if (!file) {
            error_setg(errp, "Could not open log file '%s': %s", path, g_strerror(errno));
            return false;
        }
        setvbuf(file, NULL, _IOLBF, 0);
    }
    if (log_file) {
        fclose(log_file);
    }
    log_file = file;
    return true;
}

void log_print_items(GString *out)
{
    g_string_append(out, "Log items (comma separated):\n");
    for (size_t i = 0; i < G_N_ELEMENTS(log_items); i++) {
        g_string_append_printf(out, "%-16s %s\n", log_items[i].name, log_items[i].help);
    }
    g_string_append_printf(out, "%-16s %s\n", "all", "all of them");
}

/* One write per line, so lines of several threads never mix. */
static void G_GNUC_PRINTF(3, 0)
    print_line(FILE *to, const char *prefix, const char *fmt, va_list ap)
{
    g_autofree char *text = g_strdup_vprintf(fmt, ap);

    fprintf(to, "%s%s\n", prefix, text);
}

void log_line(LogMask kind, const char *fmt, ...)
{
    va_list ap;

    if (!log_enabled(kind)) {
        return;
    }
    va_start(ap, fmt);
    print_line(log_file ? log_file : stderr, "", fmt, ap);
    va_end(ap);
}

void log_set_prefix(bool timestamp, const char *guest)
{
    prefix_timestamp = timestamp;
    g_free(prefix_guest);
    prefix_guest = g_strdup(guest);
}

static void G_GNUC_PRINTF(2, 0) report(const char *kind, const char *fmt, va_list ap)
{
    g_autoptr(GString) prefix = g_string_new(NULL);

    if (prefix_timestamp) {
        g_autoptr(GDateTime) now = g_date_time_new_now_utc();
        g_autofree char *text = g_date_time_format(now, "%Y-%m-%dT%H:%M:%S.%fZ ");

        g_string_append(prefix, text);
    }
    if (prefix_guest) {
        g_string_append_printf(prefix, "%s ", prefix_guest);
    }
    g_string_append_printf(prefix, "lignite: %s", kind);
    print_line(stderr, prefix->str, fmt, ap);
}

void log_report(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    report("", fmt, ap);
    va_end(ap);
}

void log_warning(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    report("warning: ", fmt, ap);
    va_end(ap);
}
