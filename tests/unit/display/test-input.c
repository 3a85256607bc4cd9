/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keyboard controller with its keyboard and mouse, through ports 60 and 64; the key table; the
 * sendkey queue.
 */
#include "hw/core/runstate.h"
#include "hw/input/i8042.h"
#include "hw/input/input.h"

#include "harness.h"

enum { OBF = 1, SYS = 4, AUX = 0x20 };

static Harness h;
static Device *dev;
static IrqRecord a20;

static void begin(void)
{
    harness_begin(&h);
    record_init(&a20, 0);
    dev = harness_isa_device(&h, &i8042_class, NULL);
    device_connect_gpio_out(dev, "a20", 0, &a20.irq);
    device_reset(dev);
    for (int i = 0; i < ISA_IRQS; i++) {
        record_clear(&h.irq[i]);
    }
}

static void end(void)
{
    input_cancel_keys();
    harness_end(&h);
}

static void command(uint8_t cmd, uint8_t arg)
{
    outb(0x64, cmd);
    outb(0x60, arg);
}

static void to_mouse(uint8_t val)
{
    command(0xd4, val);
}

/* The bytes that come, with "m" before those of the mouse; at most 64. */
static char *drain(void)
{
    GString *out = g_string_new(NULL);

    for (int i = 0; i < 64 && (inb(0x64) & OBF); i++) {
        bool aux = inb(0x64) & AUX;

        g_string_append_printf(out, "%s%s%02x", out->len ? " " : "", aux ? "m" : "", inb(0x60));
    }
    return g_string_free(out, FALSE);
}

#define assert_bytes(text)                                                                         \
    do {                                                                                           \
        g_autofree char *bytes_ = drain();                                                         \
        g_assert_cmpstr(bytes_, ==, text);                                                         \
    } while (0)

static void tap(const char *name)
{
    KeyCode key = key_code_from_name(name);

    g_assert_cmpint(key, !=, KEY_CODE_NONE);
    input_send_key(key, true);
    input_send_key(key, false);
}

static void test_firmware_conversation(void)
{
    begin();
    g_assert_cmphex(inb(0x64), ==, 0x10);
    outb(0x64, 0xaa);
    assert_bytes("55");
    g_assert_cmphex(inb(0x64) & SYS, ==, SYS);
    outb(0x64, 0xab);
    assert_bytes("00");
    outb(0x64, 0xa9);
    assert_bytes("00");
    outb(0x60, 0xff);
    assert_bytes("fa aa");
    outb(0x60, 0xf2);
    assert_bytes("fa ab 83");
    command(0x60, 0x65); /* translation, keyboard interrupt */
    outb(0x64, 0x20);
    assert_bytes("65");
    outb(0x60, 0xf2);
    assert_bytes("fa ab 41");
    outb(0x60, 0xed);
    assert_bytes("fa");
    outb(0x60, 0x02);
    assert_bytes("fa");
    outb(0x60, 0xee);
    assert_bytes("ee");
    outb(0x60, 0x10);
    assert_bytes("fe");
    end();
}

static void test_scan_codes(void)
{
    begin();
    tap("a");
    assert_bytes("1c f0 1c");
    tap("up");
    assert_bytes("e0 75 e0 f0 75");
    tap("pause");
    assert_bytes("e1 14 77 e1 f0 14 f0 77");
    tap("print");
    assert_bytes("e0 12 e0 7c e0 f0 7c e0 f0 12");
    command(0x60, 0x45);
    tap("a");
    assert_bytes("1e 9e");
    tap("up");
    assert_bytes("e0 48 e0 c8");
    tap("f7");
    assert_bytes("41 c1");
    tap("pause");
    assert_bytes("e1 1d 45 e1 9d c5");
    tap("print");
    assert_bytes("e0 2a e0 37 e0 b7 e0 aa");
    input_send_key(KEY_CODE_ALT, true);
    tap("print");
    input_send_key(KEY_CODE_ALT, false);
    assert_bytes("38 54 d4 b8");
    input_send_key(KEY_CODE_CTRL, true);
    tap("pause");
    input_send_key(KEY_CODE_CTRL, false);
    assert_bytes("1d e0 46 e0 c6 9d");
    command(0x60, 0x05);
    outb(0x60, 0xf0);
    assert_bytes("fa");
    outb(0x60, 0x01);
    assert_bytes("fa");
    outb(0x60, 0xf0);
    outb(0x60, 0x00);
    assert_bytes("fa fa 01");
    tap("up");
    assert_bytes("e0 48 e0 c8");
    outb(0x60, 0xf0);
    outb(0x60, 0x03);
    assert_bytes("fa fe");
    end();
}

