/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ledger of coalesced zones and doorbells (ioeventfds): what the accelerator was asked for,
 * and which of it is really in force.
 *
 * KVM checks nothing: zones that overlap break its search, a zone that wraps stays for ever,
 * removing a part removes the whole. So everything is checked here, and only exact zones that were
 * added are ever removed.
 *
 * Zones of one kind that touch are one zone for the host: an access across the border of two
 * would exit, and may be queued as well as any other, for what is drained is dispatched by address
 * as an exit would be.
 *
 * A doorbell wins over a zone whose bytes it touches: somebody waits for it. Such a zone is out of
 * force while the doorbell exists, and its writes exit.
 *
 * Two doorbells that one write could ring are both signalled in user space: the host takes one.
 *
 * All functions are called with the machine lock held.
 */
#ifndef LIGNITE_ACCEL_ZONES_H
#define LIGNITE_ACCEL_ZONES_H

#include <glib.h>
#include <inttypes.h>
#include <stdbool.h>

#include "memory/memory.h"

typedef enum ZoneState {
    ZONE_ACTIVE,     /* in force, alone or as a part of a zone of the host's */
    ZONE_DOORBELL,   /* out of force: a doorbell lies in it */
    ZONE_REFUSED,    /* out of force: the host refused, with `error` */
    ZONE_OVERLAP,    /* out of force: it overlaps an older zone */
    ZONE_IMPOSSIBLE, /* out of force: empty, it wraps, or lies above the last port */
} ZoneState;

/* A coalesced range as the view shows it. */
typedef struct Zone {
    uint64_t addr;
    uint64_t size;
    bool pio;
    ZoneState state;
    int error;              /* errno, of ZONE_REFUSED */
    const MemoryRegion *mr; /* what it is a part of; may be NULL */
} Zone;

/* What the host is told. */
typedef struct HostZone {
    uint64_t addr;
    uint32_t size;
    bool pio;
} HostZone;

typedef struct Doorbell {
    uint64_t addr;
    uint64_t data;
    unsigned size; /* 0: any width */
    int fd;
    bool pio;
    bool match_data;
    /* Below: the ledger's. */
    bool active; /* in force; else the dispatcher signals it */
    bool shared; /* a write to it could ring another, too */
    int error;   /* errno with which the host refused it, or 0 */
} Doorbell;

/* How they are put in force: 0, or -errno. `add` false takes it back. */
typedef struct ZoneOps {
    int (*set_zone)(const HostZone *zone, bool add);
    int (*set_doorbell)(const Doorbell *doorbell, bool add);
} ZoneOps;

typedef struct ZoneLedger ZoneLedger;

struct ZoneLedger {
    const ZoneOps *ops;
    GArray *zones;     /* Zone, in the order they came */
    GArray *host;      /* HostZone, by kind and address: what is in force */
    GArray *doorbells; /* Doorbell */
};

void zones_init(ZoneLedger *ledger, const ZoneOps *ops);
void zones_destroy(ZoneLedger *ledger); /* takes everything back */

/*
 * Add a zone; it is in the ledger in any case, with its state. False where it is not in force: its
 * writes exit. What the host refused for want of room is tried again when there is room.
 */
bool zones_add(ZoneLedger *ledger, bool pio, uint64_t addr, uint64_t size, const MemoryRegion *mr);

/* Take exactly this zone back. False: there is none. */
bool zones_del(ZoneLedger *ledger, bool pio, uint64_t addr, uint64_t size);

/*
 * Add a doorbell; false where the host does not take it. Either way it is in the ledger, and what
 * the host refused is tried again when there may be room.
 */
bool zones_add_doorbell(ZoneLedger *ledger, const Doorbell *doorbell);
bool zones_del_doorbell(ZoneLedger *ledger, const Doorbell *doorbell);

/* How many are in force. */
unsigned zones_active(const ZoneLedger *ledger);
unsigned zones_active_doorbells(const ZoneLedger *ledger);

/* Whether [addr, addr + len) lies wholly inside one zone of the host's. */
bool zones_hold(const ZoneLedger *ledger, bool pio, uint64_t addr, unsigned len);

/* Why a zone or a doorbell is not in force, for people; "" where it is. */
const char *zone_reason(const Zone *zone);
const char *doorbell_reason(const Doorbell *doorbell);

#endif
