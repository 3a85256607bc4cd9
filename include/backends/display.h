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

typedef struct ConsoleOps {
    /* Draw what changed into the console's picture; call console_update_region() for it. */
    void (*update)(void *opaque);
    /* Everything must be drawn at the next update. */
    void (*invalidate)(void *opaque);
    /*
     * In a text mode, the screen as UTF-8: `rows` lines of `cols` characters, each ended by '\n'.
     * To be freed. NULL in other modes; the function may be NULL too.
     */
    char *(*text)(void *opaque, unsigned *cols, unsigned *rows);
} ConsoleOps;

/* Make a console; the first made is the default one. It starts as 640 x 480, black. */
Console *console_new(const ConsoleOps *ops, void *opaque);
void console_free(Console *con);
Console *console_default(void); /* NULL if there is none */

/* The picture; resizing replaces it, black. 1..16384 pixels each way (asserted). */
pixman_image_t *console_image(Console *con);
void console_resize(Console *con, int width, int height);

/* Tell viewers that the rectangle changed. */
void console_update_region(Console *con, int x, int y, int width, int height);

/* Hears of changes. */
typedef struct ConsoleListener { /* either may be NULL */
    void (*update)(void *opaque, int x, int y, int width, int height);
    void (*resize)(void *opaque, pixman_image_t *image);
} ConsoleListener;
void console_add_listener(Console *con, const ConsoleListener *listener, void *opaque);
void console_remove_listener(Console *con, void *opaque);

/* Have the device draw what changed; and everything, at the next refresh. */
void console_refresh(Console *con);
void console_invalidate(Console *con);

typedef enum ScreendumpFormat { SCREENDUMP_PPM, SCREENDUMP_PNG } ScreendumpFormat;

/* Refresh, and write the picture to a file. Fails, naming the file, and leaves no half of one. */
bool console_screendump(Console *con, const char *path, ScreendumpFormat format, GError **errp);

/* Refresh, and give the text on the screen (lines ended by '\n', trailing blanks cut); NULL in a
 * graphics mode. */
char *console_text(Console *con);

#endif
