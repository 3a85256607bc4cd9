/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of a viewer, for the two files that work on it: vnc-client.c (socket, updates) and
 * vnc-protocol.c (handshake, messages).
 */
#ifndef LIGNITE_BACKENDS_UI_VNC_CLIENT_H
#define LIGNITE_BACKENDS_UI_VNC_CLIENT_H

#include "hw/input/input.h"
#include "vnc-internal.h"

#define VNC_VERSION_SIZE 12
#define VNC_VERSION      "RFB 003.008\n"

/* Of zlib. */
#define VNC_DEFAULT_LEVEL 1
#define VNC_MAX_LEVEL     6

/* Takes the bytes that were asked for by vnc_client_expect(). */
typedef void (*Step)(VncClient *client, const uint8_t *data);

struct VncClient {
    VncServer *server;
    int fd;
    guint read_source, write_source;
    VncPeer peer;
    VncWebsock *ws;
    bool dead;   /* is freed when control is back in the function that glib called */
    bool ending; /* is dead when what waits has been sent */

    GByteArray *in; /* bytes of the protocol that no step has taken */
    size_t need;
    Step step;
    GByteArray *message; /* what a step sends, until vnc_client_send() */
    GByteArray *out;     /* bytes for the socket; empty when it has taken all */
    size_t out_sent;     /* those that it has taken */

    /* The handshake. */
    bool authenticated;
    unsigned minor; /* of the version 3.x */
    uint8_t challenge[VNC_CHALLENGE_SIZE];
    bool initialized;

    /* What the viewer can. */
    VncEncoder encoder;
    bool desktop_size, extended_desktop_size, ext_key, pointer_type;

    /* What it is to be told with the next update. */
    bool colours_due, ext_key_due;
    bool resize_due, resize_refused;
    int told_absolute; /* -1: not yet */

    int width, height; /* of its picture */
    pixman_region32_t dirty;
    bool wants_update;

    /* Its keys and pointer. */
    bool held[KEY_CODES];
    unsigned buttons;
    bool pointer_seen;
    int pointer_x, pointer_y;
};

/* Ask for `need` more bytes; `step` gets them. */
void vnc_client_expect(VncClient *client, size_t need, Step step);

/* Add to the message that is being made, and send it. */
void vnc_client_put(VncClient *client, const void *data, size_t len);
void vnc_client_send(VncClient *client);

/* Mark a part of the viewer's picture as changed; what lies outside of it does not count. */
void vnc_client_mark(VncClient *client, int x, int y, int width, int height);

/* Give it the picture's size, if it can take another; else it keeps its own, and sees what fits. */
void vnc_client_fit(VncClient *client);

/* The first step, and what is left to do when the connection breaks. */
void vnc_client_begin(VncClient *client);
void vnc_client_release_all(VncClient *client);

#endif
