/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A user of chardevs that notes what comes, and ways to turn the main loop until something holds.
 */
#ifndef LIGNITE_TESTS_UNIT_CHAR_USER_H
#define LIGNITE_TESTS_UNIT_CHAR_USER_H

#include <string.h>
#include <unistd.h>

#include "backends/char.h"

typedef struct User {
    GString *got;
    size_t room; /* what can_receive says; shrinks with what comes */
    unsigned opened, closed, breaks, in, out;
} User;

static inline size_t user_can_receive(void *opaque)
{
    return ((User *)opaque)->room;
}

static inline void user_receive(void *opaque, const uint8_t *buf, size_t len)
{
    User *user = opaque;

    g_assert_cmpuint(len, <=, user->room);
    user->room -= len;
    g_string_append_len(user->got, (const char *)buf, len);
}

static inline void user_event(void *opaque, ChardevEvent event)
{
    User *user = opaque;

    user->opened += event == CHARDEV_OPENED;
    user->closed += event == CHARDEV_CLOSED;
    user->breaks += event == CHARDEV_BREAK;
    user->in += event == CHARDEV_MUX_IN;
    user->out += event == CHARDEV_MUX_OUT;
}

static const ChardevHandlers user_handlers = {
    .can_receive = user_can_receive,
    .receive = user_receive,
    .event = user_event,
};

static inline void user_init(User *user, Chardev *chr, size_t room)
{
    g_autoptr(GError) err = NULL;

    *user = (User){.got = g_string_new(NULL), .room = room};
    g_assert_true(chardev_attach(chr, &user_handlers, user, &err));
    g_assert_no_error(err);
}

/* Also detaches. */
static inline void user_end(User *user, Chardev *chr)
{
    chardev_detach(chr, user);
    g_string_free(user->got, TRUE);
}

/* Take `room` more bytes. */
static inline void user_take(User *user, Chardev *chr, size_t room)
{
    user->room = room;
    chardev_accept_input(chr);
}

/* Turn the main loop until `condition`; if that never comes, the test's time limit ends it. */
#define WAIT(condition)                                                                            \
    while (!(condition)) {                                                                         \
        g_main_context_iteration(NULL, TRUE);                                                      \
    }

/* Let everything happen that can happen now. */
static inline void settle(void)
{
    while (g_main_context_iteration(NULL, FALSE)) {
    }
}

static inline Chardev *chardev_make(const char *text)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(Opts) opts = opts_parse(text, "backend", &err);
    Chardev *chr = opts ? chardev_new(opts, &err) : NULL;

    g_assert_no_error(err);
    g_assert_nonnull(chr);
    return chr;
}

static inline Chardev *G_GNUC_PRINTF(1, 2) chardev_makef(const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list ap;

    va_start(ap, format);
    text = g_strdup_vprintf(format, ap);
    va_end(ap);
    return chardev_make(text);
}

#endif
