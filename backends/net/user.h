/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the two files of the user network share.
 */
#ifndef LIGNITE_BACKENDS_NET_USER_H
#define LIGNITE_BACKENDS_NET_USER_H

#include <libslirp.h>

#include "internal.h"

/* What libslirp is told, and what it points to. */
typedef struct UserConfig {
    SlirpConfig slirp;
    GPtrArray *dnssearch; /* const char *, NULL-terminated; NULL: none */
    char *info;           /* for `info network` */
} UserConfig;

/* From the options; `config` points into `opts`, and is to be cleared whether it fails or not. */
bool user_config_parse(UserConfig *config, Opts *opts, GError **errp);
void user_config_clear(UserConfig *config);

/* A port of the host, and one of the guest: "[tcp|udp]:[ADDR]:PORT-[ADDR]:PORT". */
typedef struct UserForward {
    bool udp;
    struct in_addr host, guest; /* 0.0.0.0: any, and the first address that DHCP gives */
    int host_port, guest_port;
} UserForward;

bool user_parse_hostfwd(UserForward *forward, const char *rule, GError **errp);
bool user_parse_hostfwd_host(UserForward *forward, const char *rule, GError **errp);

/* "[tcp]:ADDR:PORT-DEV" in its parts; `*dev` points into `rule`. */
bool user_parse_guestfwd(const UserConfig *config, const char *rule, struct in_addr *addr,
                         int *port, const char **dev, GError **errp);

#endif
