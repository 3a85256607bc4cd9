/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The monitor's commands that look at memory and ports: x, xp, print, sum, gva2gpa, i, o.
 */
#include <inttypes.h>
#include <string.h>

#include "error.h"
#include "memory/system.h"
#include "monitor-internal.h"
#include "page-walk.h"

#define COUNT_MAX 4096
#define SUM_MAX   (UINT64_C(1) << 30)
#define LINES_MAX 1000    /* of info mem */
#define LOOKS_MAX 1000000 /* at page table entries */

/* "/NFS": how many, how they are shown, how large each is. */
typedef struct Format {
    unsigned count;
    char format; /* x d u o c */
    unsigned size;
} Format;

/* Take a leading format off `argv`. */
static bool take_format(char ***argv, Format *format, GError **errp)
{
    const char *text = **argv;
    char *end;
    guint64 n;

    if (!text || *text != '/') {
        return true;
    }
    (*argv)++;
    n = g_ascii_strtoull(text + 1, &end, 10);
    format->count = n ? MIN(n, COUNT_MAX) : 1;
    for (; *end; end++) {
        const char *unit = strchr("bhwg", *end);

        if (unit) {
            format->size = 1u << (unit - "bhwg");
        } else if (strchr("xduoc", *end)) {
            format->format = *end;
            format->size = *end == 'c' ? 1 : format->size;
        } else {
            error_setg(errp, "invalid format '%s': count, x d u o c, and b h w g", text);
            return false;
        }
    }
    return true;
}

/* All words that are left are one expression. */
static bool take_expression(char **argv, uint64_t *value, GError **errp)
{
    g_autofree char *text = g_strjoinv(" ", argv);

    if (!*text) {
        error_setg(errp, "an expression is missing");
        return false;
    }
    return monitor_evaluate(text, value, errp);
}

static bool take_word(char ***argv, const char *what, uint64_t max, uint64_t *value, GError **errp)
{
    if (!**argv) {
        error_setg(errp, "%s is missing", what);
        return false;
    }
    if (!monitor_evaluate(**argv, value, errp)) {
        return false;
    }
    if (*value > max) {
        error_setg(errp, "%s is at most 0x%" G_GINT64_MODIFIER "x", what, max);
        return false;
    }
    (*argv)++;
    return true;
}

static bool check_end(char **argv, GError **errp)
{
    if (*argv) {
        error_setg(errp, "extraneous characters at the end of line: '%s'", *argv);
    }
    return !*argv;
}

static void append_value(GString *out, uint64_t value, const Format *format)
{
    const unsigned unused = 64 - 8 * format->size;

    switch (format->format) {
    case 'd':
        g_string_append_printf(out, "%" G_GINT64_FORMAT, (int64_t)(value << unused) >> unused);
        break;
    case 'u':
        g_string_append_printf(out, "%" G_GUINT64_FORMAT, value);
        break;
    case 'o':
        g_string_append_printf(out, "%#" G_GINT64_MODIFIER "o", value);
        break;
    case 'c':
        g_string_append_printf(out, g_ascii_isprint(value) ? "'%c'" : "'\\x%02x'",
                               (int)(value & 0xff));
        break;
    default:
        g_string_append_printf(out, "0x%0*" G_GINT64_MODIFIER "x", (int)format->size * 2, value);
        break;
    }
}

/* ------------------------------------------------------------------------------------ memory -- */

/* Read at a linear address, page by page; false where nothing is mapped. */
static bool read_linear(const X86State *state, uint64_t addr, void *buf, size_t len)
{
    for (size_t done = 0, n; done < len; done += n) {
        uint64_t physical;

        n = MIN(len - done, PAGE_WALK_PAGE - (addr + done) % PAGE_WALK_PAGE);
        if (!page_walk(state, addr + done, &physical)) {
            return false;
        }
        address_space_read(&address_space_memory, physical, (char *)buf + done, n);
    }
    return true;
}

/* `state`: of the CPU whose page tables count; NULL: the addresses are physical. */
static bool dump(const X86State *state, char **argv, GString *out, GError **errp)
{
    Format format = {1, 'x', 4};
    uint64_t addr;

    if (!take_format(&argv, &format, errp) || !take_expression(argv, &addr, errp)) {
        return false;
    }
    for (unsigned i = 0; i < format.count; i++) {
        uint64_t at = addr + i * format.size, value = 0;

        if (i % (16 / format.size) == 0) {
            g_string_append_printf(out, "%s%016" G_GINT64_MODIFIER "x:", i ? "\n" : "", at);
        }
        if (!state) {
            address_space_read(&address_space_memory, at, &value, format.size);
        } else if (!read_linear(state, at, &value, format.size)) {
            g_string_append(out, " Cannot access memory");
            break;
        }
        g_string_append_c(out, ' ');
        append_value(out, value, &format);
    }
    g_string_append_c(out, '\n');
    return true;
}

bool run_xp(char **argv, GString *out, GError **errp)
{
    return dump(NULL, argv, out, errp);
}

bool run_x(char **argv, GString *out, GError **errp)
{
    X86State state;

    return monitor_cpu_state(&state, errp) && dump(&state, argv, out, errp);
}

