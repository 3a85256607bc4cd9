/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A PS/2 keyboard and a PS/2 mouse, as the controller at the other end of the cable sees them:
 * bytes go in with ps2_*_write(), and come out with ps2_read() whenever the controller is ready.
 */
#ifndef LIGNITE_HW_INPUT_PS2_H
#define LIGNITE_HW_INPUT_PS2_H

#include <stdbool.h>
#include <stdint.h>

#include "hw/input/input.h"

#define PS2_REPLY_SIZE 16
#define PS2_EVENT_SIZE 128

/* A ring of bytes. */
typedef struct PS2Ring {
    uint8_t head; /* the next to come out */
    uint8_t count;
    uint8_t data[PS2_EVENT_SIZE];
} PS2Ring;

/* What both have: bytes on their way out. Answers to commands go before events. */
typedef struct PS2Port {
    PS2Ring replies;
    PS2Ring events;
    uint8_t last;                /* the byte sent last, for Resend */
    int command;                 /* the command that waits for its argument, or -1 */
    void (*ready)(void *opaque); /* there is something to read */
    void *opaque;
} PS2Port;

typedef struct PS2Keyboard {
    PS2Port port;
    bool scanning;    /* keys are sent */
    uint8_t scan_set; /* 1 or 2 */
    uint8_t leds;
    uint8_t typematic;
    bool overrun;      /* the last event in the ring is the overrun code */
    uint8_t modifiers; /* PS2_MOD_* held down */
} PS2Keyboard;

typedef struct PS2Mouse {
    PS2Port port;
    bool reporting; /* Enable was given; counts in stream mode */
    bool remote;
    bool wrap;
    bool scaling; /* 2:1 */
    uint8_t resolution;
    uint8_t rate;
    uint8_t id;      /* 0: plain; 3: with a wheel */
    uint8_t knock;   /* how far the sequence of rates that turns on the wheel has come */
    uint8_t buttons; /* PS2_BUTTON_*, in the packet's order */
    uint8_t sent_buttons;
    int dx, dy, dz; /* moved since the last packet; dy upwards */
} PS2Mouse;

/* `ready` is called whenever bytes were added, also from within ps2_*_write(). */
void ps2_keyboard_init(PS2Keyboard *kbd, void (*ready)(void *opaque), void *opaque);
void ps2_mouse_init(PS2Mouse *mouse, void (*ready)(void *opaque), void *opaque);

/* The state after power on; sends nothing. */
void ps2_keyboard_reset(PS2Keyboard *kbd);
void ps2_mouse_reset(PS2Mouse *mouse);

/* A byte from the host. */
void ps2_keyboard_write(PS2Keyboard *kbd, uint8_t val);
void ps2_mouse_write(PS2Mouse *mouse, uint8_t val);

/* Whether there is a byte to read; take it. Reading with nothing there gives 0. */
bool ps2_pending(const PS2Port *port);
uint8_t ps2_read(PS2Port *port);

/* Events. */
void ps2_keyboard_key(PS2Keyboard *kbd, KeyCode key, bool down);
void ps2_mouse_move(PS2Mouse *mouse, int dx, int dy);
void ps2_mouse_button(PS2Mouse *mouse, InputButton button, bool down);
void ps2_mouse_sync(PS2Mouse *mouse); /* send what has gathered, if it is wanted */

#endif
