/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Character backends: where the bytes of a serial port, a debug port or a monitor go.
 *
 * All functions are called with the machine lock held; handlers are called so.
 */
#ifndef LIGNITE_BACKENDS_CHAR_H
#define LIGNITE_BACKENDS_CHAR_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/opts.h"

typedef struct Chardev Chardev;

typedef enum ChardevEvent {
    CHARDEV_OPENED,
    CHARDEV_CLOSED,
    CHARDEV_BREAK,
    CHARDEV_MUX_IN,  /* a multiplexer's input comes here from now on */
    CHARDEV_MUX_OUT, /* it goes elsewhere; one of the two precedes OPENED on attach */
} ChardevEvent;

/* The user of a chardev. Any function may be NULL; without `receive` input is thrown away. */
typedef struct ChardevHandlers {
    /* How many bytes `receive` would take now; 0 holds input back until accept_input(). */
    size_t (*can_receive)(void *opaque);
    void (*receive)(void *opaque, const uint8_t *buf, size_t len);
    void (*event)(void *opaque, ChardevEvent event);
    /* chardev_write() took less than it was given; now all of that has gone, and it takes more. */
    void (*drained)(void *opaque);
} ChardevHandlers;

/*
 * Make a chardev from -chardev options ("socket,id=c0,path=..."); `id` is taken from them. Kinds:
 * null, stdio, file, pipe, pty, socket (unix and tcp, server and client), ringbuf, and any of them
 * with mux=on.
 */
Chardev *chardev_new(Opts *opts, GError **errp);

/*
 * Make a chardev from the short forms of -serial, -monitor and -debugcon: "stdio", "mon:stdio",
 * "file:F", "pipe:P", "unix:P[,server=on][,wait=off]", "tcp:H:P[,...]", "pty", "null", "none"
 * (returns NULL without an error), "chardev:ID". Its id is `id`. `*mon` becomes true for "mon:".
 */
Chardev *chardev_new_compat(const char *id, const char *text, bool *mon, GError **errp);

Chardev *chardev_find(const char *id);
const char *chardev_id(const Chardev *chr);
const char *chardev_filename(const Chardev *chr); /* as `info chardev` shows: "pty:/dev/pts/1" */
void chardev_free(Chardev *chr); /* NULL is allowed */

/*
 * Become the user of `chr` (of a free slot of it, for a multiplexer). Fails when it has one.
 * OPENED is delivered at once when the peer is there.
 */
bool chardev_attach(Chardev *chr, const ChardevHandlers *handlers, void *opaque, GError **errp);
void chardev_detach(Chardev *chr, void *opaque);

/*
 * Write; never blocks and never loses order. What the peer does not take at once waits in a
 * bounded buffer (64 KiB); what goes beyond it is dropped and counted. Returns bytes taken.
 */
size_t chardev_write(Chardev *chr, const void *buf, size_t len);

/* Room in the buffer for what the peer does not take at once. */
size_t chardev_room(const Chardev *chr);

/* The user can take input again. */
void chardev_accept_input(Chardev *chr);

/*
 * Give a chardev that waits for a peer this connection as its peer; `fd` is then the chardev's. Fails,
 * and leaves it to the caller, for other kinds and when there is a peer.
 */
bool chardev_add_client(Chardev *chr, int fd, GError **errp);

/* File descriptors that came with the last bytes (SCM_RIGHTS): takes one, or -1. */
int chardev_take_fd(Chardev *chr);

/*
 * Give the terminal back as it was found: what chardev_close_all() does too, but safe in a signal
 * handler. For an end that does not wait.
 */
void chardev_restore_terminal(void);

/* What is called before a server with wait=on blocks until its peer comes: tell the user. */
void chardev_set_wait_notice(void (*fn)(const char *filename));

/* What Ctrl-A x on a multiplexer calls: end the machine. */
void chardev_set_terminate(void (*fn)(void));

/* Take up to `len` of the bytes that a ringbuf keeps; 0 for any other kind. */
size_t chardev_ringbuf_read(Chardev *chr, void *buf, size_t len);

/* Calls `fn` for every chardev, oldest first. */
void chardev_foreach(void (*fn)(Chardev *chr, void *opaque), void *opaque);

/* Whether somebody is its user. */
bool chardev_is_used(const Chardev *chr);

/* Append the text of `info chardev`, and of `-chardev help`. */
void chardev_print_info(GString *out);
void chardev_print_help(GString *out);

/* Flush what can be, restore the terminal, close: at the end of the process. */
void chardev_close_all(void);

#endif
