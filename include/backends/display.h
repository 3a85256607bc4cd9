/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The picture of a display device, and what looks at it.
 *
 * A display device registers a Console with its functions; screenshots, windows and VNC ask it to
 * bring the picture up to date. The picture is a pixman image in 32-bit x8r8g8b8.
 * All functions are called with the machine lock held.
 */
#ifndef LIGNITE_BACKENDS_DISPLAY_H
#define LIGNITE_BACKENDS_DISPLAY_H

#include <glib.h>
#include <pixman.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct Console Console;

/* A character of a text mode. The colours are IRGB, as in the VGA's attribute: 4 is red. */
typedef struct ConsoleCell {
    uint32_t ch; /* Unicode */
    uint8_t foreground, background;
    bool blink;
} ConsoleCell;

/* The screen of a text mode; `cells` are `rows` lines of `cols`. */
typedef struct ConsoleText {
    unsigned cols, rows;
    ConsoleCell *cells;
    int cursor; /* the index of the cell that it is in; -1: it does not show */
} ConsoleText;
void console_text_free(ConsoleText *text);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ConsoleText, console_text_free)

typedef struct ConsoleOps {
    /* Draw what changed into the console's picture; call console_update_region() for it. */
    void (*update)(void *opaque);
    /* Everything must be drawn at the next update. */
    void (*invalidate)(void *opaque);
    /* In a text mode, the screen; made with g_new(). NULL in other modes; may be NULL too. */
    ConsoleText *(*text)(void *opaque);
} ConsoleOps;

/* Make a console; the first made is the default one. It starts as 640 x 480, black. */
Console *console_new(const ConsoleOps *ops, void *opaque);
void console_free(Console *con);
Console *console_default(void); /* NULL if there is none */

/* Whose it is, for console_find(): any address that tells devices apart. */
void console_set_owner(Console *con, const void *owner);
Console *console_find(const void *owner); /* NULL if there is none */

/* The picture; resizing replaces it, black. 1..16384 pixels each way (asserted). */
pixman_image_t *console_image(Console *con);
void console_resize(Console *con, int width, int height);

/* Tell viewers that the rectangle changed. */
void console_update_region(Console *con, int x, int y, int width, int height);

/*
 * Hears of changes. Each function may be NULL. Listeners hear in the order they were added; one
 * may take itself out from any of these, no other.
 */
typedef struct ConsoleListener {
    void (*update)(void *opaque, int x, int y, int width, int height);
    /* The picture was replaced. Keep a reference (pixman_image_ref) to use it later. */
    void (*resize)(void *opaque, pixman_image_t *image);
    /* A refresh is over: what changed since the last has been told. */
    void (*refreshed)(void *opaque);
    /* The console goes away, with all its listeners. */
    void (*gone)(void *opaque);
} ConsoleListener;

/*
 * While it has a listener with `refreshed`, the console refreshes itself (from glib's default main
 * context): every CONSOLE_REFRESH_MS while the picture changes, more and more seldom down to
 * CONSOLE_IDLE_MS while it does not. Without one it costs nothing.
 */
#define CONSOLE_REFRESH_MS 30
#define CONSOLE_IDLE_MS    250
void console_add_listener(Console *con, const ConsoleListener *listener, void *opaque);
void console_remove_listener(Console *con, void *opaque);

/* Something will change soon (a key was pressed), or somebody waits: back to the short interval. */
void console_wake(Console *con);

/* Have the device draw what changed; and everything, at the next refresh. */
void console_refresh(Console *con);
void console_invalidate(Console *con);

typedef enum ScreendumpFormat { SCREENDUMP_PPM, SCREENDUMP_PNG } ScreendumpFormat;

/* Refresh, and write the picture to a file. Fails, naming the file, and leaves no half of one. */
bool console_screendump(Console *con, const char *path, ScreendumpFormat format, GError **errp);

/* The screen of a text mode, to be freed; NULL in a graphics mode. */
ConsoleText *console_get_text(Console *con);

/* Refresh, and give the same as UTF-8: lines ended by '\n', trailing blanks cut. */
char *console_text(Console *con);

#endif
