/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finding and reading firmware files.
 */
#include "backends/firmware.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "firmware-dirs.h" /* FIRMWARE_DIRS: the folders fixed at build time, by ':' */

/* The -L folders, the one given last first. Lives as long as the process. */
static GPtrArray *firmware_dirs;

static GPtrArray *firmware_get_dirs(void)
{
    if (!firmware_dirs) {
        g_auto(GStrv) fixed = g_strsplit(FIRMWARE_DIRS, ":", -1);

        firmware_dirs = g_ptr_array_new_with_free_func(g_free);
        for (char **dir = fixed; *dir; dir++) {
            if (**dir) {
                g_ptr_array_add(firmware_dirs, g_strdup(*dir));
            }
        }
    }
    return firmware_dirs;
}

void firmware_add_dir(const char *dir)
{
    g_ptr_array_insert(firmware_get_dirs(), 0, g_strdup(dir));
}

char *firmware_find(const char *name)
{
    GPtrArray *dirs = firmware_get_dirs();

    if (strchr(name, '/') || g_file_test(name, G_FILE_TEST_IS_REGULAR)) {
        return g_strdup(name);
    }
    for (unsigned i = 0; i < dirs->len; i++) {
        g_autofree char *path = g_build_filename(g_ptr_array_index(dirs, i), name, NULL);

        if (g_file_test(path, G_FILE_TEST_IS_REGULAR)) {
            return g_steal_pointer(&path);
        }
    }
    return NULL;
}

/* Read all of `fd`, whatever its size says: it may be a pipe, or grow meanwhile. */
static gboolean firmware_read_fd(int fd, const char *path, gsize max, char **data, gsize *len,
                                 GError **errp)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    guint8 chunk[16 * 1024];

    for (;;) {
        ssize_t n = read(fd, chunk, sizeof(chunk));

        if (n < 0) {
            if (errno == EINTR) {
                continue;
            }
            error_setg(errp, "could not read '%s': %s", path, g_strerror(errno));
            return FALSE;
        }
        if (n == 0) {
            break;
        }
        if ((gsize)n > max - bytes->len) {
            error_setg(errp, "could not read '%s': it is larger than %" G_GSIZE_FORMAT " bytes",
                       path, max);
            return FALSE;
        }
        g_byte_array_append(bytes, chunk, n);
    }
    *len = bytes->len;
    g_byte_array_append(bytes, (const guint8 *)"", 1); /* so that text is a string */
    *data = (char *)g_byte_array_free(g_steal_pointer(&bytes), FALSE);
    return TRUE;
}

gboolean firmware_read(const char *name, gsize max, char **data, gsize *len, GError **errp)
{
    g_autofree char *path = firmware_find(name);
    gboolean ok;
    struct stat st;
    int fd;

    if (!path) {
        error_setg(errp, "could not find '%s'; -L DIR names a folder to look in", name);
        return FALSE;
    }
    max = MIN(max, G_MAXINT32); /* a GByteArray's limit, far above any firmware */
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        error_setg(errp, "could not open '%s': %s", path, g_strerror(errno));
        return FALSE;
    }
    if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
        error_setg(errp, "could not read '%s': %s", path, g_strerror(EISDIR));
        ok = FALSE;
    } else {
        ok = firmware_read_fd(fd, path, max, data, len, errp);
    }
    close(fd);
    return ok;
}

void firmware_print_dirs(GString *out)
{
    GPtrArray *dirs = firmware_get_dirs();

    for (unsigned i = 0; i < dirs->len; i++) {
        g_string_append_printf(out, "%s\n", (const char *)g_ptr_array_index(dirs, i));
    }
}
