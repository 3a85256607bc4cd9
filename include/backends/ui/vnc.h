/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VNC servers that show the default console. Main thread, machine lock held.
 */
#ifndef LIGNITE_BACKENDS_UI_VNC_H
#define LIGNITE_BACKENDS_UI_VNC_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "backends/opts.h"
#include "backends/sockets.h"

/*
 * Start a server from the options of -vnc, whose first element is the key "vnc": an address
 * ("[HOST]:DISPLAY", "unix:PATH", or "none" for no server), then id=, to=, password=on|off,
 * websocket=on|off|PORT|HOST:PORT, share=allow-exclusive|force-shared|ignore, lossy=off,
 * non-adaptive=on|off. With `announce`, says on standard error where it listens.
 */
bool vnc_start(Opts *opts, bool announce, GError **errp);

/* Stop all: disconnect, close, forget. */
void vnc_stop_all(void);

/*
 * Set the password of a server (by its id; NULL: the first). An empty one locks everybody out.
 * Fails where there is no such server, or it was started without password=on.
 */
bool vnc_set_password(const char *id, const char *password, GError **errp);

/* When the password ends, in seconds since 1970: G_MAXINT64 is never. Fails as above. */
bool vnc_set_password_expiry(const char *id, gint64 time, GError **errp);

/* Take over a connected socket as a viewer. With `skip_auth`, without a password. */
bool vnc_add_client(int fd, bool skip_auth, GError **errp);

/* The other end of a connection. */
typedef struct VncPeer {
    SocketNames names;
    bool websocket;
} VncPeer;

typedef struct VncServerInfo {
    const char *id;
    const char *auth; /* "none" or "vnc" */
    unsigned n_listeners;
    const VncPeer *listeners; /* where it listens */
    unsigned n_clients;
} VncServerInfo;

/* Calls `server` for each server, and after it `client` (may be NULL) for each of its viewers. */
void vnc_foreach(void (*server)(const VncServerInfo *info, void *opaque),
                 void (*client)(const VncPeer *peer, void *opaque), void *opaque);

typedef enum VncEvent { VNC_CONNECTED, VNC_INITIALIZED, VNC_DISCONNECTED } VncEvent;

/* Who hears of viewers; `here` is the end of the connection on our side. One at most. */
void vnc_set_observer(void (*fn)(VncEvent event, const VncPeer *here, const char *auth,
                                 const VncPeer *peer));

#endif
