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
    INPUT_BUTTON_SIDE,
    INPUT_BUTTON_EXTRA,
    INPUT_BUTTON_WHEEL_LEFT,
    INPUT_BUTTON_WHEEL_RIGHT,
} InputButton;

/* Absolute positions go from 0 (left, top) to this (right, bottom). */
#define INPUT_ABSOLUTE_MAX 0x7fff

/* A device that takes input. Any function may be NULL. */
typedef struct InputHandler {
    const char *name;
    void (*key)(void *opaque, KeyCode key, bool down);
    void (*relative)(void *opaque, int dx, int dy);
    void (*absolute)(void *opaque, int x, int y);
    void (*button)(void *opaque, InputButton button, bool down);
    void (*sync)(void *opaque); /* the events since the last sync belong together */
} InputHandler;

/*
 * Keys go to the handler registered last of those that take keys; what a pointer does goes to the
 * current pointer: the one registered last, or the one that input_select_pointer() chose. A handler
 * with `relative` or `absolute` is a pointer. Unregistering takes out every handler of `opaque`.
 */
void input_register(const InputHandler *handler, void *opaque);
void input_unregister(void *opaque);

/* A pointing device, as query-mice shows it. */
typedef struct InputPointer {
    const char *name;
    unsigned index; /* its name for mouse_set; stays the same */
    bool absolute;
    bool current;
} InputPointer;

/* Calls `fn` for each pointing device, the last registered first. */
void input_foreach_pointer(void (*fn)(const InputPointer *pointer, void *opaque), void *opaque);

/* Make the pointer of this index the current one. Fails where there is none. */
bool input_select_pointer(unsigned index, GError **errp);

/* Whether the current pointer takes positions, and not movements. */
bool input_is_absolute(void);

/*
 * Events; positive `dx` is to the right, positive `dy` down. A position is clamped to
 * 0..INPUT_ABSOLUTE_MAX. KEY_CODE_NONE, and what the current pointer can't take, is dropped.
 */
void input_send_key(KeyCode key, bool down);
void input_send_relative(int dx, int dy);
void input_send_absolute(int x, int y);
void input_send_button(InputButton button, bool down);
void input_send_sync(void);

/* The key of QEMU's name, or of a number as 0x.. (scan code set 1); KEY_CODE_NONE if unknown. */
KeyCode key_code_from_name(const char *name);

/* The key of a code of set 1, with the prefix E0 as 0xe0xx or as bit 7; KEY_CODE_NONE if unknown.
 */
KeyCode key_code_from_set1(unsigned code);
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
