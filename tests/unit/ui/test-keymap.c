/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Symbols to keys in the layout that needs no data. tests/system/vnc.py has the others.
 */
#include "keymap.h"

static void assert_stroke(KeyStroke stroke, KeyCode key, bool shift)
{
    g_assert_cmpint(stroke.key, ==, key);
    g_assert_cmpint(stroke.shift, ==, shift);
    g_assert_false(stroke.altgr);
}

/* Every character of ASCII is on a key, one of two that share it with Shift. */
static void test_ascii(void)
{
    KeyStroke seen[0x7f] = {};

    for (uint32_t ch = ' '; ch < 0x7f; ch++) {
        seen[ch] = keymap_lookup(ch);
        g_assert_cmpint(seen[ch].key, !=, KEY_CODE_NONE);
        assert_stroke(keymap_lookup_char(ch), seen[ch].key, seen[ch].shift);
        assert_stroke(keymap_lookup(0x01000000 + ch), seen[ch].key, seen[ch].shift);
        for (uint32_t other = ' '; other < ch; other++) {
            g_assert_true(seen[other].key != seen[ch].key || seen[other].shift != seen[ch].shift);
        }
    }
    for (char ch = 'a'; ch <= 'z'; ch++) {
        char name[] = {ch, 0};

        assert_stroke(keymap_lookup(ch), key_code_from_name(name), false);
        assert_stroke(keymap_lookup(g_ascii_toupper(ch)), key_code_from_name(name), true);
    }
    assert_stroke(keymap_lookup('@'), KEY_CODE_2, true);
    assert_stroke(keymap_lookup('\\'), KEY_CODE_BACKSLASH, false);
}

static void test_others(void)
{
    assert_stroke(keymap_lookup(0xff51), KEY_CODE_LEFT, false);
    assert_stroke(keymap_lookup(0xfe03), KEY_CODE_ALT_R, false);
    assert_stroke(keymap_lookup_char('\r'), KEY_CODE_RET, false);
    assert_stroke(keymap_lookup_char(0x7f), KEY_CODE_BACKSPACE, false);
    assert_stroke(keymap_lookup_char(0x1b), KEY_CODE_ESC, false);
    assert_stroke(keymap_lookup(0), KEY_CODE_NONE, false);
    assert_stroke(keymap_lookup(0xe4), KEY_CODE_NONE, false);
    assert_stroke(keymap_lookup(UINT32_MAX), KEY_CODE_NONE, false);
    assert_stroke(keymap_lookup_char(0x20ac), KEY_CODE_NONE, false);
}

/* Without the module only the layout that needs none is there; a failure changes nothing. */
static void test_choose(void)
{
    g_autoptr(GError) err = NULL;

    g_assert_true(keymap_choose("en-us", &err));
    g_assert_no_error(err);
    g_assert_false(keymap_choose("de", &err));
    g_assert_nonnull(strstr(err->message, "keymap-xkb"));
    assert_stroke(keymap_lookup('z'), KEY_CODE_Z, false);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/keymap/ascii", test_ascii);
    g_test_add_func("/keymap/others", test_others);
    g_test_add_func("/keymap/choose", test_choose);
    return g_test_run();
}
