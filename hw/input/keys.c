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

/* A number is a scan code of set 1 as QEMU writes it: the prefix E0 as 0xe0xx or as bit 7. */
static KeyCode key_from_number(const char *text)
{
    char *end;
    unsigned long number = strtoul(text, &end, 16);

    if (*end || end == text + 2 || number == 0 || number > 0xffff) {
        return KEY_CODE_NONE;
    }
    if (number > 0x7f && number <= 0xff) {
        number = 0xe000 | (number & 0x7f);
    }
    for (int key = KEY_CODE_NONE + 1; key < KEY_CODES; key++) {
        if (key_table[key].set1 == number) {
            return key;
        }
    }
    return KEY_CODE_NONE;
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
