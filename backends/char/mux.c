/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The multiplexer: several users (a serial port, a monitor) share one chardev. All may write; the
 * input goes to one of them. Ctrl-A and a letter are for the multiplexer itself.
 */
#include <string.h>

#include "error.h"
#include "internal.h"

#define MUX_USERS    4
#define MUX_HELD_MAX CHARDEV_PENDING_MAX
#define MUX_ESCAPE   0x01 /* Ctrl-A */

typedef struct MuxUser {
    const ChardevHandlers *handlers; /* NULL: free */
    void *opaque;
    GByteArray *held; /* input that the user could not take yet */
} MuxUser;

typedef struct Mux {
    Chardev *base;
    MuxUser users[MUX_USERS];
    int focus; /* -1: nobody */
    bool escaped;
} Mux;

static const char mux_help[] = "\r\n"
                               "C-a h    print this help\r\n"
                               "C-a x    end the machine\r\n"
                               "C-a b    send a break\r\n"
                               "C-a c    switch between the monitor and the console\r\n"
                               "C-a C-a  send C-a\r\n";

static const char terminated[] = "lignite: Terminated\r\n";

static void (*terminate)(void);

void chardev_set_terminate(void (*fn)(void))
{
    terminate = fn;
}

static void user_event(MuxUser *user, ChardevEvent event)
{
    if (user->handlers && user->handlers->event) {
        user->handlers->event(user->opaque, event);
    }
}

static size_t user_room(MuxUser *user)
{
    if (!user->handlers || !user->handlers->receive) {
        return 0;
    }
    return user->handlers->can_receive ? user->handlers->can_receive(user->opaque) : 4096;
}

/* Give the user of his input what he takes. One who never takes any has it thrown away. */
static void deliver(MuxUser *user)
{
    size_t n;

    if (!user->handlers || !user->handlers->receive) {
        g_byte_array_set_size(user->held, 0);
    }
    while (user->held->len && (n = MIN(user_room(user), user->held->len)) > 0) {
        g_autofree uint8_t *bytes = g_memdup2(user->held->data, n);

        g_byte_array_remove_range(user->held, 0, n);
        user->handlers->receive(user->opaque, bytes, n);
    }
}

static void set_focus(Mux *mux, int focus)
{
    if (mux->focus >= 0) {
        user_event(&mux->users[mux->focus], CHARDEV_MUX_OUT);
    }
    mux->focus = focus;
    user_event(&mux->users[focus], CHARDEV_MUX_IN);
}

/* To the next user, or nobody. */
static void switch_focus(Mux *mux)
{
    for (int i = 1; i <= MUX_USERS; i++) {
        int next = (mux->focus + i) % MUX_USERS;

        if (mux->users[next].handlers) {
            set_focus(mux, next);
            return;
        }
    }
}

static void escape(Mux *mux, uint8_t c)
{
    MuxUser *user = mux->focus >= 0 ? &mux->users[mux->focus] : NULL;

    switch (c) {
    case 'h':
    case '?':
        chardev_write(mux->base, mux_help, strlen(mux_help));
        break;
    case 'x':
        chardev_write(mux->base, terminated, strlen(terminated));
        if (terminate) {
            terminate();
        }
        break;
    case 'b':
        if (user) {
            user_event(user, CHARDEV_BREAK);
        }
        break;
    case 'c':
        switch_focus(mux);
        break;
    case MUX_ESCAPE:
        if (user) {
            g_byte_array_append(user->held, &c, 1);
        }
        break;
    default:
        break;
    }
}

/*
 * Keys for the multiplexer must come through while the focused user takes none, so a lot is held
 * for him: more than anybody types. A file that is piped in still waits for the guest.
 */
static size_t mux_can_receive(void *opaque)
{
    Mux *mux = ((Chardev *)opaque)->state;

    return mux->focus < 0 ? 4096
                          : MUX_HELD_MAX - MIN(mux->users[mux->focus].held->len, MUX_HELD_MAX);
}