/* Set 2, translated by the controller, is set 1 for every key; and no two keys share a code. */
static void test_key_table(void)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    begin();
    for (int key = KEY_CODE_NONE + 1; key < KEY_CODES; key++) {
        char *set1, *translated;

        g_assert_cmpint(key_code_from_name(key_code_name(key)), ==, key);
        command(0x60, 0x04);
        outb(0x60, 0xf0);
        outb(0x60, 0x01);
        g_free(drain());
        input_send_key(key, true);
        input_send_key(key, false);
        set1 = drain();
        outb(0x60, 0xf0);
        outb(0x60, 0x02);
        g_free(drain());
        command(0x60, 0x44);
        input_send_key(key, true);
        input_send_key(key, false);
        translated = drain();
        g_assert_cmpstr(set1, ==, translated);
        g_assert_cmpint(strlen(set1), >=, 5);
        g_assert_true(g_hash_table_add(seen, set1));
        g_free(translated);
    }
    g_assert_cmpint(key_code_from_name("0x1e"), ==, KEY_CODE_A);
    g_assert_cmpint(key_code_from_name("0xc8"), ==, KEY_CODE_UP);
    g_assert_cmpint(key_code_from_name("0xe048"), ==, KEY_CODE_UP);
    g_assert_cmpint(key_code_from_name("0x"), ==, KEY_CODE_NONE);
    g_assert_cmpint(key_code_from_name("0x1g"), ==, KEY_CODE_NONE);
    g_assert_cmpint(key_code_from_name("asterisk"), ==, KEY_CODE_KP_MULTIPLY);
    g_assert_cmpint(key_code_from_name(""), ==, KEY_CODE_NONE);
    end();
}

static void test_interrupts(void)
{
    begin();
    command(0x60, 0x47);
    record_clear(&h.irq[1]);
    tap("a");
    g_assert_cmpint(h.irq[1].level, ==, 1);
    g_assert_cmphex(inb(0x60), ==, 0x1e);
    /* An edge for the next byte. */
    g_assert_cmpint(h.irq[1].raised, ==, 2);
    g_assert_cmphex(inb(0x60), ==, 0x9e);
    g_assert_cmpint(h.irq[1].level, ==, 0);
    g_assert_cmpint(h.irq[12].raised, ==, 0);
    to_mouse(0xf2);
    g_assert_cmpint(h.irq[12].level, ==, 1);
    g_assert_cmpint(h.irq[1].level, ==, 0);
    assert_bytes("mfa m00");
    g_assert_cmpint(h.irq[12].level, ==, 0);
    command(0x60, 0x44);
    tap("a");
    g_assert_cmpint(h.irq[1].level, ==, 0);
    command(0x60, 0x45);
    g_assert_cmpint(h.irq[1].level, ==, 1);
    assert_bytes("1e 9e");
    /* A disabled keyboard keeps its bytes. */
    outb(0x64, 0xad);
    tap("b");
    g_assert_cmphex(inb(0x64) & OBF, ==, 0);
    outb(0x64, 0xae);
    assert_bytes("30 b0");
    end();
}

static void test_mouse_never_overwrites_keyboard(void)
{
    begin();
    to_mouse(0xf4);
    assert_bytes("mfa");
    tap("a"); /* 1c waits in the output buffer */
    input_send_relative(3, 4);
    input_send_sync();
    outb(0x64, 0x20);
    outb(0x64, 0xa9);
    command(0xd3, 0x77);
    g_assert_cmphex(inb(0x64) & AUX, ==, 0);
    assert_bytes("1c 03 00 m77 f0 1c m28 m03 mfc");
    /* And the other way round. */
    input_send_relative(1, 0);
    input_send_sync();
    tap("a");
    g_assert_cmphex(inb(0x64) & AUX, ==, AUX);
    assert_bytes("m08 1c f0 1c m01 m00");
    end();
}

