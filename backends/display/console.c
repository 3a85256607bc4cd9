/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Consoles: a picture, the device that draws it, and those who look at it.
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
    pixman_image_t *image;
    TAILQ_HEAD(, Viewer) viewers;
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
        g_free(viewer);
    }
    TAILQ_REMOVE(&consoles, con, link);
    pixman_image_unref(con->image);
    g_free(con);
}

Console *console_default(void)
{
    return TAILQ_FIRST(&consoles);
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
                viewer_->listener->func(viewer_->opaque, __VA_ARGS__);                             \
            }                                                                                      \
        }                                                                                          \
    } while (0)

void console_resize(Console *con, int width, int height)
{
    pixman_image_t *old = con->image;

    con->image = make_image(width, height);
    CONSOLE_NOTIFY(con, resize, con->image);
    pixman_image_unref(old); /* after the viewers have let go of it */
}

void console_update_region(Console *con, int x, int y, int width, int height)
{
    CONSOLE_NOTIFY(con, update, x, y, width, height);
}

void console_add_listener(Console *con, const ConsoleListener *listener, void *opaque)
{
    Viewer *viewer = g_new0(Viewer, 1);

    viewer->listener = listener;
    viewer->opaque = opaque;
    TAILQ_INSERT_TAIL(&con->viewers, viewer, link);
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
}

void console_refresh(Console *con)
{
    con->ops->update(con->opaque);
}

void console_invalidate(Console *con)
{
    con->ops->invalidate(con->opaque);
}

char *console_text(Console *con)
{
    unsigned cols, rows;
    g_autofree char *screen = NULL;
    g_auto(GStrv) lines = NULL;
    GString *out;

    console_refresh(con);
    screen = con->ops->text ? con->ops->text(con->opaque, &cols, &rows) : NULL;
    if (!screen) {
        return NULL;
    }
    lines = g_strsplit(screen, "\n", -1);
    out = g_string_sized_new(strlen(screen));
    for (unsigned i = 0; i < rows && lines[i]; i++) {
        g_string_append_printf(out, "%s\n", g_strchomp(lines[i]));
    }
    return g_string_free(out, FALSE);
}
