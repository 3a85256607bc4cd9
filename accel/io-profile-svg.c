/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The I/O profile as a picture: a bar of exits for each device, cut into its registers; beside it
 * what was queued instead of exiting. SVG 1.1 without scripts, so that viewers and converters show
 * the same as a browser; each piece has a tooltip.
 */
#include <inttypes.h>
#include <string.h>

#include "accel/io-profile-internal.h"

#define WIDTH        960
#define MARGIN       24
#define NAME_WIDTH   132
#define BAR_X        (MARGIN + NAME_WIDTH)
#define BAR_WIDTH    468
#define BAR_HEIGHT   30
#define ROW_HEIGHT   46
#define QUEUED_X     738
#define QUEUED_WIDTH 112
#define TOP          118
#define MAX_GROUPS   12  /* the rest becomes one bar */
#define MIN_SEGMENT  2.0 /* px: smaller pieces of a bar become one */
#define GLYPH_WIDTH  6.8 /* of the small text, on average */

/* A device, or all exits that are no accesses. */
typedef struct Group {
    const char *name;
    uint64_t exits, queued;
    double time;
    GPtrArray *lines; /* const IoProfileLine */
} Group;

/* Hues that people with colour-blindness tell apart, dark enough for white text. */
static const char *const colours[] = {"#2f6690", "#b5543a", "#3a7d54", "#7a5195",
                                      "#8a6d1f", "#2a7f86", "#a23b72", "#55606e"};

static void append_text(GString *out, const char *text)
{
    g_autofree char *escaped = g_markup_escape_text(text, -1);

    g_string_append(out, escaped);
}

/* Digits in groups of three, with thin spaces between. */
static char *grouped(uint64_t value)
{
    g_autofree char *digits = g_strdup_printf("%" PRIu64, value);
    size_t n = strlen(digits);
    GString *out = g_string_new(NULL);

    for (size_t i = 0; i < n; i++) {
        if (i && (n - i) % 3 == 0) {
            g_string_append(out, "\u2009");
        }
        g_string_append_c(out, digits[i]);
    }
    return g_string_free(out, FALSE);
}

/* A coordinate: decimal points whatever the locale. */
static const char *px(double value, char *buffer)
{
    return g_ascii_formatd(buffer, G_ASCII_DTOSTR_BUF_SIZE, "%.1f", value);
}

/* ------------------------------------------------------------------------------------ groups -- */

static void group_free(gpointer data)
{
    Group *group = data;

    g_ptr_array_unref(group->lines);
    g_free(group);
}

static const char *group_name(const IoProfileLine *line)
{
    if (line->space == IO_PROFILE_NO_SPACE) {
        return "other exits";
    }
    return *line->device ? line->device : *line->region ? line->region : "(nothing there)";
}

static Group *find_group(GPtrArray *groups, const char *name)
{
    Group *group;

    for (guint i = 0; i < groups->len; i++) {
        group = g_ptr_array_index(groups, i);
        if (g_str_equal(group->name, name)) {
            return group;
        }
    }
    group = g_new0(Group, 1);
    group->name = name;
    group->lines = g_ptr_array_new();
    g_ptr_array_add(groups, group);
    return group;
}

static void add_to_group(Group *group, const IoProfileLine *line)
{
    group->exits += line->exits;
    group->queued += line->queued;
    group->time += line->time_sum;
    g_ptr_array_add(group->lines, (gpointer)line);
}

static gint compare_groups(gconstpointer a, gconstpointer b)
{
    const Group *x = *(Group *const *)a, *y = *(Group *const *)b;

    if (x->exits != y->exits) {
        return x->exits < y->exits ? 1 : -1;
    }
    return x->queued < y->queued ? 1 : -1;
}

