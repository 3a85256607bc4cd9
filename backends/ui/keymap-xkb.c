/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keyboard layouts from the host's XKB data, through libxkbcommon. A module.
 */
#include <xkbcommon/xkbcommon.h>

#include "error.h"
#include "keymap.h"

#define EVDEV_OFFSET   8 /* from Linux's key codes to XKB's */
#define KEYSYM_UNICODE 0x01000000u
#define KEYSYM_LATIN_1 0x100u
#define MAX_LEVELS     4 /* plain, Shift, AltGr, both */

/* Linux's codes of a keyboard up to this are the scan codes of set 1. */
#define LINUX_SET1_LAST 88

/* The character keys beyond. */
static const struct {
    unsigned code;
    KeyCode key;
} linux_keys[] = {
    {89, KEY_CODE_RO},        {92, KEY_CODE_HENKAN},     {93, KEY_CODE_KATAKANAHIRAGANA},
    {94, KEY_CODE_MUHENKAN},  {95, KEY_CODE_KP_COMMA},   {96, KEY_CODE_KP_ENTER},
    {98, KEY_CODE_KP_DIVIDE}, {117, KEY_CODE_KP_EQUALS}, {124, KEY_CODE_YEN},
};

static KeyCode key_of(xkb_keycode_t xkb)
{
    unsigned code = xkb - EVDEV_OFFSET;

    if (xkb < EVDEV_OFFSET) {
        return KEY_CODE_NONE;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(linux_keys); i++) {
        if (linux_keys[i].code == code) {
            return linux_keys[i].key;
        }
    }
    return code && code <= LINUX_SET1_LAST ? key_code_from_set1(code) : KEY_CODE_NONE;
}

/* A symbol by its own number and by that of its character, which are often two. */
static void add_symbol(KeymapAdd add, xkb_keysym_t symbol, KeyStroke stroke)
{
    uint32_t ch = xkb_keysym_to_utf32(symbol);

    add(symbol, stroke);
    if (ch >= KEYSYM_LATIN_1) {
        add(KEYSYM_UNICODE + ch, stroke);
    }
}

static void add_level(struct xkb_keymap *keymap, xkb_level_index_t level, KeymapAdd add)
{
    for (xkb_keycode_t code = xkb_keymap_min_keycode(keymap);
         code <= xkb_keymap_max_keycode(keymap); code++) {
        KeyStroke stroke = {.key = key_of(code), .shift = level & 1, .altgr = level & 2};
        const xkb_keysym_t *symbols;

        if (stroke.key == KEY_CODE_NONE ||
            level >= xkb_keymap_num_levels_for_key(keymap, code, 0)) {
            continue;
        }
        if (xkb_keymap_key_get_syms_by_level(keymap, code, 0, level, &symbols) == 1) {
            add_symbol(add, symbols[0], stroke);
        }
    }
}

static void no_log(struct xkb_context *context, enum xkb_log_level level, const char *format,
                   va_list args)
{
}

bool lignite_keymap_load(const char *layout, const char *variant, KeymapAdd add, GError **errp)
{
    struct xkb_context *context = xkb_context_new(XKB_CONTEXT_NO_ENVIRONMENT_NAMES);
    struct xkb_rule_names names = {
        .rules = "evdev", .model = "pc105", .layout = layout, .variant = variant, .options = ""};
    struct xkb_keymap *keymap = NULL;

    if (context) {
        xkb_context_set_log_fn(context, no_log);
        keymap = xkb_keymap_new_from_names(context, &names, XKB_KEYMAP_COMPILE_NO_FLAGS);
    }
    if (!keymap) {
        error_setg(errp,
                   "there is no keyboard layout '%s%s%s%s' in the XKB data (package xkb-data)",
                   layout, *variant ? "(" : "", variant, *variant ? ")" : "");
    } else {
        for (xkb_level_index_t level = 0; level < MAX_LEVELS; level++) {
            add_level(keymap, level, add);
        }
    }
    xkb_keymap_unref(keymap);
    xkb_context_unref(context);
    return keymap;
}
