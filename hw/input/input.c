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
    unsigned index; /* among the pointers */
    TAILQ_ENTRY(Registration) link;
} Registration;

/* The last registered comes first. */
static TAILQ_HEAD(, Registration) handlers = TAILQ_HEAD_INITIALIZER(handlers);

/* By the user; NULL: the first pointer of the list. */
static Registration *selected;

static bool is_pointer(const InputHandler *handler)
{
    return handler->relative || handler->absolute;
}

/* The lowest one that is free. */
static unsigned free_index(void)
{
    unsigned index = 0;
    Registration *reg;

again:
    TAILQ_FOREACH (reg, &handlers, link) {
        if (is_pointer(reg->handler) && reg->index == index) {
            index++;
            goto again;
        }
    }
    return index;
}

void input_register(const InputHandler *handler, void *opaque)
{
    Registration *reg = g_new0(Registration, 1);

    reg->handler = handler;
    reg->opaque = opaque;
    reg->index = free_index();
    if (is_pointer(handler)) {
        selected = NULL; /* a new one is there to be used */
    }
    TAILQ_INSERT_HEAD(&handlers, reg, link);
}

void input_unregister(void *opaque)
{
    Registration *reg = TAILQ_FIRST(&handlers);

    while (reg) {
        Registration *next = TAILQ_NEXT(reg, link);

        if (reg->opaque == opaque) {
            TAILQ_REMOVE(&handlers, reg, link);
            selected = selected == reg ? NULL : selected;
            g_free(reg);
        }
        reg = next;
    }
}

/* ------------------------------------------------------------------------------ pointers -- */

static Registration *current_pointer(void)
{
    Registration *reg;

    if (selected) {
        return selected;
    }
    TAILQ_FOREACH (reg, &handlers, link) {
        if (is_pointer(reg->handler)) {
            return reg;
        }
    }
    return NULL;
}

void input_foreach_pointer(void (*fn)(const InputPointer *pointer, void *opaque), void *opaque)
{
    const Registration *current = current_pointer();
    Registration *reg;

    TAILQ_FOREACH (reg, &handlers, link) {
        if (is_pointer(reg->handler)) {
            InputPointer pointer = {.name = reg->handler->name,
                                    .index = reg->index,
                                    .absolute = reg->handler->absolute != NULL,
                                    .current = reg == current};

            fn(&pointer, opaque);
        }
    }
}

bool input_select_pointer(unsigned index, GError **errp)
{
    Registration *reg;

    TAILQ_FOREACH (reg, &handlers, link) {
        if (is_pointer(reg->handler) && reg->index == index) {
            selected = reg;
            return true;
        }
    }
    error_setg(errp, "Mouse at index '%u' not found", index);
    return false;
}

bool input_is_absolute(void)
{
    const Registration *reg = current_pointer();

    return reg && reg->handler->absolute;
}

/* -------------------------------------------------------------------------------- events -- */

void input_send_key(KeyCode key, bool down)
{
    Registration *reg;

    if (key <= KEY_CODE_NONE || key >= KEY_CODES) {
        return;
    }
    TAILQ_FOREACH (reg, &handlers, link) {
        if (reg->handler->key) {
            reg->handler->key(reg->opaque, key, down);
            break;
        }
    }
}

void input_send_relative(int dx, int dy)
{
    Registration *reg = current_pointer();

    if (reg && reg->handler->relative) {
        reg->handler->relative(reg->opaque, dx, dy);
    }
}

void input_send_absolute(int x, int y)
{
    Registration *reg = current_pointer();

    if (reg && reg->handler->absolute) {
        reg->handler->absolute(reg->opaque, CLAMP(x, 0, INPUT_ABSOLUTE_MAX),
                               CLAMP(y, 0, INPUT_ABSOLUTE_MAX));
    }
}

void input_send_button(InputButton button, bool down)
{
    Registration *reg = current_pointer();

    if (reg && reg->handler->button) {
        reg->handler->button(reg->opaque, button, down);
    }
}

void input_send_sync(void)
{
    Registration *reg;

    TAILQ_FOREACH (reg, &handlers, link) {
        if (reg->handler->sync) {
            reg->handler->sync(reg->opaque);
        }
    }
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
