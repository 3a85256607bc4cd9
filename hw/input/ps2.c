/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PS/2 keyboard and PS/2 mouse with a wheel.
 *
 * Documents: IBM PS/2 Hardware Interface Technical Reference, "Keyboards (101- and 102-key)" and
 * "Mouse"; Microsoft, "Intellimouse" (the wheel).
 *
 * Not modelled: scan code set 3 (selecting it is answered with Resend, as by keyboards that lack
 * it); typematic repeat (whoever holds the key sends repeats); the time a byte takes on the cable;
 * pacing by the sample rate (a packet goes out when the events of one moment are complete, and
 * moves gather while the ring is full).
 */
#include "ps2.h"

#include <string.h>

#include "hw/core/log.h"
#include "keys.h"

/* Bytes of both. */
#define PS2_ACK          0xfa
#define PS2_RESEND       0xfe
#define PS2_BAT_OK       0xaa /* basic assurance test */
#define PS2_CMD_READ_ID  0xf2
#define PS2_CMD_ENABLE   0xf4
#define PS2_CMD_DISABLE  0xf5
#define PS2_CMD_DEFAULTS 0xf6
#define PS2_CMD_RESEND   0xfe
#define PS2_CMD_RESET    0xff

#define KBD_CMD_LEDS           0xed
#define KBD_CMD_ECHO           0xee
#define KBD_CMD_SCAN_SET       0xf0
#define KBD_CMD_TYPEMATIC      0xf3
#define KBD_CMD_ALL_KEYS_FIRST 0xf7 /* F7..FA: of all keys, and */
#define KBD_CMD_ALL_KEYS_LAST  0xfa
#define KBD_CMD_KEY_FIRST      0xfb /* FB..FD: of one key, in set 3 alone */
#define KBD_CMD_KEY_LAST       0xfd
#define KBD_TYPEMATIC_DEFAULT  0x2b /* 10.9 a second after 500 ms */

#define MOUSE_CMD_SCALING_1  0xe6
#define MOUSE_CMD_SCALING_2  0xe7
#define MOUSE_CMD_RESOLUTION 0xe8
#define MOUSE_CMD_STATUS     0xe9
#define MOUSE_CMD_STREAM     0xea
#define MOUSE_CMD_READ_DATA  0xeb
#define MOUSE_CMD_WRAP_OFF   0xec
#define MOUSE_CMD_WRAP_ON    0xee
#define MOUSE_CMD_REMOTE     0xf0
#define MOUSE_CMD_RATE       0xf3

#define MOUSE_ID_PLAIN 0
#define MOUSE_ID_WHEEL 3
#define MOUSE_MOVE_MAX 10000 /* what may gather unsent, so that sums can't overflow */

enum { PS2_BUTTON_LEFT = 1, PS2_BUTTON_RIGHT = 2, PS2_BUTTON_MIDDLE = 4 };
enum { PS2_MOD_CTRL = 3, PS2_MOD_ALT = 0x0c, PS2_MOD_SHIFT = 0x30 }; /* left and right of each */

/* ------------------------------------------------------------------------ bytes on their way */

static bool ring_push(PS2Ring *ring, unsigned limit, const uint8_t *data, unsigned n)
{
    if (ring->count + n > limit) {
        return false;
    }
    for (unsigned i = 0; i < n; i++) {
        ring->data[(ring->head + ring->count++) % PS2_EVENT_SIZE] = data[i];
    }
    return true;
}

static uint8_t ring_pop(PS2Ring *ring)
{
    uint8_t val = ring->data[ring->head];

    ring->head = (ring->head + 1) % PS2_EVENT_SIZE;
    ring->count--;
    return val;
}

static void port_init(PS2Port *port, void (*ready)(void *opaque), void *opaque)
{
    memset(port, 0, sizeof(*port));
    port->command = -1;
    port->ready = ready;
    port->opaque = opaque;
}

static void port_clear(PS2Port *port)
{
    port->replies.count = 0;
    port->events.count = 0;
    port->command = -1;
}

/* A guest that never reads answers loses the later ones. */
static void port_reply(PS2Port *port, const uint8_t *data, unsigned n)
{
    if (!ring_push(&port->replies, PS2_REPLY_SIZE, data, n)) {
        log_guest_error("ps2: commands are sent faster than their answers are read");
    }
    port->ready(port->opaque);
}

static void port_reply_byte(PS2Port *port, uint8_t val)
{
    port_reply(port, &val, 1);
}

