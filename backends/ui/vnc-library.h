/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the module display-vnc (vnc-thread.c: libvncserver, in a thread of its own) does for vnc.c.
 *
 * Main thread, machine lock held, for every function here. None of them waits for a viewer.
 */
#ifndef LIGNITE_BACKENDS_UI_VNC_LIBRARY_H
#define LIGNITE_BACKENDS_UI_VNC_LIBRARY_H

#include <glib.h>
#include <pixman.h>
#include <stdbool.h>
#include <stdint.h>

/* The picture of one server, and its viewers. */
typedef struct VncScreen VncScreen;

/* What a viewer that wants to be alone gets: the others go; it goes if there are others; nothing.*/
typedef enum VncShare { VNC_ALLOW_EXCLUSIVE, VNC_FORCE_SHARED, VNC_IGNORE_EXCLUSIVE } VncShare;

/* What viewers do; `viewer` is what add_viewer() was given. */
typedef struct VncViewerOps {
    void (*initialized)(void *viewer); /* it is past the handshake */
    void (*key)(void *viewer, uint32_t keysym, bool down);
    /* In a picture of that size. The buttons are RFB's: bit 0 is the left one. */
    void (*pointer)(void *viewer, int x, int y, int width, int height, unsigned buttons);
    void (*gone)(void *viewer); /* the last call, and there is always one */
} VncViewerOps;

typedef struct VncLibrary {
    /*
     * Without a picture, or viewers: they start the thread. It lives until stop(). NULL where the
     * process can have no more descriptors.
     */
    VncScreen *(*screen_new)(const char *name, bool wants_password, bool lossy, VncShare share,
                             const VncViewerOps *ops);

    /* Copy the part of `image` that changed; NULL: all of it, and its size may be another. */
    void (*show)(VncScreen *screen, pixman_image_t *image, pixman_region32_t *changed);

    /* NULL or empty: nobody comes in. It ends at `ends`, in seconds since 1970. */
    void (*set_password)(VncScreen *screen, const char *password, gint64 ends);

    /* Take over the socket. There has been a picture. `authenticated`: no password is asked for. */
    void (*add_viewer)(VncScreen *screen, int fd, bool authenticated, void *viewer);

    /*
     * End the thread and free all screens; gone() is called for the viewers before it returns. Shut
     * their sockets down before, or it may wait for one that stalls.
     */
    void (*stop)(void);
} VncLibrary;

/* What the module defines, under this name. */
extern const VncLibrary lignite_vnc;
#define VNC_MODULE        "display-vnc"
#define VNC_MODULE_SYMBOL "lignite_vnc"

#endif