bool run_gva2gpa(char **argv, GString *out, GError **errp)
{
    uint64_t addr, physical;
    X86State state;

    if (!take_expression(argv, &addr, errp) || !monitor_cpu_state(&state, errp)) {
        return false;
    }
    if (page_walk(&state, addr, &physical)) {
        g_string_append_printf(out, "gpa: 0x%" G_GINT64_MODIFIER "x\n", physical);
    } else {
        g_string_append(out, "Unmapped\n");
    }
    return true;
}

/* Ranges of one kind, as they are printed. */
typedef struct MemRange {
    GString *out;
    bool begun;
    PageMapping first;
    uint64_t end; /* 0 is where the last page of all ends */
    unsigned lines;
} MemRange;

static void end_range(MemRange *range)
{
    const PageMapping *m = &range->first;

    if (range->begun) {
        g_string_append_printf(range->out, "%016" PRIx64 "-%016" PRIx64 " %016" PRIx64 " %cr%c\n",
                               m->linear, range->end, range->end - m->linear, m->user ? 'u' : '-',
                               m->writable ? 'w' : '-');
        range->lines++;
        range->begun = false;
    }
}

static void add_to_range(MemRange *range, const PageMapping *m)
{
    if (!range->begun || range->end != m->linear || range->first.user != m->user ||
        range->first.writable != m->writable) {
        end_range(range);
        range->begun = true;
        range->first = *m;
    }
    range->end = m->linear + m->size;
}

/* What is mapped, by virtual address: start, end, size, and who may do what. */
bool info_mem(char **argv, GString *out, GError **errp)
{
    MemRange range = {.out = out};
    X86State state;
    uint64_t linear = 0;
    unsigned looks = 0;

    if (!monitor_cpu_state(&state, errp)) {
        return false;
    }
    if (!page_walk_paging(&state)) {
        g_string_append(out, "PG disabled\n");
        return true;
    }
    do {
        const unsigned bits = page_walk_bits(&state);
        const PageMapping m = page_walk_mapping(&state, linear);

        if (m.present) {
            add_to_range(&range, &m);
        } else {
            end_range(&range);
        }
        linear += m.size;
        if (bits > 32 && linear == UINT64_C(1) << (bits - 1)) {
            end_range(&range);
            linear = -linear; /* the upper half */
        } else if (bits == 32 && linear > UINT32_MAX) {
            linear = 0;
        }
    } while (linear && range.lines < LINES_MAX && ++looks < LOOKS_MAX);
    end_range(&range);
    if (linear) {
        g_string_append(out, "... and more\n"); /* tables that lead to themselves, say */
    }
    return true;
}

/* The 16-bit sum that BSD's sum prints. */
bool run_sum(char **argv, GString *out, GError **errp)
{
    uint64_t addr, size;
    uint16_t sum = 0;

    if (!take_word(&argv, "the address", UINT64_MAX, &addr, errp) ||
        !take_word(&argv, "the size", SUM_MAX, &size, errp) || !check_end(argv, errp)) {
        return false;
    }
    for (uint64_t done = 0, n; done < size; done += n) {
        uint8_t page[PAGE_WALK_PAGE];

        n = MIN(size - done, sizeof(page));
        address_space_read(&address_space_memory, addr + done, page, n);
        for (unsigned i = 0; i < n; i++) {
            sum = (sum >> 1 | sum << 15) + page[i];
        }
    }
    g_string_append_printf(out, "%05u\n", sum);
    return true;
}

bool run_print(char **argv, GString *out, GError **errp)
{
    Format format = {1, 'x', 8};
    uint64_t value;

    if (!take_format(&argv, &format, errp) || !take_expression(argv, &value, errp)) {
        return false;
    }
    if (format.format == 'x') {
        g_string_append_printf(out, "%#" G_GINT64_MODIFIER "x", value);
    } else {
        append_value(out, value, &format);
    }
    g_string_append_c(out, '\n');
    return true;
}

/* ------------------------------------------------------------------------------------- ports -- */

bool run_in(char **argv, GString *out, GError **errp)
{
    Format format = {1, 'x', 1};
    uint64_t port;
    uint32_t value = 0;

    if (!take_format(&argv, &format, errp) || !take_word(&argv, "the port", 0xffff, &port, errp) ||
        !check_end(argv, errp)) {
        return false;
    }
    format.size = MIN(format.size, 4);
    address_space_read(&address_space_io, port, &value, format.size);
    g_string_append_printf(out, "port%c[0x%04x] = ", "?bw?l"[format.size], (unsigned)port);
    append_value(out, value, &format);
    g_string_append_c(out, '\n');
    return true;
}

bool run_out(char **argv, GString *out, GError **errp)
{
    Format format = {1, 'x', 1};
    uint64_t port, value;
    uint32_t data;

    if (!take_format(&argv, &format, errp) || !take_word(&argv, "the port", 0xffff, &port, errp) ||
        !take_word(&argv, "the value", UINT32_MAX, &value, errp) || !check_end(argv, errp)) {
        return false;
    }
    data = value;
    address_space_write(&address_space_io, port, &data, MIN(format.size, 4));
    return true;
}