static void mux_receive(void *opaque, const uint8_t *buf, size_t len)
{
    Mux *mux = ((Chardev *)opaque)->state;

    for (size_t i = 0; i < len; i++) {
        if (mux->escaped) {
            mux->escaped = false;
            if (mux->focus >= 0) {
                deliver(&mux->users[mux->focus]); /* what came before the key goes before it */
            }
            escape(mux, buf[i]);
        } else if (buf[i] == MUX_ESCAPE) {
            mux->escaped = true;
        } else if (mux->focus >= 0) {
            g_byte_array_append(mux->users[mux->focus].held, &buf[i], 1);
        }
    }
    if (mux->focus >= 0) {
        deliver(&mux->users[mux->focus]);
    }
}

static void mux_event(void *opaque, ChardevEvent event)
{
    Chardev *chr = opaque;
    Mux *mux = chr->state;

    chr->peer = mux->base->peer;
    for (int i = 0; i < MUX_USERS; i++) {
        if (event != CHARDEV_BREAK || i == mux->focus) {
            user_event(&mux->users[i], event);
        }
    }
}

static const ChardevHandlers mux_handlers = {
    .can_receive = mux_can_receive,
    .receive = mux_receive,
    .event = mux_event,
};

bool chardev_mux_attach(Chardev *chr, const ChardevHandlers *handlers, void *opaque, GError **errp)
{
    Mux *mux = chr->state;

    for (int i = 0; i < MUX_USERS; i++) {
        MuxUser *user = &mux->users[i];

        if (!user->handlers) {
            user->handlers = handlers;
            user->opaque = opaque;
            /* The first to come is the console; a monitor waits behind it for Ctrl-A c. */
            if (mux->focus < 0) {
                set_focus(mux, i);
            } else {
                user_event(user, CHARDEV_MUX_OUT);
            }
            if (mux->base->peer) {
                user_event(user, CHARDEV_OPENED);
            }
            return true;
        }
    }
    error_setg(errp, "chardev '%s' is already in use", chr->id);
    return false;
}

void chardev_mux_detach(Chardev *chr, void *opaque)
{
    Mux *mux = chr->state;

    for (int i = 0; i < MUX_USERS; i++) {
        MuxUser *user = &mux->users[i];

        if (user->handlers && user->opaque == opaque) {
            user->handlers = NULL;
            user->opaque = NULL;
            g_byte_array_set_size(user->held, 0);
            if (mux->focus == i) {
                mux->focus = -1;
                switch_focus(mux);
            }
        }
    }
}

const Chardev *chardev_mux_base(const Chardev *chr)
{
    const Mux *mux = chr->state;

    return mux->base;
}

bool chardev_mux_is_used(const Chardev *chr)
{
    const Mux *mux = chr->state;

    for (int i = 0; i < MUX_USERS; i++) {
        if (mux->users[i].handlers) {
            return true;
        }
    }
    return false;
}

static bool mux_open(Chardev *chr, Opts *opts, GError **errp)
{
    Mux *mux = chr->state;

    mux->focus = -1;
    for (int i = 0; i < MUX_USERS; i++) {
        mux->users[i].held = g_byte_array_new();
    }
    mux->base = chardev_find(opts_get(opts, "chardev"));
    chr->peer = mux->base->peer;
    g_free(chr->filename);
    chr->filename = g_strconcat("mux:", chardev_filename(mux->base), NULL);
    return chardev_attach(mux->base, &mux_handlers, chr, errp);
}

static void mux_close(Chardev *chr)
{
    Mux *mux = chr->state;

    for (int i = 0; i < MUX_USERS; i++) {
        g_byte_array_unref(mux->users[i].held);
    }
    chardev_detach(mux->base, chr);
}

static ssize_t mux_write(Chardev *chr, const uint8_t *buf, size_t len)
{
    Mux *mux = chr->state;

    chardev_write(mux->base, buf, len); /* what it can't take it has counted; nothing waits here */
    return len;
}

static void mux_accept_input(Chardev *chr)
{
    Mux *mux = chr->state;

    /* Also to one who lost the focus: what was typed for him is his. */
    for (int i = 0; i < MUX_USERS; i++) {
        if (mux->users[i].handlers) {
            deliver(&mux->users[i]);
        }
    }
    chardev_accept_input(mux->base);
}

const ChardevKind chardev_mux = {
    .name = "mux",
    .help = "several users on one chardev: made by mux=on",
    .open = mux_open,
    .close = mux_close,
    .write = mux_write,
    .accept_input = mux_accept_input,
    .state_size = sizeof(Mux),
};