bool ps2_pending(const PS2Port *port)
{
    return port->replies.count || port->events.count;
}

uint8_t ps2_read(PS2Port *port)
{
    if (port->replies.count) {
        port->last = ring_pop(&port->replies);
    } else if (port->events.count) {
        port->last = ring_pop(&port->events);
    } else {
        return 0;
    }
    return port->last;
}

/* ---------------------------------------------------------------------------------- keyboard */

static void keyboard_defaults(PS2Keyboard *kbd)
{
    kbd->scan_set = 2;
    kbd->typematic = KBD_TYPEMATIC_DEFAULT;
    kbd->port.events.count = 0;
    kbd->overrun = false;
}

void ps2_keyboard_reset(PS2Keyboard *kbd)
{
    port_clear(&kbd->port);
    keyboard_defaults(kbd);
    kbd->scanning = true;
    kbd->leds = 0;
    /* Fingers stay where they are. */
}

void ps2_keyboard_init(PS2Keyboard *kbd, void (*ready)(void *opaque), void *opaque)
{
    port_init(&kbd->port, ready, opaque);
    kbd->modifiers = 0;
    ps2_keyboard_reset(kbd);
}

static void keyboard_argument(PS2Keyboard *kbd, int command, uint8_t val)
{
    switch (command) {
    case KBD_CMD_LEDS:
        kbd->leds = val & 7;
        break;
    case KBD_CMD_TYPEMATIC:
        kbd->typematic = val & 0x7f;
        break;
    case KBD_CMD_SCAN_SET:
        if (val == 0) {
            port_reply(&kbd->port, (const uint8_t[]){PS2_ACK, kbd->scan_set}, 2);
            return;
        }
        if (val > 2) {
            port_reply_byte(&kbd->port, PS2_RESEND);
            return;
        }
        kbd->scan_set = val;
        kbd->port.events.count = 0;
        break;
    default: /* a key of set 3: nothing to keep */
        break;
    }
    port_reply_byte(&kbd->port, PS2_ACK);
}

void ps2_keyboard_write(PS2Keyboard *kbd, uint8_t val)
{
    PS2Port *port = &kbd->port;
    int command = port->command;

    /* Arguments are below 80; a command in their place takes effect instead. */
    port->command = -1;
    if (command >= 0 && val < 0x80) {
        keyboard_argument(kbd, command, val);
        return;
    }
    switch (val) {
    case KBD_CMD_LEDS:
    case KBD_CMD_TYPEMATIC:
    case KBD_CMD_SCAN_SET:
    case KBD_CMD_KEY_FIRST ... KBD_CMD_KEY_LAST:
        port->command = val;
        break;
    case KBD_CMD_ECHO:
        port_reply_byte(port, KBD_CMD_ECHO);
        return;
    case PS2_CMD_READ_ID:
        port_reply(port, (const uint8_t[]){PS2_ACK, 0xab, 0x83}, 3);
        return;
    case PS2_CMD_ENABLE:
        port->events.count = 0;
        kbd->overrun = false;
        kbd->scanning = true;
        break;
    case PS2_CMD_DISABLE:
        keyboard_defaults(kbd);
        kbd->scanning = false;
        break;
    case PS2_CMD_DEFAULTS:
        keyboard_defaults(kbd);
        kbd->scanning = true;
        break;
    case KBD_CMD_ALL_KEYS_FIRST ... KBD_CMD_ALL_KEYS_LAST:
        break;
    case PS2_CMD_RESEND:
        port_reply_byte(port, port->last);
        return;
    case PS2_CMD_RESET:
        ps2_keyboard_reset(kbd);
        port_reply(port, (const uint8_t[]){PS2_ACK, PS2_BAT_OK}, 2);
        return;
    default:
        log_guest_error("ps2: keyboard command %02x does not exist", val);
        port_reply_byte(port, PS2_RESEND);
        return;
    }
    port_reply_byte(port, PS2_ACK);
}

typedef struct ScanBytes {
    uint8_t data[8];
    unsigned n;
} ScanBytes;

static void scan_add(ScanBytes *scan, uint8_t set, uint16_t code, bool down)
{
    if (code >> 8) {
        scan->data[scan->n++] = code >> 8;
    }
    if (!down && set == 2) {
        scan->data[scan->n++] = 0xf0;
    }
    scan->data[scan->n++] = code | (!down && set == 1 ? 0x80 : 0);
}

