/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keys of the layout en-us, and tables that a module fills for others.
 *
 * Symbols are X11's keysyms (X.Org's keysymdef.h): Latin-1 characters are themselves, other Unicode
 * characters are 0x01000000 and the code point; the keys without a character are listed below.
 */
#include "keymap.h"

#include <string.h>

#include "backends/ui/ui.h"
#include "error.h"

#define KEYSYM_UNICODE 0x01000000u

/* Keys that are the same in every layout. */
static const struct {
    uint32_t keysym;
    KeyCode key;
} function_keys[] = {
    {0xff08, KEY_CODE_BACKSPACE},   {0xff09, KEY_CODE_TAB},
    {0xfe20, KEY_CODE_TAB}, /* with Shift: ISO_Left_Tab */
    {0xff0d, KEY_CODE_RET},         {0xff13, KEY_CODE_PAUSE},
    {0xff6b, KEY_CODE_PAUSE}, /* with Ctrl: Break */
    {0xff14, KEY_CODE_SCROLL_LOCK}, {0xff15, KEY_CODE_SYSRQ},
    {0xff1b, KEY_CODE_ESC},         {0xff50, KEY_CODE_HOME},
    {0xff51, KEY_CODE_LEFT},        {0xff52, KEY_CODE_UP},
    {0xff53, KEY_CODE_RIGHT},       {0xff54, KEY_CODE_DOWN},
    {0xff55, KEY_CODE_PGUP},        {0xff56, KEY_CODE_PGDN},
    {0xff57, KEY_CODE_END},         {0xff61, KEY_CODE_PRINT},
    {0xff63, KEY_CODE_INSERT},      {0xff67, KEY_CODE_COMPOSE}, /* Menu */
    {0xff7f, KEY_CODE_NUM_LOCK},    {0xff8d, KEY_CODE_KP_ENTER},
    {0xff95, KEY_CODE_KP_7},        {0xff96, KEY_CODE_KP_4}, /* without Num Lock */
    {0xff97, KEY_CODE_KP_8},        {0xff98, KEY_CODE_KP_6},
    {0xff99, KEY_CODE_KP_2},        {0xff9a, KEY_CODE_KP_9},
    {0xff9b, KEY_CODE_KP_3},        {0xff9c, KEY_CODE_KP_1},
    {0xff9d, KEY_CODE_KP_5},        {0xff9e, KEY_CODE_KP_0},
    {0xff9f, KEY_CODE_KP_DECIMAL},  {0xffaa, KEY_CODE_KP_MULTIPLY},
    {0xffab, KEY_CODE_KP_ADD},      {0xffac, KEY_CODE_KP_COMMA},
    {0xffad, KEY_CODE_KP_SUBTRACT}, {0xffae, KEY_CODE_KP_DECIMAL},
    {0xffaf, KEY_CODE_KP_DIVIDE},   {0xffb0, KEY_CODE_KP_0},
    {0xffb1, KEY_CODE_KP_1},        {0xffb2, KEY_CODE_KP_2},
    {0xffb3, KEY_CODE_KP_3},        {0xffb4, KEY_CODE_KP_4},
    {0xffb5, KEY_CODE_KP_5},        {0xffb6, KEY_CODE_KP_6},
    {0xffb7, KEY_CODE_KP_7},        {0xffb8, KEY_CODE_KP_8},
    {0xffb9, KEY_CODE_KP_9},        {0xffbd, KEY_CODE_KP_EQUALS},
    {0xffbe, KEY_CODE_F1},          {0xffbf, KEY_CODE_F2},
    {0xffc0, KEY_CODE_F3},          {0xffc1, KEY_CODE_F4},
    {0xffc2, KEY_CODE_F5},          {0xffc3, KEY_CODE_F6},
    {0xffc4, KEY_CODE_F7},          {0xffc5, KEY_CODE_F8},
    {0xffc6, KEY_CODE_F9},          {0xffc7, KEY_CODE_F10},
    {0xffc8, KEY_CODE_F11},         {0xffc9, KEY_CODE_F12},
    {0xffe1, KEY_CODE_SHIFT},       {0xffe2, KEY_CODE_SHIFT_R},
    {0xffe3, KEY_CODE_CTRL},        {0xffe4, KEY_CODE_CTRL_R},
    {0xffe5, KEY_CODE_CAPS_LOCK},   {0xffe7, KEY_CODE_META_L},
    {0xffe8, KEY_CODE_META_R},      {0xffe9, KEY_CODE_ALT},
    {0xffea, KEY_CODE_ALT_R},       {0xffeb, KEY_CODE_META_L}, /* Super */
    {0xffec, KEY_CODE_META_R},      {0xfe03, KEY_CODE_ALT_R},  /* ISO_Level3_Shift */
    {0xff7e, KEY_CODE_ALT_R},                                  /* Mode_switch */
    {0xffff, KEY_CODE_DELETE},
};

