/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keys and pointer events on their way from displays and monitors to input devices.
 * All functions are called with the machine lock held.
 */
#ifndef LIGNITE_HW_INPUT_INPUT_H
#define LIGNITE_HW_INPUT_INPUT_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* QEMU's names of keys ("ctrl", "kp_enter", "ret"...) are rows of hw/input/keys.def. */
typedef enum KeyCode {
    KEY_CODE_NONE,
#define KEY(code, name, set1, set2) KEY_CODE_##code,
#include "hw/input/keys.def"
#undef KEY
    KEY_CODES,
} KeyCode;

typedef enum InputButton {
    INPUT_BUTTON_LEFT,
    INPUT_BUTTON_RIGHT,
    INPUT_BUTTON_MIDDLE,
    INPUT_BUTTON_WHEEL_UP,
    INPUT_BUTTON_WHEEL_DOWN,
} InputButton;

/* A device that takes input. Any function may be NULL. */
typedef struct InputHandler {
    const char *name;
    void (*key)(void *opaque, KeyCode key, bool down);
    void (*relative)(void *opaque, int dx, int dy);
    void (*button)(void *opaque, InputButton button, bool down);
    void (*sync)(void *opaque); /* the events since the last sync belong together */
} InputHandler;

/*
 * An event goes to the handler registered last of those that have a function for it. Unregistering
 * takes out every handler of `opaque`.
 */
void input_register(const InputHandler *handler, void *opaque);
void input_unregister(void *opaque);

/* Calls `fn` for each pointing device; `current` is the one that gets the next movement. */
void input_foreach_pointer(void (*fn)(const InputHandler *handler, bool current, void *opaque),
                           void *opaque);

/* Events; positive `dx` is to the right, positive `dy` down. KEY_CODE_NONE is dropped. */
void input_send_key(KeyCode key, bool down);
void input_send_relative(int dx, int dy);
void input_send_button(InputButton button, bool down);
void input_send_sync(void);

/* The key of QEMU's name, or of a number as 0x.. (scan code set 1); KEY_CODE_NONE if unknown. */
KeyCode key_code_from_name(const char *name);
const char *key_code_name(KeyCode key);

/*
 * The sendkey command: "ctrl-alt-f1" is pressed for `hold_ms` of virtual time (0: 100) and
 * released; several calls queue. Fails, with nothing sent, for an unknown key ("invalid parameter:
 * xyz"), for more than 16 keys, and when too many calls wait.
 */
bool input_send_keys(const char *keys, unsigned hold_ms, GError **errp);

/* Forget what waits, and release what is held: at the end of the process, and of a test. */
void input_cancel_keys(void);

#endif