/* Print Screen: with Alt it is SysRq; with Ctrl or Shift it lacks the Shift around it. */
static void scan_print(ScanBytes *scan, uint8_t set, uint8_t modifiers, bool down)
{
    const KeyInfo *print = &key_table[KEY_CODE_PRINT], *sysrq = &key_table[KEY_CODE_SYSRQ];
    uint16_t code = set == 1 ? print->set1 : print->set2;
    uint16_t shift = set == 1 ? 0xe02a : 0xe012;

    if (modifiers & PS2_MOD_ALT) {
        scan_add(scan, set, set == 1 ? sysrq->set1 : sysrq->set2, down);
    } else if (modifiers & (PS2_MOD_CTRL | PS2_MOD_SHIFT)) {
        scan_add(scan, set, code, down);
    } else if (down) {
        scan_add(scan, set, shift, true);
        scan_add(scan, set, code, true);
    } else {
        scan_add(scan, set, code, false);
        scan_add(scan, set, shift, false);
    }
}

/* Pause: make and break are sent at once when it goes down; with Ctrl it is Break. */
static void scan_pause(ScanBytes *scan, uint8_t set, uint8_t modifiers, bool down)
{
    static const ScanBytes pause1 = {.data = {0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0xc5}, .n = 6};
    static const ScanBytes pause2 = {.data = {0xe1, 0x14, 0x77, 0xe1, 0xf0, 0x14, 0xf0, 0x77},
                                     .n = 8};
    const KeyInfo *pause = &key_table[KEY_CODE_PAUSE];

    if (!down) {
        return;
    }
    if (modifiers & PS2_MOD_CTRL) {
        scan_add(scan, set, set == 1 ? pause->set1 : pause->set2, true);
        scan_add(scan, set, set == 1 ? pause->set1 : pause->set2, false);
    } else {
        *scan = set == 1 ? pause1 : pause2;
    }
}

static uint8_t key_modifier(KeyCode key)
{
    switch (key) {
    case KEY_CODE_CTRL:
        return 0x01;
    case KEY_CODE_CTRL_R:
        return 0x02;
    case KEY_CODE_ALT:
        return 0x04;
    case KEY_CODE_ALT_R:
        return 0x08;
    case KEY_CODE_SHIFT:
        return 0x10;
    case KEY_CODE_SHIFT_R:
        return 0x20;
    default:
        return 0;
    }
}

void ps2_keyboard_key(PS2Keyboard *kbd, KeyCode key, bool down)
{
    PS2Ring *events = &kbd->port.events;
    ScanBytes scan = {};
    uint8_t modifier = key_modifier(key);

    kbd->modifiers = down ? kbd->modifiers | modifier : kbd->modifiers & ~modifier;
    if (!kbd->scanning) {
        return;
    }
    if (key == KEY_CODE_PRINT) {
        scan_print(&scan, kbd->scan_set, kbd->modifiers, down);
    } else if (key == KEY_CODE_PAUSE) {
        scan_pause(&scan, kbd->scan_set, kbd->modifiers, down);
    } else {
        scan_add(&scan, kbd->scan_set,
                 kbd->scan_set == 1 ? key_table[key].set1 : key_table[key].set2, down);
    }
    if (!scan.n) {
        return;
    }
    /* The last place is kept for the code that says that keys were lost. */
    if (ring_push(events, PS2_EVENT_SIZE - 1, scan.data, scan.n)) {
        kbd->overrun = false;
    } else if (!kbd->overrun) {
        kbd->overrun = true;
        ring_push(events, PS2_EVENT_SIZE, (const uint8_t[]){kbd->scan_set == 1 ? 0xff : 0}, 1);
    }
    kbd->port.ready(kbd->port.opaque);
}

/* ------------------------------------------------------------------------------------- mouse */

static void mouse_drop_moves(PS2Mouse *mouse)
{
    mouse->dx = mouse->dy = mouse->dz = 0;
}

static void mouse_defaults(PS2Mouse *mouse)
{
    mouse->reporting = false;
    mouse->remote = false;
    mouse->scaling = false;
    mouse->resolution = 2;
    mouse->rate = 100;
    mouse->port.events.count = 0;
    mouse_drop_moves(mouse);
}