/* The character keys of en-us: what each makes, and with Shift. */
static const struct {
    KeyCode key;
    char plain, shifted;
} us_keys[] = {
    {KEY_CODE_GRAVE_ACCENT, '`', '~'},
    {KEY_CODE_1, '1', '!'},
    {KEY_CODE_2, '2', '@'},
    {KEY_CODE_3, '3', '#'},
    {KEY_CODE_4, '4', '$'},
    {KEY_CODE_5, '5', '%'},
    {KEY_CODE_6, '6', '^'},
    {KEY_CODE_7, '7', '&'},
    {KEY_CODE_8, '8', '*'},
    {KEY_CODE_9, '9', '('},
    {KEY_CODE_0, '0', ')'},
    {KEY_CODE_MINUS, '-', '_'},
    {KEY_CODE_EQUAL, '=', '+'},
    {KEY_CODE_Q, 'q', 'Q'},
    {KEY_CODE_W, 'w', 'W'},
    {KEY_CODE_E, 'e', 'E'},
    {KEY_CODE_R, 'r', 'R'},
    {KEY_CODE_T, 't', 'T'},
    {KEY_CODE_Y, 'y', 'Y'},
    {KEY_CODE_U, 'u', 'U'},
    {KEY_CODE_I, 'i', 'I'},
    {KEY_CODE_O, 'o', 'O'},
    {KEY_CODE_P, 'p', 'P'},
    {KEY_CODE_BRACKET_LEFT, '[', '{'},
    {KEY_CODE_BRACKET_RIGHT, ']', '}'},
    {KEY_CODE_BACKSLASH, '\\', '|'},
    {KEY_CODE_A, 'a', 'A'},
    {KEY_CODE_S, 's', 'S'},
    {KEY_CODE_D, 'd', 'D'},
    {KEY_CODE_F, 'f', 'F'},
    {KEY_CODE_G, 'g', 'G'},
    {KEY_CODE_H, 'h', 'H'},
    {KEY_CODE_J, 'j', 'J'},
    {KEY_CODE_K, 'k', 'K'},
    {KEY_CODE_L, 'l', 'L'},
    {KEY_CODE_SEMICOLON, ';', ':'},
    {KEY_CODE_APOSTROPHE, '\'', '"'},
    {KEY_CODE_Z, 'z', 'Z'},
    {KEY_CODE_X, 'x', 'X'},
    {KEY_CODE_C, 'c', 'C'},
    {KEY_CODE_V, 'v', 'V'},
    {KEY_CODE_B, 'b', 'B'},
    {KEY_CODE_N, 'n', 'N'},
    {KEY_CODE_M, 'm', 'M'},
    {KEY_CODE_COMMA, ',', '<'},
    {KEY_CODE_DOT, '.', '>'},
    {KEY_CODE_SLASH, '/', '?'},
    {KEY_CODE_SPC, ' ', ' '},
};

/* keysym -> KeyStroke, of the chosen layout; NULL: en-us. */
static GHashTable *layout;

