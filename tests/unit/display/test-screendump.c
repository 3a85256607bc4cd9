/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Consoles and screenshots: what is in the files, and what is left when they can't be written.
 */
#include <glib/gstdio.h>
#include <png.h>
#include <string.h>
#include <sys/stat.h>

#include "backends/display.h"

static unsigned updates, resizes;

static uint32_t pixel(int x, int y)
{
    return (x * 7 & 0xff) << 16 | (y * 5 & 0xff) << 8 | ((x ^ y) & 0xff);
}

static void draw(void *opaque)
{
    Console *con = *(Console **)opaque;
    pixman_image_t *image = console_image(con);

    for (int y = 0; y < pixman_image_get_height(image); y++) {
        for (int x = 0; x < pixman_image_get_width(image); x++) {
            pixman_image_get_data(image)[y * pixman_image_get_stride(image) / 4 + x] = pixel(x, y);
        }
    }
    console_update_region(con, 1, 2, 3, 4);
}

static void invalidate(void *opaque)
{
}

static ConsoleText *text(void *opaque)
{
    static const ConsoleCell cells[] = {{0x2588}, {' '}, {' '}, {'a'}, {' '}, {'b'}, {' '}, {' '}};
    ConsoleText *screen = g_new(ConsoleText, 1);

    *screen = (ConsoleText){.cols = 4, .rows = 2, .cursor = -1};
    screen->cells = g_memdup2(cells, sizeof(cells));
    return screen;
}

static const ConsoleOps ops = {.update = draw, .invalidate = invalidate, .text = text};

static void count_update(void *opaque, int x, int y, int width, int height)
{
    g_assert_cmpint(x, ==, 1);
    g_assert_cmpint(height, ==, 4);
    updates++;
}

static void count_resize(void *opaque, pixman_image_t *image)
{
    g_assert_cmpint(pixman_image_get_width(image), ==, 37);
    resizes++;
}

static const ConsoleListener listener = {.update = count_update, .resize = count_resize};

static unsigned refreshed, gone;

static void count_refreshed(void *opaque)
{
    refreshed++;
}

static void count_gone(void *opaque)
{
    gone++;
}

/* Run the main context until `n` more refreshes; how long the last of them was waited for, in ms.
 */
static unsigned wait_refreshes(unsigned n)
{
    gint64 start = 0;

    for (refreshed = 0; refreshed < n;) {
        unsigned before = refreshed;

        start = g_get_monotonic_time();
        while (refreshed == before) {
            g_main_context_iteration(NULL, TRUE);
        }
    }
    return (g_get_monotonic_time() - start) / 1000;
}

static void still(void *opaque)
{
}

static void test_refresh(void)
{
    static const ConsoleOps idle_ops = {.update = still, .invalidate = still};
    static const ConsoleListener passive = {.update = NULL, .gone = count_gone};
    static const ConsoleListener viewer = {.refreshed = count_refreshed, .gone = count_gone};
    Console *con = console_new(&ops, &con), *idle = console_new(&idle_ops, &idle);
    unsigned waited;

    /* Nobody waits for refreshes: there is no timer. */
    console_add_listener(con, &passive, &updates);
    g_assert_false(g_main_context_pending(NULL));
    g_usleep(2 * CONSOLE_REFRESH_MS * 1000);
    g_assert_false(g_main_context_pending(NULL));

    console_add_listener(con, &viewer, &refreshed);
    wait_refreshes(3);
    console_remove_listener(con, &refreshed);
    g_usleep(2 * CONSOLE_REFRESH_MS * 1000);
    g_assert_false(g_main_context_pending(NULL));

    /* One that does not change is looked at less, until somebody wakes it. */
    console_add_listener(idle, &viewer, &refreshed);
    g_assert_cmpuint(wait_refreshes(12), >=, CONSOLE_IDLE_MS - 10);
    do { /* again where the machine is busy */
        console_wake(idle);
        waited = wait_refreshes(1);
    } while (waited >= CONSOLE_IDLE_MS);

    console_free(con);
    g_assert_cmpuint(gone, ==, 1);
    console_free(idle);
    g_assert_cmpuint(gone, ==, 2);
    g_usleep(2 * CONSOLE_REFRESH_MS * 1000);
    g_assert_false(g_main_context_pending(NULL));
}