void ps2_mouse_reset(PS2Mouse *mouse)
{
    port_clear(&mouse->port);
    mouse_defaults(mouse);
    mouse->wrap = false;
    mouse->id = MOUSE_ID_PLAIN;
    mouse->knock = 0;
    mouse->sent_buttons = mouse->buttons;
}

void ps2_mouse_init(PS2Mouse *mouse, void (*ready)(void *opaque), void *opaque)
{
    port_init(&mouse->port, ready, opaque);
    mouse->buttons = 0;
    ps2_mouse_reset(mouse);
}

/* The scaling 2:1 of stream mode. */
static int mouse_scale(int delta)
{
    static const int small[] = {0, 1, 1, 3, 6, 9};
    int size = ABS(delta);

    size = size < G_N_ELEMENTS(small) ? small[size] : 2 * size;
    return delta < 0 ? -size : size;
}

/* Make a packet of what has gathered; what does not fit in it stays. */
static unsigned mouse_packet(PS2Mouse *mouse, bool scale, uint8_t packet[4])
{
    int dx = CLAMP(mouse->dx, -127, 127), dy = CLAMP(mouse->dy, -127, 127);
    int dz = CLAMP(mouse->dz, -8, 7);

    mouse->dx -= dx;
    mouse->dy -= dy;
    mouse->dz -= dz;
    if (scale) {
        dx = mouse_scale(dx);
        dy = mouse_scale(dy);
    }
    packet[0] = (dy < 0) << 5 | (dx < 0) << 4 | 8 | mouse->buttons;
    packet[1] = dx;
    packet[2] = dy;
    packet[3] = dz;
    mouse->sent_buttons = mouse->buttons;
    if (mouse->id == MOUSE_ID_PLAIN) {
        mouse->dz = 0;
        return 3;
    }
    return 4;
}

void ps2_mouse_sync(PS2Mouse *mouse)
{
    PS2Ring *events = &mouse->port.events;
    bool sent = false;

    if (!mouse->reporting || mouse->remote || mouse->wrap) {
        return;
    }
    /* Without a wheel its turns are nothing to report. */
    if (mouse->id == MOUSE_ID_PLAIN) {
        mouse->dz = 0;
    }
    while ((mouse->dx || mouse->dy || mouse->dz || mouse->buttons != mouse->sent_buttons) &&
           events->count + 4 <= PS2_EVENT_SIZE) {
        uint8_t packet[4];
        unsigned n = mouse_packet(mouse, mouse->scaling, packet);

        ring_push(events, PS2_EVENT_SIZE, packet, n);
        sent = true;
    }
    if (sent) {
        mouse->port.ready(mouse->port.opaque);
    }
}

void ps2_mouse_move(PS2Mouse *mouse, int dx, int dy)
{
    dx = CLAMP(dx, -MOUSE_MOVE_MAX, MOUSE_MOVE_MAX);
    dy = CLAMP(dy, -MOUSE_MOVE_MAX, MOUSE_MOVE_MAX);
    mouse->dx = CLAMP(mouse->dx + dx, -MOUSE_MOVE_MAX, MOUSE_MOVE_MAX);
    mouse->dy = CLAMP(mouse->dy - dy, -MOUSE_MOVE_MAX, MOUSE_MOVE_MAX);
    /* While reports are off, only the buttons are kept. */
    if (!mouse->reporting && !mouse->remote) {
        mouse_drop_moves(mouse);
    }
}

void ps2_mouse_button(PS2Mouse *mouse, InputButton button, bool down)
{
    static const uint8_t bits[] = {
        [INPUT_BUTTON_LEFT] = PS2_BUTTON_LEFT,
        [INPUT_BUTTON_RIGHT] = PS2_BUTTON_RIGHT,
        [INPUT_BUTTON_MIDDLE] = PS2_BUTTON_MIDDLE,
    };

    switch (button) {
    case INPUT_BUTTON_LEFT:
    case INPUT_BUTTON_RIGHT:
    case INPUT_BUTTON_MIDDLE:
        /* A click shorter than a packet must be seen: send what was before it. */
        if (mouse->buttons != mouse->sent_buttons) {
            ps2_mouse_sync(mouse);
        }
        mouse->buttons = down ? mouse->buttons | bits[button] : mouse->buttons & ~bits[button];
        break;
    case INPUT_BUTTON_WHEEL_UP:
    case INPUT_BUTTON_WHEEL_DOWN:
        if (down && (mouse->reporting || mouse->remote)) {
            mouse->dz += button == INPUT_BUTTON_WHEEL_UP ? -1 : 1;
            mouse->dz = CLAMP(mouse->dz, -MOUSE_MOVE_MAX, MOUSE_MOVE_MAX);
        }
        break;
    default: /* this mouse has no more */
        break;
    }
}

