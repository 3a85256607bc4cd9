/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reports of the I/O profile: the figures, what they advise, and both as a table and as CSV. The
 * table's columns are those of `perf kvm stat report`.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "accel/internal.h"
#include "accel/io-profile-internal.h"
#include "error.h"

/* ----------------------------------------------------------------------------------- figures -- */

static void add_counters(ProfileCounters *sum, const ProfileCounters *c)
{
    sum->exits += c->exits;
    sum->reads += c->reads;
    sum->writes += c->writes;
    sum->write_exits += c->write_exits;
    sum->could_wait += c->could_wait;
    if (c->timed) {
        sum->min = sum->timed ? MIN(sum->min, c->min) : c->min;
        sum->max = MAX(sum->max, c->max);
        sum->timed += c->timed;
        sum->ticks += c->ticks;
        sum->squares += c->squares;
    }
}

static void add_line(IoProfileReport *report, const ProfileRow *row, double ns_per_tick)
{
    const bool all = report->cpu < 0;
    ProfileCounters sum = {};
    IoProfileLine line = {.space = row->space, .offset = row->offset, .addr = row->addr};

    for (unsigned i = 0; i < ACCEL_MAX_CPUS; i++) {
        if (all || report->cpu == i) {
            add_counters(&sum, &row->cpu[i]);
        }
    }
    line.queued = all ? row->queued : 0;
    if (sum.exits == 0 && line.queued == 0) {
        return;
    }
    line.device = g_strdup(row->device);
    line.region = g_strdup(row->region);
    line.name = g_strdup(row->name);
    line.reads = sum.reads;
    line.writes = sum.writes;
    line.exits = sum.exits;
    line.could_wait = sum.could_wait;
    line.effects = sum.write_exits ? row->effects : 0;
    if (sum.timed) {
        double mean = (double)sum.ticks / sum.timed;
        double variance = sum.squares / sum.timed - mean * mean;

        line.time_sum = sum.ticks * ns_per_tick;
        line.time_min = sum.min * ns_per_tick;
        line.time_max = sum.max * ns_per_tick;
        line.time_mean = mean * ns_per_tick;
        line.time_deviation = sqrt(MAX(variance, 0)) * ns_per_tick;
    }
    report->queued += line.queued;
    report->time += line.time_sum;
    g_array_append_val(report->lines, line);
}

static gint compare_lines(gconstpointer a, gconstpointer b)
{
    const IoProfileLine *x = a, *y = b;

    if (x->exits != y->exits) {
        return x->exits < y->exits ? 1 : -1;
    }
    if (x->queued != y->queued) {
        return x->queued < y->queued ? 1 : -1;
    }
    return x->addr < y->addr ? -1 : x->addr > y->addr;
}

static void line_clear(gpointer data)
{
    IoProfileLine *line = data;

    g_free(line->device);
    g_free(line->region);
    g_free(line->name);
}

IoProfileReport *io_profile_query(int cpu, GError **errp)
{
    IoProfileReport *report;
    uint64_t ticks;
    double ns;
    bool running;

    if (!io_profile_on) {
        error_setg(errp, "the I/O profile is off: 'io-profile on' or -profile io starts it");
        return NULL;
    }
    if (cpu >= 0 && !vcpu_get(cpu)) {
        error_setg(errp, "CPU %d: there are %u CPUs, from 0 on", cpu, vcpu_count());
        return NULL;
    }
    report = g_new0(IoProfileReport, 1);
    report->cpu = cpu;
    report->lines = g_array_new(FALSE, FALSE, sizeof(IoProfileLine));
    g_array_set_clear_func(report->lines, line_clear);
    running = vcpus_hold();
    ns = io_profile_elapsed(&ticks);
    report->seconds = ns / 1e9;
    for (unsigned i = 0; i < vcpu_count(); i++) {
        if (cpu < 0 || cpu == i) {
            report->exits += vcpu_get(i)->exits - io_profile_rows.start_exits[i];
        }
    }
    for (guint i = 0; i < io_profile_rows.rows->len; i++) {
        add_line(report, g_ptr_array_index(io_profile_rows.rows, i), ticks ? ns / ticks : 0);
    }
    vcpus_release(running);
    g_array_sort(report->lines, compare_lines);
    return report;
}

