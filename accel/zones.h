/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ledger of coalesced zones and doorbells (ioeventfds): what the accelerator was asked for,
 * and which of it is really in force.
 *
 * KVM checks nothing: zones that overlap break its search, a zone that wraps stays for ever,
 * removing a part removes the whole. So everything is checked here, and only exact zones that were
 * added are ever removed.
 *
 * A doorbell wins over a zone whose bytes it touches: somebody waits for it. Such a zone is out of
 * force while the doorbell exists, and its writes exit.
 */
#ifndef LIGNITE_ACCEL_ZONES_H
#define LIGNITE_ACCEL_ZONES_H

#include <glib.h>
#include <inttypes.h>
#include <stdbool.h>


typedef struct Zone {
    uint64_t addr;
    uint32_t size;
    bool pio;
    bool active; /* in force */
} Zone;

typedef struct Doorbell {
    uint64_t addr;
    uint64_t data;
    unsigned size; /* 0: any width */
    int fd;
    bool pio;
    bool match_data;
    bool active; /* in force; else the dispatcher signals it */
} Doorbell;

/* How they are put in force: 0, or -errno. `add` false takes it back. */
typedef struct ZoneOps {
    int (*set_zone)(const Zone *zone, bool add);
    int (*set_doorbell)(const Doorbell *doorbell, bool add);
} ZoneOps;

typedef struct ZoneLedger {
    const ZoneOps *ops;
    GArray *zones;     /* Zone */
    GArray *doorbells; /* Doorbell */
} ZoneLedger;

void zones_init(ZoneLedger *ledger, const ZoneOps *ops);
void zones_destroy(ZoneLedger *ledger); /* takes everything back */

/*
 * Add a zone. False, with nothing changed, where it is empty, wraps, lies above the last port,
 * overlaps another zone of its kind, or is more than the host takes; its writes then exit. A
 * zone that a doorbell lies in is added, but is not in force.
 */
bool zones_add(ZoneLedger *ledger, bool pio, uint64_t addr, uint64_t size);

/* Take exactly this zone back. False: there is none. */
bool zones_del(ZoneLedger *ledger, bool pio, uint64_t addr, uint64_t size);

/* Add a doorbell; false where the host does not take it. Either way it is in the ledger. */
bool zones_add_doorbell(ZoneLedger *ledger, const Doorbell *doorbell);
bool zones_del_doorbell(ZoneLedger *ledger, const Doorbell *doorbell);

/* How many are in force. */
unsigned zones_active(const ZoneLedger *ledger);
unsigned zones_active_doorbells(const ZoneLedger *ledger);

/* Whether [addr, addr + len) lies wholly inside one zone that is in force. */
bool zones_hold(const ZoneLedger *ledger, bool pio, uint64_t addr, unsigned len);

#endif