static void test_mouse(void)
{
    begin();
    to_mouse(0xff);
    assert_bytes("mfa maa m00");
    to_mouse(0xe9);
    assert_bytes("mfa m00 m02 m64");
    input_send_relative(5, 5);
    input_send_sync();
    assert_bytes(""); /* not enabled */
    to_mouse(0xf4);
    assert_bytes("mfa");
    input_send_relative(-5, 0);
    input_send_button(INPUT_BUTTON_RIGHT, true);
    input_send_sync();
    assert_bytes("m1a mfb m00");
    input_send_relative(200, 0);
    input_send_button(INPUT_BUTTON_RIGHT, false);
    input_send_sync();
    assert_bytes("m08 m7f m00 m08 m49 m00");
    /* A click within one moment is seen. */
    input_send_button(INPUT_BUTTON_LEFT, true);
    input_send_button(INPUT_BUTTON_LEFT, false);
    input_send_sync();
    assert_bytes("m09 m00 m00 m08 m00 m00");
    /* No wheel yet. */
    input_send_button(INPUT_BUTTON_WHEEL_UP, true);
    input_send_sync();
    assert_bytes("");
    static const uint8_t knock[] = {200, 100, 80};
    for (int i = 0; i < 3; i++) {
        to_mouse(0xf3);
        to_mouse(knock[i]);
        assert_bytes("mfa mfa");
    }
    to_mouse(0xf2);
    assert_bytes("mfa m03");
    input_send_button(INPUT_BUTTON_WHEEL_UP, true);
    input_send_button(INPUT_BUTTON_WHEEL_UP, false);
    input_send_sync();
    assert_bytes("m08 m00 m00 mff");
    /* Remote mode: only when asked. */
    to_mouse(0xf0);
    assert_bytes("mfa");
    input_send_relative(7, 0);
    input_send_sync();
    assert_bytes("");
    to_mouse(0xeb);
    assert_bytes("mfa m08 m07 m00 m00");
    to_mouse(0xee);
    to_mouse(0xf4);
    to_mouse(0xec);
    assert_bytes("mfa mf4 mfa");
    to_mouse(0xea);
    to_mouse(0xe7);
    assert_bytes("mfa mfa");
    input_send_relative(3, -7);
    input_send_sync();
    assert_bytes("m08 m03 m0e m00");
    to_mouse(0x11);
    assert_bytes("mfe");
    end();
}

static void test_output_port(void)
{
    RunstateRequests requests;

    begin();
    while (runstate_take_requests(&requests)) {
    }
    g_assert_cmpint(a20.level, ==, 1);
    outb(0x64, 0xd0);
    g_assert_cmphex(inb(0x60) & 3, ==, 3);
    command(0xd1, 0xdd);
    g_assert_cmpint(a20.level, ==, 0);
    outb(0x64, 0xd0);
    g_assert_cmphex(inb(0x60) & 3, ==, 1);
    outb(0x64, 0xdf);
    g_assert_cmpint(a20.level, ==, 1);
    outb(0x64, 0xdd);
    g_assert_cmpint(a20.level, ==, 0);
    g_assert_false(runstate_take_requests(&requests));
    device_reset(dev);
    g_assert_cmpint(a20.level, ==, 1);
    outb(0x64, 0xff);
    g_assert_false(runstate_take_requests(&requests));
    outb(0x64, 0xfe);
    g_assert_true(runstate_take_requests(&requests));
    g_assert_cmpint(requests.reset, ==, SHUTDOWN_CAUSE_GUEST_RESET);
    command(0xd1, 0x02);
    g_assert_true(runstate_take_requests(&requests));
    g_assert_cmpint(requests.reset, ==, SHUTDOWN_CAUSE_GUEST_RESET);
    end();
}

/* Nothing that a guest writes gets in the way of a later conversation. */
static void test_any_writes(void)
{
    RunstateRequests requests;

    begin();
    for (int i = 0; i < 20000; i++) {
        switch (g_test_rand_int_range(0, 6)) {
        case 0:
            outb(0x60, g_test_rand_int());
            break;
        case 1:
            outb(0x64, g_test_rand_int());
            break;
        case 2:
            inb(0x60);
            break;
        case 3:
            input_send_key(g_test_rand_int_range(0, KEY_CODES), g_test_rand_bit());
            break;
        case 4:
            input_send_relative(g_test_rand_int(), g_test_rand_int());
            input_send_sync();
            break;
        case 5:
            input_send_button(g_test_rand_int_range(0, 5), g_test_rand_bit());
            input_send_sync();
            break;
        }
    }
    runstate_take_requests(&requests);
    outb(0x64, 0xad);
    outb(0x64, 0xa7);
    g_free(drain());
    outb(0x64, 0xaa);
    assert_bytes("55");
    device_reset(dev);
    outb(0x60, 0xff);
    assert_bytes("fa aa");
    end();
}

/* A keyboard whose bytes nobody reads loses keys, says so once, and then goes on. */
static void test_overrun(void)
{
    g_autofree char *tail = NULL;

    begin();
    for (int i = 0; i < 200; i++) {
        tap("a");
    }
    for (int i = 0; i < 2; i++) {
        g_free(tail);
        tail = drain();
    }
    g_assert_true(g_str_has_suffix(tail, " 00") || g_str_equal(tail, "00"));
    tap("b");
    assert_bytes("32 f0 32");
    end();
}