void io_profile_report_free(IoProfileReport *report)
{
    if (report) {
        g_array_unref(report->lines);
        g_free(report);
    }
}

/* ------------------------------------------------------------------------------------ advice -- */

/* What forbids to queue a write, by rule; the words follow "a write". */
static const struct {
    unsigned effect; /* Effect, or EFFECTS */
    unsigned rule;
    const char *words;
} rules[] = {
    {EFFECT_IRQ, 1, "changed an interrupt line"},
    {EFFECT_TIMER, 2, "armed or disarmed a timer"},
    {EFFECT_CLOCK, 2, "read a clock"},
    {EFFECT_DMA, 3, "accessed memory"},
    {EFFECT_BLOCK, 3, "started a disk request"},
    {EFFECT_OUTPUT, 3, "sent data to a backend"},
    {EFFECT_MAP, 4, "changed the memory map"},
    {EFFECTS, 5, "changes what is read without an exit"},
};

unsigned io_profile_rule(const IoProfileLine *line)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rules); i++) {
        if (line->effects & 1u << rules[i].effect) {
            return rules[i].rule;
        }
    }
    return 0;
}

bool io_profile_is_advised(const IoProfileLine *line)
{
    return line->writes && *line->region && !line->queued && !line->effects && line->could_wait;
}

char *io_profile_advice(const IoProfileLine *line)
{
    if (line->writes == 0 || !*line->region) {
        return g_strdup("");
    }
    if (line->queued) {
        return g_strdup("queued already: these writes found the ring full, or its range not whole");
    }
    for (size_t i = 0; i < G_N_ELEMENTS(rules); i++) {
        if (line->effects & 1u << rules[i].effect) {
            return g_strdup_printf("rule %u: a write %s", rules[i].rule, rules[i].words);
        }
    }
    if (line->could_wait == 0) {
        return g_strdup("nothing saved: no write was followed by another access in time");
    }
    return g_strdup_printf("queued, its writes would save %" PRIu64 " of %" PRIu64 " exits",
                           line->could_wait, line->exits);
}

/* ------------------------------------------------------------------------------------- table -- */

static double percent(double part, double all)
{
    return all > 0 ? 100 * part / all : 0;
}

static char *place(const IoProfileLine *line)
{
    switch (line->space) {
    case IO_PROFILE_PORT:
        return g_strdup_printf("port 0x%" PRIx64, line->addr);
    case IO_PROFILE_MEMORY:
        return g_strdup_printf("mem 0x%" PRIx64, line->addr);
    default:
        return g_strdup("");
    }
}

/* "12.34us"; what is longer has no places. */
static void append_time(GString *out, double ns)
{
    g_autofree char *text = g_strdup_printf("%.*fus", ns < 1e6 ? 2 : 0, ns / 1e3);

    g_string_append_printf(out, " %9s", text);
}

static void append_line(GString *out, const IoProfileReport *report, const IoProfileLine *line)
{
    g_autofree char *where = place(line);

    g_string_append_printf(out, "%-14.14s %-20.20s %-13s %7" PRIu64 " %7.2f%% %6.2f%%",
                           line->device, line->name, where, line->exits,
                           percent(line->exits, report->exits),
                           percent(line->time_sum, report->time));
    append_time(out, line->time_min);
    append_time(out, line->time_max);
    append_time(out, line->time_mean);
    append_time(out, line->time_deviation);
    g_string_append_printf(out, " %7" PRIu64 " %7" PRIu64 " %7" PRIu64 "\n", line->reads,
                           line->writes, line->queued);
}

static void append_advice(GString *out, const IoProfileReport *report, unsigned rows)
{
    uint64_t saved = 0;
    unsigned shown = 0;

    for (guint i = 0; i < report->lines->len; i++) {
        const IoProfileLine *line = &g_array_index(report->lines, IoProfileLine, i);
        g_autofree char *advice = io_profile_advice(line);

        if (io_profile_is_advised(line)) {
            saved += line->could_wait;
        }
        if (*advice && (rows == 0 || shown < rows)) {
            if (shown++ == 0) {
                g_string_append(out, "\nWrites that exited, and docs/coalescing.md:\n");
            }
            g_string_append_printf(out, "%-14.14s %-20.20s %8" PRIu64 "  %s\n", line->device,
                                   line->name, line->writes, advice);
        }
    }
    if (shown) {
        g_string_append_printf(
            out,
            "In all %" PRIu64 " of %" PRIu64
            " exits could be saved. A write's effect on later work (rule 3) and "
            "on\nreads without an exit (rule 5) is for the data sheet to tell.\n",
            saved, report->exits);
    }
}

