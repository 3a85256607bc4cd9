/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From what a key is called (X11's keysyms) to the key that makes it, in the guest's layout.
 */
#ifndef LIGNITE_BACKENDS_UI_KEYMAP_H
#define LIGNITE_BACKENDS_UI_KEYMAP_H

#include <stdint.h>

#include "backends/ui/keymap.h"
#include "hw/input/input.h"

/* A key, and what is held beside it to make the symbol. KEY_CODE_NONE: no key makes it. */
typedef struct KeyStroke {
    KeyCode key;
    bool shift;
    bool altgr;
} KeyStroke;

KeyStroke keymap_lookup(uint32_t keysym);

/*
 * The same for a Unicode character: for displays that get characters. Control characters are what
 * a terminal sends for the keys (0x0d is Return, 0x08 and 0x7f are Backspace).
 */
KeyStroke keymap_lookup_char(uint32_t ch);

/* For the module that reads layouts: of several strokes for a symbol the first counts. */
typedef void (*KeymapAdd)(uint32_t keysym, KeyStroke stroke);

/* What the module defines: it adds the strokes of one of XKB's layouts, the simplest first. */
bool lignite_keymap_load(const char *layout, const char *variant, KeymapAdd add, GError **errp);
#define KEYMAP_MODULE        "keymap-xkb"
#define KEYMAP_MODULE_SYMBOL "lignite_keymap_load"

#endif
