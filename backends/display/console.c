/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Consoles: a picture, the device that draws it, and those who look at it.
 *
 * A refresh costs the device a look at its dirty memory, so it happens only while somebody looks,
 * and seldom while nothing changes.
 */
#include "backends/display.h"

#include <string.h>
#include <sys/queue.h>

#define CONSOLE_MAX_PIXELS     16384
#define CONSOLE_DEFAULT_WIDTH  640
#define CONSOLE_DEFAULT_HEIGHT 480

typedef struct Viewer {
    const ConsoleListener *listener;
    void *opaque;
    TAILQ_ENTRY(Viewer) link;
} Viewer;

struct Console {
    const ConsoleOps *ops;
    void *opaque;
    const void *owner;
    pixman_image_t *image;
    TAILQ_HEAD(, Viewer) viewers;
    guint timer;       /* the source of the next refresh; 0: nobody looks */
    unsigned interval; /* of it, in ms */
    bool changed;      /* since the last refresh began */
    TAILQ_ENTRY(Console) link;
};

static TAILQ_HEAD(, Console) consoles = TAILQ_HEAD_INITIALIZER(consoles);

static pixman_image_t *make_image(int width, int height)
{
    pixman_image_t *image;

    g_assert(width >= 1 && width <= CONSOLE_MAX_PIXELS);
    g_assert(height >= 1 && height <= CONSOLE_MAX_PIXELS);
    image = pixman_image_create_bits(PIXMAN_x8r8g8b8, width, height, NULL, 0);
    if (!image) {
        g_error("no memory for a picture of %d x %d", width, height);
    }
    return image;
}

/* ------------------------------------------------------------------------- refreshing by itself --
 */

static gboolean on_timer(gpointer data);

static void set_timer(Console *con, unsigned interval)
{
    con->interval = interval;
    con->timer = g_timeout_add(interval, on_timer, con);
}

static gboolean on_timer(gpointer data)
{
    Console *con = data;

    con->changed = false;
    con->timer = 0;
    set_timer(con, con->interval); /* first: what follows may take out the last listener */
    console_refresh(con);
    if (con->timer) {
        unsigned interval =
            con->changed ? CONSOLE_REFRESH_MS : MIN(con->interval * 5 / 4, CONSOLE_IDLE_MS);

        if (interval != con->interval) {
            g_source_remove(con->timer);
            set_timer(con, interval);
        }
    }
    return G_SOURCE_REMOVE;
}

/* After listeners came or went. */
static void update_timer(Console *con)
{
    bool wanted = false;
    Viewer *viewer;

    TAILQ_FOREACH (viewer, &con->viewers, link) {
        wanted |= viewer->listener->refreshed != NULL;
    }
    if (wanted && !con->timer) {
        set_timer(con, CONSOLE_REFRESH_MS);
    } else if (!wanted && con->timer) {
        g_source_remove(con->timer);
        con->timer = 0;
    }
}

/* ----------------------------------------------------------------------------------- consoles --
 */

Console *console_new(const ConsoleOps *ops, void *opaque)
{
    Console *con = g_new0(Console, 1);

    con->ops = ops;
    con->opaque = opaque;
    con->image = make_image(CONSOLE_DEFAULT_WIDTH, CONSOLE_DEFAULT_HEIGHT);
    TAILQ_INIT(&con->viewers);
    TAILQ_INSERT_TAIL(&consoles, con, link);
    return con;
}

void console_free(Console *con)
{
    Viewer *viewer;

    if (!con) {
        return;
    }
    while ((viewer = TAILQ_FIRST(&con->viewers))) {
        TAILQ_REMOVE(&con->viewers, viewer, link);
        if (viewer->listener->gone) {
            viewer->listener->gone(viewer->opaque);
        }
        g_free(viewer);
    }
    update_timer(con);
    TAILQ_REMOVE(&consoles, con, link);
    pixman_image_unref(con->image);
    g_free(con);
}

Console *console_default(void)
{
    return TAILQ_FIRST(&consoles);
}

void console_set_owner(Console *con, const void *owner)
{
    con->owner = owner;
}

Console *console_find(const void *owner)
{
    Console *con;

    TAILQ_FOREACH (con, &consoles, link) {
        if (con->owner == owner) {
            return con;
        }
    }
    return NULL;
}

pixman_image_t *console_image(Console *con)
{
    return con->image;
}

/* A listener may take itself out, nobody else. */
#define CONSOLE_NOTIFY(con, func, ...)                                                             \
    do {                                                                                           \
        Viewer *next_, *viewer_ = TAILQ_FIRST(&(con)->viewers);                                    \
                                                                                                   \
        for (; viewer_; viewer_ = next_) {                                                         \
            next_ = TAILQ_NEXT(viewer_, link);                                                     \
            if (viewer_->listener->func) {                                                         \
                viewer_->listener->func(viewer_->opaque, ##__VA_ARGS__);                           \
            }                                                                                      \
        }                                                                                          \
    } while (0)

void console_resize(Console *con, int width, int height)
{
    pixman_image_t *old = con->image;

    con->image = make_image(width, height);
    con->changed = true;
    CONSOLE_NOTIFY(con, resize, con->image);
    pixman_image_unref(old); /* after the viewers have let go of it */
}

void console_update_region(Console *con, int x, int y, int width, int height)
{
    con->changed = true;
    CONSOLE_NOTIFY(con, update, x, y, width, height);
}

void console_add_listener(Console *con, const ConsoleListener *listener, void *opaque)
{
    Viewer *viewer = g_new0(Viewer, 1);

    viewer->listener = listener;
    viewer->opaque = opaque;
    TAILQ_INSERT_TAIL(&con->viewers, viewer, link);
    update_timer(con);
}

void console_remove_listener(Console *con, void *opaque)
{
    Viewer *next, *viewer = TAILQ_FIRST(&con->viewers);

    for (; viewer; viewer = next) {
        next = TAILQ_NEXT(viewer, link);
        if (viewer->opaque == opaque) {
            TAILQ_REMOVE(&con->viewers, viewer, link);
            g_free(viewer);
        }
    }
    update_timer(con);
}

void console_wake(Console *con)
{
    if (con->timer && con->interval != CONSOLE_REFRESH_MS) {
        g_source_remove(con->timer);
        set_timer(con, CONSOLE_REFRESH_MS);
    }
}

void console_refresh(Console *con)
{
    con->ops->update(con->opaque);
    CONSOLE_NOTIFY(con, refreshed);
}

void console_invalidate(Console *con)
{
    con->ops->invalidate(con->opaque);
}

void console_text_free(ConsoleText *text)
{
    if (text) {
        g_free(text->cells);
        g_free(text);
    }
}

ConsoleText *console_get_text(Console *con)
{
    return con->ops->text ? con->ops->text(con->opaque) : NULL;
}

char *console_text(Console *con)
{
    g_autoptr(ConsoleText) text = NULL;
    const ConsoleCell *cell;
    GString *out;

    console_refresh(con);
    text = console_get_text(con);
    if (!text) {
        return NULL;
    }
    out = g_string_sized_new(text->rows * (text->cols + 1));
    cell = text->cells;
    for (unsigned y = 0; y < text->rows; y++) {
        size_t end = out->len; /* of the line without its trailing blanks */

        for (unsigned x = 0; x < text->cols; x++, cell++) {
            g_string_append_unichar(out, cell->ch);
            if (!g_unichar_isspace(cell->ch)) {
                end = out->len;
            }
        }
        g_string_truncate(out, end);
        g_string_append_c(out, '\n');
    }
    return g_string_free(out, FALSE);
}
