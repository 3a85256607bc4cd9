/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ethernet addresses for network cards whose user gave none.
 */
#ifndef LIGNITE_HW_NET_MAC_H
#define LIGNITE_HW_NET_MAC_H

#include "hw/core/property.h"

/*
 * Settle a card's address at realize: an all-zero one becomes the first of 52:54:00:12:34:56 and
 * the following that no other card has; the user's own is remembered as taken. Fails when all are
 * taken. Lock held.
 */
bool mac_claim(MacAddr *mac, GError **errp);

/* Give it back at unrealize; it may be claimed again. Lock held. */
void mac_release(const MacAddr *mac);

#endif
