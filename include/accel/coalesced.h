/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `info coalesced` shows: zones, doorbells, what was queued, and what the audit found.
 */
#ifndef LIGNITE_ACCEL_COALESCED_H
#define LIGNITE_ACCEL_COALESCED_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "memory/memory.h"

/* A coalesced range in the present map. */
typedef struct CoalescedZone {
    char *owner;  /* the device's id or class; "" for none */
    char *region; /* the region's name */
    uint64_t addr;
    uint64_t size;
    bool pio;
    bool active;
    char *reason; /* why it is not active: its writes exit. "" where it is */
} CoalescedZone;

typedef struct CoalescedDoorbell {
    uint64_t addr;
    uint64_t data;
    unsigned size; /* 0: any width */
    bool pio;
    bool match_data;
    bool active;        /* false: the write exits, and is signalled in user space */
    const char *reason; /* why; "" where it is active. Good for as long as nothing changes */
} CoalescedDoorbell;

/* A place whose queued writes had an effect that the rules forbid. */
typedef struct CoalescedFinding {
    char *owner;
    char *region;
    uint64_t offset;    /* in the region */
    unsigned size;      /* of the first such write */
    const char *effect; /* "changed an interrupt line" */
    uint64_t count;
} CoalescedFinding;

typedef struct CoalescedInfo {
    bool ring;          /* the accelerator queues writes */
    int64_t latency_ns; /* the bound on a write's delay; 0: none */
    uint64_t entries;   /* writes that were queued and have been done */
    uint64_t drains;    /* times that some were found */
    uint64_t full;      /* times that the ring was found full: the guest exited for that */
    uint64_t deferred;  /* of `entries`: kept back while the map changed */
    uint64_t gone;      /* writes that nothing answered to any more */
    uint64_t poisoned;  /* rings or entries that can't be */
    /*
     * Upper bounds on how long a write waited: the time since the ring was last looked at and the
     * write was not there. A guest that idles before it writes makes them long.
     */
    uint64_t delay_max_ns;
    uint64_t delay_mean_ns;
    bool audit;
    uint64_t findings_left_out;
    GArray *zones;     /* CoalescedZone, by kind and address */
    GArray *doorbells; /* CoalescedDoorbell, by kind and address */
    GArray *findings;  /* CoalescedFinding, oldest first */
} CoalescedInfo;

/*
 * Tell the audit where queued writes may go to a backend: `fn` is device_coalesced_is_output() of
 * hw/core/device.h, which the accelerators don't link. Before the machine runs.
 */
void coalesced_set_output_test(bool (*fn)(const MemoryRegion *mr, hwaddr offset));

/* Take a picture. Lock held. To be freed with coalesced_info_free(). */
CoalescedInfo *coalesced_query(void);
void coalesced_info_free(CoalescedInfo *info);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CoalescedInfo, coalesced_info_free)

/* Append the text of `info coalesced`. Lock held. */
void coalesced_print_info(GString *out);

#endif