/* By device, most exits first; what comes after the first few is one group. */
static GPtrArray *make_groups(const IoProfileReport *report)
{
    GPtrArray *groups = g_ptr_array_new_with_free_func(group_free);

    for (guint i = 0; i < report->lines->len; i++) {
        const IoProfileLine *line = &g_array_index(report->lines, IoProfileLine, i);

        add_to_group(find_group(groups, group_name(line)), line);
    }
    g_ptr_array_sort(groups, compare_groups);
    while (groups->len > MAX_GROUPS) {
        Group *last = g_ptr_array_index(groups, groups->len - 1);
        Group *rest = g_ptr_array_index(groups, MAX_GROUPS - 1);

        for (guint i = 0; i < last->lines->len; i++) {
            add_to_group(rest, g_ptr_array_index(last->lines, i));
        }
        rest->name = "other devices";
        g_ptr_array_set_size(groups, groups->len - 1);
    }
    return groups;
}

/* ------------------------------------------------------------------------------------- bars -- */

static void append_tooltip(GString *out, const IoProfileLine *line)
{
    g_autofree char *advice = io_profile_advice(line);

    g_string_append(out, "<title>");
    append_text(out, line->device);
    g_string_append_printf(out, "%s", *line->device ? " " : "");
    append_text(out, line->name);
    g_string_append_printf(out,
                           ": %" PRIu64 " exits (%" PRIu64 " reads, %" PRIu64 " writes), %" PRIu64
                           " writes queued, mean %.2f us",
                           line->exits, line->reads, line->writes, line->queued,
                           line->time_mean / 1e3);
    if (*advice) {
        g_string_append(out, "; ");
        append_text(out, advice);
    }
    g_string_append(out, "</title>");
}

/* One register's piece of a bar, with its name where there is room for it. */
static void append_segment(GString *out, const IoProfileLine *line, double x, double y,
                           double width, const char *colour, bool odd)
{
    char bx[G_ASCII_DTOSTR_BUF_SIZE], bw[G_ASCII_DTOSTR_BUF_SIZE], bt[G_ASCII_DTOSTR_BUF_SIZE];

    g_string_append_printf(out,
                           "<g><rect x=\"%s\" y=\"%.0f\" width=\"%s\" height=\"%d\" fill=\"%s\" "
                           "fill-opacity=\"%s\" stroke=\"#fff\" stroke-width=\"0.8\"/>",
                           px(x, bx), y, px(width, bw), BAR_HEIGHT, colour, odd ? "0.8" : "1");
    append_tooltip(out, line);
    if (g_utf8_strlen(line->name, -1) * GLYPH_WIDTH + 8 < width) {
        g_string_append_printf(out, "<text class=\"in\" x=\"%s\" y=\"%.0f\">", px(x + 5, bt),
                               y + 19);
        append_text(out, line->name);
        g_string_append(out, "</text>");
    }
    g_string_append(out, "</g>\n");
}

static void append_bar(GString *out, const Group *group, double y, double scale, const char *colour)
{
    double x = BAR_X;

    for (guint i = 0; i < group->lines->len; i++) {
        const IoProfileLine *line = g_ptr_array_index(group->lines, i);
        double width = line->exits * scale;

        if (width < MIN_SEGMENT) {
            double end = BAR_X + group->exits * scale;
            char bx[G_ASCII_DTOSTR_BUF_SIZE], bw[G_ASCII_DTOSTR_BUF_SIZE];

            g_string_append_printf(out,
                                   "<rect x=\"%s\" y=\"%.0f\" width=\"%s\" height=\"%d\" "
                                   "fill=\"%s\" fill-opacity=\"0.55\"><title>%u more</title>"
                                   "</rect>\n",
                                   px(x, bx), y, px(MAX(end - x, group->exits ? 1 : 0), bw),
                                   BAR_HEIGHT, colour, group->lines->len - i);
            return;
        }
        append_segment(out, line, x, y, width, colour, i & 1);
        x += width;
    }
}