static void test_console(void)
{
    Console *con = console_new(&ops, &con);
    g_autofree char *screen = console_text(con);

    g_assert_true(console_default() == con);
    g_assert_cmpint(pixman_image_get_width(console_image(con)), ==, 640);
    g_assert_cmpstr(screen, ==, "\xe2\x96\x88  a\n b\n");
    console_add_listener(con, &listener, &con);
    console_resize(con, 37, 11);
    g_assert_cmpint(resizes, ==, 1);
    g_assert_cmphex(pixman_image_get_data(console_image(con))[0], ==, 0);
    console_refresh(con);
    g_assert_cmpint(updates, ==, 1);
    console_remove_listener(con, &con);
    console_refresh(con);
    g_assert_cmpint(updates, ==, 1);
    console_free(con);
    console_free(NULL);
    g_assert_null(console_default());
}

static void assert_rgb(const uint8_t *rgb, int width, int height)
{
    for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++, rgb += 3) {
            g_assert_cmphex(rgb[0] << 16 | rgb[1] << 8 | rgb[2], ==, pixel(x, y));
        }
    }
}

static void test_files(void)
{
    g_autofree char *dir = g_dir_make_tmp("lignite-XXXXXX", NULL);
    g_autofree char *ppm = g_build_filename(dir, "a.ppm", NULL);
    g_autofree char *pngfile = g_build_filename(dir, "a.png", NULL);
    g_autofree char *data = NULL, *rgb = g_malloc(37 * 11 * 3);
    g_autoptr(GError) err = NULL;
    png_image image = {.version = PNG_IMAGE_VERSION};
    Console *con = console_new(&ops, &con);
    gsize len;

    console_resize(con, 37, 11);
    g_assert_true(g_file_set_contents(ppm, "old", -1, NULL));
    g_assert_true(console_screendump(con, ppm, SCREENDUMP_PPM, &err));
    g_assert_true(g_file_get_contents(ppm, &data, &len, NULL));
    g_assert_true(g_str_has_prefix(data, "P6\n37 11\n255\n"));
    g_assert_cmpuint(len, ==, strlen("P6\n37 11\n255\n") + 37 * 11 * 3);
    assert_rgb((uint8_t *)data + len - 37 * 11 * 3, 37, 11);

    g_assert_true(console_screendump(con, pngfile, SCREENDUMP_PNG, &err));
    g_assert_true(png_image_begin_read_from_file(&image, pngfile));
    g_assert_cmpuint(image.width, ==, 37);
    g_assert_cmpuint(image.height, ==, 11);
    image.format = PNG_FORMAT_RGB;
    g_assert_true(png_image_finish_read(&image, NULL, rgb, 0, NULL));
    assert_rgb((uint8_t *)rgb, 37, 11);

    /* Nothing else is left in the folder, also by failures. */
    g_autofree char *nowhere = g_build_filename(dir, "none", "a.png", NULL);
    g_assert_false(console_screendump(con, nowhere, SCREENDUMP_PNG, &err));
    g_assert_nonnull(strstr(err->message, nowhere));
    g_clear_error(&err);
    g_assert_false(console_screendump(con, dir, SCREENDUMP_PNG, &err));
    g_assert_nonnull(strstr(err->message, dir));
    g_clear_error(&err);
    g_assert_false(console_screendump(con, "/dev/full", SCREENDUMP_PPM, &err));
    g_clear_error(&err);
    g_assert_true(console_screendump(con, "/dev/null", SCREENDUMP_PPM, &err));
    g_assert_false(g_file_test("/dev/null", G_FILE_TEST_IS_REGULAR));
    g_assert_cmpint(g_remove(ppm), ==, 0);
    g_assert_cmpint(g_remove(pngfile), ==, 0);
    g_assert_cmpint(g_rmdir(dir), ==, 0);
    console_free(con);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/display/refresh", test_refresh);
    g_test_add_func("/display/console", test_console);
    g_test_add_func("/display/screendump", test_files);
    return g_test_run();
}
