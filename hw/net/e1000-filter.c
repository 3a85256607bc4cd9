/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which frames the e1000 takes.
 * Document: Intel 317453, 3.2.1 (filtering), chapter 9 (VLANs), 13.4.22 (RCTL), 13.5.1 (MTA),
 * 13.5.2 (RAL), 13.5.3 (RAH), 13.5.4 (VFTA).
 *
 * Flow control frames are multicasts like others.
 */
#include <string.h>

#include "e1000-internal.h"

#define ADDRESS_SIZE 6
#define VLAN_ID      0xfff
#define VLAN_CFI     0x1000

static uint16_t word_at(const uint8_t *frame, unsigned offset)
{
    return frame[offset] << 8 | frame[offset + 1];
}

bool e1000_is_tagged(const E1000 *s, const uint8_t *frame)
{
    return word_at(frame, E1000_TYPE_OFFSET) == e1000_reg(s, E1000_VET);
}

/* ------------------------------------------------------------------------------- addresses -- */

bool e1000_is_broadcast(const uint8_t *frame)
{
    static const uint8_t broadcast[ADDRESS_SIZE] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

    return memcmp(frame, broadcast, ADDRESS_SIZE) == 0;
}

static void get_address(const E1000 *s, unsigned n, uint8_t *address)
{
    uint32_t low = e1000_reg(s, E1000_RA + 8 * n), high = e1000_reg(s, E1000_RA + 8 * n + 4);

    pci_set_long(address, low);
    pci_set_word(address + 4, high);
}

static bool matches_exactly(const E1000 *s, const uint8_t *frame)
{
    for (unsigned n = 0; n < E1000_ADDRESSES; n++) {
        uint32_t high = e1000_reg(s, E1000_RA + 8 * n + 4);
        unsigned select = high >> E1000_RAH_AS_SHIFT & E1000_RAH_AS;
        uint8_t address[ADDRESS_SIZE];

        if (!(high & E1000_RAH_AV) || select > E1000_RAH_AS_SOURCE) {
            continue;
        }
        get_address(s, n, address);
        if (memcmp(frame + (select == E1000_RAH_AS_SOURCE ? ADDRESS_SIZE : 0), address,
                   ADDRESS_SIZE) == 0) {
            return true;
        }
    }
    return false;
}

/* Twelve bits of the last two bytes of the destination, which of them RCTL.MO says. */
static bool matches_hash(const E1000 *s, const uint8_t *frame)
{
    static const uint8_t shifts[] = {4, 3, 2, 0};
    unsigned offset = e1000_reg(s, E1000_RCTL) >> E1000_RCTL_MO_SHIFT & 3;
    unsigned hash = (frame[5] << 8 | frame[4]) >> shifts[offset] & 0xfff;

    return e1000_reg(s, E1000_MTA + 4 * (hash >> 5)) >> (hash & 31) & 1;
}

/* ------------------------------------------------------------------------------------ VLAN -- */

static bool in_vlan(const E1000 *s, const uint8_t *frame)
{
    uint32_t rctl = e1000_reg(s, E1000_RCTL);
    uint16_t tag;
    unsigned id;

    if (!(rctl & E1000_RCTL_VFE) || !e1000_is_tagged(s, frame)) {
        return true;
    }
    tag = word_at(frame, E1000_TYPE_OFFSET + 2);
    id = tag & VLAN_ID;
    if ((rctl & E1000_RCTL_CFIEN) && !(tag & VLAN_CFI) != !(rctl & E1000_RCTL_CFI)) {
        return false;
    }
    return e1000_reg(s, E1000_VFTA + 4 * (id >> 5)) >> (id & 31) & 1;
}

/* -------------------------------------------------------------------------------- together -- */

E1000Match e1000_filter(const E1000 *s, const uint8_t *frame)
{
    uint32_t rctl = e1000_reg(s, E1000_RCTL);
    bool multicast = frame[0] & 1;

    if (!in_vlan(s, frame)) {
        return E1000_MATCH_NONE;
    }
    if (matches_exactly(s, frame) || ((rctl & E1000_RCTL_BAM) && e1000_is_broadcast(frame))) {
        return E1000_MATCH_EXACT;
    }
    if (multicast ? (rctl & E1000_RCTL_MPE) || matches_hash(s, frame) : rctl & E1000_RCTL_UPE) {
        return E1000_MATCH_INEXACT;
    }
    return E1000_MATCH_NONE;
}

void e1000_describe_filter(NetClient *nc, NetRxFilter *filter)
{
    const E1000 *s = net_client_opaque(nc);
    uint32_t rctl = e1000_reg(s, E1000_RCTL);
    bool on = rctl & E1000_RCTL_EN;

    filter->promiscuous = rctl & E1000_RCTL_UPE;
    filter->broadcast_allowed = rctl & (E1000_RCTL_BAM | E1000_RCTL_MPE);
    filter->unicast = !on ? NET_RX_NONE : rctl & E1000_RCTL_UPE ? NET_RX_ALL : NET_RX_NORMAL;
    filter->multicast = !on ? NET_RX_NONE : rctl & E1000_RCTL_MPE ? NET_RX_ALL : NET_RX_NORMAL;
    filter->vlan = !on ? NET_RX_NONE : rctl & E1000_RCTL_VFE ? NET_RX_NORMAL : NET_RX_ALL;
    get_address(s, 0, filter->main_mac);
    for (unsigned n = 1; n < E1000_ADDRESSES; n++) {
        uint8_t address[ADDRESS_SIZE];

        if (e1000_reg(s, E1000_RA + 8 * n + 4) & E1000_RAH_AV) {
            get_address(s, n, address);
            g_array_append_vals(address[0] & 1 ? filter->multicast_table : filter->unicast_table,
                                address, 1);
        }
    }
    for (unsigned n = 0; n < E1000_HASH_WORDS; n++) {
        filter->multicast_overflow |= e1000_reg(s, E1000_MTA + 4 * n) != 0;
    }
    for (unsigned id = 0; id <= VLAN_ID; id++) {
        if (e1000_reg(s, E1000_VFTA + 4 * (id >> 5)) >> (id & 31) & 1) {
            g_array_append_vals(filter->vlan_table, &(uint16_t){id}, 1);
        }
    }
}