static void append_group(GString *out, const IoProfileReport *report, const Group *group, double y,
                         double scale, double queued_scale, const char *colour)
{
    g_autofree char *exits = grouped(group->exits);
    g_autofree char *queued = grouped(group->queued);
    char bx[G_ASCII_DTOSTR_BUF_SIZE], bw[G_ASCII_DTOSTR_BUF_SIZE];

    g_string_append_printf(out, "<text class=\"name\" x=\"%d\" y=\"%.0f\">", BAR_X - 10, y + 20);
    append_text(out, group->name);
    g_string_append(out, "</text>\n");
    append_bar(out, group, y, scale, colour);
    g_string_append_printf(
        out,
        "<text x=\"%s\" y=\"%.0f\">%s<tspan class=\"dim\" dx=\"8\">%.1f\u2009%%</tspan>"
        "</text>\n",
        px(BAR_X + group->exits * scale + 8, bx), y + 20, exits,
        report->exits ? 100.0 * group->exits / report->exits : 0);
    if (group->queued) {
        g_string_append_printf(out,
                               "<rect x=\"%d\" y=\"%.0f\" width=\"%s\" height=\"%d\" "
                               "fill=\"%s\" fill-opacity=\"0.3\"/>\n"
                               "<text x=\"%s\" y=\"%.0f\">%s</text>\n",
                               QUEUED_X, y + 6, px(MAX(group->queued * queued_scale, 1), bw),
                               BAR_HEIGHT - 12, colour,
                               px(QUEUED_X + group->queued * queued_scale + 8, bx), y + 20, queued);
    }
}

static void append_head(GString *out, const IoProfileReport *report, int height)
{
    g_autofree char *exits = grouped(report->exits);
    g_autofree char *queued = grouped(report->queued);

    g_string_append_printf(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
        "viewBox=\"0 0 %d %d\">\n"
        "<style>text{font:13px 'DejaVu Sans',Verdana,sans-serif;fill:#22272e}"
        ".h{font-size:20px;font-weight:bold}.s{fill:#57606a}.dim{fill:#6e7781;font-size:12px}"
        ".name{text-anchor:end;font-weight:bold}.in{fill:#fff;font-size:11px}</style>\n"
        "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n"
        "<text class=\"h\" x=\"%d\" y=\"40\">Where the guest's exits go</text>\n"
        "<text class=\"s\" x=\"%d\" y=\"64\">%s exits in %.2f s, %.2f ms outside the guest; "
        "%s writes were queued instead</text>\n"
        "<text class=\"dim\" x=\"%d\" y=\"%d\">exits, by device and register</text>\n"
        "<text class=\"dim\" x=\"%d\" y=\"%d\">queued writes</text>\n"
        "<path d=\"M%d %dV%dM%d %dV%d\" stroke=\"#d0d7de\"/>\n",
        WIDTH, height, WIDTH, height, WIDTH, height, MARGIN, MARGIN, exits, report->seconds,
        report->time / 1e6, queued, BAR_X, TOP - 16, QUEUED_X, TOP - 16, BAR_X - 1, TOP - 8,
        height - MARGIN, QUEUED_X - 1, TOP - 8, height - MARGIN);
}

void io_profile_print_svg(GString *out, const IoProfileReport *report)
{
    g_autoptr(GPtrArray) groups = make_groups(report);
    const int height = TOP + ROW_HEIGHT * MAX(groups->len, 1) + MARGIN;
    uint64_t most = 1, most_queued = 1;

    for (guint i = 0; i < groups->len; i++) {
        const Group *group = g_ptr_array_index(groups, i);

        most = MAX(most, group->exits);
        most_queued = MAX(most_queued, group->queued);
    }
    append_head(out, report, height);
    for (guint i = 0; i < groups->len; i++) {
        append_group(out, report, g_ptr_array_index(groups, i), TOP + ROW_HEIGHT * i,
                     (double)BAR_WIDTH / most, (double)QUEUED_WIDTH / most_queued,
                     colours[i % G_N_ELEMENTS(colours)]);
    }
    g_string_append(out, "</svg>\n");
}