/* Setting the rates 200, 100, 80 one after the other turns on the wheel. */
static void mouse_knock(PS2Mouse *mouse, uint8_t rate)
{
    static const uint8_t sequence[] = {200, 100, 80};

    if (rate != sequence[mouse->knock]) {
        mouse->knock = rate == sequence[0];
    } else if (++mouse->knock == G_N_ELEMENTS(sequence)) {
        mouse->knock = 0;
        mouse->id = MOUSE_ID_WHEEL;
    }
}

static void mouse_send_status(PS2Mouse *mouse)
{
    /* Here the left button is bit 2 and the right one bit 0. */
    uint8_t buttons = !!(mouse->buttons & PS2_BUTTON_LEFT) << 2 |
                      !!(mouse->buttons & PS2_BUTTON_MIDDLE) << 1 |
                      !!(mouse->buttons & PS2_BUTTON_RIGHT);
    uint8_t status = mouse->remote << 6 | mouse->reporting << 5 | mouse->scaling << 4 | buttons;

    port_reply(&mouse->port, (const uint8_t[]){PS2_ACK, status, mouse->resolution, mouse->rate}, 4);
}

static void mouse_send_data(PS2Mouse *mouse)
{
    uint8_t answer[5] = {PS2_ACK};
    unsigned n = mouse_packet(mouse, false, answer + 1);

    port_reply(&mouse->port, answer, n + 1);
}

static void mouse_argument(PS2Mouse *mouse, int command, uint8_t val)
{
    if (command == MOUSE_CMD_RATE) {
        mouse->rate = val;
        mouse_knock(mouse, val);
    } else {
        mouse->resolution = val & 3;
    }
    port_reply_byte(&mouse->port, PS2_ACK);
}

void ps2_mouse_write(PS2Mouse *mouse, uint8_t val)
{
    PS2Port *port = &mouse->port;
    int command = port->command;

    port->command = -1;
    if (mouse->wrap && val != MOUSE_CMD_WRAP_OFF && val != PS2_CMD_RESET) {
        port_reply_byte(port, val);
        return;
    }
    if (command >= 0) {
        mouse_argument(mouse, command, val);
        return;
    }
    switch (val) {
    case MOUSE_CMD_SCALING_1:
    case MOUSE_CMD_SCALING_2:
        mouse->scaling = val == MOUSE_CMD_SCALING_2;
        break;
    case MOUSE_CMD_RESOLUTION:
    case MOUSE_CMD_RATE:
        port->command = val;
        break;
    case MOUSE_CMD_STATUS:
        mouse_send_status(mouse);
        return;
    case MOUSE_CMD_STREAM:
    case MOUSE_CMD_REMOTE:
        mouse->remote = val == MOUSE_CMD_REMOTE;
        mouse->port.events.count = 0;
        mouse_drop_moves(mouse);
        break;
    case MOUSE_CMD_READ_DATA:
        mouse_send_data(mouse);
        return;
    case MOUSE_CMD_WRAP_ON:
    case MOUSE_CMD_WRAP_OFF:
        mouse->wrap = val == MOUSE_CMD_WRAP_ON;
        break;
    case PS2_CMD_READ_ID:
        port_reply(port, (const uint8_t[]){PS2_ACK, mouse->id}, 2);
        return;
    case PS2_CMD_ENABLE:
    case PS2_CMD_DISABLE:
        mouse->reporting = val == PS2_CMD_ENABLE;
        mouse->sent_buttons = mouse->buttons;
        mouse->port.events.count = 0;
        mouse_drop_moves(mouse);
        break;
    case PS2_CMD_DEFAULTS:
        mouse_defaults(mouse);
        break;
    case PS2_CMD_RESEND:
        port_reply_byte(port, port->last);
        return;
    case PS2_CMD_RESET:
        ps2_mouse_reset(mouse);
        port_reply(port, (const uint8_t[]){PS2_ACK, PS2_BAT_OK, mouse->id}, 3);
        return;
    default:
        log_guest_error("ps2: mouse command %02x does not exist", val);
        port_reply_byte(port, PS2_RESEND);
        return;
    }
    port_reply_byte(port, PS2_ACK);
}
