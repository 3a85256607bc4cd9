/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The option -profile, and the I/O profile as JSON.
 */
#ifndef LIGNITE_SYSTEM_PROFILE_H
#define LIGNITE_SYSTEM_PROFILE_H

#include <glib.h>
#include <stdbool.h>

typedef enum ProfileFormat {
    PROFILE_TABLE,
    PROFILE_JSON, /* what query-io-profile returns */
    PROFILE_CSV,
    PROFILE_SVG,
} ProfileFormat;

typedef struct ProfileOptions {
    bool io;    /* profile I/O from the start */
    char *file; /* write it there at the end; NULL: to standard output */
    ProfileFormat format;
} ProfileOptions;

/* Do what the word says: "on", "off", "reset". Machine lock held; not in a vCPU's thread. */
bool profile_control(const char *action, GError **errp);

/* Parse the argument of -profile, "io[,file=F][,format=table|json|csv|svg]". */
bool profile_parse(ProfileOptions *options, const char *arg, GError **errp);

/*
 * At the program's end, before the vCPUs go: write the profile where the options say, if it is on,
 * and end it. Machine lock held. Fails when the file can't be written.
 */
bool profile_write(const ProfileOptions *options, GError **errp);

#endif
