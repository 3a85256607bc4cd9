/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The option -profile.
 */
#include "backends/opts.h"
#include "error.h"
#include "profile.h"

static const char *const formats[] = {[PROFILE_TABLE] = "table",
                                      [PROFILE_JSON] = "json",
                                      [PROFILE_CSV] = "csv",
                                      [PROFILE_SVG] = "svg"};

static bool parse_format(const char *text, ProfileFormat *format, GError **errp)
{
    for (size_t i = 0; i < G_N_ELEMENTS(formats); i++) {
        if (g_str_equal(text, formats[i])) {
            *format = i;
            return true;
        }
    }
    error_setg(errp, "unknown format '%s': table, json, csv or svg", text);
    return false;
}

bool profile_parse(ProfileOptions *options, const char *arg, GError **errp)
{
    g_autoptr(Opts) opts = opts_parse(arg, "kind", errp);
    const char *kind = opts ? opts_get(opts, "kind") : NULL;
    const char *file = opts ? opts_get(opts, "file") : NULL;
    const char *format = opts ? opts_get(opts, "format") : NULL;

    if (!opts) {
        return false;
    }
    if (!kind || !g_str_equal(kind, "io")) {
        error_setg(errp, "unknown profile '%s': only io is there", kind ? kind : "");
        return false;
    }
    if (!opts_check_unknown(opts, errp) ||
        (format && !parse_format(format, &options->format, errp))) {
        return false;
    }
    options->io = true;
    g_free(options->file);
    options->file = g_strdup(file);
    return true;
}
