/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who gets keys and pointer events, and the queue of the sendkey command.
 */
#include "hw/input/input.h"

#include "error.h"
#include "hw/core/clock.h"

#define SENDKEY_MAX_KEYS        16
#define SENDKEY_MAX_WAITING     1024
#define SENDKEY_DEFAULT_HOLD_MS 100

typedef struct Registration {
    const InputHandler *handler;
    void *opaque;
    TAILQ_ENTRY(Registration) link;
} Registration;

/* The last registered comes first. */
static TAILQ_HEAD(, Registration) handlers = TAILQ_HEAD_INITIALIZER(handlers);

void input_register(const InputHandler *handler, void *opaque)
{
    Registration *reg = g_new0(Registration, 1);

    reg->handler = handler;
    reg->opaque = opaque;
    TAILQ_INSERT_HEAD(&handlers, reg, link);
}

void input_unregister(void *opaque)
{
    Registration *reg = TAILQ_FIRST(&handlers);

    while (reg) {
        Registration *next = TAILQ_NEXT(reg, link);

        if (reg->opaque == opaque) {
            TAILQ_REMOVE(&handlers, reg, link);
            g_free(reg);
        }
        reg = next;
    }
}

void input_foreach_pointer(void (*fn)(const InputHandler *handler, bool current, void *opaque),
                           void *opaque)
{
    Registration *reg;
    bool current = true;

    TAILQ_FOREACH (reg, &handlers, link) {
        if (reg->handler->relative) {
            fn(reg->handler, current, opaque);
            current = false;
        }
    }
}

/* Call `func` of the first handler that has it. */
#define INPUT_DISPATCH(func, ...)                                                                  \
    do {                                                                                           \
        Registration *reg_;                                                                        \
                                                                                                   \
        TAILQ_FOREACH (reg_, &handlers, link) {                                                    \
            if (reg_->handler->func) {                                                             \
                reg_->handler->func(reg_->opaque, ##__VA_ARGS__);                                  \
                break;                                                                             \
            }                                                                                      \
        }                                                                                          \
    } while (0)

void input_send_key(KeyCode key, bool down)
{
    if (key > KEY_CODE_NONE && key < KEY_CODES) {
        INPUT_DISPATCH(key, key, down);
    }
}

void input_send_relative(int dx, int dy)
{
    INPUT_DISPATCH(relative, dx, dy);
}

void input_send_button(InputButton button, bool down)
{
    INPUT_DISPATCH(button, button, down);
}

void input_send_sync(void)
{
    INPUT_DISPATCH(sync);
}

/* ------------------------------------------------------------------------------- sendkey -- */

typedef struct KeyChord {
    KeyCode keys[SENDKEY_MAX_KEYS];
    unsigned n;
    int64_t hold_ns;
} KeyChord;

static GQueue chords = G_QUEUE_INIT; /* the first one is being held while `held` */
static bool held;
static Timer chord_timer;

static void chord_press(void)
{
    KeyChord *chord = g_queue_peek_head(&chords);

    for (unsigned i = 0; i < chord->n; i++) {
        input_send_key(chord->keys[i], true);
    }
    input_send_sync();
    held = true;
    timer_mod(&chord_timer, clock_get_ns(VM_CLOCK_VIRTUAL) + chord->hold_ns);
}

/* Returns how long the keys were held. */
static int64_t chord_release(void)
{
    g_autofree KeyChord *chord = g_queue_pop_head(&chords);

    for (unsigned i = chord->n; i-- > 0;) {
        input_send_key(chord->keys[i], false);
    }
    input_send_sync();
    held = false;
    return chord->hold_ns;
}

/* After a release the keyboard rests as long as the keys were held: guests tell repeats by it. */
static void chord_step(void *opaque)
{
    if (held) {
        timer_mod(&chord_timer, clock_get_ns(VM_CLOCK_VIRTUAL) + chord_release());
    } else if (!g_queue_is_empty(&chords)) {
        chord_press();
    }
}

bool input_send_keys(const char *keys, unsigned hold_ms, GError **errp)
{
    g_auto(GStrv) names = g_strsplit(keys, "-", -1);
    g_autofree KeyChord *chord = g_new0(KeyChord, 1);

    if (!names[0]) {
        error_setg(errp, "invalid parameter: ''");
        return false;
    }
    for (char **name = names; *name; name++) {
        KeyCode key = key_code_from_name(*name);

        if (key == KEY_CODE_NONE) {
            error_setg(errp, "invalid parameter: %s", *name);
            return false;
        }
        if (chord->n == SENDKEY_MAX_KEYS) {
            error_setg(errp, "sendkey: more than %d keys at once", SENDKEY_MAX_KEYS);
            return false;
        }
        chord->keys[chord->n++] = key;
    }
    if (g_queue_get_length(&chords) >= SENDKEY_MAX_WAITING) {
        error_setg(errp, "sendkey: %d calls wait already; let the machine run to take them",
                   SENDKEY_MAX_WAITING);
        return false;
    }
    if (!chord_timer.func) {
        timer_init(&chord_timer, VM_CLOCK_VIRTUAL, chord_step, NULL);
    }
    chord->hold_ns = (hold_ms ? hold_ms : SENDKEY_DEFAULT_HOLD_MS) * NANOSECONDS_PER_MS;
    g_queue_push_tail(&chords, g_steal_pointer(&chord));
    if (!held && !timer_pending(&chord_timer)) {
        chord_press();
    }
    return true;
}

void input_cancel_keys(void)
{
    timer_del(&chord_timer);
    if (held) {
        chord_release();
    }
    g_queue_clear_full(&chords, g_free);
}