static void test_sendkey(void)
{
    g_autoptr(GError) err = NULL;

    begin();
    command(0x60, 0x45);
    g_assert_true(input_send_keys("ctrl-alt-delete", 50, &err));
    g_assert_true(input_send_keys("a", 0, &err));
    assert_bytes("1d 38 e0 53");
    step(49 * NANOSECONDS_PER_MS);
    assert_bytes("");
    step(NANOSECONDS_PER_MS);
    assert_bytes("e0 d3 b8 9d");
    step(50 * NANOSECONDS_PER_MS);
    assert_bytes("1e");
    step(100 * NANOSECONDS_PER_MS);
    assert_bytes("9e");
    step(100 * NANOSECONDS_PER_MS);
    g_assert_false(input_send_keys("a-nokey", 0, &err));
    g_assert_cmpstr(err->message, ==, "invalid parameter: nokey");
    g_clear_error(&err);
    g_assert_false(input_send_keys("", 0, &err));
    g_clear_error(&err);
    g_assert_false(input_send_keys("a-", 0, &err));
    assert_bytes("");
    end();
}

/* ---------------------------------------------------------------------------------- pointers */

typedef struct Pointer {
    int x, y, presses;
} Pointer;

static void pointer_moves(void *opaque, int x, int y)
{
    ((Pointer *)opaque)->x = x;
    ((Pointer *)opaque)->y = y;
}

static void pointer_button(void *opaque, InputButton button, bool down)
{
    ((Pointer *)opaque)->presses += down;
}

static void append_pointer(const InputPointer *pointer, void *opaque)
{
    g_string_append_printf(opaque, "%u%s%s%s ", pointer->index, pointer->name,
                           pointer->absolute ? "a" : "", pointer->current ? "*" : "");
}

#define assert_pointers(text)                                                                      \
    do {                                                                                           \
        g_autoptr(GString) list_ = g_string_new(NULL);                                             \
        input_foreach_pointer(append_pointer, list_);                                              \
        g_assert_cmpstr(list_->str, ==, text);                                                     \
    } while (0)

/* The newest pointer moves until another is chosen; an index is kept for as long as its pointer. */
static void test_pointers(void)
{
    static const InputHandler mouse = {
        .name = "m", .relative = pointer_moves, .button = pointer_button};
    static const InputHandler tablet = {
        .name = "t", .absolute = pointer_moves, .button = pointer_button};
    static const InputHandler keyboard = {.name = "k"};
    Pointer one = {}, two = {}, three = {};
    int keys;

    g_assert_false(input_is_absolute());
    input_send_absolute(1, 2); /* to nobody */
    input_send_button(INPUT_BUTTON_LEFT, true);
    input_register(&mouse, &one);
    input_register(&tablet, &two);
    input_register(&keyboard, &keys);
    assert_pointers("1ta* 0m ");
    g_assert_true(input_is_absolute());
    input_send_absolute(-5, 40000);
    input_send_relative(7, 7); /* a tablet does not take it */
    input_send_button(INPUT_BUTTON_LEFT, true);
    g_assert_cmpint(two.x, ==, 0);
    g_assert_cmpint(two.y, ==, INPUT_ABSOLUTE_MAX);
    g_assert_cmpint(two.presses, ==, 1);

    g_assert_true(input_select_pointer(0, NULL));
    assert_pointers("1ta 0m* ");
    g_assert_false(input_is_absolute());
    input_send_relative(3, -4);
    input_send_button(INPUT_BUTTON_LEFT, true);
    g_assert_cmpint(one.x, ==, 3);
    g_assert_cmpint(one.y, ==, -4);
    g_assert_cmpint(one.presses, ==, 1);
    g_assert_cmpint(two.presses, ==, 1);
    g_assert_false(input_select_pointer(2, NULL));
    assert_pointers("1ta 0m* ");

    input_register(&mouse, &three); /* a new one is there to be used */
    assert_pointers("2m* 1ta 0m ");
    input_unregister(&one);
    assert_pointers("2m* 1ta ");
    g_assert_true(input_select_pointer(1, NULL));
    input_unregister(&two);
    assert_pointers("2m* ");
    input_unregister(&keys);
    input_unregister(&three);
    assert_pointers("");
}

int main(int argc, char **argv)
{
    harness_init(&argc, &argv);
    g_test_add_func("/i8042/firmware-conversation", test_firmware_conversation);
    g_test_add_func("/i8042/scan-codes", test_scan_codes);
    g_test_add_func("/i8042/key-table", test_key_table);
    g_test_add_func("/i8042/interrupts", test_interrupts);
    g_test_add_func("/i8042/mouse-never-overwrites-keyboard", test_mouse_never_overwrites_keyboard);
    g_test_add_func("/i8042/mouse", test_mouse);
    g_test_add_func("/i8042/output-port", test_output_port);
    g_test_add_func("/i8042/any-writes", test_any_writes);
    g_test_add_func("/i8042/overrun", test_overrun);
    g_test_add_func("/input/sendkey", test_sendkey);
    g_test_add_func("/input/pointers", test_pointers);
    return g_test_run();
}
