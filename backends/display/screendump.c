/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Screenshots: the picture as PNG (by libpng) or as PPM (P6).
 *
 * The file is made in memory, written beside its place and renamed into it, so that whoever waits
 * for it sees all or nothing. What exists and is no regular file (a pipe, /dev/stdout) is written
 * in place.
 */
#include "backends/display.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <png.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"

/* The guest waits: zlib's better levels cost more than they save. */
#define SCREENDUMP_COMPRESSION 3

/* One line of the picture as bytes R, G, B. */
static void pack_line(pixman_image_t *image, int y, uint8_t *rgb)
{
    const uint32_t *line = (const uint32_t *)((const uint8_t *)pixman_image_get_data(image) +
                                              (size_t)y * pixman_image_get_stride(image));

    for (int x = 0; x < pixman_image_get_width(image); x++) {
        *rgb++ = line[x] >> 16;
        *rgb++ = line[x] >> 8;
        *rgb++ = line[x];
    }
}

static bool encode_ppm(pixman_image_t *image, GByteArray *out)
{
    int width = pixman_image_get_width(image), height = pixman_image_get_height(image);
    g_autofree char *head = g_strdup_printf("P6\n%d %d\n255\n", width, height);
    size_t start = strlen(head), pitch = (size_t)width * 3;

    g_byte_array_append(out, (const uint8_t *)head, start);
    g_byte_array_set_size(out, start + pitch * height);
    for (int y = 0; y < height; y++) {
        pack_line(image, y, out->data + start + pitch * y);
    }
    return true;
}

static void png_to_array(png_structp png, png_bytep data, png_size_t len)
{
    g_byte_array_append(png_get_io_ptr(png), data, len);
}

static void png_no_flush(png_structp png)
{
}

/* Apart from its caller, whose variables must not be lost to longjmp(). */
static bool encode_png_lines(png_structp png, png_infop info, pixman_image_t *image, uint8_t *rgb)
{
    int width = pixman_image_get_width(image), height = pixman_image_get_height(image);

    if (setjmp(png_jmpbuf(png))) {
        return false;
    }
    png_set_IHDR(png, info, width, height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_set_compression_level(png, SCREENDUMP_COMPRESSION);
    png_write_info(png, info);
    for (int y = 0; y < height; y++) {
        pack_line(image, y, rgb);
        png_write_row(png, rgb);
    }
    png_write_end(png, info);
    return true;
}

static bool encode_png(pixman_image_t *image, GByteArray *out)
{
    g_autofree uint8_t *rgb = g_malloc((size_t)pixman_image_get_width(image) * 3);
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    bool ok = false;

    if (info) {
        png_set_write_fn(png, out, png_to_array, png_no_flush);
        ok = encode_png_lines(png, info, image, rgb);
    }
    png_destroy_write_struct(&png, &info);
    return ok;
}

/* Closes `fd`. Returns 0 or an errno. */
static int write_all(int fd, const uint8_t *data, size_t len)
{
    int err = 0;

    while (len) {
        ssize_t n = write(fd, data, len);

        if (n < 0 && errno != EINTR) {
            err = errno;
            break;
        }
        if (n > 0) {
            data += n;
            len -= n;
        }
    }
    if (close(fd) < 0 && !err) {
        err = errno;
    }
    return err;
}

static int write_in_place(const char *path, const GByteArray *bytes)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);

    return fd < 0 ? errno : write_all(fd, bytes->data, bytes->len);
}

static int write_beside(const char *path, const GByteArray *bytes)
{
    g_autofree char *temp = g_strdup_printf("%s.XXXXXX", path);
    int fd = g_mkstemp_full(temp, O_WRONLY | O_CLOEXEC, 0666);
    int err;

    if (fd < 0) {
        return errno;
    }
    err = write_all(fd, bytes->data, bytes->len);
    if (!err && rename(temp, path) < 0) {
        err = errno;
    }
    if (err) {
        unlink(temp);
    }
    return err;
}

bool console_screendump(Console *con, const char *path, ScreendumpFormat format, GError **errp)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    struct stat st;
    int err;

    console_refresh(con);
    if (!(format == SCREENDUMP_PNG ? encode_png : encode_ppm)(console_image(con), bytes)) {
        error_setg(errp, "failed to make a PNG of the screen for '%s'", path);
        return false;
    }
    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
        err = S_ISDIR(st.st_mode) ? EISDIR : write_in_place(path, bytes);
    } else {
        err = write_beside(path, bytes);
    }
    if (err) {
        error_setg(errp, "failed to write file '%s': %s", path, g_strerror(err));
        return false;
    }
    return true;
}
