/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of keys, and names to keys and back.
 */
#include "keys.h"

#include <stdlib.h>

const KeyInfo key_table[KEY_CODES] = {
#define KEY(code, name_, set1_, set2_)                                                             \
    [KEY_CODE_##code] = {.name = name_, .set1 = set1_, .set2 = set2_},
#include "hw/input/keys.def"
#undef KEY
};

/* Second names, of keys that QEMU has twice. */
static const struct {
    const char *name;
    KeyCode key;
} aliases[] = {
    {"asterisk", KEY_CODE_KP_MULTIPLY},
    {"<", KEY_CODE_LESS},
};

KeyCode key_code_from_set1(unsigned code)
{
    if (code > 0x7f && code <= 0xff) {
        code = 0xe000 | (code & 0x7f);
    }
    for (int key = KEY_CODE_NONE + 1; key < KEY_CODES; key++) {
        if (key_table[key].set1 == code) {
            return key;
        }
    }
    return KEY_CODE_NONE;
}

static KeyCode key_from_number(const char *text)
{
    char *end;
    unsigned long number = strtoul(text, &end, 16);

    if (*end || end == text + 2 || number > 0xffff) {
        return KEY_CODE_NONE;
    }
    return key_code_from_set1(number);
}

KeyCode key_code_from_name(const char *name)
{
    if (g_str_has_prefix(name, "0x")) {
        return key_from_number(name);
    }
    for (int key = KEY_CODE_NONE + 1; key < KEY_CODES; key++) {
        if (g_str_equal(key_table[key].name, name)) {
            return key;
        }
    }
    for (size_t i = 0; i < G_N_ELEMENTS(aliases); i++) {
        if (g_str_equal(aliases[i].name, name)) {
            return aliases[i].key;
        }
    }
    return KEY_CODE_NONE;
}

const char *key_code_name(KeyCode key)
{
    return key > KEY_CODE_NONE && key < KEY_CODES ? key_table[key].name : "unmapped";
}
