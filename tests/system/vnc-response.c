/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vnc-response PASSWORD CHALLENGE: what a viewer answers, in hexadecimal. For vnc.py; viewers that
 * are not ours give a password in tests/boot/viewers.py.
 */
#include <rfb/rfb.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    uint8_t bytes[CHALLENGESIZE] = {};

    for (int i = 0; argc == 3 && i < CHALLENGESIZE; i++) {
        unsigned byte;

        if (sscanf(argv[2] + 2 * i, "%2x", &byte) != 1) {
            return 1;
        }
        bytes[i] = byte;
    }
    rfbEncryptBytes(bytes, argv[1]);
    for (int i = 0; i < CHALLENGESIZE; i++) {
        printf("%02x", bytes[i]);
    }
    return 0;
}
