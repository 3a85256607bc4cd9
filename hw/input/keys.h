/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of keys, for those who make scan codes of them.
 */
#ifndef LIGNITE_HW_INPUT_KEYS_H
#define LIGNITE_HW_INPUT_KEYS_H

#include "hw/input/input.h"

/* 0xE0xx is a code with the prefix E0. */
typedef struct KeyInfo {
    const char *name;
    uint16_t set1;
    uint16_t set2;
} KeyInfo;

/* By KeyCode; KEY_CODE_NONE has no name. */
extern const KeyInfo key_table[KEY_CODES];

#endif
