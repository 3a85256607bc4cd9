/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Images of a test in a folder of their own, as drives.
 */
#ifndef LIGNITE_TESTS_UNIT_BLOCK_IMAGES_H
#define LIGNITE_TESTS_UNIT_BLOCK_IMAGES_H

#include <glib/gstdio.h>

#include "backends/block.h"

static char *images_dir;

static inline char *image_path(const char *id)
{
    return g_build_filename(images_dir, id, NULL);
}

static inline uint8_t image_byte(uint64_t pos)
{
    return pos * 7 + (pos >> 9) * 13 + (pos >> 17);
}

/* A drive of that id, over an image whose bytes tell their place. */
static inline void image_open(const char *id, size_t len, BlockOptions options)
{
    g_autofree char *path = image_path(id);
    g_autofree char *data = g_malloc(len + 1);
    g_autoptr(GError) err = NULL;

    for (size_t i = 0; i < len; i++) {
        data[i] = image_byte(i);
    }
    g_assert_true(g_file_set_contents(path, data, len, NULL));
    options.filename = path;
    options.format_given = true;
    block_open(id, &options, &err);
    g_assert_no_error(err);
}

/* What the image holds; the caller frees it. */
static inline uint8_t *image_content(const char *id)
{
    g_autofree char *path = image_path(id);
    char *data;

    g_assert_true(g_file_get_contents(path, &data, NULL, NULL));
    return (uint8_t *)data;
}

static inline void images_begin(void)
{
    images_dir = g_dir_make_tmp("lignite-XXXXXX", NULL);
    g_assert_nonnull(images_dir);
}

static inline void images_end(void)
{
    GDir *dir = g_dir_open(images_dir, 0, NULL);

    for (const char *name; (name = g_dir_read_name(dir));) {
        g_autofree char *path = image_path(name);

        g_unlink(path);
    }
    g_dir_close(dir);
    g_rmdir(images_dir);
    g_free(images_dir);
}

#endif
