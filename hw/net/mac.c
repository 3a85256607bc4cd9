/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ethernet addresses for network cards whose user gave none.
 */
#include "hw/net/mac.h"

#include <string.h>

#define MAC_DEFAULTS 256

static const uint8_t mac_prefix[5] = {0x52, 0x54, 0x00, 0x12, 0x34};
#define MAC_FIRST 0x56

/* How many cards have each of the addresses to choose from, by their last byte. */
static unsigned mac_users[MAC_DEFAULTS];

static unsigned *mac_counter(const MacAddr *mac)
{
    return memcmp(mac->a, mac_prefix, sizeof(mac_prefix)) == 0 ? &mac_users[mac->a[5]] : NULL;
}

bool mac_claim(MacAddr *mac, GError **errp)
{
    static const MacAddr unset;
    unsigned *users;

    if (memcmp(mac, &unset, sizeof(unset)) == 0) {
        unsigned i = 0;

        while (i < MAC_DEFAULTS && mac_users[(uint8_t)(MAC_FIRST + i)]) {
            i++;
        }
        if (i == MAC_DEFAULTS) {
            error_setg(errp, "All %d default Ethernet addresses are taken: give the card a mac=",
                       MAC_DEFAULTS);
            return false;
        }
        memcpy(mac->a, mac_prefix, sizeof(mac_prefix));
        mac->a[5] = MAC_FIRST + i;
    }
    users = mac_counter(mac);
    if (users) {
        (*users)++;
    }
    return true;
}

void mac_release(const MacAddr *mac)
{
    unsigned *users = mac_counter(mac);

    if (users && *users > 0) {
        (*users)--;
    }
}
