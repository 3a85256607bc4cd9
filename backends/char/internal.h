/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kinds of chardev share: the table of a kind, and file descriptors watched by the main
 * loop.
 */
#ifndef LIGNITE_BACKENDS_CHAR_INTERNAL_H
#define LIGNITE_BACKENDS_CHAR_INTERNAL_H

#include <sys/types.h>

#include "backends/char.h"

#define CHARDEV_PENDING_MAX (64 * 1024)

typedef struct ChardevKind {
    const char *name;
    const char *help;
    /* Open what `opts` says; `chr` has its id, and chr->state is zeroed memory of state_size. */
    bool (*open)(Chardev *chr, Opts *opts, GError **errp);
    void (*close)(Chardev *chr); /* also of a half-open one */
    /* Write without blocking: bytes taken, 0 for none now, -1 when they will never be taken. */
    ssize_t (*write)(Chardev *chr, const uint8_t *buf, size_t len);
    /* The user can take input again. NULL: there is never any. */
    void (*accept_input)(Chardev *chr);
    /* Take over a connection that somebody else accepted. NULL: there is no such thing. */
    bool (*add_client)(Chardev *chr, int fd, GError **errp);
    const char *const *keys; /* of its options, NULL-terminated; NULL: none */
    size_t state_size;
} ChardevKind;

struct Chardev {
    const ChardevKind *kind;
    char *id;
    char *filename; /* what `info chardev` shows: "pty:/dev/pts/1" */
    void *state;    /* of the kind */

    const ChardevHandlers *handlers; /* the user; NULL while there is none */
    void *opaque;
    bool peer; /* somebody is at the other end */

    GByteArray *pending; /* written, not yet taken by the kind */
    uint64_t dropped;    /* bytes that found no room */
    bool refused;        /* the last write found no room for all of it */
};

extern const ChardevKind chardev_null, chardev_ringbuf, chardev_mux;
extern const ChardevKind chardev_stdio, chardev_file, chardev_pipe, chardev_pty;
extern const ChardevKind chardev_socket;

/* char.c: for the kinds. */
Chardev *chardev_new_kind(const ChardevKind *kind, const char *id, Opts *opts, GError **errp);
size_t chardev_can_receive(Chardev *chr);
void chardev_receive(Chardev *chr, const uint8_t *buf, size_t len);
void chardev_set_peer(Chardev *chr, bool peer); /* sends OPENED or CLOSED on a change */
void chardev_event(Chardev *chr, ChardevEvent event);
void chardev_flush(Chardev *chr); /* the kind may take more now */

/* mux.c */
bool chardev_mux_attach(Chardev *chr, const ChardevHandlers *handlers, void *opaque,
                        GError **errp);
void chardev_mux_detach(Chardev *chr, void *opaque);
const Chardev *chardev_mux_base(const Chardev *chr);
bool chardev_mux_is_used(const Chardev *chr);

/*
 * fd.c: a pair of descriptors, watched by the main loop. First member of a kind's state.
 */
typedef struct CharFd {
    Chardev *chr; /* NULL: not opened yet */
    int in, out;  /* -1: none; may be the same */
    GSource *in_source, *out_source;
    bool in_source_reads; /* in_source waits for input, not just for the peer to go */
    bool eof;             /* there will be no more input */
    bool is_socket;
    bool borrowed;    /* not ours to close */
    GArray *fds;      /* int: received with SCM_RIGHTS */
    GByteArray *held; /* input of a peer that is gone, which the user has not taken yet */
    /* The peer is gone, another may come. NULL: an end of input is just that. */
    void (*hangup)(Chardev *chr);
} CharFd;

void char_fd_init(CharFd *cfd, Chardev *chr);
void char_fd_set(CharFd *cfd, int in, int out); /* takes them over and makes them non-blocking */
void char_fd_close(CharFd *cfd);  /* one peer's descriptors */
void char_fd_finish(CharFd *cfd); /* for good, after what is pending; also if never opened */
ssize_t char_fd_write(Chardev *chr, const uint8_t *buf, size_t len);
void char_fd_accept_input(Chardev *chr);

#endif