/* QEMU's names of layouts, where XKB has others. */
static const struct {
    const char *name, *layout, *variant;
} names[] = {
    {"ar", "ara", ""},     {"bepo", "fr", "bepo"}, {"da", "dk", ""},    {"de-ch", "ch", ""},
    {"en-gb", "gb", ""},   {"et", "ee", ""},       {"fr-be", "be", ""}, {"fr-ca", "ca", ""},
    {"fr-ch", "ch", "fr"}, {"ja", "jp", ""},       {"nl-be", "be", ""}, {"pt-br", "br", ""},
    {"sl", "si", ""},      {"sv", "se", ""},
};

static void add_stroke(uint32_t keysym, KeyStroke stroke)
{
    if (!g_hash_table_contains(layout, GUINT_TO_POINTER(keysym))) {
        g_hash_table_insert(layout, GUINT_TO_POINTER(keysym), g_memdup2(&stroke, sizeof(stroke)));
    }
}

/* "layout(variant)" in parts. */
static void split_name(const char *name, char **base, char **variant)
{
    size_t len = strcspn(name, "(");

    *base = g_strndup(name, len);
    *variant = name[len] ? g_strndup(name + len + 1, strcspn(name + len + 1, ")")) : g_strdup("");
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        if (g_str_equal(names[i].name, name)) {
            g_free(*base);
            g_free(*variant);
            *base = g_strdup(names[i].layout);
            *variant = g_strdup(names[i].variant);
        }
    }
}

bool keymap_choose(const char *name, GError **errp)
{
    GHashTable *old = g_steal_pointer(&layout);
    g_autofree char *base = NULL;
    g_autofree char *variant = NULL;
    __typeof__(&lignite_keymap_load) load;

    if (g_str_equal(name, "en-us")) {
        g_clear_pointer(&old, g_hash_table_unref);
        return true;
    }
    split_name(name, &base, &variant);
    layout = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    load = ui_module_symbol(KEYMAP_MODULE, KEYMAP_MODULE_SYMBOL, errp);
    if (!load || !load(base, variant, add_stroke, errp)) {
        g_hash_table_unref(layout);
        layout = old;
        return false;
    }
    g_clear_pointer(&old, g_hash_table_unref);
    return true;
}

static KeyStroke us_lookup(uint32_t keysym)
{
    for (size_t i = 0; i < G_N_ELEMENTS(us_keys); i++) {
        bool plain = keysym == (uint8_t)us_keys[i].plain;

        if (plain || keysym == (uint8_t)us_keys[i].shifted) {
            return (KeyStroke){.key = us_keys[i].key, .shift = !plain};
        }
    }
    return (KeyStroke){.key = KEY_CODE_NONE};
}

KeyStroke keymap_lookup(uint32_t keysym)
{
    const KeyStroke *stroke;

    /* One symbol has two numbers when it is a character of Latin-1. */
    if (keysym >= KEYSYM_UNICODE && keysym <= KEYSYM_UNICODE + 0xff) {
        keysym -= KEYSYM_UNICODE;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(function_keys); i++) {
        if (function_keys[i].keysym == keysym) {
            return (KeyStroke){.key = function_keys[i].key};
        }
    }
    if (!layout) {
        return us_lookup(keysym);
    }
    stroke = g_hash_table_lookup(layout, GUINT_TO_POINTER(keysym));
    return stroke ? *stroke : (KeyStroke){.key = KEY_CODE_NONE};
}

KeyStroke keymap_lookup_char(uint32_t ch)
{
    switch (ch) {
    case '\r':
    case '\n':
        return (KeyStroke){.key = KEY_CODE_RET};
    case '\t':
        return (KeyStroke){.key = KEY_CODE_TAB};
    case '\b':
    case 0x7f:
        return (KeyStroke){.key = KEY_CODE_BACKSPACE};
    case 0x1b:
        return (KeyStroke){.key = KEY_CODE_ESC};
    }
    return keymap_lookup(ch <= 0xff ? ch : KEYSYM_UNICODE + ch);
}
