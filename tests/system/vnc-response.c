/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vnc-response PASSWORD CHALLENGE: what a viewer answers, in hexadecimal. For vnc.py; the cipher is
 * checked by tests/unit/ui/test-vnc.c and by a viewer that is not ours.
 */
#include <stdio.h>

#include "vnc-internal.h"

int main(int argc, char **argv)
{
    uint8_t challenge[VNC_CHALLENGE_SIZE], response[VNC_CHALLENGE_SIZE];

    for (int i = 0; argc == 3 && i < VNC_CHALLENGE_SIZE; i++) {
        unsigned byte;

        if (sscanf(argv[2] + 2 * i, "%2x", &byte) != 1) {
            return 1;
        }
        challenge[i] = byte;
    }
    vnc_auth_response(argv[1], challenge, response);
    for (int i = 0; i < VNC_CHALLENGE_SIZE; i++) {
        printf("%02x", response[i]);
    }
    return 0;
}