void io_profile_print_table(GString *out, const IoProfileReport *report, unsigned rows)
{
    const guint n = rows ? MIN(rows, report->lines->len) : report->lines->len;

    g_string_append_printf(out, "%-14s %-20s %-13s %7s %8s %7s %9s %9s %9s %9s %7s %7s %7s\n",
                           "Device", "Register", "Where", "Samples", "Samples%", "Time%",
                           "Min Time", "Max Time", "Avg time", "Std dev", "Reads", "Writes",
                           "Queued");
    for (guint i = 0; i < n; i++) {
        append_line(out, report, &g_array_index(report->lines, IoProfileLine, i));
    }
    if (n < report->lines->len) {
        g_string_append_printf(out, "... and %u lines with less\n", report->lines->len - n);
    }
    g_string_append_printf(out,
                           "Total Samples:%" PRIu64 ", Total events handled time:%.2fus, in %.3f s",
                           report->exits, report->time / 1e3, report->seconds);
    if (report->cpu < 0) {
        g_string_append_printf(out, "; %" PRIu64 " writes were queued", report->queued);
    } else {
        g_string_append_printf(out, " of CPU %d", report->cpu);
    }
    g_string_append_c(out, '\n');
    append_advice(out, report, rows);
}

/* --------------------------------------------------------------------------------------- CSV -- */

/* RFC 4180: quoted, quotes doubled. */
static void append_quoted(GString *out, const char *text)
{
    g_string_append_c(out, '"');
    for (; *text; text++) {
        if (*text == '"') {
            g_string_append_c(out, '"');
        }
        g_string_append_c(out, *text);
    }
    g_string_append_c(out, '"');
}

/* Decimal points whatever the locale. */
static void append_number(GString *out, double value)
{
    char text[G_ASCII_DTOSTR_BUF_SIZE];

    g_string_append_printf(out, ",%s", g_ascii_formatd(text, sizeof(text), "%.2f", value));
}

void io_profile_print_csv(GString *out, const IoProfileReport *report)
{
    static const char *const spaces[] = {
        [IO_PROFILE_PORT] = "port", [IO_PROFILE_MEMORY] = "memory", [IO_PROFILE_NO_SPACE] = "exit"};

    g_string_append(out, "space,device,region,register,offset,address,reads,writes,samples,queued,"
                         "samples_percent,time_percent,time_ns,min_ns,max_ns,mean_ns,deviation_ns,"
                         "could_wait,rule,advice\r\n");
    for (guint i = 0; i < report->lines->len; i++) {
        const IoProfileLine *line = &g_array_index(report->lines, IoProfileLine, i);
        g_autofree char *advice = io_profile_advice(line);
        const char *words[] = {line->device, line->region, line->name};
        double numbers[] = {percent(line->exits, report->exits),
                            percent(line->time_sum, report->time),
                            line->time_sum,
                            line->time_min,
                            line->time_max,
                            line->time_mean,
                            line->time_deviation};

        g_string_append(out, spaces[line->space]);
        for (size_t k = 0; k < G_N_ELEMENTS(words); k++) {
            g_string_append_c(out, ',');
            append_quoted(out, words[k]);
        }
        g_string_append_printf(
            out, ",0x%" PRIx64 ",0x%" PRIx64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64,
            line->offset, line->addr, line->reads, line->writes, line->exits, line->queued);
        for (size_t k = 0; k < G_N_ELEMENTS(numbers); k++) {
            append_number(out, numbers[k]);
        }
        g_string_append_printf(out, ",%" PRIu64 ",%u,", line->could_wait, io_profile_rule(line));
        append_quoted(out, advice);
        g_string_append(out, "\r\n");
    }
}
