/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finding and reading firmware files.
 */
#include "backends/firmware.h"

#include <glib/gstdio.h>
#include <string.h>

static char *make_dir(void)
{
    char *dir = g_dir_make_tmp("lignite-firmware-XXXXXX", NULL);

    g_assert_nonnull(dir);
    return dir;
}

static char *make_file(const char *dir, const char *name, const char *text, gssize len)
{
    char *path = g_build_filename(dir, name, NULL);

    g_assert_true(g_file_set_contents(path, text, len, NULL));
    return path;
}

static void remove_file(char *path)
{
    g_assert_cmpint(g_unlink(path), ==, 0);
    g_free(path);
}

static void remove_dir(char *dir)
{
    g_assert_cmpint(g_rmdir(dir), ==, 0);
    g_free(dir);
}

static void test_later_dir_wins(void)
{
    char *a = make_dir(), *b = make_dir();
    char *in_a = make_file(a, "lignite-test.bin", "a", 1);
    char *in_b = make_file(b, "lignite-test.bin", "b", 1);
    g_autofree char *found = NULL;
    g_autofree char *missing = NULL;
    g_autoptr(GString) dirs = g_string_new(NULL);

    firmware_add_dir(a);
    firmware_add_dir(b);
    found = firmware_find("lignite-test.bin");
    g_assert_cmpstr(found, ==, in_b);
    g_clear_pointer(&found, g_free);
    remove_file(in_b);
    found = firmware_find("lignite-test.bin");
    g_assert_cmpstr(found, ==, in_a);
    missing = firmware_find("lignite-no-such-file.bin");
    g_assert_null(missing);

    firmware_print_dirs(dirs);
    g_assert_true(g_str_has_prefix(dirs->str, b));
    g_assert_nonnull(strstr(dirs->str, a));
    g_assert_cmpint(dirs->str[dirs->len - 1], ==, '\n');

    remove_file(in_a);
    remove_dir(a);
    remove_dir(b);
}

static void test_path_is_taken_as_it_is(void)
{
    g_autofree char *found = firmware_find("./nowhere/x.bin");

    g_assert_cmpstr(found, ==, "./nowhere/x.bin");
}

static void test_read(void)
{
    char *dir = make_dir();
    char *path = make_file(dir, "f",
                           "12\0"
                           "4",
                           4);
    g_autofree char *data = NULL;
    g_autoptr(GError) err = NULL;
    gsize len = 0;

    g_assert_true(firmware_read(path, 4, &data, &len, &err));
    g_assert_no_error(err);
    g_assert_cmpmem(data, len,
                    "12\0"
                    "4",
                    4);
    g_clear_pointer(&data, g_free);

    g_assert_false(firmware_read(path, 3, &data, &len, &err));
    g_assert_nonnull(strstr(err->message, path));
    g_assert_nonnull(strstr(err->message, "larger than 3 bytes"));
    g_clear_error(&err);

    g_assert_false(firmware_read(dir, 1000, &data, &len, &err));
    g_assert_nonnull(strstr(err->message, dir));
    g_clear_error(&err);

    remove_file(path);
    path = g_build_filename(dir, "gone", NULL);
    g_assert_false(firmware_read(path, 1000, &data, &len, &err));
    g_assert_nonnull(strstr(err->message, path));
    g_clear_error(&err);
    g_free(path);

    g_assert_false(firmware_read("lignite-no-such-file.bin", 1000, &data, &len, &err));
    g_assert_nonnull(strstr(err->message, "-L"));
    g_assert_null(data);
    remove_dir(dir);
}

static void test_empty_file(void)
{
    char *dir = make_dir();
    char *path = make_file(dir, "empty", "", 0);
    g_autofree char *data = NULL;
    gsize len = 99;

    g_assert_true(firmware_read(path, 1000, &data, &len, NULL));
    g_assert_cmpuint(len, ==, 0);
    g_assert_nonnull(data);
    remove_file(path);
    remove_dir(dir);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/firmware/later-dir-wins", test_later_dir_wins);
    g_test_add_func("/firmware/path-is-taken-as-it-is", test_path_is_taken_as_it_is);
    g_test_add_func("/firmware/read", test_read);
    g_test_add_func("/firmware/empty-file", test_empty_file);
    return g_test_run();
}
